//! Why no cheap enough sites cover all customers: the steps of a search, to be walked again.
//!
//! A search that says "there is none" has reduced, decided and split until nothing was left. Each
//! of these steps is easy to verify once it is named, and the walk below does so with sets and
//! whole numbers only:
//!
//! | step | why no cheap cover is lost |
//! | --- | --- |
//! | leave out customers | covering fewer is never dearer |
//! | close a site for another one | the other one costs no more and covers all that it does |
//! | open the only site of a customer | every cover has it |
//! | decide sites by weights u | L(u) with the site the other way reaches the cutoff |
//! | split by a customer | one of its sites is open; the first such one makes the case |
//!
//! ```text
//! L(u) = spent + Σ_{i uncovered} u_i + Σ_{j free} min(0, f_j - Σ_{i ∈ j} u_i),   u ≥ 0
//! ```

use serde::{Deserialize, Serialize};

use super::bits::Bits;
use super::rejection::Rejection;
use super::set_cover::{Links, Node};

/// Customers and their whole-number weights u_i, in the unit of the scaled opening costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Positions.
    pub customers: Vec<usize>,
    /// u_i > 0; in the same order.
    pub weights: Vec<i64>,
}

/// One step of a refutation; cases follow one another depth first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// These customers are left out.
    Without(Vec<usize>),
    /// Each first site is closed, as the second one is at least as good.
    Dominated(Vec<(usize, usize)>),
    /// The only site of this customer is opened.
    Only(usize),
    /// By these weights (position in the list), sites to close, then sites to open.
    Decide(usize, Vec<usize>, Vec<usize>),
    /// One case per site of the customer: open, and the sites before it closed.
    Split(usize, Vec<usize>),
    /// End of a case: this customer has no site left.
    Stuck(usize),
    /// End of a case: L at these weights reaches the cutoff.
    Bound(usize),
    /// End of a case: at most two more sites can be paid for, and no one or two cover the rest.
    Few,
    /// End of a case: what is spent reaches the cutoff.
    Spent,
}

/// A proof that no cover is cheaper than a cutoff.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Refutation {
    /// Weights that steps refer to.
    pub weights: Vec<Weights>,
    /// The walk.
    pub steps: Vec<Step>,
}

impl Refutation {
    /// A customer without a site says it all.
    pub(crate) fn stuck(customer: usize) -> Self {
        Self { weights: Vec::new(), steps: vec![Step::Stuck(customer)] }
    }

    /// Walk all cases; every one must end at or above the cutoff.
    pub(crate) fn check(&self, links: &Links, root: Node, cutoff: i64) -> Result<(), Rejection> {
        let mut cases = vec![root];
        for (at, step) in self.steps.iter().enumerate() {
            let sound = cases.pop().and_then(|case| self.walk(links, case, step, cutoff));
            match sound {
                Some(more) => cases.extend(more),
                None => return Err(Rejection::Certificate { step: at, fault: "does not hold" }),
            }
        }
        if cases.is_empty() {
            return Ok(());
        }
        Err(Rejection::Certificate { step: self.steps.len(), fault: "is missing" })
    }

    /// The cases that a step leaves, the next one last. `None`: the step does not hold.
    fn walk(&self, links: &Links, mut case: Node, step: &Step, cutoff: i64) -> Option<Vec<Node>> {
        let known = |i: usize| i < links.customers() && case.uncovered.has(i);
        let free = |case: &Node, j: usize| j < links.sites() && case.allowed.has(j);
        let holds = match step {
            Step::Without(customers) => {
                customers.iter().filter(|i| **i < links.customers()).for_each(|&i| {
                    case.uncovered.remove(i);
                });
                return Some(vec![case]);
            }
            Step::Dominated(pairs) => {
                for &(site, by) in pairs {
                    let both = site != by && free(&case, site) && free(&case, by);
                    if !both || links.costs[by] > links.costs[site] {
                        return None;
                    }
                    let mut left = links.by_site[site].and(&case.uncovered);
                    left.take_out(&links.by_site[by]);
                    if !left.is_empty() {
                        return None;
                    }
                    case.allowed.remove(site);
                }
                return Some(vec![case]);
            }
            Step::Only(customer) => {
                let sites = known(*customer)
                    .then(|| links.by_customer[*customer].and(&case.allowed))
                    .filter(|sites| sites.count() == 1)?;
                case.open(links, sites.first()?);
                return Some(vec![case]);
            }
            Step::Decide(which, close, open) => {
                let (bound, reduced) = self.bound(links, &case, *which)?;
                let closes = |j: &usize| {
                    free(&case, *j) && bound.saturating_add(reduced[*j].max(0)) >= cutoff
                };
                let opens = |j: &usize| {
                    free(&case, *j) && bound.saturating_sub(reduced[*j].min(0)) >= cutoff
                };
                let apart = open.iter().all(|j| !close.contains(j));
                if !(apart && close.iter().all(closes) && open.iter().all(opens)) {
                    return None;
                }
                close.iter().for_each(|&j| case.allowed.remove(j));
                for &site in open {
                    // A site named twice would be paid twice.
                    if !case.allowed.has(site) {
                        return None;
                    }
                    case.open(links, site);
                }
                return Some(vec![case]);
            }
            Step::Split(customer, sites) => {
                let own =
                    known(*customer).then(|| links.by_customer[*customer].and(&case.allowed))?;
                let named = sites.iter().all(|&j| free(&case, j));
                if !named || own != Bits::of(links.sites(), sites.iter().copied()) {
                    return None;
                }
                return Some(split(links, case, sites));
            }
            Step::Stuck(customer) => {
                known(*customer) && links.by_customer[*customer].common(&case.allowed) == 0
            }
            Step::Bound(which) => self.bound(links, &case, *which)?.0 >= cutoff,
            Step::Few => few_do_not(links, &case, cutoff),
            Step::Spent => case.spent >= cutoff,
        };
        holds.then(Vec::new)
    }

    /// L(u) and f_j - U_j of every site.
    fn bound(&self, links: &Links, case: &Node, which: usize) -> Option<(i64, Vec<i64>)> {
        let Weights { customers, weights } = self.weights.get(which)?;
        let mut reduced = links.costs.clone();
        let mut bound = case.spent;
        if customers.len() != weights.len() {
            return None;
        }
        let mut seen = Bits::none(links.customers());
        for (&i, &weight) in customers.iter().zip(weights) {
            if i >= links.customers() || seen.has(i) || weight < 0 {
                return None;
            }
            seen.insert(i);
            if case.uncovered.has(i) {
                bound = bound.checked_add(weight)?;
                for j in links.by_customer[i].and(&case.allowed).members() {
                    reduced[j] = reduced[j].checked_sub(weight)?;
                }
            }
        }
        for j in case.allowed.members() {
            bound = bound.checked_add(reduced[j].min(0))?;
        }
        Some((bound, reduced))
    }
}

/// One case per site: it is open, and those before it are closed. The first one comes last.
pub(crate) fn split(links: &Links, case: Node, sites: &[usize]) -> Vec<Node> {
    let mut without = case;
    let mut cases = Vec::with_capacity(sites.len());
    for &site in sites {
        let mut with = without.clone();
        with.open(links, site);
        cases.push(with);
        without.allowed.remove(site);
    }
    cases.reverse();
    cases
}

/// Whether three more sites are too dear, and no one or two cover the rest below the cutoff.
fn few_do_not(links: &Links, case: &Node, cutoff: i64) -> bool {
    let useful = |j: &usize| links.by_site[*j].common(&case.uncovered) > 0;
    let cheapest = case.allowed.members().filter(useful).map(|j| links.costs[j]).min();
    let (Some(cheapest), Some(customer)) = (cheapest, case.uncovered.first()) else {
        return false;
    };
    if case.spent.saturating_add(cheapest.saturating_mul(3)) < cutoff {
        return false;
    }
    // One of the two covers the first customer; a single site is the case of no second one.
    links.by_customer[customer].and(&case.allowed).members().all(|j| {
        let mut rest = case.uncovered.clone();
        rest.take_out(&links.by_site[j]);
        let mut seconds = case.allowed.clone();
        rest.members().for_each(|i| seconds.keep_only(&links.by_customer[i]));
        let second = seconds.members().map(|k| links.costs[k]).min();
        let more = if rest.is_empty() { Some(0) } else { second };
        more.is_none_or(|more| case.spent + links.costs[j] + more >= cutoff)
    })
}

/// Steps written down on the way; past the limit nothing more is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    refutation: Refutation,
    /// Numbers that may still be written.
    room: usize,
    full: bool,
}

impl Log {
    pub(crate) fn new(room: usize) -> Self {
        Self { refutation: Refutation::default(), room, full: false }
    }

    pub(crate) fn step(&mut self, step: Step) {
        let size = match &step {
            Step::Without(list) | Step::Split(_, list) => list.len(),
            Step::Dominated(pairs) => 2 * pairs.len(),
            Step::Decide(_, close, open) => close.len() + open.len(),
            _ => 0,
        };
        self.pay(size + 2);
        if !self.full {
            self.refutation.steps.push(step);
        }
    }

    /// Write down the positive multipliers; says where.
    pub(crate) fn weights(&mut self, multipliers: &[i64]) -> usize {
        let positive = multipliers.iter().enumerate().filter(|(_, u)| **u > 0);
        let (customers, weights): (Vec<usize>, Vec<i64>) = positive.unzip();
        self.pay(2 * customers.len());
        if !self.full {
            self.refutation.weights.push(Weights { customers, weights });
        }
        self.refutation.weights.len().saturating_sub(1)
    }

    fn pay(&mut self, size: usize) {
        self.full |= size > self.room;
        self.room = self.room.saturating_sub(size);
    }

    /// All steps, if there was room for them.
    pub(crate) fn finish(self) -> Option<Refutation> {
        (!self.full).then_some(self.refutation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two customers, each with a site of its own at a cost of 10.
    fn question() -> (Links, Node) {
        let links = Links::new(2, vec![10, 10], 1, |i, j| i == j);
        let root = Node::new(&links, Bits::of(2, [0, 1]), Bits::of(2, [0, 1]));
        (links, root)
    }

    fn holds(steps: &[Step], weights: Vec<i64>, cutoff: i64) -> bool {
        let (links, root) = question();
        let weights = vec![Weights { customers: vec![0, 1], weights }];
        Refutation { weights, steps: steps.to_vec() }.check(&links, root, cutoff).is_ok()
    }

    #[test]
    fn each_true_step_proves_the_cost_of_twenty_and_no_more() {
        use Step::{Bound, Decide, Dominated, Few, Only, Spent, Split, Stuck, Without};
        let proofs: [&[Step]; 5] = [
            &[Bound(0)],
            &[Few],
            &[Only(0), Only(1), Spent],
            &[Split(1, vec![1]), Only(0), Spent],
            &[Decide(0, vec![], vec![0]), Only(1), Spent],
        ];
        for steps in proofs {
            let forced = vec![if matches!(steps[0], Decide(..)) { 40 } else { 10 }, 10];
            assert!(holds(steps, forced.clone(), 20), "{steps:?}");
            assert!(!holds(steps, forced, 21), "{steps:?}");
        }
        let lies: [&[Step]; 11] = [
            &[],
            &[Stuck(0)],
            &[Stuck(7)],
            &[Without(vec![0])],
            &[Without(vec![0, 9]), Bound(0)],
            &[Dominated(vec![(0, 1)]), Stuck(0)],
            &[Dominated(vec![(0, 0)]), Stuck(0)],
            &[Split(0, vec![]), Bound(0)],
            &[Split(0, vec![1]), Bound(0)],
            // Paid twice.
            &[Decide(0, vec![], vec![0, 0]), Only(1), Spent],
            &[Bound(0), Bound(0)],
        ];
        for steps in lies {
            assert!(!holds(steps, vec![40, 10], 30), "{steps:?}");
        }
        assert!(!holds(&[Bound(0)], vec![-10, 40], 20));
        assert!(!holds(&[Bound(1)], vec![10, 10], 20));
    }
}
