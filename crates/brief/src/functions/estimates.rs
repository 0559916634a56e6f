//! Gravity estimates inside a brief.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::estimate::{Options as FitOptions, SmallSample};
use emporion_tables::design::DesignOptions;
use minijinja::value::{Kwargs, Object, Value};
use minijinja::{Environment, Error, ErrorKind, State};

use super::flows::flows;
use crate::book::{Book, refuse, shown};
use crate::cell::{Cell, Ground, Interval, Status};
use crate::stages::gravity::{self, ErrorColumns, Estimate, Family};
use crate::value::Number;

/// Level of the intervals of estimates.
pub const LEVEL: f64 = 0.95;

/// Registers `estimate`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("estimate", move |formula: String, kwargs: Kwargs| {
        estimate(&b, &formula, &kwargs)
    });
}

/// A text option with its default.
fn text_option(kwargs: &Kwargs, name: &str, default: &str) -> Result<String, Error> {
    Ok(kwargs.get::<Option<String>>(name)?.unwrap_or_else(|| default.to_owned()))
}

/// `estimate("value ~ log(distance) | origin + destination", product = [...], domestic = false)`.
fn estimate(book: &Arc<Book>, formula: &str, kwargs: &Kwargs) -> Result<Value, Error> {
    let own = ["family", "vcov", "cluster", "domestic"];
    let family = text_option(kwargs, "family", "poisson")?;
    let vcov = text_option(kwargs, "vcov", "robust")?;
    let clusters: Vec<String> = kwargs.get::<Option<Vec<String>>>("cluster")?.unwrap_or_default();
    let domestic = kwargs.get::<Option<bool>>("domestic")?.unwrap_or(true);
    let (table, rows, selection, absent) = flows(book, kwargs, &own)?;
    kwargs.assert_all_used()?;
    let pairs = book.case.pairs().ok_or_else(|| {
        refuse("estimate() needs the table `pairs` with distance and other covariates of each pair")
    })?;
    let sample = gravity::pair_table(table, &rows, pairs, &book.case.hierarchy(), absent, domestic)
        .map_err(|report| shown(&report))?;
    let errors = match vcov.as_str() {
        "iid" => ErrorColumns::Iid,
        "robust" => ErrorColumns::Robust,
        "cluster" => ErrorColumns::Cluster,
        other => return Err(refuse(format!("vcov {other:?}: iid, robust or cluster"))),
    };
    let method = Family::parse(&family)
        .ok_or_else(|| refuse(format!("family {family:?}: poisson or gaussian")))?;
    let asked = gravity::Question {
        family: method,
        errors,
        options: FitOptions { small_sample: SmallSample::Stata, ..FitOptions::default() },
        design: DesignOptions { clusters, ..DesignOptions::default() },
    };
    let found = gravity::run(&sample, formula, &asked).map_err(|report| shown(&report))?;
    let mut question = selection.options();
    question.insert("formula".into(), found.formula.to_string());
    question.insert("family".into(), family);
    question.insert("errors".into(), found.fit.convention.clone());
    question.insert("domestic flows".into(), domestic.to_string());
    let used: Vec<usize> = (0..pairs.rows())
        .filter(|&row| domestic || pairs.text("origin", row) != pairs.text("destination", row))
        .collect();
    let ground = Ground::default().and(&book.case, table, &rows).and(&book.case, pairs, &used);
    let outcome = found.fit.outcome.clone();
    let observed = sample.column(&outcome).map(|_| {
        let value = |row: &usize| sample.number(&outcome, *row).unwrap_or(f64::NAN);
        found.rows.iter().map(value).collect()
    });
    let unit = rows.first().and_then(|&row| table.text("unit", row)).unwrap_or_default().to_owned();
    Ok(Value::from_object(FitValue {
        book: Arc::clone(book),
        found,
        observed,
        unit,
        question,
        ground,
    }))
}

/// A fitted model in a template.
#[derive(Debug)]
pub struct FitValue {
    book: Arc<Book>,
    /// The fit and its formula.
    pub found: Estimate,
    /// The outcome of each row of the fit, where it is a column and not computed from one.
    pub observed: Option<Vec<f64>>,
    /// Unit of the flows.
    pub unit: String,
    question: BTreeMap<String, String>,
    ground: Ground,
}

/// What is asked of a coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ask {
    /// The coefficient itself, with its interval.
    Coefficient,
    /// Its standard error.
    StandardError,
    /// Coefficient over standard error.
    Statistic,
    /// Two-sided p-value.
    PValue,
    /// 100 (exp(b) - 1): what one unit of the regressor goes with, in percent of trade.
    Effect,
    /// 100 (2^b - 1): what doubling a logged regressor goes with, in percent of trade.
    Doubling,
}

impl FitValue {
    fn number(&self, name: &str, ask: Ask) -> Result<Value, Error> {
        Ok(Number::value(self.cell(name, ask)?))
    }

    /// A number about a coefficient.
    ///
    /// # Errors
    ///
    /// When the model has no such coefficient.
    pub fn cell(&self, name: &str, ask: Ask) -> Result<Arc<Cell>, Error> {
        let fit = &self.found.fit;
        let at = fit.position(name).ok_or_else(|| {
            refuse(format!(
                "the model has no coefficient {name:?}; it has {}",
                fit.names.join(", ")
            ))
        })?;
        let (low, high) = fit.intervals(LEVEL)[at];
        let b = fit.coefficients[at];
        let effect = |b: f64| 100.0 * b.exp_m1();
        let doubling = |b: f64| 100.0 * (b.exp2() - 1.0);
        let (what, value, ends, unit): (&str, f64, Option<(f64, f64)>, &str) = match ask {
            Ask::Coefficient => ("coefficient", b, Some((low, high)), "in the log of trade"),
            Ask::StandardError => {
                ("standard error", fit.standard_errors[at], None, "in the log of trade")
            }
            Ask::Statistic => ("t statistic", fit.statistics[at], None, ""),
            Ask::PValue => ("p-value", fit.p_values[at], None, "probability"),
            Ask::Effect => {
                ("effect", effect(b), Some((effect(low), effect(high))), "percent of trade")
            }
            Ask::Doubling => {
                ("doubling", doubling(b), Some((doubling(low), doubling(high))), "percent of trade")
            }
        };
        let mut options = self.question.clone();
        options.insert("term".into(), name.to_owned());
        options.insert("number".into(), what.to_owned());
        let mut cell = Cell::new("estimate", options, format!("{what} of {name}"), Some(value))
            .with_ground(&self.ground);
        cell.unit = unit.to_owned();
        cell.status = Status::Estimated;
        cell.interval = ends.map(|(low, high)| Interval {
            low,
            high,
            method: format!("{:.0} percent, {}", 100.0 * LEVEL, fit.convention),
        });
        cell.computation.text = format!(
            "{}; {} pairs; {}{}",
            self.question["formula"],
            fit.n_used,
            fit.convention,
            match ask {
                Ask::Effect => "; 100 (exp(b) \u{2212} 1)",
                Ask::Doubling => "; 100 (2^b \u{2212} 1)",
                _ => "",
            }
        );
        cell.notes.clone_from(&self.found.notes);
        Ok(self.book.enter(cell))
    }

    fn statistic(&self, what: &str, value: f64, unit: &str) -> Value {
        Number::value(self.about(what, value, unit))
    }

    /// A number about the whole model.
    pub fn about(&self, what: &str, value: f64, unit: &str) -> Arc<Cell> {
        let mut options = self.question.clone();
        options.insert("number".into(), what.to_owned());
        let mut cell = Cell::new("estimate", options, what, Some(value)).with_ground(&self.ground);
        cell.unit = unit.to_owned();
        cell.computation.text = format!("{} of {}", what, self.question["formula"]);
        self.book.enter(cell)
    }
}

impl Object for FitValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let fit = &self.found.fit;
        Some(match key.as_str()? {
            "n" => self.statistic("observations", fit.n_used as f64, "pairs"),
            "r_squared" => self.statistic("pseudo R squared", fit.r_squared, "share"),
            "notes" => Value::from(self.found.notes.join("; ")),
            "terms" => fit
                .names
                .iter()
                .map(|name| {
                    Value::from_pairs([
                        ("id", Value::from(name.clone())),
                        ("name", Value::from(name.clone())),
                        ("coefficient", self.number(name, Ask::Coefficient).ok()?),
                        ("standard_error", self.number(name, Ask::StandardError).ok()?),
                        ("effect", self.number(name, Ask::Effect).ok()?),
                    ])
                    .into()
                })
                .collect::<Option<Vec<Value>>>()?
                .into(),
            _ => return None,
        })
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let (name,): (String,) = minijinja::value::from_args(args)?;
        match method {
            "coef" => self.number(&name, Ask::Coefficient),
            "se" => self.number(&name, Ask::StandardError),
            "effect" => self.number(&name, Ask::Effect),
            "doubling" => self.number(&name, Ask::Doubling),
            "has" => Ok(Value::from(self.found.fit.position(&name).is_some())),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
