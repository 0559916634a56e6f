//! Several models side by side, as they are published.

use emporion_brief::regression::{Below, Format, Model as Column, Options, Stars, Table};

use crate::args::{EstimateFormat, Look};
use crate::failure::Failure;

use super::models::Model;

/// A table of models in the format asked for.
pub fn table(models: &[Model], look: &Look) -> Result<String, Failure> {
    let columns: Vec<Column<'_>> = models
        .iter()
        .map(|model| Column {
            rows: model.extra.clone(),
            notes: model.notes.clone(),
            ..Column::new(model.label.clone(), &model.fit)
        })
        .collect();
    let table =
        Table::new(&columns, &options(look)?).map_err(|error| Failure::new(error.to_string()))?;
    Ok(table.write(match look.format {
        EstimateFormat::Table => Format::Text,
        EstimateFormat::Json => Format::Json,
        EstimateFormat::Csv => Format::Csv,
        EstimateFormat::Md => Format::Markdown,
        EstimateFormat::Tex => Format::Latex,
        EstimateFormat::Html => Format::Html,
        EstimateFormat::Typst => Format::Typst,
        EstimateFormat::Tidy => Format::Tidy,
    }))
}

fn options(look: &Look) -> Result<Options, Failure> {
    let below = Below::parse(&look.below).ok_or_else(|| {
        Failure::new(format!("--below {:?}: se, t, p, interval or none", look.below))
    })?;
    let stars = Stars::parse(&look.stars)
        .ok_or_else(|| Failure::new(format!("--stars {:?}: none, fixest or esttab", look.stars)))?;
    let rename = look
        .rename
        .iter()
        .map(|text| match text.split_once('=') {
            Some((from, to)) => Ok((from.trim().to_owned(), to.trim().to_owned())),
            None => Err(Failure::new(format!("--rename {text:?}: write TERM=NAME"))),
        })
        .collect::<Result<_, _>>()?;
    Ok(Options {
        title: look.title.clone(),
        digits: look.digits,
        below,
        stars,
        keep: look.keep.clone(),
        drop: look.drop.clone(),
        rename,
        ..Options::default()
    })
}
