//! What is asked of flows, row by row and of the sums they may enter.

use crate::case::Case;
use crate::guard;
use crate::hierarchy::Hierarchy;
use crate::problem::Problem;
use crate::table::{Table, Values, shown};

/// What names a row of flows once: contradicting rows differ in source, side or period.
const KEY: [&str; 12] = [
    "origin",
    "destination",
    "measure",
    "product",
    "year",
    "period",
    "unit",
    "bound",
    "scope",
    "side",
    "status",
    "source",
];

pub(super) fn check(case: &Case, table: &Table, problems: &mut Vec<Problem>) {
    let declared = |property: &str| case.resource("flows").and_then(|r| r[property].as_bool());
    super::columns::duplicates(table, &KEY, "flow", problems);
    if table.column("flow_id").is_some() {
        super::columns::duplicates(table, &["flow_id"], "flow_id", problems);
    }
    values(table, problems);
    if declared("emporion:domestic") != Some(true) {
        domestic(table, problems);
    }
    // A package that states that its rows are not to be added asks for no check of their sums.
    let additive = declared("emporion:additive");
    if additive != Some(false) {
        let rows: Vec<usize> = (0..table.rows()).collect();
        let total = ["source", "measure", "year", "period", "product", "side", "scope", "unit"];
        let ends = ["origin", "destination"];
        // Statistics print groups beside their members, and no total is taken over a file of them by
        // accident; each sum is still guarded against both.
        let parents = case.places().map_or_else(Hierarchy::default, Hierarchy::of_parents);
        guard::nested_both(table, &rows, ends, &total, &parents, problems);
        mixed(table, &rows, additive == Some(true), problems);
    }
}

/// Signs, empty values and units.
fn values(table: &Table, problems: &mut Vec<Problem>) {
    let Some(Values::Number(values)) = table.column("value").map(|c| &c.values) else { return };
    let unit = table.column("unit");
    if unit.is_none() {
        problems.push(
            Problem::new(
                "missing-unit",
                table.path(),
                "a column named unit",
                "add the column, or state the one unit in datapackage.json under \
                 emporion:constants, such as \"unit\": \"USD mn\"",
            )
            .at(1)
            .column("unit"),
        );
    }
    for (row, &value) in values.iter().enumerate() {
        if value < 0.0 && table.text("measure", row) != Some("balance") {
            let expected = "zero or more; only a balance may be negative";
            let remedy = "check the sign, or set measure to balance";
            problems.push(
                table
                    .problem("negative-value", row, "value", expected, remedy)
                    .value(table.text("value", row).unwrap_or("")),
            );
        }
        if value.is_nan() && table.text("growth_pct_yoy", row).is_none() {
            let expected = "a value, or at least a growth rate in growth_pct_yoy";
            let remedy = "fill in the value or delete the row; write 0 only where trade is known \
                          to be zero";
            problems.push(table.problem("missing-value", row, "value", expected, remedy));
        }
        if !value.is_nan() && unit.is_some_and(|unit| unit.values.is_missing(row)) {
            let expected = "a unit for the value, such as USD mn";
            problems.push(table.problem("missing-unit", row, "unit", expected, "write the unit"));
        }
    }
}

/// Flows of a place to itself, unless the package says that it has them.
fn domestic(table: &Table, problems: &mut Vec<Problem>) {
    for row in 0..table.rows() {
        let origin = table.text("origin", row);
        if origin.is_some() && origin == table.text("destination", row) {
            let expected = "a destination other than the origin";
            let remedy = "mend one of the two, or set \"emporion:domestic\": true on the resource \
                          flows when domestic flows are meant";
            problems.push(
                table
                    .problem("domestic-flow", row, "destination", expected, remedy)
                    .value(origin.unwrap_or("")),
            );
        }
    }
}

/// Units and sides that one sum would mix.
///
/// In a table that is declared additive, any two rows of one measure, product, period and scope
/// may meet in a sum; otherwise only rows that one source gives for one pair.
fn mixed(table: &Table, rows: &[usize], additive: bool, problems: &mut Vec<Problem>) {
    let total = ["measure", "year", "period", "product", "scope"];
    let pair = ["origin", "destination", "source", "status"];
    for (name, other, code) in [("unit", "side", "mixed-units"), ("side", "unit", "mixed-sides")] {
        let Some(column) = table.column(name) else { continue };
        let codes = guard::codes(&column.values, rows);
        if codes.iter().all(|&code| code == codes[0]) {
            continue;
        }
        let key = if additive { total.to_vec() } else { [&total[..], &pair, &[other]].concat() };
        let (totals, levels) = guard::combined(table, rows, &key);
        let mut first: Vec<Option<usize>> = vec![None; levels];
        let mut told = std::collections::HashSet::new();
        for (&row, &total) in rows.iter().zip(&totals) {
            // Without a value there is nothing to add.
            if table.number("value", row).is_none() {
                continue;
            }
            let Some(earlier) = first[total as usize] else {
                first[total as usize] = Some(row);
                continue;
            };
            if codes[row] != codes[earlier] && told.insert((total, codes[row])) {
                let expected = format!(
                    "{}, as on line {}, within one sum",
                    shown(&column.values, earlier),
                    table.line(earlier)
                );
                let remedy = format!(
                    "a sum over these rows would mix values of {name}: convert them, name the \
                     source of each, or set \"emporion:additive\": false on the resource when its \
                     rows are never added"
                );
                problems.push(
                    table
                        .problem(code, row, name, expected, remedy)
                        .value(shown(&column.values, row)),
                );
            }
        }
    }
}
