//! Figures of several years: runs, contributions, shares by year, ranks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use emporion_model::measure::in_time::{RankedAmong, rank_changes};
use emporion_model::measure::records::{
    Observation, RecordOptions, Several, longest_growth, longest_records,
};
use emporion_model::measure::shares::contributions;
use emporion_model::outcome::InputError;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::indicators::{bound, list};
use super::rows::{Selection, name_of, share_cell, sum_cell};
use crate::book::{Book, refuse};
use crate::cell::Cell;
use crate::value::Number;

/// Registers `longest_run`, `contributions`, `shares_by_year`, `rank_changes`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("longest_run", move |items: Vec<Value>, k: Kwargs| run(&b, &items, &k));
    let b = Arc::clone(book);
    env.add_function("contributions", move |before: Vec<Value>, after: Vec<Value>| {
        contribute(&b, &before, &after)
    });
    let b = Arc::clone(book);
    env.add_function("shares_by_year", move |kwargs: Kwargs| shares(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("rank_changes", move |before: Vec<Value>, after: Vec<Value>| {
        ranks(&b, &before, &after)
    });
}

pub(super) fn model(error: InputError) -> Error {
    refuse(error.to_string())
}

/// The ids of cells, as an option that names the question.
pub(super) fn ids<'a>(cells: impl IntoIterator<Item = &'a Arc<Cell>>) -> String {
    cells.into_iter().map(|cell| cell.id.as_str()).collect::<Vec<_>>().join(" ")
}

/// Refuses numbers of different unit, side or scope.
pub(super) fn alike<'a>(
    what: &str,
    cells: impl IntoIterator<Item = &'a Arc<Cell>>,
) -> Result<(), Error> {
    let of = |c: &Cell| [c.unit.clone(), c.side.clone(), c.scope.clone()].join(" ");
    let texts: BTreeSet<String> = cells.into_iter().map(|cell| of(cell)).collect();
    if texts.len() < 2 {
        return Ok(());
    }
    let texts: Vec<String> = texts.into_iter().collect();
    Err(refuse(format!(
        "{what} takes numbers of one unit, side and scope, got {}; select one",
        texts.join(" and ")
    )))
}

/// Years and numbers of items with a `year` and the attribute named.
pub(super) fn by_year(
    what: &str,
    items: &[Value],
    attribute: &str,
) -> Result<Vec<(i32, Arc<Cell>)>, Error> {
    let wrong = || refuse(format!("{what} takes items with a year and a number {attribute}"));
    let read = |item: &Value| {
        let year = i32::try_from(item.get_attr("year")?).map_err(|_| wrong())?;
        let cell = Number::from_value(&item.get_attr(attribute)?).map_err(|_| wrong())?;
        Ok((year, cell))
    };
    items.iter().map(read).collect()
}

/// `longest_run(items, of = "growth")`: the longest run of growth or of records.
fn run(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<Value, Error> {
    let of = kwargs.get::<Option<String>>("of")?.unwrap_or_else(|| "growth".to_owned());
    kwargs.assert_all_used()?;
    let mut figures = by_year("longest_run()", items, "value")?;
    figures.retain(|(_, cell)| cell.value.is_some());
    alike("longest_run()", figures.iter().map(|(_, cell)| cell))?;
    let series: Vec<Observation> = figures
        .iter()
        .filter_map(|(year, c)| {
            c.value.map(|value| Observation { year: *year, value, bound: bound(&c.bound) })
        })
        .collect();
    let options = RecordOptions { several: Several::Range, ..RecordOptions::default() };
    let found = match of.as_str() {
        "growth" => longest_growth(&series, &options),
        "records" => longest_records(&series, &options),
        other => return Err(refuse(format!("of is growth or records, got {other:?}"))),
    };
    let found = found.map_err(model)?;
    let cells: Vec<Arc<Cell>> = figures.into_iter().map(|(_, cell)| cell).collect();
    let options = BTreeMap::from([("of".to_owned(), of.clone()), ("rows".to_owned(), ids(&cells))]);
    let label = format!("longest run of {of}");
    let mut cell = Cell::new("run", options, label, Some(found.steps as f64))
        .with_inputs(cells.iter().map(AsRef::as_ref));
    cell.unit = "years".into();
    cell.computation.text = format!(
        "longest run of {of} among {} years; no figure for {}",
        found.observed.len(),
        if found.gaps.is_empty() { "none".to_owned() } else { list(&found.gaps) }
    );
    Ok(Value::from_pairs([
        ("steps", Number::value(book.enter(cell))),
        ("first", Value::from(found.from)),
        ("last", Value::from(found.to)),
        ("gaps", Value::from(list(&found.gaps))),
    ]))
}

/// The parts of two `totals()`, by id: the name and both numbers.
type Pairs = BTreeMap<Vec<String>, (String, [Option<Arc<Cell>>; 2])>;

fn paired(what: &str, before: &[Value], after: &[Value]) -> Result<Pairs, Error> {
    let wrong = || refuse(format!("{what} takes what totals() returned, for each of two years"));
    let mut pairs = Pairs::new();
    for (at, items) in [before, after].into_iter().enumerate() {
        for item in items {
            let key = item.get_attr("ids")?.try_iter().map_err(|_| wrong())?;
            let key = key.map(|id| id.to_string()).collect();
            let cell = Number::from_value(&item.get_attr("value")?).map_err(|_| wrong())?;
            let name = item.get_attr("name")?.to_string();
            pairs.entry(key).or_insert((name, [None, None])).1[at] = Some(cell);
        }
    }
    alike(what, pairs.values().flat_map(|(_, pair)| pair.iter().flatten()))?;
    Ok(pairs)
}

/// `contributions(before, after)`: what each part adds to the growth of all, in points.
fn contribute(book: &Book, before: &[Value], after: &[Value]) -> Result<Value, Error> {
    let pairs = paired("contributions()", before, after)?;
    let mut both = Vec::new();
    for (key, (name, pair)) in &pairs {
        match pair {
            [Some(a), Some(b)] => both.push((key, name, a, b)),
            _ => {
                return Err(refuse(format!(
                    "{name} has rows in one of the two years only, and missing is not zero; leave \
                     it out of both totals()"
                )));
            }
        }
    }
    let known = |cell: &Cell| {
        cell.value.ok_or_else(|| refuse(format!("{} is not known: leave it out", cell.label)))
    };
    let a: Vec<f64> = both.iter().map(|part| known(part.2)).collect::<Result<_, _>>()?;
    let b: Vec<f64> = both.iter().map(|part| known(part.3)).collect::<Result<_, _>>()?;
    let found = contributions(&a, &b).map_err(model)?;
    let all = ids(both.iter().flat_map(|part| [part.2, part.3]));
    let mut order: Vec<usize> = (0..both.len()).collect();
    order.sort_by(|&x, &y| found.points[y].total_cmp(&found.points[x]).then(x.cmp(&y)));
    let items = order.into_iter().map(|at| {
        let (key, name, _, _) = both[at];
        let options =
            BTreeMap::from([("of".to_owned(), key.join(" ")), ("parts".to_owned(), all.clone())]);
        let label = format!("contribution to growth: {name}");
        let mut cell = Cell::new("contribution", options, label, Some(found.points[at]))
            .with_inputs(both.iter().flat_map(|part| [part.2.as_ref(), part.3.as_ref()]));
        cell.unit = "percentage points".into();
        cell.computation.text =
            "100 \u{d7} change of the part / total before; the parts add up to the growth".into();
        Value::from_pairs([
            ("id", Value::from(key[0].clone())),
            ("ids", Value::from(key.clone())),
            ("name", Value::from(name.clone())),
            ("value", Number::value(book.enter(cell))),
        ])
    });
    Ok(items.collect())
}

/// `rank_changes(before, after)`: ranks among those with a figure in both years.
fn ranks(book: &Book, before: &[Value], after: &[Value]) -> Result<Value, Error> {
    let pairs = paired("rank_changes()", before, after)?;
    let value = |at: usize| -> Vec<Option<f64>> {
        pairs.values().map(|(_, pair)| pair[at].as_ref().and_then(|cell| cell.value)).collect()
    };
    let found = rank_changes(&value(0), &value(1), RankedAmong::BothYears).map_err(model)?;
    let cells: Vec<&Arc<Cell>> =
        pairs.values().flat_map(|(_, pair)| pair.iter().flatten()).collect();
    let all = ids(cells.iter().copied());
    let mut items = Vec::new();
    for (rank, (key, (name, _))) in found.iter().zip(&pairs) {
        let (Some(before), Some(after), Some(gained)) = (rank.before, rank.after, rank.gained)
        else {
            continue;
        };
        let options =
            BTreeMap::from([("of".to_owned(), key.join(" ")), ("parts".to_owned(), all.clone())]);
        let label = format!("places gained: {name}");
        let mut cell = Cell::new("ranks", options, label, Some(gained as f64))
            .with_inputs(cells.iter().map(|cell| cell.as_ref()));
        cell.unit = "places".into();
        cell.computation.text = format!(
            "rank {before} less rank {after} among those with a figure in both years; ties share \
             the better rank"
        );
        let item = Value::from_pairs([
            ("id", Value::from(key[0].clone())),
            ("name", Value::from(name.clone())),
            ("rank_before", Value::from(before)),
            ("rank_after", Value::from(after)),
            ("value", Number::value(book.enter(cell))),
        ]);
        items.push((after, item));
    }
    items.sort_by_key(|(after, _)| *after);
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

/// `shares_by_year(group = [...], column = "origin", of, ...)`: the share of a group in each year,
/// in all rows or in those of one id.
fn shares(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let group: Vec<String> = kwargs.get("group")?;
    let column = kwargs.get::<Option<String>>("column")?.unwrap_or_else(|| "origin".to_owned());
    let domestic = kwargs.get::<Option<bool>>("domestic")?.unwrap_or(true);
    let of: Option<String> = kwargs.get("of")?;
    let selection = Selection::excluding(book, kwargs, &["group", "column", "domestic", "of"])?;
    kwargs.assert_all_used()?;
    let table = selection.table(book)?;
    for name in [column.as_str(), "year"] {
        table.wanted(name).map_err(|problem| refuse(problem.to_string()))?;
    }
    let mut years: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for row in selection.rows(table)? {
        if !domestic && table.text("origin", row) == table.text("destination", row) {
            continue;
        }
        if let Some(year) = table.number("year", row) {
            years.entry(year as i32).or_default().push(row);
        }
    }
    let group: BTreeSet<String> = group
        .iter()
        .flat_map(|id| book.case.members(id).unwrap_or_else(|| vec![id.clone()]))
        .collect();
    let label = |row: usize| table.label(&column, row).unwrap_or_default();
    let seen: BTreeSet<String> = years.values().flatten().map(|&row| label(row)).collect();
    if let Some(id) = group.iter().chain(&of).find(|id| !seen.contains(*id)) {
        return Err(refuse(format!("no row selected has {column} {id:?}; name ids of the rows")));
    }
    let mut items = Vec::new();
    for (year, rows) in &years {
        let part: Vec<usize> =
            rows.iter().copied().filter(|&row| group.contains(&label(row))).collect();
        let there: BTreeSet<String> = part.iter().map(|&row| label(row)).collect();
        let mut options = selection.options();
        options.extend([
            ("year".to_owned(), year.to_string()),
            ("domestic".to_owned(), domestic.to_string()),
        ]);
        let mut whole_rows = rows.clone();
        if let Some(of) = &of {
            whole_rows.retain(|&row| label(row) == *of);
            options.insert("of".to_owned(), of.clone());
        }
        if whole_rows.is_empty() {
            // Without a whole the year has no share.
            continue;
        }
        let name = of.as_ref().map_or_else(
            || format!("whole of {year}"),
            |of| format!("{} in {year}, the whole", name_of(book, of)),
        );
        let whole = sum_cell(book, table, &whole_rows, options.clone(), name)?;
        // A member without rows is a gap: the year has no share.
        let share = if there == group {
            let members = group.iter().cloned().collect::<Vec<_>>().join("|");
            options.insert(format!("group of {column}"), members);
            let part = sum_cell(book, table, &part, options, format!("group in {year}"))?;
            alike("shares_by_year()", [&part, &whole])?;
            Number::value(share_cell(book, &part, &whole))
        } else {
            let lack: Vec<&str> = group.difference(&there).map(String::as_str).collect();
            options.insert(format!("group of {column}"), "not complete".to_owned());
            let mut cell = Cell::new("share", options, format!("share in {year}"), None);
            cell.unit = "percent".into();
            cell.computation.text = format!("no rows in {year} of {}", lack.join(", "));
            Number::value(book.enter(cell))
        };
        items.push(Value::from_pairs([
            ("year", Value::from(*year)),
            ("value", share),
            ("all", Number::value(whole)),
        ]));
    }
    Ok(items.into_iter().collect())
}
