//! Wild cluster bootstrap (least squares) and score bootstrap (Poisson) of one coefficient.
//!
//! ```text
//! least squares, null imposed (WCR):   y* = ŷ_r + v_g ê_r,   ê_r = ê + δ x*,   δ = β̂ - r
//!   t* = Σ_g v_g a_g / √(f Σ_g s*_g²),   a_g = Σ_{i in g} ω x* ê_r
//!   s*_g = Σ_{i in g} ω x* [M (v ê_r)]_i,   M takes out regressors and effects
//! Poisson, scores at the unrestricted estimate:
//!   t* = Σ_g v_g p_g / √(f Σ_g (v_g p_g)²),   p_g = Σ_{i in g} x* u
//! ```
//!
//! # Notation
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x* | the regressor with effects and all other regressors taken out: X̃ B e_j / B_jj | n |
//! | v_g | ±1 (Rademacher) or six values (Webb), mean 0, variance 1 | one per cluster |
//! | r | the null, [`WildBootstrap::null`] | |
//! | f | small-sample factor of the cluster covariance | |
//!
//! Both the numerator and the squared denominator are polynomials in δ whose coefficients depend on
//! the draw alone. They are computed once; the p-value at any null, and so the interval by test
//! inversion, then costs a few operations per draw.
//!
//! # Assumptions
//!
//! Errors are independent between clusters. p is the share of draws with |t*| > |t|; draws that
//! reproduce the sample (all signs alike) tie and are not counted, as in boottest and
//! fwildclusterboot. The interval is the set of nulls with p of at least 1 - level around the
//! estimate; p falls in steps, and where it is not monotone the nearest crossing is meant.
//! All 2^G sign patterns are used when they are not more than the draws asked for.
//!
//! # Cost
//!
//! O(n k) once and O(G k) per draw when every effect is nested within the clusters; otherwise one
//! column is absorbed per cluster and a draw takes O(G²), which is refused beyond
//! [`WildOptions::most_crossed_clusters`].
//!
//! Source: Cameron, Gelbach and Miller (2008), Review of Economics and Statistics 90; Webb (2023),
//! Canadian Journal of Economics 56, for the six points; Roodman, MacKinnon, Nielsen and Webb (2019),
//! Stata Journal 19, section 5, for the algorithm; Kline and Santos (2012), Journal of Econometric
//! Methods 1, for scores. Draw b of a seed owns generator b, so threads do not change a bit.

use super::design::Factor;
use super::errors::Errors;
use super::fit::Family;
use super::fitted::Fitted;
use super::freedom::is_nested;
use super::options::SmallSample;
use super::vcov::sums;
use crate::outcome::InputError;
use crate::random::SplitMix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Statistics nearer than this share are the same number in other roundings.
const TIE: f64 = 1e-9;
/// A variance below this share of the sample's is zero in other roundings: t* has no value.
const NO_VARIANCE: f64 = 1e-20;
/// Absorbing for the crossed clusters: the tolerance of the fits with the default options.
const ABSORB_TOLERANCE: f64 = 1e-12;
/// Columns absorbed at a time.
const BLOCK: usize = 16;

/// The distribution of v.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WildWeights {
    /// ±1 with equal chances.
    #[default]
    Rademacher,
    /// ±√½, ±1, ±√(3/2) with equal chances: for fewer than about 12 clusters, where signs alone give
    /// too few patterns.
    Webb,
}

/// Settings of [`Fitted::wild_bootstrap`].
#[derive(Debug, Clone, PartialEq)]
pub struct WildOptions {
    /// Draws; default 9,999, so that (draws + 1) times the usual levels is whole.
    pub draws: usize,
    /// Default 0.
    pub seed: u64,
    /// Default Rademacher, as in Cameron, Gelbach and Miller.
    pub weights: WildWeights,
    /// Level of the interval; default 0.95.
    pub level: f64,
    /// Factor of the statistics shown; the p-value does not depend on it. Default fixest.
    pub small_sample: SmallSample,
    /// Clusters allowed when an effect is not nested within them; default 1,000: beyond that
    /// clustered errors do as well.
    pub most_crossed_clusters: usize,
}

impl Default for WildOptions {
    fn default() -> Self {
        Self {
            draws: 9_999,
            seed: 0,
            weights: WildWeights::Rademacher,
            level: 0.95,
            small_sample: SmallSample::Fixest,
            most_crossed_clusters: 1_000,
        }
    }
}

/// Which bootstrap was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WildMethod {
    /// Wild cluster bootstrap with the null imposed.
    RestrictedWildCluster,
    /// Score bootstrap at the unrestricted estimate.
    UnrestrictedScore,
}

/// The bootstrap of one coefficient.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WildBootstrap {
    /// Which bootstrap was run.
    pub method: WildMethod,
    /// Name of the coefficient.
    pub coefficient: String,
    /// β̂.
    pub estimate: f64,
    /// r: the value tested.
    pub null: f64,
    /// t of the sample.
    pub statistic: f64,
    /// Share of draws with |t*| > |t|.
    pub p_value: f64,
    /// Share of draws with |t*| as large as |t| up to rounding; the largest p-value that another
    /// rule for ties could give is `p_value + ties`.
    pub ties: f64,
    /// Nulls that are not refused; infinite where every null beyond the estimate passes.
    #[serde(with = "super::exact::numbers")]
    pub interval: Vec<f64>,
    /// Level of the interval.
    pub level: f64,
    /// Clusters in the rows used.
    pub clusters: usize,
    /// Draws computed.
    pub draws: usize,
    /// Draws without a variance, left out of the shares.
    pub undefined: usize,
    /// Whether the draws are all sign patterns.
    pub enumerated: bool,
    /// t* of each draw at the null, NaN where undefined.
    #[serde(with = "super::exact::numbers")]
    pub statistics: Vec<f64>,
}

/// A draw as polynomials in δ: numerator n[0] + n[1] δ, variance s[0] + 2 s[1] δ + s[2] δ².
#[derive(Debug, Clone, Copy)]
struct Draw {
    n: [f64; 2],
    s: [f64; 3],
}

/// The sample and its draws; standard errors are without the small-sample factor.
struct Draws {
    draws: Vec<Draw>,
    /// Standard error of the coefficient, times 1 / B_jj.
    spread: f64,
    /// B_jj.
    scale: f64,
    /// Σ q_g², what s[2] is compared with.
    size: f64,
}

impl Draws {
    /// t* of a draw for an estimate δ beyond the null.
    fn statistic(&self, draw: &Draw, delta: f64) -> f64 {
        let variance = draw.s[0] + delta * (2.0 * draw.s[1] + delta * draw.s[2]);
        let size = self.spread * self.spread + delta * delta * self.size;
        if variance <= NO_VARIANCE * size {
            return f64::NAN;
        }
        (draw.n[0] + delta * draw.n[1]) / variance.sqrt()
    }

    /// Shares of draws beyond t and tied with it, and the number without a value.
    fn shares(&self, delta: f64) -> (f64, f64, usize) {
        let t = (delta / (self.scale * self.spread)).abs();
        let (mut beyond, mut tied, mut undefined) = (0usize, 0usize, 0usize);
        for draw in &self.draws {
            let value = self.statistic(draw, delta).abs();
            if value.is_nan() {
                undefined += 1;
            } else if (value - t).abs() <= TIE * t {
                tied += 1;
            } else if value > t {
                beyond += 1;
            }
        }
        let defined = (self.draws.len() - undefined) as f64;
        (beyond as f64 / defined, tied as f64 / defined, undefined)
    }

    /// How far from the estimate, in units of `step`, nulls on one side pass at `alpha`.
    fn reach(&self, step: f64, alpha: f64) -> f64 {
        let passes = |distance: f64| self.shares(distance * step).0 >= alpha;
        let (mut low, mut high) = (0.0, 1.0);
        while passes(high) {
            (low, high) = (high, 2.0 * high);
            if high > 1e9 {
                return f64::INFINITY;
            }
        }
        while high - low > 1e-12 * high.max(1.0) {
            let middle = 0.5 * (low + high);
            if passes(middle) { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

impl Fitted {
    /// Bootstraps the t statistic of one coefficient by clusters given over the rows of the design.
    ///
    /// Equations, notation, assumptions, cost and sources are in the
    /// [module's text](crate::estimate::wild).
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] for a name that is not a coefficient, no draws, a level outside 0 to 1,
    /// a single cluster, or more crossed clusters than allowed; [`InputError::Undefined`] when the
    /// coefficient has no standard error.
    pub fn wild_bootstrap(
        &self,
        coefficient: &str,
        null: f64,
        cluster: &Factor,
        options: &WildOptions,
    ) -> Result<WildBootstrap, InputError> {
        let setting = |what: &str, expected: String, got: String, remedy: &str| {
            Err(InputError::Setting { what: what.into(), expected, got, remedy: remedy.into() })
        };
        let Some(j) = self.fit.position(coefficient) else {
            let expected = format!("one of {}", self.fit.names.join(", "));
            let remedy = "name a coefficient as the fit does";
            return setting("wild bootstrap", expected, coefficient.into(), remedy);
        };
        if options.draws == 0 {
            return setting("draws", "at least 1".into(), "0".into(), "9999 is common");
        }
        if !(options.level > 0.0 && options.level < 1.0) {
            let got = options.level.to_string();
            return setting("level", "between 0 and 1".into(), got, "0.95 is common");
        }
        if !null.is_finite() {
            return setting("null", "a number".into(), null.to_string(), "0 is common");
        }
        let errors = Errors::Cluster(vec![cluster.clone()]);
        let clustered = self.with_errors(&errors, options.small_sample)?;
        let cluster = self.in_use(cluster)?;
        let estimate = self.fit.coefficients[j];
        let draws = self.draws(j, &cluster, options)?;
        let error = clustered.standard_errors[j];
        if !(error > 0.0 && error.is_finite() && draws.spread > 0.0) {
            return Err(InputError::Undefined {
                what: format!("wild bootstrap of `{coefficient}`"),
                reason: "it has no clustered standard error".into(),
                remedy: "see the notes of the fit".into(),
            });
        }
        let delta = estimate - null;
        let (p_value, ties, undefined) = draws.shares(delta);
        let step = draws.scale * draws.spread;
        let alpha = 1.0 - options.level;
        // The factor f in the denominator of t and of every t*.
        let root = error / step;
        let statistics: Vec<f64> =
            draws.draws.iter().map(|d| draws.statistic(d, delta) / root).collect();
        Ok(WildBootstrap {
            method: match self.fit.family {
                Family::Gaussian => WildMethod::RestrictedWildCluster,
                Family::Poisson => WildMethod::UnrestrictedScore,
            },
            coefficient: coefficient.into(),
            estimate,
            null,
            statistic: delta / error,
            p_value,
            ties,
            interval: vec![
                estimate - step * draws.reach(step, alpha),
                estimate + step * draws.reach(-step, alpha),
            ],
            level: options.level,
            clusters: cluster.levels,
            draws: draws.draws.len(),
            undefined,
            enumerated: enumerates(cluster.levels, options),
            statistics,
        })
    }

    fn draws(
        &self,
        j: usize,
        cluster: &Factor,
        options: &WildOptions,
    ) -> Result<Draws, InputError> {
        let (k, groups) = (self.x.len(), cluster.levels);
        let scale = self.bread[j * k + j];
        let mut own = vec![0.0; self.rows.len()];
        for (l, x) in self.x.iter().enumerate() {
            let b = self.bread[l * k + j] / scale;
            own.iter_mut().zip(x).for_each(|(o, x)| *o += b * x);
        }
        let weighted: Vec<f64> = own.iter().zip(&self.working).map(|(x, w)| x * w).collect();
        let group_sums =
            |x: &[Vec<f64>], u: &[f64]| -> Vec<Vec<f64>> { sums(x, u, &cluster.ids, groups) };
        let own = [own];
        let p = group_sums(&own, &self.residual).remove(0);
        let q = group_sums(&own, &weighted).remove(0);
        let count = if enumerates(groups, options) { 1 << groups } else { options.draws };
        let nested = self.effects.iter().all(|f| is_nested(f, cluster))
            && self.slopes.iter().all(|s| is_nested(&s.factor, cluster));
        let draw = |b: usize, v: &mut Vec<f64>| signs(b, groups, options, v);
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let draws: Vec<Draw> = if self.fit.family == Family::Poisson {
            (0..count)
                .into_par_iter()
                .map_init(Vec::new, |v, b| {
                    draw(b, v);
                    let variance = v.iter().zip(&p).map(|(v, p)| (v * p) * (v * p)).sum();
                    Draw { n: [dot(v, &p), 0.0], s: [variance, 0.0, 0.0] }
                })
                .collect()
        } else if nested {
            let low_rank = LowRank {
                bread: &self.bread,
                cross: group_sums(&self.x, &weighted),
                scores: group_sums(&self.x, &self.residual),
            };
            (0..count)
                .into_par_iter()
                .map_init(Vec::new, |v, b| {
                    draw(b, v);
                    low_rank.draw(v, &p, &q)
                })
                .collect()
        } else {
            let (of_e, of_x) = self.crossed(&own[0], &weighted, cluster, options)?;
            (0..count)
                .into_par_iter()
                .map_init(Vec::new, |v, b| {
                    draw(b, v);
                    let mut s = [0.0; 3];
                    for (e, x) in of_e.chunks(groups).zip(of_x.chunks(groups)) {
                        let (e, x) = (dot(e, v), dot(x, v));
                        add_square(&mut s, e, x);
                    }
                    Draw { n: [dot(v, &p), dot(v, &q)], s }
                })
                .collect()
        };
        let spread = p.iter().map(|p| p * p).sum::<f64>().sqrt();
        Ok(Draws { draws, spread, scale, size: q.iter().map(|q| q * q).sum() })
    }

    /// K^e and K^x, row-major G × G: s*_g = Σ_h v_h (K^e_gh + δ K^x_gh) with
    /// K_gh = Σ_{i in h} ω z_gi ·, z_g = M (1_g x*). M is symmetric under ω, so it may act on the
    /// G columns 1_g x* once instead of on every draw.
    fn crossed(
        &self,
        own: &[f64],
        weighted: &[f64],
        cluster: &Factor,
        options: &WildOptions,
    ) -> Result<(Vec<f64>, Vec<f64>), InputError> {
        let (k, groups) = (self.x.len(), cluster.levels);
        let refuse = |expected: String, got: String, remedy: &str| {
            Err(InputError::Setting {
                what: "wild bootstrap with effects that are not nested within the clusters".into(),
                expected,
                got,
                remedy: remedy.into(),
            })
        };
        if groups > options.most_crossed_clusters {
            let expected = format!("at most {} clusters", options.most_crossed_clusters);
            let remedy = "with so many clusters use clustered errors, or raise the limit";
            return refuse(expected, groups.to_string(), remedy);
        }
        let (mut of_e, mut of_x) = (Vec::new(), Vec::new());
        for first in (0..groups).step_by(BLOCK) {
            let mut columns: Vec<Vec<f64>> = (first..groups.min(first + BLOCK))
                .map(|g| {
                    let inside = |(x, id): (&f64, &u32)| if *id as usize == g { *x } else { 0.0 };
                    own.iter().zip(&cluster.ids).map(inside).collect()
                })
                .collect();
            let outcome = self.absorb(&self.working, &mut columns, ABSORB_TOLERANCE);
            if !outcome.converged {
                return Err(InputError::Undefined {
                    what: "wild bootstrap".into(),
                    reason: format!("absorbing left a share of {:.0e}", outcome.residual),
                    remedy: "use clusters that contain the effects".into(),
                });
            }
            for z in &mut columns {
                let moments: Vec<f64> = self
                    .x
                    .iter()
                    .map(|x| (0..z.len()).map(|i| x[i] * self.working[i] * z[i]).sum())
                    .collect();
                for (l, x) in self.x.iter().enumerate() {
                    let b: f64 = (0..k).map(|m| self.bread[l * k + m] * moments[m]).sum();
                    z.iter_mut().zip(x).for_each(|(z, x)| *z -= b * x);
                }
            }
            let by_e = sums(&columns, &self.residual, &cluster.ids, groups);
            let by_x = sums(&columns, weighted, &cluster.ids, groups);
            of_e.extend(by_e.into_iter().flatten());
            of_x.extend(by_x.into_iter().flatten());
        }
        Ok((of_e, of_x))
    }
}

/// The draws when effects are nested: v is constant within each level, so M only takes out the k
/// regressors, and s*_g = v_g a_g - c_g' B Σ_h v_h (scores_h + δ c_h).
struct LowRank<'a> {
    bread: &'a [f64],
    /// c_gl = Σ_{i in g} ω x* x̃_l, by l.
    cross: Vec<Vec<f64>>,
    /// Σ_{i in h} x̃_l u, by l.
    scores: Vec<Vec<f64>>,
}

impl LowRank<'_> {
    fn draw(&self, v: &[f64], p: &[f64], q: &[f64]) -> Draw {
        let k = self.cross.len();
        let through = |columns: &[Vec<f64>]| -> Vec<f64> {
            let totals: Vec<f64> =
                columns.iter().map(|c| c.iter().zip(v).map(|(c, v)| c * v).sum()).collect();
            (0..k).map(|l| (0..k).map(|m| self.bread[l * k + m] * totals[m]).sum()).collect()
        };
        let (by_e, by_x) = (through(&self.scores), through(&self.cross));
        let (mut n, mut s) = ([0.0; 2], [0.0; 3]);
        for g in 0..v.len() {
            let (mut e, mut x) = (v[g] * p[g], v[g] * q[g]);
            n[0] += e;
            n[1] += x;
            for l in 0..k {
                e -= self.cross[l][g] * by_e[l];
                x -= self.cross[l][g] * by_x[l];
            }
            add_square(&mut s, e, x);
        }
        Draw { n, s }
    }
}

/// Adds (e + δ x)² to a polynomial in δ.
fn add_square(s: &mut [f64; 3], e: f64, x: f64) {
    s[0] += e * e;
    s[1] += e * x;
    s[2] += x * x;
}

/// Whether the draws are all sign patterns.
fn enumerates(groups: usize, options: &WildOptions) -> bool {
    options.weights == WildWeights::Rademacher && groups < 60 && 1usize << groups <= options.draws
}

/// v of draw b.
fn signs(b: usize, groups: usize, options: &WildOptions, v: &mut Vec<f64>) {
    v.clear();
    let sign = |bit: u64| if bit & 1 == 1 { 1.0 } else { -1.0 };
    if enumerates(groups, options) {
        v.extend((0..groups).map(|g| sign(b as u64 >> g)));
        return;
    }
    let mut random = SplitMix::new(options.seed, b as u64);
    match options.weights {
        WildWeights::Rademacher => {
            let mut bits = 0;
            for g in 0..groups {
                bits = if g % 64 == 0 { random.next() } else { bits >> 1 };
                v.push(sign(bits));
            }
        }
        WildWeights::Webb => {
            let (low, high) = (0.5f64.sqrt(), 1.5f64.sqrt());
            let points = [-high, -1.0, -low, low, 1.0, high];
            v.extend((0..groups).map(|_| points[random.below(6)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_mean_zero_and_variance_one() {
        for weights in [WildWeights::Rademacher, WildWeights::Webb] {
            let options = WildOptions { weights, seed: 7, ..WildOptions::default() };
            let (mut v, mut sum, mut squares) = (Vec::new(), 0.0, 0.0);
            for b in 0..500 {
                signs(b, 100, &options, &mut v);
                sum += v.iter().sum::<f64>();
                squares += v.iter().map(|v| v * v).sum::<f64>();
            }
            // Five standard deviations of 50,000 draws.
            assert!((sum / 5e4).abs() < 0.0224, "{weights:?} {sum}");
            assert!((squares / 5e4 - 1.0).abs() < 0.0092, "{weights:?} {squares}");
        }
    }

    #[test]
    fn few_clusters_are_enumerated() {
        let options = WildOptions { draws: 8, ..WildOptions::default() };
        assert!(enumerates(3, &options) && !enumerates(4, &options));
        let mut seen: Vec<Vec<i8>> = Vec::new();
        let mut v = Vec::new();
        for b in 0..8 {
            signs(b, 3, &options, &mut v);
            seen.push(v.iter().map(|v| *v as i8).collect());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 8);
    }
}
