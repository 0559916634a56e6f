//! A scenario set up once and solved many times: the graph of flows, the imbalances and the baseline
//! do not depend on the size of finite effects.

use std::sync::Arc;

use super::baseline::Baseline;
use super::clearing::{Closure, Market};
use super::draws::ClosedMarkets;
use super::feasible::{Prepared, prepare};
use super::measured::{OUTCOMES, hats};
use super::newton::{Rules, Solution, newton, solve};
use super::one_sector::{Imbalances, OneSectorOptions};
use super::shock::Shocks;
use super::uncertain::Uncertain;
use crate::outcome::{InputError, Status};
use crate::panel::SquareFlows;

/// The outcomes of one solved draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    pub hats: [Vec<f64>; OUTCOMES],
    /// Quantity shares of each account of closed markets.
    pub shares: Vec<Vec<f64>>,
    /// The rest of each account.
    pub values: Vec<AccountValues>,
}

/// An account of closed markets in values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AccountValues {
    /// Shares of the lost value redirected abroad, turned home and destroyed; the value lost; the loss
    /// of buying power.
    pub totals: [f64; 5],
    /// For each closed market, what each seller takes of the loss there.
    pub fill: Vec<Vec<f64>>,
}

/// Position of the real wage among the outcomes.
const REAL_WAGE: usize = 1;

/// What stays the same in all draws.
pub(crate) struct World<'a> {
    scenario: &'a Uncertain,
    options: OneSectorOptions,
    closure: Closure,
    base: Baseline,
    prepared: Prepared,
    /// The world without deficits, when they are removed first: its preparation.
    balanced: Option<Prepared>,
    accounts: &'a [ClosedMarkets],
    /// s_ij of the exporter of each account at the baseline given.
    before: Vec<Vec<f64>>,
    /// X_mj of each closed market j of each account.
    bought: Vec<Vec<Vec<f64>>>,
    /// Cells on which some effect acts.
    cells: Vec<usize>,
    nothing: Vec<f64>,
}

/// One solved world, and the one without deficits it is measured against, if that is how.
pub(crate) struct Solved {
    pub world: Solution,
    pub balanced: Option<Arc<Solution>>,
    /// beta_ij of this draw.
    pub shocks: Shocks,
    pub theta: f64,
}

impl<'a> World<'a> {
    /// `None` when the flows that remain cannot finance the imbalances.
    pub fn new(
        flows: &SquareFlows,
        scenario: &'a Uncertain,
        options: &OneSectorOptions,
        accounts: &'a [ClosedMarkets],
    ) -> Result<Option<Self>, InputError> {
        let mut base = Baseline::new(flows)?;
        let mut notes = Vec::new();
        let closure = match options.imbalances {
            Imbalances::Multiplicative => Closure::Multiplicative,
            Imbalances::Additive | Imbalances::RemovedFirst => Closure::Additive,
        };
        let n = base.n;
        let mut balanced = None;
        if options.imbalances == Imbalances::RemovedFirst {
            base.deficit = vec![0.0; n];
            let none = Shocks::none(n);
            balanced = prepare(&mut base, &none, closure, &mut notes);
            if balanced.is_none() {
                return Ok(None);
            }
        }
        let shocks = scenario.shocks(&scenario.central(), scenario.elasticity.central())?;
        let Some(prepared) = prepare(&mut base, &shocks, closure, &mut notes) else {
            return Ok(None);
        };
        let mut cells: Vec<usize> = scenario
            .effects
            .iter()
            .flat_map(|effect| effect.loadings.iter().map(|at| at.origin * n + at.destination))
            .collect();
        cells.sort_unstable();
        cells.dedup();
        let before = accounts
            .iter()
            .map(|account| {
                let i = account.exporter;
                (0..n).map(|j| flows.get(i, j) / base.output[i]).collect()
            })
            .collect();
        let column = |&j: &usize| (0..n).map(|m| flows.get(m, j)).collect();
        let bought =
            accounts.iter().map(|account| account.markets.iter().map(column).collect()).collect();
        Ok(Some(Self {
            scenario,
            options: options.clone(),
            closure,
            base,
            prepared,
            balanced,
            accounts,
            before,
            bought,
            cells,
            nothing: vec![0.0; n * n],
        }))
    }

    pub fn base(&self) -> &Baseline {
        &self.base
    }

    pub fn accounts(&self) -> &[ClosedMarkets] {
        self.accounts
    }

    /// The equations of the scenario at these shocks and this theta.
    pub fn market<'b>(&'b self, shocks: &'b Shocks, theta: f64) -> Market<'b> {
        let options = OneSectorOptions { elasticity: theta, ..self.options.clone() };
        self.prepared.market(&self.base, shocks.beta(), &options, self.closure)
    }

    /// The equations of the world without deficits and without shocks.
    pub fn balanced_market(&self, theta: f64) -> Option<Market<'_>> {
        let options = OneSectorOptions { elasticity: theta, ..self.options.clone() };
        let balanced = self.balanced.as_ref()?;
        Some(balanced.market(&self.base, &self.nothing, &options, self.closure))
    }

    /// Solves for these coefficients and this theta, from `near` when that has been solved before;
    /// the status when there is no solution.
    pub fn solve(
        &self,
        coefficients: &[f64],
        theta: f64,
        near: Option<(&Solved, Rules)>,
    ) -> Result<Solved, Status> {
        let shocks =
            self.scenario.shocks(coefficients, theta).map_err(|_| Status::NotIdentified)?;
        let market = self.market(&shocks, theta);
        let world = near
            .and_then(|(near, rules)| self.start_near(&market, &shocks, near, rules))
            .or_else(|| solve(&market, self.options.rules()))
            .ok_or(Status::NoProgress)?;
        if world.status != Status::Converged {
            return Err(world.status);
        }
        let known = near.filter(|(near, _)| near.theta == theta);
        let known = known.and_then(|(near, _)| near.balanced.clone());
        let balanced = match self.balanced_market(theta) {
            None => None,
            Some(_) if known.is_some() => known,
            Some(market) => {
                let solved = solve(&market, self.options.rules()).ok_or(Status::NoProgress)?;
                if solved.status != Status::Converged {
                    return Err(solved.status);
                }
                Some(Arc::new(solved))
            }
        };
        Ok(Solved { world, balanced, shocks, theta })
    }

    /// From the wages of a nearby solution, with its matrix of trade changed where beta is.
    fn start_near(
        &self,
        market: &Market,
        shocks: &Shocks,
        near: &Solved,
        rules: Rules,
    ) -> Option<Solution> {
        let changes: Vec<(usize, f64)> = self
            .cells
            .iter()
            .map(|&c| (c, shocks.beta()[c] - near.shocks.beta()[c]))
            .filter(|(_, change)| *change != 0.0 && !change.is_nan())
            .collect();
        let x = &near.world.state.x;
        let kernel = near.world.kernel.changed(&changes)?;
        let kernel = if kernel.is_far(market.theta, x) { market.kernel(x, 1.0) } else { kernel };
        let solution = newton(market, kernel, x.clone(), rules)?;
        (solution.status == Status::Converged).then_some(solution)
    }

    /// The outcomes of a solved draw.
    pub fn measure(&self, solved: &Solved) -> Measured {
        let productivity = solved.shocks.ln_productivity();
        let psi = self.options.supply_elasticity;
        let mut found = hats(&self.base, psi, solved.theta, productivity, &solved.world.state);
        if let Some(balanced) = &solved.balanced {
            let first =
                hats(&self.base, psi, solved.theta, &vec![0.0; self.base.n], &balanced.state);
            for (hat, first) in found.iter_mut().zip(&first) {
                hat.iter_mut().zip(first).for_each(|(hat, first)| *hat /= first);
            }
        }
        let shares = (0..self.accounts.len())
            .map(|a| {
                let (before, now) = self.quantities(solved, a);
                self.accounts[a].shares(&before, &now)
            })
            .collect();
        let values = (0..self.accounts.len())
            .map(|a| self.values(solved, a, found[REAL_WAGE][self.accounts[a].exporter]))
            .collect();
        Measured { hats: found, shares, values }
    }

    /// An account in values, as [`diversion`](fn@super::diversion) has it of a single solution.
    fn values(&self, solved: &Solved, account: usize, real_wage: f64) -> AccountValues {
        let ClosedMarkets { exporter: i, markets } = &self.accounts[account];
        let i = *i;
        let sold = |solution: &Solution| solution.state.sales(&solution.kernel, i);
        let balanced = solved.balanced.as_deref();
        let (output, before) = match balanced {
            Some(first) => (first.state.output[i], sold(first)),
            None => {
                let total = self.base.output[i];
                (total, self.before[account].iter().map(|share| share * total).collect())
            }
        };
        let now = sold(&solved.world);
        let change = |j: usize| now[j] - before[j];
        let lost = -markets.iter().map(|&j| change(j)).sum::<f64>();
        let third = |j: &usize| *j != i && !markets.contains(j);
        let abroad: f64 = (0..now.len()).filter(third).map(change).sum();
        let income = solved.world.state.output[i] - output;
        let part = |value: f64| if lost == 0.0 { f64::NAN } else { value / lost };
        let fill = markets
            .iter()
            .enumerate()
            .map(|(k, &j)| {
                let column = |s: &Solution| s.state.purchases(&s.kernel, j);
                let was = balanced.map_or_else(|| self.bought[account][k].clone(), column);
                let is = column(&solved.world);
                let gone = was[i] - is[i];
                let share = |m: usize| match m == i {
                    true => 0.0,
                    false if gone == 0.0 => f64::NAN,
                    false => (is[m] - was[m]) / gone,
                };
                (0..is.len()).map(share).collect()
            })
            .collect();
        let totals = [part(abroad), part(change(i)), part(-income), lost, 1.0 - real_wage];
        AccountValues { totals, fill }
    }

    /// s_ij of the exporter of an account, before and now.
    fn quantities(&self, solved: &Solved, account: usize) -> (Vec<f64>, Vec<f64>) {
        let i = self.accounts[account].exporter;
        let of = |solution: &Solution| -> Vec<f64> {
            let sales = solution.state.sales(&solution.kernel, i);
            sales.iter().map(|sale| sale / solution.state.output[i]).collect()
        };
        let before = solved.balanced.as_deref().map_or(self.before[account].clone(), of);
        (before, of(&solved.world))
    }

    /// d rho_j = ( d(s'_j - s_j) - rho_j d lost ) / lost, from the changes of s' - s.
    pub fn share_changes(&self, solved: &Solved, account: usize, change: &[f64]) -> Vec<f64> {
        let (before, now) = self.quantities(solved, account);
        let asked = &self.accounts[account];
        let rho = asked.shares(&before, &now);
        let lost: f64 = asked.markets.iter().map(|&j| before[j] - now[j]).sum();
        let d_lost = -asked.markets.iter().map(|&j| change[j]).sum::<f64>();
        (0..now.len())
            .map(|j| {
                if asked.markets.contains(&j) { 0.0 } else { (change[j] - rho[j] * d_lost) / lost }
            })
            .collect()
    }
}
