//! Ids and groups of a scenario file become positions.

use std::collections::BTreeMap;
use std::ops::Range;

use emporion_tables::Problem;
use emporion_tables::problem::nearest;

use super::file::{File, Ids, Text};

/// What a scenario may name.
pub struct Names<'a> {
    /// The file, for messages.
    pub text: &'a Text,
    /// Ids of the places, in the order of the world.
    pub places: &'a [String],
    /// Ids of the sectors; empty in a world of one sector.
    pub sectors: &'a [String],
    /// Members of a group that the case defines.
    pub case_group: &'a dyn Fn(&str) -> Option<Vec<String>>,
    /// Own groups of the file.
    pub groups: &'a BTreeMap<String, Vec<String>>,
    /// Own groups of sectors.
    pub sector_groups: &'a BTreeMap<String, Vec<String>>,
}

impl<'a> Names<'a> {
    /// For a file on a world.
    pub fn new(
        text: &'a Text,
        file: &'a File,
        places: &'a [String],
        sectors: &'a [String],
        case_group: &'a dyn Fn(&str) -> Option<Vec<String>>,
    ) -> Self {
        Self {
            text,
            places,
            sectors,
            case_group,
            groups: &file.groups,
            sector_groups: &file.sector_groups,
        }
    }

    /// Positions of places, ascending, each once; groups stand for their members.
    ///
    /// # Errors
    ///
    /// A place or group that does not exist, with the nearest names; a group with a member that is
    /// not among the flows; an empty list.
    pub fn places(&self, ids: &Ids, span: &Range<usize>) -> Result<Vec<usize>, Problem> {
        let mut found = Vec::new();
        for id in ids.list() {
            if let Some(at) = self.place(id) {
                found.push(at);
                continue;
            }
            let members = self.groups.get(id).cloned().or_else(|| (self.case_group)(id));
            let Some(members) = members else { return Err(self.unknown_place(id, span)) };
            for member in &members {
                found.push(self.place(member).ok_or_else(|| self.lost_member(id, member, span))?);
            }
        }
        self.settled(found, ids, span, "place")
    }

    /// Positions of sectors, ascending, each once.
    ///
    /// # Errors
    ///
    /// A sector or group that does not exist; sectors named in a world of one.
    pub fn sectors(&self, ids: &Ids, span: &Range<usize>) -> Result<Vec<usize>, Problem> {
        if self.sectors.is_empty() {
            return Err(self.text.problem(
                "one-sector",
                span,
                "no sectors in a world of one sector",
                "leave sectors out, or write sectors = \"many\" under [model]",
            ));
        }
        let position = |id: &str| self.sectors.iter().position(|sector| sector == id);
        let mut found = Vec::new();
        for id in ids.list() {
            if let Some(at) = position(id) {
                found.push(at);
            } else if let Some(members) = self.sector_groups.get(id) {
                for member in members {
                    found.push(position(member).ok_or_else(|| self.unknown_sector(member, span))?);
                }
            } else {
                return Err(self.unknown_sector(id, span));
            }
        }
        self.settled(found, ids, span, "sector")
    }

    /// The id of a place.
    #[must_use]
    pub fn place_id(&self, at: usize) -> &str {
        &self.places[at]
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.places.iter().position(|place| place == id)
    }

    fn settled(
        &self,
        mut found: Vec<usize>,
        ids: &Ids,
        span: &Range<usize>,
        what: &str,
    ) -> Result<Vec<usize>, Problem> {
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            let expected = format!("at least one {what}");
            let remedy = "name one, fill the group, or leave the change out";
            let problem = self.text.problem("empty-list", span, expected, remedy);
            return Err(problem.value(ids.list().join(" ")));
        }
        Ok(found)
    }

    fn unknown_place(&self, id: &str, span: &Range<usize>) -> Problem {
        let known = self.places.iter().chain(self.groups.keys()).map(String::as_str);
        let near = nearest(id, known);
        let remedy = if near.is_empty() {
            format!("they are {}; own groups stand under [groups]", self.places.join(" "))
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        let expected = format!("one of the {} places of the flows, or a group", self.places.len());
        self.text.problem("unknown-place", span, expected, remedy).value(id)
    }

    fn lost_member(&self, group: &str, member: &str, span: &Range<usize>) -> Problem {
        let expected =
            format!("members of {group} that are among the {} places", self.places.len());
        let remedy = "define the group under [groups] with the places that the flows have";
        self.text.problem("unknown-member", span, expected, remedy).value(member)
    }

    fn unknown_sector(&self, id: &str, span: &Range<usize>) -> Problem {
        let known = self.sectors.iter().chain(self.sector_groups.keys()).map(String::as_str);
        let near = nearest(id, known);
        let remedy = if near.is_empty() {
            format!("they are {}; own groups stand under [sector-groups]", self.sectors.join(" "))
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        let expected = format!("one of the {} sectors, or a group", self.sectors.len());
        self.text.problem("unknown-sector", span, expected, remedy).value(id)
    }
}
