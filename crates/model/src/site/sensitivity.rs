//! What each single choice is worth: forbid a chosen site, force another one in.

use serde::Serialize;

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
    let (mut forbidden, mut forced) = (Vec::new(), Vec::new());
    for site in instance.sites_in(SiteState::Free) {
        let chosen = plan.open.binary_search(&site).is_ok();
        let state = if chosen { SiteState::Forbidden } else { SiteState::Kept };
        let changed = instance.with_state(site, state);
        if changed.check_p(p).is_err() {
            continue;
        }
        let warm = Warm { open: None, multipliers: Some(&plan.certificate.multipliers) };
        let other = solve_on(&table, &changed, p, options, &warm);
        let change = compare(site, &plan, &other);
        if chosen { forbidden.push(change) } else { forced.push(change) }
    }
    Ok(Sensitivity { plan, forbidden, forced })
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
