//! Sets of small numbers as words of 64 bits: covering is all intersections and subsets.

/// A set of positions below a fixed size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn none(size: usize) -> Self {
        Self(vec![0; size.div_ceil(64)])
    }

    pub(crate) fn of(size: usize, members: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::none(size);
        members.into_iter().for_each(|at| set.insert(at));
        set
    }

    pub(crate) fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub(crate) fn remove(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }

    pub(crate) fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Size of the intersection.
    pub(crate) fn common(&self, other: &Self) -> usize {
        self.0.iter().zip(&other.0).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    pub(crate) fn keep_only(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    pub(crate) fn take_out(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= !b);
    }

    /// The intersection.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut set = self.clone();
        set.keep_only(other);
        set
    }

    /// The members, ascending.
    pub(crate) fn members(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, &word)| {
            let next = |rest: &u64| Some(rest & (rest - 1)).filter(|left| *left != 0);
            std::iter::successors(Some(word).filter(|word| *word != 0), next)
                .map(move |rest| 64 * at + rest.trailing_zeros() as usize)
        })
    }

    pub(crate) fn first(&self) -> Option<usize> {
        self.members().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_across_a_word_behave_like_sets() {
        let mut a = Bits::of(130, [0, 5, 63, 64, 129]);
        let b = Bits::of(130, [5, 64, 100]);
        assert_eq!((a.count(), a.common(&b), a.first()), (5, 2, Some(0)));
        assert_eq!(a.and(&b).members().collect::<Vec<_>>(), [5, 64]);
        a.take_out(&b);
        assert_eq!(a.members().collect::<Vec<_>>(), [0, 63, 129]);
        a.remove(0);
        assert!(!a.has(0) && a.has(129) && !a.is_empty() && Bits::none(3).is_empty());
    }
}
