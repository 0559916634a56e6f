//! Builds the brief of a case folder: `cargo run -p emporion-brief --example build -- CASE OUT`.
use std::sync::Arc;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let case = emporion_tables::Case::open(std::path::Path::new(&args[1])).unwrap_or_else(|e| {
        eprintln!("{e}");
        std::process::exit(1)
    });
    let case = Arc::new(case);
    match emporion_brief::engine::build(Arc::clone(&case), Default::default()) {
        Ok(brief) => {
            std::fs::write(&args[2], emporion_brief::html::write(&brief).unwrap()).unwrap();
            std::fs::write(
                format!("{}.md", args[2]),
                emporion_brief::markdown::write(&brief).unwrap(),
            )
            .unwrap();
            let doc = emporion_brief::json::Document::new(&brief, &case);
            std::fs::write(format!("{}.json", args[2]), serde_json::to_string(&doc).unwrap())
                .unwrap();
        }
        Err(e) => {
            eprintln!("{e}");
            std::process::exit(1)
        }
    }
}
