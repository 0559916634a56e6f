//! Quantities at base prices, and the discounts at which other buyers were found.

use super::cells::Table;
use super::counterfactual::{Expected, Question, expected};
use super::{Prices, Records, Sums};
use crate::outcome::{InputError, Note, Status};
use crate::simulate::account::Split;

/// The account in quantities at the base period's unit values in the closed markets.
pub(super) fn in_quantities(
    records: &Records<'_>,
    quantity: &[f64],
    values: &Table,
    question: &Question<'_>,
    status: &mut Status,
    notes: &mut Vec<Note>,
) -> Result<(Sums, Vec<f64>), InputError> {
    let table = Table::new(records, quantity, "quantity", values.absent_is_zero)?;
    let (mut sold, mut weighed) = (vec![0.0; records.products], vec![0.0; records.products]);
    for (cell, value) in table.cells.iter().zip(&values.cells) {
        let known = cell.x[0].is_finite() && value.x[0].is_finite();
        if known && question.own(cell) && question.closed.binary_search(&cell.j).is_ok() {
            sold[cell.k] += value.x[0];
            weighed[cell.k] += cell.x[0];
        }
    }
    let price = |k: usize| if weighed[k] > 0.0 { sold[k] / weighed[k] } else { f64::NAN };
    let base_price: Vec<f64> = (0..records.products).map(price).collect();
    let without: Vec<usize> =
        (0..records.products).filter(|&k| question.products[k] && base_price[k].is_nan()).collect();
    if !without.is_empty() {
        notes.push(Note {
            code: "products_without_unit_value",
            message: format!(
                "{} products have no quantity in the closed markets before: they are in the value \
                 account only",
                without.len()
            ),
            count: without.len(),
            rows: without,
        });
    }
    let found: Expected = expected(&table, question)?;
    if found.status != Status::Converged {
        *status = found.status;
    }
    let mut sums = Sums::new(&table, question, &found.values, &base_price);
    // A discount compares value and quantity of the same cells.
    sums.at_base.fill(0.0);
    for (cell, value) in table.cells.iter().zip(&values.cells) {
        let at_base = base_price[cell.k] * cell.x[1];
        if question.own(cell) && at_base.is_finite() && value.x[1].is_finite() {
            sums.at_base[cell.j] += at_base;
            sums.paid[cell.j] += value.x[1];
        }
    }
    Ok((sums, base_price))
}

/// The discounts, and the part of what was redirected that is price.
pub(super) fn prices(
    question: &Question<'_>,
    value: &Split,
    quantity: &Split,
    sums: &Sums,
    base_price: Vec<f64>,
) -> Prices {
    let places = value.redirected.len();
    let third = |j: &usize| *j != question.exporter && question.closed.binary_search(j).is_err();
    let discount =
        |paid: f64, at_base: f64| if at_base > 0.0 { 1.0 - paid / at_base } else { f64::NAN };
    let add = |of: &[f64]| (0..places).filter(third).map(|j| of[j]).sum::<f64>();
    Prices {
        discount: (0..places).map(|j| discount(sums.paid[j], sums.at_base[j])).collect(),
        discount_abroad: discount(add(&sums.paid), add(&sums.at_base)),
        price_part: value.redirected.iter().zip(&quantity.redirected).map(|(v, q)| v - q).collect(),
        base_price,
    }
}
