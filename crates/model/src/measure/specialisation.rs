//! How far a place's basket of products lies from the table's.

use serde::Serialize;

use super::check_values;
use crate::outcome::InputError;
use crate::panel::PlaceProduct;

/// Distance of one place's basket from the table's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct Specialisation {
    /// Krugman's index: sum of absolute differences of shares, 0 to 2.
    pub krugman: f64,
    /// Half of it, 0 to 1: the part of the basket that would have to change.
    pub specialisation_coefficient: f64,
    /// Mean location quotient weighted by the place's own shares, at least 1.
    pub lq_weighted_mean: f64,
    /// Hachman's index: 1 / `lq_weighted_mean`, 0 to 1 (1: the table's own basket).
    pub hachman: f64,
}

/// Krugman's, the specialisation coefficient and Hachman's index of each place.
///
/// ```text
/// K_i = Σ_k |s_ik - s_k|      S_i = K_i / 2      1/Ha_i = Σ_k s_ik (s_ik / s_k)
/// ```
///
/// # Notation
///
/// | symbol | meaning | shape | unit |
/// | --- | --- | --- | --- |
/// | s_ik | x_ik / x_i., share of product k in place i | places × products | |
/// | s_k | x_.k / x_.., share in the table, place i included | products | |
///
/// # Assumptions
///
/// The benchmark is the whole table with the place itself in it. Products that nobody exports do
/// not count.
///
/// # Result
///
/// One entry per place; none for a place without exports.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite value, [`InputError::Empty`] for a table
/// without trade.
///
/// # Source
///
/// Krugman 1991, p. 75; Florence 1948; Hachman, see Moore 2001.
pub fn specialisation(table: &PlaceProduct) -> Result<Vec<Option<Specialisation>>, InputError> {
    check_values("place-by-product table", &table.values, "settle gaps and signs first")?;
    let margins = super::rca::Margins::of(table)?;
    Ok((0..table.places)
        .map(|i| {
            (margins.place[i] > 0.0).then(|| {
                let (mut krugman, mut lq) = (0.0, 0.0);
                for k in (0..table.products).filter(|k| margins.product[*k] > 0.0) {
                    let own = table.values[i * table.products + k] / margins.place[i];
                    let all = margins.product[k] / margins.total;
                    krugman += (own - all).abs();
                    lq += own * (own / all);
                }
                Specialisation {
                    krugman,
                    specialisation_coefficient: krugman / 2.0,
                    lq_weighted_mean: lq,
                    // At least 1 by Cauchy-Schwarz; rounding must not carry Hachman above 1.
                    hachman: (1.0 / lq).min(1.0),
                }
            })
        })
        .collect())
}
