//! One trace as text for the terminal.

use emporion_tables::problem::nearest;

use crate::cell::Cell;
use crate::number::{self, Style};
use crate::render::Brief;

/// The trace of a number with all its inputs, indented under it.
///
/// # Errors
///
/// When the brief has no such number; the message lists ids that are near.
pub fn explain(brief: &Brief, id: &str) -> Result<String, String> {
    let Some(cell) = brief.cells.get(id) else {
        return Err(format!(
            "this brief has no number {id:?}; it has {} numbers, such as {}. \
             `--format json` lists all of them under \"shown\".",
            brief.shown.len(),
            near(brief, id).join(", ")
        ));
    };
    let mut out = String::new();
    let mut told = Vec::new();
    write(brief, cell, 0, &mut told, &mut out);
    Ok(out)
}

/// Ids spelt alike, then ids of the same verb, then any.
fn near<'a>(brief: &'a Brief, id: &str) -> Vec<&'a str> {
    const LISTED: usize = 8;
    let ids = || brief.cells.keys().map(String::as_str);
    let mut near = nearest(id, ids());
    let verb = id.split('-').next().unwrap_or(id);
    let alike = ids().filter(|known| known.split('-').next() == Some(verb));
    for known in alike.chain(brief.shown.iter().map(String::as_str)) {
        if near.len() < LISTED && !near.contains(&known) {
            near.push(known);
        }
    }
    near
}

fn write(brief: &Brief, cell: &Cell, depth: usize, told: &mut Vec<String>, out: &mut String) {
    let indent = "    ".repeat(depth);
    let mut line = |name: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&format!("{indent}{name:<12} {text}\n"));
        }
    };
    let value = number::text(cell, &Style::default()).unwrap_or_default();
    line(&cell.id, "");
    line("what", &cell.label);
    line("value", &format!("{value} {}", cell.unit));
    if let Some(exact) = cell.value {
        line("exact", &exact.to_string());
    }
    if told.contains(&cell.id) {
        line("", "(its trace stands above)");
        return;
    }
    told.push(cell.id.clone());
    line("id", &cell.id);
    line("period", &cell.period);
    line("books of", &cell.side);
    line("scope", &cell.scope);
    line("status", cell.status.word());
    if let Some(i) = &cell.interval {
        line("interval", &format!("{} to {} ({})", i.low, i.high, i.method));
    }
    line("computation", &cell.computation.text);
    for (name, value) in &cell.computation.options {
        line("  option", &format!("{name} = {value}"));
    }
    line("version", &cell.computation.version);
    for set in &cell.rows {
        line("rows", &format!("{} of {}, lines {}", set.count, set.file, set.lines));
        for row in &set.rows {
            let cells: Vec<String> = row.cells.iter().map(|(c, t)| format!("{c}={t}")).collect();
            line("", &format!("line {}: {}", row.line, cells.join("; ")));
        }
        if set.rows.len() < set.count {
            line("", "and others alike");
        }
    }
    for id in &cell.sources {
        let text = brief.sources.get(id).map_or(String::new(), |s| {
            [&s.title, &s.publisher, &s.date, &s.locator]
                .into_iter()
                .filter(|part| !part.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join(". ")
        });
        line("source", &format!("{id}  {text}"));
    }
    line("licence", &cell.licences.join("; "));
    for note in &cell.notes {
        line("note", note);
    }
    for input in &cell.inputs {
        if let Some(input) = brief.cells.get(input) {
            out.push_str(&format!("{indent}from\n"));
            write(brief, input, depth + 1, told, out);
        }
    }
}
