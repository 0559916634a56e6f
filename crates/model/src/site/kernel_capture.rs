//! Capture under rules, as the search for several plans sees it: what is captured counts as minus
//! a cost.

use super::capture::Options;
use super::capture_bound::Scaled;
use super::capture_ruled::{self, Asked};
use super::instance::SiteState;
use super::market::Market;
use super::plans::{Choice, Found, Kernel, Part};
use super::rule_system::System;
use super::rules::{RuleError, Rules};

/// A market under rules.
pub(crate) struct Captures {
    market: Market,
    system: System,
    scaled: Scaled,
    max_nodes: usize,
}

impl Captures {
    pub(crate) fn new(market: &Market, rules: &Rules) -> Result<Self, RuleError> {
        let system = capture_ruled::system(market, rules)?;
        market.check(system.high)?;
        let (market, scaled) = (market.clone(), Scaled::new(market));
        Ok(Self { market, system, scaled, max_nodes: Options::default().max_nodes })
    }
}

impl Kernel for Captures {
    fn states(&self) -> &[SiteState] {
        &self.market.states
    }

    fn system(&self) -> &System {
        &self.system
    }

    fn cost(&self, open: &[usize]) -> f64 {
        -self.market.capture(open)
    }

    fn resolution(&self, cost: f64) -> f64 {
        8.0 * self.scaled.rounding() * cost.abs()
    }

    fn search(&self, part: &Part<'_>) -> Found {
        let (low, high) = part.sizes;
        let system = self.system.sized((low, high));
        let near = self.resolution(self.scaled.kept + part.most.abs().min(1e300));
        let (least, enough) = (-part.most - self.scaled.kept, -part.floor - self.scaled.kept);
        let least = if part.most.is_finite() { least - near } else { f64::NEG_INFINITY };
        let asked = Asked {
            scaled: &self.scaled,
            system: &system,
            least,
            enough,
            max_nodes: self.max_nodes,
        };
        let (found, open_bound) = capture_ruled::search(&asked, part.states);
        let plan = found.map(|found| {
            let free = found.best.open.iter().map(|&at| self.scaled.free[at]);
            let mut open: Vec<usize> = free.chain(self.scaled.kept_sites.iter().copied()).collect();
            open.sort_unstable();
            Choice { cost: self.cost(&open), open }
        });
        let plan = plan.filter(|plan| plan.cost <= part.most + self.resolution(plan.cost));
        let missed = -(open_bound + self.scaled.kept);
        let bound = plan.as_ref().map_or(missed, |plan| missed.min(plan.cost));
        Found { plan, bound }
    }
}
