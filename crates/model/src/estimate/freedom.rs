//! How many parameters the fixed effects count for, effect by effect.
//!
//! ```text
//! K = k + Σ_q (L_q - M_q),   residual degrees of freedom N - K
//! ```
//!
//! | rule | M_q, the levels that do not count |
//! | --- | --- |
//! | fixest | 1 for every effect but the first; of an effect nested in a cluster L_q (L_q - 1 for the first effect) |
//! | reghdfe | the largest number of connected parts that effect q forms with an earlier one; nested effects L_q, all together counting 1 |
//! | ppmlhdfe, none | as fixest, shown but not used: the factor has no K |
//!
//! # Notation
//!
//! | symbol | field | unit |
//! | --- | --- | --- |
//! | N | [`Freedom::rows`] | rows, or Σ of frequency weights |
//! | k | [`Freedom::coefficients`] | |
//! | L_q, M_q | [`EffectFreedom::levels`], [`EffectFreedom::redundant`] | levels |
//! | K | [`Freedom::parameters`] | |
//!
//! # Assumptions
//!
//! "Nested" means that each level lies within one cluster, whatever the columns are called. A slope
//! by level counts the levels whose variable is not zero throughout; nested slopes count none.
//! Periods and locations count as clusters for Newey–West, Driscoll–Kraay and Conley errors, as in
//! fixest 0.12. "Earlier" in the reghdfe rule is by size, largest first.
//!
//! Sources: the `fixef.K = "nested"` rule of fixest 0.12, checked against its output; Correia (2017),
//! reghdfe, option dofadjustments (firstpair, pairwise, clusters).

use super::design::{Factor, Slope};
use super::fit::Family;
use super::options::SmallSample;
use crate::disjoint_sets::DisjointSets;
use serde::{Deserialize, Serialize};

/// How parameters were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FreedomRule {
    /// The rule of R fixest, and the factor uses it.
    Fixest,
    /// The rule of Stata's reghdfe, and the factor uses it.
    Reghdfe,
    /// Counted as fixest would; the convention has no K.
    #[default]
    Unused,
}

/// The parameters of one fixed effect, or of one set of slopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectFreedom {
    /// Name of the effect; of a slope `factor[variable]`.
    pub name: String,
    /// Levels in the rows used.
    pub levels: usize,
    /// Levels that add no parameter.
    pub redundant: usize,
    /// The cluster that contains each level whole, if one does.
    pub nested_in: Option<String>,
}

/// Degrees of freedom, explained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freedom {
    /// N: rows used, or the sum of frequency weights.
    pub rows: usize,
    /// k: coefficients reported.
    pub coefficients: usize,
    /// The effects, then the slopes, in the order of the design.
    pub effects: Vec<EffectFreedom>,
    /// K.
    pub parameters: usize,
    /// N - K; negative when there are more parameters than rows.
    pub residual: i64,
    /// How the effects were counted.
    pub rule: FreedomRule,
}

impl Freedom {
    /// One sentence for under the table.
    #[must_use]
    pub fn sentence(&self) -> String {
        let absorbed = self.parameters - self.coefficients;
        let nested: Vec<&str> = self
            .effects
            .iter()
            .filter(|e| e.nested_in.is_some())
            .map(|e| e.name.as_str())
            .collect();
        let rule = match self.rule {
            FreedomRule::Fixest => "counted as fixest does",
            FreedomRule::Reghdfe => "counted as reghdfe does",
            FreedomRule::Unused => "not used by this convention",
        };
        let mut text = format!(
            "{} observations less {} and {} leave {} degrees of freedom ({rule})",
            self.rows,
            counted(self.coefficients, "coefficient"),
            counted(absorbed, "absorbed effect"),
            self.residual
        );
        if !nested.is_empty() {
            text += &format!("; {} nested within the clusters", nested.join(", "));
        }
        text + "."
    }
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What parameters are counted of.
pub(super) struct Counted<'a> {
    pub family: Family,
    pub rows: usize,
    pub coefficients: usize,
    pub effects: &'a [Factor],
    pub slopes: &'a [Slope],
    /// Dimensions in which an effect may be nested; none for iid and robust errors.
    pub clusters: &'a [Factor],
}

/// Counts; the rules are in the module's text.
pub(super) fn count(of: &Counted, small_sample: SmallSample) -> Freedom {
    let home = |f: &Factor| of.clusters.iter().find(|c| is_nested(f, c)).map(|c| c.name.clone());
    let nested: Vec<Option<String>> = of.effects.iter().map(home).collect();
    let reghdfe = small_sample == SmallSample::Stata && of.family == Family::Gaussian;
    let redundant = if reghdfe { reghdfe_rule(of, &nested) } else { fixest_rule(of, &nested) };
    let mut effects: Vec<EffectFreedom> = std::iter::zip(of.effects, redundant)
        .zip(nested)
        .map(|((f, redundant), nested_in)| EffectFreedom {
            name: f.name.clone(),
            levels: f.levels,
            redundant,
            nested_in,
        })
        .collect();
    effects.extend(of.slopes.iter().map(|s| {
        let nested_in = home(&s.factor);
        let idle = s.factor.levels - levels_moved(s);
        EffectFreedom {
            name: format!("{}[{}]", s.factor.name, s.variable.name),
            levels: s.factor.levels,
            redundant: if nested_in.is_some() { s.factor.levels } else { idle },
            nested_in,
        }
    }));
    let parameters =
        of.coefficients + effects.iter().map(|e| e.levels - e.redundant).sum::<usize>();
    Freedom {
        rows: of.rows,
        coefficients: of.coefficients,
        effects,
        parameters,
        residual: of.rows as i64 - parameters as i64,
        rule: match (small_sample, of.family) {
            (SmallSample::Fixest, _) => FreedomRule::Fixest,
            (SmallSample::Stata, Family::Gaussian) => FreedomRule::Reghdfe,
            _ => FreedomRule::Unused,
        },
    }
}

fn fixest_rule(of: &Counted, nested: &[Option<String>]) -> Vec<usize> {
    std::iter::zip(of.effects, nested)
        .enumerate()
        .map(|(q, (f, nested))| match nested {
            Some(_) => f.levels - usize::from(q == 0),
            None => usize::from(q > 0),
        })
        .collect()
}

fn reghdfe_rule(of: &Counted, nested: &[Option<String>]) -> Vec<usize> {
    let mut redundant: Vec<usize> = of.effects.iter().map(|f| f.levels).collect();
    if let Some(first) = nested.iter().position(Option::is_some) {
        redundant[first] -= 1;
    }
    let any_nested = nested.iter().any(Option::is_some);
    let mut order: Vec<usize> = (0..of.effects.len()).filter(|q| nested[*q].is_none()).collect();
    order.sort_by_key(|q| std::cmp::Reverse(of.effects[*q].levels));
    for (at, q) in order.iter().enumerate() {
        let parts = order[..at].iter().map(|p| connected_parts(&of.effects[*q], &of.effects[*p]));
        redundant[*q] = parts.max().unwrap_or(usize::from(any_nested));
    }
    redundant
}

/// Levels in which the variable of a slope is not zero throughout.
fn levels_moved(slope: &Slope) -> usize {
    let mut moved = vec![false; slope.factor.levels];
    for (id, v) in slope.factor.ids.iter().zip(&slope.variable.values) {
        moved[*id as usize] |= *v != 0.0;
    }
    moved.iter().filter(|m| **m).count()
}

/// Whether every level of `inner` lies in a single level of `outer`.
pub(super) fn is_nested(inner: &Factor, outer: &Factor) -> bool {
    let mut home = vec![u32::MAX; inner.levels];
    std::iter::zip(&inner.ids, &outer.ids).all(|(i, o)| {
        let home = &mut home[*i as usize];
        if *home == u32::MAX {
            *home = *o;
        }
        *home == *o
    })
}

/// Number of connected parts of the graph whose nodes are levels and whose edges are rows.
fn connected_parts(a: &Factor, b: &Factor) -> usize {
    let mut sets = DisjointSets::new(a.levels + b.levels);
    let rows = std::iter::zip(&a.ids, &b.ids);
    let joins = rows.filter(|(i, j)| sets.join(**i as usize, a.levels + **j as usize)).count();
    a.levels + b.levels - joins
}

#[cfg(test)]
mod tests {
    use super::super::design::{Regressor, factor};
    use super::*;

    #[test]
    fn nesting_and_parts() {
        assert!(is_nested(&factor(&[0, 1, 2]), &factor(&[0, 0, 1])));
        assert!(!is_nested(&factor(&[0, 0, 1]), &factor(&[0, 1, 1])));
        assert_eq!(connected_parts(&factor(&[0, 0, 1]), &factor(&[0, 1, 1])), 1);
        assert_eq!(connected_parts(&factor(&[0, 0, 1]), &factor(&[0, 0, 1])), 2);
    }

    #[test]
    fn rules_by_hand() {
        // Effects of 4 and 2 levels that fall into two parts; the larger nested in the cluster.
        let effects = [factor(&[0, 1, 0, 1, 2, 3, 2, 3]), factor(&[0, 0, 0, 0, 1, 1, 1, 1])];
        let cluster = [factor(&[0, 1, 0, 1, 2, 3, 2, 3])];
        let slope = Slope {
            factor: factor(&[0, 0, 0, 0, 1, 1, 1, 1]),
            variable: Regressor {
                name: "t".into(),
                values: vec![0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0],
            },
        };
        let mut of = Counted {
            family: Family::Gaussian,
            rows: 8,
            coefficients: 1,
            effects: &effects,
            slopes: &[],
            clusters: &[],
        };
        let k = |of: &Counted, s| {
            let freedom = count(of, s);
            (freedom.parameters, freedom.residual)
        };
        assert_eq!(k(&of, SmallSample::Fixest), (1 + 4 + 1, 2));
        assert_eq!(k(&of, SmallSample::Stata), (1 + 4, 3));
        of.clusters = &cluster;
        // Only the larger is nested: each level of the other spreads over two clusters.
        assert_eq!(k(&of, SmallSample::Fixest), (1 + 1 + 1, 5));
        assert_eq!(k(&of, SmallSample::Stata), (1 + 1 + 1, 5));
        let slopes = [slope];
        of.slopes = &slopes;
        let freedom = count(&of, SmallSample::Fixest);
        assert_eq!((freedom.parameters, freedom.effects[2].redundant), (1 + 1 + 1 + 1, 1));
        assert_eq!(freedom.effects[0].nested_in.as_deref(), Some("f"));
        assert_eq!(
            freedom.sentence(),
            "8 observations less 1 coefficient and 3 absorbed effects leave 4 degrees of freedom \
             (counted as fixest does); f nested within the clusters."
        );
    }
}
