//! The table that a formula is fitted to.

use std::path::Path;
use std::sync::Arc;

use emporion_brief::stages::gravity::{ErrorColumns, Question, pair_table};
use emporion_tables::design::combination;
use emporion_tables::formula::Expr;
use emporion_tables::{Rows, Table};

use crate::answer::Advice;
use crate::args;
use crate::data::{Context, Data, require};
use crate::failure::Failure;
use crate::select::{applicable, columns, select};

use super::models::Job;

/// What a formula is fitted to.
pub struct Sample {
    /// The table; lags look at all of its rows.
    pub table: Table,
    /// The rows to fit to.
    pub rows: Rows,
    /// What the figures are of.
    pub context: Context,
    /// What was done to find them.
    pub advice: Vec<Advice>,
}

/// Columns that are read when a file has them: they tell a row, and what its figures are of.
const USUAL: [&str; 18] = [
    "origin",
    "destination",
    "exporter",
    "importer",
    "year",
    "product",
    "sector",
    "unit",
    "period",
    "month",
    "quarter",
    "side",
    "scope",
    "measure",
    "status",
    "source",
    "industry",
    "bound",
];

/// Opens the data; of a single file only the columns that are used are read.
pub fn open(
    arguments: &args::Estimate,
    jobs: &[Job],
    question: &Question,
) -> Result<Data, Failure> {
    let name = &arguments.rows.data;
    let path = Path::new(name);
    if !path.is_file() || path.file_name().is_some_and(|file| file == "datapackage.json") {
        return Data::open(name);
    }
    // Patterns of the lasso name columns that only the file knows.
    if arguments.lasso.lasso.is_some() {
        return Ok(Data::File(Table::read(path)?));
    }
    let used = used(arguments, jobs, question)?;
    let used: Vec<&str> = used.iter().map(String::as_str).collect();
    Ok(Data::File(Table::read_columns_with(path, &used, &USUAL)?))
}

/// Every column that the options name.
fn used(
    arguments: &args::Estimate,
    jobs: &[Job],
    question: &Question,
) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for job in jobs {
        names.extend(job.formula.columns());
    }
    for cluster in &question.design.clusters {
        names.extend(combination(cluster)?);
    }
    for expression in [&question.design.weights, &question.design.offset].into_iter().flatten() {
        let expression = Expr::parse(expression).map_err(emporion_tables::Report::from)?;
        names.extend(expression.columns());
    }
    if let Some(panel) = &question.design.panel {
        names.extend(panel.unit.iter().chain([&panel.time]).cloned());
    }
    match &question.errors {
        ErrorColumns::Conley { latitude, longitude, .. } => {
            names.extend([latitude.clone(), longitude.clone()]);
        }
        ErrorColumns::DriscollKraay { time, .. } | ErrorColumns::NeweyWest { time, .. } => {
            names.push(time.clone());
        }
        ErrorColumns::Iid | ErrorColumns::Robust | ErrorColumns::Cluster => {}
    }
    names.extend(arguments.split.iter().chain(&arguments.fsplit).cloned());
    if arguments.bias {
        names.extend(arguments.roles.iter().cloned());
    }
    names.extend(columns(&arguments.rows.conditions)?);
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
}

/// The table to fit: of a case its pairs with the sum of their flows, else the file itself, whose
/// columns are moved out of the data.
pub fn sample(arguments: &args::Estimate, data: &mut Data) -> Result<Sample, Failure> {
    let conditions = &arguments.rows.conditions;
    let case = match data {
        Data::Case(case) => Arc::clone(case),
        Data::File(table) => {
            let table = table.take_columns();
            return of_file(arguments, data, table);
        }
    };
    let flows = data.flows()?;
    let pairs = case.pairs().ok_or_else(|| {
        Failure::new(format!(
            "{} has no table named pairs; add one with distance and the other regressors of each \
             pair, or name a file that holds outcome and regressors",
            case.root
        ))
    })?;
    // A condition on places or years cuts both tables, or pairs left out would count as empty.
    let of_pairs = applicable(pairs, conditions)?;
    let of_flows: Vec<String> = conditions
        .iter()
        .filter(|text| !of_pairs.contains(text))
        .cloned()
        .chain(applicable(flows, &of_pairs)?)
        .collect();
    let selected = select(data, flows, &of_flows)?;
    let kept = select(data, pairs, &of_pairs)?;
    let absent = data.absent(arguments.absent);
    let table = pair_table(
        flows,
        &selected.rows,
        &pairs.select(&kept.rows),
        &data.hierarchy(),
        absent,
        !arguments.no_domestic,
    )?;
    let context = data.context(flows, &selected.rows);
    Ok(Sample { rows: Rows::All(table.rows()), table, context, advice: selected.advice })
}

/// The rows of a file that the conditions leave.
fn of_file(arguments: &args::Estimate, data: &Data, table: Table) -> Result<Sample, Failure> {
    let conditions = &arguments.rows.conditions;
    let selected = select(data, &table, conditions)?;
    let mut rows = selected.rows;
    if arguments.no_domestic {
        require(&table, &["origin", "destination"])?;
        let label = |name: &str, row: usize| table.label(name, row);
        rows.retain(|&row| label("origin", row) != label("destination", row));
    }
    let context = data.context(&table, &rows);
    let all = conditions.is_empty() && !arguments.no_domestic;
    let rows = if all {
        Rows::All(table.rows())
    } else {
        Rows::These(rows.into_iter().map(|row| row as u32).collect())
    };
    Ok(Sample { table, rows, context, advice: selected.advice })
}
