//! Covering: by hand, the p-centre as the other road, its slow twin, and what it refuses.

mod common;
#[path = "common/locations.rs"]
mod locations;
#[path = "../examples/covering_one_page.rs"]
mod one_page;

use emporion_model::outcome::Status;
use emporion_model::site::covering::{
    CoverError, MaxCover, Options, SetCover, check, check_max_cover, max_cover, set_cover,
};
use emporion_model::site::p_median::Proof;
use emporion_model::site::rejection::Rejection;
use emporion_model::site::{Instance, p_center, p_median};
use proptest::prelude::*;

/// Sums of some ten numbers in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

fn road() -> Instance {
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
    Instance::new(5, 5, costs).unwrap()
}

#[test]
fn towns_on_a_road_are_known_by_hand() {
    let of = |instance: &Instance, radius, opening| {
        set_cover(instance, radius, opening, &Options::default()).unwrap()
    };
    // Pairs of neighbours within 1 km; within 5 the town at 5 reaches 0 and 9.
    let fewest = [0.0, 1.0, 3.0, 5.0].map(|radius| of(&road(), radius, None).cost);
    assert_eq!(fewest, [5.0, 3.0, 2.0, 1.0]);
    assert_eq!(of(&road(), 5.0, None).open, [2]);
    // A dear site is avoided: 5 costs 9, so two others at 1 each reach all within 5.
    let opening = [1.0, 1.0, 9.0, 1.0, 1.0];
    let dear = of(&road(), 5.0, Some(&opening));
    assert_eq!((dear.cost, dear.bound, dear.open.len()), (2.0, 2.0, 2));
    // Kept sites are counted, forbidden ones avoided.
    let fixed = road().keep(&[0]).unwrap().forbid(&[2]).unwrap();
    assert_eq!(of(&fixed, 5.0, None).open, [0, 3]);

    let most = |p| max_cover(&road(), 3.0, p, &p_median::Options::default()).unwrap();
    // The town at 6 reaches 5, 6 and 9.
    assert_eq!((most(1).weight, most(1).open), (3.0, vec![3]));
    assert_eq!((most(2).weight, most(2).bound, most(2).gap), (5.0, 5.0, 0.0));
    assert_eq!(most(4).notes[0].code, "spare");
}

#[test]
fn the_p_centre_is_the_other_road() {
    let check_one = |path: &std::path::Path, radius: f64| {
        let (instance, p) = locations::graph(path);
        let at = |radius| set_cover(&instance, radius, None, &Options::default()).unwrap();
        // p sites reach all within the optimum of the p-centre, and not within any less.
        let (within, below) = (at(radius), at(radius - 1.0));
        assert!(within.cost <= p as f64 && within.gap == 0.0);
        assert!(below.cost > p as f64 && below.gap == 0.0);
        let _ = check(&instance, radius, None, &within).unwrap();
        // As many sites as the cover needs reach all demand; one less does not.
        let fewest = within.open.len();
        let most = |p| max_cover(&instance, radius, p, &p_median::Options::default()).unwrap();
        assert_eq!(most(fewest).weight, instance.customers() as f64);
        let less = most(fewest - 1);
        assert!(less.weight < instance.customers() as f64 && less.weight <= less.bound);
        assert_eq!(less.gap, 0.0);
        let _ = check_max_cover(&instance, radius, fewest - 1, &less).unwrap();
    };
    check_one(&common::oracle("site").join("pmed1.txt.gz"), 127.0);
    let Some(folder) = common::reference("site") else { return };
    for (name, radius, file) in locations::optima(&folder, "p-center") {
        let number: usize = name.trim_start_matches("pmed").parse().unwrap();
        if number <= 15 {
            check_one(&folder.join(file), radius);
        }
    }
}

#[derive(Debug, Clone)]
struct Question {
    costs: Vec<Vec<f64>>,
    weights: Vec<f64>,
    opening: Vec<f64>,
    kept: Vec<usize>,
    forbidden: Vec<usize>,
    radius: f64,
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

    fn cover(&self) -> Result<SetCover, CoverError> {
        set_cover(&self.instance(), self.radius, Some(&self.opening), &Options::default())
    }

    fn most(&self) -> MaxCover {
        max_cover(&self.instance(), self.radius, self.p, &p_median::Options::default()).unwrap()
    }
}

fn question() -> impl Strategy<Value = Question> {
    (1_usize..16, 1_usize..11).prop_flat_map(|(n, m)| {
        let costs = prop::collection::vec(prop::collection::vec((0_u8..10).prop_map(f64::from), m), n);
        let weight = prop_oneof![1 => Just(0.0), 3 => Just(1.0), 2 => (1_u8..9).prop_map(f64::from), 2 => 0.01..9.0];
        let weights = prop::collection::vec(weight, n)
            .prop_filter("a positive weight", |weights| weights.iter().any(|w| *w > 0.0));
        let opening = prop_oneof![
            Just(vec![1.0; m]),
            prop::collection::vec((0_u8..5).prop_map(f64::from), m),
            prop::collection::vec(0.0..9.0, m),
        ];
        let states = prop::collection::vec(prop_oneof![7 => Just(0), 1 => Just(1), 1 => Just(2)], m);
        (costs, weights, opening, states, 0.0..9.0, 0.0..1.0).prop_filter_map(
            "a site to open",
            |(costs, weights, opening, states, radius, share)| {
                let of = |s| (0..states.len()).filter(|&j| states[j] == s).collect::<Vec<_>>();
                let (kept, forbidden) = (of(1), of(2));
                let (low, high) = (kept.len().max(1), states.len() - forbidden.len());
                let p = low + (share * (high as f64 - low as f64 + 1.0)) as usize;
                (low <= high)
                    .then_some(Question { costs, weights, opening, kept, forbidden, radius, p })
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
    fn the_cheapest_cover_of_the_slow_twin_is_found_and_proven(q in question()) {
        let optimum =
            one_page::set_cover(&q.costs, &q.opening, q.radius, &q.kept, &q.forbidden);
        match (q.cover(), optimum) {
            (Err(CoverError::Unreachable { customers, .. }), None) => {
                let lost = |i: &usize| {
                    let near = |j: usize| q.costs[*i][j] <= q.radius && !q.forbidden.contains(&j);
                    !(0..q.opening.len()).any(near)
                };
                prop_assert_eq!(customers, (0..q.costs.len()).filter(lost).collect::<Vec<_>>());
            }
            (Ok(cover), Some(optimum)) => {
                let slack = ROUNDING * optimum + cover.resolution;
                prop_assert!((cover.cost - optimum).abs() <= slack, "{cover:?} {optimum}");
                prop_assert_eq!(cover.gap, 0.0);
                prop_assert_eq!(cover.status, Status::Optimal { gap: 0.0 });
                let checked = check(&q.instance(), q.radius, Some(&q.opening), &cover);
                prop_assert!(checked.is_ok(), "{checked:?} {cover:?}");
                prop_assert_eq!(cover.proof, Proof::Certificate);
                prop_assert!(cover.certified_bound <= optimum + ROUNDING * optimum);
                // The steps that prove the optimum do not prove twice as much.
                let mut false_claim = cover.clone();
                false_claim.certificate.at_least = 2 * cover.certificate.at_least + (1 << 22);
                let rejected = check(&q.instance(), q.radius, Some(&q.opening), &false_claim);
                let refused = matches!(rejected, Err(Rejection::Certificate { .. }));
                prop_assert!(refused, "{rejected:?}");
            }
            (answer, optimum) => prop_assert!(false, "{answer:?} {optimum:?}"),
        }
    }

    #[test]
    fn a_search_cut_short_never_claims_more_than_the_optimum(q in question()) {
        let optimum =
            one_page::set_cover(&q.costs, &q.opening, q.radius, &q.kept, &q.forbidden);
        if let Some(optimum) = optimum {
            let options = Options { max_nodes: 0, max_certificate: 5 };
            let cover = set_cover(&q.instance(), q.radius, Some(&q.opening), &options).unwrap();
            let slack = ROUNDING * optimum + cover.resolution;
            prop_assert!(cover.bound <= optimum + slack && cover.cost >= optimum - slack);
            prop_assert!(check(&q.instance(), q.radius, Some(&q.opening), &cover).is_ok());
        }
    }

    #[test]
    fn the_most_demand_of_the_slow_twin_is_reached_and_proven(q in question()) {
        let optimum =
            one_page::max_cover(&q.costs, &q.weights, q.radius, q.p, &q.kept, &q.forbidden).unwrap();
        let plan = q.most();
        let slack = ROUNDING * optimum.max(1.0);
        prop_assert!((plan.weight - optimum).abs() <= slack, "{plan:?} {optimum}");
        prop_assert_eq!(plan.gap, 0.0);
        prop_assert!(plan.certified_bound >= optimum - slack && plan.bound >= optimum - slack);
        let checked = check_max_cover(&q.instance(), q.radius, q.p, &plan);
        prop_assert!(checked.is_ok(), "{checked:?} {plan:?}");
        let unreachable = plan.notes.iter().filter(|note| note.code == "unreachable");
        prop_assert_eq!(unreachable.map(|note| note.count).sum::<usize>(), plan.unreachable.len());
    }

    #[test]
    fn order_and_scale_do_not_matter(q in question(), turn in 0_usize..9) {
        let (n, m) = (q.costs.len(), q.costs[0].len());
        let moved = |j: &usize| (j + m - turn % m) % m;
        let mut turned = q.clone();
        turned.costs.rotate_left(turn % n);
        turned.weights.rotate_left(turn % n);
        turned.costs.iter_mut().for_each(|row| row.rotate_left(turn % m));
        turned.opening.rotate_left(turn % m);
        turned.opening.iter_mut().for_each(|f| *f *= 4.0);
        turned.costs.iter_mut().flatten().for_each(|cost| *cost *= 4.0);
        turned.radius *= 4.0;
        turned.kept = q.kept.iter().map(moved).collect();
        turned.forbidden = q.forbidden.iter().map(moved).collect();
        prop_assert!((q.most().weight - turned.most().weight).abs() <= ROUNDING * 100.0);
        match (q.cover(), turned.cover()) {
            (Ok(one), Ok(other)) => {
                let slack = ROUNDING * other.cost + 8.0 * one.resolution;
                prop_assert!((other.cost - 4.0 * one.cost).abs() <= slack);
            }
            (one, other) => prop_assert!(one.is_err() && other.is_err()),
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let (instance, _) = locations::graph(&common::oracle("site").join("pmed1.txt.gz"));
    let text = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let cover = set_cover(&instance, 90.0, None, &Options::default()).unwrap();
            let most = max_cover(&instance, 90.0, 4, &p_median::Options::default()).unwrap();
            serde_json::to_string(&(cover, most)).unwrap()
        })
    };
    assert_eq!(text(1), text(4));
}

#[test]
fn a_tampered_answer_is_rejected() {
    type Tamper = fn(&mut SetCover);
    let spoilt: [(&str, Tamper); 13] = [
        ("cost", |s| s.cost -= 1.0),
        ("bound", |s| s.bound += 1.0),
        ("certified bound", |s| s.certified_bound += 1.0),
        ("certificate", |s| s.certificate.at_least += 1 << 20),
        ("certificate", |s| s.certificate.refutation.steps.truncate(1)),
        ("certificate", |s| s.certificate.refutation.weights[0].weights.fill(-1)),
        ("scale", |s| s.certificate.bits += 1),
        ("resolution", |s| s.resolution = 1.0),
        ("gap", |s| s.gap = 0.5),
        ("proof", |s| s.proof = Proof::Open),
        ("not open", |s| s.open.truncate(2)),
        ("repeated", |s| s.open.swap(0, 1)),
        ("serve nobody", |s| s.open.clear()),
    ];
    let (instance, _) = locations::graph(&common::oracle("site").join("pmed1.txt.gz"));
    let honest = set_cover(&instance, 90.0, None, &Options::default()).unwrap();
    assert!(check(&instance, 90.0, None, &honest).is_ok());
    assert!(check(&instance, 80.0, None, &honest).unwrap_err().to_string().contains("radius"));
    for (at, (what, tamper)) in spoilt.iter().enumerate() {
        let mut solution = honest.clone();
        tamper(&mut solution);
        let message = check(&instance, 90.0, None, &solution).expect_err(what).to_string();
        assert!(message.contains(what), "tampering {at}: {message}");
    }
    type Change = fn(&mut MaxCover);
    let spoilt: [(&str, Change); 6] = [
        ("weight reached", |s| s.weight += 1.0),
        ("reached", |s| s.reached.truncate(3)),
        ("bound", |s| s.bound -= 1.0),
        ("certified bound", |s| s.certified_bound -= 1.0),
        ("certificate", |s| (s.reduced, s.refutation) = (None, None)),
        ("certificate", |s| s.reduced.as_mut().unwrap().certificate.multipliers[0] += 99.0),
    ];
    let honest = max_cover(&instance, 90.0, 4, &p_median::Options::default()).unwrap();
    assert!(check_max_cover(&instance, 90.0, 4, &honest).is_ok());
    for (at, (what, tamper)) in spoilt.iter().enumerate() {
        let mut solution = honest.clone();
        tamper(&mut solution);
        let message = check_max_cover(&instance, 90.0, 4, &solution).expect_err(what).to_string();
        assert!(message.contains(what), "tampering {at}: {message}");
    }
}

#[test]
fn each_refusal_names_the_place() {
    let cover = |instance: &Instance, radius, opening| {
        set_cover(instance, radius, opening, &Options::default()).unwrap_err()
    };
    assert!(cover(&road(), f64::NAN, None).to_string().contains("radius"));
    assert!(cover(&road(), -1.0, None).to_string().contains("radius"));
    assert!(cover(&road(), 1.0, Some(&[1.0])).to_string().contains("expected 5"));
    let bad = [1.0, 1.0, f64::NAN, 1.0, 1.0];
    assert!(cover(&road(), 1.0, Some(&bad)).to_string().contains("opening costs, entry 2"));
    let alone = road().forbid(&[0, 1, 4]).unwrap();
    match cover(&alone, 2.0, None) {
        CoverError::Unreachable { customers, nearest, radius } => {
            assert_eq!((customers, nearest, radius), (vec![0, 1, 4], 5.0, 2.0));
        }
        other => panic!("{other}"),
    }
    let most = |instance: &Instance, radius, p| {
        max_cover(instance, radius, p, &p_median::Options::default()).unwrap_err().to_string()
    };
    assert!(most(&road(), 1.0, 6).contains("got 6"));
    assert!(most(&road(), f64::INFINITY, 1).contains("radius"));
    assert!(most(&road().keep(&[0, 1]).unwrap(), 1.0, 1).contains("kept ones included"));
}

#[test]
fn the_radius_of_the_p_centre_is_the_first_at_which_p_sites_cover() {
    let instance = road();
    for p in 1..=4 {
        let center = p_center::solve(&instance, p, &p_center::Options::default()).unwrap();
        let cover = |radius| set_cover(&instance, radius, None, &Options::default()).unwrap().cost;
        assert!(cover(center.radius) <= p as f64 && cover(center.radius - 0.5) > p as f64);
    }
}

#[test]
fn a_worse_plan_is_not_passed_off_where_nothing_is_left_to_choose() {
    // Site 0 reaches everybody, and reduces the question to nothing.
    let costs = vec![0.0, 0.0, 9.0, 0.0, 9.0, 9.0, 0.0, 9.0, 9.0];
    let instance = Instance::new(3, 3, costs).unwrap();
    let honest = max_cover(&instance, 1.0, 1, &p_median::Options::default()).unwrap();
    assert_eq!((&honest.open[..], honest.weight), (&[0][..], 3.0));
    assert_eq!(check_max_cover(&instance, 1.0, 1, &honest).unwrap(), 3.0);
    for (site, reached) in [(1, vec![0]), (2, vec![])] {
        let weight = reached.len() as f64;
        let forged = MaxCover {
            open: vec![site],
            assignment: vec![site; 3],
            reached,
            weight,
            bound: weight,
            certified_bound: weight,
            ..honest.clone()
        };
        assert!(check_max_cover(&instance, 1.0, 1, &forged).is_err(), "site {site}");
    }
}

#[test]
fn weights_that_cannot_be_added_are_refused() {
    let instance = Instance::new(4, 2, vec![0.0, 9.0, 0.0, 9.0, 9.0, 0.0, 9.0, 0.0]).unwrap();
    let heavy = instance.weighted(vec![1e120; 4]).unwrap();
    let error = max_cover(&heavy, 1.0, 1, &p_median::Options::default()).unwrap_err();
    assert!(error.to_string().contains("the sum of the weights"), "{error}");
}
