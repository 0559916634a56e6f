//! Fixed points with Anderson's acceleration, for prices and for spending given wages.
//!
//! Both maps contract: a price passes on at most the share of inputs in output, and of a unit
//! spent at most that share comes back as spending. Acceleration halves the steps or better, and
//! when it errs the plain map is taken from where it stands.
//!
//! # Source
//!
//! Walker and Ni (2011), "Anderson Acceleration for Fixed-Point Iterations", SIAM Journal on
//! Numerical Analysis 49(4).

/// Earlier steps combined. More than eight bring nothing on maps that contract this well.
const MEMORY: usize = 8;
/// Rounding of a few dozen logarithms and sums near one.
const FINE: f64 = 2e-15;
/// Rounding noise may keep a large map above `FINE`; this is still far inside the clearing rule.
const ACCEPTED: f64 = 1e-13;
/// Steps without a better one after which the best is all that rounding allows.
const PATIENCE: usize = 6;
const LARGEST_STEPS: usize = 1000;
/// A column of the least squares this small against its origin says nothing new.
const DEPENDENT: f64 = 1e-10;

/// The fixed point of `map` near `start` in the largest norm; `None` when the map gives numbers
/// that are not finite or does not settle. Entries are expected to be of order one.
pub(super) fn fixed_point(
    start: &[f64],
    mut map: impl FnMut(&[f64], &mut [f64]),
) -> Option<Vec<f64>> {
    let size = start.len();
    let mut x = start.to_vec();
    let mut g = vec![0.0; size];
    let mut f = vec![0.0; size];
    let (mut last_g, mut last_f) = (Vec::new(), Vec::new());
    let mut steps: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    let (mut best, mut best_at) = (f64::INFINITY, 0);
    let mut answer = Vec::new();
    for iteration in 0..LARGEST_STEPS {
        map(&x, &mut g);
        let mut gap: f64 = 0.0;
        for c in 0..size {
            f[c] = g[c] - x[c];
            gap = gap.max(f[c].abs());
            if !f[c].is_finite() {
                return None;
            }
        }
        if gap <= FINE {
            return Some(g);
        }
        if gap < best {
            if gap <= ACCEPTED {
                answer.clone_from(&g);
            }
            (best, best_at) = (gap, iteration);
        } else if best <= ACCEPTED && iteration - best_at >= PATIENCE {
            return Some(answer);
        }
        if gap > 10.0 * best {
            steps.clear();
            last_f.clear();
        }
        if !last_f.is_empty() {
            let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
            if steps.len() == MEMORY {
                steps.remove(0);
            }
            steps.push((difference(&f, &last_f), difference(&g, &last_g)));
        }
        last_f.clone_from(&f);
        last_g.clone_from(&g);
        x.copy_from_slice(&g);
        for ((_, step), weight) in steps.iter().zip(least_squares(&steps, &f)) {
            x.iter_mut().zip(step).for_each(|(x, s)| *x -= weight * s);
        }
    }
    (best <= ACCEPTED).then_some(answer)
}

/// Weights w of min |f - sum_m w_m df_m|, by modified Gram-Schmidt, newest step first.
fn least_squares(steps: &[(Vec<f64>, Vec<f64>)], f: &[f64]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let count = steps.len();
    let mut basis: Vec<(usize, Vec<f64>)> = Vec::with_capacity(count);
    let mut upper = vec![0.0; count * count];
    let mut target = vec![0.0; count];
    let mut rest = f.to_vec();
    for m in (0..count).rev() {
        let mut column = steps[m].0.clone();
        let before = dot(&column, &column).sqrt();
        for (b, unit) in &basis {
            let along = dot(unit, &column);
            upper[b * count + m] = along;
            column.iter_mut().zip(unit).for_each(|(c, u)| *c -= along * u);
        }
        let length = dot(&column, &column).sqrt();
        if length <= DEPENDENT * before || length == 0.0 {
            continue;
        }
        column.iter_mut().for_each(|c| *c /= length);
        upper[m * count + m] = length;
        target[m] = dot(&column, &rest);
        rest.iter_mut().zip(&column).for_each(|(r, c)| *r -= target[m] * c);
        basis.push((m, column));
    }
    let mut weights = vec![0.0; count];
    for (m, _) in basis.iter().rev() {
        let known: f64 = (0..*m).map(|later| upper[m * count + later] * weights[later]).sum();
        weights[*m] = (target[*m] - known) / upper[m * count + m];
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x = A x + b with a known answer; a linear map of two dimensions needs three steps.
    #[test]
    fn a_linear_map_is_solved() {
        let mut calls = 0;
        let x = fixed_point(&[0.0, 0.0], |x, g| {
            calls += 1;
            g[0] = 0.5 * x[0] + 0.2 * x[1] + 0.1;
            g[1] = 0.1 * x[0] + 0.6 * x[1] + 0.2;
        })
        .unwrap();
        // (I - A) x = b has determinant 0.18: x = (0.08, 0.11) / 0.18.
        assert!((x[0] - 0.08 / 0.18).abs() < 1e-14 && (x[1] - 0.11 / 0.18).abs() < 1e-14);
        assert!(calls <= 6, "{calls} calls");
    }

    #[test]
    fn a_map_that_runs_away_is_told() {
        assert!(fixed_point(&[1.0], |x, g| g[0] = (x[0] * x[0]).exp()).is_none());
    }
}
