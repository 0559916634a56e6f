//! Joint tests of linear restrictions.
//!
//! ```text
//! W = (Rb - q)' (R V R')⁻¹ (Rb - q)
//! F = W / m with m and d degrees of freedom, or W ~ χ²(m)
//! ```
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | b, V | `coefficients`, `covariance` of the fit | k, k × k |
//! | R, q | [`Restriction::terms`], [`Restriction::value`] | m × k, m |
//! | d | `degrees_of_freedom` of the fit | |
//!
//! # Assumptions
//!
//! F when the fit has t statistics (least squares), χ² when it has z statistics (Poisson), as Stata's
//! `test` and fixest's `wald` have it. The restrictions are independent of each other, and V has the
//! rank to test them: with G clusters it has at most G - 1.
//!
//! Source: Wald (1943), Transactions of the AMS 54; Greene (2018), Econometric Analysis, eq. 5-16.

use super::distribution::{chi2_tail, f_tail};
use super::fit::Fit;
use super::sample::INTERCEPT;
use crate::outcome::InputError;
use serde::{Deserialize, Serialize};

/// Eigenvalues of the correlation matrix of the restrictions below this are rounding.
const RANK_ROUNDING: f64 = 1e-12;

/// One linear restriction: Σ factor × coefficient = value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restriction {
    /// Names of coefficients and what multiplies them.
    pub terms: Vec<(String, f64)>,
    /// The right-hand side.
    pub value: f64,
}

impl Restriction {
    /// The coefficient of this name is zero.
    #[must_use]
    pub fn zero(name: &str) -> Self {
        Self { terms: vec![(name.to_owned(), 1.0)], value: 0.0 }
    }

    /// Two coefficients are equal.
    #[must_use]
    pub fn equal(a: &str, b: &str) -> Self {
        Self { terms: vec![(a.to_owned(), 1.0), (b.to_owned(), -1.0)], value: 0.0 }
    }
}

/// The result of a joint test.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JointTest {
    /// F, or χ² where `denominator` is none.
    pub statistic: f64,
    /// m: number of restrictions.
    pub restrictions: usize,
    /// Degrees of freedom of the denominator of F; `None`: χ².
    pub denominator: Option<f64>,
    /// Upper tail.
    pub p_value: f64,
}

impl Fit {
    /// Tests linear restrictions on the coefficients jointly.
    ///
    /// Equation, notation and sources are in the [module's text](crate::estimate::wald).
    ///
    /// # Errors
    ///
    /// [`InputError::Empty`] without restrictions; [`InputError::Setting`] for a name that is not a
    /// coefficient; [`InputError::Undefined`] when the restrictions repeat each other or the
    /// covariance has too low a rank for them.
    ///
    /// # Example
    ///
    /// ```
    /// use emporion_model::estimate::design::{Design, Regressor};
    /// use emporion_model::estimate::{Options, Vcov, ols, wald::Restriction};
    /// let design = Design {
    ///     outcome: "y".into(),
    ///     y: vec![1.0, 3.0, 5.5, 6.5],
    ///     x: vec![Regressor { name: "x".into(), values: vec![0.0, 1.0, 2.0, 3.0] }],
    ///     constant: true,
    ///     ..Design::default()
    /// };
    /// let fit = ols(&design, &Options { vcov: Vcov::Iid, ..Options::default() }).unwrap();
    /// let test = fit.test(&[Restriction::zero("x")]).unwrap();
    /// assert!((test.statistic / fit.statistics[1].powi(2) - 1.0).abs() < 1e-12);
    /// assert!((test.p_value / fit.p_values[1] - 1.0).abs() < 1e-12);
    /// ```
    pub fn test(&self, restrictions: &[Restriction]) -> Result<JointTest, InputError> {
        let (k, m) = (self.names.len(), restrictions.len());
        if m == 0 {
            return Err(InputError::Empty {
                what: "joint test".into(),
                remedy: "name at least one coefficient".into(),
            });
        }
        let mut rows = vec![vec![0.0; k]; m];
        for (row, restriction) in rows.iter_mut().zip(restrictions) {
            for (name, factor) in &restriction.terms {
                let Some(j) = self.position(name) else {
                    return Err(InputError::Setting {
                        what: "joint test".into(),
                        expected: format!("one of {}", self.names.join(", ")),
                        got: name.clone(),
                        remedy: "name coefficients as the fit does".into(),
                    });
                };
                row[j] += factor;
            }
        }
        let off: Vec<f64> = std::iter::zip(&rows, restrictions)
            .map(|(row, r)| {
                std::iter::zip(row, &self.coefficients).map(|(r, b)| r * b).sum::<f64>() - r.value
            })
            .collect();
        let covariance = |a: &[f64], b: &[f64]| -> f64 {
            (0..k)
                .map(|i| a[i] * (0..k).map(|j| self.covariance[i * k + j] * b[j]).sum::<f64>())
                .sum()
        };
        let spread: Vec<f64> = rows.iter().map(|r| covariance(r, r).sqrt()).collect();
        // In units of standard errors, so that the scale of the regressors plays no part in the rank.
        let correlation = faer::Mat::from_fn(m, m, |i, j| {
            covariance(&rows[i], &rows[j]) / (spread[i] * spread[j])
        });
        let redundant = || InputError::Undefined {
            what: "joint test".into(),
            reason: format!("the covariance has too low a rank for {m} restrictions"),
            remedy:
                "leave out restrictions that follow from others; with clusters, test fewer than \
                     there are clusters"
                    .into(),
        };
        if spread.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
            return Err(redundant());
        }
        let eigen = correlation.self_adjoint_eigen(faer::Side::Lower).map_err(|_| redundant())?;
        let (values, vectors) = (eigen.S(), eigen.U());
        if (0..m).any(|e| values[e] <= RANK_ROUNDING * m as f64) {
            return Err(redundant());
        }
        let chi2: f64 = (0..m)
            .map(|e| {
                let along: f64 = (0..m).map(|i| vectors[(i, e)] * off[i] / spread[i]).sum();
                along * along / values[e]
            })
            .sum();
        let (statistic, p_value) = match self.degrees_of_freedom {
            None => (chi2, chi2_tail(chi2, m as f64)),
            Some(d) => (chi2 / m as f64, f_tail(chi2 / m as f64, m as f64, d)),
        };
        Ok(JointTest { statistic, restrictions: m, denominator: self.degrees_of_freedom, p_value })
    }

    /// Tests whether the coefficients of these names are all zero.
    ///
    /// # Errors
    ///
    /// As [`Self::test`].
    pub fn test_zero(&self, names: &[&str]) -> Result<JointTest, InputError> {
        self.test(&names.iter().map(|n| Restriction::zero(n)).collect::<Vec<_>>())
    }

    /// Tests whether all coefficients but the constant are zero.
    ///
    /// # Errors
    ///
    /// As [`Self::test`].
    pub fn test_all(&self) -> Result<JointTest, InputError> {
        let names: Vec<&str> =
            self.names.iter().map(String::as_str).filter(|n| *n != INTERCEPT).collect();
        self.test_zero(&names)
    }
}
