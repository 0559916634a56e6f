//! What every check of a solution shares: the plan, the numbers claimed for it, and why not.

use super::certificate::relative_gap;
use super::instance::{Instance, SiteState};
use super::p_median::Proof;
use super::rules::RuleError;
use crate::outcome::{InputError, Note, Status};

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
    /// The rules have no plan, or cannot mean anything.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The plan does not obey.
    #[error("the plan breaks rule \"{rule}\"")]
    Broken {
        /// Name of the group, `p` or `budget`.
        rule: String,
    },
    /// The tree does not prove what it claims to.
    #[error("node {node} of the proof {fault}")]
    Node {
        /// Position of the node.
        node: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The certificate does not prove its bound.
    #[error("step {step} of the certificate {fault}")]
    Certificate {
        /// Position of the step; one beyond the last if the walk is not complete.
        step: usize,
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

/// One open site at least, ascending, none forbidden, all kept ones among them.
pub(crate) fn check_open(states: &[SiteState], open: &[usize]) -> Result<(), Rejection> {
    let refuse = |at, fault| Err(Rejection::Plan { what: "site", at, fault });
    if open.is_empty() {
        return Err(Rejection::Plan { what: "open sites:", at: 0, fault: "serve nobody" });
    }
    for (at, &site) in open.iter().enumerate() {
        match states.get(site) {
            None => return refuse(site, "does not exist"),
            Some(SiteState::Forbidden) => return refuse(site, "is forbidden"),
            Some(_) if at > 0 && open[at - 1] >= site => {
                return refuse(site, "is repeated or out of order");
            }
            Some(_) => {}
        }
    }
    let closed = |site: &usize| open.binary_search(site).is_err();
    let mut kept = (0..states.len()).filter(|&site| states[site] == SiteState::Kept);
    match kept.find(closed) {
        Some(site) => refuse(site, "is to be kept but is not open"),
        None => Ok(()),
    }
}

/// p open sites, and each customer at a nearest one.
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
    check_open(instance.states(), open)?;
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

/// What a solution says about how good it is.
pub(crate) struct Claims {
    pub(crate) bound: f64,
    pub(crate) certified_bound: f64,
    pub(crate) gap: f64,
    pub(crate) proof: Proof,
    pub(crate) status: Status,
}

impl Claims {
    /// Hold the claims against the objective and the certified bound of a minimum.
    pub(crate) fn check(
        &self,
        objective: f64,
        certified_bound: f64,
        resolution: f64,
    ) -> Result<(), Rejection> {
        same("the certified bound", self.certified_bound, certified_bound)?;
        if !(certified_bound <= self.bound && self.bound <= objective) {
            let (what, claimed) = ("the bound", self.bound);
            return Err(Rejection::Number { what, claimed, found: certified_bound });
        }
        let gap = relative_gap(objective, self.bound, resolution);
        same("the gap", self.gap, gap)?;
        let found = Proof::of(objective, certified_bound, gap, resolution);
        if self.proof != found || self.status != (Status::Optimal { gap }) {
            return Err(Rejection::Proof { claimed: self.proof, found });
        }
        Ok(())
    }
}

/// What is said of one thing, and of several.
pub(crate) type Words = [&'static str; 2];

/// Customers without weight, where all are served.
pub(crate) const IDLE: Words = [
    "customer of weight zero is assigned but does not move the answer",
    "customers of weight zero are assigned but do not move the answer",
];

/// Advice from code, words and positions; none where there is no position.
pub(crate) fn notes<const N: usize>(listed: [(&'static str, Words, Vec<usize>); N]) -> Vec<Note> {
    let some = listed.into_iter().filter(|(_, _, rows)| !rows.is_empty());
    some.map(|(code, text, rows)| {
        let count = rows.len();
        let text = text[usize::from(count != 1)];
        Note { code, message: format!("{count} {text}"), count, rows }
    })
    .collect()
}
