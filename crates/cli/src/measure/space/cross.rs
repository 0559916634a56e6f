//! `emporion measure cross-proximity`: goods against services, exports against patents.

use std::collections::BTreeSet;

use emporion_model::measure::presence::Presence;
use emporion_model::measure::relatedness::cross_proximity;

use super::{Basis, decimals, few, having_options, whole, with_columns};
use crate::answer::{Advice, Answer, Part, Show};
use crate::args::{Common, CrossProximity as Arguments, Rows};
use crate::failure::Failure;
use crate::measure::Figures;
use crate::measure::rca::named;
use crate::progress::Progress;
use crate::select::select;

/// One of the two sets: M over the places of both.
struct Set {
    m: Presence,
    products: Vec<String>,
}

/// Pairs across the two sets, and places by the second set.
pub fn answer(
    arguments: &Arguments,
    figures: &Figures<'_>,
    progress: &Progress,
) -> Result<Answer, Failure> {
    let basis = Basis::open(&arguments.having, figures)?;
    let mut notes = basis.notes();
    let (places, first, second) = match &arguments.other {
        Some(other) => {
            let second = second_table(arguments, figures, other, progress)?;
            notes.extend(second.notes());
            of_two_tables(&basis, &second, other, &mut notes)?
        }
        None => of_one_table(arguments, figures, &basis)?,
    };
    let exports = &basis.exports;
    let found = cross_proximity(&first.m, &second.m).map_err(|error| named(&error, exports))?;

    let mut answer = figures.answer("cross_proximity", "Proximity of two sets of products");
    answer.option("first", arguments.first.clone());
    answer.option("second", arguments.second.clone());
    answer.option("other", arguments.other.clone());
    having_options(&arguments.having, exports, &mut answer);
    figures.describe(&mut answer, [&exports.whole]);
    answer.parts.push(pairs(figures, &first, &second, &found.proximity));
    answer.parts.push(related(figures, &places, &second, &found.relatedness));
    answer.count("first_products", "Products of the first set", "", Show::Whole, found.first);
    answer.count("second_products", "Products of the second set", "", Show::Whole, found.second);
    answer.count("places", "Places", "", Show::Whole, places.len());
    exports.count_absent(&mut answer);
    let convention = format!(
        "{}; places with both over the larger ubiquity; relatedness: the part of the proximity \
         around a product of the second set that the place has in the first",
        first.m.convention
    );
    answer.say("convention", "Convention", convention);
    answer.notes.extend(notes);
    Ok(answer)
}

/// Two sets of columns of one M.
fn of_one_table(
    arguments: &Arguments,
    figures: &Figures<'_>,
    basis: &Basis,
) -> Result<(Vec<String>, Set, Set), Failure> {
    let table = figures.table();
    let ids = |condition: &String| -> Result<BTreeSet<String>, Failure> {
        let rows = select(&figures.data, table, std::slice::from_ref(condition))?.rows;
        Ok(rows.into_iter().filter_map(|row| table.label("product", row)).collect())
    };
    let all = &basis.exports.products;
    let first = arguments.first.as_ref().map(ids).transpose()?.unwrap_or_default();
    let second = match &arguments.second {
        Some(condition) => ids(condition)?,
        None => all.iter().filter(|id| !first.contains(*id)).cloned().collect(),
    };
    if let Some(id) = all.iter().find(|id| first.contains(*id) && second.contains(*id)) {
        return Err(Failure::new(format!(
            "product {id} is in both sets; a product is near to itself: take it out of --first or \
             --second"
        )));
    }
    let part = |ids: &BTreeSet<String>, which: &str| -> Result<Set, Failure> {
        let columns: Vec<usize> = (0..all.len()).filter(|k| ids.contains(&all[*k])).collect();
        if columns.is_empty() {
            return Err(Failure::new(format!(
                "the {which} set has no product among the rows selected; correct its condition"
            )));
        }
        let products = columns.iter().map(|k| all[*k].clone()).collect();
        let rows: Vec<usize> = (0..basis.m.places).collect();
        Ok(Set { m: basis.m.part(&rows, &columns)?, products })
    };
    Ok((basis.exports.places.clone(), part(&first, "first")?, part(&second, "second")?))
}

/// The table named by `--other`, read as the first one is.
fn second_table(
    arguments: &Arguments,
    figures: &Figures<'_>,
    other: &str,
    progress: &Progress,
) -> Result<Basis, Failure> {
    let common = Common {
        rows: Rows { data: other.to_owned(), conditions: Vec::new() },
        no_domestic: figures.common.no_domestic,
        shape: figures.common.shape.clone(),
        value: figures.common.value.clone(),
        missing_as_zero: figures.common.missing_as_zero,
    };
    Basis::open(&arguments.having, &Figures::open(&common, progress)?)
}

/// M of two tables, over the places of both.
fn of_two_tables(
    basis: &Basis,
    second: &Basis,
    other: &str,
    notes: &mut Vec<Advice>,
) -> Result<(Vec<String>, Set, Set), Failure> {
    let (a, b) = (&basis.exports.places, &second.exports.places);
    let places: Vec<String> = a.iter().filter(|id| b.contains(id)).cloned().collect();
    let alone: Vec<&str> = a
        .iter()
        .filter(|id| !b.contains(id))
        .chain(b.iter().filter(|id| !a.contains(id)))
        .map(String::as_str)
        .collect();
    if places.is_empty() {
        return Err(Failure::new(format!(
            "no place stands in both tables: the first has {}, {other} has {}",
            few(&a.iter().map(String::as_str).collect::<Vec<_>>()),
            few(&b.iter().map(String::as_str).collect::<Vec<_>>())
        )));
    }
    if !alone.is_empty() {
        let message = format!("places of one table only are left out: {}", few(&alone));
        notes.push(Advice::new("one_table_only", message, alone.len()));
    }
    let of = |basis: &Basis| -> Result<Set, Failure> {
        let at = |id: &String| basis.exports.places.iter().position(|known| known == id);
        let rows: Vec<usize> = places.iter().filter_map(at).collect();
        let columns: Vec<usize> = (0..basis.m.products).collect();
        Ok(Set { m: basis.m.part(&rows, &columns)?, products: basis.exports.products.clone() })
    };
    Ok((places.clone(), of(basis)?, of(second)?))
}

fn pairs(figures: &Figures<'_>, first: &Set, second: &Set, phi: &[f64]) -> Part {
    let mut columns = figures.key_columns(&["product"]);
    columns.extend(with_columns(figures, "product"));
    columns.extend([decimals("proximity", "Proximity"), whole("both", "Places\nwith both")]);
    let mut part = Part::new("rows", "", columns);
    let n = second.products.len();
    let mut order: Vec<usize> = (0..phi.len()).collect();
    order.sort_by(|a, b| phi[*b].total_cmp(&phi[*a]).then(a.cmp(b)));
    for at in order {
        let (k, l) = (at / n, at % n);
        let mut row = figures.key_cells(&["product"], std::slice::from_ref(&first.products[k]));
        row.extend(figures.key_cells(&["product"], std::slice::from_ref(&second.products[l])));
        let both = (0..first.m.places).filter(|i| first.m.has(*i, k) && second.m.has(*i, l));
        row.extend([phi[at].into(), both.count().into()]);
        part.push(row);
    }
    part
}

fn related(figures: &Figures<'_>, places: &[String], set: &Set, values: &[Option<f64>]) -> Part {
    let keys = ["origin", "product"];
    let mut columns = figures.key_columns(&keys);
    columns.extend([decimals("relatedness", "Relatedness"), whole("m", "M")]);
    let title = "Relatedness to the second set by the first";
    let mut part = Part::new("relatedness", title, columns);
    for (i, place) in places.iter().enumerate() {
        for (l, product) in set.products.iter().enumerate() {
            let mut row = figures.key_cells(&keys, &[place.clone(), product.clone()]);
            let at = i * set.products.len() + l;
            row.extend([values[at].into(), usize::from(set.m.has(i, l)).into()]);
            part.push(row);
        }
    }
    part
}
