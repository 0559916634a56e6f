//! The search of facility location: climb, decide sites by reduced cost, branch; write the proof.
//!
//! At the end of a climb every free site is tried the other way with the v_j at hand: where that
//! alone lifts the bound to the best plan known, the site is decided, and the proof gets a branch
//! with a leaf. When all sites are decided, the transportation problem gives the exact cost, and its
//! prices are the multipliers of the leaf. So every cut of the search is a leaf of the certificate.

use std::collections::BTreeSet;

use super::facility::{Facilities, Options};
use super::facility_bound::{States, ascend, choose, evaluate};
use super::facility_check::{Certificate, Step};
use super::instance::{SiteState, positions};
use super::transport::{Transport, transport};

/// Rounds of climbing and deciding at the root, and in a node.
const ROUNDS: (usize, usize) = (4, 2);
/// Plans that the improvement by moves may try: with capacities, each is a transportation problem.
const MOVES: (usize, usize) = (20_000, 600);
/// Stop the climb below this step length.
const LEAST_THETA: f64 = 0.003;

/// What a search found.
pub(crate) struct Found {
    pub(crate) open: Vec<usize>,
    pub(crate) plan: Transport,
    /// The least leaf in ordinary arithmetic, less what may be rounded.
    pub(crate) bound: f64,
    pub(crate) certificate: Certificate,
    pub(crate) iterations: usize,
    pub(crate) nodes: usize,
}

pub(crate) struct Tree<'a> {
    problem: &'a Facilities,
    options: &'a Options,
    /// Whether no site has a limit.
    unlimited: bool,
    /// A plan that costs no more than this ends the search.
    floor: f64,
    /// Plans that cost more are of no interest.
    most: f64,
    /// Cost of the plan; before there is one, more than any costs.
    value: f64,
    open: Vec<usize>,
    plan: Option<Transport>,
    tried: BTreeSet<Vec<usize>>,
    pool: Vec<Vec<f64>>,
    root: Vec<f64>,
    /// The least bound of the leaves that were cut short.
    open_bound: f64,
    iterations: usize,
    nodes: usize,
}

/// The end of a climb.
struct Summit {
    bound: f64,
    lambda: Vec<f64>,
    worth: Vec<f64>,
    /// Mean of y over the climb: near the fractional optimum.
    often: Vec<f64>,
}

/// How a search ended.
pub(crate) struct Outcome {
    /// `None`: no plan is known that costs no more than asked.
    pub(crate) found: Option<Found>,
    /// The least bound of the parts that were cut short; infinite if there are none.
    pub(crate) open_bound: f64,
    pub(crate) nodes: usize,
}

impl<'a> Tree<'a> {
    /// The best plan that costs no more than `most`; the search may end at one that costs no more
    /// than `floor`.
    pub(crate) fn search(
        problem: &'a Facilities,
        options: &'a Options,
        (floor, most): (f64, f64),
    ) -> Outcome {
        let mut tree = Self {
            problem,
            options,
            unlimited: (0..problem.sites()).all(|j| problem.is_unlimited(j)),
            floor,
            most,
            value: dearest(problem),
            open: Vec::new(),
            plan: None,
            tried: BTreeSet::new(),
            pool: Vec::new(),
            root: Vec::new(),
            open_bound: f64::INFINITY,
            iterations: 0,
            nodes: 0,
        };
        let steps = tree.run().unwrap_or_default();
        let Self { open_bound, nodes, iterations, .. } = tree;
        let Some(plan) = tree.plan else { return Outcome { found: None, open_bound, nodes } };
        let certificate = if tree.pool.len() <= options.max_certificate {
            Certificate { multipliers: tree.pool, steps }
        } else {
            Certificate { multipliers: vec![tree.root], steps: vec![Step::Leaf(0)] }
        };
        let bound = open_bound.min(tree.value - problem.resolution(tree.value) / 2.0);
        let open = tree.open;
        let found = Found { open, plan, bound, certificate, iterations, nodes };
        Outcome { found: Some(found), open_bound, nodes }
    }

    /// `None`: the rules, or capacities that hold the demand by less than rounding, leave no plan.
    fn run(&mut self) -> Option<Vec<Step>> {
        let mut states = self.problem.states().to_vec();
        let live = self.problem.possible(&states)?;
        let all: Vec<usize> =
            (0..live.len()).filter(|&j| live[j] != SiteState::Forbidden).collect();
        let start = transport(self.problem, &all)?;
        self.offer(&all);
        if let (None, Some(system)) = (&self.plan, self.problem.system()) {
            let mut order = all.clone();
            order.sort_by(|a, b| {
                self.problem.capacity(*b).total_cmp(&self.problem.capacity(*a)).then(a.cmp(b))
            });
            for wanted in [0, order.len()] {
                system.complete(&live, &order, wanted).and_then(|open| self.offer(&open));
            }
        }
        let start = if self.unlimited { ascend(self.problem, &live) } else { start.multipliers };
        self.root.clone_from(&start);
        Some(self.explore(&mut states, start))
    }

    /// The smallest bound that rules out every better plan, and every plan that costs too much.
    fn cutoff(&self) -> f64 {
        let whole = self.problem.is_whole();
        let known = self.plan.is_some();
        if known && self.value <= self.floor {
            return f64::NEG_INFINITY;
        }
        let most = if whole { self.most.floor() + 1e-6 } else { self.most };
        let better = match (known, whole) {
            (false, _) => self.value,
            (true, true) => self.value - 1.0 + 1e-6,
            (true, false) => self.value - self.problem.resolution(self.value) / 4.0,
        };
        better.min(most)
    }

    /// Cost of a set of sites, if it can hold the demand and obeys; the best one is kept.
    fn offer(&mut self, open: &[usize]) -> Option<Transport> {
        let plan = transport(self.problem, open)?;
        let states = self.problem.states();
        let serves = |j: &usize| plan.shares.iter().any(|(_, site, _)| site == j);
        let needed = |j: &usize| states[*j] == SiteState::Kept || serves(j);
        let opening = |open: &[usize]| open.iter().map(|&j| self.problem.opening(j)).sum::<f64>();
        let used: Vec<usize> = open.iter().copied().filter(needed).collect();
        let obeys = |open: &[usize]| self.problem.system().is_none_or(|system| system.allows(open));
        let best = [&used[..], open].into_iter().find(|open| obeys(open))?.to_vec();
        let value = opening(&best) + plan.cost;
        if value < self.value {
            self.value = value;
            self.open = best;
            self.plan = Some(plan.clone());
        }
        Some(plan)
    }

    /// Cost of a set that was not tried before.
    fn try_set(&mut self, mut open: Vec<usize>) -> bool {
        open.sort_unstable();
        let before = self.value;
        if self.problem.system().is_some_and(|system| !system.allows(&open)) {
            return false;
        }
        if self.unlimited && self.quick_value(&open) >= before {
            return false;
        }
        if self.tried.insert(open.clone()) {
            self.offer(&open);
        }
        self.value < before
    }

    /// Cost of a set of sites without capacities; infinite if it is empty.
    fn quick_value(&self, open: &[usize]) -> f64 {
        let mut nearest = vec![f64::INFINITY; self.problem.customers()];
        for &j in open {
            let column = self.problem.column(j);
            nearest.iter_mut().zip(column).for_each(|(near, cost)| *near = near.min(*cost));
        }
        let opening: f64 = open.iter().map(|&j| self.problem.opening(j)).sum();
        opening + nearest.iter().sum::<f64>()
    }

    /// Make a set large enough by the sites that cost least per capacity, and try it.
    fn try_choice(&mut self, states: &States, chosen: &[bool], worth: &[f64]) {
        let mut open: Vec<usize> = (0..chosen.len()).filter(|&j| chosen[j]).collect();
        let mut room: f64 = open.iter().map(|&j| self.problem.capacity(j)).sum();
        let mut rest: Vec<usize> =
            (0..chosen.len()).filter(|&j| !chosen[j] && states[j] == SiteState::Free).collect();
        let per_unit = |j: usize| worth[j] / self.problem.capacity(j).min(f64::MAX);
        rest.sort_unstable_by(|a, b| per_unit(*a).total_cmp(&per_unit(*b)).then(a.cmp(b)));
        let mut rest = rest.into_iter();
        while room < self.problem.total_demand() || open.is_empty() {
            let Some(j) = rest.next() else { break };
            room += self.problem.capacity(j);
            open.push(j);
        }
        if let Some(system) = self.problem.system() {
            open.sort_by(|a, b| worth[*a].total_cmp(&worth[*b]).then(a.cmp(b)));
            let wanted = open.len();
            open.extend(rest);
            match system.complete(states, &open, wanted) {
                Some(plan) => open = plan,
                None => return,
            }
        }
        self.try_set(open);
    }

    /// Open, close or swap one site as long as that helps.
    fn improve(&mut self, states: &States, worth: &[f64]) {
        let mut free: Vec<usize> =
            (0..states.len()).filter(|&j| states[j] == SiteState::Free).collect();
        free.sort_unstable_by(|a, b| worth[*a].total_cmp(&worth[*b]).then(a.cmp(b)));
        let mut left = if self.unlimited { MOVES.0 } else { MOVES.1 };
        let mut moved = self.plan.is_some();
        while moved && left > 0 {
            moved = false;
            let now = self.open.clone();
            let with = |j: usize| [&now[..], &[j]].concat();
            let without = |j: usize| now.iter().copied().filter(|k| *k != j).collect::<Vec<_>>();
            let closed: Vec<usize> = free.iter().copied().filter(|j| !now.contains(j)).collect();
            let opened: Vec<usize> = free.iter().copied().filter(|j| now.contains(j)).collect();
            let drops = opened.iter().map(|&j| without(j));
            let adds = closed.iter().map(|&j| with(j));
            let swaps = closed.iter().flat_map(|&j| opened.iter().map(move |&k| (j, k)));
            let swaps = swaps.map(|(j, k)| [without(k), vec![j]].concat());
            for set in drops.chain(adds).chain(swaps) {
                if left == 0 {
                    break;
                }
                left -= 1;
                if self.try_set(set) {
                    moved = true;
                    break;
                }
            }
        }
    }

    /// A leaf with its own multipliers.
    fn leaf(&mut self, lambda: Vec<f64>) -> Step {
        if self.pool.len() <= self.options.max_certificate {
            self.pool.push(lambda);
        }
        Step::Leaf(self.pool.len() - 1)
    }

    /// Close a part of the search, and say how in steps of the proof.
    fn explore(&mut self, states: &mut [SiteState], start: Vec<f64>) -> Vec<Step> {
        let Some(mut live) = self.problem.possible(states) else { return vec![Step::Short] };
        if let Some(step) = self.decided(&live) {
            return vec![step];
        }
        let is_root = self.nodes == 0;
        self.nodes += 1;
        let (mut head, mut tail, mut decided) = (Vec::new(), Vec::new(), Vec::new());
        let mut lambda = start;
        let rounds = if is_root { ROUNDS.0 } else { ROUNDS.1 };
        let (mut last, mut reached) = (None, None::<f64>);
        for round in 0..rounds {
            let summit = self.climb(&live, &lambda, is_root);
            if is_root && round == 0 {
                self.root.clone_from(&summit.lambda);
                self.improve(&live, &summit.worth);
            }
            lambda.clone_from(&summit.lambda);
            let before = decided.len();
            let closed = summit.bound >= self.cutoff();
            if !closed {
                self.decide(states, &summit, &mut head, &mut tail, &mut decided);
            }
            // A long climb from its own end often gains what one climb does not.
            let gained =
                reached.is_none_or(|reached| summit.bound > reached + 1e-5 * reached.abs());
            reached = Some(summit.bound);
            let more = decided.len() > before || is_root && gained;
            last = Some(summit);
            if closed || !more {
                break;
            }
            match self.problem.possible(states) {
                Some(left) if left.contains(&SiteState::Free) => live = left,
                _ => break,
            }
        }
        let summit = last.expect("one round at least");
        let middle = self.finish(states, summit);
        head.extend(middle);
        tail.reverse();
        head.extend(tail);
        decided.into_iter().for_each(|j| states[j] = SiteState::Free);
        head
    }

    /// What is left of a node after deciding: closed, cut short, or split.
    fn finish(&mut self, states: &mut [SiteState], summit: Summit) -> Vec<Step> {
        let Some(live) = self.problem.possible(states) else { return vec![Step::Short] };
        if let Some(step) = self.decided(&live) {
            return vec![step];
        }
        let sum: f64 = summit.lambda.iter().sum();
        let now = choose(self.problem, states, &summit.worth)
            .map_or(f64::INFINITY, |choice| choice.value + sum);
        if now >= self.cutoff() {
            return vec![self.leaf(summit.lambda)];
        }
        if self.nodes > self.options.max_nodes {
            let slack = self.problem.resolution(self.value.max(sum)) / 4.0;
            self.open_bound = self.open_bound.min(now - slack);
            return vec![self.leaf(summit.lambda)];
        }
        let doubt = |j: &usize| (summit.often[*j] - 0.5).abs();
        let wanting = match self.problem.system() {
            Some(system) if self.plan.is_none() => system.wanting(&live),
            _ => positions(&live, SiteState::Free),
        };
        let site = wanting
            .into_iter()
            .min_by(|a, b| doubt(a).total_cmp(&doubt(b)))
            .expect("a site is free");
        let mut halves = [Vec::new(), Vec::new()];
        // The half that the fractional optimum leans to comes first: better plans sooner.
        let order = if summit.often[site] > 0.5 { [0, 1] } else { [1, 0] };
        for half in order {
            states[site] = [SiteState::Kept, SiteState::Forbidden][half];
            halves[half] = self.explore(states, summit.lambda.clone());
        }
        states[site] = SiteState::Free;
        let [with, without] = halves;
        [vec![Step::Branch(site)], with, without].concat()
    }

    /// The leaf of a node whose sites are all decided.
    fn decided(&mut self, states: &States) -> Option<Step> {
        if states.contains(&SiteState::Free) {
            return None;
        }
        let open: Vec<usize> =
            (0..states.len()).filter(|&j| states[j] == SiteState::Kept).collect();
        // Capacity that is enough only up to rounding counts as too small for a plan of its own;
        // the last multipliers then bound it.
        let lambda = match self.offer(&open) {
            Some(plan) => plan.multipliers,
            None => self.root.clone(),
        };
        Some(self.leaf(lambda))
    }

    /// Try each free site the other way with the v_j at hand.
    fn decide(
        &mut self,
        states: &mut [SiteState],
        summit: &Summit,
        head: &mut Vec<Step>,
        tail: &mut Vec<Step>,
        decided: &mut Vec<usize>,
    ) {
        let sum: f64 = summit.lambda.iter().sum();
        let cutoff = self.cutoff();
        let mut shared = None;
        for j in 0..states.len() {
            if states[j] != SiteState::Free {
                continue;
            }
            for (other, then) in
                [(SiteState::Kept, SiteState::Forbidden), (SiteState::Forbidden, SiteState::Kept)]
            {
                states[j] = other;
                let refuted = match choose(self.problem, states, &summit.worth) {
                    None if self.problem.possible(states).is_none() => Some(Step::Short),
                    None => Some(*shared.get_or_insert_with(|| self.leaf(summit.lambda.clone()))),
                    Some(choice) if sum + choice.value >= cutoff => {
                        Some(*shared.get_or_insert_with(|| self.leaf(summit.lambda.clone())))
                    }
                    Some(_) => None,
                };
                states[j] = SiteState::Free;
                let Some(leaf) = refuted else { continue };
                head.push(Step::Branch(j));
                if other == SiteState::Kept {
                    head.push(leaf)
                } else {
                    tail.push(leaf)
                }
                states[j] = then;
                decided.push(j);
                break;
            }
        }
    }

    /// Raise L(λ) along deflected subgradients, and try the sets on the way.
    fn climb(&mut self, states: &States, start: &[f64], root: bool) -> Summit {
        let n = self.problem.customers();
        let (steps, patience, every) = if root {
            (self.options.max_iterations, 20, 10)
        } else {
            (self.options.node_iterations, 8, 20)
        };
        let mut theta = if root { 1.0 } else { 0.4 };
        let mut current = start.to_vec();
        let (mut slope, mut direction) = (vec![0.0; n], vec![0.0; n]);
        let mut often = vec![0.0; states.len()];
        let mut idle = 0;
        let mut summit: Option<Summit> = None;
        for step in 0..steps {
            self.iterations += 1;
            let Some(at) = evaluate(self.problem, states, &current, &mut slope) else {
                // Nothing obeys: any multipliers say so.
                let (worth, bound) = (vec![0.0; states.len()], f64::INFINITY);
                return Summit { bound, lambda: current, worth, often };
            };
            for (mean, open) in often.iter_mut().zip(&at.choice.open) {
                *mean += (f64::from(u8::from(*open)) - *mean) * if step == 0 { 1.0 } else { 0.05 };
            }
            if step % every == 0 {
                self.try_choice(states, &at.choice.open, &at.worth);
            }
            if summit.as_ref().is_none_or(|best| at.bound > best.bound) {
                let lambda = current.clone();
                summit =
                    Some(Summit { bound: at.bound, lambda, worth: at.worth, often: Vec::new() });
                idle = 0;
            } else {
                idle += 1;
            }
            let best = summit.as_ref().expect("set in the first step");
            if best.bound >= self.cutoff() {
                break;
            }
            if idle >= patience {
                theta /= 2.0;
                idle = 0;
                current.clone_from(&best.lambda);
                direction.fill(0.0);
                if theta < LEAST_THETA {
                    break;
                }
                continue;
            }
            let along: f64 = direction.iter().zip(&slope).map(|(s, g)| s * g).sum();
            let norm: f64 = direction.iter().map(|s| s * s).sum();
            let delta = if norm > 0.0 { (-1.5 * along / norm).max(0.0) } else { 0.0 };
            direction.iter_mut().zip(&slope).for_each(|(s, g)| *s = g + delta * *s);
            let norm: f64 = direction.iter().map(|s| s * s).sum();
            if norm < 1e-12 {
                break;
            }
            let aim = self.value.min(self.most);
            let length = theta * (aim - at.bound).max(self.value * 1e-9) / norm;
            current.iter_mut().zip(&direction).for_each(|(l, s)| *l += length * s);
        }
        let mut summit = summit.expect("one step at least");
        summit.often = often;
        summit
    }
}

/// More than any plan costs.
fn dearest(problem: &Facilities) -> f64 {
    let opening: f64 = (0..problem.sites()).map(|j| problem.opening(j)).sum();
    let far = |i: usize| (0..problem.sites()).map(|j| problem.cost(i, j)).fold(0.0, f64::max);
    1.5 * (opening + (0..problem.customers()).map(far).sum::<f64>()) + 1.0
}
