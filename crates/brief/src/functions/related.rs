//! Nearness of products, and of places to products, on the rows of the case.

use std::sync::Arc;

use emporion_model::measure::continuous::{rca_correlation, rca_density};
use emporion_model::measure::proximity::{Diagonal, Proximity, density};
use emporion_model::measure::relatedness::{
    ProximityKind, nearest_density, proximity_by, relative_relatedness, transposed,
};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::exported::Exports;
use super::having::Basis;
use crate::book::{Book, refuse};

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("proximity", move |kwargs: Kwargs| pairs(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("relatedness", move |kwargs: Kwargs| related(&b, &kwargs));
}

/// How two products are near to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By presence.
    Of(ProximityKind),
    /// (1 + correlation of RCA) / 2.
    RcaCorrelation,
}

impl Kind {
    pub const ASYMMETRIC: Self = Self::Of(ProximityKind::Asymmetric);

    pub fn read(kwargs: &Kwargs, verb: &str) -> Result<Self, Error> {
        let word = kwargs.get::<Option<String>>("kind")?;
        Ok(Self::Of(match word.as_deref().unwrap_or("min_conditional") {
            "min_conditional" => ProximityKind::MinConditional,
            "square_root" => ProximityKind::SquareRoot,
            "asymmetric" => ProximityKind::Asymmetric,
            "correlation" => ProximityKind::Correlation,
            "rca_correlation" => return Ok(Self::RcaCorrelation),
            other => {
                return Err(refuse(format!(
                    "{verb}(): kind is \"min_conditional\", \"square_root\", \"asymmetric\", \
                     \"correlation\" or \"rca_correlation\", got {other:?}"
                )));
            }
        }))
    }

    /// Proximity of the products.
    pub fn proximity(
        self,
        exports: &Exports<'_>,
        basis: &Basis,
        diagonal: Diagonal,
    ) -> Result<Proximity, Error> {
        match (self, &basis.rca) {
            (Self::Of(kind), _) => proximity_by(&basis.m, kind, diagonal),
            (Self::RcaCorrelation, Some(index)) => rca_correlation(index, diagonal),
            (Self::RcaCorrelation, None) => {
                return Err(refuse(format!(
                    "{}(): kind=\"rca_correlation\" needs RCA: leave presence=\"given\" out",
                    exports.verb
                )));
            }
        }
        .map_err(|error| exports.refused(&error))
    }
}

/// Whether a product counts in its own density.
pub(super) fn diagonal(kwargs: &Kwargs, verb: &str) -> Result<Diagonal, Error> {
    match kwargs.get::<Option<usize>>("diagonal")?.unwrap_or(1) {
        0 => Ok(Diagonal::Zero),
        1 => Ok(Diagonal::One),
        other => Err(refuse(format!("{verb}(): diagonal is 1 or 0, got {other}"))),
    }
}

/// A number of the answer, told from the others by `figure`.
pub(super) fn number(
    exports: &Exports<'_>,
    figure: &str,
    label: String,
    value: Option<f64>,
    (unit, text): (&str, &str),
    notes: &[String],
) -> Value {
    let text = format!("{text}; sales of a place to itself left out");
    let mut cell = exports.cell(&[("figure", figure)], label, value, unit, text);
    cell.notes.extend_from_slice(notes);
    exports.enter(cell)
}

/// One product as an item: `id`, `name` and these numbers.
pub(super) fn item(
    exports: &Exports<'_>,
    product: usize,
    numbers: Vec<(&'static str, Value)>,
) -> Vec<(&'static str, Value)> {
    let id = &exports.products[product];
    let mut pairs = vec![("id", Value::from(id.as_str())), ("name", exports.name(id).into())];
    pairs.extend(numbers);
    pairs
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

/// `proximity(of, kind, cut_off, top, ...)`: pairs of products, or those of one, nearest first.
fn pairs(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    const OWN: [&str; 3] = ["of", "kind", "top"];
    let top: Option<usize> = kwargs.get("top")?;
    let of: Option<String> = kwargs.get("of")?;
    let kind = Kind::read(kwargs, "proximity")?;
    let (mut exports, basis) = Exports::new(book, kwargs, "proximity", &OWN)?;
    for name in OWN {
        exports.keep(kwargs, name)?;
    }
    let exports = &exports;
    let phi = kind.proximity(exports, &basis, Diagonal::One)?;
    let n = phi.products;
    let of = of.map(|id| exports.product(&id)).transpose()?;
    let defined = |k: &usize| phi.undefined_products.binary_search(k).is_err();
    let near = (0..n * n).map(|at| {
        let (k, l) = (at / n, at % n);
        let wanted = match of {
            Some(of) => k == of && l != of,
            None if kind == Kind::ASYMMETRIC => k != l,
            None => k < l,
        };
        (wanted && defined(&k) && defined(&l)).then(|| phi.values[at])
    });
    let items = ordered(near, top).into_iter().map(|(at, value)| {
        let ids = [at / n, at % n].map(|k| exports.products[k].clone());
        let names = [exports.name(&ids[0]), exports.name(&ids[1])];
        let label = format!("proximity: {} and {}", names[0], names[1]);
        let text = ("", phi.convention.as_str());
        let value = number(exports, &ids.join(" "), label, Some(value), text, &exports.notes);
        vec![
            ("id", Value::from(ids[1].clone())),
            ("ids", Value::from(ids.to_vec())),
            ("name", Value::from(names[1].clone())),
            ("names", Value::from(names.to_vec())),
            ("value", value),
        ]
    });
    Ok(ranked(items.collect()))
}

/// `relatedness(exporter, kind, nearest, diagonal = 1, cut_off, all = false, top, ...)`: density
/// around the products that a place does not have.
fn related(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    const OWN: [&str; 6] = ["exporter", "kind", "nearest", "diagonal", "all", "top"];
    let top: Option<usize> = kwargs.get("top")?;
    let nearest: Option<usize> = kwargs.get("nearest")?;
    let all = kwargs.get::<Option<bool>>("all")?.unwrap_or(false);
    let exporter: String = kwargs.get("exporter")?;
    let kind = Kind::read(kwargs, "relatedness")?;
    let diagonal = diagonal(kwargs, "relatedness")?;
    let (mut exports, basis) = Exports::new(book, kwargs, "relatedness", &OWN)?;
    for name in OWN {
        exports.keep(kwargs, name)?;
    }
    let exports = &exports;
    let place = exports.place(&exporter)?;
    let refused = |error| exports.refused(&error);
    let (m, n) = (&basis.m, exports.products.len());
    if let Some(nearest) = nearest.filter(|nearest| *nearest > n) {
        return Err(refuse(format!(
            "relatedness(): nearest={nearest}, and there are {n} products; leave it out for the \
             density of all"
        )));
    }
    let mut phi = kind.proximity(exports, &basis, diagonal)?;
    if kind == Kind::ASYMMETRIC {
        // As Stata and ecomplexity weigh: with what is near given the product.
        phi = transposed(&phi);
    }
    let around = match (&basis.rca, nearest) {
        (Some(index), nearest) if kind == Kind::RcaCorrelation => rca_density(index, &phi, nearest),
        (_, None) => density(m, &phi),
        (_, Some(nearest)) => nearest_density(m, &phi, nearest),
    }
    .map_err(refused)?;
    let (relative, without) = relative_relatedness(m, &around).map_err(refused)?;
    let of_density = [exports.notes.clone(), exports.say(&around.notes)].concat();
    // The remark counts places: it is one on this number where this place is among them.
    let of_relative = exports.say(without.iter().filter(|note| note.rows.contains(&place)));
    let near = (0..n).map(|k| {
        let shown = all || !m.has(place, k);
        let defined = around.undefined_products.binary_search(&k).is_err();
        (shown && defined).then(|| around.values[place * n + k])
    });
    let who = exports.name(&exporter);
    let items = ordered(near, top).into_iter().map(|(k, value)| {
        let id = &exports.products[k];
        let figure = |key: &str, what: &str, value, text: (&str, &str), notes: &[String]| {
            let label = format!("{what}: {who}, {}", exports.name(id));
            number(exports, &format!("{key} {id}"), label, value, text, notes)
        };
        let of_rca = basis.rca.as_ref().map_or("M as given", |index| index.convention);
        let words = (
            "standard deviations",
            "density less its mean over the products that the place does not have",
        );
        let (other, own) = (relative[place * n + k], basis.rca_of(place, k));
        let around = ("", around.convention.as_str());
        item(
            exports,
            k,
            vec![
                ("value", figure("density", "density", Some(value), around, &of_density)),
                (
                    "relative",
                    figure("relative", "relative relatedness", other, words, &of_relative),
                ),
                ("rca", figure("rca", "RCA", own, ("", of_rca), &[])),
                ("has", Value::from(m.has(place, k))),
            ],
        )
    });
    Ok(ranked(items.collect()))
}
