//! Structural-gravity potential: what trade would be at average costs, beside the indices.

use serde::{Deserialize, Serialize};

use super::bilateral::Bilateral;
use super::check_length;
use crate::estimate::design::{Design, Factor, Regressor};
use crate::estimate::{Options, ppml_fitted};
use crate::outcome::{InputError, Note, Status};

/// Whether one equation is fitted for all trade or one for each product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One equation for each product (the default).
    #[default]
    Product,
    /// One equation for trade of all products together.
    Total,
}

/// One fitted equation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct GravityPotential {
    /// Product, id from 0; none for all products together.
    pub product: Option<usize>,
    /// Fitted trade of each pair, places × places; none on the diagonal and where the equation
    /// has no answer.
    pub fitted: Vec<Option<f64>>,
    /// Name, coefficient and standard error of each covariate.
    pub coefficients: Vec<(String, f64, f64)>,
    /// How the iteration ended; not converged is no answer.
    pub status: Status,
    /// Pairs in use.
    pub n: usize,
    /// Pairs left out as separated or alone in a level.
    pub left_out: usize,
    /// Covariates that the effects or the others explain here: dropped.
    pub collinear: Vec<String>,
}

/// Fitted trade from Poisson with exporter and importer effects.
///
/// ```text
/// x_ijk = exp(π_ik + χ_jk + b_k' c_ij) ε_ijk      potential = the fitted value
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | c_ij | `covariates`, such as log distance | places × places each; not a number where not known |
/// | π, χ | exporter and importer effects | |
///
/// # Assumptions
///
/// Pairs without a row are zeros and take part. By the first-order conditions the fitted values
/// add up to the actual exports and imports of each place: a pair above its fitted value stands
/// against others below. Pairs without a covariate are left out.
///
/// # Result
///
/// One equation, or one for each product with trade.
///
/// # Errors
///
/// [`InputError::Length`] for a covariate of a wrong shape, [`InputError::Empty`] without
/// covariates or trade, [`InputError::Undefined`] for a covariate that is collinear in every
/// equation, and all that [`ppml_fitted`] refuses.
///
/// # Source
///
/// Santos Silva, Tenreyro 2006; Anderson, van Wincoop 2003; Fally 2015 for the adding up.
pub fn gravity_potential(
    table: &Bilateral,
    covariates: &[Regressor],
    level: Level,
    only: &[usize],
) -> Result<(Vec<GravityPotential>, Vec<Note>), InputError> {
    let n = table.places;
    if covariates.is_empty() {
        return Err(InputError::Empty {
            what: "covariates".into(),
            remedy: "name at least one, such as log distance".into(),
        });
    }
    for covariate in covariates {
        check_length(&covariate.name, n * n, covariate.values.len())?;
    }
    let known: Vec<usize> = (0..n * n)
        .filter(|at| at / n != at % n)
        .filter(|at| covariates.iter().all(|c| c.values[*at].is_finite()))
        .collect();
    let unknown = n * n.saturating_sub(1) - known.len();
    let mut notes = Vec::new();
    if unknown > 0 {
        notes.push(Note {
            code: "pairs_without_covariates",
            message: "pairs without a covariate were left out of the gravity equation".into(),
            count: unknown,
            rows: Vec::new(),
        });
    }
    let products: Vec<Option<usize>> = match level {
        Level::Total => vec![None],
        Level::Product => {
            let mut seen = vec![false; table.products];
            table.flows().iter().for_each(|flow| seen[flow.product] = true);
            let wanted = |k: &usize| seen[*k] && (only.is_empty() || only.contains(k));
            (0..table.products).filter(wanted).map(Some).collect()
        }
    };
    let fits = products
        .into_iter()
        .map(|product| fit(table, covariates, &known, product))
        .collect::<Result<Vec<_>, _>>()?;
    for covariate in covariates {
        notes.extend(dropped(&covariate.name, &fits)?);
    }
    Ok((fits, notes))
}

/// A covariate that moves nothing anywhere is refused, one that is dropped in places is noted.
fn dropped(name: &str, fits: &[GravityPotential]) -> Result<Option<Note>, InputError> {
    let without = fits.iter().filter(|fit| fit.collinear.iter().any(|other| other == name)).count();
    if without > 0 && without == fits.len() {
        return Err(InputError::Undefined {
            what: format!("the effect of {name}"),
            reason: "exporter and importer effects, or the other covariates, explain it fully"
                .into(),
            remedy: "leave it out: it would move no fitted value".into(),
        });
    }
    Ok((without > 0).then(|| Note {
        code: "gravity_collinear",
        message: format!(
            "{name} is dropped from {without} of {} gravity equations: effects or other covariates \
             explain it there",
            fits.len()
        ),
        count: without,
        rows: Vec::new(),
    }))
}

fn fit(
    table: &Bilateral,
    covariates: &[Regressor],
    known: &[usize],
    product: Option<usize>,
) -> Result<GravityPotential, InputError> {
    let n = table.places;
    let mut trade = vec![0.0; n * n];
    for flow in table.flows().iter().filter(|f| product.is_none_or(|k| f.product == k)) {
        trade[flow.origin * n + flow.destination] += flow.value;
    }
    let factor = |name: &str, id: fn(usize, usize) -> usize| Factor {
        name: name.into(),
        ids: known.iter().map(|at| id(*at, n) as u32).collect(),
        levels: n,
    };
    let design = Design {
        outcome: "trade".into(),
        y: known.iter().map(|at| trade[*at]).collect(),
        x: covariates
            .iter()
            .map(|c| Regressor {
                name: c.name.clone(),
                values: known.iter().map(|at| c.values[*at]).collect(),
            })
            .collect(),
        effects: vec![factor("origin", |at, n| at / n), factor("destination", |at, n| at % n)],
        ..Design::default()
    };
    let found = ppml_fitted(&design, &Options::default())?;
    let converged = found.fit.status == Status::Converged;
    let mut fitted = vec![None; n * n];
    if converged {
        for (row, mu) in found.rows.iter().zip(&found.mu) {
            fitted[known[*row]] = Some(*mu);
        }
    }
    let coefficients = found
        .fit
        .names
        .iter()
        .filter_map(|name| found.fit.coefficient(name).map(|(b, se)| (name.clone(), b, se)))
        .collect();
    Ok(GravityPotential {
        product,
        fitted,
        coefficients,
        status: found.fit.status,
        n: found.rows.len(),
        left_out: known.len() - found.rows.len(),
        collinear: found.fit.collinear.iter().map(|dropped| dropped.name.clone()).collect(),
    })
}
