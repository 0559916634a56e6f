//! The kernel under p-centre and covering: cheapest sites that together cover all customers.
//!
//! ```text
//! minimise  Σ_j f_j y_j   subject to  Σ_{j ∈ N_i} y_j ≥ 1 for every customer i,  y ∈ {0, 1}
//! L(u) = Σ_i u_i + Σ_j min(0, f_j - Σ_{i : j ∈ N_i} u_i),   u ≥ 0
//! ```
//!
//! A node of the tree is first reduced: a customer with one site left decides that site; a site
//! whose customers another site of no higher cost covers too is dropped, and so is a customer who
//! is covered whenever another one is. Then L climbs along a subgradient, sites are decided by
//! reduced cost, and if room for one or two more sites is left they are found by intersection.
//! What remains is branched on: one child per site of the customer with the fewest (Balas and Ho
//! 1980, "Set covering algorithms using cutting planes, heuristics, and subgradient optimization",
//! Mathematical Programming Study 12, 37-60; Beasley 1987, "An algorithm for set covering
//! problem", EJOR 31, 85-93).
//!
//! All numbers are whole, so every cut is exact. Costs are multiples of `unit`, fine enough for
//! the multipliers.

use std::sync::Arc;

use super::bits::Bits;
use super::cover_bound::{Climb, climb};
use super::refutation::{Log, Step, split};

/// Who covers whom, and at what cost.
#[derive(Debug)]
pub(crate) struct Links {
    /// N_i as sets of sites.
    pub(crate) by_customer: Vec<Bits>,
    /// The same as sets of customers.
    pub(crate) by_site: Vec<Bits>,
    /// f_j, multiples of `unit`.
    pub(crate) costs: Vec<i64>,
    /// Covers cheaper by less than this are not looked for.
    pub(crate) unit: i64,
}

impl Links {
    /// Read from a predicate on (customer, site).
    pub(crate) fn new(
        customers: usize,
        costs: Vec<i64>,
        unit: i64,
        covers: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let sites = costs.len();
        let mut by_site = vec![Bits::none(customers); sites];
        let mut by_customer = vec![Bits::none(sites); customers];
        for (i, row) in by_customer.iter_mut().enumerate() {
            for (j, column) in by_site.iter_mut().enumerate() {
                if covers(i, j) {
                    row.insert(j);
                    column.insert(i);
                }
            }
        }
        Self { by_customer, by_site, costs, unit }
    }

    pub(crate) fn sites(&self) -> usize {
        self.costs.len()
    }

    pub(crate) fn customers(&self) -> usize {
        self.by_customer.len()
    }

    fn cost_of(&self, chosen: &[usize]) -> i64 {
        chosen.iter().map(|&j| self.costs[j]).sum()
    }
}

/// What is left to cover, with what, and what was spent on the way.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) uncovered: Bits,
    pub(crate) allowed: Bits,
    pub(crate) chosen: Vec<usize>,
    pub(crate) spent: i64,
    pub(crate) multipliers: Arc<Vec<i64>>,
    pub(crate) bound: i64,
}

impl Node {
    pub(crate) fn new(links: &Links, uncovered: Bits, allowed: Bits) -> Self {
        let multipliers = Arc::new(vec![0; links.customers()]);
        Self { uncovered, allowed, chosen: Vec::new(), spent: 0, multipliers, bound: 0 }
    }

    /// Open a site: its customers are covered.
    pub(crate) fn open(&mut self, links: &Links, site: usize) {
        self.uncovered.take_out(&links.by_site[site]);
        self.allowed.remove(site);
        self.chosen.push(site);
        self.spent += links.costs[site];
    }
}

/// The cheapest cover found so far.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    /// Its cost; before one is found, the cost that a cover must stay below.
    pub(crate) value: i64,
    pub(crate) cover: Option<Vec<usize>>,
    /// Stop at the first cover.
    pub(crate) any: bool,
    /// Why there is no better one, step by step.
    pub(crate) log: Log,
}

impl Best {
    /// The smallest bound that rules out every better cover.
    pub(crate) fn cutoff(&self, links: &Links) -> i64 {
        self.value - links.unit + 1
    }

    pub(crate) fn offer(&mut self, links: &Links, chosen: &[usize]) {
        let value = links.cost_of(chosen);
        if value < self.value {
            self.value = value;
            self.cover = Some(chosen.to_vec());
        }
    }

    pub(crate) fn done(&self) -> bool {
        self.any && self.cover.is_some()
    }
}

/// How a search ended.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) best: Best,
    /// Set when the limit on nodes came first: no cover is cheaper than this.
    pub(crate) open_bound: Option<i64>,
    pub(crate) nodes: usize,
}

/// Steps of the climb at the root and in a node, and nodes at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) root_steps: usize,
    pub(crate) node_steps: usize,
    pub(crate) max_nodes: usize,
}

/// Find the cheapest cover with a cost below `best.value`, or prove that there is none.
pub(crate) fn search(links: &Links, root: Node, mut best: Best, limits: &Limits) -> Search {
    let root_rules = Climb { steps: limits.root_steps, theta: 1.0, patience: 20, greedy_every: 10 };
    let node_rules = Climb { steps: limits.node_steps, theta: 0.3, patience: 8, greedy_every: 0 };
    let mut stack = vec![root];
    let mut nodes = 0;
    while nodes < limits.max_nodes.max(1)
        && !best.done()
        && let Some(mut node) = stack.pop()
    {
        let rules = if nodes == 0 { &root_rules } else { &node_rules };
        nodes += 1;
        if !settle(links, &mut node, &mut best, rules) {
            stack.extend(children(links, node, &mut best.log));
        }
    }
    let cutoff = best.cutoff(links);
    let left = stack.iter().map(|node| node.bound.max(node.spent));
    let open_bound = if best.done() { None } else { left.map(|bound| bound.min(cutoff)).min() };
    Search { best, open_bound, nodes }
}

/// Rounds of reducing and bounding in a node before it is branched on.
const ROUNDS: usize = 4;

/// Reduce, bound, decide; true if nothing better is left in the node.
fn settle(links: &Links, node: &mut Node, best: &mut Best, rules: &Climb) -> bool {
    for round in 0.. {
        if !reduce(links, node, best) {
            return true;
        }
        if node.uncovered.is_empty() {
            best.offer(links, &node.chosen);
            best.log.step(Step::Spent);
            return true;
        }
        if few_left(links, node, best) {
            return true;
        }
        if round == ROUNDS {
            break;
        }
        match climb(links, node, best, rules) {
            None => return true,
            Some(0) => break,
            // Sites were decided: what is left may reduce further.
            Some(_) => {}
        }
    }
    false
}

/// Reductions to a standstill. False if the node holds no better cover.
fn reduce(links: &Links, node: &mut Node, best: &mut Best) -> bool {
    loop {
        if !essential(links, node, &mut best.log) {
            return false;
        }
        if node.spent >= best.cutoff(links) {
            best.log.step(Step::Spent);
            return false;
        }
        let before = (node.allowed.count(), node.uncovered.count());
        let needless = drop_sites(links, node);
        if !needless.is_empty() {
            best.log.step(Step::Dominated(needless));
        }
        let implied = drop_customers(links, node);
        if !implied.is_empty() {
            best.log.step(Step::Without(implied));
        }
        if (node.allowed.count(), node.uncovered.count()) == before {
            return true;
        }
    }
}

/// Open the only site of a customer. False if a customer has none.
fn essential(links: &Links, node: &mut Node, log: &mut Log) -> bool {
    loop {
        let mut only = None;
        for i in node.uncovered.members() {
            match links.by_customer[i].common(&node.allowed) {
                0 => {
                    log.step(Step::Stuck(i));
                    return false;
                }
                1 => {
                    log.step(Step::Only(i));
                    only = links.by_customer[i].and(&node.allowed).first();
                    break;
                }
                _ => {}
            }
        }
        match only {
            Some(site) => node.open(links, site),
            None => return true,
        }
    }
}

/// Drop sites whose uncovered customers another site covers too, at no higher cost. Of twins the
/// lowest position stays. Returns the dropped ones, each with the other one.
fn drop_sites(links: &Links, node: &mut Node) -> Vec<(usize, usize)> {
    let mut needless = Vec::new();
    let sites: Vec<usize> = node.allowed.members().collect();
    for j in sites {
        let mut others = node.allowed.clone();
        others.remove(j);
        let mut any = false;
        for i in links.by_site[j].and(&node.uncovered).members() {
            others.keep_only(&links.by_customer[i]);
            any = true;
            if others.is_empty() {
                break;
            }
        }
        let covered = |l: usize| links.by_site[l].common(&node.uncovered);
        let own = covered(j);
        let better = |l: usize| {
            links.costs[l] < links.costs[j]
                || links.costs[l] == links.costs[j] && (l < j || covered(l) > own)
        };
        // A site that covers nobody needs no reason.
        let by = others.members().find(|&l| better(l)).filter(|_| any);
        needless.extend(by.map(|by| (j, by)));
        if !any || by.is_some() {
            node.allowed.remove(j);
        }
    }
    needless
}

/// Drop customers who are covered whenever another one is: N_i ⊆ N_k drops k. Returns them.
pub(crate) fn drop_customers(links: &Links, node: &mut Node) -> Vec<usize> {
    let mut dropped = Vec::new();
    let customers: Vec<usize> = node.uncovered.members().collect();
    for i in customers {
        if !node.uncovered.has(i) {
            continue;
        }
        let mut implied = node.uncovered.clone();
        implied.remove(i);
        for j in links.by_customer[i].and(&node.allowed).members() {
            implied.keep_only(&links.by_site[j]);
            if implied.is_empty() {
                break;
            }
        }
        node.uncovered.take_out(&implied);
        dropped.extend(implied.members());
    }
    dropped
}

/// If at most two more sites can be paid for, find the cheapest pair by intersection, which closes
/// the node.
fn few_left(links: &Links, node: &Node, best: &mut Best) -> bool {
    let cheapest = node.allowed.members().map(|j| links.costs[j]).min().unwrap_or(0);
    let room = best.cutoff(links) - 1 - node.spent;
    if cheapest == 0 || room >= 3 * cheapest {
        return false;
    }
    let finish = |rest: &Bits| {
        let mut sites = node.allowed.clone();
        for i in rest.members() {
            sites.keep_only(&links.by_customer[i]);
            if sites.is_empty() {
                return None;
            }
        }
        sites.members().min_by_key(|&j| (links.costs[j], j))
    };
    let with = |more: &[usize]| [&node.chosen[..], more].concat();
    if let Some(site) = finish(&node.uncovered) {
        best.offer(links, &with(&[site]));
    }
    if room >= 2 * cheapest {
        let hardest = fewest(links, node);
        for j in links.by_customer[hardest].and(&node.allowed).members() {
            let mut rest = node.uncovered.clone();
            rest.take_out(&links.by_site[j]);
            if let Some(second) = finish(&rest) {
                best.offer(links, &with(&[j, second]));
            }
            if best.done() {
                break;
            }
        }
    }
    best.log.step(Step::Few);
    true
}

/// The uncovered customer with the fewest sites.
fn fewest(links: &Links, node: &Node) -> usize {
    let sites = |i: &usize| (links.by_customer[*i].common(&node.allowed), *i);
    node.uncovered.members().min_by_key(sites).expect("a customer is left")
}

/// One child per site of the hardest customer, each without the sites before it. The last one on
/// the stack, which is visited first, opens the site of least reduced cost.
fn children(links: &Links, node: Node, log: &mut Log) -> Vec<Node> {
    let hardest = fewest(links, &node);
    let reduced = |j: usize| {
        let collected: i64 =
            links.by_site[j].and(&node.uncovered).members().map(|i| node.multipliers[i]).sum();
        links.costs[j] - collected
    };
    let own = links.by_customer[hardest].and(&node.allowed);
    let mut sites: Vec<(i64, usize)> = own.members().map(|j| (reduced(j), j)).collect();
    sites.sort_unstable();
    let sites: Vec<usize> = sites.into_iter().map(|(_, site)| site).collect();
    log.step(Step::Split(hardest, sites.clone()));
    split(links, node, &sites)
}
