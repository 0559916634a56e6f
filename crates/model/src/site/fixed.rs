//! Weighted costs as whole numbers of a small step, so that the search makes no rounding errors.
//!
//! ```text
//! d_ij = floor(w_i c_ij / step),   step = 2^-bits
//! ```
//!
//! Sums of 64-bit integers are exact and do not depend on their order. Hence a site is fixed or a
//! branch cut off only when the bound truly says so, and the number of threads cannot change a
//! byte of the answer. `bits` is chosen so that the largest sum the search can form,
//! (p + 2) Σ_i max_j d_ij, stays below 2^62, and a single d_ij is exact as f64.
//!
//! When all w_i·c_ij are whole, d_ij is exact, objectives are multiples of `unit` = 1 / step, and
//! only a bound within one unit is needed for a proof. Otherwise each d_ij is off by one step at
//! most, and plans nearer than `resolution` are not told apart.

use std::sync::Arc;

use super::instance::Instance;

/// Bits after the point for the multipliers when the costs are whole: more do not help.
const WHOLE_BITS: i32 = 20;
/// Sums stay below 2^62, half of what i64 can hold.
const SUM_BITS: f64 = 62.0;
/// Sums below 2^52 are exact as f64 too, so that the certificate loses nothing.
const FLOAT_BITS: f64 = 52.0;

/// How fine the whole numbers are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    bits: i32,
    /// Whether d_ij · step = w_i · c_ij without rounding.
    exact: bool,
}

impl Scale {
    /// The finest scale for plans of up to `max_p` sites.
    pub(crate) fn new(instance: &Instance, max_p: usize) -> Self {
        Self::capped(instance, max_p, f64::INFINITY)
    }

    /// The finest scale if no w_i c_ij counts more than `cap`.
    fn capped(instance: &Instance, max_p: usize, cap: f64) -> Self {
        let largest = |(i, w): (usize, &f64)| (w * instance.farthest(i)).min(cap);
        let each = || instance.weights().iter().enumerate().map(largest);
        let one = each().fold(0.0, f64::max).log2();
        let sum = ((max_p as f64 + 2.0) * each().sum::<f64>()).log2();
        // Nothing but zeros has no scale; any will do.
        let room = |bits: f64, log: f64| if log.is_finite() { (bits - log).floor() } else { 0.0 };
        let most = room(SUM_BITS, sum).min(room(FLOAT_BITS, one)).clamp(-1000.0, 1000.0) as i32;
        let comfortable = room(FLOAT_BITS, sum).clamp(0.0, f64::from(WHOLE_BITS)) as i32;
        let exact = most >= 0 && instance.is_whole();
        Self { bits: if exact { comfortable.min(most) } else { most }, exact }
    }

    /// By how much a plan may be better, in the caller's unit, although none was found to be: twice
    /// the rounding of each cost, in either plan. It grows with `max_p`.
    pub(crate) fn resolution(self, customers: usize) -> f64 {
        if self.exact { 0.0 } else { 4.0 * customers as f64 * 2_f64.powi(-self.bits) }
    }
}

/// Lists are complete up to this many pairs of customer and site, and cut beyond.
const COMPLETE: usize = 4_000_000;
/// Sites in a cut list for each site that a customer would have if all were shared out: its
/// multiplier rarely reaches beyond three.
const SHARES: usize = 6;

/// The costs of an instance as integers: by customer, nearest first, and by site.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) customers: usize,
    pub(crate) sites: usize,
    instance: &'a Instance,
    scale: f64,
    /// No w_i c_ij counts more.
    cap: f64,
    /// No site costs a customer more.
    pub(crate) farthest: Vec<i64>,
    /// No site missing from a customer's list costs it less. A multiplier up to here needs no more
    /// than the list, so cutting the lists leaves every bound valid.
    pub(crate) beyond: Vec<i64>,
    /// Whether no site is missing from any list.
    complete: bool,
    /// Sites of each customer, cheapest first.
    pub(crate) lists: Arc<Lists>,
    /// Customers of each site, as far as the lists have it.
    pub(crate) by_site: Lists,
    /// Plans that differ by less than this are not told apart.
    pub(crate) unit: i64,
    /// Value of one step.
    pub(crate) step: f64,
    /// By how much a plan may be better although none was found to be.
    pub(crate) resolution: f64,
    /// Whether d_ij · step = w_i · c_ij without rounding.
    pub(crate) exact: bool,
}

impl<'a> Table<'a> {
    /// Scale the costs so that searches with `min_p` to `max_p` open sites cannot overflow.
    pub(crate) fn new(instance: &'a Instance, min_p: usize, max_p: usize) -> Self {
        Self::with_nearest(instance, listed(instance, min_p), max_p, f64::INFINITY)
    }

    /// The same for p sites with every w_i c_ij above `cap` lowered to it. Plans that cost less are what
    /// they were, bounds stay valid, and the scale is finer.
    pub(crate) fn capped(instance: &'a Instance, p: usize, cap: f64) -> Self {
        Self::with_nearest(instance, listed(instance, p), p, cap)
    }

    /// The same with every site in every list, up to a cap.
    pub(crate) fn complete(instance: &'a Instance, max_p: usize, cap: f64) -> Self {
        Self::with_nearest(instance, instance.sites(), max_p, cap)
    }

    /// The same with so many sites in each list.
    pub(super) fn with_nearest(
        instance: &'a Instance,
        count: usize,
        max_p: usize,
        cap: f64,
    ) -> Self {
        let (n, m) = (instance.customers(), instance.sites());
        let Scale { bits, exact } = Scale::capped(instance, max_p, cap);
        let scale = 2_f64.powi(bits);
        let whole = |i: usize, cost: f64| scaled(instance.weights()[i], cost, cap, scale);
        let farthest: Vec<i64> = (0..n).map(|i| whole(i, instance.farthest(i))).collect();
        let mut beyond = farthest.clone();
        let mut lists = Lists::with_capacity(n, n * count);
        for i in 0..n {
            let found = instance.neighbours(i, count);
            if found.beyond.is_finite() {
                beyond[i] = whole(i, found.beyond);
            }
            lists.push(found.near.iter().map(|(cost, site)| (whole(i, *cost), *site)));
        }
        Self {
            customers: n,
            sites: m,
            instance,
            scale,
            cap,
            farthest,
            beyond,
            complete: count == m,
            by_site: lists.turned(m),
            lists: Arc::new(lists),
            unit: if exact { 1_i64 << bits } else { 2 * n as i64 },
            step: 1.0 / scale,
            resolution: Scale { bits, exact }.resolution(n),
            exact,
        }
    }

    /// d_ij, whether listed or not.
    pub(crate) fn cost(&self, customer: usize, site: usize) -> i64 {
        if self.complete {
            return self.by_site.of(site).0[customer];
        }
        let cost = self.instance.cost(customer, site);
        scaled(self.instance.weights()[customer], cost, self.cap, self.scale)
    }

    /// Whether a site of this cost may be missing from the customer's list.
    pub(crate) fn is_unlisted(&self, customer: usize, cost: i64) -> bool {
        !self.complete && cost >= self.beyond[customer]
    }

    /// The smallest bound that rules out every plan better than `value`.
    pub(crate) fn cutoff(&self, value: i64) -> i64 {
        value - self.unit + 1
    }

    /// A bound on d as a bound on w·c, in the caller's unit.
    pub(crate) fn bound(&self, fixed: i64) -> f64 {
        if self.exact {
            // No objective lies strictly between two units.
            (fixed + self.unit - 1).div_euclid(self.unit) as f64
        } else {
            ((fixed - self.customers as i64) as f64 * self.step).next_down()
        }
    }
}

/// Sites in each list: all of them, unless there are too many pairs.
fn listed(instance: &Instance, min_p: usize) -> usize {
    let (n, m) = (instance.customers(), instance.sites());
    let some = m.min(SHARES * m / min_p.max(1) + 64);
    if n.saturating_mul(m) <= COMPLETE { m } else { some }
}

/// floor(min(w c, cap) scale): nothing is negative, and nothing beyond 2^62 once scaled.
fn scaled(weight: f64, cost: f64, cap: f64, scale: f64) -> i64 {
    ((weight * cost).min(cap) * scale) as i64
}

/// Rows of costs with positions, one row a customer (or, turned, a site).
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    starts: Vec<usize>,
    costs: Vec<i64>,
    positions: Vec<u32>,
}

impl Lists {
    fn with_capacity(rows: usize, entries: usize) -> Self {
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        Self { starts, costs: Vec::with_capacity(entries), positions: Vec::with_capacity(entries) }
    }

    fn push(&mut self, row: impl Iterator<Item = (i64, u32)>) {
        for (cost, position) in row {
            self.costs.push(cost);
            self.positions.push(position);
        }
        self.starts.push(self.costs.len());
    }

    /// The same entries by position: for each the rows in which it stands, ascending.
    fn turned(&self, positions: usize) -> Self {
        let mut starts = vec![0; positions + 1];
        self.positions.iter().for_each(|j| starts[*j as usize + 1] += 1);
        for j in 0..positions {
            starts[j + 1] += starts[j];
        }
        let mut next = starts.clone();
        let (mut costs, mut rows) = (vec![0; self.costs.len()], vec![0; self.costs.len()]);
        for i in 0..self.rows() {
            let (of_row, sites) = self.of(i);
            for (cost, j) in of_row.iter().zip(sites) {
                let at = &mut next[*j as usize];
                (costs[*at], rows[*at]) = (*cost, i as u32);
                *at += 1;
            }
        }
        Self { starts, costs, positions: rows }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of entries.
    pub(crate) fn entries(&self) -> usize {
        self.costs.len()
    }

    /// Costs and positions of one row.
    pub(crate) fn of(&self, row: usize) -> (&[i64], &[u32]) {
        let range = self.starts[row]..self.starts[row + 1];
        (&self.costs[range.clone()], &self.positions[range])
    }

    /// The lists without the positions for which `live` says no.
    pub(crate) fn only(&self, live: impl Fn(usize) -> bool) -> Self {
        let mut shorter = Self::with_capacity(self.rows(), 0);
        for i in 0..self.rows() {
            let (costs, sites) = self.of(i);
            let all = costs.iter().copied().zip(sites.iter().copied());
            shorter.push(all.filter(|(_, site)| live(*site as usize)));
        }
        shorter
    }
}
