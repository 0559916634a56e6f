//! What is joined with what.
//!
//! Source: Tarjan 1975, "Efficiency of a good but not linear set union algorithm", Journal of the ACM 22,
//! 215-225. Ways are halved as they are walked.

/// Sets that are joined two at a time (union-find). The lowest member leads each, whatever the order of
/// the joins.
#[derive(Debug, Clone)]
pub(crate) struct DisjointSets(Vec<u32>);

impl DisjointSets {
    /// Each of so many members on its own.
    pub(crate) fn new(members: usize) -> Self {
        Self((0..members as u32).collect())
    }

    /// The member that leads the set of one.
    pub(crate) fn lead(&mut self, member: usize) -> usize {
        let mut at = member;
        while self.0[at] as usize != at {
            // Every other one on the way skips one from now on.
            self.0[at] = self.0[self.0[at] as usize];
            at = self.0[at] as usize;
        }
        at
    }

    /// Join the sets of two members; says whether they were apart.
    pub(crate) fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.lead(one), self.lead(other));
        self.0[one.max(other)] = one.min(other) as u32;
        one != other
    }

    /// The set of each member, numbered by lowest member, and how many there are.
    pub(crate) fn numbered(mut self) -> (Vec<u32>, usize) {
        let (mut numbers, mut count) = (vec![0; self.0.len()], 0);
        for member in 0..self.0.len() {
            let lead = self.lead(member);
            if lead == member {
                numbers[member] = count;
                count += 1;
            } else {
                numbers[member] = numbers[lead];
            }
        }
        (numbers, count as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_leads_and_sets_are_numbered_by_it() {
        let mut sets = DisjointSets::new(6);
        assert!(sets.join(4, 2) && sets.join(5, 4) && sets.join(3, 1));
        assert!(!sets.join(2, 5));
        assert_eq!((sets.lead(5), sets.lead(3), sets.lead(0)), (2, 1, 0));
        assert_eq!(sets.numbered(), (vec![0, 1, 2, 1, 2, 2], 3));
    }
}
