//! The terms of a formula as columns: products, indicators, slopes per level.

use emporion_model::estimate::design::Regressor;

use crate::evaluate::Source;
use crate::formula::{By, Expr, Factor, Indicators, Term, term_name};
use crate::levels::Known;
use crate::problem::Problem;
use crate::rows::Rows;
use crate::table::{Values, shown};

/// The levels of one column under `i()`, in the order of their labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Labelled {
    column: String,
    labels: Vec<String>,
    known: Known,
    /// Position in `labels` of each value of `known`.
    rank: Vec<u32>,
    /// For each label the column it fills; None for a reference.
    fills: Vec<Option<usize>>,
    columns: usize,
}

/// Where a factor's column for a row is.
struct Codes {
    /// Position among the labels, `u32::MAX` for a level that is not known.
    ranks: Vec<u32>,
    levels: Labelled,
}

/// One factor of a term, ready to multiply.
enum Part {
    Number(String),
    Levels(Codes),
}

/// More indicators than this are fixed effects, and dense columns would fill the memory.
const MOST: usize = 1000;

impl Labelled {
    fn new(source: Source<'_>, column: &str, references: &[String]) -> Result<Self, Box<Problem>> {
        let fault = |expected: String, remedy: String| {
            Problem::new("bad-level", source.table.path(), expected, remedy).column(column)
        };
        let values = &source.table.wanted(column)?.values;
        let (known, codes) = Known::of(values, source.rows.iter());
        let mut first: Vec<usize> = Vec::new();
        for (position, &code) in codes.iter().enumerate() {
            if code as usize == first.len() {
                first.push(source.rows.get(position));
            }
        }
        if first.len() > MOST {
            return Err(Box::new(fault(
                format!("at most {MOST} levels under i()"),
                format!(
                    "{column} has {} levels: put it after the | as a fixed effect",
                    first.len()
                ),
            )));
        }
        let mut order: Vec<usize> = (0..first.len()).collect();
        match values {
            Values::Number(all) => {
                order.sort_by(|&a, &b| all[first[a]].total_cmp(&all[first[b]]));
            }
            Values::Text { .. } => order.sort_by_key(|&code| shown(values, first[code])),
        }
        let labels: Vec<String> = order.iter().map(|&code| shown(values, first[code])).collect();
        for wanted in references {
            if !labels.contains(wanted) {
                let problem = fault(
                    format!("a reference level that occurs in {column}"),
                    crate::problem::suggest(wanted, labels.iter().map(String::as_str)),
                );
                return Err(Box::new(problem.value(wanted)));
            }
        }
        let mut rank = vec![0; order.len()];
        for (position, &code) in order.iter().enumerate() {
            rank[code] = position as u32;
        }
        let mut columns = 0;
        let fills = labels.iter().map(|label| {
            let fills = (!references.contains(label)).then_some(columns);
            columns += usize::from(fills.is_some());
            fills
        });
        let fills = fills.collect();
        Ok(Self { column: column.to_owned(), labels, known, rank, fills, columns })
    }

    /// The column whose levels these are.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The position among the labels of each row's value, `u32::MAX` where it is not known.
    pub fn ranks(&self, values: &Values, rows: &Rows) -> Vec<u32> {
        let mut codes = self.known.find(values, rows);
        codes.iter_mut().filter(|c| **c != u32::MAX).for_each(|c| *c = self.rank[*c as usize]);
        codes
    }
}

/// The columns that `i()` uses for their levels.
pub(crate) fn grouping(indicators: &Indicators, is_text: impl Fn(&str) -> bool) -> Vec<&str> {
    let mut columns = vec![indicators.column.as_str()];
    match &indicators.by {
        Some(By::Levels { column, .. }) => columns.push(column),
        Some(By::Slope(Expr::Column(column))) if is_text(column) => columns.push(column),
        _ => {}
    }
    columns
}

/// The columns of one term: one, or one per combination of levels.
///
/// `levels` are those of an earlier table, in the order in which the formula names them; without
/// them the levels are those of the rows, and they are given back.
pub(crate) fn regressors(
    term: &Term,
    source: Source<'_>,
    levels: &mut Option<std::vec::IntoIter<Labelled>>,
    problems: &mut Vec<Problem>,
) -> (Vec<Regressor>, Vec<Labelled>) {
    let mut numbers: Option<Vec<f64>> = None;
    let mut parts = Vec::new();
    let mut multiply = |expr: &Expr, problems: &mut Vec<Problem>| {
        let values = source.numbers(expr, problems);
        match &mut numbers {
            None => numbers = Some(values),
            Some(product) => product.iter_mut().zip(&values).for_each(|(p, v)| *p *= v),
        }
    };
    let mut codes = |column: &str, references: &[String]| {
        let found = match levels {
            Some(levels) => levels.next().ok_or_else(|| unreachable_levels(column)),
            None => Labelled::new(source, column, references),
        }?;
        let ranks = found.ranks(&source.table.wanted(column)?.values, source.rows);
        Ok::<_, Box<Problem>>(Part::Levels(Codes { ranks, levels: found }))
    };
    for factor in term {
        let indicators = match factor {
            Factor::Numeric(expr) => {
                multiply(expr, problems);
                parts.push(Part::Number(term_name(&vec![factor.clone()])));
                continue;
            }
            Factor::Levels(indicators) => indicators,
        };
        let text = |name: &str| {
            source.table.column(name).is_some_and(|c| matches!(c.values, Values::Text { .. }))
        };
        let columns = grouping(indicators, text);
        let mut found = vec![codes(columns[0], &indicators.references)];
        match (&indicators.by, columns.get(1)) {
            (Some(By::Levels { references, .. }), Some(column)) => {
                found.push(codes(column, references));
            }
            (_, Some(column)) => found.push(codes(column, &[])),
            (Some(By::Slope(expr)), None) => {
                multiply(expr, problems);
                found.push(Ok(Part::Number(term_name(&vec![Factor::Numeric(expr.clone())]))));
            }
            _ => {}
        }
        for part in found {
            match part {
                Ok(part) => parts.push(part),
                Err(problem) => {
                    problems.push(*problem);
                    return (Vec::new(), Vec::new());
                }
            }
        }
    }
    let count: usize = parts
        .iter()
        .map(|part| match part {
            Part::Number(_) => 1,
            Part::Levels(codes) => codes.levels.columns,
        })
        .product();
    if count > MOST {
        problems.push(Problem::new(
            "bad-level",
            source.table.path(),
            format!("at most {MOST} columns for one term"),
            format!(
                "{} has {count}: put the combination after the | as a fixed effect",
                term_name(term)
            ),
        ));
        return (Vec::new(), Vec::new());
    }
    let crossed = parts.iter().filter(|part| matches!(part, Part::Levels(_))).count();
    let mut columns = match crossed {
        0 => {
            let values = numbers.take().unwrap_or_default();
            vec![Regressor { name: String::new(), values }]
        }
        _ => fill(&parts, numbers.as_deref(), source.rows.len(), count),
    };
    for (column, name) in columns.iter_mut().zip(names(&parts)) {
        column.name = name;
    }
    if crossed > 1 && levels.is_none() {
        // A combination of levels that never occurs has no coefficient.
        columns.retain(|column| column.values.iter().any(|&v| v != 0.0));
    }
    let levels = parts.into_iter().filter_map(|part| match part {
        Part::Levels(codes) => Some(codes.levels),
        Part::Number(_) => None,
    });
    (columns, levels.collect())
}

fn unreachable_levels(column: &str) -> Box<Problem> {
    let remedy = "prepare the table with the formula that the levels are of";
    Box::new(Problem::new("bad-level", "formula", "the levels of every i()", remedy).column(column))
}

/// Puts each row's number into the column of its levels.
fn fill(parts: &[Part], numbers: Option<&[f64]>, n: usize, count: usize) -> Vec<Regressor> {
    let mut columns = vec![Regressor { name: String::new(), values: Vec::new() }; count];
    columns.iter_mut().for_each(|column| column.values = vec![0.0; n]);
    'rows: for i in 0..n {
        let mut place = 0;
        for part in parts {
            let Part::Levels(codes) = part else { continue };
            let Some(Some(at)) = codes.levels.fills.get(codes.ranks[i] as usize) else {
                continue 'rows;
            };
            place = place * codes.levels.columns + at;
        }
        columns[place].values[i] = numbers.map_or(1.0, |numbers| numbers[i]);
    }
    columns
}

/// The names of a term's columns, the last factor's levels running fastest.
fn names(parts: &[Part]) -> Vec<String> {
    let mut names = vec![String::new()];
    for part in parts {
        let own: Vec<String> = match part {
            Part::Number(name) => vec![name.clone()],
            Part::Levels(codes) => {
                let Labelled { column, labels, fills, .. } = &codes.levels;
                let kept = labels.iter().zip(fills).filter(|(_, fills)| fills.is_some());
                kept.map(|(label, _)| format!("{column}::{label}")).collect()
            }
        };
        names = names
            .iter()
            .flat_map(|left| {
                let colon = if left.is_empty() { "" } else { ":" };
                own.iter().map(move |right| format!("{left}{colon}{right}"))
            })
            .collect();
    }
    names
}
