//! The linear relaxation of the p-median on a few sites, solved by an interior-point method.
//!
//! ```text
//! minimise  Σ_i (Σ_j d_ij x_ij + e_i x_i0)
//! subject to  Σ_j x_ij + x_i0 = 1,  x_ij + s_ij = y_j,  Σ_j y_j = q,  y_j + t_j = 1,  all ≥ 0
//! dual        λ_i ≤ e_i,  z_ij = d_ij - λ_i + w_ij,  u_j = v_j - μ - Σ_i w_ij,  all but λ, μ ≥ 0
//! ```
//!
//! x_i0 stands for whatever else serves the customer, at the cost e_i: a site kept open, or one
//! beyond its list. The dual is the largest Lagrangian bound; its λ is what the subgradient climb of
//! [`super::lagrangian`] comes near in thousands of steps, and often stalls below.
//!
//! A primal and a dual point inside all the bounds are known, so every residual is zero from the
//! start, and only the products x z, s w, y u, t v are driven to zero. Eliminating all but y leaves
//! one positive definite matrix over the sites, with a = x / z, b = s / w, h = a / (a + b) and
//! c_i = Σ_j a b / (a + b) + x_i0 / z_i0:
//!
//! ```text
//! M = diag(u / y + v / t + Σ_i 1 / (a + b)) + Σ_i h_i h_i' / c_i
//! ```
//!
//! Source: Mehrotra 1992, "On the implementation of a primal-dual interior point method", SIAM
//! Journal on Optimization 2, 575-601, for the predictor and the corrector; Gondzio 1996, "Multiple
//! centrality corrections in a primal-dual method for linear programming", Computational Optimization
//! and Applications 6, 137-156, for further corrections where a factor is dear.

use faer::Mat;

use super::normal_matrix::{NormalMatrix, Rows};

/// Steps at most: some thirty are needed.
const MAX_STEPS: usize = 80;
/// As many as are planned.
const USUAL_STEPS: u64 = 20;
/// Entries of cost lists read while one of the relaxation's is passed in a step.
const PASSES: usize = 8;
/// The dual slacks at the start, as a share of the mean multiplier.
const START: f64 = 0.02;
/// The products are aimed at no more than this share of their mean.
const CENTRING: f64 = 0.1;
/// Corrections of centrality at most, how much farther each is to lead, and how far products may lie
/// from their aim.
const CORRECTIONS: usize = 3;
const FARTHER: f64 = 0.3;
const SPREAD: f64 = 10.0;
/// A step goes this share of the way to the nearest bound.
const SHORT_OF_BOUND: f64 = 0.9995;

/// Customers and the sites that may serve them.
#[derive(Debug)]
pub(crate) struct Relaxation {
    /// Sites that may open.
    pub(crate) sites: usize,
    /// How many of them open.
    pub(crate) open: usize,
    /// Where each customer's entries begin, and where the last one's end.
    pub(crate) starts: Vec<usize>,
    pub(crate) costs: Vec<f64>,
    /// Site of each entry, below `sites`.
    pub(crate) at: Vec<u32>,
    /// e_i, above every cost in the list.
    pub(crate) elsewhere: Vec<f64>,
}

/// When the interior-point method ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Aim {
    /// Primal and dual are to be this near, in the unit of the costs.
    pub(crate) tolerance: f64,
    /// The dual need not rise above this.
    pub(crate) enough: f64,
    /// What it may cost, in entries of cost lists read in that time.
    pub(crate) most_work: u64,
}

/// The end of the interior-point method.
#[derive(Debug)]
pub(crate) struct Relaxed {
    /// λ, one a customer.
    pub(crate) multipliers: Vec<f64>,
    /// y, one a site.
    pub(crate) shares: Vec<f64>,
    /// x_i0, one a customer.
    pub(crate) elsewhere: Vec<f64>,
    /// μ: a site worth more than -μ is worth opening.
    pub(crate) threshold: f64,
    /// The dual's value, at most the relaxation's.
    pub(crate) bound: f64,
    /// What it cost, in entries of cost lists read in that time.
    pub(crate) work: u64,
}

/// What is driven to zero: the products of these pairs.
#[derive(Debug, Clone)]
struct Pair {
    primal: Vec<f64>,
    dual: Vec<f64>,
}

impl Pair {
    fn gap(&self) -> f64 {
        dot(&self.primal, &self.dual)
    }
}

/// The point, and in the same shape a step.
#[derive(Debug, Clone)]
struct Point {
    /// x, z.
    serve: Pair,
    /// s, w.
    slack: Pair,
    /// x_i0, z_i0.
    elsewhere: Pair,
    /// y, u.
    open: Pair,
    /// t, v.
    closed: Pair,
    multipliers: Vec<f64>,
    threshold: f64,
}

impl Point {
    fn pairs(&self) -> [&Pair; 5] {
        [&self.serve, &self.slack, &self.elsewhere, &self.open, &self.closed]
    }

    fn pairs_mut(&mut self) -> [&mut Pair; 5] {
        [&mut self.serve, &mut self.slack, &mut self.elsewhere, &mut self.open, &mut self.closed]
    }

    fn gap(&self) -> f64 {
        self.pairs().iter().map(|pair| pair.gap()).sum()
    }

    /// The longest steps, primal and dual, that keep everything positive; 1 at most.
    fn longest(&self, step: &Self) -> (f64, f64) {
        // x + length d ≥ 0 for length ≤ -x / d: the largest -d / x ends the step.
        let steepest = |steepest: f64, now: &[f64], change: &[f64]| {
            now.iter().zip(change).fold(steepest, |steepest, (x, d)| {
                // Few divide.
                if -d > steepest * x { -d / x } else { steepest }
            })
        };
        let mut ends = (1.0, 1.0);
        for (now, d) in self.pairs().into_iter().zip(step.pairs()) {
            ends.0 = steepest(ends.0, &now.primal, &d.primal);
            ends.1 = steepest(ends.1, &now.dual, &d.dual);
        }
        (1.0 / ends.0, 1.0 / ends.1)
    }

    /// The gap after a step.
    fn gap_after(&self, step: &Self, primal: f64, dual: f64) -> f64 {
        let mut sum = 0.0;
        for (now, d) in self.pairs().into_iter().zip(step.pairs()) {
            sum += dot(&now.primal, &now.dual)
                + primal * dot(&d.primal, &now.dual)
                + dual * dot(&now.primal, &d.dual)
                + primal * dual * dot(&d.primal, &d.dual);
        }
        sum
    }

    fn go(&mut self, step: &Self, primal: f64, dual: f64) {
        let add = |to: &mut [f64], d: &[f64], length: f64| {
            to.iter_mut().zip(d).for_each(|(x, d)| *x += length * d);
        };
        for (now, d) in self.pairs_mut().into_iter().zip(step.pairs()) {
            add(&mut now.primal, &d.primal, primal);
            add(&mut now.dual, &d.dual, dual);
        }
        add(&mut self.multipliers, &step.multipliers, dual);
        self.threshold += dual * step.threshold;
    }

    /// The dual's value.
    fn bound(&self, open: usize) -> f64 {
        self.multipliers.iter().sum::<f64>() + open as f64 * self.threshold
            - self.closed.dual.iter().sum::<f64>()
    }
}

/// How each product is to change, in the order of [`Point::pairs`].
type Change = [Vec<f64>; 5];

impl Relaxation {
    /// Solve from multipliers near the best ones. `None` if it would take too long, or too much room.
    pub(crate) fn solve(&self, guess: &[f64], until: Aim) -> Option<Relaxed> {
        let mut system = System::new(self)?;
        // Corrections pay where a factor costs much more than a step.
        let factoring = system.matrix.factor_work(self.rows());
        let direction = self.pass_work() + system.matrix.solve_work();
        let corrections = if factoring > 2 * direction { CORRECTIONS } else { 0 };
        system.work = system.matrix.setup_work();
        let planned = system.work + USUAL_STEPS * (factoring + 2 * direction);
        if planned > until.most_work {
            return None;
        }
        let mut now = self.inside(guess);
        let count = now.pairs().iter().map(|pair| pair.primal.len()).sum::<usize>() as f64;
        let mut aim: Change = now.pairs().map(|pair| vec![0.0; pair.primal.len()]);
        let (mut step, mut other) = (now.clone(), now.clone());
        for _ in 0..MAX_STEPS {
            let gap = now.gap();
            if gap.is_nan()
                || gap <= until.tolerance
                || now.bound(self.open) >= until.enough
                || !system.factor(self, &now)
            {
                break;
            }
            for (aim, pair) in aim.iter_mut().zip(now.pairs()) {
                let products = pair.primal.iter().zip(&pair.dual).map(|(x, z)| x * z);
                aim.iter_mut().zip(products).for_each(|(aim, product)| *aim = -product);
            }
            system.step(self, &now, &aim, &mut step);
            let (primal, dual) = now.longest(&step);
            let left = now.gap_after(&step, primal, dual) / gap;
            let centre = left.powi(3).min(CENTRING) * gap / count;
            for (aim, d) in aim.iter_mut().zip(step.pairs()) {
                let second = d.primal.iter().zip(&d.dual).map(|(x, z)| x * z);
                aim.iter_mut().zip(second).for_each(|(aim, second)| *aim += centre - second);
            }
            system.step(self, &now, &aim, &mut step);
            let (mut primal, mut dual) = now.longest(&step);
            for _ in 0..corrections {
                let (far, deep) = ((primal + FARTHER).min(1.0), (dual + FARTHER).min(1.0));
                for ((aim, pair), d) in aim.iter_mut().zip(now.pairs()).zip(step.pairs()) {
                    for k in 0..aim.len() {
                        let product = (pair.primal[k] + far * d.primal[k])
                            * (pair.dual[k] + deep * d.dual[k]);
                        let wanted = product.clamp(centre / SPREAD, centre * SPREAD) - product;
                        aim[k] += wanted.max(-SPREAD * centre);
                    }
                }
                system.step(self, &now, &aim, &mut other);
                let (there, down) = now.longest(&other);
                if there + down < primal + dual + 0.1 * FARTHER {
                    break;
                }
                std::mem::swap(&mut step, &mut other);
                (primal, dual) = (there, down);
            }
            now.go(&step, SHORT_OF_BOUND * primal, SHORT_OF_BOUND * dual);
        }
        Some(Relaxed {
            bound: now.bound(self.open),
            multipliers: now.multipliers,
            shares: now.open.primal,
            elsewhere: now.elsewhere.primal,
            threshold: now.threshold,
            work: system.work,
        })
    }

    fn rows(&self) -> Rows<'_> {
        Rows { starts: &self.starts, at: &self.at }
    }

    /// What the passes over the entries cost in one direction.
    fn pass_work(&self) -> u64 {
        (PASSES * self.costs.len()) as u64
    }

    fn of(&self, customer: usize) -> std::ops::Range<usize> {
        self.starts[customer]..self.starts[customer + 1]
    }

    /// A point inside all bounds with no residual: all sites open alike, and dual slacks of one size.
    fn inside(&self, guess: &[f64]) -> Point {
        let (n, m, entries) = (self.elsewhere.len(), self.sites, self.costs.len());
        let (mut serve, mut slack, mut elsewhere) = (pair(entries), pair(entries), pair(n));
        let (mut open, mut closed) = (pair(m), pair(m));
        let mut multipliers = vec![0.0; n];
        let mean = guess.iter().sum::<f64>() / n as f64;
        let room = START * mean.max(f64::MIN_POSITIVE);
        let mut worth = vec![0.0; m];
        for i in 0..n {
            let lambda = guess[i].min(self.elsewhere[i] - room);
            multipliers[i] = lambda;
            elsewhere.dual[i] = self.elsewhere[i] - lambda;
            for k in self.of(i) {
                (serve.dual[k], slack.dual[k]) = apart(self.costs[k] - lambda, room);
                worth[self.at[k] as usize] += slack.dual[k];
            }
        }
        let wide = room * (entries as f64 / m as f64).max(1.0).sqrt();
        let total = |threshold: f64| -> f64 {
            worth
                .iter()
                .map(|worth| {
                    let (v, u) = apart(threshold + worth, wide);
                    v / (u + v)
                })
                .sum()
        };
        let most = worth.iter().copied().fold(0.0, f64::max);
        let (mut low, mut high) = (-most - m as f64 * wide, m as f64 * wide);
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if total(middle) < self.open as f64 { low = middle } else { high = middle }
        }
        let threshold = 0.5 * (low + high);
        let scale = self.open as f64 / total(threshold);
        for j in 0..m {
            (closed.dual[j], open.dual[j]) = apart(threshold + worth[j], wide);
            open.primal[j] = scale * closed.dual[j] / (open.dual[j] + closed.dual[j]);
            closed.primal[j] = 1.0 - open.primal[j];
        }
        for i in 0..n {
            let mut sum = 0.0;
            for k in self.of(i) {
                let (z, w) = (serve.dual[k], slack.dual[k]);
                serve.primal[k] = open.primal[self.at[k] as usize] * w / (z + w);
                sum += serve.primal[k];
            }
            let part = (0.9 / sum).min(1.0);
            for k in self.of(i) {
                serve.primal[k] *= part;
                slack.primal[k] = open.primal[self.at[k] as usize] - serve.primal[k];
            }
            elsewhere.primal[i] = 1.0 - part * sum;
        }
        Point { serve, slack, elsewhere, open, closed, multipliers, threshold }
    }
}

/// Σ a b, in four sums, so that one addition need not wait for the other.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, others) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest = fours.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum::<f64>();
    for (a, b) in fours.zip(others) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Two positive numbers that differ by `difference`, and whose product is `room` squared.
fn apart(difference: f64, room: f64) -> (f64, f64) {
    let sum = (difference * difference + 4.0 * room * room).sqrt();
    let larger = 0.5 * (sum + difference.abs());
    let smaller = room * room / larger;
    if difference >= 0.0 { (larger, smaller) } else { (smaller, larger) }
}

fn pair(length: usize) -> Pair {
    Pair { primal: vec![0.0; length], dual: vec![0.0; length] }
}

/// Newton's equations at a point.
struct System {
    /// h = a / (a + b), and 1 / (a + b), one an entry.
    part: Vec<f64>,
    weight: Vec<f64>,
    /// 1 / z and 1 / w; g.
    per_serve: Vec<f64>,
    per_slack: Vec<f64>,
    asked: Vec<f64>,
    /// 1 / c_i.
    per_loose: Vec<f64>,
    matrix: NormalMatrix,
    work: u64,
}

impl System {
    /// `None` if the matrix would be too large.
    fn new(relaxation: &Relaxation) -> Option<Self> {
        let (m, entries) = (relaxation.sites, relaxation.costs.len());
        let zeros = || vec![0.0; entries];
        Some(Self {
            part: zeros(),
            weight: zeros(),
            per_serve: zeros(),
            per_slack: zeros(),
            asked: zeros(),
            per_loose: vec![0.0; relaxation.elsewhere.len()],
            matrix: NormalMatrix::new(m, relaxation.rows())?,
            work: 0,
        })
    }

    /// Form M and factor it; says whether it was positive definite.
    fn factor(&mut self, relaxation: &Relaxation, now: &Point) -> bool {
        let m = relaxation.sites;
        for k in 0..relaxation.costs.len() {
            self.per_serve[k] = 1.0 / now.serve.dual[k];
            self.per_slack[k] = 1.0 / now.slack.dual[k];
            let a = now.serve.primal[k] * self.per_serve[k];
            let b = now.slack.primal[k] * self.per_slack[k];
            self.weight[k] = 1.0 / (a + b);
            self.part[k] = a * self.weight[k];
            // For the moment a b / (a + b).
            self.asked[k] = b * self.part[k];
        }
        let mut diagonal: Vec<f64> = (0..m)
            .map(|j| {
                now.open.dual[j] / now.open.primal[j] + now.closed.dual[j] / now.closed.primal[j]
            })
            .collect();
        for (j, weight) in relaxation.at.iter().zip(&self.weight) {
            diagonal[*j as usize] += weight;
        }
        for i in 0..self.per_loose.len() {
            let loose = now.elsewhere.primal[i] / now.elsewhere.dual[i]
                + self.asked[relaxation.of(i)].iter().sum::<f64>();
            self.per_loose[i] = 1.0 / loose;
        }
        let rows = relaxation.rows();
        self.work += self.matrix.factor_work(rows);
        self.matrix.form(&diagonal, rows, &self.part, &self.per_loose);
        self.matrix.factor()
    }

    /// The step that changes each product by `aim`.
    fn step(&mut self, relaxation: &Relaxation, now: &Point, aim: &Change, step: &mut Point) {
        let (n, m) = (relaxation.elsewhere.len(), relaxation.sites);
        let [serve, slack, elsewhere, open, closed] = aim;
        let mut right = Mat::<f64>::zeros(m, 2);
        for j in 0..m {
            right[(j, 0)] = open[j] / now.open.primal[j] - closed[j] / now.closed.primal[j];
            right[(j, 1)] = 1.0;
        }
        // Σ_j h and what the rest of the customer asks, one a customer: raised in the end.
        for i in 0..n {
            let mut sum = elsewhere[i] / now.elsewhere.dual[i];
            for k in relaxation.of(i) {
                let served = serve[k] * self.per_serve[k];
                let asked = served + slack[k] * self.per_slack[k];
                self.asked[k] = asked;
                sum += served - self.part[k] * asked;
            }
            step.multipliers[i] = sum;
            let pull = sum * self.per_loose[i];
            for k in relaxation.of(i) {
                right[(relaxation.at[k] as usize, 0)] +=
                    self.weight[k] * self.asked[k] - self.part[k] * pull;
            }
        }
        self.matrix.solve(right.as_mut());
        let solved = right;
        let sum = |column: usize| (0..m).map(|j| solved[(j, column)]).sum::<f64>();
        step.threshold = -sum(0) / sum(1);
        for j in 0..m {
            let opened = solved[(j, 0)] + step.threshold * solved[(j, 1)];
            step.open.primal[j] = opened;
            step.closed.primal[j] = -opened;
            step.open.dual[j] = (open[j] - now.open.dual[j] * opened) / now.open.primal[j];
            step.closed.dual[j] = (closed[j] + now.closed.dual[j] * opened) / now.closed.primal[j];
        }
        for i in 0..n {
            let mut sum = step.multipliers[i];
            for k in relaxation.of(i) {
                sum += self.part[k] * step.open.primal[relaxation.at[k] as usize];
            }
            let raised = -sum * self.per_loose[i];
            step.multipliers[i] = raised;
            step.elsewhere.dual[i] = -raised;
            step.elsewhere.primal[i] =
                (elsewhere[i] + now.elsewhere.primal[i] * raised) / now.elsewhere.dual[i];
            for k in relaxation.of(i) {
                let opened = step.open.primal[relaxation.at[k] as usize];
                let w = self.weight[k] * (self.asked[k] - opened) + self.part[k] * raised;
                let z = w - raised;
                let x = (serve[k] - now.serve.primal[k] * z) * self.per_serve[k];
                step.slack.dual[k] = w;
                step.serve.dual[k] = z;
                step.serve.primal[k] = x;
                step.slack.primal[k] = opened - x;
            }
        }
        self.work += relaxation.pass_work() + self.matrix.solve_work();
    }
}

#[cfg(test)]
mod tests;
