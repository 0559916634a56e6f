//! p-median under rules: quotas of groups, "not both", opening costs and a budget.

use serde::{Deserialize, Serialize};

use super::certificate::{is_coarse, relative_gap};
use super::instance::{Instance, SiteState};
use super::p_median::{Options, Proof};
use super::rejection::{IDLE, notes};
use super::rule_system::System;
pub use super::ruled_check::check;
use super::ruled_check::{Certificate, Walk, no_better};
use super::ruled_tree::{self, Found, Known};
use super::rules::{RuleError, Rules};
use crate::outcome::{Note, Status};

/// A plan and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Site that serves each customer: the nearest open one, the lowest position in a tie.
    pub assignment: Vec<usize>,
    /// `service`, and `opening` if the rules charge it.
    pub objective: f64,
    /// Σ_i w_i c_{i,a(i)}, in the unit of weight × cost.
    pub service: f64,
    /// Σ f_j over open sites that are not kept: what a budget counts. 0 without opening costs.
    pub opening: f64,
}

impl Plan {
    pub(crate) fn new(instance: &Instance, rules: &Rules, open: Vec<usize>) -> Self {
        let assignment = instance.assign(&open);
        let service = instance.value_of(&assignment);
        let new = open.iter().filter(|j| instance.states()[**j] != SiteState::Kept);
        // The sum of nothing is -0.
        let opening = new.filter_map(|&j| rules.opening.get(j)).sum::<f64>() + 0.0;
        let objective = if rules.charged { service + opening } else { service };
        Self { open, assignment, objective, service, opening }
    }
}

/// The best plan under rules, with its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Solution {
    /// The plan.
    pub plan: Plan,
    /// No plan that obeys the rules costs less than this.
    pub bound: f64,
    /// (objective - bound) / objective; exactly 0 when no plan is better by more than `resolution`.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// The part of `bound` that [`check`] re-proves from costs and rules.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// The multipliers and prices at the nodes of the tree.
    pub certificate: Certificate,
    /// Plans nearer than this are not told apart: 0 when all costs are whole numbers, else their
    /// rounding to 64-bit integers.
    pub resolution: f64,
    /// Subgradient steps, root and tree together.
    pub iterations: usize,
    /// Nodes of the tree.
    pub nodes: usize,
    /// `at_limit`: groups, by position, with no more open sites than they must or as many as they
    /// may. `zero_weight`: customers that do not move the answer.
    pub notes: Vec<Note>,
}

/// Find the sites that serve all customers at the least cost under rules, and prove it.
///
/// ```text
/// minimise  Σ_i Σ_j w_i c_ij x_ij  [ + Σ_{j∉Kept} f_j y_j  if charged ]
/// subject to  Σ_j x_ij = 1,  x_ij ≤ y_j,  x, y ∈ {0, 1}
///             Σ_j y_j = p  (or 1 ≤ Σ_j y_j ≤ p)
///             a_g ≤ Σ_{j∈g} y_j ≤ b_g  for each group g
///             Σ_{j∉Kept} f_j y_j ≤ B  if there is a budget
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij, w_i | `instance` | customers × sites; customers | cost per unit of demand; demand |
/// | p, a_g, b_g, f_j, B | `rules` | see [`Rules`] | |
/// | y_j | [`Plan::open`] | | |
/// | x_ij | [`Plan::assignment`] | customers | |
///
/// # Assumptions
///
/// Those of [`Instance`] and [`Rules`]. If several plans are equally good, one is returned: which
/// one depends on the seed, not on the number of threads.
///
/// # Result
///
/// A plan, a proven bound and the certificate, which [`check`] repeats. A gap of 0 is stated only
/// with a proof; if its tree is longer than `options.proof_numbers` it is by search alone, and only
/// solving again repeats it.
///
/// # Errors
///
/// A [`RuleError`]: input that cannot mean anything; a contradiction with the rules involved, found
/// before the search or proven by it; or [`RuleError::Undecided`] if the limit on nodes comes
/// before any plan.
///
/// # Cost
///
/// As [`p_median::solve`](super::p_median::solve), and per swap priced O(p · groups). With 200
/// customers and sites, p = 10 and five quotas that bind, a fraction of a second. A budget widens
/// the gap that the tree must close: on the same sites it may stay open at some 1 %.
///
/// # Source
///
/// Bound: Beasley 1985, EJOR 21, 270-273, with the rules relaxed as Geoffrion 1974, Mathematical
/// Programming Study 2, 82-114, does for side constraints; tree: Christofides and Beasley 1982,
/// EJOR 10, 196-204.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median::Options, ruled, rules::{Count, Rules}};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?;
/// let free = ruled::solve(&instance, &Rules::new(Count::Exactly(2)), &Options::default())?;
/// assert_eq!(free.plan.objective, 5.0);
/// // Of the two in the middle, neither may open.
/// let rules = Rules::new(Count::Exactly(2)).at_most("middle", &[2, 3], 0);
/// let ruled = ruled::solve(&instance, &rules, &Options::default())?;
/// assert_eq!((ruled.plan.objective, ruled.gap), (8.0, 0.0));
/// # Ok::<(), emporion_model::site::rules::RuleError>(())
/// ```
pub fn solve(instance: &Instance, rules: &Rules, options: &Options) -> Result<Solution, RuleError> {
    solve_from(instance, rules, options, &Known::default())
}

/// The same from what is known.
pub(crate) fn solve_from(
    instance: &Instance,
    rules: &Rules,
    options: &Options,
    known: &Known,
) -> Result<Solution, RuleError> {
    let (found, plan) = best(instance, rules, options, known)?;
    let resolution = found.costs.resolution;
    let proven = match found.open_bound {
        Some(bound) => found.costs.bound(bound),
        None => no_better(plan.objective, resolution),
    };
    let system = System::new(instance, rules)?;
    let walk = Walk::new(instance, rules, &system, no_better(plan.objective, resolution));
    let mut certificate = Certificate { nodes: found.proof, value: f64::NEG_INFINITY };
    let mut certified = walk.root(&mut certificate, plan.objective);
    let bound = certified.max(proven.max(known.bound).clamp(0.0, plan.objective));
    let gap = relative_gap(plan.objective, bound, resolution);
    let mut proof = Proof::of(plan.objective, certified, gap, resolution);
    if proof == Proof::Search && walk.tree(&certificate).is_ok() {
        (proof, certified) = (Proof::Tree, walk.aim(certified, plan.objective));
    } else {
        certificate.nodes.truncate(1);
        certificate.nodes[0].split = None;
    }
    Ok(Solution {
        bound,
        gap,
        status: Status::Optimal { gap },
        certified_bound: certified,
        proof,
        certificate,
        resolution,
        iterations: found.iterations,
        nodes: found.nodes,
        notes: notes([
            (
                "at_limit",
                ["group is at a quota: it may cost", "groups are at a quota: it may cost"],
                at_limit(rules, &plan.open),
            ),
            (
                "zero_weight",
                IDLE,
                (0..instance.customers()).filter(|&i| instance.weights()[i] == 0.0).collect(),
            ),
        ]),
        plan,
    })
}

/// The best plan found. Where a few costs dwarf it, so that its differences are lost in the scale, they
/// are lowered to twice what it costs, which no better plan can have of them, and the question asked
/// again.
fn best(
    instance: &Instance,
    rules: &Rules,
    options: &Options,
    known: &Known,
) -> Result<(Found, Plan), RuleError> {
    let solved = |known: &Known| -> Result<(Found, Plan), RuleError> {
        let found = ruled_tree::search(instance, rules, options, (1, None), known)?;
        let (_, open) = found.pool.plans.first().cloned().expect("the search found a plan");
        Ok((found, Plan::new(instance, rules, open)))
    };
    let (mut found, mut plan) = solved(known)?;
    while is_coarse(plan.objective, found.costs.resolution) {
        let cap = 2.0 * plan.objective;
        let finer = solved(&Known { plan: Some(plan.open.clone()), cap, ..known.clone() })?;
        if finer.0.costs.resolution > found.costs.resolution / 2.0 {
            break;
        }
        (found, plan) = finer;
    }
    Ok((found, plan))
}

fn at_limit(rules: &Rules, open: &[usize]) -> Vec<usize> {
    let full = |at: &usize| {
        let group = &rules.groups[*at];
        let count = group.sites.iter().filter(|j| open.binary_search(j).is_ok()).count();
        count == group.at_most || group.at_least > 0 && count == group.at_least
    };
    (0..rules.groups.len()).filter(full).collect()
}
