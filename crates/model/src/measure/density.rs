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
/// places × Σ M + (levels of ubiquity) × places² steps, against products × Σ M by way of the
/// proximity, which is taken when there are more places than products. Any number of threads gives
/// the same bytes.
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
    let places_of = places_of(presence);
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by_key(|k| (std::cmp::Reverse(places_of[*k].len()), *k));
    // One row per product in that order: the sums of P, and next to them those of Q.
    let mut sums = vec![0.0; m * n];
    let mut around = vec![0.0; m];
    let mut common = Common::new(n, &places_of);
    let mut done = 0;
    while done < m {
        let u = places_of[order[done]].len();
        let level = order[done..].iter().take_while(|k| places_of[**k].len() == u).count();
        let members = &order[done..done + level];
        if u > 0 {
            let rows = sums[done * n..(done + level) * n].par_chunks_mut(n);
            rows.zip(&mut around[done..done + level]).zip(members).for_each(|((row, sum), k)| {
                *sum = common.around(&places_of[*k], u, diagonal, row);
            });
            common.pass(members, &places_of, u);
        }
        done += level;
    }
    Ok(assemble(presence, diagonal, &order, &sums, &around))
}

fn places_of(presence: &Presence) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); presence.products];
    for i in 0..presence.places {
        for (k, list) in lists.iter_mut().enumerate() {
            if presence.has(i, k) {
                list.push(i);
            }
        }
    }
    lists
}

/// What places have in common among products up to the level of ubiquity, P, and above it, Q.
struct Common {
    n: usize,
    p: Vec<f64>,
    q: Vec<f64>,
    /// Products of a place up to the level, and the sum of 1/u over those above it.
    p_all: Vec<f64>,
    q_all: Vec<f64>,
}

impl Common {
    fn new(n: usize, places_of: &[Vec<usize>]) -> Self {
        let zeros = || vec![0.0; n * n];
        let mut common =
            Self { n, p: zeros(), q: zeros(), p_all: vec![0.0; n], q_all: vec![0.0; n] };
        for list in places_of {
            for &j in list {
                common.p_all[j] += 1.0;
                let row = &mut common.p[j * n..(j + 1) * n];
                list.iter().for_each(|&i| row[i] += 1.0);
            }
        }
        common
    }

    /// Moves the products of a level from P to Q.
    fn pass(&mut self, level: &[usize], places_of: &[Vec<usize>], u: usize) {
        let weight = 1.0 / u as f64;
        for k in level {
            for &j in &places_of[*k] {
                self.p_all[j] -= 1.0;
                self.q_all[j] += weight;
                let cells = j * self.n..(j + 1) * self.n;
                let (p, q) = (&mut self.p[cells.clone()], &mut self.q[cells]);
                for &i in &places_of[*k] {
                    p[i] -= 1.0;
                    q[i] += weight;
                }
            }
        }
    }

    /// Fills `row` with Σ_l M_il φ_kl per place and returns Σ_l φ_kl.
    fn around(&self, list: &[usize], u: usize, diagonal: Diagonal, row: &mut [f64]) -> f64 {
        let mut above = vec![0.0; self.n];
        let (mut below_all, mut above_all) = (0.0, 0.0);
        for &j in list {
            let cells = j * self.n..(j + 1) * self.n;
            let (p, q) = (&self.p[cells.clone()], &self.q[cells]);
            for i in 0..row.len() {
                row[i] += p[i];
                above[i] += q[i];
            }
            below_all += self.p_all[j];
            above_all += self.q_all[j];
        }
        // The product itself adds u common places to the count of every place that has it.
        if diagonal == Diagonal::Zero {
            list.iter().for_each(|&i| row[i] -= u as f64);
            below_all -= u as f64;
        }
        for (row, above) in row.iter_mut().zip(&above) {
            *row = *row / u as f64 + above;
        }
        below_all / u as f64 + above_all
    }
}

/// Divides by Σ_l φ_kl and puts products back in order, in blocks that stay in the cache.
fn assemble(
    presence: &Presence,
    diagonal: Diagonal,
    order: &[usize],
    sums: &[f64],
    around: &[f64],
) -> Density {
    const BLOCK: usize = 16;
    let (n, m) = (presence.places, presence.products);
    let mut at = vec![0; m];
    order.iter().enumerate().for_each(|(row, k)| at[*k] = row);
    let mut values = vec![0.0; n * m];
    values.par_chunks_mut(m.max(1) * BLOCK).enumerate().for_each(|(block, out)| {
        for (k, &row) in at.iter().enumerate().filter(|(_, row)| around[**row] > 0.0) {
            let from = &sums[row * n + block * BLOCK..(row + 1) * n];
            for (line, sum) in out.chunks_mut(m).zip(from) {
                line[k] = (sum / around[row]).min(1.0);
            }
        }
    });
    let undefined: Vec<usize> = (0..m).filter(|k| around[at[*k]] <= 0.0).collect();
    Density {
        places: n,
        products: m,
        values,
        notes: undefined_note(&undefined, "products near to none have no density"),
        undefined_products: undefined,
        convention: format!(
            "{}; smaller conditional probability, diagonal {}; density 0 to 1",
            presence.convention,
            match diagonal {
                Diagonal::One => 1,
                Diagonal::Zero => 0,
            }
        ),
    }
}
