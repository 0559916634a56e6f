//! docs/reference/json.md names every key that the program prints, and `--help` ends with examples
//! that run.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::{Desk, SMALL};
use serde_json::Value;

/// Exports of three years.
const YEARS: &str = "origin,product,year,value\nA,x,2019,9\nA,y,2019,1\nB,x,2019,1\nB,y,2019,9\n\
                     A,x,2021,1\nA,y,2021,9\nB,y,2021,9\nB,x,2022,5\nA,y,2022,9\nB,z,2022,1\n";

/// The text under a heading up to the next heading of the same or a higher level.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n{heading}\n")).expect(heading) + heading.len() + 2;
    let level = heading.split(' ').next().unwrap().len();
    let end = text[start..]
        .match_indices("\n#")
        .find(|(at, _)| {
            let hashes = text[start + at + 1..].chars().take_while(|c| *c == '#').count();
            hashes <= level
        })
        .map_or(text.len(), |(at, _)| start + at);
    &text[start..end]
}

/// Every key of objects in a value. Under keys whose own keys are ids or names of the user, these
/// are passed over.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        Value::Object(fields) => {
            for (key, inner) in fields {
                found.insert(key.clone());
                let free = ["cells", "sources", "settings"].contains(&key.as_str());
                match inner {
                    Value::Object(ids) if free => ids.values().for_each(|v| keys(v, found)),
                    // The options of a computation are those of the function it ran.
                    Value::Object(_) if key == "options" && fields.contains_key("verb") => {}
                    inner => keys(inner, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_every_verb_is_documented() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/json.md");
    let reference = std::fs::read_to_string(reference).expect("docs/reference/json.md");
    let common = section(&reference, "## Every answer");
    let desk = Desk::new();
    desk.line(&format!("new mine --from {SMALL}")).ok();
    desk.line("brief mine --out old.json").ok();
    desk.write(
        "closed.toml",
        "[model]\ntheta = { uniform = [3, 6] }\n[[scenario]]\nname = \"x\"\n[[scenario.close]]\n\
         market = \"B\"\nto = \"A\"\n[[scenario]]\nname = \"y\"\n[[scenario.close]]\n\
         market = \"C\"\nto = \"A\"\n",
    );
    desk.write(
        "sectors.toml",
        "[model]\nsectors = \"many\"\ntheta = { uniform = [3, 6] }\n[data]\ninputs = \"inputs.csv\"\n\
         [[scenario]]\nname = \"x\"\n[[scenario.close]]\nmarket = \"B\"\nto = \"A\"\n",
    );
    let lines = desk.read("gravity.csv");
    let named: Vec<String> = lines.lines().skip(1).map(|line| format!("{line},x\n")).collect();
    desk.write(
        "gravity2.csv",
        &format!("origin,destination,distance,value,product\n{}", named.concat()),
    );
    desk.write("inputs.csv", "place,using_product,supplying_product,value\nA,x,x,1\n");
    let flows = desk.read("mine/flows.csv");
    desk.write("mine/flows.csv", &flows.replacen("2022,Y,45800,USD mn", "2022,Y,45900,USD mn", 1));
    let shown: Value = serde_json::from_str(&desk.read("old.json")).unwrap();
    let id = shown["shown"][0].as_str().unwrap();
    let site = "site belarus-russian-regions --kind region --parent RUS --keep RU-MOW --add 1";
    desk.write("plan.json", &desk.line(&format!("{site} --format json")).ok());
    desk.write("prices.csv", "year,index\n2020,80\n2021,100\n");
    desk.write("people.csv", "origin,population\nA,1\nB,3\nC,4\nD,2\n");
    desk.write("income.csv", "origin,income\nA,40\nB,30\nC,20\nD,10\n");
    desk.write("years.csv", YEARS);
    desk.write("abc.csv", "id,lat,lon\nA,50,10\nB,51,12\nC,49,15\n");
    desk.write("rules.txt", "at most 1 of A, B\n");
    for (heading, line) in [
        ("## emporion-check/1", "check mine"),
        ("### measure sum", "measure sum world.csv --by origin,product --where year=2020"),
        ("### measure turnover", "measure turnover world.csv --place A --partner B"),
        ("### measure share", "measure share world.csv --group A --where year=2020"),
        (
            "### measure growth",
            "measure growth world.csv --by origin --from 2020 --to 2021 --missing-as-zero",
        ),
        (
            "### measure record",
            "measure record world.csv --year 2021 --where origin=A --where destination=B",
        ),
        ("### measure hhi", "measure hhi world.csv --by destination --where year=2020"),
        ("### measure run", "measure run world.csv --where origin=A --where destination=B"),
        ("### measure shares", "measure shares world.csv --group A,B"),
        ("### measure ranks", "measure ranks world.csv --by origin --from 2020 --to 2021"),
        (
            "### measure constant-prices",
            "measure constant-prices world.csv --deflator prices.csv --base 2020 --by origin",
        ),
        ("### measure rca", "measure rca exports.csv"),
        ("### measure rca", "measure rca world.csv --kind lafay --where year=2020 --no-domestic"),
        ("### measure rca", "measure rca exports.csv --kind symmetric"),
        ("### measure rca", "measure rca exports.csv --kind normalised"),
        ("### measure rca", "measure rca exports.csv --kind additive"),
        ("### measure rca", "measure rca exports.csv --kind rpop --population people.csv"),
        ("### measure proximity", "measure proximity exports.csv"),
        ("### measure proximity", "measure proximity exports.csv --of places"),
        ("### measure relatedness", "measure relatedness exports.csv"),
        ("### measure product-space", "measure product-space exports.csv"),
        ("### measure cross-proximity", "measure cross-proximity exports.csv --first product=x"),
        ("### measure entry-exit", "measure entry-exit years.csv --from 2019 --to 2021..2022"),
        ("### measure prody", "measure prody exports.csv --income income.csv"),
        ("### measure complexity", "measure complexity exports.csv --reflections 18"),
        ("### measure complexity", "measure complexity exports.csv"),
        ("### measure complexity", "measure complexity exports.csv --cells --bootstrap 40"),
        ("### measure intensity", "measure intensity world.csv --origin A --where year=2020"),
        (
            "### measure complementarity",
            "measure complementarity world.csv --origin A --where year=2020",
        ),
        ("### measure similarity", "measure similarity world.csv --origin A --where year=2020"),
        (
            "### measure intra-industry",
            "measure intra-industry world.csv --origin A --where year=2020",
        ),
        (
            "### measure intra-industry",
            "measure intra-industry world.csv --origin A --from 2020 --to 2021",
        ),
        ("### measure concentration", "measure theil world.csv --where year=2020"),
        ("### measure specialisation", "measure specialisation world.csv --where year=2020"),
        ("### measure penetration", "measure penetration world.csv --where year=2020"),
        ("### measure margins", "measure margins world.csv --origin A --where year=2020"),
        ("### measure decompose", "measure decompose world.csv --origin A --from 2020 --to 2021"),
        (
            "### measure market-share",
            "measure market-share world.csv --origin A --from 2020 --to 2021",
        ),
        (
            "### measure potential",
            "measure potential world.csv --origin A --where year=2020 --new-products",
        ),
        (
            "### measure potential",
            "measure potential gravity2.csv --origin P1 --gravity log(distance) --gravity-by total",
        ),
        (
            "## emporion-estimate/1",
            "estimate gravity.csv --formula \"value ~ log(distance) + distance | origin\" --cluster origin",
        ),
        (
            "## emporion-estimate/1",
            "estimate gravity.csv --formula \"value ~ log(distance) + distance | origin\" --lasso plugin --iceberg",
        ),
        (
            "## emporion-estimate/1",
            "estimate gravity.csv --formula \"value ~ log(distance) + distance | origin\" --lasso cv --folds destination",
        ),
        ("## emporion-simulate/1", "simulate world.csv --close A:B --where year=2020"),
        (
            "## emporion-simulate/1",
            "simulate world.csv --where year=2020 --scenario closed.toml --draws 9 --delta",
        ),
        (
            "## emporion-simulate/1",
            "simulate world.csv --where year=2020 --scenario sectors.toml --draws 9 --delta",
        ),
        (
            "## emporion-divert/1",
            "divert sales.csv --exporter A --closed B --before 2020 --after 2021 --theta 4",
        ),
        ("## emporion-site/1", &format!("{site} --curve --what-if")),
        ("## emporion-site/1", "site --check plan.json"),
        ("## emporion-site/1", "site abc.csv --add 2 --rules rules.txt --plans 2"),
        (
            "## emporion-site/1",
            "site towns.csv --add 1 --weight people --beta 0.2 --beta-se 0.05 --decay 200 --draws 9 \
             --curve --what-if",
        ),
        (
            "## emporion-site/1",
            "site abc.csv --exporter A --flows world.csv --where year=2020 --beta 0.2 --decay 200 \
             --add 1 --plans 2 --revalue",
        ),
        ("## emporion-site/1", "site towns.csv --add 1 --problem capture --logit 0.01 --outside 1"),
        ("## emporion-brief/1", "brief mine --out -"),
        ("## emporion-explain/1", &format!("brief mine --explain {id}")),
        ("## emporion-against/1", "brief mine --against old.json"),
    ] {
        let mut text = format!("{common}{}", section(&reference, heading));
        if heading.starts_with("###") {
            let all = section(&reference, "## emporion-measure/1");
            text.push_str(&all[..all.find("\n###").unwrap()]);
            text.push_str(section(&reference, "### The trade indices"));
            text.push_str(section(&reference, "### Places by products"));
        }
        if heading == "## emporion-explain/1" {
            text.push_str(section(&reference, "## emporion-brief/1"));
        }
        let json = desk.line(&format!("{line} --format json")).json();
        assert_eq!(json["format"].as_str().map(|f| reference.contains(f)), Some(true), "{heading}");
        let mut found = BTreeSet::new();
        keys(&json, &mut found);
        let missing: Vec<&String> =
            found.iter().filter(|key| !text.contains(&format!("`{key}`"))).collect();
        assert!(missing.is_empty(), "{heading} does not name {missing:?}");
    }
}

/// The examples at the end of a help text, each as one line, without remarks in brackets.
fn examples(help: &str) -> Vec<String> {
    let (_, text) =
        help.split_once("Example:").or_else(|| help.split_once("Examples:")).expect("an example");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix("emporion ") {
            Some(arguments) => lines.push(arguments.to_owned()),
            None => {
                let last = lines.last_mut().expect("an example begins with emporion");
                last.push(' ');
                last.push_str(line);
            }
        }
    }
    lines.iter().map(|l| l.split(" (").next().unwrap_or(l).trim().to_owned()).collect()
}

#[test]
fn the_examples_of_every_help_run() {
    let desk = Desk::new();
    desk.write("plan.json", &desk.line("site towns.csv --p 1 --format json").ok());
    desk.write("prices.csv", "year,index\n2019,80\n2022,100\n");
    desk.write("income.csv", "origin,income\nA,40\nB,30\nC,20\nD,10\n");
    desk.write("years.csv", YEARS);
    let verbs = [
        "new",
        "check",
        "estimate",
        "table",
        "simulate",
        "divert",
        "site",
        "brief",
        "completions",
        "measure",
        "measure sum",
        "measure turnover",
        "measure share",
        "measure growth",
        "measure record",
        "measure hhi",
        "measure rca",
        "measure run",
        "measure shares",
        "measure ranks",
        "measure constant-prices",
        "measure complexity",
        "measure proximity",
        "measure relatedness",
        "measure product-space",
        "measure cross-proximity",
        "measure entry-exit",
        "measure prody",
        "measure intensity",
        "measure complementarity",
        "measure similarity",
        "measure intra-industry",
        "measure concentration",
        "measure specialisation",
        "measure penetration",
        "measure margins",
        "measure decompose",
        "measure market-share",
        "measure potential",
    ];
    for verb in verbs {
        for flag in ["--help", "-h"] {
            assert!(desk.line(&format!("{verb} {flag}")).ok().contains("Example"), "{verb}");
        }
        for example in examples(&desk.line(&format!("{verb} --help")).ok()) {
            assert!(example.starts_with(verb), "{verb}: {example}");
            assert!(!desk.line(&example).ok().is_empty(), "{example}");
        }
    }
    assert!(desk.line("--help").ok().contains("emporion demo"));
    assert_eq!(examples(&desk.line("demo --help").ok()), ["demo --out emporion-demo"]);
}
