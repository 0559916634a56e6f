//! A list of places with coordinates, as a bare file.

use emporion_brief::stages::siting::{Siting, as_points};
use emporion_model::site::distance::matrix_km;
use emporion_model::site::instance::Instance;
use emporion_tables::{Problem, Table};

use super::{Question, positions};
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
    for row in 0..table.rows() {
        let Some(id) = table.text("id", row).map(str::to_owned) else {
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
        let demand = column.map_or(Some(1.0), |column| table.number(column, row));
        match (seat, demand) {
            (Some(seat), Some(demand)) => {
                sites.push(id);
                points.push(seat);
                weights.push(demand);
            }
            (None, _) => left_out.push(format!("{id} (no coordinates)")),
            (_, None) => left_out.push(format!("{id} (no {})", column.unwrap_or_default())),
        }
    }
    let at = as_points(&points)?;
    let instance =
        Instance::new(sites.len(), sites.len(), matrix_km(&at, &at))?.weighted(weights)?;
    let mut siting = Siting { customers: sites.clone(), sites, points, instance, left_out };
    let kept = positions(&siting, "--keep", &arguments.keep)?;
    siting.instance = siting.instance.keep(&kept)?;
    let weight_unit = arguments.weight.clone().unwrap_or_default();
    let mut question = Question::new(siting, "km", super::GREAT_CIRCLES, weight_unit);
    question.sources = vec![format!("{lat} and {lon} of {}", table.path())];
    Ok(question)
}
