//! p-centre under rules: quotas of groups, "not both", and a budget.

use serde::{Deserialize, Serialize};

use super::certificate::relative_gap;
use super::instance::Instance;
use super::kernel_reach::Reach;
use super::p_center::{advice, farthest, nearest_of_all, position, radius_of};
use super::p_median::Proof;
use super::plans::Kernel;
use super::rejection::{Claims, Rejection, same};
use super::rule_system::System;
use super::ruled_check::{self, ProofNode, Walk};
use super::rules::{RuleError, Rules};
use crate::outcome::{Note, Status};

/// Numbers that the proof may hold: as for the p-median.
const PROOF_NUMBERS: usize = 2_000_000;

/// Why no plan that obeys has a radius below one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// No plan has a radius below this one.
    pub radius: f64,
    /// A tree that proves: whoever obeys leaves one customer at least at this radius or beyond.
    pub nodes: Vec<ProofNode>,
}

/// A plan under rules with a proof of how good it is.
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
    /// No plan that obeys has a smaller radius.
    pub bound: f64,
    /// (radius - bound) / radius; 0 if both are equal.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// The part of `bound` that [`check`] re-proves from costs and rules.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// Re-checkable part of the proof.
    pub certificate: Certificate,
    /// Radii tried.
    pub decisions: usize,
    /// Nodes of all trees.
    pub nodes: usize,
    /// `zero_weight`: customers that do not move the answer.
    pub notes: Vec<Note>,
}

/// Find the sites that obey and keep the largest weighted distance least, and prove it.
///
/// ```text
/// minimise  max_i w_i min_{j∈S} c_ij   over S that obeys the rules
/// ```
///
/// Whether a plan within a radius obeys is a p-median under rules with costs 0 and 1, asked only
/// whether it costs nothing; bisection over the distinct w_i c_ij needs few such questions.
///
/// # Notation
///
/// As [`p_center::solve`](super::p_center::solve) and [`Rules`].
///
/// # Assumptions
///
/// Those of [`p_center::solve`](super::p_center::solve). Opening costs that are charged play no part:
/// a radius has no price.
///
/// # Result
///
/// A plan, a proven bound and the certificate, which [`check`] walks without searching.
///
/// # Errors
///
/// As [`ruled::solve`](super::ruled::solve).
///
/// # Cost
///
/// About log2(distinct distances) questions, each a p-median under rules that ends at the first
/// bound above 0.
///
/// # Source
///
/// Minieka 1970, SIAM Review 12, 138-139; the rules relaxed as in
/// [`ruled::solve`](super::ruled::solve).
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, ruled_center, rules::{Count, Rules}};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9; nothing may open at 5 and 6.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?;
/// let rules = Rules::new(Count::Exactly(2)).at_most("middle", &[2, 3], 0);
/// let solution = ruled_center::solve(&instance, &rules)?;
/// assert_eq!((solution.radius, solution.gap), (4.0, 0.0));
/// assert_eq!(ruled_center::check(&instance, &rules, &solution).unwrap(), 4.0);
/// # Ok::<(), emporion_model::site::rules::RuleError>(())
/// ```
pub fn solve(instance: &Instance, rules: &Rules) -> Result<Solution, RuleError> {
    let question = Reach::new(instance, rules)?;
    let System { low, high, .. } = *question.system();
    let (states, sizes, radii) = (instance.states(), (low, high), &question.radii);
    let (mut below, mut above) = (position(radii, nearest_of_all(instance)), radii.len());
    let (mut open, mut sure, mut decisions, mut nodes) = (None, below, 0, 0);
    let mut certificate = alone(instance, rules.groups.len(), radii[below]);
    while below < above {
        let at = if open.is_none() { above - 1 } else { below + (above - below) / 2 };
        let answer = question.decide(states, sizes, at, PROOF_NUMBERS);
        decisions += 1;
        nodes += answer.nodes;
        match answer.cover {
            Some(mut plan) => {
                plan.sort_unstable();
                above = position(radii, radius_of(instance, &plan)).min(at);
                open = Some(plan);
            }
            // Within the largest radius everybody is reached: the rules alone say no.
            None if open.is_none() && answer.proven => {
                let rules = question.system().culprits(states);
                return Err(RuleError::NoPlan { rules });
            }
            None if open.is_none() => return Err(RuleError::Undecided { nodes }),
            None => {
                below = at + 1;
                if answer.proven {
                    sure = below;
                    let next = Certificate { radius: radii[below], nodes: answer.proof };
                    if proves(&question, &next).is_ok() {
                        certificate = next;
                    }
                }
            }
        }
    }
    let open = open.expect("the largest radius has a plan");
    let assignment = instance.assign(&open);
    let (radius, farthest) = farthest(instance, &assignment);
    let bound = radii[sure].min(radius);
    let gap = relative_gap(radius, bound, 0.0);
    let certified_bound = certificate.radius;
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
        notes: advice(instance, Vec::new()),
    })
}

/// Prove again, from costs and rules alone, that the plan obeys and that none has a radius below the
/// certified bound.
///
/// # Result
///
/// The certified bound; it equals `solution.bound` unless the proof is a [`Proof::Search`].
///
/// # Errors
///
/// [`Rejection`] naming the first claim that does not hold.
///
/// # Cost
///
/// As [`ruled::check`](super::ruled::check).
///
/// # Source
///
/// As [`solve`].
pub fn check(instance: &Instance, rules: &Rules, solution: &Solution) -> Result<f64, Rejection> {
    let question = Reach::new(instance, rules)?;
    ruled_check::check_obeys(instance.states(), rules, question.system(), &solution.open)?;
    ruled_check::check_assignment(&instance.assign(&solution.open), &solution.assignment)?;
    let (radius, farthest) = farthest(instance, &solution.assignment);
    same("the radius", solution.radius, radius)?;
    same("the farthest customer", solution.farthest as f64, farthest as f64)?;
    let certified = solution.certificate.radius;
    // Nothing is below zero.
    if certified != 0.0 {
        proves(&question, &solution.certificate)?;
    }
    let Solution { bound, certified_bound, gap, proof, status, .. } = *solution;
    Claims { bound, certified_bound, gap, proof, status }.check(radius, certified, 0.0)?;
    Ok(certified)
}

/// Whether whoever obeys leaves a customer at the radius or beyond.
fn proves(question: &Reach, certificate: &Certificate) -> Result<(), Rejection> {
    let (below, rules) = (question.below(certificate.radius), question.rules());
    let tree =
        ruled_check::Certificate { nodes: certificate.nodes.clone(), value: f64::NEG_INFINITY };
    ruled_check::check_shape(&below, rules, &tree)?;
    Walk::new(&below, rules, question.system(), 1.0).tree(&tree)
}

/// The customer whose nearest site is farthest proves that much alone.
fn alone(instance: &Instance, groups: usize, radius: f64) -> Certificate {
    let lonely = |i: usize| {
        let sites = super::p_center::allowed(instance);
        let mut far = sites.map(|j| super::p_center::reach(instance, i, j));
        f64::from(u8::from(far.all(|reach| reach >= radius)))
    };
    let multipliers = (0..instance.customers()).map(lonely).collect();
    Certificate { radius, nodes: vec![ProofNode::unruled(multipliers, groups)] }
}
