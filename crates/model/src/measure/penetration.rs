//! Export market penetration: how many of the possible markets an exporter reaches.

use serde::Serialize;

use super::bilateral::Bilateral;
use crate::outcome::InputError;

/// Markets reached of the markets possible.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Penetration {
    /// Reached over possible, 0 to 1.
    pub penetration: f64,
    /// Pairs of product and market that the exporter supplies.
    pub reached: usize,
    /// Pairs of a product that it exports and a market that imports the product from anyone.
    pub possible: usize,
    /// Products exported.
    pub products: usize,
    /// Reached and possible markets of each product; none for a product not exported.
    pub by_product: Vec<Option<(usize, usize)>>,
}

/// Export market penetration of one exporter.
///
/// ```text
/// EMP_i = Σ_{k ∈ K_i} #{j : x_ijk > 0} / Σ_{k ∈ K_i} #{j ≠ i : x_.jk > 0}
/// ```
///
/// # Notation
///
/// | symbol | meaning |
/// | --- | --- |
/// | K_i | products that i exports |
/// | x_.jk | imports of product k by j from all exporters |
///
/// # Assumptions
///
/// The own market of the exporter is not a possible one. A flow of any positive size reaches a
/// market. The number of products follows the classification: say its level.
///
/// # Errors
///
/// [`InputError::Setting`] for a place out of range, [`InputError::Undefined`] when it exports
/// nothing.
///
/// # Cost
///
/// Linear in flows + places × products.
///
/// # Source
///
/// World Bank, WITS Online Trade Outcomes Indicators, 2013, index of export market penetration.
pub fn market_penetration(table: &Bilateral, exporter: usize) -> Result<Penetration, InputError> {
    if exporter >= table.places {
        return Err(InputError::Setting {
            what: "exporter".into(),
            expected: format!("a place below {}", table.places),
            got: exporter.to_string(),
            remedy: "list every place first".into(),
        });
    }
    let mut served = vec![0_usize; table.products];
    for flow in table.of_origin(exporter).iter().filter(|f| f.destination != exporter) {
        served[flow.product] += 1;
    }
    if served.iter().all(|count| *count == 0) {
        return Err(InputError::Undefined {
            what: "export market penetration".into(),
            reason: "the place exports nothing".into(),
            remedy: "choose a place that exports".into(),
        });
    }
    let mut imports = vec![false; table.places * table.products];
    for flow in table.flows().iter().filter(|f| f.origin != f.destination) {
        imports[flow.destination * table.products + flow.product] = true;
    }
    let by_product: Vec<Option<(usize, usize)>> = (0..table.products)
        .map(|k| {
            let markets = || (0..table.places).filter(|j| *j != exporter);
            (served[k] > 0)
                .then(|| (served[k], markets().filter(|j| imports[j * table.products + k]).count()))
        })
        .collect();
    let known = || by_product.iter().flatten();
    let reached = known().map(|(reached, _)| reached).sum();
    let possible = known().map(|(_, possible)| possible).sum();
    Ok(Penetration {
        penetration: reached as f64 / possible as f64,
        reached,
        possible,
        products: known().count(),
        by_product,
    })
}
