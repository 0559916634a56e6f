//! A case: a data package and its brief.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::check;
use crate::hierarchy::Hierarchy;
use crate::problem::{Problem, Report};
use crate::read;
use crate::schema::{Kind, Schema};
use crate::source::{self, sha256};
use crate::table::Table;

/// The file that makes a folder a case.
pub const PACKAGE: &str = "datapackage.json";

/// Where the files of a case lie: a folder on disk, or files inside the binary.
pub trait Files {
    /// The bytes of a file, by its path inside the case with `/` between folders.
    fn read(&self, path: &str) -> Option<Cow<'_, [u8]>>;
    /// Whether there is such a file.
    fn exists(&self, path: &str) -> bool {
        self.read(path).is_some()
    }
    /// What readers are told the case's place is.
    fn root(&self) -> String;
}

/// A folder on disk.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of a case, or the folder that a `datapackage.json` lies in.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        match path.file_name() {
            Some(name) if name == PACKAGE => {
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
                Self(parent.unwrap_or(Path::new(".")).to_owned())
            }
            _ => Self(path.to_owned()),
        }
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Option<Cow<'_, [u8]>> {
        inside(path).then(|| std::fs::read(self.0.join(path)).ok().map(Cow::Owned)).flatten()
    }

    fn exists(&self, path: &str) -> bool {
        inside(path) && self.0.join(path).is_file()
    }

    fn root(&self) -> String {
        self.0.display().to_string()
    }
}

/// Whether a path stays inside the case.
fn inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A licence as stated in the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Licence {
    /// Short name, such as `CC-BY-4.0`.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// Where its text is.
    pub path: String,
}

/// A document that rows refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// What rows name it by.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When, as written.
    pub date: String,
    /// Where to find it.
    pub locator: String,
    /// What it is: statistics, news, interview.
    pub kind: String,
    /// A remark.
    pub note: String,
}

/// A data package with its tables read, and the text of its brief.
#[derive(Debug, Clone)]
pub struct Case {
    /// Where it lies, as told to readers.
    pub root: String,
    /// Short name.
    pub name: String,
    /// Title for readers.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// Every table, by the name of its resource.
    pub tables: BTreeMap<String, Table>,
    /// Licences of the package.
    pub licences: Vec<Licence>,
    /// The whole `datapackage.json`.
    pub package: Value,
    /// Text of `brief.md`.
    pub brief: Option<String>,
    /// SHA-256 over the digests of all resources and the brief.
    pub digest: String,
    pub(crate) schemas: BTreeMap<String, Schema>,
    /// Tables that could not be read: what refers to them cannot be judged.
    pub(crate) unread: BTreeSet<String>,
    places: HashMap<String, usize>,
    sources: HashMap<String, usize>,
    extras: BTreeMap<String, Vec<u8>>,
    folder: Option<Folder>,
}

impl Case {
    /// Reads the case in a folder.
    ///
    /// # Errors
    ///
    /// Every problem of the package and its files, with what [`check`](Self::check) finds in the
    /// tables that could be read.
    pub fn open(path: &Path) -> Result<Self, Report> {
        let folder = Folder::new(path);
        let mut case = Self::from_files(&folder)?;
        case.folder = Some(folder);
        Ok(case)
    }

    /// Reads a case from a folder or from files inside the binary.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn from_files(files: &dyn Files) -> Result<Self, Report> {
        let package = package(files)?;
        let mut problems = Vec::new();
        let mut case = Self {
            root: files.root(),
            name: text(&package, "name"),
            title: text(&package, "title"),
            description: text(&package, "description"),
            tables: BTreeMap::new(),
            licences: licences(&package["licenses"]),
            brief: None,
            digest: String::new(),
            schemas: BTreeMap::new(),
            unread: BTreeSet::new(),
            places: HashMap::new(),
            sources: HashMap::new(),
            extras: BTreeMap::new(),
            folder: None,
            package,
        };
        let resources = case.package["resources"].as_array().cloned().unwrap_or_default();
        if resources.is_empty() {
            problems.push(Problem::new(
                "missing-resources",
                PACKAGE,
                "a list named resources with at least one table",
                "list the files of the case: {\"resources\": [{\"name\": \"flows\", \"path\": \
                 \"flows.csv\"}]}",
            ));
        }
        let mut digests = String::new();
        for (position, resource) in resources.iter().enumerate() {
            case.load(files, position, resource, &mut digests, &mut problems);
        }
        case.load_brief(files, &mut digests, &mut problems);
        case.digest = sha256(digests.as_bytes());
        case.places = index(case.places());
        case.sources = index(case.sources());
        if problems.is_empty() {
            return Ok(case);
        }
        // A cell that could not be read looks empty: only what is wrong elsewhere is news.
        let told = |new: &Problem| {
            problems.iter().any(|old| {
                old.file == new.file
                    && old.line == new.line
                    && (old.column == new.column || old.column.is_none())
            })
        };
        let found = case.check().problems.into_iter().filter(|new| !told(new)).collect::<Vec<_>>();
        problems.extend(found);
        Err(check::ordered(&case, problems).into())
    }

    /// Reads one resource.
    fn load(
        &mut self,
        files: &dyn Files,
        position: usize,
        resource: &Value,
        digests: &mut String,
        problems: &mut Vec<Problem>,
    ) {
        let name = resource["name"].as_str().unwrap_or("");
        let at = format!("resources[{position}]");
        let fault = |expected: &str, remedy: String| {
            Problem::new("bad-resource", PACKAGE, expected, remedy).column(at.as_str())
        };
        if name.is_empty() || self.tables.contains_key(name) {
            problems.push(
                fault("a name that no other resource has", "name the resource".to_owned())
                    .value(name),
            );
            return;
        }
        // Until it is read.
        self.unread.insert(name.to_owned());
        let Some(path) = resource["path"].as_str().filter(|path| inside(path)) else {
            problems.push(
                fault(
                    "a path to one file inside the case's folder",
                    "write a relative path such as flows.csv; files elsewhere are not read, nor \
                     is anything fetched"
                        .to_owned(),
                )
                .value(resource["path"].to_string()),
            );
            return;
        };
        let Some(bytes) = files.read(path) else {
            problems.push(
                Problem::new(
                    "missing-file",
                    path,
                    format!("the file of resource {name}, named in {PACKAGE}"),
                    format!("add the file or take resource {name} out of {PACKAGE}"),
                )
                .value(path),
            );
            return;
        };
        digests.push_str(&format!("{path} {}\n", sha256(&bytes)));
        if crate::format::Format::by_ending(path).is_none() {
            self.extras.insert(path.to_owned(), bytes.into_owned());
            self.unread.remove(name);
            return;
        }
        let (own, faults) = Schema::from_json(&resource["schema"]);
        problems.extend(
            faults
                .into_iter()
                .map(|sentence| fault("a Table Schema", sentence).column(format!("{at}.schema"))),
        );
        let mut schema = own.over(Schema::core(name));
        let constants = resource["emporion:constants"].as_object();
        let stated = |column: &String| constants.is_some_and(|all| all.contains_key(column));
        schema.required.retain(|column| !stated(column));
        let (table, found) = read::read(&read::Request {
            name,
            path,
            source: source::Source::Memory(&bytes),
            schema: &schema,
            wanted: None,
            welcome: &[],
        });
        problems.extend(found);
        if let Some(mut table) = table {
            for (column, value) in constants.into_iter().flatten() {
                if table.column(column).is_some() {
                    problems.push(
                        fault(
                            "a constant for a column that the file does not have",
                            format!("{path} has a column {column}: take it out of one of the two"),
                        )
                        .column(format!("{at}.emporion:constants.{column}")),
                    );
                    continue;
                }
                let declared = schema.field(column).and_then(|field| field.kind);
                let numeric = declared.map_or(value.is_number(), |kind| kind != Kind::Text);
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                table.put_constant(column, &text, numeric);
            }
            self.tables.insert(name.to_owned(), table);
            self.unread.remove(name);
            self.schemas.insert(name.to_owned(), schema);
        }
    }

    fn load_brief(&mut self, files: &dyn Files, digests: &mut String, problems: &mut Vec<Problem>) {
        const BRIEF: &str = "brief.md";
        if let Some(bytes) = files.read(BRIEF) {
            digests.push_str(&format!("{BRIEF} {}\n", sha256(&bytes)));
            match crate::encoding::decode(BRIEF, bytes) {
                Ok(text) => self.brief = Some(text.into_owned()),
                Err(problem) => problems.push(*problem),
            }
        }
        for extra in ["NOTICE.md", "NOTICE", "README.md"] {
            if let Some(bytes) = files.read(extra) {
                self.extras.insert(extra.to_owned(), bytes.into_owned());
            }
        }
    }

    /// Every problem in the tables: ids, keys, signs, sources, units, sums.
    #[must_use]
    pub fn check(&self) -> Report {
        check::check(self)
    }

    /// What the package says about a resource.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Value> {
        self.package["resources"].as_array()?.iter().find(|resource| resource["name"] == name)
    }

    /// Countries, regions, cities and groups of them.
    #[must_use]
    pub fn places(&self) -> Option<&Table> {
        self.tables.get("places")
    }

    /// Values traded.
    #[must_use]
    pub fn flows(&self) -> Option<&Table> {
        self.tables.get("flows")
    }

    /// Covariates of pairs of places.
    #[must_use]
    pub fn pairs(&self) -> Option<&Table> {
        self.tables.get("pairs")
    }

    /// Dated links: agreements, offices, visits.
    #[must_use]
    pub fn ties(&self) -> Option<&Table> {
        self.tables.get("ties")
    }

    /// Documents.
    #[must_use]
    pub fn sources(&self) -> Option<&Table> {
        self.tables.get("sources")
    }

    /// A document by its id.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<Source> {
        let row = *self.sources.get(id)?;
        let table = self.sources()?;
        let cell = |column| table.text(column, row).unwrap_or("").to_owned();
        Some(Source {
            id: id.to_owned(),
            title: cell("title"),
            publisher: cell("publisher"),
            date: cell("date"),
            locator: cell("locator"),
            kind: cell("kind"),
            note: cell("note"),
        })
    }

    /// The English name of a place.
    #[must_use]
    pub fn place_name(&self, id: &str) -> Option<&str> {
        self.places()?.text("name_en", self.place(id)?)
    }

    /// The place that a place lies in.
    #[must_use]
    pub fn parent(&self, id: &str) -> Option<&str> {
        self.places()?.text("parent", self.place(id)?)
    }

    /// Latitude and longitude of a place's seat, in degrees.
    #[must_use]
    pub fn seat(&self, id: &str) -> Option<(f64, f64)> {
        let row = self.place(id)?;
        let places = self.places()?;
        Some((places.number("seat_lat", row)?, places.number("seat_lon", row)?))
    }

    /// Which place lies in which, by parents and by members of groups.
    #[must_use]
    pub fn hierarchy(&self) -> Hierarchy {
        self.places().map_or_else(Hierarchy::default, Hierarchy::of)
    }

    /// The row of a place in the table `places`.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Another file of the case: a resource that is no table, a notice, or, in a folder on disk,
    /// any file inside it.
    #[must_use]
    pub fn read_extra(&self, path: &str) -> Option<Vec<u8>> {
        self.extras
            .get(path)
            .cloned()
            .or_else(|| self.folder.as_ref()?.read(path).map(Cow::into_owned))
    }
}

/// Reads and parses `datapackage.json`.
fn package(files: &dyn Files) -> Result<Value, Report> {
    let Some(bytes) = files.read(PACKAGE) else {
        return Err(Problem::new(
            "missing-package",
            format!("{}/{PACKAGE}", files.root()),
            "a folder with a datapackage.json",
            "name the folder of a case, or start one with: emporion new FOLDER",
        )
        .into());
    };
    let text = crate::encoding::decode(PACKAGE, bytes).map_err(|problem| *problem)?;
    let invalid =
        |expected: &str, remedy: String| Problem::new("invalid-json", PACKAGE, expected, remedy);
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        invalid("valid JSON", format!("mend the JSON: {error}")).at(error.line() as u32)
    })?;
    if !value.is_object() {
        return Err(
            invalid("a JSON object", "write { \"name\": …, \"resources\": […] }".into()).into()
        );
    }
    Ok(value)
}

fn text(json: &Value, key: &str) -> String {
    json[key].as_str().unwrap_or("").to_owned()
}

fn licences(json: &Value) -> Vec<Licence> {
    json.as_array()
        .into_iter()
        .flatten()
        .map(|l| Licence { name: text(l, "name"), title: text(l, "title"), path: text(l, "path") })
        .collect()
}

/// Row of each id; the first wins, the check reports the others.
fn index(table: Option<&Table>) -> HashMap<String, usize> {
    let mut rows = HashMap::new();
    if let Some(table) = table {
        for row in 0..table.rows() {
            if let Some(id) = table.text("id", row) {
                rows.entry(id.to_owned()).or_insert(row);
            }
        }
    }
    rows
}
