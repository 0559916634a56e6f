//! Problems other than the p-median: the farthest customer, covering, opening costs and capacities.

use emporion_model::outcome::InputError;
use emporion_model::site::facility::{self, Facilities};
use emporion_model::site::p_median::Options;
use emporion_model::site::plans::Question as Several;
use emporion_model::site::ruled_covering::{self, RuledCoverError, SetCoverQuestion};
use emporion_model::site::rules::{RuleError, Rules};
use emporion_model::site::{Instance, covering, facility_check, p_center, ruled, ruled_center};
use emporion_tables::site_rules::Line;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::found::Found;
use super::names::{refused, said};
use super::several::Best;
use super::{Question, columns, ruled as in_words, written};
use crate::args::{self, SiteProblem};
use crate::data::Data;
use crate::failure::Failure;

/// A question with everything that its problem needs.
#[derive(Clone)]
pub struct Asked {
    pub(super) problem: SiteProblem,
    pub(super) instance: Instance,
    /// How many centres in all, if the user says.
    pub(super) p: Option<usize>,
    pub(super) radius: f64,
    pub(super) opening: Option<Vec<f64>>,
    capacity: Option<Vec<f64>>,
    pub(super) unit: String,
    pub(super) weight_unit: String,
    pub(super) customers: Vec<String>,
    sites: Vec<String>,
    /// `None` without a file of rules.
    pub(super) rules: Option<Rules>,
}

impl Asked {
    /// Reads the columns and numbers that the problem needs, and the rules if there are any.
    pub fn new(
        arguments: &args::Site,
        data: &Data,
        question: &Question,
        lines: Option<&[Line]>,
        p: Option<usize>,
    ) -> Result<Self, Failure> {
        let problem = arguments.problem;
        refuse_foreign(arguments, in_words::has_budget(lines.unwrap_or_default()), p)?;
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
        let opening = of_sites(&arguments.opening)?;
        let rules = lines.map(|lines| {
            let count = in_words::count(lines, question, p.filter(|_| needs_number(problem)));
            let count = count.unwrap_or_else(|| in_words::any_number(question));
            in_words::rules(lines, arguments, data, question, count, opening.as_deref())
        });
        Ok(Self {
            problem,
            instance,
            p,
            radius: arguments.radius.unwrap_or_default(),
            opening,
            capacity: of_sites(&arguments.capacity)?,
            unit: question.cost_unit.clone(),
            weight_unit: question.weight_unit.replace('_', " "),
            customers: question.siting.customers.clone(),
            sites: question.siting.sites.clone(),
            rules: rules.transpose()?,
        })
    }

    /// Finds the plan: the solution with its certificate, for `--check`.
    pub fn solve(&self) -> Result<Value, Failure> {
        self.found().map_err(|unsolved| self.named(unsolved))
    }

    /// The best plan with exactly so many centres, with its certificate; none if the rules have no such
    /// plan.
    pub fn best_of(&self, p: usize) -> Result<Option<Best>, Failure> {
        let asked = self.with_number(p);
        let solution = match asked.found() {
            Ok(solution) => solution,
            Err(Unsolved::NoPlan(_)) => return Ok(None),
            Err(unsolved) => return Err(self.named(unsolved)),
        };
        let Found { open, cost_bound: bound, proof, .. } = asked.shown(&solution)?;
        Ok(Some(Best::new((open, bound), proof, solution)))
    }

    /// Proves the best plan of some number of centres again.
    pub fn prove(&self, solution: &Value) -> Result<Best, String> {
        let open = solution["open"].as_array().or(solution["plan"]["open"].as_array());
        let asked = self.with_number(open.map_or(0, Vec::len));
        asked.check(solution)?;
        let found = asked.shown(solution).map_err(|_| "its solution cannot be shown")?;
        let Found { open, cost_bound: bound, proof, .. } = found;
        Ok(Best::new((open, bound), proof, Value::Null))
    }

    /// The same question with another number of centres.
    pub fn with_number(&self, p: usize) -> Self {
        let rules = self.rules.as_ref().map(|rules| in_words::with_number(rules, p));
        Self { p: Some(p), rules, ..self.clone() }
    }

    /// Whether a plan with a given number of centres has a certificate.
    pub fn has_number(&self) -> bool {
        needs_number(self.problem)
    }

    fn named(&self, unsolved: Unsolved) -> Failure {
        match unsolved {
            Unsolved::NoPlan(error) => said(&error, &self.sites),
            Unsolved::Refused(failure) => failure,
        }
    }

    /// The solution as it travels with the answer.
    fn found(&self) -> Result<Value, Unsolved> {
        let (instance, radius, options) = (&self.instance, self.radius, Options::default());
        let opening = self.opening.as_deref();
        let unreachable = |error: covering::CoverError| Unsolved::from(self.unreachable(&error));
        Ok(match (&self.rules, self.problem) {
            (_, SiteProblem::PMedian | SiteProblem::Capture) => {
                unreachable!("these have answers of their own")
            }
            (None, SiteProblem::PCenter) => {
                let options = p_center::Options::default();
                written(&p_center::solve(instance, self.number(), &options)?)?
            }
            (Some(rules), SiteProblem::PCenter) => written(&ruled_center::solve(instance, rules)?)?,
            (None, SiteProblem::SetCover) => {
                let options = covering::Options::default();
                let found = covering::set_cover(instance, radius, opening, &options);
                written(&found.map_err(unreachable)?)?
            }
            (Some(rules), SiteProblem::SetCover) => {
                let found = ruled_covering::set_cover(instance, radius, opening, rules, &options);
                written(&found.map_err(|error| match error {
                    RuledCoverError::Rule(error) => Unsolved::from(error),
                    RuledCoverError::Cover(error) => unreachable(error),
                    other => Failure::new(other.to_string()).into(),
                })?)?
            }
            (None, SiteProblem::MaxCover) => {
                let found = covering::max_cover(instance, radius, self.number(), &options);
                written(&found.map_err(unreachable)?)?
            }
            (Some(rules), SiteProblem::MaxCover) => {
                written(&ruled::solve(&self.missed()?, rules, &options)?)?
            }
            (None, SiteProblem::Facility) => {
                written(&facility::solve(&self.facilities()?, &facility::Options::default())?)?
            }
            (Some(_), SiteProblem::Facility) => {
                let options = facility::Options::default();
                written(&facility::solve_ruled(&self.facilities()?, &options)?)?
            }
        })
    }

    /// Proves a written solution again and returns the bound that holds, as it is stated.
    pub fn check(&self, solution: &Value) -> Result<f64, String> {
        fn text(error: impl std::fmt::Display) -> String {
            error.to_string()
        }
        match (&self.rules, self.problem) {
            (_, SiteProblem::PMedian) => unreachable!("the p-median has a check of its own"),
            (_, SiteProblem::Capture) => Err("capture has no certificate".to_owned()),
            (None, SiteProblem::PCenter) => {
                p_center::check(&self.instance, self.number(), &read(solution)?).map_err(text)
            }
            (Some(rules), SiteProblem::PCenter) => {
                ruled_center::check(&self.instance, rules, &read(solution)?).map_err(text)
            }
            (None, SiteProblem::SetCover) => {
                let opening = self.opening.as_deref();
                covering::check(&self.instance, self.radius, opening, &read(solution)?)
                    .map_err(text)
            }
            (Some(rules), SiteProblem::SetCover) => {
                let SetCoverQuestion { instance, rules, most, .. } =
                    self.covering(rules).map_err(|_| "the covering is refused")?;
                let found: ruled::Solution = read(solution)?;
                if found.plan.service > 0.0 || found.plan.objective > most {
                    return Err("the plan leaves a customer beyond the radius".to_owned());
                }
                let checked = ruled::check(&instance, &rules, &found).map_err(text)?;
                Ok(checked.certified_bound)
            }
            (None, SiteProblem::MaxCover) => {
                let (radius, p) = (self.radius, self.number());
                covering::check_max_cover(&self.instance, radius, p, &read(solution)?).map_err(text)
            }
            (Some(rules), SiteProblem::MaxCover) => {
                let missed = self.missed().map_err(|_| "the covering is refused")?;
                let checked = ruled::check(&missed, rules, &read(solution)?).map_err(text)?;
                Ok(checked.certified_bound)
            }
            (_, SiteProblem::Facility) => {
                let problem = self.facilities().map_err(|_| "the facilities are refused")?;
                facility_check::check(&problem, &read(solution)?).map_err(text)
            }
        }
    }

    /// Heading, tables and summary of a solution.
    pub fn shown(&self, solution: &Value) -> Result<Found, Failure> {
        Found::new(self, solution)
    }

    /// The same question, to be asked for several plans.
    pub fn several(&self, question: &Question) -> Result<Several, Failure> {
        let number = self.p.filter(|_| needs_number(self.problem));
        let without = Rules::new(match number {
            Some(p) => emporion_model::site::rules::Count::Exactly(p),
            None => in_words::any_number(question),
        });
        let rules = self.rules.as_ref().unwrap_or(&without);
        match self.problem {
            SiteProblem::PMedian | SiteProblem::Capture => {
                unreachable!("these have answers of their own")
            }
            SiteProblem::PCenter => Several::p_center(&self.instance, rules),
            SiteProblem::SetCover => {
                let opening = self.opening.as_deref();
                Several::set_cover(&self.instance, self.radius, opening, rules)
            }
            SiteProblem::MaxCover => Several::max_cover(&self.instance, self.radius, rules),
            SiteProblem::Facility => {
                let problem = self.plain_facilities()?.under(&self.instance, rules);
                problem.and_then(|problem| Several::facility(&problem))
            }
        }
        .map_err(|e| said(&e, &self.sites))
    }

    /// Costs that the plan sums by the weights of the customers, if it does.
    pub fn weighed(&self) -> Result<Option<Instance>, Failure> {
        Ok(match self.problem {
            SiteProblem::Facility => Some(self.instance.clone()),
            SiteProblem::MaxCover => Some(self.missed()?),
            _ => None,
        })
    }

    /// p, where the problem needs it.
    fn number(&self) -> usize {
        self.p.unwrap_or_default()
    }

    /// The maximal covering as a p-median.
    fn missed(&self) -> Result<Instance, Failure> {
        Ok(ruled_covering::max_cover_question(&self.instance, self.radius)?)
    }

    /// The set covering as a p-median.
    pub(super) fn covering(&self, rules: &Rules) -> Result<SetCoverQuestion, Failure> {
        let opening = self.opening.as_deref();
        ruled_covering::set_cover_question(&self.instance, self.radius, opening, rules)
            .map_err(|e| said(&e, &self.sites))
    }

    fn facilities(&self) -> Result<Facilities, Failure> {
        let problem = self.plain_facilities()?;
        match &self.rules {
            None => Ok(problem),
            Some(rules) => problem.under(&self.instance, rules).map_err(|e| said(&e, &self.sites)),
        }
    }

    fn plain_facilities(&self) -> Result<Facilities, Failure> {
        let opening = self.opening.clone().unwrap_or_default();
        let named = |error: InputError| refused(&error, &self.sites, &self.customers);
        let problem = Facilities::new(&self.instance, opening).map_err(named)?;
        Ok(match &self.capacity {
            None => problem,
            Some(capacity) => {
                let demand = self.instance.weights().to_vec();
                problem.capacitated(demand, capacity.clone()).map_err(named)?
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
            "{} customer{} farther than {radius} from every site that may be open: {}{more}; the \
             nearest site of {} is at {nearest:.1}: raise --radius, allow more sites, or leave them out",
            customers.len(),
            if customers.len() == 1 { "" } else { "s" },
            named.join(", "),
            named[0]
        ))
    }
}

/// Whether the number of centres is given, not found.
fn needs_number(problem: SiteProblem) -> bool {
    matches!(problem, SiteProblem::PCenter | SiteProblem::MaxCover)
}

/// Refuses what means nothing to the problem, and asks for what it lacks.
fn refuse_foreign(arguments: &args::Site, budget: bool, p: Option<usize>) -> Result<(), Failure> {
    let problem = arguments.problem;
    let refuse = |words: &str| Err(Failure::new(words));
    if p.is_none() && needs_number(problem) && !budget {
        return refuse(
            "this problem needs a number of centres: give --add or --p; only a budget in the rules \
             finds it itself",
        );
    }
    let last_of_curve = problem == SiteProblem::Facility && arguments.curve;
    if p.is_some() && !needs_number(problem) && !last_of_curve {
        return refuse("this problem finds the number of centres itself: leave out --add and --p");
    }
    if problem == SiteProblem::SetCover && arguments.curve {
        return refuse(
            "--curve means nothing to set-cover, which finds the number of centres for its radius: \
             take --problem max-cover with --radius for what fewer centres reach",
        );
    }
    let covers = matches!(problem, SiteProblem::SetCover | SiteProblem::MaxCover);
    if covers != arguments.radius.is_some() {
        return refuse(if covers {
            "covering needs a radius: give --radius in the unit of the costs"
        } else {
            "--radius is for --problem set-cover and max-cover: leave it out"
        });
    }
    let facilities = problem == SiteProblem::Facility;
    if facilities && arguments.opening.is_none() {
        return refuse(
            "facility location needs opening costs: give --opening with a column or a number",
        );
    }
    if arguments.capacity.is_some() && !facilities {
        return refuse("--capacity is for --problem facility: leave it out");
    }
    let prices = facilities || problem == SiteProblem::SetCover;
    if arguments.opening.is_some() && !prices {
        return refuse("--opening is for --problem facility and set-cover: leave it out");
    }
    Ok(())
}

/// Why there is no solution.
enum Unsolved {
    /// The rules leave none, or none was found.
    NoPlan(RuleError),
    /// The question is refused.
    Refused(Failure),
}

impl From<RuleError> for Unsolved {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Input(error) => Self::Refused(error.into()),
            other => Self::NoPlan(other),
        }
    }
}

impl From<InputError> for Unsolved {
    fn from(error: InputError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Failure> for Unsolved {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

pub(super) fn read<T: DeserializeOwned>(solution: &Value) -> Result<T, String> {
    serde_json::from_value(solution.clone()).map_err(|error| format!("its solution: {error}"))
}
