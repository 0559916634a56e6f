//! Plans for capture by greedy choice and swaps, and a tree on sites that proves the best one.
//!
//! A node has some sites open, some closed. Two bounds hold there: what is open plus the q largest
//! marginal gains (Nemhauser, Wolsey, Fisher 1978), and the tangents of [`super::capture_bound`].
//! From either, a site whose change of state pushes the bound below the best plan is decided. The
//! rest is branched: the undecided site with the largest y is opened in one child and closed in the
//! other, the open one first. Depth first, so that few nodes are held at a time.

use super::capture_bound::{Ascent, Linear, Scaled};

/// Steps of the relaxation at the root, and in a node.
const ROOT_STEPS: usize = 200;
const NODE_STEPS: usize = 25;
/// How often customers change between tangents and increments.
const ROUNDS: usize = 3;
/// A node ends when a step lowers the bound by less than this part of what is missing.
const SLOW: f64 = 0.02;

/// The best plan known: positions among the free sites, and what they add.
#[derive(Debug, Clone)]
pub(crate) struct Best {
    pub(crate) open: Vec<usize>,
    pub(crate) added: f64,
}

/// How the search ended.
#[derive(Debug)]
pub(crate) struct Search {
    pub(crate) best: Best,
    /// What the greedy plan adds.
    pub(crate) greedy: f64,
    /// No plan adds more; that of the root, and of all.
    pub(crate) root_bound: f64,
    pub(crate) bound: f64,
    pub(crate) nodes: usize,
    pub(crate) steps: usize,
}

/// Open the site with the largest marginal gain, q times; the lowest position wins a tie.
pub(crate) fn greedy(scaled: &Scaled, q: usize) -> Best {
    let (mut open, mut s) = (Vec::new(), vec![0.0; scaled.customers]);
    for _ in 0..q {
        let closed = (0..scaled.free.len()).filter(|at| !open.contains(at));
        let (at, _) = largest(closed.map(|at| (at, scaled.marginal(&s, at))));
        s.iter_mut().zip(scaled.column(at)).for_each(|(s, u)| *s += u);
        open.push(at);
    }
    plan(scaled, open)
}

pub(crate) fn plan(scaled: &Scaled, mut open: Vec<usize>) -> Best {
    open.sort_unstable();
    let added = scaled.added(&scaled.sums(&open));
    Best { open, added }
}

fn largest(values: impl Iterator<Item = (usize, f64)>) -> (usize, f64) {
    values
        .fold((usize::MAX, f64::NEG_INFINITY), |best, new| if new.1 > best.1 { new } else { best })
}

/// Swap one open site for a closed one while that captures more.
pub(crate) fn swaps(scaled: &Scaled, start: Best) -> Best {
    let mut best = start;
    // An improvement smaller than rounding could be undone by the next swap.
    let enough = |added: f64| added * (1.0 + scaled.rounding());
    loop {
        let mut found: Option<Best> = None;
        for out in 0..best.open.len() {
            let mut open = best.open.clone();
            open.remove(out);
            let s = scaled.sums(&open);
            let closed = (0..scaled.free.len()).filter(|at| !best.open.contains(at));
            let (at, gain) = largest(closed.map(|at| (at, scaled.marginal(&s, at))));
            if gain == f64::NEG_INFINITY {
                return best;
            }
            open.push(at);
            let new = plan(scaled, open);
            if new.added > enough(found.as_ref().map_or(best.added, |found| found.added)) {
                found = Some(new);
            }
        }
        match found {
            Some(better) => best = better,
            None => return best,
        }
    }
}

/// Sites decided, and where the parent's relaxation ended.
#[derive(Debug)]
struct Node {
    open: Vec<usize>,
    undecided: Vec<usize>,
    y: Vec<f64>,
    bound: f64,
}

/// Find the q sites that add most, with at most this many nodes.
pub(crate) fn search(scaled: &Scaled, q: usize, max_nodes: usize) -> Search {
    let start = greedy(scaled, q);
    let greedy = start.added;
    let best = swaps(scaled, start);
    let m = scaled.free.len();
    let mut search =
        Search { best, greedy, root_bound: f64::INFINITY, bound: 0.0, nodes: 0, steps: 0 };
    let mut stack = Vec::new();
    if q > 0 {
        let y = vec![q as f64 / m as f64; m];
        let undecided = (0..m).collect();
        stack.push(Node { open: Vec::new(), undecided, y, bound: f64::INFINITY });
    }
    while let Some(node) = stack.pop() {
        if node.bound <= search.cutoff(scaled) {
            continue;
        }
        // The root is always looked at: without it there is no bound.
        if search.nodes > max_nodes.max(1) - 1 {
            search.bound = search.bound.max(node.bound);
            continue;
        }
        search.nodes += 1;
        let children = search.visit(scaled, q, node, max_nodes);
        stack.extend(children);
    }
    search.bound = search.bound.max(search.best.added);
    search.root_bound = search.root_bound.max(search.best.added);
    search
}

impl Search {
    /// Plans up to here are not told apart from the best one.
    fn cutoff(&self, scaled: &Scaled) -> f64 {
        self.best.added * (1.0 + 4.0 * scaled.rounding())
    }

    fn offer(&mut self, scaled: &Scaled, open: Vec<usize>) {
        let new = plan(scaled, open);
        if new.added > self.best.added {
            self.best = new;
        }
    }

    /// Bound a node; its children, the one to look at first last.
    fn visit(&mut self, scaled: &Scaled, q: usize, mut node: Node, max_nodes: usize) -> Vec<Node> {
        let root = self.nodes == 1;
        loop {
            let left = q - node.open.len();
            if left == 0 || node.undecided.len() <= left {
                if node.undecided.len() >= left {
                    node.open.extend(node.undecided.iter().take(left));
                    self.offer(scaled, node.open);
                }
                if root {
                    self.root_bound = self.best.added;
                }
                return Vec::new();
            }
            let base = scaled.sums(&node.open);
            let mut gains = vec![0.0; scaled.free.len()];
            node.undecided.iter().for_each(|&at| gains[at] = scaled.marginal(&base, at));
            if left == 1 {
                let (at, _) = largest(node.undecided.iter().map(|&at| (at, gains[at])));
                node.open.push(at);
                self.offer(scaled, node.open);
                if root {
                    self.root_bound = self.best.added;
                }
                return Vec::new();
            }
            let submodular = Linear::new(scaled, scaled.added(&base), gains, &node.undecided, left);
            let mut ascent = Ascent::new(scaled, &base, &node.undecided, left, &node.y);
            let tangent = self.climb(&mut ascent, root, submodular.bound.min(node.bound));
            node.y = ascent.y;
            node.bound = node.bound.min(submodular.bound).min(tangent.bound);
            if root {
                self.round(scaled, &node, left);
                self.root_bound = node.bound;
            }
            let cutoff = self.cutoff(scaled);
            if node.bound <= cutoff {
                return Vec::new();
            }
            if max_nodes == 0 {
                self.bound = self.bound.max(node.bound);
                return Vec::new();
            }
            let before = node.undecided.len();
            node.decide(&[&submodular, &tangent], cutoff);
            if node.open.len() > q || node.open.len() + node.undecided.len() < q {
                return Vec::new();
            }
            // Looked at again when much was decided; else a child does it.
            if before - node.undecided.len() > before / 4 || node.open.len() == q {
                continue;
            }
            return node.branch();
        }
    }

    /// Raise y and lower the bound while it pays.
    fn climb(&mut self, ascent: &mut Ascent<'_>, root: bool, known: f64) -> Linear {
        let cutoff = self.best.added;
        let mut best = ascent.tangent();
        let (steps, patience) = if root { (ROOT_STEPS, 20) } else { (NODE_STEPS, 5) };
        for round in 0..=ROUNDS {
            if best.bound.min(known) <= cutoff || round > 0 && !ascent.mix() {
                break;
            }
            let mut present = ascent.tangent();
            let mut mark = best.bound;
            for step in 1..=steps {
                if present.bound < best.bound {
                    best = present.clone();
                }
                if best.bound.min(known) <= cutoff || !ascent.step(&present) {
                    break;
                }
                self.steps += 1;
                present = ascent.tangent();
                if step % patience == 0 {
                    if mark - best.bound < SLOW * (best.bound - cutoff) {
                        break;
                    }
                    mark = best.bound;
                }
            }
            if present.bound < best.bound {
                best = present;
            }
        }
        best
    }

    /// Swaps from the sites with the largest y.
    fn round(&mut self, scaled: &Scaled, node: &Node, left: usize) {
        let mut order: Vec<usize> = (0..node.undecided.len()).collect();
        order.sort_by(|&a, &b| node.y[b].total_cmp(&node.y[a]));
        let open = node.open.iter().copied();
        let open = open.chain(order[..left].iter().map(|&i| node.undecided[i])).collect();
        let better = swaps(scaled, plan(scaled, open));
        if better.added > self.best.added {
            self.best = better;
        }
    }
}

impl Node {
    /// Open the sites without which a bound falls below the cutoff; drop those with which it does.
    fn decide(&mut self, bounds: &[&Linear], cutoff: f64) {
        let (mut undecided, mut y) = (Vec::new(), Vec::new());
        for (&at, &share) in self.undecided.iter().zip(&self.y) {
            let closed_at = |b: &Linear| b.bound - (b.values[at] - b.first_out).max(0.0);
            let open_at = |b: &Linear| b.bound - (b.last_in - b.values[at]).max(0.0);
            if bounds.iter().any(|b| open_at(b) <= cutoff) {
                continue;
            }
            if bounds.iter().any(|b| closed_at(b) <= cutoff) {
                self.open.push(at);
                continue;
            }
            undecided.push(at);
            y.push(share);
        }
        (self.undecided, self.y) = (undecided, y);
    }

    fn branch(self) -> Vec<Node> {
        let (at, _) = largest(self.y.iter().copied().enumerate());
        let site = self.undecided[at];
        let (mut undecided, mut y) = (self.undecided, self.y);
        undecided.remove(at);
        y.remove(at);
        let mut open = self.open.clone();
        open.push(site);
        let bound = self.bound;
        let closed = Node { open: self.open, undecided: undecided.clone(), y: y.clone(), bound };
        vec![closed, Node { open, undecided, y, bound }]
    }
}
