//! Uncertainty: draws and the delta method, against each other, against finite differences, against
//! the solver itself, and in any number of threads.

use emporion_model::outcome::{InputError, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::closed_markets;
use emporion_model::simulate::{
    ClosedMarkets, Coefficient, DrawOptions, Effect, Elasticity, Imbalances, JointNormal, Loading,
    OneSectorOptions, Outcome, Range, Shocks, Uncertain, delta, diversion, draws, one_sector,
};

/// Central differences with a step of 1e-4 carry 1e-8 times third derivatives of order one.
const DIFFERENCES: f64 = 1e-7;
/// Two roads to one solution, each to a residual of 1e-12 or better.
const TWO_ROADS: f64 = 1e-11;

const ALL: [Imbalances; 3] =
    [Imbalances::Additive, Imbalances::Multiplicative, Imbalances::RemovedFirst];

/// Six unequal places with deficits and a flow that is zero.
fn flows() -> SquareFlows {
    let n = 6;
    let cells = (0..n * n).map(|c| match (c / n, c % n) {
        (i, j) if i == j => 300.0 + 80.0 * i as f64,
        (4, 5) => 0.0,
        (i, j) => 10.0 + ((7 * i + 5 * j) % 11) as f64 * (1.0 + i as f64),
    });
    SquareFlows::new(n, cells.collect()).unwrap()
}

fn loadings(pairs: &[(usize, usize)], loading: f64) -> Vec<Loading> {
    let at = |&(origin, destination)| Loading { origin, destination, loading };
    pairs.iter().map(at).collect()
}

fn effect(coefficient: Coefficient, pairs: &[(usize, usize)], per_theta: bool) -> Effect {
    Effect { name: "effect".into(), coefficient, loadings: loadings(pairs, 1.0), per_theta }
}

/// Two estimated effects that share pairs, a given cost, a closed market, theta uncertain.
fn scenario(scale: f64) -> Uncertain {
    let mut half = effect(Coefficient::Estimated(0), &[(0, 1), (1, 0)], false);
    half.loadings[0].loading = 0.5;
    Uncertain {
        fixed: Shocks::from_list(6, &closed_markets(2, &[3], false)).unwrap(),
        effects: vec![
            half,
            effect(Coefficient::Estimated(1), &[(1, 0), (3, 4)], false),
            effect(
                Coefficient::Given(Range::Uniform { low: 0.1 - scale, high: 0.1 + scale }),
                &[(2, 0), (2, 1), (5, 2)],
                true,
            ),
        ],
        estimated: JointNormal {
            mean: vec![0.4, -0.3],
            covariance: [4.0, 2.0, 2.0, 3.0].map(|v| v * scale * scale).to_vec(),
        },
        elasticity: Elasticity::LogNormal { mean: 5.0, sd: 4.0 * scale },
    }
}

fn options(imbalances: Imbalances) -> OneSectorOptions {
    OneSectorOptions { imbalances, supply_elasticity: 0.5, ..OneSectorOptions::default() }
}

fn account() -> Vec<ClosedMarkets> {
    vec![ClosedMarkets { exporter: 2, markets: vec![3] }]
}

/// Outcomes and quantity shares of the solver itself.
fn solved(s: &Uncertain, c: &[f64], theta: f64, imbalances: Imbalances) -> Vec<Vec<f64>> {
    let options = OneSectorOptions { elasticity: theta, ..options(imbalances) };
    let world = one_sector(&flows(), &s.shocks(c, theta).unwrap(), &options).unwrap();
    assert_eq!(world.status, Status::Converged);
    let mut all: Vec<Vec<f64>> = Outcome::ALL.iter().map(|o| o.of(&world).to_vec()).collect();
    all.push(diversion(&world, 2, &[3]).unwrap().quantity_shares);
    all
}

#[test]
fn derivatives_equal_differences() {
    let s = scenario(0.01);
    for imbalances in ALL {
        let found = delta(&flows(), &s, &options(imbalances), &account()).unwrap();
        let mut all: Vec<_> = found.outcomes.iter().map(|(_, linear)| linear).collect();
        all.push(&found.accounts[0].1);
        let centre = (s.central(), s.elasticity.central());
        let mut worst = 0.0_f64;
        for p in 0..4 {
            let moved = |step: f64| {
                let (mut c, mut theta) = centre.clone();
                if p < 3 {
                    c[p] += step
                } else {
                    theta += step
                }
                solved(&s, &c, theta, imbalances)
            };
            let (up, down) = (moved(1e-4), moved(-1e-4));
            for (k, linear) in all.iter().enumerate() {
                for j in 0..6 {
                    let want = (up[k][j] - down[k][j]) / 2e-4;
                    worst = worst.max((linear.derivatives[p][j] - want).abs());
                }
            }
        }
        println!("{imbalances:?}: derivatives and differences within {worst:.1e}");
        assert!(worst < DIFFERENCES, "{imbalances:?}: {worst:e}");
    }
}

/// With a standard deviation of a thousandth the second order is a thousandth of the first; the mean
/// and the standard deviation of 4,000 draws are known to 1.6 and 1.1 percent (one sigma).
#[test]
fn draws_and_delta_agree_when_little_is_unknown() {
    let s = scenario(0.001);
    let asked = DrawOptions { n: 4000, accounts: account(), ..DrawOptions::default() };
    for imbalances in ALL {
        let options = options(imbalances);
        let drawn = draws(&flows(), &s, &options, &asked).unwrap();
        let linear = delta(&flows(), &s, &options, &account()).unwrap();
        assert_eq!((drawn.solved, drawn.failed.len()), (4000, 0));
        assert!(drawn.worst_residual <= 1e-12);
        let mut pairs: Vec<_> =
            Outcome::ALL.iter().map(|&o| (drawn.outcome(o), linear.outcome(o))).collect();
        pairs.push((&drawn.accounts[0].quantity_shares, &linear.accounts[0].1));
        for (draws, delta) in pairs {
            for j in 0..6 {
                assert!((draws.central[j] - delta.central[j]).abs() <= TWO_ROADS);
                let error = delta.standard_error[j];
                if error < 1e-9 {
                    // The closed market itself takes no share.
                    assert_eq!((error, draws.sd[j]), (0.0, 0.0));
                    continue;
                }
                // 4.5 sigma of the sampling error, over 168 numbers.
                assert!((draws.sd[j] / error - 1.0).abs() < 0.05, "{} {error}", draws.sd[j]);
                assert!((draws.mean[j] - draws.central[j]).abs() < 0.08 * error);
            }
        }
    }
}

/// Each draw, started from the central solution, is the solution from scratch.
#[test]
fn a_draw_is_a_solution() {
    for imbalances in ALL {
        let asked =
            DrawOptions { n: 20, keep: true, accounts: account(), ..DrawOptions::default() };
        let s = scenario(0.05);
        let found = draws(&flows(), &s, &options(imbalances), &asked).unwrap();
        assert_eq!(found.kept.len(), 20);
        for (number, draw) in found.kept.iter().enumerate() {
            assert_eq!(draw.number, number);
            let want = solved(&s, &draw.coefficients, draw.elasticity, imbalances);
            let got = draw.outcomes.iter().chain(&draw.quantity_shares);
            for (got, want) in got.zip(&want) {
                for (g, w) in got.iter().zip(want) {
                    assert!((g - w).abs() <= TWO_ROADS, "{imbalances:?}: {g} for {w}");
                }
            }
        }
        let central = solved(&s, &s.central(), 5.0, imbalances);
        for (outcome, want) in Outcome::ALL.iter().zip(&central) {
            for (g, w) in found.outcome(*outcome).central.iter().zip(want) {
                assert!((g - w).abs() <= TWO_ROADS);
            }
        }
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let asked = DrawOptions { n: 100, keep: true, accounts: account(), ..DrawOptions::default() };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let found = draws(&flows(), &scenario(0.1), &options(ALL[0]), &asked).unwrap();
            serde_json::to_string(&found).unwrap()
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
    let other = DrawOptions { seed: 2, ..asked.clone() };
    let found = draws(&flows(), &scenario(0.1), &options(ALL[0]), &other).unwrap();
    assert_ne!(one, serde_json::to_string(&found).unwrap());
    // The first draws do not depend on how many follow.
    let fewer = DrawOptions { n: 10, ..asked.clone() };
    let all = draws(&flows(), &scenario(0.1), &options(ALL[0]), &asked).unwrap();
    let few = draws(&flows(), &scenario(0.1), &options(ALL[0]), &fewer).unwrap();
    assert_eq!(few.kept, all.kept[..10]);
}

/// Sample moments of the coefficients and theta themselves, to five standard errors.
#[test]
fn coefficients_have_the_moments_asked_for() {
    let s = Uncertain {
        elasticity: Elasticity::Triangular { low: 3.0, mode: 4.0, high: 8.0 },
        ..scenario(0.1)
    };
    let asked = DrawOptions { n: 4000, keep: true, ..DrawOptions::default() };
    let found = draws(&flows(), &s, &options(ALL[0]), &asked).unwrap();
    let n = found.kept.len() as f64;
    let mean = |f: &dyn Fn(usize) -> f64| (0..4000).map(f).sum::<f64>() / n;
    let c = |d: usize, k: usize| found.kept[d].coefficients[k];
    let means = [mean(&|d| c(d, 0)), mean(&|d| c(d, 1)), mean(&|d| c(d, 2))];
    for (got, want) in means.iter().zip([0.4, -0.3, 0.1]) {
        assert!((got - want).abs() < 5.0 * 0.2 / n.sqrt(), "{got} for {want}");
    }
    let covariance = mean(&|d| (c(d, 0) - 0.4) * (c(d, 1) + 0.3));
    // Variance of a product of normals with correlation r: s² t² (1 + r²).
    let error = (0.04_f64 * 0.03 * (1.0 + 1.0 / 3.0) / n).sqrt();
    assert!((covariance - 0.02).abs() < 5.0 * error, "{covariance}");
    let theta = mean(&|d| found.kept[d].elasticity);
    assert!((theta - 5.0).abs() < 5.0 * s.elasticity.sd() / n.sqrt(), "{theta}");
    assert!(found.kept.iter().all(|d| (3.0..=8.0).contains(&d.elasticity)));
    assert!(found.kept.iter().all(|d| (0.0..=0.2).contains(&d.coefficients[2])));
}

#[test]
fn listed_elasticities_are_a_sensitivity_analysis() {
    let mut s = scenario(0.0);
    let listed = vec![2.0, 4.0, 8.0];
    s.elasticity = Elasticity::Values(listed.clone());
    let asked = DrawOptions { n: 3, keep: true, ..DrawOptions::default() };
    let found = draws(&flows(), &s, &options(ALL[0]), &asked).unwrap();
    for (draw, theta) in found.kept.iter().zip(listed) {
        assert_eq!(draw.elasticity, theta);
        let want = solved(&s, &s.central(), theta, ALL[0]);
        for (g, w) in draw.outcomes[0].iter().zip(&want[0]) {
            assert!((g - w).abs() <= TWO_ROADS);
        }
    }
}

/// A change of costs acts with each draw's theta, an estimated effect does not.
#[test]
fn costs_act_with_theta() {
    let known = |per_theta| Uncertain {
        effects: vec![effect(Coefficient::Given(Range::Point(0.1)), &[(0, 1)], per_theta)],
        ..Uncertain::known(Shocks::none(6), 4.0)
    };
    assert_eq!(known(true).shocks(&[0.1], 6.0).unwrap().get(0, 1), -6.0 * 0.1);
    assert_eq!(known(false).shocks(&[0.1], 6.0).unwrap().get(0, 1), 0.1);
}

/// A barrier so high that a lender cannot be repaid has no equilibrium: such draws are listed.
#[test]
fn failed_draws_are_listed_and_not_replaced() {
    let pairs: Vec<(usize, usize)> =
        (0..36).map(|c| (c / 6, c % 6)).filter(|(i, j)| i != j).collect();
    let barrier = Range::Triangular { low: -40.0, mode: -0.1, high: 0.0 };
    let s = Uncertain {
        effects: vec![effect(Coefficient::Given(barrier), &pairs, false)],
        ..Uncertain::known(Shocks::none(6), 4.0)
    };
    let asked = DrawOptions { n: 50, keep: true, ..DrawOptions::default() };
    // The proof that there is no equilibrium is one for a fixed endowment.
    let found = draws(&flows(), &s, &OneSectorOptions::default(), &asked).unwrap();
    assert!(found.solved > 0 && !found.failed.is_empty());
    assert_eq!(found.solved + found.failed.len(), 50);
    assert_eq!(found.kept.len(), found.solved);
    let failed: Vec<f64> = found.failed.iter().map(|d| d.coefficients[0]).collect();
    let mildest = failed.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let hardest = found.kept.iter().map(|d| d.coefficients[0]).fold(f64::INFINITY, f64::min);
    // Beyond some barrier nothing solves, and up to it everything does.
    assert!(mildest < hardest, "{mildest} failed, {hardest} solved");
    assert!(found.failed.iter().all(|d| d.status != Status::Converged));
    let proven: Vec<&_> = found.failed.iter().filter(|d| d.status == Status::Infeasible).collect();
    println!("{} of {} failures are proven", proven.len(), found.failed.len());
    assert!(!proven.is_empty());
}

// --- refusals ------------------------------------------------------------------------------------

fn refused(change: impl Fn(&mut Uncertain, &mut DrawOptions)) -> String {
    let (mut s, mut asked) = (scenario(0.1), DrawOptions { n: 2, ..DrawOptions::default() });
    change(&mut s, &mut asked);
    let error: InputError = draws(&flows(), &s, &options(ALL[0]), &asked).unwrap_err();
    error.to_string()
}

#[test]
fn scenarios_that_mean_nothing() {
    let range = |range| {
        move |s: &mut Uncertain, _: &mut DrawOptions| {
            s.effects[2].coefficient = Coefficient::Given(range);
        }
    };
    let theta = |theta: Elasticity| {
        move |s: &mut Uncertain, _: &mut DrawOptions| {
            s.elasticity = theta.clone();
        }
    };
    let v = |v: [f64; 4]| {
        move |s: &mut Uncertain, _: &mut DrawOptions| {
            s.estimated.covariance = v.to_vec();
        }
    };
    for (message, words) in [
        (refused(range(Range::Uniform { low: 1.0, high: 0.0 })), "low to high"),
        (refused(range(Range::Triangular { low: 0.0, mode: 2.0, high: 1.0 })), "low to high"),
        (refused(range(Range::Normal { mean: 0.0, sd: -1.0 })), "not negative"),
        (refused(range(Range::Point(f64::NAN))), "effect"),
        (refused(|s, _| s.effects[0].coefficient = Coefficient::Estimated(2)), "coefficient 2"),
        (refused(|s, _| s.effects[0].loadings[0].loading = f64::NEG_INFINITY), "fixed shock"),
        (refused(|s, _| s.effects[0].loadings[0].destination = 0), "place 0"),
        (refused(|s, _| s.effects[0].loadings[0].destination = 6), "6"),
        (refused(|s, _| s.effects[0].loadings = loadings(&[(0, 1), (0, 1)], 1.0)), "once"),
        (refused(theta(Elasticity::Fixed(0.0))), "positive"),
        (refused(theta(Elasticity::Uniform { low: -1.0, high: 4.0 })), "positive"),
        (refused(theta(Elasticity::LogNormal { mean: 4.0, sd: -1.0 })), "theta"),
        (refused(theta(Elasticity::Triangular { low: 5.0, mode: 4.0, high: 8.0 })), "theta"),
        (refused(theta(Elasticity::Values(vec![]))), "at least one"),
        (refused(v([1.0, 0.5, 0.4, 1.0])), "symmetric"),
        (refused(v([1.0, 2.0, 2.0, 1.0])), "standard deviations"),
        (refused(v([-1.0, 0.0, 0.0, 1.0])), "variance"),
        (refused(v([f64::NAN, 0.0, 0.0, 1.0])), "left out of the fit"),
        (refused(|s, _| s.estimated.covariance.truncate(3)), "expected 4"),
        (refused(|_, d| d.n = 0), "at least 1"),
        (refused(|_, d| d.level = 1.0), "between 0 and 1"),
        (
            refused(|_, d| d.accounts = vec![ClosedMarkets { exporter: 2, markets: vec![2] }]),
            "own market",
        ),
        (
            refused(|_, d| d.accounts = vec![ClosedMarkets { exporter: 2, markets: vec![] }]),
            "at least one market",
        ),
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

/// Every pair of coefficients correlates as it may, and all three together cannot.
#[test]
fn a_matrix_that_is_no_covariance() {
    let mut s = scenario(0.1);
    s.estimated.mean.push(0.0);
    s.estimated.covariance = vec![1.0, 0.9, -0.9, 0.9, 1.0, 0.9, -0.9, 0.9, 1.0];
    let error = draws(&flows(), &s, &options(ALL[0]), &DrawOptions::default()).unwrap_err();
    assert!(error.to_string().contains("semidefinite"), "{error}");
}
