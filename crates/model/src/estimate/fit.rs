//! The result of an estimation: coefficients with everything a reader needs to trust them.

use super::distribution::{critical_value, p_value};
use super::exact::{number, numbers};
use super::freedom::Freedom;
use super::options::Road;
use crate::outcome::{Note, Status};
use serde::{Deserialize, Serialize};

/// What was fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Poisson pseudo-maximum likelihood with log link.
    Poisson,
    /// Least squares.
    Gaussian,
}

/// Rows left out, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// In a level of a fixed effect whose outcomes are all zero.
    pub separated_by_effects: usize,
    /// Separated by a combination of regressors and effects.
    pub separated_by_regressors: usize,
    /// Alone in a level of a fixed effect.
    pub singletons: usize,
    /// With weight zero.
    pub zero_weight: usize,
}

/// A regressor that could not be told apart from the effects or from earlier regressors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collinear {
    /// Name of the regressor left out.
    pub name: String,
    /// What reproduces it: names of effects, or of earlier regressors.
    pub with: Vec<String>,
    /// Norm left after taking those out, relative to the raw norm.
    #[serde(with = "number")]
    pub remaining: f64,
}

/// Proof that the rows left out as separated by regressors are separated.
///
/// There is a combination z of regressors and effects with z > 0 on these rows and z = 0 on all
/// others that stay. The proof that no further row is separated is the fit itself: at a converged
/// maximum the score is zero with fitted values above zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Smallest z on the separated rows, relative to the largest.
    #[serde(with = "number")]
    pub margin: f64,
    /// Largest |z| on the rows that stay, relative to the largest z.
    #[serde(with = "number")]
    pub residual: f64,
}

/// A fitted model.
///
/// It is written with names and the whole covariance, and read back bit for bit: JSON has NaN as
/// null and infinities as the words `inf` and `-inf`.
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | β | `coefficients` | k | log points (Poisson) or outcome per unit of x |
/// | V | `covariance` | k × k, row-major | |
/// | μ | `fitted` | one per row given | that of the outcome |
/// | N | `n_used` | | rows |
/// | K | `parameters` | | |
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Poisson or Gaussian.
    pub family: Family,
    /// Name of the outcome.
    pub outcome: String,
    /// Names of the coefficients, `(Intercept)` first where there is one.
    pub names: Vec<String>,
    /// β.
    #[serde(with = "numbers")]
    pub coefficients: Vec<f64>,
    /// Square roots of the diagonal of V.
    #[serde(with = "numbers")]
    pub standard_errors: Vec<f64>,
    /// V, row-major.
    #[serde(with = "numbers")]
    pub covariance: Vec<f64>,
    /// Coefficient over standard error.
    #[serde(with = "numbers")]
    pub statistics: Vec<f64>,
    /// Two-sided p-values.
    #[serde(with = "numbers")]
    pub p_values: Vec<f64>,
    /// Degrees of freedom of the t distribution; `None`: the normal distribution.
    pub degrees_of_freedom: Option<f64>,
    /// K: parameters counted by the convention.
    pub parameters: usize,
    /// How K and N - K come about, effect by effect.
    pub freedom: Freedom,
    /// The convention in words, such as `cluster by pair, fixest`.
    pub convention: String,
    /// Number of clusters in each dimension.
    pub clusters: Vec<(String, usize)>,
    /// Number of levels of each effect in the rows used.
    pub effects: Vec<(String, usize)>,
    /// Rows given.
    pub n_input: usize,
    /// Rows used.
    pub n_used: usize,
    /// Rows left out, by reason.
    pub dropped: Dropped,
    /// Positions of the rows used, ascending.
    pub rows: Vec<usize>,
    /// Proof for the rows left out as separated by regressors.
    pub certificate: Option<Certificate>,
    /// Regressors left out.
    pub collinear: Vec<Collinear>,
    /// Deviance (Poisson) or residual sum of squares.
    #[serde(with = "number")]
    pub deviance: f64,
    /// Log likelihood; pseudo for outcomes that are not counts.
    #[serde(with = "number")]
    pub log_likelihood: f64,
    /// 1 - log likelihood / that of a constant (McFadden) for Poisson; R2 for least squares.
    #[serde(with = "number")]
    pub r_squared: f64,
    /// Least squares: 1 - residual sum of squares / that of the outcome with the effects taken out.
    #[serde(default)]
    pub within_r_squared: Option<f64>,
    /// Fitted values for every row given: 0 where separated, NaN where dropped otherwise.
    #[serde(with = "numbers")]
    pub fitted: Vec<f64>,
    /// Newton steps.
    pub iterations: usize,
    /// Conjugate-gradient steps; columns that share a pass count once.
    pub absorb_iterations: usize,
    /// Poisson: root mean square change of log fitted values, weighted by them, that the last
    /// Newton step made. Least squares: 0.
    #[serde(with = "number")]
    pub gradient_norm: f64,
    /// Largest share of a column's norm that any one effect still explained after absorbing.
    #[serde(with = "number")]
    pub absorb_residual: f64,
    /// Passes over the rows that absorbing took, each for a block of columns.
    pub absorb_passes: usize,
    /// The road taken: [`Road::Dense`] or [`Road::Sparse`].
    pub road: Road,
    /// Why, in a sentence.
    pub road_reason: String,
    /// How it ended.
    pub status: Status,
    /// Advice.
    pub notes: Vec<Note>,
}

impl Fit {
    /// Position of a coefficient by name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// Estimate and standard error of a coefficient by name.
    #[must_use]
    pub fn coefficient(&self, name: &str) -> Option<(f64, f64)> {
        self.position(name).map(|j| (self.coefficients[j], self.standard_errors[j]))
    }

    /// Confidence intervals at `level`, such as 0.95, in the order of the coefficients.
    #[must_use]
    pub fn intervals(&self, level: f64) -> Vec<(f64, f64)> {
        let c = critical_value(level, self.degrees_of_freedom);
        std::iter::zip(&self.coefficients, &self.standard_errors)
            .map(|(b, se)| (b - c * se, b + c * se))
            .collect()
    }

    pub(super) fn set_covariance(&mut self, mut covariance: Vec<f64>) {
        let k = self.names.len();
        if self.notes.iter().any(|note| note.code == "perfect_fit") {
            // Residuals are rounding: no error follows from them.
            covariance.fill(f64::NAN);
        }
        // Rounding can leave a variance of zero slightly negative; NaN stays NaN.
        let root = |v: f64| if v < 0.0 { 0.0 } else { v.sqrt() };
        self.standard_errors = (0..k).map(|j| root(covariance[j * k + j])).collect();
        self.statistics = (0..k).map(|j| self.coefficients[j] / self.standard_errors[j]).collect();
        self.p_values =
            self.statistics.iter().map(|t| p_value(*t, self.degrees_of_freedom)).collect();
        self.covariance = covariance;
    }
}
