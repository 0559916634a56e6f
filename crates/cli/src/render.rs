//! An answer as a terminal table, JSON, CSV or Markdown.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use comfy_table::{Attribute, CellAlignment, ContentArrangement, LineStyle, TableStyle};
use emporion_brief::number;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args::{Format, Shape};
use crate::failure::Failure;
use crate::output::Output;

/// Lines above, below and under the heading: what a printed table has.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Width of a table that goes to a file or a pipe.
const PIPE_WIDTH: u16 = 120;

/// Writes an answer as the user shaped it.
///
/// # Errors
///
/// When CSV is to hold a table that the answer does not have.
pub fn render_shaped(mut answer: Answer, shape: &Shape) -> Result<Output, Failure> {
    let Some(at) = answer.parts.iter().position(|part| part.name == shape.part) else {
        let names: Vec<&str> = answer.parts.iter().map(|part| part.name).collect();
        return Err(Failure::new(format!(
            "this answer has no table {:?}; --part takes one of {}",
            shape.part,
            names.join(", ")
        )));
    };
    if shape.format == Format::Csv {
        answer.parts.swap(0, at);
    }
    Ok(render(&answer, shape.format))
}

/// Writes an answer in a format; CSV holds its first table.
pub fn render(answer: &Answer, format: Format) -> Output {
    match format {
        Format::Table => Output::text(table(answer)),
        Format::Json => {
            let mut text = format!("{:#}", to_json(answer));
            text.push('\n');
            Output::text(text)
        }
        Format::Csv => Output { advice: advice(answer), ..Output::text(to_csv(answer)) },
        Format::Md => Output::text(markdown(answer)),
    }
}

/// Whether standard output takes colours: a terminal, and `NO_COLOR` is not set.
fn colours() -> bool {
    std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn table(answer: &Answer) -> String {
    let mut out = String::new();
    if !answer.title.is_empty() {
        let _ = writeln!(out, "{}", answer.title);
    }
    let context = context_line(answer);
    if !context.is_empty() {
        let _ = writeln!(out, "{context}");
    }
    for part in &answer.parts {
        if part.rows.is_empty() {
            continue;
        }
        if !part.title.is_empty() {
            let _ = writeln!(out, "\n{}", part.title);
        }
        let _ = writeln!(out, "{}", comfy(part));
    }
    let width = answer.summary.iter().map(|(column, _)| chars(&column.title)).max().unwrap_or(0);
    if !answer.summary.is_empty() {
        out.push('\n');
    }
    for (column, cell) in &answer.summary {
        let pad = " ".repeat(width - chars(&column.title));
        let _ = writeln!(out, "{}{pad}  {}", column.title, with_unit(column, cell));
    }
    if !answer.notes.is_empty() {
        out.push('\n');
    }
    out.push_str(&advice(answer));
    out
}

fn comfy(part: &Part) -> String {
    let shown = readable(part);
    let mut table = comfy_table::Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    if colours() {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    if !std::io::stdout().is_terminal() {
        table.set_width(PIPE_WIDTH);
    }
    table.set_header(shown.iter().map(|(column, _)| {
        let text = match column.unit.as_str() {
            "" => column.title.clone(),
            unit => format!("{}\n{unit}", column.title),
        };
        comfy_table::Cell::new(text).add_attribute(Attribute::Bold)
    }));
    for row in 0..part.rows.len() {
        table.add_row(shown.iter().map(|(_, texts)| texts[row].as_str()));
    }
    for (position, (column, _)) in shown.iter().enumerate() {
        if let Some(target) = table.column_mut(position)
            && column.show != Show::Text
        {
            target.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn markdown(answer: &Answer) -> String {
    let mut out = String::new();
    if !answer.title.is_empty() {
        let _ = writeln!(out, "**{}**", answer.title);
    }
    let context = context_line(answer);
    if !context.is_empty() {
        let _ = writeln!(out, "\n{context}");
    }
    for part in answer.parts.iter().filter(|part| !part.rows.is_empty()) {
        if !part.title.is_empty() {
            let _ = writeln!(out, "\n{}", part.title);
        }
        let shown = readable(part);
        let heads: Vec<String> = shown.iter().map(|(column, _)| heading(column)).collect();
        let rules: Vec<&str> = shown
            .iter()
            .map(|(column, _)| if column.show == Show::Text { ":--" } else { "--:" })
            .collect();
        let _ = writeln!(out, "\n| {} |\n| {} |", heads.join(" | "), rules.join(" | "));
        for row in 0..part.rows.len() {
            let cells: Vec<String> =
                shown.iter().map(|(_, texts)| texts[row].replace('|', "\\|")).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    if !answer.summary.is_empty() {
        out.push('\n');
    }
    for (column, cell) in &answer.summary {
        let _ = writeln!(out, "- {}: {}", column.title, with_unit(column, cell));
    }
    for note in &answer.notes {
        let _ = writeln!(out, "\n*{}*", note.message);
    }
    out
}

fn heading(column: &Column) -> String {
    match column.unit.as_str() {
        "" => column.title.clone(),
        unit => format!("{} ({unit})", column.title),
    }
}

fn context_line(answer: &Answer) -> String {
    let texts: Vec<String> = answer
        .context
        .iter()
        .map(|(name, values)| match *name {
            "unit" | "year" | "scope" => values.join(", "),
            "side" => format!("books of {}", values.join(", ")),
            "source" => short_list("source", values),
            "licence" => short_list("licence", values),
            other => format!("{other} {}", values.join(", ")),
        })
        .collect();
    texts.join(" · ")
}

/// `source S01`, `sources S01, S02`; a long list is cut.
fn short_list(name: &str, values: &[String]) -> String {
    const LISTED: usize = 4;
    let first: Vec<&str> = values.iter().take(LISTED).map(String::as_str).collect();
    let more = match values.len().saturating_sub(LISTED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let plural = if values.len() == 1 { "" } else { "s" };
    format!("{name}{plural} {}{more}", first.join(", "))
}

fn advice(answer: &Answer) -> String {
    answer.notes.iter().map(|note| format!("note: {}\n", note.message)).collect()
}

/// The columns people read, with their texts.
fn readable(part: &Part) -> Vec<(&Column, Vec<String>)> {
    (0..part.columns.len())
        .filter(|&at| {
            let dull = part.columns[at].dull.as_ref();
            dull.is_none_or(|dull| part.rows.iter().any(|row| row[at] != *dull))
        })
        .map(|at| {
            let column = &part.columns[at];
            let cells: Vec<&Cell> = part.rows.iter().map(|row| &row[at]).collect();
            let decimals = fitting(&cells);
            (column, cells.iter().map(|cell| text(cell, column.show, decimals)).collect())
        })
        .collect()
}

/// Decimals that make the largest number about five digits long; none for whole numbers.
fn fitting(cells: &[&Cell]) -> usize {
    let numbers = || {
        cells.iter().filter_map(|cell| match cell {
            Cell::Number(value) => Some(*value),
            _ => None,
        })
    };
    if numbers().all(|value| value.fract() == 0.0) {
        return 0;
    }
    let largest = numbers().fold(0.0_f64, |a, b| a.max(b.abs()));
    match largest {
        a if a >= 10_000.0 => 1,
        a if a >= 100.0 => 2,
        a if a >= 1.0 => 3,
        _ => 5,
    }
}

fn text(cell: &Cell, show: Show, fitting: usize) -> String {
    let value = match cell {
        Cell::Text(text) => return text.clone(),
        Cell::Missing => return "–".to_owned(),
        Cell::Number(value) => *value,
    };
    match show {
        Show::Text | Show::Fitting => number::plain(value, Some(fitting)),
        Show::Decimals(decimals) => number::plain(value, Some(decimals)),
        Show::Whole => number::plain(value, Some(0)),
        Show::Year => format!("{value:.0}"),
        Show::Probability if value < 0.000_05 => "<0.0001".to_owned(),
        Show::Probability => format!("{value:.4}"),
        Show::Power => format!("{value:.1e}"),
    }
}

fn with_unit(column: &Column, cell: &Cell) -> String {
    let text = text(cell, column.show, fitting(&[cell]));
    if column.unit.is_empty() || *cell == Cell::Missing {
        text
    } else {
        format!("{text} {}", column.unit)
    }
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn to_csv(answer: &Answer) -> Vec<u8> {
    let Some(part) = answer.parts.first() else { return Vec::new() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |fields: Vec<String>| writer.write_record(&fields);
    let header = write(part.columns.iter().map(|column| column.key.clone()).collect());
    debug_assert!(header.is_ok(), "memory takes every record");
    for row in &part.rows {
        let fields = row.iter().map(|cell| match cell {
            Cell::Text(text) => text.clone(),
            Cell::Number(value) => value.to_string(),
            Cell::Missing => String::new(),
        });
        let record = write(fields.collect());
        debug_assert!(record.is_ok(), "rows are as long as the header");
    }
    writer.into_inner().unwrap_or_default()
}

fn to_json(answer: &Answer) -> Value {
    let mut out = Map::new();
    let mut units = Map::new();
    out.insert("format".into(), json!(format!("emporion-{}/1", answer.verb)));
    out.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
    out.insert("data".into(), answer.data.clone());
    out.insert("options".into(), Value::Object(answer.options.clone()));
    let context: Map<String, Value> =
        answer.context.iter().map(|(key, values)| ((*key).to_owned(), json!(values))).collect();
    out.insert("context".into(), Value::Object(context));
    for part in &answer.parts {
        units.insert(part.name.into(), unit_map(&part.columns));
        let rows = part.rows.iter().map(|row| {
            let cells = part.columns.iter().zip(row);
            let fields = cells.map(|(column, cell)| (column.key.clone(), value(cell, column.show)));
            Value::Object(fields.collect())
        });
        out.insert(part.name.into(), rows.collect());
    }
    let columns: Vec<Column> = answer.summary.iter().map(|(column, _)| column.clone()).collect();
    units.insert("summary".into(), unit_map(&columns));
    let summary = answer
        .summary
        .iter()
        .map(|(column, cell)| (column.key.clone(), value(cell, column.show)))
        .collect();
    out.insert("summary".into(), Value::Object(summary));
    out.insert("units".into(), Value::Object(units));
    let notes = answer
        .notes
        .iter()
        .map(|note| json!({ "code": note.code, "message": note.message, "count": note.count }));
    out.insert("notes".into(), notes.collect());
    Value::Object(out)
}

fn unit_map(columns: &[Column]) -> Value {
    let with = columns.iter().filter(|column| !column.unit.is_empty());
    Value::Object(with.map(|c| (c.key.clone(), Value::from(c.unit.clone()))).collect())
}

fn value(cell: &Cell, show: Show) -> Value {
    match cell {
        Cell::Text(text) => Value::from(text.clone()),
        Cell::Missing => Value::Null,
        Cell::Number(value) if matches!(show, Show::Whole | Show::Year) => {
            Value::from(*value as i64)
        }
        Cell::Number(value) => Value::from(*value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_for_people() {
        let show = |value: f64, show| text(&Cell::Number(value), show, fitting(&[&value.into()]));
        assert_eq!(show(8_213.854_321, Show::Fitting), "8,213.85");
        assert_eq!(show(22_900.0, Show::Fitting), "22,900");
        assert_eq!(show(0.012_345_678, Show::Fitting), "0.01235");
        assert_eq!(show(2022.0, Show::Year), "2022");
        assert_eq!(show(1.2e-9, Show::Probability), "<0.0001");
        assert_eq!(show(3.24e-14, Show::Power), "3.2e-14");
        assert_eq!(text(&Cell::from(f64::NAN), Show::Fitting, 0), "–");
    }

    #[test]
    fn a_column_of_nothing_is_left_out_for_people_and_kept_for_programs() {
        let mut part = Part::new(
            "rows",
            "",
            vec![Column::text("id", "Id"), Column::text("bound", "Bound").unless_all("=")],
        );
        part.push(vec!["BLR".into(), "=".into()]);
        assert_eq!(readable(&part).len(), 1);
        let mut answer = Answer::new("measure", "", Value::Null);
        answer.parts.push(part);
        assert_eq!(to_json(&answer)["rows"][0]["bound"], "=");
        assert_eq!(to_csv(&answer), b"id,bound\nBLR,=\n");
    }
}
