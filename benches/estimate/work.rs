//! How much memory a fit must at least move, to compare its time with the machine's bandwidth.
//!
//! ```text
//! bytes = N [ C (8 + 4 (Q - 1)) + S (24 + 16 (k + 1)) ]
//! ```
//!
//! | symbol | here | from |
//! | --- | --- | --- |
//! | N | rows used | `Fit::n_used` |
//! | C | conjugate-gradient steps, all columns together | `Fit::absorb_iterations` |
//! | S | Newton steps (1 for least squares) | `Fit::iterations` |
//! | Q | fixed effects | `Fit::effects` |
//! | k | regressors | `Fit::names` |
//!
//! A conjugate-gradient step reads a weight (8 bytes) and an id (4) for each effect but the sorted
//! one; its right-hand side has one entry per level, not per row. A Newton step reads outcome,
//! predictor and weight, and reads and writes k + 1 columns. It is a floor: what the caches cannot
//! hold between the two halves of a step is read twice. Over the bandwidth it is the time that a
//! program limited by memory alone would take on this road; the share says how far the fit is.

use emporion_model::estimate::Fit;

/// The floor of bytes moved by a fit.
pub fn bytes(fit: &Fit) -> f64 {
    let n = fit.n_used as f64;
    let others = fit.effects.len().saturating_sub(1) as f64;
    let steps = fit.iterations.max(1) as f64;
    let columns = fit.names.len() as f64 + 1.0;
    n * (fit.absorb_iterations as f64 * (8.0 + 4.0 * others) + steps * (24.0 + 16.0 * columns))
}
