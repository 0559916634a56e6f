//! Fitness of places and complexity of products by the non-linear map.

use serde::Serialize;

use super::presence::{Presence, components};
use super::spectrum::{One, Weight};
use super::weights::Weights;
use crate::outcome::{InputError, Note, Status};

/// When the iteration stops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FitnessOptions {
    /// Largest change of any entry in a step, both vectors having mean 1. The default 1e-12 is a
    /// thousandfold of rounding.
    pub tolerance: f64,
    /// Step limit. With a tolerance of 0 it is the exact number of steps: the usual 20 of the
    /// literature. The default of 10,000 is fifty times what the tables of countries, provinces
    /// and products in `oracles/measure` and the tests need (98 to 212).
    pub max_steps: usize,
}

impl Default for FitnessOptions {
    fn default() -> Self {
        Self { tolerance: 1e-12, max_steps: 10_000 }
    }
}

/// Fitness and complexity with the way they came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Fitness {
    /// Fitness per place, mean 1 over the places that have one.
    pub fitness: Vec<Option<f64>>,
    /// Complexity per product, mean 1 over the products that have one.
    pub complexity: Vec<Option<f64>>,
    /// Steps done.
    pub steps: usize,
    /// Largest change in the last step.
    pub residual: f64,
    /// `Converged`, or `MaxIterations`: then the numbers are those of step `steps`, not the limit.
    pub status: Status,
    /// `dropped_places`, `dropped_products`, `heading_to_zero`, `disconnected`.
    pub notes: Vec<Note>,
    /// The conventions used, in one line.
    pub convention: String,
}

/// A place below this part of the mean is reported as heading to zero.
const NEAR_ZERO: f64 = 1e-6;
/// So is one below this that still falls when the steps run out: some fall only as 1 / steps.
const FALLING: f64 = 1e-2;

/// Fitness and complexity.
///
/// ```text
/// F~_i = Σ_k M_ik Q_k              Q~_k = 1 / Σ_i M_ik / F_i
/// F = F~ / mean F~                 Q = Q~ / mean Q~           from F = Q = 1
/// ```
///
/// Both right-hand sides use the previous step, as in the paper; programs that use the new F
/// take another path to the same limit.
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | M_ik | `presence.values` | places × products | 0 or 1 |
/// | F_i | `fitness` | places | mean 1 |
/// | Q_k | `complexity` | products | mean 1 |
///
/// # Assumptions
///
/// Places without products and products without places are left out and listed. On some tables
/// the limit of a place's fitness is 0 and the approach is slow; such places are listed. In a
/// table of unconnected parts the limit depends on the start and a note says so.
///
/// # Errors
///
/// [`InputError::Empty`] for a table without presence; [`InputError::Setting`] for a tolerance
/// that is negative or a limit of 0 steps.
///
/// # Cost
///
/// Σ M per step.
///
/// # Source
///
/// Tacchella, Cristelli, Caldarelli, Gabrielli, Pietronero 2012, Scientific Reports 2, equation 1;
/// on convergence: Pugliese, Zaccaria, Pietronero 2016.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{fitness::*, presence::Presence};
/// // Two places that share one product and have one of their own each.
/// let m = vec![true, true, false, false, true, true];
/// let f = fitness(&Presence::new(2, 3, m)?, &FitnessOptions::default())?;
/// assert_eq!(f.fitness, [Some(1.0), Some(1.0)]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn fitness(presence: &Presence, options: &FitnessOptions) -> Result<Fitness, InputError> {
    iterate(presence, |_, _| One, options)
}

/// Fitness and complexity of an M of weights, by the same map; with weights of 0 and 1 the answer
/// is that of [`fitness`].
///
/// # Errors
///
/// As [`fitness`].
pub fn weighted_fitness(
    weights: &Weights,
    options: &FitnessOptions,
) -> Result<Fitness, InputError> {
    let m = |i: usize, k: usize| weights.values()[i * weights.products() + k];
    iterate(&weights.pattern(), m, options)
}

fn iterate<W: Weight>(
    presence: &Presence,
    m: impl Fn(usize, usize) -> W,
    options: &FitnessOptions,
) -> Result<Fitness, InputError> {
    if options.tolerance.is_nan() || options.tolerance < 0.0 || options.max_steps == 0 {
        return Err(InputError::Setting {
            what: "fitness options".into(),
            expected: "a tolerance that is not negative and at least one step".into(),
            got: format!("tolerance {}, {} steps", options.tolerance, options.max_steps),
            remedy: "the default is 1e-12 and 10000".into(),
        });
    }
    let parts = components(presence).len();
    if parts == 0 {
        return Err(InputError::Empty {
            what: "presence matrix".into(),
            remedy: "no place has any product; lower the cut-off".into(),
        });
    }
    let (diversity, ubiquity) = (presence.diversity(), presence.ubiquity());
    let kept =
        |counts: &[usize]| -> Vec<usize> { (0..counts.len()).filter(|i| counts[*i] > 0).collect() };
    let (places, products) = (kept(&diversity), kept(&ubiquity));
    let mut cells = Vec::new();
    for (a, i) in places.iter().enumerate() {
        for (b, k) in products.iter().enumerate() {
            if presence.has(*i, *k) {
                cells.push((a, b, m(*i, *k)));
            }
        }
    }

    let mut f = vec![1.0; places.len()];
    let mut q = vec![1.0; products.len()];
    let mut previous_f = f.clone();
    let (mut steps, mut residual, mut status) = (0, f64::INFINITY, Status::MaxIterations);
    while steps < options.max_steps && status != Status::Converged {
        let mut next_f = vec![0.0; f.len()];
        let mut inverse = vec![0.0; q.len()];
        for (a, b, m) in &cells {
            next_f[*a] += m.value() * q[*b];
            inverse[*b] += m.value() / f[*a];
        }
        let mut next_q: Vec<f64> = inverse.iter().map(|x| 1.0 / x).collect();
        divide_by_mean(&mut next_f);
        divide_by_mean(&mut next_q);
        residual = change(&f, &next_f).max(change(&q, &next_q));
        previous_f = std::mem::replace(&mut f, next_f);
        q = next_q;
        steps += 1;
        if residual <= options.tolerance && options.tolerance > 0.0 {
            status = Status::Converged;
        }
    }

    let mut out = Fitness {
        fitness: vec![None; presence.places],
        complexity: vec![None; presence.products],
        steps,
        residual,
        status,
        notes: presence.notes.clone(),
        convention: format!(
            "{}; Tacchella et al. 2012, Q from the previous F, means 1, {}",
            presence.convention,
            if options.tolerance > 0.0 {
                format!("until no entry moves by more than {:e}", options.tolerance)
            } else {
                format!("{} steps", options.max_steps)
            }
        ),
    };
    for (i, x) in places.iter().zip(&f) {
        out.fitness[*i] = Some(*x);
    }
    for (k, x) in products.iter().zip(&q) {
        out.complexity[*k] = Some(*x);
    }
    let none = |values: &[Option<f64>]| -> Vec<usize> {
        (0..values.len()).filter(|i| values[*i].is_none()).collect()
    };
    let small = (0..f.len())
        .filter(|a| {
            let still_falls = status != Status::Converged && f[*a] < previous_f[*a];
            f[*a] < NEAR_ZERO || (still_falls && f[*a] < FALLING)
        })
        .map(|a| places[a])
        .collect();
    for (code, message, rows) in [
        ("dropped_places", "places without products have no fitness", none(&out.fitness)),
        ("dropped_products", "products without places have no complexity", none(&out.complexity)),
        ("heading_to_zero", "fitness heads to zero: only its order of size means anything", small),
    ] {
        if !rows.is_empty() {
            out.notes.push(Note { code, message: message.into(), count: rows.len(), rows });
        }
    }
    if parts > 1 {
        out.notes.push(Note {
            code: "disconnected",
            message: "the table falls into parts that share no product: fitness is comparable \
                      inside a part only"
                .into(),
            count: parts,
            rows: Vec::new(),
        });
    }
    Ok(out)
}

fn divide_by_mean(values: &mut [f64]) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter_mut().for_each(|x| *x /= mean);
}

fn change(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
