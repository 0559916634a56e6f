//! The bundled world case from end to end.

mod common;

use common::{Desk, SMALL};

#[test]
fn the_bundled_cases_pass_their_check() {
    let desk = Desk::new();
    for case in ["world-2022", SMALL] {
        let line = desk.line(&format!("check {case}")).ok();
        assert!(line.starts_with(&format!("{case}: no problems")), "{line}");
    }
}

#[test]
fn the_demo_builds_a_page_and_prints_its_headline() {
    let desk = Desk::new();
    let json = desk.line("demo --format json").json();
    let page = desk.read("emporion-demo/brief.html");
    assert!(page.contains("</html>"));
    assert_eq!(json["summary"]["page"], "emporion-demo/brief.html");
    let rows = json["rows"].as_array().unwrap();
    assert!(rows.len() >= 5, "{json:#}");
    // The headline stands on the page word for word.
    for row in rows {
        let value = row["value"].as_str().unwrap();
        assert!(page.contains(value), "{value} of {row:#}");
        assert!(!row["unit"].as_str().unwrap().is_empty(), "{row:#}");
    }
    let id = rows[0]["id"].as_str().unwrap();
    assert_eq!(json["summary"]["explain"], format!("emporion brief world-2022 --explain {id}"));
    let reference = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let reference = reference.join("../../docs/reference/json.md");
    let reference = std::fs::read_to_string(reference).expect("docs/reference/json.md");
    let (_, demo) = reference.split_once("## emporion-demo/1").expect("a section on the demo");
    for part in [&rows[0], &json["summary"]] {
        for key in part.as_object().unwrap().keys() {
            assert!(demo.contains(&format!("`{key}`")), "{key} is not documented");
        }
    }
}

#[test]
fn a_number_in_the_terminal_and_in_the_brief_are_one() {
    let desk = Desk::new();
    let brief = desk.line("brief world-2022 --format json").json();
    let cells = brief["cells"].as_object().unwrap();
    let formula = "value ~ log(distance) + contiguity + both_eu27 + both_eaeu + border | origin + destination";
    let fit = desk
        .run(&[
            "estimate",
            "world-2022",
            "--where",
            "product.goods=1",
            "--formula",
            formula,
            "--format",
            "json",
        ])
        .json();
    let row = fit["rows"].as_array().unwrap().iter().find(|row| row["term"] == "border").unwrap();
    for (label, key) in
        [("coefficient of border", "coefficient"), ("standard error of border", "standard_error")]
    {
        let cell = cells.values().find(|cell| cell["label"] == label).expect(label);
        assert_eq!(cell["value"], row[key], "{label}");
    }
    let world = desk.line("simulate world-2022 --close BRA:CHN --top 1 --format json").json();
    let home = cells.values().find(|cell| {
        cell["label"]
            .as_str()
            .is_some_and(|label| label.contains("lost quantity") && label.contains("home"))
    });
    let home = home.expect("the brief tells what turns home")["value"].as_f64().unwrap();
    // The brief may hold the ratio or the percentage; both come from one number.
    let told = world["summary"]["quantity_home"].as_f64().unwrap();
    assert_eq!(told, home);
}

#[test]
fn groups_stand_for_their_members_and_products_for_their_kind() {
    let desk = Desk::new();
    let line = "measure sum world-2022 --where origin=MERCOSUR --where destination=CHN";
    let group = desk.line(&format!("{line} --format json")).json();
    let members = line.replace("MERCOSUR", "ARG,BRA");
    let members = desk.line(&format!("{members} --format json")).json();
    assert_eq!(group["summary"]["total"], members["summary"]["total"]);
    assert_eq!(group["notes"][0]["code"], "group_members");
    let goods = desk.line(&format!("{line} --where product.goods=1 --format json")).json();
    let services = desk.line(&format!("{line} --where product.goods=0 --format json")).json();
    let total = |json: &serde_json::Value| json["summary"]["total"].as_f64().unwrap();
    let sum = total(&goods) + total(&services);
    // Two sums of parts against one: the last bits may differ.
    assert!((sum - total(&group)).abs() < 1e-12 * sum);
}
