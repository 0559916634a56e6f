//! Market clearing in log wages, and its derivatives.
//!
//! # Equations
//!
//! ```text
//! P_hat_j^(-theta) = sum_k X_kj phi_hat_kj w_hat_k^(-theta) / E_j
//! pi'_ij = X_ij phi_hat_ij w_hat_i^(-theta) / sum_k X_kj phi_hat_kj w_hat_k^(-theta)
//! Y'_i = Y_i w_hat_i (w_hat_i / P_hat_i)^psi
//! T_ij = pi'_ij E'_j
//! additive:        E'_j = Y'_j + D_j
//! multiplicative:  E'_j = s k_j Y'_j,  k = 1 + D/Y,  s = sum Y' / sum k Y'
//! fixed:           E'_j = Y_j + D_j   (the modular effect: totals held)
//! g_i = ln( sum_{j≠i} T_ij + max(D'_i, 0) ) - ln( sum_{j≠i} T_ji + max(-D'_i, 0) )
//! ```
//!
//! Clearing is written *without own trade*: what a place sells abroad plus what it borrows equals
//! what it buys abroad. The textbook form sum_j T_ij = Y'_i says the same in exact arithmetic, but
//! near autarky own trade dominates both sides and the digits that decide the foreign flows are
//! lost: a residual of 1e-9 can hide exports that are wrong many times over. The logarithm makes
//! each equation nearly linear in the log wage (its slope stays near -theta however far away the
//! solution is), so that Newton's step does not overshoot.
//!
//! # Derivatives
//!
//! ```text
//! x = ln w_hat,   d ln P_j / dx_k = pi'_kj
//! y_jk = d ln Y'_j / dx_k = (1 + psi) 1[j=k] - psi pi'_kj
//! L_jk = d ln E'_j / dx_k = y_jk Y'_j / E'_j  (additive),  y_jk + d ln s / dx_k  (multiplicative),  0
//! dT_ij / dx_k = T_ij ( -theta (1[i=k] - pi'_kj) + L_jk )
//! ```
//!
//! Summed over j≠i this is one N × N product (exports), over i≠j a formula entry by entry (imports).
//!
//! # Numeraire
//!
//! World income does not change: sum_i Y'_i = sum_i Y_i, in each bloc of places that still trade
//! with each other. It replaces the equation of the place with most trade in the bloc, which the
//! others imply.
//!
//! # Source
//!
//! Dekle, Eaton and Kortum (2007), "Unbalanced Trade", for the hat algebra; Allen, Arkolakis and
//! Takahashi (2020), "Universal Gravity", for psi; Head and Mayer (2014) for the modular effect.

use faer::Mat;

/// How spending follows income. The public choice is
/// [`Imbalances`](super::one_sector::Imbalances).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closure {
    Additive,
    Multiplicative,
    Fixed,
}

/// The counterfactual world as equations in x = ln w_hat.
pub(crate) struct Market<'a> {
    pub n: usize,
    pub theta: f64,
    pub psi: f64,
    pub closure: Closure,
    /// ln X_ij, row-major, before the shock.
    pub ln_flow: &'a [f64],
    /// beta_ij, row-major.
    pub beta: &'a [f64],
    pub output: &'a [f64],
    pub deficit: &'a [f64],
    /// Column sums of the flows.
    pub expenditure: &'a [f64],
    /// Bloc of each place, and how many there are.
    pub bloc: &'a [usize],
    pub blocs: usize,
}

/// Everything that follows from one vector of log wages.
pub(crate) struct State {
    pub x: Vec<f64>,
    pub ln_price: Vec<f64>,
    /// pi'_ij, rows origins, columns destinations.
    pub share: Mat<f64>,
    /// T_ij with a zero diagonal.
    pub foreign: Mat<f64>,
    pub output: Vec<f64>,
    pub expenditure: Vec<f64>,
    pub deficit: Vec<f64>,
    pub exports: Vec<f64>,
    pub imports: Vec<f64>,
    /// g_i.
    pub gap: Vec<f64>,
    /// ln of bloc income over its baseline.
    pub numeraire: Vec<f64>,
}

impl State {
    /// What the line search brings down: the largest |g_i| and numeraire gap.
    pub fn merit(&self) -> f64 {
        self.gap.iter().chain(&self.numeraire).fold(0.0, |m: f64, g| m.max(g.abs()))
    }

    /// max_i |exports + D' - imports| / (exports + imports), and the numeraire's gap.
    pub fn residual(&self) -> f64 {
        let clearing = (0..self.x.len()).map(|i| {
            let traded = self.exports[i] + self.imports[i];
            let gap = (self.exports[i] + self.deficit[i] - self.imports[i]).abs();
            if traded > 0.0 { gap / traded } else { gap }
        });
        clearing.chain(self.numeraire.iter().map(|h| h.abs())).fold(0.0, f64::max)
    }
}

impl Market<'_> {
    /// The state at x when the share `t` of the (finite) shock is applied; `None` when somebody's
    /// spending would not be positive or a flow that clearing needs has vanished.
    pub fn evaluate(&self, x: Vec<f64>, t: f64) -> Option<State> {
        let n = self.n;
        let mut share = Mat::<f64>::zeros(n, n);
        let mut ln_price = vec![0.0; n];
        let mut exponent = vec![0.0; n];
        for j in 0..n {
            let mut top = f64::NEG_INFINITY;
            for i in 0..n {
                let beta = self.beta[i * n + j];
                let scaled = if beta == f64::NEG_INFINITY { beta } else { t * beta };
                exponent[i] = self.ln_flow[i * n + j] + scaled - self.theta * x[i];
                top = top.max(exponent[i]);
            }
            let column = share.col_as_slice_mut(j);
            let mut sum = 0.0;
            for i in 0..n {
                column[i] = (exponent[i] - top).exp();
                sum += column[i];
            }
            column.iter_mut().for_each(|s| *s /= sum);
            ln_price[j] = -(top + sum.ln() - self.expenditure[j].ln()) / self.theta;
        }

        let output: Vec<f64> = match self.closure {
            Closure::Fixed => self.output.to_vec(),
            _ => (0..n)
                .map(|i| self.output[i] * (x[i] + self.psi * (x[i] - ln_price[i])).exp())
                .collect(),
        };
        let deficit = match self.closure {
            Closure::Multiplicative => self.shared_deficit(&output),
            Closure::Additive | Closure::Fixed => self.deficit.to_vec(),
        };
        let expenditure: Vec<f64> = output.iter().zip(&deficit).map(|(y, d)| y + d).collect();

        let mut foreign = Mat::<f64>::zeros(n, n);
        let mut exports = vec![0.0; n];
        let mut imports = vec![0.0; n];
        for j in 0..n {
            for i in (0..n).filter(|&i| i != j) {
                let flow = share[(i, j)] * expenditure[j];
                foreign[(i, j)] = flow;
                exports[i] += flow;
                imports[j] += flow;
            }
        }
        let gap: Vec<f64> = (0..n)
            .map(|i| {
                let (sold, bought) = sides(exports[i], imports[i], deficit[i]);
                if sold == 0.0 && bought == 0.0 { 0.0 } else { sold.ln() - bought.ln() }
            })
            .collect();
        let numeraire = self.numeraire(&x, &output);
        let sound = expenditure.iter().all(|&e| e > 0.0)
            && gap.iter().chain(&numeraire).chain(&ln_price).all(|v| v.is_finite());
        sound.then_some(State {
            x,
            ln_price,
            share,
            foreign,
            output,
            expenditure,
            deficit,
            exports,
            imports,
            gap,
            numeraire,
        })
    }

    /// D'_j = (s k_j - 1) Y'_j = Y'_j sum_m (k_j - k_m) Y'_m / sum_m k_m Y'_m over the bloc, in the
    /// form that does not subtract numbers near one.
    fn shared_deficit(&self, output: &[f64]) -> Vec<f64> {
        let k: Vec<f64> = (0..self.n).map(|j| 1.0 + self.deficit[j] / self.output[j]).collect();
        let wished = self.by_bloc(|m| k[m] * output[m]);
        (0..self.n)
            .map(|j| {
                let same = (0..self.n).filter(|&m| self.bloc[m] == self.bloc[j]);
                let beyond: f64 = same.map(|m| (k[j] - k[m]) * output[m]).sum();
                output[j] * beyond / wished[self.bloc[j]]
            })
            .collect()
    }

    fn by_bloc(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sum = vec![0.0; self.blocs];
        for i in 0..self.n {
            sum[self.bloc[i]] += value(i);
        }
        sum
    }

    fn numeraire(&self, x: &[f64], output: &[f64]) -> Vec<f64> {
        let before = self.by_bloc(|i| self.output[i]);
        let now = match self.closure {
            // Output is held, so only the mean of x can be pinned.
            Closure::Fixed => {
                let mean = self.by_bloc(|i| self.output[i] * x[i]);
                return mean.iter().zip(&before).map(|(m, b)| m / b).collect();
            }
            _ => self.by_bloc(|i| output[i]),
        };
        now.iter().zip(&before).map(|(a, b)| (a / b).ln()).collect()
    }

    /// The Newton system: right-hand side and Jacobian, one row per bloc being its numeraire.
    pub fn linearise(&self, s: &State) -> (Vec<f64>, Mat<f64>) {
        let n = self.n;
        let theta = self.theta;
        let income = self.income_slopes(s);
        let spending = self.spending_slopes(s, &income);
        // theta pi'^T + L, the part of dT_ij / dx_k that does not depend on i.
        let response = Mat::from_fn(n, n, |j, k| theta * s.share[(k, j)] + spending[(j, k)]);
        let mut jacobian = &s.foreign * &response;
        for k in 0..n {
            for i in 0..n {
                let own = if i == k { theta * s.exports[i] } else { 0.0 };
                let d_exports = jacobian[(i, k)] - own;
                let d_imports = s.imports[i] * response[(i, k)] - theta * s.foreign[(k, i)];
                let d_deficit = match self.closure {
                    Closure::Multiplicative => {
                        // E' L - Y' y, without the difference of two large numbers.
                        s.deficit[i] * income[(i, k)]
                            + s.expenditure[i] * (spending[(i, k)] - income[(i, k)])
                    }
                    _ => 0.0,
                };
                let (sold, bought) = sides(s.exports[i], s.imports[i], s.deficit[i]);
                let (d_sold, d_bought) = if s.deficit[i] > 0.0 {
                    (d_exports + d_deficit, d_imports)
                } else {
                    (d_exports, d_imports - d_deficit)
                };
                jacobian[(i, k)] = d_sold / sold - d_bought / bought;
            }
        }

        let mut rhs = s.gap.clone();
        let total = self.by_bloc(|i| s.output[i]);
        for c in 0..self.blocs {
            let pinned = self.largest_trader(c, s);
            rhs[pinned] = s.numeraire[c];
            for k in 0..n {
                jacobian[(pinned, k)] = match self.closure {
                    Closure::Fixed if self.bloc[k] == c => self.output[k] / total[c],
                    Closure::Fixed => 0.0,
                    _ => {
                        let members = (0..n).filter(|&m| self.bloc[m] == c);
                        members.map(|m| s.output[m] * income[(m, k)]).sum::<f64>() / total[c]
                    }
                };
            }
        }
        (rhs, jacobian)
    }

    /// y_jk = d ln Y'_j / dx_k.
    fn income_slopes(&self, s: &State) -> Mat<f64> {
        if self.closure == Closure::Fixed {
            return Mat::zeros(self.n, self.n);
        }
        Mat::from_fn(self.n, self.n, |j, k| {
            let own = if j == k { 1.0 + self.psi } else { 0.0 };
            own - self.psi * s.share[(k, j)]
        })
    }

    /// L_jk = d ln E'_j / dx_k.
    fn spending_slopes(&self, s: &State, income: &Mat<f64>) -> Mat<f64> {
        let n = self.n;
        match self.closure {
            Closure::Fixed => Mat::zeros(n, n),
            Closure::Additive => {
                Mat::from_fn(n, n, |j, k| income[(j, k)] * s.output[j] / s.expenditure[j])
            }
            Closure::Multiplicative => {
                let factor = self.closing_slopes(s, income);
                Mat::from_fn(n, n, |j, k| income[(j, k)] + factor[(self.bloc[j], k)])
            }
        }
    }

    /// d ln s / dx_k = -sum_m D'_m y_mk / sum_m Y'_m over each bloc, from s = sum Y' / sum k Y'.
    fn closing_slopes(&self, s: &State, income: &Mat<f64>) -> Mat<f64> {
        let total = self.by_bloc(|i| s.output[i]);
        let mut factor = Mat::<f64>::zeros(self.blocs, self.n);
        for k in 0..self.n {
            for m in 0..self.n {
                let c = self.bloc[m];
                factor[(c, k)] -= s.deficit[m] * income[(m, k)] / total[c];
            }
        }
        factor
    }

    fn largest_trader(&self, bloc: usize, s: &State) -> usize {
        let members = (0..self.n).filter(|&i| self.bloc[i] == bloc);
        let traded = |i: usize| s.exports[i] + s.imports[i];
        members
            .max_by(|&a, &b| traded(a).total_cmp(&traded(b)).then(b.cmp(&a)))
            .expect("a bloc has a member")
    }
}

/// The two sides of clearing, both never negative: exports and borrowing, imports and lending.
fn sides(exports: f64, imports: f64, deficit: f64) -> (f64, f64) {
    (exports + deficit.max(0.0), imports + (-deficit).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central differences with a step of 1e-5 carry an error of about 1e-10 times third
    /// derivatives of order theta cubed.
    const DIFFERENCES: f64 = 1e-7;

    /// Every entry of the Jacobian, with and without a supply response, in two blocs.
    #[test]
    fn derivatives_equal_differences() {
        let n = 5;
        let bloc = [0, 0, 0, 1, 1];
        let flow = |i: usize, j: usize| match (i == j, bloc[i] == bloc[j]) {
            (true, _) => 40.0 + 9.0 * i as f64,
            (false, true) => 1.0 + ((3 * i + 5 * j) % 7) as f64,
            (false, false) => 0.0,
        };
        let ln_flow: Vec<f64> = (0..n * n).map(|c| flow(c / n, c % n).ln()).collect();
        let beta: Vec<f64> = (0..n * n).map(|c| 0.1 * (c % 4) as f64).collect();
        let output: Vec<f64> = (0..n).map(|i| (0..n).map(|j| flow(i, j)).sum()).collect();
        let expenditure: Vec<f64> = (0..n).map(|j| (0..n).map(|i| flow(i, j)).sum()).collect();
        let deficit: Vec<f64> = (0..n).map(|j| expenditure[j] - output[j]).collect();
        for closure in [Closure::Additive, Closure::Multiplicative, Closure::Fixed] {
            for psi in [0.0, 0.7] {
                let market = Market {
                    n,
                    theta: 4.0,
                    psi,
                    closure,
                    ln_flow: &ln_flow,
                    beta: &beta,
                    output: &output,
                    deficit: &deficit,
                    expenditure: &expenditure,
                    bloc: &bloc,
                    blocs: 2,
                };
                let x = vec![0.05, -0.1, 0.2, 0.0, -0.15];
                let state = market.evaluate(x.clone(), 1.0).unwrap();
                let pinned = [0, 1].map(|c| market.largest_trader(c, &state));
                let (_, jacobian) = market.linearise(&state);
                for k in 0..n {
                    let moved = |step: f64| {
                        let mut x = x.clone();
                        x[k] += step;
                        market.evaluate(x, 1.0).unwrap()
                    };
                    let (up, down) = (moved(1e-5), moved(-1e-5));
                    for i in 0..n {
                        let rise = match pinned.iter().position(|&p| p == i) {
                            Some(c) => up.numeraire[c] - down.numeraire[c],
                            None => up.gap[i] - down.gap[i],
                        };
                        let gap = (jacobian[(i, k)] - rise / 2e-5).abs();
                        assert!(gap < DIFFERENCES, "{closure:?}, psi {psi}, ({i}, {k}): {gap:e}");
                    }
                }
            }
        }
    }
}
