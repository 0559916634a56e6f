//! docs/reference/formula.md shows nothing that cannot be read, and leaves no construct out.

use std::path::Path;

use emporion_tables::formula::Formula;
use emporion_tables::specification::{Specification, Steps};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/formula.md");
    std::fs::read_to_string(path).expect("docs/reference/formula.md")
}

/// The first cell of each row of the tables under "written", as it would be typed.
fn examples(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut within = false;
    for line in page.lines() {
        within = line.starts_with("| written") || (within && line.starts_with('|'));
        let Some(cell) = line.strip_prefix("| ").filter(|_| within) else { continue };
        let cell = cell.replace("\\|", "\u{0}");
        let first = cell.split(" |").next().unwrap().replace('\u{0}', "|");
        let marks = first.chars().take_while(|&c| c == '`').count();
        if marks > 0 {
            found.push(first[marks..first.len() - marks].trim().to_owned());
        }
    }
    found
}

#[test]
fn every_example_reads_and_prints_back() {
    let page = page();
    let examples = examples(&page);
    assert!(examples.len() > 35, "{examples:?}");
    for text in &examples {
        let parsed = Specification::parse(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Specification::parse(&parsed.to_string()).unwrap(), parsed, "{text}");
    }
    let first = page.split("```text\n").nth(1).unwrap().split('\n').next().unwrap();
    assert_eq!(Formula::parse(first).unwrap().effects.len(), 3);
}

#[test]
fn every_construct_has_an_example() {
    let all = examples(&page()).join("\n");
    let functions = ["log", "I", "i", "l", "f", "d", "offset", "c"];
    for name in functions.into_iter().chain(Steps::NAMES.map(|(name, _)| name)) {
        assert!(all.contains(&format!("{name}(")), "no example of {name}()");
    }
    for sign in ["^", ":", "*", "==", "!=", ">=", "&", "[[", "`", "ref=", "ref2="] {
        assert!(all.contains(sign), "no example of {sign}");
    }
}

#[test]
fn what_stata_writes_is_refused_with_what_is_written_here() {
    for (text, remedy) in [
        ("y ~ i.year", "i(year)"),
        ("y ~ ib2004.year", "i(year)"),
        ("y ~ c.x", "write x"),
        ("y ~ L2.x", "l(x"),
        ("y ~ F.x", "f(x"),
        ("y ~ D.x", "d(x"),
        ("y ~ S2.x", "d(x"),
        ("y ~ x | i.f#c.x", "simply f"),
        ("y ~ x | f#c.x", "f[[x]]"),
        ("y ~ x | f##g", "f + f^g"),
    ] {
        let error = Formula::parse(text).unwrap_err();
        assert!(error.remedy.contains(remedy), "{text}: {error}");
    }
}
