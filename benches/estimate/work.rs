//! How much memory a fit touches, to compare its time with the machine's bandwidth.
//!
//! ```text
//! bytes = N [ P (8 + 4 (Q - 1)) + S (24 (k + 1) + 8 (2 k + 7) + 12 (Q - 1) + 80) ]
//! ```
//!
//! | symbol | here | from |
//! | --- | --- | --- |
//! | N | rows used | `Fit::n_used` |
//! | P | passes of absorbing, each for up to eight columns | `Fit::absorb_passes` |
//! | S | Newton steps (1 for least squares) | `Fit::iterations` |
//! | Q | fixed effects | `Fit::effects` |
//! | k | regressors | `Fit::names` |
//!
//! A pass of absorbing (`passes` in the model crate) reads a weight, 8 bytes, and an id, 4 bytes, for
//! each effect but the eliminated one, whose groups are runs of rows. A Newton step besides reads
//! k + 1 columns to start absorbing, reads and writes them to end it (24 bytes a column); reads them
//! with weights for the normal equations and for the step, and the outcome, the fitted values and
//! the step with them; sums the weights by effect; and moves the predictor and evaluates there (80).
//!
//! Arrays as long as an effect has levels, and the factors of blocks and graphs, are not counted:
//! they mostly stay in the caches. Where the rows do too, as in size S, the share can pass 100 %.

use emporion_model::estimate::Fit;

/// The bytes of rows that a fit touches, all passes together.
pub fn bytes(fit: &Fit) -> f64 {
    let n = fit.n_used as f64;
    let others = fit.effects.len().saturating_sub(1) as f64;
    let steps = fit.iterations.max(1) as f64;
    let k = fit.names.len() as f64;
    let pass = 8.0 + 4.0 * others;
    let step = 24.0 * (k + 1.0) + 8.0 * (2.0 * k + 7.0) + 12.0 * others + 80.0;
    n * (fit.absorb_passes as f64 * pass + steps * step)
}
