//! Many plans, and better ones from them: seeded starts, paths between good plans, small shakes. Parts
//! of two plans are combined in [`super::recombine`].
//!
//! Path relinking (Glover 1996; for the p-median Resende and Werneck 2004, "A hybrid heuristic for
//! the p-median problem", Journal of Heuristics 10, 59-88) walks from one good plan to another by
//! the cheapest swaps that lead there, and improves the best plan met on the way. A shake closes
//! two or three sites in one neighbourhood for others, repairs by swaps near what changed, and is
//! kept if it pays (iterated local search: Lourenço, Martin, Stützle 2003, Handbook of
//! Metaheuristics, 320-353).

use std::collections::VecDeque;

use rayon::prelude::*;

use super::fixed::Table;
use super::instance::{Instance, SiteState};
use super::local_search::{Plan, Scratch, Swap};
use super::recombine::recombine_all;
use crate::random::SplitMix;

/// Plans relinked with the best one.
const ELITE: usize = 6;
/// Sites tried at each step of a path.
const TRIED: usize = 64;
/// The share of the work that starts and paths may take.
const SHARE: u64 = 12;
/// Shakes that may fail in a row, and for each open site as many more.
const IDLE: usize = 50;
const IDLE_EACH: usize = 2;
/// Customers asked after a swap which sites to price again: their neighbours name the same ones.
const ASKED: usize = 24;
/// Streams of random numbers for shakes and fresh plans lie apart from those of starts.
const SHAKES: u64 = 1 << 40;
const FRESH: u64 = 1 << 41;

/// What a search starts from, and what it may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) seed: u64,
    pub(crate) starts: usize,
    /// Entries of cost lists that the whole search may read.
    pub(crate) work: u64,
}

/// The best of several seeded starts, of what recombining them gives, and of the paths between them;
/// the earliest start wins a tie, so that the number of threads does not matter.
pub(crate) fn best_of(
    table: &Table<'_>,
    instance: &Instance,
    p: usize,
    effort: Effort,
    work: &mut u64,
) -> Plan {
    let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
    let free: Vec<usize> = instance.sites_in(SiteState::Free).collect();
    let run = |start: usize| {
        let mut random = SplitMix::new(effort.seed, start as u64);
        let mut scratch = Scratch::default();
        let others = random.sample(&free, p - kept.len());
        let mut plan = Plan::new(table, &kept, &others);
        plan.improve(table, &free, random.below(free.len().max(1)), &mut scratch);
        (plan, scratch.work)
    };
    // The first start tells what one costs.
    let first = run(0);
    let cost = first.1.max(1);
    let others = (effort.work / SHARE / cost).min(effort.starts as u64 - 1) as usize;
    let mut plans: Vec<(Plan, u64)> = (1..=others).into_par_iter().map(run).collect();
    plans.insert(0, first);
    *work += plans.iter().map(|(_, cost)| cost).sum::<u64>();
    // A stable sort: the earliest start stays first among equals.
    plans.sort_by_key(|(plan, _)| plan.value);
    plans.dedup_by_key(|(plan, _)| plan.value);
    let plans: Vec<Plan> = plans.into_iter().map(|(plan, _)| plan).collect();
    let (best, plans) = plans.split_first().expect("the first start has a plan");
    let mut scratch = Scratch::default();
    let mut best = recombine_all(table, best.clone(), plans, &mut scratch);
    for other in plans.iter().take(ELITE).cloned() {
        if scratch.work > effort.work / SHARE {
            break;
        }
        let met = relink(table, &free, other, &best.clone(), &mut scratch);
        if met.value < best.value {
            best = met;
        }
    }
    *work += scratch.work;
    best
}

/// The best plan met on the way from one plan to another, improved by swaps.
fn relink(table: &Table<'_>, free: &[usize], from: Plan, to: &Plan, scratch: &mut Scratch) -> Plan {
    let (mut now, mut met) = (from, None::<Plan>);
    loop {
        let opens: Vec<usize> = to.open().iter().copied().filter(|j| !now.is_open(*j)).collect();
        if opens.len() <= 1 {
            break;
        }
        let closes: Vec<usize> =
            now.loose().filter(|&slot| !to.is_open(now.open()[slot])).collect();
        let every = opens.len().div_ceil(TRIED);
        let priced = opens.iter().step_by(every).filter_map(|&j| {
            let swap = now.price(table, j, closes.iter().copied(), scratch)?;
            Some((swap.change, j, swap.slot))
        });
        let Some((_, site, slot)) = priced.min() else { break };
        now.apply(table, site, slot, scratch);
        if met.as_ref().is_none_or(|met| now.value < met.value) {
            met = Some(now.clone());
        }
    }
    let mut met = met.unwrap_or(now);
    met.improve(table, free, 0, scratch);
    met
}

/// The best plans met between two, on the path from the one and on that from the other.
pub(crate) fn relink_both(
    table: &Table<'_>,
    free: &[usize],
    one: &Plan,
    other: &Plan,
    scratch: &mut Scratch,
) -> [Plan; 2] {
    [(one, other), (other, one)].map(|(from, to)| relink(table, free, from.clone(), to, scratch))
}

/// How far to shake a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shake {
    pub(crate) seed: u64,
    /// Each round has random numbers of its own.
    pub(crate) round: u64,
    /// Entries that may be read, those read before included.
    pub(crate) limit: u64,
    /// Stop at a plan of this value: it is known.
    pub(crate) goal: Option<i64>,
}

/// Systematic sampling: a site is drawn where the sum of shares passes the next whole number after a
/// random start, so that each is drawn with its share, and their number does not vary.
pub(crate) fn systematic(
    free: &[usize],
    shares: &[f64],
    count: usize,
    random: &mut SplitMix,
) -> Vec<usize> {
    let mut next = random.below(1 << 32) as f64 / (1_u64 << 32) as f64;
    let mut sum = 0.0;
    let (mut drawn, mut left) = (Vec::with_capacity(count), Vec::new());
    for &j in free {
        sum += shares[j];
        if sum > next && drawn.len() < count {
            drawn.push(j);
            next += 1.0;
        } else {
            left.push(j);
        }
    }
    // The shares sum to a whole number up to rounding.
    left.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
    let missing = count - drawn.len();
    drawn.extend(left.into_iter().take(missing));
    drawn
}

/// A random plan with p sites, those of `kept` and others of `free`, improved by swaps and shaken. The
/// others are drawn alike, or each with its share.
pub(crate) fn fresh(
    table: &Table<'_>,
    kept: &[usize],
    free: &[usize],
    p: usize,
    shares: Option<&[f64]>,
    aim: Shake,
    scratch: &mut Scratch,
) -> Plan {
    let mut random = SplitMix::new(aim.seed, FRESH + aim.round);
    let count = p - kept.len();
    let others = match shares {
        None => random.sample(free, count),
        Some(shares) => systematic(free, shares, count, &mut random),
    };
    let mut plan = Plan::new(table, kept, &others);
    plan.improve(table, free, 0, scratch);
    shake(table, free, &mut plan, aim, scratch);
    plan
}

/// Shake the plan until nothing comes of it any more; only sites of `free` may open.
pub(crate) fn shake(
    table: &Table<'_>,
    free: &[usize],
    plan: &mut Plan,
    aim: Shake,
    scratch: &mut Scratch,
) {
    if plan.loose().is_empty() || free.is_empty() {
        return;
    }
    let mut random = SplitMix::new(aim.seed, SHAKES + aim.round);
    let mut queue = Queue { waiting: VecDeque::new(), queued: vec![false; table.sites] };
    let may_open: Vec<bool> = {
        let mut may = vec![false; table.sites];
        free.iter().for_each(|&j| may[j] = true);
        may
    };
    let mut undo: Vec<(usize, usize)> = Vec::new();
    let swap_in = |plan: &mut Plan,
                   queue: &mut Queue,
                   site,
                   slot,
                   undo: &mut Vec<_>,
                   scratch: &mut Scratch| {
        undo.push((slot, plan.open()[slot]));
        plan.apply(table, site, slot, scratch);
        scratch.work += queue.fill(table, plan, &scratch.touched, &may_open);
    };
    let patience = IDLE + IDLE_EACH * plan.loose().len();
    let mut idle = 0;
    while scratch.work < aim.limit && idle < patience && aim.goal != Some(plan.value) {
        let before = plan.value;
        idle += 1;
        let centre = random.below(table.customers);
        for _ in 0..1 + random.below(2) {
            let near = near_swap(table, plan, centre, &may_open, &mut random, scratch);
            if let Some((site, swap)) = near {
                swap_in(plan, &mut queue, site, swap.slot, &mut undo, scratch);
            }
        }
        while let Some(site) = queue.next() {
            if plan.is_open(site) {
                continue;
            }
            if let Some(swap) = plan.price(table, site, plan.loose(), scratch)
                && swap.change < 0
            {
                swap_in(plan, &mut queue, site, swap.slot, &mut undo, scratch);
            }
        }
        if plan.value < before {
            idle = 0;
        } else if plan.value > before {
            for (slot, site) in undo.drain(..).rev() {
                plan.apply(table, site, slot, scratch);
            }
        }
        undo.clear();
        // A shake that finds nothing to do counts too.
        scratch.work += 64;
    }
}

/// A random swap around a customer: a closed site among its near ones opens, and one of the open
/// sites near it closes.
fn near_swap(
    table: &Table<'_>,
    plan: &Plan,
    centre: usize,
    may_open: &[bool],
    random: &mut SplitMix,
    scratch: &mut Scratch,
) -> Option<(usize, Swap)> {
    let (_, sites) = table.lists.of(centre);
    // About six open sites lie within.
    let reach = sites.len().min(6 * table.sites / plan.open().len().max(1) + 8);
    let near = || sites[..reach].iter().map(|site| *site as usize);
    let closed: Vec<usize> = near().filter(|&j| may_open[j] && !plan.is_open(j)).collect();
    if closed.is_empty() {
        return None;
    }
    let site = closed[random.below(closed.len())];
    let slots: Vec<usize> = near().filter_map(|j| plan.loose_slot(j)).collect();
    if slots.is_empty() {
        return plan.price(table, site, plan.loose(), scratch).map(|swap| (site, swap));
    }
    let slot = slots[random.below(slots.len())];
    plan.price(table, site, std::iter::once(slot), scratch).map(|swap| (site, swap))
}

/// Sites worth pricing again.
struct Queue {
    waiting: VecDeque<usize>,
    queued: Vec<bool>,
}

impl Queue {
    /// Sites that could serve some of these customers better than their second nearest. Returns the
    /// entries read.
    fn fill(
        &mut self,
        table: &Table<'_>,
        plan: &Plan,
        customers: &[u32],
        may_open: &[bool],
    ) -> u64 {
        let mut read = 0;
        let every = customers.len().div_ceil(ASKED).max(1);
        for &i in customers.iter().step_by(every) {
            let (costs, sites) = table.lists.of(i as usize);
            let reach = plan.second_cost(i as usize);
            for (cost, site) in costs.iter().zip(sites) {
                if *cost >= reach {
                    break;
                }
                read += 1;
                let site = *site as usize;
                if may_open[site] && !self.queued[site] {
                    self.queued[site] = true;
                    self.waiting.push_back(site);
                }
            }
        }
        read
    }

    fn next(&mut self) -> Option<usize> {
        let site = self.waiting.pop_front()?;
        self.queued[site] = false;
        Some(site)
    }
}
