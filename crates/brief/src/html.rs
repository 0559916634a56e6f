//! A brief as one self-contained HTML page: no script, no outside file.
//!
//! A number is a button; the trace it opens is a popover, which browsers handle without scripts.
//! Where they do not, and on paper, the table of all figures at the end holds the same facts.

use emporion_plot::{Figure, TwinCell, escape};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::book::{Block, Shown};
use crate::cell::Cell;
use crate::markdown::twin_text;
use crate::number::{self, Style};
use crate::regression::{self, Table};
use crate::render::{Brief, Piece};

const STYLE: &str = include_str!("page.css");

/// Inputs a card lists.
const INPUTS: usize = 24;

/// Rows a card shows in full.
const ROWS: usize = 3;

/// Writes the brief as a page.
///
/// # Errors
///
/// When a number cannot be shown in the unit the brief asks for.
pub fn write(brief: &Brief) -> Result<String, String> {
    let (body, contents) = body(brief)?;
    let mut page = String::with_capacity(body.len() * 2);
    page.push_str(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"generator\" content=\"emporion {}\">\n\
         <title>{}</title>\n<style>\n{}\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">To the text</a>\n",
        env!("CARGO_PKG_VERSION"),
        escape(&brief.title),
        emporion_plot::STYLE,
    ));
    page.push_str("<main id=\"main\">\n");
    let (head, rest) = body.split_once("<!--contents-->").unwrap_or(("", &body));
    page.push_str(head);
    page.push_str(&contents);
    page.push_str(rest);
    page.push_str(&sources(brief));
    page.push_str(&figures(brief));
    page.push_str(&format!(
        "<footer><p>Case <b>{}</b>, files {}. Built by emporion {}; the same files give the same \
         page. A number opens its trace; <code>emporion brief CASE --explain ID</code> prints it, \
         <code>--format json</code> holds all of them.</p></footer>\n</main>\n",
        escape(&brief.case),
        &brief.digest[..12],
        env!("CARGO_PKG_VERSION"),
    ));
    for cell in brief.cells.values() {
        page.push_str(&trace(brief, cell));
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

/// The text as HTML, and the list of its sections.
fn body(brief: &Brief) -> Result<(String, String), String> {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let mut sections: Vec<(String, String)> = Vec::new();
    let mut heading: Option<String> = None;
    let mut events = Vec::new();
    for event in Parser::new_ext(&brief.text, options) {
        match event {
            // A brief is text: markup typed into it is shown, not run.
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::Heading { level, .. }) if level as u8 == 2 => {
                let id = format!("part-{}", sections.len() + 1);
                events.push(Event::Html(format!("<h2 id=\"{id}\">").into()));
                sections.push((id, String::new()));
                heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(level)) if level as u8 == 2 => {
                events.push(Event::Html("</h2>\n".into()));
                if let (Some(text), Some(section)) = (heading.take(), sections.last_mut()) {
                    section.1 = text;
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) if !allowed(&dest_url) => {
                return Err(format!(
                    "link to {dest_url}: only http, https, mailto and # are allowed"
                ));
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                return Err(format!("image {dest_url}: a brief is one file and loads nothing"));
            }
            event => {
                if let (Some(heading), Event::Text(text) | Event::Code(text)) =
                    (&mut heading, &event)
                {
                    heading.push_str(text);
                }
                events.push(event);
            }
        }
    }
    let mut raw = String::new();
    pulldown_cmark::html::push_html(&mut raw, events.into_iter());
    let raw = raw
        .replace(
            "<table>",
            "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table\"><table>",
        )
        .replace("</table>", "</table></div>");
    let mut out = String::with_capacity(raw.len() * 2);
    for piece in brief.pieces(&raw)? {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Number { id, text } => out.push_str(&button(id, &text)),
            Piece::Block(index) => out.push_str(&block(brief, index)?),
        }
    }
    // A block stands alone: the paragraph around its marker goes.
    let mut out = out.replace("<p><figure", "<figure").replace("</figure></p>", "</figure>");
    if let Some(first) = out.find("<h2") {
        out.insert_str(first, "<!--contents-->");
    }
    Ok((out, contents(brief, &sections)?))
}

/// The list of sections: numbers in headings stand there as text.
fn contents(brief: &Brief, sections: &[(String, String)]) -> Result<String, String> {
    if sections.is_empty() {
        return Ok(String::new());
    }
    let mut out = String::from("<nav aria-label=\"Contents\"><ol>\n");
    for (id, heading) in sections {
        let text = escape(&brief.words(heading)?);
        out.push_str(&format!("<li><a href=\"#{id}\">{text}</a></li>\n"));
    }
    out.push_str("</ol></nav>\n");
    Ok(out)
}

fn allowed(url: &str) -> bool {
    ["http://", "https://", "mailto:", "#"].iter().any(|start| url.starts_with(start))
}

fn button(id: &str, text: &str) -> String {
    format!(
        "<button type=\"button\" class=\"n\" popovertarget=\"t-{id}\">{}</button>",
        escape(text)
    )
}

fn block(brief: &Brief, index: usize) -> Result<String, String> {
    let block = brief.blocks.get(index).ok_or("unknown block")?;
    match &block.shown {
        Shown::Figure(figure) => picture(brief, block, figure),
        Shown::Regression(table) => models(brief, block, table),
    }
}

/// Heading and finding.
fn head(brief: &Brief, block: &Block, class: &str) -> Result<String, String> {
    Ok(format!(
        "<figure class=\"{class}\"><h3>{}</h3>\n<p class=\"finding\">{}</p>\n",
        inline(brief, &block.title)?,
        inline(brief, &block.caption)?
    ))
}

/// A regression table, whose numbers open their traces.
fn models(brief: &Brief, block: &Block, table: &Table) -> Result<String, String> {
    let mut out = head(brief, block, "models")?;
    out.push_str(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table\">\
         <table class=\"regression\">\n",
    );
    let number = |id: &str, text: &str| match brief.cells.contains_key(id) {
        true => button(id, text),
        false => escape(text),
    };
    regression::html::rows(table, &number, &mut out);
    out.push_str("</table></div>\n");
    let mut notes: Vec<String> = table.notes.iter().map(|note| escape(note)).collect();
    if !block.footnote.is_empty() {
        notes.push(inline(brief, &block.footnote)?);
    }
    out.push_str(&format!("<figcaption>{}</figcaption>\n</figure>", notes.join(" ")));
    Ok(out)
}

fn picture(brief: &Brief, block: &Block, figure: &Figure) -> Result<String, String> {
    let mut out = head(brief, block, "block")?;
    out.push_str(&figure.html());
    out.push('\n');
    if !block.footnote.is_empty() {
        out.push_str(&format!("<figcaption>{}</figcaption>\n", inline(brief, &block.footnote)?));
    }
    let twin = &figure.table;
    out.push_str(
        "<details class=\"twin\"><summary>The same as a table</summary>\
         <div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table\"><table><thead><tr>",
    );
    for name in &twin.header {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escape(name)));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &twin.rows {
        out.push_str("<tr>");
        for cell in row {
            out.push_str(&match cell {
                TwinCell::Text(text) => format!("<td>{}</td>", escape(text)),
                TwinCell::Datum { id, .. } if brief.cells.contains_key(id) => {
                    format!("<td class=\"r\">{}</td>", button(id, twin_text(cell)))
                }
                TwinCell::Datum { .. } => {
                    format!("<td class=\"r\">{}</td>", escape(twin_text(cell)))
                }
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div></details></figure>");
    Ok(out)
}

fn inline(brief: &Brief, text: &str) -> Result<String, String> {
    let mut out = String::new();
    for piece in brief.pieces(text)? {
        match piece {
            Piece::Text(text) => out.push_str(&escape(text)),
            Piece::Number { id, text } => out.push_str(&button(id, &text)),
            Piece::Block(_) => return Err("a caption cannot hold a chart".into()),
        }
    }
    Ok(out)
}

/// The card that a number opens.
fn trace(brief: &Brief, cell: &Cell) -> String {
    let mut out = format!(
        "<aside popover id=\"t-{0}\" class=\"trace\" aria-label=\"Trace of a number\">\
         <p class=\"what\">{1}</p><p class=\"value\">{2} <span>{3}</span></p><dl>",
        cell.id,
        escape(&cell.label),
        escape(&number::text(cell, &Style::default()).unwrap_or_default()),
        escape(&cell.unit),
    );
    let mut line = |term: &str, html: String| {
        if !html.is_empty() {
            out.push_str(&format!("<dt>{term}</dt><dd>{html}</dd>"));
        }
    };
    line("Period", escape(&cell.period));
    line("Whose books", escape(&cell.side));
    line("Scope", escape(&cell.scope));
    line("Status", escape(cell.status.word()));
    if let Some(interval) = &cell.interval {
        line(
            "Interval",
            escape(&format!(
                "{} to {} ({})",
                number::plain(interval.low, None),
                number::plain(interval.high, None),
                interval.method
            )),
        );
    }
    line("Computation", escape(&cell.computation.text));
    let mut inputs: Vec<String> = cell
        .inputs
        .iter()
        .filter_map(|id| brief.cells.get(id))
        .take(INPUTS)
        .map(|input| {
            let text = number::text(input, &Style::default()).unwrap_or_default();
            format!(
                "{} {}",
                button(&input.id, &text),
                escape(&format!("{} \u{b7} {}", input.unit, input.label))
            )
        })
        .collect();
    if cell.inputs.len() > INPUTS {
        inputs.push(format!("and {} more: see the JSON twin", cell.inputs.len() - INPUTS));
    }
    line("From", inputs.join("<br>"));
    for set in &cell.rows {
        let lines: String = set.lines.chars().take(160).collect();
        let more = if lines.len() < set.lines.len() { " \u{2026}" } else { "" };
        let mut html = format!(
            "{}, {} row{} (line{} {}{more})",
            escape(&set.file),
            number::plain(set.count as f64, Some(0)),
            if set.count == 1 { "" } else { "s" },
            if set.count == 1 { "" } else { "s" },
            escape(&lines),
        );
        // A few rows are the evidence; of many, one shows what they look like.
        let whole = set.count <= ROWS;
        for row in set.rows.iter().take(if whole { ROWS } else { 1 }) {
            let cells: Vec<String> = row.cells.iter().map(|(c, t)| format!("{c}: {t}")).collect();
            html.push_str(&format!("<br><code>{}</code>", escape(&cells.join(" \u{b7} "))));
        }
        if !whole {
            html.push_str("<br>and others alike");
        }
        line("Rows", html);
    }
    let sources: Vec<String> = cell
        .sources
        .iter()
        .map(|id| match brief.sources.get(id) {
            Some(s) => {
                let parts: Vec<&str> = [&s.title, &s.publisher, &s.date, &s.locator]
                    .into_iter()
                    .map(String::as_str)
                    .filter(|part| !part.is_empty())
                    .collect();
                format!("<a href=\"#s-{0}\">{0}</a> {1}", escape(id), escape(&parts.join(". ")))
            }
            None => escape(id),
        })
        .collect();
    line("Sources", sources.join("<br>"));
    line("Licence", escape(&cell.licences.join("; ")));
    line("Note", escape(&cell.notes.join(" \u{b7} ")));
    line("Id", format!("<code>{}</code>", cell.id));
    out.push_str("</dl></aside>\n");
    out
}

fn sources(brief: &Brief) -> String {
    let mut out = String::from("<h2 id=\"sources\">Sources</h2>\n<ul class=\"sources\">\n");
    for (id, source) in &brief.sources {
        let parts: Vec<&str> = [&source.publisher, &source.date, &source.locator, &source.note]
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        out.push_str(&format!(
            "<li id=\"s-{0}\"><b>{0}</b> {1}. <span>{2}</span></li>\n",
            escape(id),
            escape(&source.title),
            escape(&parts.join(". "))
        ));
    }
    out.push_str("</ul>\n<p class=\"licences\">Licences of the data: ");
    let licences: Vec<String> = brief
        .licences
        .iter()
        .map(|(title, path)| match allowed(path) {
            true => format!("<a href=\"{}\">{}</a>", escape(path), escape(title)),
            false => escape(title),
        })
        .collect();
    out.push_str(&format!("{}.</p>\n", licences.join("; ")));
    out
}

/// Every figure of the page in one table, for paper and for readers without popovers.
fn figures(brief: &Brief) -> String {
    let mut out = format!(
        "<details class=\"figures\"><summary>All {} figures and what they rest on</summary>\
         <div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"All figures\"><table>\
         <thead><tr><th>Figure</th><th>What</th><th>How</th><th>Sources</th><th>Id</th></tr>\
         </thead><tbody>\n",
        brief.shown.len()
    );
    for cell in brief.shown.iter().filter_map(|id| brief.cells.get(id)) {
        let context: Vec<&str> = [&cell.period, &cell.side, &cell.scope]
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        out.push_str(&format!(
            "<tr><td>{} {}</td><td>{}{}</td><td>{}</td><td>{}</td><td><code>{}</code></td></tr>\n",
            escape(&number::text(cell, &Style::default()).unwrap_or_default()),
            escape(&cell.unit),
            escape(&cell.label),
            if context.is_empty() {
                String::new()
            } else {
                format!(" ({})", escape(&context.join(", ")))
            },
            escape(&cell.computation.text),
            escape(&cell.sources.join(", ")),
            cell.id
        ));
    }
    out.push_str("</tbody></table></div></details>\n");
    out
}
