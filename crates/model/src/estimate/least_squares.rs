//! Weighted least squares on a few columns: modified Gram–Schmidt in the order given.
//!
//! ```text
//! X = Q R,  Q'WQ = I,  R upper triangular;  b = R⁻¹ Q'Wz;  (X'WX)⁻¹ = R⁻¹ R⁻ᵀ
//! ```
//!
//! Where the columns are far from collinear, R is the Cholesky factor of X'WX, in one pass.
//!
//! The order matters to the reader: a column that earlier ones reproduce is the one reported.
//! Source: Björck (1967), "Solving linear least squares problems by Gram–Schmidt
//! orthogonalization", with one pass of reorthogonalisation.

use rayon::prelude::*;

/// Rows per chunk of a sum: chunks are summed in order, whatever the number of threads, and rounding
/// grows with their number and length only.
const CHUNK: usize = 1 << 14;
/// Chunks from which threads are worth their while.
const PARALLEL: usize = 8;

/// Calls `f` on chunks of three inputs and three outputs and adds what it returns, in order.
pub(super) fn chunked<const S: usize>(
    read: (&[f64], &[f64], &[f64]),
    write: (&mut [f64], &mut [f64], &mut [f64]),
    f: impl Fn((&[f64], &[f64], &[f64]), (&mut [f64], &mut [f64], &mut [f64])) -> [f64; S] + Sync,
) -> [f64; S] {
    let a = read.0.par_chunks(CHUNK).zip(read.1.par_chunks(CHUNK)).zip(read.2.par_chunks(CHUNK));
    let b = write.0.par_chunks_mut(CHUNK).zip(write.1.par_chunks_mut(CHUNK));
    let b = b.zip(write.2.par_chunks_mut(CHUNK));
    let tasks = a.zip(b).with_min_len(PARALLEL);
    add(tasks.map(|(((p, q), r), ((x, y), z))| f((p, q, r), (x, y, z))).collect())
}

/// Calls `f` on chunks of one output, with the row they begin at, and adds what it returns.
pub(super) fn chunked_at<const S: usize>(
    write: &mut [f64],
    f: impl Fn(usize, &mut [f64]) -> [f64; S] + Sync,
) -> [f64; S] {
    let tasks = write.par_chunks_mut(CHUNK).enumerate().with_min_len(PARALLEL);
    add(tasks.map(|(c, x)| f(c * CHUNK, x)).collect())
}

/// Adds what `f` returns for chunks of rows, in order.
pub(super) fn sum_rows<const S: usize>(
    n: usize,
    f: impl Fn(std::ops::Range<usize>) -> [f64; S] + Sync,
) -> [f64; S] {
    let chunks = (0..n.div_ceil(CHUNK)).into_par_iter().with_min_len(PARALLEL);
    add(chunks.map(|c| f(c * CHUNK..((c + 1) * CHUNK).min(n))).collect())
}

fn add<const S: usize>(parts: Vec<[f64; S]>) -> [f64; S] {
    parts.into_iter().fold([0.0; S], |mut total, part| {
        total.iter_mut().zip(part).for_each(|(t, p)| *t += p);
        total
    })
}

/// Σ w a b.
#[must_use]
pub(super) fn dot(w: &[f64], a: &[f64], b: &[f64]) -> f64 {
    sum_rows(w.len(), |rows| [dot_chunk(&w[rows.clone()], &a[rows.clone()], &b[rows])])[0]
}

fn dot_chunk(w: &[f64], a: &[f64], b: &[f64]) -> f64 {
    // Four partial sums: shorter dependency chain, and smaller rounding than one.
    let mut sums = [0.0; 4];
    let ((w, w_end), (a, a_end), (b, b_end)) =
        (w.as_chunks::<4>(), a.as_chunks::<4>(), b.as_chunks::<4>());
    for ((w, a), b) in w.iter().zip(a).zip(b) {
        for l in 0..4 {
            sums[l] += w[l] * a[l] * b[l];
        }
    }
    for ((w, a), b) in w_end.iter().zip(a_end).zip(b_end) {
        sums[0] += w * a * b;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// Σ w a b for all pairs of columns, lower triangle by rows.
pub(super) fn gram(w: &[f64], columns: &[Vec<f64>]) -> Vec<f64> {
    let k = columns.len();
    let chunks = (0..w.len().div_ceil(CHUNK)).into_par_iter().with_min_len(PARALLEL);
    let parts: Vec<Vec<f64>> = chunks
        .map(|c| {
            let mut sums = vec![0.0; k * (k + 1) / 2];
            let (begin, end) = (c * CHUNK, ((c + 1) * CHUNK).min(w.len()));
            // Pieces that stay in the nearest cache while all pairs visit them.
            for piece in (begin..end).step_by(1024) {
                let rows = piece..(piece + 1024).min(end);
                let mut at = 0;
                for i in 0..k {
                    for j in 0..=i {
                        sums[at] += dot_chunk(
                            &w[rows.clone()],
                            &columns[i][rows.clone()],
                            &columns[j][rows.clone()],
                        );
                        at += 1;
                    }
                }
            }
            sums
        })
        .collect();
    let mut total = vec![0.0; k * (k + 1) / 2];
    for part in parts {
        axpy(1.0, &part, &mut total);
    }
    total
}

/// Pivot, relative to a unit diagonal, below which normal equations have lost half their digits.
const WEAK_PIVOT: f64 = 1e-7;

/// Solves the normal equations of the first k columns for the last one, given [`gram`] of all;
/// `None` where a pivot is so weak that orthogonalisation must decide.
pub(super) fn solve_gram(gram: &[f64], k: usize) -> Option<Vec<f64>> {
    let at = |i: usize, j: usize| gram[i * (i + 1) / 2 + j];
    let scale: Vec<f64> = (0..k).map(|j| at(j, j).sqrt()).collect();
    if scale.iter().any(|s| !s.is_finite() || *s < f64::MIN_POSITIVE) {
        return None;
    }
    let mut l = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            let mut s = at(i, j) / scale[i] / scale[j];
            for m in 0..j {
                s -= l[i * k + m] * l[j * k + m];
            }
            if i == j {
                if s.is_nan() || s < WEAK_PIVOT {
                    return None;
                }
                l[i * k + i] = s.sqrt();
            } else {
                l[i * k + j] = s / l[j * k + j];
            }
        }
    }
    let mut b: Vec<f64> = (0..k).map(|j| at(k, j) / scale[j]).collect();
    for i in 0..k {
        for m in 0..i {
            b[i] -= l[i * k + m] * b[m];
        }
        b[i] /= l[i * k + i];
    }
    for i in (0..k).rev() {
        for m in i + 1..k {
            b[i] -= l[m * k + i] * b[m];
        }
        b[i] /= l[i * k + i];
    }
    b.iter_mut().zip(&scale).for_each(|(b, s)| *b /= s);
    Some(b)
}

/// √(Σ w a²).
#[must_use]
pub(super) fn norm(w: &[f64], a: &[f64]) -> f64 {
    dot(w, a, a).sqrt()
}

/// y ← y + s x.
pub(super) fn axpy(s: f64, x: &[f64], y: &mut [f64]) {
    let add = |y: &mut [f64], x: &[f64]| y.iter_mut().zip(x).for_each(|(y, x)| *y += s * x);
    if y.len() < PARALLEL * CHUNK {
        add(y, x);
    } else {
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| add(y, x));
    }
}

/// Pivot of the normal equations, relative to a unit diagonal, from which Cholesky's R is good to
/// within a hundred roundings.
const SAFE_PIVOT: f64 = 1e-2;

/// The triangular factorisation of a set of weighted columns.
#[derive(Debug, Clone)]
pub(super) struct Factorised {
    /// Orthonormal columns; none where R comes from well-conditioned normal equations.
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
        Self::from_gram(&gram(w, columns), floor)
            .unwrap_or_else(|| Self::orthogonalise(w, columns, floor))
    }

    /// R by Cholesky, if no column is anywhere near a combination of earlier ones.
    fn from_gram(gram: &[f64], floor: &[f64]) -> Option<Self> {
        let k = floor.len();
        let at = |i: usize, j: usize| gram[i * (i + 1) / 2 + j];
        let mut r = vec![0.0; k * k];
        for j in 0..k {
            for i in 0..=j {
                let earlier: f64 = (0..i).map(|m| r[m * k + i] * r[m * k + j]).sum();
                let s = at(j, i) - earlier;
                if i < j {
                    r[i * k + j] = s / r[i * k + i];
                } else if s > SAFE_PIVOT * at(j, j)
                    && s > 100.0 * floor[j] * floor[j]
                    && s.is_normal()
                {
                    r[j * k + j] = s.sqrt();
                } else {
                    return None;
                }
            }
        }
        let remaining = (0..k).map(|j| r[j * k + j]).collect();
        Some(Self { q: Vec::new(), r, remaining })
    }

    fn orthogonalise(w: &[f64], columns: &[Vec<f64>], floor: &[f64]) -> Self {
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
        self.remaining.len()
    }

    /// Coefficients of z on the columns that were factorised.
    pub fn solve(&self, w: &[f64], columns: &[Vec<f64>], z: &[f64]) -> Vec<f64> {
        let mut b: Vec<f64>;
        if self.q.is_empty() {
            let k = self.k();
            b = columns.iter().map(|x| dot(w, x, z)).collect();
            for i in 0..k {
                for m in 0..i {
                    b[i] -= self.r[m * k + i] * b[m];
                }
                b[i] /= self.r[i * k + i];
            }
        } else {
            b = self.q.iter().map(|q| dot(w, q, z)).collect();
        }
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
        let columns = [vec![1.0; 3], vec![0.0, 1.0, 2.0]];
        let z = [1.0, 3.0, 5.0];
        let f = Factorised::new(&w, &columns, &[0.0; 2]);
        let b = f.solve(&w, &columns, &z);
        let by_gram_schmidt =
            Factorised::orthogonalise(&w, &columns, &[0.0; 2]).solve(&w, &columns, &z);
        assert!((b[0] - by_gram_schmidt[0]).abs() < 1e-14);
        assert!((b[0] - 1.0).abs() < 1e-14 && (b[1] - 2.0).abs() < 1e-14);
        let g = f.inverse_gram();
        for (got, want) in g.iter().zip([5.0 / 6.0, -0.5, -0.5, 0.5]) {
            assert!((got - want).abs() < 1e-14);
        }
    }

    #[test]
    fn a_repeated_column_is_named_by_the_earlier_one() {
        let w = [1.0; 3];
        let columns = [vec![1.0, 2.0, 4.0], vec![2.0, 4.0, 8.0]];
        let f = Factorised::new(&w, &columns, &[0.0, 1e-10]);
        assert!(f.remaining[1] < 1e-14);
        assert!((f.combination(1)[0] - 2.0).abs() < 1e-14);
        assert_eq!(f.solve(&w, &columns, &[1.0, 2.0, 4.0])[1], 0.0);
    }
}
