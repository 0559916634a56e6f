//! Times many sectors: Caliendo and Parro (31 × 40), a synthetic world of the size of the OECD
//! tables (77 × 45), and the bundled case of 2022 (80 × 50).
//!
//! Run with `cargo run --release -p emporion-model --example simulate_bench_many`; one thread. The
//! first needs the reference data outside the repository and is left out without them.

#[path = "../tests/common/caliendo_parro.rs"]
mod caliendo_parro;
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/world_2022.rs"]
mod world_2022;

use std::time::Instant;

use emporion_model::simulate::{
    Imbalances, ManySectorOptions, ManySectorShock, ManySectors, ManySectorsData,
    many_sector_diversion, many_sectors,
};

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("");
    let kilobytes = line.split_whitespace().nth(1).and_then(|k| k.parse::<f64>().ok());
    kilobytes.map_or_else(|| "?".into(), |k| format!("{:.0} MB", k / 1024.0))
}

/// A world like gravity's: large and small places, near and far pairs, deficits and tariffs.
fn synthetic(n: usize, sectors: usize) -> ManySectorsData {
    // Weyl's sequence: even, and the same everywhere.
    let even = |k: usize| (0.5 + k as f64 * 0.618_033_988_749_895).fract();
    let size = |p: usize| (4.0 * even(p + 1)).exp();
    let trade = (0..sectors * n * n)
        .map(|c| {
            let (j, i, d) = (c / (n * n), c / n % n, c % n);
            let strength = size(i) * size(d) * (0.5 + even(i * sectors + j));
            let far = (i as f64 - d as f64).abs() / n as f64;
            let home = if i == d { 30.0 } else { 1.0 };
            home * strength * (-3.0 * far).exp() * (0.5 + even(c))
        })
        .collect();
    let tariffs = (0..sectors * n * n)
        .map(|c| if c / n % n == c % n { 0.0 } else { 0.1 * even(c + 7) })
        .collect();
    let value_added = |p: usize, j: usize| 0.35 + 0.3 * even(p * sectors + j + 3);
    let mut input_shares = vec![0.0; n * sectors * sectors];
    for p in 0..n {
        for j in 0..sectors {
            let weight = |k: usize| 0.2 + even(p + k * sectors + j);
            let total: f64 = (0..sectors).map(weight).sum();
            for k in 0..sectors {
                input_shares[(p * sectors + k) * sectors + j] =
                    (1.0 - value_added(p, j)) * weight(k) / total;
            }
        }
    }
    ManySectorsData {
        places: n,
        sectors,
        trade,
        tariffs,
        value_added_shares: (0..n * sectors)
            .map(|c| value_added(c / sectors, c % sectors))
            .collect(),
        input_shares,
        elasticities: (0..sectors).map(|j| 2.0 + 12.0 * even(j)).collect(),
        final_shares: None,
    }
}

fn time(
    name: &str,
    world: &ManySectors,
    shock: &ManySectorShock,
    imbalances: Imbalances,
) -> emporion_model::simulate::ManySectorEquilibrium {
    let options = ManySectorOptions { imbalances, ..ManySectorOptions::default() };
    let start = Instant::now();
    let got = many_sectors(world, shock, &options).expect("sound input");
    println!(
        "{name:44} {:6.2} s  {:3} steps  residual {:.0e}, baseline {:.0e}  peak {}  {:?}",
        start.elapsed().as_secs_f64(),
        got.iterations,
        got.residual,
        got.baseline_residual,
        memory(),
        got.status
    );
    got
}

fn main() {
    if let Some(folder) = common::reference("simulate").map(|f| f.join("caliendo_parro")) {
        let world = ManySectors::new(&caliendo_parro::data(&folder)).expect("sound data");
        let shock = caliendo_parro::nafta(&folder, &world);
        for imbalances in [Imbalances::RemovedFirst, Imbalances::Additive] {
            let name = format!("NAFTA 31 x 40, {imbalances:?}");
            let _ = time(&name, &world, &shock, imbalances);
        }
    }
    let world = ManySectors::new(&synthetic(77, 45)).expect("sound data");
    let mut shock = ManySectorShock::none(&world);
    (0..45).for_each(|j| {
        (1..40).for_each(|d| shock.tariff(j, 0, d, 0.25).expect("a foreign pair"));
    });
    let _ = time("synthetic 77 x 45, 39 importers tax one", &world, &shock, Imbalances::Additive);

    let case = world_2022::world_2022();
    let world = ManySectors::new(&case.data).expect("sound data");
    world.notes().iter().for_each(|n| println!("  {}: {}", n.code, n.message));
    let at = |id: &str| case.places.iter().position(|p| p == id).expect("a place of the case");
    let (belarus, markets) = (at("BLR"), ["DEU", "POL", "LTU", "LVA", "UKR"].map(at));
    let mut shock = ManySectorShock::none(&world);
    markets.iter().for_each(|&m| shock.close_all(belarus, m).expect("a foreign pair"));
    for imbalances in [Imbalances::Additive, Imbalances::Multiplicative, Imbalances::RemovedFirst] {
        let name = format!("world 80 x 50, BLR closed, {imbalances:?}");
        let got = time(&name, &world, &shock, imbalances);
        let sectors: Vec<usize> = (0..case.sectors.len()).collect();
        let account = many_sector_diversion(&got, belarus, &markets, &sectors).expect("solved");
        println!(
            "    quantity: abroad {:.1}, home {:.1}, destroyed {:.1} percent; real income {:+.2} \
             percent",
            100.0 * account.total.quantity_share_abroad,
            100.0 * account.total.quantity_share_home,
            100.0 * account.total.quantity_share_destroyed,
            100.0 * (got.welfare_exact_hat[belarus] - 1.0)
        );
    }
}
