//! The product space of the rows of the case, and networks drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::product_space::{Edge, ProductSpace, product_space};
use emporion_model::measure::proximity::Diagonal;
use emporion_model::measure::relatedness::ProximityKind;
use emporion_plot::{Link, NetworkOptions, Node};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::blocks::{is_named, named, text_of};
use super::charts::Frame;
use super::exported::{Exports, joined};
use super::having::{Basis, Having};
use super::related::Kind;
use crate::book::{Book, refuse};

/// Hidalgo, Klinger, Barabási, Hausmann 2007, supporting material.
const THRESHOLD: f64 = 0.55;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("product_space", move |kwargs: Kwargs| space(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("network", move |space: Value, kwargs: Kwargs| network(&b, &space, &kwargs));
}

/// `product_space(exporter, kind, threshold = 0.55, cut_off = 1, ...)`: products with the exports of
/// one place or of all, and the links between them.
fn space(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let exporter: Option<String> = kwargs.get("exporter")?;
    let threshold = kwargs.get::<Option<f64>>("threshold")?.unwrap_or(THRESHOLD);
    let kind = Kind::read(kwargs, "product_space")?;
    if kind == Kind::ASYMMETRIC || kind == Kind::Of(ProximityKind::Correlation) {
        return Err(refuse(
            "product_space() needs a proximity without direction and sign: kind=\"min_conditional\", \
             \"square_root\" or \"rca_correlation\"",
        ));
    }
    let cut_off = Having::read(kwargs, "product_space")?.cut_off();
    let own = ["exporter", "kind", "threshold"];
    let (mut exports, basis) = Exports::new(book, kwargs, "product_space", &own)?;
    exports.keep(kwargs, "kind")?;
    let exports = &exports;
    let place = exporter.as_ref().map(|id| exports.place(id)).transpose()?;
    let phi = kind.proximity(exports, &basis, Diagonal::One)?;
    let found = product_space(&phi, threshold).map_err(|error| exports.refused(&error))?;
    let cut_off = cut_off.map(|cut_off| cut_off.to_string()).unwrap_or_default();
    let products: Vec<Value> = (0..exports.products.len())
        .map(|product| Value::from_pairs(of_product(exports, &basis, place, product, &cut_off)))
        .collect();
    let links = links(exports, &found, &cut_off);
    let parts = found.components.len();
    let mut notes = [exports.notes.clone(), exports.say(&phi.notes)].concat();
    if parts > 1 {
        notes.push(format!("the products fall into {parts} parts without a link between them"));
    }
    Ok(Value::from_pairs([
        ("products", Value::from(products)),
        ("links", Value::from(links)),
        ("convention", Value::from(found.convention)),
        ("notes", joined(notes)),
    ]))
}

/// Exports of a product by one place or by all and, for one place, RCA and whether it has it.
fn of_product(
    exports: &Exports<'_>,
    basis: &Basis,
    place: Option<usize>,
    product: usize,
    cut_off: &str,
) -> Vec<(&'static str, Value)> {
    let id = &exports.products[product];
    let name = exports.name(id);
    let n = exports.products.len();
    let who = place.map_or("all", |place| exports.places[place].as_str());
    let whose = place.map_or_else(|| "all places".into(), |at| exports.name(&exports.places[at]));
    let at = |place: usize| exports.table.values[place * n + product];
    let value = place.map_or_else(|| (0..exports.places.len()).map(at).sum(), at);
    let cell = exports.cell(
        &[("exporter", who), ("of", id), ("figure", "exports")],
        format!("exports of {whose}: {name}"),
        Some(value),
        &exports.unit,
        "sum of the flows; sales of a place to itself left out".into(),
    );
    let mut pairs = vec![
        ("id", Value::from(id.as_str())),
        ("name", Value::from(name.as_str())),
        ("value", exports.enter(cell)),
        (
            "ubiquity",
            Value::from((0..exports.places.len()).filter(|i| basis.m.has(*i, product)).count()),
        ),
    ];
    if let Some(place) = place {
        // What a place or a product without exports has is no advantage, and no lack of one.
        let value = basis.rca_of(place, product);
        let of_rca = basis.rca.as_ref().map_or("M as given", |index| index.convention);
        let asked = [("exporter", who), ("of", id), ("figure", "rca"), ("cut_off", cut_off)];
        let rca = exports.cell(
            &asked,
            format!("RCA of {whose}: {name}"),
            value,
            "ratio of shares",
            format!("{of_rca}; {}", basis.m.convention),
        );
        pairs.push(("rca", exports.enter(rca)));
        if value.is_some() || basis.rca.is_none() {
            pairs.push(("has", Value::from(basis.m.has(place, product))));
        }
    }
    pairs
}

/// Links with their ends, strongest first.
fn links(exports: &Exports<'_>, found: &ProductSpace, cut_off: &str) -> Vec<Value> {
    let one = |edge: &Edge| {
        let (from, to) = (&exports.products[edge.from], &exports.products[edge.to]);
        let name = format!("{} \u{2013} {}", exports.name(from), exports.name(to));
        let pair = format!("{from} {to}");
        let cell = exports.cell(
            &[("of", &pair), ("figure", "proximity"), ("cut_off", cut_off)],
            format!("proximity: {name}"),
            Some(edge.proximity),
            "conditional probability, 0 to 1",
            found.convention.clone(),
        );
        Value::from_pairs([
            ("from", Value::from(from.as_str())),
            ("to", Value::from(to.as_str())),
            ("name", Value::from(name)),
            ("value", exports.enter(cell)),
            ("tree", Value::from(edge.tree)),
        ])
    };
    found.edges.iter().map(one).collect()
}

/// `network(product_space(...), group = "group_en", highlight = [...], names = 24, ...)`: nodes and
/// links.
fn network(book: &Book, space: &Value, kwargs: &Kwargs) -> Result<String, Error> {
    let mut frame = Frame::new(kwargs)?;
    let group: Option<String> = kwargs.get("group")?;
    let names: Option<usize> = kwargs.get("names")?;
    let header: Option<String> = kwargs.get("header")?;
    let group_header: Option<String> = kwargs.get("group_header")?;
    let highlight: Vec<String> =
        kwargs.get::<Option<Vec<String>>>("highlight")?.unwrap_or_default();
    kwargs.assert_all_used()?;
    let part = |name: &str| -> Result<Vec<Value>, Error> {
        let list = space.get_attr(name).ok().filter(|list| !list.is_undefined());
        let list = list.ok_or_else(|| {
            refuse("network() takes the result of product_space(), or products and links like its")
        })?;
        Ok(list.try_iter()?.collect())
    };
    let (products, links) = (part("products")?, part("links")?);
    let mut position: BTreeMap<String, usize> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(products.len());
    for item in &products {
        let (datum, _) = named(book, &frame, item)?;
        let id = item.get_attr("id")?.to_string();
        if position.insert(id.clone(), nodes.len()).is_some() {
            return Err(refuse(format!("network(): two products have the id {id:?}")));
        }
        let has = item.get_attr("has")?;
        let index = item.get_attr("rca")?;
        let group = group.as_deref().map(|name| text_of(book, item, name)).transpose()?;
        let index = if index.is_undefined() { None } else { Some(frame.plain(item, "rca")?) };
        nodes.push(Node {
            group: group.unwrap_or_default(),
            marked: (!has.is_undefined()).then(|| has.is_true()),
            index,
            highlight: is_named(&highlight, item, &datum.label),
            datum,
        });
    }
    let mut drawn = Vec::with_capacity(links.len());
    for item in &links {
        let end = |name: &str| -> Result<usize, Error> {
            let id = item.get_attr(name)?.to_string();
            position.get(&id).copied().ok_or_else(|| {
                refuse(format!("network(): a link names {id:?}, which is none of the products"))
            })
        };
        let tree = item.get_attr("tree")?.is_true();
        let (from, to) = (end("from")?, end("to")?);
        drawn.push(Link { from, to, datum: frame.plain(item, "value")?, tree });
    }
    let convention = space.get_attr("convention")?;
    if !convention.is_undefined() {
        frame.say(Some(format!("Convention: {convention}.")));
    }
    let options = NetworkOptions {
        common: frame.common.clone(),
        names: names.unwrap_or(NetworkOptions::default().names),
        label_header: header.unwrap_or_default(),
        group_header: group_header.unwrap_or_else(|| "group".into()),
        marks: ("has RCA".into(), "has not".into()),
        index_header: "RCA".into(),
        ..NetworkOptions::default()
    };
    frame.finish(book, emporion_plot::network(&options, &nodes, &drawn))
}
