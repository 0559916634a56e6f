//! Times the estimator on a gravity table in Parquet: y ~ x1 + x2 + x3 with three-way effects.
//!
//! Run with `cargo run --release -p emporion-model --example estimate_bench -- TABLE [repeats]
//! [auto|dense|sparse] [sector|ols|akm]`; `RAYON_NUM_THREADS` sets the threads.

#[path = "../tests/common/parquet.rs"]
#[allow(dead_code)]
mod parquet;

use emporion_model::estimate::design::{Design, Factor, Regressor};
use emporion_model::estimate::{self, Family, Options, Road, Vcov};
use parquet::Column;
use std::collections::BTreeMap;
use std::time::Instant;

fn number(columns: &mut BTreeMap<String, Column>, name: &str) -> Vec<f64> {
    match columns.remove(name) {
        Some(Column::Number(v)) => v,
        _ => panic!("no numeric column {name}"),
    }
}

/// The combination of whole-number columns, levels by first occurrence.
fn factor(name: &str, parts: &[&[u32]]) -> Factor {
    let sizes: Vec<usize> =
        parts.iter().map(|p| *p.iter().max().unwrap_or(&0) as usize + 1).collect();
    let mut number = vec![u32::MAX; sizes.iter().product()];
    let mut levels = 0;
    let ids = (0..parts[0].len())
        .map(|i| {
            let key = parts.iter().zip(&sizes).fold(0, |k, (p, s)| k * s + p[i] as usize);
            if number[key] == u32::MAX {
                number[key] = levels;
                levels += 1;
            }
            number[key]
        })
        .collect();
    Factor { name: name.into(), ids, levels: levels as usize }
}

/// Processor seconds of this process so far, from the kernel's clock ticks of 10 ms.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or("");
    let field = |i: usize| -> f64 {
        after.split_whitespace().nth(i).and_then(|v| v.parse().ok()).unwrap_or(0.0)
    };
    (field(11) + field(12)) / 100.0
}

fn memory(what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(what)).unwrap_or("");
    line.split_whitespace()
        .nth(1)
        .and_then(|k| k.parse::<f64>().ok())
        .map_or_else(|| "?".into(), |kb| format!("{:.0} MB", kb / 1024.0))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().expect("a Parquet file");
    let repeats: usize = arguments.get(1).map_or(1, |r| r.parse().expect("a number of repeats"));
    let road = match arguments.get(2).map(String::as_str) {
        Some("dense") => Road::Dense,
        Some("sparse") => Road::Sparse,
        _ => Road::Auto,
    };
    let kind = arguments.get(3).map_or("", String::as_str);
    let design = read(std::path::Path::new(path), kind);
    println!("{} rows read, {} in use", design.y.len(), memory("VmRSS"));
    let options = Options { vcov: Vcov::Cluster, road, ..Options::default() };
    let estimator = if matches!(kind, "akm" | "ols") { estimate::ols } else { estimate::ppml };
    let (wall, processor) = (Instant::now(), processor_seconds());
    let mut fits: Vec<f64> = Vec::new();
    let mut last = None;
    for _ in 0..repeats {
        let begin = Instant::now();
        last = Some(estimator(&design, &options).expect("a fit"));
        fits.push(begin.elapsed().as_secs_f64());
    }
    let (wall, processor) = (wall.elapsed().as_secs_f64(), processor_seconds() - processor);
    let fit = last.expect("at least one repeat");
    let best = fits.iter().copied().fold(f64::INFINITY, f64::min);
    let each = processor / repeats as f64;
    println!("{:?}, {} of {} rows, {:?}", fit.family, fit.n_used, fit.n_input, fit.status);
    println!(
        "processor {each:.3} s per fit, wall {:.3} s, best {best:.4} s, peak {}",
        wall / repeats as f64,
        memory("VmHWM")
    );
    println!(
        "{} Newton steps, {} conjugate-gradient steps, {} passes, gradient {:.1e}, left {:.1e}",
        fit.iterations,
        fit.absorb_iterations,
        fit.absorb_passes,
        fit.gradient_norm,
        fit.absorb_residual
    );
    println!("{:?}: {}", fit.road, fit.road_reason);
    // A pass of absorbing reads the weight and an id per effect; a Newton step reads and writes
    // outcome, weights, fitted values, step and every column about twice.
    let others = fit.effects.len().saturating_sub(1) as f64;
    let k = fit.names.len() as f64;
    let newton = if fit.family == Family::Poisson { fit.iterations as f64 } else { 1.0 };
    let bytes = fit.n_used as f64
        * (fit.absorb_passes as f64 * (8.0 + 4.0 * others)
            + newton * 8.0 * (4.0 * (k + 1.0) + 12.0));
    println!("{:.2} GB touched, {:.1} GB/s", bytes / 1e9, bytes / 1e9 / best);
    for (j, name) in fit.names.iter().enumerate() {
        println!("{name:>6} {:+.15} ({:.12})", fit.coefficients[j], fit.standard_errors[j]);
    }
}

fn read(path: &std::path::Path, kind: &str) -> Design {
    let mut columns = parquet::read(path, &|_| true);
    let whole = |v: Vec<f64>| -> Vec<u32> {
        let least = v.iter().copied().fold(f64::INFINITY, f64::min);
        v.into_iter().map(|x| (x - least) as u32).collect()
    };
    let year = whole(number(&mut columns, "year"));
    let effects: Vec<Factor>;
    let cluster: Factor;
    if kind == "akm" {
        let worker = whole(number(&mut columns, "worker"));
        let firm = whole(number(&mut columns, "firm"));
        cluster = factor("worker", &[&worker]);
        effects = vec![cluster.clone(), factor("firm", &[&firm]), factor("year", &[&year])];
    } else {
        let origin = whole(number(&mut columns, "origin"));
        let destination = whole(number(&mut columns, "destination"));
        let sector = columns.contains_key("sector").then(|| whole(number(&mut columns, "sector")));
        let s: &[u32] = sector.as_deref().unwrap_or(&[]);
        let with = |name: &str, parts: Vec<&[u32]>| {
            if s.is_empty() {
                factor(name, &parts)
            } else {
                factor(name, &[&parts[..], &[s]].concat())
            }
        };
        cluster = factor("pair", &[&origin, &destination]);
        effects = vec![
            with("origin^year", vec![&origin, &year]),
            with("destination^year", vec![&destination, &year]),
            with("pair", vec![&origin, &destination]),
        ];
    }
    let x = columns.keys().filter(|c| c.starts_with('x')).cloned().collect::<Vec<_>>();
    Design {
        outcome: "y".into(),
        x: x.into_iter()
            .map(|name| Regressor { values: number(&mut columns, &name), name })
            .collect(),
        y: number(&mut columns, "y"),
        effects,
        clusters: vec![cluster],
        ..Design::default()
    }
}
