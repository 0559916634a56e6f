//! Many sectors against 40-digit arithmetic, `oracles/simulate/many_sectors.json`, and the bundled
//! case of 2022 to its residual.

mod common;
#[path = "common/world_2022.rs"]
mod world_2022;

use emporion_model::outcome::Status;
use emporion_model::simulate::{
    Imbalances, ManySectorOptions, ManySectorShock, ManySectors, ManySectorsData,
    many_sector_diversion, many_sectors,
};
use serde_json::Value;

/// Rounding of double precision times the condition of prices and spending.
const FORTY_DIGITS: f64 = 1e-12;
/// Market clearing, as promised by the documentation.
const RESIDUAL: f64 = 1e-12;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn forty_digits_agree() {
    let path = common::oracle("simulate").join("many_sectors.json");
    let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let count = |field: &str| usize::try_from(json[field].as_u64().unwrap()).unwrap();
    let world = ManySectors::new(&ManySectorsData {
        places: count("places"),
        sectors: count("sectors"),
        trade: numbers(&json["trade"]),
        tariffs: numbers(&json["tariffs"]),
        value_added_shares: numbers(&json["value_added_shares"]),
        input_shares: numbers(&json["input_shares"]),
        elasticities: numbers(&json["elasticities"]),
        final_shares: None,
    })
    .unwrap();
    let mut shock = ManySectorShock::none(&world);
    shock.cost(0, 1, 2, 1.25).unwrap();
    shock.close(1, 2, 0).unwrap();
    shock.tariff(1, 0, 3, 0.5).unwrap();
    shock.tariff(2, 3, 1, 0.0).unwrap();
    shock.productivity(2, 0, 1.125).unwrap();
    for (name, imbalances) in [
        ("additive", Imbalances::Additive),
        ("multiplicative", Imbalances::Multiplicative),
        ("removed_first", Imbalances::RemovedFirst),
    ] {
        let options = ManySectorOptions { imbalances, ..ManySectorOptions::default() };
        let got = many_sectors(&world, &shock, &options).unwrap();
        assert_eq!(got.status, Status::Converged);
        assert!(got.residual <= RESIDUAL);
        assert!(got.iterations <= 16, "{name}: {} Newton steps", got.iterations);
        for (field, got) in [
            ("wage_hat", &got.wage_hat),
            ("price_index_hat", &got.price_index_hat),
            ("welfare_exact_hat", &got.welfare_exact_hat),
            ("sector_price_hat", &got.sector_price_hat),
            ("trade", &got.counterfactual.trade),
        ] {
            let expected = numbers(&json["cases"][name][field]);
            assert_eq!(got.len(), expected.len());
            for (g, e) in got.iter().zip(&expected) {
                let gap = (g - e).abs() / e.abs().max(f64::MIN_POSITIVE);
                assert!(g == e || gap <= FORTY_DIGITS, "{name} {field}: {g} {e}, {gap:.1e}");
            }
        }
    }
}

/// 80 places and 50 sectors: the data are an equilibrium, and closed markets are solved.
#[test]
fn the_bundled_world_is_solved() {
    let case = world_2022::world_2022();
    let world = ManySectors::new(&case.data).unwrap();
    let at = |id: &str| case.places.iter().position(|p| p == id).unwrap();
    let mut shock = ManySectorShock::none(&world);
    let (exporter, markets) = (at("BLR"), ["POL", "LTU", "UKR"].map(at));
    markets.iter().for_each(|&m| shock.close_all(exporter, m).unwrap());
    let got = many_sectors(&world, &shock, &ManySectorOptions::default()).unwrap();
    assert_eq!(got.status, Status::Converged);
    assert!(got.residual <= RESIDUAL && got.baseline_residual <= RESIDUAL);
    assert!(got.data_residual <= 1e-9, "{:?}", got.notes);
    assert!(got.welfare_exact_hat[exporter] < 1.0);
    let sectors: Vec<usize> = (0..case.sectors.len()).collect();
    let account = many_sector_diversion(&got, exporter, &markets, &sectors).unwrap().total;
    let shares = account.quantity_share_abroad
        + account.quantity_share_home
        + account.quantity_share_destroyed;
    assert!((shares - 1.0).abs() <= FORTY_DIGITS);
    assert!(account.quantity_share_abroad > 0.0 && account.quantity_share_home > 0.0);
}
