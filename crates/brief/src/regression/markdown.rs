//! A table as a Markdown pipe table.

use super::lines::{Cell, Kind};
use super::table::{Table, clean};

/// Writes the table with its title and notes.
pub(super) fn write(table: &Table) -> String {
    let mut out = String::new();
    if !table.options.title.is_empty() {
        out.push_str(&format!("**{}**\n\n", escape(&clean(&table.options.title))));
    }
    rows(table, &mut out);
    for note in &table.notes {
        out.push_str(&format!("\n{}\n", escape(note)));
    }
    out
}

/// Heads and rows.
pub(crate) fn rows(table: &Table, out: &mut String) {
    let mut heads = table.heads();
    // A pipe table has one row of heads: the numbers; the other heads are rows below it.
    let numbers = heads.pop();
    let cells = |texts: Vec<String>| format!("| {} |\n", texts.join(" | "));
    for head in numbers.iter() {
        let texts = head.spans.iter().map(|(text, _)| text.clone());
        out.push_str(&cells([String::new()].into_iter().chain(texts).collect()));
    }
    out.push_str(&format!("|:--|{}\n", "--:|".repeat(table.columns.len())));
    for head in heads {
        let mut texts = vec![escape(&head.label)];
        for (text, span) in &head.spans {
            let text = if text.is_empty() { String::new() } else { escape(text) };
            texts.extend(vec![text; *span]);
        }
        out.push_str(&cells(texts));
    }
    for line in table.sections().iter().flatten() {
        let label = match line.kind {
            Kind::Heading if !line.label.is_empty() => format!("*{}*", escape(&line.label)),
            _ => escape(&line.label),
        };
        let mut texts = vec![label];
        texts.extend(line.cells.iter().map(cell));
        texts.resize(1 + table.columns.len(), String::new());
        out.push_str(&cells(texts));
    }
}

fn cell(cell: &Cell) -> String {
    let stars = "\\*".repeat(cell.stars);
    format!("{}{}{}{stars}", escape(cell.open), escape(&cell.body), escape(cell.close))
}

/// Every character that means something in CommonMark, its tables, strikethrough or mathematics.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\|<>[]*_`~$&#^".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
