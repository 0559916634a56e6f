//! The options of `emporion estimate` and `emporion table`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Absent, Lasso, Rows};

/// `emporion estimate`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    emporion estimate world-2022 --formula \"value ~ log(distance) + contiguity | origin + destination\"\n  \
    emporion estimate world-2022 --formula \"value ~ csw(log(distance), contiguity, border) | origin + destination\" --format tex\n  \
    emporion estimate world-2022 --formula \"value ~ log(distance) | origin + destination\" --bias --save two-way.json\n  \
    emporion estimate world-2022 --formula \"value ~ log(distance) + contiguity + border | origin + destination\" --lasso plugin --penalise contiguity,border")]
pub struct Estimate {
    #[command(flatten)]
    pub rows: Rows,
    /// Outcome ~ regressors | fixed effects, as in fixest; given several times: several models
    #[arg(long, required = true)]
    pub formula: Vec<String>,
    /// The estimator
    #[arg(long, value_enum, default_value_t)]
    pub family: Family,
    /// Leave out the sales of a place to itself
    #[arg(long)]
    pub no_domestic: bool,
    /// What a pair without flows means; a case may say it in its datapackage.json
    #[arg(long, value_enum)]
    pub absent: Option<Absent>,

    /// The standard errors; clustered when --cluster is given, else robust
    #[arg(long, value_enum, help_heading = "Standard errors")]
    pub vcov: Option<Errors>,
    /// A column to cluster by; several for several ways, `origin^destination` for pairs
    #[arg(long, value_name = "COLUMN", help_heading = "Standard errors")]
    pub cluster: Vec<String>,
    /// Whose small-sample factor multiplies the variance
    #[arg(long, value_enum, default_value_t, help_heading = "Standard errors")]
    pub small_sample: Convention,
    /// Columns with the latitude and longitude of each row, for --vcov conley
    #[arg(long, value_name = "LAT,LON", help_heading = "Standard errors")]
    pub coordinates: Option<String>,
    /// Distance in km beyond which rows are independent, for --vcov conley
    #[arg(long, value_name = "KM", help_heading = "Standard errors")]
    pub cutoff: Option<f64>,
    /// Weight of rows within the cutoff
    #[arg(long, value_enum, default_value_t, help_heading = "Standard errors")]
    pub kernel: Kernel,
    /// Column of the period, for --vcov driscoll-kraay and newey-west
    #[arg(long, value_name = "COLUMN", default_value = "year", help_heading = "Standard errors")]
    pub time: String,
    /// Column of the unit, or a combination, for --vcov newey-west
    #[arg(
        long,
        value_name = "COLUMN",
        default_value = "origin^destination",
        help_heading = "Standard errors"
    )]
    pub unit: String,
    /// Lags; the fourth root of the number of periods when not given
    #[arg(long, value_name = "N", help_heading = "Standard errors")]
    pub lag: Option<usize>,

    /// A column of weights, by precision
    #[arg(long, value_name = "COLUMN", help_heading = "Sample")]
    pub weights: Option<String>,
    /// A column that says how many equal rows each row stands for
    #[arg(long, value_name = "COLUMN", conflicts_with = "weights", help_heading = "Sample")]
    pub frequency: Option<String>,
    /// Added to the linear predictor with coefficient one, such as `log(population)`
    #[arg(long, value_name = "EXPRESSION", help_heading = "Sample")]
    pub offset: Option<String>,
    /// Columns of unit and time for lags, such as origin,destination:year
    #[arg(long, value_name = "UNIT:TIME", help_heading = "Sample")]
    pub panel: Option<String>,
    /// Several rows for one origin, destination and year
    #[arg(long, value_enum, default_value_t, help_heading = "Sample")]
    pub duplicates: Repeated,
    /// One model for each value of a column, such as a sector
    #[arg(long, value_name = "COLUMN", help_heading = "Sample")]
    pub split: Option<String>,
    /// As --split, and one for all rows
    #[arg(long, value_name = "COLUMN", conflicts_with = "split", help_heading = "Sample")]
    pub fsplit: Option<String>,
    /// Keep rows that are alone in a level of a fixed effect
    #[arg(long, help_heading = "Sample")]
    pub keep_singletons: bool,
    /// List every row left out, and why
    #[arg(long, help_heading = "Sample")]
    pub dropped: bool,

    /// How fixed effects are solved for; the answer is the same
    #[arg(long, value_enum, default_value_t, help_heading = "Computation")]
    pub road: EffectRoad,
    /// Newton steps stop below this change of log fitted values
    #[arg(long, value_name = "NUMBER", help_heading = "Computation")]
    pub tolerance: Option<f64>,
    /// Do not look for separated rows
    #[arg(long, help_heading = "Computation")]
    pub keep_separated: bool,

    #[command(flatten)]
    pub lasso: Lasso,

    /// Joint test: `a,b` both zero, `a=b` equal, `a=0.5`; several for several tests
    #[arg(long, value_name = "HYPOTHESIS", help_heading = "Tests and corrections")]
    pub test: Vec<String>,
    /// RESET test with powers of the index up to this one
    #[arg(
        long,
        value_name = "POWER",
        num_args = 0..=1,
        default_missing_value = "2",
        help_heading = "Tests and corrections"
    )]
    pub reset: Option<u32>,
    /// Weidner-Zylkin correction of two- and three-way Poisson models
    #[arg(long, help_heading = "Tests and corrections")]
    pub bias: bool,
    /// Columns of origin, destination and time, for --bias; read off the effects when not given
    #[arg(
        long,
        value_name = "COLUMNS",
        value_delimiter = ',',
        help_heading = "Tests and corrections"
    )]
    pub roles: Vec<String>,
    /// Bootstrap the test of a coefficient by clusters: wild for least squares, score for Poisson
    #[arg(long, value_name = "TERM", help_heading = "Tests and corrections")]
    pub bootstrap: Vec<String>,
    /// Draws of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 9_999, help_heading = "Tests and corrections")]
    pub draws: usize,
    /// Seed of the bootstrap and of folds that are dealt
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Tests and corrections")]
    pub seed: u64,

    /// Write the model with its covariance, for `emporion table` and for draws
    #[arg(long, value_name = "FILE.json", help_heading = "Files")]
    pub save: Option<PathBuf>,
    /// Write fitted values, residuals and scores of every row, as .parquet or .csv
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub save_rows: Option<PathBuf>,
    /// Write the fixed effects, as .parquet or .csv
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub save_effects: Option<PathBuf>,
    /// Predict for the rows of this file; needs --save-predictions
    #[arg(long, value_name = "FILE", requires = "save_predictions", help_heading = "Files")]
    pub predict: Option<String>,
    /// Write the predictions, as .parquet or .csv
    #[arg(long, value_name = "FILE", requires = "predict", help_heading = "Files")]
    pub save_predictions: Option<PathBuf>,

    #[command(flatten)]
    pub look: Look,
}

/// `emporion table`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion table two-way.json --format tex --stars fixest")]
pub struct TableOf {
    /// Files written by `emporion estimate --save`
    #[arg(required = true, value_name = "FILE.json")]
    pub models: Vec<PathBuf>,
    #[command(flatten)]
    pub look: Look,
}

/// How estimates are printed.
#[derive(Debug, Args)]
pub struct Look {
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: EstimateFormat,
    /// Digits after the point in a table of several models
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Table of models")]
    pub digits: usize,
    /// What stands below a coefficient: se, t, p, interval or none
    #[arg(long, value_name = "WHAT", default_value = "se", help_heading = "Table of models")]
    pub below: String,
    /// Stars: none, fixest (0.1, 0.05, 0.01) or esttab (0.05, 0.01, 0.001)
    #[arg(long, value_name = "LEVELS", default_value = "none", help_heading = "Table of models")]
    pub stars: String,
    /// Terms to show; `*` stands for anything
    #[arg(
        long = "keep-terms",
        value_name = "PATTERN",
        value_delimiter = ',',
        help_heading = "Table of models"
    )]
    pub keep: Vec<String>,
    /// Terms to leave out
    #[arg(
        long = "drop-terms",
        value_name = "PATTERN",
        value_delimiter = ',',
        help_heading = "Table of models"
    )]
    pub drop: Vec<String>,
    /// Names to print instead of those of terms and effects
    #[arg(long, value_name = "TERM=NAME", help_heading = "Table of models")]
    pub rename: Vec<String>,
    /// Heading of a table of several models
    #[arg(long, value_name = "TEXT", default_value = "", help_heading = "Table of models")]
    pub title: String,
}

/// How estimates are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum EstimateFormat {
    /// A summary of one model, a table of several
    #[default]
    Table,
    /// Every number with all digits, options, units and notes
    Json,
    /// The coefficients alone, all digits
    Csv,
    /// Markdown
    Md,
    /// LaTeX with booktabs
    Tex,
    /// A table element
    Html,
    /// A typst figure
    Typst,
    /// One row for each term of each model, all digits
    Tidy,
}

/// The estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Family {
    /// Poisson pseudo-maximum likelihood
    #[default]
    #[value(alias = "ppml")]
    Poisson,
    /// Ordinary least squares
    #[value(alias = "gaussian")]
    Ols,
}

/// The kind of standard errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Errors {
    /// The model's own variance
    Iid,
    /// Heteroskedasticity-robust
    Robust,
    /// Clustered by --cluster
    Cluster,
    /// Correlated between rows near in space
    Conley,
    /// Correlated between all rows of near periods
    DriscollKraay,
    /// Correlated between near periods of a unit
    NeweyWest,
}

/// The small-sample convention; that of the briefs is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Convention {
    /// The plain sandwich
    Raw,
    /// ppmlhdfe and reghdfe
    #[default]
    Stata,
    /// fixest and pyfixest
    Fixest,
}

/// Weight of rows at a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Kernel {
    /// One up to the cutoff
    #[default]
    Uniform,
    /// Falling to zero at the cutoff
    Bartlett,
}

/// Several rows for one flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Repeated {
    /// Refused, with their lines
    #[default]
    Refuse,
    /// Their outcomes are added
    Sum,
    /// Each is a row of its own
    Keep,
}

/// How fixed effects are solved for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum EffectRoad {
    /// What a probe of the data finds faster
    #[default]
    Auto,
    /// Two effects eliminated exactly, block by block, such as year by year
    Dense,
    /// Conjugate gradients on the graph of the levels
    Sparse,
}
