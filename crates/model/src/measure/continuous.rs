//! Proximity and density of RCA itself, without a cut-off.

use rayon::prelude::*;

use super::check_length;
use super::proximity::{Density, Diagonal, Proximity, undefined_note};
use super::rca::Rca;
use super::relatedness::neighbours;
use crate::outcome::InputError;

/// A column whose deviations are below this part of its mean does not vary.
const FLAT: f64 = 1e-12;

/// Proximity by the correlation of RCA over places.
///
/// ```text
/// φ_kl = (1 + r_kl) / 2        r_kl Pearson's correlation of RCA_.k and RCA_.l
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | RCA_ik | `rca.values` | places × products |
/// | φ_kl | `values` | products × products, 0 to 1 |
///
/// # Assumptions
///
/// Places without exports take no part. A product that nobody exports, and one whose RCA is the
/// same everywhere, is listed and its row is 0.
///
/// # Errors
///
/// [`InputError::Length`] when the index has not the size that it says.
///
/// # Cost
///
/// products² × places; any number of threads gives the same bytes.
///
/// # Source
///
/// The option `cont` of the Growth Lab's Stata program, `continuous` of its Python one.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{continuous::rca_correlation, proximity::Diagonal, rca::rca};
/// use emporion_model::panel::PlaceProduct;
/// let index = rca(&PlaceProduct::new(2, 2, vec![3.0, 1.0, 1.0, 3.0])?)?;
/// // What one place has more of, the other has less of.
/// let phi = rca_correlation(&index, Diagonal::One)?;
/// assert!(phi.values[1].abs() < 1e-12 && phi.values[0] == 1.0);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn rca_correlation(rca: &Rca, diagonal: Diagonal) -> Result<Proximity, InputError> {
    let n = rca.products;
    check_length("matrix of RCA", rca.places * n, rca.values.len())?;
    let traded: Vec<usize> =
        (0..rca.places).filter(|i| rca.empty_places.binary_search(i).is_err()).collect();
    // Columns of norm 1 around their mean: a correlation is then a product.
    let column = |k: usize| -> Option<Vec<f64>> {
        let own: Vec<f64> = traded.iter().map(|i| rca.values[i * n + k]).collect();
        let mean = own.iter().sum::<f64>() / own.len() as f64;
        let norm = own.iter().map(|x| (x - mean).powi(2)).sum::<f64>().sqrt();
        (norm > FLAT * mean.abs()).then(|| own.iter().map(|x| (x - mean) / norm).collect())
    };
    let columns: Vec<Option<Vec<f64>>> = (0..n).map(column).collect();
    let mut values = vec![0.0; n * n];
    values.par_chunks_mut(n.max(1)).zip(&columns).enumerate().for_each(|(k, (row, own))| {
        let Some(own) = own else { return };
        for (l, phi) in row.iter_mut().enumerate() {
            if l == k {
                *phi = f64::from(diagonal.value());
            } else if let Some(other) = &columns[l] {
                let r: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                *phi = ((1.0 + r) / 2.0).clamp(0.0, 1.0);
            }
        }
    });
    let undefined: Vec<usize> = (0..n).filter(|k| columns[*k].is_none()).collect();
    Ok(Proximity {
        products: n,
        values,
        notes: undefined_note(&undefined, "products whose RCA does not vary have no correlation"),
        undefined_products: undefined,
        diagonal,
        convention: format!(
            "{}; (1 + correlation of RCA) / 2, diagonal {}",
            rca.convention,
            diagonal.value()
        ),
    })
}

/// Density that weighs with RCA instead of M.
///
/// ```text
/// ω_ik = Σ_l RCA_il φ_lk / Σ_l φ_lk        over all l, or the `nearest` of greatest φ_lk
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | RCA_il | `rca.values` | places × products |
/// | φ_lk | `proximity.values` | products × products |
/// | ω_ik | `values` | places × products; a mean of RCA, 1 is the table's average |
///
/// # Assumptions
///
/// Products as near as the last of the nearest belong to them too. A product whose proximities are
/// all 0 has no density; its column is 0 and it is listed.
///
/// # Errors
///
/// [`InputError::Length`] when the two do not speak of the same products; [`InputError::Setting`]
/// for no neighbour at all.
///
/// # Source
///
/// As [`rca_correlation`]; the programs there leave the product itself out, diagonal 0.
pub fn rca_density(
    rca: &Rca,
    proximity: &Proximity,
    nearest: Option<usize>,
) -> Result<Density, InputError> {
    let n = rca.products;
    check_length("matrix of RCA", rca.places * n, rca.values.len())?;
    check_length("proximity", n * n, proximity.values.len())?;
    let near = neighbours(proximity, nearest)?;
    let mut values = vec![0.0; rca.places * n];
    values.par_chunks_mut(n.max(1)).enumerate().for_each(|(i, row)| {
        let own = &rca.values[i * n..(i + 1) * n];
        for (value, near) in row.iter_mut().zip(&near).filter(|(_, near)| !near.is_empty()) {
            let all: f64 = near.iter().map(|(_, p)| p).sum();
            *value = near.iter().map(|(l, p)| own[*l] * p).sum::<f64>() / all;
        }
    });
    let undefined: Vec<usize> = (0..n).filter(|k| near[*k].is_empty()).collect();
    let of =
        nearest.map_or("all".into(), |nearest| format!("the {nearest} nearest, ties included"));
    Ok(Density {
        places: rca.places,
        products: n,
        values,
        notes: undefined_note(&undefined, "products near to none have no density"),
        undefined_products: undefined,
        convention: format!("{}; density by RCA over {of}", proximity.convention),
    })
}
