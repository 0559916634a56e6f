//! A table in memory: named columns, and for every row the line and the text it came from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::number;
use crate::problem::{Problem, Report};
use crate::read;
use crate::scan::{Field, Scanner};
use crate::schema::Schema;
use crate::source::{Identity, Source};

/// The code of a missing text.
pub const MISSING: u32 = u32::MAX;

/// The values of one column, one per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Texts as codes into a list of labels, which are in order of first appearance.
    Text {
        /// Position in `labels`; [`MISSING`] where the cell is empty.
        codes: Vec<u32>,
        /// Each text once.
        labels: Vec<String>,
    },
    /// Numbers; NaN where the cell is empty.
    Number(Vec<f64>),
}

impl Values {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text { codes, .. } => codes.len(),
            Self::Number(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the cell of a row is empty.
    #[must_use]
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Text { codes, .. } => codes[row] == MISSING,
            Self::Number(values) => values[row].is_nan(),
        }
    }

    /// Texts from an iterator, with labels in order of first appearance.
    pub fn text<'a>(cells: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut builder = read::Texts::default();
        for cell in cells {
            builder.push(cell.unwrap_or(""));
        }
        builder.finish()
    }

    /// The values of some rows.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Text { codes, labels } => Self::Text {
                codes: rows.iter().map(|&row| codes[row]).collect(),
                labels: labels.clone(),
            },
            Self::Number(values) => Self::Number(rows.iter().map(|&row| values[row]).collect()),
        }
    }
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Name in the header.
    pub name: String,
    /// One value per row.
    pub values: Values,
}

/// Where a column's cells come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    /// This field of the file's records.
    File(usize),
    /// One text for the whole table, stated in `datapackage.json`.
    Package(String),
    /// Computed or joined after reading.
    Added,
}

/// The text of a file and where each row's record starts in it.
#[derive(Debug, Clone)]
pub(crate) struct Raw {
    pub text: Arc<String>,
    pub starts: Vec<usize>,
}

/// On which line each row starts.
#[derive(Debug, Clone)]
pub(crate) enum Lines {
    /// One row on every line, from this one on.
    Run { first: u32, rows: usize },
    /// Any lines.
    Listed(Vec<u32>),
}

impl Default for Lines {
    fn default() -> Self {
        Self::Run { first: 1, rows: 0 }
    }
}

impl Lines {
    pub fn len(&self) -> usize {
        match self {
            Self::Run { rows, .. } => *rows,
            Self::Listed(lines) => lines.len(),
        }
    }

    pub fn at(&self, row: usize) -> u32 {
        match self {
            Self::Run { first, .. } => *first + row as u32,
            Self::Listed(lines) => lines[row],
        }
    }

    pub fn push(&mut self, line: u32) {
        match self {
            Self::Run { first, rows: rows @ 0 } => (*first, *rows) = (line, 1),
            Self::Run { first, rows } if *first as usize + *rows == line as usize => *rows += 1,
            Self::Run { first, rows } => {
                let run = (*first..).take(*rows);
                *self = Self::Listed(run.chain([line]).collect());
            }
            Self::Listed(lines) => lines.push(line),
        }
    }
}

/// What the numbers of a column stand for, in ascending order.
pub(crate) type Labels = BTreeMap<String, Vec<(i32, String)>>;

/// Rows of a file as columns.
///
/// The original text of a CSV file read whole stays in memory once, shared by every selection, so
/// that a trace can show each cell exactly as it was written.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) identity: Arc<Identity>,
    pub(crate) columns: Vec<Column>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) lines: Lines,
    pub(crate) raw: Option<Raw>,
    pub(crate) labels: Arc<Labels>,
}

impl Table {
    /// Reads a CSV (`.csv`, `.csv.gz`), Parquet (`.parquet`), Arrow (`.arrow`, `.feather`) or
    /// Stata (`.dta`) file.
    ///
    /// The ending tells the format, and the content where the ending is none of these. A CSV
    /// column is a number column when every cell that is not empty, and no mark of a missing number
    /// such as `NA`, is a finite number and none has leading zeros (`01` is a code); otherwise it is
    /// text. In the other formats the type of the column decides, and a stored NaN is missing; a
    /// whole number beyond 2^53 or an infinity, neither of which is a number or a missing value here,
    /// turns the column into text. Dates and timestamps are text in ISO order (`2024-02-29`).
    ///
    /// Of Stata files: each of the 27 missing values is missing; numbers stay numbers, with what
    /// they stand for in [`value_labels`](Self::value_labels); days (`%td`) and milliseconds
    /// (`%tc`) are dates, the other periods (`%tw`, `%tm`, `%tq`, …) stay counted from 1960.
    ///
    /// # Errors
    ///
    /// Every problem of the file, each with its line and remedy.
    ///
    /// # Cost
    ///
    /// Eight bytes for a number, four for a text; Parquet columns are decoded in parallel.
    pub fn read(path: &Path) -> Result<Self, Report> {
        Self::read_file(path, None, &[])
    }

    /// Reads some columns of a file, in the file's order.
    ///
    /// As [`read`](Self::read), but nothing else of the file is decoded or kept: a CSV cell of
    /// another column is not looked at, and as the text is not kept, a number has no
    /// [`text`](Self::text).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and for each name that the file does not have the nearest ones.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use emporion_tables::Table;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("flows.csv");
    /// std::fs::write(&path, "origin,destination,value\nBLR,RUS,12.5\n")?;
    /// let table = Table::read_columns(&path, &["value", "origin"])?;
    /// assert_eq!(table.columns().len(), 2);
    /// assert_eq!(table.number("value", 0), Some(12.5));
    /// let report = Table::read_columns(&path, &["values"]).unwrap_err();
    /// assert!(report.to_string().contains("did you mean value?"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_columns(path: &Path, columns: &[&str]) -> Result<Self, Report> {
        Self::read_file(path, Some(columns), &[])
    }

    /// As [`read_columns`](Self::read_columns), and the columns of `welcome` that the file has.
    ///
    /// # Errors
    ///
    /// As [`read_columns`](Self::read_columns).
    pub fn read_columns_with(
        path: &Path,
        columns: &[&str],
        welcome: &[&str],
    ) -> Result<Self, Report> {
        Self::read_file(path, Some(columns), welcome)
    }

    fn read_file(path: &Path, wanted: Option<&[&str]>, welcome: &[&str]) -> Result<Self, Report> {
        let shown = path.display().to_string();
        let file = path.file_name().map_or_else(String::new, |f| f.to_string_lossy().into_owned());
        let name = file.split('.').next().unwrap_or("");
        let schema = Schema::default();
        Self::from_request(&read::Request {
            name,
            path: &shown,
            source: Source::File(path),
            schema: &schema,
            wanted,
            welcome,
        })
    }

    fn from_request(request: &read::Request) -> Result<Self, Report> {
        match read::read(request) {
            (Some(table), problems) => Report::from(problems).or(table),
            (None, problems) => Err(problems.into()),
        }
    }

    /// Reads a table from the bytes of a file; `path` tells the format by its ending.
    ///
    /// # Errors
    ///
    /// Every problem of the file, each with its line and remedy.
    pub fn from_bytes(
        name: &str,
        path: &str,
        bytes: &[u8],
        schema: Option<&Schema>,
    ) -> Result<Self, Report> {
        let empty = Schema::default();
        Self::from_request(&read::Request {
            name,
            path,
            source: Source::Memory(bytes),
            schema: schema.unwrap_or(&empty),
            wanted: None,
            welcome: &[],
        })
    }

    /// Name of the resource, or of the file without its ending.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, as shown to readers.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// SHA-256 of the file's bytes, in hexadecimal.
    ///
    /// Computed when first asked for, by reading the file again; None when it has changed or gone
    /// since.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.identity.digest()
    }

    /// What the numbers of a column stand for (the value labels of a Stata file), in ascending
    /// order; None for a column without.
    #[must_use]
    pub fn value_labels(&self, column: &str) -> Option<&[(i32, String)]> {
        self.labels.get(column).map(Vec::as_slice)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// The columns, in the file's order; stated constants and joined columns follow.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A column by name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// A cell as text; None when it is empty or there is no such column.
    ///
    /// A number read from a file is given as it was written; a number that was computed has no
    /// text.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> Option<&str> {
        let position = self.columns.iter().position(|c| c.name == column)?;
        match &self.columns[position].values {
            Values::Text { codes, labels } => {
                labels.get(*codes.get(row)? as usize).map(String::as_str)
            }
            Values::Number(values) => {
                if values.get(row)?.is_nan() {
                    return None;
                }
                match &self.origins[position] {
                    Origin::File(field) => {
                        let raw = self.raw.as_ref()?;
                        let field = *self.record(raw, row).get(*field)?;
                        Some(&raw.text[field.start..field.end])
                    }
                    Origin::Package(text) => Some(text),
                    Origin::Added => None,
                }
            }
        }
    }

    /// A cell as a reader knows it: text, or a number without needless digits; None when it is
    /// empty or there is no such column.
    #[must_use]
    pub fn label(&self, column: &str, row: usize) -> Option<String> {
        let values = &self.column(column)?.values;
        (!values.is_missing(row)).then(|| shown(values, row))
    }

    /// A cell as a number; None when it is empty, text, or there is no such column.
    #[must_use]
    pub fn number(&self, column: &str, row: usize) -> Option<f64> {
        match &self.column(column)?.values {
            Values::Number(values) => values.get(row).copied().filter(|v| !v.is_nan()),
            Values::Text { .. } => None,
        }
    }

    /// The line of the file on which a row starts, from 1; for other than CSV the row number.
    #[must_use]
    pub fn line(&self, row: usize) -> u32 {
        self.lines.at(row)
    }

    /// Every cell of a row with its column's name, exactly as in the file.
    ///
    /// A constant stated in the package is marked `(from datapackage.json)`, a column added after
    /// reading `(added)`.
    #[must_use]
    pub fn row_text(&self, row: usize) -> Vec<(String, String)> {
        let record = self.raw.as_ref().map(|raw| (raw, self.record(raw, row)));
        self.columns
            .iter()
            .zip(&self.origins)
            .map(|(column, origin)| {
                let text = match (origin, &record) {
                    (Origin::File(field), Some((raw, fields))) => {
                        fields.get(*field).map_or_else(String::new, |f| unescape(&raw.text, *f))
                    }
                    (Origin::File(_), None) => shown(&column.values, row),
                    (Origin::Package(text), _) => format!("{text} (from datapackage.json)"),
                    (Origin::Added, _) => format!("{} (added)", shown(&column.values, row)),
                };
                (column.name.clone(), text)
            })
            .collect()
    }

    /// The rows at these positions, in this order; the original text is shared, not copied.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            name: self.name.clone(),
            path: self.path.clone(),
            identity: Arc::clone(&self.identity),
            columns: self
                .columns
                .iter()
                .map(|c| Column { name: c.name.clone(), values: c.values.select(rows) })
                .collect(),
            origins: self.origins.clone(),
            lines: Lines::Listed(rows.iter().map(|&row| self.lines.at(row)).collect()),
            raw: self.raw.as_ref().map(|raw| Raw {
                text: Arc::clone(&raw.text),
                starts: rows.iter().map(|&row| raw.starts[row]).collect(),
            }),
            labels: Arc::clone(&self.labels),
        }
    }

    /// Moves the columns into a table of their own; name, digest and lines stay here too, so that a
    /// problem in a row can still be located.
    #[must_use]
    pub fn take_columns(&mut self) -> Self {
        Self {
            name: self.name.clone(),
            path: self.path.clone(),
            identity: Arc::clone(&self.identity),
            columns: std::mem::take(&mut self.columns),
            origins: std::mem::take(&mut self.origins),
            lines: self.lines.clone(),
            raw: self.raw.take(),
            labels: Arc::clone(&self.labels),
        }
    }

    /// The table with one more column; a column of the same name is replaced.
    ///
    /// # Panics
    ///
    /// When the column does not have one value per row: a mistake of the calling program.
    #[must_use]
    pub fn with_column(mut self, column: Column) -> Self {
        assert_eq!(column.values.len(), self.rows(), "column {} has another length", column.name);
        self.put(column, Origin::Added);
        self
    }

    /// Adds a column that holds one text (a number, if it reads as one and `numeric`) in every row.
    pub(crate) fn put_constant(&mut self, name: &str, text: &str, numeric: bool) {
        let n = self.rows();
        let values = match number::number(text) {
            Ok(value) if numeric => Values::Number(vec![value; n]),
            _ => Values::Text { codes: vec![0; n], labels: vec![text.to_owned()] },
        };
        let column = Column { name: name.to_owned(), values };
        self.put(column, Origin::Package(text.to_owned()));
    }

    fn put(&mut self, column: Column, origin: Origin) {
        match self.columns.iter().position(|c| c.name == column.name) {
            Some(position) => {
                self.columns[position] = column;
                self.origins[position] = origin;
            }
            None => {
                self.columns.push(column);
                self.origins.push(origin);
            }
        }
    }

    /// Splits the record of a row again.
    fn record(&self, raw: &Raw, row: usize) -> Vec<Field> {
        let mut fields = Vec::with_capacity(self.columns.len());
        Scanner::from(raw.text.as_bytes(), raw.starts[row]).record(&mut fields);
        fields
    }

    /// A problem in a row of this table, naming file, line and column.
    pub fn problem(
        &self,
        code: &'static str,
        row: usize,
        column: &str,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        Problem::new(code, self.path.as_str(), expected, remedy).at(self.line(row)).column(column)
    }

    /// The column, or a problem that suggests the nearest names.
    ///
    /// # Errors
    ///
    /// There is no column of this name.
    pub fn wanted(&self, name: &str) -> Result<&Column, Box<Problem>> {
        self.column(name).ok_or_else(|| {
            let problem = Problem::new(
                "unknown-column",
                self.path.as_str(),
                format!("a column named {name}"),
                crate::problem::suggest(name, self.columns.iter().map(|c| c.name.as_str())),
            );
            Box::new(problem.column(name))
        })
    }
}

/// A value as text, for cells that have no text of their own.
pub(crate) fn shown(values: &Values, row: usize) -> String {
    match values {
        Values::Text { codes, labels } => {
            labels.get(codes[row] as usize).cloned().unwrap_or_default()
        }
        Values::Number(values) if values[row].is_nan() => String::new(),
        Values::Number(values) => values[row].to_string(),
    }
}

/// The content of a field with doubled quotes made single.
pub(crate) fn unescape(text: &str, field: Field) -> String {
    let content = &text[field.start..field.end];
    if field.escaped { content.replace("\"\"", "\"") } else { content.to_owned() }
}
