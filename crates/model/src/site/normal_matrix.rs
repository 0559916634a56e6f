//! The positive definite matrix of [`super::relaxation`], with a factor: a dense one, or a sparse one
//! where few pairs of sites have customers in common.
//!
//! ```text
//! M = diag(δ) + Σ_i h_i h_i' / c_i
//! ```

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::solvers::{Llt, Solve};
use faer::sparse::linalg::SupernodalThreshold;
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, LltRef, SymbolicCholesky, SymmetricOrdering,
    factorize_symbolic_cholesky,
};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMat};
use faer::{Conj, Mat, MatMut, Par, Side};

use super::bits::Bits;

/// Sparse up to one in so many entries of the lower triangle.
const SPARSE: usize = 8;
/// Sites in a dense matrix at most: with its factor it takes 16 bytes for each pair.
const MOST_DENSE: usize = 4000;
/// Additions to places of the matrix while one entry of a cost list is read, scattered or one after
/// another; multiplications of dense matrices, and of sparse ones.
const SCATTERED: usize = 3;
const LISTED: usize = 5;
const MULTIPLIED: u64 = 32;
const SPARSELY: u64 = 8;
/// Columns are factored in blocks from this share of faer's own threshold on.
const SUPERNODAL: f64 = 0.25;
/// Entries of cost lists read while a pair of sites is found its place, and while an entry of the
/// factor is.
const PLACED: u64 = 4;

/// Rows of positions, ascending: the sites of each customer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// Where each row begins, and where the last one ends.
    pub(crate) starts: &'a [usize],
    pub(crate) at: &'a [u32],
}

impl<'a> Rows<'a> {
    fn iter(self) -> impl Iterator<Item = &'a [u32]> {
        self.starts.windows(2).map(move |ends| &self.at[ends[0]..ends[1]])
    }

    /// Pairs of sites in one row, a site with itself among them.
    fn pairs(self) -> usize {
        self.iter().map(|row| row.len() * (row.len() + 1) / 2).sum()
    }
}

/// M and its factor.
pub(crate) enum NormalMatrix {
    /// The lower triangle; no factor before the first.
    Dense(Mat<f64>, Option<Llt<f64>>),
    Sparse(Box<Sparse>),
}

/// The lower triangle by columns.
pub(crate) struct Sparse {
    pattern: SymbolicSparseColMat<usize>,
    symbolic: SymbolicCholesky<usize>,
    /// Where each pair of sites of each row stands in `values`.
    targets: Vec<u32>,
    values: Vec<f64>,
    factor: Vec<f64>,
}

impl NormalMatrix {
    /// A matrix over `sites` that is written to where two sites stand in one row. `None` if it is
    /// neither sparse nor small.
    pub(crate) fn new(sites: usize, rows: Rows<'_>) -> Option<Self> {
        match Sparse::new(sites, rows) {
            Some(sparse) => Some(Self::Sparse(Box::new(sparse))),
            None if sites > MOST_DENSE => None,
            None => Some(Self::Dense(Mat::zeros(sites, sites), None)),
        }
    }

    /// Write M: δ, and for each row its h and 1 / c.
    pub(crate) fn form(&mut self, diagonal: &[f64], rows: Rows<'_>, h: &[f64], per_c: &[f64]) {
        let entries = rows
            .starts
            .windows(2)
            .zip(per_c)
            .map(|(ends, c)| (&rows.at[ends[0]..ends[1]], &h[ends[0]..ends[1]], *c));
        match self {
            Self::Dense(lower, _) => {
                lower.fill(0.0);
                diagonal.iter().enumerate().for_each(|(j, value)| lower[(j, j)] = *value);
                for (row, h, per_c) in entries {
                    for (k, &one) in row.iter().enumerate() {
                        let scaled = h[k] * per_c;
                        let column = lower.col_mut(one as usize).try_as_col_major_mut();
                        let column = column.expect("columns are contiguous").as_slice_mut();
                        for (other, h) in row[k..].iter().zip(&h[k..]) {
                            column[*other as usize] += scaled * h;
                        }
                    }
                }
            }
            Self::Sparse(sparse) => {
                let Sparse { pattern, targets, values, .. } = sparse.as_mut();
                values.fill(0.0);
                // Each column begins with its diagonal.
                let starts = &pattern.col_ptr()[..diagonal.len()];
                starts.iter().zip(diagonal).for_each(|(at, value)| values[*at] = *value);
                let mut targets = targets.iter();
                for (_, h, per_c) in entries {
                    for (k, one) in h.iter().enumerate() {
                        let scaled = one * per_c;
                        for (other, at) in h[k..].iter().zip(targets.by_ref()) {
                            values[*at as usize] += scaled * other;
                        }
                    }
                }
            }
        }
    }

    /// Factor what was written; says whether it was positive definite.
    pub(crate) fn factor(&mut self) -> bool {
        match self {
            Self::Dense(lower, factor) => {
                *factor = Llt::new(lower.as_ref(), Side::Lower).ok();
                factor.is_some()
            }
            Self::Sparse(sparse) => {
                let Sparse { pattern, symbolic, values, factor, .. } = sparse.as_mut();
                let scratch =
                    symbolic.factorize_numeric_llt_scratch::<f64>(Par::Seq, Default::default());
                let mut memory = MemBuffer::new(scratch);
                let done = symbolic.factorize_numeric_llt(
                    factor,
                    SparseColMatRef::new(pattern.as_ref(), values),
                    Side::Lower,
                    Default::default(),
                    Par::Seq,
                    MemStack::new(&mut memory),
                    Default::default(),
                );
                done.is_ok()
            }
        }
    }

    /// Solve for each column of `right` with the latest factor.
    pub(crate) fn solve(&self, right: MatMut<'_, f64>) {
        match self {
            Self::Dense(_, factor) => {
                factor.as_ref().expect("factored before it is solved with").solve_in_place(right);
            }
            Self::Sparse(sparse) => {
                let Sparse { symbolic, factor, .. } = sparse.as_ref();
                let scratch = symbolic.solve_in_place_scratch::<f64>(right.ncols(), Par::Seq);
                let mut memory = MemBuffer::new(scratch);
                let stack = MemStack::new(&mut memory);
                let factor = LltRef::new(symbolic, factor);
                factor.solve_in_place_with_conj(Conj::No, right, Par::Seq, stack);
            }
        }
    }

    /// What it cost to find where everything stands, likewise.
    pub(crate) fn setup_work(&self) -> u64 {
        match self {
            Self::Dense(..) => 0,
            Self::Sparse(sparse) => PLACED * (sparse.targets.len() + sparse.factor.len()) as u64,
        }
    }

    /// What forming and factoring cost, in entries of cost lists read in that time.
    pub(crate) fn factor_work(&self, rows: Rows<'_>) -> u64 {
        match self {
            Self::Dense(lower, _) => {
                let sites = lower.nrows() as u64;
                (rows.pairs() / SCATTERED) as u64 + sites.pow(3) / 6 / MULTIPLIED
            }
            Self::Sparse(sparse) => {
                let (entries, sites) = (sparse.factor.len() as u64, sparse.pattern.ncols() as u64);
                let listed = (sparse.targets.len() / LISTED) as u64;
                listed + entries + entries * entries / sites / 2 / SPARSELY
            }
        }
    }

    /// What solving for two columns costs, likewise.
    pub(crate) fn solve_work(&self) -> u64 {
        match self {
            Self::Dense(lower, _) => 2 * (lower.nrows() as u64).pow(2) / MULTIPLIED,
            Self::Sparse(sparse) => 4 * sparse.factor.len() as u64 / SPARSELY,
        }
    }
}

impl Sparse {
    /// Nothing if too many pairs of sites stand in rows.
    fn new(sites: usize, rows: Rows<'_>) -> Option<Self> {
        let mut met: Vec<Bits> = (0..sites).map(|j| Bits::of(sites, [j])).collect();
        for row in rows.iter() {
            for (k, &one) in row.iter().enumerate() {
                row[k..].iter().for_each(|&other| met[one as usize].insert(other as usize));
            }
        }
        let mut starts = vec![0];
        let mut positions = Vec::new();
        for column in &met {
            positions.extend(column.members());
            starts.push(positions.len());
        }
        let count = positions.len();
        if SPARSE * count > sites * sites / 2 {
            return None;
        }
        let mut targets = Vec::with_capacity(rows.pairs());
        for row in rows.iter() {
            for (k, &one) in row.iter().enumerate() {
                let start = starts[one as usize];
                let column = &positions[start..starts[one as usize + 1]];
                let place = |&other: &u32| {
                    let at = column.binary_search(&(other as usize)).expect("met above");
                    (start + at) as u32
                };
                targets.extend(row[k..].iter().map(place));
            }
        }
        let pattern = SymbolicSparseColMat::new_checked(sites, sites, starts, None, positions);
        let symbolic = factorize_symbolic_cholesky(
            pattern.as_ref(),
            Side::Lower,
            SymmetricOrdering::Amd,
            CholeskySymbolicParams {
                supernodal_flop_ratio_threshold: SupernodalThreshold(SUPERNODAL),
                ..Default::default()
            },
        );
        let symbolic = symbolic.ok()?;
        let (values, factor) = (vec![0.0; count], vec![0.0; symbolic.len_val()]);
        Some(Self { pattern, symbolic, targets, values, factor })
    }
}
