//! Exact solution of the equations of effects that fall into small blocks.
//!
//! ```text
//! [ D_a  W  ] [z_a]   [r_a]        V = D_a^-½ W D_b^-½
//! [ W'  D_b ] [z_b] = [r_b]        S = I - V'V + Σ_q v_q v_q' = L L'
//! ```
//!
//! per component, a side eliminated by its diagonal and a side b solved by Cholesky. With D_b⁻¹ of
//! several effects its off-diagonal blocks join I. Shifting all levels of effect q in a component
//! against side a changes no row, so S is singular along √w; v_q = √w/‖√w‖ restores its rank and
//! leaves the solution of consistent equations a solution.
//!
//! As a preconditioner it may be older than the weights: factors of earlier weights only cost steps.
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | V | `v` | per component a × b, row-major |
//! | L | `l` | per component, lower triangle by rows |
//! | D_a^-½, D_b^-½ | `scale_a`, `scale_b` | per level |
//!
//! # Cost
//!
//! Per component with N_a and N_b levels: N_a N_b² + N_b³/3 to factor, 2 N_a N_b + N_b² per solve
//! and column; memory N_a N_b + N_b²/2.
//!
//! Source: Golub and Van Loan (2013), Matrix Computations, sections 4.2 and 4.3.

use super::absorb::Other;
use super::layout::{BlockPlan, Component};
use faer::linalg::cholesky::llt::factor::{
    LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::prelude::*;
use faer::{Accum, Par};
use rayon::prelude::*;

/// Added to the unit diagonal of S: keeps levels that are barely connected from an infinite answer.
const RIDGE: f64 = 1e-12;
/// Work, in multiplications, from which components are handed to several threads.
const PARALLEL: usize = 1 << 18;

/// Solutions on the levels of both sides of a component.
type Sides<const R: usize> = (Vec<[f64; R]>, Vec<[f64; R]>);

/// The factors of all components.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    components: Vec<Component>,
    /// First cell of each component in `v`, and of each triangle in `l`.
    starts: Vec<(usize, usize)>,
    /// First cell of the row of each level of side a.
    row_start: Vec<usize>,
    /// Position within its component of each level of side b, and its effect among those of side b.
    local: Vec<u32>,
    side: Vec<u32>,
    /// Whether side a is the eliminated effect, so that it has no equations here.
    pub eliminated: bool,
    /// Position of side a and of each effect of side b in the joint numbering of other effects.
    pub a_offset: usize,
    pub b_offsets: Vec<usize>,
    b_levels: Vec<usize>,
    v: Vec<f64>,
    l: Vec<f64>,
    scale_a: Vec<f64>,
    scale_b: Vec<f64>,
    pub work: usize,
}

impl Blocks {
    /// Lays out the storage; `others` are the effects not eliminated, by position.
    pub fn new(plan: &BlockPlan, first: usize, others: &[(usize, usize, usize)]) -> Self {
        let find = |q: usize| others.iter().find(|o| o.0 == q).map_or((0, 0), |o| (o.1, o.2));
        let b: Vec<(usize, usize)> = plan.b.iter().map(|q| find(*q)).collect();
        let levels_a = plan.components.iter().map(|c| c.a.len()).sum();
        let levels_b = plan.components.iter().map(|c| c.b.len()).sum();
        let mut row_start = vec![0; levels_a];
        let mut local = vec![0; levels_b];
        let mut starts = Vec::new();
        let (mut cells, mut triangles, mut work) = (0, 0, 0);
        for c in &plan.components {
            starts.push((cells, triangles));
            let nb = c.b.len();
            for (i, level) in c.a.iter().enumerate() {
                row_start[*level as usize] = cells + i * nb;
            }
            for (j, level) in c.b.iter().enumerate() {
                local[*level as usize] = j as u32;
            }
            cells += c.a.len() * nb;
            triangles += nb * (nb + 1) / 2;
            work += 2 * c.a.len() * nb + nb * nb;
        }
        let side = b.iter().enumerate().flat_map(|(s, o)| vec![s as u32; o.1]).collect();
        Self {
            components: plan.components.clone(),
            starts,
            row_start,
            local,
            side,
            eliminated: plan.a == first,
            a_offset: find(plan.a).0,
            b_offsets: b.iter().map(|o| o.0).collect(),
            b_levels: b.iter().map(|o| o.1).collect(),
            v: vec![0.0; cells],
            l: vec![0.0; triangles],
            scale_a: vec![0.0; levels_a],
            scale_b: vec![0.0; levels_b],
            work,
        }
    }

    /// Factors under weights w.
    ///
    /// `a_ids` gives the level of side a of each row; `sums_a` and `sums` hold the group weights of
    /// side a and of all other effects in their joint numbering.
    pub fn factor(&mut self, w: &[f64], a_ids: &[u32], b: &[&Other], sums_a: &[f64], sums: &[f64]) {
        let root = |s: f64| if s > 0.0 { 1.0 / s.sqrt() } else { 0.0 };
        self.scale_a.clear();
        self.scale_a.extend(sums_a.iter().map(|s| root(*s)));
        self.scale_b.clear();
        for (offset, levels) in self.b_offsets.iter().zip(&self.b_levels) {
            self.scale_b.extend(sums[*offset..offset + levels].iter().map(|s| root(*s)));
        }
        self.v.fill(0.0);
        let mut base = 0;
        for (other, levels) in b.iter().zip(&self.b_levels) {
            let local = &self.local[base..base + levels];
            for ((a, id), w) in a_ids.iter().zip(other.ids).zip(w) {
                self.v[self.row_start[*a as usize] + local[*id as usize] as usize] += w;
            }
            base += levels;
        }
        let cross = self.cross_weights(w, b);
        let mut pieces = Vec::new();
        let (mut v, mut l) = (self.v.as_mut_slice(), self.l.as_mut_slice());
        for c in &self.components {
            let nb = c.b.len();
            let (v_here, v_rest) = v.split_at_mut(c.a.len() * nb);
            let (l_here, l_rest) = l.split_at_mut(nb * (nb + 1) / 2);
            pieces.push((c, v_here, l_here));
            (v, l) = (v_rest, l_rest);
        }
        let (scale_a, scale_b, side) = (&self.scale_a, &self.scale_b, &self.side);
        let sides = self.b_offsets.len();
        let one = |(c, v, l): (&Component, &mut [f64], &mut [f64])| {
            factor_one(c, v, l, scale_a, scale_b, side, sides, &cross);
        };
        if self.components.len() > 1 && self.work > PARALLEL / 16 {
            pieces.into_par_iter().for_each(one);
        } else {
            pieces.into_iter().for_each(one);
        }
    }

    /// Weights shared by levels of different effects of side b, dense over all of side b; empty if
    /// there is one effect only.
    fn cross_weights(&self, w: &[f64], b: &[&Other]) -> Vec<f64> {
        if b.len() < 2 {
            return Vec::new();
        }
        let m = self.scale_b.len();
        let mut cross = vec![0.0; m * m];
        let mut base = vec![0; b.len()];
        for s in 1..b.len() {
            base[s] = base[s - 1] + self.b_levels[s - 1];
        }
        for p in 0..b.len() {
            for q in 0..p {
                for (i, w) in w.iter().enumerate() {
                    let (row, column) =
                        (base[p] + b[p].ids[i] as usize, base[q] + b[q].ids[i] as usize);
                    cross[row * m + column] += w;
                }
            }
        }
        cross
    }

    /// z ← M⁻¹ r on the levels of the blocks; others are left alone.
    pub fn apply<const R: usize>(&self, r: &[[f64; R]], z: &mut [[f64; R]]) {
        let solve = |k: usize| self.solve_one(k, r);
        let parallel = self.components.len() > 1 && self.work * R > PARALLEL;
        let answers: Vec<Sides<R>> = if parallel {
            (0..self.components.len()).into_par_iter().map(solve).collect()
        } else {
            (0..self.components.len()).map(solve).collect()
        };
        for (c, (za, zb)) in self.components.iter().zip(answers) {
            for (level, value) in c.b.iter().zip(zb) {
                z[self.joint(*level)] = value;
            }
            if !self.eliminated {
                for (level, value) in c.a.iter().zip(za) {
                    z[self.a_offset + *level as usize] = value;
                }
            }
        }
    }

    /// Position in the joint numbering of other effects of a level of side b.
    fn joint(&self, level: u32) -> usize {
        let s = self.side[level as usize] as usize;
        let before: usize = self.b_levels[..s].iter().sum();
        self.b_offsets[s] + level as usize - before
    }

    fn solve_one<const R: usize>(&self, k: usize, r: &[[f64; R]]) -> Sides<R> {
        let c = &self.components[k];
        let nb = c.b.len();
        let l = &self.l[self.starts[k].1..][..nb * (nb + 1) / 2];
        let scaled = |r: &[f64; R], s: f64| r.map(|x| x * s);
        let mut zb: Vec<[f64; R]> =
            c.b.iter().map(|j| scaled(&r[self.joint(*j)], self.scale_b[*j as usize])).collect();
        let mut za: Vec<[f64; R]> = Vec::new();
        let v = &self.v[self.starts[k].0..][..c.a.len() * nb];
        if !self.eliminated {
            za.extend(
                c.a.iter()
                    .map(|i| scaled(&r[self.a_offset + *i as usize], self.scale_a[*i as usize])),
            );
            for (za, row) in za.iter().zip(v.chunks_exact(nb)) {
                for (zb, v) in zb.iter_mut().zip(row) {
                    for c in 0..R {
                        zb[c] -= v * za[c];
                    }
                }
            }
        }
        forward(l, &mut zb);
        backward(l, &mut zb);
        if !self.eliminated {
            for ((za, row), i) in za.iter_mut().zip(v.chunks_exact(nb)).zip(&c.a) {
                let sum = product(row, &zb);
                let s = self.scale_a[*i as usize];
                for c in 0..R {
                    za[c] = (za[c] - sum[c]) * s;
                }
            }
        }
        for (zb, j) in zb.iter_mut().zip(&c.b) {
            let s = self.scale_b[*j as usize];
            zb.iter_mut().for_each(|z| *z *= s);
        }
        (za, zb)
    }
}

/// Σ_j row_j z_j for R columns at once, in two interleaved sums.
#[inline]
fn product<const R: usize>(row: &[f64], z: &[[f64; R]]) -> [f64; R] {
    let (mut even, mut odd) = ([0.0; R], [0.0; R]);
    let (rows, last_row) = row.as_chunks::<2>();
    let (zs, last_z) = z[..row.len()].as_chunks::<2>();
    for (v, z) in rows.iter().zip(zs) {
        for c in 0..R {
            even[c] += v[0] * z[0][c];
            odd[c] += v[1] * z[1][c];
        }
    }
    for (v, z) in last_row.iter().zip(last_z) {
        for c in 0..R {
            even[c] += v * z[c];
        }
    }
    for c in 0..R {
        even[c] += odd[c];
    }
    even
}

/// x ← L⁻¹ x; the diagonal of `l` holds reciprocals.
fn forward<const R: usize>(l: &[f64], x: &mut [[f64; R]]) {
    let mut start = 0;
    for i in 0..x.len() {
        let row = &l[start..start + i];
        let sum = product(row, x);
        let pivot = l[start + i];
        for c in 0..R {
            x[i][c] = (x[i][c] - sum[c]) * pivot;
        }
        start += i + 1;
    }
}

/// x ← L'⁻¹ x.
fn backward<const R: usize>(l: &[f64], x: &mut [[f64; R]]) {
    let mut end = l.len();
    for i in (0..x.len()).rev() {
        let row = &l[end - i - 1..end];
        let (before, rest) = x.split_at_mut(i);
        let here = &mut rest[0];
        here.iter_mut().for_each(|v| *v *= row[i]);
        for (x, l) in before.iter_mut().zip(row) {
            for c in 0..R {
                x[c] -= l * here[c];
            }
        }
        end -= i + 1;
    }
}

/// Scales the weights of one component to V and factors S.
#[allow(clippy::too_many_arguments)]
fn factor_one(
    component: &Component,
    v: &mut [f64],
    l: &mut [f64],
    scale_a: &[f64],
    scale_b: &[f64],
    side: &[u32],
    sides: usize,
    cross: &[f64],
) {
    let (na, nb) = (component.a.len(), component.b.len());
    let of_b: Vec<f64> = component.b.iter().map(|j| scale_b[*j as usize]).collect();
    for (row, i) in v.chunks_exact_mut(nb).zip(&component.a) {
        let s = scale_a[*i as usize];
        for (v, t) in row.iter_mut().zip(&of_b) {
            *v *= s * t;
        }
    }
    // The null directions √w of each effect of side b, of unit length.
    let mut length = vec![0.0; sides];
    let root: Vec<f64> = of_b.iter().map(|s| if *s > 0.0 { 1.0 / s } else { 0.0 }).collect();
    for (j, t) in component.b.iter().zip(&root) {
        length[side[*j as usize] as usize] += t * t;
    }
    let unit: Vec<f64> = component
        .b
        .iter()
        .zip(&root)
        .map(|(j, t)| t / length[side[*j as usize] as usize].sqrt().max(f64::MIN_POSITIVE))
        .collect();
    let m = scale_b.len();
    let mut s = Mat::<f64>::from_fn(nb, nb, |i, j| {
        let (p, q) = (component.b[i] as usize, component.b[j] as usize);
        let same = if side[p] == side[q] { unit[i] * unit[j] } else { 0.0 };
        if i == j {
            1.0 + RIDGE + same
        } else if cross.is_empty() || p < q {
            same
        } else {
            same + cross[p * m + q] * of_b[i] * of_b[j]
        }
    });
    let v = MatRef::from_row_major_slice(v, na, nb);
    matmul(
        s.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        v.transpose(),
        BlockStructure::Rectangular,
        v,
        BlockStructure::Rectangular,
        -1.0,
        Par::Seq,
    );
    let mut memory = faer::dyn_stack::MemBuffer::new(cholesky_in_place_scratch::<f64>(
        nb,
        Par::Seq,
        Default::default(),
    ));
    // A pivot lost to rounding becomes one: the level is then solved by its diagonal.
    let regularization = LltRegularization {
        dynamic_regularization_delta: 1.0,
        dynamic_regularization_epsilon: 0.1 * RIDGE,
    };
    let stack = faer::dyn_stack::MemStack::new(&mut memory);
    let done =
        cholesky_in_place(s.as_mut(), regularization, Par::Seq, stack, Default::default()).is_ok();
    let mut start = 0;
    for i in 0..nb {
        for j in 0..i {
            l[start + j] = if done { s[(i, j)] } else { 0.0 };
        }
        l[start + i] = if done { 1.0 / s[(i, i)] } else { 1.0 };
        start += i + 1;
    }
}
