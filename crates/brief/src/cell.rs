//! One number of a report and everything that stands behind it.
//!
//! A [`Cell`] is made when a brief asks for a number and never changed after. Its id depends on
//! what was asked, not on the answer, so that the same question has the same id in every build.

use std::collections::BTreeMap;

use emporion_tables::{case::Case, table::Table};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Rows kept word for word in a trace; of more rows, the first few show what they look like and the
/// lines stand for the rest.
const ROWS_IN_FULL: usize = 12;

/// Rows shown of a set too large to be kept.
const ROWS_AS_SAMPLE: usize = 2;

/// Ranges of lines told in full; beyond it, the selection in the computation says which rows.
const RANGES_IN_FULL: usize = 40;

/// Stands for ranges of lines that are not told.
pub const MORE: char = '\u{2026}';

/// What kind of statement a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stands in a row, as its source printed it.
    Reported,
    /// Stands in a row that was itself computed from other figures.
    Derived,
    /// Computed exactly from rows: sums, shares, counts.
    Computed,
    /// A statistical estimate, with its interval.
    Estimated,
    /// The outcome of a model: a counterfactual, not an observation.
    Simulated,
    /// The outcome of a search, with its proven gap.
    Optimised,
    /// Chosen by the author or the reader, not measured.
    Assumed,
}

impl Status {
    /// The word shown to a reader.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Derived => "derived in the source row",
            Self::Computed => "computed from rows",
            Self::Estimated => "estimated",
            Self::Simulated => "simulated (a counterfactual)",
            Self::Optimised => "optimised",
            Self::Assumed => "assumed, not measured",
        }
    }
}

/// An interval that belongs to an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end, in the unit of the value.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How it was obtained, with its level.
    pub method: String,
}

/// How a number came about: the verb, its options, and the version that ran it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Computation {
    /// `row`, `sum`, `calc`, `estimate`, ...
    pub verb: String,
    /// Every option that decides the answer.
    pub options: BTreeMap<String, String>,
    /// One line a reader can follow.
    pub text: String,
    /// Version of the program.
    pub version: String,
}

/// The rows of one table behind a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowSet {
    /// File as shown to readers.
    pub file: String,
    /// How many rows.
    pub count: usize,
    /// Their lines in the file, as ranges: `2, 5-9`.
    pub lines: String,
    /// The rows word for word: all of them, or the first few of many.
    pub rows: Vec<RowText>,
}

/// One row word for word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowText {
    /// Line in the file, from 1.
    pub line: u32,
    /// Column and text; empty cells are left out.
    pub cells: Vec<(String, String)>,
}

/// A number and its trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Stable id: verb and a hash of the question.
    pub id: String,
    /// What the number is, in words.
    pub label: String,
    /// The number; none when the rows do not hold it.
    pub value: Option<f64>,
    /// Unit with scale and prices, such as `USD mn`.
    pub unit: String,
    /// `=`, `~`, `>`, `<`, ... as the source printed it.
    pub bound: String,
    /// Period, such as `2022` or `2022 Jan-Sep`.
    pub period: String,
    /// Whose books.
    pub side: String,
    /// What is counted.
    pub scope: String,
    /// What kind of statement.
    pub status: Status,
    /// Interval of an estimate.
    pub interval: Option<Interval>,
    /// How it was computed.
    pub computation: Computation,
    /// Rows behind it.
    pub rows: Vec<RowSet>,
    /// Ids of the numbers it was computed from.
    pub inputs: Vec<String>,
    /// Ids of the sources.
    pub sources: Vec<String>,
    /// Licences of the rows.
    pub licences: Vec<String>,
    /// What a reader must know: assumptions, rows left out.
    pub notes: Vec<String>,
}

impl Cell {
    /// A number with nothing behind it yet; the caller fills the fields that apply.
    #[must_use]
    pub fn new(
        verb: &str,
        options: BTreeMap<String, String>,
        label: impl Into<String>,
        value: Option<f64>,
    ) -> Self {
        let question: Vec<String> = options.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let question = question.join("\n");
        Self {
            id: format!("{verb}-{}", &hex(question.as_bytes())[..8]),
            label: label.into(),
            value,
            unit: String::new(),
            bound: "=".into(),
            period: String::new(),
            side: String::new(),
            scope: String::new(),
            status: Status::Computed,
            interval: None,
            computation: Computation {
                verb: verb.into(),
                options,
                text: String::new(),
                version: env!("CARGO_PKG_VERSION").into(),
            },
            rows: Vec::new(),
            inputs: Vec::new(),
            sources: Vec::new(),
            licences: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds rows of a table with their sources and licences.
    #[must_use]
    pub fn with_rows(self, case: &Case, table: &Table, rows: &[usize]) -> Self {
        self.with_ground(&Ground::default().and(case, table, rows))
    }

    /// Adds rows that several numbers share.
    #[must_use]
    pub fn with_ground(mut self, ground: &Ground) -> Self {
        self.rows.extend(ground.rows.iter().cloned());
        for source in &ground.sources {
            push_new(&mut self.sources, source);
        }
        for licence in &ground.licences {
            push_new(&mut self.licences, licence);
        }
        self
    }

    /// Adds the numbers this one was computed from; their sources and licences follow them.
    #[must_use]
    pub fn with_inputs<'a>(mut self, inputs: impl IntoIterator<Item = &'a Cell>) -> Self {
        for input in inputs {
            push_new(&mut self.inputs, &input.id);
            for source in &input.sources {
                push_new(&mut self.sources, source);
            }
            for licence in &input.licences {
                push_new(&mut self.licences, licence);
            }
        }
        self
    }

    /// The same number, not known when it is not finite: a quotient by zero is no figure, and JSON
    /// has no way to write one.
    #[must_use]
    pub fn settled(mut self) -> Self {
        if self.value.is_some_and(|value| !value.is_finite()) {
            self.value = None;
            self.notes.push("the computation gives no finite number".into());
        }
        if self.interval.as_ref().is_some_and(|i| !(i.low.is_finite() && i.high.is_finite())) {
            self.interval = None;
            self.notes.push("its interval has no finite ends".into());
        }
        self
    }

    /// Whether two numbers with one id are the same answer to the same question.
    #[must_use]
    pub fn same_answer(&self, other: &Self) -> bool {
        self.computation.options == other.computation.options
            && self.value == other.value
            && self.unit == other.unit
            && self.inputs == other.inputs
            && self.rows == other.rows
    }
}

/// Rows of tables with their sources and licences: what one or many numbers stand on.
#[derive(Debug, Clone, Default)]
pub struct Ground {
    rows: Vec<RowSet>,
    sources: Vec<String>,
    licences: Vec<String>,
}

impl Ground {
    /// The same ground and rows of one table more.
    #[must_use]
    pub fn and(mut self, case: &Case, table: &Table, rows: &[usize]) -> Self {
        self.rows.push(row_set(table, rows));
        let mut last = None;
        for &row in rows {
            let source = table.text("source", row);
            if source != last {
                last = source;
                source.into_iter().for_each(|source| push_new(&mut self.sources, source));
            }
        }
        for licence in case.licences_of(table.name()) {
            push_new(&mut self.licences, &licence);
        }
        self
    }
}

/// Adds a text to a list unless it is there.
pub fn push_new(list: &mut Vec<String>, text: &str) {
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

/// SHA-256 as hexadecimal text.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Describes rows of a table: how many, which lines, their text.
#[must_use]
pub fn row_set(table: &Table, rows: &[usize]) -> RowSet {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    let kept = if rows.len() <= ROWS_IN_FULL { rows.len() } else { ROWS_AS_SAMPLE };
    RowSet {
        file: table.path().to_owned(),
        count: rows.len(),
        lines: short(&ranges(rows.iter().map(|&row| table.line(row)))),
        rows: rows
            .iter()
            .take(kept)
            .map(|&row| RowText {
                line: table.line(row),
                cells: table.row_text(row).into_iter().filter(|(_, t)| !t.is_empty()).collect(),
            })
            .collect(),
    }
}

/// The spans of ascending lines: 2 to 2 and 5 to 9 for 2, 5, 6, 7, 8, 9.
#[must_use]
pub fn ranges(lines: impl Iterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for line in lines {
        match spans.last_mut() {
            Some((_, end)) if *end == line || *end + 1 == line => *end = line,
            _ => spans.push((line, line)),
        }
    }
    spans
}

/// Spans as text: `2, 5-9`.
#[must_use]
pub fn told(spans: &[(u32, u32)]) -> String {
    let texts: Vec<String> = spans
        .iter()
        .map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") })
        .collect();
    texts.join(", ")
}

/// The lines of `2, 5-9`; what is no number is left out.
pub fn lines(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split(", ").filter_map(span).flat_map(|(a, b)| a..=b)
}

/// How many lines `2, 5-9` names.
#[must_use]
pub fn lines_told(text: &str) -> u64 {
    text.split(", ")
        .filter_map(span)
        .map(|(a, b)| (u64::from(b) + 1).saturating_sub(a.into()))
        .sum()
}

fn span(text: &str) -> Option<(u32, u32)> {
    let (a, b) = text.split_once('-').unwrap_or((text, text));
    Some((a.parse().ok()?, b.parse().ok()?))
}

/// The first spans as text, and where the last one ends.
fn short(spans: &[(u32, u32)]) -> String {
    match spans {
        [first @ .., (_, last)] if first.len() >= RANGES_IN_FULL => {
            format!("{}, {MORE} to {last}", told(&spans[..RANGES_IN_FULL]))
        }
        _ => told(spans),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_as_ranges() {
        let of = |lines: &[u32]| told(&ranges(lines.iter().copied()));
        assert_eq!(of(&[2, 5, 6, 7, 9]), "2, 5-7, 9");
        assert_eq!(of(&[3, 3, 4]), "3-4");
        assert_eq!(of(&[]), "");
    }

    #[test]
    fn ranges_are_read_back() {
        assert_eq!(lines("2, 5-7, 9").collect::<Vec<_>>(), [2, 5, 6, 7, 9]);
        assert_eq!(lines("").count(), 0);
    }

    #[test]
    fn many_ranges_are_cut() {
        let spans: Vec<(u32, u32)> = (1..=41).map(|i| (2 * i, 2 * i)).collect();
        assert!(short(&spans).ends_with(", 80, \u{2026} to 82"), "{}", short(&spans));
        assert!(short(&spans[..40]).ends_with(", 78, 80"), "{}", short(&spans[..40]));
    }

    #[test]
    fn a_number_that_is_not_finite_is_not_known() {
        let mut cell = Cell::new("calc", BTreeMap::new(), "a", Some(f64::INFINITY));
        cell.interval = Some(Interval { low: f64::NAN, high: 1.0, method: String::new() });
        let cell = cell.settled();
        assert_eq!((cell.value, cell.interval, cell.notes.len()), (None, None, 2));
    }

    #[test]
    fn the_id_depends_on_the_question_alone() {
        let options = BTreeMap::from([("origin".to_owned(), "BLR".to_owned())]);
        let one = Cell::new("sum", options.clone(), "a", Some(1.0));
        let two = Cell::new("sum", options, "b", Some(2.0));
        assert_eq!(one.id, two.id);
    }
}
