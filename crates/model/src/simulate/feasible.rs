//! From a shock to a solved market: is there an equilibrium at all, and if not, because of whom?
//!
//! Three kinds of proof that there is none: a place left with nobody to sell to or buy from, an
//! imbalance that contradicts the graph of remaining flows, and one that exceeds what the remaining
//! flows could carry at any wages.

use super::baseline::{Baseline, CLAMP, note, note_pairs, note_places};
use super::blocs::Blocs;
use super::clearing::{Closure, Market};
use super::newton::{Solution, solve};
use super::one_sector::OneSectorOptions;
use super::shock::Shocks;
use crate::outcome::{Note, Status};

/// Spending below this share of income marks a place whose surplus leaves it nothing.
const EXHAUSTED: f64 = 0.01;

/// What [`clear`] found: a state (perhaps not converged), or the reason why there is none.
pub(crate) struct Cleared {
    pub solution: Option<Solution>,
    pub failure: Status,
}

/// The remaining flows of a world that may have an equilibrium.
pub(crate) struct Prepared {
    blocs: Blocs,
    pub ln_supply: Vec<f64>,
    one_way: Vec<usize>,
}

impl Prepared {
    /// The equations of this world.
    pub fn market<'a>(
        &'a self,
        base: &'a Baseline,
        beta: &'a [f64],
        options: &OneSectorOptions,
        closure: Closure,
    ) -> Market<'a> {
        Market {
            n: base.n,
            theta: options.elasticity,
            psi: options.supply_elasticity,
            closure,
            ln_flow: &base.ln_flow,
            beta,
            ln_supply: &self.ln_supply,
            output: &base.output,
            deficit: &base.deficit,
            expenditure: &base.expenditure,
            bloc: &self.blocs.of,
            blocs: self.blocs.count,
        }
    }
}

/// Checks that the remaining flows can finance the imbalances; `None`, with a note, when they cannot.
pub(crate) fn prepare(
    base: &mut Baseline,
    shocks: &Shocks,
    closure: Closure,
    notes: &mut Vec<Note>,
) -> Option<Prepared> {
    let n = base.n;
    let beta = shocks.beta();
    describe_shock(base, beta, notes);
    let open = |i: usize, j: usize| base.ln_flow[i * n + j] + beta[i * n + j] > f64::NEG_INFINITY;
    let blocs = Blocs::new(n, open);

    let stranded: Vec<usize> =
        (0..n).filter(|&k| (0..n).all(|m| !open(k, m)) || (0..n).all(|m| !open(m, k))).collect();
    if !stranded.is_empty() {
        note_places(notes, "stranded", stranded, |count| {
            format!(
                "{count} places are left with nobody, themselves included, to sell to or buy from"
            )
        });
        return None;
    }
    // With k = 1 everywhere the multiplicative world has no imbalances either.
    if closure != Closure::Multiplicative || base.deficit.iter().all(|&d| d == 0.0) {
        let negligible: Vec<f64> = base.output.iter().map(|y| CLAMP * y).collect();
        if let Some(place) = blocs.unfinanced(&base.deficit, &negligible) {
            unfinanced(notes, place, base.deficit[place], "no flow that could do so remains open");
            return None;
        }
    }
    if blocs.count > 1 {
        let message = |count| {
            format!(
                "the world falls into {count} blocs without trade between them; wages and \
                     incomes are comparable within a bloc only, real results everywhere"
            )
        };
        let firsts = (0..blocs.count).filter_map(|c| blocs.members(c).next()).collect();
        note(notes, "separate_blocs", firsts, message);
    }
    let alone = |k: usize, open: &dyn Fn(usize) -> bool| (0..n).all(|m| m == k || !open(m));
    let one_way: Vec<usize> =
        (0..n).filter(|&k| alone(k, &|m| open(k, m)) || alone(k, &|m| open(m, k))).collect();
    spread_rounding(&mut base.deficit, &base.output, &blocs);
    Some(Prepared { blocs, ln_supply: shocks.ln_supply(), one_way })
}

/// Checks that the remaining flows can finance the imbalances, then solves for log wages.
pub(crate) fn clear(
    base: &mut Baseline,
    shocks: &Shocks,
    options: &OneSectorOptions,
    closure: Closure,
    notes: &mut Vec<Note>,
) -> Cleared {
    let infeasible = Cleared { solution: None, failure: Status::Infeasible };
    let Some(prepared) = prepare(base, shocks, closure, notes) else {
        return infeasible;
    };
    let market = prepared.market(base, shocks.beta(), options, closure);
    let Some(solution) = solve(&market, options.rules()) else {
        note_places(notes, "one_way", prepared.one_way.clone(), |count| {
            format!(
                "{count} places are left with foreign sales only or foreign purchases only, and \
                 their imbalance has the wrong sign for it: close the other direction too"
            )
        });
        return Cleared { solution: None, failure: Status::NoProgress };
    };
    if solution.status == Status::Converged {
        return Cleared { solution: Some(solution), failure: Status::Converged };
    }
    if closure == Closure::Additive
        && options.supply_elasticity == 0.0
        && let Some(place) = beyond_reach(&market)
    {
        let why = "all its flows together could not carry it at any wages";
        unfinanced(notes, place, base.deficit[place], why);
        return infeasible;
    }
    tell_failure(&market, &solution, notes);
    Cleared { solution: Some(solution), failure: Status::NoProgress }
}

fn describe_shock(base: &Baseline, beta: &[f64], notes: &mut Vec<Note>) {
    let empty = |c: usize| base.ln_flow[c] == f64::NEG_INFINITY;
    let idle = (0..beta.len()).filter(|&c| beta[c] != 0.0 && empty(c)).collect();
    note_pairs(notes, "shock_on_zero_flow", idle, base.n, |count| {
        format!("{count} shocked pairs do not trade at the baseline and stay at zero")
    });
    let closed = (0..beta.len()).filter(|&c| beta[c] == f64::NEG_INFINITY && !empty(c)).collect();
    note(notes, "closed_pairs", closed, |count| format!("{count} flows become exactly zero"));
}

pub(super) fn unfinanced(notes: &mut Vec<Note>, place: usize, deficit: f64, why: &str) {
    note(notes, "imbalance_not_financed", vec![place], |_| {
        if deficit == 0.0 {
            return format!(
                "place {place} can only sell abroad or only buy there, alone or with its partners, \
                 and has no imbalance to pay for it: close the other direction too"
            );
        }
        format!(
            "the imbalance of place {place} (deficit {deficit}) cannot be financed: {why}; use \
             multiplicative imbalances, or remove them first"
        )
    });
}

/// Deficits of a bloc add up to zero only up to rounding; the place with the largest takes the rest.
pub(super) fn spread_rounding(deficit: &mut [f64], output: &[f64], blocs: &Blocs) {
    for c in 0..blocs.count {
        let rest: f64 = blocs.members(c).map(|k| deficit[k]).sum();
        let size = |k: usize| deficit[k].abs();
        let largest = blocs.members(c).max_by(|&a, &b| size(a).total_cmp(&size(b)));
        if let Some(k) = largest
            && rest.abs() <= CLAMP * blocs.members(c).map(|k| output[k]).sum::<f64>()
            && deficit[k] != 0.0
        {
            deficit[k] -= rest;
        }
    }
}

/// A place whose imbalance exceeds what its flows can carry at any wages: a proof that no
/// equilibrium exists (psi = 0, additive).
///
/// With world income W fixed, Y'_j ≤ W and E'_j ≤ W. Hence T_ij ≤ Y_i w_i and, from the share of j
/// relative to own trade, T_ij ≤ W r_ij (w_i Y_j / W)^(-theta) with r_ij = X_ij phi_ij / X_jj. One
/// bound rises in w_i and the other falls: where they meet neither can be exceeded. With a change of
/// supply Y_i stands for Y_i c_hat_i.
fn beyond_reach(market: &Market) -> Option<usize> {
    let (n, theta) = (market.n, market.theta);
    let world = |i: usize| -> f64 {
        (0..n).filter(|&k| market.bloc[k] == market.bloc[i]).map(|k| market.output[k]).sum()
    };
    let supply = |i: usize| market.output[i].ln() + market.ln_supply[i];
    let bound = |i: usize, j: usize| -> f64 {
        let flow = market.ln_flow[i * n + j] + market.beta[i * n + j];
        if flow == f64::NEG_INFINITY {
            return 0.0;
        }
        let ln_world = world(i).ln();
        let ratio = flow - market.ln_flow[j * n + j];
        let met = (ln_world + ratio + theta * (supply(i) - supply(j) + ln_world)) / (1.0 + theta);
        met.min(ln_world).exp()
    };
    (0..n).find(|&k| {
        let others = (0..n).filter(|&m| m != k);
        let d = market.deficit[k];
        d != 0.0 && d.abs() > others.map(|m| if d < 0.0 { bound(k, m) } else { bound(m, k) }).sum()
    })
}

/// Names the place that stops the solver. With fixed imbalances that is, as a rule, one whose
/// surplus comes to take all of its income: beyond that point no solution continues the path. It is
/// strong evidence and not a proof, so the status stays short of infeasible.
fn tell_failure(market: &Market, solution: &Solution, notes: &mut Vec<Note>) {
    let state = &solution.state;
    let share = 100.0 * solution.reached;
    let spent = |j: usize| state.expenditure[j] / state.output[j];
    let poorest = (0..market.n).min_by(|&a, &b| spent(a).total_cmp(&spent(b)));
    if let Some(place) = poorest
        && market.closure == Closure::Additive
        && spent(place) < EXHAUSTED
    {
        let why =
            format!("solved up to {share:.0} percent of the shock, then it takes all its income");
        unfinanced(notes, place, market.deficit[place], &why);
        return;
    }
    let gap = |i: usize| state.gap[i].abs();
    let worst = (0..market.n).max_by(|&a, &b| gap(a).total_cmp(&gap(b)).then(b.cmp(&a)));
    note(notes, "not_cleared", worst.into_iter().collect(), |_| {
        let place = worst.unwrap_or_default();
        format!(
            "solved up to {share:.0} percent of the shock; the market of place {place} clears \
             worst. Try more steps, a smaller shock, or the imbalances removed first"
        )
    });
}
