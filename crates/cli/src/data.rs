//! What the user names as DATA: a case in a folder, a bundled case, or one file.

use std::path::Path;
use std::sync::Arc;

use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::problem::nearest;
use emporion_tables::sum::Missing;
use emporion_tables::{Case, Table};
use serde_json::{Value, json};

use crate::args::Absent;
use crate::embedded::Bundled;
use crate::failure::Failure;

/// Data that a verb works on.
#[derive(Debug, Clone)]
pub enum Data {
    /// A data package with its tables.
    Case(Arc<Case>),
    /// One table.
    File(Table),
}

impl Data {
    /// Opens a folder with a `datapackage.json`, a `.csv`, `.csv.gz` or `.parquet` file, or the
    /// bundled case of this name when there is no such path.
    pub fn open(name: &str) -> Result<Self, Failure> {
        let path = Path::new(name);
        if path.is_dir() || path.file_name().is_some_and(|file| file == "datapackage.json") {
            return Ok(Self::Case(Arc::new(Case::open(path)?)));
        }
        if path.exists() {
            return Ok(Self::File(Table::read(path)?));
        }
        match Bundled::find(name) {
            Some(bundled) => Ok(Self::Case(Arc::new(Case::from_files(&bundled)?))),
            None => Err(absent(name)),
        }
    }

    /// Opens a case; a single file is refused.
    pub fn open_case(name: &str) -> Result<Arc<Case>, Failure> {
        match Self::open(name)? {
            Self::Case(case) => Ok(case),
            Self::File(table) => Err(Failure::new(format!(
                "{} is one file; this verb needs a case: a folder with a datapackage.json, or one \
                 of the bundled cases {}",
                table.path(),
                Bundled::names().join(", ")
            ))),
        }
    }

    /// The case, when the data is one.
    pub fn case(&self) -> Option<&Case> {
        match self {
            Self::Case(case) => Some(case),
            Self::File(_) => None,
        }
    }

    /// The table of flows: of the case, or the file itself.
    pub fn flows(&self) -> Result<&Table, Failure> {
        match self {
            Self::File(table) => Ok(table),
            Self::Case(case) => case.flows().ok_or_else(|| {
                Failure::new(format!(
                    "{} has no table named flows; add it to datapackage.json, or name a file with \
                     columns origin, destination and value",
                    case.root
                ))
            }),
        }
    }

    /// Which place lies in which; empty for a single file.
    pub fn hierarchy(&self) -> Hierarchy {
        self.case().map_or_else(Hierarchy::default, Case::hierarchy)
    }

    /// What a pair without a row means: what the user says, else what the case says of its flows.
    pub fn absent(&self, said: Option<Absent>) -> Missing {
        match said {
            Some(Absent::Zero) => return Missing::Zero,
            Some(Absent::Refuse) => return Missing::Refuse,
            None => {}
        }
        let resources = self.case().and_then(|case| case.package["resources"].as_array());
        let flows = resources.into_iter().flatten().find(|resource| resource["name"] == "flows");
        match flows.and_then(|flows| flows["emporion:absent"].as_str()) {
            Some("zero") => Missing::Zero,
            _ => Missing::Refuse,
        }
    }

    /// The members of a group, or the place itself.
    pub fn members(&self, id: &str) -> Vec<String> {
        let members = self.case().and_then(|case| {
            let row = case.place(id)?;
            case.places()?.text("members", row)
        });
        match members {
            Some(list) => list.split_whitespace().map(str::to_owned).collect(),
            None => vec![id.to_owned()],
        }
    }

    /// The table that tells more about the ids of a column: products or places.
    pub fn about(&self, column: &str) -> Option<&Table> {
        let name = match column {
            "product" => "products",
            "origin" | "destination" | "place" | "id" | "party_a" | "party_b" => "places",
            _ => return None,
        };
        self.case()?.tables.get(name)
    }

    /// The name of an id of a column, where the case has one.
    pub fn name_of(&self, column: &str, id: &str) -> Option<&str> {
        let table = self.about(column)?;
        let row = (0..table.rows()).find(|&row| table.text("id", row) == Some(id))?;
        table.text("name_en", row)
    }

    /// Licences of the data, as titles.
    pub fn licences(&self) -> Vec<String> {
        let licences = self.case().map_or(&[][..], |case| &case.licences);
        licences.iter().map(|licence| licence.title.clone()).collect()
    }

    /// The data in the JSON of an answer: what it is and a digest of its bytes.
    pub fn identity(&self) -> Value {
        match self {
            Self::Case(case) => json!({ "case": case.name, "digest": case.digest }),
            Self::File(table) => json!({ "file": table.path(), "digest": table.digest() }),
        }
    }
}

/// Nothing of this name.
fn absent(name: &str) -> Failure {
    let bundled = Bundled::names();
    let near = nearest(name, bundled.iter().copied());
    let hint = match near.first() {
        Some(near) => format!("did you mean the bundled case {near}?"),
        None => format!(
            "name a folder with a datapackage.json, a .csv, .csv.gz or .parquet file, or one of \
             the bundled cases {}",
            bundled.join(", ")
        ),
    };
    Failure::new(format!("there is no file, folder or bundled case {name:?}; {hint}"))
}
