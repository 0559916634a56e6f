//! Two roads to one answer: the eigen-decomposition and the one-page power iteration.

mod common;
mod measure_data;
#[path = "../examples/complexity_one_page.rs"]
mod one_page;

use emporion_model::measure::complexity::{ComplexityOptions, Side, complexity};
use emporion_model::measure::presence::presence;
use emporion_model::measure::rca::rca;
use emporion_model::panel::PlaceProduct;
use measure_data::Labelled;

/// Power iteration stands still at rounding, divided by the relative gap (0.4 on the provinces).
const TOLERANCE: f64 = 1e-12;

fn both_roads(rows: &[Vec<f64>], side: Side) {
    let table = PlaceProduct::new(rows.len(), rows[0].len(), rows.concat()).unwrap();
    let m = presence(&rca(&table).unwrap(), 1.0).unwrap();
    let fast = complexity(&m, &ComplexityOptions::default()).unwrap();
    assert_eq!(fast.side, side);
    let (eci, pci) = one_page::complexity(rows);
    for (fast, slow) in fast.eci.iter().chain(&fast.pci).zip(eci.iter().chain(&pci)) {
        assert!((fast.unwrap() - slow).abs() < TOLERANCE, "{fast:?} and {slow}");
    }
}

#[test]
fn the_kernel_equals_the_page_on_either_side() {
    let data = Labelled::read(&common::oracle("measure").join("provinces.csv"));
    let rows: Vec<Vec<f64>> = (0..data.places.len()).map(|i| data.row(i).to_vec()).collect();
    both_roads(&rows, Side::Products);
    // The first 15 provinces have fewer rows than columns: the other side of the kernel.
    both_roads(&rows[..15], Side::Places);
}
