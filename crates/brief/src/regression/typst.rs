//! A table as a typst figure.

use super::lines::{Cell, Kind};
use super::table::{Table, clean};

/// Writes a figure. Texts are strings, which typst does not read as markup.
pub(super) fn write(table: &Table) -> String {
    let options = &table.options;
    let models = table.columns.len();
    let mut out = format!(
        "#figure(\n  kind: table,\n{}  block[\n    #table(\n      columns: {},\n      stroke: none,\n      \
         align: (left,) + (right,) * {models},\n      table.hline(),\n      table.header(\n",
        if options.title.is_empty() {
            String::new()
        } else {
            format!("  caption: {},\n", string(&clean(&options.title)))
        },
        models + 1
    );
    for head in table.heads() {
        let mut cells = vec![string(&head.label)];
        let mut rules = String::new();
        let mut at = 1;
        for (text, span) in &head.spans {
            cells.push(if *span == 1 {
                string(text)
            } else {
                format!("table.cell(colspan: {span}, align: center, {})", string(text))
            });
            if head.ruled && !text.is_empty() {
                let end = at + span;
                rules.push_str(&format!(" table.hline(start: {at}, end: {end}, stroke: 0.4pt),"));
            }
            at += span;
        }
        out.push_str(&format!("        {},{rules}\n", cells.join(", ")));
    }
    out.push_str("      ),\n");
    for section in table.sections() {
        out.push_str("      table.hline(stroke: 0.5pt),\n");
        for line in section {
            let name = string(&line.label);
            let mut cells = vec![match line.kind {
                Kind::Heading => format!("emph({name})"),
                Kind::Effect => format!("h(1em) + {name}"),
                _ => name,
            }];
            cells.extend(line.cells.iter().map(cell));
            cells.resize(models + 1, "[]".to_owned());
            out.push_str(&format!("      {},\n", cells.join(", ")));
        }
    }
    out.push_str("      table.hline(),\n    )\n");
    if !table.notes.is_empty() {
        out.push_str("    #set text(0.8em)\n    #set align(left)\n");
        for note in &table.notes {
            out.push_str(&format!("    #{}\n\n", string(note)));
        }
    }
    out.push_str("  ],\n)");
    if !options.label.is_empty() {
        let key: String =
            options.label.chars().filter(|c| c.is_alphanumeric() || "-_:.".contains(*c)).collect();
        out.push_str(&format!(" <{key}>"));
    }
    out.push('\n');
    out
}

fn cell(cell: &Cell) -> String {
    if cell.body.is_empty() {
        return "[]".into();
    }
    // An asterisk stands high already; a superscript one is hard to see.
    let stars = "*".repeat(cell.stars);
    string(&format!("{}{}{}{stars}", cell.open, cell.body, cell.close))
}

fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
