//! Sites and offices of a brief: maps of who is served, elbows, shares of draws, and what is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use emporion_brief::render::Brief;
use emporion_brief::{engine, html};
use emporion_tables::Case;

use crate::common::bundled;
use crate::page::sound;

fn with(text: &str) -> Result<Brief, String> {
    static CASE: OnceLock<Arc<Case>> = OnceLock::new();
    let mut case = Case::clone(CASE.get_or_init(|| bundled("world-2022")));
    case.brief = Some(format!("# Sites\n\n## One part\n\n{text}\n"));
    engine::build(Arc::new(case), BTreeMap::new()).map_err(|report| report.to_string())
}

fn value(text: &str) -> f64 {
    let brief = with(&format!("{{{{ {text} }}}}")).unwrap();
    assert_eq!(brief.shown.len(), 1, "{text}");
    brief.cells[&brief.shown[0]].value.unwrap()
}

const WORDS: &str = "title=\"Sites\", caption=\"They stand\"";

#[test]
fn a_map_shows_who_is_served_by_which_centre() {
    for plan in [
        "site(kind=\"country\", weight=\"population\", keep=[\"BRA\"], add=2)",
        "site(problem=\"p-center\", kind=\"country\", add=3)",
        "offices(exporter=\"BRA\", gain=assume(8, unit=\"percent\", label=\"g\"), \
         reach=assume(2000, unit=\"km\", label=\"r\"), add=3, product=\"A01\")",
    ] {
        let unit = if plan.starts_with("site") { "km" } else { "USD mn" };
        let text = format!(
            "{{% set plan = {plan} %}}{{{{ flow_map(plan.served, markers=plan.sites, unit=\"{unit}\", \
             {WORDS}) }}}}"
        );
        let brief = with(&text).unwrap();
        // Every place but those with a centre, and the exporter.
        assert!((75..=78).contains(&brief.shown.len()), "{plan}: {}", brief.shown.len());
        sound(&html::write(&brief).unwrap());
    }
}

#[test]
fn the_other_problems_answer() {
    let radius = value("site(problem=\"p-center\", kind=\"country\", add=4).value");
    let cover =
        |r: f64| value(&format!("site(problem=\"set-cover\", kind=\"country\", radius={r}).value"));
    // Two roads: a radius of four centres covers with four, a smaller one needs more.
    assert!(cover(radius + 1e-6) <= 4.0 && cover(radius - 1.0) > 4.0);
    let reached = value(&format!(
        "site(problem=\"max-cover\", kind=\"country\", weight=\"population\", radius={}, add=4).value",
        radius + 1e-6
    ));
    assert!((reached - 100.0).abs() < 1e-9);
    let won = value(
        "site(problem=\"capture\", kind=\"country\", weight=\"population\", logit=0.001, outside=1, \
         add=2).value",
    );
    assert!((0.0..100.0).contains(&won));
    let cost = value("site(problem=\"facility\", kind=\"country\", opening=5000).value");
    assert!(cost > 5000.0);
}

#[test]
fn draws_of_a_coefficient_are_bars() {
    let plan = "{% set m = estimate(\"value ~ log(distance) + shared_language | origin + \
                destination\", product=\"A01\", domestic=false) %}{% set plan = offices(\
                exporter=\"BRA\", beta=m.coef(\"shared_language\"), reach=assume(2000, unit=\"km\", \
                label=\"r\"), add=2, draws=40, seed=7, keep=[\"CHN\"], product=\"A01\") %}";
    let text = format!(
        "{plan}{{{{ bar(plan.chosen, unit=\"percent of draws\", {WORDS}) }}}}\n\n\
         {{{{ plan.benefit }}}} {{{{ plan.plan_share }}}} {{{{ plan.regret }}}}"
    );
    let brief = with(&text).unwrap();
    let shown: Vec<_> = brief.shown.iter().map(|id| &brief.cells[id]).collect();
    let shares: f64 = shown
        .iter()
        .filter(|cell| cell.label.starts_with("share of draws with"))
        .filter_map(|cell| cell.value)
        .sum();
    // Two offices and the one that is kept.
    assert!((shares - 300.0).abs() < 1e-9, "{shares}");
    let benefit = shown.iter().find(|c| c.label == "additional sales with 2 offices").unwrap();
    let ends = benefit.interval.as_ref().unwrap();
    assert!(ends.low < benefit.value.unwrap() && benefit.value.unwrap() < ends.high);
    assert!(ends.method.contains("40 draws, seed 7"), "{}", ends.method);
    let regret = shown.iter().find(|c| c.label == "expected regret of the plan").unwrap();
    assert!(regret.value.unwrap() >= 0.0);
}

#[test]
fn an_elbow_is_a_line() {
    let brief = with(&format!(
        "{{% set curve = site_curve(kind=\"country\", weight=\"population\", keep=[\"BRA\"], most=3) \
         %}}{{{{ line([{{\"label\": \"mean\", \"points\": curve}}], x=\"added\", x_label=\"added\", \
         unit=\"km\", {WORDS}) }}}}"
    ))
    .unwrap();
    let values: Vec<f64> = brief.shown.iter().filter_map(|id| brief.cells[id].value).collect();
    assert_eq!(values.len(), 4);
    assert!(values.iter().all(|v| *v <= values[0]));
}

#[test]
fn what_has_no_answer_is_refused() {
    let offices = "offices(exporter=\"BRA\", reach=assume(2000, unit=\"km\", label=\"r\"), add=1";
    let assumed = "gain=assume(8, unit=\"percent\", label=\"g\")";
    for (text, word) in [
        ("site(problem=\"p-centre\", kind=\"country\", add=1)".into(), "p-center"),
        ("site(problem=\"p-center\", kind=\"country\")".into(), "say add"),
        ("site(problem=\"set-cover\", kind=\"country\")".into(), "radius"),
        ("site(problem=\"facility\", kind=\"country\")".into(), "opening"),
        ("site(problem=\"capture\", kind=\"country\", add=1)".into(), "logit or huff"),
        ("site(problem=\"capture\", kind=\"country\", add=1, huff=2)".into(), "infinite"),
        ("site(problem=\"p-center\", kind=\"country\", add=900)".into(), "number of open sites"),
        (
            "site(problem=\"facility\", kind=\"country\", weight=\"population\", opening=1, \
             capacity=1)"
                .into(),
            "capacity",
        ),
        (format!("{offices})"), "gain (percent) or beta"),
        (
            format!("{offices}, {assumed}, beta=assume(1, unit=\"x\", label=\"b\"))"),
            "one of the two",
        ),
        (format!("{offices}, {assumed}, draws=9)"), "interval"),
        (format!("{offices}, {assumed}, keep=[\"XXX\"])"), "XXX"),
    ] {
        let message = with(&format!("{{{{ ({text}).verdict }}}}")).unwrap_err();
        assert!(message.contains(word), "{text}: {message}");
    }
}
