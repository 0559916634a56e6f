//! Reach customers within a radius: all of them with the cheapest sites, or most with p sites.
//!
//! [`set_cover`] asks how few (or how cheap) sites leave nobody beyond the radius; [`max_cover`],
//! in [`super::max_covering`], how much demand p sites can reach.

use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::cover_bound::{Climb, climb};
use super::facility_bound::add_down;
use super::instance::{Instance, SiteState};
use super::p_median::Proof;
use super::set_cover::{Best, Limits, Links, Node, drop_customers, search};
use super::witness::{self, Rejection};
use crate::outcome::{InputError, Note, Status};

pub use super::max_covering::{MaxCover, check_max_cover, max_cover};

/// Bits after the point that multipliers get when costs are whole.
const BITS: i32 = 20;
/// Sums of scaled costs stay below 2^50.
const SUM_BITS: f64 = 50.0;
/// Opening costs up to here can be summed without overflow.
const LARGEST: f64 = 1e120;

/// How long to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Nodes of the tree at most. 200,000 by default. When the limit comes first the gap is
    /// positive and proven all the same.
    pub max_nodes: usize,
    /// Steps that make the certificate at most. 1,000 by default.
    pub certificate_steps: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_nodes: 200_000, certificate_steps: 1_000 }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverError {
    /// A radius, a cost or a number of sites is not allowed.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Some customers are beyond the radius of every site that may be open.
    #[error(
        "{} customers are farther than {radius} from every site that may be open, such as customer \
         {}, whose nearest one is at {nearest}; raise the radius, add sites or drop the customers",
        customers.len(), customers[0]
    )]
    Unreachable {
        /// All of them, ascending.
        customers: Vec<usize>,
        /// Distance of the first one to its nearest site; infinite if all sites are forbidden.
        nearest: f64,
        /// The radius asked for.
        radius: f64,
    },
}

/// Multipliers and the bound they prove.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// u_i, one per customer, not negative, in the unit of opening costs.
    pub multipliers: Vec<f64>,
    /// L(u), rounded down, before any rounding up to a whole number.
    pub value: f64,
}

/// The cheapest sites that reach everybody, with a proof.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct SetCover {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Nearest open site of each customer, the lowest position in a tie.
    pub assignment: Vec<usize>,
    /// Σ f_j y_j, of kept sites too: the number of open sites if no costs were given.
    pub cost: f64,
    /// No cover costs less.
    pub bound: f64,
    /// (cost - bound) / cost; exactly 0 when no cover is cheaper by more than `resolution`.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// The part of `bound` that [`check`] re-proves.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// The multipliers and the value they prove.
    pub certificate: Certificate,
    /// Covers nearer than this in cost are not told apart: 0 when all costs are whole.
    pub resolution: f64,
    /// Nodes of the tree.
    pub nodes: usize,
    /// `single`: customers whom exactly one open site reaches, who lose cover if it closes.
    pub notes: Vec<Note>,
}

/// Costs in the whole numbers of the kernel.
struct Scale {
    bits: i32,
    whole: bool,
}

impl Scale {
    fn new(opening: &[f64]) -> Self {
        let sum: f64 = opening.iter().sum();
        let whole = opening.iter().all(|f| f.fract() == 0.0) && sum < 2_f64.powi(30);
        let fine = if sum > 0.0 { (SUM_BITS - sum.log2()).floor() } else { 0.0 };
        let bits = if whole { BITS } else { fine.clamp(-1000.0, 1000.0) as i32 };
        Self { bits, whole }
    }

    fn costs(&self, opening: &[f64]) -> Vec<i64> {
        opening.iter().map(|f| (f * 2_f64.powi(self.bits)).floor() as i64).collect()
    }

    fn unit(&self, sites: usize) -> i64 {
        if self.whole { 1 << self.bits } else { sites as i64 }
    }

    fn resolution(&self, sites: usize) -> f64 {
        // Each cost is off by a step at most, in either cover.
        if self.whole { 0.0 } else { 4.0 * sites as f64 * 2_f64.powi(-self.bits) }
    }
}

/// Find the cheapest sites that reach every customer within a radius, and prove it.
///
/// ```text
/// minimise  Σ_j f_j y_j
/// subject to  Σ_{j : c_ij ≤ R} y_j ≥ 1 for every customer i,  y ∈ {0, 1}
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij | `instance` | customers × sites | distance |
/// | R | `radius` | 1 | distance |
/// | f_j | `opening`; 1 each if `None`: fewest sites | sites | money |
/// | y_j | [`SetCover::open`] | sites | |
/// | u_i | [`Certificate::multipliers`] | customers | money |
///
/// # Assumptions
///
/// c_ij = R is within reach. Weights of the instance play no part: everybody must be reached; leave
/// out the customers who need not be. A free site of no cost is opened only where it reaches
/// somebody the others do not.
///
/// # Result
///
/// A cover, a proven bound and the certificate. Of several equally cheap covers one is returned.
///
/// # Errors
///
/// [`CoverError::Unreachable`] naming all customers beyond R of every site that may be open;
/// [`CoverError::Input`] for a radius or opening costs that are negative or not a number.
///
/// # Cost
///
/// Memory n m / 4 bytes. Most of the time goes into the tree: OR-Library's graphs of 300 vertices
/// take well under a second.
///
/// # Source
///
/// Toregas, Swain, ReVelle, Bergman 1971, "The location of emergency service facilities",
/// Operations Research 19, 1363-1373; Beasley 1987, EJOR 31, 85-93 (tree).
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, covering};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9: who reaches all within 3 km?
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?;
/// let cover = covering::set_cover(&instance, 3.0, None, &covering::Options::default())?;
/// assert_eq!((cover.cost, cover.gap, cover.open[1]), (2.0, 0.0, 3));
/// assert_eq!(covering::check(&instance, 3.0, None, &cover)?, 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_cover(
    instance: &Instance,
    radius: f64,
    opening: Option<&[f64]>,
    options: &Options,
) -> Result<SetCover, CoverError> {
    check_radius(radius)?;
    let opening = opening_costs(instance, opening)?;
    let lost = unreachable(instance, radius);
    if let Some(&first) = lost.first() {
        let allowed = allowed(instance).map(|j| instance.cost(first, j));
        let nearest = allowed.fold(f64::INFINITY, f64::min);
        return Err(CoverError::Unreachable { customers: lost, nearest, radius });
    }
    let (n, m) = (instance.customers(), instance.sites());
    let scale = Scale::new(&opening);
    let covers = |i, j| instance.cost(i, j) <= radius;
    let links = Links::new(n, scale.costs(&opening), scale.unit(m), covers);
    let mut root =
        Node::new(&links, Bits::of(n, 0..n), Bits::of(m, instance.sites_in(SiteState::Free)));
    instance.sites_in(SiteState::Kept).for_each(|j| root.open(&links, j));

    let most: i64 = allowed(instance).map(|j| links.costs[j]).sum();
    let best = Best { value: most + links.unit, cover: None, any: false };
    let limits = Limits { root_steps: 600, node_steps: 40, max_nodes: options.max_nodes };
    let found = search(&links, root.clone(), best, &limits);
    // A search cut short may have met no cover yet: all sites are one.
    let mut open = found.best.cover.unwrap_or_else(|| allowed(instance).collect());
    open.sort_unstable();
    let cost: f64 = open.iter().map(|&j| opening[j]).sum();

    let multipliers = multipliers(&links, root, found.best.value, &scale, options);
    let value = lower_bound(instance, radius, &opening, &multipliers);
    let certified_bound = certified(&opening, value, cost);
    let resolution = scale.resolution(m);
    let by_search = match found.open_bound {
        None => cost - resolution,
        Some(bound) if scale.whole => ((bound + links.unit - 1) / links.unit) as f64,
        Some(bound) => (bound as f64 * 2_f64.powi(-scale.bits)).next_down(),
    };
    let bound = certified_bound.max(by_search).min(cost);
    let gap = relative_gap(cost, bound, resolution);
    Ok(SetCover {
        assignment: instance.assign(&open),
        notes: notes(instance, radius, &open),
        open,
        cost,
        bound,
        gap,
        status: Status::Optimal { gap },
        certified_bound,
        proof: Proof::of(cost, certified_bound, gap, resolution),
        certificate: Certificate { multipliers, value },
        resolution,
        nodes: found.nodes,
    })
}

/// Prove the bound of a cover again, from the distances and opening costs alone.
///
/// ```text
/// L(u) = Σ_i u_i + Σ_{j kept} (f_j - U_j) + Σ_{j free} min(0, f_j - U_j),   U_j = Σ_{i : c_ij ≤ R} u_i
/// ```
///
/// # Notation
///
/// u_i: [`Certificate::multipliers`]; the rest as in [`set_cover`].
///
/// # Result
///
/// The certified bound: no cover costs less.
///
/// # Errors
///
/// [`Rejection`] naming the first claim that the numbers do not give.
///
/// # Cost
///
/// One pass, O(n m) time, O(m) memory; every sum is rounded down.
///
/// # Source
///
/// Geoffrion 1974, "Lagrangean relaxation for integer programming", Mathematical Programming Study
/// 2, 82-114, theorem 1(a).
pub fn check(
    instance: &Instance,
    radius: f64,
    opening: Option<&[f64]>,
    solution: &SetCover,
) -> Result<f64, Rejection> {
    let opening = opening_costs(instance, opening)?;
    witness::check_plan(instance, solution.open.len(), &solution.open, &solution.assignment)?;
    let far = |(i, &j): (usize, &usize)| instance.cost(i, j) > radius;
    if let Some(at) = solution.assignment.iter().enumerate().position(far) {
        let (what, fault) = ("customer", "is beyond the radius of every open site");
        return Err(Rejection::Plan { what, at, fault });
    }
    let cost = solution.open.iter().map(|&j| opening[j]).sum();
    witness::same("the cost", solution.cost, cost)?;
    let (expected, got) = (instance.customers(), solution.certificate.multipliers.len());
    if expected != got {
        return Err(Rejection::Witness);
    }
    let value = lower_bound(instance, radius, &opening, &solution.certificate.multipliers);
    witness::same("the value of the certificate", solution.certificate.value, value)?;
    let certified_bound = certified(&opening, value, cost);
    witness::same("the certified bound", solution.certified_bound, certified_bound)?;
    let resolution = Scale::new(&opening).resolution(instance.sites());
    witness::same("the resolution", solution.resolution, resolution)?;
    if !(certified_bound <= solution.bound && solution.bound <= cost) {
        let (what, claimed) = ("the bound", solution.bound);
        return Err(Rejection::Number { what, claimed, found: certified_bound });
    }
    let gap = relative_gap(cost, solution.bound, resolution);
    witness::same("the gap", solution.gap, gap)?;
    let found = Proof::of(cost, certified_bound, gap, resolution);
    if solution.proof != found || solution.status != (Status::Optimal { gap }) {
        return Err(Rejection::Proof { claimed: solution.proof, found });
    }
    Ok(certified_bound)
}

pub(crate) fn check_radius(radius: f64) -> Result<(), InputError> {
    if (0.0..f64::INFINITY).contains(&radius) {
        return Ok(());
    }
    Err(InputError::Value {
        what: "radius".to_owned(),
        index: 0,
        value: radius,
        remedy: "give a finite distance that is not negative".to_owned(),
    })
}

fn opening_costs(instance: &Instance, opening: Option<&[f64]>) -> Result<Vec<f64>, InputError> {
    let Some(opening) = opening else { return Ok(vec![1.0; instance.sites()]) };
    let (expected, got) = (instance.sites(), opening.len());
    if expected != got {
        return Err(InputError::Length { what: "opening costs".to_owned(), expected, got });
    }
    match opening.iter().position(|f| !(0.0..=LARGEST).contains(f)) {
        None => Ok(opening.to_vec()),
        Some(index) => Err(InputError::Value {
            what: "opening costs".to_owned(),
            index,
            value: opening[index],
            remedy:
                "give a finite number that is not negative; forbid a site that cannot be opened"
                    .to_owned(),
        }),
    }
}

fn allowed(instance: &Instance) -> impl Iterator<Item = usize> + '_ {
    (0..instance.sites()).filter(|&j| instance.states()[j] != SiteState::Forbidden)
}

/// Customers beyond the radius of every site that may be open.
pub(crate) fn unreachable(instance: &Instance, radius: f64) -> Vec<usize> {
    let lost = |i: &usize| allowed(instance).all(|j| instance.cost(*i, j) > radius);
    (0..instance.customers()).filter(lost).collect()
}

/// Multipliers that prove as much of the cost as they can.
fn multipliers(
    links: &Links,
    mut root: Node,
    value: i64,
    scale: &Scale,
    options: &Options,
) -> Vec<f64> {
    drop_customers(links, &mut root);
    let mut best = Best { value, cover: None, any: false };
    let (steps, patience) = (options.certificate_steps.max(1), 25);
    let rules = Climb { steps, theta: 1.0, patience, greedy_every: 0, decide: false };
    let _ = climb(links, &mut root, &mut best, &rules);
    root.multipliers.iter().map(|u| *u as f64 * 2_f64.powi(-scale.bits)).collect()
}

/// L(u), never above its exact value; minus infinity for multipliers that prove nothing.
fn lower_bound(instance: &Instance, radius: f64, opening: &[f64], multipliers: &[f64]) -> f64 {
    if multipliers.iter().any(|u| !(0.0..=LARGEST).contains(u)) {
        return f64::NEG_INFINITY;
    }
    let mut reduced = opening.to_vec();
    let mut bound = 0.0;
    for (row, &u) in instance.costs().chunks_exact(instance.sites()).zip(multipliers) {
        bound = add_down(bound, u);
        if u > 0.0 {
            let within = row.iter().zip(&mut reduced).filter(|(cost, _)| **cost <= radius);
            within.for_each(|(_, reduced)| *reduced = add_down(*reduced, -u));
        }
    }
    for (state, reduced) in instance.states().iter().zip(reduced) {
        bound = match state {
            SiteState::Kept => add_down(bound, reduced),
            SiteState::Free => add_down(bound, reduced.min(0.0)),
            SiteState::Forbidden => bound,
        };
    }
    bound
}

fn certified(opening: &[f64], value: f64, cost: f64) -> f64 {
    let whole = Scale::new(opening).whole;
    (if whole { value.ceil() } else { value }).max(0.0).min(cost)
}

fn relative_gap(cost: f64, bound: f64, resolution: f64) -> f64 {
    if cost - bound <= resolution { 0.0 } else { (cost - bound) / cost }
}

fn notes(instance: &Instance, radius: f64, open: &[usize]) -> Vec<Note> {
    let times = |i: usize| open.iter().filter(|&&j| instance.cost(i, j) <= radius).count();
    let rows: Vec<usize> = (0..instance.customers()).filter(|&i| times(i) == 1).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let count = rows.len();
    let message = format!("{count} customers are within reach of one open site only");
    vec![Note { code: "single", message, count, rows }]
}
