//! What moved since an earlier build, and which rows, options or version moved it.

use std::collections::{BTreeMap, BTreeSet};

use emporion_tables::Case;
use serde::Serialize;

use crate::cell::Cell;
use crate::changes::Changes;
use crate::json::{Document, FORMAT};
use crate::number;

/// A number that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// Its id now; the earlier id when it is gone.
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
    /// Numbers that moved, in the order of the page; those that are gone follow.
    pub moved: Vec<Moved>,
    /// Numbers that stayed.
    pub unchanged: usize,
}

/// Compares a brief with an earlier one of the same case.
///
/// # Assumptions
///
/// Numbers are compared exactly: 64-bit numbers survive JSON, so any difference is a change. A
/// number has moved when its value or its interval has. A number asked for with other options has
/// another id; it is compared with the earlier number of the same verb and label whose options
/// differ least.
///
/// # Errors
///
/// When the earlier file is of another case or format, or damaged.
pub fn compare(old: &Document, new: &Document, case: &Case) -> Result<Difference, String> {
    if old.format != FORMAT {
        return Err(format!("the earlier brief has the format {:?}, not {FORMAT:?}", old.format));
    }
    if old.case != new.case {
        return Err(format!(
            "the earlier brief is of case {:?}, this one of {:?}",
            old.case, new.case
        ));
    }
    let builds = Builds { old, new, earlier: earlier(old, new), changes: Changes::new(old, case)? };
    let mut difference = Difference { moved: Vec::new(), unchanged: 0 };
    for is in new.shown.iter().filter_map(|id| new.cells.get(id)) {
        let (kind, was, because) = match builds.before(&is.id) {
            Some(was) if same(was, is) => {
                difference.unchanged += 1;
                continue;
            }
            Some(was) => ("moved", was.value, builds.why_moved(was, is)),
            None => ("new", None, builds.why_new(is)),
        };
        difference.moved.push(Moved {
            id: is.id.clone(),
            label: is.label.clone(),
            was,
            is: is.value,
            kind,
            because,
        });
    }
    let continued: BTreeSet<&str> =
        new.shown.iter().filter_map(|id| builds.earlier.get(id.as_str()).copied()).collect();
    for was in old.shown.iter().filter(|id| !continued.contains(id.as_str())) {
        let Some(was) = old.cells.get(was) else { continue };
        difference.moved.push(Moved {
            id: was.id.clone(),
            label: was.label.clone(),
            was: was.value,
            is: None,
            kind: "gone",
            because: builds.why_gone(was),
        });
    }
    Ok(difference)
}

fn same(a: &Cell, b: &Cell) -> bool {
    a.value == b.value
        && match (&a.interval, &b.interval) {
            (Some(a), Some(b)) => (a.low, a.high) == (b.low, b.high),
            (None, None) => true,
            _ => false,
        }
}

/// The earlier id of each number: its own, or that of the same number asked with other options.
fn earlier<'a>(old: &'a Document, new: &'a Document) -> BTreeMap<&'a str, &'a str> {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    // A row is told by its key: another key is another row, not another option.
    let open = |cells: &'a Document, others: &'a Document| {
        cells
            .cells
            .values()
            .filter(|cell| !others.cells.contains_key(&cell.id) && cell.computation.verb != "row")
            .map(AsRef::as_ref)
    };
    let mut left: BTreeMap<(&str, &str), Vec<&Cell>> = BTreeMap::new();
    for cell in open(old, new) {
        left.entry((&cell.computation.verb, &cell.label)).or_default().push(cell);
    }
    for cell in new.cells.values() {
        if let Some((id, _)) = old.cells.get_key_value(&cell.id) {
            found.insert(&cell.id, id);
        }
    }
    for cell in open(new, old) {
        let Some(candidates) = left.get_mut(&(&*cell.computation.verb, &*cell.label)) else {
            continue;
        };
        let nearest = (0..candidates.len()).min_by_key(|&i| changed(candidates[i], cell).count());
        if let Some(nearest) = nearest {
            found.insert(&cell.id, &candidates.swap_remove(nearest).id);
        }
    }
    found
}

/// Options that differ: name, earlier and present text.
fn changed<'a>(
    was: &'a Cell,
    is: &'a Cell,
) -> impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a str>)> {
    let (before, now) = (&was.computation.options, &is.computation.options);
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names.into_iter().filter_map(|name| {
        let (a, b) = (before.get(name), now.get(name));
        (a != b).then_some((name.as_str(), a.map(String::as_str), b.map(String::as_str)))
    })
}

/// Two builds and what links them.
struct Builds<'a> {
    old: &'a Document,
    new: &'a Document,
    earlier: BTreeMap<&'a str, &'a str>,
    changes: Changes,
}

impl Builds<'_> {
    fn before(&self, id: &str) -> Option<&Cell> {
        self.old.cells.get(*self.earlier.get(id)?).map(AsRef::as_ref)
    }

    fn why_moved(&self, was: &Cell, is: &Cell) -> Vec<String> {
        let mut because = Vec::new();
        self.reasons(was, is, &mut BTreeSet::new(), &mut because);
        if because.is_empty() {
            because = self.changes.elsewhere();
        }
        if because.is_empty() {
            because.push(format!(
                "computed otherwise: {} \u{2192} {}",
                was.computation.text, is.computation.text
            ));
        }
        because
    }

    /// Options, version, rows and inputs, down to the rows.
    fn reasons(
        &self,
        was: &Cell,
        is: &Cell,
        seen: &mut BTreeSet<String>,
        because: &mut Vec<String>,
    ) {
        if !seen.insert(is.id.clone()) {
            return;
        }
        let mut tell = |text: String| crate::cell::push_new(because, &text);
        for (name, before, now) in changed(was, is) {
            // Ids of inputs are told below, by their labels.
            if ![before, now].into_iter().flatten().any(|text| self.is_ids(text)) {
                let text = |option: Option<&str>| option.unwrap_or("not set").to_owned();
                tell(format!("option {name}: {} \u{2192} {}", text(before), text(now)));
            }
        }
        let (a, b) = (&was.computation.version, &is.computation.version);
        if a != b {
            tell(format!("version {a} \u{2192} {b}"));
        }
        if was.computation.verb == "assume" && was.value != is.value {
            tell(format!("brief.md assumes {} \u{2192} {}", shown(was.value), shown(is.value)));
        }
        for set in &is.rows {
            let before = was.rows.iter().find(|s| s.file == set.file).map_or("", |s| &s.lines);
            self.changes.between(&set.file, before, &set.lines).into_iter().for_each(&mut tell);
        }
        let mut kept = BTreeSet::new();
        for input in is.inputs.iter().filter_map(|id| self.new.cells.get(id)) {
            match self.before(&input.id) {
                Some(before) if was.inputs.contains(&before.id) => {
                    kept.insert(&before.id);
                    if !same(before, input) {
                        let values = [before, input].map(|cell| shown(cell.value));
                        crate::cell::push_new(
                            because,
                            &format!("{}: {}", input.label, values.join(" \u{2192} ")),
                        );
                        self.reasons(before, input, seen, because);
                    }
                }
                _ => {
                    because.push(format!(
                        "{} = {} is a new input",
                        input.label,
                        shown(input.value)
                    ));
                    because.extend(self.fresh_rows(input));
                }
            }
        }
        for input in was.inputs.iter().filter(|id| !kept.contains(id)) {
            if let Some(input) = self.old.cells.get(input) {
                because.push(format!("{} = {} is no input now", input.label, shown(input.value)));
                because.extend(self.lost_rows(input));
            }
        }
    }

    fn why_new(&self, is: &Cell) -> Vec<String> {
        let mut because = self.fresh_rows(is);
        if because.is_empty() {
            because.push(format!("the brief asks for it now: {}", is.computation.text));
        }
        because
    }

    fn why_gone(&self, was: &Cell) -> Vec<String> {
        let mut because = self.lost_rows(was);
        if because.is_empty() {
            because.push("the brief no longer shows it".into());
        }
        because
    }

    /// Rows behind a number that the earlier build did not have.
    fn fresh_rows(&self, is: &Cell) -> Vec<String> {
        is.rows.iter().flat_map(|set| self.changes.between(&set.file, "", &set.lines)).collect()
    }

    /// Rows behind an earlier number that are no more.
    fn lost_rows(&self, was: &Cell) -> Vec<String> {
        was.rows.iter().flat_map(|set| self.changes.between(&set.file, &set.lines, "")).collect()
    }

    /// Whether a text is one or more ids of numbers.
    fn is_ids(&self, text: &str) -> bool {
        let mut words = text.split(' ').peekable();
        words.peek().is_some()
            && words.all(|id| self.old.cells.contains_key(id) || self.new.cells.contains_key(id))
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or("not known".into(), |value| number::plain(value, None))
}
