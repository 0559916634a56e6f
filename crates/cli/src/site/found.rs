//! A plan of any problem as people read it: heading, numbers, and what is proven.

use emporion_brief::number;
use emporion_model::outcome::Note;
use emporion_model::site::p_median::Proof;
use emporion_model::site::rules::Rules;
use emporion_model::site::{SiteState, covering, facility, p_center, ruled, ruled_center};
use serde_json::Value;

use super::problems::{Asked, read};
use super::{Service, centres, proof_word, whole};
use crate::answer::{Answer, Show};
use crate::args::SiteProblem;
use crate::failure::Failure;

/// A plan of any problem, and what is proven of it.
pub struct Found {
    /// Heading.
    pub title: String,
    /// Open sites.
    pub open: Vec<usize>,
    /// Who is served from where.
    pub service: Vec<Service>,
    /// What the search has to say.
    pub notes: Vec<Note>,
    /// What the plan costs, as the search for several plans counts it.
    pub cost: f64,
    /// No plan costs less.
    pub cost_bound: f64,
    /// Bound that the certificate alone proves.
    certified: f64,
    lines: Vec<Line>,
    pub proof: Proof,
    gap: f64,
}

/// A number of the summary.
struct Line(&'static str, &'static str, String, Show, f64);

impl Found {
    /// Reads a solution of what was asked.
    pub fn new(asked: &Asked, solution: &Value) -> Result<Self, Failure> {
        let wrong = |reason: String| Failure::new(reason);
        let mut found = match (asked.problem, asked.rules.is_some()) {
            (SiteProblem::PMedian | SiteProblem::Capture, _) => {
                unreachable!("these have answers of their own")
            }
            (SiteProblem::PCenter, false) => {
                let found: p_center::Solution = read(solution).map_err(wrong)?;
                let p_center::Solution { open, assignment, radius, farthest, .. } = found;
                let proof = (found.bound, found.certified_bound, found.gap, found.proof);
                center(asked, (open, assignment, radius, farthest), proof, found.notes)
            }
            (SiteProblem::PCenter, true) => {
                let found: ruled_center::Solution = read(solution).map_err(wrong)?;
                let ruled_center::Solution { open, assignment, radius, farthest, .. } = found;
                let proof = (found.bound, found.certified_bound, found.gap, found.proof);
                center(asked, (open, assignment, radius, farthest), proof, found.notes)
            }
            (SiteProblem::SetCover, false) => {
                let found: covering::SetCover = read(solution).map_err(wrong)?;
                let proof = (found.bound, found.certified_bound, found.gap, found.proof);
                set_cover(asked, (found.open, found.assignment, found.cost), proof, found.notes)
            }
            (SiteProblem::SetCover, true) => {
                let found: ruled::Solution = read(solution).map_err(wrong)?;
                let rules = asked.rules.as_ref();
                let kept = rules.map(|rules| asked.covering(rules)).transpose()?;
                let kept = kept.map_or(0.0, |question| question.kept_cost);
                let cost = found.plan.objective + kept;
                let gap = if found.gap == 0.0 { 0.0 } else { (cost - found.bound - kept) / cost };
                let proof = (found.bound + kept, found.certified_bound + kept, gap, found.proof);
                let nearest = asked.instance.assign(&found.plan.open);
                let plan = (found.plan.open, nearest, cost);
                set_cover(asked, plan, proof, found.notes)
            }
            (SiteProblem::MaxCover, false) => {
                let found: covering::MaxCover = read(solution).map_err(wrong)?;
                let proof = (found.bound, found.certified_bound, found.gap, found.proof);
                max_cover(asked, (found.open, found.assignment), proof, found.notes)
            }
            (SiteProblem::MaxCover, true) => {
                let found: ruled::Solution = read(solution).map_err(wrong)?;
                let total: f64 = asked.instance.weights().iter().sum();
                let (best, reached) = (total - found.bound, total - found.plan.objective);
                let gap = if found.gap == 0.0 { 0.0 } else { (best - reached) / best };
                let proof = (best, total - found.certified_bound, gap, found.proof);
                let nearest = asked.instance.assign(&found.plan.open);
                max_cover(asked, (found.plan.open, nearest), proof, found.notes)
            }
            (SiteProblem::Facility, _) => facilities(read(solution).map_err(wrong)?),
        };
        if let Some(line) = asked.rules.as_ref().and_then(|rules| spent(asked, rules, &found.open))
        {
            let before_bound = found.lines.len().saturating_sub(1);
            found.lines.insert(before_bound, line);
        }
        Ok(found)
    }

    /// Whether the certificate does not prove all that is claimed.
    pub fn by_search(&self) -> bool {
        !self.proof.is_repeatable()
    }

    /// Unit of what plans are compared by.
    pub fn unit(&self) -> &str {
        self.lines.last().map_or("", |line| &line.2)
    }

    /// Writes what is proven into the summary.
    pub fn summarise(&self, answer: &mut Answer) {
        for Line(key, label, unit, show, value) in &self.lines {
            answer.count(key, label, unit, *show, *value);
        }
        let unit = self.unit();
        let label = "of which re-checkable alone";
        answer.count("certified_bound", label, unit, Show::Fitting, self.certified);
        answer.count("gap", "Gap", "percent", Show::Decimals(3), 100.0 * self.gap);
        answer.say("proof", "Proof", proof_word(self.proof));
        let verdict = match self.proof {
            Proof::Certificate | Proof::Tree => {
                "optimal: the certificate proves that no plan is better".to_owned()
            }
            Proof::Search => "optimal, proven by search".to_owned(),
            Proof::Open => {
                format!("not proven optimal: within {:.6} percent of the best", 100.0 * self.gap)
            }
        };
        answer.say("verdict", "Verdict", verdict);
        for note in &self.notes {
            answer.note(note);
        }
    }
}

/// Bound, what of it is certified, gap, and what the bound rests on.
type Proven = (f64, f64, f64, Proof);

fn center(
    asked: &Asked,
    (open, assignment, radius, farthest): (Vec<usize>, Vec<usize>, f64, usize),
    (bound, certified, gap, proof): Proven,
    notes: Vec<Note>,
) -> Found {
    let (one, unit) = (Show::Decimals(1), &asked.unit);
    let far = asked.customers.get(farthest).map_or("?", String::as_str);
    Found {
        title: format!(
            "{}, the farthest customer {far} at {}",
            centres(open.len()),
            plain(radius, unit)
        ),
        lines: vec![
            Line("radius", "Farthest", unit.clone(), one, radius),
            Line("bound", "No plan is below", unit.clone(), one, bound),
        ],
        service: whole(&assignment),
        open,
        notes,
        cost: radius,
        cost_bound: bound,
        certified,
        proof,
        gap,
    }
}

fn set_cover(
    asked: &Asked,
    (open, assignment, cost): (Vec<usize>, Vec<usize>, f64),
    (bound, certified, gap, proof): Proven,
    notes: Vec<Note>,
) -> Found {
    let radius = plain(asked.radius, &asked.unit);
    let what = if asked.opening.is_some() { "cost of opening" } else { "centres" };
    Found {
        title: format!("{} to reach everybody within {radius}", centres(open.len())),
        lines: vec![
            Line("cost", "Cost", what.into(), Show::Fitting, cost),
            Line("bound", "No plan is below", what.into(), Show::Fitting, bound),
        ],
        service: whole(&assignment),
        open,
        notes,
        cost,
        cost_bound: bound,
        certified,
        proof,
        gap,
    }
}

fn max_cover(
    asked: &Asked,
    (open, assignment): (Vec<usize>, Vec<usize>),
    (bound, certified, gap, proof): Proven,
    notes: Vec<Note>,
) -> Found {
    let weights = asked.instance.weights();
    let within = |s: &Service| asked.instance.cost(s.0, s.1) <= asked.radius;
    let service: Vec<Service> = whole(&assignment).into_iter().filter(within).collect();
    let reached = service.iter().map(|s| weights[s.0]).sum::<f64>() + 0.0;
    let total: f64 = weights.iter().sum();
    let (share, demand) = (100.0 * reached / total, asked.weight_unit.clone());
    Found {
        title: format!(
            "{} for {share:.1} percent within {}",
            centres(open.len()),
            plain(asked.radius, &asked.unit)
        ),
        lines: vec![
            Line("reached", "Reached", demand.clone(), Show::Fitting, reached),
            Line("share", "of all", "percent".into(), Show::Decimals(2), share),
            Line("bound", "No plan reaches more than", demand, Show::Fitting, bound),
        ],
        service,
        open,
        notes,
        cost: total - reached,
        cost_bound: total - bound,
        certified,
        proof,
        gap,
    }
}

fn facilities(found: facility::Solution) -> Found {
    let line = |key, label, value| Line(key, label, "cost".to_owned(), Show::Fitting, value);
    Found {
        title: format!("{} at the least cost", centres(found.open.len())),
        lines: vec![
            line("objective", "Total cost", found.objective),
            line("opening_cost", "of opening", found.opening_cost),
            line("service_cost", "of service", found.service_cost),
            line("bound", "No plan is below", found.bound),
        ],
        service: found.service.iter().map(|s| (s.customer, s.site, s.share)).collect(),
        open: found.open,
        notes: found.notes,
        cost: found.objective,
        cost_bound: found.bound,
        certified: found.certified_bound,
        proof: found.proof,
        gap: found.gap,
    }
}

/// What a plan takes of the budget.
fn spent(asked: &Asked, rules: &Rules, open: &[usize]) -> Option<Line> {
    rules.budget?;
    let costs = rules.spending.as_ref().unwrap_or(&rules.opening);
    let new = open.iter().filter(|j| asked.instance.states()[**j] != SiteState::Kept);
    let sum = new.map(|&j| costs[j]).sum::<f64>() + 0.0;
    Some(Line("spent", "Taken of the budget", String::new(), Show::Fitting, sum))
}

fn plain(value: f64, unit: &str) -> String {
    let decimals = if value.fract() == 0.0 { 0 } else { 1 };
    format!("{} {unit}", number::plain(value, Some(decimals))).trim_end().to_owned()
}
