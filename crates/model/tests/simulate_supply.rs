//! Changes of productivity and of labour, and the two ways of solving the linear systems.

use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::agreement;
use emporion_model::simulate::{
    Equilibrium, Imbalances, Method, OneSectorOptions, Shocks, Supply, one_sector,
};

/// Closed forms: rounding of logs and powers.
const ROUNDING: f64 = 1e-13;
/// Two roads to one solution, each with a residual of at most 1e-12, on hats of order one.
const TWO_ROADS: f64 = 1e-12;

const ALL: [Imbalances; 3] =
    [Imbalances::Additive, Imbalances::Multiplicative, Imbalances::RemovedFirst];

/// Places of different size, with deficits and zeros.
fn flows(n: usize) -> SquareFlows {
    let cells = (0..n * n).map(|c| match (c / n, c % n) {
        (i, j) if i == j => 300.0 * n as f64 + 80.0 * i as f64,
        (i, j) if (i + 2 * j) % 5 == 0 && j != (i + 1) % n => 0.0,
        (i, j) => 10.0 + ((7 * i + 5 * j) % 11) as f64 * (1.0 + (i % 4) as f64),
    });
    SquareFlows::new(n, cells.collect()).unwrap()
}

fn supply(place: usize, productivity_hat: f64, labour_hat: f64) -> Supply {
    Supply { place, productivity_hat, labour_hat }
}

fn solve(flows: &SquareFlows, shocks: &Shocks, options: &OneSectorOptions) -> Equilibrium {
    let world = one_sector(flows, shocks, options).unwrap();
    assert_eq!(world.status, Status::Converged, "{:?}", world.notes);
    assert!(world.residual <= 1e-12 && world.acr_gap <= 1e-12);
    world
}

fn close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g / w - 1.0).abs() <= tolerance, "{what} of place {k}: {g} for {w}");
    }
}

/// Everybody more productive by a: quantities rise by a, prices fall by it, trade stays. Everybody
/// with more hands: the same, and nobody is better off.
#[test]
fn the_same_change_everywhere() {
    let n = 6;
    for psi in [0.0, 1.5] {
        for imbalances in ALL {
            let options = OneSectorOptions {
                supply_elasticity: psi,
                imbalances,
                ..OneSectorOptions::default()
            };
            for (a, l) in [(1.25, 1.0), (1.0, 1.25), (0.8, 1.5)] {
                let list: Vec<Supply> = (0..n).map(|k| supply(k, a, l)).collect();
                let shocks = Shocks::none(n).with_supply(&list).unwrap();
                let world = solve(&flows(n), &shocks, &options);
                let all = |value: f64| vec![value; n];
                close("price", &world.factory_price_hat, &all(1.0 / (a * l)), ROUNDING);
                close("price index", &world.price_index_hat, &all(1.0 / (a * l)), ROUNDING);
                close("wage", &world.wage_hat, &all(1.0 / l), ROUNDING);
                close("output", &world.output_hat, &all(1.0), ROUNDING);
                close("welfare", &world.welfare_hat, &all(a), ROUNDING);
                close("exports", &world.exports_hat, &all(1.0), ROUNDING);
            }
        }
    }
}

/// Cut off from the world a place has just what it makes: welfare A, whatever psi.
#[test]
fn alone_welfare_is_productivity() {
    let n = 6;
    let everybody: Vec<usize> = (0..n).collect();
    let closed = agreement(&everybody, &everybody, f64::NEG_INFINITY, 1.0);
    let list = [supply(0, 1.5, 1.0), supply(3, 0.9, 2.0)];
    let shocks = Shocks::from_list(n, &closed).unwrap();
    for psi in [0.0, 0.7] {
        let options = OneSectorOptions {
            supply_elasticity: psi,
            imbalances: Imbalances::RemovedFirst,
            ..OneSectorOptions::default()
        };
        let before = solve(&flows(n), &shocks, &options);
        let after = solve(&flows(n), &shocks.clone().with_supply(&list).unwrap(), &options);
        let ratio: Vec<f64> =
            (0..n).map(|j| after.welfare_hat[j] / before.welfare_hat[j]).collect();
        close("welfare", &ratio, &[1.5, 1.0, 1.0, 0.9, 1.0, 1.0], ROUNDING);
    }
}

/// With psi = 0 the place that makes more sells it cheaper: its terms of trade fall, others gain.
#[test]
fn growth_is_shared_with_partners() {
    let balanced =
        OneSectorOptions { imbalances: Imbalances::RemovedFirst, ..OneSectorOptions::default() };
    let shocks = Shocks::none(6).with_supply(&[supply(2, 1.2, 1.0)]).unwrap();
    let world = solve(&flows(6), &shocks, &balanced);
    assert!(world.welfare_hat[2] > 1.0 && world.welfare_hat[2] < 1.2);
    assert!((0..6).filter(|&j| j != 2).all(|j| world.welfare_hat[j] > 1.0));
    assert!(
        (0..6).filter(|&j| j != 2).all(|j| world.factory_price_hat[2] < world.factory_price_hat[j])
    );
}

#[test]
fn names_do_not_matter() {
    let n = 6;
    let turn = |k: usize| (k + 2) % n;
    let flows = flows(n);
    let mut turned = vec![0.0; n * n];
    for c in 0..n * n {
        turned[turn(c / n) * n + turn(c % n)] = flows.values[c];
    }
    let turned = SquareFlows::new(n, turned).unwrap();
    for imbalances in ALL {
        let options =
            OneSectorOptions { imbalances, supply_elasticity: 0.4, ..OneSectorOptions::default() };
        let one = Shocks::none(n).with_supply(&[supply(1, 1.3, 0.9)]).unwrap();
        let other = Shocks::none(n).with_supply(&[supply(turn(1), 1.3, 0.9)]).unwrap();
        let (a, b) = (solve(&flows, &one, &options), solve(&turned, &other, &options));
        let back: Vec<f64> = (0..n).map(|k| b.welfare_hat[turn(k)]).collect();
        close("welfare", &a.welfare_hat, &back, TWO_ROADS);
    }
}

#[test]
fn factors_and_products_agree() {
    for n in [7, 60, 130] {
        let everybody: Vec<usize> = (0..n).collect();
        for beta in [0.5, -2.0, -6.0] {
            let list = if beta > 0.0 {
                agreement(&[0, 1, 2], &[3, 4], beta, 1.0)
            } else {
                agreement(&everybody, &everybody, beta, 1.0)
            };
            let shocks = Shocks::from_list(n, &list).unwrap();
            let shocks = shocks.with_supply(&[supply(1, 1.3, 0.9)]).unwrap();
            for imbalances in [Imbalances::Multiplicative, Imbalances::RemovedFirst] {
                for psi in [0.0, 1.2] {
                    let with = |method| OneSectorOptions {
                        imbalances,
                        supply_elasticity: psi,
                        method,
                        ..OneSectorOptions::default()
                    };
                    let factors = solve(&flows(n), &shocks, &with(Method::Factorised));
                    let products = solve(&flows(n), &shocks, &with(Method::Krylov));
                    assert_eq!(factors.method, Method::Factorised);
                    assert_eq!((products.method, factors.products), (Method::Krylov, 0));
                    assert!(products.products > 0);
                    close("welfare", &products.welfare_hat, &factors.welfare_hat, TWO_ROADS);
                    close("exports", &products.exports_hat, &factors.exports_hat, TWO_ROADS);
                    let automatic = solve(&flows(n), &shocks, &with(Method::Automatic));
                    let chosen = if n < 100 { Method::Factorised } else { Method::Krylov };
                    assert_eq!(automatic.method, chosen);
                }
            }
        }
    }
}

/// From 512 places on the sums are shared among threads.
#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let n = 530;
    let flows = flows(n);
    let shocks = Shocks::from_list(n, &agreement(&[0, 1, 2], &[3, 4], 0.5, 1.0)).unwrap();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| solve(&flows, &shocks, &OneSectorOptions::default()))
    };
    let (one, two, five) = (run(1), run(2), run(5));
    assert_eq!(one, two);
    assert_eq!(one, five);
}

#[test]
fn refusals() {
    let refused = |list: &[Supply]| Shocks::none(3).with_supply(list).unwrap_err().to_string();
    assert!(refused(&[supply(3, 1.1, 1.0)]).contains("places 0 to 2"));
    assert!(refused(&[supply(1, 1.1, 1.0), supply(1, 1.2, 1.0)]).contains("each place once"));
    assert!(refused(&[supply(1, 0.0, 1.0)]).contains("productivity"));
    assert!(refused(&[supply(1, 1.0, -2.0)]).contains("labour"));
    assert!(refused(&[supply(1, f64::NAN, 1.0)]).contains("productivity"));
    assert!(refused(&[supply(1, 1.0, 1e6)]).contains("labour"));
}
