//! An answer as a terminal table, JSON, CSV or Markdown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use comfy_table::{
    Attribute, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle,
};
use emporion_brief::number;
use serde_json::{Map, Value, json};

use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{Format, Shape};
use crate::failure::Failure;
use crate::output::Output;

/// Lines above, below and under the heading: what a printed table has.
const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Rows of a table beside the main one that people are shown.
const DETAILS: usize = 20;

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
    if matches!(shape.format, Format::Csv | Format::Parquet) {
        answer.parts.swap(0, at);
    }
    if let Some(main) = answer.parts.first_mut() {
        answer.notes.extend(main.keep_top(shape.top));
    }
    if shape.format == Format::Parquet {
        return parquet(&answer);
    }
    Ok(render(&answer, shape.format))
}

/// The first table as Parquet; remarks go to standard error.
fn parquet(answer: &Answer) -> Result<Output, Failure> {
    if std::io::stdout().is_terminal() {
        return Err(Failure::new(
            "--format parquet writes bytes that a terminal cannot show: redirect them to a file \
             with > rows.parquet",
        ));
    }
    let columns: Vec<emporion_tables::Column> = answer.parts.first().map_or_else(Vec::new, columns);
    let mut bytes = Vec::new();
    emporion_tables::write::write_parquet(&mut bytes, &columns)
        .map_err(|error| Failure::new(format!("the rows cannot be written as Parquet: {error}")))?;
    Ok(Output { advice: advice(&answer.notes), ..Output::text(bytes) })
}

/// The columns of a table: words where any cell has words, numbers otherwise.
fn columns(part: &Part) -> Vec<emporion_tables::Column> {
    let at = |k: usize| part.rows.iter().map(move |row| &row[k]);
    let words = |k: usize| {
        emporion_tables::Values::text(at(k).map(|cell| match cell {
            Cell::Text(text) => Some(text.as_str()),
            Cell::Number(_) | Cell::Missing => None,
        }))
    };
    let numbers = |k: usize| {
        let number = |cell: &Cell| if let Cell::Number(value) = cell { *value } else { f64::NAN };
        emporion_tables::Values::Number(at(k).map(number).collect())
    };
    let is_text = |k: usize| at(k).any(|cell| matches!(cell, Cell::Text(_)));
    let column = |(k, column): (usize, &Column)| emporion_tables::Column {
        name: column.key.clone(),
        values: if is_text(k) { words(k) } else { numbers(k) },
    };
    part.columns.iter().enumerate().map(column).collect()
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
        Format::Csv | Format::Parquet => {
            Output { advice: advice(&answer.notes), ..Output::text(to_csv(answer)) }
        }
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
    for line in context_lines(answer) {
        let _ = writeln!(out, "{line}");
    }
    for (position, part) in answer.parts.iter().enumerate() {
        if part.rows.is_empty() || part.for_programs {
            continue;
        }
        if position > 0 {
            out.push('\n');
        }
        if !part.title.is_empty() {
            let _ = writeln!(out, "{}", part.title);
        }
        let (part, more) = beginning(part, position);
        let _ = writeln!(out, "{}", comfy(&part));
        out.push_str(&more);
    }
    let width = summary(answer).map(|(column, _)| chars(&column.title)).max().unwrap_or(0);
    if !answer.summary.is_empty() {
        out.push('\n');
    }
    for (column, cell) in summary(answer) {
        let pad = " ".repeat(width - chars(&column.title));
        let text = folded(&with_unit(column, cell), line_width(), width + 2);
        let _ = writeln!(out, "{}{pad}  {text}", column.title);
    }
    let unsaid = advice(answer.notes.iter().filter(|note| !note.said));
    if !unsaid.is_empty() {
        out.push('\n');
    }
    out.push_str(&unsaid);
    out
}

/// Characters in a line of the terminal, or of a file.
fn line_width() -> usize {
    let width = if std::io::stdout().is_terminal() {
        comfy_table::Table::new().width().unwrap_or(PIPE_WIDTH)
    } else {
        PIPE_WIDTH
    };
    usize::from(width)
}

/// Breaks a long text between words; all lines but the first are indented.
fn folded(text: &str, width: usize, indent: usize) -> String {
    /// A narrower column of words is harder to read than lines that the terminal breaks.
    const NARROWEST: usize = 30;
    let room = width.saturating_sub(indent).max(NARROWEST);
    let (mut out, mut used) = (String::new(), 0);
    for word in text.split(' ') {
        if used > 0 && used + 1 + chars(word) > room {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += chars(word);
    }
    out
}

/// What people read of the summary.
fn summary(answer: &Answer) -> impl Iterator<Item = &(Column, Cell)> {
    let for_people = |(column, cell): &&(Column, Cell)| {
        column.show != Show::Hidden && column.dull.as_ref() != Some(cell)
    };
    answer.summary.iter().filter(for_people)
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
            // A long unit would make a column of short numbers wide.
            unit if unit.len() > 10 => format!("{}\n{}", column.title, unit.replace(' ', "\n")),
            unit => format!("{}\n{unit}", column.title),
        };
        comfy_table::Cell::new(text).add_attribute(Attribute::Bold)
    }));
    for row in 0..part.rows.len() {
        table.add_row(shown.iter().map(|(_, texts)| texts[row].as_str()));
    }
    for (position, (column, texts)) in shown.iter().enumerate() {
        let Some(target) = table.column_mut(position) else { continue };
        if column.show != Show::Text {
            target.set_cell_alignment(CellAlignment::Right);
        }
        // On a narrow screen words wrap; numbers and ids stay whole.
        if column.show != Show::Text || texts.iter().all(|text| !text.contains(' ')) {
            target.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt()
}

fn markdown(answer: &Answer) -> String {
    let mut out = String::new();
    if !answer.title.is_empty() {
        let _ = writeln!(out, "**{}**", answer.title);
    }
    for line in context_lines(answer) {
        let _ = writeln!(out, "\n{line}");
    }
    for (position, part) in answer.parts.iter().enumerate() {
        if part.rows.is_empty() || part.for_programs {
            continue;
        }
        if !part.title.is_empty() {
            let _ = writeln!(out, "\n{}", part.title);
        }
        let (part, more) = beginning(part, position);
        let part = part.as_ref();
        let shown = readable(part);
        let heads: Vec<String> =
            shown.iter().map(|(column, _)| escaped(&heading(column))).collect();
        let rules: Vec<&str> = shown
            .iter()
            .map(|(column, _)| if column.show == Show::Text { ":--" } else { "--:" })
            .collect();
        let _ = writeln!(out, "\n| {} |\n| {} |", heads.join(" | "), rules.join(" | "));
        for row in 0..part.rows.len() {
            let cells: Vec<String> = shown.iter().map(|(_, texts)| escaped(&texts[row])).collect();
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
        if !more.is_empty() {
            let _ = write!(out, "\n{more}");
        }
    }
    if !answer.summary.is_empty() {
        out.push('\n');
    }
    for (column, cell) in summary(answer) {
        let _ = writeln!(out, "- {}: {}", column.title, with_unit(column, cell));
    }
    for note in answer.notes.iter().filter(|note| !note.said) {
        let _ = writeln!(out, "\n*{}*", note.message);
    }
    out
}

/// A text as a cell of a Markdown table.
fn escaped(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|").replace('<', "&lt;")
}

/// A table beside the main one as people read it: its first rows, and where the others are.
fn beginning(part: &Part, position: usize) -> (Cow<'_, Part>, String) {
    if position == 0 || part.whole || part.rows.len() <= DETAILS {
        return (Cow::Borrowed(part), String::new());
    }
    let mut first = part.clone();
    first.rows.truncate(DETAILS);
    let more = part.rows.len() - DETAILS;
    (Cow::Owned(first), format!(" and {more} more rows: --format csv --part {}\n", part.name))
}

fn heading(column: &Column) -> String {
    match column.unit.as_str() {
        "" => column.title.clone(),
        unit => format!("{} ({unit})", column.title),
    }
}

/// What the figures are of, and on the next line where they come from.
fn context_lines(answer: &Answer) -> Vec<String> {
    let (mut what, mut whence) = (Vec::new(), Vec::new());
    for (name, values) in &answer.context {
        match *name {
            "unit" | "scope" => what.push(values.join(", ")),
            "year" => what.push(year_list(values)),
            "side" => what.push(format!("books of {}", values.join(", "))),
            "source" | "licence" => whence.push(short_list(name, values)),
            other => what.push(format!("{other} {}", values.join(", "))),
        }
    }
    let lines = [what, whence].map(|texts| texts.join(" · "));
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}

/// Years as spans; other texts as they are.
fn year_list(texts: &[String]) -> String {
    let years: Result<Vec<i32>, _> = texts.iter().map(|text| text.parse()).collect();
    match years {
        Ok(mut years) => {
            years.sort_unstable();
            spans(&years)
        }
        Err(_) => texts.join(", "),
    }
}

/// `2012–2014, 2018` for ascending years.
pub fn spans(years: &[i32]) -> String {
    let mut spans: Vec<(i32, i32)> = Vec::new();
    for &year in years {
        match spans.last_mut() {
            Some((_, end)) if *end + 1 == year => *end = year,
            _ => spans.push((year, year)),
        }
    }
    let texts: Vec<String> = spans
        .iter()
        .map(|(a, b)| if a == b { a.to_string() } else { format!("{a}\u{2013}{b}") })
        .collect();
    texts.join(", ")
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

fn advice<'a>(notes: impl IntoIterator<Item = &'a Advice>) -> String {
    notes.into_iter().map(|note| format!("note: {}\n", note.message)).collect()
}

/// The columns people read, with their texts; a bound stands before its number.
fn readable(part: &Part) -> Vec<(&Column, Vec<String>)> {
    let mut shown: Vec<(&Column, Vec<String>)> = Vec::new();
    let mut bounds: Option<Vec<String>> = None;
    for (at, column) in part.columns.iter().enumerate() {
        let cells: Vec<&Cell> = part.rows.iter().map(|row| &row[at]).collect();
        if column.show == Show::Hidden
            || column.dull.as_ref().is_some_and(|dull| cells.iter().all(|cell| *cell == dull))
        {
            continue;
        }
        let decimals = fitting(&cells);
        let mut texts: Vec<String> =
            cells.iter().map(|cell| text(cell, column.show, decimals)).collect();
        if column.show == Show::Bound {
            bounds = Some(texts);
            continue;
        }
        for (text, bound) in texts.iter_mut().zip(bounds.take().into_iter().flatten()) {
            if bound != "=" {
                *text = format!("{bound} {text}");
            }
        }
        shown.push((column, texts));
    }
    shown
}

/// Decimals from which on a power of ten is shorter.
const TINY: usize = 6;

/// Decimals that make the largest number about five digits long; none for whole numbers, and
/// [`TINY`] where five would show nothing.
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
        a if a >= 1_000_000.0 => 0,
        a if a >= 10_000.0 => 1,
        a if a >= 100.0 => 2,
        a if a >= 1.0 => 3,
        a if a >= 0.001 => 5,
        _ => TINY,
    }
}

fn text(cell: &Cell, show: Show, fitting: usize) -> String {
    let value = match cell {
        Cell::Text(text) => return text.clone(),
        Cell::Missing => return "–".to_owned(),
        Cell::Number(value) => *value,
    };
    match show {
        Show::Fitting if fitting == TINY && value != 0.0 => {
            format!("{value:.4e}").replace('-', "\u{2212}")
        }
        Show::Text | Show::Hidden | Show::Bound | Show::Fitting => {
            number::plain(value, Some(fitting))
        }
        Show::Decimals(decimals) => number::plain(value, Some(decimals)),
        Show::Scientific if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) => {
            format!("{value:.5e}").replace('-', "\u{2212}")
        }
        Show::SixDigits | Show::Scientific => {
            // Digits before the point; at least one.
            let whole = value.abs().log10().floor().max(0.0) as usize + 1;
            let decimals = if value.fract() == 0.0 { 0 } else { 6_usize.saturating_sub(whole) };
            number::plain(value, Some(decimals))
        }
        Show::Whole => number::plain(value, Some(0)),
        Show::Year => format!("{value:.0}"),
        Show::Probability if value < 0.000_05 => "<0.0001".to_owned(),
        Show::Probability => format!("{value:.4}"),
        Show::Power if value == 0.0 => "0".to_owned(),
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

/// Every digit, with a power of ten where there would be a long row of zeros.
fn all_digits(value: f64) -> String {
    let plain = value == 0.0 || (1e-5..1e16).contains(&value.abs());
    if plain { value.to_string() } else { format!("{value:e}") }
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
            Cell::Number(value) => all_digits(*value),
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
    if let Some(solution) = &answer.solution {
        out.insert("solution".into(), solution.clone());
    }
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
        assert_eq!(show(-0.000_123_456_78, Show::Fitting), "\u{2212}1.2346e\u{2212}4");
        assert_eq!(show(1e288, Show::Fitting), "1.00000e288");
        assert_eq!(show(2022.0, Show::Year), "2022");
        assert_eq!(show(198.712_345_6, Show::SixDigits), "198.712");
        assert_eq!(show(45_900.0, Show::SixDigits), "45,900");
        assert_eq!(show(0.123_456_78, Show::SixDigits), "0.12346");
        assert_eq!(show(1.2e-9, Show::Probability), "<0.0001");
        assert_eq!(show(3.24e-14, Show::Power), "3.2e-14");
        assert_eq!(text(&Cell::from(f64::NAN), Show::Fitting, 0), "–");
    }

    #[test]
    fn years_are_told_as_spans() {
        assert_eq!(spans(&[2012, 2013, 2014, 2018]), "2012\u{2013}2014, 2018");
        assert_eq!(year_list(&["2020".into(), "2019".into()]), "2019\u{2013}2020");
        assert_eq!(year_list(&["2017-2022".into()]), "2017-2022");
    }

    #[test]
    fn long_texts_break_between_words() {
        let text = "one two three four five six seven eight nine ten";
        assert_eq!(folded(text, 34, 4), "one two three four five six\n    seven eight nine ten");
        assert_eq!(folded("short", 34, 4), "short");
        let long = "a".repeat(50);
        assert_eq!(folded(&long, 34, 4), long);
    }

    #[test]
    fn a_column_of_nothing_is_left_out_for_people_and_kept_for_programs() {
        let mut part = Part::new(
            "rows",
            "",
            vec![
                Column::text("id", "Id"),
                Column::bound(),
                Column::number("value", "Value", "", Show::Fitting),
                Column::text("note", "Note").unless_all("none"),
            ],
        );
        part.push(vec!["BLR".into(), "~".into(), 1.5.into(), "none".into()]);
        let texts: Vec<String> = readable(&part).into_iter().flat_map(|(_, t)| t).collect();
        assert_eq!(texts, ["BLR", "~ 1.500"]);
        let mut answer = Answer::new("measure", "", Value::Null);
        answer.parts.push(part);
        assert_eq!(to_json(&answer)["rows"][0]["bound"], "~");
        assert_eq!(to_csv(&answer), b"id,bound,value,note\nBLR,~,1.5,none\n");
    }
}
