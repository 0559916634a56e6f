//! Fixed effects and slopes by level taken out of columns: weighted projection on any number of them.
//!
//! ```text
//! ṽ = v - D a,   a = argmin Σ_i w_i (v_i - Σ_q a_q[id_q(i)])²
//! (D_o'W M D_o) a_o = D_o'W M v        M = I - projection on the eliminated effect
//! ```
//!
//! One effect is eliminated exactly: its groups are runs of rows, and slopes of its own are taken
//! out within each run. The others are solved by conjugate gradients (`conjugate`) on the
//! Schur complement. The answer is then put to the test: the margins of ṽ itself are summed afresh,
//! and the solve is repeated on what is left until they vanish, so the residual reported is that of
//! the result and not of a recursion.
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | v, w | columns, `w` | n, in the order of the eliminated effect |
//! | D_o | `others` | n × all levels of the other effects |
//! | residual | [`Absorbed::residual`] | ‖P ṽ‖ / ‖ṽ‖, P the projection on any single effect, summed |
//!
//! # Cost
//!
//! One pass over the rows per conjugate-gradient step for up to eight columns at once, and two more
//! to start and to test. On gravity data about six steps from a cold start and two or three from a
//! warm one. Memory: one column of weights, and the levels.
//!
//! Source: Guimarães and Portugal (2010), Stata Journal 10; Gaure (2013), Computational Statistics
//! & Data Analysis 66; Schur complement and stopping rule as in Saad (2003), chapter 14.

use super::blocks::Blocks;
use super::conjugate::{Column, WIDEST, conjugate_gradients};
use super::design::Factor;
use super::layout::Layout;
use super::passes::{Runs, apply, margins};
use super::precondition::Preconditioner;
use super::sample::SampleSlope;
use super::thin::ThinOptions;
use super::thin_system::ThinSystem;

/// Sums over groups cancel to about this share of the raw norm and no further.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// Times the solve is repeated on its own residual.
const REFINEMENTS: usize = 8;

/// How absorbing one column, or a set of columns, ended.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Absorbed {
    /// Conjugate-gradient steps.
    pub iterations: usize,
    /// Passes over the rows, each for a block of columns.
    pub passes: usize,
    /// What the effects still explain of the column, as a share of its norm.
    pub residual: f64,
    /// Whether the residual is within tolerance, or within rounding of the raw column.
    pub converged: bool,
}

impl Absorbed {
    /// Both together.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            iterations: self.iterations + other.iterations,
            passes: self.passes + other.passes,
            residual: self.residual.max(other.residual),
            converged: self.converged && other.converged,
        }
    }
}

/// An effect, or the slopes of one, that is not eliminated.
#[derive(Debug, Clone)]
pub(super) struct Other<'a> {
    pub ids: &'a [u32],
    /// Its first level in the joint numbering.
    pub start: usize,
    pub levels: usize,
    /// What the slope is of, centred within levels that have an intercept; `None` for an effect.
    pub values: Option<Vec<f64>>,
}

/// The effects of one sample, with the group weights of the moment.
#[derive(Debug, Clone)]
pub(super) struct Absorber<'a> {
    pub runs: Runs<'a>,
    /// The slopes among the others, and those of the eliminated effect.
    slopes: &'a [SampleSlope],
    first: Option<usize>,
    block_side_a: &'a [u32],
    block_side_b: Vec<usize>,
    pub preconditioner: Preconditioner,
    /// Group weights of the other effects.
    sums: Vec<f64>,
    allowed: usize,
    /// Whether the first weights are to decide if the graph of two effects is worth factoring.
    probe_for_thin: bool,
}

/// The ids of the other effects, and their places in the joint numbering.
fn joint<'a>(others: &[Other<'a>]) -> Vec<(&'a [u32], usize)> {
    others.iter().map(|o| (o.ids, o.start)).collect()
}

impl<'a> Absorber<'a> {
    /// Takes effects in the order of `layout.first`; weights come with [`Self::reweigh`].
    pub fn new(
        effects: &'a [Factor],
        slopes: &'a [SampleSlope],
        layout: &'a Layout,
        n: usize,
        allowed: usize,
    ) -> Self {
        let first = (!effects.is_empty()).then_some(layout.first);
        let first_ids: &[u32] = first.map_or(&[], |q| &effects[q].ids);
        let mut others = Vec::new();
        // Position among the effects, first level and number of levels.
        let mut places = Vec::new();
        let mut levels = 0;
        for (q, f) in effects.iter().enumerate().filter(|(q, _)| Some(*q) != first) {
            others.push(Other { ids: &f.ids, start: levels, levels: f.levels, values: None });
            places.push((q, levels, f.levels));
            levels += f.levels;
        }
        for s in slopes.iter().filter(|s| first.is_none() || s.effect != first) {
            let values = Some(s.values.clone());
            let (ids, size) = (s.ids(effects), s.levels(effects));
            others.push(Other { ids, start: levels, levels: size, values });
            levels += size;
        }
        let mut preconditioner = Preconditioner::Diagonal;
        let (mut block_side_a, mut block_side_b) = (first_ids, Vec::new());
        if let Some(plan) = &layout.blocks {
            preconditioner =
                Preconditioner::Blocks(Box::new(Blocks::new(plan, layout.first, &places)));
            block_side_a = &effects[plan.a].ids;
            block_side_b =
                plan.b.iter().filter_map(|q| places.iter().position(|p| p.0 == *q)).collect();
        }
        let probe_for_thin = matches!(preconditioner, Preconditioner::Diagonal)
            && slopes.is_empty()
            && effects.len() > 1;
        Self {
            runs: Runs::new(first_ids, n, others, levels),
            slopes,
            first,
            block_side_a,
            block_side_b,
            preconditioner,
            sums: Vec::new(),
            allowed,
            probe_for_thin,
        }
    }

    /// The weights, to be filled before [`Self::reweigh`].
    pub fn weights(&mut self) -> &mut Vec<f64> {
        &mut self.runs.w
    }

    /// The weights in use.
    pub fn w(&self) -> &[f64] {
        &self.runs.w
    }

    /// Takes copies of weights.
    pub fn weigh(&mut self, w: &[f64]) {
        self.runs.w.clear();
        self.runs.w.extend_from_slice(w);
        self.reweigh(true);
    }

    /// Sums the weights by group; `refactor` also brings the preconditioner up to date, which costs
    /// more than it saves while the weights have hardly moved.
    pub fn reweigh(&mut self, refactor: bool) {
        let slopes: Vec<&SampleSlope> =
            self.slopes.iter().filter(|s| self.first.is_some() && s.effect == self.first).collect();
        self.runs.sum_first(&slopes);
        self.runs.centre_slopes(self.slopes, self.first);
        self.sums = self.runs.sum_others();
        let inverse = |s: &f64| if *s > 0.0 { 1.0 / s } else { 0.0 };
        self.runs.other_inverse = self.sums.iter().map(inverse).collect();
        if !refactor {
            return;
        }
        if let Preconditioner::Thin(system) = &mut self.preconditioner {
            system.reweigh(&self.runs.starts, &joint(&self.runs.others), &self.runs.w);
        } else if self.probe_for_thin {
            self.probe_for_thin = false;
            let others = joint(&self.runs.others);
            let (starts, w) = (&self.runs.starts, &self.runs.w);
            let options = ThinOptions::default();
            let system = ThinSystem::new(starts, &others, self.runs.levels, w, &options);
            if let Ok(system) = system {
                self.preconditioner = Preconditioner::Thin(Box::new(system));
            }
        }
        if let Preconditioner::Blocks(blocks) = &mut self.preconditioner {
            let b: Vec<&Other> = self.block_side_b.iter().map(|q| &self.runs.others[*q]).collect();
            let side_a = self.runs.others.iter().find(|o| o.start == blocks.a_offset);
            let sums_a = match side_a {
                Some(a) if !blocks.eliminated => &self.sums[a.start..a.start + a.levels],
                _ => &self.runs.first_sums,
            };
            blocks.factor(&self.runs.w, self.block_side_a, &b, sums_a, &self.sums);
        }
    }

    /// Absorbs out of several columns with one tolerance.
    pub fn demean_all(&self, columns: &mut [Vec<f64>], tolerance: f64) -> Absorbed {
        self.demean_each(columns, &vec![tolerance; columns.len()])
    }

    /// Absorbs out of one column.
    pub fn demean(&self, v: &mut Vec<f64>, tolerance: f64) -> Absorbed {
        let mut column = [std::mem::take(v)];
        let outcome = self.demean_each(&mut column, &[tolerance]);
        [*v] = column;
        outcome
    }

    /// Absorbs out of several columns, each to its own tolerance, up to eight in one pass.
    pub fn demean_each(&self, columns: &mut [Vec<f64>], tolerances: &[f64]) -> Absorbed {
        let none = Absorbed { converged: true, ..Absorbed::default() };
        if (self.first.is_none() && self.runs.others.is_empty()) || columns.is_empty() {
            return none;
        }
        // Blocks of nearly equal width, none wider than the widest.
        let width = columns.len().div_ceil(columns.len().div_ceil(WIDEST));
        columns.chunks_mut(width).zip(tolerances.chunks(width)).fold(none, |total, (v, t)| {
            total.with(match v.len() {
                1 => self.demean_block::<1>(v, t),
                2 => self.demean_block::<2>(v, t),
                3 => self.demean_block::<3>(v, t),
                4 => self.demean_block::<4>(v, t),
                5 => self.demean_block::<5>(v, t),
                6 => self.demean_block::<6>(v, t),
                7 => self.demean_block::<7>(v, t),
                _ => self.demean_block::<8>(v, t),
            })
        })
    }

    fn demean_block<const R: usize>(&self, v: &mut [Vec<f64>], tolerances: &[f64]) -> Absorbed {
        let levels = self.runs.levels;
        let mut outcome = Absorbed { converged: true, ..Absorbed::default() };
        if self.runs.others.is_empty() {
            let _ = apply::<R>(&self.runs, v, &[]);
            outcome.passes = 1;
            return outcome;
        }
        let mut m = margins::<R>(&self.runs, v);
        let raw = m.raw;
        outcome.passes = 1;
        // Before the first projection the norms include the eliminated effect.
        let mut size = m.norms;
        let mut previous = [f64::INFINITY; R];
        let mut written = false;
        for _ in 0..=REFINEMENTS {
            let left = self.weighted_norms(&m.sums);
            let mut columns = Vec::new();
            let (mut worst, mut converged) = (0.0f64, true);
            for c in 0..R {
                let share = if size[c] > 0.0 { left[c] / size[c] } else { 0.0 };
                let limit = (tolerances[c] * size[c]).max(ROUNDING * raw[c]);
                let done = left[c] <= limit;
                worst = worst.max(share);
                converged &= done;
                let stuck = left[c] > 0.5 * previous[c];
                previous[c] = left[c];
                if done || stuck {
                    continue;
                }
                // The norm of v only falls while solving, so aim a little lower.
                columns.push(Column::new(c, m.sums.iter().map(|s| s[c]).collect(), 0.3 * limit));
            }
            outcome.residual = worst;
            outcome.converged = converged;
            if columns.is_empty() || outcome.iterations >= self.allowed {
                break;
            }
            let budget = self.allowed - outcome.iterations;
            let steps = conjugate_gradients(&self.runs, &self.preconditioner, &mut columns, budget);
            outcome.iterations += steps;
            outcome.passes += steps + 1;
            let mut a = vec![[0.0; R]; levels];
            for column in &columns {
                a.iter_mut().zip(&column.a).for_each(|(a, x)| a[column.position] = *x);
            }
            m = apply::<R>(&self.runs, v, &a);
            size = m.norms;
            written = true;
        }
        if !written {
            // Nothing but the eliminated effect had to be taken out.
            let _ = apply::<R>(&self.runs, v, &vec![[0.0; R]; levels]);
            outcome.passes += 1;
        }
        outcome
    }

    /// √(Σ_g s_g² / w_g): the weighted norm of the group means that the margins s stand for.
    fn weighted_norms<const R: usize>(&self, margins: &[[f64; R]]) -> [f64; R] {
        let mut sums = [0.0; R];
        for (s, i) in margins.iter().zip(&self.runs.other_inverse) {
            for c in 0..R {
                sums[c] += s[c] * s[c] * i;
            }
        }
        sums.map(f64::sqrt)
    }
}

#[cfg(test)]
mod tests {
    use super::super::design::factor;
    use super::super::layout::choose;
    use super::super::options::Road;
    use super::*;

    fn demeaned(
        effects: &[Factor],
        w: &[f64],
        v: &[f64],
        road: Road,
        steps: usize,
    ) -> (Vec<f64>, Absorbed) {
        let mut layout = choose(effects, &vec![1; effects.len()], v.len(), road);
        // The columns of these tests are in the order of the first effect.
        assert!(effects[0].ids.is_sorted());
        if layout.first != 0 {
            layout = Layout { first: 0, blocks: None, road: Road::Sparse, why: String::new() };
        }
        let mut absorber = Absorber::new(effects, &[], &layout, v.len(), steps);
        // The diagonal alone: a graph factored exactly would solve any of these at once.
        absorber.probe_for_thin = false;
        absorber.weigh(w);
        let mut v = v.to_vec();
        let outcome = absorber.demean(&mut v, 1e-12);
        (v, outcome)
    }

    #[test]
    fn one_effect_is_the_weighted_mean() {
        let effects = [factor(&[0, 0, 1])];
        let (v, outcome) = demeaned(&effects, &[1.0, 3.0, 2.0], &[0.0, 4.0, 7.0], Road::Auto, 10);
        assert!(outcome.converged);
        assert_eq!(v, [-3.0, 1.0, 0.0]);
    }

    #[test]
    fn two_crossed_effects_leave_the_interaction() {
        // A balanced 2 × 2 table loses row and column means: ±(a - b - c + d) / 4 is left.
        let effects = [factor(&[0, 0, 1, 1]), factor(&[0, 1, 0, 1])];
        for road in [Road::Dense, Road::Sparse] {
            let (v, outcome) = demeaned(&effects, &[1.0; 4], &[1.0, 2.0, 3.0, 8.0], road, 100);
            assert!(outcome.converged, "{outcome:?}");
            for (got, want) in v.iter().zip([1.0, -1.0, -1.0, 1.0]) {
                assert!((got - want).abs() < 1e-14, "{v:?}");
            }
        }
    }

    #[test]
    fn what_cannot_converge_says_so() {
        // A path of groups is barely connected; two steps cannot carry a difference along it.
        let a: Vec<u32> = (0..40).map(|i| i / 2).collect();
        let b: Vec<u32> = (0..40u32).map(|i| i.div_ceil(2)).collect();
        let effects = [factor(&b), factor(&a)];
        let column: Vec<f64> = (0..40).map(|i| f64::from(i * i % 7)).collect();
        let (_, outcome) = demeaned(&effects, &[1.0; 40], &column, Road::Sparse, 2);
        assert!(!outcome.converged && outcome.residual > 1e-12);
        assert!(demeaned(&effects, &[1.0; 40], &column, Road::Sparse, 1000).1.converged);
        // The dense road knows the answer at once.
        let (_, outcome) = demeaned(&effects, &[1.0; 40], &column, Road::Dense, 3);
        assert!(outcome.converged && outcome.iterations <= 3, "{outcome:?}");
    }
}
