//! `emporion measure decompose` and `market-share`: what a change of exports is made of.

use std::collections::BTreeMap;

use emporion_model::measure::growth_cells::{GrowthCell, Survival, growth_by_cells};
use emporion_model::measure::intensity::World;
use emporion_model::measure::market_share::{Effects, Order, ShareCell, constant_market_share};

use super::{Figures, Flows, refused};
use crate::answer::{Answer, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// Growth by old and new products and markets.
pub fn decompose(arguments: &args::Decompose, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["product"])?;
    let (from, to) = (years(&arguments.from)?, years(&arguments.to)?);
    if from.iter().any(|year| to.contains(year)) {
        return Err(Failure::new("--from and --to share a year; give periods that do not overlap"));
    }
    let flows = Flows::of_years(figures, &[&from[..], &to].concat())?;
    let origin = flows[0].side(figures, &arguments.origin)?;
    let mut cells: BTreeMap<(usize, usize), GrowthCell> = BTreeMap::new();
    for (at, year) in flows.iter().enumerate() {
        for flow in sold(year, &origin.members) {
            let cell = cells.entry((flow.product, flow.destination)).or_insert(GrowthCell {
                product: flow.product,
                market: flow.destination,
                before: 0.0,
                after: 0.0,
                years_before: 0,
                years_after: 0,
            });
            if at < from.len() {
                cell.before += flow.value / from.len() as f64;
                cell.years_before += 1;
            } else {
                cell.after += flow.value / to.len() as f64;
                cell.years_after += 1;
            }
        }
    }
    let cells: Vec<GrowthCell> = cells.into_values().collect();
    if arguments.survival > from.len().max(to.len()) {
        return Err(Failure::new(format!(
            "--survival {} is more years than either period has ({} and {}); lower it, or take \
             longer periods",
            arguments.survival,
            from.len(),
            to.len()
        )));
    }
    let survival = Survival {
        before: arguments.survival.min(from.len()),
        after: arguments.survival.min(to.len()),
    };
    let told = refused(&origin.name);
    let found = growth_by_cells(&cells, survival).map_err(told)?;

    let title = format!("Growth of the exports of {} by old and new cells", origin.name);
    let mut answer = figures.answer("decompose", title);
    answer.option("origin", arguments.origin.clone());
    answer.option("from", arguments.from.clone());
    answer.option("to", arguments.to.clone());
    answer.option("survival", arguments.survival);
    figures.describe(&mut answer, flows.iter().map(|flows| &flows.whole));
    let unit = flows[0].unit();
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::number("part", "", "", Show::Hidden),
            Column::text("what", "Cells"),
            Column::number("cells", "Number", "", Show::Whole),
            Column::number("change", "Change", unit.as_str(), Show::Fitting),
            Column::number("points", "Growth", "percentage points", Show::Decimals(2)),
        ],
    );
    for line in &found.parts {
        part.push(vec![
            line.name.into(),
            line.what.into(),
            line.cells.into(),
            line.change.into(),
            line.points.into(),
        ]);
    }
    answer.parts.push(part);
    let money = Show::Fitting;
    answer.count("before", "Before", &unit, money, found.before);
    answer.count("after", "After", &unit, money, found.after);
    answer.count("change", "Change", &unit, money, found.after - found.before);
    answer.count("old_old", "Old products, old markets", &unit, money, found.old_old);
    answer.count("old_new", "Old products, new markets", &unit, money, found.old_new);
    answer.count("new_old", "New products, old markets", &unit, money, found.new_old);
    answer.count("new_new", "New products, new markets", &unit, money, found.new_new);
    let words = format!(
        "a cell is active in a period when traded in at least {} of its {} year(s) before, {} of \
         {} after; a product or market is old when active before in any cell; values are means \
         over the years of a period",
        survival.before,
        from.len(),
        survival.after,
        to.len()
    );
    answer.say("convention", "Convention", words);
    Ok(answer)
}

/// Flows of a side to others, its members' added up.
fn sold(flows: &Flows, members: &[usize]) -> Vec<emporion_model::measure::bilateral::Flow> {
    let mut sums: BTreeMap<(usize, usize), emporion_model::measure::bilateral::Flow> =
        BTreeMap::new();
    for &member in members {
        for flow in flows.table.of_origin(member) {
            if !members.contains(&flow.destination) {
                sums.entry((flow.destination, flow.product))
                    .and_modify(|sum| sum.value += flow.value)
                    .or_insert(*flow);
            }
        }
    }
    sums.into_values().collect()
}

/// `2015` or `2013..2015`.
pub fn years(text: &str) -> Result<Vec<i32>, Failure> {
    let bad =
        || Failure::new(format!("{text:?} is no year or range of years; write 2015 or 2013..2015"));
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let first: i32 = first.trim().parse().map_err(|_| bad())?;
    let last: i32 = last.trim().parse().map_err(|_| bad())?;
    if first > last || last - first > 200 {
        return Err(bad());
    }
    Ok((first..=last).collect())
}

/// Constant market share.
pub fn market_share(
    arguments: &args::MarketShare,
    figures: &Figures<'_>,
) -> Result<Answer, Failure> {
    require(figures.table(), &["product"])?;
    let flows = Flows::of_years(figures, &[arguments.from, arguments.to])?;
    let origin = flows[0].side(figures, &arguments.origin)?;
    let world = World::from(arguments.world);
    let order = match arguments.order {
        args::Order::ProductFirst => Order::ProductFirst,
        args::Order::MarketFirst => Order::MarketFirst,
    };
    let cells = cells(&flows, &origin.members, world);
    let told = refused(&origin.name);
    let found = constant_market_share(&cells, order).map_err(told)?;

    let title = format!("Constant market share of {}", origin.name);
    let mut answer = figures.answer("market_share", title);
    answer.option("origin", arguments.origin.clone());
    answer.option("from", arguments.from);
    answer.option("to", arguments.to);
    answer.option("order", super::word(&order));
    answer.option("world", super::word(&world));
    figures.describe(&mut answer, flows.iter().map(|flows| &flows.whole));
    let unit = flows[0].unit();
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("effect", "Effect"),
            Column::number("change", "Change", unit.as_str(), Show::Fitting),
            Column::number("points", "Growth", "percentage points", Show::Decimals(2)),
        ],
    );
    for (name, change) in [
        ("world_growth", found.total.world_growth),
        ("product_mix", found.total.product_mix),
        ("market_mix", found.total.market_mix),
        ("competitiveness", found.total.competitiveness),
    ] {
        part.push(vec![name.into(), change.into(), (100.0 * change / found.before).into()]);
    }
    answer.parts.push(part);
    let labels = &flows[0].labels;
    answer.parts.push(by(figures, &unit, "products", "product", &labels.products, || {
        cells.iter().map(|cell| cell.product).zip(&found.cells)
    }));
    answer.parts.push(by(figures, &unit, "markets", "destination", &labels.places, || {
        cells.iter().map(|cell| cell.market).zip(&found.cells)
    }));
    answer.count("before", "Before", &unit, Show::Fitting, found.before);
    answer.count("after", "After", &unit, Show::Fitting, found.after);
    answer.count("change", "Change", &unit, Show::Fitting, found.after - found.before);
    answer.count(
        "world_rate",
        "World trade grew by",
        "percent",
        Show::Decimals(2),
        100.0 * found.world_rate,
    );
    let first = match order {
        Order::ProductFirst => "product mix first, then the market mix inside products",
        Order::MarketFirst => "market mix first, then the product mix inside markets",
    };
    let words = format!(
        "{first}; {}; the own market is no market, and what others sell there is no part of the \
         world's growth; the effects add up to the change",
        world.words()
    );
    answer.say("convention", "Convention", words);
    answer.notes.extend(found.notes.iter().map(Into::into));
    Ok(answer)
}

/// Cells of product and market with own and world sales in both years.
///
/// The world sells to all places but the members of the side, which are no markets of it.
fn cells(flows: &[Flows], members: &[usize], world: World) -> Vec<ShareCell> {
    let mut cells: BTreeMap<(usize, usize), ShareCell> = BTreeMap::new();
    for (at, year) in flows.iter().enumerate() {
        for flow in year.table.flows() {
            if members.contains(&flow.destination) {
                continue;
            }
            let cell = cells.entry((flow.product, flow.destination)).or_insert(ShareCell {
                product: flow.product,
                market: flow.destination,
                own: [0.0; 2],
                world: [0.0; 2],
            });
            let own = members.contains(&flow.origin);
            if own {
                cell.own[at] += flow.value;
            }
            if !own || world == World::WithSource {
                cell.world[at] += flow.value;
            }
        }
    }
    cells.into_values().collect()
}

/// The effects by product or by market, largest change of exports first.
fn by<'a, I: Iterator<Item = (usize, &'a Effects)>>(
    figures: &Figures<'_>,
    unit: &str,
    name: &'static str,
    key: &'static str,
    ids: &[String],
    effects: impl Fn() -> I,
) -> Part {
    let mut sums: BTreeMap<usize, Effects> = BTreeMap::new();
    for (id, effect) in effects() {
        sums.entry(id).or_default().add(effect);
    }
    let mut columns = figures.key_columns(&[key]);
    for (key, title) in [
        ("world_growth", "World growth"),
        ("product_mix", "Product mix"),
        ("market_mix", "Market mix"),
        ("competitiveness", "Competitiveness"),
        ("change", "Change"),
    ] {
        columns.push(Column::number(key, title, unit, Show::Fitting));
    }
    let mut part = Part::new(name, format!("By {key}"), columns);
    let mut sums: Vec<(usize, Effects)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.sum().abs().total_cmp(&a.1.sum().abs()).then(a.0.cmp(&b.0)));
    for (id, effect) in sums {
        let mut row = figures.key_cells(&[key], std::slice::from_ref(&ids[id]));
        row.extend([
            effect.world_growth.into(),
            effect.product_mix.into(),
            effect.market_mix.into(),
            effect.competitiveness.into(),
            effect.sum().into(),
        ]);
        part.push(row);
    }
    part
}
