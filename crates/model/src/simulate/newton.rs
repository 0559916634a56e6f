//! Newton's method on log wages, damped, with the shock applied in steps when it must be.

use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::prelude::*;

use super::clearing::{Market, State};
use crate::outcome::Status;

/// No log wage moves by more in one step: exp(2) is a sevenfold wage, and beyond it the linear
/// picture of the market is worth nothing.
const LARGEST_STEP: f64 = 2.0;
/// Halvings before the line search gives up.
const HALVINGS: usize = 40;
/// Smallest share of the shock added at a time before the path is given up.
const SMALLEST_SHARE: f64 = 1.0 / 64.0;

pub(crate) struct Solution {
    pub state: State,
    pub status: Status,
    pub iterations: usize,
    /// Share of the shock that was reached, 1 when all of it.
    pub reached: f64,
}

/// Solves from the baseline; `None` when not even the closed markets alone (the part of the shock
/// that cannot be scaled) leave a state to start from.
///
/// The whole shock is tried at once. When that fails, half of it is, and the solution found is the
/// start for the rest.
pub(crate) fn solve(market: &Market, tolerance: f64, max_iterations: usize) -> Option<Solution> {
    let mut state = None;
    let mut x = vec![0.0; market.n];
    let (mut reached, mut share) = (0.0, 1.0);
    let mut iterations = 0;
    while reached < 1.0 {
        let target = f64::min(1.0, reached + share);
        let attempt = newton(market, x.clone(), target, tolerance, max_iterations)?;
        iterations += attempt.iterations;
        if attempt.status == Status::Converged {
            (reached, x) = (target, attempt.state.x.clone());
            state = Some(attempt);
            share *= 2.0;
        } else {
            share /= 2.0;
            if share < SMALLEST_SHARE {
                return Some(Solution { iterations, reached, ..attempt });
            }
        }
    }
    state.map(|s| Solution { iterations, reached, ..s })
}

fn newton(
    market: &Market,
    x: Vec<f64>,
    t: f64,
    tolerance: f64,
    max_iterations: usize,
) -> Option<Solution> {
    let mut state = market.evaluate(x, t)?;
    let end = |state, status, iterations| Some(Solution { state, status, iterations, reached: t });
    for iteration in 0..max_iterations {
        let converged = state.residual() <= tolerance;
        match step(market, &state, t) {
            // Convergence is quadratic: the step after the stopping rule is met brings the
            // solution to rounding.
            Some(better) if converged => return end(better, Status::Converged, iteration + 1),
            None if converged => return end(state, Status::Converged, iteration),
            None => return end(state, Status::NoProgress, iteration),
            Some(better) => state = better,
        }
    }
    let status =
        if state.residual() <= tolerance { Status::Converged } else { Status::MaxIterations };
    end(state, status, max_iterations)
}

/// One damped step; `None` when no length of it brings the largest gap down.
fn step(market: &Market, state: &State, t: f64) -> Option<State> {
    let (rhs, jacobian) = market.linearise(state);
    let rhs = Col::from_fn(market.n, |i| -rhs[i]);
    let direction = PartialPivLu::new(jacobian.as_ref()).solve(&rhs);
    let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    if !longest.is_finite() {
        return None;
    }
    let merit = state.merit();
    let mut length = f64::min(1.0, LARGEST_STEP / longest.max(f64::MIN_POSITIVE));
    for _ in 0..HALVINGS {
        let x = (0..market.n).map(|i| state.x[i] + length * direction[i]).collect();
        if let Some(trial) = market.evaluate(x, t)
            && trial.merit() < merit
        {
            return Some(trial);
        }
        length /= 2.0;
    }
    None
}
