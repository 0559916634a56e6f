//! Market clearing in log wages, and its derivatives.
//!
//! # Equations
//!
//! ```text
//! P_hat_j^(-theta) = sum_k X_kj phi_hat_kj w_hat_k^(-theta) / E_j
//! pi'_ij = X_ij phi_hat_ij w_hat_i^(-theta) / sum_k X_kj phi_hat_kj w_hat_k^(-theta)
//! Y'_i = Y_i c_hat_i w_hat_i (w_hat_i / P_hat_i)^psi
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
//! Along any change of log wages, of costs, of theta and of supply together (b_ij = d beta_ij, zero
//! at i = j):
//!
//! ```text
//! x = ln w_hat,   z_i = theta dx_i + x_i d theta
//! q_j = sum_i pi'_ij (b_ij - z_i),   d ln P_j = -( q_j + ln P_j d theta ) / theta
//! d ln Y'_j = d ln c_j + dx_j + psi (dx_j - d ln P_j)
//! d ln E'_j = d ln Y'_j Y'_j / E'_j  (additive),  d ln Y'_j + d ln s  (multiplicative),  0  (fixed)
//! d ln T_ij = b_ij - z_i + r_j,   r_j = d ln E'_j - q_j
//! ```
//!
//! Summed over destinations and origins that is two readings of the matrix of trade (`kernel`):
//! the Jacobian times a vector without the Jacobian, and with b, d theta and d ln c the right-hand
//! side of the implicit function theorem.
//!
//! # Numeraire
//!
//! World income does not change: h = ln( sum_i Y'_i / sum_i Y_i ) = 0, in each bloc of places that
//! still trade with each other. The equation -theta h = 0 replaces that of the place with most trade
//! in the bloc, which the others imply.
//!
//! # Source
//!
//! Dekle, Eaton and Kortum (2007), "Unbalanced Trade", for the hat algebra; Allen, Arkolakis and
//! Takahashi (2020), "Universal Gravity", for psi; Head and Mayer (2014) for the modular effect.

use super::kernel::Kernel;

/// How spending follows income. The public choice is
/// [`Imbalances`](super::one_sector::Imbalances).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closure {
    Additive,
    Multiplicative,
    Fixed,
}

/// The counterfactual world as equations in x = ln w_hat.
#[derive(Clone, Copy)]
pub(crate) struct Market<'a> {
    pub n: usize,
    pub theta: f64,
    pub psi: f64,
    pub closure: Closure,
    /// ln X_ij, row-major, before the shock.
    pub ln_flow: &'a [f64],
    /// beta_ij, row-major.
    pub beta: &'a [f64],
    /// ln c_hat_i.
    pub ln_supply: &'a [f64],
    pub output: &'a [f64],
    pub deficit: &'a [f64],
    /// Column sums of the flows.
    pub expenditure: &'a [f64],
    /// Bloc of each place, and how many there are.
    pub bloc: &'a [usize],
    pub blocs: usize,
}

/// Everything that follows from one vector of log wages, short of the flows themselves.
#[derive(Clone)]
pub(crate) struct State {
    pub x: Vec<f64>,
    pub ln_price: Vec<f64>,
    /// u_i and S_j of the matrix of trade.
    pub weight: Vec<f64>,
    pub sum: Vec<f64>,
    /// pi'_jj.
    pub own_share: Vec<f64>,
    pub output: Vec<f64>,
    pub expenditure: Vec<f64>,
    pub deficit: Vec<f64>,
    pub exports: Vec<f64>,
    pub imports: Vec<f64>,
    /// g_i.
    pub gap: Vec<f64>,
    /// h, ln of bloc income over its baseline.
    pub numeraire: Vec<f64>,
    /// The place of each bloc whose equation is the numeraire's.
    pub pinned: Vec<usize>,
}

impl State {
    /// What the line search brings down: the largest |g_i| and |h|.
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

    /// T_ij of one origin, own sales included.
    pub fn sales(&self, kernel: &Kernel, i: usize) -> Vec<f64> {
        let mut row: Vec<f64> = kernel
            .row(i)
            .iter()
            .enumerate()
            .map(|(j, k)| self.weight[i] * k * (self.expenditure[j] / self.sum[j]))
            .collect();
        row[i] = self.own_share[i] * self.expenditure[i];
        row
    }
}

impl State {
    /// T_ij of one destination, own sales included.
    pub fn purchases(&self, kernel: &Kernel, j: usize) -> Vec<f64> {
        let per_weight = self.expenditure[j] / self.sum[j];
        let sold = |i: usize| match i == j {
            true => self.own_share[j] * self.expenditure[j],
            false => self.weight[i] * kernel.row(i)[j] * per_weight,
        };
        (0..self.x.len()).map(sold).collect()
    }
}

/// What moves besides wages: costs (through their weighted sums), theta and supply.
pub(crate) struct Forcing {
    /// sum_i pi'_ij b_ij.
    pub price: Vec<f64>,
    /// sum_{j≠i} T_ij b_ij.
    pub exports: Vec<f64>,
    /// sum_{i≠j} T_ij b_ij.
    pub imports: Vec<f64>,
    /// d theta.
    pub theta: f64,
    /// d ln c_i.
    pub supply: Vec<f64>,
}

impl Forcing {
    /// From b on a list of cells i n + j, i ≠ j.
    pub fn new(kernel: &Kernel, s: &State, cells: &[(usize, f64)], theta: f64) -> Self {
        let n = kernel.n;
        let mut forcing = Self {
            price: vec![0.0; n],
            exports: vec![0.0; n],
            imports: vec![0.0; n],
            theta,
            supply: vec![0.0; n],
        };
        for &(cell, b) in cells {
            let (i, j) = (cell / n, cell % n);
            let share = s.weight[i] * kernel.row(i)[j] / s.sum[j];
            forcing.price[j] += share * b;
            forcing.exports[i] += share * s.expenditure[j] * b;
            forcing.imports[j] += share * s.expenditure[j] * b;
        }
        forcing
    }
}

/// First-order changes along one direction; in logs where the name says so.
pub(crate) struct Tangent {
    /// z_i.
    pub weight: Vec<f64>,
    /// r_j.
    pub purchases: Vec<f64>,
    pub ln_price: Vec<f64>,
    pub ln_output: Vec<f64>,
    pub ln_expenditure: Vec<f64>,
    pub exports: Vec<f64>,
    pub imports: Vec<f64>,
    /// Of [`Market::system`], without the change of the theta in it, which h = 0 multiplies.
    pub system: Vec<f64>,
}

impl Market<'_> {
    /// The matrix of trade at log wages `x` when the share `t` of the finite shock is applied.
    pub fn kernel(&self, x: &[f64], t: f64) -> Kernel {
        self.closing(x, t, f64::NEG_INFINITY)
    }

    /// The same with closed markets open to the extent of `beta`.
    pub fn closing(&self, x: &[f64], t: f64, beta: f64) -> Kernel {
        Kernel::new(self.ln_flow, self.beta, t, beta, self.theta, x)
    }

    /// The state at x; `None` when somebody's spending would not be positive or a flow that clearing
    /// needs has vanished.
    pub fn evaluate(&self, kernel: &Kernel, x: Vec<f64>) -> Option<State> {
        let n = self.n;
        let weight = kernel.weights(self.theta, &x);
        let from_abroad = kernel.by_destination(&weight);
        let own: Vec<f64> = (0..n).map(|j| kernel.own[j] * weight[j]).collect();
        let sum: Vec<f64> = (0..n).map(|j| own[j] + from_abroad[j]).collect();
        let ln_price: Vec<f64> = (0..n)
            .map(|j| -(kernel.top[j] + sum[j].ln() - self.expenditure[j].ln()) / self.theta)
            .collect();

        let output: Vec<f64> = match self.closure {
            Closure::Fixed => self.output.to_vec(),
            _ => (0..n)
                .map(|i| {
                    let supply = kernel.share * self.ln_supply[i];
                    self.output[i] * (supply + x[i] + self.psi * (x[i] - ln_price[i])).exp()
                })
                .collect(),
        };
        let deficit = match self.closure {
            Closure::Multiplicative => self.shared_deficit(&output),
            Closure::Additive | Closure::Fixed => self.deficit.to_vec(),
        };
        let expenditure: Vec<f64> = output.iter().zip(&deficit).map(|(y, d)| y + d).collect();

        let per_weight: Vec<f64> = expenditure.iter().zip(&sum).map(|(e, s)| e / s).collect();
        let abroad = kernel.by_origin(&per_weight);
        let exports: Vec<f64> = (0..n).map(|i| weight[i] * abroad[i]).collect();
        let imports: Vec<f64> = (0..n).map(|j| per_weight[j] * from_abroad[j]).collect();
        let gap: Vec<f64> = (0..n)
            .map(|i| {
                let (sold, bought) = sides(exports[i], imports[i], deficit[i]);
                if sold == 0.0 && bought == 0.0 { 0.0 } else { sold.ln() - bought.ln() }
            })
            .collect();
        let numeraire = self.numeraire(&x, &output);
        let sound = expenditure.iter().all(|&e| e > 0.0)
            && gap.iter().chain(&numeraire).chain(&ln_price).all(|v| v.is_finite());
        let mut pinned = vec![usize::MAX; self.blocs];
        for i in 0..n {
            let first = &mut pinned[self.bloc[i]];
            let traded = |i: usize| exports[i] + imports[i];
            if *first == usize::MAX || traded(i) > traded(*first) {
                *first = i;
            }
        }
        let own_share = own.iter().zip(&sum).map(|(o, s)| o / s).collect();
        sound.then_some(State {
            x,
            ln_price,
            weight,
            sum,
            own_share,
            output,
            expenditure,
            deficit,
            exports,
            imports,
            gap,
            numeraire,
            pinned,
        })
    }

    /// D'_j = (s k_j - 1) Y'_j = Y'_j (d_j - mean d) / (1 + mean D/Y), with d_j the excess D_j / Y_j
    /// over that of the richest of the bloc, and means weighted by income. Against the richest,
    /// because near autarky it may earn nearly everything, and its own excess is then the mean's.
    fn shared_deficit(&self, output: &[f64]) -> Vec<f64> {
        let mut richest = vec![usize::MAX; self.blocs];
        for i in 0..self.n {
            let first = &mut richest[self.bloc[i]];
            if *first == usize::MAX || output[i] > output[*first] {
                *first = i;
            }
        }
        let excess = |j: usize| self.deficit[j] / self.output[j];
        let beyond = |j: usize| excess(j) - excess(richest[self.bloc[j]]);
        let income = self.by_bloc(|m| output[m]);
        let mean = self.by_bloc(|m| beyond(m) * output[m] / income[self.bloc[m]]);
        (0..self.n)
            .map(|j| {
                let c = self.bloc[j];
                output[j] * (beyond(j) - mean[c]) / (1.0 + mean[c] + excess(richest[c]))
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

    /// g_i, and -theta h in the place of one of each bloc: zero in equilibrium.
    pub fn system(&self, s: &State) -> Vec<f64> {
        let mut system = s.gap.clone();
        for (c, &pinned) in s.pinned.iter().enumerate() {
            system[pinned] = -self.theta * s.numeraire[c];
        }
        system
    }

    /// First-order changes when log wages move by `dx` and the rest as `forcing` says.
    pub fn tangent(
        &self,
        kernel: &Kernel,
        s: &State,
        dx: &[f64],
        forcing: Option<&Forcing>,
    ) -> Tangent {
        let n = self.n;
        let theta = self.theta;
        let forced =
            |pick: fn(&Forcing) -> &Vec<f64>, i: usize| forcing.map_or(0.0, |f| pick(f)[i]);
        let d_theta = forcing.map_or(0.0, |f| f.theta);

        let z: Vec<f64> = (0..n).map(|i| theta * dx[i] + s.x[i] * d_theta).collect();
        let moved: Vec<f64> = (0..n).map(|i| s.weight[i] * z[i]).collect();
        let from_abroad = kernel.by_destination(&moved);
        let q: Vec<f64> = (0..n)
            .map(|j| {
                forced(|f| &f.price, j) - (from_abroad[j] + kernel.own[j] * moved[j]) / s.sum[j]
            })
            .collect();
        let ln_price: Vec<f64> =
            (0..n).map(|j| -(q[j] + s.ln_price[j] * d_theta) / theta).collect();
        let ln_output: Vec<f64> = match self.closure {
            Closure::Fixed => vec![0.0; n],
            _ => (0..n)
                .map(|j| forced(|f| &f.supply, j) + dx[j] + self.psi * (dx[j] - ln_price[j]))
                .collect(),
        };
        let ln_expenditure = self.spending_change(s, &ln_output);
        let purchases: Vec<f64> = (0..n).map(|j| ln_expenditure[j] - q[j]).collect();
        let per_weight = |j: usize| s.expenditure[j] / s.sum[j];
        let bought: Vec<f64> = (0..n).map(|j| per_weight(j) * purchases[j]).collect();
        let abroad = kernel.by_origin(&bought);
        let exports: Vec<f64> = (0..n)
            .map(|i| forced(|f| &f.exports, i) - s.exports[i] * z[i] + s.weight[i] * abroad[i])
            .collect();
        let imports: Vec<f64> = (0..n)
            .map(|j| {
                forced(|f| &f.imports, j) + s.imports[j] * purchases[j]
                    - per_weight(j) * from_abroad[j]
            })
            .collect();

        let numeraire = self.numeraire_change(s, dx, &ln_output);
        let mut system: Vec<f64> = (0..n)
            .map(|i| {
                let d_deficit = match self.closure {
                    // E' d ln E' - Y' d ln Y', without the difference of two large numbers.
                    Closure::Multiplicative => {
                        s.deficit[i] * ln_output[i]
                            + s.expenditure[i] * (ln_expenditure[i] - ln_output[i])
                    }
                    _ => 0.0,
                };
                slope(s, i, exports[i], imports[i], d_deficit)
            })
            .collect();
        for (c, &pinned) in s.pinned.iter().enumerate() {
            system[pinned] = -theta * numeraire[c];
        }
        Tangent {
            weight: z,
            purchases,
            ln_price,
            ln_output,
            ln_expenditure,
            exports,
            imports,
            system,
        }
    }

    /// d ln E'_j. Under shared imbalances d ln s = -sum_m D'_m d ln Y'_m / sum_m Y'_m over each bloc,
    /// from s = sum Y' / sum k Y'.
    pub fn spending_change(&self, s: &State, ln_output: &[f64]) -> Vec<f64> {
        match self.closure {
            Closure::Fixed => vec![0.0; self.n],
            Closure::Additive => {
                (0..self.n).map(|j| ln_output[j] * s.output[j] / s.expenditure[j]).collect()
            }
            Closure::Multiplicative => {
                let total = self.by_bloc(|m| s.output[m]);
                let lent = self.by_bloc(|m| s.deficit[m] * ln_output[m]);
                (0..self.n)
                    .map(|j| ln_output[j] - lent[self.bloc[j]] / total[self.bloc[j]])
                    .collect()
            }
        }
    }

    /// dh of each bloc.
    pub fn numeraire_change(&self, s: &State, dx: &[f64], ln_output: &[f64]) -> Vec<f64> {
        let total = self.by_bloc(|i| s.output[i]);
        let change = match self.closure {
            Closure::Fixed => self.by_bloc(|i| self.output[i] * dx[i]),
            _ => self.by_bloc(|i| s.output[i] * ln_output[i]),
        };
        change.iter().zip(&total).map(|(d, t)| d / t).collect()
    }

    /// The part of the Jacobian's diagonal that matters: what the own wage does to own sales abroad
    /// and, through own prices and income, to purchases abroad. Never zero.
    pub fn diagonal(&self, s: &State) -> Vec<f64> {
        (0..self.n)
            .map(|i| {
                let income = match self.closure {
                    Closure::Fixed => 0.0,
                    _ => 1.0 + self.psi * (1.0 - s.own_share[i]),
                };
                let bought = s.imports[i] * (self.theta * s.own_share[i] + income);
                let d = slope(s, i, -self.theta * s.exports[i], bought, 0.0);
                if d < 0.0 && s.pinned[self.bloc[i]] != i { d } else { -self.theta }
            })
            .collect()
    }
}

/// dg_i from the changes of its parts; zero for a place that does not trade, whose gap is no ratio.
pub(crate) fn slope(s: &State, i: usize, exports: f64, imports: f64, deficit: f64) -> f64 {
    let (sold, bought) = sides(s.exports[i], s.imports[i], s.deficit[i]);
    if sold == 0.0 && bought == 0.0 {
        return 0.0;
    }
    let (d_sold, d_bought) = if s.deficit[i] > 0.0 {
        (exports + deficit, imports)
    } else {
        (exports, imports - deficit)
    };
    d_sold / sold - d_bought / bought
}

/// The two sides of clearing, both never negative: exports and borrowing, imports and lending.
fn sides(exports: f64, imports: f64, deficit: f64) -> (f64, f64) {
    (exports + deficit.max(0.0), imports + (-deficit).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::jacobian::jacobian;
    use super::*;

    /// Central differences with a step of 1e-5 carry an error of about 1e-10 times third
    /// derivatives of order theta cubed.
    const DIFFERENCES: f64 = 1e-7;
    /// Entries of order theta.
    const ROUNDING: f64 = 1e-13;

    /// Every entry of the Jacobian, formed and by products, with and without a supply response, in two blocs.
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
        let beta: Vec<f64> =
            (0..n * n).map(|c| if c / n == c % n { 0.0 } else { 0.1 * (c % 4) as f64 }).collect();
        let ln_supply = [0.1, 0.0, -0.05, 0.0, 0.02];
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
                    ln_supply: &ln_supply,
                    output: &output,
                    deficit: &deficit,
                    expenditure: &expenditure,
                    bloc: &bloc,
                    blocs: 2,
                };
                let x = vec![0.05, -0.1, 0.2, 0.0, -0.15];
                let kernel = market.kernel(&vec![0.0; n], 1.0);
                let state = market.evaluate(&kernel, x.clone()).unwrap();
                let matrix = jacobian(&market, &kernel, &state);
                for k in 0..n {
                    let moved = |step: f64| {
                        let mut x = x.clone();
                        x[k] += step;
                        let pinned = state.pinned.clone();
                        let moved = market.evaluate(&kernel, x).unwrap();
                        market.system(&State { pinned, ..moved })
                    };
                    let (up, down) = (moved(1e-5), moved(-1e-5));
                    let unit: Vec<f64> = (0..n).map(|m| f64::from(m == k)).collect();
                    let product = market.tangent(&kernel, &state, &unit, None).system;
                    for i in 0..n {
                        let gap = (matrix[(i, k)] - (up[i] - down[i]) / 2e-5).abs();
                        assert!(gap < DIFFERENCES, "{closure:?}, psi {psi}, ({i}, {k}): {gap:e}");
                        let gap = (matrix[(i, k)] - product[i]).abs();
                        assert!(
                            gap < ROUNDING,
                            "{closure:?}, psi {psi}, ({i}, {k}): {gap:e} product"
                        );
                    }
                }
            }
        }
    }
}
