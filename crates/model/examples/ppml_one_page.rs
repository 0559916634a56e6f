//! Poisson pseudo-maximum likelihood on one page: dummies written out, normal equations, Newton.
//!
//! Slow and short. `estimate::ppml` must give the same numbers; a test holds it to that.
//!
//! Run with `cargo run -p emporion-model --example ppml_one_page`.

/// Coefficients on the regressors `x` (columns), with one dummy per level of each effect.
///
/// Newton's step for Σ (y - μ) z = 0, μ = exp(z'b): solve (Z'μZ) d = Z'(y - μ), b ← b + d.
pub fn ppml_one_page(y: &[f64], x: &[Vec<f64>], effects: &[Vec<usize>]) -> Vec<f64> {
    let n = y.len();
    let mut z: Vec<Vec<f64>> = x.to_vec();
    for ids in effects {
        for level in 0..=*ids.iter().max().unwrap() {
            z.push(ids.iter().map(|id| f64::from(u8::from(*id == level))).collect());
        }
    }
    let p = z.len();
    let mut b = vec![0.0; p];
    // The first step is least squares on the log of (y + mean) / 2, as there is no b yet.
    let mean = y.iter().sum::<f64>() / n as f64;
    let mut mu: Vec<f64> = y.iter().map(|v| 0.5 * (v + mean)).collect();
    for iteration in 0..100 {
        let r: Vec<f64> = (0..n)
            .map(|i| (y[i] - mu[i]) / mu[i] + if iteration == 0 { mu[i].ln() } else { 0.0 })
            .collect();
        let sum = |f: &dyn Fn(usize) -> f64| -> f64 { (0..n).map(f).sum() };
        let mut a: Vec<Vec<f64>> =
            (0..p).map(|j| (0..p).map(|l| sum(&|i| mu[i] * z[j][i] * z[l][i])).collect()).collect();
        let g: Vec<f64> = (0..p).map(|j| sum(&|i| mu[i] * z[j][i] * r[i])).collect();
        let d = gauss(&mut a, g);
        for j in 0..p {
            b[j] += d[j];
        }
        mu = (0..n).map(|i| (0..p).map(|j| z[j][i] * b[j]).sum::<f64>().exp()).collect();
        if d.iter().all(|v| v.abs() < 1e-12) {
            break;
        }
    }
    b.truncate(x.len());
    b
}

/// Solves a d = g by elimination; a dummy that earlier columns reproduce gets zero.
fn gauss(a: &mut [Vec<f64>], mut g: Vec<f64>) -> Vec<f64> {
    let p = g.len();
    let size: Vec<f64> = (0..p).map(|c| a[c][c]).collect();
    let free = |a: &[Vec<f64>], c: usize| a[c][c] > 1e-10 * size[c];
    for c in 0..p {
        if !free(a, c) {
            continue;
        }
        for r in c + 1..p {
            let s = a[r][c] / a[c][c];
            let row = a[c].clone();
            (c..p).for_each(|l| a[r][l] -= s * row[l]);
            g[r] -= s * g[c];
        }
    }
    for c in (0..p).rev() {
        let rest: f64 = (c + 1..p).map(|l| a[c][l] * g[l]).sum();
        g[c] = if free(a, c) { (g[c] - rest) / a[c][c] } else { 0.0 };
    }
    g
}

/// A panel of n places, three years, with zeros: outcome, one regressor, effects, by formula.
pub fn small_panel(n: usize) -> (Vec<f64>, Vec<Vec<f64>>, Vec<Vec<usize>>) {
    let (mut y, mut x) = (Vec::new(), vec![Vec::new(), Vec::new()]);
    let mut ids = vec![Vec::new(), Vec::new(), Vec::new()];
    for t in 0..3 {
        for i in 0..n {
            for j in (0..n).filter(|j| *j != i) {
                let agreement = f64::from(u8::from((i * 3 + j * 5 + i * j) % 4 < t));
                let tariff = ((i * 7 + j * 11 + t * 13 + i * j * t) % 10) as f64 / 10.0;
                let noise = 1.0 + ((i * 31 + j * 17 + t * 29) % 7) as f64;
                let size = (0.4 * i as f64 - 0.3 * j as f64).sin().exp();
                let zero = (i + 2 * j + t) % 5 == 0;
                let level = noise * size * (0.5 * agreement - tariff).exp();
                y.push(if zero { 0.0 } else { level });
                x[0].push(agreement);
                x[1].push(tariff);
                ids[0].push(t * n + i);
                ids[1].push(t * n + j);
                ids[2].push(i * (n - 1) + if j > i { j - 1 } else { j });
            }
        }
    }
    (y, x, ids)
}

fn main() {
    let (y, x, mut effects) = small_panel(6);
    effects.truncate(2);
    let b = ppml_one_page(&y, &x, &effects);
    println!("agreement {:.6}  tariff {:.6}", b[0], b[1]);
}
