//! The eigenproblem behind ECI and PCI, on the shorter side of the table.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::linalg::solvers::Solve;
use faer::{Mat, Par, Scale};

use super::presence::{Component, Presence};
use crate::outcome::Status;
use crate::random::SplitMix;

/// A cell of M. Cells that are all 1 take no memory and no multiplication.
pub trait Weight: Copy {
    /// M_ik.
    fn value(self) -> f64;
}

/// M_ik = 1.
#[derive(Debug, Clone, Copy)]
pub struct One;

impl Weight for One {
    fn value(self) -> f64 {
        1.0
    }
}

impl Weight for f64 {
    fn value(self) -> f64 {
        self
    }
}

/// Neighbours of each kept place and product, in ids among the kept, with M.
pub struct Bipartite<W> {
    pub products_of: Vec<Vec<(usize, W)>>,
    pub places_of: Vec<Vec<(usize, W)>>,
}

impl<W: Weight> Bipartite<W> {
    /// The cells of M above 0.
    pub fn of(presence: &Presence, kept: &Component, m: impl Fn(usize, usize) -> W) -> Self {
        let mut places_of = with_room(&presence.ubiquity(), &kept.products);
        let mut products_of = with_room(&presence.diversity(), &kept.places);
        for (a, i) in kept.places.iter().enumerate() {
            let row = &presence.values[i * presence.products..(i + 1) * presence.products];
            for (b, k) in kept.products.iter().enumerate() {
                if row[*k] {
                    let weight = m(*i, *k);
                    products_of[a].push((b, weight));
                    places_of[b].push((a, weight));
                }
            }
        }
        Self { products_of, places_of }
    }
}

fn with_room<W>(sizes: &[usize], kept: &[usize]) -> Vec<Vec<(usize, W)>> {
    kept.iter().map(|at| Vec::with_capacity(sizes[*at])).collect()
}

/// The second eigenvector of one side.
pub struct Spectrum {
    /// Second eigenvalue.
    pub lambda2: f64,
    /// Third eigenvalue; none when the side has two entries.
    pub lambda3: Option<f64>,
    /// D^-1/2 v, on the side solved.
    pub vector: Vec<f64>,
    /// Norm of S v - λ v.
    pub residual: f64,
    /// Whether the eigenproblem was solved.
    pub status: Status,
}

/// Second eigenvector of the side whose neighbour lists are `near`.
pub fn second_vector<W: Weight>(near: &[Vec<(usize, W)>], far: &[Vec<(usize, W)>]) -> Spectrum {
    let n = near.len();
    // Σ_k M_ik M_jk / u_k for i ≥ j, built from each far node's list of near ones.
    let mut half = vec![0.0; n * n];
    for list in far {
        let share = 1.0 / total(list);
        for (at, (j, m_j)) in list.iter().enumerate() {
            let column = &mut half[j * n..(j + 1) * n];
            let share = share * m_j.value();
            for (i, m_i) in &list[at..] {
                column[*i] += share * m_i.value();
            }
        }
    }
    let root: Vec<f64> = near.iter().map(|list| total(list).sqrt()).collect();
    let s = Mat::from_fn(n, n, |i, j| half[i.min(j) * n + i.max(j)] / (root[i] * root[j]));
    // One thread: the same bytes on every machine size.
    let mut values = Diag::<f64>::zeros(n);
    let want = evd::ComputeEigenvectors::No;
    let scratch = evd::self_adjoint_evd_scratch::<f64>(n, want, Par::Seq, Default::default());
    let solved = evd::self_adjoint_evd(
        s.as_ref(),
        values.as_mut(),
        None,
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    let status = if solved.is_ok() { Status::Converged } else { Status::NoProgress };
    // Ascending: the trivial eigenvalue 1 is the last one.
    let lambda = |rank: usize| n.checked_sub(rank).map(|at| values[at]);
    let lambda2 = lambda(2).unwrap_or(0.0);
    let v = inverse_iteration(&s, lambda2);
    let residual = (0..n)
        .map(|i| {
            let sv: f64 = (0..n).map(|j| s[(i, j)] * v[j]).sum();
            (sv - lambda2 * v[i]).powi(2)
        })
        .sum::<f64>()
        .sqrt();
    let vector = v.iter().zip(&root).map(|(v, r)| v / r).collect();
    Spectrum { lambda2, lambda3: lambda(3), vector, residual, status }
}

/// The unit eigenvector of an eigenvalue known to rounding: (S - λ I) x = v, thrice.
fn inverse_iteration(s: &Mat<f64>, lambda: f64) -> Vec<f64> {
    let n = s.nrows();
    // Off λ by some roundings of S, whose norm is 1: at λ itself a pivot could be 0.
    let shift = lambda - 8.0 * f64::EPSILON;
    let shifted = Mat::from_fn(n, n, |i, j| s[(i, j)] - if i == j { shift } else { 0.0 });
    let factors = shifted.partial_piv_lu();
    // Any start that is not orthogonal to the answer will do.
    let mut random = SplitMix::new(1, 0);
    let mut v = Mat::from_fn(n, 1, |_, _| random.next() as f64 / u64::MAX as f64 - 0.5);
    for _ in 0..3 {
        v = factors.solve(&v);
        let norm = v.norm_l2();
        v *= Scale(1.0 / norm);
    }
    (0..n).map(|i| v[(i, 0)]).collect()
}

/// Mean over each node's neighbours, weighted with M.
pub fn averages<W: Weight>(neighbours: &[Vec<(usize, W)>], values: &[f64]) -> Vec<f64> {
    let mean = |list: &Vec<(usize, W)>| {
        list.iter().map(|(k, m)| m.value() * values[*k]).sum::<f64>() / total(list)
    };
    neighbours.iter().map(mean).collect()
}

/// Sum of the weights of a node.
fn total<W: Weight>(list: &[(usize, W)]) -> f64 {
    list.iter().map(|(_, m)| m.value()).sum()
}
