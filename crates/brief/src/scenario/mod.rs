//! Scenario files: what happens, in words, and what follows from it.
//!
//! A file in TOML reads like the question ([the language](../../../docs/reference/scenario.md)):
//!
//! ```toml
//! [[scenario]]
//! name = "Two groups agree, one market closes"
//!
//!   [[scenario.agreement]]
//!   between = ["EU27", "MERCOSUR"]
//!   effect = { from = "model.json", coefficient = "rta" }
//!
//!   [[scenario.close]]
//!   market = "EU27"
//!   to = "BLR"
//! ```
//!
//! [`mod@file`] is the text as written, [`names`] turns ids and groups into places and sectors,
//! [`mod@plan`] checks that the changes go together and says what is in force in each year,
//! `sizes` reads how large a change is and when it comes,
//! [`mod@shocks`] turns that into shocks with their distributions.

pub mod file;
pub mod names;
pub mod plan;
pub mod shocks;
mod sizes;

pub use file::{File, Text};
pub use names::Names;
pub use plan::{Case, Change, Kind, Plan, Size, Step, plan};
pub use shocks::{
    SavedModel, accounts, elasticity, is_uncertain, known, sector_accounts, uncertain,
};
