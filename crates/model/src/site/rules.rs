//! Side constraints on a plan: quotas of groups, sites that exclude each other, budgets.
//!
//! A rule is stated with a name of the caller's, so that a refusal can say which rule it means.
//! [`ruled`](super::ruled) finds the best plan under rules, [`k_best`](super::k_best) the best few.

use crate::outcome::InputError;

/// How many sites are open in all, the kept ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// p sites.
    Exactly(usize),
    /// Up to p sites, one at least: where a budget or opening costs decide how many.
    AtMost(usize),
}

impl Count {
    /// p.
    #[must_use]
    pub fn most(self) -> usize {
        let (Self::Exactly(p) | Self::AtMost(p)) = self;
        p
    }
}

/// A group of sites with the number of them that a plan opens.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Group {
    /// How the caller calls it.
    pub name: String,
    /// Positions of its sites.
    pub sites: Vec<usize>,
    /// Open sites of the group at least, kept ones included.
    pub at_least: usize,
    /// Open sites of the group at most, kept ones included.
    pub at_most: usize,
}

/// What every plan must obey, besides the kept and forbidden sites of an
/// [`Instance`](super::Instance).
///
/// ```text
/// Σ_j y_j = p  (or 1 ≤ Σ_j y_j ≤ p),   a_g ≤ Σ_{j∈g} y_j ≤ b_g  for each group g,
/// Σ_{j ∉ Kept} f_j y_j ≤ B
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | p | [`count`](Self::count) | 1 | sites |
/// | g, a_g, b_g | [`groups`](Self::groups) | groups | sites |
/// | f_j | [`opening`](Self::opening) | sites | money, or weight × cost if charged |
/// | f_j under the budget, where it is another one | [`spending`](Self::spending) | sites | money |
/// | B | [`budget`](Self::budget) | 1 | as f_j |
///
/// # Assumptions
///
/// Groups may overlap. Quotas count kept sites; opening costs do not: what exists is paid for. A
/// budget overspent by no more than 1e-12 of it is met: sums of decimal fractions round. "Not
/// both" of two or more sites is a group of which one at most is open.
///
/// # Errors
///
/// None here: [`ruled::solve`](super::ruled::solve) holds the rules against an instance and refuses
/// with a [`RuleError`].
///
/// # Example
///
/// ```
/// use emporion_model::site::rules::{Count, Rules};
/// let rules = Rules::new(Count::Exactly(3))
///     .at_most("coast", &[0, 1, 2], 1)
///     .at_least("inland", &[3, 4], 1)
///     .not_both("twins", &[3, 5]);
/// assert_eq!(rules.groups[2].at_most, 1);
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Rules {
    /// How many sites in all.
    pub count: Count,
    /// Quotas and exclusions.
    pub groups: Vec<Group>,
    /// f_j per site; empty: opening is free.
    pub opening: Vec<f64>,
    /// B; `None`: no limit.
    pub budget: Option<f64>,
    /// Whether f_j is added to the objective.
    pub charged: bool,
    /// What the budget counts, if not f_j: a covering counts sites, and its budget money.
    pub spending: Option<Vec<f64>>,
}

impl Rules {
    /// A number of sites and nothing else.
    #[must_use]
    pub fn new(count: Count) -> Self {
        let (groups, opening) = (Vec::new(), Vec::new());
        Self { count, groups, opening, budget: None, charged: false, spending: None }
    }

    /// The same with at most `k` of these sites open.
    #[must_use]
    pub fn at_most(self, name: &str, sites: &[usize], k: usize) -> Self {
        self.group(name, sites, 0, k)
    }

    /// The same with at least `k` of these sites open.
    #[must_use]
    pub fn at_least(self, name: &str, sites: &[usize], k: usize) -> Self {
        self.group(name, sites, k, usize::MAX)
    }

    /// The same with one at most of these sites open.
    #[must_use]
    pub fn not_both(self, name: &str, sites: &[usize]) -> Self {
        self.group(name, sites, 0, 1)
    }

    /// The same with between `at_least` and `at_most` of these sites open.
    #[must_use]
    pub fn group(mut self, name: &str, sites: &[usize], at_least: usize, at_most: usize) -> Self {
        self.groups.push(Group { name: name.to_owned(), sites: sites.to_vec(), at_least, at_most });
        self
    }

    /// The same with opening costs that a budget limits.
    #[must_use]
    pub fn within_budget(mut self, opening: &[f64], budget: f64) -> Self {
        self.opening = opening.to_vec();
        self.budget = Some(budget);
        self
    }

    /// The same with a budget for costs that the objective does not count.
    #[must_use]
    pub fn spending_at_most(mut self, spending: &[f64], budget: f64) -> Self {
        self.spending = Some(spending.to_vec());
        self.budget = Some(budget);
        self
    }

    /// What the budget counts, before kept sites are left out.
    pub(crate) fn spent(&self) -> &[f64] {
        self.spending.as_deref().unwrap_or(&self.opening)
    }

    /// The same with opening costs added to the objective, in its unit (weight × cost).
    #[must_use]
    pub fn charge(mut self, opening: &[f64]) -> Self {
        self.opening = opening.to_vec();
        self.charged = true;
        self
    }
}

/// Why rules have no plan, or cannot mean anything.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A number, a position or a list that cannot mean anything.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A group lacks the sites it must have open.
    #[error(
        "rule \"{rule}\": expected {expected} open, but only {available} of its sites may open; \
         ask for fewer, add sites, or forbid fewer of them"
    )]
    GroupTooSmall {
        /// Name of the group.
        rule: String,
        /// Open sites asked for.
        expected: usize,
        /// Sites of the group that are not forbidden.
        available: usize,
    },
    /// Kept sites alone exceed a quota.
    #[error(
        "rule \"{rule}\": expected at most {expected} open, but sites {kept:?} are kept; allow \
         more, or keep fewer of them"
    )]
    KeptExceed {
        /// Name of the group.
        rule: String,
        /// Its most.
        expected: usize,
        /// Its kept sites.
        kept: Vec<usize>,
    },
    /// One rule asks for more than another one allows among the same sites.
    #[error(
        "rule \"{least}\" asks for {expected} of sites of which rule \"{most}\" allows {allowed}; \
         change one of the two"
    )]
    Opposed {
        /// Name of the group that asks.
        least: String,
        /// Its least.
        expected: usize,
        /// Name of the group that limits, all of the first in it.
        most: String,
        /// Its most.
        allowed: usize,
    },
    /// p leaves no room for what the groups and the kept sites ask for.
    #[error("p = {p}, but rules {rules:?} and the kept sites need {needed}; raise p")]
    TooFewSites {
        /// Sites in all.
        p: usize,
        /// Sites that must open.
        needed: usize,
        /// Names of groups, no two with a site in common.
        rules: Vec<String>,
    },
    /// The groups allow fewer sites than p.
    #[error("p = {p}, but rules {rules:?} leave {allowed} to open; lower p, or ask for at most p")]
    TooManySites {
        /// Sites in all.
        p: usize,
        /// Sites that can be open together at most.
        allowed: usize,
        /// Names of groups, no two with a site in common.
        rules: Vec<String>,
    },
    /// The groups close every site.
    #[error("rules {rules:?} leave no site to open; allow one at least")]
    NothingOpens {
        /// Names of groups, no two with a site in common.
        rules: Vec<String>,
    },
    /// The cheapest sites cost more than the budget.
    #[error("budget {budget} does not pay {what}: {needed} is the least; raise the budget")]
    BudgetTooSmall {
        /// B.
        budget: f64,
        /// Opening costs of the cheapest sites that would do.
        needed: f64,
        /// What for: the number of sites, or a rule.
        what: String,
    },
    /// Proven by search: together these rules have no plan; without any one of them they may.
    #[error("no plan obeys all of {rules:?}; loosen one of them")]
    NoPlan {
        /// The rules involved: names of groups, `p`, `budget`.
        rules: Vec<String>,
    },
    /// Neither a plan nor a proof that there is none within the limit on nodes.
    #[error("no plan found in {nodes} nodes, and none ruled out; raise max_nodes or loosen a rule")]
    Undecided {
        /// Nodes visited.
        nodes: usize,
    },
}
