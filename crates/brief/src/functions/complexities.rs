//! Complexity on the rows of the case, with ranges on demand.

use std::sync::Arc;

use emporion_model::measure::complexity::{
    Complexity, ComplexityOptions, Disconnected, complexity, weighted_complexity,
};
use emporion_model::measure::complexity_ranges::{
    BootstrapOptions, ComplexityRanges, complexity_ranges, rank,
};
use emporion_model::measure::opportunity::external_complexity;
use emporion_model::outcome::InputError;
use emporion_tables::named::{few, with_ids};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::brought::{Domain, Wanted, brought, for_each};
use super::exported::{Exports, joined};
use super::having::Basis;
use crate::book::{Book, refuse};
use crate::cell::{Cell, Interval};

/// Each draw solves an eigenproblem while the reader of the brief waits.
const MOST: usize = 5000;

/// Registers `complexity`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("complexity", move |kwargs: Kwargs| rank_complexity(&b, &kwargs));
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

/// How ECI is scaled, signed, and what is done with a table in parts, as the author wants it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scaling {
    ddof: usize,
    largest_part: bool,
    sign: Option<Value>,
}

impl Scaling {
    /// The options read here.
    pub const OPTIONS: [&'static str; 3] = ["ddof", "largest_part", "sign"];

    pub fn read(kwargs: &Kwargs, verb: &str) -> Result<Self, Error> {
        let ddof = kwargs.get::<Option<usize>>("ddof")?.unwrap_or(0);
        if ddof > 1 {
            return Err(refuse(format!("{verb}(): ddof is 0 or 1, got {ddof}")));
        }
        let largest_part = kwargs.get::<Option<bool>>("largest_part")?.unwrap_or(false);
        Ok(Self { ddof, largest_part, sign: kwargs.get("sign")? })
    }

    /// As the kernel takes it.
    pub fn options(&self, exports: &Exports<'_>) -> Result<ComplexityOptions, Error> {
        let wanted = Wanted {
            verb: exports.verb,
            option: "sign",
            column: "reference",
            places: true,
            domain: Domain::Any,
            complete: false,
            year: exports.year.as_deref(),
        };
        let of = |source| for_each(exports.book, source, &exports.places, &wanted);
        let disconnected =
            if self.largest_part { Disconnected::Largest } else { Disconnected::Refuse };
        let sign_reference = self.sign.as_ref().map(of).transpose()?;
        Ok(ComplexityOptions { ddof: self.ddof, sign_reference, disconnected })
    }
}

/// A refusal, with the option that takes the largest part where the table is one in parts.
pub(super) fn in_parts(exports: &Exports<'_>, error: &InputError) -> Error {
    const REMEDY: &str = "the largest part, ";
    let text = error.to_string().replace(REMEDY, "the largest part (largest_part=true), ");
    let text = with_ids(&text, &exports.places, &exports.products);
    refuse(format!("{}(): {text}", exports.verb))
}

/// What was found: ECI and PCI, or complexity by an outside PCI alone, or both.
struct Found {
    own: Option<Complexity>,
    ranges: Option<ComplexityRanges>,
    outside: Option<Vec<Option<f64>>>,
}

/// `complexity(top, draws, seed, ddof, largest_part, sign, outside_pci, ...)`: places ranked by
/// ECI, products by PCI, from the exports selected; with draws ECI and ranks have ranges.
fn rank_complexity(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let bootstrap = bootstrap(kwargs)?;
    let scaling = Scaling::read(kwargs, "complexity")?;
    let outside: Option<Value> = kwargs.get("outside_pci")?;
    let own = [&["top", "draws", "seed", "outside_pci"][..], &Scaling::OPTIONS].concat();
    let (mut exports, basis) = Exports::weighted_too(book, kwargs, "complexity", &own)?;
    for name in Scaling::OPTIONS.iter().chain(&["outside_pci"]) {
        exports.keep(kwargs, name)?;
    }
    if basis.weights.is_some() && (bootstrap.is_some() || outside.is_some()) {
        return Err(refuse(
            "complexity(): draws and outside_pci need an M of 0 and 1: leave them out, or take \
             another presence than weights and smooth",
        ));
    }
    let mut notes = Vec::new();
    let by_outside =
        outside.map(|pci| by_outside(&exports, &basis, &pci, &mut notes)).transpose()?;
    let options = scaling.options(&exports)?;
    let index = match &basis.weights {
        None => complexity(&basis.m, &options),
        Some(weights) => weighted_complexity(weights, &options),
    };
    let asks_more = bootstrap.is_some() || scaling.largest_part || scaling.sign.is_some();
    let index = match index {
        Ok(index) => Some(index),
        // A mean of given numbers needs no answer of the table's own.
        Err(InputError::Undefined { reason, .. }) if by_outside.is_some() && !asks_more => {
            let reason = with_ids(&reason, &exports.places, &exports.products);
            notes.push(format!("no ECI of the table's own: {reason}"));
            None
        }
        Err(error) => return Err(in_parts(&exports, &error)),
    };
    let ranges = match (bootstrap, &index) {
        (Some(bootstrap), Some(index)) => Some(
            complexity_ranges(&basis.m, index, &options, &bootstrap)
                .map_err(|error| exports.refused(&error))?,
        ),
        _ => None,
    };
    let found = Found { own: index, ranges, outside: by_outside };
    let most = top.unwrap_or(usize::MAX);
    let scores = match (&found.own, &found.outside) {
        (Some(own), _) => &own.eci,
        (None, Some(outside)) => outside,
        (None, None) => &Vec::new(),
    };
    let places: Vec<Value> = (order(scores).into_iter().take(most).enumerate())
        .map(|(position, at)| {
            let mut pairs = item(&exports, position, &exports.places[at]);
            pairs.extend(place_numbers(&exports, &found, at));
            Value::from_pairs(pairs)
        })
        .collect();
    let products: Vec<Value> =
        found.own.iter().flat_map(|own| of_products(&exports, own, most)).collect();
    let own_notes = found.own.iter().flat_map(|own| &own.notes);
    // Those of M came with the table.
    let own_notes = exports.say(own_notes.filter(|note| !basis.m.notes.contains(note)));
    let of_ranges = found.ranges.iter().flat_map(|ranges| &ranges.notes);
    let of_ranges = of_ranges.map(|note| format!("{} {}", note.count, note.message));
    let notes = own_notes.into_iter().chain(exports.notes.clone()).chain(of_ranges).chain(notes);
    Ok(Value::from_pairs([
        ("places", Value::from(places)),
        ("products", Value::from(products)),
        ("notes", joined(notes)),
    ]))
}

/// Products by PCI.
fn of_products(exports: &Exports<'_>, found: &Complexity, most: usize) -> Vec<Value> {
    let one = |(position, at): (usize, usize)| {
        let id = &exports.products[at];
        let mut pairs = item(exports, position, id);
        let unit = "standard deviations of ECI";
        let cell = score(exports, found, (id, "PCI"), found.pci[at], unit);
        pairs.push(("value", exports.enter(cell)));
        Value::from_pairs(pairs)
    };
    order(&found.pci).into_iter().take(most).enumerate().map(one).collect()
}

/// The mean of a PCI from outside over the products of each place.
fn by_outside(
    exports: &Exports<'_>,
    basis: &Basis,
    source: &Value,
    notes: &mut Vec<String>,
) -> Result<Vec<Option<f64>>, Error> {
    let wanted = Wanted {
        verb: exports.verb,
        option: "outside_pci",
        column: "pci",
        places: false,
        domain: Domain::Any,
        complete: false,
        year: exports.year.as_deref(),
    };
    let pci = brought(exports.book, source, &wanted)?;
    let own: Vec<Option<f64>> = exports.products.iter().map(|id| pci.get(id).copied()).collect();
    let without: Vec<&str> =
        (exports.products.iter().filter(|id| !pci.contains_key(*id))).map(String::as_str).collect();
    if without.len() == own.len() {
        return Err(refuse(format!(
            "complexity(): no product of the rows selected has an outside PCI; outside_pci must \
             name their ids, such as {}",
            exports.products.first().map_or("", String::as_str)
        )));
    }
    let unused: Vec<&str> =
        pci.keys().filter(|id| !exports.products.contains(id)).map(String::as_str).collect();
    for (ids, what) in [
        (without, "products have no outside PCI and are left out of its mean"),
        (unused, "products of outside_pci are not among the rows selected"),
    ] {
        if !ids.is_empty() {
            notes.push(format!("{} {what}: {}", ids.len(), few(&ids)));
        }
    }
    external_complexity(&basis.m, &own).map_err(|error| exports.refused(&error))
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

/// ECI of a place and, with draws, its rank, both with their ranges; its mean outside PCI.
fn place_numbers(exports: &Exports<'_>, found: &Found, at: usize) -> Vec<(&'static str, Value)> {
    let id = &exports.places[at];
    let mut pairs = Vec::new();
    if let Some(own) = &found.own {
        let eci = score(exports, own, (id, "ECI"), own.eci[at], "standard deviations");
        match &found.ranges {
            None => pairs.push(("value", exports.enter(eci))),
            Some(ranges) => pairs.extend(with_ranges(exports, own, ranges, (id, at), eci)),
        }
    }
    if let Some(outside) = &found.outside {
        let asked = [("of", id.as_str()), ("index", "outside")];
        let label = format!("complexity by outside PCI: {}", exports.name(id));
        let text = "mean outside PCI over the products of the place, each the same weight";
        let cell = exports.cell(&asked, label, outside[at], "as the outside PCI", text.into());
        pairs.push(("outside", exports.enter(cell)));
    }
    pairs
}

fn with_ranges(
    exports: &Exports<'_>,
    found: &Complexity,
    ranges: &ComplexityRanges,
    (id, at): (&str, usize),
    eci: Cell,
) -> [(&'static str, Value); 2] {
    let place = ranges.places[at];
    let unit = format!("rank of {}", found.eci.iter().flatten().count());
    let value = rank(&found.eci)[at].map(|rank| rank as f64);
    let rank = score(exports, found, (id, "rank by ECI"), value, &unit);
    let ends = place.rank_best.zip(place.rank_worst).map(|(a, b)| (a as f64, b as f64));
    [
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
