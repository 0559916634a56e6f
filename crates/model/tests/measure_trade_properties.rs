//! Trade indices on random tables: identities, ranges, symmetries, and dense one-page twins.

use emporion_model::measure::bilateral::{Bilateral, BilateralOptions, FlowRow};
use emporion_model::measure::concentration::{ConcentrationOptions, concentration, theil_split};
use emporion_model::measure::export_potential::{Dynamics, World as Sums, export_potential};
use emporion_model::measure::growth_cells::{GrowthCell, Survival, growth_by_cells};
use emporion_model::measure::intensity::{World, trade_intensity};
use emporion_model::measure::intra_industry::{grubel_lloyd, marginal_intra_industry};
use emporion_model::measure::margins::hummels_klenow;
use emporion_model::measure::market_share::{Order, ShareCell, constant_market_share};
use emporion_model::measure::penetration::market_penetration;
use emporion_model::measure::similarity::{complementarity, finger_kreinin};

/// Identities hold to rounding.
const IDENTITY: f64 = 1e-12;

/// Random tables tried.
const SEEDS: u64 = 60;

/// Numbers from 0 to 1 from a seed: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A flow: zero in `empty` of the cases, else spread over six orders of magnitude.
    fn flow(&mut self, empty: f64) -> f64 {
        if self.next() < empty { 0.0 } else { 10_f64.powf(6.0 * self.next()) }
    }
}

fn same(a: f64, b: f64, scale: f64, what: &str) {
    assert!((a - b).abs() <= IDENTITY * scale.abs().max(f64::MIN_POSITIVE), "{what}: {a} {b}");
}

/// n places, m products: the dense array x[i][j][k], and the same as a table.
fn random(seed: u64, n: usize, m: usize) -> (Vec<f64>, Bilateral) {
    let mut numbers = Numbers(seed);
    let mut x = vec![0.0; n * n * m];
    let mut rows = Vec::new();
    for (at, cell) in x.iter_mut().enumerate() {
        let (i, j, product) = (at / (n * m), at / m % n, at % m);
        let value = numbers.flow(0.4);
        if i != j {
            *cell = value;
            rows.push(FlowRow {
                origin: i,
                destination: j,
                product,
                value: Some(value),
                quantity: None,
            });
        }
    }
    rows.reverse();
    (x, Bilateral::new(n, m, &rows, &BilateralOptions::default()).unwrap())
}

#[test]
fn the_static_core_adds_up_to_bilateral_trade_and_equals_its_twin() {
    for seed in 0..SEEDS {
        let (n, m) = (4 + seed as usize % 5, 1 + seed as usize % 12);
        let (x, table) = random(seed, n, m);
        let world = Sums::of(&table).unwrap();
        let sum = |keep: &dyn Fn(usize, usize, usize) -> bool| -> f64 {
            (0..x.len()).filter(|at| keep(at / (n * m), at / m % n, at % m)).map(|at| x[at]).sum()
        };
        for e in 0..n {
            let Ok(found) = export_potential(&table, &world, e, &Dynamics::default()) else {
                continue;
            };
            assert!(found.adding_up < IDENTITY, "{}", found.adding_up);
            let mut unrealised = 0.0;
            for j in (0..n).filter(|j| *j != e) {
                let alpha = |k: usize| {
                    let all = sum(&|_, _, l| l == k);
                    if all > 0.0 { sum(&|i, _, l| i == e && l == k) / all } else { 0.0 }
                };
                let gamma = |k: usize| sum(&|_, d, l| d == j && l == k);
                let hypothetical: f64 = (0..m).map(|k| alpha(k) * gamma(k)).sum();
                let traded = sum(&|i, d, _| i == e && d == j);
                let cells = || found.cells.iter().filter(|c| c.market == j);
                same(cells().map(|c| c.core).sum(), traded, traded, "adding up");
                for k in 0..m {
                    let v = if hypothetical > 0.0 {
                        alpha(k) * gamma(k) * traded / hypothetical
                    } else {
                        0.0
                    };
                    let cell = cells().find(|c| c.product == k);
                    same(cell.map_or(0.0, |c| c.core), v, v, "twin");
                    let actual = x[(e * n + j) * m + k];
                    unrealised += (v - actual).max(0.0);
                    if let Some(c) = cell {
                        same(c.realised + c.unrealised, c.potential, c.potential, "parts");
                        assert!(c.realised <= actual && c.unrealised >= 0.0);
                    }
                }
            }
            same(found.unrealised, unrealised, found.actual, "unrealised");
            same(found.realised + found.unrealised, found.potential, found.potential, "total");
        }
    }
}

#[test]
fn margins_multiply_to_the_share_and_split_into_price_and_quantity() {
    for seed in 0..SEEDS {
        let mut numbers = Numbers(seed);
        let m = 1 + seed as usize % 30;
        let own: Vec<f64> = (0..m).map(|_| numbers.flow(0.5)).collect();
        let reference: Vec<f64> = own.iter().map(|x| x + numbers.flow(0.3)).collect();
        let q: Vec<f64> = (0..m).map(|_| numbers.flow(0.0)).collect();
        let q_w: Vec<f64> = (0..m).map(|_| numbers.flow(0.0)).collect();
        let Ok(found) = hummels_klenow(&own, &reference, Some([&q, &q_w])) else { continue };
        let intensive = found.intensive.unwrap();
        same(found.extensive * intensive, found.share, found.share, "EM × IM");
        let parts = found.price.unwrap() * found.quantity.unwrap();
        same(parts, intensive, intensive, "P × Q");
        let range = f64::EPSILON..=1.0;
        assert!(range.contains(&found.extensive) && range.contains(&intensive));
    }
}

#[test]
fn effects_and_parts_add_up_to_the_change() {
    for seed in 0..SEEDS {
        let mut numbers = Numbers(seed);
        let mut cells = Vec::new();
        for at in 0..40 {
            let own = [numbers.flow(0.3), numbers.flow(0.3)];
            // Without the exporter the world may be empty where it sells.
            let world = match seed % 2 {
                0 => [own[0] + numbers.flow(0.2), own[1] + numbers.flow(0.2)],
                _ => [numbers.flow(0.4), numbers.flow(0.4)],
            };
            cells.push(ShareCell { product: at / 5, market: at % 5, own, world });
        }
        let one = constant_market_share(&cells, Order::ProductFirst).unwrap();
        let two = constant_market_share(&cells, Order::MarketFirst).unwrap();
        for found in [&one, &two] {
            let scale = found.before
                + found.after
                + found.total.world_growth.abs()
                + found.total.competitiveness.abs()
                + found.total.product_mix.abs()
                + found.total.market_mix.abs();
            same(found.total.sum(), found.after - found.before, scale, "effects");
            for (cell, effects) in cells.iter().zip(&found.cells) {
                let scale = scale.max(effects.market_mix.abs());
                same(effects.sum(), cell.own[1] - cell.own[0], scale, "cell");
            }
        }
        if seed % 2 == 0 {
            let mixes = one.total.product_mix + one.total.market_mix;
            let others = two.total.product_mix + two.total.market_mix;
            same(mixes, others, mixes.abs() + one.before, "the mixes together");
        }
        let grown: Vec<GrowthCell> = cells
            .iter()
            .map(|c| GrowthCell {
                product: c.product,
                market: c.market,
                before: c.own[0],
                after: c.own[1],
                years_before: (3.0 * numbers.next()) as usize,
                years_after: (3.0 * numbers.next()) as usize,
            })
            .collect();
        let found = growth_by_cells(&grown, Survival { before: 1, after: 2 }).unwrap();
        let parts: f64 = found.parts.iter().map(|p| p.change).sum();
        let scale = found.before + found.after;
        same(parts, found.after - found.before, scale, "parts");
        let four = found.old_old + found.old_new + found.new_old + found.new_new + found.transient;
        same(four, found.after - found.before, scale, "classes");
        assert_eq!(found.parts.iter().map(|p| p.cells).sum::<usize>(), grown.len());
    }
}

#[test]
fn indices_stay_in_range_and_keep_their_symmetries() {
    for seed in 0..SEEDS {
        let mut numbers = Numbers(seed);
        let m = 2 + seed as usize % 20;
        let mut draw = || -> Vec<f64> { (0..m).map(|_| numbers.flow(0.3)).collect() };
        let (a, b, c, d) = (draw(), draw(), draw(), draw());
        if [&a, &b].iter().any(|v| v.iter().sum::<f64>() <= 0.0) {
            continue;
        }
        let scaled: Vec<f64> = a.iter().map(|x| 8.0 * x).collect();
        let fk = finger_kreinin(&a, &b).unwrap();
        assert!((0.0..=100.0).contains(&fk.index));
        same(fk.index, finger_kreinin(&b, &a).unwrap().index, 100.0, "symmetric");
        same(fk.index, finger_kreinin(&scaled, &b).unwrap().index, 100.0, "scale");
        same(fk.index, 100.0 * (1.0 - fk.distance / 2.0), 100.0, "two forms");
        same(finger_kreinin(&a, &a).unwrap().index, 100.0, 100.0, "itself");
        same(fk.index, complementarity(&a, &b).unwrap().index, 100.0, "one overlap");
        let gl = grubel_lloyd(&a, &b).unwrap();
        let turned = grubel_lloyd(&b, &a).unwrap();
        same(gl.aggregate, turned.aggregate, 1.0, "symmetric");
        // The aggregate is the mean weighted by trade.
        let trade: f64 = a.iter().zip(&b).map(|(x, m)| x + m).sum();
        let mean: f64 =
            (0..m).map(|k| gl.by_product[k].unwrap_or(0.0) * (a[k] + b[k]) / trade).sum();
        same(gl.aggregate, mean, 1.0, "weighted mean");
        assert!(gl.by_product.iter().flatten().all(|g| (0.0..=1.0).contains(g)));
        assert!(gl.adjusted.is_none_or(|x| x + IDENTITY >= gl.aggregate && x <= 1.0));
        if let Ok(found) = marginal_intra_industry([&a, &b], [&c, &d]) {
            let turned = marginal_intra_industry([&c, &d], [&a, &b]).unwrap();
            same(found.aggregate, turned.aggregate, 1.0, "symmetric");
            assert!((0.0..=1.0).contains(&found.aggregate));
        }
    }
}

#[test]
fn theil_splits_into_the_two_margins() {
    for seed in 0..SEEDS {
        let mut numbers = Numbers(seed);
        let values: Vec<f64> = (0..3 + seed as usize).map(|_| numbers.flow(0.5)).collect();
        let Ok(found) = concentration(&values, &ConcentrationOptions::default()) else { continue };
        same(found.theil_extensive + found.theil_positive, found.theil, 1.0, "margins");
        let groups: Vec<usize> = values.iter().map(|v| usize::from(*v > 0.0)).collect();
        let split = theil_split(&values, &groups).unwrap();
        same(split.between, found.theil_extensive, 1.0, "ln(n / n_1) is the part between");
        same(split.within, found.theil_positive, 1.0, "the part within");
    }
}

#[test]
fn intensity_and_penetration_equal_their_twins() {
    for seed in 0..SEEDS {
        let (n, m) = (3 + seed as usize % 4, 1 + seed as usize % 6);
        let (x, table) = random(seed, n, m);
        let at = |i: usize, j: usize, k: usize| x[(i * n + j) * m + k];
        let pairs = table.pairs().unwrap();
        let sum = |keep: &dyn Fn(usize, usize) -> bool| -> f64 {
            (0..n * n)
                .filter(|p| keep(p / n, p % n))
                .map(|p| (0..m).map(|k| at(p / n, p % n, k)).sum::<f64>())
                .sum()
        };
        for (world, counts) in [(World::WithSource, true), (World::WithoutSource, false)] {
            let Ok(found) = trade_intensity(&pairs, &[0, 1], &[1, 2], world) else { continue };
            let s = |i: usize| i < 2;
            let d = |j: usize| j == 1 || j == 2;
            let w = |i: usize| counts || !s(i);
            let expected = sum(&|i, j| s(i) && d(j))
                / sum(&|i, _| s(i))
                / (sum(&|i, j| w(i) && d(j)) / sum(&|i, _| w(i)));
            same(found.intensity, expected, expected, "intensity");
        }
        // Weighted by the world's shares, the intensities of one source have mean 1.
        if let Ok(all) = (0..n)
            .map(|j| trade_intensity(&pairs, &[0], &[j], World::WithSource))
            .collect::<Result<Vec<_>, _>>()
        {
            let mean: f64 = all.iter().map(|t| t.intensity * t.share_of_world).sum();
            same(mean, 1.0, 1.0, "mean");
        }
        let Ok(found) = market_penetration(&table, 0) else { continue };
        let (mut reached, mut possible) = (0, 0);
        for k in (0..m).filter(|k| (0..n).any(|j| at(0, j, *k) > 0.0)) {
            reached += (1..n).filter(|j| at(0, *j, k) > 0.0).count();
            possible += (1..n).filter(|j| (0..n).any(|i| at(i, *j, k) > 0.0)).count();
        }
        assert_eq!((found.reached, found.possible), (reached, possible));
    }
}
