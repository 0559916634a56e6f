//! Export potential on the rows of the case.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::diversification::diversification;
use emporion_model::measure::export_potential::{
    Dynamics, Potential, PotentialCell, World, export_potential,
};
use emporion_model::measure::gravity_potential::{GravityPotential, Level, gravity_potential};
use emporion_model::measure::presence::{CUT_OFF, presence};
use emporion_model::measure::proximity::{Diagonal, proximity};
use emporion_model::measure::rca::rca;
use emporion_model::outcome::Status;
use emporion_tables::bilateral::covariates;
use emporion_tables::factors::{Factor, factors};
use emporion_tables::named::{few, note_about};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::exported::joined;
use super::rows::name_of;
use super::trade::Asked;
use crate::book::{Book, refuse};

/// Registers `potential`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("potential", move |kwargs: Kwargs| potential(&b, &kwargs));
}

/// What cells add up to.
#[derive(Debug, Default, Clone, Copy)]
struct Line {
    potential: f64,
    actual: f64,
    realised: f64,
    unrealised: f64,
    gravity: Option<f64>,
}

impl Line {
    fn add(&mut self, cell: &PotentialCell, gravity: Option<f64>) {
        // A cell without a fitted value adds none.
        if let Some(gravity) = gravity {
            *self.gravity.get_or_insert(0.0) += gravity;
        }
        self.potential += cell.potential;
        self.actual += cell.actual;
        self.realised += cell.realised;
        self.unrealised += cell.unrealised;
    }
}

/// `potential(exporter, by, top, factors, gravity, gravity_by, new_products, cut_off)`: potential,
/// realised and unrealised, by product or market.
fn potential(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let ranking = kwargs.get::<Option<bool>>("new_products")?.unwrap_or(false);
    let cut_off: Option<f64> = kwargs.get("cut_off")?;
    let own =
        ["exporter", "by", "top", "factors", "gravity", "gravity_by", "new_products", "cut_off"];
    let asked = Asked::new(book, kwargs, "potential", &own)?;
    let by = asked.option("by").unwrap_or("destination").to_owned();
    if !["destination", "product", "cell"].contains(&by.as_str()) {
        return Err(refuse(format!(
            "potential() adds up by \"destination\", \"product\" or \"cell\", got {by:?}"
        )));
    }
    for (option, whose) in [("gravity_by", "gravity"), ("cut_off", "new_products")] {
        let there = if whose == "gravity" { asked.option(whose).is_some() } else { ranking };
        if asked.option(option).is_some() && !there {
            return Err(refuse(format!("potential(): {option} belongs to {whose}")));
        }
    }
    let place = asked.one("exporter")?;
    let table = &asked.tables[0];
    let refused = |error| asked.refused(&error);
    let world = World::of(table).map_err(refused)?;
    let brought = brought(book, &asked)?;
    let found = of_place(&asked, &world, place, &brought)?;
    let mut notes: Vec<String> =
        found.notes.iter().map(|note| note_about(note, &asked.labels.places)).collect();
    notes.extend(of_factors(&brought, &found));
    let fits = fitted(book, &asked, &mut notes)?;
    if fits.contains_key(&None) && by != "destination" {
        return Err(refuse(
            "potential(): one gravity equation for all trade has no products; ask \
                           by=\"destination\"",
        ));
    }
    let mut lines: BTreeMap<(usize, usize), (Line, Option<&PotentialCell>)> = BTreeMap::new();
    let mut all = Line::default();
    for cell in &found.cells {
        let (key, factors) = match by.as_str() {
            "destination" => ((cell.market, 0), None),
            "product" => ((cell.product, 0), None),
            _ => ((cell.market, cell.product), Some(cell)),
        };
        let fit = fits.get(&Some(cell.product));
        let pair = place * asked.labels.places.len() + cell.market;
        let gravity = fit.and_then(|fit| fit.fitted[pair]);
        // Gravity has an answer where there is no trade at all; the indices have none.
        let total = fits.get(&None).and_then(|fit| fit.fitted[pair]);
        if cell.ease <= 0.0 && gravity.or(total).is_none() {
            continue;
        }
        let line = lines.entry(key).or_default();
        line.0.add(cell, gravity);
        line.1 = factors;
        all.add(cell, gravity);
    }
    if let Some(total) = fits.get(&None) {
        // One equation for all products: fitted trade of a market as a whole.
        for ((market, _), (line, _)) in &mut lines {
            line.gravity = total.fitted[place * asked.labels.places.len() + market];
        }
        all.gravity = lines.values().map(|(line, _)| line.gravity).sum();
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by(|a, b| b.1.0.unrealised.total_cmp(&a.1.0.unrealised).then(a.0.cmp(&b.0)));
    lines.truncate(top.unwrap_or(usize::MAX));
    let exporter = asked.names("exporter");
    let items: Vec<Value> = lines
        .into_iter()
        .enumerate()
        .map(|(rank, (key, (line, factors)))| {
            Value::from_pairs(item(book, &asked, &by, (rank, key), &line, factors))
        })
        .collect();
    let mut pairs = figures(&asked, "all", &exporter, &all);
    pairs.push(("items", Value::from(items)));
    if ranking {
        let ranked = (cut_off.unwrap_or(CUT_OFF), top);
        let new = new_products(book, &asked, &world, (place, &found), ranked, &mut notes)?;
        pairs.push(("new_products", new));
    }
    pairs.push(("notes", joined(notes)));
    Ok(Value::from_pairs(pairs))
}

/// The factors of tables of the case.
fn brought(book: &Book, asked: &Asked<'_>) -> Result<Vec<Factor>, Error> {
    let mut brought: Vec<Factor> = Vec::new();
    for name in asked.option("factors").into_iter().flat_map(|names| names.split('/')) {
        let table = book.case.table(name).ok_or_else(|| {
            refuse(format!("potential(): the case has no table {name:?} for factors"))
        })?;
        let found = factors(table, &asked.labels).map_err(|report| refuse(report.to_string()))?;
        if let Some(twice) = found.iter().find(|f| brought.iter().any(|b| b.name == f.name)) {
            return Err(refuse(format!(
                "potential(): two tables of factors have a column {}; put it into one",
                twice.name
            )));
        }
        brought.extend(found);
    }
    Ok(brought)
}

/// Cells without a factor, and rows of factors that no cell has.
fn of_factors(brought: &[Factor], found: &Potential) -> Vec<String> {
    let mut notes = Vec::new();
    for factor in brought {
        let without = |cell: &&PotentialCell| {
            cell.ease > 0.0 && factor.get(found.exporter, cell.market, cell.product).is_none()
        };
        let count = found.cells.iter().filter(without).count();
        if count > 0 {
            let name = factor.name;
            notes.push(format!("{count} cells have no {name} in the tables given; 1 was taken"));
        }
        if !factor.passed_over.is_empty() {
            let ids: Vec<&str> = factor.passed_over.iter().map(String::as_str).collect();
            notes.push(format!(
                "rows of {} are passed over, as no row selected has the place or product: {}",
                factor.name,
                few(&ids)
            ));
        }
    }
    notes
}

/// The potential of a place with the factors brought; 1 where a table has no row.
fn of_place(
    asked: &Asked<'_>,
    world: &World,
    place: usize,
    brought: &[Factor],
) -> Result<Potential, Error> {
    let (n, m) = (asked.labels.places.len(), asked.labels.products.len());
    let by_name = |name: &str| brought.iter().find(|factor| factor.name == name);
    let full = |name: &str| -> Option<Vec<f64>> {
        let factor = by_name(name)?;
        Some((0..n * m).map(|at| factor.get(place, at / m, at % m).unwrap_or(1.0)).collect())
    };
    let supply: Option<Vec<f64>> = by_name("supply_growth")
        .map(|factor| (0..m).map(|k| factor.get(place, 0, k).unwrap_or(1.0)).collect());
    let (demand, tariff) = (full("demand_growth"), full("tariff_advantage"));
    let distance = full("distance_advantage");
    let dynamics = Dynamics {
        supply_growth: supply.as_deref(),
        demand_growth: demand.as_deref(),
        tariff_advantage: tariff.as_deref(),
        distance_advantage: distance.as_deref(),
    };
    export_potential(&asked.tables[0], world, place, &dynamics)
        .map_err(|error| asked.refused(&error))
}

/// Gravity on the covariates of the case's pairs, by product or for all trade; nothing unless asked.
fn fitted(
    book: &Book,
    asked: &Asked<'_>,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<Option<usize>, GravityPotential>, Error> {
    let Some(terms) = asked.option("gravity") else { return Ok(BTreeMap::new()) };
    let terms: Vec<String> = terms.split('/').map(str::to_owned).collect();
    let level = match asked.option("gravity_by").unwrap_or("product") {
        "product" => Level::Product,
        "total" => Level::Total,
        other => {
            return Err(refuse(format!("gravity_by is \"product\" or \"total\", got {other:?}")));
        }
    };
    let pairs = book.case.pairs().ok_or_else(|| {
        refuse("potential(): gravity needs the table pairs of the case, with the covariates")
    })?;
    let x =
        covariates(pairs, &asked.labels, &terms).map_err(|report| refuse(report.to_string()))?;
    let (fits, remarks) = gravity_potential(&asked.tables[0], &x, level, &[])
        .map_err(|error| asked.refused(&error))?;
    notes.extend(remarks.into_iter().map(|note| match note.code {
        "pairs_without_covariates" => format!("{} {}", note.count, note.message),
        _ => note.message,
    }));
    let failed = fits.iter().filter(|fit| fit.status != Status::Converged).count();
    let left_out: usize = fits.iter().map(|fit| fit.left_out).sum();
    for (count, what) in [
        (failed, "gravity equations did not converge: no fitted trade"),
        (left_out, "pairs of the gravity equations are left out as separated or alone in a level"),
    ] {
        if count > 0 {
            notes.push(format!("{count} {what}"));
        }
    }
    Ok(fits.into_iter().map(|fit| (fit.product, fit)).collect())
}

/// One line of the answer with its figures, and with every factor where it is a cell.
fn item(
    book: &Book,
    asked: &Asked<'_>,
    by: &str,
    (rank, key): (usize, (usize, usize)),
    line: &Line,
    factors: Option<&PotentialCell>,
) -> Vec<(&'static str, Value)> {
    let labels = &asked.labels;
    let exporter = asked.names("exporter");
    let ids: Vec<String> = match by {
        "destination" => vec![labels.places[key.0].clone()],
        "product" => vec![labels.products[key.0].clone()],
        _ => vec![labels.places[key.0].clone(), labels.products[key.1].clone()],
    };
    let names: Vec<String> = ids.iter().map(|id| name_of(book, id)).collect();
    let name = names.join(", ");
    let mut pairs = vec![
        ("rank", Value::from(rank + 1)),
        ("id", Value::from(ids[0].clone())),
        ("ids", Value::from(ids.clone())),
        ("name", Value::from(name.clone())),
    ];
    pairs.extend(figures(asked, &ids.join(" "), &format!("{exporter}, {name}"), line));
    let Some(cell) = factors else { return pairs };
    let factor = |key: &'static str, value: f64, unit: &str, text: &str| {
        let figure = format!("{key} {}", ids.join(" "));
        let label = format!("{key}: {exporter}, {name}");
        (key, asked.number(&figure, label, Some(value), unit, text))
    };
    pairs.extend([
        factor("supply", cell.supply, "", "share of the product's world exports"),
        factor("ease", cell.ease, "", "trade over what world shares would give"),
        factor("demand", cell.demand, &asked.unit, "the market's imports"),
    ]);
    if asked.option("factors").is_some() {
        let brought = "as the case's table of factors has it; 1 without a row";
        pairs.extend([
            factor("supply_growth", cell.supply_growth, "", brought),
            factor("demand_growth", cell.demand_growth, "", brought),
            factor("tariff_advantage", cell.tariff_advantage, "", brought),
            factor("distance_advantage", cell.distance_advantage, "", brought),
        ]);
    }
    pairs
}

/// The products that a place does not yet sell with advantage, ranked.
fn new_products(
    book: &Book,
    asked: &Asked<'_>,
    world: &World,
    (place, found): (usize, &Potential),
    (cut_off, top): (f64, Option<usize>),
    notes: &mut Vec<String>,
) -> Result<Value, Error> {
    let refused = |error| asked.refused(&error);
    let m = asked.labels.products.len();
    let index = rca(&asked.tables[0].exports().map_err(refused)?).map_err(refused)?;
    let having = presence(&index, cut_off).map_err(refused)?;
    let near = proximity(&having, Diagonal::default()).map_err(refused)?;
    let own = &index.values[place * m..(place + 1) * m];
    let (ranked, alone) = diversification(own, &near.values, &found.ease, world.imports(), cut_off)
        .map_err(refused)?;
    if !alone.is_empty() {
        let ids: Vec<&str> = alone.iter().map(|k| asked.labels.products[*k].as_str()).collect();
        notes.push(format!("new products near to nothing have no rank: {}", few(&ids)));
    }
    if ranked.is_empty() {
        notes.push("there is no new product to rank".into());
    }
    let who = asked.names("exporter");
    let items = ranked.iter().take(top.unwrap_or(usize::MAX)).map(|new| {
        let id = &asked.labels.products[new.product];
        let name = name_of(book, id);
        let figure = |key: &'static str, value: f64, unit: &str, text: &str| {
            let label = format!("{key} of a new product: {who}, {name}");
            (key, asked.number(&format!("new {key} {id}"), label, Some(value), unit, text))
        };
        Value::from_pairs([
            ("rank", Value::from(new.rank)),
            ("id", Value::from(id.clone())),
            ("name", Value::from(name.clone())),
            figure("density", new.density, "", "density around the product, weighted with RCA"),
            figure("demand", new.demand, &asked.unit, "imports of all markets by ease of trade"),
            figure("rca", own[new.product], "", index.convention),
        ])
    });
    Ok(Value::from(items.collect::<Vec<_>>()))
}

fn figures(asked: &Asked<'_>, id: &str, name: &str, line: &Line) -> Vec<(&'static str, Value)> {
    [
        ("potential", "export potential", line.potential, "supply × ease × demand, summed by cell"),
        ("actual", "actual exports", line.actual, "sum of the flows"),
        ("realised", "realised potential", line.realised, "sum of min(potential, actual) by cell"),
        (
            "unrealised",
            "unrealised potential",
            line.unrealised,
            "sum of max(0, potential - actual) by cell",
        ),
    ]
    .into_iter()
    .map(|(key, what, value, text)| (key, what, Some(value), text))
    .chain(asked.option("gravity").map(|_| {
        (
            "gravity",
            "fitted gravity",
            line.gravity,
            "Poisson gravity with fixed effects of both sides",
        )
    }))
    .map(|(key, what, value, text)| {
        let label = format!("{what}: {name}");
        (key, asked.number(&format!("{key} {id}"), label, value, &asked.unit, text))
    })
    .collect()
}
