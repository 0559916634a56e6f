//! `emporion measure share`: what part of a total a group makes up.

use emporion_model::measure::shares::share;
use emporion_tables::Table;
use emporion_tables::sum::Sum;

use super::{Figures, capital, unit};
use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;
use crate::select::unknown_value;

/// The share of a group, member by member.
pub fn answer(arguments: &args::Share, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let column = arguments.column.as_str();
    require(figures.table(), &[column])?;
    let members: Vec<String> =
        arguments.group.iter().flat_map(|id| figures.data.members(id)).collect();
    for id in arguments.of.iter().chain(&members) {
        known(figures, column, id)?;
    }
    let whole_rows = match &arguments.of {
        None => figures.rows.clone(),
        Some(id) => figures.with(column, std::slice::from_ref(id)),
    };
    let whole = figures.sum(&whole_rows)?;
    let mut sums: Vec<Option<Sum>> = Vec::new();
    for member in &members {
        let rows = figures.with(column, std::slice::from_ref(member));
        sums.push(if rows.is_empty() { None } else { Some(figures.sum(&rows)?) });
    }
    let member_rows: Vec<usize> = sums.iter().flatten().flat_map(|sum| sum.rows.clone()).collect();
    figures.comparable(&[&whole.rows[..], &member_rows[..]].concat())?;
    let values: Vec<Option<f64>> = sums.iter().map(|s| s.as_ref().map(|s| s.value)).collect();
    let found = share(&values, whole.value)?;

    let mut answer = figures.answer("share", format!("Share of {}", arguments.group.join(", ")));
    answer.option("group", arguments.group.clone());
    answer.option("column", column);
    answer.option("of", arguments.of.clone());
    let unit = unit([&whole]);
    figures.describe(&mut answer, sums.iter().flatten().chain([&whole]));
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("member", capital(column)),
            Column::text("member_name", "").unless_all(Cell::Missing),
            Column::number("value", "Value", unit.as_str(), Show::Fitting),
            Column::number("share", "Share", "percent", Show::Decimals(2)),
        ],
    );
    let mut order: Vec<usize> = (0..members.len()).collect();
    let size = |at: &usize| values[*at].unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| members[*a].cmp(&members[*b])));
    for at in order {
        part.push(vec![
            members[at].as_str().into(),
            figures.data.name_of(column, &members[at]).into(),
            values[at].into(),
            values[at].map(|value| 100.0 * value / whole.value).into(),
        ]);
    }
    answer.parts.push(part);
    let percent = |value: f64| 100.0 * value;
    let show = Show::Decimals(2);
    answer.count("share", "Share of the group", "percent", show, found.share.map(percent));
    answer.count(
        "at_least",
        "At least, from rows at hand",
        "percent",
        show,
        percent(found.at_least),
    );
    answer.count("known_sum", "Members with rows", &unit, Show::Fitting, found.known_sum);
    answer.count("total", "Whole", &unit, Show::Fitting, found.total);
    answer.count("members", "Members", "", Show::Whole, found.members);
    answer.count("missing", "Members without a row", "", Show::Whole, found.missing.len());
    answer.notes.extend(found.notes.iter().map(Into::into));
    Ok(answer)
}

/// Refuses an id that stands neither in the column nor among the places or products of the case.
pub(super) fn known(figures: &Figures<'_>, column: &str, id: &str) -> Result<(), Failure> {
    let (table, about) = (figures.table(), figures.data.about(column));
    let in_table = |table: &Table, name: &str| -> bool {
        (0..table.rows()).any(|row| table.text(name, row) == Some(id))
    };
    if in_table(table, column) || about.is_some_and(|about| in_table(about, "id")) {
        return Ok(());
    }
    Err(unknown_value(about.unwrap_or(table), about.map_or(column, |_| "id"), id))
}
