//! Lower bounds under rules: charge for serving a customer twice, and for breaking a rule.
//!
//! ```text
//! L(λ, u, v) = Σ_i λ_i - Σ_g u_g b_g + Σ_g t_g a_g - v B
//!              + min { Σ_{j∈S} ρ_j : low ≤ |S| ≤ p, Kept ⊆ S, S ∩ Forbidden = ∅ }
//! ρ_j = f_j + Σ_i min(0, d_ij - λ_i) + Σ_{g∋j} (u_g - t_g) + v f_j
//! ```
//!
//! with u_g, t_g, v ≥ 0 the prices of "at most b_g", "at least a_g" and the budget; f_j in the first
//! place only if charged. Whatever the prices, L is below the cost of every plan that obeys. It
//! climbs as in [`super::lagrangian`]; sites whose opposite cannot lead to a plan of interest are
//! decided, and the rules then decide more ([`System::propagate`]).
//!
//! The price of the budget must stay whole: v f_j is rounded down and v B up, which keeps L below.

use std::sync::Arc;

use super::fixed::Lists;
use super::instance::SiteState;
use super::rule_system::{Dive, System};
use super::ruled_check::ProofNode;
use super::ruled_plan::{Costs, Pool, Swaps};

/// Parts that the dearest site costs, when the budget is priced.
const PARTS: f64 = (1_u64 << 30) as f64;

/// Weight of the newest choice in a site's share.
const MEMORY: f64 = 0.05;

/// A rule that has a price.
struct Row {
    /// The group it is of; `None`: the budget.
    group: Option<usize>,
    sites: Vec<usize>,
    /// Times what each site counts.
    parts: Option<Vec<i64>>,
    /// 1: at most; -1: at least.
    sign: i64,
    right: i64,
}

/// All rules that can bind.
pub(crate) struct Rows {
    rows: Vec<Row>,
    most: i64,
    /// Opening cost of the dearest site that the budget counts.
    dearest: f64,
}

impl Rows {
    pub(crate) fn new(system: &System, costs: &Costs) -> Self {
        let mut rows = Vec::new();
        for (at, quota) in system.quotas.iter().enumerate() {
            let group = Some(at);
            if quota.high < quota.sites.len() {
                let (sites, right) = (quota.sites.clone(), quota.high as i64);
                rows.push(Row { group, sites, parts: None, sign: 1, right });
            }
            if quota.low > 0 {
                let (sites, right) = (quota.sites.clone(), quota.low as i64);
                rows.push(Row { group, sites, parts: None, sign: -1, right });
            }
        }
        let dearest = system.spending.iter().copied().fold(0.0, f64::max);
        if dearest > 0.0 && system.budget < dearest * system.spending.len() as f64 {
            let parts = |f: f64| f / dearest * PARTS;
            // Down for each site, up for the budget, beyond what the division rounds.
            let each = system.spending.iter().map(|f| (parts(*f).floor() as i64 - 1).max(0));
            let right = (parts(system.budget) * (1.0 + 1e-12)).ceil() as i64 + 1;
            let sites = (0..system.spending.len()).collect();
            let right = right.min((system.high as f64 * PARTS) as i64);
            let parts = Some(each.collect());
            rows.push(Row { group: None, sites, parts, sign: 1, right });
        }
        let most = (0..costs.customers).map(|i| costs.farthest(i)).sum::<i64>()
            + (0..costs.sites()).map(|j| costs.opening(j)).max().unwrap_or(0);
        Self { rows, most, dearest }
    }

    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Multipliers of customers and prices of rules in the caller's unit.
    pub(crate) fn told(&self, groups: usize, costs: &Costs, multipliers: &[i64]) -> ProofNode {
        let (customers, prices) = multipliers.split_at(costs.customers);
        let mut node = ProofNode {
            multipliers: customers.iter().map(|value| costs.money(*value)).collect(),
            at_most: vec![0.0; groups],
            at_least: vec![0.0; groups],
            budget: 0.0,
            split: None,
        };
        for (row, &price) in self.rows.iter().zip(prices) {
            match (row.group, row.sign) {
                (Some(group), 1) => node.at_most[group] = costs.money(price),
                (Some(group), _) => node.at_least[group] = costs.money(price),
                (None, _) => node.budget = costs.money(price) / self.dearest,
            }
        }
        node
    }
}

fn scaled_down(price: i64, parts: i64) -> i64 {
    ((i128::from(price) * i128::from(parts)) >> 30) as i64
}

/// How long to climb.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Climb {
    pub(crate) max_iterations: usize,
    pub(crate) theta: f64,
    pub(crate) patience: usize,
    pub(crate) least_theta: f64,
    /// Make a plan from the prices of every so many steps (0: never).
    pub(crate) dive_every: usize,
    /// Decide sites at every step, not only by the multipliers that the climb ends with.
    pub(crate) fix: bool,
}

/// A part of the search.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) states: Vec<SiteState>,
    pub(crate) lists: Arc<Lists>,
    /// λ, then the prices of the rules.
    pub(crate) multipliers: Arc<Vec<i64>>,
    pub(crate) bound: i64,
    /// The free site to branch on, if the node stays open.
    pub(crate) branch: usize,
}

/// What every node shares.
pub(crate) struct Question<'a> {
    pub(crate) costs: &'a Costs,
    pub(crate) system: &'a System,
    pub(crate) rows: Rows,
    pub(crate) swaps: Swaps<'a>,
}

struct Work<'a> {
    question: &'a Question<'a>,
    reduced: Vec<i64>,
    chosen: Vec<bool>,
    free: Vec<usize>,
    kept: Vec<usize>,
    /// Free sites chosen: the first so many of `free`.
    taken: usize,
    /// How often each site was chosen of late.
    share: Vec<f64>,
}

impl Work<'_> {
    /// Let the rules decide; true if nothing is left to choose: no plan, or one that is offered.
    fn settle(&mut self, states: &mut [SiteState], pool: &mut Pool) -> bool {
        let system = self.question.system;
        if !system.propagate(states) {
            return true;
        }
        let of = |state| (0..states.len()).filter(|&j| states[j] == state).collect();
        (self.free, self.kept) = (of(SiteState::Free), of(SiteState::Kept));
        if !self.free.is_empty() {
            return false;
        }
        if system.allows(&self.kept) {
            let plan = self.question.swaps.plan(self.kept.clone());
            pool.offer(plan.value, plan.open);
        }
        true
    }

    /// ρ_j for every site in the lists; the constant part of L.
    fn price(&mut self, lists: &Lists, multipliers: &[i64]) -> i64 {
        let Question { costs, rows, .. } = self.question;
        for (j, reduced) in self.reduced.iter_mut().enumerate() {
            *reduced = costs.opening(j);
        }
        let (customers, prices) = multipliers.split_at(costs.customers);
        for (i, &multiplier) in customers.iter().enumerate() {
            let (list, sites) = lists.of(i);
            for (cost, site) in list.iter().zip(sites) {
                let saving = cost - multiplier;
                if saving >= 0 {
                    break;
                }
                self.reduced[*site as usize] += saving;
            }
        }
        let mut constant: i64 = customers.iter().sum();
        for (row, &price) in rows.rows.iter().zip(prices) {
            match &row.parts {
                None => {
                    row.sites.iter().for_each(|&j| self.reduced[j] += row.sign * price);
                    constant -= row.sign * price * row.right;
                }
                Some(parts) => {
                    for (&j, part) in row.sites.iter().zip(parts) {
                        self.reduced[j] += scaled_down(price, *part);
                    }
                    constant -= scaled_down(price, row.right) + 1;
                }
            }
        }
        constant
    }

    /// Kept sites and the best free ones; ties go to the lower position.
    fn choose(&mut self, constant: i64) -> i64 {
        let Self { reduced, free, kept, chosen, question, .. } = self;
        free.sort_unstable_by_key(|&j| (reduced[j], j));
        let least = question.system.low.saturating_sub(kept.len());
        let most = (question.system.high - kept.len()).min(free.len());
        let pays = free[..most].partition_point(|&j| reduced[j] < 0);
        self.taken = least.max(pays);
        chosen.fill(false);
        let mut bound = constant;
        for &j in kept.iter().chain(&free[..self.taken]) {
            bound += reduced[j];
            chosen[j] = true;
        }
        for (share, chosen) in self.share.iter_mut().zip(&self.chosen) {
            *share += MEMORY * (f64::from(u8::from(*chosen)) - *share);
        }
        bound
    }

    /// The free site about which the choices of late agree least: either way the bound rises.
    fn doubtful(&self) -> usize {
        let doubt = |j: &usize| (self.share[*j] - 0.5).abs();
        let by_doubt = |a: &&usize, b: &&usize| doubt(a).total_cmp(&doubt(b)).then(a.cmp(b));
        *self.free.iter().min_by(by_doubt).expect("an unsettled node has a free site")
    }

    /// Subgradient at the chosen set, and the cost of that set as a plan.
    fn served(&self, lists: &Lists, multipliers: &[i64], subgradient: &mut [f64]) -> i64 {
        let Question { costs, rows, .. } = self.question;
        let mut value = 0;
        for (i, &multiplier) in multipliers[..costs.customers].iter().enumerate() {
            let (list, sites) = lists.of(i);
            let (mut nearest, mut count) = (None, 0_u32);
            for (cost, site) in list.iter().zip(sites) {
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
        for (at, row) in rows.rows.iter().enumerate() {
            let at = costs.customers + at;
            let open = row.sites.iter().enumerate().filter(|(_, j)| self.chosen[**j]);
            let excess = match &row.parts {
                None => (row.sign * (open.count() as i64 - row.right)) as f64,
                Some(parts) => {
                    (open.map(|(k, _)| parts[k]).sum::<i64>() - row.right) as f64 / PARTS
                }
            };
            // A price of nothing cannot fall.
            subgradient[at] = if multipliers[at] == 0 { excess.max(0.0) } else { excess };
        }
        let open = (0..self.chosen.len()).filter(|&j| self.chosen[j]);
        value + open.map(|j| costs.opening(j)).sum::<i64>()
    }

    /// Decide free sites whose opposite cannot lead to a plan of interest; says how many.
    fn fix(&self, states: &mut [SiteState], bound: i64, cutoff: i64) -> usize {
        let (chosen, others) = self.free.split_at(self.taken);
        let last = chosen.last().map(|&j| self.reduced[j]);
        let next = others.first().map(|&j| self.reduced[j]);
        let size = self.kept.len() + self.taken;
        let System { low, high, .. } = self.question.system;
        let mut decided = 0;
        let mut decide = |j: usize, change: Option<i64>, to| {
            if change.is_none_or(|change| bound + change >= cutoff) {
                states[j] = to;
                decided += 1;
            }
        };
        let lowest = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min();
        for &j in chosen {
            let dropped = (size > *low).then_some(-self.reduced[j]);
            let swapped = next.map(|next| next - self.reduced[j]);
            decide(j, lowest(dropped, swapped), SiteState::Kept);
        }
        for &j in others {
            let added = (size < *high).then_some(self.reduced[j]);
            let swapped = last.map(|last| self.reduced[j] - last);
            decide(j, lowest(added, swapped), SiteState::Forbidden);
        }
        decided
    }

    /// Leave out of the lists what is forbidden, if that is much.
    fn cut_lists(&self, node: &mut Node) {
        let live = self.kept.len() + self.free.len();
        if 4 * live * node.lists.rows() <= 3 * node.lists.entries() {
            let live = |j: usize| node.states[j] != SiteState::Forbidden;
            node.lists = Arc::new(node.lists.only(live));
        }
    }

    /// Name the site to branch on. Where no step has decided sites, let the node's multipliers do
    /// it, so that these alone repeat it; true if that closes the node.
    fn finish(&mut self, node: &mut Node, rules: &Climb, pool: &mut Pool) -> bool {
        if !rules.fix {
            let constant = self.price(&node.lists, &node.multipliers);
            let (bound, cutoff) = (self.choose(constant), pool.cutoff(self.question.costs));
            if bound >= cutoff {
                return true;
            }
            if self.fix(&mut node.states, bound, cutoff) > 0 {
                if self.settle(&mut node.states, pool) {
                    return true;
                }
                self.cut_lists(node);
            }
        }
        node.branch = self.doubtful();
        false
    }

    /// Offer the chosen set if it obeys; at times make one that does from the same prices.
    fn offer(
        &self,
        states: &[SiteState],
        value: i64,
        dive: bool,
        best_raw: &mut i64,
        pool: &mut Pool,
    ) {
        let Question { system, swaps, .. } = self.question;
        let open: Vec<usize> = (0..self.chosen.len()).filter(|&j| self.chosen[j]).collect();
        if (value < *best_raw || !pool.wants_one()) && system.allows(&open) {
            if value < *best_raw {
                *best_raw = value;
                let plan = swaps.improve(swaps.plan(open.clone()));
                pool.offer(plan.value, plan.open);
            }
            pool.offer(value, open);
        }
        if dive && let Dive::Plan(open) = system.dive(states, &self.free) {
            let plan = swaps.improve(swaps.plan(open));
            pool.offer(plan.value, plan.open);
        }
    }
}

/// Raise the bound of a node and decide sites on the way. Returns whether the node is closed (no
/// plan of interest is left in it), and the number of steps.
pub(crate) fn climb(
    question: &Question<'_>,
    node: &mut Node,
    rules: &Climb,
    best_raw: &mut i64,
    pool: &mut Pool,
) -> (bool, usize) {
    let (costs, m) = (question.costs, question.costs.sites());
    let (reduced, chosen, share) = (vec![0; m], vec![false; m], vec![0.0; m]);
    let (free, kept) = (Vec::new(), Vec::new());
    let mut work = Work { question, reduced, chosen, free, kept, taken: 0, share };
    if work.settle(&mut node.states, pool) {
        return (true, 0);
    }
    let mut current = node.multipliers.as_ref().clone();
    let mut direction = vec![0.0; current.len()];
    let mut subgradient = vec![0.0; current.len()];
    let (mut theta, mut idle, mut best) = (rules.theta, 0, i64::MIN);
    for step in 1..=rules.max_iterations {
        let constant = work.price(&node.lists, &current);
        let bound = work.choose(constant);
        let value = work.served(&node.lists, &current, &mut subgradient);
        let dive = rules.dive_every > 0 && step % rules.dive_every == 0;
        work.offer(&node.states, value, dive, best_raw, pool);
        let cutoff = pool.cutoff(costs);

        if bound > best {
            best = bound;
            node.multipliers = Arc::new(current.clone());
            idle = 0;
        } else {
            idle += 1;
        }
        node.bound = node.bound.max(bound);
        if node.bound >= cutoff {
            return (true, step);
        }
        if rules.fix && work.fix(&mut node.states, bound, cutoff) > 0 {
            if work.settle(&mut node.states, pool) {
                return (true, step);
            }
            work.cut_lists(node);
        }

        if idle >= rules.patience {
            theta /= 2.0;
            idle = 0;
            current.clone_from(&node.multipliers);
            direction.fill(0.0);
            if theta < rules.least_theta {
                return (work.finish(node, rules, pool), step);
            }
            continue;
        }
        deflect(&mut direction, &subgradient);
        let norm: f64 = direction.iter().map(|s| s * s).sum();
        if norm == 0.0 {
            return (work.finish(node, rules, pool), step);
        }
        let length = theta * (pool.target(costs) - bound).max(1) as f64 / norm;
        for (i, multiplier) in current.iter_mut().enumerate() {
            let moved = (*multiplier as f64 + length * direction[i]).round() as i64;
            let most = if i < costs.customers { costs.farthest(i) } else { question.rows.most };
            *multiplier = moved.clamp(0, most);
        }
    }
    (work.finish(node, rules, pool), rules.max_iterations)
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
