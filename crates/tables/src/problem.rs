//! What is wrong with a file, where, and how to mend it.

use std::fmt;

use serde::Serialize;

/// One fault in one place of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// Stable short name, such as `ragged-row`.
    pub code: &'static str,
    /// The file, as shown to readers.
    pub file: String,
    /// Line in the file from 1, where lines make sense.
    pub line: Option<u32>,
    /// Name of the column.
    pub column: Option<String>,
    /// What was found.
    pub value: Option<String>,
    /// What would have been right.
    pub expected: String,
    /// How to mend it.
    pub remedy: String,
}

impl Problem {
    /// A problem with a file as a whole; narrow it with [`at`](Self::at), [`column`](Self::column)
    /// and [`value`](Self::value).
    pub fn new(
        code: &'static str,
        file: impl Into<String>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            file: file.into(),
            line: None,
            column: None,
            value: None,
            expected: expected.into(),
            remedy: remedy.into(),
        }
    }

    /// Names the line, counted from 1.
    #[must_use]
    pub fn at(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Names the column.
    #[must_use]
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Names what was found; a long text is cut.
    #[must_use]
    pub fn value(mut self, value: impl AsRef<str>) -> Self {
        const LONGEST: usize = 120;
        let value = value.as_ref();
        self.value = Some(match value.char_indices().nth(LONGEST) {
            None => value.to_owned(),
            Some((end, _)) => format!("{}…", &value[..end]),
        });
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(value) = &self.value {
            write!(f, ": {value:?}")?;
        }
        write!(f, " [{}]\n  expected: {}\n  remedy: {}", self.code, self.expected, self.remedy)
    }
}

/// Every problem found in one run; empty means that nothing was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// The problems, in the order of the files and their lines.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Number of problems.
    #[must_use]
    pub fn len(&self) -> usize {
        self.problems.len()
    }

    /// The report when it has problems, the value otherwise.
    ///
    /// # Errors
    ///
    /// This report, when it is not empty.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Problem> for Report {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl From<Box<Problem>> for Report {
    fn from(problem: Box<Problem>) -> Self {
        Self { problems: vec![*problem] }
    }
}

impl From<Vec<Problem>> for Report {
    fn from(problems: Vec<Problem>) -> Self {
        Self { problems }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.problems.len();
        match n {
            0 => return write!(f, "no problems"),
            1 => write!(f, "1 problem")?,
            _ => write!(f, "{n} problems")?,
        }
        for (i, problem) in self.problems.iter().enumerate() {
            write!(f, "\n\n{}. {problem}", i + 1)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// The candidates nearest to a misspelt name, best first.
///
/// Case is ignored; a candidate counts as near when at most a third of the longer name's letters
/// must change, or when one name contains the other.
#[must_use]
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let distance = edit_distance(&wanted, &other);
            let longest = wanted.chars().count().max(other.chars().count());
            let contained = wanted.chars().count() > 2
                && !other.is_empty()
                && (other.contains(&wanted) || wanted.contains(&other));
            (contained || 3 * distance <= longest).then_some((distance, candidate))
        })
        .collect();
    near.sort();
    near.truncate(3);
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Letters to insert, delete, substitute, or swap with a neighbour, from one text to the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let mut least = (above[j] + usize::from(a[i] != b[j])).min(above[j + 1] + 1);
            least = least.min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// "did you mean `a` or `b`?" or, when nothing is near, the whole list.
pub(crate) fn suggest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = candidates.collect();
    let near = nearest(wanted, all.iter().copied());
    if near.is_empty() {
        format!("choose one of: {}", all.join(", "))
    } else {
        format!("did you mean {}?", near.join(" or "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_by_hand() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("valeu", "value"), 1);
        assert_eq!(edit_distance("abc", "abc"), 0);
    }

    #[test]
    fn nearest_names_come_first() {
        assert_eq!(nearest("distanse", ["origin", "distance", "dist_km"]), ["distance"]);
        assert_eq!(nearest("dist", ["origin", "dist_km"]), ["dist_km"]);
        assert!(nearest("zzz", ["origin"]).is_empty());
    }

    #[test]
    fn a_report_lists_place_and_remedy() {
        let problem = Problem::new("negative-value", "flows.csv", "zero or more", "check the sign")
            .at(3)
            .column("value")
            .value("-1");
        assert_eq!(
            Report::from(problem).to_string(),
            "1 problem\n\n1. flows.csv, line 3, column value: \"-1\" [negative-value]\n  \
             expected: zero or more\n  remedy: check the sign"
        );
    }
}
