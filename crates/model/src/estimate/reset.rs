//! RESET: does a power of the linear predictor still explain the outcome?
//!
//! ```text
//! η̂_i = o_i + x_i'b + Σ_q a_q[id_q(i)],   z = (η̂ - mean) / sd
//! refit with z² (and z³ …) among the regressors; test that their coefficients are zero
//! ```
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | η̂ | [`Fitted::eta`] | n |
//! | z | | n, no unit |
//!
//! # Assumptions
//!
//! Where the model spans a constant and has no offset, z² and η̂² give the same test, because 1 and η̂
//! are combinations of what is in the model already. Standardising matters: η̂² of a gravity equation
//! reaches the hundreds, and a small coefficient on it overflows the exponential. Otherwise η̂ is
//! divided by its largest absolute value and not centred. Rows are those of the first fit.
//!
//! # Cost
//!
//! One more fit.
//!
//! Source: Ramsey (1969), JRSS B 31; Santos Silva and Tenreyro (2006), Review of Economics and
//! Statistics 88, section V, for gravity, with robust errors.

use super::design::{Design, Factor, Regressor, Slope};
use super::fit::{Family, Fit};
use super::fitted::Fitted;
use super::options::Options;
use super::wald::JointTest;
use super::{ols, ppml};
use crate::outcome::{InputError, Status};
use serde::{Deserialize, Serialize};

/// The result of a RESET test.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reset {
    /// The joint test of the added powers.
    pub test: JointTest,
    /// Names of the powers added, such as `index^2`.
    pub added: Vec<String>,
    /// The model with the powers, in the original rows; its status is that of the test.
    pub fit: Fit,
}

/// Tests the form of a fitted model by powers of its linear predictor, from 2 up to `highest`.
///
/// Equation, notation, assumptions and sources are in the [module's text](self). `fitted` must come
/// from `design`; the errors are those of `options.vcov` and `options.small_sample`.
///
/// # Errors
///
/// [`InputError::Setting`] for `highest` below 2 or above 4; [`InputError::Undefined`] when the
/// powers are collinear with the model, as in one that has a level for every cell, or when the model
/// with them did not converge; otherwise as [`ppml()`](super::ppml::ppml).
pub fn reset(
    design: &Design,
    fitted: &Fitted,
    options: &Options,
    highest: u32,
) -> Result<Reset, InputError> {
    if !(2..=4).contains(&highest) {
        return Err(InputError::Setting {
            what: "highest power of the RESET test".into(),
            expected: "2, 3 or 4".into(),
            got: highest.to_string(),
            remedy: "2 is the usual choice".into(),
        });
    }
    let index = standardised(fitted, design);
    let mut extended = restricted_to(design, &fitted.rows);
    let mut added = Vec::new();
    for power in 2..=highest {
        let mut name = format!("index^{power}");
        while extended.x.iter().any(|x| x.name == name) {
            name.push('\'');
        }
        let values = index.iter().map(|z| z.powi(power as i32)).collect();
        extended.x.push(Regressor { name: name.clone(), values });
        added.push(name);
    }
    let mut fit = match fitted.fit.family {
        Family::Poisson => ppml::ppml(&extended, options)?,
        Family::Gaussian => ols::ols(&extended, options)?,
    };
    let undefined = |reason: String, remedy: &str| InputError::Undefined {
        what: "RESET test".into(),
        reason,
        remedy: remedy.into(),
    };
    if let Some(lost) = added.iter().find(|n| fit.position(n).is_none()) {
        let reason = format!("{lost} is collinear with the model");
        return Err(undefined(reason, "the model fits every cell its regressors tell apart"));
    }
    if fit.status != Status::Converged {
        let reason = format!("the model with the powers ended with {:?}", fit.status);
        return Err(undefined(reason, "see why the model itself is hard to fit"));
    }
    let names: Vec<&str> = added.iter().map(String::as_str).collect();
    let test = fit.test_zero(&names)?;
    // Positions in the design, not among the rows used.
    let mut values = vec![f64::NAN; design.y.len()];
    for (i, row) in fitted.rows.iter().enumerate() {
        values[*row] = fit.fitted[i];
    }
    fit.rows = fit.rows.iter().map(|i| fitted.rows[*i]).collect();
    fit.rows.sort_unstable();
    fit.fitted = values;
    fit.n_input = design.y.len();
    for note in &mut fit.notes {
        note.rows.iter_mut().for_each(|i| *i = fitted.rows[*i]);
    }
    Ok(Reset { test, added, fit })
}

fn standardised(fitted: &Fitted, design: &Design) -> Vec<f64> {
    let n = fitted.eta.len() as f64;
    let spans = design.constant || !design.effects.is_empty();
    let mean =
        if spans && design.offset.is_none() { fitted.eta.iter().sum::<f64>() / n } else { 0.0 };
    let scale = if mean == 0.0 {
        fitted.eta.iter().fold(0.0f64, |a, e| a.max(e.abs()))
    } else {
        (fitted.eta.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / n).sqrt()
    };
    let scale = if scale > 0.0 { scale } else { 1.0 };
    fitted.eta.iter().map(|e| (e - mean) / scale).collect()
}

/// The design on some of its rows, in that order.
pub(super) fn restricted_to(design: &Design, rows: &[usize]) -> Design {
    let gather = |v: &[f64]| -> Vec<f64> { rows.iter().map(|i| v[*i]).collect() };
    let column = |x: &Regressor| Regressor { name: x.name.clone(), values: gather(&x.values) };
    let factor = |f: &Factor| Factor {
        name: f.name.clone(),
        ids: rows.iter().map(|i| f.ids[*i]).collect(),
        levels: f.levels,
    };
    Design {
        outcome: design.outcome.clone(),
        y: gather(&design.y),
        x: design.x.iter().map(column).collect(),
        constant: design.constant,
        effects: design.effects.iter().map(factor).collect(),
        slopes: design
            .slopes
            .iter()
            .map(|s| Slope { factor: factor(&s.factor), variable: column(&s.variable) })
            .collect(),
        clusters: design.clusters.iter().map(factor).collect(),
        weights: design.weights.as_deref().map(gather),
        weight_kind: design.weight_kind,
        offset: design.offset.as_deref().map(gather),
    }
}
