//! Lasso against an independent program: `oracles/estimate/lasso.py`.

#[path = "common/case.rs"]
#[allow(dead_code)]
mod case;
mod common;
#[path = "common/lasso.rs"]
mod harness;
#[path = "common/parquet.rs"]
mod parquet;

use emporion_model::estimate::design::Design;
use emporion_model::estimate::lasso::{CrossValidation, LassoOptions, Penalty, PlugIn, Residuals};
use emporion_model::estimate::lasso_folds::Folds;
use harness::{SAME, close, fit, given};

/// The table of `oracles/estimate/lasso.csv`, and what `lasso.py` found on it.
fn oracle() -> (Design, Vec<Option<u32>>, serde_json::Value) {
    let folder = common::oracle("estimate");
    let table = case::read_csv(&folder.join("lasso.csv"));
    let text = std::fs::read_to_string(folder.join("lasso.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let design = Design {
        outcome: "value".into(),
        y: table.number("value").to_vec(),
        x: case::strings(&expected["names"]).iter().map(|x| table.regressor(x)).collect(),
        effects: ["origin#year", "destination#year", "origin#destination"]
            .map(|f| table.factor(f))
            .to_vec(),
        clusters: vec![table.factor("origin#destination")],
        ..Design::default()
    };
    let fold = |a: &f64| (*a > 0.0).then_some(*a as u32);
    let folds = table.number("agreement").iter().map(fold).collect();
    (design, folds, expected)
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn plug_in_of_the_oracle() {
    let (design, _, expected) = oracle();
    for want in expected["plug_in"].as_array().unwrap() {
        let residuals = match want["residuals"].as_str().unwrap() {
            "lasso" => Residuals::Lasso,
            _ => Residuals::PostLasso,
        };
        let settings = PlugIn { gamma: want["gamma"].as_f64(), residuals, ..PlugIn::default() };
        let how = LassoOptions { penalty: Penalty::PlugIn(settings), standardise: false };
        let found = fit(&design, &how);
        assert_eq!(found.n_used as u64, expected["n"].as_u64().unwrap());
        let lambda = want["lambda"].as_f64().unwrap();
        assert!((found.lambda / lambda - 1.0).abs() < 1e-12);
        close(&found.coefficients, &numbers(&want["lasso"]), SAME);
        let scaled: Vec<f64> = std::iter::zip(&found.loadings, numbers(&want["loadings"]))
            .map(|(a, b)| a / b)
            .collect();
        close(&scaled, &[1.0; 8], SAME);
        let post: Vec<f64> = found
            .names
            .iter()
            .map(|name| found.post.coefficient(name).map_or(0.0, |c| c.0))
            .collect();
        close(&post, &numbers(&want["post_lasso"]), SAME);
    }
}

#[test]
fn path_and_validation_of_the_oracle() {
    let (design, folds, expected) = oracle();
    let path = expected["path"].as_array().unwrap();
    let lambdas: Vec<f64> = path.iter().map(|p| p["lambda"].as_f64().unwrap()).collect();
    let found = fit(&design, &given(&lambdas, true));
    for (step, want) in found.path.iter().zip(path) {
        close(&step.coefficients, &numbers(&want["lasso"]), SAME);
        assert!((step.deviance / want["deviance"].as_f64().unwrap() - 1.0).abs() < SAME);
    }
    let settings = CrossValidation { lambdas, ..CrossValidation::new(Folds::each(folds)) };
    let how = LassoOptions { penalty: Penalty::CrossValidated(settings), standardise: true };
    let found = fit(&design, &how);
    let (got, want) = (found.validation.unwrap(), &expected["validation"]);
    assert_eq!(got.rows as u64, want["rows"].as_u64().unwrap());
    assert_eq!(got.unpredicted as u64, want["unpredicted"].as_u64().unwrap());
    for (score, want) in got.scores.iter().zip(want["scores"].as_array().unwrap()) {
        assert!((score.rmse / want["rmse"].as_f64().unwrap() - 1.0).abs() < SAME, "{score:?}");
        let sum = score.deviance * (got.rows - got.infinite) as f64;
        let want = want["deviance_sum"].as_f64().unwrap();
        assert!((sum / want - 1.0).abs() < SAME, "{sum} {want}");
    }
}
