//! Capture on 200 towns: gap and seconds of the CPU for several decays.
//!
//! `cargo run --release -p emporion-model --example capture_bench`

use emporion_model::site::capture::{Options, solve};
use emporion_model::site::market::{Fade, Market, attraction};
use std::time::Instant;

/// Points in a square of 1000 km and sizes from 1 to 10, by a linear congruential generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn main() {
    const N: usize = 200;
    let rivals = 10;
    let fades = [
        ("exp(-d/300)", Fade::Exponential { beta: 1.0 / 300.0 }),
        ("exp(-d/100)", Fade::Exponential { beta: 1.0 / 100.0 }),
        ("exp(-d/50)", Fade::Exponential { beta: 1.0 / 50.0 }),
        ("d^-2", Fade::Power { lambda: 2.0 }),
    ];
    println!(
        "decay         p   capture  root gap        gap    nodes  steps  seconds  greedy/best"
    );
    for (name, fade) in fades {
        let mut random = Random(7);
        let mut points = |n: usize| {
            (0..n).map(|_| (1e3 * random.next(), 1e3 * random.next())).collect::<Vec<_>>()
        };
        let (towns, others) = (points(N), points(rivals));
        let sizes: Vec<f64> = (0..N).map(|_| 1.0 + 9.0 * random.next()).collect();
        let weights: Vec<f64> = (0..N).map(|_| 1.0 + 99.0 * random.next()).collect();
        let km = |to: &[(f64, f64)]| -> Vec<f64> {
            let row = |a: &(f64, f64)| {
                to.iter().map(|b| 20.0 + (a.0 - b.0).hypot(a.1 - b.1)).collect::<Vec<_>>()
            };
            towns.iter().flat_map(row).collect()
        };
        let u = attraction(&sizes, &km(&towns), 1.0, fade).unwrap();
        let v = attraction(&vec![5.0; rivals], &km(&others), 1.0, fade).unwrap();
        let market = Market::new(N, N, u)
            .and_then(|market| market.weighted(weights.clone()))
            .and_then(|market| market.rivals(rivals, &v))
            .unwrap();
        let all: f64 = weights.iter().sum();
        for p in [5, 10] {
            let start = Instant::now();
            let s = solve(&market, p, &Options::default()).unwrap();
            println!(
                "{name:12} {p:3}  {:7.2} %  {:8.1e} {:10.1e} {:8} {:6} {:8.2}  {:.5}",
                100.0 * s.objective / all,
                s.root_bound / s.objective - 1.0,
                s.gap,
                s.nodes,
                s.iterations,
                start.elapsed().as_secs_f64(),
                s.greedy / s.objective
            );
        }
    }
}
