//! New products, ranked by nearness and demand.

use emporion_model::measure::diversification::diversification;
use emporion_model::measure::export_potential::{Potential, World};
use emporion_model::measure::presence::{CUT_OFF, presence};
use emporion_model::measure::proximity::{Diagonal, proximity};
use emporion_model::measure::rca::rca;

use super::super::space::few;
use super::{Figures, Flows, refused};
use crate::answer::{Advice, Column, Part, Show};
use crate::args::Potential as Arguments;
use crate::failure::Failure;

/// The products that each exporter does not yet sell with advantage, ranked.
pub fn new_products(
    arguments: &Arguments,
    figures: &Figures<'_>,
    flows: &Flows,
    world: &World,
    found: &[Potential],
    products: &[usize],
) -> Result<(Part, Vec<Advice>), Failure> {
    let m = flows.labels.products.len();
    let rca = rca(&flows.table.exports()?)?;
    let cut_off = arguments.cut_off.unwrap_or(CUT_OFF);
    let near = proximity(&presence(&rca, cut_off)?, Diagonal::default())?;
    let keys = ["origin", "product"];
    let unit = flows.unit();
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("rank", "Rank", "", Show::Whole),
        Column::number("density", "Density", "", Show::Decimals(3)),
        Column::number("demand", "Demand by ease", unit.as_str(), Show::Fitting),
        Column::number("score", "Density times\ndemand", unit.as_str(), Show::Fitting),
        Column::number("rca", "RCA", "", Show::Decimals(3)),
    ]);
    let mut part = Part::new("new_products", "New products, ranked", columns);
    let mut notes = Vec::new();
    for potential in found {
        let origin = potential.exporter;
        let own: Vec<f64> = rca.values[origin * m..(origin + 1) * m]
            .iter()
            .map(|index| if index.is_finite() { *index } else { 0.0 })
            .collect();
        let (ranked, alone) =
            diversification(&own, &near.values, &potential.ease, world.imports(), cut_off)
                .map_err(refused(&flows.labels.places[origin]))?;
        let is_shown = |k: &usize| products.is_empty() || products.contains(k);
        let alone: Vec<&str> = (alone.iter().filter(|k| is_shown(k)))
            .map(|k| flows.labels.products[*k].as_str())
            .collect();
        let place = &flows.labels.places[origin];
        if !alone.is_empty() {
            let message =
                format!("{place}: new products near to nothing have no rank: {}", few(&alone));
            notes.push(Advice::new("new_products_without_rank", message, alone.len()));
        }
        if !ranked.iter().any(|new| is_shown(&new.product)) {
            let message = format!("{place} has no new product to rank");
            notes.push(Advice::new("no_new_products", message, 1));
        }
        for new in ranked.iter().filter(|n| is_shown(&n.product)) {
            let key =
                [flows.labels.places[origin].clone(), flows.labels.products[new.product].clone()];
            let mut row = figures.key_cells(&keys, &key);
            row.extend([
                new.rank.into(),
                new.density.into(),
                new.demand.into(),
                new.score.into(),
                own[new.product].into(),
            ]);
            part.push(row);
        }
    }
    Ok((part, notes))
}
