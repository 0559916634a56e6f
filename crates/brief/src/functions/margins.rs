//! The extensive and the intensive margin of exports, on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::bilateral::Flow;
use emporion_model::measure::intensity::World;
use emporion_model::measure::margins::hummels_klenow;
use emporion_tables::named::note_about;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::exported::joined;
use super::trade::Asked;
use crate::book::Book;

/// Registers `margins`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("margins", move |kwargs: Kwargs| margins(&b, &kwargs));
}

/// Sales in the market by product: those of the exporter, and those of the reference.
fn sales(
    asked: &Asked<'_>,
    (exporter, market): (usize, usize),
    world: World,
    number: impl Fn(&Flow) -> Option<f64>,
) -> [Vec<f64>; 2] {
    let m = asked.labels.products.len();
    let (mut own, mut all) = (vec![0.0; m], vec![0.0; m]);
    for flow in asked.tables[0].flows().iter().filter(|flow| flow.destination == market) {
        // One unknown number makes the sum unknown.
        let value = number(flow).unwrap_or(f64::NAN);
        if flow.origin == exporter {
            own[flow.product] += value;
        }
        if flow.origin != exporter || world == World::WithSource {
            all[flow.product] += value;
        }
    }
    [own, all]
}

/// `margins(exporter, market, world, quantity)`: Hummels-Klenow; with a column of quantities the
/// intensive margin is split into price and quantity.
fn margins(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let own = ["exporter", "market", "world", "quantity"];
    let asked = Asked::new(book, kwargs, "margins", &own)?;
    let pair = (asked.one("exporter")?, asked.one("market")?);
    let world = asked.world()?;
    let [own, all] = sales(&asked, pair, world, |flow| Some(flow.value));
    let mut quantities = sales(&asked, pair, world, |flow| flow.quantity);
    // The kernel reads 0 as not known.
    quantities.iter_mut().flatten().filter(|q| q.is_nan()).for_each(|q| *q = 0.0);
    let [own_q, all_q] = &quantities;
    let split = asked.option("quantity").is_some();
    let quantities: Option<[&[f64]; 2]> = split.then_some([own_q, all_q]);
    let found = hummels_klenow(&own, &all, quantities).map_err(|error| asked.refused(&error))?;
    let who = format!("{} in {}", asked.names("exporter"), asked.names("market"));
    let figure = |key: &'static str, what: &str, value, unit: &str, text: &str| {
        let text = format!("{text}; {}", world.words());
        (key, asked.number(key, format!("{what}: {who}"), value, unit, &text))
    };
    let mut pairs = vec![
        figure(
            "extensive",
            "extensive margin",
            Some(found.extensive),
            "",
            "weight of the products sold in the market's imports",
        ),
        figure(
            "intensive",
            "intensive margin",
            found.intensive,
            "",
            "share inside the products sold",
        ),
        figure(
            "share",
            "share in imports",
            Some(100.0 * found.share),
            "percent",
            "extensive times intensive margin",
        ),
    ];
    if split {
        let words = "price times quantity is the intensive margin; Sato-Vartia weights over the \
                     products sold";
        pairs.push(figure("price", "price part of the intensive margin", found.price, "", words));
        let what = "quantity part of the intensive margin";
        pairs.push(figure("quantity", what, found.quantity, "", words));
    }
    let notes = found.notes.iter().map(|note| note_about(note, &asked.labels.products));
    pairs.push(("notes", joined(notes)));
    Ok(Value::from_pairs(pairs))
}
