//! Facility location under rules.

use super::facility::{Facilities, Options, Solution, check_options, report};
use super::facility_tree::Tree;
use super::rules::RuleError;

/// Choose the sites as [`solve`](super::facility::solve) does, under the rules of [`Facilities::under`].
///
/// # Assumptions
///
/// Those of [`solve`](super::facility::solve) and [`Rules`](super::rules::Rules): quotas count kept sites. A site that obeys but serves nobody may
/// be open where a rule asks for it.
///
/// # Result
///
/// As [`solve`](super::facility::solve): the leaves of the tree are bounded with quotas, sizes and budget, and
/// [`check`](super::facility_check::check) walks them again.
///
/// # Errors
///
/// A [`RuleError`]: the rules have no plan, or none that can hold the demand.
///
/// # Cost
///
/// As [`solve`](super::facility::solve). Rules that bind widen what the tree must close: the bound prices groups without a
/// site in common and the budget, and only propagates the others.
///
/// # Source
///
/// As [`solve`](super::facility::solve).
pub fn solve_ruled(problem: &Facilities, options: &Options) -> Result<Solution, RuleError> {
    check_options(options)?;
    let outcome = Tree::search(problem, options, (f64::NEG_INFINITY, f64::INFINITY));
    if let Some(found) = outcome.found {
        return Ok(report(problem, found));
    }
    if outcome.open_bound < f64::INFINITY {
        return Err(RuleError::Undecided { nodes: outcome.nodes });
    }
    let mut rules = problem.system().map_or_else(Vec::new, |s| s.culprits(problem.states()));
    if problem.system().is_some_and(|system| system.has_plan(problem.states())) {
        rules.push("capacity for all demand".to_owned());
    }
    Err(RuleError::NoPlan { rules })
}
