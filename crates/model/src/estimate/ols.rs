//! Least squares with any number of absorbed fixed effects.
//!
//! ```text
//! y_i = o_i + x_i'β + Σ_q α_q[id_q(i)] + e_i,   β = argmin Σ_i ω_i e_i²
//! ```
//!
//! By the theorem of Frisch and Waugh, β comes from the regression of ỹ on x̃, both with the effects
//! absorbed.
//!
//! # Notation
//!
//! As in [`ppml`](mod@super::ppml); the outcome may have either sign.
//!
//! # Assumptions
//!
//! Missing values are the caller's to drop. Singletons are left out unless kept.
//!
//! # Cost
//!
//! One absorbing of k + 1 columns.
//!
//! Source: Frisch and Waugh (1933), Econometrica 1; Guimarães and Portugal (2010), Stata Journal 10.

use super::collinearity::{self, floors};
use super::design::{Design, WeightKind};
use super::fit::{Family, Fit};
use super::fitted::Fitted;
use super::least_squares::{Factorised, axpy, dot};
use super::options::Options;
use super::report::{Pieces, Rows, assemble};
use super::sample::check;
use crate::outcome::{InputError, Note, Status};

/// A residual sum of squares below this share of the total reproduces the outcome up to rounding.
const PERFECT: f64 = 1e-24;

/// Estimates a linear model with fixed effects.
///
/// The model, notation, assumptions, cost and sources are in the [module's text](self).
///
/// # Result
///
/// [`Status::Converged`] when absorbing met its tolerance, [`Status::NoProgress`] otherwise, with
/// the residual in `absorb_residual`. `deviance` is the residual sum of squares.
///
/// # Errors
///
/// As [`check`]; [`InputError::Empty`] when dropping singletons leaves nothing.
///
/// # Example
///
/// ```
/// use emporion_model::estimate::{self, Options, design::{Design, Regressor}};
/// let design = Design {
///     outcome: "y".into(),
///     y: vec![1.0, 3.0, 5.5, 6.5],
///     x: vec![Regressor { name: "x".into(), values: vec![0.0, 1.0, 2.0, 3.0] }],
///     constant: true,
///     ..Design::default()
/// };
/// let fit = estimate::ols(&design, &Options::default()).unwrap();
/// assert_eq!(fit.names, ["(Intercept)", "x"]);
/// assert!((fit.coefficients[1] - 1.9).abs() < 1e-12);
/// ```
pub fn ols(design: &Design, options: &Options) -> Result<Fit, InputError> {
    Ok(ols_fitted(design, options)?.fit)
}

/// As [`ols`], with the arrays that inference and prediction need.
///
/// # Errors
///
/// As [`ols`].
pub fn ols_fitted(design: &Design, options: &Options) -> Result<Fitted, InputError> {
    check(design, Family::Gaussian, options)?;
    let mut rows = Rows::new(design);
    rows.drop_singletons(design, options);
    let mut sample = rows.sample(design, options)?;
    let (collinear, mut x, before) = collinearity::drop_collinear(&mut sample, options);
    let n = sample.n();
    let w = &sample.w;
    let mut absorber = sample.absorber(options.max_absorb_iterations);
    absorber.weigh(w);
    let y: Vec<f64> = sample.y.iter().zip(&sample.offset).map(|(y, o)| y - o).collect();
    x.push(y.clone());
    let mut absorbed = absorber.demean_all(&mut x, options.absorb_tolerance());
    absorbed.iterations += before.iterations;
    absorbed.passes += before.passes;
    let mut residual = x.pop().unwrap_or_default();
    let within = dot(w, &residual, &residual);
    let factorised = Factorised::new(w, &x, &floors(&sample, w, options.collinearity_tolerance));
    let coefficients = factorised.solve(w, &x, &residual);
    for (b, x) in coefficients.iter().zip(&x) {
        axpy(-b, x, &mut residual);
    }

    let rss = dot(w, &residual, &residual);
    let total = total_sum_of_squares(w, &y, sample.spans_constant());
    let mut notes = Vec::new();
    if rss <= PERFECT * dot(w, &y, &y) {
        notes.push(Note {
            code: "perfect_fit",
            message: "the model reproduces the outcome: standard errors mean nothing".into(),
            count: 1,
            rows: Vec::new(),
        });
    }
    // A row that stands for several counts as often; other weights are precisions.
    let counted = design.weight_kind == WeightKind::Frequency;
    let size = if counted { w.iter().sum() } else { n as f64 };
    let log_weights: f64 = if counted { 0.0 } else { w.iter().map(|w| w.ln()).sum() };
    let log_likelihood =
        0.5 * (log_weights - size * ((std::f64::consts::TAU * rss / size).ln() + 1.0));
    let u: Vec<f64> = w.iter().zip(&residual).map(|(w, e)| w * e).collect();
    let fitted: Vec<f64> = sample.y.iter().zip(&residual).map(|(y, e)| y - e).collect();
    let converged = absorbed.converged;
    let working = sample.w.clone();
    assemble(
        design,
        options,
        &rows,
        sample,
        Pieces {
            family: Family::Gaussian,
            coefficients,
            x,
            u,
            working,
            bread: factorised.inverse_gram(),
            eta: fitted.clone(),
            fitted,
            deviance: rss,
            log_likelihood,
            r_squared: 1.0 - rss / total,
            within_r_squared: Some(1.0 - rss / within),
            iterations: 1,
            absorbed,
            gradient_norm: 0.0,
            status: if converged { Status::Converged } else { Status::NoProgress },
            collinear,
            certificate: None,
            notes,
        },
    )
}

/// Σ w (y - ȳ)², or Σ w y² for models without a constant.
fn total_sum_of_squares(w: &[f64], y: &[f64], centered: bool) -> f64 {
    let weight: f64 = w.iter().sum();
    let mean = if centered { dot(w, y, &vec![1.0; y.len()]) / weight } else { 0.0 };
    y.iter().zip(w).map(|(y, w)| w * (y - mean) * (y - mean)).sum()
}
