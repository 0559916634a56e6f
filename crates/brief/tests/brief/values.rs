//! What templates do with numbers: order, equality, missing values, formats.

use emporion_brief::cell::Status;
use emporion_brief::number::{plain, scale};
use emporion_brief::{html, markdown};

use crate::common::{Mini, labelled};

/// The text of a brief on the small case.
fn text(brief: &str) -> String {
    let out = markdown::write(&Mini::new(brief).brief()).unwrap();
    out.split("\n\n## Sources").next().unwrap().trim().to_owned()
}

#[test]
fn numbers_sort_by_size_and_unknown_ones_come_first() {
    let sorted = text(
        "{% for r in rows(origin=\"AAA\", unit=\"USD mn\")|sort(attribute=\"value\") %}\n{{ r.value }};\n{% endfor %}",
    );
    assert_eq!(sorted.replace('\n', " "), "not known; 50; 100; \u{2248}\u{202f}120; 130;");
    let most = text("{{ (rows(year=2020)|sort(attribute=\"value\", reverse=true)|first).value }}");
    assert_eq!(most, "100");
    // As words they would sort 100, 130, 50.
    assert_eq!(text("{{ rows(flow_id=[5, 2])|map(attribute=\"value\")|sort|first }}"), "50");
}

#[test]
fn numbers_compare_in_one_scale() {
    let brief = "{% set a = rows(flow_id=1)|first %}{% set b = rows(flow_id=3)|first %}\
                 {{ a.value > b.value }} {{ a.value == a.value }} {{ a.value.value == 100 }}";
    assert_eq!(text(brief), "True True True");
    let twice = "{{ [rows(flow_id=1)[0].value, rows(flow_id=1)[0].value]|unique|list|length }}";
    assert_eq!(text(twice), "1");
}

#[test]
fn missing_is_not_zero() {
    let mini = Mini::new(
        "{% set gap = (rows(flow_id=6)|first).value %}{% set known = (rows(flow_id=4)|first).value %}\
         {{ calc(\"a - b\", a=gap, b=known, label=\"gap less known\") }}\
         {{ add([gap, known], mixed=[\"period\"], label=\"gap and known\") }}\
         {{ lowest([gap, known]) }}{{ \"yes\" if gap else \"no\" }}{{ gap.known }}",
    );
    let brief = mini.brief();
    for label in ["gap less known", "gap and known"] {
        let cell = labelled(&brief, label);
        assert_eq!(cell.value, None);
        assert!(cell.notes.iter().any(|note| note.contains("not known")), "{cell:#?}");
    }
    let lowest = brief.cells.values().find(|c| c.computation.verb == "lowest").unwrap();
    assert_eq!(lowest.value, Some(120.0));
    assert_eq!(lowest.notes, ["1 of the numbers are not known"]);
    let text = markdown::write(&brief).unwrap();
    assert!(text.starts_with("not knownnot known\u{2248}\u{202f}120noFalse"), "{text}");
}

#[test]
fn a_chart_keeps_the_gap() {
    let mini = Mini::new(
        "{{ bar(rows(origin=\"AAA\", unit=\"USD mn\", side=\"A\"), label=\"year\", title=\"t\", unit=\"USD mn\", caption=\"c\") }}",
    );
    let brief = mini.brief();
    assert_eq!(brief.shown.len(), 4);
    let page = html::write(&brief).unwrap();
    let twin = page.split("<details class=\"twin\">").nth(1).unwrap();
    let twin = twin.split("</details>").next().unwrap();
    assert_eq!(twin.matches("<tr>").count(), 5, "{twin}");
    assert!(!twin.contains(">0<"), "a missing value is drawn as zero: {twin}");
}

#[test]
fn status_and_bound_follow_the_inputs() {
    let mini = Mini::new(
        "{% set half = assume(0.5, unit=\"share\", label=\"half\") %}\
         {{ calc(\"a * h\", a=(rows(flow_id=4)|first).value, h=half, unit=\"USD mn\", label=\"halved\") }}\
         {{ calc(\"a - b\", a=(rows(flow_id=5)|first).value, b=(rows(flow_id=1)|first).value, label=\"both\") }}",
    );
    let brief = mini.brief();
    let halved = labelled(&brief, "halved");
    assert_eq!((halved.status, &*halved.bound, halved.value), (Status::Assumed, "~", Some(60.0)));
    let both = labelled(&brief, "both");
    assert_eq!((&*both.period, &*both.side), ("2021, 2020", "B, A"));
    assert_eq!(both.sources, ["S2", "S1"]);
}

#[test]
fn one_expression_in_two_units_is_two_numbers() {
    let mini = Mini::new(
        "{% set a = (rows(flow_id=1)|first).value %}{% set b = (rows(flow_id=3)|first).value %}\
         {{ calc(\"100 * a / b\", a=a, b=b, unit=\"percent\", label=\"x\")|fmt(1, \"%\") }} \
         {{ calc(\"100 * a / b\", a=a, b=b, unit=\"index\", label=\"y\")|fmt(1) }}",
    );
    let brief = mini.brief();
    assert_eq!(labelled(&brief, "x").unit, "percent");
    assert_eq!(labelled(&brief, "y").unit, "index");
}

#[test]
fn a_total_tells_its_rows_sources_and_marks() {
    let mini = Mini::new(
        "{{ total(origin=[\"AAA\", \"BBB\"], measure=\"flow\", year=2020, label=\"all\") }}",
    );
    let brief = mini.brief();
    let cell = labelled(&brief, "all");
    // 100 + 50 + 80 on lines 2, 3 and 4.
    assert_eq!((cell.value, &*cell.rows[0].lines, cell.rows[0].count), (Some(230.0), "2-4", 3));
    assert_eq!(
        (cell.sources.as_slice(), cell.licences.as_slice()),
        (["S1".to_owned(), "S2".to_owned()].as_slice(), ["Public domain".to_owned()].as_slice())
    );
    let shares = Mini::new(
        "{% for t in totals(by=\"origin\", origin=[\"AAA\", \"BBB\"], measure=\"flow\", year=2020) %}\n{{ t.rank }} {{ t.name }} {{ t.value }} {{ t.share|fmt(1, \"%\") }}\n{% endfor %}",
    );
    let text = markdown::write(&shares.brief()).unwrap();
    // 150 and 80 of 230.
    assert!(text.starts_with("1 Alfa 150 65.2\u{202f}%\n2 Beta 80 34.8\u{202f}%\n"), "{text}");
}

#[test]
fn numbers_are_written_as_readers_read_them() {
    for (value, decimals, expected) in [
        (0.0, None, "0"),
        (-0.0, None, "0"),
        (0.0, Some(2), "0.00"),
        (-0.004, Some(2), "0.00"),
        (-0.006, Some(2), "\u{2212}0.01"),
        (999.5, Some(0), "1,000"),
        (999_999.6, None, "1,000,000"),
        (99.96, None, "100.0"),
        (9.996, None, "10.00"),
        (0.05, None, "0.050"),
        (0.000_05, None, "5.0e\u{2212}5"),
        (-0.000_05, None, "\u{2212}5.0e\u{2212}5"),
        (0.000_05, Some(3), "0.000"),
        (1e15, None, "1,000,000,000,000,000"),
        (12.0, None, "12"),
        (f64::INFINITY, None, "unbounded"),
        (f64::NAN, Some(2), "not known"),
    ] {
        assert_eq!(plain(value, decimals), expected, "{value} with {decimals:?}");
    }
    for (from, to, factor) in [
        ("USD mn", "USD bn", Some(1e-3)),
        ("USD bn", "USD mn", Some(1e3)),
        ("USD tn", "USD th", Some(1e9)),
        ("USD mn", "EUR mn", None),
        ("USD mn", "USD", None),
        ("USD", "USD", Some(1.0)),
        ("constant USD mn", "USD mn", None),
        ("", "", Some(1.0)),
        ("mn", "bn", None),
    ] {
        assert_eq!(scale(from, to), factor, "{from} to {to}");
    }
}

#[test]
fn formats_are_those_asked_for() {
    let value = |format: &str| text(&format!("{{{{ (rows(flow_id=4)|first).value{format} }}}}"));
    assert_eq!(value("|fmt(1)"), "\u{2248}\u{202f}120.0");
    assert_eq!(value("|fmt(2, \"USD bn\")"), "\u{2248}\u{202f}0.12");
    assert_eq!(value("|fmt(\"USD bn\")|fmt(1)"), "\u{2248}\u{202f}0.1");
    assert_eq!(value("|signed"), "\u{2248}\u{202f}+120");
}
