//! `emporion measure potential`: supply, ease and demand by product and market.

use std::collections::{BTreeMap, HashMap};

use emporion_model::measure::diversification::diversification;
use emporion_model::measure::export_potential::{
    Dynamics, Potential, PotentialCell, World, export_potential,
};
use emporion_model::measure::gravity_potential::{GravityPotential, Level, gravity_potential};
use emporion_model::measure::presence::{CUT_OFF, presence};
use emporion_model::measure::proximity::{Diagonal, proximity};
use emporion_model::measure::rca::rca;
use emporion_model::outcome::Status;
use emporion_tables::Table;
use emporion_tables::bilateral::covariates;
use emporion_tables::factors::{Factor, factors};

use super::{Figures, Flows, named, refused};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{By, GravityBy, Potential as Arguments};
use crate::data::require;
use crate::failure::Failure;
use crate::progress::Progress;

/// Fitted trade by product, or for all products.
type Fitted = HashMap<Option<usize>, GravityPotential>;

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
    let title = format!("Export potential of {}", arguments.origin.join(", "));
    let mut answer = figures.answer("potential", title);
    options(arguments, &mut answer);
    flows.describe(figures, &mut answer);
    let fitted = match arguments.gravity.is_empty() {
        true => None,
        false => {
            progress.step("fitting gravity");
            Some(gravity(arguments, figures, &flows, &products, &mut answer)?)
        }
    };
    let world = World::of(&flows.table)?;
    let mut found = Vec::new();
    for &origin in &origins {
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
    let cells: Vec<(usize, &PotentialCell)> = found
        .iter()
        .flat_map(|p| p.cells.iter().filter(|c| shown(c)).map(move |c| (p.exporter, c)))
        .collect();
    let line = |origin: usize, cell: &PotentialCell| Line {
        potential: cell.potential,
        actual: cell.actual,
        realised: cell.realised,
        unrealised: cell.unrealised,
        gravity: fitted.as_ref().and_then(|f| {
            f.get(&Some(cell.product))?.fitted[origin * flows.labels.places.len() + cell.market]
        }),
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
    if arguments.new_products {
        answer.parts.push(new_products(arguments, figures, &flows, &world, &found, &products)?);
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
            p.cells.iter().filter(|c| shown(c)).filter(none).count()
        };
        let count: usize = found.iter().map(without).sum();
        if count > 0 {
            let message =
                format!("{count} cells have no {} in the files given; 1 was taken", factor.name);
            answer.note(Advice::new("factor_taken_as_one", message, count));
        }
    }
}

/// Fits gravity on the covariates of the case's pairs, or of the file itself.
fn gravity(
    arguments: &Arguments,
    figures: &Figures<'_>,
    flows: &Flows,
    products: &[usize],
    answer: &mut Answer,
) -> Result<Fitted, Failure> {
    let pairs = figures.data.case().and_then(|case| case.pairs()).unwrap_or(figures.table());
    let x = covariates(pairs, &flows.labels, &arguments.gravity)?;
    let level = match arguments.gravity_by {
        GravityBy::Product => Level::Product,
        GravityBy::Total => Level::Total,
    };
    let (fits, notes) = gravity_potential(&flows.table, &x, level, products)
        .map_err(refused("the gravity equation"))?;
    answer.notes.extend(notes.iter().map(Into::into));
    let failed = fits.iter().filter(|fit| fit.status != Status::Converged).count();
    if failed > 0 {
        let message = format!("{failed} gravity equations did not converge: no fitted trade");
        answer.note(Advice::new("gravity_not_converged", message, failed));
    }
    let left_out: usize = fits.iter().map(|fit| fit.left_out).sum();
    if left_out > 0 {
        let message = format!(
            "{left_out} pairs of the gravity equations are left out as separated or alone in a level"
        );
        answer.note(Advice::new("gravity_left_out", message, left_out));
    }
    Ok(fits.into_iter().map(|fit| (fit.product, fit)).collect())
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

/// Fitted trade of all products beside the actual, by pair.
fn pairs(
    figures: &Figures<'_>,
    flows: &Flows,
    total: &GravityPotential,
    found: &[Potential],
    markets: &[usize],
) -> Part {
    let keys = ["origin", "destination"];
    let unit = flows.unit();
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("actual", "Actual", unit.as_str(), Show::Fitting),
        Column::number("gravity", "Fitted gravity", unit.as_str(), Show::Fitting),
        Column::number("actual_per_fitted", "Actual per fitted", "", Show::Decimals(3)),
    ]);
    let mut part = Part::new("pairs", "All products together", columns);
    let n = flows.labels.places.len();
    for potential in found {
        let origin = potential.exporter;
        let mut rows: Vec<(f64, f64, usize)> = (0..n)
            .filter(|j| markets.is_empty() || markets.contains(j))
            .filter_map(|j| total.fitted[origin * n + j].map(|mu| (mu, j)))
            .map(|(mu, j)| {
                (flows.table.of_pair(origin, j).iter().map(|flow| flow.value).sum(), mu, j)
            })
            .collect();
        rows.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)).then(a.2.cmp(&b.2)));
        for (actual, mu, j) in rows {
            let key = [flows.labels.places[origin].clone(), flows.labels.places[j].clone()];
            let mut row = figures.key_cells(&keys, &key);
            row.extend([actual.into(), mu.into(), (actual / mu).into()]);
            part.push(row);
        }
    }
    part
}

/// The products that each exporter does not yet sell with advantage, ranked.
fn new_products(
    arguments: &Arguments,
    figures: &Figures<'_>,
    flows: &Flows,
    world: &World,
    found: &[Potential],
    products: &[usize],
) -> Result<Part, Failure> {
    let m = flows.labels.products.len();
    let rca = rca(&flows.table.exports()?)?;
    let cut_off = arguments.cut_off.unwrap_or(CUT_OFF);
    let near = proximity(&presence(&rca, cut_off)?, Diagonal::default())?;
    let keys = ["origin", "product"];
    let unit = flows.unit();
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("rank", "Rank", "", Show::Whole),
        Column::number("density", "Density", "", Show::Decimals(3)),
        Column::number("demand", "Demand by ease", unit.as_str(), Show::Fitting),
        Column::number("rca", "RCA", "", Show::Decimals(3)),
    ]);
    let mut part = Part::new("new_products", "New products, ranked", columns);
    for potential in found {
        let origin = potential.exporter;
        let own: Vec<f64> = rca.values[origin * m..(origin + 1) * m]
            .iter()
            .map(|index| if index.is_finite() { *index } else { 0.0 })
            .collect();
        let ranked = diversification(&own, &near.values, &potential.ease, world.imports(), cut_off)
            .map_err(refused(&flows.labels.places[origin]))?;
        for new in ranked.iter().filter(|n| products.is_empty() || products.contains(&n.product)) {
            let key =
                [flows.labels.places[origin].clone(), flows.labels.products[new.product].clone()];
            let mut row = figures.key_cells(&keys, &key);
            row.extend([
                new.rank.into(),
                new.density.into(),
                new.demand.into(),
                own[new.product].into(),
            ]);
            part.push(row);
        }
    }
    Ok(part)
}
