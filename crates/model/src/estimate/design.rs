//! What an estimator is given: an outcome, regressors, fixed effects, clusters.
//!
//! `tables` builds it from a formula and a table; every array has one entry per row kept.

/// A named column of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Regressor {
    /// As the reader wrote it, such as `log(distance)`.
    pub name: String,
    /// One value per row.
    pub values: Vec<f64>,
}

/// A named factor: a fixed effect or a cluster dimension, as dense ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// As the reader wrote it, such as `origin^year`.
    pub name: String,
    /// Level of each row, 0 .. `levels`.
    pub ids: Vec<u32>,
    /// Number of levels; levels without a row are allowed.
    pub levels: usize,
}

/// One regression problem.
///
/// # Notation
///
/// | symbol | field | shape |
/// | --- | --- | --- |
/// | y | `y` | n |
/// | X | `x` | k columns of n |
/// | D | `effects` | one factor of n ids per fixed effect |
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Design {
    /// Name of the outcome.
    pub outcome: String,
    /// The outcome.
    pub y: Vec<f64>,
    /// The regressors, without the constant.
    pub x: Vec<Regressor>,
    /// Whether a constant is estimated; meaningless (absorbed) when there are fixed effects.
    pub constant: bool,
    /// Fixed effects to absorb.
    pub effects: Vec<Factor>,
    /// Cluster dimensions: none for iid or robust errors, several for multiway clustering.
    pub clusters: Vec<Factor>,
    /// Observation weights (analytic).
    pub weights: Option<Vec<f64>>,
    /// Added to the linear predictor with coefficient one.
    pub offset: Option<Vec<f64>>,
}

/// A factor for the tests of this stage: its levels are those of its ids.
#[cfg(test)]
pub(super) fn factor(ids: &[u32]) -> Factor {
    let levels = *ids.iter().max().unwrap() as usize + 1;
    Factor { name: "f".into(), ids: ids.to_vec(), levels }
}
