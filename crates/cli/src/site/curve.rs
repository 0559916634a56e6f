//! `--curve` of the p-median: what each further centre is worth, and what growing step by step costs.

use emporion_model::site::elbow::{Elbow, elbow};
use emporion_model::site::p_median::{Options, Solution};

use super::ruled::{beside_kept, ids};
use super::several::Measure;
use super::{Question, proof_word};
use crate::answer::{Cell, Part};
use crate::args::SiteProblem;
use crate::failure::Failure;

/// The best plans up to as many centres as `chosen` has, which is the last one unless a better one is
/// found.
pub fn solve(question: &Question, chosen: &Solution) -> Result<Elbow, Failure> {
    let instance = &question.siting.instance;
    Ok(elbow(instance, chosen.open.len(), &Options::default())?.through(instance, chosen))
}

/// One row for each number of centres.
pub fn part(question: &Question, found: &Elbow) -> Part {
    let mut part = Measure::new(question, SiteProblem::PMedian, false).curve_table();
    for point in &found.points {
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
    part
}

/// Gap in percent of what people read: of the cost, or of the gain.
fn gap_percent(question: &Question, found: &Solution) -> f64 {
    if question.gravity.is_none() || found.gap == 0.0 {
        return 100.0 * found.gap;
    }
    100.0 * (found.objective - found.bound) / question.worth(found.objective)
}
