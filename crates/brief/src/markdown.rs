//! A brief as plain Markdown: numbers as text, blocks as tables.

use emporion_plot::TwinCell;

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
        out.push_str(&format!("- **{id}** {}\n", parts.join(". ")));
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
///
/// # Errors
///
/// As [`write`].
pub fn plain(brief: &Brief, text: &str) -> Result<String, String> {
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
    let twin = &block.figure.table;
    let mut out = format!("**{}**\n\n| {} |\n", block.title, twin.header.join(" | "));
    out.push_str(&format!("|{}\n", " --- |".repeat(twin.header.len())));
    for row in &twin.rows {
        let cells: Vec<String> = row.iter().map(|cell| twin_text(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out.push_str(&format!("\n*{}*", plain(brief, &block.caption)?));
    if !block.footnote.is_empty() {
        out.push_str(&format!("\n\n{}", plain(brief, &block.footnote)?));
    }
    Ok(out)
}

/// The text of a cell of a table twin.
#[must_use]
pub fn twin_text(cell: &TwinCell) -> String {
    match cell {
        TwinCell::Text(text) => text.clone(),
        TwinCell::Datum { text, .. } => text.clone(),
    }
}
