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
//! | `layout` | which effect is eliminated, which fall into blocks |
//! | [`absorb`], `passes`, `conjugate` | effects taken out of columns |
//! | `precondition`, `blocks` | exact solves block by block that speed it up |
//! | `least_squares` | the few columns left |
//! | `collinearity` | regressors left out, by name |
//! | [`mod@ppml`], [`mod@ols`] | the estimators |
//! | `newton`, `family` | the steps, and what tells families apart |
//! | [`errors`], `vcov`, [`spatial`], [`serial`] | covariance: robust, clusters, space, time |
//! | [`wald`], [`mod@reset`], [`wild`] | joint tests, RESET, wild and score bootstrap |
//! | [`freedom`], [`distribution`] | parameters counted, p-values |
//! | [`fit`], [`fitted`] | the result, and the arrays behind it |
//! | [`bias`], `leverage`, `pinned` | incidental-parameter bias, and errors adjusted for leverage |
//! | [`recover`], `components` | values of the fixed effects, with their normalisation |
//! | [`mod@predict`], [`residuals`] | new rows; residuals by kind and scores |
//! | [`ipf`] | a table scaled to margins: effects at given coefficients |
//! | [`mod@lasso`], `lasso_plug_in`, [`lasso_folds`] | which of many regressors matter: penalty given, from theory, by validation |
//! | [`lasso_path`], `descent` | the penalised model along a path, and its steps |
//! | [`mod@iceberg`] | what each selected regressor may stand for |
//! | [`effect_size`] | percent and tariff equivalents |

pub mod absorb;
mod approximate_cholesky;
pub mod bias;
mod bias_roles;
mod blocks;
mod border;
mod collinearity;
mod components;
mod cone;
mod conjugate;
mod descent;
pub mod design;
pub mod distribution;
pub mod effect_size;
pub mod errors;
mod exact;
mod family;
pub mod fit;
pub mod fitted;
pub mod freedom;
pub mod iceberg;
pub mod ipf;
pub mod lasso;
pub mod lasso_folds;
pub mod lasso_path;
mod lasso_plug_in;
mod layout;
mod least_squares;
mod leverage;
mod newton;
pub mod ols;
pub mod options;
mod passes;
mod pinned;
pub mod ppml;
mod precondition;
pub mod predict;
pub mod recover;
mod report;
pub mod reset;
pub mod residuals;
pub mod sample;
pub mod separation;
pub mod serial;
pub mod singletons;
pub mod spatial;
mod thin;
mod thin_system;
#[cfg(test)]
mod thin_tests;
mod vcov;
pub mod wald;
pub mod wild;

pub use errors::Errors;
pub use fit::{Certificate, Collinear, Dropped, Family, Fit};
pub use fitted::Fitted;
pub use iceberg::iceberg;
pub use lasso::{Lasso, LassoOptions, lasso};
pub use ols::{ols, ols_fitted};
pub use options::{Options, Road, SmallSample, Vcov};
pub use ppml::{ppml, ppml_fitted};
pub use reset::reset;
pub use wild::WildOptions;
