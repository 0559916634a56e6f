//! Sites inside a brief: centres near people, offices where they raise sales most.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::site::p_median::{self, Solution};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::rows::Selection;
use crate::book::{Book, shown};
use crate::cell::{Cell, Ground, Status};
use crate::stages::siting::{self, Offices, Siting};
use crate::value::Number;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("site", move |kwargs: Kwargs| site(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("site_curve", move |kwargs: Kwargs| site_curve(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("offices", move |kwargs: Kwargs| offices(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("offices_curve", move |kwargs: Kwargs| offices_curve(&b, &kwargs));
}

/// What `site` and `site_curve` share: the seats and the question asked of them.
fn seats(
    book: &Book,
    kwargs: &Kwargs,
) -> Result<(Siting, BTreeMap<String, String>, Ground), Error> {
    let kind = kwargs.get::<Option<String>>("kind")?.unwrap_or_else(|| "country".into());
    let parent: Option<String> = kwargs.get("parent")?;
    let weight: Option<String> = kwargs.get("weight")?;
    let keep: Vec<String> = kwargs.get::<Option<Vec<String>>>("keep")?.unwrap_or_default();
    let siting = siting::seats(&book.case, &kind, parent.as_deref(), weight.as_deref(), &keep)
        .map_err(|report| shown(&report))?;
    let places = book.case.places().expect("siting::seats found it");
    let rows: Vec<usize> = siting.sites.iter().filter_map(|id| book.case.place(id)).collect();
    let question = BTreeMap::from([
        ("kind".to_owned(), kind),
        ("parent".to_owned(), parent.unwrap_or_default()),
        ("weight".to_owned(), weight.unwrap_or_else(|| "1 each".into())),
        ("keep".to_owned(), keep.join(" ")),
    ]);
    Ok((siting, question, Ground::default().and(&book.case, places, &rows)))
}

/// A number about a plan.
fn plan_number(
    book: &Book,
    question: &BTreeMap<String, String>,
    ground: &Ground,
    what: &str,
    value: f64,
    unit: &str,
    text: String,
) -> Arc<Cell> {
    let mut options = question.clone();
    options.insert("number".into(), what.to_owned());
    let mut cell = Cell::new("site", options, what, Some(value)).with_ground(ground);
    cell.unit = unit.to_owned();
    cell.status = Status::Optimised;
    cell.computation.text = text;
    book.enter(cell)
}

/// A site for lists and maps: `name` is its city.
fn place_item(book: &Book, siting: &Siting, site: usize, kind: &str) -> Value {
    let id = &siting.sites[site];
    let places = book.case.places().zip(book.case.place(id));
    let city = places.and_then(|(places, row)| places.text("seat_city", row)).unwrap_or(id);
    Value::from_pairs([
        ("id", Value::from(id.clone())),
        ("name", Value::from(city)),
        ("place", Value::from(book.place(id))),
        ("lat", Value::from(siting.points[site].0)),
        ("lon", Value::from(siting.points[site].1)),
        ("kind", Value::from(kind)),
    ])
}

/// `site(kind = "region", parent = "RUS", weight = "seat_population", keep = [...], add = 1)`.
fn site(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let add: usize = kwargs.get("add")?;
    let (siting, mut question, ground) = seats(book, kwargs)?;
    kwargs.assert_all_used()?;
    question.insert("add".into(), add.to_string());
    let plan = siting.plan(add, &p_median::Options::default()).map_err(|report| shown(&report))?;
    let weight = siting.weight();
    let verdict = siting::verdict(&plan.solution);
    let mean = |what: &str, objective: f64, text: String| {
        Number::value(plan_number(book, &question, &ground, what, objective / weight, "km", text))
    };
    let text = format!(
        "p-median of {} seats, {} open; great circles; lower bound {:.3} km. {verdict}",
        siting.sites.len(),
        plan.solution.open.len(),
        plan.solution.bound / weight
    );
    let sites: Vec<Value> = plan
        .solution
        .open
        .iter()
        .map(|&site| {
            let kind = if plan.added.contains(&site) { "new" } else { "existing" };
            place_item(book, &siting, site, kind)
        })
        .collect();
    let left_out = if siting.left_out.is_empty() {
        "no region is left out".to_owned()
    } else {
        format!("left out: {}", siting.left_out.join(", "))
    };
    Ok(Value::from_pairs([
        (
            "added",
            plan.added
                .iter()
                .map(|&site| place_item(book, &siting, site, "new"))
                .collect::<Value>(),
        ),
        ("sites", Value::from(sites)),
        (
            "mean",
            mean("mean distance to the nearest centre", plan.solution.objective, text.clone()),
        ),
        (
            "mean_before",
            plan.before.map_or(Value::UNDEFINED, |before| {
                mean(
                    "mean distance to the nearest kept centre",
                    before,
                    "the kept centres alone".into(),
                )
            }),
        ),
        ("verdict", Value::from(verdict)),
        ("left_out", Value::from(left_out)),
    ]))
}

/// `site_curve(..., most = 8)`: the mean distance for 0, 1, ... centres added.
fn site_curve(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let most: usize = kwargs.get("most")?;
    let (siting, mut question, ground) = seats(book, kwargs)?;
    kwargs.assert_all_used()?;
    let weight = siting.weight();
    let mut points = Vec::new();
    for add in 0..=most {
        let plan =
            siting.plan(add, &p_median::Options::default()).map_err(|report| shown(&report))?;
        question.insert("add".into(), add.to_string());
        let text = format!("{add} centres added. {}", siting::verdict(&plan.solution));
        let label = "mean distance to the nearest centre";
        let cell = plan_number(
            book,
            &question,
            &ground,
            label,
            plan.solution.objective / weight,
            "km",
            text,
        );
        points.push(Value::from_pairs([
            ("added", Value::from(add)),
            ("name", Value::from(format!("{add} added"))),
            ("value", Number::value(cell)),
        ]));
    }
    Ok(Value::from(points))
}

/// What `offices` and `offices_curve` share: markets of an exporter and what an office does there.
struct Question {
    offices: Offices,
    options: BTreeMap<String, String>,
    ground: Ground,
    inputs: Vec<Arc<Cell>>,
    unit: String,
}

fn question(book: &Book, kwargs: &Kwargs) -> Result<Question, Error> {
    let exporter: String = kwargs.get("exporter")?;
    let inputs: Vec<Arc<Cell>> = [kwargs.get::<Value>("gain")?, kwargs.get::<Value>("reach")?]
        .iter()
        .map(Number::from_value)
        .collect::<Result<_, _>>()?;
    let [gain, reach] = [0, 1].map(|i| inputs[i].value.unwrap_or(f64::NAN));
    let own = ["exporter", "gain", "reach", "add", "most"];
    let selection = Selection::excluding(book, kwargs, &own)?;
    let table = selection.table(book)?;
    let mut rows = selection.rows(table)?;
    rows.retain(|&row| {
        table.text("origin", row) == Some(&exporter)
            && table.text("destination", row) != Some(&exporter)
    });
    let offices = siting::offices(&book.case, table, &rows, &exporter, gain, reach)
        .map_err(|report| shown(&report))?;
    let mut options = selection.options();
    options.insert("exporter".into(), exporter);
    options.insert("gain".into(), gain.to_string());
    options.insert("reach".into(), reach.to_string());
    let unit = rows.first().and_then(|&row| table.text("unit", row)).unwrap_or_default().to_owned();
    let ground = Ground::default().and(&book.case, table, &rows);
    Ok(Question { offices, options, ground, inputs, unit })
}

impl Question {
    fn benefit(&self, book: &Book, add: usize, solution: &Solution) -> Arc<Cell> {
        let mut options = self.options.clone();
        options.insert("add".into(), add.to_string());
        let label = format!("additional sales with {add} offices");
        let mut cell = Cell::new(
            "offices",
            options,
            label,
            Some(self.offices.gains.total_of(solution.objective)),
        )
        .with_ground(&self.ground)
        .with_inputs(self.inputs.iter().map(AsRef::as_ref));
        cell.unit.clone_from(&self.unit);
        cell.status = Status::Optimised;
        cell.computation.text = format!(
            "each market counts its best office: sales \u{d7} (exp(ln(1 + gain) exp(\u{2212}distance/reach)) \u{2212} 1); \
             p-median of {} capitals. {}",
            self.offices.siting.sites.len(),
            siting::verdict(solution)
        );
        book.enter(cell)
    }
}

/// `offices(exporter = "BRA", add = 3, gain = assume(8, ...), reach = assume(2000, ...))`.
fn offices(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let add: usize = kwargs.get("add")?;
    let asked = question(book, kwargs)?;
    kwargs.assert_all_used()?;
    let siting = &asked.offices.siting;
    let plan = siting.plan(add, &p_median::Options::default()).map_err(|report| shown(&report))?;
    let exporter = &asked.options["exporter"];
    let mut sites: Vec<Value> =
        plan.added.iter().map(|&j| place_item(book, siting, j, "new")).collect();
    let added = Value::from(sites.clone());
    if let Some((lat, lon)) = book.case.seat(exporter) {
        sites.push(Value::from_pairs([
            ("id", Value::from(exporter.clone())),
            ("name", Value::from(book.place(exporter))),
            ("lat", Value::from(lat)),
            ("lon", Value::from(lon)),
            ("kind", Value::from("origin")),
        ]));
    }
    Ok(Value::from_pairs([
        ("added", added),
        ("sites", Value::from(sites)),
        ("candidates", Value::from(siting.sites.len())),
        ("benefit", Number::value(asked.benefit(book, add, &plan.solution))),
        ("verdict", Value::from(siting::verdict(&plan.solution))),
        ("left_out", Value::from(siting.left_out.join(", "))),
    ]))
}

/// `offices_curve(..., most = 8)`: additional sales with 1, 2, ... offices.
fn offices_curve(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let most: usize = kwargs.get("most")?;
    let asked = question(book, kwargs)?;
    kwargs.assert_all_used()?;
    let mut points = Vec::new();
    for add in 1..=most {
        let plan = asked
            .offices
            .siting
            .plan(add, &p_median::Options::default())
            .map_err(|report| shown(&report))?;
        points.push(Value::from_pairs([
            ("added", Value::from(add)),
            ("name", Value::from(format!("{add} offices"))),
            ("value", Number::value(asked.benefit(book, add, &plan.solution))),
        ]));
    }
    Ok(Value::from(points))
}
