//! Standard errors of a scenario's outcomes without draws: the implicit function theorem.

use serde::Serialize;

use super::clearing::{Forcing, Market, Tangent};
use super::draws::{ClosedMarkets, DrawOptions};
use super::jacobian::Factors;
use super::krylov::gmres;
use super::measured::{OUTCOMES, Outcome, ln_changes};
use super::newton::{NEARBY_TO, Solution};
use super::one_sector::{Equilibrium, OneSectorOptions, one_sector};
use super::uncertain::{Coefficient, Elasticity, JointNormal, Uncertain};
use super::world::{Solved, World};
use crate::outcome::{InputError, Status};
use crate::panel::SquareFlows;

/// Residual of the linear systems of worlds too large to factorise.
const LINEAR: f64 = 1e-13;
/// Beyond it the derivatives are NaN.
const USABLE: f64 = 1e-8;

/// First-order uncertainty of one number for each place.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Linear {
    /// At the central coefficients and theta.
    pub central: Vec<f64>,
    /// Standard error.
    pub standard_error: Vec<f64>,
    /// Derivative by the coefficient of each effect, in order, and by theta, which is the last.
    pub derivatives: Vec<Vec<f64>>,
}

/// Result of [`delta`].
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delta {
    /// The world at the central coefficients and theta; without a solution the rest is empty.
    pub central: Equilibrium,
    /// One for each of [`Outcome::ALL`].
    pub outcomes: Vec<(Outcome, Linear)>,
    /// The quantity shares of each account asked for.
    pub accounts: Vec<(ClosedMarkets, Linear)>,
}

impl Delta {
    /// The first-order uncertainty of one outcome.
    ///
    /// # Panics
    ///
    /// When the central world has no solution, so that there are no outcomes.
    pub fn outcome(&self, outcome: Outcome) -> &Linear {
        let found = self.outcomes.iter().find(|(kind, _)| *kind == outcome);
        &found.expect("every outcome is there when the central world is solved").1
    }
}

/// Standard errors of every outcome by the delta method.
///
/// ```text
/// g(x, p) = 0,   dx/dp = -J^(-1) dg/dp,   dy/dp = y_x dx/dp + y_p,   Var y = (dy/dp)' C (dy/dp)
/// ```
///
/// # Notation
///
/// x log wages, g market clearing, J its Jacobian; p the coefficient of each effect and theta, C their
/// covariance: that of the estimation, the variance of each range, and of theta.
///
/// # Assumptions
///
/// Outcomes are nearly linear in the coefficients over their uncertainty. Where they are not, as with
/// a wide range of theta or an effect near zero on trade that is nearly closed,
/// [`draws`](fn@super::draws) is the answer and this one shows how far from linear it is.
///
/// # Errors
///
/// As [`draws`](fn@super::draws).
///
/// # Cost
///
/// One solution, one factorisation and one linear system for each effect: no draws.
pub fn delta(
    flows: &SquareFlows,
    scenario: &Uncertain,
    options: &OneSectorOptions,
    accounts: &[ClosedMarkets],
) -> Result<Delta, InputError> {
    let asked = DrawOptions { accounts: accounts.to_vec(), ..DrawOptions::default() };
    super::draws::check(flows, scenario, &asked)?;
    let theta = scenario.elasticity.central();
    let options = OneSectorOptions { elasticity: theta, ..options.clone() };
    let coefficients = scenario.central();
    let central = one_sector(flows, &scenario.shocks(&coefficients, theta)?, &options)?;
    let mut result = Delta { central, outcomes: Vec::new(), accounts: Vec::new() };
    if result.central.status != Status::Converged {
        return Ok(result);
    }
    let Some(world) = World::new(flows, scenario, &options, accounts)? else {
        return Ok(result);
    };
    let solved = match world.solve(&coefficients, theta, None) {
        Ok(solved) => solved,
        Err(status) => {
            result.central.status = status;
            return Ok(result);
        }
    };
    let central = world.measure(&solved);
    let moves = moves(&world, scenario, &coefficients, &solved);
    let chosen: Vec<_> = scenario.effects.iter().map(|effect| effect.coefficient).collect();
    let elasticity = std::slice::from_ref(&scenario.elasticity);
    let covariance = covariance(&chosen, &scenario.estimated, elasticity);

    for (k, kind) in Outcome::ALL.into_iter().enumerate() {
        let hat = &central.hats[k];
        let derivatives: Vec<Vec<f64>> = moves
            .iter()
            .map(|m| (0..flows.n).map(|j| hat[j] * m.ln_hats[k][j]).collect())
            .collect();
        result.outcomes.push((kind, linear(hat.clone(), derivatives, &covariance)));
    }
    for (a, account) in accounts.iter().enumerate() {
        let rho = &central.shares[a];
        let derivatives = moves.iter().map(|m| m.shares[a].clone()).collect();
        result.accounts.push((account.clone(), linear(rho.clone(), derivatives, &covariance)));
    }
    Ok(result)
}

/// What one parameter moves.
struct Move {
    ln_hats: [Vec<f64>; OUTCOMES],
    /// d rho of each account.
    shares: Vec<Vec<f64>>,
}

/// The moves of every coefficient and of theta.
fn moves(world: &World, scenario: &Uncertain, coefficients: &[f64], solved: &Solved) -> Vec<Move> {
    let n = world.base().n;
    let theta = solved.theta;
    let market = world.market(&solved.shocks, theta);
    let after = Response::new(&market, &solved.world);
    let balanced_market = world.balanced_market(theta);
    let balanced = balanced_market.as_ref().zip(solved.balanced.as_deref());
    let before = balanced.map(|(market, solution)| Response::new(market, solution));

    // d beta by each coefficient, and by theta where an effect is a change of costs.
    let cells = |k: usize, factor: f64| -> Vec<(usize, f64)> {
        let at = &scenario.effects[k].loadings;
        at.iter().map(|at| (at.origin * n + at.destination, factor * at.loading)).collect()
    };
    let costs = (0..coefficients.len()).filter(|&k| scenario.effects[k].per_theta);
    let by_theta: Vec<(usize, f64)> = costs.flat_map(|k| cells(k, -coefficients[k])).collect();
    let by_effect = (0..coefficients.len())
        .map(|k| (cells(k, if scenario.effects[k].per_theta { -theta } else { 1.0 }), 0.0));
    by_effect
        .chain([(by_theta, 1.0)])
        .map(|(cells, d_theta)| {
            let now = after.along(&cells, d_theta);
            let then = before.as_ref().filter(|_| d_theta != 0.0).map(|b| b.along(&[], d_theta));
            let mut ln_hats = now.ln_hats(&after);
            if let (Some(then), Some(before)) = (&then, &before) {
                for (hat, first) in ln_hats.iter_mut().zip(then.ln_hats(before)) {
                    hat.iter_mut().zip(first).for_each(|(hat, first)| *hat -= first);
                }
            }
            let shares = world
                .accounts()
                .iter()
                .enumerate()
                .map(|(a, account)| {
                    let i = account.exporter;
                    let mut d = now.quantities(&after, i, &cells);
                    if let (Some(then), Some(before)) = (&then, &before) {
                        let first = then.quantities(before, i, &[]);
                        d.iter_mut().zip(first).for_each(|(d, first)| *d -= first);
                    }
                    world.share_changes(solved, a, &d)
                })
                .collect();
            Move { ln_hats, shares }
        })
        .collect()
}

/// A solved market and the means to move along its equilibria.
struct Response<'a> {
    market: &'a Market<'a>,
    solution: &'a Solution,
    factors: Option<Factors>,
}

/// dx and all that follows from it.
struct Along {
    dx: Vec<f64>,
    d_theta: f64,
    tangent: Tangent,
}

impl<'a> Response<'a> {
    fn new(market: &'a Market<'a>, solution: &'a Solution) -> Self {
        let factors = (market.n <= NEARBY_TO)
            .then(|| Factors::new(market, &solution.kernel, &solution.state));
        Self { market, solution, factors }
    }

    fn along(&self, cells: &[(usize, f64)], d_theta: f64) -> Along {
        let (kernel, state) = (&self.solution.kernel, &self.solution.state);
        let forcing = Forcing::new(kernel, state, cells, d_theta);
        let still = vec![0.0; self.market.n];
        let rhs: Vec<f64> = self
            .market
            .tangent(kernel, state, &still, Some(&forcing))
            .system
            .iter()
            .map(|g| -g)
            .collect();
        let dx = match &self.factors {
            Some(factors) => factors.solve(&rhs),
            None => {
                let diagonal = self.market.diagonal(state);
                let apply = |v: &[f64]| self.market.tangent(kernel, state, v, None).system;
                let precondition =
                    |v: &[f64]| v.iter().zip(&diagonal).map(|(v, d)| v / d).collect();
                let found = gmres(&apply, &precondition, &rhs, LINEAR);
                // A derivative that is not one must not look like it.
                if found.relative <= USABLE { found.x } else { vec![f64::NAN; self.market.n] }
            }
        };
        let tangent = self.market.tangent(kernel, state, &dx, Some(&forcing));
        Along { dx, d_theta, tangent }
    }
}

impl Along {
    fn ln_hats(&self, at: &Response) -> [Vec<f64>; OUTCOMES] {
        ln_changes(at.market, &at.solution.state, &self.dx, self.d_theta, &self.tangent)
    }

    /// ds_ij = s_ij (b_ij - z_i + r_j - d ln Y_i) of one exporter.
    fn quantities(&self, at: &Response, i: usize, cells: &[(usize, f64)]) -> Vec<f64> {
        let n = at.market.n;
        let state = &at.solution.state;
        let mut b = vec![0.0; n];
        for &(cell, change) in cells.iter().filter(|(cell, _)| cell / n == i) {
            b[cell % n] += change;
        }
        let sales = state.sales(&at.solution.kernel, i);
        let t = &self.tangent;
        (0..n)
            .map(|j| {
                let change = b[j] - t.weight[i] + t.purchases[j] - t.ln_output[i];
                sales[j] / state.output[i] * change
            })
            .collect()
    }
}

/// C, of the coefficient of each effect and of the elasticities.
pub(super) fn covariance(
    coefficients: &[Coefficient],
    estimated: &JointNormal,
    elasticities: &[Elasticity],
) -> Vec<Vec<f64>> {
    let k = coefficients.len();
    let width = estimated.mean.len();
    let size = k + elasticities.len();
    let mut c = vec![vec![0.0; size]; size];
    for a in 0..k {
        for b in 0..k {
            c[a][b] = match (coefficients[a], coefficients[b]) {
                (Coefficient::Estimated(p), Coefficient::Estimated(q)) => {
                    estimated.covariance[p * width + q]
                }
                (Coefficient::Given(range), _) if a == b => range.sd().powi(2),
                _ => 0.0,
            };
        }
    }
    for (e, elasticity) in elasticities.iter().enumerate() {
        c[k + e][k + e] = elasticity.sd().powi(2);
    }
    c
}

/// Derivatives and covariance to standard errors.
pub(super) fn linear(
    central: Vec<f64>,
    derivatives: Vec<Vec<f64>>,
    covariance: &[Vec<f64>],
) -> Linear {
    let standard_error = (0..central.len())
        .map(|j| {
            let mut variance = 0.0;
            for (row, a) in covariance.iter().zip(&derivatives) {
                for (c, b) in row.iter().zip(&derivatives) {
                    variance += a[j] * c * b[j];
                }
            }
            // max would turn the NaN of a place without such trade into zero.
            if variance < 0.0 { 0.0 } else { variance.sqrt() }
        })
        .collect();
    Linear { central, standard_error, derivatives }
}
