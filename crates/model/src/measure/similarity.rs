//! How far two baskets agree: complementarity and export similarity.

use serde::Serialize;

use super::{check_length, check_values};
use crate::outcome::InputError;

/// Agreement of two baskets of products.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct Overlap {
    /// The index, 0 (nothing in common) to 100 (the same shares).
    pub index: f64,
    /// Σ_k |a_k - b_k| of shares, 0 to 2: Krugman's distance of the two baskets.
    pub distance: f64,
    /// Products in both baskets.
    pub common: usize,
}

/// Complementarity of an exporter with an importer.
///
/// ```text
/// TC_ij = 100 [1 - Σ_k |m_jk / m_j - x_ik / x_i| / 2]
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | x_ik | `exports`: of i to the world | products |
/// | m_jk | `imports`: of j from the world | products |
///
/// # Assumptions
///
/// Both baskets are over the same products, all partners together. The index falls as the
/// classification gets finer: compare at one digit level.
///
/// # Errors
///
/// [`InputError::Length`], [`InputError::Value`] for a negative or infinite value,
/// [`InputError::Undefined`] naming the basket without trade.
///
/// # Source
///
/// Michaely 1996, Trade Preferential Agreements in Latin America; ESCAP and WITS handbooks.
pub fn complementarity(exports: &[f64], imports: &[f64]) -> Result<Overlap, InputError> {
    overlap(exports, imports, ["exports", "imports"], "complementarity")
}

/// Similarity of two exporters' baskets, in one market or in all.
///
/// ```text
/// S_ij = 100 Σ_k min(s_ik, s_jk) = 100 [1 - Σ_k |s_ik - s_jk| / 2]
/// ```
///
/// # Assumptions and errors
///
/// As [`complementarity`]; symmetric in its arguments.
///
/// # Source
///
/// Finger, Kreinin 1979, A Measure of 'Export Similarity' and Its Possible Uses.
///
/// # Example
///
/// ```
/// use emporion_model::measure::similarity::finger_kreinin;
/// // Shares 0.5, 0.5, 0 and 0.25, 0.25, 0.5.
/// assert_eq!(finger_kreinin(&[2., 2., 0.], &[1., 1., 2.])?.index, 50.0);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn finger_kreinin(a: &[f64], b: &[f64]) -> Result<Overlap, InputError> {
    overlap(a, b, ["first exports", "second exports"], "export similarity")
}

fn overlap(a: &[f64], b: &[f64], names: [&str; 2], index: &str) -> Result<Overlap, InputError> {
    check_length(names[1], a.len(), b.len())?;
    let mut totals = [0.0; 2];
    for ((values, name), total) in [a, b].into_iter().zip(names).zip(&mut totals) {
        check_values(name, values, "a flow is finite and not negative; settle gaps first")?;
        *total = values.iter().sum();
        if *total <= 0.0 {
            return Err(InputError::Undefined {
                what: index.into(),
                reason: format!("the {name} are zero in every product"),
                remedy: "choose places that trade, or another year".into(),
            });
        }
    }
    let (mut distance, mut shared, mut common) = (0.0, 0.0, 0);
    for (x, y) in a.iter().zip(b) {
        let (s, t) = (x / totals[0], y / totals[1]);
        distance += (s - t).abs();
        shared += s.min(t);
        common += usize::from(*x > 0.0 && *y > 0.0);
    }
    // The smaller shares, so that baskets without a common product give exactly 0.
    Ok(Overlap { index: 100.0 * shared.min(1.0), distance, common })
}
