//! Designs of reference cases give the coefficients of the outside programs.

use std::path::{Path, PathBuf};

use emporion_model::estimate::{self, Options};
use emporion_tables::Table;
use emporion_tables::design::{DesignOptions, design};
use serde_json::Value;

/// Relative; the programs agree among themselves to 1e-12 on these cases.
const COEFFICIENT: f64 = 1e-9;

fn case(root: &Path, name: &str) -> (Table, Value) {
    let text = std::fs::read_to_string(root.join("cases").join(format!("{name}.json"))).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    (Table::read(&root.join(case["data"].as_str().unwrap())).unwrap(), case["expected"].clone())
}

/// Fits a formula, and compares the coefficients in the order of the formula's regressors.
fn agree(table: &Table, formula: &str, cluster: &str, expected: &Value, names: &[&str]) {
    let options = DesignOptions { clusters: vec![cluster.to_owned()], ..DesignOptions::default() };
    let prepared = design(&formula.parse().unwrap(), table, &options).unwrap();
    let options = Options { tolerance: 1e-12, ..Options::default() };
    let fit = estimate::ppml(&prepared.design, &options).unwrap();
    assert_eq!(fit.coefficients.len(), names.len(), "{formula}");
    for (got, name) in fit.coefficients.iter().zip(names) {
        let want = expected["coef"][name].as_f64().unwrap();
        let relative = ((got - want) / want).abs();
        assert!(relative < COEFFICIENT, "{formula}, {name}: {got} instead of {want}");
    }
}

#[test]
fn one_year_with_domestic_flows() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../oracles/estimate"));
    let (table, expected) = case(&root, "gegravity-sample-2006");
    // The dummy of international flows is made here from the names.
    agree(
        &table,
        "trade ~ pta + contiguity + common_language + lndist + I(exporter != importer) | exporter + \
         importer",
        "exporter#importer",
        &expected,
        &["pta", "contiguity", "common_language", "lndist", "international"],
    );
}
