//! Changes of exports between two years: old and new cells, constant market share.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::bilateral::{Bilateral, Flow};
use emporion_model::measure::growth_cells::{GrowthCell, Survival, growth_by_cells};
use emporion_model::measure::intensity::World;
use emporion_model::measure::market_share::{Order, ShareCell, constant_market_share};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::trade::Asked;
use crate::book::{Book, refuse};

/// Registers `decompose` and `market_share`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("decompose", move |kwargs: Kwargs| decompose(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("market_share", move |kwargs: Kwargs| market_share(&b, &kwargs));
}

/// Sales of a side to others by product and market.
fn sold(table: &Bilateral, members: &[usize]) -> BTreeMap<(usize, usize), f64> {
    let mut sums = BTreeMap::new();
    let outside = |flow: &&Flow| !members.contains(&flow.destination);
    for member in members {
        for flow in table.of_origin(*member).iter().filter(outside) {
            *sums.entry((flow.product, flow.destination)).or_insert(0.0) += flow.value;
        }
    }
    sums
}

/// `decompose(exporter, from, to, survival = 1)`: growth by old and new products and markets; from
/// and to are years, or spans of which the mean is taken.
fn decompose(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let survival = kwargs.get::<Option<usize>>("survival")?.unwrap_or(1);
    let asked = Asked::new(book, kwargs, "decompose", &["exporter", "from", "to", "survival"])?;
    if asked.tables.len() < 2 || survival == 0 {
        return Err(refuse(
            "decompose() needs from and to, two years or spans such as \"2013..2015\", and a \
             survival of at least one year",
        ));
    }
    let members = asked.members("exporter")?;
    let counts = [asked.before, asked.tables.len() - asked.before];
    if survival > counts[0].max(counts[1]) {
        return Err(refuse(format!(
            "decompose(): a survival of {survival} is more years than either period has ({} and \
             {}); lower it, or take longer spans",
            counts[0], counts[1]
        )));
    }
    let mut cells: BTreeMap<(usize, usize), GrowthCell> = BTreeMap::new();
    for (at, table) in asked.tables.iter().enumerate() {
        for ((product, market), value) in sold(table, &members) {
            let cell = cells.entry((product, market)).or_insert(GrowthCell {
                product,
                market,
                before: 0.0,
                after: 0.0,
                years_before: 0,
                years_after: 0,
            });
            if at < asked.before {
                cell.before += value / counts[0] as f64;
                cell.years_before += 1;
            } else {
                cell.after += value / counts[1] as f64;
                cell.years_after += 1;
            }
        }
    }
    let cells: Vec<GrowthCell> = cells.into_values().collect();
    let rule = Survival { before: survival.min(counts[0]), after: survival.min(counts[1]) };
    let found = growth_by_cells(&cells, rule).map_err(|error| asked.refused(&error))?;
    let name = asked.names("exporter");
    let text = format!(
        "a cell is active when traded in at least {} of {} year(s) before, {} of {} after; a product \
         or a market is old when it was active before",
        rule.before, counts[0], rule.after, counts[1]
    );
    let mut pairs: Vec<(&str, Value)> = found
        .parts
        .iter()
        .map(|part| {
            let label = format!("change of exports of {name}: {}", part.what);
            (part.name, asked.number(part.name, label, Some(part.change), &asked.unit, &text))
        })
        .collect();
    let label = format!("change of exports of {name}");
    let change = Some(found.after - found.before);
    pairs.push(("change", asked.number("change", label, change, &asked.unit, &text)));
    Ok(Value::from_pairs(pairs))
}

/// `market_share(exporter, from, to, order, world)`: constant market share.
fn market_share(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let own = ["exporter", "from", "to", "order", "world"];
    let asked = two_years(book, kwargs, "market_share", &own)?;
    let members = asked.members("exporter")?;
    let world = asked.world()?;
    let (order, words) = match asked.option("order").unwrap_or("product_first") {
        "product_first" => (Order::ProductFirst, "product mix first"),
        "market_first" => (Order::MarketFirst, "market mix first"),
        other => {
            return Err(refuse(format!(
                "order is \"product_first\" or \"market_first\", got {other:?}"
            )));
        }
    };
    let mut cells: BTreeMap<(usize, usize), ShareCell> = BTreeMap::new();
    for (at, table) in asked.tables.iter().enumerate() {
        for flow in table.flows().iter().filter(|flow| !members.contains(&flow.destination)) {
            let (product, market) = (flow.product, flow.destination);
            let empty = ShareCell { product, market, own: [0.0; 2], world: [0.0; 2] };
            let cell = cells.entry((product, market)).or_insert(empty);
            let own = members.contains(&flow.origin);
            if own {
                cell.own[at] += flow.value;
            }
            if !own || world == World::WithSource {
                cell.world[at] += flow.value;
            }
        }
    }
    let cells: Vec<ShareCell> = cells.into_values().collect();
    let found = constant_market_share(&cells, order).map_err(|error| asked.refused(&error))?;
    let name = asked.names("exporter");
    let text = format!(
        "constant market share, {words}; {}; the own market is no market, and what others sell \
         there is no part of the world's growth",
        world.words()
    );
    let figure = |key: &'static str, what: &str, value: f64| {
        let label = format!("{what}: exports of {name}");
        (key, asked.number(key, label, Some(value), &asked.unit, &text))
    };
    Ok(Value::from_pairs([
        figure("world_growth", "effect of world growth", found.total.world_growth),
        figure("product_mix", "effect of the product mix", found.total.product_mix),
        figure("market_mix", "effect of the market mix", found.total.market_mix),
        figure("competitiveness", "effect of competitiveness", found.total.competitiveness),
        figure("change", "change", found.after - found.before),
    ]))
}

fn two_years<'a>(
    book: &'a Book,
    kwargs: &Kwargs,
    verb: &'static str,
    own: &[&str],
) -> Result<Asked<'a>, Error> {
    let asked = Asked::new(book, kwargs, verb, own)?;
    if asked.tables.len() != 2 {
        return Err(refuse(format!("{verb}() needs from and to: two years")));
    }
    Ok(asked)
}
