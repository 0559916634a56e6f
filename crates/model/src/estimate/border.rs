//! Effects of few levels, such as years, joined to a thin graph by exact elimination.
//!
//! ```text
//! A = [ S_ff  S_fy ]      M ≈ S_ff      Z = M⁻¹ S_fy      R = [ -Z ]      T = R'A R
//!     [ S_yf  S_yy ]                                          [  I ]
//!
//! B⁻¹ = [ M⁻¹ 0 ] + R T⁺ R'
//!       [  0  0 ]
//! ```
//!
//! With M = S_ff this is the block elimination of A, and B⁻¹ = A⁺ up to shifts that change no row:
//! conjugate gradients end after one step. With an approximate M it is a two-level preconditioner
//! whose coarse space R is solved exactly. T is formed from A and not as S_yy - S_yf Z, so that it
//! stays positive semi-definite, and B⁻¹ with it, however rough M is.
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | Z | `z` | levels of the graph × q, rows contiguous |
//! | T⁺ | `inverse` | q × q, q levels of all small effects together |
//!
//! # Cost
//!
//! O((n + cells + entries of the factor) q) to set up, O(levels q) to apply.
//!
//! Source: block elimination; the coarse correction is the additive one of Toselli and Widlund
//! (2005), section 2.1, with R as the energy-minimal extension of the small effects.

use super::thin::ThinGraph;

/// Eigenvalues of T, scaled to a diagonal of S_yy's weights, that pass for zero: well above what
/// rounding leaves in sums of a million terms, below what a connection worth its name gives.
const NULL: f64 = 1e-12;

/// The small effects of a system, eliminated against a thin graph.
#[derive(Debug, Clone)]
pub(super) struct Border {
    width: usize,
    z: Vec<f64>,
    inverse: Vec<f64>,
}

impl Border {
    /// Eliminates the small effects: each with its ids per row and its first of `width` columns.
    ///
    /// `starts` and `w` are those the graph was last weighed with.
    pub fn new(
        thin: &ThinGraph,
        starts: &[usize],
        small: &[(&[u32], usize)],
        width: usize,
        w: &[f64],
    ) -> Self {
        let cells = thin.cells();
        let levels = thin.levels();
        let q = width;
        // F'W Y and Y'W Y, then the means over the first effect out of both.
        let mut c = vec![0.0; levels * q];
        let mut t = vec![0.0; q * q];
        let mut sums = vec![0.0; q];
        let mut used: Vec<usize> = Vec::new();
        for (g, run) in starts.windows(2).enumerate() {
            let total = cells.totals[g];
            if total <= 0.0 {
                continue;
            }
            for i in run[0]..run[1] {
                let at = cells.ids[cells.of_row[i] as usize] as usize * q;
                for (ids, first) in small {
                    let column = first + ids[i] as usize;
                    if sums[column] == 0.0 {
                        used.push(column);
                    }
                    sums[column] += w[i];
                    c[at + column] += w[i];
                    for (other, start) in small {
                        t[column * q + start + other[i] as usize] += w[i];
                    }
                }
            }
            used.sort_unstable();
            used.dedup();
            for cell in cells.starts[g]..cells.starts[g + 1] {
                let share = cells.weights[cell] / total;
                let row = &mut c[cells.ids[cell] as usize * q..][..q];
                used.iter().for_each(|y| row[*y] -= share * sums[*y]);
            }
            for y in &used {
                let share = sums[*y] / total;
                used.iter().for_each(|other| t[y * q + other] -= share * sums[*other]);
            }
            used.drain(..).for_each(|y| sums[y] = 0.0);
        }
        let scale: Vec<f64> = (0..q).map(|y| t[y * q + y].max(0.0).sqrt()).collect();
        let mut z = vec![0.0; levels * q];
        let (mut r, mut solved) = (vec![0.0; levels], vec![0.0; levels]);
        for y in 0..q {
            (0..levels).for_each(|f| r[f] = c[f * q + y]);
            thin.apply(&r, &mut solved);
            (0..levels).for_each(|f| z[f * q + y] = solved[f]);
        }
        // T = S_yy - C'Z - Z'C + Z'S Z, with S Z - 2 C in one array.
        let mut sz = vec![0.0; levels * q];
        cells.schur(&z, q, &mut sz);
        for (z, (sz, c)) in z.chunks_exact(q).zip(sz.chunks_exact(q).zip(c.chunks_exact(q))) {
            for y in 0..q {
                for x in 0..q {
                    t[y * q + x] += z[y] * (sz[x] - c[x]) - c[y] * z[x];
                }
            }
        }
        Self { width, z, inverse: pseudo_inverse(&t, &scale) }
    }

    /// z = B⁻¹ r for r and z in two parts, graph and small effects.
    pub fn apply(&self, thin: &ThinGraph, r: [&[f64]; 2], z: [&mut [f64]; 2]) {
        let q = self.width;
        let [z_graph, z_small] = z;
        thin.apply(r[0], z_graph);
        let mut coarse = r[1].to_vec();
        for (r, row) in r[0].iter().zip(self.z.chunks_exact(q)) {
            coarse.iter_mut().zip(row).for_each(|(c, z)| *c -= z * r);
        }
        for (out, row) in z_small.iter_mut().zip(self.inverse.chunks_exact(q)) {
            *out = row.iter().zip(&coarse).map(|(t, c)| t * c).sum();
        }
        for (z, row) in z_graph.iter_mut().zip(self.z.chunks_exact(q)) {
            *z -= row.iter().zip(&*z_small).map(|(a, b)| a * b).sum::<f64>();
        }
    }
}

/// T⁺ with rows and columns scaled by 1 / `scale` while the rank is judged.
fn pseudo_inverse(t: &[f64], scale: &[f64]) -> Vec<f64> {
    let q = scale.len();
    let mut inverse = vec![0.0; q * q];
    let down = |y: usize| if scale[y] > 0.0 { 1.0 / scale[y] } else { 0.0 };
    let scaled =
        faer::Mat::from_fn(q, q, |y, x| 0.5 * (t[y * q + x] + t[x * q + y]) * down(y) * down(x));
    let Ok(eigen) = scaled.self_adjoint_eigen(faer::Side::Lower) else {
        // Without eigenvalues the diagonal still makes a preconditioner.
        (0..q).for_each(|y| inverse[y * q + y] = down(y) * down(y));
        return inverse;
    };
    let (values, vectors) = (eigen.S().column_vector(), eigen.U());
    for k in (0..q).filter(|k| values[*k] > NULL) {
        for y in 0..q {
            for x in 0..q {
                inverse[y * q + x] +=
                    vectors[(y, k)] * vectors[(x, k)] / values[k] * down(y) * down(x);
            }
        }
    }
    inverse
}
