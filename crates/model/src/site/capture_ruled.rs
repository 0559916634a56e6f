//! The tree of capture under rules.
//!
//! As [`super::capture_tree`], but on the states of all sites, so that the rules decide what they
//! leave no choice about. A plan may open any number of sites that the rules allow: more never
//! capture less. Both bounds are sums over sites, whose maximum is taken over sets that obey the
//! rules as far as [`super::rule_bound`] looks at them.

use super::capture_bound::{Ascent, Linear, Scaled};
use super::capture_tree::{Best, Search, plan};
use super::instance::{Instance, SiteState, positions};
use super::market::Market;
use super::rule_bound::least;
use super::rule_system::System;
use super::rules::{RuleError, Rules};

/// Steps of the relaxation at the root, and in a node.
const ROOT_STEPS: usize = 150;
const NODE_STEPS: usize = 20;
/// Rounds of tangents and increments.
const ROUNDS: usize = 2;

/// The rules held against the sites of a market.
pub(crate) fn system(market: &Market, rules: &Rules) -> Result<System, RuleError> {
    let sites = market.states.len();
    let instance = Instance::new(1, sites, vec![0.0; sites])?.with_states(&market.states);
    System::new(&instance, &Rules { charged: false, ..rules.clone() })
}

/// What is asked, and of which plans.
pub(crate) struct Asked<'a> {
    pub(crate) scaled: &'a Scaled,
    /// With the numbers of sites that are asked for.
    pub(crate) system: &'a System,
    /// Plans that add less are of no interest.
    pub(crate) least: f64,
    /// A plan that adds so much ends the search.
    pub(crate) enough: f64,
    pub(crate) max_nodes: usize,
}

/// The plan that adds most where these sites are decided; `None` if there is none of interest. The
/// bound of the search is above what any plan adds that is not known; -∞ if there is none.
pub(crate) fn search(asked: &Asked<'_>, states: &[SiteState]) -> (Option<Search>, f64) {
    let mut tree = Tree { asked, best: None, open_bound: f64::NEG_INFINITY, nodes: 0, steps: 0 };
    let mut greedy = f64::NEG_INFINITY;
    if let Some(first) = tree.greedy(states) {
        greedy = asked.scaled.added(&asked.scaled.sums(&first));
        tree.offer(first);
        tree.swaps(states);
    }
    let m = asked.scaled.free.len();
    let mut stack = vec![Node { states: states.to_vec(), y: vec![0.5; m], bound: f64::INFINITY }];
    let mut root_bound = f64::NEG_INFINITY;
    while let Some(node) = stack.pop() {
        if tree.is_of_no_use(node.bound) {
            continue;
        }
        if tree.nodes >= asked.max_nodes.max(1) {
            tree.open_bound = tree.open_bound.max(node.bound);
            continue;
        }
        tree.nodes += 1;
        let (children, bound) = tree.visit(node);
        if tree.nodes == 1 {
            root_bound = bound;
        }
        stack.extend(children);
    }
    let Tree { best, open_bound, nodes, steps, .. } = tree;
    let found = best.map(|best| {
        let bound = open_bound.max(best.added);
        let root_bound = root_bound.max(bound);
        let greedy = if greedy.is_finite() { greedy } else { best.added };
        Search { greedy, root_bound, bound, nodes, steps, best }
    });
    (found, open_bound)
}

struct Node {
    states: Vec<SiteState>,
    /// Per free site, where the parent's relaxation ended.
    y: Vec<f64>,
    bound: f64,
}

struct Tree<'a> {
    asked: &'a Asked<'a>,
    best: Option<Best>,
    open_bound: f64,
    nodes: usize,
    steps: usize,
}

impl Tree<'_> {
    fn is_of_no_use(&self, bound: f64) -> bool {
        let Asked { scaled, least, enough, .. } = self.asked;
        bound < *least
            || self.best.as_ref().is_some_and(|best| {
                best.added >= *enough || bound <= best.added * (1.0 + 4.0 * scaled.rounding())
            })
    }

    /// Take a plan, given by places among the free sites, if it obeys and is better.
    fn offer(&mut self, open: Vec<usize>) {
        if self.obeys(&open) {
            let new = plan(self.asked.scaled, open);
            if self.best.as_ref().is_none_or(|best| new.added > best.added) {
                self.best = Some(new);
            }
        }
    }

    fn obeys(&self, open: &[usize]) -> bool {
        let scaled = self.asked.scaled;
        let mut sites: Vec<usize> = open.iter().map(|&at| scaled.free[at]).collect();
        sites.extend(&scaled.kept_sites);
        sites.sort_unstable();
        self.asked.system.allows(&sites)
    }

    /// Places of the free sites that are in a state.
    fn places(&self, states: &[SiteState], state: SiteState) -> Vec<usize> {
        let free = &self.asked.scaled.free;
        (0..free.len()).filter(|&at| states[free[at]] == state).collect()
    }

    /// Open the site that adds most as long as the rules let one open.
    fn greedy(&self, states: &[SiteState]) -> Option<Vec<usize>> {
        let Asked { scaled, system, .. } = self.asked;
        let mut states = states.to_vec();
        if !system.propagate(&mut states) {
            return None;
        }
        loop {
            let open = self.places(&states, SiteState::Kept);
            let sums = scaled.sums(&open);
            let mut rest: Vec<(f64, usize)> = self
                .places(&states, SiteState::Free)
                .into_iter()
                .map(|at| (scaled.marginal(&sums, at), at))
                .collect();
            if rest.is_empty() {
                return self.obeys(&open).then_some(open);
            }
            rest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            for (_, at) in rest {
                let mut with = states.clone();
                with[scaled.free[at]] = SiteState::Kept;
                if system.propagate(&mut with) {
                    states = with;
                    break;
                }
                states[scaled.free[at]] = SiteState::Forbidden;
                if !system.propagate(&mut states) {
                    return None;
                }
            }
        }
    }

    /// Swap one open site for a closed one while that captures more.
    fn swaps(&mut self, states: &[SiteState]) {
        let free = self.places(states, SiteState::Free);
        let mut moved = true;
        while moved {
            moved = false;
            let Some(now) = self.best.clone() else { return };
            for out in now.open.iter().copied().filter(|at| free.contains(at)) {
                let stay: Vec<usize> = now.open.iter().copied().filter(|at| *at != out).collect();
                let sums = self.asked.scaled.sums(&stay);
                let added = self.asked.scaled.added(&sums);
                let enough = now.added * (1.0 + self.asked.scaled.rounding());
                for &into in free.iter().filter(|at| !now.open.contains(at)) {
                    if added + self.asked.scaled.marginal(&sums, into) > enough {
                        let before = self.best.as_ref().map_or(0.0, |best| best.added);
                        self.offer([&stay[..], &[into]].concat());
                        moved |=
                            self.best.as_ref().is_some_and(|best| best.added > before.max(enough));
                    }
                }
            }
        }
    }

    /// The largest Σ of values over sets that obey, as far as rules are looked at.
    fn most(&self, states: &[SiteState], values: &[f64]) -> f64 {
        let Asked { scaled, system, .. } = self.asked;
        let mut negative = vec![0.0; states.len()];
        for (&site, value) in scaled.free.iter().zip(values) {
            negative[site] = if states[site] == SiteState::Free { -value } else { 0.0 };
        }
        least(system, states, 0, &negative).map_or(f64::NEG_INFINITY, |least| -least.value)
    }

    /// Bound a node; its children, the one to look at first last.
    fn visit(&mut self, mut node: Node) -> (Vec<Node>, f64) {
        let Asked { scaled, system, .. } = self.asked;
        let closed = (Vec::new(), f64::NEG_INFINITY);
        loop {
            if !system.propagate(&mut node.states) {
                return closed;
            }
            let open = self.places(&node.states, SiteState::Kept);
            let undecided = self.places(&node.states, SiteState::Free);
            let all = [&open[..], &undecided].concat();
            let everything = scaled.added(&scaled.sums(&all)) * (1.0 + 2.0 * scaled.rounding());
            if undecided.is_empty() || self.obeys(&all) {
                // Nothing in the node captures more.
                self.offer(all);
                return (Vec::new(), everything);
            }
            node.bound = node.bound.min(everything);
            let room = system.high - positions(&node.states, SiteState::Kept).len();
            let linears = self.bounds(&node, &open, &undecided, room.min(undecided.len()));
            for (linear, y) in &linears {
                let ruled = linear.constant + self.most(&node.states, &linear.values);
                let ruled = ruled * (1.0 + 2.0 * scaled.rounding());
                node.bound = node.bound.min(linear.bound).min(ruled);
                if let Some(y) = y {
                    undecided.iter().zip(y).for_each(|(&at, y)| node.y[at] = *y);
                }
            }
            if self.is_of_no_use(node.bound) {
                return (Vec::new(), node.bound);
            }
            self.round(&node, &undecided);
            if self.is_of_no_use(node.bound) {
                return (Vec::new(), node.bound);
            }
            let mut decided = 0;
            for &at in &undecided {
                let without = |b: &Linear| b.bound - (b.values[at] - b.first_out.max(0.0)).max(0.0);
                let with = |b: &Linear| b.bound - (b.last_in - b.values[at]).max(0.0);
                let never = |bound: &dyn Fn(&Linear) -> f64| {
                    linears.iter().any(|(linear, _)| self.is_of_no_use(bound(linear)))
                };
                let state = match (never(&with), never(&without)) {
                    (true, true) => return (Vec::new(), node.bound),
                    (true, false) => SiteState::Forbidden,
                    (false, true) => SiteState::Kept,
                    (false, false) => continue,
                };
                node.states[scaled.free[at]] = state;
                decided += 1;
            }
            if decided <= undecided.len() / 4 {
                if decided > 0 && !system.propagate(&mut node.states) {
                    return (Vec::new(), node.bound);
                }
                let bound = node.bound;
                return (self.branch(node), bound);
            }
        }
    }

    /// Increments over what is open, and the tangents of a relaxation with `q` more sites.
    fn bounds(
        &mut self,
        node: &Node,
        open: &[usize],
        undecided: &[usize],
        q: usize,
    ) -> Vec<(Linear, Option<Vec<f64>>)> {
        let scaled = self.asked.scaled;
        let base = scaled.sums(open);
        let mut gains = vec![0.0; scaled.free.len()];
        undecided.iter().for_each(|&at| gains[at] = scaled.marginal(&base, at));
        let mut found = vec![(Linear::new(scaled, scaled.added(&base), gains, undecided, q), None)];
        let start: Vec<f64> = undecided.iter().map(|&at| node.y[at]).collect();
        let mut ascent = Ascent::new(scaled, &base, undecided, q, &start);
        let steps = if self.nodes == 1 { ROOT_STEPS } else { NODE_STEPS };
        let mut best = ascent.tangent();
        for round in 0..=ROUNDS {
            if self.is_of_no_use(best.bound) || round > 0 && !ascent.mix() {
                break;
            }
            let mut present = ascent.tangent();
            for _ in 0..steps {
                if present.bound < best.bound {
                    best = present.clone();
                }
                if self.is_of_no_use(best.bound) || !ascent.step(&present) {
                    break;
                }
                self.steps += 1;
                present = ascent.tangent();
            }
            if present.bound < best.bound {
                best = present;
            }
        }
        found.push((best, Some(ascent.y)));
        found
    }

    /// The plan nearest to a relaxation.
    fn round(&mut self, node: &Node, undecided: &[usize]) {
        let Asked { scaled, system, .. } = self.asked;
        let mut order = undecided.to_vec();
        order.sort_by(|&a, &b| node.y[b].total_cmp(&node.y[a]).then(a.cmp(&b)));
        let order: Vec<usize> = order.into_iter().map(|at| scaled.free[at]).collect();
        let Some(open) = system.complete(&node.states, &order, order.len()) else { return };
        let places =
            (0..scaled.free.len()).filter(|&at| open.binary_search(&scaled.free[at]).is_ok());
        self.offer(places.collect());
    }

    fn branch(&self, node: Node) -> Vec<Node> {
        let mut undecided = self.places(&node.states, SiteState::Free);
        if self.best.is_none() {
            let wanting = self.asked.system.wanting(&node.states);
            undecided.retain(|at| wanting.binary_search(&self.asked.scaled.free[*at]).is_ok());
        }
        let by_y = |a: &&usize, b: &&usize| node.y[**a].total_cmp(&node.y[**b]).then(b.cmp(a));
        let Some(&at) = undecided.iter().max_by(by_y) else {
            return vec![node];
        };
        let site = self.asked.scaled.free[at];
        let child = |state| {
            let mut states = node.states.clone();
            states[site] = state;
            Node { states, y: node.y.clone(), bound: node.bound }
        };
        vec![child(SiteState::Forbidden), child(SiteState::Kept)]
    }
}
