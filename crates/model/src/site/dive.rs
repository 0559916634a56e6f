//! Plans from the relaxation's shares.

use super::fixed::Table;
use super::incumbent::Incumbent;
use super::instance::{SiteState, positions};
use super::lagrangian::Node;
use super::local_search::{Plan, Scratch};
use super::pricing::{Pricing, tighten};
use super::starts::systematic;
use crate::random::SplitMix;

/// A site with a larger share is kept open on the way down.
const CLEAR: f64 = 0.9;
/// Beside the clear ones, one in so many of the places left is filled in a step down.
const FILLED: usize = 10;

/// Keep the sites with the largest shares open, a few at a time, with the relaxation solved again in
/// between, until a plan is left; improve it by swaps, join it with the best one, and take what is
/// better.
pub(crate) fn dive(
    table: &Table<'_>,
    node: &Node,
    shares: &[f64],
    p: usize,
    max_work: u64,
    incumbent: &mut Incumbent,
) {
    let (mut node, mut shares) = (node.clone(), shares.to_vec());
    loop {
        let left = p - positions(&node.states, SiteState::Kept).len();
        let mut free = positions(&node.states, SiteState::Free);
        free.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]).then(a.cmp(b)));
        let clear = free.iter().filter(|&&j| shares[j] > CLEAR).count();
        let filled = clear + left.saturating_sub(clear).div_ceil(FILLED);
        if filled < left {
            free[..filled].iter().for_each(|&j| node.states[j] = SiteState::Kept);
            let solved = tighten(table, &mut node, p, Pricing::rough(max_work), incumbent);
            if let Some(solved) = solved
                && node.bound < incumbent.cutoff(table)
            {
                shares = solved.shares;
                continue;
            }
            free.drain(..filled);
        }
        free.truncate(p - positions(&node.states, SiteState::Kept).len());
        return offer(table, &node, &free, incumbent);
    }
}

/// Draw a plan by the shares; improve it, join it with the best one, and take what is better.
pub(crate) fn offer_rounded(
    table: &Table<'_>,
    node: &Node,
    shares: &[f64],
    p: usize,
    random: &mut SplitMix,
    incumbent: &mut Incumbent,
) {
    let left = p - positions(&node.states, SiteState::Kept).len();
    let free = positions(&node.states, SiteState::Free);
    offer(table, node, &systematic(&free, shares, left, random), incumbent);
}

/// Improve the plan of the kept sites and these by swaps within the core, join it with the best plan,
/// and take what is better.
fn offer(table: &Table<'_>, node: &Node, others: &[usize], incumbent: &mut Incumbent) {
    let mut scratch = Scratch::default();
    let mut plan = Plan::new(table, &positions(&node.states, SiteState::Kept), others);
    plan.improve(table, &node.core, 0, &mut scratch);
    incumbent.work += scratch.work;
    incumbent.join(table, &plan, &node.core);
}
