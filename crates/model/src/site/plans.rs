//! Several plans of any location problem: the best few in order, one for each number of sites, and
//! what each single choice is worth.

use serde::Serialize;

use super::certificate::{is_coarse, rounding};
use super::facility::Facilities;
use super::instance::{Instance, SiteState, positions};
use super::k_best::End;
use super::kernel_capture::Captures;
use super::kernel_cover::Covers;
use super::kernel_facility::Depots;
use super::kernel_median::Sums;
use super::kernel_reach::Reach;
use super::market::Market;
use super::plans_rank;
use super::rule_system::System;
use super::ruled_covering::{max_cover_question, set_cover_question};
use super::rules::{RuleError, Rules};
use super::sensitivity::Change;
use crate::outcome::InputError;

/// A part of all plans: some sites decided, some numbers of open sites.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) states: &'a [SiteState],
    /// Open sites at least and at most.
    pub(crate) sizes: (usize, usize),
    /// Known: no plan of the part costs less. The search may end at a plan that costs no more.
    pub(crate) floor: f64,
    /// Plans that cost more are of no interest.
    pub(crate) most: f64,
}

/// What a search in a part came to.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// A plan that costs no more than asked, the best one if `bound` says so.
    pub(crate) plan: Option<Choice>,
    /// No plan of the part costs less; without a plan and above what was asked: there is none.
    pub(crate) bound: f64,
}

impl Found {
    /// Proven: nothing that is of interest.
    pub(crate) fn nothing() -> Self {
        Self { plan: None, bound: f64::INFINITY }
    }
}

/// A location problem under rules, as a search sees it.
pub(crate) trait Kernel: Sync {
    fn states(&self) -> &[SiteState];
    fn system(&self) -> &System;
    /// Cost of a plan that obeys; infinite if it does not do what the problem asks.
    fn cost(&self, open: &[usize]) -> f64;
    /// Costs nearer than this are not told apart.
    fn resolution(&self, cost: f64) -> f64;
    fn search(&self, part: &Part<'_>) -> Found;
}

/// A set of open sites.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// Open sites, ascending, the kept ones included.
    pub open: Vec<usize>,
    /// What it costs; see [`Question`].
    pub cost: f64,
}

/// A location problem under rules, asked for several plans.
///
/// ```text
/// minimise  z(S)  over S with Kept ⊆ S, S ∩ Forbidden = ∅, S obeys the rules
/// ```
///
/// # Notation
///
/// | problem | z(S), [`Choice::cost`] |
/// | --- | --- |
/// | [`p_median`](Self::p_median) | Σ_i w_i min_{j∈S} c_ij |
/// | [`p_center`](Self::p_center) | max_i w_i min_{j∈S} c_ij |
/// | [`set_cover`](Self::set_cover) | Σ_{j∈S} f_j, of kept sites too; no S that leaves a customer beyond R |
/// | [`max_cover`](Self::max_cover) | Σ w_i of the customers beyond R of every site of S |
/// | [`facility`](Self::facility) | Σ_{j∈S} f_j + the cheapest service from S, within capacities |
/// | [`capture`](Self::capture) | less than nothing: minus what S captures |
///
/// # Assumptions
///
/// Two plans are two if their sites differ, also where they serve alike. Plans whose costs differ by
/// no more than rounding tie, and ties stand in the order of their sites: by the first site, then the
/// second, and so on.
///
/// # Errors
///
/// A [`RuleError`] when rules and problem contradict each other, or have no plan.
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, plans::Question, rules::{Count, Rules}};
/// // Five towns on a road, at kilometres 0, 1, 5, 6 and 9; not both of the first two.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let rules = Rules::new(Count::Exactly(2)).not_both("west", &[0, 1]);
/// let question = Question::p_center(&Instance::new(5, 5, costs)?, &rules)?;
/// let ranked = question.rank(3, &|_| f64::INFINITY)?;
/// let plans: Vec<_> = ranked.plans.iter().map(|plan| (&plan.open[..], plan.cost)).collect();
/// assert_eq!(plans, [(&[0, 3][..], 3.0), (&[1, 3][..], 3.0), (&[0, 2][..], 4.0)]);
/// # Ok::<(), emporion_model::site::rules::RuleError>(())
/// ```
pub struct Question {
    kernel: Box<dyn Kernel>,
}

impl Question {
    fn new(kernel: impl Kernel + 'static) -> Self {
        Self { kernel: Box::new(kernel) }
    }

    /// The p-median.
    ///
    /// # Errors
    ///
    /// As [`ruled::solve`](super::ruled::solve).
    pub fn p_median(instance: &Instance, rules: &Rules) -> Result<Self, RuleError> {
        Ok(Self::new(Sums::new(instance, rules, f64::INFINITY, 0.0)?))
    }

    /// The p-centre.
    ///
    /// # Errors
    ///
    /// As [`ruled_center::solve`](super::ruled_center::solve).
    pub fn p_center(instance: &Instance, rules: &Rules) -> Result<Self, RuleError> {
        Ok(Self::new(Reach::new(instance, rules)?))
    }

    /// The set covering; fewest sites without opening costs.
    ///
    /// # Errors
    ///
    /// [`RuleError`] for rules, opening costs or a radius that cannot mean anything.
    pub fn set_cover(
        instance: &Instance,
        radius: f64,
        opening: Option<&[f64]>,
        rules: &Rules,
    ) -> Result<Self, RuleError> {
        let question = set_cover_question(instance, radius, opening, rules)?;
        Ok(Self::new(Covers::new(instance, radius, &question)?))
    }

    /// The maximal covering.
    ///
    /// # Errors
    ///
    /// [`RuleError`] for rules or a radius that cannot mean anything.
    pub fn max_cover(instance: &Instance, radius: f64, rules: &Rules) -> Result<Self, RuleError> {
        let question = max_cover_question(instance, radius)?;
        Ok(Self::new(Sums::new(&question, rules, f64::INFINITY, 0.0)?))
    }

    /// Facility location, with the rules that the facilities are under.
    ///
    /// # Errors
    ///
    /// [`RuleError`] if these are not under rules: see [`Facilities::under`].
    pub fn facility(problem: &Facilities) -> Result<Self, RuleError> {
        Ok(Self::new(Depots::new(problem)?))
    }

    /// Saturating capture.
    ///
    /// # Errors
    ///
    /// As [`capture::solve_ruled`](super::capture::solve_ruled).
    pub fn capture(market: &Market, rules: &Rules) -> Result<Self, RuleError> {
        Ok(Self::new(Captures::new(market, rules)?))
    }

    /// The `k` best plans, the first of them where several tie with the last. `limit` says, of the
    /// cost of the best plan, what another one may cost to be listed.
    ///
    /// # Errors
    ///
    /// [`RuleError::NoPlan`] or [`RuleError::Undecided`]; [`InputError::Setting`] for a `k` of 0.
    ///
    /// # Cost
    ///
    /// One search for each place where a plan listed and another one may part: sites × k at most,
    /// most of which end at their first bound. Ties add as many.
    ///
    /// # Source
    ///
    /// Lawler 1972, Management Science 18, 401-405.
    pub fn rank(&self, k: usize, limit: &dyn Fn(f64) -> f64) -> Result<Ranked, RuleError> {
        if k == 0 {
            let what = "k, the number of plans".to_owned();
            let (expected, got) = ("1 or more".to_owned(), "0".to_owned());
            let remedy = "ask for one".to_owned();
            return Err(InputError::Setting { what, expected, got, remedy }.into());
        }
        plans_rank::rank(self.kernel.as_ref(), k, limit)
    }

    /// The same with a plan already chosen at the head, if none is better: of plans that tie with it,
    /// this one is listed and stands first.
    ///
    /// # Result
    ///
    /// Where the search finds a better plan, which a proof that `chosen` is best rules out, the list is
    /// that of [`rank`](Self::rank).
    ///
    /// # Errors
    ///
    /// As [`rank`](Self::rank), and [`InputError::Setting`] for a `chosen` that is no plan.
    pub fn rank_from(
        &self,
        chosen: &[usize],
        k: usize,
        limit: &dyn Fn(f64) -> f64,
    ) -> Result<Ranked, RuleError> {
        let mut found = self.rank(k, limit)?;
        let kernel = self.kernel.as_ref();
        let cost = self.cost_among(chosen, kernel.system()).ok_or_else(|| {
            let what = "the plan to begin with".to_owned();
            let expected = "a plan that obeys the rules, its sites ascending".to_owned();
            let (got, remedy) = (format!("{chosen:?}"), "take a plan of this question".to_owned());
            InputError::Setting { what, expected, got, remedy }
        })?;
        let least = found.plans.iter().map(|plan| plan.cost).fold(f64::INFINITY, f64::min);
        if cost <= least + rounding(least, kernel.resolution(least)) {
            let chosen = Choice { open: chosen.to_vec(), cost };
            lead(&mut found.plans, k, chosen, |a, b| a.open == b.open);
            found.bound = found.bound.min(cost);
        }
        Ok(found)
    }

    /// What a plan of this question costs; `None` if it is none: not ascending, against the states of the
    /// sites or the rules, or not doing what the problem asks.
    #[must_use]
    pub fn cost_of(&self, open: &[usize]) -> Option<f64> {
        self.cost_among(open, self.kernel.system())
    }

    /// The same of a plan with any number of sites, such as a point of a curve.
    #[must_use]
    pub fn cost_of_any_number(&self, open: &[usize]) -> Option<f64> {
        let sizes = (open.len(), open.len());
        self.cost_among(open, &self.kernel.system().sized(sizes))
    }

    fn cost_among(&self, open: &[usize], system: &System) -> Option<f64> {
        let states = self.kernel.states();
        let ascending = !open.is_empty() && open.is_sorted_by(|a, b| a < b);
        let known = ascending && open.iter().all(|j| *j < states.len());
        let of_states = states.iter().enumerate().all(|(j, state)| {
            let is_open = open.binary_search(&j).is_ok();
            *state == SiteState::Free || is_open == (*state == SiteState::Kept)
        });
        let cost = (known && of_states && system.allows(open)).then(|| self.kernel.cost(open))?;
        cost.is_finite().then_some(cost)
    }

    /// What it costs to forbid each chosen site of a plan, or to force in each other one.
    ///
    /// # Result
    ///
    /// Sites without another plan are left out. With `bound` below the cost of the plan, or a search
    /// cut short, `loss_at_least` lies below `loss`.
    ///
    /// # Cost
    ///
    /// One search per free site.
    pub fn what_if(&self, plan: &Choice, bound: f64) -> WhatIf {
        let kernel = self.kernel.as_ref();
        let (mut forbidden, mut forced) = (Vec::new(), Vec::new());
        for site in positions(kernel.states(), SiteState::Free) {
            let chosen = plan.open.binary_search(&site).is_ok();
            let mut states = kernel.states().to_vec();
            states[site] = if chosen { SiteState::Forbidden } else { SiteState::Kept };
            let floor = bound + kernel.resolution(plan.cost);
            let part =
                Part { states: &states, sizes: all_sizes(kernel), floor, most: f64::INFINITY };
            let found = kernel.search(&part);
            let Some(other) = found.plan else { continue };
            let change = self.change(site, plan, &other, found.bound);
            if chosen { forbidden.push(change) } else { forced.push(change) }
        }
        WhatIf { forbidden, forced }
    }

    /// What it costs to take `other`, the best plan with `site` decided the other way, in place of
    /// `plan`, where no plan so decided is below `bound`.
    pub fn change(&self, site: usize, plan: &Choice, other: &Choice, bound: f64) -> Change {
        let kernel = self.kernel.as_ref();
        let [near, far] = [plan.cost, other.cost].map(|cost| kernel.resolution(cost));
        let coarse = is_coarse(plan.cost, near) || is_coarse(other.cost, far);
        let tied = !coarse && (other.cost - plan.cost).abs() <= near;
        let loss = if tied { 0.0 } else { other.cost - plan.cost };
        let sure = bound.min(other.cost) - plan.cost - if coarse { near + far } else { 0.0 };
        let close = !coarse && sure >= loss - far;
        Change {
            site,
            loss,
            loss_at_least: if close { loss } else { sure.max(0.0).min(loss) },
            closes: without(&plan.open, &other.open),
            opens: without(&other.open, &plan.open),
        }
    }

    /// The best plan for each number of sites up to `most`, and one that only grows.
    ///
    /// # Result
    ///
    /// Numbers of sites for which the rules have no plan are left out. For the plan that grows see
    /// [`points`](Self::points).
    ///
    /// # Cost
    ///
    /// One search per number of sites, and one for each that is added.
    #[must_use]
    pub fn curve(&self, most: usize) -> Vec<Point> {
        let kernel = self.kernel.as_ref();
        let least = positions(kernel.states(), SiteState::Kept).len().max(1);
        let best = |p| {
            let Found { plan, bound } = self.of_size(p, kernel.states());
            plan.map(|plan| {
                let near = kernel.resolution(plan.cost);
                let least = if is_coarse(plan.cost, near) { plan.cost - near } else { plan.cost };
                (plan.open, bound.min(least))
            })
        };
        let free: Vec<(Vec<usize>, f64)> =
            (least..=most.min(kernel.states().len())).filter_map(best).collect();
        self.points(&free)
    }

    /// The curve through plans that are known: each the best of its number of sites, ascending in that,
    /// with a bound that no plan of as many sites is below.
    ///
    /// # Result
    ///
    /// The plan that grows begins with the first of them; where no single site more obeys, it ends.
    ///
    /// # Cost
    ///
    /// One search for each site that is added.
    #[must_use]
    pub fn points(&self, free: &[(Vec<usize>, f64)]) -> Vec<Point> {
        let kernel = self.kernel.as_ref();
        let mut points: Vec<Point> = Vec::with_capacity(free.len());
        let mut grown: Option<Choice> = None;
        for (open, bound) in free {
            let plan = Choice { open: open.clone(), cost: kernel.cost(open) };
            let before = grown.take().map(|plan| plan.open);
            grown = match &before {
                None if points.is_empty() => Some(plan.clone()),
                None => None,
                Some(before) => {
                    let mut states = kernel.states().to_vec();
                    before.iter().for_each(|&j| states[j] = SiteState::Kept);
                    self.of_size(open.len(), &states).plan
                }
            };
            let added = before.zip(grown.as_ref());
            let added = added.and_then(|(old, new)| without(&new.open, &old).first().copied());
            points.push(self.point(plan, *bound, grown.clone(), added));
        }
        points
    }

    /// A point of a curve; its plan is the best one where `bound` says so up to rounding.
    #[must_use]
    pub fn point(
        &self,
        plan: Choice,
        bound: f64,
        nested: Option<Choice>,
        added: Option<usize>,
    ) -> Point {
        let near = rounding(plan.cost, self.kernel.resolution(plan.cost));
        let bound = if plan.cost - bound <= near { plan.cost } else { bound };
        Point { p: plan.open.len(), plan, bound, nested, added }
    }

    /// The best plan of so many sites.
    fn of_size(&self, p: usize, states: &[SiteState]) -> Found {
        let (floor, most) = (f64::NEG_INFINITY, f64::INFINITY);
        self.kernel.search(&Part { states, sizes: (p, p), floor, most })
    }
}

/// The best plans in order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Ranked {
    /// The plans, best first.
    pub plans: Vec<Choice>,
    /// Why there are no more.
    pub end: End,
    /// No plan costs less than this: the cost of the first one if it is proven best.
    pub bound: f64,
}

/// One choice at a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct WhatIf {
    /// Per chosen site that is not kept.
    pub forbidden: Vec<Change>,
    /// Per free site not chosen.
    pub forced: Vec<Change>,
}

/// One number of sites on a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Open sites in all.
    pub p: usize,
    /// The best plan of so many.
    pub plan: Choice,
    /// No plan of so many costs less: its cost if it is proven best.
    pub bound: f64,
    /// The plan that grows, if it still can.
    pub nested: Option<Choice>,
    /// The site it opened last.
    pub added: Option<usize>,
}

/// Put a plan before all others of a list of the best `k`.
pub(crate) fn lead<T>(plans: &mut Vec<T>, k: usize, first: T, same: impl Fn(&T, &T) -> bool) {
    if let Some(at) = plans.iter().position(|plan| same(plan, &first)) {
        plans.remove(at);
    }
    plans.truncate(k.saturating_sub(1));
    plans.insert(0, first);
}

/// The numbers of sites that the rules allow.
pub(crate) fn all_sizes(kernel: &dyn Kernel) -> (usize, usize) {
    (kernel.system().low, kernel.system().high)
}

fn without(a: &[usize], b: &[usize]) -> Vec<usize> {
    a.iter().copied().filter(|j| b.binary_search(j).is_err()).collect()
}
