//! From the bytes of a file to a table, noting every problem on the way.
//!
//! Reading goes on after a problem so that one run finds them all: a cell that cannot be read
//! counts as missing, a ragged row keeps the cells it has. A table with problems never leaves the
//! crate.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::encoding;
use crate::number;
use crate::parquet;
use crate::problem::Problem;
use crate::scan::{Fault, Field, Scanner};
use crate::schema::{Kind, Schema};
use crate::table::{Column, MISSING, Origin, Raw, Table, Values, unescape};

/// More than this, unpacked, is not read into memory.
const MOST_BYTES: u64 = 4 << 30;

/// Reads a file of any known format.
pub(crate) fn read(
    name: &str,
    path: &str,
    bytes: &[u8],
    schema: &Schema,
) -> (Option<Table>, Vec<Problem>) {
    let digest = sha256(bytes);
    let ending = path.to_lowercase();
    if ending.ends_with(".parquet") {
        return parquet::read(name, path, bytes, digest, schema);
    }
    let unpacked;
    let bytes = if ending.ends_with(".csv.gz") {
        match gunzip(path, bytes) {
            Ok(plain) => {
                unpacked = plain;
                &unpacked[..]
            }
            Err(problem) => return (None, vec![*problem]),
        }
    } else if ending.ends_with(".csv") {
        bytes
    } else {
        let problem = Problem::new(
            "unknown-format",
            path,
            "a file that ends in .csv, .csv.gz or .parquet",
            "save the table as CSV: UTF-8, commas, one header line",
        );
        return (None, vec![problem]);
    };
    match encoding::decode(path, bytes) {
        Ok(text) => read_csv(name, path, text, digest, schema),
        Err(problem) => (None, vec![*problem]),
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gunzip(path: &str, bytes: &[u8]) -> Result<Vec<u8>, Box<Problem>> {
    let mut plain = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes).take(MOST_BYTES + 1);
    let fault = match decoder.read_to_end(&mut plain) {
        Ok(_) if plain.len() as u64 <= MOST_BYTES => return Ok(plain),
        Ok(_) => format!("it unpacks to more than {MOST_BYTES} bytes; split the file"),
        Err(error) => format!("{error}; the file is damaged or cut short, pack it again with gzip"),
    };
    Err(Box::new(Problem::new("not-gzip", path, "a gzip file", fault)))
}

/// Reads CSV text.
fn read_csv(
    name: &str,
    path: &str,
    text: &str,
    digest: String,
    schema: &Schema,
) -> (Option<Table>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut scanner = Scanner::new(text.as_bytes());
    let mut fields = Vec::new();
    let header: Vec<String> = match scanner.record(&mut fields) {
        Some(record) if !record.blank => {
            if let Some(fault) = record.fault {
                problems.push(quoting(path, fault, &[]));
            }
            fields.iter().map(|f| unescape(text, *f)).collect()
        }
        _ => {
            problems.push(
                Problem::new(
                    "empty-table",
                    path,
                    "a header line with column names and at least one row",
                    "write the header on the first line, or take the table out of the package",
                )
                .at(1),
            );
            return (None, problems);
        }
    };
    check_header(path, &header, schema, &mut problems);

    let mut builders: Vec<Builder> = header
        .iter()
        .map(|column| Builder::new(schema.field(column).and_then(|f| f.kind)))
        .collect();
    let mut starts = Vec::new();
    let mut lines = Vec::new();
    let mut blanks = Vec::new();
    while let Some(record) = scanner.record(&mut fields) {
        if record.blank {
            blanks.push(record.line);
            continue;
        }
        // Blank lines at the end of the file hold nothing and cost nothing; elsewhere they hide
        // a lost row.
        problems.extend(blanks.drain(..).map(|line| {
            Problem::new("blank-line", path, "a row on every line", "delete the blank line")
                .at(line)
        }));
        if let Some(fault) = record.fault {
            problems.push(quoting(path, fault, &header));
        } else if fields.len() != header.len() {
            problems.push(ragged(path, record.line, fields.len(), header.len()));
        }
        starts.push(record.start);
        lines.push(record.line);
        for (position, builder) in builders.iter_mut().enumerate() {
            let cell = fields.get(position).copied();
            if let Err((expected, remedy)) = builder.push(text, cell, &starts, position) {
                let shown = cell.map_or_else(String::new, |f| unescape(text, f));
                problems.push(
                    Problem::new(builder.code(), path, expected, remedy)
                        .at(record.line)
                        .column(header[position].as_str())
                        .value(shown),
                );
            }
        }
    }
    if lines.is_empty() {
        problems.push(
            Problem::new(
                "empty-table",
                path,
                "at least one row below the header",
                "add the rows, or take the table out of the package",
            )
            .at(1),
        );
    }
    let origins = (0..header.len()).map(Origin::File).collect();
    let columns = header
        .into_iter()
        .zip(builders)
        .map(|(name, builder)| Column { name, values: builder.finish() })
        .collect();
    let table = Table {
        name: name.to_owned(),
        path: path.to_owned(),
        digest,
        columns,
        origins,
        lines,
        raw: Some(Raw { text: Arc::from(text), starts }),
    };
    (Some(table), problems)
}

/// Names in the header: present, single, without spaces around, and all that the schema needs.
pub(crate) fn check_header(
    path: &str,
    header: &[String],
    schema: &Schema,
    problems: &mut Vec<Problem>,
) {
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
                        crate::problem::suggest(name, header.iter().map(String::as_str))
                    ),
                )
                .at(1)
                .column(name.as_str()),
            );
        }
    }
}

fn ragged(path: &str, line: u32, found: usize, expected: usize) -> Problem {
    let remedy = if found > expected {
        "put a text that holds a comma in double quotes, or delete the surplus comma"
    } else {
        "write a comma for every empty cell, or join the row if a line break split it"
    };
    Problem::new("ragged-row", path, format!("{expected} fields, as in the header"), remedy)
        .at(line)
        .value(format!("{found} fields"))
}

fn quoting(path: &str, fault: Fault, header: &[String]) -> Problem {
    let (code, line, field, expected, remedy) = match fault {
        Fault::Unclosed { line, field } => (
            "unclosed-quote",
            line,
            field,
            "a closing double quote",
            "close the quote that opens on this line, or double it (\"\") if it is part of the text; \
             everything after it was taken as one cell",
        ),
        Fault::Stray { line, field } => (
            "stray-quote",
            line,
            field,
            "a comma or the end of the line after a closing quote",
            "double the quotes inside the text (\"\"), and quote the whole cell",
        ),
    };
    let column = header.get(field).cloned().unwrap_or_else(|| format!("number {}", field + 1));
    Problem::new(code, path, expected, remedy).at(line).column(column)
}

/// Texts as codes, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    codes: Vec<u32>,
    labels: Vec<String>,
    known: HashMap<String, u32>,
}

impl Texts {
    pub fn push(&mut self, text: &str) {
        if text.is_empty() {
            self.codes.push(MISSING);
            return;
        }
        // Files are mostly sorted: the row before often has the same text.
        if let Some(&last) = self.codes.last()
            && last != MISSING
            && self.labels[last as usize] == text
        {
            self.codes.push(last);
            return;
        }
        let code = match self.known.get(text) {
            Some(&code) => code,
            None => {
                let code = self.labels.len() as u32;
                self.labels.push(text.to_owned());
                self.known.insert(text.to_owned(), code);
                code
            }
        };
        self.codes.push(code);
    }

    pub fn finish(self) -> Values {
        Values::Text { codes: self.codes, labels: self.labels }
    }
}

/// A column while it is read.
enum Builder {
    Texts(Texts),
    Numbers {
        kind: Kind,
        values: Vec<f64>,
    },
    /// Numbers so far; the first cell that is none turns the column into text.
    Undecided(Vec<f64>),
}

impl Builder {
    fn new(kind: Option<Kind>) -> Self {
        match kind {
            None => Self::Undecided(Vec::new()),
            Some(Kind::Text) => Self::Texts(Texts::default()),
            Some(kind) => Self::Numbers { kind, values: Vec::new() },
        }
    }

    /// What a cell of this column that cannot be read is called.
    fn code(&self) -> &'static str {
        match self {
            Self::Numbers { kind, .. } => code(*kind),
            _ => "not-a-number",
        }
    }

    fn push(
        &mut self,
        text: &str,
        cell: Option<Field>,
        starts: &[usize],
        position: usize,
    ) -> Result<(), (&'static str, String)> {
        let plain = cell.filter(|f| !f.escaped).map(|f| &text[f.start..f.end]);
        let escaped = cell.filter(|f| f.escaped).map(|f| unescape(text, f));
        let cell = escaped.as_deref().or(plain).unwrap_or("");
        match self {
            Self::Texts(texts) => texts.push(cell),
            Self::Numbers { values, .. } if cell.is_empty() => values.push(f64::NAN),
            Self::Numbers { kind, values } => match typed(*kind, cell) {
                Ok(value) => values.push(value),
                Err(fault) => {
                    values.push(f64::NAN);
                    return Err(fault);
                }
            },
            Self::Undecided(values) if cell.is_empty() => values.push(f64::NAN),
            Self::Undecided(values) => match cell.parse::<f64>() {
                Ok(value) if value.is_finite() && !number::is_code(cell) => values.push(value),
                _ => *self = Self::Texts(again(text, starts, position)),
            },
        }
        Ok(())
    }

    fn finish(self) -> Values {
        match self {
            Self::Texts(texts) => texts.finish(),
            Self::Numbers { values, .. } | Self::Undecided(values) => Values::Number(values),
        }
    }
}

/// Reads one column of the rows so far as text.
fn again(text: &str, starts: &[usize], position: usize) -> Texts {
    let mut texts = Texts::default();
    let mut fields = Vec::new();
    for &start in starts {
        Scanner::from(text.as_bytes(), start).record(&mut fields);
        texts.push(&fields.get(position).map_or_else(String::new, |f| unescape(text, *f)));
    }
    texts
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
