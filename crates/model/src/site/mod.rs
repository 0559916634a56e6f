//! Where to put the next p centres, with a proof of how good the answer is.
//!
//! | you want to | read |
//! | --- | --- |
//! | state costs, demand, existing and forbidden sites | [`Instance`] |
//! | choose p sites at least total cost | [`p_median`] |
//! | let anyone re-check the bound | [`certificate`] |
//! | distances between coordinates | [`distance`] |
//! | gains in trade instead of distances | [`gains`] |
//! | the curve of cost against p, and plans that grow | [`elbow`] |
//! | what each single choice is worth | [`sensitivity`] |
//! | how unequally a plan serves | [`spread`] |
//!
//! How an answer is found, in order: `fixed` turns costs into whole numbers, so that the search
//! makes no rounding errors; `local_search` finds a plan by swaps; `lagrangian` raises a lower bound
//! until it meets the plan; `branch` closes what is left; `certificate` repeats the bound in
//! arithmetic of its own.

mod branch;
pub mod certificate;
pub mod distance;
pub mod elbow;
mod fixed;
pub mod gains;
pub mod instance;
mod lagrangian;
mod local_search;
pub mod p_median;
pub mod sensitivity;
pub mod spread;

pub use instance::{Instance, SiteState};
