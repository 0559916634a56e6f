//! The set covering under rules, as the search for several plans sees it.
//!
//! The covering kernel knows no rules, but is quick: its cheapest cover bounds that under rules from
//! below, and often obeys. Where it breaks one, a site of that rule is decided either way. Only where
//! that takes too many parts the p-median under rules is asked.

use super::covering::{Cheapest, cheapest};
use super::instance::{Instance, SiteState, positions};
use super::kernel_median::Sums;
use super::plans::{Choice, Found, Kernel, Part};
use super::rule_system::System;
use super::ruled_covering::SetCoverQuestion;
use super::rules::RuleError;

/// Parts that the covering kernel is asked for.
const NODES: usize = 1_000;

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
        let system = self.system().sized(part.sizes);
        let near = self.resolution(part.most);
        let mut search = Search { covers: self, system: &system, best: None, open: f64::INFINITY };
        let mut waiting = vec![(f64::NEG_INFINITY, part.states.to_vec())];
        for _ in 0..NODES {
            let least = |(at, (bound, _)): (usize, &(f64, Vec<SiteState>))| (*bound, at);
            let order =
                |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1));
            let Some((bound, at)) = waiting.iter().enumerate().map(least).min_by(order) else {
                return search.ended(part, near);
            };
            let enough = search
                .best
                .as_ref()
                .is_some_and(|best| best.cost <= bound + near || best.cost <= part.floor);
            if enough {
                return search.ended(part, near);
            }
            let (_, states) = waiting.swap_remove(at);
            waiting.extend(search.visit(states, part.most));
        }
        // The rules bind too often for this.
        let bound = waiting.iter().map(|(bound, _)| *bound).fold(search.open, f64::min);
        let floor = part.floor.max(bound);
        let found = self.sums.search(&Part { floor, ..*part });
        Found { bound: found.bound.max(bound), ..found }
    }
}

/// A search for the cheapest cover that obeys.
struct Search<'a> {
    covers: &'a Covers,
    system: &'a System,
    best: Option<Choice>,
    /// No plan costs less of those that a search cut short may have missed.
    open: f64,
}

impl Search<'_> {
    fn ended(self, part: &Part<'_>, near: f64) -> Found {
        match self.best.filter(|best| best.cost <= part.most + near) {
            Some(best) => Found { bound: best.cost.min(self.open), plan: Some(best) },
            None => Found { plan: None, bound: self.open },
        }
    }

    /// The cheapest cover of a part: it obeys, or one of its sites is decided either way.
    fn visit(&mut self, mut states: Vec<SiteState>, most: f64) -> Vec<(f64, Vec<SiteState>)> {
        if !self.system.propagate(&mut states) {
            return Vec::new();
        }
        let Covers { instance, radius, opening, .. } = self.covers;
        let most = self.best.as_ref().map_or(most, |best| best.cost.min(most));
        let Cheapest { cover, bound, proven } =
            cheapest(&instance.with_states(&states), *radius, opening, most);
        let Some(cover) = cover else {
            self.open = self.open.min(bound);
            return Vec::new();
        };
        if self.system.allows(&cover) {
            if !proven {
                self.open = self.open.min(bound);
            }
            self.offer(cover);
            return Vec::new();
        }
        self.mend(&states, &cover);
        let Some(site) = self.system.site_of_a_broken_rule(&states, &cover) else {
            return Vec::new();
        };
        let child = |state| {
            let mut states = states.clone();
            states[site] = state;
            (bound, states)
        };
        vec![child(SiteState::Kept), child(SiteState::Forbidden)]
    }

    fn offer(&mut self, open: Vec<usize>) {
        let cost = self.covers.cost(&open);
        if cost.is_finite() && self.best.as_ref().is_none_or(|best| cost < best.cost) {
            self.best = Some(Choice { open, cost });
        }
    }

    /// The cover with further sites that a rule asks for.
    fn mend(&mut self, states: &[SiteState], cover: &[usize]) {
        let opening = &self.covers.opening;
        let mut rest: Vec<usize> =
            positions(states, SiteState::Free).into_iter().filter(|j| !cover.contains(j)).collect();
        rest.sort_by(|a, b| opening[*a].total_cmp(&opening[*b]).then(a.cmp(b)));
        let order = [cover, &rest].concat();
        if let Some(open) = self.system.complete(states, &order, cover.len()) {
            self.offer(open);
        }
    }
}
