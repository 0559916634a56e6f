//! Rows of the case and their guarded sums.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_tables::Table;
use emporion_tables::select::{Condition, rows};
use emporion_tables::sum::SumOptions;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error};

use crate::book::{Book, refuse};
use crate::cell::Cell;
use crate::value::{Number, Row, period};

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("rows", move |kwargs: Kwargs| select(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("count", move |rows: Vec<Value>, kwargs: Kwargs| count(&b, &rows, &kwargs));
    let b = Arc::clone(book);
    env.add_function("total", move |kwargs: Kwargs| total(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("totals", move |kwargs: Kwargs| totals(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("nearest", move |kwargs: Kwargs| nearest(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("place", move |id: String| b.place(&id));
    let b = Arc::clone(book);
    env.add_function("members", move |id: String| members(&b, &id));
    let b = Arc::clone(book);
    env.add_function("setting", move |name: String, default: String| b.setting(&name, &default));
}

/// A selection of rows by the text of their columns.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Name of the table.
    pub table: String,
    /// Column and the texts it may have.
    pub filters: Vec<(String, Vec<String>)>,
}

/// Names that are options of a function and not columns.
const OPTIONS: [&str; 9] =
    ["table", "by", "top", "label", "sort", "year_near", "within", "domestic", "of"];

impl Selection {
    /// Reads every option that is not one of the function's own as a filter on a column.
    ///
    /// # Errors
    ///
    /// When a column is unknown: the message lists the columns.
    pub fn from_kwargs(book: &Book, kwargs: &Kwargs) -> Result<Self, Error> {
        Self::excluding(book, kwargs, &OPTIONS)
    }

    /// The same for a function whose own options are `own`.
    ///
    /// # Errors
    ///
    /// As [`Selection::from_kwargs`].
    pub fn excluding(book: &Book, kwargs: &Kwargs, own: &[&str]) -> Result<Self, Error> {
        let table: Option<String> = kwargs.get("table")?;
        let mut selection =
            Self { table: table.unwrap_or_else(|| "flows".into()), filters: Vec::new() };
        let names: Vec<String> = kwargs.args().map(str::to_owned).collect();
        for name in names {
            if name == "table" || own.contains(&name.as_str()) {
                continue;
            }
            let value: Value = kwargs.get(&name)?;
            // An empty filter would ask for rows without a value.
            if value.is_undefined() {
                return Err(refuse(format!("{name} is undefined: is the variable misspelt?")));
            }
            let texts = match value.kind() {
                ValueKind::Seq | ValueKind::Iterable => {
                    value.try_iter()?.map(|item| item.to_string()).collect()
                }
                ValueKind::None => vec![String::new()],
                _ => vec![value.to_string()],
            };
            selection.filters.push((name, texts));
        }
        let known = selection.table(book)?;
        for (name, _) in &selection.filters {
            wanted(known, name)?;
        }
        Ok(selection)
    }

    /// The table selected from.
    ///
    /// # Errors
    ///
    /// When the case has no such table.
    pub fn table<'a>(&self, book: &'a Book) -> Result<&'a Table, Error> {
        book.case
            .table(&self.table)
            .ok_or_else(|| refuse(format!("the case has no table {:?}", self.table)))
    }

    /// Positions of the rows that fit, in file order.
    ///
    /// # Errors
    ///
    /// When a filter does not fit its column.
    pub fn rows(&self, table: &Table) -> Result<Vec<usize>, Error> {
        let conditions: Vec<(&str, Condition)> = self
            .filters
            .iter()
            .map(|(name, texts)| {
                let condition = match texts.as_slice() {
                    [text] if text.is_empty() => Condition::Missing,
                    [text] => Condition::is(text),
                    texts => Condition::one_of(texts),
                };
                (name.as_str(), condition)
            })
            .collect();
        rows(table, &conditions).map_err(|report| refuse(report.to_string()))
    }

    /// The selection as options of a computation.
    #[must_use]
    pub fn options(&self) -> BTreeMap<String, String> {
        let mut options: BTreeMap<String, String> =
            self.filters.iter().map(|(name, texts)| (name.clone(), texts.join("|"))).collect();
        options.insert("table".into(), self.table.clone());
        options
    }

    /// The selection in words: `origin BLR, year 2022`.
    #[must_use]
    pub fn words(&self) -> String {
        let parts: Vec<String> = self
            .filters
            .iter()
            .map(|(name, texts)| match texts.as_slice() {
                [text] => format!("{name} {text}"),
                texts if texts.len() <= 4 => format!("{name} {}", texts.join("/")),
                texts => format!("{name} one of {}", texts.len()),
            })
            .collect();
        parts.join(", ")
    }
}

/// Refuses a column that a table does not have.
fn wanted(table: &Table, column: &str) -> Result<(), Error> {
    if table.column(column).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let names = names.join(", ");
    Err(refuse(format!("{} has no column {column:?}; it has {names}", table.path())))
}

fn row_values(book: &Arc<Book>, table: &str, rows: &[usize]) -> Value {
    rows.iter()
        .map(|&row| {
            Value::from_object(Row { book: Arc::clone(book), table: table.to_owned(), row })
        })
        .collect()
}

/// `rows(table = "flows", origin = "BLR", year = 2022)`: the rows that fit.
fn select(book: &Arc<Book>, kwargs: &Kwargs) -> Result<Value, Error> {
    let selection = Selection::from_kwargs(book, kwargs)?;
    kwargs.assert_all_used()?;
    let table = selection.table(book)?;
    Ok(row_values(book, &selection.table, &selection.rows(table)?))
}

/// `count(rows)`: how many rows, with the rows as trace.
fn count(book: &Book, rows: &[Value], kwargs: &Kwargs) -> Result<Value, Error> {
    let label: Option<String> = kwargs.get("label")?;
    kwargs.assert_all_used()?;
    let mut at: Vec<(String, usize)> = Vec::new();
    for value in rows {
        let row = value
            .downcast_object_ref::<Row>()
            .ok_or_else(|| refuse("count() counts rows: give it what rows() returned"))?;
        at.push((row.table.clone(), row.row));
    }
    let name = at.first().map_or("flows", |(table, _)| table.as_str()).to_owned();
    if let Some((other, _)) = at.iter().find(|(table, _)| *table != name) {
        return Err(refuse(format!(
            "count() was given rows of {name} and of {other}: count each table on its own"
        )));
    }
    let table =
        book.case.table(&name).ok_or_else(|| refuse(format!("the case has no table {name:?}")))?;
    let positions: Vec<usize> = at.iter().map(|(_, row)| *row).collect();
    let label = label.unwrap_or_else(|| format!("number of rows of {name}"));
    let options =
        BTreeMap::from([("table".to_owned(), name.clone()), ("label".to_owned(), label.clone())]);
    let mut cell = Cell::new("count", options, label, Some(positions.len() as f64));
    cell.unit = "rows".into();
    cell.computation.text = format!("number of rows selected from {}", table.path());
    let cell = cell.with_rows(&book.case, table, &positions);
    if book.cell(&cell.id).is_some_and(|known| !known.same_answer(&cell)) {
        return Err(refuse(format!(
            "count() of other rows has the label {:?} already: give each count its own label",
            cell.label
        )));
    }
    Ok(Number::value(book.enter(cell)))
}

/// The rows selected, sales at home left out on demand, and the question they answer.
fn with_or_without_domestic(
    selection: &Selection,
    table: &Table,
    domestic: Option<bool>,
) -> Result<(Vec<usize>, BTreeMap<String, String>), Error> {
    let mut rows = selection.rows(table)?;
    if domestic == Some(false) {
        rows.retain(|&row| table.text("origin", row) != table.text("destination", row));
    }
    let mut options = selection.options();
    options.insert("domestic".into(), domestic.unwrap_or(true).to_string());
    Ok((rows, options))
}

/// `total(origin = "BRA", ...)`: the guarded sum of the rows that fit.
fn total(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let label: Option<String> = kwargs.get("label")?;
    let domestic: Option<bool> = kwargs.get("domestic")?;
    let selection = Selection::from_kwargs(book, kwargs)?;
    kwargs.assert_all_used()?;
    let table = selection.table(book)?;
    let (rows, options) = with_or_without_domestic(&selection, table, domestic)?;
    let label = label.unwrap_or_else(|| format!("sum of {}", selection.words()));
    Ok(Number::value(sum_cell(book, table, &rows, options, label)?))
}

/// A guarded sum as a number with its rows.
///
/// # Errors
///
/// As `tables::panel::sum`: mixed units, sides, scopes or periods, double counting, no rows.
pub fn sum_cell(
    book: &Book,
    table: &Table,
    rows: &[usize],
    options: BTreeMap<String, String>,
    label: String,
) -> Result<Arc<Cell>, Error> {
    let sum = emporion_tables::sum::sum(table, rows, &book.case.hierarchy(), SumOptions::default())
        .map_err(|report| refuse(report.to_string()))?;
    let mut cell = Cell::new("sum", options, label, Some(sum.value));
    cell.unit = sum.unit.unwrap_or_default();
    cell.side = sum.side.unwrap_or_default();
    cell.scope = sum.scope.unwrap_or_default();
    cell.period = period(&sum.year.unwrap_or_default(), &sum.period.unwrap_or_default());
    cell.bound = sum.bound;
    cell.computation.text = format!("sum of {} rows of {}", rows.len(), table.path());
    let marks: Vec<String> = sum.statuses.into_iter().filter(|s| s != "reported").collect();
    if !marks.is_empty() {
        cell.notes.push(format!("rows among them are marked {}", marks.join(", ")));
    }
    Ok(book.enter(cell.with_rows(&book.case, table, rows)))
}

/// `totals(by = "origin", top = 10, ...)`: sums by a column, largest first, each with its share.
fn totals(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let by: Vec<String> = match kwargs.get::<Value>("by")? {
        value if value.kind() == ValueKind::Seq => {
            value.try_iter()?.map(|item| item.to_string()).collect()
        }
        value => vec![value.to_string()],
    };
    let top: Option<usize> = kwargs.get("top")?;
    let domestic: Option<bool> = kwargs.get("domestic")?;
    let label: Option<String> = kwargs.get("label")?;
    let selection = Selection::from_kwargs(book, kwargs)?;
    kwargs.assert_all_used()?;
    let table = selection.table(book)?;
    let (rows, options) = with_or_without_domestic(&selection, table, domestic)?;
    let label = label.unwrap_or_else(|| format!("sum of {}", selection.words()));
    let all = sum_cell(book, table, &rows, options.clone(), format!("{label}, all"))?;
    for column in &by {
        wanted(table, column)?;
    }
    let mut groups: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for &row in &rows {
        let key = by.iter().map(|c| table.text(c, row).unwrap_or_default().to_owned()).collect();
        groups.entry(key).or_default().push(row);
    }
    let mut sums: Vec<(f64, Vec<String>, Vec<usize>)> = Vec::with_capacity(groups.len());
    for (key, rows) in groups {
        let value = rows.iter().filter_map(|&row| table.number("value", row)).sum();
        sums.push((value, key, rows));
    }
    // Ties keep the order of the keys.
    sums.sort_by(|a, b| b.0.total_cmp(&a.0));
    sums.truncate(top.unwrap_or(usize::MAX));
    let mut items = Vec::with_capacity(sums.len());
    for (rank, (_, key, rows)) in sums.iter().enumerate() {
        let mut options = options.clone();
        options.extend(by.iter().cloned().zip(key.iter().cloned()));
        let names: Vec<String> = key.iter().map(|id| name_of(book, id)).collect();
        let value =
            sum_cell(book, table, rows, options, format!("{label}: {}", names.join(" \u{2192} ")))?;
        let share = share_cell(book, &value, &all);
        items.push(Value::from_pairs([
            ("rank", Value::from(rank + 1)),
            ("id", Value::from(key[0].clone())),
            ("ids", Value::from(key.clone())),
            ("name", Value::from(names.join(" \u{2192} "))),
            ("value", Number::value(value)),
            ("share", Number::value(share)),
            ("all", Number::value(Arc::clone(&all))),
        ]));
    }
    Ok(Value::from(items))
}

/// A part as percent of a whole.
pub(super) fn share_cell(book: &Book, part: &Arc<Cell>, whole: &Arc<Cell>) -> Arc<Cell> {
    let options = BTreeMap::from([
        ("part".to_owned(), part.id.clone()),
        ("whole".to_owned(), whole.id.clone()),
    ]);
    let value = part.value.zip(whole.value).map(|(a, b)| 100.0 * a / b);
    let mut cell = Cell::new("share", options, format!("share: {}", part.label), value)
        .with_inputs([part.as_ref(), whole.as_ref()]);
    cell.unit = "percent".into();
    cell.period.clone_from(&part.period);
    cell.scope.clone_from(&part.scope);
    cell.computation.text = format!("100 \u{d7} {} / {}", part.label, whole.label);
    book.enter(cell)
}

/// A place's name, else the product's, else the id itself.
#[must_use]
pub fn name_of(book: &Book, id: &str) -> String {
    if let Some(name) = book.case.place_name(id) {
        return name.to_owned();
    }
    let product = book.case.table("products").and_then(|products| {
        (0..products.rows())
            .find(|&row| products.text("id", row) == Some(id))
            .and_then(|row| products.text("name_en", row))
    });
    product.unwrap_or(id).to_owned()
}

/// `nearest(year_near = 2022, within = 5, ...)`: the rows of the year nearest to the wanted one
/// that hold a value; of two years equally near, the earlier.
fn nearest(book: &Arc<Book>, kwargs: &Kwargs) -> Result<Value, Error> {
    let wanted: i64 = kwargs.get("year_near")?;
    let within: i64 = kwargs.get::<Option<i64>>("within")?.unwrap_or(i64::MAX);
    let selection = Selection::from_kwargs(book, kwargs)?;
    kwargs.assert_all_used()?;
    let table = selection.table(book)?;
    let year = |row: usize| table.number("year", row).map(|year| year as i64);
    let mut rows = selection.rows(table)?;
    rows.retain(|&row| table.number("value", row).is_some());
    let best = rows
        .iter()
        .filter_map(|&row| year(row))
        .filter(|year| (year - wanted).abs() <= within)
        .min_by_key(|year| ((year - wanted).abs(), *year));
    rows.retain(|&row| year(row).is_some() && year(row) == best);
    Ok(row_values(book, &selection.table, &rows))
}

/// `members("EU27")`: the ids of a group's members.
fn members(book: &Book, id: &str) -> Result<Vec<String>, Error> {
    book.case
        .members(id)
        .ok_or_else(|| refuse(format!("{id:?} is not a group of this case with listed members")))
}
