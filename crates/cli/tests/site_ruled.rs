//! `site`: rules, ranked plans, curves and single choices of every problem, draws under rules, and
//! answers whose printed rows were changed.

mod common;

use common::{Desk, SMALL};
use serde_json::Value;

const REGIONS: &str = "--kind region --parent RUS --weight seat_population";
/// Sums of the same terms from one run to another.
const SAME: f64 = 1e-9;

/// A problem: its options, its number of centres, and the key of what plans are compared by.
struct Kind {
    options: &'static str,
    number: &'static str,
    key: &'static str,
    /// Whether more is better.
    gain: bool,
}

const KINDS: [Kind; 6] = [
    Kind { options: "--problem p-median", number: "--p 3", key: "mean", gain: false },
    Kind { options: "--problem p-center", number: "--p 3", key: "radius", gain: false },
    Kind { options: "--problem set-cover --radius 2000", number: "", key: "cost", gain: false },
    Kind {
        options: "--problem max-cover --radius 700",
        number: "--p 3",
        key: "reached",
        gain: true,
    },
    Kind { options: "--problem facility --opening 3e9", number: "", key: "objective", gain: false },
    Kind {
        options: "--problem capture --logit 0.005 --outside 1",
        number: "--p 3",
        key: "captured",
        gain: true,
    },
];

const RULES: &str = "never RU-MOW\nat least 1 of RU-PRI, RU-KHA, RU-SAK\nat most 1 of RU-MOS, \
                     RU-TUL, RU-KLU\nnot both RU-SAK, RU-SPE\n";

fn solved(desk: &Desk, options: &str) -> Value {
    desk.line(&format!("site {SMALL} {REGIONS} {options} --format json")).json()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn sites(plan: &Value) -> Vec<String> {
    let rows = plan["rows"].as_array().unwrap().iter();
    let mut ids: Vec<String> = rows.map(|row| row["site"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids
}

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= SAME * a.abs().max(1.0), "{a} and {b}");
}

fn obeys(open: &[String]) -> bool {
    let count = |ids: &[&str]| ids.iter().filter(|id| open.iter().any(|o| o == *id)).count();
    count(&["RU-MOW"]) == 0
        && count(&["RU-PRI", "RU-KHA", "RU-SAK"]) >= 1
        && count(&["RU-MOS", "RU-TUL", "RU-KLU"]) <= 1
        && count(&["RU-SAK", "RU-SPE"]) <= 1
}

#[test]
fn rules_hold_in_every_problem_and_the_answer_is_checked_again() {
    let desk = Desk::new();
    desk.write("rules.txt", RULES);
    for Kind { options, number: p, key, gain } in &KINDS {
        let free = solved(&desk, &format!("{options} {p}"));
        let ruled = solved(&desk, &format!("{options} {p} --rules rules.txt"));
        assert!(obeys(&sites(&ruled)), "{options}: {:?}", sites(&ruled));
        assert_eq!(ruled["summary"]["gap"], 0.0, "{options}");
        let (a, b) = (number(&free["summary"][key]), number(&ruled["summary"][key]));
        assert!(if *gain { a >= b } else { a <= b }, "{options}: {a} {b}");
        assert_eq!(ruled["context"]["rules"].as_array().unwrap().len(), 4, "{options}");
        desk.write("plan.json", &ruled.to_string());
        let check = desk.line("site --check plan.json");
        if options.contains("capture") {
            check.refused(1, &["proven by search"]);
        } else {
            assert!(check.ok().starts_with("Holds"), "{options}");
            // The same proof under other rules proves nothing.
            let mut other = ruled.clone();
            other["context"]["rules"] = serde_json::json!(["at least 1 of RU-MOW"]);
            desk.write("plan.json", &other.to_string());
            desk.line("site --check plan.json").refused(1, &["plan.json does not hold"]);
        }
    }
}

#[test]
fn ranked_plans_are_in_order_and_none_is_missing() {
    let desk = Desk::new();
    desk.write("rules.txt", RULES);
    for Kind { options, number: p, key, gain } in &KINDS {
        for rules in ["", "--rules rules.txt"] {
            let answer = solved(&desk, &format!("{options} {p} {rules} --plans 4"));
            let plans = answer["plans"].as_array().unwrap();
            let worth: Vec<f64> = plans.iter().map(|plan| number(&plan[*key])).collect();
            close(worth[0], number(&answer["summary"][key]));
            let ordered =
                |pair: &[f64]| if *gain { pair[0] >= pair[1] } else { pair[0] <= pair[1] };
            assert!(worth.len() == 4 && worth.windows(2).all(ordered), "{options}: {worth:?}");
            assert_eq!(first_of(&answer), sites(&answer), "{options} {rules}");
            let said = answer["summary"]["others"].as_str().unwrap();
            assert!(said.contains("no plan left out is better"), "{options}: {said}");
            let mut sets: Vec<&str> = plans.iter().map(|p| p["sites"].as_str().unwrap()).collect();
            sets.sort_unstable();
            sets.dedup();
            assert_eq!(sets.len(), 4, "{options}");
            let within = solved(&desk, &format!("{options} {p} {rules} --plans 4 --within 0"));
            let tied = worth.iter().filter(|w| (**w - worth[0]).abs() < 1e-6).count();
            assert_eq!(within["plans"].as_array().unwrap().len(), tied, "{options} {rules}");
        }
    }
}

/// The sites of the plan that heads the list.
fn first_of(answer: &Value) -> Vec<String> {
    let listed = answer["plans"][0]["sites"].as_str().unwrap();
    let mut ids: Vec<String> = listed.split(' ').map(str::to_owned).collect();
    ids.sort();
    ids
}

#[test]
fn of_plans_that_tie_the_chosen_one_stands_first() {
    let desk = Desk::new();
    desk.write("rules.txt", "not both s0, s1\n");
    for seed in 0..3_u32 {
        // Few different costs, in tenths, so that many plans tie up to rounding.
        let mut matrix = "from,to,cost\n".to_owned();
        for (i, j) in (0..7_u32).flat_map(|i| (0..8_u32).map(move |j| (i, j))) {
            let near = j == i || j == i + 1;
            let step = if near { 0 } else { (i * 5 + j * 3 + seed + i * j) % 3 };
            let cost = f64::from(step) / 10.0 + 0.1;
            matrix.push_str(&format!("s{j},c{i},{cost}\n"));
        }
        desk.write("ties.csv", &matrix);
        for (problem, p) in [
            ("--problem p-median", "--p 2"),
            ("--problem p-center", "--p 2"),
            ("--problem set-cover --radius 0.25", ""),
            ("--problem max-cover --radius 0.15", "--p 2"),
            ("--problem facility --opening 0.3", ""),
            ("--problem facility --opening 0.3 --capacity 3", ""),
            ("--problem capture --logit 1 --outside 1", "--p 2"),
        ] {
            for rest in ["", "--rules rules.txt", "--within 0"] {
                for plans in [1, 2, 40] {
                    let asked = format!("{problem} {p} {rest} --plans {plans}");
                    let answer = desk.line(&format!("site ties.csv {asked} --format json"));
                    let answer = answer.json();
                    assert_eq!(first_of(&answer), sites(&answer), "{seed}: {asked}");
                    for (at, plan) in answer["plans"].as_array().unwrap().iter().enumerate() {
                        let off = plan.get("above").or(plan.get("below")).unwrap();
                        assert_eq!(plan["rank"], at + 1, "{asked}");
                        assert!(number(off) >= 0.0 && (at > 0 || number(off) == 0.0), "{asked}");
                    }
                    if plans == 2 && !problem.contains("capture") {
                        desk.write("plan.json", &answer.to_string());
                        desk.line("site --check plan.json").ok();
                    }
                }
            }
        }
    }
}

#[test]
fn single_choices_are_what_solving_again_finds() {
    let desk = Desk::new();
    desk.write("rules.txt", RULES);
    for Kind { options, number: p, key, gain } in &KINDS {
        let answer = solved(&desk, &format!("{options} {p} --rules rules.txt --what-if"));
        let best = number(&answer["summary"][key]);
        let forbidden = answer["forbidden"].as_array().unwrap();
        assert!(!forbidden.is_empty(), "{options}");
        for change in forbidden {
            let site = change["site"].as_str().unwrap();
            let again = solved(&desk, &format!("{options} {p} --rules rules.txt --never {site}"));
            let loss = number(&again["summary"][key]) - best;
            close(number(&change["loss"]), if *gain { -loss } else { loss });
            assert_eq!(change["loss"], change["at_least"], "{options}");
        }
        let forced = answer["forced"].as_array().unwrap();
        let change = &forced[forced.len() - 1];
        let site = change["site"].as_str().unwrap();
        let again = solved(&desk, &format!("{options} {p} --rules rules.txt --keep {site}"));
        let loss = number(&again["summary"][key]) - best;
        close(number(&change["loss"]), if *gain { -loss } else { loss });
    }
}

#[test]
fn the_curve_is_that_of_single_answers() {
    let desk = Desk::new();
    desk.write("rules.txt", RULES);
    for Kind { options, number: p, key, gain } in &KINDS {
        if options.contains("set-cover") {
            desk.line(&format!("site {SMALL} {REGIONS} {options} --curve"))
                .refused(1, &["--curve means nothing to set-cover", "max-cover"]);
            continue;
        }
        for rules in ["", "--rules rules.txt"] {
            let answer = solved(&desk, &format!("{options} {p} {rules} --curve"));
            let points = answer["curve"].as_array().unwrap();
            for point in points {
                assert_eq!(point["gap"], 0.0, "{options} {point}");
                let (own, nested) = (number(&point[*key]), &point[&format!("nested_{key}")]);
                if let Some(nested) = nested.as_f64() {
                    let worse = if *gain { own - nested } else { nested - own };
                    assert!(worse >= -SAME * own.abs(), "{options}: {point}");
                }
            }
            let p_of = |point: &Value| number(&point["p"]);
            if options.contains("facility") {
                let best = number(&answer["summary"]["objective"]);
                let least = points.iter().map(|p| number(&p[*key])).fold(f64::INFINITY, f64::min);
                close(best, least);
                assert!(p_of(&points[points.len() - 1]) > sites(&answer).len() as f64);
                let five = solved(&desk, &format!("{options} {rules} --curve --p 5"));
                assert_eq!(five["curve"].as_array().unwrap().len(), 5);
            } else {
                assert_eq!(points.len(), 3);
                let two = solved(&desk, &format!("{options} --p 2 {rules}"));
                close(number(&points[1][*key]), number(&two["summary"][key]));
                close(number(&points[2][*key]), number(&answer["summary"][key]));
            }
        }
    }
}

#[test]
fn a_number_of_centres_without_a_plan_is_left_out_of_the_curve_and_said() {
    let desk = Desk::new();
    desk.write("towns.txt", "at least 2 of Minsk, Brest\n");
    for problem in ["p-center", "max-cover --radius 300", "capture --logit 0.01 --outside 1"] {
        let line = format!("site towns.csv --problem {problem} --p 3 --rules towns.txt --curve");
        let answer = desk.line(&format!("{line} --format json")).json();
        let points = answer["curve"].as_array().unwrap();
        assert_eq!(points.len(), 2, "{problem}: {points:?}");
        assert_eq!((&points[0]["p"], &points[0]["saving"]), (&Value::from(2), &Value::Null));
    }
}

#[test]
fn budgets_find_the_number_of_centres() {
    let desk = Desk::new();
    desk.write("budget.txt", "cost 10 each\ncost RU-MOW 100\nbudget 30\n");
    for Kind { options, key, .. } in KINDS.iter().filter(|kind| !kind.number.is_empty()) {
        let answer = solved(&desk, &format!("{options} --rules budget.txt"));
        assert!(sites(&answer).len() <= 3 && number(&answer["summary"][key]) > 0.0, "{options}");
        if !options.contains("p-median") && !options.contains("capture") {
            assert_eq!(answer["summary"]["spent"], 30.0, "{options}");
            desk.write("plan.json", &answer.to_string());
            assert!(desk.line("site --check plan.json").ok().starts_with("Holds"), "{options}");
        }
    }
    // The budget counts --opening where the rules have no costs of their own.
    desk.write("limit.txt", "budget 9e9\n");
    let facility = "--problem facility --opening 3e9 --rules";
    let answer = solved(&desk, &format!("{facility} limit.txt"));
    assert_eq!(sites(&answer).len(), 3);
    assert_eq!(answer["summary"]["spent"], 9e9);
    desk.line(&format!("site {SMALL} {REGIONS} {facility} budget.txt"))
        .refused(1, &["--opening", "cost"]);
    // Fewest sites, and money for few.
    let cover = "--problem set-cover --radius 2000 --rules";
    desk.write("budget.txt", "cost 10 each\ncost RU-MOW 100\nbudget 50\n");
    let free = sites(&solved(&desk, "--problem set-cover --radius 2000")).len();
    assert_eq!(sites(&solved(&desk, &format!("{cover} budget.txt"))).len(), free);
    desk.write("budget.txt", "cost 10 each\nbudget 20\n");
    desk.line(&format!("site {SMALL} {REGIONS} {cover} budget.txt"))
        .refused(1, &["no plan obeys", "budget", "everybody within the radius"]);
}

#[test]
fn rules_without_a_plan_are_refused_by_name_in_every_problem() {
    let desk = Desk::new();
    for (rules, words) in [
        ("at least 2 of RU-PRI, RU-KHA\nat most 1 of RU-PRI, RU-KHA\n", &["at least 2"][..]),
        ("keep RU-PRI, RU-KHA\nnot both RU-PRI, RU-KHA\n", &["not both RU-PRI, RU-KHA"]),
        (
            "not both RU-PRI, RU-KHA\nnot both RU-PRI, RU-SAK\nnot both RU-KHA, RU-SAK\n\
             at least 2 of RU-PRI, RU-KHA, RU-SAK\n",
            &["no plan obeys", "at least 2 of RU-PRI, RU-KHA, RU-SAK"],
        ),
        ("perhaps RU-PRI\n", &["rules.txt, line 1"]),
    ] {
        desk.write("rules.txt", rules);
        for Kind { options, number: p, .. } in &KINDS {
            for more in ["", "--plans 2"] {
                let line = format!("site {SMALL} {REGIONS} {options} {p} --rules rules.txt {more}");
                desk.line(&line).refused(1, words);
            }
        }
    }
    desk.write("rules.txt", "at most 1 of Minsk, Brest, Gomel\n");
    let tight = "site towns.csv --weight people --problem facility --opening 1 --capacity 2000";
    desk.line(&format!("{tight} --rules rules.txt")).refused(1, &["capacity for all demand"]);
}

#[test]
fn printed_rows_that_were_changed_are_rejected() {
    let desk = Desk::new();
    desk.write("rules.txt", RULES);
    for Kind { options, number: p, key, .. } in &KINDS {
        if options.contains("capture") || options.contains("p-median") {
            continue;
        }
        for rules in ["", "--rules rules.txt"] {
            let plan = solved(&desk, &format!("{options} {p} {rules}"));
            let tampered = |change: &dyn Fn(&mut Value)| {
                let mut changed = plan.clone();
                change(&mut changed);
                desk.write("changed.json", &changed.to_string());
                desk.line("site --check changed.json").refused(1, &["changed.json does not hold"]);
            };
            tampered(&|plan| plan["rows"][0]["site"] = Value::from("RU-KDA"));
            tampered(&|plan| plan["rows"][0]["customers"] = Value::from(1));
            tampered(&|plan| {
                plan["rows"].as_array_mut().unwrap().pop();
            });
            tampered(&|plan| plan["served"][2]["site"] = Value::from("RU-KDA"));
            tampered(&|plan| plan["served"][1]["cost"] = Value::from(0.5));
            tampered(&|plan| {
                plan["served"].as_array_mut().unwrap().pop();
            });
            tampered(&|plan| plan["summary"][*key] = Value::from(1.0));
            tampered(&|plan| plan["summary"]["bound"] = Value::from(1.0));
            tampered(&|plan| plan["summary"]["verdict"] = Value::from("optimal"));
            if !p.is_empty() {
                tampered(&|plan| plan["options"]["p"] = Value::from(4));
            }
        }
        // What --top leaves out is not missed.
        let cut = solved(&desk, &format!("{options} {p} --top 1"));
        desk.write("cut.json", &cut.to_string());
        assert!(desk.line("site --check cut.json").ok().starts_with("Holds"), "{options}");
    }
}

#[test]
fn draws_choose_under_the_rules() {
    let desk = Desk::new();
    let gains = "--weight people --beta 0.2 --beta-se 0.05 --decay 200 --decay-se 60";
    desk.write("rules.txt", "never Minsk\nat most 1 of Brest, Gomel\n");
    let line = format!("site towns.csv {gains} --p 1 --draws 40 --format json");
    let free = desk.line(&line).json();
    let ruled = desk.line(&format!("{line} --rules rules.txt")).json();
    let chosen = |answer: &Value| -> Vec<String> {
        let rows = answer["chosen"].as_array().unwrap().iter();
        rows.map(|row| row["site"].as_str().unwrap().to_owned()).collect()
    };
    assert!(chosen(&free).contains(&"Minsk".to_owned()));
    assert!(!chosen(&ruled).contains(&"Minsk".to_owned()), "{:?}", chosen(&ruled));
    assert_eq!(ruled["summary"]["draws_solved"], 40.0);
    // Rules that bind nobody change nothing.
    desk.write("rules.txt", "at most 3 of Brest, Gomel, Minsk\n");
    let same = desk.line(&format!("{line} --rules rules.txt")).json();
    assert_eq!((&same["chosen"], &same["draw_plans"]), (&free["chosen"], &free["draw_plans"]));
    desk.write("rules.txt", "at least 2 of Brest, Gomel\n");
    desk.line(&format!("{line} --rules rules.txt")).refused(1, &["at least 2 of Brest, Gomel"]);
}
