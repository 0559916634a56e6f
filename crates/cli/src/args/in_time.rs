//! Options of `emporion measure run`, `shares`, `ranks` and `constant-prices`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Common;

/// `emporion measure run`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure run belarus-russian-regions --of records \
                        --where origin=BLR --where destination=RUS --where measure=turnover \
                        --where side=BY --where scope=goods --where period=Y")]
pub struct Run {
    /// What a year must be to belong to the run
    #[arg(long, value_enum, default_value_t)]
    pub of: RunOf,
    #[command(flatten)]
    pub common: Common,
}

/// What a run consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RunOf {
    /// Years above the year before
    #[default]
    Growth,
    /// Years above all earlier years at hand
    Records,
}

/// `emporion measure shares`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure shares world-2022 --group EU27 --column origin \
                        --where destination=CHN --no-domestic"
)]
#[command(group(clap::ArgGroup::new("who").required(true).args(["group", "parent"])))]
pub struct Shares {
    /// Members of the group; a group of the case stands for its members
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub group: Vec<String>,
    /// The places of the case that lie in this one, by the column parent of places
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// The column that names the members
    #[arg(long, default_value = "origin")]
    pub column: String,
    /// The row that holds the whole, such as the country of the regions; without it all rows
    /// together are the whole
    #[arg(long, value_name = "ID")]
    pub of: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure ranks`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure ranks belarus-russian-regions --by origin \
                        --from 2019 --to 2022 --where origin=BLR,RUS --where destination=BLR,RUS \
                        --where measure=flow --where side=BY --where scope=goods --where period=Y")]
pub struct Ranks {
    /// Columns that name what is ranked
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', required = true)]
    pub by: Vec<String>,
    /// The year before
    #[arg(long, value_name = "YEAR")]
    pub from: i32,
    /// The year after
    #[arg(long, value_name = "YEAR")]
    pub to: i32,
    /// Rank among those with rows in the year, also where the other year has none
    #[arg(long)]
    pub each_year: bool,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure constant-prices`
#[derive(Debug, Args)]
#[command(
    after_help = "The deflator and the rates are CSV files with the columns year, index or rate, and \
                        perhaps place and product.\n\n\
                        Example:\n  emporion measure constant-prices belarus-russian-regions --base 2019 \
                        --deflator prices.csv --where origin=BLR,RUS --where destination=BLR,RUS \
                        --where measure=flow --where side=BY --where scope=goods --where period=Y \
                        --where year=2019,2022"
)]
#[command(group(
    clap::ArgGroup::new("table").required(true).multiple(true).args(["deflator", "rates"])
))]
pub struct ConstantPrices {
    /// Price index by year, any base: `year[,place][,product],index`
    #[arg(long, value_name = "FILE")]
    pub deflator: Option<PathBuf>,
    /// Exchange rates by year: `year[,place][,product],rate`
    #[arg(long, value_name = "FILE", requires = "quote", requires = "unit")]
    pub rates: Option<PathBuf>,
    /// What a rate says
    #[arg(long, value_enum, requires = "rates")]
    pub quote: Option<Quote>,
    /// The unit after the rates, such as "EUR mn"
    #[arg(long, requires = "rates")]
    pub unit: Option<String>,
    /// Use the rate of the base year in all years
    #[arg(long, requires = "rates")]
    pub constant_rate: bool,
    /// The year whose prices are used
    #[arg(long, value_name = "YEAR")]
    pub base: i32,
    /// Columns that name the series; without them there is one
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub by: Vec<String>,
    /// The column of the flows that `place` of the files is about
    #[arg(long, value_name = "COLUMN", default_value = "origin")]
    pub place_column: String,
    #[command(flatten)]
    pub common: Common,
}

/// How an exchange rate is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quote {
    /// New units for one unit of the table: values are multiplied
    NewPerOld,
    /// Units of the table for one new unit: values are divided
    OldPerNew,
}
