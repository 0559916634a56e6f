//! Covering under rules, written as the p-median under rules that proves it.
//!
//! A customer costs nothing within reach and something beyond: its weight where as much demand as
//! possible is to be reached, more than all sites together where everybody must be.

use super::covering::{CoverError, check_radius, unreachable};
use super::facility::check_list;
use super::instance::{Instance, LARGEST, SiteState, positions};
use super::kernel_cover::Covers;
use super::p_median::Options;
use super::plans::{Found, Kernel, Part};
use super::rule_system::System;
use super::ruled::{self, Solution};
use super::ruled_tree::Known;
use super::rules::{RuleError, Rules};
use crate::outcome::InputError;

/// Nodes for a proof of what the covering kernel has found.
const PROOF_NODES: usize = 2_000;

/// The maximal covering as a p-median: cost 0 within the radius, 1 beyond.
///
/// ```text
/// Σ_i w_i z_i = Σ_i w_i - Σ_i w_i min_{j∈S} [c_ij > R]
/// ```
///
/// # Result
///
/// An instance with the weights and states of the one given: what its plans cost is the demand they
/// miss. [`ruled::solve`] answers it under rules and [`ruled::check`] proves that again.
///
/// # Errors
///
/// [`InputError::Value`] for a radius that is negative or not a number.
///
/// # Source
///
/// Church and ReVelle 1976, Geographical Analysis 8, 406-415.
pub fn max_cover_question(instance: &Instance, radius: f64) -> Result<Instance, InputError> {
    check_radius(radius)?;
    beyond(instance, 1.0, |i, j| instance.cost(i, j) <= radius)?
        .weighted(instance.weights().to_vec())
}

/// Costs of 0 where a site reaches a customer, and of `beyond` elsewhere; weights are 1.
pub(crate) fn beyond(
    instance: &Instance,
    beyond: f64,
    reaches: impl Fn(usize, usize) -> bool,
) -> Result<Instance, InputError> {
    let (n, m) = (instance.customers(), instance.sites());
    let cost = |i: usize, j: usize| if reaches(i, j) { 0.0 } else { beyond };
    let costs = (0..n).flat_map(|i| (0..m).map(move |j| (i, j))).map(|(i, j)| cost(i, j)).collect();
    Ok(Instance::new(n, m, costs)?.with_states(instance.states()))
}

/// A set covering under rules as a p-median under rules.
#[derive(Debug, Clone)]
pub struct SetCoverQuestion {
    /// Costs 0 within the radius; beyond it more than all sites together.
    pub instance: Instance,
    /// The rules, with the opening costs charged.
    pub rules: Rules,
    /// Opening costs of the kept sites, which the p-median leaves out.
    pub kept_cost: f64,
    /// A plan that reaches everybody costs no more than this; any other costs more.
    pub most: f64,
}

/// The set covering as a p-median with charged opening costs.
///
/// ```text
/// minimise  Σ_j f_j y_j  subject to  Σ_{j : c_ij ≤ R} y_j ≥ 1  for every i
///   as      Σ_{j∉Kept} f_j y_j + M Σ_i min_{j∈S} [c_ij > R],   M > Σ_j f_j
/// ```
///
/// # Notation
///
/// f_j is 1 where `opening` is `None`: the fewest sites. A budget of the rules counts
/// [`Rules::spending`] if given, else the opening costs of the rules.
///
/// # Errors
///
/// [`RuleError`] for a radius or opening costs that cannot mean anything.
pub fn set_cover_question(
    instance: &Instance,
    radius: f64,
    opening: Option<&[f64]>,
    rules: &Rules,
) -> Result<SetCoverQuestion, RuleError> {
    check_radius(radius)?;
    let m = instance.sites();
    let opening = opening.map_or_else(|| vec![1.0; m], <[f64]>::to_vec);
    check_list("opening costs", &opening, m, LARGEST)?;
    let most = opening.iter().sum::<f64>();
    let dear = (most + 1.0).max(most * 1.5).ceil();
    let spending = rules.budget.map(|_| rules.spent().to_vec());
    let rules = Rules { opening: opening.clone(), charged: true, spending, ..rules.clone() };
    let kept = positions(instance.states(), SiteState::Kept);
    Ok(SetCoverQuestion {
        instance: beyond(instance, dear, |i, j| instance.cost(i, j) <= radius)?,
        rules,
        kept_cost: kept.iter().map(|&j| opening[j]).sum(),
        most,
    })
}

/// Why a set covering under rules has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RuledCoverError {
    /// Customers that no site reaches, whatever the rules.
    #[error(transparent)]
    Cover(#[from] CoverError),
    /// The rules, alone or with the task of reaching everybody.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// How [`RuleError::NoPlan`] names the task itself.
const EVERYBODY: &str = "everybody within the radius";

/// Find the cheapest sites that reach everybody and obey the rules, and prove it.
///
/// # Result
///
/// The solution of [`set_cover_question`]: [`ruled::check`] proves it again. Its cost leaves out the
/// kept sites.
///
/// # Errors
///
/// [`CoverError::Unreachable`] naming customers beyond R of every site that may be open;
/// [`RuleError::NoPlan`] with the rules that leave somebody out.
///
/// # Cost
///
/// As [`ruled::solve`].
///
/// # Source
///
/// As [`covering::set_cover`](super::covering::set_cover) and [`ruled::solve`].
///
/// # Example
///
/// ```
/// use emporion_model::site::{Instance, p_median::Options, ruled_covering::set_cover};
/// use emporion_model::site::rules::{Count, Rules};
/// // Five towns on a road: two sites reach all within 3 km, but not without the one at 6.
/// let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
/// let costs = at.iter().flat_map(|a| at.iter().map(move |b| (a - b).abs())).collect();
/// let instance = Instance::new(5, 5, costs)?;
/// let rules = Rules::new(Count::AtMost(5)).at_most("middle", &[3], 0);
/// let cover = set_cover(&instance, 3.0, None, &rules, &Options::default())?;
/// assert_eq!((cover.plan.objective, cover.gap), (3.0, 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_cover(
    instance: &Instance,
    radius: f64,
    opening: Option<&[f64]>,
    rules: &Rules,
    options: &Options,
) -> Result<Solution, RuledCoverError> {
    let question = set_cover_question(instance, radius, opening, rules)?;
    let lost = unreachable(instance, radius);
    if let Some(&first) = lost.first() {
        let allowed = positions(instance.states(), SiteState::Free).into_iter();
        let allowed = allowed.chain(positions(instance.states(), SiteState::Kept));
        let nearest = allowed.map(|j| instance.cost(first, j)).fold(f64::INFINITY, f64::min);
        return Err(CoverError::Unreachable { customers: lost, nearest, radius }.into());
    }
    // The covering kernel finds the plan; the p-median proves it, as far as its tree may grow.
    let kernel = Covers::new(instance, radius, &question)?;
    let found = search_all(&kernel, f64::NEG_INFINITY, f64::INFINITY);
    let Some(plan) = found.plan else {
        return Err(match found.bound.is_infinite() {
            true => RuleError::NoPlan { rules: culprits(instance, radius, &question)? }.into(),
            false => RuleError::Undecided { nodes: 0 }.into(),
        });
    };
    let bound = found.bound.min(plan.cost) - question.kept_cost;
    let known = Known { plan: Some(plan.open), bound, covering: true, ..Known::default() };
    let max_nodes = options.max_nodes.min(PROOF_NODES);
    let options = Options { max_nodes, ..options.clone() };
    Ok(ruled::solve_from(&question.instance, &question.rules, &options, &known)?)
}

/// The best plan that costs no more than `most`, or any that costs no more than `floor`.
fn search_all(kernel: &Covers, floor: f64, most: f64) -> Found {
    let System { low, high, .. } = *kernel.system();
    kernel.search(&Part { states: kernel.states(), sizes: (low, high), floor, most })
}

/// Rules without any one of which everybody may be reached, as far as short searches tell.
fn culprits(
    instance: &Instance,
    radius: f64,
    question: &SetCoverQuestion,
) -> Result<Vec<String>, RuleError> {
    let none = |rules: &Rules| -> Result<bool, RuleError> {
        let question = SetCoverQuestion { rules: rules.clone(), ..question.clone() };
        let kernel = Covers::new(instance, radius, &question)?;
        let found = search_all(&kernel, f64::INFINITY, f64::INFINITY);
        Ok(found.plan.is_none() && found.bound.is_infinite())
    };
    let (mut rules, mut names) = (question.rules.clone(), Vec::new());
    for group in &question.rules.groups {
        let at = names.len();
        let itself = rules.groups.remove(at);
        if !none(&rules)? {
            rules.groups.insert(at, itself);
            names.push(group.name.clone());
        }
    }
    if rules.budget.is_some() {
        let free = Rules { budget: None, spending: None, ..rules.clone() };
        if !none(&free)? {
            names.push("budget".to_owned());
        }
    }
    names.push(EVERYBODY.to_owned());
    Ok(names)
}
