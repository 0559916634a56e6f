//! Scenario files from the command line.

mod common;

use common::{Desk, Run};
use emporion_tables::Table;
use serde_json::Value;

/// Two roads to the same solution differ by rounding of a converged Newton step.
const ROUNDING: f64 = 1e-10;

/// Four places with imbalances.
const WORLD: &str = "origin,destination,value,unit\n\
    A,A,800,USD mn\nA,B,60,USD mn\nA,C,30,USD mn\nA,D,20,USD mn\n\
    B,A,70,USD mn\nB,B,500,USD mn\nB,C,25,USD mn\nB,D,15,USD mn\n\
    C,A,20,USD mn\nC,B,30,USD mn\nC,C,300,USD mn\nC,D,10,USD mn\n\
    D,A,15,USD mn\nD,B,20,USD mn\nD,C,12,USD mn\nD,D,200,USD mn\n";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("four.csv", WORLD);
    desk
}

/// Runs a scenario file on the four places.
fn run(desk: &Desk, scenario: &str, options: &str) -> Run {
    desk.write("s.toml", scenario);
    desk.line(&format!("simulate four.csv --scenario s.toml {options}"))
}

#[track_caller]
fn number(rows: &Value, solution: u64, place: &str, key: &str) -> f64 {
    let rows = rows["rows"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["solution"] == solution && row["place"] == place);
    row.expect("the place")[key].as_f64().expect("a number")
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= ROUNDING * b.abs().max(1.0), "{a} {b}");
}

#[test]
fn a_file_says_what_the_options_say() {
    let desk = desk();
    let file = "[[scenario]]\nname = \"both\"\n[[scenario.agreement]]\nbetween = [\"A\", \
                [\"B\", \"C\"]]\neffect = 0.3\n\
                [[scenario]]\nname = \"shut\"\n[[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n";
    let found = run(&desk, file, "--format json").json();
    let agreed = desk.line("simulate four.csv --agreement A,B/C --beta 0.3 --format json").json();
    let shut = desk.line("simulate four.csv --close A:B --format json").json();
    for (solution, other) in [(1, agreed), (2, shut.clone())] {
        for row in other["rows"].as_array().unwrap() {
            let place = row["place"].as_str().unwrap();
            for key in [
                "welfare",
                "real_wage",
                "exports",
                "imports",
                "domestic_sales",
                "exports_partial",
                "exports_conditional",
                "imports_conditional",
                "inward_resistance_conditional",
                "outward_resistance",
                "wage",
                "price_index",
            ] {
                near(number(&found, solution, place, key), row[key].as_f64().unwrap());
            }
        }
    }
    let account = &found["accounts"][0];
    near(
        account["quantity_abroad"].as_f64().unwrap(),
        shut["summary"]["quantity_abroad"].as_f64().unwrap(),
    );
    let parts = ["value_abroad", "value_home", "value_destroyed"];
    near(parts.iter().map(|key| account[*key].as_f64().unwrap()).sum(), 100.0);
    assert_eq!(found["solutions"].as_array().unwrap().len(), 2);
    // Percent of trade and log points are the same thing.
    let percent = file.replace("effect = 0.3", &format!("percent = {}", 100.0 * 0.3_f64.exp_m1()));
    let found_percent = run(&desk, &percent, "--format json").json();
    near(number(&found_percent, 1, "A", "welfare"), number(&found, 1, "A", "welfare"));
}

#[test]
fn partial_conditional_and_general_effects_stand_side_by_side() {
    let desk = desk();
    let file = "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 0.3\n";
    let found = run(&desk, file, "--format json").json();
    // A sells 110 abroad, of which 60 to B.
    let partial = 100.0 * (60.0 * 0.3_f64.exp_m1()) / 110.0;
    near(number(&found, 1, "A", "exports_partial"), partial);
    near(number(&found, 1, "C", "exports_partial"), 0.0);
    let conditional = number(&found, 1, "A", "exports_conditional");
    assert!(conditional > 0.0 && conditional != partial, "{conditional}");
}

#[test]
fn steps_baselines_costs_and_productivity() {
    let desk = desk();
    let file = "[model]\ntheta = 5\n[groups]\nG = [\"B\", \"C\"]\n\
        [[scenario]]\nname = \"in steps\"\n[[scenario.agreement]]\nbetween = [\"A\", \"G\"]\neffect = 0.4\n\
        phase = { from = 2025, shares = [0.5, 1.0] }\n\
        [[scenario.close]]\nmarket = \"D\"\nto = \"C\"\nfrom-year = 2026\n\
        [[scenario]]\nname = \"half\"\n[[scenario.agreement]]\nbetween = [\"A\", \"G\"]\neffect = 0.2\n\
        [[scenario]]\nname = \"all\"\n[[scenario.agreement]]\nbetween = [\"A\", \"G\"]\neffect = 0.4\n\
        [[scenario.close]]\nmarket = \"D\"\nto = \"C\"\n\
        [[scenario]]\nname = \"cost\"\n[[scenario.cost]]\nfrom = \"A\"\nto = \"G\"\npercent = 10\nboth-ways = true\n\
        [[scenario]]\nname = \"better\"\n[[scenario.productivity]]\nplace = \"D\"\npercent = 5\n";
    let found = run(&desk, file, "--format json").json();
    for place in ["A", "B", "C", "D"] {
        for (step, whole) in [(1, 3), (2, 4)] {
            near(number(&found, step, place, "welfare"), number(&found, whole, place, "welfare"));
        }
    }
    let years: Vec<&Value> =
        found["solutions"].as_array().unwrap().iter().map(|row| &row["year"]).collect();
    assert_eq!((years[0], years[1], years[2]), (&2025.into(), &2026.into(), &Value::Null));
    assert_eq!(found["context"]["theta"][0], "5");
    // Ten percent more cost at theta 5 is exp(-5 ln 1.1) of trade.
    let same = format!(
        "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", [\"B\", \"C\"]]\neffect = {}\n",
        -5.0 * 1.1_f64.ln()
    );
    let other = run(&desk, &same, "--theta 5 --format json").json();
    near(number(&found, 5, "A", "welfare"), number(&other, 1, "A", "welfare"));
    let better = number(&found, 6, "D", "welfare");
    assert!(better > 3.0 && better < 5.0, "{better}: some of it goes to the partners");

    // A baseline with the closing in force: the scenario is measured against it.
    let base = "[baseline]\n[[baseline.close]]\nmarket = \"B\"\nto = \"A\"\n\
        [[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"C\", \"D\"]\neffect = 0.2\n";
    let after = run(&desk, base, "--format json").json();
    let both = "[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n\
        [[scenario.agreement]]\nbetween = [\"C\", \"D\"]\neffect = 0.2\n";
    let both = run(&desk, both, "--format json").json();
    let shut = desk.line("simulate four.csv --close A:B --format json").json();
    let welfare = |place: &str| {
        let rows = shut["rows"].as_array().unwrap();
        rows.iter().find(|row| row["place"] == place).unwrap()["welfare"].as_f64().unwrap()
    };
    for place in ["A", "B", "C", "D"] {
        let chained =
            (1.0 + number(&after, 1, place, "welfare") / 100.0) * (1.0 + welfare(place) / 100.0);
        near(100.0 * (chained - 1.0), number(&both, 1, place, "welfare"));
    }
}

#[test]
fn a_saved_coefficient_is_drawn_with_its_error() {
    let desk = desk();
    desk.line("estimate gravity.csv --formula \"value ~ log(distance) | origin\" --save m.json")
        .ok();
    let saved: Value = serde_json::from_str(&desk.read("m.json")).unwrap();
    let fit = &saved["models"][0]["fit"];
    let b = fit["coefficients"][0].as_f64().unwrap();
    let se = fit["standard_errors"][0].as_f64().unwrap();
    let file = "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\n\
        effect = { from = \"m.json\", coefficient = \"log(distance)\" }\nshare = -0.2\n";
    let found = run(&desk, file, "--format json --draws 400 --seed 7 --delta").json();
    let point = format!(
        "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = {}\n",
        -0.2 * b
    );
    let point = run(&desk, &point, "--format json").json();
    near(number(&found, 1, "A", "welfare"), number(&point, 1, "A", "welfare"));
    let (low, high) =
        (number(&found, 1, "A", "welfare_low"), number(&found, 1, "A", "welfare_high"));
    let width = (high - low) / (2.0 * 1.959_963_985);
    let linear = number(&found, 1, "A", "welfare_se");
    // 400 draws know the ends of an interval to about a tenth.
    assert!((width / linear - 1.0).abs() < 0.2, "{width} {linear}");
    assert!(se > 0.0 && linear > 0.0);
    assert_eq!(found["solutions"][0]["failed"], 0);
    assert_eq!(found["solutions"][0]["draws"], 400);

    // The same seed gives the same bytes in any number of threads, another seed others.
    let threads = |count: &str, seed: &str| {
        let mut command = desk.command(&[
            "simulate",
            "four.csv",
            "--scenario",
            "s2.toml",
            "--draws",
            "50",
            "--seed",
            seed,
            "--format",
            "json",
        ]);
        let output = command.env("RAYON_NUM_THREADS", count).output().unwrap();
        assert!(output.status.success());
        output.stdout
    };
    desk.write("s2.toml", file);
    assert_eq!(threads("1", "3"), threads("2", "3"));
    assert_ne!(threads("1", "3"), threads("1", "4"));
}

#[test]
fn ranges_offices_and_theta_have_distributions() {
    let desk = desk();
    let file = "[model]\ntheta = { uniform = [3, 6] }\n[[scenario]]\nname = \"x\"\n\
        [[scenario.office]]\nof = \"A\"\nin = \"B\"\neffect = { low = 0.0, high = 0.1 }\n\
        [[scenario.close]]\nmarket = \"D\"\nto = \"A\"\n";
    let found = run(&desk, file, "--format json --draws 200").json();
    let (low, high) =
        (number(&found, 1, "A", "exports_low"), number(&found, 1, "A", "exports_high"));
    let middle = number(&found, 1, "A", "exports");
    assert!(low < middle && middle < high, "{low} {middle} {high}");
    let account = &found["accounts"][0];
    assert!(account["quantity_abroad_low"].as_f64() < account["quantity_abroad_high"].as_f64());
    // Without anything to draw the intervals are points, and that is said.
    let known = "[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"D\"\nto = \"A\"\n";
    let found = run(&desk, known, "--format json --draws 5").json();
    near(number(&found, 1, "A", "welfare_low"), number(&found, 1, "A", "welfare_high"));
    assert!(found["notes"].to_string().contains("nothing_to_draw"));
}

#[test]
fn rows_as_csv_and_parquet_are_the_same() {
    let desk = desk();
    let file = "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 0.3\n";
    let csv = run(&desk, file, "--format csv").ok();
    desk.write("rows.csv", &csv);
    let bytes = desk
        .command(&["simulate", "four.csv", "--scenario", "s.toml", "--format", "parquet"])
        .output()
        .unwrap()
        .stdout;
    std::fs::write(desk.file("rows.parquet"), bytes).unwrap();
    let read = |name: &str| Table::read(&desk.file(name)).unwrap();
    let (a, b) = (read("rows.csv"), read("rows.parquet"));
    assert_eq!((a.rows(), a.rows()), (4, b.rows()));
    for row in 0..4 {
        assert_eq!(a.text("place", row), b.text("place", row));
        assert_eq!(a.number("welfare", row), b.number("welfare", row));
    }
}

#[test]
fn what_cannot_be_meant_is_refused_with_line_and_remedy() {
    let desk = desk();
    let head = "[[scenario]]\nname = \"x\"\n";
    for (text, words) in [
        ("title = 3", &["line 1", "scenario-syntax"][..]),
        ("titel = \"x\"", &["line 1", "titel"]),
        ("title = \"x\"", &["[[scenario]]"]),
        ("[[scenario]]\nname = \"x\"\n", &["nothing-happens", "line 2"]),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"Q\"]\neffect = 1",
            &["unknown-place", "\"Q\"", "line 4"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"A\"]\neffect = 1",
            &["own-trade", "\"A\"", "leave it out"],
        ),
        (
            "[[scenario.cost]]\nfrom = \"A\"\nto = [\"A\", \"B\"]\npercent = 5",
            &["own-trade", "\"A\"", "line 3"],
        ),
        (
            "[[scenario.close]]\nmarket = [\"B\", \"C\"]\nto = [\"C\", \"D\"]\nboth-ways = true",
            &["own-trade", "\"C\""],
        ),
        (
            "[[scenario.office]]\nof = \"A\"\nin = \"B\"\neffect = { low = 0.1, high = 0.1 }",
            &["office-without-range", "line 3"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 1\nphase = { from = 20250, shares = [1] }",
            &["year", "four digits"],
        ),
        (
            "[[scenario.close]]\nmarket = \"A\"\nto = \"B\"\nfrom-year = 1700\n\
             [[scenario.close]]\nmarket = \"C\"\nto = \"B\"\nfrom-year = 2025",
            &["steps-far-apart", "100 years"],
        ),
        (
            "[[scenario.productivity]]\nplace = \"C\"\npercent = 1e9",
            &["productivity of place C", "22,000"],
        ),
        (
            "[[scenario.cost]]\nfrom = \"A\"\nto = \"B\"\npercent = 1e300",
            &["from place A to place B", "infinity"],
        ),
        (
            "groups.G = []\n[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"G\"\nto = \"B\"",
            &["empty-list", "\"G\""],
        ),
        (
            "[model]\ntheta = { uniform = [3, 5], values = [2] }\n[[scenario]]\nname = \"x\"\n\
             [[scenario.close]]\nmarket = \"A\"\nto = \"B\"",
            &["scenario-syntax", "line 2", "uniform"],
        ),
        ("[[scenario.agreement]]\nbetween = [\"A\", \"B\"]", &["effect-size", "percent"]),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 1\npercent = 4",
            &["effect-size", "one of the two"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = \"big\"",
            &["low = 0, high = 0.1", "line"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 1\n\
             [[scenario.agreement]]\nbetween = [\"B\", \"A\"]\neffect = 2",
            &["pair-twice", "A to B", "add them up", "line 6"],
        ),
        (
            "[[scenario.office]]\nof = \"A\"\nin = \"B\"\neffect = 0.06",
            &["office-without-range", "low = 0"],
        ),
        (
            "[[scenario.office]]\nof = \"A\"\nin = \"B\"\neffect = { low = 0.2, high = 0.1 }",
            &["range", "smallest"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 1\nphase = { from = 2025, shares = [2] }",
            &["phase", "between 0 and 1"],
        ),
        (
            "[[scenario.tariff]]\nimporter = \"A\"\nexporter = \"B\"\npercent = 5",
            &["tariff-in-one-sector", "scenario.cost"],
        ),
        (
            "[[scenario.close]]\nmarket = \"A\"\nto = \"B\"\nsectors = \"steel\"",
            &["one-sector", "leave sectors out"],
        ),
        (
            "[[scenario.productivity]]\nplace = \"A\"\npercent = -100",
            &["productivity", "above -100"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = { from = \"none.json\", coefficient = \"rta\" }",
            &["saved-model", "none.json", "--save"],
        ),
        (
            "[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 1\n[[scenario]]\nname = \"x\"\n\
             [[scenario.close]]\nmarket = \"A\"\nto = \"B\"",
            &["scenario-name", "used once"],
        ),
        (
            "[[scenario.close]]\nmarket = [\"B\", \"C\", \"D\"]\nto = \"A\"\nboth-ways = true",
            &["not-solved", "imbalance of place A"],
        ),
    ] {
        let full =
            if text.starts_with("[[scenario.") { format!("{head}{text}\n") } else { text.into() };
        run(&desk, &full, "").refused(1, words);
    }
    run(&desk, "[model]\ntheta = -4\n[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"A\"\nto = \"B\"\n", "")
        .refused(1, &["theta", "positive", "line 2"]);
    run(&desk, "[model]\nimbalances = \"none\"\n[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"A\"\nto = \"B\"\n", "")
        .refused(1, &["imbalances", "additive", "line 2"]);
    let fine = "[[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"A\"\nto = \"B\"\n";
    run(&desk, fine, "--only y").refused(1, &["\"y\"", "x"]);
    let uncertain = format!(
        "[[baseline.office]]\nof = \"A\"\nin = \"C\"\neffect = {{ low = 0, high = 1 }}\n{fine}"
    );
    run(&desk, &uncertain, "").refused(1, &["uncertain-baseline"]);
    desk.line("simulate four.csv --scenario none.toml").refused(1, &["none.toml"]);
    desk.line("simulate flows.csv --draws 5 --close A:B").refused(1, &["--scenario"]);
    desk.line("estimate gravity.csv --formula \"value ~ log(distance) | origin\" --save m.json")
        .ok();
    let typo = format!(
        "{head}[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = {{ from = \"m.json\", coefficient = \"log(distanc)\" }}\n"
    );
    run(&desk, &typo, "")
        .refused(1, &["unknown-coefficient", "did you mean log(distance)", "line 5"]);
}

#[test]
fn every_outcome_and_account_has_its_interval() {
    let desk = desk();
    let file = "[model]\ntheta = { lognormal = { mean = 4, sd = 1 } }\n[[scenario]]\nname = \"x\"\n\
                [[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n";
    let found = run(&desk, file, "--draws 60 --format json").json();
    let inside = |row: &Value, key: &str| {
        let of = |end: &str| row[format!("{key}{end}").as_str()].as_f64().expect(key);
        let (low, middle, high) = (of("_low"), of(""), of("_high"));
        assert!(low < high && low <= middle && middle <= high, "{key}: {low} {middle} {high}");
    };
    for key in [
        "welfare",
        "real_wage",
        "price_index",
        "exports",
        "imports",
        "domestic_sales",
        "wage",
        "outward_resistance",
        "output",
        "expenditure",
    ] {
        found["rows"].as_array().unwrap().iter().for_each(|row| inside(row, key));
    }
    let account = &found["accounts"][0];
    for key in ["quantity_abroad", "quantity_home", "value_abroad", "value_home", "value_destroyed"]
    {
        inside(account, key);
    }
    inside(account, "price_loss");
    // All that was sold is lost in every draw.
    near(account["lost_low"].as_f64().unwrap(), account["lost_high"].as_f64().unwrap());
    let fill = found["fill"].as_array().unwrap();
    fill.iter().for_each(|row| inside(row, "share"));
    // The narrower effects stand beside the widest.
    for row in found["rows"].as_array().unwrap() {
        assert!(row["imports_partial"].is_number() && row["imports_conditional"].is_number());
        assert!(row["inward_resistance_conditional"].is_number());
    }
}

#[test]
fn a_counterfactual_starts_from_another_column() {
    let desk = desk();
    let doubled: String = WORLD
        .lines()
        .map(|line| {
            let last = line.rsplit_once(',').expect("columns").0;
            let value = last.rsplit_once(',').expect("a value").1;
            // A column that only the option can mean: the one named value is the same everywhere.
            match value.parse::<f64>() {
                Ok(_) => format!("{last},{value}\n").replace(&format!(",{value},"), ",1,"),
                Err(_) => "origin,destination,value,fitted\n".to_owned(),
            }
        })
        .collect();
    desk.write("both.csv", &doubled);
    let file = "[[scenario]]\nname = \"x\"\n[[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 0.3\n";
    let want = run(&desk, file, "--format json").json();
    let found =
        desk.line("simulate both.csv --value fitted --scenario s.toml --format json").json();
    assert_eq!(found["rows"], want["rows"]);
    assert_eq!(found["options"]["value"], "fitted");
    desk.line("simulate both.csv --value guessed --scenario s.toml")
        .refused(1, &["a column named guessed", "both.csv"]);
}
