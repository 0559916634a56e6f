//! Rows joined through the levels they share.

/// The component of each row, numbered by first row, and how many there are. Two rows are joined
/// when they share a level of any of the factors, given as ids and number of levels.
pub(super) fn components(factors: &[(&[u32], usize)], n: usize) -> (Vec<u32>, usize) {
    let mut start = Vec::with_capacity(factors.len());
    let mut nodes = 0;
    for (_, levels) in factors {
        start.push(nodes);
        nodes += levels;
    }
    let mut parent: Vec<usize> = (0..nodes).collect();
    fn root(parent: &mut [usize], mut v: usize) -> usize {
        while parent[v] != v {
            parent[v] = parent[parent[v]];
            v = parent[v];
        }
        v
    }
    for i in 0..n {
        let mut first = None;
        for ((ids, _), start) in factors.iter().zip(&start) {
            let own = root(&mut parent, start + ids[i] as usize);
            match first {
                None => first = Some(own),
                // The lower node leads, so that the result does not depend on the order of rows.
                Some(other) => {
                    let (low, high) = (own.min(other), own.max(other));
                    parent[high] = low;
                    first = Some(low);
                }
            }
        }
    }
    let mut number = vec![u32::MAX; nodes];
    let mut count = 0;
    let of_row = (0..n)
        .map(|i| {
            let Some(((ids, _), start)) = factors.iter().zip(&start).next() else { return 0 };
            let lead = root(&mut parent, start + ids[i] as usize);
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
