//! `emporion demo`: the brief of the bundled world case, from any folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_brief::cell::Cell as BriefCell;
use emporion_brief::number;
use emporion_brief::render::Brief;
use emporion_brief::value::{CLOSE, OPEN, parse_marker};
use emporion_brief::{engine, html};
use emporion_tables::Case;
use serde_json::json;

use crate::answer::{Answer, Cell, Column, Part};
use crate::args::Demo;
use crate::brief::{save, size};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render;

/// The case that is shown.
const CASE: &str = "world-2022";

/// The paragraph whose numbers are the headline.
const HEADLINE: &str = "**In short.**";

/// Headline numbers at most.
const MOST: usize = 12;

/// Builds the page and prints its headline numbers.
pub fn run(arguments: &Demo, progress: &Progress) -> Result<Output, Failure> {
    progress.step_of(1, 3, "reading 80 economies and 50 activities");
    let case = Data::open_case(CASE)?;
    progress.step_of(2, 3, "measuring, estimating, simulating, choosing sites");
    let brief = engine::build(Arc::clone(&case), BTreeMap::new())?;
    progress.step_of(3, 3, "writing brief.html");
    let page = arguments.out.join("brief.html");
    let text = html::write(&brief).map_err(Failure::new)?;
    save(&page, &text)?;
    let mut answer = headline(&brief, &case)?;
    answer.say("page", "Page", page.display().to_string());
    answer.say("content", "with", size(&brief, text.len()));
    Ok(Output { page: arguments.open.then_some(page), ..render(&answer, arguments.format) })
}

/// The numbers of the opening paragraph; of the whole page where it has none.
fn headline(brief: &Brief, case: &Case) -> Result<Answer, Failure> {
    let paragraph = brief
        .text
        .split("\n\n")
        .find(|paragraph| paragraph.contains(HEADLINE))
        .unwrap_or(&brief.text);
    let data = json!({ "case": case.name, "digest": case.digest });
    let mut answer = Answer::new("demo", brief.title.clone(), data);
    let licences = case.licences.iter().map(|licence| licence.title.clone()).collect();
    answer.context("licence", licences);
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("label", "Number"),
            Column::text("value", "Value"),
            Column::text("unit", "Unit"),
            Column::text("interval", "95 % interval").unless_all(Cell::Missing),
            Column::text("status", "Status"),
            Column::text("id", "Trace"),
        ],
    );
    let mut told: Vec<&str> = Vec::new();
    for marker in paragraph.split(OPEN).skip(1).filter_map(|rest| rest.split(CLOSE).next()) {
        let Some((id, style)) = parse_marker(marker) else { continue };
        let Some(cell) = brief.cells.get(id).filter(|_| !told.contains(&id)) else { continue };
        if told.len() == MOST {
            break;
        }
        told.push(id);
        let unit = style.unit.clone().filter(|unit| unit != "%");
        let factor = unit.as_deref().and_then(|to| number::scale(&cell.unit, to)).unwrap_or(1.0);
        let end = |value: f64| number::plain(value * factor, style.decimals);
        let interval = cell.interval.as_ref().map(|i| format!("{} to {}", end(i.low), end(i.high)));
        part.push(vec![
            cell.label.as_str().into(),
            number::text(cell, &style).map_err(Failure::new)?.into(),
            unit.unwrap_or_else(|| cell.unit.clone()).into(),
            interval.into(),
            status(cell).into(),
            id.into(),
        ]);
    }
    answer.parts.push(part);
    if let Some(first) = told.first() {
        let command = format!("emporion brief {CASE} --explain {first}");
        answer.say("explain", "Trace of a number", command);
    }
    Ok(answer)
}

/// What kind of statement a number is, in one word.
fn status(cell: &BriefCell) -> String {
    let word = serde_json::to_value(cell.status).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}
