//! A Laplacian factored by eliminating vertices, exactly where it is thin and by sampling elsewhere.
//!
//! ```text
//! L = Σ_e a_e (e_i - e_j)(e_i - e_j)'     star of v: neighbours 1..d, weights a_i, s = Σ a_i
//! eliminating v leaves the clique   a_i a_j / s   on its neighbours                   (exact)
//! sampled: a_1 <= .. <= a_d; i is joined to one j > i, drawn with chance a_j / Σ_{k>i} a_k,
//!          by an edge of weight a_i Σ_{k>i} a_k / s       (its mean is the clique; d - 1 edges)
//! ```
//!
//! Vertices of fewest neighbours go first. While a star is small its clique is written out in full,
//! so a tree, a chain of cliques or any graph of small treewidth is factored exactly. When stars have
//! outgrown `exact_degree`, what is left is eliminated as a full matrix if it is small, and exactly
//! too; otherwise only a tree on the neighbours is drawn, and fill never runs away. The
//! factor is of the form U'DU with D >= 0 whatever was drawn: as a preconditioner it is symmetric
//! and positive semi-definite, which conjugate gradients need.
//!
//! Nothing is ever subtracted: pivots are sums of edge weights. The exact factor is therefore
//! accurate entry by entry however far the weights lie apart, where an ordinary Cholesky
//! factorisation of a grounded Laplacian cancels its diagonal.
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | v | `order` | one vertex per step |
//! | 1/s | `inverse_pivots` | per step; 0 at the last vertex of a component |
//! | a_i / s | `shares` | per step, one per neighbour left |
//!
//! # Cost
//!
//! On thin graphs a few passes over the edges; in the worst case each of m edges meets
//! `exact_degree` others and a logarithm, with `dense_work` / 3 multiplications per edge for the full
//! matrix. A solve passes twice over the factor. Measured, one thread of a shared machine: 0.05 to
//! 0.2 s for 10,000 to 30,000 firms and 50,000 moves, on a chain, a grid, or at random.
//!
//! Source: Kyng and Sachdeva (2016), FOCS, algorithm 1; the ordered sampling and the splitting of
//! edges into copies: Gao, Kyng and Spielman (2023), "Robust and practical solution of Laplacian
//! equations by approximate elimination", AC and AC-k.

use crate::random::SplitMix;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// End of a list of edges.
const NONE: u32 = u32::MAX;

/// An undirected edge of positive weight; edges of weight zero are passed over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    pub ends: [u32; 2],
    pub weight: f64,
}

/// How far stars are eliminated exactly, and how the others are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Elimination {
    /// Stars of so many neighbours still leave their whole clique.
    pub exact_degree: usize,
    /// Draws per original edge in a sampled star: more draws, a closer and larger factor.
    pub copies: usize,
    /// What is left when stars outgrow `exact_degree` is eliminated as a full matrix if it has no
    /// more than (`dense_work` × vertices and edges)^(1/3) vertices: three multiplications of
    /// `dense_work` are one per edge.
    pub dense_work: f64,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for Elimination {
    /// Measured: of 16, 32, 64, 128 neighbours, 1 to 4 copies, and 3,000 or 20,000 multiplications
    /// these gave the least time for setting up and solving four columns on panels of a million
    /// rows whose firms form a chain, a grid, a random graph or one of few hubs. Two copies are AC-2
    /// of the source.
    fn default() -> Self {
        Self { exact_degree: 64, copies: 2, dense_work: 20_000.0, seed: 0 }
    }
}

/// The factor, in the order of elimination.
#[derive(Debug, Clone)]
pub(super) struct Factor {
    order: Vec<u32>,
    inverse_pivots: Vec<f64>,
    starts: Vec<usize>,
    /// Neighbours as positions in the order.
    targets: Vec<u32>,
    shares: Vec<f64>,
    /// Per vertex, the number of its component; components are numbered from the last eliminated.
    pub component: Vec<u32>,
    /// Number of components, isolated vertices included.
    pub components: usize,
    /// Steps that were sampled; without any, the factor is that of the Laplacian itself.
    pub sampled: usize,
}

/// One end of an edge in the list of the other end.
#[derive(Clone, Copy)]
struct Half {
    weight: f64,
    to: u32,
    next: u32,
}

/// Lists of edges by vertex. Parallel edges and ends at eliminated vertices stay until a list has
/// doubled, and go together then.
struct Lists {
    heads: Vec<u32>,
    halves: Vec<Half>,
    copies: Vec<u8>,
    /// Most copies an edge may have after merging.
    most: u8,
    /// Entries of a list, and how many it may have before it is merged.
    lengths: Vec<u32>,
    allowed: Vec<u32>,
    /// Neighbours left: right after merging, and from then on at most so many.
    degrees: Vec<u32>,
    /// Work space: the entry that holds a neighbour while a list is merged.
    entry: Vec<u32>,
}

impl Lists {
    fn new(n: usize, edges: &[Edge], copies: u8) -> Self {
        let mut lists = Self {
            heads: vec![NONE; n],
            halves: Vec::with_capacity(3 * edges.len()),
            copies: Vec::with_capacity(3 * edges.len()),
            most: copies,
            lengths: vec![0; n],
            allowed: vec![16; n],
            degrees: vec![0; n],
            entry: vec![NONE; n],
        };
        for edge in edges.iter().filter(|e| e.weight > 0.0) {
            lists.push(edge.ends, edge.weight, copies);
        }
        lists
    }

    fn push(&mut self, ends: [u32; 2], weight: f64, copies: u8) {
        for (at, to) in [(ends[0], ends[1]), (ends[1], ends[0])] {
            let next = std::mem::replace(&mut self.heads[at as usize], self.halves.len() as u32);
            self.halves.push(Half { weight, to, next });
            self.copies.push(copies);
            self.lengths[at as usize] += 1;
            self.degrees[at as usize] += 1;
        }
    }

    /// Merges the parallel edges of v and drops those to eliminated vertices.
    fn merge(&mut self, v: u32, position: &[u32]) {
        let (mut at, mut kept, mut last) = (self.heads[v as usize], 0, NONE);
        self.heads[v as usize] = NONE;
        while at != NONE {
            let half = self.halves[at as usize];
            let seen = self.entry[half.to as usize];
            let left = position[half.to as usize] == NONE;
            if left && seen == NONE {
                self.entry[half.to as usize] = at;
                match last {
                    NONE => self.heads[v as usize] = at,
                    last => self.halves[last as usize].next = at,
                }
                last = at;
                kept += 1;
            } else if left {
                self.halves[seen as usize].weight += half.weight;
                let copies = self.copies[seen as usize].saturating_add(self.copies[at as usize]);
                self.copies[seen as usize] = copies.min(self.most);
            }
            at = half.next;
        }
        if last != NONE {
            self.halves[last as usize].next = NONE;
        }
        let mut at = self.heads[v as usize];
        while at != NONE {
            let half = self.halves[at as usize];
            self.entry[half.to as usize] = NONE;
            at = half.next;
        }
        self.lengths[v as usize] = kept;
        self.degrees[v as usize] = kept;
        self.allowed[v as usize] = 2 * kept + 16;
    }

    /// The neighbours of v, each once: for a list just merged.
    fn star(&self, v: u32, star: &mut Vec<Neighbour>) {
        star.clear();
        let mut at = self.heads[v as usize];
        while at != NONE {
            let Half { weight, to, next } = self.halves[at as usize];
            star.push(Neighbour { at: to, weight, copies: self.copies[at as usize] });
            at = next;
        }
    }
}

/// A neighbour of the vertex being eliminated, its parallel edges added up.
#[derive(Clone, Copy)]
struct Neighbour {
    at: u32,
    weight: f64,
    copies: u8,
}

impl Factor {
    /// Factors the Laplacian of the edges on vertices 0 .. n.
    ///
    /// # Assumptions
    ///
    /// Weights are finite and not negative, and no edge is a loop; parallel edges add up.
    pub fn new(n: usize, edges: &[Edge], options: &Elimination) -> Self {
        let mut lists = Lists::new(n, edges, options.copies.clamp(1, 255) as u8);
        let mut factor = Self {
            order: Vec::with_capacity(n),
            inverse_pivots: Vec::with_capacity(n),
            starts: vec![0],
            targets: Vec::with_capacity(2 * edges.len()),
            shares: Vec::with_capacity(2 * edges.len()),
            component: Vec::new(),
            components: 0,
            sampled: 0,
        };
        let dense = (options.dense_work * (n + edges.len()) as f64).cbrt() as usize;
        let mut random = SplitMix::new(options.seed, 0);
        let mut queue: BinaryHeap<Reverse<(u32, u32)>> =
            (0..n).map(|v| Reverse((lists.degrees[v], v as u32))).collect();
        let mut position = vec![NONE; n];
        let mut star: Vec<Neighbour> = Vec::new();
        let mut before: Vec<u32> = Vec::new();
        let mut draw = Draw::default();
        while let Some(Reverse((degree, v))) = queue.pop() {
            if position[v as usize] != NONE {
                continue;
            }
            // Degrees that grew since are found here; those that fell have an entry of their own.
            // A short list is merged before it is sent back, for the parallel edges it counts; long
            // ones belong to stars that are sampled, and would be merged over and over.
            if lists.degrees[v as usize] > degree {
                if lists.lengths[v as usize] as usize <= 4 * options.exact_degree {
                    lists.merge(v, &position);
                }
                if lists.degrees[v as usize] > degree {
                    queue.push(Reverse((lists.degrees[v as usize], v)));
                    continue;
                }
            }
            lists.merge(v, &position);
            let exact = lists.degrees[v as usize] as usize <= options.exact_degree;
            if !exact && factor.sampled == 0 && n - factor.order.len() <= dense {
                factor.finish_densely(&mut lists, &mut position);
                break;
            }
            lists.star(v, &mut star);
            position[v as usize] = factor.order.len() as u32;
            let sum = factor.push(v, star.iter().map(|u| (u.at, u.weight)));
            before.clear();
            before.extend(star.iter().map(|u| lists.degrees[u.at as usize]));
            star.iter().for_each(|u| lists.degrees[u.at as usize] -= 1);
            if exact {
                for (i, a) in star.iter().enumerate() {
                    for b in &star[i + 1..] {
                        let weight = a.weight * (b.weight / sum);
                        lists.push([a.at, b.at], weight, a.copies.min(b.copies));
                    }
                }
            } else {
                factor.sampled += 1;
                draw.tree(&star, &mut random, &mut lists);
            }
            for (u, before) in star.iter().zip(&before) {
                let at = u.at as usize;
                if lists.lengths[at] > lists.allowed[at] {
                    lists.merge(u.at, &position);
                }
                if lists.degrees[at] < *before {
                    queue.push(Reverse((lists.degrees[at], u.at)));
                }
            }
        }
        factor.finish(&position);
        factor
    }

    /// Appends a step and gives its pivot.
    fn push(&mut self, v: u32, star: impl Iterator<Item = (u32, f64)> + Clone) -> f64 {
        let sum: f64 = star.clone().map(|(_, weight)| weight).sum();
        self.order.push(v);
        self.inverse_pivots.push(if sum > 0.0 { 1.0 / sum } else { 0.0 });
        for (u, weight) in star {
            self.targets.push(u);
            self.shares.push(weight / sum);
        }
        self.starts.push(self.targets.len());
        sum
    }

    /// Eliminates all vertices that are left, exactly, as a full matrix.
    fn finish_densely(&mut self, lists: &mut Lists, position: &mut [u32]) {
        let left: Vec<u32> =
            (0..position.len() as u32).filter(|v| position[*v as usize] == NONE).collect();
        let m = left.len();
        let mut index = vec![0; position.len()];
        left.iter().enumerate().for_each(|(k, v)| index[*v as usize] = k);
        let mut a = vec![0.0; m * m];
        let mut star = Vec::new();
        for (k, v) in left.iter().enumerate() {
            lists.merge(*v, position);
            lists.star(*v, &mut star);
            for u in &star {
                let other = index[u.at as usize];
                if other > k {
                    a[k * m + other] = u.weight;
                }
            }
        }
        for (k, v) in left.iter().enumerate() {
            position[*v as usize] = self.order.len() as u32;
            let (head, rest) = a.split_at_mut((k + 1) * m);
            let row = &head[k * m..];
            let others = (k + 1..m).filter(|j| row[*j] > 0.0);
            let sum = self.push(*v, others.clone().map(|j| (left[j], row[j])));
            for i in others {
                let share = row[i] / sum;
                let target = &mut rest[(i - k - 1) * m..(i - k) * m];
                for (t, w) in target[i + 1..].iter_mut().zip(&row[i + 1..]) {
                    *t += share * w;
                }
            }
        }
    }

    /// Turns vertices into positions and numbers the components.
    fn finish(&mut self, position: &[u32]) {
        self.targets.iter_mut().for_each(|t| *t = position[*t as usize]);
        let n = self.order.len();
        let mut by_position = vec![0; n];
        for k in (0..n).rev() {
            let first = self.starts[k];
            by_position[k] = if first < self.starts[k + 1] {
                by_position[self.targets[first] as usize]
            } else {
                self.components += 1;
                self.components as u32 - 1
            };
        }
        self.component = position.iter().map(|k| by_position[*k as usize]).collect();
    }

    /// z = U⁻¹ D⁺ U⁻ᵀ r, where `r` and `z` hold the first vertices and r is 0 on all others.
    ///
    /// Where no step was sampled and r adds up to zero over each component, L z = r.
    pub fn solve(&self, r: &[f64], z: &mut [f64]) {
        let mut x: Vec<f64> =
            self.order.iter().map(|v| r.get(*v as usize).copied().unwrap_or(0.0)).collect();
        for k in 0..x.len() {
            let (run, value) = (self.starts[k]..self.starts[k + 1], x[k]);
            for (t, share) in self.targets[run.clone()].iter().zip(&self.shares[run]) {
                x[*t as usize] += share * value;
            }
            x[k] = value * self.inverse_pivots[k];
        }
        for k in (0..x.len()).rev() {
            let run = self.starts[k]..self.starts[k + 1];
            let back = self.targets[run.clone()].iter().zip(&self.shares[run]);
            x[k] += back.map(|(t, share)| share * x[*t as usize]).sum::<f64>();
            if let Some(z) = z.get_mut(self.order[k] as usize) {
                *z = x[k];
            }
        }
    }

    /// Entries of the factor.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        self.targets.len()
    }
}

/// Work space of a sampled star.
#[derive(Default)]
struct Draw {
    /// Neighbour and weight of each copy, by weight.
    entries: Vec<(f64, u32)>,
    /// Sums of the weights from each entry to the last.
    tails: Vec<f64>,
}

impl Draw {
    /// Joins each copy to one of those behind it.
    fn tree(&mut self, star: &[Neighbour], random: &mut SplitMix, lists: &mut Lists) {
        self.entries.clear();
        for u in star {
            let part = u.weight / f64::from(u.copies);
            self.entries.extend(std::iter::repeat_n((part, u.at), usize::from(u.copies)));
        }
        self.entries.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut tail = 0.0;
        self.tails.clear();
        self.tails.extend(self.entries.iter().rev().map(|(part, _)| {
            tail += part;
            tail
        }));
        self.tails.reverse();
        let sum = self.tails[0];
        for e in 0..self.entries.len() - 1 {
            let behind = &self.tails[e + 1..];
            let uniform = (random.next() >> 11) as f64 * (0.5f64).powi(53);
            let passed = behind.partition_point(|t| *t > uniform * behind[0]);
            // Rounding can only put the draw past the last entry's end, never before the first.
            let other = self.entries[e + passed.clamp(1, behind.len())].1;
            let (part, at) = self.entries[e];
            // Two copies of one neighbour are joined by a loop, which is nothing.
            if other != at {
                lists.push([at, other], part * (behind[0] / sum), 1);
            }
        }
    }
}
