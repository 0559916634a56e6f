//! Models in files: coefficients with their whole covariance, read back bit for bit.

use std::path::Path;

use emporion_model::estimate::Fit;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args;
use crate::data::Data;
use crate::failure::Failure;

use super::models::Model;

/// Names the format and its version.
const FORMAT: &str = "emporion-model/1";

/// A file of models.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    format: String,
    /// What the models were fitted to, with a digest.
    data: Value,
    models: Vec<Saved>,
}

/// A model in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    label: String,
    formula: String,
    notes: Vec<String>,
    /// Without the values of single rows, which `--save-rows` writes.
    fit: Fit,
}

/// Refuses files of a single model when there are several.
pub fn only_one(arguments: &args::Estimate, models: usize) -> Result<(), Failure> {
    for (option, given) in [
        ("--save-rows", arguments.save_rows.is_some()),
        ("--save-effects", arguments.save_effects.is_some()),
        ("--predict", arguments.predict.is_some()),
        ("--dropped", arguments.dropped),
    ] {
        if given {
            return Err(Failure::new(format!(
                "{option} is about one model, and these are {models}: run it with one formula and \
                 without a split"
            )));
        }
    }
    Ok(())
}

/// Writes models to a file.
pub fn write(path: &Path, data: &Data, models: &[Model]) -> Result<(), Failure> {
    let file = File {
        format: FORMAT.to_owned(),
        data: data.identity(),
        models: models
            .iter()
            .map(|model| Saved {
                label: model.label.clone(),
                formula: model.formula.clone(),
                notes: model.notes.clone(),
                fit: model.fit.clone(),
            })
            .collect(),
    };
    let text = serde_json::to_string_pretty(&file)
        .map_err(|error| Failure::new(format!("the model cannot be written as JSON: {error}")))?;
    std::fs::write(path, text + "\n").map_err(|error| Failure::file("write", path, &error))
}

/// Reads the models of a file.
pub fn read(path: &Path) -> Result<Vec<Model>, Failure> {
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
    let wrong = |reason: String| {
        Failure::new(format!(
            "{} is not a file of models: {reason}; write one with emporion estimate … --save FILE",
            path.display()
        ))
    };
    let file: File = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if file.format != FORMAT {
        return Err(wrong(format!("its format is {:?}, expected {FORMAT:?}", file.format)));
    }
    let models = file.models.into_iter();
    Ok(models
        .map(|saved| Model {
            label: saved.label,
            formula: saved.formula,
            fit: saved.fit,
            extra: Vec::new(),
            notes: saved.notes,
        })
        .collect())
}
