//! Every model that the formulas and the split stand for.

use emporion_brief::stages::gravity::Estimation;
use emporion_model::estimate::Fit;
use emporion_tables::plan::Samples;
use emporion_tables::specification::Variation;
use emporion_tables::{Formula, Report, Rows, Specification};

use crate::args;
use crate::failure::Failure;

use super::sample::Sample;

/// More models than this are a mistake in a formula: a table could not show them.
const MOST: usize = 10_000;

/// One model to fit.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its formula.
    pub formula: Formula,
    /// What tells it from the others.
    pub label: Vec<Variation>,
    /// Rows of the table to fit to; none before the table is split.
    pub rows: Rows,
}

impl Job {
    /// What tells it from the others, in words.
    pub fn name(&self) -> String {
        if self.label.is_empty() {
            return self.formula.to_string();
        }
        self.label.iter().map(|v| v.value.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A fitted model as a column of a table.
#[derive(Debug, Clone)]
pub struct Model {
    /// Name above the column.
    pub label: String,
    /// Its formula.
    pub formula: String,
    /// The fit, without the values of single rows.
    pub fit: Fit,
    /// Further rows of the table.
    pub extra: Vec<(String, String)>,
    /// What was left out before the estimator saw it.
    pub notes: Vec<String>,
}

impl Model {
    /// What a table shows of an estimation.
    pub fn of(job: &Job, found: &Estimation) -> Self {
        let mut fit = Fit { rows: Vec::new(), fitted: Vec::new(), ..found.fitted.fit.clone() };
        // A formula needs backticks around odd names of columns; a table does not.
        let collinear =
            fit.collinear.iter_mut().flat_map(|c| c.with.iter_mut().chain([&mut c.name]));
        let effects = fit.effects.iter_mut().chain(&mut fit.clusters).map(|(name, _)| name);
        for name in fit.names.iter_mut().chain(collinear).chain(effects) {
            name.retain(|letter| letter != '`');
        }
        let label: Vec<&str> =
            job.label.iter().filter(|v| v.what == "sample").map(|v| v.value.as_str()).collect();
        Self {
            label: label.join(", "),
            formula: found.formula.to_string(),
            fit,
            extra: Vec::new(),
            notes: found.prepared.notes.iter().map(|note| note.message.clone()).collect(),
        }
    }
}

/// The models that the formulas stand for.
pub fn formulas(arguments: &args::Estimate) -> Result<Vec<Job>, Failure> {
    let mut jobs = Vec::new();
    for text in &arguments.formula {
        let specification = Specification::parse(text).map_err(Report::from)?;
        if specification.count() > MOST {
            return Err(Failure::new(format!(
                "the formula stands for {} models, more than {MOST}: use fewer steps",
                specification.count()
            )));
        }
        jobs.extend(specification.expand().into_iter().map(|estimation| Job {
            formula: estimation.formula,
            label: estimation.label,
            rows: Rows::All(0),
        }));
    }
    Ok(jobs)
}

/// Each model for each value of the column that splits the sample; with `fsplit` first for all rows.
pub fn split(
    mut jobs: Vec<Job>,
    sample: &Sample,
    arguments: &args::Estimate,
) -> Result<Vec<Job>, Failure> {
    let Some(name) = arguments.split.as_deref().or(arguments.fsplit.as_deref()) else {
        jobs.iter_mut().for_each(|job| job.rows = sample.rows.clone());
        return Ok(jobs);
    };
    let samples = Samples::by(&sample.table, name, arguments.fsplit.is_some())?;
    if samples.len().saturating_mul(jobs.len()) > MOST {
        return Err(Failure::new(format!(
            "{name} makes {} samples and there are {} formulas: more than {MOST} models",
            samples.len(),
            jobs.len()
        )));
    }
    let mut all = Vec::new();
    for job in jobs {
        for at in 0..samples.len() {
            let rows = both(samples.rows(at), &sample.rows);
            if rows.is_empty() {
                continue;
            }
            let mut label = job.label.clone();
            let value = samples.label(at).unwrap_or("all").to_owned();
            label.push(Variation { what: "sample", value });
            all.push(Job { formula: job.formula.clone(), label, rows });
        }
    }
    Ok(all)
}

/// The rows of both lists, which ascend.
fn both(a: Rows, b: &Rows) -> Rows {
    match (a, b) {
        (a, Rows::All(_)) => a,
        (Rows::All(_), b) => b.clone(),
        (Rows::These(mut a), Rows::These(b)) => {
            a.retain(|row| b.binary_search(row).is_ok());
            Rows::These(a)
        }
    }
}
