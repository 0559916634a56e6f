//! How many parameters the fixed effects count for.
//!
//! | convention | K |
//! | --- | --- |
//! | fixest | k + Σ_q L_q - (Q - 1); with clusters, an effect nested in a cluster counts 1 in place of L_q |
//! | Stata (reghdfe), least squares | k + Σ_q (L_q - M_q); with clusters, nested effects count 1 all together |
//!
//! k regressors, Q effects with L_q levels in use. M_q counts the levels known to be redundant: 0
//! for the first effect, else the largest number of connected parts that effect q forms with an
//! earlier one. ppmlhdfe uses no K. Sources: the `fixef.K = "nested"` rule of fixest 0.12, checked
//! against its output; Correia (2017), reghdfe, option dofadjustments.

use super::design::Factor;
use super::fit::Family;
use super::options::{SmallSample, Vcov};
use super::sample::Sample;

/// K for a sample with k coefficients.
pub(super) fn parameters(
    sample: &Sample,
    family: Family,
    vcov: Vcov,
    small_sample: SmallSample,
) -> usize {
    let k = sample.names.len();
    let nested: Vec<bool> = sample
        .effects
        .iter()
        .map(|f| vcov == Vcov::Cluster && sample.clusters.iter().any(|c| is_nested(f, c)))
        .collect();
    let any_nested = nested.contains(&true);
    let exact = small_sample == SmallSample::Stata && family == Family::Gaussian;
    let mut total = k;
    if exact {
        for (q, f) in sample.effects.iter().enumerate().filter(|(q, _)| !nested[*q]) {
            let earlier = (0..q).filter(|p| !nested[*p]);
            let parts = earlier.map(|p| connected_parts(f, &sample.effects[p])).max();
            total += f.levels - parts.unwrap_or(usize::from(any_nested));
        }
        return total + usize::from(any_nested);
    }
    for (q, f) in sample.effects.iter().enumerate() {
        total += if nested[q] { 1 } else { f.levels };
    }
    total - sample.effects.len().saturating_sub(1)
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
    let mut parent: Vec<usize> = (0..a.levels + b.levels).collect();
    fn root(parent: &mut [usize], mut i: usize) -> usize {
        while parent[i] != i {
            parent[i] = parent[parent[i]];
            i = parent[i];
        }
        i
    }
    let mut parts = parent.len();
    for (i, j) in std::iter::zip(&a.ids, &b.ids) {
        let (i, j) = (root(&mut parent, *i as usize), root(&mut parent, a.levels + *j as usize));
        if i != j {
            parent[i] = j;
            parts -= 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::design::factor;
    use super::*;

    #[test]
    fn nesting_and_parts() {
        assert!(is_nested(&factor(&[0, 1, 2]), &factor(&[0, 0, 1])));
        assert!(!is_nested(&factor(&[0, 0, 1]), &factor(&[0, 1, 1])));
        assert_eq!(connected_parts(&factor(&[0, 0, 1]), &factor(&[0, 1, 1])), 1);
        assert_eq!(connected_parts(&factor(&[0, 0, 1]), &factor(&[0, 0, 1])), 2);
    }
}
