//! A table as LaTeX with booktabs.

use super::lines::{Cell, Head, Kind};
use super::table::{Table, clean};

/// Columns of siunitx that leave parentheses and stars out of the alignment (siunitx 3).
const ALIGNED: &str = "S[input-open-uncertainty=, input-close-uncertainty=, parse-numbers=false, \
                       table-align-text-before=false, table-align-text-after=false]";

/// Writes a table float; it needs `\usepackage{booktabs}`, and siunitx where asked for.
pub(super) fn write(table: &Table) -> String {
    let options = &table.options;
    let models = table.columns.len();
    let aligned = options.siunitx;
    let needs = if aligned { "booktabs and siunitx (version 3)" } else { "booktabs" };
    let mut out = format!("% needs {needs}\n\\begin{{table}}[htbp]\n\\centering\n");
    if !options.title.is_empty() {
        out.push_str(&format!("\\caption{{{}}}\n", escape(&clean(&options.title))));
    }
    if !options.label.is_empty() {
        out.push_str(&format!("\\label{{{}}}\n", label(&options.label)));
    }
    let columns = if aligned { format!("*{{{models}}}{{{ALIGNED}}}") } else { "c".repeat(models) };
    out.push_str(&format!("\\begin{{tabular}}{{l{columns}}}\n\\toprule\n"));
    for line in &table.heads() {
        out.push_str(&head(line));
    }
    out.push_str("\\midrule\n");
    for (at, section) in table.sections().iter().enumerate() {
        if at > 0 {
            out.push_str("\\midrule\n");
        }
        for line in section {
            let mut name = escape(&line.label);
            // After a line break, a bracket or a star would be read as its argument.
            if name.starts_with(['[', '*']) {
                name.insert_str(0, "{}");
            }
            out.push_str(&match line.kind {
                Kind::Heading => format!("\\emph{{{name}}}"),
                Kind::Effect => format!("\\quad {name}"),
                _ => name,
            });
            for at in 0..models {
                out.push_str(" & ");
                out.push_str(&line.cells.get(at).map_or(String::new(), |c| cell(c, aligned)));
            }
            out = out.trim_end().to_owned();
            out.push_str(" \\\\\n");
        }
    }
    out.push_str("\\bottomrule\n\\end{tabular}\n");
    if !table.notes.is_empty() {
        let notes: Vec<String> = table.notes.iter().map(|note| escape(note)).collect();
        out.push_str(&format!(
            "\\par\\smallskip\n\\begin{{minipage}}{{\\linewidth}}\\footnotesize\n{}\n\\end{{minipage}}\n",
            notes.join("\n\n")
        ));
    }
    out.push_str("\\end{table}\n");
    out
}

fn head(head: &Head) -> String {
    let mut out = escape(&head.label);
    let mut rules = String::new();
    let mut at = 2;
    for (text, span) in &head.spans {
        let last = at + span - 1;
        out.push_str(&format!(" & \\multicolumn{{{span}}}{{c}}{{{}}}", escape(text)));
        if head.ruled && !text.is_empty() {
            rules.push_str(&format!("\\cmidrule(lr){{{at}-{last}}}"));
        }
        at += span;
    }
    out.push_str(" \\\\\n");
    if !rules.is_empty() {
        out.push_str(&rules);
        out.push('\n');
    }
    out
}

fn cell(cell: &Cell, aligned: bool) -> String {
    if cell.body.is_empty() {
        return String::new();
    }
    let stars = match cell.stars {
        0 => String::new(),
        n => format!("^{{{}}}", "*".repeat(n)),
    };
    if !cell.number || !cell.body.contains(|c: char| c.is_ascii_digit()) {
        // Braces keep a text out of the alignment of siunitx.
        let text = escape(&format!("{}{}{}", cell.open, cell.body, cell.close));
        return if aligned { format!("{{{text}}}") } else { text };
    }
    let body = mathematics(&cell.body);
    let whole = format!("{}{body}{}{stars}", cell.open, cell.close);
    // A count without a point is centred like a word.
    match (aligned, cell.body.contains('.') && !cell.body.contains('e')) {
        (true, true) => whole,
        (true, false) => format!("{{${whole}$}}"),
        (false, _) => format!("${whole}$"),
    }
}

/// A number in math mode: a hyphen is a minus there, a comma must not open a space.
fn mathematics(body: &str) -> String {
    let text = body.replace('\u{2212}', "-").replace(',', "{,}");
    match text.split_once('e') {
        // In braces of its own, so that stars may stand above it.
        Some((mantissa, exponent)) => format!("{{{mantissa} \\times 10^{{{exponent}}}}}"),
        None => text,
    }
}

/// Every character that means something in LaTeX, and ours beyond ASCII.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("''"),
            '`' => out.push_str("\\textasciigrave{}"),
            '_' | '&' | '%' | '$' | '#' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '\u{2212}' => out.push_str("$-$"),
            '\u{2013}' => out.push_str("--"),
            '\u{b2}' => out.push_str("$^2$"),
            c => out.push(c),
        }
    }
    out
}

/// A key for references: what LaTeX cannot hold in one is left out.
fn label(text: &str) -> String {
    text.chars().filter(|c| !"\\{}~^%#$&_ ".contains(*c) && !c.is_control()).collect()
}
