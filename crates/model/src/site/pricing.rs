//! The relaxation on few sites, and then on those that its multipliers are worth opening.
//!
//! The relaxation of [`super::relaxation`] over the sites of the core gives multipliers that are
//! best for the core. Priced on all sites they are a valid bound, if a lower one; the sites that
//! would be worth opening join the core, and so on until the bound is that of the core: then no
//! multipliers prove more (column generation on sites).
//!
//! As the core lacks sites, its best multipliers overrate it, and lead far astray. So they may rise
//! a little above the best ones known only, until the core holds what matters around these (Marsten,
//! Hogan, Blankenship 1975, "The boxstep method for large-scale optimization", Operations Research
//! 23, 389-405; du Merle, Villeneuve, Desrosiers, Hansen 1999, "Stabilized column generation",
//! Discrete Mathematics 194, 229-237). It also keeps the lists short.

use std::sync::Arc;

use super::fixed::Table;
use super::incumbent::Incumbent;
use super::instance::SiteState;
use super::lagrangian::{Node, Work};
use super::relaxation::{Aim, Relaxation};

/// Rounds at most.
const ROUNDS: usize = 30;
/// Sites in the first core for each one open, and some more; and in any core at most.
const CORE: usize = 3;
const MORE_CORE: usize = 100;
const MOST: usize = 16_000;
/// A customer's list ends a little beyond its multiplier, which rises no farther; one that turns out
/// too short is made so many times as long.
const REACH: f64 = 1.005;
const LONGER: f64 = 1.05;
/// A list is too short if more than this of its customer is served from beyond it.
const SERVED_BEYOND: f64 = 1e-5;
/// How far to go from the best multipliers to the core's, which overrate the core: all the way, and
/// less where that leads far down.
const PARTS: [f64; 4] = [1.0, 0.1, 0.3, 0.6];
/// The core grows to so many times the first at most, as a rule.
const GROWTH: usize = 3;
/// Far down: by this share of the gap.
const FAR_DOWN: f64 = 0.1;

/// How the relaxation is to be solved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pricing {
    /// How near primal and dual are to be in the first round and in the last, as shares of the gap to
    /// the best plan.
    first: f64,
    last: f64,
    /// Rounds that there is to be time for.
    rounds: u64,
    /// No further round once the search as a whole has read so many entries.
    max_work: u64,
}

impl Pricing {
    /// The whole question: there is to be time for several rounds.
    pub(crate) fn root(max_work: u64) -> Self {
        Self { first: 0.1, last: 0.02, rounds: 6, max_work }
    }

    /// A node, whose core and multipliers are its parent's.
    pub(crate) fn node(max_work: u64) -> Self {
        Self { first: 0.03, last: 0.03, rounds: 1, max_work }
    }

    /// A rough answer.
    pub(crate) fn rough(max_work: u64) -> Self {
        Self { first: 0.1, last: 0.1, rounds: 1, max_work }
    }
}

/// A relaxation that was solved.
#[derive(Debug)]
pub(crate) struct Solved {
    /// In which share each site is open; 0 outside the core.
    pub(crate) shares: Vec<f64>,
    /// Whether it was solved on all sites.
    pub(crate) converged: bool,
}

/// Raise the node's bound to that of the relaxation, if the core stays small enough. Returns
/// nothing if no round was made.
pub(crate) fn tighten(
    table: &Table<'_>,
    node: &mut Node,
    p: usize,
    how: Pricing,
    incumbent: &mut Incumbent,
) -> Option<Solved> {
    let mut work = Work::new(table, p);
    work.read_states(&node.states);
    let slots = p.checked_sub(work.kept.len())?;
    if slots == 0 || work.free.len() <= slots {
        return None;
    }
    incumbent.work += work.price(&node.lists, &node.multipliers);
    let mut best = work.choose(&node.multipliers).bound;
    node.bound = node.bound.max(best);
    let mut core = first_core(node, p, &work, incumbent);
    let mut guess: Vec<f64> = node.multipliers.iter().map(|l| *l as f64).collect();
    let mut reach: Vec<f64> = guess.iter().map(|l| REACH * l).collect();
    // What was too short for the parent is so here.
    reach
        .iter_mut()
        .zip(node.reach.iter())
        .for_each(|(reach, parents)| *reach = reach.max(*parents));
    let (mut solved, mut tolerance, first) = (None, how.first, core.len());
    for round in 0..ROUNDS {
        if core.len() > MOST || core.len() <= slots || incumbent.work > how.max_work {
            break;
        }
        let gap = (incumbent.value - best).max(1) as f64;
        let relaxation = relaxation(table, node, &core, slots, &reach);
        let aim = Aim {
            tolerance: tolerance * gap,
            enough: incumbent.cutoff(table) as f64 + how.last * gap,
            most_work: (how.max_work - incumbent.work) / if round == 0 { how.rounds } else { 1 },
        };
        let Some(relaxed) = relaxation.solve(&guess, aim) else { break };
        incumbent.work += relaxed.work;
        if !relaxed.bound.is_finite() {
            break;
        }
        let (base, before) = (node.multipliers.clone(), best);
        let mut entering: Vec<(i64, usize)> = Vec::new();
        for part in PARTS {
            let mixed = between(&base, &relaxed.multipliers, part, &table.beyond);
            incumbent.work += work.price(&node.lists, &mixed);
            let met = work.choose(&mixed).bound;
            if met > best {
                (best, node.multipliers) = (met, Arc::new(mixed));
                node.bound = node.bound.max(best);
            }
            if part == 1.0 {
                let worth = |&&j: &&usize| work.reduced[j] < relaxed.threshold as i64;
                entering = work.free.iter().filter(worth).map(|&j| (work.reduced[j], j)).collect();
                if relaxed.bound - met as f64 <= FAR_DOWN * gap {
                    break;
                }
            }
        }
        let mut shares = vec![0.0; table.sites];
        core.iter().zip(&relaxed.shares).for_each(|(&j, share)| shares[j] = *share);
        let closed = node.bound >= incumbent.cutoff(table);
        let is_near = |share: f64| relaxed.bound - best as f64 <= share * gap;
        entering.retain(|(_, j)| core.binary_search(j).is_err());
        // The core lacks sites, and overrates what it has: as long as that leads astray, multipliers
        // stay near the best ones. In a node the children have the longer lists.
        let settled = how.rounds == 1 || entering.is_empty() || is_near(tolerance);
        // What the customers served from beyond their lists may gain by longer ones.
        let mut short = 0.0;
        for i in 0..table.customers {
            let end = relaxation.elsewhere[i];
            // The list may also end at a site kept open, or hold all there are.
            let is_cut = end > reach[i] && end < table.beyond[i] as f64;
            let is_short = is_cut && relaxed.elsewhere[i] > SERVED_BEYOND;
            short += if is_short { relaxed.elsewhere[i] * (LONGER - 1.0) * end } else { 0.0 };
            reach[i] = match (settled, is_short) {
                (false, _) => REACH * node.multipliers[i] as f64,
                (true, false) => REACH * relaxed.multipliers[i],
                (true, true) => LONGER * end,
            };
        }
        let is_long =
            how.rounds == 1 || short <= how.last * gap || (best - before) as f64 <= how.last * gap;
        let converged = closed || (tolerance <= how.last && is_near(how.last) && is_long);
        solved = Some(Solved { shares, converged });
        if converged {
            break;
        }
        // With the core grown by all that would enter, lists and matrix grow by its square. Give up if
        // there is no time for the rounds to come.
        let most = (core.len() + entering.len()).min((GROWTH * first).max(core.len()));
        let growth = most as f64 / core.len() as f64;
        let rounds_left = how.rounds.saturating_sub(round as u64 + 1);
        let planned = relaxed.work as f64 * growth * growth * rounds_left as f64;
        if planned > how.max_work.saturating_sub(incumbent.work) as f64 {
            break;
        }
        guess = relaxed.multipliers;
        if entering.is_empty() || is_near(tolerance) {
            tolerance = (tolerance * 0.1).max(how.last);
        }
        entering.sort_unstable();
        entering.truncate(core.len() / 2 + MORE_CORE / 2);
        core.extend(entering.into_iter().map(|(_, j)| j));
        core.sort_unstable();
    }
    (node.core, node.reach) = (Arc::new(core), Arc::new(reach));
    solved
}

/// The free sites of the parent's core, else those that are worth most; and those of the best plan.
/// Ascending.
fn first_core(node: &Node, p: usize, work: &Work<'_>, incumbent: &Incumbent) -> Vec<usize> {
    let mut core = node.core.as_ref().clone();
    if core.is_empty() {
        core.clone_from(&work.free);
        core.sort_unstable_by_key(|&j| (work.reduced[j], j));
        core.truncate(CORE * p + MORE_CORE);
    }
    core.extend(&incumbent.open);
    core.retain(|&j| node.states[j] == SiteState::Free);
    core.sort_unstable();
    core.dedup();
    core
}

/// Multipliers part of the way from some to others, within what the lists allow.
fn between(from: &[i64], to: &[f64], part: f64, most: &[i64]) -> Vec<i64> {
    let each = from.iter().zip(to).zip(most);
    each.map(|((from, to), most)| {
        let from = *from as f64;
        ((from + part * (to - from)).round() as i64).clamp(0, *most)
    })
    .collect()
}

/// The relaxation over the core: each customer's list goes as far as `reach`.
fn relaxation(
    table: &Table<'_>,
    node: &Node,
    core: &[usize],
    slots: usize,
    reach: &[f64],
) -> Relaxation {
    let mut place = vec![u32::MAX; table.sites];
    core.iter().enumerate().for_each(|(at, &j)| place[j] = at as u32);
    let mut built = Relaxation {
        sites: core.len(),
        open: slots,
        starts: vec![0],
        costs: Vec::new(),
        at: Vec::new(),
        elsewhere: Vec::with_capacity(table.customers),
    };
    let mut row: Vec<(u32, f64)> = Vec::new();
    for i in 0..table.customers {
        row.clear();
        let (costs, sites) = node.lists.of(i);
        let mut elsewhere = table.beyond[i] as f64;
        for (cost, site) in costs.iter().zip(sites) {
            let (cost, site) = (*cost as f64, *site as usize);
            if node.states[site] == SiteState::Kept {
                elsewhere = elsewhere.min(cost);
                break;
            }
            if place[site] == u32::MAX {
                continue;
            }
            if cost > reach[i] && row.len() >= 2 {
                elsewhere = elsewhere.min(cost);
                break;
            }
            row.push((place[site], cost));
        }
        row.sort_unstable_by_key(|(at, _)| *at);
        built.at.extend(row.iter().map(|(at, _)| *at));
        built.costs.extend(row.iter().map(|(_, cost)| *cost));
        built.starts.push(built.costs.len());
        built.elsewhere.push(elsewhere);
    }
    built
}
