//! The new equilibrium of a world of many sectors.

use serde::Serialize;

use super::super::baseline::note;
use super::super::one_sector::Imbalances;
use super::clearing::State;
use super::feasible::{Cleared, clear};
use super::newton::Solution;
use super::shock::ManySectorShock;
use super::welfare::{Change, FirstOrder, first_order};
use super::world::ManySectors;
use crate::outcome::{InputError, Note, Status};

/// A data set whose trade misses balance by less than this at its own wages counts as an
/// equilibrium; what is left is rounding of the data.
const CONSISTENT: f64 = 1e-9;

/// Settings of [`many_sectors`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorOptions {
    /// How deficits behave. Default additive: D'_n keeps its value, as a share of world value
    /// added (the numeraire). Multiplicative keeps its share of the place's value added, up to a
    /// factor that closes the world. Removed first is what Caliendo and Parro (2015) do.
    pub imbalances: Imbalances,
    /// Largest |exports + D' - imports| / (exports + imports), without own trade. Default 1e-12;
    /// one more step follows.
    pub tolerance: f64,
    /// Newton steps in each attempt. Default 100; four to ten are usual.
    pub max_iterations: usize,
}

impl Default for ManySectorOptions {
    fn default() -> Self {
        Self { imbalances: Imbalances::Additive, tolerance: 1e-12, max_iterations: 100 }
    }
}

/// A world in levels, in the unit of the trade given.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Levels {
    /// M_ni^j, f.o.b., own sales included: `(sector × N + origin) × N + destination`.
    pub trade: Vec<f64>,
    /// X_n^j, tariffs included: `place × J + sector`.
    pub spending: Vec<f64>,
    /// Y_n^j: `place × J + sector`.
    pub output: Vec<f64>,
    /// w_n L_n.
    pub value_added: Vec<f64>,
    /// R_n.
    pub tariff_revenue: Vec<f64>,
    /// D_n.
    pub deficit: Vec<f64>,
    /// I_n = w_n L_n + R_n + D_n, which is final spending.
    pub income: Vec<f64>,
    /// Foreign sales, f.o.b.
    pub exports: Vec<f64>,
    /// Foreign purchases, f.o.b.
    pub imports: Vec<f64>,
}

/// The counterfactual world against its baseline. Arrays by place and sector are
/// `place × J + sector`.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ManySectorEquilibrium {
    /// N.
    pub places: usize,
    /// J.
    pub sectors: usize,
    /// The settings used.
    pub options: ManySectorOptions,
    /// [`Status::Converged`]: an equilibrium. [`Status::Infeasible`]: proven that none exists; the
    /// notes name the place and every number is NaN.
    pub status: Status,
    /// Newton steps, baseline and counterfactual, all attempts together.
    pub iterations: usize,
    /// max_n |exports_n + D'_n - imports_n| / (exports_n + imports_n) of the counterfactual.
    pub residual: f64,
    /// The same of the baseline that the hats are measured against.
    pub baseline_residual: f64,
    /// The same of the data at their own wages: how far they are from an equilibrium.
    pub data_residual: f64,
    /// w_hat. World value added is the numeraire.
    pub wage_hat: Vec<f64>,
    /// P_hat_n = prod_j (P_hat_n^j)^(alpha_n^j): the price index of final spending.
    pub price_index_hat: Vec<f64>,
    /// P_hat_n^j; NaN where the place buys nothing of the sector.
    pub sector_price_hat: Vec<f64>,
    /// c_hat_n^j, net of productivity; NaN where the place makes nothing of the sector.
    pub cost_hat: Vec<f64>,
    /// w_hat / P_hat.
    pub real_wage_hat: Vec<f64>,
    /// I_hat / P_hat: the model's exact change of real income.
    pub welfare_exact_hat: Vec<f64>,
    /// The linear approximation and its parts: terms of trade, volume of trade, technology.
    pub first_order: FirstOrder,
    /// Foreign sales, counterfactual / baseline; NaN where the baseline is zero.
    pub exports_hat: Vec<f64>,
    /// Foreign purchases, counterfactual / baseline; NaN where the baseline is zero.
    pub imports_hat: Vec<f64>,
    /// The equilibrium before the shock.
    pub baseline: Levels,
    /// The equilibrium after it.
    pub counterfactual: Levels,
    /// What is odd about the data, what the shock does, what failed.
    pub notes: Vec<Note>,
}

impl ManySectorEquilibrium {
    /// M_ni^j before the shock.
    #[must_use]
    pub fn trade_before(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.baseline.trade[(sector * self.places + origin) * self.places + destination]
    }

    /// M'_ni^j after the shock.
    #[must_use]
    pub fn trade_after(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.counterfactual.trade[(sector * self.places + origin) * self.places + destination]
    }
}

/// Solves the equilibrium after `shock` on `world`.
///
/// The equations, notation and source are those of [the module](super).
///
/// # Assumptions
///
/// Two equilibria are solved: the baseline, with the world's own tariffs and the deficits that the
/// options ask for, and the counterfactual, measured against it. Data that are an equilibrium of
/// the model already are their own baseline; others (final demand set to zero somewhere, deficits
/// removed) move first, and `data_residual` and a note tell by how much. Zero flows stay zero. A
/// closed market is exactly zero; when places stop trading altogether the world falls into blocs,
/// each with its own value added as numeraire. With additive imbalances real results depend on the
/// numeraire: a deficit is a fixed share of world value added.
///
/// With modest tariffs the equilibrium is unique; in general it need not be, and the one found is
/// the one that continues the baseline. Deterministic: one thread, fixed order of sums.
///
/// # Result
///
/// [`ManySectorEquilibrium`], with its residual. A status other than converged is not an answer.
///
/// # Errors
///
/// [`InputError`] when the shock belongs to a world of another size, or the stopping rule is out of
/// range.
///
/// # Cost
///
/// An evaluation is some twenty passes over the J N² flows; the slopes some forty products of
/// O(J N³ + N² J²). Memory about ten arrays of J N².
///
/// # Example
///
/// Two places drop their tariffs of ten percent:
///
/// ```
/// use emporion_model::simulate::{
///     ManySectorOptions, ManySectorShock, ManySectors, ManySectorsData, many_sectors,
/// };
/// let world = ManySectors::new(&ManySectorsData {
///     places: 2,
///     sectors: 1,
///     trade: vec![80.0, 20.0, 20.0, 80.0],
///     tariffs: vec![0.0, 0.1, 0.1, 0.0],
///     value_added_shares: vec![0.5; 2],
///     input_shares: vec![0.5; 2],
///     elasticities: vec![4.0],
///     final_shares: None,
/// }).unwrap();
/// let mut shock = ManySectorShock::none(&world);
/// shock.tariff(0, 0, 1, 0.0).unwrap();
/// shock.tariff(0, 1, 0, 0.0).unwrap();
/// let new = many_sectors(&world, &shock, &ManySectorOptions::default()).unwrap();
/// assert!(new.welfare_exact_hat[0] > 1.0 && new.counterfactual.tariff_revenue[0] == 0.0);
/// ```
pub fn many_sectors(
    world: &ManySectors,
    shock: &ManySectorShock,
    options: &ManySectorOptions,
) -> Result<ManySectorEquilibrium, InputError> {
    check(world, shock, options)?;
    match Baseline::solve(world, options)? {
        Ok(baseline) => baseline.counterfactual(shock, options),
        Err(no_baseline) => Ok(*no_baseline),
    }
}

/// The equilibrium before the shock, from which any number of counterfactuals start.
pub(super) struct Baseline {
    pub(super) world: ManySectors,
    before: Solution,
    notes: Vec<Note>,
}

impl Baseline {
    /// Solves it; the inner error is the answer of a world without a baseline.
    pub(super) fn solve(
        world: &ManySectors,
        options: &ManySectorOptions,
    ) -> Result<Result<Self, Box<ManySectorEquilibrium>>, InputError> {
        let none = ManySectorShock::none(world);
        check(world, &none, options)?;
        let mut notes = world.notes.clone();
        let removed = options.imbalances == Imbalances::RemovedFirst;
        let deficit = if removed { vec![0.0; world.n] } else { world.deficit.clone() };
        let found = cleared(world, &none, &deficit, options, &mut notes);
        let before = match found.solution {
            Some(solution) if found.status == Status::Converged => solution,
            _ => {
                note(&mut notes, "no_baseline", vec![0], |_| {
                    "the baseline itself has no solution: the shock was not tried".into()
                });
                return Ok(Err(Box::new(no_answer(world, options, found.status, notes))));
            }
        };
        describe_baseline(world, &before, removed, &mut notes);
        Ok(Ok(Self { world: moved(world, &before.state), before, notes }))
    }

    /// The world after a shock.
    pub(super) fn counterfactual(
        &self,
        shock: &ManySectorShock,
        options: &ManySectorOptions,
    ) -> Result<ManySectorEquilibrium, InputError> {
        let world = &self.world;
        check(world, shock, options)?;
        let mut notes = self.notes.clone();
        let after = cleared(world, shock, &world.deficit, options, &mut notes);
        let Some(solution) = after.solution else {
            return Ok(no_answer(world, options, after.status, notes));
        };
        Ok(report(world, shock, options, &self.before, &solution, after.status, notes))
    }

    /// The outcomes of a state that need not clear, against this baseline.
    pub(super) fn report_at(
        &self,
        shock: &ManySectorShock,
        options: &ManySectorOptions,
        state: State,
    ) -> ManySectorEquilibrium {
        let after = Solution {
            state,
            status: Status::Converged,
            iterations: 0,
            first_residual: f64::NAN,
            reached: 1.0,
        };
        // Converged as far as the account of closed markets is concerned: it is a point of a slope.
        let (world, status) = (&self.world, Status::Converged);
        report(world, shock, options, &self.before, &after, status, Vec::new())
    }
}

fn cleared(
    world: &ManySectors,
    shock: &ManySectorShock,
    deficit: &[f64],
    options: &ManySectorOptions,
    notes: &mut Vec<Note>,
) -> Cleared {
    let multiplicative = options.imbalances == Imbalances::Multiplicative;
    let (tolerance, steps) = (options.tolerance, options.max_iterations);
    clear(world, shock, deficit, multiplicative, tolerance, steps, notes)
}

fn check(
    world: &ManySectors,
    shock: &ManySectorShock,
    options: &ManySectorOptions,
) -> Result<(), InputError> {
    for (what, expected, got) in [
        ("places in the shock", world.n, shock.n),
        ("sectors in the shock", world.sectors, shock.sectors),
    ] {
        if got != expected {
            return Err(InputError::Length { what: what.into(), expected, got });
        }
    }
    let setting = |what: &str, expected: &str, got: String, remedy: &str| {
        Err(InputError::Setting {
            what: what.into(),
            expected: expected.into(),
            got,
            remedy: remedy.into(),
        })
    };
    if !(options.tolerance > 0.0 && options.tolerance < 1.0) {
        let got = options.tolerance.to_string();
        return setting("tolerance", "a number between 0 and 1", got, "1e-12 is the default");
    }
    if options.max_iterations == 0 {
        return setting("max_iterations", "at least 1", "0".into(), "100 is the default");
    }
    Ok(())
}

fn describe_baseline(world: &ManySectors, before: &Solution, removed: bool, notes: &mut Vec<Note>) {
    if removed {
        let gone = (0..world.n).filter(|&p| world.deficit[p] != 0.0).collect();
        note(notes, "imbalances_removed", gone, |count| {
            format!(
                "{count} imbalances were removed first; hats are relative to the world without them"
            )
        });
    }
    if before.first_residual > CONSISTENT {
        let wage = |p: usize| before.state.x[p].abs();
        let furthest = (0..world.n).max_by(|&a, &b| wage(a).total_cmp(&wage(b))).unwrap_or(0);
        note(notes, "baseline_solved", vec![furthest], |_| {
            format!(
                "the data are not an equilibrium of the model with these settings: trade misses \
                 balance by up to {:.2} percent of exports and imports. The baseline was solved \
                 first; its wages differ from the data's by up to {:.2} percent (place {furthest})",
                100.0 * before.first_residual,
                100.0 * before.state.x[furthest].exp_m1().abs()
            )
        });
    }
}

/// The solved baseline as the world that the shock hits.
fn moved(world: &ManySectors, state: &State) -> ManySectors {
    ManySectors {
        share: state.share.clone(),
        spending: state.spending.clone(),
        output: state.output.clone(),
        value_added: state.value_added.clone(),
        deficit: state.deficit.clone(),
        notes: Vec::new(),
        ..world.clone()
    }
}

/// `sector × N + place` to `place × J + sector`.
fn by_place(n: usize, values: &[f64]) -> Vec<f64> {
    let sectors = values.len() / n;
    (0..values.len()).map(|c| values[c % sectors * n + c / sectors]).collect()
}

/// `(sector × N + destination) × N + origin` to `(sector × N + origin) × N + destination`.
fn by_origin(n: usize, values: &[f64]) -> Vec<f64> {
    (0..values.len()).map(|c| values[(c / (n * n) * n + c % n) * n + c / n % n]).collect()
}

fn flows(n: usize, state: &State) -> Vec<f64> {
    (0..state.net.len()).map(|c| state.net[c] * state.spending[c / n]).collect()
}

fn levels(n: usize, state: &State) -> Levels {
    Levels {
        trade: by_origin(n, &flows(n, state)),
        spending: by_place(n, &state.spending),
        output: by_place(n, &state.output),
        value_added: state.value_added.clone(),
        tariff_revenue: state.revenue.clone(),
        deficit: state.deficit.clone(),
        income: state.income.clone(),
        exports: state.exports.clone(),
        imports: state.imports.clone(),
    }
}

fn report(
    base: &ManySectors,
    shock: &ManySectorShock,
    options: &ManySectorOptions,
    before: &Solution,
    after: &Solution,
    status: Status,
    notes: Vec<Note>,
) -> ManySectorEquilibrium {
    let (n, sectors) = (base.n, base.sectors);
    let (old, new) = (&before.state, &after.state);
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..n).map(f).collect() };
    let ratio = |new: f64, old: f64| if old == 0.0 { f64::NAN } else { new / old };
    let ln_index =
        each(&|p| (0..sectors).map(|j| base.alpha[j * n + p] * new.ln_price[j * n + p]).sum());
    let hats = |logs: &[f64], known: &[f64]| -> Vec<f64> {
        let of = |c: usize| if known[c] > 0.0 { logs[c].exp() } else { f64::NAN };
        by_place(n, &(0..logs.len()).map(of).collect::<Vec<_>>())
    };
    let (bought_before, bought_after) = (flows(n, old), flows(n, new));
    let cost_hat: Vec<f64> = new.ln_cost.iter().map(|c| c.exp()).collect();
    let transfer = each(&|p| new.deficit[p] - old.deficit[p]);
    let first_order = first_order(&Change {
        n,
        before: &bought_before,
        after: &bought_after,
        tariff: &base.tariff,
        ln_cost: &shock.ln_cost,
        cost_hat: &cost_hat,
        ln_productivity: &shock.ln_productivity,
        output: &old.output,
        income: &old.income,
        transfer: &transfer,
    });
    ManySectorEquilibrium {
        places: n,
        sectors,
        options: options.clone(),
        status,
        iterations: before.iterations + after.iterations,
        residual: new.residual(),
        baseline_residual: old.residual(),
        data_residual: before.first_residual,
        wage_hat: each(&|p| new.x[p].exp()),
        price_index_hat: each(&|p| ln_index[p].exp()),
        sector_price_hat: hats(&new.ln_price, &old.spending),
        cost_hat: hats(&new.ln_cost, &old.output),
        real_wage_hat: each(&|p| (new.x[p] - ln_index[p]).exp()),
        welfare_exact_hat: each(&|p| new.income[p] / old.income[p] * (-ln_index[p]).exp()),
        first_order,
        exports_hat: each(&|p| ratio(new.exports[p], old.exports[p])),
        imports_hat: each(&|p| ratio(new.imports[p], old.imports[p])),
        baseline: levels(n, old),
        counterfactual: levels(n, new),
        notes,
    }
}

/// The shape of a result without an answer: every number is NaN.
fn no_answer(
    world: &ManySectors,
    options: &ManySectorOptions,
    status: Status,
    notes: Vec<Note>,
) -> ManySectorEquilibrium {
    let (n, sectors) = (world.n, world.sectors);
    let by_place = || vec![f64::NAN; n];
    let by_sector = || vec![f64::NAN; n * sectors];
    let by_flow = || vec![f64::NAN; n * n * sectors];
    let levels = || Levels {
        trade: by_flow(),
        spending: by_sector(),
        output: by_sector(),
        value_added: by_place(),
        tariff_revenue: by_place(),
        deficit: by_place(),
        income: by_place(),
        exports: by_place(),
        imports: by_place(),
    };
    ManySectorEquilibrium {
        places: n,
        sectors,
        options: options.clone(),
        status,
        iterations: 0,
        residual: f64::NAN,
        baseline_residual: f64::NAN,
        data_residual: f64::NAN,
        wage_hat: by_place(),
        price_index_hat: by_place(),
        sector_price_hat: by_sector(),
        cost_hat: by_sector(),
        real_wage_hat: by_place(),
        welfare_exact_hat: by_place(),
        first_order: FirstOrder {
            terms_of_trade: by_place(),
            volume_of_trade: by_place(),
            technical: by_place(),
            transfer: by_place(),
            welfare: by_place(),
            terms_of_trade_by_flow: by_flow(),
            volume_of_trade_by_flow: by_flow(),
            technical_by_flow: by_flow(),
        },
        exports_hat: by_place(),
        imports_hat: by_place(),
        baseline: levels(),
        counterfactual: levels(),
        notes,
    }
}
