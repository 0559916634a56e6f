//! Lasso: by hand, against one page of coordinate descent, against the estimator without penalty,
//! properties, refusals.

#[path = "common/lasso.rs"]
mod harness;
#[path = "../examples/lasso_one_page.rs"]
#[allow(dead_code)]
mod one_page;

use emporion_model::estimate::design::{Design, Factor, Regressor};
use emporion_model::estimate::lasso::{
    Criterion, CrossValidation, LassoOptions, Penalty, PlugIn, lasso,
};
use emporion_model::estimate::lasso_folds::Folds;
use emporion_model::estimate::{Family, Options, Vcov, iceberg, ols, ppml};
use emporion_model::outcome::InputError;
use harness::{SAME, close, fit, given};

/// Two computations of one fit of ours.
const SELF: f64 = 1e-10;
/// Loadings have regressors absorbed under the last weights, errors under those one step earlier.
const LOADING: f64 = 1e-9;
/// Conditions of the minimum: rounding in sums of some hundred terms.
const KKT: f64 = 1e-11;

fn factor(name: &str, ids: &[usize]) -> Factor {
    Factor {
        name: name.into(),
        ids: ids.iter().map(|i| *i as u32).collect(),
        levels: ids.iter().max().unwrap() + 1,
    }
}

fn regressor(name: &str, values: &[f64]) -> Regressor {
    Regressor { name: name.into(), values: values.to_vec() }
}

/// Seven places, three years, six provisions, the first `effects` of three effects.
fn panel(effects: usize) -> Design {
    let (_, y, x, ids) = one_page::provision_panel(7, 6);
    let names = ["origin^year", "destination^year", "pair"];
    Design {
        outcome: "trade".into(),
        y,
        x: x.iter().enumerate().map(|(k, x)| regressor(&format!("provision_{k}"), x)).collect(),
        constant: true,
        effects: (0..effects).map(|q| factor(names[q], &ids[q])).collect(),
        clusters: vec![factor("pair", &ids[2])],
        ..Design::default()
    }
}

#[test]
fn one_page_gives_the_same() {
    for effects in [1, 2, 3] {
        let (_, y, x, ids) = one_page::provision_panel(7, 6);
        let design = panel(effects);
        let largest = fit(&design, &given(&[0.0], false)).lambda_max;
        let mut selected = Vec::new();
        for share in [0.0, 0.05, 0.2, 0.5, 0.8] {
            let found = fit(&design, &given(&[share * largest], false));
            let p = vec![found.lambda * found.total; 6];
            let page = one_page::lasso_one_page(&y, &x, &ids[..effects], &p);
            close(&found.coefficients, &page, SAME);
            let zeros = |b: &[f64]| b.iter().map(|b| *b == 0.0).collect::<Vec<_>>();
            assert_eq!(zeros(&found.coefficients), zeros(&page), "{effects} effects, {share}");
            selected.push(found.selected.len());
        }
        assert!(selected[0] == 6 && selected.is_sorted_by(|a, b| a >= b), "{selected:?}");
        assert!(selected.iter().any(|s| *s > 0 && *s < 6), "{selected:?}");
    }
}

#[test]
fn conditions_of_the_minimum_hold() {
    for standardise in [false, true] {
        let design = panel(3);
        let largest = fit(&design, &given(&[0.0], standardise)).lambda_max;
        let lambdas: Vec<f64> = (0..20).map(|i| largest * 0.7f64.powi(i)).collect();
        let found = fit(&design, &given(&lambdas, standardise));
        assert_eq!(found.path.len(), 20);
        for step in &found.path {
            assert!(step.kkt < KKT, "{standardise}: {} at {}", step.kkt, step.lambda);
            for j in 0..6 {
                let (s, p) = (step.scores[j], step.lambda * step.loadings[j]);
                let size = found.lambda_max * step.loadings[j];
                if step.coefficients[j] == 0.0 {
                    assert!(s.abs() <= p + KKT * size, "{s} {p}");
                } else {
                    let b = step.coefficients[j];
                    assert!((s - p * b.signum()).abs() <= 10.0 * KKT * size, "{s} {p}");
                }
            }
        }
    }
}

#[test]
fn no_penalty_is_the_plain_estimator_and_a_large_one_selects_nothing() {
    for standardise in [false, true] {
        let design = panel(3);
        let free = ppml(&design, &Options::default()).unwrap();
        let found = fit(&design, &given(&[0.0], standardise));
        close(&found.coefficients, &free.coefficients, SELF);
        close(&found.post.coefficients, &free.coefficients, SELF);
        let largest = found.lambda_max;
        let at = |share: f64| fit(&design, &given(&[share * largest], standardise));
        assert!(at(1.0 + 1e-9).selected.is_empty());
        assert!(at(1.0 + 1e-9).coefficients.iter().all(|b| *b == 0.0));
        assert_eq!(at(1.0 - 1e-6).selected.len(), 1);
        // Along a path and at once.
        let path = fit(&design, &given(&[largest, 0.5 * largest, 0.1 * largest], standardise));
        close(&path.coefficients, &at(0.1).coefficients, SELF);
    }
}

#[test]
fn least_squares_by_hand() {
    // Orthogonal columns with Σ x² / n = 1: soft thresholds of the coefficients 2, -1 and 1/2.
    let a = [1., 1., 1., 1., -1., -1., -1., -1.];
    let b = [1., 1., -1., -1., 1., 1., -1., -1.];
    let c = [1., -1., 1., -1., 1., -1., 1., -1.];
    let noise = [1., -1., -1., 1., -1., 1., 1., -1.];
    let y = (0..8).map(|i| 5.0 + 2.0 * a[i] - b[i] + 0.5 * c[i] + 0.1 * noise[i]).collect();
    let x = vec![regressor("a", &a), regressor("b", &b), regressor("c", &c)];
    let design = Design { outcome: "y".into(), y, x, constant: true, ..Design::default() };
    for standardise in [false, true] {
        let how = given(&[0.75], standardise);
        let all = [true; 3];
        let found = lasso(&design, &all, Family::Gaussian, &Options::default(), &how).unwrap();
        close(&found.coefficients, &[1.25, -0.25, 0.0], 1e-14);
        assert_eq!(found.selected, ["a", "b"]);
        assert!((found.lambda_max - 2.0).abs() < 1e-14);
        let (post, _) = found.post.coefficient("a").unwrap();
        assert!((post - 2.0).abs() < 1e-14);
        // What is free is not drawn: a stays 2, the others as before.
        let free = [false, true, true];
        let found = lasso(&design, &free, Family::Gaussian, &Options::default(), &how).unwrap();
        close(&found.coefficients, &[2.0, -0.25, 0.0], 1e-14);
        assert_eq!(found.loadings[0], 0.0);
    }
    let how = given(&[0.0], true);
    let found = lasso(&design, &[true; 3], Family::Gaussian, &Options::default(), &how).unwrap();
    let free = ols(&design, &Options::default()).unwrap();
    close(&found.coefficients, &free.coefficients[1..], 1e-13);
}

#[test]
fn order_and_unit_do_not_matter() {
    let design = panel(3);
    let how = given(&[0.02], true);
    let found = fit(&design, &how);
    let scaled = Design { y: design.y.iter().map(|y| 1e9 * y).collect(), ..design.clone() };
    close(&fit(&scaled, &how).coefficients, &found.coefficients, SELF);
    let mut turned = design.clone();
    turned.x.reverse();
    turned.y.reverse();
    turned.x.iter_mut().for_each(|x| x.values.reverse());
    turned.effects.iter_mut().for_each(|f| f.ids.reverse());
    let mut b = fit(&turned, &how).coefficients;
    b.reverse();
    close(&b, &found.coefficients, SELF);
    // A provision in other units is selected alike when standardised.
    let mut wide = design;
    wide.x[0].values.iter_mut().for_each(|v| *v *= 250.0);
    let b = fit(&wide, &how).coefficients;
    assert!((250.0 * b[0] - found.coefficients[0]).abs() < SELF);
    close(&b[1..], &found.coefficients[1..], SELF);
}

#[test]
fn the_plug_in_penalty_is_that_of_its_own_selection() {
    let design = panel(2);
    let how = LassoOptions { penalty: Penalty::PlugIn(PlugIn::default()), standardise: true };
    let found = fit(&design, &how);
    let plug_in = found.plug_in.as_ref().unwrap();
    assert_eq!(plug_in.rounds.last().unwrap().selected, found.selected);
    assert_eq!(plug_in.cluster.as_deref(), Some("pair"));
    assert!((plug_in.gamma - 0.1 / (found.n_used as f64).ln()).abs() < 1e-15);
    // λ T φ_j is c q times the clustered standard error of the score: with one regressor, of the
    // model with it, that is raw error × information.
    let lambda = plug_in.slack * (found.n_used as f64).sqrt() * plug_in.quantile / found.total;
    assert!((found.lambda / lambda - 1.0).abs() < 1e-14);
    assert!(found.kkt < KKT, "{}", found.kkt);
    // A more permissive probability selects no less.
    let loose = PlugIn { gamma: Some(0.9), slack: 0.3, ..PlugIn::default() };
    let more = fit(&design, &LassoOptions { penalty: Penalty::PlugIn(loose), standardise: true });
    assert!(more.selected.len() >= found.selected.len() && !more.selected.is_empty());
    // Errors of the model on the selected are those of the plain estimator.
    let options = Options { vcov: Vcov::Cluster, ..Options::default() };
    let all = vec![true; 6];
    let how = LassoOptions { penalty: Penalty::PlugIn(loose), standardise: true };
    let clustered = lasso(&design, &all, Family::Poisson, &options, &how).unwrap();
    let few = Design {
        x: design.x.iter().filter(|x| more.selected.contains(&x.name)).cloned().collect(),
        ..design
    };
    assert_eq!(clustered.post, ppml(&few, &options).unwrap());
}

#[test]
fn loadings_are_clustered_errors_of_scores() {
    // One penalised regressor: φ from the model with it, once it is selected.
    let mut design = panel(2);
    design.x.truncate(1);
    let loose = PlugIn { slack: 0.1, ..PlugIn::default() };
    let how = LassoOptions { penalty: Penalty::PlugIn(loose), standardise: true };
    let found = fit(&design, &how);
    assert_eq!(found.selected, ["provision_0"]);
    let options = Options { vcov: Vcov::Cluster, ..Options::default() };
    let raw =
        Options { small_sample: emporion_model::estimate::SmallSample::Raw, ..options.clone() };
    let iid = Options { vcov: Vcov::Iid, ..raw.clone() };
    let (clustered, plain) = (ppml(&design, &raw).unwrap(), ppml(&design, &iid).unwrap());
    // Raw clustered error = √(Σ_c s_c²) / information, information = 1 / iid error².
    let squares = clustered.standard_errors[0] / plain.covariance[0];
    let want = squares / (found.n_used as f64).sqrt();
    assert!((found.loadings[0] / want - 1.0).abs() < LOADING, "{} {want}", found.loadings[0]);
}

#[test]
fn collinear_provisions_are_named_and_free_regressors_stay() {
    let mut design = panel(3);
    design.x.push(regressor("twin", &design.x[2].values.clone()));
    design.x.push(regressor("of_origin", &vec![2.0; design.y.len()]));
    let mut penalised = vec![true; 8];
    penalised[4] = false;
    let options = Options::default();
    let found =
        lasso(&design, &penalised, Family::Poisson, &options, &given(&[1e3], true)).unwrap();
    let left_out: Vec<&str> = found.collinear.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(left_out, ["twin", "of_origin"]);
    assert_eq!(found.collinear[0].with, ["provision_2"]);
    assert_eq!(found.names[0], "provision_4");
    assert!(found.selected.is_empty());
    let mut alone = panel(3);
    alone.x = vec![alone.x.swap_remove(4)];
    let want = ppml(&alone, &options).unwrap().coefficients[0];
    assert!((found.coefficients[0] - want).abs() < SELF);
    assert!((found.post.coefficients[0] - want).abs() < SELF);
}

/// Rows with an agreement in folds by origin of the agreement, others never left out.
fn folds(count: usize) -> Folds {
    let (rows, _, x, _) = one_page::provision_panel(7, 6);
    let any = |at: usize| x.iter().any(|x| x[at] != 0.0);
    let of = |(at, row): (usize, &(usize, usize, usize))| any(at).then_some((row.0 % count) as u32);
    Folds::each(rows.iter().enumerate().map(of).collect())
}

#[test]
fn validation_is_prediction_of_rows_left_out() {
    let design = panel(3);
    let mut settings = CrossValidation::new(folds(4));
    settings.lambdas = vec![1.0, 0.01, 0.0];
    settings.criterion = Criterion::Deviance;
    let how =
        LassoOptions { penalty: Penalty::CrossValidated(settings.clone()), standardise: true };
    let found = fit(&design, &how);
    let validation = found.validation.as_ref().unwrap();
    assert_eq!(validation.folds, 4);
    // By hand: without penalty, the model without the fold's rows, effects scaled to the rest.
    let (_, y, x, ids) = one_page::provision_panel(7, 6);
    let (mut squares, mut count) = (0.0, 0);
    for fold in 0..4u32 {
        let inside: Vec<bool> = settings.folds.ids.iter().map(|f| *f == Some(fold)).collect();
        let rest: Vec<usize> = (0..y.len()).filter(|i| !inside[*i]).collect();
        let pick = |v: &[f64]| -> Vec<f64> { rest.iter().map(|i| v[*i]).collect() };
        let some = Design {
            y: pick(&y),
            x: design.x.iter().map(|x| regressor(&x.name, &pick(&x.values))).collect(),
            effects: ids
                .iter()
                .enumerate()
                .map(|(q, ids)| {
                    let ids: Vec<usize> = rest.iter().map(|i| ids[*i]).collect();
                    factor(&format!("f{q}"), &ids)
                })
                .collect(),
            clusters: Vec::new(),
            ..design.clone()
        };
        let fitted = ppml(&some, &Options::default()).unwrap();
        let linear = |i: usize| -> f64 {
            let of = |(n, b): (&String, &f64)| {
                let k = design.x.iter().position(|x| x.name == *n).unwrap();
                b * x[k][i]
            };
            fitted.names.iter().zip(&fitted.coefficients).map(of).sum()
        };
        let mut scale: Vec<Vec<f64>> =
            ids.iter().map(|ids| vec![1.0; ids.iter().max().unwrap() + 1]).collect();
        let mean = |scale: &[Vec<f64>], i: usize| -> f64 {
            linear(i).exp() * (0..3).map(|q| scale[q][ids[q][i]]).product::<f64>()
        };
        for _ in 0..3000 {
            for q in 0..3 {
                let (mut want, mut have) = (vec![0.0; scale[q].len()], vec![0.0; scale[q].len()]);
                for i in &rest {
                    want[ids[q][*i]] += y[*i];
                    have[ids[q][*i]] += mean(&scale, *i);
                }
                for g in 0..want.len() {
                    let ratio = if want[g] > 0.0 { want[g] / have[g] } else { 0.0 };
                    scale[q][g] *= ratio;
                }
            }
        }
        for i in (0..y.len()).filter(|i| inside[*i]) {
            let known = (0..3).all(|q| rest.iter().any(|r| ids[q][*r] == ids[q][i]));
            if known {
                squares += (y[i] - mean(&scale, i)).powi(2);
                count += 1;
            }
        }
    }
    assert_eq!(validation.rows, count);
    let want = (squares / count as f64).sqrt();
    let got = validation.scores[2].rmse;
    assert!((got / want - 1.0).abs() < 1e-6, "{got} {want}");
    assert!(validation.scores.iter().all(|s| s.rmse.is_finite() && s.deviance.is_finite()));
    let least = validation.scores.iter().map(|s| s.deviance).fold(f64::INFINITY, f64::min);
    let best = validation.scores.iter().find(|s| s.deviance == least).unwrap();
    assert_eq!(found.lambda, best.lambda);
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let design = panel(3);
    let settings = CrossValidation { grid: 6, ..CrossValidation::new(folds(3)) };
    let how = LassoOptions { penalty: Penalty::CrossValidated(settings), standardise: true };
    let run = |threads: usize| {
        let pool = rayon_pool(threads);
        pool.install(|| serde_json::to_string(&fit(&design, &how)).unwrap())
    };
    assert_eq!(run(1), run(3));
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn folds_are_dealt_by_seed_and_evenly() {
    let levels: Vec<Option<u32>> = (0..40).map(|i| (i % 3 != 0).then_some(i / 2)).collect();
    let (a, b) = (Folds::dealt(&levels, 4, 1), Folds::dealt(&levels, 4, 2));
    assert_eq!(a, Folds::dealt(&levels, 4, 1));
    assert_ne!(a, b);
    assert_eq!(a.count(), 4);
    for (level, fold) in levels.iter().zip(&a.ids) {
        assert_eq!(level.is_some(), fold.is_some());
    }
    for (i, j) in (0..40).flat_map(|i| (0..40).map(move |j| (i, j))) {
        if levels[i].is_some() && levels[i] == levels[j] {
            assert_eq!(a.ids[i], a.ids[j]);
        }
    }
}

#[test]
fn an_iceberg_holds_what_goes_with_its_tip() {
    // b is a but for one row, c is noise: with a selected, b is below.
    let n = 40;
    let row = |f: &dyn Fn(usize) -> bool| -> Vec<f64> {
        (0..n).map(|i| f64::from(u8::from(f(i)))).collect()
    };
    let a = row(&|i| i % 2 == 0);
    let b = row(&|i| i % 2 == 0 && i != 4);
    let c = row(&|i| i % 4 < 2);
    let d = row(&|i| i % 20 != 19);
    let y = (0..n).map(|i| (1.0 + a[i]).exp() * (1.0 + 0.01 * (i % 7) as f64)).collect();
    let x = vec![regressor("a", &a), regressor("b", &b), regressor("c", &c), regressor("d", &d)];
    let design = Design { outcome: "y".into(), y, x, constant: true, ..Design::default() };
    let all = vec![true; 4];
    let how = LassoOptions::default();
    let options = Options::default();
    let found = lasso(&design, &all, Family::Poisson, &options, &how).unwrap();
    assert_eq!(found.selected, ["a"]);
    let found = iceberg(&design, &all, &found, &options, &PlugIn::default()).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].tip.as_str(), found[0].rows), ("a", 38));
    let below: Vec<&str> = found[0].below.iter().map(|b| b.name.as_str()).collect();
    assert_eq!(below, ["b"]);
    assert!(found[0].below[0].correlation > 0.9 && found[0].below[0].coefficient > 0.5);
}

#[test]
fn refusals() {
    let design = panel(3);
    let options = Options::default();
    let all = vec![true; 6];
    let try_with = |design: &Design, penalised: &[bool], penalty: Penalty| {
        let how = LassoOptions { penalty, standardise: true };
        lasso(design, penalised, Family::Poisson, &options, &how).unwrap_err()
    };
    let setting = |error: InputError, name: &str| match error {
        InputError::Setting { what, .. } => assert!(what.contains(name), "{what}"),
        other => panic!("{other}"),
    };
    let given = |l: f64| Penalty::Given(vec![l]);
    setting(try_with(&design, &all, given(-0.1)), "lambda");
    setting(try_with(&design, &all, given(f64::NAN)), "lambda");
    let none = try_with(&design, &[false; 6], given(1.0));
    assert!(matches!(none, InputError::Empty { ref what, .. } if what == "penalised regressors"));
    assert!(matches!(try_with(&design, &[true; 2], given(1.0)), InputError::Length { .. }));
    assert!(matches!(try_with(&design, &all, Penalty::Given(vec![])), InputError::Empty { .. }));
    let gamma = PlugIn { gamma: Some(1.0), ..PlugIn::default() };
    setting(try_with(&design, &all, Penalty::PlugIn(gamma)), "gamma");
    let slack = PlugIn { slack: 0.0, ..PlugIn::default() };
    setting(try_with(&design, &all, Penalty::PlugIn(slack)), "slack");
    let two_ways = Design { clusters: design.effects[..2].to_vec(), ..design.clone() };
    setting(try_with(&two_ways, &all, Penalty::PlugIn(PlugIn::default())), "clusters");
    let one = CrossValidation::new(Folds::each(vec![Some(0); design.y.len()]));
    setting(try_with(&design, &all, Penalty::CrossValidated(one)), "folds");
    let short = CrossValidation::new(Folds::each(vec![Some(0)]));
    let short = try_with(&design, &all, Penalty::CrossValidated(short));
    assert!(matches!(short, InputError::Length { .. }));
    // Folds by pair leave no row of the pair to find its effect from.
    let pairs = Folds::each(design.effects[2].ids.iter().map(|i| Some(i % 42)).collect());
    let hopeless = try_with(&design, &all, Penalty::CrossValidated(CrossValidation::new(pairs)));
    assert!(matches!(hopeless, InputError::Undefined { .. }), "{hopeless}");
    let mut absorbed = panel(3);
    absorbed.x.iter_mut().for_each(|x| x.values.fill(3.0));
    assert!(matches!(try_with(&absorbed, &all, given(1.0)), InputError::Empty { .. }));
    let bare = Design { effects: Vec::new(), constant: false, ..design };
    assert!(matches!(try_with(&bare, &all, given(1.0)), InputError::Empty { .. }));
}
