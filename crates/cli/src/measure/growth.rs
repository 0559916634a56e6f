//! `emporion measure growth`: growth between two years and what each part contributed.

use std::collections::BTreeMap;

use emporion_model::measure::shares::{contributions, growth};
use emporion_tables::sum::Sum;

use super::{Figures, names, unit};
use crate::answer::{Advice, Answer, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// Growth by parts, the largest contribution first.
pub fn answer(arguments: &args::Growth, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let keys = names(&arguments.by);
    require(figures.table(), &["year"])?;
    two_years(arguments.from, arguments.to)?;
    let (first, last) = (in_year(figures, arguments.from)?, in_year(figures, arguments.to)?);
    figures.comparable(&[&first[..], &last[..]].concat())?;
    let totals = [figures.sum(&first)?, figures.sum(&last)?];
    let parts = paired(figures, &keys, [&first, &last])?;

    let values: Vec<(Option<f64>, Option<f64>)> = parts
        .values()
        .map(|[a, b]| (a.as_ref().map(|s| s.value), b.as_ref().map(|s| s.value)))
        .collect();
    let gaps: Vec<&Vec<String>> = parts
        .iter()
        .filter(|(_, pair)| pair.iter().any(Option::is_none))
        .map(|(key, _)| key)
        .collect();
    if let (false, Some(gap)) = (arguments.common.missing_as_zero, gaps.first()) {
        return Err(Failure::new(format!(
            "{} has rows in one of the two years only ({} parts in all), and missing is not zero; \
             leave such parts out with --where, or take them as zero with --missing-as-zero",
            gap.join(", "),
            gaps.len()
        )));
    }
    let before: Vec<f64> = values.iter().map(|(a, _)| a.unwrap_or(0.0)).collect();
    let after: Vec<f64> = values.iter().map(|(_, b)| b.unwrap_or(0.0)).collect();
    let found = contributions(&before, &after)?;

    let title = format!("Growth from {} to {}", arguments.from, arguments.to);
    let mut answer = figures.answer("growth", title);
    answer.option("by", arguments.by.clone());
    answer.option("from", arguments.from);
    answer.option("to", arguments.to);
    figures.describe(&mut answer, &totals);
    if !gaps.is_empty() {
        let message = format!("{} parts without rows in one year were taken as zero", gaps.len());
        answer.note(Advice::new("missing_as_zero", message, gaps.len()));
    }
    let unit = unit(&totals);
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("before", arguments.from.to_string(), unit.as_str(), Show::Fitting),
        Column::number("after", arguments.to.to_string(), unit.as_str(), Show::Fitting),
        Column::number("growth", "Growth", "percent", Show::Decimals(2)),
        Column::number("contribution", "Contribution", "points", Show::Decimals(2)),
        Column::number("of_change", "Of the change", "percent", Show::Decimals(2)),
    ]);
    let mut part = Part::new("rows", "", columns);
    let all: Vec<&Vec<String>> = parts.keys().collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| found.points[b].total_cmp(&found.points[a]).then(a.cmp(&b)));
    for at in order {
        let mut row = figures.key_cells(&keys, all[at]);
        row.extend([
            before[at].into(),
            after[at].into(),
            growth(before[at], after[at])?.percent.into(),
            found.points[at].into(),
            found.of_change.as_ref().map(|all| 100.0 * all[at]).into(),
        ]);
        part.push(row);
    }
    answer.parts.push(part);
    answer.count("before", "Before", &unit, Show::Fitting, totals[0].value);
    answer.count("after", "After", &unit, Show::Fitting, totals[1].value);
    answer.count("growth", "Growth", "percent", Show::Decimals(2), found.total.percent);
    answer.count("log_growth", "Growth", "log points", Show::Decimals(2), found.total.log_points);
    Ok(answer)
}

/// Refuses one year twice.
pub(super) fn two_years(from: i32, to: i32) -> Result<(), Failure> {
    if from != to {
        return Ok(());
    }
    Err(Failure::new(format!("--from and --to are both {from}; give two years")))
}

/// The rows of a year; without one the year is refused.
pub(super) fn in_year(figures: &Figures<'_>, year: i32) -> Result<Vec<usize>, Failure> {
    let is = |row: &&usize| figures.table().number("year", **row) == Some(f64::from(year));
    let rows: Vec<usize> = figures.rows.iter().filter(is).copied().collect();
    if rows.is_empty() { Err(no_year(figures, year)) } else { Ok(rows) }
}

/// The totals of each part in both years, by key.
pub(super) fn paired(
    figures: &Figures<'_>,
    keys: &[&str],
    years: [&Vec<usize>; 2],
) -> Result<BTreeMap<Vec<String>, [Option<Sum>; 2]>, Failure> {
    let mut parts: BTreeMap<Vec<String>, [Option<Sum>; 2]> = BTreeMap::new();
    for (at, rows) in years.into_iter().enumerate() {
        for (key, sum) in figures.sums(rows, keys)? {
            parts.entry(key).or_default()[at] = Some(sum);
        }
    }
    Ok(parts)
}

fn no_year(figures: &Figures<'_>, year: i32) -> Failure {
    let mut years: Vec<i32> = figures
        .rows
        .iter()
        .filter_map(|&row| figures.table().number("year", row))
        .map(|year| year as i32)
        .collect();
    years.sort_unstable();
    years.dedup();
    let years: Vec<String> = years.iter().map(i32::to_string).collect();
    Failure::new(format!(
        "no row selected is of {year}; the rows selected are of {}",
        if years.is_empty() { "no year".to_owned() } else { years.join(", ") }
    ))
}
