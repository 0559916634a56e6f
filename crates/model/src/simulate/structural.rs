//! Structural gravity in levels: multilateral resistances and the trade that an estimated equation
//! fits.

use serde::Serialize;

use super::baseline::{Baseline, note};
use super::clearing::Closure;
use super::feasible::clear;
use super::one_sector::{OneSectorOptions, trade_of};
use super::shock::{Shocks, check_elasticity};
use crate::outcome::{InputError, Note, Status};
use crate::panel::SquareFlows;

/// Totals of spending and of output that differ by more than this part of them are not the same
/// world's: the note says by how much spending was scaled.
const SAME_WORLD: f64 = 1e-9;

/// Trade, inward and outward resistance in levels.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Structural {
    /// How the iteration ended.
    pub status: Status,
    /// Newton steps.
    pub iterations: usize,
    /// As in [`Equilibrium::residual`](super::Equilibrium::residual).
    pub residual: f64,
    /// The place whose P is one.
    pub reference: usize,
    /// P_j, one for the reference.
    pub inward_resistance: Vec<f64>,
    /// Pi_i.
    pub outward_resistance: Vec<f64>,
    /// X_ij, N × N, row-major: rows add up to output, columns to spending. A baseline for
    /// [`one_sector`](fn@super::one_sector) and [`effects`](fn@super::effects).
    pub trade: Vec<f64>,
    /// Advice.
    pub notes: Vec<Note>,
}

/// Solves for the resistances that make trade of the form of structural gravity add up.
///
/// ```text
/// X_ij = Y_i E_j / Y  phi_ij  (Pi_i P_j)^theta
/// Pi_i^(-theta) = sum_j phi_ij P_j^theta E_j / Y,   P_j^(-theta) = sum_i phi_ij Pi_i^theta Y_i / Y
/// P_r = 1
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | ln phi_ij | `ln_phi[i * n + j]` | N × N, row-major | log points; -infinity for no trade |
/// | Y_i | `output` | N | the table's |
/// | E_j | `expenditure` | N | the table's |
/// | theta = sigma - 1 | `theta` | | 1 |
/// | r | `reference` | | position from 0 |
///
/// `ln_phi` is the part of a gravity equation that varies by pair: the sum of coefficients times
/// regressors, own pairs included. A Poisson fit with exporter and importer effects has the totals of
/// the data (Fally 2015), so with Y and E of the rows used the result's trade is the fitted one.
///
/// # Assumptions
///
/// Resistances are known up to one factor, which `P_r = 1` fixes; the level of phi (a constant in
/// `ln_phi`) goes into Pi. Spending is scaled to the sum of output when the two differ, with a note.
/// From a frictionless world (phi = 1, where Pi = P = 1) this is the modular effect of ln phi, and the
/// same Newton solver finds it.
///
/// # Errors
///
/// [`InputError`] when sizes differ, a total is not positive, `theta` is not positive, an entry of
/// `ln_phi` is not a number, or the reference does not exist.
///
/// # Cost
///
/// As [`one_sector`](fn@super::one_sector).
///
/// # Source
///
/// Anderson and van Wincoop (2003), "Gravity with Gravitas", American Economic Review 93(1),
/// equations 9 to 11; Fally (2015), "Structural gravity and fixed effects", Journal of International
/// Economics 97(1).
///
/// # Example
///
/// Two equal places; trade between them is four times costlier in phi:
///
/// ```
/// use emporion_model::simulate::structural;
/// let ln_phi = [0.0, 0.25_f64.ln(), 0.25_f64.ln(), 0.0];
/// let world = structural(&ln_phi, &[1.0, 1.0], &[1.0, 1.0], 4.0, 0).unwrap();
/// assert!((world.trade[0] - 0.8).abs() < 1e-14 && (world.trade[1] - 0.2).abs() < 1e-14);
/// ```
pub fn structural(
    ln_phi: &[f64],
    output: &[f64],
    expenditure: &[f64],
    theta: f64,
    reference: usize,
) -> Result<Structural, InputError> {
    let n = output.len();
    check(ln_phi, output, expenditure, theta, reference)?;
    let world: f64 = output.iter().sum();
    let spent: f64 = expenditure.iter().sum();
    let mut notes = Vec::new();
    if (spent / world - 1.0).abs() > SAME_WORLD {
        note(&mut notes, "spending_scaled", (0..n).collect(), |_| {
            format!("spending was scaled by {} to the sum of output", world / spent)
        });
    }
    let spending: Vec<f64> = expenditure.iter().map(|e| e * (world / spent)).collect();
    // The level of phi moves Pi alone; without it exp stays in range.
    let top = ln_phi.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let cells =
        (0..n * n).map(|c| output[c / n] * (spending[c % n] / world) * (ln_phi[c] - top).exp());
    let mut base = Baseline::new(&SquareFlows::new(n, cells.collect())?)?;
    base.deficit = (0..n).map(|j| spending[j] - output[j]).collect();
    base.output = output.to_vec();
    base.expenditure = spending;

    let options = OneSectorOptions { elasticity: theta, ..OneSectorOptions::default() };
    let none = Shocks::none(n);
    let outcome = clear(&mut base, &none, &options, Closure::Fixed, &mut notes);
    let Some(solution) = outcome.solution else {
        return Ok(Structural {
            status: outcome.failure,
            iterations: 0,
            residual: f64::NAN,
            reference,
            inward_resistance: vec![f64::NAN; n],
            outward_resistance: vec![f64::NAN; n],
            trade: vec![f64::NAN; n * n],
            notes,
        });
    };
    let s = &solution.state;
    let level = s.ln_price[reference];
    Ok(Structural {
        status: solution.status,
        iterations: solution.iterations,
        residual: s.residual(),
        reference,
        inward_resistance: s.ln_price.iter().map(|p| (p - level).exp()).collect(),
        outward_resistance: s.x.iter().map(|x| (level - x - top / theta).exp()).collect(),
        trade: trade_of(&solution),
        notes,
    })
}

fn check(
    ln_phi: &[f64],
    output: &[f64],
    expenditure: &[f64],
    theta: f64,
    reference: usize,
) -> Result<(), InputError> {
    let n = output.len();
    check_elasticity(theta)?;
    for (what, expected, got) in
        [("ln phi", n * n, ln_phi.len()), ("expenditure", n, expenditure.len())]
    {
        if expected != got {
            return Err(InputError::Length { what: what.into(), expected, got });
        }
    }
    for (what, totals) in [("output", output), ("expenditure", expenditure)] {
        if let Some(index) = totals.iter().position(|t| !(t.is_finite() && *t > 0.0)) {
            return Err(InputError::Value {
                what: what.into(),
                index,
                value: totals[index],
                remedy: "every place sells and buys something: drop the place or fill its totals"
                    .into(),
            });
        }
    }
    if let Some(index) = ln_phi.iter().position(|p| p.is_nan() || *p == f64::INFINITY) {
        return Err(InputError::Value {
            what: "ln phi".into(),
            index,
            value: ln_phi[index],
            remedy: "give the fitted value of every pair, own pairs too; -infinity for no trade"
                .into(),
        });
    }
    if reference >= n {
        return Err(InputError::Setting {
            what: "reference place".into(),
            expected: format!("places 0 to {}", n.saturating_sub(1)),
            got: reference.to_string(),
            remedy: "choose a place of the table; its inward resistance is one".into(),
        });
    }
    Ok(())
}
