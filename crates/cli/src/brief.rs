//! `emporion brief`: the report of a case, the trace of a number, what moved since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emporion_brief::json::Document;
use emporion_brief::render::Brief;
use emporion_brief::{against, engine, explain, html, markdown, number};
use emporion_tables::Case;
use serde_json::{Value, json};

use crate::answer::{Answer, Column, Part, Show};
use crate::args::{self, Format, Page};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render;

/// Builds the brief and does with it what the options say.
pub fn run(arguments: &args::Brief, progress: &Progress) -> Result<Output, Failure> {
    progress.step(format!("reading {}", arguments.case));
    let case = Data::open_case(&arguments.case)?;
    progress.step("computing the brief");
    let brief = engine::build(Arc::clone(&case), settings(&arguments.settings)?)?;
    if let Some(id) = &arguments.explain {
        return explained(&brief, id, arguments.format);
    }
    if let Some(old) = &arguments.against {
        return moved(&brief, &case, old, arguments.format);
    }
    written(&brief, &case, arguments)
}

/// The choices of the reader: `name=value`.
fn settings(texts: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let read = |text: &String| {
        text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(
            || Failure::new(format!("--set {text:?} has no equals sign; write --set name=value")),
        )
    };
    texts.iter().map(read).collect()
}

/// Writes the page to a file or to standard output.
fn written(brief: &Brief, case: &Case, arguments: &args::Brief) -> Result<Output, Failure> {
    let page = arguments.format.unwrap_or_else(|| by_ending(arguments.out.as_deref()));
    let text = match page {
        Page::Html => html::write(brief).map_err(Failure::new)?,
        Page::Md => markdown::write(brief).map_err(Failure::new)?,
        Page::Json => document(&Document::new(brief, case)),
    };
    let out: Option<PathBuf> = match (&arguments.out, page) {
        (Some(path), _) if path.as_os_str() == "-" => None,
        (Some(path), _) => Some(path.clone()),
        (None, Page::Html) => Some("brief.html".into()),
        (None, _) => None,
    };
    let Some(path) = out else {
        if arguments.open {
            return Err(Failure::new("--open needs a page in a file: add --out brief.html"));
        }
        return Ok(Output::text(text));
    };
    save(&path, &text)?;
    let line = format!("{}: {}\n", path.display(), size(brief, text.len()));
    Ok(Output { page: arguments.open.then_some(path), ..Output::text(line) })
}

/// What the ending of the file asks for.
fn by_ending(out: Option<&Path>) -> Page {
    match out.and_then(Path::extension).and_then(|ending| ending.to_str()) {
        Some("json") => Page::Json,
        Some("md") => Page::Md,
        _ => Page::Html,
    }
}

/// Writes a file and the folders above it.
pub fn save(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Failure::file("create", folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| Failure::file("write", path, &error))
}

/// `118 numbers, 37 sources, 412 kB`.
pub fn size(brief: &Brief, bytes: usize) -> String {
    format!(
        "{} numbers with their traces, {} sources, {} kB",
        brief.shown.len(),
        brief.sources.len(),
        number::plain(bytes as f64 / 1000.0, Some(0))
    )
}

fn document(document: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(document).unwrap_or_default();
    format!("{value:#}\n")
}

/// The trace of one number.
fn explained(brief: &Brief, id: &str, format: Option<Page>) -> Result<Output, Failure> {
    let text = explain::explain(brief, id).map_err(Failure::new)?;
    match format {
        None | Some(Page::Md) => Ok(Output::text(text)),
        Some(Page::Json) => {
            let mut cells: BTreeMap<&str, Value> = BTreeMap::new();
            let mut open = vec![id];
            while let Some(id) = open.pop() {
                let Some(cell) = brief.cells.get(id).filter(|_| !cells.contains_key(id)) else {
                    continue;
                };
                open.extend(cell.inputs.iter().map(String::as_str));
                cells.insert(id, json!(cell.as_ref()));
            }
            let trace = json!({ "format": "emporion-explain/1", "id": id, "cells": cells });
            Ok(Output::text(format!("{trace:#}\n")))
        }
        Some(Page::Html) => Err(Failure::new(
            "--explain prints text, or JSON with --format json; the page itself opens every trace",
        )),
    }
}

/// The numbers that moved since an earlier brief.
fn moved(brief: &Brief, case: &Case, old: &Path, format: Option<Page>) -> Result<Output, Failure> {
    let text = std::fs::read_to_string(old).map_err(|error| Failure::file("read", old, &error))?;
    let earlier: Document = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!(
            "{} is not a brief as JSON ({error}); write one with emporion brief CASE --format json \
             --out old.json",
            old.display()
        ))
    })?;
    let difference =
        against::compare(&earlier, &Document::new(brief, case), case).map_err(Failure::new)?;
    let title = match difference.moved.len() {
        0 => format!("Nothing moved: all {} numbers stand", difference.unchanged),
        n => format!("{n} number(s) moved, {} stand", difference.unchanged),
    };
    let data = json!({ "case": case.name, "digest": case.digest });
    let mut answer = Answer::new("against", title, data);
    answer.option("against", earlier.digest.clone());
    answer.option("settings", json!(brief.settings));
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("id", "Id"),
            Column::text("label", "Number"),
            Column::text("kind", ""),
            Column::number("was", "Was", "", Show::SixDigits),
            Column::number("is", "Is", "", Show::SixDigits),
            Column::text("because", "Because"),
        ],
    );
    for number in difference.moved {
        part.push(vec![
            number.id.into(),
            number.label.into(),
            number.kind.into(),
            number.was.into(),
            number.is.into(),
            number.because.join("\n").into(),
        ]);
    }
    answer.parts.push(part);
    answer.count("unchanged", "Numbers that stand", "", Show::Whole, difference.unchanged);
    let format = match format {
        None => Format::Table,
        Some(Page::Json) => Format::Json,
        Some(Page::Md) => Format::Md,
        Some(Page::Html) => {
            return Err(Failure::new(
                "--against prints a table, JSON or Markdown: leave out --format html",
            ));
        }
    };
    Ok(render(&answer, format))
}
