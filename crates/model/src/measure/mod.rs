//! Measures: numbers that need no model, only careful treatment of zeros, gaps and conventions.
//!
//! | question | file |
//! | --- | --- |
//! | turnover, balance and coverage of two directed flows | [`turnover`](mod@turnover) |
//! | share of a group, growth and its contributions, how much of a loss was made up | [`shares`] |
//! | is this year a record, how long did growth or a row of records last | [`records`] |
//! | shares by year, changes of rank, constant prices | [`in_time`] |
//! | concentration of one distribution, the Theil split | [`concentration`](mod@concentration) |
//! | how far a place's basket is from the table's | [`specialisation`](mod@specialisation) |
//! | long rows to a place-by-product table | [`table`] |
//! | revealed comparative advantage | [`rca`](mod@rca) |
//! | presence M, diversity, ubiquity, components | [`presence`](mod@presence) |
//! | ECI and PCI | [`complexity`](mod@complexity) |
//! | M of weights instead of 0 and 1 | [`weights`] |
//! | places and products that have enough | [`core`](mod@core) |
//! | how far ECI and ranks hang on the products | [`complexity_ranges`](mod@complexity_ranges) |
//! | fitness and complexity | [`fitness`](mod@fitness) |
//! | proximity and density | [`proximity`](mod@proximity) |
//! | long rows to a sparse bilateral table by product | [`bilateral`] |
//! | do two sides trade more than their sizes say | [`intensity`] |
//! | do two baskets agree: Michaely, Finger-Kreinin | [`similarity`] |
//! | trade both ways in one product: Grubel-Lloyd, Brülhart | [`intra_industry`] |
//! | markets reached of those possible | [`penetration`] |
//! | more goods or more of each: Hummels-Klenow | [`margins`] |
//! | growth by old and new products and markets | [`growth_cells`] |
//! | constant market share | [`market_share`] |
//! | supply, ease, demand: export potential | [`export_potential`](mod@export_potential) |
//! | new products, ranked | [`diversification`](mod@diversification) |
//! | fitted gravity beside it | [`gravity_potential`](mod@gravity_potential) |
//! | proximity and density of RCA itself | [`continuous`](mod@continuous) |
//! | density straight from M | [`density`](mod@density) |
//! | complexity outlook and gain, complexity by an outside PCI | [`opportunity`](mod@opportunity) |
//! | other proximities, nearest products, relative relatedness, two sets of products | [`relatedness`] |
//! | reflections, for comparison with ECI | [`reflections`](mod@reflections) |
//! | products that a place gained and lost | [`entry_exit`](mod@entry_exit) |
//! | PRODY and EXPY | [`income`] |
//! | the product space: maximum spanning tree and threshold | [`product_space`](mod@product_space) |
//!
//! # Conventions
//!
//! The literature and the programs in use differ in the following, and a figure without its
//! convention cannot be compared. Every result carries the one used in a field `convention`.
//!
//! | question | here | also offered |
//! | --- | --- | --- |
//! | presence | RCA ≥ 1, equality up to rounding counts | any cut-off, per head, one of the two, M of the user's own, weights |
//! | missing cell | refused | counted and taken as zero |
//! | row not listed in a long table | no flow, counted | refused |
//! | duplicate row | refused, rows named | summed and counted |
//! | negative value | refused | |
//! | place without products, product without places | left out of ECI, PCI and listed; RCA of the full table kept | a (d, u)-core |
//! | disconnected table | refused, components named | largest component |
//! | no variation | refused | |
//! | ECI | mean 0, standard deviation 1 over places, divisor n | divisor n - 1 |
//! | PCI | scaled so that ECI is the mean PCI of a place's products | own z-score beside it |
//! | sign | ECI correlates positively with diversity, one sign for both | a reference of the caller's |
//! | fitness | iterated until it stands still, steps printed | a fixed number of steps |
//! | proximity | the smaller of the two conditional probabilities | geometric mean, asymmetric, correlation of presence or of RCA |
//! | its diagonal in density | 1 | 0 |
//! | HHI | sum of squared shares, 0 to 1 | its root, two normalised forms, each by its own name |
//! | Theil, Gini | over all lines of the classification, zeros included | over positive lines, and the gap |

pub mod bilateral;
pub mod complexity;
pub mod complexity_ranges;
pub mod concentration;
pub mod continuous;
pub mod core;
pub mod density;
pub mod diversification;
pub mod entry_exit;
pub mod export_potential;
pub mod fitness;
pub mod gravity_potential;
pub mod growth_cells;
pub mod having;
pub mod in_time;
pub mod income;
pub mod intensity;
pub mod intra_industry;
pub mod margins;
pub mod market_share;
pub mod opportunity;
pub mod penetration;
pub mod presence;
pub mod product_space;
pub mod proximity;
pub mod rca;
pub mod records;
pub mod reflections;
pub mod relatedness;
pub mod shares;
pub mod similarity;
pub mod specialisation;
mod spectrum;
pub mod table;
pub mod turnover;
pub mod weights;

use crate::outcome::InputError;
use crate::panel::amount;

/// Refuses the first entry that is negative, missing, infinite or too large to be added up.
fn check_values(what: &str, values: &[f64], remedy: &str) -> Result<(), InputError> {
    let mut each = values.iter().enumerate();
    each.try_for_each(|(index, value)| amount(what, index, *value, remedy))
}

/// Two figures are equal when they differ by less than this part of the larger: sums of decimals
/// are rounded, and 0.1 + 0.2 is no record over 0.3.
const EQUAL: f64 = 1e-12;

/// Whether a figure is larger than another, not only by rounding.
fn above(a: f64, b: f64) -> bool {
    a > b && (a.is_infinite() || a - b > EQUAL * a.abs().max(b.abs()))
}

/// Whether two figures are equal but for rounding.
fn same(a: f64, b: f64) -> bool {
    !above(a, b) && !above(b, a)
}

/// Refuses two arrays of different length.
fn check_length(what: &str, expected: usize, got: usize) -> Result<(), InputError> {
    if expected == got {
        return Ok(());
    }
    Err(InputError::Length { what: what.into(), expected, got })
}

/// Refuses one number that is negative, missing or infinite.
fn check_one(what: &str, value: f64, remedy: &str) -> Result<(), InputError> {
    check_values(what, std::slice::from_ref(&value), remedy)
}
