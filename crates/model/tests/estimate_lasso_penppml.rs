//! Lasso against what the vignette of the R package penppml prints.
//!
//! "Penalized PPML Regression with penppml", tables 3, 5 and 6 of version 0.2.4: flows between
//! countries of the Americas, effects of exporter and importer by year and of pairs, plug-in penalty
//! clustered by pair. That version takes loadings from the residuals of the lasso.

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/parquet.rs"]
mod parquet;

use emporion_model::estimate::design::{Design, Factor};
use emporion_model::estimate::lasso::{LassoOptions, Penalty, PlugIn, Residuals, lasso};
use emporion_model::estimate::{Family, Options, SmallSample, Vcov, ppml};
use emporion_model::outcome::Status;
use std::path::Path;

/// Half a unit of the last digit printed, and the share of it that penppml's stopping may cost.
const PRINTED: f64 = 0.51e-4;

/// Relative, on the deviance: penppml takes new loadings at every step, fifteen times at most, and
/// stops when a step changes the deviance by less than 1e-8. Loadings approach theirs by a factor of
/// 0.35 to 0.45 a round, so that they are some 1e-6 away then; ours stand to 1e-9.
const STOPPED: f64 = 2e-6;

/// Provision, coefficient and robust error of the model without penalty: table 3.
const TABLE_3: [(&str, f64, f64); 14] = [
    ("ad_prov_14", 0.0392, 0.3253),
    ("cp_prov_23", -0.0317, 0.0514),
    ("tbt_prov_07", 0.3924, 0.3171),
    ("tbt_prov_33", -0.0484, 0.3303),
    ("tf_prov_41", 0.6611, 0.1829),
    ("tf_prov_45", 0.1357, 0.0618),
    ("env_prov_18", -0.2564, 0.1340),
    ("et_prov_38", -0.0104, 0.1276),
    ("inv_prov_22", 0.3549, 0.0617),
    ("lm_prov_10", -0.5864, 0.1742),
    ("moc_prov_21", 0.0930, 0.1492),
    ("ser_prov_47", -0.2656, 0.1132),
    ("ste_prov_30", 0.0263, 0.0636),
    ("cp_prov_26", -0.1628, 0.0854),
];

/// Provision, lasso and post-lasso coefficient, clustered error: table 5.
const TABLE_5: [(&str, f64, f64, f64); 3] = [
    ("ad_prov_14", 0.0204, 0.4593, 0.1397),
    ("tf_prov_45", 0.1403, 0.2362, 0.0760),
    ("inv_prov_22", 0.0082, 0.1610, 0.0616),
];

/// The same with g = 0.3: table 6.
const TABLE_6: [(&str, f64, f64, f64); 5] = [
    ("ad_prov_14", 0.1761, 0.0551, 0.1721),
    ("tbt_prov_07", 0.0340, 0.3870, 0.1716),
    ("tf_prov_41", 0.0436, 0.4284, 0.1845),
    ("tf_prov_45", 0.1752, 0.1622, 0.0828),
    ("inv_prov_22", 0.0652, 0.1716, 0.0640),
];

fn americas(root: &Path) -> Design {
    let text = std::fs::read_to_string(root.join("data/penppml_countries.csv")).unwrap();
    let region = |line: &str| line.split(',').rev().nth(1) == Some("Americas");
    let places: Vec<&str> = text.lines().filter(|l| region(l)).map(|l| &l[..3]).collect();
    assert_eq!(places.len(), 57);
    let list = places.join(", ");
    let mut provisions: Vec<&str> = TABLE_3.iter().map(|row| row.0).collect();
    provisions.splice(9..9, ["ipr_prov_15", "ipr_prov_44"]);
    let case = serde_json::json!({
        "data": "data/penppml_trade.parquet",
        "filter": format!("exp in ({list}) and imp in ({list})"),
        "derive": [],
        "y": "export",
        "x": provisions,
        "fe": ["exp#time", "imp#time", "exp#imp"],
        "cluster": [["exp#imp"]],
    });
    let table = case::table(root, &case);
    let clusters: Vec<Factor> = vec![table.factor("exp#imp")];
    Design { clusters, ..case::design(&table, &case) }
}

fn options() -> Options {
    Options { vcov: Vcov::Cluster, small_sample: SmallSample::Stata, ..Options::default() }
}

#[test]
fn table_3_without_penalty() {
    let Some(root) = common::reference("estimate") else { return };
    let design = americas(&root);
    assert_eq!(design.y.len(), 16_976);
    let robust = Options { vcov: Vcov::Robust, ..options() };
    let fit = ppml(&design, &robust).unwrap();
    assert_eq!(fit.names.len(), 14);
    for (name, b, e) in TABLE_3 {
        let (got, error) = fit.coefficient(name).unwrap();
        assert!((got - b).abs() < PRINTED, "{name}: {got} for {b}");
        assert!((error - e).abs() < PRINTED, "{name}: {error} for {e}");
    }
}

fn check(root: &Path, gamma: f64, bic: f64, printed: &[(&str, f64, f64, f64)]) {
    let design = americas(root);
    let all = vec![true; design.x.len()];
    let settings = PlugIn { gamma: Some(gamma), residuals: Residuals::Lasso, ..PlugIn::default() };
    let how = LassoOptions { penalty: Penalty::PlugIn(settings), standardise: false };
    let found = lasso(&design, &all, Family::Poisson, &options(), &how).unwrap();
    assert_eq!(found.status, Status::Converged);
    assert!(found.kkt < 1e-10, "{}", found.kkt);
    // Deviance of the penalised model per row given, plus what k regressors cost.
    let n = design.y.len() as f64;
    let own = found.path[0].deviance / n + found.selected.len() as f64 * n.ln() / n;
    assert!((own / bic - 1.0).abs() < STOPPED, "{own} for {bic}");
    let names: Vec<&str> = printed.iter().map(|row| row.0).collect();
    assert_eq!(found.selected, names);
    for (name, b, post, error) in printed {
        let got = found.coefficients[found.position(name).unwrap()];
        assert!((got - b).abs() < PRINTED, "{name}: {got} for {b}");
        let (got, own) = found.post.coefficient(name).unwrap();
        assert!((got - post).abs() < PRINTED, "{name}: {got} for {post}");
        assert!((own - error).abs() < PRINTED, "{name}: {own} for {error}");
    }
}

#[test]
fn table_5_plug_in() {
    let Some(root) = common::reference("estimate") else { return };
    // penppml counts the rows given, which has rows of levels with zeros only in it.
    check(&root, 0.1 / 16_976f64.ln(), 9_787_471.950_311_03, &TABLE_5);
}

#[test]
fn table_6_plug_in_with_another_probability() {
    let Some(root) = common::reference("estimate") else { return };
    check(&root, 0.3, 9_458_290.223_745_99, &TABLE_6);
}
