//! Choosing rows by what stands in their columns.

use crate::number;
use crate::problem::Report;
use crate::table::{Table, Values};

/// What a cell must be. An empty cell meets only [`Missing`](Self::Missing).
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Equal; in a number column the text is read as a number.
    Is(String),
    /// Not equal, and not empty.
    Not(String),
    /// Equal to one of these.
    OneOf(Vec<String>),
    /// A number from the first to the second, both included: years, mostly.
    Range(f64, f64),
    /// Not empty.
    Present,
    /// Empty.
    Missing,
}

impl Condition {
    /// Equal to a text.
    pub fn is(text: impl Into<String>) -> Self {
        Self::Is(text.into())
    }

    /// Equal to one of several texts.
    pub fn one_of<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::OneOf(texts.into_iter().map(Into::into).collect())
    }

    fn text(&self, cell: &str) -> bool {
        match self {
            Self::Is(text) => cell == text,
            Self::Not(text) => cell != text,
            Self::OneOf(texts) => texts.iter().any(|text| cell == text),
            Self::Range(from, to) => number::number(cell).is_ok_and(|v| v >= *from && v <= *to),
            Self::Present => true,
            Self::Missing => false,
        }
    }

    /// The condition with its texts read once as numbers; a text that is no number meets nothing.
    fn numbers(&self) -> impl Fn(f64) -> bool + '_ {
        let listed: Vec<f64> = match self {
            Self::Is(text) | Self::Not(text) => number::number(text).into_iter().collect(),
            Self::OneOf(texts) => texts.iter().filter_map(|t| number::number(t).ok()).collect(),
            _ => Vec::new(),
        };
        move |value| match self {
            Self::Is(_) | Self::OneOf(_) => listed.contains(&value),
            Self::Not(_) => !listed.contains(&value),
            Self::Range(from, to) => value >= *from && value <= *to,
            Self::Present => true,
            Self::Missing => false,
        }
    }
}

/// The positions of the rows that meet every condition, in file order.
///
/// # Errors
///
/// A column that does not exist, with the nearest names.
pub fn rows(table: &Table, conditions: &[(&str, Condition)]) -> Result<Vec<usize>, Report> {
    let mut kept: Vec<usize> = (0..table.rows()).collect();
    let mut problems = Vec::new();
    for (name, condition) in conditions {
        match table.wanted(name) {
            Err(problem) => problems.push(*problem),
            Ok(column) => match &column.values {
                Values::Text { codes, labels } => {
                    let met: Vec<bool> = labels.iter().map(|label| condition.text(label)).collect();
                    let empty = *condition == Condition::Missing;
                    kept.retain(|&row| met.get(codes[row] as usize).copied().unwrap_or(empty));
                }
                Values::Number(values) => {
                    let met = condition.numbers();
                    let empty = *condition == Condition::Missing;
                    kept.retain(|&row| if values[row].is_nan() { empty } else { met(values[row]) });
                }
            },
        }
    }
    Report::from(problems).or(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let text = "id,year,value\na,2020,1\nb,2021,\na,2022,3\n,2023,4\n";
        Table::from_bytes("t", "t.csv", text.as_bytes(), None).unwrap()
    }

    #[test]
    fn each_condition_by_hand() {
        let t = table();
        for (column, condition, expected) in [
            ("id", Condition::is("a"), vec![0, 2]),
            ("id", Condition::Not("a".into()), vec![1]),
            ("id", Condition::one_of(["a", "b"]), vec![0, 1, 2]),
            ("id", Condition::Missing, vec![3]),
            ("id", Condition::Present, vec![0, 1, 2]),
            ("year", Condition::is("2021"), vec![1]),
            ("year", Condition::Range(2021.0, 2022.0), vec![1, 2]),
            ("value", Condition::Missing, vec![1]),
            ("value", Condition::Present, vec![0, 2, 3]),
            ("value", Condition::Not("1".into()), vec![2, 3]),
            ("value", Condition::is("none"), vec![]),
        ] {
            assert_eq!(
                rows(&t, &[(column, condition.clone())]).unwrap(),
                expected,
                "{condition:?}"
            );
        }
        let both = [("id", Condition::is("a")), ("year", Condition::is("2022"))];
        assert_eq!(rows(&t, &both).unwrap(), [2]);
    }

    #[test]
    fn an_unknown_column_suggests_names() {
        let report = rows(&table(), &[("yaer", Condition::Present)]).unwrap_err();
        assert_eq!(report.problems[0].code, "unknown-column");
        assert!(report.problems[0].remedy.contains("year"), "{report}");
    }
}
