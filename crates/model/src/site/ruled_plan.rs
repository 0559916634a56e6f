//! Plans that obey rules: whole-number costs, swaps that stay within the rules, the best few known.
//!
//! Swaps are priced as in [`super::local_search`]; a plan may also open or close a single site
//! where the number of sites is not given.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fixed::{Lists, Scale, Table};
use super::instance::{Instance, SiteState};
use super::rule_system::System;
use super::rules::{RuleError, Rules};

/// Plans whose neighbours are looked at before the tree does the rest.
const SPREAD_PLANS: usize = 300;

/// What a share of an objective may round.
pub(crate) const SHARE_ROUNDING: f64 = 1e-9;

/// Every bound reaches this.
const NOTHING_LEFT: i64 = i64::MIN / 2;

/// Costs as whole numbers, opening costs among them.
#[derive(Debug)]
pub(crate) struct Costs {
    /// All sites of each customer, cheapest first. With charged opening costs they are the list of
    /// one customer more, so that one scale fits both; that customer is never served.
    lists: Arc<Lists>,
    /// All customers of each site.
    by_site: Lists,
    farthest: Vec<i64>,
    /// Value of one step.
    step: f64,
    /// Whether costs are whole without rounding.
    exact: bool,
    pub(crate) customers: usize,
    charged: bool,
    /// How many roundings a plan's value holds at most.
    errors: i64,
    /// Plans that differ by less than this are not told apart.
    pub(crate) unit: i64,
    /// The same in the caller's unit, twice.
    pub(crate) resolution: f64,
    /// No plan costs more.
    pub(crate) ceiling: i64,
    /// Multipliers to start from; empty: those of a plan.
    pub(crate) first: Vec<i64>,
}

impl Costs {
    /// Costs above `cap` are lowered to it: see [`Table::capped`].
    pub(crate) fn new(
        instance: &Instance,
        rules: &Rules,
        system: &System,
        cap: f64,
    ) -> Result<Self, RuleError> {
        let n = instance.customers();
        let with_opening = with_opening(instance, rules)?;
        let table = with_opening.as_ref().unwrap_or(instance);
        let table = Table::complete(table, room(system), cap);
        let errors = (n + system.high + 1) as i64;
        let dearest = if rules.charged { table.farthest[n] * system.high as i64 } else { 0 };
        let unit = if table.exact { table.unit } else { 2 * errors };
        Ok(Self {
            customers: n,
            charged: rules.charged,
            errors,
            unit,
            resolution: if table.exact { 0.0 } else { 2.0 * unit as f64 * table.step },
            ceiling: table.farthest[..n].iter().sum::<i64>() + dearest,
            first: Vec::new(),
            lists: table.lists,
            by_site: table.by_site,
            farthest: table.farthest,
            step: table.step,
            exact: table.exact,
        })
    }

    /// What [`Self::resolution`] is for this question, without the costs.
    pub(crate) fn resolution_of(
        instance: &Instance,
        rules: &Rules,
        system: &System,
    ) -> Result<f64, RuleError> {
        let with_opening = with_opening(instance, rules)?;
        let scale = Scale::new(with_opening.as_ref().unwrap_or(instance), room(system));
        Ok(scale.resolution(instance.customers() + system.high + 1))
    }

    /// Of a covering, where being served costs nothing or too much: start where each customer pays
    /// the least share in a site that serves it.
    pub(crate) fn shared_out(mut self) -> Self {
        let serves = |j: usize| {
            let customers = self.column(j).iter().filter(|cost| **cost == 0).count();
            self.opening(j) / customers.max(1) as i64
        };
        let shares: Vec<i64> = (0..self.sites()).map(serves).collect();
        let first = (0..self.customers).map(|i| {
            let (costs, sites) = self.lists.of(i);
            let near = costs.iter().zip(sites).take_while(|(cost, _)| **cost == 0);
            near.map(|(_, j)| shares[*j as usize]).min().unwrap_or(self.farthest[i])
        });
        self.first = first.collect();
        self
    }

    /// A multiplier in the caller's unit.
    pub(crate) fn money(&self, fixed: i64) -> f64 {
        fixed as f64 * self.step
    }

    pub(crate) fn sites(&self) -> usize {
        self.by_site.rows()
    }

    pub(crate) fn column(&self, site: usize) -> &[i64] {
        &self.by_site.of(site).0[..self.customers]
    }

    /// What opening a site adds to the objective.
    pub(crate) fn opening(&self, site: usize) -> i64 {
        if self.charged { self.by_site.of(site).0[self.customers] } else { 0 }
    }

    pub(crate) fn lists(&self) -> &Arc<Lists> {
        &self.lists
    }

    pub(crate) fn farthest(&self, customer: usize) -> i64 {
        self.farthest[customer]
    }

    /// What lies beyond this share of a value is farther from it, rounding aside.
    pub(crate) fn share(&self, value: i64, share: f64) -> i64 {
        let extra = (value as f64 * share * (1.0 + SHARE_ROUNDING)).min(self.ceiling as f64) as i64;
        extra.max(0).saturating_add(if self.exact { 1 } else { self.unit })
    }

    /// A bound as one in the caller's unit.
    pub(crate) fn bound(&self, fixed: i64) -> f64 {
        if self.exact {
            (fixed + self.unit - 1).div_euclid(self.unit) as f64
        } else {
            ((fixed - self.errors) as f64 * self.step).next_down().max(0.0)
        }
    }
}

/// Prices of rules add as much to each site as costs do.
fn room(system: &System) -> usize {
    2 * system.high * (2 * system.quotas.len() + 4)
}

/// With charged opening costs: the instance with these as the costs of one customer more.
fn with_opening(instance: &Instance, rules: &Rules) -> Result<Option<Instance>, RuleError> {
    if !rules.charged {
        return Ok(None);
    }
    let n = instance.customers();
    let mut costs: Vec<f64> = (0..n).flat_map(|i| instance.row(i).into_owned()).collect();
    costs.extend(charges(instance, rules));
    let weights = instance.weights().iter().copied().chain([1.0]).collect();
    Ok(Some(Instance::new(n + 1, instance.sites(), costs)?.weighted(weights)?))
}

/// f_j where the objective counts it: none for kept sites.
pub(crate) fn charges(instance: &Instance, rules: &Rules) -> Vec<f64> {
    if !rules.charged {
        return vec![0.0; instance.sites()];
    }
    let states = instance.states().iter();
    let charge = |(f, s): (&f64, &SiteState)| if *s == SiteState::Kept { 0.0 } else { *f };
    rules.opening.iter().zip(states).map(charge).collect()
}

/// The best few plans known.
#[derive(Debug)]
pub(crate) struct Pool {
    wanted: usize,
    /// Plans that cost more than the best one by a larger share are of no interest.
    within: Option<f64>,
    ceiling: i64,
    /// A plan that costs no more than this is good enough: nothing else is looked for.
    floor: i64,
    /// Value and open sites, ascending.
    pub(crate) plans: Vec<(i64, Vec<usize>)>,
}

impl Pool {
    pub(crate) fn new(wanted: usize, within: Option<f64>, costs: &Costs) -> Self {
        Self { wanted, within, ceiling: costs.ceiling, floor: i64::MIN, plans: Vec::new() }
    }

    /// One plan that costs no more than `most`; the search may end at one that costs no more than
    /// `floor`. Both in the caller's unit.
    pub(crate) fn between(floor: f64, most: f64, costs: &Costs) -> Self {
        let fixed = |value: f64| (value / costs.step).floor();
        let ceiling = fixed(most).clamp(-1.0, costs.ceiling as f64) as i64;
        let floor = fixed(floor).clamp(-1.0, costs.ceiling as f64) as i64;
        Self { wanted: 1, within: None, ceiling, floor, plans: Vec::new() }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.plans.len() >= self.wanted
    }

    /// The smallest bound that rules out every plan of interest that is not in the pool.
    pub(crate) fn cutoff(&self, costs: &Costs) -> i64 {
        if self.plans.first().is_some_and(|(best, _)| *best <= self.floor) {
            return NOTHING_LEFT;
        }
        let mut cutoff = self.ceiling + 1;
        if let (true, Some((worst, _))) = (self.is_full(), self.plans.last()) {
            cutoff = cutoff.min(worst - costs.unit + 1);
        }
        if let (Some(share), Some((best, _))) = (self.within, self.plans.first()) {
            cutoff = cutoff.min(best.saturating_add(costs.share(*best, share)));
        }
        cutoff
    }

    pub(crate) fn offer(&mut self, value: i64, open: Vec<usize>) {
        if self.is_full() && self.plans.last().is_some_and(|(worst, _)| value >= *worst) {
            return;
        }
        let plan = (value, open);
        if let Err(at) = self.plans.binary_search(&plan) {
            self.plans.insert(at, plan);
            self.plans.truncate(self.wanted);
        }
    }

    /// What a climb aims at.
    pub(crate) fn target(&self, costs: &Costs) -> i64 {
        let worst = self.plans.last().map_or(self.ceiling, |(worst, _)| *worst);
        self.cutoff(costs).min(worst)
    }

    pub(crate) fn wants_one(&self) -> bool {
        self.wanted == 1
    }
}

/// Rules in the shape that swaps ask for.
pub(crate) struct Swaps<'a> {
    costs: &'a Costs,
    system: &'a System,
    kept: Vec<bool>,
    free: Vec<usize>,
    member: Vec<Vec<bool>>,
}

/// Open sites with what a swap needs to know of each customer.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) open: Vec<usize>,
    near: Vec<u32>,
    d1: Vec<i64>,
    pub(crate) d2: Vec<i64>,
    loss: Vec<i64>,
    count: Vec<usize>,
    pub(crate) value: i64,
}

/// Close a slot, open a site, or both.
type Move = (Option<usize>, Option<usize>);

impl<'a> Swaps<'a> {
    pub(crate) fn new(costs: &'a Costs, system: &'a System, states: &[SiteState]) -> Self {
        let member = |sites: &[usize]| {
            let mut member = vec![false; states.len()];
            sites.iter().for_each(|&j| member[j] = true);
            member
        };
        Self {
            costs,
            system,
            kept: states.iter().map(|s| *s == SiteState::Kept).collect(),
            free: (0..states.len()).filter(|&j| states[j] == SiteState::Free).collect(),
            member: system.quotas.iter().map(|quota| member(&quota.sites)).collect(),
        }
    }

    pub(crate) fn plan(&self, mut open: Vec<usize>) -> Plan {
        open.sort_unstable();
        let n = self.costs.customers;
        let (mut near, mut d1, mut d2) = (vec![0; n], vec![i64::MAX; n], vec![i64::MAX; n]);
        for (slot, &site) in open.iter().enumerate() {
            for (i, &d) in self.costs.column(site).iter().enumerate() {
                if d < d1[i] {
                    (d2[i], d1[i], near[i]) = (d1[i], d, slot as u32);
                } else if d < d2[i] {
                    d2[i] = d;
                }
            }
        }
        if open.len() == 1 {
            d2 = (0..n).map(|i| self.costs.farthest(i)).collect();
        }
        let mut loss = vec![0; open.len()];
        (0..n).for_each(|i| loss[near[i] as usize] += d2[i] - d1[i]);
        let opening: i64 = open.iter().map(|&j| self.costs.opening(j)).sum();
        let inside = |member: &Vec<bool>| open.iter().filter(|j| member[**j]).count();
        let count = self.member.iter().map(inside).collect();
        let value = d1.iter().sum::<i64>() + opening;
        Plan { open, near, d1, d2, loss, count, value }
    }

    fn allows(&self, plan: &Plan, (slot, site): Move) -> bool {
        let out = slot.map(|slot| plan.open[slot]);
        if out.is_some_and(|j| self.kept[j]) {
            return false;
        }
        let opens = usize::from(site.is_some());
        let size = plan.open.len() + opens - usize::from(out.is_some());
        if !(self.system.low..=self.system.high).contains(&size) {
            return false;
        }
        let quotas = self.system.quotas.iter().zip(&self.member).zip(&plan.count);
        for ((quota, member), count) in quotas {
            let gained = usize::from(site.is_some_and(|j| member[j]));
            let lost = usize::from(out.is_some_and(|j| member[j]));
            if !(quota.low..=quota.high).contains(&(count + gained - lost)) {
                return false;
            }
        }
        self.system.spending.is_empty() || {
            let stay = plan.open.iter().copied().filter(|j| Some(*j) != out);
            self.system.affordable(stay.chain(site))
        }
    }

    /// Every allowed change of one site or two, with the value it leads to, until `found` says stop.
    fn scan(&self, plan: &Plan, mut found: impl FnMut(Move, i64) -> bool) {
        let mut is_open = vec![false; self.costs.sites()];
        plan.open.iter().for_each(|&j| is_open[j] = true);
        let mut prices = Vec::new();
        let mut offer = |change: Move, value| self.allows(plan, change) && found(change, value);
        for &site in self.free.iter().filter(|j| !is_open[**j]) {
            prices.clone_from(&plan.loss);
            let mut saved = self.costs.opening(site);
            for (i, &d) in self.costs.column(site).iter().enumerate() {
                if d < plan.d2[i] {
                    saved += (d - plan.d1[i]).min(0);
                    prices[plan.near[i] as usize] += d.max(plan.d1[i]) - plan.d2[i];
                }
            }
            if self.system.low < self.system.high && offer((None, Some(site)), plan.value + saved) {
                return;
            }
            for (slot, price) in prices.iter().enumerate() {
                let change = saved + price - self.costs.opening(plan.open[slot]);
                if offer((Some(slot), Some(site)), plan.value + change) {
                    return;
                }
            }
        }
        if self.system.low < self.system.high {
            for (slot, loss) in plan.loss.iter().enumerate() {
                let value = plan.value + loss - self.costs.opening(plan.open[slot]);
                if offer((Some(slot), None), value) {
                    return;
                }
            }
        }
    }

    fn changed(plan: &Plan, (slot, site): Move) -> Vec<usize> {
        let others = plan.open.iter().enumerate().filter(|(at, _)| Some(*at) != slot);
        let mut open: Vec<usize> = others.map(|(_, j)| *j).chain(site).collect();
        open.sort_unstable();
        open
    }

    /// Change one site or two as long as it pays, the first that pays at once.
    pub(crate) fn improve(&self, mut plan: Plan) -> Plan {
        loop {
            let mut better = None;
            self.scan(&plan, |change, value| {
                let pays = value < plan.value;
                if pays {
                    better = Some(change);
                }
                pays
            });
            let Some(change) = better else { return plan };
            plan = self.plan(Self::changed(&plan, change));
        }
    }

    /// Put every plan one change away from the best few among them, until nothing is new or the
    /// limit on plans looked around comes first.
    pub(crate) fn spread(&self, pool: &mut Pool) {
        let mut expanded = BTreeSet::new();
        let new = |pool: &Pool, seen: &BTreeSet<_>| {
            let cutoff = pool.cutoff(self.costs);
            let near = pool.plans.iter().filter(|(value, _)| pool.is_full() || *value < cutoff);
            near.filter(|plan| !seen.contains(*plan)).map(|(_, open)| open.clone()).next()
        };
        while expanded.len() < SPREAD_PLANS
            && let Some(open) = new(pool, &expanded)
        {
            let plan = self.plan(open);
            expanded.insert((plan.value, plan.open.clone()));
            pool.offer(plan.value, plan.open.clone());
            self.scan(&plan, |change, value| {
                if value < pool.cutoff(self.costs) {
                    pool.offer(value, Self::changed(&plan, change));
                }
                false
            });
        }
    }
}
