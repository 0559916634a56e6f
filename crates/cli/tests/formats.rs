//! Every verb in every format, on small data.

mod common;

use common::{Desk, SMALL};

/// One run of each verb and indicator that needs nothing but small data.
const RUNS: [&str; 14] = [
    "check belarus-russian-regions",
    "measure sum world.csv --by origin --where year=2020",
    "measure turnover world.csv --place A --partner B",
    "measure share world.csv --group A,B --where year=2020",
    "measure growth world.csv --by origin --from 2020 --to 2021 --no-domestic --where origin=A,B --where destination=A,B",
    "measure record world.csv --year 2021 --where origin=A --where destination=B",
    "measure hhi world.csv --by destination --where origin=A --where year=2020",
    "measure rca exports.csv",
    "measure complexity exports.csv",
    "estimate gravity.csv --formula \"value ~ log(distance) | origin + destination\"",
    "simulate flows.csv --agreement A,B --beta 0.5",
    "simulate world.csv --close A:B --where year=2020",
    "site costs.csv --p 1 --weights weights.csv",
    "site towns.csv --add 1 --keep Minsk --weight people",
];

#[test]
fn json_names_its_format_and_its_parts() {
    let desk = Desk::new();
    for run in RUNS {
        let json = desk.line(&format!("{run} --format json")).json();
        let verb = run.split(' ').next().unwrap();
        assert_eq!(json["format"], format!("emporion-{verb}/1"), "{run}");
        for (field, right) in [
            ("rows", json["rows"].is_array()),
            ("options", json["options"].is_object()),
            ("summary", json["summary"].is_object()),
            ("units", json["units"]["rows"].is_object()),
            ("notes", json["notes"].is_array()),
            ("digest", json["data"]["digest"].as_str().is_some_and(|d| d.len() == 64)),
        ] {
            assert!(right, "{field} of {run}: {json:#}");
        }
    }
}

#[test]
fn csv_holds_the_rows_of_the_json() {
    let desk = Desk::new();
    for run in &RUNS[1..] {
        let json = desk.line(&format!("{run} --format json")).json();
        let csv = desk.line(&format!("{run} --format csv")).ok();
        let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        let first = json["rows"][0].as_object().unwrap();
        assert_eq!(header, first.keys().collect::<Vec<_>>(), "{run}");
        assert_eq!(csv.lines().count() - 1, json["rows"].as_array().unwrap().len(), "{run}");
    }
}

#[test]
fn tables_and_markdown_are_for_people() {
    let desk = Desk::new();
    for run in RUNS {
        for format in ["table", "md"] {
            let text = desk.line(&format!("{run} --format {format}")).ok();
            assert!(!text.trim().is_empty(), "{run}");
            assert!(!text.contains('\u{1b}'), "no colours in a pipe: {run}");
            let longest =
                text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
            assert!(longest < 8, "a number with {longest} digits in a row: {run}\n{text}");
        }
    }
}

#[test]
fn a_table_lines_up_and_says_its_units() {
    let desk = Desk::new();
    let text = desk.line("measure sum world.csv --by origin --where year=2020").ok();
    let expected = "\
Totals by origin
USD mn · 2020
───────────────────────────────────
 Origin       Value     Share   Rows
             USD mn   percent
";
    let numbers = "\
 A              100     40.82      3
 B               85     34.69      3
 C               60     24.49      3
";
    let squeezed = |text: &str| -> String {
        text.split_whitespace().filter(|word| !word.starts_with('─')).collect::<Vec<_>>().join(" ")
    };
    assert!(squeezed(&text).starts_with(&squeezed(&format!("{expected}{numbers}"))), "{text}");
    let ends: Vec<usize> = text
        .lines()
        .filter(|line| line.starts_with(" A") || line.starts_with(" B") || line.starts_with(" C"))
        .map(|line| line.chars().count())
        .collect();
    assert_eq!(ends.len(), 3);
    assert!(ends.iter().all(|end| *end == ends[0]), "rows end in one column: {text}");
}

#[test]
fn a_further_table_comes_as_csv_by_its_name() {
    let desk = Desk::new();
    let served = desk.line("site costs.csv --p 1 --format csv --part served").ok();
    assert_eq!(
        served.lines().next(),
        Some("customer,customer_name,site,site_name,cost,weight,share")
    );
    assert_eq!(served.lines().count(), 3);
    let run = desk.line("site costs.csv --p 1 --format csv --part nothing");
    run.refused(1, &["nothing", "served", "certificate"]);
}

#[test]
fn a_brief_comes_as_page_markdown_and_json() {
    let desk = Desk::new();
    let line = desk.line(&format!("brief {SMALL}")).ok();
    assert!(line.starts_with("brief.html: ") && line.contains("numbers"), "{line}");
    assert!(
        desk.read("brief.html").starts_with("<!doctype html>")
            || desk.read("brief.html").starts_with("<!DOCTYPE html>")
    );
    let page = desk.read("brief.html");
    desk.line(&format!("brief {SMALL} --out again/brief.html")).ok();
    assert_eq!(page, desk.read("again/brief.html"), "twice the same bytes");
    assert!(desk.line(&format!("brief {SMALL} --format md")).ok().starts_with("# "));
    desk.line(&format!("brief {SMALL} --out page.md")).ok();
    assert!(desk.read("page.md").starts_with("# "));
    let json = desk.line(&format!("brief {SMALL} --format json --out -")).json();
    assert_eq!(json["format"], "emporion-brief/1");

    let id = json["shown"][0].as_str().unwrap();
    let trace = desk.line(&format!("brief {SMALL} --explain {id}")).ok();
    assert!(trace.contains(id) && trace.contains("flows.csv"), "{trace}");
    let trace = desk.line(&format!("brief {SMALL} --explain {id} --format json")).json();
    assert_eq!(trace["cells"][id]["id"], id);
}

#[test]
fn what_moved_is_listed_with_the_row_that_moved_it() {
    let desk = Desk::new();
    desk.line(&format!("new mine --from {SMALL}")).ok();
    desk.line("brief mine --out old.json").ok();
    let same = desk.line("brief mine --against old.json").ok();
    assert!(same.starts_with("Nothing moved"), "{same}");
    let flows = desk.read("mine/flows.csv");
    assert!(flows.contains("2022,Y,45800,USD mn"), "the row that this test changes");
    desk.write("mine/flows.csv", &flows.replacen("2022,Y,45800,USD mn", "2022,Y,45900,USD mn", 1));
    let moved = desk.line("brief mine --against old.json --format json").json();
    let rows = moved["rows"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        assert!(row["because"].as_str().unwrap().contains("flows.csv line 2"), "{row:#}");
    }
}

#[test]
fn a_new_case_passes_the_check_and_is_the_same_case() {
    let desk = Desk::new();
    desk.line(&format!("new mine --from {SMALL}")).ok();
    let line = desk.line("check mine").ok();
    assert!(line.contains("no problems") && line.contains("sources"), "{line}");
    let own = desk.line("check mine --format json").json();
    let bundled = desk.line(&format!("check {SMALL} --format json")).json();
    assert_eq!(own["data"]["digest"], bundled["data"]["digest"]);
    assert!(desk.read("mine/NOTICE.md").contains("licence"));
}

#[test]
fn completions_exist_for_the_usual_shells() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = desk.run(&["completions", shell]).ok();
        assert!(text.contains("simulate"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["measure", "rca", "exports.csv", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let desk = Desk::new();
    let text = desk.read("world.csv");
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    desk.write("reversed.csv", &format!("{}\n", lines.join("\n")));
    for run in ["measure rca FILE --where year=2020", "simulate FILE --close A:B --where year=2020"]
    {
        let rows = |file: &str| {
            let line = run.replace("FILE", file);
            desk.line(&format!("{line} --format json")).json()["rows"].clone()
        };
        assert_eq!(rows("world.csv"), rows("reversed.csv"), "{run}");
    }
}
