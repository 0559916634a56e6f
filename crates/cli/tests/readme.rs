//! Every command of the README runs, and prints the lines the README shows.

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

#[test]
fn every_command_of_the_readme_prints_what_it_shows() {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let snippets = snippets(&readme);
    assert!(snippets.len() >= 8, "the README shows {} commands", snippets.len());
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
            _ => panic!("a command that this test does not know: {}", snippet.command),
        };
        let output = Command::new(env!("CARGO_BIN_EXE_emporion"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{stdout}{stderr}", snippet.command);
        let mut printed = stdout.lines().map(squeezed);
        for line in snippet.lines.iter().map(|line| squeezed(line)).filter(|line| line != "…") {
            assert!(
                printed.any(|p| p == line),
                "`{}` does not print, in this order:\n{line}\nit prints:\n{stdout}",
                snippet.command
            );
        }
    }
}

#[test]
fn every_file_the_documents_name_exists() {
    for document in ["README.md", "CONTRIBUTING.md", "cases/NOTICE.md", "crates/model/src/lib.rs"] {
        let text = std::fs::read_to_string(Path::new(ROOT).join(document)).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let paths = text.split('`').skip(1).step_by(2).filter(|code| {
            ["crates/", "oracles/", "docs/", "cases/", "scripts/"]
                .iter()
                .any(|start| code.starts_with(start))
        });
        for path in links.filter(|link| !link.starts_with("http")).chain(paths) {
            assert!(Path::new(ROOT).join(path).exists(), "{document} names {path}");
        }
    }
}
