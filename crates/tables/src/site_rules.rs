//! Rules for choosing centres, one on a line, in plain words.
//!
//! ```text
//! # what stands and what must not be
//! keep RU-NIZ, RU-BA
//! never RU-KGD
//! at most 2 of RU-PRI, RU-KHA, RU-SAK
//! at least 1 with district = Far East
//! not both RU-MOW, RU-MOS
//! cost 40 each
//! cost RU-MOW 90
//! cost from rent
//! budget 300
//! ```
//!
//! `with column = value` means every site whose row in the table of places has that value. A `cost`
//! of some sites overrides the cost of each, whichever comes first. `#` begins a comment.

use std::fmt;

use crate::problem::{Problem, Report};

/// The sites that a rule speaks of.
#[derive(Debug, Clone, PartialEq)]
pub enum Group {
    /// These.
    Of(Vec<String>),
    /// Those with this value in this column of the table of places.
    With {
        /// The column.
        column: String,
        /// The value.
        value: String,
    },
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(ids) => write!(f, "of {}", ids.join(", ")),
            Self::With { column, value } => write!(f, "with {column} = {value}"),
        }
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// These centres exist and stay.
    Keep(Vec<String>),
    /// No centre in these places.
    Never(Vec<String>),
    /// At most so many centres in a group.
    AtMost(usize, Group),
    /// At least so many centres in a group.
    AtLeast(usize, Group),
    /// Not all of these together.
    NotBoth(Vec<String>),
    /// What opening costs at each site that no other line prices.
    CostEach(f64),
    /// What opening costs at these sites.
    Cost(Vec<String>, f64),
    /// What opening costs is in this column of the table of places.
    CostColumn(String),
    /// What all centres that are not kept may cost together.
    Budget(f64),
}

impl Rule {
    /// Whether another rule would settle again what this one does.
    fn settles(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Budget(_), Self::Budget(_))
            | (Self::CostEach(_), Self::CostEach(_))
            | (Self::CostColumn(_), Self::CostColumn(_)) => true,
            (Self::Cost(ids, _), Self::Cost(others, _)) => ids.iter().any(|id| others.contains(id)),
            _ => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep(ids) => write!(f, "keep {}", ids.join(", ")),
            Self::Never(ids) => write!(f, "never {}", ids.join(", ")),
            Self::AtMost(count, group) => write!(f, "at most {count} {group}"),
            Self::AtLeast(count, group) => write!(f, "at least {count} {group}"),
            Self::NotBoth(ids) => write!(f, "not both {}", ids.join(", ")),
            Self::CostEach(cost) => write!(f, "cost {cost} each"),
            Self::Cost(ids, cost) => write!(f, "cost {} {cost}", ids.join(", ")),
            Self::CostColumn(column) => write!(f, "cost from {column}"),
            Self::Budget(budget) => write!(f, "budget {budget}"),
        }
    }
}

/// A rule with its place in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Line from 1.
    pub line: u32,
    /// What it says.
    pub rule: Rule,
}

/// Reads rules; `path` is how the file is called in problems.
///
/// # Errors
///
/// Every line that is no rule, with what was expected there, and every one that settles again what an
/// earlier line did: a second budget, a second cost of a site.
///
/// # Example
///
/// ```
/// use emporion_tables::site_rules::{Group, Rule, parse};
/// let rules = parse("rules.txt", "keep A, B\nat most 1 of C, D # one of the two").unwrap();
/// assert_eq!(rules[1].rule, Rule::AtMost(1, Group::Of(vec!["C".into(), "D".into()])));
/// assert!(parse("rules.txt", "perhaps E").unwrap_err().to_string().contains("line 1"));
/// ```
pub fn parse(path: &str, text: &str) -> Result<Vec<Line>, Report> {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    // What spreadsheets and editors put before the first line.
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let said = line.split('#').next().unwrap_or_default().trim();
        if said.is_empty() {
            continue;
        }
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        match rule(said) {
            Ok(rule) => match rules.iter().find(|earlier: &&Line| earlier.rule.settles(&rule)) {
                None => rules.push(Line { line: number, rule }),
                Some(earlier) => problems.push(
                    Problem::new(
                        "site-rule",
                        path,
                        format!("one line for this; line {} says it already", earlier.line),
                        "remove one of the two",
                    )
                    .at(number)
                    .value(said),
                ),
            },
            Err((expected, remedy)) => problems
                .push(Problem::new("site-rule", path, expected, remedy).at(number).value(said)),
        }
    }
    Report::from(problems).or(rules)
}

/// What was expected, and the remedy.
type Fault = (String, String);

fn fault<T>(expected: &str, remedy: &str) -> Result<T, Fault> {
    Err((expected.to_owned(), remedy.to_owned()))
}

fn rule(said: &str) -> Result<Rule, Fault> {
    let lower = said.to_lowercase();
    let rest = |words: &str| {
        let after = lower.starts_with(words).then(|| said[words.len()..].to_owned())?;
        (after.is_empty() || after.starts_with([' ', '\t'])).then_some(after)
    };
    if let Some(after) = rest("keep") {
        return Ok(Rule::Keep(ids(&after)?));
    }
    if let Some(after) = rest("never") {
        return Ok(Rule::Never(ids(&after)?));
    }
    if let Some(after) = rest("not both") {
        let ids = ids(&after)?;
        if ids.len() < 2 {
            return fault("two or more ids after `not both`", "write not both A, B");
        }
        return Ok(Rule::NotBoth(ids));
    }
    for (words, most) in [("at most", true), ("at least", false)] {
        if let Some(after) = rest(words) {
            let (count, group) = quota(words, after.trim())?;
            return Ok(if most { Rule::AtMost(count, group) } else { Rule::AtLeast(count, group) });
        }
    }
    if let Some(after) = rest("budget") {
        return Ok(Rule::Budget(amount(after.trim())?));
    }
    if let Some(after) = rest("cost") {
        return cost(after.trim());
    }
    fault(
        "a rule: keep, never, at most, at least, not both, cost, budget",
        "write for example keep A, B or at most 2 of C, D, E; begin a comment with #",
    )
}

fn quota(words: &str, after: &str) -> Result<(usize, Group), Fault> {
    let remedy = format!("write {words} 2 of A, B, C or {words} 2 with column = value");
    let wrong = |expected: &str| (expected.to_owned(), remedy.clone());
    let (count, group) =
        after.split_once(char::is_whitespace).ok_or_else(|| wrong("a number and a group"))?;
    let count = count.parse().map_err(|_| wrong("a whole number"))?;
    let (word, said) = group.trim().split_once(char::is_whitespace).unwrap_or((group, ""));
    match word.to_lowercase().as_str() {
        "of" => Ok((count, Group::Of(ids(said)?))),
        "with" => {
            let (column, value) =
                said.split_once('=').ok_or_else(|| wrong("column = value after `with`"))?;
            let (column, value) = (column.trim().to_owned(), value.trim().to_owned());
            if column.is_empty() || value.is_empty() {
                return Err(wrong("column = value after `with`"));
            }
            Ok((count, Group::With { column, value }))
        }
        _ => Err(wrong("`of` or `with` after the number")),
    }
}

fn cost(after: &str) -> Result<Rule, Fault> {
    let remedy = "write cost 40 each, cost A, B 90 or cost from COLUMN";
    if let Some(column) = after.strip_prefix("from ") {
        return Ok(Rule::CostColumn(column.trim().to_owned()));
    }
    if let Some(each) = after.strip_suffix("each") {
        return Ok(Rule::CostEach(amount(each.trim())?));
    }
    let Some((sites, value)) = after.rsplit_once(char::is_whitespace) else {
        return fault("ids and a cost", remedy);
    };
    Ok(Rule::Cost(ids(sites)?, amount(value)?))
}

fn ids(text: &str) -> Result<Vec<String>, Fault> {
    let ids: Vec<String> = text.split(',').map(|id| id.trim().to_owned()).collect();
    if ids.iter().any(String::is_empty) {
        return fault(
            "ids with commas between them",
            "write A, B, C; an id stands before and after each comma",
        );
    }
    Ok(ids)
}

fn amount(text: &str) -> Result<f64, Fault> {
    match crate::number::number(text) {
        Ok(value) if value >= 0.0 => Ok(value),
        Ok(_) => fault("a number of zero or more", "costs and budgets are not negative"),
        // Nothing else may stand for it here, as an empty cell may in a table.
        Err(_) if text.parse::<f64>().is_ok() => {
            fault("a finite number of zero or more", "write digits, such as 40 or 90.5")
        }
        Err((expected, remedy)) => Err((expected.to_owned(), remedy)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_reads_and_is_written_as_it_reads() {
        let text = "keep A, B\nnever C\nat most 2 of D, E, F\nat least 1 with district = Far East\n\
                    not both D, E\ncost 40 each\ncost D, E 90.5\ncost from rent\nbudget 300";
        let rules = parse("r", text).unwrap();
        let written: Vec<String> = rules.iter().map(|line| line.rule.to_string()).collect();
        assert_eq!(written.join("\n"), text);
        assert_eq!(rules[4].line, 5);
    }

    #[test]
    fn every_line_that_is_no_rule_is_named() {
        let text = "keep A,\n\n# a remark\nkeeper B\nat most two of A\nat most 2 A\nat least 1 with x\n\
                    not both A\nbudget -3\nbudget 1,5\ncost A\ncost A much";
        let problems = parse("r", text).unwrap_err().problems;
        let lines: Vec<u32> = problems.iter().filter_map(|p| p.line).collect();
        assert_eq!(lines, [1, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    }
}
