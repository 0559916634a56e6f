//! Many sectors against Caliendo and Parro (2015), Table 2, and two programs that solve it.
//!
//! The data lie outside the repository (see `common::reference`); `simulate_many.rs` checks the
//! same kernel on samples of its own.

#[path = "common/caliendo_parro.rs"]
mod caliendo_parro;
mod common;

use std::path::PathBuf;

use caliendo_parro::{NAFTA, SECTORS};
use emporion_model::outcome::Status;
use emporion_model::simulate::{
    Imbalances, ManySectorEquilibrium, ManySectorOptions, ManySectors, many_sectors,
};
use serde_json::Value;

/// The independent solution's own residual is 1e-13 and it carries 14 digits.
const EXACT: f64 = 1e-11;
/// The same in percent.
const EXACT_PERCENT: f64 = 1e-9;
/// The JAX program stops when wages move by less than 1e-7; the reference names this bar, percent.
const JAX: f64 = 1e-5;
/// Two printed decimals.
const PRINTED: f64 = 0.005;
/// Market clearing, as promised by the documentation.
const RESIDUAL: f64 = 1e-12;

struct Case {
    folder: PathBuf,
    json: Value,
}

impl Case {
    fn open() -> Option<Self> {
        let folder = common::reference("simulate")?.join("caliendo_parro");
        let text = std::fs::read(folder.join("nafta_zero_deficits.json")).unwrap();
        Some(Self { folder, json: serde_json::from_slice(&text).unwrap() })
    }

    fn solve(&self, imbalances: Imbalances) -> ManySectorEquilibrium {
        let world = ManySectors::new(&caliendo_parro::data(&self.folder)).unwrap();
        let shock = caliendo_parro::nafta(&self.folder, &world);
        let options = ManySectorOptions { imbalances, ..ManySectorOptions::default() };
        many_sectors(&world, &shock, &options).unwrap()
    }

    fn list(&self, section: &str, field: &str) -> Vec<f64> {
        let list = self.json[section][field].as_array().unwrap_or_else(|| panic!("{field}"));
        list.iter().map(|v| v.as_f64().unwrap()).collect()
    }
}

fn percent(values: &[f64]) -> Vec<f64> {
    values.iter().map(|v| 100.0 * v).collect()
}

fn percent_change(hats: &[f64]) -> Vec<f64> {
    hats.iter().map(|h| 100.0 * (h - 1.0)).collect()
}

fn gap(got: &[f64], expected: &[f64], relative: bool) -> f64 {
    assert_eq!(got.len(), expected.len());
    got.iter()
        .zip(expected)
        .map(|(g, e)| (g - e).abs() / if relative { e.abs() } else { 1.0 })
        .fold(0.0, f64::max)
}

/// Every hat, level and part of welfare of the independent solution.
#[test]
fn nafta_equals_the_independent_solution() {
    let Some(case) = Case::open() else { return };
    let got = case.solve(Imbalances::RemovedFirst);
    assert_eq!(got.status, Status::Converged);
    assert!(got.residual <= RESIDUAL && got.baseline_residual <= RESIDUAL);
    // A wrong slope would still converge, only slowly.
    assert!(got.iterations <= 25, "{} Newton steps", got.iterations);
    let (parts, before, after) = (&got.first_order, &got.baseline, &got.counterfactual);
    for (field, got, tolerance, relative) in [
        ("w_hat", got.wage_hat.clone(), EXACT, false),
        ("P_hat", got.price_index_hat.clone(), EXACT, false),
        ("income_baseline", before.income.clone(), EXACT, true),
        ("income_counterfactual", after.income.clone(), EXACT, true),
        ("imports_baseline", before.imports.clone(), EXACT, true),
        ("imports_counterfactual", after.imports.clone(), EXACT, true),
        ("terms_of_trade_pct", percent(&parts.terms_of_trade), EXACT_PERCENT, false),
        ("volume_of_trade_pct", percent(&parts.volume_of_trade), EXACT_PERCENT, false),
        ("welfare_first_order_pct", percent(&parts.welfare), EXACT_PERCENT, false),
        ("welfare_exact_pct", percent_change(&got.welfare_exact_hat), EXACT_PERCENT, false),
        ("real_wage_pct", percent_change(&got.real_wage_hat), EXACT_PERCENT, false),
    ] {
        let gap = gap(&got, &case.list("exact", field), relative);
        assert!(gap <= tolerance, "{field}: {gap:.1e}");
    }
}

/// The twelve figures for Canada, Mexico and the USA, as printed.
#[test]
fn table_2_is_reproduced() {
    let Some(case) = Case::open() else { return };
    let got = case.solve(Imbalances::RemovedFirst);
    for (name, n) in ["Canada", "Mexico", "USA"].into_iter().zip(NAFTA) {
        let printed = |field: &str| case.json["published"][name][field].as_f64().unwrap();
        for (field, value) in [
            ("tot", got.first_order.terms_of_trade[n]),
            ("vot", got.first_order.volume_of_trade[n]),
            ("welfare", got.first_order.welfare[n]),
            ("realwage", got.real_wage_hat[n] - 1.0),
        ] {
            let gap = (100.0 * value - printed(field)).abs();
            assert!(gap <= PRINTED, "{name} {field}: {value} against {}", printed(field));
        }
    }
}

/// The JAX program lets the numeraire drift: real wages and incomes per wage are compared.
#[test]
fn the_jax_program_agrees() {
    let Some(case) = Case::open() else { return };
    let got = case.solve(Imbalances::RemovedFirst);
    let real = gap(&percent(&got.real_wage_hat), &percent(&case.list("jax_run", "wp_hat")), false);
    assert!(real <= JAX, "real wage: {real:.1e} percent");
    let wage = case.list("jax_run", "w_hat");
    let drift = got.wage_hat[0] / wage[0];
    let relative: Vec<f64> = wage.iter().map(|w| 100.0 * w * drift).collect();
    let gap = gap(&percent(&got.wage_hat), &relative, false);
    assert!(gap <= JAX, "relative wages: {gap:.1e} percent");
}

/// What the data leave open is told with its size, place and sector.
#[test]
fn inconsistent_data_are_told() {
    let Some(case) = Case::open() else { return };
    let got = case.solve(Imbalances::RemovedFirst);
    let note = |code: &str| got.notes.iter().find(|n| n.code == code).unwrap();
    assert_eq!(note("negative_final_demand").count, 185);
    assert!(note("negative_final_demand").message.contains("3.43 percent"));
    assert_eq!(note("negative_inputs").rows, [(4 * SECTORS + 19) * SECTORS + 10]);
    assert!(note("shares_rounded").message.contains("3.7e-7"));
    assert_eq!(note("imbalances_removed").count, 31);
    assert!(note("baseline_solved").message.contains("percent"));
    // Deficits kept: only final demand set to zero moves the baseline, five times less.
    let kept = case.solve(Imbalances::Additive);
    assert_eq!(kept.status, Status::Converged);
    assert!(kept.data_residual < got.data_residual / 4.0);
}
