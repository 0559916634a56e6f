//! The income that goes with a basket: PRODY of products and EXPY of places.

use serde::Serialize;

use super::rca::Margins;
use super::{check_length, check_values};
use crate::outcome::InputError;
use crate::panel::PlaceProduct;

/// PRODY per product and EXPY per place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct IncomeContent {
    /// Income of the places that export a product; none for a product nobody exports.
    pub prody: Vec<Option<f64>>,
    /// Mean PRODY of a place's basket; none for a place without exports.
    pub expy: Vec<Option<f64>>,
}

/// PRODY and EXPY.
///
/// ```text
/// PRODY_k = Σ_i (s_ik / Σ_j s_jk) y_i        s_ik = x_ik / x_i.
/// EXPY_i  = Σ_k s_ik PRODY_k
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape | unit |
/// | --- | --- | --- | --- |
/// | x_ik | `table.values` | places × products | the table's |
/// | y_i | `income` | places | income per head |
/// | PRODY_k, EXPY_i | `prody`, `expy` | products, places | as y |
///
/// # Assumptions
///
/// Every place has an income: leave places without one out of the table, since the weights of
/// the others depend on them.
///
/// # Errors
///
/// As [`rca`](super::rca::rca); [`InputError::Length`] and [`InputError::Value`] for incomes that
/// do not fit.
///
/// # Source
///
/// Hausmann, Hwang, Rodrik 2007, Journal of Economic Growth 12, equations 1 and 2.
///
/// # Example
///
/// ```
/// use emporion_model::{measure::income::income_content, panel::PlaceProduct};
/// let table = PlaceProduct::new(2, 2, vec![1.0, 1.0, 0.0, 2.0])?;
/// let found = income_content(&table, &[300.0, 600.0])?;
/// assert_eq!(found.prody, [Some(300.0), Some(500.0)]);
/// assert_eq!(found.expy, [Some(400.0), Some(500.0)]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn income_content(table: &PlaceProduct, income: &[f64]) -> Result<IncomeContent, InputError> {
    let margins = Margins::of(table)?;
    check_length("income", table.places, income.len())?;
    check_values("income", income, "give an income for every place, or leave the place out")?;
    let share = |i: usize, k: usize| table.values[i * table.products + k] / margins.place[i];
    let exporters = || (0..table.places).filter(|i| margins.place[*i] > 0.0);
    let prody: Vec<Option<f64>> = (0..table.products)
        .map(|k| {
            let whole: f64 = exporters().map(|i| share(i, k)).sum();
            let weighted: f64 = exporters().map(|i| share(i, k) * income[i]).sum();
            (whole > 0.0).then(|| weighted / whole)
        })
        .collect();
    let expy = (0..table.places)
        .map(|i| {
            let parts = prody.iter().enumerate().filter_map(|(k, p)| p.map(|p| share(i, k) * p));
            (margins.place[i] > 0.0).then(|| parts.sum())
        })
        .collect();
    Ok(IncomeContent { prody, expy })
}
