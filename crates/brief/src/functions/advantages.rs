//! Exports of a year by place and product, and the products of a place by advantage.

use std::sync::Arc;

use emporion_model::measure::rca::{
    Rca, additive_rca, lafay, normalised_rca, rca, rpop, symmetric_rca,
};
use emporion_model::panel::PlaceProduct;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::brought::{Domain, Wanted, for_each};
use super::related::{ordered, ranked};
use super::rows::name_of;
use super::trade::Asked;
use crate::book::{Book, refuse};

/// Registers `rca`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("rca", move |kwargs: Kwargs| advantage(&b, &kwargs));
}

/// Exports of a year by place and product, with the rest of a question.
pub(super) struct Space<'a> {
    book: &'a Book,
    pub asked: Asked<'a>,
    pub table: PlaceProduct,
}

impl<'a> Space<'a> {
    pub fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let asked = Asked::new(book, kwargs, verb, own)?;
        let table = asked.tables[0].exports().map_err(|error| asked.refused(&error))?;
        Ok(Self { book, asked, table })
    }

    pub fn index(&self, table: &PlaceProduct) -> Result<Rca, Error> {
        rca(table).map_err(|error| self.asked.refused(&error))
    }

    /// Exports of a place per head, against those of all exporters, by product.
    fn per_head(&self, place: usize, source: Option<&Value>) -> Result<Rca, Error> {
        let Some(source) = source else {
            return Err(refuse(
                "rca(): exports per head need population, a column of the table places, a table of the \
                 case, or a mapping from ids to numbers",
            ));
        };
        let rows = self.table.values.chunks_exact(self.table.products);
        // Places that only buy are no part of it.
        let sells = |(_, row): &(usize, &[f64])| row.iter().any(|x| *x > 0.0);
        let sellers: Vec<(usize, &[f64])> = rows.enumerate().filter(sells).collect();
        let ids: Vec<String> =
            sellers.iter().map(|(at, _)| self.asked.labels.places[*at].clone()).collect();
        let wanted = Wanted {
            verb: "rca",
            option: "population",
            column: "population",
            places: true,
            domain: Domain::Positive,
            complete: false,
            year: self.asked.year(),
        };
        let people = for_each(self.book, source, &ids, &wanted)?;
        let values = sellers.iter().flat_map(|(_, row)| row.iter().copied()).collect();
        let table = PlaceProduct::new(sellers.len(), self.table.products, values);
        let refused = |error| self.asked.refused(&error);
        let mut found = rpop(&table.map_err(refused)?, &people).map_err(refused)?;
        let own = sellers.iter().position(|(at, _)| *at == place).ok_or_else(|| {
            refuse(format!("rca(): {} exports nothing", self.asked.names("exporter")))
        })?;
        found.values = found.values[own * found.products..(own + 1) * found.products].to_vec();
        (found.places, found.empty_places) = (1, Vec::new());
        Ok(found)
    }

    pub fn name(&self, product: usize) -> String {
        name_of(self.book, &self.asked.labels.products[product])
    }

    /// One product of a place as an item: `id`, `name` and these numbers.
    pub fn item(
        &self,
        product: usize,
        numbers: Vec<(&'static str, Value)>,
    ) -> Vec<(&'static str, Value)> {
        let mut pairs = vec![
            ("id", Value::from(self.asked.labels.products[product].clone())),
            ("name", Value::from(self.name(product))),
        ];
        pairs.extend(numbers);
        pairs
    }
}

/// `rca(exporter, kind = "balassa", top, ...)`: the products of a place by advantage.
fn advantage(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let population: Option<Value> = kwargs.get("population")?;
    let space = Space::new(book, kwargs, "rca", &["exporter", "kind", "top", "population"])?;
    let asked = &space.asked;
    let place = asked.one("exporter")?;
    let m = space.table.products;
    let refused = |error| asked.refused(&error);
    let kind = asked.option("kind").unwrap_or("balassa");
    if population.is_some() && kind != "rpop" {
        return Err(refuse("rca(): population belongs to kind=\"rpop\""));
    }
    let (values, convention): (Vec<Option<f64>>, &str) = if kind == "lafay" {
        let imports = asked.tables[0].imports().map_err(refused)?;
        let row = |table: &PlaceProduct| table.values[place * m..(place + 1) * m].to_vec();
        let found = lafay(&row(&space.table), &row(&imports)).map_err(refused)?;
        let words = "100 [(x-m)/(x+m) - (X-M)/(X+M)] (x+m)/(X+M), Lafay 1992";
        (found.into_iter().map(Some).collect(), words)
    } else if kind == "rpop" {
        let found = space.per_head(place, population.as_ref())?;
        ((0..m).map(|k| found.of(0, k)).collect(), found.convention)
    } else {
        let found = match kind {
            "balassa" => rca(&space.table),
            "symmetric" => symmetric_rca(&space.table),
            "normalised" => normalised_rca(&space.table),
            "additive" => additive_rca(&space.table),
            other => {
                return Err(refuse(format!(
                    "rca(): kind is \"balassa\", \"symmetric\", \"normalised\", \"additive\", \
                     \"lafay\" or \"rpop\", got {other:?}"
                )));
            }
        }
        .map_err(refused)?;
        ((0..m).map(|k| found.of(place, k)).collect(), found.convention)
    };
    let who = asked.names("exporter");
    let unit = if kind == "lafay" { "percent of trade" } else { "" };
    let items = ordered(values.into_iter(), top).into_iter().map(|(k, value)| {
        let id = &asked.labels.products[k];
        let name = space.name(k);
        let label = format!("advantage ({kind}): {who}, {name}");
        let index = asked.number(&format!("{kind} {id}"), label, Some(value), unit, convention);
        let label = format!("exports: {who}, {name}");
        let own = space.table.values[place * m + k];
        let exports = asked.number(
            &format!("exports {id}"),
            label,
            Some(own),
            &asked.unit,
            "sum of the flows",
        );
        space.item(k, vec![("value", index), ("exports", exports)])
    });
    Ok(ranked(items.collect()))
}
