//! What is not known about a scenario, carried through to every outcome by repeated draws.

use faer::Mat;
use rayon::prelude::*;
use serde::Serialize;

use super::jacobian::Factors;
use super::joint::{Sample, sample};
use super::measured::Outcome;
use super::newton::{Method, NEARBY_TO, Rules};
use super::one_sector::{Equilibrium, OneSectorOptions, one_sector};
use super::uncertain::Uncertain;
use super::world::{Measured, Solved, World};
use crate::outcome::{InputError, Status};
use crate::panel::SquareFlows;

/// Settings of [`draws`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DrawOptions {
    /// Number of draws. Default 1000: the ends of a 95 percent interval then rest on 25 draws each.
    pub n: usize,
    /// Seed: the same seed gives the same draws, in any number of threads. Default 1.
    pub seed: u64,
    /// Share of the draws inside the interval. Default 0.95.
    pub level: f64,
    /// Exporters whose lost markets are accounted for in every draw. Default none.
    pub accounts: Vec<ClosedMarkets>,
    /// Whether every draw is kept in the result. Default no.
    pub keep: bool,
}

impl Default for DrawOptions {
    fn default() -> Self {
        Self { n: 1000, seed: 1, level: 0.95, accounts: Vec::new(), keep: false }
    }
}

/// An exporter and the markets it loses, as in [`diversion`](fn@super::diversion).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedMarkets {
    /// Who sells: position from 0.
    pub exporter: usize,
    /// M, the markets.
    pub markets: Vec<usize>,
}

impl ClosedMarkets {
    /// rho_j from s_ij before and now: as the quantity shares of a diversion account.
    pub(crate) fn shares(&self, before: &[f64], now: &[f64]) -> Vec<f64> {
        let change = |j: usize| now[j] - before[j];
        let lost = -self.markets.iter().map(|&j| change(j)).sum::<f64>();
        let share = |j: usize| match (self.markets.contains(&j), lost == 0.0) {
            (true, _) => 0.0,
            (false, true) => f64::NAN,
            (false, false) => change(j) / lost,
        };
        (0..now.len()).map(share).collect()
    }
}

/// The distribution of one number for each place.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// At the central coefficients and the central theta.
    pub central: Vec<f64>,
    /// Mean of the solved draws.
    pub mean: Vec<f64>,
    /// Standard deviation of the solved draws (divisor n - 1; NaN for fewer than two).
    pub sd: Vec<f64>,
    /// Lower end of the interval: the quantile (1 - level) / 2.
    pub low: Vec<f64>,
    /// Upper end: the quantile (1 + level) / 2.
    pub high: Vec<f64>,
}

/// The quantity shares of one account of closed markets.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountSpread {
    /// The exporter and the markets.
    pub account: ClosedMarkets,
    /// rho_ij for each place j; the exporter's own is what turns home.
    pub quantity_shares: Spread,
    /// Their sum over third markets: one number.
    pub quantity_share_abroad: Spread,
    /// Five numbers: shares of the lost value that are redirected abroad, turned home and destroyed;
    /// the value lost; what the exporter's goods lose in buying power.
    pub values: Spread,
    /// For each closed market, the share of the loss there that each seller replaces.
    pub fill: Vec<Spread>,
}

/// A draw that could not be solved. It is counted and never replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedDraw {
    /// Number of the draw, from 0.
    pub number: usize,
    /// Coefficient of each effect.
    pub coefficients: Vec<f64>,
    /// theta.
    pub elasticity: f64,
    /// How it ended. [`Status::Infeasible`]: proven that it has no solution.
    /// [`Status::NotIdentified`]: a shock beyond the largest that is a number.
    pub status: Status,
}

/// One solved draw, kept on request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptDraw {
    /// Number of the draw, from 0.
    pub number: usize,
    /// Coefficient of each effect.
    pub coefficients: Vec<f64>,
    /// theta.
    pub elasticity: f64,
    /// For each of [`Outcome::ALL`], one number for each place.
    pub outcomes: Vec<Vec<f64>>,
    /// For each account, the quantity share of each place.
    pub quantity_shares: Vec<Vec<f64>>,
}

/// Result of [`draws`].
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draws {
    /// The settings used.
    pub options: DrawOptions,
    /// The world at the central coefficients and theta. When it has no solution nothing is drawn, and
    /// its status and notes say why.
    pub central: Equilibrium,
    /// Coefficient of each effect in it.
    pub central_coefficients: Vec<f64>,
    /// How many draws were solved.
    pub solved: usize,
    /// Those that were not.
    pub failed: Vec<FailedDraw>,
    /// Largest market-clearing residual of a solved draw.
    pub worst_residual: f64,
    /// Newton steps of all solved draws together.
    pub iterations: usize,
    /// One for each of [`Outcome::ALL`]; empty when the central world has no solution.
    pub outcomes: Vec<(Outcome, Spread)>,
    /// One for each account asked for.
    pub accounts: Vec<AccountSpread>,
    /// Every solved draw, when asked for.
    pub kept: Vec<KeptDraw>,
}

impl Draws {
    /// The distribution of one outcome.
    ///
    /// # Panics
    ///
    /// When the central world has no solution, so that there are no outcomes.
    pub fn outcome(&self, outcome: Outcome) -> &Spread {
        let found = self.outcomes.iter().find(|(kind, _)| *kind == outcome);
        &found.expect("every outcome is there when the central world is solved").1
    }
}

/// Solves the scenario once for each draw of its coefficients and of theta.
///
/// ```text
/// c^(d) ~ N(m, V) and the given ranges,  theta^(d) from its own,  d = 1..n
/// outcome^(d) = outcome( fixed + sum_k c_k^(d) z_k, theta^(d) )
/// ```
///
/// # Notation
///
/// That of [`uncertain`](super::uncertain).
///
/// # Assumptions
///
/// Estimated coefficients are drawn together, not one by one: their errors are correlated. Draw d of
/// a seed depends on the seed and on d alone. What the data themselves leave open (errors in flows, in
/// own trade) is not drawn.
///
/// # Result
///
/// [`Draws`]. A draw that has no solution is listed with its coefficients, counted, and left out of
/// means and quantiles; it is never replaced by another, which would bend the distribution towards
/// what is easy to solve. Quantiles interpolate linearly between order statistics.
///
/// # Errors
///
/// [`InputError`] as [`one_sector`] and [`Uncertain::check`]; no draws; a level outside (0, 1);
/// accounts that name no market, the exporter itself, a place twice or one that is not there.
/// `options.elasticity` is not used: theta is in the scenario.
///
/// # Cost
///
/// Each draw starts from the central wages and takes the central Jacobian's factors as
/// preconditioner: three or four Newton steps of a few products with the matrix of trade each, O(N²).
/// A draw for which that fails is solved from the baseline as [`one_sector`] does.
///
/// # Source
///
/// Krinsky and Robb (1986), "On Approximating the Statistical Properties of Elasticities", Review of
/// Economics and Statistics 68(4).
///
/// # Example
///
/// An agreement whose effect was estimated as 0.5 with a standard error of 0.1:
///
/// ```
/// use emporion_model::panel::SquareFlows;
/// use emporion_model::simulate::*;
///
/// let flows = SquareFlows::new(2, vec![90.0, 10.0, 10.0, 90.0]).unwrap();
/// let both = [(0, 1), (1, 0)].map(|(origin, destination)| {
///     Loading { origin, destination, loading: 1.0 }
/// });
/// let scenario = Uncertain {
///     fixed: Shocks::none(2),
///     effects: vec![Effect {
///         name: "agreement".into(),
///         coefficient: Coefficient::Estimated(0),
///         loadings: both.to_vec(),
///         per_theta: false,
///     }],
///     estimated: JointNormal { mean: vec![0.5], covariance: vec![0.01] },
///     elasticity: Elasticity::Fixed(4.0),
/// };
/// let few = DrawOptions { n: 200, ..DrawOptions::default() };
/// let found = draws(&flows, &scenario, &OneSectorOptions::default(), &few).unwrap();
/// let welfare = found.outcome(Outcome::Welfare);
/// assert_eq!(found.solved, 200);
/// assert!(welfare.low[0] < welfare.central[0] && welfare.central[0] < welfare.high[0]);
/// ```
pub fn draws(
    flows: &SquareFlows,
    scenario: &Uncertain,
    options: &OneSectorOptions,
    draw: &DrawOptions,
) -> Result<Draws, InputError> {
    let root = check(flows, scenario, draw)?;
    let theta = scenario.elasticity.central();
    let options = OneSectorOptions { elasticity: theta, ..options.clone() };
    let coefficients = scenario.central();
    let central = one_sector(flows, &scenario.shocks(&coefficients, theta)?, &options)?;
    let mut result = Draws {
        options: draw.clone(),
        central,
        central_coefficients: coefficients,
        solved: 0,
        failed: Vec::new(),
        worst_residual: 0.0,
        iterations: 0,
        outcomes: Vec::new(),
        accounts: Vec::new(),
        kept: Vec::new(),
    };
    if result.central.status != Status::Converged {
        return Ok(result);
    }
    let Some(world) = World::new(flows, scenario, &options, &draw.accounts)? else {
        return Ok(result);
    };
    let middle = match world.solve(&result.central_coefficients, theta, None) {
        Ok(middle) => middle,
        Err(status) => {
            result.central.status = status;
            return Ok(result);
        }
    };
    let factors = factors(&world, &middle, &options);
    let rules = Rules { nearby: factors.as_ref(), method: Method::Automatic, ..options.rules() };
    let chosen: Vec<_> = scenario.effects.iter().map(|effect| effect.coefficient).collect();
    let found: Vec<(Sample, Result<Drawn, Status>)> = (0..draw.n)
        .into_par_iter()
        .map(|number| {
            let (known, theta) = (&scenario.estimated, std::slice::from_ref(&scenario.elasticity));
            let sample = sample(&chosen, known, theta, &root, draw.seed, number);
            let solved = world
                .solve(&sample.coefficients, sample.elasticities[0], Some((&middle, rules)))
                .map(|solved| Drawn {
                    residual: solved.world.state.residual(),
                    iterations: solved.world.iterations,
                    measured: world.measure(&solved),
                });
            let solved =
                solved.map_err(|status| reason(flows, scenario, &options, &sample, status));
            (sample, solved)
        })
        .collect();
    gather(&mut result, found, &world.measure(&middle));
    Ok(result)
}

struct Drawn {
    residual: f64,
    iterations: usize,
    measured: Measured,
}

/// Why a draw has no solution: [`one_sector`] can prove that there is none.
fn reason(
    flows: &SquareFlows,
    scenario: &Uncertain,
    options: &OneSectorOptions,
    sample: &Sample,
    status: Status,
) -> Status {
    let options = OneSectorOptions { elasticity: sample.elasticities[0], ..options.clone() };
    let shocks = scenario.shocks(&sample.coefficients, sample.elasticities[0]);
    let world = shocks.and_then(|shocks| one_sector(flows, &shocks, &options));
    match world {
        Ok(world) if world.status == Status::Infeasible => Status::Infeasible,
        _ => status,
    }
}

/// Factors of the central Jacobian; not for worlds too large to hold them beside the matrices of
/// every thread.
fn factors(world: &World, middle: &Solved, options: &OneSectorOptions) -> Option<Factors> {
    let market = world.market(&middle.shocks, middle.theta);
    let wanted = options.method == Method::Factorised || market.n <= NEARBY_TO;
    wanted.then(|| Factors::new(&market, &middle.world.kernel, &middle.world.state))
}

fn gather(result: &mut Draws, found: Vec<(Sample, Result<Drawn, Status>)>, central: &Measured) {
    let mut solved: Vec<(usize, Sample, Measured)> = Vec::new();
    for (number, (sample, drawn)) in found.into_iter().enumerate() {
        match drawn {
            Ok(drawn) => {
                result.worst_residual = result.worst_residual.max(drawn.residual);
                result.iterations += drawn.iterations;
                solved.push((number, sample, drawn.measured));
            }
            Err(status) => result.failed.push(FailedDraw {
                number,
                coefficients: sample.coefficients,
                elasticity: sample.elasticities[0],
                status,
            }),
        }
    }
    result.solved = solved.len();
    let level = result.options.level;
    let over = |of: &dyn for<'a> Fn(&'a Measured) -> &'a [f64]| {
        let rows: Vec<&[f64]> = solved.iter().map(|s| of(&s.2)).collect();
        spread(of(central), &rows, level)
    };
    result.outcomes = Outcome::ALL
        .iter()
        .enumerate()
        .map(|(k, &kind)| (kind, over(&|measured| &measured.hats[k])))
        .collect();
    result.accounts = result
        .options
        .accounts
        .iter()
        .enumerate()
        .map(|(a, account)| {
            let abroad = |shares: &[f64]| -> Vec<f64> {
                let third = (0..shares.len()).filter(|&j| j != account.exporter);
                vec![third.map(|j| shares[j]).sum()]
            };
            let rows: Vec<&[f64]> = solved.iter().map(|s| s.2.shares[a].as_slice()).collect();
            let sums: Vec<Vec<f64>> = rows.iter().map(|row| abroad(row)).collect();
            let sums: Vec<&[f64]> = sums.iter().map(Vec::as_slice).collect();
            AccountSpread {
                account: account.clone(),
                quantity_shares: over(&|m| &m.shares[a]),
                quantity_share_abroad: spread(&abroad(&central.shares[a]), &sums, level),
                values: over(&|m| &m.values[a].totals),
                fill: (0..account.markets.len()).map(|k| over(&|m| &m.values[a].fill[k])).collect(),
            }
        })
        .collect();
    if result.options.keep {
        result.kept = solved
            .into_iter()
            .map(|(number, sample, measured)| KeptDraw {
                number,
                coefficients: sample.coefficients,
                elasticity: sample.elasticities[0],
                outcomes: measured.hats.into(),
                quantity_shares: measured.shares,
            })
            .collect();
    }
}

/// Mean, standard deviation and quantiles of each column.
pub(super) fn spread(central: &[f64], rows: &[&[f64]], level: f64) -> Spread {
    let n = rows.len() as f64;
    let mut result = Spread {
        central: central.to_vec(),
        mean: Vec::new(),
        sd: Vec::new(),
        low: Vec::new(),
        high: Vec::new(),
    };
    for j in 0..central.len() {
        let mut column: Vec<f64> = rows.iter().map(|row| row[j]).collect();
        // In deviations from the centre: hats differ in their later digits.
        let shift: f64 = column.iter().map(|v| v - central[j]).sum::<f64>() / n;
        let mean = central[j] + shift;
        let squares: f64 = column.iter().map(|v| (v - mean).powi(2)).sum();
        result.mean.push(mean);
        result.sd.push(if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { f64::NAN });
        column.sort_unstable_by(f64::total_cmp);
        result.low.push(quantile(&column, 0.5 * (1.0 - level)));
        result.high.push(quantile(&column, 0.5 * (1.0 + level)));
    }
    result
}

/// Type 7 of Hyndman and Fan (1996), the default of R and numpy.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = share * last as f64;
    let low = (at.floor() as usize).min(last);
    let high = (low + 1).min(last);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

pub(super) fn check(
    flows: &SquareFlows,
    scenario: &Uncertain,
    draw: &DrawOptions,
) -> Result<Mat<f64>, InputError> {
    if scenario.fixed.n() != flows.n {
        return Err(InputError::Length {
            what: "places in the shocks".into(),
            expected: flows.n,
            got: scenario.fixed.n(),
        });
    }
    scenario.check()?;
    check_settings(draw)?;
    for account in &draw.accounts {
        super::diversion::check_places(flows.n, account.exporter, &account.markets)?;
    }
    scenario.estimated.root()
}

/// Number of draws and level.
pub(super) fn check_settings(draw: &DrawOptions) -> Result<(), InputError> {
    let refuse = |what: &str, expected: &str, got: String, remedy: &str| InputError::Setting {
        what: what.into(),
        expected: expected.into(),
        got,
        remedy: remedy.into(),
    };
    if draw.n == 0 {
        return Err(refuse("draws", "at least 1", "0".into(), "1000 is the default"));
    }
    if !(draw.level > 0.0 && draw.level < 1.0) {
        let got = draw.level.to_string();
        return Err(refuse("level", "a number between 0 and 1", got, "0.95 is the default"));
    }
    Ok(())
}
