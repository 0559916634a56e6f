//! Sandwich covariances: scores summed by group, outer products, repair.
//!
//! ```text
//! V = f B M B,   B = (X̃'W X̃)⁻¹
//! M = Σ_i s_i s_i'                                   robust, s_i = x̃_i u_i
//! M = Σ_g (Σ_{i in g} s_i)(Σ_{i in g} s_i)'          one-way clusters
//! M = Σ_{A ⊆ dimensions, A ≠ ∅} (-1)^{|A|+1} M_A     several ways, A the intersection
//! ```
//!
//! # Notation
//!
//! | symbol | argument | shape |
//! | --- | --- | --- |
//! | x̃ | `x` | k columns of n, effects absorbed under W |
//! | u | `u` | n: weight times residual (least squares), weight times (y - μ) (Poisson) |
//! | B | `bread` | k × k |
//! | f | table in [`SmallSample`](super::options::SmallSample) | |
//!
//! # Assumptions
//!
//! The several-way sum need not be positive semi-definite; [`repair`] sets its negative eigenvalues
//! to zero.
//!
//! Source: White (1980); Liang and Zeger (1986); Cameron, Gelbach and Miller (2011), eq. 2.13 and
//! section 2.3 for the repair.

use super::design::Factor;
use rayon::prelude::*;
use std::collections::HashMap;

/// Eigenvalues above minus this share of the largest are rounding, not indefiniteness.
const EIGENVALUE_ROUNDING: f64 = 1e-12;

/// Σ_{i in g} x_i u_i for every group g: k columns of `levels`.
pub(super) fn sums(x: &[Vec<f64>], u: &[f64], ids: &[u32], levels: usize) -> Vec<Vec<f64>> {
    x.par_iter()
        .map(|x| {
            let mut s = vec![0.0; levels];
            for ((id, x), u) in ids.iter().zip(x).zip(u) {
                s[*id as usize] += x * u;
            }
            s
        })
        .collect()
}

/// Σ_i x_i x_i' u_i², each row its own group.
pub(super) fn row_meat(x: &[Vec<f64>], u: &[f64]) -> Vec<f64> {
    let scores: Vec<Vec<f64>> =
        x.par_iter().map(|x| x.iter().zip(u).map(|(x, u)| x * u).collect()).collect();
    outer(&scores)
}

/// Σ_g s_g s_g', row-major k × k, from k columns.
pub(super) fn outer(sums: &[Vec<f64>]) -> Vec<f64> {
    let k = sums.len();
    let mut m = vec![0.0; k * k];
    for a in 0..k {
        for b in 0..=a {
            let v: f64 = sums[a].iter().zip(&sums[b]).map(|(p, q)| p * q).sum();
            m[a * k + b] = v;
            m[b * k + a] = v;
        }
    }
    m
}

/// The meat of clusters in any number of dimensions, by inclusion and exclusion.
pub(super) fn cluster_meat(x: &[Vec<f64>], u: &[f64], clusters: &[Factor]) -> Vec<f64> {
    let mut total = vec![0.0; x.len() * x.len()];
    for subset in 1u32..1 << clusters.len() {
        let members: Vec<&Factor> =
            (0..clusters.len()).filter(|d| subset >> d & 1 == 1).map(|d| &clusters[d]).collect();
        let (ids, levels) = intersection(&members);
        let sign = if members.len() % 2 == 1 { 1.0 } else { -1.0 };
        let m = outer(&sums(x, u, &ids, levels));
        total.iter_mut().zip(m).for_each(|(t, m)| *t += sign * m);
    }
    total
}

/// Group of each row when several dimensions must agree, numbered by first occurrence.
pub(super) fn intersection(members: &[&Factor]) -> (Vec<u32>, usize) {
    let first = members[0];
    let (mut ids, mut levels) = (first.ids.clone(), first.levels);
    for other in &members[1..] {
        let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
        for (id, other) in ids.iter_mut().zip(&other.ids) {
            let next = numbers.len() as u32;
            *id = *numbers.entry((*id, *other)).or_insert(next);
        }
        levels = numbers.len();
    }
    (ids, levels)
}

/// B M B.
pub(super) fn sandwich(bread: &[f64], meat: &[f64], k: usize) -> Vec<f64> {
    product(&product(bread, meat, k), bread, k)
}

/// A B for row-major k × k matrices.
fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    let mut c = vec![0.0; k * k];
    for i in 0..k {
        for l in 0..k {
            for j in 0..k {
                c[i * k + j] += a[i * k + l] * b[l * k + j];
            }
        }
    }
    c
}

/// Sets negative eigenvalues to zero; says whether there were any.
pub(super) fn repair(matrix: &mut [f64], k: usize) -> bool {
    if k == 0 || matrix.iter().any(|v| !v.is_finite()) {
        return false;
    }
    let m = faer::Mat::from_fn(k, k, |i, j| 0.5 * (matrix[i * k + j] + matrix[j * k + i]));
    let Ok(eigen) = m.self_adjoint_eigen(faer::Side::Lower) else { return false };
    let values: Vec<f64> = (0..k).map(|i| eigen.S()[i]).collect();
    let largest = values.iter().fold(0.0f64, |a, v| a.max(v.abs()));
    if values.iter().all(|v| *v >= -EIGENVALUE_ROUNDING * largest) {
        return false;
    }
    let u = eigen.U();
    for i in 0..k {
        for j in 0..k {
            matrix[i * k + j] = (0..k).map(|l| u[(i, l)] * values[l].max(0.0) * u[(j, l)]).sum();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_eigenvalues_become_zero() {
        // Eigenvalues 3 and -1 along (1, 1) and (1, -1): only 3/2 everywhere is left.
        let mut m = vec![1.0, 2.0, 2.0, 1.0];
        assert!(repair(&mut m, 2));
        assert!(m.iter().all(|v| (v - 1.5).abs() < 1e-14), "{m:?}");
        let mut fine = vec![2.0, 1.0, 1.0, 2.0];
        assert!(!repair(&mut fine, 2));
    }
}
