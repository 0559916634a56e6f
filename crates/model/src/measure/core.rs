//! The core of a table: what is left when places and products that have too little are taken out.

use serde::Serialize;

use super::check_length;
use super::presence::Presence;
use crate::outcome::InputError;

/// Places and products of a core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[must_use]
pub struct Core {
    /// Places kept, ascending.
    pub places: Vec<usize>,
    /// Products kept, ascending.
    pub products: Vec<usize>,
    /// Places taken out, ascending.
    pub dropped_places: Vec<usize>,
    /// Products taken out, ascending.
    pub dropped_products: Vec<usize>,
    /// Rounds in which something was taken out.
    pub rounds: usize,
    /// The convention, in one line.
    pub convention: String,
}

/// The (d, u)-core: the largest part in which every place has at least d of the products kept and
/// every product at least u of the places kept.
///
/// ```text
/// take out the places with Σ_k M_ik < d and the products with Σ_i M_ik < u; again, until none is
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | d, u | `diversity`, `ubiquity` | |
///
/// # Assumptions
///
/// M stays as it is, so RCA is that of the full table. The core then does not depend on the order
/// in which things are taken out. With RCA made anew after each round of [`too_few`] it does.
///
/// # Errors
///
/// [`InputError::Length`] when the presence matrix has not the size that it says;
/// [`InputError::Undefined`] when nothing is left.
///
/// # Cost
///
/// rounds × places × products.
///
/// # Source
///
/// The cores of a bipartite graph: Ahmed, Batagelj, Fu, Hong, Merrick, Mrvar 2007, Asia-Pacific
/// Symposium on Visualisation.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{core::core, presence::Presence};
/// let m = [[1, 1, 0], [1, 1, 0], [1, 0, 1]].concat().into_iter().map(|x| x == 1).collect();
/// // The last product has one place; without it the last place has one product.
/// let found = core(&Presence::new(3, 3, m)?, 2, 2)?;
/// assert_eq!((found.places, found.products, found.rounds), (vec![0, 1], vec![0, 1], 2));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn core(presence: &Presence, diversity: usize, ubiquity: usize) -> Result<Core, InputError> {
    let (n, m) = (presence.places, presence.products);
    check_length("presence matrix", n * m, presence.values.len())?;
    let (mut places, mut products) = (vec![true; n], vec![true; m]);
    let (mut d, mut u) = (presence.diversity(), presence.ubiquity());
    let mut rounds = 0;
    loop {
        let few = below(&d, diversity, &places);
        let rare = below(&u, ubiquity, &products);
        if few.is_empty() && rare.is_empty() {
            break;
        }
        rounds += 1;
        for &i in &few {
            places[i] = false;
            (0..m).filter(|k| presence.has(i, *k)).for_each(|k| u[k] -= 1);
        }
        for &k in &rare {
            products[k] = false;
            (0..n).filter(|i| presence.has(*i, k)).for_each(|i| d[i] -= 1);
        }
    }
    let of = |kept: &[bool], wanted: bool| -> Vec<usize> {
        (0..kept.len()).filter(|at| kept[*at] == wanted).collect()
    };
    let found = Core {
        places: of(&places, true),
        products: of(&products, true),
        dropped_places: of(&places, false),
        dropped_products: of(&products, false),
        rounds,
        convention: format!(
            "core of places with at least {diversity} products and products with at least \
             {ubiquity} places"
        ),
    };
    if found.places.is_empty() || found.products.is_empty() {
        return Err(nothing_left(diversity, ubiquity));
    }
    Ok(found)
}

/// Places with fewer than d products, and products with fewer than u places: one round, both
/// counted before anything is taken out.
///
/// # Errors
///
/// [`InputError::Length`] when the presence matrix has not the size that it says;
/// [`InputError::Undefined`] when nothing would be left.
pub fn too_few(
    presence: &Presence,
    diversity: usize,
    ubiquity: usize,
) -> Result<(Vec<usize>, Vec<usize>), InputError> {
    let (n, m) = (presence.places, presence.products);
    check_length("presence matrix", n * m, presence.values.len())?;
    let few = below(&presence.diversity(), diversity, &vec![true; n]);
    let rare = below(&presence.ubiquity(), ubiquity, &vec![true; m]);
    if few.len() == n || rare.len() == m {
        return Err(nothing_left(diversity, ubiquity));
    }
    Ok((few, rare))
}

/// Those still there that count less.
fn below(counts: &[usize], least: usize, there: &[bool]) -> Vec<usize> {
    (0..counts.len()).filter(|at| there[*at] && counts[*at] < least).collect()
}

fn nothing_left(diversity: usize, ubiquity: usize) -> InputError {
    InputError::Undefined {
        what: format!("the ({diversity}, {ubiquity})-core"),
        reason: "no place and product is left".into(),
        remedy: "ask for fewer products of a place, or fewer places of a product".into(),
    }
}
