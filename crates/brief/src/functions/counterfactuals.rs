//! Counterfactuals inside a brief.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::simulate::{Account, Diversion, Fill, OneSectorOptions};
use minijinja::value::{Kwargs, Object, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};

use super::drawn::{Drawing, ends};
use super::flows::flows;
use crate::book::{Book, refuse, shown};
use crate::cell::{Cell, Ground, Interval, Status};
use crate::stages::world::{self, Counterfactual, Scenario, World};
use crate::value::Number;

/// Registers `simulate`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("simulate", move |kwargs: Kwargs| simulate(&b, &kwargs));
}

/// `simulate(agreement = ["EU27", "MERCOSUR"], beta = ..., theta = 4)` or
/// `simulate(close = "BRA", market = "CHN", theta = 4)`.
fn simulate(book: &Arc<Book>, kwargs: &Kwargs) -> Result<Value, Error> {
    let own = ["agreement", "beta", "close", "market", "theta", "theta_sd", "draws", "seed"];
    let theta: f64 = kwargs.get("theta")?;
    let agreement: Option<Vec<String>> = kwargs.get("agreement")?;
    let beta: Option<Value> = kwargs.get("beta")?;
    let close: Option<String> = kwargs.get("close")?;
    let market: Option<Value> = kwargs.get("market")?;
    let drawing = Drawing::read(kwargs)?;
    let (table, rows, selection, absent) = flows(book, kwargs, &own)?;
    kwargs.assert_all_used()?;
    let world = World::new(table, &rows, &book.case.hierarchy(), absent)
        .map_err(|report| shown(&report))?;
    let mut question = selection.options();
    question.insert("theta".into(), theta.to_string());
    question.extend(drawing.iter().flat_map(Drawing::options));
    let (scenarios, input) = match (agreement, beta, close, market) {
        (Some(groups), Some(beta), None, None) => {
            let [a, b] = groups.as_slice() else {
                return Err(refuse("agreement = [A, B]: two groups or places"));
            };
            question.insert("agreement".into(), format!("{a} with {b}"));
            agreements(&expand(book, a), &expand(book, b), &beta, &mut question)?
        }
        (None, None, Some(exporter), Some(market)) => {
            let ids: Vec<String> = match market.kind() {
                ValueKind::Seq => market.try_iter()?.map(|m| m.to_string()).collect(),
                _ => vec![market.to_string()],
            };
            question.insert("close".into(), format!("{} to {exporter}", ids.join(", ")));
            let markets = ids.iter().flat_map(|id| expand(book, id)).collect();
            (vec![Scenario::Close { exporter, markets }], None)
        }
        _ => {
            return Err(refuse(
                "say either agreement = [A, B] with beta = ..., or close = EXPORTER with \
                 market = ...",
            ));
        }
    };
    let options = OneSectorOptions { elasticity: theta, ..OneSectorOptions::default() };
    let solve = |scenario| world::run(&world, scenario, &options).map_err(|report| shown(&report));
    let mut runs: Vec<Counterfactual> = Vec::new();
    let method = match drawing {
        None => {
            for scenario in &scenarios {
                runs.push(solve(scenario)?);
            }
            "the model at both ends of the coefficient's interval".to_owned()
        }
        Some(drawing) => {
            let drawn = drawing.run(&world, &scenarios[0], input.as_deref(), theta, &options)?;
            runs.push(solve(&scenarios[0])?);
            runs.extend(drawn.runs);
            drawn.method
        }
    };
    let runs = runs.into_iter().map(Run::new).collect();
    let ground = Ground::default().and(&book.case, table, &rows);
    Ok(Value::from_object(WorldValue {
        book: Arc::clone(book),
        world,
        runs,
        scenario: scenarios[0].clone(),
        drawn: drawing.is_some(),
        method,
        input,
        question,
        ground,
        period: table.text("year", rows[0]).unwrap_or_default().to_owned(),
        scope: table.text("scope", rows[0]).unwrap_or_default().to_owned(),
    }))
}

/// The members of a group, or the place itself.
fn expand(book: &Book, id: &str) -> Vec<String> {
    book.case.members(id).unwrap_or_else(|| vec![id.to_owned()])
}

/// The scenarios of an agreement: at the coefficient and, where it has an interval, at both ends.
fn agreements(
    a: &[String],
    b: &[String],
    beta: &Value,
    question: &mut BTreeMap<String, String>,
) -> Result<(Vec<Scenario>, Option<Arc<Cell>>), Error> {
    let make = |beta| Scenario::Agreement { a: a.to_vec(), b: b.to_vec(), beta };
    if let Ok(beta) = f64::try_from(beta.clone()) {
        question.insert("beta".into(), beta.to_string());
        return Ok((vec![make(beta)], None));
    }
    let cell = Number::from_value(beta)?;
    question.insert("beta".into(), cell.id.clone());
    let middle =
        cell.value.ok_or_else(|| refuse("the coefficient for the agreement is not known"))?;
    let ends = cell.interval.iter().flat_map(|i| [i.low, i.high]);
    let scenarios = std::iter::once(middle).chain(ends).map(make).collect();
    Ok((scenarios, Some(cell)))
}

/// A solved world, without the matrices that no number of a brief needs.
#[derive(Debug)]
struct Run {
    found: Counterfactual,
    /// Sales of the exporter before and after in each market, when one closes to it.
    sales: Vec<[f64; 2]>,
}

impl Run {
    fn new(mut found: Counterfactual) -> Self {
        let world = &mut found.equilibrium;
        let (before, after) =
            (std::mem::take(&mut world.baseline_trade), std::mem::take(&mut world.trade));
        let cell = |j: usize, i: usize| [before[i * world.n + j], after[i * world.n + j]];
        let sales = found.diversion.as_ref().map_or_else(Vec::new, |account| {
            (0..world.n).map(|j| cell(j, account.exporter)).collect()
        });
        Self { found, sales }
    }
}

/// A solved counterfactual in a template. The first run is the central one; the others are the ends of
/// an interval, or draws.
#[derive(Debug)]
struct WorldValue {
    book: Arc<Book>,
    world: World,
    runs: Vec<Run>,
    scenario: Scenario,
    drawn: bool,
    /// How the interval came about.
    method: String,
    input: Option<Arc<Cell>>,
    question: BTreeMap<String, String>,
    ground: Ground,
    period: String,
    scope: String,
}

impl WorldValue {
    fn number(
        &self,
        what: &str,
        of: &str,
        unit: &str,
        text: &str,
        get: impl Fn(&Counterfactual) -> f64,
    ) -> Value {
        self.entered(what, of, unit, text, |run| get(&run.found))
    }

    fn entered(
        &self,
        what: &str,
        of: &str,
        unit: &str,
        text: &str,
        get: impl Fn(&Run) -> f64,
    ) -> Value {
        let values: Vec<f64> = self.runs.iter().map(get).collect();
        let mut options = self.question.clone();
        options.insert("number".into(), what.to_owned());
        options.insert("of".into(), of.to_owned());
        let label = if of.is_empty() {
            what.to_owned()
        } else {
            format!("{what}: {}", self.book.place(of))
        };
        let mut cell =
            Cell::new("simulate", options, label, Some(values[0])).with_ground(&self.ground);
        cell.unit = unit.to_owned();
        cell.period.clone_from(&self.period);
        cell.scope.clone_from(&self.scope);
        cell.status = Status::Simulated;
        if values.len() > 1 {
            let fold = |f: fn(f64, f64) -> f64| values.iter().copied().reduce(f);
            let ends = match self.drawn {
                true => ends(values[1..].to_vec()),
                false => fold(f64::min).zip(fold(f64::max)),
            };
            let method = self.method.clone();
            cell.interval = ends.map(|(low, high)| Interval { low, high, method });
        }
        let first = &self.runs[0].found.equilibrium;
        let scenario: Vec<String> = ["agreement", "close", "beta", "theta"]
            .iter()
            .filter_map(|name| Some(format!("{name} {}", self.question.get(*name)?)))
            .collect();
        cell.computation.text = format!(
            "{text}; one sector, exact hat algebra, {} places, {}; residual {:.1e} after {} steps",
            self.world.places.len(),
            scenario.join(", "),
            first.residual,
            first.iterations
        );
        cell.notes.extend(first.notes.iter().map(|note| note.message.clone()));
        if let Some(input) = &self.input {
            cell = cell.with_inputs([input.as_ref()]);
        }
        Number::value(self.book.enter(cell))
    }

    fn place(&self, i: usize) -> Value {
        let id = &self.world.places[i];
        let percent = |what: &str, text: &str, get: fn(&Counterfactual) -> &Vec<f64>| {
            self.number(what, id, "percent", text, move |run| 100.0 * (get(run)[i] - 1.0))
        };
        Value::from_pairs([
            ("id", Value::from(id.clone())),
            ("name", Value::from(self.book.place(id))),
            (
                "welfare",
                percent("change of real income", "(E'/E)/P\u{302} \u{2212} 1", |r| {
                    &r.equilibrium.welfare_hat
                }),
            ),
            (
                "exports",
                percent(
                    "change of exports",
                    "exports'/exports \u{2212} 1, world income fixed",
                    |r| &r.equilibrium.exports_hat,
                ),
            ),
            (
                "imports",
                percent(
                    "change of imports",
                    "imports'/imports \u{2212} 1, world income fixed",
                    |r| &r.equilibrium.imports_hat,
                ),
            ),
        ])
    }

    /// Who replaces the exporter in one closed market, the largest first.
    fn fill(&self, fill: &Fill) -> Value {
        let market = &self.world.places[fill.market];
        let what = format!("share of the loss replaced in {}", self.book.place(market));
        let share = |run: &Counterfactual, m: usize| {
            let fills = run.diversion.iter().flat_map(|d| &d.fill);
            let found = fills.into_iter().find(|f| f.market == fill.market);
            found.map_or(f64::NAN, |f| 100.0 * f.shares[m])
        };
        let mut order: Vec<usize> = (0..fill.shares.len()).collect();
        order.sort_by(|&a, &b| fill.shares[b].total_cmp(&fill.shares[a]).then(a.cmp(&b)));
        let seller = |m: usize| {
            let id = &self.world.places[m];
            let text = "dX_mj / (\u{2212}dX_ij)";
            Value::from_pairs([
                ("id", Value::from(id.clone())),
                ("name", Value::from(self.book.place(id))),
                ("value", self.number(&what, id, "percent", text, |run| share(run, m))),
            ])
        };
        Value::from_pairs([
            ("id", Value::from(market.clone())),
            ("name", Value::from(self.book.place(market))),
            ("sellers", order.into_iter().map(seller).collect()),
        ])
    }

    fn diversion(&self) -> Option<Value> {
        let account = self.runs[0].found.diversion.as_ref()?;
        let share = |j: usize| {
            let text = "change of the share of output sent there, over the share lost";
            self.number(
                "share of the lost quantity",
                &self.world.places[j],
                "percent",
                text,
                move |run| {
                    run.diversion.as_ref().map_or(f64::NAN, |d| 100.0 * d.quantity_shares[j])
                },
            )
        };
        let total = |what: &str,
                     text: &str,
                     unit: &str,
                     get: fn(&emporion_model::simulate::Diversion) -> f64| {
            self.number(what, "", unit, text, move |run| {
                run.diversion.as_ref().map_or(f64::NAN, get)
            })
        };
        let change = |j: usize| {
            let unit = &self.world.unit;
            self.number("change of sales", &self.world.places[j], unit, "dX_ij", move |run| {
                run.diversion.as_ref().map_or(f64::NAN, |d| {
                    if j == d.exporter { d.turned_home } else { d.redirected[j] }
                })
            })
        };
        let of_value = |part: &str, text: &str, get: fn(&Account) -> Option<f64>| {
            let what = format!("share of the lost value {part}");
            self.number(&what, "", "percent", text, move |run| {
                let account = run.diversion.as_ref().map(Account::from);
                account.and_then(|a| get(&a)).map_or(f64::NAN, |share| 100.0 * share)
            })
        };
        let item = |j: usize| {
            let id = &self.world.places[j];
            let home = if j == account.exporter { " (home)" } else { "" };
            Value::from_pairs([
                ("id", Value::from(id.clone())),
                ("name", Value::from(format!("{}{home}", self.book.place(id)))),
                ("value", share(j)),
                ("change", change(j)),
            ])
        };
        let mut order: Vec<usize> =
            (0..self.world.places.len()).filter(|j| !account.closed.contains(j)).collect();
        order.sort_by(|&a, &b| {
            account.quantity_shares[b].total_cmp(&account.quantity_shares[a]).then(a.cmp(&b))
        });
        let third = order.iter().copied().find(|&j| j != account.exporter)?;
        Some(Value::from_pairs([
            (
                "lost",
                total(
                    "sales lost in the closed market",
                    "\u{2212}\u{3a3} dX",
                    &self.world.unit,
                    |d| d.lost,
                ),
            ),
            (
                "home",
                total("share of the lost quantity that turns home", "\u{3c1}_ii", "percent", |d| {
                    100.0 * d.quantity_share_home
                }),
            ),
            (
                "abroad",
                total(
                    "share of the lost quantity redirected abroad",
                    "\u{3a3} \u{3c1}_ij",
                    "percent",
                    |d| 100.0 * d.quantity_share_abroad,
                ),
            ),
            (
                "value_abroad",
                of_value("redirected abroad", "\u{3a3} dX_ij / L", |a| Some(a.value.share_abroad)),
            ),
            ("value_home", of_value("turned home", "dX_ii / L", |a| a.value.share_home)),
            (
                "value_destroyed",
                of_value("destroyed", "\u{2212}dY_i / L", |a| Some(a.value.share_destroyed)),
            ),
            ("sales", self.sales(account)),
            ("fill", account.fill.iter().map(|fill| self.fill(fill)).collect()),
            ("third", item(third)),
            ("markets", order.into_iter().map(item).collect()),
        ]))
    }
}

impl WorldValue {
    /// Every market of the exporter before and after, closed ones first, then the largest changes.
    fn sales(&self, account: &Diversion) -> Value {
        let central = &self.runs[0].sales;
        let size = |j: usize| (central[j][1] - central[j][0]).abs();
        let closed = |j: usize| account.closed.contains(&j);
        let mut order: Vec<usize> = (0..central.len()).collect();
        order.sort_by(|&a, &b| {
            closed(b).cmp(&closed(a)).then(size(b).total_cmp(&size(a))).then(a.cmp(&b))
        });
        let item = |j: usize| {
            let id = &self.world.places[j];
            let place = match (j == account.exporter, closed(j)) {
                (true, _) => "home",
                (_, true) => "closed",
                _ => "abroad",
            };
            let unit = &self.world.unit;
            let number = |what: &str, text: &str, get: fn([f64; 2]) -> f64| {
                self.entered(what, id, unit, text, move |run| get(run.sales[j]))
            };
            Value::from_pairs([
                ("id", Value::from(id.clone())),
                ("name", Value::from(self.book.place(id))),
                ("where", Value::from(place)),
                ("before", number("sales before", "X_ij", |[before, _]| before)),
                ("after", number("sales after", "X'_ij", |[_, after]| after)),
                ("change", number("change of sales", "dX_ij", |[before, after]| after - before)),
            ])
        };
        order.into_iter().map(item).collect()
    }

    /// The same question at other elasticities: points for a line over theta.
    fn over_theta(&self, thetas: &[f64], id: &str) -> Result<Value, Error> {
        self.world.position(id).map_err(|report| shown(&report))?;
        let point = |&theta: &f64| {
            let options = OneSectorOptions { elasticity: theta, ..OneSectorOptions::default() };
            let found = world::run(&self.world, &self.scenario, &options);
            let found = found.map_err(|report| shown(&report))?;
            let mut question = self.question.clone();
            question.retain(|name, _| !["draws", "seed", "theta_sd"].contains(&name.as_str()));
            question.insert("theta".into(), theta.to_string());
            let one = Arc::new(Self {
                book: Arc::clone(&self.book),
                world: self.world.clone(),
                runs: vec![Run::new(found)],
                scenario: self.scenario.clone(),
                drawn: false,
                method: String::new(),
                input: self.input.clone(),
                question,
                ground: self.ground.clone(),
                period: self.period.clone(),
                scope: self.scope.clone(),
            });
            let at = one.world.position(id).map_err(|report| shown(&report))?;
            let place = one.place(at);
            let of = |name: &str| place.get_attr(name);
            Ok(Value::from_pairs([
                ("theta", Value::from(theta)),
                ("welfare", of("welfare")?),
                ("exports", of("exports")?),
                ("imports", of("imports")?),
                ("diversion", one.diversion().unwrap_or_default()),
            ]))
        };
        thetas.iter().map(point).collect::<Result<Vec<_>, Error>>().map(Value::from)
    }
}

impl Object for WorldValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(match key.as_str()? {
            "places" => (0..self.world.places.len()).map(|i| self.place(i)).collect(),
            "residual" => self.number(
                "residual of market clearing",
                "",
                "relative",
                "largest |exports + D' \u{2212} imports| over exports + imports",
                |run| run.equilibrium.residual,
            ),
            "iterations" => {
                self.number("Newton steps", "", "steps", "steps of the first run", |run| {
                    run.equilibrium.iterations as f64
                })
            }
            "diversion" => self.diversion()?,
            _ => return None,
        })
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        if method == "over_theta" {
            let (thetas, id): (Vec<f64>, String) = minijinja::value::from_args(args)?;
            return self.over_theta(&thetas, &id);
        }
        if method != "place" {
            return Err(Error::from(ErrorKind::UnknownMethod));
        }
        let (id,): (String,) = minijinja::value::from_args(args)?;
        let at = self.world.position(&id).map_err(|report| shown(&report))?;
        Ok(self.place(at))
    }
}
