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
        let largest = |(row, w): (&[f64], &f64)| w * row.iter().copied().fold(0.0, f64::max);
        let one = rows(instance).map(largest).fold(0.0, f64::max).log2();
        let sum = ((max_p as f64 + 2.0) * rows(instance).map(largest).sum::<f64>()).log2();
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

/// Costs and weight of each customer.
fn rows(instance: &Instance) -> impl Iterator<Item = (&[f64], &f64)> {
    instance.costs().chunks_exact(instance.sites()).zip(instance.weights())
}

/// The costs of an instance as integers, by site and as sorted lists by customer.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) customers: usize,
    pub(crate) sites: usize,
    /// d_ij at `j * customers + i`.
    by_site: Vec<i64>,
    /// max_j d_ij.
    pub(crate) farthest: Vec<i64>,
    /// All sites, sorted for each customer.
    pub(crate) lists: Arc<Lists>,
    /// Plans that differ by less than this are not told apart.
    pub(crate) unit: i64,
    /// Value of one step.
    pub(crate) step: f64,
    /// By how much a plan may be better although none was found to be.
    pub(crate) resolution: f64,
    /// Whether d_ij · step = w_i · c_ij without rounding.
    pub(crate) exact: bool,
}

impl Table {
    /// Scale the costs so that searches with up to `max_p` open sites cannot overflow.
    pub(crate) fn new(instance: &Instance, max_p: usize) -> Self {
        let (n, m) = (instance.customers(), instance.sites());
        let Scale { bits, exact } = Scale::new(instance, max_p);
        let scale = 2_f64.powi(bits);
        let mut by_site = vec![0_i64; n * m];
        for (i, (row, w)) in rows(instance).enumerate() {
            for (j, c) in row.iter().enumerate() {
                by_site[j * n + i] = (w * c * scale).floor() as i64;
            }
        }
        let lists = Arc::new(Lists::new(&by_site, n, m));
        let farthest = (0..n).map(|i| *lists.of(i).0.last().expect("a site")).collect();
        let unit = if exact { 1_i64 << bits } else { 2 * n as i64 };
        Self {
            customers: n,
            sites: m,
            by_site,
            farthest,
            lists,
            unit,
            step: 1.0 / scale,
            resolution: Scale { bits, exact }.resolution(n),
            exact,
        }
    }

    /// Costs of all customers from one site.
    pub(crate) fn column(&self, site: usize) -> &[i64] {
        &self.by_site[site * self.customers..(site + 1) * self.customers]
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

/// Per customer the sites in order of cost.
#[derive(Debug, Clone)]
pub(crate) struct Lists {
    length: usize,
    costs: Vec<i64>,
    sites: Vec<u32>,
}

impl Lists {
    fn new(by_site: &[i64], n: usize, m: usize) -> Self {
        let mut lists =
            Self { length: m, costs: Vec::with_capacity(n * m), sites: Vec::with_capacity(n * m) };
        let mut order: Vec<(i64, u32)> = Vec::with_capacity(m);
        for i in 0..n {
            order.clear();
            order.extend((0..m).map(|j| (by_site[j * n + i], j as u32)));
            order.sort_unstable();
            lists.costs.extend(order.iter().map(|(cost, _)| cost));
            lists.sites.extend(order.iter().map(|(_, site)| site));
        }
        lists
    }

    /// Number of sites in each list.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Costs and sites of one customer, cheapest first.
    pub(crate) fn of(&self, customer: usize) -> (&[i64], &[u32]) {
        let range = customer * self.length..(customer + 1) * self.length;
        (&self.costs[range.clone()], &self.sites[range])
    }

    /// The lists without the sites for which `live` says no.
    pub(crate) fn only(&self, live: impl Fn(usize) -> bool) -> Self {
        let mut shorter = Self { length: 0, costs: Vec::new(), sites: Vec::new() };
        let customers = self.sites.len() / self.length.max(1);
        for i in 0..customers {
            let (costs, sites) = self.of(i);
            for (cost, site) in costs.iter().zip(sites).filter(|(_, site)| live(**site as usize)) {
                shorter.costs.push(*cost);
                shorter.sites.push(*site);
            }
        }
        shorter.length = shorter.sites.len() / customers.max(1);
        shorter
    }
}
