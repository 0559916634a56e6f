//! Runs the template of a brief on its case.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_tables::{Problem, Report, case::Case};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior};

use crate::book::Book;
use crate::functions;
use crate::render::{Brief, Source, marked_ids};

/// Builds the brief of a case.
///
/// `settings` are the reader's choices, which the brief reads with `setting(name, default)`.
///
/// # Errors
///
/// A [`Report`] naming the line of `brief.md` whose expression was refused, and why; also for a
/// case without a brief and for a setting that the brief never reads.
pub fn build(case: Arc<Case>, settings: BTreeMap<String, String>) -> Result<Brief, Report> {
    let text = case.brief.clone().ok_or_else(|| {
        Report::from(Problem::new(
            "missing-brief",
            "brief.md",
            "a case with a brief.md",
            "write one; `emporion new FOLDER` copies a case with a brief to start from",
        ))
    })?;
    let book = Arc::new(Book::new(Arc::clone(&case), settings.clone()));
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.expect("the default delimiters"));
    functions::register(&mut env, &book);
    let text = env.render_named_str("brief.md", &text, ()).map_err(|error| refused(&error))?;
    let unused = book.unused_settings();
    if !unused.is_empty() {
        return Err(Problem::new(
            "unknown-setting",
            "brief.md",
            "settings that the brief reads with setting(name, default)",
            format!("leave out --set {}", unused.join(", --set ")),
        )
        .into());
    }
    Ok(collect(&case, &book, text, settings))
}

/// The error of a template as a problem of `brief.md`.
fn refused(error: &minijinja::Error) -> Report {
    let mut reason = error.detail().map_or_else(|| error.to_string(), str::to_owned);
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    let mut problem = Problem::new(
        "brief-expression",
        "brief.md",
        "an expression that can be computed from this case",
        reason,
    );
    if let Some(line) = error.line() {
        problem = problem.at(line as u32);
    }
    problem.into()
}

fn collect(
    case: &Arc<Case>,
    book: &Book,
    text: String,
    settings: BTreeMap<String, String>,
) -> Brief {
    let blocks = book.blocks();
    let mut shown = Vec::new();
    let mut show = |ids: Vec<String>| {
        for id in ids {
            if !shown.contains(&id) {
                shown.push(id);
            }
        }
    };
    show(marked_ids(&text));
    for block in &blocks {
        show(marked_ids(&block.caption));
        show(marked_ids(&block.footnote));
        let data = block.figure.table.rows.iter().flatten().filter_map(|cell| match cell {
            emporion_plot::TwinCell::Datum { id, .. } if !id.is_empty() => Some(id.clone()),
            _ => None,
        });
        show(data.collect());
    }
    shown.retain(|id| book.cell(id).is_some());
    let cells: BTreeMap<_, _> =
        book.closure(&shown).into_iter().map(|cell| (cell.id.clone(), cell)).collect();
    let mut sources = BTreeMap::new();
    for id in cells.values().flat_map(|cell| &cell.sources) {
        if let Some(source) = case.source(id) {
            sources.entry(id.clone()).or_insert(Source {
                title: source.title,
                publisher: source.publisher,
                date: source.date,
                locator: source.locator,
                note: source.note,
            });
        }
    }
    let title = text
        .lines()
        .find_map(|line| line.strip_prefix("# "))
        .unwrap_or(&case.title)
        .trim()
        .to_owned();
    Brief {
        title,
        case: case.name.clone(),
        digest: case.digest.clone(),
        text,
        blocks,
        cells,
        shown,
        sources,
        licences: case.licences.iter().map(|l| (l.title.clone(), l.path.clone())).collect(),
        settings,
    }
}
