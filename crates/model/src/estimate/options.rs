//! What the caller may choose, and where each default comes from.

use serde::Serialize;

/// Which family of errors the covariance allows for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Vcov {
    /// The model's own variance: mean equal to variance (Poisson), one variance (least squares).
    Iid,
    /// Heteroskedasticity-robust sandwich; with the factors of [`SmallSample`] it is HC1.
    Robust,
    /// Clustered by the factors in [`Design::clusters`](super::design::Design): one way, or several
    /// ways by inclusion and exclusion.
    Cluster,
}

/// Which program's small-sample factor multiplies the variance.
///
/// N rows (or the sum of frequency weights), K parameters, G clusters (the smallest G with several
/// ways). For [`Errors::DriscollKraay`](super::Errors::DriscollKraay) and
/// [`Errors::NeweyWest`](super::Errors::NeweyWest) the cluster column holds with the number of periods
/// T for G; [`Errors::Conley`](super::Errors::Conley) has it without G/(G-1). For those three `Stata`
/// is by analogy: no official Stata command has them for these models.
///
/// | | iid, Poisson | iid, least squares | robust | cluster |
/// | --- | --- | --- | --- | --- |
/// | `Raw` | 1 | RSS/N | 1 | 1 |
/// | `Stata`, Poisson (ppmlhdfe) | 1 | | N/(N-1) | G/(G-1) |
/// | `Stata`, least squares (reghdfe) | | RSS/(N-K) | N/(N-K) | G/(G-1) (N-1)/(N-K) |
/// | `Fixest` | (N-1)/(N-K) | RSS/(N-K) | N/(N-K) | G/(G-1) (N-1)/(N-K) |
///
/// How K counts the fixed effects is in [`freedom`](super::freedom).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmallSample {
    /// No factor: the plain sandwich, free of any convention.
    Raw,
    /// Stata: ppmlhdfe for Poisson, reghdfe for least squares.
    Stata,
    /// R fixest and pyfixest.
    Fixest,
}

/// How the effects are taken out of the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Road {
    /// Whichever is predicted to be faster.
    #[default]
    Auto,
    /// Effects that fall into blocks, such as origin-year and destination-year, are factored exactly
    /// block by block; conjugate gradients need few steps.
    Dense,
    /// Conjugate gradients with a preconditioner that is no larger than the data.
    Sparse,
}

/// Settings of [`ppml`](super::ppml::ppml) and [`ols`](super::ols::ols).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Options {
    /// Kind of covariance; default robust, as in ppmlhdfe.
    pub vcov: Vcov,
    /// Small-sample convention; default fixest, the one most papers with R or Python print.
    pub small_sample: SmallSample,
    /// Newton steps stop when the next would change log fitted values by less than this (root mean
    /// square, weighted by the fitted values). Default 1e-9: convergence is quadratic, so what is
    /// left after that step is rounding. Absorbing is a thousand times tighter.
    pub tolerance: f64,
    /// Newton steps allowed; default 200 (fixest allows 25, ppmlhdfe 1000; gravity needs 8 to 15).
    pub max_iterations: usize,
    /// How the effects are taken out; default by size and fill of the blocks they fall into. Both
    /// roads lead to the same answer.
    pub road: Road,
    /// Conjugate-gradient steps allowed for absorbing one column; default 20 000 (reghdfe 16 000).
    pub max_absorb_iterations: usize,
    /// Whether separated rows are looked for and left out (Poisson only); default yes, as in
    /// ppmlhdfe: without it the estimate may not exist.
    pub separation: bool,
    /// Multiplications that the exact search for separated rows may take; larger models rely on what
    /// the fit shows. Default 3e8, about half a second; 0 leaves it out.
    pub exact_search: f64,
    /// Whether rows alone in a level of an effect stay. Default no, as in ppmlhdfe and reghdfe;
    /// the coefficients are the same, N and clustered errors are not.
    pub keep_singletons: bool,
    /// A regressor whose norm after absorbing is below this share of its raw norm is collinear.
    /// Default 1e-8, the square root of the rounding unit: below it fewer than half the digits of
    /// the coefficient would mean anything.
    pub collinearity_tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vcov: Vcov::Robust,
            small_sample: SmallSample::Fixest,
            tolerance: 1e-9,
            max_iterations: 200,
            road: Road::Auto,
            max_absorb_iterations: 20_000,
            separation: true,
            exact_search: 3e8,
            keep_singletons: false,
            collinearity_tolerance: 1e-8,
        }
    }
}

impl Options {
    /// Tolerance of absorbing: a thousandth of `tolerance`, and not below 1e-14.
    #[must_use]
    pub fn absorb_tolerance(&self) -> f64 {
        (self.tolerance * 1e-3).max(1e-14)
    }
}
