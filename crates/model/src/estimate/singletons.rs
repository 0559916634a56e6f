//! Rows alone in a level of a fixed effect: fitted exactly, so they tell nothing about β.
//!
//! Dropping one row can leave another alone, so the search runs to its fixed point. Keeping them
//! leaves β unchanged but counts them in N and among the clusters, which makes clustered errors too
//! small. Source: Correia (2015), "Singletons, cluster-robust standard errors and fixed effects".

use super::design::Factor;
use rayon::prelude::*;

/// Finds rows alone in a level of any effect among the rows with `keep`, to the fixed point, and
/// takes them out of `keep`. Returns their positions in ascending order.
///
/// With `frequency` a row stands for so many equal rows: one that stands for two is not alone.
///
/// # Cost
///
/// One pass over the rows per effect to count, and one per effect and round that has any; rounds are
/// at most as many as the longest chain.
pub fn drop_singletons(
    effects: &[Factor],
    frequency: Option<&[f64]>,
    keep: &mut [bool],
) -> Vec<usize> {
    // Whether there are more than two does not matter.
    let stands_for = |i: usize| if frequency.is_some_and(|f| f[i] > 1.0) { 2 } else { 1 };
    let mut counts: Vec<Vec<u32>> = effects
        .par_iter()
        .map(|f| {
            let mut count = vec![0u32; f.levels];
            for (i, id) in f.ids.iter().enumerate() {
                if keep[i] {
                    count[*id as usize] += stands_for(i);
                }
            }
            count
        })
        .collect();
    let mut dropped = Vec::new();
    loop {
        let before = dropped.len();
        for q in 0..effects.len() {
            if !counts[q].contains(&1) {
                continue;
            }
            for i in 0..keep.len() {
                if keep[i] && counts[q][effects[q].ids[i] as usize] == 1 {
                    keep[i] = false;
                    dropped.push(i);
                    for (f, count) in effects.iter().zip(&mut counts) {
                        count[f.ids[i] as usize] -= 1;
                    }
                }
            }
        }
        if dropped.len() == before {
            dropped.sort_unstable();
            return dropped;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_unravels() {
        // Row 0 is alone in a; without it row 1 is alone in b; without that row 2 is alone in a.
        let a = Factor { name: "a".into(), ids: vec![0, 1, 1, 2, 2], levels: 3 };
        let b = Factor { name: "b".into(), ids: vec![0, 0, 1, 2, 2], levels: 3 };
        let mut keep = [true; 5];
        let effects = [a, b];
        assert_eq!(drop_singletons(&effects, None, &mut keep), [0, 1, 2]);
        assert_eq!(keep, [false, false, false, true, true]);
        // Row 0 standing for two is not alone; row 2 still is in b, and without it row 1 in a.
        let twice = [2.0, 1.0, 1.0, 1.0, 1.0];
        assert_eq!(drop_singletons(&effects, Some(&twice), &mut [true; 5]), [1, 2]);
    }
}
