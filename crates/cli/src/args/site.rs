//! Options of `emporion site`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Shape;

/// `emporion site`
#[derive(Debug, Clone, Default, Args)]
#[command(
    after_help = "Examples:\n  emporion site belarus-russian-regions --kind region --parent RUS \
                        --weight seat_population --keep RU-MOW --add 2\n  \
                        emporion site costs.csv --p 2      (columns from, to, cost)\n  \
                        emporion site towns.csv --p 2      (columns id, lat, lon)\n  \
                        emporion site towns.csv --add 3 --curve --what-if\n  \
                        emporion site towns.csv --problem set-cover --radius 250\n  \
                        emporion site towns.csv --problem p-center --p 2 --plans 3 --curve\n  \
                        emporion site towns.csv --add 1 --weight people --beta 0.2 --decay 200\n  \
                        emporion site towns.csv --add 1 --problem capture --logit 0.01 --outside 1\n  \
                        emporion site --check plan.json    (written with --format json)"
)]
#[command(group(clap::ArgGroup::new("asked").required(true).multiple(true)
    .args(["add", "p", "check", "problem", "rules"])))]
pub struct Site {
    /// Case, bundled case, or file of costs (from, to, cost) or of places (id, lat, lon)
    #[arg(required_unless_present = "check")]
    pub data: Option<String>,
    /// What is asked of the plan
    #[arg(long, value_enum, default_value_t)]
    pub problem: SiteProblem,
    /// How many centres more than those kept
    #[arg(long, value_name = "N", conflicts_with = "p")]
    pub add: Option<usize>,
    /// How many centres in all, those kept included
    #[arg(long, value_name = "N")]
    pub p: Option<usize>,
    /// Within which a customer is reached, in the unit of the costs, for set-cover and max-cover
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    pub radius: Option<f64>,
    /// What opening costs: a column of the table of places or a number, for facility and set-cover; a
    /// budget in the rules counts it too
    #[arg(long, allow_negative_numbers = true, value_name = "COLUMN|NUMBER")]
    pub opening: Option<String>,
    /// What a site can serve: a column or a number, in the unit of the weights, for facility
    #[arg(long, allow_negative_numbers = true, value_name = "COLUMN|NUMBER")]
    pub capacity: Option<String>,
    /// File with the columns of --opening and --capacity, by id
    #[arg(long, value_name = "FILE")]
    pub about: Option<PathBuf>,
    /// Roads in place of great circles: a file with columns from, to, length
    #[arg(long, value_name = "FILE")]
    pub roads: Option<PathBuf>,
    /// Roads lead from `from` to `to` only
    #[arg(long, requires = "roads")]
    pub one_way: bool,
    /// Prove again the bound of an answer written with --format json, from its costs and multipliers
    #[arg(long, value_name = "FILE.json", conflicts_with = "problem")]
    pub check: Option<PathBuf>,
    /// The curve of what is asked against the number of centres up to this one, free and step by step
    #[arg(long)]
    pub curve: bool,
    /// What forbidding each chosen place costs, and forcing in each other one
    #[arg(long)]
    pub what_if: bool,
    /// Rules in plain words, one on a line: keep, never, at most, at least, not both, cost, budget
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// The best plans in order, as many as this
    #[arg(long, value_name = "N")]
    pub plans: Option<usize>,
    /// Of them only those within so many percent of the best
    #[arg(long, allow_negative_numbers = true, value_name = "PERCENT", requires = "plans")]
    pub within: Option<f64>,
    /// Centres that exist and stay
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub keep: Vec<String>,
    /// Places that may not have a centre
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub never: Vec<String>,
    /// Column of weights in the table of places
    #[arg(long, value_name = "COLUMN")]
    pub weight: Option<String>,
    /// File with the weight of each customer of a cost matrix: columns id, weight
    #[arg(long, value_name = "FILE", conflicts_with = "weight")]
    pub weights: Option<String>,
    /// Kind of the places of a case
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// What the places of a case lie in
    #[arg(long, value_name = "ID", requires = "kind")]
    pub parent: Option<String>,
    /// Sites that the rules keep or forbid, each with its line.
    #[arg(skip)]
    pub ruled: Vec<(String, u32)>,
    #[command(flatten)]
    pub distances: SiteDistances,
    #[command(flatten)]
    pub gravity: SiteGravity,
    #[command(flatten)]
    pub capture: SiteCapture,
    #[command(flatten)]
    pub shape: Shape,
}

/// Distances other than great circles between seats.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Distances")]
pub struct SiteDistances {
    /// Towns of the regions: a file with columns region, lat, lon, population
    #[arg(long, value_name = "FILE", conflicts_with = "roads")]
    pub agglomerations: Option<PathBuf>,
    /// How distances between the towns of two regions are averaged
    #[arg(long, value_enum, requires = "agglomerations", value_name = "MEAN")]
    pub mean: Option<SiteMean>,
    /// What a pair without a row in the matrix costs: great-circle (coordinates in --about), or a number
    #[arg(long, allow_negative_numbers = true, value_name = "great-circle|NUMBER")]
    pub fallback: Option<String>,
    /// Unit of the matrix or of the roads, where the file has no column unit
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
}

/// Means over the towns of two regions, named as CEPII names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SiteMean {
    /// The arithmetic mean, exponent 1
    #[value(name = "distw_arithmetic")]
    Arithmetic,
    /// The harmonic mean, exponent -1
    #[default]
    #[value(name = "distw_harmonic")]
    Harmonic,
}

/// Gains in trade, by an estimated gravity model, in place of costs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Gains in trade")]
pub struct SiteGravity {
    /// Estimate written with emporion estimate --save
    #[arg(long, value_name = "FILE.json", requires = "coefficient")]
    pub model: Option<PathBuf>,
    /// Its coefficient that says what an office adds at its door, in log points of trade
    #[arg(long, value_name = "NAME", requires = "model")]
    pub coefficient: Option<String>,
    /// Which model of the file, by its label
    #[arg(long, value_name = "LABEL", requires = "model")]
    pub label: Option<String>,
    /// The coefficient as a number, without a file
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", conflicts_with = "model")]
    pub beta: Option<f64>,
    /// Its standard error, for --draws
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", requires_all = ["beta", "draws"])]
    pub beta_se: Option<f64>,
    /// The effect fades as exp(-distance / NUMBER)
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", conflicts_with = "reach")]
    pub decay: Option<f64>,
    /// Standard error of --decay, for --draws; drawn independently of the coefficient
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", requires_all = ["decay", "draws"])]
    pub decay_se: Option<f64>,
    /// The effect is whole up to this distance and nothing beyond
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    pub reach: Option<f64>,
    /// Whose sales the weights are: each place counts by what this one sells there
    #[arg(long, value_name = "ID", conflicts_with_all = ["weight", "weights"])]
    pub exporter: Option<String>,
    /// Table of flows for --exporter, where DATA has none
    #[arg(long, value_name = "FILE")]
    pub flows: Option<PathBuf>,
    /// Keep rows of the flows by a column, as in product=A01 or year=2022
    #[arg(long = "where", value_name = "COLUMN=VALUES")]
    pub conditions: Vec<String>,
    /// The trade given is what it would be without the kept offices, not with them
    #[arg(long)]
    pub trade_before_offices: bool,
    /// Choose again under so many draws of the coefficient and of the decay
    #[arg(long, value_name = "N")]
    pub draws: Option<usize>,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value_t = 1, requires = "draws")]
    pub seed: u64,
    /// Solve the general equilibrium for each of the --plans
    #[arg(long, requires = "plans", requires = "exporter")]
    pub revalue: bool,
    /// Elasticity of trade to trade costs, for --revalue; 4 unless given
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", requires = "revalue")]
    pub theta: Option<f64>,
    /// What a pair without a row in the flows means
    #[arg(long, value_enum, value_name = "MEANING")]
    pub absent: Option<super::Absent>,
}

/// Demand won from rivals and from staying away, for --problem capture.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Capture")]
pub struct SiteCapture {
    /// Huff: attraction falls as distance to the power of -NUMBER
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", conflicts_with = "logit")]
    pub huff: Option<f64>,
    /// Multinomial logit: attraction falls as exp(-NUMBER x distance)
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    pub logit: Option<f64>,
    /// Size of each site and of each rival: a column or a number; 1 unless given
    #[arg(long, allow_negative_numbers = true, value_name = "COLUMN|NUMBER")]
    pub attraction: Option<String>,
    /// Exponent of the size; 1 unless given
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    pub size_exponent: Option<f64>,
    /// Rivals: a file with columns id (of a site), or id, lat, lon, or from, to, cost
    #[arg(long, value_name = "FILE")]
    pub rivals: Option<PathBuf>,
    /// Attraction of going nowhere: a column of the places or a number
    #[arg(long, allow_negative_numbers = true, value_name = "COLUMN|NUMBER")]
    pub outside: Option<String>,
    /// Distances below this count as this, as within a place
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    pub least_distance: Option<f64>,
}

/// What is asked of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum SiteProblem {
    /// The least total cost of serving all demand from p sites
    #[default]
    PMedian,
    /// The least distance of the farthest customer from p sites
    PCenter,
    /// The fewest or cheapest sites that reach everybody within a radius
    SetCover,
    /// The p sites that reach the most demand within a radius
    MaxCover,
    /// The least cost of opening and service together, with capacities where they are given
    Facility,
    /// The p sites that win the most demand from rivals and from staying away
    Capture,
}
