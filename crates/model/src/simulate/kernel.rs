//! The matrix of trade at given costs and the two sums over it that everything else is made of.
//!
//! # Equations
//!
//! ```text
//! K_ij = X_ij exp(t beta_ij - r_i - m_j),   i ≠ j,      k_j the same at i = j
//! u_i  = exp(r_i - theta x_i)
//! S_j  = k_j u_j + sum_{i≠j} K_ij u_i
//! pi'_ij = u_i K_ij / S_j,   ln P_j = -( m_j + ln S_j - ln E_j ) / theta
//! ```
//!
//! r is theta ln w_hat at the point where the matrix was built and m_j brings the largest entry of a
//! column to one, so nothing overflows and no digit of a small flow is lost beside own trade. A new
//! vector of wages then costs N exponentials instead of N²; only wages far from r need a new matrix.
//!
//! # Cost
//!
//! One N × N matrix. Each sum reads it once; rows (or blocks of columns) go to threads in pieces of
//! fixed size, so the sums are the same for any number of threads.

use rayon::prelude::*;

/// From this many places on the sums are shared among threads: below, one takes a few microseconds.
const PARALLEL: usize = 512;
/// Columns in a block: a row of it fills half of the first cache of a processor.
const BLOCK: usize = 256;
/// |r_i - theta x_i| beyond which the matrix is built anew. exp(30) leaves each sum all its digits.
const FAR: f64 = 30.0;

pub(crate) struct Kernel {
    pub n: usize,
    /// t, the share of the finite shock.
    pub share: f64,
    /// beta of closed markets.
    pub closed: f64,
    /// r_i.
    reference: Vec<f64>,
    /// m_j.
    pub top: Vec<f64>,
    /// K_ij with a zero diagonal, row-major.
    foreign: Vec<f64>,
    /// k_j.
    pub own: Vec<f64>,
}

impl Kernel {
    /// Builds the matrix at log wages `x`, with beta = `closed` where the market is closed: minus
    /// infinity, unless it is closed little by little.
    pub fn new(
        ln_flow: &[f64],
        beta: &[f64],
        share: f64,
        closed: f64,
        theta: f64,
        x: &[f64],
    ) -> Self {
        let n = x.len();
        let reference: Vec<f64> = x.iter().map(|x| theta * x).collect();
        let exponent = |i: usize, j: usize| {
            let beta = beta[i * n + j];
            // Not scaled: 0 × infinity is no number.
            let scaled = if beta == f64::NEG_INFINITY { closed } else { share * beta };
            ln_flow[i * n + j] + scaled - reference[i]
        };
        let mut top = vec![f64::NEG_INFINITY; n];
        for i in 0..n {
            for j in 0..n {
                top[j] = top[j].max(exponent(i, j));
            }
        }
        let own = (0..n).map(|j| (exponent(j, j) - top[j]).exp()).collect();
        let mut foreign = vec![0.0; n * n];
        let fill = |(i, row): (usize, &mut [f64])| {
            for j in (0..n).filter(|&j| j != i) {
                row[j] = (exponent(i, j) - top[j]).exp();
            }
        };
        if n >= PARALLEL {
            foreign.par_chunks_mut(n).enumerate().for_each(fill);
        } else {
            foreign.chunks_mut(n).enumerate().for_each(fill);
        }
        Self { n, share, closed, reference, top, foreign, own }
    }

    /// The same matrix after a change of beta on some pairs, or `None` when one is too large for it.
    pub fn changed(&self, pairs: &[(usize, f64)]) -> Option<Self> {
        let mut foreign = self.foreign.clone();
        for &(cell, change) in pairs {
            if change.abs() > FAR {
                return None;
            }
            foreign[cell] *= change.exp();
        }
        Some(Self {
            foreign,
            reference: self.reference.clone(),
            top: self.top.clone(),
            own: self.own.clone(),
            ..*self
        })
    }

    /// Whether log wages have moved too far from where the matrix was built.
    pub fn is_far(&self, theta: f64, x: &[f64]) -> bool {
        x.iter().zip(&self.reference).any(|(x, r)| (r - theta * x).abs() > FAR)
    }

    /// u_i.
    pub fn weights(&self, theta: f64, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.reference).map(|(x, r)| (r - theta * x).exp()).collect()
    }

    /// K_ij of one origin.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.foreign[i * self.n..(i + 1) * self.n]
    }

    /// sum_{j≠i} K_ij v_j for each i.
    pub fn by_origin(&self, v: &[f64]) -> Vec<f64> {
        if self.n >= PARALLEL {
            (0..self.n).into_par_iter().map(|i| dot(self.row(i), v)).collect()
        } else {
            (0..self.n).map(|i| dot(self.row(i), v)).collect()
        }
    }

    /// sum_{i≠j} K_ij v_i for each j.
    pub fn by_destination(&self, v: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut sum = vec![0.0; n];
        let block = |(b, part): (usize, &mut [f64])| {
            let start = b * BLOCK;
            for (i, &v) in v.iter().enumerate() {
                let row = &self.foreign[i * n + start..i * n + start + part.len()];
                part.iter_mut().zip(row).for_each(|(s, k)| *s += v * k);
            }
        };
        if n >= PARALLEL {
            sum.par_chunks_mut(BLOCK).enumerate().for_each(block);
        } else {
            sum.chunks_mut(BLOCK).enumerate().for_each(block);
        }
        sum
    }
}

/// In eight running sums, which the processor adds at once.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    sums.iter().sum::<f64>() + rest
}
