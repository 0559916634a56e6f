//! The trade without the closure, cell by cell.

use super::cells::{Cell, Table};
use super::fitted;
use super::{ExPostOptions, Yardstick};
use crate::outcome::{InputError, Note, Status};
use crate::simulate::account::Approach;

/// Who lost which markets, in which products, and how to find what would have been.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub exporter: usize,
    pub closed: &'a [usize],
    /// K, by product.
    pub products: Vec<bool>,
    pub method: Approach,
    pub yardstick: Option<Yardstick>,
    pub tolerance: f64,
}

impl<'a> Question<'a> {
    pub fn new(
        values: &Table,
        exporter: usize,
        closed: &'a [usize],
        options: &ExPostOptions,
    ) -> Result<Self, InputError> {
        let mut products = vec![false; values.products];
        for cell in &values.cells {
            if cell.i == exporter && closed.binary_search(&cell.j).is_ok() && cell.x[0] > 0.0 {
                products[cell.k] = true;
            }
        }
        if !products.contains(&true) {
            let places: Vec<String> = closed.iter().map(|j| format!("place {j}")).collect();
            return Err(InputError::Undefined {
                what: "a loss in closed markets".into(),
                reason: format!(
                    "place {exporter} has no sales in {} in the base period",
                    places.join(", ")
                ),
                remedy: "name markets in which it sold, or another base period".into(),
            });
        }
        let mut question = Self {
            exporter,
            closed,
            products,
            method: options.method,
            yardstick: None,
            tolerance: options.tolerance,
        };
        match options.method {
            Approach::Ppml => {
                question.yardstick = Some(question.choose(values, options.yardstick)?);
            }
            Approach::Model => {
                return Err(InputError::Setting {
                    what: "method".into(),
                    expected: "naive, market_share or ppml".into(),
                    got: "model".into(),
                    remedy: "solve the model and take Account::from of its diversion".into(),
                });
            }
            _ => {}
        }
        Ok(question)
    }

    /// Whether a cell belongs to the exporter's account.
    pub fn own(&self, cell: &Cell) -> bool {
        cell.i == self.exporter && self.products[cell.k]
    }

    fn choose(&self, values: &Table, wish: Option<Yardstick>) -> Result<Yardstick, InputError> {
        let i = self.exporter;
        let seen = |cell: &&Cell| cell.i == i && cell.x.iter().all(|x| *x > 0.0);
        let mut pairs = values.cells.iter().filter(seen);
        let others = pairs.clone().any(|cell| !self.products[cell.k]);
        let home = pairs.any(|cell| cell.j == i);
        match wish {
            Some(Yardstick::ThirdMarkets) => Ok(Yardstick::ThirdMarkets),
            None | Some(Yardstick::OtherProducts) if others => Ok(Yardstick::OtherProducts),
            None | Some(Yardstick::OwnSales) if home => Ok(Yardstick::OwnSales),
            _ => {
                let reason = match wish {
                    Some(Yardstick::OtherProducts) => format!(
                        "place {i} sold no product in both periods that it did not sell in the \
                         closed markets"
                    ),
                    Some(_) => format!("place {i} has no sales to itself in both periods"),
                    None => format!(
                        "place {i} has neither sales to itself in both periods nor products that \
                         it did not sell in the closed markets, and a rise of its sales alike in \
                         all other markets is its own effect"
                    ),
                };
                Err(InputError::Undefined {
                    what: "redirection by ppml".into(),
                    reason,
                    remedy: "add own sales or products, take the yardstick third_markets for the \
                             loss alone, or the methods naive and market_share"
                        .into(),
                })
            }
        }
    }
}

/// X~ for each cell of the exporter and of the closed markets; NaN where there is none.
#[derive(Debug)]
pub(super) struct Expected {
    pub values: Vec<f64>,
    pub status: Status,
    /// How far fitted totals are from observed ones.
    pub residual: Option<f64>,
    pub notes: Vec<Note>,
}

pub(super) fn expected(table: &Table, question: &Question<'_>) -> Result<Expected, InputError> {
    let plain =
        |values| Expected { values, status: Status::Converged, residual: None, notes: Vec::new() };
    match question.method {
        Approach::MarketShare => Ok(plain(market_share(table, question))),
        Approach::Ppml => fitted::expected(table, question),
        _ => Ok(plain(table.cells.iter().map(|cell| cell.x[0]).collect())),
    }
}

/// X_0 times the growth of what the market imports from everybody but the exporter, over suppliers
/// that have a record of both periods.
fn market_share(table: &Table, question: &Question<'_>) -> Vec<f64> {
    let at = |cell: &Cell| cell.j * table.products + cell.k;
    let mut imports = vec![[0.0; 2]; table.places * table.products];
    for cell in &table.cells {
        let rival = cell.i != question.exporter && cell.i != cell.j;
        if rival && cell.x.iter().all(|x| x.is_finite()) {
            let sum = &mut imports[at(cell)];
            sum.iter_mut().zip(cell.x).for_each(|(sum, x)| *sum += x);
        }
    }
    let without = |cell: &Cell| {
        let [before, after] = imports[at(cell)];
        match cell.x[0] {
            0.0 => 0.0,
            x if before > 0.0 => x * (after / before),
            _ => f64::NAN,
        }
    };
    table.cells.iter().map(without).collect()
}
