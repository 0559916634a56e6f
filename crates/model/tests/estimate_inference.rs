//! Inference after a fit: brute force, other programs, properties, refusals.

#[path = "../examples/ppml_one_page.rs"]
#[allow(dead_code)]
mod one_page;

#[path = "common/case.rs"]
#[allow(dead_code)]
mod case;
mod common;
#[path = "common/parquet.rs"]
#[allow(dead_code)]
mod parquet;

use emporion_model::estimate::design::{Design, Factor, Regressor, Slope, WeightKind};
use emporion_model::estimate::serial::{Periods, default_lag};
use emporion_model::estimate::spatial::{Conley, Distance, Kernel, distance};
use emporion_model::estimate::wald::Restriction;
use emporion_model::estimate::wild::{WildMethod, WildWeights};
use emporion_model::estimate::{
    Errors, Fit, Fitted, Options, SmallSample, Vcov, WildOptions, ols, ols_fitted, ppml_fitted,
    reset,
};
use emporion_model::outcome::{InputError, Status};

/// Relative; sums of the same terms in another order.
const REORDERED: f64 = 1e-11;
/// Relative; pyfixest solves to about 1e-8 in the weights, and its Poisson tolerance is 1e-12.
const PEER: f64 = 1e-8;

fn factor(name: &str, ids: &[usize]) -> Factor {
    let levels = ids.iter().max().unwrap() + 1;
    Factor { name: name.into(), ids: ids.iter().map(|i| *i as u32).collect(), levels }
}

/// A panel of n origins, n - 1 destinations and 3 years; pairs, and origin and year of each row.
struct Panel {
    design: Design,
    origin: Factor,
    pair: Factor,
    time: Periods,
}

fn panel(n: usize, effects: usize) -> Panel {
    let (y, x, ids) = one_page::small_panel(n);
    let names = ["origin^year", "destination^year", "pair"];
    let year: Vec<i64> = ids[0].iter().map(|id| 2000 + 5 * (id / n) as i64).collect();
    let origin: Vec<usize> = ids[0].iter().map(|id| id % n).collect();
    let design = Design {
        outcome: "trade".into(),
        y,
        x: std::iter::zip(["agreement", "tariff"], x)
            .map(|(name, values)| Regressor { name: name.into(), values })
            .collect(),
        constant: true,
        effects: (0..effects).map(|q| factor(names[q], &ids[q])).collect(),
        ..Design::default()
    };
    Panel {
        design,
        origin: factor("origin", &origin),
        pair: factor("pair", &ids[2]),
        time: Periods { name: "year".into(), values: year },
    }
}

fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= tolerance * w.abs().max(1e-300), "{got:?} for {want:?}");
    }
}

fn both(design: &Design) -> [Fitted; 2] {
    let options = Options::default();
    [ppml_fitted(design, &options).unwrap(), ols_fitted(design, &options).unwrap()]
}

/// B (Σ_i Σ_j w_ij s_i s_j') B over all pairs of rows, w by position in the design.
fn brute_force(fitted: &Fitted, weight: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    let (n, k) = (fitted.rows.len(), fitted.x.len());
    let mut meat = vec![0.0; k * k];
    for i in 0..n {
        for j in 0..n {
            let w = weight(fitted.rows[i], fitted.rows[j]);
            for a in 0..k {
                for b in 0..k {
                    let s = fitted.x[a][i] * fitted.residual[i];
                    meat[a * k + b] += w * s * fitted.x[b][j] * fitted.residual[j];
                }
            }
        }
    }
    let bread = &fitted.bread;
    let mut v = vec![0.0; k * k];
    for a in 0..k {
        for b in 0..k {
            for c in 0..k {
                for d in 0..k {
                    v[a * k + b] += bread[a * k + c] * meat[c * k + d] * bread[d * k + b];
                }
            }
        }
    }
    v
}

fn raw(fitted: &Fitted, errors: &Errors) -> Fit {
    fitted.with_errors(errors, SmallSample::Raw).unwrap()
}

#[test]
fn conley_is_the_sum_over_all_pairs_of_rows() {
    let p = panel(7, 2);
    let latitude: Vec<f64> = (0..7).map(|o| -70.0 + 23.0 * o as f64).collect();
    let longitude: Vec<f64> = (0..7).map(|o| 170.0 + 4.0 * (o * o % 7) as f64).collect();
    let mut compared = 0;
    for fitted in both(&p.design) {
        for kernel in [Kernel::Uniform, Kernel::Bartlett] {
            for kind in [Distance::GreatCircle, Distance::Triangular] {
                for cutoff in [1.0, 2700.0, 5000.0] {
                    let mut conley =
                        Conley::at_places(&p.origin.ids, &latitude, &longitude, cutoff);
                    (conley.kernel, conley.distance) = (kernel, kind);
                    let at = |i: usize| (conley.latitude[i], conley.longitude[i]);
                    let want = brute_force(&fitted, |i, j| {
                        let d = distance(kind, at(i), at(j));
                        match kernel {
                            _ if d > cutoff => 0.0,
                            Kernel::Uniform => 1.0,
                            Kernel::Bartlett => 1.0 - d / cutoff,
                        }
                    });
                    let fit = raw(&fitted, &Errors::Conley(conley));
                    if !fit.notes.iter().any(|n| n.code == "vcov_repaired") {
                        close(&fit.covariance, &want, 1e-9);
                        compared += 1;
                    }
                }
            }
        }
        // Only rows of one place are near: clusters by place. All are near: the scores cancel.
        let errors = |cutoff| {
            Errors::Conley(Conley::at_places(&p.origin.ids, &latitude, &longitude, cutoff))
        };
        let near = raw(&fitted, &errors(1.0));
        let cluster = raw(&fitted, &Errors::Cluster(vec![p.origin.clone()]));
        close(&near.covariance, &cluster.covariance, REORDERED);
        let all = raw(&fitted, &errors(25_000.0));
        assert!(all.standard_errors[0] < 1e-6 * near.standard_errors[0]);
    }
    println!("{compared} of 24 covariances needed no repair");
    assert!(compared >= 12);
}

#[test]
fn a_conley_covariance_that_is_not_one_is_repaired_and_said() {
    // Scores 1, -2, 1 in a row of places of which only neighbours are near: 6 - 8 < 0.
    let design = Design {
        outcome: "y".into(),
        y: vec![1.0, -2.0, 1.0],
        x: vec![Regressor { name: "x".into(), values: vec![1.0; 3] }],
        ..Design::default()
    };
    let fitted = ols_fitted(&design, &Options::default()).unwrap();
    let conley = Conley::new(vec![0.0, 1.0, 2.0], vec![0.0; 3], 120.0);
    let fit = raw(&fitted, &Errors::Conley(conley));
    assert_eq!(fit.covariance, [0.0]);
    assert!(fit.notes.iter().any(|n| n.code == "vcov_repaired" && n.message.contains("Conley")));
}

#[test]
fn errors_over_time_are_the_sums_over_all_pairs_of_rows() {
    let p = panel(6, 2);
    let year = |i: usize| (p.time.values[i] - 2000) as f64 / 5.0;
    for fitted in both(&p.design) {
        for lag in 0..3usize {
            let bartlett =
                |i: usize, j: usize| (1.0 - (year(i) - year(j)).abs() / (lag + 1) as f64).max(0.0);
            let time = p.time.clone();
            let got = raw(&fitted, &Errors::DriscollKraay { time: time.clone(), lag: Some(lag) });
            // Entries that cancel are compared with the size of the matrix.
            let want = brute_force(&fitted, bartlett);
            let size = want.iter().fold(0.0f64, |a, v| a.max(v.abs()));
            for (g, w) in got.covariance.iter().zip(&want) {
                assert!((g - w).abs() < 1e-9 * size, "{g} {w}");
            }
            let unit = p.pair.clone();
            let got = raw(&fitted, &Errors::NeweyWest { unit, time, lag: Some(lag) });
            let want = brute_force(&fitted, |i, j| {
                if p.pair.ids[i] == p.pair.ids[j] { bartlett(i, j) } else { 0.0 }
            });
            close(&got.covariance, &want, 1e-9);
        }
        let time = p.time.clone();
        let fit = fitted
            .with_errors(&Errors::DriscollKraay { time, lag: None }, SmallSample::Fixest)
            .unwrap();
        assert_eq!(default_lag(3), 1);
        assert_eq!(fit.convention, "Driscoll-Kraay by year, lag 1, fixest factor");
        // Both effects have a year in them and are nested in time.
        assert_eq!(fit.freedom.parameters, 3);
        assert!(fit.freedom.effects.iter().all(|e| e.nested_in.as_deref() == Some("year")));
    }
}

#[test]
fn newey_west_without_lags_is_robust_and_clusters_without_time_are_clusters() {
    let p = panel(6, 2);
    for fitted in both(&p.design) {
        let errors = Errors::NeweyWest { unit: p.pair.clone(), time: p.time.clone(), lag: Some(0) };
        let robust = raw(&fitted, &Errors::Robust);
        close(&raw(&fitted, &errors).covariance, &robust.covariance, REORDERED);
    }
}

/// The table of the recipe in `oracles/estimate/inference.py`.
fn oracle() -> (case::Table, serde_json::Value) {
    let folder = common::oracle("estimate");
    let table = case::read_csv(&folder.join("inference.csv"));
    let text = std::fs::read_to_string(folder.join("inference.json")).unwrap();
    (table, serde_json::from_str(&text).unwrap())
}

fn oracle_design(table: &case::Table, outcome: &str, effects: &str) -> Design {
    Design {
        outcome: outcome.into(),
        y: table.number(outcome).to_vec(),
        x: vec![table.regressor("x1"), table.regressor("x2")],
        constant: true,
        effects: if effects.is_empty() { Vec::new() } else { vec![table.factor(effects)] },
        ..Design::default()
    }
}

#[test]
fn pyfixest_has_the_same_errors_over_time() {
    let (table, expected) = oracle();
    let time = Periods {
        name: "year".into(),
        values: table.number("year").iter().map(|v| *v as i64).collect(),
    };
    let list = |v: &serde_json::Value| -> Vec<f64> {
        v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let cases = expected["time"].as_array().unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let effects = case["effects"].as_str().unwrap();
        let poisson = case["family"] == "poisson";
        let fitted = if poisson {
            ppml_fitted(&oracle_design(&table, "count", effects), &Options::default())
        } else {
            ols_fitted(&oracle_design(&table, "y", effects), &Options::default())
        }
        .unwrap();
        let (time, lag) = (time.clone(), case["lag"].as_u64().map(|l| l as usize));
        let errors = match case["kind"].as_str().unwrap() {
            "DK" => Errors::DriscollKraay { time, lag },
            _ => Errors::NeweyWest { unit: table.factor("unit"), time, lag },
        };
        let small_sample =
            if case["factor"] == "raw" { SmallSample::Raw } else { SmallSample::Fixest };
        let fit = fitted.with_errors(&errors, small_sample).unwrap();
        for (at, name) in ["x1", "x2"].iter().enumerate() {
            let j = fit.position(name).unwrap();
            close(&fit.coefficients[j..=j], &list(&case["coef"])[at..=at], PEER);
            close(&fit.standard_errors[j..=j], &list(&case["se"])[at..=at], PEER);
            if case["factor"] == "fixest" {
                close(&fit.p_values[j..=j], &list(&case["p"])[at..=at], 1e-7);
            }
        }
    }
}

#[test]
fn wildboottest_has_the_same_draws() {
    let (table, expected) = oracle();
    let design = oracle_design(&table, "y", "");
    let fitted = ols_fitted(&design, &Options::default()).unwrap();
    for case in expected["wild"].as_array().unwrap() {
        let name = case["coefficient"].as_str().unwrap();
        let cluster = table.factor("unit");
        let got = fitted.wild_bootstrap(name, 0.0, &cluster, &WildOptions::default()).unwrap();
        assert!(got.enumerated && got.draws == 256 && got.undefined == 0);
        assert_eq!(got.p_value, case["p_value"].as_f64().unwrap());
        assert_eq!(got.ties, case["ties"].as_f64().unwrap());
        close(&[got.statistic], &[case["statistic"].as_f64().unwrap()], 1e-10);
        let mut statistics = got.statistics.clone();
        statistics.sort_by(f64::total_cmp);
        let want = case["sorted"].as_array().unwrap();
        for (g, w) in statistics.iter().zip(want) {
            assert!((g - w.as_f64().unwrap()).abs() < 1e-9, "{g} {w}");
        }
    }
}

/// p of the enumerated bootstrap by fitting every draw anew, with all effects.
fn by_refitting(design: &Design, j: usize, null: f64, cluster: &Factor) -> (f64, f64) {
    let clustered = |design: &Design| {
        let fitted = ols_fitted(design, &Options::default()).unwrap();
        let fit = raw(&fitted, &Errors::Cluster(vec![cluster.clone()]));
        ((fit.coefficients[j] - null) / fit.standard_errors[j]).abs()
    };
    let t = clustered(design);
    let mut restricted = design.clone();
    let x = restricted.x.remove(j);
    restricted.offset = Some(x.values.iter().map(|v| null * v).collect());
    let under_null = ols(&restricted, &Options::default()).unwrap().fitted;
    let (mut beyond, mut tied) = (0, 0);
    for pattern in 0..1usize << cluster.levels {
        let mut draw = design.clone();
        for i in 0..draw.y.len() {
            let sign = if pattern >> cluster.ids[i] & 1 == 1 { 1.0 } else { -1.0 };
            draw.y[i] = under_null[i] + sign * (design.y[i] - under_null[i]);
        }
        let value = clustered(&draw);
        if (value - t).abs() <= 1e-8 * t {
            tied += 1;
        } else if value > t {
            beyond += 1;
        }
    }
    let patterns = (1usize << cluster.levels) as f64;
    (beyond as f64 / patterns, tied as f64 / patterns)
}

#[test]
fn the_wild_bootstrap_is_that_of_fitting_every_draw() {
    // Effects nested in the clusters (origin^year in origin), crossed with them, and both.
    let p = panel(5, 2);
    let nested = Design { effects: vec![p.design.effects[0].clone()], ..p.design.clone() };
    // Slopes by destination^year are crossed with the clusters, too.
    let sloped = Design {
        slopes: vec![Slope {
            factor: p.design.effects[1].clone(),
            variable: Regressor {
                name: "trend".into(),
                values: (0..p.design.y.len()).map(|i| (i * 7 % 11) as f64).collect(),
            },
        }],
        ..p.design.clone()
    };
    for design in [&nested, &p.design, &sloped] {
        let weighted = Design {
            weights: Some((0..design.y.len()).map(|i| 1.0 + (i % 3) as f64).collect()),
            ..design.clone()
        };
        for design in [design, &weighted] {
            let fitted = ols_fitted(design, &Options::default()).unwrap();
            assert_eq!(fitted.rows.len(), design.y.len());
            for (j, null) in [(0, 0.0), (1, 0.0), (0, 1.5)] {
                let name = &design.x[j].name;
                let got =
                    fitted.wild_bootstrap(name, null, &p.origin, &WildOptions::default()).unwrap();
                assert_eq!(got.method, WildMethod::RestrictedWildCluster);
                let (p_value, ties) = by_refitting(design, j, null, &p.origin);
                assert_eq!((got.p_value, got.ties), (p_value, ties), "{name} {null}");
            }
        }
    }
}

#[test]
fn the_interval_inverts_the_test() {
    let p = panel(9, 1);
    for fitted in both(&p.design) {
        for weights in [WildWeights::Rademacher, WildWeights::Webb] {
            let options = WildOptions { weights, draws: 499, seed: 3, ..WildOptions::default() };
            let at =
                |null: f64| fitted.wild_bootstrap("tariff", null, &p.origin, &options).unwrap();
            let found = at(0.0);
            let (low, high) = (found.interval[0], found.interval[1]);
            assert!(low < found.estimate && found.estimate < high, "{found:?}");
            let width = high - low;
            assert!(
                at(low + 1e-6 * width).p_value >= 0.05 && at(low - 1e-6 * width).p_value < 0.05
            );
            assert!(at(high - 1e-6 * width).p_value >= 0.05);
            assert!(at(high + 1e-6 * width).p_value < 0.05);
        }
    }
}

#[test]
fn the_score_bootstrap_flips_the_signs_of_cluster_scores() {
    // By hand: t* = Σ v p / √(Σ p²) with p = B_j' S_g / B_jj.
    let p = panel(5, 1);
    let fitted = ppml_fitted(&p.design, &Options::default()).unwrap();
    let k = fitted.x.len();
    let mut scores = [0.0; 5];
    for (i, row) in fitted.rows.iter().enumerate() {
        for l in 0..k {
            scores[p.origin.ids[*row] as usize] +=
                fitted.bread[l * k] * fitted.x[l][i] * fitted.residual[i];
        }
    }
    let norm = scores.iter().map(|s| s * s).sum::<f64>().sqrt();
    let t = fitted.fit.coefficients[0].abs() / norm;
    let beyond = (0..32usize)
        .filter(|pattern| {
            let signed = (0..5).map(|g| if pattern >> g & 1 == 1 { scores[g] } else { -scores[g] });
            signed.sum::<f64>().abs() / norm > t * (1.0 + 1e-9)
        })
        .count();
    let got = fitted.wild_bootstrap("agreement", 0.0, &p.origin, &WildOptions::default()).unwrap();
    assert_eq!(got.method, WildMethod::UnrestrictedScore);
    assert_eq!(got.p_value, beyond as f64 / 32.0);
}

#[test]
fn the_number_of_threads_does_not_change_a_bit_of_the_bootstrap() {
    let p = panel(8, 2);
    let latitude: Vec<f64> = p.origin.ids.iter().map(|o| 8.0 * f64::from(*o)).collect();
    let run = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let mut text = String::new();
            for fitted in both(&p.design) {
                let options = WildOptions { draws: 200, ..WildOptions::default() };
                let wild = fitted.wild_bootstrap("tariff", 0.0, &p.pair, &options).unwrap();
                text += &serde_json::to_string(&wild).unwrap();
                let conley = Conley::new(latitude.clone(), latitude.clone(), 2000.0);
                text += &serde_json::to_string(&raw(&fitted, &Errors::Conley(conley))).unwrap();
            }
            text
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn joint_tests_agree_with_t_and_with_each_other() {
    let p = panel(6, 2);
    for fitted in both(&p.design) {
        let fit = &fitted.fit;
        let alone = fit.test_zero(&["tariff"]).unwrap();
        close(&[alone.statistic], &[fit.statistics[1].powi(2)], 1e-12);
        close(&[alone.p_value], &[fit.p_values[1]], 1e-10);
        assert_eq!(alone.denominator, fit.degrees_of_freedom);
        let all = fit.test_all().unwrap();
        let by_name = fit.test_zero(&["tariff", "agreement"]).unwrap();
        close(&[all.statistic, all.p_value], &[by_name.statistic, by_name.p_value], 1e-12);
        // {b1 = b2, b1 + b2 = 0} says the same as {b1 = 0, b2 = 0}.
        let sum = Restriction {
            terms: vec![("agreement".into(), 1e6), ("tariff".into(), 1e6)],
            value: 0.0,
        };
        let turned = fit.test(&[Restriction::equal("agreement", "tariff"), sum]).unwrap();
        close(&[turned.statistic], &[all.statistic], 1e-10);
        // At the estimates themselves nothing is left to refuse.
        let here = Restriction {
            terms: vec![("tariff".into(), 1.0)],
            value: fit.coefficient("tariff").unwrap().0,
        };
        assert_eq!(fit.test(&[here]).unwrap().p_value, 1.0);

        let twice = fit.test_zero(&["tariff", "tariff"]);
        assert!(matches!(twice, Err(InputError::Undefined { .. })));
        assert!(matches!(fit.test_zero(&["gdp"]), Err(InputError::Setting { .. })));
        assert!(matches!(fit.test(&[]), Err(InputError::Empty { .. })));
    }
}

#[test]
fn reset_is_the_test_of_the_raw_square_whatever_the_unit() {
    let p = panel(7, 2);
    let options = Options::default();
    for poisson in [true, false] {
        let estimate = |design: &Design| {
            if poisson { ppml_fitted(design, &options) } else { ols_fitted(design, &options) }
                .unwrap()
        };
        let fitted = estimate(&p.design);
        let found = reset(&p.design, &fitted, &options, 2).unwrap();
        assert_eq!(found.added, ["index^2"]);
        let mut design = p.design.clone();
        let mut square = vec![0.0; design.y.len()];
        fitted.rows.iter().zip(&fitted.eta).for_each(|(i, e)| square[*i] = e * e);
        design.x.push(Regressor { name: "square".into(), values: square });
        let by_hand = estimate(&design).fit.test_zero(&["square"]).unwrap();
        close(&[found.test.statistic], &[by_hand.statistic], 1e-6);

        // An outcome 1e15 times as large moves the index by 35 (Poisson) or by the factor.
        let mut large = p.design.clone();
        large.y.iter_mut().for_each(|y| *y *= 1e15);
        let of_large = reset(&large, &estimate(&large), &options, 2).unwrap();
        close(&[of_large.test.statistic], &[found.test.statistic], 1e-6);
        let cubed = reset(&p.design, &fitted, &options, 3).unwrap();
        assert_eq!((cubed.test.restrictions, cubed.added.len()), (2, 2));
        assert_eq!(cubed.fit.status, Status::Converged);
        assert!(matches!(reset(&p.design, &fitted, &options, 1), Err(InputError::Setting { .. })));
    }
}

#[test]
fn reset_finds_a_square_that_is_there_and_not_one_that_is_not() {
    let x: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0 - 1.0).collect();
    let noise: Vec<f64> = (0..200).map(|i: u32| f64::from(i * 7919 % 101) / 101.0 - 0.5).collect();
    for (curve, refused) in [(0.0, false), (0.8, true)] {
        let y: Vec<f64> = std::iter::zip(&x, &noise)
            .map(|(x, e)| (1.0 + x + curve * x * x).exp() * (1.0 + 0.2 * e))
            .collect();
        let design = Design {
            outcome: "y".into(),
            y,
            x: vec![Regressor { name: "x".into(), values: x.clone() }],
            constant: true,
            ..Design::default()
        };
        let options = Options::default();
        let fitted = ppml_fitted(&design, &options).unwrap();
        let p = reset(&design, &fitted, &options, 2).unwrap().test.p_value;
        assert_eq!(p < 0.001, refused, "{curve}: {p}");
    }
}

#[test]
fn reset_of_a_model_with_a_level_for_every_cell_is_refused() {
    let design = Design {
        outcome: "y".into(),
        y: vec![1.0, 2.0, 3.0, 5.0, 4.0, 7.0],
        effects: vec![factor("cell", &[0, 0, 1, 1, 2, 2])],
        ..Design::default()
    };
    let options = Options::default();
    let fitted = ppml_fitted(&design, &options).unwrap();
    let refused = reset(&design, &fitted, &options, 2).unwrap_err();
    assert!(
        matches!(&refused, InputError::Undefined { reason, .. } if reason.contains("collinear"))
    );
}

#[test]
fn frequency_weights_are_rows_repeated() {
    let p = panel(5, 2);
    let frequency: Vec<f64> = (0..p.design.y.len()).map(|i| 1.0 + (i % 3) as f64).collect();
    let copies: Vec<usize> =
        (0..frequency.len()).flat_map(|i| vec![i; frequency[i] as usize]).collect();
    let again = |f: &Factor| Factor {
        name: f.name.clone(),
        ids: copies.iter().map(|i| f.ids[*i]).collect(),
        levels: f.levels,
    };
    let long = Design {
        outcome: "trade".into(),
        y: copies.iter().map(|i| p.design.y[*i]).collect(),
        x: p.design
            .x
            .iter()
            .map(|x| Regressor {
                name: x.name.clone(),
                values: copies.iter().map(|i| x.values[*i]).collect(),
            })
            .collect(),
        effects: p.design.effects.iter().map(again).collect(),
        ..Design::default()
    };
    let short =
        Design { weights: Some(frequency), weight_kind: WeightKind::Frequency, ..p.design.clone() };
    for (a, b) in both(&short).iter().zip(&both(&long)) {
        for small_sample in [SmallSample::Raw, SmallSample::Stata, SmallSample::Fixest] {
            let pairs = [
                (Errors::Iid, Errors::Iid),
                (Errors::Robust, Errors::Robust),
                (
                    Errors::Cluster(vec![p.pair.clone(), p.origin.clone()]),
                    Errors::Cluster(vec![again(&p.pair), again(&p.origin)]),
                ),
            ];
            for (of_short, of_long) in pairs {
                let a = a.with_errors(&of_short, small_sample).unwrap();
                let b = b.with_errors(&of_long, small_sample).unwrap();
                close(&a.standard_errors, &b.standard_errors, 1e-9);
                assert_eq!(a.freedom.rows, copies.len());
                assert_eq!(a.degrees_of_freedom, b.degrees_of_freedom);
            }
        }
    }
}

#[test]
fn slopes_count_the_levels_they_move() {
    let p = panel(6, 2);
    let levels = p.design.effects[1].levels;
    let idle = p.design.effects[1].ids.iter().map(|id| f64::from(u8::from(*id > 0)));
    let design = Design {
        slopes: vec![Slope {
            factor: p.design.effects[1].clone(),
            variable: Regressor {
                name: "trend".into(),
                values: std::iter::zip(idle, 0..).map(|(m, i)| m * f64::from(i * 7 % 11)).collect(),
            },
        }],
        ..p.design.clone()
    };
    let with = ols_fitted(&design, &Options::default()).unwrap().fit;
    let without = ols_fitted(&p.design, &Options::default()).unwrap().fit;
    assert_eq!(with.parameters, without.parameters + levels - 1);
    let slope = with.freedom.effects.last().unwrap();
    assert_eq!((slope.name.as_str(), slope.redundant), ("destination^year[trend]", 1));
    assert_eq!(with.freedom.residual, with.n_used as i64 - with.parameters as i64);
}

#[test]
fn a_fit_read_back_is_the_fit() {
    let mut p = panel(6, 3);
    // A level that is separated and a row on its own give zeros, NaN and notes with rows.
    for i in 0..p.design.y.len() {
        if p.design.effects[0].ids[i] == 1 {
            p.design.y[i] = 0.0;
        }
    }
    p.design.x.push(p.design.x[0].clone());
    p.design.x[2].name = "again".into();
    p.design.clusters = vec![p.pair.clone()];
    let options = Options { vcov: Vcov::Cluster, ..Options::default() };
    let mut fits: Vec<Fit> = [ppml_fitted(&p.design, &options), ols_fitted(&p.design, &options)]
        .into_iter()
        .map(|f| f.unwrap().fit)
        .collect();
    // What only happens to degenerate data, written in.
    fits[1].statistics[0] = f64::INFINITY;
    fits[1].statistics[1] = f64::NEG_INFINITY;
    fits[1].r_squared = f64::NAN;
    fits[1].covariance[0] = -0.0;
    for fit in &fits {
        let text = serde_json::to_string(fit).unwrap();
        let read: Fit = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        for (a, b) in [
            (&fit.covariance, &read.covariance),
            (&fit.coefficients, &read.coefficients),
            (&fit.statistics, &read.statistics),
            (&fit.fitted, &read.fitted),
        ] {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(b) {
                assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "{a} {b}");
            }
        }
        assert_eq!((&fit.names, &fit.notes), (&read.names, &read.notes));
        assert_eq!((&fit.freedom, fit.status), (&read.freedom, read.status));
        assert!(!fit.notes.is_empty() && fit.covariance.len() == fit.names.len().pow(2));
        assert_eq!(read.test_all().is_ok(), fit.test_all().is_ok());
    }
    let wrong = serde_json::to_string(&fits[1]).unwrap().replace("\"inf\"", "\"infinite\"");
    assert!(serde_json::from_str::<Fit>(&wrong).is_err());
}

#[test]
fn refusals_of_errors_name_the_place_and_the_remedy() {
    let p = panel(5, 1);
    let n = p.design.y.len();
    let fitted = ols_fitted(&p.design, &Options::default()).unwrap();
    let refused = |errors: Errors| fitted.with_errors(&errors, SmallSample::Fixest).unwrap_err();
    let one = factor("world", &vec![0; n]);
    let message = refused(Errors::Cluster(vec![one.clone()])).to_string();
    assert!(message.contains("one level of `world`"), "{message}");
    let setting = |e: InputError| assert!(matches!(e, InputError::Setting { .. }), "{e}");
    setting(refused(Errors::Cluster(Vec::new())));
    setting(refused(Errors::Cluster(vec![p.pair.clone(); 9])));
    setting(refused(Errors::Cluster(vec![Factor { levels: 2, ..p.pair.clone() }])));
    let same = Periods { name: "year".into(), values: vec![2000; n] };
    setting(refused(Errors::DriscollKraay { time: same, lag: None }));
    setting(refused(Errors::Conley(Conley::new(vec![0.0; n], vec![0.0; n], 0.0))));
    let length = |e: InputError| assert!(matches!(e, InputError::Length { .. }), "{e}");
    length(refused(Errors::Conley(Conley::new(vec![0.0; 2], vec![0.0; n], 9.0))));
    length(refused(Errors::Cluster(vec![factor("short", &[0, 1])])));
    let short = Periods { name: "year".into(), values: vec![2000, 2001] };
    length(refused(Errors::DriscollKraay { time: short, lag: None }));
    let mut latitude = vec![0.0; n];
    latitude[4] = 91.0;
    let off = refused(Errors::Conley(Conley::new(latitude, vec![0.0; n], 9.0)));
    assert!(matches!(off, InputError::Value { index: 4, .. }), "{off}");

    let options = WildOptions::default;
    let wild = |name: &str, cluster: &Factor, options: WildOptions| {
        fitted.wild_bootstrap(name, 0.0, cluster, &options).unwrap_err()
    };
    setting(wild("gdp", &p.pair, options()));
    setting(wild("tariff", &one, options()));
    setting(wild("tariff", &p.pair, WildOptions { draws: 0, ..options() }));
    setting(wild("tariff", &p.pair, WildOptions { level: 1.0, ..options() }));
    setting(wild("tariff", &p.pair, WildOptions { most_crossed_clusters: 3, ..options() }));

    // Asked for with the fit, too.
    let mut design = p.design.clone();
    design.clusters = vec![one];
    let options = Options { vcov: Vcov::Cluster, ..Options::default() };
    setting(ols(&design, &options).unwrap_err());
}
