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

/// `decompose(exporter, from, to)`: growth by old and new products and markets.
fn decompose(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let asked = two_years(book, kwargs, "decompose", &["exporter", "from", "to"])?;
    let members = asked.members("exporter")?;
    let (before, after) = (sold(&asked.tables[0], &members), sold(&asked.tables[1], &members));
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let cells: Vec<GrowthCell> = keys
        .into_iter()
        .map(|key| {
            let (a, b) = (before.get(&key).copied(), after.get(&key).copied());
            GrowthCell {
                product: key.0,
                market: key.1,
                before: a.unwrap_or(0.0),
                after: b.unwrap_or(0.0),
                years_before: a.map_or(0, |_| 1),
                years_after: b.map_or(0, |_| 1),
            }
        })
        .collect();
    let found =
        growth_by_cells(&cells, Survival::default()).map_err(|error| asked.refused(&error))?;
    let name = asked.names("exporter");
    let text = "a product or a market is old when it was traded in the first year";
    let mut pairs: Vec<(&str, Value)> = found
        .parts
        .iter()
        .map(|part| {
            let label = format!("change of exports of {name}: {}", part.what);
            (part.name, asked.number(part.name, label, Some(part.change), &asked.unit, text))
        })
        .collect();
    let label = format!("change of exports of {name}");
    let change = Some(found.after - found.before);
    pairs.push(("change", asked.number("change", label, change, &asked.unit, text)));
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
    let text = format!("constant market share, {words}; {}", world.words());
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
