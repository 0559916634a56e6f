//! A tiny case that is right, and what a reader is told when one thing in it is wrong.
#![allow(dead_code)]

use std::fs;
use std::path::Path;

use emporion_tables::{Case, Problem, Report};
use tempfile::TempDir;

pub const PLACES: &str = "id,kind,parent,members,seat_lat,seat_lon\n\
    BLR,country,,,53.9,27.6\nRUS,country,,,55.8,37.6\nRU-MOW,region,RUS,,55.8,37.6\n\
    CIS,group,,BLR RUS,,\n";
pub const FLOWS: &str = "origin,destination,measure,product,year,period,value,unit,bound,growth_pct_yoy,\
    scope,side,status,source\n\
    BLR,RUS,flow,TOTAL,2022,Y,22900,USD mn,=,+40.2,goods,BY,reported,S1\n\
    BLR,RUS,flow,TOTAL,2022,Y,22000,USD mn,=,,goods,RU,reported,S2\n\
    BLR,RU-MOW,flow,TOTAL,2021,Y,8100,USD mn,~,,goods,BY,reported,S1\n";
pub const TIES: &str = "id,kind,party_a,party_b,city,start,end,status,count,source,note\n\
    1,agreement,BLR,RU-MOW,Moscow,2020,2024-05,in force,1,S1,\n";
pub const SOURCES: &str = "id,title\nS1,First\nS2,Second\n";
pub const PAIRS: &str = "origin,destination,distance\nBLR,RUS,676\nRUS,BLR,676\n";
pub const PACKAGE: &str = r#"{"name": "tiny", "title": "Tiny", "resources": [
    {"name": "places", "path": "places.csv"}, {"name": "flows", "path": "flows.csv"},
    {"name": "pairs", "path": "pairs.csv"}, {"name": "ties", "path": "ties.csv"},
    {"name": "sources", "path": "sources.csv"}]}"#;

/// A case that is right, with some files replaced; an empty replacement removes the file.
pub fn case(replaced: &[(&str, &[u8])]) -> TempDir {
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
pub fn check(folder: &Path) -> Report {
    match Case::open(folder) {
        Ok(case) => case.check(),
        Err(report) => report,
    }
}

pub fn with(file: &str, from: &str, to: &str) -> Report {
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
pub fn only(report: &Report) -> &Problem {
    assert_eq!(report.len(), 1, "{report}");
    &report.problems[0]
}

/// Asserts code, line, column, value, and a part of the remedy.
#[track_caller]
pub fn expect(
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

pub trait Only {
    fn problems_of(&self, code: &str) -> Report;
}

impl Only for Report {
    /// The problems of one kind: a space around an id also makes the id unknown.
    fn problems_of(&self, code: &str) -> Report {
        self.problems.iter().filter(|p| p.code == code).cloned().collect::<Vec<_>>().into()
    }
}
