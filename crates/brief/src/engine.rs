//! Runs the template of a brief on its case.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use emporion_tables::problem::nearest;
use emporion_tables::{Problem, Report, case::Case};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, Value};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::book::Book;
use crate::render::{Brief, Source, marked_ids};
use crate::value::BLOCK;
use crate::{functions, markdown};

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
    env.set_formatter(print);
    functions::register(&mut env, &book);
    let text = env.render_named_str("brief.md", &text, ()).map_err(|error| refused(&error))?;
    if let Some(clash) = book.clash() {
        let expected = "one answer to one question";
        return Err(Problem::new("brief-clash", "brief.md", expected, clash).into());
    }
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
    collect(&case, &book, text, settings)
}

/// Prints a value: text of the data is text, whatever it looks like as Markdown. `|safe` lets it
/// be Markdown.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        // A chart stands on lines of its own.
        Some(text) if !value.is_safe() && !text.contains(BLOCK) => {
            out.write_str(&markdown::escape(text))?;
            Ok(())
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
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
) -> Result<Brief, Report> {
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
        show(block.shown.ids());
    }
    shown.retain(|id| book.cell(id).is_some());
    let cells: BTreeMap<_, _> =
        book.closure(&shown).into_iter().map(|cell| (cell.id.clone(), cell)).collect();
    let (title, linked) = outline(&text);
    let mut sources = BTreeMap::new();
    for id in cells.values().flat_map(|cell| &cell.sources).chain(&linked) {
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
    if let Some(id) = linked.iter().find(|id| !sources.contains_key(*id)) {
        let known = case
            .sources()
            .into_iter()
            .flat_map(|table| (0..table.rows()).filter_map(move |row| table.text("id", row)));
        let near = nearest(id, known);
        let remedy = match near.as_slice() {
            [] => "add it to sources.csv or mend the link".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        };
        let expected = "links (#s-ID) to sources of this case";
        return Err(Problem::new("unknown-source", "brief.md", expected, remedy).value(id).into());
    }
    let mut brief = Brief {
        title: title.unwrap_or_else(|| case.title.clone()),
        case: case.name.clone(),
        digest: case.digest.clone(),
        text,
        blocks,
        cells,
        shown,
        sources,
        licences: case.licences.iter().map(|l| (l.title.clone(), l.path.clone())).collect(),
        settings,
    };
    // A title may hold numbers.
    brief.title = brief.words(&brief.title).map_err(|reason| {
        Problem::new("brief-expression", "brief.md", "a title that can be shown", reason)
    })?;
    Ok(brief)
}

/// The first heading of the first level, and the sources that links point to.
fn outline(text: &str) -> (Option<String>, BTreeSet<String>) {
    let (mut title, mut inside) = (None, false);
    let mut linked = BTreeSet::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) if title.is_none() => {
                (title, inside) = (Some(String::new()), true);
            }
            Event::End(TagEnd::Heading(_)) => inside = false,
            Event::Text(part) | Event::Code(part) if inside => {
                title.get_or_insert_default().push_str(&part);
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                linked.extend(dest_url.strip_prefix("#s-").map(str::to_owned));
            }
            _ => {}
        }
    }
    (title, linked)
}
