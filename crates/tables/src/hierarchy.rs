//! Which place lies in which: regions in countries, members in groups.

use std::collections::{HashMap, HashSet};

use crate::table::Table;

/// The containers of every place: its parent, and the groups that list it as a member.
#[derive(Debug, Clone, Default)]
pub struct Hierarchy {
    within: HashMap<String, Vec<String>>,
}

impl Hierarchy {
    /// From pairs of a place and what it lies in.
    #[must_use]
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut hierarchy = Self::default();
        for (place, container) in pairs {
            hierarchy.put(place, container);
        }
        hierarchy
    }

    /// From the columns `id` and `parent` of a table `places`: groups hold nothing.
    #[must_use]
    pub fn of_parents(places: &Table) -> Self {
        let mut hierarchy = Self::default();
        for row in 0..places.rows() {
            if let (Some(id), Some(parent)) = (places.text("id", row), places.text("parent", row)) {
                hierarchy.put(id, parent);
            }
        }
        hierarchy
    }

    /// From the columns `id`, `parent` and `members` of a table `places`.
    #[must_use]
    pub fn of(places: &Table) -> Self {
        let mut hierarchy = Self::of_parents(places);
        for row in 0..places.rows() {
            let Some(id) = places.text("id", row) else { continue };
            for member in places.text("members", row).unwrap_or("").split_whitespace() {
                hierarchy.put(member, id);
            }
        }
        hierarchy
    }

    fn put(&mut self, place: &str, container: &str) {
        self.within.entry(place.to_owned()).or_default().push(container.to_owned());
    }

    /// Everything a place lies in, however deep, nearest first.
    ///
    /// A circle of parents ends where it closes.
    #[must_use]
    pub fn containers(&self, place: &str) -> Vec<&str> {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut found = Vec::new();
        let mut next = vec![place];
        while let Some(inner) = next.pop() {
            for outer in self.within.get(inner).into_iter().flatten() {
                if outer != place && seen.insert(outer) {
                    found.push(outer.as_str());
                    next.push(outer);
                }
            }
        }
        found
    }

    /// Whether one place lies in the other.
    #[must_use]
    pub fn lies_in(&self, place: &str, container: &str) -> bool {
        self.containers(place).contains(&container)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_found_at_any_depth_and_circles_end() {
        let h = Hierarchy::from_pairs([("city", "region"), ("region", "land"), ("land", "union")]);
        assert_eq!(h.containers("city"), ["region", "land", "union"]);
        assert!(h.lies_in("city", "union") && !h.lies_in("union", "city"));
        let circle = Hierarchy::from_pairs([("a", "b"), ("b", "a")]);
        assert_eq!(circle.containers("a"), ["b"]);
    }
}
