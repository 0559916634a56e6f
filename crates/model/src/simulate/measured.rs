//! The outcomes a solved world is judged by, place by place, and their first-order changes.
//!
//! ```text
//! welfare_j   = (E'_j / E_j) (Y_j / Y'_j) A_hat_j (p_hat_j / P_hat_j)^(1 + psi)
//! real wage_j = A_hat_j p_hat_j / P_hat_j
//! Pi_hat_i    = ( p_hat_i^theta Y_hat_i )^(-1/theta)
//! the others  = counterfactual / baseline
//! ```

use serde::Serialize;

use super::baseline::Baseline;
use super::clearing::{Market, State, Tangent};
use super::one_sector::Equilibrium;

/// An outcome of each place, as counterfactual / baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As [`Equilibrium::welfare_hat`].
    Welfare,
    /// As [`Equilibrium::real_wage_hat`].
    RealWage,
    /// As [`Equilibrium::price_index_hat`].
    PriceIndex,
    /// As [`Equilibrium::exports_hat`].
    Exports,
    /// As [`Equilibrium::imports_hat`].
    Imports,
    /// As [`Equilibrium::domestic_sales_hat`].
    DomesticSales,
    /// As [`Equilibrium::output_hat`].
    Output,
    /// As [`Equilibrium::wage_hat`].
    Wage,
    /// As [`Equilibrium::expenditure_hat`].
    Expenditure,
    /// As [`Equilibrium::outward_resistance_hat`]; that inward is the price index.
    OutwardResistance,
}

/// How many there are.
pub(crate) const OUTCOMES: usize = Outcome::ALL.len();

impl Outcome {
    /// All of them, in the order of results.
    pub const ALL: [Self; 10] = [
        Self::Welfare,
        Self::RealWage,
        Self::PriceIndex,
        Self::Exports,
        Self::Imports,
        Self::DomesticSales,
        Self::Output,
        Self::Wage,
        Self::Expenditure,
        Self::OutwardResistance,
    ];

    /// The vector of this outcome in a solved world.
    #[must_use]
    pub fn of(self, world: &Equilibrium) -> &[f64] {
        match self {
            Self::Welfare => &world.welfare_hat,
            Self::RealWage => &world.real_wage_hat,
            Self::PriceIndex => &world.price_index_hat,
            Self::Exports => &world.exports_hat,
            Self::Imports => &world.imports_hat,
            Self::DomesticSales => &world.domestic_sales_hat,
            Self::Output => &world.output_hat,
            Self::Wage => &world.wage_hat,
            Self::Expenditure => &world.expenditure_hat,
            Self::OutwardResistance => &world.outward_resistance_hat,
        }
    }
}

/// The hats of [`Outcome::ALL`], NaN where the baseline is zero.
pub(crate) fn hats(
    base: &Baseline,
    psi: f64,
    theta: f64,
    ln_productivity: &[f64],
    s: &State,
) -> [Vec<f64>; OUTCOMES] {
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..base.n).map(f).collect() };
    let ratio = |new: f64, old: f64| if old == 0.0 { f64::NAN } else { new / old };
    let ln_real = |j: usize| s.x[j] - s.ln_price[j];
    let output = |j: usize| s.output[j] / base.output[j];
    // Against Y + D rather than the column sum, so that a clamped imbalance leaves a hat of one.
    let spending = |j: usize| s.expenditure[j] / (base.output[j] + base.deficit[j]);
    [
        each(&|j| {
            let real = (1.0 + psi) * ln_real(j) + ln_productivity[j];
            spending(j) / output(j) * real.exp()
        }),
        each(&|j| (ln_real(j) + ln_productivity[j]).exp()),
        each(&|j| s.ln_price[j].exp()),
        each(&|i| ratio(s.exports[i], base.exports[i])),
        each(&|j| ratio(s.imports[j], base.imports[j])),
        each(&|j| ratio(s.own_share[j] * s.expenditure[j], base.own[j])),
        each(&output),
        each(&|i| (s.x[i] + ln_productivity[i]).exp()),
        each(&spending),
        each(&|i| (-s.x[i] - output(i).ln() / theta).exp()),
    ]
}

/// The changes of the logarithms of [`hats`] along `t`, when log wages move by `dx` and theta by
/// `d_theta`.
pub(crate) fn ln_changes(
    market: &Market,
    s: &State,
    dx: &[f64],
    d_theta: f64,
    t: &Tangent,
) -> [Vec<f64>; OUTCOMES] {
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..market.n).map(f).collect() };
    let real = |j: usize| dx[j] - t.ln_price[j];
    [
        each(&|j| t.ln_expenditure[j] - t.ln_output[j] + (1.0 + market.psi) * real(j)),
        each(&real),
        t.ln_price.clone(),
        each(&|i| t.exports[i] / s.exports[i]),
        each(&|j| t.imports[j] / s.imports[j]),
        each(&|j| t.purchases[j] - t.weight[j]),
        t.ln_output.clone(),
        dx.to_vec(),
        t.ln_expenditure.clone(),
        each(&|i| {
            let by_theta = (s.output[i] / market.output[i]).ln() * d_theta / market.theta;
            -dx[i] - (t.ln_output[i] - by_theta) / market.theta
        }),
    ]
}
