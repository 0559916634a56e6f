//! What moved since an earlier build, and which rows, options or version moved it.

use std::collections::{BTreeMap, BTreeSet};

use emporion_tables::Case;
use serde::Serialize;

use crate::cell::{Cell, MORE};
use crate::json::{Document, Fingerprint, row_hash};
use crate::number;

/// A number that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// Its id.
    pub id: String,
    /// What it is.
    pub label: String,
    /// Value in the earlier brief; none when it had none or did not exist.
    pub was: Option<f64>,
    /// Value now.
    pub is: Option<f64>,
    /// `moved`, `new` or `gone`.
    pub kind: &'static str,
    /// What moved it: rows with their text, options, version, or other numbers.
    pub because: Vec<String>,
}

/// A difference of two builds of a brief.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Numbers that moved, in the order of the page.
    pub moved: Vec<Moved>,
    /// Numbers that stayed.
    pub unchanged: usize,
}

/// Relative difference below which a number counts as unmoved: printing and reading 64-bit numbers
/// as JSON is exact, so anything above is a real change.
const SAME: f64 = 0.0;

/// Compares a brief with an earlier one of the same case.
///
/// # Errors
///
/// When the earlier file is of another case or format, or damaged.
pub fn compare(old: &Document, new: &Document, case: &Case) -> Result<Difference, String> {
    if old.case != new.case {
        return Err(format!(
            "the earlier brief is of case {:?}, this one of {:?}",
            old.case, new.case
        ));
    }
    let rows = RowChanges::new(&old.files, case)?;
    let ids: Vec<&String> =
        new.shown.iter().chain(old.shown.iter().filter(|id| !new.shown.contains(id))).collect();
    let mut difference = Difference { moved: Vec::new(), unchanged: 0 };
    for id in ids {
        let (was, is) = (old.cells.get(id), new.cells.get(id));
        let shown_now = new.shown.contains(id);
        let moved = match (was, is) {
            (Some(was), Some(is)) if shown_now => {
                if same(was.value, is.value) {
                    difference.unchanged += 1;
                    continue;
                }
                let because = reasons(was, is, old, new, &rows, &mut BTreeSet::new());
                Moved {
                    id: id.clone(),
                    label: is.label.clone(),
                    was: was.value,
                    is: is.value,
                    kind: "moved",
                    because,
                }
            }
            (None, Some(is)) => Moved {
                id: id.clone(),
                label: is.label.clone(),
                was: None,
                is: is.value,
                kind: "new",
                because: vec![format!("the brief asks for it now: {}", is.computation.text)],
            },
            (Some(was), _) => Moved {
                id: id.clone(),
                label: was.label.clone(),
                was: was.value,
                is: None,
                kind: "gone",
                because: vec!["the brief no longer asks for it, or its row is gone".into()],
            },
            (None, None) => continue,
        };
        difference.moved.push(moved);
    }
    Ok(difference)
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME * a.abs(),
        (None, None) => true,
        _ => false,
    }
}

/// Why a number moved, through its inputs down to rows.
fn reasons(
    was: &Cell,
    is: &Cell,
    old: &Document,
    new: &Document,
    rows: &RowChanges,
    seen: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut because = Vec::new();
    if !seen.insert(is.id.clone()) {
        return because;
    }
    for (name, value) in &is.computation.options {
        if was.computation.options.get(name) != Some(value) {
            because.push(format!("option {name} is now {value}"));
        }
    }
    if was.computation.version != is.computation.version {
        because.push(format!(
            "version {} \u{2192} {}",
            was.computation.version, is.computation.version
        ));
    }
    for set in &is.rows {
        let before = was.rows.iter().find(|s| s.file == set.file).map_or("", |s| s.lines.as_str());
        because.extend(rows.between(&set.file, before, &set.lines));
    }
    for input in &is.inputs {
        if let (Some(a), Some(b)) = (old.cells.get(input), new.cells.get(input)) {
            if !same(a.value, b.value) {
                because.push(format!(
                    "{}: {} \u{2192} {}",
                    b.label,
                    shown(a.value),
                    shown(b.value)
                ));
                because.extend(reasons(a, b, old, new, rows, seen));
            }
        } else {
            because.push(format!("{input} is a new input"));
        }
    }
    because
}

fn shown(value: Option<f64>) -> String {
    value.map_or("not known".into(), |value| number::plain(value, None))
}

/// Rows of each file before and now.
struct RowChanges {
    files: BTreeMap<String, Rows>,
}

struct Rows {
    /// Hash of the row on each line, in the earlier build (lines counted as in the present file).
    before: Vec<u32>,
    /// Line, hash and text of each row now.
    now: Vec<(u32, u32, String)>,
    first_line: u32,
}

impl RowChanges {
    fn new(old: &[Fingerprint], case: &Case) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        for fingerprint in old {
            let Some(table) = case.tables.values().find(|t| t.path() == fingerprint.file) else {
                continue;
            };
            if table.digest() == fingerprint.digest {
                continue;
            }
            let now = (0..table.rows())
                .map(|row| {
                    let cells: Vec<String> =
                        table.row_text(row).into_iter().map(|(_, text)| text).collect();
                    (table.line(row), row_hash(table, row), cells.join(","))
                })
                .collect();
            let first_line = if table.rows() > 0 { table.line(0) } else { 2 };
            files.insert(
                fingerprint.file.clone(),
                Rows { before: fingerprint.hashes()?, now, first_line },
            );
        }
        Ok(Self { files })
    }

    /// Rows among the lines of now that no line of before held, and the other way round.
    fn between(&self, file: &str, before: &str, now: &str) -> Vec<String> {
        const LISTED: usize = 12;
        let Some(rows) = self.files.get(file) else { return Vec::new() };
        // Where the lines are not told one by one, every row of the file may have moved the number.
        let all = before.contains(MORE) || now.contains(MORE);
        let held =
            |line: &u32| rows.before.get(line.checked_sub(rows.first_line)? as usize).copied();
        let before: BTreeSet<u32> = if all {
            (rows.first_line..rows.first_line + rows.before.len() as u32).collect()
        } else {
            lines(before).collect()
        };
        let old: BTreeSet<u32> = before.iter().filter_map(held).collect();
        let wanted: BTreeSet<u32> = lines(now).collect();
        let here: Vec<&(u32, u32, String)> =
            rows.now.iter().filter(|(line, ..)| all || wanted.contains(line)).collect();
        let present: BTreeSet<u32> = here.iter().map(|(_, hash, _)| *hash).collect();
        let mut out: Vec<String> = here
            .iter()
            .filter(|(_, hash, _)| !old.contains(hash))
            .map(|(line, _, text)| format!("{file} line {line} is new or changed: {text}"))
            .collect();
        let gone = before.iter().filter_map(held).filter(|hash| !present.contains(hash)).count();
        let changed = out.len();
        if changed > LISTED {
            out.truncate(LISTED);
            out.push(format!("and {} more rows of {file}", changed - LISTED));
        }
        if gone > 0 {
            out.push(format!("{gone} row(s) that {file} held before are changed or gone"));
        }
        out
    }
}

/// The lines of `2, 5-9`.
fn lines(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.split(", ").filter(|part| !part.is_empty()).flat_map(|part| {
        let (a, b) = part.split_once('-').unwrap_or((part, part));
        a.parse().unwrap_or(0)..=b.parse().unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_back() {
        assert_eq!(lines("2, 5-7, 9").collect::<Vec<_>>(), [2, 5, 6, 7, 9]);
        assert_eq!(lines("").count(), 0);
    }
}
