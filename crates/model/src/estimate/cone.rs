//! Separation decided exactly where the model is small enough to be written out as a dense matrix.
//!
//! ```text
//! S = { z = Xβ + Dα : z_i = 0 where y_i > 0 },   C = { z in S : z_i >= 0 where y_i = 0 }
//! a row is separated  <=>  some z in C has z_i > 0
//! ẑ = argmin { ‖z - 1‖² : z in C },   max ẑ >= 1 or ẑ = 0
//! ```
//!
//! The rectifier iterates z ← P_S max(z, 0), whose limits lie in C. Here the point of C nearest to
//! the vector of ones is computed in finitely many steps instead: with Z an orthonormal basis of S
//! on the zero rows, ẑ = Z Z'(1 + m), where m >= 0 solves the least squares problem
//! min ‖Z'm + Z'1‖² of Lawson and Hanson. Since ‖ẑ‖² = 1'ẑ, a ẑ that is not zero has an entry of at
//! least one: rounding cannot blur the answer. Rows found are taken out and the search is repeated
//! until ẑ = 0, because a row taken out no longer restrains the others.
//!
//! # Notation
//!
//! | symbol | here | shape |
//! | --- | --- | --- |
//! | [X D] | `row` | p = k + all levels, those of slopes too |
//! | null space of [X D] where y > 0 | `free` | d vectors of p |
//! | Z | `basis` | zero rows × d |
//!
//! # Cost
//!
//! n p rank for the null space, then d² per step of the least squares; d is small, since the
//! positive rows usually fix all but a few directions.
//!
//! Source: Correia, Guimarães and Zylkin (2021), "Verifying the existence of maximum likelihood
//! estimates for generalized linear models", theorem 2 and the rectifier; Lawson and Hanson (1974),
//! chapter 23; Moreau (1962) for the bound on ẑ.

use super::fit::Certificate;
use super::least_squares::{Factorised, axpy};
use super::sample::Sample;

/// A direction shorter than this after orthogonalisation is rounding; columns are scaled to one.
const RANK: f64 = 1e-9;
/// An entry of ẑ above this is positive; the largest is at least one.
const POSITIVE: f64 = 1e-6;
/// An entry of ẑ below minus this still violates z >= 0.
const VIOLATED: f64 = 1e-9;

/// What the search found.
pub(super) enum Search {
    /// Separated rows (positions in the sample, ascending; maybe none) with the proof.
    Found(Vec<usize>, Option<Certificate>),
    /// Too large to be written out densely, or rounding stopped the search.
    Undecided,
}

/// Finds every separated row if the work stays below about `budget` multiplications.
pub(super) fn search(sample: &Sample, budget: f64) -> Search {
    let k = sample.x.len();
    let of_slopes = sample.slopes.iter().map(|s| s.levels(&sample.effects));
    let p = k + sample.effects.iter().map(|f| f.levels).chain(of_slopes).sum::<usize>();
    let n = sample.n();
    if (n + p) as f64 * (p * p) as f64 > budget {
        return Search::Undecided;
    }
    if sample.y.iter().all(|y| *y > 0.0) {
        return Search::Found(Vec::new(), None);
    }
    let x = scaled(sample);
    let slopes: Vec<Vec<f64>> = sample.slopes.iter().map(|s| to_size_one(&s.values)).collect();
    let row = |i: usize| -> Vec<f64> {
        let mut r = vec![0.0; p];
        for j in 0..k {
            r[j] = x[j][i];
        }
        let mut start = k;
        for f in &sample.effects {
            r[start + f.ids[i] as usize] = 1.0;
            start += f.levels;
        }
        for (slope, values) in sample.slopes.iter().zip(&slopes) {
            r[start + slope.ids(&sample.effects)[i] as usize] = values[i];
            start += slope.levels(&sample.effects);
        }
        r
    };
    let free = null_space((0..n).filter(|i| sample.y[*i] > 0.0).map(row), p);
    let mut zero_rows: Vec<usize> = (0..n).filter(|i| sample.y[*i] == 0.0).collect();
    let mut separated = Vec::new();
    let mut proof: Option<Certificate> = None;
    while !zero_rows.is_empty() && !free.is_empty() {
        let basis = orthonormal(&zero_rows.iter().map(|i| row(*i)).collect::<Vec<_>>(), &free);
        let Some(z) = nearest_to_ones(&basis) else { return Search::Undecided };
        let largest = z.iter().fold(0.0f64, |a, v| a.max(*v));
        if largest < 0.5 {
            break;
        }
        let positive = |v: f64| v > POSITIVE * largest;
        let margin = z.iter().filter(|v| positive(**v)).fold(f64::INFINITY, |a, v| a.min(*v));
        let rest = z.iter().filter(|v| !positive(**v)).fold(0.0f64, |a, v| a.max(v.abs()));
        let so_far = proof.unwrap_or(Certificate { margin: 1.0, residual: 0.0 });
        proof = Some(Certificate {
            margin: so_far.margin.min(margin / largest),
            residual: so_far.residual.max(rest / largest),
        });
        let mut kept = Vec::new();
        for (i, v) in zero_rows.iter().zip(&z) {
            if positive(*v) { separated.push(*i) } else { kept.push(*i) }
        }
        zero_rows = kept;
    }
    separated.sort_unstable();
    Search::Found(separated, proof)
}

/// Regressors with largest value one, centred where a constant is spanned anyway.
fn scaled(sample: &Sample) -> Vec<Vec<f64>> {
    let center = sample.spans_constant();
    let scale = |x: &Vec<f64>| -> Vec<f64> {
        let mean = if center { x.iter().sum::<f64>() / x.len() as f64 } else { 0.0 };
        let size = x.iter().fold(0.0f64, |a, v| a.max((v - mean).abs()));
        // The constant itself must survive.
        if size <= 1e-12 * mean.abs() {
            return vec![1.0; x.len()];
        }
        x.iter().map(|v| (v - mean) / size).collect()
    };
    sample.x.iter().map(scale).collect()
}

/// Values with largest size one.
fn to_size_one(values: &[f64]) -> Vec<f64> {
    let size = values.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    values.iter().map(|v| if size > 0.0 { v / size } else { 0.0 }).collect()
}

/// Takes the components along `basis` out of v, twice for orthogonality, and returns its length.
fn orthogonalise(v: &mut [f64], basis: &[Vec<f64>]) -> f64 {
    for _ in 0..2 {
        for q in basis {
            let s: f64 = q.iter().zip(&*v).map(|(a, b)| a * b).sum();
            axpy(-s, q, v);
        }
    }
    v.iter().map(|a| a * a).sum::<f64>().sqrt()
}

/// Orthonormal vectors orthogonal to all rows.
fn null_space(rows: impl Iterator<Item = Vec<f64>>, p: usize) -> Vec<Vec<f64>> {
    let mut span: Vec<Vec<f64>> = Vec::new();
    for mut r in rows {
        if span.len() == p {
            return Vec::new();
        }
        let before = r.iter().map(|a| a * a).sum::<f64>().sqrt();
        let after = orthogonalise(&mut r, &span);
        if after > RANK * before {
            r.iter_mut().for_each(|a| *a /= after);
            span.push(r);
        }
    }
    let rank = span.len();
    for j in 0..p {
        if span.len() == p {
            break;
        }
        let mut e = vec![0.0; p];
        e[j] = 1.0;
        let length = orthogonalise(&mut e, &span);
        // The squared lengths left over unit vectors sum to the dimension left, so one of them is
        // at least 1/p; what is shorter than half of that may wait.
        if length * length > 0.5 * (p - span.len()) as f64 / p as f64 / p as f64 {
            e.iter_mut().for_each(|a| *a /= length);
            span.push(e);
        }
    }
    span.split_off(rank)
}

/// Orthonormal columns spanning what `free` does on the rows; stored by row.
fn orthonormal(rows: &[Vec<f64>], free: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for direction in free {
        let mut c: Vec<f64> =
            rows.iter().map(|r| r.iter().zip(direction).map(|(a, b)| a * b).sum()).collect();
        let length = orthogonalise(&mut c, &columns);
        // Directions that move no row are collinear parameters.
        if length > RANK {
            c.iter_mut().for_each(|a| *a /= length);
            columns.push(c);
        }
    }
    (0..rows.len()).map(|i| columns.iter().map(|c| c[i]).collect()).collect()
}

/// ẑ for a basis stored by row; `None` if rounding keeps the active set from settling.
fn nearest_to_ones(basis: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = basis.len();
    let d = basis[0].len();
    let mut ones = vec![0.0; d];
    basis.iter().for_each(|z| axpy(1.0, z, &mut ones));
    let goal: Vec<f64> = ones.iter().map(|v| -v).collect();
    let unit = vec![1.0; d];
    let mut m = vec![0.0; n];
    let mut active: Vec<usize> = Vec::new();
    for _ in 0..10 * (n + d) + 100 {
        let mut rho = ones.clone();
        active.iter().for_each(|i| axpy(m[*i], &basis[*i], &mut rho));
        let z: Vec<f64> =
            basis.iter().map(|b| b.iter().zip(&rho).map(|(a, b)| a * b).sum()).collect();
        let worst = (0..n).filter(|i| !active.contains(i)).min_by(|a, b| z[*a].total_cmp(&z[*b]));
        let Some(entering) = worst.filter(|i| z[*i] < -VIOLATED) else { return Some(z) };
        active.push(entering);
        // Move towards the unrestricted solution on the active rows; drop those that hit zero.
        loop {
            let columns: Vec<Vec<f64>> = active.iter().map(|i| basis[*i].clone()).collect();
            let factorised = Factorised::new(&unit, &columns, &vec![1e-14; active.len()]);
            let target = factorised.solve(&unit, &columns, &goal);
            let mut step = 1.0f64;
            for (i, t) in active.iter().zip(&target).filter(|(_, t)| **t <= 0.0) {
                step = step.min(m[*i] / (m[*i] - t));
            }
            for (i, t) in active.iter().zip(&target) {
                m[*i] += step * (t - m[*i]);
            }
            if step >= 1.0 {
                break;
            }
            active.retain(|i| {
                let stays = m[*i] > 1e-14;
                if !stays {
                    m[*i] = 0.0;
                }
                stays
            });
            if active.is_empty() {
                break;
            }
        }
    }
    None
}
