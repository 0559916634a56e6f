//! Lower bounds: let each customer be served any number of times, and charge for it.
//!
//! ```text
//! L(λ) = Σ_i λ_i + min { Σ_{j∈S} ρ_j(λ) : |S| = p, Kept ⊆ S, S ∩ Forbidden = ∅ }
//! ρ_j(λ) = Σ_i min(0, d_ij - λ_i)
//! ```
//!
//! L(λ) is below the cost of every plan, whatever λ (Cornuejols, Fisher, Nemhauser 1977; Beasley
//! 1985, "A note on solving large p-median problems", EJOR 21, 270-273). The p best sites by ρ are
//! found without sorting. λ climbs along an average of the subgradients met on the way
//!
//! ```text
//! g_i = 1 - |{j ∈ S : d_ij < λ_i}|,   s ← g / 5 + 4 s / 5
//! λ ← λ + θ (U - L) / (s·s) · s
//! ```
//!
//! (Barahona and Anbil 2000, "The volume algorithm: producing primal solutions with a subgradient
//! method", Mathematical Programming 87, 385-399, for the average; where many sites are alike it
//! climbs far higher than the latest subgradient alone). On the way
//! every S is a plan of its own: the promising ones are improved by swaps. Sites whose opposite
//! would lift the bound to the best plan known are decided for good (reduced-cost fixing).
//!
//! Cost of a step: O(entries with d_ij < λ_i), about 2 n m / p of the n m.

use std::sync::Arc;

use super::fixed::{Lists, Table};
use super::incumbent::Incumbent;
use super::instance::{SiteState, positions};
use super::local_search::Plan;

/// How long to climb.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Climb {
    /// Steps at most.
    pub(crate) max_iterations: usize,
    /// No further step once the search as a whole has read so many entries.
    pub(crate) max_work: u64,
    /// First step length θ.
    pub(crate) theta: f64,
    /// Steps without a better bound before θ is halved.
    pub(crate) patience: usize,
    /// Stop below this θ.
    pub(crate) least_theta: f64,
    /// Improve the set of every so many steps by swaps (0: only the promising ones).
    pub(crate) swap_every: usize,
    /// Whether to decide sites by reduced cost on the way. Without, the bound holds for the node as
    /// given, and the multipliers alone prove it.
    pub(crate) fix: bool,
}

/// A part of the search: some sites decided, the multipliers reached so far, and the bound.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) states: Vec<SiteState>,
    pub(crate) lists: Arc<Lists>,
    /// λ, in fixed-point units.
    pub(crate) multipliers: Arc<Vec<i64>>,
    pub(crate) bound: i64,
    /// Sites that matter to the relaxation.
    pub(crate) core: Arc<Vec<usize>>,
    /// How far its lists go there, one a customer.
    pub(crate) reach: Arc<Vec<f64>>,
    /// The free site to branch on, and its share in the relaxation; 0 if that was not solved.
    pub(crate) branch: usize,
    pub(crate) share: f64,
}

/// The p best sites at given multipliers.
pub(crate) struct Choice {
    pub(crate) bound: i64,
    /// Worst reduced cost among the free sites chosen, if one was.
    last: Option<i64>,
    /// Best reduced cost among the free sites not chosen, if one was not.
    next: Option<i64>,
}

pub(crate) struct Work<'a> {
    table: &'a Table<'a>,
    p: usize,
    pub(crate) reduced: Vec<i64>,
    chosen: Vec<bool>,
    /// Cost of each customer from the nearest chosen site, and how many chosen ones its multiplier
    /// reaches.
    served: Vec<(i64, u32)>,
    pub(crate) free: Vec<usize>,
    pub(crate) kept: Vec<usize>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(table: &'a Table<'a>, p: usize) -> Self {
        let m = table.sites;
        let (reduced, chosen) = (vec![0; m], vec![false; m]);
        let (served, free, kept) = (Vec::new(), Vec::new(), Vec::new());
        Self { table, p, reduced, chosen, served, free, kept }
    }

    pub(crate) fn read_states(&mut self, states: &[SiteState]) {
        self.free = positions(states, SiteState::Free);
        self.kept = positions(states, SiteState::Kept);
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
        incumbent.take(&plan);
        true
    }

    /// ρ_j for every site in the lists. Returns the entries read.
    pub(crate) fn price(&mut self, lists: &Lists, multipliers: &[i64]) -> u64 {
        self.reduced.fill(0);
        let mut read = 0_u64;
        for (i, &multiplier) in multipliers.iter().enumerate() {
            let (costs, sites) = lists.of(i);
            for (cost, site) in costs.iter().zip(sites) {
                let saving = cost - multiplier;
                if saving >= 0 {
                    break;
                }
                self.reduced[*site as usize] += saving;
                read += 1;
            }
        }
        read
    }

    /// Kept sites and the best free ones; ties go to the lower position.
    pub(crate) fn choose(&mut self, multipliers: &[i64]) -> Choice {
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

    /// Subgradient at the chosen set, and the cost of that set as a plan, with the entries read.
    fn served(
        &mut self,
        lists: &Lists,
        multipliers: &[i64],
        subgradient: &mut [f64],
    ) -> (i64, u64) {
        let n = multipliers.len();
        self.served.clear();
        self.served.resize(n, (i64::MAX, 0));
        let open = positions_of(&self.chosen);
        // Few open sites are read faster one by one than found in the lists.
        let read = if open.len() * open.len() < 2 * (self.kept.len() + self.free.len()) {
            self.serve_from(&open, multipliers)
        } else {
            self.serve_by_lists(lists, multipliers)
        };
        let mut value = 0;
        for i in 0..n {
            let (nearest, count) = self.served[i];
            subgradient[i] = 1.0 - f64::from(count);
            value += if nearest < i64::MAX { nearest } else { self.unlisted(i, &open) };
        }
        (value, read)
    }

    fn serve_from(&mut self, open: &[usize], multipliers: &[i64]) -> u64 {
        let mut read = 0;
        for &j in open {
            let (costs, customers) = self.table.by_site.of(j);
            read += costs.len() as u64;
            for (cost, i) in costs.iter().zip(customers) {
                let (nearest, count) = &mut self.served[*i as usize];
                *nearest = (*nearest).min(*cost);
                *count += u32::from(*cost < multipliers[*i as usize]);
            }
        }
        read
    }

    fn serve_by_lists(&mut self, lists: &Lists, multipliers: &[i64]) -> u64 {
        let mut read = 0;
        for (i, &multiplier) in multipliers.iter().enumerate() {
            let (costs, sites) = lists.of(i);
            let (nearest, count) = &mut self.served[i];
            for (cost, site) in costs.iter().zip(sites) {
                read += 1;
                if *cost >= multiplier && *nearest < i64::MAX {
                    break;
                }
                if self.chosen[*site as usize] {
                    *nearest = (*nearest).min(*cost);
                    *count += u32::from(*cost < multiplier);
                }
            }
        }
        read
    }

    /// Cost of a customer in whose list no chosen site stands.
    fn unlisted(&self, customer: usize, open: &[usize]) -> i64 {
        let costs = open.iter().map(|&j| self.table.cost(customer, j));
        costs.min().expect("a site is chosen")
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

/// L(λ), in fixed-point units.
pub(crate) fn bound(table: &Table<'_>, states: &[SiteState], p: usize, multipliers: &[i64]) -> i64 {
    let mut work = Work::new(table, p);
    work.read_states(states);
    work.price(&table.lists, multipliers);
    work.choose(multipliers).bound
}

/// The free sites that are worth most at the node's multipliers: the best plans seldom hold others.
pub(crate) fn core(table: &Table<'_>, node: &Node, p: usize, count: usize) -> Vec<usize> {
    let mut work = Work::new(table, p);
    work.read_states(&node.states);
    work.price(&node.lists, &node.multipliers);
    let Work { mut free, reduced, .. } = work;
    free.sort_unstable_by_key(|&j| (reduced[j], j));
    free.truncate(count);
    free
}

/// Decide what the node's own multipliers decide. Returns whether the node is closed by it.
pub(crate) fn fix_by_multipliers(
    table: &Table<'_>,
    node: &mut Node,
    p: usize,
    incumbent: &mut Incumbent,
) -> bool {
    let mut work = Work::new(table, p);
    work.read_states(&node.states);
    if work.settled(incumbent) {
        return true;
    }
    incumbent.work += work.price(&node.lists, &node.multipliers);
    let choice = work.choose(&node.multipliers);
    node.bound = node.bound.max(choice.bound);
    let cutoff = incumbent.cutoff(table);
    if node.bound >= cutoff {
        return true;
    }
    work.fix(&mut node.states, &choice, cutoff);
    work.read_states(&node.states);
    if work.settled(incumbent) {
        return true;
    }
    if node.states.get(node.branch) != Some(&SiteState::Free) {
        node.share = 0.0;
        node.branch =
            *work.free.iter().min_by_key(|&&j| (work.reduced[j], j)).expect("a free site");
    }
    false
}

/// Raise the bound of a node and decide sites on the way. Returns whether the node is closed (no
/// plan in it is better than the best one known), and the number of steps.
pub(crate) fn climb(
    table: &Table<'_>,
    node: &mut Node,
    p: usize,
    limits: &Climb,
    incumbent: &mut Incumbent,
) -> (bool, usize) {
    let n = table.customers;
    let mut work = Work::new(table, p);
    work.read_states(&node.states);
    if work.settled(incumbent) {
        return (true, 0);
    }
    let mut current = node.multipliers.as_ref().clone();
    // `None`: the next subgradient is the direction.
    let mut direction: Option<Vec<f64>> = None;
    let mut subgradient = vec![0.0; n];
    // How often a site was chosen lately: near a half, nothing is clear, and branching tells most.
    let mut often = vec![0.0; table.sites];
    let (mut theta, mut idle, mut best) = (limits.theta, 0, i64::MIN);
    let mut steps = 0;
    for step in 1..=limits.max_iterations {
        steps = step;
        let read = work.price(&node.lists, &current);
        // Beside the lists a step passes a few times over customers and sites.
        incumbent.work += read + (PASSES * n + table.sites) as u64;
        let choice = work.choose(&current);
        let (value, read) = work.served(&node.lists, &current, &mut subgradient);
        incumbent.work += read;
        let swaps = limits.swap_every > 0 && step % limits.swap_every == 0;
        incumbent.offer(table, &work.chosen, value, swaps);
        let cutoff = incumbent.cutoff(table);
        for (share, chosen) in often.iter_mut().zip(&work.chosen) {
            *share += OFTEN * (f64::from(u8::from(*chosen)) - *share);
        }

        if choice.bound > best {
            best = choice.bound;
            node.multipliers = Arc::new(current.clone());
            idle = 0;
        } else {
            // Far below the best bound the steps are too long.
            let astray = 2 * (best - choice.bound) > incumbent.value - best;
            idle += if astray { ASTRAY } else { 1 };
        }
        node.bound = node.bound.max(choice.bound);
        if node.bound >= cutoff {
            return (true, step);
        }
        if limits.fix && work.fix(&mut node.states, &choice, cutoff) > 0 {
            work.read_states(&node.states);
            if work.settled(incumbent) {
                return (true, step);
            }
            let live = |j: usize| node.states[j] != SiteState::Forbidden;
            let open = work.kept.len() + work.free.len();
            if 4 * open * n <= 3 * node.lists.entries() {
                node.lists = Arc::new(node.lists.only(live));
            }
        }

        if idle >= limits.patience {
            theta /= 2.0;
            idle = 0;
            current.clone_from(&node.multipliers);
            direction = None;
            if theta < limits.least_theta {
                break;
            }
            continue;
        }
        if incumbent.work > limits.max_work {
            break;
        }
        let direction = direction.get_or_insert_with(|| subgradient.clone());
        for (s, g) in direction.iter_mut().zip(&subgradient) {
            *s += NEWEST * (g - *s);
        }
        let norm: f64 = direction.iter().map(|s| s * s).sum();
        if norm == 0.0 {
            break;
        }
        let length = theta * (incumbent.value - choice.bound).max(1) as f64 / norm;
        for i in 0..n {
            // Outside [0, max_j d_ij] a multiplier gains nothing; beyond the list it would be wrong.
            let moved = current[i] as f64 + length * direction[i];
            current[i] = (moved.round() as i64).clamp(0, table.beyond[i]);
        }
    }
    node.share = 0.0;
    node.branch = branching(&work.free, &often, &work.reduced);
    (false, steps)
}

fn positions_of(chosen: &[bool]) -> Vec<usize> {
    (0..chosen.len()).filter(|&j| chosen[j]).collect()
}

/// Passes over the customers in a step: the subgradient, its turn, the multipliers.
const PASSES: usize = 10;
/// How many idle steps one counts for that leads far down.
const ASTRAY: usize = 5;
/// Weight of the newest subgradient in the direction.
const NEWEST: f64 = 0.2;
/// Weight of the latest step in how often a site was chosen.
const OFTEN: f64 = 0.05;

/// The free site that is neither clearly in nor clearly out; the lowest reduced cost among equals.
fn branching(free: &[usize], often: &[f64], reduced: &[i64]) -> usize {
    let unclear = |j: usize| -(often[j] - 0.5).abs();
    let better = |a: &&usize, b: &&usize| {
        unclear(**a).total_cmp(&unclear(**b)).then(reduced[**b].cmp(&reduced[**a])).then(b.cmp(a))
    };
    *free.iter().max_by(better).expect("an unsettled node has a free site")
}
