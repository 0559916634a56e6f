//! The preconditioner of a whole system: thin graphs, small effects, and the diagonal for the rest.
//!
//! ```text
//! system on [effect 2; effect 3; ...] after eliminating effect 1:
//!     large effects, thin graph     M⁻¹ of the graph, each on its own
//!     large effects otherwise       1 / group weight
//!     effects of few levels         eliminated together against the first thin graph
//! ```
//!
//! A sum of symmetric positive semi-definite blocks and of one coarse correction: fit for conjugate
//! gradients. With one large effect beside the first, and years or the like besides, it is exact
//! wherever the graph is factored exactly, and two steps solve the system to rounding.
//!
//! # Cost
//!
//! See [`ThinGraph`] and [`Border`]; all is built again by [`ThinSystem::reweigh`], except for
//! the layout of the graphs.

use super::border::Border;
use super::thin::{NotThin, ThinGraph, ThinOptions};

/// Levels that all small effects may have together: their columns are held densely.
pub(super) const SMALL: usize = 64;

/// An effect after the first: its ids per row, and its first position in the system.
pub(super) type Other<'a> = (&'a [u32], usize);

/// What stands for the block of one effect.
#[derive(Debug, Clone)]
enum Block {
    Thin(Box<ThinGraph>),
    /// 1 / group weight, zero without weight.
    Diagonal(Vec<f64>),
    /// Eliminated by the border.
    Small,
}

/// The preconditioner of the system on all effects after the first.
#[derive(Debug, Clone)]
pub(super) struct ThinSystem {
    blocks: Vec<Block>,
    /// First position of each effect in the system, and their number.
    bounds: Vec<usize>,
    /// Positions of the small effects.
    small: Vec<usize>,
    border: Option<Border>,
}

impl ThinSystem {
    /// Builds the preconditioner, unless no effect has a graph worth factoring.
    ///
    /// `others` come in the order of their positions, which fill 0 .. `levels`; `starts` and `w` as
    /// for [`ThinGraph::new`].
    ///
    /// # Errors
    ///
    /// What the largest effect's graph said.
    pub fn new(
        starts: &[usize],
        others: &[Other],
        levels: usize,
        w: &[f64],
        options: &ThinOptions,
    ) -> Result<Self, NotThin> {
        let mut bounds: Vec<usize> = others.iter().map(|(_, first)| *first).collect();
        bounds.push(levels);
        let size = |q: usize| bounds[q + 1] - bounds[q];
        let mut by_size: Vec<usize> = (0..others.len()).collect();
        by_size.sort_by_key(|q| (size(*q), *q));
        let mut blocks: Vec<Block> = others.iter().map(|_| Block::Diagonal(Vec::new())).collect();
        let mut refused = NotThin::NoEdges;
        // From the largest down: the small ones are small only beside a graph.
        let Some((largest, rest)) = by_size.split_last() else { return Err(refused) };
        let mut width = 0;
        let mut found = false;
        for q in rest {
            if width + size(*q) <= SMALL {
                width += size(*q);
                blocks[*q] = Block::Small;
            }
        }
        for q in std::iter::once(largest).chain(rest.iter().rev()) {
            if matches!(blocks[*q], Block::Small) {
                continue;
            }
            match ThinGraph::new(starts, others[*q].0, size(*q), w, options) {
                Ok(thin) => {
                    blocks[*q] = Block::Thin(Box::new(thin));
                    found = true;
                }
                Err(reason) if q == largest => refused = reason,
                Err(_) => {}
            }
        }
        if !found {
            return Err(refused);
        }
        let small = (0..others.len())
            .filter(|q| matches!(blocks[*q], Block::Small))
            .flat_map(|q| bounds[q]..bounds[q + 1])
            .collect();
        let mut new = Self { blocks, bounds, small, border: None };
        new.weigh_rest(starts, others, w);
        Ok(new)
    }

    /// Takes new weights of the same rows.
    pub fn reweigh(&mut self, starts: &[usize], others: &[Other], w: &[f64]) {
        for block in &mut self.blocks {
            if let Block::Thin(thin) = block {
                thin.reweigh(w);
            }
        }
        self.weigh_rest(starts, others, w);
    }

    /// The diagonals and the border, which hold nothing that outlives the weights.
    fn weigh_rest(&mut self, starts: &[usize], others: &[Other], w: &[f64]) {
        let mut columns = Vec::new();
        let mut width = 0;
        for (q, block) in self.blocks.iter_mut().enumerate() {
            let levels = self.bounds[q + 1] - self.bounds[q];
            match block {
                Block::Thin(_) => {}
                Block::Diagonal(inverse) => {
                    let mut sums = vec![0.0; levels];
                    others[q].0.iter().zip(w).for_each(|(id, w)| sums[*id as usize] += w);
                    *inverse =
                        sums.into_iter().map(|s| if s > 0.0 { 1.0 / s } else { 0.0 }).collect();
                }
                Block::Small => {
                    columns.push((others[q].0, width));
                    width += levels;
                }
            }
        }
        let thin = self.blocks.iter().find_map(|b| match b {
            Block::Thin(thin) => Some(thin),
            _ => None,
        });
        self.border =
            thin.filter(|_| width > 0).map(|thin| Border::new(thin, starts, &columns, width, w));
    }

    /// z = M⁻¹ r over the whole system.
    pub fn apply(&self, r: &[f64], z: &mut [f64]) {
        let mut border = self.border.as_ref();
        let small: Vec<f64> = self.small.iter().map(|at| r[*at]).collect();
        let mut solved = vec![0.0; small.len()];
        for (q, block) in self.blocks.iter().enumerate() {
            let range = self.bounds[q]..self.bounds[q + 1];
            let (r, z) = (&r[range.clone()], &mut z[range]);
            match block {
                Block::Thin(thin) => match border.take() {
                    Some(border) => border.apply(thin, [r, &small], [z, &mut solved]),
                    None => thin.apply(r, z),
                },
                Block::Diagonal(inverse) => {
                    z.iter_mut().zip(r.iter().zip(inverse)).for_each(|(z, (r, i))| *z = r * i);
                }
                Block::Small => {}
            }
        }
        self.small.iter().zip(solved).for_each(|(at, s)| z[*at] = s);
    }

    /// Whether every block is exact: the system is then solved in a step or two.
    #[cfg(test)]
    pub fn exact(&self) -> bool {
        let graphs = self.blocks.iter().filter(|b| !matches!(b, Block::Small)).count();
        graphs == 1 && self.blocks.iter().any(|b| matches!(b, Block::Thin(t) if t.exact()))
    }

    /// Entries of the factors.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        let entries = |b: &Block| if let Block::Thin(t) = b { t.entries() } else { 0 };
        self.blocks.iter().map(entries).sum()
    }
}
