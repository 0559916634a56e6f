//! `--what-if` of the p-median: what each single choice is worth.

use emporion_model::site::sensitivity::Sensitivity;

use super::Question;
use super::several::{Measure, Worth};
use crate::answer::Part;
use crate::args::SiteProblem;

/// The loss when a chosen site is forbidden, and when another one is forced in.
pub fn parts(question: &Question, found: &Sensitivity) -> [Part; 2] {
    let Sensitivity { forbidden, forced, plan, .. } = found;
    let gains = question.gravity.is_some();
    let worth = if gains { question.worth(plan.objective) } else { plan.objective };
    let measure = Measure::new(question, SiteProblem::PMedian, false);
    measure.choices(question, [forbidden, forced], |change| Worth {
        loss: question.loss(change.loss),
        percent: 100.0 * change.loss / worth,
        at_least: question.loss(change.loss_at_least),
    })
}
