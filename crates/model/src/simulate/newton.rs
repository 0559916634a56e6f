//! Newton's method on log wages, damped, with the shock applied in steps when it must be.

use serde::Serialize;

use super::clearing::{Market, State};
use super::jacobian::Factors;
use super::kernel::Kernel;
use super::krylov::gmres;
use crate::outcome::Status;

/// No log wage moves by more in one step: exp(2) is a sevenfold wage, and beyond it the linear
/// picture of the market is worth nothing.
const LARGEST_STEP: f64 = 2.0;
/// No theta × log wage moves by more: exp(200) is as far as the weights of one matrix reach.
const LARGEST_WEIGHT: f64 = 200.0;
/// Halvings before the line search gives up.
const HALVINGS: usize = 40;
/// Smallest share of the shock added at a time before the path is given up.
const SMALLEST_SHARE: f64 = 1.0 / 64.0;
/// beta of a market that is closed step by step. At -64 nothing of a flow is left in double precision.
const BARRIERS: [f64; 8] = [-1.0, -2.0, -4.0, -8.0, -16.0, -32.0, -64.0, f64::NEG_INFINITY];
/// From this many places on the Jacobian is not formed. At 44 both ways take 0.4 ms, at 200 factors
/// 11 ms and products 3 ms, at 500 79 ms and 18 ms; below, factors are the sturdier way near autarky.
pub(crate) const KRYLOV_FROM: usize = 100;
/// Up to this many places the factors of one Jacobian are worth keeping for many nearby worlds.
pub(crate) const NEARBY_TO: usize = 1200;
/// Linear systems are solved to the size of the gap, so that steps shrink it quadratically, within
/// these bounds.
const INNER: (f64, f64) = (1e-6, 1e-3);
/// A direction whose linear residual stays above this is not worth a line search.
const USELESS: f64 = 0.5;
/// The largest system for which the Jacobian is formed after all when products fail: three matrices
/// of 128 MB.
const FACTORISED_TO: usize = 4000;

/// How the linear system of each Newton step is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Factorised below 100 places, Krylov from there on.
    #[default]
    Automatic,
    /// The Jacobian is formed and factorised: O(N³) time, three more N × N matrices.
    Factorised,
    /// Generalised minimal residuals from products with the matrix of trade: O(N²) each, no further
    /// matrix.
    Krylov,
}

pub(crate) struct Solution {
    pub state: State,
    /// The matrix that `state` refers to.
    pub kernel: Kernel,
    pub status: Status,
    pub iterations: usize,
    /// Products with the Jacobian, all steps together.
    pub products: usize,
    pub method: Method,
    /// Share of the shock that was reached, 1 when all of it.
    pub reached: f64,
}

/// When to stop and how to go on.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub tolerance: f64,
    pub max_iterations: usize,
    pub method: Method,
    /// Factors of the Jacobian of a nearby world, as preconditioner.
    pub nearby: Option<&'a Factors>,
}

/// Solves from the baseline; `None` when not even the closed markets alone (the part of the shock
/// that cannot be scaled) leave a state to start from.
///
/// The whole shock is tried at once. When that fails, closed markets are closed little by little; when
/// that fails too, half of the finite shock is applied, and the solution found is the start for the
/// rest.
pub(crate) fn solve(market: &Market, rules: Rules) -> Option<Solution> {
    let mut found: Option<Solution> = None;
    let mut x = vec![0.0; market.n];
    let (mut reached, mut share) = (0.0, 1.0);
    let (mut iterations, mut products) = (0, 0);
    while reached < 1.0 {
        let target = f64::min(1.0, reached + share);
        let attempt = newton(market, market.kernel(&x, target), x.clone(), rules)?;
        iterations += attempt.iterations;
        products += attempt.products;
        if attempt.status == Status::Converged {
            (reached, x) = (target, attempt.state.x.clone());
            found = Some(attempt);
            share *= 2.0;
        } else {
            if reached == 0.0 && share == 1.0 {
                let by_steps = close_by_steps(market, rules);
                iterations += by_steps.as_ref().map_or(0, |s| s.iterations);
                products += by_steps.as_ref().map_or(0, |s| s.products);
                if let Some(solution) = by_steps.filter(|s| s.status == Status::Converged) {
                    return Some(Solution { iterations, products, ..solution });
                }
            }
            share /= 2.0;
            if share < SMALLEST_SHARE {
                return Some(Solution { iterations, products, reached, ..attempt });
            }
        }
    }
    found.map(|s| Solution { iterations, products, reached, ..s })
}

/// The whole shock, with markets closed by ever higher barriers; the last attempt when one fails,
/// `None` when nothing is closed or the world falls apart (each bloc then has its own numeraire, and
/// no barrier but the last leaves it alone).
fn close_by_steps(market: &Market, rules: Rules) -> Option<Solution> {
    let closed =
        |c: usize| market.beta[c] == f64::NEG_INFINITY && market.ln_flow[c] > f64::NEG_INFINITY;
    if market.blocs > 1 || !(0..market.beta.len()).any(closed) {
        return None;
    }
    let mut x = vec![0.0; market.n];
    let (mut iterations, mut products) = (0, 0);
    let mut last = None;
    for barrier in BARRIERS {
        let kernel = market.closing(&x, 1.0, barrier);
        let attempt = newton(market, kernel, x, rules)?;
        iterations += attempt.iterations;
        products += attempt.products;
        x = attempt.state.x.clone();
        let failed = attempt.status != Status::Converged;
        last = Some(Solution { iterations, products, ..attempt });
        if failed {
            break;
        }
    }
    last
}

/// Newton's method from `x`, with the shock of `kernel`.
pub(crate) fn newton(
    market: &Market,
    mut kernel: Kernel,
    x: Vec<f64>,
    rules: Rules,
) -> Option<Solution> {
    let mut state = market.evaluate(&kernel, x)?;
    let method = match rules.method {
        Method::Automatic if market.n < KRYLOV_FROM && rules.nearby.is_none() => Method::Factorised,
        Method::Automatic => Method::Krylov,
        chosen => chosen,
    };
    let (mut iterations, mut products) = (0, 0);
    let status = loop {
        let converged = state.residual() <= rules.tolerance;
        if iterations == rules.max_iterations {
            break if converged { Status::Converged } else { Status::MaxIterations };
        }
        let better = step(market, &kernel, &state, method, rules.nearby, &mut products);
        iterations += usize::from(better.is_some());
        match better {
            Some(better) => {
                state = better;
                if kernel.is_far(market.theta, &state.x) {
                    kernel = market.closing(&state.x, kernel.share, kernel.closed);
                    state = market.evaluate(&kernel, state.x)?;
                }
                // Convergence is quadratic: the step after the stopping rule is met brings the
                // solution to rounding.
                if converged {
                    break Status::Converged;
                }
            }
            None if converged => break Status::Converged,
            None => break Status::NoProgress,
        }
    };
    let reached = kernel.share;
    Some(Solution { state, kernel, status, iterations, products, method, reached })
}

/// One damped step; `None` when no length of it brings the largest gap down.
fn step(
    market: &Market,
    kernel: &Kernel,
    state: &State,
    method: Method,
    nearby: Option<&Factors>,
    products: &mut usize,
) -> Option<State> {
    let rhs: Vec<f64> = market.system(state).iter().map(|g| -g).collect();
    let direction = match method {
        Method::Krylov => {
            let found = by_products(market, kernel, state, nearby, &rhs);
            *products += found.1;
            found.0
        }
        _ => None,
    };
    let direction = match direction {
        Some(direction) => direction,
        None if market.n <= FACTORISED_TO || method == Method::Factorised => {
            Factors::new(market, kernel, state).solve(&rhs)
        }
        None => return None,
    };
    let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    if !direction.iter().all(|d| d.is_finite()) {
        return None;
    }
    let merit = state.merit();
    let bound = f64::min(LARGEST_STEP, LARGEST_WEIGHT / market.theta);
    let mut length = f64::min(1.0, bound / longest.max(f64::MIN_POSITIVE));
    for _ in 0..HALVINGS {
        let x = (0..market.n).map(|i| state.x[i] + length * direction[i]).collect();
        if let Some(trial) = market.evaluate(kernel, x)
            && trial.merit() < merit
        {
            return Some(trial);
        }
        length /= 2.0;
    }
    None
}

/// The Newton direction from products with the Jacobian, and how many there were.
fn by_products(
    market: &Market,
    kernel: &Kernel,
    state: &State,
    nearby: Option<&Factors>,
    rhs: &[f64],
) -> (Option<Vec<f64>>, usize) {
    let apply = |v: &[f64]| market.tangent(kernel, state, v, None).system;
    let diagonal = market.diagonal(state);
    let precondition = |v: &[f64]| match nearby {
        Some(factors) => factors.solve(v),
        None => v.iter().zip(&diagonal).map(|(v, d)| v / d).collect(),
    };
    let tolerance = state.merit().clamp(INNER.0, INNER.1);
    let found = gmres(&apply, &precondition, rhs, tolerance);
    ((found.relative < USELESS).then_some(found.x), found.products)
}
