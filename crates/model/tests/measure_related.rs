//! Kinds of proximity, nearest products, per-head advantage, Lafay, entry and exit: by hand.

use emporion_model::measure::continuous::{rca_correlation, rca_density};
use emporion_model::measure::entry_exit::entry_exit;
use emporion_model::measure::presence::Presence;
use emporion_model::measure::proximity::{Diagonal, density, proximity};
use emporion_model::measure::rca::{lafay, rca, rpop};
use emporion_model::measure::reflections::reflections;
use emporion_model::measure::relatedness::{
    ProximityKind, nearest_density, proximity_by, relative_relatedness, transposed,
};
use emporion_model::panel::PlaceProduct;

/// Four places, three products of ubiquity 3, 2, 1; co-occurrence 2 (0, 1), 1 (0, 2), 0 (1, 2).
fn small() -> Presence {
    let m = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [0, 0, 0]];
    Presence::new(4, 3, m.concat().into_iter().map(|x| x == 1).collect()).unwrap()
}

fn near(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 1e-15, "{got} is not {expected}");
    }
}

#[test]
fn kinds_of_proximity() {
    let of = |kind| proximity_by(&small(), kind, Diagonal::One).unwrap();
    let third = 1.0 / 3.0;
    near(
        &of(ProximityKind::MinConditional).values,
        &[1.0, 2.0 / 3.0, third, 2.0 / 3.0, 1.0, 0.0, third, 0.0, 1.0],
    );
    let (a, b) = (2.0 / 6f64.sqrt(), 1.0 / 3f64.sqrt());
    near(&of(ProximityKind::SquareRoot).values, &[1.0, a, b, a, 1.0, 0.0, b, 0.0, 1.0]);
    near(
        &of(ProximityKind::Asymmetric).values,
        &[1.0, 2.0 / 3.0, third, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    );
    // (4·2 - 3·2)/sqrt(3·1·2·2), (4·1 - 3·1)/sqrt(3·1·1·3), (4·0 - 2·1)/sqrt(2·2·1·3)
    let (a, b, c) = (2.0 / 12f64.sqrt(), third, -2.0 / 12f64.sqrt());
    let correlation = of(ProximityKind::Correlation);
    near(&correlation.values, &[1.0, a, b, a, 1.0, c, b, c, 1.0]);
    let told = density(&small(), &correlation).unwrap_err().to_string();
    assert!(told.contains("correlation"), "{told}");
}

#[test]
fn density_of_the_asymmetric_kind_weighs_by_the_product_had() {
    let given = proximity_by(&small(), ProximityKind::Asymmetric, Diagonal::Zero).unwrap();
    let found = density(&small(), &given).unwrap();
    // Product 0: P(0|1) = 1 and P(0|2) = 1; place 0 has product 1. Product 1: P(1|0) alone.
    near(&found.values[..3], &[0.5, 1.0, 1.0]);
    near(&found.values[9..], &[0.0, 0.0, 0.0]);
}

#[test]
fn read_the_other_way_round_the_product_itself_cancels() {
    let given = proximity_by(&small(), ProximityKind::Asymmetric, Diagonal::Zero).unwrap();
    let found = density(&small(), &transposed(&given)).unwrap();
    // Σ_l M_il n_kl / Σ_l n_kl with n = 2 (0, 1), 1 (0, 2), 0 (1, 2).
    near(&found.values[..3], &[2.0 / 3.0, 1.0, 1.0]);
    near(&found.values[6..9], &[1.0 / 3.0, 1.0, 1.0]);
    assert_eq!(transposed(&transposed(&given)).values, given.values);
}

#[test]
fn correlation_of_advantage_by_hand() {
    // Exports in equal sums, so that RCA is the value over its column's mean: 2 0 1, 1 1 1, 0 2 1.
    let table = PlaceProduct::new(3, 3, vec![2., 0., 1., 1., 1., 1., 0., 2., 1.]).unwrap();
    let index = rca(&table).unwrap();
    let phi = rca_correlation(&index, Diagonal::One).unwrap();
    // The first two are opposites, the third does not vary.
    assert_eq!(phi.undefined_products, [2]);
    near(&phi.values, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let around = rca_density(&index, &phi, None).unwrap();
    near(&around.values[..2], &[2.0, 0.0]);
    assert_eq!(around.undefined_products, [2]);
    assert_eq!(rca_density(&index, &phi, Some(9)).unwrap().values, around.values);
    assert!(rca_density(&index, &phi, Some(0)).is_err());
}

#[test]
fn a_product_everywhere_has_no_correlation() {
    let m = Presence::new(2, 2, vec![true, true, true, false]).unwrap();
    let found = proximity_by(&m, ProximityKind::Correlation, Diagonal::One).unwrap();
    assert_eq!(found.undefined_products, [0]);
    near(&found.values, &[0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn nearest_products_and_ties() {
    let phi = proximity(&small(), Diagonal::Zero).unwrap();
    let one = nearest_density(&small(), &phi, 1).unwrap();
    // Nearest of 0 is 1; of 1 is 0; of 2 is 0.
    near(&one.values, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    // All of them: the plain density.
    let all = nearest_density(&small(), &phi, 9).unwrap();
    near(&all.values, &density(&small(), &phi).unwrap().values);
    assert!(nearest_density(&small(), &phi, 0).is_err());
    // Two products equally near: both count, whatever their order.
    let m = Presence::new(2, 3, vec![true, true, true, true, true, false]).unwrap();
    let phi = proximity(&m.transposed().transposed(), Diagonal::Zero).unwrap();
    let tied = nearest_density(&m, &phi, 1).unwrap();
    // Product 2 is as near to 0 as to 1.
    near(&tied.values[3..], &[1.0, 1.0, 1.0]);
}

#[test]
fn relative_relatedness_needs_two_open_products() {
    let m = small();
    let around = density(&m, &proximity(&m, Diagonal::Zero).unwrap()).unwrap();
    let (found, note) = relative_relatedness(&m, &around).unwrap();
    // Places 0 to 2 lack one product, place 3 sees the same density everywhere.
    assert!(found.iter().all(Option::is_none));
    assert_eq!(note.map(|note| note.rows), Some(vec![0, 1, 2, 3]));
}

#[test]
fn per_head() {
    let table = PlaceProduct::new(2, 2, vec![6.0, 2.0, 2.0, 2.0]).unwrap();
    // 8 and 4 of the products for 4 people: 2 and 1 per head.
    let found = rpop(&table, &[1.0, 3.0]).unwrap();
    near(&found.values, &[3.0, 2.0, 1.0 / 3.0, 2.0 / 3.0]);
    for wrong in [vec![1.0, 0.0], vec![1.0, f64::NAN]] {
        let told = rpop(&table, &wrong).unwrap_err().to_string();
        assert!(told.contains("place 1"), "{told}");
    }
    assert!(rpop(&table, &[1.0]).is_err());
}

#[test]
fn lafay_by_hand() {
    let (x, m) = ([50.0, 30.0, 0.0, 0.0], [10.0, 30.0, 80.0, 0.0]);
    // Balance (80 - 120)/200 = -0.2; for the first 100 (40/60 + 0.2) 60/200 = 26.
    let found = lafay(&x, &m).unwrap();
    for (got, expected) in found.iter().zip([26.0, 6.0, -32.0, 0.0]) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }
    assert!(found.iter().sum::<f64>().abs() < 1e-12);
    assert!(lafay(&x, &m[..3]).is_err());
    assert!(lafay(&[0.0], &[0.0]).is_err());
    assert!(lafay(&[-1.0], &[1.0]).is_err());
}

#[test]
fn entry_and_exit_by_hand() {
    let of = |m: [u8; 6]| Presence::new(2, 3, m.into_iter().map(|x| x == 1).collect()).unwrap();
    let found = entry_exit(&of([1, 1, 0, 1, 1, 1]), &of([1, 0, 1, 1, 1, 0])).unwrap();
    assert_eq!((found.entries, found.exits), (vec![2], vec![1, 5]));
    let first = found.places[0];
    assert_eq!((first.entry_rate(), first.exit_rate()), (Some(1.0), Some(0.5)));
    // The second place had everything: nothing could enter.
    assert_eq!(found.places[1].entry_rate(), None);
    assert_eq!(found.places[1].exit_rate(), Some(1.0 / 3.0));
    assert_eq!(found.products[2].entered, 1);
    assert_eq!(found.products[2].left, 1);
    let other = Presence::new(1, 6, vec![true; 6]).unwrap();
    assert!(entry_exit(&of([1; 6]), &other).is_err());
}

#[test]
fn reflections_by_hand() {
    // Diversity 2, 2, 2, 0; ubiquity 3, 2, 1. One step: (3+2)/2, (3+2)/2, (3+1)/2.
    let found = reflections(&small(), 1, 0).unwrap();
    let r = 0.5f64.sqrt();
    for (got, expected) in found.places.iter().zip([Some(r), Some(r), Some(-2.0 * r), None]) {
        match (got, expected) {
            (Some(got), Some(expected)) => assert!((got - expected).abs() < 1e-14),
            (got, expected) => assert_eq!(*got, expected),
        }
    }
    // All makers have the same diversity: products do not differ.
    assert!(found.products.iter().all(Option::is_none));
    assert!(reflections(&small(), 1, 2).is_err());
}

/// Products that only rounding tells apart are equally near.
#[test]
fn the_nearest_are_not_told_apart_by_rounding() {
    let m = [[1, 1, 1, 0], [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0]];
    let m = Presence::new(5, 4, m.concat().into_iter().map(|x| x == 1).collect()).unwrap();
    let phi = proximity_by(&m, ProximityKind::MinConditional, Diagonal::Zero).unwrap();
    let expected = nearest_density(&m, &phi, 1).unwrap();
    let mut rounded = phi.clone();
    // Products 0 and 1 are equally near to product 2.
    assert_eq!(phi.values[2], phi.values[4 + 2]);
    rounded.values[2] = phi.values[2].next_up();
    let found = nearest_density(&m, &rounded, 1).unwrap();
    for (found, expected) in found.values.iter().zip(&expected.values) {
        assert!((found - expected).abs() < 1e-15, "{found} is not {expected}");
    }
}
