//! Blocks made for measures: a ranking with ranges, and bars of parts.

use std::sync::Arc;

use emporion_plot::{Ranged, RankingOptions, RankingRow, StackedOptions, StackedRow};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::charts::Frame;
use crate::book::{Book, refuse};

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
}

/// Whether an item is among those that `highlight` names, by id or by label.
fn is_named(highlight: &[String], item: &Value, label: &str) -> bool {
    let id = item.get_attr("id").ok().filter(|id| !id.is_undefined()).map(|id| id.to_string());
    highlight.iter().any(|name| name == label || Some(name) == id.as_ref())
}

/// The items to be drawn, the first `top` and the named ones, and the line that says so.
fn first(
    items: &[Value],
    top: Option<usize>,
    highlight: &[String],
    label: &str,
) -> Result<(Vec<Value>, Option<String>), Error> {
    let top = top.unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    for (position, item) in items.iter().enumerate() {
        if position < top || is_named(highlight, item, &item.get_attr(label)?.to_string()) {
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
    let (kept, note) = first(items, top, &highlight, frame.label())?;
    let mut rows = Vec::with_capacity(kept.len());
    for item in &kept {
        let of = frame.ranged(item, &value)?;
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
    let (kept, note) = first(items, top, &highlight, frame.label())?;
    let mut rows = Vec::with_capacity(kept.len());
    for item in &kept {
        let mut row = StackedRow::default();
        for part in &parts {
            let datum = frame.ranged(item, part)?.datum;
            row.label.clone_from(&datum.label);
            row.parts.push(datum);
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
