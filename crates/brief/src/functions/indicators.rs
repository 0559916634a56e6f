//! Indicators of `measure` on the rows of the case.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::complexity::{Complexity, ComplexityOptions, complexity};
use emporion_model::measure::concentration::{ConcentrationOptions, concentration};
use emporion_model::measure::presence::presence;
use emporion_model::measure::rca::rca;
use emporion_model::measure::records::{
    Among, Bound, Observation, RecordOptions, Several, Verdict, record,
};
use emporion_model::outcome::Note;
use emporion_tables::panel::{CellOptions, place_product};
use emporion_tables::sum::Missing;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::rows::Selection;
use crate::book::{Book, refuse};
use crate::cell::{Cell, Ground};
use crate::value::Number;

/// Registers `record`, `concentration` and `complexity`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("record", move |rows: Vec<Value>, kwargs: Kwargs| {
        is_record(&b, &rows, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("concentration", move |items: Vec<Value>| concentrate(&b, &items));
    let b = Arc::clone(book);
    env.add_function("complexity", move |kwargs: Kwargs| rank_complexity(&b, &kwargs));
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

/// `complexity(...)`: places ranked by ECI, products by PCI, from the exports selected.
fn rank_complexity(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let selection = Selection::from_kwargs(book, kwargs)?;
    kwargs.assert_all_used()?;
    let table = selection.table(book)?;
    let rows = selection.rows(table)?;
    // Exports: what is sold at home does not count.
    let rows: Vec<usize> = rows
        .into_iter()
        .filter(|&row| table.text("origin", row) != table.text("destination", row))
        .collect();
    let hierarchy = book.case.hierarchy();
    let options =
        CellOptions { missing: Missing::Zero, over: &["destination"], hierarchy: Some(&hierarchy) };
    let (exports, places, products, absent) =
        place_product(table, &rows, "origin", "product", "value", options)
            .map_err(|report| refuse(report.to_string()))?;
    let model = |error: emporion_model::outcome::InputError| refuse(error.to_string());
    let m = presence(&rca(&exports).map_err(model)?, 1.0).map_err(model)?;
    let found = complexity(&m, &ComplexityOptions::default()).map_err(model)?;
    let ground = Ground::default().and(&book.case, table, &rows);
    let enter = |ids: &[String], values: &[Option<f64>], what: &str, unit: &str| {
        let mut ranked: Vec<(f64, &String)> =
            values.iter().zip(ids).filter_map(|(v, id)| v.map(|v| (v, id))).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.truncate(top.unwrap_or(usize::MAX));
        let items: Vec<Value> = ranked
            .into_iter()
            .enumerate()
            .map(|(rank, (value, id))| {
                let name = super::rows::name_of(book, id);
                let mut options = selection.options();
                options.insert("of".into(), id.clone());
                options.insert("index".into(), what.to_owned());
                let mut cell = Cell::new("complexity", options, format!("{what}: {name}"), Some(value));
                cell.unit = unit.to_owned();
                cell.computation.text = format!(
                    "{}; {} places \u{d7} {} products; second eigenvalue {:.4}, gap to the third {:.4}",
                    found.convention,
                    places.len(),
                    products.len(),
                    found.lambda2,
                    found.gap
                );
                cell.period = table.text("year", rows[0]).unwrap_or_default().to_owned();
                cell.scope = table.text("scope", rows[0]).unwrap_or_default().to_owned();
                let cell = cell.with_ground(&ground);
                Value::from_pairs([
                    ("rank", Value::from(rank + 1)),
                    ("id", Value::from(id.clone())),
                    ("name", Value::from(name)),
                    ("value", Number::value(book.enter(cell))),
                ])
            })
            .collect();
        Value::from(items)
    };
    Ok(Value::from_pairs([
        ("places", enter(&places, &found.eci, "ECI", "standard deviations")),
        ("products", enter(&products, &found.pci, "PCI", "standard deviations of ECI")),
        ("notes", Value::from(notes(&found, &absent))),
    ]))
}

fn notes(found: &Complexity, absent: &[Note]) -> String {
    found.notes.iter().chain(absent).map(|note| note.message.clone()).collect::<Vec<_>>().join("; ")
}
