//! The eigenproblem behind ECI and PCI, on the shorter side of the table.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd;
use faer::{Mat, Par};

use super::presence::{Component, Presence};
use crate::outcome::Status;

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
        let mut places_of = vec![Vec::new(); kept.products.len()];
        let mut products_of = vec![Vec::new(); kept.places.len()];
        for (a, i) in kept.places.iter().enumerate() {
            for (b, k) in kept.products.iter().enumerate() {
                if presence.has(*i, *k) {
                    let weight = m(*i, *k);
                    products_of[a].push((b, weight));
                    places_of[b].push((a, weight));
                }
            }
        }
        Self { products_of, places_of }
    }
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
    // Σ_k M_ik M_jk / u_k, built from each far node's list of near ones.
    let mut s = Mat::<f64>::zeros(n, n);
    for list in far {
        let share = 1.0 / total(list);
        for (j, m_j) in list {
            let mut column = s.col_mut(*j);
            let share = share * m_j.value();
            for (i, m_i) in list {
                column[*i] += share * m_i.value();
            }
        }
    }
    let root: Vec<f64> = near.iter().map(|list| total(list).sqrt()).collect();
    for i in 0..n {
        for j in 0..n {
            s[(i, j)] /= root[i] * root[j];
        }
    }
    // One thread: the same bytes on every machine size.
    let mut vectors = Mat::<f64>::zeros(n, n);
    let mut values = Diag::<f64>::zeros(n);
    let want = evd::ComputeEigenvectors::Yes;
    let scratch = evd::self_adjoint_evd_scratch::<f64>(n, want, Par::Seq, Default::default());
    let solved = evd::self_adjoint_evd(
        s.as_ref(),
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    let status = if solved.is_ok() { Status::Converged } else { Status::NoProgress };
    // Ascending: the trivial eigenvalue 1 is the last one.
    let lambda = |rank: usize| n.checked_sub(rank).map(|at| values[at]);
    let lambda2 = lambda(2).unwrap_or(0.0);
    let v: Vec<f64> = (0..n).map(|i| vectors[(i, n - 2)]).collect();
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
