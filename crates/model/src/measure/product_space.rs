//! The product space: products as nodes, the strongest proximities as edges.

use serde::Serialize;

use super::check_length;
use super::proximity::Proximity;
use crate::outcome::InputError;

/// An edge between two products.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Edge {
    /// The product that stands first in the table.
    pub from: usize,
    /// The product that stands later.
    pub to: usize,
    /// φ of the two.
    pub proximity: f64,
    /// Whether the edge belongs to the maximum spanning tree.
    pub tree: bool,
}

impl Edge {
    /// Stronger first; of equally strong ones the one that stands first in the table.
    fn before(&self, other: &Self) -> std::cmp::Ordering {
        other
            .proximity
            .total_cmp(&self.proximity)
            .then_with(|| (self.from, self.to).cmp(&(other.from, other.to)))
    }
}

/// The product space.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct ProductSpace {
    /// Products, edges or not.
    pub products: usize,
    /// Tree edges and those above the threshold, strongest first, ties by position.
    pub edges: Vec<Edge>,
    /// Sum of φ over the tree.
    pub tree_weight: f64,
    /// Products by connected part, each in order of position, parts by their first product.
    pub components: Vec<Vec<usize>>,
    /// The conventions used, in one line.
    pub convention: String,
}

/// The maximum spanning tree of the proximities, and all edges stronger than a threshold.
///
/// ```text
/// E = argmax over spanning trees T of Σ_{kl ∈ T} φ_kl  ∪  { kl : φ_kl > threshold }
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | φ_kl | `proximity.values` | products × products, symmetric |
/// | E | `edges` | at least products less components |
///
/// # Assumptions
///
/// A proximity of 0 is no edge: where products fall into parts, there is a tree for each part and
/// `components` lists them; a product near to none is a part of its own. Of equally strong edges
/// that which stands first in the table is taken, which makes the tree unique. The diagonal is not
/// read.
///
/// # Errors
///
/// [`InputError::Length`] when the matrix is not square; [`InputError::Value`] for a proximity that
/// is negative, missing or infinite, and for a matrix that is not symmetric; [`InputError::Setting`]
/// for a threshold outside 0 to 1.
///
/// # Cost
///
/// products² steps; memory in products and edges.
///
/// # Source
///
/// Hidalgo, Klinger, Barabási, Hausmann 2007, Science 317, supporting material, for tree and
/// threshold (0.55 there); Prim 1957 for the tree.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{presence::Presence, product_space::*, proximity::*};
/// let m = vec![true, true, false, true]; // one place has both, the other the second only
/// let phi = proximity(&Presence::new(2, 2, m)?, Diagonal::One)?;
/// let space = product_space(&phi, 0.55)?;
/// assert_eq!((space.edges.len(), space.tree_weight), (1, 0.5));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn product_space(proximity: &Proximity, threshold: f64) -> Result<ProductSpace, InputError> {
    if !(0.0..=1.0).contains(&threshold) {
        return Err(InputError::Setting {
            what: "threshold".into(),
            expected: "a proximity from 0 to 1".into(),
            got: threshold.to_string(),
            remedy: "0.55 is the usual one; 1 leaves the tree alone".into(),
        });
    }
    check_matrix(proximity)?;
    let n = proximity.products;
    let (mut edges, components) = spanning_forest(proximity);
    edges.sort_by(Edge::before);
    let tree_weight = edges.iter().map(|e| e.proximity).sum();
    let mut ends: Vec<(usize, usize)> = edges.iter().map(|e| (e.from, e.to)).collect();
    ends.sort_unstable();
    for from in 0..n {
        for to in from + 1..n {
            let phi = proximity.values[from * n + to];
            if phi > threshold && ends.binary_search(&(from, to)).is_err() {
                edges.push(Edge { from, to, proximity: phi, tree: false });
            }
        }
    }
    edges.sort_by(Edge::before);
    Ok(ProductSpace {
        products: n,
        edges,
        tree_weight,
        components,
        convention: format!(
            "{}; maximum spanning tree and proximities above {threshold}",
            proximity.convention
        ),
    })
}

fn check_matrix(proximity: &Proximity) -> Result<(), InputError> {
    let (n, values) = (proximity.products, &proximity.values);
    check_length("proximity", n * n, values.len())?;
    super::check_values("proximity", values, "a proximity is finite and not negative")?;
    let uneven = (0..n * n).find(|at| values[*at] != values[at % n * n + at / n]);
    uneven.map_or(Ok(()), |index| {
        Err(InputError::Value {
            what: "proximity".into(),
            index,
            value: values[index],
            remedy: "the product space needs a symmetric proximity, such as the smaller of the \
                     two conditional probabilities"
                .into(),
        })
    })
}

/// Prim's algorithm from the first product of each part.
fn spanning_forest(proximity: &Proximity) -> (Vec<Edge>, Vec<Vec<usize>>) {
    let n = proximity.products;
    let mut reached = vec![false; n];
    let mut best: Vec<Option<Edge>> = vec![None; n];
    let (mut edges, mut components) = (Vec::new(), Vec::new());
    for start in 0..n {
        if reached[start] {
            continue;
        }
        let mut part = Vec::new();
        let mut next = Some(start);
        while let Some(k) = next {
            reached[k] = true;
            part.push(k);
            edges.extend(best[k]);
            next = None;
            let mut strongest: Option<Edge> = None;
            for l in (0..n).filter(|l| !reached[*l]) {
                let phi = proximity.values[k * n + l];
                let edge = Edge { from: k.min(l), to: k.max(l), proximity: phi, tree: true };
                if phi > 0.0 && best[l].is_none_or(|old| edge.before(&old).is_lt()) {
                    best[l] = Some(edge);
                }
                if let Some(edge) = best[l]
                    && strongest.is_none_or(|old| edge.before(&old).is_lt())
                {
                    (strongest, next) = (Some(edge), Some(l));
                }
            }
        }
        part.sort_unstable();
        components.push(part);
    }
    (edges, components)
}

#[cfg(test)]
mod tests {
    use super::super::presence::Presence;
    use super::super::proximity::{Diagonal, proximity};
    use super::*;

    fn from_pairs(n: usize, pairs: &[(usize, usize, f64)]) -> Proximity {
        let nothing = Presence::new(1, n, vec![true; n]).expect("a full table");
        let mut phi = proximity(&nothing, Diagonal::One).expect("proximities");
        phi.values = vec![0.0; n * n];
        for (k, l, value) in pairs {
            phi.values[k * n + l] = *value;
            phi.values[l * n + k] = *value;
        }
        phi
    }

    fn random(n: usize, seed: u64, steps: u64) -> Vec<(usize, usize, f64)> {
        let mut state = seed;
        let mut out = Vec::new();
        for k in 0..n {
            for l in k + 1..n {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                out.push((k, l, ((state >> 33) % steps) as f64 / steps as f64));
            }
        }
        out
    }

    /// Largest weight of all acyclic sets of positive edges.
    fn heaviest_forest(n: usize, pairs: &[(usize, usize, f64)]) -> f64 {
        let mut heaviest = 0.0_f64;
        'sets: for set in 0..1_u32 << pairs.len() {
            let mut part: Vec<usize> = (0..n).collect();
            let mut weight = 0.0;
            for (i, (k, l, phi)) in pairs.iter().enumerate() {
                if set >> i & 1 == 1 {
                    let (a, b) = (part[*k], part[*l]);
                    if a == b {
                        continue 'sets;
                    }
                    part.iter_mut().filter(|p| **p == b).for_each(|p| *p = a);
                    weight += phi;
                }
            }
            heaviest = heaviest.max(weight);
        }
        heaviest
    }

    #[test]
    fn by_hand() {
        let phi = from_pairs(4, &[(0, 1, 0.9), (1, 2, 0.8), (0, 2, 0.7), (2, 3, 0.1)]);
        let space = product_space(&phi, 0.6).expect("a space");
        let found: Vec<_> = space.edges.iter().map(|e| (e.from, e.to, e.tree)).collect();
        assert_eq!(found, [(0, 1, true), (1, 2, true), (0, 2, false), (2, 3, true)]);
        assert!((space.tree_weight - 1.8).abs() < 1e-15);
        // Above, not at, the threshold.
        assert_eq!(product_space(&phi, 0.7).expect("a space").edges.len(), 3);
    }

    #[test]
    fn no_other_tree_is_heavier() {
        for seed in 1..40 {
            for steps in [3, 1000] {
                let pairs = random(5, seed, steps);
                let space = product_space(&from_pairs(5, &pairs), 1.0).expect("a space");
                assert!((space.tree_weight - heaviest_forest(5, &pairs)).abs() < 1e-12);
                assert_eq!(space.edges.len() + space.components.len(), 5);
            }
        }
    }

    #[test]
    fn ties_go_by_position() {
        let all: Vec<_> = random(4, 1, 2).iter().map(|(k, l, _)| (*k, *l, 0.5)).collect();
        let space = product_space(&from_pairs(4, &all), 0.5).expect("a space");
        let found: Vec<_> = space.edges.iter().map(|e| (e.from, e.to)).collect();
        assert_eq!(found, [(0, 1), (0, 2), (0, 3)]);
    }

    #[test]
    fn parts_are_named() {
        let space = product_space(&from_pairs(5, &[(0, 3, 0.4), (1, 4, 0.2)]), 0.9);
        let parts = space.expect("a space").components;
        assert_eq!(parts, [vec![0, 3], vec![1, 4], vec![2]]);
    }

    #[test]
    fn refuses() {
        let mut phi = from_pairs(3, &[(0, 1, 0.5)]);
        for threshold in [f64::NAN, -0.1, f64::INFINITY] {
            assert!(product_space(&phi, threshold).is_err());
        }
        phi.values[1] = 0.6;
        let message = product_space(&phi, 0.5).expect_err("uneven").to_string();
        assert!(message.contains("symmetric"), "{message}");
        phi.values.pop();
        assert!(product_space(&phi, 0.5).is_err());
    }
}
