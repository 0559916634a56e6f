//! The few best plans: choices that are nearly as good, with or without rules.

use serde::Serialize;

use super::certificate::{is_coarse, relative_gap};
use super::instance::Instance;
use super::p_median::Options;
use super::plans::lead;
use super::ruled::Plan;
use super::ruled_plan::SHARE_ROUNDING;
use super::ruled_tree::{self, Found, Known};
use super::rules::{RuleError, Rules};
use crate::outcome::{InputError, Status};

/// Why a list of plans ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// As many plans as asked for: proven that no other one is better than the last.
    Count,
    /// Proven that every other plan is farther from the best than asked for.
    Within,
    /// Proven that no other plan obeys the rules.
    All,
    /// The limit on nodes came first: other plans may be better than some of these.
    Open,
}

/// The best plans, best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Plans {
    /// By objective; equal ones by their sites.
    pub plans: Vec<Plan>,
    /// Why there are no more.
    pub end: End,
    /// No plan that is not listed costs less than this; `None`: there is no other plan.
    pub others_at_least: Option<f64>,
    /// (last objective - `others_at_least`) / last objective; exactly 0 when proven that no other
    /// plan is better than the last by more than `resolution`.
    pub gap: f64,
    /// The same for the first plan: 0 when it is proven best.
    pub best_gap: f64,
    /// [`Status::Optimal`] with `gap`.
    pub status: Status,
    /// Plans nearer than this are not told apart: 0 when all costs are whole numbers.
    pub resolution: f64,
    /// Subgradient steps, root and tree together.
    pub iterations: usize,
    /// Nodes of the tree.
    pub nodes: usize,
}

/// Find the `k` best plans, or those of them within a share of the best, and prove that no other
/// plan belongs among them.
///
/// ```text
/// z(S_1) ≤ z(S_2) ≤ … ≤ z(S_k) ≤ z(S)  for every other S that obeys the rules
/// z(S_k) ≤ (1 + within) z(S_1)
/// ```
///
/// # Notation
///
/// z is [`Plan::objective`], S_1 … S_k are [`Plans::plans`] (sets of open sites, each once), the
/// rules and the programme are those of [`ruled::solve`](super::ruled::solve). `within` is a share:
/// 0.02 for 2 %.
///
/// # Assumptions
///
/// As [`ruled::solve`](super::ruled::solve). Two plans are two if their sites differ, also where
/// the customers are served alike. Where plans tie with the last one, any of
/// them may be listed. A plan beyond `within` by a share of 1e-9 of it counts as within: shares round.
///
/// # Result
///
/// Up to `k` plans; fewer if fewer exist or lie within. [`Plans::end`] says what is proven.
///
/// # Errors
///
/// As [`ruled::solve`](super::ruled::solve), and [`InputError::Setting`] for a `k` of 0 or a
/// `within` that is negative or not finite.
///
/// # Cost
///
/// As [`ruled::solve`](super::ruled::solve), but the tree must also visit what lies between the
/// best plan and the last: some nodes for each plan listed.
///
/// # Source
///
/// Ranking by partition of the solutions: Lawler 1972, Management Science 18, 401-405; here in one
/// tree with the last plan wanted as the cutoff.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, k_best::{self, End}, p_median::Options};
/// use emporion_model::site::rules::{Count, Rules};
/// let at = [0.0_f64, 1.0, 3.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(3, 3, costs)?;
/// let one = Rules::new(Count::Exactly(1));
/// let answer = k_best::solve(&instance, &one, 2, None, &Options::default())?;
/// assert_eq!((answer.plans[0].objective, answer.plans[1].objective), (3.0, 4.0));
/// assert_eq!((answer.end, answer.others_at_least), (End::Count, Some(4.0)));
/// # Ok::<(), emporion_model::site::rules::RuleError>(())
/// ```
pub fn solve(
    instance: &Instance,
    rules: &Rules,
    k: usize,
    within: Option<f64>,
    options: &Options,
) -> Result<Plans, RuleError> {
    check(k, within)?;
    let (found, mut plans) = search(instance, rules, options, (k, within))?;
    let (full, resolution) = (found.pool.is_full(), found.costs.resolution);
    let best = plans[0].objective;
    let limit = within.map(|share| best + best * share * (1.0 + SHARE_ROUNDING));
    let listed = match limit {
        Some(limit) => {
            let most = limit + resolution.min(SHARE_ROUNDING * best);
            plans.partition_point(|plan| plan.objective <= most)
        }
        None => plans.len(),
    };
    let dropped = plans.split_off(listed).first().map(|plan| plan.objective);
    let last = plans[listed - 1].objective;
    let (end, others_at_least) = match (found.open_bound, limit) {
        (Some(bound), _) => {
            let bound = found.costs.bound(bound);
            let bound = if full { bound.min(last) } else { bound };
            (End::Open, Some(dropped.map_or(bound, |dropped| bound.min(dropped))))
        }
        // Plans between the two are not told apart: a better one may be missing.
        (None, _) if is_coarse(best, resolution) || is_coarse(last, resolution) => {
            (End::Open, Some((last - resolution).max(0.0)))
        }
        (None, _) if full && dropped.is_none() => (End::Count, Some(last - resolution)),
        (None, Some(limit)) => (End::Within, Some(limit - resolution)),
        (None, None) => (End::All, None),
    };
    let gap_of = |objective: f64| match others_at_least {
        Some(bound) => relative_gap(objective, bound.min(objective), resolution),
        None => 0.0,
    };
    let gap = gap_of(last);
    Ok(Plans {
        best_gap: gap_of(best),
        end,
        others_at_least,
        gap,
        status: Status::Optimal { gap },
        resolution,
        iterations: found.iterations,
        nodes: found.nodes,
        plans,
    })
}

/// The best plans found, by objective. Where a few costs dwarf them, so that their differences are lost in
/// the scale, they are lowered to twice what the last plan costs, and the question asked again.
fn search(
    instance: &Instance,
    rules: &Rules,
    options: &Options,
    (k, within): (usize, Option<f64>),
) -> Result<(Found, Vec<Plan>), RuleError> {
    let ranked = |cap: f64| -> Result<(Found, Vec<Plan>), RuleError> {
        let known = Known { cap, ..Known::default() };
        let found = ruled_tree::search(instance, rules, options, (k, within), &known)?;
        let opens = found.pool.plans.iter().map(|(_, open)| open.clone());
        let mut plans: Vec<Plan> = opens.map(|open| Plan::new(instance, rules, open)).collect();
        plans.sort_by(|a, b| a.objective.total_cmp(&b.objective).then_with(|| a.open.cmp(&b.open)));
        Ok((found, plans))
    };
    let (mut found, mut plans) = ranked(f64::INFINITY)?;
    let coarse = |found: &Found, plans: &[Plan]| {
        plans.iter().any(|plan| is_coarse(plan.objective, found.costs.resolution))
    };
    while found.pool.is_full() && coarse(&found, &plans) {
        let finer = ranked(2.0 * plans[plans.len() - 1].objective)?;
        if finer.0.costs.resolution > found.costs.resolution / 2.0 {
            break;
        }
        (found, plans) = finer;
    }
    Ok((found, plans))
}

impl Plans {
    /// The same with a plan already chosen at the head, if none is better: of plans that tie with it,
    /// this one is listed and stands first.
    ///
    /// `chosen` is the plan of the same question, as [`ruled::solve`](super::ruled::solve) gives it,
    /// and `k` what was asked for here.
    pub fn led_by(mut self, chosen: &Plan, k: usize) -> Self {
        let least = self.plans.iter().map(|plan| plan.objective).fold(f64::INFINITY, f64::min);
        if chosen.objective <= least + self.resolution {
            lead(&mut self.plans, k, chosen.clone(), |a, b| a.open == b.open);
        }
        self
    }
}

fn check(k: usize, within: Option<f64>) -> Result<(), InputError> {
    let refuse = |what: &str, expected: &str, got: String, remedy: &str| {
        let (what, expected, remedy) = (what.to_owned(), expected.to_owned(), remedy.to_owned());
        Err(InputError::Setting { what, expected, got, remedy })
    };
    if k == 0 {
        return refuse("k, the number of plans", "1 or more", "0".to_owned(), "ask for one");
    }
    match within {
        Some(share) if !(0.0..f64::INFINITY).contains(&share) => {
            let remedy = "give a share of the best, such as 0.02, or leave it out";
            refuse("within", "finite and not negative", share.to_string(), remedy)
        }
        _ => Ok(()),
    }
}
