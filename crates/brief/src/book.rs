//! What a brief collects while its template runs: numbers, blocks, settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use emporion_plot::{Figure, TwinCell};
use emporion_tables::Report;
use emporion_tables::case::Case;
use minijinja::{Error, ErrorKind};

use crate::cell::Cell;
use crate::regression;

/// What a block shows.
#[derive(Debug, Clone)]
pub enum Shown {
    /// A picture and its table twin.
    Figure(Box<Figure>),
    /// Models side by side.
    Regression(Box<regression::Table>),
}

impl Shown {
    /// Ids of the numbers it shows, in order.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let ids: Vec<String> = match self {
            Self::Figure(figure) => figure
                .table
                .rows
                .iter()
                .flatten()
                .filter_map(|cell| match cell {
                    TwinCell::Datum { id, .. } => Some(id.clone()),
                    TwinCell::Text(_) => None,
                })
                .collect(),
            Self::Regression(table) => table.keys(),
        };
        ids.into_iter().filter(|id| !id.is_empty()).collect()
    }
}

/// A chart, map or table with its caption, waiting to be put in its place.
#[derive(Debug, Clone)]
pub struct Block {
    /// The picture or table.
    pub shown: Shown,
    /// Heading above it.
    pub title: String,
    /// The finding in words, with number markers.
    pub caption: String,
    /// A line of small print: unit, assumptions, point of view.
    pub footnote: String,
}

/// The case and everything computed from it so far.
#[derive(Debug)]
pub struct Book {
    /// The data.
    pub case: Arc<Case>,
    /// Settings of the reader, by name.
    pub settings: BTreeMap<String, String>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    cells: BTreeMap<String, Arc<Cell>>,
    blocks: Vec<Block>,
    used_settings: BTreeSet<String>,
    clash: Option<String>,
}

impl Book {
    /// An empty book on a case.
    #[must_use]
    pub fn new(case: Arc<Case>, settings: BTreeMap<String, String>) -> Self {
        Self { case, settings, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no function of a brief panics while it holds the book")
    }

    /// Enters a number. The same question asked twice is one number; two answers to one question
    /// are a [`clash`](Self::clash).
    pub fn enter(&self, cell: Cell) -> Arc<Cell> {
        let cell = cell.settled();
        let mut kept = self.kept();
        let Some(known) = kept.cells.get(&cell.id).cloned() else {
            let cell = Arc::new(cell);
            kept.cells.insert(cell.id.clone(), Arc::clone(&cell));
            return cell;
        };
        if !known.same_answer(&cell) && kept.clash.is_none() {
            kept.clash = Some(format!(
                "{} is two numbers: {:?} ({}) and {:?} ({}); give each its own label",
                cell.id, known.label, known.computation.text, cell.label, cell.computation.text
            ));
        }
        known
    }

    /// The first two different numbers that came under one id: no page may show either.
    #[must_use]
    pub fn clash(&self) -> Option<String> {
        self.kept().clash.clone()
    }

    /// The number with this id.
    #[must_use]
    pub fn cell(&self, id: &str) -> Option<Arc<Cell>> {
        self.kept().cells.get(id).cloned()
    }

    /// Enters a block and returns its position.
    pub fn block(&self, block: Block) -> usize {
        let mut kept = self.kept();
        kept.blocks.push(block);
        kept.blocks.len() - 1
    }

    /// All blocks, in the order of the template.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        self.kept().blocks.clone()
    }

    /// A setting of the reader, or the brief's default.
    pub fn setting(&self, name: &str, default: &str) -> String {
        self.kept().used_settings.insert(name.to_owned());
        self.settings.get(name).cloned().unwrap_or_else(|| default.to_owned())
    }

    /// Settings the reader gave and the brief never asked for.
    #[must_use]
    pub fn unused_settings(&self) -> Vec<String> {
        let kept = self.kept();
        self.settings.keys().filter(|name| !kept.used_settings.contains(*name)).cloned().collect()
    }

    /// The numbers with these ids and, through their inputs, all behind them, ordered by id.
    #[must_use]
    pub fn closure(&self, ids: &[String]) -> Vec<Arc<Cell>> {
        let kept = self.kept();
        let mut found = BTreeMap::new();
        let mut open: Vec<String> = ids.to_vec();
        while let Some(id) = open.pop() {
            if found.contains_key(&id) {
                continue;
            }
            if let Some(cell) = kept.cells.get(&id) {
                open.extend(cell.inputs.iter().cloned());
                found.insert(id, Arc::clone(cell));
            }
        }
        found.into_values().collect()
    }

    /// The name of a place, or its id where it has none.
    #[must_use]
    pub fn place(&self, id: &str) -> String {
        self.case.place_name(id).unwrap_or(id).to_owned()
    }
}

/// An error of a brief's function, with the remedy in its text.
pub fn refuse(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// A report of `tables` or of a stage as an error of a brief's function.
pub fn shown(report: &Report) -> Error {
    refuse(report.to_string())
}
