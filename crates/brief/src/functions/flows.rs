//! The flows that a model in a brief stands on.

use emporion_tables::Table;
use emporion_tables::sum::Missing;
use minijinja::Error;
use minijinja::value::Kwargs;

use super::rows::Selection;
use crate::book::Book;

/// The table, the rows selected, the selection, and what an absent row means.
///
/// # Errors
///
/// As [`Selection::excluding`].
pub fn flows<'a>(
    book: &'a Book,
    kwargs: &Kwargs,
    own: &[&str],
) -> Result<(&'a Table, Vec<usize>, Selection, Missing), Error> {
    let selection = Selection::excluding(book, kwargs, own)?;
    let table = selection.table(book)?;
    let rows = selection.rows(table)?;
    let absent = match book.case.absent(table.name()) {
        Some("zero") => Missing::Zero,
        _ => Missing::Refuse,
    };
    Ok((table, rows, selection, absent))
}
