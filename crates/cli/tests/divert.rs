//! `emporion divert` from a file to every form of answer.

mod common;

use common::Desk;

const LINE: &str = "divert sales.csv --exporter A --closed B --before 2020 --after 2021";

/// The row of a method.
fn method<'a>(json: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let rows = json["rows"].as_array().unwrap();
    rows.iter().find(|row| row["method"] == name).expect(name)
}

#[test]
fn methods_stand_side_by_side() {
    let desk = Desk::new();
    let json = desk.line(&format!("{LINE} --theta 4 --format json")).json();
    let naive = method(&json, "naive");
    assert_eq!((&naive["lost"], &naive["redirected_abroad"]), (&6.0.into(), &4.0.into()));
    assert_eq!((&naive["turned_home"], &naive["destroyed"]), (&1.0.into(), &1.0.into()));
    // Quantities at 2 each: 3 lost, 3 more to C, 1 more at home.
    let percent = |row: &serde_json::Value, key: &str| row[key].as_f64().unwrap();
    assert!((percent(naive, "quantity_abroad") - 100.0).abs() < 1e-12);
    assert!((percent(naive, "quantity_destroyed") + 100.0 / 3.0).abs() < 1e-12);
    let share = method(&json, "market_share");
    assert!((share["lost"].as_f64().unwrap() - 8.5).abs() < 1e-12);
    let ppml = method(&json, "ppml");
    assert_eq!((&ppml["yardstick"], &ppml["value_home"]), (&"own sales".into(), &().into()));
    // The model is the one that `simulate` solves.
    let model = method(&json, "model");
    let line = "simulate sales.csv --close A:B --where year=2020 --theta 4 --format json";
    let simulated = desk.line(line).json();
    for (here, there) in [
        ("quantity_abroad", "quantity_abroad"),
        ("quantity_home", "quantity_home"),
        ("value_abroad", "value_abroad"),
        ("value_home", "value_home"),
    ] {
        assert_eq!(model[here], simulated["summary"][there], "{here}");
    }
    for row in json["rows"].as_array().unwrap() {
        for kind in ["value", "quantity"] {
            let part = |of: &str| row[format!("{kind}_{of}")].as_f64().unwrap_or(0.0);
            let sum = part("abroad") + part("home") + part("destroyed");
            assert!((sum - 100.0).abs() < 1e-9, "{row:#}");
        }
    }
    let markets = json["markets"].as_array().unwrap();
    let closed = &markets[0];
    assert_eq!((&closed["place"], &closed["where"]), (&"B".into(), &"closed".into()));
    assert_eq!((&closed["before"], &closed["naive"]), (&10.0.into(), &(-6.0).into()));
    assert!(json["prices"].as_array().unwrap().iter().any(|row| row["place"] == "C"));
}

#[test]
fn every_form_holds_the_account() {
    let desk = Desk::new();
    let text = desk.line(LINE).ok();
    for words in
        ["B closed to A", "naive", "market_share", "ppml", "Who replaces", "its sales at home"]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 110), "{text}");
    let csv = desk.line(&format!("{LINE} --method naive --format csv --part markets")).ok();
    assert_eq!(csv.lines().next(), Some("place,place_name,where,before,after,naive"));
    assert!(csv.contains("C,,abroad,5,9,4"), "{csv}");
    assert!(desk.line(&format!("{LINE} --format md")).ok().contains("| naive |"));
}

#[test]
fn what_one_method_cannot_tell_is_a_note() {
    let desk = Desk::new();
    // Without sales at home and products, redirection by ppml has no yardstick.
    let foreign: Vec<String> = desk
        .read("sales.csv")
        .lines()
        .filter(|line| !line.starts_with("A,A"))
        .map(str::to_owned)
        .collect();
    desk.write("foreign.csv", &foreign.join("\n"));
    let line = LINE.replace("sales.csv", "foreign.csv");
    let json = desk.line(&format!("{line} --format json")).json();
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    let note = json["notes"].as_array().unwrap().iter().find(|n| n["code"] == "method_refused");
    let message = note.expect("a note")["message"].as_str().unwrap();
    assert!(message.contains("ppml") && message.contains("A has neither sales"), "{message}");
    desk.line(&format!("{line} --method ppml")).refused(1, &["A has neither sales", "naive"]);
    let third = format!("{line} --method ppml --yardstick third-markets --format json");
    let json = desk.line(&third).json();
    let row = method(&json, "ppml");
    assert_eq!((&row["status"], &row["value_abroad"]), (&"sum not identified".into(), &().into()));
    assert!(row["lost"].as_f64().unwrap() > 0.0);
}

#[test]
fn refusals_name_the_place() {
    let desk = Desk::new();
    let with = |from: &str, to: &str| desk.line(&LINE.replace(from, to));
    with("--exporter A", "--exporter Z").refused(1, &["unknown-place", "\"Z\"", "A B C"]);
    with("--closed B", "--closed Q").refused(1, &["unknown-place", "\"Q\""]);
    with("--closed B", "--closed A").refused(1, &["A", "exporter"]);
    with("--closed B", "--closed B,B").refused(1, &["B twice"]);
    with("--after 2021", "--after 2022").refused(1, &["no-such-year", "2022", "2020, 2021"]);
    with("--after 2021", "--after 2020").refused(1, &["a later one"]);
    let hole = desk.read("sales.csv").replace("A,B,2021,4,2,USD mn\n", "");
    desk.write("hole.csv", &hole);
    with("sales.csv", "hole.csv").refused(1, &["A lost in place B", "counterpart: 10", "not zero"]);
    let zero = LINE.replace("sales.csv", "hole.csv --absent zero --method naive --format json");
    assert_eq!(method(&desk.line(&zero).json(), "naive")["lost"], 10.0);
    desk.write(
        "mixed.csv",
        &desk.read("sales.csv").replace("A,B,2021,4,2,USD", "A,B,2021,4,2,EUR"),
    );
    with("sales.csv", "mixed.csv").refused(1, &["mixed-units"]);
    desk.write("twice.csv", &format!("{}A,B,2021,4,2,USD mn\n", desk.read("sales.csv")));
    with("sales.csv", "twice.csv").refused(1, &["counted-twice"]);
    desk.line(&format!("{LINE} --theta -1")).refused(1, &["theta"]);
}

#[test]
fn the_rows_of_a_case_that_cannot_tell_say_so() {
    let desk = Desk::new();
    let line = "divert belarus-russian-regions --exporter BLR --closed EU27,UKR --before 2021 \
                --after 2022 --where flow_id=3,16,44,45";
    desk.line(line).refused(1, &["EU27", "UKR", "counterpart: 14900", "missing is not zero"]);
}
