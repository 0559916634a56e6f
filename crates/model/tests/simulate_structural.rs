//! Structural gravity in levels and the fitted baseline: closed forms, alternating scaling, the
//! Advanced Guide's application 1 from raw data to the printed table, gegravity's resistances.
//!
//! The reference files lie outside the repository (see `common::reference`).

mod common;

use std::collections::BTreeMap;

use emporion_model::estimate::design::{Design, Factor, Regressor};
use emporion_model::estimate::{Options, ppml_fitted};
use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    Effects, Imbalances, OneSectorOptions, Shocks, effects, structural,
};
use serde_json::Value;

/// Rounding times the condition of the system.
const ROUNDING: f64 = 1e-12;
/// Alternating scaling stops when nothing moves by 1e-14; a step shrinks by a third here.
const SCALING: f64 = 1e-12;
/// Hats against `exact`, whose coefficients and numbers carry 14 digits; percents on a scale of at
/// least one hundred.
const EXACT: f64 = 1e-9;
/// The coefficients are stored with 14 digits; the fit stops at a relative gradient of 1e-8 or less.
const ESTIMATE: f64 = 1e-9;
/// gegravity's hybrid Powell solver stops at 1e-8; its documentation gives 1e-6 for the terms.
const GEGRAVITY: f64 = 1e-6;

fn world() -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let n = 5;
    let ln_phi = (0..n * n)
        .map(|c| {
            if c / n == c % n { 0.3 } else { -1.0 - ((3 * (c / n) + 5 * (c % n)) % 7) as f64 / 4.0 }
        })
        .collect();
    (ln_phi, vec![9.0, 4.0, 2.0, 6.0, 1.0], vec![8.0, 5.0, 2.0, 5.5, 1.5])
}

#[test]
fn equals_alternating_scaling() {
    let (ln_phi, y, e) = world();
    let (n, theta, r) = (5, 4.0, 2);
    let found = structural(&ln_phi, &y, &e, theta, r).unwrap();
    assert_eq!(found.status, Status::Converged);
    let total: f64 = y.iter().sum();
    let (mut p, mut pi) = (vec![1.0_f64; n], vec![1.0_f64; n]);
    for _ in 0..2000 {
        for i in 0..n {
            let sum: f64 = (0..n).map(|j| ln_phi[i * n + j].exp() * p[j].powf(theta) * e[j]).sum();
            pi[i] = (sum / total).powf(-1.0 / theta);
        }
        for j in 0..n {
            let sum: f64 = (0..n).map(|i| ln_phi[i * n + j].exp() * pi[i].powf(theta) * y[i]).sum();
            p[j] = (sum / total).powf(-1.0 / theta);
        }
    }
    for k in 0..n {
        assert!((found.inward_resistance[k] - p[k] / p[r]).abs() < SCALING);
        assert!((found.outward_resistance[k] - pi[k] * p[r]).abs() < SCALING);
    }
    for c in 0..n * n {
        let (i, j) = (c / n, c % n);
        let want = y[i] * e[j] / total * ln_phi[c].exp() * (pi[i] * p[j]).powf(theta);
        assert!((found.trade[c] - want).abs() < SCALING, "{c}");
    }
    // The level of phi is Pi's: 1.5 in ln phi is a factor exp(-1.5 / theta).
    let raised: Vec<f64> = ln_phi.iter().map(|p| p + 1.5).collect();
    let other = structural(&raised, &y, &e, theta, r).unwrap();
    for k in 0..n {
        assert!((other.inward_resistance[k] - found.inward_resistance[k]).abs() < ROUNDING);
        let want = found.outward_resistance[k] * (-1.5 / theta).exp();
        assert!((other.outward_resistance[k] - want).abs() < ROUNDING);
    }
}

#[test]
fn spending_of_another_world_is_scaled_with_a_note() {
    let (ln_phi, y, e) = world();
    let doubled: Vec<f64> = e.iter().map(|e| 2.0 * e).collect();
    let found = structural(&ln_phi, &y, &doubled, 4.0, 0).unwrap();
    let want = structural(&ln_phi, &y, &e, 4.0, 0).unwrap();
    assert_eq!(found.notes[0].code, "spending_scaled");
    for (a, b) in found.trade.iter().zip(&want.trade) {
        assert!((a - b).abs() < ROUNDING);
    }
}

#[test]
fn refusals() {
    let (ln_phi, y, e) = world();
    let refused = |phi: &[f64], y: &[f64], e: &[f64], theta: f64, r: usize| {
        structural(phi, y, e, theta, r).unwrap_err().to_string()
    };
    assert!(refused(&ln_phi[1..], &y, &e, 4.0, 0).contains("expected 25"));
    assert!(refused(&ln_phi, &y, &e[1..], 4.0, 0).contains("expected 5"));
    assert!(refused(&ln_phi, &y, &e, 0.0, 0).contains("positive"));
    assert!(refused(&ln_phi, &y, &e, 4.0, 5).contains("reference"));
    let mut bad = ln_phi.clone();
    bad[7] = f64::NAN;
    assert!(refused(&bad, &y, &e, 4.0, 0).contains("own pairs"));
    assert!(refused(&ln_phi, &[9.0, 4.0, 0.0, 6.0, 1.0], &e, 4.0, 0).contains("output, entry 2"));
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

struct Rows {
    columns: BTreeMap<String, Vec<f64>>,
    from: Vec<u32>,
    to: Vec<u32>,
}

fn rows(path: &std::path::Path, places: &[String]) -> Rows {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut found = Rows { columns: BTreeMap::new(), from: Vec::new(), to: Vec::new() };
    let at = |id: &str| places.iter().position(|p| p == id).unwrap() as u32;
    for record in reader.records() {
        let record = record.unwrap();
        for (name, value) in names.iter().zip(&record) {
            match name.as_str() {
                "exporter" => found.from.push(at(value)),
                "importer" => found.to.push(at(value)),
                _ => found.columns.entry(name.clone()).or_default().push(value.parse().unwrap()),
            }
        }
    }
    found
}

fn places(json: &Value) -> Vec<String> {
    json["countries"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().into()).collect()
}

/// Median and largest |a - b|.
fn gaps(what: &str, a: &[f64], b: &[f64]) -> (f64, f64) {
    let mut gap: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect();
    gap.sort_by(f64::total_cmp);
    let (median, largest) = (gap[gap.len() / 2], *gap.last().unwrap());
    println!("{what}: median {median:.2e}, largest {largest:.2e}");
    (median, largest)
}

/// Application 1 of the Advanced Guide (Yotov, Piermartini, Monteiro and Larch 2016, chapter 2): all
/// borders removed, from the raw data to the printed table.
#[test]
fn trade_without_borders() {
    let Some(folder) = common::reference("simulate/advanced_guide") else { return };
    let text = std::fs::read(folder.join("trade_without_borders.json")).unwrap();
    let json: Value = serde_json::from_slice(&text).unwrap();
    let ids = places(&json);
    let n = ids.len();
    let table = rows(&folder.join("trade_2006.csv"), &ids);
    let foreign = |k: usize| if table.from[k] == table.to[k] { 0.0 } else { 1.0 };
    let count = table.from.len();
    let regressor = |name: &str, values: Vec<f64>| Regressor { name: name.into(), values };
    let x = vec![
        regressor("ln_DIST", table.columns["DIST"].iter().map(|d| d.ln()).collect()),
        regressor("CNTG", table.columns["CNTG"].clone()),
        regressor("INTL_BRDR", (0..count).map(foreign).collect()),
    ];
    let factor =
        |name: &str, ids: &[u32]| Factor { name: name.into(), ids: ids.to_vec(), levels: n };
    let design = Design {
        outcome: "trade".into(),
        y: table.columns["trade"].clone(),
        x: x.clone(),
        constant: true,
        effects: vec![factor("exporter", &table.from), factor("importer", &table.to)],
        ..Design::default()
    };
    let fitted = ppml_fitted(&design, &Options::default()).unwrap();
    let fit = &fitted.fit;
    for (name, want) in json["ppml"].as_object().unwrap() {
        let got = fit.coefficient(name).unwrap().0;
        let off = (got / want.as_f64().unwrap() - 1.0).abs();
        println!("{name}: {got:.8}, off by {off:.1e}");
        assert!(off < ESTIMATE, "{name}: {got}");
    }
    let beta: Vec<f64> = x.iter().map(|x| fit.coefficient(&x.name).unwrap().0).collect();

    // The fitted baseline, and the same one by way of structural gravity.
    let (mut trade, mut ln_phi) = (vec![0.0; n * n], vec![f64::NAN; n * n]);
    for k in 0..count {
        let c = table.from[k] as usize * n + table.to[k] as usize;
        trade[c] = fit.fitted[k];
        ln_phi[c] = x.iter().zip(&beta).map(|(x, b)| b * x.values[k]).sum();
    }
    let output: Vec<f64> = (0..n).map(|i| trade[i * n..(i + 1) * n].iter().sum()).collect();
    let spending: Vec<f64> = (0..n).map(|j| (0..n).map(|i| trade[i * n + j]).sum()).collect();
    let theta = json["theta"].as_f64().unwrap();
    let germany = ids.iter().position(|id| id == "DEU").unwrap();
    let levels = structural(&ln_phi, &output, &spending, theta, germany).unwrap();
    assert_eq!(levels.status, Status::Converged);
    println!("structural: {} steps, residual {:.0e}", levels.iterations, levels.residual);
    assert_eq!(levels.inward_resistance[germany], 1.0);
    let mut worst = 0.0_f64;
    for c in 0..n * n {
        worst = worst.max((levels.trade[c] / trade[c] - 1.0).abs());
    }
    println!("structural trade against the fitted: {worst:.1e}");
    assert!(worst < 1e-8, "{worst:e}: the fit's own first-order conditions are met to about 1e-9");

    let removed: Vec<f64> =
        (0..n * n).map(|c| if c / n == c % n { 0.0 } else { -beta[2] }).collect();
    let shocks = Shocks::from_matrix(n, removed).unwrap();
    let options = OneSectorOptions {
        elasticity: theta,
        imbalances: Imbalances::Multiplicative,
        ..OneSectorOptions::default()
    };
    let baseline = SquareFlows::new(n, levels.trade.clone()).unwrap();
    let all: Effects = effects(&baseline, &shocks, &options).unwrap();
    let world = &all.general;
    assert!(world.residual <= 1e-12 && world.acr_gap <= 1e-12);
    let level = world.price_index_hat[germany];
    let percent = |hats: &[f64], by: f64| -> Vec<f64> {
        hats.iter().map(|h| 100.0 * (h / by - 1.0)).collect()
    };
    let found = [
        ("change_price_FULL", percent(&world.factory_price_hat, level)),
        ("change_IMR_FULL", percent(&world.price_index_hat, level)),
        ("change_rGDP_FULL", percent(&world.real_wage_hat, 1.0)),
        ("change_Xi_FULL", percent(&world.exports_hat, level)),
    ];
    for (field, got) in &found {
        let (_, largest) = gaps(field, got, &numbers(&json["exact"][field]));
        let scale = numbers(&json["exact"][field]).iter().fold(100.0, |m: f64, v| m.max(v.abs()));
        assert!(largest <= EXACT * scale, "{field}: {largest:e}");
        let (median, largest) =
            gaps(&format!("{field}, printed"), got, &numbers(&json["published"][field]));
        let stored = &json["exact_vs_published"][field];
        if *field == "change_Xi_FULL" {
            assert!(median < 0.5 && largest < 1.001 * stored["max_pp"].as_f64().unwrap());
        } else {
            assert!(median < 0.1 && largest < 0.9);
        }
    }
    // The conditional effect on exports is in the printed table too.
    let exports = |trade: &[f64]| -> Vec<f64> {
        (0..n).map(|i| (0..n).filter(|&j| j != i).map(|j| trade[i * n + j]).sum()).collect()
    };
    let (after, before) = (exports(&all.modular.trade), exports(&levels.trade));
    let conditional: Vec<f64> =
        after.iter().zip(&before).map(|(a, b)| 100.0 * (a / b - 1.0)).collect();
    let printed = numbers(&json["published"]["change_Xi_CDL"]);
    let (median, _) = gaps("change_Xi_CDL, printed", &conditional, &printed);
    assert!(median < 0.1);
}

/// Levels of inward and outward resistance, before and after an agreement.
#[test]
fn resistances_of_gegravity() {
    let Some(folder) = common::reference("simulate/gegravity") else { return };
    for name in ["can_jpn_pta", "can_jpn_pta_sigma7"] {
        let text = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let json: Value = serde_json::from_slice(&text).unwrap();
        let ids = places(&json);
        let n = ids.len();
        let table = rows(&folder.join("sample_data.csv"), &ids);
        let coefficient = |name: &str| json["coefficients"][name].as_f64().unwrap();
        let named = ["lndist", "contiguity", "common_language", "pta", "international"];
        let (mut y, mut e) = (vec![0.0; n], vec![0.0; n]);
        let mut ln_phi = vec![f64::NAN; n * n];
        let mut after = ln_phi.clone();
        for k in 0..table.from.len() {
            let (i, j) = (table.from[k] as usize, table.to[k] as usize);
            y[i] = table.columns["Y"][k];
            e[j] = table.columns["E"][k];
            let sum: f64 = named.iter().map(|&x| coefficient(x) * table.columns[x][k]).sum();
            ln_phi[i * n + j] = sum + coefficient("constant");
            let signs =
                [("CAN", "JPN"), ("JPN", "CAN")].contains(&(ids[i].as_str(), ids[j].as_str()));
            after[i * n + j] = ln_phi[i * n + j]
                + if signs { coefficient("pta") * (1.0 - table.columns["pta"][k]) } else { 0.0 };
        }
        let theta = json["theta"].as_f64().unwrap();
        let germany = ids.iter().position(|id| id == "DEU").unwrap();
        for (kind, phi) in [("baseline", &ln_phi), ("conditional", &after)] {
            let found = structural(phi, &y, &e, theta, germany).unwrap();
            assert_eq!(found.status, Status::Converged);
            for (term, got) in
                [("imr", &found.inward_resistance), ("omr", &found.outward_resistance)]
            {
                let want = numbers(&json["gegravity"]["mr_terms"][format!("{kind} {term}")]);
                let relative: Vec<f64> = got.iter().zip(&want).map(|(g, w)| g / w).collect();
                let (_, largest) = gaps(&format!("{name} {kind} {term}"), &relative, &vec![1.0; n]);
                assert!(largest < GEGRAVITY, "{kind} {term}: {:?} {:?}", &got[..3], &want[..3]);
            }
        }
    }
}
