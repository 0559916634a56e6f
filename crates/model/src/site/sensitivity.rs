//! What each single choice is worth: forbid a chosen site, force another one in.

use serde::{Deserialize, Serialize};

use super::certificate::{self, Rejection};
use super::fixed::Table;
use super::instance::{Instance, SiteState};
use super::p_median::{Options, Solution, Warm, check_options, solve_on};
use crate::outcome::InputError;

/// The best plan when one site is decided the other way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The site decided the other way.
    pub site: usize,
    /// What the change costs: the objective of the new plan less that of the old one.
    pub loss: f64,
    /// What it costs at least: proven. Equal to `loss` when both plans are proven optimal.
    pub loss_at_least: f64,
    /// Sites that close, ascending.
    pub closes: Vec<usize>,
    /// Sites that open in their place, ascending: the best replacement.
    pub opens: Vec<usize>,
}

/// The plan, and each site decided the other way in turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Sensitivity {
    /// The plan itself.
    pub plan: Solution,
    /// Per chosen site that is not kept, in order: what forbidding it costs. Empty where no other
    /// plan of p sites exists.
    pub forbidden: Vec<Change>,
    /// Per free site not chosen, in order: what forcing it in costs.
    pub forced: Vec<Change>,
    /// The plans behind both, with their proofs, in the order of their sites.
    pub decided: Vec<Decided>,
}

/// The best plan with one site decided the other way, and its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// The site: forbidden if the plan opens it, else kept open.
    pub site: usize,
    /// The best plan then.
    pub solution: Solution,
}

/// Solve the p-median, then once more for each free site with that site decided the other way.
///
/// ```text
/// loss_j = min { z(S) : j ∉ S } - z*   for j chosen,     min { z(S) : j ∈ S } - z*   otherwise
/// ```
///
/// # Notation
///
/// z(S) = Σ_i w_i min_{k∈S} c_ik, z* the objective of [`Sensitivity::plan`]; loss_j is
/// [`Change::loss`], in the unit of weight × cost.
///
/// # Assumptions
///
/// Those of [`p_median::solve`](super::p_median::solve). One site at a time: losses do not add up.
/// A loss of 0 means another plan is as good.
///
/// # Result
///
/// Exact where every plan was proven optimal; else `loss` lies above and `loss_at_least` below.
/// [`check`] repeats the proofs, whose trees together have `options.proof_numbers` numbers at most.
///
/// # Errors
///
/// As [`p_median::solve`](super::p_median::solve).
///
/// # Cost
///
/// One warm p-median question per free site: meant for some hundred sites.
///
/// # Source
///
/// Post-optimality by fixing one variable: Geoffrion and Nauss 1977, "Parametric and postoptimality
/// analysis in integer linear programming", Management Science 23, 453-466.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median::Options, sensitivity::sensitivity};
/// let at = [0.0_f64, 1.0, 3.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let answer = sensitivity(&Instance::new(3, 3, costs)?, 1, &Options::default())?;
/// assert_eq!(answer.plan.open, [1]);
/// assert_eq!((answer.forbidden[0].loss, answer.forbidden[0].opens[0]), (1.0, 0));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn sensitivity(
    instance: &Instance,
    p: usize,
    options: &Options,
) -> Result<Sensitivity, InputError> {
    check_options(options)?;
    instance.check_p(p)?;
    let table = Table::new(instance, p, p);
    let plan = solve_on(&table, instance, p, options, &Warm::default());
    let mut options = options.clone();
    let decide = |(site, changed): (usize, Instance)| {
        let warm = Warm { open: None, multipliers: Some(&plan.certificate.multipliers) };
        let solution = solve_on(&table, &changed, p, &options, &warm);
        options.proof_numbers =
            options.proof_numbers.saturating_sub(solution.certificate.tree_numbers());
        Decided { site, solution }
    };
    let decided = choices(instance, &plan.open).map(decide).collect();
    Ok(Sensitivity::of(plan, decided))
}

/// Prove the plan and those with one site decided the other way again, and compare them anew.
///
/// # Assumptions
///
/// Nothing is taken on trust: see [`certificate::check`].
///
/// # Errors
///
/// A [`Rejection`] of the plan; [`Rejection::Choice`] with the first choice that does not hold;
/// [`Rejection::Length`] where choices are missing.
///
/// # Cost
///
/// That of [`certificate::check`] for each free site.
pub fn check(
    instance: &Instance,
    plan: Solution,
    decided: Vec<Decided>,
) -> Result<Sensitivity, Rejection> {
    let p = plan.open.len();
    let _ = certificate::check(instance, p, &plan)?;
    let expected = choices(instance, &plan.open).count();
    if decided.len() != expected {
        let (what, got) = ("the single choices", decided.len());
        return Err(Rejection::Length { what, expected, got });
    }
    for ((site, changed), found) in choices(instance, &plan.open).zip(&decided) {
        let refuse = |fault| Rejection::Choice { site, fault: Box::new(fault) };
        if found.site != site {
            let fault = "stands in its place";
            return Err(refuse(Rejection::Open { site: found.site, fault }));
        }
        let _ = certificate::check(&changed, p, &found.solution).map_err(refuse)?;
    }
    Ok(Sensitivity::of(plan, decided))
}

/// Each free site whose other state leaves a plan, and the question with that state.
fn choices(instance: &Instance, open: &[usize]) -> impl Iterator<Item = (usize, Instance)> {
    instance.sites_in(SiteState::Free).filter_map(|site| {
        let chosen = open.binary_search(&site).is_ok();
        let state = if chosen { SiteState::Forbidden } else { SiteState::Kept };
        let changed = instance.with_state(site, state);
        changed.check_p(open.len()).is_ok().then_some((site, changed))
    })
}

impl Sensitivity {
    fn of(plan: Solution, decided: Vec<Decided>) -> Self {
        let (forbidden, forced): (Vec<&Decided>, Vec<&Decided>) =
            decided.iter().partition(|found| plan.open.binary_search(&found.site).is_ok());
        let compared = |found: Vec<&Decided>| -> Vec<Change> {
            found.into_iter().map(|found| compare(found.site, &plan, &found.solution)).collect()
        };
        let (forbidden, forced) = (compared(forbidden), compared(forced));
        Self { plan, forbidden, forced, decided }
    }
}

fn compare(site: usize, plan: &Solution, other: &Solution) -> Change {
    let without = |a: &[usize], b: &[usize]| {
        a.iter().copied().filter(|j| b.binary_search(j).is_err()).collect()
    };
    let proven = plan.gap == 0.0 && other.gap == 0.0;
    let loss = other.objective - plan.objective;
    Change {
        site,
        loss,
        loss_at_least: if proven {
            loss
        } else {
            (other.bound - plan.objective).max(0.0).min(loss)
        },
        closes: without(&plan.open, &other.open),
        opens: without(&other.open, &plan.open),
    }
}
