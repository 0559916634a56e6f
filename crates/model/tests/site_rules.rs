//! Plans under rules: against every subset, against the plain p-median, by hand, and refused.

mod rule_questions;

use emporion_model::outcome::Status;
use emporion_model::site::k_best::{self, End};
use emporion_model::site::p_median::{self, Options};
use emporion_model::site::rules::{Count, RuleError, Rules};
use emporion_model::site::{Instance, SiteState, ruled};

use rule_questions::{Numbers, all_plans, question};

/// Sums of some ten products in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

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
