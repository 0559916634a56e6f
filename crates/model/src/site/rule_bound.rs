//! The least sum of site values over all sets that obey the simpler rules.
//!
//! ```text
//! min { Σ_{j∈S} v_j : low ≤ |S| ≤ high, a_g ≤ |S ∩ g| ≤ b_g for groups without a site in common }
//!   ≥ max_{q≥0} min { Σ_{j∈S} (v_j + q f_j) : … } - q B   with a budget
//! ```
//!
//! The first minimum is exact: within a group the cheapest sites come first, and what is optional
//! competes by value alone. Groups that share sites with an earlier one, and whatever else the rules
//! say, are left out, which only lowers it. All sums are rounded down.

use super::down::add_down;
use super::instance::SiteState;
use super::rule_system::System;

/// Prices of a budget that are tried.
const PRICES: usize = 14;

/// The least sum, and a set that attains it without a budget.
#[derive(Debug, Clone)]
pub(crate) struct Least {
    pub(crate) value: f64,
    pub(crate) open: Vec<bool>,
}

/// The least Σ v_j over sets of `low` sites at least that the states allow; `None` if there is none.
pub(crate) fn least(
    system: &System,
    states: &[SiteState],
    low: usize,
    values: &[f64],
) -> Option<Least> {
    let free = least_by_number(system, states, low, values)?;
    if system.spending.is_empty() {
        return Some(free);
    }
    let spent = |least: &Least| -> f64 {
        let open = least.open.iter().zip(&system.spending).filter(|(open, _)| **open);
        open.map(|(_, cost)| *cost).sum()
    };
    if spent(&free) <= system.budget {
        return Some(free);
    }
    let priced = |price: f64| {
        let values = values.iter().zip(&system.spending);
        let values: Vec<f64> =
            values.map(|(v, f)| add_down(*v, (price * f).next_down().max(0.0))).collect();
        let least = least_by_number(system, states, low, &values)?;
        let value = add_down(least.value, -(price * system.budget).next_up());
        Some((spent(&least), Least { value, ..least }))
    };
    let largest = values.iter().map(|v| v.abs()).fold(0.0, f64::max);
    let (mut below, mut above) = (0.0, (largest / system.budget.max(1e-9)).min(1e100));
    let mut best = free;
    for step in 0..PRICES {
        let price = if step == 0 { above } else { 0.5 * (below + above) };
        let (spent, least) = priced(price)?;
        if least.value > best.value {
            best = least;
        }
        if spent > system.budget { below = price } else { above = price }
    }
    Some(best)
}

fn least_by_number(
    system: &System,
    states: &[SiteState],
    low: usize,
    values: &[f64],
) -> Option<Least> {
    let mut open: Vec<bool> = states.iter().map(|s| *s == SiteState::Kept).collect();
    let mut count = open.iter().filter(|open| **open).count();
    let mut grouped = vec![false; states.len()];
    let mut optional = Vec::new();
    let by_value = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]).then(a.cmp(b));
    for quota in &system.quotas {
        if quota.sites.iter().any(|j| grouped[*j]) {
            continue;
        }
        quota.sites.iter().for_each(|&j| grouped[j] = true);
        let kept = quota.sites.iter().filter(|j| states[**j] == SiteState::Kept).count();
        let of_group = quota.sites.iter().copied();
        let mut free: Vec<usize> = of_group.filter(|&j| states[j] == SiteState::Free).collect();
        let needed = quota.low.saturating_sub(kept);
        let most = quota.high.checked_sub(kept)?.min(free.len());
        if needed > most {
            return None;
        }
        free.sort_unstable_by(by_value);
        free[..needed].iter().for_each(|&j| open[j] = true);
        count += needed;
        optional.extend(&free[needed..most]);
    }
    optional.extend((0..states.len()).filter(|&j| states[j] == SiteState::Free && !grouped[j]));
    optional.sort_unstable_by(by_value);
    let low = low.max(system.low);
    let high = system.high.checked_sub(count)?.min(optional.len());
    let pays = optional[..high].partition_point(|j| values[*j] < 0.0);
    let taken = pays.max(low.saturating_sub(count));
    if taken > high {
        return None;
    }
    optional[..taken].iter().for_each(|&j| open[j] = true);
    let chosen = (0..states.len()).filter(|&j| open[j]);
    Some(Least { value: chosen.map(|j| values[j]).fold(0.0, add_down), open })
}

#[cfg(test)]
mod tests {
    use super::super::instance::Instance;
    use super::super::rules::{Count, Rules};
    use super::*;
    use crate::random::SplitMix;

    /// Every set that obeys costs no less than the bound, and without a budget and with groups that
    /// share nothing one costs as much.
    #[test]
    fn no_set_that_obeys_is_below() {
        for seed in 0..400 {
            let mut random = SplitMix::new(seed, 0);
            let mut draw = |most: u64| random.next() % most;
            let m = 3 + draw(5) as usize;
            let values: Vec<f64> = (0..m).map(|_| draw(15) as f64 - 8.0).collect();
            let (from, high) = (draw(m as u64) as usize, 1 + draw(m as u64) as usize);
            let mut rules = Rules::new(Count::AtMost(high));
            rules = rules.group("a", &(0..=from).collect::<Vec<_>>(), 0, 1 + draw(2) as usize);
            if from + 1 < m {
                rules = rules.at_least("b", &(from + 1..m).collect::<Vec<_>>(), 1);
            }
            let budget = draw(2) == 0;
            if budget {
                let spending: Vec<f64> = (0..m).map(|_| draw(6) as f64).collect();
                rules = rules.spending_at_most(&spending, 6.0);
            }
            let instance = Instance::new(1, m, vec![1.0; m]).unwrap();
            let Ok(system) = System::new(&instance, &rules) else { continue };
            let bound = least(&system, instance.states(), 0, &values);
            let sets =
                (1_usize..1 << m).map(|bits| (0..m).filter(|j| bits >> j & 1 == 1).collect());
            let allowed = sets.filter(|open: &Vec<usize>| system.allows(open));
            let sum = |open: Vec<usize>| open.into_iter().map(|j| values[j]).sum::<f64>();
            let best = allowed.map(sum).fold(f64::INFINITY, f64::min);
            let value = bound.map_or(f64::INFINITY, |least| least.value);
            assert!(value <= best, "seed {seed}: {value} > {best}");
            if !budget && best.is_finite() {
                assert!(best - value < 1e-9, "seed {seed}: {value} < {best}");
            }
        }
    }
}
