//! CSV text, plain or packed with gzip.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

use crate::encoding;
use crate::number;
use crate::problem::Problem;
use crate::read::{Request, Texts, code, typed};
use crate::scan::{Fault, Field, Scanner};
use crate::schema::Kind;
use crate::table::{Column, Lines, Origin, Raw, Table, Values, unescape};

/// More than this, unpacked, is not read into memory.
const MOST_BYTES: u64 = 4 << 30;

/// Reads a CSV file.
pub(crate) fn read(request: &Request, packed: bool) -> (Option<Table>, Vec<Problem>) {
    let path = request.path;
    let text = request
        .source
        .whole()
        .map_err(|error| Box::new(crate::format::unreadable(path, &error)))
        .and_then(|bytes| if packed { gunzip(path, &bytes).map(Cow::Owned) } else { Ok(bytes) })
        .and_then(|bytes| encoding::decode(path, bytes));
    match text {
        Ok(text) => read_text(request, text),
        Err(problem) => (None, vec![*problem]),
    }
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

/// Reads CSV text. The text itself is kept only where all columns are asked for.
fn read_text(request: &Request, all: Cow<str>) -> (Option<Table>, Vec<Problem>) {
    let (path, text) = (request.path, &*all);
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
    let wanted = request.positions(&header, &mut problems);
    let below = scanner.clone();
    let kind = |position: usize| request.schema.field(&header[position]).and_then(|f| f.kind);
    let mut builders: Vec<(usize, Builder)> =
        wanted.iter().map(|&position| (position, Builder::new(kind(position)))).collect();
    let keep = request.wanted.is_none();
    let mut starts = Vec::new();
    let mut lines = Lines::default();
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
        if keep {
            starts.push(record.start);
        }
        lines.push(record.line);
        for (position, builder) in &mut builders {
            let cell = fields.get(*position).copied();
            if let Err((expected, remedy)) = builder.push(text, cell, &below, *position) {
                let shown = cell.map_or_else(String::new, |f| unescape(text, f));
                problems.push(
                    Problem::new(builder.code(), path, expected, remedy)
                        .at(record.line)
                        .column(header[*position].as_str())
                        .value(shown),
                );
            }
        }
    }
    if lines.len() == 0 {
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
    let columns = builders
        .into_iter()
        .map(|(position, builder)| Column {
            name: header[position].clone(),
            values: builder.finish(text, &below, position),
        })
        .collect();
    let table = Table {
        name: request.name.to_owned(),
        path: path.to_owned(),
        identity: Arc::new(request.source.identity()),
        columns,
        origins: wanted.into_iter().map(Origin::File).collect(),
        lines,
        raw: keep.then(|| Raw { text: Arc::new(all.into_owned()), starts }),
        labels: Arc::default(),
    };
    (Some(table), problems)
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

/// A column while it is read.
enum Builder {
    Texts(Texts),
    Numbers {
        kind: Kind,
        values: Vec<f64>,
    },
    /// Numbers and marks of missing values so far; the first cell that is neither turns the column
    /// into text.
    Undecided {
        values: Vec<f64>,
        /// Whether a cell held a number.
        number: bool,
        /// Whether a cell held a mark: in a column without numbers it is a text.
        mark: bool,
    },
}

impl Builder {
    fn new(kind: Option<Kind>) -> Self {
        match kind {
            None => Self::Undecided { values: Vec::new(), number: false, mark: false },
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
        below: &Scanner,
        position: usize,
    ) -> Result<(), (&'static str, String)> {
        let plain = cell.filter(|f| !f.escaped).map(|f| &text[f.start..f.end]);
        let escaped = cell.filter(|f| f.escaped).map(|f| unescape(text, f));
        let cell = escaped.as_deref().or(plain).unwrap_or("");
        match self {
            Self::Texts(texts) => {
                texts.push(cell);
            }
            Self::Numbers { values, .. } if cell.is_empty() => values.push(f64::NAN),
            Self::Numbers { kind, values } => match typed(*kind, cell) {
                Ok(value) => values.push(value),
                Err(fault) => {
                    values.push(f64::NAN);
                    return Err(fault);
                }
            },
            Self::Undecided { values, .. } if cell.is_empty() => values.push(f64::NAN),
            Self::Undecided { values, number, mark } => match cell.parse::<f64>() {
                Ok(value) if value.is_finite() && !number::is_code(cell) => {
                    values.push(value);
                    *number = true;
                }
                _ if MARKS.contains(&cell) => {
                    values.push(f64::NAN);
                    *mark = true;
                }
                _ => *self = Self::Texts(again(text, below, values.len() + 1, position)),
            },
        }
        Ok(())
    }

    fn finish(self, text: &str, below: &Scanner, position: usize) -> Values {
        match self {
            Self::Texts(texts) => texts.finish(),
            Self::Undecided { values, number: false, mark: true } => {
                again(text, below, values.len(), position).finish()
            }
            Self::Numbers { values, .. } | Self::Undecided { values, .. } => Values::Number(values),
        }
    }
}

/// What R, pandas, Stata and SQL write for a missing number.
const MARKS: [&str; 6] = ["NA", "NaN", "nan", "null", "NULL", "."];

/// Reads one column of the first rows as text.
fn again(text: &str, below: &Scanner, rows: usize, position: usize) -> Texts {
    let mut texts = Texts::default();
    let mut fields = Vec::new();
    let mut scanner = below.clone();
    for _ in 0..rows {
        while scanner.record(&mut fields).is_some_and(|record| record.blank) {}
        texts.push(&fields.get(position).map_or_else(String::new, |f| unescape(text, *f)));
    }
    texts
}
