//! What may stand in one total: one unit, one side, one scope, nothing twice.

use std::collections::{HashMap, HashSet};

use crate::hierarchy::Hierarchy;
use crate::problem::Problem;
use crate::table::{MISSING, Table, Values, shown};

/// Columns that must not vary within one total, and what a reader should do when one does.
pub(crate) const UNIFORM: [(&str, &str, &str); 6] = [
    ("unit", "mixed-units", "convert the values to one unit first, or select one unit"),
    ("side", "mixed-sides", "select the rows of one reporting side; the two sides' books differ"),
    ("scope", "mixed-scopes", "select the rows of one scope, such as goods"),
    ("measure", "mixed-measures", "select the rows of one measure, such as flow"),
    ("period", "mixed-periods", "select the rows of one period, such as Y for whole years"),
    ("year", "mixed-years", "select one year, sum by year, or allow several years in one total"),
];

/// Dense codes of a column's cells for the given rows; empty cells are [`MISSING`].
pub(crate) fn codes(values: &Values, rows: &[usize]) -> Vec<u32> {
    match values {
        Values::Text { codes, .. } => rows.iter().map(|&row| codes[row]).collect(),
        Values::Number(values) => {
            let mut known: HashMap<u64, u32> = HashMap::new();
            let mut last = (f64::NAN, MISSING);
            let mut code = |value: f64| {
                if value.is_nan() {
                    return MISSING;
                }
                if value != last.0 {
                    // -0 and 0 are one value.
                    let next = known.len() as u32;
                    last = (value, *known.entry((value + 0.0).to_bits()).or_insert(next));
                }
                last.1
            };
            rows.iter().map(|&row| code(values[row])).collect()
        }
    }
}

/// Refuses rows that differ in a column that must be one within a total.
pub(crate) fn uniform(
    table: &Table,
    rows: &[usize],
    across_years: bool,
    problems: &mut Vec<Problem>,
) {
    for (name, code, remedy) in UNIFORM {
        if across_years && name == "year" {
            continue;
        }
        let Some(column) = table.column(name) else { continue };
        let cells = codes(&column.values, rows);
        let Some(other) = cells.iter().position(|&c| c != cells[0]) else { continue };
        let distinct: HashSet<u32> = cells.iter().copied().collect();
        let first = match shown(&column.values, rows[0]) {
            text if text.is_empty() => "(empty)".to_owned(),
            text => text,
        };
        problems.push(
            table
                .problem(
                    code,
                    rows[other],
                    name,
                    format!("{first}, as on line {}", table.line(rows[0])),
                    format!("{} values of {name} in one total: {remedy}", distinct.len()),
                )
                .value(shown(&column.values, rows[other])),
        );
    }
}

/// Refuses two rows for one cell, where a cell is named by these columns.
pub(crate) fn once(table: &Table, rows: &[usize], cell: &[&str], problems: &mut Vec<Problem>) {
    let columns: Vec<Vec<u32>> = cell
        .iter()
        .filter_map(|name| table.column(name))
        .map(|column| codes(&column.values, rows))
        .collect();
    let mut first: HashMap<Vec<u32>, usize> = HashMap::with_capacity(rows.len());
    for (i, &row) in rows.iter().enumerate() {
        // Without naming columns a row is only itself, and cannot be there twice.
        let mut key: Vec<u32> = columns.iter().map(|column| column[i]).collect();
        if columns.is_empty() {
            key.push(row as u32);
        }
        if let Some(&earlier) = first.get(&key) {
            problems.push(
                table
                    .problem(
                        "counted-twice",
                        row,
                        cell.first().copied().unwrap_or("value"),
                        "each cell once within one total",
                        format!(
                            "line {} gives a value for the same {}: select one source, or one of \
                             the two rows",
                            table.line(earlier),
                            cell.join(", ")
                        ),
                    )
                    .value(
                        cell.iter().map(|c| label(table, c, row)).collect::<Vec<_>>().join(", "),
                    ),
            );
        } else {
            first.insert(key, row);
        }
    }
}

fn label(table: &Table, column: &str, row: usize) -> String {
    table.column(column).map_or_else(String::new, |c| shown(&c.values, row))
}

/// Refuses a place beside a place that contains it, on the side of `column`, for one partner.
pub(crate) fn nested(
    table: &Table,
    rows: &[usize],
    column: &str,
    partner: &str,
    hierarchy: &Hierarchy,
    problems: &mut Vec<Problem>,
) {
    let Some(Values::Text { codes: own, labels }) = table.column(column).map(|c| &c.values) else {
        return;
    };
    let partners = table.column(partner).map(|c| codes(&c.values, rows));
    let mut first: HashMap<(u32, u32), usize> = HashMap::new();
    let mut present: HashSet<u32> = HashSet::new();
    for (i, &row) in rows.iter().enumerate() {
        let other = partners.as_ref().map_or(0, |p| p[i]);
        first.entry((own[row], other)).or_insert(row);
        present.insert(own[row]);
    }
    // Containers by code, looked up once for each place that is present.
    let number: HashMap<&str, u32> = present
        .iter()
        .filter(|&&code| code != MISSING)
        .map(|&code| (labels[code as usize].as_str(), code))
        .collect();
    let outer: HashMap<u32, Vec<u32>> = number
        .iter()
        .map(|(place, &code)| {
            let within = hierarchy.containers(place);
            (code, within.iter().filter_map(|place| number.get(place).copied()).collect())
        })
        .collect();
    let mut told = HashSet::new();
    for (i, &row) in rows.iter().enumerate() {
        let other = partners.as_ref().map_or(0, |p| p[i]);
        for &container in outer.get(&own[row]).into_iter().flatten() {
            let Some(&beside) = first.get(&(container, other)) else { continue };
            if told.insert((own[row], container, other)) {
                problems.push(
                    table
                        .problem(
                            "region-beside-country",
                            row,
                            column,
                            "either a place or its parts within one total",
                            format!(
                                "line {} gives {}, which contains {}: adding both counts it twice; \
                                 keep one of the two in the total",
                                table.line(beside),
                                labels[container as usize],
                                labels[own[row] as usize]
                            ),
                        )
                        .value(&labels[own[row] as usize]),
                );
            }
        }
    }
}
