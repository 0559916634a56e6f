//! `site`: plans, their curve, what single choices are worth, and proofs checked again.

mod common;

use common::{Desk, SMALL};
use serde_json::Value;

/// Centres near the people of the bundled regions.
const REGIONS: &str = "--kind region --parent RUS --weight seat_population --keep RU-NIZ,RU-BA";
/// Means in km from one run to another.
const SAME: f64 = 1e-9;

fn plan(desk: &Desk, options: &str) -> Value {
    desk.line(&format!("site {SMALL} {options} --format json")).json()
}

fn mean(plan: &Value) -> f64 {
    plan["summary"]["mean"].as_f64().unwrap()
}

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= SAME * a.abs().max(1.0), "{a} and {b}");
}

#[test]
fn the_curve_is_that_of_single_plans() {
    let desk = Desk::new();
    let curve = plan(&desk, &format!("{REGIONS} --add 3 --curve"));
    let points = curve["curve"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    for (add, point) in points.iter().enumerate() {
        let single = plan(&desk, &format!("{REGIONS} --add {add}"));
        close(point["mean"].as_f64().unwrap(), mean(&single));
        assert_eq!(point["gap"], 0.0);
        let nested = point["nested_mean"].as_f64().unwrap();
        assert!(nested >= point["mean"].as_f64().unwrap() - SAME, "{point}");
    }
}

#[test]
fn what_single_choices_are_worth_is_what_solving_again_finds() {
    let desk = Desk::new();
    let asked = plan(&desk, &format!("{REGIONS} --add 2 --what-if"));
    let best = mean(&asked);
    let (forbidden, forced) = (&asked["forbidden"], &asked["forced"]);
    assert_eq!(forbidden.as_array().unwrap().len(), 2);
    for change in forbidden.as_array().unwrap() {
        let site = change["site"].as_str().unwrap();
        let without = mean(&plan(&desk, &format!("{REGIONS} --add 2 --never {site}")));
        close(best + change["loss"].as_f64().unwrap(), without);
    }
    // The cheapest and the dearest of the others.
    let forced = forced.as_array().unwrap();
    for change in [&forced[0], &forced[forced.len() - 1]] {
        let site = change["site"].as_str().unwrap();
        let with = mean(&plan(&desk, &format!("{REGIONS},{site} --add 1")));
        close(best + change["loss"].as_f64().unwrap(), with);
    }
}

#[test]
fn a_written_plan_is_proven_again_and_a_changed_one_is_not() {
    let desk = Desk::new();
    let text = desk.line(&format!("site {SMALL} {REGIONS} --add 2 --format json")).ok();
    desk.write("plan.json", &text);
    let said = desk.line("site --check plan.json").ok();
    assert!(said.starts_with("Holds: no set of 4 sites does better than"), "{said}");

    let plan: Value = serde_json::from_str(&text).unwrap();
    let tampered = |change: &dyn Fn(&mut Value), words: &[&str]| {
        let mut changed = plan.clone();
        change(&mut changed);
        desk.write("changed.json", &changed.to_string());
        desk.line("site --check changed.json").refused(1, words);
    };
    let multiplier = |plan: &mut Value| {
        let value = &mut plan["certificate"][5]["multiplier"];
        *value = Value::from(value.as_f64().unwrap() * 1.5 + 1.0);
    };
    tampered(&multiplier, &["changed.json does not hold", "the value of the certificate"]);
    let cheaper = |plan: &mut Value| plan["summary"]["objective"] = Value::from(1.0);
    tampered(&cheaper, &["the objective"]);
    let higher = |plan: &mut Value| {
        let bound = plan["summary"]["certified_bound"].as_f64().unwrap();
        plan["summary"]["certified_bound"] = Value::from(bound + 1e6);
    };
    tampered(&higher, &["the certified bound"]);
    let elsewhere = |plan: &mut Value| plan["rows"][0]["site"] = Value::from("RU-KDA");
    tampered(&elsewhere, &["does not hold"]);
    let unknown = |plan: &mut Value| plan["rows"][0]["site"] = Value::from("RU-XXX");
    tampered(&unknown, &["RU-XXX"]);
    let not_nearest = |plan: &mut Value| {
        let open = plan["rows"][3]["site"].clone();
        plan["served"][0]["site"] = open;
    };
    tampered(&not_nearest, &["is served from"]);
    let other_data = |plan: &mut Value| plan["data"]["digest"] = Value::from("0");
    tampered(&other_data, &["digest"]);
    let no_keep = |plan: &mut Value| plan["options"]["never"] = serde_json::json!(["RU-KYA"]);
    tampered(&no_keep, &["RU-KYA", "forbidden"]);
    let other_format = |plan: &mut Value| plan["format"] = Value::from("other");
    tampered(&other_format, &["--format json"]);
    desk.line("site --check nowhere.json").refused(1, &["nowhere.json"]);
}
