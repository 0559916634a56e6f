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
    #[arg(long, value_name = "NUMBER")]
    pub radius: Option<f64>,
    /// What opening costs: a column of the table of places or a number, for facility and set-cover
    #[arg(long, value_name = "COLUMN|NUMBER")]
    pub opening: Option<String>,
    /// What a site can serve: a column or a number, in the unit of the weights, for facility
    #[arg(long, value_name = "COLUMN|NUMBER")]
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
    #[arg(long, value_name = "FILE.json")]
    pub check: Option<PathBuf>,
    /// The curve of cost against the number of centres up to this one, free and step by step
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
    #[arg(long, value_name = "PERCENT", requires = "plans")]
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
    #[command(flatten)]
    pub shape: Shape,
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
}
