//! Rules held against an instance: refusals, propagation, and plans that obey.
//!
//! Propagation decides what the rules leave no choice about: a group with its most open forbids
//! its other sites; one that needs all it has left opens them; a site that the rest of the budget
//! does not pay is forbidden. A dive opens sites in a given order, propagates after each, and
//! returns on contradictions: complete, if given nodes enough.

use super::instance::{Instance, LARGEST, SiteState, positions};
use super::rules::{Count, RuleError, Rules};
use crate::outcome::InputError;

/// Overspending by this share of the budget is rounding.
pub(crate) const BUDGET_ROUNDING: f64 = 1e-12;
/// Nodes of a dive at most: many times the sites of any instance that the bound can handle.
const DIVE_NODES: usize = 20_000;

/// A group with its quotas within what is possible.
#[derive(Debug, Clone)]
pub(crate) struct Quota {
    name: String,
    pub(crate) sites: Vec<usize>,
    pub(crate) low: usize,
    pub(crate) high: usize,
}

/// Rules ready for use.
#[derive(Debug, Clone)]
pub(crate) struct System {
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// The same before a budget is looked at.
    asked: usize,
    pub(crate) quotas: Vec<Quota>,
    /// f_j where the budget counts it: 0 for kept sites; empty without a budget.
    pub(crate) spending: Vec<f64>,
    /// B with its rounding.
    pub(crate) budget: f64,
}

/// How a dive ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Dive {
    /// Open sites, ascending.
    Plan(Vec<usize>),
    NoPlan,
    Undecided,
}

impl System {
    /// Refuse what cannot mean anything and contradictions that are easily named.
    pub(crate) fn new(instance: &Instance, rules: &Rules) -> Result<Self, RuleError> {
        check_input(instance, rules)?;
        let states = instance.states();
        let (least, available) = instance.feasible_p();
        let p = rules.count.most();
        let (low, high) = match rules.count {
            Count::Exactly(p) => (p, p),
            Count::AtMost(p) => (least, p.min(available)),
        };
        instance.check_p(if low == p { p } else { high })?;
        let quota = |group: &super::rules::Group| Quota {
            name: group.name.clone(),
            sites: group.sites.clone(),
            low: group.at_least,
            high: group.at_most.min(group.sites.len()),
        };
        let counted = |(j, f): (usize, &f64)| if states[j] == SiteState::Kept { 0.0 } else { *f };
        let mut system = Self {
            low,
            high,
            asked: high,
            quotas: rules.groups.iter().map(quota).collect(),
            spending: match rules.budget {
                Some(_) => rules.spent().iter().enumerate().map(counted).collect(),
                None => Vec::new(),
            },
            budget: rules.budget.map_or(f64::INFINITY, |b| b * (1.0 + BUDGET_ROUNDING)),
        };
        system.check_groups(states)?;
        system.check_sizes(states)?;
        if let Some(budget) = rules.budget {
            system.check_budget(states, budget)?;
            system.high = system.high.min(system.payable(states));
        }
        Ok(system)
    }

    fn check_groups(&self, states: &[SiteState]) -> Result<(), RuleError> {
        for quota in &self.quotas {
            let rule = quota.name.clone();
            let (kept, available) =
                (of(&quota.sites, states, SiteState::Kept), open_to(&quota.sites, states));
            if available < quota.low {
                return Err(RuleError::GroupTooSmall { rule, expected: quota.low, available });
            }
            if kept.len() > quota.high {
                return Err(RuleError::KeptExceed { rule, expected: quota.high, kept });
            }
        }
        for a in self.quotas.iter().filter(|a| a.low > 0) {
            let inside = |b: &&Quota| a.sites.iter().all(|j| b.sites.contains(j));
            if let Some(b) = self.quotas.iter().filter(|b| b.high < a.low).find(inside) {
                return Err(RuleError::Opposed {
                    least: a.name.clone(),
                    expected: a.low,
                    most: b.name.clone(),
                    allowed: b.high,
                });
            }
        }
        Ok(())
    }

    /// Hold p against disjoint groups: what they need, and what they allow.
    fn check_sizes(&self, states: &[SiteState]) -> Result<(), RuleError> {
        let kept_in = |quota: &Quota| of(&quota.sites, states, SiteState::Kept).len();
        let missing = |quota: &Quota| quota.low.saturating_sub(kept_in(quota));
        let (rules, missing) = self.disjoint(states.len(), missing);
        let needed = states.iter().filter(|s| **s == SiteState::Kept).count() + missing;
        if needed > self.high {
            return Err(RuleError::TooFewSites { p: self.high, needed, rules });
        }
        let surplus = |quota: &Quota| open_to(&quota.sites, states).saturating_sub(quota.high);
        let (rules, surplus) = self.disjoint(states.len(), surplus);
        let allowed = states.iter().filter(|s| **s != SiteState::Forbidden).count() - surplus;
        if allowed == 0 {
            return Err(RuleError::NothingOpens { rules });
        }
        if allowed < self.low {
            return Err(RuleError::TooManySites { p: self.low, allowed, rules });
        }
        Ok(())
    }

    /// Groups without a site in common, those that count most first, and the sum of their counts.
    fn disjoint(&self, m: usize, count: impl Fn(&Quota) -> usize) -> (Vec<String>, usize) {
        let mut order: Vec<&Quota> = self.quotas.iter().filter(|q| count(q) > 0).collect();
        order.sort_by_key(|quota| std::cmp::Reverse(count(quota)));
        let (mut taken, mut names, mut sum) = (vec![false; m], Vec::new(), 0);
        for quota in order {
            if quota.sites.iter().all(|&j| !taken[j]) {
                quota.sites.iter().for_each(|&j| taken[j] = true);
                names.push(quota.name.clone());
                sum += count(quota);
            }
        }
        (names, sum)
    }

    fn check_budget(&self, states: &[SiteState], budget: f64) -> Result<(), RuleError> {
        let all: Vec<usize> = (0..states.len()).collect();
        let asked = self.quotas.iter().map(|quota| {
            let what = format!("{} of rule \"{}\"", open_sites(quota.low), quota.name);
            (what, &quota.sites, quota.low)
        });
        let in_all = (open_sites(self.low), &all, self.low);
        for (what, sites, low) in std::iter::once(in_all).chain(asked) {
            let missing = low.saturating_sub(of(sites, states, SiteState::Kept).len());
            let needed = self.cheapest(sites, states, missing);
            if needed > self.budget {
                return Err(RuleError::BudgetTooSmall { budget, needed, what });
            }
        }
        Ok(())
    }

    /// How many sites may be open together if the budget pays for the cheapest ones.
    fn payable(&self, states: &[SiteState]) -> usize {
        let all: Vec<usize> = (0..states.len()).collect();
        let mut costs: Vec<f64> =
            of(&all, states, SiteState::Free).iter().map(|&j| self.spending[j]).collect();
        costs.sort_unstable_by(f64::total_cmp);
        // Sums in another order round differently.
        let limit = self.budget * (1.0 + BUDGET_ROUNDING);
        let spent = costs.iter().scan(0.0, |sum, cost| {
            *sum += cost;
            Some(*sum)
        });
        of(&all, states, SiteState::Kept).len() + spent.take_while(|sum| *sum <= limit).count()
    }

    /// Opening costs of the `count` cheapest free sites among these.
    fn cheapest(&self, sites: &[usize], states: &[SiteState], count: usize) -> f64 {
        let mut costs: Vec<f64> =
            of(sites, states, SiteState::Free).iter().map(|&j| self.spending[j]).collect();
        costs.sort_unstable_by(f64::total_cmp);
        costs.iter().take(count).sum()
    }

    /// Decide what the rules leave no choice about; false on a contradiction.
    pub(crate) fn propagate(&self, states: &mut [SiteState]) -> bool {
        loop {
            let mut changed = 0;
            let (mut kept, mut free) = (0, 0);
            for state in states.iter() {
                kept += usize::from(*state == SiteState::Kept);
                free += usize::from(*state == SiteState::Free);
            }
            if kept > self.high || kept + free < self.low {
                return false;
            }
            if free > 0 && (kept == self.high || kept + free == self.low) {
                let full = kept == self.high;
                let to = if full { SiteState::Forbidden } else { SiteState::Kept };
                changed += free;
                states.iter_mut().filter(|s| **s == SiteState::Free).for_each(|s| *s = to);
            }
            for quota in &self.quotas {
                let (mut kept, mut free) = (0, 0);
                for &j in &quota.sites {
                    kept += usize::from(states[j] == SiteState::Kept);
                    free += usize::from(states[j] == SiteState::Free);
                }
                if kept > quota.high || kept + free < quota.low {
                    return false;
                }
                if free > 0 && (kept == quota.high || kept + free == quota.low) {
                    let full = kept == quota.high;
                    let to = if full { SiteState::Forbidden } else { SiteState::Kept };
                    changed += free;
                    for &j in &quota.sites {
                        if states[j] == SiteState::Free {
                            states[j] = to;
                        }
                    }
                }
            }
            match self.propagate_budget(states) {
                Some(count) => changed += count,
                None => return false,
            }
            if changed == 0 {
                return true;
            }
        }
    }

    fn propagate_budget(&self, states: &mut [SiteState]) -> Option<usize> {
        if self.spending.is_empty() {
            return Some(0);
        }
        let kept = states.iter().filter(|s| **s == SiteState::Kept).count();
        let of = |state| {
            let decided = states.iter().zip(&self.spending).filter(move |(s, _)| **s == state);
            decided.map(|(_, cost)| *cost)
        };
        let spent: f64 = of(SiteState::Kept).sum();
        let mut free: Vec<f64> = of(SiteState::Free).collect();
        free.sort_unstable_by(f64::total_cmp);
        // Open what is still missing: the cheapest ones, but for one place that a dearer one takes.
        let missing = self.low.saturating_sub(kept);
        let others: f64 = free.iter().take(missing.saturating_sub(1)).sum();
        let last = if missing > 0 { free.get(missing - 1).copied().unwrap_or(0.0) } else { 0.0 };
        // Sums in another order round differently: leave what is near to the leaf.
        let limit = self.budget * (1.0 + BUDGET_ROUNDING);
        if spent + others + last > limit {
            return None;
        }
        let mut count = 0;
        for (state, cost) in states.iter_mut().zip(&self.spending) {
            if *state == SiteState::Free && spent + others + cost > limit {
                *state = SiteState::Forbidden;
                count += 1;
            }
        }
        Some(count)
    }

    /// Whether these sites, ascending, obey all rules.
    pub(crate) fn allows(&self, open: &[usize]) -> bool {
        let inside = |quota: &Quota| {
            let count = quota.sites.iter().filter(|j| open.binary_search(j).is_ok()).count();
            (quota.low..=quota.high).contains(&count)
        };
        (self.low..=self.high).contains(&open.len())
            && self.quotas.iter().all(inside)
            && self.affordable(open.iter().copied())
    }

    /// Whether the budget pays these sites.
    pub(crate) fn affordable(&self, open: impl Iterator<Item = usize>) -> bool {
        self.spending.is_empty() || open.map(|j| self.spending[j]).sum::<f64>() <= self.budget
    }

    /// A plan that opens sites in this order wherever the rules let it.
    pub(crate) fn dive(&self, states: &[SiteState], order: &[usize]) -> Dive {
        let mut stack = vec![(states.to_vec(), 0)];
        for _ in 0..DIVE_NODES {
            let Some((mut states, mut at)) = stack.pop() else { return Dive::NoPlan };
            if !self.propagate(&mut states) {
                continue;
            }
            while at < order.len() && states[order[at]] != SiteState::Free {
                at += 1;
            }
            if at == order.len() {
                let open: Vec<usize> =
                    (0..states.len()).filter(|&j| states[j] == SiteState::Kept).collect();
                if self.allows(&open) {
                    return Dive::Plan(open);
                }
                continue;
            }
            let mut without = states.clone();
            without[order[at]] = SiteState::Forbidden;
            states[order[at]] = SiteState::Kept;
            stack.push((without, at + 1));
            stack.push((states, at + 1));
        }
        Dive::Undecided
    }

    /// Free sites of groups that lack open ones: where no plan is known, they decide whether there
    /// is any. All free sites if no group does.
    pub(crate) fn wanting(&self, states: &[SiteState]) -> Vec<usize> {
        let lacks = |quota: &&Quota| of(&quota.sites, states, SiteState::Kept).len() < quota.low;
        let groups = self.quotas.iter().filter(lacks);
        let mut sites: Vec<usize> =
            groups.flat_map(|quota| of(&quota.sites, states, SiteState::Free)).collect();
        sites.sort_unstable();
        sites.dedup();
        if sites.is_empty() { positions(states, SiteState::Free) } else { sites }
    }

    /// A site that is free and bears on a rule that these open sites, ascending, break.
    pub(crate) fn site_of_a_broken_rule(
        &self,
        states: &[SiteState],
        cover: &[usize],
    ) -> Option<usize> {
        let free = positions(states, SiteState::Free);
        let inside = |j: &usize| cover.binary_search(j).is_ok();
        for quota in &self.quotas {
            let count = quota.sites.iter().filter(|j| inside(j)).count();
            let bears = |j: &&usize| {
                let lacks = count < quota.low && !inside(j);
                quota.sites.contains(j) && (lacks || count > quota.high && inside(j))
            };
            if let Some(site) = free.iter().find(bears) {
                return Some(*site);
            }
        }
        let short = cover.len() < self.low;
        free.iter().copied().find(|j| inside(j) != short).or(free.first().copied())
    }

    /// The same rules for plans of so many sites.
    pub(crate) fn sized(&self, (low, high): (usize, usize)) -> Self {
        Self { low, high, asked: high, ..self.clone() }
    }

    /// Whether there may be a plan that obeys: false is certain.
    pub(crate) fn has_plan(&self, states: &[SiteState]) -> bool {
        let order: Vec<usize> = (0..states.len()).collect();
        self.dive(states, &order) != Dive::NoPlan
    }

    /// A plan near to a wish: the first `wanted` sites of the order as far as the rules let them
    /// open, then further ones while a rule asks for more. `None`: not found so, without a search.
    pub(crate) fn complete(
        &self,
        states: &[SiteState],
        order: &[usize],
        wanted: usize,
    ) -> Option<Vec<usize>> {
        let mut states = states.to_vec();
        if !self.propagate(&mut states) {
            return None;
        }
        for (rank, &site) in order.iter().enumerate() {
            if states[site] != SiteState::Free {
                continue;
            }
            if rank >= wanted && self.allows(&positions(&states, SiteState::Kept)) {
                break;
            }
            let mut with = states.clone();
            with[site] = SiteState::Kept;
            if self.propagate(&mut with) {
                states = with;
            } else {
                states[site] = SiteState::Forbidden;
                if !self.propagate(&mut states) {
                    return None;
                }
            }
        }
        let open = positions(&states, SiteState::Kept);
        self.allows(&open).then_some(open)
    }

    /// Names of rules that have no plan together, each of them needed for that as far as dives can
    /// tell: rules are left out one by one as long as there is still no plan.
    pub(crate) fn culprits(&self, states: &[SiteState]) -> Vec<String> {
        let order: Vec<usize> = (0..states.len()).collect();
        let mut system = self.clone();
        let mut names = Vec::new();
        let no_plan = |system: &Self| system.dive(states, &order) == Dive::NoPlan;
        for quota in &self.quotas {
            let at = names.len();
            let quota_itself = system.quotas.remove(at);
            if !no_plan(&system) {
                system.quotas.insert(at, quota_itself);
                names.push(quota.name.clone());
            }
        }
        let high = self.asked;
        let without = Self { budget: f64::INFINITY, spending: Vec::new(), high, ..system.clone() };
        if !system.spending.is_empty() {
            if no_plan(&without) {
                system = without;
            } else {
                names.push("budget".to_owned());
            }
        }
        let any = Self { low: 1, high: states.len(), ..system };
        if !no_plan(&any) {
            names.push("p".to_owned());
        }
        names
    }
}

fn of(sites: &[usize], states: &[SiteState], state: SiteState) -> Vec<usize> {
    sites.iter().copied().filter(|&j| states[j] == state).collect()
}

/// How many of these sites may be open.
fn open_to(sites: &[usize], states: &[SiteState]) -> usize {
    sites.iter().filter(|j| states[**j] != SiteState::Forbidden).count()
}

/// `1 open site`, `2 open sites`.
fn open_sites(count: usize) -> String {
    format!("{count} open site{}", if count == 1 { "" } else { "s" })
}

fn check_input(instance: &Instance, rules: &Rules) -> Result<(), InputError> {
    let m = instance.sites();
    for group in &rules.groups {
        let what = format!("sites of rule \"{}\"", group.name);
        if group.sites.is_empty() {
            let remedy = "name the sites, or drop the rule".to_owned();
            return Err(InputError::Empty { what, remedy });
        }
        let mut seen = vec![false; m];
        for &site in &group.sites {
            let (expected, got, remedy) = match seen.get_mut(site) {
                None => {
                    (format!("positions below {m}"), site.to_string(), "positions count from 0")
                }
                Some(true) => {
                    let twice = format!("site {site} twice");
                    ("each site once".to_owned(), twice, "take it off the list once")
                }
                Some(new) => {
                    *new = true;
                    continue;
                }
            };
            let remedy = remedy.to_owned();
            return Err(InputError::Setting { what, expected, got, remedy });
        }
        if group.at_least > group.at_most {
            return Err(InputError::Setting {
                what: format!("rule \"{}\", at most", group.name),
                expected: format!("no less than its at least, {}", group.at_least),
                got: group.at_most.to_string(),
                remedy: "exchange or change the two".to_owned(),
            });
        }
    }
    let fine = |f: &f64| (0.0..=LARGEST).contains(f);
    for (list, needed) in
        [(&rules.opening[..], rules.charged), (rules.spent(), rules.budget.is_some())]
    {
        if list.len() != if needed { m } else { list.len() } {
            let (what, got) = ("opening costs".to_owned(), list.len());
            return Err(InputError::Length { what, expected: m, got });
        }
        if let Some(index) = list.iter().position(|f| !fine(f)) {
            let remedy = "opening costs are finite and not negative; forbid what cannot open";
            let (what, value) = ("opening costs".to_owned(), list[index]);
            return Err(InputError::Value { what, index, value, remedy: remedy.to_owned() });
        }
    }
    match rules.budget {
        Some(budget) if !fine(&budget) => Err(InputError::Setting {
            what: "budget".to_owned(),
            expected: "finite and not negative".to_owned(),
            got: budget.to_string(),
            remedy: "leave it out for no limit".to_owned(),
        }),
        _ => Ok(()),
    }
}
