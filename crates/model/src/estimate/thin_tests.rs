//! Thin graphs against dense algebra, and a bench on panels of a file named in the environment.

use super::thin::{ThinGraph, ThinOptions};
use super::thin_system::ThinSystem;
use crate::random::SplitMix;

#[path = "../../tests/common/parquet.rs"]
#[allow(dead_code)]
mod parquet;

/// No probe: tests want the graph whatever it is worth.
fn always() -> ThinOptions {
    ThinOptions { patience: -1.0, ..ThinOptions::default() }
}

/// Rows of two effects, sorted by the first, and weights.
struct Panel {
    starts: Vec<usize>,
    others: Vec<(Vec<u32>, usize)>,
    levels: usize,
    w: Vec<f64>,
}

impl Panel {
    fn refs(&self) -> Vec<(&[u32], usize)> {
        self.others.iter().map(|(ids, first)| (ids.as_slice(), *first)).collect()
    }

    /// out = S p over all effects after the first, row by row.
    fn schur(&self, p: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut u = Vec::new();
        for run in self.starts.windows(2) {
            u.clear();
            let (mut sum, mut total) = (0.0, 0.0);
            for i in run[0]..run[1] {
                let v: f64 = self.others.iter().map(|(ids, at)| p[at + ids[i] as usize]).sum();
                u.push(v);
                sum += self.w[i] * v;
                total += self.w[i];
            }
            let mean = if total > 0.0 { sum / total } else { 0.0 };
            for (i, u) in (run[0]..run[1]).zip(&u) {
                for (ids, at) in &self.others {
                    out[at + ids[i] as usize] += self.w[i] * (u - mean);
                }
            }
        }
    }

    /// The margins of v less its means over the first effect: a right-hand side.
    fn margins(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.levels];
        for run in self.starts.windows(2) {
            let total: f64 = self.w[run[0]..run[1]].iter().sum();
            let sum: f64 = (run[0]..run[1]).map(|i| self.w[i] * v[i]).sum();
            let mean = if total > 0.0 { sum / total } else { 0.0 };
            for i in run[0]..run[1] {
                for (ids, at) in &self.others {
                    out[at + ids[i] as usize] += self.w[i] * (v[i] - mean);
                }
            }
        }
        out
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.levels];
        for (ids, at) in &self.others {
            ids.iter().zip(&self.w).for_each(|(id, w)| sums[at + *id as usize] += w);
        }
        sums.into_iter().map(|s| if s > 0.0 { 1.0 / s } else { 0.0 }).collect()
    }

    /// Preconditioned conjugate gradients until the residual in the norm of the group weights has
    /// fallen by `tolerance`: the solution, steps, and that ratio summed afresh.
    fn solve(
        &self,
        b: &[f64],
        tolerance: f64,
        limit: usize,
        apply: &dyn Fn(&[f64], &mut [f64]),
    ) -> (Vec<f64>, usize, f64) {
        let inverse = self.diagonal();
        let size = |r: &[f64]| r.iter().zip(&inverse).map(|(r, i)| r * r * i).sum::<f64>().sqrt();
        let goal = tolerance * size(b);
        let m = self.levels;
        let (mut a, mut r) = (vec![0.0; m], b.to_vec());
        let (mut z, mut p, mut sp) = (vec![0.0; m], vec![0.0; m], vec![0.0; m]);
        let (mut rz, mut steps) = (0.0, 0);
        while size(&r) > goal && steps < limit {
            apply(&r, &mut z);
            let next: f64 = r.iter().zip(&z).map(|(r, z)| r * z).sum();
            let beta = if steps > 0 { next / rz } else { 0.0 };
            rz = next;
            (0..m).for_each(|g| p[g] = z[g] + beta * p[g]);
            self.schur(&p, &mut sp);
            steps += 1;
            let step = rz / p.iter().zip(&sp).map(|(p, s)| p * s).sum::<f64>();
            (0..m).for_each(|g| a[g] += step * p[g]);
            (0..m).for_each(|g| r[g] -= step * sp[g]);
        }
        self.schur(&a, &mut sp);
        let left: Vec<f64> = b.iter().zip(&sp).map(|(b, s)| b - s).collect();
        (a, steps, size(&left) / size(b))
    }
}

/// Processor seconds of this process so far, from the kernel's own count in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().unwrap_or("").split_whitespace().skip(11).take(2);
    ticks.filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A worker-firm-year panel read from Parquet, rows sorted by worker, and the columns named.
fn panel(path: &str, columns: &[&str]) -> (Panel, Vec<Vec<f64>>) {
    let wanted = |c: &str| ["worker", "firm", "year"].contains(&c) || columns.contains(&c);
    let read = parquet::read(std::path::Path::new(path), &wanted);
    let number = |name: &str| match &read[name] {
        parquet::Column::Number(v) => v.clone(),
        parquet::Column::Text(_) => panic!("{name} is text"),
    };
    let worker = number("worker");
    let mut rows: Vec<usize> = (0..worker.len()).collect();
    rows.sort_by(|a, b| worker[*a].total_cmp(&worker[*b]));
    let mut starts: Vec<usize> =
        (0..rows.len()).filter(|k| *k == 0 || worker[rows[*k]] != worker[rows[k - 1]]).collect();
    starts.push(rows.len());
    let ids = |name: &str| -> Vec<u32> {
        let v = number(name);
        rows.iter().map(|i| v[*i] as u32).collect()
    };
    let (firm, year) = (ids("firm"), ids("year"));
    let firms = *firm.iter().max().unwrap() as usize + 1;
    let years = *year.iter().max().unwrap() as usize + 1;
    let w = vec![1.0; rows.len()];
    let columns = columns
        .iter()
        .map(|c| {
            let v = number(c);
            rows.iter().map(|i| v[*i]).collect()
        })
        .collect();
    (Panel { starts, others: vec![(firm, 0), (year, firms)], levels: firms + years, w }, columns)
}

#[test]
#[ignore = "a bench: EMPORION_PANEL names a Parquet file with worker, firm, year, y, x1, x2, x3"]
fn bench_on_a_panel() {
    let path = std::env::var("EMPORION_PANEL").expect("EMPORION_PANEL names the file");
    let setting = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<usize>().ok());
    let (mut panel, columns) = panel(&path, &["y", "x1", "x2", "x3"]);
    let mut options = always();
    if let Some(degree) = setting("EMPORION_EXACT_DEGREE") {
        options.elimination.exact_degree = degree;
    }
    if let Some(copies) = setting("EMPORION_COPIES") {
        options.elimination.copies = copies;
    }
    if let Some(work) = setting("EMPORION_DENSE") {
        options.elimination.dense_work = work as f64;
    }
    if let Some(clique) = setting("EMPORION_CLIQUE") {
        options.clique = clique;
    }
    println!("{} rows, {} levels", panel.w.len(), panel.levels);
    let start = cpu();
    let firms = panel.others[1].1;
    let probe = ThinGraph::new(
        &panel.starts,
        &panel.others[0].0,
        firms,
        &panel.w,
        &ThinOptions { patience: f64::INFINITY, ..options },
    );
    println!("probe: {:?}, {:.2} s", probe.err(), cpu() - start);
    let start = cpu();
    let mut thin =
        ThinSystem::new(&panel.starts, &panel.refs(), panel.levels, &panel.w, &options).unwrap();
    println!("set-up {:.2} s, {} entries, exact {}", cpu() - start, thin.entries(), thin.exact());
    let start = cpu();
    for v in &columns {
        let (_, steps, left) = panel.solve(&panel.margins(v), 1e-9, 500, &|r, z| thin.apply(r, z));
        println!("thin: {steps} steps, residual {left:.1e}");
    }
    println!("thin: {:.2} s", cpu() - start);
    let mut random = SplitMix::new(5, 0);
    panel.w.iter_mut().for_each(|w| *w = ((random.next() >> 40) as f64 / 4e6).exp());
    let start = cpu();
    for _ in 0..5 {
        thin.reweigh(&panel.starts, &panel.refs().clone(), &panel.w);
    }
    println!("reweigh {:.3} s", (cpu() - start) / 5.0);
    let (_, steps, left) =
        panel.solve(&panel.margins(&columns[0]), 1e-9, 500, &|r, z| thin.apply(r, z));
    println!("thin, weights over e^4: {steps} steps, residual {left:.1e}");
    panel.w.fill(1.0);
    let start = cpu();
    let inverse = panel.diagonal();
    let limit = setting("EMPORION_LIMIT").unwrap_or(500);
    let (_, steps, left) = panel.solve(&panel.margins(&columns[0]), 1e-9, limit, &|r, z| {
        (0..r.len()).for_each(|g| z[g] = r[g] * inverse[g]);
    });
    println!("diagonal, one column: {steps} steps, residual {left:.1e}, {:.2} s", cpu() - start);
}
