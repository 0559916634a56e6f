//! What holds for any table: its schema's constraints, its keys, its references.

use std::collections::HashSet;

use super::{labelled, rows_of};
use crate::case::{Case, PACKAGE};
use crate::guard;
use crate::problem::Problem;
use crate::schema::{FieldSchema, ForeignKey};
use crate::table::{Table, Values, shown};

/// Columns whose texts name or group something, so that a space around one makes another.
const NAMING: [&str; 16] = [
    "id",
    "origin",
    "destination",
    "parent",
    "kind",
    "party_a",
    "party_b",
    "source",
    "unit",
    "side",
    "scope",
    "measure",
    "product",
    "period",
    "status",
    "bound",
];

pub(super) fn check(case: &Case, name: &str, table: &Table, problems: &mut Vec<Problem>) {
    for column in NAMING {
        for found in rows_of(table, column, |label| label.trim() != label) {
            let remedy = format!("write {} and remove the spaces", found.0.trim());
            let expected = "a text without spaces before or after it";
            problems.push(labelled(table, "spaces", column, &found, expected, remedy));
        }
    }
    let Some(schema) = case.schemas.get(name) else { return };
    for field in &schema.fields {
        if table.column(&field.name).is_some() {
            constraints(table, field, problems);
        }
    }
    if !schema.primary_key.is_empty() {
        let key: Vec<&str> = schema.primary_key.iter().map(String::as_str).collect();
        duplicates(table, &key, "primary key", problems);
    }
    for key in &schema.foreign_keys {
        references(case, table, key, problems);
    }
}

fn constraints(table: &Table, field: &FieldSchema, problems: &mut Vec<Problem>) {
    let Some(column) = table.column(&field.name) else { return };
    if field.required {
        for row in (0..table.rows()).filter(|&row| column.values.is_missing(row)) {
            let remedy = "fill in the cell or delete the row";
            let expected = "a value in every row";
            problems.push(table.problem("missing-value", row, &field.name, expected, remedy));
        }
    }
    if field.unique {
        duplicates(table, &[&field.name], "unique column", problems);
    }
    if !field.allowed.is_empty() {
        let allowed: HashSet<&str> = field.allowed.iter().map(String::as_str).collect();
        for found in rows_of(table, &field.name, |label| !allowed.contains(label)) {
            let expected = format!("one of: {}", field.allowed.join(", "));
            let remedy = crate::problem::suggest(found.0, field.allowed.iter().map(String::as_str));
            problems.push(labelled(table, "not-allowed", &field.name, &found, expected, remedy));
        }
        if let Values::Number(values) = &column.values {
            let allowed: Vec<f64> = field.allowed.iter().filter_map(|a| a.parse().ok()).collect();
            for row in
                (0..values.len()).filter(|&r| !values[r].is_nan() && !allowed.contains(&values[r]))
            {
                let expected = format!("one of: {}", field.allowed.join(", "));
                let remedy = "mend the cell, or the enum in datapackage.json";
                problems.push(
                    table
                        .problem("not-allowed", row, &field.name, expected, remedy)
                        .value(values[row].to_string()),
                );
            }
        }
    }
    let Values::Number(values) = &column.values else { return };
    let (least, most) = (field.minimum, field.maximum);
    for (row, &value) in values.iter().enumerate() {
        let (code, expected) = match (least, most) {
            // NaN, a missing cell, is neither below nor above.
            (Some(least), _) if value < least => {
                let code = if least == 0.0 { "negative-value" } else { "out-of-range" };
                (code, format!("{least} or more"))
            }
            (_, Some(most)) if value > most => ("out-of-range", format!("{most} or less")),
            _ => continue,
        };
        let remedy = "mend the value, or the constraint in datapackage.json";
        let problem = table.problem(code, row, &field.name, expected, remedy);
        problems.push(problem.value(shown(&column.values, row)));
    }
}

/// Refuses rows that agree in every column of a key; rows with an empty key are told elsewhere.
pub(super) fn duplicates(table: &Table, key: &[&str], what: &str, problems: &mut Vec<Problem>) {
    let rows: Vec<usize> = (0..table.rows()).collect();
    if let [only] = key
        && table.column(only).is_none()
    {
        return;
    }
    let empty = |row: usize| {
        key.iter().filter_map(|n| table.column(n)).all(|column| column.values.is_missing(row))
    };
    let (ids, levels) = guard::combined(table, &rows, key);
    let mut first = vec![None; levels];
    for (row, &id) in ids.iter().enumerate() {
        if empty(row) {
            continue;
        }
        let Some(earlier) = first[id as usize] else {
            first[id as usize] = Some(row);
            continue;
        };
        let remedy = format!(
            "line {} has the same {}: delete one row, or mend the cell in which they differ",
            table.line(earlier),
            key.join(", ")
        );
        let expected = format!("each {what} once");
        problems.push(
            table
                .problem("duplicate-key", row, key[0], expected, remedy)
                .value(guard::labels(table, key, row)),
        );
    }
}

/// Refuses cells that a declared foreign key does not find.
fn references(case: &Case, table: &Table, key: &ForeignKey, problems: &mut Vec<Problem>) {
    let target = if key.resource.is_empty() { table.name() } else { &key.resource };
    if case.unread.contains(target) {
        return;
    }
    let (Some(other), [field], [reference]) =
        (case.tables.get(target), &key.fields[..], &key.reference[..])
    else {
        problems.push(
            Problem::new(
                "bad-resource",
                PACKAGE,
                "a foreign key of one column to one column of a resource in the package",
                format!("mend the foreignKeys of resource {}", table.name()),
            )
            .column("foreignKeys")
            .value(format!(
                "{} -> {target}.{}",
                key.fields.join(", "),
                key.reference.join(", ")
            )),
        );
        return;
    };
    let Some(column) = other.column(reference) else { return };
    let known: HashSet<String> = (0..other.rows()).map(|r| shown(&column.values, r)).collect();
    // The references of the core tables are asked of every case, declared or not: once is enough.
    let core = match target {
        "places" => {
            matches!(field.as_str(), "origin" | "destination" | "parent" | "party_a" | "party_b")
        }
        "sources" => field == "source",
        _ => false,
    };
    if core && ["places", "flows", "pairs", "ties"].contains(&table.name()) {
        return;
    }
    for found in rows_of(table, field, |label| !known.contains(label)) {
        let expected = format!("a value of {reference} in the table {target}");
        let remedy = format!("add the row to {target}, or mend the cell");
        problems.push(labelled(table, "unknown-reference", field, &found, expected, remedy));
    }
}
