//! M of weights, M put together from others, and cores.

use emporion_model::measure::complexity::{
    Complexity, ComplexityOptions, complexity, weighted_complexity,
};
use emporion_model::measure::core::core;
use emporion_model::measure::fitness::{FitnessOptions, fitness, weighted_fitness};
use emporion_model::measure::presence::{Presence, presence};
use emporion_model::measure::rca::{rca, rpop, symmetric_rca};
use emporion_model::measure::weights::Weights;
use emporion_model::panel::PlaceProduct;

/// ECI is a mean of PCI, and an eigenvector, to the rounding of sums of some ten terms.
const ROUNDING: f64 = 1e-11;

fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 33) as f64 / (1u64 << 31) as f64
    }
}

fn table(n: usize, m: usize, mut value: impl FnMut() -> f64) -> PlaceProduct {
    PlaceProduct::new(n, m, (0..n * m).map(|_| value()).collect()).unwrap()
}

fn known(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().map(|v| v.expect("a score")).collect()
}

/// D^-1 M U^-1 M' written out, and what it does to a vector.
fn mapped(weights: &Weights, e: &[f64]) -> Vec<f64> {
    let (n, m) = (weights.places(), weights.products());
    let at = |i: usize, k: usize| weights.values()[i * m + k];
    let mut out = vec![0.0; n];
    for i in 0..n {
        let d: f64 = (0..m).map(|k| at(i, k)).sum();
        for k in 0..m {
            let u: f64 = (0..n).map(|j| at(j, k)).sum();
            let mean: f64 = (0..n).map(|j| at(j, k) * e[j]).sum::<f64>() / u;
            out[i] += at(i, k) * mean / d;
        }
    }
    out
}

#[test]
fn eci_is_the_eigenvector_of_the_page_and_the_weighted_mean_of_pci() {
    for seed in 1..40 {
        let mut next = random(seed);
        let (n, m) = (3 + seed as usize % 6, 4 + seed as usize % 5);
        let exports = table(n, m, || (3.0 * next()).exp());
        let index = rca(&exports).unwrap();
        for weights in
            [Weights::saturating(&index).unwrap(), Weights::given(&table(n, m, &mut next)).unwrap()]
        {
            let found: Complexity =
                weighted_complexity(&weights, &ComplexityOptions::default()).unwrap();
            let (eci, pci) = (known(&found.eci), known(&found.pci));
            let d = weights.diversity();
            for i in 0..n {
                let row = &weights.values()[i * m..(i + 1) * m];
                let mean: f64 = row.iter().zip(&pci).map(|(w, p)| w * p).sum::<f64>() / d[i];
                assert!((eci[i] - mean).abs() < ROUNDING, "seed {seed}: {} and {mean}", eci[i]);
            }
            // The map keeps a constant, so that of z-scores is off the eigenvector by one.
            let off: Vec<f64> = mapped(&weights, &eci)
                .iter()
                .zip(&eci)
                .map(|(mapped, e)| mapped - found.lambda2 * e)
                .collect();
            assert!(off.iter().all(|x| (x - off[0]).abs() < ROUNDING), "seed {seed}: {off:?}");
            let reference: f64 = d.iter().zip(&eci).map(|(d, e)| d * e).sum();
            let centre: f64 = d.iter().sum::<f64>() * eci.iter().sum::<f64>() / n as f64;
            assert!(reference >= centre - ROUNDING, "seed {seed}: the sign");
        }
    }
}

#[test]
fn weights_of_nought_and_one_are_m() {
    for seed in 1..60 {
        let mut next = random(seed);
        let m = table(6, 9, || f64::from(next() < 0.5));
        let weights = Weights::given(&m).unwrap();
        let plain = Presence::given(&m).unwrap();
        let options = ComplexityOptions::default();
        match (complexity(&plain, &options), weighted_complexity(&weights, &options)) {
            (Ok(a), Ok(b)) => assert_eq!((a.eci, a.pci, a.gap), (b.eci, b.pci, b.gap)),
            (a, b) => assert_eq!(a.map(|_| ()), b.map(|_| ()), "seed {seed}"),
        }
        let options = FitnessOptions { tolerance: 0.0, max_steps: 20 };
        let both = (fitness(&plain, &options), weighted_fitness(&weights, &options));
        if let (Ok(a), Ok(b)) = both {
            assert_eq!((a.fitness, a.complexity), (b.fitness, b.complexity));
        }
    }
}

#[test]
fn a_step_made_smooth_by_hand() {
    let index = rca(&PlaceProduct::new(2, 2, vec![3.0, 1.0, 1.0, 3.0]).unwrap()).unwrap();
    // RCA 1.5 and 0.5.
    let weights = Weights::saturating(&index).unwrap();
    for (got, expected) in weights.values().iter().zip([0.6, 1.0 / 3.0, 1.0 / 3.0, 0.6]) {
        assert!((got - expected).abs() < 1e-15, "{got}");
    }
    // Two mirror images: S = [[a, b], [b, a]] over a + b, so λ2 = (a - b)² / (a + b)².
    let found = weighted_complexity(&weights, &ComplexityOptions::default()).unwrap();
    let lambda = ((0.6 - 1.0 / 3.0) / (0.6 + 1.0 / 3.0_f64)).powi(2);
    assert!((found.lambda2 - lambda).abs() < 1e-14, "{}", found.lambda2);
    assert!((found.eci[0].unwrap().abs() - 1.0).abs() < 1e-12);
}

#[test]
fn what_is_no_m_is_refused() {
    let of = |values: [f64; 4]| PlaceProduct::new(2, 2, values.to_vec()).unwrap();
    let told = Weights::given(&of([0.0, 0.5, 1.0, 1.5])).unwrap_err().to_string();
    assert!(told.contains("place 1, product 1") && told.contains("0 to 1"), "{told}");
    let told = Presence::given(&of([0.0, 0.5, 1.0, 1.0])).unwrap_err().to_string();
    assert!(told.contains("place 0, product 1"), "{told}");
    let table = of([3.0, 1.0, 1.0, 3.0]);
    assert!(Weights::saturating(&symmetric_rca(&table).unwrap()).is_err());
    // Weights that are the same everywhere have nothing to tell.
    let flat = Weights::given(&of([0.5; 4])).unwrap();
    let told = weighted_complexity(&flat, &ComplexityOptions::default()).unwrap_err().to_string();
    assert!(told.contains("no variation"), "{told}");
}

#[test]
fn presence_by_one_or_the_other() {
    let table = PlaceProduct::new(2, 2, vec![6.0, 2.0, 2.0, 2.0]).unwrap();
    let by_rca = presence(&rca(&table).unwrap(), 1.0).unwrap();
    let by_head = presence(&rpop(&table, &[1.0, 3.0]).unwrap(), 1.0).unwrap();
    assert_eq!(by_rca.values, [true, false, false, true]);
    assert_eq!(by_head.values, [true, true, false, false]);
    assert_eq!(by_rca.or(&by_head).unwrap().values, [true, true, false, true]);
    assert_eq!(by_rca.and(&by_head).unwrap().values, [true, false, false, false]);
    assert!(by_rca.or(&Presence::new(1, 4, vec![true; 4]).unwrap()).is_err());
    let part = by_rca.or(&by_head).unwrap().part(&[1], &[1, 0]).unwrap();
    assert_eq!((part.places, part.products, part.values), (1, 2, vec![true, false]));
    assert!(by_rca.part(&[2], &[0]).is_err() && by_rca.part(&[0], &[2]).is_err());
}

/// The largest pair of sets that holds, by trying all of them.
fn core_by_search(m: &Presence, d: usize, u: usize) -> (Vec<usize>, Vec<usize>) {
    let mut best = (Vec::new(), Vec::new());
    for rows in 1..1usize << m.places {
        for columns in 1..1usize << m.products {
            let of = |set: usize, n: usize| (0..n).filter(|i| set >> i & 1 == 1).collect();
            let (places, products): (Vec<usize>, Vec<usize>) =
                (of(rows, m.places), of(columns, m.products));
            let holds = places
                .iter()
                .all(|i| products.iter().filter(|k| m.has(*i, **k)).count() >= d)
                && products.iter().all(|k| places.iter().filter(|i| m.has(**i, *k)).count() >= u);
            if holds && places.len() + products.len() > best.0.len() + best.1.len() {
                best = (places, products);
            }
        }
    }
    best
}

#[test]
fn a_core_is_the_largest_part_that_holds() {
    let mut left = 0;
    for seed in 1..60 {
        let mut next = random(seed);
        let values = (0..20).map(|_| next() < 0.55).collect();
        let m = Presence::new(4, 5, values).unwrap();
        for (d, u) in [(1, 1), (2, 2), (3, 2), (2, 3)] {
            let expected = core_by_search(&m, d, u);
            match core(&m, d, u) {
                Ok(found) => {
                    left += 1;
                    assert_eq!((&found.places, &found.products), (&expected.0, &expected.1));
                    let all = [&found.places[..], &found.dropped_places].concat().len();
                    assert_eq!(all, 4, "seed {seed}");
                }
                Err(error) => {
                    assert!(expected.0.is_empty(), "seed {seed}: {error}");
                    assert!(error.to_string().contains("core"), "{error}");
                }
            }
        }
    }
    assert!(left > 100, "{left} cores");
}
