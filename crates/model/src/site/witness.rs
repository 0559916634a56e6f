//! Customers whom a number of sites cannot all cover: a proof in whole numbers.

use serde::{Deserialize, Serialize};

use super::cover_bound::{Climb, climb};
use super::instance::{Instance, SiteState};
use super::p_median::Proof;
use super::set_cover::{Best, Links, Node, drop_customers};
use crate::outcome::InputError;

/// Customers with weights, such that no plan collects the sum of the weights: each site collects
/// the weights of those it covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Witness {
    /// Positions, ascending.
    pub customers: Vec<usize>,
    /// u_i, whole and positive; in the same order.
    pub weights: Vec<u64>,
}

/// Why a solution is not believed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The question itself is refused.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The open sites or the assignment are not a plan.
    #[error("{what} {at} {fault}")]
    Plan {
        /// `site` or `customer`, or the list that has the wrong length.
        what: &'static str,
        /// Position, or the length found.
        at: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The weights do not prove the bound.
    #[error("the weights of the certificate do not prove its bound")]
    Witness,
    /// The stated proof or status is not the one that the numbers support.
    #[error("the proof is claimed to be {claimed:?}, but the numbers support {found:?}")]
    Proof {
        /// As stated in the solution.
        claimed: Proof,
        /// As the numbers have it.
        found: Proof,
    },
    /// A number that the costs do not give.
    #[error("{what} is claimed to be {claimed}, but the costs give {found}")]
    Number {
        /// Which number.
        what: &'static str,
        /// As stated in the solution.
        claimed: f64,
        /// As recomputed.
        found: f64,
    },
}

impl Witness {
    /// Look for weights that prove that `room` free sites do not cover what is left in `root`.
    pub(crate) fn find(links: &Links, mut root: Node, room: usize, steps: usize) -> Option<Self> {
        drop_customers(links, &mut root);
        let unit = links.unit;
        let mut best = Best { value: (room as i64 + 1) * unit, cover: None, any: true };
        let rules = Climb { steps, theta: 1.0, patience: 25, greedy_every: 0, decide: false };
        let closed = climb(links, &mut root, &mut best, &rules).is_none();
        let all = root.multipliers.iter().enumerate();
        let (customers, weights) =
            all.filter(|(_, u)| **u > 0).map(|(i, u)| (i, u.unsigned_abs())).unzip();
        closed.then_some(Self { customers, weights })
    }

    /// Whether p sites, the kept ones among them, cannot collect all weights.
    pub(crate) fn holds(
        &self,
        instance: &Instance,
        p: usize,
        covers: impl Fn(usize, usize) -> bool,
    ) -> bool {
        let known = |at: usize| self.customers[at] < instance.customers();
        let ascending = self.customers.windows(2).all(|pair| pair[0] < pair[1]);
        let fits = self.customers.len() == self.weights.len();
        if !(fits && ascending && (0..self.customers.len()).all(known)) {
            return false;
        }
        let mut collected = vec![0_u128; instance.sites()];
        let mut total = 0_u128;
        for (&i, &weight) in self.customers.iter().zip(&self.weights) {
            total += u128::from(weight);
            for (j, sum) in collected.iter_mut().enumerate() {
                if covers(i, j) {
                    *sum += u128::from(weight);
                }
            }
        }
        let kept: Vec<usize> = instance.sites_in(SiteState::Kept).collect();
        let mut free: Vec<u128> =
            instance.sites_in(SiteState::Free).map(|j| collected[j]).collect();
        free.sort_unstable_by(|a, b| b.cmp(a));
        let room = p.saturating_sub(kept.len());
        let most = kept.iter().map(|&j| collected[j]).chain(free.into_iter().take(room));
        most.sum::<u128>() < total
    }
}

/// Open sites of the right kind and number, and each customer at a nearest one.
pub(crate) fn check_plan(
    instance: &Instance,
    p: usize,
    open: &[usize],
    assignment: &[usize],
) -> Result<(), Rejection> {
    let refuse = |what, at, fault| Err(Rejection::Plan { what, at, fault });
    if open.len() != p {
        return refuse("open sites:", open.len(), "are not p");
    }
    if assignment.len() != instance.customers() {
        return refuse("assignment of", assignment.len(), "customers is not one of all");
    }
    for (at, &site) in open.iter().enumerate() {
        match instance.states().get(site) {
            None => return refuse("site", site, "does not exist"),
            Some(SiteState::Forbidden) => return refuse("site", site, "is forbidden"),
            Some(_) if at > 0 && open[at - 1] >= site => {
                return refuse("site", site, "is repeated or out of order");
            }
            Some(_) => {}
        }
    }
    if let Some(site) = instance.sites_in(SiteState::Kept).find(|j| open.binary_search(j).is_err())
    {
        return refuse("site", site, "is to be kept but is not open");
    }
    let nearest = instance.assign(open);
    for (i, (&site, &near)) in assignment.iter().zip(&nearest).enumerate() {
        if open.binary_search(&site).is_err() {
            return refuse("customer", i, "is assigned to a site that is not open");
        }
        if instance.cost(i, near) < instance.cost(i, site) {
            return refuse("customer", i, "is not assigned to the nearest open site");
        }
    }
    Ok(())
}

pub(crate) fn same(what: &'static str, claimed: f64, found: f64) -> Result<(), Rejection> {
    if claimed == found { Ok(()) } else { Err(Rejection::Number { what, claimed, found }) }
}
