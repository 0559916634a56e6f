//! `emporion measure margins`: Hummels-Klenow.

use std::collections::HashMap;

use emporion_model::measure::intensity::World;
use emporion_model::measure::margins::hummels_klenow;

use super::{Figures, Flows, named, note_undefined, refused};
use crate::answer::{Answer, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// Sales of all exporters in each market by product.
struct Markets {
    values: HashMap<usize, Vec<f64>>,
    quantities: HashMap<usize, Vec<f64>>,
}

/// The margins of each exporter in each market.
pub fn answer(arguments: &args::Margins, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["product"])?;
    if let Some(quantity) = &arguments.quantity {
        require(figures.table(), &[quantity])?;
    }
    let flows = Flows::with_quantity(figures, arguments.quantity.as_deref())?;
    let world = World::from(arguments.world);
    let origins = flows.places(figures, &arguments.origin)?;
    let destinations = flows.places(figures, &arguments.destination)?;
    let mut answer = figures.answer("margins", "Extensive and intensive margin (Hummels-Klenow)");
    answer.option("origin", arguments.origin.clone());
    answer.option("destination", arguments.destination.clone());
    answer.option("quantity", arguments.quantity.clone());
    answer.option("world", super::word(&world));
    flows.describe(figures, &mut answer);
    let keys = ["origin", "destination"];
    let mut columns = figures.key_columns(&keys);
    let show = Show::Decimals(4);
    columns.extend([
        Column::number("share", "Share", "percent", Show::Decimals(2)),
        Column::number("extensive", "Extensive", "", show),
        Column::number("intensive", "Intensive", "", show),
        Column::number("price", "of it price", "", show).unless_all(crate::answer::Cell::Missing),
        Column::number("quantity", "quantity", "", show).unless_all(crate::answer::Cell::Missing),
        Column::number("products", "Products", "", Show::Whole),
        Column::number("reference_products", "of reference", "", Show::Whole),
    ]);
    let mut part = Part::new("rows", "", columns);
    let markets = markets(&flows, &destinations);
    let (mut undefined, mut without) = (Vec::new(), Vec::new());
    for &i in &origins {
        for &j in destinations.iter().filter(|j| **j != i) {
            let key = [flows.labels.places[i].clone(), flows.labels.places[j].clone()];
            let mut own = vec![0.0; flows.labels.products.len()];
            let mut own_q = own.clone();
            let (mut all, mut all_q) = (markets.values[&j].clone(), markets.quantities[&j].clone());
            for flow in flows.table.of_pair(i, j) {
                own[flow.product] = flow.value;
                own_q[flow.product] = flow.quantity.unwrap_or(0.0);
            }
            if world == World::WithoutSource {
                // What only the exporter sells must leave exactly nothing.
                all = others(&flows, i, j, |flow| Some(flow.value));
                all_q = others(&flows, i, j, |flow| flow.quantity);
            }
            let quantities: [&[f64]; 2] = [&own_q, &all_q];
            let quantities = arguments.quantity.is_some().then_some(quantities);
            let found = match hummels_klenow(&own, &all, quantities) {
                Ok(found) => found,
                Err(error) if arguments.destination.is_empty() => {
                    undefined.push(format!("{}: {error}", key.join(" to ")));
                    continue;
                }
                Err(error) => return Err(refused(&key.join(" to "))(error)),
            };
            for mut advice in named(&found.notes, &flows.labels.products) {
                advice.message = format!("{}: {}", key.join(" to "), advice.message);
                without.push(advice);
            }
            let mut row = figures.key_cells(&keys, &key);
            row.extend([
                (100.0 * found.share).into(),
                found.extensive.into(),
                found.intensive.into(),
                found.price.into(),
                found.quantity.into(),
                found.products.into(),
                found.reference_products.into(),
            ]);
            part.push(row);
        }
    }
    note_undefined(&undefined, &part, &mut answer)?;
    answer.notes.extend(without);
    answer.parts.push(part);
    let words = "extensive × intensive = share in the reference's sales; price × quantity = \
                 intensive, Sato-Vartia weights over the products sold";
    let reference = match world {
        World::WithSource => "the reference is all exporters, this one among them",
        World::WithoutSource => "the reference is all other exporters",
    };
    answer.say("convention", "Convention", format!("{reference}; {words}"));
    Ok(answer)
}

fn markets(flows: &Flows, destinations: &[usize]) -> Markets {
    let m = flows.labels.products.len();
    let empty: HashMap<usize, Vec<f64>> = destinations.iter().map(|j| (*j, vec![0.0; m])).collect();
    let mut found = Markets { values: empty.clone(), quantities: empty };
    for flow in flows.table.flows() {
        if let Some(values) = found.values.get_mut(&flow.destination) {
            values[flow.product] += flow.value;
            // One unknown quantity makes the sum unknown, which is written as 0.
            let quantities = found.quantities.entry(flow.destination).or_default();
            quantities[flow.product] += flow.quantity.unwrap_or(f64::NAN);
        }
    }
    let sums = found.quantities.values_mut().flatten();
    sums.filter(|q| q.is_nan()).for_each(|q| *q = 0.0);
    found
}

/// Sales of all exporters but one in a market.
fn others(
    flows: &Flows,
    exporter: usize,
    market: usize,
    number: impl Fn(&emporion_model::measure::bilateral::Flow) -> Option<f64>,
) -> Vec<f64> {
    let mut sums = vec![0.0; flows.labels.products.len()];
    for origin in (0..flows.labels.places.len()).filter(|i| *i != exporter) {
        for flow in flows.table.of_pair(origin, market) {
            sums[flow.product] += number(flow).unwrap_or(f64::NAN);
        }
    }
    sums.iter_mut().filter(|q| q.is_nan()).for_each(|q| *q = 0.0);
    sums
}
