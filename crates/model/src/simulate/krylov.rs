//! Generalised minimal residuals: a linear system from products with its matrix alone.
//!
//! ```text
//! minimise |b - A M y| over y in span{ b, AM b, (AM)² b, ... },   x = M y
//! ```
//!
//! # Source
//!
//! Saad and Schultz (1986), "GMRES: a generalized minimal residual algorithm for solving
//! nonsymmetric linear systems", SIAM Journal on Scientific and Statistical Computing 7(3), with the
//! preconditioner on the right, so that the residual reported is the true one.

use super::kernel::dot;

/// Directions kept before a restart. Vectors of N numbers are small beside the N × N matrix.
const DIRECTIONS: usize = 80;
/// Restarts before the best direction found is handed back.
const RESTARTS: usize = 3;

pub(crate) struct Krylov {
    pub x: Vec<f64>,
    /// Products with the matrix.
    pub products: usize,
    /// |b - A x| / |b|.
    pub relative: f64,
}

/// Solves A x = b until |b - A x| <= `tolerance` |b| or the directions are used up.
pub(crate) fn gmres(
    apply: &dyn Fn(&[f64]) -> Vec<f64>,
    precondition: &dyn Fn(&[f64]) -> Vec<f64>,
    b: &[f64],
    tolerance: f64,
) -> Krylov {
    let size = norm(b);
    let mut x = vec![0.0; b.len()];
    let (mut products, mut residual) = (0, b.to_vec());
    let mut relative = if size == 0.0 { 0.0 } else { 1.0 };
    for _ in 0..=RESTARTS {
        if relative <= tolerance || !relative.is_finite() {
            break;
        }
        let (step, used) = cycle(apply, precondition, &residual, tolerance * size);
        products += used + 1;
        x.iter_mut().zip(&step).for_each(|(x, s)| *x += s);
        let image = apply(&x);
        residual = b.iter().zip(&image).map(|(b, a)| b - a).collect();
        relative = norm(&residual) / size;
    }
    Krylov { x, products, relative }
}

/// One cycle from zero: the step, and how many products it took.
fn cycle(
    apply: &dyn Fn(&[f64]) -> Vec<f64>,
    precondition: &dyn Fn(&[f64]) -> Vec<f64>,
    b: &[f64],
    goal: f64,
) -> (Vec<f64>, usize) {
    let start = norm(b);
    let mut basis = vec![scaled(b, 1.0 / start)];
    let mut directions: Vec<Vec<f64>> = Vec::new();
    // Columns of the triangle, rotations that made it, and the rotated right-hand side.
    let mut triangle: Vec<Vec<f64>> = Vec::new();
    let mut rotations: Vec<(f64, f64)> = Vec::new();
    let mut rhs = vec![start];
    while directions.len() < DIRECTIONS {
        let direction = precondition(basis.last().expect("starts with one"));
        let mut w = apply(&direction);
        directions.push(direction);
        let mut column = Vec::with_capacity(basis.len() + 1);
        for v in &basis {
            let h = dot(v, &w);
            w.iter_mut().zip(v).for_each(|(w, v)| *w -= h * v);
            column.push(h);
        }
        let rest = norm(&w);
        for (k, &(c, s)) in rotations.iter().enumerate() {
            let (a, b) = (column[k], column[k + 1]);
            (column[k], column[k + 1]) = (c * a + s * b, c * b - s * a);
        }
        let last = column.len() - 1;
        let length = column[last].hypot(rest);
        let (c, s) = (column[last] / length, rest / length);
        column[last] = length;
        rotations.push((c, s));
        triangle.push(column);
        rhs.push(-s * rhs[last]);
        rhs[last] *= c;
        let left = rhs[last + 1].abs();
        if left <= goal || left.is_nan() || rest == 0.0 {
            break;
        }
        basis.push(scaled(&w, 1.0 / rest));
    }
    let used = directions.len();
    let mut y = vec![0.0; used];
    for k in (0..used).rev() {
        let known: f64 = (k + 1..used).map(|m| triangle[m][k] * y[m]).sum();
        y[k] = (rhs[k] - known) / triangle[k][k];
    }
    let mut step = vec![0.0; b.len()];
    for (y, direction) in y.iter().zip(&directions) {
        step.iter_mut().zip(direction).for_each(|(s, d)| *s += y * d);
    }
    (step, used)
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn scaled(v: &[f64], factor: f64) -> Vec<f64> {
    v.iter().map(|v| factor * v).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five equations of condition below ten.
    const ROUNDING: f64 = 1e-13;

    #[test]
    fn a_small_system_by_hand() {
        // Rows (2, 1, 0, ..), (0, 2, 1, ..), ...: with x = (1, 2, 3, 4, 5) the right-hand side is
        // (4, 7, 10, 13, 10).
        let apply = |v: &[f64]| -> Vec<f64> {
            (0..5).map(|i| 2.0 * v[i] + if i < 4 { v[i + 1] } else { 0.0 }).collect()
        };
        let halve = |v: &[f64]| scaled(v, 0.5);
        let found = gmres(&apply, &halve, &[4.0, 7.0, 10.0, 13.0, 10.0], 1e-15);
        for (k, x) in found.x.iter().enumerate() {
            assert!((x - (k + 1) as f64).abs() < ROUNDING, "{k}: {x}");
        }
        assert!(found.products <= 16 && found.relative < ROUNDING);
        assert_eq!(gmres(&apply, &halve, &[0.0; 5], 1e-15).x, vec![0.0; 5]);
    }
}
