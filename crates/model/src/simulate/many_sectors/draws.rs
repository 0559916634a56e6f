//! What is not known about a scenario of many sectors, carried through to every outcome.

use rayon::prelude::*;
use serde::Serialize;

use super::super::draws::{DrawOptions, Spread, check_settings, spread};
use super::super::joint::{Sample, sample};
use super::diversion::{SectorDiversion, many_sector_diversion};
use super::equilibrium::{Baseline, ManySectorEquilibrium, ManySectorOptions, many_sectors};
use super::uncertain::{ManySectorScenario, SectorEffect};
use super::world::ManySectors;
use crate::outcome::{InputError, Status};

/// An outcome of each place, as a change relative to the baseline (0.01 for one percent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ManySectorOutcome {
    /// I_hat / P_hat - 1, exact.
    Welfare,
    /// The first-order approximation of the change of welfare.
    FirstOrderWelfare,
    /// Its part by prices of exports and imports.
    TermsOfTrade,
    /// Its part by tariff revenue on quantities.
    VolumeOfTrade,
    /// Its part by costs and productivity.
    Technical,
    /// w_hat / P_hat - 1.
    RealWage,
    /// Foreign sales.
    Exports,
    /// Foreign purchases.
    Imports,
    /// w_hat - 1.
    Wage,
    /// P_hat - 1.
    PriceIndex,
}

impl ManySectorOutcome {
    /// All of them, in the order of results.
    pub const ALL: [Self; 10] = [
        Self::Welfare,
        Self::FirstOrderWelfare,
        Self::TermsOfTrade,
        Self::VolumeOfTrade,
        Self::Technical,
        Self::RealWage,
        Self::Exports,
        Self::Imports,
        Self::Wage,
        Self::PriceIndex,
    ];

    /// This outcome of every place in a solved world.
    #[must_use]
    pub fn of(self, world: &ManySectorEquilibrium) -> Vec<f64> {
        let first = &world.first_order;
        let change = |hats: &[f64]| hats.iter().map(|hat| hat - 1.0).collect();
        match self {
            Self::Welfare => change(&world.welfare_exact_hat),
            Self::FirstOrderWelfare => first.welfare.clone(),
            Self::TermsOfTrade => first.terms_of_trade.clone(),
            Self::VolumeOfTrade => first.volume_of_trade.clone(),
            Self::Technical => first.technical.clone(),
            Self::RealWage => change(&world.real_wage_hat),
            Self::Exports => change(&world.exports_hat),
            Self::Imports => change(&world.imports_hat),
            Self::Wage => change(&world.wage_hat),
            Self::PriceIndex => change(&world.price_index_hat),
        }
    }
}

/// An exporter, the markets it loses, and the sectors in which it loses them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClosedSectors {
    /// i: position from 0.
    pub exporter: usize,
    /// The markets, ascending.
    pub markets: Vec<usize>,
    /// The sectors, ascending.
    pub sectors: Vec<usize>,
}

/// The distribution of an account over all its sectors.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClosedSectorsSpread {
    /// Exporter, markets and sectors.
    pub account: ClosedSectors,
    /// Share of the lost quantity that goes to each place; the exporter's own is what turns home.
    pub quantity_shares: Spread,
    /// Shares of the lost quantity that are redirected, turned home, destroyed: three numbers.
    pub split: Spread,
    /// All sectors together, then each of the account's: seven numbers. Shares of the lost quantity
    /// redirected, turned home and destroyed; the same of the lost value; the value lost.
    pub lines: Vec<Spread>,
    /// What each seller takes of the loss in a closed market and sector, in the order of
    /// [`ManySectorDiversion::fill`](super::diversion::ManySectorDiversion::fill).
    pub fill: Vec<Spread>,
}

/// A draw that could not be solved. It is counted and never replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorFailedDraw {
    /// Number of the draw, from 0.
    pub number: usize,
    /// Coefficient of each effect.
    pub coefficients: Vec<f64>,
    /// theta^j: one for all sectors, or one for each.
    pub elasticities: Vec<f64>,
    /// How it ended. [`Status::Infeasible`]: proven that it has no solution.
    /// [`Status::NotIdentified`]: a shock that is not a number.
    pub status: Status,
}

/// Result of [`many_sector_draws`].
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorDraws {
    /// The settings used.
    pub options: DrawOptions,
    /// The world at the central coefficients and elasticities. When it has no solution nothing is
    /// drawn, and its status and notes say why.
    pub central: ManySectorEquilibrium,
    /// Coefficient of each effect in it.
    pub central_coefficients: Vec<f64>,
    /// How many draws were solved.
    pub solved: usize,
    /// Those that were not.
    pub failed: Vec<ManySectorFailedDraw>,
    /// Largest residual of a solved draw.
    pub worst_residual: f64,
    /// Newton steps of all solved draws together.
    pub iterations: usize,
    /// One for each of [`ManySectorOutcome::ALL`]; empty when the central world has no solution.
    pub outcomes: Vec<(ManySectorOutcome, Spread)>,
    /// One for each account asked for.
    pub accounts: Vec<ClosedSectorsSpread>,
}

impl ManySectorDraws {
    /// The distribution of one outcome; `None` when the central world has no solution.
    #[must_use]
    pub fn outcome(&self, outcome: ManySectorOutcome) -> Option<&Spread> {
        self.outcomes.iter().find(|(kind, _)| *kind == outcome).map(|(_, spread)| spread)
    }
}

/// Solves a scenario of many sectors once for each draw of its coefficients and elasticities.
///
/// ```text
/// c^(d) ~ N(m, V) and the given ranges,  theta^(d) from its own,  d = 1..n
/// outcome^(d) = outcome( fixed, c^(d), theta^(d) )
/// ```
///
/// # Notation
///
/// That of [`ManySectorScenario`]; `accounts` are the closed markets whose account is drawn too.
///
/// # Assumptions
///
/// Those of [`draws`](fn@super::super::draws::draws): estimated coefficients are drawn together, draw
/// d of a seed depends on the seed and on d alone, and what the data leave open is not drawn. A draw
/// of theta moves the baseline too when the data are not an equilibrium of the model: each draw is
/// then measured against its own.
///
/// # Result
///
/// [`ManySectorDraws`], the same for any number of threads. A draw without a solution is listed,
/// counted and left out of means and quantiles; it is never replaced.
///
/// # Errors
///
/// [`InputError`] as [`many_sectors`], [`ManySectorScenario::check`] and [`many_sector_diversion`]; no
/// draws; a level outside (0, 1). `draw.accounts` and `draw.keep` belong to one sector and must be
/// left at their defaults.
///
/// # Cost
///
/// Each draw is a whole solution; the baseline is solved once when no elasticity is drawn. A thread
/// holds about ten arrays of J N².
///
/// # Example
///
/// A cost that falls by somewhere between none and ten percent:
///
/// ```
/// use emporion_model::simulate::*;
/// let world = ManySectors::new(&ManySectorsData {
///     places: 2,
///     sectors: 1,
///     trade: vec![80.0, 20.0, 20.0, 80.0],
///     tariffs: vec![0.0; 4],
///     value_added_shares: vec![0.5; 2],
///     input_shares: vec![0.5; 2],
///     elasticities: vec![4.0],
///     final_shares: None,
/// }).unwrap();
/// let scenario = ManySectorScenario {
///     fixed: ManySectorShock::none(&world),
///     effects: vec![SectorEffect {
///         name: "cheaper freight".into(),
///         coefficient: Coefficient::Given(Range::Uniform { low: -0.1, high: 0.0 }),
///         loadings: vec![SectorLoading { sector: 0, origin: 0, destination: 1, loading: 1.0 }],
///         per_theta: true,
///     }],
///     estimated: JointNormal::default(),
///     elasticities: SectorElasticities::Common(Elasticity::Fixed(4.0)),
/// };
/// let options = ManySectorOptions::default();
/// let few = DrawOptions { n: 100, ..DrawOptions::default() };
/// let found = many_sector_draws(&world, &scenario, &options, &few, &[]).unwrap();
/// let welfare = found.outcome(ManySectorOutcome::Welfare).unwrap();
/// assert!(found.solved == 100 && welfare.low[1] > 0.0 && welfare.low[1] < welfare.high[1]);
/// ```
pub fn many_sector_draws(
    world: &ManySectors,
    scenario: &ManySectorScenario,
    options: &ManySectorOptions,
    draw: &DrawOptions,
    accounts: &[ClosedSectors],
) -> Result<ManySectorDraws, InputError> {
    check_settings(draw)?;
    if !draw.accounts.is_empty() || draw.keep {
        return Err(InputError::Setting {
            what: "draws of many sectors".into(),
            expected: "no accounts and no kept draws among the settings".into(),
            got: "settings of one sector".into(),
            remedy: "give accounts with their sectors as the last argument".into(),
        });
    }
    scenario.check(world)?;
    let root = scenario.estimated.root()?;
    let coefficients = scenario.central();
    let theta = scenario.elasticities.central(world.sectors());
    let world = world.with_elasticities(&theta)?;
    let central = many_sectors(&world, &scenario.shock(&coefficients, &theta)?, options)?;
    let mut result = ManySectorDraws {
        options: draw.clone(),
        central,
        central_coefficients: coefficients,
        solved: 0,
        failed: Vec::new(),
        worst_residual: 0.0,
        iterations: 0,
        outcomes: Vec::new(),
        accounts: Vec::new(),
    };
    if result.central.status != Status::Converged {
        return Ok(result);
    }
    let middle = measure(&result.central, accounts)?;
    let baseline =
        if scenario.elasticities.known() { Baseline::solve(&world, options)?.ok() } else { None };
    let chosen: Vec<_> = scenario.effects.iter().map(|e: &SectorEffect| e.coefficient).collect();
    let one = |sample: &Sample| -> Result<Drawn, Status> {
        let theta = match &sample.elasticities[..] {
            [theta] => vec![*theta; world.sectors()],
            many => many.to_vec(),
        };
        let not_a_number = |_: InputError| Status::NotIdentified;
        let shock = scenario.shock(&sample.coefficients, &theta).map_err(not_a_number)?;
        let solved = match &baseline {
            Some(baseline) => baseline.counterfactual(&shock, options),
            None => {
                let world = world.with_elasticities(&theta).map_err(not_a_number)?;
                many_sectors(&world, &shock, options)
            }
        };
        let solved = solved.map_err(not_a_number)?;
        match solved.status {
            Status::Converged => measure(&solved, accounts).map_err(not_a_number),
            other => Err(other),
        }
    };
    let found: Vec<(Sample, Result<Drawn, Status>)> = (0..draw.n)
        .into_par_iter()
        .map(|number| {
            let thetas = scenario.elasticities.each();
            let sample = sample(&chosen, &scenario.estimated, thetas, &root, draw.seed, number);
            let solved = one(&sample);
            (sample, solved)
        })
        .collect();
    gather(&mut result, found, &middle, accounts);
    Ok(result)
}

/// What is kept of a solved draw.
struct Drawn {
    residual: f64,
    iterations: usize,
    outcomes: Vec<Vec<f64>>,
    accounts: Vec<DrawnAccount>,
}

struct DrawnAccount {
    quantity_shares: Vec<f64>,
    lines: Vec<[f64; 7]>,
    fill: Vec<Vec<f64>>,
}

fn line(of: &SectorDiversion) -> [f64; 7] {
    [
        of.quantity_share_abroad,
        of.quantity_share_home,
        of.quantity_share_destroyed,
        of.value_share_abroad,
        of.value_share_home,
        of.value_share_destroyed,
        of.lost,
    ]
}

fn measure(world: &ManySectorEquilibrium, accounts: &[ClosedSectors]) -> Result<Drawn, InputError> {
    let account = |one: &ClosedSectors| {
        let found = many_sector_diversion(world, one.exporter, &one.markets, &one.sectors)?;
        Ok(DrawnAccount {
            lines: std::iter::once(&found.total).chain(&found.sectors).map(line).collect(),
            fill: found.fill.into_iter().map(|fill| fill.shares).collect(),
            quantity_shares: found.total.quantity_shares,
        })
    };
    Ok(Drawn {
        residual: world.residual,
        iterations: world.iterations,
        outcomes: ManySectorOutcome::ALL.iter().map(|outcome| outcome.of(world)).collect(),
        accounts: accounts.iter().map(account).collect::<Result<_, InputError>>()?,
    })
}

fn gather(
    result: &mut ManySectorDraws,
    found: Vec<(Sample, Result<Drawn, Status>)>,
    central: &Drawn,
    accounts: &[ClosedSectors],
) {
    let mut solved = Vec::new();
    for (number, (sample, drawn)) in found.into_iter().enumerate() {
        match drawn {
            Ok(drawn) => {
                result.worst_residual = result.worst_residual.max(drawn.residual);
                result.iterations += drawn.iterations;
                solved.push(drawn);
            }
            Err(status) => result.failed.push(ManySectorFailedDraw {
                number,
                coefficients: sample.coefficients,
                elasticities: sample.elasticities,
                status,
            }),
        }
    }
    result.solved = solved.len();
    let level = result.options.level;
    let over = |of: &dyn for<'a> Fn(&'a Drawn) -> &'a [f64]| {
        let rows: Vec<&[f64]> = solved.iter().map(of).collect();
        spread(of(central), &rows, level)
    };
    result.outcomes = ManySectorOutcome::ALL
        .iter()
        .enumerate()
        .map(|(k, &kind)| (kind, over(&|drawn| &drawn.outcomes[k])))
        .collect();
    result.accounts = accounts
        .iter()
        .enumerate()
        .map(|(a, account)| ClosedSectorsSpread {
            account: account.clone(),
            quantity_shares: over(&|drawn| &drawn.accounts[a].quantity_shares),
            split: over(&|drawn| &drawn.accounts[a].lines[0][..3]),
            lines: (0..central.accounts[a].lines.len())
                .map(|k| over(&|drawn| &drawn.accounts[a].lines[k]))
                .collect(),
            fill: (0..central.accounts[a].fill.len())
                .map(|k| over(&|drawn| &drawn.accounts[a].fill[k]))
                .collect(),
        })
        .collect();
}
