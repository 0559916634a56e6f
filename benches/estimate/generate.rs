//! Seeded tables: three-way gravity panels and worker-firm panels.
//!
//! ```text
//! gravity   μ_odt = exp(a_ot + b_dt + g_od + 0.5 x1 - 0.3 x2 - 1.0 x3),  y = μ ε / p with probability p, else 0
//! workers   y_it  = 0.5 x1 - 0.3 x2 + 0.1 x3 + worker_i + firm_j(i,t) + 0.02 t + e
//! ```
//!
//! x1 is an agreement that an unordered pair signs in some year or never, x2 a border × trend with
//! noise, x3 a tariff lower under the agreement. Zeros come with probability 1 - p, p = μ/(μ + 0.4),
//! and by rounding below 0.001: 30 to 50 in a hundred.

use crate::random::Random;
use emporion_model::estimate::design::{Design, Factor, Regressor};

/// Coefficients of the gravity panels.
pub const GRAVITY: [f64; 3] = [0.5, -0.3, -1.0];
/// Coefficients of the worker-firm panels.
pub const WORKERS: [f64; 3] = [0.5, -0.3, 0.1];

/// A table to make.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Places, years, sectors.
    Gravity(usize, usize, usize),
    /// Workers, firms, years; whether workers move only to a neighbouring firm.
    Workers(usize, usize, usize, bool),
}

/// The sizes by name.
pub fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "S" => Kind::Gravity(60, 10, 1),
        "M" => Kind::Gravity(150, 20, 1),
        "L" => Kind::Gravity(200, 40, 1),
        "XL" => Kind::Gravity(200, 20, 15),
        "akm-small" => Kind::Workers(10_000, 1_000, 10, false),
        "akm" => Kind::Workers(100_000, 10_000, 10, false),
        "akm-hard" => Kind::Workers(100_000, 10_000, 10, true),
        _ => return None,
    })
}

/// The design of a kind, the same for the same seed.
pub fn design(kind: Kind, seed: u64) -> Design {
    match kind {
        Kind::Gravity(n, t, k) => gravity(n, t, k, seed),
        Kind::Workers(workers, firms, t, hard) => worker_firm(workers, firms, t, hard, seed),
    }
}

struct Geography {
    distance: Vec<f64>,
    contiguous: Vec<bool>,
    size: Vec<f64>,
    /// First year of the agreement; never is beyond the last.
    start: Vec<usize>,
}

fn geography(n: usize, t: usize, seed: u64) -> Geography {
    let mut r = Random::new(seed, 0);
    let place: Vec<(f64, f64)> =
        (0..n).map(|_| (2.0 * r.uniform() - 1.0, 4.0 * r.uniform() - 2.0)).collect();
    let size = (0..n).map(|_| 1.3 * r.normal()).collect();
    let mut distance = vec![0.05; n * n];
    let mut start = vec![usize::MAX; n * n];
    for o in 0..n {
        for d in 0..o {
            let km = (place[o].0 - place[d].0).hypot(place[o].1 - place[d].1).max(1e-3);
            let signs = r.uniform() < 0.45 * (-0.5 * km).exp();
            let year = r.below(t + 4);
            for cell in [o * n + d, d * n + o] {
                distance[cell] = km;
                if signs {
                    start[cell] = year;
                }
            }
        }
    }
    let mut sorted: Vec<f64> = distance.iter().copied().filter(|v| *v > 0.05).collect();
    sorted.sort_by(f64::total_cmp);
    let near = sorted[sorted.len() / 20];
    let contiguous = distance.iter().map(|v| *v < near).collect();
    Geography { distance, contiguous, size, start }
}

fn gravity(n: usize, t: usize, k: usize, seed: u64) -> Design {
    let g = geography(n, t, seed);
    let rows = n * n * t * k;
    let column = || Vec::with_capacity(rows);
    let (mut y, mut x1, mut x2, mut x3): (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>) =
        (column(), column(), column(), column());
    let ids = || Vec::<u32>::with_capacity(rows);
    let (mut origin_year, mut destination_year, mut pair_sector, mut pair) =
        (ids(), ids(), ids(), ids());
    for s in 0..k {
        let mut r = Random::new(seed, s as u64 + 1);
        // Border effects and trends are common to all sectors.
        let mut common = Random::new(seed, 1 << 32);
        let walk = |r: &mut Random| -> Vec<f64> {
            let mut out = vec![0.0; n * t];
            for o in 0..n {
                let mut level = g.size[o] + 0.3 * r.normal();
                for year in 0..t {
                    level += 0.08 * r.normal();
                    out[o * t + year] = level;
                }
            }
            out
        };
        let (a, b) = (walk(&mut r), walk(&mut r));
        for o in 0..n {
            for d in 0..n {
                let cell = o * n + d;
                let affinity = -0.9 * g.distance[cell].ln() + 0.5 * r.normal();
                let tariff = r.gamma2(0.05);
                let contiguous = if g.contiguous[cell] { 1.5 } else { 0.5 };
                for year in 0..t {
                    let agreed = f64::from(u8::from(year >= g.start[cell]));
                    let border = f64::from(u8::from(o != d));
                    let trend = year as f64 / (t.max(2) - 1) as f64;
                    let trend = border * trend * contiguous + 0.1 * common.normal();
                    let fall = (1.0 - 0.02 * year as f64).max(0.0);
                    let duty = tariff * fall * (0.15 * r.normal()).exp() * (1.0 - 0.4 * agreed);
                    let duty = if o == d { 0.0 } else { duty.ln_1p() };
                    let [b1, b2, b3] = GRAVITY;
                    let eta = a[o * t + year] + b[d * t + year] + affinity;
                    let mu = (eta + b1 * agreed + b2 * trend + b3 * duty).exp();
                    y.push(outcome(mu, &mut r));
                    x1.push(agreed);
                    x2.push(trend);
                    x3.push(duty);
                    origin_year.push(((s * n + o) * t + year) as u32);
                    destination_year.push(((s * n + d) * t + year) as u32);
                    pair_sector.push((s * n * n + cell) as u32);
                    pair.push(cell as u32);
                }
            }
        }
    }
    let sector = if k > 1 { "^sector" } else { "" };
    Design {
        outcome: "y".into(),
        y,
        x: regressors([x1, x2, x3]),
        constant: true,
        effects: vec![
            factor(&format!("origin^year{sector}"), origin_year, n * t * k),
            factor(&format!("destination^year{sector}"), destination_year, n * t * k),
            factor(&format!("pair{sector}"), pair_sector, n * n * k),
        ],
        clusters: vec![factor("pair", pair, n * n)],
        ..Design::default()
    }
}

/// Lognormal with mean μ and a variance that falls with μ, or zero.
pub fn outcome(mu: f64, r: &mut Random) -> f64 {
    let variance = (1.0 / mu.sqrt() + 0.3).ln_1p();
    let noise = (r.normal() * variance.sqrt() - 0.5 * variance).exp();
    let p = mu / (mu + 0.4);
    let value = if r.uniform() < p { mu * noise / p } else { 0.0 };
    if value < 1e-3 { 0.0 } else { (value * 1e6).round() / 1e3 }
}

fn worker_firm(workers: usize, firms: usize, t: usize, hard: bool, seed: u64) -> Design {
    let mut r = Random::new(seed, 0);
    let ability: Vec<f64> = (0..workers).map(|_| r.normal()).collect();
    let premium: Vec<f64> = (0..firms).map(|_| 0.7 * r.normal()).collect();
    let mut firm: Vec<usize> = (0..workers).map(|_| r.below(firms)).collect();
    if hard {
        // Alike workers start side by side, so that the graph is a long thin chain.
        let mut order: Vec<(f64, usize)> =
            (0..workers).map(|i| (ability[i] + 0.2 * r.normal(), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (rank, (_, i)) in order.into_iter().enumerate() {
            firm[i] = rank * firms / workers;
        }
    }
    let mobility = if hard { 0.05 } else { 0.2 };
    let (mut y, mut x1, mut x2, mut x3) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut worker_ids, mut firm_ids, mut years) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..workers {
        for year in 0..t {
            if year > 0 && r.uniform() < mobility {
                firm[i] = if hard {
                    let up = r.uniform() < 0.5;
                    if up { (firm[i] + 1).min(firms - 1) } else { firm[i].saturating_sub(1) }
                } else {
                    r.below(firms)
                };
            }
            let j = firm[i];
            let x = [
                r.normal() + 0.3 * ability[i],
                r.normal() + 0.3 * premium[j],
                f64::from(u8::from(r.uniform() < 0.2)),
            ];
            let explained: f64 = x.iter().zip(WORKERS).map(|(x, b)| x * b).sum();
            y.push(explained + ability[i] + premium[j] + 0.02 * year as f64 + r.normal());
            x1.push(x[0]);
            x2.push(x[1]);
            x3.push(x[2]);
            worker_ids.push(i as u32);
            firm_ids.push(j as u32);
            years.push(year as u32);
        }
    }
    let worker = factor("worker", worker_ids, workers);
    Design {
        outcome: "y".into(),
        y,
        x: regressors([x1, x2, x3]),
        constant: true,
        effects: vec![worker.clone(), factor("firm", firm_ids, firms), factor("year", years, t)],
        clusters: vec![worker],
        ..Design::default()
    }
}

fn factor(name: &str, ids: Vec<u32>, levels: usize) -> Factor {
    Factor { name: name.into(), ids, levels }
}

fn regressors(columns: [Vec<f64>; 3]) -> Vec<Regressor> {
    std::iter::zip(["x1", "x2", "x3"], columns)
        .map(|(name, values)| Regressor { name: name.into(), values })
        .collect()
}
