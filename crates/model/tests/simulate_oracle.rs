//! One-sector counterfactuals against 50-digit arithmetic: `oracles/simulate`.

mod common;

use std::collections::HashMap;

use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::{agreement, closed_markets};
use emporion_model::simulate::{Imbalances, OneSectorOptions, Shock, Shocks, Supply, one_sector};
use serde_json::Value;

/// Rounding of double precision times the condition of the system; relative, for behind walls little
/// is left of exports. The largest gap seen is 3e-15.
const FIFTY_DIGITS: f64 = 1e-13;
/// Market clearing, as promised by the documentation.
const RESIDUAL: f64 = 1e-12;

fn load() -> (SquareFlows, HashMap<String, usize>, Value) {
    let folder = common::oracle("simulate");
    let json: Value =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let places = json["places"].as_array().unwrap();
    let at: HashMap<String, usize> =
        places.iter().enumerate().map(|(k, p)| (p.as_str().unwrap().to_string(), k)).collect();
    let n = at.len();
    let mut values = vec![f64::NAN; n * n];
    for row in csv::Reader::from_path(folder.join("flows.csv")).unwrap().records() {
        let row = row.unwrap();
        values[at[&row[0]] * n + at[&row[1]]] = row[2].parse().unwrap();
    }
    (SquareFlows::new(n, values).unwrap(), at, json)
}

fn shocks_of(name: &str, n: usize, at: &HashMap<String, usize>) -> Shocks {
    let list: Vec<Shock> = match name {
        "productivity" => Vec::new(),
        "closed_market" => closed_markets(at["CHN"], &[at["USA"]], false),
        "walls_without_deficits" => {
            let everybody: Vec<usize> = (0..n).collect();
            agreement(&everybody, &everybody, -3.0, 1.0)
        }
        "high_walls_without_deficits" => {
            let everybody: Vec<usize> = (0..n).collect();
            agreement(&everybody, &everybody, -6.0, 1.0)
        }
        _ => agreement(&[at["CAN"]], &[at["JPN"]], 0.4711383, 1.0),
    };
    Shocks::from_list(n, &list).unwrap()
}

#[test]
fn fifty_digits() {
    let (flows, at, json) = load();
    let cases = json["cases"].as_object().unwrap();
    assert_eq!(cases.len(), 8);
    for (name, case) in cases {
        let options = OneSectorOptions {
            elasticity: case["elasticity"].as_f64().unwrap(),
            supply_elasticity: case["supply_elasticity"].as_f64().unwrap(),
            imbalances: match case["imbalances"].as_str().unwrap() {
                "additive" => Imbalances::Additive,
                "multiplicative" => Imbalances::Multiplicative,
                "removed_first" => Imbalances::RemovedFirst,
                other => panic!("unknown imbalances {other}"),
            },
            ..OneSectorOptions::default()
        };
        let supply: Vec<Supply> = case["supply"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| Supply {
                place: at[s[0].as_str().unwrap()],
                productivity_hat: s[1].as_f64().unwrap(),
                labour_hat: s[2].as_f64().unwrap(),
            })
            .collect();
        let shocks = shocks_of(name, flows.n, &at).with_supply(&supply).unwrap();
        let world = one_sector(&flows, &shocks, &options).unwrap();
        assert!(world.acr_gap <= FIFTY_DIGITS, "{name}: ACR gap {:e}", world.acr_gap);
        assert_eq!(world.status, Status::Converged, "{name}");
        assert!(world.residual <= RESIDUAL, "{name}: residual {:e}", world.residual);
        for (field, got) in [
            ("wage_hat", &world.wage_hat),
            ("price_index_hat", &world.price_index_hat),
            ("welfare_hat", &world.welfare_hat),
            ("exports_hat", &world.exports_hat),
        ] {
            let want = case[field].as_array().unwrap();
            assert_eq!(got.len(), want.len());
            for (k, (got, want)) in got.iter().zip(want).enumerate() {
                let gap = (got / want.as_f64().unwrap() - 1.0).abs();
                assert!(gap <= FIFTY_DIGITS, "{name}, {field} of place {k}: gap {gap:e}");
            }
            let gap = got.iter().zip(want).map(|(g, w)| (g / w.as_f64().unwrap() - 1.0).abs());
            println!("{name} {field}: {:.1e}", gap.fold(0.0, f64::max));
        }
    }
}
