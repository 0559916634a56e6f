//! Rules by hand, each refusal provoked, threads, and a question of the size in use.

use emporion_model::outcome::InputError;
use emporion_model::site::k_best::{self, End};
use emporion_model::site::p_median::Options;
use emporion_model::site::rules::{Count, RuleError, Rules};
use emporion_model::site::{Instance, ruled};

/// Five towns on a road, at kilometres 0, 1, 5, 6 and 9.
fn road() -> Instance {
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
    Instance::new(5, 5, costs).unwrap()
}

fn exactly(p: usize) -> Rules {
    Rules::new(Count::Exactly(p))
}

fn best(rules: &Rules) -> ruled::Solution {
    ruled::solve(&road(), rules, &Options::default()).unwrap()
}

fn refused(instance: &Instance, rules: &Rules) -> RuleError {
    ruled::solve(instance, rules, &Options::default()).unwrap_err()
}

/// Places in a square of 1000 km, customers and sites the same, as whole kilometres.
fn square(n: usize, seed: u64) -> (Vec<(f64, f64)>, Instance) {
    let mut state = seed;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        1000.0 * state as f64 / f64::from(1_u32 << 31)
    };
    let at: Vec<(f64, f64)> = (0..n).map(|_| (next(), next())).collect();
    let far = |a: &(f64, f64), b: &(f64, f64)| (a.0 - b.0).hypot(a.1 - b.1).floor();
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| far(a, b))).collect();
    let weights = (0..n).map(|_| (next() / 10.0).ceil()).collect();
    let instance = Instance::new(n, n, costs).unwrap().weighted(weights).unwrap();
    (at, instance)
}

/// Five quotas that bind: bands, a corner and a pair.
fn five_quotas(at: &[(f64, f64)], p: usize) -> Rules {
    let of = |inside: &dyn Fn(&(f64, f64)) -> bool| -> Vec<usize> {
        (0..at.len()).filter(|&j| inside(&at[j])).collect()
    };
    exactly(p)
        .at_most("west", &of(&|(x, _)| *x < 400.0), 2)
        .at_least("south", &of(&|(_, y)| *y < 300.0), 5)
        .at_most("centre", &of(&|(x, y)| (x - 500.0).hypot(y - 500.0) < 250.0), 1)
        .at_least("corner", &of(&|(x, y)| *x > 750.0 && *y > 700.0), 2)
        .not_both("every seventh", &(0..at.len()).step_by(7).collect::<Vec<_>>())
}

#[test]
fn by_hand() {
    // Free: 1 (or 0) and 5 or 6: 0-1 costs 1, 5-6-9 from 6 costs 1 + 3.
    assert_eq!(best(&exactly(2)).plan.objective, 5.0);
    // The middle closed: {1, 9} serves 0 and 5 and 6 at 1 + 4 + 3.
    let closed = best(&exactly(2).at_most("middle", &[2, 3], 0));
    assert_eq!((closed.plan.open, closed.plan.objective), (vec![1, 4], 8.0));
    assert_eq!(closed.notes[0].rows, [0]);
    // Both ends: 1 to 0, then 4 and 3 to 9.
    let ends = best(&exactly(2).at_least("ends", &[0, 4], 2));
    assert_eq!((ends.plan.open, ends.plan.objective), (vec![0, 4], 1.0 + 4.0 + 3.0));
    // Not both of 6 and 9, three sites: {0 or 1, 5 or 6, 9} would cost 2.
    let three = best(&exactly(3).not_both("pair", &[3, 4]).not_both("other pair", &[2, 4]));
    assert_eq!(three.plan.objective, 4.0);
    // A budget of 3 pays for 0 and 5 only, where all others cost 9.
    let opening = [1.0, 9.0, 2.0, 9.0, 9.0];
    let cheap = best(&exactly(2).within_budget(&opening, 3.0));
    assert_eq!((&cheap.plan.open[..], cheap.plan.opening), (&[0, 2][..], 3.0));
    assert_eq!((cheap.plan.objective, cheap.plan.service), (6.0, 6.0));
    // Tenths: 0.1 + 0.2 is above 0.3 as floats, and paid all the same.
    let tenths = [0.1, 1.0, 0.2, 1.0, 1.0];
    assert_eq!(best(&exactly(2).within_budget(&tenths, 0.3)).plan.open, [0, 2]);
    // Charged at 6 per site, a second one saves 13 - 5 = 8; a third only 3.
    let charged = best(&Rules::new(Count::AtMost(5)).charge(&[6.0; 5]));
    let plan = charged.plan;
    assert_eq!((plan.open.len(), plan.objective, plan.service), (2, 17.0, 5.0));
    // What exists is paid for, and counts as open.
    let kept = road().keep(&[4]).unwrap();
    let rules = Rules::new(Count::AtMost(2)).within_budget(&[9.0, 1.0, 9.0, 9.0, 50.0], 1.0);
    let solution = ruled::solve(&kept, &rules, &Options::default()).unwrap();
    assert_eq!((&solution.plan.open[..], solution.plan.opening), (&[1, 4][..], 1.0));
}

#[test]
fn the_best_few_by_hand() {
    let few =
        |k, within| k_best::solve(&road(), &exactly(2), k, within, &Options::default()).unwrap();
    // {0 or 1, 6} cost 5, {0 or 1, 5} cost 6, and the next best 8.
    let sites = |answer: &k_best::Plans| -> Vec<Vec<usize>> {
        answer.plans.iter().map(|plan| plan.open.clone()).collect()
    };
    let four = few(4, None);
    assert_eq!(sites(&four), [[0, 3], [1, 3], [0, 2], [1, 2]]);
    assert_eq!((four.end, four.others_at_least), (End::Count, Some(6.0)));
    let near = few(9, Some(0.2));
    assert_eq!((sites(&near), near.end), (sites(&four), End::Within));
    assert_eq!(near.others_at_least.map(f64::floor), Some(6.0));
    // Of two that tie, the one chosen elsewhere stands first, also where it was not listed.
    let of = |open: &[usize]| four.plans.iter().find(|plan| plan.open == open).unwrap();
    assert_eq!(sites(&four.clone().led_by(of(&[1, 3]), 4)), [[1, 3], [0, 3], [0, 2], [1, 2]]);
    assert_eq!(sites(&few(1, None).led_by(of(&[1, 3]), 1)), [[1, 3]]);
    assert_eq!(sites(&few(1, None).led_by(of(&[0, 3]), 1)), [[0, 3]]);
    // A worse one does not.
    assert_eq!(four.clone().led_by(of(&[0, 2]), 4), four);
    let all = few(1_000, None);
    assert_eq!((all.plans.len(), all.end, all.others_at_least), (10, End::All, None));
    let ruled = exactly(2).not_both("pair", &[1, 3]);
    let answer = k_best::solve(&road(), &ruled, 2, None, &Options::default()).unwrap();
    assert_eq!((&sites(&answer)[0][..], answer.plans[1].objective), (&[0, 3][..], 6.0));
}

#[test]
fn contradictions_are_refused_by_name() {
    let open = road();
    let some = road().keep(&[0, 1]).unwrap().forbid(&[4]).unwrap();
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        refused(&some, &exactly(3).at_least("east", &[3, 4], 2)),
        RuleError::GroupTooSmall { rule: "east".to_owned(), expected: 2, available: 1 }
    );
    assert_eq!(
        refused(&some, &exactly(3).not_both("twins", &[0, 1])),
        RuleError::KeptExceed { rule: "twins".to_owned(), expected: 1, kept: vec![0, 1] }
    );
    assert_eq!(
        refused(&open, &exactly(3).at_least("a", &[1, 2], 2).at_most("b", &[1, 2, 3], 1)),
        RuleError::Opposed { least: "a".to_owned(), expected: 2, most: "b".to_owned(), allowed: 1 }
    );
    let two = exactly(3).at_least("a", &[2], 1).at_least("b", &[3], 1);
    assert_eq!(
        refused(&some, &two),
        RuleError::TooFewSites { p: 3, needed: 4, rules: names(&["a", "b"]) }
    );
    assert_eq!(
        refused(&open, &exactly(4).at_most("west", &[0, 1, 2], 1)),
        RuleError::TooManySites { p: 4, allowed: 3, rules: names(&["west"]) }
    );
    let closed = Rules::new(Count::AtMost(5)).at_most("all", &[0, 1, 2, 3, 4], 0);
    assert_eq!(refused(&open, &closed), RuleError::NothingOpens { rules: names(&["all"]) });
    let text = "rules [\"all\"] leave no site to open; allow one at least";
    assert_eq!(refused(&open, &exactly(1).at_most("all", &[0, 1, 2, 3, 4], 0)).to_string(), text);
    let dear = exactly(2).within_budget(&[3.0, 4.0, 5.0, 6.0, 7.0], 6.0);
    assert_eq!(
        refused(&open, &dear),
        RuleError::BudgetTooSmall { budget: 6.0, needed: 7.0, what: "2 open sites".to_owned() }
    );
    let east = Rules::new(Count::AtMost(2)).at_least("east", &[3, 4], 1);
    let error = refused(&open, &east.within_budget(&[1.0, 1.0, 1.0, 6.0, 7.0], 2.0));
    let text =
        "budget 2 does not pay 1 open site of rule \"east\": 6 is the least; raise the budget";
    assert_eq!(error.to_string(), text);
}

#[test]
fn rules_that_only_fail_together_are_named_and_no_others() {
    // A triangle of exclusions leaves one of three sites; two are asked for.
    let triangle = exactly(2)
        .at_most("idle", &[3, 4], 2)
        .not_both("ab", &[0, 1])
        .not_both("bc", &[1, 2])
        .not_both("ca", &[2, 0])
        .at_least("two of three", &[0, 1, 2], 2);
    let error = refused(&road(), &triangle);
    let RuleError::NoPlan { rules } = &error else { panic!("{error}") };
    assert_eq!(rules, &["ab", "bc", "ca", "two of three"]);
    assert!(error.to_string().contains("loosen one of them"));
    // With p and the budget among the culprits.
    let opening = [1.0, 1.0, 1.0, 9.0, 9.0];
    let pair = exactly(2).not_both("abc", &[0, 1, 2]).within_budget(&opening, 5.0);
    let error = refused(&road(), &pair);
    assert_eq!(
        error,
        RuleError::NoPlan { rules: vec!["abc".to_owned(), "budget".to_owned(), "p".to_owned()] }
    );
}

#[test]
fn input_that_means_nothing_is_refused() {
    let input = |rules: &Rules| match refused(&road(), rules) {
        RuleError::Input(error) => error,
        other => panic!("{other}"),
    };
    let setting = |rules: &Rules| matches!(input(rules), InputError::Setting { .. });
    assert!(setting(&exactly(0)) && setting(&exactly(6)) && setting(&Rules::new(Count::AtMost(0))));
    assert!(setting(&exactly(2).at_most("far", &[5], 1)));
    assert!(setting(&exactly(2).at_most("twice", &[1, 1], 1)));
    assert!(setting(&exactly(2).group("turned", &[1, 2], 2, 1)));
    let empty = exactly(2).at_most("none", &[], 1);
    assert!(matches!(input(&empty), InputError::Empty { what, .. } if what.contains("none")));
    let short = exactly(2).charge(&[1.0; 4]);
    assert!(matches!(input(&short), InputError::Length { expected: 5, got: 4, .. }));
    let negative = exactly(2).charge(&[1.0, -1.0, 0.0, 0.0, 0.0]);
    assert!(matches!(input(&negative), InputError::Value { index: 1, .. }));
    let mut unpriced = exactly(2);
    unpriced.budget = Some(3.0);
    assert!(matches!(input(&unpriced), InputError::Length { got: 0, .. }));
    assert!(setting(&exactly(2).within_budget(&[1.0; 5], f64::NAN)));
    let few = |k, within| k_best::solve(&road(), &exactly(2), k, within, &Options::default());
    for answer in [few(0, None), few(3, Some(-0.1)), few(3, Some(f64::NAN))] {
        assert!(matches!(answer, Err(RuleError::Input(InputError::Setting { .. }))));
    }
    let options = Options { starts: 0, ..Options::default() };
    assert!(ruled::solve(&road(), &exactly(2), &options).is_err());
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let (at, instance) = square(80, 5);
    let rules = five_quotas(&at, 9);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let options = Options::default();
            let one = ruled::solve(&instance, &rules, &options).unwrap();
            let few = k_best::solve(&instance, &rules, 8, Some(0.1), &options).unwrap();
            serde_json::to_string(&(one, few)).unwrap()
        })
    };
    let once = run(1);
    assert!(once == run(2) && once == run(5));
}

#[test]
fn two_hundred_sites_with_five_quotas_are_proven() {
    for seed in [1, 2, 3] {
        let (at, instance) = square(200, seed);
        let (rules, options) = (five_quotas(&at, 10), Options::default());
        let clock = std::time::Instant::now();
        let free = ruled::solve(&instance, &exactly(10), &options).unwrap();
        let plain = clock.elapsed();
        let one = ruled::solve(&instance, &rules, &options).unwrap();
        let ruled = clock.elapsed() - plain;
        let few = k_best::solve(&instance, &rules, 20, None, &options).unwrap();
        let listed = clock.elapsed() - plain - ruled;
        println!(
            "free {} ({} nodes, {plain:?}), ruled {} ({} nodes, {ruled:?}), 20th {} ({} nodes, {listed:?})",
            free.plan.objective,
            free.nodes,
            one.plan.objective,
            one.nodes,
            few.plans.last().unwrap().objective,
            few.nodes
        );
        assert_eq!((free.gap, one.gap, few.gap), (0.0, 0.0, 0.0));
        let clock = std::time::Instant::now();
        assert_eq!(
            emporion_model::site::ruled::check(&instance, &rules, &one).unwrap().certified_gap,
            0.0
        );
        println!(
            "proof {:?} of {} nodes, checked in {:?}",
            one.proof,
            one.certificate.nodes.len(),
            clock.elapsed()
        );
        let brief = Options { proof_numbers: 0, ..Options::default() };
        let clock = std::time::Instant::now();
        let unkept = emporion_model::site::ruled::solve(&instance, &rules, &brief).unwrap();
        println!("without a proof to keep {} nodes, {:?}", unkept.nodes, clock.elapsed());
        assert_eq!(unkept.plan.objective, one.plan.objective);
        assert!(one.plan.objective > free.plan.objective);
        assert_eq!((few.end, few.plans.len()), (End::Count, 20));
        assert_eq!(few.plans[0].objective, one.plan.objective);
        // Three quarters of what the free plan would cost to open.
        let opening: Vec<f64> = at.iter().map(|(x, y)| (x + y / 2.0).floor()).collect();
        let dear: f64 = free.plan.open.iter().map(|&j| opening[j]).sum();
        let clock = std::time::Instant::now();
        let poor = exactly(10).within_budget(&opening, (dear * 0.75).floor());
        let some = Options { max_nodes: 1_000, ..Options::default() };
        let budget = ruled::solve(&instance, &poor, &some).unwrap();
        // A budget widens the gap; what is left of it is owned up to.
        assert!(budget.gap < 0.02 && budget.bound <= budget.plan.objective);
        let first = clock.elapsed();
        let charged = Rules::new(Count::AtMost(200)).charge(&vec![20_000.0; 200]);
        let facility = ruled::solve(&instance, &charged, &options).unwrap();
        println!(
            "budget {} gap {} ({} nodes, {first:?}), charged {} sites gap {} ({} nodes, {:?})",
            budget.plan.objective,
            budget.gap,
            budget.nodes,
            facility.plan.open.len(),
            facility.gap,
            facility.nodes,
            clock.elapsed() - first
        );
        assert_eq!(facility.gap, 0.0);
    }
}
