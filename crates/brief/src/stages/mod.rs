//! The verbs on tables: labels in, labels out.
//!
//! `model` knows positions; these runners know names. The brief's functions and the command line
//! both stand on them, so that a number in a brief and the same number in the terminal are one.

pub mod ex_post;
pub mod gravity;
pub mod sectors;
pub mod site_rules;
pub mod siting;
pub mod world;
