//! Which site to branch on: what branching on it gained before, or gains in a trial.
//!
//! Gains per share decided, averaged over what was seen, are pseudo-costs (Bénichou and others 1971,
//! "Experiments in mixed-integer linear programming", Mathematical Programming 1, 76-94); trials of
//! sites not seen yet are strong branching (Achterberg, Koch, Martin 2005, "Branching rules
//! revisited", Operations Research Letters 33, 42-54).

use super::fixed::Table;
use super::incumbent::Incumbent;
use super::instance::{SiteState, positions};
use super::lagrangian::Node;
use super::pricing::{Pricing, tighten};

/// Shares this near to 0 or 1 are not branched on if others are at hand.
const UNCLEAR: f64 = 0.02;
/// Sites tried in a node at most. A trial may take this share of the whole work, and all of them as
/// much as the nodes beyond their first share.
const CANDIDATES: usize = 8;
const TRIAL_SHARE: u64 = 300;
const FIRST_SHARE: u64 = 6;

/// What branching on each site did to the bound, so far.
#[derive(Debug)]
pub(crate) struct Gains {
    /// Per site, without and with it: the sum of gains per share decided, and their number.
    seen: Vec<[(f64, f64); 2]>,
    all: [(f64, f64); 2],
    /// Entries read in nodes, and in trials.
    in_nodes: u64,
    in_trials: u64,
}

impl Gains {
    pub(crate) fn new(sites: usize) -> Self {
        let (seen, all) = (vec![[(0.0, 0.0); 2]; sites], [(0.0, 0.0); 2]);
        Self { seen, all, in_nodes: 0, in_trials: 0 }
    }

    /// Learn from a child that was solved, what its bound was before and what it cost.
    pub(crate) fn learn_from(&mut self, child: &Node, before: i64, work: u64) {
        self.in_nodes += work;
        if child.share > 0.0 {
            let with = child.states[child.branch] == SiteState::Kept;
            self.learn(child.branch, with, child.share, child.bound - before);
        }
    }

    /// A child of a node in which the site had this share raised the bound by `gain`.
    fn learn(&mut self, site: usize, with: bool, share: f64, gain: i64) {
        let decided = if with { 1.0 - share } else { share };
        let rate = gain as f64 / decided.max(0.01);
        for (sum, count) in
            [&mut self.seen[site][usize::from(with)], &mut self.all[usize::from(with)]]
        {
            *sum += rate;
            *count += 1.0;
        }
    }

    fn is_known(&self, site: usize, with: bool) -> bool {
        self.seen[site][usize::from(with)].1 > 0.0
    }

    /// What branching on a site of this share is expected to gain: the product of both children's
    /// gains, at rates seen before, else at their mean (pseudo-costs).
    fn score(&self, site: usize, share: f64) -> f64 {
        let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 1.0 };
        let expected = |with: usize, decided: f64| {
            let own = self.seen[site][with];
            let rate = if own.1 > 0.0 { mean(own) } else { mean(self.all[with]) };
            // A gain of nothing must not hide what the other child gains.
            (rate * decided).max(1e-6 * mean(self.all[with])).max(f64::MIN_POSITIVE)
        };
        expected(0, share).ln() + expected(1, 1.0 - share).ln()
    }

    /// Branch on the free site with the best score.
    pub(crate) fn branch(&self, node: &mut Node, shares: &[f64]) {
        let free = positions(&node.states, SiteState::Free);
        if let [site] = self.best(&free, shares, 1)[..] {
            (node.branch, node.share) = (site, shares[site]);
        }
    }

    fn best(&self, free: &[usize], shares: &[f64], count: usize) -> Vec<usize> {
        let mut scored: Vec<(f64, usize)> =
            free.iter().map(|&j| (self.score(j, shares[j]), j)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.into_iter().take(count).map(|(_, j)| j).collect()
    }
}

/// Try both branches of the most promising sites that were not branched on yet (strong branching),
/// as far as a trial is cheap.
pub(crate) fn look_ahead(
    table: &Table<'_>,
    node: &Node,
    shares: &[f64],
    p: usize,
    max_work: u64,
    gains: &mut Gains,
    incumbent: &mut Incumbent,
) {
    let free = positions(&node.states, SiteState::Free);
    let unclear: Vec<usize> =
        free.into_iter().filter(|&j| shares[j].min(1.0 - shares[j]) > UNCLEAR).collect();
    for site in gains.best(&unclear, shares, CANDIDATES) {
        for with in [false, true] {
            if gains.is_known(site, with) {
                continue;
            }
            if gains.in_trials + max_work / FIRST_SHARE >= gains.in_nodes {
                return;
            }
            let mut child = node.clone();
            child.states[site] = if with { SiteState::Kept } else { SiteState::Forbidden };
            let (start, limit) = (incumbent.work, incumbent.work + max_work / TRIAL_SHARE);
            let pricing = Pricing::rough(limit);
            let before = child.bound;
            let tried = tighten(table, &mut child, p, pricing, incumbent);
            gains.in_trials += incumbent.work - start;
            if tried.is_none() {
                return;
            }
            gains.learn(site, with, shares[site], child.bound - before);
        }
    }
}
