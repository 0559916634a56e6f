//! Runs, contributions, shares by year, ranks and constant prices in a brief, by hand.

use crate::common::{Mini, labelled};

const PRICES: &str = "[{\"year\": 2020, \"index\": assume(80, unit=\"index\", label=\"p20\")}, \
                      {\"year\": 2021, \"index\": assume(100, unit=\"index\", label=\"p21\")}]";

/// Runs `expression` and gives the number with this label.
#[track_caller]
fn number(expression: &str, label: &str) -> Option<f64> {
    let brief = Mini::new(&format!("# A\n\nText.\n{{{{ {expression} }}}}\n")).brief();
    labelled(&brief, label).value
}

#[track_caller]
fn says(expression: &str, parts: &[&str]) {
    let refusal = Mini::new(&format!("# A\n\nText.\n{{{{ {expression} }}}}\n")).refusal(&[]);
    for part in parts.iter().chain(&["brief.md, line 4"]) {
        assert!(refusal.contains(part), "{expression}\nsays not {part:?} but\n{refusal}");
    }
}

#[test]
fn numbers_by_hand() {
    // 100, then about 120: one year of growth, one record.
    let of = |of: &str| format!("longest_run(rows(flow_id=[1, 4]), of=\"{of}\").steps");
    assert_eq!(number(&of("growth"), "longest run of growth"), Some(1.0));
    assert_eq!(number(&of("records"), "longest run of records"), Some(1.0));

    let pair = "(totals(by=\"origin\", flow_id=1), totals(by=\"origin\", flow_id=4))[0].value";
    let found = number(&format!("contributions{pair}"), "contribution to growth: Alfa");
    assert_eq!(found, Some(20.0));
    assert_eq!(number(&format!("rank_changes{pair}"), "places gained: Alfa"), Some(0.0));

    let shares = "shares_by_year(group=[\"AAA\"], destination=[\"AAA\", \"BBB\"], year=2020)";
    let share = number(&format!("{shares}[0].value"), "share: group in 2020").unwrap();
    assert!((share - 100.0 * 100.0 / 180.0).abs() < 1e-12);

    let real = format!("constant_prices(rows(flow_id=4), prices={PRICES}, base=2020)[0].value");
    let label = "flow: Alfa \u{2192} Beta, at prices of 2020";
    assert_eq!(number(&real, label), Some(96.0));
}

#[test]
fn refusals() {
    says("longest_run(rows(flow_id=[1, 4]), of=\"luck\").steps", &["growth or records"]);
    says("longest_run(rows(flow_id=1)).steps", &["at least two years"]);
    says("longest_run(rows(flow_id=[1, 8])).steps", &["USD mn", "EUR mn"]);
    let pair = "(totals(by=\"origin\", flow_id=[1, 3]), totals(by=\"origin\", flow_id=4))";
    says(&format!("contributions{pair}"), &["Beta", "missing is not zero"]);
    says("contributions([1], [2])", &["totals()"]);
    let apart = "(totals(by=\"origin\", flow_id=3), totals(by=\"origin\", flow_id=4))";
    says(&format!("rank_changes{apart}"), &["both years"]);
    says("shares_by_year(group=[\"CCC\"], year=2020, flow_id=1)", &["CCC"]);
    says(
        &format!("constant_prices(rows(flow_id=8), prices={PRICES}, base=2020)"),
        &["no index for 2019", "2020"],
    );
    says(&format!("constant_prices(rows(flow_id=4), prices={PRICES}, base=2015)"), &["2015"]);
    says("constant_prices(rows(flow_id=4), prices=[{\"year\": 1}], base=2020)", &["index"]);
}
