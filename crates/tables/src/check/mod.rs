//! What `check` asks of a case whose files could be read.
//!
//! | file | asks |
//! | --- | --- |
//! | `columns.rs` | of any table: required cells, limits, keys, references, spaces around ids |
//! | `places.rs` | of places, pairs and ties: known ids, kinds, coordinates, signs, dates |
//! | `flows.rs` | of flows: signs, units, sources, and what would be counted twice or mixed in a sum |
//!
//! A cell that is wrong in many rows in the same way is one problem: it names the first line and
//! counts the others.

mod columns;
mod flows;
mod places;

use std::collections::HashSet;

use crate::case::{Case, PACKAGE};
use crate::problem::{Problem, Report};
use crate::table::{MISSING, Origin, Table, Values};

/// Every problem in the tables of a case, in the order of its resources and their lines.
pub(crate) fn check(case: &Case) -> Report {
    let mut problems = Vec::new();
    if case.places().is_none() && !case.unread.contains("places") {
        for name in ["flows", "pairs", "ties"] {
            if case.tables.contains_key(name) {
                problems.push(Problem::new(
                    "missing-resource",
                    PACKAGE,
                    "a resource named places",
                    format!("add places.csv with the columns id and kind: {name} refers to places"),
                ));
                break;
            }
        }
    }
    for (name, table) in &case.tables {
        columns::check(case, name, table, &mut problems);
    }
    if let Some(table) = case.places() {
        places::places(table, &mut problems);
    }
    if let Some(table) = case.pairs() {
        places::pairs(table, &mut problems);
    }
    if let Some(table) = case.ties() {
        places::ties(table, &mut problems);
    }
    for (name, columns) in [
        ("places", &["parent"][..]),
        ("flows", &["origin", "destination"]),
        ("pairs", &["origin", "destination"]),
        ("ties", &["party_a", "party_b"]),
    ] {
        if let (Some(table), Some(known)) = (case.tables.get(name), ids(case, "places")) {
            for column in columns {
                unknown(table, column, &known, "unknown-place", "places", &mut problems);
            }
        }
    }
    for (name, table) in &case.tables {
        sourced(case, name, table, &mut problems);
    }
    if let Some(table) = case.flows() {
        flows::check(case, table, &mut problems);
    }
    Report { problems: ordered(case, problems) }
}

/// Sorts problems by resource and line; problems of the package come first.
pub(crate) fn ordered(case: &Case, mut problems: Vec<Problem>) -> Vec<Problem> {
    let resources = case.package["resources"].as_array();
    let paths: Vec<&str> =
        resources.into_iter().flatten().filter_map(|r| r["path"].as_str()).collect();
    problems.sort_by_key(|p| {
        (paths.iter().position(|path| *path == p.file).map_or(0, |i| i + 1), p.line)
    });
    problems
}

/// The ids of a table; None when it is absent or could not be read, since every reference to it
/// would then look wrong.
fn ids<'a>(case: &'a Case, resource: &str) -> Option<HashSet<&'a str>> {
    let column = case.tables.get(resource)?.column("id")?;
    match &column.values {
        Values::Text { labels, .. } => Some(labels.iter().map(String::as_str).collect()),
        Values::Number(_) => None,
    }
}

/// The rows of each label, in file order, for the labels that a test picks.
fn rows_of<'a>(
    table: &'a Table,
    column: &str,
    wanted: impl Fn(&str) -> bool,
) -> Vec<(&'a str, Vec<usize>)> {
    let Some(Values::Text { codes, labels }) = table.column(column).map(|c| &c.values) else {
        return Vec::new();
    };
    let mut found: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut position = vec![usize::MAX; labels.len()];
    for (code, label) in labels.iter().enumerate() {
        if wanted(label) {
            position[code] = found.len();
            found.push((label, Vec::new()));
        }
    }
    if !found.is_empty() {
        for (row, &code) in codes.iter().enumerate() {
            if code != MISSING && position[code as usize] != usize::MAX {
                found[position[code as usize]].1.push(row);
            }
        }
    }
    found.retain(|(_, rows)| !rows.is_empty());
    found
}

/// A problem with a text that stands in several rows, or in `emporion:constants`.
fn labelled(
    table: &Table,
    code: &'static str,
    column: &str,
    (label, rows): &(&str, Vec<usize>),
    expected: impl Into<String>,
    remedy: impl Into<String>,
) -> Problem {
    const SHOWN: usize = 20;
    let position = table.columns().iter().position(|c| c.name == column);
    if let Some(Origin::Package(_)) = position.map(|i| &table.origins[i]) {
        return Problem::new(code, PACKAGE, expected, remedy)
            .column(format!("emporion:constants.{column}, resource {}", table.name()))
            .value(label);
    }
    let mut remedy = remedy.into();
    if rows.len() > 1 {
        let others = &rows[1..rows.len().min(SHOWN + 1)];
        let lines: Vec<String> = others.iter().map(|&row| table.line(row).to_string()).collect();
        remedy.push_str(&format!("; the same on line {}", lines.join(", ")));
        if rows.len() > SHOWN + 1 {
            remedy.push_str(&format!(" and {} more", rows.len() - SHOWN - 1));
        }
    }
    table.problem(code, rows[0], column, expected, remedy).value(label)
}

/// Refuses ids that do not occur in another table.
fn unknown(
    table: &Table,
    column: &str,
    known: &HashSet<&str>,
    code: &'static str,
    resource: &str,
    problems: &mut Vec<Problem>,
) {
    for found in rows_of(table, column, |label| !known.contains(label)) {
        let mut candidates: Vec<&str> = known.iter().copied().collect();
        candidates.sort_unstable();
        let near = crate::problem::nearest(found.0, candidates);
        let hint = if near.is_empty() {
            String::new()
        } else {
            format!(" (did you mean {}?)", near.join(" or "))
        };
        let remedy = format!("add a row {} to {resource}, or mend the id{hint}", found.0);
        let expected = format!("an id of the table {resource}");
        problems.push(labelled(table, code, column, &found, expected, remedy));
    }
}

/// Every row of flows, ties and pairs names its source, where the table has that column; flows
/// always do.
fn sourced(case: &Case, name: &str, table: &Table, problems: &mut Vec<Problem>) {
    if name == "sources" {
        return;
    }
    let Some(column) = table.column("source") else {
        if matches!(name, "flows" | "ties") {
            problems.push(
                Problem::new(
                    "missing-source",
                    table.path(),
                    "a column named source, with an id of the table sources in every row",
                    "add the column, or state the one source in datapackage.json under \
                     emporion:constants",
                )
                .at(1)
                .column("source"),
            );
        }
        return;
    };
    if matches!(name, "flows" | "ties") {
        for row in (0..table.rows()).filter(|&row| column.values.is_missing(row)) {
            problems.push(table.problem(
                "missing-source",
                row,
                "source",
                "the id of a source: a figure without one cannot be checked",
                "name the document in sources and write its id here",
            ));
        }
    }
    match ids(case, "sources") {
        Some(known) => unknown(table, "source", &known, "unknown-source", "sources", problems),
        None if case.sources().is_none() && !case.unread.contains("sources") => {
            let problem = Problem::new(
                "missing-source",
                PACKAGE,
                "a resource named sources",
                format!("add sources.csv with the columns id and title: {name} refers to it"),
            );
            if !problems.iter().any(|p| p.file == PACKAGE && p.expected == problem.expected) {
                problems.push(problem);
            }
        }
        None => {}
    }
}
