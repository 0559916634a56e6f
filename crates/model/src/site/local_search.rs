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
//! is made at once. Extended here to weights (inside d), to sites that are not customers, to sites
//! that stay open, and to cut lists: a customer in whose list j is
//! missing is left out of the sums, which can only make the swap look worse than it is.
//!
//! Cost: O(k + p) per closed site priced, k the customers that list it.

use std::mem::take;

use super::fixed::Table;

/// Open sites with what a swap needs to know of each customer.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Slot → site; the first `kept` slots never change.
    open: Vec<usize>,
    kept: usize,
    /// Site → slot; [`CLOSED`] for closed sites.
    slots: Vec<u32>,
    near: Vec<u32>,
    d1: Vec<i64>,
    second: Vec<u32>,
    d2: Vec<i64>,
    loss: Vec<i64>,
    /// Customers whose second nearest open site may be missing from their list.
    unlisted: i64,
    /// Σ_i d1_i.
    pub(crate) value: i64,
}

const CLOSED: u32 = u32::MAX;
/// Entries read to rank a customer anew, about.
const RANKING: usize = 32;
/// Entries read while a cost that is not listed is worked out, about.
const FAR: usize = 4;

/// What one closed site could do: its best partner to close, and the change of the objective.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swap {
    pub(crate) slot: usize,
    pub(crate) change: i64,
}

/// Space that pricing needs, and the entries read so far.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    loss: Vec<i64>,
    /// Customers to rank anew after a swap, and others whose second nearest site may be unlisted.
    again: Vec<u32>,
    far: Vec<u32>,
    /// Customers whose nearest or second nearest site changed in the last swap.
    pub(crate) touched: Vec<u32>,
    pub(crate) work: u64,
}

impl Plan {
    /// The plan that opens `kept` and then `others`.
    pub(crate) fn new(table: &Table<'_>, kept: &[usize], others: &[usize]) -> Self {
        let n = table.customers;
        let open: Vec<usize> = kept.iter().chain(others).copied().collect();
        let mut slots = vec![CLOSED; table.sites];
        open.iter().enumerate().for_each(|(slot, &site)| slots[site] = slot as u32);
        let mut plan = Self {
            kept: kept.len(),
            slots,
            near: vec![0; n],
            d1: vec![0; n],
            second: vec![0; n],
            d2: vec![0; n],
            loss: vec![0; open.len()],
            unlisted: 0,
            open,
            value: 0,
        };
        for i in 0..n {
            plan.rank(table, i);
        }
        plan.total(table);
        plan
    }

    /// The plan with these sites open, the kept ones among them.
    pub(crate) fn of(table: &Table<'_>, kept: &[usize], open: &[usize]) -> Self {
        let others: Vec<usize> =
            open.iter().copied().filter(|j| kept.binary_search(j).is_err()).collect();
        Self::new(table, kept, &others)
    }

    /// Open sites, ascending.
    pub(crate) fn sorted(&self) -> Vec<usize> {
        let mut open = self.open.clone();
        open.sort_unstable();
        open
    }

    /// Open sites by slot; the first ones are kept.
    pub(crate) fn open(&self) -> &[usize] {
        &self.open
    }

    /// Slots that may change.
    pub(crate) fn loose(&self) -> std::ops::Range<usize> {
        self.kept..self.open.len()
    }

    /// The slot of an open site that may close.
    pub(crate) fn loose_slot(&self, site: usize) -> Option<usize> {
        let slot = self.slots[site];
        (slot != CLOSED && slot as usize >= self.kept).then_some(slot as usize)
    }

    pub(crate) fn is_open(&self, site: usize) -> bool {
        self.slots[site] != CLOSED
    }

    /// Find the nearest and second nearest slot of one customer. With a single slot the second is
    /// the farthest site there is: no replacement can be worse, which keeps the prices right.
    fn rank(&mut self, table: &Table<'_>, i: usize) {
        let (mut near, mut second) = (CLOSED, CLOSED);
        let (mut d1, mut d2) = (i64::MAX, i64::MAX);
        if !self.few_open(table) {
            let (costs, sites) = table.lists.of(i);
            for (cost, site) in costs.iter().zip(sites) {
                let slot = self.slots[*site as usize];
                if slot != CLOSED && near == CLOSED {
                    (near, d1) = (slot, *cost);
                } else if slot != CLOSED {
                    (second, d2) = (slot, *cost);
                    break;
                }
            }
        }
        if second == CLOSED {
            (near, d1) = (CLOSED, i64::MAX);
            for (slot, &site) in self.open.iter().enumerate() {
                let d = table.cost(i, site);
                if d < d1 {
                    (second, d2) = (near, d1);
                    (near, d1) = (slot as u32, d);
                } else if d < d2 {
                    (second, d2) = (slot as u32, d);
                }
            }
        }
        (self.near[i], self.d1[i], self.second[i]) = (near, d1, second);
        self.d2[i] = if self.open.len() == 1 { table.farthest[i] } else { d2 };
    }

    /// Few open sites are quicker to try than to find in a list.
    fn few_open(&self, table: &Table<'_>) -> bool {
        4 * self.open.len() * self.open.len() <= table.sites
    }

    /// As [`Self::rank`] for a customer one of whose two nearest sites has closed, with `site` open in
    /// its slot now. All others cost as much as the second nearest did at least.
    fn rank_again(&mut self, table: &Table<'_>, i: usize, slot: u32, site: usize) {
        if self.open.len() == 1 {
            return self.rank(table, i);
        }
        let d2 = self.d2[i];
        let near = self.near[i] == slot;
        let left = if near { (d2, self.second[i]) } else { (self.d1[i], self.near[i]) };
        let mut other = (table.cost(i, site), slot);
        if other.0 > d2 {
            if self.few_open(table) {
                return self.rank(table, i);
            }
            let (costs, sites) = table.lists.of(i);
            let from = costs.partition_point(|cost| *cost < d2);
            let open = costs[from..].iter().zip(&sites[from..]).find_map(|(cost, site)| {
                let slot = self.slots[*site as usize];
                (slot != CLOSED && slot != left.1).then_some((*cost, slot))
            });
            let Some(open) = open else { return self.rank(table, i) };
            other = open;
        }
        let (first, second) = if other.0 < left.0 { (other, left) } else { (left, other) };
        (self.d1[i], self.near[i]) = first;
        (self.d2[i], self.second[i]) = second;
    }

    /// Sum up the objective, and what closing each slot costs.
    fn total(&mut self, table: &Table<'_>) {
        (self.value, self.unlisted) = (0, 0);
        self.loss.fill(0);
        (0..table.customers).for_each(|i| self.count(table, i, 1));
    }

    /// Add a customer to the sums, or take it off them.
    fn count(&mut self, table: &Table<'_>, i: usize, sign: i64) {
        self.value += sign * self.d1[i];
        self.loss[self.near[i] as usize] += sign * (self.d2[i] - self.d1[i]);
        self.unlisted += sign * i64::from(table.is_unlisted(i, self.d2[i]));
    }

    /// What opening `site` saves, and in `scratch.loss` what closing each slot then costs.
    fn losses(&self, table: &Table<'_>, site: usize, scratch: &mut Scratch) -> i64 {
        scratch.loss.clone_from(&self.loss);
        let mut saved = 0;
        let (costs, customers) = table.by_site.of(site);
        scratch.work += (costs.len() + self.open.len()) as u64;
        for (d, i) in costs.iter().zip(customers) {
            let (d, i) = (*d, *i as usize);
            let d2 = self.d2[i];
            if d < d2 {
                let d1 = self.d1[i];
                saved += (d - d1).min(0);
                scratch.loss[self.near[i] as usize] += d.max(d1) - d2;
            }
        }
        saved
    }

    /// The best swap that opens `site` and closes one of the `slots`.
    pub(crate) fn price(
        &self,
        table: &Table<'_>,
        site: usize,
        slots: impl Iterator<Item = usize>,
        scratch: &mut Scratch,
    ) -> Option<Swap> {
        let saved = self.losses(table, site, scratch);
        let swaps = slots.map(|slot| Swap { slot, change: scratch.loss[slot] + saved });
        swaps.min_by_key(|swap| swap.change)
    }

    /// Open `site` in place of the one in `slot`; only customers near one of the two are looked at.
    pub(crate) fn apply(
        &mut self,
        table: &Table<'_>,
        site: usize,
        slot: usize,
        scratch: &mut Scratch,
    ) {
        let closed = std::mem::replace(&mut self.open[slot], site);
        self.slots[closed] = CLOSED;
        self.slots[site] = slot as u32;
        let (slot, single) = (slot as u32, self.open.len() == 1);
        let (mut again, mut far) = (take(&mut scratch.again), take(&mut scratch.far));
        again.clear();
        far.clear();
        scratch.touched.clear();
        let served = |i: u32| self.near[i as usize] == slot || self.second[i as usize] == slot;
        let (_, losing) = table.by_site.of(closed);
        let (costs, gaining) = table.by_site.of(site);
        scratch.work += (losing.len() + gaining.len()) as u64;
        if single || self.unlisted > 0 {
            // Beyond a list, sites may be near without being listed.
            for i in 0..table.customers as u32 {
                if single || served(i) {
                    again.push(i);
                } else if table.is_unlisted(i as usize, self.d2[i as usize]) {
                    far.push(i);
                }
            }
            scratch.work += (table.customers + FAR * far.len()) as u64;
        } else {
            again.extend(losing.iter().copied().filter(|&i| served(i)));
        }
        again.iter().for_each(|i| self.count(table, *i as usize, -1));
        for (d, i) in costs.iter().zip(gaining) {
            let (d, i) = (*d, *i as usize);
            let ranked_again = single || self.near[i] == slot || self.second[i] == slot;
            if !ranked_again && !table.is_unlisted(i, self.d2[i]) && self.admit(table, i, slot, d) {
                scratch.touched.push(i as u32);
            }
        }
        for &i in &far {
            if self.admit(table, i as usize, slot, table.cost(i as usize, site)) {
                scratch.touched.push(i);
            }
        }
        for &i in &again {
            self.rank_again(table, i as usize, slot, site);
            self.count(table, i as usize, 1);
        }
        scratch.touched.extend_from_slice(&again);
        scratch.work += (RANKING * again.len()) as u64;
        (scratch.again, scratch.far) = (again, far);
        debug_assert_eq!(self.value, self.d1.iter().sum::<i64>());
    }

    /// A site of this cost has opened in `slot`: take it if it is among the customer's two nearest.
    fn admit(&mut self, table: &Table<'_>, i: usize, slot: u32, d: i64) -> bool {
        if d >= self.d2[i] {
            return false;
        }
        self.count(table, i, -1);
        if d < self.d1[i] {
            (self.second[i], self.d2[i]) = (self.near[i], self.d1[i]);
            (self.near[i], self.d1[i]) = (slot, d);
        } else {
            (self.second[i], self.d2[i]) = (slot, d);
        }
        self.count(table, i, 1);
        true
    }

    /// Swap until no single swap pays. `free` are the sites that may open; the pass begins at the
    /// one numbered `first`.
    pub(crate) fn improve(
        &mut self,
        table: &Table<'_>,
        free: &[usize],
        first: usize,
        scratch: &mut Scratch,
    ) {
        if self.loose().is_empty() || free.is_empty() {
            return;
        }
        let (mut at, mut idle) = (first % free.len(), 0);
        while idle < free.len() {
            let site = free[at];
            at = (at + 1) % free.len();
            idle += 1;
            if self.is_open(site) {
                continue;
            }
            if let Some(swap) = self.price(table, site, self.loose(), scratch)
                && swap.change < 0
            {
                self.apply(table, site, swap.slot, scratch);
                idle = 0;
            }
        }
    }

    /// Multipliers to begin with: a customer is charged what the nearest site costs, and so many
    /// eighths of what the second nearest would cost more.
    pub(crate) fn first_multipliers(&self, table: &Table<'_>, eighths: i64) -> Vec<i64> {
        let both = self.d1.iter().zip(&self.d2).zip(&table.beyond);
        both.map(|((d1, d2), beyond)| (d1 + (d2 - d1) / 8 * eighths).min(*beyond)).collect()
    }

    /// d2: what the second nearest open site would cost a customer.
    pub(crate) fn second_cost(&self, customer: usize) -> i64 {
        self.d2[customer]
    }

    /// Closed sites that can replace an open one without changing the objective by `within` or more.
    pub(crate) fn equals(&self, table: &Table<'_>, free: &[usize], within: i64) -> Vec<usize> {
        let mut scratch = Scratch::default();
        let closed = free.iter().copied().filter(|site| !self.is_open(*site));
        closed
            .filter(|&j| {
                let swap = self.price(table, j, self.loose(), &mut scratch);
                swap.is_some_and(|swap| swap.change.abs() < within)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix;
    use crate::site::Instance;

    #[test]
    fn a_swap_on_cut_lists_leaves_what_a_new_plan_would_find() {
        let mut random = SplitMix::new(11, 0);
        let mut spot = || [random.below(200) as f64, random.below(200) as f64];
        let (customers, sites): (Vec<_>, Vec<_>) = (0..90).map(|_| (spot(), spot())).unzip();
        let instance = Instance::on_plane(&customers, &sites, true).unwrap();
        for (nearest, p) in [(5, 1), (5, 4), (12, 9), (40, 3), (90, 6)] {
            let table = Table::with_nearest(&instance, nearest, p, f64::INFINITY);
            let open: Vec<usize> = (0..p).map(|k| 7 * k).collect();
            let mut plan = Plan::new(&table, &[], &open);
            let mut scratch = Scratch::default();
            for _ in 0..200 {
                let site = random.below(90);
                if plan.is_open(site) {
                    continue;
                }
                plan.apply(&table, site, random.below(p), &mut scratch);
                let fresh = Plan::new(&table, &[], plan.open());
                assert_eq!((plan.value, plan.unlisted), (fresh.value, fresh.unlisted));
                assert_eq!((plan.d1.clone(), plan.d2.clone()), (fresh.d1, fresh.d2));
                assert_eq!(plan.loss.iter().sum::<i64>(), fresh.loss.iter().sum::<i64>());
            }
        }
    }
}
