//! p-centre: by hand, against OR-Library's graphs, against its slow twin, and what it refuses.

mod common;
#[path = "common/locations.rs"]
mod locations;
#[path = "../examples/p_center_one_page.rs"]
mod one_page;

use emporion_model::outcome::Status;
use emporion_model::site::p_center::{Options, Solution, check, solve};
use emporion_model::site::p_median::Proof;
use emporion_model::site::refutation::Step;
use emporion_model::site::rejection::Rejection;
use emporion_model::site::{Instance, p_median};
use proptest::prelude::*;

fn road() -> Instance {
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
    Instance::new(5, 5, costs).unwrap()
}

#[test]
fn towns_on_a_road_are_known_by_hand() {
    let of = |p| solve(&road(), p, &Options::default()).unwrap();
    // One centre at kilometre 5 or 6; two at 0 or 1 and 6; three leave one pair of neighbours.
    assert_eq!([1, 2, 3, 4, 5].map(|p| of(p).radius), [5.0, 3.0, 1.0, 1.0, 0.0]);
    assert_eq!(of(1).open, [2]);
    assert_eq!(of(4).notes[0].code, "spare");
    // A weight multiplies the distance: the last town pulls the centre to itself.
    let heavy = road().weighted(vec![1.0, 1.0, 1.0, 1.0, 4.0]).unwrap();
    let solution = solve(&heavy, 1, &Options::default()).unwrap();
    assert_eq!((solution.radius, solution.open, solution.farthest), (9.0, vec![4], 0));
    // A kept centre at 9 and a forbidden one at 0 and 1.
    let fixed = road().keep(&[4]).unwrap().forbid(&[0, 1]).unwrap();
    let solution = solve(&fixed, 2, &Options::default()).unwrap();
    assert_eq!((solution.radius, solution.open), (5.0, vec![2, 4]));
}

/// Solve one graph, hold the answer against the listed optimum and re-check the certificate.
fn matches_optimum(path: &std::path::Path, optimum: f64) {
    let (instance, p) = locations::graph(path);
    let solution = solve(&instance, p, &Options::default()).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    assert_eq!((solution.radius, solution.bound, solution.gap), (optimum, optimum, 0.0), "{name}");
    assert_eq!(check(&instance, p, &solution).unwrap(), solution.certified_bound, "{name}");
    assert_eq!(solution.proof, Proof::Certificate, "{name}");
}

#[test]
fn the_committed_graph_is_solved_and_proven() {
    // 127: Pullan 2008, confirmed with HiGHS on the covering form.
    matches_optimum(&common::oracle("site").join("pmed1.txt.gz"), 127.0);
}

#[test]
fn all_or_library_graphs_are_solved_and_proven() {
    let Some(folder) = common::reference("site") else { return };
    let listed = locations::optima(&folder, "p-center");
    assert_eq!(listed.len(), 27, "graphs of the reference folder");
    for (_, optimum, file) in listed {
        matches_optimum(&folder.join(file), optimum);
    }
}

#[derive(Debug, Clone)]
struct Question {
    costs: Vec<Vec<f64>>,
    weights: Vec<f64>,
    kept: Vec<usize>,
    forbidden: Vec<usize>,
    p: usize,
}

impl Question {
    fn instance(&self) -> Instance {
        Instance::new(self.costs.len(), self.costs[0].len(), self.costs.concat())
            .and_then(|instance| instance.weighted(self.weights.clone()))
            .and_then(|instance| instance.keep(&self.kept))
            .and_then(|instance| instance.forbid(&self.forbidden))
            .unwrap()
    }
}

/// Whole numbers with ties, any numbers without a metric, and points in a square.
fn question() -> impl Strategy<Value = Question> {
    (1_usize..16, 1_usize..11).prop_flat_map(|(n, m)| {
        let matrix =
            |entry: BoxedStrategy<f64>| prop::collection::vec(prop::collection::vec(entry, m), n);
        let points = |k| prop::collection::vec((0.0_f64..100.0, 0.0_f64..100.0), k);
        let costs = prop_oneof![
            matrix((0_u8..5).prop_map(f64::from).boxed()),
            matrix((0.0..1.0).boxed()),
            (points(n), points(m)).prop_map(|(customers, sites)| {
                let row = |a: &(f64, f64)| {
                    sites.iter().map(|b| (a.0 - b.0).hypot(a.1 - b.1)).collect::<Vec<_>>()
                };
                customers.iter().map(row).collect::<Vec<_>>()
            }),
        ];
        let weight = prop_oneof![1 => Just(0.0), 5 => Just(1.0), 2 => 0.01..9.0];
        let weights = prop::collection::vec(weight, n)
            .prop_filter("a positive weight", |weights| weights.iter().any(|w| *w > 0.0));
        let states =
            prop::collection::vec(prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2)], m);
        (costs, weights, states, 0.0..1.0).prop_filter_map(
            "a site to open",
            |(costs, weights, states, share)| {
                let of = |s| (0..states.len()).filter(|&j| states[j] == s).collect::<Vec<_>>();
                let (kept, forbidden) = (of(1), of(2));
                let (low, high) = (kept.len().max(1), states.len() - forbidden.len());
                let p = low + (share * (high as f64 - low as f64 + 1.0)) as usize;
                (low <= high).then_some(Question { costs, weights, kept, forbidden, p })
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_optimum_of_the_slow_twin_is_found_and_proven(q in question()) {
        let instance = q.instance();
        let optimum = one_page::p_center(&q.costs, &q.weights, q.p, &q.kept, &q.forbidden).unwrap();
        let solution = solve(&instance, q.p, &Options::default()).unwrap();
        // Both roads multiply the same two floats, so nothing differs by rounding.
        prop_assert_eq!(solution.radius, optimum);
        prop_assert_eq!(one_page::radius(&q.costs, &q.weights, &solution.open), optimum);
        prop_assert_eq!((solution.bound, solution.gap), (optimum, 0.0));
        prop_assert_eq!(solution.status, Status::Optimal { gap: 0.0 });
        let checked = check(&instance, q.p, &solution);
        prop_assert!(checked.is_ok(), "{checked:?} {solution:?}");
        prop_assert_eq!(solution.proof, Proof::Certificate);
        // The steps that prove the optimum prove nothing above it.
        let mut false_claim = solution.clone();
        false_claim.certificate.radius = optimum.next_up();
        let rejected = check(&instance, q.p, &false_claim);
        prop_assert!(matches!(rejected, Err(Rejection::Certificate { .. })), "{rejected:?}");
    }

    #[test]
    fn a_search_cut_short_never_claims_more_than_the_optimum(q in question()) {
        let instance = q.instance();
        let optimum = one_page::p_center(&q.costs, &q.weights, q.p, &q.kept, &q.forbidden).unwrap();
        let options = Options { max_nodes: 1, max_certificate: 9 };
        let solution = solve(&instance, q.p, &options).unwrap();
        prop_assert!(solution.bound <= optimum && solution.radius >= optimum);
        prop_assert_eq!(solution.gap == 0.0, solution.bound == solution.radius);
        prop_assert!(check(&instance, q.p, &solution).is_ok());
    }

    #[test]
    fn order_and_scale_do_not_matter(q in question(), turn in 0_usize..9) {
        let solution = solve(&q.instance(), q.p, &Options::default()).unwrap();
        let (n, m) = (q.costs.len(), q.costs[0].len());
        let moved = |j: &usize| (j + m - turn % m) % m;
        let mut turned = q.clone();
        turned.costs.rotate_left(turn % n);
        turned.weights.rotate_left(turn % n);
        turned.costs.iter_mut().for_each(|row| row.rotate_left(turn % m));
        turned.costs.iter_mut().flatten().for_each(|cost| *cost *= 4.0);
        turned.kept = q.kept.iter().map(moved).collect();
        turned.forbidden = q.forbidden.iter().map(moved).collect();
        let other = solve(&turned.instance(), q.p, &Options::default()).unwrap();
        prop_assert_eq!(other.radius, 4.0 * solution.radius);
    }
}

/// Repeatable distances in a square.
fn square(n: usize) -> Instance {
    let mut state = 2_024_u64;
    let mut next = || {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        state as f64 / f64::from(1_u32 << 31)
    };
    let at: Vec<(f64, f64)> = (0..n).map(|_| (next(), next())).collect();
    let far = |a: &(f64, f64), b: &(f64, f64)| (1000.0 * (a.0 - b.0).hypot(a.1 - b.1)).floor();
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| far(a, b))).collect();
    Instance::new(n, n, costs).unwrap()
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let instance = square(80);
    let text = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let solution = pool.install(|| solve(&instance, 6, &Options::default()).unwrap());
        serde_json::to_string(&solution).unwrap()
    };
    assert_eq!(text(1), text(4));
}

#[test]
fn the_median_plan_is_never_better_for_the_farthest() {
    let instance = square(60);
    for p in [2, 5, 9] {
        let center = solve(&instance, p, &Options::default()).unwrap();
        let median = p_median::solve(&instance, p, &p_median::Options::default()).unwrap();
        let nearest = |(i, &j): (usize, &usize)| instance.cost(i, j);
        let worst = median.assignment.iter().enumerate().map(nearest).fold(0.0, f64::max);
        assert!(center.radius <= worst && center.gap == 0.0);
    }
}

#[test]
fn a_tampered_answer_is_rejected() {
    type Tamper = fn(&mut Solution);
    let spoilt: [(&str, Tamper); 13] = [
        ("radius", |s| s.radius -= 1.0),
        ("farthest", |s| s.farthest += 1),
        ("bound", |s| s.bound = s.radius + 1.0),
        ("certified bound", |s| s.certified_bound -= 1.0),
        ("certificate", |s| s.certificate.radius += 1e6),
        ("certificate", |s| s.certificate.refutation.steps.truncate(1)),
        ("certificate", |s| s.certificate.refutation.steps = vec![Step::Few]),
        ("certificate", |s| s.certificate.refutation.weights[0].weights.fill(1)),
        ("gap", |s| s.gap += 0.5),
        ("proof", |s| s.proof = Proof::Open),
        ("proof", |s| s.status = Status::Optimal { gap: 0.5 }),
        ("open sites", |s| s.open.truncate(2)),
        ("nearest", |s| {
            s.assignment[5] = *s.open.iter().find(|j| **j != s.assignment[5]).unwrap();
        }),
    ];
    let (instance, p) = locations::graph(&common::oracle("site").join("pmed1.txt.gz"));
    let honest = solve(&instance, p, &Options::default()).unwrap();
    assert!(check(&instance, p, &honest).is_ok());
    for (at, (what, tamper)) in spoilt.iter().enumerate() {
        let mut solution = honest.clone();
        tamper(&mut solution);
        let message = check(&instance, p, &solution).expect_err(what).to_string();
        assert!(message.contains(what), "tampering {at}: {message}");
    }
    assert!(matches!(check(&instance, 0, &honest), Err(Rejection::Input(_))));
}

#[test]
fn each_refusal_names_the_place() {
    let refused =
        |instance: &Instance, p| solve(instance, p, &Options::default()).unwrap_err().to_string();
    assert!(refused(&road(), 6).contains("got 6"));
    assert!(refused(&road(), 0).contains("1 to 5"));
    assert!(refused(&road().forbid(&[0, 1, 2, 3]).unwrap(), 2).contains("1 to 1"));
    assert!(refused(&road().keep(&[0, 1]).unwrap(), 1).contains("kept ones included"));
    assert!(road().weighted(vec![1.0, 1.0, -1.0, 1.0, 1.0]).is_err());
}
