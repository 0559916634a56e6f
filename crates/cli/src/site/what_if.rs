//! `--what-if`: what each single choice is worth.

use emporion_model::site::p_median::Options;
use emporion_model::site::sensitivity::{Change, Sensitivity, sensitivity};

use super::Question;
use crate::answer::{Column, Part, Show};
use crate::failure::Failure;

/// The loss when a chosen site is forbidden, and when another one is forced in.
pub fn parts(question: &Question, p: usize) -> Result<[Part; 2], Failure> {
    let Sensitivity { forbidden, forced, plan } =
        sensitivity(&question.siting.instance, p, &Options::default())?;
    let name = |list: &[usize]| {
        list.iter().map(|&j| question.siting.sites[j].as_str()).collect::<Vec<_>>().join(" ")
    };
    let gains = question.gravity.is_some();
    let worth = if gains { question.worth(plan.objective) } else { plan.objective };
    let loss = if gains { "Gain falls by" } else { "Mean cost rises by" };
    let unit = question.cost_unit.as_str();
    let table = |key, title: &str, first: &str, changes: &[Change]| {
        let columns = vec![
            Column::text("site", first),
            Column::number("loss", loss, unit, Show::Fitting),
            Column::number("percent", "in percent", "percent", Show::Decimals(2)),
            Column::number("at_least", "at least", unit, Show::Fitting),
            Column::text("opens", "Opens"),
            Column::text("closes", "Closes"),
        ];
        let mut part = Part::new(key, title, columns);
        part.whole = true;
        let mut sorted: Vec<&Change> = changes.iter().collect();
        sorted.sort_by(|a, b| a.loss.total_cmp(&b.loss).then(a.site.cmp(&b.site)));
        for change in sorted {
            part.push(vec![
                question.siting.sites[change.site].as_str().into(),
                question.loss(change.loss).into(),
                (100.0 * change.loss / worth).into(),
                question.loss(change.loss_at_least).into(),
                name(&change.opens).into(),
                name(&change.closes).into(),
            ]);
        }
        part
    };
    Ok([
        table("forbidden", "Without a chosen site", "Forbidden", &forbidden),
        table("forced", "With another site", "Forced in", &forced),
    ])
}
