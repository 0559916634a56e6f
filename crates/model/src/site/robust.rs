//! How far the choice of sites depends on what the estimate leaves open.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use super::gains::{Gains, Reach, best_office, trade_without};
use super::instance::Instance;
use super::p_median::{self, Options};
use super::rejection;
use super::rule_system::System;
use super::ruled;
use super::rules::{RuleError, Rules};
use crate::outcome::{InputError, Note};
use crate::simulate::JointNormal;
use crate::simulate::joint::sample;
use crate::simulate::uncertain::Coefficient;

/// One value of what was estimated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Draw {
    /// β: log points of trade at an office's door.
    pub beta: f64,
    /// s, with d0 or R.
    pub reach: Reach,
}

/// Draws of (β, d0) from their joint normal distribution, for s(d) = exp(-d / d0).
///
/// ```text
/// (β, d0)^(d) ~ N(m, V),   d = 1..n
/// ```
///
/// # Notation
///
/// m, V: `estimated`, β first and d0 second, in log points and the unit of the distances.
///
/// # Assumptions
///
/// β and d0 are drawn together. Draw d of a seed depends on the seed and on d alone. A normal d0 may
/// come out negative: [`robust`] lists such draws as failed. Where that happens often the normal is
/// the wrong distribution: estimate ln d0, draw that, and give the draws as a list.
///
/// # Result
///
/// n draws.
///
/// # Errors
///
/// [`InputError`] for no draws, other than two coefficients, or a matrix that is no covariance.
///
/// # Cost
///
/// O(n).
///
/// # Source
///
/// Krinsky and Robb 1986, Review of Economics and Statistics 68, 715-719.
///
/// # Example
///
/// ```
/// use emporion_model::simulate::JointNormal;
/// use emporion_model::site::robust::normal_draws;
/// let estimated = JointNormal { mean: vec![0.2, 300.0], covariance: vec![0.0; 4] };
/// let draws = normal_draws(&estimated, 3, 1)?;
/// assert_eq!((draws.len(), draws[2].beta), (3, 0.2));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn normal_draws(estimated: &JointNormal, n: usize, seed: u64) -> Result<Vec<Draw>, InputError> {
    if n == 0 {
        return Err(no_draws());
    }
    if estimated.mean.len() != 2 {
        let what = "means of beta and d0".to_owned();
        return Err(InputError::Length { what, expected: 2, got: estimated.mean.len() });
    }
    let root = estimated.root()?;
    let both = [Coefficient::Estimated(0), Coefficient::Estimated(1)];
    let draw = |number| {
        let drawn = sample(&both, estimated, &[], &root, seed, number).coefficients;
        Draw { beta: drawn[0], reach: Reach::Decay { scale: drawn[1] } }
    };
    Ok((0..n).map(draw).collect())
}

fn no_draws() -> InputError {
    let remedy = "200 tell shares of some percent apart".to_owned();
    InputError::Empty { what: "draws".to_owned(), remedy }
}

/// What is asked in every draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question<'a> {
    /// X_k, trade with each region.
    pub trade: &'a [f64],
    /// d_kj, regions × sites, row-major.
    pub distances: &'a [f64],
    /// Number of sites.
    pub sites: usize,
    /// Open sites in all, the kept ones included.
    pub p: usize,
    /// Sites open in every plan.
    pub kept: &'a [usize],
    /// Sites closed in every plan.
    pub forbidden: &'a [usize],
    /// Whether the kept sites were open when the trade was observed: each draw then takes out of it
    /// what they add under that draw.
    pub observed_with_kept: bool,
    /// Further plans to value, each with ascending open sites, the kept ones included.
    pub also: &'a [Vec<usize>],
    /// Rules that the plan of every draw obeys; their number of sites then takes the place of `p`.
    pub rules: Option<&'a Rules>,
}

/// A draw without an answer. It is listed and never replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedDraw {
    /// Number of the draw, from 0.
    pub number: usize,
    /// Its values.
    pub draw: Draw,
    /// What was wrong with them.
    pub reason: String,
}

/// A set of sites that is best in one draw at least, or was given, valued in all draws.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Open sites, ascending.
    pub open: Vec<usize>,
    /// Draws in which it was chosen; 0 for a plan that was given and never is.
    pub draws: usize,
    /// Mean over solved draws of the gain beyond what the kept sites add, in the unit of trade.
    pub mean: f64,
    /// 5th percentile of the gain.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// 95th percentile.
    pub high: f64,
    /// Mean of what is lost against the best plan of each draw.
    pub expected_regret: f64,
    /// The largest such loss.
    pub maximal_regret: f64,
}

/// Result of [`robust`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Robust {
    /// Draws solved.
    pub solved: usize,
    /// Draws that were not.
    pub failed: Vec<FailedDraw>,
    /// Share of the solved draws in which each site is chosen; empty when none was solved.
    pub chosen: Vec<f64>,
    /// Distinct plans, the most frequent first, then in order of their sites.
    pub plans: Vec<Plan>,
    /// Position in `plans` of the largest mean gain; the first wins a tie.
    pub best_on_average: Option<usize>,
    /// Position in `plans` of the smallest maximal regret.
    pub least_regret: Option<usize>,
    /// `ties`: draws in which another plan is as good, so that the one counted is one of several.
    /// `open`: draws whose plan is not proven optimal.
    pub notes: Vec<Note>,
}

/// Choose offices once for each draw, and value every plan found in all draws.
///
/// ```text
/// S_d = argmax_S G_d(S),   G_d(S) = Σ_k max_{j∈S} X_k (exp(β_d s_d(d_kj)) - 1)
/// gain_d(S) = G_d(S) - G_d(Kept)
/// chosen_j = #{d : j ∈ S_d} / D,   regret_d(S) = max_{d'} G_d(S_d') - G_d(S)
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | X_k, d_kj, p | [`Question`] | regions; regions × sites | money; km or hours |
/// | β_d, s_d | `draws` | D | log points |
/// | chosen_j | [`Robust::chosen`] | sites | 0 to 1 |
/// | G_d(S), regret_d(S) | [`Plan`] | | money |
///
/// # Assumptions
///
/// Those of [`best_office`] and [`p_median::solve`]. Only β and the reach vary: trade and distances
/// are taken as known. The plan best on average is the best *among the plans that are optimal in
/// some draw*; a compromise that is nowhere optimal is not found.
///
/// # Result
///
/// The same bytes for any number of threads. Percentiles interpolate linearly between order
/// statistics (type 7 of Hyndman and Fan 1996).
///
/// # Errors
///
/// [`RuleError::Input`] for no draws, and for what [`best_office`], [`Instance`] and
/// [`p_median::solve`] refuse whatever the draw; any [`RuleError`] for rules that no plan obeys. A β below 0 or a reach that is not positive fails that draw only.
///
/// # Cost
///
/// One p-median question per draw, and D × plans evaluations of O(regions × p), in parallel.
///
/// # Source
///
/// Regret over scenarios: Snyder 2006, "Facility location under uncertainty: a review", IIE
/// Transactions 38, 547-564.
///
/// # Example
///
/// ```
/// use emporion_model::site::gains::Reach;
/// use emporion_model::site::p_median::Options;
/// use emporion_model::site::robust::{Draw, Question, robust};
/// let question = Question {
///     trade: &[100.0, 90.0, 40.0],
///     distances: &[0.0, 300.0, 600.0, 300.0, 0.0, 300.0, 600.0, 300.0, 0.0],
///     sites: 3,
///     p: 1,
///     kept: &[],
///     forbidden: &[],
///     observed_with_kept: false,
///     also: &[],
///     rules: None,
/// };
/// let draws = [10.0, 300.0, 400.0, 500.0]
///     .map(|scale| Draw { beta: 0.2, reach: Reach::Decay { scale } });
/// let answer = robust(&question, &draws, &Options::default())?;
/// // An office that helps at its door only goes where trade is largest, else to the middle.
/// assert_eq!(answer.chosen, [0.25, 0.75, 0.0]);
/// assert_eq!(answer.plans[answer.best_on_average.unwrap()].open, [1]);
/// # Ok::<(), emporion_model::site::rules::RuleError>(())
/// ```
pub fn robust(
    question: &Question<'_>,
    draws: &[Draw],
    options: &Options,
) -> Result<Robust, RuleError> {
    if draws.is_empty() {
        return Err(no_draws().into());
    }
    p_median::check_options(options)?;
    // What is wrong in every draw is refused once: a reach of nothing shows it.
    let nothing = Draw { beta: 0.0, reach: Reach::Radius { radius: 1.0 } };
    let instance = question.instance(&question.gains(&nothing)?)?;
    match question.rules {
        None => instance.check_p(question.p)?,
        Some(rules) => {
            let system = System::new(&instance, rules)?;
            if !system.has_plan(instance.states()) {
                return Err(RuleError::NoPlan { rules: system.culprits(instance.states()) });
            }
        }
    }
    let found: Vec<Result<Chosen, RuleError>> =
        draws.par_iter().map(|draw| question.choose(draw, options)).collect();
    let (mut failed, mut solved) = (Vec::new(), Vec::new());
    for (number, (result, draw)) in found.into_iter().zip(draws).enumerate() {
        match result {
            Ok(chosen) => solved.push((number, chosen)),
            Err(error) => {
                failed.push(FailedDraw { number, draw: *draw, reason: error.to_string() });
            }
        }
    }
    let mut counts: BTreeMap<&[usize], usize> = BTreeMap::new();
    solved.iter().for_each(|(_, chosen)| *counts.entry(&chosen.open).or_default() += 1);
    if let Some(at) = (0..question.also.len()).find(|&at| !question.is_plan(&question.also[at])) {
        return Err(InputError::Setting {
            what: format!("further plan {at}"),
            expected: "ascending positions of sites".to_owned(),
            got: format!("{:?}", question.also[at]),
            remedy: "give each open site once, in order".to_owned(),
        }
        .into());
    }
    question.also.iter().for_each(|open| {
        counts.entry(open).or_default();
    });
    let mut distinct: Vec<(&[usize], usize)> = counts.into_iter().collect();
    distinct.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let values: Vec<Vec<f64>> = solved
        .par_iter()
        .map(|(number, _)| {
            let gains = question.gains(&draws[*number]).expect("solved before");
            let kept = gains.total(question.kept);
            distinct.iter().map(|(open, _)| gains.total(open) - kept).collect()
        })
        .collect();
    let best: Vec<f64> = values.iter().map(|row| row.iter().copied().fold(0.0, f64::max)).collect();
    let plans: Vec<Plan> = distinct
        .iter()
        .enumerate()
        .map(|(at, (open, count))| {
            let gains: Vec<f64> = values.iter().map(|row| row[at]).collect();
            valued(open, *count, gains, &best)
        })
        .collect();
    let first = |worth: &dyn Fn(&Plan) -> f64| {
        (0..plans.len()).reduce(|a, b| if worth(&plans[b]) > worth(&plans[a]) { b } else { a })
    };
    Ok(Robust {
        solved: solved.len(),
        failed,
        chosen: shares(question.sites, &plans, solved.len()),
        best_on_average: first(&|plan| plan.mean),
        least_regret: first(&|plan| -plan.maximal_regret),
        plans,
        notes: notes(&solved),
    })
}

/// The plan of a draw.
#[derive(Debug)]
struct Chosen {
    open: Vec<usize>,
    tied: bool,
    proven: bool,
}

impl Question<'_> {
    fn gains(&self, draw: &Draw) -> Result<Gains, InputError> {
        let Draw { beta, reach } = *draw;
        if !self.observed_with_kept {
            return best_office(self.trade, self.distances, self.sites, beta, reach);
        }
        let trade = trade_without(self.trade, self.distances, self.sites, self.kept, beta, reach)?;
        best_office(&trade, self.distances, self.sites, beta, reach)
    }

    fn is_plan(&self, open: &[usize]) -> bool {
        open.windows(2).all(|pair| pair[0] < pair[1]) && open.iter().all(|&j| j < self.sites)
    }

    fn instance(&self, gains: &Gains) -> Result<Instance, InputError> {
        Instance::new(self.trade.len(), self.sites, gains.to_costs())?
            .keep(self.kept)?
            .forbid(self.forbidden)
    }

    fn choose(&self, draw: &Draw, options: &Options) -> Result<Chosen, RuleError> {
        let instance = self.instance(&self.gains(draw)?)?;
        if let Some(rules) = self.rules {
            // Who only counts the choice needs no certificate.
            let options = Options { proof_numbers: 0, ..options.clone() };
            let found = ruled::solve(&instance, rules, &options)?;
            let (open, proven) = (found.plan.open, found.gap == 0.0);
            return Ok(Chosen { open, tied: false, proven });
        }
        let solution = p_median::solve(&instance, self.p, options)?;
        let tied = solution.notes.iter().any(|note| note.code == "ties");
        Ok(Chosen { open: solution.open, tied, proven: solution.gap == 0.0 })
    }
}

fn valued(open: &[usize], draws: usize, gains: Vec<f64>, best: &[f64]) -> Plan {
    let n = gains.len() as f64;
    let regret: Vec<f64> = best.iter().zip(&gains).map(|(best, gain)| best - gain).collect();
    let mean = gains.iter().sum::<f64>() / n;
    let mut sorted = gains;
    sorted.sort_unstable_by(f64::total_cmp);
    Plan {
        open: open.to_vec(),
        draws,
        mean,
        low: quantile(&sorted, 0.05),
        median: quantile(&sorted, 0.5),
        high: quantile(&sorted, 0.95),
        expected_regret: regret.iter().sum::<f64>() / n,
        maximal_regret: regret.iter().copied().fold(0.0, f64::max),
    }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

fn shares(sites: usize, plans: &[Plan], solved: usize) -> Vec<f64> {
    if solved == 0 {
        return Vec::new();
    }
    let mut counts = vec![0_usize; sites];
    for plan in plans {
        plan.open.iter().for_each(|&j| counts[j] += plan.draws);
    }
    counts.iter().map(|count| *count as f64 / solved as f64).collect()
}

fn notes(solved: &[(usize, Chosen)]) -> Vec<Note> {
    let with = |which: &dyn Fn(&Chosen) -> bool| -> Vec<usize> {
        solved.iter().filter(|(_, chosen)| which(chosen)).map(|(number, _)| *number).collect()
    };
    let listed = [
        (
            "ties",
            ["draw has another plan that is as good", "draws have another plan that is as good"],
            with(&|chosen| chosen.tied),
        ),
        (
            "open",
            [
                "draw has a plan that is not proven optimal",
                "draws have a plan that is not proven optimal",
            ],
            with(&|chosen| !chosen.proven),
        ),
    ];
    rejection::notes(listed)
}
