//! The set covering under rules, as the search for several plans sees it.
//!
//! The covering kernel knows no rules, but is quick: its cheapest cover bounds that under rules from
//! below, and often obeys. Only where it does not the p-median under rules is asked.

use super::covering::{Cheapest, cheapest};
use super::instance::{Instance, SiteState};
use super::kernel_median::Sums;
use super::plans::{Choice, Found, Kernel, Part};
use super::rule_system::System;
use super::ruled_covering::SetCoverQuestion;
use super::rules::RuleError;

/// A set covering under rules.
pub(crate) struct Covers {
    sums: Sums,
    instance: Instance,
    radius: f64,
    opening: Vec<f64>,
}

impl Covers {
    pub(crate) fn new(
        instance: &Instance,
        radius: f64,
        question: &SetCoverQuestion,
    ) -> Result<Self, RuleError> {
        let SetCoverQuestion { rules, kept_cost, most, .. } = question;
        let sums = Sums::new(&question.instance, rules, *most, *kept_cost)?;
        Ok(Self { sums, instance: instance.clone(), radius, opening: rules.opening.clone() })
    }
}

impl Kernel for Covers {
    fn states(&self) -> &[SiteState] {
        self.sums.states()
    }

    fn system(&self) -> &System {
        self.sums.system()
    }

    fn cost(&self, open: &[usize]) -> f64 {
        self.sums.cost(open)
    }

    fn resolution(&self, cost: f64) -> f64 {
        self.sums.resolution(cost)
    }

    fn search(&self, part: &Part<'_>) -> Found {
        let instance = self.instance.with_states(part.states);
        let Cheapest { cover, bound } = cheapest(&instance, self.radius, &self.opening, part.most);
        let near = self.resolution(part.most);
        if bound > part.most + near {
            return Found::nothing();
        }
        let (low, high) = part.sizes;
        let system = self.system().sized((low, high));
        let plan = cover.filter(|open| system.allows(open));
        let plan = plan.map(|open| Choice { cost: self.cost(&open), open });
        if let Some(plan) = plan.filter(|plan| plan.cost <= bound + near) {
            return Found { bound: plan.cost, plan: Some(plan) };
        }
        let floor = part.floor.max(bound);
        let found = self.sums.search(&Part { floor, ..*part });
        Found { bound: found.bound.max(bound), ..found }
    }
}
