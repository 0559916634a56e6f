//! What is asked of places, pairs and ties.

use super::{labelled, rows_of};
use crate::hierarchy::Hierarchy;
use crate::problem::Problem;
use crate::table::{Column, Table, Values};

pub(super) fn places(table: &Table, problems: &mut Vec<Problem>) {
    let kinds = ["country", "region", "city", "group"];
    for found in rows_of(table, "kind", |kind| !kinds.contains(&kind)) {
        let expected = format!("one of: {}", kinds.join(", "));
        let remedy = crate::problem::suggest(found.0, kinds.into_iter());
        problems.push(labelled(table, "unknown-kind", "kind", &found, expected, remedy));
    }
    for column in table.columns() {
        let limit = match column.name.rsplit('_').next() {
            Some("lat") => 90.0,
            Some("lon") => 180.0,
            _ => continue,
        };
        coordinates(table, column, limit, problems);
    }
    paired(table, problems);
    for column in ["population", "seat_population", "area", "grp"] {
        negative(table, column, problems);
    }
    let hierarchy = Hierarchy::of(table);
    for row in 0..table.rows() {
        let Some(id) = table.text("id", row) else { continue };
        match table.text("parent", row) {
            Some(parent) if parent == id || hierarchy.lies_in(parent, id) => {
                let remedy = "name the place one level up, or leave the cell empty";
                let expected = "a parent that does not lie in the place itself";
                problems.push(
                    table.problem("circular-parent", row, "parent", expected, remedy).value(parent),
                );
            }
            None if table.text("kind", row) == Some("region") => {
                let expected = "the id of the country that the region lies in";
                let remedy = "fill in the parent, so that a total cannot count the region twice";
                problems.push(
                    table.problem("missing-parent", row, "parent", expected, remedy).value(id),
                );
            }
            _ => {}
        }
        for member in table.text("members", row).unwrap_or("").split_whitespace() {
            if !is_place(table, member) {
                let remedy = format!("add a row {member} to places, or mend the list");
                let expected = "ids of the table places, separated by spaces";
                problems.push(
                    table.problem("unknown-place", row, "members", expected, remedy).value(member),
                );
            }
        }
    }
}

fn is_place(table: &Table, id: &str) -> bool {
    match table.column("id").map(|c| &c.values) {
        Some(Values::Text { labels, .. }) => labels.iter().any(|label| label == id),
        _ => false,
    }
}

fn coordinates(table: &Table, column: &Column, limit: f64, problems: &mut Vec<Problem>) {
    let Values::Number(values) = &column.values else {
        if let Err(problem) = crate::sum::numbers(table, &column.name) {
            problems.push(*problem);
        }
        return;
    };
    for (row, value) in values.iter().enumerate().filter(|(_, v)| v.abs() > limit) {
        let expected = format!("degrees from -{limit} to {limit}");
        let remedy = "check the decimal point, and that latitude and longitude are not swapped";
        problems.push(
            table
                .problem("out-of-range", row, &column.name, expected, remedy)
                .value(value.to_string()),
        );
    }
}

/// A latitude without a longitude is a point on no map.
fn paired(table: &Table, problems: &mut Vec<Problem>) {
    for column in table.columns().iter().filter(|c| c.name.ends_with("lat")) {
        let other = format!("{}lon", &column.name[..column.name.len() - "lat".len()]);
        let Some(partner) = table.column(&other) else { continue };
        for row in 0..table.rows() {
            let (lat, lon) = (column.values.is_missing(row), partner.values.is_missing(row));
            if lat != lon {
                let empty = if lat { column.name.as_str() } else { other.as_str() };
                let expected = "both coordinates, or neither";
                let remedy = "fill in the cell, or empty the other one";
                problems.push(table.problem("missing-value", row, empty, expected, remedy));
            }
        }
    }
}

/// Refuses negative values in a column that counts or measures something.
fn negative(table: &Table, column: &str, problems: &mut Vec<Problem>) {
    let Some(Values::Number(values)) = table.column(column).map(|c| &c.values) else { return };
    for (row, value) in values.iter().enumerate().filter(|(_, v)| **v < 0.0) {
        let remedy = "check the sign";
        problems.push(
            table
                .problem("negative-value", row, column, "zero or more", remedy)
                .value(value.to_string()),
        );
    }
}

pub(super) fn pairs(table: &Table, problems: &mut Vec<Problem>) {
    super::columns::duplicates(table, &["origin", "destination", "year"], "pair", problems);
    for column in table.columns().iter().filter(|c| c.name.starts_with("dist")) {
        match &column.values {
            Values::Number(_) => negative(table, &column.name, problems),
            Values::Text { .. } => {
                problems.extend(crate::sum::numbers(table, &column.name).err().map(|p| *p));
            }
        }
    }
}

pub(super) fn ties(table: &Table, problems: &mut Vec<Problem>) {
    negative(table, "count", problems);
    for column in ["start", "end"] {
        for found in rows_of(table, column, |text| !is_date(text)) {
            let expected = "a date as 2023, 2023-05 or 2023-05-27";
            let remedy = "write year, month and day with hyphens; put remarks into note";
            problems.push(labelled(table, "not-a-date", column, &found, expected, remedy));
        }
    }
    for row in 0..table.rows() {
        let (Some(start), Some(end)) = (table.text("start", row), table.text("end", row)) else {
            continue;
        };
        // Dates of different precision are compared as far as both go.
        let common = start.len().min(end.len());
        if is_date(start) && is_date(end) && end[..common] < start[..common] {
            let expected = format!("a date not before the start, {start}");
            let remedy = "check which of the two dates is wrong";
            problems
                .push(table.problem("end-before-start", row, "end", expected, remedy).value(end));
        }
    }
}

/// Whether a text is a year, a month or a day.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let within = |part: &str, length: usize, most: u32| {
        part.len() == length
            && part.bytes().all(|b| b.is_ascii_digit())
            && part.parse::<u32>().is_ok_and(|n| n >= 1 && n <= most)
    };
    match parts[..] {
        [y] => within(y, 4, 9999),
        [y, m] => within(y, 4, 9999) && within(m, 2, 12),
        [y, m, d] => within(y, 4, 9999) && within(m, 2, 12) && within(d, 2, 31),
        _ => false,
    }
}
