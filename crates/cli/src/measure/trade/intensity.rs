//! `emporion measure intensity`.

use emporion_model::measure::intensity::{World, trade_intensity};

use super::{Figures, Flows, note_undefined, refused};
use crate::answer::{Answer, Column, Part, Show};
use crate::args;
use crate::failure::Failure;

/// The intensity of each side with each other.
pub fn answer(arguments: &args::Intensity, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let flows = Flows::open(figures)?;
    let world = World::from(arguments.world);
    let origins = flows.sides(figures, &arguments.origin)?;
    let destinations = flows.sides(figures, &arguments.destination)?;
    let pairs = flows.table.pairs()?;
    let mut answer = figures.answer("intensity", "Trade intensity");
    answer.option("origin", arguments.origin.clone());
    answer.option("destination", arguments.destination.clone());
    answer.option("world", super::word(&world));
    flows.describe(figures, &mut answer);
    let keys = ["origin", "destination"];
    let mut columns = figures.key_columns(&keys);
    let unit = flows.unit();
    columns.extend([
        Column::number("intensity", "Intensity", "", Show::Decimals(3)),
        Column::number("share_of_origin", "Share in exports", "percent", Show::Decimals(2)),
        Column::number("share_of_world", "in the world's", "percent", Show::Decimals(2)),
        Column::number("value", "Value", unit.as_str(), Show::Fitting),
    ]);
    let mut part = Part::new("rows", "", columns);
    let mut undefined = Vec::new();
    for origin in &origins {
        let mut found = Vec::new();
        for destination in &destinations {
            if origin.members == destination.members && destination.members.len() == 1 {
                continue;
            }
            match trade_intensity(&pairs, &origin.members, &destination.members, world) {
                Ok(index) => found.push((index, destination)),
                Err(error) if arguments.destination.is_empty() => undefined.push(error.to_string()),
                Err(error) => {
                    let who = format!("{} to {}", origin.name, destination.name);
                    return Err(refused(&who)(error));
                }
            }
        }
        found.sort_by(|a, b| {
            b.0.intensity.total_cmp(&a.0.intensity).then_with(|| a.1.name.cmp(&b.1.name))
        });
        for (index, destination) in found {
            let key = [origin.name.clone(), destination.name.clone()];
            let mut row = figures.key_cells(&keys, &key);
            row.extend([
                index.intensity.into(),
                (100.0 * index.share_of_source).into(),
                (100.0 * index.share_of_world).into(),
                index.flow.into(),
            ]);
            part.push(row);
        }
    }
    note_undefined(&undefined, &part, &mut answer)?;
    answer.parts.push(part);
    let words = "1: the share that the world sends there; groups are summed first";
    answer.say("convention", "Convention", format!("{}; {words}", world.words()));
    Ok(answer)
}
