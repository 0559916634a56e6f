//! Gravity: Poisson pseudo-maximum likelihood and least squares with many fixed effects.
//!
//! [`ppml()`] and [`ols()`] take a [`Design`](design::Design) and [`Options`] and give a [`Fit`]. The
//! reading order is that of the computation:
//!
//! | file | what it does |
//! | --- | --- |
//! | [`design`] | the input |
//! | [`options`] | what may be chosen: errors, convention, tolerances |
//! | `sample` | refuses bad input; the rows in use, compact |
//! | [`separation`], `cone` | zeros that the likelihood cannot fit, with proof |
//! | [`singletons`] | rows alone in a level |
//! | [`absorb`] | effects taken out of a column |
//! | `least_squares` | the few columns left |
//! | `collinearity` | regressors left out, by name |
//! | [`mod@ppml`], [`mod@ols`] | the estimators |
//! | [`freedom`], `vcov`, [`distribution`] | parameters counted, covariance, p-values |
//! | [`fit`], [`fitted`] | the result, and the arrays behind it |

pub mod absorb;
#[allow(dead_code)]
mod approximate_cholesky;
#[allow(dead_code)]
mod border;
mod collinearity;
mod cone;
pub mod design;
pub mod distribution;
pub mod fit;
pub mod fitted;
pub mod freedom;
mod least_squares;
pub mod ols;
pub mod options;
pub mod ppml;
#[allow(dead_code)]
mod precondition;
mod report;
pub mod sample;
pub mod separation;
pub mod singletons;
#[allow(dead_code)]
mod thin;
#[cfg(test)]
mod thin_tests;
mod vcov;

pub use fit::{Certificate, Collinear, Dropped, Family, Fit};
pub use fitted::Fitted;
pub use ols::{ols, ols_fitted};
pub use options::{Options, SmallSample, Vcov};
pub use ppml::{ppml, ppml_fitted};
