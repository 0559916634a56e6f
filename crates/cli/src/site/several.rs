//! `--plans`, `--curve` and `--what-if` of any problem, under rules or without.

use emporion_model::site::SiteState;
use emporion_model::site::p_median::Proof;
use emporion_model::site::plans::{Choice, Point, Question as Kernel, WhatIf};
use emporion_model::site::ruled::Solution;
use emporion_model::site::sensitivity::Change;
use serde_json::Value;

use super::gravity::ROUNDING;
use super::ruled::{self, SHARE_ROUNDING, beside_kept, ids};
use super::{Question, names, proof_word};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, SiteProblem};
use crate::failure::Failure;
use crate::progress::Progress;

/// What people read of the cost that the kernel compares plans by.
pub struct Measure {
    key: &'static str,
    title: &'static str,
    unit: String,
    show: Show,
    /// Whether more is better: the kernel counts what is missing of `whole`.
    gain: bool,
    whole: f64,
    /// Costs are divided by this.
    per: f64,
    /// Of what the curve is.
    curve: &'static str,
    loss: &'static str,
}

impl Measure {
    /// The measure of a problem.
    pub fn new(question: &Question, problem: SiteProblem, counted: bool) -> Self {
        let (unit, demand) = (&question.cost_unit, question.weight_unit.replace('_', " "));
        let weight = question.siting.weight();
        let cost = |key, title, unit: &str, curve, loss| Self {
            key,
            title,
            unit: unit.to_owned(),
            show: Show::Fitting,
            gain: false,
            whole: 0.0,
            per: 1.0,
            curve,
            loss,
        };
        match problem {
            SiteProblem::PMedian => match &question.gravity {
                None => Self {
                    per: weight,
                    show: Show::Decimals(1),
                    ..cost(
                        "mean",
                        "Mean cost",
                        unit,
                        "Cost against the number of centres",
                        "Mean cost rises by",
                    )
                },
                Some(found) => Self {
                    gain: true,
                    whole: found.gain(0.0),
                    ..cost(
                        "gain",
                        "Gain",
                        unit,
                        "Gain against the number of offices",
                        "Gain falls by",
                    )
                },
            },
            SiteProblem::PCenter => Self {
                show: Show::Decimals(1),
                ..cost(
                    "radius",
                    "Farthest",
                    unit,
                    "Farthest customer against the number of centres",
                    "Farthest rises by",
                )
            },
            SiteProblem::SetCover => {
                let what = if counted { "centres" } else { "cost of opening" };
                cost("cost", "Cost", what, "", "Cost rises by")
            }
            SiteProblem::MaxCover => Self {
                gain: true,
                whole: weight,
                ..cost(
                    "reached",
                    "Reached",
                    &demand,
                    "Demand reached against the number of centres",
                    "Reached falls by",
                )
            },
            SiteProblem::Facility => cost(
                "objective",
                "Total cost",
                "cost",
                "Cost of opening and service against the number of centres",
                "Total cost rises by",
            ),
            SiteProblem::Capture => Self {
                gain: true,
                ..cost(
                    "captured",
                    "Captured",
                    &demand,
                    "Demand captured against the number of centres",
                    "Captured falls by",
                )
            },
        }
    }

    fn worth(&self, cost: f64) -> f64 {
        if !self.gain {
            return cost / self.per;
        }
        let worth = self.whole - cost;
        // What rounding leaves of two numbers that are the same is nothing.
        if worth.abs() <= ROUNDING * self.whole { 0.0 } else { worth }
    }

    /// What another plan may cost to be within a share of the best.
    fn limit(&self, best: f64, share: f64) -> f64 {
        let worth = self.whole - best;
        if self.gain {
            self.whole - worth * (1.0 - share) * (1.0 - SHARE_ROUNDING)
        } else {
            best * (1.0 + share * (1.0 + SHARE_ROUNDING))
        }
    }

    /// Of the better of the two.
    fn gap_percent(&self, cost: f64, bound: f64) -> f64 {
        let (worth, best) = (self.worth(cost), self.worth(bound));
        if cost == bound { 0.0 } else { 100.0 * (worth - best).abs() / worth.abs() }
    }

    fn number(&self, key: impl Into<String>, title: &str) -> Column {
        Column::number(key, title, self.unit.as_str(), self.show)
    }

    /// The table of a curve, without rows.
    pub fn curve_table(&self) -> Part {
        let saving = if self.gain { "Added by the last" } else { "Saved by the last" };
        let columns = vec![
            Column::number("p", "Centres", "", Show::Whole),
            self.number(self.key, self.title),
            self.number("saving", saving),
            Column::number("gap", "Gap", "percent", Show::Decimals(3)),
            Column::text("proof", "Proof"),
            self.number(format!("nested_{}", self.key), "Step by step"),
            Column::text("nested_added", "Added then"),
            Column::text("added", "Chosen afresh"),
            hidden("sites"),
            hidden("nested_sites"),
        ];
        Part { whole: true, ..Part::new("curve", self.curve, columns) }
    }

    /// The table of ranked plans, without rows.
    pub fn plans_table(&self) -> Part {
        let (off, off_title) = match self.gain {
            true => ("below", "Below the best"),
            false => ("above", "Above the best"),
        };
        let columns = vec![
            Column::number("rank", "Plan", "", Show::Whole),
            self.number(self.key, self.title),
            Column::number(off, off_title, "percent", Show::Decimals(2)),
            Column::text("added", "Centres beside those kept"),
            hidden("sites"),
        ];
        Part { whole: true, ..Part::new("plans", "The best plans", columns) }
    }

    /// What forbidding a chosen site costs, and forcing in another one, the cheapest change first.
    pub fn choices(
        &self,
        question: &Question,
        [forbidden, forced]: [&[Change]; 2],
        worth: impl Fn(&Change) -> Worth,
    ) -> [Part; 2] {
        let unit = self.unit.as_str();
        let table = |key, title: &str, first: &str, changes: &[Change]| {
            let columns = vec![
                Column::text("site", first),
                Column::number("loss", self.loss, unit, Show::Fitting),
                Column::number("percent", "in percent", "percent", Show::Decimals(2)),
                Column::number("at_least", "at least", unit, Show::Fitting),
                Column::text("opens", "Opens"),
                Column::text("closes", "Closes"),
            ];
            let mut part = Part { whole: true, ..Part::new(key, title, columns) };
            let mut sorted: Vec<&Change> = changes.iter().collect();
            sorted.sort_by(|a, b| a.loss.total_cmp(&b.loss).then(a.site.cmp(&b.site)));
            for change in sorted {
                let Worth { loss, percent, at_least } = worth(change);
                part.push(vec![
                    question.siting.sites[change.site].as_str().into(),
                    loss.into(),
                    percent.into(),
                    at_least.into(),
                    ids(question, &change.opens).into(),
                    ids(question, &change.closes).into(),
                ]);
            }
            part
        };
        [
            table("forbidden", "Without a chosen site", "Forbidden", forbidden),
            table("forced", "With another site", "Forced in", forced),
        ]
    }
}

/// A change as people read it.
pub struct Worth {
    /// What is lost.
    pub loss: f64,
    /// The same in percent of the plan.
    pub percent: f64,
    /// What is lost at least.
    pub at_least: f64,
}

/// The plan that an answer is about.
pub struct Known<'a> {
    pub open: &'a [usize],
    pub cost: f64,
    pub bound: f64,
    /// The last number of centres of a curve.
    pub most: usize,
    /// Where its points come from.
    pub curve: Curve<'a>,
}

/// The best plan of one number of centres, with its proof.
pub struct Best {
    /// Open sites.
    pub open: Vec<usize>,
    /// No plan of so many costs less; without an end where this one is proven best.
    pub bound: f64,
    /// What the bound rests on.
    pub proof: Proof,
    /// The whole solution by position, for `--check`.
    pub solution: Value,
}

impl Best {
    /// A plan with its bound, which says no more where the plan is proven best.
    pub fn new((open, bound): (Vec<usize>, f64), proof: Proof, solution: Value) -> Self {
        let bound = if proof == Proof::Open { bound } else { f64::INFINITY };
        Self { open, bound, proof, solution }
    }

    /// Of a p-median under rules.
    pub fn of(found: &Solution, solution: Value) -> Self {
        Self::new((found.plan.open.clone(), found.bound), found.proof, solution)
    }
}

/// A point of a curve, and what its proof rests on.
type ProvenPoint = (Point, &'static str);

/// Where the points of a curve come from.
pub enum Curve<'a> {
    /// The search for several plans, which leaves no proofs.
    Searched,
    /// Solved one by one, with proofs.
    Proven(&'a dyn Fn(usize) -> Result<Option<Best>, Failure>),
}

impl Curve<'_> {
    /// The points up to so many centres, and the solutions behind them.
    fn points(
        &self,
        kernel: &Kernel,
        least: usize,
        most: usize,
    ) -> Result<(Vec<ProvenPoint>, Vec<Value>), Failure> {
        let Self::Proven(best_of) = self else {
            let word = |point: Point| {
                let proof = if point.plan.cost == point.bound { "search" } else { "open" };
                (point, proof)
            };
            return Ok((kernel.curve(most).into_iter().map(word).collect(), Vec::new()));
        };
        let mut best = Vec::new();
        for p in least..=most {
            best.extend(best_of(p)?);
        }
        Ok((proven(kernel, &best), best.into_iter().map(|found| found.solution).collect()))
    }
}

/// The points of a curve through plans with proofs.
fn proven(kernel: &Kernel, best: &[Best]) -> Vec<ProvenPoint> {
    let free: Vec<_> = best.iter().map(|found| (found.open.clone(), found.bound)).collect();
    let words = best.iter().map(|found| proof_word(found.proof));
    kernel.points(&free).into_iter().zip(words).collect()
}

/// Adds the tables asked for.
pub fn add(
    answer: &mut Answer,
    arguments: &args::Site,
    question: &Question,
    (kernel, measure): (&Kernel, &Measure),
    known: &Known<'_>,
    progress: &Progress,
) -> Result<(), Failure> {
    if arguments.curve {
        progress.step("the curve against the number of centres");
        let least = question.siting.instance.sites_in(SiteState::Kept).count().max(1);
        let (points, solutions) = known.curve.points(kernel, least, known.most)?;
        if let (Some(Value::Object(proofs)), false) = (&mut answer.solution, solutions.is_empty()) {
            proofs.insert("curve".to_owned(), solutions.into());
        }
        let least = points.first().map_or(known.most, |(point, _)| point.p);
        let without: Vec<String> = (least..=known.most)
            .filter(|p| points.iter().all(|(point, _)| point.p != *p))
            .map(|p| p.to_string())
            .collect();
        if !without.is_empty() {
            let numbers = without.join(", ");
            let message = format!("no plan of so many centres obeys or is found: {numbers}");
            answer.note(Advice::new("no_plan", message, without.len()));
        }
        answer.parts.push(curve(question, measure, &points));
    }
    if arguments.what_if {
        progress.step("one choice at a time");
        // The same sum in another order would show as a loss.
        let cost = kernel.cost_of(known.open).unwrap_or(known.cost);
        let plan = Choice { open: known.open.to_vec(), cost };
        let found = kernel.what_if(&plan, known.bound);
        answer.parts.extend(what_if(question, measure, &found, cost));
    }
    if let Some(count) = arguments.plans
        && (arguments.problem != SiteProblem::PMedian)
    {
        progress.step("the best plans in order");
        let share = ruled::share(arguments.within)?;
        let limit = |best: f64| share.map_or(f64::INFINITY, |share| measure.limit(best, share));
        let ranked = kernel.rank_from(known.open, count, &limit);
        let ranked = ranked.map_err(|error| names::said(&error, &question.siting.sites))?;
        answer.parts.push(plans(question, measure, &ranked.plans));
        let first = ranked.plans.first().map(|plan| &plan.open[..]);
        answer.notes.extend(better_plan(first, known.open));
        answer.say("others", "Other plans", ruled::others(ranked.end, arguments.within));
    }
    Ok(())
}

/// That the first of the ranked plans is better than the one chosen, whose proof is open then.
pub fn better_plan(first: Option<&[usize]>, chosen: &[usize]) -> Option<Advice> {
    let message = "the search for the best plans found one that is better than the plan above, which \
                   was not proven: take the first of them";
    first.filter(|first| *first != chosen).map(|_| Advice::new("better_plan", message, 1))
}

fn hidden(key: &str) -> Column {
    Column { show: Show::Hidden, ..Column::text(key, "") }
}

/// The table of a curve, each point with what its proof rests on.
pub fn curve(question: &Question, measure: &Measure, points: &[(Point, &str)]) -> Part {
    let mut part = measure.curve_table();
    let mut before: Option<&Point> = None;
    for (point, proof) in points {
        let Choice { open, cost } = &point.plan;
        let worth = measure.worth(*cost);
        let saved = before.filter(|before| before.p + 1 == point.p).map(|before| {
            let old = measure.worth(before.plan.cost);
            if measure.gain { worth - old } else { old - worth }
        });
        let nested = point.nested.as_ref();
        let added = point.added.map(|j| question.siting.sites[j].as_str());
        part.push(vec![
            point.p.into(),
            worth.into(),
            saved.into(),
            measure.gap_percent(*cost, point.bound).into(),
            (*proof).into(),
            nested.map(|nested| measure.worth(nested.cost)).into(),
            Cell::from(added),
            beside_kept(question, open).into(),
            ids(question, open).into(),
            nested.map(|nested| ids(question, &nested.open)).into(),
        ]);
        before = Some(point);
    }
    part
}

/// The tables of single choices.
pub fn what_if(question: &Question, measure: &Measure, found: &WhatIf, cost: f64) -> [Part; 2] {
    measure.choices(question, [&found.forbidden, &found.forced], |change| Worth {
        loss: change.loss / measure.per,
        percent: 100.0 * change.loss / measure.per / measure.worth(cost),
        at_least: change.loss_at_least / measure.per,
    })
}

/// The table of ranked plans.
pub fn plans(question: &Question, measure: &Measure, plans: &[Choice]) -> Part {
    let mut part = measure.plans_table();
    let best = plans.first().map_or(0.0, |plan| measure.worth(plan.cost));
    for (at, plan) in plans.iter().enumerate() {
        let worth = measure.worth(plan.cost);
        // Better by rounding only: the first one is the plan chosen. Worse than nothing has no percent.
        let off = if measure.gain { best - worth } else { worth - best };
        let percent = if off <= 0.0 { 0.0 } else { 100.0 * off / best };
        part.push(vec![
            (at + 1).into(),
            worth.into(),
            percent.into(),
            beside_kept(question, &plan.open).into(),
            ids(question, &plan.open).into(),
        ]);
    }
    part
}
