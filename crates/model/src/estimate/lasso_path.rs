//! The penalised model at one λ or along a path, on rows and columns prepared once.

use serde::Serialize;

use super::collinearity;
use super::descent::{Descent, Gaussian, Stand, Weights, descend};
use super::design::{Design, Factor};
use super::family::Poisson;
use super::fit::{Collinear, Family};
use super::fitted::Fitted;
use super::least_squares::{Factorised, axpy, dot, norm, sum_rows};
use super::ols::ols_fitted;
use super::options::{Options, Vcov};
use super::ppml::{half_deviance, ppml_fitted};
use super::sample::{INTERCEPT, Sample};
use crate::outcome::{InputError, Status};

/// The penalised model at one λ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// λ.
    pub lambda: f64,
    /// Coefficients, free ones first.
    pub coefficients: Vec<f64>,
    /// φ, 0 where free.
    pub loadings: Vec<f64>,
    /// Scores per unit of T.
    pub scores: Vec<f64>,
    /// Penalised regressors that are not zero.
    pub count: usize,
    /// Deviance (Poisson) or residual sum of squares.
    pub deviance: f64,
    /// Largest distance from the conditions of the minimum, as in [`Lasso`](super::lasso::Lasso).
    pub kkt: f64,
    /// Steps of the descent.
    pub iterations: usize,
    /// Root mean square of the last step.
    pub gradient_norm: f64,
    /// How the descent ended.
    pub status: Status,
}

/// Rows and columns of the penalised model, with the model without penalised regressors.
pub(super) struct Prepared {
    pub family: Family,
    options: Options,
    pub sample: Sample,
    /// In the order of the sample.
    pub penalised: Vec<bool>,
    pub collinear: Vec<Collinear>,
    /// T.
    pub total: f64,
    /// The model without penalised regressors.
    pub base: Fitted,
    /// Its η and coefficients in the order of the sample, with the regressors absorbed under it.
    null: Stand,
    /// Scores and standard deviations there.
    null_scores: Vec<f64>,
    null_spread: Vec<f64>,
    /// What one is in η: 1, or the spread of the residuals of least squares.
    unit: f64,
}

/// Fits without penalty.
pub(super) fn fit(
    design: &Design,
    family: Family,
    options: &Options,
) -> Result<Fitted, InputError> {
    match family {
        Family::Poisson => ppml_fitted(design, options),
        Family::Gaussian => ols_fitted(design, options),
    }
}

/// The design with the free regressors first, and an estimated constant as an effect with one level,
/// so that it is taken out of the penalised regressors.
fn ordered(design: &Design, penalised: &[bool]) -> (Design, usize) {
    let of = |wanted: bool| {
        design.x.iter().zip(penalised).filter(move |(_, p)| **p == wanted).map(|(x, _)| x.clone())
    };
    let x: Vec<_> = of(false).chain(of(true)).collect();
    let mut effects = design.effects.clone();
    if effects.is_empty() && design.constant {
        effects.push(Factor { name: INTERCEPT.into(), ids: vec![0; design.y.len()], levels: 1 });
    }
    let free = penalised.iter().filter(|p| !**p).count();
    (Design { x, effects, ..design.clone() }, free)
}

impl Prepared {
    pub fn new(
        design: &Design,
        penalised: &[bool],
        family: Family,
        options: &Options,
    ) -> Result<Self, InputError> {
        let (ordered, free) = ordered(design, penalised);
        let without = Design { x: ordered.x[..free].to_vec(), ..ordered.clone() };
        if without.x.is_empty() && without.effects.is_empty() && without.slopes.is_empty() {
            return Err(InputError::Empty {
                what: "the model without penalised regressors".into(),
                remedy: "give a constant, a fixed effect or a regressor that is not penalised"
                    .into(),
            });
        }
        let plain = Options { vcov: Vcov::Iid, ..options.clone() };
        let base = fit(&without, family, &plain)?;
        let mut keep = vec![false; design.y.len()];
        base.rows.iter().for_each(|i| keep[*i] = true);
        let mut sample = Sample::new(&ordered, &keep, options.road);
        let (mut collinear, mut x, _) = collinearity::drop_collinear(&mut sample, options);
        // Free regressors may turn out collinear under the fitted weights only.
        for left_out in &base.fit.collinear {
            if let Some(at) = sample.names.iter().position(|n| *n == left_out.name) {
                sample.drop_columns(&[at]);
                x.remove(at);
                collinear.insert(0, left_out.clone());
            }
        }
        let penalised: Vec<bool> = sample
            .names
            .iter()
            .map(|name| ordered.x[free..].iter().any(|x| x.name == *name))
            .collect();
        if !penalised.contains(&true) {
            return Err(InputError::Empty {
                what: "penalised regressors".into(),
                remedy: "the fixed effects reproduce all of them: use fewer effects".into(),
            });
        }
        let eta = in_order(&base, &base.eta, &sample, design.y.len());
        let working = in_order(&base, &base.working, &sample, design.y.len());
        let u = in_order(&base, &base.residual, &sample, design.y.len());
        let mut absorber = sample.absorber(options.max_absorb_iterations);
        absorber.weigh(&working);
        let _ = absorber.demean_all(&mut x, options.absorb_tolerance());
        drop(absorber);
        let ones = vec![1.0; sample.n()];
        let weight: f64 = working.iter().sum();
        let total = match family {
            Family::Poisson => dot(&sample.w, &sample.y, &ones),
            Family::Gaussian => sample.w.iter().sum(),
        };
        let coefficient =
            |name: &String| base.fit.position(name).map_or(0.0, |at| base.fit.coefficients[at]);
        let coefficients = sample.names.iter().map(coefficient).collect();
        let null_scores = x.iter().map(|x| dot(&ones, x, &u)).collect();
        let null_spread = x.iter().map(|x| norm(&working, x) / weight.sqrt()).collect();
        let unit = match family {
            Family::Poisson => 1.0,
            Family::Gaussian => (base.fit.deviance / total).sqrt().max(f64::MIN_POSITIVE),
        };
        Ok(Self {
            family,
            options: options.clone(),
            penalised,
            collinear,
            total,
            null: Stand { eta, coefficients, x },
            null_scores,
            null_spread,
            unit,
            base,
            sample,
        })
    }

    /// The smallest λ that selects nothing.
    pub fn largest(&self, standardise: bool) -> f64 {
        let one = vec![1.0; self.null_spread.len()];
        self.largest_with(if standardise { &self.null_spread } else { &one })
    }

    /// The smallest λ that selects nothing with these loadings.
    pub fn largest_with(&self, loadings: &[f64]) -> f64 {
        self.over_penalised(|j| (loadings[j] > 0.0).then(|| self.null_scores[j] / loadings[j]))
            / self.total
    }

    /// The largest absolute value over penalised regressors.
    fn over_penalised(&self, f: impl Fn(usize) -> Option<f64>) -> f64 {
        let columns = (0..self.penalised.len()).filter(|j| self.penalised[*j]);
        columns.filter_map(f).fold(0.0, |a: f64, b| a.max(b.abs()))
    }

    /// The model at each λ, given from the largest down; each starts from the last.
    pub fn path(&self, lambdas: &[f64], standardise: bool) -> Vec<Step> {
        let mut at = self.null.clone();
        let mut steps = Vec::new();
        for lambda in lambdas {
            let (step, stand) = self.at(*lambda, standardise, at);
            at = stand;
            steps.push(step);
        }
        steps
    }

    /// The model at one λ, from a start.
    pub fn at(&self, lambda: f64, standardise: bool, start: Stand) -> (Step, Stand) {
        let price = lambda * self.total;
        let weights = if standardise {
            Weights::Standardised { price, penalised: self.penalised.clone() }
        } else {
            let of = |p: &bool| if *p { price } else { 0.0 };
            Weights::Fixed(self.penalised.iter().map(of).collect())
        };
        self.descend(lambda, &weights, start)
    }

    /// The model with these loadings, from a start.
    pub fn with_loadings(&self, lambda: f64, loadings: &[f64], start: Stand) -> (Step, Stand) {
        let of = |(f, p): (&f64, &bool)| if *p { lambda * self.total * f } else { 0.0 };
        let weights = Weights::Fixed(loadings.iter().zip(&self.penalised).map(of).collect());
        let (mut step, stand) = self.descend(lambda, &weights, start);
        // Also where λ is zero, and without the rounding of the product.
        step.loadings = loadings.to_vec();
        (step, stand)
    }

    /// Where every descent may start: the model without penalised regressors.
    pub fn null(&self) -> Stand {
        self.null.clone()
    }

    fn descend(&self, lambda: f64, weights: &Weights, start: Stand) -> (Step, Stand) {
        let (sample, options) = (&self.sample, &self.options);
        let found = match self.family {
            Family::Poisson => {
                let log_mean = (self.total / sample.w.iter().sum::<f64>()).ln();
                descend(sample, options, (&Poisson { log_mean }, self.unit), weights, start)
            }
            Family::Gaussian => descend(sample, options, (&Gaussian, self.unit), weights, start),
        };
        let loadings = match weights {
            Weights::Standardised { penalised, .. } => {
                found.spread.iter().zip(penalised).map(|(s, p)| if *p { *s } else { 0.0 }).collect()
            }
            Weights::Fixed(_) => self.penalised.iter().map(|p| f64::from(u8::from(*p))).collect(),
        };
        let selected = |(b, p): &(&f64, &bool)| **p && **b != 0.0;
        let count = found.at.coefficients.iter().zip(&self.penalised).filter(selected).count();
        let step = Step {
            lambda,
            count,
            loadings,
            scores: found.scores.iter().map(|s| s / self.total).collect(),
            deviance: self.deviance(&found),
            kkt: self.kkt(&found),
            iterations: found.iterations,
            gradient_norm: found.gradient_norm,
            status: found.status,
            coefficients: found.at.coefficients.clone(),
        };
        (step, found.at)
    }

    /// Largest violation of the conditions of the minimum, in standard deviations, relative to the
    /// largest score of the model without penalised regressors.
    fn kkt(&self, found: &Descent) -> f64 {
        let spread = |j: usize| self.null_spread[j];
        let size =
            self.over_penalised(|j| (spread(j) > 0.0).then(|| self.null_scores[j] / spread(j)));
        let violation = |j: usize| {
            let (s, p, b) = (found.scores[j], found.penalties[j], found.at.coefficients[j]);
            if p > 0.0 && b == 0.0 { (s.abs() - p).max(0.0) } else { (s - p * b.signum()).abs() }
        };
        let all = (0..self.penalised.len()).filter(|j| spread(*j) > 0.0);
        let worst = all.map(|j| violation(j) / spread(j)).fold(0.0, f64::max);
        if size > 0.0 { worst / size } else { worst }
    }

    fn deviance(&self, found: &Descent) -> f64 {
        let s = &self.sample;
        let [sum] = sum_rows(s.n(), |rows| {
            let of = |i: usize| match self.family {
                Family::Poisson => {
                    2.0 * s.w[i] * half_deviance(s.y[i], found.at.eta[i], found.mu[i])
                }
                Family::Gaussian => s.w[i] * (s.y[i] - found.mu[i]).powi(2),
            };
            [rows.map(of).sum()]
        });
        sum
    }

    /// Names of the penalised regressors that are not zero.
    pub fn selected(&self, step: &Step) -> Vec<String> {
        let named = self.sample.names.iter().zip(&step.coefficients).zip(&self.penalised);
        named.filter(|((_, b), p)| **p && **b != 0.0).map(|((n, _), _)| n.clone()).collect()
    }

    /// The model without penalty on the free and the selected regressors.
    pub fn post(
        &self,
        design: &Design,
        penalised: &[bool],
        selected: &[String],
        options: &Options,
    ) -> Result<Fitted, InputError> {
        let stays =
            |(x, p): &(&super::design::Regressor, &bool)| !**p || selected.contains(&x.name);
        let x = design.x.iter().zip(penalised).filter(stays).map(|(x, _)| x.clone()).collect();
        fit(&Design { x, ..design.clone() }, self.family, options)
    }

    /// √(1/n Σ_c (Σ_{i in c} z̃_ij u_i)²) at a model without penalty.
    pub fn loadings_of(&self, at: &Fitted, cluster: Option<&Factor>, n_input: usize) -> Vec<f64> {
        let s = &self.sample;
        let w = in_order(at, &at.working, s, n_input);
        let u = in_order(at, &at.residual, s, n_input);
        self.loadings(&w, &u, cluster)
    }

    /// The same at a penalised model.
    pub fn loadings_at(&self, at: &Stand, cluster: Option<&Factor>) -> Vec<f64> {
        let s = &self.sample;
        let mean: Vec<f64> = match self.family {
            Family::Poisson => at.eta.iter().map(|e| e.exp()).collect(),
            Family::Gaussian => at.eta.clone(),
        };
        let u: Vec<f64> = (0..s.n()).map(|i| s.w[i] * (s.y[i] - mean[i])).collect();
        let w = match self.family {
            Family::Poisson => s.w.iter().zip(&mean).map(|(w, m)| w * m).collect(),
            Family::Gaussian => s.w.clone(),
        };
        self.loadings(&w, &u, cluster)
    }

    /// z̃ is without effects and free regressors, both under w.
    fn loadings(&self, w: &[f64], u: &[f64], cluster: Option<&Factor>) -> Vec<f64> {
        let s = &self.sample;
        let mut x = self.null.x.clone();
        let mut absorber = s.absorber(self.options.max_absorb_iterations);
        absorber.weigh(w);
        let _ = absorber.demean_all(&mut x, self.options.absorb_tolerance());
        let free = self.penalised.iter().take_while(|p| !**p).count();
        let (free, rest) = x.split_at_mut(free);
        let factorised = Factorised::new(w, free, &vec![0.0; free.len()]);
        let ids: Option<Vec<u32>> = cluster.map(|c| s.rows.iter().map(|i| c.ids[*i]).collect());
        let mut loadings = vec![0.0; free.len()];
        for x in rest {
            if !free.is_empty() {
                for (b, f) in factorised.solve(w, free, x).iter().zip(free.iter()) {
                    axpy(-b, f, x);
                }
            }
            let squares: f64 = match (&ids, cluster) {
                (Some(ids), Some(cluster)) => {
                    let mut sums = vec![0.0; cluster.levels];
                    for ((id, x), u) in ids.iter().zip(x.iter()).zip(u) {
                        sums[*id as usize] += x * u;
                    }
                    sums.iter().map(|s| s * s).sum()
                }
                _ => x.iter().zip(u).map(|(x, u)| (x * u) * (x * u)).sum(),
            };
            loadings.push((squares / s.n() as f64).sqrt());
        }
        loadings
    }
}

/// An array of a fit in the order of the sample; zero in rows that the fit does not have.
fn in_order(of: &Fitted, values: &[f64], sample: &Sample, n_input: usize) -> Vec<f64> {
    let mut all = vec![0.0; n_input];
    of.rows.iter().zip(values).for_each(|(i, v)| all[*i] = *v);
    sample.rows.iter().map(|i| all[*i]).collect()
}
