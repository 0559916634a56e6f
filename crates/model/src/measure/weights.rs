//! M of weights: how much a place has of a product, where 0 and 1 are not enough.

use super::presence::{Component, Presence};
use super::rca::Rca;
use super::{check_length, check_values};
use crate::outcome::{InputError, Note};
use crate::panel::PlaceProduct;

/// M_ik from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    places: usize,
    products: usize,
    values: Vec<f64>,
    /// The rule, in one line.
    pub convention: String,
}

impl Weights {
    /// The table's own numbers as M.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] naming the first cell that is not from 0 to 1.
    pub fn given(table: &PlaceProduct) -> Result<Self, InputError> {
        let (places, products) = (table.places, table.products);
        check_length("matrix of weights", places * products, table.values.len())?;
        if let Some(cell) = table.values.iter().position(|v| !(0.0..=1.0).contains(v)) {
            return Err(InputError::Setting {
                what: format!("M (place {}, product {})", cell / products, cell % products),
                expected: "a weight from 0 to 1".into(),
                got: table.values[cell].to_string(),
                remedy: "divide the weights by the largest of them, or take RCA of values of trade"
                    .into(),
            });
        }
        let (values, convention) = (table.values.clone(), "M as given, 0 to 1".into());
        Ok(Self { places, products, values, convention })
    }

    /// A step made smooth: half a product at the table's average, nearly all of it far above.
    ///
    /// ```text
    /// M_ik = RCA_ik / (1 + RCA_ik)
    /// ```
    ///
    /// # Errors
    ///
    /// [`InputError::Value`] for an index below 0, which the symmetric, normalised and additive
    /// scales have.
    ///
    /// # Source
    ///
    /// The option of the Growth Lab's programs for a continuous M, with both parameters 1.
    pub fn saturating(rca: &Rca) -> Result<Self, InputError> {
        check_length("matrix of RCA", rca.places * rca.products, rca.values.len())?;
        check_values("RCA", &rca.values, "take Balassa's ratio or exports per head")?;
        Ok(Self {
            places: rca.places,
            products: rca.products,
            values: rca.values.iter().map(|r| r / (1.0 + r)).collect(),
            convention: format!("M = R/(1 + R) with R {}", rca.convention),
        })
    }

    /// Places (rows).
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// Products (columns).
    #[must_use]
    pub fn products(&self) -> usize {
        self.products
    }

    /// M_ik, row-major.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// d_i = Σ_k M_ik.
    #[must_use]
    pub fn diversity(&self) -> Vec<f64> {
        self.values.chunks(self.products.max(1)).map(|row| row.iter().sum()).collect()
    }

    /// The same size with nothing outside a part.
    #[must_use]
    pub fn within(&self, part: &Component) -> Self {
        let mut values = vec![0.0; self.values.len()];
        for i in &part.places {
            for k in &part.products {
                values[i * self.products + k] = self.values[i * self.products + k];
            }
        }
        Self { values, ..self.clone() }
    }

    /// Where M is above 0.
    pub fn pattern(&self) -> Presence {
        Presence {
            places: self.places,
            products: self.products,
            values: self.values.iter().map(|m| *m > 0.0).collect(),
            notes: Vec::<Note>::new(),
            convention: self.convention.clone(),
        }
    }
}
