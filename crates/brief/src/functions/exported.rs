//! Exports of each place by product, on the rows of the case.

use std::collections::BTreeMap;

use emporion_model::outcome::{InputError, Note};
use emporion_model::panel::PlaceProduct;
use emporion_tables::named::{note_with_ids, with_ids};
use emporion_tables::panel::{CellOptions, place_product};
use emporion_tables::sum::{Missing, SumOptions};
use minijinja::Error;
use minijinja::value::{Kwargs, Value};

use super::having::{self, Basis, Having};
use super::rows::{Selection, name_of};
use super::trade::told;
use crate::book::{Book, refuse};
use crate::cell::{Cell, Ground};
use crate::value::Number;

/// Exports by place and product, and what a number made of them needs.
pub struct Exports<'a> {
    pub(super) book: &'a Book,
    pub(super) verb: &'static str,
    /// The options that tell the answer's numbers from those of another question.
    pub(super) options: BTreeMap<String, String>,
    selection: Selection,
    rows: Vec<usize>,
    /// Places × products.
    pub table: PlaceProduct,
    /// Ids of the places.
    pub places: Vec<String>,
    /// Ids of the products.
    pub products: Vec<String>,
    /// What was taken as zero or left out.
    pub notes: Vec<String>,
    /// Unit of the flows.
    pub unit: String,
    /// The year of the rows, where it is one.
    pub year: Option<String>,
    period: String,
    scope: String,
    side: String,
    ground: Ground,
}

impl<'a> Exports<'a> {
    /// Reads the rows that fit all options but the function's own and those of who has what, and M
    /// of 0 and 1; sales at home do not count.
    ///
    /// # Errors
    ///
    /// An unknown column, no rows, what the guarded sum of rows refuses, an M of weights.
    pub fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<(Self, Basis), Error> {
        let found = Self::weighted_too(book, kwargs, verb, own)?;
        if found.1.weights.is_some() {
            return Err(refuse(format!(
                "{verb}() needs an M of 0 and 1; presence=\"weights\" and \"smooth\" are there for \
                 complexity() and fitness()"
            )));
        }
        Ok(found)
    }

    /// The same where M may have weights.
    ///
    /// # Errors
    ///
    /// As [`Exports::new`].
    pub fn weighted_too(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<(Self, Basis), Error> {
        let having = Having::read(kwargs, verb)?;
        let mut exports = Self::read(book, kwargs, verb, &[own, &having::OPTIONS].concat())?;
        for name in having::OPTIONS {
            exports.keep(kwargs, name)?;
        }
        let basis = having.basis(&mut exports)?;
        Ok((exports, basis))
    }

    fn read(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let selection = Selection::excluding(book, kwargs, own)?;
        kwargs.assert_all_used()?;
        Self::of_selection(book, verb, selection)
    }

    fn of_selection(
        book: &'a Book,
        verb: &'static str,
        selection: Selection,
    ) -> Result<Self, Error> {
        let table = selection.table(book)?;
        let mut rows = selection.rows(table)?;
        let to_whom = table.column("destination").is_some();
        if to_whom {
            rows.retain(|&row| table.text("origin", row) != table.text("destination", row));
        }
        let hierarchy = book.case.hierarchy();
        // A row without a value is refused; a cell without a row is no trade, unless the case says.
        let whole = emporion_tables::sum::sum(table, &rows, &hierarchy, SumOptions::default())
            .map_err(|report| refuse(report.to_string()))?;
        let refused = book.case.absent(table.name()) == Some("refuse");
        let options = CellOptions {
            missing: if refused { Missing::Refuse } else { Missing::Zero },
            over: if to_whom { &["destination"] } else { &[] },
            hierarchy: Some(&hierarchy),
        };
        let (exports, places, products, notes) =
            place_product(table, &rows, "origin", "product", "value", options)
                .map_err(|report| refuse(report.to_string()))?;
        let text = |column: &str| table.text(column, rows[0]).unwrap_or_default().to_owned();
        let mut years = rows.iter().map(|row| table.label("year", *row));
        let year = years.next().flatten();
        Ok(Self {
            book,
            verb,
            options: selection.options(),
            table: exports,
            places,
            products,
            notes: notes.iter().map(|note| note.message.clone()).collect(),
            unit: text("unit"),
            year: year.filter(|first| years.all(|year| year.as_ref() == Some(first))),
            period: text("year"),
            scope: text("scope"),
            side: whole.side.unwrap_or_default(),
            ground: Ground::default().and(&book.case, table, &rows),
            selection,
            rows,
        })
    }

    /// Another table of the case, read as this one: rows that fit the same options, as far as it
    /// has their columns.
    ///
    /// # Errors
    ///
    /// A table that the case does not have, and as [`Exports::new`].
    pub fn other(&self, name: &str, having: &Having) -> Result<(Self, Basis), Error> {
        let (book, verb) = (self.book, self.verb);
        let table = book
            .case
            .table(name)
            .ok_or_else(|| refuse(format!("{verb}(): the case has no table {name:?}")))?;
        let mut selection = Selection { table: name.to_owned(), ..self.selection.clone() };
        selection.filters.retain(|(column, _)| table.column(column).is_some());
        let mut exports = Self::of_selection(book, verb, selection)?;
        let basis = having.basis(&mut exports)?;
        Ok((exports, basis))
    }

    /// Leaves some places and some products.
    ///
    /// # Errors
    ///
    /// As [`PlaceProduct::new`].
    pub fn cut(&mut self, places: &[usize], products: &[usize]) -> Result<(), Error> {
        let of = |ids: &[String], kept: &[usize]| kept.iter().map(|at| ids[*at].clone()).collect();
        let table = self.table.part(places, products);
        self.table = table.map_err(|error| self.refused(&error))?;
        (self.places, self.products) = (of(&self.places, places), of(&self.products, products));
        Ok(())
    }

    /// Has the numbers stand on the rows of another table too.
    pub fn stand_on(&mut self, other: &Self) {
        if let Some(table) = self.book.case.table(&other.selection.table) {
            let ground = std::mem::take(&mut self.ground);
            self.ground = ground.and(&self.book.case, table, &other.rows);
        }
    }

    /// Keeps an option, where it is given, among those that tell the numbers apart.
    ///
    /// # Errors
    ///
    /// When it cannot be written as text.
    pub fn keep(&mut self, kwargs: &Kwargs, name: &str) -> Result<(), Error> {
        if let Some(value) = kwargs.get::<Option<Value>>(name)? {
            self.options.insert(name.to_owned(), told(&value)?);
        }
        Ok(())
    }

    /// The position of an exporter.
    ///
    /// # Errors
    ///
    /// An id that no row selected has.
    pub fn place(&self, id: &str) -> Result<usize, Error> {
        self.places.iter().position(|place| place == id).ok_or_else(|| {
            let verb = self.verb;
            refuse(format!("{verb}(): no row selected has the exporter {id:?}; check the id"))
        })
    }

    /// The position of a product.
    ///
    /// # Errors
    ///
    /// An id that no row selected has.
    pub fn product(&self, id: &str) -> Result<usize, Error> {
        self.products.iter().position(|product| product == id).ok_or_else(|| {
            let verb = self.verb;
            refuse(format!("{verb}(): no row selected has the product {id:?}; check the id"))
        })
    }

    /// A kernel's refusal under the function's name, with ids in place of positions.
    #[must_use]
    pub fn refused(&self, error: &InputError) -> Error {
        let text = with_ids(&error.to_string(), &self.places, &self.products);
        refuse(format!("{}(): {text}", self.verb))
    }

    /// Remarks of a kernel, with the ids that they are about.
    pub fn say<'n>(&self, notes: impl IntoIterator<Item = &'n Note>) -> Vec<String> {
        let told = |note: &Note| note_with_ids(note, &self.places, &self.products);
        notes.into_iter().map(told).collect()
    }

    /// A number of the answer before it is entered; `asked` tells it from the others.
    #[must_use]
    pub fn cell(
        &self,
        asked: &[(&str, &str)],
        label: String,
        value: Option<f64>,
        unit: &str,
        text: String,
    ) -> Cell {
        let mut options = self.options.clone();
        options.extend(asked.iter().map(|(name, text)| ((*name).into(), (*text).into())));
        let mut cell = Cell::new(self.verb, options, label, value);
        cell.unit = unit.to_owned();
        cell.period.clone_from(&self.period);
        cell.scope.clone_from(&self.scope);
        cell.side.clone_from(&self.side);
        cell.computation.text = text;
        cell.with_ground(&self.ground)
    }

    /// Enters a cell and gives its number.
    #[must_use]
    pub fn enter(&self, cell: Cell) -> Value {
        Number::value(self.book.enter(cell))
    }

    /// The name of a place or product.
    #[must_use]
    pub fn name(&self, id: &str) -> String {
        name_of(self.book, id)
    }
}

/// Notes as one text, each once.
pub fn joined(notes: impl IntoIterator<Item = String>) -> Value {
    let mut all: Vec<String> = Vec::new();
    for note in notes {
        if !all.contains(&note) {
            all.push(note);
        }
    }
    Value::from(all.join("; "))
}
