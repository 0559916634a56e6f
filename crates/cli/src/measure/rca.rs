//! `emporion measure rca`: revealed comparative advantage.

use emporion_model::measure::rca::rca;
use emporion_model::outcome::Note;
use emporion_model::panel::PlaceProduct;
use emporion_tables::panel::{CellOptions, place_product};
use emporion_tables::sum::{Missing, Sum};

use super::{Figures, unit};
use crate::answer::{Answer, Column, Part, Show};
use crate::args;
use crate::failure::Failure;

/// Exports of each place by product.
pub struct Exports {
    /// Places × products.
    pub table: PlaceProduct,
    /// Ids of the rows.
    pub places: Vec<String>,
    /// Ids of the columns.
    pub products: Vec<String>,
    /// Cells without a row, counted.
    pub notes: Vec<Note>,
    /// The total, with what it is of.
    pub whole: Sum,
}

/// The rows selected as a place-by-product table. A cell without rows is no trade, counted.
pub fn exports(figures: &Figures<'_>) -> Result<Exports, Failure> {
    let table = figures.table();
    let whole = figures.sum(&figures.rows)?;
    let over: &[&str] = if table.column("destination").is_some() { &["destination"] } else { &[] };
    let options = CellOptions { missing: Missing::Zero, over, hierarchy: Some(&figures.hierarchy) };
    let value = &figures.common.value;
    let (table, places, products, notes) =
        place_product(table, &figures.rows, "origin", "product", value, options)?;
    Ok(Exports { table, places, products, notes, whole })
}

/// The index of each place in each product, largest first.
pub fn answer(arguments: &args::Rca, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let exports = exports(figures)?;
    for (column, wanted, known) in [
        ("origin", &arguments.place, &exports.places),
        ("product", &arguments.product, &exports.products),
    ] {
        if let Some(id) = wanted.iter().find(|id| !known.contains(id)) {
            return Err(Failure::new(format!(
                "no row selected has {column} {id}; the table has {} of them, such as {}",
                known.len(),
                known.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ")
            )));
        }
    }
    let found = rca(&exports.table)?;
    let unit = unit([&exports.whole]);
    let mut answer = figures.answer("rca", "Revealed comparative advantage (Balassa)");
    answer.option("place", arguments.place.clone());
    answer.option("product", arguments.product.clone());
    figures.describe(&mut answer, [&exports.whole]);
    let keys = ["origin", "product"];
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("value", "Value", unit.as_str(), Show::Fitting),
        Column::number("rca", "RCA", "", Show::Decimals(3)),
    ]);
    let mut cells = Vec::new();
    for (i, place) in exports.places.iter().enumerate() {
        for (k, product) in exports.products.iter().enumerate() {
            let wanted = |list: &[String], id| list.is_empty() || list.contains(id);
            if wanted(&arguments.place, place) && wanted(&arguments.product, product) {
                let at = i * exports.products.len() + k;
                cells.push((found.values[at], exports.table.values[at], [place, product]));
            }
        }
    }
    cells.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    let mut part = Part::new("rows", "", columns);
    for (index, value, key) in cells {
        let mut row = figures.key_cells(&keys, &key.map(Clone::clone));
        row.extend([value.into(), index.into()]);
        part.push(row);
    }
    answer.parts.push(part);
    answer.count("places", "Places", "", Show::Whole, exports.places.len());
    answer.count("products", "Products", "", Show::Whole, exports.products.len());
    answer.notes.extend(exports.notes.iter().chain(&found.notes).map(Into::into));
    Ok(answer)
}
