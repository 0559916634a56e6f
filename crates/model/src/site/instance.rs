//! What is given: costs of serving customers from sites, demand, and sites that are decided already.

use std::borrow::Cow;
use std::sync::Arc;

use super::distance::Point;
use super::down::two_sum;
use super::points::{Metric, Neighbours, Points};
use crate::outcome::InputError;

/// Weights and costs up to here can be multiplied and summed without overflow.
pub const LARGEST: f64 = 1e120;

/// What is decided about a site before the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteState {
    /// May be opened.
    Free,
    /// Is open and stays open, such as a centre that exists.
    Kept,
    /// May not be opened. Its costs count for nothing.
    Forbidden,
}

/// Sites in a state, ascending.
pub(crate) fn positions(states: &[SiteState], state: SiteState) -> Vec<usize> {
    (0..states.len()).filter(|&j| states[j] == state).collect()
}

/// Decide these sites; refused for a site that does not exist or is decided the other way.
pub(crate) fn decide(
    states: &mut [SiteState],
    sites: &[usize],
    state: SiteState,
) -> Result<(), InputError> {
    let count = states.len();
    for &site in sites {
        let (what, expected, got, remedy) = match states.get_mut(site) {
            Some(now) if *now == SiteState::Free || *now == state => {
                *now = state;
                continue;
            }
            Some(_) => (
                format!("site {site}"),
                "kept or forbidden or neither".to_owned(),
                "both".to_owned(),
                "take it off one of the two lists",
            ),
            None => (
                "kept or forbidden site".to_owned(),
                format!("a position below {count}"),
                site.to_string(),
                "positions count from 0",
            ),
        };
        return Err(InputError::Setting { what, expected, got, remedy: remedy.to_owned() });
    }
    Ok(())
}

/// Customers, candidate sites and what it costs to serve one from the other.
///
/// ```text
/// minimise  Σ_i w_i · min_{j ∈ S} c_ij   over S with Kept ⊆ S, S ∩ Forbidden = ∅, |S| = p
/// ```
///
/// # Notation
///
/// | symbol | accessor | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij | [`cost`](Self::cost), [`row`](Self::row) | customers × sites, row-major | the caller's: km, hours, money |
/// | w_i | [`weights`](Self::weights) | customers | demand: trade, population; 1 unless given |
/// | Kept, Forbidden | [`states`](Self::states) | sites | |
///
/// # Assumptions
///
/// Costs are finite and not negative; they need be neither symmetric nor a metric, and customers
/// and sites may be different lists. Weights are finite and not negative, and one at least is
/// positive. A customer of weight zero is assigned but does not move the answer. Labels stay with
/// the caller: every index is a position from 0.
///
/// # Errors
///
/// [`InputError::Length`], [`InputError::Value`], [`InputError::Setting`] or
/// [`InputError::Empty`], naming the position.
///
/// # Example
///
/// ```
/// use emporion_model::site::Instance;
/// // Two customers (rows), three sites (columns); the third site exists already.
/// let costs = vec![1.0, 4.0, 9.0, 5.0, 2.0, 9.0];
/// let instance = Instance::new(2, 3, costs)?.weighted(vec![10.0, 1.0])?.keep(&[2])?;
/// assert_eq!(instance.cost(1, 1), 2.0);
/// assert_eq!(instance.feasible_p(), (1, 3));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    customers: usize,
    sites: usize,
    /// Shared by copies with other weights or states.
    store: Arc<Store>,
    weights: Vec<f64>,
    states: Vec<SiteState>,
}

/// Where costs come from.
#[derive(Debug, Clone, PartialEq)]
enum Store {
    /// Row-major: customer by customer.
    Matrix(Vec<f64>),
    /// Computed when needed.
    Points(Points),
}

impl Instance {
    /// Customers of weight 1 and sites that are all free.
    pub fn new(customers: usize, sites: usize, costs: Vec<f64>) -> Result<Self, InputError> {
        for (what, count) in [("customers", customers), ("sites", sites)] {
            if count == 0 {
                let remedy = "give one at least".to_owned();
                return Err(InputError::Empty { what: what.to_owned(), remedy });
            }
        }
        let expected = customers.saturating_mul(sites);
        if costs.len() != expected {
            let what = format!("costs ({customers} customers × {sites} sites)");
            return Err(InputError::Length { what, expected, got: costs.len() });
        }
        if let Some(index) = costs.iter().position(|c| !(0.0..=LARGEST).contains(c)) {
            let (customer, site) = (index / sites, index % sites);
            return Err(InputError::Value {
                what: format!("cost of customer {customer} from site {site}"),
                index,
                value: costs[index],
                remedy: "costs are 0 or more and at most 1e120; fill missing pairs, and add one \
                         constant to all sites of a customer to lift negative ones"
                    .to_owned(),
            });
        }
        Ok(Self::from_store(customers, sites, Store::Matrix(costs)))
    }

    fn from_store(customers: usize, sites: usize, store: Store) -> Self {
        let (weights, states) = (vec![1.0; customers], vec![SiteState::Free; sites]);
        Self { customers, sites, store: Arc::new(store), weights, states }
    }

    /// Places on the globe; costs are great circles in kilometres
    /// ([`great_circle_km`](super::distance::great_circle_km)), computed when needed: no matrix is
    /// held, so tens of thousands of places fit.
    pub fn on_globe(customers: &[Point], sites: &[Point]) -> Result<Self, InputError> {
        let degrees = |points: &[Point]| {
            points.iter().map(|point| [point.latitude(), point.longitude()]).collect()
        };
        Self::from_points(Metric::Globe, degrees(customers), degrees(sites))
    }

    /// Places in the plane; costs are straight lines in the unit of the coordinates, cut to whole
    /// numbers if `whole` (as the p-median literature reads TSPLIB files). No matrix is held.
    pub fn on_plane(
        customers: &[[f64; 2]],
        sites: &[[f64; 2]],
        whole: bool,
    ) -> Result<Self, InputError> {
        let metric = if whole { Metric::WholePlane } else { Metric::Plane };
        for (what, points) in [("customers", customers), ("sites", sites)] {
            let wrong = |at: &f64| at.is_nan() || at.abs() > LARGEST / 4.0;
            if let Some(index) = points.iter().position(|at| at.iter().any(wrong)) {
                return Err(InputError::Value {
                    what: format!("coordinates of {what}"),
                    index,
                    value: *points[index].iter().find(|at| wrong(at)).expect("one is wrong"),
                    remedy: "give finite coordinates".to_owned(),
                });
            }
        }
        Self::from_points(metric, customers.to_vec(), sites.to_vec())
    }

    fn from_points(
        metric: Metric,
        customers: Vec<[f64; 2]>,
        sites: Vec<[f64; 2]>,
    ) -> Result<Self, InputError> {
        for (what, points) in [("customers", &customers), ("sites", &sites)] {
            if points.is_empty() {
                let remedy = "give one at least".to_owned();
                return Err(InputError::Empty { what: what.to_owned(), remedy });
            }
        }
        let (n, m) = (customers.len(), sites.len());
        Ok(Self::from_store(n, m, Store::Points(Points::new(metric, customers, sites))))
    }

    /// The same with demand weights, one per customer.
    pub fn weighted(mut self, weights: Vec<f64>) -> Result<Self, InputError> {
        if weights.len() != self.customers {
            let (expected, got) = (self.customers, weights.len());
            return Err(InputError::Length { what: "weights".to_owned(), expected, got });
        }
        if let Some(index) = weights.iter().position(|w| !(0.0..=LARGEST).contains(w)) {
            return Err(InputError::Value {
                what: "weights".to_owned(),
                index,
                value: weights[index],
                remedy: "weights are finite and not negative; drop the customer or give 0"
                    .to_owned(),
            });
        }
        if weights.iter().all(|w| *w == 0.0) {
            return Err(InputError::Empty {
                what: "weights, all of them zero".to_owned(),
                remedy: "give one customer at least a positive weight".to_owned(),
            });
        }
        self.weights = weights;
        Ok(self)
    }

    /// The same with these sites open in every plan.
    pub fn keep(self, sites: &[usize]) -> Result<Self, InputError> {
        self.decide(sites, SiteState::Kept)
    }

    /// The same with these sites closed in every plan.
    pub fn forbid(self, sites: &[usize]) -> Result<Self, InputError> {
        self.decide(sites, SiteState::Forbidden)
    }

    fn decide(mut self, sites: &[usize], state: SiteState) -> Result<Self, InputError> {
        decide(&mut self.states, sites, state)?;
        Ok(self)
    }

    /// The same costs and weights with one site decided anew, whatever was decided before.
    pub(crate) fn with_state(&self, site: usize, state: SiteState) -> Self {
        let mut changed = self.clone();
        changed.states[site] = state;
        changed
    }

    /// The same costs and weights with all sites decided anew.
    pub(crate) fn with_states(&self, states: &[SiteState]) -> Self {
        Self { states: states.to_vec(), ..self.clone() }
    }

    /// Number of customers.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.customers
    }

    /// Number of sites, whatever their state.
    #[must_use]
    pub fn sites(&self) -> usize {
        self.sites
    }

    /// c_ij of one customer, site by site; computed for places given as points.
    #[must_use]
    pub fn row(&self, customer: usize) -> Cow<'_, [f64]> {
        match &*self.store {
            Store::Matrix(costs) => {
                Cow::Borrowed(&costs[customer * self.sites..(customer + 1) * self.sites])
            }
            Store::Points(points) => {
                Cow::Owned((0..self.sites).map(|j| points.cost(customer, j)).collect())
            }
        }
    }

    /// Cost of serving one unit of demand of `customer` from `site`.
    #[must_use]
    pub fn cost(&self, customer: usize, site: usize) -> f64 {
        match &*self.store {
            Store::Matrix(costs) => costs[customer * self.sites + site],
            Store::Points(points) => points.cost(customer, site),
        }
    }

    /// No site costs this customer more.
    pub(crate) fn farthest(&self, customer: usize) -> f64 {
        match &*self.store {
            Store::Matrix(_) => self.row(customer).iter().copied().fold(0.0, f64::max),
            Store::Points(points) => points.farthest(),
        }
    }

    /// The `count` cheapest sites of a customer, and a cost that no other is below.
    pub(crate) fn neighbours(&self, customer: usize, count: usize) -> Neighbours {
        let Store::Points(points) = &*self.store else {
            let row = self.row(customer);
            let mut near: Vec<(f64, u32)> = row.iter().copied().zip(0..).collect();
            let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            let mut beyond = f64::INFINITY;
            if count < near.len() {
                let (_, next, _) = near.select_nth_unstable_by(count, order);
                beyond = next.0;
                near.truncate(count);
            }
            near.sort_unstable_by(order);
            return Neighbours { near, beyond };
        };
        points.nearest(customer, count)
    }

    /// Call `each(site, cost)` for every site that costs the customer `most` or less, and for no
    /// site that matters besides.
    pub(crate) fn within(&self, customer: usize, most: f64, mut each: impl FnMut(usize, f64)) {
        match &*self.store {
            Store::Matrix(costs) => {
                let row = &costs[customer * self.sites..(customer + 1) * self.sites];
                row.iter().enumerate().filter(|(_, cost)| **cost <= most).for_each(|(j, cost)| {
                    each(j, *cost);
                });
            }
            Store::Points(points) => {
                let mut found = points.within(customer, most);
                // In the order of a matrix, so that the sums are the same.
                found.sort_unstable();
                for site in found {
                    let cost = points.cost(customer, site as usize);
                    if cost <= most {
                        each(site as usize, cost);
                    }
                }
            }
        }
    }

    /// w_i.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// What is decided about each site.
    #[must_use]
    pub fn states(&self) -> &[SiteState] {
        &self.states
    }

    /// Positions of the sites in a state, ascending.
    pub fn sites_in(&self, state: SiteState) -> impl Iterator<Item = usize> + '_ {
        (0..self.sites).filter(move |&j| self.states[j] == state)
    }

    /// The smallest and the largest p that have a plan: the kept sites (one at least) and all that
    /// are not forbidden.
    #[must_use]
    pub fn feasible_p(&self) -> (usize, usize) {
        let kept = self.sites_in(SiteState::Kept).count();
        (kept.max(1), kept + self.sites_in(SiteState::Free).count())
    }

    /// Whether every w_i·c_ij is a whole number, computed without rounding, and so are their sums:
    /// objectives then are whole, and a bound may be rounded up.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        const EXACT: f64 = (1_u64 << 53) as f64;
        match &*self.store {
            Store::Matrix(costs) => {
                let rows = || costs.chunks_exact(self.sites).zip(&self.weights);
                let most = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
                rows().map(|(row, w)| w * most(row)).sum::<f64>() < EXACT
                    && rows().all(|(row, w)| {
                        row.iter().all(|c| {
                            let cost = w * c;
                            cost.fract() == 0.0 && (*w == 1.0 || w.mul_add(*c, -cost) == 0.0)
                        })
                    })
            }
            // Whole times whole stays exact up to 2^53.
            Store::Points(points) => {
                let far = points.farthest();
                let whole = |w: &f64| w.fract() == 0.0;
                points.is_whole()
                    && self.weights.iter().all(whole)
                    && self.weights.iter().sum::<f64>() * far < EXACT
            }
        }
    }

    /// Refuse a p that has no plan.
    pub(crate) fn check_p(&self, p: usize) -> Result<(), InputError> {
        let (low, high) = self.feasible_p();
        if (low..=high).contains(&p) {
            return Ok(());
        }
        if low > high {
            return Err(InputError::Undefined {
                what: "a plan".to_owned(),
                reason: "every site is forbidden".to_owned(),
                remedy: "free one".to_owned(),
            });
        }
        let remedy = if p < low && p > 0 {
            "p counts all open sites, the kept ones included"
        } else {
            "choose p in this range"
        };
        Err(InputError::Setting {
            what: "p, the number of open sites".to_owned(),
            expected: format!("{low} to {high}"),
            got: p.to_string(),
            remedy: remedy.to_owned(),
        })
    }

    /// Open sites nearest to each customer; the lowest position wins a tie.
    ///
    /// # Panics
    ///
    /// Without an open site.
    #[must_use]
    pub fn assign(&self, open: &[usize]) -> Vec<usize> {
        let nearest = |i: usize| {
            let by_cost = |a: &&usize, b: &&usize| self.cost(i, **a).total_cmp(&self.cost(i, **b));
            *open.iter().min_by(by_cost).expect("a plan has an open site")
        };
        (0..self.customers).map(nearest).collect()
    }

    /// Σ_i w_i·c_{i,a(i)}, with what each addition rounds off added in the end (Neumaier 1974): as exact
    /// as one rounding, however many customers there are.
    pub(crate) fn value_of(&self, assignment: &[usize]) -> f64 {
        let (mut sum, mut rounded_off) = (0.0_f64, 0.0_f64);
        for (i, (weight, &site)) in self.weights.iter().zip(assignment).enumerate() {
            let term = weight * self.cost(i, site);
            let (next, error) = two_sum(sum, term);
            rounded_off += error;
            sum = next;
        }
        sum + rounded_off
    }
}
