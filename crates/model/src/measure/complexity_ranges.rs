//! How far ECI and its ranking hang on the products of the table: a bootstrap.

use rayon::prelude::*;
use serde::Serialize;

use super::check_length;
use super::complexity::{Complexity, ComplexityOptions, complexity};
use super::presence::Presence;
use crate::outcome::{InputError, Note, Status};
use crate::random::SplitMix;

/// Below this part of draws with an answer a note warns: the ranges leave the awkward draws out.
const FEW: f64 = 0.9;
/// From this part of draws with the other sign a note warns.
const FLIPPING: f64 = 0.025;
/// Both tails of a range together.
const TAILS: f64 = 0.05;

/// Draws of the bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BootstrapOptions {
    /// Number of draws; the default 500 puts some 12 of them beyond each end of a range.
    pub draws: usize,
    /// Seed; the same seed gives the same ranges on any number of threads.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self { draws: 500, seed: 1 }
    }
}

/// A place's ECI and rank with their ranges.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PlaceRange {
    /// ECI of the table itself; none as in [`Complexity::eci`].
    pub eci: Option<f64>,
    /// 2.5th percentile of the draws.
    pub low: Option<f64>,
    /// 97.5th percentile.
    pub high: Option<f64>,
    /// Rank by ECI, 1 the highest; equals share the better rank.
    pub rank: Option<usize>,
    /// 2.5th percentile of the rank, rounded down: nearly the best that it takes.
    pub rank_best: Option<usize>,
    /// 97.5th percentile of the rank, rounded up.
    pub rank_worst: Option<usize>,
    /// Draws in which the place had an ECI.
    pub draws: usize,
}

/// Ranges of ECI and of ranks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct ComplexityRanges {
    /// One entry for each place.
    pub places: Vec<PlaceRange>,
    /// Draws asked for.
    pub draws: usize,
    /// Draws without an answer: unconnected, without variation or with a double eigenvalue.
    pub failed: usize,
    /// Of those, draws that fell into unconnected parts or had no variation.
    pub undefined: usize,
    /// Draws whose own sign, by the sign's reference, would be the other one.
    pub sign_flips: usize,
    /// 2.5th and 97.5th percentile of the gap of eigenvalues over the draws.
    pub gap: Option<[f64; 2]>,
    /// The seed.
    pub seed: u64,
    /// `failed_draws`, `sign_flips`.
    pub notes: Vec<Note>,
    /// The convention, in one line.
    pub convention: String,
}

/// What one draw gave.
enum Draw {
    Found { eci: Vec<Option<f64>>, gap: f64, flipped: bool },
    Undefined,
    Tied,
}

/// Ranges of ECI and of ranks by resampling the products.
///
/// ```text
/// draw b: products k_1 .. k_m with replacement     M^b_ij = M_i,k_j     ECI^b from M^b
/// range of place i: the 2.5th and the 97.5th percentile of ECI^b_i, and of its rank
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape |
/// | --- | --- | --- |
/// | M_ik | `presence.values` | places × products |
/// | m | `presence.products` | |
/// | ECI_i | `found.eci`, of the table itself | places |
/// | b | one of `bootstrap.draws` | |
///
/// # Assumptions
///
/// Products are taken as draws from the many lines that a classification could have; M stays as
/// it is, so error in the values is not in the range. Each draw is scaled on its own, and turned
/// to agree with the table's ECI, so that a weak sign does not show as width: draws that would
/// have the other sign are counted instead. Percentiles interpolate linearly (type 7 of Hyndman
/// and Fan 1996).
///
/// # Result
///
/// None for a place without ECI. A place may lose all its products in a draw; it then has no ECI
/// there, and ranks are among the rest.
///
/// # Errors
///
/// [`InputError::Setting`] for fewer than 40 draws, with which no draw lies beyond the ends;
/// [`InputError::Length`] when `found` speaks of another table; [`InputError::Undefined`] when
/// `found` has no scores or no draw has.
///
/// # Cost
///
/// That of [`complexity`] times the draws; draws run in parallel, with the same bytes on any
/// number of threads.
///
/// # Source
///
/// Efron 1979, Annals of Statistics 7; the use on products is ours.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{complexity::*, complexity_ranges::*, presence::Presence};
/// // Six places, each with the products up to its own: nested baskets.
/// let m = (0..6 * 24).map(|cell| cell % 24 / 4 <= cell / 24).collect();
/// let presence = Presence::new(6, 24, m)?;
/// let options = ComplexityOptions::default();
/// let found = complexity(&presence, &options)?;
/// let ranges = complexity_ranges(&presence, &found, &options, &BootstrapOptions::default())?;
/// let last = ranges.places[5];
/// assert_eq!(last.rank, Some(1));
/// assert!(last.low <= last.eci && last.eci <= last.high);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn complexity_ranges(
    presence: &Presence,
    found: &Complexity,
    options: &ComplexityOptions,
    bootstrap: &BootstrapOptions,
) -> Result<ComplexityRanges, InputError> {
    check_length("presence matrix", presence.places * presence.products, presence.values.len())?;
    check_length("ECI", presence.places, found.eci.len())?;
    if bootstrap.draws < 40 {
        return Err(InputError::Setting {
            what: "bootstrap draws".into(),
            expected: "40 or more".into(),
            got: bootstrap.draws.to_string(),
            remedy: "a range of 95 % needs a draw beyond each end; 500 is a fair choice".into(),
        });
    }
    if found.status != Status::Converged {
        return Err(undefined("the table itself has no ECI"));
    }
    let reference = match &options.sign_reference {
        Some(values) => values.clone(),
        None => found.diversity.iter().map(|d| *d as f64).collect(),
    };
    let turned = ComplexityOptions {
        sign_reference: Some(found.eci.iter().map(|e| e.unwrap_or(0.0)).collect()),
        ..options.clone()
    };
    let one = |b| draw(presence, &turned, &reference, bootstrap.seed, b);
    let draws: Vec<Draw> = (0..bootstrap.draws as u64).into_par_iter().map(one).collect();
    let mut out = gather(found, &draws);
    out.seed = bootstrap.seed;
    if out.failed == out.draws {
        return Err(undefined("no draw of products leaves a connected table with variation"));
    }
    out.convention = format!(
        "{}; ranges: products drawn with replacement, {} draws, seed {}, 2.5th and 97.5th \
         percentile, each draw turned to agree with the table's ECI",
        found.convention, out.draws, out.seed
    );
    note(&mut out);
    Ok(out)
}

fn undefined(reason: &str) -> InputError {
    InputError::Undefined {
        what: "ranges of ECI".into(),
        reason: reason.into(),
        remedy: "leave the bootstrap out, or use a table with more products".into(),
    }
}

fn draw(
    presence: &Presence,
    options: &ComplexityOptions,
    reference: &[f64],
    seed: u64,
    number: u64,
) -> Draw {
    let m = presence.products;
    let mut random = SplitMix::new(seed, number);
    let mut drawn: Vec<usize> = (0..m).map(|_| random.below(m)).collect();
    // The order of products means nothing; ascending is kinder to the memory.
    drawn.sort_unstable();
    let rows = presence.values.chunks(m.max(1));
    let values = rows.flat_map(|row| drawn.iter().map(|k| row[*k])).collect();
    let sample = Presence {
        places: presence.places,
        products: m,
        values,
        notes: Vec::new(),
        convention: String::new(),
    };
    match complexity(&sample, options) {
        Err(_) => Draw::Undefined,
        Ok(found) if found.status != Status::Converged => Draw::Tied,
        Ok(found) => {
            let flipped = covariance(&found.eci, reference) < 0.0;
            Draw::Found { eci: found.eci, gap: found.gap, flipped }
        }
    }
}

/// ECI times the reference, both from their means over the places with ECI.
fn covariance(eci: &[Option<f64>], reference: &[f64]) -> f64 {
    let known: Vec<(f64, f64)> =
        eci.iter().zip(reference).filter_map(|(e, r)| e.map(|e| (e, *r))).collect();
    let mean = known.iter().map(|(_, r)| r).sum::<f64>() / known.len() as f64;
    known.iter().map(|(e, r)| e * (r - mean)).sum()
}

fn gather(found: &Complexity, draws: &[Draw]) -> ComplexityRanges {
    let n = found.eci.len();
    let (mut scores, mut ranks) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    let (mut gaps, mut undefined, mut tied, mut sign_flips) = (Vec::new(), 0, 0, 0);
    for draw in draws {
        let Draw::Found { eci, gap, flipped } = draw else {
            undefined += usize::from(matches!(draw, Draw::Undefined));
            tied += usize::from(matches!(draw, Draw::Tied));
            continue;
        };
        gaps.push(*gap);
        sign_flips += usize::from(*flipped);
        for (i, (score, rank)) in eci.iter().zip(rank(eci)).enumerate() {
            if let (Some(score), Some(rank)) = (score, rank) {
                scores[i].push(*score);
                ranks[i].push(rank as f64);
            }
        }
    }
    let own = rank(&found.eci);
    let place = |i: usize| {
        // A place outside the table's connected part may come in with a draw; it has no range.
        let Some(eci) = found.eci[i] else { return PlaceRange::default() };
        let (score, rank) = (range(&scores[i]), range(&ranks[i]));
        PlaceRange {
            eci: Some(eci),
            low: score.map(|s| s[0]),
            high: score.map(|s| s[1]),
            rank: own[i],
            rank_best: rank.map(|r| r[0].floor() as usize),
            rank_worst: rank.map(|r| r[1].ceil() as usize),
            draws: scores[i].len(),
        }
    };
    ComplexityRanges {
        places: (0..n).map(place).collect(),
        draws: draws.len(),
        failed: undefined + tied,
        undefined,
        sign_flips,
        gap: range(&gaps),
        seed: 0,
        notes: Vec::new(),
        convention: String::new(),
    }
}

/// Rank of each place, 1 the highest. Scores apart by rounding alone share the better rank.
#[must_use]
pub fn rank(scores: &[Option<f64>]) -> Vec<Option<usize>> {
    const EQUAL: f64 = 1e-9;
    let mut order: Vec<f64> = scores.iter().flatten().copied().collect();
    order.sort_by(|a, b| b.total_cmp(a));
    scores.iter().map(|s| s.map(|s| 1 + order.partition_point(|o| *o > s + EQUAL))).collect()
}

/// The percentiles at both ends.
fn range(values: &[f64]) -> Option<[f64; 2]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some([TAILS / 2.0, 1.0 - TAILS / 2.0].map(|share| {
        let at = share * last as f64;
        let (below, part) = (at.floor() as usize, at.fract());
        sorted[below] + part * (sorted[(below + 1).min(last)] - sorted[below])
    }))
}

fn note(out: &mut ComplexityRanges) {
    let answered = out.draws - out.failed;
    if (answered as f64) < FEW * out.draws as f64 {
        let message = "draws had no ECI and the ranges leave them out: they are too narrow. Ask \
                       for the largest part, or use a coarser classification";
        let (count, rows) = (out.failed, Vec::new());
        out.notes.push(Note { code: "failed_draws", message: message.into(), count, rows });
    }
    if out.sign_flips as f64 >= FLIPPING * answered as f64 {
        let message = "draws would have the other sign: which end is the complex one hangs on \
                       the products in the table";
        let (count, rows) = (out.sign_flips, Vec::new());
        out.notes.push(Note { code: "sign_flips", message: message.into(), count, rows });
    }
}
