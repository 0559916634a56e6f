//! `--where`: the rows that an answer is computed from.

use emporion_tables::problem::nearest;
use emporion_tables::select::{Condition, rows};
use emporion_tables::{Problem, Table, Values};

use crate::answer::Advice;
use crate::data::Data;
use crate::failure::Failure;

/// Rows of a table and what was done to find them.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// Positions, in file order.
    pub rows: Vec<usize>,
    /// Groups that were replaced by their members.
    pub advice: Vec<Advice>,
}

/// One `--where`, read.
#[derive(Debug, Clone)]
struct Wanted<'a> {
    column: &'a str,
    attribute: Option<&'a str>,
    not: bool,
    values: Vec<&'a str>,
}

/// The rows that meet every condition.
///
/// `column=a,b` keeps rows with one of these values, `column!=a` the others, `year=2017..2022` a
/// range, `column=` empty cells; `product.goods=1` looks at the column `goods` of the table that
/// lists the products. A group among places stands for its members where no row names the group.
///
/// # Errors
///
/// A condition that cannot be read, a column that does not exist, a value that no row has.
pub fn select(data: &Data, table: &Table, conditions: &[String]) -> Result<Selected, Failure> {
    let mut advice = Vec::new();
    let mut read: Vec<(&str, Vec<Condition>)> = Vec::new();
    for text in conditions {
        let wanted = parse(text)?;
        let conditions = match wanted.attribute {
            Some(attribute) => vec![by_attribute(data, table, &wanted, attribute)?],
            None => by_value(data, table, &wanted, &mut advice)?,
        };
        read.push((wanted.column, conditions));
    }
    let flat: Vec<(&str, Condition)> = read
        .into_iter()
        .flat_map(|(column, all)| all.into_iter().map(move |condition| (column, condition)))
        .collect();
    Ok(Selected { rows: rows(table, &flat)?, advice })
}

/// The columns that the conditions look at.
pub fn columns(conditions: &[String]) -> Result<Vec<String>, Failure> {
    conditions.iter().map(|text| Ok(parse(text)?.column.to_owned())).collect()
}

/// The conditions whose column a table has.
pub fn applicable(table: &Table, conditions: &[String]) -> Result<Vec<String>, Failure> {
    let mut kept = Vec::new();
    for text in conditions {
        if table.column(parse(text)?.column).is_some() {
            kept.push(text.clone());
        }
    }
    Ok(kept)
}

fn parse(text: &str) -> Result<Wanted<'_>, Failure> {
    let (left, values) = text.split_once('=').ok_or_else(|| {
        Failure::new(format!(
            "--where {text:?} has no equals sign; write --where column=value[,value], \
             --where column!=value or --where year=2017..2022"
        ))
    })?;
    let (left, not) = left.strip_suffix('!').map_or((left, false), |left| (left, true));
    let (column, attribute) =
        left.split_once('.').map_or((left, None), |(column, name)| (column, Some(name)));
    let values = values.split(',').filter(|value| !value.is_empty()).collect();
    Ok(Wanted { column: column.trim(), attribute, not, values })
}

/// Conditions on the cells of the column itself.
fn by_value(
    data: &Data,
    table: &Table,
    wanted: &Wanted<'_>,
    advice: &mut Vec<Advice>,
) -> Result<Vec<Condition>, Failure> {
    if let [range] = wanted.values[..]
        && let Some((from, to)) = range.split_once("..")
        && let (Ok(from), Ok(to)) = (from.parse(), to.parse())
    {
        return Ok(vec![Condition::Range(from, to)]);
    }
    if wanted.values.is_empty() {
        return Ok(vec![if wanted.not { Condition::Present } else { Condition::Missing }]);
    }
    let mut values = Vec::new();
    for &value in &wanted.values {
        let members = data.members(value);
        let place = matches!(wanted.column, "origin" | "destination");
        if occurs(table, wanted.column, value) {
            values.push(value.to_owned());
        } else if place && members != [value] {
            advice.push(Advice::new(
                "group_members",
                format!("{value} stands for its {} members", members.len()),
                members.len(),
            ));
            values.extend(members);
        } else if table.column(wanted.column).is_some() {
            return Err(unknown_value(table, wanted.column, value));
        }
    }
    if wanted.not {
        return Ok(values.into_iter().map(Condition::Not).collect());
    }
    Ok(vec![Condition::OneOf(values)])
}

/// A condition on a column of the table that lists the ids.
fn by_attribute(
    data: &Data,
    table: &Table,
    wanted: &Wanted<'_>,
    attribute: &str,
) -> Result<Condition, Failure> {
    let about = data.about(wanted.column).ok_or_else(|| {
        Failure::new(format!(
            "--where {}.{attribute}: this data has no table that tells more about {}; use a \
             column of {}",
            wanted.column,
            wanted.column,
            table.path()
        ))
    })?;
    let plain = Wanted { column: attribute, attribute: None, ..wanted.clone() };
    let conditions: Vec<(&str, Condition)> = by_value(data, about, &plain, &mut Vec::new())?
        .into_iter()
        .map(|condition| (attribute, condition))
        .collect();
    let ids = rows(about, &conditions)?;
    Ok(Condition::one_of(ids.into_iter().filter_map(|row| about.text("id", row))))
}

fn occurs(table: &Table, column: &str, value: &str) -> bool {
    match table.column(column).map(|column| &column.values) {
        Some(Values::Text { labels, .. }) => labels.iter().any(|label| label == value),
        Some(Values::Number(numbers)) => {
            value.parse().is_ok_and(|value: f64| numbers.contains(&value))
        }
        None => false,
    }
}

/// A value that no row has, with the nearest ones.
pub fn unknown_value(table: &Table, column: &str, value: &str) -> Failure {
    let labels: Vec<String> = match table.column(column).map(|column| &column.values) {
        Some(Values::Text { labels, .. }) => labels.clone(),
        Some(Values::Number(numbers)) => {
            let mut known: Vec<f64> = numbers.iter().copied().filter(|n| !n.is_nan()).collect();
            known.sort_by(f64::total_cmp);
            known.dedup();
            known.iter().map(f64::to_string).collect()
        }
        None => Vec::new(),
    };
    let near = nearest(value, labels.iter().map(String::as_str));
    let remedy = if near.is_empty() {
        let shown: Vec<&str> = labels.iter().take(12).map(String::as_str).collect();
        let more = if labels.len() > 12 { ", …" } else { "" };
        format!("it holds {}{more}", shown.join(", "))
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Problem::new("no-such-value", table.path(), "a value that stands in the column", remedy)
        .column(column)
        .value(value)
        .into()
}
