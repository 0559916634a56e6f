//! Plans under rules: against every subset, against the plain p-median, by hand, and refused.

use emporion_model::outcome::Status;
use emporion_model::site::k_best::{self, End};
use emporion_model::site::p_median::{self, Options};
use emporion_model::site::rules::{Count, RuleError, Rules};
use emporion_model::site::{Instance, SiteState, ruled};

/// Sums of some ten products in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

/// Repeatable numbers: a linear congruence modulo 2^31.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = (self.0 * 1_103_515_245 + 12_345) % (1 << 31);
        self.0 as f64 / f64::from(1_u32 << 31)
    }

    /// A whole number below n.
    fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }
}

/// A small question with rules, many of them without a plan.
fn question(seed: u64) -> (Instance, Rules) {
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
fn all_plans(instance: &Instance, rules: &Rules) -> Vec<(f64, Vec<usize>)> {
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

#[test]
fn the_best_of_all_subsets_is_found_and_proven_or_none_is() {
    let (mut solved, mut refused, mut by_search) = (0, 0, 0);
    for seed in 0..6_000 {
        let (instance, rules) = question(seed);
        let plans = all_plans(&instance, &rules);
        match (plans.first(), ruled::solve(&instance, &rules, &Options::default())) {
            (Some((optimum, _)), Ok(solution)) => {
                let slack = ROUNDING * optimum + solution.resolution;
                let found = &solution.plan;
                assert!((found.objective - optimum).abs() <= slack, "{seed}: {solution:?}");
                assert_eq!(solution.gap, 0.0, "{seed}");
                assert_eq!(solution.status, Status::Optimal { gap: 0.0 });
                assert!(solution.resolution <= 1e-9 * optimum.max(1.0), "{seed}");
                assert!(plans.iter().any(|(_, open)| *open == found.open), "{seed}");
                solved += 1;
            }
            (None, Err(error)) => {
                assert!(!matches!(error, RuleError::Undecided { .. }), "{seed}");
                by_search += usize::from(matches!(error, RuleError::NoPlan { .. }));
                refused += 1;
            }
            (plan, answer) => panic!("{seed}: {plan:?} {answer:?} {rules:?} {instance:?}"),
        }
    }
    assert!(solved > 2_000 && refused > 500 && by_search > 20, "{solved} {refused} {by_search}");
}

#[test]
fn a_search_cut_short_never_claims_more_than_the_optimum() {
    let options = Options { starts: 1, max_iterations: 3, max_nodes: 0, ..Options::default() };
    let short = Options { max_nodes: 2, node_iterations: 1, ..options.clone() };
    for seed in 0..4_000 {
        let (instance, rules) = question(seed);
        let plans = all_plans(&instance, &rules);
        for options in [&options, &short] {
            let Ok(solution) = ruled::solve(&instance, &rules, options) else {
                continue;
            };
            let (optimum, slack) = (plans[0].0, ROUNDING * plans[0].0 + solution.resolution);
            assert!(solution.bound <= optimum + slack, "{seed}");
            assert!(solution.plan.objective >= optimum - slack, "{seed}");
            assert!(solution.gap > 0.0 || solution.plan.objective <= optimum + slack, "{seed}");
        }
    }
}

#[test]
fn the_k_best_of_all_subsets_are_listed_in_order_each_once() {
    let mut ends = [0; 4];
    for seed in 0..3_000 {
        let (instance, rules) = question(seed);
        let plans = all_plans(&instance, &rules);
        let Some((best, _)) = plans.first() else { continue };
        let mut random = Numbers(seed + 77);
        let k = 1 + random.below(12);
        let within = (random.below(2) == 0).then(|| 0.4 * random.next());
        let nodes = if seed % 5 == 0 { 1 } else { 20_000 };
        let options = Options { max_nodes: nodes, ..Options::default() };
        let answer = k_best::solve(&instance, &rules, k, within, &options).unwrap();
        let slack = ROUNDING * plans.last().unwrap().0 + 2.0 * answer.resolution;
        for plan in &answer.plans {
            let same = plans.iter().find(|(_, open)| *open == plan.open).unwrap();
            assert!((same.0 - plan.objective).abs() <= slack, "{seed}");
        }
        let mut sets: Vec<_> = answer.plans.iter().map(|plan| plan.open.clone()).collect();
        let other = plans.iter().find(|(_, open)| !sets.contains(open));
        match (answer.others_at_least, other) {
            (Some(bound), Some((value, _))) => assert!(bound <= value + slack, "{seed}"),
            (None, Some(_)) => panic!("{seed}: a plan is missing"),
            _ => {}
        }
        sets.sort();
        sets.dedup();
        assert_eq!(sets.len(), answer.plans.len(), "{seed}");
        ends[answer.end as usize] += 1;
        if answer.end == End::Open {
            continue;
        }
        assert_eq!((answer.gap, answer.best_gap), (0.0, 0.0), "{seed}");
        let limit = within.map_or(f64::MAX, |share| best * (1.0 + share));
        let near = plans.iter().filter(|plan| plan.0 <= limit + slack).count();
        assert_eq!(answer.plans.len(), k.min(near), "{seed} {:?}", answer.end);
        for (plan, (value, _)) in answer.plans.iter().zip(&plans) {
            assert!((plan.objective - value).abs() <= slack, "{seed}");
        }
        let fits = match answer.end {
            End::Count => answer.plans.len() == k,
            End::Within => within.is_some(),
            _ => answer.plans.len() == plans.len(),
        };
        assert!(fits, "{seed} {:?}", answer.end);
    }
    assert!(ends.iter().all(|count| *count > 5), "{ends:?}");
}

#[test]
fn without_rules_it_is_the_p_median() {
    for seed in 0..400 {
        let (instance, _) = question(seed);
        let (low, high) = instance.feasible_p();
        for p in low..=high {
            let plain = p_median::solve(&instance, p, &Options::default()).unwrap();
            let rules = Rules::new(Count::Exactly(p));
            let ruled = ruled::solve(&instance, &rules, &Options::default()).unwrap();
            let slack = ROUNDING * plain.objective + plain.resolution + ruled.resolution;
            assert!((plain.objective - ruled.plan.objective).abs() <= slack, "{seed}");
            assert_eq!((ruled.gap, ruled.plan.opening), (0.0, 0.0));
        }
    }
}

#[test]
fn labels_do_not_matter() {
    for seed in 0..1_000 {
        let (instance, rules) = question(seed);
        let (n, m) = (instance.customers(), instance.sites());
        let turn = 1 + seed as usize % m;
        let moved = |j: usize| (j + m - turn % m) % m;
        let mut costs: Vec<Vec<f64>> =
            (0..instance.customers()).map(|i| instance.row(i).into_owned()).collect();
        costs.iter_mut().for_each(|row| row.rotate_left(turn % m));
        costs.rotate_left(1 % n);
        let mut weights = instance.weights().to_vec();
        weights.rotate_left(1 % n);
        let of = |state| instance.sites_in(state).map(moved).collect::<Vec<_>>();
        let turned = Instance::new(n, m, costs.concat()).unwrap().weighted(weights).unwrap();
        let turned = turned.keep(&of(SiteState::Kept)).unwrap();
        let turned = turned.forbid(&of(SiteState::Forbidden)).unwrap();
        let mut other = rules.clone();
        other.groups.iter_mut().flat_map(|g| &mut g.sites).for_each(|j| *j = moved(*j));
        other.groups.reverse();
        if !other.opening.is_empty() {
            other.opening.rotate_left(turn % m);
        }
        let value = |instance, rules| ruled::solve(instance, rules, &Options::default());
        match (value(&instance, &rules), value(&turned, &other)) {
            (Ok(a), Ok(b)) => {
                let slack = ROUNDING * a.plan.objective + 2.0 * a.resolution;
                assert!((a.plan.objective - b.plan.objective).abs() <= slack, "{seed}");
            }
            (Err(_), Err(_)) => {}
            (a, b) => panic!("{seed}: {a:?} {b:?}"),
        }
    }
}
