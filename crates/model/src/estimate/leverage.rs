//! What the origin-time and destination-time effects of a pair take out of its own residuals.
//!
//! ```text
//! M_p = d_p V d_p',   V = (Σ_p d_p' H_p d_p)⁻,   H_p = diag λ - λλ'/Σλ (pair effect)  or  λ
//! ```
//!
//! The rows of pair p = (a, b) lie at different times t; d_p picks the levels (a, t) and (b, t). V
//! joins all levels, but only its blocks within one pair are needed. With A and C the blocks of the
//! information that belong to side a (A has one small block for each a) and to both sides,
//!
//! ```text
//! S = D - C'A⁻C,   V_bb = S⁻,   V_ab = -A⁻C S⁻,   V_aa = A⁻ + A⁻C S⁻ C'A⁻
//! ```
//!
//! so that only S, on the side with fewer levels, is a large dense matrix.
//!
//! # Cost
//!
//! For m levels on the smaller side and ℓ on the larger: time 3/2 m² ℓ + 2/3 m³ multiplications,
//! memory two m × m matrices. Nothing depends on the number of threads.
//!
//! Source: Weidner and Zylkin (2021), Journal of International Economics 132, section 3.4, for what
//! is needed; Rohde (1965), SIAM Journal on Applied Mathematics 13, for generalised inverses of
//! partitioned matrices.

use super::pinned::{PANEL, Pinned, invert_large};
use crate::outcome::InputError;
use faer::linalg::matmul::matmul;
use faer::prelude::*;
use faer::{Accum, Par};
use rayon::prelude::*;
use std::ops::Range;

/// Rows of A⁻¹ᐟ²C that are gathered for one update of S.
const BATCH: usize = 512;

/// Rows ordered by side a, side b and time, with the levels of both sides.
#[derive(Debug, Clone)]
pub(super) struct Panel {
    /// Positions of the rows in the caller's arrays.
    pub order: Vec<usize>,
    /// The run in `order` of each pair.
    pub pairs: Vec<Range<usize>>,
    /// The run in `pairs` of each a.
    pub groups: Vec<Range<usize>>,
    /// Side b of each pair.
    pub b_of: Vec<usize>,
    /// Number of times of each a, and the position of each row among those of its a.
    pub a_size: Vec<usize>,
    pub a_local: Vec<usize>,
    /// First level of each b, and the level (b, t) of each row.
    pub b_start: Vec<usize>,
    pub b_level: Vec<usize>,
}

impl Panel {
    /// Orders the rows at `order`; ids are per row of the caller.
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] for two rows of one pair at one time.
    pub fn new(
        mut order: Vec<usize>,
        a: &[u32],
        b: &[u32],
        time: &[u32],
    ) -> Result<Self, InputError> {
        order.sort_by_key(|i| (a[*i], b[*i], time[*i]));
        let key = |i: usize| (a[i], b[i]);
        if let Some(w) =
            order.windows(2).find(|w| key(w[0]) == key(w[1]) && time[w[0]] == time[w[1]])
        {
            return Err(InputError::Setting {
                what: format!("rows used {} and {}", w[0].min(w[1]), w[0].max(w[1])),
                expected: "one row for each origin, destination and time".into(),
                got: "two".into(),
                remedy: "add up rows of the same pair and time, or estimate by sector".into(),
            });
        }
        let pairs = runs(order.len(), |p| key(order[p]));
        let groups = runs(pairs.len(), |p| a[order[pairs[p].start]]);
        let mut b_levels: Vec<(u32, u32)> = order.iter().map(|i| (b[*i], time[*i])).collect();
        b_levels.sort_unstable();
        b_levels.dedup();
        let b_runs = runs(b_levels.len(), |l| b_levels[l].0);
        let mut b_start: Vec<usize> = b_runs.iter().map(|r| r.start).collect();
        b_start.push(b_levels.len());
        let level = |i: usize| b_levels.binary_search(&(b[i], time[i])).expect("level of a row");
        let b_level: Vec<usize> = order.iter().map(|i| level(*i)).collect();
        let b_of =
            pairs.iter().map(|p| b_start.partition_point(|s| *s <= b_level[p.start]) - 1).collect();
        let mut a_size = Vec::with_capacity(groups.len());
        let mut a_local = vec![0; order.len()];
        for g in &groups {
            let rows = pairs[g.start].start..pairs[g.end - 1].end;
            let mut times: Vec<u32> = order[rows.clone()].iter().map(|i| time[*i]).collect();
            times.sort_unstable();
            times.dedup();
            for r in rows {
                a_local[r] = times.binary_search(&time[order[r]]).expect("time of a row");
            }
            a_size.push(times.len());
        }
        Ok(Self { order, pairs, groups, b_of, a_size, a_local, b_start, b_level })
    }

    /// Levels on side b.
    pub fn b_levels(&self) -> usize {
        self.b_start[self.b_start.len() - 1]
    }

    /// Bytes that [`leverages`] needs at its peak, without the rows.
    pub fn bytes(&self) -> f64 {
        let m = self.b_levels() as f64;
        let widest = self.a_size.iter().max().copied().unwrap_or(0) as f64;
        let threads = rayon::current_num_threads() as f64;
        8.0 * (2.0 * m * m + m * (BATCH as f64 + widest * 2.0 * threads))
    }
}

fn runs<K: PartialEq>(n: usize, key: impl Fn(usize) -> K) -> Vec<Range<usize>> {
    let mut starts: Vec<usize> = (0..n).filter(|i| *i == 0 || key(*i) != key(*i - 1)).collect();
    starts.push(n);
    starts.windows(2).map(|w| w[0]..w[1]).collect()
}

/// H of one pair, row-major: with a pair effect concentrated out, or without.
pub(super) fn hessian(lambda: &[f64], pair_effect: bool) -> Vec<f64> {
    let r = lambda.len();
    let mut h = vec![0.0; r * r];
    let total: f64 = lambda.iter().sum();
    for t in 0..r {
        if pair_effect && total > 0.0 {
            for s in 0..r {
                h[t * r + s] = -lambda[t] * lambda[s] / total;
            }
            // λ_t (Σ - λ_t)/Σ by the sum of the others: exact where one time has nearly all.
            h[t * r + t] = (0..r).filter(|s| *s != t).map(|s| -h[t * r + s]).sum();
        } else {
            h[t * r + t] = lambda[t];
        }
    }
    h
}

/// What stands behind the blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proof {
    /// ‖I V r - r‖ / ‖r‖ for r = I z with a fixed z of ones of either sign.
    pub residual: f64,
    /// Levels pinned to zero: redundant ones.
    pub pinned: usize,
}

/// Calls `visit` with the position of each pair and its M (row-major); results are by pair.
pub(super) fn leverages<R: Send>(
    panel: &Panel,
    lambda: &[f64],
    pair_effect: bool,
    visit: impl Fn(usize, &[f64]) -> R + Sync,
) -> (Vec<R>, Proof) {
    let problem = Problem::new(panel, lambda, pair_effect);
    let mut s = problem.schur_complement();
    let m = panel.b_levels();
    let pinned_b = invert_large(&mut s, m);
    let pinned = pinned_b + problem.a.iter().map(|a| a.pinned).sum::<usize>();
    let residual = problem.verify(&s);
    let by_group: Vec<Vec<R>> =
        (0..panel.groups.len()).into_par_iter().map(|g| problem.blocks(g, &s, &visit)).collect();
    (by_group.into_iter().flatten().collect(), Proof { residual, pinned })
}

struct Problem<'a> {
    panel: &'a Panel,
    h: Vec<Vec<f64>>,
    /// Factors of the blocks of A.
    a: Vec<Pinned>,
}

impl<'a> Problem<'a> {
    fn new(panel: &'a Panel, lambda: &[f64], pair_effect: bool) -> Self {
        let h: Vec<Vec<f64>> = panel
            .pairs
            .par_iter()
            .map(|p| {
                let own: Vec<f64> = panel.order[p.clone()].iter().map(|i| lambda[*i]).collect();
                hessian(&own, pair_effect)
            })
            .collect();
        let a = (0..panel.groups.len())
            .into_par_iter()
            .map(|g| {
                let n = panel.a_size[g];
                let mut sum = vec![0.0; n * n];
                for p in panel.groups[g].clone() {
                    add_block(&mut sum, n, &panel.a_local[panel.pairs[p].clone()], &h[p]);
                }
                Pinned::new(sum, n)
            })
            .collect();
        Self { panel, h, a }
    }

    /// Columns of C that pair p fills, each of the length of its a's block, after `each`.
    fn columns(&self, g: usize, p: usize, each: impl Fn(&mut [f64])) -> Vec<Vec<f64>> {
        let local = &self.panel.a_local[self.panel.pairs[p].clone()];
        let r = local.len();
        (0..r)
            .map(|s| {
                let mut column = vec![0.0; self.panel.a_size[g]];
                for t in 0..r {
                    column[local[t]] = self.h[p][t * r + s];
                }
                each(&mut column);
                column
            })
            .collect()
    }

    /// S = D - C'A⁻C, lower triangle, column-major.
    fn schur_complement(&self) -> Vec<f64> {
        let panel = self.panel;
        let m = panel.b_levels();
        let mut s = vec![0.0; m * m];
        for (p, rows) in panel.pairs.iter().enumerate() {
            add_block(&mut s, m, &panel.b_level[rows.clone()], &self.h[p]);
        }
        let mut g = 0;
        while g < panel.groups.len() {
            let first = g;
            let mut rows = 0;
            while g < panel.groups.len() && (rows == 0 || rows + panel.a_size[g] <= BATCH) {
                rows += panel.a_size[g];
                g += 1;
            }
            // Y = L⁻¹C of the batch, so that C'A⁻C = Y'Y.
            let mut y = Mat::<f64>::zeros(rows, m);
            let mut top = 0;
            for group in first..g {
                let pairs = panel.groups[group].clone();
                let filled: Vec<Vec<Vec<f64>>> = pairs
                    .clone()
                    .into_par_iter()
                    .map(|p| self.columns(group, p, |c| self.a[group].forward(c)))
                    .collect();
                for (p, columns) in pairs.zip(filled) {
                    for (row, column) in panel.pairs[p].clone().zip(columns) {
                        let out = &mut y.col_as_slice_mut(panel.b_level[row])[top..];
                        out[..column.len()].copy_from_slice(&column);
                    }
                }
                top += panel.a_size[group];
            }
            let y = y.as_ref();
            s.par_chunks_mut(m * PANEL).enumerate().for_each(|(j, chunk)| {
                let (start, width) = (j * PANEL, chunk.len() / m);
                let mut out = MatMut::from_column_major_slice_mut(chunk, m, width);
                let below = y.get(.., start..);
                let own = y.get(.., start..start + width);
                let out = out.rb_mut().get_mut(start.., ..);
                matmul(out, Accum::Add, below.transpose(), own, -1.0, Par::Seq);
            });
        }
        s
    }

    /// M of every pair of group g.
    fn blocks<R>(&self, g: usize, s: &[f64], visit: &impl Fn(usize, &[f64]) -> R) -> Vec<R> {
        let panel = self.panel;
        let (m, n) = (panel.b_levels(), panel.a_size[g]);
        let mut f = Mat::<f64>::zeros(n, m);
        for p in panel.groups[g].clone() {
            let columns = self.columns(g, p, |c| self.a[g].solve(c));
            for (row, column) in panel.pairs[p].clone().zip(columns) {
                f.col_as_slice_mut(panel.b_level[row]).copy_from_slice(&column);
            }
        }
        let s_inverse = MatRef::from_column_major_slice(s, m, m);
        let mut ab = Mat::<f64>::zeros(n, m);
        matmul(&mut ab, Accum::Replace, &f, s_inverse, -1.0, Par::Seq);
        let g_inverse = self.a[g].inverse();
        let mut aa = Mat::from_fn(n, n, |i, j| g_inverse[i * n + j]);
        matmul(&mut aa, Accum::Add, &ab, f.transpose(), -1.0, Par::Seq);
        let mut out = Vec::with_capacity(panel.groups[g].len());
        let mut block = Vec::new();
        for p in panel.groups[g].clone() {
            let rows = panel.pairs[p].clone();
            let (a, b) = (&panel.a_local[rows.clone()], &panel.b_level[rows]);
            block.clear();
            for (ta, tb) in a.iter().zip(b) {
                for (sa, sb) in a.iter().zip(b) {
                    let own = 0.5 * (aa[(*ta, *sa)] + aa[(*sa, *ta)]) + s[tb * m + sb];
                    block.push(own + ab[(*ta, *sb)] + ab[(*sa, *tb)]);
                }
            }
            out.push(visit(p, &block));
        }
        out
    }

    /// ‖I V r - r‖ / ‖r‖ for r = I z.
    fn verify(&self, s: &[f64]) -> f64 {
        let panel = self.panel;
        let m = panel.b_levels();
        let sizes: usize = panel.a_size.iter().sum();
        // Signs from the digits of a multiplicative sequence: fixed, and without a pattern.
        let sign = |i: usize| {
            let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            if mixed >> 63 == 0 { 1.0 } else { -1.0 }
        };
        let za: Vec<f64> = (0..sizes).map(sign).collect();
        let zb: Vec<f64> = (0..m).map(|i| sign(i + sizes)).collect();
        let (ra, rb) = self.information(&za, &zb);
        let mut inner = ra.clone();
        self.solve_a(&mut inner);
        let (_, through) = self.information(&inner, &vec![0.0; m]);
        let right: Vec<f64> = rb.iter().zip(&through).map(|(r, c)| r - c).collect();
        let yb: Vec<f64> = s
            .par_chunks(m.max(1))
            .map(|column| column.iter().zip(&right).map(|(s, r)| s * r).sum())
            .collect();
        let (through, _) = self.information(&vec![0.0; sizes], &yb);
        let mut ya: Vec<f64> = ra.iter().zip(&through).map(|(r, c)| r - c).collect();
        self.solve_a(&mut ya);
        let (ga, gb) = self.information(&ya, &yb);
        let square = |v: f64| v * v;
        let off: f64 = std::iter::zip(&ga, &ra).map(|(g, r)| square(g - r)).sum::<f64>()
            + std::iter::zip(&gb, &rb).map(|(g, r)| square(g - r)).sum::<f64>();
        let size: f64 = ra.iter().chain(&rb).map(|r| square(*r)).sum();
        if size > 0.0 { (off / size).sqrt() } else { 0.0 }
    }

    fn solve_a(&self, v: &mut [f64]) {
        let mut start = 0;
        for (factor, n) in self.a.iter().zip(&self.panel.a_size) {
            factor.solve(&mut v[start..start + n]);
            start += n;
        }
    }

    /// The information of the effects times (za, zb).
    fn information(&self, za: &[f64], zb: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let panel = self.panel;
        let (mut ra, mut rb) = (vec![0.0; za.len()], vec![0.0; zb.len()]);
        let mut start = 0;
        for (g, pairs) in panel.groups.iter().enumerate() {
            for p in pairs.clone() {
                let rows = panel.pairs[p].clone();
                let (a, b) = (&panel.a_local[rows.clone()], &panel.b_level[rows]);
                let r = a.len();
                for t in 0..r {
                    let product: f64 =
                        (0..r).map(|s| self.h[p][t * r + s] * (za[start + a[s]] + zb[b[s]])).sum();
                    ra[start + a[t]] += product;
                    rb[b[t]] += product;
                }
            }
            start += panel.a_size[g];
        }
        (ra, rb)
    }
}

/// Adds a symmetric block at the given rows and columns of an n × n matrix.
pub(super) fn add_block(sum: &mut [f64], n: usize, at: &[usize], block: &[f64]) {
    let r = at.len();
    for t in 0..r {
        for s in 0..r {
            sum[at[t] * n + at[s]] += block[t * r + s];
        }
    }
}
