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

impl Diagonal {
    /// 1 or 0.
    #[must_use]
    pub fn value(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Zero => 0,
        }
    }
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
    let rows = ProximityRows::new(presence, diagonal)?;
    let n = rows.products();
    let mut values = vec![0.0; n * n];
    values.par_chunks_mut(n.max(1)).enumerate().for_each(|(k, row)| rows.fill(k, row));
    Ok(Proximity {
        products: n,
        values,
        notes: undefined_note(
            &rows.undefined_products,
            "products that no place has have no proximity",
        ),
        undefined_products: rows.undefined_products,
        diagonal,
        convention: rows.convention,
    })
}

/// The same proximities one row at a time, for whom products² × 8 bytes are too many.
///
/// # Errors
///
/// As [`proximity`].
///
/// # Cost
///
/// A row takes products × places / 64 steps; all that is kept is M, a bit for each cell.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{presence::Presence, proximity::*};
/// let m = Presence::new(2, 2, vec![true, true, false, true])?;
/// let rows = ProximityRows::new(&m, Diagonal::One)?;
/// let mut row = [0.0; 2];
/// rows.fill(1, &mut row);
/// assert_eq!(row, [0.5, 1.0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ProximityRows {
    /// Bits of a product, one for each place, in `words` words.
    bits: Vec<u64>,
    words: usize,
    ubiquity: Vec<u32>,
    diagonal: Diagonal,
    machine: pulp::Arch,
    /// Products that no place has: their rows are 0 and mean nothing.
    pub undefined_products: Vec<usize>,
    /// The conventions used, in one line.
    pub convention: String,
}

impl ProximityRows {
    /// Takes the bits of M.
    ///
    /// # Errors
    ///
    /// As [`proximity`].
    pub fn new(presence: &Presence, diagonal: Diagonal) -> Result<Self, InputError> {
        let (places, n) = (presence.places, presence.products);
        check_length("presence matrix", places * n, presence.values.len())?;
        // One bit per place: co-occurrence of two products is a count of common bits.
        let words = places.div_ceil(64).max(1);
        let mut bits = vec![0u64; n * words];
        for (i, row) in presence.values.chunks_exact(n.max(1)).enumerate() {
            for (own, has) in bits.chunks_exact_mut(words).zip(row) {
                own[i / 64] |= u64::from(*has) << (i % 64);
            }
        }
        let count = |own: &[u64]| own.iter().map(|word| word.count_ones()).sum();
        let ubiquity: Vec<u32> = bits.chunks_exact(words).map(count).collect();
        Ok(Self {
            undefined_products: (0..n).filter(|k| ubiquity[*k] == 0).collect(),
            bits,
            words,
            ubiquity,
            diagonal,
            machine: pulp::Arch::new(),
            convention: format!(
                "{}; smaller conditional probability, diagonal {}",
                presence.convention,
                diagonal.value()
            ),
        })
    }

    /// Number of products.
    #[must_use]
    pub fn products(&self) -> usize {
        self.ubiquity.len()
    }

    /// Writes φ_k· into `row`, which has a place for each product.
    ///
    /// # Panics
    ///
    /// For a product that is not in the table.
    pub fn fill(&self, product: usize, row: &mut [f64]) {
        // Counting bits is one instruction on most machines, but not on the oldest that we run on.
        self.machine.dispatch(Fill { rows: self, product, row });
        if self.diagonal == Diagonal::Zero {
            row[product] = 0.0;
        }
    }
}

/// One row, compiled for each kind of machine.
struct Fill<'a> {
    rows: &'a ProximityRows,
    product: usize,
    row: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        match self.rows.words {
            4 => self.countries(),
            _ => self.any(),
        }
    }
}

impl Fill<'_> {
    /// With the words of a product known to the compiler: 193 to 256 places, the countries of the
    /// world.
    #[inline(always)]
    fn countries(self) {
        let (columns, _) = self.rows.bits.as_chunks::<4>();
        let ubiquity = &self.rows.ubiquity;
        let (own, u) = (columns[self.product], ubiquity[self.product]);
        for ((phi, other), v) in self.row.iter_mut().zip(columns).zip(ubiquity) {
            let both = (0..4).map(|w| (own[w] & other[w]).count_ones()).sum();
            *phi = ratio(both, u.max(*v));
        }
    }

    /// The same for any number of places.
    #[inline(always)]
    fn any(self) {
        let (words, ubiquity) = (self.rows.words, &self.rows.ubiquity);
        let own = &self.rows.bits[self.product * words..(self.product + 1) * words];
        let u = ubiquity[self.product];
        let others = self.rows.bits.chunks_exact(words);
        for ((phi, other), v) in self.row.iter_mut().zip(others).zip(ubiquity) {
            let both = own.iter().zip(other).map(|(a, b)| (a & b).count_ones()).sum();
            *phi = ratio(both, u.max(*v));
        }
    }
}

#[inline(always)]
fn ratio(both: u32, larger: u32) -> f64 {
    // A product that no place has shares nothing: 0, not 0 / 0.
    f64::from(both) / f64::from(larger.max(1))
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
