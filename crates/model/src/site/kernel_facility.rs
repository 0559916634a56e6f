//! Facility location under rules, as the search for several plans sees it.

use super::facility::{Facilities, Options};
use super::facility_tree::Tree;
use super::instance::SiteState;
use super::plans::{Choice, Found, Kernel, Part};
use super::rule_system::System;
use super::rules::RuleError;
use super::transport::transport;
use crate::outcome::InputError;

/// Facilities under rules.
pub(crate) struct Depots {
    problem: Facilities,
    system: System,
    options: Options,
}

impl Depots {
    pub(crate) fn new(problem: &Facilities) -> Result<Self, RuleError> {
        let Some(system) = problem.system().cloned() else {
            return Err(InputError::Setting {
                what: "rules of the facilities".to_owned(),
                expected: "some, if only a number of sites".to_owned(),
                got: "none".to_owned(),
                remedy: "put them under rules first".to_owned(),
            }
            .into());
        };
        let options = Options { max_certificate: 0, ..Options::default() };
        Ok(Self { problem: problem.clone(), system, options })
    }
}

impl Kernel for Depots {
    fn states(&self) -> &[SiteState] {
        self.problem.states()
    }

    fn system(&self) -> &System {
        &self.system
    }

    fn cost(&self, open: &[usize]) -> f64 {
        let opening: f64 = open.iter().map(|&j| self.problem.opening(j)).sum();
        transport(&self.problem, open).map_or(f64::INFINITY, |plan| opening + plan.cost)
    }

    fn resolution(&self, cost: f64) -> f64 {
        self.problem.resolution(cost)
    }

    fn search(&self, part: &Part<'_>) -> Found {
        let problem = self.problem.part(part.states, part.sizes);
        let outcome = Tree::search(&problem, &self.options, (part.floor, part.most));
        let found = outcome.found.map(|found| found.open);
        let plan = found.map(|open| Choice { cost: self.cost(&open), open });
        let near = |plan: &Choice| plan.cost <= part.most + self.resolution(plan.cost);
        let plan = plan.filter(near);
        let bound = match &plan {
            Some(plan) => plan.cost.min(outcome.open_bound),
            None => outcome.open_bound,
        };
        Found { plan, bound }
    }
}
