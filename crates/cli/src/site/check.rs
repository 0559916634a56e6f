//! `emporion site --check`: an answer's bound, proven again from costs and multipliers.

use std::path::Path;

use emporion_model::site::certificate;
use emporion_model::site::plans::Question as Kernel;
use emporion_model::site::ruled as ruled_plans;
use serde::Deserialize;
use serde_json::Value;

use super::again::{Again, Several};
use super::claims::{Claims, said};
use super::problems::{Asked, read};
use super::several::{Best, Measure};
use super::{Question, added, names, question, ruled, summarise, tables, whole};
use crate::answer::{Answer, Column, Part, Show};
use crate::args::{self, SiteProblem};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;

/// Recomputes the claims of an answer and says what stands without the search.
pub fn run(path: &Path, arguments: &args::Site, progress: &Progress) -> Result<Output, Failure> {
    let claims = Claims::read(path)?;
    let asked = claims.arguments(arguments)?;
    let name = asked.data.clone().unwrap_or_default();
    progress.step(format!("reading {name}"));
    let data = Data::open(&name)?;
    let digest = &data.identity()["digest"];
    if *digest != claims.json["data"]["digest"] {
        return Err(claims.wrong(format!(
            "it was computed from data with digest {}, and {name} has {digest}: check it against \
             the data it was computed from",
            claims.json["data"]["digest"]
        )));
    }
    let question = question(&asked, &data)?;
    if asked.problem != SiteProblem::PMedian {
        return other(&claims, &asked, arguments, &data, &question);
    }
    if claims.json["solution"]["plan"].is_object() {
        return under_rules(&claims, &asked, arguments, &data, &question);
    }
    let solution = claims.solution(&question)?;
    let instance = &question.siting.instance;
    let checked = certificate::check(instance, solution.open.len(), &solution)
        .map_err(|rejection| claims.wrong(said(&rejection, &question)))?;
    let plan = question.siting.with_plan(solution);
    let mut again = Answer::default();
    summarise(&mut again, &question, &plan);
    let service = whole(&plan.solution.assignment);
    claims.shows(&again, tables(&data, &question, &plan.solution.open, &service))?;
    let solution = &plan.solution;
    let beside = Again::of_p_median(&claims, &question, &asked, solution)?;
    let total = question.total_unit();
    let p = solution.open.len();
    if added(&asked)?.is_none_or(|add| asked.keep.len() + add != p) {
        return Err(claims.wrong(format!("its options ask for another number of centres than {p}")));
    }
    let proven = match checked.certified_gap {
        0.0 => checked.objective,
        _ => checked.certified_bound,
    };
    let better = match &question.gravity {
        Some(found) => format!("gains more than {}", found.gain(proven)),
        None => format!("does better than {proven}"),
    };
    let alone = if checked.certified_gap == 0.0 { "" } else { ", proven by the multipliers alone" };
    let title = format!("Holds: no set of {p} sites {better}{alone}");
    let mut answer = Answer::new("site", title, data.identity());
    answer.option("check", path.display().to_string());
    let compared = [
        ("cost of the plan", solution.objective, checked.objective),
        ("bound by the multipliers", solution.certified_bound, checked.certified_bound),
    ];
    answer.parts.push(side_by_side(&total, &compared));
    answer.count("objective", "Total", &total, Show::Fitting, checked.objective);
    answer.count(
        "certified_bound",
        "No plan is below",
        &total,
        Show::Fitting,
        checked.certified_bound,
    );
    let gap = 100.0 * checked.certified_gap;
    answer.count("certified_gap", "Gap", "percent", Show::Decimals(6), gap);
    beside.tell(&mut answer, checked.claims_more);
    render_shaped(answer, &arguments.shape)
}

/// A problem other than the p-median: its solution carries the whole proof.
fn other(
    claims: &Claims,
    asked: &args::Site,
    arguments: &args::Site,
    data: &Data,
    question: &Question,
) -> Result<Output, Failure> {
    let stated = &claims.json["solution"];
    let lines = claims.rules(asked)?;
    let p = added(asked)?.map(|add| asked.keep.len() + add);
    let ruled = asked.rules.is_some();
    let problem = Asked::new(asked, data, question, ruled.then_some(&lines[..]), p)?;
    let bound = problem.check(stated).map_err(|reason| claims.wrong(reason))?;
    let found = problem.shown(stated)?;
    let mut again = Answer::default();
    found.summarise(&mut again);
    claims.shows(&again, tables(data, question, &found.open, &found.service))?;
    let prove = |solution: &Value| problem.prove(solution);
    let beside = Several {
        claims,
        question,
        asked,
        kernel: problem.several(question)?,
        measure: Measure::new(question, asked.problem, asked.opening.is_none()),
        open: &found.open,
    }
    .again(if problem.has_number() { Some(&prove) } else { None })?;
    let title = match found.by_search() {
        false => "Holds: the proof was walked again",
        true => "Holds: the bound was proven again, as far as no search is needed",
    };
    let mut answer = Answer::new("site", title, data.identity());
    answer.option("check", claims.path.clone());
    let claim = stated["certified_bound"].as_f64().unwrap_or(f64::NAN);
    answer.parts.push(side_by_side("", &[("bound by the certificate", claim, bound)]));
    if found.by_search() {
        answer.count_if_known(
            Column::number("bound", "Bound that the answer claims", "", Show::Fitting),
            stated["bound"].as_f64(),
        );
    }
    beside.tell(&mut answer, found.by_search());
    render_shaped(answer, &arguments.shape)
}

/// A plan under the rules that stand in the answer.
fn under_rules(
    claims: &Claims,
    asked: &args::Site,
    arguments: &args::Site,
    data: &Data,
    question: &Question,
) -> Result<Output, Failure> {
    let lines = claims.rules(asked)?;
    let p = added(asked)?.map(|add| asked.keep.len() + add);
    let count = ruled::count(&lines, question, p).ok_or_else(ruled::no_number)?;
    let rules = ruled::rules(&lines, asked, data, question, count, None)?;
    let solution = ruled_plans::Solution::deserialize(&claims.json["solution"])
        .map_err(|error| claims.wrong(format!("its solution: {error}")))?;
    let checked = ruled_plans::check(&question.siting.instance, &rules, &solution)
        .map_err(|rejection| claims.wrong(rejection.to_string()))?;
    let mut again = Answer::default();
    ruled::summarise(&mut again, question, &solution);
    let service = whole(&solution.plan.assignment);
    claims.shows(&again, tables(data, question, &solution.plan.open, &service))?;
    let instance = &question.siting.instance;
    let prove = |solution: &Value| {
        let found: ruled_plans::Solution = read(solution)?;
        let rules = ruled::with_number(&rules, found.plan.open.len());
        let _ = ruled_plans::check(instance, &rules, &found).map_err(|error| error.to_string())?;
        Ok(Best::of(&found, Value::Null))
    };
    let kernel = Kernel::p_median(instance, &rules);
    let beside = Several {
        claims,
        question,
        asked,
        kernel: kernel.map_err(|error| names::said(&error, &question.siting.sites))?,
        measure: Measure::new(question, asked.problem, false),
        open: &solution.plan.open,
    }
    .again(Some(&prove))?;
    let proven = checked.certified_gap == 0.0;
    let title = if proven {
        "Holds: no plan that obeys the rules does better; the proof was walked again"
    } else {
        "Holds: the plan obeys the rules, and the bound is proven as far as stated below"
    };
    let mut answer = Answer::new("site", title, data.identity());
    answer.option("check", claims.path.clone());
    let total = question.total_unit();
    let compared = [
        ("cost of the plan", solution.plan.objective, checked.objective),
        ("bound by the certificate", solution.certified_bound, checked.certified_bound),
    ];
    answer.parts.push(side_by_side(&total, &compared));
    answer.count("objective", "Total", &total, Show::Fitting, checked.objective);
    let below = "No plan is below";
    answer.count("certified_bound", below, &total, Show::Fitting, checked.certified_bound);
    let gap = 100.0 * checked.certified_gap;
    answer.count("certified_gap", "Gap", "percent", Show::Decimals(6), gap);
    beside.tell(&mut answer, checked.claims_more);
    render_shaped(answer, &arguments.shape)
}

/// Each claim as stated and as computed again.
fn side_by_side(unit: &str, claims: &[(&str, f64, f64)]) -> Part {
    let columns = vec![
        Column::text("claim", "Claim"),
        Column::number("stated", "Stated", unit, Show::Fitting),
        Column::number("found", "Computed again", unit, Show::Fitting),
    ];
    let mut part = Part::new("rows", "", columns);
    for (claim, stated, found) in claims {
        part.push(vec![(*claim).into(), (*stated).into(), (*found).into()]);
    }
    part
}
