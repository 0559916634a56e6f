//! Blocks made for measures: a ranking with ranges, bars of parts, and a treemap.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_plot::{
    Datum, Parcel, Ranged, RankingOptions, RankingRow, Rest, StackedOptions, StackedRow,
    TreemapOptions,
};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::charts::Frame;
use crate::book::{Book, refuse};
use crate::cell::Cell;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("ranking", move |items: Vec<Value>, kwargs: Kwargs| {
        ranking(&b, &items, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("stacked", move |items: Vec<Value>, kwargs: Kwargs| {
        stacked(&b, &items, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("treemap", move |items: Vec<Value>, kwargs: Kwargs| {
        treemap(&b, &items, &kwargs)
    });
}

/// Whether an item is among those that `highlight` names, by id or by label.
pub fn is_named(highlight: &[String], item: &Value, label: &str) -> bool {
    let id = item.get_attr("id").ok().filter(|id| !id.is_undefined()).map(|id| id.to_string());
    highlight.iter().any(|name| name == label || Some(name) == id.as_ref())
}

/// The items to be drawn, the first `top` and the named ones, and the line that says so.
fn first(
    book: &Book,
    items: &[Value],
    top: Option<usize>,
    highlight: &[String],
    label: &str,
) -> Result<(Vec<Value>, Option<String>), Error> {
    let top = top.unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    for (position, item) in items.iter().enumerate() {
        if position < top || is_named(highlight, item, &text_of(book, item, label)?) {
            kept.push(item.clone());
        }
    }
    let note = (kept.len() < items.len()).then(|| {
        let named = kept.len() > top;
        let named = if named { " and those named" } else { "" };
        format!("Shown: the first {top}{named} of {}.", items.len())
    });
    Ok((kept, note))
}

/// A number that an item may have.
fn optional(frame: &mut Frame, item: &Value, name: &str) -> Result<Option<Ranged>, Error> {
    if item.get_attr(name)?.is_undefined() {
        return Ok(None);
    }
    Ok(Some(frame.ranged(item, name)?))
}

/// `ranking(items, rank = "rank_range", top = 15, highlight = [...], ...)`: figures with their
/// ranges, and ranks with theirs.
fn ranking(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let mut frame = Frame::new(kwargs)?;
    let rank: Option<String> = kwargs.get("rank")?;
    let top: Option<usize> = kwargs.get("top")?;
    let header: Option<String> = kwargs.get("header")?;
    let highlight: Vec<String> =
        kwargs.get::<Option<Vec<String>>>("highlight")?.unwrap_or_default();
    kwargs.assert_all_used()?;
    let wanted = rank.is_some();
    let rank = rank.unwrap_or_else(|| "rank_range".into());
    let value = frame.value().to_owned();
    let (kept, note) = first(book, items, top, &highlight, frame.label())?;
    let mut rows = Vec::with_capacity(kept.len());
    for item in &kept {
        let mut of = frame.ranged(item, &value)?;
        of.datum.label = text_of(book, item, frame.label())?;
        let rank_of = optional(&mut frame, item, &rank)?;
        if wanted && rank_of.is_none() {
            return Err(refuse(format!(
                "ranking(): {} has no {rank}; complexity(draws = 500) gives places a rank_range",
                of.datum.label
            )));
        }
        let highlight = is_named(&highlight, item, &of.datum.label);
        rows.push(RankingRow { value: of, rank: rank_of.unwrap_or_default(), highlight });
    }
    frame.say(note);
    let options = RankingOptions {
        common: frame.common.clone(),
        label_header: header.unwrap_or_default(),
        ..RankingOptions::default()
    };
    frame.finish(book, emporion_plot::ranking(&options, &rows))
}

/// `stacked(items, parts = ["realised", "unrealised"], total = "potential", ...)`: bars of parts.
fn stacked(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let mut frame = Frame::new(kwargs)?;
    let parts: Vec<String> = kwargs.get("parts")?;
    let names: Option<Vec<String>> = kwargs.get("names")?;
    let total: Option<String> = kwargs.get("total")?;
    let top: Option<usize> = kwargs.get("top")?;
    let sort = kwargs.get::<Option<bool>>("sort")?.unwrap_or(true);
    let header: Option<String> = kwargs.get("header")?;
    let highlight: Vec<String> =
        kwargs.get::<Option<Vec<String>>>("highlight")?.unwrap_or_default();
    kwargs.assert_all_used()?;
    let names = names.unwrap_or_else(|| parts.clone());
    if names.len() != parts.len() {
        return Err(refuse(format!(
            "stacked(): {} parts and {} names; give each part a name or leave names out",
            parts.len(),
            names.len()
        )));
    }
    let (kept, note) = first(book, items, top, &highlight, frame.label())?;
    let mut rows = Vec::with_capacity(kept.len());
    for item in &kept {
        let label = text_of(book, item, frame.label())?;
        let mut row = StackedRow { label, ..StackedRow::default() };
        for part in &parts {
            row.parts.push(frame.ranged(item, part)?.datum);
        }
        if let Some(total) = &total {
            row.total = Some(frame.ranged(item, total)?.datum);
        }
        row.highlight = is_named(&highlight, item, &row.label);
        rows.push(row);
    }
    frame.say(note);
    let options = StackedOptions {
        common: frame.common.clone(),
        parts: names,
        sort,
        label_header: header.unwrap_or_default(),
        total_header: total.unwrap_or_else(|| "total".into()),
    };
    frame.finish(book, emporion_plot::stacked(&options, &rows))
}

/// A text of an item: its attribute of that name, else the column of products or places at its id.
///
/// # Errors
///
/// When neither is there.
pub fn text_of(book: &Book, item: &Value, name: &str) -> Result<String, Error> {
    let own = item.get_attr(name)?;
    if !own.is_undefined() {
        return Ok(own.to_string());
    }
    let id = item.get_attr("id")?.to_string();
    let mut known = false;
    for table in ["products", "places"] {
        let Some(table) = book.case.table(table).filter(|table| table.column(name).is_some())
        else {
            continue;
        };
        known = true;
        if let Some(row) = (0..table.rows()).find(|&row| table.text("id", row) == Some(&id)) {
            return Ok(table.text(name, row).unwrap_or("not stated").to_owned());
        }
    }
    Err(refuse(if known {
        format!("{id:?} is no id of the table that has the column {name:?}; add its row")
    } else {
        format!("{name:?} is neither an attribute of the items nor a column of products or places")
    }))
}

/// The number of an item with a label that may stand in the table of products or places.
pub fn named(book: &Book, frame: &Frame, item: &Value) -> Result<(Datum, Arc<Cell>), Error> {
    let (mut datum, cell, _) = frame.datum(item)?;
    datum.label = text_of(book, item, frame.label())?;
    Ok((datum, cell))
}

/// `treemap(items, group = "group_en", least = 1, noun = "products", ...)`: parts of a whole as
/// areas; those under `least` percent become one.
fn treemap(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let frame = Frame::new(kwargs)?;
    let group: Option<String> = kwargs.get("group")?;
    let least = kwargs.get::<Option<f64>>("least")?.unwrap_or(1.0);
    let noun: String =
        kwargs.get::<Option<String>>("noun")?.unwrap_or_else(|| "products".to_owned());
    let header: Option<String> = kwargs.get("header")?;
    let group_header: Option<String> = kwargs.get("group_header")?;
    kwargs.assert_all_used()?;
    if !(0.0..100.0).contains(&least) {
        return Err(refuse(format!("treemap(): least is a percent from 0 to 100, got {least}")));
    }
    let mut parts: Vec<(Parcel, Arc<Cell>)> = Vec::with_capacity(items.len());
    for item in items {
        let (datum, cell) = named(book, &frame, item)?;
        let group = group.as_deref().map(|name| text_of(book, item, name)).transpose()?;
        parts.push((Parcel { datum, group: group.unwrap_or_default() }, cell));
    }
    if let [(_, first), others @ ..] = &parts[..]
        && let Some((_, other)) = others.iter().find(|(_, cell)| cell.unit != first.unit)
    {
        return Err(refuse(format!(
            "treemap(): parts of one whole have one unit, got {:?} and {:?}",
            first.unit, other.unit
        )));
    }
    let total: f64 = parts.iter().filter_map(|(p, _)| p.datum.value).sum();
    let small = |parcel: &Parcel| {
        parcel.datum.value.is_some_and(|value| value > 0.0 && 100.0 * value < least * total)
    };
    let (mut few, many): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(p, _)| small(p));
    let mut parcels: Vec<Parcel> = many.into_iter().map(|(parcel, _)| parcel).collect();
    if few.len() == 1 {
        parcels.extend(few.pop().map(|(parcel, _)| parcel));
    }
    let rest = (!few.is_empty()).then(|| rest(book, few, least, &noun));
    let options = TreemapOptions {
        common: frame.common.clone(),
        label_header: header.unwrap_or_default(),
        group_header: group_header.unwrap_or_else(|| "group".into()),
        ..TreemapOptions::default()
    };
    frame.finish(book, emporion_plot::treemap(&options, &parcels, rest.as_ref()))
}

/// The small parts as one number of the brief.
fn rest(book: &Book, few: Vec<(Parcel, Arc<Cell>)>, least: f64, noun: &str) -> Rest {
    let label = format!("Other, {} {noun}", few.len());
    let ids: Vec<&str> = few.iter().map(|(_, cell)| cell.id.as_str()).collect();
    let options = BTreeMap::from([("parts".to_owned(), ids.join(" "))]);
    let value = few.iter().filter_map(|(_, cell)| cell.value).sum();
    let mut cell = Cell::new("rest", options, label.clone(), Some(value))
        .with_inputs(few.iter().map(|(_, cell)| cell.as_ref()));
    let first = &few[0].1;
    cell.unit.clone_from(&first.unit);
    cell.period.clone_from(&first.period);
    cell.scope.clone_from(&first.scope);
    cell.side.clone_from(&first.side);
    cell.computation.text =
        format!("sum of the {} {noun} under {least} percent of the whole each", few.len());
    let members: Vec<Parcel> = few.into_iter().map(|(parcel, _)| parcel).collect();
    let drawn = members.iter().filter_map(|p| p.datum.value).sum();
    let cell = book.enter(cell);
    Rest { datum: Datum::new(label, drawn, cell.id.clone()), members }
}
