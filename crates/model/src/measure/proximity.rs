//! Proximity of products and density of places around them.

use rayon::prelude::*;
use serde::Serialize;

use super::presence::Presence;
use super::{check_length, check_values};
use crate::outcome::{InputError, Note};

/// The proximity of a product to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Diagonal {
    /// 1: the product itself counts in density (the default, as in the Atlas).
    #[default]
    One,
    /// 0: density rests on the other products only.
    Zero,
}

/// Proximity of each pair of products.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Proximity {
    /// Products (rows and columns).
    pub products: usize,
    /// φ_kl, row-major, symmetric, 0 to 1.
    pub values: Vec<f64>,
    /// Products that no place has: their rows are 0 and mean nothing.
    pub undefined_products: Vec<usize>,
    /// `undefined_products` as a note.
    pub notes: Vec<Note>,
    /// The diagonal used.
    pub diagonal: Diagonal,
    /// The conventions used, in one line.
    pub convention: String,
}

/// Proximity: the smaller of the two conditional probabilities of having one product given the
/// other.
///
/// ```text
/// φ_kl = Σ_i M_ik M_il / max(u_k, u_l)
/// ```
///
/// # Notation
///
/// | symbol | field | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | u_k | ubiquity of k | products |
/// | φ_kl | `values` | products × products |
///
/// # Assumptions
///
/// A product that no place has is listed and its row is 0. For the proximity of places, pass
/// [`Presence::transposed`].
///
/// # Errors
///
/// [`InputError::Length`] when the presence matrix has not the size that it says.
///
/// # Cost
///
/// products² × places / 64 steps, products² × 8 bytes; any number of threads gives the same bytes.
///
/// # Source
///
/// Hidalgo, Klinger, Barabási, Hausmann 2007, Science 317, equation 1.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{presence::Presence, proximity::*};
/// let m = vec![true, true, false, true]; // one place has both, the other the second only
/// let phi = proximity(&Presence::new(2, 2, m)?, Diagonal::One)?;
/// assert_eq!(phi.values, [1.0, 0.5, 0.5, 1.0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn proximity(presence: &Presence, diagonal: Diagonal) -> Result<Proximity, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    let n = presence.products;
    let ubiquity = presence.ubiquity();
    // One bit per place: co-occurrence of two products is a count of common bits.
    let words = presence.places.div_ceil(64).max(1);
    let mut bits = vec![0u64; n * words];
    for i in 0..presence.places {
        for k in (0..n).filter(|k| presence.has(i, *k)) {
            bits[k * words + i / 64] |= 1 << (i % 64);
        }
    }
    let mut values = vec![0.0; n * n];
    // The upper half is counted, the lower one copied.
    // Counting bits is one instruction on most machines, but not on the oldest that we run on.
    let machine = pulp::Arch::new();
    values.par_chunks_mut(n.max(1)).enumerate().for_each(|(k, row)| {
        machine.dispatch(
            #[inline(always)]
            || match words {
                4 => upper_row::<4>(k, &bits, &ubiquity, row),
                _ => upper_row_of_any(k, words, &bits, &ubiquity, row),
            },
        );
    });
    mirror(&mut values, n, 0..n);
    if diagonal == Diagonal::Zero {
        (0..n).for_each(|k| values[k * n + k] = 0.0);
    }
    let undefined: Vec<usize> = (0..n).filter(|k| ubiquity[*k] == 0).collect();
    Ok(Proximity {
        products: n,
        values,
        notes: undefined_note(&undefined, "products that no place has have no proximity"),
        undefined_products: undefined,
        diagonal,
        convention: format!(
            "{}; smaller conditional probability, diagonal {}",
            presence.convention,
            match diagonal {
                Diagonal::One => 1,
                Diagonal::Zero => 0,
            }
        ),
    })
}

/// φ_kl for l ≥ k, with the words of a column known to the compiler: 193 to 256 places, the
/// countries of the world.
#[inline(always)]
fn upper_row<const W: usize>(k: usize, bits: &[u64], ubiquity: &[usize], row: &mut [f64]) {
    let (columns, _) = bits.as_chunks::<W>();
    let own = columns[k];
    for ((phi, other), u) in row[k..].iter_mut().zip(&columns[k..]).zip(&ubiquity[k..]) {
        let mut both = 0;
        for w in 0..W {
            both += (own[w] & other[w]).count_ones();
        }
        *phi = ratio(both, ubiquity[k].max(*u));
    }
}

/// The same for any number of places.
#[inline(always)]
fn upper_row_of_any(k: usize, words: usize, bits: &[u64], ubiquity: &[usize], row: &mut [f64]) {
    let own = &bits[k * words..(k + 1) * words];
    let others = bits[k * words..].chunks_exact(words);
    for ((phi, other), u) in row[k..].iter_mut().zip(others).zip(&ubiquity[k..]) {
        let both = own.iter().zip(other).map(|(a, b)| (a & b).count_ones()).sum();
        *phi = ratio(both, ubiquity[k].max(*u));
    }
}

#[inline(always)]
fn ratio(both: u32, larger: usize) -> f64 {
    // A product that no place has shares nothing: 0, not 0 / 0.
    f64::from(both) / larger.max(1) as f64
}

/// Copies the upper half of `rows` × `rows` below the diagonal: the square of the lower half of
/// the rows by the columns before them at once, then the two halves apart.
fn mirror(values: &mut [f64], n: usize, rows: std::ops::Range<usize>) {
    const SMALL: usize = 32;
    let first = rows.start;
    if rows.len() <= SMALL {
        for k in rows.clone() {
            for l in first..k {
                values[(k - first) * n + l] = values[(l - first) * n + k];
            }
        }
        return;
    }
    let middle = first + rows.len() / 2;
    let (upper, lower) = values.split_at_mut((middle - first) * n);
    lower.par_chunks_mut(n * SMALL).enumerate().for_each(|(block, chunk)| {
        let from = middle + block * SMALL;
        for start in (first..middle).step_by(SMALL) {
            for (row, line) in chunk.chunks_mut(n).enumerate() {
                for l in start..(start + SMALL).min(middle) {
                    line[l] = upper[(l - first) * n + from + row];
                }
            }
        }
    });
    rayon::join(|| mirror(upper, n, first..middle), || mirror(lower, n, middle..rows.end));
}

/// Density of each place around each product.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Density {
    /// Places (rows).
    pub places: usize,
    /// Products (columns).
    pub products: usize,
    /// ω_ik, row-major, places × products, 0 to 1.
    pub values: Vec<f64>,
    /// Products near to none: their columns are 0 and mean nothing.
    pub undefined_products: Vec<usize>,
    /// `undefined_products` as a note.
    pub notes: Vec<Note>,
    /// The conventions used, in one line.
    pub convention: String,
}

/// Density: the part of the proximity around a product that a place already has.
///
/// ```text
/// ω_ik = Σ_l M_il φ_lk / Σ_l φ_lk
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | M_il | `presence.values` | places × products |
/// | φ_lk | `proximity.values`; symmetric, or the probability of k given l | products × products |
/// | ω_ik | `values` | places × products |
///
/// # Assumptions
///
/// Whether the product itself counts was decided with the proximity's diagonal. A product whose
/// proximities are all 0 has no density; its column is 0 and it is listed. 1 - ω is the distance.
///
/// # Errors
///
/// [`InputError::Length`] when the two do not speak of the same products; [`InputError::Value`] for
/// a negative proximity.
///
/// # Cost
///
/// products × Σ M steps; any number of threads gives the same bytes.
///
/// # Source
///
/// Hidalgo, Klinger, Barabási, Hausmann 2007, equation 2.
pub fn density(presence: &Presence, proximity: &Proximity) -> Result<Density, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    let n = presence.products;
    check_length("proximity", n * n, proximity.values.len())?;
    check_values("proximity", &proximity.values, "a correlation has no density; use another kind")?;
    let row = |k: usize| &proximity.values[k * n..(k + 1) * n];
    // Columns, as in the sums below: the asymmetric kind has rows of another sum.
    let mut around = vec![0.0; n];
    for l in 0..n {
        around.iter_mut().zip(row(l)).for_each(|(sum, phi)| *sum += phi);
    }
    let mut values = vec![0.0; presence.places * n];
    values.par_chunks_mut(n.max(1)).enumerate().for_each(|(i, out)| {
        for l in (0..n).filter(|l| presence.has(i, *l)) {
            for (sum, phi) in out.iter_mut().zip(row(l)) {
                *sum += phi;
            }
        }
        for (sum, around) in out.iter_mut().zip(&around) {
            *sum = if *around > 0.0 { (*sum / around).min(1.0) } else { 0.0 };
        }
    });
    let undefined: Vec<usize> = (0..n).filter(|k| around[*k] <= 0.0).collect();
    Ok(Density {
        places: presence.places,
        products: n,
        values,
        notes: undefined_note(&undefined, "products near to none have no density"),
        undefined_products: undefined,
        convention: format!("{}; density 0 to 1", proximity.convention),
    })
}

pub(super) fn undefined_note(rows: &[usize], message: &str) -> Vec<Note> {
    if rows.is_empty() {
        return Vec::new();
    }
    vec![Note {
        code: "undefined_products",
        message: message.into(),
        count: rows.len(),
        rows: rows.to_vec(),
    }]
}
