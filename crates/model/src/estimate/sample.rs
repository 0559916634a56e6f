//! The rows that take part, checked, compact and in the order of the largest effect.

use super::design::{Design, Factor};
use super::fit::Family;
use super::options::{Options, Vcov};
use crate::outcome::InputError;

/// Name of the constant among the coefficients.
pub const INTERCEPT: &str = "(Intercept)";

/// Refuses designs that cannot mean anything.
///
/// # Errors
///
/// [`InputError::Empty`] without rows or without anything to estimate; [`InputError::Length`] for
/// arrays of another length than the outcome; [`InputError::Value`] for the first value that is
/// missing, infinite, or negative where it must not be; [`InputError::Setting`] for ids beyond
/// their levels, clustered errors without clusters, options out of range.
pub fn check(design: &Design, family: Family, options: &Options) -> Result<(), InputError> {
    let n = design.y.len();
    let outcome = format!("outcome `{}`", design.outcome);
    if n == 0 {
        return Err(InputError::Empty {
            what: outcome,
            remedy: "no row is left: check filters and missing values".into(),
        });
    }
    if design.x.is_empty() && design.effects.is_empty() && !design.constant {
        return Err(InputError::Empty {
            what: "right-hand side".into(),
            remedy: "give a regressor, a constant or a fixed effect".into(),
        });
    }
    let missing = "drop rows with missing or infinite values first, and count them";
    finite(&outcome, &design.y, missing)?;
    if family == Family::Poisson {
        not_negative(&outcome, &design.y, "the Poisson model needs an outcome of zero or more")?;
        if design.y.iter().all(|v| *v == 0.0) {
            return Err(InputError::Empty {
                what: format!("{outcome}: every value is zero"),
                remedy: "the Poisson model needs at least one positive value".into(),
            });
        }
    }
    for x in &design.x {
        let what = format!("regressor `{}`", x.name);
        length(&what, n, x.values.len())?;
        finite(&what, &x.values, missing)?;
    }
    if let Some(w) = &design.weights {
        length("weights", n, w.len())?;
        finite("weights", w, missing)?;
        not_negative("weights", w, "weights are zero or more")?;
        if w.iter().all(|v| *v == 0.0) {
            return Err(InputError::Empty {
                what: "weights: every value is zero".into(),
                remedy: "give at least one row a positive weight".into(),
            });
        }
    }
    if let Some(o) = &design.offset {
        length("offset", n, o.len())?;
        finite("offset", o, missing)?;
    }
    for f in design.effects.iter().chain(&design.clusters) {
        let what = format!("factor `{}`", f.name);
        length(&what, n, f.ids.len())?;
        if let Some(row) = f.ids.iter().position(|id| *id as usize >= f.levels) {
            return Err(InputError::Setting {
                what: format!("{what}, row {row}"),
                expected: format!("an id below {}", f.levels),
                got: f.ids[row].to_string(),
                remedy: "number the levels from 0 without gaps in `levels`".into(),
            });
        }
    }
    if options.vcov == Vcov::Cluster && design.clusters.is_empty() {
        return Err(InputError::Setting {
            what: "clustered errors".into(),
            expected: "at least one cluster factor".into(),
            got: "none".into(),
            remedy: "name the clusters, or ask for robust errors".into(),
        });
    }
    // Inclusion and exclusion visits every subset of the dimensions.
    if design.clusters.len() > 8 {
        return Err(InputError::Setting {
            what: "cluster dimensions".into(),
            expected: "at most 8".into(),
            got: design.clusters.len().to_string(),
            remedy: "combine some of them".into(),
        });
    }
    for (what, value) in [
        ("tolerance", options.tolerance),
        ("collinearity_tolerance", options.collinearity_tolerance),
    ] {
        if !(value > 0.0 && value < 0.1) {
            return Err(InputError::Setting {
                what: what.into(),
                expected: "a number between 0 and 0.1".into(),
                got: value.to_string(),
                remedy: "leave it at its default if in doubt".into(),
            });
        }
    }
    Ok(())
}

fn length(what: &str, expected: usize, got: usize) -> Result<(), InputError> {
    if got == expected {
        return Ok(());
    }
    Err(InputError::Length { what: what.into(), expected, got })
}

fn finite(what: &str, values: &[f64], remedy: &str) -> Result<(), InputError> {
    refuse(what, values, |v| !v.is_finite(), remedy)
}

fn not_negative(what: &str, values: &[f64], remedy: &str) -> Result<(), InputError> {
    refuse(what, values, |v| v < 0.0, remedy)
}

fn refuse(
    what: &str,
    values: &[f64],
    bad: impl Fn(f64) -> bool,
    remedy: &str,
) -> Result<(), InputError> {
    match values.iter().position(|v| bad(*v)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.into(),
            index,
            value: values[index],
            remedy: remedy.into(),
        }),
    }
}

/// The rows in use, as columns in the order of the largest effect, so that its groups are runs.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// Position of each row in the design.
    pub rows: Vec<usize>,
    /// Outcome.
    pub y: Vec<f64>,
    /// Weights; ones where the design has none.
    pub w: Vec<f64>,
    /// Offset; zeros where the design has none.
    pub offset: Vec<f64>,
    /// Regressors, the constant first where one is estimated.
    pub x: Vec<Vec<f64>>,
    /// Their names.
    pub names: Vec<String>,
    /// Effects with only the levels in use, the largest first.
    pub effects: Vec<Factor>,
}

impl Sample {
    /// Collects the rows with `keep`.
    pub fn new(design: &Design, keep: &[bool]) -> Self {
        let mut rows: Vec<usize> = (0..keep.len()).filter(|i| keep[*i]).collect();
        let compact_all = |factors: &[Factor], rows: &[usize]| -> Vec<Factor> {
            factors.iter().map(|f| compact(f, rows)).collect()
        };
        // The sort is stable, and the order of equally large effects is the caller's, so the
        // result does not depend on anything but the input.
        let mut order: Vec<usize> = (0..design.effects.len()).collect();
        let sizes: Vec<usize> = design.effects.iter().map(|f| compact(f, &rows).levels).collect();
        order.sort_by_key(|q| std::cmp::Reverse(sizes[*q]));
        if let Some(q) = order.first() {
            let ids = &design.effects[*q].ids;
            rows.sort_by_key(|i| ids[*i]);
        }
        let ordered: Vec<Factor> = order.iter().map(|q| design.effects[*q].clone()).collect();
        let gather = |v: &[f64]| -> Vec<f64> { rows.iter().map(|i| v[*i]).collect() };
        let mut names: Vec<String> = design.x.iter().map(|x| x.name.clone()).collect();
        let mut x: Vec<Vec<f64>> = design.x.iter().map(|x| gather(&x.values)).collect();
        if design.effects.is_empty() && design.constant {
            names.insert(0, INTERCEPT.into());
            x.insert(0, vec![1.0; rows.len()]);
        }
        Self {
            y: gather(&design.y),
            w: design.weights.as_ref().map_or_else(|| vec![1.0; rows.len()], |w| gather(w)),
            offset: design.offset.as_ref().map_or_else(|| vec![0.0; rows.len()], |o| gather(o)),
            effects: compact_all(&ordered, &rows),
            x,
            names,
            rows,
        }
    }

    /// Number of rows.
    pub fn n(&self) -> usize {
        self.rows.len()
    }

    /// Whether the columns span a constant.
    pub fn spans_constant(&self) -> bool {
        !self.effects.is_empty() || self.names.first().is_some_and(|n| n == INTERCEPT)
    }

    /// Leaves out regressors by position.
    pub fn drop_columns(&mut self, columns: &[usize]) {
        for j in columns.iter().rev() {
            self.x.remove(*j);
            self.names.remove(*j);
        }
    }
}

/// Renumbers the levels that occur, in the order of their old ids.
pub(super) fn compact(factor: &Factor, rows: &[usize]) -> Factor {
    let mut new_id = vec![u32::MAX; factor.levels];
    for i in rows {
        new_id[factor.ids[*i] as usize] = 0;
    }
    let mut levels = 0;
    for id in new_id.iter_mut().filter(|id| **id == 0) {
        *id = levels;
        levels += 1;
    }
    Factor {
        name: factor.name.clone(),
        ids: rows.iter().map(|i| new_id[factor.ids[*i] as usize]).collect(),
        levels: levels as usize,
    }
}
