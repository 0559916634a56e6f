//! Which rows of a case's files changed since an earlier build.

use std::collections::{BTreeMap, BTreeSet};

use emporion_tables::{Case, Table};

use crate::cell::{MORE, lines};
use crate::json::{Document, Fingerprint, row_hash};

/// Changes listed for one number; beyond it they are counted.
const LISTED: usize = 12;

/// Changed rows of a file up to which each is paired with the earlier row it resembles most.
const PAIRED: usize = 500;

/// Columns and texts of a row, empty cells left out.
type Texts = Vec<(String, String)>;

/// What happened to the files of a case.
#[derive(Debug)]
pub struct Changes {
    files: BTreeMap<String, File>,
    /// Files that changed and whose rows no earlier number rested on.
    opaque: Vec<String>,
}

/// What happened to the rows of one file. A row that only moved to another line did not change.
#[derive(Debug, Default)]
struct File {
    /// Lines of the present file whose row the earlier one did not have, with what to say.
    fresh: BTreeMap<u32, String>,
    /// Lines of the earlier file whose row the present one does not have, with what to say.
    lost: BTreeMap<u32, String>,
}

impl Changes {
    /// Compares the files of a case with the fingerprints in an earlier brief.
    ///
    /// # Errors
    ///
    /// When a fingerprint is damaged.
    pub fn new(old: &Document, case: &Case) -> Result<Self, String> {
        let mut changes = Self { files: BTreeMap::new(), opaque: Vec::new() };
        for before in &old.files {
            let hashes = before.hashes()?;
            match case.tables.values().find(|table| table.path() == before.file) {
                Some(table) if table.digest() == Some(&before.digest) => {}
                Some(table) if !hashes.is_empty() => {
                    let file = File::new(before, &hashes, table, &texts(old, &before.file));
                    changes.files.insert(before.file.clone(), file);
                }
                Some(_) => changes.opaque.push(format!("{} changed", before.file)),
                None => changes.opaque.push(format!("{} is gone", before.file)),
            }
        }
        let known = |table: &&Table| !old.files.iter().any(|file| file.file == table.path());
        let new = case.tables.values().filter(known);
        changes.opaque.extend(new.map(|table| format!("{} is new", table.path())));
        Ok(changes)
    }

    /// Changes among the rows on these lines of the earlier and of the present file.
    #[must_use]
    pub fn between(&self, file: &str, before: &str, now: &str) -> Vec<String> {
        let Some(file) = self.files.get(file) else { return Vec::new() };
        // Where the lines are not told one by one, every row of the file may have moved the number.
        let pick = |changed: &BTreeMap<u32, String>, told: &str| -> Vec<String> {
            if told.contains(MORE) {
                return changed.values().cloned().collect();
            }
            let told: BTreeSet<u32> = lines(told).collect();
            changed.iter().filter(|(line, _)| told.contains(line)).map(|(_, t)| t.clone()).collect()
        };
        let mut out = pick(&file.fresh, now);
        // A changed row stands under its present and under its earlier line.
        let told: BTreeSet<String> = out.iter().cloned().collect();
        out.extend(pick(&file.lost, before).into_iter().filter(|text| !told.contains(text)));
        let more = out.len().saturating_sub(LISTED);
        out.truncate(LISTED);
        if more > 0 {
            out.push(format!("and {more} more changed rows"));
        }
        out
    }

    /// Changes of files that stand in no trace: the last resort of an explanation.
    #[must_use]
    pub fn elsewhere(&self) -> Vec<String> {
        let inside = self.files.iter().filter(|(_, f)| !f.fresh.is_empty() || !f.lost.is_empty());
        let mut out: Vec<String> = inside.map(|(name, _)| format!("{name} changed")).collect();
        out.extend(self.opaque.iter().cloned());
        out
    }
}

/// The rows of a file that the earlier brief holds word for word, by line.
fn texts<'a>(old: &'a Document, file: &str) -> BTreeMap<u32, &'a Texts> {
    let sets = old.cells.values().flat_map(|cell| &cell.rows).filter(|set| set.file == file);
    sets.flat_map(|set| &set.rows).map(|row| (row.line, &row.cells)).collect()
}

impl File {
    fn new(
        before: &Fingerprint,
        hashes: &[(u32, u32)],
        table: &Table,
        texts: &BTreeMap<u32, &Texts>,
    ) -> Self {
        let name = &before.file;
        let now: Vec<(usize, u32)> =
            (0..table.rows()).map(|row| (row, row_hash(table, row))).collect();
        let lost = without(hashes, &now);
        let fresh = without(&now, hashes);
        let mut file = Self::default();
        let mut free: BTreeSet<u32> = lost.iter().copied().collect();
        // Without the earlier texts a changed row cannot be told from a new one.
        let sure = lost.iter().all(|line| texts.contains_key(line));
        for (position, &row) in fresh.iter().enumerate() {
            let (line, cells) = (table.line(row), filled(table, row));
            // One changed row in one place of the file needs no text to be recognised.
            let alone = fresh.len() == 1 && lost.len() == 1 && position == 0;
            let twin = match fresh.len() <= PAIRED {
                true => twin(&cells, line, &free, texts),
                false => None,
            };
            let twin = twin.or_else(|| lost.first().copied().filter(|_| alone));
            let text = match twin {
                Some(earlier) => {
                    free.remove(&earlier);
                    let moved = match earlier == line {
                        true => String::new(),
                        false => format!(" (line {earlier} before)"),
                    };
                    let what = texts.get(&earlier).map_or_else(
                        || format!("changed, and is now {}", words(&cells)),
                        |old| difference(old, &cells),
                    );
                    let text = format!("{name} line {line}{moved}: {what}");
                    file.lost.insert(earlier, text.clone());
                    text
                }
                None => {
                    let what = if sure { "is new" } else { "is new or changed" };
                    format!("{name} line {line} {what}: {}", words(&cells))
                }
            };
            file.fresh.insert(line, text);
        }
        for line in free {
            let what = match texts.get(&line) {
                Some(old) => format!("is gone: {}", words(old)),
                None => "is gone or changed".to_owned(),
            };
            file.lost.insert(line, format!("{name} line {line} of before {what}"));
        }
        file
    }
}

/// The keys whose hash occurs more often here than there: of equal rows, the last.
fn without<K: Copy, L>(here: &[(K, u32)], there: &[(L, u32)]) -> Vec<K> {
    let mut left: BTreeMap<u32, usize> = BTreeMap::new();
    for (_, hash) in there {
        *left.entry(*hash).or_default() += 1;
    }
    let mut out = Vec::new();
    for (key, hash) in here {
        match left.get_mut(hash) {
            Some(count) if *count > 0 => *count -= 1,
            _ => out.push(*key),
        }
    }
    out
}

/// The earlier row that a changed row was: the one with the fewest differing cells, if at most half
/// of its cells differ and its id is the same; of two alike, the nearest line.
fn twin(
    cells: &Texts,
    line: u32,
    free: &BTreeSet<u32>,
    texts: &BTreeMap<u32, &Texts>,
) -> Option<u32> {
    let id = |cells: &Texts| {
        cells.iter().find(|(name, _)| name == "flow_id" || name == "id").map(|(_, t)| t.clone())
    };
    free.iter()
        .filter_map(|earlier| Some((*earlier, *texts.get(earlier)?)))
        .filter(|(_, old)| id(old) == id(cells))
        .map(|(earlier, old)| (differing(old, cells).len(), earlier.abs_diff(line), earlier))
        .filter(|(different, ..)| 2 * different <= cells.len())
        .min()
        .map(|(.., earlier)| earlier)
}

/// Columns whose text differs, with both texts.
fn differing<'a>(old: &'a Texts, new: &'a Texts) -> Vec<(&'a str, &'a str, &'a str)> {
    let text = |cells: &'a Texts, name: &str| -> &'a str {
        cells.iter().find(|(column, _)| column == name).map_or("", |(_, text)| text)
    };
    let names: BTreeSet<&str> = old.iter().chain(new).map(|(name, _)| name.as_str()).collect();
    let all = names.into_iter().map(|name| (name, text(old, name), text(new, name)));
    all.filter(|(_, before, now)| before != now).collect()
}

/// `value 100 → 120; note (empty) → revised`.
fn difference(old: &Texts, new: &Texts) -> String {
    let shown = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() };
    let all: Vec<String> = differing(old, new)
        .into_iter()
        .map(|(name, before, now)| format!("{name} {} \u{2192} {}", shown(before), shown(now)))
        .collect();
    all.join("; ")
}

fn filled(table: &Table, row: usize) -> Texts {
    table.row_text(row).into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// `origin BLR, value 100`.
fn words(cells: &Texts) -> String {
    let all: Vec<String> = cells.iter().map(|(name, text)| format!("{name} {text}")).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_rows_only_the_surplus_is_new() {
        assert_eq!(without(&[(2, 7), (3, 7), (4, 8)], &[(2, 7)]), [3, 4]);
        assert_eq!(without(&[(2, 7)], &[(2, 7), (3, 7)]), [0; 0]);
    }

    #[test]
    fn a_difference_names_column_and_both_texts() {
        let row = |cells: &[(&str, &str)]| -> Texts {
            cells.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let (old, new) =
            (row(&[("a", "1"), ("b", "x")]), row(&[("a", "2"), ("b", "x"), ("c", "y")]));
        assert_eq!(difference(&old, &new), "a 1 \u{2192} 2; c (empty) \u{2192} y");
    }
}
