//! The iceberg step: which of the regressors that were not selected each selected one may stand for.
//!
//! ```text
//! min  ½ Σ ω (z_s - a - Z_N b)² + λ T Σ_j φ_j |b_j|    for every selected s, N: not selected
//! ```
//!
//! A provision that is selected may be the tip of an iceberg: others that go with it in the same
//! agreements would have served as well. Those with b ≠ 0 are below the water.
//!
//! # Assumptions
//!
//! Only rows in which some penalised regressor is not zero take part, such as those of pairs with an
//! agreement: elsewhere zeros would be explained by zeros. Loadings by cluster where there is one,
//! and from centred regressors.
//!
//! Source: Breinlich and others (2022), section 3.3. penppml takes rows as given, loadings without
//! clusters and from regressors that are not centred.

use serde::Serialize;

use super::design::Design;
use super::fit::Family;
use super::lasso::{Lasso, LassoOptions, Penalty, PlugIn, lasso};
use super::options::{Options, Vcov};
use crate::outcome::{InputError, Status};

/// A regressor below the water.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Below {
    /// Its name.
    pub name: String,
    /// b, drawn towards zero.
    pub coefficient: f64,
    /// Correlation with the selected regressor in the rows that take part.
    pub correlation: f64,
}

/// A selected regressor and what it may stand for.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Iceberg {
    /// The selected regressor.
    pub tip: String,
    /// Regressors that predict it.
    pub below: Vec<Below>,
    /// Rows that took part.
    pub rows: usize,
    /// How the lasso ended.
    pub status: Status,
}

/// Explains every selected regressor of a lasso by those not selected.
///
/// The model, assumptions and source are in the [module's text](self). A selected regressor without
/// variation in the rows that take part has nothing below.
///
/// # Errors
///
/// As [`lasso`].
pub fn iceberg(
    design: &Design,
    penalised: &[bool],
    found: &Lasso,
    options: &Options,
    settings: &PlugIn,
) -> Result<Vec<Iceberg>, InputError> {
    let columns: Vec<_> =
        design.x.iter().zip(penalised).filter(|(_, p)| **p).map(|(x, _)| x).collect();
    let n = design.y.len();
    let given = |i: usize| design.weights.as_ref().map_or(1.0, |w| w[i]);
    let weights: Vec<f64> = (0..n)
        .map(|i| if columns.iter().any(|x| x.values[i] != 0.0) { given(i) } else { 0.0 })
        .collect();
    let rest: Vec<_> = columns
        .iter()
        .filter(|x| !found.selected.contains(&x.name))
        .map(|x| (*x).clone())
        .collect();
    let mut icebergs = Vec::new();
    for tip in columns.iter().filter(|x| found.selected.contains(&x.name)) {
        let rows = weights.iter().filter(|w| **w > 0.0).count();
        let mut iceberg =
            Iceberg { tip: tip.name.clone(), below: Vec::new(), rows, status: Status::Converged };
        let varies = rest.iter().any(|x| correlation(&weights, &x.values, &tip.values).is_some());
        if varies {
            let of = Design {
                outcome: tip.name.clone(),
                y: tip.values.clone(),
                x: rest.clone(),
                constant: true,
                effects: Vec::new(),
                slopes: Vec::new(),
                offset: None,
                clusters: design.clusters.clone(),
                weights: Some(weights.clone()),
                weight_kind: design.weight_kind,
            };
            let how = LassoOptions { penalty: Penalty::PlugIn(*settings), standardise: false };
            let plain = Options { vcov: Vcov::Iid, ..options.clone() };
            let all = vec![true; rest.len()];
            let explained = lasso(&of, &all, Family::Gaussian, &plain, &how)?;
            iceberg.status = explained.status;
            for name in &explained.selected {
                let at = explained.position(name);
                let x = rest.iter().find(|x| x.name == *name);
                let (Some(at), Some(x)) = (at, x) else { continue };
                iceberg.below.push(Below {
                    name: name.clone(),
                    coefficient: explained.coefficients[at],
                    correlation: correlation(&weights, &x.values, &tip.values).unwrap_or(f64::NAN),
                });
            }
        }
        icebergs.push(iceberg);
    }
    Ok(icebergs)
}

/// Weighted correlation; `None` where one of the two does not vary.
fn correlation(w: &[f64], a: &[f64], b: &[f64]) -> Option<f64> {
    let total: f64 = w.iter().sum();
    let mean = |v: &[f64]| w.iter().zip(v).map(|(w, v)| w * v).sum::<f64>() / total;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product = |p: &[f64], mean_p: f64, q: &[f64], mean_q: f64| -> f64 {
        w.iter().zip(p.iter().zip(q)).map(|(w, (p, q))| w * (p - mean_p) * (q - mean_q)).sum()
    };
    let (aa, bb) = (product(a, mean_a, a, mean_a), product(b, mean_b, b, mean_b));
    (aa > 0.0 && bb > 0.0).then(|| product(a, mean_a, b, mean_b) / (aa * bb).sqrt())
}
