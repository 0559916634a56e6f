//! `--curve`: what each further centre is worth, and what growing step by step costs.

use emporion_model::site::SiteState;
use emporion_model::site::elbow::{Elbow, elbow};
use emporion_model::site::p_median::{Options, Solution};

use super::{Question, proof_word};
use crate::answer::{Cell, Column, Part, Show};
use crate::failure::Failure;

/// One row for each number of centres up to `most`.
pub fn part(question: &Question, most: usize) -> Result<Part, Failure> {
    let Elbow { points } = elbow(&question.siting.instance, most, &Options::default())?;
    let unit = question.cost_unit.as_str();
    let (key, gains) = (question.measure(), question.gravity.is_some());
    let one = if gains { Show::Fitting } else { Show::Decimals(1) };
    let ids = |open: &[usize]| {
        open.iter().map(|&j| question.siting.sites[j].as_str()).collect::<Vec<_>>().join(" ")
    };
    let states = question.siting.instance.states();
    let free = |&j: &usize| states[j] == SiteState::Free;
    let columns = vec![
        Column::number("p", "Centres", "", Show::Whole),
        Column::number(key, if gains { "Gain" } else { "Mean cost" }, unit, one),
        Column::number(
            "saving",
            if gains { "Added by the last" } else { "Saved by the last" },
            unit,
            one,
        ),
        Column::number("gap", "Gap", "percent", Show::Decimals(3)),
        Column::text("proof", "Proof"),
        Column::number(format!("nested_{key}"), "Step by step", unit, one),
        Column::text("nested_added", "Added then"),
        Column::text("added", "Chosen afresh"),
        Column { show: Show::Hidden, ..Column::text("sites", "") },
        Column { show: Show::Hidden, ..Column::text("nested_sites", "") },
    ];
    let title = match gains {
        true => "Gain against the number of offices",
        false => "Cost against the number of centres",
    };
    let mut part = Part::new("curve", title, columns);
    part.whole = true;
    for point in &points {
        let proof = proof_word(point.free.proof);
        let added = point.nested.added.map(|j| question.siting.sites[j].as_str());
        part.push(vec![
            point.p.into(),
            question.worth(point.free.objective).into(),
            point.marginal.map(|saved| question.loss(saved)).into(),
            gap_percent(question, &point.free).into(),
            proof.into(),
            question.worth(point.nested.objective).into(),
            Cell::from(added),
            ids(&point.free.open.iter().copied().filter(free).collect::<Vec<_>>()).into(),
            ids(&point.free.open).into(),
            ids(&point.nested.open).into(),
        ]);
    }
    Ok(part)
}

/// Gap in percent of what people read: of the cost, or of the gain.
fn gap_percent(question: &Question, found: &Solution) -> f64 {
    if question.gravity.is_none() || found.gap == 0.0 {
        return 100.0 * found.gap;
    }
    100.0 * (found.objective - found.bound) / question.worth(found.objective)
}
