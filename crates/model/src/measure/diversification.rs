//! The diversification index: new products ranked by how near they are, and who would buy them.

use serde::Serialize;

use super::{check_length, check_values, same};
use crate::outcome::InputError;

/// A product that the place does not yet export with advantage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NewProduct {
    /// Product, id from 0.
    pub product: usize,
    /// 1 for the best; equal scores (within 1e-12) share the better rank.
    pub rank: usize,
    /// Density weighted by RCA: nearness of what the place exports.
    pub density: f64,
    /// Σ_j β_ij γ_jk: demand of the markets, by the ease of each.
    pub demand: f64,
    /// Their product. It orders; it is not a value of trade.
    pub score: f64,
}

/// New products of one place in order.
///
/// ```text
/// PDI_ik = d_ik Σ_j β_ij γ_jk      d_ik = Σ_{l ≠ k} R_il φ_kl / Σ_{l ≠ k} φ_kl      R_ik < cut-off
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | R_il | `rca` of the place | products | |
/// | φ_kl | `proximity` | products × products | 0 to 1 |
/// | β_ij | `ease` of the place's trade with each market; none counts as 0 | places | |
/// | γ_jk | `demand`: imports of each market | places × products | the caller's |
///
/// # Assumptions
///
/// Supply cannot be read off exports that are not there; the density in the product space stands
/// in. The result is a rank: scores of two places do not compare. The diagonal of φ does not
/// count.
///
/// # Result
///
/// The products in order, and those near to nothing (their φ are all zero), which have no place in
/// it.
///
/// # Errors
///
/// [`InputError::Length`], [`InputError::Value`], [`InputError::Setting`] for a cut-off that is
/// not positive.
///
/// # Cost
///
/// products² + places × products.
///
/// # Source
///
/// Decreux, Spies 2016, Export Potential Assessments, the Product Diversification Indicator;
/// Hausmann et al. 2014 for the density.
pub fn diversification(
    rca: &[f64],
    proximity: &[f64],
    ease: &[Option<f64>],
    demand: &[f64],
    cut_off: f64,
) -> Result<(Vec<NewProduct>, Vec<usize>), InputError> {
    let m = rca.len();
    check_length("proximity", m * m, proximity.len())?;
    check_length("demand", ease.len() * m, demand.len())?;
    check_values("RCA", rca, "give 0 where there is none")?;
    check_values("demand", demand, "imports are finite and not negative")?;
    if !(cut_off.is_finite() && cut_off > 0.0) {
        return Err(InputError::Setting {
            what: "cut-off".into(),
            expected: "a positive RCA".into(),
            got: cut_off.to_string(),
            remedy: "1 is the usual one".into(),
        });
    }
    let (mut found, mut alone) = (Vec::new(), Vec::new());
    for k in (0..m).filter(|k| rca[*k] < cut_off) {
        let (mut near, mut all) = (0.0, 0.0);
        for l in (0..m).filter(|l| *l != k) {
            // A product that nobody has is near to nothing.
            let phi = Some(proximity[k * m + l]).filter(|phi| phi.is_finite()).unwrap_or(0.0);
            near += rca[l] * phi;
            all += phi;
        }
        if all > 0.0 {
            let wanted: f64 =
                ease.iter().enumerate().map(|(j, b)| b.unwrap_or(0.0) * demand[j * m + k]).sum();
            let density = near / all;
            let score = density * wanted;
            found.push(NewProduct { product: k, rank: 0, density, demand: wanted, score });
        } else {
            alone.push(k);
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut first = 0;
    for at in 0..found.len() {
        if !same(found[first].score, found[at].score) {
            first = at;
        }
        found[at].rank = first + 1;
    }
    found.sort_by_key(|new| (new.rank, new.product));
    Ok((found, alone))
}
