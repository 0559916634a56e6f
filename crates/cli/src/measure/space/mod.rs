//! What rests on one table of places by products. What these indicators share is here: the table,
//! who has which product, and numbers that the user brings for each place or product.

mod basis;
mod cross;
mod entry_exit;
mod product_space;
mod prody;
mod proximity;
mod relatedness;

pub use basis::{Basis, having_options};
pub use emporion_tables::domain::Domain;
pub use emporion_tables::named::few;

use std::collections::BTreeMap;
use std::path::Path;

use emporion_model::measure::continuous::rca_correlation;
use emporion_model::measure::presence::Presence;
use emporion_model::measure::proximity::{Diagonal, Proximity};
use emporion_model::measure::relatedness::{ProximityKind, proximity_by};
use emporion_model::outcome::Note;
use emporion_tables::named::note_with_ids;
use emporion_tables::{Problem, Table, Values};

use super::Figures;
use super::rca::{Exports, named};
use crate::answer::{Advice, Answer, Column, Show};
use crate::args::{Nearness, SpaceIndex};
use crate::failure::Failure;
use crate::progress::Progress;

/// Computes an indicator of this family.
pub fn answer(
    index: &SpaceIndex,
    figures: &Figures<'_>,
    progress: &Progress,
) -> Result<Answer, Failure> {
    match index {
        SpaceIndex::Proximity(arguments) => proximity::answer(arguments, figures),
        SpaceIndex::Relatedness(arguments) => relatedness::answer(arguments, figures),
        SpaceIndex::ProductSpace(arguments) => product_space::answer(arguments, figures),
        SpaceIndex::CrossProximity(arguments) => cross::answer(arguments, figures, progress),
        SpaceIndex::EntryExit(arguments) => entry_exit::answer(arguments, figures),
        SpaceIndex::Prody(arguments) => prody::answer(arguments, figures),
    }
}

/// Proximity of products, of the kind asked.
pub fn nearness(basis: &Basis, kind: Nearness, diagonal: u8) -> Result<Proximity, Failure> {
    if kind != Nearness::RcaCorrelation {
        return of_presence(&basis.m, kind, diagonal, &basis.exports);
    }
    let index = basis.rca.as_ref().ok_or_else(|| {
        Failure::new("--kind rca-correlation needs RCA: leave --presence given out")
    })?;
    rca_correlation(index, diagonal_of(diagonal)).map_err(|error| named(&error, &basis.exports))
}

/// What `--diagonal` says: 0 or 1.
pub fn diagonal_of(value: u8) -> Diagonal {
    if value == 0 { Diagonal::Zero } else { Diagonal::One }
}

/// Proximity of the columns of M.
pub fn of_presence(
    m: &Presence,
    kind: Nearness,
    diagonal: u8,
    exports: &Exports,
) -> Result<Proximity, Failure> {
    let kind = match kind {
        Nearness::MinConditional => ProximityKind::MinConditional,
        Nearness::SquareRoot => ProximityKind::SquareRoot,
        Nearness::Asymmetric => ProximityKind::Asymmetric,
        Nearness::Correlation => ProximityKind::Correlation,
        Nearness::RcaCorrelation => {
            return Err(Failure::new("--kind rca-correlation is one of products: --of products"));
        }
    };
    proximity_by(m, kind, diagonal_of(diagonal)).map_err(|error| named(&error, exports))
}

/// The word of a kind of proximity in the options of an answer.
pub fn kind_word(kind: Nearness) -> &'static str {
    match kind {
        Nearness::MinConditional => "min_conditional",
        Nearness::SquareRoot => "square_root",
        Nearness::Asymmetric => "asymmetric",
        Nearness::Correlation => "correlation",
        Nearness::RcaCorrelation => "rca_correlation",
    }
}

/// Kernel remarks with the ids that they are about.
pub fn advice<'a>(notes: impl IntoIterator<Item = &'a Note>, exports: &Exports) -> Vec<Advice> {
    let named = |note: &Note| {
        let message = note_with_ids(note, &exports.places, &exports.products);
        Advice::new(note.code, message, note.count)
    };
    notes.into_iter().map(named).collect()
}

/// Refuses ids that the table does not have.
pub fn known(column: &str, wanted: &[String], ids: &[String]) -> Result<(), Failure> {
    let Some(id) = wanted.iter().find(|id| !ids.contains(id)) else { return Ok(()) };
    Err(Failure::new(format!(
        "no row selected has {column} {id}; the table has {} of them, such as {}",
        ids.len(),
        ids.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ")
    )))
}

/// Whether an id is among those wanted; all are where none is named.
pub fn wanted(list: &[String], id: &str) -> bool {
    list.is_empty() || list.iter().any(|known| known == id)
}

/// Numbers of places as [`brought`], one for each place of the table.
pub fn per_place(
    figures: &Figures<'_>,
    exports: &Exports,
    source: &str,
    what: &str,
    domain: Domain,
) -> Result<Vec<f64>, Failure> {
    let found = brought(figures, source, what, domain)?;
    let lacking: Vec<&str> =
        exports.places.iter().filter(|id| !found.contains_key(*id)).map(String::as_str).collect();
    if lacking.is_empty() {
        return Ok(exports.places.iter().map(|id| found[id]).collect());
    }
    Err(Failure::new(format!(
        "{} places have no {what} in {source}: {}; missing is not zero: add them, or leave the \
         places out with --where origin!={}",
        lacking.len(),
        few(&lacking),
        lacking[0]
    )))
}

/// Numbers of places: from a file with a column of ids (`origin`, `place`, `id` or `country`) and
/// one named `what`, or from a column of the case's places. An empty cell is a place without.
pub fn brought(
    figures: &Figures<'_>,
    source: &str,
    what: &str,
    domain: Domain,
) -> Result<BTreeMap<String, f64>, Failure> {
    let path = Path::new(source);
    if path.exists() {
        let (table, ids) = (Table::read(path)?, ["origin", "place", "id", "country"]);
        return Ok(column(figures, &table, &ids, what, domain)?.0);
    }
    match figures.data.about("place") {
        Some(places) if places.column(source).is_some() => {
            let rows: Vec<usize> = (0..places.rows()).collect();
            Ok(numbers(places, "id", source, domain, &rows)?.0)
        }
        Some(places) => Err(Failure::new(format!(
            "there is no file {source}, and {} has no column {source}; it has {}",
            places.path(),
            places.columns().iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
        ))),
        None => Err(Failure::new(format!(
            "there is no file {source}; name a file with columns origin and {what}"
        ))),
    }
}

/// A column of numbers of a file by its ids, and the rows whose cell is empty.
pub fn column(
    figures: &Figures<'_>,
    table: &Table,
    keys: &[&str],
    what: &str,
    domain: Domain,
) -> Result<(BTreeMap<String, f64>, Vec<usize>), Failure> {
    let Some(key) = keys.iter().find(|key| table.column(key).is_some()) else {
        let expected = format!("a column of ids named {}", keys.join(" or "));
        return Err(lacking(table, expected, keys[0]));
    };
    if table.column(what).is_none() {
        return Err(lacking(table, format!("a column of numbers named {what}"), what));
    }
    let rows: Vec<usize> = match (table.column("year"), only_year(figures)) {
        (Some(_), Some(year)) => {
            let is = |row: &usize| table.label("year", *row).as_deref() == Some(year.as_str());
            (0..table.rows()).filter(is).collect()
        }
        _ => (0..table.rows()).collect(),
    };
    numbers(table, key, what, domain, &rows)
}

fn lacking(table: &Table, expected: String, column: &str) -> Failure {
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let remedy = format!("it has {}; name the column so", names.join(", "));
    Problem::new("unknown-column", table.path(), expected, remedy).column(column).into()
}

/// The year of the rows selected, where it is one.
fn only_year(figures: &Figures<'_>) -> Option<String> {
    let mut years = figures.rows.iter().map(|row| figures.table().label("year", *row));
    let first = years.next()??;
    years.all(|year| year.as_deref() == Some(first.as_str())).then_some(first)
}

fn numbers(
    table: &Table,
    key: &str,
    name: &str,
    domain: Domain,
    rows: &[usize],
) -> Result<(BTreeMap<String, f64>, Vec<usize>), Failure> {
    let numeric =
        table.column(name).is_some_and(|column| matches!(column.values, Values::Number(_)));
    if !numeric {
        return Err(Failure::new(format!(
            "the column {name} of {} is not a column of numbers; correct or empty its other cells",
            table.path()
        )));
    }
    let (mut out, mut empty) = (BTreeMap::new(), Vec::new());
    for &row in rows {
        let at = || format!("line {} of {}", table.line(row), table.path());
        let Some(id) = table.label(key, row) else {
            return Err(Failure::new(format!("{} has no {key}; name it or remove it", at())));
        };
        let Some(value) = table.number(name, row) else {
            empty.push(row);
            continue;
        };
        if !domain.holds(value) {
            return Err(Failure::new(format!(
                "{} gives {id} a {name} of {value}, which must be {}; correct it, or leave the \
                 cell empty where it is not known",
                at(),
                domain.words()
            )));
        }
        if out.insert(id.clone(), value).is_some() {
            return Err(Failure::new(format!(
                "{} gives {id} a second {name}; keep one of them",
                at()
            )));
        }
    }
    Ok((out, empty))
}

/// A column of counts.
pub fn whole(key: &str, title: &str) -> Column {
    Column::number(key, title, "", Show::Whole)
}

/// A column of ratios.
pub fn decimals(key: &str, title: &str) -> Column {
    Column::number(key, title, "", Show::Decimals(3))
}

/// The columns of the second of two ids of one kind.
pub fn with_columns(figures: &Figures<'_>, key: &str) -> Vec<Column> {
    let mut columns = figures.key_columns(&[key]);
    for column in &mut columns {
        column.key = column.key.replacen(key, "with", 1);
    }
    if let Some(first) = columns.first_mut() {
        first.title = "With".into();
    }
    columns
}
