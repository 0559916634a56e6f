//! Bias and standard errors of Poisson gravity with two- and three-way fixed effects.
//!
//! With origin-time, destination-time and pair effects the estimate of β is consistent, but its
//! bias is of the order of its standard error, and clustered errors are too small: residuals of a
//! pair are shrunk by the effects they helped to fit.
//!
//! ```text
//! β̃ = β - W⁻¹(B/m_i + D/m_j),   W = (1/P) Σ_p x'diag(λ)x
//! B_k = n_i/(n_i-1) · mean_i[ -tr(H_i⁻ Σ_j H_p x_k e') + ½ tr(H_i⁻ (Σ_j G_p x_k) H_i⁻ Σ_j ee') ]
//! H_p = diag λ - λλ'/Λ,   (G_p x_k)_ts = -Σ_r ∂H_ts/∂log λ_r · x_rk,   H_i = Σ_j H_p
//! V = P/(P-1) · W⁻¹ [(1/P) Σ_p x'(I - H_p(x V_x x' + d V_d d'))⁻¹ ee'x] W⁻¹ / P
//! ```
//!
//! D is B with the sums over origins. As x has the effects taken out, Σ_j diag(λ x_k) vanishes, so
//! that G sums to what Weidner and Zylkin's own program writes as -(H diag x + diag x H).
//!
//! # Notation
//!
//! | symbol | field | shape |
//! | --- | --- | --- |
//! | p = (i, j) | | pair of origin and destination, its rows at different times |
//! | λ, Λ | `fitted.working` | fitted values (times weights) of a pair, their sum |
//! | e | `fitted.residual` | y - λ of a pair |
//! | x | `fitted.x` | regressors with all effects absorbed under λ |
//! | P, n_i, n_j | `pairs`, `origins`, `destinations` | counts; m_i = P/n_i partners on average |
//! | V_x, V_d | | variance without robustness of β, and of the effects of i and j |
//! | bias | [`BiasCorrection::bias`] | k |
//!
//! # Assumptions
//!
//! Rows of one pair may depend on each other in any way, pairs not. With two effects (origin-time
//! and destination-time) H is diag λ, β has no bias of this order, and only the errors change. Rows
//! with origin equal to destination are pairs like any other (published examples have none). In
//! unbalanced panels a missing or separated row is one with λ = e = 0, as in the authors' program;
//! P counts pairs with a row in use, n_i origins with one. Effects that differ between the two
//! directions of a pair are needed: with symmetric pair effects the formula does not hold.
//! Observation weights multiply λ and e. Slopes by level are not covered by the theory.
//!
//! # Cost
//!
//! That of `leverage` plus, for each pair of T rows, T³/3 + k T² steps.
//!
//! Source: Weidner and Zylkin (2021), "Bias and consistency in three-way gravity models", Journal of
//! International Economics 132, propositions 3 and 4 and section 3.4; factors P/(P-1), n/(n-1) and
//! P/n as in the authors' Stata program ppml_fe_bias.

use super::bias_roles::{Structure, structure};
use super::fitted::Fitted;
use super::leverage::{Panel, Proof, add_block, hessian, leverages};
use super::pinned::Pinned;
use crate::outcome::{InputError, Note, Status};
use faer::{Mat, Side};
use rayon::prelude::*;
use serde::Serialize;

pub use super::bias_roles::Roles;

/// A pivot of I - leverage below this: the effects fit some direction of the pair exactly.
const FULL_LEVERAGE: f64 = 1e-8;
/// The inverse of the effects' information must reproduce it to this; 1e-13 is usual.
const PROOF: f64 = 1e-6;

/// Settings of [`weidner_zylkin`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BiasOptions {
    /// Bytes that may be used for the inverse of the effects' information. Default 4 GiB: 16,000
    /// levels on the smaller side, such as 400 countries over 40 years.
    pub memory: f64,
}

impl Default for BiasOptions {
    fn default() -> Self {
        Self { memory: 4.0 * 1024.0 * 1024.0 * 1024.0 }
    }
}

/// Corrected coefficients and errors; the module's text has the notation.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BiasCorrection {
    /// Names of the coefficients.
    pub names: Vec<String>,
    /// Number of fixed effects, 2 or 3.
    pub ways: usize,
    /// Estimated bias of each coefficient; zeros for two-way models.
    pub bias: Vec<f64>,
    /// Coefficients less bias.
    pub coefficients: Vec<f64>,
    /// Leverage-adjusted covariance clustered by pair, k × k, row-major.
    pub covariance: Vec<f64>,
    /// Square roots of its diagonal.
    pub standard_errors: Vec<f64>,
    /// For comparison: clustered by pair without adjustment, times P/(P-1).
    pub unadjusted_errors: Vec<f64>,
    /// n_i: origins with a row in use.
    pub origins: usize,
    /// n_j: destinations with a row in use.
    pub destinations: usize,
    /// P: pairs with a row in use.
    pub pairs: usize,
    /// Levels of the effects that are redundant given the others.
    pub redundant: usize,
    /// How well the inverse of the effects' information reproduces it: relative error on a test
    /// vector.
    pub residual: f64,
    /// Converged when `residual` is below 1e-6.
    pub status: Status,
    /// Pairs that their effects fit exactly.
    pub notes: Vec<Note>,
}

/// Corrects a two- or three-way Poisson fit for incidental parameters.
///
/// The formulas, notation and assumptions are in the [module's text](self).
///
/// # Errors
///
/// [`InputError::Undefined`] when the fit is not Poisson, has not converged, has no coefficient, has
/// effects of another structure or clusters other than pairs; [`InputError::Length`] for roles of
/// another length than the design; [`InputError::Setting`] for several rows of one pair at one
/// time, or when `options.memory` does not suffice (the message has the bytes needed).
pub fn weidner_zylkin(
    fitted: &Fitted,
    roles: &Roles,
    options: &BiasOptions,
) -> Result<BiasCorrection, InputError> {
    let Structure { ways, origin, destination, time } = structure(fitted, roles)?;
    // The side with more levels is eliminated: `a` below.
    let count = |ids: &[u32]| {
        let mut levels: Vec<(u32, u32)> =
            std::iter::zip(ids, &time).map(|(i, t)| (*i, *t)).collect();
        levels.sort_unstable();
        levels.dedup();
        levels.len()
    };
    let swapped = count(&destination) > count(&origin);
    let (a, b) = if swapped { (&destination, &origin) } else { (&origin, &destination) };
    let n = fitted.rows.len();
    let panel = Panel::new((0..n).collect(), a, b, &time)?;
    if panel.pairs.len() < 2 || panel.groups.len() < 2 || panel.b_start.len() < 3 {
        return Err(InputError::Undefined {
            what: "bias correction".into(),
            reason: "there are fewer than two origins, destinations or pairs".into(),
            remedy: "the correction needs several partners for every place".into(),
        });
    }
    let (adjusted, proof) = if ways == 3 {
        check_memory(&panel, options)?;
        leverages(&panel, &fitted.working, true, |p, m| adjusted_score(fitted, &panel, true, p, m))
    } else {
        two_way(fitted, &panel, options, a, b, &time)?
    };
    let k = fitted.x.len();
    let p = panel.pairs.len() as f64;
    let small_sample = p / (p - 1.0);
    let covariance =
        sandwich(&fitted.bread, k, small_sample, adjusted.iter().map(|s| (&s.plain, &s.adjusted)));
    let unadjusted =
        sandwich(&fitted.bread, k, small_sample, adjusted.iter().map(|s| (&s.plain, &s.plain)));
    let mut bias = vec![0.0; k];
    if ways == 3 {
        let by_b = pairs_by_b(&panel);
        let by_a: Vec<Vec<usize>> = panel.groups.iter().map(|g| g.clone().collect()).collect();
        let b_local: Vec<usize> = panel
            .pairs
            .iter()
            .enumerate()
            .flat_map(|(p, rows)| rows.clone().map(move |r| (p, r)))
            .map(|(p, r)| panel.b_level[r] - panel.b_start[panel.b_of[p]])
            .collect();
        let b_size: Vec<usize> = panel.b_start.windows(2).map(|w| w[1] - w[0]).collect();
        let sides = [(by_a, &panel.a_local, &panel.a_size), (by_b, &b_local, &b_size)];
        let mut score = vec![0.0; k];
        for (groups, local, size) in sides {
            let factor = groups.len() as f64 / (groups.len() as f64 - 1.0);
            let parts: Vec<Vec<f64>> = (0..groups.len())
                .into_par_iter()
                .map(|g| score_bias(fitted, &panel, &groups[g], local, size[g]))
                .collect();
            for part in parts {
                score.iter_mut().zip(part).for_each(|(s, v)| *s += factor * v);
            }
        }
        bias = times(&fitted.bread, &score);
    }
    let (origins, destinations) = if swapped {
        (panel.b_start.len() - 1, panel.groups.len())
    } else {
        (panel.groups.len(), panel.b_start.len() - 1)
    };
    let root = |v: &[f64]| -> Vec<f64> { (0..k).map(|j| v[j * k + j].max(0.0).sqrt()).collect() };
    Ok(BiasCorrection {
        names: fitted.fit.names.clone(),
        ways,
        coefficients: std::iter::zip(&fitted.fit.coefficients, &bias).map(|(c, b)| c - b).collect(),
        bias,
        standard_errors: root(&covariance),
        unadjusted_errors: root(&unadjusted),
        covariance,
        origins,
        destinations,
        pairs: panel.pairs.len(),
        redundant: proof.pinned,
        residual: proof.residual,
        status: if proof.residual <= PROOF { Status::Converged } else { Status::NoProgress },
        notes: full_leverage_note(fitted, &panel, &adjusted),
    })
}

fn check_memory(panel: &Panel, options: &BiasOptions) -> Result<(), InputError> {
    let needed = panel.bytes();
    if needed <= options.memory {
        return Ok(());
    }
    Err(InputError::Setting {
        what: "memory for the bias correction".into(),
        expected: format!("at least {needed:.0} bytes ({:.1} GiB)", needed / 1024f64.powi(3)),
        got: format!("{:.0}", options.memory),
        remedy: format!(
            "the {} place-years of the smaller side need a dense matrix: choose fewer years or \
             wider intervals between them, or allow more memory",
            panel.b_levels()
        ),
    })
}

/// The score of one pair, x'e, as it is and with the residuals freed of their leverage.
struct Score {
    plain: Vec<f64>,
    adjusted: Vec<f64>,
    full_leverage: bool,
}

/// x'(I - H M)⁻¹ e for one pair, M with the coefficients' share added.
///
/// H = R R' with R = diag(√λ)(I - ss'), s = √(λ/Λ), and e = R u; then the inverse moves inside,
/// (I - R R'M)⁻¹ R u = R (I - R'M R)⁻¹ u, and the matrix to solve with is symmetric.
fn adjusted_score(fitted: &Fitted, panel: &Panel, pair_effect: bool, p: usize, m: &[f64]) -> Score {
    let rows = &panel.order[panel.pairs[p].clone()];
    let (r, k) = (rows.len(), fitted.x.len());
    let root: Vec<f64> = rows.iter().map(|i| fitted.working[*i].sqrt()).collect();
    let total = root.iter().map(|v| v * v).sum::<f64>().sqrt();
    let s: Vec<f64> = root.iter().map(|v| if pair_effect { v / total } else { 0.0 }).collect();
    // v ← (I - ss')v.
    let project = |v: &mut [f64]| {
        let inner: f64 = std::iter::zip(&*v, &s).map(|(v, s)| v * s).sum();
        v.iter_mut().zip(&s).for_each(|(v, s)| *v -= inner * s);
    };
    let mut kernel = vec![0.0; r * r];
    for t in 0..r {
        let vx: Vec<f64> = (0..k)
            .map(|a| (0..k).map(|b| fitted.bread[a * k + b] * fitted.x[b][rows[t]]).sum())
            .collect();
        for q in 0..r {
            let own: f64 = (0..k).map(|a| fitted.x[a][rows[q]] * vx[a]).sum();
            kernel[t * r + q] = root[t] * (own + m[t * r + q]) * root[q];
        }
        project(&mut kernel[t * r..(t + 1) * r]);
    }
    for q in 0..r {
        let mut column: Vec<f64> = (0..r).map(|t| kernel[t * r + q]).collect();
        project(&mut column);
        for t in 0..r {
            kernel[t * r + q] = f64::from(u8::from(t == q)) - column[t];
        }
    }
    let mut u: Vec<f64> = std::iter::zip(rows, &root)
        .map(|(i, v)| if *v > 0.0 { fitted.residual[*i] / v } else { 0.0 })
        .collect();
    let full_leverage = !solve_regular(&kernel, r, &mut u);
    project(&mut u);
    let product = |e: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..k).map(|j| (0..r).map(|t| fitted.x[j][rows[t]] * e(t)).sum()).collect()
    };
    Score {
        plain: product(&|t| fitted.residual[rows[t]]),
        adjusted: product(&|t| root[t] * u[t]),
        full_leverage,
    }
}

/// u ← K⁻¹u for K with eigenvalues in [0, 1]; false when some are zero, and then by the
/// pseudo-inverse: a residual that is fitted exactly is zero and stays so.
fn solve_regular(kernel: &[f64], r: usize, u: &mut [f64]) -> bool {
    let mut l = kernel.to_vec();
    let mut regular = true;
    for c in 0..r {
        let pivot = l[c * r + c] - (0..c).map(|i| l[c * r + i] * l[c * r + i]).sum::<f64>();
        if pivot <= FULL_LEVERAGE {
            regular = false;
            break;
        }
        l[c * r + c] = pivot.sqrt();
        for q in c + 1..r {
            let inner: f64 = (0..c).map(|i| l[q * r + i] * l[c * r + i]).sum();
            l[q * r + c] = (l[q * r + c] - inner) / l[c * r + c];
        }
    }
    if regular {
        for t in 0..r {
            let inner: f64 = (0..t).map(|i| l[t * r + i] * u[i]).sum();
            u[t] = (u[t] - inner) / l[t * r + t];
        }
        for t in (0..r).rev() {
            let inner: f64 = (t + 1..r).map(|i| l[i * r + t] * u[i]).sum();
            u[t] = (u[t] - inner) / l[t * r + t];
        }
        return true;
    }
    let symmetric = Mat::from_fn(r, r, |i, j| 0.5 * (kernel[i * r + j] + kernel[j * r + i]));
    let Ok(eigen) = symmetric.self_adjoint_eigen(Side::Lower) else {
        u.fill(f64::NAN);
        return false;
    };
    let mut solution = vec![0.0; r];
    for c in 0..r {
        let value = eigen.S().column_vector()[c];
        if value > FULL_LEVERAGE {
            let inner: f64 = (0..r).map(|t| eigen.U()[(t, c)] * u[t]).sum();
            (0..r).for_each(|t| solution[t] += eigen.U()[(t, c)] * inner / value);
        }
    }
    u.copy_from_slice(&solution);
    false
}

/// Two-way effects of different years do not touch: one small problem for each year.
fn two_way(
    fitted: &Fitted,
    panel: &Panel,
    options: &BiasOptions,
    a: &[u32],
    b: &[u32],
    time: &[u32],
) -> Result<(Vec<Score>, Proof), InputError> {
    let mut by_time: Vec<Vec<usize>> = Vec::new();
    for i in 0..fitted.rows.len() {
        let t = time[i] as usize;
        if by_time.len() <= t {
            by_time.resize(t + 1, Vec::new());
        }
        by_time[t].push(i);
    }
    let mut diagonal = vec![0.0; fitted.rows.len()];
    let mut proof = Proof { residual: 0.0, pinned: 0 };
    for rows in by_time.into_iter().filter(|rows| !rows.is_empty()) {
        let year = Panel::new(rows, a, b, time)?;
        check_memory(&year, options)?;
        let (values, own) = leverages(&year, &fitted.working, false, |_, m| m[0]);
        proof =
            Proof { residual: proof.residual.max(own.residual), pinned: proof.pinned + own.pinned };
        for (pair, value) in year.pairs.iter().zip(values) {
            diagonal[year.order[pair.start]] = value;
        }
    }
    let scores = (0..panel.pairs.len())
        .into_par_iter()
        .map(|p| {
            let rows = &panel.order[panel.pairs[p].clone()];
            let r = rows.len();
            let mut m = vec![0.0; r * r];
            (0..r).for_each(|t| m[t * r + t] = diagonal[rows[t]]);
            adjusted_score(fitted, panel, false, p, &m)
        })
        .collect();
    Ok((scores, proof))
}

/// -tr(H_i⁻ Σ H x e') + ½ tr(G H_i⁻ Σee' H_i⁻) of one place, for every coefficient.
fn score_bias(
    fitted: &Fitted,
    panel: &Panel,
    pairs: &[usize],
    local: &[usize],
    n: usize,
) -> Vec<f64> {
    let k = fitted.x.len();
    let mut information = vec![0.0; n * n];
    let mut outer = vec![0.0; n * n];
    for p in pairs {
        let rows = &panel.order[panel.pairs[*p].clone()];
        let at = &local[panel.pairs[*p].clone()];
        let lambda: Vec<f64> = rows.iter().map(|i| fitted.working[*i]).collect();
        add_block(&mut information, n, at, &hessian(&lambda, true));
        let e: Vec<f64> = rows.iter().map(|i| fitted.residual[*i]).collect();
        let ee: Vec<f64> = e.iter().flat_map(|v| e.iter().map(move |w| v * w)).collect();
        add_block(&mut outer, n, at, &ee);
    }
    let inverse = Pinned::new(information, n).inverse();
    let q = product(&product(&inverse, &outer, n), &inverse, n);
    let mut out = vec![0.0; k];
    for p in pairs {
        let rows = &panel.order[panel.pairs[*p].clone()];
        let at = &local[panel.pairs[*p].clone()];
        let r = rows.len();
        let lambda: Vec<f64> = rows.iter().map(|i| fitted.working[*i]).collect();
        let total: f64 = lambda.iter().sum();
        // H_i⁻e and Qλ, on the rows of the pair.
        let on_rows = |m: &[f64], v: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..r).map(|t| (0..r).map(|s| m[at[t] * n + at[s]] * v(s)).sum()).collect()
        };
        let he = on_rows(&inverse, &|s| fitted.residual[rows[s]]);
        let q_lambda = on_rows(&q, &|s| lambda[s]);
        for (j, out) in out.iter_mut().enumerate() {
            let x = |t: usize| fitted.x[j][rows[t]];
            // H x = λ∘(x - mean of x under λ).
            let mean: f64 = (0..r).map(|t| lambda[t] * x(t)).sum::<f64>() / total;
            let (mut first, mut second) = (0.0, 0.0);
            for t in 0..r {
                let centred = lambda[t] * (x(t) - mean);
                first += centred * he[t];
                // tr((∂H·x) Q) = Σ λx Q_tt - 2 (λx)'Qλ/Λ with x centred.
                second += centred * (q[at[t] * n + at[t]] - 2.0 * q_lambda[t] / total);
            }
            *out -= first + 0.5 * second;
        }
    }
    out
}

fn pairs_by_b(panel: &Panel) -> Vec<Vec<usize>> {
    let mut groups = vec![Vec::new(); panel.b_start.len() - 1];
    panel.b_of.iter().enumerate().for_each(|(p, b)| groups[*b].push(p));
    groups
}

/// factor · bread ½(Σ u v' + v u') bread.
fn sandwich<'a>(
    bread: &[f64],
    k: usize,
    factor: f64,
    scores: impl Iterator<Item = (&'a Vec<f64>, &'a Vec<f64>)>,
) -> Vec<f64> {
    let mut meat = vec![0.0; k * k];
    for (u, v) in scores {
        for a in 0..k {
            for b in 0..k {
                meat[a * k + b] += 0.5 * factor * (u[a] * v[b] + v[a] * u[b]);
            }
        }
    }
    product(&product(bread, &meat, k), bread, k)
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for l in 0..n {
            let v = a[i * n + l];
            for j in 0..n {
                out[i * n + j] += v * b[l * n + j];
            }
        }
    }
    out
}

fn times(a: &[f64], v: &[f64]) -> Vec<f64> {
    let k = v.len();
    (0..k).map(|i| (0..k).map(|j| a[i * k + j] * v[j]).sum()).collect()
}

fn full_leverage_note(fitted: &Fitted, panel: &Panel, scores: &[Score]) -> Vec<Note> {
    let found: Vec<usize> = (0..scores.len()).filter(|p| scores[*p].full_leverage).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let mut rows: Vec<usize> = found
        .iter()
        .flat_map(|p| panel.order[panel.pairs[*p].clone()].iter().map(|i| fitted.rows[*i]))
        .collect();
    rows.sort_unstable();
    vec![Note {
        code: "full_leverage",
        message: format!(
            "{} pairs are fitted exactly by their effects at some time: there they add nothing to \
             the errors",
            found.len()
        ),
        count: found.len(),
        rows,
    }]
}
