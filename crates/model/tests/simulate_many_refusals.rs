//! What many sectors refuse, and what they say: the place, the sector and the remedy.

#[path = "common/small_world.rs"]
mod small_world;

use emporion_model::outcome::{InputError, Status};
use emporion_model::simulate::{
    Imbalances, ManySectorEquilibrium, ManySectorOptions, ManySectorShock, ManySectors,
    ManySectorsData, many_sector_diversion, many_sectors,
};
use small_world::{PLACES, SECTORS, small_world};

fn refused<T>(result: Result<T, InputError>, words: &[&str]) {
    let Err(error) = result else { panic!("not refused: {words:?}") };
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "no '{word}' in: {message}");
    }
}

fn bad(change: impl Fn(&mut ManySectorsData), words: &[&str]) {
    let mut data = small_world();
    change(&mut data);
    refused(ManySectors::new(&data), words);
}

fn cell(j: usize, i: usize, d: usize) -> usize {
    (j * PLACES + i) * PLACES + d
}

#[test]
fn data_that_cannot_mean_anything() {
    bad(|d| d.places = 0, &["places and sectors", "at least one"]);
    bad(|d| d.sectors = 0, &["places and sectors", "at least one"]);
    bad(|d| d.trade.truncate(5), &["trade has 5 entries, expected 48"]);
    bad(|d| d.tariffs.truncate(5), &["tariffs has 5 entries, expected 48"]);
    bad(|d| d.value_added_shares.push(0.1), &["value-added shares has 13", "expected 12"]);
    bad(|d| d.input_shares.truncate(35), &["input shares has 35", "expected 36"]);
    bad(|d| d.elasticities.truncate(2), &["elasticities has 2", "expected 3"]);
    bad(|d| d.final_shares = Some(vec![1.0]), &["final shares has 1", "expected 12"]);
    let pair = "sector 2, from place 0 to place 3";
    bad(|d| d.trade[cell(2, 0, 3)] = -1.0, &["trade", pair, "not negative"]);
    bad(|d| d.trade[cell(2, 0, 3)] = f64::NAN, &["trade", pair, "fill missing"]);
    bad(|d| d.tariffs[cell(2, 0, 3)] = -1.0, &["tariff", pair, "0.05 is five percent"]);
    bad(
        |d| d.tariffs[cell(2, 3, 3)] = 0.1,
        &["sector 2, from place 3 to place 3", "no tariff on its own goods"],
    );
    bad(|d| d.value_added_shares[4] = 1.1, &["place 1 in sector 1", "between 0 and 1"]);
    bad(|d| d.input_shares[10] = -0.5, &["input sector 0 in sector 1 of place 1", "by-products"]);
    bad(|d| d.elasticities[2] = 0.0, &["elasticity of sector 2", "positive"]);
    bad(
        |d| d.final_shares = Some([-0.5, 0.5, 1.0].repeat(PLACES)),
        &["final share of place 0 in sector 0", "not negative"],
    );
}

#[test]
fn shares_that_do_not_add_up() {
    bad(
        |d| d.value_added_shares[5] = 0.5,
        &["place 1 in sector 2", "add up to", "divide them by their sum"],
    );
    bad(
        |d| d.final_shares = Some([0.5, 0.25, 0.3].repeat(PLACES)),
        &["final shares of place 0 add up to", "1.05", "divide them"],
    );
    bad(
        |d| {
            let moved = std::mem::take(&mut d.value_added_shares[0]);
            d.input_shares[0] += moved;
        },
        &["value-added share of place 0 in sector 0", "raise it above zero"],
    );
}

#[test]
fn worlds_without_income_or_goods() {
    // Place 1 sells nothing at all.
    bad(
        |d| {
            for j in 0..SECTORS {
                (0..PLACES).for_each(|to| d.trade[cell(j, 1, to)] = 0.0);
            }
        },
        &["value added of place 1", "drop the place"],
    );
    // A surplus beyond all income.
    bad(|d| d.trade[cell(0, 1, 0)] = 1e5, &["final spending of place 1", "check its output"]);
    // Sector 0 is an input of place 2, and nobody sells it there.
    bad(
        |d| (0..PLACES).for_each(|i| d.trade[cell(0, i, 2)] = 0.0),
        &["place 2 on sector 0", "nobody sells it"],
    );
}

#[test]
fn changes_that_cannot_mean_anything() {
    let world = ManySectors::new(&small_world()).unwrap();
    let mut shock = ManySectorShock::none(&world);
    refused(shock.cost(3, 0, 1, 1.1), &["sectors 0 to 2", "3", "count from 0"]);
    refused(shock.cost(0, 4, 1, 1.1), &["places 0 to 3", "4"]);
    refused(shock.cost(0, 1, 1, 1.1), &["place 1 itself", "change productivity"]);
    refused(shock.cost(0, 0, 1, 0.0), &["cost in sector 0, from place 0 to place 1", "infinity"]);
    refused(shock.cost(0, 0, 1, f64::NAN), &["positive factor"]);
    shock.cost(0, 0, 1, 1.1).unwrap();
    refused(shock.cost(0, 0, 1, 1.2), &["from place 0 to place 1", "once"]);
    refused(shock.close(0, 2, 2), &["closed market", "two different places"]);
    refused(shock.close_all(0, 9), &["9", "places 0 to 3"]);
    refused(shock.tariff(0, 2, 2, 0.1), &["tariff", "two different places"]);
    refused(shock.tariff(0, 2, 1, -1.0), &["above -1", "close the market"]);
    shock.tariff(0, 2, 1, 0.1).unwrap();
    refused(shock.tariff(0, 2, 1, 0.2), &["tariff in sector 0", "once"]);
    refused(shock.productivity(0, 5, 1.1), &["place 0 in sector 5", "sectors 0 to 2"]);
    refused(shock.productivity(0, 1, -1.0), &["place 0 in sector 1", "two percent more"]);
    shock.productivity(0, 1, 1.1).unwrap();
    refused(shock.productivity(0, 1, 1.1), &["once"]);
}

#[test]
fn settings_and_sizes() {
    let world = ManySectors::new(&small_world()).unwrap();
    let shock = ManySectorShock::none(&world);
    let run = |options: ManySectorOptions| many_sectors(&world, &shock, &options);
    let with = ManySectorOptions::default;
    refused(run(ManySectorOptions { tolerance: 0.0, ..with() }), &["tolerance", "1e-12"]);
    refused(run(ManySectorOptions { max_iterations: 0, ..with() }), &["max_iterations", "100"]);
    let mut two = small_world();
    two.places = 2;
    two.trade = [10.0, 1.0, 1.0, 10.0].repeat(SECTORS);
    two.tariffs = vec![0.0; 4 * SECTORS];
    two.value_added_shares.truncate(2 * SECTORS);
    two.input_shares.truncate(2 * SECTORS * SECTORS);
    let other = ManySectors::new(&two).unwrap();
    refused(many_sectors(&other, &shock, &with()), &["places in the shock has 4", "expected 2"]);
}

fn outcome(change: impl Fn(&mut ManySectorShock), imbalances: Imbalances) -> ManySectorEquilibrium {
    let world = ManySectors::new(&small_world()).unwrap();
    let mut shock = ManySectorShock::none(&world);
    change(&mut shock);
    let options = ManySectorOptions { imbalances, ..ManySectorOptions::default() };
    many_sectors(&world, &shock, &options).unwrap()
}

fn told(got: &ManySectorEquilibrium, code: &str, words: &[&str]) {
    let note = got.notes.iter().find(|n| n.code == code);
    let note = note.unwrap_or_else(|| panic!("no {code} in {:?}", got.notes));
    for word in words {
        assert!(note.message.contains(word), "no '{word}' in: {}", note.message);
    }
}

/// A place cut off from the world cannot finance its deficit; without one it can live alone.
#[test]
fn a_deficit_that_cannot_be_financed() {
    let cut_off = |shock: &mut ManySectorShock| {
        for other in 1..PLACES {
            shock.close_all(0, other).unwrap();
            shock.close_all(other, 0).unwrap();
        }
    };
    let got = outcome(cut_off, Imbalances::Additive);
    assert_eq!(got.status, Status::Infeasible);
    assert!(got.wage_hat.iter().chain(&got.counterfactual.trade).all(|v| v.is_nan()));
    told(&got, "imbalance_not_financed", &["place 0", "remove them first"]);
    for imbalances in [Imbalances::Multiplicative, Imbalances::RemovedFirst] {
        assert_eq!(outcome(cut_off, imbalances).status, Status::Converged);
    }
}

/// An input that nobody is left to sell.
#[test]
fn a_good_that_nobody_sells() {
    let mut data = small_world();
    data.trade[cell(0, 2, 2)] = 0.0;
    let world = ManySectors::new(&data).unwrap();
    let mut shock = ManySectorShock::none(&world);
    for i in [0, 1, 3] {
        shock.close(0, i, 2).unwrap();
    }
    let got = many_sectors(&world, &shock, &ManySectorOptions::default()).unwrap();
    assert_eq!(got.status, Status::Infeasible);
    told(&got, "nobody_sells", &["place 2 needs sector 0", "leave a seller"]);
}

/// A place whose own market and all others take nothing any more.
#[test]
fn a_place_that_cannot_sell() {
    let mut data = small_world();
    for j in 0..SECTORS {
        data.trade[cell(j, 2, 2)] = 0.0;
    }
    data.final_shares = Some([0.5, 0.25, 0.25].repeat(PLACES));
    let world = ManySectors::new(&data).unwrap();
    let mut shock = ManySectorShock::none(&world);
    for d in [0, 1, 3] {
        shock.close_all(2, d).unwrap();
    }
    let options =
        ManySectorOptions { imbalances: Imbalances::RemovedFirst, ..ManySectorOptions::default() };
    let got = many_sectors(&world, &shock, &options).unwrap();
    assert_eq!(got.status, Status::Infeasible);
    told(&got, "stranded", &["place 2", "to sell to"]);
}

/// A step limit that comes first is a status, never a number that looks like an answer.
#[test]
fn a_step_limit_is_told() {
    let world = ManySectors::new(&small_world()).unwrap();
    let mut shock = ManySectorShock::none(&world);
    shock.cost(0, 0, 1, 3.0).unwrap();
    let options = ManySectorOptions { max_iterations: 1, ..ManySectorOptions::default() };
    let got = many_sectors(&world, &shock, &options).unwrap();
    assert_eq!(got.status, Status::MaxIterations);
    assert!(got.residual > options.tolerance);
    told(&got, "not_cleared", &["percent of the shock"]);
}

#[test]
fn diversion_refuses() {
    let got = outcome(|shock| shock.close(0, 1, 2).unwrap(), Imbalances::Additive);
    assert_eq!(got.status, Status::Converged);
    refused(many_sector_diversion(&got, 1, &[], &[0]), &["closed markets", "name a place"]);
    refused(many_sector_diversion(&got, 1, &[2], &[]), &["closed sectors", "name a sector"]);
    refused(many_sector_diversion(&got, 1, &[2, 2], &[0]), &["place 2 twice"]);
    refused(many_sector_diversion(&got, 1, &[2], &[0, 0]), &["sector 0 twice"]);
    refused(many_sector_diversion(&got, 1, &[7], &[0]), &["7", "places count from 0"]);
    refused(many_sector_diversion(&got, 1, &[2], &[5]), &["5", "sectors count from 0"]);
    refused(many_sector_diversion(&got, 9, &[2], &[0]), &["exporter", "9"]);
    refused(many_sector_diversion(&got, 1, &[1], &[0]), &["own market"]);
    let mut unsolved = got;
    unsolved.status = Status::NoProgress;
    refused(many_sector_diversion(&unsolved, 1, &[2], &[0]), &["NoProgress", "notes"]);
}
