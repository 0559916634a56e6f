//! Figures of several years: shares by year, changes of rank, values at the prices of one year.

use serde::Serialize;

use super::shares::{Share, share};
use super::{above, check_length, check_values};
use crate::outcome::InputError;
use crate::panel::amount;

/// Years without a figure between the first and the last of them.
#[must_use]
pub fn gaps(years: &[i32]) -> Vec<i32> {
    let (Some(first), Some(last)) = (years.iter().min(), years.iter().max()) else {
        return Vec::new();
    };
    let known: std::collections::BTreeSet<i32> = years.iter().copied().collect();
    (*first..=*last).filter(|year| !known.contains(year)).collect()
}

/// A share in one year.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct ShareOfYear {
    /// Year.
    pub year: i32,
    /// The share, with the members that have no figure.
    pub share: Share,
    /// Share less that of the calendar year before, as a ratio; none after a gap and where either
    /// share is not known.
    pub change: Option<f64>,
}

/// The share of a group in a total, year by year.
///
/// ```text
/// s_t = Σ_{i ∈ G} x_it / X_t      Δs_t = s_t - s_{t-1}
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | t | `years` | ascending, each once | |
/// | x_it | `members` | for each year one entry per member | the caller's |
/// | X_t | `totals` | one per year | the same |
///
/// # Assumptions
///
/// As [`share`], in every year. The group has the same members in all years; a member without a
/// figure leaves the share of that year unknown, and a change is never taken across a gap.
///
/// # Errors
///
/// As [`share`]; [`InputError::Length`]; [`InputError::Setting`] when years do not ascend;
/// [`InputError::Empty`] without a year.
pub fn share_series(
    years: &[i32],
    members: &[Vec<Option<f64>>],
    totals: &[f64],
) -> Result<Vec<ShareOfYear>, InputError> {
    check_length("members", years.len(), members.len())?;
    check_length("totals", years.len(), totals.len())?;
    check_years(years)?;
    let mut series: Vec<ShareOfYear> = Vec::with_capacity(years.len());
    for ((&year, members), &total) in years.iter().zip(members).zip(totals) {
        let found = share(members, total)?;
        let before = series.last().filter(|s| s.year + 1 == year).and_then(|s| s.share.share);
        let change = found.share.zip(before).map(|(now, then)| now - then);
        series.push(ShareOfYear { year, share: found, change });
    }
    Ok(series)
}

/// Whom a place is ranked among.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RankedAmong {
    /// Those with a figure in both years (the default): nobody moves because a row is missing.
    #[default]
    BothYears,
    /// Those with a figure in the year at hand: the ranks as each year's table prints them.
    EachYear,
}

/// The ranks of one item in two years.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct RankChange {
    /// Rank before, 1 for the largest; none when not ranked.
    pub before: Option<usize>,
    /// Rank after.
    pub after: Option<usize>,
    /// Places gained: rank before less rank after; none when one of them is missing.
    pub gained: Option<i64>,
}

/// Ranks in two years and what changed.
///
/// ```text
/// r_i = 1 + #{j : x_j > x_i}      gained = r_i(before) - r_i(after)
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | x_i | `before`, `after` | one entry per item | any, the same in a year |
///
/// # Assumptions
///
/// Equal figures (within 1e-12) share the better rank, and the next one is skipped (1, 2, 2, 4). An item without
/// a figure is not the last one: it has no rank.
///
/// # Errors
///
/// [`InputError::Length`]; [`InputError::Value`] for a figure that is negative or not finite;
/// [`InputError::Empty`] when no item has a figure in both years.
///
/// # Cost
///
/// n log n in the number of items.
pub fn rank_changes(
    before: &[Option<f64>],
    after: &[Option<f64>],
    among: RankedAmong,
) -> Result<Vec<RankChange>, InputError> {
    check_length("after", before.len(), after.len())?;
    for (what, values) in [("before", before), ("after", after)] {
        for (index, value) in values.iter().enumerate().filter_map(|(i, v)| Some((i, (*v)?))) {
            amount(
                what,
                index,
                value,
                "a figure is finite and not negative; give a gap as missing",
            )?;
        }
    }
    let both: Vec<bool> =
        before.iter().zip(after).map(|(a, b)| a.is_some() && b.is_some()).collect();
    if !both.contains(&true) {
        return Err(InputError::Empty {
            what: "items with a figure in both years".into(),
            remedy: "choose two years in which the same items have figures".into(),
        });
    }
    let ranks = |values: &[Option<f64>]| {
        let kept = values.iter().zip(&both);
        let kept = kept.map(|(v, both)| v.filter(|_| *both || among == RankedAmong::EachYear));
        competition_ranks(&kept.collect::<Vec<_>>())
    };
    let (before, after) = (ranks(before), ranks(after));
    Ok(before
        .into_iter()
        .zip(after)
        .map(|(before, after)| RankChange {
            before,
            after,
            gained: before.zip(after).map(|(b, a)| b as i64 - a as i64),
        })
        .collect())
}

/// 1 + the number of larger figures.
fn competition_ranks(values: &[Option<f64>]) -> Vec<Option<usize>> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let rank = |v: f64| 1 + sorted.partition_point(|other| above(*other, v));
    values.iter().map(|v| v.map(rank)).collect()
}

/// One year of a series at current prices and at those of the base year.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct PricedYear {
    /// Year.
    pub year: i32,
    /// Value at the prices of the year, in the unit of the result.
    pub current: f64,
    /// Value at the prices of the base year, in the same unit.
    pub constant: f64,
    /// Implicit price index, base year 100: 100 current / constant; none when there is no trade.
    pub price_index: Option<f64>,
    /// Value index, base year 100; none when the base year has no figure or no trade.
    pub value_index: Option<f64>,
    /// Volume index, base year 100; none as above.
    pub volume_index: Option<f64>,
    /// Growth of the volume since the calendar year before, percent; none after a gap or from 0.
    pub volume_growth: Option<f64>,
}

/// One figure to be brought to the prices of the base year.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priced {
    /// Year.
    pub year: i32,
    /// Value at current prices, in the unit of its table.
    pub value: f64,
    /// Units of the result for one unit of the table: 1 without a change of currency.
    pub rate: f64,
    /// Price index of its year.
    pub price: f64,
    /// The same index in the base year.
    pub price_base: f64,
}

/// A series at constant prices with its volume index.
///
/// ```text
/// N_t = Σ_i e_it x_it            C_t = Σ_i e_it x_it P_ib / P_it
/// price index 100 N_t / C_t      volume index 100 C_t / C_b      value index 100 N_t / N_b
/// ```
///
/// # Notation
///
/// | symbol | field or argument | unit |
/// | --- | --- | --- |
/// | x_it | `value` | that of the table |
/// | e_it | `rate` | units of the result for one of the table |
/// | P_it, P_ib | `price`, `price_base` | any level: only their ratio counts |
/// | b | `base` | year |
/// | N_t, C_t | `current`, `constant` | that of the result |
///
/// # Assumptions
///
/// The base is fixed: parts are deflated each by its own index and added at the prices of the base
/// year, so that constant values add up over parts (a Laspeyres volume; the implicit price index is
/// a Paasche index). Chained volumes are not computed. With one index for all parts both readings
/// agree. Years without a figure are not filled in; see [`gaps`].
///
/// # Result
///
/// One entry per year with a figure, ascending.
///
/// # Errors
///
/// [`InputError::Value`] for a value that is negative or not finite, and for a rate or an index
/// that is not above zero; [`InputError::Empty`] without a figure.
///
/// # Source
///
/// IMF, Export and Import Price Index Manual, 2009, chapter 16 (the product of a Laspeyres volume
/// and a Paasche price index is the value index).
///
/// # Example
///
/// ```
/// use emporion_model::measure::in_time::{Priced, constant_prices};
/// let at = |year, value, price| Priced { year, value, rate: 1.0, price, price_base: 100.0 };
/// let series = constant_prices(&[at(2020, 50.0, 100.0), at(2021, 60.0, 125.0)], 2020)?;
/// assert_eq!((series[1].constant, series[1].volume_index), (48.0, Some(96.0)));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn constant_prices(figures: &[Priced], base: i32) -> Result<Vec<PricedYear>, InputError> {
    if figures.is_empty() {
        return Err(InputError::Empty {
            what: "series".into(),
            remedy: "give at least one year with a figure".into(),
        });
    }
    let values: Vec<f64> = figures.iter().map(|f| f.value).collect();
    check_values("series", &values, "a flow is finite and not negative; leave gaps out")?;
    check_positive("rates", figures, |f| f.rate)?;
    check_positive("price indices", figures, |f| f.price)?;
    check_positive("price indices of the base year", figures, |f| f.price_base)?;
    let mut years: std::collections::BTreeMap<i32, (f64, f64)> = std::collections::BTreeMap::new();
    for f in figures {
        let (current, constant) = years.entry(f.year).or_default();
        *current += f.rate * f.value;
        *constant += f.rate * f.value * (f.price_base / f.price);
    }
    let of_base = years.get(&base).copied().filter(|(current, _)| *current > 0.0);
    let before = |year: i32| years.get(&(year - 1)).filter(|(_, c)| *c > 0.0);
    Ok(years
        .iter()
        .map(|(&year, &(current, constant))| PricedYear {
            year,
            current,
            constant,
            price_index: (constant > 0.0).then(|| 100.0 * current / constant),
            value_index: of_base.map(|(base, _)| 100.0 * current / base),
            volume_index: of_base.map(|(_, base)| 100.0 * constant / base),
            volume_growth: before(year).map(|(_, then)| 100.0 * (constant - then) / then),
        })
        .collect())
}

fn check_positive(
    what: &str,
    figures: &[Priced],
    get: impl Fn(&Priced) -> f64,
) -> Result<(), InputError> {
    match figures.iter().position(|f| !(get(f).is_finite() && get(f) > 0.0)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.into(),
            index,
            value: get(&figures[index]),
            remedy: "give a number above zero for every year and part".into(),
        }),
    }
}

fn check_years(years: &[i32]) -> Result<(), InputError> {
    if years.is_empty() {
        return Err(InputError::Empty {
            what: "years".into(),
            remedy: "give at least one year with a figure".into(),
        });
    }
    match years.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(pair) => Err(InputError::Setting {
            what: "years".into(),
            expected: "each year once, ascending".into(),
            got: format!("{} after {}", pair[1], pair[0]),
            remedy: "sort the years and add up the figures of each".into(),
        }),
    }
}
