//! Trade both ways in the same products, on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::bilateral::Bilateral;
use emporion_model::measure::intra_industry::{grubel_lloyd, marginal_intra_industry};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::trade::Asked;
use crate::book::{Book, refuse};

/// Registers `intra_industry`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("intra_industry", move |kwargs: Kwargs| intra_industry(&b, &kwargs));
}

/// Exports and imports of a side with another by product.
fn both_ways(table: &Bilateral, own: &[usize], partner: &[usize], m: usize) -> [Vec<f64>; 2] {
    let [mut exports, mut imports] = [vec![0.0; m], vec![0.0; m]];
    for flow in table.flows() {
        let (out, into) = (own.contains(&flow.origin), own.contains(&flow.destination));
        if out && !into && partner.contains(&flow.destination) {
            exports[flow.product] += flow.value;
        } else if into && !out && partner.contains(&flow.origin) {
            imports[flow.product] += flow.value;
        }
    }
    [exports, imports]
}

/// `intra_industry(exporter, partner, from, to)`: Grubel-Lloyd; between two years Brülhart's
/// marginal index.
fn intra_industry(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let asked = Asked::new(book, kwargs, "intra_industry", &["exporter", "partner", "from", "to"])?;
    let own = asked.members("exporter")?;
    let partner = match asked.option("partner") {
        Some(_) => asked.members("partner")?,
        None => (0..asked.labels.places.len()).collect(),
    };
    let m = asked.labels.products.len();
    let sides: Vec<[Vec<f64>; 2]> =
        asked.tables.iter().map(|table| both_ways(table, &own, &partner, m)).collect();
    let with = format!("{} with {}", asked.names("exporter"), asked.names("partner"));
    let index = "index, 0 to 1";
    if asked.option("from").is_some() {
        let [[x0, m0], [x1, m1]] = &sides[..] else {
            return Err(refuse("intra_industry() needs from and to: two years, or neither"));
        };
        let found =
            marginal_intra_industry([x0, x1], [m0, m1]).map_err(|error| asked.refused(&error))?;
        let label = format!("marginal intra-industry trade of {with}");
        let text = format!(
            "Brülhart's A over {} products whose trade changed, weighted by the changes",
            found.products
        );
        return Ok(asked.number("marginal", label, Some(found.aggregate), index, &text));
    }
    let [exports, imports] = &sides[0];
    let found = grubel_lloyd(exports, imports).map_err(|error| asked.refused(&error))?;
    let label = format!("intra-industry trade of {with}");
    let text = format!(
        "Grubel-Lloyd over {} products, weighted by trade; it falls with a finer classification",
        found.products
    );
    Ok(asked.number("grubel_lloyd", label, Some(found.aggregate), index, &text))
}
