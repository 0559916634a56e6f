//! Density in the product space without the product space: the road through places.

use rayon::prelude::*;

use super::check_length;
use super::presence::Presence;
use super::proximity::{Density, Diagonal, density, proximity, undefined_note};
use crate::outcome::InputError;

/// Density by the minimum conditional proximity, straight from M.
///
/// ```text
/// ω_ik = Σ_l M_il φ_kl / Σ_l φ_kl        φ_kl = Σ_j M_jk M_jl / max(u_k, u_l)
///
/// Σ_l M_il φ_kl = Σ_j M_jk [ P_ij(u_k) / u_k + Q_ij(u_k) ]
/// P_ij(u) = Σ_{l: u_l ≤ u} M_il M_jl      Q_ij(u) = Σ_{l: u_l > u} M_il M_jl / u_l
/// ```
///
/// The second line changes the order of summation: what two places have in common takes the place
/// of what two products have in common. The answer is that of [`density`] on [`proximity`] up to
/// rounding of 1e-15; P counts and is exact.
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | u_k | ubiquity of k | products |
/// | ω_ik | `values` | places × products, 0 to 1 |
///
/// # Assumptions
///
/// As [`density`].
///
/// # Errors
///
/// [`InputError::Length`] when the presence matrix has not the size that it says.
///
/// # Cost
///
/// places × Σ M steps, against products × Σ M by way of the proximity, which is taken when there are
/// more places than products. Any number of threads gives the same bytes.
///
/// # Source
///
/// Hidalgo, Klinger, Barabási, Hausmann 2007, equation 2; the order of summation is ours.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{density::presence_density, presence::Presence, proximity::*};
/// let m = Presence::new(2, 2, vec![true, true, false, true])?;
/// let direct = presence_density(&m, Diagonal::One)?;
/// assert_eq!(direct.values, density(&m, &proximity(&m, Diagonal::One)?)?.values);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn presence_density(presence: &Presence, diagonal: Diagonal) -> Result<Density, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    if presence.places > presence.products {
        return density(presence, &proximity(presence, diagonal)?);
    }
    let (n, m) = (presence.places, presence.products);
    let lists = places_of(presence);
    let mut order: Vec<usize> = (0..m).filter(|k| !lists[*k].is_empty()).collect();
    order.sort_by_key(|k| (std::cmp::Reverse(lists[*k].len()), *k));
    let around = around(n, &lists, &order, diagonal);
    let mut values = vec![0.0; n * m];
    // Sums over places run wide where the machine can.
    let machine = pulp::Arch::new();
    values.par_chunks_mut(m.max(1) * BLOCK).enumerate().for_each(|(block, out)| {
        let (lists, order, around) = (&lists, &order, &around);
        machine.dispatch(Block { presence, lists, order, around, diagonal, block, out });
    });
    let undefined: Vec<usize> = (0..m).filter(|k| around[*k] <= 0.0).collect();
    Ok(Density {
        places: n,
        products: m,
        values,
        notes: undefined_note(&undefined, "products near to none have no density"),
        undefined_products: undefined,
        convention: format!(
            "{}; smaller conditional probability, diagonal {}; density 0 to 1",
            presence.convention,
            diagonal.value()
        ),
    })
}

fn places_of(presence: &Presence) -> Vec<Vec<usize>> {
    let mut lists: Vec<Vec<usize>> =
        presence.ubiquity().into_iter().map(Vec::with_capacity).collect();
    for (i, row) in presence.values.chunks_exact(presence.products.max(1)).enumerate() {
        for (list, _) in lists.iter_mut().zip(row).filter(|(_, has)| **has) {
            list.push(i);
        }
    }
    lists
}

/// Σ_l φ_kl of each product: the second line of [`presence_density`] added up over places i.
fn around(n: usize, lists: &[Vec<usize>], order: &[usize], diagonal: Diagonal) -> Vec<f64> {
    let (mut p, mut q) = (vec![0_u64; n], vec![0.0; n]);
    lists.iter().flatten().for_each(|&j| p[j] += 1);
    let mut around = vec![0.0; lists.len()];
    for level in order.chunk_by(|a, b| lists[*a].len() == lists[*b].len()) {
        for &k in level {
            let list = &lists[k];
            // The product itself adds u to the count: a proximity of 1.
            let own = if diagonal == Diagonal::Zero { list.len() as u64 } else { 0 };
            let below = list.iter().map(|j| p[*j]).sum::<u64>() - own;
            let above: f64 = list.iter().map(|j| q[*j]).sum();
            around[k] = below as f64 / list.len() as f64 + above;
        }
        for &j in level.iter().flat_map(|k| &lists[*k]) {
            p[j] -= 1;
            q[j] += 1.0 / lists[level[0]].len() as f64;
        }
    }
    around
}

/// Places whose columns of P and Q are held at once: few enough to stay in the nearest cache.
const BLOCK: usize = 8;

/// Density of `BLOCK` places around all products.
struct Block<'a> {
    presence: &'a Presence,
    /// Places of each product, ascending.
    lists: &'a [Vec<usize>],
    /// Products that somebody has, by falling ubiquity.
    order: &'a [usize],
    around: &'a [f64],
    diagonal: Diagonal,
    block: usize,
    /// Rows of the places.
    out: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let mut p = vec![[0_i32; BLOCK]; self.presence.places];
        let mut q = vec![[0.0; BLOCK]; self.presence.places];
        for (k, list) in self.lists.iter().enumerate() {
            let has = self.has(k);
            for &j in list {
                add(&mut p[j], &has);
            }
        }
        let lists = self.lists;
        for level in self.order.chunk_by(|a, b| lists[*a].len() == lists[*b].len()) {
            // Loops, not closures: only what is inlined here runs wide.
            for &k in level {
                self.write(k, &p, &q);
            }
            for &k in level {
                let weight = 1.0 / lists[k].len() as f64;
                let has = self.has(k);
                let (less, more) = (has.map(|has| -has), has.map(|has| weight * f64::from(has)));
                for &j in &lists[k] {
                    add(&mut p[j], &less);
                    add(&mut q[j], &more);
                }
            }
        }
    }
}

impl Block<'_> {
    /// M_ik of the places.
    #[inline(always)]
    fn has(&self, product: usize) -> [i32; BLOCK] {
        let m = self.presence.products;
        let rows = self.block * BLOCK..((self.block + 1) * BLOCK).min(self.presence.places);
        let mut has = [0; BLOCK];
        for (has, i) in has.iter_mut().zip(rows) {
            *has = i32::from(self.presence.values[i * m + product]);
        }
        has
    }

    /// The second line of [`presence_density`], over Σ_l φ_kl.
    #[inline(always)]
    fn write(&mut self, product: usize, p: &[[i32; BLOCK]], q: &[[f64; BLOCK]]) {
        let list = &self.lists[product];
        let (mut below, mut above) = ([0; BLOCK], [0.0; BLOCK]);
        for &j in list {
            add(&mut below, &p[j]);
            add(&mut above, &q[j]);
        }
        if self.diagonal == Diagonal::Zero {
            let own = self.has(product).map(|has| -has * list.len() as i32);
            add(&mut below, &own);
        }
        let (u, around) = (list.len() as f64, self.around[product]);
        let rows = self.out.chunks_exact_mut(self.presence.products);
        for ((row, below), above) in rows.zip(below).zip(above).filter(|_| around > 0.0) {
            row[product] = ((f64::from(below) / u + above) / around).min(1.0);
        }
    }
}

#[inline(always)]
fn add<T: Copy + std::ops::AddAssign>(sums: &mut [T; BLOCK], terms: &[T; BLOCK]) {
    sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += *term);
}
