//! Upper bounds on what a set of sites can capture, from tangents.
//!
//! Divide every row by what attracts customer k before the new sites open. With s_k the sum of the
//! new sites' attractions, what they add is Σ_k c_k s_k / (1 + s_k), and for any s⁰ ≥ 0
//!
//! ```text
//! s / (1 + s) ≤ (s⁰² + s) / (1 + s⁰)²
//! ```
//!
//! so that a bound is a sum over sites: its maximum takes the q largest. All terms are positive, so
//! nothing cancels, and any s⁰ gives a valid bound, however roughly it was found. The best s⁰ solves
//! the relaxation 0 ≤ y ≤ 1; projected gradient steps of Barzilai and Borwein (1988, IMA Journal of
//! Numerical Analysis 8, 141-148) with an exact line search come near it.
//!
//! Where one site alone wins a customer, fractions of many sites win it too and the tangent says
//! little. There the increments over what is decided open, Σ_j ρ_kj y_j, are the better bound
//! (Nemhauser, Wolsey, Fisher 1978): each customer is bounded by one or the other.

use super::instance::SiteState;
use super::market::Market;

/// Rows divided by what there is before the new sites open, in both orders.
#[derive(Debug)]
pub(crate) struct Scaled {
    pub(crate) customers: usize,
    /// Positions of the free sites in the caller's list.
    pub(crate) free: Vec<usize>,
    /// The kept sites.
    pub(crate) kept_sites: Vec<usize>,
    /// Capture of the kept sites alone.
    pub(crate) kept: f64,
    /// c_k = w_k (1 - share_k(Kept)).
    pub(crate) c: Vec<f64>,
    /// u_kj / base_k, free sites only: customer by customer, and site by site.
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Scaled {
    pub(crate) fn new(market: &Market) -> Self {
        let (kept, free) = (market.sites_in(SiteState::Kept), market.sites_in(SiteState::Free));
        let (n, m) = (market.customers, free.len());
        let (mut c, mut rows, mut columns) = (vec![0.0; n], vec![0.0; n * m], vec![0.0; n * m]);
        let mut captured = 0.0;
        for k in 0..n {
            let own = market.attracted(k, &kept);
            let base = market.elsewhere[k] + own;
            captured += market.weights[k] * (own / base);
            c[k] = market.weights[k] * (market.elsewhere[k] / base);
            for (at, &j) in free.iter().enumerate() {
                let u = market.attraction[k * market.sites + j] / base;
                (rows[k * m + at], columns[at * n + k]) = (u, u);
            }
        }
        Self { customers: n, free, kept_sites: kept, kept: captured, c, rows, columns }
    }

    pub(crate) fn column(&self, at: usize) -> &[f64] {
        &self.columns[at * self.customers..(at + 1) * self.customers]
    }

    /// Relative rounding of a sum over customers of a sum over sites, with room to spare.
    pub(crate) fn rounding(&self) -> f64 {
        (self.customers + self.free.len() + 16) as f64 * f64::EPSILON
    }

    /// Σ_{j ∈ open} u_kj for each customer.
    pub(crate) fn sums(&self, open: &[usize]) -> Vec<f64> {
        let mut s = vec![0.0; self.customers];
        for &at in open {
            s.iter_mut().zip(self.column(at)).for_each(|(s, u)| *s += u);
        }
        s
    }

    /// Σ_k c_k s_k / (1 + s_k).
    pub(crate) fn added(&self, s: &[f64]) -> f64 {
        self.c.iter().zip(s).map(|(c, s)| c * (s / (1.0 + s))).sum()
    }

    /// What a site adds to sums s.
    pub(crate) fn marginal(&self, s: &[f64], at: usize) -> f64 {
        let mut sum = 0.0;
        for ((c, s), u) in self.c.iter().zip(s).zip(self.column(at)) {
            let before = 1.0 + s;
            sum += c / before * (u / (before + u));
        }
        sum
    }

    /// Σ_k z_k u_kj for each free site.
    fn gradient(&self, z: &[f64]) -> Vec<f64> {
        let m = self.free.len();
        let mut v = vec![0.0; m];
        for (z, row) in z.iter().zip(self.rows.chunks_exact(m)) {
            v.iter_mut().zip(row).for_each(|(v, u)| *v += z * u);
        }
        v
    }
}

/// A linear function constant + Σ_j value_j y_j that no plan of the node exceeds, and its maximum.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    /// Of the whole plan, without the kept sites; rounded up.
    pub(crate) bound: f64,
    pub(crate) constant: f64,
    /// Per free site; meaningful for open sites only.
    pub(crate) values: Vec<f64>,
    /// The q-th and the next largest value among open sites.
    pub(crate) last_in: f64,
    pub(crate) first_out: f64,
}

impl Linear {
    /// The maximum takes the q largest values.
    pub(crate) fn new(
        scaled: &Scaled,
        constant: f64,
        values: Vec<f64>,
        open: &[usize],
        q: usize,
    ) -> Self {
        let mut sorted: Vec<f64> = open.iter().map(|&at| values[at]).collect();
        sorted.sort_unstable_by(|a, b| b.total_cmp(a));
        let bound = constant + sorted[..q].iter().sum::<f64>();
        let first_out = sorted.get(q).copied().unwrap_or(f64::NEG_INFINITY);
        let bound = bound * (1.0 + 2.0 * scaled.rounding());
        Self { bound, constant, values, last_in: sorted[q - 1], first_out }
    }
}

/// The relaxation at a node, between steps.
#[derive(Debug)]
pub(crate) struct Ascent<'a> {
    scaled: &'a Scaled,
    /// Sums of the sites decided open.
    base: &'a [f64],
    /// Undecided sites, and how many of them open.
    undecided: &'a [usize],
    q: usize,
    /// y of the undecided sites, in their order, and the sums that belong to it.
    pub(crate) y: Vec<f64>,
    s: Vec<f64>,
    last: Option<(Vec<f64>, Vec<f64>)>,
    /// c of the customers bounded by tangents, 0 for the others.
    c: Vec<f64>,
    /// Constant and values per free site of those bounded by increments.
    constant: f64,
    increments: Vec<f64>,
}

impl<'a> Ascent<'a> {
    /// Start from y, made feasible.
    pub(crate) fn new(
        scaled: &'a Scaled,
        base: &'a [f64],
        undecided: &'a [usize],
        q: usize,
        start: &[f64],
    ) -> Self {
        let y = project(start, q as f64);
        let mut s = base.to_vec();
        for (&at, &y) in undecided.iter().zip(&y).filter(|(_, y)| **y > 0.0) {
            s.iter_mut().zip(scaled.column(at)).for_each(|(s, u)| *s += y * u);
        }
        let (c, increments) = (scaled.c.clone(), vec![0.0; scaled.free.len()]);
        Self { scaled, base, undecided, q, y, s, last: None, c, constant: 0.0, increments }
    }

    /// Bound each customer by what is less at the present y; false when none changed side.
    pub(crate) fn mix(&mut self) -> bool {
        let (scaled, m) = (self.scaled, self.scaled.free.len());
        let some: Vec<(usize, f64)> = self
            .undecided
            .iter()
            .zip(&self.y)
            .filter(|(_, y)| **y > 0.0)
            .map(|(&at, &y)| (at, y))
            .collect();
        let mut changed = false;
        self.constant = 0.0;
        self.increments.fill(0.0);
        for k in 0..scaled.customers {
            let (c, row) = (scaled.c[k], &scaled.rows[k * m..(k + 1) * m]);
            let before = 1.0 + self.base[k];
            let open = c * (self.base[k] / before);
            let rise: f64 = some.iter().map(|&(at, y)| y * (row[at] / (before + row[at]))).sum();
            let tangent = c * (self.s[k] / (1.0 + self.s[k]));
            let by_increments = open + c / before * rise < tangent;
            changed |= by_increments != (self.c[k] == 0.0 && c > 0.0);
            self.c[k] = if by_increments { 0.0 } else { c };
            if by_increments {
                self.constant += open;
                let scale = c / before;
                let values = self.increments.iter_mut().zip(row);
                values.for_each(|(value, u)| *value += scale * (u / (before + u)));
            }
        }
        self.last = None;
        changed
    }

    /// The tangents at the present sums.
    pub(crate) fn tangent(&self) -> Linear {
        let (mut constant, mut z) = (self.constant, Vec::with_capacity(self.s.len()));
        for ((c, s), base) in self.c.iter().zip(&self.s).zip(self.base) {
            let r = 1.0 / (1.0 + s);
            let slope = c * r * r;
            constant += c * (s * r) * (s * r) + slope * base;
            z.push(slope);
        }
        let mut values = self.scaled.gradient(&z);
        values.iter_mut().zip(&self.increments).for_each(|(value, rise)| *value += rise);
        Linear::new(self.scaled, constant, values, self.undecided, self.q)
    }

    /// One step along the projected gradient; false when it leads nowhere.
    pub(crate) fn step(&mut self, tangent: &Linear) -> bool {
        let gradient: Vec<f64> = self.undecided.iter().map(|&at| tangent.values[at]).collect();
        let length = self.length(&gradient);
        if !(length.is_finite() && length > 0.0) {
            return false;
        }
        let target: Vec<f64> = self.y.iter().zip(&gradient).map(|(y, g)| y + length * g).collect();
        let target = project(&target, self.q as f64);
        let d: Vec<f64> = target.iter().zip(&self.y).map(|(to, y)| to - y).collect();
        let mut ds = vec![0.0; self.s.len()];
        for (&at, &d) in self.undecided.iter().zip(&d).filter(|(_, d)| **d != 0.0) {
            ds.iter_mut().zip(self.scaled.column(at)).for_each(|(s, u)| *s += d * u);
        }
        let steady = self.undecided.iter().zip(&d).map(|(&at, d)| d * self.increments[at]).sum();
        let share = self.search(&ds, steady);
        if share <= 0.0 {
            return false;
        }
        self.last = Some((self.y.clone(), gradient));
        self.y.iter_mut().zip(&d).for_each(|(y, d)| *y += share * d);
        self.s.iter_mut().zip(&ds).for_each(|(s, d)| *s = (*s + share * d).max(0.0));
        true
    }

    /// Barzilai and Borwein's step: the inverse of the curvature met by the last one.
    fn length(&self, gradient: &[f64]) -> f64 {
        let (low, high) = gradient
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(low, high), g| (low.min(*g), high.max(*g)));
        let first = 1.0 / (high - low);
        let Some((y, g)) = &self.last else { return first };
        let (mut moved, mut bent) = (0.0, 0.0);
        for i in 0..y.len() {
            let dy = self.y[i] - y[i];
            moved += dy * dy;
            bent -= dy * (gradient[i] - g[i]);
        }
        if bent > 0.0 { (moved / bent).min(1e6 * first) } else { first }
    }

    /// The best point of the segment, by bisection on the slope, which falls.
    fn search(&self, ds: &[f64], steady: f64) -> f64 {
        let slope = |share: f64| -> f64 {
            let terms = self.c.iter().zip(&self.s).zip(ds);
            let bent = terms.map(|((c, s), d)| {
                let r = 1.0 / (1.0 + s + share * d);
                c * d * r * r
            });
            steady + bent.sum::<f64>()
        };
        if slope(1.0) >= 0.0 {
            return 1.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..10 {
            let middle = 0.5 * (low + high);
            if slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        low
    }
}

/// The nearest y with 0 ≤ y ≤ 1 and Σ y = q, up to rounding.
fn project(z: &[f64], q: f64) -> Vec<f64> {
    let at = |shift: f64| z.iter().map(move |z| (z - shift).clamp(0.0, 1.0));
    let (mut low, mut high) = z
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), z| (low.min(*z), high.max(*z)));
    low -= 1.0;
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if at(middle).sum::<f64>() > q { low = middle } else { high = middle }
    }
    at(0.5 * (low + high)).collect()
}
