//! What the root bound leaves open is closed by a tree on sites.
//!
//! A node has some sites decided; its bound is that of the relaxation ([`super::pricing`]), or where
//! that takes too long of the climb ([`super::lagrangian`]), from its parent's multipliers. One free
//! site is kept open in one child and forbidden in the other (Christofides and Beasley 1982, "A tree
//! search algorithm for the p-median problem", EJOR 10, 196-204). The node with the lowest bound
//! comes first, so that the bound of the whole rises steadily.
//!
//! A node is dropped when its bound reaches the best plan known. If a limit comes first, the
//! smallest bound among the nodes not visited is the bound of the whole, and the gap stays.
//!
//! Sites are decided for good only by the multipliers that a node ends with. So the multipliers of
//! all nodes, in the order of the visits, are a proof: [`super::certificate`] repeats it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::dive::{dive, offer_rounded};
use super::fixed::Table;
use super::incumbent::Incumbent;
use super::instance::{SiteState, positions};
use super::lagrangian::{Climb, Node, climb, core, fix_by_multipliers};
use super::local_search::{Plan, Scratch};
use super::p_median::Options;
use super::pricing::{Pricing, Solved, tighten};
use super::pseudo_costs::{Gains, look_ahead};
use super::recombine::recombine_all;
use super::starts::{self, Shake};
use crate::random::SplitMix;

/// Shakes may take this share of the whole work.
const SHAKE_SHARE: u64 = 3;
/// Steps of the first climb.
const FIRST_STEPS: usize = 400;
/// The relaxation may take this share of the whole work.
const RELAX_SHARE: u64 = 2;
/// So may the way down from it to a plan.
const DIVE_SHARE: u64 = 8;
/// Streams of random numbers for plans from nodes lie apart from those of samples.
const ROUNDED_STREAM: u64 = 3 << 40;
/// The long climb may take this share of the whole work.
const CLIMB_SHARE: u64 = 4;
/// Sites among which the best plan is shaken, for each one open, and some more.
const CORE: usize = 16;
const MORE_CORE: usize = 50;
/// Fresh plans shaken at most, and how many that end where the best plan is tell enough.
const ROUNDS: u64 = 64;
const AGREED: usize = 2;
/// Plans recombined from others are shaken in rounds from here on.
const CHILD_ROUNDS: u64 = 1 << 20;
/// Lists up to this many entries are handed on to the children, longer ones cut anew.
const SMALL_LISTS: usize = 50_000;

/// A step reads about twice customers × sites / p entries: from so many on, samples come first.
const LONG_STEP: usize = 400_000;
/// With more open sites a sample is too coarse for them.
const FEW_OPEN: usize = 64;
/// One in so many sites, first and then.
const SAMPLES: [usize; 2] = [8, 3];
/// The climbs on samples may take this share of the whole work.
const SAMPLE_SHARE: u64 = 4;
/// Streams of random numbers for samples lie apart from those of starts and shakes.
const SAMPLE_STREAM: u64 = 1 << 41;
const SAMPLE_CLIMB: Climb = Climb {
    max_iterations: 200,
    max_work: u64::MAX,
    theta: 1.0,
    patience: 30,
    least_theta: 0.02,
    swap_every: 100,
    fix: false,
};

/// How the search ended.
#[derive(Debug)]
pub(crate) struct Search {
    /// Proven in fixed-point units; `None`: no plan is better than those known.
    pub(crate) open_bound: Option<i64>,
    /// Multipliers at the root.
    pub(crate) root: Arc<Vec<i64>>,
    /// What was done with each node, the root first. Empty if too long to keep.
    pub(crate) tree: Vec<Visit>,
    pub(crate) iterations: usize,
    pub(crate) nodes: usize,
}

/// A node that was visited.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) multipliers: Arc<Vec<i64>>,
    /// The site branched on, and the visits of the children without and with it; `None`: closed.
    pub(crate) split: Option<(usize, [usize; 2])>,
}

/// How long to climb at the root and in the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    first: Climb,
    root: Climb,
    node: Climb,
    max_nodes: usize,
    max_work: u64,
    proof_numbers: usize,
    seed: u64,
}

impl Limits {
    /// The caller's options set how many steps; their lengths are fixed: half of Beasley's θ = 2, as
    /// the climb starts near a good plan. A node climbs as patiently: a site decided moves the best
    /// multipliers far, and few nodes with high bounds lift the bound of the whole more than many.
    pub(crate) fn new(options: &Options) -> Self {
        let root = Climb {
            max_iterations: options.max_iterations,
            max_work: options.max_work,
            theta: 1.0,
            patience: 50,
            least_theta: 0.002,
            swap_every: 50,
            fix: true,
        };
        let first = Climb { max_iterations: options.max_iterations.min(FIRST_STEPS), ..root };
        let node = Climb {
            max_iterations: options.node_iterations,
            max_work: options.max_work,
            theta: 1.0,
            patience: 50,
            least_theta: 0.01,
            swap_every: 0,
            fix: false,
        };
        Self {
            first,
            root,
            node,
            max_nodes: options.max_nodes,
            max_work: options.max_work,
            proof_numbers: options.proof_numbers,
            seed: options.seed,
        }
    }
}

/// Nodes to visit, the lowest bound first, the latest among equals.
type Queue = BTreeMap<(i64, usize), (Node, usize)>;

/// Samples, root, then plans from it, then tree.
pub(crate) fn search(
    table: &Table<'_>,
    states: &[SiteState],
    p: usize,
    start: Vec<i64>,
    limits: &Limits,
    incumbent: &mut Incumbent,
) -> Search {
    let start = Arc::new(climb_on_samples(table, states, p, start, limits, incumbent));
    let mut whole = unfixed(table, states, start);
    let (proven, mut iterations) = raise_root(table, states, &mut whole, p, limits, incumbent);
    let multipliers = whole.multipliers.clone();
    let mut tree = Tree { visits: Vec::new(), numbers: limits.proof_numbers };
    let at = tree.visit(&whole.multipliers, None);
    let mut queue = Queue::new();
    if !fix_by_multipliers(table, &mut whole, p, incumbent) {
        incumbent.work += cut_lists(table, &mut whole);
        push_children(&mut queue, &mut tree, whole, at);
    }
    let mut gains = Gains::new(table.sites);
    let mut nodes = 0;
    while nodes < limits.max_nodes
        && incumbent.work < limits.max_work
        && let Some((_, (mut node, parent))) = queue.pop_first()
    {
        nodes += 1;
        let inherited = node.lists.clone();
        let mut closed = node.bound >= incumbent.cutoff(table);
        let mut solved = None;
        if !closed {
            let (bound, work) = (node.bound, incumbent.work);
            incumbent.work += cut_lists(table, &mut node);
            solved = tighten(table, &mut node, p, Pricing::node(limits.max_work), incumbent);
            if solved.is_some() {
                gains.learn_from(&node, bound, incumbent.work - work);
                closed = node.bound >= incumbent.cutoff(table);
            } else {
                let (end, steps) = climb(table, &mut node, p, &limits.node, incumbent);
                closed = end;
                iterations += steps;
            }
        }
        let at = tree.visit(&node.multipliers, Some(parent));
        if !closed {
            closed = fix_by_multipliers(table, &mut node, p, incumbent);
        }
        if !closed {
            if let Some(Solved { shares, .. }) = &solved {
                let mut random = SplitMix::new(limits.seed, ROUNDED_STREAM + nodes as u64);
                offer_rounded(table, &node, shares, p, &mut random, incumbent);
                if is_power_of_four(nodes) {
                    dive(table, &node, shares, p, limits.max_work, incumbent);
                }
                look_ahead(table, &node, shares, p, limits.max_work, &mut gains, incumbent);
                gains.branch(&mut node, shares);
            }
            if node.lists.entries() > SMALL_LISTS {
                node.lists = inherited;
            }
            push_children(&mut queue, &mut tree, node, at);
        }
    }
    let cutoff = incumbent.cutoff(table);
    let open = queue.keys().map(|(bound, _)| *bound).filter(|bound| *bound < cutoff).min();
    let tree = if open.is_none() && tree.numbers > 0 { tree.visits } else { Vec::new() };
    Search { open_bound: open.filter(|_| !proven), root: multipliers, tree, iterations, nodes }
}

/// Raise the bound of the whole question by a short climb and the relaxation, or where that would
/// take too long by a long climb; look for plans with what it tells. Returns whether the best plan
/// known is proven optimal, and the steps made.
fn raise_root(
    table: &Table<'_>,
    states: &[SiteState],
    whole: &mut Node,
    p: usize,
    limits: &Limits,
    incumbent: &mut Incumbent,
) -> (bool, usize) {
    let mut root = whole.clone();
    let (mut proven, mut iterations) = climb(table, &mut root, p, &limits.first, incumbent);
    // Fixing may have ended the climb just short of multipliers that prove the same alone, and
    // decided sites that only earlier multipliers decide: they go on from here undecided.
    whole.multipliers = root.multipliers.clone();
    if !proven {
        let pricing = Pricing::root(incumbent.work + limits.max_work / RELAX_SHARE);
        let solved = tighten(table, whole, p, pricing, incumbent);
        if let Some(Solved { shares, converged: true }) = solved {
            root = whole.clone();
            if !fix_by_multipliers(table, &mut root, p, incumbent) {
                let most = limits.max_work.min(incumbent.work + limits.max_work / DIVE_SHARE);
                dive(table, &root, &shares, p, most, incumbent);
                shake(table, states, &root, p, Some(&shares), limits, incumbent);
                Gains::new(table.sites).branch(whole, &shares);
            }
            return (false, iterations);
        }
        root.multipliers = whole.multipliers.clone();
        // On from where the first climb and the relaxation came to.
        let max_work = incumbent.work + limits.max_work / CLIMB_SHARE;
        let on = Climb { theta: 0.4, max_work, ..limits.root };
        let (end, steps) = climb(table, &mut root, p, &on, incumbent);
        (proven, iterations) = (end, iterations + steps);
        if !proven {
            shake(table, states, &root, p, None, limits, incumbent);
            // The better plan is a better aim for a second, shorter climb.
            let again = Climb { theta: 0.3, ..limits.root };
            let (end, steps) = climb(table, &mut root, p, &again, incumbent);
            (proven, iterations) = (end, iterations + steps);
        }
        (whole.multipliers, whole.branch) = (root.multipliers, root.branch);
    }
    if proven {
        iterations += climb(table, whole, p, &limits.node, incumbent).1;
    }
    (proven, iterations)
}

fn is_power_of_four(number: usize) -> bool {
    number.is_power_of_two() && number.trailing_zeros().is_multiple_of(2)
}

/// Multipliers from a climb on a sample of the sites, then on a larger one: with many sites and few
/// open ones a step on all of them is long, and near ones say much the same. They are a start alone:
/// what they prove is worked out on all sites.
fn climb_on_samples(
    table: &Table<'_>,
    states: &[SiteState],
    p: usize,
    start: Vec<i64>,
    limits: &Limits,
    incumbent: &mut Incumbent,
) -> Vec<i64> {
    if p > FEW_OPEN || table.customers * table.sites / p < LONG_STEP {
        return start;
    }
    let mut multipliers = Arc::new(start);
    let mut inside: Vec<bool> = states.iter().map(|state| *state == SiteState::Kept).collect();
    let limit = incumbent.work + limits.max_work / SAMPLE_SHARE;
    for (round, part) in SAMPLES.into_iter().enumerate() {
        incumbent.open.iter().for_each(|&j| inside[j] = true);
        let others: Vec<usize> = positions(states, SiteState::Free);
        let others: Vec<usize> = others.into_iter().filter(|&j| !inside[j]).collect();
        let wanted = (table.sites / part).saturating_sub(table.sites - others.len());
        let mut random = SplitMix::new(limits.seed, SAMPLE_STREAM + round as u64);
        let drawn = random.sample(&others, wanted.min(others.len()));
        drawn.into_iter().for_each(|j| inside[j] = true);
        let narrow = |(state, inside): (&SiteState, &bool)| {
            if *inside { *state } else { SiteState::Forbidden }
        };
        let mut node = Node {
            states: states.iter().zip(&inside).map(narrow).collect(),
            lists: Arc::new(table.lists.only(|j| inside[j])),
            ..unfixed(table, states, multipliers)
        };
        incumbent.work += table.lists.entries() as u64;
        let theta = if round == 0 { 1.0 } else { 0.5 };
        let how = Climb { theta, max_work: limit, ..SAMPLE_CLIMB };
        let _ = climb(table, &mut node, p, &how, incumbent);
        multipliers = node.multipliers;
    }
    Arc::unwrap_or_clone(multipliers)
}

/// Shake the best plan, then fresh ones, each joined with the best by paths both ways and recombined
/// with all met: shakes of one plan end in one hollow, and others lie lower. Only sites of the core may
/// open.
fn shake(
    table: &Table<'_>,
    states: &[SiteState],
    root: &Node,
    p: usize,
    shares: Option<&[f64]>,
    limits: &Limits,
    incumbent: &mut Incumbent,
) {
    let core = core(table, root, p, CORE * p + MORE_CORE);
    // Every better plan has the sites that the root decided on; the best one known may lack some.
    let decided = positions(&root.states, SiteState::Kept);
    let mut best = Plan::of(table, &positions(states, SiteState::Kept), &incumbent.open);
    let limit = limits.max_work / SHAKE_SHARE;
    let mut scratch = Scratch::default();
    let first = Shake { seed: limits.seed, round: 0, limit, goal: None };
    starts::shake(table, &core, &mut best, first, &mut scratch);
    let (mut agreed, mut met) = (0, Vec::new());
    for round in 1..=ROUNDS {
        if scratch.work >= limit || agreed == AGREED {
            break;
        }
        let aim = Shake { round, goal: Some(best.value), ..first };
        let other = starts::fresh(table, &decided, &core, p, shares, aim, &mut scratch);
        if other.value == best.value {
            agreed += 1;
            continue;
        }
        let [there, back] = starts::relink_both(table, &core, &other, &best, &mut scratch);
        met.push(other);
        let mut child = recombine_all(table, best.clone(), &met, &mut scratch);
        if child.value < best.value && met.iter().all(|plan| child.value < plan.value) {
            let aim = Shake { round: CHILD_ROUNDS + round, ..first };
            starts::shake(table, &core, &mut child, aim, &mut scratch);
            met.push(child.clone());
        }
        for plan in [child, there, back] {
            if plan.value < best.value {
                (best, agreed) = (plan, 0);
            }
        }
    }
    incumbent.work += scratch.work;
    incumbent.improve(table, &mut best);
}

/// Leave out sites that the node forbids if that halves its lists. Returns the entries read.
fn cut_lists(table: &Table<'_>, node: &mut Node) -> u64 {
    let live = |j: usize| node.states[j] != SiteState::Forbidden;
    let count = (0..table.sites).filter(|&j| live(j)).count();
    let entries = node.lists.entries();
    if 2 * count * table.customers > entries {
        return 0;
    }
    node.lists = Arc::new(node.lists.only(live));
    entries as u64
}

/// The record of visits.
struct Tree {
    visits: Vec<Visit>,
    /// Numbers that may still be written.
    numbers: usize,
}

impl Tree {
    /// Write down a visit; `link` is twice the parent's visit, plus 1 for its second child.
    fn visit(&mut self, multipliers: &Arc<Vec<i64>>, link: Option<usize>) -> usize {
        let at = self.visits.len();
        if let Some(slot) = link
            && let Some((_, children)) = &mut self.visits[slot / 2].split
        {
            children[slot % 2] = at;
        }
        self.numbers = self.numbers.saturating_sub(multipliers.len());
        // Once too long, the record is dropped in the end: hold no more of it.
        let multipliers = match self.visits.first() {
            Some(root) if self.numbers == 0 => root.multipliers.clone(),
            _ => multipliers.clone(),
        };
        self.visits.push(Visit { multipliers, split: None });
        at
    }
}

/// The whole question: nothing decided but what the caller decided.
fn unfixed(table: &Table<'_>, states: &[SiteState], multipliers: Arc<Vec<i64>>) -> Node {
    let (states, lists) = (states.to_vec(), table.lists.clone());
    Node {
        states,
        lists,
        multipliers,
        bound: 0,
        core: Arc::default(),
        reach: Arc::default(),
        share: 0.0,
        branch: usize::MAX,
    }
}

/// The two halves of a node: without the branching site, and with it.
fn push_children(queue: &mut Queue, tree: &mut Tree, node: Node, visit: usize) {
    tree.visits[visit].split = Some((node.branch, [usize::MAX; 2]));
    for (which, state) in [SiteState::Forbidden, SiteState::Kept].into_iter().enumerate() {
        let mut child = node.clone();
        child.states[node.branch] = state;
        // The later of two equals comes first.
        let order = usize::MAX - (2 * visit + which);
        queue.insert((child.bound, order), (child, 2 * visit + which));
    }
}
