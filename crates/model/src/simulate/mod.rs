//! General-equilibrium counterfactuals: what a change of trade costs does to trade, wages, prices
//! and welfare once everybody has adjusted.
//!
//! # Where to start
//!
//! | you want to | read |
//! | --- | --- |
//! | say what changes: an agreement, a closed market, a cost | [`shock`] |
//! | solve the world's new equilibrium | [`mod@one_sector`] |
//! | set the partial, modular and general effect side by side | [`mod@effects`] |
//! | know where the exports lost in a closed market go | [`mod@diversion`] |
//! | know it from records, after the event | [`mod@ex_post`] |
//! | set model and record side by side | [`account`] |
//! | know what trade is worth altogether | [`gains`] |
//! | start from the trade an equation fits, and see resistances in levels | [`mod@structural`] |
//! | say what is not known about a scenario | [`uncertain`] |
//! | carry that through to every outcome, by draws or to first order | [`mod@draws`], [`mod@delta`] |
//! | have several sectors, inputs of one in another, tariffs with revenue | [`mod@many_sectors`] |
//!
//! The numerical core is [`clearing`] (the market-clearing equations and their derivatives), `kernel`
//! (the matrix of trade), `newton` (the iteration) with `jacobian` and `krylov` (its linear systems), `blocs` (who is still connected to whom) and `feasible` (whose imbalance
//! cannot be financed any more). A slow twin that fits on one page is
//! `crates/model/examples/one_sector_one_page.rs`.
//!
//! # Notation
//!
//! | symbol | word | shape | unit |
//! | --- | --- | --- | --- |
//! | X_ij | flow from origin i to destination j, own sales on the diagonal | N × N | the table's |
//! | Y_i, E_j | output (row sum) and expenditure (column sum) | N | the table's |
//! | D_j = E_j - Y_j | deficit | N | the table's |
//! | pi_ij = X_ij / E_j | share of i in the spending of j | N × N | 1 |
//! | theta | elasticity of trade to trade costs, positive | | 1 |
//! | psi | supply elasticity, 0 when the endowment is fixed | | 1 |
//! | beta_ij | change of ln phi_ij, phi = (trade cost)^(-theta) | N × N | log points |
//! | a hat | counterfactual / baseline | | 1 |
//!
//! # What the model leaves out
//!
//! One year, no dynamics, no unemployment, no entry of firms; in one sector no tariff revenue (a
//! tariff is treated as a cost). A pair that does not trade at the baseline does not start to.

pub mod account;
mod baseline;
mod blocs;
pub mod clearing;
pub mod delta;
pub mod diversion;
pub mod draws;
pub mod effects;
pub mod ex_post;
mod feasible;
pub mod gains;
mod jacobian;
pub(crate) mod joint;
mod kernel;
mod krylov;
pub mod many_sectors;
mod measured;
mod newton;
pub mod one_sector;
pub mod shock;
pub mod structural;
pub mod uncertain;
mod world;

pub use account::{Account, Approach, Split};
pub use delta::{Delta, Linear, delta};
pub use diversion::{Diversion, Fill, diversion};
pub use draws::{
    AccountSpread, ClosedMarkets, DrawOptions, Draws, FailedDraw, KeptDraw, Spread, draws,
};
pub use effects::{Effects, Modular, effects, modular, partial_trade};
pub use ex_post::{ExPost, ExPostOptions, Prices, Records, Yardstick, ex_post};
pub use gains::{Gains, gains_from_trade};
pub use many_sectors::{
    ClosedSectors, ManySectorDelta, ManySectorDiversion, ManySectorDraws, ManySectorEquilibrium,
    ManySectorOptions, ManySectorOutcome, ManySectorScenario, ManySectorShock, ManySectors,
    ManySectorsData, SectorEffect, SectorElasticities, SectorLoading, many_sector_delta,
    many_sector_diversion, many_sector_draws, many_sectors,
};
pub use measured::Outcome;
pub use newton::Method;
pub use one_sector::{Equilibrium, Imbalances, OneSectorOptions, one_sector};
pub use shock::{Shock, Shocks, Supply};
pub use structural::{Structural, structural};
pub use uncertain::{Coefficient, Effect, Elasticity, JointNormal, Loading, Range, Uncertain};
