//! From rendered Markdown with markers to a page: the text, its numbers, its blocks.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::book::Block;
use crate::cell::Cell;
use crate::number::{self, Style};
use crate::value::{BLOCK, CLOSE, OPEN, parse_marker};

/// A brief after its template has run.
#[derive(Debug)]
pub struct Brief {
    /// Title of the page.
    pub title: String,
    /// Name of the case.
    pub case: String,
    /// SHA-256 over the case's files.
    pub digest: String,
    /// Markdown with markers.
    pub text: String,
    /// Charts and maps.
    pub blocks: Vec<Block>,
    /// Every number shown and every number behind one, by id.
    pub cells: BTreeMap<String, Arc<Cell>>,
    /// Ids of the numbers shown, in order of appearance.
    pub shown: Vec<String>,
    /// Sources that the numbers name, by id.
    pub sources: BTreeMap<String, Source>,
    /// Licences of the case: title and address.
    pub licences: Vec<(String, String)>,
    /// The settings the reader gave.
    pub settings: BTreeMap<String, String>,
}

/// A source as the page shows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// Title of the document.
    pub title: String,
    /// Publisher.
    pub publisher: String,
    /// Date as the document gives it.
    pub date: String,
    /// Where it is found.
    pub locator: String,
    /// What to know about it.
    pub note: String,
}

/// A piece of the text between two markers.
pub enum Piece<'a> {
    /// Plain text.
    Text(&'a str),
    /// A number, ready to print.
    Number {
        /// Id of its cell.
        id: &'a str,
        /// The text of the number.
        text: String,
    },
    /// A chart or map.
    Block(usize),
}

impl Brief {
    /// The number a marker stands for, as text, with the id of its cell.
    ///
    /// An id that ends in `.low` or `.high` is an end of that cell's interval.
    ///
    /// # Errors
    ///
    /// When the unit asked for does not fit the number.
    pub fn number<'a>(&self, id: &'a str, style: &Style) -> Result<(&'a str, String), String> {
        let (cell_id, which) = match id.rsplit_once('.') {
            Some((cell, which @ ("low" | "high"))) => (cell, Some(which)),
            _ => (id, None),
        };
        let cell = self.cells.get(cell_id).ok_or_else(|| format!("unknown number {cell_id}"))?;
        let text = match (which, &cell.interval) {
            (None, _) => number::text(cell, style)?,
            (Some(which), Some(interval)) => {
                let mut end = Cell::clone(cell);
                end.value = Some(if which == "low" { interval.low } else { interval.high });
                number::text(&end, style)?
            }
            (Some(_), None) => return Err(format!("{cell_id} has no interval")),
        };
        Ok((cell_id, text))
    }

    /// A text with its numbers as text; charts are left out.
    ///
    /// # Errors
    ///
    /// As [`Brief::number`].
    pub fn words(&self, text: &str) -> Result<String, String> {
        let words = self.pieces(text)?.into_iter().map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Number { text, .. } => text,
            Piece::Block(_) => String::new(),
        });
        Ok(words.collect())
    }

    /// Cuts a text at its markers.
    ///
    /// # Errors
    ///
    /// As [`Brief::number`].
    pub fn pieces<'a>(&self, text: &'a str) -> Result<Vec<Piece<'a>>, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find([OPEN, BLOCK]) {
            if start > 0 {
                pieces.push(Piece::Text(&rest[..start]));
            }
            let open = rest[start..].chars().next().expect("found at start");
            let inside = &rest[start + open.len_utf8()..];
            let close = if open == OPEN { CLOSE } else { BLOCK };
            let end = inside.find(close).ok_or("a number marker is cut short")?;
            let body = &inside[..end];
            if open == OPEN {
                let (id, style) = parse_marker(body).ok_or("a number marker is damaged")?;
                let (id, text) = self.number(id, &style)?;
                pieces.push(Piece::Number { id, text });
            } else {
                pieces.push(Piece::Block(body.parse().map_err(|_| "a block marker is damaged")?));
            }
            rest = &inside[end + close.len_utf8()..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        Ok(pieces)
    }
}

/// Ids of all number markers in a text, in order, each once.
#[must_use]
pub fn marked_ids(text: &str) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for part in text.split(OPEN).skip(1) {
        let inside = part.split(CLOSE).next().unwrap_or_default();
        if let Some((id, _)) = parse_marker(inside) {
            let id = id.trim_end_matches(".low").trim_end_matches(".high").to_owned();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids
}
