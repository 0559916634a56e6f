//! New numbers from numbers: every result keeps its inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, Value};
use minijinja::{Environment, Error, UndefinedBehavior};

use crate::book::{Book, refuse};
use crate::cell::{Cell, Status, push_new};
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
    env.add_filter("fmt", |value: Value, args: Rest<Value>| fmt(&value, &args));
    env.add_filter("signed", |value: Value| restyle(&value, |style| style.sign = true));
}

/// `number|fmt(1, "USD bn")`: the number with so many decimals, in another scale of its unit.
fn fmt(value: &Value, args: &[Value]) -> Result<Value, Error> {
    /// More digits than a 64-bit number has.
    const MOST_DECIMALS: usize = 17;
    let (mut decimals, mut unit) = (None, None);
    for arg in args {
        match (arg.as_usize(), arg.as_str()) {
            (Some(digits), _) if digits <= MOST_DECIMALS && decimals.is_none() => {
                decimals = Some(digits);
            }
            (_, Some(text)) if unit.is_none() => unit = Some(text.to_owned()),
            _ => {
                return Err(refuse(format!(
                    "fmt() takes a number of decimals from 0 to {MOST_DECIMALS} and a unit, as in \
                     fmt(1, \"USD bn\"); got {arg}"
                )));
            }
        }
    }
    restyle(value, |style| {
        style.decimals = decimals.or(style.decimals);
        style.unit = unit.clone().or(style.unit.take());
    })
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
    if inputs.is_empty() {
        return Err(refuse(
            "calc() was given no numbers: name each in the expression and give it, as in \
             calc(\"a - b\", a = ..., b = ...); for a number of your own use assume()",
        ));
    }
    let mut options: BTreeMap<String, String> =
        inputs.iter().map(|(name, cell)| (name.clone(), cell.id.clone())).collect();
    options.insert("expression".into(), expression.to_owned());
    let unit = match unit {
        Some(unit) => {
            options.insert("unit".into(), unit.clone());
            unit
        }
        None => common(inputs.iter().map(|(_, cell)| cell.as_ref()), "unit", |c| &c.unit)?,
    };
    let known = inputs.iter().all(|(_, cell)| cell.value.is_some());
    let value = if known {
        let context: BTreeMap<&str, f64> =
            inputs.iter().map(|(n, c)| (n.as_str(), c.value.unwrap_or(f64::NAN))).collect();
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.add_function("exp", f64::exp);
        env.add_function("ln", f64::ln);
        // The line of the error is that of brief.md, not the one inside the expression.
        let failed = |error: Error| {
            let detail = error.detail().map_or_else(|| error.to_string(), str::to_owned);
            let zero = if detail.contains("/ 0") { ": a division by zero" } else { "" };
            refuse(format!("calc({expression:?}): {detail}{zero}"))
        };
        let value = env
            .compile_expression(expression)
            .and_then(|compiled| compiled.eval(context))
            .map_err(failed)?;
        let value = f64::try_from(value.clone())
            .map_err(|_| refuse(format!("calc({expression:?}) gives {value}, not a number")))?;
        if !value.is_finite() {
            return Err(refuse(format!("calc({expression:?}) gives {value}, not a finite number")));
        }
        Some(value)
    } else {
        None
    };
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
    if !value.is_finite() {
        return Err(refuse(format!("assume({value}) for {label:?}: give a finite number")));
    }
    let options = BTreeMap::from([("label".to_owned(), label.clone())]);
    let mut cell = Cell::new("assume", options, label, Some(value));
    cell.unit = unit;
    cell.status = Status::Assumed;
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
    if let Some((_, twice)) =
        cells.iter().enumerate().find(|(i, cell)| cells[..*i].iter().any(|c| c.id == cell.id))
    {
        return Err(refuse(format!("add() was given {:?} twice ({})", twice.label, twice.id)));
    }
    let fields: [(&str, Field); 3] =
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
    if value.is_none() {
        cell.notes.push("one of its parts is not known".into());
    }
    Ok(Number::value(book.enter(cell)))
}

/// `lowest(list)`, `highest(list)`: the smallest or largest known number, with all as its trace.
fn extreme(book: &Book, numbers: &[Value], which: &str) -> Result<Value, Error> {
    let cells: Vec<Arc<Cell>> = numbers.iter().map(Number::from_value).collect::<Result<_, _>>()?;
    common(cells.iter().map(AsRef::as_ref), "unit", |c| &c.unit)?;
    let known = cells.iter().filter_map(|cell| Some((cell.value?, cell)));
    let chosen = match which {
        "lowest" => known.min_by(|a, b| a.0.total_cmp(&b.0)),
        _ => known.max_by(|a, b| a.0.total_cmp(&b.0)),
    };
    let (_, chosen) =
        chosen.ok_or_else(|| refuse(format!("{which}() was given no known number")))?;
    let options = BTreeMap::from([(
        "numbers".to_owned(),
        cells.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(" "),
    )]);
    let mut cell = Cell::new(which, options, format!("{which}: {}", chosen.label), chosen.value)
        .with_inputs(cells.iter().map(AsRef::as_ref));
    cell.unit.clone_from(&chosen.unit);
    let known = cells.iter().filter(|c| c.value.is_some()).count();
    cell.computation.text = format!("the {which} of {known} numbers: {}", chosen.label);
    if known < cells.len() {
        cell.notes.push(format!("{} of the numbers are not known", cells.len() - known));
    }
    describe(&mut cell, [chosen.as_ref()].into_iter());
    Ok(Number::value(book.enter(cell)))
}

/// A text of a number: its unit, side, scope or period.
type Field = fn(&Cell) -> &String;

/// The text that all numbers share in a field.
fn common<'a>(
    cells: impl Iterator<Item = &'a Cell>,
    field: &str,
    get: Field,
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

/// Periods, sides and scopes of the inputs, each once; bounds that make the result approximate.
fn describe<'a>(cell: &mut Cell, inputs: impl Iterator<Item = &'a Cell>) {
    let inputs: Vec<&Cell> = inputs.collect();
    let shared = |get: Field| -> String {
        let mut texts: Vec<String> = Vec::new();
        for cell in &inputs {
            push_new(&mut texts, get(cell));
        }
        texts.retain(|text| !text.is_empty());
        texts.join(", ")
    };
    cell.period = shared(|c| &c.period);
    cell.side = shared(|c| &c.side);
    cell.scope = shared(|c| &c.scope);
    if inputs.iter().any(|c| c.bound != "=") {
        cell.bound = "~".into();
    }
    // A number computed from an estimate, a counterfactual or an assumption is one itself.
    let rank = |status: Status| status as u8;
    let highest = inputs.iter().map(|c| c.status).chain([cell.status]).max_by_key(|s| rank(*s));
    cell.status = highest.unwrap_or(cell.status);
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
