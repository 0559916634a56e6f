//! The reference page lists exactly what a template can use, and its examples run.

use std::collections::BTreeSet;
use std::path::Path;

use emporion_brief::html;
use emporion_tables::Case;

use crate::common::{built, bundled};

const PAGE: &str = include_str!("../../../../docs/reference/brief.md");

/// Names given to templates in the sources: `add_function("calc", ...`.
fn registered(call: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/functions");
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for rest in text.split(&format!("{call}(")).skip(1) {
            let name = rest.trim_start().strip_prefix('"').expect("a literal name");
            names.insert(name.split('"').next().unwrap().to_owned());
        }
    }
    names
}

/// The first and the last cell of each line of the page's tables, without their backticks.
fn entries() -> Vec<(String, String)> {
    let code = |cell: &str| {
        let cell = cell.trim().strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
        cell.unwrap_or_else(|| panic!("{cell:?} is no code")).to_owned()
    };
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        // A pipe inside a cell is escaped.
        let line = line.replace("\\|", "\u{1}");
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 3, "{line}");
        let [name, example] = [cells[0], cells[2]].map(|cell| code(&cell.replace('\u{1}', "|")));
        (name, example)
    })
    .collect()
}

#[test]
fn every_function_and_filter_is_documented_and_exists() {
    let mut documented = [BTreeSet::new(), BTreeSet::new()];
    for (name, example) in entries() {
        let (filter, call) = match name.strip_prefix("number|") {
            Some(call) => (1, call),
            None => (0, name.as_str()),
        };
        let name = call.split('(').next().unwrap();
        assert!(example.contains(name), "{example} does not show {name}");
        documented[filter].insert(name.to_owned());
    }
    // Those inside calc()'s expressions are no functions of a template.
    let inner: BTreeSet<String> = ["exp", "ln"].map(str::to_owned).into();
    assert_eq!(&registered("add_function") - &inner, documented[0]);
    assert_eq!(registered("add_filter"), documented[1]);
}

#[test]
fn the_examples_run() {
    for (name, names_belarus) in [("belarus-russian-regions", true), ("world-2022", false)] {
        let examples: Vec<String> = entries()
            .into_iter()
            .map(|(_, example)| example)
            .filter(|example| example.contains("BLR") == names_belarus)
            .map(|example| format!("{{{{ {example} }}}}\n"))
            .collect();
        assert!(examples.len() > 3);
        let mut case = Case::clone(&bundled(name));
        case.brief = Some(format!("# Examples\n\n{}", examples.join("\n")));
        let page = html::write(&built(&case.into())).unwrap();
        assert!(!page.contains(">not known<"), "an example of {name} finds nothing");
    }
}
