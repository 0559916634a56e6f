//! Thin graphs against dense algebra, and a bench on panels of a file named in the environment.

use super::thin::{NotThin, ThinGraph, ThinOptions};
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

/// Relative error of results from small dense systems: 1e3 roundings.
const CLOSE: f64 = 1e-12;
/// Eigenvalues this small relative to the largest are null in a dense check.
const NULL: f64 = 1e-10;

/// One row per weight: each worker's firms, in turn, with years counted within the worker.
fn workers(firms: usize, rows: &[(&[u32], f64)]) -> Panel {
    let (mut starts, mut ids, mut years, mut w) = (vec![0], Vec::new(), Vec::new(), Vec::new());
    for (worker, weight) in rows {
        for (t, firm) in worker.iter().enumerate() {
            ids.push(*firm);
            years.push(((t * t + ids.len()) % 4) as u32);
            w.push(weight * (1.0 + 0.25 * t as f64));
        }
        starts.push(ids.len());
    }
    Panel { starts, others: vec![(ids, 0), (years, firms)], levels: firms + 4, w }
}

/// A worker for each edge.
fn edges(firms: usize, edges: &[[u32; 2]], weight: &dyn Fn(usize) -> f64) -> Panel {
    let rows: Vec<(&[u32], f64)> =
        edges.iter().enumerate().map(|(k, e)| (e.as_slice(), weight(k))).collect();
    workers(firms, &rows)
}

/// Workers of 2 to 9 random firms among the first `reached`.
fn random(firms: usize, reached: usize, count: usize, seed: u64) -> Panel {
    let mut draw = SplitMix::new(seed, 0);
    let lists: Vec<(Vec<u32>, f64)> = (0..count)
        .map(|_| {
            let length = 2 + draw.below(8);
            let weight = (draw.below(1000) + 1) as f64 / 100.0;
            ((0..length).map(|_| draw.below(reached) as u32).collect(), weight)
        })
        .collect();
    let rows: Vec<(&[u32], f64)> = lists.iter().map(|(l, w)| (l.as_slice(), *w)).collect();
    workers(firms, &rows)
}

/// Only the effect of the graph.
fn alone(mut panel: Panel) -> Panel {
    panel.others.truncate(1);
    panel.levels -= 4;
    panel
}

fn thin(panel: &Panel, options: &ThinOptions) -> ThinGraph {
    let firms = panel.others.get(1).map_or(panel.levels, |o| o.1);
    ThinGraph::new(&panel.starts, &panel.others[0].0, firms, &panel.w, options).unwrap()
}

/// The matrix of an operator, by columns.
fn matrix(n: usize, apply: &dyn Fn(&[f64], &mut [f64])) -> faer::Mat<f64> {
    let mut m = faer::Mat::zeros(n, n);
    let (mut unit, mut out) = (vec![0.0; n], vec![0.0; n]);
    for j in 0..n {
        unit.fill(0.0);
        unit[j] = 1.0;
        apply(&unit, &mut out);
        (0..n).for_each(|i| m[(i, j)] = out[i]);
    }
    m
}

fn largest(m: &faer::Mat<f64>) -> f64 {
    (0..m.ncols()).flat_map(|j| (0..m.nrows()).map(move |i| m[(i, j)].abs())).fold(0.0, f64::max)
}

/// Symmetric, no negative eigenvalue, and the rank of `like`.
fn assert_fit_for_conjugate_gradients(m: &faer::Mat<f64>, like: &faer::Mat<f64>) {
    assert!(largest(&(m - m.transpose())) <= CLOSE * largest(m), "not symmetric");
    let rank = |m: &faer::Mat<f64>| {
        let values = m.self_adjoint_eigenvalues(faer::Side::Lower).unwrap();
        let top = values[values.len() - 1];
        assert!(values[0] >= -NULL * top, "negative eigenvalue {}", values[0]);
        values.iter().filter(|v| **v > NULL * top).count()
    };
    assert_eq!(rank(m), rank(like));
}

fn sampling() -> ThinOptions {
    let mut options = always();
    options.elimination.exact_degree = 0;
    options.elimination.dense_work = 0.0;
    options
}

fn small_graphs() -> Vec<Panel> {
    let chain: Vec<[u32; 2]> = (0..39).map(|k| [k, k + 1]).collect();
    let star: Vec<[u32; 2]> = (1..30).map(|k| [0, k]).collect();
    let complete: Vec<[u32; 2]> = (0..12).flat_map(|a| (a + 1..12).map(move |b| [a, b])).collect();
    let apart: Vec<[u32; 2]> =
        (0..20).map(|k| [k / 5 * 6 + k % 5, k / 5 * 6 + k % 5 + 1]).collect();
    vec![
        edges(40, &chain, &|k| 1.0 + (k % 7) as f64),
        edges(30, &star, &|k| 1.0 + k as f64),
        edges(12, &complete, &|k| 1.0 + (k % 5) as f64),
        // Four components and levels 24 to 26 in no row.
        edges(27, &apart, &|k| 1.0 + (k % 3) as f64),
        random(60, 50, 25, 1),
        random(80, 80, 300, 2),
    ]
}

#[test]
fn the_exact_factor_is_the_pseudo_inverse() {
    // One set eliminates by stars throughout, one ends early with a full matrix.
    for exact_degree in [1000, 2] {
        let mut options = always();
        options.elimination.exact_degree = exact_degree;
        options.elimination.dense_work = 1e6;
        for panel in small_graphs().into_iter().map(alone) {
            let n = panel.levels;
            let thin = thin(&panel, &options);
            assert!(thin.exact());
            let s = matrix(n, &|p, out| panel.schur(p, out));
            let cells = matrix(n, &|p, out| thin.cells().schur(p, 1, out));
            assert!(largest(&(&s - &cells)) <= CLOSE * largest(&s));
            let m = matrix(n, &|r, z| thin.apply(r, z));
            assert_fit_for_conjugate_gradients(&m, &s);
            // The conditions of Penrose that symmetry does not give by itself.
            assert!(largest(&(&s * &m * &s - &s)) <= 100.0 * CLOSE * largest(&s));
            assert!(largest(&(&m * &s * &m - &m)) <= 100.0 * CLOSE * largest(&m));
            let projection = &s * &m;
            assert!(largest(&(&projection - projection.transpose())) <= 100.0 * CLOSE);
        }
    }
}

#[test]
fn a_sampled_factor_is_fit_for_conjugate_gradients() {
    for panel in small_graphs() {
        let graph = thin(&panel, &sampling());
        let n = graph.levels();
        let m = matrix(n, &|r, z| graph.apply(r, z));
        let s = matrix(n, &|p, out| graph.cells().schur(p, 1, out));
        assert_fit_for_conjugate_gradients(&m, &s);
        // With the years joined, the block of the graph may be as rough as it likes.
        let all =
            ThinSystem::new(&panel.starts, &panel.refs(), panel.levels, &panel.w, &sampling())
                .unwrap();
        let m = matrix(panel.levels, &|r, z| all.apply(r, z));
        let s = matrix(panel.levels, &|p, out| panel.schur(p, out));
        assert_fit_for_conjugate_gradients(&m, &s);
    }
}

#[test]
fn years_joined_to_an_exact_graph_are_solved_in_one_application() {
    for panel in small_graphs() {
        let all = ThinSystem::new(&panel.starts, &panel.refs(), panel.levels, &panel.w, &always())
            .unwrap();
        assert!(all.exact());
        let v: Vec<f64> = (0..panel.w.len()).map(|i| (i * i % 11) as f64).collect();
        let b = panel.margins(&v);
        let (mut z, mut back) = (vec![0.0; panel.levels], vec![0.0; panel.levels]);
        all.apply(&b, &mut z);
        panel.schur(&z, &mut back);
        let size = b.iter().fold(0.0f64, |m, b| m.max(b.abs()));
        for (b, back) in b.iter().zip(&back) {
            assert!((b - back).abs() <= 100.0 * CLOSE * size, "{b} {back}");
        }
    }
}

#[test]
fn resistances_of_a_chain_add_up_over_twelve_orders_of_magnitude() {
    // Unit current from end to end: the potential falls by 1 / conductance at each edge. Weights
    // 2a and 2a · 1.25 of a worker's two rows give the conductance 10/9 a.
    let chain: Vec<[u32; 2]> = (0..200).map(|k| [k, k + 1]).collect();
    let weight = |k: usize| 10f64.powi((k * 7 % 13) as i32 - 6);
    let panel = alone(edges(201, &chain, &weight));
    let graph = thin(&panel, &always());
    let (mut r, mut z) = (vec![0.0; 201], vec![0.0; 201]);
    (r[0], r[200]) = (1.0, -1.0);
    graph.apply(&r, &mut z);
    let total = z[0] - z[200];
    for k in 0..200 {
        let fall = 1.0 / (weight(k) * 1.25 / 2.25);
        // Differences of potentials carry the rounding of the potentials.
        assert!((z[k] - z[k + 1] - fall).abs() <= 1e-14 * total, "{k}: {}", z[k] - z[k + 1]);
    }
    let sum: f64 = (0..200).map(|k| 1.0 / (weight(k) * 1.25 / 2.25)).sum();
    assert!((total / sum - 1.0).abs() <= CLOSE);
}

#[test]
fn cliques_and_vertices_of_their_own_are_the_same_graph() {
    let panel = alone(random(50, 50, 40, 9));
    let as_cliques = thin(&panel, &ThinOptions { clique: 100, ..always() });
    let as_stars = thin(&panel, &ThinOptions { clique: 2, ..always() });
    let a = matrix(50, &|r, z| as_cliques.apply(r, z));
    let b = matrix(50, &|r, z| as_stars.apply(r, z));
    assert!(largest(&(&a - &b)) <= 100.0 * CLOSE * largest(&a));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_weighing_afresh_forgets() {
    let mut panel = random(200, 200, 600, 4);
    let build = |panel: &Panel, options: &ThinOptions| {
        ThinSystem::new(&panel.starts, &panel.refs(), panel.levels, &panel.w, options).unwrap()
    };
    let r = panel.margins(&(0..panel.w.len()).map(|i| (i % 17) as f64).collect::<Vec<_>>());
    let bytes = |m: &ThinSystem| {
        let mut z = vec![0.0; r.len()];
        m.apply(&r, &mut z);
        z.into_iter().map(f64::to_bits).collect::<Vec<_>>()
    };
    let options = sampling();
    let first = build(&panel, &options);
    assert!(!first.exact());
    assert_eq!(bytes(&first), bytes(&build(&panel, &options)));
    let mut other = options;
    other.elimination.seed = 1;
    assert_ne!(bytes(&first), bytes(&build(&panel, &other)));
    let mut moved = first.clone();
    let weights = panel.w.clone();
    // Some weights vanish, and with them cells and the ties of some workers.
    panel.w.iter_mut().enumerate().for_each(|(i, w)| *w *= (i % 3) as f64);
    moved.reweigh(&panel.starts, &panel.refs(), &panel.w);
    assert_eq!(bytes(&moved), bytes(&build(&panel, &options)));
    moved.reweigh(&panel.starts, &panel.refs(), &weights);
    assert_eq!(bytes(&moved), bytes(&first));
}

#[test]
fn long_graphs_take_few_steps() {
    let chain: Vec<[u32; 2]> = (0..9999).map(|k| [k, k + 1]).collect();
    let mut draw = SplitMix::new(11, 0);
    let weights: Vec<f64> =
        chain.iter().map(|_| (draw.below(1 << 20) as f64 / 1e5).exp()).collect();
    let chain = edges(10_000, &chain, &|k| weights[k]);
    let side = 60;
    let grid: Vec<[u32; 2]> = (0..side * side)
        .flat_map(|v| [[v, v + 1], [v, v + side]])
        .filter(|[v, u]| *u < side * side && (v + 1 != *u || u % side != 0))
        .collect();
    let grid = edges((side * side) as usize, &grid, &|k| 1.0 + (k % 5) as f64);
    for (panel, options) in [(&chain, always()), (&grid, always()), (&grid, sampling())] {
        let all = ThinSystem::new(&panel.starts, &panel.refs(), panel.levels, &panel.w, &options)
            .unwrap();
        let v: Vec<f64> = (0..panel.w.len()).map(|i| (i * 7 % 23) as f64).collect();
        let b = panel.margins(&v);
        let (_, steps, left) = panel.solve(&b, 1e-9, 1000, &|r, z| all.apply(r, z));
        assert!(left <= 1e-8, "{left}");
        let bar = if all.exact() { 3 } else { 40 };
        assert!(steps <= bar, "{steps} steps, exact {}", all.exact());
        let inverse = panel.diagonal();
        let (_, slow, _) = panel.solve(&b, 1e-9, 300, &|r, z| {
            (0..r.len()).for_each(|g| z[g] = r[g] * inverse[g]);
        });
        assert!(slow > 3 * steps, "the diagonal took {slow}");
    }
}

#[test]
fn the_probe_tells_long_graphs_from_mixed_ones() {
    let probe = |panel: &Panel| {
        let firms = panel.others[1].1;
        let options = ThinOptions::default();
        ThinGraph::new(&panel.starts, &panel.others[0].0, firms, &panel.w, &options).err()
    };
    let chain: Vec<[u32; 2]> = (0..999).map(|k| [k, k + 1]).collect();
    assert_eq!(probe(&edges(1000, &chain, &|_| 1.0)), None);
    let mixed = probe(&random(300, 300, 5000, 3));
    assert!(matches!(mixed, Some(NotThin::DiagonalServes { steps }) if steps < 25.0), "{mixed:?}");
    // A graph dense enough to be dear is left to the diagonal for longer.
    let dense = random(300, 300, 5000, 3);
    let Some(NotThin::DiagonalServes { steps }) = mixed else { unreachable!() };
    let impatient = ThinOptions { patience: 0.9 * steps, ..ThinOptions::default() };
    assert_eq!(
        ThinGraph::new(&dense.starts, &dense.others[0].0, 300, &dense.w, &impatient).err(),
        mixed
    );
    let stayers: Vec<[u32; 2]> = (0..50).map(|k| [k, k]).collect();
    assert_eq!(probe(&edges(50, &stayers, &|_| 1.0)), Some(NotThin::NoEdges));
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
