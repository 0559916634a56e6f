//! The formula language: reading, printing, expanding, and the place of every error.

use emporion_tables::formula::{Effect, Expr, Formula, term_name};
use emporion_tables::specification::{Estimation, Specification};
use proptest::prelude::*;

fn terms(text: &str) -> Vec<String> {
    Formula::parse(text).unwrap().terms.iter().map(term_name).collect()
}

#[test]
fn the_gravity_formula_by_hand() {
    let text = "value ~ log(distance) + contiguity | origin^year + destination#year";
    let f = Formula::parse(text).unwrap();
    assert_eq!(f.outcome, Expr::Column("value".into()));
    assert_eq!(term_name(&f.terms[0]), "log(distance)");
    let effects: Vec<&[String]> = f.effects.iter().map(|e| &e.columns[..]).collect();
    assert_eq!(effects, [["origin", "year"], ["destination", "year"]]);
    assert!(f.constant);
}

#[test]
fn crossings_and_constants() {
    assert_eq!(terms("y ~ a*b"), ["a", "b", "a:b"]);
    assert_eq!(terms("y ~ a*b*c"), ["a", "b", "a:b", "c", "a:c", "b:c", "a:b:c"]);
    assert_eq!(terms("y ~ a + a + b"), ["a", "b"]);
    for (text, constant) in [
        ("y ~ a", true),
        ("y ~ a + 0", false),
        ("y ~ a - 1", false),
        ("y ~ -1 + a", false),
        ("y ~ 1", true),
    ] {
        assert_eq!(Formula::parse(text).unwrap().constant, constant, "{text}");
    }
}

#[test]
fn factors_lags_and_powers() {
    assert_eq!(terms("y ~ x^2 + log(x)^2 + x^-1"), ["I(x^2)", "I(log(x)^2)", "I(x^(-1))"]);
    assert_eq!(terms("y ~ l(x) + f(x, 2) + d(x)"), ["l(x, 1)", "f(x, 2)", "d(x, 1)"]);
    assert_eq!(terms("y ~ l(log(x), 0:2)"), ["log(x)", "l(log(x), 1)", "l(log(x), 2)"]);
    assert_eq!(terms("y ~ l(x, 1:-1)"), ["l(x, 1)", "x", "f(x, 1)"]);
    assert_eq!(terms("y ~ l(x, 1:2):z"), ["l(x, 1):z", "l(x, 2):z"]);
    assert_eq!(terms("y ~ factor(f) + C(g)"), ["i(f)", "i(g)"]);
    assert_eq!(
        terms("y ~ i(t, x, ref=-1) + i(f, i.g, ref=c(A, \"B b\"), ref2=1)"),
        ["i(t, x, ref=-1)", "i(f, i.g, ref=c(A, \"B b\"), ref2=1)"]
    );
    assert_eq!(terms("y ~ I(year>=2004 && o != 'B C')"), ["I(year >= 2004 & o != \"B C\")"]);
}

#[test]
fn effects_with_slopes() {
    let f = Formula::parse("y ~ 1 | pair[trend] + pair[[x, log(z)]] + o^t").unwrap();
    let shown: Vec<String> = f.effects.iter().map(Effect::to_string).collect();
    assert_eq!(shown, ["pair[trend]", "pair[[x, log(z)]]", "o^t"]);
    let intercepts: Vec<bool> = f.effects.iter().map(|e| e.intercept).collect();
    assert_eq!(intercepts, [true, false, true]);
}

#[test]
fn display_reads_back_as_the_same_formula() {
    for text in [
        "value ~ log(distance) + contiguity | origin^year + destination^year",
        "log(value + 1) ~ I(x^2) + I(-(a + b)*c/(d - e)) + i(p, ref=A):z + 0",
        "y ~ `a name`:log(b^2^c) + I((a^b)^c) | `1st`",
        "y ~ 1 | o + d",
        "y ~ I(a - (b - c)) + I(a - b - c) + I(-a^2) + I((-a)^2) + I(a^-2)",
        "y/1000 ~ i(year, ref=2020) + offset(log(p)/2) | `i.x`[[t + 1]]",
        "y ~ I((a == b) == c) + I((a & b)*2) + I(a < 'x\"y') + i(`i.y`, `l.x`)",
    ] {
        let parsed = Formula::parse(text).unwrap();
        let again = parsed.to_string();
        assert_eq!(Formula::parse(&again).unwrap(), parsed, "{text} became {again}");
    }
}

#[test]
fn errors_point_at_the_place() {
    for (text, at, remedy) in [
        ("value", 5, "value ~"),
        ("y ~ ", 4, "backticks"),
        ("y ~ x^z", 6, "stand after the |"),
        ("y ~ log(x", 9, "close the bracket"),
        ("y ~ foo(x)", 4, "known are log"),
        ("y ~ x | log(o)", 11, "not functions"),
        ("y ~ x | o | z ~ w", 10, "instrumental"),
        ("y ~ x z", 6, "operator is missing"),
        ("y ~ x + 2", 8, "only the constant"),
        ("y ~ x - z", 8, "only the constant"),
        ("y ~ x | o[t", 11, "f[x]"),
        ("y ~ x | o[[t]", 13, "f[[x]]"),
        ("y ~ i.year", 4, "i(year)"),
        ("y ~ ib3.year", 4, "i(year)"),
        ("y ~ c.x", 4, "write x"),
        ("y ~ L2.x", 4, "l(x"),
        ("y ~ x | i.o", 8, "simply o"),
        ("y ~ x | o#c.t", 10, "o[[x]]"),
        ("y ~ x | o##t", 9, "f + f^g"),
        ("y ~ x | o:t", 9, "origin^year"),
        ("y ~ I(x = 2)", 8, "=="),
        ("y ~ I(a < b < c)", 12, "&"),
        ("y ~ I(a == 'x)", 11, "close the quote"),
        ("y ~ (a + b)", 4, "I("),
        ("y ~ l(l(x))", 4, "l(x, 2)"),
        ("y ~ log(l(x, 1:2))", 8, "a term of its own"),
        ("y ~ l(x, 1.5)", 9, "whole number"),
        ("y ~ l(x, 1:999)", 4, "shorter range"),
        ("y ~ offset(x) + offset(z)", 16, "add them up"),
        ("y ~ offset(x):z", 13, "write each one out"),
        ("y ~ z:offset(x)", 6, "stands alone"),
        ("y ~ i(f, x, z)", 12, "ref=A"),
        ("y ~ i(f, ref2=B)", 9, "i.g"),
        ("y ~ sw(a, b):z", 12, "write each one out"),
        ("y ~ z:sw(a, b)", 6, "stands alone"),
        ("y ~ x + sw(a, b)", 8, "Specification"),
        ("c(y, z) ~ x", 0, "Specification"),
        ("y ~ x | sw(f, g)", 8, "Specification"),
        ("y ~ sw(a, b", 11, "close the bracket of sw("),
    ] {
        let error = Formula::parse(text).unwrap_err();
        assert_eq!(error.at, at, "{text}: {error}");
        assert!(error.remedy.contains(remedy), "{error}");
    }
    let shown = Formula::parse("y ~ x^z").unwrap_err().to_string();
    assert!(shown.contains("\n  y ~ x^z\n        ^ "), "{shown}");
    let deep = format!("y ~ I({})", "(".repeat(100_000));
    assert!(Formula::parse(&deep).is_err());
    let names: Vec<String> = (0..13).map(|i| format!("x{i}")).collect();
    let many = Specification::parse(&format!("y ~ mvsw({})", names.join(", "))).unwrap_err();
    assert_eq!(many.at, 4, "{many}");
    let many =
        Specification::parse(&format!("c(a, b) ~ mvsw({}) | sw(f, g)", names[..11].join(", ")));
    assert!(many.unwrap_err().expected.contains("at most 4096"));
}

/// The right side of each estimation, and its label.
fn expanded(text: &str) -> Vec<(String, String)> {
    let label =
        |e: &Estimation| e.label.iter().map(|v| v.value.as_str()).collect::<Vec<_>>().join("; ");
    let all = Specification::parse(text).unwrap();
    let estimations = all.expand();
    assert_eq!(estimations.len(), all.count(), "{text}");
    estimations.iter().map(|e| (e.formula.to_string(), label(e))).collect()
}

#[test]
fn stepwise_functions_as_documented_by_fixest() {
    let formulas = |text: &str| -> Vec<String> {
        expanded(text).into_iter().map(|(formula, _)| formula).collect()
    };
    // The examples of fixest's help page "stepwise".
    assert_eq!(formulas("y ~ x1 + sw(x2, x3)"), ["y ~ x1 + x2", "y ~ x1 + x3"]);
    assert_eq!(formulas("y ~ x1 + sw0(x2, x3)"), ["y ~ x1", "y ~ x1 + x2", "y ~ x1 + x3"]);
    assert_eq!(formulas("y ~ x1 + csw(x2, x3)"), ["y ~ x1 + x2", "y ~ x1 + x2 + x3"]);
    assert_eq!(formulas("y ~ x1 + csw0(x2, x3)"), ["y ~ x1", "y ~ x1 + x2", "y ~ x1 + x2 + x3"]);
    assert_eq!(formulas("y ~ mvsw(x3, x4)"), formulas("y ~ sw0(x3, x4, x3 + x4)"));
    assert_eq!(formulas("y ~ mvsw(a, b, c)").len(), 8);
    assert_eq!(formulas("y ~ x | sw0(f, g^h)"), ["y ~ x", "y ~ x | f", "y ~ x | g^h"]);
    assert_eq!(formulas("y ~ sw(a + b, a*b) + b"), ["y ~ a + b", "y ~ a + b + a:b"]);
}

#[test]
fn estimations_are_labelled_by_what_varies() {
    assert_eq!(
        expanded("c(y, log(z)) ~ csw0(a, b) | f"),
        [
            ("y ~ 1 | f", "y; none"),
            ("y ~ a | f", "y; a"),
            ("y ~ a + b | f", "y; a + b"),
            ("log(z) ~ 1 | f", "log(z); none"),
            ("log(z) ~ a | f", "log(z); a"),
            ("log(z) ~ a + b | f", "log(z); a + b"),
        ]
        .map(|(formula, label)| (formula.to_owned(), label.to_owned()))
    );
    assert_eq!(expanded("y ~ x | f"), [("y ~ x | f".to_owned(), String::new())]);
}

#[test]
fn specifications_print_as_they_read() {
    for text in [
        "c(y, log(z)) ~ a + csw0(b, c + a:b) + offset(p) | sw(f, g^h[x])",
        "y ~ mvsw(a, l(b, 1)) + 0",
        "y ~ 1 | sw0(f)",
    ] {
        let parsed = Specification::parse(text).unwrap();
        assert_eq!(parsed.to_string(), text);
        assert_eq!(Specification::parse(&parsed.to_string()).unwrap(), parsed);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_formula_or_an_error_with_a_place(
        text in "[a-c0-2~|+*:^()\\[\\]#&<>=!` .log,i\"'fds-]{0,40}"
    ) {
        match Formula::parse(&text) {
            Ok(formula) => {
                let shown = formula.to_string();
                let again = Formula::parse(&shown);
                prop_assert_eq!(again.as_ref(), Ok(&formula), "{} became {}", text, shown);
            }
            Err(error) => prop_assert!(error.at <= text.chars().count()),
        }
    }
}

/// Expressions as the parser makes them.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("x".to_owned()),
        Just("`a b`".to_owned()),
        Just("2.5".to_owned()),
        Just("'t'".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let op = prop::sample::select(vec!["+", "-", "*", "/", "^", "==", "<", "&"]);
        prop_oneof![
            (inner.clone(), op, inner.clone()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("log({a})")),
            inner.prop_map(|a| format!("abs({a})")),
        ]
    })
}

/// Whole specifications, as text.
fn specification() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        expression().prop_map(|e| format!("I({e})")),
        Just("a:i(f, ref=A)".to_owned()),
        Just("i(f, z, ref=c(1, -2))".to_owned()),
        Just("i(f, i.g, ref2='x y')".to_owned()),
        Just("a*b".to_owned()),
        Just("l(a, -1:2)".to_owned()),
        Just("d(log(a), 2)".to_owned()),
        Just("z^3".to_owned()),
    ];
    let sum = prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(" + "));
    let steps = prop::sample::select(vec!["sw", "sw0", "csw", "csw0", "mvsw"]);
    let right = (sum.clone(), steps.clone(), sum)
        .prop_map(|(a, steps, b)| format!("{a} + {steps}({b}, c)"));
    let effects = prop::sample::select(vec![
        "",
        " | f",
        " | f^g + h[x, log(z)]",
        " | sw0(f, g[[x]])",
        " | f#g + csw(h, `i.k`)",
    ]);
    let outcome = prop_oneof![expression(), expression().prop_map(|e| format!("c(y, {e})"))];
    (outcome, right, effects).prop_map(|(y, right, effects)| format!("{y} ~ {right}{effects}"))
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(text in specification()) {
        let parsed = Specification::parse(&text);
        prop_assert!(parsed.is_ok(), "{text}: {:?}", parsed);
        let parsed = parsed.unwrap();
        let shown = parsed.to_string();
        let again = Specification::parse(&shown);
        prop_assert_eq!(again.as_ref(), Ok(&parsed), "{} became {}", text, &shown);
        for estimation in parsed.expand() {
            let shown = estimation.formula.to_string();
            let again = Formula::parse(&shown);
            prop_assert_eq!(again.as_ref(), Ok(&estimation.formula), "{}", shown);
        }
    }
}
