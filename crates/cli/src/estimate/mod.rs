//! `emporion estimate`: gravity on the pairs of a case or on the rows of a file, and `emporion
//! table`: saved estimates side by side.
//!
//! | file | what it does |
//! | --- | --- |
//! | [`sample`] | the table that a formula is fitted to |
//! | [`question`] | the options as a question to the estimator |
//! | [`models`] | every model that the formulas and the split stand for |
//! | [`after`] | tests, bootstrap, bias correction |
//! | [`summary`] | one model, as a Stata or R user reads it |
//! | [`side_by_side`] | several models, as they are published |
//! | [`save`], [`rows`] | files |

mod after;
mod models;
mod question;
mod rows;
mod sample;
mod save;
mod side_by_side;
mod summary;

use rayon::prelude::*;

use crate::args;
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;

use models::{Job, Model};

/// Fits the formulas and prints a summary, or a table of several models.
pub fn run(arguments: &args::Estimate, progress: &Progress) -> Result<Output, Failure> {
    let jobs = models::formulas(arguments)?;
    let question = question::question(arguments)?;
    progress.step(format!("reading {}", arguments.rows.data));
    let data = Data::open(&arguments.rows.data)?;
    let sample = sample::sample(arguments, &data)?;
    let jobs = models::split(jobs, &sample.table, arguments)?;
    save::check(arguments, jobs.len())?;
    progress.step(match jobs.len() {
        1 => "estimating".to_owned(),
        n => format!("estimating {n} models"),
    });
    let fit = |job: &Job| -> Result<Model, Failure> {
        models::fit(job, &sample.table, &question, arguments)
    };
    // Each model is small beside the table; those that fail are told together.
    let (fitted, failed): (Vec<_>, Vec<_>) =
        jobs.par_iter().map(fit).collect::<Vec<_>>().into_iter().partition(Result::is_ok);
    let models: Vec<Model> = fitted.into_iter().flatten().collect();
    let failures: Vec<(usize, Failure)> =
        failed.into_iter().enumerate().filter_map(|(i, r)| Some((i, r.err()?))).collect();
    if models.is_empty()
        && let Some((_, first)) = failures.into_iter().next()
    {
        return Err(first);
    }
    save::models(arguments, &data, &models)?;
    Ok(Output::default())
}

/// Prints saved estimates side by side.
pub fn table(arguments: &args::TableOf) -> Result<Output, Failure> {
    let saved = save::read(&arguments.models)?;
    side_by_side::saved(&saved, &arguments.look)
}
