//! Every model that the formulas and the split stand for.

use emporion_brief::stages::gravity::Estimation;
use emporion_model::estimate::Fit;
use emporion_tables::specification::Variation;
use emporion_tables::{Formula, Report, Rows, Specification, Table, Values};

use crate::args;
use crate::failure::Failure;

/// More models than this are a mistake in a formula: a table could not show them.
const MOST: usize = 10_000;

/// One model to fit.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its formula.
    pub formula: Formula,
    /// What tells it from the others.
    pub label: Vec<Variation>,
    /// Rows of the sample; `None` for all.
    pub rows: Option<Rows>,
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
        let fit = Fit { rows: Vec::new(), fitted: Vec::new(), ..found.fitted.fit.clone() };
        let label: Vec<&str> = job
            .label
            .iter()
            .filter(|v| v.what == "sample")
            .map(|v| v.value.as_str())
            .collect();
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
            rows: None,
        }));
    }
    Ok(jobs)
}

/// Each model for each value of the column that splits the sample; with `fsplit` first for all rows.
pub fn split(
    jobs: Vec<Job>,
    table: &Table,
    arguments: &args::Estimate,
) -> Result<Vec<Job>, Failure> {
    let Some(name) = arguments.split.as_deref().or(arguments.fsplit.as_deref()) else {
        return Ok(jobs);
    };
    let parts = parts(table, name)?;
    if parts.len() * jobs.len() > MOST {
        return Err(Failure::new(format!(
            "{name} has {} values and there are {} formulas: more than {MOST} models",
            parts.len(),
            jobs.len()
        )));
    }
    let mut all = Vec::new();
    for job in jobs {
        let with = |value: &str, rows: Option<Rows>| {
            let mut label = job.label.clone();
            label.push(Variation { what: "sample", value: value.to_owned() });
            Job { formula: job.formula.clone(), label, rows }
        };
        if arguments.fsplit.is_some() {
            all.push(with("all", None));
        }
        all.extend(parts.iter().map(|(value, rows)| with(value, Some(rows.clone()))));
    }
    Ok(all)
}

/// The values of a column in order, each with its rows; empty cells belong to none.
fn parts(table: &Table, name: &str) -> Result<Vec<(String, Rows)>, Failure> {
    let column = table.wanted(name).map_err(|problem| Failure::from(*problem))?;
    let mut found: Vec<(String, Vec<u32>)> = Vec::new();
    match &column.values {
        Values::Text { codes, labels } => {
            found.extend(labels.iter().map(|label| (label.clone(), Vec::new())));
            for (row, code) in codes.iter().enumerate() {
                if let Some((_, rows)) = found.get_mut(*code as usize) {
                    rows.push(row as u32);
                }
            }
            found.sort();
        }
        Values::Number(values) => {
            let mut order: Vec<u32> =
                (0..values.len() as u32).filter(|&row| !values[row as usize].is_nan()).collect();
            order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
            for run in order.chunk_by(|&a, &b| values[a as usize] == values[b as usize]) {
                found.push((values[run[0] as usize].to_string(), run.to_vec()));
                if found.len() > MOST {
                    break;
                }
            }
        }
    }
    found.retain(|(_, rows)| !rows.is_empty());
    Ok(found.into_iter().map(|(value, rows)| (value, Rows::These(rows))).collect())
}
