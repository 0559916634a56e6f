//! Where the nodes of a network stand: stress by stochastic gradient descent.

use std::collections::VecDeque;

/// Rounds of descent; the paper finds 15 enough for most graphs and 30 for all it tries.
const ROUNDS: usize = 30;
/// Step at the end, in units of the shortest distance, as in the paper.
const LAST_STEP: f64 = 0.1;

/// Places for `n` nodes whose distances are close to the numbers of links between them.
///
/// ```text
/// stress = Σ_{i<j} d_ij^-2 (|x_i - x_j| - d_ij)²     x_i, x_j ← moved along their line by
///          min(1, η d_ij^-2) (|x_i - x_j| - d_ij) / 2, pair by pair, η falling geometrically
/// ```
///
/// Assumptions: nodes in different parts of the graph are taken to be half as far again as the
/// farthest that are linked. Only sums, products, quotients and square roots are used, which every
/// machine rounds alike, and the order of pairs is drawn from a fixed seed: the same graph gives
/// the same places.
///
/// Cost: n² memory and time in each round.
///
/// Source: Zheng, Pawar, Goodman (2019), Graph drawing by stochastic gradient descent, IEEE
/// Transactions on Visualization and Computer Graphics 25.
pub(crate) fn stress(n: usize, links: &[(usize, usize)]) -> Vec<(f64, f64)> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let distances = distances(n, links);
    let far = distances.iter().copied().max().unwrap_or(1).max(1);
    let side = f64::from(far);
    let mut at: Vec<(f64, f64)> =
        (0..n).map(|_| (random.part() * side, random.part() * side)).collect();
    let mut pairs: Vec<(u32, u32)> =
        (0..n as u32).flat_map(|i| (0..i).map(move |j| (j, i))).collect();
    let first = side * side;
    let shrink = root(LAST_STEP / first, ROUNDS - 1);
    let mut step = first;
    for _ in 0..ROUNDS {
        for last in (1..pairs.len()).rev() {
            pairs.swap(last, random.below(last + 1));
        }
        for &(i, j) in &pairs {
            let (i, j) = (i as usize, j as usize);
            let d = f64::from(distances[i * n + j]);
            let (dx, dy) = (at[i].0 - at[j].0, at[i].1 - at[j].1);
            let length = (dx * dx + dy * dy).sqrt();
            let (dx, dy, length) = if length > 0.0 { (dx, dy, length) } else { (1e-3, 0.0, 1e-3) };
            let move_by = (step / (d * d)).min(1.0) * (length - d) / 2.0 / length;
            at[i] = (at[i].0 - move_by * dx, at[i].1 - move_by * dy);
            at[j] = (at[j].0 + move_by * dx, at[j].1 + move_by * dy);
        }
        step *= shrink;
    }
    at
}

/// Numbers of links between all pairs.
fn distances(n: usize, links: &[(usize, usize)]) -> Vec<u32> {
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); n];
    for (a, b) in links {
        near[*a].push(*b);
        near[*b].push(*a);
    }
    let mut out = vec![u32::MAX; n * n];
    let mut longest = 1;
    for from in 0..n {
        let row = &mut out[from * n..(from + 1) * n];
        row[from] = 0;
        let mut open = VecDeque::from([from]);
        while let Some(node) = open.pop_front() {
            for &next in &near[node] {
                if row[next] == u32::MAX {
                    row[next] = row[node] + 1;
                    longest = longest.max(row[next]);
                    open.push_back(next);
                }
            }
        }
    }
    for d in out.iter_mut().filter(|d| **d == u32::MAX) {
        *d = longest + longest.div_ceil(2);
    }
    out
}

/// The root of a number under one, by bisection: no function whose last digit hangs on the machine.
fn root(of: f64, degree: usize) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let power = (0..degree).fold(1.0, |p, _| p * middle);
        if power < of { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Turns places so that the longer axis lies across, or upright, with their middle at zero.
pub(crate) fn turn(at: &mut [(f64, f64)], upright: bool) {
    let n = at.len().max(1) as f64;
    let sum = at.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
    let middle = (sum.0 / n, sum.1 / n);
    at.iter_mut().for_each(|p| *p = (p.0 - middle.0, p.1 - middle.1));
    let (a, b, c) = at
        .iter()
        .fold((0.0, 0.0, 0.0), |(a, b, c), p| (a + p.0 * p.0, b + p.0 * p.1, c + p.1 * p.1));
    let half = (a - c) / 2.0;
    let most = (a + c) / 2.0 + (half * half + b * b).sqrt();
    let (mut x, mut y) = (most - c, b);
    let length = (x * x + y * y).sqrt();
    (x, y) = if length > 1e-12 * most { (x / length, y / length) } else { (1.0, 0.0) };
    if a < c && length <= 1e-12 * most {
        (x, y) = (0.0, 1.0);
    }
    for p in at {
        let (along, across) = (p.0 * x + p.1 * y, p.1 * x - p.0 * y);
        *p = if upright { (across, along) } else { (along, across) };
    }
}

/// Moves discs apart that cover each other, each as little as it takes, within a frame.
pub(crate) fn part(at: &mut [(f64, f64)], radii: &[f64], air: f64, size: (f64, f64)) {
    for _ in 0..80 {
        let mut moved = false;
        for i in 0..at.len() {
            for j in 0..i {
                let (dx, dy) = (at[i].0 - at[j].0, at[i].1 - at[j].1);
                let wanted = radii[i] + radii[j] + air;
                let square = dx * dx + dy * dy;
                if square >= wanted * wanted {
                    continue;
                }
                let length = square.sqrt();
                // Discs on one point go apart in directions that differ from pair to pair.
                let (ux, uy) = if length > 1e-6 {
                    (dx / length, dy / length)
                } else {
                    [(1.0, 0.0), (0.6, 0.8), (0.0, 1.0), (-0.6, 0.8)][(3 * i + j) % 4]
                };
                let by = (wanted - length) / 2.0 + 0.01;
                at[i] = (at[i].0 + ux * by, at[i].1 + uy * by);
                at[j] = (at[j].0 - ux * by, at[j].1 - uy * by);
                moved = true;
            }
        }
        for (p, r) in at.iter_mut().zip(radii) {
            *p = (p.0.clamp(*r, size.0 - r), p.1.clamp(*r, size.1 - r));
        }
        if !moved {
            break;
        }
    }
}

/// Steele, Lea, Flood (2014), SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(a: (f64, f64), b: (f64, f64)) -> f64 {
        (a.0 - b.0).hypot(a.1 - b.1)
    }

    #[test]
    fn a_path_becomes_a_line() {
        let links: Vec<(usize, usize)> = (0..9).map(|i| (i, i + 1)).collect();
        let at = stress(10, &links);
        assert!((gap(at[0], at[9]) - 9.0).abs() < 0.2, "{}", gap(at[0], at[9]));
        for i in 0..9 {
            assert!((gap(at[i], at[i + 1]) - 1.0).abs() < 0.1);
        }
    }

    #[test]
    fn a_ring_is_round_and_the_same_each_time() {
        let links: Vec<(usize, usize)> = (0..12).map(|i| (i, (i + 1) % 12)).collect();
        let at = stress(12, &links);
        let middle = at.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0 / 12.0, s.1 + p.1 / 12.0));
        let radii: Vec<f64> = at.iter().map(|p| gap(*p, middle)).collect();
        let (low, high) =
            radii.iter().fold((f64::MAX, 0.0_f64), |(l, h), r| (l.min(*r), h.max(*r)));
        assert!(high / low < 1.05, "{low} {high}");
        assert_eq!(at, stress(12, &links));
    }

    #[test]
    fn parts_stay_apart_and_one_node_has_a_place() {
        let at = stress(4, &[(0, 1), (2, 3)]);
        let between = gap(at[0], at[2]).min(gap(at[0], at[3])).min(gap(at[1], at[2]));
        assert!(between > 1.2, "{between}");
        assert_eq!(stress(1, &[]).len(), 1);
        assert_eq!(stress(0, &[]).len(), 0);
    }

    #[test]
    fn the_long_axis_is_turned() {
        let mut at: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i), f64::from(i) * 2.0)).collect();
        turn(&mut at, false);
        assert!(at.iter().all(|p| p.1.abs() < 1e-9));
        turn(&mut at, true);
        assert!(at.iter().all(|p| p.0.abs() < 1e-9));
    }

    #[test]
    fn discs_are_parted() {
        let mut at = vec![(50.0, 50.0); 12];
        let radii = [6.0; 12];
        part(&mut at, &radii, 1.0, (100.0, 100.0));
        for i in 0..12 {
            for j in 0..i {
                assert!(gap(at[i], at[j]) > 12.5, "{:?} {:?}", at[i], at[j]);
            }
        }
    }
}
