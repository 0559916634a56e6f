//! Every verb and option of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod divert;
mod estimate;
mod in_time;
mod lasso;
mod site;
mod space;
mod trade_indices;

pub use divert::{Divert, Method, Yard};
pub use estimate::{
    Convention, EffectRoad, Errors, Estimate, EstimateFormat, Family, Kernel, Look, Repeated,
    TableOf,
};
pub use in_time::{ConstantPrices, Quote, Ranks, Run, RunOf, Shares};
pub use lasso::{Criterion, Lasso, Residuals, Strength};
pub use site::{Site, SiteDistances, SiteGravity, SiteMean, SiteProblem};
pub use space::{
    Complexity, CoreRca, CrossProximity, EntryExit, Filling, Having, Nearness, Outlook, Pairs,
    ProductSpace, Prody, Proximity, Rca, RcaKind, Relatedness, SpaceIndex, Test,
};
pub use trade_indices::{
    Baskets, By, Concentration, Decompose, GravityBy, Intensity, IntraIndustry, Margins,
    MarketShare, Order, Over, Places, Potential, TradeIndex, World,
};

use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::{brief, check, completions, demo, measure, new, simulate};

/// Trade economics from a case folder to a brief whose every number is traced.
///
/// DATA is a folder with a datapackage.json, a .csv, .csv.gz, .parquet, .arrow or .dta file, or
/// the name of a bundled case: world-2022 or belarus-russian-regions.
#[derive(Debug, Parser)]
#[command(name = "emporion", version, after_help = "Example:\n  emporion demo")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Build the brief of the bundled world case and print its headline numbers
    Demo(Demo),
    /// Start an own case from a copy of a bundled one
    New(New),
    /// List every problem of a case, with place and remedy
    Check(Check),
    /// Sums, turnover, shares, growth, records, concentration, complexity
    #[command(subcommand)]
    Measure(Measure),
    /// Gravity: Poisson or least squares with fixed effects
    Estimate(Box<Estimate>),
    /// Saved estimates side by side, as they are published
    Table(TableOf),
    /// What an agreement or a closed market does to trade and real income
    Simulate(Box<Simulate>),
    /// Where the exports lost in closed markets went, from the rows of two years
    Divert(Divert),
    /// Where the next centres go, with a proven bound
    Site(Box<Site>),
    /// Build the report of a case
    Brief(Brief),
    /// Completions for a shell
    Completions(Completions),
}

impl Verb {
    /// Does it.
    pub fn run(&self, progress: &Progress) -> Result<Output, Failure> {
        match self {
            Self::Demo(arguments) => demo::run(arguments, progress),
            Self::New(arguments) => new::run(arguments),
            Self::Check(arguments) => check::run(arguments, progress),
            Self::Measure(arguments) => measure::run(arguments, progress),
            Self::Estimate(arguments) => crate::estimate::run(arguments, progress),
            Self::Table(arguments) => crate::estimate::table(arguments),
            Self::Simulate(arguments) => simulate::run(arguments, progress),
            Self::Divert(arguments) => crate::divert::run(arguments, progress),
            Self::Site(arguments) => crate::site::run(arguments, progress),
            Self::Brief(arguments) => brief::run(arguments, progress),
            Self::Completions(arguments) => completions::run(arguments),
        }
    }
}

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// A table for people
    #[default]
    Table,
    /// Every number with all digits, options, units and notes
    Json,
    /// The rows alone, all digits; notes go to standard error
    Csv,
    /// Markdown for a report
    Md,
    /// The rows alone as Parquet, on standard output: redirect it to a file
    Parquet,
}

/// A count that is not 0.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("1 or more".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}

/// How an answer is printed, and how much of it.
#[derive(Debug, Clone, Default, Args)]
pub struct Shape {
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Keep only the first rows
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub top: Option<usize>,
    /// Which table of the answer CSV and Parquet hold, by its name in the JSON
    #[arg(long, value_name = "TABLE", default_value = "rows", hide_default_value = true)]
    pub part: String,
}

/// The data and the rows of it.
#[derive(Debug, Args)]
pub struct Rows {
    /// Case, bundled case or file
    pub data: String,
    /// Keep rows by a column: origin=BRA,ARG, product!=TOTAL, year=2017..2022, product.goods=1
    #[arg(long = "where", value_name = "COLUMN=VALUES")]
    pub conditions: Vec<String>,
}

/// `emporion demo`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion demo --out emporion-demo")]
pub struct Demo {
    /// Show the page in a browser
    #[arg(long)]
    pub open: bool,
    /// Folder for brief.html
    #[arg(long, value_name = "FOLDER", default_value = "emporion-demo")]
    pub out: PathBuf,
    /// How the headline numbers are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `emporion new`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion new my-case --from belarus-russian-regions")]
pub struct New {
    /// Folder of the new case; it must be empty or not exist
    pub folder: PathBuf,
    /// The bundled case to copy
    #[arg(long, value_name = "CASE", default_value = "world-2022")]
    pub from: String,
}

/// `emporion check`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion check belarus-russian-regions")]
pub struct Check {
    /// Folder of a case, or a bundled case
    pub case: String,
    /// How the problems are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `emporion measure`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  emporion measure sum world-2022 --by origin --no-domestic --top 5"
)]
pub enum Measure {
    /// Totals by columns, with shares
    Sum(Sum),
    /// Exports, imports, turnover and balance of a place with its partners, by year
    Turnover(Turnover),
    /// Share of a group, and how much of it rests on rows at hand
    Share(Share),
    /// Growth between two years and what each part contributed
    Growth(Growth),
    /// Whether a year is a record among the years at hand
    Record(Record),
    /// Concentration: Herfindahl-Hirschman, Theil, Gini
    Hhi(Hhi),
    /// Revealed comparative advantage of each place in each product
    Rca(Rca),
    /// Economic complexity of places and products
    Complexity(Complexity),
    #[command(flatten)]
    Space(SpaceIndex),
    #[command(flatten)]
    Trade(TradeIndex),
    /// The longest run of growth or of records
    Run(Run),
    /// Share of a group in each year
    Shares(Shares),
    /// Ranks in two years and what changed
    Ranks(Ranks),
    /// Values at the prices of one year, and volume indices
    ConstantPrices(ConstantPrices),
}

/// What every indicator takes.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    pub rows: Rows,
    /// Leave out the sales of a place to itself
    #[arg(long)]
    pub no_domestic: bool,
    #[command(flatten)]
    pub shape: Shape,
    /// The column of numbers
    #[arg(long, value_name = "COLUMN", default_value = "value")]
    pub value: String,
    /// Take empty values as zero; they are counted
    #[arg(long)]
    pub missing_as_zero: bool,
}

/// `emporion measure sum`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure sum world-2022 --by origin --no-domestic --top 5"
)]
pub struct Sum {
    /// Columns that name a total; without them everything is added up
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub by: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure turnover`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure turnover belarus-russian-regions --place BLR \
                        --partner RUS --where side=BY --where scope=goods --where period=Y"
)]
pub struct Turnover {
    /// The place whose trade it is; a group stands for its members
    #[arg(long, value_name = "ID")]
    pub place: String,
    /// The partner, or several
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub partner: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure share`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure share world-2022 --group EU27 --column origin \
                        --where destination=CHN --no-domestic --top 5"
)]
pub struct Share {
    /// Members of the group; a group of the case stands for its members
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub group: Vec<String>,
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

/// `emporion measure growth`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure growth belarus-russian-regions --by origin \
                        --from 2019 --to 2022 --where origin=BLR,RUS --where destination=BLR,RUS \
                        --where measure=flow --where side=BY --where scope=goods --where period=Y")]
pub struct Growth {
    /// Columns that name the parts
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', required = true)]
    pub by: Vec<String>,
    /// The year before
    #[arg(long, value_name = "YEAR")]
    pub from: i32,
    /// The year after
    #[arg(long, value_name = "YEAR")]
    pub to: i32,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure record`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure record belarus-russian-regions --year 2022 \
                        --where origin=BLR --where destination=RUS --where measure=turnover \
                        --where side=BY --where scope=goods --where period=Y")]
pub struct Record {
    /// The year that may be a record
    #[arg(long)]
    pub year: i32,
    /// Compare with earlier years only
    #[arg(long)]
    pub earlier: bool,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure hhi`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure hhi world-2022 --by destination \
                        --where origin=BRA --no-domestic --top 5")]
pub struct Hhi {
    /// Columns that name the parts
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', required = true)]
    pub by: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion simulate`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  emporion simulate world-2022 --agreement EU27,MERCOSUR --beta 0.5 --top 5\n  \
                        emporion simulate world-2022 --close BRA:CHN --top 5\n  \
                        emporion simulate flows.csv --scenario scenarios.toml --draws 1000"
)]
#[command(group(
    clap::ArgGroup::new("what").required(true).args(["agreement", "close", "scenario"])
))]
pub struct Simulate {
    #[command(flatten)]
    pub rows: Rows,
    /// Two sides that trade more easily; a side is a place, a group, or several joined by /
    #[arg(long, value_name = "SIDE,SIDE", requires = "beta")]
    pub agreement: Option<String>,
    /// What the agreement is worth: a gravity coefficient, in log points / 100
    #[arg(long, allow_negative_numbers = true, requires = "agreement")]
    pub beta: Option<f64>,
    /// Markets that take nothing from an exporter any more
    #[arg(long, value_name = "EXPORTER:MARKET[,MARKET]")]
    pub close: Option<String>,
    /// Scenarios in TOML: what happens, in words
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Only the scenario of this name; may be given again
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Draw what is not known so many times and solve each world
    #[arg(long, value_name = "N")]
    pub draws: Option<usize>,
    /// Where the random numbers of the draws start
    #[arg(long, default_value_t = 1, requires = "draws")]
    pub seed: u64,
    /// Share of the draws inside an interval
    #[arg(long, default_value_t = 0.95, requires = "draws")]
    pub level: f64,
    /// Standard errors of the outcomes by the delta method
    #[arg(long)]
    pub delta: bool,
    /// Column of the flows: `fitted` starts from what a model fitted, from a table written by
    /// estimate --save-rows
    #[arg(long, value_name = "COLUMN", default_value = "value")]
    pub value: String,
    /// Elasticity of trade to trade costs; 4 when neither this nor the scenario file says it
    #[arg(long, allow_negative_numbers = true)]
    pub theta: Option<f64>,
    /// How spending follows income when trade is not balanced; additive when nothing is said
    #[arg(long, value_enum)]
    pub imbalances: Option<Closure>,
    /// What a pair without a row means; a case may say it in its datapackage.json
    #[arg(long, value_enum)]
    pub absent: Option<Absent>,
    #[command(flatten)]
    pub shape: Shape,
}

/// How spending follows income.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Closure {
    /// The deficit keeps its value as a share of world income
    Additive,
    /// The deficit keeps its share of own income
    Multiplicative,
    /// The world without deficits is solved first
    Removed,
}

/// What a pair without a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Absent {
    /// No flow; counted
    Zero,
    /// A gap: the table is refused
    Refuse,
}

/// `emporion brief`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  emporion brief belarus-russian-regions --out brief.html\n  \
                        emporion brief belarus-russian-regions --format md")]
pub struct Brief {
    /// Folder of a case, or a bundled case
    pub case: String,
    /// File to write, - for standard output; brief.html for HTML, standard output otherwise
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// html unless --out ends in .json or .md
    #[arg(long, value_enum)]
    pub format: Option<Page>,
    /// Print the trace of one number
    #[arg(long, value_name = "ID", conflicts_with_all = ["against", "out", "open"])]
    pub explain: Option<String>,
    /// List what moved since an earlier brief, written with --format json
    #[arg(long, value_name = "JSON", conflicts_with_all = ["out", "open"])]
    pub against: Option<PathBuf>,
    /// A choice that the brief leaves to its reader
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// Show the page in a browser
    #[arg(long)]
    pub open: bool,
}

/// How a brief is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// One self-contained page
    Html,
    /// Every number with its trace
    Json,
    /// Plain Markdown
    Md,
}

/// `emporion completions`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion completions bash")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
