//! The one guarded addition: every total of rows goes through here.

use std::collections::HashMap;

use emporion_model::panel::LARGEST_VALUE;
use serde::Serialize;

use crate::guard;
use crate::hierarchy::Hierarchy;
use crate::problem::{Problem, Report};
use crate::table::{Table, Values, shown};

/// What a cell without a value, or a cell without a row, counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// It is a problem: missing is not zero.
    #[default]
    Refuse,
    /// It is taken as zero, because the caller knows that it is; counted in the result.
    Zero,
}

/// How to add.
#[derive(Debug, Clone, Copy)]
pub struct SumOptions<'a> {
    /// The column to add; `value`, as in the table `flows`.
    pub value: &'a str,
    /// What an empty cell counts as; refused unless told otherwise.
    pub missing: Missing,
    /// Whether values of several years may stand in one total; not unless told.
    pub across_years: bool,
}

impl Default for SumOptions<'_> {
    fn default() -> Self {
        Self { value: "value", missing: Missing::Refuse, across_years: false }
    }
}

/// A total and everything that must be said with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Sum {
    /// The total, added in file order with compensation.
    pub value: f64,
    /// The common unit; None where the table states none.
    pub unit: Option<String>,
    /// The common reporting side.
    pub side: Option<String>,
    /// The common scope, such as goods.
    pub scope: Option<String>,
    /// The common measure, such as flow.
    pub measure: Option<String>,
    /// The common period within the year, such as Y.
    pub period: Option<String>,
    /// The common year, or first and last year as `2017-2022`.
    pub year: Option<String>,
    /// How exact the total is: `=`, `~` about, `>` more than, `<` less than.
    pub bound: String,
    /// Each status among the rows once, such as reported and derived.
    pub statuses: Vec<String>,
    /// Each source among the rows once.
    pub sources: Vec<String>,
    /// The rows added, in file order.
    pub rows: Vec<usize>,
    /// The rows without a value, taken as zero on demand.
    pub missing: Vec<usize>,
}

/// Adds the values of rows, refusing every total that would mean nothing.
///
/// ```text
/// S = Σ_r x_r
/// ```
///
/// # Assumptions
///
/// Columns `unit`, `side`, `scope`, `measure`, `period` and `year` are compared where the table
/// has them. A cell is named by origin, destination and product: two rows for one cell (two
/// sources, mostly) are not added. A balance may be negative, nothing else.
///
/// # Errors
///
/// No rows; a text column; mixed units, sides, scopes, measures, periods or years; a cell counted
/// twice; a turnover counted in both directions; a product total beside its parts; a place beside
/// a place that contains it; a negative value, or one beyond adding up; an empty value unless [`Missing::Zero`]. All are
/// reported together.
///
/// # Cost
///
/// Time and memory linear in the rows.
///
/// # Source
///
/// A. Neumaier (1974), Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen.
///
/// # Example
///
/// ```
/// use emporion_tables::{Table, hierarchy::Hierarchy, sum::{SumOptions, sum}};
///
/// let text = "origin,destination,value,unit\nA,B,0.1,USD mn\nA,C,0.2,USD mn\n";
/// let table = Table::from_bytes("flows", "flows.csv", text.as_bytes(), None)?;
/// let total = sum(&table, &[0, 1], &Hierarchy::default(), SumOptions::default())?;
/// assert_eq!((total.value, total.unit.as_deref()), (0.1 + 0.2, Some("USD mn")));
/// # Ok::<(), emporion_tables::Report>(())
/// ```
pub fn sum(
    table: &Table,
    rows: &[usize],
    hierarchy: &Hierarchy,
    options: SumOptions<'_>,
) -> Result<Sum, Report> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    let values = numbers(table, options.value)?;
    if rows.is_empty() {
        return Err(Problem::new(
            "no-rows",
            table.path(),
            "at least one row to add",
            "no row meets the selection: check the ids and the year; an empty selection is not zero",
        )
        .into());
    }
    let mut problems = Vec::new();
    guard::uniform(table, &rows, options.across_years, &mut problems);
    guard::once(table, &rows, &["origin", "destination", "product", "year"], &mut problems);
    guard::nested_both(
        table,
        &rows,
        ["origin", "destination"],
        &["year"],
        hierarchy,
        &mut problems,
    );
    whole_beside_parts(table, &rows, &mut problems);
    both_directions(table, &rows, &mut problems);
    let missing = check_values(table, &rows, values, options, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let common = |column: &str| {
        table.column(column).map(|c| shown(&c.values, rows[0])).filter(|t| !t.is_empty())
    };
    let present = rows.iter().filter(|&&row| !values[row].is_nan());
    Ok(Sum {
        value: compensated(present.map(|&row| values[row])),
        unit: common("unit"),
        side: common("side"),
        scope: common("scope"),
        measure: common("measure"),
        period: common("period"),
        year: years(table, &rows),
        bound: bound(table, &rows),
        statuses: distinct(table, "status", &rows),
        sources: distinct(table, "source", &rows),
        missing,
        rows,
    })
}

/// Adds by key: one guarded total for each combination of the key columns, in order of first
/// appearance.
///
/// # Errors
///
/// As [`sum`], for every group, and key columns that do not exist.
pub fn sum_by(
    table: &Table,
    rows: &[usize],
    keys: &[&str],
    hierarchy: &Hierarchy,
    options: SumOptions<'_>,
) -> Result<Vec<(Vec<String>, Sum)>, Report> {
    let mut problems = Vec::new();
    let mut columns = Vec::new();
    for key in keys {
        match table.wanted(key) {
            Ok(column) => columns.push((column, guard::codes(&column.values, rows))),
            Err(problem) => problems.push(*problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let mut position: HashMap<Vec<u32>, usize> = HashMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, &row) in rows.iter().enumerate() {
        let key: Vec<u32> = columns.iter().map(|(_, codes)| codes[i]).collect();
        let next = groups.len();
        let group = *position.entry(key).or_insert(next);
        if group == next {
            groups.push(Vec::new());
        }
        groups[group].push(row);
    }
    let mut sums = Vec::with_capacity(groups.len());
    for group in groups {
        let key = columns.iter().map(|(column, _)| shown(&column.values, group[0])).collect();
        match sum(table, &group, hierarchy, options) {
            Ok(total) => sums.push((key, total)),
            Err(report) => problems.extend(report.problems),
        }
    }
    Report::from(problems).or(sums)
}

/// Adds with Neumaier's compensation: the error does not grow with the number of terms.
#[must_use]
pub fn compensated(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// A column of numbers, or what is wrong with it.
///
/// # Errors
///
/// There is no such column, with the nearest names; or it holds text, with the first line that does.
pub fn numbers<'a>(table: &'a Table, name: &str) -> Result<&'a [f64], Box<Problem>> {
    match &table.wanted(name)?.values {
        Values::Number(values) => Ok(values),
        Values::Text { codes, labels } => {
            let odd = (0..codes.len()).find(|&row| {
                labels
                    .get(codes[row] as usize)
                    .is_some_and(|label| crate::number::number(label).is_err())
            });
            let row = odd.unwrap_or(0);
            let remedy = "mend the cell, or choose a column of numbers";
            let problem = table.problem("not-a-number", row, name, "a column of numbers", remedy);
            Err(Box::new(problem.value(table.text(name, row).unwrap_or(""))))
        }
    }
}

/// Refuses empty and negative values and those beyond adding up; returns the empty ones that count as zero.
pub(crate) fn check_values(
    table: &Table,
    rows: &[usize],
    values: &[f64],
    options: SumOptions<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<usize> {
    let mut missing = Vec::new();
    for &row in rows {
        if values[row].is_nan() {
            missing.push(row);
            if options.missing == Missing::Refuse {
                problems.push(table.problem(
                    "missing-value",
                    row,
                    options.value,
                    "a value: missing is not zero",
                    "leave the row out of the selection, or take missing values as zero on purpose",
                ));
            }
        } else if values[row] < 0.0 && table.text("measure", row) != Some("balance") {
            problems.push(
                table
                    .problem(
                        "negative-value",
                        row,
                        options.value,
                        "zero or more; only a balance may be negative",
                        "check the sign, or set measure to balance",
                    )
                    .value(values[row].to_string()),
            );
        } else if values[row] > LARGEST_VALUE {
            let expected =
                format!("no more than {LARGEST_VALUE:e}, so that values can be added up");
            let remedy = "check the number, or give the column in a larger unit";
            problems.push(
                table
                    .problem("too-large", row, options.value, expected, remedy)
                    .value(format!("{:e}", values[row])),
            );
        }
    }
    missing
}

/// Refuses the product TOTAL beside single products of the same pair.
fn whole_beside_parts(table: &Table, rows: &[usize], problems: &mut Vec<Problem>) {
    let is_total = |row: usize| table.text("product", row) == Some("TOTAL");
    if table.column("product").is_none() {
        return;
    }
    let (Some(&whole), Some(&part)) =
        (rows.iter().find(|&&r| is_total(r)), rows.iter().find(|&&r| !is_total(r)))
    else {
        return;
    };
    problems.push(
        table
            .problem(
                "total-beside-part",
                part,
                "product",
                "either TOTAL or single products within one total",
                format!("line {} is TOTAL and contains it: keep one of the two", table.line(whole)),
            )
            .value(table.text("product", part).unwrap_or("")),
    );
}

/// Refuses the turnover of a pair counted from both ends.
fn both_directions(table: &Table, rows: &[usize], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    for &row in rows.iter().filter(|&&row| table.text("measure", row) == Some("turnover")) {
        let (Some(a), Some(b)) = (table.text("origin", row), table.text("destination", row)) else {
            continue;
        };
        if let Some(&other) = seen.get(&(b, a)).filter(|_| a != b) {
            problems.push(
                table
                    .problem(
                        "counted-twice",
                        row,
                        "origin",
                        "the turnover of a pair once: it holds both directions",
                        format!("line {} is the turnover of {b} with {a}", table.line(other)),
                    )
                    .value(a),
            );
        }
        seen.insert((a, b), row);
    }
}

/// The common year, or the first and last one.
fn years(table: &Table, rows: &[usize]) -> Option<String> {
    let years = || rows.iter().filter_map(|&row| table.number("year", row));
    let (first, last) = (years().reduce(f64::min)?, years().reduce(f64::max)?);
    Some(if first == last { first.to_string() } else { format!("{first}-{last}") })
}

/// How exact a sum of such rows is.
fn bound(table: &Table, rows: &[usize]) -> String {
    let (mut about, mut above, mut below) = (false, false, false);
    for &row in rows {
        match table.text("bound", row) {
            None | Some("=") => {}
            Some(">" | ">=") => above = true,
            Some("<" | "<=" | "<~") => below = true,
            Some(_) => about = true,
        }
    }
    match (about, above, below) {
        (false, false, false) => "=",
        (false, true, false) => ">",
        (false, false, true) => "<",
        _ => "~",
    }
    .to_owned()
}

/// Each text of a column among the rows, once, in order of appearance.
fn distinct(table: &Table, column: &str, rows: &[usize]) -> Vec<String> {
    let Some(column) = table.column(column) else { return Vec::new() };
    let codes = guard::codes(&column.values, rows);
    let mut seen = std::collections::HashSet::new();
    rows.iter()
        .zip(&codes)
        .filter(|&(_, &code)| code != crate::table::MISSING && seen.insert(code))
        .map(|(&row, _)| shown(&column.values, row))
        .collect()
}
