//! Intra-industry trade: how much of exports and imports overlap product by product.

use serde::Serialize;

use super::{check_length, check_values};
use crate::outcome::InputError;

/// Grubel-Lloyd indices.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct GrubelLloyd {
    /// GL_k of each product, 0 to 1; none where the product is not traded.
    pub by_product: Vec<Option<f64>>,
    /// The aggregate: the mean of GL_k weighted by trade, 0 to 1.
    pub aggregate: f64,
    /// The aggregate over what it could be given the imbalance of all trade, at least `aggregate`;
    /// none when trade goes one way only.
    pub adjusted: Option<f64>,
    /// Products traded.
    pub products: usize,
}

/// Intra-industry trade by product and together.
///
/// ```text
/// GL_k = 1 - |X_k - M_k| / (X_k + M_k)      GL = 1 - Σ_k |X_k - M_k| / Σ_k (X_k + M_k)
/// adjusted = [Σ(X_k + M_k) - Σ|X_k - M_k|] / [Σ(X_k + M_k) - |ΣX_k - ΣM_k|]
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | X_k, M_k | `exports`, `imports` | products |
///
/// # Assumptions
///
/// The index falls as the classification gets finer: say the digit level with the number. A zero
/// is no trade, not a gap.
///
/// # Errors
///
/// [`InputError::Length`], [`InputError::Value`], [`InputError::Undefined`] when nothing is traded.
///
/// # Source
///
/// Grubel, Lloyd 1975, Intra-Industry Trade.
///
/// # Example
///
/// ```
/// use emporion_model::measure::intra_industry::grubel_lloyd;
/// let found = grubel_lloyd(&[30.0, 10.0], &[10.0, 0.0])?;
/// assert_eq!(found.by_product, [Some(0.5), Some(0.0)]);
/// assert!((found.aggregate - 0.4).abs() < 1e-15);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn grubel_lloyd(exports: &[f64], imports: &[f64]) -> Result<GrubelLloyd, InputError> {
    check_length("imports", exports.len(), imports.len())?;
    let remedy = "a flow is finite and not negative; settle gaps first";
    check_values("exports", exports, remedy)?;
    check_values("imports", imports, remedy)?;
    let both = || exports.iter().zip(imports);
    let trade: f64 = both().map(|(x, m)| x + m).sum();
    if trade <= 0.0 {
        return Err(undefined("Grubel-Lloyd index", "there is neither export nor import"));
    }
    let overlap: f64 = both().map(|(x, m)| 2.0 * x.min(*m)).sum();
    let by_product: Vec<Option<f64>> =
        both().map(|(x, m)| (x + m > 0.0).then(|| 2.0 * x.min(*m) / (x + m))).collect();
    let (all_x, all_m): (f64, f64) = (exports.iter().sum(), imports.iter().sum());
    let possible = 2.0 * all_x.min(all_m);
    Ok(GrubelLloyd {
        products: by_product.iter().flatten().count(),
        by_product,
        aggregate: overlap / trade,
        adjusted: (possible > 0.0).then(|| (overlap / possible).min(1.0)),
    })
}

/// Marginal intra-industry trade.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Marginal {
    /// A_k of each product, 0 to 1; none where neither exports nor imports changed.
    pub by_product: Vec<Option<f64>>,
    /// Mean of A_k weighted by |ΔX_k| + |ΔM_k|, 0 to 1.
    pub aggregate: f64,
    /// Products whose trade changed.
    pub products: usize,
}

/// How far changes of exports and imports went together.
///
/// ```text
/// A_k = 1 - |ΔX_k - ΔM_k| / (|ΔX_k| + |ΔM_k|)      A = Σ_k w_k A_k,   w_k ∝ |ΔX_k| + |ΔM_k|
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | ΔX_k | `exports` after less before | products |
/// | ΔM_k | `imports` after less before | products |
///
/// # Assumptions
///
/// Both years are in the same prices and classification. 1: exports and imports moved by the same
/// amount in the same direction; 0: one moved alone or they moved apart.
///
/// # Errors
///
/// As [`grubel_lloyd`]; [`InputError::Undefined`] when nothing changed.
///
/// # Source
///
/// Brülhart 1994, Marginal Intra-Industry Trade: Measurement and Relevance.
pub fn marginal_intra_industry(
    exports: [&[f64]; 2],
    imports: [&[f64]; 2],
) -> Result<Marginal, InputError> {
    let n = exports[0].len();
    for (what, values) in [
        ("exports before", exports[0]),
        ("exports after", exports[1]),
        ("imports before", imports[0]),
        ("imports after", imports[1]),
    ] {
        check_length(what, n, values.len())?;
        check_values(what, values, "a flow is finite and not negative; settle gaps first")?;
    }
    let (mut weighted, mut weights, mut products) = (0.0, 0.0, 0);
    let by_product = (0..n)
        .map(|k| {
            let dx = exports[1][k] - exports[0][k];
            let dm = imports[1][k] - imports[0][k];
            let weight = dx.abs() + dm.abs();
            let same = weight - (dx - dm).abs();
            weighted += same;
            weights += weight;
            products += usize::from(weight > 0.0);
            (weight > 0.0).then(|| (same / weight).clamp(0.0, 1.0))
        })
        .collect();
    if weights <= 0.0 {
        return Err(undefined("marginal intra-industry trade", "no product's trade changed"));
    }
    Ok(Marginal { by_product, aggregate: (weighted / weights).clamp(0.0, 1.0), products })
}

fn undefined(what: &str, reason: &str) -> InputError {
    InputError::Undefined {
        what: what.into(),
        reason: reason.into(),
        remedy: "choose places or years with trade".into(),
    }
}
