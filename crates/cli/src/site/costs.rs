//! A matrix of costs as a long file: from a site, to a customer, the cost.

use std::collections::{HashMap, HashSet};

use emporion_brief::stages::siting::Siting;
use emporion_model::site::instance::{Instance, LARGEST};
use emporion_tables::{Problem, Table};

use super::distances::{self, Fallback};
use super::{Question, columns};
use crate::answer::Advice;
use crate::args;
use crate::failure::Failure;

/// Reads the matrix and the weights of the customers.
pub fn question(arguments: &args::Site, table: &Table) -> Result<Question, Failure> {
    let (mut sites, mut customers) = (Vec::new(), Vec::new());
    let mut cells: Vec<(usize, usize, f64)> = Vec::with_capacity(table.rows());
    let mut problems = Vec::new();
    for row in 0..table.rows() {
        let ends = columns::id(table, "from", row).zip(columns::id(table, "to", row));
        match ends.zip(columns::number(table, "cost", row)) {
            Some((_, cost)) if cost < 0.0 => problems.push(
                Problem::new(
                    "negative-cost",
                    table.path(),
                    "a cost of 0 or more",
                    "mend it; one constant added to all costs of a customer changes no choice",
                )
                .at(table.line(row))
                .column("cost")
                .value(cost.to_string()),
            ),
            Some((_, cost)) if cost > LARGEST => problems.push(
                Problem::new(
                    "large-cost",
                    table.path(),
                    format!("a cost of at most {LARGEST:e}"),
                    "change the unit; a pair that cannot be served needs no more than a large cost",
                )
                .at(table.line(row))
                .column("cost")
                .value(format!("{cost:e}")),
            ),
            Some(((from, to), cost)) => {
                cells.push((position(&mut customers, to), position(&mut sites, from), cost));
            }
            None => problems.push(not_a_row(table, row)),
        }
    }
    let mut costs = vec![f64::NAN; sites.len() * customers.len()];
    for (row, &(customer, site, cost)) in cells.iter().enumerate() {
        let cell = &mut costs[customer * sites.len() + site];
        if !cell.is_nan() {
            problems.push(
                Problem::new(
                    "duplicate-key",
                    table.path(),
                    "each pair of from and to once",
                    "keep one of the rows",
                )
                .at(table.line(row))
                .value(format!("{}, {}", sites[site], customers[customer])),
            );
        }
        *cell = cost;
    }
    let unit = distances::unit(table, arguments.distances.unit.as_deref())?;
    let fallback = Fallback::read(arguments, unit.as_deref())?;
    let mut missing: Vec<usize> = (0..costs.len()).filter(|&at| costs[at].is_nan()).collect();
    let mut filled = 0;
    if let Some(fallback) = &fallback {
        missing.retain(|&at| {
            let (customer, site) = (at / sites.len(), at % sites.len());
            let cost = fallback.cost(&sites[site], &customers[customer]);
            costs[at] = cost.unwrap_or(f64::NAN);
            filled += usize::from(cost.is_some());
            cost.is_none()
        });
    }
    if let Some(&first) = missing.first() {
        let (customer, site) = (first / sites.len(), first % sites.len());
        let remedy = match &fallback {
            None => "add them, or name what stands in for them with --fallback",
            Some(_) => "add them, or the coordinates of both places to --about",
        };
        problems.push(
            Problem::new(
                "missing-cell",
                table.path(),
                "a cost from every site to every customer",
                format!("{} pairs have no row; {remedy}", missing.len()),
            )
            .value(format!("{} to {}", sites[site], customers[customer])),
        );
    }
    if !problems.is_empty() {
        return Err(Failure::Refused(problems.into()));
    }
    let mut instance = Instance::new(customers.len(), sites.len(), costs)?;
    if let Some(file) = &arguments.weights {
        instance = instance.weighted(weights(file, &customers)?)?;
    }
    let weight_unit = if arguments.weights.is_some() { "weight" } else { "" };
    let siting = Siting { sites, customers, points: Vec::new(), instance, left_out: Vec::new() };
    let mut measured_by = super::MATRIX.to_owned();
    let mut remarks = Vec::new();
    if let Some(fallback) = fallback.filter(|_| filled > 0) {
        let (all, name) = (siting.sites.len() * siting.customers.len(), fallback.name());
        measured_by.push_str(&format!("; {filled} of {all} pairs {name}"));
        let message = format!("{filled} of {all} pairs have no row and were filled: {name}");
        remarks.push(Advice::new("fallback", message, filled));
    }
    let unit = unit.unwrap_or_default();
    let mut question = Question::new(siting, &unit, &measured_by, weight_unit.to_owned());
    question.sources = distances::sources(table);
    question.remarks = remarks;
    Ok(question)
}

/// A row without its ids, or whose cost is no number.
fn not_a_row(table: &Table, row: usize) -> Problem {
    let words = table.label("cost", row).filter(|words| !words.trim().is_empty());
    let whole = ["from", "to"].iter().all(|column| columns::id(table, column, row).is_some());
    match words.filter(|_| whole) {
        Some(words) => Problem::new(
            "not-a-number",
            table.path(),
            "a finite number, with a point before its decimals",
            "mend it; a pair that cannot be served needs a large cost",
        )
        .at(table.line(row))
        .column("cost")
        .value(words),
        None => Problem::new(
            "missing-value",
            table.path(),
            "a site in column from, a customer in column to, a number in column cost",
            "fill in the row; a pair that cannot be served needs a large cost",
        )
        .at(table.line(row)),
    }
}

/// The position of an id in a list that grows.
fn position(ids: &mut Vec<String>, id: &str) -> usize {
    ids.iter().position(|known| known == id).unwrap_or_else(|| {
        ids.push(id.to_owned());
        ids.len() - 1
    })
}

/// The weight of every customer from a file with the columns id and weight.
fn weights(file: &str, customers: &[String]) -> Result<Vec<f64>, Failure> {
    let table = Table::read(std::path::Path::new(file))?;
    let known: HashSet<&str> = customers.iter().map(String::as_str).collect();
    let mut row_of = HashMap::new();
    for row in 0..table.rows() {
        let Some(id) = table.text("id", row) else { continue };
        let (expected, remedy) = match (known.contains(id), row_of.insert(id, row)) {
            (true, None) => continue,
            (true, Some(_)) => ("one row for each customer", "keep one of them"),
            (false, _) => ("customers of the matrix", "correct the id or remove the row"),
        };
        let problem = Problem::new("weights", table.path(), expected, remedy);
        return Err(problem.at(table.line(row)).value(id).into());
    }
    let find = |customer: &String| {
        let row = row_of.get(customer.as_str()).copied();
        let found = row.and_then(|row| columns::number(&table, "weight", row));
        found.filter(|weight| (0.0..f64::INFINITY).contains(weight)).ok_or_else(|| {
            let problem = |code, expected: &str, remedy: &str| {
                Problem::new(code, table.path(), expected, remedy)
            };
            Failure::from(match row {
                None => problem(
                    "missing-value",
                    "a row with an id and a weight of 0 or more for every customer",
                    "add the customer with its weight; 0 leaves it out of the count",
                )
                .value(customer),
                Some(row) => problem(
                    "weight",
                    &format!("a weight of 0 or more for {customer}"),
                    "mend it; 0 leaves the customer out of the count",
                )
                .at(table.line(row))
                .column("weight")
                .value(table.label("weight", row).unwrap_or_default()),
            })
        })
    };
    customers.iter().map(find).collect()
}
