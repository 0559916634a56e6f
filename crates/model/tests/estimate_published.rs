//! Digits as others have printed them, from our own output.

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/estimate.rs"]
mod harness;
#[path = "common/parquet.rs"]
mod parquet;

use emporion_model::estimate::design::Design;
use emporion_model::estimate::{Errors, Fit, Fitted, Options, SmallSample, reset};
use harness::{fit_case, read_case};

/// A case, fitted; none where the data are not at hand.
fn fitted(name: &str) -> Option<(Fitted, case::Table, Design)> {
    let root = common::reference("estimate")?;
    let (case, table, design) = read_case(&root, name);
    Some((fit_case(&case, &design, &Options::default()), table, design))
}

/// The number with as many decimals as the printed one has.
fn prints(value: f64, printed: &str) {
    let decimals = printed.split_once('.').map_or(0, |(_, d)| d.len());
    assert_eq!(format!("{value:.decimals$}"), printed, "{value}");
}

fn rows(fit: &Fit, printed: &[(&str, &str, &str)]) {
    for (name, coefficient, error) in printed {
        let (b, se) = fit.coefficient(name).unwrap();
        prints(b, coefficient);
        if !error.is_empty() {
            prints(se, error);
        }
    }
}

#[test]
fn introduction_to_fixest() {
    let Some((fitted, table, _)) = fitted("fixest-trade-4fe") else { return };
    let errors = Errors::Cluster(vec![table.factor("Origin")]);
    let fit = fitted.with_errors(&errors, SmallSample::Fixest).unwrap();
    rows(&fit, &[("ln_dist", "-1.52787", "0.115678")]);
    // As printed there: a z value, and p below 2.2e-16.
    assert!(fit.degrees_of_freedom.is_none() && fit.p_values[0] < 2.2e-16);
}

#[test]
fn log_of_gravity_table_3() {
    // Santos Silva and Tenreyro (2006), table 3, PPML on positive and on all flows; the text on page
    // 651 gives distance as 0.78 (s.e. 0.06).
    let names = [
        "lypex",
        "lypim",
        "lyex",
        "lyim",
        "ldist",
        "border",
        "comlang",
        "colony",
        "landl_ex",
        "landl_im",
        "lremot_ex",
        "lremot_im",
        "comfrt_wto",
        "open_wto",
    ];
    let positive = [
        "0.721", "0.732", "0.154", "0.133", "-0.776", "0.202", "0.751", "0.020", "-0.872",
        "-0.703", "0.647", "0.549", "0.179", "-0.139",
    ];
    let all = [
        "0.732", "0.741", "0.157", "0.135", "-0.784", "0.193", "0.746", "0.025", "-0.863",
        "-0.696", "0.660", "0.562", "0.181", "-0.107",
    ];
    for (case, printed, constant, n, form) in [
        ("log-of-gravity-table3-positive", positive, "-31.530", 9613, "0.941"),
        ("log-of-gravity-table3", all, "-32.326", 18360, "0.332"),
    ] {
        let Some((fitted, _, design)) = fitted(case) else { return };
        let fit = fitted.with_errors(&Errors::Robust, SmallSample::Stata).unwrap();
        for (name, printed) in std::iter::zip(names, printed) {
            prints(fit.coefficient(name).unwrap().0, printed);
        }
        prints(fit.coefficients[0], constant);
        // The 0.06 of the text is this figure rounded once more.
        prints(fit.coefficient("ldist").unwrap().1, "0.055");
        assert_eq!(fit.n_used, n);
        // The form is refused in neither column, which is what the paper finds for PPML.
        let options = Options { small_sample: SmallSample::Stata, ..Options::default() };
        prints(reset(&design, &fitted, &options, 2).unwrap().test.p_value, form);
    }
}

#[test]
fn advanced_guide() {
    // Yotov, Piermartini, Monteiro and Larch (2016), chapter 2: RTAsEffects.log, TradeWithoutBorder.log.
    let Some((agreements, _, _)) = fitted("agtpa-rta-3way") else { return };
    assert_eq!(agreements.fit.n_used, 28_482);
    let fit = agreements.with_errors(&Errors::Robust, SmallSample::Stata).unwrap();
    rows(&fit, &[("rta", "0.5571853", "0.055771")]);
    let Some((border, _, _)) = fitted("agtpa-borderless-2006") else { return };
    let fit = border.with_errors(&Errors::Robust, SmallSample::Stata).unwrap();
    assert_eq!(fit.n_used, 4761);
    rows(
        &fit,
        &[
            ("log_dist", "-0.7912879", "0.0501494"),
            ("cntg", "0.6736456", "0.1073719"),
            ("brdr", "-2.47445", "0.1193816"),
        ],
    );
}

#[test]
fn ppml_fe_bias_before_correction() {
    let clustered = |name: &str| {
        let (fitted, table, _) = fitted(name)?;
        let errors = Errors::Cluster(vec![table.factor("isoimp#isoexp")]);
        Some(fitted.with_errors(&errors, SmallSample::Stata).unwrap())
    };
    let Some(fit) = clustered("febias-manuf-3way") else { return };
    rows(&fit, &[("fta", "0.178029", "0.0350079")]);
    let Some(fit) = clustered("febias-manuf-2way") else { return };
    rows(
        &fit,
        &[
            ("ln_distw", "-0.582689", "0.0372778"),
            ("contig", "0.3690149", "0.0600966"),
            ("colony", "-0.0874526", "0.0888010"),
            ("comlang_off", "0.0535707", "0.0628885"),
            ("comleg", "0.2485195", "0.0411242"),
            ("fta", "0.8540740", "0.0748473"),
        ],
    );
}
