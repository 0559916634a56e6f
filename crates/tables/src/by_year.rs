//! Numbers by year that the user brings: a price index, exchange rates.

use std::collections::BTreeMap;

use crate::{Problem, Report, Table};

/// A table `year[,place][,product],NUMBER`, looked up by year, place and product.
///
/// A column that the table lacks does not matter for the look-up; one that it has must name every
/// place or product asked for: no number is borrowed from another one, nor from another year.
#[derive(Debug, Clone)]
pub struct ByYear {
    path: String,
    column: String,
    by_place: bool,
    by_product: bool,
    numbers: BTreeMap<(String, String), BTreeMap<i32, f64>>,
}

impl ByYear {
    /// Reads the rows of a table.
    ///
    /// # Errors
    ///
    /// When `year` or `column` is missing, when there is a column that it would not read, when a year is not whole or a number is not above zero,
    /// and when two rows are of the same year, place and product: each with its line.
    pub fn new(table: &Table, column: &str) -> Result<Self, Report> {
        let mut problems = Vec::new();
        for name in ["year", column] {
            if let Err(problem) = table.wanted(name) {
                problems.push(*problem);
            }
        }
        let known = |name: &str| {
            ["year", "place", "product", "source", "note", "unit"].contains(&name) || name == column
        };
        for other in table.columns().iter().filter(|other| !known(&other.name)) {
            let expected =
                format!("year, place, product and {column}; source, note and unit beside");
            let remedy = "rename the column if the numbers differ by it, or take it out";
            problems.push(
                Problem::new("unknown-column", table.path(), expected, remedy).column(&other.name),
            );
        }
        if !problems.is_empty() {
            return Err(problems.into());
        }
        let mut found = Self {
            path: table.path().to_owned(),
            column: column.to_owned(),
            by_place: table.column("place").is_some(),
            by_product: table.column("product").is_some(),
            numbers: BTreeMap::new(),
        };
        for row in 0..table.rows() {
            if let Err(problem) = found.read(table, row) {
                problems.push(*problem);
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(problems.into()) }
    }

    fn read(&mut self, table: &Table, row: usize) -> Result<(), Box<Problem>> {
        let problem = |column: &str, expected: &str, remedy: &str| {
            let text = table.label(column, row).unwrap_or_default();
            let problem = Problem::new("number-by-year", table.path(), expected, remedy);
            Box::new(problem.at(table.line(row)).column(column).value(text))
        };
        let whole = |y: &f64| y.fract() == 0.0 && y.abs() < 1e6;
        let year = table
            .number("year", row)
            .filter(whole)
            .ok_or_else(|| problem("year", "a whole year", "write the year with four digits"))?
            as i32;
        let number = table.number(&self.column, row).filter(|v| v.is_finite() && *v > 0.0);
        let number = number.ok_or_else(|| {
            problem(&self.column, "a number above zero", "fill it in, or delete the row")
        })?;
        let key = |name: &str, has: bool| {
            if has { table.label(name, row).unwrap_or_default() } else { String::new() }
        };
        let key = (key("place", self.by_place), key("product", self.by_product));
        if self.numbers.entry(key).or_default().insert(year, number).is_some() {
            let expected = "one row for each year, place and product";
            return Err(problem("year", expected, "keep one of the rows"));
        }
        Ok(())
    }

    /// Whether the numbers differ by place.
    #[must_use]
    pub fn by_place(&self) -> bool {
        self.by_place
    }

    /// Whether the numbers differ by product.
    #[must_use]
    pub fn by_product(&self) -> bool {
        self.by_product
    }

    /// The number of a year.
    ///
    /// # Errors
    ///
    /// One sentence that names the year, place and product without a number, and the years at hand.
    pub fn at(&self, year: i32, place: &str, product: &str) -> Result<f64, String> {
        let place = if self.by_place { place } else { "" };
        let product = if self.by_product { product } else { "" };
        let series = self.numbers.get(&(place.to_owned(), product.to_owned()));
        if let Some(number) = series.and_then(|series| series.get(&year)) {
            return Ok(*number);
        }
        let mut of = Vec::new();
        if self.by_place {
            of.push(format!("place {place:?}"));
        }
        if self.by_product {
            of.push(format!("product {product:?}"));
        }
        let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(", ")) };
        let years: Vec<String> = series.into_iter().flatten().map(|(y, _)| y.to_string()).collect();
        let at_hand = if years.is_empty() { "no year".to_owned() } else { years.join(", ") };
        Err(format!(
            "{} has no {}{of} for {year}; it has {at_hand}; add the row, or select other years: \
             a missing year is not filled in",
            self.path, self.column
        ))
    }
}
