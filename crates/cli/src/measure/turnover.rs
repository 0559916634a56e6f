//! `emporion measure turnover`: a place's exports, imports, turnover and balance by year.

use std::collections::BTreeMap;

use emporion_model::measure::turnover::{MissingFlow, turnover};
use emporion_tables::sum::Sum;

use super::{Figures, unit};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// What is known of one year.
#[derive(Default)]
struct Year {
    exports: Option<Sum>,
    imports: Option<Sum>,
    /// Turnovers that sources printed.
    published: Vec<f64>,
}

/// Exports, imports, turnover and balance by year, beside the turnover that sources printed.
pub fn answer(arguments: &args::Turnover, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["origin", "destination"])?;
    let place = figures.data.members(&arguments.place);
    let partner: Vec<String> =
        arguments.partner.iter().flat_map(|id| figures.data.members(id)).collect();
    let pair = directed(figures, &place, &partner);
    let back = directed(figures, &partner, &place);
    figures.comparable(&[&pair[..], &back[..]].concat())?;
    if pair.is_empty() && back.is_empty() {
        return Err(Failure::new(format!(
            "no row goes from {} to {} or back; check the ids, or the conditions of --where",
            arguments.place,
            arguments.partner.join(",")
        )));
    }
    let mut years: BTreeMap<String, Year> = BTreeMap::new();
    for (year, sum) in by_year(figures, &of_measure(figures, &pair, "flow"))? {
        years.entry(year).or_default().exports = Some(sum);
    }
    for (year, sum) in by_year(figures, &of_measure(figures, &back, "flow"))? {
        years.entry(year).or_default().imports = Some(sum);
    }
    if place.len() == 1 && partner.len() == 1 {
        for row in of_measure(figures, &[&pair[..], &back[..]].concat(), "turnover") {
            let table = figures.table();
            if let Some(value) = table.number(&figures.common.value, row) {
                let year = table.text("year", row).unwrap_or_default().to_owned();
                years.entry(year).or_default().published.push(value);
            }
        }
    }
    let title = format!("Trade of {} with {}", arguments.place, arguments.partner.join(", "));
    let mut answer = figures.answer("turnover", title);
    answer.option("place", arguments.place.clone());
    answer.option("partner", arguments.partner.clone());
    let sums: Vec<&Sum> =
        years.values().flat_map(|year| year.exports.iter().chain(&year.imports)).collect();
    let unit = match unit(sums.iter().copied()) {
        unit if unit.is_empty() => pair
            .first()
            .and_then(|&row| figures.table().text("unit", row))
            .unwrap_or_default()
            .to_owned(),
        unit => unit,
    };
    figures.describe(&mut answer, sums);
    let part = table(&years, &unit)?;
    let gaps = part.rows.iter().filter(|row| row[3] == Cell::Missing).count();
    answer.parts.push(part);
    if gaps > 0 {
        answer.note(Advice::new(
            "missing_flow",
            format!("in {gaps} year(s) one of the two flows has no row: missing is not zero"),
            gaps,
        ));
    }
    Ok(answer)
}

fn table(years: &BTreeMap<String, Year>, unit: &str) -> Result<Part, Failure> {
    let money = |key, title| Column::number(key, title, unit, Show::Fitting);
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::number("year", "Year", "", Show::Year).unless_all(Cell::Missing),
            money("exports", "Exports"),
            money("imports", "Imports"),
            money("turnover", "Turnover"),
            money("balance", "Balance"),
            Column::number("coverage", "Exports per\nimports", "", Show::Decimals(3)),
            money("published_low", "Published\nlowest").unless_all(Cell::Missing),
            money("published_high", "Published\nhighest").unless_all(Cell::Missing),
        ],
    );
    for (year, known) in years {
        let value = |sum: &Option<Sum>| sum.as_ref().map(|sum| sum.value);
        let found = turnover(value(&known.exports), value(&known.imports), MissingFlow::Unknown)?;
        part.push(vec![
            year.parse::<f64>().ok().into(),
            found.exports.into(),
            found.imports.into(),
            found.turnover.into(),
            found.balance.into(),
            found.coverage.into(),
            known.published.iter().copied().reduce(f64::min).into(),
            known.published.iter().copied().reduce(f64::max).into(),
        ]);
    }
    Ok(part)
}

/// Rows from one of the origins to one of the destinations.
fn directed(figures: &Figures<'_>, origins: &[String], destinations: &[String]) -> Vec<usize> {
    let to = figures.with("destination", destinations);
    let mut rows = figures.with("origin", origins);
    rows.retain(|row| to.binary_search(row).is_ok());
    let kept = ["flow", "turnover"];
    rows.retain(|&row| figures.table().text("measure", row).is_none_or(|m| kept.contains(&m)));
    rows
}

/// Rows of one measure; every row of a table without that column is a flow.
fn of_measure(figures: &Figures<'_>, rows: &[usize], measure: &str) -> Vec<usize> {
    let is = |row: &&usize| figures.table().text("measure", **row).unwrap_or("flow") == measure;
    rows.iter().filter(is).copied().collect()
}

/// Totals by year; one total where the table has no years.
fn by_year(figures: &Figures<'_>, rows: &[usize]) -> Result<Vec<(String, Sum)>, Failure> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys: &[&str] = if figures.table().column("year").is_some() { &["year"] } else { &[] };
    let sums = figures.sums(rows, keys)?;
    Ok(sums.into_iter().map(|(key, sum)| (key.concat(), sum)).collect())
}
