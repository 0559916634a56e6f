//! Estimates shown in a brief: every number of a table or chart has its trace, and what cannot be
//! shown is refused with its remedy.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use emporion_brief::book::Shown;
use emporion_brief::regression::Slot;
use emporion_brief::render::Brief;
use emporion_brief::{engine, html, markdown};
use emporion_tables::Case;

use crate::common::bundled;
use crate::page::sound;

const A: &str = "{% set a = estimate(\"value ~ log(distance) + border | origin + destination\", product=\"A01\") %}\n";
const B: &str = "{% set b = estimate(\"value ~ log(distance) | origin + destination\", product=\"A01\", domestic=false, cluster=[\"origin\"], vcov=\"cluster\") %}\n";
const LOGS: &str = "{% set logs = estimate(\"log(value + 1) ~ log(distance) | origin\", product=\"A01\", family=\"ols\") %}\n";

const WORDS: &str = "title=\"Trade\", caption=\"Two models\"";

/// A brief with the models that its text names.
fn with(text: &str) -> Result<Brief, String> {
    let named = |name: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    let models: String = [("a", A), ("b", B), ("logs", LOGS)]
        .into_iter()
        .filter(|(name, _)| named(name))
        .map(|(_, model)| model)
        .collect();
    static CASE: OnceLock<Arc<Case>> = OnceLock::new();
    let mut case = Case::clone(CASE.get_or_init(|| bundled("world-2022")));
    case.brief = Some(format!("# Models\n\n## One part\n\n{models}\n{text}\n"));
    engine::build(Arc::new(case), BTreeMap::new()).map_err(|report| report.to_string())
}

#[test]
fn every_number_of_a_table_opens_its_trace() {
    for (below, traced) in [("se", "standard error"), ("t", "t statistic"), ("p", "p-value")] {
        let text = format!("{{{{ regression_table([a, b], below=\"{below}\", {WORDS}) }}}}");
        let brief = with(&text).unwrap();
        let Shown::Regression(table) = &brief.blocks[0].shown else { panic!("no table") };
        for (at, slot) in table.terms.iter().flat_map(|t| t.slots.iter().enumerate()) {
            let Slot::Estimate(estimate) = slot else { continue };
            assert_eq!(brief.cells[&estimate.key].value, Some(estimate.coefficient));
            let cell = &brief.cells[&estimate.below_key];
            assert_eq!(cell.computation.options["number"], traced);
            let domestic = if at == 0 { "true" } else { "false" };
            assert_eq!(cell.computation.options["domestic flows"], domestic);
        }
        assert!(table.keys().iter().all(|key| brief.shown.contains(key)));
        // Three coefficients with what stands below, and two statistics of each model.
        assert_eq!(brief.shown.len(), 6 + 4, "{:?}", brief.shown);
        let page = html::write(&brief).unwrap();
        sound(&page);
        let table = page.split("<table class=\"regression\">").nth(1).unwrap();
        let table = table.split("</table>").next().unwrap();
        assert_eq!(table.matches("<button").count(), 10, "{table}");
        assert!(!page.contains("<sup>*"), "stars are off by default");
        let text = markdown::write(&brief).unwrap();
        assert!(text.contains("cluster by origin, Stata ppmlhdfe factor (clusters: origin 80)"));
    }
}

#[test]
fn charts_show_the_same_numbers_as_the_table() {
    let brief = with(&format!(
        "{{{{ coefficient_plot([a, b], labels=[\"with\", \"without\"], {WORDS}) }}}}
        {{{{ event_study(a, terms=\"bor*\", {WORDS}) }}}}"
    ));
    let refused = brief.unwrap_err();
    assert!(refused.contains("\"der\"") && refused.contains("no number"), "{refused}");

    let brief = with(&format!(
        "{{{{ regression_table([a, b], {WORDS}) }}}}
        {{{{ coefficient_plot([a, b], labels=[\"with\", \"without\"], {WORDS}) }}}}
        {{{{ event_study([a, b], leads=\"border\", reference=-1, {WORDS}) }}}}
        {{{{ fitted_observed(a, {WORDS}) }}}}"
    ))
    .unwrap();
    sound(&html::write(&brief).unwrap());
    let ids: Vec<Vec<String>> = brief.blocks.iter().map(|block| block.shown.ids()).collect();
    assert!(ids[1].iter().all(|id| ids[0].contains(id)) && ids[1].len() == 3, "{ids:?}");
    assert_eq!(ids[2].len(), 1);
    let Shown::Figure(figure) = &brief.blocks[3].shown else { panic!("no picture") };
    assert!(figure.alt.contains("pairs on logarithmic axes"), "{}", figure.alt);
}

#[test]
fn refusals() {
    for (text, part) in [
        ("regression_table(a)", "needs title"),
        ("regression_table([], WORDS)", "there is no model"),
        ("regression_table(3, WORDS)", "expected the result of estimate()"),
        ("regression_table([a, b], labels=[\"one\"], WORDS)", "names 1 models, there are 2"),
        ("regression_table(a, stars=\"many\", WORDS)", "none, fixest or esttab"),
        ("regression_table(a, statistics=[\"aic\"], WORDS)", "pseudo_r2"),
        ("regression_table(a, keep=\"language\", WORDS)", "no term fits \"language\""),
        ("coefficient_plot(a, terms=[\"language\"], WORDS)", "log(distance), border"),
        ("coefficient_plot(a, colour=\"red\", WORDS)", "colour"),
        ("event_study(a, WORDS)", "needs the terms"),
        ("fitted_observed(logs, WORDS)", "outcome that is a column"),
        ("fitted_observed(a, unit=\"EUR mn\", WORDS)", "cannot be shown in \"EUR mn\""),
    ] {
        let refused = with(&format!("{{{{ {} }}}}", text.replace("WORDS", WORDS))).unwrap_err();
        assert!(refused.contains(part), "{text}: {refused}");
    }
}
