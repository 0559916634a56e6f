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
//! 6 to 9 steps on gravity data; each absorbs k + 1 columns. Memory about 2 (k + 4) n.
//!
//! Source: Gourieroux, Monfort and Trognon (1984); Santos Silva and Tenreyro (2006), Review of
//! Economics and Statistics 88; Correia, Guimarães and Zylkin (2020), Stata Journal 20, for the
//! absorbing and the tightening tolerance.

use super::collinearity;
use super::design::Design;
use super::distribution::ln_gamma;
use super::family::{Poisson, SMALLEST_MU};
use super::fit::{Certificate, Collinear, Family, Fit};
use super::fitted::Fitted;
use super::least_squares::{dot, sum_rows};
use super::newton::{Maximum, Outcome, Start, newton};
use super::options::Options;
use super::report::{Pieces, Reason, Rows, assemble};
use super::sample::{Sample, check};
use super::separation;
use crate::outcome::{InputError, Note, Status};

/// Passes of scaling that make the start; more do not save a step.
const SCALING_SWEEPS: usize = 3;
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
    let mut certificate: Option<Certificate> = None;
    loop {
        drop_groups(design, options, &mut rows);
        let mut sample = rows.sample(design, options)?;
        match iterate(&mut sample, options) {
            (Outcome::Separated(found, proof), _) => {
                certificate = Some(match certificate {
                    None => proof,
                    Some(c) => Certificate {
                        margin: c.margin.min(proof.margin),
                        residual: c.residual.max(proof.residual),
                    },
                });
                rows.drop(found.iter().map(|i| sample.rows[*i]), Reason::SeparatedByRegressors);
            }
            (Outcome::Fitted(fitted), collinear) => {
                let found = Found { collinear, certificate };
                return finish(design, options, &rows, sample, *fitted, found);
            }
        }
    }
}

/// Drops all-zero groups and singletons until neither is left.
fn drop_groups(design: &Design, options: &Options, rows: &mut Rows) {
    loop {
        if options.separation {
            let found = separation::zero_groups(&design.y, &design.effects, &mut rows.keep);
            rows.drop(found.into_iter(), Reason::SeparatedByEffects);
        }
        // A singleton may have been the positive outcome of another group.
        if !rows.drop_singletons(design, options) {
            return;
        }
    }
}

/// What the searches before the fit leave for the result.
struct Found {
    collinear: Vec<Collinear>,
    certificate: Option<Certificate>,
}

fn notes(sample: &Sample, fitted: &Maximum, deviance: f64) -> Vec<Note> {
    let mut notes = Vec::new();
    if !fitted.undecided.is_empty() {
        let mut rows: Vec<usize> = fitted.undecided.iter().map(|i| sample.rows[*i]).collect();
        rows.sort_unstable();
        let why = if fitted.status == Status::NotIdentified {
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
    if deviance <= PERFECT * dot(&sample.w, &sample.y, &vec![1.0; sample.n()]) {
        notes.push(Note {
            code: "perfect_fit",
            message: "the model reproduces the outcome: standard errors mean nothing".into(),
            count: 1,
            rows: Vec::new(),
        });
    }
    notes
}

/// Fits without the collinear regressors; those found collinear under the fitted weights are taken
/// out too, and the fit is repeated without them.
fn iterate(sample: &mut Sample, options: &Options) -> (Outcome, Vec<Collinear>) {
    let (mut collinear, mut x, before) = collinearity::drop_collinear(sample, options);
    loop {
        let total: f64 = sample.w.iter().sum();
        let mean = dot(&sample.w, &sample.y, &vec![1.0; sample.n()]) / total;
        let (eta, of_the_model) = start(sample, mean);
        let model = Poisson { log_mean: mean.ln() };
        let from = Start { eta, of_the_model, x: std::mem::take(&mut x) };
        let mut outcome = newton(sample, options, &model, from);
        let Outcome::Fitted(fitted) = &mut outcome else { return (outcome, collinear) };
        fitted.absorbed.iterations += before.iterations;
        fitted.absorbed.passes += before.passes;
        let (positions, described) = collinearity::find(
            sample,
            &fitted.x,
            &fitted.factorised,
            &fitted.working,
            options.collinearity_tolerance,
        );
        if positions.is_empty() {
            return (outcome, collinear);
        }
        // A regressor that varies only where the fit has no weight left may single out those rows.
        if options.separation {
            let zeros: Vec<usize> = (0..sample.n()).filter(|i| sample.y[*i] == 0.0).collect();
            if let separation::Found::Proven(found, proof) =
                separation::search(sample, &zeros, options)
            {
                return (Outcome::Separated(found, proof), collinear);
            }
        }
        collinear.extend(described);
        sample.drop_columns(&positions);
    }
}

/// Log fitted values to start from, and whether they are of the form o + Dα.
///
/// With effects: scaled to the totals of one effect after the other, which has a closed form and
/// already sends groups with little trade to small values. Otherwise half way between the data and
/// their mean, as in ppmlhdfe and fixest.
fn start(sample: &Sample, mean: f64) -> (Vec<f64>, bool) {
    let halfway = || (sample.y.iter().map(|y| (0.5 * (y + mean)).ln()).collect(), false);
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
            want.iter_mut().zip(&have).for_each(|(w, h)| *w /= h);
            for (m, id) in mu.iter_mut().zip(&f.ids) {
                *m *= want[*id as usize];
            }
        }
    }
    // All-zero groups are still there when separation is not looked for.
    if mu.iter().all(|m| *m >= SMALLEST_MU && m.is_finite()) {
        mu.iter_mut().for_each(|m| *m = m.ln());
        (mu, true)
    } else {
        halfway()
    }
}

/// y ln(y/μ) - y + μ, with 0 ln 0 = 0.
pub(super) fn half_deviance(y: f64, eta: f64, mu: f64) -> f64 {
    if y <= 0.0 {
        return mu;
    }
    // y (δ - ln(1 + δ)) loses fewer digits than the definition where μ is near y.
    let delta = (mu - y) / y;
    y * (delta - if delta > -0.5 { delta.ln_1p() } else { eta - y.ln() })
}

/// Deviance, log likelihood, and log likelihood with the offset and one constant only.
///
/// The deviance is 2 Σ ω (y ln(y/μ) - y + μ), with 0 ln 0 = 0.
fn likelihoods(sample: &Sample, fitted: &Maximum) -> [f64; 3] {
    let outcome: f64 = dot(&sample.w, &sample.y, &vec![1.0; sample.n()]);
    let [exposure] = sum_rows(sample.n(), |rows| {
        [sample.w[rows.clone()].iter().zip(&sample.offset[rows]).map(|(w, o)| w * o.exp()).sum()]
    });
    let constant = (outcome / exposure).ln();
    sum_rows(sample.n(), |rows| {
        let mut sums = [0.0; 3];
        for i in rows {
            let (y, eta, mu, w) = (sample.y[i], fitted.eta[i], fitted.mu[i], sample.w[i]);
            let flat = constant + sample.offset[i];
            let (mut own, mut null) = (-mu, -flat.exp());
            if y > 0.0 {
                let count = ln_gamma(y + 1.0);
                own += y * eta - count;
                null += y * flat - count;
            }
            sums[0] += 2.0 * w * half_deviance(y, eta, mu);
            sums[1] += w * own;
            sums[2] += w * null;
        }
        sums
    })
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
    let [deviance, log_likelihood, null] = likelihoods(&sample, &fitted);
    let u: Vec<f64> = (0..n).map(|i| sample.w[i] * (sample.y[i] - fitted.mu[i])).collect();
    let notes = notes(&sample, &fitted, deviance);
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
            working: fitted.working,
            bread: fitted.factorised.inverse_gram(),
            eta: fitted.eta,
            fitted: fitted.mu,
            deviance,
            log_likelihood,
            r_squared: 1.0 - log_likelihood / null,
            within_r_squared: None,
            iterations: fitted.iterations,
            absorbed: fitted.absorbed,
            gradient_norm: fitted.gradient_norm,
            status: fitted.status,
            collinear: found.collinear,
            certificate: found.certificate,
            notes,
        },
    )
}
