//! A contraction hierarchy of a road graph: shortest ways from many places to many.
//!
//! Vertices are contracted one by one; each leaves a shortcut between any two of its neighbours that
//! are still there. A shortest way then leads up in that order and down again, and the vertices above
//! one are few. Which shortcuts there are does not depend on lengths: they are the entries of the
//! Cholesky factor of a matrix with an entry for each road, so an ordering that keeps factors sparse
//! serves, and faer has both. Lengths are worked out as the factor would be, with + for × and min
//! for +, and asked for by a forward and a backward solve.
//!
//! Source: Dibbelt, Strasser and Wagner 2016, "Customizable contraction hierarchies", ACM Journal of
//! Experimental Algorithmics 21, 1.5, sections 4 to 6; Delling, Goldberg and Werneck 2011, "Faster
//! batched shortest paths in road networks", for many targets in one sweep.

use std::ops::Range;

use faer::Side;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::perm::PermRef;
use faer::sparse::SymbolicSparseColMat;
use faer::sparse::linalg::SupernodalThreshold;
use faer::sparse::linalg::amd;
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, SymbolicCholeskyRaw, SymmetricOrdering, factorize_symbolic_cholesky,
};
use rayon::prelude::*;

use super::roads::{Direction, Road};

/// Sites searched for at once: their lengths at one vertex fill a cache line.
const LANES: usize = 8;

/// Searches over all roads in the time that it takes to order the vertices.
const ORDERED: usize = 10;
/// Arcs of the hierarchy read for one site while such a search reaches one vertex or road, and while a
/// pair of arcs is compared with a third one.
const REACHED: f64 = 50.0;
const COMPARED: f64 = 4.0;
/// Arcs for each vertex and road at most, for the sake of memory.
const MOST_ARCS: f64 = 16.0;

/// In which order vertices are contracted, and what that leads to.
pub(super) struct Order {
    pattern: SymbolicSparseColMat<usize>,
    /// Vertex by rank, and rank by vertex.
    vertices: Vec<usize>,
    ranks: Vec<usize>,
    /// Roads and shortcuts of the hierarchy.
    arcs: f64,
    /// Pairs of them that are compared with a third one.
    triangles: f64,
    /// Vertices and roads.
    places: f64,
}

/// The hierarchy. Vertices go by rank here: the one contracted first is 0.
pub(super) struct Hierarchy {
    ranks: Vec<usize>,
    /// Where the arcs of each vertex begin, and where the last ones end.
    starts: Vec<usize>,
    /// The other end of each arc, contracted later, ascending for each vertex.
    later: Vec<u32>,
    /// Length of the way to that end and of the way back, over vertices contracted earlier.
    there: Vec<f64>,
    back: Vec<f64>,
}

impl Order {
    /// By least degree, approximately. `None` if the memory does not suffice.
    pub(super) fn new(vertices: usize, roads: &[Road]) -> Option<Self> {
        let mut pairs: Vec<_> = roads
            .iter()
            .filter(|road| road.from != road.to)
            .map(|road| (road.from.min(road.to), road.from.max(road.to)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let starts = (0..=vertices).map(|v| pairs.partition_point(|pair| pair.0 < v)).collect();
        let ends = pairs.iter().map(|pair| pair.1).collect();
        let pattern = SymbolicSparseColMat::new_checked(vertices, vertices, starts, None, ends);
        let (mut order, mut ranks) = (vec![0; vertices], vec![0; vertices]);
        let scratch = amd::order_scratch::<usize>(vertices, pairs.len());
        let mut memory = MemBuffer::try_new(scratch).ok()?;
        let counts = amd::order(
            &mut order,
            &mut ranks,
            pattern.as_ref(),
            Default::default(),
            MemStack::new(&mut memory),
        );
        let counts = counts.ok()?;
        Some(Self {
            pattern,
            vertices: order,
            ranks,
            arcs: counts.n_div,
            triangles: counts.n_mult_subs_ldl,
            places: (vertices + roads.len()) as f64,
        })
    }

    /// Whether there are sites enough to look for one.
    pub(super) fn pays(sites: usize) -> bool {
        sites > ORDERED
    }

    /// Whether a hierarchy in this order answers faster than searches over all roads.
    pub(super) fn hierarchy_pays(&self, sites: usize) -> bool {
        let sites = sites as f64;
        let through = COMPARED * self.triangles + sites * self.arcs;
        self.arcs <= MOST_ARCS * self.places && through < REACHED * sites * self.places
    }
}

impl Hierarchy {
    /// `None` if the memory does not suffice.
    pub(super) fn new(order: Order, roads: &[Road], direction: Direction) -> Option<Self> {
        let Order { pattern, vertices, ranks, .. } = order;
        let count = vertices.len();
        let symbolic = factorize_symbolic_cholesky(
            pattern.as_ref(),
            Side::Lower,
            SymmetricOrdering::Custom(PermRef::new_checked(&vertices, &ranks, count)),
            CholeskySymbolicParams {
                supernodal_flop_ratio_threshold: SupernodalThreshold::FORCE_SIMPLICIAL,
                ..Default::default()
            },
        );
        let symbolic = symbolic.ok()?;
        let SymbolicCholeskyRaw::Simplicial(factor) = symbolic.raw() else {
            unreachable!("the threshold leaves columns on their own");
        };
        // Each column begins with its diagonal, which is no arc.
        let columns = factor.col_ptr().windows(2).map(|ends| ends[0] + 1..ends[1]);
        let later = columns.flat_map(|column| &factor.row_idx()[column]).map(|&end| end as u32);
        let later: Vec<u32> = later.collect();
        let starts = factor.col_ptr().iter().enumerate().map(|(v, start)| start - v).collect();
        let (there, back) = (vec![f64::INFINITY; later.len()], vec![f64::INFINITY; later.len()]);
        let mut hierarchy = Self { ranks, starts, later, there, back };
        hierarchy.lay(roads, direction);
        hierarchy.contract();
        Some(hierarchy)
    }

    fn arcs(&self, vertex: usize) -> Range<usize> {
        self.starts[vertex]..self.starts[vertex + 1]
    }

    /// Give arcs that are roads the length of the shortest.
    fn lay(&mut self, roads: &[Road], direction: Direction) {
        for road in roads {
            let (from, to) = (self.ranks[road.from], self.ranks[road.to]);
            if from == to {
                continue;
            }
            let arcs = self.arcs(from.min(to));
            let at = self.later[arcs.clone()].binary_search(&(from.max(to) as u32));
            let at = arcs.start + at.expect("each road has an arc");
            let both = direction == Direction::Both;
            if both || from < to {
                self.there[at] = self.there[at].min(road.length);
            }
            if both || to < from {
                self.back[at] = self.back[at].min(road.length);
            }
        }
    }

    /// Give arcs the length of the shortest way over vertices contracted earlier than both ends.
    fn contract(&mut self) {
        let count = self.ranks.len();
        // Vertices by the next end of their arcs, and which of their arcs leads there.
        let mut first: Vec<Option<usize>> = vec![None; count];
        let mut following: Vec<Option<usize>> = vec![None; count];
        let mut reached: Vec<usize> = self.starts[..count].to_vec();
        // Lengths from the vertex to each later one, and back.
        let (mut there, mut back) = (vec![0.0; count], vec![0.0; count]);
        for vertex in 0..count {
            let arcs = self.arcs(vertex);
            for at in arcs.clone() {
                let end = self.later[at] as usize;
                (there[end], back[end]) = (self.there[at], self.back[at]);
            }
            let mut earlier = first[vertex];
            while let Some(below) = earlier {
                earlier = following[below];
                let at = reached[below];
                let (up, down) = (self.there[at], self.back[at]);
                for other in at + 1..self.starts[below + 1] {
                    let end = self.later[other] as usize;
                    there[end] = there[end].min(down + self.there[other]);
                    back[end] = back[end].min(self.back[other] + up);
                }
                self.await_next(below, at + 1, &mut reached, &mut first, &mut following);
            }
            for at in arcs.clone() {
                let end = self.later[at] as usize;
                (self.there[at], self.back[at]) = (there[end], back[end]);
            }
            self.await_next(vertex, arcs.start, &mut reached, &mut first, &mut following);
        }
    }

    /// Enter a vertex where its arc `at` ends, if it has one.
    fn await_next(
        &self,
        vertex: usize,
        at: usize,
        reached: &mut [usize],
        first: &mut [Option<usize>],
        following: &mut [Option<usize>],
    ) {
        reached[vertex] = at;
        if at < self.starts[vertex + 1] {
            let end = self.later[at] as usize;
            following[vertex] = first[end].replace(vertex);
        }
    }

    /// The vertex contracted next of those that one has arcs to; all of them are above it.
    fn parent(&self, vertex: usize) -> Option<usize> {
        self.later[self.arcs(vertex)].first().map(|&end| end as usize)
    }

    /// Per vertex of `to`, the length of the shortest way from each of `from`; infinite where there is
    /// none.
    pub(super) fn lengths(&self, from: &[usize], to: &[usize]) -> Vec<Vec<f64>> {
        let above = self.above(from);
        let search = |targets: &[usize]| {
            let mut far = vec![[f64::INFINITY; LANES]; self.ranks.len()];
            for (lane, &target) in targets.iter().enumerate() {
                far[self.ranks[target]][lane] = 0.0;
                let mut at = Some(self.ranks[target]);
                while let Some(vertex) = at {
                    for arc in self.arcs(vertex) {
                        let over = self.back[arc] + far[vertex][lane];
                        let end = &mut far[self.later[arc] as usize][lane];
                        *end = end.min(over);
                    }
                    at = self.parent(vertex);
                }
            }
            for &vertex in &above {
                let mut nearest = far[vertex];
                for arc in self.arcs(vertex) {
                    let there = self.there[arc];
                    for (near, end) in nearest.iter_mut().zip(&far[self.later[arc] as usize]) {
                        *near = near.min(there + end);
                    }
                }
                far[vertex] = nearest;
            }
            let column =
                |lane: usize| from.iter().map(|&vertex| far[self.ranks[vertex]][lane]).collect();
            (0..targets.len()).map(column).collect::<Vec<_>>()
        };
        to.par_chunks(LANES).flat_map_iter(search).collect()
    }

    /// The vertices and those above them, the one contracted last first.
    fn above(&self, vertices: &[usize]) -> Vec<usize> {
        let mut met = vec![false; self.ranks.len()];
        for &vertex in vertices {
            let mut at = Some(self.ranks[vertex]);
            while let Some(vertex) = at.filter(|&vertex| !met[vertex]) {
                met[vertex] = true;
                at = self.parent(vertex);
            }
        }
        (0..met.len()).rev().filter(|&vertex| met[vertex]).collect()
    }
}
