//! `emporion measure shares`: what part of a total a group makes up, year by year.

use std::collections::BTreeMap;

use emporion_model::measure::in_time::{gaps, share_series};
use emporion_tables::sum::Sum;

use super::record::words_or_none;
use super::share::known;
use super::{Figures, unit, year_of};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// The share of a group in each year.
pub fn answer(arguments: &args::Shares, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let column = arguments.column.as_str();
    require(figures.table(), &["year", column])?;
    let members = members(arguments, figures)?;
    for id in arguments.of.iter().chain(&members) {
        known(figures, column, id)?;
    }
    let whole_rows = match &arguments.of {
        None => figures.rows.clone(),
        Some(id) => figures.with(column, std::slice::from_ref(id)),
    };
    let member_rows = figures.with(column, &members);
    figures.comparable(&[&whole_rows[..], &member_rows[..]].concat())?;
    let mut wholes: BTreeMap<i32, Sum> = BTreeMap::new();
    for (key, sum) in figures.sums(&whole_rows, &["year"])? {
        wholes.insert(year_of(&key[0])?, sum);
    }
    let mut parts: BTreeMap<(i32, String), Sum> = BTreeMap::new();
    let mut without_whole = Vec::new();
    if !member_rows.is_empty() {
        // Refuses a member beside another one that it lies in.
        let _ = figures.sums(&member_rows, &["year"])?;
        for (key, sum) in figures.sums(&member_rows, &["year", column])? {
            let year = year_of(&key[0])?;
            if wholes.contains_key(&year) {
                parts.insert((year, key[1].clone()), sum);
            } else if !without_whole.contains(&year) {
                without_whole.push(year);
            }
        }
    }
    let years: Vec<i32> = wholes.keys().copied().collect();
    let zero = figures.common.missing_as_zero.then_some(0.0);
    let value =
        |year: i32, id: &String| parts.get(&(year, id.clone())).map(|sum| sum.value).or(zero);
    let absent = years.len() * members.len() - parts.len();
    let values: Vec<Vec<Option<f64>>> =
        years.iter().map(|&y| members.iter().map(|id| value(y, id)).collect()).collect();
    let totals: Vec<f64> = wholes.values().map(|sum| sum.value).collect();
    if let Some(at) = totals.iter().position(|total| *total <= 0.0) {
        return Err(Failure::new(format!(
            "the whole of {} is {}, and a share of it does not exist; leave the year out with \
             --where year!={}",
            years[at], totals[at], years[at]
        )));
    }
    let found = share_series(&years, &values, &totals)?;

    let who = arguments.parent.clone().unwrap_or_else(|| arguments.group.join(", "));
    let mut answer = figures.answer("shares", format!("Share of {who} by year"));
    answer.option("group", arguments.group.clone());
    answer.option("parent", arguments.parent.clone());
    answer.option("column", column);
    answer.option("of", arguments.of.clone());
    figures.describe(&mut answer, parts.values().chain(wholes.values()));
    if figures.common.missing_as_zero && absent > 0 {
        let message = format!("{absent} members without rows in a year were taken as zero");
        answer.note(Advice::new("missing_as_zero", message, absent));
    }
    let unit = unit(wholes.values());
    let percent = |key, title| Column::number(key, title, "percent", Show::Decimals(2));
    let columns = vec![
        Column::number("year", "Year", "", Show::Year),
        Column::number("known_sum", "Group", unit.as_str(), Show::Fitting),
        Column::number("total", "Whole", unit.as_str(), Show::Fitting),
        percent("share", "Share"),
        percent("at_least", "At least"),
        Column::number("change", "Change", "points", Show::Decimals(2)),
        Column::number("missing", "Members\nwithout a row", "", Show::Whole).unless_all(0_usize),
        Column::text("missing_members", "").unless_all(""),
    ];
    let mut part = Part::new("rows", "", columns);
    for year in &found {
        let lack: Vec<&str> = year.share.missing.iter().map(|&m| members[m].as_str()).collect();
        part.push(vec![
            Cell::Number(f64::from(year.year)),
            year.share.known_sum.into(),
            year.share.total.into(),
            year.share.share.map(|s| 100.0 * s).into(),
            (100.0 * year.share.at_least).into(),
            year.change.map(|c| 100.0 * c).into(),
            lack.len().into(),
            lack.join(", ").into(),
        ]);
        for note in &year.share.notes {
            let message = format!("{}: {}", year.year, note.message);
            answer.note(Advice::new(note.code, message, note.count));
        }
    }
    answer.parts.push(part);
    if !without_whole.is_empty() {
        let message = format!(
            "the group has rows in {}, where the whole has none; these years are left out",
            words_or_none(&without_whole)
        );
        answer.note(Advice::new("no_whole", message, without_whole.len()));
    }
    answer.count("members", "Members", "", Show::Whole, members.len());
    answer.count("years", "Years with a whole", "", Show::Whole, years.len());
    answer.say("gaps", "Years without a figure", words_or_none(&gaps(&years)));
    Ok(answer)
}

/// The ids of the group: each once.
fn members(arguments: &args::Shares, figures: &Figures<'_>) -> Result<Vec<String>, Failure> {
    let mut ids: Vec<String> = match &arguments.parent {
        None => arguments.group.iter().flat_map(|id| figures.data.members(id)).collect(),
        Some(parent) => {
            let places = figures.data.case().and_then(|case| case.table("places"));
            let places = places.ok_or_else(|| {
                Failure::new(
                    "--parent needs a case with a table of places; name the ids by --group",
                )
            })?;
            require(places, &["id", "parent"])?;
            (0..places.rows())
                .filter(|&row| places.text("parent", row) == Some(parent))
                .filter_map(|row| places.text("id", row).map(str::to_owned))
                .collect()
        }
    };
    ids.sort();
    ids.dedup();
    if ids.is_empty() {
        return Err(Failure::new(format!(
            "no place of the case has the parent {:?}; look into the column parent of places",
            arguments.parent.as_deref().unwrap_or_default()
        )));
    }
    Ok(ids)
}
