//! Poisson pseudo-maximum likelihood with any number of absorbed fixed effects.
//!
//! ```text
//! E[y_i | ·] = μ_i = exp(o_i + x_i'β + Σ_q α_q[id_q(i)])
//! (β, α) solve  Σ_i ω_i (y_i - μ_i) [x_i, d_i] = 0
//! step:  r = (y - μ)/μ,  W = ω μ,  Δη = projection of r on [X D] under W,  η ← η + Δη
//! ```
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | y | `design.y` | n, zero or more, any unit |
//! | x | `design.x` | k columns of n |
//! | α_q | absorbed | one per level of effect q |
//! | ω, o | `design.weights`, `design.offset` | n |
//! | η, μ | log fitted values and fitted values | n |
//!
//! # Assumptions
//!
//! Zeros are data. Missing values are the caller's to drop. Outcomes need not be counts: only the
//! mean must be right. Separated rows are left out first, singletons too unless kept; rows dropped,
//! columns found collinear and the convention of the standard errors are part of the result.
//!
//! # Cost
//!
//! 8 to 15 steps on gravity data; each absorbs k + 1 columns. Memory about 3 (k + 4) n.
//!
//! Source: Gourieroux, Monfort and Trognon (1984); Santos Silva and Tenreyro (2006), Review of
//! Economics and Statistics 88; Correia, Guimarães and Zylkin (2020), Stata Journal 20, for the
//! absorbing and the tightening tolerance.

use super::absorb::{Absorbed, Absorber};
use super::collinearity::{self, floors};
use super::cone::{self, Search};
use super::design::Design;
use super::distribution::ln_gamma;
use super::fit::{Certificate, Collinear, Family, Fit};
use super::fitted::Fitted;
use super::least_squares::{Factorised, axpy, dot};
use super::options::Options;
use super::report::{Pieces, Reason, Rows, assemble};
use super::sample::{Sample, check};
use super::separation;
use crate::outcome::{InputError, Note, Status};

/// Absorbing starts this loosely and tightens as the steps get shorter (ppmlhdfe starts alike).
const FIRST_ABSORB_TOLERANCE: f64 = 1e-4;
/// Passes of scaling that make the start; more do not save a step.
const SCALING_SWEEPS: usize = 3;
/// A regressor with less than this share of its norm left cannot be used in a step. Much below the
/// tolerance of collinearity: a regressor that varies mostly on separated rows must keep moving, or
/// their fitted values would stop falling and pass for settled.
const NO_VARIATION: f64 = 1e-13;
/// Fitted values below this would make the working residual overflow.
const SMALLEST_MU: f64 = 1e-290;
/// A fit whose deviance is below this share of total outcome reproduces the outcome.
const PERFECT: f64 = 1e-13;

/// Estimates a Poisson model with fixed effects.
///
/// The model, notation, assumptions, cost and sources are in the [module's text](self).
///
/// # Result
///
/// `status` is [`Status::Converged`] when the last step changed log fitted values by less than
/// `options.tolerance` and absorbing met its own tolerance; `gradient_norm` and `absorb_residual`
/// give the figures. [`Status::MaxIterations`] or [`Status::NoProgress`] otherwise, and
/// [`Status::NotIdentified`] when separated rows were not to be looked for and some fitted values
/// still fall: then the coefficients are not an estimate.
///
/// # Errors
///
/// As [`check`]; [`InputError::Empty`] when dropping singletons leaves nothing.
///
/// # Example
///
/// Two exporters, two importers, two years; with origin and destination effects only a tariff cut
/// on one route is left to explain the rest.
///
/// ```
/// use emporion_model::estimate::{self, Options, design::{Design, Factor, Regressor}};
/// let factor = |name: &str, ids: Vec<u32>| Factor { name: name.into(), ids, levels: 2 };
/// let design = Design {
///     outcome: "trade".into(),
///     y: vec![8.0, 4.0, 2.0, 1.0, 16.0, 4.0, 2.0, 1.0],
///     x: vec![Regressor { name: "cut".into(), values: vec![0., 0., 0., 0., 1., 0., 0., 0.] }],
///     effects: vec![
///         factor("origin", vec![0, 0, 1, 1, 0, 0, 1, 1]),
///         factor("destination", vec![0, 1, 0, 1, 0, 1, 0, 1]),
///     ],
///     ..Design::default()
/// };
/// let fit = estimate::ppml(&design, &Options::default()).unwrap();
/// assert!((fit.coefficients[0] - 2f64.ln()).abs() < 1e-12);
/// ```
pub fn ppml(design: &Design, options: &Options) -> Result<Fit, InputError> {
    Ok(ppml_fitted(design, options)?.fit)
}

/// As [`ppml`], with the arrays that inference and prediction need.
///
/// # Errors
///
/// As [`ppml`].
pub fn ppml_fitted(design: &Design, options: &Options) -> Result<Fitted, InputError> {
    check(design, Family::Poisson, options)?;
    let mut rows = Rows::new(design);
    let mut notes = Vec::new();
    let mut certificate: Option<Certificate> = None;
    let mut exact_search_done = !options.separation;
    loop {
        drop_groups(design, options, &mut rows);
        let mut sample = rows.sample(design)?;
        let mut collinear = collinearity::drop_collinear(
            &mut sample,
            options.collinearity_tolerance,
            options.absorb_tolerance(),
            options.max_absorb_iterations,
        );
        if !exact_search_done {
            exact_search_done = true;
            if let Search::Found(found, proof) = cone::search(&sample, options.exact_search)
                && !found.is_empty()
            {
                certificate = proof;
                rows.drop(found.iter().map(|i| sample.rows[*i]), Reason::SeparatedByRegressors);
                continue;
            }
        }
        match iterate(&mut sample, options, &mut collinear) {
            Outcome::Separated(found, proof) => {
                certificate = Some(match certificate {
                    None => proof,
                    Some(c) => Certificate {
                        margin: c.margin.min(proof.margin),
                        residual: c.residual.max(proof.residual),
                    },
                });
                rows.drop(found.iter().map(|i| sample.rows[*i]), Reason::SeparatedByRegressors);
            }
            Outcome::Fitted(fitted) => {
                notes.extend(fitted.notes(&sample));
                return finish(
                    design,
                    options,
                    &rows,
                    sample,
                    *fitted,
                    Found { collinear, certificate, notes },
                );
            }
        }
    }
}

/// Drops all-zero groups and singletons until neither is left.
fn drop_groups(design: &Design, options: &Options, rows: &mut Rows) {
    loop {
        let mut changed = false;
        if options.separation {
            let found = separation::zero_groups(&design.y, &design.effects, &mut rows.keep);
            changed |= !found.is_empty();
            rows.drop(found.into_iter(), Reason::SeparatedByEffects);
        }
        changed |= rows.drop_singletons(design, options);
        if !changed {
            return;
        }
    }
}

/// What the searches before the fit leave for the result.
struct Found {
    collinear: Vec<Collinear>,
    certificate: Option<Certificate>,
    notes: Vec<Note>,
}

enum Outcome {
    Fitted(Box<Maximum>),
    Separated(Vec<usize>, Certificate),
}

struct Maximum {
    eta: Vec<f64>,
    mu: Vec<f64>,
    coefficients: Vec<f64>,
    x: Vec<Vec<f64>>,
    factorised: Factorised,
    iterations: usize,
    absorbed: Absorbed,
    gradient_norm: f64,
    status: Status,
    undecided: Vec<usize>,
    deviance: f64,
}

impl Maximum {
    fn notes(&self, sample: &Sample) -> Vec<Note> {
        let mut notes = Vec::new();
        if !self.undecided.is_empty() {
            let mut rows: Vec<usize> = self.undecided.iter().map(|i| sample.rows[*i]).collect();
            rows.sort_unstable();
            let why = if self.status == Status::NotIdentified {
                "separated rows were not to be looked for: the estimate may not exist"
            } else {
                "no proof of separation was found: they stayed in"
            };
            notes.push(Note {
                code: "separation_undecided",
                message: format!("fitted values of {} zeros kept falling; {why}", rows.len()),
                count: rows.len(),
                rows,
            });
        }
        if self.deviance <= PERFECT * dot(&sample.w, &sample.y, &vec![1.0; sample.n()]) {
            notes.push(Note {
                code: "perfect_fit",
                message: "the model reproduces the outcome: standard errors mean nothing".into(),
                count: 1,
                rows: Vec::new(),
            });
        }
        notes
    }
}

/// Newton's method on the rows and columns of the sample; columns found collinear under the fitted
/// weights are taken out and the fit is repeated without them.
fn iterate(sample: &mut Sample, options: &Options, collinear: &mut Vec<Collinear>) -> Outcome {
    loop {
        let outcome = newton(sample, options);
        let Outcome::Fitted(fitted) = &outcome else { return outcome };
        let w = weights(sample, &fitted.mu);
        let (positions, described) = collinearity::find(
            sample,
            &fitted.x,
            &fitted.factorised,
            &w,
            options.collinearity_tolerance,
        );
        if positions.is_empty() {
            return outcome;
        }
        // A regressor that varies only where the fit has no weight left may single out those rows.
        if options.separation {
            let zeros: Vec<usize> = (0..sample.n()).filter(|i| sample.y[*i] == 0.0).collect();
            let budget = options.max_absorb_iterations;
            let proof = separation::certify(sample, &zeros, options.absorb_tolerance(), budget);
            if let Some((found, proof)) = proof {
                return Outcome::Separated(found, proof);
            }
        }
        collinear.extend(described);
        sample.drop_columns(&positions);
    }
}

fn weights(sample: &Sample, mu: &[f64]) -> Vec<f64> {
    sample.w.iter().zip(mu).map(|(w, m)| w * m).collect()
}

fn newton(sample: &Sample, options: &Options) -> Outcome {
    let n = sample.n();
    let final_tolerance = options.absorb_tolerance();
    let total_weight: f64 = sample.w.iter().sum();
    let mean = dot(&sample.w, &sample.y, &vec![1.0; n]) / total_weight;
    let (mut mu, start_fits_model) = start(sample, mean);
    let mut eta: Vec<f64> = mu.iter().map(|m| m.ln()).collect();
    let mut coefficients = vec![0.0; sample.x.len()];
    let mut x = sample.x.clone();
    let mut absorber = Absorber::new(&sample.effects, n, options.max_absorb_iterations);
    let mut absorbed = Absorbed::default();
    let mut tolerance = FIRST_ABSORB_TOLERANCE.max(final_tolerance);
    // Infinity lets the projection of a start outside the model pass.
    let mut deviance =
        if start_fits_model { deviance_at(sample, |i| eta[i]) } else { f64::INFINITY };
    let mut gradient_norm = f64::INFINITY;
    let mut status = Status::MaxIterations;
    let mut iterations = 0;
    let mut next_search = 6;
    let mut falling = Vec::new();

    while iterations < options.max_iterations {
        iterations += 1;
        let project_start = iterations == 1 && !start_fits_model;
        let w = weights(sample, &mu);
        absorber.weigh(&w);
        let outcome = absorber.demean_all(&mut x, tolerance);
        absorbed.iterations += outcome.iterations;
        // A start that is not of the form o + Xβ + Dα is projected in the first step.
        let target: Vec<f64> = (0..n)
            .map(|i| {
                let r = (sample.y[i] - mu[i]) / mu[i];
                if project_start { eta[i] - sample.offset[i] + r } else { r }
            })
            .collect();
        let mut residual = target.clone();
        absorbed.iterations += absorber.demean(&mut residual, tolerance).iterations;
        let floor = floors(sample, &w, NO_VARIATION);
        let change = Factorised::new(&w, &x, &floor).solve(&w, &residual);
        for (b, x) in change.iter().zip(&x) {
            axpy(-b, x, &mut residual);
        }
        let step: Vec<f64> = target.iter().zip(&residual).map(|(t, r)| t - r).collect();
        if project_start {
            eta.copy_from_slice(&sample.offset);
        } else {
            gradient_norm = (dot(&w, &step, &step) / w.iter().sum::<f64>()).sqrt();
        }
        let Some((share, next_deviance)) = shorten(sample, &eta, &step, deviance) else {
            status = Status::NoProgress;
            break;
        };
        deviance = next_deviance;
        axpy(share, &step, &mut eta);
        axpy(share, &change, &mut coefficients);
        for (m, e) in mu.iter_mut().zip(&eta) {
            *m = e.exp().max(SMALLEST_MU);
        }
        if project_start {
            continue;
        }
        let converged = gradient_norm <= options.tolerance && tolerance <= final_tolerance;
        falling = falling_zeros(sample, &eta, &step, mean);
        if options.separation && !falling.is_empty() && (converged || iterations >= next_search) {
            // Rows that are separated soon are all that still moves.
            if converged || settled_without(&w, &step, &falling) <= 0.01 * gradient_norm {
                let budget = options.max_absorb_iterations;
                match separation::certify(sample, &falling, final_tolerance, budget) {
                    Some((found, proof)) => return Outcome::Separated(found, proof),
                    None => next_search = iterations + 10,
                }
            }
        }
        if converged {
            status = Status::Converged;
            break;
        }
        tolerance = (0.1 * gradient_norm * gradient_norm).clamp(final_tolerance, tolerance);
    }

    // Weights of the result itself, so that the standard errors belong to it.
    let w = weights(sample, &mu);
    absorber.weigh(&w);
    let last = absorber.demean_all(&mut x, final_tolerance);
    absorbed.iterations += last.iterations;
    absorbed.residual = last.residual;
    absorbed.converged = last.converged;
    if status == Status::Converged && !last.converged {
        status = Status::NoProgress;
    }
    if status == Status::Converged && !options.separation && !falling.is_empty() {
        status = Status::NotIdentified;
    }
    let floor = floors(sample, &w, options.collinearity_tolerance);
    let factorised = Factorised::new(&w, &x, &floor);
    Outcome::Fitted(Box::new(Maximum {
        eta,
        mu,
        coefficients,
        x,
        factorised,
        iterations,
        absorbed,
        gradient_norm,
        status,
        undecided: falling,
        deviance,
    }))
}

/// Fitted values to start from, and whether they are of the form exp(o + Dα).
///
/// With effects: scaled to the totals of one effect after the other, which has a closed form and
/// already sends groups with little trade to small values. Otherwise half way between the data and
/// their mean, as in ppmlhdfe and fixest.
fn start(sample: &Sample, mean: f64) -> (Vec<f64>, bool) {
    let halfway = || (sample.y.iter().map(|y| 0.5 * (y + mean)).collect(), false);
    if sample.effects.is_empty() {
        return halfway();
    }
    let mut mu: Vec<f64> = sample.offset.iter().map(|o| o.exp()).collect();
    for _ in 0..SCALING_SWEEPS {
        for f in &sample.effects {
            let (mut want, mut have) = (vec![0.0; f.levels], vec![0.0; f.levels]);
            for (i, id) in f.ids.iter().enumerate() {
                want[*id as usize] += sample.w[i] * sample.y[i];
                have[*id as usize] += sample.w[i] * mu[i];
            }
            for (m, id) in mu.iter_mut().zip(&f.ids) {
                *m *= want[*id as usize] / have[*id as usize];
            }
        }
    }
    // All-zero groups are still there when separation is not looked for.
    if mu.iter().all(|m| *m >= SMALLEST_MU && m.is_finite()) { (mu, true) } else { halfway() }
}

/// The largest share of the step, halving from one, that does not raise the deviance.
fn shorten(sample: &Sample, eta: &[f64], step: &[f64], before: f64) -> Option<(f64, f64)> {
    // Near the optimum the deviance only moves by rounding, which must not halve the step.
    let rounding = 1e-13 * dot(&sample.w, &sample.y, &vec![1.0; sample.n()]);
    let mut share = 1.0;
    for _ in 0..40 {
        let after = deviance_at(sample, |i| eta[i] + share * step[i]);
        if after.is_finite() && after <= before * (1.0 + 1e-8) + rounding {
            return Some((share, after));
        }
        share *= 0.5;
    }
    None
}

/// 2 Σ ω (y ln(y/μ) - y + μ), with 0 ln 0 = 0.
fn deviance_at(sample: &Sample, eta: impl Fn(usize) -> f64) -> f64 {
    let mut sum = 0.0;
    for i in 0..sample.n() {
        let (y, mu) = (sample.y[i], eta(i).exp());
        sum += sample.w[i]
            * if y > 0.0 {
                // y (δ - ln(1 + δ)) loses fewer digits than the definition where μ is near y.
                let delta = (mu - y) / y;
                y * (delta - if delta > -0.5 { delta.ln_1p() } else { eta(i) - y.ln() })
            } else {
                mu
            };
    }
    2.0 * sum
}

/// Zeros far below the mean whose log fitted value still falls at a constant rate.
fn falling_zeros(sample: &Sample, eta: &[f64], step: &[f64], mean: f64) -> Vec<usize> {
    let low = mean.ln() - 3.0;
    (0..sample.n()).filter(|i| sample.y[*i] == 0.0 && step[*i] < -0.1 && eta[*i] < low).collect()
}

/// The root mean square of the step over the rows not in `falling`.
fn settled_without(w: &[f64], step: &[f64], falling: &[usize]) -> f64 {
    let mut w = w.to_vec();
    falling.iter().for_each(|i| w[*i] = 0.0);
    (dot(&w, step, step) / w.iter().sum::<f64>()).sqrt()
}

fn finish(
    design: &Design,
    options: &Options,
    rows: &Rows,
    sample: Sample,
    fitted: Maximum,
    found: Found,
) -> Result<Fitted, InputError> {
    let n = sample.n();
    let log_likelihood = |log_mu: &dyn Fn(usize) -> f64| -> f64 {
        (0..n)
            .map(|i| {
                let (y, l) = (sample.y[i], log_mu(i));
                let count = if y > 0.0 { y * l - ln_gamma(y + 1.0) } else { 0.0 };
                sample.w[i] * (count - l.exp())
            })
            .sum()
    };
    // The comparison model has the offset and one constant.
    let outcome: f64 = dot(&sample.w, &sample.y, &vec![1.0; n]);
    let exposure: f64 = sample.w.iter().zip(&sample.offset).map(|(w, o)| w * o.exp()).sum();
    let constant = (outcome / exposure).ln();
    let likelihood = log_likelihood(&|i| fitted.eta[i]);
    let r_squared = 1.0 - likelihood / log_likelihood(&|i| constant + sample.offset[i]);
    let u: Vec<f64> = (0..n).map(|i| sample.w[i] * (sample.y[i] - fitted.mu[i])).collect();
    let working = weights(&sample, &fitted.mu);
    assemble(
        design,
        options,
        rows,
        sample,
        Pieces {
            family: Family::Poisson,
            coefficients: fitted.coefficients,
            x: fitted.x,
            u,
            working,
            bread: fitted.factorised.inverse_gram(),
            eta: fitted.eta,
            fitted: fitted.mu,
            deviance: fitted.deviance,
            log_likelihood: likelihood,
            r_squared,
            iterations: fitted.iterations,
            absorbed: fitted.absorbed,
            gradient_norm: fitted.gradient_norm,
            status: fitted.status,
            collinear: found.collinear,
            certificate: found.certificate,
            notes: found.notes,
        },
    )
}
