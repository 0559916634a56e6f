//! A list of places with coordinates, as a bare file.

use emporion_brief::stages::siting::{Siting, as_points, off_the_globe};
use emporion_model::site::distance::{Point, matrix_km};
use emporion_model::site::instance::Instance;
use emporion_tables::{Problem, Report, Table};

use super::{Question, columns};
use crate::args;
use crate::failure::Failure;

/// Names of the coordinate columns, the first pair that the file has.
const COORDINATES: [(&str, &str); 3] =
    [("seat_lat", "seat_lon"), ("lat", "lon"), ("latitude", "longitude")];

/// Every place is a customer and may be a site; the cost is the great circle between them.
pub fn question(arguments: &args::Site, table: &Table) -> Result<Question, Failure> {
    let has = |name: &str| table.column(name).is_some();
    let coordinates = COORDINATES.iter().find(|(lat, lon)| has(lat) && has(lon));
    let (Some((lat, lon)), true) = (coordinates, has("id")) else {
        let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        return Err(Problem::new(
            "unknown-column",
            table.path(),
            "columns id, lat and lon (places), or from, to and cost (a matrix of costs)",
            format!("it has {}; name the columns so", names.join(", ")),
        )
        .into());
    };
    if let Some(column) = arguments.weight.as_deref().filter(|column| !has(column)) {
        return Err(Failure::new(format!(
            "{} has no column {column}; name a column of numbers, or leave --weight out to count \
             each place once",
            table.path()
        )));
    }
    let (mut sites, mut points, mut weights, mut left_out) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut problems = Vec::new();
    for row in 0..table.rows() {
        let Some(id) = columns::id(table, "id", row).map(str::to_owned) else {
            left_out.push(format!("line {} (no id)", table.line(row)));
            continue;
        };
        if sites.contains(&id) {
            return Err(Problem::new(
                "duplicate-key",
                table.path(),
                "each id once",
                "keep one row",
            )
            .at(table.line(row))
            .column("id")
            .value(id)
            .into());
        }
        let seat = table.number(lat, row).zip(table.number(lon, row));
        let column = arguments.weight.as_deref();
        let demand = column.map_or(Some(1.0), |column| columns::number(table, column, row));
        match (seat, demand) {
            (Some(seat), Some(demand)) if (0.0..f64::INFINITY).contains(&demand) => {
                if let Err(error) = Point::new(seat.0, seat.1) {
                    problems.push(off_the_globe(table, row, &id, &error));
                }
                sites.push(id);
                points.push(seat);
                weights.push(demand);
            }
            (None, _) => left_out.push(format!("{id} (no coordinates)")),
            (_, found) => {
                let column = column.unwrap_or_default();
                let text = table.label(column, row).unwrap_or_default();
                let remedy = match found {
                    Some(_) => "mend it; 0 leaves the place a site without demand",
                    None => "fill it in; 0 leaves the place a site without demand",
                };
                let expected = format!("a weight of 0 or more for {id}");
                problems.push(
                    Problem::new("weight", table.path(), expected, remedy)
                        .at(table.line(row))
                        .column(column)
                        .value(text),
                );
            }
        }
    }
    Report::from(problems).or(())?;
    if sites.is_empty() {
        return Err(Failure::new(format!(
            "{}: no place has an id and coordinates: fill in id, {lat} and {lon}",
            table.path()
        )));
    }
    let at = as_points(&points)?;
    let instance =
        Instance::new(sites.len(), sites.len(), matrix_km(&at, &at))?.weighted(weights)?;
    let siting = Siting { customers: sites.clone(), sites, points, instance, left_out };
    let weight_unit = arguments.weight.clone().unwrap_or_default();
    let mut question = Question::new(siting, "km", super::GREAT_CIRCLES, weight_unit);
    question.sources = vec![format!("{lat} and {lon} of {}", table.path())];
    Ok(question)
}
