//! Fits all regressors by lasso, and compares numbers.
#![allow(dead_code)]

use emporion_model::estimate::design::Design;
use emporion_model::estimate::lasso::{Lasso, LassoOptions, Penalty, lasso};
use emporion_model::estimate::{Family, Options};
use emporion_model::outcome::Status;

/// The page stops at changes of 1e-14 in b, the oracle at 1e-12, the descent at 1e-9 before a
/// quadratic step.
pub const SAME: f64 = 1e-8;

pub fn given(lambdas: &[f64], standardise: bool) -> LassoOptions {
    LassoOptions { penalty: Penalty::Given(lambdas.to_vec()), standardise }
}

pub fn fit(design: &Design, how: &LassoOptions) -> Lasso {
    let all = vec![true; design.x.len()];
    let found = lasso(design, &all, Family::Poisson, &Options::default(), how).unwrap();
    assert_eq!(found.status, Status::Converged);
    found
}

pub fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance * b.abs().max(1.0);
    assert!(a.iter().zip(b).all(near), "{a:?} and {b:?}");
}
