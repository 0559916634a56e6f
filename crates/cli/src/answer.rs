//! What a verb found: rows with units, a summary, advice. How it is printed is in [`render`].
//!
//! [`render`]: crate::render

use emporion_model::outcome::Note;
use serde_json::{Map, Value};

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number; one that is not finite counts as missing.
    Number(f64),
    /// Not known.
    Missing,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        // A sum of nothing is -0.
        if value.is_finite() { Self::Number(value + 0.0) } else { Self::Missing }
    }
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Number(value as f64)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// How the numbers of a column are shown to people. JSON and CSV have all digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Words.
    Text,
    /// Words for programs: left out of what people read.
    Hidden,
    /// A sign such as `~` or `>` that stands before the number of the next column.
    Bound,
    /// This many decimals, thousands grouped.
    Decimals(usize),
    /// As many decimals as make the largest of the column about five digits long.
    Fitting,
    /// Six digits, whatever the size: for columns that hold numbers of different kinds.
    SixDigits,
    /// Six digits, with a power of ten where the number is small or large.
    Scientific,
    /// A count.
    Whole,
    /// A year: no grouping.
    Year,
    /// A probability: four decimals, or `<0.0001`.
    Probability,
    /// A residual: one digit and the power of ten.
    Power,
}

/// A column of a table, or a number of the summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Key in JSON, header in CSV.
    pub key: String,
    /// Heading for people.
    pub title: String,
    /// Unit; empty for words and pure numbers.
    pub unit: String,
    /// How it is shown.
    pub show: Show,
    /// A column that holds only this is left out of what people read.
    pub dull: Option<Cell>,
}

impl Column {
    /// A column of words.
    pub fn text(key: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            title: title.into(),
            unit: String::new(),
            show: Show::Text,
            dull: None,
        }
    }

    /// How exact the number of the next column is.
    pub fn bound() -> Self {
        Self { show: Show::Bound, ..Self::text("bound", "") }
    }

    /// A column of numbers.
    pub fn number(
        key: impl Into<String>,
        title: impl Into<String>,
        unit: impl Into<String>,
        show: Show,
    ) -> Self {
        Self { unit: unit.into(), show, ..Self::text(key, title) }
    }

    /// Leaves the column out for people when every cell is this.
    pub fn unless_all(mut self, dull: impl Into<Cell>) -> Self {
        self.dull = Some(dull.into());
        self
    }
}

/// A table of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Key in JSON; the main table is `rows`.
    pub name: &'static str,
    /// Heading for people.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// One cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Whether it is for programs only: in JSON and CSV.
    pub for_programs: bool,
    /// Whether people see every row, also of a table beside the main one.
    pub whole: bool,
}

impl Part {
    /// A table without rows yet.
    pub fn new(name: &'static str, title: impl Into<String>, columns: Vec<Column>) -> Self {
        let title = title.into();
        Self { name, title, columns, rows: Vec::new(), for_programs: false, whole: false }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "table {}", self.name);
        self.rows.push(row);
    }

    /// Keeps the first rows only, and says how many were left out.
    pub fn keep_top(&mut self, top: Option<usize>) -> Option<Advice> {
        let top = top.filter(|&top| top < self.rows.len())?;
        let left_out = self.rows.len() - top;
        self.rows.truncate(top);
        let message = format!("{left_out} further rows are left out by --top {top}");
        Some(Advice::new("left_out_by_top", message, left_out))
    }
}

/// A remark that travels with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Stable short name.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// How many rows, columns or places it is about.
    pub count: usize,
    /// Whether the tables and lines that people read say the same.
    pub said: bool,
}

impl Advice {
    /// A remark.
    pub fn new(code: impl Into<String>, message: impl Into<String>, count: usize) -> Self {
        Self { code: code.into(), message: message.into(), count, said: false }
    }
}

impl From<&Note> for Advice {
    fn from(note: &Note) -> Self {
        Self::new(note.code, note.message.clone(), note.count)
    }
}

/// The answer of a verb.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// The verb, which names the JSON format: `emporion-<verb>/1`.
    pub verb: &'static str,
    /// Heading for people.
    pub title: String,
    /// Which data, with its digest.
    pub data: Value,
    /// Every option that decides the answer.
    pub options: Map<String, Value>,
    /// What the figures are of: unit, period, side, scope, sources, licences.
    pub context: Vec<(&'static str, Vec<String>)>,
    /// The main table first.
    pub parts: Vec<Part>,
    /// Single numbers and words.
    pub summary: Vec<(Column, Cell)>,
    /// Remarks.
    pub notes: Vec<Advice>,
    /// A solution with its proof, by position: for programs that check it again.
    pub solution: Option<Value>,
}

impl Answer {
    /// An answer without content yet.
    pub fn new(verb: &'static str, title: impl Into<String>, data: Value) -> Self {
        Self { verb, title: title.into(), data, ..Self::default() }
    }

    /// Records an option.
    pub fn option(&mut self, name: &str, value: impl Into<Value>) {
        self.options.insert(name.to_owned(), value.into());
    }

    /// Records what the figures are of; empty lists are left out.
    pub fn context(&mut self, name: &'static str, values: Vec<String>) {
        if !values.is_empty() {
            self.context.push((name, values));
        }
    }

    /// Adds words to the summary.
    pub fn say(&mut self, key: &str, label: &str, words: impl Into<Cell>) {
        self.summary.push((Column::text(key, label), words.into()));
    }

    /// Adds a number to the summary.
    pub fn count(
        &mut self,
        key: &str,
        label: &str,
        unit: &str,
        show: Show,
        value: impl Into<Cell>,
    ) {
        self.summary.push((Column::number(key, label, unit, show), value.into()));
    }

    /// Adds a number that people are not told of when it is not known.
    pub fn count_if_known(&mut self, column: Column, value: impl Into<Cell>) {
        self.summary.push((column.unless_all(Cell::Missing), value.into()));
    }

    /// Adds a count that people are not told of when it is zero.
    pub fn count_if_any(&mut self, key: &str, label: &str, value: usize) {
        let column = Column::number(key, label, "", Show::Whole).unless_all(0_usize);
        self.summary.push((column, value.into()));
    }

    /// Adds a remark.
    pub fn note(&mut self, advice: impl Into<Advice>) {
        self.notes.push(advice.into());
    }
}
