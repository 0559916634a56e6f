//! Numbers known by hand come out of the command line.

mod common;

use common::Desk;

/// Rounding of a handful of operations on numbers of size one.
const ROUNDING: f64 = 1e-12;

#[track_caller]
fn near(value: &serde_json::Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() <= ROUNDING * expected.abs().max(1.0), "{value} {expected}");
}

#[test]
fn two_equal_places_that_trade_more() {
    let desk = Desk::new();
    let line = "simulate flows.csv --agreement A,B --beta 0.5 --format json";
    let json = desk.line(line).json();
    // pi_jj goes from 0.9 to 0.9 / (0.9 + 0.1 e^0.5); welfare is (pi_jj / pi'_jj)^(1/4).
    let welfare = 100.0 * ((0.9 + 0.1 * 0.5_f64.exp()).powf(0.25) - 1.0);
    near(&json["rows"][0]["welfare"], welfare);
    near(&json["rows"][1]["welfare"], welfare);
    assert_eq!(json["units"]["rows"]["welfare"], "percent");
}

#[test]
fn diversion_adds_up() {
    let desk = Desk::new();
    let json = desk.line("simulate world.csv --close A:B --where year=2020 --format json").json();
    let shares = json["diversion"].as_array().unwrap();
    let sum: f64 = shares.iter().map(|row| row["quantity_share"].as_f64().unwrap()).sum();
    near(&sum.into(), 100.0);
    let summary = &json["summary"];
    let parts = ["quantity_abroad", "quantity_home"].map(|key| summary[key].as_f64().unwrap());
    near(&(parts[0] + parts[1]).into(), 100.0);
}

#[test]
fn shares_turnover_and_growth_by_hand() {
    let desk = Desk::new();
    let sum = desk.line("measure sum world.csv --by origin --where year=2020 --format json").json();
    assert_eq!(sum["rows"][0]["origin"], "A");
    near(&sum["rows"][0]["value"], 100.0);
    near(&sum["rows"][0]["share"], 100.0 * 100.0 / 245.0);
    near(&sum["summary"]["total"], 245.0);

    let turnover =
        desk.line("measure turnover world.csv --place A --partner B --format json").json();
    near(&turnover["rows"][0]["turnover"], 30.0);
    near(&turnover["rows"][0]["balance"], -10.0);
    assert_eq!(turnover["rows"][1]["year"], 2021);

    let growth = desk
        .line(
            "measure growth world.csv --by origin --from 2020 --to 2021 --where origin=A,B \
             --where destination=A,B --no-domestic --format json",
        )
        .json();
    near(&growth["summary"]["growth"], 10.0);
    near(&growth["rows"][0]["contribution"], 100.0 * 5.0 / 30.0);
    near(&growth["rows"][1]["contribution"], -100.0 * 2.0 / 30.0);
}

#[test]
fn a_share_of_a_whole_that_is_a_row_of_its_own() {
    let desk = Desk::new();
    desk.write(
        "regions.csv",
        "origin,destination,value\nBLR,RUS,100\nBLR,RU-MOW,30\nBLR,RU-SPE,20\n",
    );
    let line = "measure share regions.csv --column destination --group RU-MOW,RU-SPE --of RUS";
    let json = desk.line(&format!("{line} --format json")).json();
    near(&json["summary"]["share"], 50.0);
}

#[test]
fn sites_by_hand() {
    let desk = Desk::new();
    // From A: 10 × 1 + 1 × 4 = 14, from B 52, from C 99.
    let line = "site costs.csv --p 1 --weights weights.csv --format json";
    let json = desk.line(line).json();
    assert_eq!(json["rows"][0]["site"], "A");
    near(&json["summary"]["objective"], 14.0);
    near(&json["summary"]["gap"], 0.0);
    assert_ne!(json["summary"]["proof"], "open");
    let never = desk.line(&format!("{line} --never A")).json();
    assert_eq!(never["rows"][0]["site"], "B");
    near(&never["summary"]["objective"], 52.0);
}

#[test]
fn the_estimate_is_that_of_the_formula() {
    let desk = Desk::new();
    let formula = "--formula \"log(value) ~ log(distance)\" --family ols --vcov iid";
    let json = desk.line(&format!("estimate gravity.csv {formula} --format json")).json();
    // Least squares by hand, from the same file.
    let text = desk.read("gravity.csv");
    let rows: Vec<(f64, f64)> = text
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',').skip(2).map(|cell| cell.parse::<f64>().unwrap().ln());
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    let n = rows.len() as f64;
    let (mx, my) = rows.iter().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / n, b + y / n));
    let sxy: f64 = rows.iter().map(|(x, y)| (x - mx) * (y - my)).sum();
    let sxx: f64 = rows.iter().map(|(x, _)| (x - mx).powi(2)).sum();
    let slope = &json["rows"][1];
    assert_eq!(slope["term"], "log(distance)");
    // Two roads to one number: the sums lose a few digits more.
    assert!((slope["coefficient"].as_f64().unwrap() - sxy / sxx).abs() < 1e-10);
    assert_eq!(json["summary"]["n"], 132);
}

#[test]
fn where_keeps_what_it_says() {
    let desk = Desk::new();
    let total = |conditions: &str| {
        let line = format!("measure sum world.csv {conditions} --format json");
        desk.line(&line).json()["summary"]["total"].as_f64().unwrap()
    };
    assert_eq!(total("--where year=2021"), 33.0);
    assert_eq!(total("--where year=2020..2020 --where origin=A,B"), 185.0);
    assert_eq!(total("--where year=2020 --where origin!=A,B"), 60.0);
    assert_eq!(total("--where year=2020 --no-domestic"), 55.0);
}
