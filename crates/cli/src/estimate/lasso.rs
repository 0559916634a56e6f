//! `emporion estimate --lasso`: which of many regressors are selected.

use emporion_brief::regression::pattern::fits;
use emporion_brief::stages::gravity::{ErrorColumns, Family, Question};
use emporion_model::estimate::design::Design;
use emporion_model::estimate::iceberg::{Iceberg, iceberg};
use emporion_model::estimate::lasso::{
    Criterion, CrossValidation, Lasso, LassoOptions, Penalty, PlugIn, Residuals, lasso,
};
use emporion_model::estimate::lasso_folds::Folds;
use emporion_model::estimate::{Family as Estimator, Options, Vcov};
use emporion_model::outcome::Status;
use emporion_tables::design::{Prepared, design_of, locate};
use emporion_tables::formula::{Expr, Factor};
use emporion_tables::{Formula, Table, design};

use crate::args::{self, Strength};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::render;

use super::models::{Job, Model};
use super::sample::Sample;
use super::{lasso_summary, save, side_by_side, summary};

/// Values of the column of folds whose rows are never left out.
const NEVER: [&str; 2] = ["0", ""];

/// What was selected, with what it was selected from.
pub struct Selection {
    /// The formula with the columns to select from.
    pub formula: Formula,
    /// What the estimator was given.
    pub prepared: Prepared,
    /// The options it was fitted with.
    pub options: Options,
    /// The answer.
    pub found: Lasso,
    /// What each selected regressor may stand for.
    pub icebergs: Vec<Iceberg>,
}

/// Selects, and prints what was selected.
pub fn run(
    arguments: &args::Estimate,
    data: &Data,
    sample: &Sample,
    jobs: &[Job],
    question: &Question,
) -> Result<Output, Failure> {
    let [job] = jobs else {
        return Err(Failure::new(format!(
            "--lasso is about one model, and these are {}: give one formula without a split",
            jobs.len()
        )));
    };
    alone(arguments)?;
    let selection = select(arguments, &sample.table, job, question)?;
    let model = || Model {
        label: String::new(),
        formula: selection.formula.to_string(),
        fit: emporion_model::estimate::Fit {
            rows: Vec::new(),
            fitted: Vec::new(),
            ..selection.found.post.clone()
        },
        extra: lasso_summary::rows(&selection.found),
        notes: selection.prepared.notes.iter().map(|note| note.message.clone()).collect(),
    };
    if let Some(path) = &arguments.save {
        save::write(path, data, &[model()])?;
    }
    let Some(format) = summary::format(arguments.look.format) else {
        return side_by_side::table(&[model()], &arguments.look).map(Output::text);
    };
    let mut answer = lasso_summary::answer(arguments, data, sample, &selection);
    answer.context.clone_from(&sample.context);
    Ok(render(&answer, format))
}

/// Refuses what has no meaning after a selection, or is not computed.
fn alone(arguments: &args::Estimate) -> Result<(), Failure> {
    for (option, given) in [
        ("--bias", arguments.bias),
        ("--reset", arguments.reset.is_some()),
        ("--test", !arguments.test.is_empty()),
        ("--bootstrap", !arguments.bootstrap.is_empty()),
        ("--save-rows", arguments.save_rows.is_some()),
        ("--save-effects", arguments.save_effects.is_some()),
        ("--predict", arguments.predict.is_some()),
        ("--dropped", arguments.dropped),
    ] {
        if given {
            return Err(Failure::new(format!(
                "{option} is about a model chosen in advance, not about one that --lasso selects: \
                 leave one of the two out, or estimate the selected regressors on other data"
            )));
        }
    }
    Ok(())
}

fn select(
    arguments: &args::Estimate,
    table: &Table,
    job: &Job,
    question: &Question,
) -> Result<Selection, Failure> {
    let formula = widened(&job.formula, table, &arguments.lasso.penalise);
    let rows = job.rows.clone();
    let prepared = design_of(&formula, table, &rows, &question.design)?;
    let penalised = penalised(&prepared, &arguments.lasso.penalise)?;
    let vcov = match question.errors {
        ErrorColumns::Iid => Vcov::Iid,
        ErrorColumns::Robust => Vcov::Robust,
        ErrorColumns::Cluster => Vcov::Cluster,
        _ => {
            return Err(Failure::new(
                "--lasso has iid, robust or clustered errors: use --cluster COLUMN, or leave --vcov \
                 out",
            ));
        }
    };
    let options = Options { vcov, ..question.options.clone() };
    let family = match question.family {
        Family::Poisson => Estimator::Poisson,
        Family::Gaussian => Estimator::Gaussian,
    };
    let how = LassoOptions {
        penalty: penalty(arguments, table, &prepared)?,
        standardise: !arguments.lasso.not_standardised,
    };
    let of_table = |error| Failure::from(locate(&error, &prepared.rows, table));
    let found = lasso(&prepared.design, &penalised, family, &options, &how).map_err(of_table)?;
    refuse_unfinished(&found)?;
    let icebergs = if arguments.lasso.iceberg {
        let settings = plug_in(arguments);
        iceberg(&prepared.design, &penalised, &found, &options, &settings).map_err(of_table)?
    } else {
        Vec::new()
    };
    Ok(Selection { formula, prepared, options, found, icebergs })
}

/// The formula with the columns that a pattern names and no term does.
fn widened(formula: &Formula, table: &Table, patterns: &[String]) -> Formula {
    let mut wide = formula.clone();
    let used = formula.columns();
    for column in table.columns() {
        let name = &column.name;
        let named = patterns.iter().any(|p| fits(p.trim(), name).is_some());
        let numeric = matches!(column.values, emporion_tables::Values::Number(_));
        if named && numeric && !used.contains(name) {
            wide.terms.push(vec![Factor::Numeric(Expr::Column(name.clone()))]);
        }
    }
    wide
}

/// A flag for each regressor: whether its term or its own name fits a pattern.
fn penalised(prepared: &Prepared, patterns: &[String]) -> Result<Vec<bool>, Failure> {
    let design: &Design = &prepared.design;
    if design.x.is_empty() {
        return Err(Failure::new(
            "--lasso has nothing to select from: put regressors into the formula, or name columns \
             with --penalise, such as --penalise '*_prov_*'",
        ));
    }
    if patterns.is_empty() {
        return Ok(vec![true; design.x.len()]);
    }
    let named = |pattern: &str, name: &str| {
        let of_term = prepared.terms.iter().filter(|t| t.regressors.iter().any(|r| r == name));
        fits(pattern, name).is_some()
            || of_term.into_iter().any(|t| fits(pattern, &t.name).is_some())
    };
    let mut flags = vec![false; design.x.len()];
    for pattern in patterns {
        let mut found = false;
        for (flag, x) in flags.iter_mut().zip(&design.x) {
            if named(pattern.trim(), &x.name) {
                (*flag, found) = (true, true);
            }
        }
        if !found {
            let all: Vec<&str> = design.x.iter().map(|x| x.name.as_str()).collect();
            return Err(Failure::new(format!(
                "--penalise {pattern:?}: no regressor and no column of numbers fits; the regressors \
                 are {}",
                all.join(", ")
            )));
        }
    }
    Ok(flags)
}

fn plug_in(arguments: &args::Estimate) -> PlugIn {
    PlugIn {
        gamma: arguments.lasso.gamma,
        residuals: match arguments.lasso.residuals {
            args::Residuals::PostLasso => Residuals::PostLasso,
            args::Residuals::Lasso => Residuals::Lasso,
        },
        ..PlugIn::default()
    }
}

fn penalty(
    arguments: &args::Estimate,
    table: &Table,
    prepared: &Prepared,
) -> Result<Penalty, Failure> {
    let asked = &arguments.lasso;
    let strength = asked.lasso.clone().unwrap_or(Strength::PlugIn);
    if asked.folds.is_some() && strength != Strength::CrossValidated {
        return Err(Failure::new("--folds are for --lasso cv: leave them out otherwise"));
    }
    if asked.gamma.is_some() && strength != Strength::PlugIn && !asked.iceberg {
        return Err(Failure::new("--gamma is for --lasso plugin: leave it out otherwise"));
    }
    Ok(match strength {
        Strength::PlugIn => Penalty::PlugIn(plug_in(arguments)),
        Strength::Given(lambdas) => Penalty::Given(lambdas),
        Strength::CrossValidated => {
            let Some(column) = &asked.folds else {
                return Err(Failure::new(
                    "--lasso cv needs a column that says which rows are left out together: add \
                     --folds COLUMN, such as the agreement",
                ));
            };
            let levels = levels(column, table, prepared)?;
            let folds = match asked.fold_count {
                Some(count) => Folds::dealt(&levels, count, arguments.seed),
                None => Folds::each(levels),
            };
            Penalty::CrossValidated(CrossValidation {
                lambdas: asked.lambdas.clone(),
                criterion: match asked.criterion {
                    args::Criterion::Rmse => Criterion::Rmse,
                    args::Criterion::Deviance => Criterion::Deviance,
                },
                ..CrossValidation::new(folds)
            })
        }
    })
}

/// The level of each row of the design; none where a label is missing or says never.
fn levels(column: &str, table: &Table, prepared: &Prepared) -> Result<Vec<Option<u32>>, Failure> {
    let columns: Vec<String> = column.split('^').map(|name| name.trim().to_owned()).collect();
    let factor = design::factor(table, &prepared.rows, &columns)?;
    let left_out = |row: usize| {
        let labels = columns.iter().map(|name| table.label(name, row));
        match &labels.collect::<Vec<_>>()[..] {
            [one] => one.as_deref().is_some_and(|label| !NEVER.contains(&label)),
            several => several.iter().all(Option::is_some),
        }
    };
    let rows = prepared.rows.iter().zip(&factor.ids);
    Ok(rows.map(|(row, id)| left_out(row).then_some(*id)).collect())
}

/// A selection whose fits did not converge is no selection.
fn refuse_unfinished(found: &Lasso) -> Result<(), Failure> {
    if found.status == Status::Converged {
        return Ok(());
    }
    let why = found.notes.iter().find(|note| note.code == "selection_moves");
    Err(Failure::new(match why {
        Some(note) => format!("{}: give a penalty as a number, or use --lasso cv", note.message),
        None => format!(
            "the lasso ended as {:?} at λ = {:e}, {:e} from the conditions of its minimum: nothing is \
             reported; look for regressors that hardly vary within the effects, or use a larger penalty",
            found.status, found.lambda, found.kkt
        ),
    }))
}
