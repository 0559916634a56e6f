//! Factors of export potential that a user brings: growth of supply and demand, advantages.

use std::collections::HashMap;

use crate::bilateral::Labels;
use crate::problem::{Problem, Report};
use crate::sum::numbers;
use crate::table::Table;

/// The columns known, and the keys that a factor may not depend on.
const COLUMNS: [(&str, Option<&str>); 4] = [
    ("supply_growth", Some("destination")),
    ("demand_growth", Some("origin")),
    ("tariff_advantage", None),
    ("distance_advantage", None),
];

const KEYS: [&str; 3] = ["origin", "destination", "product"];

/// Any place, any product: the table has no such key.
const ANY: usize = usize::MAX;

/// One column of factors by some of origin, destination and product.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// `supply_growth`, `demand_growth`, `tariff_advantage` or `distance_advantage`.
    pub name: &'static str,
    /// Ids of rows passed over: no place or product of the flows has them. Each once.
    pub passed_over: Vec<String>,
    keys: [bool; 3],
    values: HashMap<[usize; 3], f64>,
}

impl Factor {
    /// The factor of a cell; none where the table has no row for it.
    #[must_use]
    pub fn get(&self, origin: usize, destination: usize, product: usize) -> Option<f64> {
        let mut key = [origin, destination, product];
        for (id, known) in key.iter_mut().zip(self.keys) {
            if !known {
                *id = ANY;
            }
        }
        self.values.get(&key).copied()
    }
}

/// Reads every factor column of a table.
///
/// The keys are those of `origin`, `destination` and `product` that the table has: a table with
/// `destination` and `demand_growth` alone holds for every product. Rows of places or products
/// that take no part are passed over, and named.
///
/// # Errors
///
/// A table without a factor column; supply growth by destination or demand growth by origin; an
/// empty, negative or infinite factor; a key twice. Each with its line.
pub fn factors(table: &Table, labels: &Labels) -> Result<Vec<Factor>, Report> {
    let keys = KEYS.map(|key| table.column(key).is_some());
    let mut found = Vec::new();
    for (name, not_by) in COLUMNS {
        if table.column(name).is_none() {
            continue;
        }
        if let Some(key) = not_by.filter(|key| table.column(key).is_some()) {
            return Err(Problem::new(
                "bad-key",
                table.path(),
                format!("{name} that does not depend on the {key}"),
                format!("put {name} into a table of its own, without the column {key}"),
            )
            .column(key)
            .into());
        }
        found.push(read(table, labels, name, keys)?);
    }
    if found.is_empty() {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        return Err(Problem::new(
            "unknown-column",
            table.path(),
            format!("a column {}", names.join(", ")),
            "name the column of factors so",
        )
        .into());
    }
    Ok(found)
}

fn read(
    table: &Table,
    labels: &Labels,
    name: &'static str,
    keys: [bool; 3],
) -> Result<Factor, Report> {
    let column = numbers(table, name)?;
    let (mut values, mut passed_over) = (HashMap::new(), Vec::new());
    for (row, &value) in column.iter().enumerate() {
        let bad = |expected: &str, remedy: &str| -> Report {
            let problem = table.problem("bad-factor", row, name, expected, remedy);
            problem.value(table.label(name, row).unwrap_or_default()).into()
        };
        if !value.is_finite() || value < 0.0 {
            return Err(bad(
                "a factor, zero or more; 1 changes nothing",
                "write growth of 3 percent as 1.03, or leave the row out",
            ));
        }
        let mut key = [ANY; 3];
        let mut takes_part = true;
        for (at, name) in KEYS.iter().enumerate().filter(|(at, _)| keys[*at]) {
            let id = table.label(name, row).unwrap_or_default();
            let position = if at == 2 { labels.product(&id) } else { labels.place(&id) };
            match position {
                Some(position) => key[at] = position,
                None => {
                    takes_part = false;
                    if !passed_over.contains(&id) {
                        passed_over.push(id);
                    }
                }
            }
        }
        if takes_part && values.insert(key, value).is_some() {
            return Err(bad("one factor for each key", "remove one of the two rows"));
        }
    }
    Ok(Factor { name, passed_over, keys, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_hold_for_what_their_table_does_not_name() {
        let labels =
            Labels { places: vec!["A".into(), "B".into()], products: vec!["x".into(), "y".into()] };
        let read = |text: &str| {
            let t = Table::from_bytes("f", "f.csv", text.as_bytes(), None).unwrap();
            factors(&t, &labels)
        };
        let found = read("destination,demand_growth\nB,1.1\nZ,9\n").unwrap();
        assert_eq!(found[0].get(0, 1, 1), Some(1.1));
        assert_eq!(found[0].get(0, 0, 1), None);
        assert_eq!(found[0].passed_over, ["Z"]);
        let code = |text: &str| {
            let problem = read(text).unwrap_err().problems.remove(0);
            (problem.code, problem.line)
        };
        assert_eq!(code("destination,supply_growth\nB,1\n").0, "bad-key");
        assert_eq!(code("origin,supply_growth\nA,-1\n"), ("bad-factor", Some(2)));
        assert_eq!(code("origin,supply_growth\nA,1\nA,2\n"), ("bad-factor", Some(3)));
        assert_eq!(code("origin,growth\nA,1\n").0, "unknown-column");
    }
}
