//! Options of what rests on one table of places by products: who has which product, and what that
//! says about products that are near to one another.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use emporion_model::measure::presence::CUT_OFF;

use super::{Absent, Common};

/// Products near to one another, and what places do with them.
#[derive(Debug, Subcommand)]
pub enum SpaceIndex {
    /// Proximity of each pair of products, or of places
    Proximity(Proximity),
    /// Density, distance and relative relatedness of each place around each product
    Relatedness(Relatedness),
    /// The product space: maximum spanning tree and the proximities above a threshold
    ProductSpace(ProductSpace),
    /// Proximity of two sets of products, and relatedness of places to the second by the first
    CrossProximity(CrossProximity),
    /// Products that places gained and lost between two periods
    EntryExit(EntryExit),
    /// The income that goes with products (PRODY) and with the baskets of places (EXPY)
    #[command(visible_alias = "expy")]
    Prody(Prody),
}

/// What makes a place have a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Test {
    /// RCA at or above the cut-off
    #[default]
    Rca,
    /// Exports per head at or above the cut-off (with --population)
    Rpop,
    /// One of the two
    RcaOrRpop,
    /// Both of them
    RcaAndRpop,
    /// The numbers of the table are M: 1 where the place has the product, 0 where not
    Given,
    /// The numbers of the table are M, weights from 0 to 1 (complexity alone)
    Weights,
    /// RCA / (1 + RCA) instead of a step (complexity alone)
    Smooth,
}

/// RCA of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum CoreRca {
    /// That of the full table
    #[default]
    Kept,
    /// That of the core alone: places and products below are taken out together, then RCA is made
    /// anew, again until none is below (econcomplex)
    Recomputed,
}

/// How rows become a table of places by products.
#[derive(Debug, Args)]
pub struct Filling {
    /// What a place and product without a row means: zero, counted, unless the case says refuse
    #[arg(long, value_enum)]
    pub absent: Option<Absent>,
    /// Which place lies in which, for data that is one file: a file with id and parent. A region
    /// beside its own country is refused
    #[arg(long, value_name = "FILE")]
    pub places: Option<PathBuf>,
}

/// When a place counts as having a product.
#[derive(Debug, Args)]
pub struct Having {
    /// RCA (or exports per head) from which a place counts as having a product; 1 without it
    #[arg(long, value_name = "RCA", allow_negative_numbers = true)]
    pub cut_off: Option<f64>,
    /// What makes a place have a product
    #[arg(long, value_enum, default_value_t)]
    pub presence: Test,
    /// People of each place: a file with origin and population, or a column of the case's places
    #[arg(long, value_name = "FILE|COLUMN")]
    pub population: Option<String>,
    /// RCA against a basket from outside, a file with product and value: regions by their country
    /// or the world
    #[arg(long, value_name = "FILE")]
    pub basket: Option<PathBuf>,
    /// Take out places with fewer than D products and products with fewer than U places, again
    /// until none is left
    #[arg(long, value_name = "D,U", value_delimiter = ',', num_args = 1)]
    pub core: Vec<usize>,
    /// Which RCA the core has
    #[arg(long, value_enum, default_value_t, requires = "core")]
    pub core_rca: CoreRca,
    #[command(flatten)]
    pub filling: Filling,
}

/// How two products, or places, are near to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Nearness {
    /// The smaller of the two conditional probabilities
    #[default]
    MinConditional,
    /// Their geometric mean
    SquareRoot,
    /// The probability of the second given the first
    Asymmetric,
    /// Correlation of presence
    Correlation,
    /// (1 + correlation of RCA) / 2; density then weighs with RCA
    RcaCorrelation,
}

/// Whose proximity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Pairs {
    /// Products, by the places that have both
    #[default]
    Products,
    /// Places, by the products that both have
    Places,
}

/// `emporion measure proximity`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  emporion measure proximity world-2022 --no-domestic --top 5\n  \
                  emporion measure proximity exports.csv --kind asymmetric --product x"
)]
pub struct Proximity {
    /// How two of them are near to one another
    #[arg(long, value_enum, default_value_t)]
    pub kind: Nearness,
    /// Whose proximity it is
    #[arg(long, value_enum, default_value_t)]
    pub of: Pairs,
    /// Show the pairs of these products only
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub product: Vec<String>,
    /// Show the pairs of these places only (with --of places)
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub place: Vec<String>,
    /// Show pairs at least this near only
    #[arg(long, value_name = "PROXIMITY", allow_negative_numbers = true)]
    pub least: Option<f64>,
    #[command(flatten)]
    pub having: Having,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure relatedness`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  emporion measure relatedness world-2022 --no-domestic --place BRA --not-yet \
                  --top 5\n  emporion measure relatedness exports.csv --kind square-root --nearest 2"
)]
pub struct Relatedness {
    /// How two products are near to one another
    #[arg(long, value_enum, default_value_t)]
    pub kind: Nearness,
    /// Whether a product counts in its own density: 1 (R) or 0 (Stata, Datawheel, econcomplex)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub diagonal: u8,
    /// Density by this many nearest products, those as near as the last among them; all without it
    #[arg(long, value_name = "K")]
    pub nearest: Option<usize>,
    /// Show these places only; proximity is that of the whole table
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub place: Vec<String>,
    /// Show these products only
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub product: Vec<String>,
    /// Show only products that the place does not have
    #[arg(long)]
    pub not_yet: bool,
    #[command(flatten)]
    pub having: Having,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure product-space`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure product-space world-2022 --no-domestic --threshold 0.6 --top 5"
)]
pub struct ProductSpace {
    /// Edges above this proximity are added to the tree
    #[arg(long, value_name = "PROXIMITY", default_value_t = 0.55, allow_negative_numbers = true)]
    pub threshold: f64,
    /// How two products are near to one another; the asymmetric kind makes no graph
    #[arg(long, value_enum, default_value_t)]
    pub kind: Nearness,
    #[command(flatten)]
    pub having: Having,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure cross-proximity`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  emporion measure cross-proximity world-2022 --no-domestic \
                  --first product.goods=1 --top 5\n  emporion measure cross-proximity exports.csv \
                  --other exports.csv")]
#[command(group(clap::ArgGroup::new("sets").required(true).args(["first", "other"])))]
pub struct CrossProximity {
    /// Products of the first set, as in --where: product=x,y or product.goods=1
    #[arg(long, value_name = "COLUMN=VALUES")]
    pub first: Option<String>,
    /// Products of the second set; all others without it
    #[arg(long, value_name = "COLUMN=VALUES", requires = "first")]
    pub second: Option<String>,
    /// The second set is another table with origin, product and value: its M is its own
    #[arg(long, value_name = "DATA", conflicts_with_all = ["first", "second"])]
    pub other: Option<String>,
    #[command(flatten)]
    pub having: Having,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure entry-exit`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure entry-exit years.csv --from 2019 --to 2021..2022"
)]
pub struct EntryExit {
    /// The years before: 2015 or 2013..2015, whose values are added up
    #[arg(long, value_name = "YEARS")]
    pub from: String,
    /// The years after
    #[arg(long, value_name = "YEARS")]
    pub to: String,
    /// RCA from which a place counts as having a product in the years after; as before without it
    #[arg(long, value_name = "RCA", allow_negative_numbers = true)]
    pub cut_off_after: Option<f64>,
    /// Show these places only; M is that of the whole table
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub place: Vec<String>,
    /// RCA from which a place counts as having a product
    #[arg(long, value_name = "RCA", default_value_t = CUT_OFF, allow_negative_numbers = true)]
    pub cut_off: f64,
    #[command(flatten)]
    pub filling: Filling,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure prody`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  emporion measure prody exports.csv --income income.csv\n  \
                  emporion measure prody exports.csv --income income.csv --part places --format csv")]
pub struct Prody {
    /// Income per head of each place: a file with origin and income, or a column of the case's
    /// places
    #[arg(long, value_name = "FILE|COLUMN")]
    pub income: String,
    #[command(flatten)]
    pub filling: Filling,
    #[command(flatten)]
    pub common: Common,
}

/// Which scale of comparative advantage is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum RcaKind {
    /// Balassa's ratio, 1 is the table's average
    #[default]
    Balassa,
    /// (RCA - 1) / (RCA + 1), from -1 to 1
    Symmetric,
    /// Difference from the expected flow in parts of the total (Yu, Cai, Leung)
    Normalised,
    /// Difference of shares (Hoen, Oosterhaven)
    Additive,
    /// Trade balance by product above its size (needs the column destination)
    Lafay,
    /// Exports per head over those of all places (needs --population)
    Rpop,
}

/// `emporion measure rca`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  emporion measure rca world-2022 --no-domestic --place BRA --top 5\n  \
                  emporion measure rca world-2022 --no-domestic --kind lafay --place BRA --top 5\n  \
                  emporion measure rca world-2022 --no-domestic --kind rpop --population population \
                  --top 5"
)]
pub struct Rca {
    /// Show these places only; the index compares with all
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub place: Vec<String>,
    /// Show these products only
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub product: Vec<String>,
    /// Which scale of comparative advantage
    #[arg(long, value_enum, default_value_t)]
    pub kind: RcaKind,
    /// People of each place: a file with origin and population, or a column of the case's places
    #[arg(long, value_name = "FILE|COLUMN")]
    pub population: Option<String>,
    /// Compare with a basket from outside, a file with product and value, instead of the table
    #[arg(long, value_name = "FILE")]
    pub basket: Option<PathBuf>,
    #[command(flatten)]
    pub filling: Filling,
    #[command(flatten)]
    pub common: Common,
}

/// `emporion measure complexity`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  emporion measure complexity world-2022 --no-domestic --top 5\n  \
                        emporion measure complexity exports.csv --bootstrap 200\n  \
                        emporion measure complexity exports.csv --cells --format csv"
)]
pub struct Complexity {
    #[command(flatten)]
    pub having: Having,
    /// Where the table falls into parts that share no product, take the largest part
    #[arg(long)]
    pub largest_part: bool,
    /// Divisor of the variance of ECI is the number of places less this: 0 (Growth Lab) or 1 (R)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub ddof: u8,
    /// Rows are place and product, with RCA, presence, density, distance, gain and all scores
    #[arg(long)]
    pub cells: bool,
    /// Whether a product counts in its own density: 1 (Growth Lab, R; the default) or 0, with
    /// --cells or --outlook
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=1))]
    pub diagonal: Option<u8>,
    /// Complexity outlook, by whose scale of PCI; with --cells the default is growth-lab
    #[arg(long, value_name = "SCALE", value_enum)]
    pub outlook: Option<Outlook>,
    /// Ranges of ECI and rank from this many draws of products
    #[arg(long, value_name = "N")]
    pub bootstrap: Option<usize>,
    /// Where the random numbers of the draws start
    #[arg(long, default_value_t = 1, requires = "bootstrap", allow_negative_numbers = true)]
    pub seed: u64,
    /// Put the method of reflections beside it, after this many steps (R prints 18 for places and
    /// 19 for products, Python 20)
    #[arg(long, value_name = "STEPS")]
    pub reflections: Option<usize>,
    /// Exactly this many steps of fitness instead of its limit (R's 20 iterations are 19, as it
    /// counts the start)
    #[arg(long, value_name = "STEPS")]
    pub fitness_steps: Option<usize>,
    /// What ECI shall rise with instead of diversity: a file with origin and reference, or a column
    /// of the case's places
    #[arg(long, value_name = "FILE|COLUMN")]
    pub sign: Option<String>,
    /// Complexity of the places by the PCI of another table too: a file with product and pci
    #[arg(long, value_name = "FILE")]
    pub outside_pci: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// Which PCI enters the complexity outlook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Outlook {
    /// The eigenvector on the scale of ECI; the index of places is z-scored (Growth Lab)
    #[default]
    GrowthLab,
    /// PCI z-scored over products; the index of places is the plain sum (R)
    R,
}

impl SpaceIndex {
    /// The options that all indicators share.
    pub fn common(&self) -> &Common {
        match self {
            Self::Proximity(a) => &a.common,
            Self::Relatedness(a) => &a.common,
            Self::ProductSpace(a) => &a.common,
            Self::CrossProximity(a) => &a.common,
            Self::EntryExit(a) => &a.common,
            Self::Prody(a) => &a.common,
        }
    }
}
