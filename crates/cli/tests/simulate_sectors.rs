//! Scenario files on worlds of many sectors, from the command line.

mod common;

use common::{Desk, Run};
use serde_json::Value;

/// Two solvers meet at their stopping rule of 1e-12; tables are in percent.
const TWO_ROADS: f64 = 1e-8;
/// Two ways to write one scenario are the same numbers but for the order of sums.
const ROUNDING: f64 = 1e-11;

/// Flows of two products among three places; every place is balanced in neither.
const FLOWS: [[f64; 9]; 2] = [
    [80.0, 14.0, 6.0, 9.0, 60.0, 11.0, 13.0, 6.0, 40.0],
    [70.0, 9.0, 8.0, 12.0, 75.0, 7.0, 4.0, 8.0, 52.0],
];
const PRODUCTS: [&str; 2] = ["steel", "wheat"];
const PLACES: [&str; 3] = ["A", "B", "C"];

fn flows(products: usize) -> String {
    let mut text = "origin,destination,product,value,unit\n".to_owned();
    for (k, product) in PRODUCTS.iter().enumerate().take(products) {
        for (cell, value) in FLOWS[k].iter().enumerate() {
            let (from, to) = (PLACES[cell / 3], PLACES[cell % 3]);
            text.push_str(&format!("{from},{to},{product},{value},USD mn\n"));
        }
    }
    text
}

/// Every place buys a quarter of its output as inputs, most of it of the same product.
fn inputs() -> String {
    let mut text = "place,using_product,supplying_product,value\n".to_owned();
    for (p, place) in PLACES.iter().enumerate() {
        for (j, using) in PRODUCTS.iter().enumerate() {
            let output: f64 = FLOWS[j][3 * p..][..3].iter().sum();
            for (k, supplying) in PRODUCTS.iter().enumerate() {
                let share = if j == k { 0.2 } else { 0.05 };
                text.push_str(&format!("{place},{using},{supplying},{}\n", share * output));
            }
        }
    }
    text
}

fn tariffs(percent: f64) -> String {
    let mut text = "origin,destination,product,tariff\n".to_owned();
    for product in PRODUCTS {
        for (cell, _) in FLOWS[0].iter().enumerate().filter(|(cell, _)| cell / 3 != cell % 3) {
            let (from, to) = (PLACES[cell / 3], PLACES[cell % 3]);
            text.push_str(&format!("{from},{to},{product},{percent}\n"));
        }
    }
    text
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("flows.csv", &flows(2));
    desk.write("inputs.csv", &inputs());
    desk.write("tariffs.csv", &tariffs(5.0));
    desk
}

const HEAD: &str = "[model]\nsectors = \"many\"\ntheta = 5\n[data]\ninputs = \"inputs.csv\"\n";
const CLOSED: &str =
    "[[scenario]]\nname = \"shut\"\n[[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n";

fn run(desk: &Desk, scenario: &str, options: &str) -> Run {
    desk.write("s.toml", scenario);
    desk.line(&format!("simulate flows.csv --scenario s.toml {options}"))
}

#[track_caller]
fn column(answer: &Value, table: &str, solution: u64, key: &str) -> Vec<f64> {
    let mut rows: Vec<&Value> = answer[table]
        .as_array()
        .expect(table)
        .iter()
        .filter(|r| r["solution"] == solution)
        .collect();
    rows.sort_by_key(|row| format!("{} {}", row["place"], row["sector"]));
    rows.iter().map(|row| row[key].as_f64().unwrap_or(f64::NAN)).collect()
}

#[track_caller]
fn same(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn one_product_without_inputs_is_the_one_sector_model() {
    let desk = Desk::new();
    desk.write("flows.csv", &flows(1));
    desk.write("inputs.csv", "place,using_product,supplying_product,value\nA,steel,steel,0\n");
    let what = "[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n\
                [[scenario]]\nname = \"y\"\n[[scenario.agreement]]\nbetween = [\"A\", \"C\"]\n\
                effect = { low = 0.1, high = 0.5 }\n[[scenario.cost]]\nfrom = \"B\"\nto = \"C\"\n\
                percent = { low = 0, high = 20 }\n";
    let theta = "theta = { uniform = [3, 7] }\n";
    let options = "--draws 60 --seed 4 --format json";
    let many =
        format!("[model]\nsectors = \"many\"\n{theta}[data]\ninputs = \"inputs.csv\"\n{what}");
    let many = run(&desk, &many, options).json();
    let one = run(&desk, &format!("[model]\n{theta}{what}"), options).json();
    for solution in [1, 2] {
        for key in ["welfare", "real_wage", "exports", "imports", "wage", "price_index"] {
            let (many, one) =
                (column(&many, "rows", solution, key), column(&one, "rows", solution, key));
            same(&many, &one, TWO_ROADS);
        }
        for key in ["welfare_low", "welfare_high", "exports_low", "price_index_high"] {
            let (many, one) =
                (column(&many, "rows", solution, key), column(&one, "rows", solution, key));
            same(&many, &one, TWO_ROADS);
        }
    }
    let account =
        |answer: &Value, key: &str| answer["accounts"][0][key].as_f64().expect("a number");
    for key in ["lost", "quantity_abroad", "quantity_abroad_low", "quantity_home", "value_home"] {
        same(&[account(&many, key)], &[account(&one, key)], TWO_ROADS);
    }
    assert_eq!(many["solutions"][1]["draws"], 60);
}

#[test]
fn tariffs_are_levels_or_a_schedule_and_bring_revenue() {
    let desk = desk();
    let head = format!("{HEAD}tariffs = \"tariffs.csv\"\n");
    let level = "[[scenario]]\nname = \"level\"\n[[scenario.tariff]]\nimporter = \"B\"\nexporter = \"A\"\n\
                 percent = 0\nsectors = \"steel\"\n";
    let schedule =
        "[[scenario]]\nname = \"schedule\"\n[[scenario.tariff]]\nschedule = \"new.csv\"\n";
    desk.write("new.csv", "origin,destination,product,tariff\nA,B,steel,0\n");
    let found = run(&desk, &format!("{head}{level}{schedule}"), "--format json").json();
    for key in ["welfare", "tariff_revenue", "terms_of_trade", "volume_of_trade"] {
        let (one, other) = (column(&found, "rows", 1, key), column(&found, "rows", 2, key));
        same(&one, &other, ROUNDING);
    }
    // 5 percent of all imports, f.o.b.
    let before = column(&found, "rows", 1, "tariff_revenue_before");
    same(&before, &[0.05 * 38.0, 0.05 * 37.0, 0.05 * 32.0], ROUNDING);
    assert!(column(&found, "rows", 1, "tariff_revenue")[1] < before[1]);
    // No shock is no change.
    let nothing =
        "[[scenario]]\nname = \"same\"\n[[scenario.tariff]]\nschedule = \"tariffs.csv\"\n";
    let found = run(&desk, &format!("{head}{nothing}"), "--format json").json();
    same(&column(&found, "rows", 1, "welfare"), &[0.0; 3], 1e-10);
}

#[test]
fn baselines_steps_sectors_and_productivity() {
    let desk = desk();
    let steel = CLOSED.replace("to = \"A\"\n", "to = \"A\"\nsectors = \"steel\"\n");
    let wheat =
        CLOSED.replace("to = \"A\"\n", "to = \"A\"\nsectors = [\"wheat\"]\n").replace("shut", "w");
    let both = "[[scenario]]\nname = \"both\"\n[[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n\
                sectors = \"steel\"\n[[scenario.close]]\nmarket = \"C\"\nto = \"A\"\nsectors = \"wheat\"\n";
    let found = run(
        &desk,
        &format!("{HEAD}{CLOSED}{}{wheat}{both}", steel.replace("shut", "s")),
        "--format json",
    );
    let found = found.json();
    let accounts = found["accounts"].as_array().unwrap();
    let lost = |solution: u64, sector: &str| -> Vec<f64> {
        let of = |row: &&Value| row["solution"] == solution && row["sector"] == sector;
        accounts.iter().filter(of).map(|row| row["lost"].as_f64().unwrap()).collect()
    };
    same(&lost(1, "all"), &[14.0 + 9.0], 1e-10);
    same(&lost(2, "all"), &[14.0], 1e-10);
    same(&lost(3, "wheat"), &[9.0], 1e-10);
    // Each market with the sectors that it closed to, and nothing else.
    same(&lost(4, "steel"), &[14.0], 1e-10);
    same(&lost(4, "wheat"), &[8.0], 1e-10);
    same(&lost(4, "all"), &[14.0, 8.0], 1e-10);
    for row in accounts {
        let sum = |keys: [&str; 3]| keys.iter().map(|k| row[*k].as_f64().unwrap()).sum::<f64>();
        same(&[sum(["quantity_abroad", "quantity_home", "quantity_destroyed"])], &[100.0], 1e-10);
        same(&[sum(["value_abroad", "value_home", "value_destroyed"])], &[100.0], 1e-10);
    }
    // A baseline that is the scenario leaves nothing to happen.
    let closed =
        CLOSED.replace("[[scenario]]\nname = \"shut\"\n", "").replace("scenario", "baseline");
    let again = run(&desk, &format!("{HEAD}{closed}{CLOSED}"), "--format json").json();
    same(&column(&again, "rows", 1, "welfare"), &[0.0; 3], 1e-10);
    // In halves: the second step is the whole.
    let phased = "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 0.4\n\
                  phase = { from = 2025, shares = [0.5, 1] }\n[[scenario]]\nname = \"y\"\n\
                  [[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 0.2\n\
                  [[scenario]]\nname = \"z\"\n[[scenario.productivity]]\nplace = \"C\"\npercent = 10\nsectors = \"wheat\"\n";
    let steps = run(&desk, &format!("{HEAD}{phased}"), "--format json").json();
    same(&column(&steps, "rows", 1, "welfare"), &column(&steps, "rows", 3, "welfare"), ROUNDING);
    assert_eq!(steps["solutions"][1]["year"], 2026);
    assert!(column(&steps, "rows", 4, "welfare")[2] > 1.0);
}

#[test]
fn elasticities_differ_by_sector_and_may_be_uncertain() {
    let desk = desk();
    desk.write("fixed.csv", "product,theta\nsteel,5\nwheat,5\n");
    desk.write("sd.csv", "product,theta,sd\nsteel,5,1\nwheat,9,\n");
    let head = HEAD.replace("theta = 5\n", "");
    let with = |file: &str| format!("{head}elasticities = \"{file}\"\n{CLOSED}");
    let common = run(&desk, &format!("{HEAD}{CLOSED}"), "--format json").json();
    let fixed = run(&desk, &with("fixed.csv"), "--format json").json();
    assert_eq!(column(&common, "rows", 1, "welfare"), column(&fixed, "rows", 1, "welfare"));
    let drawn = run(&desk, &with("sd.csv"), "--draws 50 --format json").json();
    let (low, mid, high) = (
        column(&drawn, "rows", 1, "welfare_low"),
        column(&drawn, "rows", 1, "welfare"),
        column(&drawn, "rows", 1, "welfare_high"),
    );
    assert!((0..3).all(|p| low[p] < mid[p] && mid[p] < high[p]), "{low:?} {high:?}");
    let again = run(&desk, &with("sd.csv"), "--draws 50 --format json").json();
    assert_eq!(drawn["rows"], again["rows"]);
    // The command line comes first.
    let over = run(&desk, &with("sd.csv"), "--theta 5 --format json").json();
    assert_eq!(over["rows"], common["rows"]);
    let alike = run(&desk, &format!("{HEAD}{CLOSED}"), "--draws 5 --format json").json();
    assert!(alike["notes"].to_string().contains("all draws are alike"));
}

#[test]
fn the_places_shown_are_those_that_win_or_lose_most() {
    let desk = desk();
    let all = run(&desk, &format!("{HEAD}{CLOSED}"), "--format json").json();
    let welfare = column(&all, "rows", 1, "welfare");
    let largest = welfare.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let one = run(&desk, &format!("{HEAD}{CLOSED}"), "--top 1 --format json").json();
    assert_eq!(column(&one, "rows", 1, "welfare")[0].abs(), largest);
    assert!(one["by_sector"].as_array().unwrap().len() == 2);
    // The parts by partner, and by sector, add up to those of the place.
    for part in ["terms_of_trade", "volume_of_trade", "technical"] {
        // A market that closed has no first-order cost.
        let Some(whole) = one["rows"][0][part].as_f64() else { continue };
        for table in ["by_partner", "by_sector"] {
            let rows = one[table].as_array().unwrap();
            let sum: f64 = rows.iter().filter_map(|row| row[part].as_f64()).sum();
            assert!((sum - whole).abs() < 1e-12 * whole.abs().max(1.0), "{part} {table}");
        }
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_place_and_remedy() {
    let desk = desk();
    let no = |scenario: &str, options: &str, words: &[&str]| {
        run(&desk, scenario, options).refused(1, words);
    };
    let good = format!("{HEAD}{CLOSED}");
    no(
        &good.replace("[data]\ninputs = \"inputs.csv\"\n", ""),
        "",
        &["table of inputs", "inputs.csv"],
    );
    let psi = good.replace("[model]\n", "[model]\nsupply-elasticity = 0.5\n");
    no(&psi, "", &["supply-elasticity", "one sector", "leave it out"]);
    no(&good.replace("\"many\"", "\"several\""), "", &["line 2", "one or many"]);
    let coal = good.replace("to = \"A\"\n", "to = \"A\"\nsectors = \"steal\"\n");
    no(&coal, "", &["steal", "did you mean steel"]);
    desk.write("e.csv", "product,theta\nsteel,5\nwheat,4\n");
    let twice = good.replace("inputs = ", "elasticities = \"e.csv\"\ninputs = ");
    no(&twice, "", &["line 3", "both", "leave one out"]);
    let alone = twice.replace("theta = 5\n", "");
    desk.write("e.csv", "product,theta\nsteel,5\n");
    no(&alone, "", &["e.csv", "add wheat"]);
    desk.write("e.csv", "product,theta\nsteel,5\nwheat,0\n");
    no(&alone, "", &["elasticity", "wheat", "positive"]);
    desk.write("e.csv", "product,theta,sd\nsteel,5,-1\nwheat,4,1\n");
    no(&alone, "", &["e.csv", "line 2", "sd"]);
    let uncertain =
        "[[baseline.agreement]]\nbetween = [\"A\", \"C\"]\neffect = { low = 0, high = 1 }\n";
    no(&format!("{HEAD}{uncertain}{CLOSED}"), "", &["baseline", "one number"]);
    let tariff = "[[scenario]]\nname = \"x\"\n[[scenario.tariff]]\nschedule = \"new.csv\"\n";
    desk.write("new.csv", "origin,destination,product,tariff\nA,B,stele,0\n");
    no(&format!("{HEAD}{tariff}"), "", &["new.csv", "line 2", "did you mean steel"]);
    desk.write("new.csv", "origin,destination,product,tariff\nA,B,steel,-3\n");
    no(&format!("{HEAD}{tariff}"), "", &["new.csv", "line 2", "-3"]);
    for (file, line, words) in [
        ("inputs.csv", "A,steel,steel,1", ["inputs.csv", "one row for each cell"]),
        ("inputs.csv", "A,steel,coal,1", ["inputs.csv", "coal"]),
        ("flows.csv", "A,B,steel,3,USD mn", ["flows.csv", "one row for each cell"]),
        ("flows.csv", "A,,steel,3,USD mn", ["flows.csv", "destination"]),
    ] {
        let text = if file == "inputs.csv" { inputs() } else { flows(2) };
        desk.write(file, &format!("{text}{line}\n"));
        no(&good, "", &words);
        desk.write(file, &text);
    }
    let gap: String = flows(2)
        .lines()
        .filter(|line| !line.starts_with("A,C,"))
        .map(|l| format!("{l}\n"))
        .collect();
    desk.write("flows.csv", &gap);
    no(&good, "", &["missing-cell", "A to C", "missing is not zero"]);
    let taken = run(&desk, &good, "--absent zero --format json").json();
    assert!(taken["notes"].to_string().contains("count as zero, the first is A to C"));
    desk.write("flows.csv", &flows(2));
    desk.write("inputs.csv", &inputs().replace("A,steel,steel,20", "A,steel,steel,200"));
    no(&good, "", &["inputs.csv", "inputs worth at most the output"]);
}
