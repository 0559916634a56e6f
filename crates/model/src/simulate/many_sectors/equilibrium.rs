//! The new equilibrium of a world of many sectors.

use serde::Serialize;

use super::first_order::FirstOrder;
use super::market::{Market, State};
use super::shock::SectorShocks;
use super::solve::{Solved, solve};
use super::world::SectorWorld;
use crate::outcome::{InputError, Note, Status};
use crate::simulate::baseline::{CLAMP, note};
use crate::simulate::blocs::Blocs;

/// What becomes of deficits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SectorDeficits {
    /// D' = D, a fixed share of the world's value added.
    #[default]
    Kept,
    /// The equilibrium with D = 0 is solved first and shocked, as Caliendo and Parro do.
    RemovedFirst,
}

/// Settings of [`many_sectors`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorOptions {
    /// Default kept.
    pub deficits: SectorDeficits,
    /// Largest |imports - exports - D| / (imports + exports). Default 1e-12; one more step follows.
    pub tolerance: f64,
    /// Newton steps in each attempt. Default 100; three to ten are usual.
    pub max_iterations: usize,
}

impl Default for SectorOptions {
    fn default() -> Self {
        Self { deficits: SectorDeficits::Kept, tolerance: 1e-12, max_iterations: 100 }
    }
}

/// The counterfactual world beside its baseline.
///
/// N-vectors are in the order of places, J × N arrays hold sector after sector, J × N × N arrays are
/// `[(sector * n + origin) * n + destination]`. Values are in the unit of the sales; the world's
/// value added is the numeraire.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorEquilibrium {
    /// N.
    pub n: usize,
    /// J.
    pub sectors: usize,
    /// The settings used.
    pub options: SectorOptions,
    /// [`Status::Converged`]: an equilibrium. [`Status::Infeasible`]: none exists, the notes say why,
    /// and every number is NaN. Anything else is not an answer.
    pub status: Status,
    /// Newton steps, baseline included.
    pub iterations: usize,
    /// max_i |imports_i - exports_i - D_i| / (imports_i + exports_i), own trade left out.
    pub residual: f64,
    /// The same of the baseline.
    pub baseline_residual: f64,
    /// w_hat.
    pub wage_hat: Vec<f64>,
    /// P_hat, the price of final spending: prod_j (P_hat^j)^alpha^j.
    pub price_index_hat: Vec<f64>,
    /// w_hat / P_hat.
    pub real_wage_hat: Vec<f64>,
    /// I_hat / P_hat: the exact change of what final spending buys.
    pub welfare_hat: Vec<f64>,
    /// P_hat_n^j, J × N.
    pub sector_price_hat: Vec<f64>,
    /// c_hat_n^j, J × N, change of productivity included.
    pub sector_cost_hat: Vec<f64>,
    /// Foreign sales before tariffs, counterfactual / baseline; NaN where the baseline is zero.
    pub exports_hat: Vec<f64>,
    /// Foreign purchases before tariffs, counterfactual / baseline; NaN where the baseline is zero.
    pub imports_hat: Vec<f64>,
    /// Sales to oneself, counterfactual / baseline; NaN where the baseline is zero.
    pub domestic_sales_hat: Vec<f64>,
    /// I, final spending, of the baseline.
    pub baseline_income: Vec<f64>,
    /// I'.
    pub income: Vec<f64>,
    /// R of the baseline.
    pub baseline_revenue: Vec<f64>,
    /// R'.
    pub revenue: Vec<f64>,
    /// Y of the baseline, J × N.
    pub baseline_output: Vec<f64>,
    /// Y', J × N.
    pub output: Vec<f64>,
    /// M of the baseline, J × N × N.
    pub baseline_trade: Vec<f64>,
    /// M', J × N × N.
    pub trade: Vec<f64>,
    /// Welfare to the first order, split by cause; `None` where a market is closed, since the
    /// logarithm of its trade has no change.
    pub first_order: Option<FirstOrder>,
    /// Advice: what the tables needed, who cannot be solved.
    pub notes: Vec<Note>,
}

/// Solves the equilibrium after `shocks` on `world`.
///
/// ```text
/// c_hat_n^j  = w_hat_n^(gamma_n^j) prod_k (P_hat_n^k)^(gamma_n^{k,j}) / A_hat_n^j
/// P_hat_n^j  = [ sum_i pi_in^j (kappa_hat_in^j c_hat_i^j)^(-theta^j) ]^(-1/theta^j)
/// pi'_in^j   = pi_in^j [ kappa_hat_in^j c_hat_i^j / P_hat_n^j ]^(-theta^j)
/// X'_n^j     = sum_k gamma_n^{j,k} Y'_n^k + alpha_n^j I'_n,   Y'_i^k = sum_n pi'_in^k X'_n^k / tau'_in^k
/// I'_n       = w_hat_n w_n L_n + R'_n + D'_n
/// imports'_n - exports'_n = D'_n,   sum_n w_hat_n w_n L_n = sum_n w_n L_n
/// ```
///
/// # Notation
///
/// kappa_hat = (tau' / tau) d_hat, tau = 1 + t; else that of [`SectorWorld`] and [`SectorShocks`].
///
/// # Assumptions
///
/// Zero sales stay zero. Final shares alpha and production shares gamma do not change (Cobb–Douglas).
/// Deficits kept are fixed in units of the world's value added. When the tables are not an
/// equilibrium (negative final spending, deficits removed), the baseline is solved first and hats are
/// relative to it. Uniqueness is not known in general when tariffs bring revenue.
///
/// # Result
///
/// [`SectorEquilibrium`] with its residual; a status other than converged is not an answer.
///
/// # Errors
///
/// [`InputError`] when shocks belong to a world of another size or the stopping rule is out of range.
///
/// # Cost
///
/// An evaluation takes about a hundred passes over J × N × N and N × J × J numbers, derivatives N
/// times as much; a solution needs one or two sets of derivatives. Memory about eight J × N × N
/// arrays.
///
/// # Source
///
/// Caliendo and Parro (2015), "Estimates of the Trade and Welfare Effects of NAFTA", Review of
/// Economic Studies 82(1), equations 10 to 14 in changes.
///
/// # Example
///
/// Two places, one sector made from labour alone, tariffs of 10 percent removed:
///
/// ```
/// use emporion_model::simulate::{SectorOptions, SectorShocks, SectorWorld, many_sectors};
///
/// let world = SectorWorld::new(
///     2, 1,
///     vec![90.0, 10.0, 10.0, 90.0],
///     vec![0.0, 0.1, 0.1, 0.0],
///     vec![1.0, 1.0], vec![0.0, 0.0],
///     vec![4.0],
/// ).unwrap();
/// let mut shocks = SectorShocks::none(&world);
/// shocks.set_tariff(0, 0, 1, 0.0).unwrap();
/// shocks.set_tariff(0, 1, 0, 0.0).unwrap();
/// let free = many_sectors(&world, &shocks, &SectorOptions::default()).unwrap();
/// assert!(free.welfare_hat[0] > 1.0 && free.revenue[0] == 0.0);
/// ```
pub fn many_sectors(
    world: &SectorWorld,
    shocks: &SectorShocks,
    options: &SectorOptions,
) -> Result<SectorEquilibrium, InputError> {
    check(world, shocks, options)?;
    let mut notes = world.notes.clone();
    let deficit = match options.deficits {
        SectorDeficits::Kept => clamped(world),
        SectorDeficits::RemovedFirst => vec![0.0; world.n],
    };
    let start = Solver { world, shocks: &SectorShocks::none(world), deficit: &deficit, options };
    let base = match start.baseline(&mut notes) {
        Ok(base) => base,
        Err(status) => return Ok(no_answer(world, options, status, notes)),
    };
    let base_world = base.world.as_ref().unwrap_or(world);
    let solver = Solver { world: base_world, shocks, deficit: &deficit, options };
    let solved = match solver.solve(&mut notes) {
        Ok(solved) => solved,
        Err(status) => return Ok(no_answer(world, options, status, notes)),
    };
    Ok(report(base_world, shocks, options, &base, solved, notes))
}

struct Solver<'a> {
    world: &'a SectorWorld,
    shocks: &'a SectorShocks,
    deficit: &'a [f64],
    options: &'a SectorOptions,
}

/// The world before the shock, as an equilibrium.
struct Base {
    /// `None` when the tables are one already.
    world: Option<SectorWorld>,
    state: State,
    residual: f64,
    iterations: usize,
}

impl Solver<'_> {
    /// The tables themselves when they clear, else the equilibrium nearest to them.
    fn baseline(&self, notes: &mut Vec<Note>) -> Result<Base, Status> {
        let market = Market::new(self.world, self.shocks, self.deficit.to_vec(), 1.0);
        if let Some(state) = market.evaluate(vec![0.0; self.world.n], None) {
            let residual = state.gap(self.deficit).iter().fold(0.0, |m: f64, g| m.max(g.abs()));
            if residual <= self.options.tolerance {
                return Ok(Base { world: None, state, residual, iterations: 0 });
            }
        }
        let solved = self.solve(notes)?;
        let mut world = self.world.clone();
        world.sales.clone_from(&solved.state.trade);
        world.deficit = self.deficit.to_vec();
        let market = Market::new(&world, self.shocks, self.deficit.to_vec(), 1.0);
        let state = market.evaluate(vec![0.0; world.n], None).ok_or(Status::NoProgress)?;
        let message = |_| {
            "the tables are not an equilibrium of the model as they stand: the baseline was solved \
             first, and every change is relative to it"
                .to_owned()
        };
        note(notes, "baseline_solved", vec![0], message);
        Ok(Base {
            world: Some(world),
            state,
            residual: solved.residual,
            iterations: solved.iterations,
        })
    }

    fn solve(&self, notes: &mut Vec<Note>) -> Result<Solved, Status> {
        let n = self.world.n;
        let market = Market::new(self.world, self.shocks, self.deficit.to_vec(), 1.0);
        let stranded = market.stranded();
        if let Some(&(sector, place)) = stranded.first() {
            note(notes, "stranded", stranded.iter().map(|&(_, m)| m).collect(), |count| {
                format!(
                    "{count} cells are left without any seller, the first is sector {sector} in \
                     place {place}: leave one supplier open"
                )
            });
            return Err(Status::Infeasible);
        }
        let blocs = Blocs::new(n, |i, m| market.open(i, m));
        let negligible: Vec<f64> = market.labour.iter().map(|y| CLAMP * y).collect();
        if let Some(place) = blocs.unfinanced(self.deficit, &negligible) {
            let size = self.deficit[place];
            note(notes, "imbalance_not_financed", vec![place], |_| {
                format!(
                    "the imbalance of place {place} (deficit {size}) cannot be financed: no flow \
                     that could do so remains open; remove deficits first"
                )
            });
            return Err(Status::Infeasible);
        }
        if blocs.count > 1 {
            let firsts = (0..blocs.count).filter_map(|c| blocs.members(c).next()).collect();
            note(notes, "separate_blocs", firsts, |count| {
                format!(
                    "the world falls into {count} blocs without trade between them; wages are \
                     comparable within a bloc only, real results everywhere"
                )
            });
        }
        let (tolerance, steps) = (self.options.tolerance, self.options.max_iterations);
        let solved = solve(self.world, self.shocks, self.deficit, &blocs, tolerance, steps);
        match solved {
            Some(solved) if solved.status == Status::Converged => Ok(solved),
            other => {
                self.tell_failure(other.as_ref(), notes);
                Err(other.map_or(Status::NoProgress, |solved| solved.status))
            }
        }
    }

    /// Names the place whose market clears worst, or whose income is nearly gone.
    fn tell_failure(&self, solved: Option<&Solved>, notes: &mut Vec<Note>) {
        let Some(solved) = solved else {
            note(notes, "no_state", vec![0], |_| {
                "no state of the world could be computed at the observed wages: a deficit takes \
                 all income somewhere, or inputs leave nothing to final buyers"
                    .to_owned()
            });
            return;
        };
        let left = |i: usize| solved.state.income[i] / solved.state.output_of(i);
        let poorest = (0..self.world.n).min_by(|&a, &b| left(a).total_cmp(&left(b)));
        let gap = solved.state.gap(self.deficit);
        let worst = (0..gap.len()).max_by(|&a, &b| gap[a].abs().total_cmp(&gap[b].abs()));
        let (poorest, worst) = (poorest.unwrap_or_default(), worst.unwrap_or_default());
        note(notes, "not_cleared", vec![worst], |_| {
            format!(
                "solved up to {:.0} percent of the shock; the trade of place {worst} clears worst \
                 ({:.1e}), and place {poorest} has the least income for its output (deficit {}). \
                 Try a smaller shock, or deficits removed first",
                100.0 * solved.reached,
                solved.residual,
                self.deficit[poorest]
            )
        });
    }
}

impl State {
    fn output_of(&self, place: usize) -> f64 {
        self.output.iter().skip(place).step_by(self.wage.len()).sum()
    }
}

/// Deficits with rounding taken out: they add up to zero exactly.
fn clamped(world: &SectorWorld) -> Vec<f64> {
    let labour = world.labour_income(&world.output());
    let small = |k: usize| world.deficit[k].abs() < CLAMP * labour[k];
    let mut deficit: Vec<f64> =
        (0..world.n).map(|k| if small(k) { 0.0 } else { world.deficit[k] }).collect();
    let rest: f64 = deficit.iter().sum();
    let largest =
        (0..world.n).max_by(|&a, &b| deficit[a].abs().total_cmp(&deficit[b].abs()).then(b.cmp(&a)));
    if let Some(k) = largest
        && deficit[k] != 0.0
    {
        deficit[k] -= rest;
    }
    deficit
}

fn check(
    world: &SectorWorld,
    shocks: &SectorShocks,
    options: &SectorOptions,
) -> Result<(), InputError> {
    if shocks.cost.len() != world.sales.len() || shocks.productivity.len() != world.sectors * world.n
    {
        return Err(InputError::Length {
            what: "flows in the shocks".into(),
            expected: world.sales.len(),
            got: shocks.cost.len(),
        });
    }
    if !(options.tolerance > 0.0 && options.tolerance < 1.0) || options.max_iterations == 0 {
        return Err(InputError::Setting {
            what: "stopping rule".into(),
            expected: "a tolerance between 0 and 1 and at least one step".into(),
            got: format!("{} and {}", options.tolerance, options.max_iterations),
            remedy: "1e-12 and 100 are the defaults".into(),
        });
    }
    Ok(())
}

fn report(
    world: &SectorWorld,
    shocks: &SectorShocks,
    options: &SectorOptions,
    base: &Base,
    solved: Solved,
    notes: Vec<Note>,
) -> SectorEquilibrium {
    let (n, sectors) = (world.n, world.sectors);
    let (old, new) = (&base.state, &solved.state);
    let ratio = |new: f64, old: f64| if old == 0.0 { f64::NAN } else { new / old };
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..n).map(f).collect() };
    let ln_price = each(&|i| {
        (0..sectors).map(|j| world.final_share[j * n + i] * new.price[j * n + i]).sum::<f64>()
    });
    let own = |trade: &[f64], i: usize| -> f64 {
        (0..sectors).map(|j| trade[(j * n + i) * n + i]).sum()
    };
    let exp = |values: &[f64]| -> Vec<f64> { values.iter().map(|v| v.exp()).collect() };
    SectorEquilibrium {
        n,
        sectors,
        options: options.clone(),
        status: solved.status,
        iterations: base.iterations + solved.iterations,
        residual: solved.residual,
        baseline_residual: base.residual,
        wage_hat: exp(&new.wage),
        real_wage_hat: each(&|i| (new.wage[i] - ln_price[i]).exp()),
        welfare_hat: each(&|i| new.income[i] / old.income[i] * (-ln_price[i]).exp()),
        price_index_hat: exp(&ln_price),
        sector_price_hat: exp(&new.price),
        sector_cost_hat: exp(&new.cost),
        exports_hat: each(&|i| ratio(new.exports[i], old.exports[i])),
        imports_hat: each(&|i| ratio(new.imports[i], old.imports[i])),
        domestic_sales_hat: each(&|i| ratio(own(&new.trade, i), own(&old.trade, i))),
        first_order: (!shocks.closes()).then(|| FirstOrder::of(world, shocks, old, new)),
        baseline_income: old.income.clone(),
        baseline_revenue: old.revenue.clone(),
        baseline_output: old.output.clone(),
        baseline_trade: old.trade.clone(),
        income: solved.state.income,
        revenue: solved.state.revenue,
        output: solved.state.output,
        trade: solved.state.trade,
        notes,
    }
}

/// The shape of a result without an answer: every number is NaN.
fn no_answer(
    world: &SectorWorld,
    options: &SectorOptions,
    status: Status,
    notes: Vec<Note>,
) -> SectorEquilibrium {
    let (n, sectors) = (world.n, world.sectors);
    let (places, cells, flows) =
        (vec![f64::NAN; n], vec![f64::NAN; n * sectors], vec![f64::NAN; n * n * sectors]);
    SectorEquilibrium {
        n,
        sectors,
        options: options.clone(),
        status,
        iterations: 0,
        residual: f64::NAN,
        baseline_residual: f64::NAN,
        wage_hat: places.clone(),
        price_index_hat: places.clone(),
        real_wage_hat: places.clone(),
        welfare_hat: places.clone(),
        sector_price_hat: cells.clone(),
        sector_cost_hat: cells.clone(),
        exports_hat: places.clone(),
        imports_hat: places.clone(),
        domestic_sales_hat: places.clone(),
        baseline_income: places.clone(),
        income: places.clone(),
        baseline_revenue: places.clone(),
        revenue: places,
        baseline_output: cells.clone(),
        output: cells,
        baseline_trade: flows.clone(),
        trade: flows,
        first_order: None,
        notes,
    }
}
