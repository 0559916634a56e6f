//! Tables beside the plan of an answer that is checked: proven again where they carry proofs, else
//! priced again.

use emporion_model::site::elbow;
use emporion_model::site::p_median::{Proof, Solution};
use emporion_model::site::plans::{Choice, Point, Question as Kernel, WhatIf};
use emporion_model::site::sensitivity::{self, Change};
use emporion_model::site::unlisted;
use serde_json::Value;

use super::claims::{Claims, said};
use super::several::{self, Best, Measure};
use super::{Question, centres, curve, proof_word, ruled, what_if};
use crate::answer::Answer;
use crate::args::{self, SiteProblem};
use crate::failure::Failure;

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
        plan: &Solution,
    ) -> Result<Self, Failure> {
        let mut again = Self::default();
        let instance = &question.siting.instance;
        if claims.has("curve") {
            let found = elbow::check(instance, claims.proofs("curve")?);
            let found = found.map_err(|rejection| claims.wrong(said(&rejection, question)))?;
            claims.shows_part(&curve::part(question, &found), &[])?;
            again.curve(found.points.iter().map(|point| point.free.proof));
        }
        if claims.has("forbidden") || claims.has("forced") {
            let found = sensitivity::check(instance, plan.clone(), claims.proofs("choices")?);
            let found = found.map_err(|rejection| claims.wrong(said(&rejection, question)))?;
            for part in what_if::parts(question, &found) {
                claims.shows_part(&part, &[])?;
            }
            let proofs = found.decided.iter().map(|decided| decided.solution.proof);
            again.proven(("choices", "Single choices", "single choices"), proofs);
        }
        again.draws(claims);
        Ok(again)
    }

    fn curve(&mut self, proofs: impl Iterator<Item = Proof>) {
        self.proven(("curve", "Points of the curve", "points of the curve"), proofs);
    }

    fn proven(
        &mut self,
        (key, label, rest): (&'static str, &'static str, &'static str),
        proofs: impl Iterator<Item = Proof>,
    ) {
        let proofs: Vec<Proof> = proofs.collect();
        let whole = |proof: &&Proof| matches!(proof, Proof::Certificate | Proof::Tree);
        let (all, proven) = (proofs.len(), proofs.iter().filter(whole).count());
        self.lines.push((key, label, format!("{proven} of {all} proven optimal again")));
        if proofs.contains(&Proof::Search) {
            self.searched.push(rest);
        }
    }

    /// Their costs are computed again, and nothing else.
    fn priced(&mut self, key: &'static str, label: &'static str, rest: &'static str) {
        self.lines.push((key, label, "costs computed again".to_owned()));
        self.searched.push(rest);
    }

    fn draws(&mut self, claims: &Claims) {
        if claims.has("chosen") {
            self.searched.push("draws");
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
    pub fn again(
        &self,
        prove: Option<&dyn Fn(&Value) -> Result<Best, String>>,
    ) -> Result<Again, Failure> {
        let mut again = Again::default();
        let claims = self.claims;
        if claims.has("curve") {
            match prove {
                Some(prove) => {
                    let best = self.proven(prove)?;
                    self.shows_curve(Some(&best))?;
                    again.curve(best.iter().map(|best| best.proof));
                }
                None => {
                    self.shows_curve(None)?;
                    again.priced("curve", "Points of the curve", "points of the curve");
                }
            }
        }
        if claims.has("forbidden") || claims.has("forced") {
            let chosen = self.plan(self.open.to_vec())?;
            let changes = |table| -> Result<Vec<Change>, Failure> {
                self.rows(table).map(|row| self.change(table, row, &chosen)).collect()
            };
            let (forbidden, forced) = (changes("forbidden")?, changes("forced")?);
            let found = WhatIf { forbidden, forced };
            for part in several::what_if(self.question, &self.measure, &found, chosen.cost) {
                claims.shows_part(&part, &["at_least"])?;
                self.at_least(part.name)?;
            }
            again.priced("choices", "Single choices", "single choices");
        }
        if claims.has("plans") {
            let plans = self.rows("plans").map(|row| self.plan(self.sites(&row["sites"])?));
            let plans: Vec<Choice> = plans.collect::<Result<_, _>>()?;
            let part = match self.asked.problem {
                SiteProblem::PMedian => {
                    let listed = plans.iter().map(|plan| (&plan.open[..], plan.cost));
                    ruled::plans(self.question, listed)
                }
                _ => several::plans(self.question, &self.measure, &plans),
            };
            claims.shows_part(&part, &[])?;
            if self.none_is_missing(&plans)? {
                let words = "proven again that none is missing".to_owned();
                again.lines.push(("plans", "Plans listed", words));
            } else {
                again.priced("plans", "Plans listed", "other plans");
            }
        }
        again.draws(claims);
        Ok(again)
    }

    /// Whether it is proven without the search that the list of plans is what it is said to be.
    fn none_is_missing(&self, plans: &[Choice]) -> Result<bool, Failure> {
        let claims = self.claims;
        if !claims.has_proofs("unlisted") || self.asked.rules.is_some() {
            return Ok(false);
        }
        let instance = &self.question.siting.instance;
        let best: Vec<Solution> = claims.proofs("unlisted")?;
        let listed: Vec<&[usize]> = plans.iter().map(|plan| &plan.open[..]).collect();
        let least = unlisted::check(instance, self.open.len(), &listed, &best);
        let least = least.map_err(|rejection| claims.wrong(said(&rejection, self.question)))?;
        let whole = |found: &Solution| matches!(found.proof, Proof::Certificate | Proof::Tree);
        if !best.iter().all(whole) {
            return Ok(false);
        }
        let costs: Vec<f64> = plans.iter().map(|plan| plan.cost).collect();
        let near = best.iter().map(|found| found.resolution).fold(0.0, f64::max);
        let proven =
            ruled::proven_of_others(self.question, &costs, (least, near), self.asked.within)?;
        let stated = &claims.json["summary"]["others"];
        match proven.iter().any(|words| *stated == words.as_str()) {
            true => Ok(true),
            false => Err(claims.wrong(format!(
                "of the plans that are not listed it says {stated}, and the proofs say {}",
                if proven.is_empty() { "that a better one may be missing" } else { &proven[0] }
            ))),
        }
    }

    /// Proves the points of a curve again.
    fn proven(&self, prove: &dyn Fn(&Value) -> Result<Best, String>) -> Result<Vec<Best>, Failure> {
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
                Some(best) => self.plan(best.open.clone())?,
                None => self.plan(self.sites(&row["sites"])?)?,
            };
            let nested = match &row["nested_sites"] {
                Value::Null => None,
                sites => Some(self.plan(self.sites(sites)?)?),
            };
            let before = points.last().map(|(point, _)| point);
            let old = before.and_then(|before| before.nested.as_ref());
            let grows = match (before, old, &nested) {
                (None, _, first) => first.as_ref() == Some(&plan),
                (_, Some(old), Some(new)) => old.open.iter().all(|j| new.open.contains(j)),
                (_, _, new) => new.is_none(),
            };
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
                None => (plan.cost, ""),
            };
            points.push((self.kernel.point(plan, bound, nested, added), word));
        }
        if let Some(best) = best.filter(|best| best.len() != points.len()) {
            let (proofs, points) = (best.len(), points.len());
            return Err(self.claims.wrong(format!(
                "its table curve is not that of its solution: {points} points with {proofs} proofs"
            )));
        }
        let unproven: &[&str] = if best.is_some() { &[] } else { &["gap", "proof"] };
        self.claims.shows_part(&several::curve(self.question, &self.measure, &points), unproven)
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

    /// What is lost at least is no more than what is lost.
    fn at_least(&self, table: &str) -> Result<(), Failure> {
        let number = |row: &Value, key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        let holds = |row: &&Value| (0.0..=number(row, "loss")).contains(&number(row, "at_least"));
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

    /// Sites by position from ids with spaces between; an id may have spaces itself.
    fn sites(&self, ids: &Value) -> Result<Vec<usize>, Failure> {
        let all = &self.question.siting.sites;
        let mut rest = ids.as_str().unwrap_or_default();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let begins = |id: &String| {
                rest.strip_prefix(id.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            };
            let longest = (0..all.len()).filter(|&j| begins(&all[j])).max_by_key(|&j| all[j].len());
            let Some(site) = longest else {
                return Err(self.claims.wrong(format!("{rest} begins with no site of the data")));
            };
            found.push(site);
            rest = rest[all[site].len()..].trim_start_matches(' ');
        }
        Ok(found)
    }

    /// A plan with its cost, if it is one.
    fn plan(&self, open: Vec<usize>) -> Result<Choice, Failure> {
        match self.kernel.cost_of(&open) {
            Some(cost) => Ok(Choice { open, cost }),
            None => Err(self.claims.wrong(format!(
                "{} is no plan of the question: it repeats a site, or breaks a rule",
                ruled::ids(self.question, &open)
            ))),
        }
    }
}
