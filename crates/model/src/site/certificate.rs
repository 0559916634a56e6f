//! A proof that anyone can repeat in one pass over the costs.
//!
//! ```text
//! Σ_i w_i c_{i,a(i)}  ≥  optimum  ≥  L(λ) = Σ_i λ_i + min_S Σ_{j∈S} Σ_i min(0, w_i c_ij - λ_i)
//! ```
//!
//! holds for *every* λ, so a reader needs neither the search nor trust in it: the multipliers that
//! travel with a [`Solution`] and the costs are enough. The check shares no arithmetic with the
//! search, works on the caller's own costs, and rounds every sum and product down.
//!
//! What it proves is [`CheckedBound::certified_bound`]. Where these multipliers leave a gap, the
//! certificate holds a tree: at each node some sites are decided, and the node's own multipliers
//! either rule out a better plan there or decide further sites. The check walks through it
//! (`proof_tree`). Only if the tree was too long to keep ([`Proof::Search`]) is
//! [`Solution::bound`] higher than what can be repeated without solving again.

use serde::{Deserialize, Serialize};

use super::branch::Search;
use super::down::{Down, multiply_down};
use super::fixed::{Scale, Table};
use super::instance::{Instance, SiteState};
use super::p_median::{Proof, Solution};
use super::proof_tree;
use crate::outcome::{InputError, Status};

/// Sums of multipliers up to here cannot overflow; weight × cost stays below 1e240.
pub(crate) const LARGEST: f64 = 1e250;

/// Multipliers and the bound they prove.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// λ_i, one per customer, in the unit of weight × cost.
    pub multipliers: Vec<f64>,
    /// The tree that closes the gap of these multipliers, the root first; empty if there is no gap,
    /// or none could be proven.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree: Vec<ProofNode>,
    /// L(λ), rounded down, before any rounding up to a whole number.
    pub value: f64,
}

/// One node of a proof by cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofNode {
    /// λ_i at the node; empty at the root, which uses those of the certificate.
    pub multipliers: Vec<f64>,
    /// The two cases that remain; `None` where the multipliers leave none.
    pub split: Option<Split>,
}

/// A site that is open or closed: no third case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Position of the site.
    pub site: usize,
    /// Position in the tree of the case that it is closed.
    pub without: usize,
    /// Position in the tree of the case that it is open.
    pub with: usize,
}

impl Certificate {
    /// Numbers of the tree: customers × nodes but the root.
    pub(crate) fn tree_numbers(&self) -> usize {
        self.tree.iter().map(|node| node.multipliers.len()).sum()
    }

    /// The multipliers of a search, in the caller's unit; the value is left to be computed.
    pub(crate) fn of(table: &Table<'_>, search: &Search) -> Self {
        let money = |values: &[i64]| values.iter().map(|v| *v as f64 * table.step).collect();
        let node = |(at, visit): (usize, &super::branch::Visit)| ProofNode {
            multipliers: if at == 0 { Vec::new() } else { money(&visit.multipliers) },
            split: visit.split.map(|(site, [without, with])| Split { site, without, with }),
        };
        Self {
            multipliers: money(&search.root),
            tree: search.tree.iter().enumerate().map(node).collect(),
            value: f64::NEG_INFINITY,
        }
    }
}

/// What the check found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct CheckedBound {
    /// Cost of the plan, recomputed.
    pub objective: f64,
    /// No plan costs less than this: proven by the multipliers, of the root or of the whole tree.
    pub certified_bound: f64,
    /// (objective - certified_bound) / objective; 0 if both are 0.
    pub certified_gap: f64,
    /// Whether the solution claims a higher bound, which rests on the search.
    pub claims_more: bool,
}

/// Why a solution is not believed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The question itself is refused.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A list has the wrong length.
    #[error("{what} has {got} entries, expected {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Entries needed.
        expected: usize,
        /// Entries found.
        got: usize,
    },
    /// The open sites are not a plan: unsorted, repeated, unknown, forbidden, or a kept one missing.
    #[error("open sites: site {site} {fault}")]
    Open {
        /// Position of the site.
        site: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A customer is not served by a nearest open site.
    #[error("customer {customer} is assigned to site {site}, which is {fault}")]
    Assignment {
        /// Position of the customer.
        customer: usize,
        /// The site claimed.
        site: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The stated proof or status is not the one that the numbers support.
    #[error("the proof is claimed to be {claimed:?}, but the numbers support {found:?}")]
    Proof {
        /// As stated in the solution.
        claimed: Proof,
        /// As the numbers have it.
        found: Proof,
    },
    /// The tree does not prove what it claims to.
    #[error("node {node} of the proof {fault}")]
    Tree {
        /// Position of the node.
        node: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A point of a curve does not hold.
    #[error("with {p} sites: {fault}")]
    Point {
        /// Number of open sites.
        p: usize,
        /// What is wrong.
        fault: Box<Rejection>,
    },
    /// A part of the plans that are not listed does not hold.
    #[error("part {part} of the plans that are not listed: {fault}")]
    Part {
        /// Its position.
        part: usize,
        /// What is wrong.
        fault: Box<Rejection>,
    },
    /// A single choice does not hold.
    #[error("with site {site} decided the other way: {fault}")]
    Choice {
        /// Position of the site.
        site: usize,
        /// What is wrong.
        fault: Box<Rejection>,
    },
    /// A number that the costs do not give.
    #[error("{what} is claimed to be {claimed}, but the costs and the multipliers give {found}")]
    Number {
        /// Which number.
        what: &'static str,
        /// As stated in the solution.
        claimed: f64,
        /// As recomputed.
        found: f64,
    },
}

/// Recompute objective and certified bound from the costs and compare them with the claims.
///
/// # Assumptions
///
/// Nothing is taken from the solution but the open sites, the assignment and the multipliers; all
/// its numbers are compared with recomputed ones. A changed multiplier that still proves exactly
/// the same value is as good a proof, and passes.
///
/// # Result
///
/// What is proven without the search: see [`CheckedBound`].
///
/// # Errors
///
/// A [`Rejection`] naming the first claim that does not hold.
///
/// # Cost
///
/// One pass, O(n m) time, O(m) memory; a tree adds O(n l) per node, l the sites that the root leaves
/// open, and as much memory once.
///
/// # Source
///
/// Weak duality: Geoffrion 1974, "Lagrangean relaxation for integer programming", Mathematical
/// Programming Study 2, 82-114, theorem 1(a).
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, certificate, p_median};
/// let instance = Instance::new(3, 3, vec![0.0, 4.0, 9.0, 4.0, 0.0, 5.0, 9.0, 5.0, 0.0])?;
/// let mut solution = p_median::solve(&instance, 2, &p_median::Options::default())?;
/// assert_eq!(certificate::check(&instance, 2, &solution)?.objective, 4.0);
/// solution.objective = 3.0;
/// assert!(certificate::check(&instance, 2, &solution).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(
    instance: &Instance,
    p: usize,
    solution: &Solution,
) -> Result<CheckedBound, Rejection> {
    instance.check_p(p)?;
    check_open(instance, p, &solution.open)?;
    check_assignment(instance, &solution.open, &solution.assignment)?;
    let certificate = &solution.certificate;
    check_length("multipliers", instance.customers(), certificate.multipliers.len())?;

    let objective = instance.value_of(&solution.assignment);
    same("the objective", solution.objective, objective)?;
    let value = lower_bound(instance, p, &certificate.multipliers);
    same("the value of the certificate", certificate.value, value)?;
    let root_bound = certified(instance, value, objective);
    // An answer may come from a curve up to a larger p, whose scale is coarser.
    let coarsest = Scale::new(instance, instance.sites()).resolution(instance.customers());
    if !(0.0..=coarsest).contains(&solution.resolution) {
        let (what, claimed) = ("the resolution", solution.resolution);
        return Err(Rejection::Number { what, claimed, found: coarsest });
    }
    let gap = relative_gap(objective, solution.bound, solution.resolution);
    same("the gap", solution.gap, gap)?;
    let mut found = Proof::of(objective, root_bound, gap, solution.resolution);
    let mut certified_bound = root_bound;
    if found == Proof::Search && !certificate.tree.is_empty() {
        let aim = objective - rounding(objective, solution.resolution);
        proof_tree::check(instance, p, certificate, aim)?;
        found = Proof::Tree;
        certified_bound = root_bound.max(aim).min(objective);
    }
    same("the certified bound", solution.certified_bound, certified_bound)?;
    if solution.proof != found || solution.status != (Status::Optimal { gap }) {
        return Err(Rejection::Proof { claimed: solution.proof, found });
    }
    if !(certified_bound <= solution.bound && solution.bound <= objective) {
        let (what, claimed) = ("the bound", solution.bound);
        return Err(Rejection::Number { what, claimed, found: certified_bound });
    }
    Ok(CheckedBound {
        objective,
        certified_bound,
        certified_gap: relative_gap(objective, certified_bound, 0.0),
        claims_more: solution.bound > certified_bound,
    })
}

fn check_length(what: &'static str, expected: usize, got: usize) -> Result<(), Rejection> {
    if expected == got { Ok(()) } else { Err(Rejection::Length { what, expected, got }) }
}

pub(crate) fn check_open(instance: &Instance, p: usize, open: &[usize]) -> Result<(), Rejection> {
    check_length("open sites", p, open.len())?;
    let refuse = |site, fault| Err(Rejection::Open { site, fault });
    for (at, &site) in open.iter().enumerate() {
        match instance.states().get(site) {
            None => return refuse(site, "does not exist"),
            Some(SiteState::Forbidden) => return refuse(site, "is forbidden"),
            Some(_) if at > 0 && open[at - 1] >= site => {
                return refuse(site, "is repeated or out of order");
            }
            Some(_) => {}
        }
    }
    match instance.sites_in(SiteState::Kept).find(|site| open.binary_search(site).is_err()) {
        Some(site) => refuse(site, "is to be kept but is not open"),
        None => Ok(()),
    }
}

fn check_assignment(
    instance: &Instance,
    open: &[usize],
    assignment: &[usize],
) -> Result<(), Rejection> {
    check_length("the assignment", instance.customers(), assignment.len())?;
    for (customer, &site) in assignment.iter().enumerate() {
        let refuse = |fault| Err(Rejection::Assignment { customer, site, fault });
        if open.binary_search(&site).is_err() {
            return refuse("not open");
        }
        let cost = instance.cost(customer, site);
        if open.iter().any(|&j| instance.cost(customer, j) < cost) {
            return refuse("not the nearest open site");
        }
    }
    Ok(())
}

fn same(what: &'static str, claimed: f64, found: f64) -> Result<(), Rejection> {
    if claimed == found { Ok(()) } else { Err(Rejection::Number { what, claimed, found }) }
}

/// L(λ), never above its exact value. Multipliers that are not finite, or too large to sum, prove
/// nothing: minus infinity.
pub(crate) fn lower_bound(instance: &Instance, p: usize, multipliers: &[f64]) -> f64 {
    if !usable(multipliers) {
        return f64::NEG_INFINITY;
    }
    let mut bound = Down::default();
    let mut reduced = vec![Down::default(); instance.sites()];
    for (i, &multiplier) in multipliers.iter().enumerate() {
        bound.add(multiplier);
        each_below(instance, i, multiplier, |site, cost| {
            reduced[site].add(cost);
            reduced[site].add(-multiplier);
        });
    }
    for j in instance.sites_in(SiteState::Kept) {
        bound.add(reduced[j].value());
    }
    let kept = instance.sites_in(SiteState::Kept).count();
    let mut free: Vec<f64> =
        instance.sites_in(SiteState::Free).map(|j| reduced[j].value()).collect();
    free.sort_unstable_by(f64::total_cmp);
    free.iter().take(p - kept).for_each(|saving| bound.add(*saving));
    bound.value()
}

/// Whether sums of these make sense.
pub(crate) fn usable(multipliers: &[f64]) -> bool {
    multipliers.iter().all(|value| value.abs() <= LARGEST)
}

/// Call `each(site, w_i c_ij rounded down)` for every site with w_i c_ij below the multiplier.
pub(crate) fn each_below(
    instance: &Instance,
    customer: usize,
    multiplier: f64,
    mut each: impl FnMut(usize, f64),
) {
    let weight = instance.weights()[customer];
    if multiplier <= 0.0 {
        return;
    }
    // A little more than λ / w, or infinity: the product decides.
    let most = (multiplier / weight).next_up().next_up();
    instance.within(customer, most, |site, cost| {
        // Rounding keeps order: a rounded product above λ stands for an exact one above λ.
        if weight * cost <= multiplier {
            each(site, multiply_down(weight, cost));
        }
    });
}

/// A value of L as a bound: costs are not negative, whole data have whole objectives, and a bound
/// above the cost of a plan can only be rounding.
pub(crate) fn certified(instance: &Instance, value: f64, objective: f64) -> f64 {
    let value = if instance.is_whole() { value.ceil() } else { value };
    value.max(0.0).min(objective)
}

/// Share of the objective up to which a resolution is rounding. A coarser one, such as that of a cost of
/// 1e18 beside one of 4, hides plans that differ, so that nothing is proven by it.
const ROUNDING: f64 = 1e-9;

/// Whether plans that differ from one of this cost by more than rounding are not told apart from it.
/// Nothing is better than a cost of zero.
pub(crate) fn is_coarse(cost: f64, resolution: f64) -> bool {
    cost != 0.0 && resolution > ROUNDING * cost.abs()
}

/// What of a resolution is rounding of this cost: all of it, or nothing.
pub(crate) fn rounding(cost: f64, resolution: f64) -> f64 {
    if is_coarse(cost, resolution) { 0.0 } else { resolution }
}

/// (objective - bound) / objective, with 0 for a difference that is rounding.
pub(crate) fn relative_gap(objective: f64, bound: f64, resolution: f64) -> f64 {
    let difference = objective - bound;
    let least = rounding(objective, resolution).max(0.0);
    if difference <= least { 0.0 } else { difference / objective }
}
