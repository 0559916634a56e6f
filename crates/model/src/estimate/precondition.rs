//! What conjugate gradients are preconditioned with.

use super::blocks::Blocks;

/// An approximate inverse of the equations of the effects that are not eliminated.
#[derive(Debug, Clone)]
pub(super) enum Preconditioner {
    /// One over the group weights.
    Diagonal,
    /// Exact in blocks of some effects, diagonal for the rest.
    Blocks(Box<Blocks>),
}

impl Preconditioner {
    /// z ← M⁻¹ r, with the inverse group weights for effects outside the blocks.
    pub fn apply<const R: usize>(&self, inverse: &[f64], r: &[[f64; R]], z: &mut [[f64; R]]) {
        for ((z, r), i) in z.iter_mut().zip(r).zip(inverse) {
            *z = r.map(|r| r * i);
        }
        if let Self::Blocks(blocks) = self {
            blocks.apply(r, z);
        }
    }
}
