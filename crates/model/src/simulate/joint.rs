//! Draws from a distribution by inverse distribution functions, each draw from its own stream.

use faer::{Mat, Side};

use super::uncertain::{Coefficient, Elasticity, JointNormal, Range};
use crate::outcome::InputError;
use crate::random::SplitMix;

/// A covariance matrix computed in double precision is symmetric, and not negative, up to this part
/// of its largest entry or eigenvalue. A matrix typed with six digits is further off: such a one has
/// to be mended where it was rounded.
const ROUNDING: f64 = 1e-8;

/// One draw: the coefficient of each effect, and each theta.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub coefficients: Vec<f64>,
    pub elasticities: Vec<f64>,
}

impl JointNormal {
    /// A with A A' = V: eigenvectors times the roots of eigenvalues, in the units of the standard
    /// deviations. It exists for a singular V too, where Cholesky's does not.
    pub(crate) fn root(&self) -> Result<Mat<f64>, InputError> {
        let k = self.mean.len();
        let v = &self.covariance;
        if v.len() != k * k {
            return Err(InputError::Length {
                what: "covariance of the coefficients".into(),
                expected: k * k,
                got: v.len(),
            });
        }
        finite("means of the coefficients", &self.mean)?;
        finite("covariance of the coefficients", v)?;
        let refuse = |what: String, expected: &str, got: String| {
            Err(InputError::Setting {
                what,
                expected: expected.into(),
                got,
                remedy:
                    "take the covariance matrix as the estimation saved it, all digits, rows and \
                         columns in the order of the coefficients"
                        .into(),
            })
        };
        let sd: Vec<f64> = (0..k).map(|a| v[a * k + a].max(0.0).sqrt()).collect();
        for a in 0..k {
            if v[a * k + a] < 0.0 {
                let what = format!("variance of coefficient {a}");
                return refuse(what, "a number that is not negative", v[a * k + a].to_string());
            }
            for b in 0..a {
                let (one, other) = (v[a * k + b], v[b * k + a]);
                let what = || format!("covariance of coefficients {b} and {a}");
                if (one - other).abs() > ROUNDING * sd[a] * sd[b] {
                    return refuse(what(), "a symmetric matrix", format!("{other} and {one}"));
                }
                if one.abs() > (1.0 + ROUNDING) * sd[a] * sd[b] {
                    let got = format!("{one}, beyond the product of the standard deviations");
                    return refuse(what(), "a covariance matrix", got);
                }
            }
        }
        // Correlations: coefficients of log distance and of a dummy have quite different scales.
        let correlation = Mat::from_fn(k, k, |a, b| match (a == b, sd[a] * sd[b]) {
            (true, s) => f64::from(s > 0.0),
            (false, 0.0) => 0.0,
            (false, s) => 0.5 * (v[a * k + b] + v[b * k + a]) / s,
        });
        if k == 0 {
            return Ok(Mat::zeros(0, 0));
        }
        let Ok(eigen) = correlation.self_adjoint_eigen(Side::Lower) else {
            return refuse(
                "covariance of the coefficients".into(),
                "a matrix with eigenvalues",
                "none found".into(),
            );
        };
        let values = eigen.S().column_vector();
        let smallest = values.iter().copied().fold(f64::INFINITY, f64::min);
        if smallest < -ROUNDING * k as f64 {
            return refuse(
                "covariance of the coefficients".into(),
                "a positive semidefinite matrix",
                format!("an eigenvalue of {smallest:e} in the matrix of correlations"),
            );
        }
        Ok(Mat::from_fn(k, k, |a, b| sd[a] * eigen.U()[(a, b)] * values[b].max(0.0).sqrt()))
    }
}

fn finite(what: &str, values: &[f64]) -> Result<(), InputError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.into(),
            index,
            value: values[index],
            remedy: "a coefficient that was left out of the fit has no distribution: leave it out"
                .into(),
        }),
    }
}

/// Draw number `number` of a seed: always the same, whatever was drawn before it.
pub(crate) fn sample(
    coefficients: &[Coefficient],
    estimated: &JointNormal,
    elasticities: &[Elasticity],
    root: &Mat<f64>,
    seed: u64,
    number: usize,
) -> Sample {
    let mut random = SplitMix::new(seed, number as u64);
    let k = estimated.mean.len();
    let normal: Vec<f64> = (0..k).map(|_| normal_quantile(uniform(&mut random))).collect();
    let drawn: Vec<f64> = (0..k)
        .map(|a| {
            let moved: f64 = (0..k).map(|b| root[(a, b)] * normal[b]).sum();
            estimated.mean[a] + moved
        })
        .collect();
    let coefficients = coefficients
        .iter()
        .map(|coefficient| match coefficient {
            Coefficient::Estimated(k) => drawn[*k],
            Coefficient::Given(range) => range.quantile(uniform(&mut random)),
        })
        .collect();
    let elasticities =
        elasticities.iter().map(|theta| theta.quantile(uniform(&mut random), number)).collect();
    Sample { coefficients, elasticities }
}

impl Range {
    /// The value below which the share `u` of the distribution lies.
    fn quantile(&self, u: f64) -> f64 {
        match *self {
            Self::Point(v) => v,
            Self::Uniform { low, high } => low + u * (high - low),
            Self::Triangular { low, mode, high } => triangular_quantile(low, mode, high, u),
            Self::Normal { mean, sd } => mean + sd * normal_quantile(u),
        }
    }
}

impl Elasticity {
    fn quantile(&self, u: f64, number: usize) -> f64 {
        match self {
            Self::Fixed(v) => *v,
            Self::LogNormal { mean, sd } => {
                let variance = (sd / mean).powi(2).ln_1p();
                mean * (variance.sqrt() * normal_quantile(u) - 0.5 * variance).exp()
            }
            Self::Uniform { low, high } => low + u * (high - low),
            Self::Triangular { low, mode, high } => triangular_quantile(*low, *mode, *high, u),
            Self::Values(values) => values[number % values.len()],
        }
    }
}

fn triangular_quantile(low: f64, mode: f64, high: f64, u: f64) -> f64 {
    let width = high - low;
    if width == 0.0 {
        return low;
    }
    if u * width < mode - low {
        low + (u * width * (mode - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - mode)).sqrt()
    }
}

/// Strictly between 0 and 1: the middles of 2^53 equal cells.
fn uniform(random: &mut SplitMix) -> f64 {
    ((random.next() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// The standard normal quantile: rational approximations of Wichura (1988), "Algorithm AS 241: The
/// Percentage Points of the Normal Distribution", Applied Statistics 37(3), routine PPND16; relative
/// error about 1e-16.
fn normal_quantile(p: f64) -> f64 {
    let polynomial = |c: &[f64], r: f64| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE[0], r) / polynomial(&CENTRE[1], r);
    }
    let r = (-p.min(1.0 - p).ln()).sqrt();
    let tail = if r <= 5.0 {
        polynomial(&MIDDLE[0], r - 1.6) / polynomial(&MIDDLE[1], r - 1.6)
    } else {
        polynomial(&FAR[0], r - 5.0) / polynomial(&FAR[1], r - 5.0)
    };
    tail.copysign(q)
}

const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];
const MIDDLE: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const FAR: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::distribution::p_value;

    /// The tail probability of the workspace's own distribution function carries about 1e-15.
    const TWO_ROADS: f64 = 1e-13;

    #[test]
    fn quantiles_invert_the_distribution_function() {
        for p in [1e-12, 1e-6, 0.01, 0.0749, 0.0751, 0.3, 0.4999] {
            let z = normal_quantile(p);
            let tail = 0.5 * p_value(z, None);
            assert!((tail / p - 1.0).abs() < TWO_ROADS, "{p}: {z} has {tail}");
            assert!((normal_quantile(1.0 - p) + z).abs() < 1e-3 * p.min(1e-9) / p + 1e-9);
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        // 1.959963984540054 is in every table.
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn triangular_quantiles_by_hand() {
        // On 0, 1, 2 the distribution function is u = x² / 2 up to 1.
        for (u, x) in [(0.125, 0.5), (0.5, 1.0), (0.875, 1.5)] {
            assert!((triangular_quantile(0.0, 1.0, 2.0, u) - x).abs() < 1e-15);
        }
    }

    #[test]
    fn the_root_gives_the_covariance_back() {
        // Of rank two: the third coefficient is the sum of the first two.
        let v = vec![4.0, 1.0, 5.0, 1.0, 9.0, 10.0, 5.0, 10.0, 15.0];
        let root = JointNormal { mean: vec![0.0; 3], covariance: v.clone() }.root().unwrap();
        for a in 0..3 {
            for b in 0..3 {
                let sum: f64 = (0..3).map(|c| root[(a, c)] * root[(b, c)]).sum();
                assert!((sum - v[a * 3 + b]).abs() < 1e-12, "{a}, {b}: {sum}");
            }
        }
    }
}
