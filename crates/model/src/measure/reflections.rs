//! The method of reflections: the first form of the complexity index, for comparison.

use serde::Serialize;

use super::check_length;
use super::presence::{Presence, components};
use crate::outcome::{InputError, Note};

/// Reflections of a number of steps.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Reflections {
    /// Per place, mean 0 and standard deviation 1; none for a place without products.
    pub places: Vec<Option<f64>>,
    /// Per product, likewise.
    pub products: Vec<Option<f64>>,
    /// Steps done.
    pub steps: usize,
    /// `dropped_places`, `dropped_products`, `disconnected`.
    pub notes: Vec<Note>,
    /// The convention, in one line.
    pub convention: String,
}

/// Places and products by the method of reflections.
///
/// ```text
/// k_i,0 = d_i                            q_k,0 = u_k
/// k_i,n = Σ_k M_ik q_k,n-1 / d_i         q_k,n = Σ_i M_ik k_i,n-1 / u_k
/// ```
///
/// # Notation
///
/// | symbol | field | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | d_i, u_k | diversity, ubiquity | places, products |
/// | k_i,n, q_k,n | `places`, `products`, z-scored with divisor n - `ddof` | places, products |
///
/// # Assumptions
///
/// An even number of steps gives places their diversity's kind of score, an odd number products
/// the complexity of who makes them. Programs in use print 18 steps for places and 19 for products
/// (R), or 20 (Python). All steps differ from the eigenvector by terms in (λ3/λ2)^(n/2): use
/// [`complexity`](super::complexity::complexity) and this for comparison.
///
/// Each step takes off the mean weighted with diversity (or ubiquity), which the z-score would
/// take off at the end, so that many steps lose no digits.
///
/// # Result
///
/// None where there is nothing to score; also for a side without variation.
///
/// # Errors
///
/// [`InputError::Empty`] for a table without presence; [`InputError::Setting`] for a `ddof` above
/// 1.
///
/// # Source
///
/// Hidalgo, Hausmann 2009, equations 1 to 3.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{presence::Presence, reflections::reflections};
/// let m = Presence::new(2, 2, vec![true, true, false, true])?;
/// // Diversity 2 and 1: one standard deviation up and down.
/// assert_eq!(reflections(&m, 0, 0)?.places, [Some(1.0), Some(-1.0)]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn reflections(
    presence: &Presence,
    steps: usize,
    ddof: usize,
) -> Result<Reflections, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    if ddof > 1 {
        return Err(InputError::Setting {
            what: "ddof".into(),
            expected: "0 or 1".into(),
            got: ddof.to_string(),
            remedy: "R programs use 1, Python programs 0".into(),
        });
    }
    let parts = components(presence).len();
    if parts == 0 {
        return Err(InputError::Empty {
            what: "presence matrix".into(),
            remedy: "no place has any product; lower the cut-off".into(),
        });
    }
    let weights = |counts: Vec<usize>| counts.into_iter().map(|c| c as f64).collect::<Vec<_>>();
    let (d, u) = (weights(presence.diversity()), weights(presence.ubiquity()));
    let (mut k, mut q) = (d.clone(), u.clone());
    for _ in 0..steps {
        let mut next = (vec![0.0; d.len()], vec![0.0; u.len()]);
        for i in 0..presence.places {
            for l in (0..presence.products).filter(|l| presence.has(i, *l)) {
                next.0[i] += q[l] / d[i];
                next.1[l] += k[i] / u[l];
            }
        }
        (k, q) = next;
        centre(&mut k, &d);
        centre(&mut q, &u);
    }
    let mut notes = Vec::new();
    for (code, what, counts) in
        [("dropped_places", "places", &d), ("dropped_products", "products", &u)]
    {
        let rows: Vec<usize> = (0..counts.len()).filter(|i| counts[*i] == 0.0).collect();
        if !rows.is_empty() {
            let message = format!("{what} that have nothing have no reflections");
            notes.push(Note { code, message, count: rows.len(), rows });
        }
    }
    if parts > 1 {
        let message = "unconnected parts: the limit only tells them apart".into();
        notes.push(Note { code: "disconnected", message, count: parts, rows: Vec::new() });
    }
    Ok(Reflections {
        places: scores(&k, &d, ddof),
        products: scores(&q, &u, ddof),
        steps,
        notes,
        convention: format!(
            "{}; reflections, {steps} steps, z-scored (ddof {ddof})",
            presence.convention
        ),
    })
}

/// Takes the weighted mean off and divides by the largest entry: no z-score sees either.
fn centre(values: &mut [f64], weights: &[f64]) {
    let total: f64 = weights.iter().sum();
    let mean = values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total;
    values.iter_mut().for_each(|v| *v -= mean);
    let known = values.iter().zip(weights).filter(|(_, w)| **w > 0.0);
    let largest = known.map(|(v, _)| v.abs()).fold(0.0, f64::max);
    // What is left of a table without variation is rounding: leave it small.
    if largest > 1e-12 * (mean.abs() + 1.0) {
        values.iter_mut().for_each(|v| *v /= largest);
    }
}

fn scores(values: &[f64], weights: &[f64], ddof: usize) -> Vec<Option<f64>> {
    let known: Vec<f64> =
        values.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(v, _)| *v).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let squares: f64 = known.iter().map(|v| (v - mean).powi(2)).sum();
    let sd = (squares / (known.len().max(ddof + 1) - ddof) as f64).sqrt();
    let flat = sd <= 1e-12 * (mean.abs() + known[0].abs()).max(f64::MIN_POSITIVE);
    let of = |(v, w): (&f64, &f64)| (*w > 0.0 && !flat).then(|| (v - mean) / sd);
    values.iter().zip(weights).map(of).collect()
}
