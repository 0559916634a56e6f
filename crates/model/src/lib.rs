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

pub mod estimate;
pub mod measure;
pub mod outcome;
pub mod panel;
pub mod simulate;
pub mod site;
