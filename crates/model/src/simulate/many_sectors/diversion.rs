//! Where the exports lost in closed markets go when there are many sectors.

use serde::Serialize;

use super::equilibrium::SectorEquilibrium;
use crate::outcome::{InputError, Status};

/// Account of one exporter that lost markets in some or all sectors. Shares are NaN when nothing
/// was lost.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorDiversion {
    /// i, the exporter.
    pub exporter: usize,
    /// M, the closed markets, ascending.
    pub closed: Vec<usize>,
    /// K, the sectors of the account, ascending.
    pub sectors: Vec<usize>,
    /// Value lost: -sum of dM_ij^k over M and K, in the unit of the sales.
    pub lost: f64,
    /// Change of the value sold to each third market; zero for the exporter and the closed markets.
    pub redirected: Vec<f64>,
    /// Sum of `redirected`.
    pub redirected_abroad: f64,
    /// Change of the value sold at home.
    pub turned_home: f64,
    /// Change of the value made. lost = redirected_abroad + turned_home - output_change.
    pub output_change: f64,
    /// Quantity, at baseline prices, that each third market and home take of each unit lost.
    pub quantity_shares: Vec<f64>,
    /// Sum of `quantity_shares` over third markets.
    pub quantity_share_abroad: f64,
    /// The share that turned home.
    pub quantity_share_home: f64,
    /// The share that is not made any more: workers and inputs went elsewhere. Abroad, home and
    /// destroyed add up to one.
    pub quantity_share_destroyed: f64,
    /// Quantity shares of each sector of the account (abroad, home, destroyed), NaN where a sector
    /// lost nothing.
    pub by_sector: Vec<[f64; 3]>,
    /// For each closed market, who replaces the exporter there, by value.
    pub fill: Vec<SectorFill>,
}

/// Who replaces the exporter in one market.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorFill {
    /// j, the market.
    pub market: usize,
    /// Value the exporter lost there.
    pub lost: f64,
    /// Change of the value sold there by each seller, over `lost`; zero for the exporter.
    pub shares: Vec<f64>,
}

/// Splits what `exporter` loses in the markets `closed` in `sectors` (all when empty).
///
/// ```text
/// quantity:  q_ij^k = M_ij^k / c_i^k,   dq = M' / c_hat - M
///            -sum_{j in M} dq_ij = sum_{j not in M, j≠i} dq_ij + dq_ii - d(sum_j q_ij)
/// value:     -sum_{j in M} dM_ij = sum_{j not in M, j≠i} dM_ij + dM_ii - dY_i
/// ```
///
/// # Notation
///
/// M `closed`, i `exporter`, k sectors; sums over k where none is named. c is the price at the
/// factory, so q is a quantity whatever the numeraire, in units worth one at the baseline.
///
/// # Assumptions
///
/// Unlike in one sector, output of a sector can shrink: that part is called destroyed. Goods of
/// sectors outside K count nowhere.
///
/// # Errors
///
/// [`InputError`] when the world has not converged, a place or sector does not exist or is named
/// twice, the exporter is among the markets, or no market is named.
pub fn sector_diversion(
    world: &SectorEquilibrium,
    exporter: usize,
    closed: &[usize],
    sectors: &[usize],
) -> Result<SectorDiversion, InputError> {
    let n = world.n;
    if world.status != Status::Converged {
        return Err(setting(
            "equilibrium",
            "converged",
            format!("{:?}", world.status),
            "read the notes of the equilibrium and solve it first",
        ));
    }
    let closed = listed("closed markets", closed, n)?;
    if closed.is_empty() {
        return Err(InputError::Empty {
            what: "closed markets".into(),
            remedy: "name at least one market".into(),
        });
    }
    if exporter >= n || closed.contains(&exporter) {
        return Err(setting(
            "exporter",
            "a place of the world, not among the closed markets",
            format!("place {exporter}"),
            "an exporter's own market cannot close to it",
        ));
    }
    let sectors = if sectors.is_empty() {
        (0..world.sectors).collect()
    } else {
        listed("sectors", sectors, world.sectors)?
    };
    let part = |value: f64, whole: f64| if whole == 0.0 { f64::NAN } else { value / whole };
    let at = |k: usize, i: usize, j: usize| (k * n + i) * n + j;
    let value = |i: usize, j: usize| -> f64 {
        sectors.iter().map(|&k| world.trade[at(k, i, j)] - world.baseline_trade[at(k, i, j)]).sum()
    };
    let quantity = |k: usize, j: usize| {
        let price = world.sector_cost_hat[k * n + exporter];
        world.trade[at(k, exporter, j)] / price - world.baseline_trade[at(k, exporter, j)]
    };
    let third = |j: usize| j != exporter && closed.binary_search(&j).is_err();

    let quantities: Vec<f64> =
        (0..n).map(|j| sectors.iter().map(|&k| quantity(k, j)).sum()).collect();
    let quantity_lost = -closed.iter().map(|&j| quantities[j]).sum::<f64>();
    let made: f64 = quantities.iter().sum();
    let quantity_shares: Vec<f64> = (0..n)
        .map(|j| if third(j) || j == exporter { part(quantities[j], quantity_lost) } else { 0.0 })
        .collect();
    let by_sector = sectors
        .iter()
        .map(|&k| {
            let lost = -closed.iter().map(|&j| quantity(k, j)).sum::<f64>();
            let abroad: f64 = (0..n).filter(|&j| third(j)).map(|j| quantity(k, j)).sum();
            let all: f64 = (0..n).map(|j| quantity(k, j)).sum();
            [part(abroad, lost), part(quantity(k, exporter), lost), part(-all, lost)]
        })
        .collect();
    let redirected: Vec<f64> =
        (0..n).map(|j| if third(j) { value(exporter, j) } else { 0.0 }).collect();
    let fill = closed
        .iter()
        .map(|&j| {
            let lost = -value(exporter, j);
            let share = |m: usize| if m == exporter { 0.0 } else { part(value(m, j), lost) };
            SectorFill { market: j, lost, shares: (0..n).map(share).collect() }
        })
        .collect();
    Ok(SectorDiversion {
        exporter,
        lost: -closed.iter().map(|&j| value(exporter, j)).sum::<f64>(),
        redirected_abroad: redirected.iter().sum(),
        redirected,
        turned_home: value(exporter, exporter),
        output_change: (0..n).map(|j| value(exporter, j)).sum(),
        quantity_share_abroad: (0..n).filter(|&j| third(j)).map(|j| quantity_shares[j]).sum(),
        quantity_share_home: quantity_shares[exporter],
        quantity_share_destroyed: part(-made, quantity_lost),
        quantity_shares,
        by_sector,
        fill,
        closed,
        sectors,
    })
}

/// Sorted, each once, below `n`.
fn listed(what: &str, list: &[usize], n: usize) -> Result<Vec<usize>, InputError> {
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(setting(what, "each once", format!("{} twice", pair[0]), "name it once"));
    }
    match sorted.iter().find(|&&k| k >= n) {
        Some(k) => Err(setting(what, "those of the world", k.to_string(), "they count from 0")),
        None => Ok(sorted),
    }
}

fn setting(what: &str, expected: &str, got: String, remedy: &str) -> InputError {
    InputError::Setting { what: what.into(), expected: expected.into(), got, remedy: remedy.into() }
}
