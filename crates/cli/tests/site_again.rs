//! `site --check`: curves, single choices and further plans of an answer, proven or priced again.

mod common;

use common::{Desk, SMALL};
use serde_json::Value;

const REGIONS: &str = "--kind region --parent RUS --weight seat_population";
/// Answers of every problem, and which of their tables carry proofs. The opening costs of the last
/// make some four centres best.
const ASKED: [(&str, &[&str]); 8] = [
    ("--keep RU-NIZ --add 3 --curve --what-if", &["curve", "choices"]),
    ("--p 3 --rules rules.txt --curve --what-if --plans 4", &["curve"]),
    ("--p 3 --curve --what-if --plans 4", &["curve", "choices", "plans"]),
    ("--problem p-center --p 3 --curve --what-if --plans 4", &["curve"]),
    ("--problem p-center --p 3 --rules rules.txt --curve --what-if", &["curve"]),
    ("--problem max-cover --radius 700 --p 3 --curve --what-if --plans 3", &["curve"]),
    ("--problem set-cover --radius 2000 --rules rules.txt --what-if --plans 3", &[]),
    ("--problem facility --opening 3e9 --curve --what-if --plans 3", &[]),
];
const RULES: &str = "never RU-MOW\nat least 1 of RU-PRI, RU-KHA, RU-SAK\n";
const TABLES: [&str; 4] = ["curve", "forbidden", "forced", "plans"];
/// What no cost gives, where a table carries no proofs.
const UNPROVEN: [&str; 3] = ["gap", "proof", "at_least"];

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("rules.txt", RULES);
    desk
}

fn solved(desk: &Desk, options: &str) -> Value {
    desk.line(&format!("site {SMALL} {REGIONS} {options} --format json")).json()
}

/// What the check says of an answer.
fn checked(desk: &Desk, answer: &Value) -> Value {
    desk.write("answer.json", &answer.to_string());
    desk.line("site --check answer.json --format json").json()
}

#[track_caller]
fn refused(desk: &Desk, answer: &Value, words: &[&str]) {
    desk.write("changed.json", &answer.to_string());
    let words = [&["changed.json does not hold"], words].concat();
    desk.line("site --check changed.json").refused(1, &words);
}

/// Mean costs of the plans listed.
fn means(answer: &Value) -> Vec<f64> {
    let plans = answer["plans"].as_array().unwrap().iter();
    plans.map(|plan| plan["mean"].as_f64().unwrap()).collect()
}

/// Another value of the same kind.
fn another(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap() * 1.01 + 0.001),
        Value::String(words) if words == "RU-KDA" => Value::from("RU-SAK"),
        Value::String(_) => Value::from("RU-KDA"),
        _ => Value::from(1.0),
    }
}

#[test]
fn every_cell_of_a_table_is_computed_again() {
    let desk = desk();
    for (options, proven) in ASKED {
        let answer = solved(&desk, options);
        let found = checked(&desk, &answer);
        let tables = TABLES.iter().filter(|table| answer[**table].is_array());
        assert!(tables.clone().count() >= 2, "{options}");
        for table in tables {
            let rows = answer[*table].as_array().unwrap();
            let proofs = if *table == "curve" || *table == "plans" { *table } else { "choices" };
            let said = found["summary"][proofs].as_str().unwrap();
            let all = match proven.contains(&proofs) {
                true => {
                    said.contains("proven optimal again") || said.starts_with("proven again that")
                }
                false => said == "costs computed again",
            };
            assert!(all, "{options}: {proofs}: {said}");
            for (at, key) in [0, rows.len() - 1]
                .into_iter()
                .flat_map(|at| rows[at].as_object().unwrap().keys().map(move |key| (at, key)))
            {
                if UNPROVEN.contains(&key.as_str()) && !proven.contains(&proofs) {
                    continue;
                }
                let mut changed = answer.clone();
                let cell = &mut changed[*table][at][key];
                *cell = another(cell);
                println!("{options}: {table} {at}: {key} is {cell}");
                refused(&desk, &changed, &[]);
            }
            let mut shorter = answer.clone();
            shorter[*table].as_array_mut().unwrap().pop();
            if proven.contains(&proofs) {
                refused(&desk, &shorter, &[]);
            }
            // What is lost at least cannot be more than what is lost.
            if rows[0]["at_least"].is_number() {
                let mut more = answer.clone();
                let loss = rows[rows.len() - 1]["loss"].as_f64().unwrap();
                more[*table][rows.len() - 1]["at_least"] = Value::from(2.0 * loss + 1.0);
                refused(&desk, &more, &[table]);
            }
        }
    }
}

#[test]
fn the_proof_of_each_point_and_choice_is_walked_again() {
    let desk = desk();
    for (options, proven) in ASKED {
        let answer = solved(&desk, options);
        for table in proven.iter().filter(|table| **table != "plans") {
            let mut without = answer.clone();
            without["solution"].as_object_mut().unwrap().remove(*table);
            refused(&desk, &without, &[&format!("solution.{table}"), "write it again"]);
            let proofs = answer["solution"][*table].as_array().unwrap();
            for at in [0, proofs.len() / 2, proofs.len() - 1] {
                let whole = if *table == "choices" { "/solution" } else { "" };
                let place = format!("/solution/{table}/{at}{whole}");
                let keys = ["objective", "radius", "bound", "certified_bound", "proof", "status"];
                for key in keys {
                    let mut changed = answer.clone();
                    let solution = changed.pointer_mut(&place).unwrap();
                    // Under rules the plan is apart.
                    let apart = solution["plan"].is_object() && key == "objective";
                    let solution = if apart { &mut solution["plan"] } else { solution };
                    let Some(value) = solution.get_mut(key) else { continue };
                    *value = match key {
                        "proof" => Value::from(if *value == "search" { "tree" } else { "search" }),
                        "status" => serde_json::json!({ "optimal": { "gap": 0.5 } }),
                        _ => Value::from(value.as_f64().unwrap() * 1.01 + 1.0),
                    };
                    refused(&desk, &changed, &[]);
                }
            }
        }
    }
}

#[test]
fn a_curve_of_many_points_is_proven_whole_and_ends_in_the_plan() {
    let desk = desk();
    let answer = solved(&desk, "--p 12 --curve");
    let points = answer["curve"].as_array().unwrap();
    assert_eq!(points.len(), 12);
    let proofs = answer["solution"]["curve"].as_array().unwrap();
    let mut open: Vec<&str> = answer["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["site"].as_str().unwrap())
        .collect();
    let mut last: Vec<&str> = points[11]["sites"].as_str().unwrap().split(' ').collect();
    open.sort_unstable();
    last.sort_unstable();
    assert_eq!(open, last);
    let found = checked(&desk, &answer);
    assert_eq!(found["summary"]["curve"], "12 of 12 proven optimal again");
    assert_eq!(found["summary"]["claims"], "the answer claims no more than this");
    // A multiplier of one point proves another value.
    for at in 0..12 {
        let mut changed = answer.clone();
        let multipliers = &mut changed["solution"]["curve"][at]["certificate"]["multipliers"];
        let value = &mut multipliers[at];
        *value = Value::from(value.as_f64().unwrap() * 0.5);
        let words = format!("curve, with {} centre", at + 1);
        refused(&desk, &changed, &[&words, "the value of the certificate"]);
    }
    assert_eq!(proofs.len(), 12);
}

#[test]
fn ids_with_spaces_are_read_back() {
    let desk = desk();
    desk.write(
        "towns.csv",
        "id,lat,lon,people\nNew,50,20,3\nNew York,51,22,5\nOrel,52,26,4\nOld York,54,24,1\n",
    );
    let line = "site towns.csv --weight people --p 2 --plans 6 --what-if --curve --format json";
    let answer = desk.line(line).json();
    assert_eq!(answer["plans"].as_array().unwrap().len(), 6);
    desk.write("answer.json", &answer.to_string());
    assert!(desk.line("site --check answer.json").ok().starts_with("Holds"));
}

#[test]
fn a_list_of_plans_is_proven_to_miss_none() {
    let desk = desk();
    let few = "id,lat,lon,people\nA,50,20,3\nB,51,22,5\nC,52,26,4\nD,54,24,1\n";
    desk.write("few.csv", few);
    let regions = format!("site {SMALL} {REGIONS} --p 3");
    let few = "site few.csv --weight people --p 2";
    for (line, others) in [
        (format!("{regions} --plans 5"), "no plan left out is better than the last one listed"),
        (format!("{regions} --plans 50 --within 2"), "every plan within 2 percent is listed"),
        (format!("{few} --plans 3"), "no plan left out is better than the last one listed"),
        (format!("{few} --plans 6"), "no plan left out is better than the last one listed"),
        (format!("{few} --plans 7"), "there is no other plan"),
    ] {
        let answer = desk.line(&format!("{line} --format json")).json();
        assert_eq!(answer["summary"]["others"], others, "{line}");
        let found = checked(&desk, &answer);
        assert_eq!(found["summary"]["plans"], "proven again that none is missing", "{line}");
        assert_eq!(found["summary"]["claims"], "the answer claims no more than this");
        let mut more = answer.clone();
        more["summary"]["others"] = Value::from("every plan within 99 percent is listed");
        refused(&desk, &more, &["99 percent"]);
        // A plan left out, the ranks closed up.
        let mut holed = answer.clone();
        let plans = holed["plans"].as_array_mut().unwrap();
        plans.remove(1);
        for (at, plan) in plans.iter_mut().enumerate() {
            plan["rank"] = Value::from(at + 1);
        }
        refused(&desk, &holed, &[]);
        // Without the proofs the list is priced again, and said to rest on the search.
        let mut without = answer.clone();
        without["solution"].as_object_mut().unwrap().remove("unlisted");
        let found = checked(&desk, &without);
        assert_eq!(found["summary"]["claims"], "other plans rest on a search");
    }
}

#[test]
fn a_plan_of_another_number_of_centres_is_rejected() {
    let desk = desk();
    desk.write(
        "costs.csv",
        "from,to,cost\na,x,1\na,y,1\na,z,9\nb,x,1\nb,y,9\nb,z,1\nc,x,9\nc,y,1\nc,z,2\nd,x,9\nd,y,9\n\
         d,z,9\n",
    );
    desk.write("budget.txt", "cost 1 each\nbudget 1\n");
    for problem in ["p-median", "p-center", "max-cover --radius 1"] {
        let line = format!("site costs.csv --problem {problem} --p 2 --what-if --plans 5 --curve");
        let answer = desk.line(&format!("{line} --format json")).json();
        let spoilt = |place: &str, more: &str| {
            let mut changed = answer.clone();
            let cell = changed.pointer_mut(place).unwrap();
            *cell = Value::from(format!("{}{more}", cell.as_str().unwrap()));
            changed
        };
        let mut three = spoilt("/plans/0/sites", " d");
        three["plans"][0]["added"] = three["plans"][0]["sites"].clone();
        refused(&desk, &three, &[]);
        refused(&desk, &spoilt("/forbidden/0/opens", " d"), &[]);
        refused(&desk, &spoilt("/curve/1/nested_sites", " d"), &[]);
        let mut twice = answer.clone();
        twice["forced"][0] = twice["forced"][1].clone();
        refused(&desk, &twice, &[]);
        let mut said = answer.clone();
        said["summary"]["others"] = Value::from("all is well");
        refused(&desk, &said, &["all is well"]);
    }
    // Where the number is found a plan without a centre is none.
    let line = "site costs.csv --rules budget.txt --what-if --plans 3 --format json";
    let answer = desk.line(line).json();
    for (table, column) in [("forbidden", "opens"), ("plans", "sites")] {
        for none in [Value::from(""), Value::Null] {
            let mut changed = answer.clone();
            changed[table][0][column] = none;
            refused(&desk, &changed, &[]);
        }
    }
    for (option, value) in [
        ("p", Value::from(-1)),
        ("p", Value::Null),
        ("p", Value::from(1.5)),
        ("problem", Value::from("p-medianx")),
        ("problem", Value::Null),
    ] {
        let mut changed = desk.line("site costs.csv --p 2 --format json").json();
        changed["options"][option] = value;
        refused(&desk, &changed, &[]);
    }
}

#[test]
fn a_curve_without_certificates_says_nothing_of_proof_that_its_gap_denies() {
    let desk = desk();
    desk.write("costs.csv", "from,to,cost\na,x,1\na,y,5\nb,x,5\nb,y,1\n");
    let answer =
        desk.line("site costs.csv --problem facility --opening 1 --curve --format json").json();
    for (proof, gap) in [("certificate", 0.0), ("search", -7.0), ("open", 0.0), ("", 0.0)] {
        let mut changed = answer.clone();
        changed["curve"][0]["proof"] = Value::from(proof);
        changed["curve"][0]["gap"] = Value::from(gap);
        refused(&desk, &changed, &["its curve says"]);
    }
}

#[test]
fn sums_in_another_order_and_ids_with_spaces_leave_an_honest_answer_holding() {
    let desk = desk();
    desk.write("costs.csv", "from,to,cost\na,u,0\na,v,1\nb,u,1\nb,v,0\n");
    desk.write("weights.csv", "id,weight\nu,0.2\nv,0.6\n");
    desk.write(
        "spaces.csv",
        "from,to,cost\na,x,1\n\"a b\",x,2\nb,x,3\na,y,3\n\"a b\",y,2\nb,y,1\n",
    );
    for line in [
        "costs.csv --weights weights.csv --problem max-cover --radius 0 --p 1 --what-if",
        "spaces.csv --p 2 --plans 9 --curve --what-if",
        "spaces.csv --problem p-center --p 2 --plans 9 --curve --what-if",
        "spaces.csv --problem facility --opening 1 --plans 9 --curve --what-if",
    ] {
        let answer = desk.line(&format!("site {line} --format json")).json();
        let found = checked(&desk, &answer);
        assert_eq!(found["options"]["check"], "answer.json");
    }
    desk.write("signs.csv", "from,to,cost\n\"a; b\",x,1\nc,x,2\n\"e | f\",x,3\n");
    let answer = desk.line("site signs.csv --p 2 --plans 2 --curve --format json").json();
    let _ = checked(&desk, &answer);
    let none = desk.line("site costs.csv --problem max-cover --radius 0 --p 1 --never a,b");
    assert_eq!(none.code, 1);
    desk.write("far.csv", "from,to,cost\na,x,3\nb,x,4\n");
    let far = desk.line("site far.csv --problem max-cover --p 1 --radius 1").ok();
    assert!(far.starts_with("1 centre for 0.0 percent within 1"), "{far}");
}

#[test]
fn a_list_beside_a_cost_of_impossible_misses_none() {
    let desk = desk();
    desk.write(
        "costs.csv",
        "from,to,cost\na,u,0.5\nb,u,1e18\nc,u,1e18\nd,u,1e18\na,v,9.5\nb,v,1.5\nc,v,2.5\nd,v,3.5\n",
    );
    let answer = desk.line("site costs.csv --p 2 --plans 2 --format json").json();
    assert_eq!(means(&answer), [1.0, 1.5]);
    let found = checked(&desk, &answer);
    assert_eq!(found["summary"]["plans"], "proven again that none is missing");
    // The second plan passed over for the third, with the proofs of the honest list.
    let mut forged = answer.clone();
    forged["plans"][1]["sites"] = Value::from("a d");
    forged["plans"][1]["added"] = Value::from("a d");
    forged["plans"][1]["mean"] = Value::from(2.0);
    forged["plans"][1]["above"] = Value::from(100.0);
    refused(&desk, &forged, &[]);
    // What is within a share of nothing is nothing.
    desk.write("zero.csv", "from,to,cost\na,u,1e16\nb,u,0\nc,u,5\n");
    let answer = desk.line("site zero.csv --p 1 --plans 3 --within 50 --format json").json();
    assert_eq!(answer["plans"].as_array().unwrap().len(), 1);
    // Under rules a list of plans that are not told apart is not said to be whole.
    desk.write("one.txt", "at most 1 of a, b\n");
    desk.write("rules.csv", "from,to,cost\na,k,1e16\nb,k,1\nc,k,4.7\nd,k,0\n");
    let answer = desk.line("site rules.csv --p 2 --rules one.txt --plans 2 --format json").json();
    assert!(
        means(&answer) == [0.0, 0.0]
            || answer["summary"]["others"].as_str().unwrap().contains("not")
    );
    let _ = checked(&desk, &answer);
}
