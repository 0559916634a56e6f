//! Places by name: what a list names that is none, and refusals that know positions only.

use std::path::Path;

use emporion_brief::stages::site_rules;
use emporion_brief::stages::siting::Siting;
use emporion_model::outcome::InputError;
use emporion_model::site::rules::RuleError;
use emporion_tables::Problem;

use crate::args;
use crate::failure::Failure;

/// Who names a site.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// An option.
    Option(&'a str),
    /// A line of the rules.
    Line(&'a Path, u32),
}

impl<'a> By<'a> {
    /// The line of the rules that keeps or forbids a site, else the option.
    pub fn of(arguments: &'a args::Site, option: &'a str, id: &str) -> Self {
        let line = arguments.ruled.iter().find(|(named, _)| named == id).map(|(_, line)| *line);
        match (line, &arguments.rules) {
            (Some(line), Some(path)) => By::Line(path, line),
            _ => By::Option(option),
        }
    }
}

/// Positions of sites by id.
pub fn positions<'a>(
    siting: &Siting,
    ids: &[String],
    by: impl Fn(&str) -> By<'a>,
) -> Result<Vec<usize>, Failure> {
    let find = |id: &String| {
        siting.find(id).map_err(|hint| match by(id) {
            By::Option(option) => {
                Failure::new(format!("{option} {id}: there is no such site; {hint}"))
            }
            By::Line(path, line) => {
                let path = path.display().to_string();
                let remedy = format!("mend the id: {hint}");
                Problem::new("site-rule", path, "ids of sites", remedy).at(line).value(id).into()
            }
        })
    };
    ids.iter().map(find).collect()
}

/// A refusal of rules, with ids in place of positions.
pub fn said(error: &RuleError, sites: &[String]) -> Failure {
    Failure::new(site_rules::said(error, sites))
}

/// A refusal of numbers, with the place that has the bad one.
pub fn refused(error: &InputError, sites: &[String], customers: &[String]) -> Failure {
    Failure::new(site_rules::refused(error, sites, customers))
}
