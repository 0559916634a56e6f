//! The Weidner and Zylkin correction on one page: every matrix written out.
//!
//! Slow and short. `estimate::bias` must give the same numbers; a test holds it to that.
//!
//! Run with `cargo run -p emporion-model --example bias_one_page`.

type Matrix = Vec<Vec<f64>>;

/// Bias and adjusted covariance (row-major) from residuals e, fitted values λ, raw regressors,
/// and origin, destination and time of every row; `three_way` with pair effects.
pub fn bias_one_page(
    e: &[f64],
    lambda: &[f64],
    x: &[Vec<f64>],
    ids: &[Vec<usize>; 3],
    three_way: bool,
) -> (Vec<f64>, Vec<f64>) {
    let (n, k) = (e.len(), x.len());
    let size = |v: &[usize]| v.iter().max().unwrap() + 1;
    let (n_o, n_d, n_t) = (size(&ids[0]), size(&ids[1]), size(&ids[2]));
    let levels = (n_o + n_d) * n_t;
    let origin = |r: usize| ids[0][r] * n_t + ids[2][r];
    let destination = |r: usize| (n_o + ids[1][r]) * n_t + ids[2][r];
    let mut pairs: Vec<Vec<usize>> = vec![Vec::new(); n_o * n_d];
    (0..n).for_each(|r| pairs[ids[0][r] * n_d + ids[1][r]].push(r));
    pairs.retain(|p| !p.is_empty());
    let h: Vec<Matrix> = pairs
        .iter()
        .map(|p| {
            let total: f64 = p.iter().map(|r| lambda[*r]).sum();
            square(p.len(), |t, s| {
                let own = if t == s { lambda[p[t]] } else { 0.0 };
                own - if three_way { lambda[p[t]] * lambda[p[s]] / total } else { 0.0 }
            })
        })
        .collect();
    // Regressors on both effects under H, which has the pair effects taken out.
    let mut information = square(levels, |_, _| 0.0);
    let mut right = vec![vec![0.0; k]; levels];
    for (p, h) in pairs.iter().zip(&h) {
        for t in 0..p.len() {
            for s in 0..p.len() {
                for a in [origin(p[t]), destination(p[t])] {
                    for b in [origin(p[s]), destination(p[s])] {
                        information[a][b] += h[t][s];
                    }
                    (0..k).for_each(|j| right[a][j] += h[t][s] * x[j][p[s]]);
                }
            }
        }
    }
    let v_d = inverse(&information);
    let alpha = product(&v_d, &right);
    let mut x: Vec<Vec<f64>> = x.to_vec();
    for j in 0..k {
        (0..n).for_each(|r| x[j][r] -= alpha[origin(r)][j] + alpha[destination(r)][j]);
        for p in pairs.iter().filter(|_| three_way) {
            let total: f64 = p.iter().map(|r| lambda[*r]).sum();
            let mean = p.iter().map(|r| lambda[*r] * x[j][*r]).sum::<f64>() / total;
            p.iter().for_each(|r| x[j][*r] -= mean);
        }
    }
    let v_x = inverse(&square(k, |a, b| (0..n).map(|r| lambda[r] * x[a][r] * x[b][r]).sum()));

    // Errors: residuals freed of what x and the effects took out of them.
    let mut meat = square(k, |_, _| 0.0);
    for (p, h) in pairs.iter().zip(&h) {
        let taken = square(p.len(), |t, s| {
            let (t, s) = (p[t], p[s]);
            let from_x: f64 = (0..k)
                .flat_map(|a| (0..k).map(move |b| (a, b)))
                .map(|(a, b)| x[a][t] * v_x[a][b] * x[b][s])
                .sum();
            let (o, d) = ([origin(t), destination(t)], [origin(s), destination(s)]);
            from_x + o.iter().flat_map(|a| d.iter().map(|b| v_d[*a][*b])).sum::<f64>()
        });
        let share = product(h, &taken);
        let left = square(p.len(), |t, s| f64::from(u8::from(t == s)) - share[t][s]);
        let e_column: Matrix = p.iter().map(|r| vec![e[*r]]).collect();
        let freed = solve(&left, &e_column);
        for a in 0..k {
            for b in 0..k {
                let sum = |j: usize, v: &dyn Fn(usize) -> f64| -> f64 {
                    (0..p.len()).map(|t| x[j][p[t]] * v(t)).sum()
                };
                let (plain, free) = (|t: usize| e[p[t]], |t: usize| freed[t][0]);
                meat[a][b] +=
                    0.5 * (sum(a, &plain) * sum(b, &free) + sum(b, &plain) * sum(a, &free));
            }
        }
    }
    let count = pairs.len() as f64;
    let variance = product(&product(&v_x, &meat), &v_x);
    let variance = variance.into_iter().flatten().map(|v| v * count / (count - 1.0)).collect();

    // Bias: for each origin, then for each destination, the two traces.
    let mut score = vec![0.0; k];
    for side in [0, 1] {
        let places = (0..size(&ids[side])).filter(|i| ids[side].contains(i));
        let places: Vec<usize> = places.collect();
        let factor = places.len() as f64 / (places.len() as f64 - 1.0);
        for i in places {
            for j in 0..k {
                let zero = || square(n_t, |_, _| 0.0);
                let (mut sum_h, mut ehx, mut g, mut ee) = (zero(), zero(), zero(), zero());
                for (p, h) in pairs.iter().zip(&h).filter(|(p, _)| ids[side][p[0]] == i) {
                    let time = |t: usize| ids[2][p[t]];
                    for t in 0..p.len() {
                        for s in 0..p.len() {
                            let hx: f64 = (0..p.len()).map(|r| h[s][r] * x[j][p[r]]).sum();
                            sum_h[time(t)][time(s)] += h[t][s];
                            ehx[time(t)][time(s)] += e[p[t]] * hx;
                            g[time(t)][time(s)] -= h[t][s] * (x[j][p[t]] + x[j][p[s]]);
                            ee[time(t)][time(s)] += e[p[t]] * e[p[s]];
                        }
                    }
                }
                let v = inverse(&sum_h);
                let trace = |m: Matrix| (0..n_t).map(|t| m[t][t]).sum::<f64>();
                let second = trace(product(&product(&v, &g), &product(&v, &ee)));
                score[j] += factor * (-trace(product(&ehx, &v)) + 0.5 * second);
            }
        }
    }
    let score: Matrix = score.into_iter().map(|s| vec![s]).collect();
    let bias = product(&v_x, &score).into_iter().map(|b| if three_way { b[0] } else { 0.0 });
    (bias.collect(), variance)
}

fn square(n: usize, f: impl Fn(usize, usize) -> f64) -> Matrix {
    (0..n).map(|i| (0..n).map(|j| f(i, j)).collect()).collect()
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let cell = |row: &Vec<f64>, j: usize| row.iter().zip(b).map(|(v, b)| v * b[j]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|j| cell(row, j)).collect()).collect()
}

/// A generalised inverse: levels that earlier ones reproduce get rows and columns of zeros.
fn inverse(a: &Matrix) -> Matrix {
    let n = a.len();
    let mut kept: Vec<usize> = Vec::new();
    let mut left = a.clone();
    for c in 0..n {
        if left[c][c] > 1e-9 * a[c][c] {
            kept.push(c);
            for r in c + 1..n {
                let f = left[r][c] / left[c][c];
                for l in c..n {
                    left[r][l] -= f * left[c][l];
                }
            }
        }
    }
    let regular = square(kept.len(), |i, j| a[kept[i]][kept[j]]);
    let small = solve(&regular, &square(kept.len(), |i, j| f64::from(u8::from(i == j))));
    let mut out = square(n, |_, _| 0.0);
    for (i, r) in kept.iter().enumerate() {
        kept.iter().enumerate().for_each(|(j, c)| out[*r][*c] = small[i][j]);
    }
    out
}

/// A⁻¹B by elimination with the largest pivot.
fn solve(a: &Matrix, b: &Matrix) -> Matrix {
    let n = a.len();
    let mut m: Matrix = a.iter().zip(b).map(|(a, b)| [&a[..], &b[..]].concat()).collect();
    for c in 0..n {
        let largest = |i: &usize, j: &usize| m[*i][c].abs().total_cmp(&m[*j][c].abs());
        let pivot = (c..n).max_by(largest).unwrap();
        m.swap(c, pivot);
        for r in (0..n).filter(|r| *r != c) {
            let f = m[r][c] / m[c][c];
            for l in c..m[r].len() {
                let v = m[c][l];
                m[r][l] -= f * v;
            }
        }
    }
    (0..n).map(|r| m[r][n..].iter().map(|v| v / m[r][r]).collect()).collect()
}

fn main() {
    // Three places, two years, one regressor; λ as if fitted.
    let (mut e, mut lambda, mut x) = (Vec::new(), Vec::new(), Vec::new());
    let mut ids: [Vec<usize>; 3] = Default::default();
    for i in 0..4 {
        for j in (0..4).filter(|j| *j != i) {
            for t in 0..2 {
                ids[0].push(i);
                ids[1].push(j);
                ids[2].push(t);
                lambda.push(1.0 + ((i * 3 + j * 5 + t) % 4) as f64);
                e.push((((i + 2 * j) % 3) as f64 - 1.0) * if t == 0 { 1.0 } else { -1.0 });
                x.push(((i * 7 + j * 3 + t * 5 + i * j * t) % 6) as f64);
            }
        }
    }
    let (bias, variance) = bias_one_page(&e, &lambda, &[x], &ids, true);
    println!("bias {:.6}  adjusted error {:.6}", bias[0], variance[0].sqrt());
}
