//! A table as aligned text.

use super::lines::{Cell, Head, Kind, Line};
use super::table::Table;

/// Notes are not broken into lines shorter than this.
const NARROWEST_NOTES: usize = 60;

/// Space between two columns.
const GAP: usize = 2;

/// Writes the table: numbers stand with their last digits below each other, parentheses and stars
/// hang behind.
pub(super) fn write(table: &Table) -> String {
    let (heads, sections) = (table.heads(), table.sections());
    let models = table.columns.len();
    let lines: Vec<&Line> = sections.iter().flatten().collect();
    let label = heads
        .iter()
        .map(|head| chars(&head.label))
        .chain(lines.iter().map(|line| chars(&line.label) + indent(line)))
        .max()
        .unwrap_or(0);
    // Each column: digits in front, then what hangs behind them.
    let mut widths: Vec<(usize, usize)> = (0..models)
        .map(|m| {
            let cells = lines.iter().filter_map(|line| line.cells.get(m));
            let (mut front, mut behind) = (0, 0);
            for cell in cells {
                front = front.max(chars(cell.open) + chars(&cell.body));
                behind = behind.max(chars(cell.close) + cell.stars);
            }
            (front, behind)
        })
        .collect();
    for head in &heads {
        widen(&mut widths, head);
    }
    let total = label + widths.iter().map(|(a, b)| GAP + a + b).sum::<usize>();
    let rule = |c: &str| c.repeat(total);
    let mut out = String::new();
    if !table.options.title.is_empty() {
        push(&mut out, &super::table::clean(&table.options.title));
    }
    push(&mut out, &rule("="));
    for head in &heads {
        head_line(&mut out, head, label, &widths);
    }
    push(&mut out, &rule("-"));
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            push(&mut out, &rule("-"));
        }
        for line in section {
            let mut text = format!("{}{}", " ".repeat(indent(line)), line.label);
            fill(&mut text, label);
            for (cell, (front, behind)) in line.cells.iter().zip(&widths) {
                text.push_str(&" ".repeat(GAP));
                text.push_str(&cell_text(cell, *front, *behind));
            }
            push(&mut out, text.trim_end());
        }
    }
    push(&mut out, &rule("="));
    for note in &table.notes {
        wrap(&mut out, note, total.max(NARROWEST_NOTES));
    }
    if table.options.unicode { out } else { ascii(&out) }
}

/// The characters beyond ASCII that a table brings have ASCII stand-ins; names keep all others.
fn ascii(text: &str) -> String {
    text.replace(['\u{2212}', '\u{2013}'], "-").replace('\u{b2}', "2")
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn push(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn fill(text: &mut String, width: usize) {
    let missing = width.saturating_sub(chars(text));
    text.push_str(&" ".repeat(missing));
}

/// Names of effects stand under their heading.
fn indent(line: &Line) -> usize {
    if line.kind == Kind::Effect { 2 } else { 0 }
}

fn cell_text(cell: &Cell, front: usize, behind: usize) -> String {
    let body = format!("{}{}", cell.open, cell.body);
    let tail = format!("{}{}", cell.close, "*".repeat(cell.stars));
    format!("{body:>front$}{tail:<behind$}")
}

/// Makes columns wide enough for the texts above them.
fn widen(widths: &mut [(usize, usize)], head: &Head) {
    let mut at = 0;
    for (text, span) in &head.spans {
        let columns = &mut widths[at..at + span];
        let have: usize =
            columns.iter().map(|(a, b)| a + b).sum::<usize>() + GAP * (columns.len() - 1);
        let missing = chars(text).saturating_sub(have);
        let (each, rest) = (missing / span, missing % span);
        for (i, column) in columns.iter_mut().enumerate() {
            column.0 += each + usize::from(i < rest);
        }
        at += span;
    }
}

fn head_line(out: &mut String, head: &Head, label: usize, widths: &[(usize, usize)]) {
    let mut text = head.label.clone();
    fill(&mut text, label);
    let mut rule = " ".repeat(label);
    let mut at = 0;
    for (name, span) in &head.spans {
        let columns = &widths[at..at + span];
        let width: usize = columns.iter().map(|(a, b)| a + b).sum::<usize>() + GAP * (span - 1);
        text.push_str(&" ".repeat(GAP));
        rule.push_str(&" ".repeat(GAP));
        if *span == 1 {
            // A name stands over the digits.
            let behind = columns[0].1.min(width - chars(name));
            let front = width - behind;
            text.push_str(&format!("{name:>front$}{}", " ".repeat(behind)));
        } else {
            text.push_str(&format!("{name:^width$}"));
        }
        rule.push_str(&if name.is_empty() { " " } else { "-" }.repeat(width));
        at += span;
    }
    push(out, text.trim_end());
    if head.ruled {
        push(out, rule.trim_end());
    }
}

fn wrap(out: &mut String, note: &str, width: usize) {
    let mut line = String::new();
    for word in note.split_whitespace() {
        if !line.is_empty() && chars(&line) + 1 + chars(word) > width {
            push(out, &line);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        push(out, &line);
    }
}
