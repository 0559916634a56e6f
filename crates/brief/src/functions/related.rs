//! Advantage and nearness on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::presence::{CUT_OFF, Presence, presence};
use emporion_model::measure::proximity::{Diagonal, Proximity, density};
use emporion_model::measure::rca::{
    Rca, additive_rca, lafay, normalised_rca, rca, rpop, symmetric_rca,
};
use emporion_model::measure::relatedness::{
    ProximityKind, cross_proximity, nearest_density, proximity_by, relative_relatedness, transposed,
};
use emporion_model::panel::PlaceProduct;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::baskets::brought;
use super::rows::name_of;
use super::trade::Asked;
use crate::book::{Book, refuse};

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("rca", move |kwargs: Kwargs| advantage(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("proximity", move |kwargs: Kwargs| pairs(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("relatedness", move |kwargs: Kwargs| related(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("cross_proximity", move |kwargs: Kwargs| across(&b, &kwargs));
}

/// Exports of a year by place and product, with the rest of a question.
pub(super) struct Space<'a> {
    book: &'a Book,
    pub asked: Asked<'a>,
    pub table: PlaceProduct,
    cut_off: f64,
}

impl<'a> Space<'a> {
    pub fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let cut_off = kwargs.get::<Option<f64>>("cut_off")?.unwrap_or(CUT_OFF);
        let asked = Asked::new(book, kwargs, verb, own)?;
        let table = asked.tables[0].exports().map_err(|error| asked.refused(&error))?;
        Ok(Self { book, asked, table, cut_off })
    }

    pub fn index(&self, table: &PlaceProduct) -> Result<Rca, Error> {
        rca(table).map_err(|error| self.asked.refused(&error))
    }

    pub fn m(&self, index: &Rca) -> Result<Presence, Error> {
        presence(index, self.cut_off).map_err(|error| self.asked.refused(&error))
    }

    fn nearness(&self, m: &Presence, diagonal: Diagonal) -> Result<Proximity, Error> {
        let kind = match self.asked.option("kind").unwrap_or("min_conditional") {
            "min_conditional" => ProximityKind::MinConditional,
            "square_root" => ProximityKind::SquareRoot,
            "asymmetric" => ProximityKind::Asymmetric,
            "correlation" => ProximityKind::Correlation,
            other => {
                return Err(refuse(format!(
                    "kind is \"min_conditional\", \"square_root\", \"asymmetric\" or \
                     \"correlation\", got {other:?}"
                )));
            }
        };
        proximity_by(m, kind, diagonal).map_err(|error| self.asked.refused(&error))
    }

    /// Exports of a place per head, against those of all exporters, by product.
    fn per_head(&self, place: usize, source: Option<&Value>) -> Result<Rca, Error> {
        let Some(source) = source else {
            return Err(refuse(
                "rca(): exports per head need population, a column of the table places or a \
                 mapping from ids to numbers",
            ));
        };
        let rows = self.table.values.chunks_exact(self.table.products);
        // Places that only buy are no part of it.
        let sells = |(_, row): &(usize, &[f64])| row.iter().any(|x| *x > 0.0);
        let sellers: Vec<(usize, &[f64])> = rows.enumerate().filter(sells).collect();
        let people = sellers.iter().map(|(at, _)| {
            let id = &self.asked.labels.places[*at];
            brought(self.book, source, id, ("rca", "population"))?.ok_or_else(|| {
                refuse(format!(
                    "rca(): {id} has no population; missing is not zero: add it, or leave its \
                     rows out"
                ))
            })
        });
        let people: Vec<f64> = people.collect::<Result<_, Error>>()?;
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

    fn product(&self, id: &str) -> Result<usize, Error> {
        self.asked
            .labels
            .product(id)
            .ok_or_else(|| refuse(format!("no row selected has the product {id:?}; check the id")))
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

/// RCA of a cell; none where place or product has no trade.
pub(super) fn rca_at(index: &Rca, place: usize, product: usize) -> Option<f64> {
    let traded = index.empty_places.binary_search(&place).is_err()
        && index.empty_products.binary_search(&product).is_err();
    traded.then(|| index.values[place * index.products + product])
}

/// Positions by size, the largest first, those without left out.
pub(super) fn ordered(
    values: impl Iterator<Item = Option<f64>>,
    top: Option<usize>,
) -> Vec<(usize, f64)> {
    let mut known: Vec<(usize, f64)> =
        values.enumerate().filter_map(|(at, value)| Some((at, value?))).collect();
    known.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    known.truncate(top.unwrap_or(usize::MAX));
    known
}

/// Items with their rank, as a list.
pub(super) fn ranked(items: Vec<Vec<(&'static str, Value)>>) -> Value {
    let with_rank = |(rank, mut pairs): (usize, Vec<(&'static str, Value)>)| {
        pairs.push(("rank", Value::from(rank + 1)));
        Value::from_pairs(pairs)
    };
    Value::from(items.into_iter().enumerate().map(with_rank).collect::<Vec<_>>())
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
        ((0..m).map(|k| rca_at(&found, 0, k)).collect(), found.convention)
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
        ((0..m).map(|k| rca_at(&found, place, k)).collect(), found.convention)
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

/// `proximity(of, kind, cut_off, top, ...)`: pairs of products, or those of one, nearest first.
fn pairs(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let space = Space::new(book, kwargs, "proximity", &["of", "kind", "cut_off", "top"])?;
    let asked = &space.asked;
    let m = space.m(&space.index(&space.table)?)?;
    let phi = space.nearness(&m, Diagonal::One)?;
    let n = phi.products;
    let of = asked.option("of").map(|id| space.product(id)).transpose()?;
    let both_ways = asked.option("kind") == Some("asymmetric");
    let defined = |k: &usize| phi.undefined_products.binary_search(k).is_err();
    let near = (0..n * n).map(|at| {
        let (k, l) = (at / n, at % n);
        let wanted = match of {
            Some(of) => k == of && l != of,
            None => {
                if both_ways {
                    k != l
                } else {
                    k < l
                }
            }
        };
        (wanted && defined(&k) && defined(&l)).then(|| phi.values[at])
    });
    let items = ordered(near, top).into_iter().map(|(at, value)| {
        let (k, l) = (at / n, at % n);
        let ids = [k, l].map(|k| asked.labels.products[k].clone());
        let names = [space.name(k), space.name(l)];
        let label = format!("proximity: {} and {}", names[0], names[1]);
        let number = asked.number(&ids.join(" "), label, Some(value), "", &phi.convention);
        vec![
            ("id", Value::from(ids[1].clone())),
            ("ids", Value::from(ids.to_vec())),
            ("name", Value::from(names[1].clone())),
            ("names", Value::from(names.to_vec())),
            ("value", number),
        ]
    });
    Ok(ranked(items.collect()))
}

/// `relatedness(exporter, kind, nearest, diagonal = 1, cut_off, all = false, top, ...)`: density
/// around the products that a place does not have.
fn related(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let nearest: Option<usize> = kwargs.get("nearest")?;
    let all = kwargs.get::<Option<bool>>("all")?.unwrap_or(false);
    let diagonal = match kwargs.get::<Option<usize>>("diagonal")?.unwrap_or(1) {
        0 => Diagonal::Zero,
        1 => Diagonal::One,
        other => return Err(refuse(format!("relatedness(): diagonal is 1 or 0, got {other}"))),
    };
    let own = ["exporter", "kind", "nearest", "diagonal", "cut_off", "all", "top"];
    let space = Space::new(book, kwargs, "relatedness", &own)?;
    let asked = &space.asked;
    let place = asked.one("exporter")?;
    let refused = |error| asked.refused(&error);
    let index = space.index(&space.table)?;
    let m = space.m(&index)?;
    let mut phi = space.nearness(&m, diagonal)?;
    if asked.option("kind") == Some("asymmetric") {
        // As Stata and ecomplexity weigh: with what is near given the product.
        phi = transposed(&phi);
    }
    let around = match nearest {
        None => density(&m, &phi),
        Some(nearest) => nearest_density(&m, &phi, nearest),
    }
    .map_err(refused)?;
    let (relative, _) = relative_relatedness(&m, &around).map_err(refused)?;
    let n = around.products;
    let near = (0..n).map(|k| {
        let shown = all || !m.has(place, k);
        let defined = around.undefined_products.binary_search(&k).is_err();
        (shown && defined).then(|| around.values[place * n + k])
    });
    let who = asked.names("exporter");
    let items = ordered(near, top).into_iter().map(|(k, value)| {
        let id = &asked.labels.products[k];
        let name = space.name(k);
        let figure = |key: &str, what: &str, value, unit: &str, text: &str| {
            asked.number(
                &format!("{key} {id}"),
                format!("{what}: {who}, {name}"),
                value,
                unit,
                text,
            )
        };
        let words = "density less its mean over the products that the place does not have";
        let sd = "standard deviations";
        let other = relative[place * n + k];
        let own = rca_at(&index, place, k);
        space.item(
            k,
            vec![
                ("value", figure("density", "density", Some(value), "", &around.convention)),
                ("relative", figure("relative", "relative relatedness", other, sd, words)),
                ("rca", figure("rca", "RCA", own, "", index.convention)),
                ("has", Value::from(m.has(place, k))),
            ],
        )
    });
    Ok(ranked(items.collect()))
}

/// `cross_proximity(first, second, exporter, cut_off, top, ...)`: two sets of products.
fn across(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let top: Option<usize> = kwargs.get("top")?;
    let own = ["first", "second", "exporter", "cut_off", "top"];
    let space = Space::new(book, kwargs, "cross_proximity", &own)?;
    let asked = &space.asked;
    let set = |option: &str| -> Result<Vec<usize>, Error> {
        let ids = asked.option(option).ok_or_else(|| {
            refuse(format!("cross_proximity() needs {option}: a list of products"))
        })?;
        ids.split('/').map(|id| space.product(id)).collect()
    };
    let (first, second) = (set("first")?, set("second")?);
    if let Some(k) = first.iter().find(|k| second.contains(k)) {
        return Err(refuse(format!(
            "cross_proximity(): product {} is in both sets; take it out of one",
            asked.labels.products[*k]
        )));
    }
    let refused = |error| asked.refused(&error);
    let m = space.m(&space.index(&space.table)?)?;
    let every: Vec<usize> = (0..m.places).collect();
    let parts = [&first, &second].map(|set| m.part(&every, set));
    let [a, b] = parts;
    let found = cross_proximity(&a.map_err(refused)?, &b.map_err(refused)?).map_err(refused)?;
    let n = second.len();
    let convention = format!("{}; places with both over the larger ubiquity", m.convention);
    let phi = found.proximity.iter().map(|phi| Some(*phi));
    let pairs = ordered(phi, top).into_iter().map(|(at, value)| {
        let ends = [first[at / n], second[at % n]];
        let ids = ends.map(|k| asked.labels.products[k].clone());
        let names = ends.map(|k| space.name(k));
        let label = format!("proximity: {} and {}", names[0], names[1]);
        vec![
            ("ids", Value::from(ids.to_vec())),
            ("names", Value::from(names.to_vec())),
            ("value", asked.number(&ids.join(" "), label, Some(value), "", &convention)),
        ]
    });
    let mut pairs = vec![("pairs", ranked(pairs.collect()))];
    if asked.option("exporter").is_some() {
        let place = asked.one("exporter")?;
        let who = asked.names("exporter");
        let near = (0..n).map(|l| found.relatedness[place * n + l]);
        let words = format!("{convention}; the part of it that the place has in the first set");
        let items = ordered(near, top).into_iter().map(|(l, value)| {
            let id = &asked.labels.products[second[l]];
            let label = format!("relatedness: {who}, {}", space.name(second[l]));
            let number = asked.number(&format!("related {id}"), label, Some(value), "", &words);
            space.item(
                second[l],
                vec![("value", number), ("has", Value::from(m.has(place, second[l])))],
            )
        });
        pairs.push(("related", ranked(items.collect())));
    }
    Ok(Value::from_pairs(pairs))
}
