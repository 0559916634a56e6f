//! What each further site is worth: the objective against p, and plans that only grow.

use serde::Serialize;

use super::certificate::{self, Rejection};
use super::fixed::Table;
use super::instance::{Instance, SiteState};
use super::p_median::{Options, Solution, Warm, check_options, solve_on};
use crate::outcome::InputError;

/// The best plan for each p, and beside it the best plan that keeps all earlier sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Elbow {
    /// One point per p, ascending.
    pub points: Vec<ElbowPoint>,
}

/// One p on the curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ElbowPoint {
    /// Open sites in all, the kept ones included.
    pub p: usize,
    /// The best plan of p sites, chosen afresh.
    pub free: Solution,
    /// What the p-th site saves: objective at p - 1 less objective at p. `None` at the first point.
    /// Between two points that are not both proven optimal it is an estimate.
    pub marginal: Option<f64>,
    /// The plan that grows step by step, never closing a site.
    pub nested: Nested,
}

/// A plan grown from the one before by the site that saves most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nested {
    /// Open sites, ascending.
    pub open: Vec<usize>,
    /// The site added last; `None` at the first point.
    pub added: Option<usize>,
    /// Cost of the plan, in the unit of weight × cost.
    pub objective: f64,
    /// What never closing a site costs here: `objective` less the objective of the free plan.
    pub price: f64,
}

/// Solve the p-median for every p from the fewest sites possible to `max_p`.
///
/// ```text
/// z(p) = min { Σ_i w_i min_{j∈S} c_ij : |S| = p },     S_p = S_{p-1} ∪ {best addition}
/// ```
///
/// # Notation
///
/// z(p) is [`Solution::objective`] in [`ElbowPoint::free`]; S_p is [`Nested::open`].
///
/// # Assumptions
///
/// Those of [`p_median::solve`](super::p_median::solve). z never rises with p. The nested plan
/// begins with the best plan of the first p (the kept sites, where there are any), and in a tie
/// takes the site of the lowest position.
///
/// # Result
///
/// Each point carries its own proven bound and certificate, which [`check`] repeats. The search at p
/// starts from the plan and the multipliers at p - 1. The trees of all points together have
/// `options.proof_numbers` numbers at most.
///
/// # Errors
///
/// [`InputError::Setting`] if `max_p` has no plan, or the options mean nothing.
///
/// # Cost
///
/// `max_p` p-median questions, but warm; the nested plan adds O(n m) per step.
///
/// # Source
///
/// Greedy growth and its guarantee: Cornuejols, Fisher, Nemhauser 1977, Management Science 23,
/// 789-810, theorem 2.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, elbow::elbow, p_median::Options};
/// let at = [0.0_f64, 4.0, 5.0, 6.0, 10.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let elbow = elbow(&Instance::new(5, 5, costs)?, 3, &Options::default())?;
/// let free: Vec<f64> = elbow.points.iter().map(|point| point.free.objective).collect();
/// assert_eq!(free, [12.0, 7.0, 2.0]);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn elbow(instance: &Instance, max_p: usize, options: &Options) -> Result<Elbow, InputError> {
    check_options(options)?;
    instance.check_p(max_p)?;
    let (least, _) = instance.feasible_p();
    let table = Table::new(instance, least, max_p);
    let mut plans: Vec<Solution> = Vec::with_capacity(max_p - least + 1);
    let mut options = options.clone();
    for p in least..=max_p {
        let before = plans.last();
        let grown = before.map(|before| grow(instance, &before.open).0);
        let multipliers = before.map(|before| &before.certificate.multipliers[..]);
        let warm = Warm { open: grown.as_deref(), multipliers };
        let plan = solve_on(&table, instance, p, &options, &warm);
        options.proof_numbers =
            options.proof_numbers.saturating_sub(plan.certificate.tree_numbers());
        plans.push(plan);
    }
    Ok(Elbow::of(instance, plans))
}

/// Prove each point of a curve again from its best plan, and grow the nested plans anew.
///
/// # Assumptions
///
/// The plans are those of [`ElbowPoint::free`], from the fewest sites possible on. Of each nothing is
/// taken on trust: see [`certificate::check`].
///
/// # Errors
///
/// [`Rejection::Point`] with the first claim that does not hold.
///
/// # Cost
///
/// That of [`certificate::check`] for each point, and O(n m) to grow.
pub fn check(instance: &Instance, plans: Vec<Solution>) -> Result<Elbow, Rejection> {
    let (least, _) = instance.feasible_p();
    for (p, plan) in (least..).zip(&plans) {
        let _ = certificate::check(instance, p, plan)
            .map_err(|fault| Rejection::Point { p, fault: Box::new(fault) })?;
    }
    Ok(Elbow::of(instance, plans))
}

impl Elbow {
    /// The same curve through another plan of as many sites, unless its own costs less or is proven
    /// better: of plans that tie, the one that is known already.
    pub fn through(self, instance: &Instance, plan: &Solution) -> Self {
        let known = |free: Solution| {
            let as_good = free.open.len() == plan.open.len()
                && plan.objective <= free.objective
                && plan.gap <= free.gap;
            if as_good { plan.clone() } else { free }
        };
        Self::of(instance, self.points.into_iter().map(|point| known(point.free)).collect())
    }

    /// The curve through the best plans of consecutive p.
    fn of(instance: &Instance, plans: Vec<Solution>) -> Self {
        let mut points: Vec<ElbowPoint> = Vec::with_capacity(plans.len());
        for free in plans {
            let before = points.last();
            let (open, added) = match before {
                None => (free.open.clone(), None),
                Some(before) => {
                    let (open, added) = grow(instance, &before.nested.open);
                    (open, Some(added))
                }
            };
            let objective = instance.value_of(&instance.assign(&open));
            let price = (objective - free.objective).max(0.0);
            let marginal = before.map(|before| before.free.objective - free.objective);
            let nested = Nested { open, added, objective, price };
            points.push(ElbowPoint { p: free.open.len(), free, marginal, nested });
        }
        Self { points }
    }
}

/// Add the free site that saves most.
fn grow(instance: &Instance, open: &[usize]) -> (Vec<usize>, usize) {
    let now: Vec<f64> =
        instance.assign(open).iter().enumerate().map(|(i, &site)| instance.cost(i, site)).collect();
    let saving = |j: usize| -> f64 {
        let one = |i: usize| instance.weights()[i] * (now[i] - instance.cost(i, j)).max(0.0);
        (0..instance.customers()).map(one).sum()
    };
    let closed = instance.sites_in(SiteState::Free).filter(|j| !open.contains(j));
    let ranked = closed.map(|j| (saving(j), j));
    // The later of two equal ones loses.
    let best = ranked.reduce(|best, other| if other.0 > best.0 { other } else { best });
    let (_, added) = best.expect("a p within range leaves a site to add");
    let mut grown = open.to_vec();
    grown.push(added);
    grown.sort_unstable();
    (grown, added)
}
