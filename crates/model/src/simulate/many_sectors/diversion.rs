//! Where the exports lost in closed markets go when there are many sectors: third markets, home,
//! or nowhere, because the sector shrinks.

use serde::Serialize;

use super::equilibrium::ManySectorEquilibrium;
use crate::outcome::{InputError, Status};

/// Account of one exporter in one sector, or over all the sectors it lost sales in. Values are in
/// the unit of the flows at the counterfactual's prices; quantities are the same at the baseline's
/// (q_hat = M_hat / c_hat). Shares are NaN when nothing was lost.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorDiversion {
    /// j; `None` for the total over the sectors that lost sales.
    pub sector: Option<usize>,
    /// L: value lost in the closed markets.
    pub lost: f64,
    /// dM_in for each third market n; zero for the exporter and the closed markets.
    pub redirected: Vec<f64>,
    /// Sum of `redirected`.
    pub redirected_abroad: f64,
    /// dM_ii: sales that turned home.
    pub turned_home: f64,
    /// dY_i: output gained in value (negative: lost).
    /// lost = redirected_abroad + turned_home - output_change.
    pub output_change: f64,
    /// redirected_abroad / lost.
    pub value_share_abroad: f64,
    /// turned_home / lost.
    pub value_share_home: f64,
    /// -output_change / lost. The three value shares add up to one.
    pub value_share_destroyed: f64,
    /// Quantity lost in the closed markets, at baseline prices.
    pub quantity_lost: f64,
    /// Quantity sent to each third market and home, as a share of `quantity_lost`; zero in the
    /// closed ones. Together with `quantity_share_destroyed` they add up to one.
    pub quantity_shares: Vec<f64>,
    /// Sum of `quantity_shares` over third markets.
    pub quantity_share_abroad: f64,
    /// The exporter's own entry of `quantity_shares`.
    pub quantity_share_home: f64,
    /// Quantity no longer made, as a share of `quantity_lost`: labour left the sector.
    pub quantity_share_destroyed: f64,
}

/// Who replaces the exporter in one closed market and sector.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorFill {
    /// n, the market.
    pub market: usize,
    /// j.
    pub sector: usize,
    /// -dM_in, in the unit of the flows.
    pub lost: f64,
    /// dM of each seller / lost (the market's own producers at its own place); zero for the
    /// exporter. What is missing to one is bought no more.
    pub shares: Vec<f64>,
}

/// Account of one exporter that lost one or more markets, in some sectors or all.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorDiversion {
    /// i, the exporter.
    pub exporter: usize,
    /// The closed markets, ascending.
    pub closed: Vec<usize>,
    /// The sectors named, ascending.
    pub closed_sectors: Vec<usize>,
    /// Each of the sectors named, in the order of `closed_sectors`.
    pub sectors: Vec<SectorDiversion>,
    /// All of the sectors named together.
    pub total: SectorDiversion,
    /// Change of the exporter's foreign sales in all other sectors, in value.
    pub other_sectors_exports: f64,
    /// 1 - w_hat_i / P_hat_i: what the exporter's labour loses in buying power.
    pub price_loss: f64,
    /// Who replaces the exporter, by market and sector, where something was lost.
    pub fill: Vec<SectorFill>,
}

/// Splits the exports that `exporter` loses in the markets `closed` in `sectors`.
///
/// ```text
/// value:     dM_in^j = M'_in^j - M_in^j,  L^j = -sum_{n in closed} dM_in^j
///            L^j = sum_{third n} dM_in^j + dM_ii^j - dY_i^j
/// quantity:  dq_in^j = M'_in^j / c_hat_i^j - M_in^j,  rho_in^j = dq_in^j / ( -sum_{m in closed} dq_im^j )
///            sum_{n not closed} rho_in^j + destroyed^j = 1
/// fill:      phi_mn^j = dM_mn^j / ( -dM_in^j ),  n in closed
/// ```
///
/// # Notation
///
/// i `exporter`, j in `sectors`, M f.o.b. flows from the first place to the second, Y output, c_hat
/// the change of unit cost.
///
/// # Assumptions
///
/// The vocabulary is that of [`diversion`](crate::simulate::diversion::diversion). With one sector
/// and a fixed endowment nothing is destroyed in quantity; with several sectors labour moves, so
/// the sector that lost the market makes less of it. A third market can take less than before (a
/// negative share). Values depend on the numeraire (world value added), quantities do not.
///
/// # Errors
///
/// [`InputError`] when `world` has not converged; a place or a sector does not exist or is named
/// twice; the exporter is among the markets; no market or no sector is named.
///
/// # Source
///
/// The terms are those of Bown and Crowley (2007), "Trade deflection and trade depression".
pub fn many_sector_diversion(
    world: &ManySectorEquilibrium,
    exporter: usize,
    closed: &[usize],
    sectors: &[usize],
) -> Result<ManySectorDiversion, InputError> {
    let (closed, closed_sectors) = check(world, exporter, closed, sectors)?;
    let n = world.places;
    let parts: Vec<Flows> = closed_sectors.iter().map(|&j| Flows::of(world, exporter, j)).collect();
    let accounts = closed_sectors.iter().zip(&parts);
    let sectors: Vec<SectorDiversion> =
        accounts.map(|(&j, part)| account(Some(j), exporter, &closed, part)).collect();
    let total = account(None, exporter, &closed, &Flows::sum(n, &parts));
    let other_sectors_exports = (0..world.sectors)
        .filter(|j| closed_sectors.binary_search(j).is_err())
        .flat_map(|j| (0..n).filter(|&d| d != exporter).map(move |d| (j, d)))
        .map(|(j, d)| change(world, j, exporter, d))
        .sum();
    let mut fill = Vec::new();
    for &market in &closed {
        for &sector in &closed_sectors {
            let lost = -change(world, sector, exporter, market);
            if lost == 0.0 {
                continue;
            }
            let shares = (0..n)
                .map(|m| if m == exporter { 0.0 } else { change(world, sector, m, market) / lost })
                .collect();
            fill.push(SectorFill { market, sector, lost, shares });
        }
    }
    Ok(ManySectorDiversion {
        exporter,
        closed,
        closed_sectors,
        sectors,
        total,
        other_sectors_exports,
        price_loss: 1.0 - world.real_wage_hat[exporter],
        fill,
    })
}

fn change(world: &ManySectorEquilibrium, sector: usize, origin: usize, destination: usize) -> f64 {
    world.trade_after(sector, origin, destination) - world.trade_before(sector, origin, destination)
}

/// Changes of one seller's flows to every place, in value and in quantity at baseline prices.
struct Flows {
    value: Vec<f64>,
    quantity: Vec<f64>,
}

impl Flows {
    fn of(world: &ManySectorEquilibrium, exporter: usize, sector: usize) -> Self {
        let cost = world.cost_hat[exporter * world.sectors + sector];
        let quantity = |d: usize| {
            let before = world.trade_before(sector, exporter, d);
            let after = world.trade_after(sector, exporter, d);
            if after == 0.0 { -before } else { after / cost - before }
        };
        Self {
            value: (0..world.places).map(|d| change(world, sector, exporter, d)).collect(),
            quantity: (0..world.places).map(quantity).collect(),
        }
    }

    fn sum(n: usize, parts: &[Self]) -> Self {
        let over = |of: fn(&Self) -> &Vec<f64>| -> Vec<f64> {
            (0..n).map(|d| parts.iter().map(|p| of(p)[d]).sum()).collect()
        };
        Self { value: over(|p| &p.value), quantity: over(|p| &p.quantity) }
    }
}

fn account(
    sector: Option<usize>,
    exporter: usize,
    closed: &[usize],
    flows: &Flows,
) -> SectorDiversion {
    let n = flows.value.len();
    let third = |d: usize| d != exporter && closed.binary_search(&d).is_err();
    let part = |value: f64, whole: f64| if whole == 0.0 { f64::NAN } else { value / whole };
    let lost = -closed.iter().map(|&d| flows.value[d]).sum::<f64>();
    let redirected: Vec<f64> =
        (0..n).map(|d| if third(d) { flows.value[d] } else { 0.0 }).collect();
    let redirected_abroad: f64 = redirected.iter().sum();
    let turned_home = flows.value[exporter];
    let output_change: f64 = flows.value.iter().sum();
    let quantity_lost = -closed.iter().map(|&d| flows.quantity[d]).sum::<f64>();
    let quantity_shares: Vec<f64> = (0..n)
        .map(|d| {
            let open = third(d) || d == exporter;
            if open { part(flows.quantity[d], quantity_lost) } else { 0.0 }
        })
        .collect();
    let made: f64 = flows.quantity.iter().sum();
    SectorDiversion {
        sector,
        lost,
        redirected_abroad,
        turned_home,
        output_change,
        value_share_abroad: part(redirected_abroad, lost),
        value_share_home: part(turned_home, lost),
        value_share_destroyed: part(-output_change, lost),
        redirected,
        quantity_lost,
        quantity_share_abroad: (0..n).filter(|&d| third(d)).map(|d| quantity_shares[d]).sum(),
        quantity_share_home: quantity_shares[exporter],
        quantity_share_destroyed: part(-made, quantity_lost),
        quantity_shares,
    }
}

fn check(
    world: &ManySectorEquilibrium,
    exporter: usize,
    closed: &[usize],
    sectors: &[usize],
) -> Result<(Vec<usize>, Vec<usize>), InputError> {
    if world.status != Status::Converged {
        return Err(InputError::Setting {
            what: "equilibrium".into(),
            expected: "converged".into(),
            got: format!("{:?}", world.status),
            remedy: "read the notes of the equilibrium and solve it first".into(),
        });
    }
    let markets = named_once("place", "closed markets", closed, world.places)?;
    let sectors = named_once("sector", "closed sectors", sectors, world.sectors)?;
    named_once("place", "exporter", &[exporter], world.places)?;
    if markets.binary_search(&exporter).is_ok() {
        return Err(InputError::Setting {
            what: "closed markets".into(),
            expected: "other places than the exporter".into(),
            got: format!("place {exporter}"),
            remedy: "an exporter's own market cannot close to it".into(),
        });
    }
    Ok((markets, sectors))
}

fn named_once(
    kind: &str,
    what: &str,
    list: &[usize],
    count: usize,
) -> Result<Vec<usize>, InputError> {
    if list.is_empty() {
        return Err(InputError::Empty { what: what.into(), remedy: format!("name a {kind}") });
    }
    let refuse = |expected: String, got: String, remedy: String| {
        Err(InputError::Setting { what: what.into(), expected, got, remedy })
    };
    let mut sorted = list.to_vec();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let got = format!("{kind} {} twice", pair[0]);
        return refuse(format!("each {kind} once"), got, "name it once".into());
    }
    if let Some(&last) = sorted.last().filter(|&&last| last >= count) {
        let expected = format!("a {kind} of the equilibrium");
        return refuse(expected, last.to_string(), format!("{kind}s count from 0"));
    }
    Ok(sorted)
}
