//! Bias correction: published digits, a slow twin, refusals.

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/parquet.rs"]
mod parquet;

use emporion_model::estimate::bias::{BiasCorrection, BiasOptions, Roles, weidner_zylkin};
use emporion_model::estimate::design::Design;
use emporion_model::estimate::{Options, ppml_fitted};
use emporion_model::outcome::Status;
use serde_json::Value;

/// Relative; the reference was computed from a fit good to about 1e-10.
const REFERENCE: f64 = 1e-7;

fn read_case(root: &std::path::Path, name: &str) -> (Value, case::Table, Design) {
    let file = root.join("cases").join(format!("{name}.json"));
    let case: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let table = case::table(root, &case);
    let design = case::design(&table, &case);
    (case, table, design)
}

fn correct(table: &case::Table, design: &Design) -> BiasCorrection {
    let fitted = ppml_fitted(design, &Options::default()).unwrap();
    let part = |name: &str| table.factor(name);
    let (origin, destination, time) = (part("isoexp"), part("isoimp"), part("year"));
    let roles = Roles { origin: &origin, destination: &destination, time: Some(&time) };
    weidner_zylkin(&fitted, &roles, &BiasOptions::default()).unwrap()
}

fn check(name: &str) -> Option<BiasCorrection> {
    let root = common::reference("estimate")?;
    let (case, table, design) = read_case(&root, name);
    let got = correct(&table, &design);
    let want = &case["bias_correction"];
    println!(
        "{name}: {:?} {:?} {:?} {} {}",
        got.bias, got.standard_errors, got.unadjusted_errors, got.residual, got.redundant
    );
    assert_eq!(got.status, Status::Converged);
    assert_eq!(got.pairs as u64, want["pairs"].as_u64().unwrap());
    let mut worst = 0.0f64;
    for (key, values) in [
        ("bias", &got.bias),
        ("coef_bias_corrected", &got.coefficients),
        ("se_adjusted", &got.standard_errors),
        ("se_cluster_pair_stata", &got.unadjusted_errors),
    ] {
        let Some(expected) = want[key].as_object() else { continue };
        for (variable, value) in expected {
            let j = got.names.iter().position(|n| n == variable).unwrap();
            let off = (values[j] / value.as_f64().unwrap() - 1.0).abs();
            assert!(off < REFERENCE, "{name} {key} {variable}: {} for {value}", values[j]);
            worst = worst.max(off);
        }
    }
    println!("{name}: {worst:.0e}, proof {:.0e}, {} redundant", got.residual, got.redundant);
    Some(got)
}

#[test]
fn febias_three_way_has_the_published_digits() {
    let Some(got) = check("febias-manuf-3way") else { return };
    assert_eq!(format!("{:.10}", got.bias[0]), "0.0076567526".replace("26", "26"));
    assert_eq!(format!("{:.10}", got.standard_errors[0]), "0.0419558558");
}

#[test]
fn febias_two_way() {
    check("febias-manuf-2way");
}

#[test]
fn fta_total_three_way() {
    check("fta-total-3way");
}
