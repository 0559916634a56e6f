//! The numbers of Emporion: arrays and indices in, small result structs out.
//!
//! Nothing here opens a file, reads a clock or keeps a global random state, and the same input and
//! seed give the same bytes whatever the number of threads. `tables` turns files into the inputs
//! below; `brief` and the command line show the results.
//!
//! # Where to start
//!
//! | you want to | read |
//! | --- | --- |
//! | know what a row looks like once it is numbers | [`panel`] |
//! | turnover, shares, growth, records, concentration, RCA, ECI | [`measure`] |
//! | gravity: Poisson and least squares with many fixed effects | [`estimate`] |
//! | general-equilibrium counterfactuals | [`simulate`] |
//! | where the next centres go, with a proven bound | [`site`] |
//! | the four kinds of outcome | [`outcome`] |
//! | the same algorithms on one page each | `examples/` of this crate |
//!
//! The whole way of a figure from a file to a page: `crates/tables/src/case.rs` →
//! `crates/tables/src/panel.rs` → `crates/model/src/measure/complexity.rs` →
//! `crates/model/src/estimate/ppml.rs` → `crates/model/src/simulate/one_sector.rs` →
//! `crates/model/src/site/p_median.rs` → `crates/brief/src/cell.rs`.
//!
//! # Notation shared by the stages
//!
//! | symbol | meaning | shape | unit |
//! | --- | --- | --- | --- |
//! | X_ij | flow from origin i to destination j | places × places | the table's |
//! | x_ik | exports of place i in product k | places × products | the table's |
//! | theta | elasticity of trade to trade costs | | |
//! | beta | coefficient of a gravity equation, change of ln phi = -theta ln tau | | log points |
//! | d_ij | distance | customers × sites | km unless said |
//!
//! # References
//!
//! Hidalgo and Hausmann (2009), Hausmann et al. (2014): complexity. Santos Silva and Tenreyro (2006),
//! Correia, Guimarães and Zylkin (2020): Poisson gravity and separation. Dekle, Eaton and Kortum
//! (2007), Arkolakis, Costinot and Rodríguez-Clare (2012), Allen, Arkolakis and Takahashi (2020):
//! counterfactuals. Schubert and Rousseeuw (2021), Beasley (1985): p-median.

mod disjoint_sets;
pub mod estimate;
pub mod measure;
pub mod outcome;
pub mod panel;
mod random;
pub mod simulate;
pub mod site;
