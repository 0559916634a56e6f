//! Sites inside a brief: centres near people, by each of the location problems.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::site::p_median;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::site_problems;
use crate::book::{Book, shown};
use crate::cell::{Cell, Ground, Status};
use crate::stages::siting::{self, Siting};

use crate::value::Number;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("site", move |kwargs: Kwargs| site(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("site_curve", move |kwargs: Kwargs| site_curve(&b, &kwargs));
}

/// What `site` and `site_curve` share: the seats and the question asked of them.
pub(super) fn seats(
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
pub(super) fn plan_number(
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
pub(super) fn place_item(book: &Book, siting: &Siting, site: usize, kind: &str) -> Value {
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
    let problem: Option<String> = kwargs.get("problem")?;
    if let Some(problem) = problem.filter(|problem| problem != "p-median") {
        return site_problems::site(book, kwargs, &problem);
    }
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
        ("served", served(book, &siting, &question, &ground, &whole(&plan.solution.assignment))),
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

/// Each customer served whole from its site.
pub(super) fn whole(assignment: &[usize]) -> Vec<(usize, usize)> {
    assignment.iter().copied().enumerate().collect()
}

/// Who is served from where, for lists and as arcs of a map; those at a centre itself are no arcs.
pub(super) fn served(
    book: &Book,
    siting: &Siting,
    question: &BTreeMap<String, String>,
    ground: &Ground,
    service: &[(usize, usize)],
) -> Value {
    let items = service.iter().filter(|(i, j)| siting.customers[*i] != siting.sites[*j]);
    items
        .map(|&(i, j)| {
            let (customer, site) = (&siting.customers[i], &siting.sites[j]);
            let what = format!(
                "distance from {} to its centre in {}",
                book.place(customer),
                book.place(site)
            );
            let text = format!("served from {site}; great circle");
            let km = siting.instance.cost(i, j);
            let cell = plan_number(book, question, ground, &what, km, "km", text);
            Value::from_pairs([
                ("id", Value::from(customer.clone())),
                ("name", Value::from(book.place(customer))),
                ("site", Value::from(site.clone())),
                ("site_name", Value::from(book.place(site))),
                ("ids", Value::from(vec![site.clone(), customer.clone()])),
                ("value", Number::value(cell)),
            ])
        })
        .collect()
}
