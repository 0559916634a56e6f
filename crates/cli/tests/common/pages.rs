//! Pages of docs/replications: commands, the tables after them, the data that they need.

use std::path::{Path, PathBuf};

/// A published number agrees when ours, rounded to its digits, is the same: half a unit of the last
/// digit printed, and nothing for rounding since doubles hold 15 digits and no source prints 11.
const HALF_A_UNIT: f64 = 0.5;

/// A folder of the outside data, beside the checkout.
pub fn reference(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("EMPORION_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = root.join("reference").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var("EMPORION_REFERENCE").as_deref() != Ok("required"),
        "reference data needed at {}",
        folder.display()
    );
    eprintln!("not run: needs the reference data at {}", folder.display());
    None
}

fn path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/replications").join(page)
}

/// A page.
pub fn page_text(page: &str) -> String {
    std::fs::read_to_string(path(page)).expect(page)
}

fn start(name: &str) -> String {
    format!("<!-- table {name} -->\n")
}

/// What stands between the table before and this one.
pub fn section(text: &str, page: &str, name: &str) -> String {
    let at = text.find(&start(name)).unwrap_or_else(|| panic!("{page} has no table {name}"));
    let since = text[..at].rfind("<!-- end -->").unwrap_or(0);
    text[since..at].to_owned()
}

/// The `emporion` commands in the console blocks of a text, without the program's name.
pub fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines.filter_map(|line| line.strip_prefix("$ emporion ")).map(str::to_owned).collect()
}

/// The first block of a text in this language.
pub fn block(text: &str, language: &str) -> String {
    let (_, rest) = text.split_once(&format!("```{language}\n")).expect("a block");
    rest.split_once("```").expect("its end").0.to_owned()
}

/// Holds a table of a page to what came out, or writes it with `EMPORION_REWRITE=1`.
pub fn hold(page: &str, name: &str, table: &str) {
    let mut text = page_text(page);
    let start = start(name);
    let body = text.find(&start).unwrap_or_else(|| panic!("{page} has no {start}")) + start.len();
    let end = body + text[body..].find("<!-- end -->").expect("an end of the table");
    if std::env::var("EMPORION_REWRITE").as_deref() == Ok("1") {
        text.replace_range(body..end, table);
        std::fs::write(path(page), &text).expect(page);
    } else {
        assert_eq!(&text[body..end], table, "{page}, table {name}");
    }
}

/// With the sign that is set in tables.
pub fn minus(text: String) -> String {
    text.replace('-', "\u{2212}")
}

/// Printed and computed side by side, the computed with two digits more.
pub fn agreed(place: &str, term: &str, printed: &str, ours: f64) -> (String, String) {
    if printed.is_empty() {
        return (String::new(), minus(format!("{ours:.5}")));
    }
    let digits = printed.split('.').nth(1).map_or(0, str::len);
    let value: f64 = printed.parse().expect("a printed number");
    let unit = 0.1f64.powi(i32::try_from(digits).expect("few digits"));
    assert!(
        (ours - value).abs() <= HALF_A_UNIT * unit,
        "{place}: {term} is {ours}, printed {printed}"
    );
    let more = digits + 2;
    (minus(printed.to_owned()), minus(format!("{ours:.more$}")))
}
