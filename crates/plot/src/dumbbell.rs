//! Several figures for one thing side by side, such as those of different sources.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::scale::{Scale, nice_ticks, tick_labels};
use crate::style::{color, paint};
use crate::svg::{Canvas, Type, figure, key};
use crate::text;

/// One row: a thing with several figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DumbbellRow {
    /// What the figures are about.
    pub label: String,
    /// One datum for each name in [`DumbbellOptions::points`]; missing where a source is silent.
    pub points: Vec<Datum>,
}

/// Options of [`dumbbell`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DumbbellOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Names of the points of a row, such as the two reporting sides; at most eight.
    pub points: Vec<String>,
    /// Whether the axis begins at zero.
    pub zero: bool,
    /// Name of the rows, heads the first column of the twin.
    pub label_header: String,
}

const CHART: &str = "dumbbell chart";

/// Draws the figures of each row on one line, joined from the lowest to the highest.
///
/// Assumptions: the lowest and the highest of a row carry their values; a row without any value
/// says so. Points differ in colour and, every other one, in being open or filled.
///
/// # Errors
///
/// [`PlotError::Empty`] without any value, [`PlotError::NotFinite`], [`PlotError::Option`] where a
/// row has not one datum for each name.
pub fn dumbbell(options: &DumbbellOptions, rows: &[DumbbellRow]) -> Result<Figure, PlotError> {
    options.common.check()?;
    for row in rows {
        if row.points.len() != options.points.len() || row.points.len() > 8 {
            return Err(PlotError::Option {
                name: "points",
                got: format!("{} data in `{}`", row.points.len(), row.label),
                remedy: "give each row one datum for each of at most eight names, missing where none",
            });
        }
        for d in &row.points {
            if let Some(v) = d.value {
                finite(CHART, &row.label, v)?;
            }
        }
    }
    if rows.iter().flat_map(|r| &r.points).all(|d| d.value.is_none()) {
        return Err(PlotError::Empty { chart: CHART, expected: "row with a value" });
    }
    let common = &options.common;
    let mut header = vec![options.label_header.clone()];
    header.extend(options.points.iter().cloned());
    let table = TableTwin {
        header,
        rows: rows
            .iter()
            .map(|r| {
                let mut cells = vec![TwinCell::Text(r.label.clone())];
                cells.extend(r.points.iter().map(|d| d.cell(common)));
                cells
            })
            .collect(),
    };
    let said: Vec<String> = rows
        .iter()
        .take(12)
        .map(|r| {
            let each = options.points.iter().zip(&r.points).filter(|(_, d)| d.value.is_some());
            let each: Vec<String> = each
                .map(|(name, d)| format!("{name} {}", common.show_with_unit(d.value)))
                .collect();
            let each = if each.is_empty() { common.words.no_data.clone() } else { each.join(", ") };
            format!("{}: {each}", r.label)
        })
        .collect();
    let alt = format!("{}. Dumbbell chart. {}.", common.title, said.join("; "));
    let key = key(&("dumbbell", options, rows));
    Ok(figure(common, &key, alt, table, Vec::new(), |canvas| draw(canvas, options, rows)))
}

fn draw(canvas: &mut Canvas, options: &DumbbellOptions, rows: &[DumbbellRow]) {
    let common = &options.common;
    let font = canvas.font();
    let small = font - 0.5;
    let narrow = canvas.narrow();
    let (ink, muted) = (color("ink"), color("muted"));
    let entries: Vec<(&str, (String, bool))> =
        options.points.iter().enumerate().map(|(i, name)| (name.as_str(), paint(i))).collect();
    canvas.legend(&entries);
    let column = if narrow {
        0.0
    } else {
        let longest = rows.iter().map(|r| text::width(&r.label, font)).fold(0.0, f64::max);
        (longest * 1.03 + 2.0).min(canvas.width * 0.34) + 10.0
    };
    let limit = if narrow { canvas.width } else { column - 10.0 };
    let labels: Vec<Vec<String>> =
        rows.iter().map(|r| text::wrap(&r.label, font, limit, 2)).collect();
    let values: Vec<f64> =
        rows.iter().flat_map(|r| r.points.iter().filter_map(|d| d.value)).collect();
    let mut low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let mut high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if options.zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let ticks = nice_ticks(low, high, if narrow { 4 } else { 6 });
    let room =
        values.iter().map(|v| text::width(&common.show(Some(*v)), small)).fold(0.0, f64::max)
            + 10.0;
    let x = Scale::linear(
        ticks[0],
        ticks[ticks.len() - 1],
        column + room.min(if options.zero { 12.0 } else { room }),
        canvas.width - room,
    );
    canvas.y += small + 14.0;
    let top = canvas.y;
    let height = |n: usize| {
        let text_height = n as f64 * font * 1.15;
        if narrow { text_height + 24.0 } else { text_height.max(16.0) + 10.0 }
    };
    let bottom = top + labels.iter().map(|l| height(l.len())).sum::<f64>();
    for (t, label) in ticks.iter().zip(tick_labels(&ticks, false)) {
        let at = x.at(*t);
        let stroke = color(if *t == 0.0 { "axis" } else { "grid" });
        canvas.line((at, top), (at, bottom), &stroke, 1.0);
        canvas.text(at, top - 5.0, &label, Type::new(small, &muted).anchor("middle"));
    }
    let mut y = top;
    for (row, lines) in rows.iter().zip(&labels) {
        let h = height(lines.len());
        let middle = if narrow { y + h - 14.0 } else { y + h / 2.0 };
        for (i, line) in lines.iter().enumerate() {
            let n = lines.len() as f64;
            if narrow {
                let set = Type::new(font, &ink).halo();
                canvas.text(0.0, y + (i as f64 + 1.0) * font * 1.15, line, set);
            } else {
                let at = middle + (i as f64 - (n - 1.0) / 2.0) * font * 1.15 + font * 0.35;
                canvas.text(column - 10.0, at, line, Type::new(font, &ink).anchor("end"));
            }
        }
        let mut known: Vec<(usize, f64)> =
            row.points.iter().enumerate().filter_map(|(i, d)| Some((i, d.value?))).collect();
        known.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        if let (Some(first), Some(last)) = (known.first().copied(), known.last().copied()) {
            canvas.line((x.at(first.1), middle), (x.at(last.1), middle), &color("axis"), 2.0);
            for (i, value) in &known {
                let (fill, filled) = paint(*i);
                let d = &row.points[*i];
                let note = if d.note.is_empty() { String::new() } else { format!(" ({})", d.note) };
                let value_text = common.show_with_unit(Some(*value));
                let hover = format!("{}, {}: {value_text}{note}", row.label, options.points[*i]);
                canvas.open_mark(&d.id, &hover);
                canvas.disc(x.at(*value), middle, 4.8, &fill, filled);
                canvas.close();
            }
            let content = common.show(Some(last.1));
            let set = Type::new(small, &ink).halo();
            canvas.text(x.at(last.1) + 9.0, middle + small * 0.35, &content, set);
            // The lower value goes to the left where it has room beside the labels of the rows.
            let content = common.show(Some(first.1));
            let at = x.at(first.1) - 9.0;
            if first.1 < last.1 && at - text::width(&content, small) > column {
                canvas.text(at, middle + small * 0.35, &content, set.anchor("end"));
            }
        } else {
            let fill = canvas.hatch("missing");
            let at = x.at(ticks[0]);
            canvas.rect(at, middle - 6.0, 26.0, 12.0, &fill, "");
            let words = &common.words.no_data;
            canvas.text(at + 32.0, middle + small * 0.35, words, Type::new(small, &muted));
        }
        y += h;
    }
    canvas.y = bottom + 4.0;
}
