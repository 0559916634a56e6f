//! Small random questions with rules, and all their plans.

use emporion_model::site::rules::{Count, Rules};
use emporion_model::site::{Instance, SiteState};

/// Repeatable numbers: a linear congruence modulo 2^31.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> f64 {
        self.0 = (self.0 * 1_103_515_245 + 12_345) % (1 << 31);
        self.0 as f64 / f64::from(1_u32 << 31)
    }

    /// A whole number below n.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }
}

/// A small question with rules, many of them without a plan.
pub fn question(seed: u64) -> (Instance, Rules) {
    let mut random = Numbers(seed * 7_919 + 1);
    (0..8).for_each(|_| _ = random.next());
    let (n, m) = (1 + random.below(8), 2 + random.below(7));
    let kind = random.below(3);
    let cost = |random: &mut Numbers| match kind {
        0 => random.below(5) as f64,
        1 => random.below(1000) as f64,
        _ => random.next(),
    };
    let costs = (0..n * m).map(|_| cost(&mut random)).collect();
    let mut instance = Instance::new(n, m, costs).unwrap();
    if random.below(2) == 0 {
        let mut weights: Vec<f64> = (0..n).map(|_| random.below(4) as f64).collect();
        weights[0] = 1.0;
        instance = instance.weighted(weights).unwrap();
    }
    for j in 0..m {
        instance = match random.below(8) {
            0 => instance.keep(&[j]).unwrap(),
            1 => instance.forbid(&[j]).unwrap(),
            _ => instance,
        };
    }
    let p = 1 + random.below(m);
    let count = if random.below(2) == 0 { Count::Exactly(p) } else { Count::AtMost(p) };
    let mut rules = Rules::new(count);
    for g in 0..random.below(4) {
        let share = 0.2 + 0.6 * random.next();
        let sites: Vec<usize> = (0..m).filter(|_| random.next() < share).collect();
        if sites.is_empty() {
            continue;
        }
        let k = random.below(sites.len().min(3) + 1);
        let name = format!("group {g}");
        rules = match random.below(3) {
            0 => rules.at_most(&name, &sites, k),
            1 => rules.at_least(&name, &sites, k),
            _ => rules.not_both(&name, &sites),
        };
    }
    // Quarters add up without rounding.
    let opening: Vec<f64> = (0..m).map(|_| random.below(40) as f64 / 4.0).collect();
    match random.below(4) {
        0 => rules = rules.charge(&opening),
        1 => rules = rules.within_budget(&opening, random.below(40) as f64 / 2.0),
        2 => rules = rules.charge(&opening).within_budget(&opening, random.below(40) as f64 / 2.0),
        _ => {}
    }
    (instance, rules)
}

/// Every plan that obeys, best first: objective and sites, from all subsets.
pub fn all_plans(instance: &Instance, rules: &Rules) -> Vec<(f64, Vec<usize>)> {
    let m = instance.sites();
    let mut plans = Vec::new();
    for set in 1_u32..1 << m {
        let open: Vec<usize> = (0..m).filter(|j| set >> j & 1 == 1).collect();
        let state_fits = (0..m).all(|j| match instance.states()[j] {
            SiteState::Free => true,
            SiteState::Kept => open.contains(&j),
            SiteState::Forbidden => !open.contains(&j),
        });
        let count_fits = match rules.count {
            Count::Exactly(p) => open.len() == p,
            Count::AtMost(p) => open.len() <= p,
        };
        let groups_fit = rules.groups.iter().all(|group| {
            let count = group.sites.iter().filter(|j| open.contains(j)).count();
            group.at_least <= count && count <= group.at_most
        });
        let new = open.iter().filter(|j| instance.states()[**j] != SiteState::Kept);
        let opening: f64 = new.filter_map(|j| rules.opening.get(*j)).sum();
        let budget_fits = rules.budget.is_none_or(|budget| opening <= budget);
        if state_fits && count_fits && groups_fit && budget_fits {
            let nearest = |i| open.iter().map(|&j| instance.cost(i, j)).fold(f64::MAX, f64::min);
            let service: f64 =
                (0..instance.customers()).map(|i| instance.weights()[i] * nearest(i)).sum();
            plans.push((if rules.charged { service + opening } else { service }, open));
        }
    }
    plans.sort_by(|a, b| a.0.total_cmp(&b.0));
    plans
}
