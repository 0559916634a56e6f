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

#[test]
fn zz_probe() {
    let Some(case) = Case::open() else { return };
    let start = std::time::Instant::now();
    let got = case.solve(Imbalances::RemovedFirst);
    println!(
        "{:?} it {} res {:.1e} base {:.1e} data {:.1e} {:?}",
        got.status,
        got.iterations,
        got.residual,
        got.baseline_residual,
        got.data_residual,
        start.elapsed()
    );
    for n in &got.notes {
        println!("{} {} {}", n.code, n.count, n.message);
    }
    let f = &got.first_order;
    for (field, got, rel) in [
        ("w_hat", got.wage_hat.clone(), false),
        ("P_hat", got.price_index_hat.clone(), false),
        ("income_baseline", got.baseline.income.clone(), true),
        ("income_counterfactual", got.counterfactual.income.clone(), true),
        ("imports_baseline", got.baseline.imports.clone(), true),
        ("imports_counterfactual", got.counterfactual.imports.clone(), true),
        ("terms_of_trade_pct", percent(&f.terms_of_trade), false),
        ("volume_of_trade_pct", percent(&f.volume_of_trade), false),
        ("welfare_first_order_pct", percent(&f.welfare), false),
        ("welfare_exact_pct", percent_change(&got.welfare_exact_hat), false),
        ("real_wage_pct", percent_change(&got.real_wage_hat), false),
    ] {
        println!("{field}: {:.2e}", gap(&got, &case.list("exact", field), rel));
    }
    for i in [Imbalances::Additive, Imbalances::Multiplicative] {
        let start = std::time::Instant::now();
        let got = case.solve(i);
        println!(
            "{i:?} {:?} it {} res {:.1e} base {:.1e} data {:.1e} {:?}",
            got.status,
            got.iterations,
            got.residual,
            got.baseline_residual,
            got.data_residual,
            start.elapsed()
        );
        for n in NAFTA {
            println!("{} {}", got.welfare_exact_hat[n], got.first_order.welfare[n]);
        }
        println!("{:?}", got.notes.last());
    }
    let _ = (SECTORS, JAX, PRINTED, RESIDUAL, EXACT, EXACT_PERCENT, Status::Converged);
}
