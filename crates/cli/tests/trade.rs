//! The trade indices from the command line: numbers worked by hand, conventions, refusals.

mod common;

use common::Desk;
use serde_json::Value;

/// Exports: A 8 and 2, B 1 and 4, C 2 and 3; in 2021 A sells more of x to B and y to C.
const FLOWS: &str = "origin,destination,product,year,value,kg\n\
    A,B,x,2020,6,3\nA,B,y,2020,2,1\nA,C,x,2020,2,1\nB,A,x,2020,1,1\nB,C,y,2020,4,4\n\
    C,A,y,2020,3,3\nC,B,x,2020,2,5\nA,A,x,2020,99,99\n\
    A,B,x,2021,9,4\nA,C,x,2021,2,1\nA,C,y,2021,1,1\nB,A,x,2021,3,1\nB,C,y,2021,4,4\n\
    C,A,y,2021,6,3\nC,B,x,2021,2,5\n";

/// Rounding of a few operations.
const ROUNDING: f64 = 1e-12;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("trade.csv", FLOWS);
    desk
}

fn json(desk: &Desk, line: &str) -> Value {
    desk.line(&format!("measure {line} --format json")).json()
}

/// The row whose fields are these texts.
fn row<'a>(answer: &'a Value, part: &str, fields: &[(&str, &str)]) -> &'a Value {
    let is = |row: &&Value| fields.iter().all(|(key, text)| row[*key] == *text);
    answer[part].as_array().unwrap().iter().find(is).unwrap_or_else(|| panic!("{answer:#}"))
}

#[track_caller]
fn near(found: &Value, expected: f64) {
    let number = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((number - expected).abs() <= ROUNDING * expected.abs().max(1.0), "{number} {expected}");
}

#[test]
fn intensity_with_and_without_the_exporter() {
    let desk = desk();
    let line = "intensity trade.csv --origin A --where year=2020";
    let answer = json(&desk, line);
    // 8 of 10 against 10 of 20.
    near(&row(&answer, "rows", &[("destination", "B")])["intensity"], 1.6);
    assert_eq!(answer["options"]["world"], "with_source");
    assert!(answer["summary"]["convention"].as_str().unwrap().contains("includes the exporter"));
    let codes: Vec<&str> =
        answer["notes"].as_array().unwrap().iter().map(|n| n["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"domestic_left_out"), "{codes:?}");
    let answer = json(&desk, &format!("{line} --world without-source"));
    near(&row(&answer, "rows", &[("destination", "B")])["intensity"], 4.0);
    let answer = json(&desk, "intensity trade.csv --origin A/B --destination B --where year=2020");
    near(&answer["rows"][0]["intensity"], 8.0 / 15.0 / 0.5);
}

#[test]
fn baskets_and_profiles() {
    let desk = desk();
    let answer = json(&desk, "complementarity trade.csv --origin A --with C --where year=2020");
    near(&answer["rows"][0]["complementarity"], 100.0 * (1.0 - (0.8 - 1.0 / 3.0)));
    let answer = json(&desk, "similarity trade.csv --origin A --with B --where year=2020");
    near(&answer["rows"][0]["similarity"], 40.0);
    let answer = json(&desk, "intra-industry trade.csv --origin A --where year=2020");
    near(&answer["summary"]["aggregate"], 3.0 / 7.0);
    near(&answer["summary"]["adjusted"], 0.75);
    // Exports of A change by 3 and -1, imports by 2 and 3: 1 - 1/5, 1 - 4/4; together 4/9.
    let answer = json(&desk, "intra-industry trade.csv --origin A --from 2020 --to 2021");
    near(&row(&answer, "rows", &[("product", "x")])["marginal"], 0.8);
    near(&answer["summary"]["aggregate"], 4.0 / 9.0);
    let answer = json(&desk, "penetration trade.csv --origin A --where year=2020");
    near(&answer["rows"][0]["penetration"], 75.0);
    // C sells 2 of 5 of x and 3 of 5 of y.
    let line = "theil trade.csv --origin C --lines 4 --where year=2020";
    let answer = json(&desk, line);
    let c = &answer["rows"][0];
    near(&c["hhi"], 0.4 * 0.4 + 0.6 * 0.6);
    near(&c["theil_extensive"], 2f64.ln());
    let entropy = -(0.4 * 0.4f64.ln() + 0.6 * 0.6f64.ln());
    near(&c["entropy"], entropy);
    near(&c["theil"], 4f64.ln() - entropy);
    // C sells to A and B: of two possible markets both.
    let answer =
        json(&desk, "concentration trade.csv --origin C --over destination --where year=2020");
    assert_eq!((&answer["summary"]["n"], &answer["rows"][0]["n_positive"]), (&2.into(), &2.into()));
}

#[test]
fn margins_with_price_and_quantity() {
    let desk = desk();
    let line = "margins trade.csv --origin C --destination B --quantity kg --where year=2020";
    let answer = json(&desk, line);
    let c = &answer["rows"][0];
    // 2 of 8 x in a market of 8 x and 2 y; 0.4 a kg against 8 for 8 kg.
    near(&c["extensive"], 0.8);
    near(&c["intensive"], 0.25);
    near(&c["price"], 0.4);
    near(&c["quantity"], 0.625);
    let answer = json(&desk, &format!("{line} --world without-source"));
    near(&answer["rows"][0]["share"], 25.0);
}

#[test]
fn changes_add_up() {
    let desk = desk();
    let years = "trade.csv --origin A --from 2020 --to 2021";
    let answer = json(&desk, &format!("decompose {years}"));
    let change = |part| &row(&answer, "rows", &[("part", part)])["change"];
    // A sells x to B for 3 more; y no longer to B (-2), but to C (+1): both are old.
    near(change("growing"), 3.0);
    near(change("extinct"), -2.0);
    near(change("new_pairs"), 1.0);
    near(&answer["summary"]["old_old"], 2.0);
    let answer = json(&desk, &format!("market-share {years} --order market-first"));
    let rows = answer["rows"].as_array().unwrap();
    near(&rows.iter().map(|r| r["change"].as_f64().unwrap()).sum::<f64>().into(), 2.0);
    // The markets of A, B and C, take 16 in 2020 and 18 in 2021.
    near(&answer["summary"]["world_rate"], 12.5);
    near(&row(&answer, "rows", &[("effect", "world_growth")])["change"], 1.25);
    let by: f64 =
        answer["markets"].as_array().unwrap().iter().map(|r| r["change"].as_f64().unwrap()).sum();
    near(&by.into(), 2.0);
}

#[test]
fn potential_with_every_factor() {
    let desk = desk();
    let line = "potential trade.csv --origin A --where year=2020";
    let answer = json(&desk, line);
    let cell = row(&answer, "rows", &[("destination", "B"), ("product", "x")]);
    near(&cell["supply"], 8.0 / 11.0);
    near(&cell["ease"], 792.0 / 620.0);
    near(&cell["demand"], 8.0);
    near(&cell["potential"], 4608.0 / 620.0);
    near(&answer["summary"]["unrealised"], (4608. / 620. - 6.) + 176. / 232.);
    desk.write("demand.csv", "destination,demand_growth\nB,1.5\n");
    let answer = json(&desk, &format!("{line} --factors demand.csv --by destination"));
    near(&row(&answer, "rows", &[("destination", "B")])["potential"], 1.5 * 8.0);
    near(&row(&answer, "rows", &[("destination", "C")])["potential"], 2.0);
    let codes = answer["notes"].to_string();
    assert!(codes.contains("2 cells have no demand_growth"), "{codes}");
    let csv = desk.line(&format!("measure {line} --format csv")).ok();
    assert!(csv.starts_with("origin,destination,product,supply,ease,demand,"), "{csv}");
}

#[test]
fn refusals_name_place_and_remedy() {
    let desk = desk();
    let refused =
        |line: &str, words: &[&str]| desk.line(&format!("measure {line}")).refused(1, words);
    let origin = "--origin A --where year=2020";
    refused("intensity trade.csv --origin A", &["year"]);
    refused("intensity trade.csv --origin Z --where year=2020", &["place Z"]);
    refused("potential flows.csv --origin A", &["flows.csv", "product"]);
    desk.write("twice.csv", "origin,destination,product,value\nA,B,x,1\nA,B,x,2\n");
    refused("penetration twice.csv", &["twice.csv", "line 3"]);
    desk.write("negative.csv", "origin,destination,product,value\nA,B,x,-1\n");
    refused("concentration negative.csv", &["negative.csv", "line 2"]);
    desk.write("gap.csv", "origin,destination,product,value\nA,B,x,\nA,B,y,2\nA,C,x,1\n");
    refused("concentration gap.csv", &["line 2", "missing is not zero"]);
    let answer = json(&desk, "concentration gap.csv --missing-as-zero");
    assert!(answer["notes"].to_string().contains("missing_as_zero"));
    let line = "intensity trade.csv --origin A --destination B --world without-source";
    desk.write("alone.csv", "origin,destination,product,value\nA,B,x,1\n");
    refused(&line.replace("trade", "alone"), &["A to B", "world exports nothing"]);
    refused("decompose trade.csv --origin A --from 2020..2021 --to 2021", &["share a year"]);
    refused("decompose trade.csv --origin A --from x --to 2021", &["2013..2015"]);
    refused("market-share trade.csv --origin A --from 2019 --to 2021", &["2019"]);
    refused("decompose trade.csv --origin A --from 2020 --to 2021 --survival 2", &["--survival 2"]);
    desk.write("to_all.csv", "origin,product,value\nA,x,3\nB,x,1\nB,y,2\n");
    refused("concentration to_all.csv --over destination", &["destination"]);
    refused("penetration to_all.csv", &["destination"]);
    refused("theil trade.csv --lines 1 --where year=2020", &["lines"]);
    desk.write("f.csv", "destination,supply_growth\nB,1\n");
    refused(
        &format!("potential trade.csv {origin} --factors f.csv"),
        &["supply_growth", "destination"],
    );
    refused(&format!("potential trade.csv {origin} --gravity log(km)"), &["km"]);
    refused(&format!("potential trade.csv {origin} --product q"), &["product q"]);
}

#[test]
fn baskets_without_markets() {
    let desk = desk();
    let lines = ["A,x,3", "A,y,1", "B,y,2", "B,z,2", "C,x,5"];
    let to_one = lines.map(|line| format!("{}\n", line.replacen(',', ",D,", 1))).concat();
    desk.write("to_one.csv", &format!("origin,destination,product,value\n{to_one}"));
    let to_all = lines.map(|line| format!("{line}\n")).concat();
    desk.write("to_all.csv", &format!("origin,product,value\n{to_all}"));
    for verb in ["concentration", "specialisation"] {
        let [with, without] =
            ["to_one", "to_all"].map(|file| json(&desk, &format!("{verb} {file}.csv")));
        assert_eq!(with["rows"], without["rows"], "{verb}");
        assert!(without["notes"].to_string().contains("without_markets"), "{verb}");
    }
}

#[test]
fn gravity_beside_potential_adds_up() {
    let desk = desk();
    // A sells nothing to D.
    desk.write(
        "five.csv",
        "origin,destination,product,value\nA,B,x,10\nA,C,x,5\nA,C,y,3\nA,E,y,2\nB,A,x,4\nB,D,x,9\n\
         B,C,y,7\nC,B,x,5\nC,D,y,4\nC,E,x,6\nD,A,y,2\nD,E,x,2\nD,C,x,4\nE,B,y,5\nE,D,y,6\n\
         E,A,x,8\nE,D,x,4\n",
    );
    let distance: String = ["A", "B", "C", "D", "E"]
        .iter()
        .enumerate()
        .flat_map(|(i, a)| {
            ["A", "B", "C", "D", "E"].iter().enumerate().map(move |(j, b)| (i, a, j, b))
        })
        .filter(|(i, _, j, _)| i != j)
        .map(|(i, a, j, b)| {
            let (d, gdp) = ((i + 1) * (j + 1) + i.abs_diff(j), 10 + j);
            format!("{a},{b},{d},{gdp}\n")
        })
        .collect();
    let rows = desk.read("five.csv");
    let mut lines = String::from("origin,destination,product,value,distance,gdp\n");
    for row in rows.lines().skip(1) {
        let pair = row.rsplitn(3, ',').nth(2).unwrap();
        let found = distance.lines().find(|line| line.starts_with(&format!("{pair},"))).unwrap();
        lines.push_str(&format!("{row},{}\n", found.splitn(3, ',').nth(2).unwrap()));
    }
    // Every pair has its distance, traded or not.
    for found in distance.lines() {
        let mut field = found.splitn(3, ',');
        let (a, b) = (field.next().unwrap(), field.next().unwrap());
        let pair = format!("{a},{b},");
        for product in ["x", "y"] {
            if !lines.contains(&format!("\n{pair}{product},")) {
                lines.push_str(&format!("{pair}{product},0,{}\n", field.clone().next().unwrap()));
            }
        }
    }
    desk.write("five.csv", &lines);
    let line = "potential five.csv --origin A --gravity log(distance)";
    for (by, within) in [("product", 1e-6), ("origin", 1e-6)] {
        let answer = json(&desk, &format!("{line} --by {by}"));
        for row in answer["rows"].as_array().unwrap() {
            let [actual, fitted] = ["actual", "gravity"].map(|key| row[key].as_f64().unwrap());
            assert!((actual - fitted).abs() <= within * actual, "{by}: {actual} {fitted}");
        }
    }
    let cells = json(&desk, line);
    let d = row(&cells, "rows", &[("destination", "D"), ("product", "x")]);
    assert!(d["gravity"].as_f64().unwrap() > 0.0 && d["potential"] == 0.0 && d["actual"] == 0.0);
    let equations = cells["equations"].as_array().unwrap();
    assert_eq!(equations.len(), 2);
    assert!(equations.iter().all(|e| e["covariate"] == "log(distance)" && e["pairs"] == 20));
    assert!(equations.iter().all(|e| e["standard_error"].as_f64().unwrap() > 0.0));
    assert!(cells["summary"]["gravity_convention"].is_string());
    desk.line("measure potential five.csv --origin A --gravity log(distance),gdp")
        .refused(1, &["gdp", "leave it out"]);
}

#[test]
fn new_products_that_tie_share_their_rank() {
    let desk = desk();
    // Product y stands twice, under another id.
    desk.write(
        "twice.csv",
        "origin,destination,product,value\nA,B,x,10\nA,C,z,1\nB,A,z,20\nC,A,x,5\nC,B,y,9\nC,B,a,9\n\
         B,C,z,3\n",
    );
    let answer = json(&desk, "potential twice.csv --origin A --new-products");
    let new = |id: &str| row(&answer, "new_products", &[("product", id)]);
    assert_eq!((&new("a")["rank"], &new("y")["rank"]), (&1.into(), &1.into()));
    let y = new("y");
    near(&y["score"], y["density"].as_f64().unwrap() * y["demand"].as_f64().unwrap());
    assert!(answer["notes"].to_string().contains("near to nothing have no rank: z"));
    let words = answer["summary"]["new_products_convention"].as_str().unwrap();
    assert!(words.contains("RCA below 1"), "{words}");
    // One that exports nothing is left out among several, and refused alone.
    desk.write("idle.csv", "origin,destination,product,value\nA,B,x,1\nB,A,y,2\nB,Z,y,1\n");
    let two = json(&desk, "potential idle.csv --origin A,Z");
    assert!(two["notes"].to_string().contains("left out: Z"));
    desk.line("measure potential idle.csv --origin Z").refused(1, &["exports nothing"]);
    desk.write("f.csv", "destination,demand_growth\nB,1.1\nQ,2\n");
    let passed = json(&desk, "potential idle.csv --origin A --factors f.csv");
    assert!(passed["notes"].to_string().contains("place or product: Q"));
}
