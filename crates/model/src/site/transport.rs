//! The cheapest service from open sites of limited capacity, and its prices.
//!
//! ```text
//! minimise  Σ_i Σ_{j∈S} c_ij x_ij   subject to  Σ_j x_ij = 1,  Σ_i d_i x_ij ≤ s_j,  x ≥ 0
//! dual:  maximise  Σ_i λ_i - Σ_j s_j μ_j   with  λ_i ≤ c_ij + d_i μ_j,  μ ≥ 0
//! ```
//!
//! Every customer starts at the cheapest open site. While a site has too much, what is cheapest to
//! move is moved along a shortest path of sites to one with room: successive shortest paths with
//! potentials (Ahuja, Magnanti, Orlin 1993, "Network Flows", section 9.7) on a graph of the open
//! sites only, since moving one unit from site a to site b costs min_i (c_ib - c_ia) / d_i over the
//! customers at a. Few sites are open, so the graph is small however many customers there are.

use super::facility::Facilities;

/// What sums of three numbers are rounded by, as a share of them.
const ROUNDING: f64 = 1e-14;

/// Excess below this share of all demand is what adding up some thousand demands rounds.
pub(crate) const NEGLIGIBLE: f64 = 1e-12;

/// Who serves whom at the least cost.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    /// Σ c_ij x_ij.
    pub(crate) cost: f64,
    /// Customer, site, share x_ij > 0; customers in order.
    pub(crate) shares: Vec<(usize, usize, f64)>,
    /// λ_i of the dual.
    pub(crate) multipliers: Vec<f64>,
}

/// Customers at the open sites, and what moving one unit costs.
struct Flow<'a> {
    problem: &'a Facilities,
    open: &'a [usize],
    /// c_ij / d_i by customer and place in `open`.
    unit: Vec<f64>,
    /// Per open site, its customers and how much of each.
    held: Vec<Vec<(usize, f64)>>,
    used: Vec<f64>,
    /// From site a to site b: unit cost and who moves.
    arcs: Vec<(f64, usize)>,
}

impl<'a> Flow<'a> {
    fn new(problem: &'a Facilities, open: &'a [usize]) -> Self {
        let (n, k) = (problem.customers(), open.len());
        let mut unit = vec![0.0; n * k];
        let (mut held, mut used) = (vec![Vec::new(); k], vec![0.0; k]);
        for i in 0..n {
            let demand = problem.demand(i);
            if demand == 0.0 {
                continue;
            }
            let row = &mut unit[i * k..(i + 1) * k];
            open.iter().zip(row.iter_mut()).for_each(|(&j, u)| *u = problem.cost(i, j) / demand);
            let at = (0..k).min_by(|a, b| row[*a].total_cmp(&row[*b])).expect("a site is open");
            held[at].push((i, demand));
            used[at] += demand;
        }
        let arcs = vec![(f64::INFINITY, usize::MAX); k * k];
        Self { problem, open, unit, held, used, arcs }
    }

    fn room(&self, at: usize) -> f64 {
        self.problem.capacity(self.open[at]) - self.used[at]
    }

    /// What leaving a site costs, by destination.
    fn price(&mut self, from: usize) {
        let k = self.open.len();
        let arcs = &mut self.arcs[from * k..(from + 1) * k];
        arcs.fill((f64::INFINITY, usize::MAX));
        for (place, (i, _)) in self.held[from].iter().enumerate() {
            let row = &self.unit[i * k..(i + 1) * k];
            let here = row[from];
            for (arc, there) in arcs.iter_mut().zip(row) {
                if there - here < arc.0 {
                    *arc = (there - here, place);
                }
            }
        }
    }

    /// Move `amount` of the cheapest customer from a to b.
    fn shift(&mut self, from: usize, to: usize, amount: f64) {
        let place = self.arcs[from * self.open.len() + to].1;
        let (customer, have) = self.held[from][place];
        if have <= amount {
            self.held[from].swap_remove(place);
        } else {
            self.held[from][place].1 -= amount;
        }
        match self.held[to].iter_mut().find(|(i, _)| *i == customer) {
            Some((_, there)) => *there += amount,
            None => self.held[to].push((customer, amount)),
        }
    }

    /// How much of its cheapest customer can leave a for b.
    fn movable(&self, from: usize, to: usize) -> f64 {
        self.held[from][self.arcs[from * self.open.len() + to].1].1
    }
}

/// Shortest path of sites from one with too much to one with room; potentials are moved on.
struct Paths {
    /// Potential per site, and that of "has room".
    potential: Vec<f64>,
    end: f64,
}

impl Paths {
    fn shortest(&mut self, flow: &Flow<'_>, excess: &[bool]) -> Option<Vec<usize>> {
        let k = excess.len();
        let mut far = vec![f64::INFINITY; k];
        let mut before = vec![usize::MAX; k];
        let mut done = vec![false; k];
        for a in (0..k).filter(|&a| excess[a]) {
            far[a] = (-self.potential[a]).max(0.0);
        }
        let mut target: Option<(f64, usize)> = None;
        while let Some(a) = (0..k)
            .filter(|&a| !done[a] && far[a].is_finite())
            .min_by(|a, b| far[*a].total_cmp(&far[*b]))
        {
            if target.is_some_and(|(least, _)| far[a] >= least) {
                break;
            }
            done[a] = true;
            if !excess[a] && flow.room(a) > 0.0 {
                let length = far[a] + (self.potential[a] - self.end).max(0.0);
                if target.is_none_or(|(least, _)| length < least) {
                    target = Some((length, a));
                }
            }
            for b in 0..k {
                let (arc, from, to) =
                    (flow.arcs[a * k + b].0, self.potential[a], self.potential[b]);
                if arc.is_infinite() {
                    continue;
                }
                // Rounding leaves a reduced cost of zero a little below or above: above, the way would
                // lead round about and come back to the same flow for ever.
                let reduced = arc + from - to;
                let rounding = ROUNDING * (arc.abs() + from.abs() + to.abs());
                let reduced = if reduced <= rounding { 0.0 } else { reduced };
                if !done[b] && far[a] + reduced < far[b] {
                    far[b] = far[a] + reduced;
                    before[b] = a;
                }
            }
        }
        let (length, last) = target?;
        self.end += length;
        self.potential.iter_mut().zip(&far).for_each(|(p, far)| *p += far.min(length));
        let mut path = vec![last];
        while before[path[0]] != usize::MAX {
            path.insert(0, before[path[0]]);
        }
        Some(path)
    }
}

/// `None` if the open sites cannot serve all demand.
pub(crate) fn transport(problem: &Facilities, open: &[usize]) -> Option<Transport> {
    if open.is_empty() {
        return None;
    }
    let k = open.len();
    let mut flow = Flow::new(problem, open);
    let negligible = NEGLIGIBLE * problem.total_demand();
    let mut paths = Paths { potential: vec![0.0; k], end: 0.0 };
    if (0..k).any(|a| -flow.room(a) > negligible) {
        (0..k).for_each(|a| flow.price(a));
        loop {
            let excess: Vec<bool> = (0..k).map(|a| -flow.room(a) > negligible).collect();
            if !excess.contains(&true) {
                break;
            }
            let path = paths.shortest(&flow, &excess)?;
            let (first, last) = (path[0], path[path.len() - 1]);
            let ways: Vec<(usize, usize)> = path.windows(2).map(|w| (w[0], w[1])).collect();
            let amount = ways
                .iter()
                .map(|&(a, b)| flow.movable(a, b))
                .fold((-flow.room(first)).min(flow.room(last)), f64::min);
            ways.iter().for_each(|&(a, b)| flow.shift(a, b, amount));
            flow.used[first] -= amount;
            flow.used[last] += amount;
            path.iter().for_each(|&a| flow.price(a));
        }
    }
    let prices: Vec<f64> = paths.potential.iter().map(|p| (paths.end - p).max(0.0)).collect();
    Some(read(&flow, &prices))
}

/// Shares and multipliers of the final flow.
fn read(flow: &Flow<'_>, prices: &[f64]) -> Transport {
    let (problem, open) = (flow.problem, flow.open);
    let mut shares = Vec::with_capacity(problem.customers());
    for (at, held) in flow.held.iter().enumerate() {
        shares.extend(held.iter().map(|(i, amount)| (*i, open[at], amount / problem.demand(*i))));
    }
    let mut multipliers = Vec::with_capacity(problem.customers());
    for i in 0..problem.customers() {
        let demand = problem.demand(i);
        let paid = |at: usize| problem.cost(i, open[at]) + demand * prices[at];
        let at =
            (0..open.len()).min_by(|a, b| paid(*a).total_cmp(&paid(*b))).expect("a site is open");
        multipliers.push(paid(at));
        if demand == 0.0 {
            shares.push((i, open[at], 1.0));
        }
    }
    shares.sort_unstable_by_key(|(i, j, _)| (*i, *j));
    let cost = shares.iter().map(|(i, j, share)| share * problem.cost(*i, *j)).sum();
    Transport { cost, shares, multipliers }
}
