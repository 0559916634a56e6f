//! Problems other than the p-median: the farthest customer, covering, opening costs and capacities.

use emporion_brief::number;
use emporion_model::outcome::Note;
use emporion_model::site::facility::{self, Facilities};
use emporion_model::site::p_median::{self, Proof};
use emporion_model::site::{Instance, covering, facility_check, p_center};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Question, Service, centres, columns, proof_word, whole};
use crate::answer::{Answer, Show};
use crate::args::{self, SiteProblem};
use crate::data::Data;
use crate::failure::Failure;

/// A plan of any problem, and what is proven of it.
pub struct Found {
    /// Heading.
    pub title: String,
    /// Open sites.
    pub open: Vec<usize>,
    /// Who is served from where.
    pub service: Vec<Service>,
    /// The solution with its certificate, for `--check`.
    pub solution: Value,
    /// What the search has to say.
    pub notes: Vec<Note>,
    /// Bound that the certificate alone proves.
    pub certified: f64,
    lines: Vec<Line>,
    proof: Proof,
    gap: f64,
}

/// A number of the summary.
struct Line(&'static str, &'static str, String, Show, f64);

/// A question with everything that its problem needs.
pub struct Asked {
    problem: SiteProblem,
    instance: Instance,
    p: usize,
    radius: f64,
    opening: Option<Vec<f64>>,
    capacity: Option<Vec<f64>>,
    unit: String,
    customers: Vec<String>,
}

impl Asked {
    /// Reads the columns and numbers that the problem needs.
    pub fn new(
        arguments: &args::Site,
        data: &Data,
        question: &Question,
        p: Option<usize>,
    ) -> Result<Self, Failure> {
        let problem = arguments.problem;
        let needs_number = matches!(problem, SiteProblem::PCenter | SiteProblem::MaxCover);
        let p = match (p, needs_number) {
            (Some(p), true) => p,
            (None, false) => 0,
            (None, true) => {
                return Err(Failure::new(
                    "this problem needs a number of centres: give --add or --p",
                ));
            }
            (Some(_), false) => {
                return Err(Failure::new(
                    "this problem finds the number of centres itself: leave out --add and --p",
                ));
            }
        };
        let covers = matches!(problem, SiteProblem::SetCover | SiteProblem::MaxCover);
        if covers != arguments.radius.is_some() {
            return Err(Failure::new(if covers {
                "covering needs a radius: give --radius in the unit of the costs"
            } else {
                "--radius is for --problem set-cover and max-cover: leave it out"
            }));
        }
        let facilities = problem == SiteProblem::Facility;
        if facilities && arguments.opening.is_none() {
            return Err(Failure::new(
                "facility location needs opening costs: give --opening with a column or a number",
            ));
        }
        if arguments.capacity.is_some() && !facilities {
            return Err(Failure::new("--capacity is for --problem facility: leave it out"));
        }
        let prices = facilities || problem == SiteProblem::SetCover;
        if arguments.opening.is_some() && !prices {
            return Err(Failure::new(
                "--opening is for --problem facility and set-cover: leave it out",
            ));
        }
        let of_sites = |name: &Option<String>| {
            name.as_ref().map(|name| columns::of_sites(arguments, data, question, name)).transpose()
        };
        // The farthest customer is one in distance, whatever the demand.
        let instance = match problem {
            SiteProblem::PCenter => {
                let ones = vec![1.0; question.siting.customers.len()];
                question.siting.instance.clone().weighted(ones)?
            }
            _ => question.siting.instance.clone(),
        };
        Ok(Self {
            problem,
            instance,
            p,
            radius: arguments.radius.unwrap_or_default(),
            opening: of_sites(&arguments.opening)?,
            capacity: of_sites(&arguments.capacity)?,
            unit: question.cost_unit.clone(),
            customers: question.siting.customers.clone(),
        })
    }

    /// Finds the plan.
    pub fn solve(&self, weight_unit: &str) -> Result<Found, Failure> {
        let one = Show::Decimals(1);
        let unit = self.unit.clone();
        match self.problem {
            SiteProblem::PMedian | SiteProblem::Capture => {
                unreachable!("these have answers of their own")
            }
            SiteProblem::PCenter => {
                let found = p_center::solve(&self.instance, self.p, &p_center::Options::default())?;
                let far = &self.customers[found.farthest];
                Ok(Found {
                    title: format!(
                        "{}, the farthest customer {far} at {}",
                        centres(self.p),
                        plain(found.radius, &unit)
                    ),
                    lines: vec![
                        Line("radius", "Farthest", unit.clone(), one, found.radius),
                        Line("bound", "No plan is below", unit, one, found.bound),
                    ],
                    service: whole(&found.assignment),
                    solution: json(&found)?,
                    open: found.open,
                    notes: found.notes,
                    certified: found.certified_bound,
                    proof: found.proof,
                    gap: found.gap,
                })
            }
            SiteProblem::SetCover => {
                let opening = self.opening.as_deref();
                let options = covering::Options::default();
                let found = covering::set_cover(&self.instance, self.radius, opening, &options)
                    .map_err(|error| self.unreachable(&error))?;
                let radius = plain(self.radius, &unit);
                let what = if opening.is_some() { "cost of opening" } else { "centres" };
                Ok(Found {
                    title: format!(
                        "{} to reach everybody within {radius}",
                        centres(found.open.len())
                    ),
                    lines: vec![
                        Line("cost", "Cost", what.into(), Show::Fitting, found.cost),
                        Line("bound", "No plan is below", what.into(), Show::Fitting, found.bound),
                    ],
                    service: whole(&found.assignment),
                    solution: json(&found)?,
                    open: found.open,
                    notes: found.notes,
                    certified: found.certified_bound,
                    proof: found.proof,
                    gap: found.gap,
                })
            }
            SiteProblem::MaxCover => {
                let options = p_median::Options::default();
                let found = covering::max_cover(&self.instance, self.radius, self.p, &options)
                    .map_err(|error| self.unreachable(&error))?;
                let share = 100.0 * found.weight / found.total_weight;
                let reached = |i: usize| found.reached.binary_search(&i).is_ok();
                let demand = weight_unit.to_owned();
                Ok(Found {
                    title: format!(
                        "{} for {share:.1} percent within {}",
                        centres(self.p),
                        plain(self.radius, &unit)
                    ),
                    lines: vec![
                        Line("reached", "Reached", demand.clone(), Show::Fitting, found.weight),
                        Line("share", "of all", "percent".into(), Show::Decimals(2), share),
                        Line(
                            "bound",
                            "No plan reaches more than",
                            demand,
                            Show::Fitting,
                            found.bound,
                        ),
                    ],
                    service: whole(&found.assignment)
                        .into_iter()
                        .filter(|s| reached(s.0))
                        .collect(),
                    solution: json(&found)?,
                    open: found.open,
                    notes: found.notes,
                    certified: found.certified_bound,
                    proof: found.proof,
                    gap: found.gap,
                })
            }
            SiteProblem::Facility => {
                let found = facility::solve(&self.facilities()?, &facility::Options::default())?;
                let money = || "cost".to_owned();
                Ok(Found {
                    title: format!("{} at the least cost", centres(found.open.len())),
                    lines: vec![
                        Line("objective", "Total cost", money(), Show::Fitting, found.objective),
                        Line(
                            "opening_cost",
                            "of opening",
                            money(),
                            Show::Fitting,
                            found.opening_cost,
                        ),
                        Line(
                            "service_cost",
                            "of service",
                            money(),
                            Show::Fitting,
                            found.service_cost,
                        ),
                        Line("bound", "No plan is below", money(), Show::Fitting, found.bound),
                    ],
                    service: found.service.iter().map(|s| (s.customer, s.site, s.share)).collect(),
                    solution: json(&found)?,
                    open: found.open,
                    notes: found.notes,
                    certified: found.certified_bound,
                    proof: found.proof,
                    gap: found.gap,
                })
            }
        }
    }

    /// Proves a written solution again and returns the bound that holds.
    pub fn check(&self, solution: &Value) -> Result<f64, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        match self.problem {
            SiteProblem::PMedian => unreachable!("the p-median has a check of its own"),
            SiteProblem::Capture => Err("capture has no certificate".to_owned()),
            SiteProblem::PCenter => {
                p_center::check(&self.instance, self.p, &read(solution)?).map_err(|e| said(&e))
            }
            SiteProblem::SetCover => {
                let opening = self.opening.as_deref();
                covering::check(&self.instance, self.radius, opening, &read(solution)?)
                    .map_err(|e| said(&e))
            }
            SiteProblem::MaxCover => {
                covering::check_max_cover(&self.instance, self.radius, self.p, &read(solution)?)
                    .map_err(|e| said(&e))
            }
            SiteProblem::Facility => {
                let problem = self.facilities().map_err(|_| "the facilities are refused")?;
                facility_check::check(&problem, &read(solution)?).map_err(|e| said(&e))
            }
        }
    }

    fn facilities(&self) -> Result<Facilities, Failure> {
        let opening = self.opening.clone().unwrap_or_default();
        let problem = Facilities::new(&self.instance, opening)?;
        Ok(match &self.capacity {
            None => problem,
            Some(capacity) => {
                problem.capacitated(self.instance.weights().to_vec(), capacity.clone())?
            }
        })
    }

    /// Customers nobody can reach, by name.
    fn unreachable(&self, error: &covering::CoverError) -> Failure {
        let covering::CoverError::Unreachable { customers, nearest, radius } = error else {
            return Failure::new(error.to_string());
        };
        if nearest.is_infinite() {
            return Failure::new(
                "every site is forbidden, so that nobody can be reached: allow one",
            );
        }
        let named: Vec<&str> =
            customers.iter().take(8).map(|&i| self.customers[i].as_str()).collect();
        let more = if customers.len() > named.len() { ", \u{2026}" } else { "" };
        Failure::new(format!(
            "{} customer(s) farther than {radius} from every site that may be open: {}{more}; the \
             nearest site of {} is at {nearest:.1}: raise --radius, allow more sites, or leave them out",
            customers.len(),
            named.join(", "),
            named[0]
        ))
    }
}

impl Found {
    /// Writes what is proven into the summary.
    pub fn summarise(&self, answer: &mut Answer) {
        for Line(key, label, unit, show, value) in &self.lines {
            answer.count(key, label, unit, *show, *value);
        }
        let unit = self.lines.last().map_or("", |line| &line.2);
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

fn plain(value: f64, unit: &str) -> String {
    let decimals = if value.fract() == 0.0 { 0 } else { 1 };
    format!("{} {unit}", number::plain(value, Some(decimals))).trim_end().to_owned()
}

fn json<T: Serialize>(solution: &T) -> Result<Value, Failure> {
    serde_json::to_value(solution)
        .map_err(|error| Failure::new(format!("the solution cannot be written: {error}")))
}

fn read<T: DeserializeOwned>(solution: &Value) -> Result<T, String> {
    serde_json::from_value(solution.clone()).map_err(|error| format!("its solution: {error}"))
}
