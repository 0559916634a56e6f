//! Numbers that the author of a brief brings for places or products: incomes, populations, a PCI.

use std::collections::BTreeMap;

pub use emporion_tables::domain::Domain;
use emporion_tables::named::few;
use emporion_tables::{Table, Values};
use minijinja::Error;
use minijinja::value::{Value, ValueKind};

use crate::book::{Book, refuse};
use crate::value::Number;

/// What is brought, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The function that asks.
    pub verb: &'a str,
    /// Its option.
    pub option: &'a str,
    /// The column of numbers of a table of the case.
    pub column: &'a str,
    /// Whether the numbers are those of places, or of products.
    pub places: bool,
    /// Which numbers are meant.
    pub domain: Domain,
    /// Whether an id that is named must have a number.
    pub complete: bool,
    /// The year of the rows selected, where it is one: a table by years then gives this one.
    pub year: Option<&'a str>,
}

impl Wanted<'_> {
    fn keys(&self) -> &'static [&'static str] {
        if self.places { &["origin", "place", "id", "country"] } else { &["product"] }
    }

    fn bad(&self, fault: &str) -> Error {
        let Self { verb, option, column, .. } = self;
        let key = self.keys()[0];
        let of_places = if self.places { "a column of the table places, " } else { "" };
        refuse(format!(
            "{verb}(): {fault}; {option} is {of_places}a table of the case with {key} and {column}, \
             or a mapping from ids to numbers"
        ))
    }

    /// Refuses a gap where there may be none.
    fn gap(&self, id: &str, at: &str) -> Result<(), Error> {
        if !self.complete {
            return Ok(());
        }
        Err(self.bad(&format!(
            "{id} has no {}{at}; missing is not zero: fill it in, or leave it out",
            self.column
        )))
    }

    fn check(&self, id: &str, value: f64, at: &str) -> Result<(), Error> {
        if self.domain.holds(value) {
            return Ok(());
        }
        Err(self.bad(&format!(
            "{id} has a {} of {value}{at}, which must be {}: correct it, or leave it out where it \
             is not known",
            self.column,
            self.domain.words()
        )))
    }
}

/// The numbers by id, from a column of the table `places`, a table of the case, or a mapping. An
/// empty cell is an id without.
///
/// # Errors
///
/// A source that is none of these, a number outside its domain, an id twice.
pub fn brought(
    book: &Book,
    source: &Value,
    wanted: &Wanted<'_>,
) -> Result<BTreeMap<String, f64>, Error> {
    let Some(name) = source.as_str() else { return of_mapping(source, wanted) };
    let places = book.case.table("places");
    if let Some(places) = places.filter(|places| wanted.places && places.column(name).is_some()) {
        let rows: Vec<usize> = (0..places.rows()).collect();
        return numbers(places, "id", name, &rows, wanted);
    }
    let Some(table) = book.case.table(name) else {
        let path = places.filter(|_| wanted.places).map(Table::path);
        let no_column =
            path.map(|path| format!("{path} has no column {name:?}, and ")).unwrap_or_default();
        return Err(wanted.bad(&format!("{no_column}the case has no table {name:?}")));
    };
    let Some(key) = wanted.keys().iter().find(|key| table.column(key).is_some()) else {
        return Err(wanted.bad(&format!("{} has no column of ids", table.path())));
    };
    if table.column(wanted.column).is_none() {
        return Err(wanted.bad(&format!("{} has no column {:?}", table.path(), wanted.column)));
    }
    let of_year = |row: &usize| match wanted.year {
        Some(year) if table.column("year").is_some() => {
            table.label("year", *row).as_deref() == Some(year)
        }
        _ => true,
    };
    let rows: Vec<usize> = (0..table.rows()).filter(of_year).collect();
    numbers(table, key, wanted.column, &rows, wanted)
}

fn of_mapping(source: &Value, wanted: &Wanted<'_>) -> Result<BTreeMap<String, f64>, Error> {
    if source.kind() != ValueKind::Map {
        return Err(wanted.bad(&format!("{} is neither", wanted.option)));
    }
    let mut out = BTreeMap::new();
    for key in source.try_iter()? {
        let (id, value) = (key.to_string(), source.get_item(&key)?);
        // A number of the brief, or a plain one.
        let number =
            match Number::from_value(&value) {
                Ok(cell) => cell.value,
                Err(_) if value.is_none() || value.is_undefined() => None,
                Err(_) => Some(f64::try_from(value).map_err(|_| {
                    wanted.bad(&format!("the {} of {id} is no number", wanted.column))
                })?),
            };
        match number {
            Some(number) => {
                wanted.check(&id, number, "")?;
                out.insert(id, number);
            }
            None => wanted.gap(&id, "")?,
        }
    }
    Ok(out)
}

fn numbers(
    table: &Table,
    key: &str,
    column: &str,
    rows: &[usize],
    wanted: &Wanted<'_>,
) -> Result<BTreeMap<String, f64>, Error> {
    let numeric =
        table.column(column).is_some_and(|column| matches!(column.values, Values::Number(_)));
    if !numeric {
        return Err(wanted.bad(&format!(
            "the column {column} of {} is not a column of numbers: correct or empty its other \
             cells",
            table.path()
        )));
    }
    let mut out = BTreeMap::new();
    for &row in rows {
        let at = format!(" (line {} of {})", table.line(row), table.path());
        let Some(id) = table.label(key, row) else {
            return Err(wanted.bad(&format!("a row has no {key}{at}: name it or remove it")));
        };
        let Some(value) = table.number(column, row) else {
            wanted.gap(&id, &at)?;
            continue;
        };
        wanted.check(&id, value, &at)?;
        if out.insert(id.clone(), value).is_some() {
            return Err(wanted.bad(&format!("{id} has a second {column}{at}: keep one of them")));
        }
    }
    Ok(out)
}

/// The number of every id.
///
/// # Errors
///
/// As [`brought`], and an id without a number: missing is not zero.
pub fn for_each(
    book: &Book,
    source: &Value,
    ids: &[String],
    wanted: &Wanted<'_>,
) -> Result<Vec<f64>, Error> {
    let found = brought(book, source, wanted)?;
    let lacking: Vec<&str> =
        ids.iter().filter(|id| !found.contains_key(*id)).map(String::as_str).collect();
    if lacking.is_empty() {
        return Ok(ids.iter().map(|id| found[id]).collect());
    }
    let has = if lacking.len() == 1 { "has" } else { "have" };
    let (verb, column) = (wanted.verb, wanted.column);
    Err(refuse(format!(
        "{verb}(): {} {has} no {column}; missing is not zero: add it, or leave the rows out",
        few(&lacking)
    )))
}
