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
    for key in ["mean", "mean_before", "percentile_90", "worst", "gini"] {
        let told = |plan: &mut Value| plan["summary"][key] = Value::from(0.001);
        tampered(&told, &[key, "is not that of its solution"]);
    }
    let praised = |plan: &mut Value| plan["summary"]["verdict"] = Value::from("best of all");
    tampered(&praised, &["verdict"]);
    let shorter = |plan: &mut Value| plan["served"][1]["cost"] = Value::from(0.5);
    tampered(&shorter, &["served", "cost"]);
    let more = |plan: &mut Value| plan["options"]["add"] = Value::from(3);
    tampered(&more, &["another number of centres"]);
    let ruled = |plan: &mut Value| {
        plan["context"]["rules"] = serde_json::json!(["never RU-KDA"]);
        plan["solution"]["plan"] = serde_json::json!({});
    };
    tampered(&ruled, &["a rule says never RU-KDA"]);
    desk.line("site --check nowhere.json").refused(1, &["nowhere.json"]);
    // What --top leaves out is not missed.
    let cut = desk.line(&format!("site {SMALL} {REGIONS} --add 2 --top 1 --format json")).ok();
    desk.write("cut.json", &cut);
    assert!(desk.line("site --check cut.json").ok().starts_with("Holds"));
}

#[test]
fn the_cases_of_a_tree_travel_with_the_answer_and_are_walked_again() {
    let desk = Desk::new();
    // Costs without any structure leave a gap that only cases close.
    let mut state = 7_u64;
    let mut costs = "from,to,cost\n".to_owned();
    for (site, customer) in (0..30).flat_map(|a| (0..30).map(move |b| (a, b))) {
        state = (state * 1_103_515_245 + 12_345) % (1 << 31);
        costs += &format!("s{site},c{customer},{}\n", 1 + state / 7 % 100);
    }
    desk.write("costs.csv", &costs);
    let text = desk.line("site costs.csv --add 4 --format json").ok();
    desk.write("plan.json", &text);
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["summary"]["proof"], "tree");
    let said = desk.line("site --check plan.json").ok();
    assert!(said.starts_with("Holds: no set of 4 sites does better than"), "{said}");

    let mut changed = plan.clone();
    let nodes = changed["solution"]["tree"].as_array_mut().unwrap();
    let last = nodes.iter_mut().find(|node| node["split"].is_null()).unwrap();
    for multiplier in last["multipliers"].as_array_mut().unwrap() {
        *multiplier = Value::from(0.0);
    }
    desk.write("changed.json", &changed.to_string());
    desk.line("site --check changed.json").refused(1, &["does not hold", "of the proof"]);
    let mut without = plan;
    without["solution"] = Value::Null;
    desk.write("changed.json", &without.to_string());
    desk.line("site --check changed.json").refused(1, &["does not hold"]);
}

#[test]
fn a_plan_under_rules_is_proven_again_and_a_changed_one_is_not() {
    let desk = Desk::new();
    let regions = "--kind region --parent RUS --weight seat_population";
    desk.write(
        "rules.txt",
        "keep RU-NIZ\nnever RU-MOW\nat most 1 of RU-MOS, RU-TUL, RU-KLU\n\
         at least 1 of RU-PRI, RU-KHA, RU-SAK\nnot both RU-RYA, RU-PRI\n",
    );
    desk.write("budget.txt", "keep RU-NIZ, RU-BA\ncost 10 each\ncost RU-MOW 100\nbudget 30.5\n");
    for asked in [
        "--add 3 --rules rules.txt",
        "--rules budget.txt",
        "--keep RU-BA --p 3 --rules rules.txt --top 1",
    ] {
        let ruled = plan(&desk, &format!("{regions} {asked}"));
        desk.write("plan.json", &ruled.to_string());
        let said = desk.line("site --check plan.json").ok();
        assert!(said.starts_with("Holds: no plan that obeys"), "{asked}: {said}");
        assert!(["certificate", "tree"].contains(&ruled["summary"]["proof"].as_str().unwrap()));
    }

    let ruled = plan(&desk, &format!("{regions} --add 3 --rules rules.txt"));
    let tampered = |change: &dyn Fn(&mut Value), words: &[&str]| {
        let mut changed = ruled.clone();
        change(&mut changed);
        desk.write("changed.json", &changed.to_string());
        desk.line("site --check changed.json").refused(1, words);
    };
    let solution: [(&str, Value, &str); 5] = [
        ("/plan/objective", 1.0.into(), "the objective"),
        ("/certified_bound", 1.0.into(), "the certified bound"),
        ("/certificate/value", 1.0.into(), "the value of the certificate"),
        ("/certificate/nodes/0/at_most/0", (-1.0).into(), "node 0 of the proof"),
        ("/certificate/nodes/0/multipliers/3", 1e6.into(), "the value of the certificate"),
    ];
    for (place, value, words) in &solution {
        let change = |plan: &mut Value| {
            *plan["solution"].pointer_mut(place).unwrap() = value.clone();
        };
        tampered(&change, &["changed.json does not hold", words]);
    }
    let stated: [(&str, Value, &str); 4] = [
        ("/summary/mean", 1.0.into(), "its mean"),
        ("/summary/proof", "search".into(), "its proof"),
        ("/rows/0/site", "RU-KDA".into(), "its table rows"),
        ("/data/digest", "0".into(), "digest"),
    ];
    for (place, value, words) in &stated {
        tampered(&|plan| *plan.pointer_mut(place).unwrap() = value.clone(), &[words]);
    }
    // Other rules than those that were obeyed.
    let first = ruled["rows"][0]["site"].as_str().unwrap();
    let second = ruled["rows"][1]["site"].as_str().unwrap();
    let pair = format!("not both {first}, {second}");
    let opposed = |plan: &mut Value| {
        plan["context"]["rules"].as_array_mut().unwrap().push(pair.as_str().into());
        for node in plan["solution"]["certificate"]["nodes"].as_array_mut().unwrap() {
            node["at_most"].as_array_mut().unwrap().push(0.0.into());
            node["at_least"].as_array_mut().unwrap().push(0.0.into());
        }
    };
    tampered(&opposed, &[&format!("breaks rule \"{pair}\"")]);
    let loose = |plan: &mut Value| {
        let rules = plan["context"]["rules"].as_array_mut().unwrap();
        rules.retain(|rule| !rule.as_str().unwrap().starts_with("at "));
    };
    tampered(&loose, &["node 0 of the proof has a wrong number of prices"]);
}

/// Each problem on the same regions, with what its optimum is among a few plans computed here.
#[test]
fn other_problems_answer_and_their_proofs_walk_again() {
    let desk = Desk::new();
    for (options, key) in [
        ("--problem p-center --add 2", "radius"),
        ("--problem set-cover --radius 1500", "cost"),
        ("--problem max-cover --radius 500 --add 2", "reached"),
        ("--problem facility --opening 3000000000", "objective"),
        ("--problem facility --opening 3000000000 --capacity 20000000", "objective"),
    ] {
        let found = plan(&desk, &format!("{REGIONS} {options}"));
        assert_eq!(found["summary"]["gap"], 0.0, "{options}");
        desk.write("plan.json", &found.to_string());
        let said = desk.line("site --check plan.json").ok();
        assert!(said.starts_with("Holds"), "{options}: {said}");
        let mut changed = found.clone();
        let claim = &mut changed["solution"]["certified_bound"];
        *claim = Value::from(claim.as_f64().unwrap() + 1.0);
        desk.write("plan.json", &changed.to_string());
        desk.line("site --check plan.json").refused(1, &["plan.json does not hold"]);
        assert!(found["summary"][key].as_f64().unwrap() > 0.0, "{options}");
    }
    // A radius is that of a plan, and one kilometre less needs more sites or reaches fewer.
    let center = plan(&desk, &format!("{REGIONS} --problem p-center --add 2"));
    let radius = center["summary"]["radius"].as_f64().unwrap();
    let cover = |r: f64| {
        let options = format!("{REGIONS} --problem set-cover --radius {r}");
        plan(&desk, &options)["summary"]["cost"].as_f64().unwrap()
    };
    assert!(cover(radius + 1e-6) <= 4.0 && cover(radius - 1.0) > 4.0);
    let all =
        plan(&desk, &format!("{REGIONS} --problem max-cover --radius {} --add 2", radius + 1e-6));
    close(all["summary"]["share"].as_f64().unwrap(), 100.0);
}

#[test]
fn roads_take_the_place_of_great_circles() {
    let desk = Desk::new();
    desk.write("roads.csv", "from,to,length\nMinsk,Brest,350\nMinsk,X,200\nX,Gomel,110\n");
    let line = "site towns.csv --p 1 --weight people --roads roads.csv --format json";
    let json = desk.line(line).json();
    // (340 * 350 + 500 * 310) / 2840 from Minsk.
    close(mean(&json), 274_000.0 / 2840.0);
    desk.write("plan.json", &json.to_string());
    desk.line("site --check plan.json").ok();
    desk.write("roads.csv", "from,to,length\nMinsk,Brest,350\n");
    desk.line(line).refused(1, &["Gomel to", "add the road that is missing"]);
    desk.write("roads.csv", "from,to,length\nMinsk,Brest,\n");
    desk.line(line).refused(1, &["roads.csv, line 2"]);
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let desk = Desk::new();
    for (options, words) in [
        ("--p 1 --radius 3", &["--radius", "--problem"][..]),
        ("--problem p-center", &["--add or --p"]),
        ("--problem set-cover", &["--radius"]),
        ("--problem set-cover --radius 10 --p 2", &["leave out --add and --p"]),
        ("--problem set-cover --radius 10 --never Minsk", &["Minsk", "farther than 10"]),
        ("--problem facility", &["--opening"]),
        ("--problem facility --opening price", &["price"]),
        ("--problem facility --opening 5 --capacity 1 --weight people", &["2840"]),
        ("--problem p-center --p 1 --opening 3", &["--opening"]),
        ("--problem set-cover --radius 900 --curve", &["--curve", "max-cover"]),
        ("--problem p-median", &["--add N"]),
    ] {
        desk.line(&format!("site towns.csv {options}")).refused(1, words);
    }
}

#[test]
fn rules_in_plain_words_decide_the_plan() {
    let desk = Desk::new();
    let regions = "--kind region --parent RUS --weight seat_population";
    desk.write("keep.txt", "keep RU-NIZ, RU-BA # as they are\n");
    let same = plan(&desk, &format!("{regions} --add 2 --rules keep.txt"));
    close(mean(&same), mean(&plan(&desk, &format!("{REGIONS} --add 2"))));

    // Without Moscow's surroundings, and with one centre in the far east.
    desk.write(
        "rules.txt",
        "keep RU-NIZ, RU-BA\nnever RU-MOW\nat most 0 of RU-MOS, RU-TUL, RU-KLU\n\
         at least 1 of RU-PRI, RU-KHA, RU-SAK\nnot both RU-RYA, RU-PRI\n",
    );
    let ruled = plan(&desk, &format!("{regions} --add 2 --rules rules.txt"));
    let sites: Vec<&str> =
        ruled["rows"].as_array().unwrap().iter().map(|r| r["site"].as_str().unwrap()).collect();
    assert!(sites.iter().any(|s| ["RU-PRI", "RU-KHA", "RU-SAK"].contains(s)), "{sites:?}");
    assert!(!sites.iter().any(|s| ["RU-MOW", "RU-MOS", "RU-TUL", "RU-KLU"].contains(s)));
    assert_eq!((sites.len(), ruled["summary"]["gap"].as_f64()), (4, Some(0.0)));
    assert!(mean(&ruled) > mean(&same));

    // Moscow is too dear: three cheap ones fit.
    desk.write("budget.txt", "keep RU-NIZ, RU-BA\ncost 10 each\ncost RU-MOW 100\nbudget 30\n");
    let budget = plan(&desk, &format!("{regions} --rules budget.txt"));
    assert_eq!(budget["summary"]["opening"], 30.0);
    let rows = budget["rows"].as_array().unwrap();
    assert!(rows.len() == 5 && rows.iter().all(|r| r["site"] != "RU-MOW"), "{rows:?}");

    // The first plans in order: the best is the plan itself, the second what Moscow forbidden gives
    // or better.
    let best = plan(&desk, &format!("{REGIONS} --add 1 --plans 3"));
    let plans = best["plans"].as_array().unwrap();
    close(plans[0]["mean"].as_f64().unwrap(), mean(&plan(&desk, &format!("{REGIONS} --add 1"))));
    let first = plans[0]["added"].as_str().unwrap();
    let second = mean(&plan(&desk, &format!("{REGIONS} --add 1 --never {first}")));
    close(plans[1]["mean"].as_f64().unwrap(), second);
    assert!(best["summary"]["others"].as_str().unwrap().contains("no plan left out is better"));

    for (rules, words) in [
        ("perhaps A\n", &["rules.txt, line 1", "perhaps A"][..]),
        ("at most 1 of RU-XXX\n", &["RU-XXX"]),
        ("at most 1 with nowhere = x\n", &["nowhere"]),
        ("at most 1 with kind = village\n", &["village"]),
        ("at least 3 of RU-PRI, RU-KHA\n", &["at least 3 of RU-PRI, RU-KHA"]),
        ("keep RU-NIZ, RU-BA\nnot both RU-NIZ, RU-BA\n", &["not both RU-NIZ, RU-BA"]),
        ("cost 10 each\n", &["no budget"]),
        ("budget 10\n", &["no cost for"]),
    ] {
        desk.write("rules.txt", rules);
        let line = format!("site {SMALL} {regions} --add 1 --rules rules.txt");
        desk.line(&line).refused(1, words);
    }
    desk.line(&format!("site {SMALL} {regions} --add 1 --rules none.txt"))
        .refused(1, &["none.txt"]);
}

#[test]
fn weights_below_what_a_proof_tells_apart_are_named() {
    let desk = Desk::new();
    desk.write(
        "far.csv",
        "id,lat,lon,people\nMinsk,53.9,27.57,1e9\nBrest,52.1,23.7,1e-9\nGomel,52.4,31.0,1e9\n",
    );
    for (problem, note) in [
        // The cost of the light one is all that this plan has, and is told apart.
        ("--p 2", false),
        ("--p 2 --plans 2", false),
        ("--p 1", true),
        ("--problem facility --opening 1e12", true),
        ("--problem max-cover --radius 100.5 --p 2", true),
        // Nothing is weighed.
        ("--problem p-center --p 2", false),
    ] {
        let asked = format!("site far.csv --weight people {problem} --format json");
        let answer = desk.line(&asked).json();
        let mut notes = answer["notes"].as_array().unwrap().iter();
        let light = notes.find(|note| note["code"] == "too_light");
        assert_eq!(light.is_some(), note, "{problem}: {}", answer["notes"]);
        if let Some(light) = light {
            let said = light["message"].as_str().unwrap();
            assert!(said.contains("Brest") && !said.contains("Minsk"), "{said}");
            assert_eq!(light["count"], 1, "{said}");
        }
        // Weights of one kind are told apart.
        let answer = desk.line(&asked.replace("far.csv", "towns.csv")).json();
        let notes = answer["notes"].as_array().unwrap();
        assert!(notes.iter().all(|note| note["code"] != "too_light"), "{problem}");
    }
}
