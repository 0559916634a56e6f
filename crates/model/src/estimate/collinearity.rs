//! Regressors that the effects or earlier regressors reproduce, named with what reproduces them.
//!
//! ```text
//! x_j is collinear  <=>  ‖residual of x_j on D and x_1 .. x_{j-1}‖_W <= tolerance ‖x_j‖_W
//! ```
//!
//! Judged on norms, after absorbing far more tightly than the tolerance; once on the rows in use
//! and, for Poisson, again under the fitted weights, since a regressor may vary only where the
//! model puts no weight.

use super::absorb::Absorbed;
use super::fit::Collinear;
use super::least_squares::{Factorised, norm};
use super::options::Options;
use super::sample::Sample;

/// Share of a column's norm below which an earlier column does not count as reproducing it.
const NAMED: f64 = 1e-6;

/// The smallest remaining norm with which each regressor still counts, under weights `w`.
pub(super) fn floors(sample: &Sample, w: &[f64], tolerance: f64) -> Vec<f64> {
    sample.x.iter().map(|x| tolerance * norm(w, x)).collect()
}

/// Lists the collinear columns: positions in `sample.x`, ascending, and their descriptions.
///
/// `absorbed` holds the regressors after absorbing under weights `w`, `factorised` the
/// factorisation of those with the floors of [`floors`].
pub(super) fn find(
    sample: &Sample,
    absorbed: &[Vec<f64>],
    factorised: &Factorised,
    w: &[f64],
    tolerance: f64,
) -> (Vec<usize>, Vec<Collinear>) {
    let floor = floors(sample, w, tolerance);
    let mut positions = Vec::new();
    let mut described = Vec::new();
    for j in 0..sample.x.len() {
        if factorised.remaining[j] > floor[j] {
            continue;
        }
        let raw = norm(w, &sample.x[j]);
        let after_effects = norm(w, &absorbed[j]);
        let with = if raw == 0.0 {
            vec!["zero".to_owned()]
        } else if sample.absorbs() && after_effects <= floor[j] {
            absorbing_effects(sample, j, w, floor[j])
        } else {
            let b = factorised.combination(j);
            (0..j)
                .filter(|i| b[*i].abs() * norm(w, &absorbed[*i]) > NAMED * after_effects)
                .map(|i| sample.names[i].clone())
                .collect()
        };
        let remaining = if raw > 0.0 { factorised.remaining[j] / raw } else { 0.0 };
        positions.push(j);
        described.push(Collinear { name: sample.names[j].clone(), with, remaining });
    }
    (positions, described)
}

/// The first single effect within which the column does not vary, else all effects together.
fn absorbing_effects(sample: &Sample, column: usize, w: &[f64], floor: f64) -> Vec<String> {
    for f in &sample.effects {
        let (mut sum, mut weight) = (vec![0.0; f.levels], vec![0.0; f.levels]);
        for (i, id) in f.ids.iter().enumerate() {
            sum[*id as usize] += w[i] * sample.x[column][i];
            weight[*id as usize] += w[i];
        }
        let within: Vec<f64> = std::iter::zip(&sample.x[column], &f.ids)
            .map(|(x, id)| {
                let g = *id as usize;
                x - if weight[g] > 0.0 { sum[g] / weight[g] } else { 0.0 }
            })
            .collect();
        if norm(w, &within) <= floor {
            return vec![f.name.clone()];
        }
    }
    let slopes = sample.slopes.iter().map(|s| s.name.clone());
    sample.effects.iter().map(|f| f.name.clone()).chain(slopes).collect()
}

/// Finds the collinear regressors of a sample under its own weights and takes them out; the others
/// are returned with the effects absorbed.
pub(super) fn drop_collinear(
    sample: &mut Sample,
    options: &Options,
) -> (Vec<Collinear>, Vec<Vec<f64>>, Absorbed) {
    if sample.x.is_empty() {
        let none = Absorbed { converged: true, ..Absorbed::default() };
        return (Vec::new(), Vec::new(), none);
    }
    let mut absorbed = sample.x.clone();
    let (positions, described, outcome) = {
        let mut absorber = sample.absorber(options.max_absorb_iterations);
        absorber.weigh(&sample.w);
        let tolerance = options.collinearity_tolerance;
        let outcome =
            absorber.demean_all(&mut absorbed, (0.01 * tolerance).max(options.absorb_tolerance()));
        let floor = floors(sample, &sample.w, tolerance);
        let factorised = Factorised::new(&sample.w, &absorbed, &floor);
        let (positions, described) = find(sample, &absorbed, &factorised, &sample.w, tolerance);
        (positions, described, outcome)
    };
    sample.drop_columns(&positions);
    for j in positions.iter().rev() {
        absorbed.remove(*j);
    }
    (described, absorbed, outcome)
}
