//! A brief as plain Markdown: numbers as text, blocks as tables.

use emporion_plot::TwinCell;

use crate::book::Shown;
use crate::regression;
use crate::render::{Brief, Piece};

/// Writes the brief as Markdown.
///
/// # Errors
///
/// When a number cannot be shown in the unit the brief asks for.
pub fn write(brief: &Brief) -> Result<String, String> {
    let mut out = plain(brief, &brief.text)?;
    out.push_str("\n\n## Sources\n\n");
    for (id, source) in &brief.sources {
        let parts: Vec<&str> = [&source.title, &source.publisher, &source.date, &source.locator]
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        out.push_str(&format!("- **{id}** {}\n", escape(&parts.join(". "))));
    }
    out.push_str(&format!(
        "\nCase {} ({}). Every number can be traced: `emporion brief CASE --format json`, \
         `emporion brief CASE --explain ID`.\n",
        brief.case,
        &brief.digest[..12]
    ));
    Ok(out)
}

/// A text with its markers replaced.
fn plain(brief: &Brief, text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for piece in brief.pieces(text)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Number { text, .. } => out.push_str(&text),
            Piece::Block(index) => out.push_str(&block(brief, index)?),
        }
    }
    Ok(out)
}

fn block(brief: &Brief, index: usize) -> Result<String, String> {
    let block = brief.blocks.get(index).ok_or("unknown block")?;
    let mut out = format!("**{}**\n\n", inline(brief, &block.title)?);
    match &block.shown {
        Shown::Figure(figure) => {
            let twin = &figure.table;
            let header: Vec<String> = twin.header.iter().map(|name| escape(name)).collect();
            out.push_str(&format!("| {} |\n", header.join(" | ")));
            out.push_str(&format!("|{}\n", " --- |".repeat(twin.header.len())));
            for row in &twin.rows {
                let cells: Vec<String> = row.iter().map(|cell| escape(twin_text(cell))).collect();
                out.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
        Shown::Regression(table) => regression::markdown::rows(table, &mut out),
    }
    out.push_str(&format!("\n*{}*", inline(brief, &block.caption)?));
    if let Shown::Regression(table) = &block.shown {
        for note in &table.notes {
            out.push_str(&format!("\n\n{}", escape(note)));
        }
    }
    if !block.footnote.is_empty() {
        out.push_str(&format!("\n\n{}", inline(brief, &block.footnote)?));
    }
    Ok(out)
}

/// A caption or footnote: text, not Markdown.
fn inline(brief: &Brief, text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for piece in brief.pieces(text)? {
        match piece {
            Piece::Text(text) => out.push_str(&escape(text)),
            Piece::Number { text, .. } => out.push_str(&text),
            Piece::Block(_) => return Err("a caption cannot hold a chart".into()),
        }
    }
    Ok(out)
}

/// Text of the data made safe for Markdown: it stays on its line and in its table cell, and is
/// neither markup nor HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '|' | '<' | '[' | ']' | '*' | '`' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The text of a cell of a table twin.
#[must_use]
pub fn twin_text(cell: &TwinCell) -> &str {
    match cell {
        TwinCell::Text(text) | TwinCell::Datum { text, .. } => text,
    }
}
