//! `--rules`: rules in plain words by position; the p-median under them, and its best plans in order.

use std::cell::Cell;
use std::path::Path;

use emporion_brief::stages::site_rules::{CostFault, Sites, by_position, with_value};
pub use emporion_brief::stages::site_rules::{decided, has_budget, under};
use emporion_model::site::SiteState;
use emporion_model::site::k_best::{self, End};
use emporion_model::site::p_median::{Options, Proof};
use emporion_model::site::ranking::Listed;
use emporion_model::site::ruled::{self, Plan, Solution};
use emporion_model::site::rules::{Count, RuleError, Rules};
use emporion_tables::site_rules::{Line, Rule, parse};

use super::names::{By, positions, said};
use super::several::{Best, Measure};
use super::shown::proof_word;
use super::{Question, centres, columns, written};
use crate::answer::{Answer, Part, Show};
use crate::args::{self, SiteProblem};
use crate::data::Data;
use crate::failure::Failure;

impl From<CostFault> for Failure {
    fn from(fault: CostFault) -> Self {
        Self::new(match fault {
            CostFault::Twice => {
                "both --opening and the rules say what opening costs: leave the lines \
                                 that begin with cost out, and the budget counts --opening"
                    .to_owned()
            }
            other => other.to_string(),
        })
    }
}

/// Shares round.
pub const SHARE_ROUNDING: f64 = 1e-9;

/// The lines of the file of rules; none without a file.
pub fn read(path: Option<&Path>) -> Result<Vec<Line>, Failure> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    Ok(parse(&path.display().to_string(), &text)?)
}

/// The sites that lines keep or forbid, each with its line.
pub fn lines_of(lines: &[Line]) -> Vec<(String, u32)> {
    let named = |line: &Line| match &line.rule {
        Rule::Keep(ids) | Rule::Never(ids) => {
            ids.iter().map(|id| (id.clone(), line.line)).collect()
        }
        _ => Vec::new(),
    };
    lines.iter().flat_map(named).collect()
}

/// How many centres: as many as said, or as a budget allows; `None` if neither says it.
pub fn count(lines: &[Line], question: &Question, p: Option<usize>) -> Option<Count> {
    p.map(Count::Exactly).or_else(|| has_budget(lines).then(|| any_number(question)))
}

/// As many centres as there are sites.
pub fn any_number(question: &Question) -> Count {
    Count::AtMost(question.siting.sites.len())
}

/// That nothing says how many centres.
pub fn no_number() -> Failure {
    Failure::new(
        "give the number of centres: --add N more, or --p N in all; only a budget in the rules finds \
         it itself",
    )
}

/// The rules by position. A budget counts the costs that the rules give, or those of --opening.
pub fn rules(
    lines: &[Line],
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    count: Count,
    opening: Option<&[f64]>,
) -> Result<Rules, Failure> {
    let siting = &question.siting;
    let by = |line: u32| {
        move |_: &str| match &arguments.rules {
            Some(path) => By::Line(path, line),
            None => By::Option("rule"),
        }
    };
    let sites = Sites {
        ids: &siting.sites,
        states: siting.instance.states(),
        named: &|ids, line| positions(siting, ids, by(line)),
        with: &|column, value| {
            let table = columns::about(arguments, data)?;
            Ok(with_value(&siting.sites, &table, (column, value))?)
        },
        column: &|column| columns::of_sites(arguments, data, question, column),
    };
    by_position(lines, &sites, count, opening)
}

/// The best plan under the rules.
pub fn solve(question: &Question, rules: &Rules) -> Result<Solution, Failure> {
    ruled::solve(&question.siting.instance, rules, &Options::default())
        .map_err(|e| said(&e, &question.siting.sites))
}

/// Finds the best plan with exactly so many centres under the same rules, with its proof; none if
/// there is no such plan. The trees of all proofs together are no longer than that of one may be.
pub fn best_of(
    question: &Question,
    rules: &Rules,
) -> impl Fn(usize) -> Result<Option<Best>, Failure> {
    let left = Cell::new(Options::default().proof_numbers);
    move |p| {
        let rules = with_number(rules, p);
        let options = Options { proof_numbers: left.get(), ..Options::default() };
        let found = match ruled::solve(&question.siting.instance, &rules, &options) {
            Ok(found) => found,
            Err(error @ RuleError::Input(_)) => return Err(said(&error, &question.siting.sites)),
            Err(_) => return Ok(None),
        };
        left.set(left.get().saturating_sub(found.certificate.tree_numbers()));
        Ok(Some(Best::of(&found, written(&found)?)))
    }
}

/// The same rules for exactly so many centres.
pub fn with_number(rules: &Rules, p: usize) -> Rules {
    Rules { count: Count::Exactly(p), ..rules.clone() }
}

/// What is proven of a plan under rules.
pub fn summarise(answer: &mut Answer, question: &Question, found: &Solution) {
    let unit = question.cost_unit.as_str();
    let (worth, mut gap) = (question.worth(found.plan.service), 100.0 * found.gap);
    if question.gravity.is_some() {
        let bound = question.worth(found.bound).max(worth);
        gap = if found.gap == 0.0 { 0.0 } else { 100.0 * (bound - worth) / worth };
        answer.count("gain", "Gain", unit, Show::Fitting, worth);
        answer.count("gain_bound", "No plan gains more than", unit, Show::Fitting, bound);
    } else {
        let one = Show::Decimals(1);
        answer.count("mean", "Mean cost", unit, one, worth);
        answer.count("bound", "No plan is below", unit, one, question.worth(found.bound));
    }
    answer.count("opening", "Cost of opening", "", Show::Fitting, found.plan.opening);
    answer.count("gap", "Gap", "percent", Show::Decimals(3), gap);
    let verdict = match found.proof {
        Proof::Certificate => {
            "optimal under the rules: multipliers and prices prove that no plan is better".into()
        }
        Proof::Tree => "optimal under the rules: multipliers and prices at the nodes of a tree \
                        prove that no plan is better"
            .into(),
        Proof::Search => "optimal under the rules, proven by search".to_owned(),
        Proof::Open => format!("not proven optimal: within {gap:.6} percent of the best"),
    };
    answer.say("proof", "Proof", proof_word(found.proof));
    answer.say("verdict", "Verdict", verdict);
    answer.count("iterations", "Subgradient steps", "", Show::Whole, found.iterations);
    answer.count("nodes", "Nodes of the tree", "", Show::Whole, found.nodes);
    for note in &found.notes {
        answer.note(note);
    }
}

/// Heading of a plan under rules.
pub fn title(plan: &Plan, lines: &[Line]) -> String {
    format!("{}{}", centres(plan.open.len()), under(lines))
}

/// The best plans in order, and what is proven of the rest.
pub struct Ranked {
    /// The plans, best first.
    pub plans: Vec<Listed>,
    /// What is proven of all others.
    pub others: String,
}

/// Finds the best plans, as many as `count` or those within so many percent of the best. Of plans
/// that tie, the one chosen stands first.
pub fn rank(
    question: &Question,
    rules: &Rules,
    chosen: &Plan,
    count: usize,
    within: Option<f64>,
) -> Result<Ranked, Failure> {
    let share = share(within)?;
    // Of gains the share is one of the gain, which the kernel does not know.
    let of_costs = share.filter(|_| question.gravity.is_none());
    let found =
        k_best::solve(&question.siting.instance, rules, count, of_costs, &Options::default())
            .map_err(|error| said(&error, &question.siting.sites))?
            .led_by(chosen, count);
    let listed = |plan: Plan| Listed { open: plan.open, objective: plan.objective };
    let mut plans: Vec<Listed> = found.plans.into_iter().map(listed).collect();
    let mut end = found.end;
    if let (Some(share), Some(best)) = (share, plans.first().map(|plan| plan.objective)) {
        let near = |plan: &Listed| {
            question.gravity.is_none() || is_within(question, share, best, plan.objective)
        };
        let listed = plans.partition_point(near);
        if listed < plans.len() {
            plans.truncate(listed);
            end = if end == End::Open { end } else { End::Within };
        }
    }
    Ok(Ranked { plans, others: others(end, within) })
}

/// Whether a plan that costs so much is within a share of the best, as people read it.
pub fn is_within(question: &Question, share: f64, best: f64, cost: f64) -> bool {
    let best_worth = question.worth(best);
    match question.gravity {
        Some(_) => question.worth(cost) >= best_worth * (1.0 - share) * (1.0 - SHARE_ROUNDING),
        None => cost <= best + best * share * (1.0 + SHARE_ROUNDING),
    }
}

/// Percent as a share.
pub fn share(within: Option<f64>) -> Result<Option<f64>, Failure> {
    match within {
        Some(got) if !(got.is_finite() && got >= 0.0) => {
            Err(Failure::new(format!("--within {got}: give percent of the best, 0 or more")))
        }
        within => Ok(within.map(|percent| percent / 100.0)),
    }
}

/// What is proven of the plans that are not listed.
pub fn others(end: End, within: Option<f64>) -> String {
    match end {
        End::Count => "no plan left out is better than the last one listed".to_owned(),
        End::Within => format!("every plan within {} percent is listed", within.unwrap_or(0.0)),
        End::All => "there is no other plan".to_owned(),
        End::Open => "not proven: a better plan may be missing".to_owned(),
    }
}

/// What stands between the ids of a list: a space, or what no id has where some have spaces.
pub fn between(question: &Question) -> &'static str {
    let apart = |sign: &&str| !question.siting.sites.iter().any(|id| id.contains(*sign));
    [" ", "; ", " | ", " / "].into_iter().find(apart).unwrap_or("\n")
}

/// Sites by name.
pub fn ids(question: &Question, sites: &[usize]) -> String {
    let ids: Vec<&str> = sites.iter().map(|&j| question.siting.sites[j].as_str()).collect();
    ids.join(between(question))
}

/// Sites of a plan beside those kept.
pub fn beside_kept(question: &Question, open: &[usize]) -> String {
    let states = question.siting.instance.states();
    let free: Vec<usize> = open.iter().copied().filter(|&j| states[j] == SiteState::Free).collect();
    ids(question, &free)
}

/// The table of ranked plans.
pub fn plans(question: &Question, plans: &[Listed]) -> Part {
    let gains = question.gravity.is_some();
    let mut part = Measure::new(question, SiteProblem::PMedian, false).plans_table();
    let best = plans.first().map_or(0.0, |plan| question.worth(plan.objective));
    for (at, plan) in plans.iter().enumerate() {
        let worth = question.worth(plan.objective);
        // Better by rounding only: the first one is the plan chosen.
        let off = (if gains { best - worth } else { worth - best }).max(0.0);
        part.push(vec![
            (at + 1).into(),
            worth.into(),
            if off > 0.0 { 100.0 * off / best } else { 0.0 }.into(),
            beside_kept(question, &plan.open).into(),
            ids(question, &plan.open).into(),
        ]);
    }
    part
}
