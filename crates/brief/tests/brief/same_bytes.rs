//! The same files give the same bytes, on any number of threads.

use std::sync::Arc;

use emporion_brief::json::Document;
use emporion_brief::{html, markdown};
use emporion_tables::Case;

use crate::common::{built, bundled};

/// Page, Markdown and data of a brief built from scratch on so many threads.
pub fn bytes(case: &Arc<Case>, threads: usize) -> [String; 3] {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let brief = built(case);
        [
            html::write(&brief).unwrap(),
            markdown::write(&brief).unwrap(),
            serde_json::to_string(&Document::new(&brief, case)).unwrap(),
        ]
    })
}

#[test]
fn two_builds_are_one() {
    let first = bytes(&bundled("belarus-russian-regions"), 1);
    let second = bytes(&bundled("belarus-russian-regions"), 2);
    for (a, b) in first.iter().zip(&second) {
        assert!(!a.is_empty());
        assert!(a == b, "{} and {} bytes differ", a.len(), b.len());
    }
}

#[test]
fn data_survive_their_text() {
    let case = bundled("belarus-russian-regions");
    let text = serde_json::to_string(&Document::new(&built(&case), &case)).unwrap();
    let again = serde_json::to_string(&Document::read(&text).unwrap()).unwrap();
    let at = text.bytes().zip(again.bytes()).position(|(a, b)| a != b).unwrap_or(0);
    let part = |text: &str| text[at.saturating_sub(60)..].chars().take(90).collect::<String>();
    assert!(text == again, "reading changes {} to {}", part(&text), part(&again));
}
