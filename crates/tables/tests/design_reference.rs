//! Designs of reference cases give the coefficients of the outside programs.

#[path = "../../model/tests/common/mod.rs"]
mod common;

use std::path::Path;

use emporion_model::estimate::{self, Options};
use emporion_tables::design::{DesignOptions, Prepared, design};
use emporion_tables::plan::{Plan, Samples};
use emporion_tables::{Specification, Table, Values};
use serde_json::Value;

/// Relative; the programs agree among themselves to 1e-12 on these cases.
const COEFFICIENT: f64 = 1e-9;

fn case(root: &Path, name: &str) -> (Table, Value) {
    let text = std::fs::read_to_string(root.join("cases").join(format!("{name}.json"))).unwrap();
    let case: Value = serde_json::from_str(&text).unwrap();
    (Table::read(&root.join(case["data"].as_str().unwrap())).unwrap(), case["expected"].clone())
}

/// Fits a design, and compares the coefficients in the order of its regressors.
fn agree(prepared: &Prepared, expected: &Value, names: &[&str]) {
    let options = Options { tolerance: 1e-12, ..Options::default() };
    let fit = estimate::ppml(&prepared.design, &options).unwrap();
    assert_eq!(fit.coefficients.len(), names.len());
    for (got, name) in fit.coefficients.iter().zip(names) {
        let want = expected["coef"][name].as_f64().unwrap();
        let relative = ((got - want) / want).abs();
        assert!(relative < COEFFICIENT, "{name}: {got} instead of {want}");
    }
}

fn clustered(by: &str) -> DesignOptions {
    DesignOptions { clusters: vec![by.to_owned()], ..DesignOptions::default() }
}

#[test]
fn one_year_with_domestic_flows() {
    let (table, expected) = case(&common::oracle("estimate"), "gegravity-sample-2006");
    // The dummy of international flows is made here from the names.
    let formula = "trade ~ pta + contiguity + common_language + lndist + I(exporter != importer) | \
                   exporter + importer";
    let options = clustered("exporter#importer");
    let prepared = design(&formula.parse().unwrap(), &table, &options).unwrap();
    agree(
        &prepared,
        &expected,
        &["pta", "contiguity", "common_language", "lndist", "international"],
    );
}

#[test]
fn a_panel_of_six_years_without_domestic_flows() {
    let Some(root) = common::reference("estimate") else { return };
    let (table, expected) = case(&root, "agtpa-traditional");
    let years = [1986.0, 1990.0, 1994.0, 1998.0, 2002.0, 2006.0];
    let abroad = |&row: &usize| table.text("exporter", row) != table.text("importer", row);
    let rows: Vec<usize> = (0..table.rows())
        .filter(|&row| years.contains(&table.number("year", row).unwrap()))
        .filter(abroad)
        .collect();
    let formula = "trade ~ log(dist) + cntg + lang + clny | exporter^year + importer#year";
    let small = table.select(&rows);
    let prepared = design(&formula.parse().unwrap(), &small, &clustered("pair_id")).unwrap();
    agree(&prepared, &expected, &["log_dist", "cntg", "lang", "clny"]);
}

#[test]
fn one_category_of_a_table_of_several() {
    let Some(root) = common::reference("estimate") else { return };
    let (table, expected) = case(&root, "febias-manuf-3way");
    let text = "trade ~ fta | isoimp^year + isoexp^year + isoimp^isoexp";
    let specification = Specification::parse(text).unwrap();
    let samples = Samples::by(&table, "category", false).unwrap();
    let options = clustered("isoimp^isoexp");
    let plan = Plan::new(&specification, &table, Some(samples), options).unwrap();
    let manufactures = |&index: &usize| plan.label(index)[0].value == "category=MANUF";
    let index = (0..plan.len()).find(manufactures).unwrap();
    agree(&plan.prepare(index).unwrap(), &expected, &["fta"]);
}

#[test]
fn lags_are_those_that_pandas_finds() {
    /// Rows that have a row four years earlier, and among them those in which the lag that the data
    /// come with differs from it (pairs such as Cyprus and Spain, whose column `rta_lag4` knows an
    /// agreement that `rta` does not): a merge in pandas of year - 4 with year.
    const FOUND: usize = 80_937;
    const CONTRADICTED: usize = 544;
    let Some(root) = common::reference("estimate") else { return };
    let (table, _) = case(&root, "agtpa-traditional");
    let Some(Values::Number(given)) = table.column("rta_lag4").map(|c| &c.values) else {
        panic!("rta_lag4 is a column of numbers");
    };
    let formula = "trade ~ l(rta, 4)".parse().unwrap();
    let prepared = design(&formula, &table, &DesignOptions::default()).unwrap();
    assert_eq!(prepared.rows.len(), FOUND);
    let lags = &prepared.design.x[0].values;
    let differ = prepared.rows.iter().zip(lags).filter(|(row, lag)| **lag != given[*row]);
    assert_eq!(differ.count(), CONTRADICTED);
}
