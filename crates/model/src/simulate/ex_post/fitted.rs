//! The trade without the closure by Poisson gravity on the cells that it did not touch.
//!
//! ```text
//! X_ijt^k  = exp(a_it + b_jt^k + m_ij^k)
//! X~_ij1^k = X_ij0^k exp(a_i1 - a_i0 + b_j1^k - b_j0^k)
//! ```
//!
//! The fit is on pairs with both periods: a single record is met by its own m and tells nothing. The
//! change of i and of (j, k) is identified when pairs of the fit join them; a fit can be connected
//! through records of one period alone and still leave it open.

use super::Yardstick;
use super::cells::{Cell, Table};
use super::counterfactual::{Expected, Question};
use crate::disjoint_sets::DisjointSets;
use crate::estimate::design::{Design, Factor};
use crate::estimate::recover::{RecoverOptions, recover};
use crate::estimate::{Options, ppml_fitted};
use crate::outcome::{InputError, Status};

pub(super) fn expected(table: &Table, question: &Question<'_>) -> Result<Expected, InputError> {
    let pairs: Vec<usize> = (0..table.cells.len())
        .filter(|&at| {
            let cell = &table.cells[at];
            let known = cell.x.iter().all(|x| x.is_finite());
            known && cell.x[0] + cell.x[1] > 0.0 && !touched(cell, question)
        })
        .collect();
    let design = design(table, &pairs);
    // An exporter's yardstick can be one pair, alone in its effects.
    let options =
        Options { keep_singletons: true, tolerance: question.tolerance, ..Options::default() };
    let fitted = ppml_fitted(&design, &options)?;
    let residual = adding_up(&design, &fitted.rows, &fitted.mu);
    let unknown = |status| Expected {
        values: vec![f64::NAN; table.cells.len()],
        status,
        residual: Some(residual),
        notes: fitted.fit.notes.clone(),
    };
    // The likelihood is concave: totals that are met prove the maximum, also where a fit without
    // degrees of freedom stops because no step improves it any more.
    let met = residual <= question.tolerance;
    if fitted.fit.status != Status::Converged && !met {
        return Ok(unknown(fitted.fit.status));
    }
    let recovered = recover(&design, &fitted, &RecoverOptions::default())?;
    if recovered.status != Status::Converged {
        return Ok(unknown(recovered.status));
    }
    let mut kept = vec![0; pairs.len()];
    fitted.rows.iter().for_each(|&row| kept[row / 2] += 1);
    let joined = Joined::new(
        table,
        pairs.iter().zip(kept).filter(|(_, periods)| *periods == 2).map(|(&at, _)| at),
    );
    let change = |effect: usize, level: usize| {
        let of = &recovered.effects[effect].values;
        of[2 * level + 1] - of[2 * level]
    };
    let mut values: Vec<f64> = table
        .cells
        .iter()
        .map(|cell| match cell.x[0] {
            // A pair that did not trade does not start to.
            0.0 => 0.0,
            x if joined.same(table, cell) => {
                x * (change(0, cell.i) + change(1, market(table, cell))).exp()
            }
            _ => f64::NAN,
        })
        .collect();
    for (&row, mean) in fitted.rows.iter().zip(&fitted.mu) {
        if row % 2 == 1 {
            values[pairs[row / 2]] = *mean;
        }
    }
    Ok(Expected { values, status: Status::Converged, residual: Some(residual), notes: Vec::new() })
}

/// The largest gap between observed and fitted totals of a level of an effect, as a share of the
/// larger of the two.
fn adding_up(design: &Design, rows: &[usize], mu: &[f64]) -> f64 {
    let mut largest = 0.0_f64;
    for effect in &design.effects {
        let mut totals = vec![[0.0; 2]; effect.levels];
        for (&row, mu) in rows.iter().zip(mu) {
            let total = &mut totals[effect.ids[row] as usize];
            *total = [total[0] + design.y[row], total[1] + mu];
        }
        for [observed, fitted] in totals.into_iter().filter(|t| t[0] > 0.0 || t[1] > 0.0) {
            largest = largest.max((observed - fitted).abs() / observed.max(fitted));
        }
    }
    largest
}

/// Whether the closure may have changed the cell after it.
fn touched(cell: &Cell, question: &Question<'_>) -> bool {
    cell.i == question.exporter
        && match question.yardstick {
            Some(Yardstick::OtherProducts) => question.products[cell.k],
            Some(Yardstick::OwnSales) => cell.j != question.exporter,
            _ => question.closed.binary_search(&cell.j).is_ok(),
        }
}

/// Two rows for each pair, before and after.
fn design(table: &Table, pairs: &[usize]) -> Design {
    let rows = || pairs.iter().flat_map(|&at| [0, 1].map(|t| (&table.cells[at], t)));
    let factor = |name: &str, levels: usize, ids: Vec<usize>| Factor {
        name: name.into(),
        ids: ids.into_iter().map(|id| id as u32).collect(),
        levels,
    };
    let origins = rows().map(|(cell, t)| 2 * cell.i + t).collect();
    let markets = rows().map(|(cell, t)| 2 * market(table, cell) + t).collect();
    Design {
        outcome: "sales".into(),
        y: rows().map(|(cell, t)| cell.x[t]).collect(),
        effects: vec![
            factor("origin^period", 2 * table.places, origins),
            factor("market^product^period", 2 * table.places * table.products, markets),
            factor("pair^product", pairs.len(), (0..2 * pairs.len()).map(|r| r / 2).collect()),
        ],
        ..Design::default()
    }
}

/// Origins and markets that are joined by pairs of the fit: the number of the set of each.
struct Joined(Vec<u32>);

impl Joined {
    fn new(table: &Table, pairs: impl Iterator<Item = usize>) -> Self {
        let mut sets = DisjointSets::new(table.places * (1 + table.products));
        for cell in pairs.map(|at| &table.cells[at]) {
            sets.join(cell.i, table.places + market(table, cell));
        }
        Self(sets.numbered().0)
    }

    fn same(&self, table: &Table, cell: &Cell) -> bool {
        self.0[cell.i] == self.0[table.places + market(table, cell)]
    }
}

fn market(table: &Table, cell: &Cell) -> usize {
    cell.j * table.products + cell.k
}
