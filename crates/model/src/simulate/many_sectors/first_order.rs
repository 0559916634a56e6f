//! Welfare to the first order, split by cause, partner and sector.

use serde::Serialize;

use super::market::State;
use super::shock::SectorShocks;
use super::world::SectorWorld;

/// The change of ln welfare to the first order at baseline weights.
///
/// ```text
/// terms of trade_n  = (1/I_n) sum_{j,i} [ M_ni^j d ln c_n^j - M_in^j d ln c_i^j ]
/// volume of trade_n = (1/I_n) sum_{j,i} t_in^j M_in^j [ d ln M_in^j - d ln c_i^j ]
/// technical_n       = (1/I_n) sum_j [ Y_n^j d ln A_n^j - sum_i (1 + t_in^j) M_in^j d ln d_in^j ]
/// ```
///
/// # Notation
///
/// M_in sales of i to n at the baseline, d the finite log change of the solved equilibrium, c cost
/// net of productivity. Own trade has no terms. Entry n of a place; `partner` arrays are N × N,
/// `[n * N + i]` what place n owes to partner i (itself for productivity); `sector` arrays are
/// J × N.
///
/// # Assumptions
///
/// An approximation: its error is of the second order in the shock, and can be larger than the
/// effect. With deficits kept nothing is lost. [`SectorEquilibrium::welfare_hat`] is the exact
/// change.
///
/// # Source
///
/// Caliendo and Parro (2015), equation 16 and Table 2; the technical part follows from the same
/// derivation with iceberg costs and productivity.
///
/// [`SectorEquilibrium::welfare_hat`]: super::SectorEquilibrium::welfare_hat
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirstOrder {
    /// Terms of trade, N.
    pub terms_of_trade: Vec<f64>,
    /// Volume of trade, N.
    pub volume_of_trade: Vec<f64>,
    /// Technical part, N.
    pub technical: Vec<f64>,
    /// Sum of the three, N: "welfare" in Table 2 of the paper.
    pub total: Vec<f64>,
    /// Terms of trade by partner.
    pub terms_by_partner: Vec<f64>,
    /// Volume of trade by partner.
    pub volume_by_partner: Vec<f64>,
    /// Technical part by partner.
    pub technical_by_partner: Vec<f64>,
    /// Terms of trade by sector.
    pub terms_by_sector: Vec<f64>,
    /// Volume of trade by sector.
    pub volume_by_sector: Vec<f64>,
    /// Technical part by sector.
    pub technical_by_sector: Vec<f64>,
}

impl FirstOrder {
    pub(super) fn of(
        world: &SectorWorld,
        shocks: &SectorShocks,
        old: &State,
        new: &State,
    ) -> Self {
        let (n, sectors) = (world.n, world.sectors);
        let mut terms = Split::new(n, sectors);
        let mut volume = Split::new(n, sectors);
        let mut technical = Split::new(n, sectors);
        for (at, (&before, &after)) in old.trade.iter().zip(&new.trade).enumerate() {
            let (j, i, m) = (at / (n * n), at / n % n, at % n);
            if i == m {
                let gain = old.output[j * n + i] * shocks.productivity[j * n + i];
                technical.add(j, i, i, gain / old.income[i]);
                continue;
            }
            if before == 0.0 {
                continue;
            }
            let cost = new.cost[j * n + i];
            terms.add(j, i, m, before * cost / old.income[i]);
            terms.add(j, m, i, -before * cost / old.income[m]);
            let duty = world.tariff[at] * before;
            volume.add(j, m, i, duty * ((after / before).ln() - cost) / old.income[m]);
            technical.add(j, m, i, -(before + duty) * shocks.cost[at] / old.income[m]);
        }
        let total = (0..n)
            .map(|k| terms.place[k] + volume.place[k] + technical.place[k])
            .collect();
        Self {
            total,
            terms_of_trade: terms.place,
            volume_of_trade: volume.place,
            technical: technical.place,
            terms_by_partner: terms.partner,
            volume_by_partner: volume.partner,
            technical_by_partner: technical.partner,
            terms_by_sector: terms.sector,
            volume_by_sector: volume.sector,
            technical_by_sector: technical.sector,
        }
    }
}

/// One cause, added up three ways.
struct Split {
    n: usize,
    place: Vec<f64>,
    partner: Vec<f64>,
    sector: Vec<f64>,
}

impl Split {
    fn new(n: usize, sectors: usize) -> Self {
        Self { n, place: vec![0.0; n], partner: vec![0.0; n * n], sector: vec![0.0; sectors * n] }
    }

    fn add(&mut self, sector: usize, place: usize, partner: usize, value: f64) {
        self.place[place] += value;
        self.partner[place * self.n + partner] += value;
        self.sector[sector * self.n + place] += value;
    }
}
