//! Cholesky factors of matrices that are singular by construction.
//!
//! Effects are identified up to shifts, so their information matrix has a null space. A level whose
//! pivot vanishes is pinned to zero: the rest is regular, and the inverse of the rest, with zeros
//! for the pinned levels, is a generalised inverse.
//!
//! ```text
//! A = L L' without the pinned rows and columns;   G = (L L')⁻¹ there, 0 elsewhere;   A G A = A
//! ```
//!
//! Source: Searle (1971), Linear Models, section 1.5 (generalised inverses).

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_inverse::invert_lower_triangular;
use faer::prelude::*;
use faer::{Accum, Par};
use rayon::prelude::*;

/// A pivot below this share of its diagonal entry is zero: rounding leaves about 1e-14, a level
/// that carries information of its own keeps far more.
const PIN: f64 = 1e-10;
/// Columns of a large matrix that are factorised at once.
const BLOCK: usize = 64;
/// Columns of a large matrix that one task works on; fixed, so that results do not depend on the
/// number of threads.
pub(super) const PANEL: usize = 256;

/// Factor of a small matrix.
#[derive(Debug, Clone)]
pub(super) struct Pinned {
    n: usize,
    /// Lower triangle, row-major; a pinned level has a row and column of zeros.
    l: Vec<f64>,
    /// Levels pinned to zero.
    pub pinned: usize,
}

impl Pinned {
    /// Factorises the n × n matrix, row-major.
    pub fn new(mut a: Vec<f64>, n: usize) -> Self {
        let mut pinned = 0;
        for c in 0..n {
            let diagonal = a[c * n + c];
            let earlier: f64 = (0..c).map(|k| a[c * n + k] * a[c * n + k]).sum();
            let pivot = diagonal - earlier;
            if diagonal <= 0.0 || pivot <= PIN * diagonal {
                pinned += 1;
                for r in 0..n {
                    a[c * n + r] = 0.0;
                    a[r * n + c] = 0.0;
                }
                continue;
            }
            let root = pivot.sqrt();
            a[c * n + c] = root;
            for r in c + 1..n {
                let inner: f64 = (0..c).map(|k| a[r * n + k] * a[c * n + k]).sum();
                a[r * n + c] = (a[r * n + c] - inner) / root;
            }
        }
        Self { n, l: a, pinned }
    }

    /// b ← L⁻¹ b.
    pub fn forward(&self, b: &mut [f64]) {
        let n = self.n;
        for r in 0..n {
            let row = &self.l[r * n..];
            let inner: f64 = (0..r).map(|k| row[k] * b[k]).sum();
            b[r] = if row[r] == 0.0 { 0.0 } else { (b[r] - inner) / row[r] };
        }
    }

    /// b ← G b.
    pub fn solve(&self, b: &mut [f64]) {
        let n = self.n;
        self.forward(b);
        for r in (0..n).rev() {
            let inner: f64 = (r + 1..n).map(|k| self.l[k * n + r] * b[k]).sum();
            let pivot = self.l[r * n + r];
            b[r] = if pivot == 0.0 { 0.0 } else { (b[r] - inner) / pivot };
        }
    }

    /// G, row-major.
    pub fn inverse(&self) -> Vec<f64> {
        let n = self.n;
        let mut g = vec![0.0; n * n];
        for c in 0..n {
            // A pinned level's unit vector would leak into the others.
            if self.l[c * n + c] != 0.0 {
                let column = &mut g[c * n..(c + 1) * n];
                column[c] = 1.0;
                self.solve(column);
            }
        }
        g
    }
}

/// Replaces the symmetric n × n matrix (lower triangle used) by its generalised inverse, in full;
/// returns how many levels were pinned. Uses one more matrix of the same size.
pub(super) fn invert_large(s: &mut [f64], n: usize) -> usize {
    if n == 0 {
        return 0;
    }
    let scale: Vec<f64> =
        (0..n).map(|i| if s[i * n + i] > 0.0 { 1.0 / s[i * n + i].sqrt() } else { 0.0 }).collect();
    s.par_chunks_mut(n).enumerate().for_each(|(c, column)| {
        for r in c..n {
            column[r] *= scale[r] * scale[c];
        }
    });
    let pinned = factorise_large(s, n);
    let mut l_inverse = vec![0.0; n * n];
    invert_lower_triangular(
        MatMut::from_column_major_slice_mut(&mut l_inverse, n, n),
        MatRef::from_column_major_slice(s, n, n),
        Par::Seq,
    );
    let l_inverse = MatRef::from_column_major_slice(&l_inverse, n, n);
    s.par_chunks_mut(n * PANEL).enumerate().for_each(|(j, panel)| {
        let (first, width) = (j * PANEL, panel.len() / n);
        let mut out = MatMut::from_column_major_slice_mut(panel, n, width);
        let below = l_inverse.get(first.., first..);
        let own = l_inverse.get(first.., first..first + width);
        matmul(
            out.rb_mut().get_mut(first.., ..),
            Accum::Replace,
            below.transpose(),
            own,
            1.0,
            Par::Seq,
        );
    });
    // The pinned levels' own entries are ones so far.
    for c in 0..n {
        let pin = pinned[c];
        for r in c..n {
            let v = if pin { 0.0 } else { s[c * n + r] * scale[r] * scale[c] };
            s[c * n + r] = v;
            s[r * n + c] = v;
        }
    }
    pinned.iter().filter(|p| **p).count()
}

/// L in the lower triangle, column-major, of a matrix with unit diagonal. A pinned level has a one
/// on the diagonal and zeros elsewhere; the result says which.
fn factorise_large(s: &mut [f64], n: usize) -> Vec<bool> {
    let mut pinned = vec![false; n];
    for first in (0..n).step_by(BLOCK) {
        let last = (first + BLOCK).min(n);
        let (head, rest) = s.split_at_mut(last * n);
        let block = &mut head[first * n..];
        // Columns of the block, left-looking; earlier blocks are already taken out.
        for c in first..last {
            let (done, own) = block.split_at_mut((c - first) * n);
            let own = &mut own[..n];
            for earlier in done.chunks(n) {
                let factor = earlier[c];
                if factor != 0.0 {
                    own[c..].iter_mut().zip(&earlier[c..]).for_each(|(v, e)| *v -= factor * e);
                }
            }
            if own[c] <= PIN {
                pinned[c] = true;
                own[c..].fill(0.0);
                own[c] = 1.0;
                done.chunks_mut(n).for_each(|earlier| earlier[c] = 0.0);
            } else {
                let inverse = 1.0 / own[c].sqrt();
                own[c..].iter_mut().for_each(|v| *v *= inverse);
            }
        }
        // A pinned level's row in earlier blocks must vanish too.
        for c in (first..last).filter(|c| pinned[*c]) {
            head[..first * n].chunks_mut(n).for_each(|earlier| earlier[c] = 0.0);
        }
        let block = MatRef::from_column_major_slice(&head[first * n..], n, last - first);
        rest.par_chunks_mut(n * PANEL).enumerate().for_each(|(j, chunk)| {
            let (start, width) = (last + j * PANEL, chunk.len() / n);
            let mut out = MatMut::from_column_major_slice_mut(chunk, n, width);
            let below = block.get(start.., ..);
            let own = block.get(start..start + width, ..);
            let out = out.rb_mut().get_mut(start.., ..);
            matmul(out, Accum::Add, below, own.transpose(), -1.0, Par::Seq);
        });
    }
    pinned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A G A = A for the Laplacian of a path, which has one null vector.
    #[test]
    fn a_laplacian_has_one_pinned_level() {
        let n = 7;
        let mut a = vec![0.0; n * n];
        for i in 0..n - 1 {
            let w = 1.0 + i as f64;
            a[i * n + i] += w;
            a[(i + 1) * n + i + 1] += w;
            a[i * n + i + 1] -= w;
            a[(i + 1) * n + i] -= w;
        }
        let small = Pinned::new(a.clone(), n);
        assert_eq!(small.pinned, 1);
        let mut large = a.clone();
        assert_eq!(invert_large(&mut large, n), 1);
        for g in [small.inverse(), large] {
            let at = |m: &[f64], i: usize, j: usize| m[i * n + j];
            for i in 0..n {
                for j in 0..n {
                    let mut product = 0.0;
                    for k in 0..n {
                        for l in 0..n {
                            product += at(&a, i, k) * at(&g, k, l) * at(&a, l, j);
                        }
                    }
                    assert!((product - at(&a, i, j)).abs() < 1e-12, "{i} {j}: {product}");
                }
            }
        }
    }
}
