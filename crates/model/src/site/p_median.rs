//! p-median: which p sites serve all customers at the least total cost.

use serde::{Deserialize, Serialize};

use super::branch::{self, Limits, Search};
use super::certificate::{self, Certificate, is_coarse, rounding};
use super::fixed::Table;
use super::incumbent::Incumbent;
use super::instance::{Instance, SiteState, positions};
use super::lagrangian;
use super::local_search::Plan;
use super::proof_tree;
use super::rejection;
use super::starts::{self, Effort};
use crate::outcome::{InputError, Note, Status};

/// How hard to search. Two runs with the same options give the same bytes, whatever the number of
/// threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Seed of the random starts. Any value; 1 by default.
    pub seed: u64,
    /// Random starts of the swap search. 8 by default: with the swaps made from the bound's own
    /// sets this finds the optimum of the 27 OR-Library graphs at hand.
    pub starts: usize,
    /// Subgradient steps at the root at most, 3,000 by default: some hundred before the relaxation is
    /// solved, and all of them where that would take too long. The step length usually ends the
    /// climb sooner.
    pub max_iterations: usize,
    /// Subgradient steps at most in a node of the tree whose relaxation would take too long. 1,000 by
    /// default; the step length usually ends the climb sooner.
    pub node_iterations: usize,
    /// Nodes of the tree at most; 0 leaves the root bound as it is. 20,000 by default. When the
    /// limit comes first the gap is positive and proven all the same.
    pub max_nodes: usize,
    /// Entries of cost lists that the search may read, some 3e8 in a second; what else it does counts
    /// as the entries read in the same time. A limit that does not depend on the clock: 2.5e9 by
    /// default, some eight seconds. It holds for up to 36 million pairs of customer and site (6,000 of
    /// each), and grows with their number beyond, to five times as much. Where p is small a quarter
    /// of it may go into climbs on samples of the sites; half into the relaxation, and an eighth into
    /// the way down from it to a plan; a quarter into the climb at the root where that does not end;
    /// a third into shakes (which end sooner where two fresh plans come to the same value); what is
    /// left into the tree. As each has its share, all together may pass the whole by half.
    pub max_work: u64,
    /// Numbers that the proof by a tree may have at most (customers × nodes); a longer one is left
    /// out, and the proof then is [`Proof::Search`]. 1,000,000 by default, some 10 MB as JSON.
    pub proof_numbers: usize,
}

impl Default for Options {
    fn default() -> Self {
        let (max_iterations, node_iterations) = (3_000, 1_000);
        Self {
            seed: 1,
            starts: 8,
            max_iterations,
            node_iterations,
            max_nodes: 20_000,
            max_work: 2_500_000_000,
            proof_numbers: 1_000_000,
        }
    }
}

/// Pairs of customer and site that [`Options::max_work`] is meant for, and how many times it grows
/// with them at most.
const USUAL_PAIRS: f64 = 36e6;
const MOST_TIMES: f64 = 5.0;

impl Options {
    /// The limit for this many customers and sites.
    fn scaled(&self, customers: usize, sites: usize) -> Self {
        let times = (customers as f64 * sites as f64 / USUAL_PAIRS).clamp(1.0, MOST_TIMES);
        Self { max_work: (self.max_work as f64 * times) as u64, ..self.clone() }
    }
}

/// What a bound rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The multipliers alone prove the plan optimal: [`certificate::check`] repeats it in one pass.
    Certificate,
    /// The multipliers at the nodes of a tree prove the plan optimal: [`certificate::check`] repeats
    /// it, node by node.
    Tree,
    /// The plan is optimal; the certificate proves `certified_bound`, and the search (reduced-cost
    /// fixing and the tree) the rest. To repeat that part, solve again.
    Search,
    /// A gap is left: `bound` is proven, optimality is not.
    Open,
}

impl Proof {
    /// Whether a reader can repeat the proof without solving again.
    #[must_use]
    pub fn is_repeatable(self) -> bool {
        matches!(self, Self::Certificate | Self::Tree)
    }

    pub(crate) fn of(objective: f64, certified_bound: f64, gap: f64, resolution: f64) -> Self {
        if gap > 0.0 {
            Self::Open
        } else if objective - certified_bound <= rounding(objective, resolution) {
            Self::Certificate
        } else {
            Self::Search
        }
    }
}

/// A plan with a proof of how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Solution {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Site that serves each customer: the nearest open one, the lowest position in a tie.
    pub assignment: Vec<usize>,
    /// Σ_i w_i c_{i,a(i)}, in the unit of weight × cost.
    pub objective: f64,
    /// No plan costs less than this.
    pub bound: f64,
    /// (objective - bound) / objective; exactly 0 when no plan is better by more than `resolution`.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// The part of `bound` that [`certificate::check`] re-proves from the costs.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// The multipliers and the value they prove.
    pub certificate: Certificate,
    /// Plans nearer than this are not told apart: 0 when all w_i c_ij are whole numbers, else the
    /// rounding of the costs to 64-bit integers, some 1e-13 of the objective, and more where a few
    /// costs dwarf the rest (such as 1e15 for "impossible": forbid the site or use a smaller one).
    pub resolution: f64,
    /// Subgradient steps, root and tree together.
    pub iterations: usize,
    /// Nodes of the tree.
    pub nodes: usize,
    /// `ties`: closed sites that can replace an open one at the same cost. `zero_weight`: customers
    /// that do not move the answer.
    pub notes: Vec<Note>,
}

/// Find the p sites that serve all customers at the least total cost, and prove it.
///
/// ```text
/// minimise  Σ_i Σ_j w_i c_ij x_ij
/// subject to  Σ_j x_ij = 1,  x_ij ≤ y_j,  Σ_j y_j = p,  x, y ∈ {0, 1}
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij, w_i | `instance` | customers × sites; customers | cost per unit of demand; demand |
/// | p | `p` | 1 | open sites in all, **the kept ones included** |
/// | y_j | [`Solution::open`] | p | |
/// | x_ij | [`Solution::assignment`] | customers | |
/// | λ_i | [`Certificate::multipliers`] | customers | weight × cost |
///
/// # Assumptions
///
/// Those of [`Instance`]. Costs need not be a metric, but bounds are then looser and the tree is
/// larger. If several plans are equally good, one is returned and a note says that swaps at the
/// same cost exist.
///
/// # Result
///
/// A plan, a proven bound and the certificate. A gap of 0 is stated only with a proof; see
/// [`Proof`] for who can repeat it.
///
/// # Errors
///
/// [`InputError::Setting`] if no plan has p open sites, or `options.starts` is 0.
///
/// # Cost
///
/// Memory some 40 bytes per pair of customer and site up to 4 million pairs; beyond, each customer
/// holds its nearest 6 m / p + 64 sites only, and multipliers do not rise above them, which leaves
/// the bound valid. Time: the sorting O(n m log m); a swap pass O(m (n + p)); a subgradient step
/// about 2 n m / p; a step of the relaxation, on a core of k sites of which each customer lists l,
/// O(n l² + k³), and far less than k³ where l is small.
///
/// # Source
///
/// Bound and tree: Beasley 1985, EJOR 21, 270-273; Christofides and Beasley 1982, EJOR 10, 196-204.
/// Relaxation: Mehrotra 1992, SIAM Journal on Optimization 2, 575-601.
/// Swaps: Schubert and Rousseeuw 2021, Information Systems 101, 101804.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9; the last has twice the demand.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?.weighted(vec![1.0, 1.0, 1.0, 1.0, 2.0])?;
/// let solution = p_median::solve(&instance, 2, &p_median::Options::default())?;
/// assert_eq!((solution.objective, solution.gap), (8.0, 0.0));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn solve(instance: &Instance, p: usize, options: &Options) -> Result<Solution, InputError> {
    check_options(options)?;
    instance.check_p(p)?;
    let table = Table::new(instance, p, p);
    Ok(solve_on(&table, instance, p, options, &Warm::default()))
}

/// [`solve`] with the number of sites to *add* to the kept ones.
///
/// # Errors
///
/// As [`solve`] with p = kept + `additional`.
pub fn solve_additional(
    instance: &Instance,
    additional: usize,
    options: &Options,
) -> Result<Solution, InputError> {
    let kept = instance.sites_in(SiteState::Kept).count();
    solve(instance, kept.saturating_add(additional), options)
}

pub(crate) fn check_options(options: &Options) -> Result<(), InputError> {
    if options.starts > 0 && options.max_iterations > 0 && options.node_iterations > 0 {
        return Ok(());
    }
    Err(InputError::Setting {
        what: "starts, max_iterations and node_iterations".to_owned(),
        expected: "1 or more of each".to_owned(),
        got: format!(
            "{}, {} and {}",
            options.starts, options.max_iterations, options.node_iterations
        ),
        remedy: "to stop after the root bound set max_nodes to 0".to_owned(),
    })
}

/// What a neighbouring question has found already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Warm<'a> {
    /// Sites open in the new question: as many as p, kept ones included, none forbidden.
    pub(crate) open: Option<&'a [usize]>,
    /// Multipliers in the caller's unit.
    pub(crate) multipliers: Option<&'a [f64]>,
}

/// [`solve`] on costs that are scaled already. The table may belong to the same costs and weights with
/// other states, or to a range of p.
///
/// Where a few costs dwarf the plan found, so that its differences are lost in the scale, they are
/// lowered to twice what it costs, which no better plan can have of them, and the question asked again.
pub(crate) fn solve_on(
    table: &Table<'_>,
    instance: &Instance,
    p: usize,
    options: &Options,
    warm: &Warm<'_>,
) -> Solution {
    let mut found = solve_once(table, instance, p, options, warm);
    while is_coarse(found.objective, found.resolution) {
        let finer = Table::capped(instance, p, 2.0 * found.objective);
        if finer.resolution > found.resolution / 2.0 {
            break;
        }
        let warm = Warm { open: Some(&found.open), multipliers: None };
        found = solve_once(&finer, instance, p, options, &warm);
    }
    found
}

fn solve_once(
    table: &Table<'_>,
    instance: &Instance,
    p: usize,
    options: &Options,
    warm: &Warm<'_>,
) -> Solution {
    let options = &options.scaled(table.customers, table.sites);
    let effort = Effort { seed: options.seed, starts: options.starts, work: options.max_work };
    let mut work = 0;
    let plan = starts::best_of(table, instance, p, effort, &mut work);
    let mut incumbent = Incumbent::new(&plan, instance.states(), work);
    let kept = positions(instance.states(), SiteState::Kept);
    if let Some(open) = warm.open {
        incumbent.improve(table, &mut Plan::of(table, &kept, open));
    }
    let start = match warm.multipliers {
        // With a single plan possible its own multipliers prove it at once.
        Some(values) if p != kept.len() && p != instance.feasible_p().1 => {
            let fixed = values.iter().zip(&table.beyond);
            fixed.map(|(value, most)| ((value / table.step) as i64).clamp(0, *most)).collect()
        }
        _ => {
            let plan = Plan::of(table, &kept, &incumbent.open);
            let tried = (0..=8).map(|eighths| plan.first_multipliers(table, eighths));
            let bound = |start: &Vec<i64>| lagrangian::bound(table, instance.states(), p, start);
            tried.max_by_key(bound).expect("some are tried")
        }
    };
    let limits = Limits::new(options);
    let search = branch::search(table, instance.states(), p, start, &limits, &mut incumbent);
    report(table, instance, p, &search, incumbent.open)
}

/// What a search found, in the caller's unit.
fn report(
    table: &Table<'_>,
    instance: &Instance,
    p: usize,
    search: &Search,
    open: Vec<usize>,
) -> Solution {
    let free: Vec<usize> = instance.sites_in(SiteState::Free).collect();
    let kept = positions(instance.states(), SiteState::Kept);
    let plan = Plan::of(table, &kept, &open);
    let ties = plan.equals(table, &free, if table.exact { 1 } else { table.unit });
    let assignment = instance.assign(&open);
    let objective = instance.value_of(&assignment);
    let resolution = table.resolution;
    let mut certificate = Certificate::of(table, search);
    certificate.value = certificate::lower_bound(instance, p, &certificate.multipliers);
    let root_bound = certificate::certified(instance, certificate.value, objective);
    let by_search = match search.open_bound {
        Some(bound) => table.bound(bound),
        None => objective - resolution,
    };
    let bound = root_bound.max(by_search).min(objective);
    let gap = certificate::relative_gap(objective, bound, resolution);
    let mut proof = Proof::of(objective, root_bound, gap, resolution);
    if proof != Proof::Search {
        certificate.tree = Vec::new();
    } else if !certificate.tree.is_empty() {
        // Only what a reader can repeat is said to be proven so.
        let aim = objective - rounding(objective, resolution);
        let walked = proof_tree::check(instance, p, &certificate, aim);
        match walked {
            Ok(()) => proof = Proof::Tree,
            Err(_) => certificate.tree = Vec::new(),
        }
    }
    let certified_bound = if proof == Proof::Tree { bound } else { root_bound };
    Solution {
        open,
        assignment,
        objective,
        bound,
        gap,
        status: Status::Optimal { gap },
        certified_bound,
        proof,
        certificate,
        resolution,
        iterations: search.iterations,
        nodes: search.nodes,
        notes: notes(instance, ties),
    }
}

fn notes(instance: &Instance, ties: Vec<usize>) -> Vec<Note> {
    let idle: Vec<usize> =
        (0..instance.customers()).filter(|&i| instance.weights()[i] == 0.0).collect();
    let listed = [
        (
            "ties",
            [
                "closed site can replace an open one at the same cost: another plan is as good",
                "closed sites can replace an open one at the same cost: other plans are as good",
            ],
            ties,
        ),
        ("zero_weight", rejection::IDLE, idle),
    ];
    rejection::notes(listed)
}
