//! How baskets change and what income goes with them, on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::bilateral::Bilateral;
use emporion_model::measure::entry_exit::{Turnover, entry_exit};
use emporion_model::measure::income::income_content;
use emporion_model::measure::rca::Rca;
use emporion_model::panel::PlaceProduct;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::related::{Space, ordered, ranked, rca_at};
use super::rows::name_of;
use super::trade::Asked;
use crate::book::{Book, refuse};

/// Registers `entry_exit` and `prody`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("entry_exit", move |kwargs: Kwargs| gained_and_lost(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("prody", move |kwargs: Kwargs| income(&b, &kwargs));
}

/// `entry_exit(exporter, from, to, cut_off, ...)`: products gained and lost between two years.
fn gained_and_lost(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let space = Space::new(book, kwargs, "entry_exit", &["exporter", "from", "to", "cut_off"])?;
    let asked = &space.asked;
    if asked.tables.len() < 2 {
        return Err(refuse(
            "entry_exit() needs from and to: two years, or spans such as \"2013..2015\"",
        ));
    }
    let place = asked.one("exporter")?;
    let refused = |error| asked.refused(&error);
    let (before, after) = asked.tables.split_at(asked.before);
    let indices = [space.index(&added_up(asked, before)?)?, space.index(&added_up(asked, after)?)?];
    for (index, year) in indices.iter().zip(["from", "to"]) {
        if index.empty_places.binary_search(&place).is_ok() {
            return Err(refuse(format!(
                "entry_exit(): {} has no exports in {}; what it gained or lost cannot be told",
                asked.names("exporter"),
                asked.option(year).unwrap_or_default()
            )));
        }
    }
    let (was, is) = (space.m(&indices[0])?, space.m(&indices[1])?);
    let found = entry_exit(&was, &is).map_err(refused)?;
    let counts: Turnover = found.places[place];
    let who = asked.names("exporter");
    let n = was.products;
    let changed = |cells: &[usize], what: &str| -> Value {
        let own = cells.iter().filter(|cell| **cell / n == place).map(|cell| cell % n);
        let items = own.map(|k| {
            let id = &asked.labels.products[k];
            let figure = |key: &str, index: &Rca| {
                let label = format!("RCA {key}, {what}: {who}, {}", space.name(k));
                let value = rca_at(index, place, k);
                asked.number(&format!("rca {key} {id}"), label, value, "", index.convention)
            };
            let numbers = vec![
                ("before", figure("before", &indices[0])),
                ("after", figure("after", &indices[1])),
            ];
            Value::from_pairs(space.item(k, numbers))
        });
        Value::from(items.collect::<Vec<_>>())
    };
    let count = |key: &'static str, what: &str, value: usize| {
        let text = format!("{} in both years", was.convention);
        (key, asked.number(key, format!("{what}: {who}"), Some(value as f64), "products", &text))
    };
    let rate = |key: &'static str, what: &str, rate: Option<f64>, over: &str| {
        let percent = rate.map(|rate| 100.0 * rate);
        (key, asked.number(key, format!("{what}: {who}"), percent, "percent", over))
    };
    Ok(Value::from_pairs([
        ("entered", changed(&found.entries, "entry")),
        ("left", changed(&found.exits, "exit")),
        count("entries", "products gained", counts.entered),
        count("exits", "products lost", counts.left),
        count("stayed", "products kept", counts.stayed),
        rate(
            "entry_rate",
            "entry rate",
            counts.entry_rate(),
            "entries over products absent before",
        ),
        rate("exit_rate", "exit rate", counts.exit_rate(), "exits over products present before"),
    ]))
}

/// The exports of several years.
fn added_up(asked: &Asked<'_>, years: &[Bilateral]) -> Result<PlaceProduct, Error> {
    let mut sum: Option<PlaceProduct> = None;
    for year in years {
        let next = year.exports().map_err(|error| asked.refused(&error))?;
        match &mut sum {
            None => sum = Some(next),
            Some(sum) => sum.values.iter_mut().zip(next.values).for_each(|(a, b)| *a += b),
        }
    }
    sum.ok_or_else(|| refuse("entry_exit() needs at least one year in each period"))
}

/// `prody(income, top, ...)`: PRODY of products and EXPY of places.
fn income(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let source: Value = kwargs.get("income")?;
    let space = Space::new(book, kwargs, "prody", &["income", "top"])?;
    let asked = &space.asked;
    let ids = &asked.labels.places;
    let known: Vec<Option<f64>> = ids
        .iter()
        .map(|id| brought(book, &source, id, ("prody", "income")))
        .collect::<Result<_, _>>()?;
    let kept: Vec<usize> = (0..ids.len()).filter(|i| known[*i].is_some()).collect();
    if kept.is_empty() {
        return Err(refuse(
            "prody(): no place among the rows selected has an income; income is a column of the \
             table places, or a mapping from ids to numbers",
        ));
    }
    let m = space.table.products;
    let values: Vec<f64> =
        kept.iter().flat_map(|i| space.table.values[i * m..(i + 1) * m].to_vec()).collect();
    let refused = |error| asked.refused(&error);
    let table = PlaceProduct::new(kept.len(), m, values).map_err(refused)?;
    let incomes: Vec<f64> = kept.iter().filter_map(|i| known[*i]).collect();
    let found = income_content(&table, &incomes).map_err(refused)?;
    let left_out = ids.len() - kept.len();
    let products = ordered(found.prody.into_iter(), top).into_iter().map(|(k, value)| {
        let label = format!("PRODY: {}", space.name(k));
        let text = format!(
            "income of the exporters, weighted with the product's share in their baskets; {} places",
            kept.len()
        );
        let figure = format!("prody {}", asked.labels.products[k]);
        let number = asked.number(&figure, label, Some(value), "as the incomes", &text);
        space.item(k, vec![("value", number)])
    });
    let products = ranked(products.collect());
    let places = ordered(found.expy.into_iter(), top).into_iter().map(|(at, value)| {
        let id = &ids[kept[at]];
        let name = name_of(book, id);
        let label = format!("EXPY: {name}");
        let text = "mean PRODY of the basket, weighted with its shares";
        let number =
            asked.number(&format!("expy {id}"), label, Some(value), "as the incomes", text);
        vec![("id", Value::from(id.clone())), ("name", Value::from(name)), ("value", number)]
    });
    let notes = match left_out {
        0 => String::new(),
        n => format!("{n} places without an income are left out, of PRODY's weights too"),
    };
    Ok(Value::from_pairs([
        ("products", products),
        ("places", ranked(places.collect())),
        ("notes", Value::from(notes)),
    ]))
}

/// A number of a place that the caller brings, such as its income: from a column of the table
/// `places`, or from a mapping.
pub(super) fn brought(
    book: &Book,
    source: &Value,
    id: &str,
    (verb, what): (&str, &str),
) -> Result<Option<f64>, Error> {
    let bad = |fault: &str| {
        refuse(format!(
            "{verb}(): {fault}; {what} is a column of the table places, or a mapping from ids to \
             numbers"
        ))
    };
    if let Some(column) = source.as_str() {
        let places =
            book.case.table("places").ok_or_else(|| bad("the case has no table places"))?;
        if places.column(column).is_none() {
            return Err(bad(&format!("{} has no column {column:?}", places.path())));
        }
        let row = (0..places.rows()).find(|&row| places.text("id", row) == Some(id));
        return Ok(row.and_then(|row| places.number(column, row)));
    }
    let value = source.get_attr(id).map_err(|_| bad(&format!("{what} is neither")))?;
    if value.is_undefined() || value.is_none() {
        return Ok(None);
    }
    // A number of the brief, or a plain one.
    if let Ok(cell) = crate::value::Number::from_value(&value) {
        return Ok(cell.value);
    }
    f64::try_from(value).map(Some).map_err(|_| bad(&format!("the {what} of {id} is no number")))
}
