//! Numbers of several lists put beside each other, by id.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error};

use super::rows::name_of;
use crate::book::{Book, refuse};
use crate::cell::Cell;
use crate::value::Number;

/// Registers `beside`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("beside", move |lists: Vec<Value>, kwargs: Kwargs| {
        beside(&b, &lists, &kwargs)
    });
}

/// An option that is one text for all lists or a text for each.
fn for_each(
    kwargs: &Kwargs,
    option: &str,
    default: &str,
    lists: usize,
) -> Result<Vec<String>, Error> {
    let Some(value) = kwargs.get::<Option<Value>>(option)? else {
        return Ok(vec![default.to_owned(); lists]);
    };
    if value.kind() != ValueKind::Seq {
        return Ok(vec![value.to_string(); lists]);
    }
    let texts: Vec<String> = value.try_iter()?.map(|text| text.to_string()).collect();
    if texts.len() == lists {
        return Ok(texts);
    }
    Err(refuse(format!(
        "beside(): {option} is one text or one for each of {lists} lists, got {}",
        texts.len()
    )))
}

/// `beside([list, list], names = ["before", "after"], key = "id", value = "value", first = false)`:
/// one item for each id, with a number from each list.
fn beside(book: &Book, lists: &[Value], kwargs: &Kwargs) -> Result<Value, Error> {
    let names: Vec<String> = kwargs.get("names")?;
    let keys = for_each(kwargs, "key", "id", lists.len())?;
    let values = for_each(kwargs, "value", "value", lists.len())?;
    let first = kwargs.get::<Option<bool>>("first")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    if names.len() != lists.len() || lists.len() < 2 {
        return Err(refuse(format!(
            "beside(): two or more lists and a name for each, got {} and {}",
            lists.len(),
            names.len()
        )));
    }
    let taken = ["id", "name"];
    let twice = (1..names.len()).find(|at| names[..*at].contains(&names[*at]));
    if let Some(name) =
        names.iter().find(|n| taken.contains(&n.as_str())).or(twice.map(|at| &names[at]))
    {
        return Err(refuse(format!(
            "beside(): the name {name:?} is taken; give each list its own"
        )));
    }
    let mut order: Vec<String> = Vec::new();
    let mut found: BTreeMap<String, Vec<Option<Arc<Cell>>>> = BTreeMap::new();
    let mut units = vec![String::new(); lists.len()];
    for (at, list) in lists.iter().enumerate() {
        for item in list.try_iter()? {
            let id = item.get_attr(&keys[at])?;
            if id.is_undefined() {
                return Err(refuse(format!(
                    "beside(): an item of list {} has no {:?}",
                    at + 1,
                    keys[at]
                )));
            }
            let id = id.to_string();
            let cell = Number::from_value(&item.get_attr(&values[at])?)?;
            units[at].clone_from(&cell.unit);
            if first && at > 0 && !found.contains_key(&id) {
                continue;
            }
            let slots = found.entry(id.clone()).or_insert_with(|| {
                order.push(id.clone());
                vec![None; lists.len()]
            });
            if slots[at].replace(cell).is_some() {
                return Err(refuse(format!(
                    "beside(): list {} has two items of {id:?}; select one, such as one year",
                    at + 1
                )));
            }
        }
    }
    let items: Vec<Value> = order
        .iter()
        .map(|id| {
            let name = name_of(book, id);
            let mut pairs = BTreeMap::from([("id".to_owned(), Value::from(id.as_str()))]);
            for (at, slot) in found[id].iter().enumerate() {
                let cell = slot
                    .clone()
                    .unwrap_or_else(|| absent(book, id, &name, (at, &names[at]), &units[at]));
                pairs.insert(names[at].clone(), Number::value(cell));
            }
            pairs.insert("name".to_owned(), Value::from(name));
            Value::from(pairs)
        })
        .collect();
    Ok(Value::from(items))
}

/// A number that a list does not have: not known, and no zero.
fn absent(book: &Book, id: &str, name: &str, (at, of): (usize, &str), unit: &str) -> Arc<Cell> {
    let options =
        BTreeMap::from([("of".to_owned(), id.to_owned()), ("list".to_owned(), of.to_owned())]);
    let mut cell = Cell::new("absent", options, format!("{of}: {name}"), None);
    cell.unit = unit.to_owned();
    cell.computation.text = format!("list {} has no item of {id}", at + 1);
    book.enter(cell)
}
