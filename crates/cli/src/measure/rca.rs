//! `emporion measure rca`: revealed comparative advantage.

use emporion_model::measure::rca::rca;
use emporion_model::outcome::{InputError, Note};
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
    for (column, what) in [("origin", "the places"), ("product", "the products")] {
        if table.column(column).is_none() {
            return Err(Failure::new(format!(
                "{} has no column {column}: give the column with {what} this name",
                table.path()
            )));
        }
    }
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
    let found = rca(&exports.table).map_err(|error| named(&error, &exports))?;
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

/// A kernel speaks of positions, `places 0, 1 with products 2`; a reader knows ids.
pub fn named(error: &InputError, exports: &Exports) -> Failure {
    let text = error.to_string();
    let (mut out, mut ids): (String, Option<&[String]>) = (String::new(), None);
    for word in text.split_inclusive([' ', ',', ';', ')']) {
        let bare = word.trim_end_matches([' ', ',', ';', ')']);
        let known = ids.and_then(|ids| ids.get(bare.parse::<usize>().ok()?));
        match (known, bare) {
            (Some(id), _) => out.push_str(&word.replacen(bare, id, 1)),
            // The space after a comma: the list goes on.
            (None, "") => out.push_str(word),
            (None, _) => {
                ids = match bare.trim_start_matches('(') {
                    "place" | "places" => Some(&exports.places),
                    "product" | "products" => Some(&exports.products),
                    _ => None,
                };
                out.push_str(word);
            }
        }
    }
    Failure::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_ids() {
        let sum = Sum {
            value: 1.0,
            unit: None,
            side: None,
            scope: None,
            measure: None,
            period: None,
            year: None,
            bound: "=".into(),
            statuses: vec![],
            sources: vec![],
            rows: vec![],
            missing: vec![],
        };
        let exports = Exports {
            table: PlaceProduct::new(2, 1, vec![1.0, 1.0]).unwrap(),
            places: vec!["A".into(), "B".into()],
            products: vec!["x".into()],
            notes: vec![],
            whole: sum,
        };
        let error = InputError::Undefined {
            what: "ECI".into(),
            reason: "2 parts (places 0, 1 with products 0; place 7)".into(),
            remedy: "ask for 1".into(),
        };
        let told = format!("{:?}", named(&error, &exports));
        assert!(told.contains("2 parts (places A, B with products x; place 7)"), "{told}");
        assert!(told.contains("ask for 1"), "{told}");
    }
}
