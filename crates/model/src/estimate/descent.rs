//! Descent on a loss with absorbed effects and a penalty on the absolute values of coefficients.
//!
//! ```text
//! min  Σ ω ℓ(y, η) + Σ_j p_j |β_j|,   η = o + Xβ + Dα
//! step:  r = (y - μ)/μ',  W = ω μ'²/V(μ);  b minimises  ½ ‖r̃ - X̃ (b - β)‖²_W + Σ_j p_j |b_j|
//! Δη = r - r̃ + X̃ (b - β),   halved until loss and penalty together do not rise
//! quadratic:  b_j ← S(q_j + G_jj b_j, p_j) / G_jj,   G = X̃'WX̃,  q = X̃'W r̃ - G (b - β)
//! ```
//!
//! S is the soft threshold. When signs have settled, the linear system that they leave is solved at
//! once and kept if every condition holds: the minimum is then exact, as with p = 0 the step is that
//! of Newton's method.
//!
//! # Cost
//!
//! Per step k + 1 columns absorbed and their cross products, (k + 1)² n / 2; sweeps cost k² each.
//!
//! Source: Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33, for
//! coordinate descent on the normal equations; Lee, Sun and Saunders (2014), SIAM Journal on
//! Optimization 24, for Newton steps with such a penalty.

use super::family::{Model, Point};
use super::least_squares::{chunked, chunked_at, dot, gram, solve_gram};
use super::options::Options;
use super::sample::Sample;
use crate::outcome::Status;

/// Tolerance of absorbing at the start.
const FIRST_TOLERANCE: f64 = 1e-3;
/// Weighted change of log fitted values after which the preconditioner is brought up to date.
const STALE: f64 = 0.2;
/// Sweeps of coordinate descent allowed for one quadratic.
const SWEEPS: usize = 100_000;
/// A coordinate has settled when it moves by less than this share of the spread of the outcome.
const SETTLED: f64 = 1e-15;
/// Conditions of the linear system may miss by this share of the largest score: rounding.
const SIGN_ROUNDING: f64 = 1e-12;

/// Least squares: variance one.
pub(super) struct Gaussian;

impl Model for Gaussian {
    #[inline]
    fn at(&self, y: f64, eta: f64) -> Point {
        let e = y - eta;
        Point { mu: eta, weight: 1.0, loss: 0.5 * e * e, loss_size: 0.5 * e * e }
    }

    #[inline]
    fn residual(&self, y: f64, mu: f64) -> f64 {
        y - mu
    }
}

/// What the penalty of each coefficient is.
#[derive(Debug, Clone)]
pub(super) enum Weights {
    /// These numbers; zero for what is not penalised.
    Fixed(Vec<f64>),
    /// `price` times the standard deviation of the absorbed regressor under the fitted weights of
    /// the moment, where the flag is set.
    Standardised { price: f64, penalised: Vec<bool> },
}

/// Where the descent stands, or ended.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    pub eta: Vec<f64>,
    pub coefficients: Vec<f64>,
    /// Regressors with the effects absorbed; under some earlier weights at the start.
    pub x: Vec<Vec<f64>>,
}

/// A penalised fit.
#[derive(Debug, Clone)]
pub(super) struct Descent {
    pub at: Stand,
    pub mu: Vec<f64>,
    /// X̃'ω(y - μ).
    pub scores: Vec<f64>,
    /// p at the end.
    pub penalties: Vec<f64>,
    /// Standard deviation of each absorbed regressor under the fitted weights.
    pub spread: Vec<f64>,
    pub iterations: usize,
    /// Root mean square of the last step, in units of η.
    pub gradient_norm: f64,
    pub status: Status,
}

struct State<'a, M: Model> {
    sample: &'a Sample,
    model: &'a M,
    eta: Vec<f64>,
    mu: Vec<f64>,
    /// Regressors, then the working residual.
    columns: Vec<Vec<f64>>,
}

impl<M: Model> State<'_, M> {
    /// μ, W and r at η; the loss and the size of its terms.
    fn evaluate(&mut self, w: &mut Vec<f64>) -> [f64; 2] {
        let (sample, model) = (self.sample, self.model);
        w.resize(sample.n(), 0.0);
        let Some(r) = self.columns.last_mut() else { return [0.0; 2] };
        chunked(
            (&self.eta[..], &sample.y[..], &sample.w[..]),
            (&mut self.mu[..], &mut w[..], &mut r[..]),
            |(eta, y, omega), (mu, w, r)| {
                let mut sums = [0.0; 2];
                for i in 0..eta.len() {
                    let at = model.at(y[i], eta[i]);
                    mu[i] = at.mu;
                    w[i] = omega[i] * at.weight;
                    r[i] = model.residual(y[i], at.mu);
                    sums[0] += omega[i] * at.loss;
                    sums[1] += omega[i] * at.loss_size;
                }
                sums
            },
        )
    }

    /// Δη; returns it and its root mean square under w.
    fn step(&self, w: &[f64], change: &[f64]) -> (Vec<f64>, f64) {
        let (sample, model) = (self.sample, self.model);
        let mut step = vec![0.0; sample.n()];
        let Some((r, x)) = self.columns.split_last() else { return (step, 0.0) };
        let [squares, total] = chunked_at(&mut step, |begin, step: &mut [f64]| {
            let end = begin + step.len();
            for (i, s) in step.iter_mut().enumerate() {
                let i = begin + i;
                *s = model.residual(sample.y[i], self.mu[i]) - r[i];
            }
            for (b, x) in change.iter().zip(x) {
                step.iter_mut().zip(&x[begin..end]).for_each(|(s, x)| *s += b * x);
            }
            let mut sums = [0.0; 2];
            for (s, w) in step.iter().zip(&w[begin..end]) {
                sums[0] += w * s * s;
                sums[1] += w;
            }
            sums
        });
        (step, (squares / total).sqrt())
    }
}

/// Minimises loss plus penalty from a start that is of the form o + Xβ + Dα; steps are measured in
/// `unit` of η.
pub(super) fn descend<M: Model>(
    sample: &Sample,
    options: &Options,
    (model, unit): (&M, f64),
    weights: &Weights,
    start: Stand,
) -> Descent {
    let n = sample.n();
    let k = sample.x.len();
    let last_tolerance = options.absorb_tolerance();
    let mut absorber = sample.absorber(options.max_absorb_iterations);
    let mut columns = start.x;
    columns.push(vec![0.0; n]);
    let mut state = State { sample, model, eta: start.eta, mu: vec![0.0; n], columns };
    let mut beta = start.coefficients;
    let mut loss = state.evaluate(absorber.weights());
    let mut absorbed = false;
    let first = FIRST_TOLERANCE.max(last_tolerance);
    let (mut for_x, mut for_r) = (first, first);
    let (mut moved, mut gradient_norm) = (f64::INFINITY, f64::INFINITY);
    let mut status = Status::MaxIterations;
    let mut iterations = 0;
    let (mut penalties, mut spread) = (vec![0.0; k], vec![0.0; k]);
    while iterations < options.max_iterations {
        iterations += 1;
        let refactor = moved > STALE;
        absorber.reweigh(refactor);
        if refactor {
            moved = 0.0;
        }
        let exact = for_x <= last_tolerance && for_r <= last_tolerance;
        let mut tolerances = vec![for_x; k];
        tolerances.push(for_r);
        let outcome = absorber.demean_each(&mut state.columns, &tolerances);
        absorbed = outcome.converged;
        let cross = Cross::new(gram(absorber.w(), &state.columns), k);
        let total: f64 = absorber.w().iter().sum();
        spread = (0..k).map(|j| (cross.g(j, j) / total).sqrt()).collect();
        penalties = prices(weights, &spread);
        let target = quadratic(&cross, &beta, &penalties);
        let change: Vec<f64> = target.iter().zip(&beta).map(|(b, a)| b - a).collect();
        let (step, norm) = state.step(absorber.w(), &change);
        let norm = norm / unit;
        let price = |share: f64| -> f64 {
            let at = beta.iter().zip(&change).zip(&penalties);
            at.map(|((b, c), p)| p * (b + share * c).abs()).sum()
        };
        let before = [loss[0] + price(0.0), loss[1] + price(0.0)];
        let mut share = 1.0;
        let mut taken = 0.0;
        let mut accepted = false;
        for _ in 0..40 {
            let move_by: f64 = share - taken;
            let [_] = chunked_at(&mut state.eta, |begin, eta: &mut [f64]| {
                eta.iter_mut().zip(&step[begin..]).for_each(|(e, s)| *e += move_by * s);
                [0.0]
            });
            taken = share;
            loss = state.evaluate(absorber.weights());
            let after = loss[0] + price(share);
            // Near the optimum the loss only moves by rounding, which must not halve the step.
            if after.is_finite() && after <= before[0] + 1e-13 * before[1] {
                accepted = true;
                break;
            }
            share *= 0.5;
        }
        if !accepted {
            status = Status::NoProgress;
            break;
        }
        for (b, (c, t)) in beta.iter_mut().zip(change.iter().zip(&target)) {
            // A whole step ends on the target to the last bit, so that zeros are zeros.
            *b = if share == 1.0 { *t } else { *b + share * c };
        }
        moved += share * norm;
        let ratio = (norm / gradient_norm).min(1.0);
        let expected = norm * if gradient_norm.is_finite() { ratio * ratio } else { 0.1 };
        gradient_norm = norm;
        if norm <= options.tolerance && exact {
            status = Status::Converged;
            break;
        }
        let last = 10.0 * expected <= options.tolerance;
        let tighter = |wanted: f64, before: f64| {
            if last { last_tolerance } else { wanted.clamp(last_tolerance, before) }
        };
        for_r = tighter(0.05 * expected, for_r);
        for_x = tighter(0.1 * norm, for_x);
    }
    if status == Status::Converged && !absorbed {
        status = Status::NoProgress;
    }
    state.columns.pop();
    let u: Vec<f64> = (0..n).map(|i| sample.w[i] * (sample.y[i] - state.mu[i])).collect();
    let ones = vec![1.0; n];
    let scores = state.columns.iter().map(|x| dot(&ones, x, &u)).collect();
    Descent {
        at: Stand { eta: state.eta, coefficients: beta, x: state.columns },
        mu: state.mu,
        scores,
        penalties,
        spread,
        iterations,
        gradient_norm,
        status,
    }
}

fn prices(weights: &Weights, spread: &[f64]) -> Vec<f64> {
    match weights {
        Weights::Fixed(p) => p.clone(),
        Weights::Standardised { price, penalised } => {
            spread.iter().zip(penalised).map(|(s, p)| if *p { price * s } else { 0.0 }).collect()
        }
    }
}

/// Cross products of the regressors and of the working residual with them.
struct Cross {
    lower: Vec<f64>,
    k: usize,
}

impl Cross {
    fn new(lower: Vec<f64>, k: usize) -> Self {
        Self { lower, k }
    }

    fn g(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.max(j), i.min(j));
        self.lower[i * (i + 1) / 2 + j]
    }

    fn c(&self, j: usize) -> f64 {
        self.g(self.k, j)
    }
}

/// The minimum of ½ (b - β)'G(b - β) - c'(b - β) + Σ p |b|, from β.
fn quadratic(cross: &Cross, beta: &[f64], p: &[f64]) -> Vec<f64> {
    let k = cross.k;
    let mut b = beta.to_vec();
    let mut q: Vec<f64> = (0..k).map(|j| cross.c(j)).collect();
    let scale = cross.g(k, k).max(f64::MIN_POSITIVE).sqrt();
    let mut signs: Vec<i8> = Vec::new();
    for _ in 0..SWEEPS {
        let mut largest = 0.0f64;
        for j in 0..k {
            let own = cross.g(j, j);
            if own <= f64::MIN_POSITIVE {
                continue;
            }
            let new = soft(q[j] + own * b[j], p[j]) / own;
            let change = new - b[j];
            if change == 0.0 {
                continue;
            }
            b[j] = new;
            (0..k).for_each(|i| q[i] -= cross.g(i, j) * change);
            largest = largest.max(change.abs() * own.sqrt());
        }
        if largest <= SETTLED * scale {
            break;
        }
        let now: Vec<i8> = b.iter().zip(p).map(|(b, p)| sign(*b, *p)).collect();
        if now == signs
            && let Some(exact) = at_signs(cross, beta, p, &now)
        {
            return exact;
        }
        signs = now;
    }
    b
}

/// The soft threshold.
pub(super) fn soft(z: f64, p: f64) -> f64 {
    if z > p {
        z - p
    } else if z < -p {
        z + p
    } else {
        0.0
    }
}

/// The sign of a coefficient; 2 for one that is not penalised.
fn sign(b: f64, p: f64) -> i8 {
    if p == 0.0 {
        2
    } else if b > 0.0 {
        1
    } else if b < 0.0 {
        -1
    } else {
        0
    }
}

/// The minimum if the signs are these; `None` where they are not, or the system is too weak.
fn at_signs(cross: &Cross, beta: &[f64], p: &[f64], signs: &[i8]) -> Option<Vec<f64>> {
    let k = cross.k;
    let active: Vec<usize> =
        (0..k).filter(|j| signs[*j] != 0 && cross.g(*j, *j) > f64::MIN_POSITIVE).collect();
    let pull = |j: usize| if signs[j] == 2 { 0.0 } else { f64::from(signs[j]) * p[j] };
    // The right-hand side c_A + G_A· β - p s, where β has coordinates outside of A too.
    let right =
        |j: usize| cross.c(j) + (0..k).map(|i| cross.g(j, i) * beta[i]).sum::<f64>() - pull(j);
    let mut system = Vec::new();
    for i in &active {
        system.extend(active.iter().take_while(|j| *j <= i).map(|j| cross.g(*i, *j)));
    }
    system.extend(active.iter().map(|j| right(*j)));
    system.push(0.0);
    let solved = if active.is_empty() { Vec::new() } else { solve_gram(&system, active.len())? };
    let mut b = vec![0.0; k];
    active.iter().zip(solved).for_each(|(j, v)| b[*j] = v);
    let size = (0..k).map(|j| cross.c(j).abs() + p[j]).fold(0.0, f64::max);
    let holds = (0..k).all(|j| match signs[j] {
        2 => true,
        0 => {
            let own: f64 = (0..k).map(|i| cross.g(j, i) * (b[i] - beta[i])).sum();
            (cross.c(j) - own).abs() <= p[j] + SIGN_ROUNDING * size
        }
        s => b[j] * f64::from(s) > 0.0,
    });
    holds.then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// G, then c, as the lower triangle with a last diagonal.
    fn cross(g: &[&[f64]], c: &[f64]) -> Cross {
        let mut lower: Vec<f64> = Vec::new();
        g.iter().enumerate().for_each(|(i, row)| lower.extend(&row[..=i]));
        lower.extend(c);
        lower.push(1.0);
        Cross::new(lower, c.len())
    }

    #[test]
    fn orthonormal_columns_are_soft_thresholds() {
        let of = cross(&[&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0], &[0.0, 0.0, 1.0]], &[3.0, -1.5, 0.5]);
        assert_eq!(quadratic(&of, &[0.0; 3], &[1.0; 3]), [2.0, -0.5, 0.0]);
        assert_eq!(quadratic(&of, &[0.0; 3], &[0.0, 2.0, 0.25]), [3.0, 0.0, 0.25]);
    }

    #[test]
    fn two_correlated_columns_by_hand() {
        // G = [[1, ½], [½, 1]], c = (2, 1.2), p = 1: with b2 = 0, b1 = 1 and q2 = 1.2 - ½ <= 1.
        let of = cross(&[&[1.0, 0.5], &[0.5, 1.0]], &[2.0, 1.2]);
        assert_eq!(quadratic(&of, &[0.0; 2], &[1.0; 2]), [1.0, 0.0]);
        // p = ¼: both in, G b = c - p: b = (1.75 - ½·0.95, 0.95 - ½·1.75) / (3/4).
        let b = quadratic(&of, &[0.0; 2], &[0.25; 2]);
        assert!(
            (b[0] - 1.275 / 0.75).abs() < 1e-15 && (b[1] - 0.075 / 0.75).abs() < 1e-15,
            "{b:?}"
        );
        // The start does not matter: the quadratic moves with it.
        let moved = cross(&[&[1.0, 0.5], &[0.5, 1.0]], &[2.0 - 3.0, 1.2 - 1.5]);
        let from = quadratic(&moved, &[3.0, 0.0], &[0.25; 2]);
        assert!(b.iter().zip(&from).all(|(a, b)| (a - b).abs() < 1e-14), "{from:?}");
    }
}
