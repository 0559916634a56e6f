//! Horizontal bars made of parts, such as realised and unrealised potential.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::scale::{Scale, nice_ticks, tick_labels};
use crate::style::{color, series};
use crate::svg::{Canvas, Type, figure, key};
use crate::text;

/// One bar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StackedRow {
    /// What the bar belongs to.
    pub label: String,
    /// One datum for each name in [`StackedOptions::parts`].
    pub parts: Vec<Datum>,
    /// What the parts add up to, written at the end of the bar where it is given.
    pub total: Option<Datum>,
    /// Writes the label in bold.
    pub highlight: bool,
}

/// Options of [`stacked`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StackedOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Names of the parts, at most four.
    pub parts: Vec<String>,
    /// Longest bar first; false keeps the given order.
    pub sort: bool,
    /// Name of the bars, heads the first column of the twin.
    pub label_header: String,
    /// Heads the column of totals.
    pub total_header: String,
}

impl Default for StackedOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            parts: Vec::new(),
            sort: true,
            label_header: String::new(),
            total_header: "total".into(),
        }
    }
}

const CHART: &str = "stacked bars";

/// A total and the sum of its parts may differ by rounding: the sum of thousands of cells.
const ROUNDING: f64 = 1e-9;

/// Draws bars of parts that stand one after the other.
///
/// Assumptions: parts are not negative. Every other part is hatched, so that the parts differ
/// without colour. A bar with a missing part shows the known ones, then a hatched stub with the
/// name of the missing one, and no total: a sum of some is not the sum of all.
///
/// # Errors
///
/// [`PlotError::Empty`] without any value, [`PlotError::NotFinite`], [`PlotError::Option`] for a
/// negative part, more than four parts, a row without a datum for each name, and parts that do not
/// add up to the total.
pub fn stacked(options: &StackedOptions, rows: &[StackedRow]) -> Result<Figure, PlotError> {
    options.common.check()?;
    rows.iter().try_for_each(|row| check(options, row))?;
    if rows.iter().flat_map(|r| &r.parts).all(|d| d.value.is_none()) {
        return Err(PlotError::Empty { chart: CHART, expected: "bar with a value" });
    }
    let mut order: Vec<&StackedRow> = rows.iter().collect();
    if options.sort {
        order.sort_by(|a, b| length(b).total_cmp(&length(a)).then_with(|| a.label.cmp(&b.label)));
    }
    let key = key(&("stacked", options, rows));
    let (alt, table) = (alt(options, &order), twin(options, &order));
    Ok(figure(&options.common, &key, alt, table, Vec::new(), |canvas| {
        draw(canvas, options, &order);
    }))
}

fn check(options: &StackedOptions, row: &StackedRow) -> Result<(), PlotError> {
    let refuse = |name, got, remedy| Err(PlotError::Option { name, got, remedy });
    let names = options.parts.len();
    if row.parts.len() != names || names == 0 || names > 4 {
        let got = format!("{} data in `{}` for {names} names", row.parts.len(), row.label);
        return refuse("parts", got, "give each bar one datum for each of one to four names");
    }
    for (name, datum) in options.parts.iter().zip(&row.parts) {
        let Some(value) = datum.value else { continue };
        finite(CHART, &row.label, value)?;
        if value < 0.0 {
            let got = format!("{value} for {name} of `{}`", row.label);
            return refuse("parts", got, "parts of a bar are not negative; use a dumbbell or bars");
        }
    }
    let total = row.total.as_ref().and_then(|total| total.value);
    if let Some(total) = total {
        finite(CHART, &row.label, total)?;
        let sum = length(row);
        if complete(row) && (sum - total).abs() > ROUNDING * sum.max(total) {
            let got = format!("{total} for `{}`, whose parts add up to {sum}", row.label);
            return refuse("total", got, "give the number that these parts add up to");
        }
    }
    Ok(())
}

/// Sum of the known parts.
fn length(row: &StackedRow) -> f64 {
    row.parts.iter().filter_map(|d| d.value).sum()
}

fn complete(row: &StackedRow) -> bool {
    row.parts.iter().all(|d| d.value.is_some())
}

fn twin(options: &StackedOptions, order: &[&StackedRow]) -> TableTwin {
    let common = &options.common;
    let totals = order.iter().any(|row| row.total.is_some());
    let mut header = vec![options.label_header.clone()];
    let unit = if common.unit.is_empty() { String::new() } else { format!(", {}", common.unit) };
    header.extend(options.parts.iter().map(|part| format!("{part}{unit}")));
    if totals {
        header.push(format!("{}{unit}", options.total_header));
    }
    let rows = order
        .iter()
        .map(|row| {
            let mut cells = vec![TwinCell::Text(row.label.clone())];
            cells.extend(row.parts.iter().map(|d| d.cell(common)));
            if totals {
                let none = || TwinCell::Text(String::new());
                cells.push(row.total.as_ref().map_or_else(none, |total| total.cell(common)));
            }
            cells
        })
        .collect();
    TableTwin { header, rows }
}

fn hover(options: &StackedOptions, row: &StackedRow) -> String {
    let common = &options.common;
    let parts = options.parts.iter().zip(&row.parts);
    let parts: Vec<String> =
        parts.map(|(name, d)| format!("{name} {}", common.show_with_unit(d.value))).collect();
    format!("{}: {}", row.label, parts.join(", "))
}

fn alt(options: &StackedOptions, order: &[&StackedRow]) -> String {
    let said: Vec<String> = order.iter().take(12).map(|row| hover(options, row)).collect();
    let more =
        if order.len() > 12 { format!("; and {} more", order.len() - 12) } else { String::new() };
    format!(
        "{}. Stacked bars of {}. {}{more}.",
        options.common.title,
        options.parts.join(" and "),
        said.join("; ")
    )
}

/// Colour of a part and its fill: every other one is hatched.
fn part(canvas: &mut Canvas, index: usize) -> (String, String) {
    let stroke = series(index);
    let fill = match index {
        1 => canvas.hatch("part-2"),
        3 => canvas.hatch("part-4"),
        _ => stroke.clone(),
    };
    (stroke, fill)
}

/// The names of the parts with a small box each.
fn legend(canvas: &mut Canvas, options: &StackedOptions) {
    let font = canvas.font();
    let ink = color("ink");
    let mut x = 0.0;
    canvas.y += font;
    for (index, name) in options.parts.iter().enumerate() {
        let name = text::truncate(name, font, canvas.width - 24.0);
        let needed = 20.0 + text::width(&name, font);
        if x > 0.0 && x + needed > canvas.width {
            x = 0.0;
            canvas.y += font * 1.5;
        }
        let (stroke, fill) = part(canvas, index);
        let y = canvas.y;
        let rim = format!(" stroke=\"{stroke}\"");
        canvas.rect(x + 0.5, y - font * 0.85, 13.0, font * 0.9, &fill, &rim);
        canvas.text(x + 20.0, y, &name, Type::new(font, &ink));
        x += needed + 18.0;
    }
    canvas.y += 8.0;
}

fn draw(canvas: &mut Canvas, options: &StackedOptions, order: &[&StackedRow]) {
    let (font, narrow) = (canvas.font(), canvas.narrow());
    let small = font - 0.5;
    legend(canvas, options);
    let column = if narrow {
        0.0
    } else {
        let longest = order.iter().map(|r| text::width(&r.label, font)).fold(0.0, f64::max);
        (longest * 1.03 + 2.0).min(canvas.width * 0.34)
    };
    let limit = if narrow { canvas.width } else { column };
    let labels: Vec<Vec<String>> =
        order.iter().map(|row| text::wrap(&row.label, font, limit, 2)).collect();
    let longest = order.iter().map(|row| length(row)).fold(0.0, f64::max);
    let longest = if longest > 0.0 { longest } else { 1.0 };
    let end = |row: &&StackedRow| text::width(&end_text(options, row), font) + 24.0;
    let room = order.iter().map(end).fold(8.0, f64::max).min(canvas.width * 0.4);
    let left = column + if narrow { 1.0 } else { 10.0 };
    let x = Scale::linear(0.0, longest, left, canvas.width - room);
    let bar = if narrow { 14.0 } else { 18.0 };
    let height = |n: usize| {
        let lines = n as f64 * font * 1.15;
        if narrow { lines + 3.0 + bar + 8.0 } else { bar.max(lines) + 8.0 }
    };
    canvas.y += small + 6.0;
    let top = canvas.y;
    let bottom = top + labels.iter().map(|lines| height(lines.len())).sum::<f64>();
    let ticks = nice_ticks(0.0, longest, if narrow { 3 } else { 5 });
    for (t, label) in ticks.iter().zip(tick_labels(&ticks, false)) {
        if *t > longest * (1.0 + 1e-9) {
            continue;
        }
        let at = x.at(*t);
        let stroke = color(if *t == 0.0 { "axis" } else { "grid" });
        canvas.line((at, top), (at, bottom), &stroke, 1.0);
        let anchor = if at < 6.0 { "start" } else { "middle" };
        canvas.text(at, top - 6.0, &label, Type::new(small, &color("muted")).anchor(anchor));
    }
    let mut y = top;
    for (row, lines) in order.iter().zip(&labels) {
        let h = height(lines.len());
        let n = lines.len() as f64;
        let ink = color("ink");
        let set = Type::new(font, &ink).halo();
        let set = if row.highlight { set.bold() } else { set };
        let bar_top = if narrow { y + n * font * 1.15 + 3.0 } else { y + (h - bar) / 2.0 };
        for (i, line) in lines.iter().enumerate() {
            if narrow {
                canvas.text(0.0, y + (i as f64 + 0.85) * font * 1.15, line, set);
            } else {
                let shift = i as f64 - (n - 1.0) / 2.0;
                let at = bar_top + bar / 2.0 + shift * font * 1.15 + font * 0.35;
                canvas.text(column, at, line, set.anchor("end"));
            }
        }
        one(canvas, options, row, &x, (bar_top, bar));
        y += h;
    }
    canvas.y = bottom;
}

/// What stands at the end of a bar: the total, or which parts are missing.
fn end_text(options: &StackedOptions, row: &StackedRow) -> String {
    let common = &options.common;
    if complete(row) {
        return row.total.as_ref().map_or_else(String::new, |total| common.show(total.value));
    }
    let missing = options.parts.iter().zip(&row.parts).filter(|(_, d)| d.value.is_none());
    let missing: Vec<&str> = missing.map(|(name, _)| name.as_str()).collect();
    format!("{}: {}", common.words.no_data, missing.join(", "))
}

/// The parts of one bar, each with its value where there is room.
fn one(
    canvas: &mut Canvas,
    options: &StackedOptions,
    row: &StackedRow,
    x: &Scale,
    (top, bar): (f64, f64),
) {
    let common = &options.common;
    let font = canvas.font();
    let small = font - 1.0;
    let (ink, paper, muted) = (color("ink"), color("paper"), color("muted"));
    let middle = top + bar / 2.0;
    let mut sum = 0.0;
    for (index, datum) in row.parts.iter().enumerate() {
        let Some(value) = datum.value else { continue };
        let (from, to) = (x.at(sum), x.at(sum + value));
        sum += value;
        let (stroke, fill) = part(canvas, index);
        let note = if datum.note.is_empty() { String::new() } else { format!(" ({})", datum.note) };
        let said = common.show_with_unit(datum.value);
        let hover = format!("{}, {}: {said}{note}", row.label, options.parts[index]);
        canvas.open_mark(&datum.id, &hover);
        // The rim is inside, so that neighbours do not cover each other's end.
        let (width, rim) = ((to - from).max(0.8), format!(" stroke=\"{stroke}\""));
        let inside = (width - 1.0).max(0.1);
        canvas.rect(from + 0.5, top + 0.5, inside, bar - 1.0, &fill, &rim);
        let content = common.show(datum.value);
        let needed = text::width(&content, small) + 6.0;
        if needed + 4.0 <= width {
            // On the hatch a number needs paper behind it.
            let hatched = index % 2 == 1;
            let (centre, fill) = ((from + to) / 2.0, if hatched { &ink } else { &paper });
            if hatched {
                canvas.rect(centre - needed / 2.0, top + 2.0, needed, bar - 4.0, &paper, "");
            }
            let set = Type::new(small, fill).anchor("middle");
            canvas.text(centre, middle + small * 0.35, &content, set);
        }
        canvas.close();
    }
    let mut at = x.at(sum) + 5.0;
    let end = end_text(options, row);
    if complete(row) {
        if let Some(total) = &row.total {
            canvas.open_mark(&total.id, &format!("{}: {end}", row.label));
            canvas.text(at, middle + font * 0.35, &end, Type::new(font, &ink).halo());
            canvas.close();
        }
    } else {
        let hatch = canvas.hatch("missing");
        canvas.rect(at, top, 14.0, bar, &hatch, "");
        at += 19.0;
        let end = text::truncate(&end, small, canvas.width - at);
        canvas.text(at, middle + small * 0.35, &end, Type::new(small, &muted).halo());
    }
}
