//! Places by name: what a list names that is none, and refusals that know positions only.

use std::path::Path;

use emporion_brief::stages::siting::Siting;
use emporion_model::outcome::InputError;
use emporion_model::site::rules::RuleError;
use emporion_tables::Problem;
use emporion_tables::problem::nearest;

use crate::args;
use crate::failure::Failure;

/// Numbers beyond this are written with an exponent.
const LONG: f64 = 1e15;

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
    let known = || siting.sites.iter().map(String::as_str);
    let find = |id: &String| {
        siting.sites.iter().position(|site| site == id).ok_or_else(|| {
            let near = nearest(id, known());
            let hint = if near.is_empty() {
                format!("the sites are {}", known().take(12).collect::<Vec<_>>().join(", "))
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            match by(id) {
                By::Option(option) => {
                    Failure::new(format!("{option} {id}: there is no such site; {hint}"))
                }
                By::Line(path, line) => {
                    let path = path.display().to_string();
                    let remedy = format!("mend the id: {hint}");
                    Problem::new("site-rule", path, "ids of sites", remedy)
                        .at(line)
                        .value(id)
                        .into()
                }
            }
        })
    };
    ids.iter().map(find).collect()
}

/// A refusal of rules, with ids in place of positions.
pub fn said(error: &RuleError, sites: &[String]) -> Failure {
    match error {
        RuleError::Input(error) => refused(error, sites, &[]),
        RuleError::KeptExceed { rule, expected, kept } => {
            let ids: Vec<&str> =
                kept.iter().map(|&j| sites.get(j).map_or("?", String::as_str)).collect();
            let are = if ids.len() == 1 { "is" } else { "are" };
            Failure::new(format!(
                "rule \"{rule}\": expected at most {expected} open, but {} {are} kept; allow more, or \
                 keep fewer of them",
                ids.join(", ")
            ))
        }
        other => Failure::new(other.to_string()),
    }
}

/// A refusal of numbers, with the place that has the bad one.
pub fn refused(error: &InputError, sites: &[String], customers: &[String]) -> Failure {
    let InputError::Value { what, index, value, remedy } = error else {
        return Failure::new(error.to_string());
    };
    let places = match what.as_str() {
        "opening costs" | "capacity" => sites,
        "weights" | "demand" => customers,
        _ => &[],
    };
    let Some(place) = places.get(*index) else { return Failure::new(error.to_string()) };
    let value = if value.abs() < LONG { value.to_string() } else { format!("{value:e}") };
    Failure::new(format!("{what} of {place}: {value} is not allowed; {remedy}"))
}
