//! The guarded addition: totals known by hand, and every refusal.

use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::sum::{Missing, SumOptions, compensated, sum, sum_by};
use emporion_tables::{Report, Table};

const HEADER: &str =
    "origin,destination,measure,product,year,period,value,unit,bound,scope,side,source\n";

fn table(rows: &str) -> Table {
    Table::from_bytes("flows", "flows.csv", format!("{HEADER}{rows}").as_bytes(), None).unwrap()
}

fn places() -> Hierarchy {
    Hierarchy::from_pairs([("RU-MOW", "RUS"), ("DEU", "EU")])
}

fn total(rows: &str, options: SumOptions<'_>) -> Result<emporion_tables::sum::Sum, Report> {
    let table = table(rows);
    let all: Vec<usize> = (0..table.rows()).collect();
    sum(&table, &all, &places(), options)
}

#[test]
fn a_total_carries_what_must_be_said_with_it() {
    let rows = "BLR,RUS,flow,TOTAL,2022,Y,1,USD mn,=,goods,BY,S1\n\
                BLR,DEU,flow,TOTAL,2022,Y,1e100,USD mn,~,goods,BY,S2\n\
                BLR,CHN,flow,TOTAL,2022,Y,1,USD mn,=,goods,BY,S1\n";
    let t = table(rows);
    let got = sum(&t, &[2, 0, 1], &places(), SumOptions::default()).unwrap();
    assert_eq!(got.rows, [0, 1, 2]);
    assert_eq!((got.unit.as_deref(), got.side.as_deref()), (Some("USD mn"), Some("BY")));
    assert_eq!((got.year.as_deref(), got.period.as_deref()), (Some("2022"), Some("Y")));
    assert_eq!((got.bound.as_str(), got.sources.len()), ("~", 2));
    assert_eq!(compensated([1.0, 1e100, 1.0, -1e100]), 2.0);
}

#[test]
fn each_total_that_means_nothing_is_refused() {
    let first = "BLR,RUS,flow,TOTAL,2022,Y,10,USD mn,=,goods,BY,S1\n";
    for (second, code, remedy) in [
        ("BLR,DEU,flow,TOTAL,2022,Y,10,EUR mn,=,goods,BY,S1", "mixed-units", "one unit"),
        ("BLR,DEU,flow,TOTAL,2022,Y,10,USD mn,=,goods,DE,S1", "mixed-sides", "one reporting side"),
        ("BLR,DEU,flow,TOTAL,2022,Y,10,USD mn,=,all,BY,S1", "mixed-scopes", "one scope"),
        ("BLR,DEU,turnover,TOTAL,2022,Y,10,USD mn,=,goods,BY,S1", "mixed-measures", "one measure"),
        ("BLR,DEU,flow,TOTAL,2022,H1,10,USD mn,=,goods,BY,S1", "mixed-periods", "one period"),
        ("BLR,DEU,flow,TOTAL,2021,Y,10,USD mn,=,goods,BY,S1", "mixed-years", "sum by year"),
        ("BLR,RUS,flow,TOTAL,2022,Y,11,USD mn,=,goods,BY,S2", "counted-twice", "line 2 gives"),
        (
            "BLR,RU-MOW,flow,TOTAL,2022,Y,5,USD mn,=,goods,BY,S1",
            "region-beside-country",
            "line 2 gives RUS",
        ),
        ("BLR,DEU,flow,food,2022,Y,5,USD mn,=,goods,BY,S1", "total-beside-part", "line 2 is TOTAL"),
        ("BLR,DEU,flow,TOTAL,2022,Y,-5,USD mn,=,goods,BY,S1", "negative-value", "check the sign"),
        ("BLR,DEU,flow,TOTAL,2022,Y,,USD mn,=,goods,BY,S1", "missing-value", "on purpose"),
    ] {
        let report = total(&format!("{first}{second}\n"), SumOptions::default()).unwrap_err();
        assert_eq!(report.len(), 1, "{report}");
        let problem = &report.problems[0];
        assert_eq!((problem.code, problem.line), (code, Some(3)), "{report}");
        assert!(problem.remedy.contains(remedy), "{report}");
    }
    let both = "BLR,RUS,turnover,TOTAL,2022,Y,10,USD mn,=,goods,BY,S1\n\
                RUS,BLR,turnover,TOTAL,2022,Y,10,USD mn,=,goods,BY,S1\n";
    let report = total(both, SumOptions::default()).unwrap_err();
    assert_eq!((report.problems[0].code, report.problems[0].line), ("counted-twice", Some(3)));
    let t = table(first);
    let none = sum(&t, &[], &places(), SumOptions::default()).unwrap_err();
    assert_eq!(none.problems[0].code, "no-rows");
    let unit = SumOptions { value: "unit", ..SumOptions::default() };
    assert_eq!(sum(&t, &[0], &places(), unit).unwrap_err().problems[0].code, "not-a-number");
    let wrong = SumOptions { value: "valeu", ..SumOptions::default() };
    let report = sum(&t, &[0], &places(), wrong).unwrap_err();
    assert!(report.problems[0].remedy.contains("did you mean value"), "{report}");
}

#[test]
fn what_is_allowed_on_purpose_is_counted() {
    let rows = "BLR,RUS,flow,TOTAL,2022,Y,10,USD mn,>,goods,BY,S1\n\
                BLR,RUS,flow,TOTAL,2021,Y,,USD mn,=,goods,BY,S1\n";
    let options = SumOptions { missing: Missing::Zero, across_years: true, ..Default::default() };
    let got = total(rows, options).unwrap();
    assert_eq!((got.value, &got.missing[..], got.bound.as_str()), (10.0, &[1][..], ">"));
    assert_eq!(got.year.as_deref(), Some("2021-2022"));
    let balance = "BLR,RUS,balance,TOTAL,2022,Y,-10,USD mn,=,goods,BY,S1\n";
    assert_eq!(total(balance, SumOptions::default()).unwrap().value, -10.0);
}

#[test]
fn sums_by_key_add_up_to_the_sum() {
    let rows = "BLR,RUS,flow,x,2022,Y,10,USD mn,=,goods,BY,S1\n\
                BLR,DEU,flow,x,2022,Y,20,USD mn,=,goods,BY,S1\n\
                BLR,RUS,flow,y,2022,Y,30,USD mn,=,goods,BY,S1\n";
    let t = table(rows);
    let parts = sum_by(&t, &[0, 1, 2], &["destination"], &places(), SumOptions::default()).unwrap();
    let shown: Vec<(&str, f64)> = parts.iter().map(|(k, s)| (k[0].as_str(), s.value)).collect();
    assert_eq!(shown, [("RUS", 40.0), ("DEU", 20.0)]);
    let whole = sum(&t, &[0, 1, 2], &places(), SumOptions::default()).unwrap().value;
    assert_eq!(parts.iter().map(|(_, s)| s.value).sum::<f64>(), whole);
    let report = sum_by(&t, &[0], &["destnation"], &places(), SumOptions::default()).unwrap_err();
    assert!(report.problems[0].remedy.contains("destination"), "{report}");
}
