//! p-median against its slow twin on small random questions, and what must always hold.

#[path = "../examples/p_median_one_page.rs"]
mod one_page;

use emporion_model::outcome::Status;
use emporion_model::site::p_median::{Options, Proof, solve};
use emporion_model::site::{Instance, certificate};
use proptest::prelude::*;

/// Sums of some ten products in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

/// A small question in the shape of both roads.
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
        let (n, m) = (self.costs.len(), self.costs[0].len());
        Instance::new(n, m, self.costs.concat())
            .and_then(|instance| instance.weighted(self.weights.clone()))
            .and_then(|instance| instance.keep(&self.kept))
            .and_then(|instance| instance.forbid(&self.forbidden))
            .unwrap()
    }
}

/// Costs of three kinds: whole numbers with many ties, any numbers without a metric, and distances
/// between points in a square.
fn cost_matrix(n: usize, m: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    let matrix =
        |entry: BoxedStrategy<f64>| prop::collection::vec(prop::collection::vec(entry, m), n);
    let points = |k| prop::collection::vec((0.0_f64..100.0, 0.0_f64..100.0), k);
    prop_oneof![
        matrix((0_u8..6).prop_map(f64::from).boxed()),
        matrix((0_u32..1000).prop_map(f64::from).boxed()),
        matrix((0.0..1.0).boxed()),
        (points(n), points(m)).prop_map(|(customers, sites)| {
            let row = |a: &(f64, f64)| sites.iter().map(|b| (a.0 - b.0).hypot(a.1 - b.1)).collect();
            customers.iter().map(row).collect()
        }),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    (1_usize..14, 1_usize..11).prop_flat_map(|(n, m)| {
        let weight = prop_oneof![Just(0.0), Just(1.0), (1_u8..9).prop_map(f64::from), 0.01..50.0];
        let some = prop::collection::vec(weight, n)
            .prop_filter("a positive weight", |weights| weights.iter().any(|w| *w > 0.0));
        let ones = Just(vec![1.0; n]);
        let states =
            prop::collection::vec(prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2)], m);
        (cost_matrix(n, m), prop_oneof![some, ones], states, 0.0..1.0).prop_filter_map(
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
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_optimum_of_the_slow_twin_is_found_and_proven(q in question()) {
        let instance = q.instance();
        let (optimum, _) =
            one_page::p_median(&q.costs, &q.weights, q.p, &q.kept, &q.forbidden).unwrap();
        let solution = solve(&instance, q.p, &Options::default()).unwrap();
        let slack = ROUNDING * optimum + solution.resolution;
        prop_assert!((solution.objective - optimum).abs() <= slack, "{solution:?} {optimum}");
        prop_assert_eq!(solution.gap, 0.0);
        prop_assert_eq!(solution.status, Status::Optimal { gap: 0.0 });
        prop_assert!(solution.resolution <= 1e-9 * optimum.max(1.0));
        let own = one_page::cost(&q.costs, &q.weights, &solution.open);
        prop_assert!((own - solution.objective).abs() <= ROUNDING * own);
        let checked = certificate::check(&instance, q.p, &solution);
        prop_assert!(checked.is_ok(), "{checked:?} {solution:?}");
    }

    #[test]
    fn a_search_cut_short_never_claims_more_than_the_optimum(q in question(), steps in 1_usize..12) {
        let instance = q.instance();
        let (optimum, _) =
            one_page::p_median(&q.costs, &q.weights, q.p, &q.kept, &q.forbidden).unwrap();
        let options = Options { starts: 1, max_iterations: steps, max_nodes: 0, ..Options::default() };
        let solution = solve(&instance, q.p, &options).unwrap();
        let slack = ROUNDING * optimum;
        prop_assert!(solution.certified_bound <= optimum + slack);
        prop_assert!(solution.bound <= optimum + slack + solution.resolution);
        prop_assert!(solution.objective >= optimum - slack);
        if solution.gap == 0.0 {
            prop_assert!(solution.objective <= optimum + slack + solution.resolution);
        } else {
            prop_assert_eq!(solution.proof, Proof::Open);
        }
        prop_assert!(certificate::check(&instance, q.p, &solution).is_ok());
    }

    #[test]
    fn order_of_sites_and_customers_and_scale_do_not_matter(q in question(), turn in 0_usize..9) {
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
        let slack = ROUNDING * other.objective + 8.0 * solution.resolution;
        prop_assert!((other.objective - 4.0 * solution.objective).abs() <= slack);
    }
}
