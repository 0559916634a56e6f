//! Rules of a siting by position: what lines in plain words mean for the sites of a question.

use std::collections::HashSet;

use emporion_model::outcome::{InputError, readable};
use emporion_model::site::SiteState;
use emporion_model::site::rules::{Count, RuleError, Rules};
use emporion_tables::site_rules::{Group, Line, Rule};
use emporion_tables::{Problem, Report, Table};

/// Positions of sites, or why there are none.
pub type Positions<E> = Result<Vec<usize>, E>;

/// What rules ask of the sites. `E` is how the caller refuses.
pub struct Sites<'a, E> {
    /// Their ids.
    pub ids: &'a [String],
    /// Which are kept, forbidden or free.
    pub states: &'a [SiteState],
    /// Positions of the ids that a line names.
    pub named: &'a dyn Fn(&[String], u32) -> Positions<E>,
    /// The sites that have a value in a column of the table about them.
    pub with: &'a dyn Fn(&str, &str) -> Positions<E>,
    /// The number of each site in such a column.
    pub column: &'a dyn Fn(&str) -> Result<Vec<f64>, E>,
}

/// Costs of opening and a budget that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CostFault {
    /// Two say what opening costs.
    #[error(
        "both the option opening and the rules say what opening costs: leave the lines that begin \
         with cost out, and the budget counts that option"
    )]
    Twice,
    /// Costs that nothing limits.
    #[error("the rules have costs of opening and no budget: add a line such as budget 300")]
    NoBudget,
    /// A site that a budget cannot count.
    #[error(
        "the rules have a budget and no cost for {0}: add cost {0} 40, cost 40 each, or cost from \
         COLUMN"
    )]
    Unpriced(String),
}

/// The rules by position. A budget counts the costs that the rules give, or `opening`.
///
/// Lines that keep or forbid a site are left out: these are states of the sites.
///
/// # Errors
///
/// Those of `sites`, and a [`CostFault`].
pub fn by_position<E: From<CostFault>>(
    lines: &[Line],
    sites: &Sites<'_, E>,
    count: Count,
    opening: Option<&[f64]>,
) -> Result<Rules, E> {
    let mut rules = Rules::new(count);
    let mut costs = vec![None; sites.ids.len()];
    let (mut each, mut limit) = (None, None);
    for Line { rule, line } in lines {
        let name = rule.to_string();
        let named = |ids: &[String]| (sites.named)(ids, *line);
        let members = |group: &Group| match group {
            Group::Of(ids) => named(ids),
            Group::With { column, value } => (sites.with)(column, value),
        };
        rules = match rule {
            Rule::AtMost(count, group) => rules.at_most(&name, &members(group)?, *count),
            Rule::AtLeast(count, group) => rules.at_least(&name, &members(group)?, *count),
            Rule::NotBoth(ids) => rules.not_both(&name, &named(ids)?),
            Rule::Cost(ids, cost) => {
                for site in named(ids)? {
                    costs[site] = Some(*cost);
                }
                rules
            }
            Rule::CostColumn(column) => {
                for (cost, value) in costs.iter_mut().zip((sites.column)(column)?) {
                    cost.get_or_insert(value);
                }
                rules
            }
            Rule::CostEach(cost) => {
                each = Some(*cost);
                rules
            }
            Rule::Budget(budget) => {
                limit = Some(*budget);
                rules
            }
            Rule::Keep(_) | Rule::Never(_) => rules,
        };
    }
    let priced = each.is_some() || costs.iter().any(Option::is_some);
    let limit = match (limit, opening) {
        (None, _) if priced => return Err(CostFault::NoBudget.into()),
        (None, _) => return Ok(rules),
        (Some(_), Some(_)) if priced => return Err(CostFault::Twice.into()),
        (Some(limit), Some(opening)) => return Ok(rules.within_budget(opening, limit)),
        (Some(limit), None) => limit,
    };
    let open = |site: usize| sites.states[site] == SiteState::Free;
    let unpriced = (0..costs.len()).find(|&j| open(j) && costs[j].or(each).is_none());
    if let Some(site) = unpriced {
        return Err(CostFault::Unpriced(sites.ids[site].clone()).into());
    }
    let opening: Vec<f64> = costs.iter().map(|cost| cost.or(each).unwrap_or(0.0)).collect();
    Ok(rules.within_budget(&opening, limit))
}

/// The sites whose row of a table, by its column `id`, has a value in a column.
///
/// # Errors
///
/// A column that is not there, or a value that no site has.
pub fn with_value(
    sites: &[String],
    table: &Table,
    (column, value): (&str, &str),
) -> Result<Vec<usize>, Report> {
    table.wanted(column)?;
    let ids: HashSet<String> = (0..table.rows())
        .filter(|&row| table.label(column, row).as_deref() == Some(value))
        .filter_map(|row| table.label("id", row))
        .collect();
    let found: Vec<usize> = (0..sites.len()).filter(|&j| ids.contains(&sites[j])).collect();
    if found.is_empty() {
        let expected = format!("a site with {column} = {value}");
        let remedy = "mend the value in the rules";
        let problem = Problem::new("empty-group", table.path(), expected, remedy);
        return Err(problem.column(column).value(value).into());
    }
    Ok(found)
}

/// The sites that lines beginning with `keep` or `never` name.
#[must_use]
pub fn decided(lines: &[Line], keep: bool) -> Vec<String> {
    let ids = lines.iter().filter_map(|line| match &line.rule {
        Rule::Keep(ids) if keep => Some(ids),
        Rule::Never(ids) if !keep => Some(ids),
        _ => None,
    });
    ids.flatten().cloned().collect()
}

/// Whether a line limits what opening may cost.
#[must_use]
pub fn has_budget(lines: &[Line]) -> bool {
    lines.iter().any(|line| matches!(line.rule, Rule::Budget(_)))
}

/// ` under 3 rules`, with the space before it; nothing without rules.
#[must_use]
pub fn under(lines: &[Line]) -> String {
    match lines.len() {
        0 => String::new(),
        1 => " under one rule".to_owned(),
        n => format!(" under {n} rules"),
    }
}

/// A refusal of rules, with ids in place of positions.
#[must_use]
pub fn said(error: &RuleError, sites: &[String]) -> String {
    match error {
        RuleError::Input(error) => refused(error, sites, &[]),
        RuleError::KeptExceed { rule, expected, kept } => {
            let ids: Vec<&str> =
                kept.iter().map(|&j| sites.get(j).map_or("?", String::as_str)).collect();
            let are = if ids.len() == 1 { "is" } else { "are" };
            format!(
                "rule \"{rule}\": expected at most {expected} open, but {} {are} kept; allow more, or \
                 keep fewer of them",
                ids.join(", ")
            )
        }
        other => other.to_string(),
    }
}

/// A refusal of numbers, with the place that has the bad one.
#[must_use]
pub fn refused(error: &InputError, sites: &[String], customers: &[String]) -> String {
    let InputError::Value { what, index, value, remedy } = error else { return error.to_string() };
    let places = match what.as_str() {
        "opening costs" | "capacity" => sites,
        "weights" | "demand" => customers,
        _ => &[],
    };
    let Some(place) = places.get(*index) else { return error.to_string() };
    let value = readable(*value);
    format!("{what} of {place}: {value} is not allowed; {remedy}")
}
