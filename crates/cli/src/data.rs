//! What the user names as DATA: a case in a folder, a bundled case, or one file.

use std::path::Path;
use std::sync::Arc;

use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::problem::nearest;
use emporion_tables::sum::Missing;
use emporion_tables::{Case, Problem, Table, Values};
use serde_json::{Value, json};

use crate::args::Absent;
use crate::embedded::Bundled;
use crate::failure::Failure;

/// What figures are of: a name such as `unit`, and each text once.
pub type Context = Vec<(&'static str, Vec<String>)>;

/// Data that a verb works on.
#[derive(Debug, Clone)]
pub enum Data {
    /// A data package with its tables.
    Case(Arc<Case>),
    /// One table.
    File(Table),
}

impl Data {
    /// Opens a folder with a `datapackage.json`; a CSV (`.csv`, `.csv.gz`), Parquet (`.parquet`),
    /// Arrow (`.arrow`, `.feather`) or Stata (`.dta`) file; or the bundled case of this name when
    /// there is no such path.
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
        match self.case().and_then(|case| case.absent("flows")) {
            Some("zero") => Missing::Zero,
            _ => Missing::Refuse,
        }
    }

    /// The members of a group, or the place itself.
    pub fn members(&self, id: &str) -> Vec<String> {
        let members = self.case().and_then(|case| case.members(id));
        members.unwrap_or_else(|| vec![id.to_owned()])
    }

    /// The table that tells more about the ids of a column: products or places.
    pub fn about(&self, column: &str) -> Option<&Table> {
        let name = match column {
            "product" => "products",
            "origin" | "destination" | "place" | "id" | "party_a" | "party_b" => "places",
            _ => return None,
        };
        self.case()?.table(name)
    }

    /// The name of an id of a column, where the case has one.
    pub fn name_of(&self, column: &str, id: &str) -> Option<&str> {
        let table = self.about(column)?;
        let row = (0..table.rows()).find(|&row| table.text("id", row) == Some(id))?;
        table.text("name_en", row)
    }

    /// Licences of a table of the case, as titles.
    pub fn licences(&self, table: &str) -> Vec<String> {
        self.case().map_or_else(Vec::new, |case| case.licences_of(table))
    }

    /// What rows of the flows are of, and where they come from: each text of these columns once.
    pub fn context(&self, table: &Table, rows: &[usize]) -> Context {
        let mut context = Context::new();
        for name in ["unit", "year", "period", "side", "scope", "measure", "status", "source"] {
            let texts = texts(table, name, rows);
            if !texts.is_empty() {
                context.push((name, texts));
            }
        }
        let licences = self.licences("flows");
        if !licences.is_empty() {
            context.push(("licence", licences));
        }
        context
    }

    /// The data in the JSON of an answer: what it is and a digest of its bytes.
    pub fn identity(&self) -> Value {
        match self {
            Self::Case(case) => json!({ "case": case.name, "digest": case.digest }),
            Self::File(table) => json!({ "file": table.path(), "digest": table.digest() }),
        }
    }
}

/// Each text of a column once, in order of appearance; each year of `year` once.
fn texts(table: &Table, name: &str, rows: &[usize]) -> Vec<String> {
    let Some(column) = table.column(name) else { return Vec::new() };
    let mut seen = std::collections::HashSet::new();
    let first: Vec<usize> = match &column.values {
        Values::Text { codes, .. } => {
            rows.iter().copied().filter(|&row| seen.insert(u64::from(codes[row]))).collect()
        }
        // A number column of such a name means something else; a year is a number.
        Values::Number(values) if name == "year" => {
            rows.iter().copied().filter(|&row| seen.insert(values[row].to_bits())).collect()
        }
        Values::Number(_) => Vec::new(),
    };
    first.into_iter().filter_map(|row| table.label(name, row)).collect()
}

/// Refuses a table that lacks a column.
pub fn require(table: &Table, columns: &[&str]) -> Result<(), Failure> {
    let names = || table.columns().iter().map(|column| column.name.as_str());
    let lack = |column: &&&str| table.column(column).is_none();
    let problems: Vec<Problem> = columns
        .iter()
        .filter(lack)
        .map(|column| {
            let near = nearest(column, names());
            let remedy = if near.is_empty() {
                format!("it has {}; name the column so", names().collect::<Vec<_>>().join(", "))
            } else {
                format!("it has {}; name the column {column}", near.join(" and "))
            };
            Problem::new("unknown-column", table.path(), format!("a column named {column}"), remedy)
                .column(*column)
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Failure::Refused(problems.into())) }
}

/// Nothing of this name.
fn absent(name: &str) -> Failure {
    let bundled = Bundled::names();
    let near = nearest(name, bundled.iter().copied());
    let hint = match near.first() {
        Some(near) => format!("did you mean the bundled case {near}?"),
        None => format!(
            "name a folder with a datapackage.json, a .csv, .csv.gz, .parquet, .arrow, .feather or \
             .dta file, or one of the bundled cases {}",
            bundled.join(", ")
        ),
    };
    Failure::new(format!("there is no file, folder or bundled case {name:?}; {hint}"))
}
