//! What a check refuses in the rows of a case, each thing provoked in a tiny one.

use emporion_tables::Case;

mod common;
use common::*;

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
