//! Options of `emporion site`.

use std::path::PathBuf;

use clap::Args;

use super::Shape;

/// `emporion site`
#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  emporion site belarus-russian-regions --kind region --parent RUS \
                        --weight seat_population --keep RU-MOW --add 2\n  \
                        emporion site costs.csv --p 2      (columns from, to, cost)\n  \
                        emporion site towns.csv --p 2      (columns id, lat, lon)\n  \
                        emporion site towns.csv --add 3 --curve --what-if\n  \
                        emporion site --check plan.json    (written with --format json)"
)]
#[command(group(clap::ArgGroup::new("number").required(true).args(["add", "p", "check"])))]
pub struct Site {
    /// Case, bundled case, or file of costs (from, to, cost) or of places (id, lat, lon)
    #[arg(required_unless_present = "check")]
    pub data: Option<String>,
    /// How many centres more than those kept
    #[arg(long, value_name = "N")]
    pub add: Option<usize>,
    /// How many centres in all, those kept included
    #[arg(long, value_name = "N")]
    pub p: Option<usize>,
    /// Prove again the bound of an answer written with --format json, from its costs and multipliers
    #[arg(long, value_name = "FILE.json")]
    pub check: Option<PathBuf>,
    /// The curve of cost against the number of centres up to this one, free and step by step
    #[arg(long)]
    pub curve: bool,
    /// What forbidding each chosen place costs, and forcing in each other one
    #[arg(long)]
    pub what_if: bool,
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
