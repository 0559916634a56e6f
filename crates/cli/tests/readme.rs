//! Every command of the README and of the guides runs, and prints the lines shown under it.

use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A command of the README with the lines shown under it.
struct Snippet {
    command: String,
    lines: Vec<String>,
}

fn snippets(readme: &str) -> Vec<Snippet> {
    let mut found: Vec<Snippet> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match line.strip_prefix("$ ") {
                Some(command) => {
                    found.push(Snippet { command: command.to_owned(), lines: Vec::new() });
                }
                None => found.last_mut().expect("a command first").lines.push(line.to_owned()),
            }
        }
    }
    found
}

/// Splits a command at spaces, with double quotes around what belongs together.
fn words(command: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (position, part) in command.split('"').enumerate() {
        if position % 2 == 1 {
            out.push(part.to_owned());
        } else {
            out.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    out
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs the commands of a document in a folder and compares what they print.
fn check(document: &str, text: &str, folder: &Path, at_least: usize) {
    let snippets = snippets(text);
    assert!(snippets.len() >= at_least, "{document} shows {} commands", snippets.len());
    for snippet in snippets {
        let words = words(&snippet.command);
        let arguments: &[String] = match words.as_slice() {
            [program, rest @ ..] if program == "emporion" => rest,
            [cargo, run, release, dashes, rest @ ..]
                if [cargo, run, release, dashes] == ["cargo", "run", "--release", "--"] =>
            {
                rest
            }
            // This is the run we are in.
            [cargo, test, ..] if cargo == "cargo" && test == "test" => continue,
            _ => panic!("{document}: a command that this test does not know: {}", snippet.command),
        };
        let (arguments, file) = match arguments {
            [before @ .., to, file] if to == ">" => (before, Some(file)),
            all => (all, None),
        };
        let output = Command::new(env!("CARGO_BIN_EXE_emporion"))
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        if let Some(file) = file {
            std::fs::write(folder.join(file), &output.stdout).unwrap();
        }
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{document}: {}\n{stdout}{stderr}", snippet.command);
        let mut printed = stdout.lines().map(squeezed);
        for line in snippet.lines.iter().map(|line| squeezed(line)).filter(|line| line != "…") {
            assert!(
                printed.any(|p| p == line),
                "{document}: `{}` does not print, in this order:\n{line}\nit prints:\n{stdout}",
                snippet.command
            );
        }
    }
}

#[test]
fn every_command_of_the_readme_prints_what_it_shows() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    check("README.md", &readme, folder.path(), 8);
}

#[test]
fn every_command_of_the_guides_prints_what_it_shows() {
    let guides = Path::new(ROOT).join("docs/guides");
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(guides.join("data")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    for (name, at_least) in [
        ("agreement.md", 6),
        ("closed-market.md", 2),
        ("dropped-rows.md", 2),
        ("from-stata-and-r.md", 3),
        ("next-centre.md", 8),
        ("region.md", 5),
        ("untapped-potential.md", 4),
    ] {
        let text = std::fs::read_to_string(guides.join(name)).unwrap();
        check(name, &text, folder.path(), at_least);
    }
}

/// README, CONTRIBUTING and every page below docs.
fn documents() -> Vec<String> {
    let mut found: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "cases/NOTICE.md", "crates/model/src/lib.rs"]
            .map(str::to_owned)
            .into();
    found.push("benches/README.md".into());
    found.push("docs/README.md".into());
    for folder in ["docs/guides", "docs/concepts", "docs/replications", "docs/reference"] {
        for entry in std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                found.push(format!("{folder}/{name}"));
            }
        }
    }
    found
}

#[test]
fn every_file_the_documents_name_exists() {
    for document in documents() {
        let path = Path::new(ROOT).join(&document);
        let text = std::fs::read_to_string(&path).unwrap();
        let beside = path.parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http") && !link.starts_with('#')) {
            // Links of a page are relative to it; those of doc comments are to the repository.
            let found = beside.join(link).exists() || document.ends_with(".rs");
            assert!(found || Path::new(ROOT).join(link).exists(), "{document} links to {link}");
        }
        let paths = text.split('`').skip(1).step_by(2).filter(|code| {
            ["crates/", "oracles/", "docs/", "cases/", "scripts/", "benches/"]
                .iter()
                .any(|start| code.starts_with(start))
                && !code.contains(' ')
        });
        for path in paths {
            assert!(Path::new(ROOT).join(path).exists(), "{document} names {path}");
        }
    }
}

#[test]
fn every_page_stands_in_the_index() {
    let index = std::fs::read_to_string(Path::new(ROOT).join("docs/README.md")).unwrap();
    for document in documents() {
        if let Some(page) = document.strip_prefix("docs/").filter(|page| *page != "README.md") {
            assert!(index.contains(&format!("({page})")), "docs/README.md does not link {page}");
        }
    }
}
