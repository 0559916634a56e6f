//! Poisson lasso with fixed effects on one page: one coordinate after the other on the likelihood.
//!
//! Slow and short. `estimate::lasso` must give the same numbers; a test holds it to that.
//!
//! Run with `cargo run -p emporion-model --example lasso_one_page`.

/// Coefficients that minimise Σ (μ - y ln μ) + Σ p_j |b_j| with one dummy per level of each effect.
///
/// A dummy scales its rows to their total. A regressor takes Newton steps in its own coefficient:
/// b ← S(h b + g, p) / h with g = Σ x (y - μ), h = Σ x² μ, and S the soft threshold.
pub fn lasso_one_page(y: &[f64], x: &[Vec<f64>], effects: &[Vec<usize>], p: &[f64]) -> Vec<f64> {
    let n = y.len();
    let mut b = vec![0.0; x.len()];
    let mut mu = vec![1.0; n];
    for _ in 0..200_000 {
        let mut largest = 0.0f64;
        for ids in effects {
            let levels = ids.iter().max().unwrap() + 1;
            let (mut want, mut have) = (vec![0.0; levels], vec![0.0; levels]);
            for i in 0..n {
                want[ids[i]] += y[i];
                have[ids[i]] += mu[i];
            }
            for i in 0..n {
                if want[ids[i]] == 0.0 {
                    mu[i] = 0.0;
                    continue;
                }
                let ratio = want[ids[i]] / have[ids[i]];
                largest = largest.max(ratio.ln().abs());
                mu[i] *= ratio;
            }
        }
        for j in 0..x.len() {
            for _ in 0..5 {
                let g: f64 = (0..n).map(|i| x[j][i] * (y[i] - mu[i])).sum();
                let h: f64 = (0..n).map(|i| x[j][i] * x[j][i] * mu[i]).sum();
                let z = h * b[j] + g;
                let new = z.signum() * (z.abs() - p[j]).max(0.0) / h;
                let change = new - b[j];
                b[j] = new;
                (0..n).for_each(|i| mu[i] *= (change * x[j][i]).exp());
                largest = largest.max(change.abs());
            }
        }
        if largest < 1e-14 {
            break;
        }
    }
    b
}

/// Provisions of agreements for the rows of a panel with these origins, destinations and years: an
/// agreement is in force from its year on, and has some of the provisions.
pub fn provisions(rows: &[(usize, usize, usize)], count: usize) -> Vec<Vec<f64>> {
    let in_force = |i: usize, j: usize, t: usize| (i * 3 + j * 5 + i * j) % 4 < t;
    (0..count)
        .map(|k| {
            rows.iter()
                .map(|&(i, j, t)| {
                    let has = (i * (k + 2) + j * (k + 3) + i * j * k) % 5 < 2 + k % 2;
                    f64::from(u8::from(has && in_force(i, j, t)))
                })
                .collect()
        })
        .collect()
}

/// A panel of n places and three years with provisions: rows, outcome, provisions, effects.
#[allow(clippy::type_complexity)]
pub fn provision_panel(
    n: usize,
    count: usize,
) -> (Vec<(usize, usize, usize)>, Vec<f64>, Vec<Vec<f64>>, Vec<Vec<usize>>) {
    let mut rows = Vec::new();
    for t in 0..3 {
        for i in 0..n {
            rows.extend((0..n).filter(|j| *j != i).map(|j| (i, j, t)));
        }
    }
    let x = provisions(&rows, count);
    let y = rows
        .iter()
        .enumerate()
        .map(|(at, &(i, j, t))| {
            let noise = 1.0 + ((i * 31 + j * 17 + t * 29) % 7) as f64 / 4.0;
            let size = (0.4 * i as f64 - 0.3 * j as f64).sin().exp();
            let zero = (i + 2 * j + t) % 5 == 0;
            let effect = 0.6 * x[0][at] - 0.3 * x[count - 1][at];
            if zero { 0.0 } else { noise * size * effect.exp() }
        })
        .collect();
    let ids = vec![
        rows.iter().map(|r| r.2 * n + r.0).collect(),
        rows.iter().map(|r| r.2 * n + r.1).collect(),
        rows.iter().map(|r| r.0 * (n - 1) + if r.1 > r.0 { r.1 - 1 } else { r.1 }).collect(),
    ];
    (rows, y, x, ids)
}

fn main() {
    let (_, y, x, effects) = provision_panel(6, 5);
    for p in [0.0, 1.0, 2.0, 4.0] {
        let b = lasso_one_page(&y, &x, &effects[..2], &[p; 5]);
        println!("penalty {p}: {b:.6?}");
    }
}
