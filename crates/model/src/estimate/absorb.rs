//! Fixed effects taken out of a column: weighted demeaning by any number of factors.
//!
//! ```text
//! ṽ = v - D a,   a = argmin Σ_i w_i (v_i - Σ_q a_q[id_q(i)])²
//! ```
//!
//! The effect with most levels is eliminated exactly (its block of D'WD is diagonal); the rest is
//! solved by conjugate gradients on the Schur complement, preconditioned by the group weights. One
//! effect therefore needs no iteration. The answer is then put to the test: the margins of ṽ itself
//! are summed afresh, and the solve is repeated on what is left until they vanish, so the residual
//! reported is that of the result and not of a recursion.
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | v, w | arguments | n, in the order of the largest effect |
//! | D | `starts`, `others` | n × all levels |
//! | residual | [`Absorbed::residual`] | ‖P ṽ‖ / ‖ṽ‖, P the projection on any single effect, summed |
//!
//! # Cost
//!
//! Two passes over n per conjugate-gradient step and effect; 5 to 60 steps on gravity, more where
//! the effects are barely connected. Memory 3 n per column in work plus the levels.
//!
//! Source: Guimarães and Portugal (2010), Stata Journal 10; Gaure (2013), Computational Statistics
//! & Data Analysis 66; Schur complement and stopping rule as in Saad (2003), chapter 14.

use super::design::Factor;
use super::least_squares::norm;
use rayon::prelude::*;

/// Sums over groups cancel to about this share of the raw norm and no further.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// Times the solve is repeated on its own residual.
const REFINEMENTS: usize = 8;

/// How absorbing one column, or a set of columns, ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Absorbed {
    /// Conjugate-gradient steps.
    pub iterations: usize,
    /// What the effects still explain of the column, as a share of its norm.
    pub residual: f64,
    /// Whether the residual is within tolerance, or within rounding of the raw column.
    pub converged: bool,
}

/// The effects of one sample, with the group weights of the moment.
#[derive(Debug, Clone)]
pub(super) struct Absorber<'a> {
    n: usize,
    /// First row of each group of the largest effect, and n.
    starts: Vec<usize>,
    /// The other effects, each with the position of its first level in a joint numbering.
    others: Vec<(&'a [u32], usize)>,
    levels: usize,
    w: Vec<f64>,
    /// 1 / group weight, zero for groups without weight.
    first_inverse: Vec<f64>,
    other_inverse: Vec<f64>,
    iterations_allowed: usize,
}

impl<'a> Absorber<'a> {
    /// Takes effects whose first is sorted; weights come with [`Self::weigh`].
    pub fn new(effects: &'a [Factor], n: usize, iterations_allowed: usize) -> Self {
        let mut starts = Vec::new();
        let mut others = Vec::new();
        let mut levels = 0;
        if let Some((first, rest)) = effects.split_first() {
            debug_assert!(first.ids.is_sorted());
            starts = (0..n).filter(|i| *i == 0 || first.ids[*i] != first.ids[*i - 1]).collect();
            starts.push(n);
            for f in rest {
                others.push((f.ids.as_slice(), levels));
                levels += f.levels;
            }
        }
        Self {
            n,
            starts,
            others,
            levels,
            w: Vec::new(),
            first_inverse: Vec::new(),
            other_inverse: Vec::new(),
            iterations_allowed,
        }
    }

    /// Sets the weights.
    pub fn weigh(&mut self, w: &[f64]) {
        let inverse = |s: f64| if s > 0.0 { 1.0 / s } else { 0.0 };
        self.w.clear();
        self.w.extend_from_slice(w);
        self.first_inverse =
            self.starts.windows(2).map(|r| inverse(w[r[0]..r[1]].iter().sum())).collect();
        let mut sums = vec![0.0; self.levels];
        for (ids, start) in &self.others {
            for (id, w) in ids.iter().zip(w) {
                sums[start + *id as usize] += w;
            }
        }
        self.other_inverse = sums.into_iter().map(inverse).collect();
    }

    /// Absorbs the effects out of several columns, each on its own, in parallel.
    pub fn demean_all(&self, columns: &mut [Vec<f64>], tolerance: f64) -> Absorbed {
        let outcomes: Vec<Absorbed> =
            columns.par_iter_mut().map(|v| self.demean(v, tolerance)).collect();
        outcomes.into_iter().fold(Absorbed { converged: true, ..Absorbed::default() }, |a, b| {
            Absorbed {
                iterations: a.iterations + b.iterations,
                residual: a.residual.max(b.residual),
                converged: a.converged && b.converged,
            }
        })
    }

    /// Absorbs the effects out of one column.
    pub fn demean(&self, v: &mut [f64], tolerance: f64) -> Absorbed {
        debug_assert_eq!(v.len(), self.n);
        if self.starts.is_empty() {
            return Absorbed { converged: true, ..Absorbed::default() };
        }
        let raw = norm(&self.w, v);
        self.subtract_first_means(v);
        if self.others.is_empty() {
            return Absorbed { converged: true, ..Absorbed::default() };
        }
        let mut outcome = Absorbed::default();
        let mut margins = vec![0.0; self.levels];
        for _ in 0..=REFINEMENTS {
            self.margins(v, &mut margins);
            let left = self.weighted_norm(&margins);
            let size = norm(&self.w, v);
            let previous = outcome.residual;
            outcome.residual = if size > 0.0 { left / size } else { 0.0 };
            outcome.converged = left <= (tolerance * size).max(ROUNDING * raw);
            let stuck = previous > 0.0 && outcome.residual > 0.5 * previous;
            let spent = outcome.iterations >= self.iterations_allowed;
            if outcome.converged || stuck || spent {
                break;
            }
            // The norm of v only falls while solving, so aim a little lower.
            let goal = (0.3 * tolerance * size).max(0.3 * ROUNDING * raw);
            let budget = self.iterations_allowed - outcome.iterations;
            let (a, steps) = self.conjugate_gradient(&margins, goal, budget);
            outcome.iterations += steps;
            self.subtract_others(v, &a);
            self.subtract_first_means(v);
        }
        outcome
    }

    /// v ← v - weighted group means of the largest effect.
    fn subtract_first_means(&self, v: &mut [f64]) {
        for (g, run) in self.starts.windows(2).enumerate() {
            let (v, w) = (&mut v[run[0]..run[1]], &self.w[run[0]..run[1]]);
            let sum: f64 = v.iter().zip(w).map(|(v, w)| v * w).sum();
            let mean = sum * self.first_inverse[g];
            v.iter_mut().for_each(|v| *v -= mean);
        }
    }

    fn subtract_others(&self, v: &mut [f64], a: &[f64]) {
        for (ids, start) in &self.others {
            let a = &a[*start..];
            for (v, id) in v.iter_mut().zip(*ids) {
                *v -= a[*id as usize];
            }
        }
    }

    /// Sums of w v over the groups of the other effects.
    fn margins(&self, v: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (ids, start) in &self.others {
            let out = &mut out[*start..];
            for ((id, v), w) in ids.iter().zip(v).zip(&self.w) {
                out[*id as usize] += w * v;
            }
        }
    }

    /// √(Σ_g s_g² / w_g): the weighted norm of the group means that the margins s stand for.
    fn weighted_norm(&self, margins: &[f64]) -> f64 {
        margins.iter().zip(&self.other_inverse).map(|(s, i)| s * s * i).sum::<f64>().sqrt()
    }

    /// out ← S p, with S the Schur complement after eliminating the largest effect.
    fn schur(&self, p: &[f64], u: &mut [f64], out: &mut [f64]) {
        out.fill(0.0);
        for (g, run) in self.starts.windows(2).enumerate() {
            let rows = run[0]..run[1];
            let w = &self.w[rows.clone()];
            let u = &mut u[rows.clone()];
            u.fill(0.0);
            for (ids, start) in &self.others {
                let p = &p[*start..];
                for (u, id) in u.iter_mut().zip(&ids[rows.clone()]) {
                    *u += p[*id as usize];
                }
            }
            let sum: f64 = u.iter().zip(w).map(|(u, w)| u * w).sum();
            let mean = sum * self.first_inverse[g];
            for (u, w) in u.iter_mut().zip(w) {
                *u = (*u - mean) * w;
            }
            for (ids, start) in &self.others {
                let out = &mut out[*start..];
                for (u, id) in u.iter().zip(&ids[rows.clone()]) {
                    out[*id as usize] += u;
                }
            }
        }
    }

    /// Solves S a = s to ‖s - S a‖ <= goal. S is singular but the system is consistent, and
    /// conjugate gradients from zero stay in its range.
    fn conjugate_gradient(&self, s: &[f64], goal: f64, budget: usize) -> (Vec<f64>, usize) {
        let m = self.levels;
        let mut a = vec![0.0; m];
        let mut r = s.to_vec();
        let mut z: Vec<f64> = r.iter().zip(&self.other_inverse).map(|(r, i)| r * i).collect();
        let mut p = z.clone();
        let mut sp = vec![0.0; m];
        let mut u = vec![0.0; self.n];
        let mut rz: f64 = r.iter().zip(&z).map(|(r, z)| r * z).sum();
        let mut steps = 0;
        while rz.sqrt() > goal && steps < budget {
            self.schur(&p, &mut u, &mut sp);
            let curvature: f64 = p.iter().zip(&sp).map(|(p, q)| p * q).sum();
            steps += 1;
            // A direction without curvature is a shift between effects that changes no row.
            if curvature <= 0.0 {
                break;
            }
            let step = rz / curvature;
            for g in 0..m {
                a[g] += step * p[g];
                r[g] -= step * sp[g];
                z[g] = r[g] * self.other_inverse[g];
            }
            let next: f64 = r.iter().zip(&z).map(|(r, z)| r * z).sum();
            let beta = next / rz;
            rz = next;
            for g in 0..m {
                p[g] = z[g] + beta * p[g];
            }
        }
        (a, steps)
    }
}

#[cfg(test)]
mod tests {
    use super::super::design::factor;
    use super::*;

    #[test]
    fn one_effect_is_the_weighted_mean() {
        let effects = [factor(&[0, 0, 1])];
        let mut absorber = Absorber::new(&effects, 3, 10);
        absorber.weigh(&[1.0, 3.0, 2.0]);
        let mut v = vec![0.0, 4.0, 7.0];
        assert!(absorber.demean(&mut v, 1e-12).converged);
        assert_eq!(v, [-3.0, 1.0, 0.0]);
    }

    #[test]
    fn two_crossed_effects_leave_the_interaction() {
        // A balanced 2 × 2 table loses row and column means: ±(a - b - c + d) / 4 is left.
        let effects = [factor(&[0, 0, 1, 1]), factor(&[0, 1, 0, 1])];
        let mut absorber = Absorber::new(&effects, 4, 100);
        absorber.weigh(&[1.0; 4]);
        let mut v = vec![1.0, 2.0, 3.0, 8.0];
        let outcome = absorber.demean(&mut v, 1e-12);
        assert!(outcome.converged, "{outcome:?}");
        for (got, want) in v.iter().zip([1.0, -1.0, -1.0, 1.0]) {
            assert!((got - want).abs() < 1e-14, "{v:?}");
        }
    }

    #[test]
    fn what_cannot_converge_says_so() {
        // A path of groups is barely connected; two steps cannot carry a difference along it.
        let a: Vec<u32> = (0..40).map(|i| i / 2).collect();
        let b: Vec<u32> = (0..40u32).map(|i| i.div_ceil(2)).collect();
        let effects = [factor(&a), factor(&b)];
        let column: Vec<f64> = (0..40).map(|i| f64::from(i * i % 7)).collect();
        let mut absorber = Absorber::new(&effects, 40, 2);
        absorber.weigh(&[1.0; 40]);
        let outcome = absorber.demean(&mut column.clone(), 1e-12);
        assert!(!outcome.converged && outcome.residual > 1e-12);
        let mut absorber = Absorber::new(&effects, 40, 1000);
        absorber.weigh(&[1.0; 40]);
        assert!(absorber.demean(&mut column.clone(), 1e-12).converged);
    }
}
