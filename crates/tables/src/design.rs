//! A formula and a table as the arrays an estimator is given.

use emporion_model::estimate::design::{Design, Factor as Ids, Regressor};
use emporion_model::outcome::Note;

use crate::formula::{Expr, Factor, Formula, Function, Term, effect_name, term_name};
use crate::guard;
use crate::problem::{Problem, Report};
use crate::table::{Table, Values, shown};

/// Builds the arrays of a regression.
///
/// Returns the design, the rows kept, and a note that counts and lists the rows dropped because a
/// value they need is missing.
///
/// `cluster` names columns, or combinations such as `origin^destination`; `weights` names a
/// column; `offset` is an expression such as `log(population)`.
///
/// # Assumptions
///
/// A row is kept when every column that the formula, the clusters, the weights and the offset use
/// has a value in it. Levels are numbered in order of first appearance among the rows kept;
/// indicators of `i(x)` are in the order of their labels, numbers by size.
///
/// # Errors
///
/// Unknown columns, with the nearest names; text where a number is needed; the logarithm or the
/// square root of a value outside its domain, naming the lines; a negative weight; no rows left.
///
/// # Cost
///
/// Linear in rows × (terms + effects).
pub fn design(
    formula: &Formula,
    table: &Table,
    cluster: &[&str],
    weights: Option<&str>,
    offset: Option<&str>,
) -> Result<(Design, Vec<usize>, Vec<Note>), Report> {
    let offset = offset.map(Expr::parse).transpose()?;
    let clusters: Vec<Vec<String>> = cluster
        .iter()
        .map(|name| name.split('^').map(|part| part.trim().to_owned()).collect())
        .collect();
    let (numeric, grouping) = columns(formula, &clusters, weights, offset.as_ref());
    check_columns(table, &numeric, &grouping)?;
    let (rows, notes) = complete(table, &numeric, &grouping)?;

    let mut problems = Vec::new();
    let mut evaluate = |expr: &Expr| numbers(expr, table, &rows, &mut problems);
    let y = evaluate(&formula.outcome);
    let offset = offset.as_ref().map(&mut evaluate);
    let weights = weights.map(|name| evaluate(&Expr::Column(name.to_owned())));
    let mut x = Vec::new();
    for term in &formula.terms {
        regressors(term, table, &rows, &mut x, &mut problems);
    }
    if let Some(weights) = &weights
        && let Some(i) = weights.iter().position(|&w| w < 0.0)
    {
        let remedy = "mend the weight or leave the row out";
        problems.push(
            table
                .problem("negative-value", rows[i], "weights", "a weight of zero or more", remedy)
                .value(weights[i].to_string()),
        );
    }
    let design = Design {
        outcome: formula.outcome.to_string(),
        y,
        x,
        constant: formula.constant,
        effects: formula.effects.iter().map(|e| ids(table, &rows, e)).collect(),
        clusters: clusters.iter().map(|c| ids(table, &rows, c)).collect(),
        weights,
        offset,
        ..Design::default()
    };
    Report::from(problems).or((design, rows, notes))
}

/// The columns that must be numbers, and those that only group.
fn columns<'a>(
    formula: &'a Formula,
    clusters: &'a [Vec<String>],
    weights: Option<&'a str>,
    offset: Option<&'a Expr>,
) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut numeric = formula.outcome.columns();
    let mut grouping = Vec::new();
    for factor in formula.terms.iter().flatten() {
        match factor {
            Factor::Numeric(expr) => numeric.extend(expr.columns()),
            Factor::Levels { column, .. } => grouping.push(column.as_str()),
        }
    }
    numeric.extend(weights);
    numeric.extend(offset.map(Expr::columns).unwrap_or_default());
    grouping.extend(formula.effects.iter().chain(clusters).flatten().map(String::as_str));
    for list in [&mut numeric, &mut grouping] {
        let mut seen = std::collections::HashSet::new();
        list.retain(|name| seen.insert(*name));
    }
    (numeric, grouping)
}

fn check_columns(table: &Table, numeric: &[&str], grouping: &[&str]) -> Result<(), Report> {
    let mut problems: Vec<Problem> =
        grouping.iter().filter_map(|name| table.wanted(name).err().map(|p| *p)).collect();
    for name in numeric {
        match table.wanted(name) {
            // A column that is unknown in both roles is told once.
            Err(_) if grouping.contains(name) => {}
            Err(problem) => problems.push(*problem),
            Ok(column) if matches!(column.values, Values::Text { .. }) => {
                if let Err(problem) = crate::sum::numbers(table, name) {
                    problems.push(Problem {
                        remedy: format!(
                            "write i({name}) for an indicator per level, put {name} after the |, or \
                             mend the cell"
                        ),
                        ..*problem
                    });
                }
            }
            Ok(_) => {}
        }
    }
    Report::from(problems).or(())
}

/// The rows in which every column used has a value, and a note on the others.
fn complete(
    table: &Table,
    numeric: &[&str],
    grouping: &[&str],
) -> Result<(Vec<usize>, Vec<Note>), Report> {
    let mut keep = vec![true; table.rows()];
    let mut counts = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in numeric.iter().chain(grouping).filter(|name| seen.insert(**name)) {
        let column = table.wanted(name)?;
        let mut count = 0;
        for (row, keep) in keep.iter_mut().enumerate() {
            if column.values.is_missing(row) {
                *keep = false;
                count += 1;
            }
        }
        if count > 0 {
            counts.push(format!("{name} in {count}"));
        }
    }
    let (rows, dropped): (Vec<usize>, Vec<usize>) = (0..keep.len()).partition(|&row| keep[row]);
    if rows.is_empty() {
        return Err(Problem::new(
            "no-rows",
            table.path(),
            "at least one row with a value in every column of the formula",
            if counts.is_empty() {
                "the table or the selection has no rows".to_owned()
            } else {
                format!("values are missing: {}", counts.join(", "))
            },
        )
        .into());
    }
    let note = (!dropped.is_empty()).then(|| Note {
        code: "missing",
        message: format!(
            "{} of {} rows dropped because a value is missing: {}",
            dropped.len(),
            keep.len(),
            counts.join(", ")
        ),
        count: dropped.len(),
        rows: dropped,
    });
    Ok((rows, note.into_iter().collect()))
}

/// An expression for each row kept.
fn numbers(expr: &Expr, table: &Table, rows: &[usize], problems: &mut Vec<Problem>) -> Vec<f64> {
    let values = match expr {
        Expr::Number(value) => vec![*value; rows.len()],
        Expr::Column(name) => match table.column(name).map(|c| &c.values) {
            Some(Values::Number(all)) => rows.iter().map(|&row| all[row]).collect(),
            _ => vec![f64::NAN; rows.len()],
        },
        Expr::Minus(x) => {
            let mut values = numbers(x, table, rows, problems);
            values.iter_mut().for_each(|v| *v = -*v);
            values
        }
        Expr::Binary(x, op, y) => {
            let (x, y) = (numbers(x, table, rows, problems), numbers(y, table, rows, problems));
            x.iter()
                .zip(&y)
                .map(|(x, y)| match op {
                    '+' => x + y,
                    '-' => x - y,
                    '*' => x * y,
                    '/' => x / y,
                    _ => x.powf(*y),
                })
                .collect()
        }
        Expr::Call(function, x) => {
            let inner = numbers(x, table, rows, problems);
            let domain = |v: f64| match function {
                Function::Log => v > 0.0,
                Function::Exp => true,
                Function::Sqrt => v >= 0.0,
            };
            let bad: Vec<usize> =
                (0..rows.len()).filter(|&i| !inner[i].is_nan() && !domain(inner[i])).collect();
            if !bad.is_empty() {
                let (expected, remedy) = match function {
                    Function::Log => (
                        "values above zero under log",
                        "select the rows above zero, or, for an outcome with zeros, estimate \
                         Poisson on the value itself instead of its logarithm",
                    ),
                    _ => ("values of zero or more under sqrt", "select the rows of zero or more"),
                };
                problems.push(outside(expr, table, rows, &bad, inner[bad[0]], expected, remedy));
                return vec![f64::NAN; rows.len()];
            }
            let apply = |v: f64| match function {
                Function::Log => v.ln(),
                Function::Exp => v.exp(),
                Function::Sqrt => v.sqrt(),
            };
            inner.into_iter().map(apply).collect()
        }
    };
    let bad: Vec<usize> = (0..rows.len()).filter(|&i| !values[i].is_finite()).collect();
    // NaN alone comes from a part that was told already.
    let told = problems.iter().any(|p| p.code == "outside-domain")
        && bad.iter().all(|&i| values[i].is_nan());
    if !bad.is_empty() && !told {
        let remedy = "a division by zero or a number too large: select other rows";
        let found = values[bad[0]];
        problems.push(outside(expr, table, rows, &bad, found, "a finite value", remedy));
    }
    values
}

/// A problem with some rows' values, naming their lines.
fn outside(
    expr: &Expr,
    table: &Table,
    rows: &[usize],
    bad: &[usize],
    found: f64,
    expected: &str,
    remedy: &str,
) -> Problem {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> =
        bad.iter().take(SHOWN).map(|&i| table.line(rows[i]).to_string()).collect();
    if bad.len() > SHOWN {
        lines.push(format!("and {} more", bad.len() - SHOWN));
    }
    table
        .problem(
            "outside-domain",
            rows[bad[0]],
            &expr.to_string(),
            expected,
            format!("{} rows are concerned (lines {}): {remedy}", bad.len(), lines.join(", ")),
        )
        .value(found.to_string())
}

/// The columns of one term: one, or one per combination of levels.
fn regressors(
    term: &Term,
    table: &Table,
    rows: &[usize],
    x: &mut Vec<Regressor>,
    problems: &mut Vec<Problem>,
) {
    let mut columns = vec![Regressor { name: String::new(), values: vec![1.0; rows.len()] }];
    for factor in term {
        let factors: Vec<Regressor> = match factor {
            Factor::Numeric(expr) => vec![Regressor {
                name: term_name(&vec![factor.clone()]),
                values: numbers(expr, table, rows, problems),
            }],
            Factor::Levels { column, reference } => {
                match indicators(table, rows, column, reference.as_deref()) {
                    Ok(all) => all,
                    Err(problem) => {
                        problems.push(*problem);
                        return;
                    }
                }
            }
        };
        columns = columns
            .iter()
            .flat_map(|left| {
                factors.iter().map(move |right| Regressor {
                    name: if left.name.is_empty() {
                        right.name.clone()
                    } else {
                        format!("{}:{}", left.name, right.name)
                    },
                    values: left.values.iter().zip(&right.values).map(|(a, b)| a * b).collect(),
                })
            })
            .collect();
    }
    x.extend(columns);
}

/// One indicator per level, named `column::level`.
fn indicators(
    table: &Table,
    rows: &[usize],
    name: &str,
    reference: Option<&str>,
) -> Result<Vec<Regressor>, Box<Problem>> {
    // More indicators than this are fixed effects, and dense columns would fill the memory.
    const MOST: usize = 1000;
    let column = table.wanted(name)?;
    let codes = guard::codes(&column.values, rows);
    let mut levels: Vec<(u32, usize)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (&code, &row) in codes.iter().zip(rows) {
        if seen.insert(code) {
            levels.push((code, row));
        }
    }
    match &column.values {
        Values::Number(all) => levels.sort_by(|a, b| all[a.1].total_cmp(&all[b.1])),
        Values::Text { .. } => levels.sort_by_key(|&(_, row)| shown(&column.values, row)),
    }
    let fault = |expected: String, remedy: String| {
        Box::new(Problem::new("bad-level", table.path(), expected, remedy).column(name))
    };
    if levels.len() > MOST {
        return Err(fault(
            format!("at most {MOST} levels under i()"),
            format!("{name} has {} levels: put it after the | as a fixed effect", levels.len()),
        ));
    }
    let labels: Vec<String> = levels.iter().map(|&(_, row)| shown(&column.values, row)).collect();
    if let Some(wanted) = reference.filter(|wanted| !labels.iter().any(|l| l == wanted)) {
        let problem = fault(
            format!("a reference level that occurs in {name}"),
            crate::problem::suggest(wanted, labels.iter().map(String::as_str)),
        );
        return Err(Box::new(problem.value(wanted)));
    }
    Ok(levels
        .iter()
        .zip(&labels)
        .filter(|(_, label)| reference != Some(label.as_str()))
        .map(|(&(level, _), label)| Regressor {
            name: format!("{name}::{label}"),
            values: codes.iter().map(|&code| f64::from(u8::from(code == level))).collect(),
        })
        .collect())
}

/// Dense ids of the combinations of columns, in order of first appearance.
fn ids(table: &Table, rows: &[usize], columns: &[String]) -> Ids {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (ids, levels) = guard::combined(table, rows, &names);
    Ids { name: effect_name(columns), ids, levels }
}
