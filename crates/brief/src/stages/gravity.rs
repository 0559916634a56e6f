//! Gravity estimates on tables.

use emporion_model::estimate::{Fit, Options, ols, ppml};
use emporion_model::outcome::Status;
use emporion_tables::design::{DesignOptions, Prepared, design, locate};
use emporion_tables::formula::Formula;
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::sum::{Missing, SumOptions, sum_by};
use emporion_tables::{Column, Problem, Report, Table, Values};

/// Which estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Poisson pseudo-maximum likelihood.
    #[default]
    Poisson,
    /// Ordinary least squares.
    Gaussian,
}

impl Family {
    /// Reads `poisson`, `ppml`, `gaussian` or `ols`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "poisson" | "ppml" => Some(Self::Poisson),
            "gaussian" | "ols" => Some(Self::Gaussian),
            _ => None,
        }
    }
}

/// The pairs of a case with the sum of their flows in the column `value`.
///
/// Rows of `pairs` without flows are zero only when `absent` says so; otherwise their value is
/// missing, and the estimator leaves them out and counts them.
///
/// # Errors
///
/// As [`sum_by`]; also when a pair of the flows has no row in `pairs`.
pub fn pair_table(
    flows: &Table,
    rows: &[usize],
    pairs: &Table,
    hierarchy: &Hierarchy,
    absent: Missing,
    domestic: bool,
) -> Result<Table, Report> {
    let sums = sum_by(flows, rows, &["origin", "destination"], hierarchy, SumOptions::default())?;
    let mut values: std::collections::HashMap<(String, String), f64> =
        sums.into_iter().map(|(key, sum)| ((key[0].clone(), key[1].clone()), sum.value)).collect();
    let empty = match absent {
        Missing::Zero => 0.0,
        Missing::Refuse => f64::NAN,
    };
    let mut column = Vec::with_capacity(pairs.rows());
    for row in 0..pairs.rows() {
        let id = |name: &str| pairs.text(name, row).unwrap_or_default().to_owned();
        column.push(values.remove(&(id("origin"), id("destination"))).unwrap_or(empty));
    }
    if let Some((origin, destination)) = values.keys().min() {
        return Err(Problem::new(
            "pair-without-covariates",
            pairs.path(),
            "a row for every pair of the flows",
            format!(
                "{} pairs of {} have no row here, such as {origin} \u{2192} {destination}: add them, or \
                 select fewer flows",
                values.len(),
                flows.path()
            ),
        )
        .into());
    }
    let table =
        pairs.clone().with_column(Column { name: "value".into(), values: Values::Number(column) });
    if domestic {
        return Ok(table);
    }
    let kept: Vec<usize> = (0..table.rows())
        .filter(|&row| table.text("origin", row) != table.text("destination", row))
        .collect();
    Ok(table.select(&kept))
}

/// A fit and what it was fitted on.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// The estimator's answer.
    pub fit: Fit,
    /// The formula as read.
    pub formula: Formula,
    /// Rows of the table that entered the design.
    pub rows: Vec<usize>,
    /// What was left out before the estimator saw it.
    pub notes: Vec<String>,
}

/// Fits a formula to a table.
///
/// # Errors
///
/// For a formula that does not parse, columns that do not exist or hold no numbers, input the
/// estimator refuses, and a fit that did not converge.
pub fn run(
    table: &Table,
    formula: &str,
    family: Family,
    clusters: &[&str],
    weights: Option<&str>,
    options: &Options,
) -> Result<Estimate, Report> {
    let formula: Formula = Formula::parse(formula)?;
    let options_of_design = DesignOptions {
        clusters: clusters.iter().map(|&name| name.to_owned()).collect(),
        weights: weights.map(str::to_owned),
        ..DesignOptions::default()
    };
    let Prepared { design, rows, notes, .. } = design(&formula, table, &options_of_design)?;
    let fit = match family {
        Family::Poisson => ppml(&design, options),
        Family::Gaussian => ols(&design, options),
    }
    .map_err(|error| locate(&error, &rows, table))?;
    if fit.status != Status::Converged {
        return Err(refused(
            table,
            format!(
                "the fit ended as {:?} after {} steps with gradient norm {:e}: no coefficient is \
                 reported",
                fit.status, fit.iterations, fit.gradient_norm
            ),
        ));
    }
    let notes = notes.iter().chain(&fit.notes).map(|note| note.message.clone()).collect();
    Ok(Estimate { fit, formula, rows: rows.to_vec(), notes })
}

fn refused(table: &Table, reason: String) -> Report {
    Problem::new("estimate", table.path(), "data that the formula can be fitted to", reason).into()
}
