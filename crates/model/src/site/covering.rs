//! Reach customers within a radius: all of them with the cheapest sites, or most with p sites.
//!
//! [`set_cover`] asks how few (or how cheap) sites leave nobody beyond the radius; [`max_cover`] how
//! much demand p sites can reach.

use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::certificate::relative_gap;
use super::cover_bound::{Climb, climb};
use super::facility::check_list;
use super::instance::{Instance, LARGEST, SiteState};
use super::p_median::Proof;
use super::refutation::{Log, Refutation, Step};
use super::rejection::{Claims, Rejection, check_plan, notes, same};
use super::set_cover::{Best, Limits, Links, Node, drop_customers, search};
use crate::outcome::{InputError, Note, Status};

pub use super::max_covering::{MaxCover, check_max_cover, max_cover};

/// Bits after the point that multipliers get when costs are whole.
const BITS: i32 = 20;
/// Sums of scaled costs stay below 2^50.
const SUM_BITS: f64 = 50.0;
/// Subgradient steps for the multipliers of a certificate that cannot hold the tree.
const CERTIFICATE_STEPS: usize = 1_000;

/// How long to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Nodes of the tree at most. 200,000 by default. When the limit comes first the gap is
    /// positive and proven all the same.
    pub max_nodes: usize,
    /// Numbers that the certificate may hold at most. 1,000,000 by default; where the search needs
    /// more, the certificate holds one vector of multipliers.
    pub max_certificate: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_nodes: 200_000, max_certificate: 1_000_000 }
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

/// Why no cover is cheaper than a bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// No cover costs less than this many steps of 2^-bits, each opening cost rounded down to a
    /// whole number of steps.
    pub at_least: i64,
    /// How fine the steps are: follows from the opening costs.
    pub bits: i32,
    /// Why.
    pub refutation: Refutation,
}

/// The cheapest sites that reach everybody, with a proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The re-checkable proof.
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

    /// A bound in steps as one in the caller's unit: covers of whole cost have no other.
    fn certified(&self, at_least: i64, cost: f64) -> f64 {
        let value = at_least as f64 * 2_f64.powi(-self.bits);
        (if self.whole { value.ceil() } else { value.next_down() }).max(0.0).min(cost)
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
    let m = instance.sites();
    let scale = Scale::new(&opening);
    let (links, root) = question(instance, radius, &opening, &scale);
    let most: i64 = allowed(instance).map(|j| links.costs[j]).sum();
    let log = Log::new(options.max_certificate);
    let best = Best { value: most + links.unit, cover: None, any: false, log };
    let limits = Limits { root_steps: 600, node_steps: 40, max_nodes: options.max_nodes };
    let found = search(&links, root.clone(), best, &limits);
    // A search cut short may have met no cover yet: all sites are one.
    let mut open = found.best.cover.clone().unwrap_or_else(|| allowed(instance).collect());
    open.sort_unstable();
    let cost: f64 = open.iter().map(|&j| opening[j]).sum();

    let cutoff = found.best.cutoff(&links);
    let whole_tree = found.open_bound.is_none().then(|| found.best.log.finish()).flatten();
    let (at_least, refutation) = match whole_tree {
        Some(refutation) => (cutoff, refutation),
        None => root_bound(&links, root, found.best.value),
    };
    let certified_bound = scale.certified(at_least, cost);
    let resolution = scale.resolution(m);
    let by_search = match found.open_bound {
        None => cost - resolution,
        Some(bound) => scale.certified(bound, cost),
    };
    let bound = certified_bound.max(by_search).min(cost);
    let gap = relative_gap(cost, bound, resolution);
    Ok(SetCover {
        assignment: instance.assign(&open),
        notes: advice(instance, radius, &open),
        open,
        cost,
        bound,
        gap,
        status: Status::Optimal { gap },
        certified_bound,
        proof: Proof::of(cost, certified_bound, gap, resolution),
        certificate: Certificate { at_least, bits: scale.bits, refutation },
        resolution,
        nodes: found.nodes,
    })
}

/// Prove the bound of a cover again, from the distances and opening costs alone: the steps of the
/// search are walked once more; see [`refutation`](super::refutation) for why each of them holds.
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
/// One pass over the distances, O(n m), and some set operations per step; whole numbers, so nothing
/// is rounded.
///
/// # Source
///
/// As [`set_cover`].
pub fn check(
    instance: &Instance,
    radius: f64,
    opening: Option<&[f64]>,
    solution: &SetCover,
) -> Result<f64, Rejection> {
    let opening = opening_costs(instance, opening)?;
    check_plan(instance, solution.open.len(), &solution.open, &solution.assignment)?;
    let far = |(i, &j): (usize, &usize)| instance.cost(i, j) > radius;
    if let Some(at) = solution.assignment.iter().enumerate().position(far) {
        let (what, fault) = ("customer", "is beyond the radius of every open site");
        return Err(Rejection::Plan { what, at, fault });
    }
    let cost = solution.open.iter().map(|&j| opening[j]).sum();
    same("the cost", solution.cost, cost)?;
    let scale = Scale::new(&opening);
    let (links, root) = question(instance, radius, &opening, &scale);
    let Certificate { at_least, bits, refutation } = &solution.certificate;
    same("the scale", f64::from(*bits), f64::from(scale.bits))?;
    refutation.check(&links, root, *at_least)?;
    let certified_bound = scale.certified(*at_least, cost);
    let resolution = scale.resolution(instance.sites());
    same("the resolution", solution.resolution, resolution)?;
    let SetCover { bound, gap, proof, status, .. } = *solution;
    let claims = Claims { bound, certified_bound: solution.certified_bound, gap, proof, status };
    claims.check(cost, certified_bound, resolution)?;
    Ok(certified_bound)
}

/// The cheapest cover whatever the rules, and a bound below all of them.
pub(crate) struct Cheapest {
    /// Open sites, ascending; `None`: no cover that costs no more than asked was found.
    pub(crate) cover: Option<Vec<usize>>,
    /// No cover costs less; infinite: none costs no more than asked.
    pub(crate) bound: f64,
    /// Whether no cheaper cover, or none at all, is certain.
    pub(crate) proven: bool,
}

/// The cheapest cover among those that cost no more than `most`.
pub(crate) fn cheapest(instance: &Instance, radius: f64, opening: &[f64], most: f64) -> Cheapest {
    if !unreachable(instance, radius).is_empty() {
        return Cheapest { cover: None, bound: f64::INFINITY, proven: true };
    }
    let scale = Scale::new(opening);
    let (links, root) = question(instance, radius, opening, &scale);
    let all: i64 = allowed(instance).map(|j| links.costs[j]).sum();
    // Costs are rounded down: a cover that costs `most` has no more steps than this.
    let steps = (most * 2_f64.powi(scale.bits)).floor().clamp(-1.0, all as f64) as i64;
    let best = Best { value: steps + links.unit, cover: None, any: false, log: Log::default() };
    let limits =
        Limits { root_steps: 600, node_steps: 40, max_nodes: Options::default().max_nodes };
    let found = search(&links, root, best, &limits);
    let mut cover = found.best.cover;
    if let Some(open) = &mut cover {
        open.sort_unstable();
    }
    let cost = cover.as_ref().map(|open| open.iter().map(|&j| opening[j]).sum::<f64>());
    let bound = match (found.open_bound, cost) {
        (None, Some(cost)) => cost - scale.resolution(instance.sites()),
        (None, None) => f64::INFINITY,
        (Some(bound), cost) => scale.certified(bound, cost.unwrap_or(f64::INFINITY)),
    };
    Cheapest { cover, bound, proven: found.open_bound.is_none() }
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
    check_list("opening costs", opening, instance.sites(), LARGEST)?;
    Ok(opening.to_vec())
}

fn allowed(instance: &Instance) -> impl Iterator<Item = usize> + '_ {
    (0..instance.sites()).filter(|&j| instance.states()[j] != SiteState::Forbidden)
}

/// Customers beyond the radius of every site that may be open.
pub(crate) fn unreachable(instance: &Instance, radius: f64) -> Vec<usize> {
    let lost = |i: &usize| allowed(instance).all(|j| instance.cost(*i, j) > radius);
    (0..instance.customers()).filter(lost).collect()
}

/// Links within the radius, and the node that the kept sites leave.
fn question(instance: &Instance, radius: f64, opening: &[f64], scale: &Scale) -> (Links, Node) {
    let (n, m) = (instance.customers(), instance.sites());
    let covers = |i, j| instance.cost(i, j) <= radius;
    let links = Links::new(n, scale.costs(opening), scale.unit(m), covers);
    let free = Bits::of(m, instance.sites_in(SiteState::Free));
    let mut root = Node::new(&links, Bits::of(n, 0..n), free);
    instance.sites_in(SiteState::Kept).for_each(|j| root.open(&links, j));
    (links, root)
}

/// What one vector of multipliers proves.
fn root_bound(links: &Links, root: Node, value: i64) -> (i64, Refutation) {
    let mut node = root.clone();
    let implied = drop_customers(links, &mut node);
    let mut log = Log::new(usize::MAX);
    log.step(Step::Without(implied));
    let mut best = Best { value, cover: None, any: false, log: Log::default() };
    let rules = Climb { steps: CERTIFICATE_STEPS, theta: 1.0, patience: 25, greedy_every: 0 };
    let _ = climb(links, &mut node, &mut best, &rules);
    let which = log.weights(&node.multipliers);
    log.step(Step::Bound(which));
    let refutation = log.finish().expect("room for everything");
    // The bound of the climb leaves out no customer of positive weight.
    (node.bound.max(root.spent).min(best.cutoff(links)), refutation)
}

fn advice(instance: &Instance, radius: f64, open: &[usize]) -> Vec<Note> {
    let times = |i: usize| open.iter().filter(|&&j| instance.cost(i, j) <= radius).count();
    let single = (0..instance.customers()).filter(|&i| times(i) == 1).collect();
    notes([(
        "single",
        [
            "customer is within reach of one open site only",
            "customers are within reach of one open site only",
        ],
        single,
    )])
}
