//! Turnover, balance and coverage of the two directed flows between a pair of places.

use serde::Serialize;

use super::{check_length, check_one};
use crate::outcome::InputError;
use crate::panel::SquareFlows;

/// What a missing flow means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingFlow {
    /// The flow exists but nobody wrote it down: sums that need it stay unknown (the default, as
    /// SDMX observation status `L` has it).
    #[default]
    Unknown,
    /// No row means no trade. Only true for a source that lists every positive flow.
    Zero,
}

/// The two flows of a pair and what follows from them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Turnover {
    /// Flow out of the place, in the unit given.
    pub exports: Option<f64>,
    /// Flow into the place.
    pub imports: Option<f64>,
    /// Sum of both, when both are known.
    pub turnover: Option<f64>,
    /// What the turnover is at least: the sum of the flows that are known.
    pub at_least: f64,
    /// Exports less imports.
    pub balance: Option<f64>,
    /// Exports per unit of imports; none when imports are zero.
    pub coverage: Option<f64>,
    /// Balance over turnover, from -1 to 1; none when there is no trade.
    pub relative_balance: Option<f64>,
    /// Which flows were missing: `exports`, `imports`.
    pub missing: Vec<&'static str>,
    /// How missing flows were taken.
    pub convention: MissingFlow,
}

/// Turnover, balance and coverage from two directed flows.
///
/// ```text
/// T = X + M      B = X - M      C = X / M      b = (X - M) / (X + M)
/// ```
///
/// # Notation
///
/// | symbol | argument or field | unit |
/// | --- | --- | --- |
/// | X | `exports` | the caller's |
/// | M | `imports` | the same |
/// | T, B | `turnover`, `balance` | the same |
/// | C, b | `coverage`, `relative_balance` | none |
///
/// # Assumptions
///
/// Both flows are on the same side's books, of the same scope, period and unit; the caller knows.
/// A missing flow leaves turnover, balance and coverage unknown unless `missing` says otherwise,
/// but never hides the other flow: `at_least` is a proven lower bound, as flows are not negative.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite flow.
///
/// # Source
///
/// Mikic and Gilbert, Trade Statistics in Policymaking, ESCAP 2009, sections 1.1-1.3.
///
/// # Example
///
/// ```
/// use emporion_model::measure::turnover::{MissingFlow, turnover};
/// let t = turnover(Some(22_900.0), None, MissingFlow::Unknown)?;
/// assert_eq!((t.turnover, t.at_least), (None, 22_900.0));
/// let t = turnover(Some(22_900.0), Some(22_900.0), MissingFlow::Unknown)?;
/// assert_eq!((t.turnover, t.balance), (Some(45_800.0), Some(0.0)));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn turnover(
    exports: Option<f64>,
    imports: Option<f64>,
    missing: MissingFlow,
) -> Result<Turnover, InputError> {
    let mut absent = Vec::new();
    for (name, flow) in [("exports", exports), ("imports", imports)] {
        match flow {
            Some(value) => {
                check_one(name, value, "a flow is finite and not negative; give a gap as missing")?;
            }
            None => absent.push(name),
        }
    }
    let read = |flow: Option<f64>| match missing {
        MissingFlow::Unknown => flow,
        MissingFlow::Zero => flow.or(Some(0.0)),
    };
    let (x, m) = (read(exports), read(imports));
    let both = x.zip(m);
    let turnover = both.map(|(x, m)| x + m);
    let balance = both.map(|(x, m)| x - m);
    Ok(Turnover {
        exports: x,
        imports: m,
        turnover,
        at_least: x.unwrap_or(0.0) + m.unwrap_or(0.0),
        balance,
        coverage: both.filter(|(_, m)| *m > 0.0).map(|(x, m)| x / m),
        relative_balance: turnover.zip(balance).filter(|(t, _)| *t > 0.0).map(|(t, b)| b / t),
        missing: absent,
        convention: missing,
    })
}

/// [`turnover`] for each entry of two equally long series.
///
/// # Errors
///
/// [`InputError::Length`] when the series differ in length; as [`turnover`], with the entry.
pub fn turnover_series(
    exports: &[Option<f64>],
    imports: &[Option<f64>],
    missing: MissingFlow,
) -> Result<Vec<Turnover>, InputError> {
    check_length("imports", exports.len(), imports.len())?;
    exports
        .iter()
        .zip(imports)
        .enumerate()
        .map(|(t, (x, m))| turnover(*x, *m, missing).map_err(|e| at_entry(e, t)))
        .collect()
}

/// [`turnover`] of `place` with `partner`, from a table of flows.
///
/// # Errors
///
/// [`InputError::Setting`] when a place is not in the table or both are the same: domestic sales
/// are not trade.
pub fn pair_turnover(
    flows: &SquareFlows,
    place: usize,
    partner: usize,
) -> Result<Turnover, InputError> {
    if place >= flows.n || partner >= flows.n || place == partner {
        return Err(InputError::Setting {
            what: "pair".into(),
            expected: format!("two different places below {}", flows.n),
            got: format!("{place} and {partner}"),
            remedy: "name two places of the table".into(),
        });
    }
    let (x, m) = (flows.get(place, partner), flows.get(partner, place));
    turnover(Some(x), Some(m), MissingFlow::Unknown)
}

/// The two flows behind a published turnover and balance.
///
/// ```text
/// X = (T + B) / 2      M = (T - B) / 2
/// ```
///
/// # Assumptions
///
/// Both figures come from the same books, scope and period.
///
/// # Result
///
/// Exports and imports, in that order, in the unit given.
///
/// # Errors
///
/// [`InputError::Value`] when the turnover is negative or the balance is larger than the turnover,
/// which no pair of flows can give.
pub fn flows_behind(turnover: f64, balance: f64) -> Result<(f64, f64), InputError> {
    check_one("turnover", turnover, "a turnover is finite and not negative")?;
    if !balance.is_finite() || balance.abs() > turnover {
        return Err(InputError::Value {
            what: "balance".into(),
            index: 0,
            value: balance,
            remedy: format!(
                "no pair of flows has a turnover of {turnover} and this balance; check that both \
                 are of the same books, scope and period"
            ),
        });
    }
    Ok(((turnover + balance) / 2.0, (turnover - balance) / 2.0))
}

fn at_entry(error: InputError, entry: usize) -> InputError {
    match error {
        InputError::Value { what, value, remedy, .. } => {
            InputError::Value { what, index: entry, value, remedy }
        }
        other => other,
    }
}
