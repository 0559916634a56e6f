//! The proof of a plan under rules: multipliers and prices at the nodes of a tree, which anyone can
//! walk again.
//!
//! ```text
//! L(λ, u, t, v) = Σ_i λ_i - Σ_g u_g b_g + Σ_g t_g a_g - v B
//!                 + min { Σ_{j∈S} ρ_j : low ≤ |S| ≤ p, Kept ⊆ S, S ∩ Forbidden = ∅ }
//! ρ_j = f_j + Σ_i min(0, w_i c_ij - λ_i) + Σ_{g∋j} (u_g - t_g) + v f_j
//! ```
//!
//! is below the cost of every plan that obeys, for *every* λ and every u, t, v ≥ 0 (Beasley 1985,
//! EJOR 21, 270-273; Geoffrion 1974, Mathematical Programming Study 2, 82-114). In the first place
//! f_j counts only if charged, and never for kept sites. At each node
//!
//! 1. the rules decide what they leave no choice about; if no plan is left, or a single one that
//!    is no better, the node is closed;
//! 2. L of the node's own numbers closes it if it reaches the plan's cost;
//! 3. a site whose opposite raises L so far is decided, and the rules decide again;
//! 4. else both cases of the node's split are walked through.
//!
//! L is computed from the caller's own costs, every sum and product rounded down, and shares no
//! arithmetic with the search. Shared with it is only what the rules leave no choice about
//! (`rule_system`): it counts sites, and compares sums of opening costs with the budget, which may
//! be overspent by rounding as [`Rules`] says.

use serde::{Deserialize, Serialize};

use super::certificate::{CheckedBound, LARGEST, Split, each_below, relative_gap, usable};
use super::down::{Down, add_down, multiply_down};
use super::instance::{Instance, SiteState, positions};
use super::p_median::Proof;
use super::proof_tree::{BETTER_LEFT, check_split, every_case};
use super::rejection::{Claims, Rejection, check_open, same};
use super::rule_system::{BUDGET_ROUNDING, System};
use super::ruled::{Plan, Solution};
use super::ruled_plan::{Costs, charges};
use super::rules::{Count, Rules};

/// Whole numbers below this are exact.
const EXACT: f64 = (1_u64 << 53) as f64;

/// What proves a plan under rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The tree, the root first; the root alone if it proves enough, or if there is no proof but by
    /// search.
    pub nodes: Vec<ProofNode>,
    /// L at the root, rounded down, before any rounding up to a whole number.
    pub value: f64,
}

impl Certificate {
    /// Numbers of the tree beside those of the root: what
    /// [`Options::proof_numbers`](super::p_median::Options::proof_numbers) limits.
    #[must_use]
    pub fn tree_numbers(&self) -> usize {
        self.nodes.iter().skip(1).map(|node| node.multipliers.len()).sum()
    }
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofNode {
    /// λ_i per customer, weight × cost.
    pub multipliers: Vec<f64>,
    /// u_g per group, weight × cost per open site beyond its most.
    pub at_most: Vec<f64>,
    /// t_g per group, weight × cost per open site short of its least.
    pub at_least: Vec<f64>,
    /// v, weight × cost per unit of money beyond the budget; 0 without one.
    pub budget: f64,
    /// The two cases that remain; `None` where the numbers leave no better plan.
    pub split: Option<Split>,
}

impl ProofNode {
    /// A node without rules that bind.
    pub(crate) fn unruled(multipliers: Vec<f64>, groups: usize) -> Self {
        let (at_most, at_least) = (vec![0.0; groups], vec![0.0; groups]);
        Self { multipliers, at_most, at_least, budget: 0.0, split: None }
    }
}

/// Recompute plan and bound from costs and rules, and compare them with the claims.
///
/// # Notation
///
/// As in [`ruled::solve`](super::ruled::solve); λ, u, t, v are the numbers of each [`ProofNode`].
///
/// # Result
///
/// What the certificate alone proves: no plan that obeys costs less than `certified_bound`.
///
/// # Errors
///
/// A [`Rejection`] naming the first claim that does not hold: the rule that the plan breaks, the
/// number that the costs do not give, or the node of the tree and its fault.
///
/// # Cost
///
/// One pass over the costs, and one over the costs of the sites that the root leaves open for each
/// node; no search.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median::Options, ruled, rules::{Count, Rules}};
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?;
/// let rules = Rules::new(Count::Exactly(2)).at_most("middle", &[2, 3], 0);
/// let solution = ruled::solve(&instance, &rules, &Options::default())?;
/// assert_eq!(ruled::check(&instance, &rules, &solution).unwrap().certified_bound, 8.0);
/// // Without the rule, 5 would do: the same proof does not hold.
/// assert!(ruled::check(&instance, &Rules::new(Count::Exactly(2)), &solution).is_err());
/// # Ok::<(), emporion_model::site::rules::RuleError>(())
/// ```
pub fn check(
    instance: &Instance,
    rules: &Rules,
    solution: &Solution,
) -> Result<CheckedBound, Rejection> {
    let system = System::new(instance, rules)?;
    check_plan(instance, rules, &system, &solution.plan)?;
    let (certificate, objective) = (&solution.certificate, solution.plan.objective);
    check_shape(instance, rules, certificate)?;
    let (coarsest, resolution) =
        (Costs::resolution_of(instance, rules, &system)?, solution.resolution);
    if !(0.0..=coarsest).contains(&resolution) {
        same("the resolution", resolution, coarsest)?;
    }
    let walk = Walk::new(instance, rules, &system, no_better(objective, resolution));
    let mut again = Certificate { nodes: certificate.nodes.clone(), value: f64::NEG_INFINITY };
    let mut bound = walk.root(&mut again, objective);
    same("the value of the certificate", certificate.value, again.value)?;
    if solution.proof == Proof::Tree {
        walk.tree(certificate)?;
        bound = walk.aim(bound, objective);
    } else if let Some(node) = (certificate.nodes.len() > 1).then_some(1) {
        return Err(Rejection::Node { node, fault: "is of no use to the proof claimed" });
    }
    // What a tree proves is as much as what the root proves elsewhere.
    let proof = if solution.proof == Proof::Tree { Proof::Certificate } else { solution.proof };
    let claims = Claims {
        bound: solution.bound,
        certified_bound: solution.certified_bound,
        gap: solution.gap,
        proof,
        status: solution.status,
    };
    claims.check(objective, bound, resolution)?;
    Ok(CheckedBound {
        objective,
        certified_bound: bound,
        certified_gap: relative_gap(objective, bound, resolution),
        claims_more: solution.bound > bound,
    })
}

/// The highest bound that leaves no plan better by more than the resolution.
pub(crate) fn no_better(objective: f64, resolution: f64) -> f64 {
    let bound = objective - resolution;
    if objective - bound > resolution { bound.next_up() } else { bound }
}

/// A plan that obeys.
pub(crate) fn check_obeys(
    states: &[SiteState],
    rules: &Rules,
    system: &System,
    open: &[usize],
) -> Result<(), Rejection> {
    check_open(states, open)?;
    let broken = |rule: &str| Err(Rejection::Broken { rule: rule.to_owned() });
    let right = match rules.count {
        Count::Exactly(p) => open.len() == p,
        Count::AtMost(p) => (1..=p).contains(&open.len()),
    };
    if !right {
        return broken("p");
    }
    for group in &rules.groups {
        let count = group.sites.iter().filter(|j| open.binary_search(j).is_ok()).count();
        if !(group.at_least..=group.at_most).contains(&count) {
            return broken(&group.name);
        }
    }
    if system.affordable(open.iter().copied()) { Ok(()) } else { broken("budget") }
}

/// Each customer at the nearest open site.
pub(crate) fn check_assignment(nearest: &[usize], assignment: &[usize]) -> Result<(), Rejection> {
    if assignment.len() != nearest.len() {
        let (what, at) = ("assignment of", assignment.len());
        return Err(Rejection::Plan { what, at, fault: "customers is not one of all" });
    }
    if let Some(at) = (0..assignment.len()).find(|i| assignment[*i] != nearest[*i]) {
        let fault = "is not assigned to the nearest open site, the first of equals";
        return Err(Rejection::Plan { what: "customer", at, fault });
    }
    Ok(())
}

/// A plan that obeys, and costs what it says.
fn check_plan(
    instance: &Instance,
    rules: &Rules,
    system: &System,
    plan: &Plan,
) -> Result<(), Rejection> {
    check_obeys(instance.states(), rules, system, &plan.open)?;
    let found = Plan::new(instance, rules, plan.open.clone());
    check_assignment(&found.assignment, &plan.assignment)?;
    same("the objective", plan.objective, found.objective)?;
    same("the cost of service", plan.service, found.service)?;
    same("the cost of opening", plan.opening, found.opening)
}

/// Lengths, signs and links.
pub(crate) fn check_shape(
    instance: &Instance,
    rules: &Rules,
    certificate: &Certificate,
) -> Result<(), Rejection> {
    let nodes = &certificate.nodes;
    if nodes.is_empty() {
        return Err(Rejection::Node { node: 0, fault: "is missing" });
    }
    let mut has_parent = vec![false; nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let refuse = |fault| Err(Rejection::Node { node: at, fault });
        let groups = rules.groups.len();
        if node.multipliers.len() != instance.customers() {
            return refuse("has a wrong number of multipliers");
        }
        if node.at_most.len() != groups || node.at_least.len() != groups {
            return refuse("has a wrong number of prices");
        }
        if !usable(&node.multipliers) {
            return refuse("has multipliers that are not finite");
        }
        let mut prices = node.at_most.iter().chain(&node.at_least).chain([&node.budget]);
        if !prices.all(|price| (0.0..=LARGEST).contains(price)) {
            return refuse("has a price that is negative or not finite");
        }
        if rules.budget.is_none() && node.budget != 0.0 {
            return refuse("has a price for a budget that there is not");
        }
        if let Some(split) = node.split {
            check_split(split, at, instance.sites(), &mut has_parent).or_else(refuse)?;
        }
    }
    Ok(())
}

/// Costs of the sites that are left, by customer, the lowest first.
struct Live {
    starts: Vec<usize>,
    entries: Vec<(f64, u32)>,
}

/// What holds at a node.
struct Sums {
    bound: f64,
    /// ρ_j, rounded down.
    reduced: Vec<f64>,
    /// Free sites, the lowest ρ first.
    free: Vec<usize>,
    /// How many of them the minimum takes.
    taken: usize,
    /// How many sites it takes in all.
    size: usize,
}

/// A walk over the tree.
pub(crate) struct Walk<'a> {
    instance: &'a Instance,
    system: &'a System,
    rules: &'a Rules,
    charges: Vec<f64>,
    /// A bound that reaches this rules out a better plan.
    aim: f64,
    whole: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        instance: &'a Instance,
        rules: &'a Rules,
        system: &'a System,
        aim: f64,
    ) -> Self {
        let charges = charges(instance, rules);
        let whole = charges.iter().all(|f| f.fract() == 0.0 && *f < EXACT) && instance.is_whole();
        Self { instance, system, rules, charges, aim, whole }
    }

    /// What reaching the aim certifies.
    pub(crate) fn aim(&self, root_bound: f64, objective: f64) -> f64 {
        root_bound.max(self.aim).min(objective)
    }

    /// Compute the value of the certificate, and the bound that the root's numbers alone prove.
    pub(crate) fn root(&self, certificate: &mut Certificate, objective: f64) -> f64 {
        let mut states = self.instance.states().to_vec();
        // A plan obeys, so that there is no contradiction.
        self.system.propagate(&mut states);
        let root = &certificate.nodes[0];
        let live = self.live(|_| true, |i| root.multipliers[i]);
        certificate.value = self.sums(&states, &live, root).bound;
        let value = if self.whole { certificate.value.ceil() } else { certificate.value };
        value.max(0.0).min(objective)
    }

    /// Refuse the tree unless it proves that no plan costs less than the aim.
    pub(crate) fn tree(&self, certificate: &Certificate) -> Result<(), Rejection> {
        let nodes = &certificate.nodes;
        let mut states = self.instance.states().to_vec();
        let all = self.live(|_| true, |i| nodes[0].multipliers[i]);
        if self.closes(&mut states, &all, &nodes[0]) {
            return Ok(());
        }
        let highest = |i: usize| nodes.iter().map(|node| node.multipliers[i]).fold(0.0, f64::max);
        let live = self.live(|j| states[j] != SiteState::Forbidden, highest);
        let closes = |at: usize, states: &mut [SiteState]| self.closes(states, &live, &nodes[at]);
        every_case(|at| nodes[at].split, states, closes)
            .map_err(|node| Rejection::Node { node, fault: BETTER_LEFT })
    }

    /// w_i c_ij, rounded down, for the sites asked for, as far as multipliers up to `most` reach.
    fn live(&self, live: impl Fn(usize) -> bool, most: impl Fn(usize) -> f64) -> Live {
        let mut table = Live { starts: vec![0], entries: Vec::new() };
        for i in 0..self.instance.customers() {
            let from = table.entries.len();
            each_below(self.instance, i, most(i), |site, cost| {
                if live(site) {
                    table.entries.push((cost, site as u32));
                }
            });
            table.entries[from..].sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            table.starts.push(table.entries.len());
        }
        table
    }

    /// Whether no plan better than the aim is left; what rules and numbers decide is decided.
    fn closes(&self, states: &mut [SiteState], live: &Live, node: &ProofNode) -> bool {
        if let Some(closed) = self.settled(states) {
            return closed;
        }
        let sums = self.sums(states, live, node);
        if self.reaches(sums.bound) {
            return true;
        }
        self.decide(states, &sums);
        self.settled(states).unwrap_or(false)
    }

    fn reaches(&self, bound: f64) -> bool {
        // No plan costs less than nothing.
        self.aim <= 0.0 || (if self.whole { bound.ceil() } else { bound }) >= self.aim
    }

    /// What the rules decide; if one plan at most is left, whether it is no better than the aim.
    fn settled(&self, states: &mut [SiteState]) -> Option<bool> {
        if !self.system.propagate(states) {
            return Some(true);
        }
        if states.contains(&SiteState::Free) {
            return None;
        }
        let open = positions(states, SiteState::Kept);
        let worse = |open| Plan::new(self.instance, self.rules, open).objective >= self.aim;
        Some(!self.system.allows(&open) || worse(open))
    }

    /// L and ρ of a node, all rounded down.
    fn sums(&self, states: &[SiteState], live: &Live, node: &ProofNode) -> Sums {
        let mut bound = Down::default();
        let mut reduced = vec![Down::default(); states.len()];
        for (i, &multiplier) in node.multipliers.iter().enumerate() {
            bound.add(multiplier);
            for &(cost, site) in &live.entries[live.starts[i]..live.starts[i + 1]] {
                if cost >= multiplier {
                    break;
                }
                reduced[site as usize].add(cost);
                reduced[site as usize].add(-multiplier);
            }
        }
        for (sum, charge) in reduced.iter_mut().zip(&self.charges) {
            sum.add(*charge);
        }
        let prices = node.at_most.iter().zip(&node.at_least);
        for (quota, (&most, &least)) in self.system.quotas.iter().zip(prices) {
            bound.add(multiply_down(-most, quota.high as f64));
            bound.add(multiply_down(least, quota.low as f64));
            for &j in &quota.sites {
                reduced[j].add(most);
                reduced[j].add(-least);
            }
        }
        if node.budget > 0.0 {
            let budget = self.system.budget * (1.0 + BUDGET_ROUNDING);
            bound.add(multiply_down(-node.budget, budget));
            for (sum, cost) in reduced.iter_mut().zip(&self.system.spending) {
                sum.add(multiply_down(node.budget, *cost));
            }
        }
        self.least(states, bound, reduced.into_iter().map(Down::value).collect())
    }

    /// The minimum over sets of sites.
    fn least(&self, states: &[SiteState], mut bound: Down, reduced: Vec<f64>) -> Sums {
        let kept = positions(states, SiteState::Kept);
        let mut free = positions(states, SiteState::Free);
        free.sort_unstable_by(|a, b| reduced[*a].total_cmp(&reduced[*b]).then(a.cmp(b)));
        let needed = self.system.low.saturating_sub(kept.len());
        let most = (self.system.high - kept.len()).min(free.len());
        let taken = needed.max(free[..most].partition_point(|j| reduced[*j] < 0.0));
        kept.iter().chain(&free[..taken]).for_each(|&j| bound.add(reduced[j]));
        Sums { bound: bound.value(), reduced, taken, size: kept.len() + taken, free }
    }

    /// Decide the sites whose opposite reaches the aim.
    fn decide(&self, states: &mut [SiteState], sums: &Sums) {
        let (chosen, others) = sums.free.split_at(sums.taken);
        let last = chosen.last().map(|&j| sums.reduced[j]);
        let next = others.first().map(|&j| sums.reduced[j]);
        let ruled_out = |changes: [Option<f64>; 2]| {
            let mut changes = changes.into_iter().flatten();
            changes.all(|change| self.reaches(add_down(sums.bound, change)))
        };
        for &j in chosen {
            let dropped = (sums.size > self.system.low).then_some(-sums.reduced[j]);
            let swapped = next.map(|next| add_down(next, -sums.reduced[j]));
            if ruled_out([dropped, swapped]) {
                states[j] = SiteState::Kept;
            }
        }
        for &j in others {
            let added = (sums.size < self.system.high).then_some(sums.reduced[j]);
            let swapped = last.map(|last| add_down(sums.reduced[j], -last));
            if ruled_out([added, swapped]) {
                states[j] = SiteState::Forbidden;
            }
        }
    }
}
