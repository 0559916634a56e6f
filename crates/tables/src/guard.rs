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

/// Dense ids of the combinations of columns, in order of first appearance, and their number;
/// columns that the table does not have are left out.
pub(crate) fn combined(table: &Table, rows: &[usize], columns: &[&str]) -> (Vec<u32>, usize) {
    let mut ids: Vec<u32> = vec![0; rows.len()];
    let mut levels = 1;
    for column in columns.iter().filter_map(|name| table.column(name)) {
        let codes = codes(&column.values, rows);
        if codes.iter().all(|&code| code == codes[0]) {
            continue;
        }
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        let mut last = None;
        for (id, code) in ids.iter_mut().zip(codes) {
            let pair = (*id, code);
            // Neighbouring rows often agree; looking back is cheaper than hashing.
            *id = match last {
                Some((previous, id)) if previous == pair => id,
                _ => {
                    let next = known.len() as u32;
                    *known.entry(pair).or_insert(next)
                }
            };
            last = Some((pair, *id));
        }
        levels = known.len();
    }
    (ids, levels)
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
    // Without naming columns a row is only itself.
    let (ids, levels) = if cell.iter().any(|name| table.column(name).is_some()) {
        combined(table, rows, cell)
    } else {
        (rows.iter().map(|&row| row as u32).collect(), table.rows())
    };
    let mut first = vec![None; levels];
    for (&id, &row) in ids.iter().zip(rows) {
        let Some(earlier) = first[id as usize] else {
            first[id as usize] = Some(row);
            continue;
        };
        let column = cell.first().copied().unwrap_or("value");
        let remedy = format!(
            "line {} gives a value for the same {}: select one source, or one of the two rows",
            table.line(earlier),
            cell.join(", ")
        );
        problems.push(
            table
                .problem("counted-twice", row, column, "each cell once within one total", remedy)
                .value(labels(table, cell, row)),
        );
    }
}

/// What stands in these columns of a row.
pub(crate) fn labels(table: &Table, columns: &[&str], row: usize) -> String {
    let cells = columns.iter().filter_map(|name| table.column(name));
    cells.map(|c| shown(&c.values, row)).collect::<Vec<_>>().join(", ")
}

/// Refuses a place beside a place that contains it, where both stand in the same total.
///
/// `column` names the places, `total` numbers the total of each row: its partner, and whatever
/// else separates totals.
pub(crate) fn nested(
    table: &Table,
    rows: &[usize],
    column: &str,
    total: &[u32],
    hierarchy: &Hierarchy,
    problems: &mut Vec<Problem>,
) {
    let Some(Values::Text { codes: own, labels }) = table.column(column).map(|c| &c.values) else {
        return;
    };
    let present: HashSet<u32> =
        rows.iter().map(|&row| own[row]).filter(|&code| code != MISSING).collect();
    // Containers that are present themselves, by code, looked up once for each place.
    let number: HashMap<&str, u32> =
        present.iter().map(|&code| (labels[code as usize].as_str(), code)).collect();
    let outer: HashMap<u32, Vec<u32>> = number
        .iter()
        .map(|(place, &code)| {
            let within = hierarchy.containers(place);
            let present: Vec<u32> =
                within.iter().filter_map(|place| number.get(place).copied()).collect();
            (code, present)
        })
        .filter(|(_, within)| !within.is_empty())
        .collect();
    if outer.is_empty() {
        return;
    }
    let mut first: HashMap<(u32, u32), usize> = HashMap::new();
    for (&row, &total) in rows.iter().zip(total) {
        first.entry((own[row], total)).or_insert(row);
    }
    let mut told = HashSet::new();
    for (&row, &total) in rows.iter().zip(total) {
        for &container in outer.get(&own[row]).into_iter().flatten() {
            let Some(&beside) = first.get(&(container, total)) else { continue };
            if !told.insert((own[row], container, total)) {
                continue;
            }
            let (place, whole) = (&labels[own[row] as usize], &labels[container as usize]);
            let remedy = format!(
                "line {} gives {whole}, which contains {place}: adding both counts it twice; keep \
                 one of the two in the total",
                table.line(beside)
            );
            let expected = "either a place or its parts within one total";
            problems.push(
                table.problem("region-beside-country", row, column, expected, remedy).value(place),
            );
        }
    }
}

/// [`nested`] for both ends of a flow, within each partner and each `other` combination.
pub(crate) fn nested_both(
    table: &Table,
    rows: &[usize],
    ends: [&str; 2],
    other: &[&str],
    hierarchy: &Hierarchy,
    problems: &mut Vec<Problem>,
) {
    for (own, partner) in [(ends[0], ends[1]), (ends[1], ends[0])] {
        let (total, _) = combined(table, rows, &[&[partner], other].concat());
        nested(table, rows, own, &total, hierarchy, problems);
    }
}
