//! Export potential on the rows of the case.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::export_potential::{Dynamics, PotentialCell, World, export_potential};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

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
}

impl Line {
    fn add(&mut self, cell: &PotentialCell) {
        self.potential += cell.potential;
        self.actual += cell.actual;
        self.realised += cell.realised;
        self.unrealised += cell.unrealised;
    }
}

/// `potential(exporter, by, top)`: potential, realised and unrealised, by product or market.
fn potential(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let asked = Asked::new(book, kwargs, "potential", &["exporter", "by", "top"])?;
    let by = asked.option("by").unwrap_or("destination").to_owned();
    let place = asked.one("exporter")?;
    let table = &asked.tables[0];
    let world = World::of(table).map_err(|error| asked.refused(&error))?;
    let found = export_potential(table, &world, place, &Dynamics::default())
        .map_err(|error| asked.refused(&error))?;
    let mut lines: BTreeMap<(usize, usize), (Line, Option<&PotentialCell>)> = BTreeMap::new();
    let mut all = Line::default();
    for cell in &found.cells {
        let (key, factors) = match by.as_str() {
            "destination" => ((cell.market, 0), None),
            "product" => ((cell.product, 0), None),
            "cell" => ((cell.market, cell.product), Some(cell)),
            other => {
                return Err(refuse(format!(
                    "potential() adds up by \"destination\", \"product\" or \"cell\", got {other:?}"
                )));
            }
        };
        let line = lines.entry(key).or_default();
        line.0.add(cell);
        line.1 = factors;
        all.add(cell);
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by(|a, b| b.1.0.unrealised.total_cmp(&a.1.0.unrealised).then(a.0.cmp(&b.0)));
    lines.truncate(top.unwrap_or(usize::MAX));
    let exporter = asked.names("exporter");
    let labels = &asked.labels;
    let items: Vec<Value> = lines
        .into_iter()
        .enumerate()
        .map(|(rank, (key, (line, factors)))| {
            let ids: Vec<String> = match by.as_str() {
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
            pairs.extend(figures(&asked, &ids.join(" "), &format!("{exporter}, {name}"), &line));
            if let Some(cell) = factors {
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
            }
            Value::from_pairs(pairs)
        })
        .collect();
    let mut pairs = figures(&asked, "all", &exporter, &all);
    pairs.push(("items", Value::from(items)));
    let notes: Vec<&str> = found.notes.iter().map(|note| note.message.as_str()).collect();
    pairs.push(("notes", Value::from(notes.join("; "))));
    Ok(Value::from_pairs(pairs))
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
    .map(|(key, what, value, text)| {
        let label = format!("{what}: {name}");
        (key, asked.number(&format!("{key} {id}"), label, Some(value), &asked.unit, text))
    })
    .collect()
}
