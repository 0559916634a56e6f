//! Concentration of one distribution over products or markets, each index by its own name.

use serde::Serialize;

use super::{check_length, check_values};
use crate::outcome::InputError;

/// How the lines are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ConcentrationOptions {
    /// Lines of the declared classification. The lines beyond those given are zeros. The default
    /// takes the lines given, zeros included, as the whole classification.
    pub lines: Option<usize>,
}

/// The indices, with the number of lines that they stand on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Concentration {
    /// Lines of the classification, zeros included.
    pub n: usize,
    /// Lines with a positive value.
    pub n_positive: usize,
    /// Sum of the values, in the unit given.
    pub total: f64,
    /// Herfindahl-Hirschman index: sum of squared shares, 1/n to 1.
    pub hhi: f64,
    /// (H - 1/n) / (1 - 1/n), 0 to 1; none when n is 1.
    pub hhi_normalised: Option<f64>,
    /// Hirschman's own index: the root of H.
    pub hirschman: f64,
    /// (√H - √(1/n)) / (1 - √(1/n)), as UNCTAD prints it; none when n is 1.
    pub hirschman_normalised: Option<f64>,
    /// Shannon entropy in bits, 0 to log2 n.
    pub entropy_bits: f64,
    /// Theil's index over all n lines, 0 to ln n (natural logarithm).
    pub theil: f64,
    /// Theil's index over the positive lines: the intensive margin.
    pub theil_positive: f64,
    /// ln(n / n_positive): the extensive margin; `theil` = `theil_positive` + this.
    pub theil_extensive: f64,
    /// Gini coefficient over all n lines, without small-sample correction, 0 to (n - 1)/n.
    pub gini: f64,
    /// What these are, in one line.
    pub convention: &'static str,
}

/// Concentration of values over the lines of a classification.
///
/// ```text
/// H = Σ_k s_k²        N = (H - 1/n)/(1 - 1/n)        E = -Σ_k s_k log2 s_k
/// T = (1/n) Σ_k (x_k/μ) ln(x_k/μ) = ln n - E ln 2
/// G = Σ_k (2k - n - 1) x_(k) / (n Σ x)               x_(1) ≤ ... ≤ x_(n)
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape | unit |
/// | --- | --- | --- | --- |
/// | x_k | `values` | one entry per line | the caller's |
/// | s_k | x_k / Σ x | | |
/// | n | `n` | | lines |
/// | μ | Σ x / n | | |
///
/// # Assumptions
///
/// A zero line counts in n. Programs that drop zeros print a Theil index lower by ln(n/n_positive)
/// and a normalised index on another n; both numbers are here. The digit level of the
/// classification moves every one of these.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite value, [`InputError::Empty`] when nothing is
/// positive, [`InputError::Setting`] when `lines` is less than the lines given.
///
/// # Cost
///
/// n log n.
///
/// # Source
///
/// Hirschman 1964; Herfindahl 1950; Theil 1967; Cadot, Carrere, Strauss-Kahn 2011 for the margins;
/// WITS and ESCAP handbooks for the names.
///
/// # Example
///
/// ```
/// use emporion_model::measure::concentration::{ConcentrationOptions, concentration};
/// let c = concentration(&[50.0, 50.0, 0.0, 0.0], &ConcentrationOptions::default())?;
/// assert_eq!((c.hhi, c.n, c.n_positive), (0.5, 4, 2));
/// assert!((c.theil - 2f64.ln()).abs() < 1e-15);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn concentration(
    values: &[f64],
    options: &ConcentrationOptions,
) -> Result<Concentration, InputError> {
    check_values("values", values, "a flow is finite and not negative; settle gaps first")?;
    let n = options.lines.unwrap_or(values.len());
    if n < values.len() {
        return Err(InputError::Setting {
            what: "lines".into(),
            expected: format!("at least the {} lines given", values.len()),
            got: n.to_string(),
            remedy: "count all lines of the classification, zeros included".into(),
        });
    }
    let total: f64 = values.iter().sum();
    if total <= 0.0 {
        return Err(InputError::Empty {
            what: "values".into(),
            remedy: "concentration needs at least one positive line".into(),
        });
    }
    let n_positive = values.iter().filter(|v| **v > 0.0).count();
    let lines = n as f64;
    let hhi: f64 = values.iter().map(|x| (x / total).powi(2)).sum();
    let entropy: f64 =
        -values.iter().filter(|x| **x > 0.0).map(|x| (x / total) * (x / total).ln()).sum::<f64>();
    // Summed about the mean of the positive lines, so that equal lines give exactly 0.
    let mean = total / n_positive as f64;
    let theil_positive =
        values.iter().filter(|x| **x > 0.0).map(|x| (x / mean) * (x / mean).ln()).sum::<f64>()
            / n_positive as f64;
    let theil_extensive = (lines / n_positive as f64).ln();
    let floor = (1.0 / lines).sqrt();
    Ok(Concentration {
        n,
        n_positive,
        total,
        hhi,
        hhi_normalised: (n > 1).then(|| (hhi - 1.0 / lines) / (1.0 - 1.0 / lines)),
        hirschman: hhi.sqrt(),
        hirschman_normalised: (n > 1).then(|| (hhi.sqrt() - floor) / (1.0 - floor)),
        entropy_bits: (entropy / std::f64::consts::LN_2).max(0.0),
        theil: theil_positive + theil_extensive,
        theil_positive,
        theil_extensive,
        gini: gini(values, n, total),
        convention: "hhi: sum of squared shares, 0 to 1; theil in nats and gini over all n lines, \
                     zeros included; entropy in bits",
    })
}

fn gini(values: &[f64], n: usize, total: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Undeclared lines are zeros and come first; their terms vanish.
    let first = n - values.len();
    let weighted: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, x)| (2.0 * (first + i + 1) as f64 - n as f64 - 1.0) * x)
        .sum();
    weighted / (n as f64 * total)
}

/// Theil's index split between and within groups.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct TheilSplit {
    /// Lines.
    pub n: usize,
    /// The whole index; equals `between` + `within`.
    pub total: f64,
    /// Part due to differences of group means.
    pub between: f64,
    /// Part due to differences inside groups, weighted by their shares in value.
    pub within: f64,
    /// Each group's own index; none for a group whose lines are all zero or that has no lines.
    pub by_group: Vec<Option<f64>>,
    /// Each group's share in the value: its weight in `within`.
    pub weight: Vec<f64>,
}

/// Theil's index split by groups of lines.
///
/// ```text
/// T = Σ_g (n_g/n)(μ_g/μ) ln(μ_g/μ) + Σ_g (n_g/n)(μ_g/μ) T_g
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape | unit |
/// | --- | --- | --- | --- |
/// | x_k | `values` | one entry per line | the caller's |
/// | g(k) | `groups` | one entry per line, ids from 0 | |
/// | n_g, μ_g, T_g | lines, mean and index of group g; T_g in `by_group` | one entry per group | |
///
/// # Assumptions
///
/// All lines given count, zeros too. With the groups "traded" and "not traded", the between part
/// is the extensive margin ln(n/n_positive).
///
/// # Errors
///
/// As [`concentration`], and [`InputError::Length`] when the arrays differ.
///
/// # Source
///
/// Theil 1967; Cadot, Carrere, Strauss-Kahn 2011, equations 4-6.
pub fn theil_split(values: &[f64], groups: &[usize]) -> Result<TheilSplit, InputError> {
    check_length("groups", values.len(), groups.len())?;
    let all = concentration(values, &ConcentrationOptions::default())?;
    let n = values.len() as f64;
    let mu = all.total / n;
    let count = groups.iter().max().map_or(0, |g| g + 1);
    let (mut between, mut within) = (0.0, 0.0);
    let mut by_group = Vec::with_capacity(count);
    let mut weight = Vec::with_capacity(count);
    for g in 0..count {
        let lines: Vec<f64> =
            values.iter().zip(groups).filter(|(_, h)| **h == g).map(|(v, _)| *v).collect();
        let sum: f64 = lines.iter().sum();
        weight.push(sum / all.total);
        if sum <= 0.0 {
            by_group.push(None);
            continue;
        }
        let ratio = sum / lines.len() as f64 / mu;
        let inside = concentration(&lines, &ConcentrationOptions::default())?.theil;
        between += sum / all.total * ratio.ln();
        within += sum / all.total * inside;
        by_group.push(Some(inside));
    }
    Ok(TheilSplit { n: values.len(), total: all.theil, between, within, by_group, weight })
}
