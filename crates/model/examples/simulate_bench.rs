//! Times of the one-sector solver and of draws, each beside its residual.
//!
//! ```text
//! cargo run --release -p emporion-model --example simulate_bench [places ...]
//! ```
//!
//! Worlds are made here: sizes log-normal, trade falling with distance on a square, own trade
//! about four fifths. With numbers of places as arguments only those are solved, once.

use std::time::Instant;

use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::agreement;
use emporion_model::simulate::{
    Coefficient, DrawOptions, Effect, Elasticity, JointNormal, Loading, Method, OneSectorOptions,
    Shock, Shocks, Uncertain, draws, one_sector,
};

/// Numbers between 0 and 1 from a multiplicative generator: the worlds are the same everywhere.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }
}

fn world(n: usize, zeros: f64) -> SquareFlows {
    let mut next = numbers(n as u64);
    let size: Vec<f64> =
        (0..n).map(|_| (1.5 * (next() + next() + next() - 1.5) * 2.0).exp()).collect();
    let at: Vec<(f64, f64)> = (0..n).map(|_| (next(), next())).collect();
    let mut values = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..n {
            let distance = 0.02 + (at[i].0 - at[j].0).hypot(at[i].1 - at[j].1);
            let kept = next() >= zeros || j == (i + 1) % n;
            if i != j && kept {
                values[i * n + j] = size[i] * size[j] / distance * (next() + 0.2);
            }
        }
    }
    for i in 0..n {
        let abroad: f64 = values[i * n..(i + 1) * n].iter().sum();
        values[i * n + i] = 4.0 * abroad;
    }
    SquareFlows::new(n, values).unwrap()
}

fn solve(
    what: &str,
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
    times: usize,
) {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..times {
        let start = Instant::now();
        last = Some(one_sector(flows, shocks, options).unwrap());
        best = best.min(start.elapsed().as_secs_f64());
    }
    let world = last.unwrap();
    println!(
        "{what}: {:.1} ms, {:?}, {:?}, {} steps, {} products, residual {:.0e}, ACR {:.0e}",
        1e3 * best,
        world.status,
        world.method,
        world.iterations,
        world.products,
        world.residual,
        world.acr_gap
    );
}

fn blocs(n: usize) -> Shocks {
    let group = |a: usize| -> Vec<usize> { (0..n).filter(|i| i % 9 == a).collect() };
    let list: Vec<Shock> = agreement(&group(0), &group(1), 0.5, 1.0)
        .into_iter()
        .chain(agreement(&group(2), &group(2), 0.3, 1.0))
        .collect();
    Shocks::from_list(n, &list).unwrap()
}

fn uncertain(n: usize) -> Uncertain {
    let effect = |k: usize, pairs: Vec<Shock>| Effect {
        name: format!("effect {k}"),
        coefficient: Coefficient::Estimated(k),
        loadings: pairs
            .iter()
            .map(|p| Loading { origin: p.origin, destination: p.destination, loading: 1.0 })
            .collect(),
        per_theta: false,
    };
    let group = |a: usize| -> Vec<usize> { (0..n).filter(|i| i % 9 == a).collect() };
    Uncertain {
        fixed: Shocks::none(n),
        effects: vec![
            effect(0, agreement(&group(0), &group(1), 1.0, 1.0)),
            effect(1, agreement(&group(2), &group(2), 1.0, 1.0)),
        ],
        estimated: JointNormal { mean: vec![0.5, 0.3], covariance: vec![0.04, 0.01, 0.01, 0.02] },
        elasticity: Elasticity::LogNormal { mean: 4.0, sd: 0.5 },
    }
}

fn main() {
    let options = OneSectorOptions::default();
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|n| n.parse().ok()).collect();
    for &n in &asked {
        let flows = world(n, 0.0);
        solve(&format!("N = {n}"), &flows, &blocs(n), &options, 1);
    }
    if !asked.is_empty() {
        println!("largest memory: {}", peak());
        return;
    }
    for n in [44, 200, 300, 500] {
        let flows = world(n, 0.0);
        for method in [Method::Factorised, Method::Krylov] {
            let options = OneSectorOptions { method, ..options.clone() };
            solve(&format!("N = {n}"), &flows, &blocs(n), &options, 5);
        }
    }
    solve("N = 194, 32 % zeros", &world(194, 0.32), &blocs(194), &options, 5);
    let everybody: Vec<usize> = (0..44).collect();
    let walls = Shocks::from_list(44, &agreement(&everybody, &everybody, -6.0, 1.0)).unwrap();
    let balanced = OneSectorOptions {
        imbalances: emporion_model::simulate::Imbalances::RemovedFirst,
        ..options.clone()
    };
    solve("N = 44, beta = -6 on every foreign flow", &world(44, 0.0), &walls, &balanced, 5);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for n in [44, 200] {
        let flows = world(n, 0.0);
        let start = Instant::now();
        let found = one
            .install(|| draws(&flows, &uncertain(n), &options, &DrawOptions::default()))
            .unwrap();
        println!(
            "1000 draws, N = {n}, one thread: {:.2} s, {} solved, {} failed, {:.2} steps each, \
             residual {:.0e}",
            start.elapsed().as_secs_f64(),
            found.solved,
            found.failed.len(),
            found.iterations as f64 / found.solved as f64,
            found.worst_residual
        );
    }
    println!("largest memory: {}", peak());
}

/// From the system, where it tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".into(), |line| line.trim().to_owned())
}
