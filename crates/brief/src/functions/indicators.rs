//! Indicators of `measure` on the rows of the case.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::concentration::{ConcentrationOptions, concentration};
use emporion_model::measure::records::{
    Among, Bound, Observation, RecordOptions, Several, Verdict, record,
};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use crate::book::{Book, refuse};
use crate::cell::Cell;
use crate::value::Number;

/// Registers `record` and `concentration`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("record", move |rows: Vec<Value>, kwargs: Kwargs| {
        is_record(&b, &rows, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("concentration", move |items: Vec<Value>| concentrate(&b, &items));
}

/// The bound of a printed figure as `measure` names it.
#[must_use]
pub fn bound(text: &str) -> Bound {
    match text {
        "~" => Bound::About,
        ">" => Bound::MoreThan,
        ">=" => Bound::AtLeast,
        "<=" | "<" => Bound::AtMost,
        "<~" => Bound::Nearly,
        _ => Bound::Exactly,
    }
}

/// `record(items, year = 2022)`: whether the year is the highest among rows, or other items with a
/// `year` and a `value`.
fn is_record(book: &Book, rows: &[Value], kwargs: &Kwargs) -> Result<Value, Error> {
    let year: i32 = kwargs.get("year")?;
    let earlier: bool = kwargs.get::<Option<bool>>("earlier")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let mut series = Vec::new();
    let mut cells: Vec<Arc<Cell>> = Vec::new();
    for item in rows {
        let cell = Number::from_value(&item.get_attr("value")?).map_err(|_| {
            refuse("record() compares rows, or other items with a year and a value")
        })?;
        let year = item.get_attr("year")?;
        if let (Some(value), Ok(year)) = (cell.value, i32::try_from(year)) {
            series.push(Observation { year, value, bound: bound(&cell.bound) });
            cells.push(cell);
        }
    }
    for get in [|c: &Cell| c.unit.clone(), |c: &Cell| c.side.clone(), |c: &Cell| c.scope.clone()] {
        let mut texts: Vec<String> = cells.iter().map(|c| get(c)).collect();
        texts.sort();
        texts.dedup();
        if texts.len() > 1 {
            return Err(refuse(format!(
                "a record is a record in one unit, on one side's books and in one scope, got {}; \
                 select one",
                texts.join(" and ")
            )));
        }
    }
    let options = RecordOptions {
        among: if earlier { Among::Earlier } else { Among::All },
        several: Several::Range,
        ..RecordOptions::default()
    };
    let found = record(&series, year, &options).map_err(|error| refuse(error.to_string()))?;
    let of = |wanted: i32| {
        series
            .iter()
            .zip(&cells)
            .filter(|(o, _)| o.year == wanted)
            .max_by(|a, b| a.0.value.total_cmp(&b.0.value))
            .map_or(Value::UNDEFINED, |(_, cell)| Number::value(Arc::clone(cell)))
    };
    let options = BTreeMap::from([
        ("year".to_owned(), year.to_string()),
        ("rows".to_owned(), cells.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(" ")),
        ("among".to_owned(), if earlier { "earlier years" } else { "all years" }.to_owned()),
    ]);
    let mut compared = Cell::new(
        "record",
        options,
        format!("years compared with {year}"),
        Some(found.compared.len() as f64),
    )
    .with_inputs(cells.iter().map(AsRef::as_ref));
    compared.unit = "years".into();
    compared.computation.text = format!(
        "highest of {} figures of {} years; no figure for {}",
        series.len(),
        found.compared.len() + 1,
        list(&found.gaps)
    );
    Ok(Value::from_pairs([
        ("is_record", Value::from(found.verdict == Verdict::Record)),
        (
            "verdict",
            Value::from(match found.verdict {
                Verdict::Record => "a record",
                Verdict::Tied => "level with the highest",
                Verdict::NotRecord => "not a record",
                Verdict::Undecided => "not decided by the figures at hand",
            }),
        ),
        ("value", of(year)),
        ("rival", of(found.rival)),
        ("rival_year", Value::from(found.rival)),
        ("compared", Number::value(book.enter(compared))),
        ("years", Value::from(list(&found.compared))),
        ("gaps", Value::from(list(&found.gaps))),
    ]))
}

/// `2012, 2013-2016`.
pub(super) fn list(years: &[i32]) -> String {
    let mut spans: Vec<(i32, i32)> = Vec::new();
    for &year in years {
        match spans.last_mut() {
            Some((_, end)) if *end + 1 == year => *end = year,
            _ => spans.push((year, year)),
        }
    }
    let texts: Vec<String> = spans
        .iter()
        .map(|(a, b)| if a == b { a.to_string() } else { format!("{a}\u{2013}{b}") })
        .collect();
    texts.join(", ")
}

/// `concentration(totals(...))`: the Herfindahl-Hirschman index of the parts.
fn concentrate(book: &Book, items: &[Value]) -> Result<Value, Error> {
    let cells: Vec<Arc<Cell>> = items
        .iter()
        .map(|item| Number::from_value(&item.get_attr("value")?))
        .collect::<Result<_, _>>()
        .map_err(|_| refuse("concentration() takes what totals() returned"))?;
    let values: Vec<f64> = cells.iter().filter_map(|c| c.value).collect();
    let found = concentration(&values, &ConcentrationOptions::default())
        .map_err(|error| refuse(error.to_string()))?;
    let options = BTreeMap::from([(
        "parts".to_owned(),
        cells.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(" "),
    )]);
    let mut cell = Cell::new("hhi", options, "concentration (HHI)", Some(found.hhi))
        .with_inputs(cells.iter().map(AsRef::as_ref));
    cell.unit = "index, 1/n to 1".into();
    cell.computation.text = format!("sum of squared shares of {} parts", found.n);
    if values.len() < cells.len() {
        cell.notes.push(format!(
            "{} parts are not known and count as nothing, which raises the index",
            cells.len() - values.len()
        ));
    }
    Ok(Number::value(book.enter(cell)))
}
