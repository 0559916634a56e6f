//! Problems that are p-medians: the p-median itself, and both coverings written as one.

use super::instance::{Instance, SiteState};
use super::p_median::Options;
use super::plans::{Choice, Found, Kernel, Part};
use super::rule_system::System;
use super::ruled::Plan;
use super::ruled_plan::{Costs, Pool};
use super::ruled_tree::search_part;
use super::rules::{RuleError, Rules};

/// Starts of a part: its plans differ little from those known.
const STARTS: usize = 2;

/// An instance and rules, with their costs as whole numbers.
pub(crate) struct Sums {
    instance: Instance,
    rules: Rules,
    system: System,
    costs: Costs,
    options: Options,
    /// Plans that cost more, kept sites left out, do not do what the problem asks.
    most: f64,
    /// What the kept sites cost.
    kept_cost: f64,
}

impl Sums {
    pub(crate) fn new(
        instance: &Instance,
        rules: &Rules,
        most: f64,
        kept_cost: f64,
    ) -> Result<Self, RuleError> {
        let system = System::new(instance, rules)?;
        // A curve asks for more sites than the rules do.
        let widest = system.sized((system.low, instance.sites()));
        let costs = Costs::new(instance, rules, &widest, f64::INFINITY)?;
        let costs = if most.is_finite() { costs.shared_out() } else { costs };
        let options = Options { starts: STARTS, proof_numbers: 0, ..Options::default() };
        let (instance, rules) = (instance.clone(), rules.clone());
        Ok(Self { instance, rules, system, costs, options, most, kept_cost })
    }
}

impl Kernel for Sums {
    fn states(&self) -> &[SiteState] {
        self.instance.states()
    }

    fn system(&self) -> &System {
        &self.system
    }

    fn cost(&self, open: &[usize]) -> f64 {
        let cost = Plan::new(&self.instance, &self.rules, open.to_vec()).objective;
        if cost <= self.most { cost + self.kept_cost } else { f64::INFINITY }
    }

    fn resolution(&self, _: f64) -> f64 {
        self.costs.resolution
    }

    fn search(&self, part: &Part<'_>) -> Found {
        let most = (part.most - self.kept_cost).min(self.most);
        let pool = Pool::between(part.floor - self.kept_cost, most, &self.costs);
        let system = self.system.sized(part.sizes);
        let (pool, end) = search_part(&self.costs, &system, part.states, &self.options, pool);
        let plan = pool.plans.into_iter().next().and_then(|(_, open)| {
            let cost = self.cost(&open);
            let near = cost.is_finite() && cost <= part.most + self.costs.resolution;
            near.then_some(Choice { open, cost })
        });
        let bound = match (end.open_bound, &plan) {
            (Some(bound), _) => self.costs.bound(bound) + self.kept_cost,
            (None, Some(plan)) => plan.cost,
            (None, None) => f64::INFINITY,
        };
        Found { plan, bound }
    }
}
