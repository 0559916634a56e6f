//! Options of `estimate` whose files and figures must hang together.

mod common;

use std::collections::HashMap;

use common::Desk;

/// Three-way gravity on the panel of the guides: 15 places, 8 years.
const THREE_WAY: &str = "value ~ agreement | origin^year + destination^year + origin^destination";
/// Coefficients of one fit from one command line to another: the same bytes but for JSON.
const SAME: f64 = 1e-12;
/// What effects and coefficients leave of the linear predictor, which is of order ten.
const REPRODUCED: f64 = 1e-9;

/// A desk with the panel of the guides.
fn desk() -> Desk {
    let desk = Desk::new();
    let panel = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/data/panel.csv");
    desk.write("panel.csv", &std::fs::read_to_string(panel).expect("the panel is there"));
    desk
}

/// A CSV file as rows by column name.
fn rows(text: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn number(row: &HashMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

/// Coefficient and standard error of the first term.
fn first(desk: &Desk, rest: &str) -> (f64, f64) {
    let json = desk.line(&format!("estimate {rest} --format json")).json();
    let row = &json["rows"][0];
    (row["coefficient"].as_f64().unwrap(), row["standard_error"].as_f64().unwrap())
}

#[track_caller]
fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * a.abs().max(1.0), "{a} and {b}");
}

#[test]
fn rows_effects_and_predictions_reproduce_each_other() {
    let desk = desk();
    desk.line(&format!(
        "estimate panel.csv --formula \"{THREE_WAY}\" --no-domestic --save model.json --save-rows \
         rows.csv --save-effects effects.csv --predict panel.csv --save-predictions predicted.csv"
    ))
    .ok();
    let (beta, _) = first(&desk, &format!("panel.csv --formula \"{THREE_WAY}\" --no-domestic"));
    let effects: HashMap<(String, String), f64> = rows(&desk.read("effects.csv"))
        .iter()
        .map(|row| ((row["effect"].clone(), row["level"].clone()), number(row, "value")))
        .collect();
    let regressors: HashMap<String, f64> = rows(&desk.read("panel.csv"))
        .iter()
        .enumerate()
        .map(|(i, row)| ((i + 2).to_string(), number(row, "agreement")))
        .collect();
    let predicted: HashMap<String, f64> = rows(&desk.read("predicted.csv"))
        .iter()
        .map(|row| (row["line"].clone(), number(row, "predicted")))
        .collect();
    let (mut used, mut score) = (0, 0.0);
    for row in rows(&desk.read("rows.csv")).iter().filter(|row| row["used"] == "1") {
        used += 1;
        let [o, d, y] = ["origin", "destination", "year"].map(|c| &row[c]);
        let sum: f64 = [
            ("origin^year", format!("{o}^{y}")),
            ("destination^year", format!("{d}^{y}")),
            ("origin^destination", format!("{o}^{d}")),
        ]
        .map(|(effect, level)| effects[&(effect.to_owned(), level)])
        .iter()
        .sum();
        let eta = number(row, "linear_predictor");
        close(sum + beta * regressors[&row["line"]], eta, REPRODUCED);
        close(eta.exp(), number(row, "fitted"), SAME);
        close(number(row, "outcome") - number(row, "fitted"), number(row, "residual"), SAME);
        close(predicted[&row["line"]], number(row, "fitted"), REPRODUCED);
        score += number(row, "score agreement");
    }
    assert!(used > 1_500, "{used} rows");
    // First-order condition, beside outcomes that sum to millions.
    assert!(score.abs() < 1e-3, "{score}");
}

#[test]
fn a_saved_model_prints_the_same_table() {
    let desk = desk();
    let run = format!("estimate panel.csv --formula \"{THREE_WAY}\" --no-domestic");
    for format in ["tidy", "tex", "html", "typst"] {
        let direct = desk.line(&format!("{run} --save model.json --format {format}")).ok();
        let saved = desk.line(&format!("table model.json --format {format}")).ok();
        assert_eq!(direct, saved, "{format}");
    }
    desk.write("broken.json", "{\"format\": \"something else\"}");
    desk.line("table broken.json").refused(1, &["broken.json"]);
}

#[test]
fn a_sample_that_fails_leaves_the_others_standing() {
    let desk = desk();
    let mut panel = String::new();
    for (i, line) in desk.read("panel.csv").lines().enumerate() {
        // One group without any trade.
        let group = match i {
            0 => "sector",
            i if i % 3 == 0 => "steel",
            i if i % 3 == 1 => "grain",
            _ => "empty",
        };
        let mut cells: Vec<&str> = line.split(',').collect();
        if group == "empty" {
            cells[4] = "0";
        }
        panel.push_str(&format!("{},{group}\n", cells.join(",")));
    }
    desk.write("sectors.csv", &panel);
    let formula = "--formula \"value ~ log(distance) | origin + destination\"";
    let run = desk.line(&format!("estimate sectors.csv {formula} --split sector --format tidy"));
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("not estimated: empty"), "{}", run.err);
    assert!(run.out.contains("steel") && run.out.contains("grain"), "{}", run.out);
    // Each is the fit on its rows alone.
    let (beta, error) = first(&desk, &format!("sectors.csv {formula} --where sector=steel"));
    let steel = rows(&run.out).into_iter().find(|r| r.values().any(|v| v == "steel")).unwrap();
    let has = |wanted: f64| {
        steel.values().any(|v| v.parse::<f64>().is_ok_and(|v| (v - wanted).abs() <= SAME))
    };
    assert!(has(beta) && has(error), "{steel:?}");
}

#[test]
fn errors_that_coincide_by_definition() {
    let desk = desk();
    let base = format!("panel.csv --formula \"{THREE_WAY}\" --no-domestic --small-sample raw");
    let error = |options: &str| first(&desk, &format!("{base} {options}")).1;
    // Without lags only rows of one period are correlated; of one unit and period there is one row.
    close(error("--vcov driscoll-kraay --lag 0"), error("--cluster year"), SAME);
    close(error("--vcov newey-west --lag 0"), error("--vcov robust"), SAME);
    // All lags with no decay would be clusters; Bartlett weights lie between.
    let between = error("--vcov newey-west --lag 2");
    assert!(between > 0.0 && (between - error("--vcov robust")).abs() > 1e-6);
    // A frequency stands for equal rows.
    let mut twice = String::new();
    let mut counted = String::new();
    for (i, line) in desk.read("panel.csv").lines().enumerate() {
        twice.push_str(&format!("{line}\n"));
        counted.push_str(&format!("{line},{}\n", if i == 0 { "n" } else { "2" }));
        if i > 0 {
            twice.push_str(&format!("{line}\n"));
        }
    }
    desk.write("twice.csv", &twice);
    desk.write("counted.csv", &counted);
    let options = format!("--formula \"{THREE_WAY}\" --vcov robust --small-sample fixest");
    let (a, b) = (
        first(&desk, &format!("twice.csv {options} --duplicates keep")),
        first(&desk, &format!("counted.csv {options} --frequency n")),
    );
    close(a.0, b.0, REPRODUCED);
    close(a.1, b.1, REPRODUCED);
}

#[test]
fn roles_of_the_bias_correction_are_read_off_the_effects() {
    let desk = desk();
    let renamed = desk
        .read("panel.csv")
        .replacen("origin,destination", "exporter,importer", 1)
        .replacen("year", "t", 1);
    desk.write("renamed.csv", &renamed);
    let bias = |file: &str, formula: &str, more: &str| {
        let line = format!("estimate {file} --formula \"{formula}\" --bias {more} --format json");
        desk.line(&line).json()["bias"][0].clone()
    };
    let usual = bias("panel.csv", THREE_WAY, "");
    assert!(usual["bias"].as_f64().is_some_and(|b| b != 0.0), "{usual}");
    for pair in ["exporter^importer", "pair"] {
        let formula = format!("value ~ agreement | exporter^t + importer^t + {pair}");
        if pair == "pair" {
            // Pairs without a direction are no pair effects of the formulas.
            let line = format!("estimate renamed.csv --formula \"{formula}\" --bias");
            desk.line(&line).refused(1, &["pair"]);
        } else {
            assert_eq!(bias("renamed.csv", &formula, ""), usual);
            assert_eq!(bias("renamed.csv", &formula, "--roles exporter,importer,t"), usual);
        }
    }
}

#[test]
fn a_frequency_is_so_many_rows_in_every_figure() {
    let desk = Desk::new();
    let (mut counted, mut repeated) = ("y,x,f,n\n".to_owned(), "y,x,f\n".to_owned());
    for i in 0..40_usize {
        // The last level has one row, which stands for two.
        let (y, x) = ((i * i % 17) as f64 + 0.5, (i * 7 % 11) as f64);
        let (f, n) = (if i == 39 { 9 } else { i % 4 }, if i == 39 { 2 } else { 1 + i % 3 });
        counted.push_str(&format!("{y},{x},{f},{n}\n"));
        (0..n).for_each(|_| repeated.push_str(&format!("{y},{x},{f}\n")));
    }
    desk.write("counted.csv", &counted);
    desk.write("repeated.csv", &repeated);
    for family in ["poisson", "ols"] {
        let run = |rest: &str| {
            let line =
                format!("estimate {rest} --formula \"y ~ x | f\" --family {family} --format json");
            desk.line(&line).json()
        };
        let (a, b) = (run("counted.csv --frequency n"), run("repeated.csv"));
        for key in ["n", "log_likelihood", "deviance", "r_squared"] {
            let value = |json: &serde_json::Value| json["summary"][key].as_f64().unwrap();
            close(value(&a), value(&b), REPRODUCED);
        }
        for key in ["coefficient", "standard_error"] {
            let value = |json: &serde_json::Value| json["rows"][0][key].as_f64().unwrap();
            close(value(&a), value(&b), REPRODUCED);
        }
        assert_eq!(a["summary"]["freedom"], b["summary"]["freedom"]);
    }
}

#[test]
fn lags_look_at_rows_that_a_condition_leaves_out() {
    let desk = desk();
    let formula = "--formula \"value ~ log(distance) + l(agreement, 3) | origin + destination\"";
    let cut = desk
        .line(&format!("estimate panel.csv {formula} --where year=2003..2009 --format json"))
        .json();
    let split = desk
        .line(&format!("estimate panel.csv {formula} --split year --where year=2003 --format tidy"))
        .ok();
    assert!(split.contains("2003"), "{split}");
    // Missing is what the file lacks three years before, not what the condition leaves out.
    let panel = rows(&desk.read("panel.csv"));
    let key = |row: &HashMap<String, String>, back: i32| {
        let year: i32 = row["year"].parse().unwrap();
        (row["origin"].clone(), row["destination"].clone(), year - back)
    };
    let known: std::collections::HashSet<_> = panel.iter().map(|row| key(row, 0)).collect();
    let asked = panel.iter().filter(|row| ["2003", "2006", "2009"].contains(&&row["year"][..]));
    let missing =
        asked.filter(|row| row["distance"].is_empty() || !known.contains(&key(row, 3))).count();
    assert_eq!(cut["summary"]["missing"], missing, "{}", cut["summary"]);
}

#[test]
fn predictions_keep_every_row_and_say_which_have_none() {
    let desk = desk();
    let panel = desk.read("panel.csv");
    let mut lines: Vec<&str> = panel.lines().take(30).collect();
    let unknown = lines[5].replacen("P01", "X99", 1);
    let mut cells: Vec<&str> = lines[8].split(',').collect();
    cells[7] = "";
    let gap = cells.join(",");
    (lines[5], lines[8]) = (&unknown, &gap);
    desk.write("new.csv", &(lines.join("\n") + "\n"));
    let run = desk.line(
        "estimate panel.csv --formula \"value ~ agreement | origin^year + destination\" --predict \
         new.csv --save-predictions predicted.csv",
    );
    let said = run.out.clone() + &run.err;
    assert!(said.contains("lines 6 of new.csv") && said.contains("agreement in 1"), "{said}");
    let predicted = rows(&desk.read("predicted.csv"));
    assert_eq!(predicted.len(), 29);
    let empty: Vec<&str> =
        predicted.iter().filter(|r| r["predicted"].is_empty()).map(|r| &r["line"][..]).collect();
    assert_eq!(empty, ["6", "9"]);
}

#[test]
fn slopes_without_intercepts_predict_the_rows_of_the_fit() {
    let desk = desk();
    for family in ["poisson", "ols"] {
        desk.line(&format!(
            "estimate panel.csv --formula \"value ~ agreement | origin[[distance]] + year\" --family \
             {family} --save-rows rows.csv --predict panel.csv --save-predictions predicted.csv"
        ))
        .ok();
        let (fitted, predicted) = (rows(&desk.read("rows.csv")), rows(&desk.read("predicted.csv")));
        for fitted in &fitted {
            let predicted = predicted.iter().find(|row| row["line"] == fitted["line"]).unwrap();
            close(number(fitted, "fitted"), number(predicted, "predicted"), 1e-7);
        }
    }
}

#[test]
fn names_with_spaces_and_signs_of_missing_numbers() {
    let desk = Desk::new();
    let mut text = "y,km by road,a b\n".to_owned();
    for i in 0..30 {
        let x = if i == 7 { "NA".to_owned() } else { format!("{}", i * 3 % 7) };
        text.push_str(&format!("{},{x},g{}\n", 1 + i * i % 5, i % 6));
    }
    desk.write("odd.csv", &text);
    let formula = "--formula \"y ~ `km by road`\"";
    let run = |cluster: &str| {
        let output = desk
            .command(&[
                "estimate",
                "odd.csv",
                "--formula",
                "y ~ `km by road`",
                "--cluster",
                cluster,
            ])
            .args(["--format", "json"])
            .output()
            .unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let plain = run("a b");
    assert_eq!(plain["rows"], run("`a b`")["rows"]);
    assert_eq!(plain["summary"]["missing"], 1.0);
    let tex = desk.line(&format!("estimate odd.csv {formula} --format tex")).ok();
    assert!(tex.contains("km by road &") && !tex.contains("asciigrave"), "{tex}");
}

#[test]
fn a_list_of_what_was_left_out_names_lines_and_reasons() {
    let desk = Desk::new();
    desk.write(
        "zeros.csv",
        "origin,destination,value,x\nA,B,1,0.5\nA,C,2,0.1\nA,D,3,0.7\nB,A,4,0.2\nB,C,5,0.9\nB,D,6,0.4\n\
         C,A,0,0.3\nC,B,0,0.6\nC,D,0,0.8\nD,A,2,\nD,B,5,0.35\nD,C,4,0.15\n",
    );
    let json = desk
        .line("estimate zeros.csv --formula \"value ~ x | origin + destination\" --dropped --format json")
        .json();
    let left_out = json["dropped"].as_array().unwrap();
    let lines: Vec<i64> = left_out.iter().map(|r| r["line"].as_i64().unwrap()).collect();
    // A buys from B alone: C sells nothing, and D's regressor is missing.
    assert_eq!(lines, [5, 8, 9, 10, 11], "{left_out:?}");
    let reason = |at: usize| left_out[at]["reason"].as_str().unwrap();
    assert!(reason(0).contains("alone in a level"), "{left_out:?}");
    assert!((1..4).all(|at| reason(at).contains("zeros only")), "{left_out:?}");
    assert!(reason(4).contains("missing"), "{left_out:?}");
    assert_eq!(left_out[1]["origin"], "C");
}

#[test]
fn an_effect_without_variation_is_refused_by_name() {
    let desk = Desk::new();
    let one = "origin,destination,value,x,g\nA,B,1,0.5,1\nA,C,2,0.1,1\nA,D,3,0.7,1\n";
    desk.write("one.csv", one);
    for (effects, column, level) in [("origin", "origin", "A"), ("destination + g", "g", "1")] {
        desk.line(&format!("estimate one.csv --formula \"value ~ x | {effects}\"")).refused(
            1,
            &[
                "effect-without-variation",
                &format!("column {column}: \"{level}\""),
                "leave the effect out",
            ],
        );
    }
}
