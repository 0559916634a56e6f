//! Each refusal of a template function provoked, with the words a reader gets.

use crate::common::{Mini, square};

/// A brief whose fourth line holds the expression.
fn refusal(expression: &str) -> String {
    Mini::new(&format!("# A\n\nText.\n{{{{ {expression} }}}}\n")).refusal(&[])
}

fn says(expression: &str, parts: &[&str]) {
    let refusal = refusal(expression);
    for part in parts.iter().chain(&["brief.md, line 4"]) {
        assert!(refusal.contains(part), "{expression}\nsays not {part:?} but\n{refusal}");
    }
}

const FIRST: &str = "(rows(flow_id=1)|first)";

#[test]
fn selections() {
    says("rows(orgin=\"AAA\")", &["flows.csv has no column \"orgin\"", "origin, destination"]);
    says("rows(table=\"flow\")", &["the case has no table \"flow\""]);
    says("rows(label=\"x\")", &["label"]);
    says("rows(origin=\"AAA\").value", &["undefined"]);
    says("rows(origin=nobody)", &["origin is undefined", "misspelt"]);
    says("count(5)", &["not iterable"]);
    says("count([1, 2])", &["count() counts rows"]);
    says("count(rows() + rows(table=\"places\"))", &["rows of flows and of places"]);
    says("[count(rows(year=2020)), count(rows(year=2021))]", &["its own label"]);
    says("members(\"AAA\")", &["is not a group of this case"]);
    says("nearest(origin=\"AAA\")", &["year_near"]);
}

#[test]
fn totals() {
    says("total(origin=\"AAA\", destination=\"BBB\", year=[2019, 2020])", &["USD mn", "EUR mn"]);
    says("total(origin=\"AAA\", destination=\"BBB\", year=2021)", &["side"]);
    // AAA and its region AAA-1 both sell to CCC.
    says("total(destination=\"CCC\", measure=\"flow\", year=2020)", &["AAA-1", "AAA"]);
    says("total(origin=\"AAA\", year=2022)", &["line 7"]);
    says("total(origin=\"AAA\", year=1990)", &["at least one row"]);
    says("totals(by=\"origin\", destination=\"CCC\", measure=\"flow\", year=2020)", &["AAA-1"]);
    says("totals(by=\"orgin\", origin=\"AAA\", year=2020)", &["orgin"]);
}

#[test]
fn arithmetic() {
    let b = "(rows(flow_id=8)|first).value";
    let side = "(rows(flow_id=5)|first).value";
    says(&format!("calc(\"a - b\", a={FIRST}.value, b={b})"), &["unit", "USD mn", "EUR mn"]);
    says(&format!("add([{FIRST}.value, {b}])"), &["unit", "USD mn", "EUR mn"]);
    says(
        &format!("add([{FIRST}.value, {side}])"),
        &["different side", "\"A\"", "\"B\"", "mixed = [\"side\"]"],
    );
    says(&format!("lowest([{FIRST}.value, {b}])"), &["unit"]);
    says("lowest([])", &["no known number"]);
    says("highest([(rows(flow_id=6)|first).value])", &["highest() was given no known number"]);
    says("add([])", &["no numbers"]);
    says(&format!("add([{FIRST}.value, {FIRST}.value])"), &["flow: Alfa", "twice"]);
    says(
        &format!("calc(\"a / b\", a={FIRST}.value, b=(rows(flow_id=9)|first).value)"),
        &["calc(\"a / b\")", "division by zero"],
    );
    says(&format!("calc(\"ln(-a)\", a={FIRST}.value)"), &["not a finite number"]);
    says(&format!("calc(\"a / c\", a={FIRST}.value)"), &["c"]);
    says(&format!("calc(\"a +\", a={FIRST}.value)"), &["calc(\"a +\"): unexpected end of input"]);
    says(&format!("calc(\"a > 1\", a={FIRST}.value)"), &["not a number"]);
    says("calc(\"1 + 1\")", &["was given no numbers"]);
    says("calc(\"a\", a=1)", &["expected a number of this brief"]);
    says(&format!("calc(\"a\", a={FIRST})"), &["name its column, such as .value"]);
    says("assume(1)", &["unit"]);
    says("assume(\"nan\"|float, unit=\"km\", label=\"x\")", &["finite"]);
    says("assume(setting(\"reach\", \"inf\")|float, unit=\"km\", label=\"x\")", &["finite"]);
    says(&format!("{FIRST}.value + 1"), &["unsupported types"]);
}

#[test]
fn formats() {
    says(&format!("{FIRST}.value|fmt(1, \"EUR bn\")"), &["\"USD mn\"", "\"EUR bn\""]);
    says(&format!("{FIRST}.value|fmt(1, \"%\")"), &["percent may be shown as %"]);
    says(&format!("{FIRST}.value|fmt(-1)"), &["fmt() takes"]);
    says(&format!("{FIRST}.value|fmt(1.5)"), &["fmt() takes"]);
    says(&format!("{FIRST}.value|fmt(99999)"), &["fmt() takes"]);
    says(&format!("{FIRST}.value|fmt(1, 2)"), &["fmt() takes"]);
    says("5|fmt(1)", &["expected a number of this brief"]);
}

#[test]
fn indicators() {
    says(
        "record(rows(origin=\"AAA\", destination=\"BBB\", year=2021), year=2021)",
        &["one side's books", "A and B"],
    );
    says("record([1], year=2021)", &["record() compares rows, or other items"]);
    says("record(rows(flow_id=1), year=2030)", &["2030"]);
    says("concentration([])", &["concentration"]);
    says("concentration([1])", &["what totals() returned"]);
}

#[test]
fn models() {
    let mini =
        |expression: &str| square(&format!("# A\n\nText.\n{{{{ {expression} }}}}\n")).refusal(&[]);
    for (expression, parts) in [
        ("simulate(agreement=[\"AAA\", \"BBC\"], beta=0.5, theta=4)", ["BBC", "BBB"]),
        ("simulate(close=\"XXX\", market=\"BBB\", theta=4)", ["XXX", "AAA"]),
        ("simulate(agreement=[\"AAA\"], beta=0.5, theta=4)", ["two groups", ""]),
        ("simulate(theta=4)", ["agreement = [A, B]", ""]),
        (
            "simulate(agreement=[\"AAA\", \"BBB\"], beta=\"much\", theta=4)",
            ["expected a number of this brief", ""],
        ),
        ("simulate(agreement=[\"AAA\", \"BBB\"], beta=\"nan\"|float, theta=4)", ["NaN", ""]),
        ("simulate(agreement=[\"AAA\", \"BBB\"], beta=0.5, theta=\"nan\"|float)", ["NaN", ""]),
        ("simulate(agreement=[\"AAA\", \"BBB\"], beta=0.5, theta=-1)", ["elasticity", ""]),
        ("estimate(\"value ~ log(distance)\")", ["pairs", ""]),
    ] {
        let refusal = mini(expression);
        for part in parts.iter().chain(&["line 4"]) {
            assert!(refusal.contains(part), "{expression}\nsays not {part:?} but\n{refusal}");
        }
    }
}

#[test]
fn sites() {
    says("site(kind=\"country\", keep=[\"ZZZ\"], add=1)", &["ZZZ"]);
    says("site(kind=\"country\", weight=\"people\", add=1)", &["people"]);
    says("site(kind=\"country\", add=9)", &["9"]);
    says("site(kind=\"country\")", &["add"]);
}

#[test]
fn charts() {
    says(
        "bar(totals(by=\"destination\", origin=\"AAA\", year=2020, measure=\"flow\"), title=\"t\")",
        &["caption"],
    );
    says("bar([], title=\"t\", caption=\"c\")", &["bar"]);
    says(
        "bar([{\"name\": \"a\", \"value\": 1}], title=\"t\", caption=\"c\")",
        &["expected a number of this brief"],
    );
    says("choropleth([], layer=\"moon\", title=\"t\", caption=\"c\")", &["world or east_europe"]);
    says("bar(rows(flow_id=1), titel=\"t\", title=\"t\", caption=\"c\")", &["titel"]);
}

#[test]
fn lines_are_those_of_the_mistake() {
    let loops = "# A\n{% for r in rows() %}\n{{ r.value }}\n{{ r.valu }}\n{% endfor %}\n";
    let refusal = Mini::new(loops).refusal(&[]);
    assert!(refusal.contains("brief.md, line 4"), "{refusal}");
    let nested = "{% for r in rows(flow_id=1) %}\n{% if r.value %}\n{% set x = calc(\"a / 0\",\n  a=r.value) %}\n{% endif %}\n{% endfor %}\n";
    let refusal = Mini::new(nested).refusal(&[]);
    assert!(refusal.contains("line 3") || refusal.contains("line 4"), "{refusal}");
    let macros = "{% macro m(x) %}\n{{ x|fmt(1, \"km\") }}\n{% endmacro %}\n\n{{ m((rows(flow_id=1)|first).value) }}\n";
    let refusal = Mini::new(macros).refusal(&[]);
    assert!(refusal.contains("line 2") || refusal.contains("line 5"), "{refusal}");
    let open = "# A\n\n{% for r in rows() %}\n";
    let refusal = Mini::new(open).refusal(&[]);
    assert!(
        refusal.contains("brief.md, line") && refusal.contains("unexpected end of input"),
        "{refusal}"
    );
    let undefined = "# A\n\n{{ nothing }}\n";
    let refusal = Mini::new(undefined).refusal(&[]);
    assert!(refusal.contains("brief.md, line 3") && refusal.contains("undefined"), "{refusal}");
}

#[test]
fn settings() {
    let mini = Mini::new("# A\n{{ setting(\"exporter\", \"AAA\") }}\n");
    let refusal = mini.refusal(&[("exportr", "BBB")]);
    assert!(refusal.contains("--set exportr"), "{refusal}");
    let settings = [("exporter".to_owned(), "BBB".to_owned())].into();
    let brief = emporion_brief::engine::build(mini.case(), settings).unwrap();
    assert!(brief.text.contains("BBB"));
}

#[test]
fn a_case_without_a_brief() {
    let mini = Mini::new("");
    let mut case = emporion_tables::Case::clone(&mini.case());
    case.brief = None;
    let refusal =
        emporion_brief::engine::build(case.into(), Default::default()).unwrap_err().to_string();
    assert!(refusal.contains("missing-brief"), "{refusal}");
}
