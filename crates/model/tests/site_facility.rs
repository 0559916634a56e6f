//! Facility location: by hand, OR-Library's warehouses, its slow twin, and what it refuses.

mod common;
#[path = "common/locations.rs"]
mod locations;
#[path = "../examples/facility_one_page.rs"]
mod one_page;

use emporion_model::outcome::Status;
use emporion_model::site::facility::{Facilities, Options, Solution, solve};
use emporion_model::site::facility_check::{Step, check};
use emporion_model::site::p_median::Proof;
use emporion_model::site::{Instance, p_median};
use one_page::Question;
use proptest::prelude::*;

/// The listed optima are rounded to three decimals.
const LISTED: f64 = 1.1e-3;
/// Sums of some hundred products in another order differ by rounding only.
const ROUNDING: f64 = 1e-11;

#[test]
fn two_depots_are_known_by_hand() {
    let costs = vec![1.0, 4.0, 1.0, 4.0, 3.0, 4.0];
    let instance = Instance::new(3, 2, costs).unwrap();
    let problem = Facilities::new(&instance, vec![2.0, 6.0]).unwrap();
    let free = solve(&problem, &Options::default()).unwrap();
    assert_eq!((free.open.as_slice(), free.objective, free.bound), (&[0][..], 7.0, 7.0));
    assert_eq!((free.opening_cost, free.service_cost), (2.0, 5.0));
    // Two units at the first depot: 2 + 6 opening, 1 + 1 + 4 service.
    let tight = problem.capacitated(vec![1.0; 3], vec![2.0, 3.0]).unwrap();
    let solution = solve(&tight, &Options::default()).unwrap();
    assert_eq!((solution.objective, solution.gap), (14.0, 0.0));
    assert_eq!(solution.notes[0].code, "full");
    // Half a unit of room: one customer is split.
    let instance = Instance::new(2, 2, vec![0.0, 10.0, 0.0, 10.0]).unwrap();
    let half = Facilities::new(&instance, vec![1.0, 1.0]).unwrap();
    let half = half.capacitated(vec![1.0, 1.0], vec![1.5, 2.0]).unwrap();
    let solution = solve(&half, &Options::default()).unwrap();
    assert_eq!((solution.objective, solution.notes[0].code), (7.0, "split"));
}

#[test]
fn customers_of_weight_zero_are_served_where_a_unit_costs_least() {
    // The second customer weighs nothing and lies at the second site, the third between both.
    let costs = vec![1.0, 9.0, 8.0, 2.0, 5.0, 5.0, 9.0, 1.0];
    let instance = Instance::new(4, 2, costs).unwrap().weighted(vec![1.0, 0.0, 0.0, 1.0]).unwrap();
    let free = Facilities::new(&instance, vec![1.0, 1.0]).unwrap();
    let held = free.clone().capacitated(vec![1.0, 0.0, 0.0, 1.0], vec![1.0, 1.0]).unwrap();
    for problem in [&free, &held] {
        let found = solve(problem, &Options::default()).unwrap();
        let served: Vec<usize> = found.service.iter().map(|s| s.site).collect();
        assert_eq!((served, found.objective, found.gap), (vec![0, 1, 0, 1], 4.0, 0.0));
        assert!((check(problem, &found).unwrap() - 4.0).abs() < ROUNDING);
    }
    // Without weight and with demand they take room like everyone: cheapest or not.
    let full = free.capacitated(vec![1.0; 4], vec![3.0, 1.0]).unwrap();
    let found = solve(&full, &Options::default()).unwrap();
    assert_eq!(found.service.iter().map(|s| s.site).collect::<Vec<_>>(), [0, 0, 0, 1]);
    check(&full, &found).unwrap();
}

fn matches_optimum(name: &str, problem: &Facilities, optimum: f64) {
    let solution = solve(problem, &Options::default()).unwrap();
    assert!((solution.objective - optimum).abs() < LISTED, "{name}: {}", solution.objective);
    assert_eq!(solution.gap, 0.0, "{name}");
    assert_eq!(solution.proof, Proof::Certificate, "{name}");
    assert_eq!(check(problem, &solution).unwrap(), solution.certified_bound, "{name}");
}

fn instance(file: &locations::Warehouses) -> Instance {
    Instance::new(file.demand.len(), file.opening.len(), file.costs.clone()).unwrap()
}

#[test]
fn the_committed_warehouses_are_solved_and_proven() {
    let file = locations::warehouses(&common::oracle("site").join("cap112.txt.gz"));
    let capacity = file.capacity.iter().map(|c| c.unwrap()).collect();
    let problem = Facilities::new(&instance(&file), file.opening.clone())
        .and_then(|problem| problem.capacitated(file.demand.clone(), capacity))
        .unwrap();
    matches_optimum("cap112", &problem, 901_377.213);
}

#[test]
fn all_warehouses_without_capacities_are_solved_and_proven() {
    let Some(folder) = common::reference("site") else { return };
    let listed = locations::optima(&folder, "uncapacitated facility location");
    assert_eq!(listed.len(), 11, "problems of the reference folder");
    for (name, optimum, file) in listed {
        let file = locations::warehouses(&folder.join(file));
        let problem = Facilities::new(&instance(&file), file.opening).unwrap();
        matches_optimum(&name, &problem, optimum);
    }
}

#[test]
fn all_warehouses_with_capacities_are_solved_and_proven() {
    let Some(folder) = common::reference("site") else { return };
    let listed = locations::optima(&folder, "capacitated facility location");
    assert!(listed.len() > 25, "problems of the reference folder");
    for (name, optimum, file) in listed {
        let file = locations::warehouses(&folder.join(file));
        // Where the file says `capacity`, the number stands in the name.
        let named = name.split('_').nth(1).map(|number| number.parse::<f64>().unwrap());
        let capacity = file.capacity.iter().map(|c| c.or(named).unwrap()).collect();
        let problem = Facilities::new(&instance(&file), file.opening.clone())
            .and_then(|problem| problem.capacitated(file.demand.clone(), capacity))
            .unwrap();
        matches_optimum(&name, &problem, optimum);
    }
}

fn problem(q: &Question, limited: bool) -> Facilities {
    let instance = Instance::new(q.costs.len(), q.opening.len(), q.costs.concat())
        .and_then(|instance| instance.keep(&q.kept))
        .and_then(|instance| instance.forbid(&q.forbidden))
        .unwrap();
    let problem = Facilities::new(&instance, q.opening.clone()).unwrap();
    let whole = |list: &[usize]| list.iter().map(|&x| x as f64).collect();
    if limited {
        problem.capacitated(whole(&q.demand), whole(&q.capacity)).unwrap()
    } else {
        problem
    }
}

fn question() -> impl Strategy<Value = Question> {
    (1_usize..9, 1_usize..7).prop_flat_map(|(n, m)| {
        let matrix =
            |entry: BoxedStrategy<f64>| prop::collection::vec(prop::collection::vec(entry, m), n);
        let costs = prop_oneof![
            matrix((0_u8..5).prop_map(f64::from).boxed()),
            matrix((0_u32..1000).prop_map(f64::from).boxed()),
            matrix((0.0..100.0).boxed()),
        ];
        let opening = prop_oneof![
            prop::collection::vec((0_u8..6).prop_map(f64::from), m),
            prop::collection::vec(0.0..300.0, m),
        ];
        let demand = prop::collection::vec(0_usize..6, n);
        let capacity = prop::collection::vec(0_usize..16, m);
        let states =
            prop::collection::vec(prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2)], m);
        (costs, opening, demand, capacity, states).prop_filter_map(
            "room for all",
            |(costs, opening, demand, capacity, states)| {
                let of = |s| (0..states.len()).filter(|&j| states[j] == s).collect::<Vec<_>>();
                let (kept, forbidden) = (of(1), of(2));
                let room: usize =
                    (0..states.len()).filter(|j| !forbidden.contains(j)).map(|j| capacity[j]).sum();
                (room >= demand.iter().sum() && forbidden.len() < states.len())
                    .then_some(Question { costs, opening, demand, capacity, kept, forbidden })
            },
        )
    })
}

fn unlimited(q: &Question) -> Question {
    let all = q.demand.iter().sum();
    Question { capacity: vec![all; q.capacity.len()], ..q.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn with_capacities_the_optimum_of_the_slow_twin_is_found_and_proven(q in question()) {
        let optimum = one_page::facility(&q).unwrap();
        let problem = problem(&q, true);
        let solution = solve(&problem, &Options::default()).unwrap();
        let slack = ROUNDING * optimum.max(1.0);
        prop_assert!((solution.objective - optimum).abs() <= slack, "{solution:?} {optimum}");
        prop_assert_eq!(solution.gap, 0.0, "{:?}", solution);
        prop_assert_eq!(solution.status, Status::Optimal { gap: 0.0 });
        let checked = check(&problem, &solution);
        prop_assert!(checked.is_ok(), "{checked:?} {solution:?}");
    }

    #[test]
    fn without_capacities_the_optimum_of_the_slow_twin_is_found_and_proven(q in question()) {
        let optimum = one_page::facility(&unlimited(&q)).unwrap();
        let problem = problem(&q, false);
        let solution = solve(&problem, &Options::default()).unwrap();
        let slack = ROUNDING * optimum.max(1.0);
        prop_assert!((solution.objective - optimum).abs() <= slack, "{solution:?} {optimum}");
        prop_assert_eq!(solution.gap, 0.0, "{:?}", solution);
        prop_assert_eq!(solution.proof, Proof::Certificate);
        prop_assert!(check(&problem, &solution).is_ok());
        // Capacities that never bind change nothing.
        let loose = solve(&self::problem(&unlimited(&q), true), &Options::default()).unwrap();
        prop_assert!((loose.objective - optimum).abs() <= slack);
    }

    #[test]
    fn a_search_cut_short_never_claims_more_than_the_optimum(q in question(), steps in 1_usize..9) {
        let optimum = one_page::facility(&q).unwrap();
        let problem = problem(&q, true);
        let options = Options {
            max_iterations: steps,
            node_iterations: 1,
            max_nodes: steps % 3,
            max_certificate: steps % 4,
        };
        let solution = solve(&problem, &options).unwrap();
        let slack = ROUNDING * optimum.max(1.0);
        prop_assert!(solution.bound <= optimum + slack && solution.objective >= optimum - slack);
        prop_assert!(solution.certified_bound <= optimum);
        if solution.gap == 0.0 {
            prop_assert!(solution.objective <= optimum + slack);
        }
        let checked = check(&problem, &solution);
        prop_assert!(checked.is_ok(), "{checked:?} {solution:?}");
    }

    #[test]
    fn order_and_scale_do_not_matter(q in question(), turn in 0_usize..9) {
        let solution = solve(&problem(&q, true), &Options::default()).unwrap();
        let (n, m) = (q.costs.len(), q.opening.len());
        let moved = |j: &usize| (j + m - turn % m) % m;
        let mut turned = q.clone();
        turned.costs.rotate_left(turn % n);
        turned.demand.rotate_left(turn % n);
        turned.costs.iter_mut().for_each(|row| row.rotate_left(turn % m));
        turned.opening.rotate_left(turn % m);
        turned.capacity.rotate_left(turn % m);
        turned.costs.iter_mut().flatten().chain(&mut turned.opening).for_each(|c| *c *= 4.0);
        turned.kept = q.kept.iter().map(moved).collect();
        turned.forbidden = q.forbidden.iter().map(moved).collect();
        let other = solve(&problem(&turned, true), &Options::default()).unwrap();
        let slack = ROUNDING * other.objective.max(1.0);
        prop_assert!((other.objective - 4.0 * solution.objective).abs() <= slack);
    }
}

/// Repeatable costs, opening costs, demands and capacities.
fn sample(n: usize, m: usize) -> Facilities {
    let mut state = 99_u64;
    let mut next = |most: f64| {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (most * state as f64 / f64::from(1_u32 << 31)).floor()
    };
    let costs = (0..n * m).map(|_| 1.0 + next(1000.0)).collect();
    let opening = (0..m).map(|_| 500.0 + next(1000.0)).collect();
    let demand: Vec<f64> = (0..n).map(|_| 1.0 + next(30.0)).collect();
    let capacity = (0..m).map(|_| 60.0 + next(90.0)).collect();
    Facilities::new(&Instance::new(n, m, costs).unwrap(), opening)
        .and_then(|problem| problem.capacitated(demand, capacity))
        .unwrap()
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let problem = sample(40, 14);
    let text = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let solution = pool.install(|| solve(&problem, &Options::default()).unwrap());
        serde_json::to_string(&solution).unwrap()
    };
    assert_eq!(text(1), text(4));
}

/// Second formulation: with free opening and exactly p sites kept, only service is left, as in the
/// p-median with those sites; and the best p-median plus a flat opening cost is an upper bound.
#[test]
fn the_p_median_is_the_other_road() {
    let mut state = 5_u64;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        (100.0 * state as f64 / f64::from(1_u32 << 31)).floor()
    };
    let costs: Vec<f64> = (0..30 * 12).map(|_| next()).collect();
    let instance = Instance::new(30, 12, costs).unwrap();
    let opening = 60.0;
    let best = (1..=12)
        .map(|p| {
            let plan = p_median::solve(&instance, p, &p_median::Options::default()).unwrap();
            assert_eq!(plan.gap, 0.0);
            plan.objective + opening * p as f64
        })
        .fold(f64::INFINITY, f64::min);
    let problem = Facilities::new(&instance, vec![opening; 12]).unwrap();
    assert_eq!(solve(&problem, &Options::default()).unwrap().objective, best);
}

#[test]
fn a_tampered_answer_is_rejected() {
    type Tamper = fn(&mut Solution);
    let spoilt: [(&str, Tamper); 17] = [
        ("objective", |s| s.objective -= 1.0),
        ("opening cost", |s| s.opening_cost -= 1.0),
        ("service cost", |s| s.service_cost -= 1.0),
        ("bound", |s| s.bound = s.objective + 1.0),
        ("certified bound", |s| s.certified_bound += 1.0),
        ("certified bound", |s| s.certificate.multipliers[0][1] += 50.0),
        ("multipliers", |s| s.certificate.multipliers[0].truncate(3)),
        ("multipliers", |s| s.certificate.multipliers[0][2] = f64::NAN),
        ("multipliers", |s| s.certificate.steps = vec![Step::Leaf(4_000)]),
        ("capacity that there is not", |s| s.certificate.steps = vec![Step::Short]),
        ("is missing", |s| s.certificate.steps.truncate(1)),
        ("complete", |s| s.certificate.steps.push(Step::Short)),
        ("resolution", |s| s.resolution = 1.0),
        ("gap", |s| s.gap = 0.25),
        ("proof", |s| s.proof = Proof::Open),
        ("served once", |s| s.service[0].share = 0.5),
        ("not open", |s| s.open.truncate(1)),
    ];
    let problem = sample(40, 14);
    let honest = solve(&problem, &Options::default()).unwrap();
    assert!(honest.nodes > 1, "a tree to check");
    assert!(check(&problem, &honest).is_ok());
    for (at, (what, tamper)) in spoilt.iter().enumerate() {
        let mut solution = honest.clone();
        tamper(&mut solution);
        let message = check(&problem, &solution).expect_err(what).to_string();
        assert!(message.contains(what), "tampering {at}: {message}");
    }
}

/// Demands that floating point cannot add up exactly, and capacities that just hold them.
#[test]
fn capacities_that_just_hold_the_demand_are_enough() {
    let n = 300;
    let demand: Vec<f64> = (0..n).map(|i| 0.1 + f64::from(i % 7) / 3.0).collect();
    let all: f64 = demand.iter().sum();
    let capacity = vec![all / 3.0, all / 3.0, all - 2.0 * (all / 3.0)];
    let costs = (0..3 * n).map(|at| f64::from(at * 37 % 101)).collect();
    let instance = Instance::new(n as usize, 3, costs).unwrap();
    let problem = Facilities::new(&instance, vec![10.0; 3])
        .and_then(|problem| problem.capacitated(demand, capacity))
        .unwrap();
    let solution = solve(&problem, &Options::default()).unwrap();
    assert_eq!((solution.open.len(), solution.gap), (3, 0.0));
    let _ = check(&problem, &solution).unwrap();
}

#[test]
fn each_refusal_names_the_place() {
    let instance = || Instance::new(2, 2, vec![0.0, 1.0, 1.0, 0.0]).unwrap();
    let new = |opening| Facilities::new(&instance(), opening).map_err(|e| e.to_string());
    assert!(new(vec![1.0]).unwrap_err().contains("opening costs has 1 entries"));
    assert!(new(vec![1.0, f64::NAN]).unwrap_err().contains("opening costs, entry 1"));
    assert!(new(vec![-1.0, 0.0]).unwrap_err().contains("entry 0"));
    let closed = Facilities::new(&instance().forbid(&[0, 1]).unwrap(), vec![1.0, 1.0]);
    assert!(closed.unwrap_err().to_string().contains("every site is forbidden"));
    let with = |demand, capacity| {
        new(vec![1.0, 1.0]).unwrap().capacitated(demand, capacity).map_err(|e| e.to_string())
    };
    assert!(with(vec![1.0], vec![1.0, 1.0]).unwrap_err().contains("demand has 1"));
    assert!(with(vec![1.0, -2.0], vec![1.0, 1.0]).unwrap_err().contains("demand, entry 1"));
    assert!(with(vec![1.0, 2.0], vec![1.0, f64::NAN]).unwrap_err().contains("capacity, entry 1"));
    let short = with(vec![1.0, 2.0], vec![1.0, 1.0]).unwrap_err();
    assert!(short.contains("demand of 3") && short.contains("got 2"), "{short}");
    assert!(with(vec![1.0, 2.0], vec![1.0, f64::INFINITY]).is_ok());
    let none = Options { max_iterations: 0, ..Options::default() };
    assert!(solve(&new(vec![1.0, 1.0]).unwrap(), &none).is_err());
}

#[test]
fn a_price_without_an_end_is_no_proof() {
    let instance = Instance::new(2, 3, vec![1.0, 5.0, 7.0, 1.0, 5.0, 7.0]).unwrap();
    let problem = Facilities::new(&instance, vec![1.0; 3]).unwrap();
    let problem = problem.capacitated(vec![1e-100, 1.0], vec![10.0, 10.0, 0.0]).unwrap();
    let honest = solve(&problem, &Options::default()).unwrap();
    assert_eq!((&honest.open[..], honest.objective), (&[0][..], 3.0));
    assert!(check(&problem, &honest).unwrap() <= 3.0);
    let mut forged = Solution {
        open: vec![1],
        objective: 11.0,
        service_cost: 10.0,
        bound: 11.0,
        certified_bound: 11.0,
        proof: Proof::Certificate,
        ..honest
    };
    forged.service.iter_mut().for_each(|served| served.site = 1);
    forged.certificate.multipliers = vec![vec![1e250, 0.0]];
    forged.certificate.steps = vec![Step::Leaf(0)];
    assert!(check(&problem, &forged).is_err());
}

#[test]
fn sums_that_round_do_not_lead_the_transport_round_about() {
    let costs = vec![
        0.7, 5.5, 8.2, 14.2, 1.9, 15.3, 8.4, 12.2, 16.2, 15.9, 1.9, 6.2, 11.8, 28.3, 7.7, 9.7,
        11.5, 5.8, 29.0, 12.9, 23.8, 19.5, 5.0, 3.3,
    ];
    let instance = Instance::new(8, 3, costs).unwrap().keep(&[0, 1, 2]).unwrap();
    let problem = Facilities::new(&instance, vec![1.0; 3]).unwrap();
    let demand = vec![0.7, 3.6, 2.1, 2.2, 2.9, 0.7, 2.5, 3.1];
    let problem = problem.capacitated(demand, vec![16.1, 3.1, 3.8]).unwrap();
    let found = solve(&problem, &Options::default()).unwrap();
    assert!((found.objective - 72.181_818_181_818_18).abs() < 1e-6, "{}", found.objective);
    assert!(check(&problem, &found).is_ok());
}
