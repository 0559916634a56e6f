//! The best plans of a p-median in order, and a proof that none is missing from the list.
//!
//! Ranking divides the plans: what is left beside a plan listed falls into parts, with some sites kept
//! and some forbidden, and the best plan of all parts comes next. The best plans of the parts that are
//! left in the end, each with its certificate, prove what every other plan costs at least; [`check`]
//! makes the same parts from the list alone.

use serde::Serialize;

use super::certificate::{self, Rejection, check_open};
use super::fixed::Table;
use super::instance::{Instance, SiteState, positions};
use super::p_median::{Options, Solution, Warm, check_options, solve_on};
use crate::outcome::InputError;

/// The best plans, best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Ranking {
    /// By cost, the plan asked about first of those that tie with it; equal ones by their sites.
    pub plans: Vec<Listed>,
    /// The best plan of each part of the plans that are not listed, in the order of [`check`].
    pub unlisted: Vec<Solution>,
}

/// A plan of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Σ_i w_i min_{j∈S} c_ij.
    pub objective: f64,
}

/// Find the `k` best plans of as many sites as the best one has, as far as they are `near` enough.
///
/// ```text
/// z(S_1) ≤ z(S_2) ≤ … ≤ z(S_k) ≤ z(S)  for every other S with |S| = p
/// ```
///
/// # Notation
///
/// z(S) = Σ_i w_i min_{j∈S} c_ij. S_1 is `best`, as [`p_median::solve`](super::p_median::solve) gives
/// it; `near` says of a cost whether a plan is to be listed that costs so much.
///
/// # Assumptions
///
/// Those of [`p_median::solve`](super::p_median::solve). Two plans are two if their sites differ. Where
/// plans tie with the last one, any of them may be listed.
///
/// # Result
///
/// Up to `k` plans, S_1 among them, fewer if fewer exist or are near. A plan before S_1 is better: S_1 was
/// not proven best then. The bounds of
/// [`Ranking::unlisted`] say what every other plan costs at least, and are its cost where proven; their
/// trees together have `options.proof_numbers` numbers at most.
///
/// # Errors
///
/// [`InputError::Setting`] for a `k` of 0, a `best` that is no plan, or options that mean nothing.
///
/// # Cost
///
/// One warm p-median question per part: p for each plan listed.
///
/// # Source
///
/// Lawler 1972, Management Science 18, 401-405.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median::{self, Options}, ranking};
/// let at = [0.0_f64, 1.0, 3.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(3, 3, costs)?;
/// // A centre in the middle costs 3, one at the left end 4, one at the right end 5.
/// let best = p_median::solve(&instance, 1, &Options::default())?;
/// let ranking = ranking::rank(&instance, &best, 2, |_| true, &Options::default())?;
/// let opens: Vec<&[usize]> = ranking.plans.iter().map(|plan| &plan.open[..]).collect();
/// assert_eq!(opens, [&[1], &[0]]);
/// assert_eq!(ranking::check(&instance, 1, &opens, &ranking.unlisted)?, Some(5.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rank(
    instance: &Instance,
    best: &Solution,
    k: usize,
    near: impl Fn(f64) -> bool,
    options: &Options,
) -> Result<Ranking, InputError> {
    check_options(options)?;
    let p = best.open.len();
    instance.check_p(p)?;
    check_open(instance, p, &best.open).map_err(|fault| InputError::Setting {
        what: "the best plan".to_owned(),
        expected: format!("{p} open sites of this question, ascending"),
        got: fault.to_string(),
        remedy: "take the answer to the same question".to_owned(),
    })?;
    if k == 0 {
        let what = "k, the number of plans".to_owned();
        let (expected, got) = ("1 or more".to_owned(), "0".to_owned());
        return Err(InputError::Setting { what, expected, got, remedy: "ask for one".to_owned() });
    }
    let table = Table::new(instance, p, p);
    let mut search = Search { table: &table, p, options: options.clone() };
    let first = Listed { open: best.open.clone(), objective: best.objective };
    let mut parts = search.solved(others(instance, p, &best.open), &best.certificate.multipliers);
    let mut plans = vec![first];
    while plans.len() < k {
        let order = |a: &(usize, &Solution), b: &(usize, &Solution)| {
            let by_cost = a.1.objective.total_cmp(&b.1.objective);
            by_cost.then_with(|| a.1.open.cmp(&b.1.open))
        };
        let next = parts.iter().map(|(_, found)| found).enumerate().min_by(order);
        let Some((at, _)) = next.filter(|(_, found)| near(found.objective)) else { break };
        let (part, found) = parts.remove(at);
        parts.extend(search.solved(others(&part, p, &found.open), &found.certificate.multipliers));
        plans.push(Listed { open: found.open, objective: found.objective });
    }
    let found_in_order = plans.clone();
    // A plan that was not proven best may have been beaten.
    let beaten = plans.iter().any(|plan| plan.objective < best.objective);
    plans[usize::from(!beaten)..]
        .sort_by(|a, b| a.objective.total_cmp(&b.objective).then_with(|| a.open.cmp(&b.open)));
    if plans != found_in_order {
        // Plans that tie were found in another order, which makes other parts.
        let opens: Vec<&[usize]> = plans.iter().map(|plan| &plan.open[..]).collect();
        search.options.proof_numbers = options.proof_numbers;
        parts = search.solved(unlisted(instance, p, &opens), &best.certificate.multipliers);
    }
    Ok(Ranking { plans, unlisted: parts.into_iter().map(|(_, found)| found).collect() })
}

/// Prove again what plans that are not listed cost at least: what the certificates prove without the
/// search. `None`: there is no other plan.
///
/// # Notation
///
/// `plans` are the open sites of [`Ranking::plans`], in order, `unlisted` is [`Ranking::unlisted`].
///
/// # Assumptions
///
/// Nothing is taken on trust: see [`certificate::check`]. From all plans as one part on, the part with the
/// next plan listed is taken out, and what is left of it put at the end: for each site that this plan opens
/// and the part leaves free, in order, the plans with those before it kept and itself forbidden, if
/// there are any.
///
/// # Errors
///
/// A [`Rejection`] of a plan listed that is none, or stands there twice; [`Rejection::Part`] with the first
/// part that does not hold, [`Rejection::Length`] where some are missing.
///
/// # Cost
///
/// That of [`certificate::check`] for each part.
pub fn check(
    instance: &Instance,
    p: usize,
    plans: &[&[usize]],
    unlisted: &[Solution],
) -> Result<Option<f64>, Rejection> {
    instance.check_p(p)?;
    for (at, plan) in plans.iter().enumerate() {
        check_open(instance, p, plan)?;
        if plans[..at].contains(plan) {
            let site = plan.first().copied().unwrap_or_default();
            return Err(Rejection::Open { site, fault: "begins a plan that is listed twice" });
        }
    }
    let parts = self::unlisted(instance, p, plans);
    if unlisted.len() != parts.len() {
        let (what, expected) = ("the parts of the plans that are not listed", parts.len());
        return Err(Rejection::Length { what, expected, got: unlisted.len() });
    }
    let mut least: Option<f64> = None;
    for (at, (part, found)) in parts.iter().zip(unlisted).enumerate() {
        let checked = certificate::check(part, p, found)
            .map_err(|fault| Rejection::Part { part: at, fault: Box::new(fault) })?;
        least = Some(least.map_or(checked.certified_bound, |l| l.min(checked.certified_bound)));
    }
    Ok(least)
}

/// The parts that together hold every plan of p sites but those listed, each once.
fn unlisted(instance: &Instance, p: usize, plans: &[&[usize]]) -> Vec<Instance> {
    let mut parts = vec![instance.clone()];
    for plan in plans {
        let of_part = |part: &Instance| check_open(part, p, plan).is_ok();
        let at = parts.iter().position(of_part).expect("each plan is in one part");
        let part = parts.remove(at);
        parts.extend(others(&part, p, plan));
    }
    parts
}

/// The plans of a part but one of them, in parts.
fn others(part: &Instance, p: usize, plan: &[usize]) -> Vec<Instance> {
    let mut states = part.states().to_vec();
    let mut parts = Vec::new();
    for site in positions(part.states(), SiteState::Free) {
        if plan.binary_search(&site).is_ok() {
            states[site] = SiteState::Forbidden;
            parts.push(part.with_states(&states));
            states[site] = SiteState::Kept;
        }
    }
    parts.retain(|part| part.check_p(p).is_ok());
    parts
}

/// What the questions of a ranking share.
struct Search<'a> {
    table: &'a Table<'a>,
    p: usize,
    options: Options,
}

impl Search<'_> {
    /// Each part with its best plan.
    fn solved(&mut self, parts: Vec<Instance>, multipliers: &[f64]) -> Vec<(Instance, Solution)> {
        let warm = Warm { open: None, multipliers: Some(multipliers) };
        let best = |part: Instance| {
            let found = solve_on(self.table, &part, self.p, &self.options, &warm);
            let left = self.options.proof_numbers;
            self.options.proof_numbers = left.saturating_sub(found.certificate.tree_numbers());
            (part, found)
        };
        parts.into_iter().map(best).collect()
    }
}
