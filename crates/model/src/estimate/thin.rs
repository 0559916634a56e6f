//! A preconditioner for thin graphs: workers and firms, patients and clinics, regions with few ties.
//!
//! ```text
//! S = D_f - F'W D_w⁻¹ W'F          (the first effect w eliminated, the second f left)
//!   = Σ_w Σ_{i<j} (c_wi c_wj / c_w) (e_i - e_j)(e_i - e_j)'
//! ```
//!
//! S is the Laplacian of a graph on the levels of the second effect: a worker ties all the firms he
//! was in. Where few workers move between far parts of it, a step of conjugate gradients carries
//! news one firm further, and a diagonal preconditioner needs as many steps as the graph is long.
//! [`ThinGraph`] factors the graph itself ([`Factor`]), so that one application carries it all the
//! way. Levels of the first effect with many partners enter as a vertex with one edge per partner
//! instead of a clique: the same S, at a cost that stays linear in the rows.
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | c_wi | `weights` | weight of each cell, that is each pair of levels that occurs |
//! | c_w | `totals` | weight of each level of the first effect |
//!
//! # Assumptions
//!
//! Rows come sorted by the first effect. Weights are finite and not negative; levels and cells
//! without weight fall out of the graph and the solution is 0 there.
//!
//! # Result
//!
//! z = P F⁺ P r, with F the factor and P the projection on vectors that add up to zero over each
//! component: symmetric, positive semi-definite, and the pseudo-inverse of S where the factor is
//! exact ([`ThinGraph::exact`]).
//!
//! # Cost
//!
//! O(n) to build and to weigh afresh, plus the factor; O(entries of the factor) to apply.

use super::approximate_cholesky::{Edge, Elimination, Factor};
use crate::random::SplitMix;

/// Edges per vertex up to which the factor costs what [`ThinOptions::patience`] says, and from which
/// patience grows with them: a graph of 10,000 firms and 64 edges each took 4 to 8 s to factor, as
/// long as 120 to 250 steps for four columns of a million rows, against 0.2 s with 5 edges each.
const THIN_DEGREE: f64 = 16.0;

/// How a thin graph is built, and when it is worth it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ThinOptions {
    /// Levels of the first effect with so many partners become a clique, others a vertex.
    pub clique: usize,
    /// How the graph is factored.
    pub elimination: Elimination,
    /// Steps of conjugate gradients with the diagonal that are cheaper than the factor of a thin
    /// graph; more are allowed in proportion where vertices have more than 16 edges on average.
    pub patience: f64,
    /// Reduction of the residual the steps are counted for.
    pub tolerance: f64,
}

impl Default for ThinOptions {
    /// A clique of 6 has 15 edges, most of them shared with others on thin graphs, a star of 6 has
    /// 6 and is eliminated to the same clique. Patience is measured on worker-firm panels of a
    /// million rows: the factor costs about as much as 30 steps over the rows for one column, and
    /// four columns share it. The tolerance is that of the demeaning.
    fn default() -> Self {
        Self { clique: 6, elimination: Elimination::default(), patience: 30.0, tolerance: 1e-9 }
    }
}

/// The cells of two effects: which pairs of levels occur, and their weights.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// First cell of each level of the first effect, and their number.
    pub starts: Vec<usize>,
    /// Level of the second effect in each cell.
    pub ids: Vec<u32>,
    /// Weight of each cell.
    pub weights: Vec<f64>,
    /// Weight of each level of the first effect.
    pub totals: Vec<f64>,
    /// Cell of each row.
    pub of_row: Vec<u32>,
}

impl Cells {
    fn new(starts: &[usize], ids: &[u32], levels: usize) -> Self {
        let mut cells = Self {
            starts: vec![0],
            ids: Vec::new(),
            weights: Vec::new(),
            totals: vec![0.0; starts.len().saturating_sub(1)],
            of_row: Vec::with_capacity(ids.len()),
        };
        let mut last = vec![u32::MAX; levels];
        for run in starts.windows(2) {
            let first = cells.ids.len();
            for id in &ids[run[0]..run[1]] {
                let seen = &mut last[*id as usize];
                if *seen == u32::MAX || (*seen as usize) < first {
                    *seen = cells.ids.len() as u32;
                    cells.ids.push(*id);
                }
                cells.of_row.push(*seen);
            }
            cells.starts.push(cells.ids.len());
        }
        cells.weights = vec![0.0; cells.ids.len()];
        cells
    }

    fn weigh(&mut self, w: &[f64]) {
        self.weights.fill(0.0);
        for (cell, w) in self.of_row.iter().zip(w) {
            self.weights[*cell as usize] += w;
        }
        for (total, run) in self.totals.iter_mut().zip(self.starts.windows(2)) {
            *total = self.weights[run[0]..run[1]].iter().sum();
        }
    }

    /// out = S p, for vectors of `lanes` entries per level.
    pub fn schur(&self, p: &[f64], lanes: usize, out: &mut [f64]) {
        out.fill(0.0);
        let mut mean = vec![0.0; lanes];
        for (run, total) in self.starts.windows(2).zip(&self.totals) {
            // A level with one partner leaves nothing.
            if run[1] - run[0] < 2 || *total <= 0.0 {
                continue;
            }
            mean.fill(0.0);
            for cell in run[0]..run[1] {
                let (at, share) = (self.ids[cell] as usize * lanes, self.weights[cell] / total);
                for (mean, p) in mean.iter_mut().zip(&p[at..at + lanes]) {
                    *mean += share * p;
                }
            }
            for cell in run[0]..run[1] {
                let (at, w) = (self.ids[cell] as usize * lanes, self.weights[cell]);
                for ((out, p), mean) in out[at..at + lanes].iter_mut().zip(&p[at..]).zip(&mean) {
                    *out += w * (p - mean);
                }
            }
        }
    }
}

/// The graph of two effects, factored.
#[derive(Debug, Clone)]
pub(super) struct ThinGraph {
    levels: usize,
    options: ThinOptions,
    cells: Cells,
    edges: Vec<Edge>,
    /// Edge of each pair of cells of a small level, in the order of [`Self::reweigh`].
    edge_of_pair: Vec<u32>,
    /// Cells of levels that became a vertex, and the first of their edges.
    stars: Vec<usize>,
    vertices: usize,
    factor: Factor,
    /// Levels in each component.
    sizes: Vec<f64>,
}

/// Why there is no thin graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum NotThin {
    /// No level of the first effect has two partners: nothing to solve.
    NoEdges,
    /// The diagonal does as well: so many steps are expected with it.
    DiagonalServes {
        /// Steps for the tolerance of [`ThinOptions`].
        steps: f64,
    },
}

impl ThinGraph {
    /// Builds and factors the graph, unless the probe says that the diagonal does as well.
    ///
    /// `starts` holds the first row of each level of the first effect and n; `ids` the level of the
    /// second effect in each row, below `levels`; `w` the weights.
    pub fn new(
        starts: &[usize],
        ids: &[u32],
        levels: usize,
        w: &[f64],
        options: &ThinOptions,
    ) -> Result<Self, NotThin> {
        let mut cells = Cells::new(starts, ids, levels);
        if cells.starts.windows(2).all(|run| run[1] - run[0] < 2) {
            return Err(NotThin::NoEdges);
        }
        cells.weigh(w);
        let steps = diagonal_steps(&cells, levels, options);
        let serves = NotThin::DiagonalServes { steps };
        if steps <= options.patience {
            return Err(serves);
        }
        let mut thin = Self {
            levels,
            options: *options,
            cells,
            edges: Vec::new(),
            edge_of_pair: Vec::new(),
            stars: Vec::new(),
            vertices: levels,
            factor: Factor::new(0, &[], &options.elimination),
            sizes: Vec::new(),
        };
        thin.lay_out();
        let degree = 2.0 * thin.edges.len() as f64 / thin.vertices as f64;
        if steps <= options.patience * degree / THIN_DEGREE {
            return Err(serves);
        }
        thin.factorise();
        Ok(thin)
    }

    /// Takes new weights of the same rows; the layout stays.
    pub fn reweigh(&mut self, w: &[f64]) {
        self.cells.weigh(w);
        self.factorise();
    }

    /// Lays out edges without weights: cliques of small levels merged, then stars of large ones.
    fn lay_out(&mut self) {
        let mut pairs: Vec<[u32; 2]> = Vec::new();
        for run in self.cells.starts.windows(2) {
            if run[1] - run[0] <= self.options.clique {
                let ids = &self.cells.ids[run[0]..run[1]];
                for (i, a) in ids.iter().enumerate() {
                    pairs.extend(ids[i + 1..].iter().map(|b| [*a.min(b), *a.max(b)]));
                }
            }
        }
        // Pairs by their lower end, so that equal ones meet.
        let mut first = vec![0u32; self.levels + 1];
        pairs.iter().for_each(|p| first[p[0] as usize + 1] += 1);
        for a in 0..self.levels {
            first[a + 1] += first[a];
        }
        let mut by_lower = vec![0u32; pairs.len()];
        let mut next = first.clone();
        for (k, [a, _]) in pairs.iter().enumerate() {
            by_lower[next[*a as usize] as usize] = k as u32;
            next[*a as usize] += 1;
        }
        let mut last = vec![u32::MAX; self.levels];
        self.edge_of_pair = vec![0; pairs.len()];
        for a in 0..self.levels {
            let new = self.edges.len();
            for k in &by_lower[first[a] as usize..first[a + 1] as usize] {
                let ends = pairs[*k as usize];
                let seen = &mut last[ends[1] as usize];
                if *seen == u32::MAX || (*seen as usize) < new {
                    *seen = self.edges.len() as u32;
                    self.edges.push(Edge { ends, weight: 0.0 });
                }
                self.edge_of_pair[*k as usize] = *seen;
            }
        }
        for run in self.cells.starts.windows(2) {
            if run[1] - run[0] > self.options.clique {
                for cell in run[0]..run[1] {
                    self.stars.push(cell);
                    let ends = [self.cells.ids[cell], self.vertices as u32];
                    self.edges.push(Edge { ends, weight: 0.0 });
                }
                self.vertices += 1;
            }
        }
    }

    /// Weighs the edges and factors the graph.
    fn factorise(&mut self) {
        self.edges.iter_mut().for_each(|e| e.weight = 0.0);
        let mut pair = self.edge_of_pair.iter();
        for (run, total) in self.cells.starts.windows(2).zip(&self.cells.totals) {
            if run[1] - run[0] > self.options.clique {
                continue;
            }
            let weights = &self.cells.weights[run[0]..run[1]];
            for (i, a) in weights.iter().enumerate() {
                for (b, edge) in weights[i + 1..].iter().zip(&mut pair) {
                    if *total > 0.0 {
                        self.edges[*edge as usize].weight += a * (b / total);
                    }
                }
            }
        }
        let first_star = self.edges.len() - self.stars.len();
        for (edge, cell) in self.edges[first_star..].iter_mut().zip(&self.stars) {
            edge.weight = self.cells.weights[*cell];
        }
        self.factor = Factor::new(self.vertices, &self.edges, &self.options.elimination);
        self.sizes = vec![0.0; self.factor.components];
        for c in &self.factor.component[..self.levels] {
            self.sizes[*c as usize] += 1.0;
        }
    }

    /// z = M⁻¹ r.
    pub fn apply(&self, r: &[f64], z: &mut [f64]) {
        debug_assert!(r.len() == self.levels && z.len() == self.levels);
        let mut balanced = r.to_vec();
        self.centre(&mut balanced);
        self.factor.solve(&balanced, z);
        self.centre(z);
    }

    /// Subtracts the mean over each component.
    fn centre(&self, v: &mut [f64]) {
        let mut means = vec![0.0; self.sizes.len()];
        for (c, v) in self.factor.component.iter().zip(&*v) {
            means[*c as usize] += v;
        }
        for (mean, size) in means.iter_mut().zip(&self.sizes) {
            *mean /= size.max(1.0);
        }
        for (c, v) in self.factor.component.iter().zip(v) {
            *v -= means[*c as usize];
        }
    }

    /// Whether the factor is that of S itself, so that [`Self::apply`] is S⁺.
    #[cfg(test)]
    pub fn exact(&self) -> bool {
        self.factor.sampled == 0
    }

    /// Entries of the factor: the cost of applying it.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        self.factor.entries()
    }

    /// Levels of the second effect.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// The pairs of levels behind the graph, with their weights.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }
}

/// Steps of the probe: enough for the fast part of a spectrum to die out and the slow part to show.
const PROBE: usize = 16;

/// Steps conjugate gradients with the diagonal would take, foreseen from a few.
///
/// The margins of random noise have every part of the spectrum in them. On a graph that mixes
/// well each step takes away a fixed share of the residual; on a long one the first steps take the
/// rough part and then the residual stalls, so the later half of the probe speaks:
///
/// ```text
/// steps = ln(1 / tolerance) / ln(rate⁻¹),   rate = (‖r_16‖ / ‖r_8‖)^(1/8)
/// ```
///
/// Too low a count for a chain of n is possible (it would need n), never one below patience: after
/// k steps nothing is known beyond k neighbours, and a residual that falls by a fixed factor in
/// each of them cannot come from a graph longer than the count foreseen.
fn diagonal_steps(cells: &Cells, levels: usize, options: &ThinOptions) -> f64 {
    let mut diagonal = vec![0.0; levels];
    for (run, total) in cells.starts.windows(2).zip(&cells.totals) {
        for cell in run[0]..run[1] {
            let c = cells.weights[cell];
            if *total > 0.0 {
                diagonal[cells.ids[cell] as usize] += c * ((total - c) / total);
            }
        }
    }
    let inverse: Vec<f64> = diagonal.iter().map(|d| if *d > 0.0 { 1.0 / d } else { 0.0 }).collect();
    let mut r = noise(cells, levels, options.elimination.seed);
    let mut z = vec![0.0; levels];
    let mut p = vec![0.0; levels];
    let mut sp = vec![0.0; levels];
    let mut rz = 0.0f64;
    let mut sizes = Vec::with_capacity(PROBE + 1);
    for _ in 0..=PROBE {
        for g in 0..levels {
            z[g] = r[g] * inverse[g];
        }
        let next: f64 = r.iter().zip(&z).map(|(r, z)| r * z).sum();
        sizes.push(next.sqrt());
        let beta = if rz > 0.0 { next / rz } else { 0.0 };
        rz = next;
        for g in 0..levels {
            p[g] = z[g] + beta * p[g];
        }
        cells.schur(&p, 1, &mut sp);
        let curvature: f64 = p.iter().zip(&sp).map(|(p, s)| p * s).sum();
        if curvature <= 0.0 || rz == 0.0 {
            break;
        }
        for g in 0..levels {
            r[g] -= rz / curvature * sp[g];
        }
    }
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    if last <= options.tolerance * first || sizes.len() <= PROBE {
        return sizes.len() as f64;
    }
    let rate = (last / sizes[PROBE / 2]).powf(2.0 / PROBE as f64);
    if rate < 1.0 { options.tolerance.ln() / rate.ln() } else { f64::INFINITY }
}

/// F'W (v - its means over the first effect), v of random signs and variance 1 / weight per cell: the
/// right-hand side that a column of noise gives, and one in the range of S.
fn noise(cells: &Cells, levels: usize, seed: u64) -> Vec<f64> {
    let mut random = SplitMix::new(seed, 1);
    let mut out = vec![0.0; levels];
    let mut roots = Vec::new();
    for (run, total) in cells.starts.windows(2).zip(&cells.totals) {
        let weights = &cells.weights[run[0]..run[1]];
        roots.clear();
        roots.extend(
            weights.iter().map(|c| if random.next() >> 63 == 0 { c.sqrt() } else { -c.sqrt() }),
        );
        let mean = if *total > 0.0 { roots.iter().sum::<f64>() / total } else { 0.0 };
        for ((id, root), c) in cells.ids[run[0]..run[1]].iter().zip(&roots).zip(weights) {
            out[*id as usize] += root - c * mean;
        }
    }
    out
}
