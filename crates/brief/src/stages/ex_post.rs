//! Where lost exports went, from the rows of two years.

use std::collections::HashMap;

use emporion_model::outcome::InputError;
use emporion_model::simulate::{ExPost, ExPostOptions, Records, ex_post};
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::sum::{Missing, SumOptions, sum};
use emporion_tables::{Problem, Report, Table, Values};

use super::world::named;

/// Code of a question that has no answer on these rows, though nothing is wrong with them.
pub const NOT_KNOWN: &str = "not-known";

/// The column of quantities, read where a table has it.
pub const QUANTITY: &str = "quantity";

/// Sales of two years, with their names.
#[derive(Debug, Clone)]
pub struct TwoYears {
    /// Ids of the places, in alphabetical order.
    pub places: Vec<String>,
    /// Ids of the products, in alphabetical order; one empty id in a table without products.
    pub products: Vec<String>,
    /// Unit of the values.
    pub unit: String,
    /// Rows of the two years.
    pub rows: Vec<usize>,
    /// The years before and after.
    pub years: [i32; 2],
    absent_is_zero: bool,
    origin: Vec<u32>,
    destination: Vec<u32>,
    product: Vec<u32>,
    after: Vec<bool>,
    value: Vec<f64>,
    quantity: Option<Vec<f64>>,
}

impl TwoYears {
    /// Takes the rows of the two years; all others are passed over.
    ///
    /// # Errors
    ///
    /// A year without rows; the same year twice; a missing column; mixed units, sides, scopes,
    /// measures or periods, also between the years; a cell counted twice; a place beside a place
    /// that contains it; negative values.
    pub fn new(
        table: &Table,
        rows: &[usize],
        hierarchy: &Hierarchy,
        missing: Missing,
        years: [i32; 2],
    ) -> Result<Self, Report> {
        for column in ["origin", "destination", "year", "value"] {
            table.wanted(column)?;
        }
        let [before, after] = years.map(f64::from);
        if before >= after {
            return Err(two_years(
                table,
                "a year before the closure and a later one after it",
                format!("{} and {}", years[0], years[1]),
                "name the base year first",
            ));
        }
        let year = |row: usize| table.number("year", row);
        for (year_wanted, wanted) in years.into_iter().zip([before, after]) {
            if rows.iter().any(|&row| year(row) == Some(wanted)) {
                continue;
            }
            let mut known: Vec<String> =
                rows.iter().filter_map(|&row| table.label("year", row)).collect();
            known.sort();
            known.dedup();
            return Err(two_years(
                table,
                "a year among the rows selected",
                year_wanted.to_string(),
                &format!("the rows are of {}", known.join(", ")),
            ));
        }
        let rows: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|&row| [before, after].contains(&year(row).unwrap_or(f64::NAN)))
            .collect();
        // The sum itself is of no use; what it refuses is.
        let guard =
            SumOptions { across_years: true, missing: Missing::Zero, ..SumOptions::default() };
        let guarded = sum(table, &rows, hierarchy, guard)?;
        let mut places = Numbering::default();
        let mut products = Numbering::default();
        let text = |column: &str, row: usize| table.label(column, row).unwrap_or_default();
        let mut found = Self {
            places: Vec::new(),
            products: Vec::new(),
            unit: guarded.unit.unwrap_or_default(),
            years,
            absent_is_zero: missing == Missing::Zero,
            origin: rows.iter().map(|&row| places.of(text("origin", row))).collect(),
            destination: rows.iter().map(|&row| places.of(text("destination", row))).collect(),
            product: rows.iter().map(|&row| products.of(text("product", row))).collect(),
            after: rows.iter().map(|&row| year(row) == Some(after)).collect(),
            value: read(table, "value", &rows),
            quantity: match table.column(QUANTITY).map(|column| &column.values) {
                Some(Values::Number(_)) => Some(read(table, QUANTITY, &rows)),
                _ => None,
            },
            rows,
        };
        found.places = places.sorted(&mut [&mut found.origin, &mut found.destination]);
        found.products = products.sorted(&mut [&mut found.product]);
        Ok(found)
    }

    /// The position of a place.
    ///
    /// # Errors
    ///
    /// Naming places that come near, when this one is not among the rows.
    pub fn position(&self, id: &str) -> Result<usize, Report> {
        self.places.iter().position(|place| place == id).ok_or_else(|| {
            let near =
                emporion_tables::problem::nearest(id, self.places.iter().map(String::as_str));
            let remedy = if near.is_empty() {
                format!("they are {}", self.places.join(" "))
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            let [before, after] = self.years;
            let expected =
                format!("one of the {} places of {before} and {after}", self.places.len());
            Problem::new("unknown-place", "divert", expected, remedy).value(id).into()
        })
    }

    /// What the exporter sold in a market before and after, over all products; `None` where no row
    /// holds a figure.
    #[must_use]
    pub fn sales(&self, exporter: usize, market: usize) -> [Option<f64>; 2] {
        [false, true].map(|after| {
            let of = |r: &usize| {
                (self.origin[*r] as usize, self.destination[*r] as usize) == (exporter, market)
                    && self.after[*r] == after
                    && self.value[*r].is_finite()
            };
            (0..self.value.len()).filter(of).map(|r| self.value[r]).reduce(|a, b| a + b)
        })
    }

    /// Accounts for the sales that `exporter` lost in `closed`.
    ///
    /// # Errors
    ///
    /// For places that are not there, and whatever the method refuses, with the places named.
    pub fn account(
        &self,
        exporter: &str,
        closed: &[String],
        options: &ExPostOptions,
    ) -> Result<ExPost, Report> {
        let markets: Vec<usize> =
            closed.iter().map(|id| self.position(id)).collect::<Result<_, _>>()?;
        let records = Records {
            places: self.places.len(),
            products: self.products.len(),
            origin: &self.origin,
            destination: &self.destination,
            product: &self.product,
            after: &self.after,
            value: &self.value,
            quantity: self.quantity.as_deref(),
        };
        let options = ExPostOptions { absent_is_zero: self.absent_is_zero, ..options.clone() };
        ex_post(&records, self.position(exporter)?, &markets, &options).map_err(|error| {
            let code = match error {
                InputError::Undefined { .. } => NOT_KNOWN,
                _ => "refused",
            };
            Problem::new(
                code,
                "divert",
                "records that can tell where lost sales went",
                named(&self.places, &error.to_string()),
            )
            .into()
        })
    }
}

fn two_years(table: &Table, expected: &str, value: String, remedy: &str) -> Report {
    Problem::new("no-such-year", table.path(), expected, remedy).column("year").value(value).into()
}

fn read(table: &Table, column: &str, rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&row| table.number(column, row).unwrap_or(f64::NAN)).collect()
}

/// Ids in order of appearance.
#[derive(Default)]
struct Numbering {
    ids: Vec<String>,
    of: HashMap<String, u32>,
}

impl Numbering {
    fn of(&mut self, id: String) -> u32 {
        if let Some(&known) = self.of.get(&id) {
            return known;
        }
        let next = self.ids.len() as u32;
        self.ids.push(id.clone());
        self.of.insert(id, next);
        next
    }

    /// The ids in alphabetical order, with the numbers changed to match.
    fn sorted(self, numbers: &mut [&mut Vec<u32>]) -> Vec<String> {
        let mut sorted = self.ids.clone();
        sorted.sort();
        let rank: Vec<u32> = self
            .ids
            .iter()
            .map(|id| sorted.binary_search(id).map_or(0, |rank| rank as u32))
            .collect();
        for number in numbers.iter_mut().flat_map(|list| list.iter_mut()) {
            *number = rank[*number as usize];
        }
        sorted
    }
}
