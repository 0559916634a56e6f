//! The proof of facility location: a tree on sites with multipliers at its leaves.
//!
//! A branch splits the plans into those with a site and those without it; a leaf has multipliers
//! whose L(λ) no plan of that leaf undercuts. The least leaf bounds all plans. The check walks the
//! tree once, computes v_j(λ) anew for each λ with every sum rounded to the safe side, and needs no
//! search. For the knapsack of a site it uses
//!
//! ```text
//! max { Σ a_i x_i : Σ d_i x_i ≤ s, 0 ≤ x ≤ 1 }  ≤  s μ + Σ_i max(0, a_i - d_i μ)   for every μ ≥ 0
//! ```
//!
//! so it does not matter how the price μ was found.

use serde::{Deserialize, Serialize};

use super::facility::{Facilities, Service, Solution};
use super::facility_bound::{add_down, choose, fill, offers};
use super::instance::SiteState;
use super::rejection::{Claims, Rejection, check_open, same};
use super::ruled_check::check_obeys;
use super::transport::NEGLIGIBLE;

/// Shares of a customer sum to 1, and loads stay within capacity, up to rounding of some thousand
/// additions.
const SHARE_TOLERANCE: f64 = 1e-9;
/// Multipliers up to here can be summed without overflow.
const LARGEST: f64 = 1e250;

/// One step of the walk over the tree, in preorder: the half with the site first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Split by this site: open, then closed.
    Branch(usize),
    /// These multipliers bound what is left.
    Leaf(usize),
    /// The sites that may still be open cannot hold all demand, or no set of them obeys.
    Short,
}

/// A tree and the multipliers of its leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// λ per customer, in the unit of costs; several leaves may use the same.
    pub multipliers: Vec<Vec<f64>>,
    /// The walk.
    pub steps: Vec<Step>,
}

/// Recompute objective and bound of a plan from the costs, and compare them with the claims.
///
/// # Result
///
/// The certified bound: no plan costs less, proven by the multipliers and the tree alone.
///
/// # Errors
///
/// A [`Rejection`] naming the first claim that does not hold.
///
/// # Cost
///
/// One pass over the costs per vector of multipliers, O(sites log sites) per leaf.
///
/// # Source
///
/// Geoffrion 1974, "Lagrangean relaxation for integer programming", Mathematical Programming Study
/// 2, 82-114, theorem 1(a), in each leaf.
pub fn check(problem: &Facilities, solution: &Solution) -> Result<f64, Rejection> {
    check_plan(problem, solution)?;
    let opening = solution.open.iter().map(|&j| problem.opening(j)).sum();
    let serve = |s: &Service| s.share * problem.cost(s.customer, s.site);
    let service = solution.service.iter().map(serve).sum();
    same("the opening cost", solution.opening_cost, opening)?;
    same("the service cost", solution.service_cost, service)?;
    let objective = opening + service;
    same("the objective", solution.objective, objective)?;
    let value = lower_bound(problem, &solution.certificate)?;
    let certified_bound = certified(problem, value, objective);
    let resolution = problem.resolution(objective);
    same("the resolution", solution.resolution, resolution)?;
    let Solution { bound, gap, proof, status, .. } = *solution;
    let claims = Claims { bound, certified_bound: solution.certified_bound, gap, proof, status };
    claims.check(objective, certified_bound, resolution)?;
    Ok(certified_bound)
}

fn check_plan(problem: &Facilities, solution: &Solution) -> Result<(), Rejection> {
    let refuse = |what, at, fault| Err(Rejection::Plan { what, at, fault });
    match problem.rules().zip(problem.system()) {
        None => check_open(problem.states(), &solution.open)?,
        Some((rules, system)) => check_obeys(problem.states(), rules, system, &solution.open)?,
    }
    let is_open = |site: usize| solution.open.binary_search(&site).is_ok();
    let mut served = vec![0.0; problem.customers()];
    let mut load = vec![0.0; problem.sites()];
    for part in &solution.service {
        let Some(sum) = served.get_mut(part.customer) else {
            return refuse("customer", part.customer, "does not exist");
        };
        if !is_open(part.site) {
            return refuse("customer", part.customer, "is served by a site that is not open");
        }
        if part.share.is_nan() || part.share < 0.0 {
            return refuse("customer", part.customer, "has a share that is not a positive number");
        }
        *sum += part.share;
        load[part.site] += part.share * problem.demand(part.customer);
    }
    if let Some(i) = served.iter().position(|sum| (sum - 1.0).abs() > SHARE_TOLERANCE) {
        return refuse("customer", i, "is not served once");
    }
    let rounding = 10.0 * NEGLIGIBLE * problem.total_demand();
    let most = |j: usize| problem.capacity(j) * (1.0 + SHARE_TOLERANCE) + rounding;
    let over = |(j, load): (usize, &f64)| *load > most(j);
    match load.iter().enumerate().position(over) {
        Some(j) => refuse("site", j, "serves more than its capacity"),
        None => Ok(()),
    }
}

/// A value of the tree as a bound: costs are not negative, whole data without capacities have whole
/// objectives, and a bound above the cost of a plan can only be rounding.
pub(crate) fn certified(problem: &Facilities, value: f64, objective: f64) -> f64 {
    let value = if problem.is_whole() { value.ceil() } else { value };
    value.max(0.0).min(objective)
}

/// The least leaf, rounded down.
pub(crate) fn lower_bound(
    problem: &Facilities,
    certificate: &Certificate,
) -> Result<f64, Rejection> {
    let refuse = |step, fault| Err(Rejection::Certificate { step, fault });
    let priced: Vec<Option<Priced>> =
        certificate.multipliers.iter().map(|lambda| Priced::new(problem, lambda)).collect();
    let mut states = problem.states().to_vec();
    // Branches on the way, and whether their second half has begun.
    let mut path: Vec<(usize, bool)> = Vec::new();
    let (mut least, mut finished) = (f64::INFINITY, false);
    for (at, step) in certificate.steps.iter().enumerate() {
        if finished {
            return refuse(at, "comes after the tree is complete");
        }
        match *step {
            Step::Branch(site) => {
                if states.get(site) != Some(&SiteState::Free) {
                    return refuse(at, "branches on a site that is not free");
                }
                states[site] = SiteState::Kept;
                path.push((site, false));
                continue;
            }
            Step::Short if problem.possible(&states).is_some() => {
                return refuse(at, "claims a lack of capacity that there is not");
            }
            Step::Short => {}
            Step::Leaf(which) => match priced.get(which) {
                Some(Some(priced)) => {
                    // No set of sites that holds the demand: nothing to bound.
                    if let Some(choice) = choose(problem, &states, &priced.worth) {
                        least = least.min(add_down(priced.sum, choice.value));
                    }
                }
                _ => return refuse(at, "names multipliers that are missing or not finite"),
            },
        }
        finished = true;
        while let Some((site, second)) = path.pop() {
            if second {
                states[site] = SiteState::Free;
            } else {
                states[site] = SiteState::Forbidden;
                path.push((site, true));
                finished = false;
                break;
            }
        }
    }
    if finished { Ok(least) } else { refuse(certificate.steps.len(), "is missing") }
}

/// v_j and Σ λ_i at one λ, both rounded down.
struct Priced {
    sum: f64,
    worth: Vec<f64>,
}

impl Priced {
    fn new(problem: &Facilities, lambda: &[f64]) -> Option<Self> {
        let fits = lambda.len() == problem.customers();
        if !fits || lambda.iter().any(|l| l.is_nan() || l.abs() > LARGEST) {
            return None;
        }
        let mut list = Vec::new();
        let worth = (0..problem.sites()).map(|j| {
            offers(problem, j, lambda, &mut list);
            let capacity = problem.capacity(j);
            let price = fill(&mut list, capacity).price;
            let mut gain = if price > 0.0 { (capacity * price).next_up() } else { 0.0 };
            for (i, (cost, multiplier)) in problem.column(j).iter().zip(lambda).enumerate() {
                // λ - c is off by half a unit in the last place, and so is d μ.
                let saving = (multiplier - cost).next_up();
                let paid = (problem.demand(i) * price).next_down().max(0.0);
                if saving > paid {
                    gain = (gain + (saving - paid).next_up()).next_up();
                }
            }
            (problem.opening(j) - gain).next_down()
        });
        let worth: Vec<f64> = worth.collect();
        // An infinite price of nothing is no bound.
        if worth.iter().any(|worth| worth.is_nan()) {
            return None;
        }
        Some(Self { sum: lambda.iter().copied().fold(0.0, add_down), worth })
    }
}
