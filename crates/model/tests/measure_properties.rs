//! What must hold on every table: adding up, relabelling, scaling, and each refusal of complexity.

use emporion_model::measure::complexity::{Complexity, ComplexityOptions, Side, complexity};
use emporion_model::measure::concentration::{ConcentrationOptions, concentration, theil_split};
use emporion_model::measure::fitness::{FitnessOptions, fitness};
use emporion_model::measure::presence::{Presence, components, presence};
use emporion_model::measure::proximity::{Diagonal, density, proximity};
use emporion_model::measure::rca::{additive_rca, normalised_rca, rca};
use emporion_model::measure::shares::contributions;
use emporion_model::measure::table::{Cell, Gap, TableOptions, place_product};
use emporion_model::outcome::{InputError, Status};
use emporion_model::panel::PlaceProduct;
use proptest::prelude::*;

/// Exact identities in a few hundred operations on numbers of order 1 to 10.
const IDENTITY: f64 = 1e-12;
/// Below this gap rounding (some 1e-15) divided by it would pass `IDENTITY`.
const CLEAR_GAP: f64 = 0.02;

fn tables() -> impl Strategy<Value = PlaceProduct> {
    (3usize..9, 3usize..9).prop_flat_map(|(places, products)| {
        let cell = prop_oneof![1 => Just(0.0), 2 => 0.1..100.0f64];
        proptest::collection::vec(cell, places * products).prop_map(move |values| PlaceProduct {
            places,
            products,
            values,
        })
    })
}

/// ECI of a table, when it is defined, well conditioned and clearly signed.
fn clear(table: &PlaceProduct) -> Option<(Presence, Complexity)> {
    let m = presence(&rca(table).ok()?, 1.0).ok()?;
    let c = complexity(&m, &ComplexityOptions::default()).ok()?;
    let usable = c.status == Status::Converged
        && m.notes.is_empty()
        && c.gap > CLEAR_GAP
        && c.lambda2 > CLEAR_GAP
        && c.sign_correlation > 0.01;
    usable.then_some((m, c))
}

/// Rejected cases count: proptest fails when too few are left.
fn unclear() -> TestCaseError {
    TestCaseError::reject("no well-conditioned answer on this table")
}

fn permuted(table: &PlaceProduct, places: &[usize], products: &[usize]) -> PlaceProduct {
    let mut values = Vec::new();
    for i in places {
        for k in products {
            values.push(table.values[i * table.products + k]);
        }
    }
    PlaceProduct { values, ..*table }
}

fn shuffled(n: usize, step: usize) -> Vec<usize> {
    // A step that shares no factor with n visits every id once.
    let step = (step % n.max(1)..).find(|s| gcd(*s, n) == 1).unwrap();
    (0..n).map(|i| (i * step + 1) % n).collect()
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn same(a: &[Option<f64>], b: &[Option<f64>]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => (a - b).abs() <= IDENTITY * a.abs().max(1.0),
            _ => false,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn eci_is_the_mean_pci_of_a_places_products(table in tables()) {
        let Some((m, c)) = clear(&table) else { return Err(unclear()) };
        for i in 0..m.places {
            let own: Vec<f64> =
                (0..m.products).filter(|k| m.has(i, *k)).map(|k| c.pci[k].unwrap()).collect();
            if let Some(eci) = c.eci[i] {
                let mean = own.iter().sum::<f64>() / own.len() as f64;
                prop_assert!((mean - eci).abs() <= IDENTITY, "{mean} and {eci}");
            }
        }
        let known: Vec<f64> = c.eci.iter().flatten().copied().collect();
        let n = known.len() as f64;
        prop_assert!((known.iter().sum::<f64>() / n).abs() <= IDENTITY);
        prop_assert!((known.iter().map(|x| x * x).sum::<f64>() / n - 1.0).abs() <= IDENTITY);
        prop_assert!(c.residual <= IDENTITY && c.lambda2 <= 1.0 + IDENTITY);
    }

    #[test]
    fn relabelling_moves_the_labels_and_nothing_else(table in tables(), step in 1usize..9) {
        let Some((m, c)) = clear(&table) else { return Err(unclear()) };
        let (places, products) = (shuffled(m.places, step), shuffled(m.products, step + 1));
        let other = permuted(&table, &places, &products);
        let m2 = presence(&rca(&other).unwrap(), 1.0).unwrap();
        let c2 = complexity(&m2, &ComplexityOptions::default()).unwrap();
        let expected: Vec<_> = places.iter().map(|i| c.eci[*i]).collect();
        prop_assert!(same(&c2.eci, &expected), "{:?} and {expected:?}", c2.eci);
        let expected: Vec<_> = products.iter().map(|k| c.pci[*k]).collect();
        prop_assert!(same(&c2.pci, &expected));
        let phi = proximity(&m, Diagonal::One).unwrap();
        let phi2 = proximity(&m2, Diagonal::One).unwrap();
        let omega = density(&m, &phi).unwrap();
        let omega2 = density(&m2, &phi2).unwrap();
        for (a, i) in places.iter().enumerate() {
            for (b, k) in products.iter().enumerate() {
                let (old, new) =
                    (omega.values[i * m.products + k], omega2.values[a * m.products + b]);
                prop_assert!((old - new).abs() <= IDENTITY);
            }
        }
    }

    #[test]
    fn the_unit_does_not_matter(table in tables(), unit in 1e-6..1e6f64) {
        let Some((_, c)) = clear(&table) else { return Err(unclear()) };
        let values = table.values.iter().map(|v| v * unit).collect();
        let scaled = PlaceProduct { values, ..table };
        let m = presence(&rca(&scaled).unwrap(), 1.0).unwrap();
        let c2 = complexity(&m, &ComplexityOptions::default()).unwrap();
        prop_assert!(same(&c.eci, &c2.eci) && same(&c.pci, &c2.pci) && same(&c.pci_z, &c2.pci_z));
    }

    #[test]
    fn both_sides_have_one_spectrum(table in tables()) {
        // ECI of the transposed table is a multiple of PCI, with the same eigenvalues.
        let Some((m, c)) = clear(&table) else { return Err(unclear()) };
        let t = complexity(&m.transposed(), &ComplexityOptions::default()).unwrap();
        prop_assert!((c.lambda2 - t.lambda2).abs() <= IDENTITY);
        let dot: f64 = c.pci_z.iter().flatten().zip(t.eci.iter().flatten()).map(|(a, b)| a * b).sum();
        let flipped: Vec<_> = t.eci.iter().map(|e| e.map(|e| e * dot.signum())).collect();
        prop_assert!(same(&c.pci_z, &flipped), "{:?} and {flipped:?}", c.pci_z);
    }

    #[test]
    fn advantage_adds_up(table in tables()) {
        let Ok(additive) = additive_rca(&table) else { return Err(unclear()) };
        let normalised = normalised_rca(&table).unwrap();
        for i in 0..table.places {
            let row = i * table.products..(i + 1) * table.products;
            prop_assert!(additive.values[row.clone()].iter().sum::<f64>().abs() <= IDENTITY);
            prop_assert!(normalised.values[row].iter().sum::<f64>().abs() <= IDENTITY);
        }
    }

    #[test]
    fn density_and_proximity_stay_in_their_range(table in tables()) {
        let Ok(r) = rca(&table) else { return Err(unclear()) };
        let m = presence(&r, 1.0).unwrap();
        for diagonal in [Diagonal::One, Diagonal::Zero] {
            let phi = proximity(&m, diagonal).unwrap();
            let n = phi.products;
            for k in 0..n {
                for l in 0..n {
                    let value = phi.values[k * n + l];
                    prop_assert!((0.0..=1.0).contains(&value) && value == phi.values[l * n + k]);
                }
            }
            let omega = density(&m, &phi).unwrap();
            prop_assert!(omega.values.iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }

    #[test]
    fn fitness_keeps_its_equations(table in tables()) {
        let Ok(r) = rca(&table) else { return Err(unclear()) };
        let m = presence(&r, 1.0).unwrap();
        let f = fitness(&m, &FitnessOptions { max_steps: 2_000, ..Default::default() }).unwrap();
        prop_assume!(f.status == Status::Converged);
        prop_assume!(f.notes.iter().all(|n| n.code != "heading_to_zero"));
        // At the fixed point F is proportional to the sum of its products' Q.
        let sums: Vec<(f64, f64)> = (0..m.places)
            .filter_map(|i| {
                let own = (0..m.products).filter(|k| m.has(i, *k));
                Some((f.fitness[i]?, own.map(|k| f.complexity[k].unwrap()).sum()))
            })
            .collect();
        let mean = sums.iter().map(|s| s.1).sum::<f64>() / sums.len() as f64;
        for (fitness, sum) in sums {
            // The iteration stopped at a change of 1e-12; one step more moves it about as much.
            prop_assert!((fitness - sum / mean).abs() <= 10.0 * IDENTITY);
        }
    }

    #[test]
    fn theil_and_contributions_add_up(
        pairs in proptest::collection::vec((0.0..50.0f64, 0.1..50.0f64, 0usize..4), 1..40),
        step in 1usize..9,
    ) {
        let values: Vec<f64> = pairs.iter().map(|p| p.1).collect();
        let groups: Vec<usize> = pairs.iter().map(|p| p.2).collect();
        let split = theil_split(&values, &groups).unwrap();
        prop_assert!((split.between + split.within - split.total).abs() <= IDENTITY);
        prop_assert!(split.between >= -IDENTITY && split.within >= -IDENTITY);

        let options = ConcentrationOptions::default();
        let whole = concentration(&values, &options).unwrap();
        let moved: Vec<f64> =
            shuffled(values.len(), step).iter().map(|i| values[*i] * 1e3).collect();
        let moved = concentration(&moved, &options).unwrap();
        for (a, b) in [
            (whole.hhi, moved.hhi),
            (whole.theil, moved.theil),
            (whole.gini, moved.gini),
            (whole.entropy_bits, moved.entropy_bits),
        ] {
            prop_assert!((a - b).abs() <= IDENTITY, "{a} and {b}");
        }
        // Theil's index is the entropy's distance from its largest value.
        let n = values.len() as f64;
        let from_entropy = n.ln() - whole.entropy_bits * std::f64::consts::LN_2;
        prop_assert!((whole.theil - from_entropy).abs() <= IDENTITY);

        let before: Vec<f64> = pairs.iter().map(|p| p.0 + 0.1).collect();
        let parts = contributions(&before, &values).unwrap();
        let sum: f64 = parts.points.iter().sum();
        // Percentage points: a hundred times the rounding.
        prop_assert!((sum - parts.total.percent.unwrap()).abs() <= 100.0 * IDENTITY * (1.0 + sum.abs()));
    }
}

fn matrix(rows: &[&str]) -> Presence {
    let values = rows.iter().flat_map(|r| r.chars().map(|c| c == '1')).collect();
    Presence::new(rows.len(), rows[0].len(), values).unwrap()
}

#[test]
fn refusals_of_complexity() {
    let options = ComplexityOptions::default();
    let none = complexity(&matrix(&["00", "00"]), &options);
    assert!(matches!(none, Err(InputError::Empty { .. })));
    let single = complexity(&matrix(&["11"]), &options);
    assert!(matches!(single, Err(InputError::Undefined { .. })));
    let same = complexity(&matrix(&["11", "11", "11"]), &options);
    assert!(matches!(same, Err(InputError::Undefined { .. })));
    let m = matrix(&["110", "011", "111"]);
    for (values, ok) in
        [(vec![1.0, 2.0], false), (vec![1.0, 2.0, f64::NAN], false), (vec![1.0, 2.0, 3.0], true)]
    {
        let options = ComplexityOptions { sign_reference: Some(values), ..Default::default() };
        assert_eq!(complexity(&m, &options).is_ok(), ok);
    }
    assert!(Presence::new(2, 2, vec![true]).is_err());
    assert!(presence(&rca(&PlaceProduct::new(1, 1, vec![1.0]).unwrap()).unwrap(), 0.0).is_err());
    let bad = FitnessOptions { tolerance: -1.0, ..Default::default() };
    assert!(fitness(&m, &bad).is_err());
    assert!(fitness(&matrix(&["00"]), &FitnessOptions::default()).is_err());
}

#[test]
fn a_double_eigenvalue_gives_no_ranking() {
    // Three places in a ring: every rotation of it is as good as another.
    let ring = matrix(&["110", "011", "101"]);
    let c = complexity(&ring, &ComplexityOptions::default()).unwrap();
    assert_eq!(c.status, Status::NotIdentified);
    assert!(c.eci.iter().chain(&c.pci).all(Option::is_none));
    assert!(c.notes.iter().any(|n| n.code == "tied_eigenvalues"));
}

#[test]
fn a_weak_sign_is_said() {
    // Two ends of equal diversity around a middle: which end is complex is a convention.
    let line = matrix(&["1100", "0110", "0011"]);
    let c = complexity(&line, &ComplexityOptions::default()).unwrap();
    assert_eq!((c.status, c.side, c.sign_correlation), (Status::Converged, Side::Places, 0.0));
    assert!(c.notes.iter().any(|n| n.code == "weak_sign"));
    // A reference of the caller's settles it, either way.
    let reference =
        |v: [f64; 3]| ComplexityOptions { sign_reference: Some(v.to_vec()), ..Default::default() };
    let up = complexity(&line, &reference([1.0, 2.0, 3.0])).unwrap();
    let down = complexity(&line, &reference([3.0, 2.0, 1.0])).unwrap();
    assert!(up.eci[2].unwrap() > 1.0 && down.eci[0].unwrap() > 1.0);
    assert!(up.pci[3] > up.pci[0] && down.pci[0] > down.pci[3]);
}

#[test]
fn fitness_says_when_it_is_not_the_limit() {
    // A nested triangle: all but the most diverse place head to zero.
    let triangle = matrix(&["1111", "1110", "1100", "1000"]);
    let few = FitnessOptions { tolerance: 1e-12, max_steps: 5 };
    let f = fitness(&triangle, &few).unwrap();
    assert_eq!((f.status, f.steps), (Status::MaxIterations, 5));
    assert!(f.residual > 1e-12);
    let far = FitnessOptions { tolerance: 0.0, max_steps: 3_000 };
    let f = fitness(&triangle, &far).unwrap();
    let zero = f.notes.iter().find(|n| n.code == "heading_to_zero").unwrap();
    assert!(zero.rows.contains(&3) && !zero.rows.contains(&0), "{zero:?}");
    // Two nested places: the second falls as slowly as 1 / steps and never meets the rule.
    let f = fitness(&matrix(&["11", "10"]), &FitnessOptions::default()).unwrap();
    assert_eq!(f.status, Status::MaxIterations);
    assert!(f.notes.iter().any(|n| n.code == "heading_to_zero" && n.rows == [1]), "{f:?}");
    let parts = fitness(&matrix(&["10", "01"]), &FitnessOptions::default()).unwrap();
    assert!(parts.notes.iter().any(|n| n.code == "disconnected"));
}

#[test]
fn components_largest_first() {
    let parts = components(&matrix(&["1000", "0110", "0010", "0000"]));
    let sizes: Vec<_> = parts.iter().map(|c| (c.places.clone(), c.products.clone())).collect();
    assert_eq!(sizes, [(vec![1, 2], vec![1, 2]), (vec![0], vec![0])]);
}

#[test]
fn products_of_no_place_are_listed() {
    let m = matrix(&["100", "110"]);
    let phi = proximity(&m, Diagonal::One).unwrap();
    assert_eq!(phi.undefined_products, [2]);
    let omega = density(&m, &phi).unwrap();
    assert_eq!((omega.undefined_products.as_slice(), omega.notes.len()), ([2].as_slice(), 1));
    let other = proximity(&matrix(&["10"]), Diagonal::One).unwrap();
    assert!(matches!(density(&m, &other), Err(InputError::Length { .. })));
}

#[test]
fn rows_out_of_range_and_absent_rows() {
    let cell = |place, product| Cell { place, product, value: Some(1.0) };
    let options = TableOptions::default();
    let outside = place_product(1, 2, [cell(1, 0)], &options);
    assert!(matches!(outside, Err(InputError::Setting { .. })));
    let made = place_product(1, 2, [cell(0, 0)], &options).unwrap();
    assert_eq!((made.notes[0].code, made.notes[0].count), ("absent_as_zero", 1));
    let strict = TableOptions { absent: Gap::Refuse, ..options };
    let refused = place_product(1, 2, [cell(0, 0)], &strict).unwrap_err().to_string();
    assert!(refused.contains("place 0, product 1"), "{refused}");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    // 70 places take two words of bits; the pattern is arbitrary but full of both values.
    let (places, products) = (70usize, 45usize);
    let values =
        (0..places * products).map(|c| (c * c + c / products * 7) % 11 < 4).collect::<Vec<_>>();
    let m = Presence::new(places, products, values).unwrap();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let phi = proximity(&m, Diagonal::One).unwrap();
            let omega = density(&m, &phi).unwrap();
            let c = complexity(&m, &ComplexityOptions::default()).unwrap();
            (phi, omega, c)
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(5));
    // The bits count what a plain count counts.
    let (phi, u) = (&one.0, m.ubiquity());
    for k in 0..products {
        for l in 0..products {
            let both = (0..places).filter(|i| m.has(*i, k) && m.has(*i, l)).count();
            let plain = both as f64 / u[k].max(u[l]) as f64;
            assert_eq!(phi.values[k * products + l], plain);
        }
    }
}
