//! What conjugate gradients are preconditioned with.

use super::blocks::Blocks;
use super::thin_system::ThinSystem;

/// An approximate inverse of the equations of the effects that are not eliminated.
#[derive(Debug, Clone)]
pub(super) enum Preconditioner {
    /// One over the group weights.
    Diagonal,
    /// Exact in blocks of some effects, diagonal for the rest.
    Blocks(Box<Blocks>),
    /// The graph of two effects factored, for graphs along which the diagonal would crawl.
    Thin(Box<ThinSystem>),
}

impl Preconditioner {
    /// z ← M⁻¹ r, with the inverse group weights for effects outside the blocks.
    pub fn apply<const R: usize>(&self, inverse: &[f64], r: &[[f64; R]], z: &mut [[f64; R]]) {
        if let Self::Thin(system) = self {
            let mut solved = vec![0.0; r.len()];
            for c in 0..R {
                let column: Vec<f64> = r.iter().map(|r| r[c]).collect();
                system.apply(&column, &mut solved);
                z.iter_mut().zip(&solved).for_each(|(z, s)| z[c] = *s);
            }
            return;
        }
        for ((z, r), i) in z.iter_mut().zip(r).zip(inverse) {
            *z = r.map(|r| r * i);
        }
        if let Self::Blocks(blocks) = self {
            blocks.apply(r, z);
        }
    }
}
