//! `--curve`: what each further centre is worth, and what growing step by step costs.

use emporion_model::site::SiteState;
use emporion_model::site::elbow::{Elbow, elbow};
use emporion_model::site::p_median::Options;

use super::{Question, proof_word};
use crate::answer::{Cell, Column, Part, Show};
use crate::failure::Failure;

/// One row for each number of centres up to `most`.
pub fn part(question: &Question, most: usize) -> Result<Part, Failure> {
    let Elbow { points } = elbow(&question.siting.instance, most, &Options::default())?;
    let weight = question.siting.weight();
    let unit = question.cost_unit;
    let one = Show::Decimals(1);
    let ids = |open: &[usize]| {
        open.iter().map(|&j| question.siting.sites[j].as_str()).collect::<Vec<_>>().join(" ")
    };
    let states = question.siting.instance.states();
    let free = |&j: &usize| states[j] == SiteState::Free;
    let columns = vec![
        Column::number("p", "Centres", "", Show::Whole),
        Column::number("mean", "Mean cost", unit, one),
        Column::number("saving", "Saved by the last", unit, one),
        Column::number("gap", "Gap", "percent", Show::Decimals(3)),
        Column::text("proof", "Proof"),
        Column::number("nested_mean", "Step by step", unit, one),
        Column::text("nested_added", "Added then"),
        Column::text("added", "Chosen afresh"),
        Column { show: Show::Hidden, ..Column::text("sites", "") },
        Column { show: Show::Hidden, ..Column::text("nested_sites", "") },
    ];
    let mut part = Part::new("curve", "Cost against the number of centres", columns);
    part.whole = true;
    for point in &points {
        let proof = proof_word(point.free.proof);
        let added = point.nested.added.map(|j| question.siting.sites[j].as_str());
        part.push(vec![
            point.p.into(),
            (point.free.objective / weight).into(),
            point.marginal.map(|saved| saved / weight).into(),
            (100.0 * point.free.gap).into(),
            proof.into(),
            (point.nested.objective / weight).into(),
            Cell::from(added),
            ids(&point.free.open.iter().copied().filter(free).collect::<Vec<_>>()).into(),
            ids(&point.free.open).into(),
            ids(&point.nested.open).into(),
        ]);
    }
    Ok(part)
}
