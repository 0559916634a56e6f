//! A formula and a table as the arrays an estimator is given.

use emporion_model::estimate::design::{Design, Factor as Ids, Regressor, Slope, WeightKind};
use emporion_model::outcome::{InputError, Note};
use rayon::prelude::*;

use crate::duplicates::Summed;
use crate::evaluate::{Role, Source, Use, uses};
use crate::formula::{Expr, Factor, Formula, term_name};
use crate::lag::{Lags, missing};
use crate::levels;
use crate::problem::{Problem, Report};
use crate::table::{Table, Values};
use crate::terms::{Labelled, grouping, regressors};
use crate::{duplicates, parse};

pub use crate::duplicates::Duplicates;
pub use crate::lag::Panel;
pub use crate::levels::Levels;
pub use crate::rows::Rows;

/// What a design holds beside its formula.
#[derive(Debug, Clone, Default)]
pub struct DesignOptions {
    /// Columns to cluster by, or combinations such as `origin^destination`; none by default.
    pub clusters: Vec<String>,
    /// The observation weights, a column or an expression; none by default.
    pub weights: Option<String>,
    /// What the weights mean; analytic by default, as in fixest.
    pub weight_kind: WeightKind,
    /// Added to the linear predictor, such as `log(population)`, beside the formula's `offset(…)`.
    pub offset: Option<String>,
    /// The panel of `l()`, `f()` and `d()`; by default what [`Panel::of`] finds.
    pub panel: Option<Panel>,
    /// Several rows for one origin, destination and year; refused by default.
    pub duplicates: Duplicates,
}

/// The columns of a design that come from one term of the formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermColumns {
    /// The term as in the formula.
    pub name: String,
    /// The names of its regressors: one, or one for each level.
    pub regressors: Vec<String>,
}

/// A design and what it was made of.
#[derive(Debug, Clone)]
#[must_use]
pub struct Prepared {
    /// What an estimator is given.
    pub design: Design,
    /// The rows of the table that the design's entries stand for.
    pub rows: Rows,
    /// What was left out, counted and listed.
    pub notes: Vec<Note>,
    /// Which regressors come from which term.
    pub terms: Vec<TermColumns>,
    /// The levels of each of the design's effects.
    pub levels: Vec<Levels>,
    /// The levels of each of the design's slopes.
    pub slope_levels: Vec<Levels>,
    pub(crate) formula: Formula,
    pub(crate) offset: Option<Expr>,
    pub(crate) panel: Option<Panel>,
    pub(crate) labelled: Vec<Labelled>,
}

/// Builds the arrays of a regression.
///
/// # Assumptions
///
/// A row is kept when every column that the formula, the clusters, the weights and the offset use
/// has a value in it, and every lag a row it points to. Lags reach over all rows of the table.
/// Levels are numbered in order of first appearance among the rows kept; indicators of `i(x)` are
/// in the order of their labels, numbers by size.
///
/// # Errors
///
/// Unknown columns, with the nearest names; text where a number is needed; the logarithm or the
/// square root of a value outside its domain, naming the lines; a negative weight, or a frequency
/// that is no whole number; an outcome that does not vary; several rows for one flow; no rows left.
///
/// # Cost
///
/// Linear in rows × (terms + effects); beside the result one temporary column for each thread.
pub fn design(
    formula: &Formula,
    table: &Table,
    options: &DesignOptions,
) -> Result<Prepared, Report> {
    design_of(formula, table, &Rows::All(table.rows()), options)
}

/// Builds the arrays of a regression on some rows of a table; see [`design()`].
///
/// # Errors
///
/// As [`design()`].
pub fn design_of(
    formula: &Formula,
    table: &Table,
    rows: &Rows,
    options: &DesignOptions,
) -> Result<Prepared, Report> {
    let wanted = Wanted::new(formula, options)?;
    let found = wanted.uses(table);
    check_columns(table, &found)?;
    let lags = lags(table, &found, options.panel.as_ref())?;
    wanted.prepare(table, rows, &lags)
}

/// The columns used for their levels.
fn groups<'a>(found: &[Use<'a>]) -> Vec<&'a str> {
    found.iter().filter(|u| u.role == Role::Group).map(|u| u.column).collect()
}

/// The lags that are needed.
pub(crate) fn lags(
    table: &Table,
    found: &[Use<'_>],
    panel: Option<&Panel>,
) -> Result<Lags, Report> {
    let shifts: Vec<i32> = found.iter().map(|u| u.lag).filter(|&by| by != 0).collect();
    if shifts.is_empty() {
        return Ok(Lags::default());
    }
    let panel = panel.cloned().map_or_else(|| Panel::of(table), Ok)?;
    Lags::new(table, &panel, &shifts)
}

/// A formula with its options read.
pub(crate) struct Wanted<'a> {
    formula: &'a Formula,
    options: &'a DesignOptions,
    clusters: Vec<Vec<String>>,
    weights: Option<Expr>,
    offset: Option<Expr>,
}

impl<'a> Wanted<'a> {
    pub fn new(formula: &'a Formula, options: &'a DesignOptions) -> Result<Self, Report> {
        let offset = options.offset.as_deref().map(Expr::parse).transpose()?;
        if let (Some(_), Some(within)) = (&offset, &formula.offset) {
            return Err(Problem::new(
                "two-offsets",
                "formula",
                "one offset",
                format!("the formula has offset({within}) and the option another: write their sum"),
            )
            .into());
        }
        let clusters = options.clusters.iter().map(|name| parse::combination(name));
        Ok(Self {
            formula,
            options,
            clusters: clusters.collect::<Result<_, _>>()?,
            weights: options.weights.as_deref().map(Expr::parse).transpose()?,
            offset: offset.or_else(|| formula.offset.clone()),
        })
    }

    /// Every column in use, with its lag.
    pub fn uses(&self, table: &Table) -> Vec<Use<'_>> {
        let mut found = Vec::new();
        uses(&self.formula.outcome, 0, Role::Number, &mut found);
        predictor_uses(self.formula, self.offset.as_ref(), &holds_text(table), &mut found);
        if let Some(weights) = &self.weights {
            uses(weights, 0, Role::Number, &mut found);
        }
        self.clusters.iter().flatten().for_each(|column| group(column, &mut found));
        found
    }

    /// Builds the design, rows for one flow added up where that is wanted.
    pub fn prepare(&self, table: &Table, rows: &Rows, lags: &Lags) -> Result<Prepared, Report> {
        if self.options.duplicates != Duplicates::Sum {
            return self.build(table, rows, lags);
        }
        if !lags.is_empty() {
            return Err(Problem::new(
                "duplicates-and-lags",
                table.path(),
                "rows that are one for each unit and time",
                "add the rows up before taking lags",
            )
            .into());
        }
        let found = self.uses(table);
        let numeric = found.iter().filter(|u| u.role != Role::Group).map(|u| u.column);
        let numeric: Vec<&str> = numeric.collect();
        let merged = duplicates::sum(table, rows, self.formula, &groups(&found), &numeric)?;
        let Some(Summed { table: small, first, merged }) = merged else {
            return self.build(table, rows, lags);
        };
        let mut prepared = self.build(&small, &Rows::All(small.rows()), lags)?;
        prepared.move_rows(&first);
        prepared.notes.push(Note {
            code: "summed",
            message: format!("{merged} rows added to an earlier row of the same flow"),
            count: merged,
            rows: Vec::new(),
        });
        Ok(prepared)
    }

    fn build(&self, table: &Table, rows: &Rows, lags: &Lags) -> Result<Prepared, Report> {
        let found = self.uses(table);
        let (rows, notes) = complete(table, rows, &found, lags)?;
        let source = Source { table, rows: &rows, lags };
        let mut problems = Vec::new();
        if self.options.duplicates == Duplicates::Refuse {
            problems.extend(duplicates::refuse(table, &rows, self.formula, &groups(&found)));
        }

        // Columns and combinations are made side by side, each by one thread.
        let formula = self.formula;
        let combinations = self.combinations();
        let (numbers, factors) = rayon::join(
            || self.numbers(source),
            || -> Vec<(Ids, Levels)> {
                combinations.par_iter().map(|c| levels::factor(table, &rows, c)).collect()
            },
        );
        let mut numbers = numbers;
        problems.append(&mut numbers.problems);
        check_outcome(source, &formula.outcome, &numbers.y, &mut problems);
        if let Some(weights) = &numbers.weights {
            check_weights(source, weights, self.options, &mut problems);
        }
        Report::from(problems).or(())?;

        // A factor used more than once is built once; its last use takes it without a copy.
        let mut uses_left: Vec<usize> = combinations.iter().map(|c| self.times_used(c)).collect();
        let mut factors: Vec<(Option<Ids>, Levels)> =
            factors.into_iter().map(|(ids, levels)| (Some(ids), levels)).collect();
        let mut take = |columns: &[String]| {
            let at = combinations.iter().position(|c| c == columns).unwrap_or(0);
            uses_left[at] = uses_left[at].saturating_sub(1);
            let ids = if uses_left[at] == 0 { factors[at].0.take() } else { factors[at].0.clone() };
            (ids.unwrap_or_else(|| unreachable!("counted")), factors[at].1.clone())
        };
        let (effects, levels) = self.intercepts().into_iter().map(&mut take).unzip();
        let mut slopes = Vec::new();
        let mut slope_levels = Vec::new();
        let mut variables = numbers.slopes.into_iter();
        for effect in &formula.effects {
            for variable in variables.by_ref().take(effect.slopes.len()) {
                let (factor, levels) = take(&effect.columns);
                slopes.push(Slope { factor, variable });
                slope_levels.push(levels);
            }
        }
        let clusters = self.clusters.iter().map(|columns| take(columns).0).collect();
        Ok(Prepared {
            design: Design {
                outcome: formula.outcome.to_string(),
                y: numbers.y,
                x: numbers.x,
                constant: formula.constant,
                effects,
                slopes,
                clusters,
                weights: numbers.weights,
                weight_kind: self.options.weight_kind,
                offset: numbers.offset,
            },
            rows,
            notes,
            terms: numbers.terms,
            levels,
            slope_levels,
            formula: formula.clone(),
            offset: self.offset.clone(),
            panel: self.options.panel.clone(),
            labelled: numbers.labelled,
        })
    }

    /// The effects with an intercept, each once.
    fn intercepts(&self) -> Vec<&'a [String]> {
        let mut found: Vec<&[String]> = Vec::new();
        for effect in self.formula.effects.iter().filter(|effect| effect.intercept) {
            if !found.contains(&&effect.columns[..]) {
                found.push(&effect.columns);
            }
        }
        found
    }

    /// Every combination of columns whose levels are needed, each once.
    fn combinations(&self) -> Vec<Vec<String>> {
        let effects = self.formula.effects.iter().map(|effect| &effect.columns);
        let mut found: Vec<Vec<String>> = Vec::new();
        for columns in effects.chain(&self.clusters) {
            if !found.contains(columns) {
                found.push(columns.clone());
            }
        }
        found
    }

    fn times_used(&self, columns: &[String]) -> usize {
        let slopes = self.formula.effects.iter().filter(|e| e.columns == columns);
        self.intercepts().iter().filter(|c| **c == columns).count()
            + slopes.map(|e| e.slopes.len()).sum::<usize>()
            + self.clusters.iter().filter(|c| *c == columns).count()
    }

    /// Everything that is a number in each row.
    fn numbers(&self, source: Source<'_>) -> Numbers {
        enum Made {
            One(Vec<f64>),
            Term(Vec<Regressor>, Vec<Labelled>),
        }
        let formula = self.formula;
        let slopes = formula.effects.iter().flat_map(|effect| &effect.slopes);
        let singles: Vec<&Expr> = std::iter::once(&formula.outcome)
            .chain(&self.weights)
            .chain(&self.offset)
            .chain(slopes.clone())
            .collect();
        let jobs = singles.len() + formula.terms.len();
        let made: Vec<(Made, Vec<Problem>)> = (0..jobs)
            .into_par_iter()
            .map(|job| {
                let mut problems = Vec::new();
                let made = match singles.get(job) {
                    Some(expr) => Made::One(source.numbers(expr, &mut problems)),
                    None => {
                        let term = &formula.terms[job - singles.len()];
                        let (x, levels) = regressors(term, source, &mut None, &mut problems);
                        Made::Term(x, levels)
                    }
                };
                (made, problems)
            })
            .collect();
        let mut numbers = Numbers::default();
        let mut ones = Vec::new();
        let mut terms = formula.terms.iter();
        for (made, problems) in made {
            numbers.problems.extend(problems);
            match made {
                Made::One(values) => ones.push(values),
                Made::Term(x, levels) => {
                    numbers.terms.push(TermColumns {
                        name: terms.next().map(term_name).unwrap_or_default(),
                        regressors: x.iter().map(|x| x.name.clone()).collect(),
                    });
                    numbers.x.extend(x);
                    numbers.labelled.extend(levels);
                }
            }
        }
        let mut ones = ones.into_iter();
        numbers.y = ones.next().unwrap_or_default();
        numbers.weights = self.weights.as_ref().and_then(|_| ones.next());
        numbers.offset = self.offset.as_ref().and_then(|_| ones.next());
        let named = |(expr, values): (&Expr, _)| Regressor { name: expr.to_string(), values };
        numbers.slopes = slopes.zip(ones).map(named).collect();
        numbers
    }
}

/// The columns of a design that are numbers.
#[derive(Default)]
struct Numbers {
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    slopes: Vec<Regressor>,
    x: Vec<Regressor>,
    terms: Vec<TermColumns>,
    labelled: Vec<Labelled>,
    problems: Vec<Problem>,
}

/// The columns of everything right of `~`.
pub(crate) fn holds_text(table: &Table) -> impl Fn(&str) -> bool {
    |name| table.column(name).is_some_and(|c| matches!(c.values, Values::Text { .. }))
}

pub(crate) fn predictor_uses<'a>(
    formula: &'a Formula,
    offset: Option<&'a Expr>,
    is_text: &dyn Fn(&str) -> bool,
    found: &mut Vec<Use<'a>>,
) {
    for factor in formula.terms.iter().flatten() {
        match factor {
            Factor::Numeric(expr) => uses(expr, 0, Role::Number, found),
            Factor::Levels(indicators) => {
                let groups = grouping(indicators, is_text);
                groups.iter().for_each(|column| group(column, found));
                if let (1, Some(crate::formula::By::Slope(expr))) = (groups.len(), &indicators.by) {
                    uses(expr, 0, Role::Number, found);
                }
            }
        }
    }
    if let Some(offset) = offset {
        uses(offset, 0, Role::Number, found);
    }
    for effect in &formula.effects {
        effect.columns.iter().for_each(|column| group(column, found));
        effect.slopes.iter().for_each(|slope| uses(slope, 0, Role::Number, found));
    }
}

fn group<'a>(column: &'a str, found: &mut Vec<Use<'a>>) {
    let one = Use { column, lag: 0, role: Role::Group };
    if !found.contains(&one) {
        found.push(one);
    }
}

pub(crate) fn check_columns(table: &Table, found: &[Use<'_>]) -> Result<(), Report> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for one in found {
        let name = one.column;
        match table.wanted(name) {
            // An unknown column is told once.
            Err(_) if seen.contains(&name) => {}
            Err(problem) => problems.push(*problem),
            Ok(column) if one.role == Role::Number => {
                let text = matches!(column.values, Values::Text { .. });
                if let (true, Err(problem)) = (text, crate::sum::numbers(table, name)) {
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
        seen.push(name);
    }
    Report::from(problems).or(())
}

/// The rows in which every column used has a value, and notes on the others: for numbers, for
/// labels, and for lags that point nowhere.
pub(crate) fn complete(
    table: &Table,
    rows: &Rows,
    found: &[Use<'_>],
    lags: &Lags,
) -> Result<(Rows, Vec<Note>), Report> {
    const KINDS: [(&str, &str); 3] = [
        ("missing", "because a value is missing"),
        ("missing-label", "because a label is missing"),
        ("missing-lag", "because an earlier or later value is missing"),
    ];
    let mut keep: Option<Vec<bool>> = None;
    let mut notes = Vec::new();
    let mut all_counts = Vec::new();
    for (kind, (code, reason)) in KINDS.into_iter().enumerate() {
        let mut counts = Vec::new();
        let mut dropped = Vec::new();
        let mut seen = Vec::new();
        for one in found {
            let of_kind = match (one.lag, one.role) {
                (0, Role::Group) => kind == 1,
                (0, _) => kind == 0,
                _ => kind == 2,
            };
            if !of_kind || seen.contains(&(one.column, one.lag)) {
                continue;
            }
            seen.push((one.column, one.lag));
            let values = &table.wanted(one.column)?.values;
            let any = match values {
                _ if one.lag != 0 => true,
                Values::Number(all) => rows.iter().any(|row| all[row].is_nan()),
                Values::Text { .. } => rows.iter().any(|row| values.is_missing(row)),
            };
            if !any {
                continue;
            }
            let keep = keep.get_or_insert_with(|| vec![true; rows.len()]);
            let mut count = 0;
            for (i, row) in rows.iter().enumerate() {
                if missing(values, lags, row, one.lag) {
                    count += 1;
                    if std::mem::replace(&mut keep[i], false) {
                        dropped.push(row);
                    }
                }
            }
            if count > 0 {
                let column = Expr::Column(one.column.to_owned());
                let name = if one.lag == 0 {
                    one.column.to_owned()
                } else {
                    Expr::Lag(Box::new(column), one.lag).to_string()
                };
                counts.push(format!("{name} in {count}"));
            }
        }
        if !dropped.is_empty() {
            dropped.sort_unstable();
            notes.push(Note {
                code,
                message: format!(
                    "{} of {} rows dropped {reason}: {}",
                    dropped.len(),
                    rows.len(),
                    counts.join(", ")
                ),
                count: dropped.len(),
                rows: dropped,
            });
        }
        all_counts.extend(counts);
    }
    let kept = match keep {
        None => rows.clone(),
        Some(keep) => rows.filter(&keep),
    };
    if kept.is_empty() {
        return Err(Problem::new(
            "no-rows",
            table.path(),
            "at least one row with a value in every column of the formula",
            if all_counts.is_empty() {
                "the table or the selection has no rows".to_owned()
            } else {
                format!("values are missing: {}", all_counts.join(", "))
            },
        )
        .into());
    }
    Ok((kept, notes))
}

fn check_outcome(source: Source<'_>, outcome: &Expr, y: &[f64], problems: &mut Vec<Problem>) {
    if y.len() > 1 && y.iter().all(|&v| v == y[0]) {
        problems.push(
            Problem::new(
                "constant-outcome",
                source.table.path(),
                "an outcome that varies",
                format!("all {} rows hold the same: select other rows", y.len()),
            )
            .column(outcome.to_string())
            .value(y[0].to_string()),
        );
    }
}

fn check_weights(
    source: Source<'_>,
    weights: &[f64],
    options: &DesignOptions,
    problems: &mut Vec<Problem>,
) {
    let mut refuse = |i: usize, code, expected, remedy| {
        let name = options.weights.as_deref().unwrap_or("weights");
        problems.push(
            source
                .table
                .problem(code, source.rows.get(i), name, expected, remedy)
                .value(weights[i].to_string()),
        );
    };
    if let Some(i) = weights.iter().position(|&w| w < 0.0) {
        let remedy = "mend the weight or leave the row out";
        refuse(i, "negative-value", "a weight of zero or more", remedy);
    } else if options.weight_kind == WeightKind::Frequency
        && let Some(i) = weights.iter().position(|&w| w.fract() != 0.0)
    {
        let remedy = "frequencies count equal rows; other weights are analytic";
        refuse(i, "fraction-as-frequency", "a whole number", remedy);
    }
}

impl Prepared {
    /// Makes rows of a smaller table into rows of the one it was made of.
    fn move_rows(&mut self, origin: &[u32]) {
        let moved = self.rows.iter().map(|row| origin[row]).collect();
        self.rows = Rows::These(moved);
        for levels in self.levels.iter_mut().chain(&mut self.slope_levels) {
            levels.first.iter_mut().for_each(|row| *row = origin[*row as usize]);
        }
        for note in &mut self.notes {
            note.rows.iter_mut().for_each(|row| *row = origin[*row] as usize);
        }
    }
}

/// The columns of a combination such as `origin^year`; any other text is the name of one column.
///
/// # Errors
///
/// A combination that cannot be read, with a caret at the place.
pub fn combination(text: &str) -> Result<Vec<String>, Report> {
    Ok(parse::combination(text)?)
}

/// The ids of a column, or of a combination of columns, on some rows: a role, a cluster, a unit.
///
/// # Errors
///
/// A column that does not exist.
pub fn factor(table: &Table, rows: &Rows, columns: &[String]) -> Result<Ids, Report> {
    for name in columns {
        table.wanted(name)?;
    }
    Ok(levels::factor(table, rows, columns).0)
}

/// An estimator's refusal as a problem that names the line of the file.
#[must_use]
pub fn locate(error: &InputError, rows: &Rows, table: &Table) -> Problem {
    match error {
        InputError::Value { what, index, value, remedy } if *index < rows.len() => table
            .problem("refused-value", rows.get(*index), what, "a value the estimator takes", remedy)
            .value(value.to_string()),
        other => {
            let expected = "data that the formula can be fitted to";
            Problem::new("estimate", table.path(), expected, other.to_string())
        }
    }
}
