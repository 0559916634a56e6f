//! Gravity estimates on tables.

use emporion_model::estimate::serial::Periods;
use emporion_model::estimate::spatial::{Conley, Kernel};
use emporion_model::estimate::{Errors, Fit, Fitted, Options, Vcov, ols_fitted, ppml_fitted};
use emporion_model::outcome::Status;
use emporion_tables::design::{DesignOptions, Levels, Prepared, design_of, locate};
use emporion_tables::formula::Formula;
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::sum::{Missing, SumOptions, sum_by};
use emporion_tables::{Column, Problem, Report, Rows, Table, Values};

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

/// How a formula is to be fitted.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Which estimator.
    pub family: Family,
    /// The kind of standard errors.
    pub errors: ErrorColumns,
    /// The small-sample convention, tolerances, and what is left out.
    pub options: Options,
    /// Clusters, weights, offset, panel, duplicates.
    pub design: DesignOptions,
}

/// The kind of standard errors, with the columns it is computed from.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ErrorColumns {
    /// The model's own variance.
    Iid,
    /// Robust to heteroskedasticity.
    #[default]
    Robust,
    /// By the clusters of the design options.
    Cluster,
    /// Correlated between rows near in space.
    Conley {
        /// Column of degrees north.
        latitude: String,
        /// Column of degrees east.
        longitude: String,
        /// Distance in km beyond which errors are uncorrelated.
        cutoff: f64,
        /// Weight of rows within the cutoff.
        kernel: Kernel,
    },
    /// Correlated between all rows of near periods.
    DriscollKraay {
        /// Column of the period, whole numbers.
        time: String,
        /// Lags; the fourth root of the number of periods by default.
        lag: Option<usize>,
    },
    /// Correlated between near periods of a unit, the one cluster of the design options.
    NeweyWest {
        /// Column of the period, whole numbers.
        time: String,
        /// Lags; the fourth root of the number of periods by default.
        lag: Option<usize>,
    },
}

/// A fit with everything that tests, predictions and files need.
#[derive(Debug, Clone)]
pub struct Estimation {
    /// The formula as read.
    pub formula: Formula,
    /// What the estimator was given.
    pub prepared: Prepared,
    /// The arrays behind the fit.
    pub fitted: Fitted,
    /// The options it was fitted with.
    pub options: Options,
}

impl Estimation {
    /// What was left out before and while fitting, in words.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let all = self.prepared.notes.iter().chain(&self.fitted.fit.notes);
        all.map(|note| note.message.clone()).collect()
    }
}

/// Everything that a fit needs of a table.
#[derive(Debug, Clone)]
pub struct Ready {
    formula: Formula,
    prepared: Prepared,
    errors: Option<Errors>,
    family: Family,
    options: Options,
}

/// Reads from some rows of a table what a formula asks for.
///
/// # Errors
///
/// Columns that do not exist or hold no numbers; an effect with a single level.
pub fn prepare(
    table: &Table,
    rows: &Rows,
    formula: &Formula,
    question: &Question,
) -> Result<Ready, Report> {
    let prepared = design_of(formula, table, rows, &question.design)?;
    let constant = prepared.design.effects.iter().zip(&prepared.levels).filter(|e| e.0.levels == 1);
    let constant: Vec<Problem> = constant.map(|e| no_variation(table, &prepared, e.1)).collect();
    Report::from(constant).or(())?;
    let outcome = &prepared.design.outcome;
    if prepared.design.x.iter().any(|x| x.name == *outcome) {
        let reason = format!("{outcome} explains itself: leave it out on the right");
        return Err(refused(table, reason));
    }
    if prepared.rows.len() == 1 {
        return Err(refused(table, "a single row is left: select more rows".into()));
    }
    let vcov = match question.errors {
        ErrorColumns::Iid => Vcov::Iid,
        ErrorColumns::Cluster => Vcov::Cluster,
        _ => Vcov::Robust,
    };
    Ok(Ready {
        formula: formula.clone(),
        errors: errors(table, &prepared, &question.errors)?,
        prepared,
        family: question.family,
        options: Options { vcov, ..question.options.clone() },
    })
}

impl Ready {
    /// Fits the model; of the table it came from only the lines are looked at.
    ///
    /// # Errors
    ///
    /// Input the estimator refuses, and a fit that did not converge.
    pub fn fit(self, table: &Table) -> Result<Estimation, Report> {
        let Self { formula, prepared, errors, family, options } = self;
        let fitted = match family {
            Family::Poisson => ppml_fitted(&prepared.design, &options),
            Family::Gaussian => ols_fitted(&prepared.design, &options),
        };
        let mut fitted = fitted.map_err(|error| locate(&error, &prepared.rows, table))?;
        let fit = &fitted.fit;
        if fit.status != Status::Converged {
            return Err(refused(
                table,
                format!(
                    "the fit {} after {} steps with gradient norm {:e}: no coefficient is \
                     reported; look for regressors that hardly vary within the effects, or raise \
                     the tolerance from {:e}",
                    ending(fit.status),
                    fit.iterations,
                    fit.gradient_norm,
                    options.tolerance
                ),
            ));
        }
        if let Some(errors) = errors {
            fitted.fit = fitted
                .with_errors(&errors, options.small_sample)
                .map_err(|error| locate(&error, &prepared.rows, table))?;
        }
        Ok(Estimation { formula, prepared, fitted, options })
    }
}

/// Fits a formula to some rows of a table.
///
/// # Errors
///
/// As [`prepare`] and [`Ready::fit`].
pub fn estimate(
    table: &Table,
    rows: &Rows,
    formula: &Formula,
    question: &Question,
) -> Result<Estimation, Report> {
    prepare(table, rows, formula, question)?.fit(table)
}

/// How a fit that did not converge ended, in words.
fn ending(status: Status) -> &'static str {
    match status {
        Status::MaxIterations => "had not converged",
        Status::NotIdentified => {
            "has fitted values that keep falling, as separated rows make them (leave out \
             --keep-separated),"
        }
        _ => "could not come closer to the maximum",
    }
}

/// An effect with one level, such as the origin of a single exporter's rows.
fn no_variation(table: &Table, prepared: &Prepared, levels: &Levels) -> Problem {
    let reason = format!(
        "all {} rows have the same level: leave the effect out, or select rows of more places or \
         years",
        prepared.rows.len()
    );
    let expected = "an effect with two levels or more";
    Problem::new("effect-without-variation", table.path(), expected, reason)
        .column(&levels.name)
        .value(levels.label(table, 0))
}

/// The errors that the estimator does not compute on its own.
fn errors(
    table: &Table,
    prepared: &Prepared,
    asked: &ErrorColumns,
) -> Result<Option<Errors>, Report> {
    let periods = |name: &str| -> Result<Periods, Report> {
        let values = numbers(table, &prepared.rows, name)?;
        let Some(at) = values.iter().position(|v| v.fract() != 0.0) else {
            let values = values.into_iter().map(|v| v as i64).collect();
            return Ok(Periods { name: name.to_owned(), values });
        };
        let row = prepared.rows.get(at);
        let remedy = "name a column of years or of other whole numbers";
        let problem = table.problem("not-a-period", row, name, "a whole number", remedy);
        Err(problem.value(values[at].to_string()).into())
    };
    Ok(match asked {
        ErrorColumns::Iid | ErrorColumns::Robust | ErrorColumns::Cluster => None,
        ErrorColumns::Conley { latitude, longitude, cutoff, kernel } => {
            let latitude = numbers(table, &prepared.rows, latitude)?;
            let longitude = numbers(table, &prepared.rows, longitude)?;
            let conley = Conley { kernel: *kernel, ..Conley::new(latitude, longitude, *cutoff) };
            Some(Errors::Conley(conley))
        }
        ErrorColumns::DriscollKraay { time, lag } => {
            Some(Errors::DriscollKraay { time: periods(time)?, lag: *lag })
        }
        ErrorColumns::NeweyWest { time, lag } => {
            let [unit] = &prepared.design.clusters[..] else {
                return Err(refused(
                    table,
                    "Newey-West errors need one column for the unit".into(),
                ));
            };
            Some(Errors::NeweyWest { unit: unit.clone(), time: periods(time)?, lag: *lag })
        }
    })
}

/// A column of numbers, complete in these rows.
fn numbers(table: &Table, rows: &Rows, name: &str) -> Result<Vec<f64>, Report> {
    let all = emporion_tables::sum::numbers(table, name).map_err(|problem| *problem)?;
    let values = rows.gather(all);
    match values.iter().position(|v| v.is_nan()) {
        None => Ok(values),
        Some(at) => {
            let remedy = "fill the cell, or leave the row out with --where";
            Err(table.problem("missing-value", rows.get(at), name, "a number", remedy).into())
        }
    }
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

/// Fits a formula to a table and keeps what is printed.
///
/// # Errors
///
/// For a formula that does not parse; otherwise as [`estimate`].
pub fn run(table: &Table, formula: &str, question: &Question) -> Result<Estimate, Report> {
    let formula: Formula = Formula::parse(formula)?;
    let found = estimate(table, &Rows::All(table.rows()), &formula, question)?;
    let notes = found.notes();
    Ok(Estimate { fit: found.fitted.fit, formula, rows: found.prepared.rows.to_vec(), notes })
}

fn refused(table: &Table, reason: String) -> Report {
    Problem::new("estimate", table.path(), "data that the formula can be fitted to", reason).into()
}
