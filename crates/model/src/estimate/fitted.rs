//! A fitted model with the arrays that inference, prediction and saving need.

use super::absorb::Absorbed;
use super::design::{Design, Factor, Slope, WeightKind};
use super::fit::Fit;
use super::options::Options;
use super::sample::Sample;

/// A fit and what it was computed from, row by row.
///
/// The arrays have one entry per row used, in the order of `rows`, which need not be ascending.
///
/// # Notation
///
/// | symbol | field | shape |
/// | --- | --- | --- |
/// | ω, o, y | `weights`, `offset`, `y` | n |
/// | η, μ | `eta`, `mu` | n: linear predictor with offset and effects, fitted values |
/// | u | `residual` | n: ω (y - μ) |
/// | W | `working` | n: ω μ (Poisson), ω (least squares) |
/// | X̃ | `x` | k columns of n, effects absorbed under W |
/// | B | `bread` | k × k, row-major: (X̃'WX̃)⁻¹ |
#[must_use]
#[derive(Debug, Clone)]
pub struct Fitted {
    /// Coefficients, standard errors and everything that is printed.
    pub fit: Fit,
    /// Position of each row in the design.
    pub rows: Vec<usize>,
    /// Outcome.
    pub y: Vec<f64>,
    /// Observation weights; ones where the design has none.
    pub weights: Vec<f64>,
    /// What the weights mean.
    pub weight_kind: WeightKind,
    /// Offset; zeros where the design has none.
    pub offset: Vec<f64>,
    /// Linear predictor: offset, regressors and effects.
    pub eta: Vec<f64>,
    /// Fitted values.
    pub mu: Vec<f64>,
    /// Weight times residual: the score of the linear predictor.
    pub residual: Vec<f64>,
    /// Working weights of the last step.
    pub working: Vec<f64>,
    /// Regressors with the effects absorbed, in the order of the coefficients.
    pub x: Vec<Vec<f64>>,
    /// Inverse of the weighted cross product of `x`, row-major.
    pub bread: Vec<f64>,
    /// Effects with only the levels in use, numbered from 0, in the order of the design.
    pub effects: Vec<Factor>,
    /// Slopes by level, on the rows used, with only the levels in use.
    pub slopes: Vec<Slope>,
}

impl Fitted {
    /// Takes effects and slopes out of columns in the order of `rows`, under weights `w`.
    pub(super) fn absorb(&self, w: &[f64], columns: &mut [Vec<f64>], tolerance: f64) -> Absorbed {
        let options = Options::default();
        let design = Design {
            y: vec![0.0; self.rows.len()],
            effects: self.effects.clone(),
            slopes: self.slopes.clone(),
            ..Design::default()
        };
        // The sample has an order of rows of its own.
        let sample = Sample::new(&design, &vec![true; self.rows.len()], options.road);
        let there = |v: &[f64]| -> Vec<f64> { sample.rows.iter().map(|i| v[*i]).collect() };
        let mut absorber = sample.absorber(options.max_absorb_iterations);
        absorber.weigh(&there(w));
        let mut moved: Vec<Vec<f64>> = columns.iter().map(|c| there(c)).collect();
        let outcome = absorber.demean_all(&mut moved, tolerance);
        for (column, moved) in columns.iter_mut().zip(moved) {
            sample.rows.iter().zip(moved).for_each(|(i, v)| column[*i] = v);
        }
        outcome
    }
}
