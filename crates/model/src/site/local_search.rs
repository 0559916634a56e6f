//! Plans by swaps: open one site, close another, as long as it pays.
//!
//! For a closed site j, one pass over the customers prices the swap with *every* open site at once
//! (Schubert and Rousseeuw 2021, "Fast and eager k-medoids clustering", Information Systems 101,
//! 101804, algorithm FasterPAM; the pricing of removals goes back to Whitaker 1983):
//!
//! ```text
//! Δ(r, j) = Δ⁺(j) + Δ⁻(r) + Σ_{i: near(i) = r} correction_i(j)
//! Δ⁺(j)   = Σ_i min(0, d_ij - d1_i)                    what opening j saves
//! Δ⁻(r)   = Σ_{i: near(i) = r} (d2_i - d1_i)           what closing r costs
//! correction_i(j) = d1_i - d2_i if d_ij < d1_i;  d_ij - d2_i if d1_i ≤ d_ij < d2_i;  else 0
//! ```
//!
//! d1 and d2 are the costs from the nearest and second nearest open site. The first swap that pays
//! is made at once. Extended here to weights (inside d), to sites that are not customers, and to
//! sites that stay open. Arithmetic is exact, so a local optimum is one.
//!
//! Cost: O(n + p) per closed site priced; a pass over all sites O(m (n + p)).

use rayon::prelude::*;

use super::fixed::Table;
use super::instance::{Instance, SiteState};
use crate::random::SplitMix;

/// Open sites with what a swap needs to know of each customer.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Slot → site; the first `kept` slots never change.
    open: Vec<usize>,
    kept: usize,
    near: Vec<u32>,
    d1: Vec<i64>,
    second: Vec<u32>,
    d2: Vec<i64>,
    loss: Vec<i64>,
    /// Σ_i d1_i.
    pub(crate) value: i64,
}

/// What one closed site could do: its best partner to close, and the change of the objective.
struct Swap {
    slot: usize,
    change: i64,
}

impl Plan {
    /// The plan that opens `kept` and then `others`.
    pub(crate) fn new(table: &Table, kept: &[usize], others: &[usize]) -> Self {
        let n = table.customers;
        let open: Vec<usize> = kept.iter().chain(others).copied().collect();
        let mut plan = Self {
            kept: kept.len(),
            near: vec![0; n],
            d1: vec![0; n],
            second: vec![0; n],
            d2: vec![0; n],
            loss: vec![0; open.len()],
            open,
            value: 0,
        };
        for i in 0..n {
            plan.rank(table, i);
        }
        plan.total();
        plan
    }

    /// Open sites, ascending.
    pub(crate) fn sorted(&self) -> Vec<usize> {
        let mut open = self.open.clone();
        open.sort_unstable();
        open
    }

    /// Find the nearest and second nearest slot of one customer. With a single slot the second is
    /// the farthest site there is: no replacement can be worse, which keeps the prices right.
    fn rank(&mut self, table: &Table, i: usize) {
        let (mut near, mut second) = (u32::MAX, u32::MAX);
        let (mut d1, mut d2) = (i64::MAX, i64::MAX);
        for (slot, &site) in self.open.iter().enumerate() {
            let d = table.column(site)[i];
            if d < d1 {
                (second, d2) = (near, d1);
                (near, d1) = (slot as u32, d);
            } else if d < d2 {
                (second, d2) = (slot as u32, d);
            }
        }
        (self.near[i], self.d1[i], self.second[i]) = (near, d1, second);
        self.d2[i] = if self.open.len() == 1 { table.farthest[i] } else { d2 };
    }

    /// Sum up the objective and what closing each slot costs.
    fn total(&mut self) {
        self.value = self.d1.iter().sum();
        self.loss.fill(0);
        for (i, &slot) in self.near.iter().enumerate() {
            self.loss[slot as usize] += self.d2[i] - self.d1[i];
        }
    }

    /// The best swap that opens `site`.
    fn price(&self, table: &Table, site: usize, scratch: &mut Vec<i64>) -> Swap {
        scratch.clone_from(&self.loss);
        let mut saved = 0;
        let column = table.column(site);
        for i in 0..column.len() {
            let (d, d2) = (column[i], self.d2[i]);
            if d < d2 {
                let d1 = self.d1[i];
                saved += (d - d1).min(0);
                scratch[self.near[i] as usize] += d.max(d1) - d2;
            }
        }
        let free = scratch.iter().enumerate().skip(self.kept);
        let (slot, change) = free.min_by_key(|(_, change)| **change).expect("a free slot");
        Swap { slot, change: change + saved }
    }

    fn apply(&mut self, table: &Table, site: usize, slot: usize) {
        self.open[slot] = site;
        let (slot, column) = (slot as u32, table.column(site));
        for i in 0..column.len() {
            let d = column[i];
            if self.near[i] == slot || self.second[i] == slot || self.open.len() == 1 {
                self.rank(table, i);
            } else if d < self.d1[i] {
                (self.second[i], self.d2[i]) = (self.near[i], self.d1[i]);
                (self.near[i], self.d1[i]) = (slot, d);
            } else if d < self.d2[i] {
                (self.second[i], self.d2[i]) = (slot, d);
            }
        }
        self.total();
    }

    /// Swap until no single swap pays. `free` are the sites that may open; the pass begins at the
    /// one numbered `first`.
    pub(crate) fn improve(&mut self, table: &Table, free: &[usize], first: usize) {
        if self.kept == self.open.len() || free.is_empty() {
            return;
        }
        let mut is_open = vec![false; table.sites];
        self.open.iter().for_each(|&site| is_open[site] = true);
        let mut scratch = Vec::new();
        let (mut at, mut idle) = (first % free.len(), 0);
        while idle < free.len() {
            let site = free[at];
            at = (at + 1) % free.len();
            idle += 1;
            if is_open[site] {
                continue;
            }
            let swap = self.price(table, site, &mut scratch);
            if swap.change < 0 {
                is_open[self.open[swap.slot]] = false;
                is_open[site] = true;
                self.apply(table, site, swap.slot);
                idle = 0;
            }
        }
    }

    /// Multipliers to begin with: a customer is charged what the second nearest site would cost.
    pub(crate) fn first_multipliers(&self) -> Vec<i64> {
        self.d2.clone()
    }

    /// Closed sites that can replace an open one without changing the objective by `within` or more.
    pub(crate) fn equals(&self, table: &Table, free: &[usize], within: i64) -> Vec<usize> {
        if self.kept == self.open.len() {
            return Vec::new();
        }
        let mut scratch = Vec::new();
        let closed = free.iter().copied().filter(|site| !self.open.contains(site));
        closed.filter(|&j| self.price(table, j, &mut scratch).change.abs() < within).collect()
    }
}

/// The best of several seeded starts, each a random set improved by swaps; the earliest start wins
/// a tie, so that the number of threads does not matter.
pub(crate) fn best_of(
    table: &Table,
    instance: &Instance,
    p: usize,
    seed: u64,
    starts: usize,
) -> Plan {
    let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
    let free: Vec<usize> = instance.sites_in(SiteState::Free).collect();
    let run = |start: usize| {
        let mut random = SplitMix::new(seed, start as u64);
        let others = random.sample(&free, p - kept.len());
        let mut plan = Plan::new(table, &kept, &others);
        plan.improve(table, &free, random.below(free.len().max(1)));
        plan
    };
    let plans: Vec<Plan> = (0..starts.max(1)).into_par_iter().map(run).collect();
    plans.into_iter().min_by_key(|plan| plan.value).expect("one start at least")
}
