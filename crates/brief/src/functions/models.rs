//! Estimates shown: tables of models side by side, coefficient plots, event studies, and fitted
//! against observed. Every number in them is one of the brief and opens its trace.

use std::sync::Arc;

use emporion_plot::{
    CoefficientOptions, CoefficientRow, Datum, EventPoint, EventSeries, EventStudyOptions,
    FittedOptions, Ranged,
};
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error};

use super::charts::{Frame, enter};
use super::estimates::{Ask, FitValue, LEVEL};
use crate::book::{Block, Book, Shown, refuse};
use crate::regression::{Below, Model, Options, Slot, Stars, Statistic, Table, pattern};

/// Decimals of coefficients in charts.
const DECIMALS: usize = 2;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("regression_table", move |models: Value, kwargs: Kwargs| {
        regression_table(&b, &models, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("coefficient_plot", move |models: Value, kwargs: Kwargs| {
        coefficient_plot(&b, &models, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("event_study", move |models: Value, kwargs: Kwargs| {
        event_study(&b, &models, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("fitted_observed", move |model: Value, kwargs: Kwargs| {
        fitted_observed(&b, &model, &kwargs)
    });
}

/// One model or a list of models.
fn list(models: &Value) -> Result<Vec<Value>, Error> {
    let all: Vec<Value> = match models.kind() {
        ValueKind::Seq | ValueKind::Iterable => models.try_iter()?.collect(),
        _ => vec![models.clone()],
    };
    for model in &all {
        fit_of(model)?;
    }
    if all.is_empty() {
        return Err(refuse("there is no model: give the result of estimate(), or a list of them"));
    }
    Ok(all)
}

fn fit_of(model: &Value) -> Result<&FitValue, Error> {
    model.downcast_object_ref::<FitValue>().ok_or_else(|| {
        refuse(format!("expected the result of estimate(), got {} {model}", model.kind()))
    })
}

/// A list of texts; one text is a list of one.
fn texts(kwargs: &Kwargs, name: &str) -> Result<Vec<String>, Error> {
    let Some(value) = kwargs.get::<Option<Value>>(name)? else { return Ok(Vec::new()) };
    if let Some(text) = value.as_str() {
        return Ok(vec![text.to_owned()]);
    }
    Ok(value.try_iter()?.map(|item| item.to_string()).collect())
}

/// Names of the models: given, or their numbers where there are several.
fn labels(kwargs: &Kwargs, models: usize) -> Result<Vec<String>, Error> {
    let labels = texts(kwargs, "labels")?;
    match labels.len() {
        0 if models == 1 => Ok(vec![String::new()]),
        0 => Ok((1..=models).map(|number| format!("({number})")).collect()),
        given if given == models => Ok(labels),
        given => Err(refuse(format!("labels names {given} models, there are {models}"))),
    }
}

/// `rename={"log(*)": "ln *"}`.
fn rename(kwargs: &Kwargs) -> Result<Vec<(String, String)>, Error> {
    let Some(map) = kwargs.get::<Option<Value>>("rename")? else { return Ok(Vec::new()) };
    map.try_iter()?.map(|from| Ok((from.to_string(), map.get_item(&from)?.to_string()))).collect()
}

fn choice<T>(
    kwargs: &Kwargs,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &str,
) -> Result<Option<T>, Error> {
    let Some(text) = kwargs.get::<Option<String>>(name)? else { return Ok(None) };
    parse(&text).map(Some).ok_or_else(|| refuse(format!("{name} {text:?}: {known}")))
}

/// `regression_table([m1, m2], labels = [...], title = ..., caption = ..., ...)`.
fn regression_table(book: &Book, models: &Value, kwargs: &Kwargs) -> Result<String, Error> {
    let models = list(models)?;
    let text = |name: &str| -> Result<String, Error> {
        Ok(kwargs.get::<Option<Value>>(name)?.map_or(String::new(), |v| v.to_string()))
    };
    let (title, caption, footnote) = (text("title")?, text("caption")?, text("footnote")?);
    if title.is_empty() || caption.is_empty() {
        return Err(refuse(
            "a table needs title = \"...\" and caption = \"...\": the caption states the finding",
        ));
    }
    let default = Options::default();
    let mut names = texts(kwargs, "labels")?;
    if !names.is_empty() && names.len() != models.len() {
        let (given, have) = (names.len(), models.len());
        return Err(refuse(format!("labels names {given} models, there are {have}")));
    }
    names.resize(models.len(), String::new());
    let statistics: Vec<Statistic> = texts(kwargs, "statistics")?
        .iter()
        .map(|name| {
            Statistic::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Statistic::ALL.iter().map(|(name, _)| *name).collect();
                refuse(format!("statistics {name:?}: {}", known.join(", ")))
            })
        })
        .collect::<Result<_, _>>()?;
    let options = Options {
        digits: kwargs.get::<Option<usize>>("digits")?.unwrap_or(default.digits),
        significant: kwargs.get::<Option<bool>>("significant")?.unwrap_or(false),
        below: choice(kwargs, "below", Below::parse, "se, t, p, interval or none")?
            .unwrap_or_default(),
        stars: choice(kwargs, "stars", Stars::parse, "none, fixest or esttab")?.unwrap_or_default(),
        level: LEVEL,
        keep: texts(kwargs, "keep")?,
        drop: texts(kwargs, "drop")?,
        order: texts(kwargs, "order")?,
        rename: rename(kwargs)?,
        effects: kwargs.get::<Option<bool>>("effects")?.unwrap_or(true),
        statistics: if statistics.is_empty() { default.statistics.clone() } else { statistics },
        ..default
    };
    kwargs.assert_all_used()?;
    let fits: Vec<&FitValue> = models.iter().map(fit_of).collect::<Result<_, _>>()?;
    let columns: Vec<Model<'_>> =
        std::iter::zip(&fits, names).map(|(fit, name)| Model::new(name, &fit.found.fit)).collect();
    let mut table = Table::new(&columns, &options).map_err(|error| refuse(error.to_string()))?;
    trace(&mut table, &fits)?;
    let shown = Shown::Regression(Box::new(table));
    Ok(enter(book, Block { shown, title, caption, footnote }))
}

/// Enters every number of a table and keeps its id beside it.
fn trace(table: &mut Table, fits: &[&FitValue]) -> Result<(), Error> {
    let below = match table.options.below {
        Below::StandardErrors => Some(Ask::StandardError),
        Below::Statistics => Some(Ask::Statistic),
        Below::PValues => Some(Ask::PValue),
        // The trace of a coefficient holds its interval.
        Below::Intervals => Some(Ask::Coefficient),
        Below::Nothing => None,
    };
    for term in &mut table.terms {
        for (slot, fit) in std::iter::zip(&mut term.slots, fits) {
            if let Slot::Estimate(estimate) = slot {
                estimate.key.clone_from(&fit.cell(&term.name, Ask::Coefficient)?.id);
                if let Some(ask) = below {
                    estimate.below_key.clone_from(&fit.cell(&term.name, ask)?.id);
                }
            }
        }
    }
    for row in &mut table.statistics {
        let (what, unit) = match row.statistic {
            Statistic::Observations => ("observations", "pairs"),
            Statistic::PseudoRSquared => ("pseudo R squared", "share"),
            Statistic::RSquared => ("R squared", "share"),
            Statistic::LogLikelihood => ("log likelihood", ""),
            Statistic::Deviance => ("deviance", ""),
            Statistic::ResidualSum => ("residual sum of squares", ""),
            Statistic::Parameters => ("parameters", "parameters"),
            Statistic::Iterations => ("iterations", "steps"),
        };
        for ((value, key), fit) in row.values.iter().zip(&mut row.keys).zip(fits) {
            if let Some(value) = value {
                key.clone_from(&fit.about(what, *value, unit).id);
            }
        }
    }
    Ok(())
}

/// The estimate of a term as a mark.
fn ranged(fit: &FitValue, name: &str) -> Result<Ranged, Error> {
    let cell = fit.cell(name, Ask::Coefficient)?;
    Ok(Ranged {
        datum: Datum { value: cell.value, id: cell.id.clone(), ..Datum::default() },
        low: cell.interval.as_ref().map(|i| i.low),
        high: cell.interval.as_ref().map(|i| i.high),
    })
}

/// The frame of a chart of coefficients.
fn frame(kwargs: &Kwargs) -> Result<Frame, Error> {
    let mut frame = Frame::new(kwargs)?;
    if !kwargs.has("decimals") {
        frame.common.decimals = DECIMALS;
    }
    frame.common.words.no_data = "not in the model".into();
    Ok(frame)
}

/// Terms of the models in order of first appearance.
fn terms(fits: &[&FitValue]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in fits.iter().flat_map(|fit| &fit.found.fit.names) {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

fn no_term(pattern: &str, all: &[String]) -> Error {
    refuse(format!("no term fits {pattern:?}; the models have {}", all.join(", ")))
}

/// `coefficient_plot(m, terms = ["log(*)", "border"], labels = [...], title = ..., caption = ...)`.
fn coefficient_plot(book: &Book, models: &Value, kwargs: &Kwargs) -> Result<String, Error> {
    let models = list(models)?;
    let frame = frame(kwargs)?;
    let patterns = texts(kwargs, "terms")?;
    let rename = rename(kwargs)?;
    let sort = kwargs.get::<Option<bool>>("sort")?.unwrap_or(false);
    let header: Option<String> = kwargs.get("header")?;
    let labels = labels(kwargs, models.len())?;
    kwargs.assert_all_used()?;
    let fits: Vec<&FitValue> = models.iter().map(fit_of).collect::<Result<_, _>>()?;
    let all = terms(&fits);
    let mut names: Vec<String> = Vec::new();
    for pattern in &patterns {
        let found: Vec<&String> =
            all.iter().filter(|name| pattern::fits(pattern, name).is_some()).collect();
        if found.is_empty() {
            return Err(no_term(pattern, &all));
        }
        names.extend(found.into_iter().filter(|n| !names.contains(n)).cloned().collect::<Vec<_>>());
    }
    let names = if patterns.is_empty() { all } else { names };
    let row = |name: &String| -> Result<CoefficientRow, Error> {
        let estimate = |fit: &&FitValue| match fit.found.fit.position(name) {
            Some(_) => ranged(fit, name),
            None => Ok(Ranged::default()),
        };
        let estimates = fits.iter().map(estimate).collect::<Result<_, _>>()?;
        Ok(CoefficientRow { label: pattern::renamed(&rename, name), estimates })
    };
    let rows: Vec<CoefficientRow> = names.iter().map(row).collect::<Result<_, _>>()?;
    let options = CoefficientOptions {
        common: frame.common.clone(),
        models: labels,
        sort,
        label_header: header.unwrap_or_else(|| "Term".into()),
        ..CoefficientOptions::default()
    };
    frame.finish(book, emporion_plot::coefficients(&options, &rows))
}

/// `event_study(m, terms = "year::*", reference = -1, ...)`: the `*` of the pattern is the time;
/// `leads` and `lags` are patterns whose numbers count back from the event and forth.
fn event_study(book: &Book, models: &Value, kwargs: &Kwargs) -> Result<String, Error> {
    let models = list(models)?;
    let frame = frame(kwargs)?;
    let labels = labels(kwargs, models.len())?;
    let mut patterns: Vec<(String, f64)> = Vec::new();
    for (name, sign) in [("terms", 1.0), ("lags", 1.0), ("leads", -1.0)] {
        patterns.extend(texts(kwargs, name)?.into_iter().map(|pattern| (pattern, sign)));
    }
    let reference: Option<f64> = kwargs.get("reference")?;
    let band = kwargs.get::<Option<bool>>("band")?.unwrap_or(false);
    let x_label: Option<String> = kwargs.get("x_label")?;
    kwargs.assert_all_used()?;
    if patterns.is_empty() {
        return Err(refuse(
            "event_study() needs the terms: terms = \"year::*\", where * is the time, or \
             lags = \"...\" and leads = \"...\"",
        ));
    }
    let fits: Vec<&FitValue> = models.iter().map(fit_of).collect::<Result<_, _>>()?;
    let all = terms(&fits);
    for (pattern, _) in &patterns {
        if !all.iter().any(|name| pattern::fits(pattern, name).is_some()) {
            return Err(no_term(pattern, &all));
        }
    }
    let mut series = Vec::with_capacity(fits.len());
    for (fit, label) in fits.iter().zip(labels) {
        let mut points = Vec::new();
        for name in &fit.found.fit.names {
            let Some(time) = time(&patterns, name)? else { continue };
            points.push(EventPoint { time, estimate: ranged(fit, name)? });
        }
        points.sort_by(|a, b| a.time.total_cmp(&b.time));
        series.push(EventSeries { label, points });
    }
    let options = EventStudyOptions {
        common: frame.common.clone(),
        x_label: x_label.unwrap_or_else(|| "time".into()),
        reference,
        band,
        ..EventStudyOptions::default()
    };
    frame.finish(book, emporion_plot::event_study(&options, &series))
}

/// The time of a term: the number that `*` stands for; a pattern without `*` is the event itself.
fn time(patterns: &[(String, f64)], name: &str) -> Result<Option<f64>, Error> {
    for (pattern, sign) in patterns {
        let Some(found) = pattern::fits(pattern, name) else { continue };
        let Some(last) = found.last() else { return Ok(Some(0.0)) };
        let number: f64 = last.trim().parse().map_err(|_| {
            refuse(format!("{name}: {last:?}, where {pattern:?} has its last *, is no number"))
        })?;
        // A zero has no sign.
        return Ok(Some(sign * number + 0.0));
    }
    Ok(None)
}

/// `fitted_observed(m, title = ..., caption = ...)`: each pair by what the model expects and what the
/// table holds.
fn fitted_observed(book: &Book, model: &Value, kwargs: &Kwargs) -> Result<String, Error> {
    let fit = fit_of(model)?;
    let unit = kwargs.has("unit");
    let mut frame = Frame::new(kwargs)?;
    kwargs.assert_all_used()?;
    if !unit {
        frame.common.unit.clone_from(&fit.unit);
    }
    let scale = match crate::number::scale(&fit.unit, &frame.common.unit) {
        Some(scale) => scale,
        None => {
            let (from, to) = (&fit.unit, &frame.common.unit);
            return Err(refuse(format!("flows in {from:?} cannot be shown in {to:?}")));
        }
    };
    let Some(observed) = &fit.observed else {
        return Err(refuse(format!(
            "fitted_observed() needs an outcome that is a column; {} is computed from one: estimate \
             the level by family=\"poisson\"",
            fit.found.fit.outcome
        )));
    };
    let scaled = |values: &[f64]| values.iter().map(|v| v * scale).collect::<Vec<f64>>();
    let options = FittedOptions {
        common: frame.common.clone(),
        rows_label: "pairs".into(),
        ..FittedOptions::default()
    };
    let (fitted, observed) = (scaled(&fit.found.fit.fitted), scaled(observed));
    frame.finish(book, emporion_plot::fitted_observed(&options, &fitted, &observed))
}
