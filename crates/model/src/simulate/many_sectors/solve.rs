//! Newton's method on log wages, the shock in parts when it must be.

use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::prelude::*;

use super::jacobian::jacobian;
use super::market::{Market, State};
use super::shock::SectorShocks;
use super::world::SectorWorld;
use crate::outcome::Status;
use crate::simulate::blocs::Blocs;

/// No log wage moves by more in one step.
const LARGEST_STEP: f64 = 1.0;
const HALVINGS: usize = 30;
/// A step that leaves more than this share of the gap calls for new derivatives.
const SLOW: f64 = 0.1;
/// Smallest part of the shock added at a time before the path is given up.
const SMALLEST_PART: f64 = 1.0 / 64.0;

pub(super) struct Solved {
    pub state: State,
    pub status: Status,
    pub iterations: usize,
    /// Part of the shock in force, 1 when all of it.
    pub reached: f64,
    pub residual: f64,
}

/// Solves from the observed wages; `None` when not even the start can be evaluated.
pub(super) fn solve(
    world: &SectorWorld,
    shocks: &SectorShocks,
    deficit: &[f64],
    blocs: &Blocs,
    tolerance: f64,
    max_iterations: usize,
) -> Option<Solved> {
    let mut wage = vec![0.0; world.n];
    let (mut reached, mut part, mut iterations) = (0.0, 1.0, 0);
    loop {
        let target = f64::min(1.0, reached + part);
        let market = Market::new(world, shocks, deficit.to_vec(), target);
        let attempt = newton(&market, wage.clone(), blocs, tolerance, max_iterations);
        match attempt {
            Some(found) if found.status == Status::Converged => {
                iterations += found.iterations;
                reached = target;
                if reached >= 1.0 {
                    return Some(Solved { iterations, reached, ..found });
                }
                wage.clone_from(&found.state.wage);
                part *= 2.0;
            }
            other => {
                iterations += other.as_ref().map_or(0, |found| found.iterations);
                part /= 2.0;
                if part < SMALLEST_PART {
                    return other.map(|found| Solved { iterations, reached, ..found });
                }
            }
        }
    }
}

fn newton(
    market: &Market<'_>,
    wage: Vec<f64>,
    blocs: &Blocs,
    tolerance: f64,
    max_iterations: usize,
) -> Option<Solved> {
    let equations = Equations::new(market, blocs);
    let mut state = market.evaluate(wage, None)?;
    let mut factored: Option<PartialPivLu<f64>> = None;
    let end = |state: State, status, iterations| {
        let residual = largest(&state.gap(&market.deficit));
        Some(Solved { state, status, iterations, reached: 1.0, residual })
    };
    for iteration in 0..max_iterations {
        let gap = equations.gap(&state);
        let size = largest(&gap);
        let converged = size <= tolerance;
        if factored.is_none() {
            factored = Some(equations.factored(&state)?);
        }
        let lu = factored.as_ref()?;
        let direction = lu.solve(Col::from_fn(market.n, |i| -gap[i]));
        match advance(market, &equations, &state, &direction, size) {
            // The step after the stopping rule is met brings the solution to rounding.
            Some((better, _)) if converged => return end(better, Status::Converged, iteration + 1),
            None if converged => return end(state, Status::Converged, iteration),
            Some((better, left)) => {
                if left > SLOW * size {
                    factored = None;
                }
                state = better;
            }
            None => return end(state, Status::NoProgress, iteration),
        }
    }
    end(state, Status::MaxIterations, max_iterations)
}

/// The longest step along `direction` that lowers the largest gap, and what it leaves.
fn advance(
    market: &Market<'_>,
    equations: &Equations<'_>,
    state: &State,
    direction: &Col<f64>,
    size: f64,
) -> Option<(State, f64)> {
    let longest = direction.iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    if !longest.is_finite() {
        return None;
    }
    let mut length = f64::min(1.0, LARGEST_STEP / longest.max(f64::MIN_POSITIVE));
    for _ in 0..HALVINGS {
        let wage = (0..market.n).map(|i| state.wage[i] + length * direction[i]).collect();
        if let Some(trial) = market.evaluate(wage, Some(state)) {
            let left = largest(&equations.gap(&trial));
            if left < size {
                return Some((trial, left));
            }
        }
        length /= 2.0;
    }
    None
}

/// Trade balances, with the numeraire in place of one balance in each bloc: balances of a bloc add
/// up to zero, so one of them says nothing.
struct Equations<'a> {
    market: &'a Market<'a>,
    blocs: &'a Blocs,
    /// The place of each bloc whose balance is replaced: the one with the largest income.
    anchor: Vec<usize>,
}

impl<'a> Equations<'a> {
    fn new(market: &'a Market<'a>, blocs: &'a Blocs) -> Self {
        let income = |k: usize| market.labour[k];
        let anchor = (0..blocs.count)
            .filter_map(|c| {
                blocs.members(c).max_by(|&a, &b| income(a).total_cmp(&income(b)).then(b.cmp(&a)))
            })
            .collect();
        Self { market, blocs, anchor }
    }

    fn total(&self, bloc: usize) -> f64 {
        self.blocs.members(bloc).map(|k| self.market.labour[k]).sum()
    }

    fn gap(&self, state: &State) -> Vec<f64> {
        let mut gap = state.gap(&self.market.deficit);
        for (bloc, &anchor) in self.anchor.iter().enumerate() {
            let now = self.blocs.members(bloc).map(|k| self.market.labour[k] * state.wage[k].exp());
            gap[anchor] = now.sum::<f64>() / self.total(bloc) - 1.0;
        }
        gap
    }

    fn factored(&self, state: &State) -> Option<PartialPivLu<f64>> {
        let n = self.market.n;
        let columns = jacobian(self.market, state)?;
        let mut matrix = Mat::from_fn(n, n, |i, m| {
            let turnover = state.exports[i] + state.imports[i];
            if turnover > 0.0 { columns[m][i] / turnover } else { columns[m][i] }
        });
        for (bloc, &anchor) in self.anchor.iter().enumerate() {
            for m in 0..n {
                matrix[(anchor, m)] = if self.blocs.of[m] == bloc {
                    self.market.labour[m] * state.wage[m].exp() / self.total(bloc)
                } else {
                    0.0
                };
            }
        }
        Some(PartialPivLu::new(matrix.as_ref()))
    }
}

fn largest(gap: &[f64]) -> f64 {
    gap.iter().fold(0.0, |m: f64, g| m.max(g.abs()))
}
