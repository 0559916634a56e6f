//! Rows joined through the levels they share.

use crate::disjoint_sets::DisjointSets;

/// The component of each row, numbered by first row, and how many there are. Two rows are joined
/// when they share a level of any of the factors, given as ids and number of levels.
pub(super) fn components(factors: &[(&[u32], usize)], n: usize) -> (Vec<u32>, usize) {
    let mut start = Vec::with_capacity(factors.len());
    let mut nodes = 0;
    for (_, levels) in factors {
        start.push(nodes);
        nodes += levels;
    }
    let mut sets = DisjointSets::new(nodes);
    let levels =
        |i: usize| factors.iter().zip(&start).map(move |((ids, _), start)| start + ids[i] as usize);
    for i in 0..n {
        if let Some(first) = levels(i).next() {
            levels(i).skip(1).for_each(|other| _ = sets.join(first, other));
        }
    }
    let mut number = vec![u32::MAX; nodes];
    let mut count = 0;
    let of_row = (0..n)
        .map(|i| {
            let Some(first) = levels(i).next() else { return 0 };
            let lead = sets.lead(first);
            if number[lead] == u32::MAX {
                number[lead] = count;
                count += 1;
            }
            number[lead]
        })
        .collect();
    (of_row, count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_blocs_that_never_trade() {
        let (a, b) = ([0, 0, 1, 2, 2], [0, 1, 1, 2, 3]);
        let (of_row, count) = components(&[(&a, 3), (&b, 4)], 5);
        assert_eq!((of_row, count), (vec![0, 0, 0, 1, 1], 2));
    }
}
