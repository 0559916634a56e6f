//! Rows alone in a level of a fixed effect: fitted exactly, so they tell nothing about β.
//!
//! Dropping one row can leave another alone, so the search runs to its fixed point. Keeping them
//! leaves β unchanged but counts them in N and among the clusters, which makes clustered errors too
//! small. Source: Correia (2015), "Singletons, cluster-robust standard errors and fixed effects".

use super::design::Factor;

/// Finds rows alone in a level of any effect among the rows with `keep`, to the fixed point, and
/// takes them out of `keep`. Returns their positions in ascending order.
///
/// # Cost
///
/// One pass over the rows per effect and round; rounds are as many as the longest chain.
pub fn drop_singletons(effects: &[Factor], keep: &mut [bool]) -> Vec<usize> {
    let mut dropped = Vec::new();
    loop {
        let before = dropped.len();
        for f in effects {
            let mut count = vec![0u32; f.levels];
            for (id, _) in f.ids.iter().zip(&*keep).filter(|(_, k)| **k) {
                count[*id as usize] += 1;
            }
            for (i, id) in f.ids.iter().enumerate() {
                if keep[i] && count[*id as usize] == 1 {
                    keep[i] = false;
                    dropped.push(i);
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
        assert_eq!(drop_singletons(&[a, b], &mut keep), [0, 1, 2]);
        assert_eq!(keep, [false, false, false, true, true]);
    }
}
