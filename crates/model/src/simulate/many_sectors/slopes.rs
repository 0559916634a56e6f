//! Derivatives of the trade balances by log wages, through prices and spending.
//!
//! # Equations
//!
//! With dc, dp for d ln c, d ln P and M the f.o.b. flows:
//!
//! ```text
//! dp_n^j = sum_i pi'_ni^j dc_i^j,   dc_i^j = gamma_i^j dx_i + sum_k gamma_i^{k,j} dp_i^k
//! dY_i^j = sum_n net_ni^j dX_n^j - theta^j ( Y_i^j dc_i^j - sum_n M_ni^j dp_n^j )
//! dR_n   = sum_j rate_n^j dX_n^j - theta^j ( sum_i t'_ni^j M_ni^j dc_i^j - (sum_i t'_ni^j M_ni^j) dp_n^j )
//! dX_n^j = sum_k gamma_n^{j,k} dY_n^k + alpha_n^j ( dV_n + dD_n + dR_n )
//! ```
//!
//! All N directions at once: each line is one small matrix product a sector or a place, and the two
//! linear systems are solved by iterating the maps, which contract. Nothing of size NJ × NJ is
//! formed. The slopes need not be exact (the equations are), so the iteration stops early.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::prelude::*;
use faer::{Accum, Par};

use super::clearing::{Market, State, Target, sides};

/// Accuracy of the slopes relative to the largest: each Newton step keeps this much of the error.
const ACCURACY: f64 = 1e-6;
const LARGEST_STEPS: usize = 300;

/// The factorised Jacobian, with the place whose equation the numeraire of each bloc replaces.
pub(super) struct Slopes {
    lu: PartialPivLu<f64>,
    pinned: Vec<usize>,
}

impl Slopes {
    pub fn new(market: &Market, target: &Target, state: &State) -> Self {
        let mut jacobian = gap_slopes(market, target, state);
        let n = state.x.len();
        let total = market.by_bloc(&state.value_added);
        let pinned: Vec<usize> = (0..market.blocs)
            .map(|c| {
                let members = (0..n).filter(|&p| market.bloc[p] == c);
                let traded = |p: usize| state.exports[p] + state.imports[p];
                members
                    .max_by(|&a, &b| traded(a).total_cmp(&traded(b)).then(b.cmp(&a)))
                    .expect("a bloc has a member")
            })
            .collect();
        for (c, &p) in pinned.iter().enumerate() {
            for m in 0..n {
                jacobian[(p, m)] =
                    if market.bloc[m] == c { state.value_added[m] / total[c] } else { 0.0 };
            }
        }
        Self { lu: PartialPivLu::new(jacobian.as_ref()), pinned }
    }

    /// Newton's direction at a state; `None` when the slopes are singular.
    pub fn direction(&self, state: &State) -> Option<Vec<f64>> {
        let mut gap = state.gap.clone();
        self.pinned.iter().zip(&state.numeraire).for_each(|(&p, &h)| gap[p] = h);
        let rhs = Col::from_fn(gap.len(), |p| -gap[p]);
        let direction = self.lu.solve(&rhs);
        direction.iter().all(|d| d.is_finite()).then(|| direction.iter().copied().collect())
    }
}

/// A tensor `(sector × N + place) × N + direction`.
struct Directions<'a> {
    n: usize,
    sectors: usize,
    inputs: &'a [f64],
}

impl Directions<'_> {
    fn zeros(&self) -> Vec<f64> {
        vec![0.0; self.sectors * self.n * self.n]
    }

    /// out_j = A_j v_j (or its transpose) in each sector; A in the order of shares.
    fn by_sector(&self, a: &[f64], transposed: bool, v: &[f64], out: &mut [f64]) {
        let n = self.n;
        for j in 0..self.sectors {
            let at = j * n * n..(j + 1) * n * n;
            let a = MatRef::from_row_major_slice(&a[at.clone()], n, n);
            let a = if transposed { a.transpose() } else { a };
            let v = MatRef::from_row_major_slice(&v[at.clone()], n, n);
            let out = MatMut::from_row_major_slice_mut(&mut out[at], n, n);
            matmul(out, Accum::Replace, a, v, 1.0, Par::Seq);
        }
    }

    /// out_n += G_n v_n (or its transpose) in each place; G_n[k, j] = gamma_n^{k,j}.
    fn add_by_place(&self, transposed: bool, v: &[f64], out: &mut [f64]) {
        let (n, sectors) = (self.n, self.sectors);
        for p in 0..n {
            let g = &self.inputs[p * sectors * sectors..][..sectors * sectors];
            let g = MatRef::from_row_major_slice(g, sectors, sectors);
            let g = if transposed { g.transpose() } else { g };
            // Rows of one place lie N × N apart; the last one ends with the slice.
            let end = (sectors - 1) * n * n + n;
            let v = MatRef::from_row_major_slice_with_stride(&v[p * n..][..end], sectors, n, n * n);
            // The row-major constructor of a mutable view with a stride mixes its strides up in faer
            // 0.24.4, so the transpose is built column by column.
            let out = MatMut::from_column_major_slice_with_stride_mut(
                &mut out[p * n..][..end],
                n,
                sectors,
                n * n,
            )
            .transpose_mut();
            matmul(out, Accum::Add, g, v, 1.0, Par::Seq);
        }
    }
}

/// d ln c and d ln P by x.
fn price_slopes(d: &Directions, market: &Market, state: &State) -> (Vec<f64>, Vec<f64>) {
    let n = d.n;
    let mut cost = d.zeros();
    let mut price = d.zeros();
    let mut new = d.zeros();
    for _ in 0..LARGEST_STEPS {
        cost.fill(0.0);
        for c in 0..d.sectors * n {
            cost[c * n + c % n] = market.world.labour[c];
        }
        d.add_by_place(true, &price, &mut cost);
        d.by_sector(&state.share, false, &cost, &mut new);
        let moved = new.iter().zip(&price).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs()));
        std::mem::swap(&mut price, &mut new);
        if moved <= ACCURACY {
            break;
        }
    }
    (cost, price)
}

fn gap_slopes(market: &Market, target: &Target, s: &State) -> Mat<f64> {
    let world = market.world;
    let (n, sectors) = (world.n, world.sectors);
    let d = Directions { n, sectors, inputs: &world.inputs };
    let (cost, price) = price_slopes(&d, market, s);
    let theta = |c: usize| world.theta[c / n];
    let deficit = deficit_slopes(market, s);

    // Foreign flows apart from own sales: near autarky their slopes are a small part of the whole.
    let flow: Vec<f64> = (0..s.net.len()).map(|c| s.net[c] * s.spending[c / n]).collect();
    let own = |c: usize| c / n % n == c % n;
    let foreign = |v: &[f64]| -> Vec<f64> {
        v.iter().enumerate().map(|(c, &v)| if own(c) { 0.0 } else { v }).collect()
    };
    let (foreign_flow, foreign_net) = (foreign(&flow), foreign(&s.net));
    let mut by_seller = d.zeros();
    let mut by_buyer = d.zeros();
    // Substitution with spending held: what sellers gain and buyers take, foreign flows alone.
    let mut substitution = |flow: &[f64]| {
        d.by_sector(flow, true, &price, &mut by_seller);
        d.by_sector(flow, false, &cost, &mut by_buyer);
        let (mut sold, mut bought) = (vec![0.0; sectors * n], vec![0.0; sectors * n]);
        for c in 0..flow.len() {
            let j = c / (n * n);
            sold[j * n + c % n] += flow[c];
            bought[c / n] += flow[c];
        }
        let mut sellers = d.zeros();
        let mut buyers = d.zeros();
        for c in 0..sectors * n {
            for m in c * n..(c + 1) * n {
                sellers[m] = -theta(c) * (sold[c] * cost[m] - by_seller[m]);
                buyers[m] = -theta(c) * (by_buyer[m] - bought[c] * price[m]);
            }
        }
        (sellers, buyers)
    };
    let (sellers, _) = substitution(&flow);
    // Revenue: only foreign flows carry tariffs.
    let taxed: Vec<f64> = (0..flow.len()).map(|c| flow[c] * target.tariff[c]).collect();
    let (_, revenue) = substitution(&taxed);
    let (foreign_sellers, foreign_buyers) = substitution(&foreign_flow);

    // dX: the part that does not depend on dX, then the map iterated.
    let mut constant = d.zeros();
    let mut income = Mat::<f64>::from_fn(n, n, |p, m| {
        deficit[(p, m)] + if p == m { s.value_added[p] } else { 0.0 }
    });
    for c in 0..sectors * n {
        for m in 0..n {
            income[(c % n, m)] += revenue[c * n + m];
        }
    }
    for c in 0..sectors * n {
        for m in 0..n {
            constant[c * n + m] = world.alpha[c] * income[(c % n, m)];
        }
    }
    d.add_by_place(false, &sellers, &mut constant);
    let mut spending = constant.clone();
    let mut output = d.zeros();
    for _ in 0..LARGEST_STEPS {
        d.by_sector(&s.net, true, &spending, &mut output);
        let mut collected = vec![0.0; n * n];
        for c in 0..sectors * n {
            let to = &mut collected[c % n * n..][..n];
            let rate = s.revenue_rate[c];
            if rate != 0.0 {
                to.iter_mut().zip(&spending[c * n..][..n]).for_each(|(r, x)| *r += rate * x);
            }
        }
        let mut new = constant.clone();
        for c in 0..sectors * n {
            let from = &collected[c % n * n..][..n];
            let alpha = world.alpha[c];
            new[c * n..][..n].iter_mut().zip(from).for_each(|(x, r)| *x += alpha * r);
        }
        d.add_by_place(false, &output, &mut new);
        let mut moved: f64 = 0.0;
        for c in (0..sectors * n).filter(|&c| s.spending[c] > 0.0) {
            for m in c * n..(c + 1) * n {
                moved = moved.max((new[m] - spending[m]).abs() / s.spending[c]);
            }
        }
        spending = new;
        if moved <= ACCURACY {
            break;
        }
    }

    d.by_sector(&foreign_net, true, &spending, &mut output);
    let mut jacobian = Mat::<f64>::zeros(n, n);
    let mut exports = Mat::<f64>::zeros(n, n);
    let mut imports = Mat::<f64>::zeros(n, n);
    for c in 0..sectors * n {
        let p = c % n;
        let bought: f64 = foreign_net[c * n..][..n].iter().sum();
        for m in 0..n {
            let at = c * n + m;
            exports[(p, m)] += output[at] + foreign_sellers[at];
            imports[(p, m)] += bought * spending[at] + foreign_buyers[at];
        }
    }
    for p in 0..n {
        let (sold, bought) = sides(s.exports[p], s.imports[p], s.deficit[p]);
        for m in 0..n {
            let borrowed = deficit[(p, m)];
            let (plus, minus) = if s.deficit[p] > 0.0 { (borrowed, 0.0) } else { (0.0, -borrowed) };
            jacobian[(p, m)] = (exports[(p, m)] + plus) / sold - (imports[(p, m)] + minus) / bought;
        }
    }
    jacobian
}

/// dD'_n / dx_m.
fn deficit_slopes(market: &Market, s: &State) -> Mat<f64> {
    let n = s.x.len();
    if !market.multiplicative {
        return Mat::zeros(n, n);
    }
    let k = |p: usize| 1.0 + market.deficit[p] / market.world.value_added[p];
    let total = market.by_bloc(&s.value_added);
    let wished: Vec<f64> = (0..n).map(|p| k(p) * s.value_added[p]).collect();
    let wished = market.by_bloc(&wished);
    Mat::from_fn(n, n, |p, m| {
        let c = market.bloc[p];
        let own = if p == m { s.deficit[p] } else { 0.0 };
        if market.bloc[m] != c {
            return own;
        }
        let closing = s.value_added[m] / total[c] - k(m) * s.value_added[m] / wished[c];
        own + (s.value_added[p] + s.deficit[p]) * closing
    })
}

#[cfg(test)]
mod tests {
    use super::super::shock::ManySectorShock;
    use super::super::world::{ManySectors, ManySectorsData};
    use super::*;

    /// The slopes stop at 1e-6; differences with a step of 1e-5 are better than that.
    const DIFFERENCES: f64 = 1e-5;

    /// Every entry of the Jacobian, with tariffs, unequal inputs and both kinds of deficits.
    #[test]
    fn slopes_equal_differences() {
        let (n, sectors) = (4, 3);
        let flow = |c: usize| {
            let (j, i, d) = (c / (n * n), c / n % n, c % n);
            if i == d { 60.0 + 7.0 * (i + j) as f64 } else { 1.0 + ((5 * c + 3 * j) % 11) as f64 }
        };
        let trade: Vec<f64> = (0..sectors * n * n).map(flow).collect();
        let rate = |c: usize| if c / n % n == c % n { 0.0 } else { 0.05 * (c % 5) as f64 };
        let world = ManySectors::new(&ManySectorsData {
            places: n,
            sectors,
            trade,
            tariffs: (0..sectors * n * n).map(rate).collect(),
            value_added_shares: vec![0.6; n * sectors],
            input_shares: (0..n * sectors * sectors)
                .map(|c| [0.1, 0.2, 0.1][(c / sectors + c % sectors) % sectors])
                .collect(),
            elasticities: vec![4.0, 8.0, 2.0],
            final_shares: None,
        });
        let world = world.unwrap();
        let mut shock = ManySectorShock::none(&world);
        shock.cost(0, 1, 2, 1.2).unwrap();
        shock.tariff(1, 0, 3, 0.5).unwrap();
        for multiplicative in [false, true] {
            let market = Market {
                world: &world,
                shock: &shock,
                deficit: &world.deficit,
                multiplicative,
                bloc: &[0; 4],
                blocs: 1,
            };
            let target = market.target(1.0);
            let x = vec![0.05, -0.1, 0.02, 0.0];
            let state = market.evaluate(&target, x.clone(), None).unwrap();
            let slopes = gap_slopes(&market, &target, &state);
            for m in 0..n {
                let moved = |step: f64| {
                    let mut x = x.clone();
                    x[m] += step;
                    market.evaluate(&target, x, None).unwrap()
                };
                let (up, down) = (moved(1e-5), moved(-1e-5));
                for p in 0..n {
                    let rise = (up.gap[p] - down.gap[p]) / 2e-5;
                    let gap = (slopes[(p, m)] - rise).abs();
                    assert!(gap < DIFFERENCES, "[{p}, {m}] {} against {rise}", slopes[(p, m)]);
                }
            }
        }
    }
}
