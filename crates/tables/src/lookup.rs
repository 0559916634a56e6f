//! Looking things up in a case: tables, licences, groups, declarations.

use crate::case::Case;
use crate::table::Table;

impl Case {
    /// The table of a resource.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// The members of a group, where `places` lists them.
    #[must_use]
    pub fn members(&self, group: &str) -> Option<Vec<String>> {
        let members = self.places()?.text("members", self.place(group)?)?;
        let members: Vec<String> = members.split_whitespace().map(str::to_owned).collect();
        (!members.is_empty()).then_some(members)
    }

    /// Titles of the licences of a resource, or of the package where the resource names none.
    #[must_use]
    pub fn licences_of(&self, name: &str) -> Vec<String> {
        let own = self.resource(name).and_then(|resource| resource["licenses"].as_array());
        match own {
            Some(list) => list
                .iter()
                .filter_map(|licence| licence["title"].as_str().or(licence["name"].as_str()))
                .map(str::to_owned)
                .collect(),
            None => self.licences.iter().map(|licence| licence.title.clone()).collect(),
        }
    }

    /// What the package says an absent row of a resource means: `zero`, or nothing.
    #[must_use]
    pub fn absent(&self, name: &str) -> Option<&str> {
        self.resource(name)?["emporion:absent"].as_str()
    }
}
