//! A scenario that is not known exactly: coefficients with a distribution, pairs they act on, and
//! an elasticity that may vary too.
//!
//! ```text
//! beta_ij = fixed_ij + sum_k c_k z_k,ij          z_k,ij the loading of effect k on the pair
//! beta_ij = ... - theta sum_k c_k z_k,ij         for an effect stated as a change of ln costs
//! c       ~ N(m, V) for estimated coefficients, jointly; its own range for each given one
//! ```
//!
//! The two kinds of effect differ as soon as theta does: an estimated coefficient is a change of
//! trade and stays what it is, a change of costs acts with the elasticity of each draw.

use serde::Serialize;

use super::shock::{Shock, Shocks, check_elasticity};
use crate::outcome::InputError;

/// A scenario whose effects and elasticity have distributions.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertain {
    /// Shocks that are known, among them closed markets and changes of productivity.
    pub fixed: Shocks,
    /// Effects whose size is a coefficient.
    pub effects: Vec<Effect>,
    /// The estimated coefficients that effects refer to; empty when there are none.
    pub estimated: JointNormal,
    /// theta.
    pub elasticity: Elasticity,
}

/// One coefficient and the pairs on which it acts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// Name for the reader.
    pub name: String,
    /// Where the number comes from.
    pub coefficient: Coefficient,
    /// What the coefficient multiplies.
    pub loadings: Vec<Loading>,
    /// False: coefficient × loading is a change of ln phi (as estimated in a gravity equation).
    /// True: it is a change of ln trade cost, and beta = -theta × coefficient × loading.
    pub per_theta: bool,
}

/// A directed pair and the number that multiplies the coefficient there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Loading {
    /// Who sells: position from 0.
    pub origin: usize,
    /// Who buys: position from 0.
    pub destination: usize,
    /// z_ij: 1 for an agreement signed, ln tau_hat for a cost, a share for partial coverage.
    pub loading: f64,
}

/// Where a coefficient comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coefficient {
    /// Position in [`Uncertain::estimated`]. Two effects may share one.
    Estimated(usize),
    /// Given by the user; independent of all others.
    Given(Range),
}

/// What is believed about one number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// Known.
    Point(f64),
    /// Anything between, equally likely. Central value: the middle.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Rising to the mode and falling after it. Central value: the mode.
    Triangular {
        /// Smallest value.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Largest value.
        high: f64,
    },
    /// Central value: the mean.
    Normal {
        /// Expected value.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
}

/// Coefficients with their joint normal distribution, as an estimation saves them.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct JointNormal {
    /// m, K values; the central values.
    pub mean: Vec<f64>,
    /// V, K × K, row-major, symmetric and positive semidefinite.
    pub covariance: Vec<f64>,
}

/// The trade elasticity theta. No distribution offered here ever gives a value that is not positive:
/// a draw is never thrown away and taken anew.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Elasticity {
    /// Known.
    Fixed(f64),
    /// Log-normal with this mean and standard deviation of theta itself. Central value: the mean.
    LogNormal {
        /// Mean of theta.
        mean: f64,
        /// Standard deviation of theta.
        sd: f64,
    },
    /// Anything between, equally likely. Central value: the middle.
    Uniform {
        /// Smallest value, positive.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Central value: the mode.
    Triangular {
        /// Smallest value, positive.
        low: f64,
        /// Most likely value.
        mode: f64,
        /// Largest value.
        high: f64,
    },
    /// Draw d takes value number d, counted round: a sensitivity analysis when nothing else varies
    /// and there are as many draws as values. Central value: the first.
    Values(Vec<f64>),
}

impl Coefficient {
    /// The value taken in the central solution.
    #[must_use]
    pub fn central(&self, estimated: &JointNormal) -> f64 {
        match *self {
            Self::Estimated(k) => estimated.mean[k],
            Self::Given(range) => range.central(),
        }
    }
}

impl Range {
    /// The value taken in the central solution.
    #[must_use]
    pub fn central(&self) -> f64 {
        match *self {
            Self::Point(v) => v,
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::Triangular { mode, .. } => mode,
            Self::Normal { mean, .. } => mean,
        }
    }

    /// The standard deviation, for the delta method.
    #[must_use]
    pub fn sd(&self) -> f64 {
        match *self {
            Self::Point(_) => 0.0,
            Self::Uniform { low, high } => uniform_sd(low, high),
            Self::Triangular { low, mode, high } => triangular_sd(low, mode, high),
            Self::Normal { sd, .. } => sd,
        }
    }

    fn check(&self, what: &str) -> Result<(), InputError> {
        let sound = match *self {
            Self::Point(v) => v.is_finite(),
            Self::Uniform { low, high } => ordered(&[low, high]),
            Self::Triangular { low, mode, high } => ordered(&[low, mode, high]),
            Self::Normal { mean, sd } => mean.is_finite() && sd.is_finite() && sd >= 0.0,
        };
        if sound { Ok(()) } else { Err(bad_range(what, format!("{self:?}"))) }
    }
}

impl Elasticity {
    /// The value taken in the central solution.
    #[must_use]
    pub fn central(&self) -> f64 {
        match self {
            Self::Fixed(v) => *v,
            Self::LogNormal { mean, .. } => *mean,
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::Triangular { mode, .. } => *mode,
            Self::Values(values) => values.first().copied().unwrap_or(f64::NAN),
        }
    }

    /// The standard deviation, for the delta method; of listed values, that of the list.
    #[must_use]
    pub fn sd(&self) -> f64 {
        match self {
            Self::Fixed(_) => 0.0,
            Self::LogNormal { sd, .. } => *sd,
            Self::Uniform { low, high } => uniform_sd(*low, *high),
            Self::Triangular { low, mode, high } => triangular_sd(*low, *mode, *high),
            Self::Values(values) => {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), InputError> {
        let what = "elasticity (theta)";
        let positive = |v: &[f64]| v.iter().try_for_each(|&v| check_elasticity(v));
        let sound = match self {
            Self::Fixed(v) => return check_elasticity(*v),
            Self::LogNormal { mean, sd } => {
                check_elasticity(*mean)?;
                sd.is_finite() && *sd >= 0.0
            }
            Self::Uniform { low, high } => {
                positive(&[*low, *high])?;
                low <= high
            }
            Self::Triangular { low, mode, high } => {
                positive(&[*low, *mode, *high])?;
                ordered(&[*low, *mode, *high])
            }
            Self::Values(values) => {
                if values.is_empty() {
                    return Err(InputError::Empty {
                        what: "listed elasticities".into(),
                        remedy: "list at least one value of theta".into(),
                    });
                }
                return positive(values);
            }
        };
        if sound { Ok(()) } else { Err(bad_range(what, format!("{self:?}"))) }
    }
}

impl Uncertain {
    /// A scenario in which everything is known.
    pub fn known(fixed: Shocks, elasticity: f64) -> Self {
        Self {
            fixed,
            effects: Vec::new(),
            estimated: JointNormal::default(),
            elasticity: Elasticity::Fixed(elasticity),
        }
    }

    /// The coefficient of each effect in the central solution.
    #[must_use]
    pub fn central(&self) -> Vec<f64> {
        self.effects.iter().map(|effect| effect.coefficient.central(&self.estimated)).collect()
    }

    /// beta for these coefficients (one for each effect) and this theta.
    ///
    /// # Errors
    ///
    /// [`InputError::Value`] naming the pair when a sum of effects is not a number or beyond
    /// [`LARGEST_BETA`](super::shock::LARGEST_BETA).
    pub fn shocks(&self, coefficients: &[f64], theta: f64) -> Result<Shocks, InputError> {
        let mut shocks = self.fixed.clone();
        for (effect, &coefficient) in self.effects.iter().zip(coefficients) {
            let size = if effect.per_theta { -theta * coefficient } else { coefficient };
            for at in &effect.loadings {
                shocks.add(Shock {
                    origin: at.origin,
                    destination: at.destination,
                    beta: size * at.loading,
                })?;
            }
        }
        Ok(shocks)
    }

    /// Everything that can be refused before anything is drawn.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming the effect: a range out of order, a coefficient that was not estimated,
    /// a pair of a place with itself, out of range or twice in one effect, a loading that is not
    /// finite; the covariance matrix: its size, its symmetry, a negative eigenvalue.
    pub fn check(&self) -> Result<(), InputError> {
        let n = self.fixed.n();
        for effect in &self.effects {
            let what = format!("effect {:?}", effect.name);
            check_coefficient(&effect.name, effect.coefficient, &self.estimated)?;
            let list: Vec<Shock> = effect
                .loadings
                .iter()
                .map(|at| Shock {
                    origin: at.origin,
                    destination: at.destination,
                    beta: at.loading,
                })
                .collect();
            if let Some(index) = list.iter().position(|at| !at.beta.is_finite()) {
                return Err(InputError::Value {
                    what: format!("{what}, loadings"),
                    index,
                    value: list[index].beta,
                    remedy: "loadings are finite; a closed market is a fixed shock".into(),
                });
            }
            Shocks::from_list(n, &list).map_err(|error| within(&what, error))?;
        }
        self.elasticity.check()?;
        self.estimated.root().map(|_| ())
    }
}

/// A range in order, or a coefficient that was estimated.
pub(super) fn check_coefficient(
    effect: &str,
    coefficient: Coefficient,
    estimated: &JointNormal,
) -> Result<(), InputError> {
    let what = format!("effect {effect:?}");
    match coefficient {
        Coefficient::Given(range) => range.check(&what),
        Coefficient::Estimated(k) if k < estimated.mean.len() => Ok(()),
        Coefficient::Estimated(k) => Err(InputError::Setting {
            what,
            expected: format!("one of {} coefficients", estimated.mean.len()),
            got: format!("coefficient {k}"),
            remedy: "coefficients count from 0; give their means and covariance".into(),
        }),
    }
}

fn within(effect: &str, error: InputError) -> InputError {
    match error {
        InputError::Setting { what, expected, got, remedy } => {
            InputError::Setting { what: format!("{effect}, {what}"), expected, got, remedy }
        }
        InputError::Value { what, index, value, remedy } => {
            InputError::Value { what: format!("{effect}, {what}"), index, value, remedy }
        }
        other => other,
    }
}

fn ordered(values: &[f64]) -> bool {
    values.iter().all(|v| v.is_finite()) && values.is_sorted()
}

fn uniform_sd(low: f64, high: f64) -> f64 {
    (high - low) / 12.0_f64.sqrt()
}

fn triangular_sd(low: f64, mode: f64, high: f64) -> f64 {
    // In widths, so that nothing cancels.
    let (a, b) = (mode - low, high - mode);
    ((a * a + a * b + b * b) / 18.0).sqrt()
}

fn bad_range(what: &str, got: String) -> InputError {
    InputError::Setting {
        what: what.into(),
        expected: "finite numbers, low to high, and a standard deviation that is not negative"
            .into(),
        got,
        remedy: "state the range from its smallest to its largest value".into(),
    }
}
