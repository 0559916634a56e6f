//! `emporion measure record`: whether a year is a record among the years at hand.

use std::collections::BTreeSet;

use emporion_brief::functions::indicators::bound;
use emporion_model::measure::records::{
    Among, Observation, RecordOptions, Several, Verdict, record,
};
use emporion_tables::sum::Sum;

use super::Figures;
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;
use crate::render::spans;

/// One figure of the series.
pub(super) struct Figure {
    pub(super) year: i32,
    pub(super) value: f64,
    pub(super) bound: String,
    status: String,
    sources: String,
}

/// The series and the verdict on one year.
pub fn answer(arguments: &args::Record, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["year"])?;
    figures.comparable(&figures.rows)?;
    let Series { figures: series, sums, empty, notes } = series(figures)?;
    if empty.contains(&arguments.year) {
        return Err(Failure::new(format!(
            "{} has a row without a value: fill it in, choose another year, or take it as zero with \
             --missing-as-zero",
            arguments.year
        )));
    }
    let observations = observations(&series);
    let among = if arguments.earlier { Among::Earlier } else { Among::All };
    let options = RecordOptions { among, several: Several::Range, ..RecordOptions::default() };
    let found = record(&observations, arguments.year, &options)?;

    let words = match found.verdict {
        Verdict::Record => "a record among the years at hand",
        Verdict::Tied => "level with the highest of the years at hand",
        Verdict::NotRecord => "not a record",
        Verdict::Undecided => "not decided: the figures at hand overlap",
    };
    let mut answer = figures.answer("record", format!("{}: {words}", arguments.year));
    answer.option("year", arguments.year);
    answer.option("earlier", arguments.earlier);
    figures.describe(&mut answer, &sums);
    let unit = super::unit(&sums);
    answer.parts.push(rows_of_series(&series, &unit));
    let verdict = serde_json::to_value(found.verdict).unwrap_or_default();
    answer.say("verdict", "Verdict", verdict.as_str().unwrap_or_default());
    answer.count("low", "Lowest it can be", &unit, Show::Fitting, found.range.0);
    answer.count("high", "Highest it can be", &unit, Show::Fitting, found.range.1);
    let rival = Cell::Number(f64::from(found.rival));
    answer.count("rival_year", "Strongest other year", "", Show::Year, rival);
    answer.count("rival_low", "Its lowest", &unit, Show::Fitting, found.rival_range.0);
    answer.count("rival_high", "Its highest", &unit, Show::Fitting, found.rival_range.1);
    answer.count("compared", "Years compared", "", Show::Whole, found.compared.len());
    answer.say("gaps", "Years without a figure", words_or_none(&with(&found.gaps, &empty)));
    answer.notes.extend(notes);
    Ok(answer)
}

/// Two lists of years as one, ascending.
pub(super) fn with(years: &[i32], others: &[i32]) -> Vec<i32> {
    let all: BTreeSet<i32> = years.iter().chain(others).copied().collect();
    all.into_iter().collect()
}

/// Figures by year, with what is to be said of them.
pub(super) struct Series {
    pub(super) figures: Vec<Figure>,
    pub(super) sums: Vec<Sum>,
    /// Years whose rows have no value.
    pub(super) empty: Vec<i32>,
    pub(super) notes: Vec<Advice>,
}

/// The figures as a table.
pub(super) fn rows_of_series(series: &[Figure], unit: &str) -> Part {
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::number("year", "Year", "", Show::Year),
            Column::bound(),
            Column::number("value", "Value", unit, Show::Fitting),
            Column::text("status", "Status").unless_all(""),
            Column::text("sources", "Sources").unless_all(""),
        ],
    );
    for figure in series {
        part.push(vec![
            Cell::Number(f64::from(figure.year)),
            figure.bound.as_str().into(),
            figure.value.into(),
            figure.status.as_str().into(),
            figure.sources.as_str().into(),
        ]);
    }
    part
}

/// The series as the kernel takes it.
pub(super) fn observations(series: &[Figure]) -> Vec<Observation> {
    let of = |f: &Figure| Observation { year: f.year, value: f.value, bound: bound(&f.bound) };
    series.iter().map(of).collect()
}

/// The figures by year: each row of its own where all rows are of one cell, else the total of each year.
pub(super) fn series(figures: &Figures<'_>) -> Result<Series, Failure> {
    let table = figures.table();
    let cell = |row: usize| ["origin", "destination", "product"].map(|c| table.text(c, row));
    let cells: BTreeSet<_> = figures.rows.iter().map(|&row| cell(row)).collect();
    let year = |row: usize| table.number("year", row).unwrap_or(f64::NAN) as i32;
    let (mut empty, mut notes) = (Vec::new(), Vec::new());
    let sums: Vec<Sum> = if cells.len() == 1 {
        let known = |row: &usize| table.number(&figures.common.value, *row).is_some();
        let zero = figures.common.missing_as_zero;
        let (rows, without): (Vec<usize>, Vec<usize>) =
            figures.rows.iter().partition(|row| zero || known(row));
        empty.extend(without.iter().map(|&row| year(row)));
        rows.iter().map(|&row| figures.sum(&[row])).collect::<Result<_, _>>()?
    } else {
        figures.sums(&figures.rows, &["year"])?.into_iter().map(|(_, sum)| sum).collect()
    };
    let with_figure: BTreeSet<i32> = sums.iter().map(|sum| year(sum.rows[0])).collect();
    empty.retain(|year| !with_figure.contains(year));
    if !empty.is_empty() {
        let message =
            format!("rows without a value are years without a figure: {}", words_or_none(&empty));
        notes.push(Advice::new("missing_value", message, empty.len()));
    }
    if with_figure.len() < sums.len() {
        let count = sums.len() - with_figure.len();
        let message = "years with several figures count with the range from lowest to highest";
        notes.push(Advice::new("several_figures", message, count));
    }
    let held = |sum: &Sum| sum.rows.iter().map(|&row| cell(row)).collect::<BTreeSet<_>>();
    let uneven: Vec<i32> = (sums.iter().filter(|sum| held(sum).len() < cells.len()))
        .map(|sum| year(sum.rows[0]))
        .collect();
    if !uneven.is_empty() {
        let message = format!(
            "the years are not of the same {} cells of origin, destination and product: some have no \
             row in {}, and its total leaves them out",
            cells.len(),
            words_or_none(&uneven)
        );
        notes.push(Advice::new("uneven_years", message, uneven.len()));
    }
    let mut series: Vec<Figure> = sums
        .iter()
        .map(|sum| Figure {
            year: year(sum.rows[0]),
            value: sum.value,
            bound: sum.bound.clone(),
            status: sum.statuses.join(", "),
            sources: sum.sources.join(", "),
        })
        .collect();
    series.sort_by(|a, b| a.year.cmp(&b.year).then(a.value.total_cmp(&b.value)));
    Ok(Series { figures: series, sums, empty, notes })
}

pub(super) fn words_or_none(years: &[i32]) -> String {
    if years.is_empty() { "none".to_owned() } else { spans(years) }
}
