//! Reads the tables that the measures are checked on.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::Path;

use emporion_model::measure::table::{Cell, TableOptions, place_product};
use emporion_model::panel::PlaceProduct;

/// A CSV file by column.
pub struct Columns {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub fn read(path: &Path) -> Self {
        let mut reader =
            csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let names = reader.headers().unwrap().iter().map(String::from).collect();
        let rows =
            reader.records().map(|r| r.unwrap().iter().map(String::from).collect()).collect();
        Self { names, rows }
    }

    pub fn text(&self, name: &str) -> Option<Vec<&str>> {
        let at = self.names.iter().position(|n| n == name)?;
        Some(self.rows.iter().map(|r| r[at].as_str()).collect())
    }

    /// Numbers; an empty field is missing.
    pub fn numbers(&self, name: &str) -> Option<Vec<Option<f64>>> {
        let column = self.text(name)?;
        let parse = |t: &str| (!t.is_empty()).then(|| t.parse().unwrap());
        Some(column.into_iter().map(parse).collect())
    }
}

/// A place-by-product table with its labels, ascending.
pub struct Labelled {
    pub table: PlaceProduct,
    pub places: Vec<String>,
    pub products: Vec<String>,
}

impl Labelled {
    pub fn read(path: &Path) -> Self {
        let file = Columns::read(path);
        let (place, product) = (file.text("place").unwrap(), file.text("product").unwrap());
        let (places, place_ids) = ids(&place);
        let (products, product_ids) = ids(&product);
        let rows: Vec<Cell> = file
            .numbers("value")
            .unwrap()
            .into_iter()
            .enumerate()
            .map(|(r, value)| Cell { place: place_ids[r], product: product_ids[r], value })
            .collect();
        let made =
            place_product(places.len(), products.len(), &rows, &TableOptions::default()).unwrap();
        Self { table: made.table, places, products }
    }

    pub fn place(&self, label: &str) -> usize {
        self.places.binary_search_by(|p| p.as_str().cmp(label)).expect(label)
    }

    pub fn product(&self, label: &str) -> usize {
        self.products.binary_search_by(|p| p.as_str().cmp(label)).expect(label)
    }

    pub fn row(&self, place: usize) -> &[f64] {
        &self.table.values[place * self.table.products..(place + 1) * self.table.products]
    }
}

fn ids(labels: &[&str]) -> (Vec<String>, Vec<usize>) {
    let mut known: BTreeMap<&str, usize> = labels.iter().map(|l| (*l, 0)).collect();
    for (id, slot) in known.values_mut().enumerate() {
        *slot = id;
    }
    let ids = labels.iter().map(|l| known[l]).collect();
    (known.into_keys().map(String::from).collect(), ids)
}

/// The difference, absolute below 1 and relative above.
pub fn distance(got: f64, expected: f64) -> f64 {
    (got - expected).abs() / expected.abs().max(1.0)
}
