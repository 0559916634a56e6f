//! Covariance of the coefficients: iid, robust, clustered one way or several ways.
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
//! The several-way sum need not be positive semi-definite; then its negative eigenvalues are set to
//! zero and a note says so.
//!
//! Source: White (1980); Liang and Zeger (1986); Cameron, Gelbach and Miller (2011), eq. 2.13 and
//! section 2.3 for the repair.

use super::fit::Family;
use super::options::{SmallSample, Vcov};
use super::sample::Sample;
use crate::outcome::Note;
use rayon::prelude::*;
use std::collections::HashMap;

/// Fewer clusters than this get a note: asymptotics in G have not set in. Cameron and Miller
/// (2015), section VI, put the limit between 20 and 50.
const FEW_CLUSTERS: usize = 20;
/// Eigenvalues above minus this share of the largest are rounding, not indefiniteness.
const EIGENVALUE_ROUNDING: f64 = 1e-12;

/// A covariance and what must be said with it.
pub(super) struct Covariance {
    /// V, row-major.
    pub matrix: Vec<f64>,
    /// Degrees of freedom of the t distribution; `None`: normal.
    pub degrees_of_freedom: Option<f64>,
    /// The convention in words.
    pub convention: String,
    pub notes: Vec<Note>,
}

/// What [`covariance`] needs besides the sample.
pub(super) struct Ingredients<'a> {
    pub family: Family,
    pub x: &'a [Vec<f64>],
    pub u: &'a [f64],
    pub bread: &'a [f64],
    /// RSS / N for least squares, 1 for Poisson.
    pub sigma2: f64,
    /// K.
    pub parameters: usize,
}

/// Computes V; the equation, notation and sources are in the module's text.
pub(super) fn covariance(
    sample: &Sample,
    input: &Ingredients,
    vcov: Vcov,
    small_sample: SmallSample,
) -> Covariance {
    let k = input.x.len();
    let n = sample.n() as f64;
    let left = n - input.parameters as f64;
    let smallest = sample.clusters.iter().map(|c| c.levels).min().unwrap_or(0);
    let factor = factor(input.family, vcov, small_sample, n, left, smallest as f64);
    let mut notes = Vec::new();
    let needs_left = small_sample != SmallSample::Raw
        && (small_sample == SmallSample::Fixest || input.family == Family::Gaussian);
    if left <= 0.0 && needs_left {
        notes.push(Note {
            code: "saturated",
            message: format!(
                "{} rows and {} parameters leave no degrees of freedom: no standard errors",
                sample.n(),
                input.parameters
            ),
            count: 1,
            rows: Vec::new(),
        });
    }
    let mut matrix = match vcov {
        Vcov::Iid => input.bread.iter().map(|b| b * input.sigma2).collect(),
        Vcov::Robust => sandwich(input.bread, &meat(input, None), k),
        Vcov::Cluster => sandwich(input.bread, &multiway_meat(sample, input), k),
    };
    matrix.iter_mut().for_each(|v| *v *= factor);
    let by = match vcov {
        Vcov::Iid => "iid".to_owned(),
        Vcov::Robust => "robust (HC1 form)".to_owned(),
        Vcov::Cluster => {
            let names: Vec<&str> = sample.clusters.iter().map(|c| c.name.as_str()).collect();
            format!("cluster by {}", names.join(" + "))
        }
    };
    let program = match small_sample {
        SmallSample::Raw => "no small-sample factor",
        SmallSample::Stata if input.family == Family::Poisson => "Stata ppmlhdfe factor",
        SmallSample::Stata => "Stata reghdfe factor",
        SmallSample::Fixest => "fixest factor",
    };
    if vcov == Vcov::Cluster {
        for c in sample.clusters.iter().filter(|c| c.levels < FEW_CLUSTERS) {
            notes.push(Note {
                code: "few_clusters",
                message: format!(
                    "only {} clusters by {}: clustered errors are unreliable below about {}",
                    c.levels, c.name, FEW_CLUSTERS
                ),
                count: c.levels,
                rows: Vec::new(),
            });
        }
        if sample.clusters.len() > 1 && repair(&mut matrix, k) {
            notes.push(Note {
                code: "vcov_repaired",
                message: "the multiway covariance was not positive semi-definite; its negative \
                          eigenvalues were set to zero"
                    .into(),
                count: 1,
                rows: Vec::new(),
            });
        }
    }
    let degrees_of_freedom = match (input.family, vcov) {
        (Family::Poisson, _) => None,
        (Family::Gaussian, Vcov::Cluster) => Some(smallest as f64 - 1.0),
        (Family::Gaussian, _) => Some(left),
    };
    Covariance { matrix, degrees_of_freedom, convention: format!("{by}, {program}"), notes }
}

fn factor(
    family: Family,
    vcov: Vcov,
    small_sample: SmallSample,
    n: f64,
    left: f64,
    clusters: f64,
) -> f64 {
    let left = if left > 0.0 { left } else { f64::NAN };
    let by_cluster = if clusters > 1.0 { clusters / (clusters - 1.0) } else { f64::NAN };
    match (small_sample, family, vcov) {
        (SmallSample::Raw, _, _) | (SmallSample::Stata, Family::Poisson, Vcov::Iid) => 1.0,
        (SmallSample::Stata, Family::Poisson, Vcov::Robust) => n / (n - 1.0),
        (SmallSample::Stata, Family::Poisson, Vcov::Cluster) => by_cluster,
        (_, Family::Gaussian, Vcov::Iid) | (_, _, Vcov::Robust) => n / left,
        (SmallSample::Fixest, Family::Poisson, Vcov::Iid) => (n - 1.0) / left,
        (_, _, Vcov::Cluster) => by_cluster * (n - 1.0) / left,
    }
}

/// Σ over groups of the outer products of their score sums; every row its own group for `None`.
fn meat(input: &Ingredients, groups: Option<(&[u32], usize)>) -> Vec<f64> {
    let k = input.x.len();
    let sums: Vec<Vec<f64>> = input
        .x
        .par_iter()
        .map(|x| match groups {
            None => x.iter().zip(input.u).map(|(x, u)| x * u).collect(),
            Some((ids, levels)) => {
                let mut s = vec![0.0; levels];
                for ((id, x), u) in ids.iter().zip(x).zip(input.u) {
                    s[*id as usize] += x * u;
                }
                s
            }
        })
        .collect();
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

fn multiway_meat(sample: &Sample, input: &Ingredients) -> Vec<f64> {
    let k = input.x.len();
    let dimensions = sample.clusters.len();
    let mut total = vec![0.0; k * k];
    for subset in 1u32..1 << dimensions {
        let members: Vec<usize> = (0..dimensions).filter(|d| subset >> d & 1 == 1).collect();
        let (ids, levels) = intersection(sample, &members);
        let sign = if members.len() % 2 == 1 { 1.0 } else { -1.0 };
        let m = meat(input, Some((&ids, levels)));
        total.iter_mut().zip(m).for_each(|(t, m)| *t += sign * m);
    }
    total
}

/// Group of each row when several dimensions must agree, numbered by first occurrence.
fn intersection(sample: &Sample, members: &[usize]) -> (Vec<u32>, usize) {
    let first = &sample.clusters[members[0]];
    let (mut ids, mut levels) = (first.ids.clone(), first.levels);
    for d in &members[1..] {
        let mut numbers: HashMap<(u32, u32), u32> = HashMap::new();
        for (id, other) in ids.iter_mut().zip(&sample.clusters[*d].ids) {
            let next = numbers.len() as u32;
            *id = *numbers.entry((*id, *other)).or_insert(next);
        }
        levels = numbers.len();
    }
    (ids, levels)
}

fn sandwich(bread: &[f64], meat: &[f64], k: usize) -> Vec<f64> {
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let mut c = vec![0.0; k * k];
        for i in 0..k {
            for l in 0..k {
                for j in 0..k {
                    c[i * k + j] += a[i * k + l] * b[l * k + j];
                }
            }
        }
        c
    };
    product(&product(bread, meat), bread)
}

/// Sets negative eigenvalues to zero; says whether there were any.
fn repair(matrix: &mut [f64], k: usize) -> bool {
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
