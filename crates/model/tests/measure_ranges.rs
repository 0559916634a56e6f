//! Ranges of ECI: against a slow twin, and what must hold of every table.

mod common;
mod measure_data;

use emporion_model::measure::complexity::{ComplexityOptions, complexity};
use emporion_model::measure::complexity_ranges::{
    BootstrapOptions, ComplexityRanges, complexity_ranges,
};
use emporion_model::measure::presence::{Presence, presence};
use emporion_model::measure::rca::rca;
use measure_data::Labelled;

fn provinces() -> Presence {
    let data = Labelled::read(&common::oracle("measure").join("provinces.csv"));
    presence(&rca(&data.table).unwrap(), 1.0).unwrap()
}

fn ranges(m: &Presence, draws: usize, seed: u64) -> ComplexityRanges {
    let options = ComplexityOptions::default();
    let found = complexity(m, &options).unwrap();
    complexity_ranges(m, &found, &options, &BootstrapOptions { draws, seed }).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let m = provinces();
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ranges(&m, 60, 7))
    };
    assert_eq!(on(1), on(3));
    assert_ne!(on(1), ranges(&m, 60, 8));
}

#[test]
fn ranges_hold_what_they_say() {
    let m = provinces();
    let found = ranges(&m, 200, 1);
    let n = found.places.iter().filter(|p| p.eci.is_some()).count();
    for place in found.places.iter().filter(|p| p.draws > 0) {
        assert!(place.low <= place.high && place.rank_best <= place.rank_worst);
        assert!(place.rank_best >= Some(1) && place.rank_worst <= Some(n));
        assert!(place.draws <= 200 - found.failed);
    }
    let [low, high] = found.gap.unwrap();
    assert!(0.0 < low && low < high && high < 1.0);
    // 22 products leave the order open: a range of one rank everywhere would be no bootstrap.
    assert!(found.places.iter().any(|p| p.rank_best != p.rank_worst));
}

#[test]
fn more_copies_of_the_same_products_narrow_the_ranges() {
    // Each product 16 times: the ECI is the same and the ranges about a quarter as wide.
    let m = provinces();
    let values = m.values.chunks(m.products).flat_map(|row| row.repeat(16)).collect();
    let wide = Presence::new(m.places, m.products * 16, values).unwrap();
    let width = |r: &ComplexityRanges| -> f64 {
        let widths = r.places.iter().filter_map(|p| Some(p.high? - p.low?));
        widths.sum()
    };
    let (few, many) = (ranges(&m, 200, 3), ranges(&wide, 200, 3));
    for (a, b) in few.places.iter().zip(&many.places) {
        assert!((a.eci.unwrap() - b.eci.unwrap()).abs() < 1e-9);
        assert_eq!(a.rank, b.rank);
    }
    let ratio = width(&many) / width(&few);
    assert!((0.1..0.5).contains(&ratio), "{ratio}");
}

#[test]
fn draws_that_fall_apart_are_counted() {
    // Two blocks held together by one product: a draw without it has no ECI.
    let mut values = vec![false; 6 * 7];
    for i in 0..6 {
        for k in 0..6 {
            values[i * 7 + k] = (i < 3) == (k < 3) && (i != k);
        }
        values[i * 7 + 6] = i % 3 == 0;
    }
    let m = Presence::new(6, 7, values).unwrap();
    let found = ranges(&m, 400, 2);
    // (6/7)^7 = 0.34 of the draws miss the bridge; others may lose more.
    let part = found.undefined as f64 / 400.0;
    assert!((0.25..0.6).contains(&part), "{part}");
    assert!(found.failed >= found.undefined);
    assert!(found.notes.iter().any(|n| n.code == "failed_draws" && n.count == found.failed));
}

#[test]
fn too_few_draws_are_refused() {
    let m = provinces();
    let options = ComplexityOptions::default();
    let found = complexity(&m, &options).unwrap();
    let few = BootstrapOptions { draws: 39, seed: 1 };
    let told = complexity_ranges(&m, &found, &options, &few).unwrap_err().to_string();
    assert!(told.contains("40 or more"), "{told}");
    let other = Presence::new(2, 2, vec![true, false, true, true]).unwrap();
    let many = BootstrapOptions::default();
    assert!(complexity_ranges(&other, &found, &options, &many).is_err());
}
