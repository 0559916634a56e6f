//! The options of `emporion divert`.

use clap::{Args, ValueEnum};

use super::{Absent, Rows, Shape};

/// `emporion divert`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        emporion divert sales.csv --exporter A --closed B --before 2020 --after 2021\n  \
        emporion divert sales.csv --exporter A --closed B --before 2020 --after 2021 --method naive --theta 4")]
pub struct Divert {
    #[command(flatten)]
    pub rows: Rows,
    /// Who lost the markets
    #[arg(long, value_name = "ID")]
    pub exporter: String,
    /// Markets that closed; a group stands for its members unless rows name the group
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub closed: Vec<String>,
    /// The year before the closure
    #[arg(long, value_name = "YEAR")]
    pub before: i32,
    /// The year after it
    #[arg(long, value_name = "YEAR")]
    pub after: i32,
    /// What trade without the closure is taken to be
    #[arg(long, value_enum, default_value_t)]
    pub method: Method,
    /// For ppml: which sales of the exporter show how it would have fared anyway
    #[arg(long, value_enum)]
    pub yardstick: Option<Yard>,
    /// Also solve the one-sector model on the year before, with this elasticity of trade
    #[arg(long, allow_negative_numbers = true)]
    pub theta: Option<f64>,
    /// What a pair without a row means; a case may say it in its datapackage.json
    #[arg(long, value_enum)]
    pub absent: Option<Absent>,
    #[command(flatten)]
    pub shape: Shape,
}

/// What trade without the closure is taken to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Method {
    /// As in the year before
    Naive,
    /// The exporter keeps its share of what each market imports from others
    MarketShare,
    /// Gravity fitted on the cells that the closure did not touch
    Ppml,
    /// All of them side by side; one that the rows cannot carry is named in the notes
    #[default]
    All,
}

/// Which sales of the exporter show how it would have fared anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Yard {
    /// Products that it did not sell in the closed markets
    OtherProducts,
    /// Its sales at home
    OwnSales,
    /// Its other markets: the loss and its ranking are identified, the sum redirected is not
    ThirdMarkets,
}
