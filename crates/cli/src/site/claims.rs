//! An answer written by `emporion site --format json`, as read again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use emporion_model::outcome::Status;
use emporion_model::site::certificate::{Certificate, Rejection};
use emporion_model::site::p_median::{Proof, Solution};
use emporion_tables::site_rules::Line;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Question, centres, ruled};
use crate::answer::{Answer, Cell, Part};
use crate::args::{self, Absent, SiteMean, SiteProblem};
use crate::failure::Failure;

/// An answer written by `emporion site --format json`.
pub struct Claims {
    pub path: String,
    pub json: Value,
}

impl Claims {
    pub fn read(path: &Path) -> Result<Self, Failure> {
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

    pub fn wrong(&self, reason: String) -> Failure {
        Failure::new(format!("{} does not hold: {reason}", self.path))
    }

    /// The question that the answer says it answers.
    pub fn arguments(&self, given: &args::Site) -> Result<args::Site, Failure> {
        let options = &self.json["options"];
        let text = |name: &str| options[name].as_str().map(str::to_owned);
        let list = |name: &str| -> Vec<String> {
            let ids = options[name].as_array().into_iter().flatten();
            ids.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let count = |name: &str| match &options[name] {
            Value::Null => Ok(None),
            stated => match stated.as_u64() {
                Some(count) => Ok(Some(count as usize)),
                None => {
                    Err(self.wrong(format!("its option {name}, {stated}, is no number of centres")))
                }
            },
        };
        let problem = text("problem").and_then(|name| SiteProblem::from_str(&name, false).ok());
        let Some(problem) = problem else {
            let stated = &options["problem"];
            return Err(
                self.wrong(format!("its option problem, {stated}, is none of the problems"))
            );
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
            problem,
            radius: options["radius"].as_f64(),
            opening: text("opening"),
            capacity: text("capacity"),
            about: text("about").map(PathBuf::from),
            roads: text("roads").map(PathBuf::from),
            one_way: options["one_way"] == true,
            // Its rules stand in the answer itself.
            rules: text("rules").map(|_| PathBuf::from(&self.path)),
            curve: options["curve"] == true,
            within: options["within"].as_f64(),
            add: count("add")?,
            p: count("p")?,
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
    pub fn rules(&self, asked: &args::Site) -> Result<Vec<Line>, Failure> {
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

    /// Whether the answer has this table.
    pub fn has(&self, table: &str) -> bool {
        self.json[table].is_array()
    }

    /// Whether the answer has proofs of this name.
    pub fn has_proofs(&self, table: &str) -> bool {
        self.json["solution"][table].is_array()
    }

    /// The proofs that a table beside the plan carries.
    pub fn proofs<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<T>, Failure> {
        match &self.json["solution"][table] {
            Value::Null => Err(self.wrong(format!(
                "solution.{table}, the proofs that belong to its tables, is missing: write it again \
                 with emporion site … --format json"
            ))),
            proofs => Vec::deserialize(proofs)
                .map_err(|error| self.wrong(format!("solution.{table}: {error}"))),
        }
    }

    /// Refuses tables and summary that do not show the solution checked, as printed again.
    pub fn shows(&self, again: &Answer, (sites, served): (Part, Part)) -> Result<(), Failure> {
        self.shows_part(&sites, &[])?;
        self.shows_part(&served, &[])?;
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

    /// Refuses a table that is not the one printed again, but for columns that nothing proves. Of the
    /// main table --top leaves rows out.
    pub fn shows_part(&self, part: &Part, unproven: &[&str]) -> Result<(), Failure> {
        let none = Vec::new();
        let stated = self.json[part.name].as_array().unwrap_or(&none);
        let cut = part.name == "rows" && self.json["options"]["top"].is_number();
        let other = || {
            let (name, what) = (part.name, &part.title);
            let what =
                if what.is_empty() { "the chosen sites".to_owned() } else { what.to_lowercase() };
            self.wrong(format!("its table {name} is not that of its solution: {what} differ"))
        };
        if stated.len() != part.rows.len() && !(cut && stated.len() < part.rows.len()) {
            return Err(other());
        }
        for (stated, row) in stated.iter().zip(&part.rows) {
            let known = part.columns.iter().zip(row);
            let known = known.filter(|(column, _)| !unproven.contains(&column.key.as_str()));
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
                    "its table {name} is not that of its solution: {key} is {stated}, not {found}"
                )));
            }
        }
        Ok(())
    }

    /// The claims by position.
    pub fn solution(&self, question: &Question) -> Result<Solution, Failure> {
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
        let open = self.proofs("open")?;
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
pub fn said(rejection: &Rejection, question: &Question) -> String {
    let site = |at: usize| question.siting.sites.get(at).map_or("?", String::as_str);
    match rejection {
        Rejection::Point { p, fault } => {
            format!("curve, with {}: {}", centres(*p), said(fault, question))
        }
        Rejection::Part { part, fault } => {
            format!("part {part} of the plans that are not listed: {}", said(fault, question))
        }
        Rejection::Choice { site: at, fault } => {
            format!("the single choice of {}: {}", site(*at), said(fault, question))
        }
        Rejection::Open { site: at, fault } => format!("the open site {} {fault}", site(*at)),
        Rejection::Assignment { customer, site: at, fault } => {
            let customer = question.siting.customers.get(*customer).map_or("?", String::as_str);
            format!("{customer} is served from {}, which is {fault}", site(*at))
        }
        other => other.to_string(),
    }
}
