//! Estimates: two roads to one answer, properties, refusals.

#[path = "../examples/ppml_one_page.rs"]
#[allow(dead_code)]
mod one_page;

use emporion_model::estimate::design::{Design, Factor, Regressor, Slope};
use emporion_model::estimate::{Options, Road, SmallSample, Vcov, ols, ppml};
use emporion_model::outcome::{InputError, Status};
use proptest::prelude::*;

/// Two ways to the same maximum, both converged to 1e-12 in b.
const SAME: f64 = 1e-10;

fn factor(name: &str, ids: &[usize]) -> Factor {
    Factor {
        name: name.into(),
        ids: ids.iter().map(|i| *i as u32).collect(),
        levels: ids.iter().max().unwrap() + 1,
    }
}

fn regressor(name: &str, values: Vec<f64>) -> Regressor {
    Regressor { name: name.into(), values }
}

/// The panel of the one-page example as a design with its first `effects` effects.
fn panel(n: usize, effects: usize) -> Design {
    let (y, mut x, ids) = one_page::small_panel(n);
    let names = ["origin^year", "destination^year", "pair"];
    Design {
        outcome: "trade".into(),
        y,
        x: vec![
            regressor("agreement", std::mem::take(&mut x[0])),
            regressor("tariff", std::mem::take(&mut x[1])),
        ],
        constant: true,
        effects: (0..effects).map(|q| factor(names[q], &ids[q])).collect(),
        clusters: vec![factor("pair", &ids[2])],
        ..Design::default()
    }
}

fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= tolerance * w.abs().max(1e-300), "{got:?} for {want:?}");
    }
}

#[test]
fn the_one_page_twin_agrees() {
    let (y, x, ids) = one_page::small_panel(6);
    for effects in 1..=2 {
        let slow = one_page::ppml_one_page(&y, &x, &ids[..effects]);
        let options = Options { keep_singletons: true, ..Options::default() };
        let fit = ppml(&panel(6, effects), &options).unwrap();
        assert_eq!(fit.status, Status::Converged);
        close(&fit.coefficients, &slow, SAME);
    }
}

#[test]
fn few_places_with_many_products_go_both_roads() {
    for (places, products) in [(7, 50), (10, 20)] {
        let one = panel(places, 3);
        // Products that differ in level and in a regressor of their own.
        let level = |i: usize| 1.0 + 0.1 * (i * i % 17) as f64;
        let n = one.y.len();
        let times = |v: &[f64]| (0..n * products).map(|i| v[i % n] * level(i)).collect();
        let again = |f: &Factor| Factor { ids: f.ids.repeat(products), ..f.clone() };
        let design = Design {
            y: times(&one.y),
            x: one.x.iter().map(|x| regressor(&x.name, times(&x.values))).collect(),
            effects: one.effects.iter().map(again).collect(),
            ..Design::default()
        };
        let fit = |road| ppml(&design, &Options { road, ..Options::default() }).unwrap();
        let [chosen, dense, sparse] = [Road::Auto, Road::Dense, Road::Sparse].map(fit);
        for fit in [&chosen, &dense, &sparse] {
            assert_eq!(fit.status, Status::Converged, "{}", fit.road_reason);
        }
        close(&chosen.coefficients, &sparse.coefficients, SAME);
        close(&dense.coefficients, &sparse.coefficients, SAME);
    }
}

#[test]
fn dummies_as_regressors_agree_with_absorbing() {
    // The same model by another road: one effect absorbed, the other written as dummies.
    let absorbed = panel(5, 2);
    let mut written = panel(5, 1);
    let second = &absorbed.effects[1];
    for level in 1..second.levels {
        let dummy = |id: &u32| f64::from(u8::from(*id as usize == level));
        written.x.push(regressor(&level.to_string(), second.ids.iter().map(dummy).collect()));
    }
    for vcov in [Vcov::Iid, Vcov::Robust, Vcov::Cluster] {
        let options = Options { vcov, small_sample: SmallSample::Raw, ..Options::default() };
        for estimator in [ppml, ols] {
            let a = estimator(&absorbed, &options).unwrap();
            let b = estimator(&written, &options).unwrap();
            close(&a.coefficients, &b.coefficients[..2], SAME);
            close(&a.standard_errors, &b.standard_errors[..2], 1e-8);
            close(&a.fitted, &b.fitted, 1e-8);
        }
    }
}

#[test]
fn fitted_values_have_the_margins_of_the_data() {
    for effects in 1..=3 {
        let design = panel(6, effects);
        let fit = ppml(&design, &Options::default()).unwrap();
        for f in &design.effects {
            let (mut data, mut model) = (vec![0.0; f.levels], vec![0.0; f.levels]);
            for i in 0..design.y.len() {
                // Singletons are fitted exactly but not listed among the fitted values.
                let fitted = if fit.fitted[i].is_nan() { design.y[i] } else { fit.fitted[i] };
                data[f.ids[i] as usize] += design.y[i];
                model[f.ids[i] as usize] += fitted;
            }
            for (d, m) in data.iter().zip(&model) {
                assert!((d - m).abs() < 1e-8 * d.max(1.0), "{}: {d} {m}", f.name);
            }
        }
    }
}

#[test]
fn models_without_regressors_work() {
    // With two effects the fitted values of a full table are the products of its margins.
    let y = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let design = Design {
        outcome: "y".into(),
        y: y.clone(),
        effects: vec![factor("row", &[0, 0, 0, 1, 1, 1]), factor("column", &[0, 1, 2, 0, 1, 2])],
        ..Design::default()
    };
    let fit = ppml(&design, &Options::default()).unwrap();
    assert_eq!(fit.status, Status::Converged);
    assert!(fit.coefficients.is_empty() && fit.covariance.is_empty());
    let want = [6.0 * 5.0, 6.0 * 7.0, 6.0 * 9.0, 15.0 * 5.0, 15.0 * 7.0, 15.0 * 9.0];
    close(&fit.fitted, &want.map(|v| v / 21.0), 1e-12);

    let fit = ols(&design, &Options::default()).unwrap();
    close(&fit.fitted, &y, 1e-12);
    let constant = Design { constant: true, effects: Vec::new(), ..design };
    let fit = ols(&constant, &Options { vcov: Vcov::Iid, ..Options::default() }).unwrap();
    // The mean 3.5 and its standard error, √(17.5 / 5 / 6), known by hand.
    close(&fit.coefficients, &[3.5], 1e-14);
    close(&fit.standard_errors, &[(17.5f64 / 30.0).sqrt()], 1e-14);
    let fit = ppml(&constant, &Options::default()).unwrap();
    close(&fit.coefficients, &[3.5f64.ln()], 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_unit_of_the_outcome_does_not_matter(exponent in -12i32..=15) {
        let scale = 10f64.powi(exponent);
        let options = Options { vcov: Vcov::Cluster, ..Options::default() };
        let base = ppml(&panel(5, 2), &options).unwrap();
        let mut scaled = panel(5, 2);
        scaled.y.iter_mut().for_each(|v| *v *= scale);
        let fit = ppml(&scaled, &options).unwrap();
        prop_assert_eq!(fit.status, Status::Converged);
        close(&fit.coefficients, &base.coefficients, 1e-10);
        close(&fit.standard_errors, &base.standard_errors, 1e-8);
        // Under iid errors the variance has the unit of 1/y.
        let iid = Options { vcov: Vcov::Iid, ..options };
        let (a, b) = (ppml(&panel(5, 2), &iid).unwrap(), ppml(&scaled, &iid).unwrap());
        let se: Vec<f64> = a.standard_errors.iter().map(|s| s / scale.sqrt()).collect();
        close(&b.standard_errors, &se, 1e-8);
    }

    #[test]
    fn order_and_labels_of_rows_do_not_matter(multiplier in 1usize..60, shift in 0usize..60) {
        let design = panel(5, 3);
        let n = design.y.len();
        // Multiplying by a number coprime to n = 60 is a permutation.
        let multiplier = [1, 7, 11, 13, 17, 19, 23, 29, 31, 37][multiplier % 10];
        let order: Vec<usize> = (0..n).map(|i| (i * multiplier + shift) % n).collect();
        let pick = |v: &[f64]| order.iter().map(|i| v[*i]).collect::<Vec<f64>>();
        let relabel = |f: &Factor| Factor {
            name: f.name.clone(),
            ids: order.iter().map(|i| f.levels as u32 + 1 - f.ids[*i]).collect(),
            levels: f.levels + 2,
        };
        let moved = Design {
            y: pick(&design.y),
            x: design.x.iter().map(|x| regressor(&x.name, pick(&x.values))).collect(),
            effects: design.effects.iter().map(relabel).collect(),
            clusters: design.clusters.iter().map(relabel).collect(),
            ..design.clone()
        };
        let options = Options { vcov: Vcov::Cluster, ..Options::default() };
        let (a, b) = (ppml(&design, &options).unwrap(), ppml(&moved, &options).unwrap());
        prop_assert_eq!(a.n_used, b.n_used);
        close(&b.coefficients, &a.coefficients, 1e-10);
        close(&b.standard_errors, &a.standard_errors, 1e-8);
    }

    #[test]
    fn both_searches_for_separated_rows_agree(
        rows in proptest::collection::vec((0usize..6, 0usize..6, 0u8..4, -2i8..3), 30..60)
    ) {
        // Three rows in four are zeros, so that separation by effects, by the regressor and by both
        // together is common.
        let (a, b): (Vec<usize>, Vec<usize>) = rows.iter().map(|r| (r.0, r.1)).unzip();
        let y: Vec<f64> =
            rows.iter().enumerate().map(|(i, r)| if r.2 == 0 { 1.0 + (i % 5) as f64 } else { 0.0 }).collect();
        prop_assume!(y.iter().any(|v| *v > 0.0));
        let design = Design {
            outcome: "y".into(),
            y,
            x: vec![
                regressor("x", rows.iter().map(|r| f64::from(r.3.max(0))).collect()),
                regressor("z", rows.iter().enumerate().map(|(i, r)| f64::from(r.3) * (i % 3) as f64).collect()),
            ],
            effects: vec![factor("a", &a), factor("b", &b)],
            ..Design::default()
        };
        let search = |exact_search| {
            let options =
                Options { exact_search, keep_singletons: true, ..Options::default() };
            ppml(&design, &options).unwrap()
        };
        let (exact, by_fit) = (search(3e8), search(0.0));
        prop_assert_eq!(exact.status, Status::Converged);
        prop_assert_eq!(by_fit.status, Status::Converged);
        prop_assert_eq!(&exact.rows, &by_fit.rows);
        prop_assert_eq!(&exact.names, &by_fit.names);
        for (p, q) in exact.coefficients.iter().zip(&by_fit.coefficients) {
            prop_assert!((p - q).abs() < 1e-8 * p.abs().max(1.0));
        }
        // The score is zero on the rows that stayed, which proves that none of them is separated.
        for x in &design.x {
            let score: f64 =
                exact.rows.iter().map(|i| (design.y[*i] - exact.fitted[*i]) * x.values[*i]).sum();
            prop_assert!(score.abs() < 1e-8 * design.y.iter().sum::<f64>(), "score {score}");
        }
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(row in 0usize..60) {
        let mut weighted = panel(5, 2);
        let n = weighted.y.len();
        let row = row % n;
        let mut doubled = weighted.clone();
        weighted.weights = Some((0..n).map(|i| if i == row { 2.0 } else { 1.0 }).collect());
        doubled.y.push(doubled.y[row]);
        doubled.x.iter_mut().for_each(|x| x.values.push(x.values[row]));
        for f in doubled.effects.iter_mut().chain(&mut doubled.clusters) {
            f.ids.push(f.ids[row]);
        }
        let options =
            Options { vcov: Vcov::Cluster, small_sample: SmallSample::Raw, ..Options::default() };
        for estimator in [ppml, ols] {
            let a = estimator(&weighted, &options).unwrap();
            let b = estimator(&doubled, &options).unwrap();
            close(&a.coefficients, &b.coefficients, 1e-9);
            close(&a.standard_errors, &b.standard_errors, 1e-7);
        }
    }
}

#[test]
fn an_offset_takes_over_a_known_part() {
    let design = panel(6, 2);
    let base = ppml(&design, &Options::default()).unwrap();
    let mut fixed = design.clone();
    let tariff = fixed.x.pop().unwrap();
    let known = base.coefficients[1];
    fixed.offset = Some(tariff.values.iter().map(|v| v * known).collect());
    let fit = ppml(&fixed, &Options::default()).unwrap();
    close(&fit.coefficients, &base.coefficients[..1], SAME);
    close(&fit.fitted, &base.fitted, 1e-9);
}

#[test]
fn collinear_columns_are_named_with_what_absorbs_them() {
    let mut design = panel(6, 2);
    let origin: Vec<f64> = design.effects[0].ids.iter().map(|id| f64::from(*id)).collect();
    let both: Vec<f64> = std::iter::zip(&origin, &design.effects[1].ids)
        .map(|(a, b)| a.sqrt() + f64::from(*b).powi(2))
        .collect();
    let twice: Vec<f64> = std::iter::zip(&design.x[0].values, &design.x[1].values)
        .map(|(a, b)| 2.0 * a - b)
        .collect();
    design.x.insert(0, regressor("size", origin));
    design.x.push(regressor("twice", twice));
    design.x.push(regressor("both", both));
    design.x.push(regressor("nothing", vec![0.0; design.y.len()]));
    for estimator in [ppml, ols] {
        let fit = estimator(&design, &Options::default()).unwrap();
        assert_eq!(fit.names, ["agreement", "tariff"]);
        let with: Vec<(&str, Vec<&str>)> = fit
            .collinear
            .iter()
            .map(|c| (c.name.as_str(), c.with.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            with,
            [
                ("size", vec!["origin^year"]),
                ("twice", vec!["agreement", "tariff"]),
                ("both", vec!["origin^year", "destination^year"]),
                ("nothing", vec!["zero"]),
            ]
        );
        assert_eq!(fit.notes.iter().filter(|n| n.code == "collinear").count(), 4);
    }
    // Without effects the constant is what reproduces a column of threes.
    let mut plain = panel(6, 0);
    plain.x.push(regressor("three", vec![3.0; plain.y.len()]));
    let fit = ppml(&plain, &Options::default()).unwrap();
    assert_eq!(fit.names, ["(Intercept)", "agreement", "tariff"]);
    assert_eq!(fit.collinear[0].with, ["(Intercept)"]);
}

#[test]
fn a_column_that_only_varies_on_separated_rows_goes_with_them() {
    // `mark` is one on a single zero: it separates that row, and without it is constant.
    let mut design = panel(6, 2);
    let row = design.y.iter().position(|v| *v == 0.0).unwrap();
    let n = design.y.len();
    design.x.push(regressor("mark", (0..n).map(|i| f64::from(u8::from(i == row))).collect()));
    for exact_search in [3e8, 0.0] {
        let options = Options { exact_search, ..Options::default() };
        let fit = ppml(&design, &options).unwrap();
        assert_eq!(fit.dropped.separated_by_regressors, 1);
        assert_eq!(fit.fitted[row], 0.0);
        assert_eq!(fit.collinear[0].name, "mark");
        let proof = fit.certificate.unwrap();
        assert!(proof.margin > 0.9 && proof.residual < 1e-9, "{proof:?}");
        let note = fit.notes.iter().find(|n| n.code == "separated_by_regressors").unwrap();
        assert_eq!(note.rows, [row]);
        let mut without = panel(6, 2);
        without.weights = Some((0..n).map(|i| f64::from(u8::from(i != row))).collect());
        let plain = ppml(&without, &Options::default()).unwrap();
        close(&fit.coefficients, &plain.coefficients, SAME);
        assert_eq!(plain.dropped.zero_weight, 1);
        assert!(plain.fitted[row].is_nan());
    }
}

#[test]
fn separation_left_in_is_not_called_an_estimate() {
    // x is one on two zeros only: its coefficient runs off to minus infinity.
    let design = Design {
        outcome: "y".into(),
        y: vec![1.0, 2.0, 3.0, 0.0, 0.0, 0.0],
        x: vec![regressor("x", vec![0.0, 0.0, 0.0, 0.0, 1.0, 1.0])],
        constant: true,
        ..Design::default()
    };
    let options = Options { separation: false, ..Options::default() };
    let fit = ppml(&design, &options).unwrap();
    assert_eq!(fit.status, Status::NotIdentified);
    let note = fit.notes.iter().find(|n| n.code == "separation_undecided").unwrap();
    assert_eq!(note.rows, [4, 5]);
    let fit = ppml(&design, &Options::default()).unwrap();
    assert_eq!(fit.status, Status::Converged);
    assert_eq!((fit.dropped.separated_by_regressors, fit.n_used), (2, 4));
    assert_eq!(fit.collinear[0].with, ["zero"]);
    close(&fit.coefficients, &[1.5f64.ln()], 1e-12);
}

#[test]
fn a_step_limit_is_not_called_converged() {
    let options = Options { max_iterations: 2, ..Options::default() };
    let fit = ppml(&panel(6, 2), &options).unwrap();
    assert_eq!(fit.status, Status::MaxIterations);
    assert!(fit.gradient_norm > options.tolerance);
    // The dense road solves so small a panel at once.
    let options = Options { max_absorb_iterations: 1, road: Road::Sparse, ..Options::default() };
    let fit = ols(&panel(6, 3), &options).unwrap();
    assert_eq!(fit.status, Status::NoProgress);
    assert!(fit.absorb_residual > options.absorb_tolerance());
}

#[test]
fn a_perfect_fit_is_said_to_be_one() {
    let x = vec![0.0, 1.0, 2.0, 3.0, 4.0];
    let mut design = Design {
        outcome: "y".into(),
        y: x.iter().map(|v| 1.0 + 2.0 * v).collect(),
        x: vec![regressor("x", x.clone())],
        constant: true,
        ..Design::default()
    };
    let fit = ols(&design, &Options::default()).unwrap();
    close(&fit.coefficients, &[1.0, 2.0], 1e-13);
    assert!(fit.notes.iter().any(|n| n.code == "perfect_fit"));
    assert!(fit.standard_errors.iter().all(|se| se.is_nan()));
    design.y = x.iter().map(|v| (1.0 + 0.5 * v).exp()).collect();
    let fit = ppml(&design, &Options::default()).unwrap();
    close(&fit.coefficients, &[1.0, 0.5], 1e-12);
    assert_eq!(fit.status, Status::Converged);
    assert!(fit.notes.iter().any(|n| n.code == "perfect_fit"));
}

/// The two zeros of the first level have slope variables 1 and 2 and its positive rows 0: the slope of
/// that level alone drives their fitted values to zero.
#[test]
fn a_slope_by_level_separates_too() {
    let level = factor("f", &[0, 0, 0, 0, 1, 1, 1, 1]);
    let trend = regressor("trend", vec![0.0, 0.0, 1.0, 2.0, 1.0, 2.0, 3.0, 1.5]);
    let design = Design {
        outcome: "y".into(),
        y: vec![1.0, 2.0, 0.0, 0.0, 1.0, 3.0, 2.0, 5.0],
        x: vec![regressor("x", vec![0.3, 0.9, 0.5, 0.2, 0.1, 0.4, 0.8, 0.7])],
        effects: vec![level.clone()],
        slopes: vec![Slope { factor: level, variable: trend }],
        ..Design::default()
    };
    // Exactly, and by the rectifier on the rows that the fit shows.
    for exact_search in [3e8, 0.0] {
        let fit = ppml(&design, &Options { exact_search, ..Options::default() }).unwrap();
        assert_eq!((fit.status, fit.n_used), (Status::Converged, 6), "{:?}", fit.notes);
        assert_eq!((fit.fitted[2], fit.fitted[3]), (0.0, 0.0));
        assert_eq!(fit.dropped.separated_by_regressors, 2);
        assert!(fit.certificate.is_some());
    }
}

#[test]
fn one_cluster_per_row_is_robust() {
    let mut design = panel(6, 2);
    design.clusters = vec![factor("row", &(0..design.y.len()).collect::<Vec<_>>())];
    let raw = |vcov| Options { vcov, small_sample: SmallSample::Raw, ..Options::default() };
    for estimator in [ppml, ols] {
        let a = estimator(&design, &raw(Vcov::Cluster)).unwrap();
        let b = estimator(&design, &raw(Vcov::Robust)).unwrap();
        close(&a.standard_errors, &b.standard_errors, 1e-13);
        // The same clusters twice: V + V - V.
        let mut twice = design.clone();
        twice.clusters.push(design.clusters[0].clone());
        let c = estimator(&twice, &raw(Vcov::Cluster)).unwrap();
        close(&c.standard_errors, &a.standard_errors, 1e-13);
    }
}

#[test]
fn few_clusters_and_saturation_are_noted() {
    let mut design = panel(6, 2);
    let year: Vec<usize> = design.effects[0].ids.iter().map(|id| *id as usize / 6).collect();
    design.clusters = vec![factor("year", &year)];
    let options = Options { vcov: Vcov::Cluster, ..Options::default() };
    let fit = ppml(&design, &options).unwrap();
    assert!(fit.notes.iter().any(|n| n.code == "few_clusters" && n.count == 3));
    assert_eq!(fit.clusters, [("year".to_owned(), 3)]);

    let saturated = Design {
        outcome: "y".into(),
        y: vec![1.0, 2.0],
        x: vec![regressor("x", vec![0.0, 1.0])],
        constant: true,
        ..Design::default()
    };
    let fit = ppml(&saturated, &Options::default()).unwrap();
    assert!(fit.standard_errors.iter().all(|s| s.is_nan()));
    assert!(fit.notes.iter().any(|n| n.code == "saturated"));
}

#[test]
fn stata_factors_are_the_documented_ones() {
    let design = panel(6, 2);
    let fit = |vcov, small_sample| {
        ppml(&design, &Options { vcov, small_sample, ..Options::default() }).unwrap()
    };
    let raw = fit(Vcov::Robust, SmallSample::Raw);
    let n = raw.n_used as f64;
    let want: Vec<f64> = raw.standard_errors.iter().map(|s| s * (n / (n - 1.0)).sqrt()).collect();
    close(&fit(Vcov::Robust, SmallSample::Stata).standard_errors, &want, 1e-14);
    let raw = fit(Vcov::Cluster, SmallSample::Raw);
    let g = raw.clusters[0].1 as f64;
    let want: Vec<f64> = raw.standard_errors.iter().map(|s| s * (g / (g - 1.0)).sqrt()).collect();
    close(&fit(Vcov::Cluster, SmallSample::Stata).standard_errors, &want, 1e-14);
    let (low, high) = raw.intervals(0.95)[0];
    close(
        &[low, high],
        &[-1.0, 1.0]
            .map(|s: f64| raw.coefficients[0] + s * 1.959_963_984_540_054 * raw.standard_errors[0]),
        1e-12,
    );
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let design = panel(8, 3);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ppml(&design, &Options::default()).unwrap())
    };
    let (a, b) = (with(1), with(3));
    assert_eq!(a.coefficients, b.coefficients);
    assert_eq!(a.covariance, b.covariance);
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    let options = Options::default();
    let refused = |change: &dyn Fn(&mut Design)| {
        let mut design = panel(5, 2);
        change(&mut design);
        ppml(&design, &options).unwrap_err()
    };
    let value = |error: InputError, place: &str, at: usize| {
        let InputError::Value { what, index, remedy, .. } = error else { panic!("{error}") };
        assert!(what.contains(place) && index == at && !remedy.is_empty(), "{what} {index}");
    };
    value(refused(&|d| d.y[7] = -1.0), "trade", 7);
    value(refused(&|d| d.y[3] = f64::NAN), "trade", 3);
    value(refused(&|d| d.x[1].values[4] = f64::INFINITY), "tariff", 4);
    value(refused(&|d| d.weights = Some(vec![-1.0; 60])), "weights", 0);
    value(refused(&|d| d.offset = Some(vec![f64::NAN; 60])), "offset", 0);
    let length = refused(&|d| d.x[0].values.truncate(3));
    assert!(matches!(length, InputError::Length { got: 3, .. }), "{length}");
    let length = refused(&|d| d.effects[1].ids.truncate(3));
    assert!(matches!(length, InputError::Length { got: 3, .. }), "{length}");
    let beyond = refused(&|d| d.effects[0].levels = 2);
    assert!(matches!(beyond, InputError::Setting { .. }), "{beyond}");
    for empty in [
        refused(&|d| d.y.fill(0.0)),
        refused(&|d| d.weights = Some(vec![0.0; 60])),
        refused(&|d| *d = Design::default()),
        refused(&|d| {
            d.x.clear();
            d.effects.clear();
            d.constant = false;
        }),
        refused(&|d| d.effects[0] = factor("row", &(0..60).collect::<Vec<_>>())),
    ] {
        assert!(matches!(empty, InputError::Empty { .. }), "{empty}");
    }
    let mut design = panel(5, 2);
    design.clusters.clear();
    let options = Options { vcov: Vcov::Cluster, ..Options::default() };
    assert!(matches!(ppml(&design, &options), Err(InputError::Setting { .. })));
    let options = Options { tolerance: 0.0, ..Options::default() };
    assert!(matches!(ols(&panel(5, 2), &options), Err(InputError::Setting { .. })));
    let clusters = vec![panel(5, 2).clusters[0].clone(); 9];
    let design = Design { clusters, ..panel(5, 2) };
    assert!(matches!(ols(&design, &Options::default()), Err(InputError::Setting { .. })));
    // Least squares takes negative outcomes.
    let mut design = panel(5, 2);
    design.y[7] = -1.0;
    assert_eq!(ols(&design, &Options::default()).unwrap().status, Status::Converged);
}
