//! Choices over draws: by hand, and what must always hold.

use emporion_model::simulate::JointNormal;
use emporion_model::site::Instance;
use emporion_model::site::gains::{Reach, best_office};
use emporion_model::site::p_median::{self, Options};
use emporion_model::site::robust::{Draw, Question, Robust, normal_draws, robust};
use emporion_model::site::rules::{Count, Rules};

/// Sums of some tens of numbers in another order.
const ROUNDING: f64 = 1e-12;
const N: usize = 12;

/// Places on a ring road of no symmetry, and trade that does not follow it.
fn places() -> (Vec<f64>, Vec<f64>) {
    let at: Vec<f64> = (0..N).map(|k| ((k * k * 37) % 101) as f64 * 10.0 + k as f64).collect();
    let trade = (0..N).map(|k| 1.0 + (((k * 53) % 17) as f64).powi(2)).collect();
    let km = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
    (trade, km)
}

fn asked<'a>(trade: &'a [f64], km: &'a [f64], p: usize) -> Question<'a> {
    Question {
        trade,
        distances: km,
        sites: km.len() / trade.len(),
        p,
        kept: &[],
        forbidden: &[],
        observed_with_kept: false,
        also: &[],
        rules: None,
    }
}

fn some(n: usize, sd: f64) -> Vec<Draw> {
    let covariance = vec![(0.05 * sd).powi(2), 1.5 * sd * sd, 1.5 * sd * sd, (150.0 * sd).powi(2)];
    normal_draws(&JointNormal { mean: vec![0.2, 200.0], covariance }, n, 3).unwrap()
}

fn run(question: &Question<'_>, draws: &[Draw]) -> Robust {
    robust(question, draws, &Options::default()).unwrap()
}

#[test]
fn two_draws_are_those_computed_by_hand() {
    // β = ln 2: an office in reach doubles trade.
    let km = [0.0, 3.0, 9.0, 3.0, 0.0, 3.0, 9.0, 3.0, 0.0];
    let draw = |radius| Draw { beta: 2_f64.ln(), reach: Reach::Radius { radius } };
    let answer = run(&asked(&[10.0, 4.0, 5.0], &km, 1), &[draw(1.0), draw(4.0), draw(5.0)]);
    // Near: gains 10, 4, 5. Far: 14, 19, 9, twice.
    assert_eq!((answer.solved, answer.plans.len()), (3, 2));
    assert!(answer.chosen.iter().zip([1.0 / 3.0, 2.0 / 3.0, 0.0]).all(|(a, b)| *a == b));
    let (wide, near) = (&answer.plans[0], &answer.plans[1]);
    assert_eq!((wide.open.as_slice(), wide.draws), (&[1][..], 2));
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    close(wide.mean, 14.0);
    close(near.mean, 38.0 / 3.0);
    // Order statistics 4, 19, 19: the 5th percentile lies a tenth of the way.
    close(wide.low, 4.0 + 0.1 * 15.0);
    close(wide.median, 19.0);
    close(wide.high, 19.0);
    close(wide.maximal_regret, 6.0);
    close(wide.expected_regret, 2.0);
    close(near.maximal_regret, 5.0);
    assert_eq!((answer.best_on_average, answer.least_regret), (Some(0), Some(1)));
}

#[test]
fn without_variance_every_draw_chooses_alike() {
    let (trade, km) = places();
    let answer = run(&asked(&trade, &km, 3), &some(20, 0.0));
    assert_eq!((answer.solved, answer.plans.len()), (20, 1));
    let gains = best_office(&trade, &km, N, 0.2, Reach::Decay { scale: 200.0 }).unwrap();
    let instance = Instance::new(N, N, gains.to_costs()).unwrap();
    let alone = p_median::solve(&instance, 3, &Options::default()).unwrap();
    let plan = &answer.plans[0];
    assert_eq!((&plan.open, plan.draws), (&alone.open, 20));
    assert_eq!((plan.expected_regret, plan.maximal_regret), (0.0, 0.0));
    assert!((plan.mean - gains.total(&alone.open)).abs() < ROUNDING * plan.mean);
    let expected = (0..N).map(|j| f64::from(u8::from(alone.open.contains(&j))));
    assert!(answer.chosen.iter().copied().eq(expected));
}

#[test]
fn shares_and_regrets_add_up() {
    // A short reach favours the first place, a long one the middle.
    let km = [0.0, 300.0, 600.0, 300.0, 0.0, 300.0, 600.0, 300.0, 0.0];
    let answer = run(&asked(&[100.0, 90.0, 40.0], &km, 1), &some(200, 1.0));
    assert_eq!(answer.solved + answer.failed.len(), 200);
    let counts = (answer.plans.len(), answer.failed.len());
    assert!(counts.0 > 1 && counts.1 > 0, "{counts:?}");
    assert!((answer.chosen.iter().sum::<f64>() - 1.0).abs() < ROUNDING);
    assert_eq!(answer.plans.iter().map(|plan| plan.draws).sum::<usize>(), answer.solved);
    assert!(answer.plans.windows(2).all(|two| two[0].draws >= two[1].draws));
    let best = &answer.plans[answer.best_on_average.unwrap()];
    // Mean gain and expected regret sum to the mean of the best: the orders agree.
    for plan in &answer.plans {
        assert!(plan.mean <= best.mean && plan.expected_regret >= best.expected_regret - ROUNDING);
        let (a, b) = (plan.mean + plan.expected_regret, best.mean + best.expected_regret);
        assert!((a - b).abs() < ROUNDING * a);
        assert!(plan.low <= plan.median && plan.median <= plan.high);
    }
    // No distinct plan is better in a draw than the one chosen there, in which it has no regret.
    let failed: Vec<usize> = answer.failed.iter().map(|failed| failed.number).collect();
    let draws = some(200, 1.0);
    for (number, draw) in draws.iter().enumerate() {
        let Reach::Decay { scale } = draw.reach else { panic!("a decay") };
        assert_eq!(failed.contains(&number), draw.beta < 0.0 || scale <= 0.0);
    }
}

#[test]
fn names_of_sites_do_not_matter() {
    let (trade, km) = places();
    let mut turned: Vec<f64> = km.clone();
    turned.chunks_exact_mut(N).for_each(<[f64]>::reverse);
    let draws = some(60, 0.5);
    let (a, b) = (run(&asked(&trade, &km, 2), &draws), run(&asked(&trade, &turned, 2), &draws));
    let back: Vec<f64> = b.chosen.iter().rev().copied().collect();
    assert_eq!(a.chosen, back);
    let (a, b) = (&a.plans[a.best_on_average.unwrap()], &b.plans[b.best_on_average.unwrap()]);
    let back: Vec<usize> = b.open.iter().rev().map(|j| N - 1 - j).collect();
    assert_eq!((&a.open, a.draws), (&back, b.draws));
    assert!((a.mean - b.mean).abs() < ROUNDING * a.mean);
}

#[test]
fn kept_and_forbidden_sites_stay_so() {
    let (trade, km) = places();
    let question = Question { kept: &[0], forbidden: &[3, 4], ..asked(&trade, &km, 3) };
    let answer = run(&question, &some(50, 1.0));
    assert_eq!((answer.chosen[0], answer.chosen[3], answer.chosen[4]), (1.0, 0.0, 0.0));
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let (trade, km) = places();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let answer = pool.install(|| run(&asked(&trade, &km, 3), &some(100, 1.0)));
        serde_json::to_string(&answer).unwrap()
    };
    let one = with(1);
    assert!([2, 3, 7].into_iter().all(|threads| with(threads) == one));
}

#[test]
fn a_draw_that_fails_is_listed_and_one_without_effect_is_a_tie() {
    let (trade, km) = places();
    let reach = Reach::Decay { scale: 100.0 };
    let draws = [(-0.1, reach), (0.2, reach), (0.2, Reach::Decay { scale: -5.0 }), (0.0, reach)]
        .map(|(beta, reach)| Draw { beta, reach });
    let answer = run(&asked(&trade, &km, 2), &draws);
    assert_eq!(answer.solved, 2);
    assert_eq!(answer.failed.iter().map(|f| f.number).collect::<Vec<_>>(), [0, 2]);
    assert!(answer.failed[0].reason.contains("beta") && answer.failed[1].reason.contains("scale"));
    assert!(answer.notes.iter().any(|note| note.code == "ties" && note.rows == [3]));
    let none = run(&asked(&trade, &km, 2), &draws[..1]);
    assert_eq!((none.solved, none.best_on_average, none.chosen.len()), (0, None, 0));
}

#[test]
fn what_means_nothing_is_refused() {
    let (trade, km) = places();
    let draws = some(2, 0.0);
    let says = |question: &Question<'_>, draws: &[Draw], word: &str| {
        let error = robust(question, draws, &Options::default()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    says(&asked(&trade, &km, 2), &[], "draws: no data");
    says(&asked(&trade, &km, N + 1), &draws, "got 13, expected 1 to 12");
    says(&asked(&trade, &[f64::NAN; N * N], 2), &draws, "distances, entry 0");
    says(&asked(&[-1.0; N], &km, 2), &draws, "trade, entry 0");
    says(&Question { kept: &[99], ..asked(&trade, &km, 2) }, &draws, "a position below 12");
    let bad = |mean: Vec<f64>, covariance: Vec<f64>, n| {
        normal_draws(&JointNormal { mean, covariance }, n, 1).unwrap_err().to_string()
    };
    assert!(bad(vec![0.1, 1.0], vec![0.0; 4], 0).contains("draws: no data"));
    assert!(bad(vec![0.1], vec![0.0], 1).contains("expected 2"));
    assert!(bad(vec![0.1, f64::NAN], vec![0.0; 4], 1).contains("means"));
    assert!(bad(vec![0.1, 1.0], vec![1.0, 9.0, 9.0, 1.0], 1).contains("covariance"));
}

#[test]
fn trade_observed_with_an_office_is_cleared_of_it_in_each_draw() {
    let (trade, km) = places();
    let draws = some(5, 1.0);
    let question = Question { kept: &[0], observed_with_kept: true, ..asked(&trade, &km, 2) };
    let also = vec![vec![0, 7]];
    let answer = run(&Question { also: &also, ..question }, &draws);
    let found = answer.plans.iter().find(|plan| plan.open == [0, 7]).unwrap();
    // X_k (exp(β (s_new - s_kept)) - 1), where the new office is nearer.
    let added = |draw: &Draw| -> f64 {
        let help = |k: usize, j: usize| draw.reach.at(km[k * N + j]);
        let more = |k: usize| (help(k, 7) - help(k, 0)).max(0.0);
        (0..N).map(|k| trade[k] * (draw.beta * more(k)).exp_m1()).sum()
    };
    let mean = draws.iter().map(added).sum::<f64>() / draws.len() as f64;
    assert!((found.mean - mean).abs() < 1e-9 * mean, "{} {mean}", found.mean);
    assert!(found.expected_regret >= 0.0);
    // The plan given alone and not chosen is listed with no draws.
    let never = answer.plans.iter().filter(|plan| plan.draws == 0).count();
    assert!(never <= 1);
    let wrong = vec![vec![7, 0]];
    let refused = robust(&Question { also: &wrong, ..question }, &draws, &Options::default());
    assert!(refused.unwrap_err().to_string().contains("further plan 0"));
}

#[test]
fn rules_hold_in_every_draw() {
    let (trade, km) = places();
    let draws = some(30, 1.0);
    let free = asked(&trade, &km, 2);
    let rules = Rules::new(Count::Exactly(2)).at_most("odd", &[1, 3, 5, 7, 9, 11], 0);
    let ruled = run(&Question { rules: Some(&rules), ..free }, &draws);
    let forbidden = run(&Question { forbidden: &[1, 3, 5, 7, 9, 11], ..free }, &draws);
    assert_eq!((ruled.solved, ruled.failed.len()), (forbidden.solved, forbidden.failed.len()));
    assert_eq!(ruled.chosen, forbidden.chosen);
    assert!(ruled.plans.iter().all(|plan| plan.open.iter().all(|j| j % 2 == 0)));
    let pair = Rules::new(Count::Exactly(2)).at_least("pair", &[0, 4], 2);
    let only = run(&Question { rules: Some(&pair), ..free }, &draws);
    assert_eq!((only.plans.len(), &only.plans[0].open[..]), (1, &[0, 4][..]));
    let none = Rules::new(Count::Exactly(1)).at_least("both", &[0, 4], 2);
    let refused = robust(&Question { rules: Some(&none), ..free }, &draws, &Options::default());
    assert!(refused.unwrap_err().to_string().contains("both"));
}
