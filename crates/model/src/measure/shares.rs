//! Share of a group in a total, growth and contributions to it, and how much of a loss was made up.

use serde::Serialize;

use super::{check_length, check_one, check_values};
use crate::outcome::{InputError, Note};
use crate::panel::amount;

/// Share of a group of members in a total, and how much of it rests on rows at hand.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Share {
    /// Sum of the known members over the total; none when a member is missing.
    pub share: Option<f64>,
    /// What the share is at least: the known members over the total. Equals `share` when none is
    /// missing.
    pub at_least: f64,
    /// Sum of the members that are known, in the unit given.
    pub known_sum: f64,
    /// The total, in the same unit.
    pub total: f64,
    /// Members in the group.
    pub members: usize,
    /// Positions of the members without a value.
    pub missing: Vec<usize>,
    /// `over_one` when the known members exceed the total.
    pub notes: Vec<Note>,
}

/// The share of a group in a total.
///
/// ```text
/// s_G = Σ_{i ∈ G} x_i / X
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | x_i | `members` | one entry per member of the group | the caller's |
/// | X | `total` | | the same |
///
/// # Assumptions
///
/// Members do not overlap, and are of the same books, scope, period and unit as the total. A
/// missing member is not a zero: it leaves `share` unknown and `at_least` as the lower bound.
///
/// # Result
///
/// A ratio, 0 to 1. Members above the total are possible when two sources are mixed; the note
/// `over_one` says so and the figure is left as it is.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite member or a total that is not positive;
/// [`InputError::Empty`] for a group without members.
///
/// # Example
///
/// ```
/// use emporion_model::measure::shares::share;
/// let s = share(&[Some(30.0), None, Some(20.0)], 100.0)?;
/// assert_eq!((s.share, s.at_least, s.missing), (None, 0.5, vec![1]));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn share(members: &[Option<f64>], total: f64) -> Result<Share, InputError> {
    if members.is_empty() {
        return Err(InputError::Empty {
            what: "members of the group".into(),
            remedy: "name at least one".into(),
        });
    }
    if !(total.is_finite() && total > 0.0) {
        return Err(InputError::Value {
            what: "total".into(),
            index: 0,
            value: total,
            remedy: "a share needs a positive total".into(),
        });
    }
    let mut known_sum = 0.0;
    let mut missing = Vec::new();
    for (index, member) in members.iter().enumerate() {
        match *member {
            Some(value) => {
                let remedy = "a flow is finite and not negative; give a gap as missing";
                amount("members of the group", index, value, remedy)?;
                known_sum += value;
            }
            None => missing.push(index),
        }
    }
    let at_least = known_sum / total;
    let mut notes = Vec::new();
    if at_least > 1.0 {
        notes.push(Note {
            code: "over_one",
            message: "the members exceed the total: they come from different books, or overlap"
                .into(),
            count: 1,
            rows: Vec::new(),
        });
    }
    Ok(Share {
        share: missing.is_empty().then_some(at_least),
        at_least,
        known_sum,
        total,
        members: members.len(),
        missing,
        notes,
    })
}

/// A published share beside the one that rows at hand support.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct ShareCheck {
    /// The published share, 0 to 1.
    pub claimed: f64,
    /// The share that the known members make up.
    pub found: f64,
    /// How much of the claim the rows support: found / claimed, at most 1.
    pub verified: f64,
    /// Share that the members without rows would have to make up; 0 when nothing is left.
    pub left_to_members_without_rows: f64,
    /// Whether the rows contradict the claim: every member is known and their share is below it.
    pub contradicted: bool,
}

/// How much of a published share can be verified from the members that have rows.
///
/// ```text
/// verified = min(1, (Σ_known x_i / X) / claimed)
/// ```
///
/// # Assumptions
///
/// The claim is read as "at least"; it is contradicted only when no member is missing and the sum
/// still falls short of it by more than `tolerance` (a share; half a unit of the last printed
/// digit is the natural choice).
///
/// # Errors
///
/// [`InputError::Value`] when the claim is not within (0, 1] or the tolerance is negative.
pub fn verify_share(share: &Share, claimed: f64, tolerance: f64) -> Result<ShareCheck, InputError> {
    check_one("tolerance", tolerance, "give half a unit of the last printed digit")?;
    if !(claimed > 0.0 && claimed <= 1.0) {
        return Err(InputError::Value {
            what: "claimed share".into(),
            index: 0,
            value: claimed,
            remedy: "give it as a ratio, above 0 and at most 1; divide percent by 100".into(),
        });
    }
    let found = share.at_least;
    Ok(ShareCheck {
        claimed,
        found,
        verified: (found / claimed).min(1.0),
        left_to_members_without_rows: (claimed - found).max(0.0),
        contradicted: share.missing.is_empty() && found < claimed - tolerance,
    })
}

/// Growth between two values in the three ways it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct Growth {
    /// b - a, in the unit given.
    pub difference: f64,
    /// 100 (b - a) / a, percent; none when a is 0.
    pub percent: Option<f64>,
    /// 100 ln(b / a), log points; none when a or b is 0.
    pub log_points: Option<f64>,
    /// 2 (b - a) / (b + a), from -2 to 2, defined where a flow appears or ends; none when both
    /// are 0.
    pub symmetric: Option<f64>,
}

/// Growth from one value to another.
///
/// ```text
/// g = 100 (b - a)/a      l = 100 ln(b/a)      h = 2 (b - a)/(b + a)
/// ```
///
/// # Assumptions
///
/// Both values are in the same unit and prices. A zero is a zero, not a gap: growth from zero has
/// no percent and no logarithm, but a symmetric rate of 2.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite value.
///
/// # Source
///
/// The symmetric rate: Davis, Haltiwanger, Schuh, Job Creation and Destruction, 1996.
pub fn growth(before: f64, after: f64) -> Result<Growth, InputError> {
    check_values("before, after", &[before, after], "a flow is finite and not negative")?;
    let difference = after - before;
    let sum = after + before;
    Ok(Growth {
        difference,
        percent: (before > 0.0).then(|| 100.0 * difference / before),
        log_points: (before > 0.0 && after > 0.0).then(|| 100.0 * (after / before).ln()),
        symmetric: (sum > 0.0).then(|| 2.0 * difference / sum),
    })
}

/// The growth of a total, split over its parts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Contributions {
    /// Growth of the total.
    pub total: Growth,
    /// 100 (b_i - a_i) / A: percentage points of the total's growth; they add up to it.
    pub points: Vec<f64>,
    /// (b_i - a_i) / (B - A): part of the change; none when the total did not change.
    pub of_change: Option<Vec<f64>>,
}

/// Contribution of each part to the growth of the total.
///
/// ```text
/// c_i = 100 (b_i - a_i) / A,   A = Σ a_i,   Σ c_i = 100 (B - A) / A
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | a_i, b_i | `before`, `after` | one entry per part | the caller's |
/// | c_i | `points` | one entry per part | percentage points |
///
/// # Assumptions
///
/// Parts do not overlap and are complete in both years; a part that is missing in one of them
/// must be settled by the caller first.
///
/// # Errors
///
/// [`InputError::Length`], [`InputError::Value`], and [`InputError::Undefined`] when the total
/// before is zero.
pub fn contributions(before: &[f64], after: &[f64]) -> Result<Contributions, InputError> {
    check_length("after", before.len(), after.len())?;
    let remedy = "a flow is finite and not negative; settle gaps first";
    check_values("before", before, remedy)?;
    check_values("after", after, remedy)?;
    let (a, b): (f64, f64) = (before.iter().sum(), after.iter().sum());
    if a <= 0.0 {
        return Err(InputError::Undefined {
            what: "contribution to growth".into(),
            reason: "the total before is zero".into(),
            remedy: "choose an earlier year with trade".into(),
        });
    }
    let change: Vec<f64> = before.iter().zip(after).map(|(a, b)| b - a).collect();
    Ok(Contributions {
        total: growth(a, b)?,
        points: change.iter().map(|c| 100.0 * c / a).collect(),
        of_change: (b != a).then(|| change.iter().map(|c| c / (b - a)).collect()),
    })
}

/// How much of a loss a gain elsewhere made up, for each published size of the loss.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct MadeUp {
    /// gain / loss for each base, in the order given.
    pub ratios: Vec<f64>,
    /// The smallest of them (from the largest loss).
    pub lowest: f64,
    /// The largest of them (from the smallest loss).
    pub highest: f64,
}

/// The part of a loss in one market that a gain in another made up.
///
/// ```text
/// r_b = G / L_b   for each base b
/// ```
///
/// # Assumptions
///
/// Plain accounting: gain and loss are of the same scope, prices and period, and nothing says that
/// the same goods moved. A gain that is negative (a second loss) gives a negative ratio.
///
/// # Errors
///
/// [`InputError::Empty`] without a base, [`InputError::Value`] for a loss that is not positive or
/// a gain that is not finite.
pub fn made_up(gain: f64, losses: &[f64]) -> Result<MadeUp, InputError> {
    if losses.is_empty() {
        return Err(InputError::Empty {
            what: "losses".into(),
            remedy: "give at least one published size of the loss".into(),
        });
    }
    if !gain.is_finite() {
        return Err(InputError::Value {
            what: "gain".into(),
            index: 0,
            value: gain,
            remedy: "give the change of the flow in the other market".into(),
        });
    }
    if let Some(index) = losses.iter().position(|l| !(l.is_finite() && *l > 0.0)) {
        return Err(InputError::Value {
            what: "losses".into(),
            index,
            value: losses[index],
            remedy: "give the loss as a positive amount".into(),
        });
    }
    let ratios: Vec<f64> = losses.iter().map(|l| gain / l).collect();
    Ok(MadeUp {
        lowest: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        highest: ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ratios,
    })
}
