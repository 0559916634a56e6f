//! Which sites to open, and who is served from where, when opening costs something.

use serde::{Deserialize, Serialize};

use super::certificate::relative_gap;
use super::facility_bound::fewest;
use super::facility_check::{Certificate, certified, lower_bound};
use super::facility_tree::{Found, Tree};
use super::instance::{Instance, LARGEST, SiteState, positions};
use super::p_median::Proof;
use super::rejection::notes;
use super::rule_system::System;
use super::rules::{RuleError, Rules};
use crate::outcome::{InputError, Note, Status};

pub use super::facility_ruled::solve_ruled;

/// Sites with opening costs, maybe with capacities.
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij | weight × cost of [`Instance`] | customers × sites | money: cost of serving **all** demand of i from j |
/// | f_j | `opening` | sites | money |
/// | d_i | `demand` of [`Self::capacitated`] | customers | goods |
/// | s_j | `capacity` of [`Self::capacitated`] | sites | goods |
#[derive(Debug, Clone)]
pub struct Facilities {
    customers: usize,
    sites: usize,
    /// c_ij at `j * customers + i`.
    by_site: Vec<f64>,
    opening: Vec<f64>,
    states: Vec<SiteState>,
    demand: Vec<f64>,
    capacity: Vec<f64>,
    total_demand: f64,
    /// Sites, the largest capacity first.
    by_capacity: Vec<usize>,
    whole: bool,
    /// Customers of weight zero, with the cost of a unit from each site: they move no plan, and are
    /// served where it costs least.
    idle: Vec<(usize, Vec<f64>)>,
    /// Rules with the names and numbers of the caller, and ready for use.
    ruled: Option<(Rules, System)>,
}

impl Facilities {
    /// Uncapacitated: any open site can serve everybody. Costs, weights, kept and forbidden sites
    /// are those of the instance; the opening cost of a kept site counts like any other.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] or [`InputError::Value`] for opening costs that are not one per site,
    /// negative or not a number; [`InputError::Setting`] if every site is forbidden.
    pub fn new(instance: &Instance, opening: Vec<f64>) -> Result<Self, InputError> {
        let (n, m) = (instance.customers(), instance.sites());
        check_list("opening costs", &opening, m, LARGEST)?;
        let allowed = |state: &SiteState| *state != SiteState::Forbidden;
        if !instance.states().iter().any(allowed) {
            return Err(InputError::Setting {
                what: "sites that may be open".to_owned(),
                expected: "one at least".to_owned(),
                got: "0".to_owned(),
                remedy: "every site is forbidden: free one".to_owned(),
            });
        }
        let mut by_site = vec![0.0; n * m];
        for i in 0..n {
            for j in 0..m {
                by_site[j * n + i] = instance.weights()[i] * instance.cost(i, j);
            }
        }
        let idle = (0..n).filter(|&i| instance.weights()[i] == 0.0);
        let idle = idle.map(|i| (i, instance.row(i).into_owned())).collect();
        let most = |i: usize| (0..m).map(|j| by_site[j * n + i]).fold(0.0, f64::max);
        let largest = (0..n).map(most).sum::<f64>() + opening.iter().sum::<f64>();
        let whole = instance.is_whole()
            && opening.iter().all(|f| f.fract() == 0.0)
            && largest < (1_u64 << 50) as f64;
        Ok(Self {
            customers: n,
            sites: m,
            by_site,
            opening,
            states: instance.states().to_vec(),
            demand: vec![0.0; n],
            capacity: vec![f64::INFINITY; m],
            total_demand: 0.0,
            by_capacity: (0..m).collect(),
            whole,
            idle,
            ruled: None,
        })
    }

    /// The same under rules, which [`solve_ruled`] obeys. The budget of the rules counts their own
    /// opening costs (those of the sites that are not kept); what the rules charge plays no part:
    /// the opening costs given here are the objective's.
    ///
    /// # Errors
    ///
    /// A [`RuleError`] for rules that cannot mean anything or contradict each other.
    pub fn under(mut self, instance: &Instance, rules: &Rules) -> Result<Self, RuleError> {
        let rules = Rules { charged: false, ..rules.clone() };
        let system = System::new(instance, &rules)?;
        self.ruled = Some((rules, system));
        Ok(self)
    }

    /// The rules, if there are any.
    #[must_use]
    pub fn rules(&self) -> Option<&Rules> {
        self.ruled.as_ref().map(|(rules, _)| rules)
    }

    pub(crate) fn system(&self) -> Option<&System> {
        self.ruled.as_ref().map(|(_, system)| system)
    }

    /// The same problem with sites decided anew, and so many open ones.
    pub(crate) fn part(&self, states: &[SiteState], (low, high): (usize, usize)) -> Self {
        let mut part = self.clone();
        part.states = states.to_vec();
        if let Some((_, system)) = &mut part.ruled {
            (system.low, system.high) = (low, high);
        }
        part
    }

    /// What rules and capacities leave no choice about is decided; `None`: no plan is left.
    pub(crate) fn possible(&self, states: &[SiteState]) -> Option<Vec<SiteState>> {
        let mut states = states.to_vec();
        if let Some(system) = self.system() {
            let decided = |states: &[SiteState]| !states.contains(&SiteState::Free);
            let obeys = |states: &[SiteState]| system.allows(&positions(states, SiteState::Kept));
            if !system.propagate(&mut states) || decided(&states) && !obeys(&states) {
                return None;
            }
        }
        fewest(self, &states).map(|_| states)
    }

    /// The same with demands and capacities; demand may be split between sites. A capacity may be
    /// infinite: no limit there.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] or [`InputError::Value`] for a list that is not complete, negative or
    /// not a number; [`InputError::Setting`] if the sites that may be open cannot hold all demand.
    pub fn capacitated(mut self, demand: Vec<f64>, capacity: Vec<f64>) -> Result<Self, InputError> {
        check_list("demand", &demand, self.customers, LARGEST)?;
        check_list("capacity", &capacity, self.sites, f64::INFINITY)?;
        let allowed = (0..self.sites).filter(|&j| self.states[j] != SiteState::Forbidden);
        let (all, room) = (demand.iter().sum::<f64>(), allowed.map(|j| capacity[j]).sum::<f64>());
        if room < all {
            return Err(too_small(all, room));
        }
        // Never above the exact sum: a set of sites is called too small only when it is.
        self.total_demand = demand
            .iter()
            .fold(0.0, |sum: f64, d| if *d == 0.0 { sum } else { (sum + d).next_down() });
        self.by_capacity.sort_by(|a, b| capacity[*b].total_cmp(&capacity[*a]).then(a.cmp(b)));
        self.whole &= capacity.iter().all(|s| *s >= all);
        (self.demand, self.capacity) = (demand, capacity);
        Ok(self)
    }

    /// Number of customers.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.customers
    }

    /// Number of sites, whatever their state.
    #[must_use]
    pub fn sites(&self) -> usize {
        self.sites
    }

    /// Cost of serving all demand of a customer from a site.
    #[must_use]
    pub fn cost(&self, customer: usize, site: usize) -> f64 {
        self.by_site[site * self.customers + customer]
    }

    /// f_j.
    #[must_use]
    pub fn opening(&self, site: usize) -> f64 {
        self.opening[site]
    }

    /// What is decided about each site.
    #[must_use]
    pub fn states(&self) -> &[SiteState] {
        &self.states
    }

    /// d_i; 0 without capacities.
    #[must_use]
    pub fn demand(&self, customer: usize) -> f64 {
        self.demand[customer]
    }

    /// s_j; infinite without capacities.
    #[must_use]
    pub fn capacity(&self, site: usize) -> f64 {
        self.capacity[site]
    }

    pub(crate) fn column(&self, site: usize) -> &[f64] {
        &self.by_site[site * self.customers..(site + 1) * self.customers]
    }

    /// Customers without weight and demand change to the cheapest open site, the first of several.
    fn serve_idle(&self, open: &[usize], service: &mut [Service]) {
        for (customer, costs) in self.idle.iter().filter(|(i, _)| self.demand[*i] == 0.0) {
            let cheapest = open.iter().min_by(|a, b| costs[**a].total_cmp(&costs[**b]));
            let theirs = service.iter_mut().filter(|s| s.customer == *customer);
            theirs.zip(cheapest).for_each(|(s, &site)| s.site = site);
        }
    }

    /// Whether a site can hold all demand.
    pub(crate) fn is_unlimited(&self, site: usize) -> bool {
        self.capacity[site].is_infinite()
    }

    pub(crate) fn total_demand(&self) -> f64 {
        self.total_demand
    }

    pub(crate) fn by_capacity(&self) -> &[usize] {
        &self.by_capacity
    }

    /// Whether every plan that serves each customer from one site costs a whole number, and an
    /// optimal one does.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Plans nearer than this are not told apart: 0 for whole numbers, else what summing up may
    /// round, some 1e-12 of the objective.
    pub(crate) fn resolution(&self, objective: f64) -> f64 {
        let terms = (self.customers + self.sites) as f64;
        if self.whole { 0.0 } else { 32.0 * f64::EPSILON * terms * objective }
    }
}

fn too_small(demand: f64, capacity: f64) -> InputError {
    InputError::Setting {
        what: "capacity of all sites that may be open".to_owned(),
        expected: format!("the demand of {demand} at least"),
        got: capacity.to_string(),
        remedy: "add sites or capacity, or drop customers".to_owned(),
    }
}

pub(crate) fn check_list(
    what: &str,
    list: &[f64],
    expected: usize,
    most: f64,
) -> Result<(), InputError> {
    if list.len() != expected {
        return Err(InputError::Length { what: what.to_owned(), expected, got: list.len() });
    }
    match list.iter().position(|value| !(0.0..=most).contains(value)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.to_owned(),
            index,
            value: list[index],
            remedy: if most.is_finite() {
                format!("give a number from 0 to {most:e}; forbid a site that cannot be opened")
            } else {
                "give a number that is not negative; forbid a site that cannot be opened".to_owned()
            },
        }),
    }
}

/// How long to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Subgradient steps at the root at most, per round of fixing. 600 by default.
    pub max_iterations: usize,
    /// Subgradient steps in a node at most. 80 by default.
    pub node_iterations: usize,
    /// Nodes of the tree at most; 0 leaves the root bound as it is. 20,000 by default. When the
    /// limit comes first the gap is positive and proven all the same.
    pub max_nodes: usize,
    /// Vectors of multipliers that the certificate may hold. 2,000 by default; with more, it holds
    /// those of the root only, and `bound` rests on the search.
    pub max_certificate: usize,
}

impl Default for Options {
    fn default() -> Self {
        let (max_iterations, node_iterations) = (600, 80);
        Self { max_iterations, node_iterations, max_nodes: 20_000, max_certificate: 2_000 }
    }
}

/// A customer's demand, or a part of it, served from a site.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Position of the customer.
    pub customer: usize,
    /// Position of the site.
    pub site: usize,
    /// x_ij: share of the customer's demand, above 0 up to 1.
    pub share: f64,
}

/// A plan with a proof of how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct Solution {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// Who is served from where, by customer, then site.
    pub service: Vec<Service>,
    /// Σ f_j y_j, of kept sites too.
    pub opening_cost: f64,
    /// Σ c_ij x_ij.
    pub service_cost: f64,
    /// The sum of both.
    pub objective: f64,
    /// No plan costs less than this.
    pub bound: f64,
    /// (objective - bound) / objective; exactly 0 when no plan is better by more than `resolution`.
    pub gap: f64,
    /// [`Status::Optimal`] with this gap.
    pub status: Status,
    /// The part of `bound` that [`check`](super::facility_check::check) re-proves from the costs.
    pub certified_bound: f64,
    /// What `bound` rests on.
    pub proof: Proof,
    /// The tree and its multipliers.
    pub certificate: Certificate,
    /// Plans nearer than this are not told apart.
    pub resolution: f64,
    /// Subgradient steps.
    pub iterations: usize,
    /// Nodes of the tree, the root included.
    pub nodes: usize,
    /// `split`: customers served from several sites. `full`: open sites without room left.
    pub notes: Vec<Note>,
}

/// Choose the sites that serve everybody at the least cost of opening and service, and prove it.
///
/// ```text
/// minimise  Σ_j f_j y_j + Σ_i Σ_j c_ij x_ij
/// subject to  Σ_j x_ij = 1,  0 ≤ x_ij ≤ y_j,  Σ_i d_i x_ij ≤ s_j y_j,  y ∈ {0, 1}
///             y_j = 1 for kept sites,  y_j = 0 for forbidden sites
/// ```
///
/// Without capacities the third condition is absent, and each customer is served from one site.
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | c_ij, f_j, d_i, s_j | `problem` | see [`Facilities`] | |
/// | y_j | [`Solution::open`] | sites | |
/// | x_ij | [`Solution::service`] | customers × sites, those above 0 | share of demand |
/// | λ_i | [`Certificate::multipliers`] | customers | money |
///
/// # Assumptions
///
/// c_ij is the cost of *all* demand of i; serving half of it costs half. Demand may be split
/// between sites (for one site per customer with capacities, the single-source problem, this kernel
/// gives a lower bound only; it is not offered). Service at a site has no other fixed cost. Ties:
/// one of several equally cheap plans is returned. A customer of weight zero and without
/// demand moves no plan; it is served from the open site where a unit costs least, the first of several.
///
/// # Result
///
/// A plan, a proven bound, and a tree of multipliers that proves it anew without the search. A gap
/// of 0 is stated only with a proof.
///
/// # Errors
///
/// [`InputError::Setting`] for options of 0 steps, or capacities that hold the demand by less than
/// rounding.
///
/// # Cost
///
/// Memory about 8 bytes per pair (24 for a moment without capacities), and 8 per customer and vector
/// of the certificate. A step of the bound is O(n m). OR-Library's capa (1,000 customers × 100
/// sites) takes a tenth of a second without capacities, and about a second with them; where the
/// fractional bound is far from any plan, the tree may take minutes: lower `max_nodes` and read the
/// gap.
///
/// # Source
///
/// Beasley 1988, "An algorithm for solving large capacitated warehouse location problems", EJOR 33,
/// 314-325; Cornuéjols, Fisher, Nemhauser 1977, Management Science 23, 789-810 (uncapacitated).
///
/// # Example
///
/// ```
/// use emporion_model::site::Instance;
/// use emporion_model::site::facility::{Facilities, Options, solve};
/// use emporion_model::site::facility_check::check;
/// // Three customers, two depots. The cheap depot alone would do, but it holds only two units.
/// let costs = vec![1.0, 4.0, 1.0, 4.0, 3.0, 4.0];
/// let problem = Facilities::new(&Instance::new(3, 2, costs)?, vec![2.0, 6.0])?;
/// let solution = solve(&problem, &Options::default())?;
/// assert_eq!((solution.objective, solution.gap), (7.0, 0.0));
/// let tight = problem.capacitated(vec![1.0; 3], vec![2.0, 3.0])?;
/// let solution = solve(&tight, &Options::default())?;
/// assert_eq!((solution.open.as_slice(), solution.objective), (&[0, 1][..], 14.0));
/// assert_eq!(check(&tight, &solution)?, solution.certified_bound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(problem: &Facilities, options: &Options) -> Result<Solution, InputError> {
    check_options(options)?;
    match search(problem, options) {
        Some(found) => Ok(report(problem, found)),
        None => {
            let allowed = |j: &usize| problem.states[*j] != SiteState::Forbidden;
            let room = (0..problem.sites).filter(allowed).map(|j| problem.capacity[j]).sum();
            Err(too_small(problem.total_demand, room))
        }
    }
}

fn search(problem: &Facilities, options: &Options) -> Option<Found> {
    Tree::search(problem, options, (f64::NEG_INFINITY, f64::INFINITY)).found
}

pub(crate) fn report(problem: &Facilities, found: Found) -> Solution {
    let plan = found.plan;
    let mut service: Vec<Service> = plan
        .shares
        .iter()
        .map(|&(customer, site, share)| Service { customer, site, share })
        .collect();
    let open = found.open;
    problem.serve_idle(&open, &mut service);
    let opening_cost: f64 = open.iter().map(|&j| problem.opening(j)).sum();
    let serve = |s: &Service| s.share * problem.cost(s.customer, s.site);
    let service_cost: f64 = service.iter().map(serve).sum();
    let objective = opening_cost + service_cost;
    let value = lower_bound(problem, &found.certificate).expect("our own tree is complete");
    let certified_bound = certified(problem, value, objective);
    let resolution = problem.resolution(objective);
    let searched = certified(problem, found.bound, objective);
    let bound = certified_bound.max(searched);
    let gap = relative_gap(objective, bound, resolution);
    Solution {
        proof: Proof::of(objective, certified_bound, gap, resolution),
        notes: advice(problem, &open, &service),
        open,
        service,
        opening_cost,
        service_cost,
        objective,
        bound,
        gap,
        status: Status::Optimal { gap },
        certified_bound,
        certificate: found.certificate,
        resolution,
        iterations: found.iterations,
        nodes: found.nodes,
    }
}

pub(crate) fn check_options(options: &Options) -> Result<(), InputError> {
    if options.max_iterations > 0 && options.node_iterations > 0 {
        return Ok(());
    }
    Err(InputError::Setting {
        what: "max_iterations and node_iterations".to_owned(),
        expected: "1 or more of each".to_owned(),
        got: format!("{} and {}", options.max_iterations, options.node_iterations),
        remedy: "to stop after the root bound set max_nodes to 0".to_owned(),
    })
}

fn advice(problem: &Facilities, open: &[usize], service: &[Service]) -> Vec<Note> {
    let twice = |pair: &[Service]| pair[0].customer == pair[1].customer;
    let mut split: Vec<usize> =
        service.windows(2).filter(|pair| twice(pair)).map(|pair| pair[0].customer).collect();
    split.dedup();
    let mut load = vec![0.0; problem.sites()];
    service.iter().for_each(|s| load[s.site] += s.share * problem.demand(s.customer));
    let full = |j: &usize| load[*j] >= problem.capacity(*j) * (1.0 - 1e-9);
    let full: Vec<usize> = open.iter().copied().filter(full).collect();
    notes([
        (
            "split",
            ["customer is served from several sites", "customers are served from several sites"],
            split,
        ),
        ("full", ["open site has no room left", "open sites have no room left"], full),
    ])
}
