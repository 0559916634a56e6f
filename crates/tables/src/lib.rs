//! Files become tables, and tables become arrays, here and nowhere else.
//!
//! # The way of a figure
//!
//! | step | module |
//! | --- | --- |
//! | a folder with `datapackage.json` is a case | [`case`] |
//! | a CSV, Parquet, Arrow or Stata file becomes columns; a row of text keeps its line and its text | [`table`] |
//! | what the package says about columns | [`schema`] |
//! | every problem in one run, with place and remedy | [`problem`], [`Case::check`] |
//! | choosing rows | [`select`] |
//! | the one guarded addition | [`sum`] |
//! | which place lies in which | [`hierarchy`] |
//! | covariates beside flows | [`join`] |
//! | rows as matrices | [`panel`] |
//! | rows as a bilateral table by product, factors of potential | [`bilateral`](mod@bilateral), [`factors`](mod@factors) |
//! | `value ~ log(distance) \| origin + destination` | [`formula`] |
//! | several estimations in one formula, on samples of a table | [`specification`], [`plan`] |
//! | the same design for other rows, to predict | [`recipe`] |
//! | a formula and a table as arrays for an estimator | [`design`] |
//! | results as files | [`mod@write`] |
//! | rules for centres in plain words | [`site_rules`] |
//! | ids in place of a kernel's positions, which numbers a column may hold | [`named`], [`domain`] |
//!
//! Nothing is repaired silently, and missing is not zero: a cell that cannot be read, a total that
//! would mix units, a pair without a row are refused or counted, never guessed.

mod arrow;
mod calendar;
mod check;
mod csv;
mod dta;
mod duplicates;
mod encoding;
mod evaluate;
mod format;
mod guard;
mod lag;
mod levels;
mod lookup;
mod number;
mod parquet;
mod parse;
mod read;
mod rows;
mod scan;
mod source;
mod terms;

pub mod bilateral;
pub mod by_year;
pub mod case;
pub mod design;
pub mod domain;
pub mod factors;
pub mod formula;
pub mod hierarchy;
pub mod join;
pub mod named;
pub mod panel;
pub mod plan;
pub mod problem;
pub mod recipe;
pub mod schema;
pub mod select;
pub mod site_rules;
pub mod specification;
pub mod sum;
pub mod table;
pub mod write;

pub use case::{Case, Files, Folder};
pub use design::Rows;
pub use formula::Formula;
pub use problem::{Problem, Report};
pub use schema::Schema;
pub use specification::Specification;
pub use table::{Column, MISSING, Table, Values};
