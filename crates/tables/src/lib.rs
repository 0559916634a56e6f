//! Files become tables, and tables become arrays, here and nowhere else.

mod encoding;
mod number;
mod parquet;
mod read;
mod scan;

pub mod case;
pub mod problem;
pub mod schema;
pub mod table;

pub use case::{Case, Files, Folder};
pub use problem::{Problem, Report};
pub use schema::Schema;
pub use table::{Column, MISSING, Table, Values};
