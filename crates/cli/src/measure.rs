//! `emporion measure`: indicators that need no model.
//!
//! Each indicator has one file; what they share, the guarded sums of the rows selected, is here.

mod complexity;
mod constant_prices;
mod growth;
mod hhi;
mod outside_pci;
mod ranks;
mod rca;
mod record;
mod run;
mod share;
mod shares;
mod space;
mod sum;
mod trade;
mod turnover;

use std::collections::BTreeSet;

use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::sum::{Missing, Sum, SumOptions};
use emporion_tables::{Problem, Table, Values};

use crate::answer::{Advice, Answer, Cell, Column, Show};
use crate::args::{Common, Measure};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;
use crate::select::select;

/// Computes an indicator.
pub fn run(indicator: &Measure, progress: &Progress) -> Result<Output, Failure> {
    computed(indicator, progress).map_err(with_options)
}

/// Readers of tables do not know what settles a gap here.
fn with_options(mut failure: Failure) -> Failure {
    if let Failure::Refused(report) = &mut failure {
        for problem in &mut report.problems {
            let (known, option) = match problem.code {
                "missing-value" => ("missing values as zero", "--missing-as-zero"),
                "missing-cell" => ("missing cells as zero", "--absent zero"),
                _ => continue,
            };
            problem.remedy = problem.remedy.replace(known, &format!("{known} ({option})"));
        }
    }
    failure
}

fn computed(indicator: &Measure, progress: &Progress) -> Result<Output, Failure> {
    if let Measure::Trade(index) = indicator {
        return trade::run(index, progress);
    }
    let common = indicator.common();
    let figures = Figures::open(common, progress)?;
    progress.step("measuring");
    let answer = match indicator {
        Measure::Sum(arguments) => sum::answer(arguments, &figures),
        Measure::Turnover(arguments) => turnover::answer(arguments, &figures),
        Measure::Share(arguments) => share::answer(arguments, &figures),
        Measure::Growth(arguments) => growth::answer(arguments, &figures),
        Measure::Record(arguments) => record::answer(arguments, &figures),
        Measure::Hhi(arguments) => hhi::answer(arguments, &figures),
        Measure::Rca(arguments) => rca::answer(arguments, &figures),
        Measure::Complexity(arguments) => complexity::answer(arguments, &figures),
        Measure::Space(index) => space::answer(index, &figures, progress),
        Measure::Trade(_) => unreachable!("answered above"),
        Measure::Run(arguments) => run::answer(arguments, &figures),
        Measure::Shares(arguments) => shares::answer(arguments, &figures),
        Measure::Ranks(arguments) => ranks::answer(arguments, &figures),
        Measure::ConstantPrices(arguments) => constant_prices::answer(arguments, &figures),
    }?;
    render_shaped(answer, &common.shape)
}

impl Measure {
    fn common(&self) -> &Common {
        match self {
            Self::Sum(arguments) => &arguments.common,
            Self::Turnover(arguments) => &arguments.common,
            Self::Share(arguments) => &arguments.common,
            Self::Growth(arguments) => &arguments.common,
            Self::Record(arguments) => &arguments.common,
            Self::Hhi(arguments) => &arguments.common,
            Self::Rca(arguments) => &arguments.common,
            Self::Complexity(arguments) => &arguments.common,
            Self::Space(index) => index.common(),
            Self::Trade(_) => unreachable!("the trade indices have options of their own"),
            Self::Run(arguments) => &arguments.common,
            Self::Shares(arguments) => &arguments.common,
            Self::Ranks(arguments) => &arguments.common,
            Self::ConstantPrices(arguments) => &arguments.common,
        }
    }
}

/// Columns that must be one and the same wherever two figures are compared.
const COMPARABLE: [&str; 4] = ["unit", "side", "scope", "period"];

/// A key of columns and the guarded total of its rows.
type Keyed = (Vec<String>, Sum);

/// The rows an indicator is computed from.
struct Figures<'a> {
    data: Data,
    hierarchy: Hierarchy,
    rows: Vec<usize>,
    advice: Vec<Advice>,
    common: &'a Common,
}

impl<'a> Figures<'a> {
    fn open(common: &'a Common, progress: &Progress) -> Result<Self, Failure> {
        progress.step(format!("reading {}", common.rows.data));
        let data = Data::open(&common.rows.data)?;
        let table = data.flows()?;
        let mut selected = select(&data, table, &common.rows.conditions)?;
        if common.no_domestic {
            if table.column("destination").is_none() {
                return Err(Failure::new(
                    "--no-domestic compares origin with destination, and the table has no column \
                     destination: leave it out",
                ));
            }
            selected.rows.retain(|&r| table.text("origin", r) != table.text("destination", r));
        }
        let hierarchy = data.hierarchy();
        Ok(Self { hierarchy, rows: selected.rows, advice: selected.advice, common, data })
    }

    fn table(&self) -> &Table {
        self.data.flows().expect("opened with its flows")
    }

    fn options(&self) -> SumOptions<'_> {
        let missing = if self.common.missing_as_zero { Missing::Zero } else { Missing::Refuse };
        SumOptions { value: &self.common.value, missing, ..SumOptions::default() }
    }

    /// The guarded total of rows.
    fn sum(&self, rows: &[usize]) -> Result<Sum, Failure> {
        Ok(emporion_tables::sum::sum(self.table(), rows, &self.hierarchy, self.options())?)
    }

    /// Guarded totals by columns.
    fn sums(&self, rows: &[usize], keys: &[&str]) -> Result<Vec<Keyed>, Failure> {
        if rows.is_empty() {
            // The plain sum knows how to refuse an empty selection.
            let _ = self.sum(rows)?;
        }
        let (table, options) = (self.table(), self.options());
        Ok(emporion_tables::sum::sum_by(table, rows, keys, &self.hierarchy, options)?)
    }

    /// Rows of a selection whose column holds one of these ids.
    fn with(&self, column: &str, ids: &[String]) -> Vec<usize> {
        let is = |row: &&usize| {
            self.table().text(column, **row).is_some_and(|id| ids.iter().any(|known| known == id))
        };
        self.rows.iter().filter(is).copied().collect()
    }

    /// Refuses figures that differ in unit, side, scope or period and would be compared.
    fn comparable(&self, rows: &[usize]) -> Result<(), Failure> {
        let table = self.table();
        let mut problems = Vec::new();
        for column in COMPARABLE.into_iter().filter(|name| table.column(name).is_some()) {
            let mut texts: Vec<(&str, usize)> = Vec::new();
            for &row in rows {
                let text = table.text(column, row).unwrap_or("(empty)");
                if !texts.iter().any(|(known, _)| *known == text) {
                    texts.push((text, row));
                }
            }
            if let [(first, _), (other, row), ..] = texts[..] {
                let all: Vec<&str> = texts.iter().map(|(text, _)| *text).collect();
                problems.push(
                    Problem::new(
                        "not-comparable",
                        table.path(),
                        format!("one {column} in all figures compared, such as {first}"),
                        format!(
                            "the rows selected have {}; add --where {column}={first}",
                            all.join(", ")
                        ),
                    )
                    .at(table.line(row))
                    .column(column)
                    .value(other),
                );
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure::Refused(problems.into())) }
    }

    /// An answer with the options that all indicators share.
    fn answer(&self, indicator: &str, title: impl Into<String>) -> Answer {
        let mut answer = Answer::new("measure", title, self.data.identity());
        answer.option("indicator", indicator);
        answer.option("where", self.common.rows.conditions.clone());
        answer.option("domestic", !self.common.no_domestic);
        answer.option("value", self.common.value.clone());
        answer.option("missing_as_zero", self.common.missing_as_zero);
        answer.option("top", self.common.shape.top);
        answer.notes.extend(self.advice.iter().cloned());
        answer
    }

    /// Says what the totals are of, and notes what was left empty.
    fn describe<'s>(&self, answer: &mut Answer, sums: impl IntoIterator<Item = &'s Sum>) {
        let sums: Vec<&Sum> = sums.into_iter().collect();
        let one = |get: fn(&Sum) -> Option<&String>| distinct(sums.iter().filter_map(|s| get(s)));
        answer.context("unit", one(|s| s.unit.as_ref()));
        let mut years = one(|s| s.year.as_ref());
        years.sort();
        answer.context("year", years);
        answer.context("period", one(|s| s.period.as_ref()));
        answer.context("side", one(|s| s.side.as_ref()));
        answer.context("scope", one(|s| s.scope.as_ref()));
        answer.context("measure", one(|s| s.measure.as_ref()));
        answer.context("status", distinct(sums.iter().flat_map(|s| &s.statuses)));
        answer.context("source", distinct(sums.iter().flat_map(|s| &s.sources)));
        answer.context("licence", self.data.licences("flows"));
        let missing: usize = sums.iter().map(|sum| sum.missing.len()).sum();
        if missing > 0 {
            let message = format!("{missing} empty values were taken as zero");
            answer.note(Advice::new("missing_as_zero", message, missing));
        }
    }

    fn is_numeric(&self, column: &str) -> bool {
        let column = self.table().column(column);
        column.is_some_and(|column| matches!(column.values, Values::Number(_)))
    }

    /// Columns for the keys of a total, each with a name beside it where the case has names.
    fn key_columns(&self, keys: &[&str]) -> Vec<Column> {
        let mut columns = Vec::new();
        for key in keys {
            let numeric = self.is_numeric(key);
            columns.push(match numeric {
                true => Column::number(*key, capital(key), "", Show::Year),
                false => Column::text(*key, capital(key)),
            });
            if self.data.about(key).is_some() {
                columns.push(Column::text(format!("{key}_name"), "").unless_all(Cell::Missing));
            }
        }
        columns
    }

    /// The cells that belong to [`key_columns`](Self::key_columns).
    fn key_cells(&self, keys: &[&str], values: &[String]) -> Vec<Cell> {
        let mut cells: Vec<Cell> = Vec::new();
        for (key, id) in keys.iter().zip(values) {
            let numeric = self.is_numeric(key);
            cells.push(match id.parse::<f64>() {
                Ok(value) if numeric => value.into(),
                _ => id.as_str().into(),
            });
            if self.data.about(key).is_some() {
                cells.push(self.data.name_of(key, id).into());
            }
        }
        cells
    }
}

/// The unit that all totals share; empty when they do not.
fn unit<'a>(sums: impl IntoIterator<Item = &'a Sum>) -> String {
    match &distinct(sums.into_iter().filter_map(|sum| sum.unit.as_ref()))[..] {
        [unit] => unit.clone(),
        _ => String::new(),
    }
}

/// Each text once, in order of first appearance.
fn distinct<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    texts.into_iter().filter(|text| seen.insert(*text)).cloned().collect()
}

/// The year in the key of a total.
fn year_of(text: &str) -> Result<i32, Failure> {
    let whole = text.parse::<f64>().ok().filter(|year| year.fract() == 0.0);
    whole.map(|year| year as i32).ok_or_else(|| {
        Failure::new(format!(
            "a row selected has the year {text:?}, which is no year; leave it out with \
             --where year=FIRST..LAST"
        ))
    })
}

/// `origin` as a heading: `Origin`.
fn capital(word: &str) -> String {
    let mut letters = word.replace('_', " ");
    if let Some(first) = letters.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    letters
}

/// The options of a list of column names as texts to look up by.
fn names(columns: &[String]) -> Vec<&str> {
    columns.iter().map(String::as_str).collect()
}
