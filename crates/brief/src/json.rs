//! A brief as data: every number with its trace.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::render::{Brief, Fingerprint, Source};

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
/// | `files` | list | digest of each file and four bytes for each of its rows |
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
    /// The data of a brief.
    #[must_use]
    pub fn new(brief: &Brief) -> Self {
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
            files: brief.fingerprints.clone(),
        }
    }
}
