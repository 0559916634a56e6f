//! All markets at given wages: prices, shares, spending, trade, and what does not clear.

use super::shock::SectorShocks;
use super::world::SectorWorld;

/// Prices and spending are iterated until a step changes them by less than this, or until steps
/// stop becoming smaller: rounding is reached.
const ROUNDING: f64 = 1e-15;
/// Steps of the inner iterations. Their error falls by the share of inputs in cost each time; with
/// 95 percent of inputs everywhere 700 steps suffice.
const INNER_STEPS: usize = 5000;
/// Below this the sum of competing supplies is taken again in logs, cell by cell.
const UNDERFLOW: f64 = 1e-250;

/// The equations of a world, hats relative to `world`, with a share of the shock in force.
pub(super) struct Market<'a> {
    pub world: &'a SectorWorld,
    pub n: usize,
    pub sectors: usize,
    /// pi_in^j kappa_hat^(-theta), J × N × N; zero where closed or never traded.
    access: Vec<f64>,
    /// t' at this share of the shock.
    pub tariff: Vec<f64>,
    /// ln A_hat.
    productivity: Vec<f64>,
    /// w_n L_n of `world`.
    pub labour: Vec<f64>,
    /// D'.
    pub deficit: Vec<f64>,
    /// Spending of `world`, the start of the iterations.
    spending: Vec<f64>,
}

/// The world at some wages.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// ln w_hat.
    pub wage: Vec<f64>,
    /// ln P_hat, J × N.
    pub price: Vec<f64>,
    /// ln c_hat, J × N, productivity included.
    pub cost: Vec<f64>,
    /// pi', J × N × N.
    pub share: Vec<f64>,
    /// X', J × N.
    pub spending: Vec<f64>,
    /// Y', J × N.
    pub output: Vec<f64>,
    /// M', J × N × N.
    pub trade: Vec<f64>,
    /// R'.
    pub revenue: Vec<f64>,
    /// I'.
    pub income: Vec<f64>,
    /// Foreign sales and purchases before tariffs.
    pub exports: Vec<f64>,
    pub imports: Vec<f64>,
}

impl<'a> Market<'a> {
    /// With `part` of the shock in force (1: all of it); closed markets are closed at any part.
    pub fn new(
        world: &'a SectorWorld,
        shocks: &SectorShocks,
        deficit: Vec<f64>,
        part: f64,
    ) -> Self {
        let (n, sectors) = (world.n, world.sectors);
        let spending = world.spending();
        let mut access = vec![0.0; world.sales.len()];
        let mut tariff = world.tariff.clone();
        for (at, access) in access.iter_mut().enumerate() {
            let (old, new, cost) = (world.tariff[at], shocks.tariff[at], shocks.cost[at]);
            if old != new {
                tariff[at] = if part == 1.0 {
                    new
                } else {
                    (old.ln_1p() + part * (new.ln_1p() - old.ln_1p())).exp_m1()
                };
            }
            let (sector, destination) = (at / (n * n), at % n);
            if world.sales[at] == 0.0 || cost == f64::INFINITY {
                continue;
            }
            let share = (1.0 + old) * world.sales[at] / spending[sector * n + destination];
            let change = part * cost + tariff[at].ln_1p() - old.ln_1p();
            *access = if change == 0.0 {
                share
            } else {
                share * (-world.elasticity[sector] * change).exp()
            };
        }
        let labour = world.labour_income(&world.output());
        let productivity = shocks.productivity.iter().map(|a| part * a).collect();
        Self { world, n, sectors, access, tariff, productivity, labour, deficit, spending }
    }

    /// Whether anything flows from `i` to `m` in any sector.
    pub fn open(&self, i: usize, m: usize) -> bool {
        (0..self.sectors).any(|j| self.access[(j * self.n + i) * self.n + m] > 0.0)
    }

    /// Sectors and places that bought before and are left without any supplier.
    pub fn stranded(&self) -> Vec<(usize, usize)> {
        let n = self.n;
        let cut = |j: usize, m: usize| (0..n).all(|i| self.access[(j * n + i) * n + m] == 0.0);
        let cells = (0..self.sectors).flat_map(|j| (0..n).map(move |m| (j, m)));
        cells.filter(|&(j, m)| self.spending[j * n + m] > 0.0 && cut(j, m)).collect()
    }

    /// The state at log wages `wage`; `from` is a state nearby. `None` when a place has no income
    /// left or an inner iteration fails.
    pub fn evaluate(&self, wage: Vec<f64>, from: Option<&State>) -> Option<State> {
        let cells = self.sectors * self.n;
        let mut price = from.map_or_else(|| vec![0.0; cells], |s| s.price.clone());
        let mut cost = vec![0.0; cells];
        self.solve_prices(&wage, &mut price, &mut cost)?;
        let share = self.shares(&price, &cost);
        let mut spending = from.map_or_else(|| self.spending.clone(), |s| s.spending.clone());
        let basic: Vec<f64> = share.iter().zip(&self.tariff).map(|(s, t)| s / (1.0 + t)).collect();
        let (output, revenue, income) = self.solve_spending(&wage, &basic, &mut spending)?;
        let mut trade = basic;
        let (mut exports, mut imports) = (vec![0.0; self.n], vec![0.0; self.n]);
        for (row, flows) in trade.chunks_exact_mut(self.n).enumerate() {
            let (sector, i) = (row / self.n, row % self.n);
            let bought = &spending[sector * self.n..(sector + 1) * self.n];
            for (m, (flow, x)) in flows.iter_mut().zip(bought).enumerate() {
                *flow *= x;
                if m != i {
                    exports[i] += *flow;
                    imports[m] += *flow;
                }
            }
        }
        let finite = income.iter().chain(&imports).all(|v| v.is_finite());
        let paid = income.iter().all(|&v| v > 0.0);
        (finite && paid).then_some(State {
            wage,
            price,
            cost,
            share,
            spending,
            output,
            trade,
            revenue,
            income,
            exports,
            imports,
        })
    }

    /// ln c = gamma ln w + sum_k gamma^k ln P^k - ln A, J × N. `productivity` zero for changes.
    pub fn costs(&self, wage: &[f64], price: &[f64], productivity: &[f64], cost: &mut [f64]) {
        let (n, sectors) = (self.n, self.sectors);
        let mut own = vec![0.0; sectors];
        for i in 0..n {
            for (j, c) in own.iter_mut().enumerate() {
                let a = if productivity.is_empty() { 0.0 } else { productivity[j * n + i] };
                *c = self.world.value_added[j * n + i] * wage[i] - a;
            }
            for k in 0..sectors {
                let p = price[k * n + i];
                let row = &self.world.inputs[(i * sectors + k) * sectors..][..sectors];
                for (c, g) in own.iter_mut().zip(row) {
                    *c += g * p;
                }
            }
            for (j, c) in own.iter().enumerate() {
                cost[j * n + i] = *c;
            }
        }
    }

    fn solve_prices(&self, wage: &[f64], price: &mut Vec<f64>, cost: &mut [f64]) -> Option<()> {
        let mut next = vec![0.0; price.len()];
        let mut last = f64::INFINITY;
        for _ in 0..INNER_STEPS {
            self.costs(wage, price, &self.productivity, cost);
            self.prices_of(cost, &mut next);
            let change = largest_gap(price, &next);
            std::mem::swap(price, &mut next);
            if change <= ROUNDING || (change < 1e-12 && change >= last) {
                self.costs(wage, price, &self.productivity, cost);
                return Some(());
            }
            last = change;
        }
        None
    }

    /// ln P = -1/theta ln sum_i access_i c_i^(-theta).
    fn prices_of(&self, cost: &[f64], price: &mut [f64]) {
        let n = self.n;
        let (mut supply, mut total) = (vec![0.0; n], vec![0.0; n]);
        for j in 0..self.sectors {
            let theta = self.world.elasticity[j];
            let cost = &cost[j * n..(j + 1) * n];
            let shift = cost.iter().copied().fold(f64::INFINITY, f64::min);
            for (z, c) in supply.iter_mut().zip(cost) {
                *z = (-theta * (c - shift)).exp();
            }
            total.fill(0.0);
            let access = &self.access[j * n * n..(j + 1) * n * n];
            for (z, row) in supply.iter().zip(access.chunks_exact(n)) {
                for (t, a) in total.iter_mut().zip(row) {
                    *t += a * z;
                }
            }
            for (m, t) in total.iter().enumerate() {
                price[j * n + m] = if *t > UNDERFLOW {
                    shift - t.ln() / theta
                } else {
                    price_in_logs(access, cost, n, m, theta)
                };
            }
        }
    }

    /// pi' = access c^(-theta) P^theta.
    fn shares(&self, price: &[f64], cost: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut share = self.access.clone();
        for (row, shares) in share.chunks_exact_mut(n).enumerate() {
            let (sector, i) = (row / n, row % n);
            let theta = self.world.elasticity[sector];
            let c = cost[sector * n + i];
            for (s, p) in shares.iter_mut().zip(&price[sector * n..(sector + 1) * n]) {
                if *s > 0.0 {
                    *s *= (theta * (p - c)).exp();
                }
            }
        }
        share
    }

    /// X, and Y, R, I with it.
    fn solve_spending(
        &self,
        wage: &[f64],
        basic: &[f64],
        spending: &mut Vec<f64>,
    ) -> Option<(Vec<f64>, Vec<f64>, Vec<f64>)> {
        let n = self.n;
        // The part of a price that is tariff: 1 - sum_i pi'/tau'.
        let mut duty = vec![1.0; self.sectors * n];
        for (row, basic) in basic.chunks_exact(n).enumerate() {
            for (d, b) in duty[row / n * n..][..n].iter_mut().zip(basic) {
                *d -= b;
            }
        }
        // Where nothing is bought there is no duty; rounding is none either.
        for d in &mut duty {
            if d.abs() < 1e-14 {
                *d = 0.0;
            }
        }
        let earned: Vec<f64> =
            (0..n).map(|i| self.labour[i] * wage[i].exp() + self.deficit[i]).collect();
        let mut output = vec![0.0; spending.len()];
        let mut next = vec![0.0; spending.len()];
        let mut revenue = vec![0.0; n];
        let mut last = f64::INFINITY;
        for _ in 0..INNER_STEPS {
            self.outputs(basic, spending, &mut output);
            revenue.fill(0.0);
            for (at, (d, x)) in duty.iter().zip(spending.iter()).enumerate() {
                revenue[at % n] += d * x;
            }
            let income: Vec<f64> = earned.iter().zip(&revenue).map(|(e, r)| e + r).collect();
            self.demand(&output, &income, &mut next);
            let (mut gap, mut size) = (vec![0.0; n], vec![f64::MIN_POSITIVE; n]);
            for (at, (new, old)) in next.iter().zip(spending.iter()).enumerate() {
                gap[at % n] += (new - old).abs();
                size[at % n] += new.abs();
            }
            let change = gap.iter().zip(&size).map(|(g, s)| g / s).fold(0.0, f64::max);
            std::mem::swap(spending, &mut next);
            if !change.is_finite() {
                return None;
            }
            if change <= ROUNDING || (change < 1e-12 && change >= last) {
                self.outputs(basic, spending, &mut output);
                return Some((output, revenue, income));
            }
            last = change;
        }
        None
    }

    /// Y_i^k = sum_m basic_im X_m.
    pub fn outputs(&self, basic: &[f64], spending: &[f64], output: &mut [f64]) {
        let n = self.n;
        for (row, (y, basic)) in output.iter_mut().zip(basic.chunks_exact(n)).enumerate() {
            *y = dot(basic, &spending[row / n * n..][..n]);
        }
    }

    /// X_n^j = sum_k gamma_n^{j,k} Y_n^k + alpha_n^j I_n.
    pub fn demand(&self, output: &[f64], income: &[f64], spending: &mut [f64]) {
        let (n, sectors) = (self.n, self.sectors);
        let mut made = vec![0.0; sectors];
        for i in 0..n {
            for (k, y) in made.iter_mut().enumerate() {
                *y = output[k * n + i];
            }
            for j in 0..sectors {
                let row = &self.world.inputs[(i * sectors + j) * sectors..][..sectors];
                spending[j * n + i] =
                    dot(row, &made) + self.world.final_share[j * n + i] * income[i];
            }
        }
    }
}

impl State {
    /// g_i = (imports + ... ): foreign payments less receipts less deficit, over the sum of both.
    pub fn gap(&self, deficit: &[f64]) -> Vec<f64> {
        (0..self.wage.len())
            .map(|i| {
                let turnover = self.exports[i] + self.imports[i];
                let gap = self.imports[i] - self.exports[i] - deficit[i];
                if turnover > 0.0 { gap / turnover } else { gap }
            })
            .collect()
    }
}

/// The price where supplies underflow: the same sum with the cheapest of this buyer's suppliers
/// taken out. A buyer without any supplier buys nothing, and its price stays.
fn price_in_logs(access: &[f64], cost: &[f64], n: usize, m: usize, theta: f64) -> f64 {
    let term = |i: usize| access[i * n + m].ln() - theta * cost[i];
    let largest = (0..n).map(term).fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return 0.0;
    }
    let sum: f64 = (0..n).map(|i| (term(i) - largest).exp()).sum();
    -(largest + sum.ln()) / theta
}

fn largest_gap(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Sum of products in four lanes, so that the compiler may use vector instructions.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (fours_a, fours_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = fours_a.remainder().iter().zip(fours_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in fours_a.zip(fours_b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}
