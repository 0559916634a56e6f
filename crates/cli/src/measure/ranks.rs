//! `emporion measure ranks`: ranks in two years and what changed.

use emporion_model::measure::in_time::{RankedAmong, rank_changes};

use super::growth::{in_year, paired, two_years};
use super::{Figures, names, unit};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// Ranks by the later year; those without one last.
pub fn answer(arguments: &args::Ranks, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let keys = names(&arguments.by);
    require(figures.table(), &["year"])?;
    two_years(arguments.from, arguments.to)?;
    let first = in_year(figures, arguments.from)?;
    let last = in_year(figures, arguments.to)?;
    figures.comparable(&[&first[..], &last[..]].concat())?;
    let totals = [figures.sum(&first)?, figures.sum(&last)?];
    let parts = paired(figures, &keys, [&first, &last])?;
    let value = |at: usize| -> Vec<Option<f64>> {
        let zero = figures.common.missing_as_zero.then_some(0.0);
        parts.values().map(|pair| pair[at].as_ref().map(|sum| sum.value).or(zero)).collect()
    };
    let absent = parts.values().filter(|pair| pair.iter().any(Option::is_none)).count();
    let (before, after) = (value(0), value(1));
    let among = if arguments.each_year { RankedAmong::EachYear } else { RankedAmong::BothYears };
    let found = rank_changes(&before, &after, among)?;

    let title = format!("Ranks in {} and {}", arguments.from, arguments.to);
    let mut answer = figures.answer("ranks", title);
    answer.option("by", arguments.by.clone());
    answer.option("from", arguments.from);
    answer.option("to", arguments.to);
    answer.option("each_year", arguments.each_year);
    figures.describe(&mut answer, &totals);
    if figures.common.missing_as_zero && absent > 0 {
        let message = format!("{absent} parts without rows in one year were taken as zero");
        answer.note(Advice::new("missing_as_zero", message, absent));
    }
    let unit = unit(&totals);
    let mut columns = figures.key_columns(&keys);
    let rank = |key, title: String| Column::number(key, title, "", Show::Whole);
    columns.extend([
        rank("rank_before", format!("Rank {}", arguments.from)),
        rank("rank_after", format!("Rank {}", arguments.to)),
        rank("gained", "Gained".to_owned()),
        Column::number("before", arguments.from.to_string(), unit.as_str(), Show::Fitting),
        Column::number("after", arguments.to.to_string(), unit.as_str(), Show::Fitting),
    ]);
    let mut part = Part::new("rows", "", columns);
    let all: Vec<&Vec<String>> = parts.keys().collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    let place = |at: usize| found[at].after.unwrap_or(usize::MAX);
    order.sort_by(|&a, &b| place(a).cmp(&place(b)).then(a.cmp(&b)));
    for at in order {
        let mut row = figures.key_cells(&keys, all[at]);
        row.extend([
            found[at].before.into(),
            found[at].after.into(),
            Cell::from(found[at].gained.map(|g| g as f64)),
            before[at].into(),
            after[at].into(),
        ]);
        part.push(row);
    }
    answer.parts.push(part);
    let gaps: Vec<String> = (0..all.len())
        .filter(|&at| before[at].is_none() || after[at].is_none())
        .map(|at| all[at].join(" "))
        .collect();
    if !gaps.is_empty() {
        let shown = gaps.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        let more = if gaps.len() > 10 { " and others" } else { "" };
        let message = format!("without a row in one of the two years: {shown}{more}");
        answer.note(Advice::new("one_year_only", message, gaps.len()));
    }
    let both = found.iter().filter(|r| r.gained.is_some()).count();
    answer.count("compared", "Ranked in both years", "", Show::Whole, both);
    answer.count("one_year_only", "In one year only", "", Show::Whole, gaps.len());
    let among = if arguments.each_year { "each year" } else { "those with rows in both years" };
    answer.say("convention", "Ranked among", format!("{among}; ties share the better rank"));
    Ok(answer)
}
