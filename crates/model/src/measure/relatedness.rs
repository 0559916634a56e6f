//! Kin of proximity and density: other similarities of products, the nearest only, the place's own
//! yardstick, and two sets of products.

use rayon::prelude::*;
use serde::Serialize;

use super::presence::Presence;
use super::proximity::{Density, Diagonal, Proximity, proximity, undefined_note};
use super::{above, check_length, check_values};
use crate::outcome::{InputError, Note};

/// How two products are near to one another, with n_kl the places that have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProximityKind {
    /// n_kl / max(u_k, u_l), the smaller conditional probability (the default).
    #[default]
    MinConditional,
    /// n_kl / sqrt(u_k u_l), their geometric mean; the cosine of two columns of M.
    SquareRoot,
    /// n_kl / u_k, in row k the probability of l given k: not symmetric.
    Asymmetric,
    /// Pearson's correlation of two columns of M, from -1 to 1.
    Correlation,
}

/// Proximity of one of four kinds.
///
/// ```text
/// min conditional  n_kl / max(u_k, u_l)          square root  n_kl / sqrt(u_k u_l)
/// asymmetric       n_kl / u_k                    n_kl = Σ_i M_ik M_il
/// correlation      (n n_kl - u_k u_l) / sqrt(u_k (n - u_k) u_l (n - u_l))
/// ```
///
/// # Notation
///
/// | symbol | field | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | n, u_k | `presence.places`, ubiquity | |
/// | φ_kl | `values` | products × products |
///
/// # Assumptions
///
/// Products that no place has are listed and their rows are 0. So is, for the correlation, a
/// product that every place has: it does not vary. Density takes the first three; the correlation
/// has two signs, and density refuses it.
///
/// # Errors
///
/// As [`proximity`].
///
/// # Source
///
/// Hidalgo, Klinger, Barabási, Hausmann 2007 for the smaller conditional; the square root and the
/// asymmetric form are options of the programs in use.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{presence::Presence, proximity::Diagonal, relatedness::*};
/// let m = Presence::new(2, 2, vec![true, true, false, true])?;
/// // All places with the first product have the second; half of the other way about.
/// let given = proximity_by(&m, ProximityKind::Asymmetric, Diagonal::One)?;
/// assert_eq!(given.values, [1.0, 1.0, 0.5, 1.0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn proximity_by(
    presence: &Presence,
    kind: ProximityKind,
    diagonal: Diagonal,
) -> Result<Proximity, InputError> {
    let mut out = proximity(presence, diagonal)?;
    if kind == ProximityKind::MinConditional {
        return Ok(out);
    }
    let n = presence.products;
    let places = presence.places as f64;
    let u: Vec<f64> = presence.ubiquity().into_iter().map(|u| u as f64).collect();
    out.values.par_chunks_mut(n.max(1)).enumerate().for_each(|(k, row)| {
        for (l, phi) in row.iter_mut().enumerate().filter(|(l, _)| *l != k) {
            // A count comes back from its ratio to the larger ubiquity exactly.
            let both = (*phi * u[k].max(u[l])).round();
            let (above, below) = match kind {
                ProximityKind::SquareRoot => (both, (u[k] * u[l]).sqrt()),
                ProximityKind::Asymmetric => (both, u[k]),
                ProximityKind::Correlation | ProximityKind::MinConditional => (
                    places * both - u[k] * u[l],
                    (u[k] * (places - u[k])).sqrt() * (u[l] * (places - u[l])).sqrt(),
                ),
            };
            *phi = if below > 0.0 { above / below } else { 0.0 };
        }
    });
    let mut name = "geometric mean of the conditional probabilities";
    match kind {
        ProximityKind::Asymmetric => name = "probability of the column's product given the row's",
        ProximityKind::Correlation => {
            name = "correlation of presence";
            out.undefined_products = (0..n).filter(|k| u[*k] <= 0.0 || u[*k] >= places).collect();
            out.undefined_products.iter().for_each(|k| out.values[k * n + k] = 0.0);
            out.notes = undefined_note(
                &out.undefined_products,
                "products that no place has, or every place, have no correlation",
            );
        }
        ProximityKind::SquareRoot | ProximityKind::MinConditional => {}
    }
    out.convention = format!("{}; {name}, diagonal {}", presence.convention, diagonal.value());
    Ok(out)
}

/// A proximity read the other way round.
///
/// The density around k weighs with column k: of the asymmetric kind, with the probability of k
/// given each product had. Transposed, it weighs with the probability of each given k, from which
/// u_k cancels; that is the density of the Growth Lab's programs in Stata and Python for this kind.
pub fn transposed(proximity: &Proximity) -> Proximity {
    let n = proximity.products;
    let mut out = proximity.clone();
    for (at, value) in out.values.iter_mut().enumerate() {
        *value = proximity.values[at % n * n + at / n];
    }
    out.convention = format!("{}, read the other way round", proximity.convention);
    out
}

/// Density around a product by its nearest products alone.
///
/// ```text
/// ω_ik = Σ_{l in N_k} M_il φ_lk / Σ_{l in N_k} φ_lk
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | M_il | `presence.values` | places × products |
/// | φ_lk | `proximity.values` | products × products |
/// | N_k | the `nearest` products of greatest φ_lk | |
///
/// # Assumptions
///
/// Products as near as the last of them belong to N_k too, so that the answer does not hang on
/// the order of products. With a diagonal of 1 the product itself is one of them. A product whose
/// proximities are all 0 has no density; its column is 0 and it is listed.
///
/// # Errors
///
/// As [`density`](super::proximity::density); [`InputError::Setting`] for no neighbour at all.
///
/// # Source
///
/// Hidalgo, Klinger, Barabási, Hausmann 2007, with the option `knn` of the programs in use.
pub fn nearest_density(
    presence: &Presence,
    proximity: &Proximity,
    nearest: usize,
) -> Result<Density, InputError> {
    let n = presence.products;
    check_length("presence matrix", presence.places * n, presence.values.len())?;
    check_length("proximity", n * n, proximity.values.len())?;
    check_values("proximity", &proximity.values, "a correlation has no density; use another kind")?;
    let near = neighbours(proximity, Some(nearest))?;
    let mut values = vec![0.0; presence.places * n];
    values.par_chunks_mut(n.max(1)).enumerate().for_each(|(i, row)| {
        for (value, near) in row.iter_mut().zip(&near).filter(|(_, near)| !near.is_empty()) {
            let had = near.iter().filter(|(l, _)| presence.has(i, *l));
            let all: f64 = near.iter().map(|(_, p)| p).sum();
            *value = (had.map(|(_, p)| p).sum::<f64>() / all).clamp(0.0, 1.0);
        }
    });
    let undefined: Vec<usize> = (0..n).filter(|k| near[*k].is_empty()).collect();
    Ok(Density {
        places: presence.places,
        products: n,
        values,
        notes: undefined_note(&undefined, "products near to none have no density"),
        undefined_products: undefined,
        convention: format!(
            "{}; density of the {nearest} nearest, ties included, 0 to 1",
            proximity.convention
        ),
    })
}

/// The products near to each, with φ_lk: all, or the `nearest` of greatest φ_lk, nearest first, and
/// those as near as the last of them.
///
/// # Errors
///
/// [`InputError::Setting`] for no neighbour at all.
pub(super) fn neighbours(
    proximity: &Proximity,
    nearest: Option<usize>,
) -> Result<Vec<Vec<(usize, f64)>>, InputError> {
    if nearest == Some(0) {
        return Err(InputError::Setting {
            what: "nearest products".into(),
            expected: "1 or more".into(),
            got: "0".into(),
            remedy: "give a number such as 50, or use the density of all products".into(),
        });
    }
    let n = proximity.products;
    let near = |k: usize| -> Vec<(usize, f64)> {
        let column = (0..n).map(|l| proximity.values[l * n + k]);
        let mut known: Vec<(usize, f64)> = column.enumerate().filter(|(_, p)| *p > 0.0).collect();
        if let Some(nearest) = nearest {
            known.sort_by(|a, b| b.1.total_cmp(&a.1));
            if let Some(last) = known.get(nearest - 1).map(|(_, p)| *p) {
                known.retain(|(_, p)| !above(last, *p));
            }
        }
        known
    };
    Ok((0..n).into_par_iter().map(near).collect())
}

/// Relative relatedness: density among what the place does not have, in its own standard
/// deviations.
///
/// ```text
/// ω~_ik = (ω_ik - mean_i) / sd_i        mean and sd over the products l with M_il = 0, divisor n - 1
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | ω_ik | `density.values`, by custom with diagonal 0 | places × products |
/// | ω~_ik | the result, row-major | places × products |
///
/// # Result
///
/// A value for every cell, also where the place has the product; none for a product without
/// density, and for a place that lacks fewer than two products or is equally near to all of them,
/// which a note lists.
///
/// # Errors
///
/// [`InputError::Length`] when the two do not speak of the same table.
///
/// # Source
///
/// Pinheiro, Hartmann, Boschma, Hidalgo 2022, Research Policy 51.
pub fn relative_relatedness(
    presence: &Presence,
    density: &Density,
) -> Result<(Vec<Option<f64>>, Option<Note>), InputError> {
    let n = presence.products;
    check_length("presence matrix", presence.places * n, presence.values.len())?;
    check_length("density", presence.places * n, density.values.len())?;
    let mut flat = Vec::new();
    let known: Vec<bool> =
        (0..n).map(|k| density.undefined_products.binary_search(&k).is_err()).collect();
    let mut out = vec![None; presence.places * n];
    for i in 0..presence.places {
        let row = &density.values[i * n..(i + 1) * n];
        let open: Vec<f64> =
            (0..n).filter(|k| known[*k] && !presence.has(i, *k)).map(|k| row[k]).collect();
        if open.len() < 2 {
            flat.push(i);
            continue;
        }
        let mean = open.iter().sum::<f64>() / open.len() as f64;
        let squares: f64 = open.iter().map(|x| (x - mean).powi(2)).sum();
        let sd = (squares / (open.len() - 1) as f64).sqrt();
        if sd > 1e-12 * mean.abs().max(f64::MIN_POSITIVE) {
            for k in (0..n).filter(|k| known[*k]) {
                out[i * n + k] = Some((row[k] - mean) / sd);
            }
        } else {
            flat.push(i);
        }
    }
    let note = (!flat.is_empty()).then(|| Note {
        code: "without_yardstick_places",
        message: "places that lack fewer than two products, or are equally near to all that they \
                  lack, have no relative relatedness"
            .into(),
        count: flat.len(),
        rows: flat,
    });
    Ok((out, note))
}

/// Proximity between two sets of products, and density of places around the second by the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct CrossProximity {
    /// Products of the first set (rows).
    pub first: usize,
    /// Products of the second set (columns).
    pub second: usize,
    /// φ_kl, row-major, first × second.
    pub proximity: Vec<f64>,
    /// ω_il, row-major, places × second; none for a product near to none of the first set.
    pub relatedness: Vec<Option<f64>>,
}

/// Cross-proximity: goods against services, exports against patents.
///
/// ```text
/// φ_kl = Σ_i A_ik B_il / max(Σ_i A_ik, Σ_i B_il)        ω_il = Σ_k A_ik φ_kl / Σ_k φ_kl
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | A_ik, B_il | `first`, `second` | places × first, places × second |
/// | φ_kl, ω_il | `proximity`, `relatedness` | first × second, places × second |
///
/// # Assumptions
///
/// Both list the same places in the same order. M of parts of one table is that of the whole table:
/// cut the columns of M, not the table before RCA.
///
/// # Errors
///
/// [`InputError::Length`] when the places differ in number.
///
/// # Source
///
/// Catalán, Navarrete, Figueroa 2022, Research Policy 51, for patents and publications.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{presence::Presence, relatedness::cross_proximity};
/// let goods = Presence::new(2, 1, vec![true, true])?;
/// let services = Presence::new(2, 2, vec![true, false, false, false])?;
/// let found = cross_proximity(&goods, &services)?;
/// assert_eq!(found.proximity, [0.5, 0.0]);
/// assert_eq!(found.relatedness, [Some(1.0), None, Some(1.0), None]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn cross_proximity(first: &Presence, second: &Presence) -> Result<CrossProximity, InputError> {
    for set in [first, second] {
        check_length("presence matrix", set.places * set.products, set.values.len())?;
    }
    check_length("places of the second set", first.places, second.places)?;
    let (m, n) = (first.products, second.products);
    let mut proximity = vec![0.0; m * n];
    for i in 0..first.places {
        let had: Vec<usize> = (0..n).filter(|l| second.has(i, *l)).collect();
        for k in (0..m).filter(|k| first.has(i, *k)) {
            had.iter().for_each(|l| proximity[k * n + l] += 1.0);
        }
    }
    let (u, v) = (first.ubiquity(), second.ubiquity());
    for (at, phi) in proximity.iter_mut().enumerate() {
        *phi /= u[at / n].max(v[at % n]).max(1) as f64;
    }
    let around: Vec<f64> = (0..n).map(|l| (0..m).map(|k| proximity[k * n + l]).sum()).collect();
    let mut relatedness = Vec::with_capacity(first.places * n);
    for i in 0..first.places {
        let had: Vec<usize> = (0..m).filter(|k| first.has(i, *k)).collect();
        relatedness.extend((0..n).map(|l| {
            let sum: f64 = had.iter().map(|k| proximity[k * n + l]).sum();
            (around[l] > 0.0).then(|| (sum / around[l]).min(1.0))
        }));
    }
    Ok(CrossProximity { first: m, second: n, proximity, relatedness })
}
