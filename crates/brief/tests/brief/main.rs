//! Briefs held to figures worked out by hand, to a second road, and to what a page promises.

mod belarus;
mod blocks;
mod common;
mod ex_post;
mod having;
mod in_time;
mod indices;
mod models;
mod moved;
mod page;
mod reference;
mod refusals;
mod regression;
mod related;
mod same_bytes;
mod simulated;
mod sited;
mod traces;
mod values;
mod world;
