//! Maps of a brief.

use std::sync::Arc;

use emporion_plot::{
    ChoroplethOptions, Flow, FlowMapOptions, LatLon, Layer, Marker, MarkerKind, PlaceDatum,
};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::charts::Frame;
use crate::book::{Book, refuse};

/// Registers `choropleth` and `flow_map`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("choropleth", move |items: Vec<Value>, kwargs: Kwargs| {
        choropleth(&b, &items, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("flow_map", move |items: Vec<Value>, kwargs: Kwargs| {
        flow_map(&b, &items, &kwargs)
    });
}

fn layer(kwargs: &Kwargs) -> Result<Layer, Error> {
    match kwargs.get::<Option<String>>("layer")?.as_deref() {
        None | Some("world") => Ok(Layer::World),
        Some("east_europe") => Ok(Layer::EastEurope),
        Some(other) => Err(refuse(format!("layer {other:?}: world or east_europe"))),
    }
}

/// `choropleth(items, layer = "world", ...)`: values of places, keyed by their `id`.
fn choropleth(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let frame = Frame::new(kwargs)?;
    let layer = layer(kwargs)?;
    kwargs.assert_all_used()?;
    let mut data = Vec::with_capacity(items.len());
    for item in items {
        let (datum, ..) = frame.datum(item)?;
        data.push(PlaceDatum { place: item.get_attr("id")?.to_string(), datum });
    }
    let options =
        ChoroplethOptions { common: frame.common.clone(), layer, ..ChoroplethOptions::default() };
    frame.finish(book, emporion_plot::choropleth(&options, &data))
}

/// `flow_map(flows, markers = sites, layer = "world", ...)`: arcs between seats, and sites.
///
/// A flow has `ids` (origin, destination) and a value; a marker has `lat`, `lon`, `name` and `kind`
/// (`new`, `existing`, `origin`).
fn flow_map(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let frame = Frame::new(kwargs)?;
    let layer = layer(kwargs)?;
    let sites: Vec<Value> = kwargs.get::<Option<Vec<Value>>>("markers")?.unwrap_or_default();
    kwargs.assert_all_used()?;
    let seat = |id: &str| {
        let (lat, lon) = book.case.seat(id).ok_or_else(|| {
            refuse(format!("{id} has no seat_lat and seat_lon in places, so no arc can end there"))
        })?;
        Ok::<_, Error>(LatLon { lat, lon })
    };
    let mut flows = Vec::with_capacity(items.len());
    for item in items {
        let (datum, ..) = frame.datum(item)?;
        let ids: Vec<String> = item.get_attr("ids")?.try_iter()?.map(|id| id.to_string()).collect();
        let [from, to] = ids.as_slice() else {
            return Err(refuse("a flow has two ids: totals(by = [\"origin\", \"destination\"])"));
        };
        flows.push(Flow {
            from: seat(from)?,
            to: seat(to)?,
            end_label: book.place(to),
            datum,
            highlight: false,
        });
    }
    let mut markers = Vec::with_capacity(sites.len());
    for site in &sites {
        let degrees = |name: &str| -> Result<f64, Error> { f64::try_from(site.get_attr(name)?) };
        markers.push(Marker {
            at: LatLon { lat: degrees("lat")?, lon: degrees("lon")? },
            label: site.get_attr("name")?.to_string(),
            kind: match site.get_attr("kind")?.as_str() {
                Some("new") => MarkerKind::Chosen,
                Some("origin") => MarkerKind::Origin,
                _ => MarkerKind::Existing,
            },
            id: String::new(),
            note: String::new(),
        });
    }
    let options =
        FlowMapOptions { common: frame.common.clone(), layer, ..FlowMapOptions::default() };
    frame.finish(book, emporion_plot::flow_map(&options, &flows, &markers))
}
