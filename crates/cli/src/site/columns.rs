//! Numbers of each site from a column: opening costs, capacities.

use std::borrow::Cow;

use emporion_tables::{Problem, Report, Table};

use super::Question;
use crate::args;
use crate::data::Data;
use crate::failure::Failure;

/// What tells more about the sites: the file that `--about` names, the places of a case, or the list
/// of towns itself.
pub fn about<'a>(arguments: &args::Site, data: &'a Data) -> Result<Cow<'a, Table>, Failure> {
    Ok(match (&arguments.about, data) {
        (Some(path), _) => Cow::Owned(Table::read(path)?),
        (None, Data::Case(case)) => Cow::Borrowed(case.places().ok_or_else(|| {
            Failure::new("the case has no table of places: name a file with --about")
        })?),
        (None, Data::File(table)) => Cow::Borrowed(table),
    })
}

/// The id in a cell; spaces alone are none.
pub fn id<'a>(table: &'a Table, column: &str, row: usize) -> Option<&'a str> {
    table.text(column, row).filter(|id| !id.trim().is_empty())
}

/// The number in a cell. One word among its cells makes a column one of words: its other cells are
/// numbers all the same, so that only the bad one is named.
pub fn number(table: &Table, column: &str, row: usize) -> Option<f64> {
    table.number(column, row).or_else(|| {
        let text = table.label(column, row)?;
        text.parse().ok().filter(|number: &f64| number.is_finite())
    })
}

/// One number for each site: the same for all where `name` is a number, else a column of [`about`].
pub fn of_sites(
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    name: &str,
) -> Result<Vec<f64>, Failure> {
    of(arguments, data, &question.siting.sites, name)
}

/// One number for each customer, in the same way.
pub fn of_customers(
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    name: &str,
) -> Result<Vec<f64>, Failure> {
    of(arguments, data, &question.siting.customers, name)
}

fn of(
    arguments: &args::Site,
    data: &Data,
    places: &[String],
    name: &str,
) -> Result<Vec<f64>, Failure> {
    if let Ok(same) = name.parse::<f64>() {
        return Ok(vec![same; places.len()]);
    }
    let table = about(arguments, data)?;
    if arguments.about.is_none() && super::is_matrix_of(data) {
        return Err(Failure::new(format!(
            "a matrix of costs has no columns of its places: name a file with the columns id and \
             {name} with --about, or give a number in place of {name}"
        )));
    }
    table.wanted("id").map_err(Report::from)?;
    table.wanted(name).map_err(Report::from)?;
    let of_place = |site: &String| {
        let row = (0..table.rows()).find(|&row| table.label("id", row).as_ref() == Some(site));
        let found = row.and_then(|row| number(&table, name, row));
        found.filter(|number| *number >= 0.0).ok_or_else(|| {
            let remedy = "add the place, or mend its number in this column";
            let expected = "a row with an id and a number of 0 or more for every place";
            Problem::new("missing-value", table.path(), expected, remedy).column(name).value(site)
        })
    };
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    for site in places {
        match of_place(site) {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(Report::from(problems).or(values)?)
}
