//! Preconditioned conjugate gradients on several right-hand sides that share each pass.
//!
//! ```text
//! S a = s:   z = M⁻¹ r,  p ← z + (r'z / r'z before) p,  a ← a + α p,  r ← r - α S p,  α = r'z / p'Sp
//! ```
//!
//! Each right-hand side has its own α and stops by itself; those left are packed together again.
//! S is singular but the equations are consistent, and the iteration from zero stays in its range.
//!
//! Source: Hestenes and Stiefel (1952); Saad (2003), algorithm 9.1.

use super::passes::{Runs, schur};
use super::precondition::Preconditioner;

/// Right-hand sides that share a pass.
pub(super) const WIDEST: usize = 8;

/// One right-hand side.
pub(super) struct Column {
    /// Where it belongs.
    pub position: usize,
    /// The solution so far.
    pub a: Vec<f64>,
    r: Vec<f64>,
    p: Vec<f64>,
    rz: f64,
    goal: f64,
    done: bool,
}

impl Column {
    /// Wants S a = s up to √(r'M⁻¹r) <= goal.
    pub fn new(position: usize, s: Vec<f64>, goal: f64) -> Self {
        let (a, p) = (vec![0.0; s.len()], vec![0.0; s.len()]);
        Self { position, a, r: s, p, rz: 0.0, goal, done: false }
    }
}

/// Solves for all columns; returns the number of passes over the rows.
pub(super) fn conjugate_gradients(
    runs: &Runs,
    preconditioner: &Preconditioner,
    columns: &mut [Column],
    budget: usize,
) -> usize {
    let mut steps = 0;
    loop {
        let mut active: Vec<&mut Column> = columns.iter_mut().filter(|c| !c.done).collect();
        if active.is_empty() || steps >= budget {
            return steps;
        }
        let left = budget - steps;
        steps += match active.len() {
            1 => solve::<1>(runs, preconditioner, &mut active, left),
            2 => solve::<2>(runs, preconditioner, &mut active, left),
            3 => solve::<3>(runs, preconditioner, &mut active, left),
            4 => solve::<4>(runs, preconditioner, &mut active, left),
            5 => solve::<5>(runs, preconditioner, &mut active, left),
            6 => solve::<6>(runs, preconditioner, &mut active, left),
            7 => solve::<7>(runs, preconditioner, &mut active, left),
            _ => solve::<WIDEST>(runs, preconditioner, &mut active, left),
        };
    }
}

fn pack<const R: usize>(columns: &[&mut Column], of: impl Fn(&Column) -> &[f64]) -> Vec<[f64; R]> {
    let mut packed = vec![[0.0; R]; of(columns[0]).len()];
    for (c, column) in columns.iter().enumerate() {
        packed.iter_mut().zip(of(column)).for_each(|(p, v)| p[c] = *v);
    }
    packed
}

/// Runs until a column is done or the budget is spent.
fn solve<const R: usize>(
    runs: &Runs,
    preconditioner: &Preconditioner,
    columns: &mut [&mut Column],
    budget: usize,
) -> usize {
    let mut r: Vec<[f64; R]> = pack(columns, |c| &c.r);
    let mut p: Vec<[f64; R]> = pack(columns, |c| &c.p);
    let mut a: Vec<[f64; R]> = pack(columns, |c| &c.a);
    let mut z = vec![[0.0; R]; r.len()];
    let mut rz: [f64; R] = std::array::from_fn(|c| columns[c].rz);
    let mut scratch = Vec::new();
    let mut steps = 0;
    // A direction has been prepared already unless this is the first step.
    if rz.contains(&0.0) {
        preconditioner.apply(&runs.other_inverse, &r, &mut z);
        rz = inner(&r, &z);
        p.copy_from_slice(&z);
    }
    let mut finished: [bool; R] = std::array::from_fn(|c| rz[c].max(0.0).sqrt() <= columns[c].goal);
    while !finished.contains(&true) && steps < budget {
        schur(runs, &p, &mut scratch);
        let sp = &scratch[0];
        let curvature = inner(&p, sp);
        steps += 1;
        // A direction without curvature is a shift between effects that changes no row.
        let alpha: [f64; R] =
            std::array::from_fn(|c| if curvature[c] > 0.0 { rz[c] / curvature[c] } else { 0.0 });
        for (((a, r), p), sp) in a.iter_mut().zip(&mut r).zip(&p).zip(sp) {
            for c in 0..R {
                a[c] += alpha[c] * p[c];
                r[c] -= alpha[c] * sp[c];
            }
        }
        preconditioner.apply(&runs.other_inverse, &r, &mut z);
        let next = inner(&r, &z);
        let beta: [f64; R] = std::array::from_fn(|c| next[c] / rz[c]);
        rz = next;
        for (p, z) in p.iter_mut().zip(&z) {
            for c in 0..R {
                p[c] = z[c] + beta[c] * p[c];
            }
        }
        for c in 0..R {
            finished[c] = curvature[c] <= 0.0 || rz[c].max(0.0).sqrt() <= columns[c].goal;
        }
    }
    for (c, column) in columns.iter_mut().enumerate() {
        let unpack = |packed: &[[f64; R]], column: &mut [f64]| {
            column.iter_mut().zip(packed).for_each(|(v, p)| *v = p[c]);
        };
        unpack(&a, &mut column.a);
        unpack(&r, &mut column.r);
        unpack(&p, &mut column.p);
        column.rz = rz[c];
        column.done = finished[c];
    }
    steps
}

fn inner<const R: usize>(a: &[[f64; R]], b: &[[f64; R]]) -> [f64; R] {
    let mut sums = [0.0; R];
    for (a, b) in a.iter().zip(b) {
        for c in 0..R {
            sums[c] += a[c] * b[c];
        }
    }
    sums
}
