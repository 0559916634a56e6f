//! Standard errors of a scenario of many sectors without draws: the implicit function theorem.

use serde::Serialize;

use super::super::delta::{Linear, covariance, linear};
use super::clearing::{Market, State};
use super::diversion::many_sector_diversion;
use super::draws::{ClosedSectors, ManySectorOutcome};
use super::equilibrium::{Baseline, ManySectorEquilibrium, ManySectorOptions, many_sectors};
use super::feasible::{Prepared, prepare};
use super::shock::ManySectorShock;
use super::slopes::Slopes;
use super::uncertain::ManySectorScenario;
use super::world::ManySectors;
use crate::outcome::{InputError, Status};
use crate::simulate::one_sector::Imbalances;

/// Step of the differences by a parameter at given wages: a coefficient by so much, theta by this part
/// of it. The error is its square times third derivatives, and rounding over it: both about 1e-10.
const STEP: f64 = 1e-5;

/// Result of [`many_sector_delta`].
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorDelta {
    /// The world at the central coefficients and elasticities; without a solution the rest is empty.
    pub central: ManySectorEquilibrium,
    /// One for each of [`ManySectorOutcome::ALL`]. Derivatives are by the coefficient of each effect,
    /// in order, then by each elasticity that is not known.
    pub outcomes: Vec<(ManySectorOutcome, Linear)>,
    /// For each account asked for, the quantity shares by place, and after them the shares redirected,
    /// turned home and destroyed.
    pub accounts: Vec<(ClosedSectors, Linear)>,
}

impl ManySectorDelta {
    /// The first-order uncertainty of one outcome; `None` when the central world has no solution.
    #[must_use]
    pub fn outcome(&self, outcome: ManySectorOutcome) -> Option<&Linear> {
        self.outcomes.iter().find(|(kind, _)| *kind == outcome).map(|(_, linear)| linear)
    }
}

/// Standard errors of every outcome of a scenario of many sectors by the delta method.
///
/// ```text
/// g(x, p) = 0,   dx/dp = -J^(-1) dg/dp,   dy/dp = y_x dx/dp + y_p,   Var y = (dy/dp)' C (dy/dp)
/// ```
///
/// # Notation
///
/// x log wages, g the trade balances, J their Jacobian as the solver factors it; p the coefficient of
/// each effect and each uncertain elasticity, C their covariance. Prices and spending at given wages
/// are solved inside g; dg/dp and dy/dp are central differences along p and (dx, dp).
///
/// # Assumptions
///
/// As [`delta`](fn@super::super::delta::delta): outcomes are nearly linear over the uncertainty.
/// Elasticities by sector are independent. An elasticity moves the baseline too where the data are not
/// an equilibrium of the model.
///
/// # Errors
///
/// As [`many_sector_draws`](super::draws::many_sector_draws).
///
/// # Cost
///
/// One solution, one factorisation, and four evaluations of the world for each parameter; two
/// baselines more for each uncertain elasticity.
///
/// # Example
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
///         coefficient: Coefficient::Given(Range::Normal { mean: -0.05, sd: 0.01 }),
///         loadings: vec![SectorLoading { sector: 0, origin: 0, destination: 1, loading: 1.0 }],
///         per_theta: true,
///     }],
///     estimated: JointNormal::default(),
///     elasticities: SectorElasticities::Common(Elasticity::Fixed(4.0)),
/// };
/// let found = many_sector_delta(&world, &scenario, &ManySectorOptions::default(), &[]).unwrap();
/// let welfare = found.outcome(ManySectorOutcome::Welfare).unwrap();
/// assert!(welfare.derivatives[0][1] < 0.0 && welfare.standard_error[1] > 0.0);
/// ```
pub fn many_sector_delta(
    world: &ManySectors,
    scenario: &ManySectorScenario,
    options: &ManySectorOptions,
    accounts: &[ClosedSectors],
) -> Result<ManySectorDelta, InputError> {
    scenario.check(world)?;
    let coefficients = scenario.central();
    let theta = scenario.elasticities.central(world.sectors());
    let world = world.with_elasticities(&theta)?;
    let shock = scenario.shock(&coefficients, &theta)?;
    let central = many_sectors(&world, &shock, options)?;
    let mut result = ManySectorDelta { central, outcomes: Vec::new(), accounts: Vec::new() };
    if result.central.status != Status::Converged {
        return Ok(result);
    }
    let Ok(baseline) = Baseline::solve(&world, options)? else { return Ok(result) };
    let Some(middle) = Point::new(&baseline, &shock, options) else { return Ok(result) };
    let x: Vec<f64> = result.central.wage_hat.iter().map(|w| w.ln()).collect();
    let Some(state) = middle.state(x.clone(), None) else { return Ok(result) };
    let slopes = middle.slopes(&state);

    let thetas = scenario.elasticities.each();
    let uncertain: Vec<usize> = (0..thetas.len()).filter(|&k| thetas[k].sd() > 0.0).collect();
    let mut moves = Vec::new();
    for parameter in 0..coefficients.len() + uncertain.len() {
        let at = |sign: f64| -> Result<(Vec<f64>, Vec<f64>, f64), InputError> {
            let (mut c, mut t) = (coefficients.clone(), theta.clone());
            let h = match parameter.checked_sub(coefficients.len()) {
                None => STEP,
                Some(k) => STEP * theta[uncertain[k] % theta.len()],
            };
            match parameter.checked_sub(coefficients.len()) {
                None => c[parameter] += sign * h,
                // One theta for all sectors moves all of them.
                Some(_) if thetas.len() == 1 => t.iter_mut().for_each(|t| *t += sign * h),
                Some(k) => t[uncertain[k]] += sign * h,
            }
            Ok((c, t, h))
        };
        let difference =
            |sign: f64| -> Result<Option<(Baseline, ManySectorShock, f64)>, InputError> {
                let (c, t, h) = at(sign)?;
                let Ok(baseline) = Baseline::solve(&world.with_elasticities(&t)?, options)? else {
                    return Ok(None);
                };
                Ok(Some((baseline, scenario.shock(&c, &t)?, h)))
            };
        let (Some(up), Some(down)) = (difference(1.0)?, difference(-1.0)?) else {
            return Ok(result);
        };
        let points = [&up, &down].map(|(base, shock, _)| Point::new(base, shock, options));
        let [Some(above), Some(below)] = &points else { return Ok(result) };
        let h = up.2;
        let gaps = [above, below].map(|point| point.state(x.clone(), Some(&state)));
        let [Some(g_above), Some(g_below)] = &gaps else { return Ok(result) };
        let slope = |a: &[f64], b: &[f64]| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| (a - b) / (2.0 * h)).collect()
        };
        let gap = State {
            gap: slope(&g_above.gap, &g_below.gap),
            numeraire: slope(&g_above.numeraire, &g_below.numeraire),
            ..state.clone()
        };
        let Some(dx) = slopes.direction(&gap) else { return Ok(result) };
        let moved =
            |sign: f64| -> Vec<f64> { x.iter().zip(&dx).map(|(x, d)| x + sign * h * d).collect() };
        let ends = [above.measure(moved(1.0), &state), below.measure(moved(-1.0), &state)];
        let [Some(y_above), Some(y_below)] = ends else { return Ok(result) };
        let (y_above, y_below) = (outcomes(&y_above, accounts)?, outcomes(&y_below, accounts)?);
        moves.push(y_above.iter().zip(&y_below).map(|(a, b)| slope(a, b)).collect::<Vec<_>>());
    }

    let chosen: Vec<_> = scenario.effects.iter().map(|effect| effect.coefficient).collect();
    let unsure: Vec<_> = uncertain.iter().map(|&k| thetas[k].clone()).collect();
    let covariance = covariance(&chosen, &scenario.estimated, &unsure);
    let mut all = outcomes(&result.central, accounts)?
        .into_iter()
        .enumerate()
        .map(|(k, y)| linear(y, moves.iter().map(|by| by[k].clone()).collect(), &covariance));
    result.outcomes = ManySectorOutcome::ALL.into_iter().zip(all.by_ref()).collect();
    result.accounts = accounts.iter().cloned().zip(all).collect();
    Ok(result)
}

/// A baseline, a shock on it, and the equations they make.
struct Point<'a> {
    baseline: &'a Baseline,
    shock: &'a ManySectorShock,
    options: &'a ManySectorOptions,
    prepared: Prepared,
}

impl<'a> Point<'a> {
    fn new(
        baseline: &'a Baseline,
        shock: &'a ManySectorShock,
        options: &'a ManySectorOptions,
    ) -> Option<Self> {
        let multiplicative = options.imbalances == Imbalances::Multiplicative;
        let (world, mut notes) = (&baseline.world, Vec::new());
        let prepared = prepare(world, shock, &world.deficit, multiplicative, &mut notes)?;
        Some(Self { baseline, shock, options, prepared })
    }

    fn market(&self) -> Market<'_> {
        self.prepared.market(&self.baseline.world, self.shock)
    }

    fn state(&self, x: Vec<f64>, near: Option<&State>) -> Option<State> {
        let market = self.market();
        market.evaluate(&market.target(1.0), x, near)
    }

    fn slopes(&self, state: &State) -> Slopes {
        let market = self.market();
        Slopes::new(&market, &market.target(1.0), state)
    }

    fn measure(&self, x: Vec<f64>, near: &State) -> Option<ManySectorEquilibrium> {
        Some(self.baseline.report_at(self.shock, self.options, self.state(x, Some(near))?))
    }
}

/// Every outcome, then every account.
fn outcomes(
    world: &ManySectorEquilibrium,
    accounts: &[ClosedSectors],
) -> Result<Vec<Vec<f64>>, InputError> {
    let mut all: Vec<Vec<f64>> = ManySectorOutcome::ALL.iter().map(|kind| kind.of(world)).collect();
    for one in accounts {
        let total = many_sector_diversion(world, one.exporter, &one.markets, &one.sectors)?.total;
        let mut shares = total.quantity_shares;
        shares.extend([
            total.quantity_share_abroad,
            total.quantity_share_home,
            total.quantity_share_destroyed,
        ]);
        all.push(shares);
    }
    Ok(all)
}
