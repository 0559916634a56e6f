//! Sites inside a brief: centres near people, by each of the location problems.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::site::rules::Rules;
use emporion_model::site::{SiteState, plans};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::site_problems;
use super::site_rules::Ruled;
use crate::book::{Book, refuse, shown};
use crate::cell::{Cell, Ground, Status};
use crate::stages::site_rules::said;
use crate::stages::siting::{self, Siting};
use crate::value::Number;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("site", move |kwargs: Kwargs| site(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("site_curve", move |kwargs: Kwargs| site_curve(&b, &kwargs));
}

/// What `site` and `site_curve` share.
pub(super) struct Seats {
    pub(super) siting: Siting,
    /// What is asked, for the trace.
    pub(super) question: BTreeMap<String, String>,
    pub(super) ground: Ground,
    pub(super) ruled: Option<Ruled>,
}

impl Seats {
    /// ` under 3 rules`, or nothing.
    pub(super) fn under(&self) -> String {
        self.ruled.as_ref().map_or_else(String::new, Ruled::under)
    }

    /// How many centres in all, if `add` says.
    pub(super) fn number(&self, add: Option<usize>) -> Option<usize> {
        add.map(|add| self.siting.instance.sites_in(SiteState::Kept).count() + add)
    }

    /// The rules by position, if there are any.
    pub(super) fn rules(
        &self,
        book: &Book,
        asked: (Option<usize>, bool),
        opening: Option<&[f64]>,
    ) -> Result<Option<Rules>, Error> {
        let rules = |ruled: &Ruled| ruled.rules(book, &self.siting, asked, opening);
        self.ruled.as_ref().map(rules).transpose()
    }
}

/// Reads the seats and the question asked of them.
pub(super) fn seats(book: &Book, kwargs: &Kwargs) -> Result<Seats, Error> {
    let kind = kwargs.get::<Option<String>>("kind")?.unwrap_or_else(|| "country".into());
    let parent: Option<String> = kwargs.get("parent")?;
    let weight: Option<String> = kwargs.get("weight")?;
    let mut keep: Vec<String> = kwargs.get::<Option<Vec<String>>>("keep")?.unwrap_or_default();
    let ruled = Ruled::read(book, kwargs)?;
    keep_too(&mut keep, ruled.as_ref());
    let mut siting = siting::seats(&book.case, &kind, parent.as_deref(), weight.as_deref(), &keep)
        .map_err(|report| shown(&report))?;
    let places = book.case.places().expect("siting::seats found it");
    let rows: Vec<usize> = siting.sites.iter().filter_map(|id| book.case.place(id)).collect();
    if let Some(ruled) = &ruled {
        ruled.forbid(&mut siting, &keep)?;
    }
    let mut question = BTreeMap::from([
        ("kind".to_owned(), kind),
        ("parent".to_owned(), parent.unwrap_or_default()),
        ("weight".to_owned(), weight.unwrap_or_else(|| "1 each".into())),
        ("keep".to_owned(), keep.join(" ")),
    ]);
    question.extend(ruled.as_ref().map(|ruled| ("rules".to_owned(), ruled.told())));
    let ground = Ground::default().and(&book.case, places, &rows);
    Ok(Seats { siting, question, ground, ruled })
}

/// Adds what rules keep.
pub(super) fn keep_too(keep: &mut Vec<String>, ruled: Option<&Ruled>) {
    for id in ruled.map_or_else(Vec::new, |ruled| ruled.decided(true)) {
        if !keep.contains(&id) {
            keep.push(id);
        }
    }
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
    let add: Option<usize> = kwargs.get("add")?;
    let asked = seats(book, kwargs)?;
    kwargs.assert_all_used()?;
    if add.is_none() && asked.ruled.is_none() {
        return Err(refuse("site needs a number of centres: say add"));
    }
    let (rules, under) = (asked.rules(book, (asked.number(add), false), None)?, asked.under());
    let Seats { siting, mut question, ground, .. } = asked;
    question.extend(add.map(|add| ("add".to_owned(), add.to_string())));
    let plan = siting.choose(add.unwrap_or_default(), rules.as_ref());
    let plan = plan.map_err(|report| shown(&report))?;
    let weight = siting.weight();
    let verdict = plan.verdict.as_str();
    let mean = |what: &str, objective: f64, text: String| {
        Number::value(plan_number(book, &question, &ground, what, objective / weight, "km", text))
    };
    let text = format!(
        "p-median of {} seats, {} open{under}; great circles; lower bound {:.3} km. {verdict}",
        siting.sites.len(),
        plan.open.len(),
        plan.bound / weight
    );
    let fresh = |site: usize| siting.instance.states()[site] != SiteState::Kept;
    let item =
        |site: usize| place_item(book, &siting, site, if fresh(site) { "new" } else { "existing" });
    let sites: Vec<Value> = plan.open.iter().map(|&site| item(site)).collect();
    let added = plan.open.iter().filter(|site| fresh(**site)).map(|&site| item(site));
    let left_out = if siting.left_out.is_empty() {
        "no region is left out".to_owned()
    } else {
        format!("left out: {}", siting.left_out.join(", "))
    };
    Ok(Value::from_pairs([
        ("added", added.collect::<Value>()),
        ("sites", Value::from(sites)),
        ("served", served(book, &siting, &question, &ground, &whole(&plan.assignment))),
        ("mean", mean("mean distance to the nearest centre", plan.objective, text.clone())),
        (
            "mean_before",
            siting.kept_alone().map_or(Value::UNDEFINED, |before| {
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
    let asked = seats(book, kwargs)?;
    kwargs.assert_all_used()?;
    let rules = asked.rules(book, (None, true), None)?;
    let Seats { siting, mut question, ground, .. } = asked;
    let weight = siting.weight();
    let mut points = Vec::new();
    for (add, objective, verdict) in curve(&siting, (0, most), rules.as_ref())? {
        question.insert("add".into(), add.to_string());
        let text = format!("{add} centres added. {verdict}");
        let label = "mean distance to the nearest centre";
        let cell = plan_number(book, &question, &ground, label, objective / weight, "km", text);
        points.push(Value::from_pairs([
            ("added", Value::from(add)),
            ("name", Value::from(format!("{add} added"))),
            ("value", Number::value(cell)),
        ]));
    }
    Ok(Value::from(points))
}

/// The best plan for each number of centres added, from `least` on: cost, and what is proven of it. Under rules,
/// numbers with which no plan obeys are left out.
pub(super) fn curve(
    siting: &Siting,
    (least, most): (usize, usize),
    rules: Option<&Rules>,
) -> Result<Vec<(usize, f64, String)>, Error> {
    let Some(rules) = rules else {
        let plan = |add| siting.choose(add, None).map(|plan| (add, plan.objective, plan.verdict));
        return (least..=most).map(plan).collect::<Result<_, _>>().map_err(|report| shown(&report));
    };
    let question = plans::Question::p_median(&siting.instance, rules)
        .map_err(|error| refuse(said(&error, &siting.sites)))?;
    let kept = siting.instance.sites_in(SiteState::Kept).count();
    let points = question.curve(kept + most).into_iter().map(|point| {
        let gap = 100.0 * (point.plan.cost - point.bound) / point.plan.cost;
        let verdict = match point.bound == point.plan.cost {
            true => "Optimal under the rules, proven by search.".to_owned(),
            false => format!("Not proven optimal: at most {gap:.2} percent from the best."),
        };
        (point.p - kept, point.plan.cost, verdict)
    });
    Ok(points.filter(|(add, ..)| *add >= least).collect())
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
