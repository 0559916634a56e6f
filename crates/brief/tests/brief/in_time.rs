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
fn a_share_of_one_row_that_holds_the_whole() {
    // The region sells 20 of what the country sells to CCC, 50.
    let of = "shares_by_year(group=[\"AAA-1\"], of=\"AAA\", destination=\"CCC\", measure=\"flow\")";
    let share = number(&format!("{of}[0].value"), "share: group in 2020").unwrap();
    assert!((share - 100.0 * 20.0 / 50.0).abs() < 1e-12);
    says(&of.replace("of=\"AAA\"", "of=\"BBB\""), &["BBB"]);
}

#[test]
fn prices_volumes_and_rates() {
    const RATES: &str = "[{\"year\": 2020, \"rate\": assume(2, unit=\"USD\", label=\"r20\")}, \
                         {\"year\": 2021, \"rate\": assume(4, unit=\"USD\", label=\"r21\")}]";
    // 100 in 2020 and 120 in 2021, when prices are a quarter higher.
    let rows = "rows(flow_id=[1, 4])";
    let real = |rest: &str| format!("constant_prices({rows}, {rest}, base=2020)[1]");
    let near = |expression: &str, label: &str, expected: f64| {
        let found = number(expression, &format!("{label}: flow: Alfa \u{2192} Beta")).unwrap();
        assert!((found - expected).abs() < 1e-12, "{expression}: {found}, not {expected}");
    };
    let prices = real(&format!("prices={PRICES}"));
    near(&format!("{prices}.price_index"), "price index", 125.0);
    near(&format!("{prices}.value_index"), "value index", 120.0);
    near(&format!("{prices}.volume_index"), "volume index", 96.0);
    near(&format!("{prices}.volume_growth"), "growth of the volume", -4.0);
    // 100 / 2 and 120 / 4; at the rate of 2020 120 / 2.
    let quote = "quote=\"old_per_new\", unit=\"EUR mn\"";
    let rates = real(&format!("rates={RATES}, {quote}"));
    assert_eq!(
        number(&format!("{rates}.value"), "flow: Alfa \u{2192} Beta, in EUR mn"),
        Some(30.0)
    );
    near(&format!("{rates}.value_index"), "value index", 60.0);
    let constant = real(&format!("rates={RATES}, {quote}, constant_rate=true"));
    let label = "flow: Alfa \u{2192} Beta, in EUR mn at the rates of 2020";
    assert_eq!(number(&format!("{constant}.value"), label), Some(60.0));
    let both = real(&format!("prices={PRICES}, rates={RATES}, {quote}"));
    let label = "flow: Alfa \u{2192} Beta, at prices of 2020";
    assert_eq!(number(&format!("{both}.value"), label), Some(24.0));
    let label = "flow: Alfa \u{2192} Beta, in EUR mn";
    assert_eq!(number(&format!("{both}.current"), label), Some(30.0));
    let new = real(&format!("rates={RATES}, quote=\"new_per_old\", unit=\"EUR mn\""));
    assert_eq!(number(&format!("{new}.value"), label), Some(480.0));

    let plain = |rest: &str| format!("constant_prices({rows}, {rest}base=2020)");
    says(&plain(""), &["prices, rates, or both"]);
    says(&plain(&format!("rates={RATES}, ")), &["needs quote"]);
    says(&plain(&format!("prices={PRICES}, {quote}, ")), &["with rates alone"]);
    says(&plain(&format!("rates={RATES}, quote=\"up\", unit=\"EUR\", ")), &["old_per_new"]);
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
