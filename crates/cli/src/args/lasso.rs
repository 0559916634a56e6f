//! The options of `emporion estimate --lasso`.

use std::str::FromStr;

use clap::{Args, ValueEnum};

/// What the lasso is asked.
#[derive(Debug, Args)]
pub struct Lasso {
    /// Select among many regressors, such as the provisions of agreements: the penalty from theory
    /// (plugin), the one that predicts best (cv), or numbers
    #[arg(long, value_name = "plugin|cv|NUMBERS", help_heading = "Selection by lasso")]
    pub lasso: Option<Strength>,
    /// What to select from: terms of the formula or columns beside it; `*` stands for anything.
    /// Without it every term
    #[arg(
        long,
        value_name = "PATTERN",
        value_delimiter = ',',
        requires = "lasso",
        help_heading = "Selection by lasso"
    )]
    pub penalise: Vec<String>,
    /// For cv: rows with the same value are left out together, such as those of an agreement; rows
    /// without a value or with 0 never
    #[arg(long, value_name = "COLUMN", requires = "lasso", help_heading = "Selection by lasso")]
    pub folds: Option<String>,
    /// Deal the values into so many folds at random, by --seed; each is its own when not given
    #[arg(long, value_name = "N", requires = "folds", help_heading = "Selection by lasso")]
    pub fold_count: Option<usize>,
    /// For cv: penalties to try instead of 30 down from the smallest that selects nothing
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        allow_negative_numbers = true,
        requires = "folds",
        help_heading = "Selection by lasso"
    )]
    pub lambdas: Vec<f64>,
    /// For cv: what predictions are judged by
    #[arg(long, value_enum, default_value_t, help_heading = "Selection by lasso")]
    pub criterion: Criterion,
    /// For plugin: how often at most a regressor without effect is selected; 0.1 / log(rows) when
    /// not given
    #[arg(
        long,
        value_name = "SHARE",
        allow_negative_numbers = true,
        requires = "lasso",
        help_heading = "Selection by lasso"
    )]
    pub gamma: Option<f64>,
    /// For plugin: whose residuals say how exact a score is
    #[arg(long, value_enum, default_value_t, help_heading = "Selection by lasso")]
    pub residuals: Residuals,
    /// Penalise every coefficient alike, not by the spread of its regressor (numbers and cv)
    #[arg(long, requires = "lasso", help_heading = "Selection by lasso")]
    pub not_standardised: bool,
    /// Also find which regressors that were not selected each selected one may stand for
    #[arg(long, requires = "lasso", help_heading = "Selection by lasso")]
    pub iceberg: bool,
}

/// Where the penalty comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Strength {
    /// From theory.
    PlugIn,
    /// By cross-validation.
    CrossValidated,
    /// These.
    Given(Vec<f64>),
}

impl FromStr for Strength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "plugin" | "plug-in" => return Ok(Self::PlugIn),
            "cv" => return Ok(Self::CrossValidated),
            _ => {}
        }
        let numbers: Result<Vec<f64>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        numbers.map(Self::Given).map_err(|_| {
            "write plugin, cv, or numbers of zero or more joined by commas, such as 0.01,0.001"
                .to_owned()
        })
    }
}

/// What predictions are judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Criterion {
    /// Root mean squared error: large flows decide
    #[default]
    Rmse,
    /// Deviance of the model
    Deviance,
}

/// Whose residuals the loadings of the plug-in come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Residuals {
    /// The model without penalty on what is selected
    #[default]
    PostLasso,
    /// The penalised model: selects less
    Lasso,
}
