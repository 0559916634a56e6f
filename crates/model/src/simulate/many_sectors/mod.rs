//! Many sectors with input-output links and tariff revenue.
//!
//! | you want to | read |
//! | --- | --- |
//! | bring the data | [`SectorWorld`] |
//! | say what changes | [`SectorShocks`] |
//! | solve | [`many_sectors`] |
//! | split welfare by cause, partner and sector | [`FirstOrder`] |
//! | know where lost exports go | [`sector_diversion`] |
//!
//! `market` holds all equations at given wages, `jacobian` their derivatives, `solve` the iteration.
//! A slow twin of a page is `crates/model/examples/many_sectors_one_page.rs`.

mod diversion;
mod equilibrium;
mod first_order;
mod jacobian;
mod market;
mod shock;
mod solve;
mod world;

pub use diversion::{SectorDiversion, SectorFill, sector_diversion};
pub use equilibrium::{SectorDeficits, SectorEquilibrium, SectorOptions, many_sectors};
pub use first_order::FirstOrder;
pub use shock::SectorShocks;
pub use world::SectorWorld;
