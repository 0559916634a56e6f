//! Regression tables: several models side by side, as they are published.
//!
//! [`Table::new`] turns fits into a table of numbers and words; [`Table::write`] writes it as text,
//! Markdown, LaTeX, HTML, typst, CSV or JSON. What is in the table is decided once, so that all
//! formats say the same.
//!
//! | file | what it does |
//! | --- | --- |
//! | [`options`] | what may be chosen |
//! | [`table`] | the rows: terms, effects, statistics |
//! | `notes` | what stands below: errors, convention, rows left out, effects, stars |
//! | [`digits`] | how numbers are rounded |
//! | [`pattern`] | terms named with `*` |
//! | `lines` | the rows as texts, before any format |
//! | `text`, `markdown`, `latex`, [`html`], `typst`, `data` | the formats |

pub mod digits;
pub mod html;
pub mod options;
pub mod pattern;
pub mod table;

mod data;
mod latex;
mod lines;
pub(crate) mod markdown;
mod notes;
mod text;
mod typst;

pub use options::{Below, Format, Options, Stars, Statistic};
pub use table::{Estimate, Model, Slot, Table};

/// What a regression table refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// No model.
    #[error("a regression table needs at least one model")]
    NoModels,
    /// The groups do not cover the columns.
    #[error(
        "the groups above the columns span {spanned} columns, the table has {models} models: let \
         the spans add up to the number of models, with an empty name over those without a group"
    )]
    Groups {
        /// Columns under all groups.
        spanned: usize,
        /// Columns there are.
        models: usize,
    },
    /// A pattern that names no term.
    #[error("{option}: no term fits {pattern:?}; the models have {known}")]
    Pattern {
        /// `keep`, `drop`, `order` or `rename`.
        option: &'static str,
        /// The pattern as given.
        pattern: String,
        /// Terms that exist.
        known: String,
    },
    /// An option outside its range.
    #[error("{option} is {got}: {expected}")]
    Setting {
        /// Name of the option.
        option: &'static str,
        /// Value given.
        got: String,
        /// What is allowed.
        expected: &'static str,
    },
}

impl Table {
    /// The table in a format.
    ///
    /// # Result
    ///
    /// Text that ends in a line break. Names are escaped for the format, so that `a_b & c` is
    /// printed as it is.
    #[must_use]
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Text => text::write(self),
            Format::Markdown => markdown::write(self),
            Format::Latex => latex::write(self),
            Format::Html => html::write(self, &html::plain),
            Format::Typst => typst::write(self),
            Format::Csv => data::wide(self),
            Format::Tidy => data::tidy(self),
            Format::Json => data::json(self),
        }
    }
}
