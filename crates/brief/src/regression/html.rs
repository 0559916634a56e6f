//! A table as an HTML table element.

use emporion_plot::escape;

use super::lines::{Cell, Kind};
use super::table::{Table, clean};

/// Writes a number as HTML, given its key and its text.
pub type Writer<'a> = dyn Fn(&str, &str) -> String + 'a;

/// A number without a trace.
#[must_use]
pub fn plain(_key: &str, text: &str) -> String {
    escape(text)
}

/// Writes the table with its caption and notes; `number` writes each number, so that a page can
/// make it a link to its trace.
#[must_use]
pub fn write(table: &Table, number: &Writer<'_>) -> String {
    let mut out = String::from("<table class=\"regression\">\n");
    if !table.options.title.is_empty() {
        let title = escape(&clean(&table.options.title));
        out.push_str(&format!("<caption>{title}</caption>\n"));
    }
    rows(table, number, &mut out);
    if !table.notes.is_empty() {
        let notes: Vec<String> = table.notes.iter().map(|note| escape(note)).collect();
        out.push_str(&format!(
            "<tfoot>\n<tr><td colspan=\"{}\">{}</td></tr>\n</tfoot>\n",
            table.columns.len() + 1,
            notes.join("<br>")
        ));
    }
    out.push_str("</table>\n");
    out
}

/// Heads and bodies: what a page wraps in a caption and notes of its own.
pub(crate) fn rows(table: &Table, number: &Writer<'_>, out: &mut String) {
    let models = table.columns.len();
    out.push_str("<thead>\n");
    for head in table.heads() {
        out.push_str("<tr>");
        if head.label.is_empty() {
            out.push_str("<td></td>");
        } else {
            out.push_str(&format!("<th scope=\"row\">{}</th>", escape(&head.label)));
        }
        for (text, span) in &head.spans {
            out.push_str(&match (text.is_empty(), span) {
                (true, 1) => "<td></td>".to_owned(),
                (true, span) => format!("<td colspan=\"{span}\"></td>"),
                (false, 1) => format!("<th scope=\"col\">{}</th>", escape(text)),
                (false, span) => {
                    format!("<th scope=\"colgroup\" colspan=\"{span}\">{}</th>", escape(text))
                }
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</thead>\n");
    for section in table.sections() {
        out.push_str("<tbody>\n");
        for (at, line) in section.iter().enumerate() {
            let below = section.get(at + 1).is_some_and(|next| next.kind == Kind::Below);
            out.push_str(match line.kind {
                Kind::Below => "<tr class=\"below\">",
                Kind::Effect => "<tr class=\"effect\">",
                _ => "<tr>",
            });
            let name = escape(&line.label);
            match line.kind {
                // The name of a term stands over both of its rows.
                Kind::Below => {}
                Kind::Heading => out.push_str(&format!(
                    "<th scope=\"rowgroup\" colspan=\"{}\">{name}</th>",
                    models + 1
                )),
                _ if below => out.push_str(&format!("<th scope=\"row\" rowspan=\"2\">{name}</th>")),
                _ => out.push_str(&format!("<th scope=\"row\">{name}</th>")),
            }
            for cell in &line.cells {
                out.push_str(&format!("<td>{}</td>", text(cell, number)));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n");
    }
}

fn text(cell: &Cell, number: &Writer<'_>) -> String {
    let body = match cell.key.as_str() {
        "" => escape(&cell.body),
        key => number(key, &cell.body),
    };
    let stars = match cell.stars {
        0 => String::new(),
        n => format!("<sup>{}</sup>", "*".repeat(n)),
    };
    format!("{}{body}{}{stars}", cell.open, cell.close)
}
