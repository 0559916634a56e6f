//! Partial, modular and general effect of the same shock, side by side.

use serde::Serialize;

use super::baseline::Baseline;
use super::clearing::Closure;
use super::feasible::clear;
use super::one_sector::{Equilibrium, OneSectorOptions, check, one_sector, trade_of};
use super::shock::Shocks;
use crate::outcome::{InputError, Note, Status};
use crate::panel::SquareFlows;

/// Three answers to "what does the shock do to trade", from the narrowest to the widest.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effects {
    /// Partial (PTI): X_ij phi_hat_ij, nothing else moves. N × N, row-major.
    pub partial: Vec<f64>,
    /// Modular (MTI, also called conditional): resistances adjust, output and expenditure do not.
    pub modular: Modular,
    /// General (GETI): wages, output and expenditure adjust too.
    pub general: Equilibrium,
}

/// Trade after resistances have adjusted to the shock with output and expenditure held.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Modular {
    /// How the iteration ended; infeasible when the remaining flows cannot carry the totals.
    pub status: Status,
    /// Newton steps.
    pub iterations: usize,
    /// As in [`Equilibrium::residual`].
    pub residual: f64,
    /// X' in the unit of the flows, N × N, row-major; rows and columns add up to the baseline's.
    pub trade: Vec<f64>,
    /// P_hat_j. Known up to one factor (its inverse goes to Pi_hat) within a bloc.
    pub inward_resistance_hat: Vec<f64>,
    /// Pi_hat_i, with mean log zero (weights: output).
    pub outward_resistance_hat: Vec<f64>,
    /// Advice, as in [`Equilibrium::notes`].
    pub notes: Vec<Note>,
}

/// The partial effect: every flow times its own phi_hat.
///
/// ```text
/// X'_ij = X_ij exp(beta_ij)
/// ```
///
/// # Errors
///
/// [`InputError::Length`] when flows and shocks have different sizes.
pub fn partial_trade(flows: &SquareFlows, shocks: &Shocks) -> Result<Vec<f64>, InputError> {
    let n = flows.n;
    if shocks.n() != n {
        return Err(InputError::Length {
            what: "places in the shocks".into(),
            expected: n,
            got: shocks.n(),
        });
    }
    Ok((0..n * n).map(|c| flows.values[c] * shocks.get(c / n, c % n).exp()).collect())
}

/// The modular effect: resistances adjust, output and expenditure are held.
///
/// ```text
/// X'_ij = X_ij phi_hat_ij Pi_hat_i^theta P_hat_j^theta,   sum_j X'_ij = Y_i,   sum_i X'_ij = E_j
/// ```
///
/// # Notation
///
/// That of [the module](super). The same Newton solver as for wages, with x_i = -ln Pi_hat_i.
///
/// # Assumptions
///
/// As [`one_sector`]; imbalances are held in every case, whatever the options say. A change of
/// supply has no modular effect, since output is held.
///
/// # Errors
///
/// As [`one_sector`].
///
/// # Source
///
/// Head and Mayer (2014), "Gravity Equations: Workhorse, Toolkit, and Cookbook";
/// Anderson and van Wincoop (2003) for the resistances.
pub fn modular(
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
) -> Result<Modular, InputError> {
    check(flows, shocks, options)?;
    let mut base = Baseline::new(flows)?;
    let mut notes = std::mem::take(&mut base.notes);
    let outcome = clear(&mut base, shocks, options, Closure::Fixed, &mut notes);
    Ok(match outcome.solution {
        Some(solution) => Modular {
            status: solution.status,
            iterations: solution.iterations,
            residual: solution.state.residual(),
            trade: trade_of(&solution),
            inward_resistance_hat: solution.state.ln_price.iter().map(|p| p.exp()).collect(),
            outward_resistance_hat: solution.state.x.iter().map(|x| (-x).exp()).collect(),
            notes,
        },
        None => Modular {
            status: outcome.failure,
            iterations: 0,
            residual: f64::NAN,
            trade: vec![f64::NAN; flows.n * flows.n],
            inward_resistance_hat: vec![f64::NAN; flows.n],
            outward_resistance_hat: vec![f64::NAN; flows.n],
            notes,
        },
    })
}

/// All three effects, measured against the same baseline.
///
/// # Assumptions
///
/// When deficits are removed first, the baseline of all three is the world without them
/// ([`Equilibrium::baseline_trade`]).
///
/// # Errors
///
/// As [`one_sector`].
pub fn effects(
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
) -> Result<Effects, InputError> {
    let general = one_sector(flows, shocks, options)?;
    let baseline = SquareFlows::new(flows.n, general.baseline_trade.clone())?;
    Ok(Effects {
        partial: partial_trade(&baseline, shocks)?,
        modular: modular(&baseline, shocks, options)?,
        general,
    })
}
