//! What is given for capture: how strongly sites, rivals and staying away attract each customer.

use serde::{Deserialize, Serialize};

use super::instance::{SiteState, decide};
use crate::outcome::InputError;

/// Attractions and weights up to here can be multiplied and summed without overflow.
const LARGEST: f64 = 1e100;
/// An attraction may exceed all a customer has elsewhere this many times. Beyond it the customer is
/// won by any site, to the last digit.
const LARGEST_RATIO: f64 = 1e150;

/// How attraction fades with distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fade {
    /// exp(-β d): the multinomial logit.
    Exponential {
        /// β, per unit of distance.
        beta: f64,
    },
    /// d^-λ: Huff's law. No distance may be zero.
    Power {
        /// λ.
        lambda: f64,
    },
}

/// Attraction of sites for customers from size and distance.
///
/// ```text
/// u_kj = size_j^a exp(-β d_kj)   or   u_kj = size_j^a d_kj^-λ
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | size_j | `sizes` | sites | floor space, staff; 1 where all are alike |
/// | d_kj | `distances` | customers × sites, row-major | km or hours |
/// | a | `exponent` | 1 | 1 in Huff's own study |
/// | β, λ | `fade` | 1 | per km; none |
///
/// # Assumptions
///
/// The same exponents hold for the outside option and for rivals: build theirs with this function
/// too, or shares mean nothing. A size of zero attracts nobody, unless a = 0.
///
/// # Result
///
/// u_kj, customers × sites, row-major.
///
/// # Errors
///
/// [`InputError`] for missing or negative sizes, distances or exponents, for a distance of zero
/// under [`Fade::Power`], and for an attraction beyond 1e100.
///
/// # Cost
///
/// O(customers × sites).
///
/// # Source
///
/// Huff 1964, "Defining and estimating a trading area", Journal of Marketing 28, 34-38. Nakanishi
/// and Cooper 1974, Journal of Marketing Research 11, 303-311, for the exponent of size.
///
/// # Example
///
/// ```
/// use emporion_model::site::market::{Fade, attraction};
/// let u = attraction(&[8.0, 2.0], &[2.0, 1.0], 1.0, Fade::Power { lambda: 2.0 })?;
/// assert_eq!(u, [2.0, 2.0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn attraction(
    sizes: &[f64],
    distances: &[f64],
    exponent: f64,
    fade: Fade,
) -> Result<Vec<f64>, InputError> {
    let sites = sizes.len();
    if sites == 0 || distances.is_empty() {
        let remedy = "give one site and one customer at least".to_owned();
        return Err(InputError::Empty { what: "sizes or distances".to_owned(), remedy });
    }
    if !distances.len().is_multiple_of(sites) {
        let (what, got) = ("distances (customers × sites)".to_owned(), distances.len());
        return Err(InputError::Length { what, expected: got.div_ceil(sites) * sites, got });
    }
    refuse("sizes", sizes)?;
    refuse("distances", distances)?;
    let (name, rate) = match fade {
        Fade::Exponential { beta } => ("beta", beta),
        Fade::Power { lambda } => ("lambda", lambda),
    };
    for (what, value) in [("exponent of size", exponent), (name, rate)] {
        if !(0.0..=LARGEST).contains(&value) {
            return Err(InputError::Setting {
                what: what.to_owned(),
                expected: "a finite number, 0 or more".to_owned(),
                got: value.to_string(),
                remedy: "larger and nearer sites attract more: give the decay without its sign"
                    .to_owned(),
            });
        }
    }
    let near = distances.iter().position(|d| *d == 0.0);
    if let (Fade::Power { .. }, Some(index)) = (fade, near) {
        return Err(InputError::Value {
            what: "distances".to_owned(),
            index,
            value: 0.0,
            remedy: "attraction would be infinite: give a distance within the place, such as \
                     0.67 times the root of area / pi, or take the exponential"
                .to_owned(),
        });
    }
    let fades = |d: f64| match fade {
        Fade::Exponential { beta } => (-beta * d).exp(),
        Fade::Power { lambda } => d.powf(-lambda),
    };
    let pull: Vec<f64> = sizes.iter().map(|size| size.powf(exponent)).collect();
    let rows = distances.chunks_exact(sites);
    let u: Vec<f64> =
        rows.flat_map(|row| pull.iter().zip(row).map(|(size, d)| size * fades(*d))).collect();
    refuse("attraction", &u)?;
    Ok(u)
}

fn refuse(what: &str, values: &[f64]) -> Result<(), InputError> {
    match values.iter().position(|value| !(0.0..=LARGEST).contains(value)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.to_owned(),
            index,
            value: values[index],
            remedy: "give a finite number, 0 or more and at most 1e100".to_owned(),
        }),
    }
}

fn length(what: &str, expected: usize, values: &[f64]) -> Result<(), InputError> {
    if values.len() == expected {
        return Ok(());
    }
    Err(InputError::Length { what: what.to_owned(), expected, got: values.len() })
}

/// Customers, what attracts them, and sites that are decided already.
///
/// ```text
/// share_k(S) = Σ_{j∈S} u_kj / (u_k0 + Σ_r v_kr + Σ_{j∈S} u_kj),   Kept ⊆ S
/// ```
///
/// # Notation
///
/// | symbol | method | shape | unit |
/// | --- | --- | --- | --- |
/// | u_kj | [`new`](Self::new) | customers × sites, row-major | attraction |
/// | u_k0 | [`outside`](Self::outside) | customers | attraction of not buying; 0 unless given |
/// | v_kr | [`rivals`](Self::rivals) | customers × rivals, row-major | attraction; none unless given |
/// | w_k | [`weighted`](Self::weighted) | customers | demand; 1 unless given |
/// | Kept, Forbidden | [`keep`](Self::keep), [`forbid`](Self::forbid) | sites | |
///
/// # Assumptions
///
/// Everything is finite and not negative. Sites of one's own that exist already are kept sites;
/// those of others are rivals. Every customer has somewhere to go before the new sites open:
/// outside, to a rival, or to a kept site. Without that a share is 0 / 0 or 1, and nothing saturates.
///
/// # Errors
///
/// [`InputError`] naming the position.
///
/// # Example
///
/// ```
/// use emporion_model::site::market::Market;
/// // Two customers, two sites, one rival.
/// let market = Market::new(2, 2, vec![1.0, 3.0, 2.0, 2.0])?
///     .outside(&[0.5, 0.5])?
///     .rivals(1, &[0.5, 1.5])?;
/// assert_eq!(market.shares(&[0]), [0.5, 0.5]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    pub(crate) customers: usize,
    pub(crate) sites: usize,
    pub(crate) attraction: Vec<f64>,
    pub(crate) weights: Vec<f64>,
    /// u_k0 + Σ_r v_kr.
    pub(crate) elsewhere: Vec<f64>,
    pub(crate) states: Vec<SiteState>,
}

impl Market {
    /// Customers of weight 1, sites that are all free, and so far nowhere else to go.
    pub fn new(customers: usize, sites: usize, attraction: Vec<f64>) -> Result<Self, InputError> {
        for (what, count) in [("customers", customers), ("sites", sites)] {
            if count == 0 {
                let remedy = "give one at least".to_owned();
                return Err(InputError::Empty { what: what.to_owned(), remedy });
            }
        }
        length("attraction (customers × sites)", customers.saturating_mul(sites), &attraction)?;
        refuse("attraction", &attraction)?;
        Ok(Self {
            customers,
            sites,
            attraction,
            weights: vec![1.0; customers],
            elsewhere: vec![0.0; customers],
            states: vec![SiteState::Free; sites],
        })
    }

    /// The same with demand weights.
    pub fn weighted(mut self, weights: Vec<f64>) -> Result<Self, InputError> {
        length("weights", self.customers, &weights)?;
        refuse("weights", &weights)?;
        if weights.iter().all(|w| *w == 0.0) {
            return Err(InputError::Empty {
                what: "weights, all of them zero".to_owned(),
                remedy: "give one customer at least a positive weight".to_owned(),
            });
        }
        self.weights = weights;
        Ok(self)
    }

    /// The same with an outside option: buying nowhere, added to what is there already.
    pub fn outside(mut self, attraction: &[f64]) -> Result<Self, InputError> {
        length("outside option", self.customers, attraction)?;
        refuse("outside option", attraction)?;
        self.elsewhere.iter_mut().zip(attraction).for_each(|(sum, u)| *sum += u);
        Ok(self)
    }

    /// The same with `count` rivals, added to what is there already.
    pub fn rivals(mut self, count: usize, attraction: &[f64]) -> Result<Self, InputError> {
        let expected = self.customers.saturating_mul(count);
        length("attraction of rivals (customers × rivals)", expected, attraction)?;
        refuse("attraction of rivals", attraction)?;
        for (k, sum) in self.elsewhere.iter_mut().enumerate() {
            *sum += attraction[k * count..(k + 1) * count].iter().sum::<f64>();
        }
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

    /// Positions of the sites in a state, ascending.
    pub(crate) fn sites_in(&self, state: SiteState) -> Vec<usize> {
        (0..self.sites).filter(|&j| self.states[j] == state).collect()
    }

    /// Σ_{j ∈ open} u_kj.
    pub(crate) fn attracted(&self, customer: usize, open: &[usize]) -> f64 {
        let row = &self.attraction[customer * self.sites..(customer + 1) * self.sites];
        open.iter().map(|&j| row[j]).sum()
    }

    /// share_k when exactly these sites are open; NaN where nothing attracts the customer.
    #[must_use]
    pub fn shares(&self, open: &[usize]) -> Vec<f64> {
        let share = |k: usize| {
            let own = self.attracted(k, open);
            own / (self.elsewhere[k] + own)
        };
        (0..self.customers).map(share).collect()
    }

    /// Σ_k w_k share_k, in the unit of the weights.
    #[must_use]
    pub fn capture(&self, open: &[usize]) -> f64 {
        self.shares(open).iter().zip(&self.weights).map(|(share, w)| w * share).sum()
    }

    /// Refuse a p that has no plan, and customers with nowhere to go.
    pub(crate) fn check(&self, p: usize) -> Result<(), InputError> {
        let kept = self.sites_in(SiteState::Kept);
        let (low, high) = (kept.len().max(1), kept.len() + self.sites_in(SiteState::Free).len());
        if !(low..=high).contains(&p) {
            let remedy = match low > high {
                true => "every site is forbidden: free one",
                false => "p counts all open sites, the kept ones included",
            };
            return Err(InputError::Setting {
                what: "p, the number of open sites".to_owned(),
                expected: format!("{low} to {high}"),
                got: p.to_string(),
                remedy: remedy.to_owned(),
            });
        }
        for k in 0..self.customers {
            let base = self.elsewhere[k] + self.attracted(k, &kept);
            let row = &self.attraction[k * self.sites..(k + 1) * self.sites];
            let most = row.iter().copied().fold(0.0, f64::max);
            let reason = if base == 0.0 {
                "no outside option, no rival and no kept site attracts the customer, or too little to \
                 be told from nothing at these distances"
            } else if most / base > LARGEST_RATIO {
                "a site attracts the customer more than 1e150 times all there is elsewhere"
            } else {
                continue;
            };
            return Err(InputError::Undefined {
                what: format!("the share of customer {k}"),
                reason: reason.to_owned(),
                remedy: "give an outside option, or leave the customer out".to_owned(),
            });
        }
        Ok(())
    }
}
