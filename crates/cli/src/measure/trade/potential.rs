//! `emporion measure potential`: supply, ease and demand by product and market.

use std::collections::BTreeMap;

use emporion_model::measure::export_potential::{
    Dynamics, Potential, PotentialCell, World, export_potential,
};
use emporion_model::measure::presence::CUT_OFF;
use emporion_tables::Table;
use emporion_tables::factors::{Factor, factors};

use super::super::space::few;
use super::new_products::new_products;
use super::potential_gravity::{GRAVITY, equations, gravity, pairs};
use super::{Figures, Flows, named, refused};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{By, GravityBy, Potential as Arguments};
use crate::data::require;
use crate::failure::Failure;
use crate::progress::Progress;

/// What is shown of a cell or of a total.
#[derive(Default, Clone, Copy)]
struct Line {
    potential: f64,
    actual: f64,
    realised: f64,
    unrealised: f64,
    gravity: Option<f64>,
}

/// The export potential of places.
pub fn answer(
    arguments: &Arguments,
    figures: &Figures<'_>,
    progress: &Progress,
) -> Result<Answer, Failure> {
    require(figures.table(), &["product"])?;
    let flows = Flows::open(figures)?;
    let origins = flows.places(figures, &arguments.origin)?;
    let markets = match arguments.destination.is_empty() {
        true => Vec::new(),
        false => flows.places(figures, &arguments.destination)?,
    };
    let products = flows.products(&arguments.product)?;
    let mut brought = Vec::new();
    for path in &arguments.factors {
        brought.extend(factors(&Table::read(path)?, &flows.labels)?);
    }
    once(&brought)?;
    let passed_over: Vec<Advice> = brought.iter().filter_map(passed_over).collect();
    let title = format!("Export potential of {}", arguments.origin.join(", "));
    let mut answer = figures.answer("potential", title);
    options(arguments, &mut answer);
    flows.describe(figures, &mut answer);
    answer.notes.extend(passed_over);
    let fitted = match arguments.gravity.is_empty() {
        true => None,
        false => {
            progress.step("fitting gravity");
            Some(gravity(arguments, figures, &flows, &products, &mut answer)?)
        }
    };
    let world = World::of(&flows.table)?;
    let mut found = Vec::new();
    // One place that exports nothing is refused; among several it is left out.
    let exporting: Vec<usize> =
        origins.iter().copied().filter(|i| !flows.table.of_origin(*i).is_empty()).collect();
    let idle: Vec<&str> = (origins.iter().filter(|i| !exporting.contains(i)))
        .map(|i| flows.labels.places[*i].as_str())
        .collect();
    if !exporting.is_empty() && !idle.is_empty() {
        let message = format!("places without exports are left out: {}", few(&idle));
        answer.note(Advice::new("places_without_exports", message, idle.len()));
    }
    for &origin in if exporting.is_empty() { &origins } else { &exporting } {
        let potential = of(&flows, &world, origin, &brought)?;
        for mut advice in named(&potential.notes, &flows.labels.places) {
            advice.message = format!("{}: {}", flows.labels.places[origin], advice.message);
            answer.note(advice);
        }
        found.push(potential);
    }
    let shown = |cell: &PotentialCell| {
        (markets.is_empty() || markets.contains(&cell.market))
            && (products.is_empty() || products.contains(&cell.product))
    };
    unmatched(&brought, &found, &shown, &mut answer);
    let fitted_trade = |origin: usize, cell: &PotentialCell| {
        let fit = fitted.as_ref()?.get(&Some(cell.product))?;
        fit.fitted[origin * flows.labels.places.len() + cell.market]
    };
    // Gravity has an answer where there is no trade at all; the indices have none.
    let cells: Vec<(usize, &PotentialCell)> = found
        .iter()
        .flat_map(|p| p.cells.iter().filter(|c| shown(c)).map(move |c| (p.exporter, c)))
        .filter(|(origin, cell)| cell.ease > 0.0 || fitted_trade(*origin, cell).is_some())
        .collect();
    let line = |origin: usize, cell: &PotentialCell| Line {
        potential: cell.potential,
        actual: cell.actual,
        realised: cell.realised,
        unrealised: cell.unrealised,
        gravity: fitted_trade(origin, cell),
    };
    let lines: Vec<(usize, &PotentialCell, Line)> =
        cells.into_iter().map(|(origin, cell)| (origin, cell, line(origin, cell))).collect();
    answer.parts.push(match arguments.by {
        By::Cell => every_cell(figures, &flows, &lines),
        by => added_up(figures, &flows, by, &lines),
    });
    if let Some(total) = fitted.as_ref().and_then(|fitted| fitted.get(&None)) {
        answer.parts.push(pairs(figures, &flows, total, &found, &markets));
    }
    if let Some(fitted) = &fitted {
        answer.parts.push(equations(figures, &flows, fitted));
    }
    if arguments.new_products {
        let new = new_products(arguments, figures, &flows, &world, &found, &products)?;
        answer.parts.push(new.0);
        answer.notes.extend(new.1);
    }
    let unit = flows.unit();
    let sum = |get: fn(&Line) -> f64| lines.iter().map(|(_, _, line)| get(line)).sum::<f64>();
    answer.count("potential", "Potential", &unit, Show::Fitting, sum(|l| l.potential));
    answer.count("realised", "Realised", &unit, Show::Fitting, sum(|l| l.realised));
    answer.count("unrealised", "Unrealised", &unit, Show::Fitting, sum(|l| l.unrealised));
    answer.count("actual", "Actual exports", &unit, Show::Fitting, sum(|l| l.actual));
    let off = found.iter().map(|potential| potential.adding_up).fold(0.0, f64::max);
    answer.count("adding_up", "Core off bilateral trade by", "relative", Show::Power, off);
    answer.say("convention", "Convention", found.first().map(|potential| potential.convention));
    if fitted.is_some() {
        answer.say("gravity_convention", "Convention of gravity", GRAVITY);
    }
    if arguments.new_products {
        let words = format!(
            "RCA below {}; density: mean RCA of the other products, weighted with the smaller \
             conditional probability, the product itself left out; ranked by density times demand, \
             scores within 1e-12 share a rank",
            arguments.cut_off.unwrap_or(CUT_OFF)
        );
        answer.say("new_products_convention", "Convention of new products", words);
    }
    Ok(answer)
}

fn options(arguments: &Arguments, answer: &mut Answer) {
    answer.option("origin", arguments.origin.clone());
    answer.option("destination", arguments.destination.clone());
    answer.option("product", arguments.product.clone());
    let word = match arguments.by {
        By::Cell => "cell",
        By::Product => "product",
        By::Destination => "destination",
        By::Origin => "origin",
    };
    answer.option("by", word);
    let files: Vec<String> = arguments.factors.iter().map(|f| f.display().to_string()).collect();
    answer.option("factors", files);
    answer.option("gravity", arguments.gravity.clone());
    let by = match arguments.gravity_by {
        GravityBy::Product => "product",
        GravityBy::Total => "total",
    };
    answer.option("gravity_by", (!arguments.gravity.is_empty()).then_some(by));
    answer.option("new_products", arguments.new_products);
    let cut_off = arguments.cut_off.unwrap_or(CUT_OFF);
    answer.option("cut_off", arguments.new_products.then_some(cut_off));
}

/// Says which ids of a file of factors the flows do not know.
fn passed_over(factor: &Factor) -> Option<Advice> {
    let ids: Vec<&str> = factor.passed_over.iter().map(String::as_str).collect();
    (!ids.is_empty()).then(|| {
        let message = format!(
            "rows of {} are passed over, as no row selected has the place or product: {}",
            factor.name,
            few(&ids)
        );
        Advice::new("factors_passed_over", message, ids.len())
    })
}

/// Refuses a factor brought by two files.
fn once(brought: &[Factor]) -> Result<(), Failure> {
    for (at, factor) in brought.iter().enumerate() {
        if brought[..at].iter().any(|other| other.name == factor.name) {
            return Err(Failure::new(format!(
                "two files of --factors have a column {}; put it into one",
                factor.name
            )));
        }
    }
    Ok(())
}

/// The potential of one exporter with the factors brought; 1 where a file has no row.
fn of(
    flows: &Flows,
    world: &World,
    origin: usize,
    brought: &[Factor],
) -> Result<Potential, Failure> {
    let (n, m) = (flows.labels.places.len(), flows.labels.products.len());
    let by_name = |name: &str| brought.iter().find(|factor| factor.name == name);
    let supply: Option<Vec<f64>> = by_name("supply_growth")
        .map(|factor| (0..m).map(|k| factor.get(origin, 0, k).unwrap_or(1.0)).collect());
    let full = |name: &str| -> Option<Vec<f64>> {
        let factor = by_name(name)?;
        let at = |at: usize| factor.get(origin, at / m, at % m).unwrap_or(1.0);
        Some((0..n * m).map(at).collect())
    };
    let (demand, tariff) = (full("demand_growth"), full("tariff_advantage"));
    let distance = full("distance_advantage");
    let dynamics = Dynamics {
        supply_growth: supply.as_deref(),
        demand_growth: demand.as_deref(),
        tariff_advantage: tariff.as_deref(),
        distance_advantage: distance.as_deref(),
    };
    let told = refused(&flows.labels.places[origin]);
    export_potential(&flows.table, world, origin, &dynamics).map_err(told)
}

/// Says how many cells a file of factors has no row for.
fn unmatched(
    brought: &[Factor],
    found: &[Potential],
    shown: &impl Fn(&PotentialCell) -> bool,
    answer: &mut Answer,
) {
    for factor in brought {
        let without = |p: &Potential| {
            let none = |c: &&PotentialCell| factor.get(p.exporter, c.market, c.product).is_none();
            p.cells.iter().filter(|c| c.ease > 0.0 && shown(c)).filter(none).count()
        };
        let count: usize = found.iter().map(without).sum();
        if count > 0 {
            let message =
                format!("{count} cells have no {} in the files given; 1 was taken", factor.name);
            answer.note(Advice::new("factor_taken_as_one", message, count));
        }
    }
}

fn money(unit: &str, columns: &mut Vec<Column>) {
    for (key, title) in [
        ("potential", "Potential"),
        ("actual", "Actual"),
        ("realised", "Realised"),
        ("unrealised", "Unrealised"),
    ] {
        columns.push(Column::number(key, title, unit, Show::Fitting));
    }
    let gravity = Column::number("gravity", "Fitted gravity", unit, Show::Fitting);
    columns.push(gravity.unless_all(Cell::Missing));
}

fn numbers(line: &Line) -> [Cell; 5] {
    [
        line.potential.into(),
        line.actual.into(),
        line.realised.into(),
        line.unrealised.into(),
        line.gravity.into(),
    ]
}

/// Each cell with every factor, most unrealised first.
fn every_cell(
    figures: &Figures<'_>,
    flows: &Flows,
    lines: &[(usize, &PotentialCell, Line)],
) -> Part {
    let keys = ["origin", "destination", "product"];
    let unit = flows.unit();
    let mut columns = figures.key_columns(&keys);
    // One exporter stands in the title, and three names leave no room for figures.
    if lines.iter().all(|line| line.0 == lines[0].0) {
        let named = |column: &&mut Column| column.key.starts_with("origin");
        columns.iter_mut().filter(named).for_each(|column| column.show = Show::Hidden);
    }
    let market = |column: &&mut Column| column.key == "destination_name";
    columns.iter_mut().filter(market).for_each(|column| column.show = Show::Hidden);
    columns.extend([
        Column::number("supply", "Supply", "", Show::Decimals(5)),
        Column::number("ease", "Ease", "", Show::Decimals(3)),
        Column::number("demand", "Demand", unit.as_str(), Show::Fitting),
    ]);
    for (key, title) in [
        ("supply_growth", "Supply growth"),
        ("demand_growth", "Demand growth"),
        ("tariff_advantage", "Tariff advantage"),
        ("distance_advantage", "Distance advantage"),
    ] {
        columns.push(Column::number(key, title, "", Show::Decimals(3)).unless_all(1.0));
    }
    // Without factors the potential is the core.
    let grown = lines.iter().any(|(_, cell, _)| cell.core != cell.potential);
    let show = if grown { Show::Fitting } else { Show::Hidden };
    columns.push(Column::number("core", "Static core", unit.as_str(), show));
    money(&unit, &mut columns);
    let realised = |column: &&mut Column| column.key == "realised";
    columns.iter_mut().filter(realised).for_each(|column| column.show = Show::Hidden);
    let mut part = Part::new("rows", "", columns);
    let mut order: Vec<&(usize, &PotentialCell, Line)> = lines.iter().collect();
    order.sort_by(|a, b| {
        let key = |l: &(usize, &PotentialCell, Line)| (l.0, l.1.market, l.1.product);
        b.2.unrealised.total_cmp(&a.2.unrealised).then_with(|| key(a).cmp(&key(b)))
    });
    for (origin, cell, line) in order {
        let key = [
            flows.labels.places[*origin].clone(),
            flows.labels.places[cell.market].clone(),
            flows.labels.products[cell.product].clone(),
        ];
        let mut row = figures.key_cells(&keys, &key);
        row.extend([
            cell.supply.into(),
            cell.ease.into(),
            cell.demand.into(),
            cell.supply_growth.into(),
            cell.demand_growth.into(),
            cell.tariff_advantage.into(),
            cell.distance_advantage.into(),
            cell.core.into(),
        ]);
        row.extend(numbers(line));
        part.push(row);
    }
    part
}

/// Sums of cells by exporter and product or market.
fn added_up(
    figures: &Figures<'_>,
    flows: &Flows,
    by: By,
    lines: &[(usize, &PotentialCell, Line)],
) -> Part {
    let mut sums: BTreeMap<(usize, usize), Line> = BTreeMap::new();
    let (key, ids) = match by {
        By::Product => (Some("product"), &flows.labels.products),
        By::Destination => (Some("destination"), &flows.labels.places),
        By::Origin | By::Cell => (None, &flows.labels.places),
    };
    for (origin, cell, line) in lines {
        let id = match by {
            By::Product => cell.product,
            By::Destination => cell.market,
            By::Origin | By::Cell => 0,
        };
        let sum = sums.entry((*origin, id)).or_default();
        sum.potential += line.potential;
        sum.actual += line.actual;
        sum.realised += line.realised;
        sum.unrealised += line.unrealised;
        // A cell without a fitted value adds none.
        if let Some(gravity) = line.gravity {
            *sum.gravity.get_or_insert(0.0) += gravity;
        }
    }
    let keys: Vec<&str> = std::iter::once("origin").chain(key).collect();
    let mut columns = figures.key_columns(&keys);
    money(&flows.unit(), &mut columns);
    let mut part = Part::new("rows", "", columns);
    let mut sums: Vec<((usize, usize), Line)> = sums.into_iter().collect();
    sums.sort_by(|a, b| b.1.unrealised.total_cmp(&a.1.unrealised).then(a.0.cmp(&b.0)));
    for ((origin, id), line) in sums {
        let mut key_ids = vec![flows.labels.places[origin].clone()];
        if key.is_some() {
            key_ids.push(ids[id].clone());
        }
        let mut row = figures.key_cells(&keys, &key_ids);
        row.extend(numbers(&line));
        part.push(row);
    }
    part
}
