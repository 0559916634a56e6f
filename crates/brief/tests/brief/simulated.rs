//! Counterfactuals whose elasticity is not known, over a list of elasticities, and sales before and after.

use emporion_brief::markdown;

use crate::common::square;

fn text(brief: &str) -> String {
    let out = markdown::write(&square(brief).brief()).unwrap();
    out.split("\n\n## Sources").next().unwrap().trim().to_owned()
}

const CLOSED: &str =
    "{% set w = simulate(close=\"AAA\", market=\"BBB\", theta=4, theta_sd=1, draws=50) %}";

#[test]
fn draws_give_every_number_an_interval() {
    let inside = "{% for n in [w.place(\"AAA\").welfare, w.place(\"CCC\").exports, w.diversion.home, \
                  w.diversion.value_destroyed, w.diversion.third.value, w.diversion.fill[0].sellers[0].value] %}\
                  {{ n.low.value < n.value }} {{ n.value < n.high.value }} {% endfor %}";
    let found = text(&format!("{CLOSED}{inside}"));
    assert_eq!(found, ["True"; 12].join(" "));
    // The trace says what was drawn.
    let brief = square(&format!("{CLOSED}{{{{ w.place(\"AAA\").welfare }}}}")).brief();
    let cell = brief.cells.values().find(|cell| cell.interval.is_some()).unwrap();
    let method = &cell.interval.as_ref().unwrap().method;
    assert!(method.contains("50 draws") && method.contains("log-normal, mean 4, sd 1"), "{method}");
    assert!(method.contains("0 without a solution"), "{method}");
    assert_eq!(cell.computation.options["draws"], "50");
}

#[test]
fn the_middle_is_the_solution_without_draws() {
    let same = format!(
        "{CLOSED}{{% set p = simulate(close=\"AAA\", market=\"BBB\", theta=4) %}}\
         {{% set at = w.over_theta([2, 4], \"AAA\")[1] %}}\
         {{{{ w.place(\"AAA\").welfare.value == p.place(\"AAA\").welfare.value }}}} \
         {{{{ at.theta }}}} {{{{ at.welfare.value == p.place(\"AAA\").welfare.value }}}} \
         {{{{ at.diversion.home.value == p.diversion.home.value }}}}"
    );
    assert_eq!(text(&same), "True 4.0 True True");
}

#[test]
fn sales_before_and_after_add_up() {
    let sales = format!(
        "{CLOSED}{{% for s in w.diversion.sales %}}{{{{ s.id }}}} {{{{ s.where }}}} {{{{ s.before.value }}}} \
         {{{{ s.after.value == s.before.value + s.change.value or s.where != \"closed\" }}}}; {{% endfor %}}\
         {{{{ w.diversion.sales[0].after.value }}}}"
    );
    let found = text(&sales);
    assert!(found.starts_with("BBB closed 11.0 True; "), "{found}");
    assert!(found.contains("AAA home 100.0") && found.contains("CCC abroad 12.0"), "{found}");
    assert!(found.ends_with("; 0.0"), "{found}");
}

#[test]
fn a_dumbbell_shows_both() {
    let chart = format!(
        "{CLOSED}{{{{ dumbbell(w.diversion.sales, points=[\"before\", \"after\"], names=[\"then\", \"now\"], \
         title=\"t\", caption=\"c\", unit=\"USD mn\") }}}}"
    );
    let found = text(&chart);
    assert!(found.contains("then") && found.contains("now") && found.contains("Alfa"), "{found}");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    for (expression, words) in [
        ("simulate(close=\"AAA\", market=\"BBB\", theta=4, draws=20)", "nothing to draw"),
        ("simulate(close=\"AAA\", market=\"BBB\", theta=4, theta_sd=-1)", "theta_sd"),
        ("simulate(close=\"AAA\", market=\"BBB\", theta=4, theta_sd=1, draws=0)", "draws from 1"),
        ("simulate(close=\"AAA\", market=\"BBB\", theta=4, seed=3)", "seed belongs to draws"),
        ("simulate(close=\"AAA\", market=\"BBB\", theta=4).over_theta([0], \"AAA\")", "elasticity"),
        ("simulate(close=\"AAA\", market=\"BBB\", theta=4).over_theta([4], \"AAB\")", "AAA"),
        (
            "dumbbell(totals(by=\"origin\"), points=[\"value\"], names=[], title=\"t\", caption=\"c\")",
            "a name for each",
        ),
    ] {
        let refusal = square(&format!("# A\n\nText.\n{{{{ {expression} }}}}\n")).refusal(&[]);
        assert!(refusal.contains(words), "{expression}\nsays not {words:?} but\n{refusal}");
    }
}
