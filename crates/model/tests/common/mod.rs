//! Where the outside results lie.
#![allow(dead_code)]

use std::path::PathBuf;

/// The folder `shared/reference/NAME` beside the checkout (or below `$EMPORION_SHARED`).
///
/// A user who has only the repository does not have it: the test then says so and ends, and its
/// twin on the committed sample in `oracles/` has run instead. With `EMPORION_REFERENCE=required`,
/// as in `.ci/run`, a missing folder is a failure.
pub fn reference(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("EMPORION_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
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

/// The folder `oracles/NAME` of the repository.
pub fn oracle(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../oracles")).join(name)
}
