//! A report whose every number is computed when it is built and opens its trace.
//!
//! `brief.md` of a case is Markdown with expressions. [`engine::build`] runs it; [`html`],
//! [`markdown`] and [`json`] write what came out; [`explain`] prints one trace; [`against`] lists
//! what moved since an earlier build.
//!
//! # Where to start
//!
//! [`cell`] is a number with its trace; [`value`] is the same number inside a template;
//! [`functions`] lists what a template can ask for; [`render`] puts the pieces together.

pub mod against;
pub mod book;
pub mod cell;
pub mod changes;
pub mod engine;
pub mod explain;
pub mod functions;
pub mod html;
pub mod json;
pub mod markdown;
pub mod number;
pub mod regression;
pub mod render;
pub mod scenario;
pub mod stages;
pub mod value;
