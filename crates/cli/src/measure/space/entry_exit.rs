//! `emporion measure entry-exit`: products that places gained and lost between two periods.

use emporion_model::measure::entry_exit::{Turnover, entry_exit};
use emporion_model::measure::presence::{Presence, presence};
use emporion_model::measure::rca::{Rca, rca};
use emporion_model::panel::PlaceProduct;
use emporion_tables::sum::Sum;

use super::{few, known, wanted};
use crate::answer::{Advice, Answer, Column, Part, Show};
use crate::args::EntryExit as Arguments;
use crate::data::require;
use crate::failure::Failure;
use crate::measure::Figures;
use crate::measure::rca::{Exports, exports, named};
use crate::measure::trade::years;

/// One period over the places and products of either: a place that traded in the other only has
/// nothing here.
struct Period {
    exports: Exports,
    rca: Rca,
    m: Presence,
}

/// Places, then products, then the cells that changed.
pub fn answer(arguments: &Arguments, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["origin", "product", "year"])?;
    let (from, to) = (years(&arguments.from)?, years(&arguments.to)?);
    if from.iter().any(|year| to.contains(year)) {
        return Err(Failure::new("--from and --to share a year; give periods that do not overlap"));
    }
    let mut sums = Vec::new();
    let before = added_up(arguments, figures, &from, &mut sums)?;
    let after = added_up(arguments, figures, &to, &mut sums)?;
    let rows: Vec<usize> = sums.iter().flat_map(|sum| sum.rows.iter().copied()).collect();
    figures.comparable(&rows)?;
    let mut notes = Vec::new();
    let common = common(&before, &after, &mut notes)?;
    let cut_off_after = arguments.cut_off_after.unwrap_or(arguments.cut_off);
    let places = merged(&before.places, &after.places);
    let products = merged(&before.products, &after.products);
    let before = over(before, &places, &products, arguments.cut_off)?;
    let after = over(after, &places, &products, cut_off_after)?;
    let ids: Vec<String> = common.iter().map(|i| places[*i].clone()).collect();
    if let Some(id) = arguments.place.iter().find(|id| places.contains(id) && !ids.contains(id)) {
        return Err(Failure::new(format!(
            "{id} has rows in one of the two periods only, and cannot be compared; choose periods in \
             which it has rows, or leave it out of --place"
        )));
    }
    known("origin", &arguments.place, &ids)?;
    let every: Vec<usize> = (0..products.len()).collect();
    let was = before.m.part(&common, &every)?;
    let found = entry_exit(&was, &after.m.part(&common, &every)?)?;

    let mut answer = figures.answer("entry_exit", "Products gained and lost");
    answer.option("from", arguments.from.clone());
    answer.option("to", arguments.to.clone());
    answer.option("cut_off", arguments.cut_off);
    answer.option("cut_off_after", cut_off_after);
    answer.option("place", arguments.place.clone());
    answer.option("absent", before.exports.absent_word());
    figures.describe(&mut answer, &sums);
    let shown: Vec<usize> = (0..ids.len()).filter(|i| wanted(&arguments.place, &ids[*i])).collect();
    answer.parts.push(counts(figures, "rows", "origin", &ids, &found.places, &shown));
    answer.parts.push(counts(figures, "products", "product", &products, &found.products, &every));
    let m = products.len();
    let mut changed: Vec<(usize, &str)> = found
        .entries
        .iter()
        .map(|cell| (*cell, "entry"))
        .chain(found.exits.iter().map(|cell| (*cell, "exit")))
        .filter(|(cell, _)| wanted(&arguments.place, &ids[cell / m]))
        // From positions among the places of both periods to those of the tables.
        .map(|(cell, what)| (common[cell / m] * m + cell % m, what))
        .collect();
    changed.sort_unstable();
    answer.parts.push(cells(figures, &before, &after, &changed));
    answer.count("entries", "Entries", "", Show::Whole, found.entries.len());
    answer.count("exits", "Exits", "", Show::Whole, found.exits.len());
    answer.count("places", "Places", "", Show::Whole, ids.len());
    answer.count("products", "Products", "", Show::Whole, m);
    let absent = [&before, &after].map(|period| period.exports.absent_cells());
    answer.count_if_any("absent_cells", "Cells without a row (zero)", absent.iter().sum());
    let convention = format!(
        "{} before, from {cut_off_after} after, values of a period added up; entry rate over what \
         was absent, exit rate over what was present; Neffke, Henning, Boschma 2011",
        was.convention
    );
    answer.say("convention", "Convention", convention);
    answer.notes.extend([&before, &after].iter().flat_map(|p| &p.exports.notes).map(Into::into));
    answer.notes.extend(notes);
    Ok(answer)
}

/// The exports of several years, added up; a note of each year names it.
fn added_up(
    arguments: &Arguments,
    figures: &Figures<'_>,
    years: &[i32],
    sums: &mut Vec<Sum>,
) -> Result<Exports, Failure> {
    let mut sum: Option<Exports> = None;
    for year in years {
        let mut next = exports(figures, &figures.with_year(*year)?, &arguments.filling)?;
        sums.push(next.whole.clone());
        next.notes.iter_mut().for_each(|note| note.message = format!("{year}: {}", note.message));
        sum = Some(match sum {
            None => next,
            Some(mut sum) => {
                let places = merged(&sum.places, &next.places);
                let products = merged(&sum.products, &next.products);
                let mut values = spread(&sum, &places, &products);
                let more = spread(&next, &places, &products);
                values.iter_mut().zip(more).for_each(|(value, more)| *value += more);
                sum.table = PlaceProduct::new(places.len(), products.len(), values)?;
                (sum.places, sum.products) = (places, products);
                sum.notes.extend(next.notes);
                sum
            }
        });
    }
    sum.ok_or_else(|| Failure::new("a period needs at least one year"))
}

/// Positions, among the places of either period, of those with rows in both.
fn common(
    before: &Exports,
    after: &Exports,
    notes: &mut Vec<Advice>,
) -> Result<Vec<usize>, Failure> {
    let lack = |own: &[String], other: &[String]| -> Vec<String> {
        own.iter().filter(|id| !other.contains(id)).cloned().collect()
    };
    let alone = [lack(&before.places, &after.places), lack(&after.places, &before.places)].concat();
    let places = merged(&before.places, &after.places);
    let both: Vec<usize> = (0..places.len()).filter(|i| !alone.contains(&places[*i])).collect();
    if both.is_empty() {
        return Err(Failure::new(
            "no place has rows in both periods; the ids of one and the other must be the same",
        ));
    }
    for (list, code, what) in [
        (
            alone,
            "one_period_only",
            "places with rows in one period only neither gained nor lost; they count in RCA alone",
        ),
        (
            lack(&after.products, &before.products),
            "new_products",
            "products without rows before: every place that has one enters it, which a change of \
             classification does too",
        ),
        (
            lack(&before.products, &after.products),
            "gone_products",
            "products without rows after: every place that had one exits, which a change of \
             classification does too",
        ),
    ] {
        if !list.is_empty() {
            let ids: Vec<&str> = list.iter().map(String::as_str).collect();
            notes.push(Advice::new(code, format!("{what}: {}", few(&ids)), ids.len()));
        }
    }
    Ok(both)
}

/// RCA and M of a period over other places and products.
fn over(
    mut exports: Exports,
    places: &[String],
    products: &[String],
    cut_off: f64,
) -> Result<Period, Failure> {
    let values = spread(&exports, places, products);
    exports.table = PlaceProduct::new(places.len(), products.len(), values)?;
    (exports.places, exports.products) = (places.to_vec(), products.to_vec());
    let told = |error| named(&error, &exports);
    let index = rca(&exports.table).map_err(told)?;
    let m = presence(&index, cut_off).map_err(told)?;
    Ok(Period { exports, rca: index, m })
}

/// Ids of either list, in order.
fn merged(a: &[String], b: &[String]) -> Vec<String> {
    let mut all = [a, b].concat();
    all.sort();
    all.dedup();
    all
}

/// A table over other places and products, both in order; what it lacks is 0.
fn spread(exports: &Exports, places: &[String], products: &[String]) -> Vec<f64> {
    let mut out = vec![0.0; places.len() * products.len()];
    let m = exports.products.len();
    let columns: Vec<Option<usize>> =
        exports.products.iter().map(|id| products.binary_search(id).ok()).collect();
    for (i, id) in exports.places.iter().enumerate() {
        let Ok(row) = places.binary_search(id) else { continue };
        for (k, column) in columns.iter().enumerate() {
            if let Some(column) = column {
                out[row * products.len() + column] = exports.table.values[i * m + k];
            }
        }
    }
    out
}

/// Entries and exits by place or by product.
fn counts(
    figures: &Figures<'_>,
    name: &'static str,
    key: &str,
    ids: &[String],
    lines: &[Turnover],
    shown: &[usize],
) -> Part {
    let title = if key == "product" { "Products" } else { "" };
    let mut part = Part::new(name, title, columns(figures, key));
    let percent = |rate: Option<f64>| rate.map(|rate| 100.0 * rate);
    for &at in shown {
        let counts = &lines[at];
        let mut row = figures.key_cells(&[key], std::slice::from_ref(&ids[at]));
        row.extend([
            counts.stayed.into(),
            counts.entered.into(),
            counts.left.into(),
            counts.absent.into(),
            percent(counts.entry_rate()).into(),
            percent(counts.exit_rate()).into(),
        ]);
        part.push(row);
    }
    part
}

fn columns(figures: &Figures<'_>, key: &str) -> Vec<Column> {
    let whole = |key: &str, title: &str| Column::number(key, title, "", Show::Whole);
    let rate = |key: &str, title: &str| Column::number(key, title, "percent", Show::Decimals(1));
    let mut columns = figures.key_columns(&[key]);
    columns.extend([
        whole("stayed", "Stayed"),
        whole("entered", "Entered"),
        whole("left", "Left"),
        whole("absent", "Absent"),
        rate("entry_rate", "Entry\nrate"),
        rate("exit_rate", "Exit\nrate"),
    ]);
    columns
}

fn cells(
    figures: &Figures<'_>,
    before: &Period,
    after: &Period,
    changed: &[(usize, &str)],
) -> Part {
    let exports = &before.exports;
    let keys = ["origin", "product"];
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::text("change", "Change"),
        Column::number("rca_before", "RCA\nbefore", "", Show::Decimals(3)),
        Column::number("rca_after", "RCA\nafter", "", Show::Decimals(3)),
    ]);
    let mut part = Part::new("cells", "Places and products that changed", columns);
    let m = exports.products.len();
    for &(cell, what) in changed {
        let (i, k) = (cell / m, cell % m);
        let index = |rca: &Rca| {
            let traded = rca.empty_places.binary_search(&i).is_err()
                && rca.empty_products.binary_search(&k).is_err();
            traded.then(|| rca.values[cell])
        };
        let ids = [exports.places[i].clone(), exports.products[k].clone()];
        let mut row = figures.key_cells(&keys, &ids);
        row.extend([what.into(), index(&before.rca).into(), index(&after.rca).into()]);
        part.push(row);
    }
    part
}
