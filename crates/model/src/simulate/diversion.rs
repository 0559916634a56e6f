//! Where the exports lost in closed markets go: third markets, home, or nowhere.

use serde::Serialize;

use super::one_sector::Equilibrium;
use crate::outcome::{InputError, Status};

/// Account of one exporter that lost one or more markets. Shares are NaN when nothing was lost.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diversion {
    /// i, the exporter.
    pub exporter: usize,
    /// M, the closed markets, ascending.
    pub closed: Vec<usize>,
    /// L = -sum of dX_ij over M, in the unit of the flows.
    pub lost: f64,
    /// dX_ij for each third market j; zero for the exporter and the closed markets.
    pub redirected: Vec<f64>,
    /// Sum of `redirected`.
    pub redirected_abroad: f64,
    /// dX_ii: sales that turned home.
    pub turned_home: f64,
    /// dY_i: income gained (negative: lost). lost = redirected_abroad + turned_home - income_change.
    pub income_change: f64,
    /// redirected_abroad / lost.
    pub value_share_abroad: f64,
    /// turned_home / lost.
    pub value_share_home: f64,
    /// -sum over M of ds_im: quantity lost, as a share of output.
    pub quantity_lost: f64,
    /// rho_ij = ds_ij / (-sum over M of ds_im): quantity, each third market and home; zero in M.
    /// They sum to one.
    pub quantity_shares: Vec<f64>,
    /// Sum of `quantity_shares` over third markets.
    pub quantity_share_abroad: f64,
    /// rho_ii.
    pub quantity_share_home: f64,
    /// 1 - w_hat_i / P_hat_i: what the exporter's goods lose in buying power.
    pub price_loss: f64,
    /// For each closed market, who replaces the exporter there.
    pub fill: Vec<Fill>,
}

/// Who replaces the exporter in one market.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fill {
    /// j, the market.
    pub market: usize,
    /// -dX_ij, in the unit of the flows.
    pub lost: f64,
    /// dX_mj / lost for each seller m (the market's own producers at m = j); zero for the exporter.
    /// They sum to 1 + dE_j / lost.
    pub shares: Vec<f64>,
}

/// Splits the exports that `exporter` loses in the markets `closed`.
///
/// ```text
/// value:     dX_ij = X'_ij - X_ij,  L = -sum_{j in M} dX_ij
///            L = sum_{j not in M, j≠i} dX_ij + dX_ii - dY_i
/// quantity:  s_ij = X_ij / Y_i,  rho_ij = ds_ij / ( -sum_{m in M} ds_im ),  sum_{j not in M} rho_ij = 1
/// fill:      phi_mj = dX_mj / ( -dX_ij ),  j in M
/// ```
///
/// # Notation
///
/// i `exporter`, M `closed`, X the baseline of `world`, X' its trade, Y output.
///
/// # Assumptions
///
/// The value account depends on the numeraire (world income), the quantity account does not: with a
/// fixed endowment the share of output sent to a market is the quantity sent there. A third market
/// can take less than before (a negative share), as when it is itself hurt. A one-sector model
/// sends most lost exports home; firms' records of single products show more redirection.
///
/// # Errors
///
/// [`InputError`] when `world` has not converged, a place does not exist, is named twice or is the
/// exporter itself, or no market is named.
///
/// # Source
///
/// The terms are those of Bown and Crowley (2007), "Trade deflection and trade depression".
pub fn diversion(
    world: &Equilibrium,
    exporter: usize,
    closed: &[usize],
) -> Result<Diversion, InputError> {
    let n = world.n;
    let i = exporter;
    let closed = check(world, exporter, closed)?;
    let change = |m: usize, j: usize| world.trade[m * n + j] - world.baseline_trade[m * n + j];
    let before: f64 = world.baseline_trade[i * n..(i + 1) * n].iter().sum();
    let now = world.output[i];
    let share_change =
        |j: usize| world.trade[i * n + j] / now - world.baseline_trade[i * n + j] / before;
    let third = |j: usize| j != i && closed.binary_search(&j).is_err();

    let lost = -closed.iter().map(|&j| change(i, j)).sum::<f64>();
    let redirected: Vec<f64> = (0..n).map(|j| if third(j) { change(i, j) } else { 0.0 }).collect();
    let redirected_abroad: f64 = redirected.iter().sum();
    let turned_home = change(i, i);
    let part = |value: f64, whole: f64| if whole == 0.0 { f64::NAN } else { value / whole };

    let quantity_lost = -closed.iter().map(|&j| share_change(j)).sum::<f64>();
    let quantity_shares: Vec<f64> = (0..n)
        .map(|j| if third(j) || j == i { part(share_change(j), quantity_lost) } else { 0.0 })
        .collect();
    let quantity_share_abroad = (0..n).filter(|&j| third(j)).map(|j| quantity_shares[j]).sum();

    let fill = closed
        .iter()
        .map(|&j| Fill {
            market: j,
            lost: -change(i, j),
            shares: (0..n)
                .map(|m| if m == i { 0.0 } else { part(change(m, j), -change(i, j)) })
                .collect(),
        })
        .collect();
    Ok(Diversion {
        exporter,
        lost,
        redirected,
        redirected_abroad,
        turned_home,
        income_change: now - before,
        value_share_abroad: part(redirected_abroad, lost),
        value_share_home: part(turned_home, lost),
        quantity_lost,
        quantity_share_home: quantity_shares[i],
        quantity_shares,
        quantity_share_abroad,
        price_loss: 1.0 - world.real_wage_hat[i],
        fill,
        closed,
    })
}

fn refuse(what: String, expected: &str, got: String, remedy: &str) -> InputError {
    InputError::Setting { what, expected: expected.into(), got, remedy: remedy.into() }
}

fn check(world: &Equilibrium, exporter: usize, closed: &[usize]) -> Result<Vec<usize>, InputError> {
    if world.status != Status::Converged {
        return Err(refuse(
            "equilibrium".into(),
            "converged",
            format!("{:?}", world.status),
            "read the notes of the equilibrium and solve it first",
        ));
    }
    check_places(world.n, exporter, closed)
}

/// The closed markets in ascending order.
pub(super) fn check_places(
    n: usize,
    exporter: usize,
    closed: &[usize],
) -> Result<Vec<usize>, InputError> {
    if closed.is_empty() {
        return Err(InputError::Empty {
            what: "closed markets".into(),
            remedy: "name at least one market".into(),
        });
    }
    let mut sorted = closed.to_vec();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(refuse(
            "closed markets".into(),
            "each market once",
            format!("place {} twice", pair[0]),
            "name it once",
        ));
    }
    if let Some(&k) = sorted.iter().chain([&exporter]).find(|&&k| k >= n) {
        return Err(refuse(
            "place".into(),
            "a place of the equilibrium",
            k.to_string(),
            "places count from 0",
        ));
    }
    if sorted.binary_search(&exporter).is_ok() {
        return Err(refuse(
            "closed markets".into(),
            "other places than the exporter",
            format!("place {exporter}"),
            "an exporter's own market cannot close to it",
        ));
    }
    Ok(sorted)
}
