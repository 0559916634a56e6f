//! What a fit says of single rows and levels, in files: fitted values, residuals, scores, fixed
//! effects, predictions.

use std::path::Path;

use emporion_brief::stages::gravity::Estimation;
use emporion_model::estimate::design::Design;
use emporion_model::estimate::predict::predict;
use emporion_model::estimate::recover::{
    EffectValues, LevelState, RecoverOptions, Recovered, recover,
};
use emporion_model::estimate::residuals::Residual;
use emporion_model::outcome::{Note, Status};
use emporion_tables::design::Levels;
use emporion_tables::recipe::prepare_for;
use emporion_tables::{Column, Table, Values, write};

use crate::answer::Advice;
use crate::args;
use crate::failure::Failure;

/// Columns that tell a row, when the table has them.
const KEYS: [&str; 5] = ["origin", "destination", "year", "product", "sector"];

/// Lines that a note on predictions names.
const SHOWN: usize = 5;

/// Whether any file is asked for.
pub fn wanted(arguments: &args::Estimate) -> bool {
    arguments.save_rows.is_some() || arguments.save_effects.is_some() || arguments.predict.is_some()
}

/// Writes every file asked for; says of rows that could not be predicted why.
pub fn write(
    arguments: &args::Estimate,
    found: &Estimation,
    table: &Table,
) -> Result<Vec<Advice>, Failure> {
    if let Some(path) = &arguments.save_rows {
        write::write(path, &rows(found, table))?;
    }
    if arguments.save_effects.is_none() && arguments.predict.is_none() {
        return Ok(Vec::new());
    }
    let recovered = recover(&found.prepared.design, &found.fitted, &RecoverOptions::default())?;
    if recovered.status != Status::Converged {
        return Err(Failure::new(format!(
            "the fixed effects reproduce the linear predictor only to {:e}: they are not written",
            recovered.residual
        )));
    }
    if let Some(path) = &arguments.save_effects {
        write::write(path, &effects(found, &recovered, table))?;
    }
    if let (Some(new), Some(path)) = (&arguments.predict, &arguments.save_predictions) {
        return predictions(found, &recovered, table, new, path);
    }
    Ok(Vec::new())
}

/// One row for each row of the design: what the model makes of it.
fn rows(found: &Estimation, table: &Table) -> Vec<Column> {
    let (fitted, prepared) = (&found.fitted, &found.prepared);
    let n = prepared.rows.len();
    let column = |name: &str, values: Vec<f64>| Column {
        name: name.to_owned(),
        values: Values::Number(values),
    };
    // The arrays of a fit have the rows used, in an order of their own.
    let spread = |values: &[f64]| {
        let mut all = vec![f64::NAN; n];
        fitted.rows.iter().zip(values).for_each(|(row, v)| all[*row] = *v);
        all
    };
    let lines = prepared.rows.iter().map(|row| f64::from(table.line(row))).collect();
    let mut columns = vec![column("line", lines)];
    columns.extend(keys(table, &prepared.rows.to_vec()));
    let used = {
        let mut used = vec![0.0; n];
        fitted.rows.iter().for_each(|row| used[*row] = 1.0);
        used
    };
    columns.push(column("used", used));
    columns.push(column("outcome", prepared.design.y.clone()));
    columns.push(column("fitted", fitted.fit.fitted.clone()));
    columns.push(column("linear_predictor", spread(&fitted.eta)));
    for (name, kind) in [
        ("residual", Residual::Response),
        ("residual_pearson", Residual::Pearson),
        ("residual_deviance", Residual::Deviance),
        ("residual_working", Residual::Working),
    ] {
        columns.push(column(name, spread(&fitted.residuals(kind))));
    }
    for (name, score) in fitted.fit.names.iter().zip(fitted.scores()) {
        columns.push(column(&format!("score {name}"), spread(&score)));
    }
    columns
}

/// The columns that tell the rows of a table.
fn keys(table: &Table, rows: &[usize]) -> Vec<Column> {
    let selected = table.columns().iter().filter(|c| KEYS.contains(&c.name.as_str()));
    selected.map(|c| Column { name: c.name.clone(), values: c.values.select(rows) }).collect()
}

/// One row for each level of each effect.
fn effects(found: &Estimation, recovered: &Recovered, table: &Table) -> Vec<Column> {
    let prepared = &found.prepared;
    let with_levels: Vec<(&EffectValues, &Levels)> = recovered
        .effects
        .iter()
        .zip(&prepared.levels)
        .chain(recovered.slopes.iter().zip(&prepared.slope_levels))
        .collect();
    let mut effect: Vec<String> = Vec::new();
    let (mut level, mut state): (Vec<String>, Vec<&str>) = (Vec::new(), Vec::new());
    let (mut value, mut count, mut component) = (Vec::new(), Vec::new(), Vec::new());
    for (values, levels) in with_levels {
        let name = match &values.variable {
            Some(variable) => format!("{}[[{variable}]]", values.name),
            None => values.name.clone(),
        };
        for at in 0..values.values.len() {
            effect.push(name.clone());
            level.push(levels.label(table, at));
            value.push(values.values[at]);
            count.push(values.rows[at] as f64);
            component.push(values.component[at].map_or(f64::NAN, f64::from));
            state.push(match values.state[at] {
                LevelState::Used => "used",
                LevelState::Separated => "separated",
                LevelState::Dropped => "dropped",
                LevelState::Absent => "absent",
            });
        }
    }
    let text = |name: &str, texts: Vec<&str>| Column {
        name: name.to_owned(),
        values: Values::text(texts.into_iter().map(Some)),
    };
    let number =
        |name: &str, numbers| Column { name: name.to_owned(), values: Values::Number(numbers) };
    vec![
        text("effect", effect.iter().map(String::as_str).collect()),
        text("level", level.iter().map(String::as_str).collect()),
        number("value", value),
        number("rows", count),
        number("component", component),
        text("state", state),
    ]
}

fn predictions(
    found: &Estimation,
    recovered: &Recovered,
    table: &Table,
    new: &str,
    path: &Path,
) -> Result<Vec<Advice>, Failure> {
    let new = Table::read(Path::new(new))?;
    let recipe = found.prepared.recipe(table);
    let rows = prepare_for(&recipe, &new)?;
    let at = rows.rows.to_vec();
    let before = rows.notes.iter().filter(|note| note.code != "unknown-level");
    let said = |note: &Note| {
        let message = format!("predictions for {}: {}", new.path(), note.message);
        Advice { message, ..Advice::from(note) }
    };
    let mut advice: Vec<Advice> = before.map(said).collect();
    let design = Design {
        outcome: found.prepared.design.outcome.clone(),
        x: rows.x,
        constant: found.prepared.design.constant,
        effects: rows.effects,
        slopes: rows.slopes,
        offset: rows.offset,
        ..Design::default()
    };
    let prediction = predict(&found.fitted, recovered, &design)?;
    let number = |name: &str, values: Vec<f64>| Column {
        name: name.to_owned(),
        values: Values::Number(values),
    };
    // Every row of the file keeps its place. Minus infinity is the log of a predicted zero; the
    // column `predicted` has the zero.
    let spread = |values: Vec<f64>| -> Vec<f64> {
        let mut all = vec![f64::NAN; new.rows()];
        for (row, value) in at.iter().zip(values).filter(|(_, value)| value.is_finite()) {
            all[*row] = value;
        }
        all
    };
    let every: Vec<usize> = (0..new.rows()).collect();
    let lines = every.iter().map(|&row| f64::from(new.line(row))).collect();
    let mut columns = vec![number("line", lines)];
    columns.extend(keys(&new, &every));
    columns.push(number("predicted", spread(prediction.mean)));
    columns.push(number("linear_predictor", spread(prediction.linear)));
    columns.push(number("standard_error", spread(prediction.mean_error)));
    write::write(path, &columns)?;
    let place = |note: &Note| {
        let lines: Vec<String> =
            note.rows.iter().take(SHOWN).map(|&i| new.line(at[i]).to_string()).collect();
        let more = if note.count > SHOWN { ", \u{2026}" } else { "" };
        let message =
            format!("{} (lines {}{more} of {})", note.message, lines.join(", "), new.path());
        Advice { message, ..Advice::from(note) }
    };
    advice.extend(prediction.notes.iter().map(place));
    Ok(advice)
}
