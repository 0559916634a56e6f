//! `emporion site --check`: an answer's bound, proven again from costs and multipliers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use emporion_model::outcome::Status;
use emporion_model::site::certificate::{self, Certificate, Rejection};
use emporion_model::site::p_median::{Proof, Solution};
use emporion_model::site::ruled as ruled_plans;
use emporion_tables::site_rules::Line;
use serde::Deserialize;
use serde_json::Value;

use super::problems::Asked;
use super::{Question, added, question, ruled, summarise, tables, whole};
use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args::{self, Absent, SiteMean, SiteProblem};
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
    let total = question.total_unit();
    let p = solution.open.len();
    if added(&asked)?.is_some_and(|add| asked.keep.len() + add != p) {
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
    let rest = if checked.claims_more {
        "the answer claims more, from a search that only solving again repeats"
    } else {
        claims.beyond("the answer claims no more than this")
    };
    answer.say("claims", "Beyond it", rest);
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
    let title = match found.by_search() {
        false => "Holds: the proof was walked again",
        true => "Holds: the bound was proven again, as far as no search is needed",
    };
    let mut answer = Answer::new("site", title, data.identity());
    answer.option("check", claims.path.clone());
    let claim = stated["certified_bound"].as_f64().unwrap_or(f64::NAN);
    answer.parts.push(side_by_side("", &[("bound by the certificate", claim, bound)]));
    let claimed = stated["bound"].as_f64();
    if found.by_search() {
        answer.count_if_known(
            Column::number("bound", "Bound that the answer claims", "", Show::Fitting),
            claimed,
        );
        answer.say(
            "claims",
            "Beyond it",
            "the answer claims more, from a search that only solving again repeats",
        );
    } else {
        answer.say("claims", "Beyond it", claims.beyond("the answer claims no more than this"));
    }
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
    let rest = match checked.claims_more {
        false => claims.beyond("the answer claims no more than this"),
        true => "the answer claims more, from a search that only solving again repeats",
    };
    answer.say("claims", "Beyond it", rest);
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

/// An answer written by `emporion site --format json`.
struct Claims {
    path: String,
    json: Value,
}

impl Claims {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
        let mut claims = Self { path: path.display().to_string(), json: Value::Null };
        claims.json =
            serde_json::from_str(&text).map_err(|error| claims.wrong(error.to_string()))?;
        if claims.json["options"]["problem"] == "capture" {
            return Err(claims.wrong(
                "capture is proven by search, which leaves no certificate: only solving again \
                 repeats it"
                    .into(),
            ));
        }
        let proof = claims.json["certificate"].is_array() || claims.json["solution"].is_object();
        if claims.json["format"] != "emporion-site/1" || !proof {
            return Err(claims.wrong(
                "it holds no plan with multipliers: write one with emporion site … --format json"
                    .into(),
            ));
        }
        Ok(claims)
    }

    fn wrong(&self, reason: String) -> Failure {
        Failure::new(format!("{} does not hold: {reason}", self.path))
    }

    /// The question that the answer says it answers.
    fn arguments(&self, given: &args::Site) -> Result<args::Site, Failure> {
        let options = &self.json["options"];
        let text = |name: &str| options[name].as_str().map(str::to_owned);
        let list = |name: &str| -> Vec<String> {
            let ids = options[name].as_array().into_iter().flatten();
            ids.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let source = &self.json["data"];
        let named = source["case"].as_str().or(source["file"].as_str()).map(str::to_owned);
        let data = given.data.clone().or(named);
        if data.is_none() {
            return Err(self.wrong("it names no data: name it before --check".into()));
        }
        Ok(args::Site {
            data,
            kind: text("kind"),
            parent: text("parent"),
            weight: text("weight"),
            weights: text("weights"),
            problem: text("problem")
                .and_then(|name| SiteProblem::from_str(&name, false).ok())
                .unwrap_or_default(),
            radius: options["radius"].as_f64(),
            opening: text("opening"),
            capacity: text("capacity"),
            about: text("about").map(PathBuf::from),
            roads: text("roads").map(PathBuf::from),
            one_way: options["one_way"] == true,
            // Its rules stand in the answer itself.
            rules: text("rules").map(|_| PathBuf::from(&self.path)),
            curve: options["curve"] == true,
            add: options["add"].as_u64().map(|add| add as usize),
            p: options["p"].as_u64().map(|p| p as usize),
            keep: list("keep"),
            never: list("never"),
            gravity: args::SiteGravity {
                // The number itself: the file that it came from need not be there.
                beta: options["beta"].as_f64(),
                decay: options["decay"].as_f64(),
                reach: options["reach"].as_f64(),
                exporter: text("exporter"),
                flows: text("flows").map(PathBuf::from),
                conditions: list("where"),
                absent: text("absent").and_then(|name| Absent::from_str(&name, false).ok()),
                trade_before_offices: options["trade_before_offices"] == true,
                ..args::SiteGravity::default()
            },
            distances: args::SiteDistances {
                agglomerations: text("agglomerations").map(PathBuf::from),
                mean: text("mean").and_then(|name| SiteMean::from_str(&name, false).ok()),
                fallback: text("fallback"),
                unit: text("unit"),
            },
            ..args::Site::default()
        })
    }

    /// The rules that the answer says it obeys; those that keep and forbid sites stand in its options
    /// too.
    fn rules(&self, asked: &args::Site) -> Result<Vec<Line>, Failure> {
        let said = self.json["context"]["rules"].as_array().into_iter().flatten();
        let text = said.filter_map(Value::as_str).collect::<Vec<_>>().join("\n");
        let lines = emporion_tables::site_rules::parse(&self.path, &text)?;
        for (kept, stated, option) in [(true, &asked.keep, "keep"), (false, &asked.never, "never")]
        {
            let named = ruled::decided(&lines, kept);
            if let Some(id) = named.iter().find(|id| !stated.contains(id)) {
                return Err(self.wrong(format!(
                    "a rule says {option} {id}, and its options do not list {id} under {option}"
                )));
            }
        }
        Ok(lines)
    }

    /// What the certificate says nothing of, where the answer has it.
    fn beyond(&self, less: &'static str) -> &'static str {
        let searched = ["curve", "forbidden", "forced", "plans", "chosen"];
        match searched.iter().any(|part| self.json[*part].is_array()) {
            true => "the curve, single choices, draws and other plans rest on a search",
            false => less,
        }
    }

    /// Refuses tables and summary that do not show the solution checked, as printed again.
    fn shows(&self, again: &Answer, (sites, served): (Part, Part)) -> Result<(), Failure> {
        self.shows_part(&sites)?;
        self.shows_part(&served)?;
        for (column, found) in &again.summary {
            let stated = &self.json["summary"][&column.key];
            if !same(stated, found) {
                let what = &column.key;
                return Err(
                    self.wrong(format!("its {what}, {stated}, is not that of its solution"))
                );
            }
        }
        Ok(())
    }

    /// Row by row; of the main table --top leaves rows out.
    fn shows_part(&self, part: &Part) -> Result<(), Failure> {
        let none = Vec::new();
        let stated = self.json[part.name].as_array().unwrap_or(&none);
        let cut = part.name == "rows" && self.json["options"]["top"].is_number();
        let other = || {
            let (name, what) = (part.name, &part.title);
            let what =
                if what.is_empty() { "the chosen sites".to_owned() } else { what.to_lowercase() };
            self.wrong(format!("its {name} are not those of its solution: {what} differ"))
        };
        if stated.len() != part.rows.len() && !(cut && stated.len() < part.rows.len()) {
            return Err(other());
        }
        for (stated, row) in stated.iter().zip(&part.rows) {
            let known = part.columns.iter().zip(row);
            if let Some((column, found)) =
                known.into_iter().find(|(column, found)| !same(&stated[&column.key], found))
            {
                let (name, key, stated) = (part.name, &column.key, &stated[&column.key]);
                let found = match found {
                    Cell::Text(words) => words.clone(),
                    Cell::Number(number) => number.to_string(),
                    Cell::Missing => "nothing".to_owned(),
                };
                return Err(self.wrong(format!(
                    "its {name} are not those of its solution: {key} is {stated}, not {found}"
                )));
            }
        }
        Ok(())
    }

    /// The claims by position.
    fn solution(&self, question: &Question) -> Result<Solution, Failure> {
        let mut notes = self.json["notes"].as_array().into_iter().flatten();
        if notes.any(|note| note["code"] == "left_out_by_top") {
            return Err(Failure::new(format!(
                "{} was written with --top, which leaves out centres: write it again without",
                self.path
            )));
        }
        let siting = &question.siting;
        let positions = |ids: &[String]| -> HashMap<String, usize> {
            ids.iter().cloned().enumerate().map(|(at, id)| (id, at)).collect()
        };
        let (sites, customers) = (positions(&siting.sites), positions(&siting.customers));
        let find = |known: &HashMap<String, usize>, row: &Value, key: &str| {
            row[key]
                .as_str()
                .and_then(|id| known.get(id))
                .copied()
                .ok_or_else(|| self.wrong(format!("{} is no {key} of the data", row[key])))
        };
        let rows = |part: &str| self.json[part].as_array().cloned().unwrap_or_default();
        let mut open = Vec::new();
        for row in &rows("rows") {
            open.push(find(&sites, row, "site")?);
        }
        open.sort_unstable();
        let mut assignment = vec![usize::MAX; customers.len()];
        for row in &rows("served") {
            assignment[find(&customers, row, "customer")?] = find(&sites, row, "site")?;
        }
        let mut multipliers = vec![f64::NAN; customers.len()];
        for row in &rows("certificate") {
            let multiplier = row["multiplier"].as_f64().unwrap_or(f64::NAN);
            multipliers[find(&customers, row, "customer")?] = multiplier;
        }
        let tree = match &self.json["solution"]["tree"] {
            Value::Null => Vec::new(),
            tree => Vec::deserialize(tree)
                .map_err(|error| self.wrong(format!("solution.tree: {error}")))?,
        };
        let summary = &self.json["summary"];
        let number = |name: &str| {
            summary[name].as_f64().ok_or_else(|| self.wrong(format!("its summary has no {name}")))
        };
        let proof = match summary["proof"].as_str() {
            Some("certificate") => Proof::Certificate,
            Some("tree") => Proof::Tree,
            Some("search") => Proof::Search,
            _ => Proof::Open,
        };
        let objective = number("objective")?;
        let bound = number("bound")?;
        // Percent in the answer; the gap itself is that of objective and bound.
        let gap = if number("gap")? == 0.0 { 0.0 } else { (objective - bound) / objective };
        Ok(Solution {
            open,
            assignment,
            objective,
            bound,
            gap,
            status: Status::Optimal { gap },
            certified_bound: number("certified_bound")?,
            proof,
            certificate: Certificate { multipliers, tree, value: number("certificate_value")? },
            resolution: number("resolution")?,
            // Told, not claimed.
            iterations: summary["iterations"].as_u64().unwrap_or(0) as usize,
            nodes: summary["nodes"].as_u64().unwrap_or(0) as usize,
            notes: Vec::new(),
        })
    }
}

/// Whether a number or word of JSON is that of a cell.
fn same(stated: &Value, found: &Cell) -> bool {
    match found {
        Cell::Text(words) => stated.as_str() == Some(words),
        Cell::Number(number) => stated.as_f64() == Some(*number),
        Cell::Missing => stated.is_null(),
    }
}

/// A rejection with ids in place of positions.
fn said(rejection: &Rejection, question: &Question) -> String {
    let site = |at: usize| question.siting.sites.get(at).map_or("?", String::as_str);
    match rejection {
        Rejection::Open { site: at, fault } => format!("the open site {} {fault}", site(*at)),
        Rejection::Assignment { customer, site: at, fault } => {
            let customer = question.siting.customers.get(*customer).map_or("?", String::as_str);
            format!("{customer} is served from {}, which is {fault}", site(*at))
        }
        other => other.to_string(),
    }
}
