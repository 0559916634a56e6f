//! The best few plans of any problem: parts of all plans, each with its best one.
//!
//! When the best plan of a part is listed, the rest of the part is divided by the first site where
//! another plan decides otherwise (Lawler 1972, Management Science 18, 401-405). A part whose plans
//! all cost more than the last plan wanted is dropped by its bound. Where plans that are not listed
//! tie with the last one, a walk over the sites in their order finds the first of them.

use super::certificate::{is_coarse, rounding};
use super::instance::{SiteState, positions};
use super::k_best::End;
use super::plans::{Choice, Kernel, Part, Ranked, all_sizes};
use super::rules::RuleError;

/// A part with its best plan.
struct Candidate {
    states: Vec<SiteState>,
    plan: Choice,
    bound: f64,
}

/// As [`Question::rank`](super::plans::Question::rank).
pub(crate) fn rank(
    kernel: &dyn Kernel,
    k: usize,
    limit: &dyn Fn(f64) -> f64,
) -> Result<Ranked, RuleError> {
    let mut search = Ranking { kernel, waiting: Vec::new(), open_bound: f64::INFINITY };
    search.look(kernel.states().to_vec(), f64::NEG_INFINITY, f64::INFINITY);
    let Some(first) = search.waiting.first() else {
        let rules = kernel.system().culprits(kernel.states());
        return Err(if search.open_bound.is_infinite() {
            RuleError::NoPlan { rules }
        } else {
            RuleError::Undecided { nodes: 0 }
        });
    };
    let within = limit(first.plan.cost);
    let best = first.plan.cost;
    let coarse = |cost: f64| is_coarse(cost, kernel.resolution(cost));
    let bound = match (coarse(best), search.proven(first)) {
        (true, _) => first.bound.min(best - kernel.resolution(best)),
        (false, true) => best,
        (false, false) => first.bound,
    };
    let mut listed: Vec<Choice> = Vec::new();
    while listed.len() < k
        && let Some(next) = search.take(within)
    {
        listed.push(next.plan.clone());
        search.divide(&next, k - listed.len(), within);
    }
    let last = listed[listed.len() - 1].cost;
    let near = kernel.resolution(last);
    // Where plans that differ are not told apart a better one may be missing.
    let open = search.open_bound < last - near || coarse(best) || coarse(last);
    if listed.len() == k && !open && search.waiting.iter().any(|c| c.plan.cost <= last + near) {
        let better = listed.iter().filter(|plan| plan.cost < last - near).count();
        let ties = Walk { kernel, least: last - near, most: last + near };
        let first = ties.first(k - better);
        // Rounding may leave the walk with fewer of them than the search.
        if better + first.len() == k {
            listed.retain(|plan| plan.cost < last - near);
            listed.extend(first);
        }
    }
    in_order(kernel, &mut listed);
    let end = match (open, listed.len() == k) {
        (true, _) => End::Open,
        (false, true) => End::Count,
        (false, false) if search.open_bound < within => End::Open,
        (false, false) if within.is_finite() => End::Within,
        (false, false) => End::All,
    };
    Ok(Ranked { plans: listed, end, bound })
}

/// By cost; plans that are not told apart by their sites.
fn in_order(kernel: &dyn Kernel, plans: &mut [Choice]) {
    plans.sort_by(|a, b| a.cost.total_cmp(&b.cost).then_with(|| a.open.cmp(&b.open)));
    let mut from = 0;
    while from < plans.len() {
        let cost = plans[from].cost;
        let most = cost + rounding(cost, kernel.resolution(cost));
        let tied = plans[from..].partition_point(|plan| plan.cost <= most);
        plans[from..from + tied].sort_by(|a, b| a.open.cmp(&b.open));
        from += tied;
    }
}

struct Ranking<'a> {
    kernel: &'a dyn Kernel,
    waiting: Vec<Candidate>,
    /// No plan that a search cut short may have missed costs less.
    open_bound: f64,
}

impl Ranking<'_> {
    fn proven(&self, candidate: &Candidate) -> bool {
        candidate.bound >= candidate.plan.cost - self.kernel.resolution(candidate.plan.cost)
    }

    /// Look for the best plan of a part.
    fn look(&mut self, states: Vec<SiteState>, floor: f64, most: f64) {
        let part = Part { states: &states, sizes: all_sizes(self.kernel), floor, most };
        let found = self.kernel.search(&part);
        match found.plan {
            Some(plan) => {
                let candidate = Candidate { states, plan, bound: found.bound };
                if !self.proven(&candidate) {
                    self.open_bound = self.open_bound.min(found.bound);
                }
                self.waiting.push(candidate);
            }
            None if found.bound <= most => self.open_bound = self.open_bound.min(found.bound),
            None => {}
        }
    }

    /// The best plan that waits, if it is near enough.
    fn take(&mut self, within: f64) -> Option<Candidate> {
        let order = |a: &Candidate, b: &Candidate| {
            a.plan.cost.total_cmp(&b.plan.cost).then_with(|| a.plan.open.cmp(&b.plan.open))
        };
        let at = (0..self.waiting.len())
            .min_by(|&a, &b| order(&self.waiting[a], &self.waiting[b]))
            .filter(|&at| self.waiting[at].plan.cost <= within)?;
        Some(self.waiting.swap_remove(at))
    }

    /// The rest of a part whose best plan is listed, of which `wanted` plans more may be of use.
    fn divide(&mut self, listed: &Candidate, wanted: usize, within: f64) {
        let free = positions(&listed.states, SiteState::Free);
        let is_open = |j: &usize| listed.plan.open.binary_search(j).is_ok();
        let (chosen, others): (Vec<usize>, Vec<usize>) = free.into_iter().partition(is_open);
        let near = self.kernel.resolution(listed.plan.cost);
        let floor = if self.proven(listed) { listed.plan.cost + near } else { f64::NEG_INFINITY };
        let mut agreed = listed.states.clone();
        for site in chosen.into_iter().chain(others) {
            let own = if is_open(&site) { SiteState::Kept } else { SiteState::Forbidden };
            let mut states = agreed.clone();
            states[site] = if is_open(&site) { SiteState::Forbidden } else { SiteState::Kept };
            self.look(states, floor, self.last_of_use(listed.plan.cost, wanted).min(within));
            agreed[site] = own;
        }
    }

    /// What the last plan wanted costs at most, with its ties.
    fn last_of_use(&self, listed: f64, wanted: usize) -> f64 {
        if wanted == 0 {
            return listed + self.kernel.resolution(listed);
        }
        let mut costs: Vec<f64> = self.waiting.iter().map(|c| c.plan.cost).collect();
        costs.sort_unstable_by(f64::total_cmp);
        costs.get(wanted - 1).map_or(f64::INFINITY, |last| last + self.kernel.resolution(*last))
    }
}

/// A walk over plans of a cost in the order of their sites.
struct Walk<'a> {
    kernel: &'a dyn Kernel,
    least: f64,
    most: f64,
}

/// All sites before `next` are decided.
struct Node {
    states: Vec<SiteState>,
    next: usize,
    /// Open sites at least.
    size: usize,
    /// A plan of the node that costs no more than asked, if one is known.
    witness: Option<Vec<usize>>,
}

impl Walk<'_> {
    fn first(&self, count: usize) -> Vec<Choice> {
        let states = self.kernel.states().to_vec();
        let (size, most) = all_sizes(self.kernel);
        let mut stack = vec![Node { states, next: 0, size, witness: None }];
        let mut plans = Vec::new();
        while plans.len() < count
            && let Some(node) = stack.pop()
        {
            let Some(witness) = node.witness.clone().or_else(|| self.any(&node, most)) else {
                continue;
            };
            let states = &node.states;
            let kept = positions(states, SiteState::Kept);
            let next = (node.next..states.len()).find(|&j| states[j] == SiteState::Free);
            // Without a site further on, the shorter of two plans comes first.
            let ends = next.is_none_or(|next| kept.last().is_none_or(|last| *last < next));
            if ends && kept.len() >= node.size {
                plans.extend(self.plan(&kept));
            }
            let Some(next) = next else { continue };
            let size = if ends { node.size.max(kept.len() + 1) } else { node.size };
            let opens = witness.binary_search(&next).is_ok();
            let mut child = |state, size: usize, fits: bool| {
                let mut states = node.states.clone();
                states[next] = state;
                let witness = Some(witness.clone()).filter(|open| fits && open.len() >= size);
                stack.push(Node { states, next: next + 1, size, witness });
            };
            child(SiteState::Forbidden, size, !opens);
            child(SiteState::Kept, node.size, opens);
        }
        plans.truncate(count);
        plans
    }

    fn plan(&self, open: &[usize]) -> Option<Choice> {
        let obeys = self.kernel.system().allows(open);
        let cost = if obeys { self.kernel.cost(open) } else { f64::INFINITY };
        (self.least..=self.most).contains(&cost).then(|| Choice { open: open.to_vec(), cost })
    }

    fn any(&self, node: &Node, most: usize) -> Option<Vec<usize>> {
        let sizes = (node.size, most);
        let part = Part { states: &node.states, sizes, floor: self.most, most: self.most };
        self.kernel.search(&part).plan.map(|plan| plan.open)
    }
}
