//! The search behind the best plans under rules: starts, root bound, tree on sites.
//!
//! Depth first, as in [`super::branch`], but the child that opens the site comes first, which leads
//! to a plan that obeys where none is known yet. The site to branch on is the one that about half of
//! the latest choices at the bound contain: either way the bound rises. Each plan belongs to one leaf, so that the same
//! tree lists the best few: a part is dropped only when its bound reaches the last plan wanted.
//!
//! Where one plan is wanted, the multipliers and prices of all nodes are kept, and a node decides
//! sites only by those it ends with: the record alone is a proof, which [`super::ruled_check`]
//! repeats. Once it is too long to keep, nodes decide sites at every step.

use std::sync::Arc;

use rayon::prelude::*;

use super::certificate::Split;
use super::instance::{Instance, SiteState};
use super::p_median::Options;
use super::rule_system::{Dive, System};
use super::ruled_bound::{Climb, Node, Question, Rows, climb};
use super::ruled_check::ProofNode;
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
    /// What was done with each node, the root first; the root alone if there is no proof to keep.
    pub(crate) proof: Vec<ProofNode>,
    pub(crate) iterations: usize,
    pub(crate) nodes: usize,
}

/// What is known before a search.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// A plan that obeys.
    pub(crate) plan: Option<Vec<usize>>,
    /// No plan costs less, in the caller's unit.
    pub(crate) bound: f64,
    /// Whether it is a covering, with multipliers of its own to start from.
    pub(crate) covering: bool,
    /// Costs above this are not part of a plan worth finding.
    pub(crate) cap: f64,
}

impl Default for Known {
    fn default() -> Self {
        let (bound, cap) = (f64::NEG_INFINITY, f64::INFINITY);
        Self { plan: None, bound, covering: false, cap }
    }
}

/// The `wanted` best plans, or why there is none.
pub(crate) fn search(
    instance: &Instance,
    rules: &Rules,
    options: &Options,
    (wanted, within): (usize, Option<f64>),
    known: &Known,
) -> Result<Found, RuleError> {
    super::p_median::check_options(options)?;
    let system = System::new(instance, rules)?;
    let states = instance.states();
    let costs = Costs::new(instance, rules, &system, known.cap)?;
    let costs = if known.covering { costs.shared_out() } else { costs };
    let mut pool = Pool::new(wanted, within, &costs);
    if let Some(open) = &known.plan {
        let plan = Swaps::new(&costs, &system, states).plan(open.clone());
        pool.offer(plan.value, plan.open);
    }
    let (pool, end) = search_part(&costs, &system, states, options, pool);
    let End { open_bound, proof, iterations, nodes } = end;
    if pool.plans.is_empty() {
        return Err(match open_bound {
            None => RuleError::NoPlan { rules: system.culprits(states) },
            Some(_) => RuleError::Undecided { nodes },
        });
    }
    Ok(Found { costs, pool, open_bound, proof, iterations, nodes })
}

/// How a search ended.
pub(crate) struct End {
    /// As in [`Found`].
    pub(crate) open_bound: Option<i64>,
    pub(crate) proof: Vec<ProofNode>,
    pub(crate) iterations: usize,
    pub(crate) nodes: usize,
}

impl End {
    fn none(open_bound: Option<i64>) -> Self {
        Self { open_bound, proof: Vec::new(), iterations: 0, nodes: 0 }
    }
}

/// The plans that the pool wants, where these sites are decided.
pub(crate) fn search_part(
    costs: &Costs,
    system: &System,
    states: &[SiteState],
    options: &Options,
    mut pool: Pool,
) -> (Pool, End) {
    let (rows, swaps) = (Rows::new(system, costs), Swaps::new(costs, system, states));
    let question = Question { costs, system, rows, swaps };

    let plans = match starts(&question, states, options) {
        Ok(plans) => plans,
        Err(Dive::NoPlan) => return (pool, End::none(None)),
        Err(_) => return (pool, End::none(Some(0))),
    };
    let best = plans.iter().min_by_key(|plan| plan.value);
    let mut multipliers: Vec<i64> = match best {
        _ if !costs.first.is_empty() => costs.first.clone(),
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
    let (proven, mut iterations) = climb(&question, &mut root, &at_root, &mut best_raw, &mut pool);
    spread(&mut pool);
    let numbers = if pool.wants_one() { options.proof_numbers } else { 0 };
    let mut record = Record { visits: Vec::new(), numbers };
    let mut closed = proven;
    if numbers > 0 {
        // Sites that only earlier multipliers decide are open again: the last ones are to do it.
        let (lists, states) = (costs.lists().clone(), states.to_vec());
        root = Node { states, lists, bound, ..root };
        let alone = Climb { fix: false, ..in_tree };
        let (end, steps) = climb(&question, &mut root, &alone, &mut best_raw, &mut pool);
        (closed, iterations) = (end, iterations + steps);
    }
    let at = record.visit(&root.multipliers, None);
    let mut stack = Vec::new();
    if !closed {
        stack.extend(record.children(root, at));
    }
    let mut nodes = 0;
    while (!proven || record.numbers > 0)
        && let Some((mut node, link)) = stack.pop()
    {
        let mut closed = node.bound >= pool.cutoff(costs);
        if !closed {
            if nodes == options.max_nodes {
                stack.push((node, link));
                break;
            }
            nodes += 1;
            let rules = Climb { fix: record.numbers == 0, ..in_tree };
            let (end, steps) = climb(&question, &mut node, &rules, &mut best_raw, &mut pool);
            (closed, iterations) = (end, iterations + steps);
        }
        let at = record.visit(&node.multipliers, Some(link));
        if !closed {
            stack.extend(record.children(node, at));
        }
    }
    let cutoff = pool.cutoff(costs);
    let open = stack.iter().map(|(node, _)| node.bound).filter(|b| *b < cutoff).min();
    let open_bound = open.filter(|_| !proven);
    if !stack.is_empty() || record.numbers == 0 {
        record.visits.truncate(1);
        record.visits[0].split = None;
    }
    let proof = record.told(&question);
    (pool, End { open_bound, proof, iterations, nodes })
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
        fix: true,
    };
    let node = Climb {
        max_iterations: options.node_iterations,
        theta: 0.3,
        patience: 10,
        least_theta: 0.01,
        dive_every: 0,
        fix: true,
    };
    (root, node)
}

/// What was done with a node.
struct Visit {
    multipliers: Arc<Vec<i64>>,
    /// The site branched on, and the visits of the children without and with it.
    split: Option<(usize, [usize; 2])>,
}

/// The nodes visited, as far as there is room.
struct Record {
    visits: Vec<Visit>,
    /// Numbers that may still be written; 0: no proof is kept.
    numbers: usize,
}

impl Record {
    /// Write down a visit; `link` is twice the parent's visit, plus 1 for its second child.
    fn visit(&mut self, multipliers: &Arc<Vec<i64>>, link: Option<usize>) -> usize {
        let at = self.visits.len();
        if at > 0 {
            self.numbers = self.numbers.saturating_sub(multipliers.len());
            if self.numbers == 0 {
                return 0;
            }
        }
        if let Some(slot) = link
            && let Some((_, children)) = &mut self.visits[slot / 2].split
        {
            children[slot % 2] = at;
        }
        self.visits.push(Visit { multipliers: multipliers.clone(), split: None });
        at
    }

    /// The two halves of a node with their links; the one with the branching site comes off the
    /// stack first.
    fn children(&mut self, node: Node, visit: usize) -> [(Node, usize); 2] {
        self.visits[visit].split = Some((node.branch, [usize::MAX; 2]));
        [SiteState::Forbidden, SiteState::Kept].map(|state| {
            let mut child = node.clone();
            child.states[node.branch] = state;
            (child, 2 * visit + usize::from(state == SiteState::Kept))
        })
    }

    /// The same in the caller's unit.
    fn told(&self, question: &Question<'_>) -> Vec<ProofNode> {
        let groups = question.system.quotas.len();
        let told = |visit: &Visit| {
            let node = question.rows.told(groups, question.costs, &visit.multipliers);
            let split = visit.split.map(|(site, [without, with])| Split { site, without, with });
            ProofNode { split, ..node }
        };
        self.visits.iter().map(told).collect()
    }
}
