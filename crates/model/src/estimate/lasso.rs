//! Lasso for models with absorbed effects: which of many regressors, such as the provisions of trade
//! agreements, move the outcome.
//!
//! ```text
//! min  Σ ω ℓ(y, η) + λ T Σ_j φ_j |β_j|,   η = x'γ + z'β + Σ_q α_q[id_q],   T = Σ ω y or Σ ω
//! ```
//!
//! The γ of regressors that are not penalised and the effects α are free. A penalised β_j is zero
//! exactly when its score is too small:
//!
//! ```text
//! |z̃_j'ω(y - μ)| <= λ T φ_j   if β_j = 0,     z̃_j'ω(y - μ) = λ T φ_j sign(β_j)   otherwise
//! ```
//!
//! | λ | φ_j |
//! | --- | --- |
//! | [`Penalty::Given`], [`Penalty::CrossValidated`] | standard deviation of z̃_j under the fitted weights, or 1 |
//! | [`Penalty::PlugIn`]: c √n Φ⁻¹(1 - g/(2k)) / T | √(1/n Σ_c (Σ_{i in c} z̃_ij u_i)²), u the residuals of the model on what is selected |
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | β | [`Lasso::coefficients`] | k |
//! | λ | [`Lasso::lambda`] | per unit of T, as in penppml and glmnet |
//! | φ | [`Lasso::loadings`] | k |
//! | z̃ | | columns with the effects absorbed under the fitted weights |
//! | c, g | [`PlugIn::slack`], [`PlugIn::gamma`] | |
//!
//! # Assumptions
//!
//! Rows that the effects and the free regressors separate are left out, as are singletons; a
//! penalised regressor separates nothing, its coefficient being finite. Regressors that effects or
//! earlier regressors reproduce are left out and named: of two that are always equal the first is
//! kept, and it then stands for both. What is selected is not known to be what causes; errors of the
//! model on the selected regressors do not know that they were selected.
//!
//! # Cost
//!
//! A fit at one λ is 5 to 10 steps of [`ppml`](mod@super::ppml) with all k columns; along a path each
//! starts from the last. The plug-in needs two to four fits; validation folds × values of λ.
//!
//! Source: Breinlich, Corradi, Rocha, Ruta, Santos Silva and Zylkin (2022), "Machine learning in
//! international trade research: evaluating the impact of trade agreements"; Belloni, Chernozhukov,
//! Hansen and Kozbur (2016), Journal of Business & Economic Statistics 34, for plug-in loadings by
//! cluster. The R package penppml settles what the papers leave open.

use serde::Serialize;

use super::design::Design;
use super::fit::{Collinear, Family, Fit};
use super::lasso_folds::{self, Folds, Validation};
use super::lasso_path::{Prepared, Step};
use super::lasso_plug_in;
use super::options::Options;
use super::sample::check;
use crate::outcome::{InputError, Note, Status};

/// How strong the penalty is.
#[derive(Debug, Clone, PartialEq)]
pub enum Penalty {
    /// These values of λ, in any order; the result is that of the smallest.
    Given(Vec<f64>),
    /// From theory: large enough that a regressor without effect is rarely selected.
    PlugIn(PlugIn),
    /// The value that predicts rows left out best.
    CrossValidated(CrossValidation),
}

/// Settings of the plug-in penalty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlugIn {
    /// g: how often at most, in large samples, any regressor without effect is selected. `None`:
    /// 0.1 / ln n, of Belloni and others (2016).
    pub gamma: Option<f64>,
    /// c: by how much λ exceeds the quantile. Default 1.1, of the same paper.
    pub slack: f64,
    /// Times that φ may be computed anew. Default 100; two to four suffice with post-lasso
    /// residuals, ten to thirty with those of the lasso. penppml stops at 15.
    pub rounds: usize,
    /// Whose residuals φ is computed from.
    pub residuals: Residuals,
}

/// Which model's residuals the loadings of the plug-in are computed from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Residuals {
    /// That on the selected regressors without penalty; default, as in Belloni and others (2016) and
    /// in penppml with `phipost`.
    #[default]
    PostLasso,
    /// The penalised model itself, as in penppml 0.2.
    Lasso,
}

impl Default for PlugIn {
    fn default() -> Self {
        Self { gamma: None, slack: 1.1, rounds: 100, residuals: Residuals::default() }
    }
}

/// Settings of cross-validation.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// Which rows are left out together.
    pub folds: Folds,
    /// Values of λ; empty: `grid` of them.
    pub lambdas: Vec<f64>,
    /// Values of λ, evenly spaced in logs from the smallest that selects nothing down to `reach` of
    /// it. Default 30.
    pub grid: usize,
    /// Default 1e-4, that of glmnet.
    pub reach: f64,
    /// What is least at the best λ.
    pub criterion: Criterion,
}

impl CrossValidation {
    /// The defaults with these folds.
    #[must_use]
    pub fn new(folds: Folds) -> Self {
        let criterion = Criterion::default();
        Self { folds, lambdas: Vec::new(), grid: 30, reach: 1e-4, criterion }
    }
}

/// What predictions are judged by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Root mean squared error; default, as in penppml. Large flows decide.
    #[default]
    Rmse,
    /// Mean deviance: that of the model, which weighs small flows more.
    Deviance,
}

/// Settings of [`lasso`].
#[derive(Debug, Clone, PartialEq)]
pub struct LassoOptions {
    /// How λ is found.
    pub penalty: Penalty,
    /// Whether φ_j is the standard deviation of z̃_j where λ is given or validated. Default yes, as
    /// in penppml: otherwise rare provisions are penalised more.
    pub standardise: bool,
}

impl Default for LassoOptions {
    fn default() -> Self {
        Self { penalty: Penalty::PlugIn(PlugIn::default()), standardise: true }
    }
}

/// A round of the plug-in penalty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Round {
    /// Regressors selected in it.
    pub selected: Vec<String>,
    /// Largest relative change of φ that it led to.
    pub change: f64,
}

/// What the plug-in penalty came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlugInFound {
    /// g.
    pub gamma: f64,
    /// c.
    pub slack: f64,
    /// Φ⁻¹(1 - g/(2k)).
    pub quantile: f64,
    /// n.
    pub rows: usize,
    /// k: penalised regressors that take part.
    pub regressors: usize,
    /// What the scores were summed by; `None`: each row is its own cluster.
    pub cluster: Option<String>,
    /// Rounds until what is selected stood.
    pub rounds: Vec<Round>,
}

/// What was selected.
///
/// # Notation
///
/// | symbol | field | shape |
/// | --- | --- | --- |
/// | γ, then β | `coefficients` | free, then penalised regressors |
/// | λ | `lambda` | |
/// | φ | `loadings` | 0 where free |
#[must_use]
#[derive(Debug, Clone, Serialize)]
pub struct Lasso {
    /// Poisson or Gaussian.
    pub family: Family,
    /// Regressors that take part: the free ones, then the penalised.
    pub names: Vec<String>,
    /// Which of them are penalised.
    pub penalised: Vec<bool>,
    /// Coefficients with the penalty: drawn towards zero.
    pub coefficients: Vec<f64>,
    /// φ.
    pub loadings: Vec<f64>,
    /// Score of each, z̃'ω(y - μ) / T: at most λ φ_j in absolute value where penalised.
    pub scores: Vec<f64>,
    /// λ.
    pub lambda: f64,
    /// Smallest λ that selects nothing, with the loadings of the model without penalised regressors.
    pub lambda_max: f64,
    /// T: sum of the outcome (Poisson) or of the weights (least squares), that λ is per unit of.
    pub total: f64,
    /// Names of the penalised regressors that are not zero.
    pub selected: Vec<String>,
    /// Largest distance from the conditions of the minimum, relative to the largest score, both in
    /// standard deviations, of the model without penalised regressors.
    pub kkt: f64,
    /// Every λ that was fitted, the largest first.
    pub path: Vec<Step>,
    /// How the plug-in found λ and φ.
    pub plug_in: Option<PlugInFound>,
    /// How predictions fared by λ.
    pub validation: Option<Validation>,
    /// The model on free and selected regressors without penalty. Its errors take the selection as
    /// given.
    pub post: Fit,
    /// Regressors that could not be told apart from effects or earlier ones.
    pub collinear: Vec<Collinear>,
    /// Rows given.
    pub n_input: usize,
    /// Rows that the penalised model used.
    pub n_used: usize,
    /// How it ended: as the last fit, or [`Status::NoProgress`] when what the plug-in selects never
    /// stood.
    pub status: Status,
    /// Advice.
    pub notes: Vec<Note>,
}

impl Lasso {
    /// Position of a regressor by name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }
}

/// Selects among penalised regressors.
///
/// `penalised` has one flag per regressor of the design. The model, notation, assumptions, cost and
/// sources are in the [module's text](self).
///
/// # Result
///
/// [`Status::Converged`] when the last step of every fit that the result rests on was below
/// `options.tolerance`; `kkt` says how well the conditions of the minimum hold.
///
/// # Errors
///
/// As [`check`]; [`InputError::Length`] for other than one flag per regressor; [`InputError::Empty`]
/// when nothing is penalised or nothing penalised varies within the effects; [`InputError::Setting`]
/// for a λ that is negative or not finite, a probability outside (0, 1), several ways of clustering,
/// fewer than two folds.
///
/// # Example
///
/// Two regressors, orthogonal to each other and to the constant; the one that explains more stays.
///
/// ```
/// use emporion_model::estimate::{Family, Options, design::{Design, Regressor}};
/// use emporion_model::estimate::lasso::{LassoOptions, Penalty, lasso};
/// let regressor = |name: &str, v: [f64; 4]| Regressor { name: name.into(), values: v.to_vec() };
/// let design = Design {
///     outcome: "y".into(),
///     y: vec![6.0, 4.0, 2.0, 0.0],
///     x: vec![regressor("a", [1., 1., -1., -1.]), regressor("b", [1., -1., -1., 1.])],
///     constant: true,
///     ..Design::default()
/// };
/// let how = LassoOptions { penalty: Penalty::Given(vec![1.0]), standardise: false };
/// let found =
///     lasso(&design, &[true, true], Family::Gaussian, &Options::default(), &how).unwrap();
/// assert_eq!(found.selected, ["a"]); // scores 2 and 0 per row
/// assert!((found.coefficients[0] - 1.0).abs() < 1e-12); // least squares has 2
/// assert!((found.post.coefficient("a").unwrap().0 - 2.0).abs() < 1e-12);
/// ```
pub fn lasso(
    design: &Design,
    penalised: &[bool],
    family: Family,
    options: &Options,
    how: &LassoOptions,
) -> Result<Lasso, InputError> {
    check(design, family, options)?;
    check_penalty(design, penalised, how)?;
    let prepared = Prepared::new(design, penalised, family, options)?;
    let mut validation = None;
    let mut plug_in = None;
    let mut notes = Vec::new();
    let mut status = Status::Converged;
    let lambda_max = prepared.largest(how.standardise);
    let path = match &how.penalty {
        Penalty::Given(lambdas) => prepared.path(&decreasing(lambdas), how.standardise),
        Penalty::PlugIn(settings) => {
            let (step, found, standing) =
                lasso_plug_in::run(&prepared, design, penalised, options, settings)?;
            if !standing {
                status = Status::NoProgress;
                notes.push(Note {
                    code: "selection_moves",
                    message: format!(
                        "what is selected still changed after {} rounds: no penalty is consistent \
                         with what it selects",
                        found.rounds.len()
                    ),
                    count: found.rounds.len(),
                    rows: Vec::new(),
                });
            }
            plug_in = Some(found);
            vec![step]
        }
        Penalty::CrossValidated(settings) => {
            let lambdas = match settings.lambdas.is_empty() {
                true => grid(lambda_max, settings.grid, settings.reach),
                false => decreasing(&settings.lambdas),
            };
            let found = lasso_folds::validate(
                design,
                penalised,
                (family, options),
                (settings, &lambdas, how.standardise),
            )?;
            notes.extend(found.notes.iter().cloned());
            let best = lambdas.partition_point(|l| *l > found.best);
            validation = Some(found);
            prepared.path(&lambdas[..=best], how.standardise)
        }
    };
    let Some(last) = path.last().cloned() else {
        return Err(InputError::Empty {
            what: "values of λ".into(),
            remedy: "give at least one".into(),
        });
    };
    if status == Status::Converged {
        status = last.status;
    }
    let selected = prepared.selected(&last);
    let post = prepared.post(design, penalised, &selected, options)?.fit;
    if post.status != Status::Converged && status == Status::Converged {
        status = post.status;
    }
    if post.n_used != prepared.sample.n() {
        notes.push(Note {
            code: "post_rows",
            message: format!(
                "{} rows take part in the penalised model and {} in that on the selected \
                 regressors, which separate the others",
                prepared.sample.n(),
                post.n_used
            ),
            count: prepared.sample.n().abs_diff(post.n_used),
            rows: Vec::new(),
        });
    }
    Ok(Lasso {
        family,
        names: prepared.sample.names.clone(),
        penalised: prepared.penalised.clone(),
        loadings: last.loadings.clone(),
        scores: last.scores.clone(),
        coefficients: last.coefficients.clone(),
        lambda: last.lambda,
        lambda_max: match (&plug_in, last.lambda > 0.0) {
            (Some(_), true) => prepared.largest_with(&last.loadings),
            _ => lambda_max,
        },
        total: prepared.total,
        selected,
        kkt: last.kkt,
        path,
        plug_in,
        validation,
        post,
        collinear: prepared.collinear.clone(),
        n_input: design.y.len(),
        n_used: prepared.sample.n(),
        status,
        notes,
    })
}

fn check_penalty(
    design: &Design,
    penalised: &[bool],
    how: &LassoOptions,
) -> Result<(), InputError> {
    if penalised.len() != design.x.len() {
        return Err(InputError::Length {
            what: "penalised".into(),
            expected: design.x.len(),
            got: penalised.len(),
        });
    }
    if !penalised.contains(&true) {
        return Err(InputError::Empty {
            what: "penalised regressors".into(),
            remedy: "say which regressors are to be selected from".into(),
        });
    }
    let setting = |what: &str, expected: &str, got: String, remedy: &str| {
        Err(InputError::Setting {
            what: what.into(),
            expected: expected.into(),
            got,
            remedy: remedy.into(),
        })
    };
    let lambdas: &[f64] = match &how.penalty {
        Penalty::Given(lambdas) => lambdas,
        Penalty::CrossValidated(settings) => &settings.lambdas,
        Penalty::PlugIn(_) => &[],
    };
    if let Some(bad) = lambdas.iter().find(|l| !(l.is_finite() && **l >= 0.0)) {
        let remedy = "a larger number selects less; 0 penalises nothing";
        return setting("lambda", "a number of zero or more", bad.to_string(), remedy);
    }
    match &how.penalty {
        Penalty::Given(lambdas) if lambdas.is_empty() => Err(InputError::Empty {
            what: "values of lambda".into(),
            remedy: "give at least one".into(),
        }),
        Penalty::Given(_) => Ok(()),
        Penalty::PlugIn(settings) => {
            if let Some(g) = settings.gamma.filter(|g| !(*g > 0.0 && *g < 1.0)) {
                return setting("gamma", "a number between 0 and 1", g.to_string(), "try 0.1");
            }
            if !(settings.slack.is_finite() && settings.slack > 0.0) || settings.rounds == 0 {
                let got = format!("{} and {}", settings.slack, settings.rounds);
                return setting("slack and rounds", "above zero", got, "leave them at 1.1 and 100");
            }
            if design.clusters.len() > 1 {
                let got = format!("{} ways", design.clusters.len());
                let remedy = "give one column, or a combination such as origin^destination";
                return setting("clusters of the plug-in penalty", "one way", got, remedy);
            }
            Ok(())
        }
        Penalty::CrossValidated(settings) => {
            if settings.folds.ids.len() != design.y.len() {
                return Err(InputError::Length {
                    what: "folds".into(),
                    expected: design.y.len(),
                    got: settings.folds.ids.len(),
                });
            }
            if settings.folds.count() < 2 {
                let got = settings.folds.count().to_string();
                let remedy = "name a column with more values, such as the agreement or the pair";
                return setting("folds", "at least 2", got, remedy);
            }
            if settings.lambdas.is_empty()
                && (settings.grid < 2 || !(settings.reach > 0.0 && settings.reach < 1.0))
            {
                let got = format!("{} down to {}", settings.grid, settings.reach);
                let expected = "two values or more, down to a share below 1";
                return setting("grid of lambda", expected, got, "leave it at 30 and 1e-4");
            }
            Ok(())
        }
    }
}

/// The largest first, each once.
fn decreasing(lambdas: &[f64]) -> Vec<f64> {
    let mut sorted = lambdas.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted.dedup();
    sorted
}

fn grid(largest: f64, count: usize, reach: f64) -> Vec<f64> {
    let at = |i: usize| largest * reach.powf(i as f64 / (count - 1) as f64);
    decreasing(&(0..count).map(at).collect::<Vec<f64>>())
}
