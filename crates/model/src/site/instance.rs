//! What is given: costs of serving customers from sites, demand, and sites that are decided already.

use crate::outcome::InputError;

/// Weights and costs up to here can be multiplied and summed without overflow.
const LARGEST: f64 = 1e120;

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
/// | c_ij | [`costs`](Self::costs), [`cost`](Self::cost) | customers × sites, row-major | the caller's: km, hours, money |
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
    costs: Vec<f64>,
    weights: Vec<f64>,
    states: Vec<SiteState>,
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
                remedy: "costs are finite and not negative; fill missing pairs, and add one \
                         constant to all sites of a customer to lift negative ones"
                    .to_owned(),
            });
        }
        let (weights, states) = (vec![1.0; customers], vec![SiteState::Free; sites]);
        Ok(Self { customers, sites, costs, weights, states })
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
        for &site in sites {
            let Some(current) = self.states.get_mut(site) else {
                return Err(InputError::Setting {
                    what: "kept or forbidden site".to_owned(),
                    expected: format!("a position below {}", self.sites),
                    got: site.to_string(),
                    remedy: "positions count from 0".to_owned(),
                });
            };
            if *current != SiteState::Free && *current != state {
                return Err(InputError::Setting {
                    what: format!("site {site}"),
                    expected: "kept or forbidden or neither".to_owned(),
                    got: "both".to_owned(),
                    remedy: "take it off one of the two lists".to_owned(),
                });
            }
            *current = state;
        }
        Ok(self)
    }

    /// The same costs and weights with one site decided anew, whatever was decided before.
    pub(crate) fn with_state(&self, site: usize, state: SiteState) -> Self {
        let mut changed = self.clone();
        changed.states[site] = state;
        changed
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

    /// c_ij, row-major: customer by customer.
    #[must_use]
    pub fn costs(&self) -> &[f64] {
        &self.costs
    }

    /// Cost of serving one unit of demand of `customer` from `site`.
    #[must_use]
    pub fn cost(&self, customer: usize, site: usize) -> f64 {
        self.costs[customer * self.sites + site]
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

    /// Whether every w_i·c_ij is a whole number, computed without rounding: objectives then are
    /// whole, and a bound may be rounded up.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        const EXACT: f64 = (1_u64 << 53) as f64;
        self.costs.chunks_exact(self.sites).zip(&self.weights).all(|(row, w)| {
            row.iter().all(|c| {
                let cost = w * c;
                cost.fract() == 0.0 && cost < EXACT && (*w == 1.0 || w.mul_add(*c, -cost) == 0.0)
            })
        })
    }

    /// Refuse a p that has no plan.
    pub(crate) fn check_p(&self, p: usize) -> Result<(), InputError> {
        let (low, high) = self.feasible_p();
        if (low..=high).contains(&p) {
            return Ok(());
        }
        let remedy = if low > high {
            "every site is forbidden: free one"
        } else if p < low && p > 0 {
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
    pub(crate) fn assign(&self, open: &[usize]) -> Vec<usize> {
        let nearest = |i: usize| {
            let by_cost = |a: &&usize, b: &&usize| self.cost(i, **a).total_cmp(&self.cost(i, **b));
            *open.iter().min_by(by_cost).expect("a plan has an open site")
        };
        (0..self.customers).map(nearest).collect()
    }

    /// Σ_i w_i·c_{i,a(i)}, summed in the order of the customers.
    pub(crate) fn value_of(&self, assignment: &[usize]) -> f64 {
        let served = self.weights.iter().zip(assignment).enumerate();
        served.map(|(i, (w, &j))| w * self.cost(i, j)).sum()
    }
}
