//! Lower bound of a covering node: the Lagrangian climbs, sites are decided, covers are tried.

use std::sync::Arc;

use super::refutation::Step;
use super::set_cover::{Best, Links, Node};

/// How long to climb.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Climb {
    pub(crate) steps: usize,
    /// First step length θ.
    pub(crate) theta: f64,
    /// Steps without a better bound before θ is halved.
    pub(crate) patience: usize,
    /// Try a cover made from the reduced costs every so many steps (0: never).
    pub(crate) greedy_every: usize,
}

/// Stop the climb below this θ: steps no longer move the bound.
const LEAST_THETA: f64 = 0.01;

/// What is left of a node, in consecutive numbers.
struct Rest {
    customers: Vec<usize>,
    sites: Vec<usize>,
    /// Per customer, places in `sites`.
    links: Vec<Vec<u32>>,
    costs: Vec<i64>,
}

impl Rest {
    fn new(links: &Links, node: &Node) -> Self {
        let sites: Vec<usize> = node.allowed.members().collect();
        let customers: Vec<usize> = node.uncovered.members().collect();
        let mut place = vec![0_u32; links.sites()];
        sites.iter().enumerate().for_each(|(at, &j)| place[j] = at as u32);
        let of = |&i: &usize| {
            links.by_customer[i].and(&node.allowed).members().map(|j| place[j]).collect()
        };
        let lists = customers.iter().map(of).collect();
        let costs = sites.iter().map(|&j| links.costs[j]).collect();
        Self { customers, sites, links: lists, costs }
    }

    /// f_j - Σ u_i.
    fn price(&self, multipliers: &[i64], reduced: &mut [i64]) {
        reduced.copy_from_slice(&self.costs);
        for (list, multiplier) in self.links.iter().zip(multipliers) {
            for &site in list {
                reduced[site as usize] -= multiplier;
            }
        }
    }

    /// Multipliers to start from: the cheapest share of a site's cost that a customer could bear.
    fn first_multipliers(&self) -> Vec<i64> {
        let mut served = vec![0_i64; self.sites.len()];
        self.links.iter().flatten().for_each(|&site| served[site as usize] += 1);
        let share = |&site: &u32| self.costs[site as usize] / served[site as usize].max(1);
        self.links.iter().map(|list| list.iter().map(share).min().unwrap_or(0)).collect()
    }

    /// A cover: sites of negative reduced cost, then for each customer left the cheapest; then
    /// those that are not needed are closed, the dearest first.
    fn greedy(&self, reduced: &[i64]) -> Vec<usize> {
        let mut open = vec![false; self.sites.len()];
        for (open, reduced) in open.iter_mut().zip(reduced) {
            *open = *reduced < 0;
        }
        let mut times: Vec<u32> = self.links.iter().map(|list| count(list, &open)).collect();
        let mut members = vec![Vec::new(); self.sites.len()];
        for (at, list) in self.links.iter().enumerate() {
            list.iter().for_each(|&site| members[site as usize].push(at));
        }
        for at in 0..self.links.len() {
            if times[at] == 0 {
                // What a site costs per customer it would newly cover.
                let score = |&&site: &&u32| {
                    let site = site as usize;
                    let new = members[site].iter().filter(|i| times[**i] == 0).count() as i64;
                    (reduced[site].max(0) / new.max(1), -new, site)
                };
                let site = *self.links[at].iter().min_by_key(score).expect("it can be covered");
                open[site as usize] = true;
                members[site as usize].iter().for_each(|&i| times[i] += 1);
            }
        }
        let mut dear: Vec<usize> = (0..self.sites.len()).filter(|&j| open[j]).collect();
        dear.sort_unstable_by_key(|&j| (-self.costs[j], -reduced[j], j));
        for j in dear {
            if members[j].iter().all(|&i| times[i] > 1) {
                open[j] = false;
                members[j].iter().for_each(|&i| times[i] -= 1);
            }
        }
        (0..self.sites.len()).filter(|&j| open[j]).map(|j| self.sites[j]).collect()
    }
}

fn count(list: &[u32], open: &[bool]) -> u32 {
    list.iter().map(|&site| u32::from(open[site as usize])).sum()
}

/// Raise the node's bound. `None`: the node holds no better cover, or any cover was enough and is
/// found. Else how many sites were decided.
pub(crate) fn climb(
    links: &Links,
    node: &mut Node,
    best: &mut Best,
    rules: &Climb,
) -> Option<usize> {
    let rest = Rest::new(links, node);
    let mut current: Vec<i64> = rest.customers.iter().map(|&i| node.multipliers[i]).collect();
    if current.iter().all(|u| *u == 0) {
        current = rest.first_multipliers();
    }
    let mut reduced = vec![0_i64; rest.sites.len()];
    let mut open = vec![false; rest.sites.len()];
    let (mut top, mut top_bound) = (current.clone(), i64::MIN);
    let mut subgradient = vec![0.0; rest.customers.len()];
    let (mut theta, mut idle, mut closed) = (rules.theta, 0, false);
    for step in 0..rules.steps {
        rest.price(&current, &mut reduced);
        let negative: i64 = reduced.iter().map(|r| r.min(&0)).sum();
        let bound = node.spent + current.iter().sum::<i64>() + negative;
        if rules.greedy_every > 0 && step % rules.greedy_every == 0 {
            let more = rest.greedy(&reduced);
            best.offer(links, &[&node.chosen[..], &more].concat());
            if best.done() {
                return None;
            }
        }
        let cutoff = best.cutoff(links);
        if bound >= cutoff {
            closed = true;
            top.clone_from(&current);
            top_bound = bound;
            break;
        }
        for j in 0..rest.sites.len() {
            open[j] = reduced[j] < 0;
        }
        if bound > top_bound {
            (top_bound, idle) = (bound, 0);
            top.clone_from(&current);
        } else {
            idle += 1;
            if idle >= rules.patience {
                theta /= 2.0;
                idle = 0;
                current.clone_from(&top);
                if theta < LEAST_THETA {
                    break;
                }
                continue;
            }
        }
        let mut norm = 0.0;
        for (at, list) in rest.links.iter().enumerate() {
            let slack = 1.0 - f64::from(count(list, &open));
            // A multiplier at zero cannot fall further.
            subgradient[at] = if slack < 0.0 && current[at] == 0 { 0.0 } else { slack };
            norm += subgradient[at] * subgradient[at];
        }
        if norm == 0.0 {
            break;
        }
        let length = theta * (cutoff - bound) as f64 * 1.05 / norm;
        for (u, slope) in current.iter_mut().zip(&subgradient) {
            *u = (*u + (length * slope).round() as i64).max(0);
        }
    }
    node.bound = node.bound.max(top_bound);
    let mut all = vec![0; links.customers()];
    rest.customers.iter().zip(&top).for_each(|(&i, u)| all[i] = *u);
    node.multipliers = Arc::new(all);
    if closed {
        let which = best.log.weights(&node.multipliers);
        best.log.step(Step::Bound(which));
        return None;
    }
    // Sites whose opposite the multipliers rule out.
    rest.price(&top, &mut reduced);
    let cutoff = best.cutoff(links);
    let those = |out: &dyn Fn(i64) -> bool| -> Vec<usize> {
        (0..rest.sites.len()).filter(|&at| out(reduced[at])).map(|at| rest.sites[at]).collect()
    };
    let close = those(&|reduced| top_bound + reduced.max(0) >= cutoff);
    let open = those(&|reduced| top_bound - reduced.min(0) >= cutoff);
    close.iter().for_each(|&j| node.allowed.remove(j));
    open.iter().for_each(|&j| node.open(links, j));
    let decided = close.len() + open.len();
    if decided > 0 {
        let which = best.log.weights(&node.multipliers);
        best.log.step(Step::Decide(which, close, open));
    }
    Some(decided)
}
