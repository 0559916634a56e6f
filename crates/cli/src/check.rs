//! `emporion check`: every problem of a case in one run.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_brief::engine;
use emporion_tables::{Case, Problem, Report};

use crate::answer::{Answer, Column, Part, Show};
use crate::args::{Check, Format};
use crate::data::Data;
use crate::failure::{Failure, shortened};
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render;

/// Reads the tables, checks them, and runs the brief.
pub fn run(arguments: &Check, progress: &Progress) -> Result<Output, Failure> {
    progress.step(format!("reading {}", arguments.case));
    let (case, report) = match Data::open_case(&arguments.case) {
        Ok(case) => {
            progress.step("checking tables and brief");
            let report = problems(&case);
            (Some(case), report)
        }
        Err(Failure::Refused(report)) => (None, report),
        Err(failure) => return Err(failure),
    };
    let failed = !report.is_empty();
    if arguments.format == Format::Table {
        return match case.filter(|_| !failed) {
            Some(case) => Ok(Output::text(format!("{}\n", praise(&case)))),
            None => Ok(Output {
                advice: format!("{}\n", shortened(&report)),
                failed,
                ..Output::default()
            }),
        };
    }
    let answer = answer(arguments, case.as_deref(), &report);
    Ok(Output { failed, ..render(&answer, arguments.format) })
}

/// What is wrong in the tables, and in the expressions of the brief.
fn problems(case: &Arc<Case>) -> Report {
    let mut problems = case.check().problems;
    if case.brief.is_some()
        && let Err(report) = engine::build(Arc::clone(case), BTreeMap::new())
    {
        problems.extend(report.problems);
    }
    problems.into()
}

/// One line on a case without problems.
fn praise(case: &Case) -> String {
    let (tables, rows, sources) = size(case);
    let brief = if case.brief.is_some() { "brief.md runs" } else { "there is no brief.md" };
    format!(
        "{}: no problems. {tables} tables, {} rows, {sources} sources; {brief}.",
        case.name,
        emporion_brief::number::plain(rows as f64, Some(0))
    )
}

/// Tables, rows and sources.
fn size(case: &Case) -> (usize, usize, usize) {
    let rows = case.tables.values().map(|table| table.rows()).sum();
    let sources = case.sources().map_or(0, |sources| sources.rows());
    (case.tables.len(), rows, sources)
}

fn answer(arguments: &Check, case: Option<&Case>, report: &Report) -> Answer {
    let data = serde_json::json!({
        "case": case.map_or(arguments.case.as_str(), |case| case.name.as_str()),
        "digest": case.map(|case| case.digest.as_str()),
    });
    let title = match report.len() {
        0 => case.map_or_else(String::new, praise),
        n => format!("{n} problem(s) in {}", arguments.case),
    };
    let mut answer = Answer::new("check", title, data);
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("code", "Problem"),
            Column::text("file", "File"),
            Column::number("line", "Line", "", Show::Year),
            Column::text("column", "Column"),
            Column::text("value", "Value"),
            Column::text("expected", "Expected"),
            Column::text("remedy", "Remedy"),
        ],
    );
    for problem in &report.problems {
        part.push(row(problem));
    }
    answer.parts.push(part);
    answer.count("problems", "problems", "", Show::Whole, report.len());
    if let Some(case) = case {
        let (tables, rows, sources) = size(case);
        answer.count("tables", "tables", "", Show::Whole, tables);
        answer.count("table_rows", "rows", "", Show::Whole, rows);
        answer.count("sources", "sources", "", Show::Whole, sources);
    }
    answer
}

fn row(problem: &Problem) -> Vec<crate::answer::Cell> {
    vec![
        problem.code.into(),
        problem.file.as_str().into(),
        problem.line.map(|line| line as usize).into(),
        problem.column.clone().into(),
        problem.value.clone().into(),
        problem.expected.as_str().into(),
        problem.remedy.as_str().into(),
    ]
}
