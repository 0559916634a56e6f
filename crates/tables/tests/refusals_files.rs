//! What a check refuses in the files and the package of a case.

use emporion_tables::Case;

mod common;
use common::*;

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
