//! A brief as data: every number with its trace.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emporion_tables::{Case, Table};
use serde::{Deserialize, Serialize};

use crate::cell::{Cell, lines, lines_told, ranges, told};
use crate::render::{Brief, Source};

/// The JSON twin of a brief.
///
/// | field | shape | what |
/// | --- | --- | --- |
/// | `format` | | `emporion-brief/1` |
/// | `case`, `digest`, `version`, `settings` | | what was built, from which bytes, by which version |
/// | `shown` | list of ids | numbers in the order of the page |
/// | `cells` | id → cell | every number shown or behind one; see [`Cell`] |
/// | `sources` | id → source | documents named by the cells |
/// | `licences` | list of [title, address] | licences of the case |
/// | `files` | list | digest of each table; see [`Fingerprint`] |
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document {
    /// Name and version of this format.
    pub format: String,
    /// Name of the case.
    pub case: String,
    /// Title of the page.
    pub title: String,
    /// SHA-256 over the case's files.
    pub digest: String,
    /// Version of the program.
    pub version: String,
    /// Settings of the reader.
    pub settings: BTreeMap<String, String>,
    /// Ids of the numbers shown, in order.
    pub shown: Vec<String>,
    /// The numbers.
    pub cells: BTreeMap<String, Arc<Cell>>,
    /// The documents.
    pub sources: BTreeMap<String, Source>,
    /// Licences of the case.
    pub licences: Vec<(String, String)>,
    /// Fingerprints of the files.
    pub files: Vec<Fingerprint>,
}

/// Name and version of the format.
pub const FORMAT: &str = "emporion-brief/1";

impl Document {
    /// The data of a brief, with fingerprints of the case's tables.
    #[must_use]
    pub fn new(brief: &Brief, case: &Case) -> Self {
        let used = |table: &Table| {
            brief.cells.values().flat_map(|cell| &cell.rows).any(|set| set.file == table.path())
        };
        Self {
            format: FORMAT.into(),
            case: brief.case.clone(),
            title: brief.title.clone(),
            digest: brief.digest.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            settings: brief.settings.clone(),
            shown: brief.shown.clone(),
            cells: brief.cells.clone(),
            sources: brief.sources.clone(),
            licences: brief.licences.clone(),
            files: case.tables.values().map(|t| Fingerprint::new(t, used(t))).collect(),
        }
    }

    /// Reads a brief that was written as JSON.
    ///
    /// # Errors
    ///
    /// When the text is no such brief, or one of another format.
    pub fn read(text: &str) -> Result<Self, String> {
        let remedy = "write one with `emporion brief CASE --format json`";
        let value: serde_json::Value = serde_json::from_str(text)
            .map_err(|error| format!("this is no JSON ({error}); {remedy}"))?;
        match value["format"].as_str() {
            Some(FORMAT) => {}
            Some(other) => {
                return Err(format!("its format is {other:?}, not {FORMAT:?}; {remedy}"));
            }
            None => return Err(format!("this is no brief as JSON; {remedy}")),
        }
        serde_json::from_value(value)
            .map_err(|error| format!("this brief is damaged ({error}); {remedy}"))
    }
}

/// One file; where numbers rest on its rows, each row as a 32-bit hash, so that a later build can
/// tell which rows moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// File as shown to readers.
    pub file: String,
    /// SHA-256 of the file.
    pub digest: String,
    /// Number of rows.
    pub rows: usize,
    /// The lines the rows start on, as ranges: `2-392`. Empty where no number rests on the file.
    pub lines: String,
    /// Four bytes a row, big-endian, base64. Empty where no number rests on the file.
    pub row_hashes: String,
}

impl Fingerprint {
    /// The fingerprint of a table, with its rows where numbers rest on them.
    #[must_use]
    pub fn new(table: &Table, used: bool) -> Self {
        let rows = if used { table.rows() } else { 0 };
        let bytes: Vec<u8> = (0..rows).flat_map(|row| row_hash(table, row).to_be_bytes()).collect();
        Self {
            file: table.path().to_owned(),
            digest: table.digest().unwrap_or_default().to_owned(),
            rows: table.rows(),
            lines: told(&ranges((0..rows).map(|row| table.line(row)))),
            row_hashes: STANDARD.encode(bytes),
        }
    }

    /// Line and hash of each row, in file order; none where no number rested on the file.
    ///
    /// # Errors
    ///
    /// When the text is not base64 of whole hashes, one for each line.
    pub fn hashes(&self) -> Result<Vec<(u32, u32)>, String> {
        let bytes = STANDARD
            .decode(&self.row_hashes)
            .map_err(|error| format!("row_hashes of {}: {error}", self.file))?;
        // Counted before they are listed: a damaged range may be long.
        let spans: u64 = lines_told(&self.lines);
        let fits = bytes.is_empty() || bytes.len() == 4 * self.rows;
        if !fits || spans != bytes.len() as u64 / 4 {
            return Err(format!("row_hashes of {} do not fit its {} rows", self.file, self.rows));
        }
        let hashes = bytes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
        Ok(lines(&self.lines).zip(hashes).collect())
    }
}

/// FNV-1a over the texts of a row, folded to 32 bits: it finds changes, it does not prove identity.
#[must_use]
pub fn row_hash(table: &Table, row: usize) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (column, text) in table.row_text(row) {
        for byte in column.bytes().chain([0x1f]).chain(text.bytes()).chain([0x1e]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    (hash ^ (hash >> 32)) as u32
}
