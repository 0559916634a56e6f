//! A dual point bounds the relaxation from below. The shares bound it from above by an evaluation of
//! their own: each customer takes the cheapest shares until it is served. Where both meet, each is
//! optimal, whoever found it.

use super::*;
use crate::random::SplitMix;

/// Customers and sites in a square, each customer with its nearest `listed` sites.
fn square(n: usize, m: usize, open: usize, listed: usize, seed: u64) -> Relaxation {
    let mut random = SplitMix::new(seed, 0);
    let mut place = || (random.below(1000) as f64, random.below(1000) as f64);
    let (customers, sites): (Vec<_>, Vec<_>) =
        ((0..n).map(|_| place()).collect(), (0..m).map(|_| place()).collect());
    let mut built = Relaxation {
        sites: m,
        open,
        starts: vec![0],
        costs: Vec::new(),
        at: Vec::new(),
        elsewhere: Vec::new(),
    };
    for a in customers {
        let far = |b: &(f64, f64)| (a.0 - b.0).hypot(a.1 - b.1);
        let mut row: Vec<(f64, u32)> = sites.iter().map(far).zip(0..).collect();
        row.sort_by(|a, b| a.0.total_cmp(&b.0));
        built.elsewhere.push(row.get(listed).map_or(2000.0, |(cost, _)| *cost));
        row.truncate(listed);
        row.sort_by_key(|(_, site)| *site);
        built.costs.extend(row.iter().map(|(cost, _)| *cost));
        built.at.extend(row.iter().map(|(_, site)| *site));
        built.starts.push(built.costs.len());
    }
    built
}

/// What the shares cost.
fn value(relaxation: &Relaxation, shares: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..relaxation.elsewhere.len() {
        let mut row: Vec<(f64, f64)> = relaxation
            .of(i)
            .map(|k| (relaxation.costs[k], shares[relaxation.at[k] as usize]))
            .collect();
        row.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = 1.0;
        for (cost, share) in row {
            sum += cost * share.min(left);
            left -= share.min(left);
        }
        sum += left * relaxation.elsewhere[i];
    }
    sum
}

/// Σ λ_i - Σ of the `open` largest Σ_i max(0, λ_i - d_ij).
fn bound(relaxation: &Relaxation, multipliers: &[f64]) -> f64 {
    let mut worth = vec![0.0; relaxation.sites];
    for (i, multiplier) in multipliers.iter().enumerate() {
        assert!(*multiplier <= relaxation.elsewhere[i]);
        for k in relaxation.of(i) {
            worth[relaxation.at[k] as usize] += (multiplier - relaxation.costs[k]).max(0.0);
        }
    }
    worth.sort_by(|a, b| b.total_cmp(a));
    multipliers.iter().sum::<f64>() - worth[..relaxation.open].iter().sum::<f64>()
}

fn solved(relaxation: &Relaxation, guess: f64, part: f64) -> Relaxed {
    let guess = vec![guess; relaxation.elsewhere.len()];
    let aim = Aim { tolerance: part, enough: f64::INFINITY, most_work: u64::MAX };
    relaxation.solve(&guess, aim).expect("no limit")
}

#[test]
fn primal_and_dual_meet() {
    // Dense and sparse matrices; complete lists and cut ones; one site open and nearly all.
    let sizes =
        [(30, 12, 1, 12), (30, 12, 3, 12), (30, 12, 11, 12), (80, 60, 6, 20), (600, 400, 90, 12)];
    for (seed, (n, m, open, listed)) in (1..).zip(sizes) {
        let relaxation = square(n, m, open, listed, seed);
        for guess in [1.0, 200.0, 5000.0] {
            let found = solved(&relaxation, guess, 1e-3);
            let (low, high) =
                (bound(&relaxation, &found.multipliers), value(&relaxation, &found.shares));
            assert!(high - low <= 2e-3 && low <= high + 1e-6, "{n} {m} {open}: {low} {high}");
            assert!((low - found.bound).abs() <= 2e-3, "{low} {}", found.bound);
            let sum: f64 = found.shares.iter().sum();
            assert!((sum - open as f64).abs() < 1e-9 * open as f64);
        }
    }
}

#[test]
fn the_sparse_factor_is_the_dense_one() {
    let relaxation = square(600, 400, 90, 12, 3);
    let (entries, m) = (relaxation.costs.len(), relaxation.sites);
    let mut random = SplitMix::new(5, 0);
    let mut some = |count: usize| -> Vec<f64> {
        (0..count).map(|_| 0.1 + random.below(1000) as f64 / 1000.0).collect()
    };
    let (diagonal, h, per_c) = (some(m), some(entries), some(600));
    let sparse = NormalMatrix::new(m, relaxation.rows()).expect("small enough");
    assert!(matches!(sparse, NormalMatrix::Sparse(_)));
    let solve = |mut matrix: NormalMatrix| {
        matrix.form(&diagonal, relaxation.rows(), &h, &per_c);
        assert!(matrix.factor());
        let mut right = Mat::from_fn(m, 2, |j, c| (j + c) as f64);
        matrix.solve(right.as_mut());
        right
    };
    let (one, other) = (solve(sparse), solve(NormalMatrix::Dense(Mat::zeros(m, m), None)));
    for j in 0..m {
        for c in 0..2 {
            assert!((one[(j, c)] - other[(j, c)]).abs() < 1e-9, "{j} {c}");
        }
    }
}

#[test]
fn too_much_work_is_refused_and_enough_is_enough() {
    let relaxation = square(80, 60, 6, 20, 4);
    let guess = vec![200.0; 80];
    let aim = Aim { tolerance: 1e-3, enough: f64::INFINITY, most_work: 10 };
    assert!(relaxation.solve(&guess, aim).is_none());
    let best = solved(&relaxation, 200.0, 1e-3).bound;
    let aim = Aim { enough: 0.9 * best, most_work: u64::MAX, ..aim };
    let found = relaxation.solve(&guess, aim).expect("no limit");
    assert!(found.bound >= 0.9 * best && found.bound < best);
}
