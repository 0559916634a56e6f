//! Newton's method on log wages, damped, with the shock applied in steps when it must be.
//!
//! The slopes are kept from step to step as long as each brings the largest gap down tenfold: near
//! the baseline they hardly change, and they cost more than an evaluation of the world.

use super::clearing::{Market, State, Target};
use super::slopes::Slopes;
use crate::outcome::Status;

/// No log wage moves by more in one step, as in one sector.
const LARGEST_STEP: f64 = 2.0;
const HALVINGS: usize = 40;
/// Smallest share of the shock added at a time before the path is given up.
const SMALLEST_SHARE: f64 = 1.0 / 64.0;
/// Kept slopes must bring the largest gap down at least so much.
const KEPT: f64 = 0.1;
/// Nothing is left to gain below this residual.
const ROUNDING: f64 = 1e-15;

pub(super) struct Solution {
    pub state: State,
    pub status: Status,
    pub iterations: usize,
    /// Residual before the first step.
    pub first_residual: f64,
    /// Share of the shock that was reached, 1 when all of it.
    pub reached: f64,
}

/// Solves from the baseline; `None` when not even the closed markets alone (the part of the shock
/// that cannot be scaled) leave a state to start from.
pub(super) fn solve(market: &Market, tolerance: f64, max_iterations: usize) -> Option<Solution> {
    let mut last: Option<Solution> = None;
    let (mut reached, mut share) = (0.0, 1.0);
    let mut iterations = 0;
    let mut first_residual = None;
    while reached < 1.0 {
        let to = f64::min(1.0, reached + share);
        let target = market.target(to);
        let near = last.as_ref().map(|s| &s.state);
        let attempt = newton(market, &target, near, tolerance, max_iterations);
        if let Some(attempt) = &attempt {
            iterations += attempt.iterations;
            first_residual.get_or_insert(attempt.first_residual);
        }
        match attempt {
            Some(attempt) if attempt.status == Status::Converged => {
                (reached, last) = (to, Some(attempt));
                share *= 2.0;
            }
            other => {
                share /= 2.0;
                if share < SMALLEST_SHARE {
                    let first_residual = first_residual.unwrap_or(f64::NAN);
                    return other.map(|o| Solution { iterations, reached, first_residual, ..o });
                }
            }
        }
    }
    let first_residual = first_residual.unwrap_or(f64::NAN);
    last.map(|s| Solution { iterations, reached, first_residual, ..s })
}

fn newton(
    market: &Market,
    target: &Target,
    near: Option<&State>,
    tolerance: f64,
    max_iterations: usize,
) -> Option<Solution> {
    let x = near.map_or_else(|| vec![0.0; market.world.n], |s| s.x.clone());
    let mut state = market.evaluate(target, x, near)?;
    let first_residual = state.residual();
    let mut slopes: Option<Slopes> = None;
    let mut iteration = 0;
    let end = |state: State, status, iterations| {
        Some(Solution { state, status, iterations, first_residual, reached: 1.0 })
    };
    loop {
        let residual = state.residual();
        let converged = residual <= tolerance;
        if residual <= ROUNDING {
            return end(state, Status::Converged, iteration);
        }
        if iteration == max_iterations {
            let status = if converged { Status::Converged } else { Status::MaxIterations };
            return end(state, status, iteration);
        }
        let fresh = slopes.is_none();
        let kept = slopes.get_or_insert_with(|| Slopes::new(market, target, &state));
        let halvings = if fresh { HALVINGS } else { 0 };
        let trial = kept
            .direction(&state)
            .and_then(|direction| step(market, target, &state, &direction, halvings));
        match trial {
            Some(better) => {
                iteration += 1;
                if better.merit() > KEPT * state.merit() {
                    slopes = None;
                }
                state = better;
                // The step after the rule is met brings the solution to rounding.
                if converged {
                    return end(state, Status::Converged, iteration);
                }
            }
            None if converged => return end(state, Status::Converged, iteration),
            None if fresh => return end(state, Status::NoProgress, iteration),
            None => slopes = None,
        }
    }
}

/// One damped step; `None` when no length of it brings the largest gap down.
fn step(
    market: &Market,
    target: &Target,
    state: &State,
    direction: &[f64],
    halvings: usize,
) -> Option<State> {
    let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    let merit = state.merit();
    let mut length = f64::min(1.0, LARGEST_STEP / longest.max(f64::MIN_POSITIVE));
    for _ in 0..=halvings {
        let x = state.x.iter().zip(direction).map(|(x, d)| x + length * d).collect();
        if let Some(trial) = market.evaluate(target, x, Some(state))
            && trial.merit() < merit
        {
            return Some(trial);
        }
        length /= 2.0;
    }
    None
}
