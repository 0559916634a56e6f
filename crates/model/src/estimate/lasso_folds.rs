//! Cross-validation of the penalty: rows left out by fold are predicted by the model on the others.
//!
//! ```text
//! β̂(λ) from the rows outside of fold f;  α̂ solves the effects' equations there at β̂(λ)
//! μ̂_i = exp(o_i + z_i'β̂ + Σ_q α̂_q[id_q(i)])  for i in f
//! ```
//!
//! # Assumptions
//!
//! Folds are what is to be predicted as a whole, such as agreements: rows of one agreement in two
//! folds would tell of each other. A row of a level whose other rows are all left out has no α̂ and
//! cannot be predicted whatever λ is; a level whose other outcomes are all zero predicts zero. Rows
//! without a prediction count for no λ and are told. With folds by pair and pair effects no row can
//! be predicted: fold by agreement, whose pairs have years before it.
//!
//! Source: Breinlich and others (2022), section 3; Stone (1974), Journal of the Royal Statistical
//! Society B 36. penppml predicts zero where a level is not known; it prints √(Σ e²) over the
//! standard deviation of the outcome where we print the root of the mean.

use rayon::prelude::*;
use serde::Serialize;

use super::design::Design;
use super::fit::Family;
use super::lasso::{Criterion, CrossValidation};
use super::lasso_path::{Prepared, Step, fit};
use super::options::{Options, Vcov};
use super::ppml::half_deviance;
use super::predict::predict;
use super::recover::{RecoverOptions, recover};
use crate::outcome::{InputError, Note, Status};
use crate::random::SplitMix;

/// Which rows are left out together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Folds {
    /// Fold of each row; `None`: never left out.
    pub ids: Vec<Option<u32>>,
}

impl Folds {
    /// Each level its own fold.
    #[must_use]
    pub fn each(levels: Vec<Option<u32>>) -> Self {
        Self { ids: levels }
    }

    /// The levels dealt at random into `count` folds of nearly as many levels.
    #[must_use]
    pub fn dealt(levels: &[Option<u32>], count: usize, seed: u64) -> Self {
        let mut present: Vec<usize> = levels.iter().flatten().map(|l| *l as usize).collect();
        present.sort_unstable();
        present.dedup();
        let order = SplitMix::new(seed, 0).sample(&present, present.len());
        let mut fold = vec![0; present.last().map_or(0, |l| l + 1)];
        order.iter().enumerate().for_each(|(at, l)| fold[*l] = (at % count.max(1)) as u32);
        Self { ids: levels.iter().map(|l| l.map(|l| fold[l as usize])).collect() }
    }

    fn present(&self) -> Vec<u32> {
        let mut present: Vec<u32> = self.ids.iter().flatten().copied().collect();
        present.sort_unstable();
        present.dedup();
        present
    }

    /// Number of folds with rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.present().len()
    }
}

/// How predictions fared at one λ.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// λ.
    pub lambda: f64,
    /// Root of the weighted mean of (y - μ̂)².
    pub rmse: f64,
    /// Weighted mean deviance, or of (y - μ̂)² for least squares; without the rows counted in
    /// [`Validation::infinite`].
    pub deviance: f64,
    /// Penalised regressors selected, on average over folds.
    pub selected: f64,
}

/// A penalty chosen by predictions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validation {
    /// The largest λ first.
    pub scores: Vec<Score>,
    /// λ with the least error; the largest of several.
    pub best: f64,
    /// What was least.
    pub criterion: Criterion,
    /// Number of folds.
    pub folds: usize,
    /// Rows predicted.
    pub rows: usize,
    /// Rows left out in some fold and never predicted: a level without other rows.
    pub unpredicted: usize,
    /// Rows with a positive outcome in a level of zeros otherwise: predicted zero, and of infinite
    /// deviance at every λ.
    pub infinite: usize,
    /// Advice.
    pub notes: Vec<Note>,
}

/// Sums over the rows of one fold, by λ.
struct Sums {
    weight: f64,
    squares: Vec<f64>,
    deviance: Vec<f64>,
    deviance_weight: f64,
    selected: Vec<usize>,
    rows: usize,
    unpredicted: usize,
    infinite: usize,
    converged: bool,
}

/// Finds the λ of `lambdas` (the largest first) that predicts best.
pub(super) fn validate(
    design: &Design,
    penalised: &[bool],
    (family, options): (Family, &Options),
    (settings, lambdas, standardise): (&CrossValidation, &[f64], bool),
) -> Result<Validation, InputError> {
    let folds = settings.folds.present();
    let of = |fold: &u32| {
        let inside: Vec<bool> = settings.folds.ids.iter().map(|id| *id == Some(*fold)).collect();
        leave_out(design, penalised, &inside, (family, options), (lambdas, standardise))
    };
    let sums: Vec<Sums> = folds.par_iter().map(of).collect::<Result<_, _>>()?;
    let add = |f: &dyn Fn(&Sums) -> f64| sums.iter().map(f).sum::<f64>();
    let count = |f: &dyn Fn(&Sums) -> usize| sums.iter().map(f).sum::<usize>();
    let rows = count(&|s| s.rows);
    if rows == 0 {
        return Err(InputError::Undefined {
            what: "cross-validation".into(),
            reason: "no row left out can be predicted: each fold takes all rows of a level of an \
                     effect with it"
                .into(),
            remedy: "fold by something that leaves every level some rows, such as the agreement \
                     for pair effects"
                .into(),
        });
    }
    let (weight, deviance_weight) = (add(&|s| s.weight), add(&|s| s.deviance_weight));
    let scores: Vec<Score> = lambdas
        .iter()
        .enumerate()
        .map(|(at, lambda)| Score {
            lambda: *lambda,
            rmse: (add(&|s| s.squares[at]) / weight).sqrt(),
            deviance: add(&|s| s.deviance[at]) / deviance_weight,
            selected: add(&|s| s.selected[at] as f64) / sums.len() as f64,
        })
        .collect();
    let error = |s: &Score| match settings.criterion {
        Criterion::Rmse => s.rmse,
        Criterion::Deviance => s.deviance,
    };
    let best = scores.iter().fold(None, |best: Option<&Score>, s| match best {
        Some(b) if error(b) <= error(s) => Some(b),
        _ => Some(s),
    });
    let unpredicted = count(&|s| s.unpredicted);
    let mut notes = Vec::new();
    let mut tell = |code, count: usize, message: String| {
        if count > 0 {
            notes.push(Note { code, message, count, rows: Vec::new() });
        }
    };
    tell(
        "unpredicted",
        unpredicted,
        format!("{unpredicted} rows left out could not be predicted: a level had no other row"),
    );
    let stopped = sums.iter().filter(|s| !s.converged).count();
    tell("folds_stopped", stopped, format!("in {stopped} folds a fit did not converge"));
    if scores.len() > 1 && best.map(|b| b.lambda) == scores.last().map(|s| s.lambda) {
        tell(
            "smallest_lambda",
            1,
            "the smallest penalty tried predicts best: these data ask for little or no selection"
                .into(),
        );
    }
    Ok(Validation {
        best: best.map_or(f64::NAN, |s| s.lambda),
        scores,
        criterion: settings.criterion,
        folds: folds.len(),
        rows,
        unpredicted,
        infinite: count(&|s| s.infinite),
        notes,
    })
}

/// Fits without the rows inside of a fold and predicts them at every λ.
fn leave_out(
    design: &Design,
    penalised: &[bool],
    inside: &[bool],
    (family, options): (Family, &Options),
    (lambdas, standardise): (&[f64], bool),
) -> Result<Sums, InputError> {
    let n = design.y.len();
    let given = |i: usize| design.weights.as_ref().map_or(1.0, |w| w[i]);
    // A row of weight zero takes no part, and keeps its number.
    let weights = (0..n).map(|i| if inside[i] { 0.0 } else { given(i) }).collect();
    let outside = Design { weights: Some(weights), ..design.clone() };
    let prepared = Prepared::new(&outside, penalised, family, options)?;
    let held: Vec<usize> = (0..n).filter(|i| inside[*i] && given(*i) > 0.0).collect();
    let mut sums = Sums {
        weight: 0.0,
        squares: Vec::new(),
        deviance: Vec::new(),
        deviance_weight: 0.0,
        selected: Vec::new(),
        rows: 0,
        unpredicted: 0,
        infinite: 0,
        converged: true,
    };
    let mut last: Option<Step> = None;
    for step in prepared.path(lambdas, standardise) {
        sums.converged &= step.status == Status::Converged;
        sums.selected.push(step.count);
        if last.as_ref().is_some_and(|l| l.coefficients == step.coefficients) {
            sums.squares.extend(sums.squares.last().copied());
            sums.deviance.extend(sums.deviance.last().copied());
            continue;
        }
        let mean = predictions(&outside, &prepared, &step, options)?;
        let known: Vec<usize> = held.iter().copied().filter(|i| mean[*i].is_finite()).collect();
        let impossible =
            |i: &usize| family == Family::Poisson && mean[*i] == 0.0 && design.y[*i] > 0.0;
        let square = |i: &usize| given(*i) * (design.y[*i] - mean[*i]).powi(2);
        let deviance = |i: &usize| match family {
            Family::Gaussian => square(i),
            Family::Poisson => {
                2.0 * given(*i) * half_deviance(design.y[*i], mean[*i].ln(), mean[*i])
            }
        };
        let possible: Vec<usize> = known.iter().copied().filter(|i| !impossible(i)).collect();
        sums.rows = known.len();
        sums.unpredicted = held.len() - known.len();
        sums.infinite = known.len() - possible.len();
        sums.weight = known.iter().map(|i| given(*i)).sum();
        sums.deviance_weight = possible.iter().map(|i| given(*i)).sum();
        sums.squares.push(known.iter().map(square).sum());
        sums.deviance.push(possible.iter().map(deviance).sum());
        last = Some(step);
    }
    Ok(sums)
}

/// Fitted and predicted values of all rows at the coefficients of a step.
fn predictions(
    outside: &Design,
    prepared: &Prepared,
    step: &Step,
    options: &Options,
) -> Result<Vec<f64>, InputError> {
    let mut offset = outside.offset.clone().unwrap_or_else(|| vec![0.0; outside.y.len()]);
    for (name, b) in prepared.sample.names.iter().zip(&step.coefficients) {
        if let Some(x) = outside.x.iter().find(|x| x.name == *name) {
            offset.iter_mut().zip(&x.values).for_each(|(o, x)| *o += b * x);
        }
    }
    let effects = Design { x: Vec::new(), offset: Some(offset), ..outside.clone() };
    // A row alone in a level says nothing of β, but all there is of the level's effect.
    let plain = Options { vcov: Vcov::Iid, keep_singletons: true, ..options.clone() };
    let fitted = fit(&effects, prepared.family, &plain)?;
    let recovered = recover(&effects, &fitted, &RecoverOptions::default())?;
    Ok(predict(&fitted, &recovered, &effects)?.mean)
}
