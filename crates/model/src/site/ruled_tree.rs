//! The search behind the best plans under rules: starts, root bound, tree on sites.
//!
//! Depth first, as in [`super::branch`], but the child that opens the site comes first, which leads
//! to a plan that obeys where none is known yet. The site to branch on is the one that about half of
//! the latest choices at the bound contain: either way the bound rises. Each plan belongs to one leaf, so that the same
//! tree lists the best few: a part is dropped only when its bound reaches the last plan wanted.

use std::sync::Arc;

use rayon::prelude::*;

use super::instance::{Instance, SiteState};
use super::p_median::Options;
use super::rule_system::{Dive, System};
use super::ruled_bound::{Climb, Node, Question, Rows, climb};
use super::ruled_plan::{Costs, Plan, Pool, Swaps};
use super::rules::{RuleError, Rules};
use crate::random::SplitMix;

/// Steps between plans made from the root's prices.
const DIVE_EVERY: usize = 25;

/// What the search found.
pub(crate) struct Found {
    pub(crate) costs: Costs,
    pub(crate) pool: Pool,
    /// `None`: no plan of interest is missing in the pool. Else no missing one has a lower value.
    pub(crate) open_bound: Option<i64>,
    pub(crate) iterations: usize,
    pub(crate) nodes: usize,
}

/// The `wanted` best plans, or why there is none.
pub(crate) fn search(
    instance: &Instance,
    rules: &Rules,
    options: &Options,
    (wanted, within): (usize, Option<f64>),
) -> Result<Found, RuleError> {
    super::p_median::check_options(options)?;
    let system = System::new(instance, rules)?;
    let states = instance.states();
    let costs = Costs::new(instance, rules, &system)?;
    let mut pool = Pool::new(wanted, within, &costs);
    let (rows, swaps) = (Rows::new(&system, &costs), Swaps::new(&costs, &system, states));
    let question = Question { costs: &costs, system: &system, rows, swaps };

    let plans = starts(&question, states, options).map_err(|none| match none {
        Dive::NoPlan => RuleError::NoPlan { rules: system.culprits(states) },
        _ => RuleError::Undecided { nodes: 0 },
    })?;
    let mut multipliers: Vec<i64> = match plans.iter().min_by_key(|plan| plan.value) {
        Some(best) => best.d2.clone(),
        None => (0..costs.customers).map(|i| costs.farthest(i)).collect(),
    };
    multipliers.resize(costs.customers + question.rows.count(), 0);
    plans.into_iter().for_each(|plan| pool.offer(plan.value, plan.open));
    let spread = |pool: &mut Pool| {
        if !pool.wants_one() {
            question.swaps.spread(pool);
        }
    };
    spread(&mut pool);

    let mut best_raw = i64::MAX;
    let (bound, branch) = (0, usize::MAX);
    let (lists, multipliers) = (costs.lists().clone(), Arc::new(multipliers));
    let mut root = Node { states: states.to_vec(), lists, multipliers, bound, branch };
    let (at_root, in_tree) = lengths(options);
    let (closed, mut iterations) = climb(&question, &mut root, &at_root, &mut best_raw, &mut pool);
    spread(&mut pool);
    let mut stack = if closed { Vec::new() } else { children(root) };
    let mut nodes = 0;
    while nodes < options.max_nodes
        && let Some(mut node) = stack.pop()
    {
        if node.bound >= pool.cutoff(&costs) {
            continue;
        }
        nodes += 1;
        let (closed, steps) = climb(&question, &mut node, &in_tree, &mut best_raw, &mut pool);
        iterations += steps;
        if !closed {
            stack.extend(children(node));
        }
    }
    let cutoff = pool.cutoff(&costs);
    let open_bound = stack.iter().map(|node| node.bound).filter(|b| *b < cutoff).min();
    if pool.plans.is_empty() {
        return Err(match open_bound {
            None => RuleError::NoPlan { rules: system.culprits(states) },
            Some(_) => RuleError::Undecided { nodes },
        });
    }
    Ok(Found { costs, pool, open_bound, iterations, nodes })
}

/// Random orders to open sites in, each made a plan and improved by swaps. None may be found; an
/// error if there is none.
fn starts(
    question: &Question<'_>,
    states: &[SiteState],
    options: &Options,
) -> Result<Vec<Plan>, Dive> {
    let free: Vec<usize> = (0..states.len()).filter(|&j| states[j] == SiteState::Free).collect();
    let run = |start: usize| {
        let mut random = SplitMix::new(options.seed, start as u64);
        match question.system.dive(states, &random.sample(&free, free.len())) {
            Dive::Plan(open) => Ok(Some(question.swaps.improve(question.swaps.plan(open)))),
            Dive::Undecided => Ok(None),
            Dive::NoPlan => Err(Dive::NoPlan),
        }
    };
    let plans: Vec<_> = (0..options.starts).into_par_iter().map(run).collect();
    Ok(plans.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// As in [`super::branch`].
fn lengths(options: &Options) -> (Climb, Climb) {
    let root = Climb {
        max_iterations: options.max_iterations,
        theta: 1.0,
        patience: 25,
        least_theta: 0.002,
        dive_every: DIVE_EVERY,
    };
    let node = Climb {
        max_iterations: options.node_iterations,
        theta: 0.3,
        patience: 10,
        least_theta: 0.01,
        dive_every: 0,
    };
    (root, node)
}

/// The two halves of a node; the one with the branching site comes off the stack first.
fn children(node: Node) -> Vec<Node> {
    let half = |state| {
        let mut child = node.clone();
        child.states[node.branch] = state;
        child
    };
    vec![half(SiteState::Forbidden), half(SiteState::Kept)]
}
