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

/// A slope of its own for each level of a factor, such as `pair[trend]`.
///
/// Only the slope: the level's own intercept is an effect of [`Design::effects`], named alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Slope {
    /// The factor whose levels differ; its name is that of the effect it belongs to, if any.
    pub factor: Factor,
    /// What the slope is of.
    pub variable: Regressor,
}

/// What the observation weights mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightKind {
    /// Precision or sampling weights: N is the number of rows.
    #[default]
    Analytic,
    /// Each row stands for so many equal rows: N is the sum of the weights, whole numbers.
    Frequency,
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
    /// Slopes that differ by level, absorbed with the effects.
    pub slopes: Vec<Slope>,
    /// Cluster dimensions: none for iid or robust errors, several for multiway clustering.
    pub clusters: Vec<Factor>,
    /// Observation weights, zero or more.
    pub weights: Option<Vec<f64>>,
    /// What they mean.
    pub weight_kind: WeightKind,
    /// Added to the linear predictor with coefficient one.
    pub offset: Option<Vec<f64>>,
}

/// A factor for the tests of this stage: its levels are those of its ids.
#[cfg(test)]
pub(super) fn factor(ids: &[u32]) -> Factor {
    let levels = *ids.iter().max().unwrap() as usize + 1;
    Factor { name: "f".into(), ids: ids.to_vec(), levels }
}
