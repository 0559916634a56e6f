//! Compares a case's fits with the numbers of the outside programs.

#![allow(dead_code)]

use super::case::{self, Table};
use emporion_model::estimate::design::Design;
use emporion_model::estimate::{self, Errors, Family, Fit, Fitted, Options, SmallSample};
use emporion_model::outcome::Status;
use serde_json::Value;
use std::path::Path;

/// Relative, on coefficients; the references agree among themselves to 1e-9 or better.
pub const COEFFICIENT: f64 = 1e-9;
/// Relative, on coefficients of models without effects: the references differ there by 3e-10.
pub const COEFFICIENT_LEVELS: f64 = 1e-8;
/// Relative, on standard errors; the references were fitted to about 1e-8 in the weights.
pub const STANDARD_ERROR: f64 = 1e-7;
/// Relative, on standard errors of models without effects, whose regressors are logs far from zero:
/// the reference solves their normal equations uncentred and keeps 6 to 7 digits. An extended
/// precision solution of log-of-gravity-table3 has 0.001072653130370053723 for the iid error of the
/// constant, where the reference has 0.00107265301798296.
pub const STANDARD_ERROR_LEVELS: f64 = 1e-6;
/// Relative, on deviance and log likelihood.
pub const DEVIANCE: f64 = 1e-9;

fn relative(got: f64, want: f64) -> f64 {
    ((got - want) / want).abs()
}

/// The expected standard errors of one kind, with the errors that give them.
struct Kind<'a> {
    label: String,
    errors: Errors,
    small_sample: SmallSample,
    expected: &'a Value,
}

fn kinds<'a>(expected: &'a Value, table: &Table) -> Vec<Kind<'a>> {
    let mut kinds = Vec::new();
    for (suffix, small_sample) in [("raw", SmallSample::Raw), ("fixest", SmallSample::Fixest)] {
        for (prefix, errors) in [("iid", Errors::Iid), ("hetero", Errors::Robust)] {
            let label = format!("{prefix}_{suffix}");
            let expected = &expected["se"][&label];
            kinds.push(Kind { label, errors, small_sample, expected });
        }
        let Some(clustered) = expected["se"][format!("cluster_{suffix}")].as_object() else {
            continue;
        };
        for (name, expected) in clustered {
            let clusters = name.split(" + ").map(|c| table.factor(c)).collect();
            let label = format!("cluster_{suffix} by {name}");
            kinds.push(Kind { label, errors: Errors::Cluster(clusters), small_sample, expected });
        }
    }
    kinds
}

/// Fits a case once and compares everything the reference has.
pub fn check_case(root: &Path, name: &str) {
    let (case, table, design) = read_case(root, name);
    let expected = &case["expected"];
    assert_eq!(table.rows as u64, expected["n_input"].as_u64().unwrap(), "{name}: rows given");
    let (tolerance, error_tolerance) = if design.effects.is_empty() {
        (COEFFICIENT_LEVELS, STANDARD_ERROR_LEVELS)
    } else {
        (COEFFICIENT, STANDARD_ERROR)
    };
    let fitted = fit_case(&case, &design, &Options::default());
    let fit = &fitted.fit;
    let worst_coefficient = check_fit(name, fit, expected, tolerance);
    let mut worst_error = 0.0f64;
    let kinds = kinds(expected, &table);
    for kind in &kinds {
        let result = fitted.with_errors(&kind.errors, kind.small_sample).unwrap();
        // The reference has RSS/(N-1) where Raw has RSS/N; its fixest numbers agree with both.
        let n = result.n_used as f64;
        let gaussian_iid = result.family == Family::Gaussian && kind.label == "iid_raw";
        let scale = if gaussian_iid { ((n - 1.0) / n).sqrt() } else { 1.0 };
        for (variable, value) in kind.expected.as_object().unwrap() {
            let (_, got) = result.coefficient(variable).unwrap();
            let want = scale * value.as_f64().unwrap();
            let off = relative(got, want);
            assert!(off < error_tolerance, "{name} {}: {variable}: {got} for {want}", kind.label);
            worst_error = worst_error.max(off);
        }
        check_stata(name, &fitted, kind);
    }
    println!(
        "{name}: N {} of {}, coefficients {worst_coefficient:.0e}, errors {worst_error:.0e} in {} \
         kinds, {} steps, {} conjugate gradients, gradient {:.0e}, {:?}",
        fit.n_used,
        fit.n_input,
        kinds.len(),
        fit.iterations,
        fit.absorb_iterations,
        fit.gradient_norm,
        fit.dropped
    );
}

/// The factors of ppmlhdfe in the reference's table, on top of the raw numbers just checked:
/// N/(N-1) and G/(G-1).
fn check_stata(name: &str, fitted: &Fitted, kind: &Kind) {
    if kind.small_sample != SmallSample::Raw || fitted.fit.family != Family::Poisson {
        return;
    }
    let raw = fitted.with_errors(&kind.errors, SmallSample::Raw).unwrap();
    let stata = fitted.with_errors(&kind.errors, SmallSample::Stata).unwrap();
    let m = match &kind.errors {
        Errors::Robust => raw.n_used as f64,
        Errors::Cluster(_) => raw.clusters.iter().map(|c| c.1).min().unwrap() as f64,
        _ => f64::INFINITY,
    };
    let factor = if m.is_finite() { (m / (m - 1.0)).sqrt() } else { 1.0 };
    for (s, r) in stata.standard_errors.iter().zip(&raw.standard_errors) {
        // One multiplication and one square root apart.
        assert!(relative(*s, r * factor) < 1e-14, "{name} {}: {s} for {r}", kind.label);
    }
    assert_eq!(stata.degrees_of_freedom, None);
}

/// A case with its table and design.
pub fn read_case(root: &Path, name: &str) -> (Value, Table, Design) {
    let file = root.join("cases").join(format!("{name}.json"));
    let case: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let table = case::table(root, &case);
    let design = case::design(&table, &case);
    (case, table, design)
}

/// Fits a case.
pub fn fit_case(case: &Value, design: &Design, options: &Options) -> Fitted {
    match case["family"].as_str().unwrap() {
        "poisson" => estimate::ppml_fitted(design, options).unwrap(),
        _ => estimate::ols_fitted(design, options).unwrap(),
    }
}

fn check_fit(name: &str, fit: &Fit, expected: &Value, tolerance: f64) -> f64 {
    assert_eq!(fit.status, Status::Converged, "{name}");
    assert_eq!(fit.n_used as u64, expected["n_used"].as_u64().unwrap(), "{name}: rows used");
    let deviance = expected["deviance"].as_f64().unwrap();
    assert!(relative(fit.deviance, deviance) < DEVIANCE, "{name}: deviance {}", fit.deviance);
    let likelihood = expected["loglik"].as_f64().unwrap();
    let off = relative(fit.log_likelihood, likelihood);
    assert!(off < DEVIANCE, "{name}: log likelihood {} for {likelihood}", fit.log_likelihood);
    let mut worst = 0.0f64;
    for (variable, value) in expected["coef"].as_object().unwrap() {
        let want = value.as_f64().unwrap();
        let variable = if variable == "_cons" { "(Intercept)" } else { variable };
        let (got, _) = fit.coefficient(variable).unwrap();
        assert!(relative(got, want) < tolerance, "{name}: {variable}: {got} for {want}");
        worst = worst.max(relative(got, want));
    }
    worst
}

/// Checks one separation set: exactly the listed rows, by every road that is open.
pub fn check_separation(folder: &Path, file: &str, expected: &Value) {
    let table = case::read_csv(&folder.join(file));
    let design = Design {
        outcome: "y".into(),
        y: table.number("y").to_vec(),
        x: case::strings(&expected["x"]).iter().map(|x| table.regressor(x)).collect(),
        constant: true,
        effects: case::strings(&expected["fe"]).iter().map(|f| table.factor(f)).collect(),
        ..Design::default()
    };
    let want: Vec<usize> = expected["lp_separated_rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as usize)
        .collect();
    for (road, exact_search) in [("exact search", 3e8), ("search by the fit", 0.0)] {
        let options = Options { keep_singletons: true, exact_search, ..Options::default() };
        let fit = estimate::ppml(&design, &options).unwrap();
        let found: Vec<usize> = (0..table.rows).filter(|i| fit.fitted[*i] == 0.0).collect();
        assert_eq!(found, want, "{file}, {road}");
        let by_regressors = fit.dropped.separated_by_regressors;
        assert_eq!(fit.dropped.separated_by_effects + by_regressors, want.len(), "{file}");
        assert_eq!(fit.certificate.is_some(), by_regressors > 0, "{file}, {road}");
        assert_eq!(fit.status, Status::Converged, "{file}, {road}");
    }
}
