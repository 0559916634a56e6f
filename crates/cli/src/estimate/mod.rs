//! `emporion estimate`: gravity on the pairs of a case or on the rows of a file, and `emporion
//! table`: saved estimates side by side.
//!
//! | file | what it does |
//! | --- | --- |
//! | [`sample`] | the table that a formula is fitted to |
//! | [`question`] | the options as a question to the estimator |
//! | [`models`] | every model that the formulas and the split stand for |
//! | [`lasso`], [`lasso_summary`] | selection among many regressors |
//! | [`after`] | tests, bootstrap, bias correction |
//! | [`summary`] | one model, as a Stata or R user reads it |
//! | [`side_by_side`] | several models, as they are published |
//! | [`save`], [`rows`] | files |

mod after;
mod lasso;
mod lasso_summary;
pub mod models;
mod question;
mod rows;
mod sample;
pub mod save;
mod side_by_side;
mod summary;

use emporion_brief::stages::gravity::{self, Question};
use rayon::prelude::*;

use crate::args;
use crate::data::Data;
use crate::failure::{Failure, shortened};
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render;

use models::{Job, Model};
use sample::Sample;

/// Fits the formulas and prints a summary, or a table of several models.
pub fn run(arguments: &args::Estimate, progress: &Progress) -> Result<Output, Failure> {
    let formulas = models::formulas(arguments)?;
    let question = question::question(arguments)?;
    progress.step(format!("reading {}", arguments.rows.data));
    let mut data = sample::open(arguments, &formulas, &question)?;
    let sample = sample::sample(arguments, &mut data)?;
    let jobs = models::split(formulas, &sample, arguments)?;
    if arguments.lasso.lasso.is_some() {
        progress.step("selecting");
        return lasso::run(arguments, &data, &sample, &jobs, &question);
    }
    match &jobs[..] {
        [job] => {
            progress.step("estimating");
            one(arguments, &data, sample, job, &question)
        }
        several => {
            save::only_one(arguments, several.len())?;
            progress.step(format!("estimating {} models", several.len()));
            many(arguments, &data, &sample, several, &question)
        }
    }
}

/// One model: its summary, and every file asked for.
fn one(
    arguments: &args::Estimate,
    data: &Data,
    mut sample: Sample,
    job: &Job,
    question: &Question,
) -> Result<Output, Failure> {
    let ready = gravity::prepare(&sample.table, &job.rows, &job.formula, question)?;
    if !(arguments.bias || arguments.dropped || rows::wanted(arguments)) {
        // Nothing asks for a column again: a large table makes room for the fit.
        drop(sample.table.take_columns());
    }
    let found = ready.fit(&sample.table)?;
    let after = after::after(&found, &sample.table, arguments)?;
    sample.advice.extend(rows::write(arguments, &found, &sample.table)?);
    if let Some(path) = &arguments.save {
        save::write(path, data, &[Model::of(job, &found)])?;
    }
    let look = &arguments.look;
    let Some(format) = summary::format(look.format) else {
        let mut model = Model::of(job, &found);
        model.extra = after::rows(&after);
        return side_by_side::table(&[model], look).map(Output::text);
    };
    let mut answer = summary::answer(arguments, data, &sample, &found, &after);
    answer.context = sample.context;
    Ok(render(&answer, format))
}

/// Several models, fitted in parallel; those that fail are told, and the others stand.
fn many(
    arguments: &args::Estimate,
    data: &Data,
    sample: &Sample,
    jobs: &[Job],
    question: &Question,
) -> Result<Output, Failure> {
    let fit = |job: &Job| -> Result<Model, Failure> {
        let found = gravity::estimate(&sample.table, &job.rows, &job.formula, question)?;
        let after = after::after(&found, &sample.table, arguments)?;
        Ok(Model { extra: after::rows(&after), ..Model::of(job, &found) })
    };
    let (mut models, mut failed) = (Vec::new(), Vec::new());
    for (job, outcome) in jobs.iter().zip(jobs.par_iter().map(fit).collect::<Vec<_>>()) {
        match outcome {
            Ok(model) => models.push(model),
            Err(failure) => failed.push((job.name(), failure)),
        }
    }
    if models.is_empty() && !failed.is_empty() {
        return Err(failed.swap_remove(0).1);
    }
    if let Some(path) = &arguments.save {
        save::write(path, data, &models)?;
    }
    let mut output = Output::text(side_by_side::table(&models, &arguments.look)?);
    for (name, failure) in &failed {
        let why = match failure {
            Failure::Refused(report) => shortened(report),
            Failure::Stopped(sentence) => sentence.clone(),
            Failure::Unread => continue,
        };
        output.advice.push_str(&format!("not estimated: {name}: {why}\n"));
    }
    let text = sample.advice.iter().map(|advice| format!("note: {}\n", advice.message));
    output.advice.extend(text);
    output.failed = !failed.is_empty();
    Ok(output)
}

/// Prints saved estimates side by side.
pub fn table(arguments: &args::TableOf) -> Result<Output, Failure> {
    let mut models = Vec::new();
    for path in &arguments.models {
        models.extend(save::read(path)?);
    }
    side_by_side::table(&models, &arguments.look).map(Output::text)
}
