//! The presence matrix M, its margins and its connected components.

use serde::Serialize;

use super::check_length;
use super::rca::Rca;
use crate::outcome::{InputError, Note};
use crate::panel::PlaceProduct;

/// A cell is at the cut-off when it equals it to this relative precision: an RCA is a ratio of
/// ratios of sums and carries a few units of rounding (2e-16 each, times the terms of the sums).
const ROUNDING: f64 = 1e-12;

/// RCA from which a place has a product, unless told otherwise: its share is the table's or more.
pub const CUT_OFF: f64 = 1.0;

/// Which places have which products.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Presence {
    /// Places (rows).
    pub places: usize,
    /// Products (columns).
    pub products: usize,
    /// M_ik, row-major, places × products.
    pub values: Vec<bool>,
    /// `at_cut_off`: cells that only rounding would tell from the cut-off, counted as present.
    pub notes: Vec<Note>,
    /// The rule, in one line.
    pub convention: String,
}

/// The presence matrix of an advantage matrix.
///
/// ```text
/// M_ik = 1 if RCA_ik ≥ c, else 0
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | RCA_ik | `rca.values` | places × products |
/// | c | `cut_off` | |
/// | M_ik | `values` | places × products |
///
/// # Assumptions
///
/// Equality counts, also when rounding puts a cell 1e-12 (relative) below the cut-off; such cells
/// are counted in a note, since a table of proportional rows has nothing else.
///
/// # Errors
///
/// [`InputError::Setting`] when the cut-off is not positive and finite: at 0 every cell, traded or
/// not, would be present.
///
/// # Source
///
/// Hidalgo, Hausmann 2009, with c = 1.
pub fn presence(rca: &Rca, cut_off: f64) -> Result<Presence, InputError> {
    if !(cut_off.is_finite() && cut_off > 0.0) {
        return Err(InputError::Setting {
            what: "cut-off".into(),
            expected: "a positive number".into(),
            got: cut_off.to_string(),
            remedy: "1 is the usual choice for Balassa's index".into(),
        });
    }
    let at: Vec<usize> = rca
        .values
        .iter()
        .enumerate()
        .filter(|(_, v)| (*v - cut_off).abs() <= ROUNDING * cut_off)
        .map(|(cell, _)| cell)
        .collect();
    let mut notes = Vec::new();
    if !at.is_empty() {
        notes.push(Note {
            code: "at_cut_off",
            message: "cells equal to the cut-off up to rounding, counted as present".into(),
            count: at.len(),
            rows: at,
        });
    }
    Ok(Presence {
        places: rca.places,
        products: rca.products,
        values: rca.values.iter().map(|v| *v >= cut_off * (1.0 - ROUNDING)).collect(),
        notes,
        convention: format!("present where {} ≥ {cut_off}", rca.convention),
    })
}

impl Presence {
    /// A presence matrix of the caller's own, row-major.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] when `values` is not places × products.
    pub fn new(places: usize, products: usize, values: Vec<bool>) -> Result<Self, InputError> {
        check_length("presence matrix", places * products, values.len())?;
        let convention = "presence as given".into();
        Ok(Self { places, products, values, notes: Vec::new(), convention })
    }

    /// The table's own numbers as M: 1 where the place has the product, 0 where not.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] naming the first cell that holds any other number.
    pub fn given(table: &PlaceProduct) -> Result<Self, InputError> {
        let other = table.values.iter().position(|v| *v != 0.0 && *v != 1.0);
        if let Some(cell) = other {
            return Err(InputError::Setting {
                what: format!(
                    "M (place {}, product {})",
                    cell / table.products,
                    cell % table.products
                ),
                expected: "1 for having it and 0 for not".into(),
                got: table.values[cell].to_string(),
                remedy: "correct it, or take RCA of values of trade".into(),
            });
        }
        let values = table.values.iter().map(|v| *v == 1.0).collect();
        Self::new(table.places, table.products, values)
    }

    /// Present here or there, such as by RCA or by exports per head.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] when the two are of different tables.
    pub fn or(&self, other: &Self) -> Result<Self, InputError> {
        self.joined(other, "or", |a, b| a || b)
    }

    /// Present here and there.
    ///
    /// # Errors
    ///
    /// As [`Presence::or`].
    pub fn and(&self, other: &Self) -> Result<Self, InputError> {
        self.joined(other, "and", |a, b| a && b)
    }

    fn joined(
        &self,
        other: &Self,
        word: &str,
        join: fn(bool, bool) -> bool,
    ) -> Result<Self, InputError> {
        check_length("places of the second presence", self.places, other.places)?;
        check_length("products of the second presence", self.products, other.products)?;
        check_length("second presence", self.values.len(), other.values.len())?;
        Ok(Self {
            places: self.places,
            products: self.products,
            values: self.values.iter().zip(&other.values).map(|(a, b)| join(*a, *b)).collect(),
            notes: [&self.notes[..], &other.notes].concat(),
            convention: format!("{} {word} {}", self.convention, other.convention),
        })
    }

    /// The same size with nothing outside a part.
    pub fn within(&self, part: &Component) -> Self {
        let mut values = vec![false; self.values.len()];
        for i in &part.places {
            part.products.iter().for_each(|k| values[i * self.products + k] = self.has(*i, *k));
        }
        Self { values, ..self.clone() }
    }

    /// Some places and some products of it: M of the whole, cut.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] for a place or product that it does not have.
    pub fn part(&self, places: &[usize], products: &[usize]) -> Result<Self, InputError> {
        for (what, at, n) in [
            ("place", places.iter().find(|i| **i >= self.places), self.places),
            ("product", products.iter().find(|k| **k >= self.products), self.products),
        ] {
            if let Some(at) = at {
                return Err(InputError::Setting {
                    what: format!("{what} of a part of the presence matrix"),
                    expected: format!("below {n}"),
                    got: at.to_string(),
                    remedy: "name places and products by their position".into(),
                });
            }
        }
        let values = places.iter().flat_map(|i| products.iter().map(|k| self.has(*i, *k)));
        let mut part = Self::new(places.len(), products.len(), values.collect())?;
        part.convention.clone_from(&self.convention);
        Ok(part)
    }

    /// Whether `place` has `product`.
    #[must_use]
    pub fn has(&self, place: usize, product: usize) -> bool {
        self.values[place * self.products + product]
    }

    /// Products of a place, ascending.
    fn row(&self, place: usize) -> impl Iterator<Item = usize> {
        let row = &self.values[place * self.products..(place + 1) * self.products];
        row.iter().enumerate().filter(|(_, has)| **has).map(|(k, _)| k)
    }

    /// Products of each place, d_i = Σ_k M_ik.
    #[must_use]
    pub fn diversity(&self) -> Vec<usize> {
        let count = |row: &[bool]| row.iter().filter(|has| **has).count();
        let mut diversity: Vec<usize> =
            self.values.chunks_exact(self.products.max(1)).map(count).collect();
        diversity.resize(self.places, 0);
        diversity
    }

    /// Places of each product, u_k = Σ_i M_ik.
    #[must_use]
    pub fn ubiquity(&self) -> Vec<usize> {
        let mut ubiquity = vec![0; self.products];
        for row in self.values.chunks_exact(self.products.max(1)) {
            ubiquity.iter_mut().zip(row).for_each(|(u, has)| *u += usize::from(*has));
        }
        ubiquity
    }

    /// Products as rows and places as columns: proximity of places is proximity on this.
    pub fn transposed(&self) -> Self {
        let mut values = vec![false; self.values.len()];
        for (i, row) in self.values.chunks_exact(self.products.max(1)).enumerate() {
            for (column, has) in values.chunks_exact_mut(self.places).zip(row) {
                column[i] = *has;
            }
        }
        Self {
            places: self.products,
            products: self.places,
            values,
            notes: Vec::new(),
            convention: format!("{}, transposed", self.convention),
        }
    }
}

/// Places and products that are linked, directly or through others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    /// Ids of its places, ascending.
    pub places: Vec<usize>,
    /// Ids of its products, ascending.
    pub products: Vec<usize>,
}

/// Connected components of the bipartite graph of places and products, the largest (by places,
/// then products, then first place) first.
///
/// A place without products and a product without places belong to none.
///
/// # Cost
///
/// Time in places × products.
#[must_use]
pub fn components(presence: &Presence) -> Vec<Component> {
    const NONE: usize = usize::MAX;
    let columns = presence.transposed();
    let mut of_place = vec![NONE; presence.places];
    let mut of_product = vec![NONE; presence.products];
    let mut count = 0;
    for start in 0..presence.places {
        if of_place[start] != NONE {
            continue;
        }
        of_place[start] = count;
        let mut places = vec![start];
        while let Some(i) = places.pop() {
            for k in presence.row(i).filter(|k| of_product[*k] == NONE).collect::<Vec<_>>() {
                of_product[k] = count;
                for j in columns.row(k).filter(|j| of_place[*j] == NONE).collect::<Vec<_>>() {
                    of_place[j] = count;
                    places.push(j);
                }
            }
        }
        count += 1;
    }
    let mut out = vec![Component { places: Vec::new(), products: Vec::new() }; count];
    for (i, c) in of_place.iter().enumerate() {
        out[*c].places.push(i);
    }
    for (k, c) in of_product.iter().enumerate().filter(|(_, c)| **c != NONE) {
        out[*c].products.push(k);
    }
    out.retain(|c| !c.products.is_empty());
    out.sort_by_key(|c| {
        (std::cmp::Reverse(c.places.len()), std::cmp::Reverse(c.products.len()), c.places[0])
    });
    out
}
