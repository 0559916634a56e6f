//! `emporion measure hhi`: how concentrated a total is on its parts.

use emporion_model::measure::concentration::{ConcentrationOptions, concentration};

use super::{Figures, names, unit};
use crate::answer::{Answer, Column, Part, Show};
use crate::args;
use crate::failure::Failure;

/// Concentration over the parts, with the share of each.
pub fn answer(arguments: &args::Hhi, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let keys = names(&arguments.by);
    let whole = figures.sum(&figures.rows)?;
    let mut parts = figures.sums(&figures.rows, &keys)?;
    parts.sort_by(|a, b| b.1.value.total_cmp(&a.1.value).then_with(|| a.0.cmp(&b.0)));
    let values: Vec<f64> = parts.iter().map(|(_, sum)| sum.value).collect();
    let found = concentration(&values, &ConcentrationOptions::default())?;

    let title = format!("Concentration by {}", arguments.by.join(", "));
    let mut answer = figures.answer("hhi", title);
    answer.option("by", arguments.by.clone());
    figures.describe(&mut answer, [&whole]);
    let unit = unit([&whole]);
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("value", "Value", unit.as_str(), Show::Fitting),
        Column::number("share", "Share", "percent", Show::Decimals(2)),
    ]);
    let mut part = Part::new("rows", "", columns);
    for (key, sum) in &parts {
        let mut row = figures.key_cells(&keys, key);
        row.extend([sum.value.into(), (100.0 * sum.value / found.total).into()]);
        part.push(row);
    }
    answer.parts.push(part);
    let show = Show::Decimals(4);
    answer.count("hhi", "Herfindahl-Hirschman, 1/n to 1", "", show, found.hhi);
    answer.count("hhi_normalised", "normalised, 0 to 1", "", show, found.hhi_normalised);
    answer.count("theil", "Theil, 0 to ln n", "", show, found.theil);
    answer.count("gini", "Gini", "", show, found.gini);
    answer.count("entropy", "Shannon entropy", "bits", show, found.entropy_bits);
    answer.count("n", "Parts", "", Show::Whole, found.n);
    answer.count("n_positive", "Parts above zero", "", Show::Whole, found.n_positive);
    answer.count("total", "Total", &unit, Show::Fitting, found.total);
    answer.say("convention", "Convention", found.convention);
    Ok(answer)
}
