//! Which rows of a table are meant, without a list when they are all meant.

/// Rows of a table, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// The first so many: all of them.
    All(usize),
    /// These.
    These(Vec<u32>),
}

impl Rows {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::All(n) => *n,
            Self::These(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of the table at a position of this list.
    #[must_use]
    pub fn get(&self, position: usize) -> usize {
        match self {
            Self::All(_) => position,
            Self::These(rows) => rows[position] as usize,
        }
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).map(|i| self.get(i))
    }

    /// The rows as a list.
    #[must_use]
    pub fn to_vec(&self) -> Vec<usize> {
        self.iter().collect()
    }

    /// What a column holds in these rows.
    #[must_use]
    pub fn gather<T: Copy>(&self, values: &[T]) -> Vec<T> {
        match self {
            Self::All(n) => values[..*n].to_vec(),
            Self::These(rows) => rows.iter().map(|&row| values[row as usize]).collect(),
        }
    }

    /// The positions for which `keep` holds, as rows of the table.
    pub(crate) fn filter(&self, keep: &[bool]) -> Self {
        let kept = (0..self.len()).filter(|&i| keep[i]).map(|i| self.get(i) as u32);
        Self::These(kept.collect())
    }
}
