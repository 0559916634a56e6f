//! Iterative proportional fitting: a table scaled until its margins are the ones wanted.
//!
//! ```text
//! μ_i = s_i Π_q A_q[id_q(i)],   Σ_{i: id_q(i) = g} ω_i μ_i = M_q[g]   for every margin q, level g
//! sweep:  A_q[g] ← A_q[g] · M_q[g] / Σ ω_i μ_i
//! ```
//!
//! With s = exp(o + Xβ) and the margins of the data, ln A are the fixed effects of a Poisson model
//! at that β: no regression is needed.
//!
//! # Notation
//!
//! | symbol | argument | shape |
//! | --- | --- | --- |
//! | s | `start` | n, zero or more |
//! | ω | `weights` | n, ones if `None` |
//! | M_q | [`Margin::totals`] | one per level of margin q |
//!
//! # Assumptions
//!
//! Cells that start at zero stay at zero. A level with total zero gets the multiplier zero. All
//! margins have the same grand total. A solution exists if some table with the zeros of `start` has
//! these margins; the data themselves are one when the margins are theirs.
//!
//! # Cost
//!
//! One pass over n for each margin and sweep; 20 to 40 sweeps on gravity to 1e-9, many more where
//! levels are barely connected.
//!
//! Source: Deming and Stephan (1940), Annals of Mathematical Statistics 11; convergence: Csiszár
//! (1975), Annals of Probability 3.

use super::design::Factor;
use crate::outcome::{InputError, Status};
use serde::Serialize;

/// Grand totals of the margins may differ by this share, from summing in another order.
const SAME_TOTAL: f64 = 1e-9;

/// A margin and what it must add up to.
#[derive(Debug, Clone, Copy)]
pub struct Margin<'a> {
    /// Level of each cell.
    pub factor: &'a Factor,
    /// Total of each level.
    pub totals: &'a [f64],
}

/// Settings of [`scale_to_margins`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ScalingOptions {
    /// Largest relative error of a total. Default 1e-12, a hundred times above rounding in sums of
    /// some thousand cells.
    pub tolerance: f64,
    /// Sweeps allowed; default 10 000.
    pub max_sweeps: usize,
}

impl Default for ScalingOptions {
    fn default() -> Self {
        Self { tolerance: 1e-12, max_sweeps: 10_000 }
    }
}

/// A scaled table.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scaled {
    /// μ.
    pub fitted: Vec<f64>,
    /// A_q of each margin; their logs are the effects, −∞ where the total is zero.
    pub multipliers: Vec<Vec<f64>>,
    /// Sweeps made.
    pub sweeps: usize,
    /// Largest |Σ ωμ - M| / M over all levels of all margins.
    pub gap: f64,
    /// Converged when `gap` is within tolerance; no progress when it stopped falling above it:
    /// then no table with these zeros has these margins.
    pub status: Status,
}

/// Scales a table to its margins.
///
/// # Errors
///
/// [`InputError::Empty`] without cells or margins; [`InputError::Length`] and [`InputError::Value`]
/// for arrays of the wrong length, negative or not finite; [`InputError::Setting`] for ids beyond
/// their levels; [`InputError::Undefined`] when grand totals differ or a level with a positive total
/// has only zeros to scale.
///
/// # Example
///
/// ```
/// use emporion_model::estimate::{design::Factor, ipf::{Margin, ScalingOptions, scale_to_margins}};
/// let row = Factor { name: "row".into(), ids: vec![0, 0, 1, 1], levels: 2 };
/// let column = Factor { name: "column".into(), ids: vec![0, 1, 0, 1], levels: 2 };
/// let margins = [
///     Margin { factor: &row, totals: &[30.0, 10.0] },
///     Margin { factor: &column, totals: &[20.0, 20.0] },
/// ];
/// let table = scale_to_margins(&[1.0; 4], None, &margins, &ScalingOptions::default()).unwrap();
/// assert_eq!(table.fitted, [15.0, 15.0, 5.0, 5.0]);
/// ```
pub fn scale_to_margins(
    start: &[f64],
    weights: Option<&[f64]>,
    margins: &[Margin],
    options: &ScalingOptions,
) -> Result<Scaled, InputError> {
    check(start, weights, margins)?;
    let w = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut fitted = start.to_vec();
    let mut multipliers: Vec<Vec<f64>> =
        margins.iter().map(|m| vec![1.0; m.factor.levels]).collect();
    let mut best = f64::INFINITY;
    let mut since_best = 0;
    let (mut sweeps, mut gap) = (0, f64::INFINITY);
    let mut status = Status::MaxIterations;
    let sums = |fitted: &[f64], m: &Margin| {
        let mut have = vec![0.0; m.factor.levels];
        for (i, (id, v)) in m.factor.ids.iter().zip(fitted).enumerate() {
            have[*id as usize] += w(i) * v;
        }
        have
    };
    while sweeps < options.max_sweeps {
        sweeps += 1;
        gap = 0.0;
        for (m, multiplier) in margins.iter().zip(&mut multipliers) {
            let have = sums(&fitted, m);
            let ratio: Vec<f64> = std::iter::zip(m.totals, &have)
                .map(|(want, have)| if *want > 0.0 { want / have } else { 0.0 })
                .collect();
            for (want, have) in m.totals.iter().zip(&have) {
                if *want > 0.0 {
                    gap = f64::max(gap, (have - want).abs() / want);
                }
            }
            fitted.iter_mut().zip(&m.factor.ids).for_each(|(v, id)| *v *= ratio[*id as usize]);
            multiplier.iter_mut().zip(&ratio).for_each(|(a, r)| *a *= r);
        }
        if !gap.is_finite() {
            status = Status::NoProgress;
            break;
        }
        if gap <= options.tolerance {
            status = Status::Converged;
            break;
        }
        // The gap falls steadily where there is a solution, if slowly.
        since_best = if gap < best { 0 } else { since_best + 1 };
        best = best.min(gap);
        if since_best >= 100 {
            status = Status::NoProgress;
            break;
        }
    }
    // That of the last sweep was measured on the way; this is the result's own.
    let mut own = 0.0f64;
    for m in margins {
        for (want, have) in m.totals.iter().zip(sums(&fitted, m)) {
            if *want > 0.0 {
                own = own.max((have - want).abs() / want);
            }
        }
    }
    gap = if gap.is_finite() { own } else { gap };
    Ok(Scaled { fitted, multipliers, sweeps, gap, status })
}

fn check(start: &[f64], weights: Option<&[f64]>, margins: &[Margin]) -> Result<(), InputError> {
    let n = start.len();
    if n == 0 || margins.is_empty() {
        return Err(InputError::Empty {
            what: if n == 0 { "table" } else { "margins" }.into(),
            remedy: "give at least one cell and one margin".into(),
        });
    }
    let length = |what: String, expected: usize, got: usize| {
        if expected == got { Ok(()) } else { Err(InputError::Length { what, expected, got }) }
    };
    let valid = |what: String, values: &[f64]| match values
        .iter()
        .position(|v| !(v.is_finite() && *v >= 0.0))
    {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what,
            index,
            value: values[index],
            remedy: "values are zero or more and finite".into(),
        }),
    };
    valid("start".into(), start)?;
    if let Some(w) = weights {
        length("weights".into(), n, w.len())?;
        valid("weights".into(), w)?;
    }
    let mut grand: Option<f64> = None;
    for m in margins {
        let name = format!("margin `{}`", m.factor.name);
        length(name.clone(), n, m.factor.ids.len())?;
        length(format!("totals of {name}"), m.factor.levels, m.totals.len())?;
        valid(format!("totals of {name}"), m.totals)?;
        if let Some(row) = m.factor.ids.iter().position(|id| *id as usize >= m.factor.levels) {
            return Err(InputError::Setting {
                what: format!("{name}, row {row}"),
                expected: format!("an id below {}", m.factor.levels),
                got: m.factor.ids[row].to_string(),
                remedy: "number the levels from 0 without gaps in `levels`".into(),
            });
        }
        let mut mass = vec![0.0; m.factor.levels];
        for (i, id) in m.factor.ids.iter().enumerate() {
            mass[*id as usize] += start[i] * weights.map_or(1.0, |w| w[i]);
        }
        if let Some(g) = (0..mass.len()).find(|g| m.totals[*g] > 0.0 && mass[*g] == 0.0) {
            return Err(InputError::Undefined {
                what: format!("scaling to {name}"),
                reason: format!("level {g} has total {} and only zeros to scale", m.totals[g]),
                remedy: "start its cells above zero, or leave the level out".into(),
            });
        }
        let total: f64 = m.totals.iter().sum();
        let first = *grand.get_or_insert(total);
        if (total - first).abs() > SAME_TOTAL * first.max(total) {
            return Err(InputError::Undefined {
                what: format!("scaling to {name}"),
                reason: format!("its totals sum to {total}, those of the first margin to {first}"),
                remedy: "all margins must add up to the same total".into(),
            });
        }
    }
    Ok(())
}
