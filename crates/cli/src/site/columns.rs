//! Numbers of each site from a column: opening costs, capacities.

use std::path::Path;

use emporion_tables::{Problem, Report, Table};

use super::Question;
use crate::args;
use crate::data::Data;
use crate::failure::Failure;

/// The table of places: of a case, or the list of towns itself.
pub fn places(data: &Data) -> Result<&Table, Failure> {
    match data {
        Data::Case(case) => case.places().ok_or_else(|| {
            Failure::new("the case has no table of places: name a file with --about")
        }),
        Data::File(table) => Ok(table),
    }
}

/// One number for each site: the same for all where `name` is a number, else a column of the file
/// that `--about` names, of the places of a case, or of the list of towns.
pub fn of_sites(
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    name: &str,
) -> Result<Vec<f64>, Failure> {
    let sites = &question.siting.sites;
    if let Ok(same) = name.parse::<f64>() {
        return Ok(vec![same; sites.len()]);
    }
    let own;
    let table: &Table = match (&arguments.about, data) {
        (Some(path), _) => {
            own = Table::read(Path::new(path))?;
            &own
        }
        (None, data) => places(data)?,
    };
    table.wanted("id").map_err(Report::from)?;
    table.wanted(name).map_err(Report::from)?;
    let of_site = |site: &String| {
        let row = (0..table.rows()).find(|&row| table.label("id", row).as_ref() == Some(site));
        row.and_then(|row| table.number(name, row)).ok_or_else(|| {
            let remedy = "add the site with a number in this column, or forbid it with --never";
            let expected = "a row with an id and a number for every site";
            Problem::new("missing-value", table.path(), expected, remedy).column(name).value(site)
        })
    };
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    for site in sites {
        match of_site(site) {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(Report::from(problems).or(values)?)
}
