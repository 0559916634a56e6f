//! `--draws`: how far the choice of offices depends on what the estimate leaves open.

use emporion_model::simulate::JointNormal;
use emporion_model::site::SiteState;
use emporion_model::site::gains::Reach;
use emporion_model::site::p_median::Options;
use emporion_model::site::robust::{self, Draw, Plan, Robust, robust};
use emporion_model::site::rules::Rules;

use super::gravity::Gravity;
use super::{Question, names, ruled};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::Data;
use crate::failure::Failure;

/// The plan whose choice is tried in the draws.
pub struct Plans<'a> {
    pub open: &'a [usize],
    /// Further plans to value.
    pub also: Vec<Vec<usize>>,
    /// What every plan must obey, if there are rules.
    pub rules: Option<&'a Rules>,
}

/// Chooses again in every draw, and says what that means for the plan.
pub fn add(
    answer: &mut Answer,
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    Plans { open, also, rules }: Plans<'_>,
) -> Result<(), Failure> {
    let (Some(n), Some(gravity)) = (arguments.gravity.draws, &question.gravity) else {
        return Ok(());
    };
    let draws = drawn(&arguments.gravity, gravity, n)?;
    let sites = |state| question.siting.instance.sites_in(state).collect::<Vec<_>>();
    let (kept, forbidden) = (sites(SiteState::Kept), sites(SiteState::Forbidden));
    let mut plans = vec![open.to_vec()];
    plans.extend(also.into_iter().filter(|plan| plan != open));
    let asked = robust::Question {
        trade: &gravity.trade,
        distances: &gravity.distances,
        sites: gravity.gains.sites,
        p: open.len(),
        kept: &kept,
        forbidden: &forbidden,
        observed_with_kept: gravity.observed_with_kept,
        also: &plans,
        rules,
    };
    let found = robust(&asked, &draws, &Options::default());
    let found = found.map_err(|error| names::said(&error, &question.siting.sites))?;
    if found.solved == 0 {
        let reason = found.failed.first().map_or("", |failed| failed.reason.as_str());
        return Err(Failure::new(format!("none of the {n} draws has an answer: {reason}")));
    }
    answer.parts.extend([chosen(data, question, open, &found), listed(question, &found)]);
    summarise(answer, question, open, &found);
    Ok(())
}

/// Draws of the coefficient and of the decay, which are independent.
fn drawn(asked: &args::SiteGravity, gravity: &Gravity, n: usize) -> Result<Vec<Draw>, Failure> {
    let Some(se) = gravity.effect.se else {
        return Err(Failure::new(match &asked.model {
            Some(path) => format!(
                "--draws needs a standard error, and {} has none for this coefficient: estimate it \
                 again and --save",
                path.display()
            ),
            None => "--draws needs a standard error: give it with --beta-se".to_owned(),
        }));
    };
    let decay_se = asked.decay_se.unwrap_or(0.0);
    if !(decay_se.is_finite() && decay_se >= 0.0) {
        return Err(Failure::new("--decay-se: give a finite number, 0 or more"));
    }
    let scale = match gravity.reach {
        Reach::Decay { scale } => scale,
        Reach::Radius { .. } => 1.0,
    };
    let mean = vec![gravity.effect.beta, scale];
    let covariance = vec![se * se, 0.0, 0.0, decay_se * decay_se];
    let mut draws = robust::normal_draws(&JointNormal { mean, covariance }, n, asked.seed)?;
    if let Reach::Radius { .. } = gravity.reach {
        draws.iter_mut().for_each(|draw| draw.reach = gravity.reach);
    }
    Ok(draws)
}

/// The share of draws in which each place is chosen.
fn chosen(data: &Data, question: &Question, open: &[usize], found: &Robust) -> Part {
    let columns = vec![
        Column::text("site", "Site"),
        Column::text("site_name", "").unless_all(Cell::Missing),
        Column::number("share", "Chosen in", "percent of draws", Show::Decimals(1)),
        Column::text("in_plan", "In the plan"),
    ];
    let mut part = Part::new("chosen", "How often each place is chosen", columns);
    part.whole = true;
    let mut order: Vec<usize> = (0..question.siting.sites.len())
        .filter(|j| found.chosen[*j] > 0.0 || open.contains(j))
        .collect();
    order.sort_by(|&a, &b| found.chosen[b].total_cmp(&found.chosen[a]).then(a.cmp(&b)));
    for j in order {
        let id = question.siting.sites[j].as_str();
        part.push(vec![
            id.into(),
            data.name_of("place", id).into(),
            (100.0 * found.chosen[j]).into(),
            if open.contains(&j) { "yes" } else { "no" }.into(),
        ]);
    }
    part
}

/// Every plan that is best in some draw, valued in all.
fn listed(question: &Question, found: &Robust) -> Part {
    let money = |key, title| Column::number(key, title, question.cost_unit.as_str(), Show::Fitting);
    let columns = vec![
        Column::number("draws", "Best in", "percent of draws", Show::Decimals(1)),
        money("gain_mean", "Mean gain"),
        money("gain_low", "5th percentile"),
        money("gain_median", "Median"),
        money("gain_high", "95th percentile"),
        money("expected_regret", "Expected regret"),
        money("maximal_regret", "Largest regret"),
        Column::text("added", "Offices beside those kept"),
        Column { show: Show::Hidden, ..Column::text("sites", "") },
    ];
    let mut part = Part::new("draw_plans", "The plans over all draws", columns);
    for plan in &found.plans {
        part.push(vec![
            share(plan, found).into(),
            plan.mean.into(),
            plan.low.into(),
            plan.median.into(),
            plan.high.into(),
            plan.expected_regret.into(),
            plan.maximal_regret.into(),
            ruled::beside_kept(question, &plan.open).into(),
            ruled::ids(question, &plan.open).into(),
        ]);
    }
    part
}

fn share(plan: &Plan, found: &Robust) -> f64 {
    100.0 * plan.draws as f64 / found.solved as f64
}

fn summarise(answer: &mut Answer, question: &Question, open: &[usize], found: &Robust) {
    let unit = question.cost_unit.as_str();
    answer.count("draws_solved", "Draws", "", Show::Whole, found.solved);
    answer.count_if_any("draws_failed", "without an answer", found.failed.len());
    if let Some(plan) = found.plans.iter().find(|plan| plan.open == open) {
        let of_draws = "percent of draws";
        answer.count(
            "plan_share",
            "The plan is best in",
            of_draws,
            Show::Decimals(1),
            share(plan, found),
        );
        for (key, label, value) in [
            ("gain_mean", "its mean gain", plan.mean),
            ("gain_low", "5th percentile", plan.low),
            ("gain_median", "median", plan.median),
            ("gain_high", "95th percentile", plan.high),
            ("expected_regret", "its expected regret", plan.expected_regret),
            ("maximal_regret", "its largest regret", plan.maximal_regret),
        ] {
            answer.count(key, label, unit, Show::Fitting, value);
        }
    }
    let named =
        |at: Option<usize>| at.map(|at| ruled::beside_kept(question, &found.plans[at].open));
    answer.say("best_on_average", "Largest mean gain", named(found.best_on_average));
    answer.say("least_regret", "Smallest largest regret", named(found.least_regret));
    if let Some(failed) = found.failed.first() {
        let several = format!("{} draws have", found.failed.len());
        let message = format!(
            "{} no answer and {} left out; draw {}: {}",
            if found.failed.len() == 1 { "1 draw has" } else { &several },
            if found.failed.len() == 1 { "is" } else { "are" },
            failed.number,
            failed.reason
        );
        answer.note(Advice::new("failed_draws", message, found.failed.len()));
    }
    for note in &found.notes {
        // `open` and `ties` of draws, not of the plan.
        let mut advice = Advice::from(note);
        advice.code = format!("draws_{}", note.code);
        answer.note(advice);
    }
}
