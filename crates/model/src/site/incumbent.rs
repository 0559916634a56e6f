//! The best plan found so far, and how the search makes better ones on the way.

use super::fixed::Table;
use super::instance::{SiteState, positions};
use super::local_search::{Plan, Scratch};
use super::recombine::recombine_all;
use super::starts::relink_both;

/// A set is promising if it costs less than one part in so many above the best plan.
const NEAR: i64 = 20;

/// Most of what a path reads are losses copied one after another: so many while an entry of a list is
/// read.
const COPIED: u64 = 4;

/// Plans with more sites apart are recombined alone: a path would be long.
const APART: usize = 64;

/// The best plan known, and what improving others needs.
pub(crate) struct Incumbent {
    /// Its value.
    pub(crate) value: i64,
    /// Its open sites, ascending.
    pub(crate) open: Vec<usize>,
    kept: Vec<usize>,
    free: Vec<usize>,
    /// Best value of an unimproved set: a better one is worth improving.
    best_raw: i64,
    scratch: Scratch,
    /// Entries of lists read so far, by the search as a whole.
    pub(crate) work: u64,
}

impl Incumbent {
    /// Begin with a plan; `work` entries were read to find it.
    pub(crate) fn new(plan: &Plan, states: &[SiteState], work: u64) -> Self {
        Self {
            value: plan.value,
            open: plan.sorted(),
            kept: positions(states, SiteState::Kept),
            free: positions(states, SiteState::Free),
            best_raw: i64::MAX,
            scratch: Scratch::default(),
            work,
        }
    }

    /// A bound that reaches this says: nothing better is to be found here.
    pub(crate) fn cutoff(&self, table: &Table<'_>) -> i64 {
        table.cutoff(self.value)
    }

    /// Take a plan if it is better.
    pub(crate) fn take(&mut self, plan: &Plan) {
        if plan.value < self.value {
            (self.value, self.open) = (plan.value, plan.sorted());
        }
    }

    /// Take a set of open sites with its value; improve it by swaps if `swaps`, or if no set as
    /// good was seen before.
    pub(crate) fn offer(&mut self, table: &Table<'_>, chosen: &[bool], value: i64, swaps: bool) {
        let promising = value < self.best_raw && (value - self.value) < self.value / NEAR;
        if !promising && !swaps {
            return;
        }
        self.best_raw = self.best_raw.min(value);
        let others: Vec<usize> = self.free.iter().copied().filter(|&j| chosen[j]).collect();
        let mut plan = Plan::new(table, &self.kept, &others);
        debug_assert_eq!(plan.value, value);
        self.improve(table, &mut plan);
    }

    /// Swap until nothing pays, and take what comes of it.
    pub(crate) fn improve(&mut self, table: &Table<'_>, plan: &mut Plan) {
        plan.improve(table, &self.free, 0, &mut self.scratch);
        self.work += std::mem::take(&mut self.scratch.work);
        self.take(plan);
    }

    /// Take a plan if it is better, and so the plans met on the paths between it and the best one, and
    /// what recombining the two gives. Only sites of `free` may open at the end of a path and where the
    /// recombined plan is improved.
    pub(crate) fn join(&mut self, table: &Table<'_>, plan: &Plan, free: &[usize]) {
        if plan.value == self.value {
            return;
        }
        let best = Plan::of(table, &self.kept, &self.open);
        self.take(plan);
        let plan = Plan::of(table, &self.kept, plan.open());
        let apart = plan.open().iter().filter(|j| !best.is_open(**j)).count();
        if apart <= APART {
            let met = relink_both(table, free, &plan, &best, &mut self.scratch);
            self.work += std::mem::take(&mut self.scratch.work) / COPIED;
            met.iter().for_each(|plan| self.take(plan));
        }
        let least = self.value;
        let mut child = recombine_all(table, best, &[plan], &mut self.scratch);
        if child.value < least {
            child.improve(table, free, 0, &mut self.scratch);
            self.take(&child);
        }
        self.work += std::mem::take(&mut self.scratch.work);
    }
}
