//! Saturating capture: by hand, against its slow twin, and what must always hold.

#[path = "../examples/capture_one_page.rs"]
mod one_page;

use emporion_model::outcome::Status;
use emporion_model::site::capture::{Options, Solution, solve};
use emporion_model::site::market::{Fade, Market, attraction};
use proptest::prelude::*;

/// Sums of some ten quotients in another order differ by rounding only.
const ROUNDING: f64 = 1e-12;

/// A small question in the shape of both roads.
#[derive(Debug, Clone)]
struct Question {
    u: Vec<Vec<f64>>,
    weights: Vec<f64>,
    outside: Vec<f64>,
    rivals: Vec<Vec<f64>>,
    kept: Vec<usize>,
    forbidden: Vec<usize>,
    p: usize,
}

impl Question {
    fn market(&self) -> Market {
        Market::new(self.u.len(), self.u[0].len(), self.u.concat())
            .and_then(|market| market.weighted(self.weights.clone()))
            .and_then(|market| market.outside(&self.outside))
            .and_then(|market| market.rivals(self.rivals[0].len(), &self.rivals.concat()))
            .and_then(|market| market.keep(&self.kept))
            .and_then(|market| market.forbid(&self.forbidden))
            .unwrap()
    }

    fn elsewhere(&self) -> Vec<f64> {
        self.outside.iter().zip(&self.rivals).map(|(u, row)| u + row.iter().sum::<f64>()).collect()
    }

    /// Whether every customer has somewhere to go before new sites open.
    fn has_shares(&self) -> bool {
        let kept = |k: usize| self.kept.iter().map(|&j| self.u[k][j]).sum::<f64>();
        self.elsewhere().iter().enumerate().all(|(k, v)| v + kept(k) > 0.0)
    }

    fn most(&self) -> (f64, Vec<usize>) {
        let elsewhere = self.elsewhere();
        let found = one_page::best_capture(
            &self.u,
            &self.weights,
            &elsewhere,
            self.p,
            &self.kept,
            &self.forbidden,
        );
        found.unwrap()
    }
}

/// Attractions of three kinds: few values with many ties, any, and far apart.
fn matrix(n: usize, m: usize) -> impl Strategy<Value = Vec<Vec<f64>>> {
    let of = |entry: BoxedStrategy<f64>| prop::collection::vec(prop::collection::vec(entry, m), n);
    prop_oneof![
        of((0_u8..4).prop_map(f64::from).boxed()),
        of((0.0..1.0).boxed()),
        of((-12.0_f64..12.0).prop_map(f64::exp).boxed()),
        of(prop_oneof![3 => Just(0.0), 1 => Just(1.0)].boxed()),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    (1_usize..12, 1_usize..11, 0_usize..3).prop_flat_map(|(n, m, r)| {
        let weight = prop_oneof![Just(0.0), Just(1.0), 0.01..50.0];
        let weights = prop::collection::vec(weight, n)
            .prop_filter("a positive weight", |weights| weights.iter().any(|w| *w > 0.0));
        let outside = prop_oneof![
            Just(0.0).boxed(),
            Just(1.0).boxed(),
            Just(1e9).boxed(),
            Just(1e-9).boxed(),
            (0.0..3.0).boxed()
        ];
        let states =
            prop::collection::vec(prop_oneof![6 => Just(0), 1 => Just(1), 1 => Just(2)], m);
        let parts = (matrix(n, m), weights, outside, matrix(n, r), states, 0.0..1.0);
        parts.prop_filter_map("shares", move |(u, weights, outside, rivals, states, share)| {
            let of = |s| (0..states.len()).filter(|&j| states[j] == s).collect::<Vec<_>>();
            let (kept, forbidden) = (of(1), of(2));
            let (low, high) = (kept.len().max(1), states.len() - forbidden.len());
            let p = low + (share * (high as f64 - low as f64 + 1.0)) as usize;
            let outside = vec![outside; n];
            let question = Question { u, weights, outside, rivals, kept, forbidden, p };
            (low <= high && question.has_shares()).then_some(question)
        })
    })
}

fn solved(market: &Market, p: usize) -> Solution {
    solve(market, p, &Options::default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_search_captures_as_much_as_trying_every_set(question in question()) {
        let market = question.market();
        let (most, _) = question.most();
        let found = solved(&market, question.p);
        prop_assert!((found.objective - most).abs() <= ROUNDING * most, "{} {most}", found.objective);
        prop_assert_eq!((found.gap, found.status), (0.0, Status::Optimal { gap: 0.0 }));
        prop_assert_eq!(found.open.len(), question.p);
        prop_assert!(question.kept.iter().all(|j| found.open.contains(j)));
        prop_assert!(!question.forbidden.iter().any(|j| found.open.contains(j)));
        let sum: f64 = found.by_site.iter().sum();
        prop_assert!((sum - found.objective).abs() <= ROUNDING * most);
        prop_assert!((found.captured.iter().sum::<f64>() - found.objective).abs() <= ROUNDING * most);
        // Greedy: 1 - 1/e of what can be added to the kept sites.
        let added = most - found.kept_alone;
        let least = found.kept_alone + (1.0 - (-1.0_f64).exp()) * added;
        prop_assert!(found.greedy >= least - ROUNDING * most);
    }

    #[test]
    fn no_bound_is_below_the_optimum(question in question(), nodes in 0_usize..6) {
        let (most, _) = question.most();
        let found = solve(&question.market(), question.p, &Options { max_nodes: nodes }).unwrap();
        prop_assert!(found.bound >= most * (1.0 - ROUNDING), "{} {most}", found.bound);
        prop_assert!(found.root_bound >= found.bound && found.objective <= found.bound);
        prop_assert!(found.gap > 0.0 || (found.objective - most).abs() <= ROUNDING * most);
        prop_assert!(found.nodes <= nodes.max(1));
    }

    #[test]
    fn a_further_site_never_harms_and_adds_less_the_more_are_open(
        question in question(),
        marks in prop::collection::vec(0_u8..3, 11),
    ) {
        let (market, m) = (question.market(), question.u[0].len());
        let of = |most: u8| -> Vec<usize> {
            (0..m).filter(|&j| marks[j] <= most || question.kept.contains(&j)).collect()
        };
        let (few, many) = (of(0), of(1));
        let elsewhere = question.elsewhere();
        if few.is_empty() || elsewhere.contains(&0.0) {
            return Ok(());
        }
        let with = |open: &[usize], j| market.capture(&[open, &[j]].concat());
        for j in (0..m).filter(|j| !many.contains(j)) {
            let (at_few, at_many) = (
                with(&few, j) - market.capture(&few),
                with(&many, j) - market.capture(&many),
            );
            let slack = ROUNDING * question.weights.iter().sum::<f64>();
            prop_assert!(at_many >= -slack && at_few >= at_many - slack);
        }
    }

    #[test]
    fn order_and_units_do_not_matter(question in question(), scale in 1e-3..1e3_f64) {
        let mut other = question.clone();
        let m = question.u[0].len();
        other.u.reverse();
        other.weights.reverse();
        other.rivals.reverse();
        for row in &mut other.u {
            row.reverse();
            row.iter_mut().for_each(|u| *u *= scale);
        }
        other.rivals.iter_mut().flatten().for_each(|v| *v *= scale);
        other.outside.iter_mut().for_each(|u| *u *= scale);
        for list in [&mut other.kept, &mut other.forbidden] {
            list.iter_mut().for_each(|j| *j = m - 1 - *j);
        }
        let a = solved(&question.market(), question.p).objective;
        let b = solved(&other.market(), question.p).objective;
        prop_assert!((a - b).abs() <= 1e-11 * a);
    }

    #[test]
    fn a_huge_outside_option_leaves_the_largest_sums(question in question()) {
        // Shares then are u / u_0 up to one part in 1e9, and the sites do not compete.
        let mut linear = question.clone();
        linear.outside = vec![1e18; question.u.len()];
        let found = solved(&linear.market(), question.p);
        let worth = |j: usize| -> f64 {
            linear.u.iter().zip(&linear.weights).map(|(row, w)| w * row[j]).sum()
        };
        let sites = 0..question.u[0].len();
        let free = sites.filter(|j| !question.kept.contains(j) && !question.forbidden.contains(j));
        let mut sums: Vec<f64> = free.map(worth).collect();
        sums.sort_by(|a, b| b.total_cmp(a));
        let kept: f64 = question.kept.iter().map(|&j| worth(j)).sum();
        let modular = kept + sums[..question.p - question.kept.len()].iter().sum::<f64>();
        prop_assert!((found.objective * 1e18 - modular).abs() <= 1e-9 * modular);
    }
}

#[test]
fn shares_are_those_computed_by_hand() {
    // One rival of attraction 1 everywhere, outside option 1.
    let market = Market::new(2, 3, vec![2.0, 0.0, 6.0, 0.0, 2.0, 0.0])
        .and_then(|market| market.weighted(vec![10.0, 30.0]))
        .and_then(|market| market.outside(&[1.0, 1.0]))
        .and_then(|market| market.rivals(1, &[1.0, 1.0]))
        .unwrap();
    // One site: 10 · 2/4 = 5, 30 · 2/4 = 15, 10 · 6/8 = 7.5.
    let one = solved(&market, 1);
    assert_eq!((one.open, one.objective, one.bound), (vec![1], 15.0, 15.0));
    let two = solved(&market, 2);
    assert_eq!((two.open.as_slice(), two.objective, two.gap), (&[1, 2][..], 22.5, 0.0));
    assert_eq!((two.shares, two.by_site), (vec![0.75, 0.5], vec![15.0, 7.5]));
    // A kept site comes first, and shares its customers.
    let kept = solved(&market.clone().keep(&[0]).unwrap(), 2);
    assert_eq!((kept.open, kept.objective, kept.kept_alone), (vec![0, 1], 20.0, 5.0));
    assert_eq!(solved(&market.forbid(&[1]).unwrap(), 1).open, [2]);
}

#[test]
fn attraction_is_that_computed_by_hand() {
    let u = attraction(&[4.0, 9.0], &[1.0, 2.0], 0.5, Fade::Power { lambda: 1.0 }).unwrap();
    assert_eq!(u, [2.0, 1.5]);
    let beta = 2_f64.ln();
    let u = attraction(&[1.0], &[0.0, 1.0, 3.0], 1.0, Fade::Exponential { beta }).unwrap();
    assert!(u.iter().zip([1.0, 0.5, 0.125]).all(|(a, b)| (a - b).abs() < ROUNDING));
}

#[test]
fn what_means_nothing_is_refused() {
    let market = |u: Vec<f64>| Market::new(1, u.len(), u);
    let fair = || market(vec![1.0, 2.0]).and_then(|market| market.outside(&[1.0])).unwrap();
    let says = |result: Result<Market, _>, word: &str| {
        let error: emporion_model::outcome::InputError = result.unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    };
    says(market(vec![f64::NAN]), "attraction, entry 0: NaN");
    says(market(vec![1.0, -1.0]), "attraction, entry 1: -1");
    says(market(vec![f64::INFINITY]), "inf");
    says(Market::new(0, 1, vec![]), "customers: no data");
    says(Market::new(2, 1, vec![1.0]), "expected 2");
    says(fair().weighted(vec![f64::NAN]), "weights, entry 0");
    says(fair().weighted(vec![0.0]), "all of them zero");
    says(fair().outside(&[-1.0]), "outside option, entry 0");
    says(fair().rivals(2, &[1.0]), "expected 2");
    says(fair().rivals(1, &[f64::NAN]), "attraction of rivals");
    says(fair().keep(&[2]), "a position below 2");
    says(fair().keep(&[1]).unwrap().forbid(&[1]), "got both");
    let fails = |market: Market, p: usize, word: &str| {
        let error = solve(&market, p, &Options::default()).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    };
    fails(fair(), 3, "got 3, expected 1 to 2");
    fails(fair(), 0, "got 0");
    fails(fair().keep(&[0, 1]).unwrap(), 1, "kept ones included");
    fails(fair().forbid(&[0, 1]).unwrap(), 1, "every site is forbidden");
    fails(market(vec![1.0, 2.0]).unwrap(), 1, "no outside option, no rival and no kept site");
    assert_eq!(solved(&market(vec![1.0, 2.0]).unwrap().keep(&[0]).unwrap(), 2).objective, 1.0);
    let tiny = market(vec![1e60]).unwrap().outside(&[1e-100]).unwrap();
    fails(tiny, 1, "1e150 times");
    let pull = |sizes: &[f64], km: &[f64], fade| attraction(sizes, km, 1.0, fade).unwrap_err();
    let power = Fade::Power { lambda: 2.0 };
    assert!(pull(&[1.0], &[0.0], power).to_string().contains("infinite"));
    assert!(pull(&[-1.0], &[1.0], power).to_string().contains("sizes"));
    assert!(pull(&[1.0, 1.0], &[1.0], power).to_string().contains("expected 2"));
    assert!(pull(&[], &[1.0], power).to_string().contains("no data"));
    let rising = Fade::Exponential { beta: -1.0 };
    assert!(pull(&[1.0], &[1.0], rising).to_string().contains("without its sign"));
}
