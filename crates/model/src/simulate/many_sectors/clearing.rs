//! From one vector of log wages to a whole world of many sectors, and how far its trade is from
//! balance.
//!
//! Given wages, prices are a fixed point in logs and spending is one in levels (relative to the
//! baseline); both are solved to rounding. What remains is one equation a place:
//!
//! ```text
//! g_n = ln( foreign sales_n + max(D'_n, 0) ) - ln( foreign purchases_n + max(-D'_n, 0) )
//! ```
//!
//! without own trade, for the reason told in [`simulate::clearing`](crate::simulate::clearing).
//! Elasticities can be large (65 for petroleum), so shares are built from logs with the largest
//! term taken out.

use super::fixed_point::fixed_point;
use super::shock::ManySectorShock;
use super::world::ManySectors;

/// The counterfactual world as equations in x = ln w_hat.
pub(super) struct Market<'a> {
    pub world: &'a ManySectors,
    pub shock: &'a ManySectorShock,
    /// D_n of the baseline.
    pub deficit: &'a [f64],
    /// Whether D' keeps its share of value added instead of its value.
    pub multiplicative: bool,
    /// Bloc of each place, and how many there are.
    pub bloc: &'a [usize],
    pub blocs: usize,
}

/// The shock scaled by a share of it.
pub(super) struct Target {
    /// ln pi - theta ln kappa_hat, `(sector × N + destination) × N + origin`.
    pub ln_weight: Vec<f64>,
    /// t' in the same order.
    pub tariff: Vec<f64>,
    /// ln A_hat, `sector × N + place`.
    pub ln_productivity: Vec<f64>,
}

/// Everything that follows from one vector of log wages.
#[derive(Clone)]
pub(super) struct State {
    pub x: Vec<f64>,
    /// ln P_hat_n^j, `sector × N + place`, as all of this size.
    pub ln_price: Vec<f64>,
    /// ln c_hat_n^j.
    pub ln_cost: Vec<f64>,
    /// pi'_ni^j, `(sector × N + destination) × N + origin`.
    pub share: Vec<f64>,
    /// pi' / (1 + t') in the same order.
    pub net: Vec<f64>,
    /// sum_i t' pi' / (1 + t'): revenue on a unit of spending.
    pub revenue_rate: Vec<f64>,
    /// X' over the baseline's.
    pub ratio: Vec<f64>,
    pub spending: Vec<f64>,
    pub output: Vec<f64>,
    pub value_added: Vec<f64>,
    pub revenue: Vec<f64>,
    pub deficit: Vec<f64>,
    pub income: Vec<f64>,
    /// Foreign sales and purchases at f.o.b. values.
    pub exports: Vec<f64>,
    pub imports: Vec<f64>,
    /// g_n.
    pub gap: Vec<f64>,
    /// ln of each bloc's value added over its baseline.
    pub numeraire: Vec<f64>,
}

impl State {
    /// What the line search brings down.
    pub fn merit(&self) -> f64 {
        self.gap.iter().chain(&self.numeraire).fold(0.0, |m: f64, g| m.max(g.abs()))
    }

    /// |exports + D' - imports| / (exports + imports) of a place.
    pub fn imbalance(&self, place: usize) -> f64 {
        let traded = self.exports[place] + self.imports[place];
        let gap = (self.exports[place] + self.deficit[place] - self.imports[place]).abs();
        if traded > 0.0 { gap / traded } else { gap }
    }

    /// The largest [`imbalance`](Self::imbalance), and the numeraire's gap.
    pub fn residual(&self) -> f64 {
        let clearing = (0..self.x.len()).map(|p| self.imbalance(p));
        clearing.chain(self.numeraire.iter().map(|h| h.abs())).fold(0.0, f64::max)
    }
}

impl Market<'_> {
    /// The share `t` of the shock: logs of costs, of 1 + tariffs and of productivity are scaled,
    /// closed markets are closed at once.
    pub fn target(&self, t: f64) -> Target {
        let (world, shock) = (self.world, self.shock);
        let n = world.n;
        let mut ln_weight = vec![0.0; world.share.len()];
        let mut tariff = shock.tariff.clone();
        for c in 0..ln_weight.len() {
            let change = ((1.0 + shock.tariff[c]) / (1.0 + world.tariff[c])).ln();
            if t < 1.0 && change != 0.0 {
                tariff[c] = (1.0 + world.tariff[c]) * (t * change).exp() - 1.0;
            }
            let ln_cost = shock.ln_cost[c];
            ln_weight[c] = if ln_cost == f64::INFINITY || world.share[c] == 0.0 {
                f64::NEG_INFINITY
            } else {
                world.share[c].ln() - world.theta[c / (n * n)] * t * (ln_cost + change)
            };
        }
        let ln_productivity = shock.ln_productivity.iter().map(|a| t * a).collect();
        Target { ln_weight, tariff, ln_productivity }
    }

    /// The state at x, started from the prices and spending of `near`; `None` when somebody's
    /// income is not positive or prices or spending do not settle.
    pub fn evaluate(&self, target: &Target, x: Vec<f64>, near: Option<&State>) -> Option<State> {
        let world = self.world;
        let (n, sectors) = (world.n, world.sectors);
        let flat = vec![0.0; sectors * n];
        let one = vec![1.0; sectors * n];
        let mut ln_cost = vec![0.0; sectors * n];
        let start = near.map_or(&flat, |s| &s.ln_price);
        let ln_price = fixed_point(start, |q, new| {
            self.costs(target, &x, q, &mut ln_cost);
            prices(world, target, &ln_cost, new);
        })?;
        self.costs(target, &x, &ln_price, &mut ln_cost);
        let share = shares(world, target, &ln_cost)?;

        let mut net = vec![0.0; share.len()];
        let mut revenue_rate = vec![0.0; sectors * n];
        for c in 0..share.len() {
            net[c] = share[c] / (1.0 + target.tariff[c]);
            revenue_rate[c / n] += net[c] * target.tariff[c];
        }
        let value_added: Vec<f64> =
            x.iter().zip(&world.value_added).map(|(x, v)| v * x.exp()).collect();
        let deficit = self.new_deficit(&value_added);
        let earned: Vec<f64> = value_added.iter().zip(&deficit).map(|(v, d)| v + d).collect();

        let mut output = vec![0.0; sectors * n];
        let mut spending = vec![0.0; sectors * n];
        let mut income = vec![0.0; n];
        let start = near.map_or(&one, |s| &s.ratio);
        let ratio = fixed_point(start, |r, new| {
            for c in 0..sectors * n {
                spending[c] = r[c] * world.spending[c];
            }
            sales(n, &net, &spending, &mut output);
            income.copy_from_slice(&earned);
            for c in 0..sectors * n {
                income[c % n] += revenue_rate[c] * spending[c];
            }
            for p in 0..n {
                for j in 0..sectors {
                    let row = &world.inputs[(p * sectors + j) * sectors..][..sectors];
                    let used: f64 = (0..sectors).map(|k| row[k] * output[k * n + p]).sum();
                    let c = j * n + p;
                    let total = used + world.alpha[c] * income[p];
                    let before = world.spending[c];
                    new[c] = if before > 0.0 { total / before } else { 0.0 };
                }
            }
        })?;
        for c in 0..sectors * n {
            spending[c] = ratio[c] * world.spending[c];
        }
        sales(n, &net, &spending, &mut output);
        let mut revenue = vec![0.0; n];
        for c in 0..sectors * n {
            revenue[c % n] += revenue_rate[c] * spending[c];
        }
        let income: Vec<f64> = earned.iter().zip(&revenue).map(|(e, r)| e + r).collect();
        let (exports, imports) = foreign_totals(n, &net, &spending);
        let gap: Vec<f64> = (0..n)
            .map(|p| {
                let (sold, bought) = sides(exports[p], imports[p], deficit[p]);
                if sold == 0.0 && bought == 0.0 { 0.0 } else { sold.ln() - bought.ln() }
            })
            .collect();
        let numeraire: Vec<f64> = self
            .by_bloc(&value_added)
            .iter()
            .zip(self.by_bloc(&world.value_added))
            .map(|(now, before)| (now / before).ln())
            .collect();
        let sound =
            income.iter().all(|&v| v > 0.0) && gap.iter().chain(&numeraire).all(|v| v.is_finite());
        sound.then_some(State {
            x,
            ln_price,
            ln_cost,
            share,
            net,
            revenue_rate,
            ratio,
            spending,
            output,
            value_added,
            revenue,
            deficit,
            income,
            exports,
            imports,
            gap,
            numeraire,
        })
    }

    /// ln c_hat = gamma x + sum_k gamma^k ln P_hat^k - ln A_hat.
    fn costs(&self, target: &Target, x: &[f64], ln_price: &[f64], ln_cost: &mut [f64]) {
        let world = self.world;
        let (n, sectors) = (world.n, world.sectors);
        for c in 0..sectors * n {
            ln_cost[c] = world.labour[c] * x[c % n] - target.ln_productivity[c];
        }
        let mut column = vec![0.0; sectors];
        for p in 0..n {
            column.fill(0.0);
            for k in 0..sectors {
                let row = &world.inputs[(p * sectors + k) * sectors..][..sectors];
                let price = ln_price[k * n + p];
                column.iter_mut().zip(row).for_each(|(sum, share)| *sum += share * price);
            }
            (0..sectors).for_each(|j| ln_cost[j * n + p] += column[j]);
        }
    }

    /// D': the value given, or D'_n = V'_n (s k_n - 1) with k = 1 + D/V and s = sum V' / sum k V'
    /// over the bloc, in the form that does not subtract numbers near one.
    fn new_deficit(&self, value_added: &[f64]) -> Vec<f64> {
        if !self.multiplicative {
            return self.deficit.to_vec();
        }
        let n = value_added.len();
        let k: Vec<f64> =
            (0..n).map(|p| 1.0 + self.deficit[p] / self.world.value_added[p]).collect();
        let wished: Vec<f64> = (0..n).map(|p| k[p] * value_added[p]).collect();
        let wished = self.by_bloc(&wished);
        (0..n)
            .map(|p| {
                let same = (0..n).filter(|&m| self.bloc[m] == self.bloc[p]);
                let beyond: f64 = same.map(|m| (k[p] - k[m]) * value_added[m]).sum();
                value_added[p] * beyond / wished[self.bloc[p]]
            })
            .collect()
    }

    pub fn by_bloc(&self, value: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.blocs];
        value.iter().zip(self.bloc).for_each(|(v, &c)| sum[c] += v);
        sum
    }
}

/// ln P_hat from ln c_hat; zero where the place buys nothing of the sector.
fn prices(world: &ManySectors, target: &Target, ln_cost: &[f64], ln_price: &mut [f64]) {
    let n = world.n;
    for c in 0..ln_price.len() {
        let (j, row) = (c / n, &target.ln_weight[c * n..][..n]);
        let costs = &ln_cost[j * n..][..n];
        let theta = world.theta[j];
        let exponent = |i: usize| row[i] - theta * costs[i];
        let top = (0..n).map(exponent).fold(f64::NEG_INFINITY, f64::max);
        ln_price[c] = if top == f64::NEG_INFINITY {
            0.0
        } else {
            let sum: f64 = (0..n).map(|i| (exponent(i) - top).exp()).sum();
            -(top + sum.ln()) / theta
        };
    }
}

/// pi', normalised row by row; `None` when a place has nobody left to buy from in a sector that it
/// needs.
fn shares(world: &ManySectors, target: &Target, ln_cost: &[f64]) -> Option<Vec<f64>> {
    let n = world.n;
    let mut share = vec![0.0; target.ln_weight.len()];
    for c in 0..share.len() / n {
        let (j, row) = (c / n, &target.ln_weight[c * n..][..n]);
        let exponent = |i: usize| row[i] - world.theta[j] * ln_cost[j * n + i];
        let top = (0..n).map(exponent).fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            if world.needs(c % n, j) {
                return None;
            }
            continue;
        }
        let out = &mut share[c * n..][..n];
        (0..n).for_each(|i| out[i] = (exponent(i) - top).exp());
        let sum: f64 = out.iter().sum();
        out.iter_mut().for_each(|s| *s /= sum);
    }
    Some(share)
}

/// Y_i^j = sum_n net_ni^j X_n^j.
pub(super) fn sales(n: usize, net: &[f64], spending: &[f64], output: &mut [f64]) {
    output.fill(0.0);
    for c in 0..spending.len() {
        let (row, value) = (&net[c * n..][..n], spending[c]);
        output[c / n * n..][..n].iter_mut().zip(row).for_each(|(y, s)| *y += s * value);
    }
}

fn foreign_totals(n: usize, net: &[f64], spending: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut exports, mut imports) = (vec![0.0; n], vec![0.0; n]);
    for c in 0..spending.len() {
        let buyer = c % n;
        for i in (0..n).filter(|&i| i != buyer) {
            let flow = net[c * n + i] * spending[c];
            exports[i] += flow;
            imports[buyer] += flow;
        }
    }
    (exports, imports)
}

/// The two sides of clearing, both never negative: exports and borrowing, imports and lending.
pub(super) fn sides(exports: f64, imports: f64, deficit: f64) -> (f64, f64) {
    (exports + deficit.max(0.0), imports + (-deficit).max(0.0))
}
