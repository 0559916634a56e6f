//! Coefficients with their intervals, of one model or several.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Figure, PlotError, Ranged, TableTwin, TwinCell, finite};
use crate::scale::{Scale, nice_ticks, tick_labels};
use crate::style::{color, paint};
use crate::svg::{Canvas, Type, figure, key};
use crate::text;

/// A term across the models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoefficientRow {
    /// Name of the term.
    pub label: String,
    /// One for each name in [`CoefficientOptions::models`]; missing where a model has no such term.
    pub estimates: Vec<Ranged>,
}

/// Options of [`coefficients`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoefficientOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Names of the models, at most eight; one model needs no legend.
    pub models: Vec<String>,
    /// Largest estimate of the first model first, missing ones last; the given order by default.
    pub sort: bool,
    /// Whether the axis holds zero, where a line says "no effect". Default true.
    pub zero: bool,
    /// Name of the rows, heads the first column of the twin.
    pub label_header: String,
    /// Names of the two columns of an interval in the twin.
    pub interval_header: (String, String),
}

impl Default for CoefficientOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            models: vec![String::new()],
            sort: false,
            zero: true,
            label_header: String::new(),
            interval_header: ("low".into(), "high".into()),
        }
    }
}

const CHART: &str = "coefficient plot";

/// Height of one estimate.
const STEP: f64 = 15.0;

/// Draws a dot and an interval for each term of each model.
///
/// Assumptions: a term that a model does not have is a gap and a dash, not a zero. An interval is
/// drawn where both ends are given.
///
/// Result: a figure whose twin has value, low and high of each model.
///
/// # Errors
///
/// [`PlotError::Empty`] without any value, [`PlotError::NotFinite`], [`PlotError::Option`] where a
/// row has not one estimate for each of one to eight models.
///
/// ```
/// use emporion_plot::{CoefficientOptions, CoefficientRow, Common, Datum, Ranged, coefficients};
/// let estimate = Ranged {
///     datum: Datum::new("distance", -0.75, "b-distance"),
///     low: Some(-0.82),
///     high: Some(-0.68),
/// };
/// let row = CoefficientRow { label: "distance".into(), estimates: vec![estimate] };
/// let options = CoefficientOptions { common: Common::new("Trade", "", 2), ..Default::default() };
/// let figure = coefficients(&options, &[row]).unwrap();
/// assert!(figure.alt.contains("distance: −0.75 (−0.82 to −0.68)"));
/// ```
pub fn coefficients(
    options: &CoefficientOptions,
    rows: &[CoefficientRow],
) -> Result<Figure, PlotError> {
    options.common.check()?;
    let models = options.models.len();
    for row in rows {
        if row.estimates.len() != models || !(1..=8).contains(&models) {
            return Err(PlotError::Option {
                name: "models",
                got: format!("{models}, with {} estimates in `{}`", row.estimates.len(), row.label),
                remedy: "give each row one estimate for each of one to eight models",
            });
        }
        for v in row.estimates.iter().flat_map(Ranged::numbers) {
            finite(CHART, &row.label, v)?;
        }
    }
    if rows.iter().flat_map(|r| &r.estimates).all(|e| e.datum.value.is_none()) {
        return Err(PlotError::Empty { chart: CHART, expected: "estimate" });
    }
    let mut order: Vec<&CoefficientRow> = rows.iter().collect();
    if options.sort {
        let first = |row: &CoefficientRow| row.estimates[0].datum.value;
        order.sort_by(|a, b| match (first(a), first(b)) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
    }
    let key = key(&("coefficients", options, rows));
    let (alt, twin) = (alt(options, &order), twin(options, &order));
    Ok(figure(&options.common, &key, alt, twin, Vec::new(), |canvas| {
        draw(canvas, options, &order);
    }))
}

fn twin(options: &CoefficientOptions, rows: &[&CoefficientRow]) -> TableTwin {
    let mut header = vec![options.label_header.clone()];
    let (low, high) = &options.interval_header;
    for model in &options.models {
        let name = if model.is_empty() { &options.common.unit } else { model };
        header.extend([name.clone(), low.clone(), high.clone()]);
    }
    let rows = rows
        .iter()
        .map(|row| {
            let cells = row.estimates.iter().flat_map(|e| e.cells(&options.common));
            [TwinCell::Text(row.label.clone())].into_iter().chain(cells).collect()
        })
        .collect();
    TableTwin { header, rows }
}

fn alt(options: &CoefficientOptions, rows: &[&CoefficientRow]) -> String {
    let common = &options.common;
    let said: Vec<String> = rows
        .iter()
        .take(12)
        .map(|row| {
            let each: Vec<String> = options
                .models
                .iter()
                .zip(&row.estimates)
                .filter(|(_, e)| e.datum.value.is_some())
                .map(|(model, e)| format!("{model} {}", e.show(common)).trim().to_owned())
                .collect();
            let each = if each.is_empty() { common.words.no_data.clone() } else { each.join(", ") };
            format!("{}: {each}", row.label)
        })
        .collect();
    let more =
        if rows.len() > 12 { format!("; and {} more", rows.len() - 12) } else { String::new() };
    format!("{}. Coefficient plot. {}{more}.", common.title, said.join("; "))
}

fn draw(canvas: &mut Canvas, options: &CoefficientOptions, rows: &[&CoefficientRow]) {
    let common = &options.common;
    let (font, narrow) = (canvas.font(), canvas.narrow());
    let small = font - 0.5;
    let (ink, muted) = (color("ink"), color("muted"));
    if options.models.len() > 1 {
        let entries: Vec<(&str, (String, bool))> =
            options.models.iter().enumerate().map(|(i, m)| (m.as_str(), paint(i))).collect();
        canvas.legend(&entries);
        canvas.y += 4.0;
    }
    // Narrow: the name of a term stands above its estimates. Wide: in a column.
    let column = if narrow {
        0.0
    } else {
        let longest = rows.iter().map(|r| text::width(&r.label, font)).fold(0.0, f64::max);
        (longest * 1.03 + 2.0).min(canvas.width * 0.34) + 10.0
    };
    let limit = if narrow { canvas.width } else { column - 10.0 };
    let labels: Vec<Vec<String>> =
        rows.iter().map(|r| text::wrap(&r.label, font, limit, 2)).collect();

    let numbers = rows.iter().flat_map(|r| r.estimates.iter().flat_map(Ranged::numbers));
    let start = if options.zero { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
    let (low, high) = numbers.fold(start, |(l, h), v| (l.min(v), h.max(v)));
    let ticks = nice_ticks(low, high, if narrow { 4 } else { 6 });
    let shown = rows.iter().flat_map(|r| &r.estimates).map(|e| common.show(e.datum.value));
    let values = shown
        .filter(|text| *text != common.words.no_data)
        .map(|text| text::width(&text, small))
        .fold(0.0, f64::max)
        + 14.0;
    let x = Scale::linear(
        ticks[0],
        ticks[ticks.len() - 1],
        column + 8.0,
        (canvas.width - values).max(column + 60.0),
    );

    canvas.y += small + 12.0;
    let top = canvas.y;
    let block = options.models.len() as f64 * STEP;
    let height = |lines: usize| {
        let text_height = lines as f64 * font * 1.15;
        if narrow { text_height + block + 8.0 } else { text_height.max(block) + 9.0 }
    };
    let bottom = top + labels.iter().map(|l| height(l.len())).sum::<f64>();
    for (t, label) in ticks.iter().zip(tick_labels(&ticks, false)) {
        let at = x.at(*t);
        let (stroke, width) = if *t == 0.0 { ("axis", 1.4) } else { ("grid", 1.0) };
        canvas.line((at, top), (at, bottom), &color(stroke), width);
        let anchor = if at < 12.0 { "start" } else { "middle" };
        canvas.text(at, top - 5.0, &label, Type::new(small, &muted).anchor(anchor));
    }
    let mut y = top;
    for (row, lines) in rows.iter().zip(&labels) {
        let h = height(lines.len());
        let n = lines.len() as f64;
        let first = if narrow {
            y + n * font * 1.15 + 4.0 + STEP / 2.0
        } else {
            y + (h - block) / 2.0 + STEP / 2.0
        };
        for (i, line) in lines.iter().enumerate() {
            if narrow {
                let set = Type::new(font, &ink).halo();
                canvas.text(0.0, y + (i as f64 + 1.0) * font * 1.15, line, set);
            } else {
                let at = y + h / 2.0 + (i as f64 - (n - 1.0) / 2.0) * font * 1.15 + font * 0.35;
                canvas.text(column - 10.0, at, line, Type::new(font, &ink).anchor("end"));
            }
        }
        for (i, (model, estimate)) in options.models.iter().zip(&row.estimates).enumerate() {
            let at = first + i as f64 * STEP;
            let set = Type::new(small, &ink).anchor("end");
            let Some(value) = estimate.datum.value else {
                let set = Type::new(small, &muted).anchor("end");
                canvas.text(canvas.width, at + small * 0.35, "–", set);
                continue;
            };
            let (stroke, filled) = paint(i);
            let name = format!("{} {model}", row.label);
            let hover = format!("{}: {}", name.trim_end(), estimate.show(common));
            canvas.open_mark(&estimate.datum.id, &hover);
            if let (Some(low), Some(high)) = (estimate.low, estimate.high) {
                let (low, high) = (x.at(low.min(high)), x.at(high.max(low)));
                canvas.line((low, at), (high, at), &stroke, 1.6);
                for end in [low, high] {
                    canvas.line((end, at - 3.0), (end, at + 3.0), &stroke, 1.6);
                }
            }
            canvas.disc(x.at(value), at, 4.2, &stroke, filled);
            canvas.text(canvas.width, at + small * 0.35, &common.show(Some(value)), set);
            canvas.close();
        }
        y += h;
    }
    canvas.y = bottom + 4.0;
}
