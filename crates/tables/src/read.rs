//! From a file to a table, noting every problem on the way.
//!
//! Reading goes on after a problem so that one run finds them all: a cell that cannot be read
//! counts as missing, a ragged row keeps the cells it has. A table with problems never leaves the
//! crate.

use hashbrown::HashMap;

use crate::format::{Format, detect};
use crate::problem::{Problem, suggest};
use crate::schema::{Kind, Schema};
use crate::source::Source;
use crate::table::{MISSING, Table, Values, shown};
use crate::{arrow, csv, dta, number, parquet};

/// Whole numbers beyond this are not exact as f64; such a column is read as text.
pub(crate) const EXACT: i64 = 1 << 53;

/// What is to be read, and where from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// Name of the table.
    pub name: &'a str,
    /// The file, as shown to readers; its ending tells the format.
    pub path: &'a str,
    pub source: Source<'a>,
    pub schema: &'a Schema,
    /// The columns to read; None for all of them and, of a text file, the text itself.
    pub wanted: Option<&'a [&'a str]>,
    /// Columns to read beside the wanted ones, when the file has them.
    pub welcome: &'a [&'a str],
}

/// Reads a file of any known format.
pub(crate) fn read(request: &Request) -> (Option<Table>, Vec<Problem>) {
    let format = match detect(request.path, request.source) {
        Ok(format) => format,
        Err(problem) => return (None, vec![*problem]),
    };
    match format {
        Format::Csv => csv::read(request, false),
        Format::PackedCsv => csv::read(request, true),
        Format::Parquet => parquet::read(request),
        Format::Arrow => arrow::read(request),
        Format::Stata => dta::read(request),
    }
}

impl Request<'_> {
    /// Checks the header and gives the positions of the wanted columns, in the file's order.
    pub fn positions(&self, header: &[String], problems: &mut Vec<Problem>) -> Vec<usize> {
        check_header(self.path, header, self.schema, problems);
        let Some(wanted) = self.wanted else { return (0..header.len()).collect() };
        for name in wanted {
            if !header.iter().any(|known| known == name) {
                let near = suggest(name, header.iter().map(String::as_str));
                let expected = format!("a column named {name}");
                problems
                    .push(Problem::new("unknown-column", self.path, expected, near).column(*name));
            }
        }
        let asked = |name: &str| wanted.contains(&name) || self.welcome.contains(&name);
        (0..header.len()).filter(|&i| asked(&header[i])).collect()
    }
}

/// Names in the header: present, single, without spaces around, and all that the schema needs.
fn check_header(path: &str, header: &[String], schema: &Schema, problems: &mut Vec<Problem>) {
    if let [only] = header
        && let Some(mark) = [';', '\t', '|'].into_iter().find(|&mark| only.contains(mark))
    {
        problems.push(
            Problem::new(
                "wrong-separator",
                path,
                "columns separated by commas",
                format!("the header has no comma but {mark:?}: export the table again with commas"),
            )
            .at(1)
            .value(only),
        );
        return;
    }
    for (position, name) in header.iter().enumerate() {
        let problem = |code, expected: &str, remedy: String| {
            Problem::new(code, path, expected, remedy).at(1).column(name.as_str()).value(name)
        };
        if name.trim().is_empty() {
            problems.push(
                problem("empty-header", "a name for every column", "name the column".to_owned())
                    .column(format!("number {}", position + 1)),
            );
        } else if name.trim() != name {
            problems.push(problem(
                "spaces",
                "a column name without spaces around it",
                format!("write {}", name.trim()),
            ));
        } else if let Some(first) = header[..position].iter().position(|other| other == name) {
            problems.push(problem(
                "duplicate-column",
                "every column name once",
                format!("column {} has the same name: rename or delete one", first + 1),
            ));
        }
    }
    for name in &schema.required {
        if !header.contains(name) {
            problems.push(
                Problem::new(
                    "missing-column",
                    path,
                    format!("a column named {name}"),
                    format!(
                        "add the column or state it in datapackage.json under emporion:constants; {}",
                        suggest(name, header.iter().map(String::as_str))
                    ),
                )
                .at(1)
                .column(name.as_str()),
            );
        }
    }
}

/// Texts as codes, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    codes: Vec<u32>,
    labels: Vec<String>,
    known: HashMap<String, u32>,
}

impl Texts {
    /// Room for this many rows; None when memory cannot hold them.
    pub fn with_capacity(rows: usize) -> Option<Self> {
        let mut texts = Self::default();
        texts.codes.try_reserve_exact(rows).ok()?;
        Some(texts)
    }

    pub fn reserve(&mut self, rows: usize) {
        self.codes.reserve_exact(rows);
    }

    /// Adds a row and gives the code of its text.
    pub fn push(&mut self, text: &str) -> u32 {
        let code = self.code(text);
        self.codes.push(code);
        code
    }

    /// Adds a row with a text whose code is known.
    pub fn push_code(&mut self, code: u32) {
        self.codes.push(code);
    }

    fn code(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return MISSING;
        }
        // Files are mostly sorted: the row before often has the same text.
        if let Some(&last) = self.codes.last()
            && last != MISSING
            && self.labels[last as usize] == text
        {
            return last;
        }
        if let Some(&code) = self.known.get(text) {
            return code;
        }
        let code = self.labels.len() as u32;
        self.labels.push(text.to_owned());
        self.known.insert(text.to_owned(), code);
        code
    }

    pub fn finish(self) -> Values {
        Values::Text { codes: self.codes, labels: self.labels }
    }
}

/// A column of a typed file as its schema declares it.
pub(crate) fn declared(
    path: &str,
    name: &str,
    values: Values,
    schema: &Schema,
    problems: &mut Vec<Problem>,
) -> Values {
    match (schema.field(name).and_then(|field| field.kind), &values) {
        (Some(Kind::Text), Values::Number(_)) => {
            let mut texts = Texts::default();
            for row in 0..values.len() {
                texts.push(&shown(&values, row));
            }
            texts.finish()
        }
        (Some(Kind::Text) | None, _) | (Some(Kind::Number), Values::Number(_)) => values,
        (Some(kind), _) => {
            let mut numbers = Vec::with_capacity(values.len());
            for row in 0..values.len() {
                let cell = shown(&values, row);
                let read = if cell.is_empty() { Ok(f64::NAN) } else { typed(kind, &cell) };
                numbers.push(read.unwrap_or_else(|(expected, remedy)| {
                    problems.push(
                        Problem::new(code(kind), path, expected, remedy)
                            .at(row as u32 + 1)
                            .column(name)
                            .value(&cell),
                    );
                    f64::NAN
                }));
            }
            Values::Number(numbers)
        }
    }
}

pub(crate) fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Year => "not-a-year",
        Kind::Integer => "not-an-integer",
        Kind::Boolean => "not-a-boolean",
        Kind::Number | Kind::Text => "not-a-number",
    }
}

/// A cell as a value of its declared type.
pub(crate) fn typed(kind: Kind, cell: &str) -> Result<f64, (&'static str, String)> {
    match kind {
        Kind::Number | Kind::Text => number::number(cell),
        Kind::Integer => match number::number(cell)? {
            value if value.fract() == 0.0 => Ok(value),
            _ => Err((
                "a whole number",
                "write a whole number, or declare the column as number in datapackage.json"
                    .to_owned(),
            )),
        },
        Kind::Year => match cell.parse::<u16>() {
            Ok(year) if cell.len() == 4 && year >= 1000 => Ok(f64::from(year)),
            _ => Err((
                "a year in four digits, such as 2022",
                "write the year alone; months and quarters go into the column period".to_owned(),
            )),
        },
        Kind::Boolean => match cell {
            "1" | "true" | "True" | "TRUE" => Ok(1.0),
            "0" | "false" | "False" | "FALSE" => Ok(0.0),
            _ => Err(("true, false, 1 or 0", "write true or false".to_owned())),
        },
    }
}
