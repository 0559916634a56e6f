//! Offices inside a brief: where they raise sales most, and how sure that is.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::site::rules::Rules;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::rows::Selection;
use super::site_rules::Ruled;
use super::sites::{curve, keep_too, place_item};
use crate::book::{Book, refuse, shown};
use crate::cell::{Cell, Ground, Interval, Status};
use crate::stages::siting::{self, Effect, Offices};
use crate::value::Number;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("offices", move |kwargs: Kwargs| offices(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("offices_curve", move |kwargs: Kwargs| offices_curve(&b, &kwargs));
}

/// A normal interval of 95 percent is so many standard errors wide.
const WIDTH_95: f64 = 2.0 * 1.959_963_984_540_054;

/// Begins the label of the number that a plan is chosen by.
const BENEFIT: &str = "additional sales with";

/// What `offices` and `offices_curve` share: markets of an exporter and what an office does there.
struct Question {
    offices: Offices,
    effect: Effect,
    options: BTreeMap<String, String>,
    ground: Ground,
    inputs: Vec<Arc<Cell>>,
    unit: String,
    /// How the effect is written in the trace.
    formula: &'static str,
    ruled: Option<Ruled>,
}

/// Value and standard error of a number, from its interval of 95 percent.
fn known(cell: &Cell, log: impl Fn(f64) -> f64) -> (f64, f64) {
    let width = cell.interval.as_ref().map_or(0.0, |ends| log(ends.high) - log(ends.low));
    (cell.value.map_or(f64::NAN, &log), width / WIDTH_95)
}

fn question(book: &Book, kwargs: &Kwargs) -> Result<Question, Error> {
    let exporter: String = kwargs.get("exporter")?;
    let mut keep: Vec<String> = kwargs.get::<Option<Vec<String>>>("keep")?.unwrap_or_default();
    let ruled = Ruled::read(book, kwargs)?;
    keep_too(&mut keep, ruled.as_ref());
    let gain: Option<Value> = kwargs.get("gain")?;
    let beta: Option<Value> = kwargs.get("beta")?;
    let reach = Number::from_value(&kwargs.get::<Value>("reach")?)?;
    let (name, door, log, formula) = match (gain, beta) {
        (Some(gain), None) => (
            "gain",
            Number::from_value(&gain)?,
            (|percent: f64| (percent / 100.0).ln_1p()) as fn(f64) -> f64,
            "exp(ln(1 + gain) exp(\u{2212}distance/reach)) \u{2212} 1",
        ),
        (None, Some(beta)) => (
            "beta",
            Number::from_value(&beta)?,
            (|beta: f64| beta) as fn(f64) -> f64,
            "exp(beta exp(\u{2212}distance/reach)) \u{2212} 1",
        ),
        _ => return Err(refuse("say gain (percent) or beta (a coefficient), one of the two")),
    };
    let ((beta, beta_se), (far, far_se)) = (known(&door, log), known(&reach, |km| km));
    let effect = Effect { beta, beta_se, reach: far, reach_se: far_se };
    let own =
        ["exporter", "gain", "beta", "reach", "add", "most", "keep", "draws", "seed", "rules"];
    let selection = Selection::excluding(book, kwargs, &own)?;
    let table = selection.table(book)?;
    let mut rows = selection.rows(table)?;
    rows.retain(|&row| {
        table.text("origin", row) == Some(&exporter)
            && table.text("destination", row) != Some(&exporter)
    });
    let mut offices = siting::offices(&book.case, table, &rows, &exporter, effect, &keep)
        .map_err(|report| shown(&report))?;
    let mut options = selection.options();
    if let Some(ruled) = &ruled {
        ruled.forbid(&mut offices.siting, &keep)?;
        options.insert("rules".into(), ruled.told());
    }
    options.insert("exporter".into(), exporter);
    options.insert(name.into(), door.value.unwrap_or(f64::NAN).to_string());
    options.insert("reach".into(), reach.value.unwrap_or(f64::NAN).to_string());
    if !keep.is_empty() {
        options.insert("keep".into(), keep.join(" "));
    }
    let unit = rows.first().and_then(|&row| table.text("unit", row)).unwrap_or_default().to_owned();
    let ground = Ground::default().and(&book.case, table, &rows);
    Ok(Question {
        offices,
        effect,
        options,
        ground,
        inputs: vec![door, reach],
        unit,
        formula,
        ruled,
    })
}

impl Question {
    /// The rules by position, if there are any: with so many offices added, or any number.
    fn rules(&self, book: &Book, add: Option<usize>) -> Result<Option<Rules>, Error> {
        let number = (add.map(|add| self.offices.kept.len() + add), add.is_none());
        let rules = |ruled: &Ruled| ruled.rules(book, &self.offices.siting, number, None);
        self.ruled.as_ref().map(rules).transpose()
    }

    fn cell(&self, label: &str, add: usize, (value, unit): (f64, &str), text: String) -> Cell {
        // The benefit is what the question is about; other numbers are told apart by their label.
        let number = Some(label).filter(|label| !label.starts_with(BENEFIT));
        let mut options = self.options.clone();
        options.insert("add".into(), add.to_string());
        if let Some(number) = number {
            options.insert("number".into(), number.to_owned());
        }
        let mut cell = Cell::new("offices", options, label, Some(value))
            .with_ground(&self.ground)
            .with_inputs(self.inputs.iter().map(AsRef::as_ref));
        unit.clone_into(&mut cell.unit);
        cell.status = Status::Optimised;
        cell.computation.text = text;
        cell
    }

    fn benefit(&self, add: usize, objective: f64, verdict: &str) -> Cell {
        let label = format!("{BENEFIT} {add} offices");
        let text = format!(
            "each market counts its best office: sales \u{d7} ({}); p-median of {} capitals{}. \
             {verdict}",
            self.formula,
            self.offices.siting.sites.len(),
            self.ruled.as_ref().map_or_else(String::new, Ruled::under),
        );
        let value = self.offices.benefit(objective);
        self.cell(&label, add, (value, &self.unit), text)
    }

    /// Which office each market counts, for lists and as arcs of a map.
    fn served(&self, book: &Book, add: usize, assignment: &[usize]) -> Value {
        let siting = &self.offices.siting;
        let pairs = assignment.iter().enumerate().filter(|(k, j)| *k != **j);
        pairs
            .map(|(k, &j)| {
                let (market, office) = (&siting.customers[k], &siting.sites[j]);
                let label =
                    format!("additional sales to {} with {add} offices", book.place(market));
                let text =
                    format!("its best office is in {office}: sales \u{d7} ({})", self.formula);
                let gain = self.offices.gain(k, j);
                let cell = book.enter(self.cell(&label, add, (gain, &self.unit), text));
                Value::from_pairs([
                    ("id", Value::from(market.clone())),
                    ("name", Value::from(book.place(market))),
                    ("site", Value::from(office.clone())),
                    ("site_name", Value::from(book.place(office))),
                    ("ids", Value::from(vec![office.clone(), market.clone()])),
                    ("value", Number::value(cell)),
                ])
            })
            .collect()
    }
}

/// `offices(exporter = "BRA", add = 3, gain = assume(8, ...), reach = assume(2000, ...))`.
fn offices(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let add: usize = kwargs.get("add")?;
    let draws: Option<usize> = kwargs.get("draws")?;
    let seed: u64 = kwargs.get::<Option<u64>>("seed")?.unwrap_or(1);
    let mut asked = question(book, kwargs)?;
    kwargs.assert_all_used()?;
    if let Some(n) = draws {
        asked.options.insert("draws".into(), n.to_string());
        asked.options.insert("seed".into(), seed.to_string());
    }
    let siting = &asked.offices.siting;
    let rules = asked.rules(book, Some(add))?;
    let plan = siting.choose(add, rules.as_ref()).map_err(|report| shown(&report))?;
    let exporter = &asked.options["exporter"];
    let fresh = plan.open.iter().filter(|j| !asked.offices.kept.contains(j));
    let added: Vec<Value> = fresh.map(|&j| place_item(book, siting, j, "new")).collect();
    let mut sites = added.clone();
    sites.extend(asked.offices.kept.iter().map(|&j| place_item(book, siting, j, "existing")));
    if let Some((lat, lon)) = book.case.seat(exporter) {
        sites.push(Value::from_pairs([
            ("id", Value::from(exporter.clone())),
            ("name", Value::from(book.place(exporter))),
            ("lat", Value::from(lat)),
            ("lon", Value::from(lon)),
            ("kind", Value::from("origin")),
        ]));
    }
    let mut benefit = asked.benefit(add, plan.objective, &plan.verdict);
    let mut answer = vec![
        ("added", Value::from(added)),
        ("sites", Value::from(sites)),
        ("served", asked.served(book, add, &plan.assignment)),
        ("candidates", Value::from(siting.sites.len())),
        ("verdict", Value::from(plan.verdict.as_str())),
        ("left_out", Value::from(siting.left_out.join(", "))),
    ];
    if let Some(n) = draws {
        if asked.effect.beta_se == 0.0 && asked.effect.reach_se == 0.0 {
            return Err(refuse(
                "draws need a number with an interval for gain, beta or reach, such as \
                 estimate(...).coef(TERM): an assumed one is the same in every draw",
            ));
        }
        let (found, valued) = asked
            .offices
            .drawn(asked.effect, &plan.open, n, seed, rules.as_ref())
            .map_err(|report| shown(&report))?;
        let of = match found.failed.len() {
            0 => format!("of {n} draws, seed {seed}"),
            failed => format!(
                "of {n} draws, seed {seed} ({failed} left out: no effect above zero, or no reach)"
            ),
        };
        benefit.interval = Some(Interval {
            low: valued.low,
            high: valued.high,
            method: format!("5th and 95th percentile {of}"),
        });
        let percent = |label: &str, share: f64, text: String| {
            let cell = asked.cell(label, add, (100.0 * share, "percent of draws"), text);
            Number::value(book.enter(cell))
        };
        let mut order: Vec<usize> =
            (0..siting.sites.len()).filter(|j| found.chosen[*j] > 0.0).collect();
        order.sort_by(|&a, &b| found.chosen[b].total_cmp(&found.chosen[a]).then(a.cmp(&b)));
        let chosen: Vec<Value> = order
            .into_iter()
            .map(|j| {
                let id = &siting.sites[j];
                let label = format!("share of draws with an office in {}", book.place(id));
                let text = format!("chosen again in each {of}");
                Value::from_pairs([
                    ("id", Value::from(id.clone())),
                    ("name", Value::from(book.place(id))),
                    ("value", percent(&label, found.chosen[j], text)),
                ])
            })
            .collect();
        let share = valued.draws as f64 / found.solved as f64;
        answer.push(("chosen", Value::from(chosen)));
        answer.push((
            "plan_share",
            percent("share of draws in which the plan is best", share, format!("best {of}")),
        ));
        let label = "expected regret of the plan";
        let text = format!("mean loss against the best plan of each {of}");
        let regret = asked.cell(label, add, (valued.expected_regret, &asked.unit), text);
        answer.push(("regret", Number::value(book.enter(regret))));
    }
    answer.push(("benefit", Number::value(book.enter(benefit))));
    Ok(Value::from_pairs(answer))
}

/// `offices_curve(..., most = 8)`: additional sales with 1, 2, ... offices.
fn offices_curve(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let most: usize = kwargs.get("most")?;
    let asked = question(book, kwargs)?;
    kwargs.assert_all_used()?;
    let rules = asked.rules(book, None)?;
    let mut points = Vec::new();
    for (add, objective, verdict) in curve(&asked.offices.siting, (1, most), rules.as_ref())? {
        points.push(Value::from_pairs([
            ("added", Value::from(add)),
            ("name", Value::from(format!("{add} offices"))),
            ("value", Number::value(book.enter(asked.benefit(add, objective, &verdict)))),
        ]));
    }
    Ok(Value::from(points))
}
