//! Distances on the user's roads in place of great circles.

use std::collections::HashMap;
use std::path::Path;

use emporion_model::site::roads::{Direction, Road, RoadError, distances};
use emporion_model::site::{Instance, SiteState};
use emporion_tables::{Problem, Report, Table};

use super::{Question, distances};
use crate::failure::Failure;

/// Replaces the costs by shortest ways on the roads of a file with columns from, to and length.
pub fn on_roads(
    question: &mut Question,
    path: &Path,
    one_way: bool,
    unit: Option<&str>,
) -> Result<(), Failure> {
    let table = Table::read(path)?;
    for column in ["from", "to", "length"] {
        table.wanted(column).map_err(Report::from)?;
    }
    let mut vertices: HashMap<String, usize> = HashMap::new();
    let mut names: Vec<String> = Vec::new();
    let mut vertex = |id: &str| {
        *vertices.entry(id.to_owned()).or_insert_with(|| {
            names.push(id.to_owned());
            names.len() - 1
        })
    };
    let (mut roads, mut problems) = (Vec::new(), Vec::new());
    for row in 0..table.rows() {
        let ends = table.label("from", row).zip(table.label("to", row));
        match ends.zip(table.number("length", row)) {
            Some(((from, to), length)) => {
                roads.push(Road { from: vertex(&from), to: vertex(&to), length });
            }
            None => problems.push(
                Problem::new(
                    "missing-value",
                    table.path(),
                    "a place in from, a place in to, a number in length",
                    "fill in the row or delete it",
                )
                .at(table.line(row)),
            ),
        }
    }
    let siting = &mut question.siting;
    let mut places = |ids: &[String]| -> Vec<usize> { ids.iter().map(|id| vertex(id)).collect() };
    let (customers, sites) = (places(&siting.customers), places(&siting.sites));
    Report::from(problems).or(())?;
    let direction = if one_way { Direction::OneWay } else { Direction::Both };
    let costs = distances(names.len(), &roads, direction, &customers, &sites);
    let costs = costs.map_err(|error| match error {
        RoadError::Disconnected { from, to, .. } => Failure::from(
            Problem::new(
                "no-way",
                table.path(),
                "a way on the roads from every customer to every site",
                "add the road that is missing, or leave the place out",
            )
            .value(format!("{} to {}", names[from], names[to])),
        ),
        other => Failure::new(other.to_string()),
    })?;
    let old = &siting.instance;
    let kept: Vec<usize> = old.sites_in(SiteState::Kept).collect();
    let weights = old.weights().to_vec();
    siting.instance =
        Instance::new(customers.len(), sites.len(), costs)?.weighted(weights)?.keep(&kept)?;
    question.cost_unit = distances::unit(&table, unit)?.unwrap_or_else(|| "length".to_owned());
    question.sources = distances::sources(&table);
    question.measured_by = "shortest ways on the roads given".to_owned();
    Ok(())
}
