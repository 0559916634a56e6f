//! Tables beside the plan of an answer that is checked: proven again where they carry proofs, else
//! priced again.

use std::collections::HashSet;

use emporion_model::site::elbow;
use emporion_model::site::k_best::End;
use emporion_model::site::p_median::{Proof, Solution};
use emporion_model::site::plans::{Choice, Point, Question as Kernel, WhatIf};
use emporion_model::site::ranking::{self, Listed};
use emporion_model::site::rules::{Count, Rules};
use emporion_model::site::sensitivity::{self, Change};
use serde_json::Value;

use super::claims::{Claims, said};
use super::ruled::SHARE_ROUNDING;
use super::several::{self, Best, Measure};
use super::{Question, centres, curve, names, proof_word, ranked, ruled, what_if};
use crate::answer::Answer;
use crate::args::{self, SiteProblem};
use crate::failure::Failure;

/// What is said of a table: its key, its label, and what of it rests on a search.
type Words = (&'static str, &'static str, &'static str);
const CURVE: Words = ("curve", "Points of the curve", "points of the curve");
const CHOICES: Words = ("choices", "Single choices", "single choices");
const PLANS: Words = ("plans", "Plans listed", "other plans");

/// What was found of the tables.
#[derive(Default)]
pub struct Again {
    lines: Vec<(&'static str, &'static str, String)>,
    searched: Vec<&'static str>,
}

impl Again {
    /// Proves the curve and the single choices of a p-median without rules again.
    pub fn of_p_median(
        claims: &Claims,
        question: &Question,
        asked: &args::Site,
        plan: &Solution,
    ) -> Result<Self, Failure> {
        let mut again = Self::default();
        let instance = &question.siting.instance;
        if claims.has("curve") {
            let found = elbow::check(instance, claims.proofs("curve")?);
            let found = found.map_err(|rejection| claims.wrong(said(&rejection, question)))?;
            claims.shows_part(&curve::part(question, &found), &[])?;
            again.proven(CURVE, found.points.iter().map(|point| point.free.proof));
        }
        if claims.has("forbidden") || claims.has("forced") {
            let found = sensitivity::check(instance, plan.clone(), claims.proofs("choices")?);
            let found = found.map_err(|rejection| claims.wrong(said(&rejection, question)))?;
            for part in what_if::parts(question, &found) {
                claims.shows_part(&part, &[])?;
            }
            let proofs = found.decided.iter().map(|decided| decided.solution.proof);
            again.proven(CHOICES, proofs);
        }
        if claims.has("plans") {
            let rules = Rules::new(Count::Exactly(plan.open.len()));
            let kernel = Kernel::p_median(instance, &rules);
            let kernel = kernel.map_err(|error| names::said(&error, &question.siting.sites))?;
            let measure = Measure::new(question, SiteProblem::PMedian, false);
            let open = &plan.open[..];
            Several { claims, question, asked, kernel, measure, open }.plans(&mut again)?;
        }
        again.draws(claims);
        Ok(again)
    }

    fn proven(&mut self, (key, label, rest): Words, proofs: impl Iterator<Item = Proof>) {
        let proofs: Vec<Proof> = proofs.collect();
        let repeatable = proofs.iter().filter(|proof| proof.is_repeatable());
        let (all, proven) = (proofs.len(), repeatable.count());
        self.lines.push((key, label, format!("{proven} of {all} proven optimal again")));
        if proofs.contains(&Proof::Search) {
            self.searched.push(rest);
        }
    }

    /// Their costs are computed again, and nothing else.
    fn priced(&mut self, (key, label, rest): Words) {
        self.lines.push((key, label, "costs computed again".to_owned()));
        self.searched.push(rest);
    }

    fn draws(&mut self, claims: &Claims) {
        if claims.has("chosen") {
            self.lines.push(("draws", "Draws", "not repeated by this check".to_owned()));
        }
    }

    /// Says what was proven again, and what rests on the search. `more`: the plan itself does.
    pub fn tell(&self, answer: &mut Answer, more: bool) {
        for (key, label, words) in &self.lines {
            answer.say(key, label, words.as_str());
        }
        let rest = match (more, &self.searched[..]) {
            (true, _) => {
                "the answer claims more, from a search that only solving again repeats".to_owned()
            }
            (false, []) => "the answer claims no more than this".to_owned(),
            (false, [one]) => format!("{one} rest on a search"),
            (false, [first @ .., last]) => {
                format!("{} and {last} rest on a search", first.join(", "))
            }
        };
        answer.say("claims", "Beyond it", rest);
    }
}

/// Proves a written plan again.
type Prove<'a> = dyn Fn(&Value) -> Result<Best, String> + 'a;

/// A problem of which several plans are stated.
pub struct Several<'a> {
    pub claims: &'a Claims,
    pub question: &'a Question,
    pub asked: &'a args::Site,
    pub kernel: Kernel,
    pub measure: Measure,
    /// Open sites of the plan that the answer is about.
    pub open: &'a [usize],
}

impl Several<'_> {
    /// Goes through the tables. `prove` proves a point of the curve again, if points have proofs.
    pub fn again(&self, prove: Option<&Prove<'_>>) -> Result<Again, Failure> {
        let mut again = Again::default();
        if self.claims.has("curve") {
            let best = prove.map(|prove| self.proven(prove)).transpose()?;
            self.shows_curve(best.as_deref())?;
            match best {
                Some(best) => again.proven(CURVE, best.iter().map(|best| best.proof)),
                None => again.priced(CURVE),
            }
        }
        if self.claims.has("forbidden") || self.claims.has("forced") {
            self.shows_choices()?;
            again.priced(CHOICES);
        }
        self.plans(&mut again)?;
        again.draws(self.claims);
        Ok(again)
    }

    /// Refuses single choices that are not plans of the costs stated.
    fn shows_choices(&self) -> Result<(), Failure> {
        let chosen = self.plan(self.open.to_vec())?;
        let changes = |table| -> Result<Vec<Change>, Failure> {
            self.rows(table).map(|row| self.change(table, row, &chosen)).collect()
        };
        let found = WhatIf { forbidden: changes("forbidden")?, forced: changes("forced")? };
        let mut sites = HashSet::new();
        let decided = found.forbidden.iter().chain(&found.forced).map(|change| change.site);
        if let Some(twice) = decided.into_iter().find(|site| !sites.insert(*site)) {
            let id = &self.question.siting.sites[twice];
            return Err(self.claims.wrong(format!("{id} stands twice among the single choices")));
        }
        for part in several::what_if(self.question, &self.measure, &found, chosen.cost) {
            self.claims.shows_part(&part, &["at_least"])?;
            self.at_least(part.name)?;
        }
        Ok(())
    }

    /// Goes through the list of plans, if there is one.
    fn plans(&self, again: &mut Again) -> Result<(), Failure> {
        let claims = self.claims;
        if !claims.has("plans") {
            return Ok(());
        }
        let plans = self.rows("plans").map(|row| self.plan(self.sites(&row["sites"])?));
        let plans: Vec<Choice> = plans.collect::<Result<_, _>>()?;
        let part = match self.asked.problem {
            SiteProblem::PMedian => {
                let listed =
                    |plan: &Choice| Listed { open: plan.open.clone(), objective: plan.cost };
                let listed: Vec<Listed> = plans.iter().map(listed).collect();
                ruled::plans(self.question, &listed)
            }
            _ => several::plans(self.question, &self.measure, &plans),
        };
        claims.shows_part(&part, &[])?;
        let descends =
            |pair: &[Choice]| pair[1].cost < pair[0].cost - SHARE_ROUNDING * pair[0].cost.abs();
        if plans.windows(2).any(descends) {
            return Err(claims.wrong("its table plans is not in order".to_owned()));
        }
        // Only a better plan may stand before the one that the answer is about.
        let chosen = self.plan(self.open.to_vec())?;
        if plans.first().is_none_or(|first| first.open != chosen.open && first.cost >= chosen.cost)
        {
            return Err(claims.wrong("its table plans does not begin with its plan".to_owned()));
        }
        if self.none_is_missing(&plans)? {
            let (key, label, _) = PLANS;
            again.lines.push((key, label, "proven again that none is missing".to_owned()));
        } else {
            again.priced(PLANS);
        }
        Ok(())
    }

    /// Whether it is proven without the search that the list of plans is what it is said to be.
    fn none_is_missing(&self, plans: &[Choice]) -> Result<bool, Failure> {
        let (claims, within) = (self.claims, self.asked.within);
        let stated = &claims.json["summary"]["others"];
        let ends = [End::Count, End::Within, End::All, End::Open];
        if !ends.iter().any(|end| *stated == ruled::others(*end, within).as_str()) {
            return Err(claims.wrong(format!("its others, {stated}, is none of what can be said")));
        }
        if !claims.has_proofs("unlisted") || self.asked.rules.is_some() {
            return Ok(false);
        }
        let instance = &self.question.siting.instance;
        let unlisted: Vec<Solution> = claims.proofs("unlisted")?;
        let listed: Vec<&[usize]> = plans.iter().map(|plan| &plan.open[..]).collect();
        let least = ranking::check(instance, self.open.len(), &listed, &unlisted);
        let least = least.map_err(|rejection| claims.wrong(said(&rejection, self.question)))?;
        if !unlisted.iter().all(|found| found.proof.is_repeatable()) {
            return Ok(false);
        }
        let costs: Vec<f64> = plans.iter().map(|plan| plan.cost).collect();
        let others = (least, ranked::nearest(&unlisted));
        let proven = ranked::proven_of_others(self.question, &costs, others, within)?;
        match proven.iter().any(|words| *stated == words.as_str()) {
            true => Ok(true),
            false => Err(claims.wrong(format!(
                "of the plans that are not listed it says {stated}, and the proofs say {}",
                if proven.is_empty() { "that a better one may be missing" } else { &proven[0] }
            ))),
        }
    }

    /// Proves the points of a curve again.
    fn proven(&self, prove: &Prove<'_>) -> Result<Vec<Best>, Failure> {
        let solutions: Vec<Value> = self.claims.proofs("curve")?;
        let proven = solutions.iter().map(prove).collect::<Result<Vec<Best>, String>>();
        proven.map_err(|reason| self.claims.wrong(format!("curve: {reason}")))
    }

    /// Refuses a curve that is not the one through these plans; without proofs, through those stated.
    fn shows_curve(&self, best: Option<&[Best]>) -> Result<(), Failure> {
        let mut points: Vec<(Point, &str)> = Vec::new();
        for (at, row) in self.rows("curve").enumerate() {
            let best = best.and_then(|best| best.get(at));
            let plan = match best {
                Some(best) => self.point_of(best.open.clone())?,
                None => self.point_of(self.sites(&row["sites"])?)?,
            };
            let nested = match &row["nested_sites"] {
                Value::Null => None,
                sites => Some(self.point_of(self.sites(sites)?)?),
            };
            let before = points.last().map(|(point, _)| point);
            let old = before.and_then(|before| before.nested.as_ref());
            let grows = match (before, old, &nested) {
                (None, _, first) => first.as_ref() == Some(&plan),
                (_, Some(old), Some(new)) => old.open.iter().all(|j| new.open.contains(j)),
                (_, _, new) => new.is_none(),
            };
            let grows = grows && nested.as_ref().is_none_or(|n| n.open.len() == plan.open.len());
            if !grows || before.is_some_and(|before| before.p >= plan.open.len()) {
                let p = plan.open.len();
                return Err(self
                    .claims
                    .wrong(format!("its curve does not grow at {}", centres(p))));
            }
            let added = old.zip(nested.as_ref()).and_then(|(old, new)| {
                new.open.iter().copied().find(|site| !old.open.contains(site))
            });
            let (bound, word) = match best {
                Some(best) => (best.bound, proof_word(best.proof)),
                None => (plan.cost, self.by_search(row)?),
            };
            points.push((self.kernel.point(plan, bound, nested, added), word));
        }
        if let Some(best) = best.filter(|best| best.len() != points.len()) {
            let (proofs, points) = (best.len(), points.len());
            return Err(self.claims.wrong(format!(
                "its table curve is not that of its solution: {points} points with {proofs} proofs"
            )));
        }
        let unproven: &[&str] = if best.is_some() { &[] } else { &["gap"] };
        self.claims.shows_part(&several::curve(self.question, &self.measure, &points), unproven)
    }

    /// What a point without a certificate may say of its proof: nothing that its gap denies.
    fn by_search(&self, row: &Value) -> Result<&'static str, Failure> {
        match (row["proof"].as_str(), row["gap"].as_f64()) {
            (Some("search"), Some(0.0)) => Ok("search"),
            (Some("open"), Some(gap)) if gap > 0.0 => Ok("open"),
            _ => {
                let (p, proof, gap) = (&row["p"], &row["proof"], &row["gap"]);
                Err(self.claims.wrong(format!("its curve says {proof} of {p} with a gap of {gap}")))
            }
        }
    }

    /// A single choice as its row says it, priced again.
    fn change(&self, table: &str, row: &Value, chosen: &Choice) -> Result<Change, Failure> {
        let sites = self.sites(&row["site"])?;
        let (opens, closes) = (self.sites(&row["opens"])?, self.sites(&row["closes"])?);
        let [site] = sites[..] else {
            return Err(self.claims.wrong(format!("{} in {table} is no site", row["site"])));
        };
        let decided = if table == "forbidden" { &closes } else { &opens };
        if !decided.contains(&site) {
            let id = &row["site"];
            return Err(self
                .claims
                .wrong(format!("its table {table} has no plan decided so at {id}")));
        }
        let stays = |j: &usize| !closes.contains(j);
        let mut open: Vec<usize> = chosen.open.iter().copied().filter(stays).collect();
        open.extend(opens);
        open.sort_unstable();
        let other = self.plan(open)?;
        Ok(self.kernel.change(site, chosen, &other, other.cost))
    }

    /// What is lost at least is no more than what is lost, and nothing unless a better plan was found.
    fn at_least(&self, table: &str) -> Result<(), Failure> {
        let number = |row: &Value, key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        let holds = |row: &&Value| {
            let loss = number(row, "loss");
            (loss.min(0.0)..=loss).contains(&number(row, "at_least"))
        };
        match self.rows(table).find(|row| !holds(row)) {
            None => Ok(()),
            Some(row) => Err(self.claims.wrong(format!(
                "in its table {table} {} loses {}, and at least {}",
                row["site"], row["loss"], row["at_least"]
            ))),
        }
    }

    fn rows(&self, table: &str) -> impl Iterator<Item = &Value> {
        self.claims.json[table].as_array().into_iter().flatten()
    }

    /// Sites by position.
    fn sites(&self, ids: &Value) -> Result<Vec<usize>, Failure> {
        let all = &self.question.siting.sites;
        let ids = ids.as_str().filter(|ids| !ids.is_empty()).into_iter();
        ids.flat_map(|ids| ids.split(ruled::between(self.question)))
            .map(|id| {
                let none = || self.claims.wrong(format!("{id} is no site of the data"));
                all.iter().position(|site| site == id).ok_or_else(none)
            })
            .collect()
    }

    /// A plan with its cost, if it is one.
    fn plan(&self, open: Vec<usize>) -> Result<Choice, Failure> {
        let cost = self.kernel.cost_of(&open);
        self.priced(open, cost)
    }

    /// The same of a point of the curve.
    fn point_of(&self, open: Vec<usize>) -> Result<Choice, Failure> {
        let cost = self.kernel.cost_of_any_number(&open);
        self.priced(open, cost)
    }

    fn priced(&self, open: Vec<usize>, cost: Option<f64>) -> Result<Choice, Failure> {
        match cost {
            Some(cost) => Ok(Choice { open, cost }),
            None => Err(self.claims.wrong(format!(
                "\"{}\" is no plan of the question: too many sites or too few, one of them twice, or \
                 against the rules",
                ruled::ids(self.question, &open)
            ))),
        }
    }
}
