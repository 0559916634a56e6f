//! Options of the trade indices: `emporion measure intensity`, …, `potential`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Common, Rows, Shape};

/// Indices of a bilateral table: origin, destination, value, and product where there are products.
/// Sales of a place to itself are left out.
#[derive(Debug, Subcommand)]
pub enum TradeIndex {
    /// Trade intensity: do two sides trade more than their sizes say
    Intensity(Intensity),
    /// Complementarity (Michaely): does a place sell what another buys
    #[command(
        after_help = "Example:\n  emporion measure complementarity world.csv --origin A --where year=2020"
    )]
    Complementarity(Baskets),
    /// Export similarity (Finger-Kreinin) of places, in all markets or in those selected
    Similarity(Baskets),
    /// Intra-industry trade: Grubel-Lloyd by product and together; marginal between two years
    IntraIndustry(IntraIndustry),
    /// Concentration of exports on products or markets: Hirschmann, HHI, entropy, Theil with its
    /// extensive and intensive parts
    #[command(visible_alias = "theil")]
    Concentration(Concentration),
    /// Specialisation of exports: Krugman, Hachman
    #[command(
        after_help = "Example:\n  emporion measure specialisation world.csv --where year=2020"
    )]
    Specialisation(Places),
    /// Export market penetration: markets reached of those that import the products
    Penetration(Places),
    /// Extensive and intensive margin of exports (Hummels-Klenow), with price and quantity
    Margins(Margins),
    /// Growth of exports by old and new products and markets
    Decompose(Decompose),
    /// Constant market share: world growth, product mix, market mix, competitiveness
    MarketShare(MarketShare),
    /// Export potential: supply, ease and demand, by product and market
    Potential(Box<Potential>),
}

/// What every trade index takes.
#[derive(Debug, Args)]
pub struct Trade {
    #[command(flatten)]
    pub rows: Rows,
    #[command(flatten)]
    pub shape: Shape,
    /// The column of numbers
    #[arg(long, value_name = "COLUMN", default_value = "value")]
    pub value: String,
    /// Take empty values as zero; they are counted
    #[arg(long)]
    pub missing_as_zero: bool,
}

impl Trade {
    /// The same as the options that all indicators share.
    pub fn common(&self) -> Common {
        Common {
            rows: Rows { data: self.rows.data.clone(), conditions: self.rows.conditions.clone() },
            no_domestic: false,
            shape: self.shape.clone(),
            value: self.value.clone(),
            missing_as_zero: self.missing_as_zero,
        }
    }
}

/// Which exporters make up the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum World {
    /// All, the exporter among them (ESCAP, WITS)
    #[default]
    WithSource,
    /// All but the exporter
    WithoutSource,
}

/// `emporion measure intensity`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure intensity world.csv --origin A --where year=2020"
)]
pub struct Intensity {
    /// Exporting sides; a side is a place, a group, or several joined by /
    #[arg(long, value_name = "SIDES", value_delimiter = ',', required = true)]
    pub origin: Vec<String>,
    /// Importing sides; each place without it
    #[arg(long, value_name = "SIDES", value_delimiter = ',')]
    pub destination: Vec<String>,
    /// Which exporters make up the world
    #[arg(long, value_enum, default_value_t)]
    pub world: World,
    #[command(flatten)]
    pub trade: Trade,
}

/// `emporion measure complementarity` and `similarity`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure similarity world.csv --origin A --where year=2020"
)]
pub struct Baskets {
    /// Exporting sides; a side is a place, a group, or several joined by /
    #[arg(long, value_name = "SIDES", value_delimiter = ',', required = true)]
    pub origin: Vec<String>,
    /// The sides compared with; each place without it
    #[arg(long, value_name = "SIDES", value_delimiter = ',')]
    pub with: Vec<String>,
    #[command(flatten)]
    pub trade: Trade,
}

/// `emporion measure intra-industry`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure intra-industry world.csv --origin A --where year=2020"
)]
pub struct IntraIndustry {
    /// The side whose trade it is
    #[arg(long, value_name = "SIDE")]
    pub origin: String,
    /// The partner side; all places without it
    #[arg(long, value_name = "SIDE")]
    pub partner: Option<String>,
    /// The year before, for marginal intra-industry trade
    #[arg(long, value_name = "YEAR", requires = "to")]
    pub from: Option<i32>,
    /// The year after
    #[arg(long, value_name = "YEAR", requires = "from")]
    pub to: Option<i32>,
    #[command(flatten)]
    pub trade: Trade,
}

/// What exports are spread over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Over {
    /// Products
    #[default]
    Product,
    /// Markets
    Destination,
    /// Pairs of product and market
    Cell,
}

/// `emporion measure concentration`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure concentration world.csv --where year=2020")]
pub struct Concentration {
    /// What exports are spread over
    #[arg(long, value_enum, default_value_t)]
    pub over: Over,
    /// Lines of the declared classification; without it, those that occur in the rows selected
    #[arg(long, value_name = "N")]
    pub lines: Option<usize>,
    #[command(flatten)]
    pub places: Places,
}

/// Indices of places.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  emporion measure penetration world.csv --where year=2020")]
pub struct Places {
    /// Show these places only; a group stands for its members
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub origin: Vec<String>,
    #[command(flatten)]
    pub trade: Trade,
}

/// `emporion measure margins`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure margins world.csv --origin A --where year=2020"
)]
pub struct Margins {
    /// Exporters; a group stands for its members
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub origin: Vec<String>,
    /// Markets; each place without it
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub destination: Vec<String>,
    /// Column of quantities: splits the intensive margin into price and quantity
    #[arg(long, value_name = "COLUMN")]
    pub quantity: Option<String>,
    /// Which exporters make up the reference
    #[arg(long, value_enum, default_value_t)]
    pub world: World,
    #[command(flatten)]
    pub trade: Trade,
}

/// `emporion measure decompose`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure decompose world.csv --origin A --from 2020 --to 2021"
)]
pub struct Decompose {
    /// The exporting side
    #[arg(long, value_name = "SIDE")]
    pub origin: String,
    /// The years before: 2015 or 2013..2015, of which the mean is taken
    #[arg(long, value_name = "YEARS")]
    pub from: String,
    /// The years after
    #[arg(long, value_name = "YEARS")]
    pub to: String,
    /// In how many years of its period a cell must be traded to count as active in it
    #[arg(long, value_name = "YEARS", default_value_t = 1)]
    pub survival: usize,
    #[command(flatten)]
    pub trade: Trade,
}

/// Which mix is taken out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Order {
    /// Product mix, then market mix inside products
    #[default]
    ProductFirst,
    /// Market mix, then product mix inside markets
    MarketFirst,
}

/// `emporion measure market-share`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  emporion measure market-share world.csv --origin A --from 2020 --to 2021"
)]
pub struct MarketShare {
    /// The exporting side
    #[arg(long, value_name = "SIDE")]
    pub origin: String,
    /// The year before
    #[arg(long, value_name = "YEAR")]
    pub from: i32,
    /// The year after
    #[arg(long, value_name = "YEAR")]
    pub to: i32,
    /// Which mix is taken out first
    #[arg(long, value_enum, default_value_t)]
    pub order: Order,
    /// Which exporters make up the world
    #[arg(long, value_enum, default_value_t)]
    pub world: World,
    #[command(flatten)]
    pub trade: Trade,
}

/// What potential is added up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum By {
    /// Each product in each market, with every factor
    #[default]
    Cell,
    /// Products
    Product,
    /// Markets
    Destination,
    /// Exporters
    Origin,
}

/// Whether one gravity equation is fitted for each product or one for all trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GravityBy {
    /// One for each product
    #[default]
    Product,
    /// One for all products together
    Total,
}

/// `emporion measure potential`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  emporion measure potential world.csv --origin A --where year=2020\n  \
                        emporion measure potential world-2022 --origin BRA --by destination --top 5"
)]
pub struct Potential {
    /// Exporters; a group stands for its members
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub origin: Vec<String>,
    /// Show these markets only; a group stands for its members
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub destination: Vec<String>,
    /// Show these products only
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub product: Vec<String>,
    /// What potential is added up by
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// File with supply_growth, demand_growth, tariff_advantage or distance_advantage by origin,
    /// destination, product, as far as it has these columns; may be given again
    #[arg(long, value_name = "FILE")]
    pub factors: Vec<PathBuf>,
    /// Put fitted gravity beside it: covariates of pairs such as "log(distance),contiguity"
    #[arg(long, value_name = "TERMS", value_delimiter = ',')]
    pub gravity: Vec<String>,
    /// Whether one gravity equation is fitted for each product or one for all trade
    #[arg(long, value_enum, default_value_t, requires = "gravity")]
    pub gravity_by: GravityBy,
    /// Rank the products that the exporter does not yet sell with advantage
    #[arg(long)]
    pub new_products: bool,
    /// RCA from which a place counts as having a product, for --new-products; 1 without it
    #[arg(long, value_name = "RCA", requires = "new_products", allow_negative_numbers = true)]
    pub cut_off: Option<f64>,
    #[command(flatten)]
    pub trade: Trade,
}

impl TradeIndex {
    /// The options that all trade indices share.
    pub fn trade(&self) -> &Trade {
        match self {
            Self::Intensity(a) => &a.trade,
            Self::Complementarity(a) | Self::Similarity(a) => &a.trade,
            Self::IntraIndustry(a) => &a.trade,
            Self::Concentration(a) => &a.places.trade,
            Self::Specialisation(a) | Self::Penetration(a) => &a.trade,
            Self::Margins(a) => &a.trade,
            Self::Decompose(a) => &a.trade,
            Self::MarketShare(a) => &a.trade,
            Self::Potential(a) => &a.trade,
        }
    }
}
