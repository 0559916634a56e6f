//! What changes between the baseline and the counterfactual: beta_ij, pair by pair.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::outcome::InputError;

/// Largest |beta| taken as a number. exp(-500) is far below any flow ever recorded, and beyond it
/// the shares would underflow; a market that is closed altogether is beta = -infinity.
pub const LARGEST_BETA: f64 = 500.0;

/// A change of trade costs on one directed pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shock {
    /// Who sells: position from 0.
    pub origin: usize,
    /// Who buys: position from 0.
    pub destination: usize,
    /// Change of ln phi_ij = -theta × change of ln trade cost. Minus infinity closes the pair.
    pub beta: f64,
}

/// The checked matrix of shocks, zero where nothing changes.
///
/// # Notation
///
/// ```text
/// beta_ij = ln phi_hat_ij = -theta ln tau_hat_ij
/// ```
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | N | `n` | | places |
/// | beta_ij | `beta[i * n + j]` | N × N, row-major | log points |
///
/// # Assumptions
///
/// Own trade never has a shock: hats are relative to the cost of trading with oneself. beta = -inf
/// is allowed and exact: the flow becomes zero, not merely small. Supply does not change unless
/// [`Shocks::with_supply`] says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Shocks {
    n: usize,
    beta: Vec<f64>,
    /// ln A_hat_i and ln L_hat_i.
    ln_productivity: Vec<f64>,
    ln_labour: Vec<f64>,
}

/// A change of what one place can make.
///
/// ```text
/// c_hat_i = A_hat_i L_hat_i,   Y_hat_i = c_hat_i p_hat_i (p_hat_i / P_hat_i)^psi
/// ```
///
/// # Source
///
/// The supply shifter of Allen, Arkolakis and Takahashi (2020), split as in Campos, Reggio and
/// Timini (2024), "ge_gravity2: a command for solving universal gravity models", arXiv:2404.09180.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Supply {
    /// Position from 0.
    pub place: usize,
    /// A_hat: output of each worker at unchanged prices, counterfactual / baseline, positive.
    pub productivity_hat: f64,
    /// L_hat: number of workers, counterfactual / baseline, positive.
    pub labour_hat: f64,
}

/// Largest |ln A_hat| and |ln L_hat|: a factor of 22,000 is beyond any economy, and far below what
/// double precision bears.
const LARGEST_SUPPLY: f64 = 10.0;

impl Shocks {
    /// No change at all.
    #[must_use]
    pub fn none(n: usize) -> Self {
        Self::of(n, vec![0.0; n * n])
    }

    /// From a list of pairs; pairs not named do not change.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] naming the position in the list and the two places when a place does
    /// not exist, a pair is named twice or is a place with itself; [`InputError::Value`] when beta
    /// is not a number, plus infinity, or beyond [`LARGEST_BETA`].
    pub fn from_list(n: usize, list: &[Shock]) -> Result<Self, InputError> {
        let mut beta = vec![0.0; n * n];
        let mut first = BTreeMap::new();
        for (k, shock) in list.iter().enumerate() {
            let (i, j) = (shock.origin, shock.destination);
            let what = format!("shock {k}, from place {i} to place {j}");
            if i >= n || j >= n {
                return Err(InputError::Setting {
                    what,
                    expected: format!("places 0 to {}", n.saturating_sub(1)),
                    got: format!("{}", i.max(j)),
                    remedy: "name places that are in the flows".into(),
                });
            }
            if i == j {
                return Err(own_trade(what, shock.beta));
            }
            if let Some(earlier) = first.insert((i, j), k) {
                return Err(InputError::Setting {
                    what,
                    expected: "each directed pair once".into(),
                    got: format!("the pair of shock {earlier} again"),
                    remedy: "add the effects up and state the pair once".into(),
                });
            }
            check_beta(&|| what.clone(), k, shock.beta)?;
            beta[i * n + j] = shock.beta;
        }
        Ok(Self::of(n, beta))
    }

    /// From a full matrix, row-major, zero where nothing changes.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] when it is not n × n; otherwise as [`Shocks::from_list`].
    pub fn from_matrix(n: usize, beta: Vec<f64>) -> Result<Self, InputError> {
        if beta.len() != n * n {
            return Err(InputError::Length {
                what: "shocks".into(),
                expected: n * n,
                got: beta.len(),
            });
        }
        for (index, &b) in beta.iter().enumerate() {
            if index / n == index % n && b != 0.0 {
                return Err(own_trade(format!("shock on place {} itself", index / n), b));
            }
            let what = || format!("shock from place {} to place {}", index / n, index % n);
            check_beta(&what, index, b)?;
        }
        Ok(Self::of(n, beta))
    }

    fn of(n: usize, beta: Vec<f64>) -> Self {
        Self { n, beta, ln_productivity: vec![0.0; n], ln_labour: vec![0.0; n] }
    }

    /// The same shocks with changes of supply; places not named keep theirs.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] when a place does not exist or is named twice;
    /// [`InputError::Value`] when a hat is not positive, or beyond a factor of 22,000.
    pub fn with_supply(mut self, list: &[Supply]) -> Result<Self, InputError> {
        let mut first = BTreeMap::new();
        for (k, supply) in list.iter().enumerate() {
            let refuse = |expected: String, got: String, remedy: &str| InputError::Setting {
                what: format!("supply change {k}, place {}", supply.place),
                expected,
                got,
                remedy: remedy.into(),
            };
            if supply.place >= self.n {
                let expected = format!("places 0 to {}", self.n.saturating_sub(1));
                let got = supply.place.to_string();
                return Err(refuse(expected, got, "name places that are in the flows"));
            }
            if let Some(earlier) = first.insert(supply.place, k) {
                let got = format!("the place of change {earlier} again");
                let remedy = "multiply the changes and state the place once";
                return Err(refuse("each place once".into(), got, remedy));
            }
            for (what, hat) in
                [("productivity", supply.productivity_hat), ("labour", supply.labour_hat)]
            {
                if !(hat > 0.0 && hat.ln().abs() <= LARGEST_SUPPLY) {
                    return Err(InputError::Value {
                        what: format!("change of {what} of place {}", supply.place),
                        index: k,
                        value: hat,
                        remedy: "a hat is new / old, positive and at most a factor of 22,000: 1.1 \
                                 for ten percent more"
                            .into(),
                    });
                }
            }
            self.ln_productivity[supply.place] = supply.productivity_hat.ln();
            self.ln_labour[supply.place] = supply.labour_hat.ln();
        }
        Ok(self)
    }

    /// Adds to beta of one pair.
    pub(crate) fn add(&mut self, shock: Shock) -> Result<(), InputError> {
        let c = shock.origin * self.n + shock.destination;
        self.beta[c] += shock.beta;
        let what = || format!("shock from place {} to place {}", shock.origin, shock.destination);
        check_beta(&what, c, self.beta[c])
    }

    /// beta, row-major.
    pub(crate) fn beta(&self) -> &[f64] {
        &self.beta
    }

    /// ln A_hat.
    pub(crate) fn ln_productivity(&self) -> &[f64] {
        &self.ln_productivity
    }

    /// ln c_hat = ln A_hat + ln L_hat.
    pub(crate) fn ln_supply(&self) -> Vec<f64> {
        self.ln_productivity.iter().zip(&self.ln_labour).map(|(a, l)| a + l).collect()
    }

    /// Number of places.
    #[must_use]
    pub fn n(&self) -> usize {
        self.n
    }

    /// beta from `origin` to `destination`.
    #[must_use]
    pub fn get(&self, origin: usize, destination: usize) -> f64 {
        self.beta[origin * self.n + destination]
    }
}

fn own_trade(what: String, beta: f64) -> InputError {
    InputError::Setting {
        what,
        expected: "no shock on a place's trade with itself".into(),
        got: format!("beta = {beta}"),
        remedy: "costs are relative to own trade: put the change on the foreign pairs".into(),
    }
}

fn check_beta(what: &dyn Fn() -> String, index: usize, beta: f64) -> Result<(), InputError> {
    if beta == f64::NEG_INFINITY || beta.abs() <= LARGEST_BETA {
        return Ok(());
    }
    Err(InputError::Value {
        what: what(),
        index,
        value: beta,
        remedy: format!("beta lies within ±{LARGEST_BETA}, or is -infinity for a closed market"),
    })
}

/// An agreement: the same beta on every pair between two groups, both directions.
///
/// # Notation
///
/// ```text
/// beta_ij = beta_ji = weight × beta,   i in A, j in B, i ≠ j
/// ```
///
/// Give the same group twice for an agreement among its members. A pair reached in two ways (a
/// place that is in both groups) is stated once. `weight` scales the estimated effect, such as the
/// share of trade that is covered; 1 for the whole effect.
///
/// # Source
///
/// beta is the coefficient of the agreement in a gravity regression (Head and Mayer 2014).
///
/// # Example
///
/// ```
/// use emporion_model::simulate::shock::agreement;
/// let shocks = agreement(&[0, 1], &[2], 0.3, 1.0);
/// assert_eq!(shocks.len(), 4);
/// ```
#[must_use]
pub fn agreement(group_a: &[usize], group_b: &[usize], beta: f64, weight: f64) -> Vec<Shock> {
    let mut pairs = BTreeMap::new();
    for &a in group_a {
        for &b in group_b {
            if a != b {
                pairs.insert((a, b), weight * beta);
                pairs.insert((b, a), weight * beta);
            }
        }
    }
    listed(pairs)
}

/// Markets closed to an exporter: the flows from it to them become exactly zero.
///
/// beta = -infinity, so phi_hat = 0. `both_ways` closes the exporter to them as well.
#[must_use]
pub fn closed_markets(exporter: usize, markets: &[usize], both_ways: bool) -> Vec<Shock> {
    let mut pairs = BTreeMap::new();
    for &market in markets {
        if market != exporter {
            pairs.insert((exporter, market), f64::NEG_INFINITY);
            if both_ways {
                pairs.insert((market, exporter), f64::NEG_INFINITY);
            }
        }
    }
    listed(pairs)
}

/// beta of a change of trade costs by so many percent.
///
/// # Notation
///
/// ```text
/// beta = -theta ln(1 + percent / 100)
/// ```
///
/// `percent` is the change of the cost factor tau (1 + the ad valorem equivalent), above -100. A
/// tariff expressed so is a pure cost: the revenue is not given back.
///
/// # Errors
///
/// [`InputError::Value`] when `percent` is not above -100 or not finite; [`InputError::Setting`]
/// when `theta` is not positive.
///
/// # Example
///
/// ```
/// use emporion_model::simulate::shock::beta_of_cost_change;
/// let beta = beta_of_cost_change(10.0, 4.0).unwrap();
/// assert!((beta + 4.0 * 1.1_f64.ln()).abs() < 1e-15);
/// ```
pub fn beta_of_cost_change(percent: f64, theta: f64) -> Result<f64, InputError> {
    check_elasticity(theta)?;
    if !percent.is_finite() || percent <= -100.0 {
        return Err(InputError::Value {
            what: "change of trade costs in percent".into(),
            index: 0,
            value: percent,
            remedy: "a cost can fall by less than 100 percent; to close a market use \
                     closed_markets"
                .into(),
        });
    }
    Ok(-theta * (percent / 100.0).ln_1p())
}

pub(crate) fn check_elasticity(theta: f64) -> Result<(), InputError> {
    if theta.is_finite() && theta > 0.0 {
        return Ok(());
    }
    Err(InputError::Setting {
        what: "elasticity (theta)".into(),
        expected: "a positive finite number".into(),
        got: theta.to_string(),
        remedy: "theta is the elasticity of trade to trade costs as a positive number, often 4 \
                 to 8; with an elasticity of substitution sigma it is sigma - 1"
            .into(),
    })
}

fn listed(pairs: BTreeMap<(usize, usize), f64>) -> Vec<Shock> {
    pairs
        .into_iter()
        .map(|((origin, destination), beta)| Shock { origin, destination, beta })
        .collect()
}
