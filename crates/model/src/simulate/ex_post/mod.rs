//! Where the exports lost in closed markets went, from records of two periods.
//!
//! ```text
//! lost            L_i   = sum_{j in M, k in K} ( X~_ij1^k - X_ij1^k )
//! redirected to j R_ij  = sum_{k in K} ( X_ij1^k - X~_ij1^k ),   j not in M;   at home j = i
//! destroyed       D_i   = L_i - sum_{j not in M} R_ij,   redirection share rho_i = 1 - D_i / L_i
//! fill            phi_mj = sum_{k in K} ( X_mj1^k - X~_mj1^k ) / sum_{k in K} ( X~_ij1^k - X_ij1^k )
//! identity        sum_j dX_ij = -L_i + sum_{j not in M} R_ij + sum_j ( X~_ij1 - X_ij0 )
//! ```
//!
//! | method | X~_ij1^k, the trade without the closure |
//! | --- | --- |
//! | naive | X_ij0^k |
//! | market share | X_ij0^k M_j1^{k,-i} / M_j0^{k,-i}, M^{-i} what j imports from everybody but i |
//! | ppml | exp(a_i1 + b_j1^k + m_ij^k), fitted without the cells that the closure touched |
//!
//! # Notation
//!
//! | symbol | field | meaning |
//! | --- | --- | --- |
//! | i, M | `exporter`, `closed` | the exporter and the markets closed to it |
//! | K | | the products that i sold in M in the base period |
//! | X_ijt^k | `records.value`, `.quantity` | sales of product k by i in j, period t = 0, 1 |
//! | p_iM0^k | `prices.base_price` | base unit value in the closed markets |
//! | delta_ij | `prices.discount` | 1 - (value in j) / (its quantity at p_iM0) |
//!
//! # Assumptions
//!
//! A pair of periods without a record in one of them is compared by no method: it is counted, never
//! taken as zero, unless absent records are declared to mean zero. A closed market without any pair
//! leaves the question without an answer. In the market-share and ppml methods the rivals of i are
//! measured against each other: the fill shares of one market then add up to about zero and say who
//! gained on whom.
//!
//! With effects a_it, a rise of i's sales alike in all markets is the exporter's own and no
//! redirection. What pins a_i1 down is the [`Yardstick`].
//!
//! # Cost
//!
//! Linear in the records, but for the fit of ppml.
//!
//! # Source
//!
//! The terms are those of Bown and Crowley (2007), "Trade deflection and trade depression". Market
//! shares: constant-market-share analysis. The fitted counterfactual follows Crozet and Hinz (2020),
//! "Friendly fire".

mod cells;
mod counterfactual;
mod fitted;
mod prices;

use serde::Serialize;

use self::cells::{Cell, Table, check_places};
use self::counterfactual::{Question, expected};
use self::prices::{in_quantities, prices};
use super::account::{Account, Approach, Split};
use super::diversion::Fill;
use crate::outcome::{InputError, Note, Status};

/// Sales by origin, destination, product and period; one entry per record, in any order.
#[derive(Debug, Clone, Copy)]
pub struct Records<'a> {
    /// N; places are 0 .. N.
    pub places: usize,
    /// Number of products; products are 0 .. that.
    pub products: usize,
    /// Who sells.
    pub origin: &'a [u32],
    /// Who buys; sales at home where it is the origin.
    pub destination: &'a [u32],
    /// Product.
    pub product: &'a [u32],
    /// Whether the record is of the period after the closure.
    pub after: &'a [bool],
    /// X, zero or more; NaN when it is not known.
    pub value: &'a [f64],
    /// Quantities, zero or more, one unit per product; NaN when not known.
    pub quantity: Option<&'a [f64]>,
}

/// Which of the exporter's own cells after the closure tell how it would have fared anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Yardstick {
    /// Products that it did not sell in the closed markets.
    OtherProducts,
    /// Its sales at home; what turned home is then unknown.
    OwnSales,
    /// Its other markets: what was lost, and where more than elsewhere was sold, is identified;
    /// how much was redirected altogether is not.
    ThirdMarkets,
}

/// How the trade without the closure is found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExPostOptions {
    /// The method; default [`Approach::Naive`], pure accounting. [`Approach::Model`] is refused.
    pub method: Approach,
    /// For ppml. Default `None`: other products where there are any, else own sales, else refused.
    pub yardstick: Option<Yardstick>,
    /// Whether a record that is not there means no trade. Default no: missing is not zero.
    pub absent_is_zero: bool,
    /// Tolerance of the fit of ppml; default 1e-9, that of the estimator.
    pub tolerance: f64,
}

impl Default for ExPostOptions {
    fn default() -> Self {
        Self {
            method: Approach::Naive,
            yardstick: None,
            absent_is_zero: false,
            tolerance: crate::estimate::Options::default().tolerance,
        }
    }
}

/// What happened to the sales of one exporter.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExPost {
    /// Lost, redirected, turned home, destroyed, and who replaced the exporter.
    pub account: Account,
    /// Converged; otherwise the numbers of the account are NaN. [`Status::NotIdentified`]: the sum
    /// over third markets has no meaning under this yardstick and is NaN.
    pub status: Status,
    /// What pinned the exporter's own development down.
    pub yardstick: Option<Yardstick>,
    /// For ppml, the largest relative gap between observed and fitted totals of an effect.
    pub fit_residual: Option<f64>,
    /// K, ascending.
    pub products: Vec<usize>,
    /// Cells of the exporter that were compared.
    pub compared: usize,
    /// sum_j dX_ij over the cells compared.
    pub observed_change: f64,
    /// sum_j ( X~_ij1 - X_ij0 ): what would have happened anyway.
    pub expected_change: f64,
    /// Gap of the identity, as a share of all flows in it: rounding.
    pub identity_gap: f64,
    /// Unit values, when quantities are given.
    pub prices: Option<Prices>,
    /// Cells and markets that could not be compared, and other remarks.
    pub notes: Vec<Note>,
}

/// Prices at which the exporter's goods found other buyers.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prices {
    /// p_iM0^k by product; NaN outside K and where no quantity is known.
    pub base_price: Vec<f64>,
    /// delta_ij by market, home included; NaN where nothing was sold with a known quantity.
    pub discount: Vec<f64>,
    /// The discount over all third markets.
    pub discount_abroad: f64,
    /// The part of `account.value.redirected` that is price: what is left when the quantity at
    /// p_iM0 is taken out.
    pub price_part: Vec<f64>,
}

/// Splits the exports that `exporter` lost in the markets `closed` between two periods.
///
/// The methods, notation and assumptions are in the [module's text](self).
///
/// # Errors
///
/// [`InputError`] for arrays of different length, places or products out of range, negative values,
/// two records for one cell, closed markets that do not exist, are named twice or are the exporter;
/// [`InputError::Undefined`] when the exporter sold nothing there in the base period, when a closed
/// market has no pair of records, and when ppml has no yardstick.
///
/// # Example
///
/// Place 0 loses 6 in place 1, sells 4 more in place 2 and 1 more at home; 1 is gone.
///
/// ```
/// use emporion_model::simulate::{ExPostOptions, Records, ex_post};
/// let records = Records {
///     places: 3,
///     products: 1,
///     origin: &[0, 0, 0, 0, 0, 0],
///     destination: &[0, 1, 2, 0, 1, 2],
///     product: &[0; 6],
///     after: &[false, false, false, true, true, true],
///     value: &[50.0, 10.0, 5.0, 51.0, 4.0, 9.0],
///     quantity: None,
/// };
/// let found = ex_post(&records, 0, &[1], &ExPostOptions::default()).unwrap();
/// let value = &found.account.value;
/// assert_eq!((value.lost, value.redirected[2], value.turned_home), (6.0, 4.0, Some(1.0)));
/// assert_eq!(value.destroyed, 1.0);
/// ```
pub fn ex_post(
    records: &Records<'_>,
    exporter: usize,
    closed: &[usize],
    options: &ExPostOptions,
) -> Result<ExPost, InputError> {
    let closed = check_places(records.places, exporter, closed)?;
    let table = Table::new(records, records.value, "value", options.absent_is_zero)?;
    let question = Question::new(&table, exporter, &closed, options)?;
    let value = expected(&table, &question)?;
    let mut notes = value.notes.clone();
    let ones = vec![1.0; records.products];
    let sums = Sums::new(&table, &question, &value.values, &ones);
    sums.closed_compared(&table, &question, value.status)?;
    sums.report(&table, &question, &mut notes);
    let mut status = value.status;
    let quantity = match records.quantity {
        Some(quantity) => {
            Some(in_quantities(records, quantity, &table, &question, &mut status, &mut notes)?)
        }
        None => None,
    };
    if question.yardstick == Some(Yardstick::ThirdMarkets) && status == Status::Converged {
        status = Status::NotIdentified;
    }
    let settle = |split: Split| match status {
        Status::NotIdentified => split.without_sum(),
        _ => split,
    };
    let fill = fill(&table, &question, &value.values);
    if question.method != Approach::Naive {
        notes.push(Note {
            code: "fill_is_relative",
            message: "rivals are measured against each other: fill shares say who gained on whom"
                .into(),
            count: fill.len(),
            rows: Vec::new(),
        });
    }
    let split = settle(sums.split(&question));
    let (quantity, prices) = match quantity {
        Some((of_quantity, base_price)) => {
            let in_quantity = settle(of_quantity.split(&question));
            let prices = prices(&question, &split, &in_quantity, &of_quantity, base_price);
            (Some(in_quantity), Some(prices))
        }
        None => (None, None),
    };
    Ok(ExPost {
        status,
        yardstick: question.yardstick,
        fit_residual: value.residual,
        products: (0..records.products).filter(|&k| question.products[k]).collect(),
        compared: sums.compared,
        observed_change: sums.observed,
        expected_change: sums.drift,
        identity_gap: sums.gap(exporter),
        account: Account {
            approach: question.method,
            exporter,
            value: split,
            quantity,
            fill,
            closed,
        },
        prices,
        notes,
    })
}

/// Sums over the cells of the exporter that can be compared.
#[derive(Debug)]
struct Sums {
    /// X_ij1 - X~_ij1 by market; NaN without a cell compared.
    change: Vec<f64>,
    /// Values in the period after, at prices of that period: only in the quantity account.
    paid: Vec<f64>,
    /// The same quantities at base prices.
    at_base: Vec<f64>,
    observed: f64,
    drift: f64,
    gross: f64,
    compared: usize,
    /// Cells with a record in one period only, and with both but no counterfactual.
    left_out: [Vec<usize>; 2],
}

impl Sums {
    /// Adds the cells of K up, each product times its weight.
    fn new(table: &Table, question: &Question<'_>, expected: &[f64], weights: &[f64]) -> Self {
        // Sales at home without a record are not at hand, whatever absent records mean abroad.
        let mut change = vec![if table.absent_is_zero { 0.0 } else { f64::NAN }; table.places];
        change[question.exporter] = f64::NAN;
        let mut sums = Self {
            change,
            paid: vec![0.0; table.places],
            at_base: vec![0.0; table.places],
            observed: 0.0,
            drift: 0.0,
            gross: 0.0,
            compared: 0,
            left_out: [Vec::new(), Vec::new()],
        };
        for (at, cell) in table.cells.iter().enumerate() {
            let weight = weights[cell.k];
            if !question.own(cell) || weight.is_nan() {
                continue;
            }
            let [before, after] = cell.x.map(|x| weight * x);
            let without = weight * expected[at];
            if !(before + after).is_finite() {
                sums.left_out[0].push(at);
            } else if !without.is_finite() {
                sums.left_out[1].push(at);
            } else {
                let old = sums.change[cell.j];
                sums.change[cell.j] = if old.is_nan() { 0.0 } else { old } + (after - without);
                sums.at_base[cell.j] += after;
                sums.observed += after - before;
                sums.drift += without - before;
                sums.gross += before + after + without;
                sums.compared += 1;
            }
        }
        sums
    }

    fn split(&self, question: &Question<'_>) -> Split {
        let i = question.exporter;
        let lost = -question.closed.iter().map(|&j| self.change[j]).sum::<f64>();
        let third = |j: usize| j != i && question.closed.binary_search(&j).is_err();
        let redirected =
            (0..self.change.len()).map(|j| if third(j) { self.change[j] } else { 0.0 }).collect();
        // Own sales that are the yardstick are taken as given.
        let known = question.yardstick != Some(Yardstick::OwnSales) && !self.change[i].is_nan();
        Split::new(i, lost, redirected, known.then_some(self.change[i]))
    }

    /// |sum dX - (-L + sum R + home + drift)| over all flows.
    fn gap(&self, exporter: usize) -> f64 {
        let known = |j: &usize| !self.change[*j].is_nan();
        let (home, abroad): (Vec<usize>, Vec<usize>) =
            (0..self.change.len()).filter(known).partition(|&j| j == exporter);
        let add = |places: &[usize]| places.iter().map(|&j| self.change[j]).sum::<f64>();
        let told = add(&abroad) + add(&home) + self.drift;
        if self.gross > 0.0 { (self.observed - told).abs() / self.gross } else { 0.0 }
    }

    /// Every closed market must have a cell that was compared.
    fn closed_compared(
        &self,
        table: &Table,
        question: &Question<'_>,
        status: Status,
    ) -> Result<(), InputError> {
        if status != Status::Converged {
            return Ok(());
        }
        let none = |j: &&usize| self.change[**j].is_nan();
        let without: Vec<String> =
            question.closed.iter().filter(none).map(|j| format!("place {j}")).collect();
        if without.is_empty() {
            return Ok(());
        }
        let known: f64 = self.left_out[0]
            .iter()
            .map(|&at| &table.cells[at])
            .filter(|cell| question.closed.contains(&cell.j) && self.change[cell.j].is_nan())
            .map(|cell| cell.x[0])
            .filter(|x| x.is_finite())
            .fold(0.0, |sum, x| sum + x);
        Err(InputError::Undefined {
            what: format!("what place {} lost in {}", question.exporter, without.join(", ")),
            reason: format!(
                "no product has a record of both periods there that this method can compare \
                 (base sales without a counterpart: {}); missing is not zero",
                six_digits(known)
            ),
            remedy: "add the records, leave the market out of the closed ones, or declare absent \
                     records to be zero"
                .into(),
        })
    }

    fn report(&self, table: &Table, question: &Question<'_>, notes: &mut Vec<Note>) {
        let texts = [
            ("one_period_only", "have a record in one period only"),
            ("no_counterfactual", "have no counterfactual by this method"),
        ];
        for ((code, text), cells) in texts.into_iter().zip(&self.left_out) {
            if cells.is_empty() {
                continue;
            }
            let add = |t: usize| -> f64 {
                let known = cells.iter().map(|&at| table.cells[at].x[t]).filter(|x| x.is_finite());
                known.fold(0.0, |sum, x| sum + x)
            };
            notes.push(Note {
                code,
                message: format!(
                    "{} cells of the exporter {text} and were left out: {} before, {} after",
                    cells.len(),
                    six_digits(add(0)),
                    six_digits(add(1))
                ),
                count: cells.len(),
                rows: Vec::new(),
            });
        }
        let unseen: Vec<usize> = (0..table.places)
            .filter(|&j| j != question.exporter && self.change[j].is_nan())
            .collect();
        if !unseen.is_empty() && !table.absent_is_zero {
            notes.push(Note {
                code: "markets_not_compared",
                message: format!(
                    "{} of {} markets have no pair of records: what went there is not known",
                    unseen.len(),
                    table.places - 1
                ),
                count: unseen.len(),
                rows: unseen,
            });
        }
    }
}

/// A figure for a sentence.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// phi_mj for each closed market.
fn fill(table: &Table, question: &Question<'_>, expected: &[f64]) -> Vec<Fill> {
    let one = |&market: &usize| {
        let mut change = vec![if table.absent_is_zero { 0.0 } else { f64::NAN }; table.places];
        let here = |(_, cell): &(usize, &Cell)| cell.j == market && question.products[cell.k];
        for (at, cell) in table.cells.iter().enumerate().filter(here) {
            let more = cell.x[1] - expected[at];
            if more.is_finite() && cell.x[0].is_finite() {
                let old = change[cell.i];
                change[cell.i] = if old.is_nan() { 0.0 } else { old } + more;
            }
        }
        let lost = -change[question.exporter];
        change[question.exporter] = 0.0;
        let share = |more: f64| if lost > 0.0 { more / lost } else { f64::NAN };
        let mut shares: Vec<f64> = change.into_iter().map(share).collect();
        shares[question.exporter] = 0.0;
        Fill { market, lost, shares }
    };
    question.closed.iter().map(one).collect()
}
