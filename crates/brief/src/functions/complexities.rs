//! Complexity on the rows of the case, with ranges on demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::complexity::{Complexity, ComplexityOptions, complexity};
use emporion_model::measure::complexity_ranges::{
    BootstrapOptions, ComplexityRanges, complexity_ranges, rank,
};
use emporion_model::measure::presence::{Presence, presence};
use emporion_model::measure::rca::{Rca, rca};
use emporion_model::outcome::{InputError, Note};
use emporion_model::panel::PlaceProduct;
use emporion_tables::panel::{CellOptions, place_product};
use emporion_tables::sum::Missing;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::rows::{Selection, name_of};
use crate::book::{Book, refuse};
use crate::cell::{Cell, Ground, Interval};
use crate::value::Number;

/// Each draw solves an eigenproblem while the reader of the brief waits.
const MOST: usize = 5000;

/// Registers `complexity`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("complexity", move |kwargs: Kwargs| rank_complexity(&b, &kwargs));
}

/// Exports by place and product, and what a number made of them needs.
pub struct Exports<'a> {
    book: &'a Book,
    verb: &'static str,
    options: BTreeMap<String, String>,
    /// Places × products.
    pub table: PlaceProduct,
    /// Ids of the places.
    pub places: Vec<String>,
    /// Ids of the products.
    pub products: Vec<String>,
    /// What was taken as zero.
    pub notes: Vec<Note>,
    /// Unit of the flows.
    pub unit: String,
    period: String,
    scope: String,
    ground: Ground,
}

impl<'a> Exports<'a> {
    /// Reads the rows that fit all options but the function's own; sales at home do not count.
    ///
    /// # Errors
    ///
    /// An unknown column, no rows, and what the guarded sum of rows refuses.
    pub fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let selection = Selection::excluding(book, kwargs, own)?;
        kwargs.assert_all_used()?;
        let table = selection.table(book)?;
        let mut rows = selection.rows(table)?;
        rows.retain(|&row| table.text("origin", row) != table.text("destination", row));
        let hierarchy = book.case.hierarchy();
        let options = CellOptions {
            missing: Missing::Zero,
            over: &["destination"],
            hierarchy: Some(&hierarchy),
        };
        let (exports, places, products, notes) =
            place_product(table, &rows, "origin", "product", "value", options)
                .map_err(|report| refuse(report.to_string()))?;
        let text = |column: &str| table.text(column, rows[0]).unwrap_or_default().to_owned();
        Ok(Self {
            book,
            verb,
            options: selection.options(),
            table: exports,
            places,
            products,
            notes,
            unit: text("unit"),
            period: text("year"),
            scope: text("scope"),
            ground: Ground::default().and(&book.case, table, &rows),
        })
    }

    /// The position of an exporter.
    ///
    /// # Errors
    ///
    /// An id that no row selected has.
    pub fn place(&self, id: &str) -> Result<usize, Error> {
        self.places.iter().position(|place| place == id).ok_or_else(|| {
            let verb = self.verb;
            refuse(format!("{verb}(): no row selected has the exporter {id:?}; check the id"))
        })
    }

    /// RCA, and M at a cut-off.
    ///
    /// # Errors
    ///
    /// What the kernels refuse.
    pub fn presence(&self, cut_off: f64) -> Result<(Rca, Presence), Error> {
        let index = rca(&self.table).map_err(|error| self.refused(&error))?;
        let m = presence(&index, cut_off).map_err(|error| self.refused(&error))?;
        Ok((index, m))
    }

    /// A kernel's refusal under the function's name.
    #[must_use]
    pub fn refused(&self, error: &InputError) -> Error {
        refuse(format!("{}(): {error}", self.verb))
    }

    /// A number of the answer before it is entered; `asked` tells it from the others.
    #[must_use]
    pub fn cell(
        &self,
        asked: &[(&str, &str)],
        label: String,
        value: Option<f64>,
        unit: &str,
        text: String,
    ) -> Cell {
        let mut options = self.options.clone();
        options.extend(asked.iter().map(|(name, text)| ((*name).into(), (*text).into())));
        let mut cell = Cell::new(self.verb, options, label, value);
        cell.unit = unit.to_owned();
        cell.period.clone_from(&self.period);
        cell.scope.clone_from(&self.scope);
        cell.computation.text = text;
        cell.with_ground(&self.ground)
    }

    /// Enters a cell and gives its number.
    #[must_use]
    pub fn enter(&self, cell: Cell) -> Value {
        Number::value(self.book.enter(cell))
    }

    /// The name of a place or product.
    #[must_use]
    pub fn name(&self, id: &str) -> String {
        name_of(self.book, id)
    }
}

/// Draws asked for with `draws` and `seed`.
fn bootstrap(kwargs: &Kwargs) -> Result<Option<BootstrapOptions>, Error> {
    let draws: Option<usize> = kwargs.get("draws")?;
    let seed: Option<u64> = kwargs.get("seed")?;
    match draws {
        None if seed.is_some() => Err(refuse("complexity(): seed belongs to draws = 500")),
        Some(draws) if draws > MOST => {
            Err(refuse(format!("complexity(): draws from 40 to {MOST}, got {draws}")))
        }
        _ => Ok(draws.map(|draws| BootstrapOptions { draws, seed: seed.unwrap_or(1) })),
    }
}

/// `complexity(top, draws, seed, ...)`: places ranked by ECI, products by PCI, from the exports
/// selected; with draws ECI and ranks have ranges.
fn rank_complexity(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let bootstrap = bootstrap(kwargs)?;
    let exports = Exports::new(book, kwargs, "complexity", &["top", "draws", "seed"])?;
    let (_, m) = exports.presence(1.0)?;
    let options = ComplexityOptions::default();
    let found = complexity(&m, &options).map_err(|error| exports.refused(&error))?;
    let ranges = bootstrap
        .map(|bootstrap| complexity_ranges(&m, &found, &options, &bootstrap))
        .transpose()
        .map_err(|error| exports.refused(&error))?;
    let most = top.unwrap_or(usize::MAX);
    let places: Vec<Value> = (order(&found.eci).into_iter().take(most).enumerate())
        .map(|(position, at)| {
            let mut pairs = item(&exports, position, &exports.places[at]);
            pairs.extend(place_numbers(&exports, &found, ranges.as_ref(), at));
            Value::from_pairs(pairs)
        })
        .collect();
    let products: Vec<Value> = (order(&found.pci).into_iter().take(most).enumerate())
        .map(|(position, at)| {
            let id = &exports.products[at];
            let mut pairs = item(&exports, position, id);
            let unit = "standard deviations of ECI";
            let cell = score(&exports, &found, (id, "PCI"), found.pci[at], unit);
            pairs.push(("value", exports.enter(cell)));
            Value::from_pairs(pairs)
        })
        .collect();
    let of_ranges = ranges.iter().flat_map(|ranges| &ranges.notes);
    let notes: Vec<String> = found
        .notes
        .iter()
        .chain(&exports.notes)
        .map(|note| note.message.clone())
        .chain(of_ranges.map(|note| format!("{} {}", note.count, note.message)))
        .collect();
    Ok(Value::from_pairs([
        ("places", Value::from(places)),
        ("products", Value::from(products)),
        ("notes", Value::from(notes.join("; "))),
    ]))
}

/// Positions by score, the highest first; those without are left out.
pub(super) fn order(scores: &[Option<f64>]) -> Vec<usize> {
    let mut known: Vec<(f64, usize)> =
        scores.iter().enumerate().filter_map(|(at, score)| Some(((*score)?, at))).collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    known.into_iter().map(|(_, at)| at).collect()
}

/// The head of an item: `rank`, `id`, `name`.
pub(super) fn item(exports: &Exports<'_>, position: usize, id: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("rank", Value::from(position + 1)),
        ("id", Value::from(id)),
        ("name", Value::from(exports.name(id))),
    ]
}

/// ECI of a place and, with draws, its rank; both with their ranges.
fn place_numbers(
    exports: &Exports<'_>,
    found: &Complexity,
    ranges: Option<&ComplexityRanges>,
    at: usize,
) -> Vec<(&'static str, Value)> {
    let id = &exports.places[at];
    let eci = score(exports, found, (id, "ECI"), found.eci[at], "standard deviations");
    let Some(ranges) = ranges else { return vec![("value", exports.enter(eci))] };
    let place = ranges.places[at];
    let unit = format!("rank of {}", found.eci.iter().flatten().count());
    let value = rank(&found.eci)[at].map(|rank| rank as f64);
    let rank = score(exports, found, (id, "rank by ECI"), value, &unit);
    let ends = place.rank_best.zip(place.rank_worst).map(|(a, b)| (a as f64, b as f64));
    vec![
        ("value", exports.enter(ranged(eci, ranges, place.low.zip(place.high)))),
        ("rank_range", exports.enter(ranged(rank, ranges, ends))),
    ]
}

fn score(
    exports: &Exports<'_>,
    found: &Complexity,
    (id, index): (&str, &str),
    value: Option<f64>,
    unit: &str,
) -> Cell {
    let text = format!(
        "{}; {} places \u{d7} {} products; second eigenvalue {:.4}, gap to the third {:.4}",
        found.convention,
        exports.places.len(),
        exports.products.len(),
        found.lambda2,
        found.gap
    );
    let label = format!("{index}: {}", exports.name(id));
    exports.cell(&[("of", id), ("index", index)], label, value, unit, text)
}

/// The number with its range, under an id of its own: it answers another question than without.
fn ranged(cell: Cell, ranges: &ComplexityRanges, ends: Option<(f64, f64)>) -> Cell {
    let mut options = cell.computation.options.clone();
    options.insert("draws".into(), ranges.draws.to_string());
    options.insert("seed".into(), ranges.seed.to_string());
    let id = Cell::new(&cell.computation.verb, options.clone(), "", None).id;
    let mut cell = Cell { id, ..cell };
    cell.computation.options = options;
    cell.interval = ends.map(|(low, high)| Interval {
        low,
        high,
        method: format!(
            "2.5th to 97.5th percentile of {} draws of products with replacement, seed {}; {} \
             draws without an answer left out, {} of the other sign turned",
            ranges.draws, ranges.seed, ranges.failed, ranges.sign_flips
        ),
    });
    cell
}
