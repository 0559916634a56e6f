//! What moved since an earlier build, and why: one change of the small case at a time.

use emporion_brief::against::{Difference, Moved, compare};
use emporion_brief::json::Document;

use crate::common::{FLOWS, Mini};

const BRIEF: &str = "# Small

{% set ab = (rows(flow_id=1)|first).value %}
{% set ac = (rows(flow_id=2)|first).value %}
{% set ba = (rows(flow_id=3)|first).value %}
{% set factor = assume(2, unit=\"times\", label=\"factor\") %}
{{ ab }} {{ ac }} {{ ba }}
{{ calc(\"a - b\", a=ab, b=ba, label=\"balance\") }}
{{ calc(\"a * f\", a=ac, f=factor, unit=\"USD mn\", label=\"scaled\") }}
{{ total(origin=[\"AAA\", \"BBB\"], measure=\"flow\", year=2020, label=\"all flows\") }}
";

/// Builds, changes the case, builds again, and compares.
fn after(brief: &str, change: impl Fn(&Mini)) -> Difference {
    let mini = Mini::new(brief);
    let old = mini.document();
    change(&mini);
    let case = mini.case();
    compare(&old, &mini.document(), &case).unwrap()
}

fn labels(difference: &Difference) -> Vec<(&str, &str)> {
    difference.moved.iter().map(|moved| (moved.kind, moved.label.as_str())).collect()
}

fn one<'a>(difference: &'a Difference, label: &str) -> &'a Moved {
    let found: Vec<&Moved> = difference.moved.iter().filter(|m| m.label == label).collect();
    assert_eq!(found.len(), 1, "{label} in {difference:#?}");
    found[0]
}

const AB: &str = "flow: Alfa \u{2192} Beta";

#[test]
fn nothing_moves_where_nothing_changed() {
    let difference = after(BRIEF, |_| {});
    assert_eq!((difference.moved.len(), difference.unchanged), (0, 6));
    // Words around the numbers move none of them.
    let difference = after(BRIEF, |mini| mini.edit("brief.md", "# Small", "# Small case"));
    assert_eq!((difference.moved.len(), difference.unchanged), (0, 6));
}

#[test]
fn a_changed_value_names_its_line_and_both_values() {
    let difference = after(BRIEF, |mini| mini.edit("flows.csv", "2020,Y,100,", "2020,Y,140,"));
    assert_eq!(labels(&difference), [("moved", AB), ("moved", "balance"), ("moved", "all flows")]);
    assert_eq!(difference.unchanged, 3);
    let row = "flows.csv line 2: value 100 \u{2192} 140";
    let (ab, all) = (one(&difference, AB), one(&difference, "all flows"));
    assert_eq!(
        (ab.was, ab.is, ab.because.as_slice()),
        (Some(100.0), Some(140.0), [row.to_owned()].as_slice())
    );
    assert_eq!(
        (all.was, all.is, all.because.as_slice()),
        (Some(230.0), Some(270.0), [row.to_owned()].as_slice())
    );
    let balance = one(&difference, "balance");
    assert_eq!((balance.was, balance.is), (Some(20.0), Some(60.0)));
    assert_eq!(balance.because, [format!("{AB}: 100 \u{2192} 140"), row.to_owned()]);
}

#[test]
fn an_inserted_row_moves_only_what_it_enters() {
    // Above all others: every line shifts by one.
    let new = "10,BBB,CCC,flow,TOTAL,2020,Y,7,USD mn,=,goods,A,reported,S1,\n1,AAA,BBB";
    let difference = after(BRIEF, |mini| mini.edit("flows.csv", "1,AAA,BBB", new));
    assert_eq!(labels(&difference), [("moved", "all flows")]);
    let all = one(&difference, "all flows");
    assert_eq!((all.was, all.is), (Some(230.0), Some(237.0)));
    assert_eq!(all.because.len(), 1, "{all:#?}");
    assert!(
        all.because[0].starts_with("flows.csv line 2 is new: flow_id 10, origin BBB"),
        "{all:#?}"
    );
}

#[test]
fn a_changed_row_is_told_from_an_inserted_one() {
    let difference = after(BRIEF, |mini| {
        mini.edit(
            "flows.csv",
            "1,AAA,BBB",
            "10,BBB,CCC,flow,TOTAL,2020,Y,7,USD mn,=,goods,A,reported,S1,\n1,AAA,BBB",
        );
        mini.edit("flows.csv", "3,BBB,AAA,flow,TOTAL,2020,Y,80", "3,BBB,AAA,flow,TOTAL,2020,Y,81");
    });
    let all = one(&difference, "all flows");
    assert_eq!((all.was, all.is, all.because.len()), (Some(230.0), Some(238.0), 2));
    assert_eq!(all.because[1], "flows.csv line 5 (line 4 before): value 80 \u{2192} 81");
    assert_eq!(one(&difference, "balance").is, Some(19.0));
}

#[test]
fn a_removed_row_is_named_with_its_text() {
    let difference = after(BRIEF, |mini| {
        mini.edit(
            "flows.csv",
            "3,BBB,AAA,flow,TOTAL,2020,Y,80,USD mn,=,goods,A,reported,S2,\n",
            "",
        );
        mini.edit("brief.md", "{% set ba = (rows(flow_id=3)|first).value %}", "{% set ba = ab %}");
    });
    let all = one(&difference, "all flows");
    assert_eq!((all.was, all.is), (Some(230.0), Some(150.0)));
    assert_eq!(all.because.len(), 1, "{all:#?}");
    assert!(
        all.because[0].starts_with("flows.csv line 4 of before is gone: flow_id 3,"),
        "{all:#?}"
    );
    let gone = one(&difference, "flow: Beta \u{2192} Alfa");
    assert_eq!((gone.kind, gone.was, gone.is), ("gone", Some(80.0), None));
    assert!(gone.because[0].contains("line 4 of before is gone"), "{gone:#?}");
    // The balance is now of other numbers.
    let balance = one(&difference, "balance");
    assert_eq!((balance.was, balance.is), (Some(20.0), Some(0.0)));
    assert!(balance.because.iter().any(|why| why.contains("= 80 is no input now")), "{balance:#?}");
}

#[test]
fn rows_that_trade_places_move_nothing() {
    let lines: Vec<&str> = FLOWS.lines().collect();
    let mut turned = vec![lines[0]];
    turned.extend(lines[1..].iter().rev());
    let difference = after(BRIEF, |mini| mini.put("flows.csv", &(turned.join("\n") + "\n")));
    assert_eq!(difference.moved, [], "{difference:#?}");
}

#[test]
fn a_row_over_two_lines_keeps_its_own_line() {
    let two = "2,AAA,CCC,flow,TOTAL,2020,Y,50,USD mn,=,goods,A,reported,S1,\"two\nlines\"";
    let mini = Mini::new(BRIEF);
    mini.edit("flows.csv", "2,AAA,CCC,flow,TOTAL,2020,Y,50,USD mn,=,goods,A,reported,S1,", two);
    let old = mini.document();
    mini.edit("flows.csv", "2020,Y,80,", "2020,Y,82,");
    let difference = compare(&old, &mini.document(), &mini.case()).unwrap();
    let all = one(&difference, "all flows");
    assert_eq!(all.because, ["flows.csv line 5: value 80 \u{2192} 82"]);
}

#[test]
fn options_and_assumptions_are_named() {
    let difference = after(BRIEF, |mini| mini.edit("brief.md", "assume(2,", "assume(3,"));
    assert_eq!(labels(&difference), [("moved", "scaled")]);
    let scaled = one(&difference, "scaled");
    assert_eq!((scaled.was, scaled.is), (Some(100.0), Some(150.0)));
    assert_eq!(scaled.because, ["factor: 2 \u{2192} 3", "brief.md assumes 2 \u{2192} 3"]);

    let difference = after(BRIEF, |mini| {
        mini.edit("brief.md", "origin=[\"AAA\", \"BBB\"]", "origin=\"AAA\"");
    });
    assert_eq!(labels(&difference), [("moved", "all flows")]);
    let all = one(&difference, "all flows");
    assert_eq!((all.was, all.is), (Some(230.0), Some(150.0)));
    assert_eq!(all.because, ["option origin: AAA|BBB \u{2192} AAA"]);
}

#[test]
fn a_changed_option_is_followed_through_calculations() {
    let brief = "{% set part = total(origin=\"AAA\", measure=\"flow\", year=2020, label=\"part\") %}\
                 {{ calc(\"10 * p\", p=part, label=\"tenfold\") }}";
    let difference = after(brief, |mini| mini.edit("brief.md", "origin=\"AAA\"", "origin=\"BBB\""));
    let tenfold = one(&difference, "tenfold");
    assert_eq!((tenfold.was, tenfold.is), (Some(1500.0), Some(800.0)));
    assert_eq!(tenfold.because, ["part: 150 \u{2192} 80", "option origin: AAA \u{2192} BBB"]);
}

#[test]
fn a_new_number_says_whether_its_row_is_new() {
    let brief = "{% for r in rows(origin=\"AAA\", year=2020) %}{{ r.value }} {% endfor %}";
    let difference = after(brief, |mini| {
        mini.edit(
            "flows.csv",
            "9,BBB",
            "10,AAA,CCC,flow,TOTAL,2020,Y,7,USD mn,=,goods,B,reported,S1,\n9,BBB",
        );
    });
    assert_eq!(difference.moved.len(), 1);
    assert_eq!((difference.moved[0].kind, difference.moved[0].is), ("new", Some(7.0)));
    assert!(difference.moved[0].because[0].starts_with("flows.csv line 10 is new"));
    let difference = after(brief, |mini| mini.edit("brief.md", "origin=\"AAA\"", "origin=\"BBB\""));
    assert!(difference.moved.iter().all(|m| m.kind != "moved"), "{difference:#?}");
    assert!(difference.moved[0].because[0].starts_with("the brief asks for it now"));
    assert!(
        difference.moved.last().unwrap().because[0].starts_with("the brief no longer shows it")
    );
}

#[test]
fn a_change_in_a_large_selection_names_the_row() {
    // More rows than a trace holds word for word.
    let row = |i: u32, value: u32| {
        format!("{i},AAA,P{i},flow,TOTAL,2020,Y,{value},USD mn,=,goods,A,reported,S1,\n")
    };
    let header = format!("{}\n", FLOWS.lines().next().unwrap());
    let many = |changed: u32| -> String {
        let rows = (1..=40).map(|i| row(i, if i == changed { 1000 } else { i }));
        header.clone() + &rows.collect::<String>()
    };
    let mini = Mini::new("{{ total(label=\"all\") }}");
    mini.put("flows.csv", &many(0));
    let old = mini.document();
    assert!(old.cells.values().all(|cell| cell.rows[0].rows.len() < 12));
    mini.put("flows.csv", &many(30));
    let difference = compare(&old, &mini.document(), &mini.case()).unwrap();
    let all = one(&difference, "all");
    assert_eq!((all.was, all.is), (Some(820.0), Some(1790.0)));
    assert_eq!(all.because.len(), 1, "{all:#?}");
    assert!(
        all.because[0].starts_with("flows.csv line 31: changed, and is now flow_id 30"),
        "{all:#?}"
    );
}

#[test]
fn another_version_is_named() {
    let mini = Mini::new(BRIEF);
    let mut old = mini.document();
    let cell = old.cells.values().find(|cell| cell.label == "balance").unwrap();
    let mut older = emporion_brief::cell::Cell::clone(cell);
    older.computation.version = "0.0.9".into();
    older.value = Some(19.0);
    old.cells.insert(older.id.clone(), older.into());
    let difference = compare(&old, &mini.document(), &mini.case()).unwrap();
    let version = format!("version 0.0.9 \u{2192} {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(one(&difference, "balance").because, [version]);
}

#[test]
fn a_change_outside_every_trace_is_told_as_such() {
    let mini = Mini::new(BRIEF);
    let mut old = mini.document();
    let cell = old.cells.values().find(|cell| cell.label == "balance").unwrap();
    let mut other = emporion_brief::cell::Cell::clone(cell);
    other.value = Some(19.0);
    old.cells.insert(other.id.clone(), other.into());
    mini.edit("places.csv", "Beta City,52,20,200", "Beta City,52,20,201");
    let difference = compare(&old, &mini.document(), &mini.case()).unwrap();
    assert_eq!(one(&difference, "balance").because, ["places.csv changed"]);
}

#[test]
fn another_case_another_format_and_damage_are_refused() {
    let mini = Mini::new(BRIEF);
    let old = mini.document();
    mini.package("other");
    let error = compare(&old, &mini.document(), &mini.case()).unwrap_err();
    assert!(error.contains("\"mini\"") && error.contains("\"other\""), "{error}");

    mini.package("mini");
    let text = serde_json::to_string(&old).unwrap();
    let refused = |text: &str| Document::read(text).unwrap_err();
    assert!(refused(&text[..text.len() / 2]).contains("no JSON"));
    assert!(refused("{\"a\": 1}").contains("no brief as JSON"));
    let other = text.replacen("emporion-brief/1", "emporion-brief/9", 1);
    assert!(refused(&other).contains("emporion-brief/9"));
    assert!(refused(&text.replacen("\"shown\":", "\"hidden\":", 1)).contains("damaged"));
    let mut other = old.clone();
    other.format = "emporion-brief/9".into();
    let now = mini.document();
    assert!(compare(&other, &now, &mini.case()).unwrap_err().contains("emporion-brief/9"));
    let mut other = old.clone();
    other.files[0].row_hashes = "AAAA".into();
    assert!(compare(&other, &now, &mini.case()).unwrap_err().contains("do not fit"));
    let mut other = old;
    other.files[0].row_hashes = "*".into();
    assert!(compare(&other, &now, &mini.case()).unwrap_err().contains("flows.csv"));
}
