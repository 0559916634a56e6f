//! Complexity of places by the PCI of another table: of regions by the world's.

use std::collections::BTreeMap;
use std::path::Path;

use emporion_model::measure::opportunity::external_complexity;
use emporion_tables::{Table, Values};

use super::Figures;
use super::complexity::options;
use super::rca::{named, with_ids};
use super::space::{Basis, decimals, few, whole};
use crate::answer::{Advice, Answer, Part};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// A file with columns `product` and `pci`; an empty pci is a product without.
pub fn read_pci(path: &Path) -> Result<BTreeMap<String, f64>, Failure> {
    let table = Table::read(path)?;
    require(&table, &["product", "pci"])?;
    let numeric =
        table.column("pci").is_some_and(|column| matches!(column.values, Values::Number(_)));
    if !numeric {
        return Err(Failure::new(format!(
            "the column pci of {} is not a column of numbers; correct or empty its other cells",
            path.display()
        )));
    }
    let mut out = BTreeMap::new();
    for row in 0..table.rows() {
        let at = || format!("line {} of {}", table.line(row), path.display());
        let Some(product) = table.text("product", row) else {
            return Err(Failure::new(format!("{} has no product; name it or remove it", at())));
        };
        let Some(pci) = table.number("pci", row) else { continue };
        if out.insert(product.to_owned(), pci).is_some() {
            return Err(Failure::new(format!(
                "{} gives product {product} a second pci; keep one of them",
                at()
            )));
        }
    }
    Ok(out)
}

/// The mean outside PCI of the products of each place.
pub fn by_outside(
    basis: &Basis,
    pci: &BTreeMap<String, f64>,
    advice: &mut Vec<Advice>,
) -> Result<Vec<Option<f64>>, Failure> {
    let exports = &basis.exports;
    let own: Vec<Option<f64>> = exports.products.iter().map(|k| pci.get(k).copied()).collect();
    let without: Vec<&str> = (exports.products.iter().zip(&own))
        .filter(|(_, pci)| pci.is_none())
        .map(|(id, _)| id.as_str())
        .collect();
    if without.len() == own.len() {
        return Err(Failure::new(format!(
            "no product of the table has a pci in the file of --outside-pci; its column product \
             must hold the table's ids, such as {}",
            exports.products.first().map_or("", String::as_str)
        )));
    }
    if !without.is_empty() {
        let message = format!(
            "{} products of the table have no outside PCI and are left out of its mean: {}",
            without.len(),
            few(&without)
        );
        advice.push(Advice::new("no_outside_pci", message, without.len()));
    }
    let unused: Vec<&str> = pci
        .keys()
        .filter(|id| exports.products.binary_search(id).is_err())
        .map(String::as_str)
        .collect();
    if !unused.is_empty() {
        let message = format!(
            "{} products of the file of --outside-pci are not in the table: {}",
            unused.len(),
            few(&unused)
        );
        advice.push(Advice::new("outside_pci_unused", message, unused.len()));
    }
    external_complexity(&basis.m, &own).map_err(|error| named(&error, exports))
}

/// The answer where the table has no ECI of its own: few regions, or regions in parts.
pub fn outside_alone(
    arguments: &args::Complexity,
    figures: &Figures<'_>,
    basis: &Basis,
    pci: &BTreeMap<String, f64>,
    reason: &str,
) -> Result<Answer, Failure> {
    let mut notes = Vec::new();
    let found = by_outside(basis, pci, &mut notes)?;
    let exports = &basis.exports;
    let mut answer = figures.answer("complexity", "Complexity by outside PCI");
    options(arguments, exports, &mut answer);
    figures.describe(&mut answer, [&exports.whole]);
    let mut columns = figures.key_columns(&["origin"]);
    columns.extend([
        decimals("eci_outside", "ECI by\noutside PCI"),
        whole("diversity", "Products\nwith RCA"),
    ]);
    let mut part = Part::new("rows", "", columns);
    let diversity = basis.m.diversity();
    let mut order: Vec<usize> = (0..found.len()).collect();
    let score = |i: usize| found[i].unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
    for at in order {
        let mut row = figures.key_cells(&["origin"], std::slice::from_ref(&exports.places[at]));
        row.extend([found[at].into(), diversity[at].into()]);
        part.push(row);
    }
    answer.parts.push(part);
    exports.count(&mut answer);
    let convention = format!(
        "{}; mean outside PCI over the products of a place, each the same weight",
        basis.m.convention
    );
    answer.say("convention", "Convention", convention);
    let message = format!("the table has no ECI of its own: {}", with_ids(reason, exports));
    answer.note(Advice::new("no_own_eci", message, 1));
    answer.notes.extend(notes);
    answer.notes.extend(basis.notes());
    Ok(answer)
}
