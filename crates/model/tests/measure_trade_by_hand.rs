//! Trade indices worked by hand; the arithmetic stands beside each number.

use emporion_model::estimate::design::Regressor;
use emporion_model::measure::bilateral::{Bilateral, BilateralOptions, FlowRow};
use emporion_model::measure::diversification::diversification;
use emporion_model::measure::export_potential::{Dynamics, World as Sums, export_potential};
use emporion_model::measure::gravity_potential::{Level, gravity_potential};
use emporion_model::measure::growth_cells::{GrowthCell, Survival, growth_by_cells};
use emporion_model::measure::intensity::{World, trade_intensity};
use emporion_model::measure::intra_industry::{grubel_lloyd, marginal_intra_industry};
use emporion_model::measure::margins::hummels_klenow;
use emporion_model::measure::market_share::{Order, ShareCell, constant_market_share};
use emporion_model::measure::penetration::market_penetration;
use emporion_model::measure::similarity::{complementarity, finger_kreinin};
use emporion_model::measure::table::{Duplicates, Gap};
use emporion_model::outcome::InputError;

/// Rounding of a few operations in double precision.
const ROUNDING: f64 = 1e-14;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= ROUNDING * expected.abs().max(1.0), "{found} {expected}");
}

fn row(origin: usize, destination: usize, product: usize, value: f64) -> FlowRow {
    FlowRow { origin, destination, product, value: Some(value), quantity: None }
}

/// Exports: A 8 and 2, B 1 and 4, C 2 and 3. Imports: A 1 and 3, B 8 and 2, C 2 and 4.
fn rows() -> Vec<FlowRow> {
    vec![
        row(0, 1, 0, 6.0),
        row(0, 1, 1, 2.0),
        row(0, 2, 0, 2.0),
        row(1, 0, 0, 1.0),
        row(1, 2, 1, 4.0),
        row(2, 0, 1, 3.0),
        row(2, 1, 0, 2.0),
    ]
}

fn table() -> Bilateral {
    Bilateral::new(3, 2, &rows(), &BilateralOptions::default()).unwrap()
}

#[test]
fn intensity() {
    let pairs = table().pairs().unwrap();
    // A sends 8 of 10 to B, the world 10 of 20.
    near(trade_intensity(&pairs, &[0], &[1], World::WithSource).unwrap().intensity, 1.6);
    // Without A, the world sends 2 of 10 to B.
    near(trade_intensity(&pairs, &[0], &[1], World::WithoutSource).unwrap().intensity, 4.0);
    // A and B together send 8 of 15 to B, the world 10 of 20; a place named twice counts once.
    let group = trade_intensity(&pairs, &[0, 1, 0], &[1], World::WithSource).unwrap();
    near(group.intensity, 8.0 / 15.0 / 0.5);
}

#[test]
fn baskets() {
    // Exports of A 0.8, 0.2; imports of B 0.8, 0.2; imports of C 1/3, 2/3.
    near(complementarity(&[8., 2.], &[8., 2.]).unwrap().index, 100.0);
    near(complementarity(&[8., 2.], &[2., 4.]).unwrap().index, 100.0 * (1.0 - (0.8 - 1.0 / 3.0)));
    // Exports of B 0.2, 0.8: the smaller shares are 0.2 and 0.2.
    near(finger_kreinin(&[8., 2.], &[1., 4.]).unwrap().index, 40.0);
}

#[test]
fn intra_industry() {
    // A: 1 - 7/9, 1 - 1/5; together 1 - 8/14; adjusted 6 / (14 - |10 - 4|).
    let found = grubel_lloyd(&[8., 2.], &[1., 3.]).unwrap();
    near(found.by_product[0].unwrap(), 2.0 / 9.0);
    near(found.by_product[1].unwrap(), 0.8);
    near(found.aggregate, 3.0 / 7.0);
    near(found.adjusted.unwrap(), 0.75);
    // Exports change by 4 and 0, imports by 2 and 3: 1 - 2/6, 1 - 3/3, together 4/9.
    let found = marginal_intra_industry([&[1., 5.], &[5., 5.]], [&[1., 1.], &[3., 4.]]).unwrap();
    near(found.by_product[0].unwrap(), 2.0 / 3.0);
    assert_eq!(found.by_product[1], Some(0.0));
    near(found.aggregate, 4.0 / 9.0);
}

#[test]
fn penetration() {
    // A sells product 0 to B and C, which both import it; product 1 to B, where C imports it too.
    let found = market_penetration(&table(), 0).unwrap();
    assert_eq!((found.reached, found.possible, found.penetration), (3, 4, 0.75));
    assert_eq!(found.by_product, [Some((2, 2)), Some((1, 2))]);
}

#[test]
fn margins() {
    // C sells 2 of product 0 to B; the world sells 8 and 2 there.
    let found = hummels_klenow(&[2., 0.], &[8., 2.], None).unwrap();
    near(found.extensive, 0.8);
    near(found.intensive.unwrap(), 0.25);
    near(found.share, 0.2);
    // Twice the unit value in both products: P = 2 and Q = 0.8 / 2, whatever the weights.
    let q: [&[f64]; 2] = [&[3., 1.], &[8., 2.]];
    let found = hummels_klenow(&[6., 2.], &[8., 2.], Some(q)).unwrap();
    near(found.price.unwrap(), 2.0);
    near(found.quantity.unwrap(), 0.4);
    // Shares as far apart as doubles go keep the identity P Q = IM.
    let q: [&[f64]; 2] = [&[3., 7e4], &[8e9, 2.]];
    let found = hummels_klenow(&[1e-3, 1e9], &[1e12, 1e3], Some(q)).unwrap();
    let product = found.price.unwrap() * found.quantity.unwrap();
    near(product / found.intensive.unwrap(), 1.0);
    // One quantity is not known: no split, and it is said.
    let found = hummels_klenow(&[6., 2.], &[8., 2.], Some([&[3., 0.], &[8., 2.]])).unwrap();
    assert_eq!((found.price, found.notes[0].code), (None, "without_quantity"));
    // The reference sells none of it: the intensive margin does not exist, the share does.
    let found = hummels_klenow(&[2., 0.], &[0., 4.], None).unwrap();
    assert_eq!((found.extensive, found.intensive, found.share), (0.0, None, 0.5));
    assert_eq!(found.notes[0].code, "without_reference");
}

#[test]
fn growth_by_old_and_new() {
    let cell = |product, market, before: f64, after: f64| GrowthCell {
        product,
        market,
        before,
        after,
        years_before: usize::from(before > 0.0),
        years_after: usize::from(after > 0.0),
    };
    let cells = [
        cell(0, 0, 10., 15.),
        cell(0, 1, 5., 0.),
        cell(1, 0, 4., 2.),
        cell(1, 1, 0., 3.),
        cell(0, 2, 0., 2.),
        cell(2, 0, 0., 1.),
        cell(2, 2, 0., 4.),
    ];
    let found = growth_by_cells(&cells, Survival::default()).unwrap();
    let changes: Vec<f64> = found.parts.iter().map(|p| p.change).collect();
    assert_eq!(changes, [5., -2., -5., 3., 2., 1., 4., 0.]);
    assert_eq!((found.old_old, found.before, found.after), (1.0, 19.0, 27.0));
    near(found.parts[0].points.unwrap(), 500.0 / 19.0);
    // A new cell must live for two years: those of one year are transient, and nothing is lost.
    let rule = Survival { before: 1, after: 2 };
    let mut cells = cells;
    cells[4].years_after = 2;
    let found = growth_by_cells(&cells, rule).unwrap();
    // The four old cells have no second year and count as ended.
    assert_eq!((found.old_new, found.transient, found.old_old), (2.0, 8.0, -2.0));
}

#[test]
fn market_share() {
    let cell = |product, market, own, world| ShareCell { product, market, own, world };
    let cells = [
        cell(0, 0, [10., 15.], [100., 150.]),
        cell(1, 0, [20., 21.], [60., 60.]),
        cell(1, 1, [10., 8.], [40., 50.]),
    ];
    // r = 60/200, r_0 = 0.5, r_1 = 0.1; r_10 = 0, r_11 = 0.25.
    let found = constant_market_share(&cells, Order::ProductFirst).unwrap();
    near(found.total.world_growth, 12.0);
    near(found.total.product_mix, 0.2 * 10. - 0.2 * 30.);
    near(found.total.market_mix, -0.1 * 20. + 0.15 * 10.);
    near(found.total.competitiveness, 0. + 1. - 4.5);
    // Market first: market 0 grows from 160 to 210, r = 0.3125; market 1 by 0.25.
    let found = constant_market_share(&cells, Order::MarketFirst).unwrap();
    near(found.total.market_mix, 0.0125 * 30. - 0.05 * 10.);
    near(found.total.product_mix, (0.5 - 0.3125) * 10. - 0.3125 * 20.);
    near(found.total.competitiveness, -3.5);
}

#[test]
fn potential() {
    let table = table();
    let world = Sums::of(&table).unwrap();
    let found = export_potential(&table, &world, 0, &Dynamics::default()).unwrap();
    // α = 8/11, 2/9. Market B: γ = 8, 2; Σ α γ = 64/11 + 4/9 = 620/99; β = 8 × 99/620.
    near(found.ease[1].unwrap(), 792. / 620.);
    near(found.cells[0].supply, 8. / 11.);
    near(found.cells[0].potential, 4608. / 620.);
    near(found.cells[1].potential, 352. / 620.);
    // Market C: γ = 2, 4; Σ α γ = 16/11 + 8/9 = 232/99; β = 2 × 99/232.
    near(found.cells[2].potential, 288. / 232.);
    near(found.cells[3].potential, 176. / 232.);
    near(found.unrealised, (4608. / 620. - 6.) + 176. / 232.);
    near(found.realised, 6. + 352. / 620. + 288. / 232.);
    // Factors multiply the potential and leave the core.
    let (supply, tariff) = ([1.0, 0.5], [1.0, 1.0, 2.0, 1.0, 1.0, 1.0]);
    let dynamics = Dynamics {
        supply_growth: Some(&supply),
        tariff_advantage: Some(&tariff),
        ..Dynamics::default()
    };
    let grown = export_potential(&table, &world, 0, &dynamics).unwrap();
    near(grown.cells[0].potential, 2. * 4608. / 620.);
    near(grown.cells[1].potential, 0.5 * 352. / 620.);
    near(grown.cells[1].core, 352. / 620.);
}

#[test]
fn new_products_in_order() {
    // RCA 2, 0, 0.5: products 1 and 2 are new.
    let phi = [1., 0.5, 0.2, 0.5, 1., 0.4, 0.2, 0.4, 1.];
    let demand = [0., 0., 0., 5., 10., 30.];
    let (found, _) =
        diversification(&[2., 0., 0.5], &phi, &[None, Some(0.5)], &demand, 1.0).unwrap();
    // d_1 = (2 × 0.5 + 0.5 × 0.4) / 0.9, demand 0.5 × 10; d_2 = 2 × 0.2 / 0.6, demand 0.5 × 30.
    assert_eq!((found[0].product, found[0].rank, found[1].product), (2, 1, 1));
    near(found[0].score, 0.4 / 0.6 * 15.);
    near(found[1].score, 1.2 / 0.9 * 5.);
}

#[test]
fn gravity_adds_up_to_what_is_traded() {
    let n = 4;
    let mut rows = Vec::new();
    let mut costs = vec![0.0; n * n];
    for i in 0..n {
        for j in (0..n).filter(|j| *j != i) {
            costs[i * n + j] = ((i * 3 + j * 2) % 5) as f64 / 3.0 + (i * j) as f64 / 7.0;
            rows.push(row(i, j, 0, (1 + (7 * i + 5 * j) % 11) as f64));
        }
    }
    let table = Bilateral::new(n, 1, &rows, &BilateralOptions::default()).unwrap();
    let cost = Regressor { name: "cost".into(), values: costs };
    let (fits, notes) = gravity_potential(&table, &[cost], Level::Total, &[]).unwrap();
    assert!(notes.is_empty());
    let pairs = table.pairs().unwrap();
    for i in 0..n {
        let sum = |get: &dyn Fn(usize) -> f64| (0..n).map(get).sum::<f64>();
        let fitted = |at: usize| fits[0].fitted[at].unwrap_or(0.0);
        let out = sum(&|j| fitted(i * n + j)) - sum(&|j| pairs.get(i, j));
        let into = sum(&|j| fitted(j * n + i)) - sum(&|j| pairs.get(j, i));
        // The first-order conditions, to the tolerance of the iteration.
        assert!(out.abs() < 1e-6 && into.abs() < 1e-6, "{out} {into}");
    }
}

#[test]
fn a_table_says_what_it_did_with_rows() {
    let options = BilateralOptions::default();
    let told =
        |rows: &[FlowRow], options| Bilateral::new(3, 2, rows, options).unwrap_err().to_string();
    assert!(told(&[row(0, 1, 0, -1.)], &options).contains("entry 0: -1"));
    assert!(told(&[row(0, 1, 0, f64::NAN)], &options).contains("NaN"));
    assert!(told(&[row(0, 3, 0, 1.)], &options).contains("row 0"));
    let twice = [row(0, 1, 0, 1.), row(0, 2, 0, 1.), row(0, 1, 0, 2.)];
    let text = told(&twice, &options);
    assert!(text.contains("row 2") && text.contains("row 0"), "{text}");
    let gap = [FlowRow { value: None, ..row(0, 1, 0, 0.) }];
    assert!(told(&gap, &options).contains("missing is not zero"));
    let options = BilateralOptions {
        duplicates: Duplicates::Sum,
        missing: Gap::Zero,
        ..BilateralOptions::default()
    };
    let rows = [&twice[..], &gap, &[row(1, 1, 0, 9.)]].concat();
    let table = Bilateral::new(3, 2, &rows, &options).unwrap();
    assert_eq!(table.of_pair(0, 1)[0].value, 3.0);
    let codes: Vec<(&str, usize)> = table.notes.iter().map(|n| (n.code, n.count)).collect();
    // The missing row is the third row of its cell.
    let expected = [("missing_as_zero", 1), ("duplicates_summed", 2), ("domestic_left_out", 1)];
    assert_eq!(codes, expected);
}

#[test]
fn refusals_name_the_denominator() {
    let undefined = |error: InputError, words: &str| {
        assert!(matches!(error, InputError::Undefined { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let pairs = Bilateral::new(3, 1, &[row(0, 1, 0, 1.)], &BilateralOptions::default()).unwrap();
    let square = pairs.pairs().unwrap();
    let ti = |s: usize, d: usize, w| trade_intensity(&square, &[s], &[d], w).unwrap_err();
    undefined(ti(1, 0, World::WithSource), "source exports nothing");
    undefined(ti(0, 2, World::WithSource), "nothing to the destination");
    undefined(ti(0, 1, World::WithoutSource), "world exports nothing");
    assert!(trade_intensity(&square, &[], &[1], World::WithSource).is_err());
    assert!(trade_intensity(&square, &[9], &[1], World::WithSource).is_err());
    undefined(complementarity(&[0.], &[1.]).unwrap_err(), "exports are zero");
    undefined(finger_kreinin(&[1.], &[0.]).unwrap_err(), "second exports are zero");
    undefined(grubel_lloyd(&[0.], &[0.]).unwrap_err(), "neither export nor import");
    undefined(marginal_intra_industry([&[1.]; 2], [&[1.]; 2]).unwrap_err(), "changed");
    undefined(market_penetration(&pairs, 1).unwrap_err(), "exports nothing");
    undefined(hummels_klenow(&[0.], &[1.], None).unwrap_err(), "exporter sells nothing");
    let cell = ShareCell { product: 0, market: 0, own: [0., 1.], world: [1., 1.] };
    undefined(constant_market_share(&[cell], Order::ProductFirst).unwrap_err(), "exporter sold");
    let sums = Sums::of(&pairs).unwrap();
    let found = export_potential(&pairs, &sums, 1, &Dynamics::default());
    undefined(found.unwrap_err(), "exports nothing");
    let wrong = Dynamics { supply_growth: Some(&[-1.0]), ..Dynamics::default() };
    assert!(export_potential(&pairs, &sums, 0, &wrong).is_err());
    let twice = GrowthCell {
        product: 0,
        market: 0,
        before: 1.,
        after: 1.,
        years_before: 1,
        years_after: 1,
    };
    assert!(growth_by_cells(&[twice, twice], Survival::default()).is_err());
    assert!(growth_by_cells(&[twice], Survival { before: 0, after: 1 }).is_err());
    assert!(growth_by_cells(&[], Survival::default()).is_err());
    assert!(gravity_potential(&pairs, &[], Level::Total, &[]).is_err());
}
