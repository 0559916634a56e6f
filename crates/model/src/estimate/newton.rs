//! Newton's method for models with one linear predictor and absorbed effects.
//!
//! ```text
//! r = (y - μ)/μ',  W = ω μ'²/V(μ),  Δη = projection of r on [X D] under W,  η ← η + Δη
//! Δη = r - r̃ + X̃ b,   b = (X̃'WX̃)⁻¹ X̃'W r̃
//! ```
//!
//! r̃ and X̃ are r and X with the effects absorbed under W. X̃ of one step is absorbed again in the
//! next, where little is left to take out. Both need only be as exact as the step deserves: an error
//! δ in X̃ changes the step by δ times its length, so δ follows the length; r̃ follows the length
//! that the next step will have if convergence is quadratic. The last step is exact in both.
//!
//! # Cost
//!
//! Per step one exponential per row, k + 1 columns absorbed, and two plain passes.
//!
//! Source: Correia, Guimarães and Zylkin (2020), Stata Journal 20, for absorbing X again from where it
//! was and for tolerances that tighten; Dembo, Eisenstat and Steihaug (1982) for how loose a step may
//! be; McCullagh and Nelder (1989), chapter 2, for the weights.

use super::absorb::{Absorbed, Absorber};
use super::collinearity::floors;
use super::family::Model;
use super::fit::Certificate;
use super::least_squares::{Factorised, chunked, dot, gram, solve_gram};
use super::options::Options;
use super::sample::Sample;
use super::separation;
use crate::outcome::Status;

/// Tolerances of absorbing start this loosely.
const FIRST_TOLERANCE: f64 = 1e-2;
/// Share of the expected next step that errors of the working residual may reach.
const RESIDUAL_SHARE: f64 = 0.05;
/// Share of the present step that errors of the regressors may reach.
const REGRESSOR_SHARE: f64 = 0.1;
/// Weighted change of log fitted values after which the preconditioner is brought up to date.
const STALE: f64 = 0.2;
/// A regressor with less than this share of its norm left cannot be used in a step. Much below the
/// tolerance of collinearity: a regressor that varies mostly on separated rows must keep moving, or
/// their fitted values would stop falling and pass for settled.
const NO_VARIATION: f64 = 1e-13;

/// What Newton's method ended with.
pub(super) enum Outcome {
    Fitted(Box<Maximum>),
    Separated(Vec<usize>, Certificate),
}

/// A fitted model, or the best so far.
pub(super) struct Maximum {
    pub eta: Vec<f64>,
    pub mu: Vec<f64>,
    pub working: Vec<f64>,
    pub coefficients: Vec<f64>,
    /// Regressors with the effects absorbed.
    pub x: Vec<Vec<f64>>,
    pub factorised: Factorised,
    pub iterations: usize,
    pub absorbed: Absorbed,
    pub gradient_norm: f64,
    pub status: Status,
    /// Zeros whose fitted value kept falling without proof that they are separated.
    pub undecided: Vec<usize>,
}

/// Fitted values to start from.
pub(super) struct Start {
    pub eta: Vec<f64>,
    /// Whether they are of the form o + Xβ + Dα; otherwise the first step projects them.
    pub of_the_model: bool,
    /// Regressors with the effects absorbed under some weights; empty: from scratch.
    pub x: Vec<Vec<f64>>,
}

struct State<'a, M: Model> {
    sample: &'a Sample,
    model: &'a M,
    eta: Vec<f64>,
    mu: Vec<f64>,
    step: Vec<f64>,
    /// Regressors, then the working residual.
    columns: Vec<Vec<f64>>,
}

/// The loss to be minimised, and the sum of its terms' sizes, whose rounding it carries.
#[derive(Clone, Copy)]
struct Loss {
    value: f64,
    size: f64,
}

impl<M: Model> State<'_, M> {
    /// μ, W and r at η.
    fn evaluate(&mut self, w: &mut Vec<f64>) -> Loss {
        let (sample, model) = (self.sample, self.model);
        w.resize(sample.n(), 0.0);
        let Some(r) = self.columns.last_mut() else { return Loss { value: 0.0, size: 0.0 } };
        let parts = chunked(
            (&self.eta[..], &sample.y[..], &sample.w[..]),
            (&mut self.mu[..], &mut w[..], &mut r[..]),
            |(eta, y, omega), (mu, w, r)| {
                let (mut value, mut size) = (0.0, 0.0);
                for i in 0..eta.len() {
                    let at = model.at(y[i], eta[i]);
                    mu[i] = at.mu;
                    w[i] = omega[i] * at.weight;
                    r[i] = model.residual(y[i], at.mu);
                    value += omega[i] * at.loss;
                    size += omega[i] * at.loss_size;
                }
                [value, size]
            },
        );
        let [value, size] = parts;
        Loss { value, size }
    }

    /// Δη from the absorbed columns; returns its root mean square under w.
    fn prepare_step(&mut self, w: &[f64], change: &[f64], project: bool) -> f64 {
        let (sample, model) = (self.sample, self.model);
        let Some((r, x)) = self.columns.split_last() else { return 0.0 };
        let (eta, mu) = (&self.eta, &self.mu);
        let [squares, total] =
            super::least_squares::chunked_at(&mut self.step, |begin, step: &mut [f64]| {
                let end = begin + step.len();
                let (y, mu, r) = (&sample.y[begin..end], &mu[begin..end], &r[begin..end]);
                for i in 0..step.len() {
                    step[i] = model.residual(y[i], mu[i]) - r[i];
                }
                if project {
                    let (eta, o) = (&eta[begin..end], &sample.offset[begin..end]);
                    for i in 0..step.len() {
                        step[i] += eta[i] - o[i];
                    }
                }
                for (b, x) in change.iter().zip(x) {
                    for (s, x) in step.iter_mut().zip(&x[begin..end]) {
                        *s += b * x;
                    }
                }
                let (mut squares, mut total) = (0.0, 0.0);
                for (s, w) in step.iter().zip(&w[begin..end]) {
                    squares += w * s * s;
                    total += w;
                }
                [squares, total]
            });
        (squares / total).sqrt()
    }

    fn move_by(&mut self, share: f64) {
        let step = &self.step;
        let [_] = super::least_squares::chunked_at(&mut self.eta, |begin, eta: &mut [f64]| {
            for (e, s) in eta.iter_mut().zip(&step[begin..]) {
                *e += share * s;
            }
            [0.0]
        });
    }
}

/// Maximises the likelihood on the rows and columns of the sample.
pub(super) fn newton<M: Model>(
    sample: &Sample,
    options: &Options,
    model: &M,
    start: Start,
) -> Outcome {
    let n = sample.n();
    let k = sample.x.len();
    let final_tolerance = options.absorb_tolerance();
    let mut absorber = sample.absorber(options.max_absorb_iterations);
    let mut columns = if start.x.len() == k { start.x } else { sample.x.clone() };
    columns.push(vec![0.0; n]);
    let mut state =
        State { sample, model, eta: start.eta, mu: vec![0.0; n], step: vec![0.0; n], columns };
    let mut coefficients = vec![0.0; k];
    let mut absorbed = Absorbed::default();
    let mut loss = state.evaluate(absorber.weights());
    // The start need not be of the model's form; its loss then means nothing.
    let mut loss_counts = start.of_the_model;
    let (mut for_x, mut for_r) =
        (FIRST_TOLERANCE.max(final_tolerance), FIRST_TOLERANCE.max(final_tolerance));
    let mut gradient_norm = f64::INFINITY;
    let mut moved = f64::INFINITY;
    let mut status = Status::MaxIterations;
    let mut iterations = 0;
    let mut next_search = 6;
    let mut undecided = Vec::new();

    while iterations < options.max_iterations {
        iterations += 1;
        let project = iterations == 1 && !start.of_the_model;
        if project && let Some(r) = state.columns.last_mut() {
            for i in 0..n {
                r[i] += state.eta[i] - sample.offset[i];
            }
        }
        let refactor = moved > STALE;
        absorber.reweigh(refactor);
        if refactor {
            moved = 0.0;
        }
        let mut tolerances = vec![for_x; k];
        tolerances.push(for_r);
        let exact = for_x <= final_tolerance && for_r <= final_tolerance;
        let outcome = absorber.demean_each(&mut state.columns, &tolerances);
        absorbed.iterations += outcome.iterations;
        absorbed.passes += outcome.passes;
        (absorbed.residual, absorbed.converged) = (outcome.residual, outcome.converged);
        let change = coefficients_of_step(sample, &absorber, &state.columns);
        let norm = state.prepare_step(absorber.w(), &change, project);
        if project {
            state.eta.copy_from_slice(&sample.offset);
        }
        let Some((share, next)) = shorten(&mut state, &mut absorber, loss_counts.then_some(loss))
        else {
            status = Status::NoProgress;
            break;
        };
        (loss, loss_counts) = (next, true);
        coefficients.iter_mut().zip(&change).for_each(|(b, c)| *b += share * c);
        moved += share * norm;
        if project {
            moved = f64::INFINITY;
            continue;
        }
        // Quadratic convergence squares the ratio of successive steps.
        let ratio = (norm / gradient_norm).min(1.0);
        let expected = norm * if gradient_norm.is_finite() { ratio * ratio } else { 0.1 };
        gradient_norm = norm;
        let converged = gradient_norm <= options.tolerance && exact;
        if options.separation && (converged || iterations >= next_search) {
            undecided = falling_zeros(sample, &state.eta, &state.step);
            // Rows that are separated soon are all that still moves.
            let w = absorber.w();
            if !undecided.is_empty()
                && (converged || settled_without(w, &state.step, &undecided) <= 0.01 * norm)
            {
                match separation::search(sample, &undecided, options) {
                    separation::Found::Proven(rows, proof) => {
                        return Outcome::Separated(rows, proof);
                    }
                    separation::Found::None => undecided.clear(),
                    separation::Found::Unknown => {}
                }
                next_search = iterations + 10;
            }
        }
        if converged {
            status = Status::Converged;
            break;
        }
        let last = 10.0 * expected <= options.tolerance;
        let tolerance = |wanted: f64, before: f64| {
            if last { final_tolerance } else { wanted.clamp(final_tolerance, before) }
        };
        for_r = tolerance(RESIDUAL_SHARE * expected, for_r);
        for_x = tolerance(REGRESSOR_SHARE * norm, for_x);
    }
    if !options.separation {
        undecided = falling_zeros(sample, &state.eta, &state.step);
    }
    state.columns.pop();
    if status != Status::Converged {
        // The columns belong to looser or older weights: once more, exactly.
        absorber.reweigh(true);
        let last = absorber.demean_all(&mut state.columns, final_tolerance);
        absorbed.iterations += last.iterations;
        absorbed.passes += last.passes;
        (absorbed.residual, absorbed.converged) = (last.residual, last.converged);
    }
    if status == Status::Converged && !absorbed.converged {
        status = Status::NoProgress;
    }
    if status == Status::Converged && !options.separation && !undecided.is_empty() {
        status = Status::NotIdentified;
    }
    let working = std::mem::take(absorber.weights());
    let floor = floors(sample, &working, options.collinearity_tolerance);
    let factorised = Factorised::new(&working, &state.columns, &floor);
    Outcome::Fitted(Box::new(Maximum {
        eta: state.eta,
        mu: state.mu,
        working,
        coefficients,
        x: state.columns,
        factorised,
        iterations,
        absorbed,
        gradient_norm,
        status,
        undecided,
    }))
}

/// b, from the normal equations where they keep enough digits for a step, else by
/// orthogonalisation.
fn coefficients_of_step(sample: &Sample, absorber: &Absorber, columns: &[Vec<f64>]) -> Vec<f64> {
    let Some((r, x)) = columns.split_last() else { return Vec::new() };
    let w = absorber.w();
    if let Some(b) = solve_gram(&gram(w, columns), x.len()) {
        return b;
    }
    Factorised::new(w, x, &floors(sample, w, NO_VARIATION)).solve(w, x, r)
}

/// Moves by the largest share of the step, halving from one, that does not raise the loss, and
/// evaluates there.
fn shorten<M: Model>(
    state: &mut State<M>,
    absorber: &mut Absorber,
    before: Option<Loss>,
) -> Option<(f64, Loss)> {
    let mut share = 1.0;
    state.move_by(share);
    for _ in 0..40 {
        let after = state.evaluate(absorber.weights());
        let accepted = after.value.is_finite()
            && before.is_none_or(|b| {
                // Near the optimum the loss only moves by rounding, which must not halve the step.
                after.value <= b.value + 1e-13 * b.size
            });
        if accepted {
            return Some((share, after));
        }
        state.move_by(-0.5 * share);
        share *= 0.5;
    }
    state.move_by(-share);
    state.evaluate(absorber.weights());
    None
}

/// Zeros far below the mean whose log fitted value still falls at a constant rate.
fn falling_zeros(sample: &Sample, eta: &[f64], step: &[f64]) -> Vec<usize> {
    let total: f64 = sample.w.iter().sum();
    let mean = dot(&sample.w, &sample.y, &vec![1.0; sample.n()]) / total;
    let low = mean.ln() - 3.0;
    (0..sample.n()).filter(|i| sample.y[*i] == 0.0 && step[*i] < -0.1 && eta[*i] < low).collect()
}

/// The root mean square of the step over the rows not in `falling`.
fn settled_without(w: &[f64], step: &[f64], falling: &[usize]) -> f64 {
    let mut w = w.to_vec();
    falling.iter().for_each(|i| w[*i] = 0.0);
    (dot(&w, step, step) / w.iter().sum::<f64>()).sqrt()
}
