//! Hummels-Klenow margins: does a place sell more goods, or more of each, dearer or more of it.

use serde::Serialize;

use super::{check_length, check_values};
use crate::outcome::{InputError, Note};

/// The margins of one exporter in one market.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Margins {
    /// EM: weight of the exporter's products in the reference's sales, 0 to 1 where the reference
    /// includes the exporter.
    pub extensive: f64,
    /// IM: the exporter's share inside these products; none where the reference sells none of them.
    pub intensive: Option<f64>,
    /// x_ij / x_wj: equals `extensive` × `intensive`.
    pub share: f64,
    /// Price part of IM; none unless every quantity inside these products is known.
    pub price: Option<f64>,
    /// Quantity part of IM; `price` × `quantity` = `intensive`.
    pub quantity: Option<f64>,
    /// Products that the exporter sells.
    pub products: usize,
    /// Products that the reference sells.
    pub reference_products: usize,
    /// `without_reference`, `without_quantity`: products, counted.
    pub notes: Vec<Note>,
}

/// The extensive and the intensive margin of exports to one market.
///
/// ```text
/// EM = Σ_{k ∈ K} x_wk / Σ_k x_wk      IM = Σ_{k ∈ K} x_k / Σ_{k ∈ K} x_wk      EM × IM = x / x_w
/// P = Π_{k ∈ K} (p_k / p_wk)^{w_k}    Q = Π_{k ∈ K} (q_k / q_wk)^{w_k}        P × Q = IM
/// w_k ∝ (s_k - s_wk) / (ln s_k - ln s_wk)
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | x_k | `own`: sales of the exporter in the market | products |
/// | x_wk | `reference`: sales of the reference in the market | products |
/// | q_k, q_wk | `quantities`: the same in quantities, 0 where not known | products |
/// | K | products with x_k > 0 | |
/// | p | unit value x / q | |
/// | s_k, s_wk | shares of k in the sum over K of each | |
///
/// # Assumptions
///
/// The caller decides whether the reference includes the exporter. A product that only the
/// exporter sells, where the reference leaves it out, has no reference and no unit value to
/// compare with; it counts in IM, and is noted. Quantities of one product are in one unit.
///
/// # Errors
///
/// [`InputError::Length`], [`InputError::Value`], [`InputError::Undefined`] when the exporter or
/// the reference sells nothing.
///
/// # Source
///
/// Hummels, Klenow 2005, The Variety and Quality of a Nation's Exports, equations 2-5; weights of
/// Sato 1976 and Vartia 1976.
pub fn hummels_klenow(
    own: &[f64],
    reference: &[f64],
    quantities: Option<[&[f64]; 2]>,
) -> Result<Margins, InputError> {
    check_length("reference", own.len(), reference.len())?;
    let remedy = "a flow is finite and not negative; settle gaps first";
    check_values("exporter's sales", own, remedy)?;
    check_values("reference's sales", reference, remedy)?;
    for values in quantities.iter().flatten() {
        check_length("quantities", own.len(), values.len())?;
        check_values("quantities", values, "a quantity is finite and not negative")?;
    }
    let (x, x_w): (f64, f64) = (own.iter().sum(), reference.iter().sum());
    for (total, who) in [(x, "exporter"), (x_w, "reference")] {
        if total <= 0.0 {
            return Err(InputError::Undefined {
                what: "Hummels-Klenow margins".into(),
                reason: format!("the {who} sells nothing in the market"),
                remedy: "choose a pair that trades".into(),
            });
        }
    }
    let sold: Vec<usize> = (0..own.len()).filter(|k| own[*k] > 0.0).collect();
    let inside: f64 = sold.iter().map(|k| reference[*k]).sum();
    let alone: Vec<usize> = sold.iter().copied().filter(|k| reference[*k] <= 0.0).collect();
    let mut notes = Vec::new();
    let mut note = |code, message: &str, rows: Vec<usize>| {
        if !rows.is_empty() {
            notes.push(Note { code, message: message.into(), count: rows.len(), rows });
        }
    };
    let (mut price, mut quantity) = (None, None);
    if let Some([q, q_w]) = quantities {
        let known = |k: &&usize| q[**k] > 0.0 && q_w[**k] > 0.0;
        let unknown: Vec<usize> = sold.iter().filter(|k| !known(k)).copied().collect();
        if unknown.is_empty() && alone.is_empty() {
            let w = sato_vartia(&sold, own, x, reference, inside);
            let mean = |ratio: &dyn Fn(usize) -> f64| -> f64 {
                sold.iter().zip(&w).map(|(k, w)| w * ratio(*k).ln()).sum::<f64>().exp()
            };
            price = Some(mean(&|k| own[k] / q[k] / (reference[k] / q_w[k])));
            quantity = Some(mean(&|k| q[k] / q_w[k]));
        }
        note(
            "without_quantity",
            "products without a known quantity on both sides: no split of price and quantity",
            unknown,
        );
    }
    note("without_reference", "products that only the exporter sells", alone);
    Ok(Margins {
        extensive: (inside / x_w).min(1.0),
        intensive: (inside > 0.0).then(|| x / inside),
        share: x / x_w,
        price,
        quantity,
        products: sold.len(),
        reference_products: reference.iter().filter(|v| **v > 0.0).count(),
        notes,
    })
}

/// Weights that make price and quantity parts multiply to the ratio of values.
fn sato_vartia(sold: &[usize], own: &[f64], x: f64, reference: &[f64], inside: f64) -> Vec<f64> {
    let mut w: Vec<f64> =
        sold.iter().map(|k| logarithmic_mean(own[*k] / x, reference[*k] / inside)).collect();
    let sum: f64 = w.iter().sum();
    w.iter_mut().for_each(|w| *w /= sum);
    w
}

/// (a - b) / (ln a - ln b); a where they are equal.
#[must_use]
pub fn logarithmic_mean(a: f64, b: f64) -> f64 {
    let r = (a - b) / b;
    if r == 0.0 {
        a
    } else if r.abs() < 0.5 {
        // Near each other the difference of the logarithms has lost its digits, far apart r has.
        b * r / r.ln_1p()
    } else {
        (a - b) / (a / b).ln()
    }
}
