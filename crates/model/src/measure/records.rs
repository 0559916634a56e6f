//! Records and runs of growth in a series that has gaps and figures such as "more than 40".

use serde::Serialize;

use super::{above, same};
use crate::outcome::InputError;
use crate::panel::amount;

/// How a printed figure bounds the true one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// As printed (`=`).
    #[default]
    Exactly,
    /// About (`~`): within [`RecordOptions::about`] on either side.
    About,
    /// More than (`>`).
    MoreThan,
    /// At least (`>=`).
    AtLeast,
    /// At most (`<=`).
    AtMost,
    /// Nearly (`<~`): below the figure by at most [`RecordOptions::about`].
    Nearly,
}

/// One figure of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Observation {
    /// Year.
    pub year: i32,
    /// The figure printed, in the unit of the series.
    pub value: f64,
    /// What the print says about the true figure.
    pub bound: Bound,
}

/// The years that a year is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// All other years observed (the default: "the highest on record").
    #[default]
    All,
    /// Earlier years only ("a record at the time").
    Earlier,
}

/// What to do with several figures for one year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Several {
    /// Refuse: a series has one side, scope and source (the default).
    #[default]
    Refuse,
    /// Let the year lie anywhere between the lowest and the highest of them.
    Range,
}

/// How figures are compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RecordOptions {
    /// Relative half-width of "about" and "nearly". The default 0.025 lies inside what rounding to
    /// two significant digits can do: 10 may stand for 9.5 to 10.5 (0.05), 99 for 98.5 to 99.5
    /// (0.005).
    pub about: f64,
    /// How far above the print "more than" and "at least" may lie, relative. The default is no
    /// limit, the literal reading; a press release that says "more than 50" hardly means 80, and
    /// whoever knows that can say 0.1.
    pub more_than: f64,
    /// The years compared with.
    pub among: Among,
    /// Several figures for one year.
    pub several: Several,
}

impl Default for RecordOptions {
    fn default() -> Self {
        Self { about: 0.025, more_than: f64::INFINITY, among: Among::All, several: Several::Refuse }
    }
}

/// The answer to "is this year a record?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Above every year compared, however the bounds are read.
    Record,
    /// Exactly equal to the highest of the others.
    Tied,
    /// Some year is above, however the bounds are read.
    NotRecord,
    /// The bounds overlap: the figures at hand do not decide.
    Undecided,
}

/// Where a year stands among the years observed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Record {
    /// The year asked about.
    pub year: i32,
    /// What its figure can be: lowest and highest, in the unit of the series.
    pub range: (f64, f64),
    /// The answer.
    pub verdict: Verdict,
    /// The strongest of the other years: the one with the highest upper end (earliest on a tie).
    pub rival: i32,
    /// What the rival's figure can be.
    pub rival_range: (f64, f64),
    /// Years whose ranges reach this year's lower end: they must be settled before the year can be
    /// called a record.
    pub contenders: Vec<i32>,
    /// Years compared, ascending, without the year itself.
    pub compared: Vec<i32>,
    /// Years between the first and the last one compared (and the year itself) without a figure.
    pub gaps: Vec<i32>,
    /// The options used.
    pub convention: RecordOptions,
}

/// Whether a year is a record among the years observed.
///
/// ```text
/// record      lo_t > max_{s ≠ t} hi_s
/// tied        lo_t = hi_t = max_{s ≠ t} hi_s, the maximum exact
/// not record  hi_t < max_{s ≠ t} lo_s
/// undecided   otherwise
/// ```
///
/// # Notation
///
/// | symbol | field | unit |
/// | --- | --- | --- |
/// | lo_t, hi_t | `range` of year t | that of the series |
///
/// # Assumptions
///
/// The series has one side, scope and unit. Figures within 1e-12 of each other are equal. A "more than" is open below and without limit above
/// unless the options set one; flows are not negative, so "at most" reaches down to 0. Years
/// without a figure are listed, not guessed: a record is one among the rows at hand.
///
/// # Errors
///
/// [`InputError::Setting`] when the year has no figure, when a year occurs twice and
/// [`Several::Refuse`] holds, or when an option is negative; [`InputError::Value`] for a negative
/// or infinite figure; [`InputError::Empty`] when there is nothing to compare with.
///
/// # Cost
///
/// n log n in the number of figures.
///
/// # Example
///
/// ```
/// use emporion_model::measure::records::{Bound, Observation, RecordOptions, Verdict, record};
/// let at = |year, value, bound| Observation { year, value, bound };
/// let series = [
///     at(2011, 38.6, Bound::Exactly),
///     at(2021, 40.0, Bound::About),
///     at(2022, 45.8, Bound::Exactly),
/// ];
/// let r = record(&series, 2022, &RecordOptions::default())?;
/// assert_eq!((r.verdict, r.rival, r.gaps.len()), (Verdict::Record, 2021, 9));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn record(
    observations: &[Observation],
    year: i32,
    options: &RecordOptions,
) -> Result<Record, InputError> {
    let series = ranges(observations, options)?;
    let own =
        series.iter().find(|r| r.year == year).copied().ok_or_else(|| InputError::Setting {
            what: "year".into(),
            expected: "a year with a figure".into(),
            got: year.to_string(),
            remedy: format!("years with figures: {}", list(series.iter().map(|r| r.year))),
        })?;
    let others: Vec<Range> = series
        .iter()
        .filter(|r| r.year != year && (options.among == Among::All || r.year < year))
        .copied()
        .collect();
    let Some(first) = others.first() else {
        return Err(InputError::Empty {
            what: "years to compare with".into(),
            remedy: "a record needs at least one other year with a figure".into(),
        });
    };
    let rival = others.iter().fold(*first, |best, r| if above(r.hi, best.hi) { *r } else { best });
    let verdict = if others.iter().all(|r| own.is_above(r)) {
        Verdict::Record
    } else if others.iter().any(|r| r.is_above(&own)) {
        Verdict::NotRecord
    } else if own.is_point()
        && others.iter().all(|r| !above(r.hi, own.lo))
        && others.iter().any(|r| r.is_point() && same(r.hi, own.lo))
    {
        Verdict::Tied
    } else {
        Verdict::Undecided
    };
    let compared: Vec<i32> = others.iter().map(|r| r.year).collect();
    let (from, to) = (compared[0].min(year), compared[compared.len() - 1].max(year));
    Ok(Record {
        year,
        range: (own.lo, own.hi),
        verdict,
        rival: rival.year,
        rival_range: (rival.lo, rival.hi),
        contenders: others.iter().filter(|r| !own.is_above(r)).map(|r| r.year).collect(),
        gaps: (from..=to).filter(|y| *y != year && !compared.contains(y)).collect(),
        compared,
        convention: *options,
    })
}

/// The longest stretch of years of growth or of records.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct GrowthRun {
    /// The year that growth starts from, or the first record; none when there is no such year.
    pub from: Option<i32>,
    /// The last year of growth, or the last record.
    pub to: Option<i32>,
    /// Number of steps of growth, or of records in a row.
    pub steps: usize,
    /// How many runs have this length (the earliest is given).
    pub equally_long: usize,
    /// Years observed.
    pub observed: Vec<i32>,
    /// Years without a figure between the first and the last: a run does not cross them.
    pub gaps: Vec<i32>,
    /// Steps that the bounds leave open, as (from, to): they end a run.
    pub undecided: Vec<(i32, i32)>,
    /// The options used.
    pub convention: RecordOptions,
}

/// The longest run of growth among the years observed.
///
/// # Assumptions
///
/// A step counts when the later year is above the earlier one however the bounds are read; an
/// undecided step, a tie and a year without a figure end the run.
///
/// # Errors
///
/// As [`record`], and [`InputError::Empty`] below two years.
pub fn longest_growth(
    observations: &[Observation],
    options: &RecordOptions,
) -> Result<GrowthRun, InputError> {
    longest(observations, options, Run::Growth, |series, t| {
        let (before, after) = (&series[t - 1], &series[t]);
        (after.is_above(before), !above(after.hi, before.lo))
    })
}

/// The longest run of years each of which was a record at the time.
///
/// ```text
/// record at the time    lo_t > max_{s < t} hi_s
/// ```
///
/// # Assumptions
///
/// The first year observed has nothing to be held against and is no record. `from` is the first
/// record of the run and `steps` the number of its years. A year without a figure ends a run; the
/// year after it can begin one, as a record is one among the rows at hand, and the gap is listed.
/// An undecided year and a tie end the run.
///
/// # Errors
///
/// As [`longest_growth`].
pub fn longest_records(
    observations: &[Observation],
    options: &RecordOptions,
) -> Result<GrowthRun, InputError> {
    longest(observations, options, Run::Records, |series, t| {
        let after = &series[t];
        let earlier = &series[..t];
        let surely_not = earlier.iter().any(|before| !above(after.hi, before.lo));
        (earlier.iter().all(|before| after.is_above(before)), surely_not)
    })
}

/// What a run consists of: steps, which need the year before, or years.
#[derive(Clone, Copy, PartialEq)]
enum Run {
    Growth,
    Records,
}

/// The longest run; `step` says of the year at a position whether it certainly counts and whether
/// it certainly does not.
fn longest(
    observations: &[Observation],
    options: &RecordOptions,
    run: Run,
    step: impl Fn(&[Range], usize) -> (bool, bool),
) -> Result<GrowthRun, InputError> {
    let series = ranges(observations, options)?;
    if series.len() < 2 {
        return Err(InputError::Empty {
            what: "series".into(),
            remedy: "a run needs at least two years with figures".into(),
        });
    }
    let mut best: (usize, Option<usize>) = (0, None);
    let mut equally_long = 0;
    let mut undecided = Vec::new();
    let mut length = 0;
    for t in 1..series.len() {
        let next_year = series[t].year == series[t - 1].year + 1;
        let (counts, surely_not) = step(&series, t);
        let possible = next_year || run == Run::Records;
        if possible && !counts && !surely_not {
            undecided.push((series[t - 1].year, series[t].year));
        }
        length = if !(possible && counts) {
            0
        } else if next_year {
            length + 1
        } else {
            1
        };
        match length.cmp(&best.0) {
            std::cmp::Ordering::Greater => {
                best = (length, Some(t));
                equally_long = 1;
            }
            std::cmp::Ordering::Equal if length > 0 => equally_long += 1,
            _ => {}
        }
    }
    let first = |t: usize| match run {
        Run::Growth => t - best.0,
        Run::Records => t + 1 - best.0,
    };
    let observed: Vec<i32> = series.iter().map(|r| r.year).collect();
    Ok(GrowthRun {
        from: best.1.map(|t| series[first(t)].year),
        to: best.1.map(|t| series[t].year),
        steps: best.0,
        equally_long,
        gaps: super::in_time::gaps(&observed),
        observed,
        undecided,
        convention: *options,
    })
}

/// What the true figure of a year can be.
#[derive(Clone, Copy)]
struct Range {
    year: i32,
    lo: f64,
    hi: f64,
    open_below: bool,
}

impl Range {
    fn is_point(&self) -> bool {
        self.lo == self.hi && !self.open_below
    }

    /// However the bounds are read. An open lower end lies above the figure printed, so equality
    /// still counts as above.
    fn is_above(&self, other: &Self) -> bool {
        above(self.lo, other.hi) || (same(self.lo, other.hi) && self.open_below)
    }
}

/// One range per year, ascending.
fn ranges(observations: &[Observation], options: &RecordOptions) -> Result<Vec<Range>, InputError> {
    for (what, width) in [("about", options.about), ("more_than", options.more_than)] {
        if width.is_nan() || width < 0.0 {
            return Err(InputError::Setting {
                what: what.into(),
                expected: "a relative width, not negative".into(),
                got: width.to_string(),
                remedy: "give 0.05 for five percent".into(),
            });
        }
    }
    let mut all = Vec::with_capacity(observations.len());
    for (index, o) in observations.iter().enumerate() {
        let v = o.value;
        amount(
            "series",
            index,
            v,
            "a figure is finite and not negative; leave out years without one",
        )?;
        let (lo, hi) = match o.bound {
            Bound::Exactly => (v, v),
            Bound::About => (v * (1.0 - options.about).max(0.0), v * (1.0 + options.about)),
            Bound::MoreThan | Bound::AtLeast if v == 0.0 => (v, f64::INFINITY),
            Bound::MoreThan | Bound::AtLeast => (v, v * (1.0 + options.more_than)),
            Bound::AtMost => (0.0, v),
            Bound::Nearly => (v * (1.0 - options.about).max(0.0), v),
        };
        let open_below = o.bound == Bound::MoreThan;
        all.push(Range { year: o.year, lo, hi, open_below });
    }
    all.sort_by_key(|r| r.year);
    let mut merged: Vec<Range> = Vec::with_capacity(all.len());
    for r in all {
        match merged.last_mut() {
            Some(last) if last.year == r.year => {
                if options.several == Several::Refuse {
                    return Err(InputError::Setting {
                        what: "series".into(),
                        expected: "one figure per year".into(),
                        got: format!("several for {}", r.year),
                        remedy: "choose one side, scope and source, or ask for the range".into(),
                    });
                }
                // The open end survives only where it is the lowest of them.
                if r.lo < last.lo {
                    last.open_below = r.open_below;
                } else if r.lo == last.lo {
                    last.open_below &= r.open_below;
                }
                last.lo = last.lo.min(r.lo);
                last.hi = last.hi.max(r.hi);
            }
            _ => merged.push(r),
        }
    }
    Ok(merged)
}

fn list(years: impl Iterator<Item = i32>) -> String {
    years.map(|y| y.to_string()).collect::<Vec<_>>().join(", ")
}
