//! Predictions for new rows from coefficients and recovered effects.
//!
//! ```text
//! η̂_i = o_i + x_i'β + Σ_q α_q[id_q(i)] + Σ_s γ_s[id_s(i)] z_s(i),   μ̂ = exp(η̂) or η̂
//! se(η̂_i) = √(x_i'V x_i)  with effects held fixed,   se(μ̂_i) = μ̂_i se(η̂_i) or se(η̂_i)
//! ```
//!
//! # Assumptions
//!
//! Levels are numbered as in the design of the fit; an id at or beyond its number of levels was not
//! in the data. Rows with a level that has no value cannot be predicted (NaN) and are listed; in
//! Poisson models a level whose rows were all separated predicts zero. With several components,
//! predictions across two of them depend on the normalisation: such rows are listed too and get NaN.
//!
//! The standard error is that of the part x'β: how the prediction moves with β while effects stay.
//! It is not the error of the prediction, which has that of the effects in it.

use super::design::Design;
use super::fit::Family;
use super::fitted::Fitted;
use super::recover::{EffectValues, LevelState, Recovered};
use super::sample::INTERCEPT;
use crate::outcome::{InputError, Note};
use serde::Serialize;

/// Predicted rows.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// η̂; NaN where a level has no value, −∞ where it is separated.
    pub linear: Vec<f64>,
    /// μ̂; NaN and zero there.
    pub mean: Vec<f64>,
    /// se(η̂) with effects held fixed.
    pub linear_error: Vec<f64>,
    /// se(μ̂) with effects held fixed.
    pub mean_error: Vec<f64>,
    /// Rows without a prediction and rows predicted zero, by reason.
    pub notes: Vec<Note>,
}

/// Predicts rows given as a design: regressors, effects, slopes and offset are read, the outcome is
/// not.
///
/// # Errors
///
/// [`InputError::Setting`] when a regressor, effect or slope of the fit is missing from `rows`;
/// [`InputError::Length`] when columns differ in length.
pub fn predict(
    fitted: &Fitted,
    recovered: &Recovered,
    rows: &Design,
) -> Result<Prediction, InputError> {
    let n = length(rows)?;
    let fit = &fitted.fit;
    let missing = |kind: &str, name: &str| InputError::Setting {
        what: format!("{kind} of the new rows"),
        expected: format!("`{name}`"),
        got: "none of that name".into(),
        remedy: "build the new rows with the formula of the fit".into(),
    };
    let mut linear = rows.offset.clone().unwrap_or_else(|| vec![0.0; n]);
    let ones = vec![1.0; n];
    let mut x: Vec<&[f64]> = Vec::new();
    for (name, b) in fit.names.iter().zip(&fit.coefficients) {
        let column: &[f64] = match rows.x.iter().find(|x| x.name == *name) {
            Some(x) => &x.values,
            None if name == INTERCEPT => &ones,
            None => return Err(missing("regressors", name)),
        };
        linear.iter_mut().zip(column).for_each(|(l, x)| *l += b * x);
        x.push(column);
    }
    let mut state = vec![RowState::Known(None); n];
    for e in &recovered.effects {
        let Some(f) = rows.effects.iter().find(|f| f.name == e.name) else {
            return Err(missing("effects", &e.name));
        };
        add(e, &f.ids, |_| 1.0, &mut linear, &mut state);
    }
    for e in &recovered.slopes {
        let named = |s: &&super::design::Slope| {
            s.factor.name == e.name && Some(&s.variable.name) == e.variable.as_ref()
        };
        let Some(s) = rows.slopes.iter().find(named) else {
            return Err(missing("slopes", &e.name));
        };
        add(e, &s.factor.ids, |i| s.variable.values[i], &mut linear, &mut state);
    }
    let poisson = fit.family == Family::Poisson;
    for (l, s) in linear.iter_mut().zip(&state) {
        match s {
            RowState::Known(_) => {}
            RowState::Separated if poisson => *l = f64::NEG_INFINITY,
            _ => *l = f64::NAN,
        }
    }
    let mean: Vec<f64> = linear.iter().map(|l| if poisson { l.exp() } else { *l }).collect();
    let k = x.len();
    let linear_error: Vec<f64> = (0..n)
        .map(|i| {
            if !linear[i].is_finite() {
                return f64::NAN;
            }
            let entry = |(a, b): (usize, usize)| x[a][i] * fit.covariance[a * k + b] * x[b][i];
            let pairs = (0..k).flat_map(|a| (0..k).map(move |b| (a, b)));
            pairs.map(entry).sum::<f64>().max(0.0).sqrt()
        })
        .collect();
    let mean_error = (0..n)
        .map(|i| match state[i] {
            RowState::Separated if poisson => 0.0,
            _ => linear_error[i] * if poisson { mean[i] } else { 1.0 },
        })
        .collect();
    Ok(Prediction { linear, mean, linear_error, mean_error, notes: notes(&state, poisson) })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum RowState {
    /// With the component of its levels so far.
    Known(Option<u32>),
    Separated,
    Across,
    Unseen,
}

fn add(
    e: &EffectValues,
    ids: &[u32],
    z: impl Fn(usize) -> f64,
    linear: &mut [f64],
    state: &mut [RowState],
) {
    for (i, id) in ids.iter().enumerate() {
        let id = *id as usize;
        match e.state.get(id) {
            Some(LevelState::Used) => {
                linear[i] += z(i) * e.values[id];
                if let RowState::Known(before) = state[i] {
                    let own = e.component[id];
                    state[i] = match before {
                        Some(c) if Some(c) != own => RowState::Across,
                        _ => RowState::Known(own),
                    };
                }
            }
            // A zero is a zero whatever the other levels are.
            Some(LevelState::Separated) => state[i] = RowState::Separated,
            _ if state[i] != RowState::Separated => state[i] = RowState::Unseen,
            _ => {}
        }
    }
}

fn length(rows: &Design) -> Result<usize, InputError> {
    let x = rows.x.iter().map(|x| (&x.name, x.values.len()));
    let f = rows.effects.iter().map(|f| (&f.name, f.ids.len()));
    let s = rows.slopes.iter().map(|s| (&s.variable.name, s.variable.values.len()));
    let g = rows.slopes.iter().map(|s| (&s.factor.name, s.factor.ids.len()));
    let offset = "offset".to_owned();
    let o = rows.offset.iter().map(|o| (&offset, o.len()));
    let mut expected = None;
    for (name, got) in x.chain(f).chain(s).chain(g).chain(o) {
        let expected = *expected.get_or_insert(got);
        if got != expected {
            return Err(InputError::Length { what: format!("`{name}`"), expected, got });
        }
    }
    Ok(expected.unwrap_or(rows.y.len()))
}

fn notes(state: &[RowState], poisson: bool) -> Vec<Note> {
    let separated = if poisson {
        "have a level whose outcomes were all zero or separated: predicted zero"
    } else {
        "have a level without rows in the fit: no prediction"
    };
    let kinds: [(RowState, &'static str, &str); 3] = [
        (
            RowState::Unseen,
            "level_not_in_fit",
            "have a level without rows in the fit: no prediction",
        ),
        (RowState::Separated, "separated_level", separated),
        (
            RowState::Across,
            "across_components",
            "join levels that the data never connect: no prediction",
        ),
    ];
    let mut notes = Vec::new();
    for (kind, code, text) in kinds {
        let rows: Vec<usize> = (0..state.len()).filter(|i| state[*i] == kind).collect();
        if !rows.is_empty() {
            let message = format!("{} rows {text}", rows.len());
            notes.push(Note { code, message, count: rows.len(), rows });
        }
    }
    notes
}
