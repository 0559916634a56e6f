//! Proofs of plans under rules: every one holds, none that is forged does.

mod rule_questions;

use emporion_model::site::certificate::Split;
use emporion_model::site::k_best;
use emporion_model::site::p_median::{Options, Proof};
use emporion_model::site::rejection::Rejection;
use emporion_model::site::ruled::{self, Solution};
use emporion_model::site::rules::{Count, Rules};
use emporion_model::site::{Instance, SiteState};

use rule_questions::{Numbers, all_plans, question};

/// Sums of some ten products in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

#[test]
fn every_proof_holds_also_as_read_from_json() {
    let mut proofs = [0; 4];
    for seed in 0..6_000 {
        let (instance, rules) = question(seed);
        let Ok(solution) = ruled::solve(&instance, &rules, &Options::default()) else { continue };
        let text = serde_json::to_string(&solution).unwrap();
        let read: Solution = serde_json::from_str(&text).unwrap();
        assert_eq!(read, solution, "{seed}");
        let checked =
            ruled::check(&instance, &rules, &read).unwrap_or_else(|e| panic!("{seed}: {e}"));
        let optimum = all_plans(&instance, &rules)[0].0;
        let slack = ROUNDING * optimum + solution.resolution;
        assert!(checked.certified_bound <= optimum + slack, "{seed}");
        assert_eq!(checked.certified_gap, 0.0, "{seed}");
        proofs[solution.proof as usize] += 1;
    }
    println!("certificate, tree, search, open: {proofs:?}");
    assert!(proofs[0] > 1_000 && proofs[1] > 200 && proofs[2..] == [0, 0], "{proofs:?}");
}

/// Rounding of costs, prices and budgets in the search must not outrun the check's.
#[test]
fn proofs_hold_for_some_dozens_of_sites_and_costs_of_any_fraction() {
    let mut proofs = [0; 4];
    for seed in 0..60 {
        let mut random = Numbers(seed * 7_919 + 5);
        let n = 20 + random.below(30);
        let scale = [1e-6, 1.0, 1e9][seed as usize % 3];
        let at: Vec<(f64, f64)> = (0..n).map(|_| (random.next(), random.next())).collect();
        let far = |a: &(f64, f64), b: &(f64, f64)| scale * (a.0 - b.0).hypot(a.1 - b.1);
        let costs = at.iter().flat_map(|a| at.iter().map(move |b| far(a, b))).collect();
        let weights = (0..n).map(|_| 0.1 + random.next()).collect();
        let instance = Instance::new(n, n, costs).unwrap().weighted(weights).unwrap();
        let group = |from: f64| (0..n).filter(|&j| at[j].0 > from).collect::<Vec<_>>();
        let opening: Vec<f64> = (0..n).map(|_| scale * (0.5 + random.next())).collect();
        let free = Rules::new(Count::AtMost(6)).at_most("most", &group(0.4), 2);
        let rules = free.at_least("east", &group(0.8), 1).not_both("pair", &[0, 1, 2]);
        let rules = match seed % 4 {
            0 => rules.within_budget(&opening, 3.3 * scale),
            1 => rules.charge(&opening),
            2 => rules.charge(&opening).within_budget(&opening, 3.1 * scale),
            _ => rules,
        };
        let Ok(solution) = ruled::solve(&instance, &rules, &Options::default()) else { continue };
        let checked = ruled::check(&instance, &rules, &solution);
        let checked = checked.unwrap_or_else(|e| panic!("{seed}: {e}"));
        assert_eq!(checked.certified_gap == 0.0, solution.gap == 0.0, "{seed}");
        proofs[solution.proof as usize] += 1;
    }
    println!("certificate, tree, search, open: {proofs:?}");
    assert!(proofs[1] > 10 && proofs[2..] == [0, 0], "{proofs:?}");
}

#[test]
fn an_unfinished_search_claims_what_its_root_proves() {
    let hasty = Options { starts: 1, max_iterations: 2, node_iterations: 1, ..Options::default() };
    let unproven = Options { proof_numbers: 0, ..hasty.clone() };
    let mut proofs = [0; 4];
    for seed in 0..3_000 {
        let (instance, rules) = question(seed);
        for options in [Options { max_nodes: 1, ..hasty.clone() }, unproven.clone()] {
            let Ok(solution) = ruled::solve(&instance, &rules, &options) else { continue };
            let checked = ruled::check(&instance, &rules, &solution)
                .unwrap_or_else(|e| panic!("{seed}: {e}"));
            assert_eq!(checked.certified_bound, solution.certified_bound);
            let sure = matches!(solution.proof, Proof::Certificate | Proof::Tree);
            assert_eq!(checked.certified_gap == 0.0, sure, "{seed}");
            proofs[solution.proof as usize] += 1;
        }
    }
    assert!(proofs.iter().all(|count| *count > 20), "{proofs:?}");
}

/// Claim whatever the check computes, until nothing but the proof itself is left to refuse.
fn forged(instance: &Instance, rules: &Rules, mut lie: Solution) -> Result<(), Rejection> {
    lie.gap = 0.0;
    lie.status = emporion_model::outcome::Status::Optimal { gap: 0.0 };
    lie.bound = lie.plan.objective;
    for _ in 0..8 {
        match ruled::check(instance, rules, &lie) {
            Err(Rejection::Number { what: "the value of the certificate", found, .. }) => {
                lie.certificate.value = found;
            }
            Err(Rejection::Number { what: "the certified bound", found, .. }) => {
                lie.certified_bound = found;
            }
            other => return other.map(|_| ()),
        }
    }
    panic!("the claims do not settle")
}

#[test]
fn no_proof_makes_a_worse_plan_the_best() {
    let mut random = Numbers(11);
    let mut tried = 0;
    for seed in 0..2_000 {
        let (instance, rules) = question(seed);
        let options = Options::default();
        let Ok(best) = ruled::solve(&instance, &rules, &options) else { continue };
        let few = k_best::solve(&instance, &rules, 6, None, &options).unwrap();
        let slack = ROUNDING * best.plan.objective + 2.0 * best.resolution;
        let worse = |plan: &&ruled::Plan| plan.objective > best.plan.objective + slack;
        for plan in few.plans.iter().filter(worse) {
            for proof in [Proof::Certificate, Proof::Tree] {
                let mut lie = Solution { plan: plan.clone(), proof, ..best.clone() };
                if proof == Proof::Certificate {
                    lie.certificate.nodes.truncate(1);
                    lie.certificate.nodes[0].split = None;
                }
                for _ in 0..4 {
                    assert!(forged(&instance, &rules, lie.clone()).is_err(), "{seed} {lie:?}");
                    tried += 1;
                    distort(&mut lie, &instance, &mut random);
                }
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

/// Other multipliers, prices, splits, and further nodes.
fn distort(lie: &mut Solution, instance: &Instance, random: &mut Numbers) {
    let split = |random: &mut Numbers| Split {
        site: random.below(instance.sites()),
        without: 1 + random.below(4),
        with: 1 + random.below(4),
    };
    let nodes = &mut lie.certificate.nodes;
    if lie.proof == Proof::Tree {
        let last = nodes.last().unwrap().clone();
        let (site, at) = (random.below(instance.sites()), nodes.len());
        nodes[at - 1].split = Some(Split { site, without: at, with: at + 1 });
        nodes.extend([last.clone(), last]);
    }
    for node in nodes {
        let scale = 2.0 * random.next();
        node.multipliers.iter_mut().for_each(|value| *value *= scale + random.next());
        node.at_most.iter_mut().for_each(|value| *value += random.next());
        node.at_least.iter_mut().for_each(|value| *value += 3.0 * random.next());
        if node.split.is_some() && random.below(4) == 0 {
            node.split = Some(split(random));
        }
    }
}

/// A question whose proof needs a tree.
fn with_tree() -> (Instance, Rules, Solution) {
    let of = |seed| {
        let (instance, rules) = question(seed);
        let solution = ruled::solve(&instance, &rules, &Options::default()).ok()?;
        let fits = solution.certificate.nodes.len() > 2 && !rules.groups.is_empty();
        (fits && rules.budget.is_some()).then_some((instance, rules, solution))
    };
    (0..6_000).find_map(of).expect("one of them has a tree")
}

type Lie = (&'static str, fn(&mut Solution));

#[test]
fn what_is_tampered_with_is_refused() {
    let (instance, rules, solution) = with_tree();
    assert!(ruled::check(&instance, &rules, &solution).is_ok());
    let lies: [Lie; 22] = [
        ("objective", |s| s.plan.objective -= 0.25),
        ("service", |s| s.plan.service += 1.0),
        ("opening", |s| s.plan.opening += 0.25),
        ("assignment", |s| s.plan.assignment[0] = usize::MAX),
        ("fewer served", |s| _ = s.plan.assignment.pop()),
        ("closed", |s| _ = s.plan.open.pop()),
        ("unknown", |s| s.plan.open.push(1_000)),
        ("bound", |s| s.bound = s.plan.objective + 1.0),
        ("low bound", |s| s.bound = -1.0),
        ("certified bound", |s| s.certified_bound -= 0.5),
        ("gap", |s| s.gap = 0.01),
        ("status", |s| s.status = emporion_model::outcome::Status::Optimal { gap: 0.5 }),
        ("resolution", |s| s.resolution += 1.0),
        ("proof", |s| s.proof = Proof::Certificate),
        ("weaker proof", |s| s.proof = Proof::Search),
        ("open", |s| s.proof = Proof::Open),
        ("value", |s| s.certificate.value += 1.0),
        ("multiplier", |s| s.certificate.nodes[0].multipliers[0] += 0.5),
        ("infinite", |s| s.certificate.nodes[1].multipliers[0] = f64::INFINITY),
        ("negative price", |s| s.certificate.nodes[1].at_most[0] = -1.0),
        ("cut", |s| s.certificate.nodes[0].split = None),
        ("none", |s| s.certificate.nodes.clear()),
    ];
    for (name, lie) in lies {
        let mut told = solution.clone();
        lie(&mut told);
        let checked = ruled::check(&instance, &rules, &told);
        assert!(checked.is_err(), "{name}: {checked:?}");
    }
    let mut cyclic = solution.clone();
    cyclic.certificate.nodes[1].split = Some(Split { site: 0, without: 0, with: 1 });
    let error = ruled::check(&instance, &rules, &cyclic).unwrap_err();
    assert!(error.to_string().starts_with("node 1 of the proof"), "{error}");
    let mut short = solution.clone();
    short.certificate.nodes[0].split = None;
    let error = ruled::check(&instance, &rules, &short).unwrap_err();
    assert_eq!(error.to_string(), "node 0 of the proof leaves a better plan possible");
}

#[test]
fn a_plan_that_breaks_a_rule_is_refused_by_its_name() {
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
    let instance = Instance::new(5, 5, costs).unwrap();
    let free = Rules::new(Count::Exactly(2));
    let solution = ruled::solve(&instance, &free, &Options::default()).unwrap();
    let open = solution.plan.open.clone();
    let refused = |rules: Rules| ruled::check(&instance, &rules, &solution).unwrap_err();
    let broken = |rule: &str| Rejection::Broken { rule: rule.to_owned() };
    assert_eq!(refused(free.clone().not_both("pair", &open)), broken("pair"));
    let others: Vec<usize> = (0..5).filter(|j| !open.contains(j)).collect();
    assert_eq!(refused(free.clone().at_least("others", &others, 1)), broken("others"));
    assert_eq!(refused(Rules::new(Count::Exactly(3))), broken("p"));
    let mut opening = [1.0; 5];
    opening[open[0]] = 9.0;
    assert_eq!(refused(free.clone().within_budget(&opening, 3.0)), broken("budget"));
    assert!(matches!(refused(Rules::new(Count::Exactly(9))), Rejection::Rule(_)));
    let closed = instance.clone().forbid(&open[..1]).unwrap();
    assert!(ruled::check(&closed, &free, &solution).is_err());
    assert_eq!(closed.states()[open[0]], SiteState::Forbidden);
}
