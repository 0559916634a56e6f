//! Coefficients in words people use: percent, and the tariff that would do the same.
//!
//! ```text
//! percent:            f(b) = exp(b) - 1              f' = exp(b)
//! tariff equivalent:  f(b) = exp(b/-σ) - 1           f' = -exp(b/-σ)/σ
//! standard error:     |f'(b)| se(b)                  (delta method)
//! ```
//!
//! b is the coefficient of a log-linear model (Poisson with log link, or least squares on a log); σ
//! the trade elasticity, above zero: 1 % more trade cost is σ % less trade. Both are shares: 0.1 is
//! ten percent.
//!
//! Source: Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy
//! Analysis, UNCTAD and WTO, chapter 1, on interpreting gravity estimates.

use crate::outcome::InputError;
use serde::Serialize;

/// An estimate and its standard error.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Size {
    /// f(b), a share.
    pub value: f64,
    /// By the delta method.
    pub standard_error: f64,
}

/// exp(b) - 1.
///
/// ```
/// let size = emporion_model::estimate::effect_size::percent(2f64.ln(), 0.1);
/// assert!((size.value - 1.0).abs() < 1e-15 && (size.standard_error - 0.2).abs() < 1e-15);
/// ```
pub fn percent(coefficient: f64, standard_error: f64) -> Size {
    Size { value: coefficient.exp_m1(), standard_error: coefficient.exp() * standard_error }
}

/// The ad-valorem tariff with the same effect on trade, exp(b/-σ) - 1; negative for what helps.
///
/// # Errors
///
/// [`InputError::Value`] unless `elasticity` is above zero and finite.
///
/// ```
/// let size = emporion_model::estimate::effect_size::tariff_equivalent(-4.0 * 1.1f64.ln(), 0.4, 4.0);
/// let size = size.unwrap();
/// assert!((size.value - 0.1).abs() < 1e-15 && (size.standard_error - 0.11).abs() < 1e-15);
/// ```
pub fn tariff_equivalent(
    coefficient: f64,
    standard_error: f64,
    elasticity: f64,
) -> Result<Size, InputError> {
    if !(elasticity > 0.0 && elasticity.is_finite()) {
        return Err(InputError::Value {
            what: "trade elasticity".into(),
            index: 0,
            value: elasticity,
            remedy: "give it as a number above zero, such as 5".into(),
        });
    }
    let b = -coefficient / elasticity;
    Ok(Size { value: b.exp_m1(), standard_error: b.exp() * standard_error / elasticity })
}
