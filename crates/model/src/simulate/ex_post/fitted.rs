//! The trade without the closure by Poisson gravity on the cells that it did not touch.
//!
//! ```text
//! X_ijt^k = exp(a_it + b_jt^k + m_ij^k)
//! X~_ij1^k = X_ij0^k exp(da_i + db_j^k) where the pair's own later record is left out
//! ```
//!
//! da_i + db_j^k is identified when i and (j, k) are joined by cells whose two records are both in
//! the fit; a fit can be connected through records of one period alone and still leave it open.

use super::Yardstick;
use super::cells::{Cell, Table};
use super::counterfactual::{Expected, Question};
use crate::estimate::design::{Design, Factor};
use crate::estimate::predict::predict;
use crate::estimate::recover::{RecoverOptions, recover};
use crate::estimate::{Options, ppml_fitted};
use crate::outcome::{InputError, Status};

/// The rows of the fit: a cell and a period each.
type Rows = Vec<(usize, usize)>;

pub(super) fn expected(table: &Table, question: &Question<'_>) -> Result<Expected, InputError> {
    let mut rows: Rows = Vec::new();
    for (at, cell) in table.cells.iter().enumerate() {
        for t in 0..2 {
            if cell.x[t].is_finite() && !(t == 1 && touched(cell, question)) {
                rows.push((at, t));
            }
        }
    }
    let design = design(table, &rows);
    // A pair left with one record is what is predicted: it stays.
    let options =
        Options { keep_singletons: true, tolerance: question.tolerance, ..Options::default() };
    let fitted = ppml_fitted(&design, &options)?;
    let unknown = |status| Expected {
        values: vec![f64::NAN; table.cells.len()],
        status,
        notes: fitted.fit.notes.clone(),
    };
    if fitted.fit.status != Status::Converged {
        return Ok(unknown(fitted.fit.status));
    }
    let recovered = recover(&design, &fitted, &RecoverOptions::default())?;
    if recovered.status != Status::Converged {
        return Ok(unknown(recovered.status));
    }
    let asked: Rows = (0..table.cells.len())
        .filter(|&at| {
            let cell = &table.cells[at];
            cell.i == question.exporter || question.closed.binary_search(&cell.j).is_ok()
        })
        .map(|at| (at, 1))
        .collect();
    let predicted = predict(&fitted, &recovered, &self::design(table, &asked))?;
    let joined = Joined::new(table, &rows, &fitted.rows);
    let mut values = vec![f64::NAN; table.cells.len()];
    for (&(at, _), mean) in asked.iter().zip(predicted.mean) {
        let cell = &table.cells[at];
        let touched = touched(cell, question);
        // A pair that did not trade does not start to.
        if cell.x[0] == 0.0 && (touched || cell.x[1] == 0.0) {
            values[at] = 0.0;
        } else if joined.same(table, cell) && (mean > 0.0 || !touched) {
            values[at] = mean;
        }
    }
    Ok(Expected { values, status: Status::Converged, notes: Vec::new() })
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

fn design(table: &Table, rows: &[(usize, usize)]) -> Design {
    let cell = |at: usize| &table.cells[at];
    let factor = |name: &str, levels: usize, id: &dyn Fn(usize, usize) -> usize| Factor {
        name: name.into(),
        ids: rows.iter().map(|&(at, t)| id(at, t) as u32).collect(),
        levels,
    };
    let market = |at: usize| cell(at).j * table.products + cell(at).k;
    Design {
        outcome: "sales".into(),
        y: rows.iter().map(|&(at, t)| cell(at).x[t]).collect(),
        effects: vec![
            factor("origin^period", 2 * table.places, &|at, t| 2 * cell(at).i + t),
            factor("destination^product^period", 2 * table.places * table.products, &|at, t| {
                2 * market(at) + t
            }),
            factor("origin^destination^product", table.cells.len(), &|at, _| at),
        ],
        ..Design::default()
    }
}

/// Origins and markets that are joined by cells with both records in the fit.
struct Joined(Vec<usize>);

impl Joined {
    fn new(table: &Table, rows: &[(usize, usize)], kept: &[usize]) -> Self {
        let mut periods = vec![0; table.cells.len()];
        kept.iter().for_each(|&row| periods[rows[row].0] += 1);
        let mut parent: Vec<usize> = (0..table.places * (1 + table.products)).collect();
        for (cell, _) in table.cells.iter().zip(periods).filter(|(_, periods)| *periods == 2) {
            let (a, b) = (root(&parent, cell.i), root(&parent, market(table, cell)));
            parent[a.max(b)] = a.min(b);
        }
        Self(parent)
    }

    fn same(&self, table: &Table, cell: &Cell) -> bool {
        root(&self.0, cell.i) == root(&self.0, market(table, cell))
    }
}

/// Position of a market after the origins.
fn market(table: &Table, cell: &Cell) -> usize {
    table.places + cell.j * table.products + cell.k
}

fn root(parent: &[usize], mut at: usize) -> usize {
    while parent[at] != at {
        at = parent[at];
    }
    at
}
