//! One account of lost exports for models and for records: lost in the closed markets, redirected to
//! third markets, turned home, destroyed; and who replaces the exporter.

use serde::Serialize;

use super::diversion::{Diversion, Fill};

/// How the trade without the closure was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Approach {
    /// Before the event: a general-equilibrium model.
    Model,
    /// After it: as in the base period.
    Naive,
    /// After it: the exporter keeps its share of what each market buys from others.
    MarketShare,
    /// After it: gravity fitted on the cells that the closure did not touch.
    Ppml,
}

/// Where lost sales went, counted in one unit. Shares are NaN when nothing was lost, that is
/// when `lost` is not above zero.
///
/// ```text
/// lost = redirected_abroad + turned_home + destroyed,   shares: 1 = abroad + home + destroyed
/// ```
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Split {
    /// L_i, lost in the closed markets.
    pub lost: f64,
    /// R_ij for each third market j; zero for the exporter and the closed markets, NaN where it is
    /// not known.
    pub redirected: Vec<f64>,
    /// Sum of the known `redirected`.
    pub redirected_abroad: f64,
    /// Additional sales at home; `None` when sales at home are not at hand.
    pub turned_home: Option<f64>,
    /// What turned up nowhere: negative when more was found than lost.
    pub destroyed: f64,
    /// `redirected` and, at the exporter's own position, `turned_home`, each over `lost`.
    pub shares: Vec<f64>,
    /// `redirected_abroad` / `lost`.
    pub share_abroad: f64,
    /// `turned_home` / `lost`.
    pub share_home: Option<f64>,
    /// `destroyed` / `lost`, that is 1 less the redirection share.
    pub share_destroyed: f64,
}

impl Split {
    /// The account of `exporter` from what was lost and what turned up where.
    pub fn new(exporter: usize, lost: f64, redirected: Vec<f64>, turned_home: Option<f64>) -> Self {
        let redirected_abroad: f64 = redirected.iter().filter(|r| !r.is_nan()).sum();
        let destroyed = lost - redirected_abroad - turned_home.unwrap_or(0.0);
        let share = |value: f64| if lost > 0.0 { value / lost } else { f64::NAN };
        let mut shares: Vec<f64> = redirected.iter().map(|&r| share(r)).collect();
        shares[exporter] = turned_home.map_or(0.0, share);
        Self {
            lost,
            redirected_abroad,
            turned_home,
            destroyed,
            share_abroad: share(redirected_abroad),
            share_home: turned_home.map(share),
            share_destroyed: share(destroyed),
            shares,
            redirected,
        }
    }

    /// The same without what rests on the sum over third markets, where that is not identified.
    pub(super) fn without_sum(self) -> Self {
        Self {
            redirected_abroad: f64::NAN,
            turned_home: None,
            destroyed: f64::NAN,
            share_abroad: f64::NAN,
            share_home: None,
            share_destroyed: f64::NAN,
            ..self
        }
    }
}

/// Account of one exporter that lost one or more markets, by whatever [`Approach`].
///
/// # Assumptions
///
/// In the model a quantity is a share of the exporter's fixed output, so nothing is destroyed in
/// quantities and the income lost is what is destroyed in values. In records a quantity is valued at
/// the base period's unit values in the closed markets; without quantities there is only the value.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Account {
    /// How the trade without the closure was found.
    pub approach: Approach,
    /// i, the exporter.
    pub exporter: usize,
    /// M, the closed markets, ascending.
    pub closed: Vec<usize>,
    /// In the unit of the flows.
    pub value: Split,
    /// In quantities.
    pub quantity: Option<Split>,
    /// For each closed market, who replaces the exporter there, in values.
    pub fill: Vec<Fill>,
}

impl Account {
    /// Quantities where they are known, else values: the shares to put first.
    pub fn headline(&self) -> &Split {
        self.quantity.as_ref().unwrap_or(&self.value)
    }
}

impl From<&Diversion> for Account {
    fn from(model: &Diversion) -> Self {
        let i = model.exporter;
        let value = Split::new(i, model.lost, model.redirected.clone(), Some(model.turned_home));
        let sent = |j: usize| model.quantity_shares[j] * model.quantity_lost;
        let third = |j: usize| if j == i { 0.0 } else { sent(j) };
        let to = (0..model.quantity_shares.len()).map(third).collect();
        let quantity = Split::new(i, model.quantity_lost, to, Some(sent(i)));
        Self {
            approach: Approach::Model,
            exporter: i,
            closed: model.closed.clone(),
            value,
            quantity: Some(quantity),
            fill: model.fill.clone(),
        }
    }
}
