//! Costs between points, for so many places that a matrix would not fit: a k-d tree gives the
//! near sites of each customer, and a bound on all others.
//!
//! Bentley 1975, "Multidimensional binary search trees used for associative searching",
//! Communications of the ACM 18, 509-517. Places on the globe enter the tree as points in space:
//! the straight chord grows with the way over the surface, so the nearest by one is the nearest
//! by the other.

use std::collections::BinaryHeap;

use super::distance::{EARTH_RADIUS_KM, Point, great_circle_km};

/// Points in a leaf of the tree: fewer cost more steps than distances.
const LEAF: usize = 12;
/// Distances are computed in a dozen operations, each right to 1.1e-16; a bound on the distance of
/// points that were not looked at is lowered by far more than that.
const ROUNDING: f64 = 1e-12;

/// How far apart two points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Straight line in the plane.
    Plane,
    /// The same, cut to a whole number, as the p-median literature reads TSPLIB files.
    WholePlane,
    /// Great circle, in kilometres.
    Globe,
}

/// Customers and sites as points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    metric: Metric,
    customers: Vec<[f64; 2]>,
    sites: Vec<[f64; 2]>,
    tree: Tree,
    farthest: f64,
}

/// A k-d tree on points in space.
#[derive(Debug, Clone, PartialEq)]
struct Tree {
    at: Vec<[f64; 3]>,
    /// The axis along which a range is split, at the position of its middle.
    axes: Vec<u8>,
    /// Sites in the order of the leaves.
    order: Vec<u32>,
}

/// A site among the near ones: squared chord, position.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Near(f64, u32);

impl Eq for Near {}

impl PartialOrd for Near {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Near {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

/// The near sites of one customer: costs with positions, cheapest first, and a cost that no site
/// left out is below.
pub(crate) struct Neighbours {
    pub(crate) near: Vec<(f64, u32)>,
    pub(crate) beyond: f64,
}

impl Points {
    pub(crate) fn new(metric: Metric, customers: Vec<[f64; 2]>, sites: Vec<[f64; 2]>) -> Self {
        let at = sites.iter().map(|point| metric.in_space(*point)).collect();
        let farthest = metric.farthest(customers.iter().chain(&sites));
        Self { metric, customers, tree: Tree::new(at), sites, farthest }
    }

    /// Cost of serving a customer from a site.
    pub(crate) fn cost(&self, customer: usize, site: usize) -> f64 {
        self.metric.between(self.customers[customer], self.sites[site])
    }

    /// Whether all costs are whole numbers.
    pub(crate) fn is_whole(&self) -> bool {
        self.metric == Metric::WholePlane
    }

    /// No site costs any customer more.
    pub(crate) fn farthest(&self) -> f64 {
        self.farthest
    }

    /// The `count` nearest sites of a customer.
    pub(crate) fn nearest(&self, customer: usize, count: usize) -> Neighbours {
        let from = self.metric.in_space(self.customers[customer]);
        let mut found = BinaryHeap::with_capacity(count + 1);
        self.tree.visit(&from, 0, self.tree.order.len(), &mut |near| {
            found.push(near);
            if found.len() > count {
                found.pop();
            }
            let full = found.len() >= count;
            if full { found.peek().map_or(f64::INFINITY, |far| far.0) } else { f64::INFINITY }
        });
        let beyond = if count >= self.sites.len() {
            f64::INFINITY
        } else {
            let Near(square, _) = *found.peek().expect("one site at least");
            self.metric.least(square.sqrt())
        };
        Neighbours { near: self.ranked(customer, found.into_iter().map(|near| near.1)), beyond }
    }

    /// All sites of a customer that cost `most` or less, and perhaps some that cost more.
    pub(crate) fn within(&self, customer: usize, most: f64) -> Vec<u32> {
        let from = self.metric.in_space(self.customers[customer]);
        let chord = self.metric.chord(most);
        let mut found = Vec::new();
        let radius = chord * chord;
        self.tree.visit(&from, 0, self.tree.order.len(), &mut |Near(far, site)| {
            if far <= radius {
                found.push(site);
            }
            radius
        });
        found
    }

    fn ranked(&self, customer: usize, sites: impl Iterator<Item = u32>) -> Vec<(f64, u32)> {
        let mut near: Vec<(f64, u32)> =
            sites.map(|site| (self.cost(customer, site as usize), site)).collect();
        near.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near
    }
}

impl Metric {
    fn between(self, a: [f64; 2], b: [f64; 2]) -> f64 {
        match self {
            Self::Plane => straight(a, b),
            Self::WholePlane => cut(straight(a, b)),
            Self::Globe => great_circle_km(on_globe(a), on_globe(b)),
        }
    }

    /// No two of these points are farther apart.
    fn farthest<'a>(self, points: impl Iterator<Item = &'a [f64; 2]>) -> f64 {
        if self == Self::Globe {
            return std::f64::consts::PI * EARTH_RADIUS_KM * (1.0 + ROUNDING);
        }
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for point in points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        straight(high, low) * (1.0 + ROUNDING)
    }

    fn in_space(self, [a, b]: [f64; 2]) -> [f64; 3] {
        match self {
            Self::Plane | Self::WholePlane => [a, b, 0.0],
            Self::Globe => {
                let (latitude, longitude) = (a.to_radians(), b.to_radians());
                let (height, flat) = latitude.sin_cos();
                [flat * longitude.cos(), flat * longitude.sin(), height]
            }
        }
    }

    /// The least cost of a site that is this far away along the chord, or farther.
    fn least(self, chord: f64) -> f64 {
        match self {
            Self::Plane => chord * (1.0 - ROUNDING),
            Self::WholePlane => (chord * (1.0 - ROUNDING)).floor(),
            // The chord itself is off by some 1e-16 of the radius.
            Self::Globe => {
                let half = (chord / 2.0 - ROUNDING).clamp(0.0, 1.0);
                2.0 * EARTH_RADIUS_KM * half.asin() * (1.0 - ROUNDING)
            }
        }
    }

    /// The longest chord to a site that costs this much or less.
    fn chord(self, cost: f64) -> f64 {
        match self {
            Self::Plane => cost * (1.0 + ROUNDING),
            Self::WholePlane => (cost + 1.0) * (1.0 + ROUNDING),
            Self::Globe => {
                let angle = (cost / (2.0 * EARTH_RADIUS_KM)) * (1.0 + ROUNDING);
                2.0 * (angle.min(std::f64::consts::FRAC_PI_2).sin() + ROUNDING)
            }
        }
    }
}

fn on_globe([latitude, longitude]: [f64; 2]) -> Point {
    Point::new(latitude, longitude).expect("points were checked when they came in")
}

/// The coordinates are small enough to be squared. This is a few operations of the processor, where
/// `hypot` is a call, and for whole coordinates it is exact wherever the distance is whole.
fn straight(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    (x * x + y * y).sqrt()
}

/// The whole number below a distance; `floor` is a call too.
fn cut(distance: f64) -> f64 {
    // From here on every number is whole.
    if distance < 2_f64.powi(53) { distance as i64 as f64 } else { distance }
}

fn square(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum()
}

impl Tree {
    fn new(at: Vec<[f64; 3]>) -> Self {
        let order = (0..at.len() as u32).collect();
        let mut tree = Self { axes: vec![0; at.len()], at, order };
        tree.split(0, tree.order.len());
        tree
    }

    /// Put the middle point along the widest axis in the middle, and split both halves.
    fn split(&mut self, low: usize, high: usize) {
        if high - low <= LEAF {
            return;
        }
        let at = &self.at;
        let spread = |axis: usize| {
            let value = || self.order[low..high].iter().map(|j| at[*j as usize][axis]);
            value().fold(f64::MIN, f64::max) - value().fold(f64::MAX, f64::min)
        };
        let spreads = [spread(0), spread(1), spread(2)];
        let widest = (0..3).rev().max_by(|a, b| spreads[*a].total_cmp(&spreads[*b]));
        let (middle, axis) = (low.midpoint(high), widest.expect("three axes"));
        self.axes[middle] = axis as u8;
        self.order[low..high].select_nth_unstable_by(middle - low, |a, b| {
            at[*a as usize][axis].total_cmp(&at[*b as usize][axis]).then(a.cmp(b))
        });
        self.split(low, middle);
        self.split(middle + 1, high);
    }

    /// Look at the points of a range, the nearer half first, and at the other half only if the
    /// plane between them is near enough.
    fn visit(
        &self,
        from: &[f64; 3],
        low: usize,
        high: usize,
        look: &mut impl FnMut(Near) -> f64,
    ) -> f64 {
        let mut radius = f64::INFINITY;
        if high - low <= LEAF {
            for &j in &self.order[low..high] {
                radius = look(Near(square(from, &self.at[j as usize]), j));
            }
            return radius;
        }
        let middle = low.midpoint(high);
        let j = self.order[middle];
        let axis = usize::from(self.axes[middle]);
        let ahead = from[axis] - self.at[j as usize][axis];
        let halves = [(low, middle), (middle + 1, high)];
        let (first, second) =
            if ahead <= 0.0 { (halves[0], halves[1]) } else { (halves[1], halves[0]) };
        self.visit(from, first.0, first.1, look);
        radius = look(Near(square(from, &self.at[j as usize]), j));
        if ahead * ahead <= radius {
            radius = self.visit(from, second.0, second.1, look);
        }
        radius
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix;

    fn spots(count: usize, seed: u64, scale: [f64; 2]) -> Vec<[f64; 2]> {
        let mut random = SplitMix::new(seed, 0);
        let mut unit = || random.below(1 << 20) as f64 / f64::from(1 << 20) - 0.5;
        (0..count).map(|_| [scale[0] * unit(), scale[1] * unit()]).collect()
    }

    #[test]
    fn near_sites_are_those_of_a_full_search_and_no_other_is_nearer() {
        for (metric, scale) in [
            (Metric::Plane, [10.0, 500.0]),
            (Metric::WholePlane, [60.0, 90.0]),
            (Metric::Globe, [180.0, 360.0]),
        ] {
            let points = Points::new(metric, spots(40, 3, scale), spots(211, 4, scale));
            for customer in 0..40 {
                let mut all: Vec<f64> = (0..211).map(|j| points.cost(customer, j)).collect();
                for count in [1, 7, 60, 211] {
                    let found = points.nearest(customer, count);
                    assert_eq!(found.near.len(), count);
                    let listed: Vec<usize> = found.near.iter().map(|n| n.1 as usize).collect();
                    let others = (0..211).filter(|j| !listed.contains(j));
                    assert!(others.map(|j| points.cost(customer, j)).all(|c| c >= found.beyond));
                    for (cost, site) in &found.near {
                        assert_eq!(*cost, points.cost(customer, *site as usize));
                    }
                    let within = points.within(customer, found.near[count - 1].0);
                    assert!(listed.iter().all(|j| within.contains(&(*j as u32))));
                }
                all.sort_unstable_by(f64::total_cmp);
                assert!(*all.last().unwrap() <= points.farthest());
            }
        }
    }

    #[test]
    fn points_in_one_place_are_all_found() {
        let points = Points::new(Metric::Plane, vec![[1.0, 1.0]], vec![[1.0, 1.0]; 50]);
        assert_eq!(points.nearest(0, 50).near.len(), 50);
        assert_eq!(points.within(0, 0.0).len(), 50);
    }
}
