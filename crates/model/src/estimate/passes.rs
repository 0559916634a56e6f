//! The passes over the rows that absorbing consists of, for up to eight columns at once.
//!
//! Rows lie in runs, the groups of the eliminated effect. Within a run: load a value per row and
//! column, take out the run's mean (and slopes), weigh, and add to the sums of the other effects.
//! The rows are cut into chunks whose number depends on the number of rows alone, and chunk sums are
//! added in order, so that the answer has the same bytes for any number of threads.

use super::absorb::Other;
use super::sample::SampleSlope;
use rayon::prelude::*;
use std::ops::Range;

/// Rows per chunk; below twice that, a second thread costs more than it saves.
const CHUNK: usize = 1 << 17;
/// Chunks at most: each has level sums of its own.
const CHUNKS: usize = 8;
/// Norm of a slope's variable left in a group, relative to the raw norm, below which it does not
/// vary there.
const NO_VARIATION: f64 = 1e-10;

/// Rows in runs, with the ids of the other effects.
#[derive(Debug, Clone)]
pub(super) struct Runs<'a> {
    /// First row of each group of the eliminated effect, and n.
    pub starts: Vec<usize>,
    pub others: Vec<Other<'a>>,
    /// Levels of all others.
    pub levels: usize,
    /// Weights.
    pub w: Vec<f64>,
    /// Weight of each group, and one over it, zero for groups without weight.
    pub first_sums: Vec<f64>,
    first_inverse: Vec<f64>,
    /// One over the diagonal of the other effects.
    pub other_inverse: Vec<f64>,
    /// Slopes of the eliminated effect: within each run orthonormal to its constant and each other.
    directions: Vec<Vec<f64>>,
    /// Runs of each chunk.
    chunks: Vec<Range<usize>>,
    /// Whether the runs are groups of an effect, and not just blocks of rows.
    eliminates: bool,
    /// Whether no other effect is a slope.
    plain: bool,
}

/// Sums by level, and norms of the columns before and after the eliminated effect is taken out.
pub(super) struct Margins<const R: usize> {
    pub sums: Vec<[f64; R]>,
    pub raw: [f64; R],
    pub norms: [f64; R],
}

impl<'a> Runs<'a> {
    /// Takes the sorted ids of the eliminated effect; without one, every row is its own run and
    /// nothing is taken out.
    pub fn new(first: &[u32], n: usize, others: Vec<Other<'a>>, levels: usize) -> Self {
        debug_assert!(first.is_sorted());
        let mut starts: Vec<usize> = Vec::new();
        if !first.is_empty() {
            starts.extend((0..n).filter(|i| *i == 0 || first[*i] != first[*i - 1]));
        } else if !others.is_empty() {
            starts.extend((0..n).step_by(64));
        }
        starts.push(n);
        let wanted = (n / CHUNK).clamp(1, CHUNKS);
        let mut chunks = Vec::new();
        let mut begin = 0;
        for c in 1..=wanted {
            let end = starts.partition_point(|s| *s < n * c / wanted).min(starts.len() - 1);
            if end > begin {
                chunks.push(begin..end);
            }
            begin = end;
        }
        let plain = others.iter().all(|o| o.values.is_none());
        Self {
            starts,
            others,
            levels,
            w: Vec::new(),
            first_sums: Vec::new(),
            first_inverse: Vec::new(),
            other_inverse: Vec::new(),
            directions: Vec::new(),
            chunks,
            eliminates: !first.is_empty(),
            plain,
        }
    }

    /// Sums the weights by run and makes the directions of the slopes of the eliminated effect.
    pub fn sum_first(&mut self, slopes: &[&SampleSlope]) {
        let absorbs = self.eliminates;
        let (w, starts) = (&self.w, &self.starts);
        self.first_sums = starts
            .windows(2)
            .map(|r| if absorbs { w[r[0]..r[1]].iter().sum() } else { 0.0 })
            .collect();
        self.first_inverse =
            self.first_sums.iter().map(|s| if *s > 0.0 { 1.0 / s } else { 0.0 }).collect();
        self.directions.clear();
        for slope in slopes {
            let mut q = slope.values.clone();
            for (g, run) in starts.windows(2).enumerate() {
                let rows = run[0]..run[1];
                let w = &w[rows.clone()];
                let q = &mut q[rows.clone()];
                let before: f64 = q.iter().zip(w).map(|(q, w)| w * q * q).sum();
                for _ in 0..2 {
                    let mean: f64 =
                        q.iter().zip(w).map(|(q, w)| w * q).sum::<f64>() * self.first_inverse[g];
                    q.iter_mut().for_each(|q| *q -= mean);
                    for earlier in &self.directions {
                        let e = &earlier[rows.clone()];
                        let s: f64 = q.iter().zip(e).zip(w).map(|((q, e), w)| w * q * e).sum();
                        q.iter_mut().zip(e).for_each(|(q, e)| *q -= s * e);
                    }
                }
                let after: f64 = q.iter().zip(w).map(|(q, w)| w * q * q).sum();
                let varies = after > NO_VARIATION * NO_VARIATION * before;
                let scale = if varies { 1.0 / after.sqrt() } else { 0.0 };
                q.iter_mut().for_each(|q| *q *= scale);
            }
            self.directions.push(q);
        }
    }

    /// Centres slopes of other effects within the levels that have an intercept too, which spans the
    /// same and converges sooner.
    pub fn centre_slopes(&mut self, slopes: &[SampleSlope], first: Option<usize>) {
        if self.plain {
            return;
        }
        let w = &self.w;
        let of_others = slopes.iter().filter(|s| first.is_none() || s.effect != first);
        for (other, slope) in self.others.iter_mut().filter(|o| o.values.is_some()).zip(of_others) {
            let Some(values) = &mut other.values else { continue };
            if slope.effect.is_none() {
                continue;
            }
            let (mut sum, mut weight) = (vec![0.0; other.levels], vec![0.0; other.levels]);
            for ((id, z), w) in other.ids.iter().zip(&slope.values).zip(w) {
                sum[*id as usize] += w * z;
                weight[*id as usize] += w;
            }
            for ((v, z), id) in values.iter_mut().zip(&slope.values).zip(other.ids) {
                let g = *id as usize;
                *v = z - if weight[g] > 0.0 { sum[g] / weight[g] } else { 0.0 };
            }
        }
    }

    /// The diagonal of the other effects: Σ w, or Σ w z² for slopes.
    pub fn sum_others(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.levels];
        for other in &self.others {
            let sums = &mut sums[other.start..other.start + other.levels];
            match &other.values {
                None => {
                    for (id, w) in other.ids.iter().zip(&self.w) {
                        sums[*id as usize] += w;
                    }
                }
                Some(z) => {
                    let mut raw = vec![0.0; other.levels];
                    for ((id, w), z) in other.ids.iter().zip(&self.w).zip(z) {
                        sums[*id as usize] += w * z * z;
                        raw[*id as usize] += w;
                    }
                    // What is left of a constant after centring is rounding: no slope there.
                    let largest = z.iter().fold(0.0f64, |a, z| a.max(z.abs()));
                    let floor = (NO_VARIATION * largest).powi(2);
                    for (s, w) in sums.iter_mut().zip(raw) {
                        if *s <= floor * w {
                            *s = 0.0;
                        }
                    }
                }
            }
        }
        sums
    }

    fn rows(&self, chunk: &Range<usize>) -> Range<usize> {
        self.starts[chunk.start]..self.starts[chunk.end]
    }

    /// u ← M u on one run.
    #[inline]
    fn project<const R: usize>(&self, g: usize, rows: &Range<usize>, u: &mut [[f64; R]]) {
        let w = &self.w[rows.clone()];
        let mut mean = [0.0; R];
        for (u, w) in u.iter().zip(w) {
            for c in 0..R {
                mean[c] += w * u[c];
            }
        }
        mean.iter_mut().for_each(|m| *m *= self.first_inverse[g]);
        for u in u.iter_mut() {
            for c in 0..R {
                u[c] -= mean[c];
            }
        }
        for q in &self.directions {
            let q = &q[rows.clone()];
            let mut s = [0.0; R];
            for ((u, w), q) in u.iter().zip(w).zip(q) {
                for c in 0..R {
                    s[c] += w * q * u[c];
                }
            }
            for (u, q) in u.iter_mut().zip(q) {
                for c in 0..R {
                    u[c] -= s[c] * q;
                }
            }
        }
    }

    /// u ← D p (or u ← u - D p) on one run.
    #[inline]
    fn gather<const R: usize>(
        &self,
        rows: &Range<usize>,
        p: &[[f64; R]],
        sign: f64,
        u: &mut [[f64; R]],
    ) {
        for other in &self.others {
            let p = &p[other.start..other.start + other.levels];
            let ids = &other.ids[rows.clone()];
            match &other.values {
                None => {
                    for (u, id) in u.iter_mut().zip(ids) {
                        let p = &p[*id as usize];
                        for c in 0..R {
                            u[c] += sign * p[c];
                        }
                    }
                }
                Some(z) => {
                    for ((u, id), z) in u.iter_mut().zip(ids).zip(&z[rows.clone()]) {
                        let p = &p[*id as usize];
                        for c in 0..R {
                            u[c] += sign * z * p[c];
                        }
                    }
                }
            }
        }
    }

    /// out ← out + D'W u on one run.
    #[inline]
    fn scatter<const R: usize>(
        &self,
        rows: &Range<usize>,
        u: &mut [[f64; R]],
        out: &mut [[f64; R]],
    ) {
        for (u, w) in u.iter_mut().zip(&self.w[rows.clone()]) {
            u.iter_mut().for_each(|u| *u *= w);
        }
        for other in &self.others {
            let out = &mut out[other.start..other.start + other.levels];
            let ids = &other.ids[rows.clone()];
            match &other.values {
                None => {
                    for (u, id) in u.iter().zip(ids) {
                        let out = &mut out[*id as usize];
                        for c in 0..R {
                            out[c] += u[c];
                        }
                    }
                }
                Some(z) => {
                    for ((u, id), z) in u.iter().zip(ids).zip(&z[rows.clone()]) {
                        let out = &mut out[*id as usize];
                        for c in 0..R {
                            out[c] += z * u[c];
                        }
                    }
                }
            }
        }
    }

    fn longest(&self, chunk: &Range<usize>) -> usize {
        chunk.clone().map(|g| self.starts[g + 1] - self.starts[g]).max().unwrap_or(0)
    }

    /// out ← S p on the runs of a chunk, for the common case of two other effects.
    fn schur_two<const R: usize>(
        &self,
        chunk: &Range<usize>,
        p: &[[f64; R]],
        u: &mut [[f64; R]],
        out: &mut [[f64; R]],
    ) {
        let (a, b) = (&self.others[0], &self.others[1]);
        let (p_a, p_b) = p.split_at(b.start);
        let (out_a, out_b) = out.split_at_mut(b.start);
        for g in chunk.clone() {
            let rows = self.starts[g]..self.starts[g + 1];
            let (w, ids_a, ids_b) =
                (&self.w[rows.clone()], &a.ids[rows.clone()], &b.ids[rows.clone()]);
            let u = &mut u[..rows.len()];
            let mut mean = [0.0; R];
            for (((u, w), i), j) in u.iter_mut().zip(w).zip(ids_a).zip(ids_b) {
                let (x, y) = (&p_a[*i as usize], &p_b[*j as usize]);
                for c in 0..R {
                    u[c] = x[c] + y[c];
                    mean[c] += w * u[c];
                }
            }
            mean.iter_mut().for_each(|m| *m *= self.first_inverse[g]);
            for (((u, w), i), j) in u.iter().zip(w).zip(ids_a).zip(ids_b) {
                let (x, y) = (&mut out_a[*i as usize], &mut out_b[*j as usize]);
                for c in 0..R {
                    let f = w * (u[c] - mean[c]);
                    x[c] += f;
                    y[c] += f;
                }
            }
        }
    }
}

/// Adds the sums of all chunks to those of the first, in order.
fn collect<const R: usize>(parts: &mut [Vec<[f64; R]>]) {
    if let Some((first, rest)) = parts.split_first_mut() {
        for part in rest {
            for (f, p) in first.iter_mut().zip(part) {
                for c in 0..R {
                    f[c] += p[c];
                }
            }
        }
    }
}

/// out[0] ← S p, with S the Schur complement after the eliminated effect; `out` is kept between
/// calls to save allocating.
pub(super) fn schur<const R: usize>(runs: &Runs, p: &[[f64; R]], out: &mut Vec<Vec<[f64; R]>>) {
    out.resize_with(runs.chunks.len(), Vec::new);
    let one = |(chunk, out): (&Range<usize>, &mut Vec<[f64; R]>)| {
        out.clear();
        out.resize(runs.levels, [0.0; R]);
        let mut u = vec![[0.0; R]; runs.longest(chunk)];
        if runs.others.len() == 2 && runs.plain && runs.directions.is_empty() {
            runs.schur_two(chunk, p, &mut u, out);
            return;
        }
        for g in chunk.clone() {
            let rows = runs.starts[g]..runs.starts[g + 1];
            let u = &mut u[..rows.len()];
            u.fill([0.0; R]);
            runs.gather(&rows, p, 1.0, u);
            runs.project(g, &rows, u);
            runs.scatter(&rows, u, out);
        }
    };
    if runs.chunks.len() > 1 {
        runs.chunks.par_iter().zip(out.par_iter_mut()).for_each(one);
    } else {
        runs.chunks.iter().zip(out.iter_mut()).for_each(one);
    }
    collect(out);
}

/// D'W M v, leaving v as it is.
pub(super) fn margins<const R: usize>(runs: &Runs, v: &[Vec<f64>]) -> Margins<R> {
    let one = |chunk: &Range<usize>| {
        let mut part = Margins::empty(runs.levels);
        let mut u = vec![[0.0; R]; runs.longest(chunk)];
        for g in chunk.clone() {
            let rows = runs.starts[g]..runs.starts[g + 1];
            let u = &mut u[..rows.len()];
            for (c, v) in v.iter().enumerate() {
                u.iter_mut().zip(&v[rows.clone()]).for_each(|(u, v)| u[c] = *v);
            }
            add_squares(u, &runs.w[rows.clone()], &mut part.raw);
            runs.project(g, &rows, u);
            add_squares(u, &runs.w[rows.clone()], &mut part.norms);
            runs.scatter(&rows, u, &mut part.sums);
        }
        part
    };
    if runs.chunks.len() > 1 {
        total(runs.levels, runs.chunks.par_iter().map(one).collect())
    } else {
        total(runs.levels, runs.chunks.iter().map(one).collect())
    }
}

/// v ← M (v - D a), and what is left: D'W v.
pub(super) fn apply<const R: usize>(runs: &Runs, v: &mut [Vec<f64>], a: &[[f64; R]]) -> Margins<R> {
    let mut slices: Vec<&mut [f64]> = v.iter_mut().map(|v| v.as_mut_slice()).collect();
    let mut tasks = Vec::new();
    for chunk in &runs.chunks {
        let length = runs.rows(chunk).len();
        let mut here = Vec::with_capacity(R);
        for s in &mut slices {
            let (head, tail) = std::mem::take(s).split_at_mut(length);
            here.push(head);
            *s = tail;
        }
        tasks.push((chunk, here));
    }
    let one = |(chunk, mut v): (&Range<usize>, Vec<&mut [f64]>)| {
        let mut part = Margins::empty(runs.levels);
        let mut u = vec![[0.0; R]; runs.longest(chunk)];
        let base = runs.starts[chunk.start];
        for g in chunk.clone() {
            let rows = runs.starts[g]..runs.starts[g + 1];
            let local = rows.start - base..rows.end - base;
            let u = &mut u[..rows.len()];
            for (c, v) in v.iter().enumerate() {
                u.iter_mut().zip(&v[local.clone()]).for_each(|(u, v)| u[c] = *v);
            }
            runs.gather(&rows, a, -1.0, u);
            runs.project(g, &rows, u);
            for (c, v) in v.iter_mut().enumerate() {
                v[local.clone()].iter_mut().zip(&*u).for_each(|(v, u)| *v = u[c]);
            }
            add_squares(u, &runs.w[rows.clone()], &mut part.norms);
            runs.scatter(&rows, u, &mut part.sums);
        }
        part
    };
    if tasks.len() > 1 {
        total(runs.levels, tasks.into_par_iter().map(one).collect())
    } else {
        total(runs.levels, tasks.into_iter().map(one).collect())
    }
}

fn add_squares<const R: usize>(u: &[[f64; R]], w: &[f64], sums: &mut [f64; R]) {
    for (u, w) in u.iter().zip(w) {
        for c in 0..R {
            sums[c] += w * u[c] * u[c];
        }
    }
}

impl<const R: usize> Margins<R> {
    fn empty(levels: usize) -> Self {
        Self { sums: vec![[0.0; R]; levels], raw: [0.0; R], norms: [0.0; R] }
    }
}

fn total<const R: usize>(levels: usize, parts: Vec<Margins<R>>) -> Margins<R> {
    let mut all = Margins::empty(levels);
    for part in parts {
        for (a, p) in all.sums.iter_mut().zip(&part.sums) {
            for c in 0..R {
                a[c] += p[c];
            }
        }
        for c in 0..R {
            all.raw[c] += part.raw[c];
            all.norms[c] += part.norms[c];
        }
    }
    all.raw = all.raw.map(f64::sqrt);
    all.norms = all.norms.map(f64::sqrt);
    all
}
