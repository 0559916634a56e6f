//! The seam between tables and numbers: dense ids and values.
//!
//! `tables` is the only producer. Ids count from 0 in each dimension; the labels that belong to
//! them stay with the producer.

use crate::outcome::InputError;

/// Largest value of a table: any ten billion of them add up to a number that a computer has, and
/// so does the sum of two such totals. What is larger is a slip of units.
pub const LARGEST_VALUE: f64 = 1e290;

/// A place-by-place matrix of flows, rows origins and columns destinations.
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | N | `n` | | places |
/// | X_ij | `values[i * n + j]` | N × N, row-major | the table's unit |
#[derive(Debug, Clone, PartialEq)]
pub struct SquareFlows {
    /// Number of places.
    pub n: usize,
    /// Flows from row to column; the diagonal holds domestic sales.
    pub values: Vec<f64>,
}

impl SquareFlows {
    /// Checks the shape and that every flow is finite and not negative.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] when `values` is not n × n, [`InputError::Value`] naming the first
    /// cell that is negative or not finite.
    pub fn new(n: usize, values: Vec<f64>) -> Result<Self, InputError> {
        if values.len() != n * n {
            return Err(InputError::Length {
                what: "flows".into(),
                expected: n * n,
                got: values.len(),
            });
        }
        check_flows(&values)?;
        Ok(Self { n, values })
    }

    /// The flow from `origin` to `destination`.
    #[must_use]
    pub fn get(&self, origin: usize, destination: usize) -> f64 {
        self.values[origin * self.n + destination]
    }
}

/// A place-by-product matrix: exports of each place by product.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceProduct {
    /// Number of places (rows).
    pub places: usize,
    /// Number of products (columns).
    pub products: usize,
    /// Values, row-major, places × products.
    pub values: Vec<f64>,
}

impl PlaceProduct {
    /// Checks the shape and that every value is finite and not negative.
    ///
    /// # Errors
    ///
    /// As [`SquareFlows::new`].
    pub fn new(places: usize, products: usize, values: Vec<f64>) -> Result<Self, InputError> {
        if values.len() != places * products {
            return Err(InputError::Length {
                what: "place-by-product table".into(),
                expected: places * products,
                got: values.len(),
            });
        }
        check_flows(&values)?;
        Ok(Self { places, products, values })
    }

    /// Some places and some products of it.
    ///
    /// # Errors
    ///
    /// As [`PlaceProduct::new`].
    ///
    /// # Panics
    ///
    /// For a position that the table does not have.
    pub fn part(&self, places: &[usize], products: &[usize]) -> Result<Self, InputError> {
        let cells = places.iter().flat_map(|i| products.iter().map(move |k| i * self.products + k));
        let values = cells.map(|cell| self.values[cell]).collect();
        Self::new(places.len(), products.len(), values)
    }
}

fn check_flows(values: &[f64]) -> Result<(), InputError> {
    let remedy = "flows are finite and not negative; missing cells must be filled or left out by \
                  the caller, who knows which";
    let mut each = values.iter().enumerate();
    each.try_for_each(|(index, value)| amount("flows", index, *value, remedy))
}

/// Refuses a value that is negative, missing, infinite, or too large to be added up.
#[inline]
pub(crate) fn amount(what: &str, index: usize, value: f64, remedy: &str) -> Result<(), InputError> {
    if (0.0..=LARGEST_VALUE).contains(&value) {
        return Ok(());
    }
    let remedy = match value.is_finite() && value > 0.0 {
        true => format!("no more than {LARGEST_VALUE:e} can be added up; take a larger unit"),
        false => remedy.to_owned(),
    };
    Err(InputError::Value { what: what.into(), index, value, remedy })
}
