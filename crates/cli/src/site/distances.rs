//! Distances between regions by their towns; units and sources that travel with distances; what
//! fills the gaps of a matrix.

use std::collections::BTreeMap;

use emporion_brief::stages::siting::{as_points, off_the_globe};
use emporion_model::site::distance::{Point, great_circle_km};
use emporion_model::site::regions::{Region, RegionMean, region_matrix_km};
use emporion_model::site::{Instance, SiteState};
use emporion_tables::{Problem, Report, Table};

use super::{Question, columns};
use crate::args::{self, SiteMean};
use crate::data::Data;
use crate::failure::Failure;

/// Where distances come from: the file, and each text of its column `source` once.
pub fn sources(table: &Table) -> Vec<String> {
    let mut found = vec![table.path().to_owned()];
    for row in 0..table.rows() {
        match table.label("source", row) {
            Some(source) if !found.contains(&source) => found.push(source),
            _ => {}
        }
    }
    found
}

/// The unit of a file of costs: its column `unit`, the same in all rows, else what `--unit` says.
pub fn unit(table: &Table, said: Option<&str>) -> Result<Option<String>, Failure> {
    let mut found: Option<String> = None;
    for row in 0..table.rows() {
        let Some(unit) = table.label("unit", row) else { continue };
        match &found {
            Some(first) if *first != unit => {
                let expected = format!("one unit in the whole column, such as {first}");
                let remedy = "convert the rows to one unit: distances of two do not compare";
                return Err(Problem::new("mixed-units", table.path(), expected, remedy)
                    .at(table.line(row))
                    .column("unit")
                    .value(unit)
                    .into());
            }
            _ => found = Some(unit),
        }
    }
    match (found, said) {
        (Some(found), Some(said)) if found != said => Err(Failure::new(format!(
            "--unit {said}: {} says {found} in its column unit; leave one out",
            table.path()
        ))),
        (found, said) => Ok(found.or(said.map(str::to_owned))),
    }
}

/// What stands in for a pair without a row.
pub enum Fallback {
    /// Great circles between coordinates.
    GreatCircle(BTreeMap<String, Point>),
    /// One cost for all.
    Number(f64),
}

impl Fallback {
    /// Reads what `--fallback` says; coordinates are those of `--about`.
    pub fn read(arguments: &args::Site, unit: Option<&str>) -> Result<Option<Self>, Failure> {
        let Some(said) = arguments.distances.fallback.as_deref() else { return Ok(None) };
        if said != "great-circle" {
            let number = said.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
            return number.map(|number| Some(Self::Number(number))).ok_or_else(|| {
                Failure::new(format!(
                    "--fallback {said}: give great-circle, or a cost that is 0 or more"
                ))
            });
        }
        if unit != Some("km") {
            return Err(Failure::new(format!(
                "--fallback great-circle is in km, and the matrix is in {}: say --unit km if it is, or \
                 give a number",
                unit.unwrap_or("a unit that nobody named")
            )));
        }
        let Some(path) = &arguments.about else {
            return Err(Failure::new(
                "--fallback great-circle needs coordinates: name a file with columns id, lat, lon \
                 with --about",
            ));
        };
        let table = Table::read(path)?;
        for column in ["id", "lat", "lon"] {
            table.wanted(column).map_err(Report::from)?;
        }
        let mut points = BTreeMap::new();
        for row in 0..table.rows() {
            let seat = table.number("lat", row).zip(table.number("lon", row));
            if let (Some(id), Some((lat, lon))) = (table.label("id", row), seat) {
                let point = Point::new(lat, lon)
                    .map_err(|error| off_the_globe(&table, row, &id, &error))?;
                points.insert(id, point);
            }
        }
        Ok(Some(Self::GreatCircle(points)))
    }

    /// The cost of a pair; none where a place has no coordinates.
    pub fn cost(&self, site: &str, customer: &str) -> Option<f64> {
        match self {
            Self::Number(cost) => Some(*cost),
            Self::GreatCircle(points) => {
                Some(great_circle_km(*points.get(customer)?, *points.get(site)?))
            }
        }
    }

    /// In words.
    pub fn name(&self) -> String {
        match self {
            Self::Number(cost) => format!("{cost} (--fallback)"),
            Self::GreatCircle(_) => super::GREAT_CIRCLES.to_owned(),
        }
    }
}

/// Refuses options about the distances of a file where there is no such file.
pub fn refuse_idle(arguments: &args::Site, matrix: bool) -> Result<(), Failure> {
    let asked = &arguments.distances;
    if asked.fallback.is_some() && !matrix {
        return Err(Failure::new(
            "--fallback fills a matrix of costs (columns from, to, cost), and DATA is none: leave it \
             out",
        ));
    }
    if asked.unit.is_some() && !matrix && arguments.roads.is_none() {
        return Err(Failure::new(
            "--unit is of a matrix of costs or of --roads; great circles are in km: leave it out",
        ));
    }
    if arguments.weights.is_some() && !matrix {
        return Err(Failure::new(
            "--weights is of the customers of a matrix of costs, and DATA has places: name a column \
             of theirs with --weight, or leave it out",
        ));
    }
    if matrix && arguments.weight.is_some() {
        return Err(Failure::new(
            "--weight names a column of a table of places, and DATA is a matrix of costs: give \
             --weights FILE with the columns id and weight",
        ));
    }
    if matrix && arguments.kind.is_some() {
        return Err(Failure::new(
            "--kind is of a case, and DATA is a matrix of costs: leave it out",
        ));
    }
    if asked.agglomerations.is_some() && matrix {
        return Err(Failure::new(
            "--agglomerations takes the place of great circles, and DATA is a matrix: leave one out",
        ));
    }
    Ok(())
}

/// Replaces great circles between seats by means over the towns of both regions.
pub fn by_towns(
    question: &mut Question,
    arguments: &args::Site,
    data: &Data,
) -> Result<(), Failure> {
    let Some(path) = &arguments.distances.agglomerations else { return Ok(()) };
    let table = Table::read(path)?;
    for column in ["region", "lat", "lon", "population"] {
        table.wanted(column).map_err(Report::from)?;
    }
    let mut towns: BTreeMap<String, Vec<(Point, f64)>> = BTreeMap::new();
    let mut problems = Vec::new();
    for row in 0..table.rows() {
        let seat = table.number("lat", row).zip(table.number("lon", row));
        let known = table.label("region", row).zip(seat).zip(table.number("population", row));
        match known {
            Some(((region, seat), people)) => match as_points(&[seat]) {
                Ok(point) => towns.entry(region).or_default().push((point[0], people)),
                Err(error) => problems.push(
                    Problem::new("coordinates", table.path(), "degrees", error.to_string())
                        .at(table.line(row)),
                ),
            },
            None => problems.push(
                Problem::new(
                    "missing-value",
                    table.path(),
                    "a region and numbers in lat, lon and population",
                    "fill in the row or delete it",
                )
                .at(table.line(row)),
            ),
        }
    }
    let siting = &question.siting;
    let areas = columns::of_sites(arguments, data, question, "area_km2")?;
    let mut regions = Vec::new();
    for (id, area) in siting.sites.iter().zip(areas) {
        match towns.get(id) {
            Some(places) => match Region::new(places.clone(), area) {
                Ok(region) => regions.push(region),
                Err(error) => problems.push(
                    Problem::new("region", table.path(), "towns with people", error.to_string())
                        .value(id),
                ),
            },
            None => problems.push(
                Problem::new(
                    "missing-region",
                    table.path(),
                    "a town of every region",
                    "add one, or leave the region out",
                )
                .column("region")
                .value(id),
            ),
        }
    }
    Report::from(problems).or(())?;
    let (mean, name) = match arguments.distances.mean.unwrap_or_default() {
        SiteMean::Arithmetic => (RegionMean::Arithmetic, "distw_arithmetic, theta = 1"),
        SiteMean::Harmonic => (RegionMean::Harmonic, "distw_harmonic, theta = -1"),
    };
    // Customers are the sites themselves: seats and towns alike.
    let old = &siting.instance;
    let kept: Vec<usize> = old.sites_in(SiteState::Kept).collect();
    let weights = old.weights().to_vec();
    let costs = region_matrix_km(&regions, &regions, mean);
    let n = regions.len();
    question.siting.instance = Instance::new(n, n, costs)?.weighted(weights)?.keep(&kept)?;
    question.cost_unit = "km".to_owned();
    question.measured_by =
        format!("population-weighted great circles between towns ({name}; Head and Mayer 2002)");
    question.sources = sources(&table);
    Ok(())
}
