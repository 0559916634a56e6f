//! Parquet files, through column readers.

use crate::problem::Problem;
use crate::schema::Schema;
use crate::table::Table;

/// Reads a Parquet file with flat columns.
pub(crate) fn read(
    _name: &str,
    path: &str,
    _bytes: &[u8],
    _digest: String,
    _schema: &Schema,
) -> (Option<Table>, Vec<Problem>) {
    (None, vec![Problem::new("not-parquet", path, "a Parquet file", "TODO")])
}
