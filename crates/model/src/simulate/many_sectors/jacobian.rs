//! How far foreign payments and receipts move when one wage moves, everything else following.

use rayon::prelude::*;

use super::market::{Market, State, dot};

/// Derivatives serve Newton's method, which corrects itself: six digits cost half the steps of
/// twelve and lose no iteration of it.
const ENOUGH: f64 = 1e-7;
const STEPS: usize = 2000;

/// d(imports_i - exports_i) / d ln w_m, in column m; `None` when an inner iteration fails.
///
/// ```text
/// d ln P_n^j = sum_i pi'_in d ln c_i^j,  d ln c_i^j = gamma d ln w_i + sum_k gamma^{k,j} d ln P_i^k
/// d ln pi'_in = -theta (d ln c_i - d ln P_n)
/// d X_n^j = sum_k gamma_n^{j,k} d Y_n^k + alpha_n^j d I_n
/// d M_in = pi'_in / tau'_in d X_n + M_in d ln pi'_in
/// ```
///
/// The prices and the spending of one column are contractions like those of the state. Columns are
/// independent, so any number of threads gives the same bytes.
pub(super) fn jacobian(market: &Market<'_>, state: &State) -> Option<Vec<Vec<f64>>> {
    let basic: Vec<f64> =
        state.share.iter().zip(&market.tariff).map(|(s, t)| s / (1.0 + t)).collect();
    (0..market.n).into_par_iter().map(|m| column(market, state, &basic, m)).collect()
}

fn column(market: &Market<'_>, state: &State, basic: &[f64], at: usize) -> Option<Vec<f64>> {
    let (n, sectors) = (market.n, market.sectors);
    let mut wage = vec![0.0; n];
    wage[at] = 1.0;
    let (price, cost) = prices(market, state, &wage)?;

    // What moves because shares move: M d ln pi', summed by seller, and the duty on it by buyer.
    let mut moved = vec![0.0; sectors * n];
    let mut duty = vec![0.0; n];
    let change = |sector: usize, i: usize, m: usize| {
        -market.world.elasticity[sector] * (cost[sector * n + i] - price[sector * n + m])
    };
    for (row, flows) in state.trade.chunks_exact(n).enumerate() {
        let (sector, i) = (row / n, row % n);
        for (m, flow) in flows.iter().enumerate() {
            let shift = flow * change(sector, i, m);
            moved[row] += shift;
            duty[m] += market.tariff[row * n + m] * shift;
        }
    }
    duty[at] += market.labour[at] * state.wage[at].exp();
    let spending = spending(market, basic, &moved, &duty)?;

    let mut gap = vec![0.0; n];
    for (row, (flows, basic)) in
        state.trade.chunks_exact(n).zip(basic.chunks_exact(n)).enumerate()
    {
        let (sector, i) = (row / n, row % n);
        for m in (0..n).filter(|&m| m != i) {
            let d = basic[m] * spending[sector * n + m] + flows[m] * change(sector, i, m);
            gap[m] += d;
            gap[i] -= d;
        }
    }
    Some(gap)
}

/// d ln P and d ln c.
fn prices(market: &Market<'_>, state: &State, wage: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
    let n = market.n;
    let cells = market.sectors * n;
    let (mut price, mut next, mut cost) = (vec![0.0; cells], vec![0.0; cells], vec![0.0; cells]);
    for _ in 0..STEPS {
        market.costs(wage, &price, &[], &mut cost);
        next.fill(0.0);
        for (row, shares) in state.share.chunks_exact(n).enumerate() {
            let c = cost[row];
            for (p, s) in next[row / n * n..][..n].iter_mut().zip(shares) {
                *p += s * c;
            }
        }
        let change = price.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        std::mem::swap(&mut price, &mut next);
        if change <= ENOUGH {
            market.costs(wage, &price, &[], &mut cost);
            return Some((price, cost));
        }
    }
    None
}

/// d X from what shares moved (`moved`, by seller) and the income that came with it (`income`).
fn spending(
    market: &Market<'_>,
    basic: &[f64],
    moved: &[f64],
    income: &[f64],
) -> Option<Vec<f64>> {
    let n = market.n;
    let cells = market.sectors * n;
    let mut duty = vec![0.0; cells];
    for (row, basic) in basic.chunks_exact(n).enumerate() {
        let tariff = &market.tariff[row * n..(row + 1) * n];
        for (d, (b, t)) in duty[row / n * n..][..n].iter_mut().zip(basic.iter().zip(tariff)) {
            *d += b * t;
        }
    }
    let (mut spending, mut next) = (vec![0.0; cells], vec![0.0; cells]);
    let mut output = vec![0.0; cells];
    let largest = dot(income, income).sqrt().max(dot(moved, moved).sqrt());
    for _ in 0..STEPS {
        market.outputs(basic, &spending, &mut output);
        for (y, m) in output.iter_mut().zip(moved) {
            *y += m;
        }
        let mut earned = income.to_vec();
        for (at, (d, x)) in duty.iter().zip(&spending).enumerate() {
            earned[at % n] += d * x;
        }
        market.demand(&output, &earned, &mut next);
        let change = spending.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        std::mem::swap(&mut spending, &mut next);
        if change <= ENOUGH * largest {
            return Some(spending);
        }
    }
    None
}
