//! New numbers from numbers: every result keeps its inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{Environment, Error};

use crate::book::{Book, refuse};
use crate::cell::Cell;
use crate::number::{self, Style};
use crate::value::{Number, restyle};

/// Registers `calc`, `add`, `lowest`, `highest`, `assume`, `fmt` and `signed`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("calc", move |expression: String, kwargs: Kwargs| {
        calc(&b, &expression, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("add", move |numbers: Vec<Value>, kwargs: Kwargs| add(&b, &numbers, &kwargs));
    let b = Arc::clone(book);
    env.add_function("lowest", move |numbers: Vec<Value>| extreme(&b, &numbers, "lowest"));
    let b = Arc::clone(book);
    env.add_function("highest", move |numbers: Vec<Value>| extreme(&b, &numbers, "highest"));
    let b = Arc::clone(book);
    env.add_function("assume", move |value: f64, kwargs: Kwargs| assume(&b, value, &kwargs));
    env.add_filter("fmt", |value: Value, args: Rest<Value>| {
        let decimals = args.iter().find_map(Value::as_usize);
        let unit = args.iter().find_map(|arg| arg.as_str().map(str::to_owned));
        restyle(&value, |style| {
            style.decimals = decimals.or(style.decimals);
            style.unit = unit.clone().or(style.unit.take());
        })
    });
    env.add_filter("signed", |value: Value| restyle(&value, |style| style.sign = true));
}

/// `calc("100 * gain / loss", gain = ..., loss = ..., unit = "%", label = "...")`.
fn calc(book: &Book, expression: &str, kwargs: &Kwargs) -> Result<Value, Error> {
    let label: Option<String> = kwargs.get("label")?;
    let unit: Option<String> = kwargs.get("unit")?;
    let mut inputs: Vec<(String, Arc<Cell>)> = Vec::new();
    for name in kwargs.args().map(str::to_owned).collect::<Vec<_>>() {
        if name != "label" && name != "unit" {
            inputs.push((name.clone(), Number::from_value(&kwargs.get(&name)?)?));
        }
    }
    kwargs.assert_all_used()?;
    let unit = match unit {
        Some(unit) => unit,
        None => common(inputs.iter().map(|(_, cell)| cell.as_ref()), "unit", |c| &c.unit)?,
    };
    let known = inputs.iter().all(|(_, cell)| cell.value.is_some());
    let value = if known {
        let context: BTreeMap<&str, f64> =
            inputs.iter().map(|(n, c)| (n.as_str(), c.value.unwrap_or(f64::NAN))).collect();
        let mut env = Environment::new();
        env.add_function("exp", f64::exp);
        env.add_function("ln", f64::ln);
        let value = env.compile_expression(expression)?.eval(context)?;
        let value = f64::try_from(value.clone())
            .map_err(|_| refuse(format!("calc({expression:?}) gives {value}, not a number")))?;
        if !value.is_finite() {
            return Err(refuse(format!("calc({expression:?}) gives {value}: a division by zero?")));
        }
        Some(value)
    } else {
        None
    };
    let mut options: BTreeMap<String, String> =
        inputs.iter().map(|(name, cell)| (name.clone(), cell.id.clone())).collect();
    options.insert("expression".into(), expression.to_owned());
    let mut cell =
        Cell::new("calc", options, label.unwrap_or_else(|| expression.to_owned()), value)
            .with_inputs(inputs.iter().map(|(_, cell)| cell.as_ref()));
    let numbers: Vec<String> = inputs
        .iter()
        .map(|(name, c)| {
            format!(
                "{name} = {} {}",
                number::text(c, &Style::default()).unwrap_or_default(),
                c.unit
            )
        })
        .collect();
    cell.computation.text = format!("{expression}, where {}", numbers.join(", "));
    cell.unit = unit;
    describe(&mut cell, inputs.iter().map(|(_, cell)| cell.as_ref()));
    if !known {
        cell.notes.push("one of its inputs is not known".into());
    }
    Ok(Number::value(book.enter(cell)))
}

/// `assume(8, unit = "percent", label = "...", note = "...")`: a number that the author chooses.
fn assume(book: &Book, value: f64, kwargs: &Kwargs) -> Result<Value, Error> {
    let (unit, label): (String, String) = (kwargs.get("unit")?, kwargs.get("label")?);
    let note: Option<String> = kwargs.get("note")?;
    kwargs.assert_all_used()?;
    let options = BTreeMap::from([("label".to_owned(), label.clone())]);
    let mut cell = Cell::new("assume", options, label, Some(value));
    cell.unit = unit;
    cell.status = crate::cell::Status::Assumed;
    cell.computation.text = "chosen in brief.md".into();
    cell.notes.extend(note);
    Ok(Number::value(book.enter(cell)))
}

/// `add(list)`: the guarded sum. What the numbers do not share must be named in `mixed`.
fn add(book: &Book, numbers: &[Value], kwargs: &Kwargs) -> Result<Value, Error> {
    let label: Option<String> = kwargs.get("label")?;
    let mixed: Option<Vec<String>> = kwargs.get("mixed")?;
    kwargs.assert_all_used()?;
    let mixed = mixed.unwrap_or_default();
    let cells: Vec<Arc<Cell>> = numbers.iter().map(Number::from_value).collect::<Result<_, _>>()?;
    if cells.is_empty() {
        return Err(refuse("add() was given no numbers: the selection before it found no rows"));
    }
    let unit = common(cells.iter().map(AsRef::as_ref), "unit", |c| &c.unit)?;
    let fields: [(&str, fn(&Cell) -> &String); 3] =
        [("side", |c| &c.side), ("scope", |c| &c.scope), ("period", |c| &c.period)];
    for (name, get) in fields {
        if !mixed.iter().any(|m| m == name) {
            common(cells.iter().map(AsRef::as_ref), name, get)?;
        }
    }
    let options = BTreeMap::from([(
        "numbers".to_owned(),
        cells.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(" "),
    )]);
    let value = cells.iter().map(|c| c.value).sum::<Option<f64>>();
    let mut cell = Cell::new("add", options, label.unwrap_or_else(|| "sum".into()), value)
        .with_inputs(cells.iter().map(AsRef::as_ref));
    cell.unit = unit;
    cell.computation.text = format!("sum of {} numbers", cells.len());
    if !mixed.is_empty() {
        cell.notes
            .push(format!("adds numbers of different {}, as the text says", mixed.join(", ")));
    }
    describe(&mut cell, cells.iter().map(AsRef::as_ref));
    Ok(Number::value(book.enter(cell)))
}

/// `lowest(list)`, `highest(list)`: the smallest or largest known number.
fn extreme(book: &Book, numbers: &[Value], which: &str) -> Result<Value, Error> {
    let cells: Vec<Arc<Cell>> = numbers.iter().map(Number::from_value).collect::<Result<_, _>>()?;
    common(cells.iter().map(AsRef::as_ref), "unit", |c| &c.unit)?;
    let order = |a: &&Arc<Cell>, b: &&Arc<Cell>| {
        a.value.unwrap_or(f64::NAN).total_cmp(&b.value.unwrap_or(f64::NAN))
    };
    let known = cells.iter().filter(|c| c.value.is_some());
    let chosen = if which == "lowest" { known.min_by(order) } else { known.max_by(order) };
    let chosen = chosen.ok_or_else(|| refuse(format!("{which}() was given no known number")))?;
    let options = BTreeMap::from([(
        "numbers".to_owned(),
        cells.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(" "),
    )]);
    let mut cell = Cell::new(which, options, format!("{which}: {}", chosen.label), chosen.value)
        .with_inputs([chosen.as_ref()]);
    cell.unit.clone_from(&chosen.unit);
    cell.computation.text = format!("the {which} of {} numbers", cells.len());
    describe(&mut cell, [chosen.as_ref()].into_iter());
    Ok(Number::value(book.enter(cell)))
}

/// The text that all numbers share in a field.
fn common<'a>(
    cells: impl Iterator<Item = &'a Cell>,
    field: &str,
    get: fn(&Cell) -> &String,
) -> Result<String, Error> {
    let mut found: Vec<(&String, &Cell)> = Vec::new();
    for cell in cells {
        if !found.iter().any(|(text, _)| *text == get(cell)) {
            found.push((get(cell), cell));
        }
    }
    match found.as_slice() {
        [] => Ok(String::new()),
        [(text, _)] => Ok((*text).clone()),
        [(a, first), (b, second), ..] => Err(refuse(format!(
            "numbers of different {field} in one computation: {a:?} ({}) and {b:?} ({}); select one \
             {field}, or name what may differ: unit = \"...\" in calc(), mixed = [{field:?}] in add()",
            first.label, second.label
        ))),
    }
}

/// Period, side and scope that all inputs share; bounds that make the result approximate.
fn describe<'a>(cell: &mut Cell, inputs: impl Iterator<Item = &'a Cell>) {
    let inputs: Vec<&Cell> = inputs.collect();
    let shared = |get: fn(&Cell) -> &String| -> String {
        let mut texts: Vec<&str> = inputs.iter().map(|c| get(c).as_str()).collect();
        texts.retain(|text| !text.is_empty());
        texts.dedup();
        texts.join(", ")
    };
    cell.period = shared(|c| &c.period);
    cell.side = shared(|c| &c.side);
    cell.scope = shared(|c| &c.scope);
    if inputs.iter().any(|c| c.bound != "=") {
        cell.bound = "~".into();
    }
    // A number computed from an estimate, a counterfactual or an assumption is one itself.
    let rank = |status: crate::cell::Status| status as u8;
    if let Some(status) = inputs.iter().map(|c| c.status).max_by_key(|s| rank(*s)) {
        if rank(status) > rank(cell.status) {
            cell.status = status;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(unit: &str, side: &str, value: f64) -> Cell {
        let options = BTreeMap::from([("v".to_owned(), value.to_string())]);
        let mut cell = Cell::new("row", options, "a", Some(value));
        cell.unit = unit.into();
        cell.side = side.into();
        cell
    }

    #[test]
    fn mixed_units_are_named() {
        let (a, b) = (cell("USD mn", "BY", 1.0), cell("EUR mn", "BY", 2.0));
        let error = common([&a, &b].into_iter(), "unit", |c| &c.unit).unwrap_err().to_string();
        assert!(error.contains("USD mn") && error.contains("EUR mn"), "{error}");
        assert_eq!(common([&a, &b].into_iter(), "side", |c| &c.side).unwrap(), "BY");
    }
}
