//! Separated rows of a Poisson model: zeros whose fitted value the likelihood drives to zero.
//!
//! ```text
//! row i is separated  <=>  there are β, α with z = Xβ + Dα:
//!     z_j = 0 where y_j > 0,   z_j >= 0 where y_j = 0,   z_i > 0
//! ```
//!
//! Along -z the likelihood rises for ever, so the estimate does not exist until these rows are left
//! out; their fitted value is 0. Three searches, each exact about what it reports:
//!
//! 1. [`zero_groups`]: levels of an effect whose outcomes are all zero.
//! 2. `cone`: every separated row of a model small enough for a dense matrix.
//! 3. `certify`: in larger models the rectifier on the candidates that the fit shows gives a z, and
//!    rows are left out only with that z as [`Certificate`].
//!
//! The last two are asked only when the fit itself shows candidates: zeros whose fitted value keeps
//! falling by a constant factor.
//!
//! Conversely a converged fit proves that no row it used is separated: its score X'(y - μ) = 0 with
//! μ > 0 gives Σ μ_i z_i = 0 over the zeros for any z as above, so z = 0.
//!
//! # Assumptions
//!
//! A false alarm is worse than a miss: a z that is not proven leaves the rows in, with a note.
//!
//! Source: Correia, Guimarães and Zylkin (2021), sections 2 and 3.

use super::absorb::Absorber;
use super::cone::{self, Search};
use super::design::Factor;
use super::fit::Certificate;
use super::least_squares::{Factorised, axpy};
use super::options::Options;
use super::sample::Sample;
use rayon::prelude::*;

/// Weight of candidates relative to all other rows; its inverse is the K of the rectifier.
const CANDIDATE_WEIGHT: f64 = 1e-4;
/// |z| on rows that stay, relative to the largest z, that still passes for zero.
const ZERO: f64 = 1e-9;
/// z on a separated row, relative to the largest z, that passes for positive.
const POSITIVE: f64 = 1e-3;
/// A z below this everywhere has shrunk to nothing: no candidate is separated.
const VANISHED: f64 = 1e-6;
/// Rounds of the rectifier before it is started afresh on fewer candidates.
const ROUNDS: usize = 30;

/// Finds zeros in levels without a positive outcome among the rows with `keep` and takes them out of
/// `keep`. Returns their positions in ascending order.
///
/// Only zeros go, so no level loses a positive outcome: one round is the fixed point.
pub fn zero_groups(y: &[f64], effects: &[Factor], keep: &mut [bool]) -> Vec<usize> {
    let positive: Vec<Vec<bool>> = effects
        .par_iter()
        .map(|f| {
            let mut positive = vec![false; f.levels];
            for ((id, y), k) in f.ids.iter().zip(y).zip(&*keep) {
                // Without a branch: which rows are zeros is as good as random.
                positive[*id as usize] |= *k & (*y > 0.0);
            }
            positive
        })
        .collect();
    let mut dropped = Vec::new();
    for (f, positive) in effects.iter().zip(&positive) {
        if positive.iter().all(|p| *p) {
            continue;
        }
        for (i, (id, keep)) in f.ids.iter().zip(keep.iter_mut()).enumerate() {
            if *keep && !positive[*id as usize] {
                *keep = false;
                dropped.push(i);
            }
        }
    }
    dropped.sort_unstable();
    dropped
}

/// What a search found.
pub(super) enum Found {
    /// Separated rows, with the proof.
    Proven(Vec<usize>, Certificate),
    /// Certainly none.
    None,
    /// No proof either way.
    Unknown,
}

/// Decides about zeros whose fitted value keeps falling: exactly where the model is small, else by
/// the rectifier on these candidates.
pub(super) fn search(sample: &Sample, candidates: &[usize], options: &Options) -> Found {
    if let Search::Found(found, proof) = cone::search(sample, options.exact_search) {
        return match proof {
            Some(proof) if !found.is_empty() => Found::Proven(found, proof),
            _ => Found::None,
        };
    }
    let budget = options.max_absorb_iterations;
    match certify(sample, candidates, options.absorb_tolerance(), budget) {
        Some((found, proof)) => Found::Proven(found, proof),
        None => Found::Unknown,
    }
}

/// Looks for a z that is positive on some candidates and zero on all other rows.
///
/// Rectifier with multipliers: regress the target t on [X D], heavily weighted off the candidates;
/// on candidates t ← max(z, 0), elsewhere t ← t - z, which drives z to exact zero there. Candidates
/// that are not separated slow this down, so when it has not settled soon it is started afresh on
/// those that z singles out so far.
fn certify(
    sample: &Sample,
    candidates: &[usize],
    tolerance: f64,
    iterations_allowed: usize,
) -> Option<(Vec<usize>, Certificate)> {
    let mut candidates = candidates.to_vec();
    loop {
        let rectifier = Rectifier::new(sample, &candidates, tolerance, iterations_allowed);
        match rectifier.run(&candidates) {
            Rectified::Proven(rows, proof) => return Some((rows, proof)),
            Rectified::SoFar(rows) if rows.len() < candidates.len() => candidates = rows,
            _ => return None,
        }
    }
}

enum Rectified {
    Proven(Vec<usize>, Certificate),
    /// Not settled: the rows that z singles out so far.
    SoFar(Vec<usize>),
    Nothing,
}

struct Rectifier<'a> {
    absorber: Absorber<'a>,
    w: Vec<f64>,
    x: Vec<Vec<f64>>,
    factorised: Factorised,
    candidate: Vec<bool>,
    tolerance: f64,
}

impl<'a> Rectifier<'a> {
    fn new(sample: &'a Sample, candidates: &[usize], tolerance: f64, allowed: usize) -> Self {
        let n = sample.n();
        let mut candidate = vec![false; n];
        candidates.iter().for_each(|i| candidate[*i] = true);
        let weight = |c: &bool| if *c { CANDIDATE_WEIGHT } else { 1.0 };
        let w: Vec<f64> = candidate.iter().map(weight).collect();
        let mut absorber = sample.absorber(allowed);
        absorber.weigh(&w);
        let mut x = sample.x.clone();
        let _ = absorber.demean_all(&mut x, tolerance);
        let factorised = Factorised::new(&w, &x, &super::collinearity::floors(sample, &w, 1e-10));
        Self { absorber, w, x, factorised, candidate, tolerance }
    }

    /// The projection of t on [X D].
    fn project(&self, t: &[f64]) -> Vec<f64> {
        let mut residual = t.to_vec();
        let _ = self.absorber.demean(&mut residual, self.tolerance);
        let b = self.factorised.solve(&self.w, &self.x, &residual);
        for (b, x) in b.iter().zip(&self.x) {
            axpy(-b, x, &mut residual);
        }
        t.iter().zip(&residual).map(|(t, r)| t - r).collect()
    }

    fn run(&self, candidates: &[usize]) -> Rectified {
        let n = self.candidate.len();
        let mut t: Vec<f64> = self.candidate.iter().map(|c| f64::from(u8::from(*c))).collect();
        let mut singled_out = Vec::new();
        for _ in 0..ROUNDS {
            let z = self.project(&t);
            let largest = candidates.iter().fold(0.0f64, |a, i| a.max(z[*i]));
            if largest < VANISHED {
                return Rectified::Nothing;
            }
            singled_out =
                candidates.iter().copied().filter(|i| z[*i] > POSITIVE * largest).collect();
            let mut stays = vec![true; n];
            singled_out.iter().for_each(|i: &usize| stays[*i] = false);
            let rest = (0..n).filter(|i| stays[*i]).fold(0.0f64, |a, i| a.max(z[i].abs()));
            if rest <= ZERO * largest {
                let margin = singled_out.iter().fold(f64::INFINITY, |a, i| a.min(z[*i]));
                let proof = Certificate { margin: margin / largest, residual: rest / largest };
                return Rectified::Proven(singled_out, proof);
            }
            for i in 0..n {
                t[i] = if self.candidate[i] { z[i].max(0.0) } else { t[i] - z[i] };
            }
        }
        Rectified::SoFar(singled_out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::design::factor;
    use super::*;

    #[test]
    fn levels_without_a_positive_outcome_go() {
        let mut keep = [true; 4];
        let y = [0.0, 0.0, 1.0, 0.0];
        let found = zero_groups(&y, &[factor(&[0, 0, 1, 1]), factor(&[0, 1, 0, 1])], &mut keep);
        assert_eq!(found, [0, 1, 3]);
    }
}
