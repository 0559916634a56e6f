//! Walks through a proof by cases.
//!
//! At a node some sites are decided. With the sums ρ_j of its multipliers, L is the node's bound.
//! If L reaches the cost of the plan, nothing better is there. Otherwise a free site is decided
//! when its opposite would lift L that far (the p-th best sum against the site's own), and then the
//! two cases of the split are walked through in turn. Every number is computed here anew, rounded
//! down; nothing is shared with the search.

use super::certificate::{Certificate, Rejection, Split, each_below, usable};
use super::down::{Down, add_down};
use super::instance::{Instance, SiteState, positions};

/// Costs of the sites that the root leaves open, by customer.
struct Live {
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

/// What holds at a node.
struct Sums {
    bound: f64,
    reduced: Vec<f64>,
}

struct Walk<'a> {
    instance: &'a Instance,
    p: usize,
    /// A bound that reaches this rules out a better plan.
    aim: f64,
    whole: bool,
}

/// Refuse the tree unless it proves that no plan costs less than `aim`.
pub(crate) fn check(
    instance: &Instance,
    p: usize,
    certificate: &Certificate,
    aim: f64,
) -> Result<(), Rejection> {
    let walk = Walk { instance, p, aim, whole: instance.is_whole() };
    let tree = &certificate.tree;
    check_shape(instance, certificate)?;
    let all = walk.entries(certificate, |_| true, |i| certificate.multipliers[i]);
    let mut states = instance.states().to_vec();
    if walk.closes(&mut states, &all, &certificate.multipliers) {
        return Ok(());
    }
    let highest = |i: usize| tree[1..].iter().map(|node| node.multipliers[i]).fold(0.0, f64::max);
    let live = walk.entries(certificate, |j| states[j] != SiteState::Forbidden, highest);
    let closes =
        |at: usize, states: &mut [SiteState]| walk.closes(states, &live, &tree[at].multipliers);
    every_case(|at| tree[at].split, states, closes)
        .map_err(|node| Rejection::Tree { node, fault: BETTER_LEFT })
}

/// What a node without a split that does not close is told.
pub(crate) const BETTER_LEFT: &str = "leaves a better plan possible";

/// Walk from the root, whose states are given and which does not close, through both cases of each
/// split; `closes` decides what it can and says whether no better plan is left. The error is the
/// first node that neither closes nor splits.
pub(crate) fn every_case(
    split: impl Fn(usize) -> Option<Split>,
    states: Vec<SiteState>,
    closes: impl Fn(usize, &mut [SiteState]) -> bool,
) -> Result<(), usize> {
    let mut waiting = vec![(0, states)];
    while let Some((at, states)) = waiting.pop() {
        let split = split(at).ok_or(at)?;
        for (child, state) in [(split.without, SiteState::Forbidden), (split.with, SiteState::Kept)]
        {
            if states[split.site] != SiteState::Free && states[split.site] != state {
                continue; // decided the other way already
            }
            let mut states = states.clone();
            states[split.site] = state;
            if !closes(child, &mut states) {
                waiting.push((child, states));
            }
        }
    }
    Ok(())
}

/// Refuse a split at node `at` on a site that is none, or to nodes that are not after it, or not
/// for it alone: the walk then ends.
pub(crate) fn check_split(
    split: Split,
    at: usize,
    sites: usize,
    has_parent: &mut [bool],
) -> Result<(), &'static str> {
    if split.site >= sites {
        return Err("splits on an unknown site");
    }
    for child in [split.without, split.with] {
        let claimed = child <= at
            || has_parent.get_mut(child).is_none_or(|parent| std::mem::replace(parent, true));
        if claimed {
            return Err("names a case that does not exist, or not for it alone");
        }
    }
    Ok(())
}

/// Lengths and links.
fn check_shape(instance: &Instance, certificate: &Certificate) -> Result<(), Rejection> {
    let tree = &certificate.tree;
    let mut has_parent = vec![false; tree.len()];
    for (at, node) in tree.iter().enumerate() {
        let refuse = |fault| Err(Rejection::Tree { node: at, fault });
        if node.multipliers.len() != if at == 0 { 0 } else { instance.customers() } {
            return refuse("has a wrong number of multipliers");
        }
        if !usable(&node.multipliers) {
            return refuse("has multipliers that are not finite");
        }
        if let Some(split) = node.split {
            check_split(split, at, instance.sites(), &mut has_parent).or_else(refuse)?;
        }
    }
    Ok(())
}

impl Walk<'_> {
    /// w_i c_ij, rounded down, for the sites asked for, as far as multipliers up to `most` reach.
    fn entries(
        &self,
        certificate: &Certificate,
        live: impl Fn(usize) -> bool,
        most: impl Fn(usize) -> f64,
    ) -> Live {
        let mut table = Live { starts: vec![0], entries: Vec::new() };
        for i in 0..certificate.multipliers.len() {
            each_below(self.instance, i, most(i), |site, cost| {
                if live(site) {
                    table.entries.push((site as u32, cost));
                }
            });
            table.starts.push(table.entries.len());
        }
        table
    }

    /// Whether no plan better than the aim is left; what the multipliers decide is decided.
    fn closes(&self, states: &mut [SiteState], live: &Live, multipliers: &[f64]) -> bool {
        if let Some(closed) = self.single(states) {
            return closed;
        }
        let sums = self.sums(states, live, multipliers);
        if self.reaches(sums.bound) {
            return true;
        }
        self.decide(states, &sums);
        self.single(states).unwrap_or(false)
    }

    fn reaches(&self, bound: f64) -> bool {
        (if self.whole { bound.ceil() } else { bound }) >= self.aim
    }

    /// If one plan at most is left: whether it is no better than the aim.
    fn single(&self, states: &[SiteState]) -> Option<bool> {
        let kept = positions(states, SiteState::Kept);
        let free = positions(states, SiteState::Free);
        if kept.len() > self.p || kept.len() + free.len() < self.p {
            return Some(true);
        }
        if kept.len() < self.p && kept.len() + free.len() > self.p {
            return None;
        }
        let mut open = kept;
        if open.len() < self.p {
            open.extend(free);
            open.sort_unstable();
        }
        Some(self.instance.value_of(&self.instance.assign(&open)) >= self.aim)
    }

    fn sums(&self, states: &[SiteState], live: &Live, multipliers: &[f64]) -> Sums {
        let mut bound = Down::default();
        let mut reduced = vec![Down::default(); states.len()];
        for (i, &multiplier) in multipliers.iter().enumerate() {
            bound.add(multiplier);
            for &(site, cost) in &live.entries[live.starts[i]..live.starts[i + 1]] {
                if cost < multiplier && states[site as usize] != SiteState::Forbidden {
                    reduced[site as usize].add(cost);
                    reduced[site as usize].add(-multiplier);
                }
            }
        }
        let reduced: Vec<f64> = reduced.into_iter().map(Down::value).collect();
        let (kept, free) = self.ranked(states, &reduced);
        let slots = self.p - kept.len();
        kept.iter().chain(&free[..slots]).for_each(|&j| bound.add(reduced[j]));
        Sums { bound: bound.value(), reduced }
    }

    /// Kept sites, and the free ones by their sums.
    fn ranked(&self, states: &[SiteState], reduced: &[f64]) -> (Vec<usize>, Vec<usize>) {
        let kept = positions(states, SiteState::Kept);
        let mut free = positions(states, SiteState::Free);
        free.sort_unstable_by(|a, b| reduced[*a].total_cmp(&reduced[*b]).then(a.cmp(b)));
        (kept, free)
    }

    /// Decide the sites whose opposite reaches the aim.
    fn decide(&self, states: &mut [SiteState], sums: &Sums) {
        let (kept, free) = self.ranked(states, &sums.reduced);
        let slots = self.p - kept.len();
        let (last, next) = (sums.reduced[free[slots - 1]], sums.reduced[free[slots]]);
        for (rank, &j) in free.iter().enumerate() {
            let own = sums.reduced[j];
            let (change, state) = if rank < slots {
                (add_down(next, -own), SiteState::Kept)
            } else {
                (add_down(own, -last), SiteState::Forbidden)
            };
            if self.reaches(add_down(sums.bound, change)) {
                states[j] = state;
            }
        }
    }
}
