//! Lower bounds: let each customer be served any number of times, and charge for it.
//!
//! ```text
//! L(λ) = Σ_i λ_i + min { Σ_{j∈S} ρ_j(λ) : |S| = p, Kept ⊆ S, S ∩ Forbidden = ∅ }
//! ρ_j(λ) = Σ_i min(0, d_ij - λ_i)
//! ```
//!
//! L(λ) is below the cost of every plan, whatever λ (Cornuejols, Fisher, Nemhauser 1977; Beasley
//! 1985, "A note on solving large p-median problems", EJOR 21, 270-273). The p best sites by ρ are
//! found without sorting. λ climbs along a deflected subgradient
//!
//! ```text
//! g_i = 1 - |{j ∈ S : d_ij < λ_i}|,   s ← g + δ s,   δ = max(0, -1.5 g·s / s·s)
//! λ ← λ + θ (U - L) / (s·s) · s
//! ```
//!
//! (Camerini, Fratta, Maffioli 1975, Mathematical Programming Study 3, 26-34, for δ). On the way
//! every S is a plan of its own: the promising ones are improved by swaps. Sites whose opposite
//! would lift the bound to the best plan known are decided for good (reduced-cost fixing).
//!
//! Cost of a step: O(entries with d_ij < λ_i), about 2 n m / p of the n m.

use std::sync::Arc;

use super::fixed::{Lists, Table};
use super::instance::SiteState;
use super::local_search::Plan;

/// The best plan known, and what improving another one needs.
pub(crate) struct Incumbent {
    /// Open sites, ascending.
    pub(crate) open: Vec<usize>,
    pub(crate) value: i64,
    kept: Vec<usize>,
    free: Vec<usize>,
    /// Best value of an unimproved set: a better one is worth improving.
    best_raw: i64,
}

impl Incumbent {
    pub(crate) fn new(plan: &Plan, states: &[SiteState]) -> Self {
        let of = |state| (0..states.len()).filter(|&j| states[j] == state).collect();
        let (kept, free) = (of(SiteState::Kept), of(SiteState::Free));
        Self { open: plan.sorted(), value: plan.value, kept, free, best_raw: i64::MAX }
    }

    /// Take a set of open sites with its value; improve it by swaps if `swaps`, or if no set as
    /// good was seen before.
    fn offer(&mut self, table: &Table, chosen: &[bool], value: i64, swaps: bool) {
        if value >= self.best_raw && !swaps {
            return;
        }
        self.best_raw = self.best_raw.min(value);
        let others: Vec<usize> = self.free.iter().copied().filter(|&j| chosen[j]).collect();
        let mut plan = Plan::new(table, &self.kept, &others);
        debug_assert_eq!(plan.value, value);
        plan.improve(table, &self.free, 0);
        if plan.value < self.value {
            self.value = plan.value;
            self.open = plan.sorted();
        }
    }
}

/// How long to climb.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Climb {
    /// Steps at most.
    pub(crate) max_iterations: usize,
    /// First step length θ.
    pub(crate) theta: f64,
    /// Steps without a better bound before θ is halved.
    pub(crate) patience: usize,
    /// Stop below this θ.
    pub(crate) least_theta: f64,
    /// Improve the set of every so many steps by swaps (0: only the promising ones).
    pub(crate) swap_every: usize,
    /// Whether to decide sites by reduced cost. Without, the bound holds for the node as given, and
    /// the multipliers alone prove it.
    pub(crate) fix: bool,
}

/// A part of the search: some sites decided, the multipliers reached so far, and the bound.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) states: Vec<SiteState>,
    pub(crate) lists: Arc<Lists>,
    pub(crate) multipliers: Arc<Vec<i64>>,
    pub(crate) bound: i64,
    /// The free site to branch on: the one in the best set that is worth most.
    pub(crate) branch: usize,
}

/// The p best sites at given multipliers.
struct Choice {
    bound: i64,
    /// Worst ρ among the free sites chosen, if one was.
    last: Option<i64>,
    /// Best ρ among the free sites not chosen, if one was not.
    next: Option<i64>,
}

struct Work<'a> {
    table: &'a Table,
    p: usize,
    reduced: Vec<i64>,
    chosen: Vec<bool>,
    free: Vec<usize>,
    kept: Vec<usize>,
}

impl Work<'_> {
    fn read_states(&mut self, states: &[SiteState]) {
        let of = |state| (0..states.len()).filter(move |&j| states[j] == state);
        self.free = of(SiteState::Free).collect();
        self.kept = of(SiteState::Kept).collect();
    }

    /// Whether nothing is left to choose: no plan, or one whose value is then known exactly.
    fn settled(&self, incumbent: &mut Incumbent) -> bool {
        let (kept, free) = (self.kept.len(), self.free.len());
        if kept > self.p || kept + free < self.p {
            return true;
        }
        if kept < self.p && kept + free > self.p {
            return false;
        }
        let rest = if kept == self.p { &[] } else { &self.free[..] };
        let plan = Plan::new(self.table, &self.kept, rest);
        if plan.value < incumbent.value {
            incumbent.value = plan.value;
            incumbent.open = plan.sorted();
        }
        true
    }

    /// The free site with the lowest ρ.
    fn worth_most(&self) -> usize {
        let best = self.free.iter().min_by_key(|&&j| (self.reduced[j], j));
        *best.expect("an unsettled node has a free site")
    }

    /// ρ_j for every site in the lists.
    fn price(&mut self, lists: &Lists, multipliers: &[i64]) {
        self.reduced.fill(0);
        for (i, &multiplier) in multipliers.iter().enumerate() {
            let (costs, sites) = lists.of(i);
            for (cost, site) in costs.iter().zip(sites) {
                let saving = cost - multiplier;
                if saving >= 0 {
                    break;
                }
                self.reduced[*site as usize] += saving;
            }
        }
    }

    /// Kept sites and the best free ones; ties go to the lower position.
    fn choose(&mut self, multipliers: &[i64]) -> Choice {
        let Self { reduced, free, kept, chosen, .. } = self;
        let slots = self.p - kept.len();
        chosen.fill(false);
        let mut bound: i64 = multipliers.iter().sum();
        let (mut last, mut next) = (None, None);
        if slots > 0 && slots < free.len() {
            free.select_nth_unstable_by_key(slots, |&j| (reduced[j], j));
            next = Some(reduced[free[slots]]);
        }
        for &j in kept.iter().chain(&free[..slots]) {
            bound += reduced[j];
            chosen[j] = true;
        }
        if slots > 0 {
            last = free[..slots].iter().map(|&j| reduced[j]).max();
        } else {
            next = free.iter().map(|&j| reduced[j]).min();
        }
        Choice { bound, last, next }
    }

    /// Subgradient at the chosen set, and the cost of that set as a plan.
    fn served(&self, lists: &Lists, multipliers: &[i64], subgradient: &mut [f64]) -> i64 {
        let mut value = 0;
        for (i, &multiplier) in multipliers.iter().enumerate() {
            let (costs, sites) = lists.of(i);
            let (mut nearest, mut count) = (None, 0_u32);
            for (cost, site) in costs.iter().zip(sites) {
                if *cost >= multiplier && nearest.is_some() {
                    break;
                }
                if self.chosen[*site as usize] {
                    nearest = nearest.or(Some(*cost));
                    count += u32::from(*cost < multiplier);
                }
            }
            value += nearest.expect("a chosen site is in every list");
            subgradient[i] = 1.0 - f64::from(count);
        }
        value
    }

    /// Decide free sites whose opposite cannot lead to a better plan; says how many.
    fn fix(&self, states: &mut [SiteState], choice: &Choice, cutoff: i64) -> usize {
        let mut decided = 0;
        for &j in &self.free {
            if self.chosen[j] {
                // Without j the best one left outside comes in.
                if choice.next.is_none_or(|next| choice.bound - self.reduced[j] + next >= cutoff) {
                    states[j] = SiteState::Kept;
                    decided += 1;
                }
            } else if choice.last.is_none_or(|last| choice.bound - last + self.reduced[j] >= cutoff)
            {
                states[j] = SiteState::Forbidden;
                decided += 1;
            }
        }
        decided
    }
}

/// Raise the bound of a node and decide sites on the way. Returns whether the node is closed (no
/// plan in it is better than the best one known), and the number of steps.
pub(crate) fn climb(
    table: &Table,
    node: &mut Node,
    p: usize,
    rules: &Climb,
    incumbent: &mut Incumbent,
) -> (bool, usize) {
    let n = table.customers;
    let mut work = Work {
        table,
        p,
        reduced: vec![0; table.sites],
        chosen: vec![false; table.sites],
        free: Vec::new(),
        kept: Vec::new(),
    };
    work.read_states(&node.states);
    if work.settled(incumbent) {
        return (true, 0);
    }
    let mut current = node.multipliers.as_ref().clone();
    let mut direction = vec![0.0; n];
    let mut subgradient = vec![0.0; n];
    let (mut theta, mut idle, mut best) = (rules.theta, 0, i64::MIN);
    for step in 1..=rules.max_iterations {
        work.price(&node.lists, &current);
        let choice = work.choose(&current);
        let value = work.served(&node.lists, &current, &mut subgradient);
        let swaps = rules.swap_every > 0 && step % rules.swap_every == 0;
        incumbent.offer(table, &work.chosen, value, swaps);
        let cutoff = table.cutoff(incumbent.value);

        if choice.bound > best {
            best = choice.bound;
            node.multipliers = Arc::new(current.clone());
            node.branch = work.worth_most();
            idle = 0;
        } else {
            idle += 1;
        }
        node.bound = node.bound.max(choice.bound);
        if node.bound >= cutoff {
            return (true, step);
        }
        if rules.fix && work.fix(&mut node.states, &choice, cutoff) > 0 {
            work.read_states(&node.states);
            if work.settled(incumbent) {
                return (true, step);
            }
            if node.states[node.branch] != SiteState::Free {
                node.branch = work.worth_most();
            }
            let live = work.kept.len() + work.free.len();
            if 4 * live <= 3 * node.lists.length() {
                let live = |j: usize| node.states[j] != SiteState::Forbidden;
                node.lists = Arc::new(node.lists.only(live));
            }
        }

        if idle >= rules.patience {
            theta /= 2.0;
            idle = 0;
            current.clone_from(&node.multipliers);
            direction.fill(0.0);
            if theta < rules.least_theta {
                return (false, step);
            }
            continue;
        }
        deflect(&mut direction, &subgradient);
        let norm: f64 = direction.iter().map(|s| s * s).sum();
        if norm == 0.0 {
            return (false, step);
        }
        let length = theta * (incumbent.value - choice.bound).max(1) as f64 / norm;
        for i in 0..n {
            // Outside [0, max_j d_ij] a multiplier gains nothing.
            let moved = current[i] as f64 + length * direction[i];
            current[i] = (moved.round() as i64).clamp(0, table.farthest[i]);
        }
    }
    (false, rules.max_iterations)
}

/// s ← g + δ s with δ chosen so that s turns away from a zigzag.
fn deflect(direction: &mut [f64], subgradient: &[f64]) {
    let norm: f64 = direction.iter().map(|s| s * s).sum();
    let along: f64 = direction.iter().zip(subgradient).map(|(s, g)| s * g).sum();
    let delta = if norm > 0.0 { (-1.5 * along / norm).max(0.0) } else { 0.0 };
    for (s, g) in direction.iter_mut().zip(subgradient) {
        *s = g + delta * *s;
    }
}
