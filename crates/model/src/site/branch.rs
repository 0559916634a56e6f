//! What the root bound leaves open is closed by a tree on sites.
//!
//! A node has some sites decided; its bound is the Lagrangian of [`super::lagrangian`], started
//! from its parent's multipliers. The free site worth most at those multipliers is kept open in
//! one child and forbidden in the other (Christofides and Beasley 1982, "A tree search algorithm
//! for the p-median problem", EJOR 10, 196-204). Depth first: few nodes are held at a time.
//!
//! A node is dropped when its bound reaches the best plan known. If the limit on nodes comes first,
//! the smallest bound among the nodes not visited is the bound of the whole, and the gap stays.

use std::sync::Arc;

use super::fixed::Table;
use super::instance::SiteState;
use super::lagrangian::{Climb, Incumbent, Node, climb};
use super::p_median::Options;

/// How the search ended.
#[derive(Debug)]
pub(crate) struct Search {
    /// Proven in fixed-point units; `None`: no plan is better than the incumbent.
    pub(crate) open_bound: Option<i64>,
    /// Multipliers at the root.
    pub(crate) multipliers: Arc<Vec<i64>>,
    pub(crate) iterations: usize,
    pub(crate) nodes: usize,
}

/// Rules of the climb at the root and in the tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    root: Climb,
    node: Climb,
    max_nodes: usize,
}

impl Limits {
    /// The caller's options set how many steps; their lengths are fixed: half of Beasley's θ = 2, as
    /// the climb starts near a good plan, and less in the tree, which starts at its parent's end.
    pub(crate) fn new(options: &Options) -> Self {
        let root = Climb {
            max_iterations: options.max_iterations,
            theta: 1.0,
            patience: 25,
            least_theta: 0.002,
            swap_every: 50,
            fix: true,
        };
        let node = Climb {
            max_iterations: options.node_iterations,
            theta: 0.3,
            patience: 10,
            least_theta: 0.01,
            swap_every: 0,
            fix: true,
        };
        Self { root, node, max_nodes: options.max_nodes }
    }
}

/// Root, then tree.
pub(crate) fn search(
    table: &Table,
    states: &[SiteState],
    p: usize,
    start: Vec<i64>,
    limits: &Limits,
    incumbent: &mut Incumbent,
) -> Search {
    let mut root = unfixed(table, states, Arc::new(start));
    let (closed, mut iterations) = climb(table, &mut root, p, &limits.root, incumbent);
    let mut multipliers = root.multipliers.clone();
    if closed {
        // Fixing may have ended the climb just short of multipliers that prove the same alone.
        let mut whole = unfixed(table, states, multipliers);
        let rules = Climb { fix: false, swap_every: 0, ..limits.node };
        iterations += climb(table, &mut whole, p, &rules, incumbent).1;
        multipliers = whole.multipliers;
    }
    let mut stack = if closed { Vec::new() } else { children(root) };
    let mut nodes = 0;
    while nodes < limits.max_nodes
        && let Some(mut node) = stack.pop()
    {
        if node.bound >= table.cutoff(incumbent.value) {
            continue;
        }
        nodes += 1;
        let (closed, steps) = climb(table, &mut node, p, &limits.node, incumbent);
        iterations += steps;
        if !closed {
            stack.extend(children(node));
        }
    }
    let cutoff = table.cutoff(incumbent.value);
    let open_bound = stack.iter().map(|node| node.bound).filter(|b| *b < cutoff).min();
    Search { open_bound, multipliers, iterations, nodes }
}

/// The whole question: nothing decided but what the caller decided.
fn unfixed(table: &Table, states: &[SiteState], multipliers: Arc<Vec<i64>>) -> Node {
    let (states, lists) = (states.to_vec(), table.lists.clone());
    Node { states, lists, multipliers, bound: 0, branch: usize::MAX }
}

/// The two halves of a node: without the branching site, and with it.
fn children(node: Node) -> Vec<Node> {
    let half = |state| {
        let mut child = node.clone();
        child.states[node.branch] = state;
        child
    };
    vec![half(SiteState::Kept), half(SiteState::Forbidden)]
}
