//! After a fit: effects, predictions, margins, residuals.

#[path = "../examples/ppml_one_page.rs"]
#[allow(dead_code)]
mod one_page;

use emporion_model::estimate::design::{Design, Factor, Regressor, Slope};
use emporion_model::estimate::effect_size::{percent, tariff_equivalent};
use emporion_model::estimate::ipf::{Margin, ScalingOptions, scale_to_margins};
use emporion_model::estimate::predict::predict;
use emporion_model::estimate::recover::{LevelState, Normalisation, RecoverOptions, recover};
use emporion_model::estimate::residuals::Residual;
use emporion_model::estimate::{Fitted, Options, ols_fitted, ppml_fitted};
use emporion_model::outcome::{InputError, Status};

/// Effects solve a system that the fit satisfies to about 1e-11.
const EXACT: f64 = 1e-9;

fn factor(name: &str, ids: &[usize]) -> Factor {
    let levels = ids.iter().max().unwrap() + 1;
    Factor { name: name.into(), ids: ids.iter().map(|i| *i as u32).collect(), levels }
}

/// The panel of the one-page example with its first `effects` effects.
fn panel(n: usize, effects: usize) -> Design {
    let (y, x, ids) = one_page::small_panel(n);
    let names = ["origin^year", "destination^year", "pair"];
    let regressor =
        |name: &str, values: &Vec<f64>| Regressor { name: name.into(), values: values.clone() };
    Design {
        outcome: "trade".into(),
        y,
        x: vec![regressor("agreement", &x[0]), regressor("tariff", &x[1])],
        constant: true,
        effects: (0..effects).map(|q| factor(names[q], &ids[q])).collect(),
        ..Design::default()
    }
}

fn fits(design: &Design) -> [Fitted; 2] {
    let options = Options::default();
    [ppml_fitted(design, &options).unwrap(), ols_fitted(design, &options).unwrap()]
}

#[test]
fn effects_of_a_table_known_by_hand() {
    // μ = 6, 12 / 2, 4: rows ln 6 and ln 2 with the first column zero, columns 0 and ln 2.
    let design = Design {
        y: vec![6.0, 12.0, 2.0, 4.0],
        effects: vec![factor("row", &[0, 0, 1, 1]), factor("column", &[0, 1, 0, 1])],
        ..Design::default()
    };
    let fitted = ppml_fitted(&design, &Options::default()).unwrap();
    let got = recover(&design, &fitted, &RecoverOptions::default()).unwrap();
    let near = |got: &[f64], want: [f64; 2]| {
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?} {want:?}");
    };
    near(&got.effects[0].values, [6f64.ln(), 2f64.ln()]);
    near(&got.effects[1].values, [0.0, 2f64.ln()]);
    assert_eq!((got.components, got.references.len()), (1, 1));
    assert_eq!(
        (got.references[0].free, got.references[0].fixed, got.references[0].level),
        (0, 1, 0)
    );
    let options = RecoverOptions { normalisation: Normalisation::MeanZero, ..Default::default() };
    let got = recover(&design, &fitted, &options).unwrap();
    let half = 0.5 * 2f64.ln();
    near(&got.effects[0].values, [6f64.ln() + half, 2f64.ln() + half]);
    near(&got.effects[1].values, [-half, half]);
}

#[test]
fn recovered_effects_reproduce_every_row() {
    for effects in 1..=3 {
        let design = panel(7, effects);
        for fitted in fits(&design) {
            for normalisation in [Normalisation::FirstIsZero, Normalisation::MeanZero] {
                let options = RecoverOptions { normalisation, ..RecoverOptions::default() };
                let got = recover(&design, &fitted, &options).unwrap();
                assert_eq!(got.status, Status::Converged, "{effects}: {}", got.residual);
                assert!(got.residual < EXACT && got.reference_error < EXACT, "{got:?}");
                // Years; origins; destinations.
                assert_eq!(got.references.len(), [0, 3, 3 + 7 + 7][effects - 1]);
                if normalisation == Normalisation::FirstIsZero {
                    for r in &got.references {
                        assert!(got.effects[r.fixed].values[r.level].abs() < EXACT);
                    }
                }
                // Prediction on the rows of the fit is the fit.
                let again = predict(&fitted, &got, &design).unwrap();
                for i in 0..design.y.len() {
                    let want = fitted.fit.fitted[i];
                    let same = (again.mean[i] - want).abs() <= EXACT * want.abs().max(1.0);
                    assert!(same || want.is_nan(), "{i}: {} {want}", again.mean[i]);
                }
            }
        }
    }
}

#[test]
fn blocs_have_a_reference_each_and_do_not_predict_across() {
    // Two blocs of two rows and two columns.
    let (rows, columns) = (vec![0, 0, 1, 1, 2, 2, 3, 3], vec![0, 1, 0, 1, 2, 3, 2, 3]);
    let design = Design {
        y: vec![1.0, 2.0, 3.0, 7.0, 5.0, 4.0, 3.0, 1.0],
        effects: vec![factor("row", &rows), factor("column", &columns)],
        ..Design::default()
    };
    let fitted = ppml_fitted(&design, &Options::default()).unwrap();
    let got = recover(&design, &fitted, &RecoverOptions::default()).unwrap();
    assert_eq!((got.components, got.references.len()), (2, 2));
    assert_eq!(got.effects[1].values[0], 0.0);
    assert_eq!(got.effects[1].values[2], 0.0);
    assert_eq!(got.effects[0].component, [Some(0), Some(0), Some(1), Some(1)]);
    let new = Design {
        effects: vec![
            Factor { name: "row".into(), ids: vec![0, 0, 9], levels: 10 },
            Factor { name: "column".into(), ids: vec![1, 2, 0], levels: 4 },
        ],
        ..Design::default()
    };
    let p = predict(&fitted, &got, &new).unwrap();
    assert!((p.mean[0] - fitted.fit.fitted[1]).abs() < 1e-12);
    assert!(p.mean[1].is_nan() && p.mean[2].is_nan());
    let found = |code: &str| p.notes.iter().find(|n| n.code == code).unwrap().rows.clone();
    assert_eq!((found("across_components"), found("level_not_in_fit")), (vec![1], vec![2]));
}

#[test]
fn separated_levels_predict_zero_and_dropped_ones_nothing() {
    // Row 2 never trades; column 2 has one row, a singleton.
    let design = Design {
        y: vec![1.0, 2.0, 3.0, 7.0, 0.0, 0.0, 5.0],
        effects: vec![
            factor("row", &[0, 0, 1, 1, 2, 2, 0]),
            factor("column", &[0, 1, 0, 1, 0, 1, 2]),
        ],
        ..Design::default()
    };
    let fitted = ppml_fitted(&design, &Options::default()).unwrap();
    let got = recover(&design, &fitted, &RecoverOptions::default()).unwrap();
    assert_eq!(got.effects[0].state[2], LevelState::Separated);
    assert_eq!(got.effects[1].state[2], LevelState::Dropped);
    assert!(got.effects[0].values[2].is_nan() && got.effects[0].rows[2] == 0);
    let p = predict(&fitted, &got, &design).unwrap();
    assert_eq!((p.mean[4], p.mean_error[4], p.linear[5]), (0.0, 0.0, f64::NEG_INFINITY));
    assert!(p.mean[6].is_nan());
}

#[test]
fn prediction_errors_are_those_of_x_b() {
    let design = panel(6, 2);
    for fitted in fits(&design) {
        let recovered = recover(&design, &fitted, &RecoverOptions::default()).unwrap();
        let p = predict(&fitted, &recovered, &design).unwrap();
        let v = &fitted.fit.covariance;
        let i = (0..design.y.len()).find(|i| p.mean[*i] > 0.0 && design.x[0].values[*i] == 1.0);
        let i = i.unwrap();
        let t = design.x[1].values[i];
        let want = (v[0] + 2.0 * t * v[1] + t * t * v[3]).sqrt();
        assert!((p.linear_error[i] / want - 1.0).abs() < 1e-12);
        // The derivative by another road: the mean at a slightly larger linear predictor.
        let poisson = fitted.fit.family == emporion_model::estimate::Family::Poisson;
        let factor = if poisson { p.linear[i].exp() } else { 1.0 };
        assert!((p.mean_error[i] / (want * factor) - 1.0).abs() < 1e-12);
    }
}

#[test]
fn totals_by_origin_and_destination_are_those_of_the_data() {
    for effects in 1..=3 {
        let design = panel(7, effects);
        let fitted = ppml_fitted(&design, &Options::default()).unwrap();
        for f in &fitted.effects {
            let (mut data, mut model) = (vec![0.0; f.levels], vec![0.0; f.levels]);
            for (i, id) in f.ids.iter().enumerate() {
                data[*id as usize] += fitted.y[i];
                model[*id as usize] += fitted.mu[i];
            }
            for (d, m) in data.iter().zip(&model) {
                assert!((d / m - 1.0).abs() < EXACT, "{}: {d} {m}", f.name);
            }
        }
    }
}

#[test]
fn scaling_to_the_margins_at_the_estimate_is_the_fit() {
    for effects in 1..=3 {
        let mut design = panel(6, effects);
        for weighted in [false, true] {
            design.weights =
                weighted.then(|| (0..design.y.len()).map(|i| 1.0 + (i % 4) as f64).collect());
            let fitted = ppml_fitted(&design, &Options::default()).unwrap();
            let start: Vec<f64> = fitted
                .rows
                .iter()
                .map(|i| {
                    let part = |j: usize| fitted.fit.coefficients[j] * design.x[j].values[*i];
                    (part(0) + part(1)).exp()
                })
                .collect();
            let totals = |f: &Factor| {
                let mut out = vec![0.0; f.levels];
                for (i, id) in f.ids.iter().enumerate() {
                    out[*id as usize] += fitted.weights[i] * fitted.y[i];
                }
                out
            };
            let all: Vec<Vec<f64>> = fitted.effects.iter().map(totals).collect();
            let margins: Vec<Margin> = std::iter::zip(&fitted.effects, &all)
                .map(|(factor, totals)| Margin { factor, totals })
                .collect();
            let options = ScalingOptions::default();
            let got = scale_to_margins(&start, Some(&fitted.weights), &margins, &options).unwrap();
            assert_eq!(got.status, Status::Converged);
            assert!(got.gap < 1e-11, "{}", got.gap);
            for (g, m) in got.fitted.iter().zip(&fitted.mu) {
                assert!((g / m - 1.0).abs() < EXACT, "{effects}: {g} {m}");
            }
            // The multipliers are the effects.
            for i in 0..start.len() {
                let product: f64 = std::iter::zip(&got.multipliers, &fitted.effects)
                    .map(|(a, f)| a[f.ids[i] as usize])
                    .product();
                assert!((start[i] * product / got.fitted[i] - 1.0).abs() < EXACT);
            }
        }
    }
}

#[test]
fn margins_that_cannot_be_met_are_refused_or_reported() {
    let (row, column) = (factor("row", &[0, 0, 1, 1]), factor("column", &[0, 1, 0, 1]));
    let scale = |start: &[f64], rows: &[f64], columns: &[f64]| {
        let margins =
            [Margin { factor: &row, totals: rows }, Margin { factor: &column, totals: columns }];
        scale_to_margins(start, None, &margins, &ScalingOptions::default())
    };
    let message = |r: Result<_, InputError>| {
        r.map(|_: emporion_model::estimate::ipf::Scaled| ()).unwrap_err().to_string()
    };
    assert!(message(scale(&[1.0; 4], &[1.0, 2.0], &[1.0, 3.0])).contains("same total"));
    assert!(message(scale(&[0.0, 0.0, 1.0, 1.0], &[1.0, 2.0], &[1.0, 2.0])).contains("only zeros"));
    assert!(message(scale(&[1.0, -1.0, 1.0, 1.0], &[1.0; 2], &[1.0; 2])).contains("entry 1"));
    assert!(message(scale(&[], &[1.0; 2], &[1.0; 2])).contains("no data"));
    assert!(message(scale(&[1.0; 3], &[1.0; 2], &[1.0; 2])).contains("expected 3"));
    assert!(message(scale(&[1.0; 4], &[1.0; 3], &[1.0; 2])).contains("totals of margin `row`"));
    // With a zero in the corner row 0 is all in column 1, which wants less.
    let stuck = scale(&[0.0, 1.0, 1.0, 1.0], &[2.0, 1.0], &[2.0, 1.0]).unwrap();
    assert_ne!(stuck.status, Status::Converged);
    assert!(stuck.gap > 0.1);
    // A level that wants nothing gets nothing.
    let empty = scale(&[1.0; 4], &[3.0, 0.0], &[1.0, 2.0]).unwrap();
    assert_eq!((empty.status, empty.fitted), (Status::Converged, vec![1.0, 2.0, 0.0, 0.0]));
}

#[test]
fn residuals_known_by_hand() {
    // One constant: μ = 2; weights 1 and 3.
    let design = Design {
        y: vec![5.0, 1.0],
        constant: true,
        weights: Some(vec![1.0, 3.0]),
        ..Design::default()
    };
    let close = |got: Vec<f64>, want: [f64; 2]| {
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?} {want:?}");
    };
    let [fitted, linear] = fits(&design);
    close(fitted.mu.clone(), [2.0, 2.0]);
    close(fitted.residuals(Residual::Response), [3.0, -1.0]);
    close(fitted.residuals(Residual::Working), [1.5, -0.5]);
    close(fitted.residuals(Residual::Pearson), [3.0 / 2f64.sqrt(), -(1.5f64.sqrt())]);
    let share = |y: f64, w: f64| (w * 2.0 * (y * (y / 2.0).ln() - y + 2.0)).sqrt();
    close(fitted.residuals(Residual::Deviance), [share(5.0, 1.0), -share(1.0, 3.0)]);
    close(fitted.scores().remove(0), [3.0, -3.0]);
    for kind in [Residual::Pearson, Residual::Deviance] {
        close(linear.residuals(kind), [3.0, -(3f64.sqrt())]);
    }
    for kind in [Residual::Response, Residual::Working] {
        close(linear.residuals(kind), [3.0, -1.0]);
    }
}

#[test]
fn residuals_and_scores_add_up() {
    let design = panel(6, 2);
    for fitted in fits(&design) {
        let squares: f64 = fitted.residuals(Residual::Deviance).iter().map(|r| r * r).sum();
        assert!((squares / fitted.fit.deviance - 1.0).abs() < EXACT);
        for s in fitted.scores() {
            let size: f64 = s.iter().map(|v| v.abs()).sum();
            assert!(s.iter().sum::<f64>().abs() < EXACT * size);
        }
    }
}

#[test]
fn what_does_not_belong_to_the_fit_is_refused() {
    let design = panel(6, 2);
    let fitted = ppml_fitted(&design, &Options::default()).unwrap();
    let options = RecoverOptions::default();
    let mut other = design.clone();
    other.x.pop();
    assert!(recover(&other, &fitted, &options).unwrap_err().to_string().contains("`tariff`"));
    other.y.pop();
    assert!(recover(&other, &fitted, &options).unwrap_err().to_string().contains("rows"));
    let recovered = recover(&design, &fitted, &options).unwrap();
    let mut new = design.clone();
    new.effects.pop();
    let error = predict(&fitted, &recovered, &new).unwrap_err().to_string();
    assert!(error.contains("`destination^year`"), "{error}");
    let mut new = design.clone();
    new.x[1].values.pop();
    let error = predict(&fitted, &recovered, &new).unwrap_err();
    assert!(matches!(error, InputError::Length { .. }), "{error}");
    let error = tariff_equivalent(0.5, 0.1, 0.0).unwrap_err().to_string();
    assert!(error.contains("above zero"), "{error}");
    assert!((percent(0.0, 0.3).standard_error - 0.3).abs() < 1e-15);
}

#[test]
fn slopes_are_recovered_with_the_effects() {
    // The slopes of each origin written out as regressors, then declared as slopes.
    let (y, x, _) = one_page::small_panel(6);
    let origin: Vec<usize> = (0..y.len()).map(|i| i / 5 % 6).collect();
    let destination: Vec<usize> =
        (0..y.len()).map(|i| if i % 5 < origin[i] { i % 5 } else { i % 5 + 1 }).collect();
    let z = x[1].clone();
    let columns = (0..6).map(|g| Regressor {
        name: g.to_string(),
        values: (0..y.len()).map(|i| if origin[i] == g { z[i] } else { 0.0 }).collect(),
    });
    let columns = columns.collect();
    let mut design = Design {
        y,
        x: columns,
        effects: vec![factor("origin", &origin), factor("destination", &destination)],
        ..Design::default()
    };
    let mut fitted = ppml_fitted(&design, &Options::default()).unwrap();
    let want = std::mem::take(&mut fitted.fit.coefficients);
    fitted.fit.names.clear();
    design.x.clear();
    let variable = Regressor { name: "tariff".into(), values: z };
    design.slopes = vec![Slope { factor: design.effects[0].clone(), variable }];
    let got = recover(&design, &fitted, &RecoverOptions::default()).unwrap();
    assert_eq!(got.status, Status::Converged, "{}", got.residual);
    assert_eq!(got.slopes[0].variable.as_deref(), Some("tariff"));
    for (g, w) in got.slopes[0].values.iter().zip(&want) {
        assert!((g - w).abs() < EXACT, "{:?} {want:?}", got.slopes[0].values);
    }
    let again = predict(&fitted, &got, &design).unwrap();
    for (a, f) in again.mean.iter().zip(&fitted.fit.fitted) {
        assert!((a / f - 1.0).abs() < EXACT, "{a} {f}");
    }
}
