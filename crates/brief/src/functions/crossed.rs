//! Nearness of two sets of products, on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::presence::Presence;
use emporion_model::measure::relatedness::cross_proximity;
use emporion_tables::named::few;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::exported::{Exports, joined};
use super::having::{Basis, Having};
use super::related::{number, ordered, ranked};
use crate::book::{Book, refuse};

const OWN: [&str; 5] = ["first", "second", "other", "exporter", "top"];

/// Registers `cross_proximity`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("cross_proximity", move |kwargs: Kwargs| across(&b, &kwargs));
}

/// One of the two sets: M over the places of both.
struct Set {
    m: Presence,
    products: Vec<String>,
}

/// `cross_proximity(first, second, other, exporter, cut_off, top, ...)`: two sets of products, of
/// one table or of two.
fn across(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let exporter: Option<String> = kwargs.get("exporter")?;
    let [first, second] = ["first", "second"].map(|name| kwargs.get::<Option<Vec<String>>>(name));
    let (first, second) = (first?, second?);
    let other: Option<String> = kwargs.get("other")?;
    let having = Having::read(kwargs, "cross_proximity")?;
    let (mut exports, basis) = Exports::new(book, kwargs, "cross_proximity", &OWN)?;
    for name in OWN {
        exports.keep(kwargs, name)?;
    }
    let (places, first, second) = match (other, first) {
        (None, Some(first)) => of_one_table(&exports, &basis, &first, second.as_deref())?,
        (Some(other), None) if second.is_none() => {
            let (second, of_second) = exports.other(&other, &having)?;
            exports.stand_on(&second);
            let sets = of_two_tables(&mut exports, &basis, (&second, &of_second), &other)?;
            exports.notes.extend(second.notes);
            sets
        }
        _ => {
            return Err(refuse(
                "cross_proximity() needs first, a list of products, or other, the name of a second \
                 table of the case; one of the two",
            ));
        }
    };
    let exports = &exports;
    let found = cross_proximity(&first.m, &second.m).map_err(|error| exports.refused(&error))?;
    let n = second.products.len();
    let convention = format!("{}; places with both over the larger ubiquity", first.m.convention);
    let phi = found.proximity.iter().map(|phi| Some(*phi));
    let pairs = ordered(phi, top).into_iter().map(|(at, value)| {
        let ids = [first.products[at / n].clone(), second.products[at % n].clone()];
        let names = [exports.name(&ids[0]), exports.name(&ids[1])];
        let label = format!("proximity: {} and {}", names[0], names[1]);
        let value = number(exports, &ids.join(" "), label, Some(value), ("", &convention), &[]);
        vec![
            ("ids", Value::from(ids.to_vec())),
            ("names", Value::from(names.to_vec())),
            ("value", value),
        ]
    });
    let mut answer = vec![("pairs", ranked(pairs.collect()))];
    if let Some(exporter) = exporter {
        let place = places.iter().position(|id| *id == exporter).ok_or_else(|| {
            refuse(format!(
                "cross_proximity(): no row of each set has the exporter {exporter:?}; check the id"
            ))
        })?;
        let who = exports.name(&exporter);
        let near = (0..n).map(|l| found.relatedness[place * n + l]);
        let words = format!("{convention}; the part of it that the place has in the first set");
        let items = ordered(near, top).into_iter().map(|(l, value)| {
            let id = &second.products[l];
            let name = exports.name(id);
            let label = format!("relatedness: {who}, {name}");
            let figure = format!("related {id}");
            vec![
                ("id", Value::from(id.as_str())),
                ("name", Value::from(name)),
                ("value", number(exports, &figure, label, Some(value), ("", &words), &[])),
                ("has", Value::from(second.m.has(place, l))),
            ]
        });
        answer.push(("related", ranked(items.collect())));
    }
    answer.push(("notes", joined(exports.notes.clone())));
    Ok(Value::from_pairs(answer))
}

/// Two sets of columns of one M; the second is all others where it is not named.
fn of_one_table(
    exports: &Exports<'_>,
    basis: &Basis,
    first: &[String],
    second: Option<&[String]>,
) -> Result<(Vec<String>, Set, Set), Error> {
    let positions = |ids: &[String]| -> Result<Vec<usize>, Error> {
        ids.iter().map(|id| exports.product(id)).collect()
    };
    let first = positions(first)?;
    let second = match second {
        Some(ids) => positions(ids)?,
        None => (0..exports.products.len()).filter(|k| !first.contains(k)).collect(),
    };
    if let Some(k) = first.iter().find(|k| second.contains(k)) {
        return Err(refuse(format!(
            "cross_proximity(): product {} is in both sets; take it out of one",
            exports.products[*k]
        )));
    }
    let every: Vec<usize> = (0..basis.m.places).collect();
    let part = |columns: &[usize]| -> Result<Set, Error> {
        if columns.is_empty() {
            return Err(refuse("cross_proximity(): a set has no product; name some"));
        }
        let m = basis.m.part(&every, columns).map_err(|error| exports.refused(&error))?;
        Ok(Set { m, products: columns.iter().map(|k| exports.products[*k].clone()).collect() })
    };
    Ok((exports.places.clone(), part(&first)?, part(&second)?))
}

/// M of two tables, over the places of both.
fn of_two_tables(
    exports: &mut Exports<'_>,
    basis: &Basis,
    (second, of_second): (&Exports<'_>, &Basis),
    other: &str,
) -> Result<(Vec<String>, Set, Set), Error> {
    let (a, b) = (&exports.places, &second.places);
    let places: Vec<String> = a.iter().filter(|id| b.contains(id)).cloned().collect();
    let text = |ids: &[String]| few(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    if places.is_empty() {
        return Err(refuse(format!(
            "cross_proximity(): no place stands in both tables: the first has {}, {other} has {}",
            text(a),
            text(b)
        )));
    }
    let alone = a.iter().filter(|id| !b.contains(id)).chain(b.iter().filter(|id| !a.contains(id)));
    let alone: Vec<String> = alone.cloned().collect();
    let of = |exports: &Exports<'_>, basis: &Basis| -> Result<Set, Error> {
        let at = |id: &String| exports.places.iter().position(|known| known == id);
        let rows: Vec<usize> = places.iter().filter_map(at).collect();
        let columns: Vec<usize> = (0..basis.m.products).collect();
        let m = basis.m.part(&rows, &columns).map_err(|error| exports.refused(&error))?;
        Ok(Set { m, products: exports.products.clone() })
    };
    let sets = (of(exports, basis)?, of(second, of_second)?);
    if !alone.is_empty() {
        exports.notes.push(format!("places of one table only are left out: {}", text(&alone)));
    }
    Ok((places, sets.0, sets.1))
}
