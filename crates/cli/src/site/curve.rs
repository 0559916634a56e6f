//! `--curve`: what each further centre is worth, and what growing step by step costs.

use emporion_model::site::elbow::{Elbow, elbow};
use emporion_model::site::p_median::{Options, Solution};

use super::ruled::{beside_kept, ids};
use super::several::Measure;
use super::{Question, proof_word};
use crate::answer::{Cell, Part};
use crate::args::SiteProblem;
use crate::failure::Failure;

/// One row for each number of centres up to `most`.
pub fn part(question: &Question, most: usize) -> Result<Part, Failure> {
    let Elbow { points } = elbow(&question.siting.instance, most, &Options::default())?;
    let mut part = Measure::new(question, SiteProblem::PMedian, false).curve_table();
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
            beside_kept(question, &point.free.open).into(),
            ids(question, &point.free.open).into(),
            ids(question, &point.nested.open).into(),
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
