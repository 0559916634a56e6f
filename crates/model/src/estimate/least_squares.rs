//! Weighted least squares on a few columns: modified Gram–Schmidt in the order given.
//!
//! ```text
//! X = Q R,  Q'WQ = I,  R upper triangular;  b = R⁻¹ Q'Wz;  (X'WX)⁻¹ = R⁻¹ R⁻ᵀ
//! ```
//!
//! The order matters to the reader: a column that earlier ones reproduce is the one reported.
//! Source: Björck (1967), "Solving linear least squares problems by Gram–Schmidt
//! orthogonalization", with one pass of reorthogonalisation.

use rayon::prelude::*;

/// Σ w a b.
#[must_use]
pub(super) fn dot(w: &[f64], a: &[f64], b: &[f64]) -> f64 {
    // Four partial sums: shorter dependency chain, and smaller rounding than one.
    let mut sums = [0.0; 4];
    let n = w.len() / 4 * 4;
    for i in (0..n).step_by(4) {
        for l in 0..4 {
            sums[l] += w[i + l] * a[i + l] * b[i + l];
        }
    }
    for i in n..w.len() {
        sums[0] += w[i] * a[i] * b[i];
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// √(Σ w a²).
#[must_use]
pub(super) fn norm(w: &[f64], a: &[f64]) -> f64 {
    dot(w, a, a).sqrt()
}

/// y ← y + s x.
pub(super) fn axpy(s: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += s * x;
    }
}

/// The triangular factorisation of a set of weighted columns.
#[derive(Debug, Clone)]
pub(super) struct Factorised {
    /// Orthonormal columns.
    q: Vec<Vec<f64>>,
    /// R, row-major k × k, upper triangular.
    r: Vec<f64>,
    /// Norm of each column after the earlier ones were taken out.
    pub remaining: Vec<f64>,
}

impl Factorised {
    /// Factorises the columns; those whose remaining norm is at most `floor[j]` get a zero in Q
    /// and R, and a zero coefficient from [`Self::solve`].
    pub fn new(w: &[f64], columns: &[Vec<f64>], floor: &[f64]) -> Self {
        let k = columns.len();
        let mut q = columns.to_vec();
        let mut r = vec![0.0; k * k];
        let mut remaining = vec![0.0; k];
        for j in 0..k {
            let (done, rest) = q.split_at_mut(j);
            let column = &mut rest[0];
            // The second pass restores orthogonality that cancellation in the first destroyed.
            for _ in 0..2 {
                for (i, earlier) in done.iter().enumerate() {
                    let s = dot(w, earlier, column);
                    axpy(-s, earlier, column);
                    r[i * k + j] += s;
                }
            }
            remaining[j] = norm(w, column);
            if remaining[j] <= floor[j] || remaining[j] == 0.0 {
                column.fill(0.0);
            } else {
                r[j * k + j] = remaining[j];
                column.iter_mut().for_each(|v| *v /= remaining[j]);
            }
        }
        Self { q, r, remaining }
    }

    fn k(&self) -> usize {
        self.q.len()
    }

    /// Coefficients of z on the columns.
    pub fn solve(&self, w: &[f64], z: &[f64]) -> Vec<f64> {
        let mut b: Vec<f64> = self.q.par_iter().map(|q| dot(w, q, z)).collect();
        self.back_substitute(&mut b);
        b
    }

    /// Coefficients on the earlier columns that reproduce column j.
    pub fn combination(&self, j: usize) -> Vec<f64> {
        let k = self.k();
        let mut b: Vec<f64> = (0..k).map(|i| if i < j { self.r[i * k + j] } else { 0.0 }).collect();
        self.back_substitute(&mut b);
        b
    }

    /// (X'WX)⁻¹, row-major.
    pub fn inverse_gram(&self) -> Vec<f64> {
        let k = self.k();
        // Columns of R⁻¹, one per unit vector.
        let inverse: Vec<Vec<f64>> = (0..k)
            .map(|j| {
                let mut e = vec![0.0; k];
                e[j] = if self.r[j * k + j] == 0.0 { 0.0 } else { 1.0 };
                self.back_substitute(&mut e);
                e
            })
            .collect();
        let mut gram = vec![0.0; k * k];
        for a in 0..k {
            for b in 0..k {
                gram[a * k + b] = (0..k).map(|l| inverse[l][a] * inverse[l][b]).sum();
            }
        }
        gram
    }

    fn back_substitute(&self, b: &mut [f64]) {
        let k = self.k();
        for i in (0..k).rev() {
            let pivot = self.r[i * k + i];
            if pivot == 0.0 {
                b[i] = 0.0;
                continue;
            }
            for j in i + 1..k {
                b[i] -= self.r[i * k + j] * b[j];
            }
            b[i] /= pivot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_three_points() {
        // y = 1 + 2x exactly; (X'X)⁻¹ of {1, x}, x = 0, 1, 2, is [[5/6, -1/2], [-1/2, 1/2]].
        let w = [1.0; 3];
        let f = Factorised::new(&w, &[vec![1.0; 3], vec![0.0, 1.0, 2.0]], &[0.0; 2]);
        let b = f.solve(&w, &[1.0, 3.0, 5.0]);
        assert!((b[0] - 1.0).abs() < 1e-14 && (b[1] - 2.0).abs() < 1e-14);
        let g = f.inverse_gram();
        for (got, want) in g.iter().zip([5.0 / 6.0, -0.5, -0.5, 0.5]) {
            assert!((got - want).abs() < 1e-14);
        }
    }

    #[test]
    fn a_repeated_column_is_named_by_the_earlier_one() {
        let w = [1.0; 3];
        let f = Factorised::new(&w, &[vec![1.0, 2.0, 4.0], vec![2.0, 4.0, 8.0]], &[0.0, 1e-10]);
        assert!(f.remaining[1] < 1e-14);
        assert!((f.combination(1)[0] - 2.0).abs() < 1e-14);
        assert_eq!(f.solve(&w, &[1.0, 2.0, 4.0])[1], 0.0);
    }
}
