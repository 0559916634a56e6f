//! What to fit on a file: a formula, or a specification by the name the peers' script gives it.

use emporion_model::estimate::design::Design;
use emporion_tables::design::DesignOptions;
use emporion_tables::{Formula, Table};
use serde_json::Value;
use std::path::Path;

/// A formula on the rows of a file.
pub struct Spec {
    /// Least squares in place of Poisson.
    pub least_squares: bool,
    /// Outcome ~ regressors | effects.
    pub formula: String,
    /// Cluster dimensions.
    pub clusters: Vec<String>,
    /// A column of which only rows above zero are used, for an outcome in logs.
    pub positive: Option<String>,
}

/// A specification by name, or from a JSON file with family, y, x, fe and cluster.
pub fn named(name: &str) -> Result<Spec, String> {
    let x = "x1 + x2 + x3";
    let (left, right, cluster, least_squares) = match name {
        "gravity" => ("y", "origin^year + destination^year + pair", "pair", false),
        "gravity-xl" => {
            ("y", "origin^year^sector + destination^year^sector + pair^sector", "pair", false)
        }
        "gravity-2w" => ("y", "origin^year + destination^year", "pair", false),
        "gravity-ols" => ("log(y)", "origin^year + destination^year + pair", "pair", true),
        "akm" => ("y", "worker + firm + year", "worker", true),
        "akm-ppml" => ("count", "worker + firm + year", "worker", false),
        file => return from_file(file),
    };
    Ok(Spec {
        least_squares,
        formula: format!("{left} ~ {x} | {right}"),
        clusters: vec![cluster.to_owned()],
        positive: (left == "log(y)").then(|| "y".to_owned()),
    })
}

fn from_file(path: &str) -> Result<Spec, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|e| format!("{path}: {e}"))?;
    let strings = |key: &str| -> Vec<String> {
        let items = json[key].as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|v| v.as_str()).map(|s| s.replace('#', "^")).collect()
    };
    let y = json["y"].as_str().ok_or(format!("{path}: no y"))?;
    let log = json["log"].as_bool() == Some(true);
    let left = if log { format!("log({y})") } else { y.to_owned() };
    let (x, effects) = (strings("x").join(" + "), strings("fe").join(" + "));
    let bar = if effects.is_empty() { String::new() } else { format!(" | {effects}") };
    Ok(Spec {
        least_squares: json["family"].as_str() == Some("gaussian"),
        formula: format!("{left} ~ {x}{bar}"),
        clusters: strings("cluster"),
        positive: log.then(|| y.to_owned()),
    })
}

/// Reads the file and keeps the rows the specification is about.
pub fn read(spec: &Spec, path: &str) -> Result<Table, String> {
    let table = Table::read(Path::new(path)).map_err(|e| e.to_string())?;
    let Some(column) = &spec.positive else { return Ok(table) };
    let kept: Vec<usize> = (0..table.rows())
        .filter(|row| table.number(column, *row).is_some_and(|v| v > 0.0))
        .collect();
    Ok(table.select(&kept))
}

/// The arrays of the specification.
pub fn design(spec: &Spec, table: &Table) -> Result<Design, String> {
    let formula = Formula::parse(&spec.formula).map_err(|e| e.to_string())?;
    let options = DesignOptions { clusters: spec.clusters.clone(), ..DesignOptions::default() };
    let prepared = emporion_tables::design::design(&formula, table, &options);
    Ok(prepared.map_err(|e| e.to_string())?.design)
}
