//! `--plans` of a p-median without rules: the best plans in order, with a proof that none is missing.

use emporion_model::site::k_best::End;
use emporion_model::site::p_median::{Options, Solution};
use emporion_model::site::ranking;
use emporion_model::site::ruled::Plan;
use emporion_model::site::rules::{Count, Rules};

use super::Question;
use super::ruled::{self, Ranked, SHARE_ROUNDING, is_within, others, share};
use crate::failure::Failure;

/// Entries of costs that all parts of a ranking may have; beyond, one search ranks the plans.
const ENTRIES: usize = 300_000_000;

/// The best plans, and the best one of each part of the others, unless there is too much of that.
pub fn rank(
    question: &Question,
    chosen: &Solution,
    count: usize,
    within: Option<f64>,
) -> Result<(Ranked, Option<Vec<Solution>>), Failure> {
    let instance = &question.siting.instance;
    let wanted = share(within)?;
    let parts = chosen.open.len().saturating_mul(count);
    let entries = instance.customers().saturating_mul(instance.sites());
    if entries.saturating_mul(parts) > ENTRIES {
        let rules = Rules::new(Count::Exactly(chosen.open.len()));
        let plan = Plan {
            open: chosen.open.clone(),
            assignment: chosen.assignment.clone(),
            objective: chosen.objective,
            service: chosen.objective,
            opening: 0.0,
        };
        return Ok((ruled::rank(question, &rules, &plan, count, within)?, None));
    }
    let near = |cost: f64| {
        let rounding = chosen.resolution.min(SHARE_ROUNDING * chosen.objective);
        wanted.is_none_or(|share| is_within(question, share, chosen.objective, cost - rounding))
    };
    let found = ranking::rank(instance, chosen, count, near, &Options::default())?;
    let costs: Vec<f64> = found.plans.iter().map(|plan| plan.objective).collect();
    let least = found.unlisted.iter().map(|part| part.bound).reduce(f64::min);
    let end = match found.plans.len() {
        listed if listed >= count => End::Count,
        _ if least.is_none() => End::All,
        _ => End::Within,
    };
    let end = others(end, within);
    let proven = proven_of_others(question, &costs, (least, nearest(&found.unlisted)), within)?;
    let others = if proven.contains(&end) { end } else { others(End::Open, within) };
    Ok((Ranked { plans: found.plans, others }, Some(found.unlisted)))
}

/// What costs of plans are not told apart by.
pub fn nearest(unlisted: &[Solution]) -> f64 {
    unlisted.iter().map(|part| part.resolution).fold(0.0, f64::max)
}

/// All that may be said of the plans that are not listed, if none of them costs less than this;
/// `None`: there are none.
pub fn proven_of_others(
    question: &Question,
    costs: &[f64],
    (least, near): (Option<f64>, f64),
    within: Option<f64>,
) -> Result<Vec<String>, Failure> {
    let (Some(first), Some(last)) = (costs.first(), costs.last()) else { return Ok(Vec::new()) };
    let beyond =
        |share| least.is_none_or(|least| !is_within(question, share, *first, least + near));
    let ends = [
        (End::All, least.is_none()),
        (End::Count, least.is_none_or(|least| least >= last - near)),
        (End::Within, share(within)?.is_some_and(beyond)),
    ];
    let holds = ends.into_iter().filter(|(_, holds)| *holds);
    Ok(holds.map(|(end, _)| others(end, within)).collect())
}
