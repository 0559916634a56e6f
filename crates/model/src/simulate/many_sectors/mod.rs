//! Many sectors with input-output links and tariff revenue.
//!
//! # Where to start
//!
//! | you want to | read |
//! | --- | --- |
//! | describe the world from data | [`world`] |
//! | say what changes: costs, tariffs, productivity, a closed market | [`shock`] |
//! | solve the new equilibrium | [`mod@equilibrium`] |
//! | split the change of welfare into terms of trade, volume of trade and technology | [`welfare`] |
//! | know where the exports lost in a closed market go | [`diversion`] |
//! | say what is not known about the change | [`uncertain`] |
//! | carry that through to every outcome | [`mod@draws`] |
//!
//! The numerical core is `clearing` (one vector of wages to a whole world), `fixed_point` (prices
//! and spending given wages), `slopes` (the derivatives of trade balances) and `newton` (the
//! iteration on wages). A slow twin that fits on one page is
//! `crates/model/examples/many_sectors_one_page.rs`.
//!
//! # Model
//!
//! ```text
//! c_hat_n^j   = w_hat_n^(gamma_n^j) prod_k (P_hat_n^k)^(gamma_n^{k,j}) / A_hat_n^j
//! kappa_hat_ni^j = (1 + t'_ni^j) / (1 + t_ni^j) × d_hat_ni^j
//! P_hat_n^j   = [ sum_i pi_ni^j (kappa_hat_ni^j c_hat_i^j)^(-theta^j) ]^(-1/theta^j)
//! pi'_ni^j    = pi_ni^j [ kappa_hat_ni^j c_hat_i^j / P_hat_n^j ]^(-theta^j)
//! X'_n^j      = sum_k gamma_n^{j,k} sum_i X'_i^k pi'_in^k / (1 + t'_in^k) + alpha_n^j I'_n
//! I'_n        = w_hat_n w_n L_n + R'_n + D'_n,  R'_n = sum_{j,i} t'_ni^j M'_ni^j
//! M'_ni^j     = X'_n^j pi'_ni^j / (1 + t'_ni^j)
//! balance     : sum_{j,i} M'_ni^j - D'_n = sum_{j,i} M'_in^j
//! numeraire   : sum_n w_hat_n w_n L_n = sum_n w_n L_n  (world value added)
//! ```
//!
//! # Notation
//!
//! | symbol | word | shape | unit |
//! | --- | --- | --- | --- |
//! | n, i | buying place, selling place | N | |
//! | j, k | sector | J | |
//! | M_ni^j | trade at f.o.b. value, own sales included | J × N × N | the table's |
//! | t_ni^j | tariff | J × N × N | 1 |
//! | X_n^j | spending, tariffs included | N × J | the table's |
//! | pi_ni^j | share of i in the spending of n | J × N × N | 1 |
//! | gamma_n^j | share of value added in output | N × J | 1 |
//! | gamma_n^{k,j} | share of input k in output of j | N × J × J | 1 |
//! | alpha_n^j | share of j in final spending | N × J | 1 |
//! | theta^j | trade elasticity | J | 1 |
//! | w_n L_n, R_n, D_n, I_n | value added, tariff revenue, deficit, income | N | the table's |
//!
//! Arrays over trade are given and returned as `(sector × N + origin) × N + destination`, arrays
//! over places and sectors as `place × J + sector`.
//!
//! # Source
//!
//! Caliendo and Parro (2015), "Estimates of the Trade and Welfare Effects of NAFTA", Review of
//! Economic Studies 82(1).

mod clearing;
pub mod delta;
pub mod diversion;
pub mod draws;
pub mod equilibrium;
mod feasible;
mod fixed_point;
mod newton;
pub mod shock;
mod slopes;
pub mod uncertain;
pub mod welfare;
pub mod world;

pub use delta::{ManySectorDelta, many_sector_delta};
pub use diversion::{ManySectorDiversion, SectorDiversion, SectorFill, many_sector_diversion};
pub use draws::{
    ClosedSectors, ClosedSectorsSpread, ManySectorDraws, ManySectorFailedDraw, ManySectorOutcome,
    many_sector_draws,
};
pub use equilibrium::{Levels, ManySectorEquilibrium, ManySectorOptions, many_sectors};
pub use shock::ManySectorShock;
pub use uncertain::{ManySectorScenario, SectorEffect, SectorElasticities, SectorLoading};
pub use welfare::FirstOrder;
pub use world::{ManySectors, ManySectorsData};
