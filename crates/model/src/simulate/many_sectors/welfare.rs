//! The first-order change of welfare, split into terms of trade, volume of trade, technology and
//! transfers.

use serde::Serialize;

/// The split, place by place, and by partner and sector where it comes from a flow.
///
/// ```text
/// terms_of_trade_ni^j  = ( M_in^j dc_n^j - M_ni^j dc_i^j ) / I_n
/// volume_of_trade_ni^j = t_ni^j M_ni^j ( dM_ni^j - dc_i^j ) / I_n
/// technical_ni^j       = - (1 + t_ni^j) M_ni^j dd_ni^j / I_n,   and + Y_n^j dA_n^j / I_n at i = n
/// transfer_n           = ( D'_n - D_n ) / I_n
/// welfare_n            = their sum;   dz = z_hat - 1 throughout
/// ```
///
/// # Notation
///
/// M f.o.b. flows, c the unit cost net of productivity, d the iceberg cost, t the tariff, A
/// productivity, I income, all at the baseline; n the place, i its partner, j the sector. Arrays by
/// flow are `(sector × N + place) × N + partner`.
///
/// # Assumptions
///
/// A linear approximation around the baseline, evaluated at whole changes: it is what Table 2 of
/// Caliendo and Parro (2015) prints as welfare, and it is *not* the change of real income I/P of
/// the model, which is `welfare_exact_hat` of the equilibrium; with large shocks the two differ
/// much. A market that closes has no first-order cost: where it had trade, the technical part and
/// the sum are NaN.
///
/// # Source
///
/// Caliendo and Parro (2015), equation 17; the technical part follows from the same derivation.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirstOrder {
    /// Sum over partners and sectors, as a share of income.
    pub terms_of_trade: Vec<f64>,
    /// Sum over partners and sectors, as a share of income.
    pub volume_of_trade: Vec<f64>,
    /// Sum over partners and sectors, as a share of income.
    pub technical: Vec<f64>,
    /// Change of the deficit, as a share of income.
    pub transfer: Vec<f64>,
    /// Sum of the four: the first-order change of welfare.
    pub welfare: Vec<f64>,
    /// By `(sector × N + place) × N + partner`.
    pub terms_of_trade_by_flow: Vec<f64>,
    /// By `(sector × N + place) × N + partner`.
    pub volume_of_trade_by_flow: Vec<f64>,
    /// By `(sector × N + place) × N + partner`; productivity at the place itself.
    pub technical_by_flow: Vec<f64>,
}

/// What the split needs; arrays by flow `(sector × N + place) × N + partner`, by sector
/// `sector × N + place`.
pub(super) struct Change<'a> {
    pub n: usize,
    /// M_ni^j before and after.
    pub before: &'a [f64],
    pub after: &'a [f64],
    /// t_ni^j before.
    pub tariff: &'a [f64],
    /// ln d_hat_ni^j.
    pub ln_cost: &'a [f64],
    /// c_hat_n^j.
    pub cost_hat: &'a [f64],
    /// ln A_hat_n^j.
    pub ln_productivity: &'a [f64],
    /// Y_n^j before.
    pub output: &'a [f64],
    /// I_n before.
    pub income: &'a [f64],
    /// D'_n - D_n.
    pub transfer: &'a [f64],
}

pub(super) fn first_order(change: &Change) -> FirstOrder {
    let n = change.n;
    let cells = change.before.len();
    let mut terms = vec![0.0; cells];
    let mut volume = vec![0.0; cells];
    let mut technical = vec![0.0; cells];
    for cell in 0..cells {
        let (row, i) = (cell / n, cell % n);
        let (j, p) = (row / n, row % n);
        let income = change.income[p];
        if i == p {
            let better = change.ln_productivity[row].exp_m1();
            technical[cell] = change.output[row] * better / income;
            continue;
        }
        let (bought, sold) = (change.before[cell], change.before[(j * n + i) * n + p]);
        let own = change.cost_hat[row] - 1.0;
        let partner = change.cost_hat[j * n + i] - 1.0;
        // Zero trade may come with a cost that is not defined.
        let part = |value: f64, times: f64| if value == 0.0 { 0.0 } else { value * times };
        terms[cell] = (part(sold, own) - part(bought, partner)) / income;
        if bought > 0.0 {
            let grown = change.after[cell] / bought - 1.0;
            volume[cell] = part(change.tariff[cell] * bought, grown - partner) / income;
            let dearer = change.ln_cost[cell].exp_m1();
            let dearer = if dearer.is_infinite() { f64::NAN } else { dearer };
            technical[cell] = part(-(1.0 + change.tariff[cell]) * bought, dearer) / income;
        }
    }
    let total = |by_flow: &[f64]| -> Vec<f64> {
        let mut sum = vec![0.0; n];
        by_flow.iter().enumerate().for_each(|(cell, v)| sum[cell / n % n] += v);
        sum
    };
    let (terms_of_trade, volume_of_trade) = (total(&terms), total(&volume));
    let all_technical = total(&technical);
    let transfer: Vec<f64> =
        change.transfer.iter().zip(change.income).map(|(d, income)| d / income).collect();
    let welfare = (0..n)
        .map(|p| terms_of_trade[p] + volume_of_trade[p] + all_technical[p] + transfer[p])
        .collect();
    FirstOrder {
        terms_of_trade,
        volume_of_trade,
        technical: all_technical,
        transfer,
        welfare,
        terms_of_trade_by_flow: terms,
        volume_of_trade_by_flow: volume,
        technical_by_flow: technical,
    }
}
