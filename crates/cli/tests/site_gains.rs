//! `site` by gains in trade: from a saved estimate, over draws, in general equilibrium; each against
//! a computation of its own here.

mod common;

use common::Desk;
use serde_json::Value;

/// Sums of some tens of numbers in another order.
const ROUNDING: f64 = 1e-9;
const N: usize = 12;
const DECAY: f64 = 300.0;

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= ROUNDING * a.abs().max(b.abs()).max(1e-6), "{a} and {b}");
}

fn seat(k: usize) -> (f64, f64) {
    (50.0 + ((k * 7) % 5) as f64 * 1.3, 10.0 + ((k * 5) % 12) as f64 * 1.1)
}

fn km(a: usize, b: usize) -> f64 {
    let ((p, l), (q, m)) = (seat(a), seat(b));
    let half = |x: f64, y: f64| ((y - x).to_radians() / 2.0).sin().powi(2);
    let h = half(p, q) + p.to_radians().cos() * q.to_radians().cos() * half(l, m);
    2.0 * 6371.0088 * h.sqrt().asin()
}

fn value(o: usize, d: usize) -> f64 {
    if o == d { 900.0 } else { 5.0 + ((3 * o + 5 * d) % 11) as f64 * (1.0 + (o % 3) as f64) }
}

fn office(o: usize, d: usize) -> bool {
    o != d && (o * o + 3 * d).is_multiple_of(5)
}

/// Twelve places with seats, their flows, and a model with a coefficient on `office`.
fn desk() -> Desk {
    let desk = Desk::new();
    let mut places = "id,lat,lon,area_km2,people\n".to_owned();
    let mut flows = "origin,destination,distance,office,value,unit\n".to_owned();
    for o in 0..N {
        let (lat, lon) = seat(o);
        places.push_str(&format!("P{o},{lat},{lon},1000,{}\n", 10 + o));
        for d in 0..N {
            let far = if o == d { 50.0 } else { km(o, d).max(1.0) };
            let has = u8::from(office(o, d));
            let wobble = value(o, d) * (1.0 + 0.3 * f64::from(has));
            flows.push_str(&format!("P{o},P{d},{far},{has},{wobble},USD mn\n"));
        }
    }
    desk.write("places.csv", &places);
    desk.write("trade.csv", &flows);
    desk.line(
        "estimate trade.csv --no-domestic --formula \"value ~ log(distance) + office | origin + \
         destination\" --save model.json",
    )
    .ok();
    desk
}

const ASKED: &str = "site places.csv --exporter P0 --flows trade.csv --model model.json \
                     --coefficient office --decay 300";

fn beta(desk: &Desk) -> (f64, f64) {
    let model: Value = serde_json::from_str(&desk.read("model.json")).unwrap();
    let fit = &model["models"][0]["fit"];
    let at = fit["names"].as_array().unwrap().iter().position(|n| n == "office").unwrap();
    let number = |key: &str| fit[key][at].as_f64().unwrap();
    (number("coefficients"), number("standard_errors"))
}

/// X_0k as in the file.
fn sales(k: usize) -> f64 {
    value(0, k) * (1.0 + 0.3 * f64::from(u8::from(office(0, k))))
}

fn help(k: usize, open: &[usize]) -> f64 {
    open.iter().map(|&j| (-km(k, j) / DECAY).exp()).fold(0.0, f64::max)
}

/// What offices in `new` add to sales observed with offices in `kept`.
fn added(beta: f64, kept: &[usize], new: &[usize]) -> f64 {
    let all = [kept, new].concat();
    let gain = |k: usize| sales(k) * (beta * (help(k, &all) - help(k, kept))).exp_m1();
    (1..N).map(gain).sum()
}

fn pairs(kept: &[usize]) -> Vec<[usize; 2]> {
    let free: Vec<usize> = (1..N).filter(|j| !kept.contains(j)).collect();
    let all = free.iter().flat_map(|&a| free.iter().map(move |&b| [a, b]));
    all.filter(|[a, b]| a < b).collect()
}

#[test]
fn the_plan_of_a_saved_model_is_the_best_of_all_plans() {
    let desk = desk();
    let (beta, se) = beta(&desk);
    assert!(beta > 0.05, "{beta}");
    for kept in [&[][..], &[4]] {
        let keep = if kept.is_empty() { "" } else { "--keep P4" };
        let json = desk.line(&format!("{ASKED} {keep} --add 2 --format json")).json();
        let best = pairs(kept).iter().map(|new| added(beta, kept, new)).fold(0.0, f64::max);
        let summary = &json["summary"];
        close(summary["gain"].as_f64().unwrap(), best);
        close(summary["gain_bound"].as_f64().unwrap(), best);
        assert_eq!(summary["gain_gap"], 0.0);
        close(json["options"]["beta"].as_f64().unwrap(), beta);
        close(json["options"]["beta_se"].as_f64().unwrap(), se);
        assert_eq!(json["units"]["summary"]["gain"], "USD mn");
        let rows = json["rows"].as_array().unwrap();
        close(rows.iter().map(|row| row["gain"].as_f64().unwrap()).sum(), best);
        assert_eq!(json["served"].as_array().unwrap().len(), N - 1);
        assert!(json["context"]["effect"][0].as_str().unwrap().contains("office in model.json"));
        assert_eq!(json["context"]["distance_unit"][0], "km");

        // A reader without the model proves it again from the number in the answer.
        desk.write("plan.json", &json.to_string());
        let said = desk.line("site --check plan.json").ok();
        assert!(said.contains("gains more than"), "{said}");
        let mut changed = json.clone();
        changed["options"]["beta"] = Value::from(2.0 * beta);
        desk.write("plan.json", &changed.to_string());
        desk.line("site --check plan.json").refused(1, &["does not hold"]);
    }
    // Trade without the kept office: X (exp(b s_new) - exp(b s_kept)).
    let before = format!("{ASKED} --keep P4 --add 2 --trade-before-offices --format json");
    let gain = desk.line(&before).json()["summary"]["gain"].as_f64().unwrap();
    let gross = |open: &[usize]| -> f64 {
        (1..N).map(|k| sales(k) * (beta * help(k, open)).exp_m1()).sum()
    };
    let best = pairs(&[4]).iter().map(|[a, b]| gross(&[4, *a, *b])).fold(0.0, f64::max);
    close(gain, best - gross(&[4]));
    // Within reach or not: an indicator.
    let reach = format!("{} --reach 250 --add 1 --format json", ASKED.replace("--decay 300", ""));
    let within = |j: usize| -> f64 { (1..N).filter(|&k| km(k, j) <= 250.0).map(sales).sum() };
    let best = (1..N).map(within).fold(0.0, f64::max) * beta.exp_m1();
    close(desk.line(&reach).json()["summary"]["gain"].as_f64().unwrap(), best);
}

#[test]
fn curves_plans_and_what_if_speak_of_gains() {
    let desk = desk();
    let (beta, _) = beta(&desk);
    let json = desk.line(&format!("{ASKED} --add 2 --curve --what-if --format json")).json();
    let curve = json["curve"].as_array().unwrap();
    let gains: Vec<f64> = curve.iter().map(|p| p["gain"].as_f64().unwrap()).collect();
    close(gains[0], (1..N).map(|j| added(beta, &[], &[j])).fold(0.0, f64::max));
    close(curve[1]["saving"].as_f64().unwrap(), gains[1] - gains[0]);
    assert!(curve[1]["nested_gain"].as_f64().unwrap() <= gains[1] + ROUNDING);
    let mut all: Vec<f64> = pairs(&[]).iter().map(|new| added(beta, &[], new)).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let plans = desk.line(&format!("{ASKED} --add 2 --plans 7 --format json")).json();
    for (plan, gain) in plans["plans"].as_array().unwrap().iter().zip(&all) {
        close(plan["gain"].as_f64().unwrap(), *gain);
        close(1.0 + plan["below"].as_f64().unwrap(), 1.0 + 100.0 * (1.0 - gain / all[0]));
    }
    // Percent of the gain, not of the gain forgone.
    let near = desk.line(&format!("{ASKED} --add 2 --plans 55 --within 20 --format json")).json();
    let count = all.iter().filter(|gain| **gain >= 0.8 * all[0]).count();
    assert_eq!(near["plans"].as_array().unwrap().len(), count);
    assert!(near["summary"]["others"].as_str().unwrap().contains("within 20 percent"));
    let first = json["forbidden"][0].clone();
    let site = first["site"].as_str().unwrap();
    let without = desk.line(&format!("{ASKED} --add 2 --never {site} --format json")).json();
    close(gains[1] - first["loss"].as_f64().unwrap(), without["summary"]["gain"].as_f64().unwrap());
}

#[test]
fn draws_say_how_often_a_place_is_chosen() {
    let desk = desk();
    let line = format!("{ASKED} --add 2 --draws 60 --seed 3 --decay-se 90 --format json");
    let text = desk.line(&line).ok();
    assert_eq!(text, desk.line(&line).ok());
    let json: Value = serde_json::from_str(&text).unwrap();
    let chosen = json["chosen"].as_array().unwrap();
    close(chosen.iter().map(|c| c["share"].as_f64().unwrap()).sum(), 200.0);
    let plans = json["draw_plans"].as_array().unwrap();
    close(plans.iter().map(|p| p["draws"].as_f64().unwrap()).sum(), 100.0);
    let summary = &json["summary"];
    let number = |key: &str| summary[key].as_f64().unwrap();
    assert!(number("gain_low") < number("gain_median"));
    assert!(number("gain_median") < number("gain_high"));
    assert!((0.0..=number("maximal_regret")).contains(&number("expected_regret")));
    assert_eq!((&json["options"]["draws"], &json["options"]["seed"]), (&60.into(), &3.into()));
    let other = desk.line(&line.replace("--seed 3", "--seed 4")).json();
    assert_ne!(other["summary"]["gain_mean"], summary["gain_mean"]);
    // Without an error every draw is the plan itself.
    let sure = desk
        .line(
            "site places.csv --exporter P0 --flows trade.csv --beta 0.2 --beta-se 0 --decay 300 \
             --add 2 --draws 5 --format json",
        )
        .json();
    assert_eq!(sure["summary"]["plan_share"], 100.0);
    close(sure["summary"]["gain_low"].as_f64().unwrap(), sure["summary"]["gain"].as_f64().unwrap());
}

/// The same worlds by `simulate`, each office written out as a change of trade costs.
#[test]
fn near_best_plans_are_revalued_as_simulate_does() {
    let desk = desk();
    let (beta, _) = beta(&desk);
    for keep in ["", "--keep P4"] {
        let kept: &[usize] = if keep.is_empty() { &[] } else { &[4] };
        let line = format!("{ASKED} {keep} --add 2 --plans 4 --revalue --theta 5 --format json");
        let json = desk.line(&line).json();
        let revalued = json["revalued"].as_array().unwrap();
        assert_eq!(revalued.len(), 4);
        for row in revalued {
            let new: Vec<usize> = row["added"]
                .as_str()
                .unwrap()
                .split(' ')
                .map(|id| id[1..].parse().unwrap())
                .collect();
            let open = [kept, &new].concat();
            let mut text = "[model]\ntheta = 5\n[[scenario]]\nname = \"x\"\n".to_owned();
            for k in 1..N {
                let effect = beta * (help(k, &open) - help(k, kept));
                // The cost factor whose power of -theta is exp(effect).
                let percent = 100.0 * (-effect / 5.0).exp_m1();
                if effect > 0.0 {
                    text.push_str(&format!(
                        "[[scenario.cost]]\nfrom = \"P0\"\nto = \"P{k}\"\npercent = {percent}\n"
                    ));
                }
            }
            desk.write("offices.toml", &text);
            let world =
                desk.line("simulate trade.csv --scenario offices.toml --format json").json();
            let of_p0 =
                world["rows"].as_array().unwrap().iter().find(|r| r["place"] == "P0").unwrap();
            for (ours, theirs) in [("welfare", "welfare"), ("exports_percent", "exports")] {
                close(row[ours].as_f64().unwrap(), of_p0[theirs].as_f64().unwrap());
            }
            close(row["gain"].as_f64().unwrap(), added(beta, kept, &new));
        }
        // Diverted and dearer: less than the partial gain.
        let (gain, exports) =
            (revalued[0]["gain"].as_f64().unwrap(), revalued[0]["exports"].as_f64().unwrap());
        assert!(exports > 0.0 && exports < gain, "{exports} {gain}");
        let ranks = |key: &str| -> Vec<u64> {
            revalued
                .iter()
                .map(|row| row[key].as_u64().unwrap_or(row[key].as_f64().unwrap() as u64))
                .collect()
        };
        let same = ranks("rank") == ranks("exports_rank") && ranks("rank") == ranks("welfare_rank");
        let order = json["summary"]["order"].as_str().unwrap();
        assert_eq!(order.starts_with("the same"), same, "{order}");
    }
}

#[test]
fn what_gains_cannot_be_made_of_is_refused() {
    let desk = desk();
    desk.line(
        "estimate trade.csv --no-domestic --formula \"value ~ log(distance) + office | \
         sw(origin, destination)\" --save two.json",
    )
    .ok();
    let plain = "site places.csv --exporter P0 --flows trade.csv --add 1";
    for (line, words) in [
        (
            format!("{plain} --model model.json --coefficient ofice --decay 300"),
            &["ofice", "did you mean office", "log(distance), office"][..],
        ),
        (
            format!("{plain} --model model.json --coefficient log(distance) --decay 300"),
            &["log(distance)", "lower trade"],
        ),
        (
            format!("{plain} --model two.json --coefficient office --decay 300"),
            &["2 models", "--label"],
        ),
        (
            format!("{plain} --model two.json --label x --coefficient office --decay 300"),
            &["no model labelled"],
        ),
        (format!("{plain} --model none.json --coefficient office --decay 3"), &["none.json"]),
        (format!("{plain} --model trade.csv --coefficient office --decay 3"), &["--save"]),
        (format!("{plain} --beta 0.2"), &["--decay", "--reach", "km"]),
        (format!("{plain} --beta 0.2 --decay 0"), &["scale", "positive"]),
        (format!("{plain} --beta NaN --decay 10"), &["--beta", "finite"]),
        (format!("{plain} --beta -0.2 --decay 10"), &["lower trade"]),
        (format!("{plain} --decay 300"), &["--decay", "--model"]),
        (format!("{plain} --draws 5"), &["--draws", "--beta"]),
        (format!("{plain} --beta 0.2 --decay 9 --draws 5"), &["--beta-se"]),
        (format!("{plain} --beta 0.2 --beta-se 1 --decay 9 --draws 0"), &["draws"]),
        (format!("{plain} --beta 0.2 --decay 9 --problem p-center"), &["--problem"]),
        (format!("{plain} --beta 0.2 --decay 9 --keep P0"), &["--keep P0", "abroad"]),
        (format!("{plain} --beta 0.2 --decay 9 --where value=1..2"), &["no-rows", "P0"]),
        ("site places.csv --add 1 --beta 0.2 --decay 9".into(), &["--exporter", "--weight"]),
        ("site places.csv --add 1 --exporter P0".into(), &["--flows"]),
        ("site places.csv --add 1 --exporter XX --flows trade.csv".into(), &["XX", "no-rows"]),
        (format!("{plain} --beta 0.2 --decay 9 --add 12"), &[]),
    ] {
        let run = desk.line(&line);
        if words.is_empty() {
            assert_ne!(run.code, 0);
        } else {
            run.refused(1, words);
        }
    }
    desk.line("site places.csv --exporter P0 --flows trade.csv --add 12 --beta 0.2 --decay 9")
        .refused(1, &["p, the number of open sites"]);
}

fn captured(open: &[usize], beta: f64, outside: f64, rivals: &[usize]) -> f64 {
    let pull = |k: usize, j: usize| (-beta * km(k, j)).exp();
    let share = |k: usize| {
        let own: f64 = open.iter().map(|&j| pull(k, j)).sum();
        own / (outside + rivals.iter().map(|&r| pull(k, r)).sum::<f64>() + own)
    };
    (0..N).map(|k| (10 + k) as f64 * share(k)).sum()
}

#[test]
fn capture_is_the_best_of_all_plans() {
    let desk = desk();
    desk.write("rivals.csv", "id\nP3\nP7\n");
    let line = "site places.csv --weight people --problem capture --logit 0.004 --outside 0.2 \
                --rivals rivals.csv --keep P1 --add 2";
    let json = desk.line(&format!("{line} --format json")).json();
    let mut best = 0.0_f64;
    for a in (0..N).filter(|a| *a != 1) {
        for b in (a + 1..N).filter(|b| *b != 1) {
            best = best.max(captured(&[1, a, b], 0.004, 0.2, &[3, 7]));
        }
    }
    let summary = &json["summary"];
    close(summary["captured"].as_f64().unwrap(), best);
    assert_eq!((summary["gap"].as_f64(), summary["proof"].as_str()), (Some(0.0), Some("search")));
    close(summary["kept_alone"].as_f64().unwrap(), captured(&[1], 0.004, 0.2, &[3, 7]));
    let rows = json["rows"].as_array().unwrap();
    close(rows.iter().map(|row| row["captured"].as_f64().unwrap()).sum(), best);
    // The same rivals by coordinates and by a matrix.
    let mut seats = "id,lat,lon\n".to_owned();
    let mut matrix = "from,to,cost\n".to_owned();
    for r in [3, 7] {
        let (lat, lon) = seat(r);
        seats.push_str(&format!("R{r},{lat},{lon}\n"));
        (0..N).for_each(|k| matrix.push_str(&format!("R{r},P{k},{}\n", km(k, r))));
    }
    for text in [seats, matrix] {
        desk.write("rivals.csv", &text);
        close(
            desk.line(&format!("{line} --format json")).json()["summary"]["captured"]
                .as_f64()
                .unwrap(),
            best,
        );
    }
    // Huff with sizes and a least distance.
    let huff = "site places.csv --weight people --problem capture --huff 2 --attraction people \
                --least-distance 20 --outside 0.01 --add 1 --format json";
    let pull = |k: usize, j: usize| (10 + j) as f64 * km(k, j).max(20.0).powi(-2);
    let win = |j: usize| -> f64 {
        (0..N).map(|k| (10 + k) as f64 * pull(k, j) / (0.01 + pull(k, j))).sum()
    };
    let best = (0..N).map(win).fold(0.0, f64::max);
    close(desk.line(huff).json()["summary"]["captured"].as_f64().unwrap(), best);

    desk.write("plan.json", &json.to_string());
    desk.line("site --check plan.json").refused(1, &["capture", "solving again"]);
    let bare = "site places.csv --problem capture --add 1";
    for (line, words) in [
        (bare.to_owned(), &["--huff", "--logit"][..]),
        (format!("{bare} --logit 0.01"), &["P0", "--outside"]),
        (format!("{bare} --logit -1 --outside 1"), &["beta", "0 or more"]),
        (format!("{bare} --huff 2 --outside 1"), &["infinite", "--least-distance"]),
        (format!("{bare} --logit 1 --outside -1"), &["outside option"]),
        (format!("{bare} --logit 1 --outside NaN"), &["outside option"]),
        (format!("{bare} --logit 1 --outside nothing"), &["nothing"]),
        (format!("{bare} --logit 1 --outside 1 --radius 3"), &["--radius"]),
        (format!("{bare} --logit 1 --outside 1 --add 13"), &[]),
        ("site places.csv --problem capture --logit 1 --outside 1".into(), &["--add or --p"]),
        (
            "site places.csv --problem capture --logit 1 --outside 1 --p 13".into(),
            &["1 to 12", "13"],
        ),
        ("site places.csv --add 1 --logit 1".into(), &["--logit", "--problem capture"]),
    ] {
        let run = desk.line(&line);
        if words.is_empty() {
            assert_ne!(run.code, 0);
        } else {
            run.refused(1, words);
        }
    }
    desk.write("rivals.csv", "id\nnowhere\n");
    desk.line(line).refused(1, &["rivals.csv, line 2", "nowhere"]);
}

#[test]
fn distances_keep_their_unit_and_source() {
    let desk = Desk::new();
    desk.write(
        "gap.csv",
        "from,to,cost,unit,source\nA,A,0,km,survey\nA,B,7,km,survey\nB,B,0,km,map\n",
    );
    let line = "site gap.csv --p 1 --format json";
    desk.line(line).refused(1, &["B to A", "1 pairs have no row", "--fallback"]);
    let json = desk.line(&format!("{line} --fallback 9")).json();
    let context = &json["context"];
    assert_eq!(context["cost"][0], "the matrix given; 1 of 4 pairs 9 (--fallback)");
    assert_eq!(context["distance_unit"][0], "km");
    assert_eq!(context["distance_source"], serde_json::json!(["gap.csv", "survey", "map"]));
    assert_eq!(json["summary"]["mean"], 3.5);
    assert!(json["notes"][0]["message"].as_str().unwrap().contains("1 of 4 pairs"), "{json}");
    desk.write("plan.json", &json.to_string());
    desk.line("site --check plan.json").ok();

    desk.write("seats.csv", "id,lat,lon\nA,50,10\nB,51,10\n");
    let circle = format!("{line} --fallback great-circle --about seats.csv");
    let json = desk.line(&circle).json();
    assert!(json["context"]["cost"][0].as_str().unwrap().contains("1 of 4 pairs great-circle km"));
    desk.write("seats.csv", "id,lat,lon\nA,50,10\n");
    desk.line(&circle).refused(1, &["B to A", "coordinates"]);
    desk.line(&format!("{line} --fallback great-circle")).refused(1, &["--about"]);
    desk.line(&format!("{line} --fallback -1")).refused(1, &["--fallback -1"]);
    desk.line(&format!("{line} --fallback 1 --unit min")).refused(1, &["--unit min", "km"]);
    desk.write("gap.csv", "from,to,cost,unit\nA,A,0,km\nA,B,7,min\nB,B,0,km\n");
    desk.line(&format!("{line} --fallback 9")).refused(1, &["gap.csv, line 3", "min"]);
    desk.write("gap.csv", "from,to,cost\nA,A,0\nA,B,7\nB,B,0\n");
    desk.line(&circle).refused(1, &["great-circle", "--unit km"]);
    desk.line("site towns.csv --p 1 --fallback 3").refused(1, &["--fallback"]);
    desk.line("site towns.csv --p 1 --unit km").refused(1, &["--unit"]);
}

#[test]
fn regions_are_as_far_as_their_towns() {
    let desk = Desk::new();
    desk.write("regions.csv", "id,lat,lon,area_km2\nW,0,0,1000\nE,0,2,1000\n");
    desk.write("towns.csv", "region,lat,lon,population\nW,0,0,5\nE,0,1,1\nE,0,2,2\n");
    let line = "site regions.csv --p 1 --agglomerations towns.csv --keep W --format json";
    let degree = 6371.0088 * std::f64::consts::PI / 180.0;
    let far = |json: &Value| {
        let rows = json["served"].as_array().unwrap();
        rows.iter().find(|r| r["customer"] == "E").unwrap()["cost"].as_f64().unwrap()
    };
    let json = desk.line(line).json();
    close(far(&json), 1.5 * degree);
    assert!(json["context"]["cost"][0].as_str().unwrap().contains("distw_harmonic"));
    desk.write("plan.json", &json.to_string());
    desk.line("site --check plan.json").ok();
    let arithmetic = desk.line(&format!("{line} --mean distw_arithmetic")).json();
    close(far(&arithmetic), 5.0 / 3.0 * degree);
    assert_eq!(arithmetic["options"]["mean"], "distw_arithmetic");
    // Within a region of one town: 0.67 sqrt(area / pi).
    let own = &json["served"][0];
    close(own["cost"].as_f64().unwrap(), 0.67 * (1000.0 / std::f64::consts::PI).sqrt());

    desk.write("towns.csv", "region,lat,lon,population\nW,0,0,5\n");
    desk.line(line).refused(1, &["missing-region", "E"]);
    desk.write("towns.csv", "region,lat,lon,population\nW,0,0,-5\nE,0,1,1\n");
    desk.line(line).refused(1, &["population", "W"]);
    desk.write("towns.csv", "region,lat,lon,population\nW,0,0,5\nE,0,,1\n");
    desk.line(line).refused(1, &["towns.csv, line 3"]);
    desk.write("regions.csv", "id,lat,lon\nW,0,0\nE,0,2\n");
    desk.line(line).refused(1, &["area_km2"]);
}

#[test]
fn what_no_row_means_travels_with_the_answer() {
    let desk = Desk::new();
    desk.write(
        "sold.csv",
        "origin,destination,value,unit\nMinsk,Minsk,9,USD\nMinsk,Brest,5,USD\nBrest,Minsk,2,USD\n",
    );
    let line = "site towns.csv --p 1 --exporter Minsk --flows sold.csv --format json";
    // Gomel is left out as a customer, or one that buys nothing.
    for (absent, customers, said) in [("", 1, Value::Null), ("--absent zero", 2, "zero".into())] {
        let plan = desk.line(&format!("{line} {absent}")).json();
        assert_eq!(plan["served"].as_array().unwrap().len(), customers, "{plan}");
        assert_eq!(plan["options"]["absent"], said);
        desk.write("plan.json", &plan.to_string());
        assert!(desk.line("site --check plan.json").ok().starts_with("Holds"), "{absent}");
    }
}
