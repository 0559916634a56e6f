//! The bundled cases have no problem, and are read fast enough to be read at every start.

use std::path::PathBuf;

use emporion_tables::Case;

/// The folder `cases` of the repository, or the one that `EMPORION_CASES` names.
fn cases() -> Vec<PathBuf> {
    let root = std::env::var_os("EMPORION_CASES").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases")),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(&root) else {
        eprintln!("not run: no folder {}", root.display());
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("datapackage.json").is_file())
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no case below {}", root.display());
    found
}

#[test]
fn every_bundled_case_passes_its_check() {
    for path in cases() {
        let started = std::time::Instant::now();
        let case =
            Case::open(&path).unwrap_or_else(|report| panic!("{}: {report}", path.display()));
        let opened = started.elapsed();
        let report = case.check();
        eprintln!(
            "{}: opened in {opened:?}, checked in {:?}",
            case.name,
            started.elapsed() - opened
        );
        assert!(report.is_empty(), "{}: {report}", path.display());
        for (name, table) in &case.tables {
            assert!(table.rows() > 0, "{name} has no rows");
            let cells = table.row_text(table.rows() - 1);
            assert_eq!(cells.len(), table.columns().len());
        }
    }
}
