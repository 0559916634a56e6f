//! Long rows to a place-by-product table: what a duplicate, a gap and an absent row mean.

use std::borrow::Borrow;

use serde::Serialize;

use crate::outcome::{InputError, Note};
use crate::panel::{PlaceProduct, amount};

/// One row of a long table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Place id from 0.
    pub place: usize,
    /// Product id from 0.
    pub product: usize,
    /// Value; none when the source says that it is missing.
    pub value: Option<f64>,
}

/// What two rows for one cell mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// Refuse and name the rows (the default).
    #[default]
    Refuse,
    /// Add them up and count them.
    Sum,
}

/// What a missing value, or an absent row, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Refuse and name the first.
    #[default]
    Refuse,
    /// No flow; counted.
    Zero,
}

/// How rows become a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TableOptions {
    /// Two rows for one cell; refused by default.
    pub duplicates: Duplicates,
    /// A row whose value is missing; refused by default, since missing is not zero.
    pub missing: Gap,
    /// A cell without any row; no flow by default, as trade statistics list positive flows only.
    pub absent: Gap,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { duplicates: Duplicates::Refuse, missing: Gap::Refuse, absent: Gap::Zero }
    }
}

/// A table and what had to be decided to make it.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Assembled {
    /// The table.
    pub table: PlaceProduct,
    /// `missing_as_zero`, `absent_as_zero`, `duplicates_summed`: each with its count.
    pub notes: Vec<Note>,
    /// The options used.
    pub convention: TableOptions,
}

/// Makes a place-by-product table from long rows.
///
/// # Assumptions
///
/// Ids are dense; the labels stay with the caller.
///
/// # Errors
///
/// [`InputError::Setting`] for an id out of range, a duplicate (both rows named) or, when refused,
/// a missing or absent cell; [`InputError::Value`] naming the row of a negative or infinite value
/// (not a number counts as infinite: give a gap as none).
///
/// # Cost
///
/// Time and memory in rows plus places × products.
pub fn place_product<Rows>(
    places: usize,
    products: usize,
    rows: Rows,
    options: &TableOptions,
) -> Result<Assembled, InputError>
where
    Rows: IntoIterator<Item: Borrow<Cell>, IntoIter: Clone>,
{
    let rows = rows.into_iter();
    let mut values = vec![0.0; places * products];
    let mut listed = vec![false; places * products];
    let (mut missing, mut summed) = (Vec::new(), Vec::new());
    for (index, row) in rows.clone().enumerate() {
        let row = row.borrow();
        if row.place >= places || row.product >= products {
            return Err(refuse(
                index,
                &format!("a place below {places} and a product below {products}"),
                &format!("place {}, product {}", row.place, row.product),
                "list every place and product first",
            ));
        }
        let cell = row.place * products + row.product;
        if listed[cell] {
            if options.duplicates == Duplicates::Refuse {
                let same = |other: &Cell| (other.place, other.product) == (row.place, row.product);
                let first = rows.clone().position(|other| same(other.borrow())).unwrap_or(index);
                return Err(refuse(
                    index,
                    "one row for each place and product",
                    &format!(
                        "place {}, product {} a second time, after row {first}",
                        row.place, row.product
                    ),
                    "remove one of them, or ask for duplicates to be summed",
                ));
            }
            summed.push(index);
        }
        listed[cell] = true;
        match row.value {
            Some(value) => {
                let remedy = "a flow is finite and not negative; correct it at the source, or give \
                              a gap as missing";
                amount("rows", index, value, remedy)?;
                values[cell] += value;
            }
            None if options.missing == Gap::Refuse => {
                return Err(refuse(
                    index,
                    "a value",
                    "a missing one",
                    "missing is not zero: fill it, leave the place or product out, or ask for \
                     missing to be taken as no flow",
                ));
            }
            None => missing.push(index),
        }
    }
    let absent = listed.iter().filter(|listed| !**listed).count();
    if absent > 0 && options.absent == Gap::Refuse {
        let cell = listed.iter().position(|listed| !listed).unwrap_or(0);
        return Err(InputError::Setting {
            what: "rows".into(),
            expected: "a row for every place and product".into(),
            got: format!(
                "{absent} cells without one, first place {}, product {}",
                cell / products,
                cell % products
            ),
            remedy: "add them, or ask for absent rows to be taken as no flow".into(),
        });
    }
    let mut notes = Vec::new();
    let mut note = |code, message: &str, count, rows| {
        if count > 0 {
            notes.push(Note { code, message: message.into(), count, rows });
        }
    };
    note("missing_as_zero", "missing values taken as no flow", missing.len(), missing);
    note("absent_as_zero", "cells without a row taken as no flow", absent, Vec::new());
    note("duplicates_summed", "rows added to an earlier row of the cell", summed.len(), summed);
    let table = PlaceProduct::new(places, products, values)?;
    Ok(Assembled { table, notes, convention: *options })
}

pub(super) fn refuse(row: usize, expected: &str, got: &str, remedy: &str) -> InputError {
    InputError::Setting {
        what: format!("row {row}"),
        expected: expected.into(),
        got: got.into(),
        remedy: remedy.into(),
    }
}
