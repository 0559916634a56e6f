//! Sites and offices of a brief: maps of who is served, elbows, shares of draws, and what is refused.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use emporion_brief::render::Brief;
use emporion_brief::{engine, html};
use emporion_tables::Case;

use crate::common::{Mini, bundled};
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
fn rules_decide_in_every_problem() {
    let rules = "rules=[\"never CHN, IND\", \"at least 1 of RUS, KAZ\", \"not both USA, CAN\"]";
    let people = "kind=\"country\", weight=\"population\"";
    for (problem, gain) in [
        ("add=3", false),
        ("problem=\"p-center\", add=3", false),
        ("problem=\"set-cover\", radius=4000", false),
        ("problem=\"set-cover\", radius=4000, opening=2.5", false),
        ("problem=\"max-cover\", radius=2000, add=3", true),
        ("problem=\"facility\", opening=3e11", false),
        ("problem=\"facility\", opening=3e11, capacity=2e9", false),
        ("problem=\"capture\", logit=0.001, outside=1, add=3", true),
    ] {
        let number = if problem.starts_with("add") { "mean" } else { "value" };
        let asked = |more: &str| format!("site({people}, {problem}{more})");
        let free = value(&format!("({}).{number}", asked("")));
        let ruled = value(&format!("({}).{number}", asked(&format!(", {rules}"))));
        assert!(if gain { ruled <= free } else { ruled >= free }, "{problem}: {free} {ruled}");
        let shown = with(&format!(
            "{{% set plan = {} %}}{{{{ plan.verdict }}}} {{% for s in plan.sites %}}<{{{{ s.id }}}}> \
             {{% endfor %}}",
            asked(&format!(", {rules}"))
        ));
        let page = html::write(&shown.unwrap()).unwrap();
        assert!(page.contains("Optimal"), "{problem}");
        let open = |id: &str| page.contains(&format!("&lt;{id}&gt;"));
        assert!(!open("CHN") && !open("IND"), "{problem}");
        assert!(open("RUS") || open("KAZ"), "{problem}");
        assert!(!(open("USA") && open("CAN")), "{problem}");
    }
}

#[test]
fn rules_say_what_options_say() {
    let site = "kind=\"country\", weight=\"population\", add=2";
    // Two roads to a kept centre, and to the number that a budget pays.
    let kept = value(&format!("site({site}, keep=[\"BRA\"]).mean"));
    assert_eq!(value(&format!("site({site}, rules=[\"keep BRA\"]).mean")), kept);
    let paid = "rules=[\"keep BRA\", \"cost 10 each\", \"budget 20\"]";
    let people = "kind=\"country\", weight=\"population\"";
    assert_eq!(value(&format!("site({people}, {paid}).mean")), kept);
    // A group by a column, and costs from one.
    let none = "rules=[\"at most 0 with seat_city = Moscow\"]";
    let never = value(&format!("site({site}, rules=[\"never RUS\"]).mean"));
    assert_eq!(value(&format!("site({site}, {none}).mean")), never);
    let areas = "rules=[\"cost from area_km2\", \"budget 2000\"]";
    assert!(value(&format!("site({people}, {areas}).mean")) > kept);
    // Points of the curve are plans.
    let curve = format!("site_curve({people}, most=3, rules=[\"keep BRA\", \"never CHN\"])");
    let plan = value(&format!("site({site}, rules=[\"never CHN\", \"keep BRA\"]).mean"));
    assert_eq!(value(&format!("({curve})[2].value")), plan);
    // Offices: the same of sales.
    let offices = "exporter=\"BRA\", gain=assume(8, unit=\"percent\", label=\"g\"), \
                   reach=assume(2000, unit=\"km\", label=\"r\"), product=\"A01\"";
    let kept = value(&format!("offices({offices}, add=2, keep=[\"CHN\"]).benefit"));
    let ruled = value(&format!("offices({offices}, add=2, rules=[\"keep CHN\"]).benefit"));
    assert!((ruled - kept).abs() <= 1e-9 * kept);
    let free = value(&format!("offices({offices}, add=2).benefit"));
    let never = value(&format!("offices({offices}, add=2, rules=[\"never CHN, USA\"]).benefit"));
    assert!(never < free);
    let point = format!("offices_curve({offices}, most=2, rules=[\"never CHN, USA\"])[1].value");
    assert!((value(&point) - never).abs() <= 1e-9 * never);
    let drawn = |rules: &str| {
        let text = format!(
            "{{% set m = estimate(\"value ~ log(distance) + shared_language | origin + destination\", \
             product=\"A01\", domestic=false) %}}{{% set plan = offices(exporter=\"BRA\", \
             beta=m.coef(\"shared_language\"), reach=assume(2000, unit=\"km\", label=\"r\"), add=2, \
             draws=20, product=\"A01\", rules=[{rules}]) %}}{{% for p in plan.chosen %}}<{{{{ p.id \
             }}}}>{{% endfor %}}"
        );
        html::write(&with(&text).unwrap()).unwrap()
    };
    // What is chosen in some draw without the rule is chosen in none with it.
    let free = drawn("");
    let at = free.find("&lt;").expect("a place is chosen") + 4;
    let id = &free[at..at + 3];
    let ruled = drawn(&format!("\"never {id}\""));
    assert!(!ruled.contains(&format!("&lt;{id}&gt;")) && ruled.contains("&lt;"), "{id}");
}

#[test]
fn rules_that_have_no_plan_or_no_meaning_are_refused() {
    for (rules, words) in [
        ("[\"keep XXX\"]", &["XXX"][..]),
        ("[\"keep BRA\", \"never XXX\"]", &["rules, line 2", "XXX"]),
        ("[\"not both BRA, XXX\"]", &["rules, line 1", "XXX"]),
        ("[\"perhaps BRA\"]", &["rules, line 1", "perhaps BRA"]),
        ("[\"keep BRA\", \"never BRA\"]", &["BRA is both to be kept and never"]),
        ("[\"keep BRA, CHN\", \"not both BRA, CHN\"]", &["BRA, CHN are kept"]),
        ("[\"budget 10\"]", &["no cost for"]),
        ("[\"cost 1 each\"]", &["no budget"]),
        ("[\"at most 1 with colour = red\"]", &["colour"]),
        ("[\"at most 1 with seat_city = Atlantis\"]", &["seat_city", "Atlantis"]),
        ("\"nowhere.txt\"", &["nowhere.txt", "rules=["]),
        ("7", &["a list of lines"]),
    ] {
        for call in ["site(kind=\"country\", add=1", "site_curve(kind=\"country\", most=1"] {
            let text = format!("{{{{ ({call}, rules={rules})) }}}}");
            let message = with(&text).unwrap_err();
            assert!(words.iter().all(|word| message.contains(word)), "{text}: {message}");
        }
    }
    for (call, word) in [
        ("site(kind=\"country\", rules=[\"never BRA\"])", "say add"),
        (
            "site(problem=\"facility\", kind=\"country\", opening=1, rules=[\"cost 1 each\", \
             \"budget 9\"])",
            "the budget counts that option",
        ),
        ("site(problem=\"set-cover\", kind=\"country\", radius=900, add=2)", "leave add out"),
        ("site(problem=\"p-center\", kind=\"country\", add=2, radius=900)", "leave radius out"),
        (
            "site(problem=\"max-cover\", kind=\"country\", radius=9, add=2, huff=1)",
            "leave huff out",
        ),
    ] {
        let message = with(&format!("{{{{ ({call}).verdict }}}}")).unwrap_err();
        assert!(message.contains(word), "{call}: {message}");
    }
}

#[test]
fn rules_stand_in_a_file_of_the_case() {
    let site = |asked: &str| format!("{{{{ site(kind=\"country\", {asked}).mean }}}}");
    let (file, kept) = (site("add=1, rules=\"rules.txt\""), site("add=0, keep=[\"CCC\"]"));
    let mini = Mini::new(&format!("# Sites\n\n{file} {kept}\n"));
    mini.put("rules.txt", "# Neither of the two in the west.\nnever AAA, BBB\n");
    let brief = mini.brief();
    let means: Vec<_> = brief.shown.iter().map(|id| brief.cells[id].value).collect();
    assert!(means[0].is_some() && means[0] == means[1], "{means:?}");
    mini.put("rules.txt", "never AAA\nnever DDD\n");
    let refusal = mini.refusal(&[]);
    assert!(refusal.contains("rules.txt, line 2") && refusal.contains("DDD"), "{refusal}");
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
