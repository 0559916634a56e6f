//! Choose p sites so that the farthest customer is as near as possible.

use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::certificate::relative_gap;
use super::instance::{Instance, SiteState};
use super::p_median::Proof;
use super::refutation::{Log, Refutation};
use super::rejection::{Claims, IDLE, Rejection, check_plan, notes, same};
use super::set_cover::{Best, Limits, Links, Node, search};
use crate::outcome::{InputError, Note, Status};

/// One site in the whole numbers of the covering kernel: fine enough for multipliers.
const UNIT: i64 = 1 << 20;

/// How long to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Nodes of the tree at most, for each radius tried. 200,000 by default: OR-Library's graphs
    /// with up to 900 vertices need some hundred.
    pub max_nodes: usize,
    /// Numbers that the certificate may hold at most. 1,000,000 by default; where the search needs
    /// more, the certificate holds only the bound that follows from each customer's nearest site.
    pub max_certificate: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_nodes: 200_000, max_certificate: 1_000_000 }
    }
}

/// Why no p sites reach all customers below a radius.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// No plan has a radius below this one.
    pub radius: f64,
    /// Why no p sites reach all customers below it.
    pub refutation: Refutation,
}

/// A plan with a proof of how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Solution {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Site that serves each customer: the nearest open one, the lowest position in a tie.
    pub assignment: Vec<usize>,
    /// max_i w_i c_{i,a(i)}.
    pub radius: f64,
    /// The customer who decides it: the lowest position in a tie.
    pub farthest: usize,
    /// No plan has a smaller radius.
    pub bound: f64,
    /// (radius - bound) / radius; 0 if both are equal.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// The part of `bound` that [`check`] re-proves from the costs.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// Re-checkable part of the proof.
    pub certificate: Certificate,
    /// Radii tried.
    pub decisions: usize,
    /// Nodes of all trees.
    pub nodes: usize,
    /// `zero_weight`: customers that do not move the answer. `spare`: open sites that the radius
    /// does not need.
    pub notes: Vec<Note>,
}

/// Find the p sites that keep the largest weighted distance least, and prove it.
///
/// ```text
/// minimise  R
/// subject to  Σ_j x_ij = 1,  x_ij ≤ y_j,  Σ_j y_j = p,  Σ_j w_i c_ij x_ij ≤ R,  x, y ∈ {0, 1}
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// R is one of the numbers w_i c_ij. "Can p sites reach all customers within R?" is a covering
/// question, and bisection over the sorted distinct numbers needs few of them.
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij, w_i | `instance` | customers × sites; customers | distance; factor on it, 1 unless given |
/// | p | `p` | 1 | open sites in all, **the kept ones included** |
/// | y_j | [`Solution::open`] | p | |
/// | x_ij | [`Solution::assignment`] | customers | |
/// | R | [`Solution::radius`] | 1 | weight × distance |
///
/// # Assumptions
///
/// Those of [`Instance`]. Weights multiply distances: give 1 to all customers for the plain
/// farthest distance, and 0 to leave a customer out. Many plans usually share the least radius: one
/// of them is returned, filled up to p sites with those that lower Σ_i w_i c_i most.
///
/// # Result
///
/// A plan, a proven bound and the certificate, which [`check`] walks without searching.
///
/// # Errors
///
/// [`InputError::Setting`] if no plan has p open sites.
///
/// # Cost
///
/// Memory some 16 bytes per pair of customer and site. About log2(distinct distances) covering
/// questions; OR-Library's graphs of up to 900 vertices take half a second each at most. Points in
/// a plane with few sites (1,500 points, p = 10) are harder: minutes, or a gap.
///
/// # Source
///
/// Minieka 1970, "The m-center problem", SIAM Review 12, 138-139 (bisection and covering); Elloumi,
/// Labbé, Pochet 2004, "A new formulation and resolution method for the p-center problem", INFORMS
/// Journal on Computing 16, 84-94.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_center};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?;
/// let solution = p_center::solve(&instance, 2, &p_center::Options::default())?;
/// assert_eq!((solution.radius, solution.gap), (3.0, 0.0));
/// assert_eq!(p_center::check(&instance, 2, &solution)?, 3.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(instance: &Instance, p: usize, options: &Options) -> Result<Solution, InputError> {
    instance.check_p(p)?;
    let radii = radii(instance);
    let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
    let room = p - kept.len();
    // The nearest allowed site bounds every plan from below, the first p allowed ones from above.
    let mut low = position(&radii, nearest_of_all(instance));
    let mut open: Vec<usize> =
        kept.iter().copied().chain(instance.sites_in(SiteState::Free)).take(p).collect();
    let mut high = position(&radii, radius_of(instance, &open));
    // `sure` falls behind `low` when a tree is cut short.
    let (mut sure, mut decisions, mut nodes) = (low, 0, 0);
    let mut certificate = alone(instance);
    while low < high {
        let middle = low + (high - low) / 2;
        let answer = decide(instance, radii[middle], room, options);
        decisions += 1;
        nodes += answer.nodes;
        match answer.cover {
            Some(more) => {
                open = [&kept[..], &more].concat();
                high = position(&radii, radius_of(instance, &open)).min(middle);
            }
            None => {
                low = middle + 1;
                if answer.proven {
                    sure = low;
                }
                if let Some(refutation) = answer.refutation {
                    certificate = Certificate { radius: radii[low], refutation };
                }
            }
        }
    }
    open.sort_unstable();
    let spare = fill(instance, &mut open, p);
    let assignment = instance.assign(&open);
    let (radius, farthest) = farthest(instance, &assignment);
    let bound = radii[sure].min(radius);
    let certified_bound = certificate.radius;
    let gap = relative_gap(radius, bound, 0.0);
    Ok(Solution {
        open,
        assignment,
        radius,
        farthest,
        bound,
        gap,
        status: Status::Optimal { gap },
        certified_bound,
        proof: Proof::of(radius, certified_bound, gap, 0.0),
        certificate,
        decisions,
        nodes,
        notes: advice(instance, spare),
    })
}

/// Prove again, from the costs alone, that no p sites have a radius below the certified bound.
///
/// The steps of the search at the last radius that was too small are walked once more; see
/// [`refutation`](super::refutation) for why each of them holds.
///
/// # Result
///
/// The certified bound; it equals `solution.bound` unless the proof is a [`Proof::Search`].
///
/// # Errors
///
/// [`Rejection`] naming the first claim that the numbers do not give.
///
/// # Cost
///
/// One pass over the costs, O(n m), and some set operations per step; whole numbers, so nothing is
/// rounded.
///
/// # Source
///
/// As [`solve`].
pub fn check(instance: &Instance, p: usize, solution: &Solution) -> Result<f64, Rejection> {
    instance.check_p(p)?;
    check_plan(instance, p, &solution.open, &solution.assignment)?;
    let (radius, farthest) = farthest(instance, &solution.assignment);
    same("the radius", solution.radius, radius)?;
    same("the farthest customer", solution.farthest as f64, farthest as f64)?;
    let Certificate { radius: certified, refutation } = &solution.certificate;
    // Nothing is below zero.
    if *certified != 0.0 {
        let room = p - instance.sites_in(SiteState::Kept).count();
        let (links, root) = within(instance, |i, j| reach(instance, i, j) < *certified);
        refutation.check(&links, root, room as i64 * UNIT + 1)?;
    }
    let Solution { bound, certified_bound, gap, proof, status, .. } = *solution;
    Claims { bound, certified_bound, gap, proof, status }.check(radius, *certified, 0.0)?;
    Ok(*certified)
}

/// w_i c_ij, rounded once: the order of radii is the order of these numbers.
pub(crate) fn reach(instance: &Instance, customer: usize, site: usize) -> f64 {
    instance.weights()[customer] * instance.cost(customer, site)
}

/// All distinct w_i c_ij of sites that may be open, ascending.
pub(crate) fn radii(instance: &Instance) -> Vec<f64> {
    let sites: Vec<usize> = allowed(instance).collect();
    let mut radii: Vec<f64> = (0..instance.customers())
        .flat_map(|i| sites.iter().map(move |&j| reach(instance, i, j)))
        .collect();
    radii.sort_unstable_by(f64::total_cmp);
    radii.dedup();
    radii
}

pub(crate) fn allowed(instance: &Instance) -> impl Iterator<Item = usize> + '_ {
    (0..instance.sites()).filter(|&j| instance.states()[j] != SiteState::Forbidden)
}

/// Place of a number in the list it was taken from.
pub(crate) fn position(radii: &[f64], radius: f64) -> usize {
    radii.partition_point(|r| *r < radius)
}

/// max_i min_j w_i c_ij: no plan is better.
pub(crate) fn nearest_of_all(instance: &Instance) -> f64 {
    let nearest =
        |i| allowed(instance).map(|j| reach(instance, i, j)).fold(f64::INFINITY, f64::min);
    (0..instance.customers()).map(nearest).fold(0.0, f64::max)
}

pub(crate) fn radius_of(instance: &Instance, open: &[usize]) -> f64 {
    let nearest = |i| open.iter().map(|&j| reach(instance, i, j)).fold(f64::INFINITY, f64::min);
    (0..instance.customers()).map(nearest).fold(0.0, f64::max)
}

/// Largest w_i c_{i,a(i)} and the first customer who has it.
pub(crate) fn farthest(instance: &Instance, assignment: &[usize]) -> (f64, usize) {
    let mut worst = (0.0, 0);
    for (i, &j) in assignment.iter().enumerate() {
        if reach(instance, i, j) > worst.0 {
            worst = (reach(instance, i, j), i);
        }
    }
    worst
}

/// Links within a radius, and the node that the kept sites leave.
fn within(instance: &Instance, covers: impl Fn(usize, usize) -> bool) -> (Links, Node) {
    let links = Links::new(instance.customers(), vec![UNIT; instance.sites()], UNIT, covers);
    let mut uncovered = Bits::of(instance.customers(), 0..instance.customers());
    for j in instance.sites_in(SiteState::Kept) {
        uncovered.take_out(&links.by_site[j]);
    }
    let allowed = Bits::of(instance.sites(), instance.sites_in(SiteState::Free));
    let node = Node::new(&links, uncovered, allowed);
    (links, node)
}

/// Answer of one covering question.
pub(crate) struct Decision {
    /// Free sites that cover all customers the kept ones do not.
    pub(crate) cover: Option<Vec<usize>>,
    /// Whether "no cover" is certain.
    pub(crate) proven: bool,
    /// Why, unless that takes too many steps.
    refutation: Option<Refutation>,
    pub(crate) nodes: usize,
}

pub(crate) fn decide(instance: &Instance, radius: f64, room: usize, options: &Options) -> Decision {
    let (links, root) = within(instance, |i, j| reach(instance, i, j) <= radius);
    let log = Log::new(options.max_certificate);
    let best = Best { value: (room as i64 + 1) * UNIT, cover: None, any: true, log };
    let limits = Limits { root_steps: 400, node_steps: 40, max_nodes: options.max_nodes };
    let found = search(&links, root, best, &limits);
    let proven = found.best.cover.is_none() && found.open_bound.is_none();
    let refutation = if proven { found.best.log.finish() } else { None };
    Decision { cover: found.best.cover, proven, refutation, nodes: found.nodes }
}

/// The customer whose nearest site is farthest proves that much alone.
fn alone(instance: &Instance) -> Certificate {
    let radius = nearest_of_all(instance);
    let lonely = |i: &usize| allowed(instance).all(|j| reach(instance, *i, j) >= radius);
    let customer = (0..instance.customers()).find(lonely).expect("one attains the maximum");
    Certificate { radius, refutation: Refutation::stuck(customer) }
}

/// Open free sites until p are open, each time the one that lowers Σ_i w_i c_i most. Returns those
/// that were added.
pub(crate) fn fill(instance: &Instance, open: &mut Vec<usize>, p: usize) -> Vec<usize> {
    let mut added = Vec::new();
    if open.len() == p {
        return added;
    }
    let mut nearest: Vec<f64> = (0..instance.customers())
        .map(|i| open.iter().map(|&j| reach(instance, i, j)).fold(f64::INFINITY, f64::min))
        .collect();
    while open.len() < p {
        let cost = |j: usize| {
            let served = nearest.iter().enumerate().map(|(i, r)| r.min(reach(instance, i, j)));
            served.sum::<f64>()
        };
        let free = instance.sites_in(SiteState::Free).filter(|j| !open.contains(j));
        let by_cost = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0);
        let (_, site) =
            free.map(|j| (cost(j), j)).min_by(by_cost).expect("p is feasible: a free site is left");
        nearest.iter_mut().enumerate().for_each(|(i, r)| *r = r.min(reach(instance, i, site)));
        open.push(site);
        added.push(site);
    }
    open.sort_unstable();
    added.sort_unstable();
    added
}

pub(crate) fn advice(instance: &Instance, spare: Vec<usize>) -> Vec<Note> {
    let idle = (0..instance.customers()).filter(|&i| instance.weights()[i] == 0.0).collect();
    notes([
        ("zero_weight", IDLE, idle),
        (
            "spare",
            [
                "open site is not needed for the radius: others would do as well",
                "open sites are not needed for the radius: others would do as well",
            ],
            spare,
        ),
    ])
}
