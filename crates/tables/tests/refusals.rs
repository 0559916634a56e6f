//! Each thing that a check refuses, provoked in a tiny case.

use std::fs;
use std::path::Path;

use emporion_tables::{Case, Problem, Report};
use tempfile::TempDir;

const PLACES: &str = "id,kind,parent,members,seat_lat,seat_lon\n\
    BLR,country,,,53.9,27.6\nRUS,country,,,55.8,37.6\nRU-MOW,region,RUS,,55.8,37.6\n\
    CIS,group,,BLR RUS,,\n";
const FLOWS: &str = "origin,destination,measure,product,year,period,value,unit,bound,growth_pct_yoy,\
    scope,side,status,source\n\
    BLR,RUS,flow,TOTAL,2022,Y,22900,USD mn,=,+40.2,goods,BY,reported,S1\n\
    BLR,RUS,flow,TOTAL,2022,Y,22000,USD mn,=,,goods,RU,reported,S2\n\
    BLR,RU-MOW,flow,TOTAL,2021,Y,8100,USD mn,~,,goods,BY,reported,S1\n";
const TIES: &str = "id,kind,party_a,party_b,city,start,end,status,count,source,note\n\
    1,agreement,BLR,RU-MOW,Moscow,2020,2024-05,in force,1,S1,\n";
const SOURCES: &str = "id,title\nS1,First\nS2,Second\n";
const PAIRS: &str = "origin,destination,distance\nBLR,RUS,676\nRUS,BLR,676\n";
const PACKAGE: &str = r#"{"name": "tiny", "title": "Tiny", "resources": [
    {"name": "places", "path": "places.csv"}, {"name": "flows", "path": "flows.csv"},
    {"name": "pairs", "path": "pairs.csv"}, {"name": "ties", "path": "ties.csv"},
    {"name": "sources", "path": "sources.csv"}]}"#;

/// A case that is right, with some files replaced; an empty replacement removes the file.
fn case(replaced: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    for (name, text) in [
        ("datapackage.json", PACKAGE),
        ("places.csv", PLACES),
        ("flows.csv", FLOWS),
        ("ties.csv", TIES),
        ("sources.csv", SOURCES),
        ("pairs.csv", PAIRS),
    ] {
        write(name, text.as_bytes());
    }
    for (name, bytes) in replaced {
        write(name, bytes);
    }
    folder
}

/// What a reader is told, whether the case opens or not.
fn check(folder: &Path) -> Report {
    match Case::open(folder) {
        Ok(case) => case.check(),
        Err(report) => report,
    }
}

fn with(file: &str, from: &str, to: &str) -> Report {
    let good = match file {
        "places.csv" => PLACES,
        "flows.csv" => FLOWS,
        "ties.csv" => TIES,
        "pairs.csv" => PAIRS,
        "sources.csv" => SOURCES,
        _ => PACKAGE,
    };
    assert!(good.contains(from), "{from:?} is not in {file}");
    check(case(&[(file, good.replacen(from, to, 1).as_bytes())]).path())
}

/// The one problem of a report: every change provokes exactly what it is meant to.
#[track_caller]
fn only(report: &Report) -> &Problem {
    assert_eq!(report.len(), 1, "{report}");
    &report.problems[0]
}

/// Asserts code, line, column, value, and a part of the remedy.
#[track_caller]
fn expect(
    report: &Report,
    file: &str,
    code: &str,
    line: u32,
    column: &str,
    value: &str,
    remedy: &str,
) {
    let problem = only(report);
    assert_eq!(problem.file, file);
    assert_eq!(problem.code, code, "{report}");
    assert_eq!(problem.line, (line > 0).then_some(line), "{report}");
    assert_eq!(problem.column.as_deref().unwrap_or(""), column, "{report}");
    assert_eq!(problem.value.as_deref().unwrap_or(""), value, "{report}");
    assert!(problem.remedy.contains(remedy), "{report}");
    assert!(!problem.expected.is_empty());
}

#[test]
fn the_tiny_case_is_right() {
    let folder = case(&[]);
    let case = Case::open(folder.path()).unwrap();
    assert!(case.check().is_empty(), "{}", case.check());
    assert_eq!(case.parent("RU-MOW"), Some("RUS"));
    assert_eq!(case.seat("BLR"), Some((53.9, 27.6)));
    assert_eq!(case.source("S2").unwrap().title, "Second");
    assert!(case.hierarchy().lies_in("RU-MOW", "CIS"));
    assert!(case.read_extra("../secret").is_none());
}

#[test]
fn ids() {
    expect(
        &with("flows.csv", "BLR,RU-MOW", "BLR,RU-MOV"),
        "flows.csv",
        "unknown-place",
        4,
        "destination",
        "RU-MOV",
        "did you mean RU-MOW",
    );
    expect(
        &with("ties.csv", "BLR,RU-MOW", "BLX,RU-MOW"),
        "ties.csv",
        "unknown-place",
        2,
        "party_a",
        "BLX",
        "BLR",
    );
    expect(
        &with("places.csv", "region,RUS", "region,RUX"),
        "places.csv",
        "unknown-place",
        4,
        "parent",
        "RUX",
        "RUS",
    );
    expect(
        &with("places.csv", "BLR RUS", "BLR KAZ"),
        "places.csv",
        "unknown-place",
        5,
        "members",
        "KAZ",
        "add a row KAZ",
    );
    expect(
        &with("flows.csv", "BLR,RU-MOW", " BLR,RU-MOW").problems_of("spaces"),
        "flows.csv",
        "spaces",
        4,
        "origin",
        " BLR",
        "write BLR",
    );
    expect(
        &with("places.csv", "region,RUS", "region,"),
        "places.csv",
        "missing-parent",
        4,
        "parent",
        "RU-MOW",
        "fill in the parent",
    );
    expect(
        &with("places.csv", "region,RUS", "region,RU-MOW"),
        "places.csv",
        "circular-parent",
        4,
        "parent",
        "RU-MOW",
        "one level up",
    );
    expect(
        &with("places.csv", "CIS,group", "CIS,grupo"),
        "places.csv",
        "unknown-kind",
        5,
        "kind",
        "grupo",
        "group",
    );
}

trait Only {
    fn problems_of(&self, code: &str) -> Report;
}

impl Only for Report {
    /// The problems of one kind: a space around an id also makes the id unknown.
    fn problems_of(&self, code: &str) -> Report {
        self.problems.iter().filter(|p| p.code == code).cloned().collect::<Vec<_>>().into()
    }
}

#[test]
fn keys() {
    let again = format!("{FLOWS}BLR,RUS,flow,TOTAL,2022,Y,1,USD mn,=,,goods,BY,reported,S1\n");
    let report = check(case(&[("flows.csv", again.as_bytes())]).path());
    let key = "BLR, RUS, flow, TOTAL, 2022, Y, USD mn, =, goods, BY, reported, S1";
    expect(&report, "flows.csv", "duplicate-key", 5, "origin", key, "line 2 has the same");
    expect(
        &with("sources.csv", "S2", "S1").problems_of("duplicate-key"),
        "sources.csv",
        "duplicate-key",
        3,
        "id",
        "S1",
        "line 2",
    );
    expect(
        &with("pairs.csv", "RUS,BLR", "BLR,RUS"),
        "pairs.csv",
        "duplicate-key",
        3,
        "origin",
        "BLR, RUS",
        "line 2",
    );
    expect(
        &with("places.csv", "CIS,group,,BLR RUS", "BLR,group,,"),
        "places.csv",
        "duplicate-key",
        5,
        "id",
        "BLR",
        "line 2",
    );
}

#[test]
fn numbers() {
    expect(
        &with("flows.csv", "22900", "-22900"),
        "flows.csv",
        "negative-value",
        2,
        "value",
        "-22900",
        "check the sign",
    );
    expect(
        &with("flows.csv", "22900", "many"),
        "flows.csv",
        "not-a-number",
        2,
        "value",
        "many",
        "figure alone",
    );
    expect(
        &with("flows.csv", "22900", "\"22,900.5\""),
        "flows.csv",
        "not-a-number",
        2,
        "value",
        "22,900.5",
        "write 22900.5",
    );
    expect(
        &with("flows.csv", "22900", "\"22,9\""),
        "flows.csv",
        "not-a-number",
        2,
        "value",
        "22,9",
        "write 22.9",
    );
    expect(
        &with("flows.csv", "22900", "NaN"),
        "flows.csv",
        "not-a-number",
        2,
        "value",
        "NaN",
        "leave the cell empty",
    );
    expect(
        &with("flows.csv", "22900", "inf"),
        "flows.csv",
        "not-a-number",
        2,
        "value",
        "inf",
        "leave the cell empty",
    );
    expect(
        &with("flows.csv", "2021,Y", "21,Y"),
        "flows.csv",
        "not-a-year",
        4,
        "year",
        "21",
        "write the year alone",
    );
    expect(
        &with("flows.csv", "8100", ""),
        "flows.csv",
        "missing-value",
        4,
        "value",
        "",
        "known to be zero",
    );
    expect(
        &with("pairs.csv", "676", "-676"),
        "pairs.csv",
        "negative-value",
        2,
        "distance",
        "-676",
        "check the sign",
    );
    expect(
        &with("places.csv", "53.9", "153.9"),
        "places.csv",
        "out-of-range",
        2,
        "seat_lat",
        "153.9",
        "swapped",
    );
    expect(
        &with("places.csv", "53.9,27.6", "53.9,"),
        "places.csv",
        "missing-value",
        2,
        "seat_lon",
        "",
        "fill in the cell",
    );
    expect(
        &with("ties.csv", "in force,1", "in force,1.5"),
        "ties.csv",
        "not-an-integer",
        2,
        "count",
        "1.5",
        "whole number",
    );
    // A balance may be negative.
    assert!(
        with("flows.csv", "BLR,RUS,flow,TOTAL,2022,Y,22900", "BLR,RUS,balance,TOTAL,2022,Y,-5")
            .is_empty()
    );
}

#[test]
fn sources_units_and_dates() {
    expect(
        &with("flows.csv", "reported,S2", "reported,"),
        "flows.csv",
        "missing-source",
        3,
        "source",
        "",
        "name the document",
    );
    expect(
        &with("flows.csv", "reported,S2", "reported,S9"),
        "flows.csv",
        "unknown-source",
        3,
        "source",
        "S9",
        "add a row S9",
    );
    expect(
        &with("flows.csv", "8100,USD mn", "8100,"),
        "flows.csv",
        "missing-unit",
        4,
        "unit",
        "",
        "write the unit",
    );
    expect(
        &with("ties.csv", "2020,2024-05", "2020,2019-05"),
        "ties.csv",
        "end-before-start",
        2,
        "end",
        "2019-05",
        "which of the two",
    );
    expect(
        &with("ties.csv", "2020,", "about 2020,"),
        "ties.csv",
        "not-a-date",
        2,
        "start",
        "about 2020",
        "hyphens",
    );
    expect(
        &with("flows.csv", "BLR,RU-MOW", "BLR,BLR"),
        "flows.csv",
        "domestic-flow",
        4,
        "destination",
        "BLR",
        "emporion:domestic",
    );
    let headless = FLOWS.replace("status,source", "status,origin_of_row");
    let report = check(case(&[("flows.csv", headless.as_bytes())]).path());
    assert_eq!(report.problems[0].code, "missing-source");
}

#[test]
fn what_one_sum_would_mix() {
    let beside =
        format!("{FLOWS}BLR,RU-MOW,flow,TOTAL,2022,Y,8300,USD mn,~,,goods,BY,reported,S1\n");
    let report = check(case(&[("flows.csv", beside.as_bytes())]).path());
    expect(
        &report,
        "flows.csv",
        "region-beside-country",
        5,
        "destination",
        "RU-MOW",
        "line 2 gives RUS",
    );
    let units = format!("{FLOWS}BLR,RUS,flow,TOTAL,2022,Y,21700,EUR mn,=,,goods,BY,reported,S1\n");
    let report = check(case(&[("flows.csv", units.as_bytes())]).path());
    expect(&report, "flows.csv", "mixed-units", 5, "unit", "EUR mn", "convert");
    let sides = format!("{FLOWS}BLR,RUS,flow,TOTAL,2022,Y,21700,USD mn,=,,goods,RU,reported,S1\n");
    let report = check(case(&[("flows.csv", sides.as_bytes())]).path());
    expect(&report, "flows.csv", "mixed-sides", 5, "side", "RU", "mix values of side");
    // The same rows are fine where the package says that they are never added.
    let apart = PACKAGE.replace("\"flows.csv\"", "\"flows.csv\", \"emporion:additive\": false");
    let folder = case(&[("flows.csv", sides.as_bytes()), ("datapackage.json", apart.as_bytes())]);
    assert!(check(folder.path()).is_empty());
    // In an additive table two sources may meet in one sum, and their sides with them.
    let additive = PACKAGE.replace("\"flows.csv\"", "\"flows.csv\", \"emporion:additive\": true");
    let report = check(case(&[("datapackage.json", additive.as_bytes())]).path());
    expect(&report, "flows.csv", "mixed-sides", 3, "side", "RU", "convert");
}

#[test]
fn the_shape_of_a_file() {
    expect(
        &with("flows.csv", "8100,USD mn", "8,100,USD mn"),
        "flows.csv",
        "ragged-row",
        4,
        "",
        "15 fields",
        "double quotes",
    );
    expect(
        &with("flows.csv", ",reported,S2", ""),
        "flows.csv",
        "ragged-row",
        3,
        "",
        "12 fields",
        "a comma for every empty cell",
    );
    expect(
        &with("flows.csv", "S1\nBLR", "S1\n\nBLR"),
        "flows.csv",
        "blank-line",
        3,
        "",
        "",
        "delete the blank line",
    );
    expect(
        &with("sources.csv", "Second\n", "\"Second\n"),
        "sources.csv",
        "unclosed-quote",
        3,
        "title",
        "",
        "close the quote",
    );
    expect(
        &with("sources.csv", "Second", "\"Sec\"ond"),
        "sources.csv",
        "stray-quote",
        3,
        "title",
        "",
        "double the quotes",
    );
    expect(
        &with("sources.csv", "id,title", "id,title,title").problems_of("duplicate-column"),
        "sources.csv",
        "duplicate-column",
        1,
        "title",
        "title",
        "column 2",
    );
    expect(
        &with("pairs.csv", "distance", ""),
        "pairs.csv",
        "empty-header",
        1,
        "number 3",
        "",
        "name the column",
    );
    expect(
        &with("sources.csv", "id,title", "id,name"),
        "sources.csv",
        "missing-column",
        1,
        "title",
        "",
        "add the column",
    );
    let report = with("flows.csv", "value,", "amount,");
    assert_eq!(report.problems_of("missing-column").problems[0].column.as_deref(), Some("value"));
    let report = check(case(&[("sources.csv", b"id,title\n")]).path());
    expect(
        &report.problems_of("empty-table"),
        "sources.csv",
        "empty-table",
        1,
        "",
        "",
        "add the rows",
    );
    let report = check(case(&[("ties.csv", b"")]).path());
    expect(&report, "ties.csv", "empty-table", 1, "", "", "write the header");
    let report = check(case(&[("ties.csv", TIES.replace(',', ";").as_bytes())]).path());
    assert_eq!(report.problems[0].code, "wrong-separator", "{report}");
}

#[test]
fn encodings() {
    let latin = b"id,title\nS1,First\nS2,M\xFCnster\n";
    let report = check(case(&[("sources.csv", latin)]).path());
    expect(&report, "sources.csv", "not-utf8", 3, "", "byte FC at offset 22", "windows-1252");
    let cyrillic = b"id,title\nS1,\xCC\xE8\xED\xF1\xEA\nS2,x\n";
    let report = check(case(&[("sources.csv", cyrillic)]).path());
    expect(
        &report,
        "sources.csv",
        "not-utf8",
        2,
        "",
        "byte CC at offset 12",
        "iconv -f WINDOWS-1251",
    );
    let wide: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(SOURCES.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let report = check(case(&[("sources.csv", &wide)]).path());
    expect(&report, "sources.csv", "not-utf8", 1, "", "bytes FF FE at offset 0", "UTF-16");
    let report = check(case(&[("sources.csv", &wide[2..])]).path());
    expect(&report, "sources.csv", "not-utf8", 1, "", "byte 00 at offset 1", "UTF-16");
}

#[test]
fn the_package() {
    let empty = tempfile::tempdir().unwrap();
    let report = Case::open(empty.path()).unwrap_err();
    assert_eq!(
        (only(&report).code, only(&report).file.ends_with("datapackage.json")),
        ("missing-package", true)
    );
    let report = with("datapackage.json", "{\"name\": \"tiny\",", "{\"name\" \"tiny\",");
    expect(&report, "datapackage.json", "invalid-json", 1, "", "", "mend the JSON");
    let report = with("datapackage.json", "\"ties.csv\"", "\"links.csv\"");
    expect(&report, "links.csv", "missing-file", 0, "", "links.csv", "take resource ties out");
    let report = with("datapackage.json", "\"ties.csv\"", "\"../ties.csv\"");
    expect(
        &report,
        "datapackage.json",
        "bad-resource",
        0,
        "resources[3]",
        "\"../ties.csv\"",
        "relative path",
    );
    let report = with("datapackage.json", "\"name\": \"ties\"", "\"name\": \"pairs\"");
    expect(
        &report,
        "datapackage.json",
        "bad-resource",
        0,
        "resources[3]",
        "pairs",
        "name the resource",
    );
    let report = with(
        "datapackage.json",
        "{\"name\": \"sources\", \"path\": \"sources.csv\"}",
        "{\"name\": \"x\", \"path\": \"sources.csv\"}",
    );
    expect(&report, "datapackage.json", "missing-source", 0, "", "", "add sources.csv");
    let constant = "\"flows.csv\", \"emporion:constants\": {\"unit\": \"USD mn\"}";
    let report = with("datapackage.json", "\"flows.csv\"", constant);
    expect(
        &report,
        "datapackage.json",
        "bad-resource",
        0,
        "resources[1].emporion:constants.unit",
        "",
        "out of one of the two",
    );
}

#[test]
fn the_packages_own_schema() {
    let schema = r#""sources.csv", "schema": {"fields": [
        {"name": "id", "type": "string", "constraints": {"enum": ["S1"]}},
        {"name": "title", "type": "string", "constraints": {"required": true, "unique": true}}]}"#;
    let package = PACKAGE.replace("\"sources.csv\"", schema);
    let get = |sources: &str| {
        check(
            case(&[("datapackage.json", package.as_bytes()), ("sources.csv", sources.as_bytes())])
                .path(),
        )
    };
    expect(&get(SOURCES), "sources.csv", "not-allowed", 3, "id", "S2", "choose one of: S1");
    let same = get("id,title\nS1,First\nS2,First\n").problems_of("duplicate-key");
    expect(&same, "sources.csv", "duplicate-key", 3, "title", "First", "line 2");
    let empty = get("id,title\nS1,First\nS2,\n").problems_of("missing-value");
    expect(&empty, "sources.csv", "missing-value", 3, "title", "", "fill in");
    let minimum = r#""pairs.csv", "schema": {"fields": [{"name": "distance", "type": "number",
        "constraints": {"minimum": 700}}], "foreignKeys": [{"fields": "origin",
        "reference": {"resource": "sources", "fields": "id"}}]}"#;
    let report = with("datapackage.json", "\"pairs.csv\"", minimum);
    let low = report.problems_of("out-of-range");
    assert_eq!((low.len(), low.problems[0].line), (2, Some(2)));
    assert_eq!(report.problems_of("unknown-reference").len(), 2);
}

#[test]
fn constants_of_the_package_are_columns() {
    let bare: String = FLOWS
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{},{}\n", cells[0], cells[1], cells[6])
        })
        .collect::<String>()
        .replacen("BLR,RUS,22000\n", "RUS,BLR,22000\n", 1);
    let constants = r#""flows.csv", "emporion:constants": {"year": 2022, "unit": "USD mn",
        "side": "BY", "source": "S1"}"#;
    let package = PACKAGE.replace("\"flows.csv\"", constants);
    let folder = case(&[("flows.csv", bare.as_bytes()), ("datapackage.json", package.as_bytes())]);
    let case_ = Case::open(folder.path()).unwrap();
    let flows = case_.flows().unwrap();
    assert_eq!((flows.number("year", 2), flows.text("year", 2)), (Some(2022.0), Some("2022")));
    assert!(flows.row_text(0).contains(&("unit".into(), "USD mn (from datapackage.json)".into())));
    expect(
        &case_.check(),
        "flows.csv",
        "region-beside-country",
        4,
        "destination",
        "RU-MOW",
        "line 2",
    );
    let package = package.replace("\"source\": \"S1\"", "\"source\": \"S8\"");
    let folder = case(&[("flows.csv", bare.as_bytes()), ("datapackage.json", package.as_bytes())]);
    let report = check(folder.path()).problems_of("unknown-source");
    expect(
        &report,
        "datapackage.json",
        "unknown-source",
        0,
        "emporion:constants.source, resource flows",
        "S8",
        "add a row S8",
    );
}

#[test]
fn one_run_finds_everything() {
    let flows = FLOWS
        .replacen("22900", "many", 1)
        .replacen("reported,S2", "reported,S9", 1)
        .replacen("RU-MOW", "RU-MOV", 1);
    let ties = TIES.replace("2024-05", "2019-05");
    let report =
        check(case(&[("flows.csv", flows.as_bytes()), ("ties.csv", ties.as_bytes())]).path());
    let found: Vec<(&str, Option<u32>)> =
        report.problems.iter().map(|p| (p.code, p.line)).collect();
    let expected = [
        ("not-a-number", Some(2)),
        ("unknown-source", Some(3)),
        ("unknown-place", Some(4)),
        ("end-before-start", Some(2)),
    ];
    assert_eq!(found, expected, "{report}");
    assert!(
        report
            .to_string()
            .starts_with("4 problems\n\n1. flows.csv, line 2, column value: \"many\"")
    );
}
