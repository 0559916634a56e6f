//! How baskets change and what income goes with them, on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::bilateral::Bilateral;
use emporion_model::measure::entry_exit::{Turnover, entry_exit};
use emporion_model::measure::income::income_content;
use emporion_model::measure::presence::{CUT_OFF, presence};
use emporion_model::measure::rca::Rca;
use emporion_model::panel::PlaceProduct;
use emporion_tables::named::few;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::advantages::Space;
use super::brought::{Domain, Wanted, brought};
use super::exported::joined;
use super::related::{ordered, ranked};
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

/// `entry_exit(exporter, from, to, cut_off, cut_off_after, ...)`: products gained and lost between
/// two years.
fn gained_and_lost(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let cut_off = kwargs.get::<Option<f64>>("cut_off")?.unwrap_or(CUT_OFF);
    let cut_off_after = kwargs.get::<Option<f64>>("cut_off_after")?.unwrap_or(cut_off);
    let own = ["exporter", "from", "to", "cut_off", "cut_off_after"];
    let space = Space::new(book, kwargs, "entry_exit", &own)?;
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
    let was = presence(&indices[0], cut_off).map_err(refused)?;
    let is = presence(&indices[1], cut_off_after).map_err(refused)?;
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
                let value = index.of(place, k);
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
        let text = match was.convention == is.convention {
            true => format!("{} in both years", was.convention),
            false => format!("{} before; {} after", was.convention, is.convention),
        };
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
        ("notes", joined(unseen(&space, &indices))),
    ]))
}

/// Products of one period alone: a change of classification makes every place gain or lose them.
fn unseen(space: &Space<'_>, indices: &[Rca; 2]) -> Vec<String> {
    let mut notes = Vec::new();
    for (index, when, what) in [(&indices[0], "before", "enters"), (&indices[1], "after", "leaves")]
    {
        let ids: Vec<&str> = (index.empty_products.iter())
            .map(|k| space.asked.labels.products[*k].as_str())
            .collect();
        if !ids.is_empty() {
            notes.push(format!(
                "products without exports {when}: every place that has one {what} it, which a \
                 change of classification does too: {}",
                few(&ids)
            ));
        }
    }
    notes
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
    let wanted = Wanted {
        verb: "prody",
        option: "income",
        column: "income",
        places: true,
        domain: Domain::NotNegative,
        complete: false,
        year: asked.year(),
    };
    let all = brought(book, &source, &wanted)?;
    let known: Vec<Option<f64>> = ids.iter().map(|id| all.get(id).copied()).collect();
    let kept: Vec<usize> = (0..ids.len()).filter(|i| known[*i].is_some()).collect();
    if kept.is_empty() {
        return Err(refuse(
            "prody(): no place among the rows selected has an income; income is a column of the \
             table places, a table of the case, or a mapping from ids to numbers",
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
