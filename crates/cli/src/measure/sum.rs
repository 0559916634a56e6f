//! `emporion measure sum`: totals by columns, with shares.

use emporion_tables::sum::Sum;

use super::{Figures, Keyed, names, unit};
use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args;
use crate::failure::Failure;

/// Columns that cut the data into wholes: shares are within them.
const WHOLES: [&str; 6] = ["unit", "side", "scope", "measure", "period", "year"];

/// Totals by columns, largest first.
pub fn answer(arguments: &args::Sum, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let keys = names(&arguments.by);
    let whole_keys: Vec<&str> = keys.iter().copied().filter(|k| WHOLES.contains(k)).collect();
    let totals = figures.sums(&figures.rows, &keys)?;
    let wholes = figures.sums(&figures.rows, &whole_keys)?;
    let ranked = rank(totals, &wholes, &keys);
    let unit = unit(ranked.iter().map(|(_, _, sum)| sum));

    let title = if keys.is_empty() {
        "Total".into()
    } else {
        format!("Totals by {}", arguments.by.join(", "))
    };
    let mut answer = figures.answer("sum", title);
    answer.option("by", arguments.by.clone());
    figures.describe(&mut answer, ranked.iter().map(|(_, _, sum)| sum));
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::bound(),
        Column::number("value", "Value", unit.as_str(), Show::Fitting),
        Column::number("share", "Share", "percent", Show::Decimals(2)).unless_all(100.0),
        Column::number("rows", "Rows", "", Show::Whole),
    ]);
    let mut part = Part::new("rows", "", columns);
    for (key, whole, sum) in &ranked {
        let mut row = figures.key_cells(&keys, key);
        let share = 100.0 * sum.value / whole;
        row.extend([
            sum.bound.as_str().into(),
            sum.value.into(),
            share.into(),
            Cell::from(sum.rows.len()),
        ]);
        part.push(row);
    }
    answer.parts.push(part);
    let all = match &wholes[..] {
        [(_, whole)] => Some(whole.value),
        _ => None,
    };
    let total = Column::number("total", "Total", unit.as_str(), Show::Fitting);
    answer.count_if_known(total, all);
    answer.count("groups", "Groups", "", Show::Whole, ranked.len());
    Ok(answer)
}

/// The totals with the whole each belongs to: wholes in order of their keys, the largest total
/// first within each; equal totals in order of their keys.
fn rank(totals: Vec<Keyed>, wholes: &[Keyed], keys: &[&str]) -> Vec<(Vec<String>, f64, Sum)> {
    let whole_key = |key: &[String]| -> Vec<String> {
        let parts = keys.iter().zip(key).filter(|(name, _)| WHOLES.contains(name));
        parts.map(|(_, text)| text.clone()).collect()
    };
    let mut ranked: Vec<(Vec<String>, f64, Sum)> = totals
        .into_iter()
        .map(|(key, sum)| {
            let own = whole_key(&key);
            let whole = wholes.iter().find(|(known, _)| *known == own);
            let value = whole.map_or(f64::NAN, |(_, whole)| whole.value);
            (key, value, sum)
        })
        .collect();
    ranked.sort_by(|a, b| {
        whole_key(&a.0)
            .cmp(&whole_key(&b.0))
            .then(b.2.value.total_cmp(&a.2.value))
            .then_with(|| a.0.cmp(&b.0))
    });
    ranked
}
