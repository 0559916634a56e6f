//! The new equilibrium of a one-sector world after a change of trade costs, by exact hat algebra.

use serde::Serialize;

use super::baseline::{Baseline, note};
use super::clearing::Closure;
use super::feasible::clear;
use super::measured::hats;
use super::newton::{Method, Rules, Solution};
use super::shock::{Shocks, check_elasticity};
use crate::outcome::{InputError, Note, Status};
use crate::panel::SquareFlows;

/// How spending follows income when a place spends more or less than it earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Imbalances {
    /// E'_j = Y'_j + D_j: the deficit keeps its value, as a share of world income.
    #[default]
    Additive,
    /// E'_j = s k_j Y'_j with k = E/Y: the deficit keeps its share of own income; the factor s
    /// makes the world's spending equal its income (in each bloc, when the world falls apart).
    Multiplicative,
    /// The equilibrium without any deficit is solved first and the shock is applied to it.
    RemovedFirst,
}

/// Settings of [`one_sector`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneSectorOptions {
    /// theta, the elasticity of trade to trade costs, positive. Default 4, near the estimate of
    /// Simonovska and Waugh (2014).
    pub elasticity: f64,
    /// psi, the supply elasticity, not negative. Default 0: the endowment is fixed. (1 - b) / b for
    /// a share b of value added when output is made from output (Allen, Arkolakis and Takahashi
    /// 2020).
    pub supply_elasticity: f64,
    /// Default additive, as in Dekle, Eaton and Kortum (2007).
    pub imbalances: Imbalances,
    /// Largest |exports + D' - imports| / (exports + imports). Default 1e-12; one more step follows.
    pub tolerance: f64,
    /// Newton steps in each attempt. Default 100; three to seven are usual.
    pub max_iterations: usize,
    /// How the linear systems are solved. Default: by the number of places.
    pub method: Method,
}

impl Default for OneSectorOptions {
    fn default() -> Self {
        Self {
            elasticity: 4.0,
            supply_elasticity: 0.0,
            imbalances: Imbalances::Additive,
            tolerance: 1e-12,
            max_iterations: 100,
            method: Method::Automatic,
        }
    }
}

impl OneSectorOptions {
    pub(super) fn rules(&self) -> Rules<'static> {
        Rules {
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
            method: self.method,
            nearby: None,
        }
    }
}

/// The counterfactual world. Places are in the order of the flows; matrices are N × N, row-major,
/// rows origins.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Equilibrium {
    /// Number of places.
    pub n: usize,
    /// The settings used.
    pub options: OneSectorOptions,
    /// [`Status::Converged`]: an equilibrium. [`Status::Infeasible`]: proven that none exists; the
    /// notes name the place and every number is NaN.
    pub status: Status,
    /// Newton steps, all attempts together.
    pub iterations: usize,
    /// How their linear systems were solved.
    pub method: Method,
    /// Products with the Jacobian in all of them, when it was not formed.
    pub products: usize,
    /// max_i |exports_i + D'_i - imports_i| / (exports_i + imports_i).
    pub residual: f64,
    /// max_j |ln(p_hat_j / P_hat_j) + ln(pi'_jj / pi_jj) / theta| over places with own trade: the
    /// identity of Arkolakis, Costinot and Rodriguez-Clare (2012) holds in every equilibrium, at
    /// changed productivity too.
    pub acr_gap: f64,
    /// p_hat: price of the place's goods at its own gate. World income is the numeraire.
    pub factory_price_hat: Vec<f64>,
    /// w_hat = A_hat p_hat: the wage, or the factory-gate price when supply responds.
    pub wage_hat: Vec<f64>,
    /// P_hat: price index, which is also the change of inward resistance.
    pub price_index_hat: Vec<f64>,
    /// w_hat / P_hat.
    pub real_wage_hat: Vec<f64>,
    /// (E_hat / Y_hat) A_hat (p_hat / P_hat)^(1 + psi) of each inhabitant; real expenditure when psi
    /// is 0.
    pub welfare_hat: Vec<f64>,
    /// Y_hat.
    pub output_hat: Vec<f64>,
    /// E_hat.
    pub expenditure_hat: Vec<f64>,
    /// Pi_hat with Pi_hat^(-theta) = p_hat^theta Y_hat: the change of outward resistance.
    pub outward_resistance_hat: Vec<f64>,
    /// Foreign sales, counterfactual / baseline; NaN where the baseline is zero.
    pub exports_hat: Vec<f64>,
    /// Foreign purchases, counterfactual / baseline; NaN where the baseline is zero.
    pub imports_hat: Vec<f64>,
    /// Sales to oneself, counterfactual / baseline; NaN where the baseline is zero.
    pub domestic_sales_hat: Vec<f64>,
    /// Y', in the unit of the flows.
    pub output: Vec<f64>,
    /// E', in the unit of the flows.
    pub expenditure: Vec<f64>,
    /// X', in the unit of the flows.
    pub trade: Vec<f64>,
    /// X that the hats are measured against: the flows given, or the world without deficits.
    pub baseline_trade: Vec<f64>,
    /// Advice: clamped imbalances, zero own trade, closed pairs, separate blocs, what failed.
    pub notes: Vec<Note>,
}

impl Equilibrium {
    /// P_hat_j: the change of inward resistance is the change of the price index.
    #[must_use]
    pub fn inward_resistance_hat(&self) -> &[f64] {
        &self.price_index_hat
    }
}

/// Solves the equilibrium after `shocks` on `flows`.
///
/// ```text
/// P_hat_j^(-theta) = sum_k pi_kj phi_hat_kj p_hat_k^(-theta)
/// pi'_ij = pi_ij phi_hat_ij p_hat_i^(-theta) P_hat_j^theta
/// Y_i Y_hat_i = sum_j pi'_ij E'_j,   Y_hat_i = c_hat_i p_hat_i (p_hat_i / P_hat_i)^psi
/// c_hat_i = A_hat_i L_hat_i,   w_hat_i = A_hat_i p_hat_i
/// sum_i Y_i Y_hat_i = sum_i Y_i
/// ```
///
/// # Notation
///
/// That of [the module](super). E' follows `options.imbalances`. The equations are solved in the
/// form without own trade, and why is told in [`clearing`](super::clearing).
///
/// # Assumptions
///
/// Zero flows stay zero. A shock of -infinity makes a flow exactly zero; when places stop trading
/// altogether the world falls into blocs, each with its own income as numeraire, and a deficit that
/// a bloc cannot finance is [`Status::Infeasible`]. Under additive imbalances real results depend
/// on the numeraire: a deficit is here a fixed share of world income. Imbalances below 1e-11 of
/// output are rounding and set to zero.
///
/// # Result
///
/// [`Equilibrium`], with its residual. A status other than converged is not an answer.
///
/// # Errors
///
/// [`InputError`] when the flows and shocks have different sizes, a place sells or buys nothing,
/// the elasticities or the stopping rule are out of range.
///
/// # Cost
///
/// N² exponentials once. Below 100 places one N × N product and one LU factorisation a step. From there
/// on ten to forty products with one N × N matrix a step: 3 ms at N = 200, 0.7 s at N = 2000; six N × N
/// matrices of memory, of which flows, shocks and the two tables of trade in the result are four.
///
/// # Source
///
/// Dekle, Eaton and Kortum (2007), "Unbalanced Trade", American Economic Review 97(2);
/// Allen, Arkolakis and Takahashi (2020), "Universal Gravity", Journal of Political
/// Economy 128(2).
///
/// # Example
///
/// Two equal places that halve the trade between them by costs:
///
/// ```
/// use emporion_model::panel::SquareFlows;
/// use emporion_model::simulate::{OneSectorOptions, Shock, Shocks, one_sector};
///
/// let flows = SquareFlows::new(2, vec![90.0, 10.0, 10.0, 90.0]).unwrap();
/// let beta = 0.5_f64.ln();
/// let shocks = Shocks::from_list(2, &[
///     Shock { origin: 0, destination: 1, beta },
///     Shock { origin: 1, destination: 0, beta },
/// ]).unwrap();
/// let world = one_sector(&flows, &shocks, &OneSectorOptions::default()).unwrap();
/// // pi_jj goes from 0.9 to 90 / 95, and welfare is (pi_jj / pi'_jj)^(1/4).
/// assert!((world.welfare_hat[0] - (0.95_f64).powf(0.25)).abs() < 1e-14);
/// ```
pub fn one_sector(
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
) -> Result<Equilibrium, InputError> {
    check(flows, shocks, options)?;
    if options.imbalances != Imbalances::RemovedFirst {
        return solve_on(flows, shocks, options, None);
    }
    let balanced = solve_on(flows, &Shocks::none(flows.n), options, Some(vec![0.0; flows.n]))?;
    if balanced.status != Status::Converged {
        return Ok(balanced);
    }
    let mut world = solve_on(&SquareFlows::new(flows.n, balanced.trade)?, shocks, options, None)?;
    world.iterations += balanced.iterations;
    world.products += balanced.products;
    // What the first solution left over is far below rounding of the data, and no news.
    world.notes.retain(|n| n.code != "imbalance_clamped");
    let removed = Baseline::new(flows)?.deficit;
    let removed = (0..flows.n).filter(|&j| removed[j] != 0.0).collect();
    note(&mut world.notes, "imbalances_removed", removed, |count| {
        format!(
            "{count} imbalances were removed first; hats are relative to the world without them"
        )
    });
    Ok(world)
}

pub(super) fn check(
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
) -> Result<(), InputError> {
    if shocks.n() != flows.n {
        return Err(InputError::Length {
            what: "places in the shocks".into(),
            expected: flows.n,
            got: shocks.n(),
        });
    }
    check_elasticity(options.elasticity)?;
    let setting = |what: &str, expected: &str, got: String, remedy: &str| InputError::Setting {
        what: what.into(),
        expected: expected.into(),
        got,
        remedy: remedy.into(),
    };
    if !options.supply_elasticity.is_finite() || options.supply_elasticity < 0.0 {
        return Err(setting(
            "supply elasticity (psi)",
            "a finite number, not negative",
            options.supply_elasticity.to_string(),
            "0 holds the endowment fixed",
        ));
    }
    if !(options.tolerance > 0.0 && options.tolerance < 1.0) {
        return Err(setting(
            "tolerance",
            "a number between 0 and 1",
            options.tolerance.to_string(),
            "1e-12 is the default",
        ));
    }
    if options.max_iterations == 0 {
        return Err(setting("max_iterations", "at least 1", "0".into(), "100 is the default"));
    }
    Ok(())
}

/// Solves with the imbalances of the flows, or with other ones for the counterfactual.
fn solve_on(
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
    new_deficit: Option<Vec<f64>>,
) -> Result<Equilibrium, InputError> {
    let closure = match options.imbalances {
        Imbalances::Multiplicative => Closure::Multiplicative,
        Imbalances::Additive | Imbalances::RemovedFirst => Closure::Additive,
    };
    let mut base = Baseline::new(flows)?;
    if let Some(deficit) = new_deficit {
        base.deficit = deficit;
    }
    let mut notes = std::mem::take(&mut base.notes);
    let outcome = clear(&mut base, shocks, options, closure, &mut notes);
    Ok(match outcome.solution {
        Some(solution) => report(flows, shocks, &base, options, solution, notes),
        None => no_answer(flows, options, outcome.failure, notes),
    })
}

/// X' as a row-major matrix.
pub(super) fn trade_of(solution: &Solution) -> Vec<f64> {
    let n = solution.kernel.n;
    (0..n).flat_map(|i| solution.state.sales(&solution.kernel, i)).collect()
}

fn report(
    flows: &SquareFlows,
    shocks: &Shocks,
    base: &Baseline,
    options: &OneSectorOptions,
    solution: Solution,
    notes: Vec<Note>,
) -> Equilibrium {
    let n = base.n;
    let s = &solution.state;
    let each = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..n).map(f).collect() };
    let ln_productivity = shocks.ln_productivity();
    let measured = hats(base, options.supply_elasticity, options.elasticity, ln_productivity, s);
    let [
        welfare_hat,
        real_wage_hat,
        price_index_hat,
        exports_hat,
        imports_hat,
        domestic_sales_hat,
        output_hat,
        wage_hat,
        expenditure_hat,
        outward_resistance_hat,
    ] = measured;
    let acr_gap = (0..n)
        .filter(|&j| base.own[j] > 0.0)
        .map(|j| {
            let change = (s.own_share[j] * base.expenditure[j] / base.own[j]).ln();
            (s.x[j] - s.ln_price[j] + change / options.elasticity).abs()
        })
        .fold(0.0, f64::max);
    Equilibrium {
        n,
        options: options.clone(),
        status: solution.status,
        iterations: solution.iterations,
        method: solution.method,
        products: solution.products,
        residual: s.residual(),
        acr_gap,
        factory_price_hat: each(&|i| s.x[i].exp()),
        wage_hat,
        price_index_hat,
        real_wage_hat,
        welfare_hat,
        outward_resistance_hat,
        expenditure_hat,
        output_hat,
        exports_hat,
        imports_hat,
        domestic_sales_hat,
        trade: trade_of(&solution),
        output: s.output.clone(),
        expenditure: s.expenditure.clone(),
        baseline_trade: flows.values.clone(),
        notes,
    }
}

/// The shape of a result without an answer: every number is NaN.
fn no_answer(
    flows: &SquareFlows,
    options: &OneSectorOptions,
    status: Status,
    notes: Vec<Note>,
) -> Equilibrium {
    let n = flows.n;
    let nothing = || vec![f64::NAN; n];
    Equilibrium {
        n,
        options: options.clone(),
        status,
        iterations: 0,
        method: options.method,
        products: 0,
        residual: f64::NAN,
        acr_gap: f64::NAN,
        factory_price_hat: nothing(),
        wage_hat: nothing(),
        price_index_hat: nothing(),
        real_wage_hat: nothing(),
        welfare_hat: nothing(),
        output_hat: nothing(),
        expenditure_hat: nothing(),
        outward_resistance_hat: nothing(),
        exports_hat: nothing(),
        imports_hat: nothing(),
        domestic_sales_hat: nothing(),
        output: nothing(),
        expenditure: nothing(),
        trade: vec![f64::NAN; n * n],
        baseline_trade: flows.values.clone(),
        notes,
    }
}
