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
//! What it proves is [`CheckedBound::certified_bound`]. When reduced-cost fixing or the tree closed
//! the rest, [`Solution::bound`] is higher; that part is proven by running
//! [`solve`](super::p_median::solve) again, not by this check.

use serde::{Deserialize, Serialize};

use super::fixed::Scale;
use super::instance::{Instance, SiteState};
use super::p_median::{Proof, Solution};
use crate::outcome::{InputError, Status};

/// Sums of multipliers up to here cannot overflow; weight × cost stays below 1e240.
const LARGEST: f64 = 1e250;

/// Multipliers and the bound they prove.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// λ_i, one per customer, in the unit of weight × cost.
    pub multipliers: Vec<f64>,
    /// L(λ), rounded down, before any rounding up to a whole number.
    pub value: f64,
}

/// What the check found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct CheckedBound {
    /// Cost of the plan, recomputed.
    pub objective: f64,
    /// No plan costs less than this: proven by the multipliers alone.
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
/// One pass, O(n m) time, O(m) memory.
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
    let multipliers = &solution.certificate.multipliers;
    check_length("multipliers", instance.customers(), multipliers.len())?;

    let objective = instance.value_of(&solution.assignment);
    same("the objective", solution.objective, objective)?;
    let value = lower_bound(instance, p, multipliers);
    same("the value of the certificate", solution.certificate.value, value)?;
    let certified_bound = certified(instance, value, objective);
    same("the certified bound", solution.certified_bound, certified_bound)?;
    // An answer may come from a curve up to a larger p, whose scale is coarser.
    let coarsest = Scale::new(instance, instance.sites()).resolution(instance.customers());
    if !(0.0..=coarsest).contains(&solution.resolution) {
        let (what, claimed) = ("the resolution", solution.resolution);
        return Err(Rejection::Number { what, claimed, found: coarsest });
    }
    let gap = relative_gap(objective, solution.bound, solution.resolution);
    same("the gap", solution.gap, gap)?;
    let found = Proof::of(objective, certified_bound, gap, solution.resolution);
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

fn check_open(instance: &Instance, p: usize, open: &[usize]) -> Result<(), Rejection> {
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
        if open.iter().any(|&j| instance.cost(customer, j) < instance.cost(customer, site)) {
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
    if multipliers.iter().any(|multiplier| multiplier.is_nan() || multiplier.abs() > LARGEST) {
        return f64::NEG_INFINITY;
    }
    let m = instance.sites();
    let mut bound = Down::default();
    let mut reduced = vec![Down::default(); m];
    let rows = instance.costs().chunks_exact(m).zip(instance.weights());
    for ((row, &weight), &multiplier) in rows.zip(multipliers) {
        bound.add(multiplier);
        for (sum, &cost) in reduced.iter_mut().zip(row) {
            // Rounding keeps order: a rounded product above λ stands for an exact one above λ.
            if weight * cost <= multiplier {
                sum.add(multiply_down(weight, cost));
                sum.add(-multiplier);
            }
        }
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

/// A value of L as a bound: costs are not negative, whole data have whole objectives, and a bound
/// above the cost of a plan can only be rounding.
pub(crate) fn certified(instance: &Instance, value: f64, objective: f64) -> f64 {
    let value = if instance.is_whole() { value.ceil() } else { value };
    value.max(0.0).min(objective)
}

/// (objective - bound) / objective, with 0 for a difference within the resolution.
pub(crate) fn relative_gap(objective: f64, bound: f64, resolution: f64) -> f64 {
    let difference = objective - bound;
    if difference <= resolution { 0.0 } else { difference / objective }
}

/// A sum that is never above the exact one, and close to it: what each addition rounds away is
/// itself a float, and is summed up apart.
#[derive(Debug, Clone, Copy, Default)]
struct Down {
    high: f64,
    low: f64,
}

impl Down {
    fn add(&mut self, term: f64) {
        let (sum, error) = two_sum(self.high, term);
        self.high = sum;
        self.low = add_down(self.low, error);
    }

    fn value(self) -> f64 {
        add_down(self.high, self.low)
    }
}

/// a + b rounded to nearest, and the exact error of the rounding (Knuth's TwoSum: 1969, The Art of
/// Computer Programming 2, section 4.2.2, theorem B).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

/// a + b rounded down; exact sums stay exact.
fn add_down(a: f64, b: f64) -> f64 {
    let (sum, error) = two_sum(a, b);
    if error < 0.0 { sum.next_down() } else { sum }
}

/// a · b rounded down, for a, b ≥ 0; exact products stay exact.
fn multiply_down(a: f64, b: f64) -> f64 {
    let product = a * b;
    // Below this the error of a product may itself be too small to represent.
    let visible = product > 1e-280;
    if a == 1.0 || product == 0.0 || visible && a.mul_add(b, -product) >= 0.0 {
        return product;
    }
    product.next_down()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_are_never_above_the_exact_value() {
        // 0.1 + 0.2 as floats is 0.3000000000000000166…, above the exact sum of the two floats.
        assert!(add_down(0.1, 0.2) < 0.1 + 0.2);
        assert_eq!(add_down(0.5, 0.25), 0.75);
        let mut tenths = Down::default();
        (0..10).for_each(|_| tenths.add(0.1));
        // Ten times the float 0.1 is 1 + 5.6e-17: the largest float not above it is 1.
        assert_eq!(tenths.value(), 1.0);
        assert_eq!(multiply_down(3.0, 0.5), 1.5);
        // (1 + e)(1 - e) = 1 - e² rounds up to 1.
        let e = 2_f64.powi(-30);
        assert!(multiply_down(1.0 + e, 1.0 - e) < 1.0);
    }
}
