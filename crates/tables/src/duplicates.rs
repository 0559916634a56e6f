//! Rows that stand twice for one flow.

use std::collections::HashMap;

use crate::formula::Formula;
use crate::guard;
use crate::levels;
use crate::problem::Problem;
use crate::rows::Rows;
use crate::table::{Column, Table, Values};

/// What to do with several rows for one origin, destination and year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Refuse them, naming the lines: they are mostly a join gone wrong.
    #[default]
    Refuse,
    /// Keep each as an observation of its own.
    Keep,
    /// Make one row of them, with the sum of the outcome's columns.
    Sum,
}

/// Columns that name a cell of trade, as far as a table has them.
const CELL: [&str; 12] = [
    "origin",
    "destination",
    "exporter",
    "importer",
    "year",
    "product",
    "sector",
    "industry",
    "period",
    "month",
    "quarter",
    "measure",
];

/// Columns that say where a value is from, not what it is of.
const REMARKS: [&str; 4] = ["source", "note", "status", "bound"];

/// The columns that tell two rows of a table of flows apart, the likeliest first; None for a table
/// without origin and destination (or exporter and importer).
///
/// These are [`CELL`], the other columns of texts but for remarks, and the columns that the formula
/// groups by.
fn keys<'a>(table: &'a Table, formula: &Formula, grouping: &[&str]) -> Option<Vec<&'a Column>> {
    crate::lag::ends(table)?;
    let mut uses = Vec::new();
    crate::evaluate::uses(&formula.outcome, 0, crate::evaluate::Role::Number, &mut uses);
    let outcome = |name: &str| uses.iter().any(|found| found.column == name);
    let cell = CELL.iter().filter_map(|name| table.column(name));
    let rest = table.columns().iter().filter(|column| {
        let name = column.name.as_str();
        let told = grouping.contains(&name) || matches!(column.values, Values::Text { .. });
        !CELL.contains(&name) && told && !REMARKS.contains(&name)
    });
    Some(cell.chain(rest).filter(|column| !outcome(&column.name)).collect())
}

/// Each row that repeats an earlier one, beside it; positions among `rows`.
fn repeated(columns: &[&Column], rows: &Rows) -> Vec<(usize, usize)> {
    let cell = columns.iter().take_while(|column| CELL.contains(&column.name.as_str())).count();
    if levels::unique(&columns[..cell], rows) {
        return Vec::new();
    }
    let (ids, first) = levels::combined(columns, rows);
    let firsts = ids.iter().map(|&id| first[id as usize] as usize);
    firsts.enumerate().filter(|(i, first)| i != first).map(|(i, first)| (first, i)).collect()
}

/// Refuses rows for one cell of trade, naming their lines.
pub(crate) fn refuse(
    table: &Table,
    rows: &Rows,
    formula: &Formula,
    grouping: &[&str],
) -> Option<Problem> {
    const SHOWN: usize = 5;
    let columns = keys(table, formula, grouping)?;
    let pairs = repeated(&columns, rows);
    let &(_, second) = pairs.first()?;
    let line = |position: usize| table.line(rows.get(position));
    let mut lines: Vec<String> = pairs
        .iter()
        .take(SHOWN)
        .map(|&(first, second)| format!("{} and {}", line(first), line(second)))
        .collect();
    if pairs.len() > SHOWN {
        lines.push(format!("{} more", pairs.len() - SHOWN));
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    Some(
        table
            .problem(
                "duplicate-rows",
                rows.get(second),
                names[0],
                format!("one row for each {}", names.join(", ")),
                format!(
                    "lines {}: leave one of them out, add them up (duplicates: sum), or keep them as \
                     observations of their own (duplicates: keep)",
                    lines.join("; ")
                ),
            )
            .value(guard::labels(table, &names, rows.get(second))),
    )
}

/// A table with one row for each cell of trade.
pub(crate) struct Summed {
    /// The rows, with the sums of the outcome's columns.
    pub table: Table,
    /// The row of the given table that stands for each.
    pub first: Vec<u32>,
    /// How many rows were added to another one.
    pub merged: usize,
}

/// Adds up the rows of each cell of trade.
///
/// `numeric` are the columns of numbers that the design uses. None when nothing repeats.
///
/// # Errors
///
/// A regressor, weight or offset that differs between rows to be added up.
pub(crate) fn sum(
    table: &Table,
    rows: &Rows,
    formula: &Formula,
    grouping: &[&str],
    numeric: &[&str],
) -> Result<Option<Summed>, Box<Problem>> {
    let Some(columns) = keys(table, formula, grouping) else { return Ok(None) };
    let pairs = repeated(&columns, rows);
    if pairs.is_empty() {
        return Ok(None);
    }
    let mut uses = Vec::new();
    crate::evaluate::uses(&formula.outcome, 0, crate::evaluate::Role::Number, &mut uses);
    let into: HashMap<usize, usize> =
        pairs.iter().map(|&(first, second)| (second, first)).collect();
    let kept: Vec<usize> = (0..rows.len()).filter(|i| !into.contains_key(i)).collect();
    let first: Vec<usize> = kept.iter().map(|&i| rows.get(i)).collect();
    let mut small = table.select(&first);
    for name in numeric {
        let Some(Values::Number(all)) = table.column(name).map(|c| &c.values) else { continue };
        if !uses.iter().any(|found| found.column == *name) {
            let differs = |&&(a, b): &&(usize, usize)| {
                levels::bits(all[rows.get(a)]) != levels::bits(all[rows.get(b)])
            };
            if let Some(&(a, b)) = pairs.iter().find(differs) {
                let line = table.line(rows.get(a));
                return Err(Box::new(
                    table
                        .problem(
                            "duplicates-differ",
                            rows.get(b),
                            name,
                            format!("{}, as on line {line}", all[rows.get(a)]),
                            "rows are added up only where all but the outcome agrees: mend the cell, \
                             or leave one of the two rows out",
                        )
                        .value(all[rows.get(b)].to_string()),
                ));
            }
            continue;
        }
        let mut place = vec![0u32; rows.len()];
        for (position, &i) in kept.iter().enumerate() {
            place[i] = position as u32;
        }
        let mut sums: Vec<f64> = first.iter().map(|&row| all[row]).collect();
        for &(a, b) in &pairs {
            // A missing part makes the sum missing.
            sums[place[a] as usize] += all[rows.get(b)];
        }
        let column = Column { name: (*name).to_owned(), values: Values::Number(sums) };
        small = small.with_column(column);
    }
    let first = first.iter().map(|&row| row as u32).collect();
    Ok(Some(Summed { table: small, first, merged: pairs.len() }))
}
