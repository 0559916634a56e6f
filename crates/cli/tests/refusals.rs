//! Bad input is refused with one readable report: place, remedy, exit code.

mod common;

use common::{Desk, SMALL};

#[test]
fn a_wrong_command_line_is_code_two() {
    let desk = Desk::new();
    desk.line("frobnicate").refused(2, &["frobnicate", "Usage"]);
    desk.line("simulate flows.csv").refused(2, &["--agreement"]);
    desk.line("simulate flows.csv --agreement A,B").refused(2, &["--beta"]);
    desk.line("simulate flows.csv --agreement A,B --beta x").refused(2, &["invalid value 'x'"]);
    desk.line("site costs.csv").refused(2, &["--p"]);
    desk.line("estimate gravity.csv").refused(2, &["--formula"]);
    desk.line("measure sum flows.csv --format xml").refused(2, &["xml", "json"]);
}

#[test]
fn data_that_is_not_there() {
    let desk = Desk::new();
    desk.line("measure sum nowhere.csv").refused(1, &["nowhere.csv", "bundled"]);
    desk.line("measure sum world-2021").refused(1, &["did you mean", "world-2022"]);
    desk.line("check .").refused(1, &["datapackage.json", "emporion new"]);
    desk.line("brief flows.csv").refused(1, &["one file", SMALL]);
    desk.write("notes.txt", "hello");
    desk.line("measure sum notes.txt").refused(1, &["notes.txt", ".csv"]);
}

#[test]
fn columns_and_values_that_are_not_there() {
    let desk = Desk::new();
    desk.line("measure sum flows.csv --by orign").refused(1, &["orign", "did you mean origin"]);
    desk.line("measure sum flows.csv --where orign=A").refused(1, &["orign", "origin"]);
    desk.line("measure sum flows.csv --where origin=Z").refused(1, &["\"Z\"", "it holds A, B"]);
    desk.line("measure sum flows.csv --where origin").refused(1, &["no equals sign"]);
    desk.line("measure sum flows.csv --where origin.kind=x").refused(1, &["origin.kind"]);
    desk.line("measure record flows.csv --year 2020").refused(1, &["year"]);
    desk.line("measure sum flows.csv --value vlaue").refused(1, &["vlaue", "value"]);
    desk.line("measure share world.csv --group Q --where year=2020").refused(1, &["\"Q\""]);
    desk.line("measure rca world.csv --where year=2020 --place Q").refused(1, &["Q", "A, B, C"]);
    desk.line("measure turnover world.csv --place A --partner Q").refused(1, &["A", "Q"]);
}

#[test]
fn totals_that_would_mean_nothing() {
    let desk = Desk::new();
    desk.line("measure sum world.csv").refused(1, &["mixed-years", "world.csv, line 11", "2021"]);
    desk.write("units.csv", "origin,destination,value,unit,side\nA,B,1,USD mn,A\nA,C,2,EUR mn,C\n");
    desk.line("measure sum units.csv").refused(1, &["mixed-units", "mixed-sides", "line 3"]);
    desk.line("measure turnover units.csv --place A --partner B,C")
        .refused(1, &["not-comparable", "--where unit=USD mn"]);
    desk.write("twice.csv", "origin,destination,value\nA,B,1\nA,B,2\n");
    desk.line("measure sum twice.csv").refused(1, &["counted-twice", "line 3"]);
    desk.write("gap.csv", "origin,destination,value\nA,B,1\nA,C,\n");
    desk.line("measure sum gap.csv").refused(1, &["missing-value", "missing is not zero"]);
    assert!(desk.line("measure sum gap.csv --missing-as-zero").ok().contains("1 empty value"));
    desk.write("text.csv", "origin,destination,value\nA,B,1\nA,C,n/a\n");
    desk.line("measure sum text.csv").refused(1, &["text.csv, line 3", "n/a"]);
    desk.write("large.csv", "origin,destination,product,value\nA,B,x,1e308\nB,A,x,1e308\n");
    for index in ["sum", "rca", "complexity", "intensity --origin A", "margins --origin A"] {
        let (verb, rest) = index.split_once(' ').unwrap_or((index, ""));
        desk.line(&format!("measure {verb} large.csv {rest}"))
            .refused(1, &["too-large", "large.csv, line 2", "larger unit"]);
    }
    desk.write("minus.csv", "origin,destination,value\nA,B,1\nA,C,-2\n");
    desk.line("measure sum minus.csv").refused(1, &["minus.csv, line 3", "negative"]);
    // A region beside its own country: the case knows what lies where.
    let conditions = "--where origin=BLR --where measure=turnover --where year=2022 \
                      --where side=BY --where period=Y --where scope=goods";
    desk.line(&format!("measure sum {SMALL} {conditions}"))
        .refused(1, &["region-beside-country", "counts it twice"]);
}

#[test]
fn complexity_of_a_table_in_parts() {
    let desk = Desk::new();
    let line = "measure complexity world.csv --where year=2020";
    desk.line(line).refused(1, &["places A with products x", "largest"]);
    desk.line("measure complexity exports.csv --cut-off 99").refused(1, &["cut-off"]);
    desk.write("renamed.csv", "place,product,value\nA,x,1\nA,y,2\n");
    desk.line("measure complexity renamed.csv")
        .refused(1, &["renamed.csv", "a column named origin", "it has place, product, value"]);
}

#[test]
fn growth_over_a_gap() {
    let desk = Desk::new();
    let line = "measure growth world.csv --by origin --from 2020 --to 2021 --no-domestic";
    desk.line(line).refused(1, &["--missing-as-zero"]);
    desk.line(&format!("{line} --missing-as-zero")).ok();
    desk.line("measure growth world.csv --by origin --from 2019 --to 2021")
        .refused(1, &["2019", "2020, 2021"]);
}

#[test]
fn files_with_faults() {
    let desk = Desk::new();
    desk.write("ragged.csv", "origin,destination,value\nA,B\n");
    desk.line("measure sum ragged.csv").refused(1, &["ragged.csv, line 2"]);
    desk.write("empty.csv", "origin,destination,value\n");
    desk.line("measure sum empty.csv").refused(1, &["empty.csv"]);
    std::fs::write(desk.file("latin.csv"), b"origin,destination,value\nB\xe9la,B,1\n").unwrap();
    desk.line("measure sum latin.csv").refused(1, &["latin.csv, line 2", "UTF-8"]);
    std::fs::write(desk.file("broken.parquet"), b"PAR1 not really").unwrap();
    desk.line("measure sum broken.parquet").refused(1, &["broken.parquet"]);
    std::fs::write(desk.file("broken.csv.gz"), b"\x1f\x8b not really").unwrap();
    desk.line("measure sum broken.csv.gz").refused(1, &["broken.csv.gz"]);
}

#[test]
fn a_case_with_faults_lists_all_of_them() {
    let desk = Desk::new();
    desk.line(&format!("new mine --from {SMALL}")).ok();
    let flows = desk.read("mine/flows.csv");
    let mut lines: Vec<String> = flows.lines().map(str::to_owned).collect();
    lines[1] = lines[1].replace("RUS", "RUZ");
    lines[2] = lines[2].replace("45800", "-45800");
    lines[3] = lines[3].replace("22900", "many");
    lines[4] = lines[4].replace(",S03", ",S999");
    desk.write("mine/flows.csv", &format!("{}\n", lines.join("\n")));
    let run = desk.line("check mine");
    run.refused(1, &["flows.csv, line 4", "many", "remedy"]);
    let run = desk.line("check mine --format json");
    assert_eq!(run.code, 1);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let found: Vec<u64> =
        json["rows"].as_array().unwrap().iter().filter_map(|row| row["line"].as_u64()).collect();
    for line in [2, 3, 4, 5] {
        assert!(found.contains(&line), "line {line} is missing: {json:#}");
    }
    assert!(json["summary"]["problems"].as_u64().unwrap() >= 4);
}

#[test]
fn a_brief_that_asks_for_what_is_not_there() {
    let desk = Desk::new();
    desk.line(&format!("new mine --from {SMALL}")).ok();
    desk.write("mine/brief.md", "# Mine\n\n{{ rows(orign=\"BLR\")|length }}\n");
    desk.line("check mine").refused(1, &["brief.md, line 3", "orign"]);
    desk.line("brief mine").refused(1, &["brief.md, line 3", "orign"]);
    desk.line(&format!("brief {SMALL} --set market")).refused(1, &["name=value"]);
    desk.line(&format!("brief {SMALL} --set nothing=1")).refused(1, &["--set nothing"]);
    desk.line(&format!("brief {SMALL} --explain none")).refused(1, &["none", "shown"]);
    desk.line(&format!("brief {SMALL} --explain none --open")).refused(2, &["--open"]);
    desk.line(&format!("brief {SMALL} --against flows.csv"))
        .refused(1, &["flows.csv", "--format json"]);
    desk.line(&format!("brief {SMALL} --against nowhere.json")).refused(1, &["nowhere.json"]);
    desk.line(&format!("brief {SMALL} --out flows.csv/page.html")).refused(1, &["flows.csv"]);
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let desk = Desk::new();
    desk.line("new .").refused(1, &["not an empty folder"]);
    desk.line("new flows.csv").refused(1, &["flows.csv"]);
    desk.line("new mine --from atlantis").refused(1, &["atlantis", SMALL]);
    assert!(!desk.file("mine").exists());
}

#[test]
fn scenarios_that_cannot_be_read_or_solved() {
    let desk = Desk::new();
    desk.line("simulate flows.csv --close A").refused(1, &["BRA:CHN"]);
    desk.line("simulate flows.csv --close A:Q").refused(1, &["\"Q\"", "A B"]);
    desk.line("simulate flows.csv --close A:A").refused(1, &["A"]);
    desk.line("simulate flows.csv --agreement A,A --beta 1").refused(1, &["A is on both sides"]);
    desk.line("simulate flows.csv --agreement A --beta 1").refused(1, &["two sides"]);
    desk.line("simulate flows.csv --close A:B").refused(1, &["not-solved", "A"]);
    desk.line("simulate flows.csv --agreement A,B --beta 1 --theta -4").refused(1, &["elasticity"]);
    desk.line("simulate flows.csv --agreement A,B --beta 1 --theta 0").refused(1, &["elasticity"]);
    desk.write("hole.csv", "origin,destination,value\nA,A,9\nA,B,1\nB,B,9\n");
    desk.line("simulate hole.csv --agreement A,B --beta 1").refused(1, &["B to A", "zero"]);
    let zero = "simulate hole.csv --agreement A,B --beta 1 --absent zero";
    assert!(desk.line(zero).ok().contains("taken as zero"));
}

#[test]
fn formulas_and_samples_that_cannot_be_fitted() {
    let desk = Desk::new();
    let fit = |formula: &str| desk.run(&["estimate", "gravity.csv", "--formula", formula]);
    fit("value ~").refused(1, &["character 8"]);
    fit("value ~ log(dist)").refused(1, &["dist", "distance"]);
    fit("value ~ origin").refused(1, &["origin"]);
    let formula = "value ~ log(distance)";
    let line = ["estimate", "gravity.csv", "--formula", formula, "--vcov", "cluster"];
    desk.run(&line).refused(1, &["--cluster"]);
    let line =
        ["estimate", "gravity.csv", "--formula", formula, "--vcov", "iid", "--cluster", "origin"];
    desk.run(&line).refused(1, &["--vcov"]);
    let line = ["estimate", SMALL, "--formula", formula];
    desk.run(&line).refused(1, &["pairs"]);
}

#[test]
fn selections_that_cannot_be_made() {
    let desk = Desk::new();
    let select = |rest: &str| {
        let formula = "\"value ~ log(distance) + distance | origin\"";
        desk.line(&format!("estimate gravity.csv --formula {formula} {rest}"))
    };
    assert!(select("--lasso 0.001").ok().contains("log(distance)"));
    select("--lasso=-1").refused(1, &["lambda", "zero or more"]);
    select("--lasso strong").refused(2, &["plugin, cv, or numbers"]);
    select("--lasso cv").refused(1, &["--folds COLUMN"]);
    select("--lasso cv --folds nothing").refused(1, &["nothing"]);
    select("--lasso cv --folds origin").refused(1, &["no row left out can be predicted"]);
    select("--lasso plugin --folds destination").refused(1, &["--lasso cv"]);
    select("--lasso 1 --gamma 0.1").refused(1, &["--gamma", "plugin"]);
    select("--lasso plugin --gamma 2").refused(1, &["gamma", "between 0 and 1"]);
    select("--lasso plugin --penalise tariff*").refused(1, &["tariff*", "log(distance), distance"]);
    select("--lasso plugin --bias").refused(1, &["--bias", "chosen in advance"]);
    select("--lasso plugin --vcov driscoll-kraay").refused(1, &["clustered"]);
    select("--lasso plugin --split origin").refused(1, &["one model", "12"]);
    select("--penalise distance").refused(2, &["--lasso"]);
    let none = "estimate gravity.csv --formula \"value ~ 1 | origin\" --lasso plugin";
    desk.line(none).refused(1, &["nothing to select from", "--penalise"]);
    // A pattern takes columns that the formula does not name.
    let wide = "estimate gravity.csv --formula \"value ~ 1 | origin\" --lasso 0 --penalise dist*";
    assert!(desk.line(wide).ok().contains("distance"));
}

#[test]
fn sites_that_cannot_be_chosen() {
    let desk = Desk::new();
    desk.line("site costs.csv --p 9").refused(1, &["1 to 3"]);
    desk.line("site costs.csv --p 1 --keep A,B").refused(1, &["at least 2"]);
    desk.line("site costs.csv --p 1 --keep Q").refused(1, &["Q", "A, B, C"]);
    desk.line("site towns.csv --p 1 --never Minks").refused(1, &["did you mean Minsk"]);
    desk.line("site towns.csv --p 1 --keep Minsk --never Minsk").refused(1, &["both"]);
    desk.line("site towns.csv --p 1 --weight folk").refused(1, &["folk"]);
    desk.line("site flows.csv --p 1").refused(1, &["id, lat and lon", "from, to and cost"]);
    desk.write("hole.csv", "from,to,cost\nA,X,1\nB,Y,2\n");
    desk.line("site hole.csv --p 1").refused(1, &["B to X", "2 pairs"]);
    desk.write("twice.csv", "from,to,cost\nA,X,1\nA,X,2\n");
    desk.line("site twice.csv --p 1").refused(1, &["twice.csv, line 3"]);
    desk.write("light.csv", "id,weight\nX,1\n");
    desk.line("site costs.csv --p 1 --weights light.csv").refused(1, &["light.csv", "\"Y\""]);
    desk.line(&format!("site {SMALL} --add 1")).refused(1, &["--kind region"]);
    desk.line(&format!("site {SMALL} --add 1 --kind region --keep RU-XXX")).refused(1, &["RU-XXX"]);
    desk.write("moon.csv", "id,lat,lon\nX,200,10\nY,1,1\n");
    desk.line("site moon.csv --p 1").refused(1, &["latitude", "200"]);
}
