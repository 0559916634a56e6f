//! Is there an equilibrium at all after the shock, and if not, because of whom?

use super::super::baseline::{CLAMP, note};
use super::super::blocs::Blocs;
use super::super::feasible::{spread_rounding, unfinanced};
use super::clearing::Market;
use super::newton::{Solution, solve};
use super::shock::ManySectorShock;
use super::world::ManySectors;
use crate::outcome::{Note, Status};

/// Income below this share of the baseline's marks a place whose surplus leaves it nothing.
const EXHAUSTED: f64 = 0.01;

/// What [`clear`] found: a state (perhaps not converged), or the reason why there is none.
pub(super) struct Cleared {
    pub solution: Option<Solution>,
    pub status: Status,
}

/// The remaining flows of a world that may have an equilibrium.
pub(super) struct Prepared {
    blocs: Blocs,
    deficit: Vec<f64>,
    multiplicative: bool,
}

impl Prepared {
    /// The equations of this world.
    pub fn market<'a>(&'a self, world: &'a ManySectors, shock: &'a ManySectorShock) -> Market<'a> {
        Market {
            world,
            shock,
            deficit: &self.deficit,
            multiplicative: self.multiplicative,
            bloc: &self.blocs.of,
            blocs: self.blocs.count,
        }
    }
}

/// Checks that goods can be bought and imbalances financed; `None`, with a note, when they cannot.
pub(super) fn prepare(
    world: &ManySectors,
    shock: &ManySectorShock,
    deficit: &[f64],
    multiplicative: bool,
    notes: &mut Vec<Note>,
) -> Option<Prepared> {
    let n = world.n;
    describe_shock(world, shock, notes);
    let open = open_pairs(world, shock);
    if !goods_are_on_sale(world, shock, &open, notes) {
        return None;
    }
    let blocs = Blocs::new(n, |i, d| open[i * n + d]);
    let mut deficit = deficit.to_vec();
    if !multiplicative || deficit.iter().all(|&d| d == 0.0) {
        let negligible: Vec<f64> = world.value_added.iter().map(|v| CLAMP * v).collect();
        if let Some(place) = blocs.unfinanced(&deficit, &negligible) {
            let why = "no flow that could do so remains open";
            unfinanced(notes, place, deficit[place], why);
            return None;
        }
    }
    if blocs.count > 1 {
        let firsts = (0..blocs.count).filter_map(|c| blocs.members(c).next()).collect();
        note(notes, "separate_blocs", firsts, |count| {
            format!(
                "the world falls into {count} blocs without trade between them; wages and incomes \
                 are comparable within a bloc only, real results everywhere"
            )
        });
    }
    spread_rounding(&mut deficit, &world.value_added, &blocs);
    Some(Prepared { blocs, deficit, multiplicative })
}

/// Checks that goods can be bought and imbalances financed, then solves for log wages.
pub(super) fn clear(
    world: &ManySectors,
    shock: &ManySectorShock,
    deficit: &[f64],
    multiplicative: bool,
    tolerance: f64,
    max_iterations: usize,
    notes: &mut Vec<Note>,
) -> Cleared {
    let n = world.n;
    let Some(prepared) = prepare(world, shock, deficit, multiplicative, notes) else {
        return Cleared { solution: None, status: Status::Infeasible };
    };
    let deficit = &prepared.deficit;
    let market = prepared.market(world, shock);
    let Some(solution) = solve(&market, tolerance, max_iterations) else {
        let poorest = (0..n).min_by(|&a, &b| deficit[a].total_cmp(&deficit[b])).unwrap_or(0);
        note(notes, "no_start", vec![poorest], |_| {
            format!(
                "once the markets are closed no state of the world is left to start from; the \
                 largest surplus is that of place {poorest}: remove the imbalances first, or close \
                 the other direction too"
            )
        });
        return Cleared { solution: None, status: Status::NoProgress };
    };
    let status = solution.status;
    if status != Status::Converged {
        tell_failure(&market, &solution, notes);
    }
    Cleared { solution: Some(solution), status }
}

fn closed(shock: &ManySectorShock, cell: usize) -> bool {
    shock.ln_cost[cell] == f64::INFINITY
}

/// Who still sells anything to whom, `origin × N + destination`, own sales included.
fn open_pairs(world: &ManySectors, shock: &ManySectorShock) -> Vec<bool> {
    let n = world.n;
    let mut open = vec![false; n * n];
    for cell in 0..world.share.len() {
        let (row, i) = (cell / n, cell % n);
        if world.share[cell] > 0.0 && world.spending[row] > 0.0 && !closed(shock, cell) {
            open[i * n + row % n] = true;
        }
    }
    open
}

fn describe_shock(world: &ManySectors, shock: &ManySectorShock, notes: &mut Vec<Note>) {
    let n = world.n;
    let given = |cell: usize| (cell / (n * n) * n + cell % n) * n + cell / n % n;
    let changed = |c: usize| shock.ln_cost[c] != 0.0 || shock.tariff[c] != world.tariff[c];
    let cells = 0..world.share.len();
    let idle = cells.clone().filter(|&c| changed(c) && world.share[c] == 0.0).map(given).collect();
    note(notes, "shock_on_zero_flow", idle, |count| {
        format!("{count} shocked flows are zero at the baseline and stay at zero")
    });
    let gone = cells.filter(|&c| closed(shock, c) && world.share[c] > 0.0).map(given).collect();
    note(notes, "closed_pairs", gone, |count| format!("{count} flows become exactly zero"));
}

/// Every place can buy what it needs and sell something of what it makes.
fn goods_are_on_sale(
    world: &ManySectors,
    shock: &ManySectorShock,
    open: &[bool],
    notes: &mut Vec<Note>,
) -> bool {
    let (n, sectors) = (world.n, world.sectors);
    let lacking: Vec<usize> = (0..n * sectors)
        .filter(|&c| {
            let (p, j) = (c / sectors, c % sectors);
            let row = (j * n + p) * n;
            let sold = |i: usize| world.share[row + i] > 0.0 && !closed(shock, row + i);
            world.needs(p, j) && world.spending[j * n + p] > 0.0 && !(0..n).any(sold)
        })
        .collect();
    if let Some(&first) = lacking.first() {
        note(notes, "nobody_sells", lacking, |count| {
            format!(
                "place {} needs sector {} and nobody is left to sell it ({count} such pairs): \
                 leave a seller, or merge the sector with a related one",
                first / sectors,
                first % sectors
            )
        });
        return false;
    }
    let stranded: Vec<usize> = (0..n).filter(|&k| !(0..n).any(|d| open[k * n + d])).collect();
    let able = stranded.is_empty();
    note(notes, "stranded", stranded.clone(), |count| {
        format!(
            "{count} places are left with nobody, themselves included, to sell to; the first is \
             place {}",
            stranded[0]
        )
    });
    able
}

/// Names the place that stops the solver.
fn tell_failure(market: &Market, solution: &Solution, notes: &mut Vec<Note>) {
    let state = &solution.state;
    let n = state.x.len();
    let share = 100.0 * solution.reached;
    let left = |p: usize| state.income[p] / (market.world.value_added[p] + market.deficit[p]);
    let poorest = (0..n).min_by(|&a, &b| left(a).total_cmp(&left(b)));
    if let Some(place) = poorest
        && !market.multiplicative
        && market.deficit[place] < 0.0
        && left(place) < EXHAUSTED
    {
        let why =
            format!("solved up to {share:.0} percent of the shock, then it takes all its income");
        unfinanced(notes, place, market.deficit[place], &why);
        return;
    }
    let gap = |p: usize| state.gap[p].abs();
    let worst = (0..n).max_by(|&a, &b| gap(a).total_cmp(&gap(b)).then(b.cmp(&a))).unwrap_or(0);
    note(notes, "not_cleared", vec![worst], |_| {
        format!(
            "solved up to {share:.0} percent of the shock; the trade of place {worst} balances \
             worst. Try more steps, a smaller shock, or the imbalances removed first"
        )
    });
}
