//! The Jacobian of market clearing as a matrix, and its factorisation.
//!
//! ```text
//! y_jk = d ln Y'_j / dx_k = (1 + psi) 1[j=k] - psi pi'_kj
//! R_jk = theta pi'_kj + d ln E'_j / dx_k
//! d exports_i / dx_k = sum_{j≠i} T_ij R_jk - theta exports_i 1[i=k]
//! d imports_i / dx_k = imports_i R_ik - theta T_ki
//! ```
//!
//! # Cost
//!
//! One N × N product and one LU factorisation; three N × N matrices while it lasts.

use faer::Mat;
use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::prelude::*;

use super::clearing::{Market, State, slope};
use super::kernel::Kernel;

/// LU factors of the Jacobian.
pub(crate) struct Factors(PartialPivLu<f64>);

impl Factors {
    pub fn new(market: &Market, kernel: &Kernel, s: &State) -> Self {
        Self(PartialPivLu::new(jacobian(market, kernel, s).as_ref()))
    }

    /// J^(-1) v.
    pub fn solve(&self, v: &[f64]) -> Vec<f64> {
        let mut column = Col::from_fn(v.len(), |i| v[i]);
        self.0.solve_in_place(&mut column);
        column.iter().copied().collect()
    }
}

/// Every derivative of [`Market::system`].
pub(crate) fn jacobian(market: &Market, kernel: &Kernel, s: &State) -> Mat<f64> {
    let n = market.n;
    let theta = market.theta;
    let mut foreign = Mat::<f64>::zeros(n, n);
    for i in 0..n {
        let column = foreign.col_as_slice_mut(i);
        for (j, k) in kernel.row(i).iter().enumerate() {
            column[j] = s.weight[i] * k * s.expenditure[j] / s.sum[j];
        }
    }
    let mut response = Mat::<f64>::zeros(n, n);
    let mut deficit = Mat::<f64>::zeros(n, n);
    let mut numeraire = Mat::<f64>::zeros(market.blocs, n);
    let mut income = vec![0.0; n];
    let mut direction = vec![0.0; n];
    for k in 0..n {
        let column = response.col_as_slice_mut(k);
        for (j, kernel) in kernel.row(k).iter().enumerate() {
            column[j] = s.weight[k] * kernel / s.sum[j];
        }
        column[k] = s.own_share[k];
        for j in 0..n {
            income[j] = -market.psi * column[j];
        }
        income[k] += 1.0 + market.psi;
        let spending = market.spending_change(s, &income);
        for j in 0..n {
            column[j] = theta * column[j] + spending[j];
            deficit[(j, k)] =
                s.deficit[j] * income[j] + s.expenditure[j] * (spending[j] - income[j]);
        }
        direction[k] = 1.0;
        for (c, d) in market.numeraire_change(s, &direction, &income).into_iter().enumerate() {
            numeraire[(c, k)] = d;
        }
        direction[k] = 0.0;
    }
    let mut jacobian = foreign.transpose() * &response;
    let shared = market.closure == super::clearing::Closure::Multiplicative;
    for k in 0..n {
        for i in 0..n {
            let own = if i == k { theta * s.exports[i] } else { 0.0 };
            let exports = jacobian[(i, k)] - own;
            let imports = s.imports[i] * response[(i, k)] - theta * foreign[(i, k)];
            let lent = if shared { deficit[(i, k)] } else { 0.0 };
            jacobian[(i, k)] = slope(s, i, exports, imports, lent);
        }
        for (c, &pinned) in s.pinned.iter().enumerate() {
            jacobian[(pinned, k)] = -theta * numeraire[(c, k)];
        }
    }
    jacobian
}
