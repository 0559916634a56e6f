//! Ranked horizontal bars.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::scale::{Scale, nice_ticks, tick_labels};
use crate::style::color;
use crate::svg::{Canvas, Type, figure, key};
use crate::text;

/// One bar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bar {
    /// Label, value and key.
    pub datum: Datum,
    /// Lower end of an interval.
    pub low: Option<f64>,
    /// Upper end of an interval.
    pub high: Option<f64>,
    /// Draws the bar in the accent colour.
    pub highlight: bool,
}

impl From<Datum> for Bar {
    fn from(datum: Datum) -> Self {
        Self { datum, ..Self::default() }
    }
}

/// Options of [`bar`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BarOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Largest first, missing values last, ties by label. Default true; false keeps the given order.
    pub sort: bool,
    /// Name of the bars, heads the first column of the twin.
    pub label_header: String,
    /// Names of the two columns of an interval in the twin, where any bar has one.
    pub interval_header: (String, String),
}

impl Default for BarOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            sort: true,
            label_header: String::new(),
            interval_header: ("low".into(), "high".into()),
        }
    }
}

const CHART: &str = "bar chart";

/// Draws ranked horizontal bars with their values.
///
/// Assumptions: bars begin at zero, negative ones run to the left. A missing value is a hatched
/// stub with words in place of a number; it stands below the ranked bars.
///
/// Result: a figure whose twin has the rows in the order of the drawing.
///
/// # Errors
///
/// [`PlotError::Empty`] without bars, [`PlotError::NotFinite`] for infinities.
pub fn bar(options: &BarOptions, bars: &[Bar]) -> Result<Figure, PlotError> {
    options.common.check()?;
    if bars.is_empty() {
        return Err(PlotError::Empty { chart: CHART, expected: "bar" });
    }
    for b in bars {
        for v in [b.datum.value, b.low, b.high].into_iter().flatten() {
            finite(CHART, &b.datum.label, v)?;
        }
    }
    let mut order: Vec<&Bar> = bars.iter().collect();
    if options.sort {
        order.sort_by(|a, b| {
            let rank = |bar: &Bar| bar.datum.value.map_or(f64::NEG_INFINITY, |v| v);
            rank(b).total_cmp(&rank(a)).then_with(|| a.datum.label.cmp(&b.datum.label))
        });
    }
    let key = key(&("bar", options, bars));
    Ok(figure(
        &options.common,
        &key,
        alt(options, &order),
        twin(options, &order),
        Vec::new(),
        |canvas| draw(canvas, options, &order),
    ))
}

fn twin(options: &BarOptions, order: &[&Bar]) -> TableTwin {
    let common = &options.common;
    let intervals = order.iter().any(|b| b.low.is_some() || b.high.is_some());
    let notes = order.iter().any(|b| !b.datum.note.is_empty());
    let mut header = vec![options.label_header.clone(), common.unit.clone()];
    if intervals {
        header.extend([options.interval_header.0.clone(), options.interval_header.1.clone()]);
    }
    if notes {
        header.push(String::new());
    }
    let rows = order
        .iter()
        .map(|b| {
            let mut row = vec![TwinCell::Text(b.datum.label.clone()), b.datum.cell(common)];
            if intervals {
                row.extend([b.low, b.high].map(|v| TwinCell::Text(common.show(v))));
            }
            if notes {
                row.push(TwinCell::Text(b.datum.note.clone()));
            }
            row
        })
        .collect();
    TableTwin { header, rows }
}

fn alt(options: &BarOptions, order: &[&Bar]) -> String {
    let common = &options.common;
    let shown: Vec<String> = order.iter().take(12).map(|b| b.datum.hover(common)).collect();
    let more =
        if order.len() > 12 { format!("; and {} more", order.len() - 12) } else { String::new() };
    format!("{}. Bar chart. {}{more}.", common.title, shown.join("; "))
}

pub(crate) fn draw(canvas: &mut Canvas, options: &BarOptions, order: &[&Bar]) {
    let common = &options.common;
    let font = canvas.font();
    let small = font - 0.5;
    let (ink, muted, axis) = (color("ink"), color("muted"), color("axis"));
    let narrow = canvas.narrow();
    // Narrow: the label stands above its bar. Wide: labels in a column, in one or two lines.
    let column = if narrow {
        0.0
    } else {
        let longest = order.iter().map(|b| text::width(&b.datum.label, font)).fold(0.0, f64::max);
        (longest * 1.03 + 2.0).min(canvas.width * 0.34)
    };
    let labels: Vec<Vec<String>> = order
        .iter()
        .map(|b| {
            if narrow {
                text::wrap(&b.datum.label, font, canvas.width, 2)
            } else {
                text::wrap(&b.datum.label, font, column, 2)
            }
        })
        .collect();

    let ends = order.iter().flat_map(|b| [b.datum.value, b.low, b.high]).flatten();
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    let intervals = order.iter().any(|b| b.low.is_some() && b.high.is_some());
    let (low, high) = if low == high { (0.0, 1.0) } else { (low, high) };
    // Room for the value labels on both sides of the bars.
    let wide_label = |negative: bool| {
        order
            .iter()
            .filter(|b| b.datum.value.is_some_and(|v| (v < 0.0) == negative))
            .map(|b| text::width(&common.show(b.datum.value), font) + 8.0)
            .fold(0.0, f64::max)
    };

    let left =
        column + if narrow { 0.0 } else { 10.0 } + if low < 0.0 { wide_label(true) } else { 0.0 };
    let right = wide_label(false).max(4.0);
    let x = Scale::linear(low, high, left, canvas.width - right);
    let zero = x.at(0.0);

    let bar_height = if narrow { 13.0 } else { 17.0 };
    let gap = 7.0;
    let row_height = |lines: usize| {
        let lines_height = lines as f64 * font * 1.15;
        if narrow {
            lines_height + 3.0 + bar_height + gap
        } else {
            bar_height.max(lines_height) + gap
        }
    };
    let top = canvas.y + if intervals { small + 8.0 } else { 0.0 };
    let bottom = top + labels.iter().map(|l| row_height(l.len())).sum::<f64>();
    if intervals {
        // With ranges the value label no longer says all: an axis and gridlines help to read them.
        let ticks = nice_ticks(low, high, if narrow { 3 } else { 5 });
        for (t, label) in ticks.iter().zip(tick_labels(&ticks, false)) {
            if *t < low - 1e-12 || *t > high + (high - low) * 1e-9 {
                continue;
            }
            let at = x.at(*t);
            if *t != 0.0 {
                canvas.line((at, top), (at, bottom), &color("grid"), 1.0);
            }
            let anchor = if at < 6.0 { "start" } else { "middle" };
            canvas.text(at, top - 6.0, &label, Type::new(small, &muted).anchor(anchor));
        }
    }
    // Narrow bars that all run to the right begin at the edge, where a line would touch the labels.
    if low < 0.0 || !narrow {
        canvas.line((zero, top - 2.0), (zero, bottom - gap + 2.0), &axis, 1.0);
    }
    let mut y = top;
    for (b, lines) in order.iter().zip(&labels) {
        let height = row_height(lines.len());
        canvas.open_mark(&b.datum.id, &b.datum.hover(common));
        let n = lines.len() as f64;
        let (bar_top, middle);
        if narrow {
            bar_top = y + n * font * 1.15 + 3.0;
            middle = bar_top + bar_height / 2.0;
        } else {
            middle = y + (height - gap) / 2.0;
            bar_top = middle - bar_height / 2.0;
        }
        for (i, line) in lines.iter().enumerate() {
            let set = Type::new(font, &ink);
            let set = if b.highlight { set.bold() } else { set };
            if narrow {
                canvas.text(0.0, y + (i as f64 + 1.0) * font * 1.15 - font * 0.2, line, set.halo());
            } else {
                let at = middle + (i as f64 - (n - 1.0) / 2.0) * font * 1.15 + font * 0.35;
                canvas.text(column, at, line, set.anchor("end"));
            }
        }
        match b.datum.value {
            Some(value) => {
                let fill = if b.highlight { color("accent") } else { color("bar") };
                let end = x.at(value);
                // A value too small to be seen still gets a hairline.
                let (from, w) = (zero.min(end), (end - zero).abs().max(0.8));
                canvas.rect(from, bar_top, w, bar_height, &fill, "");
                let mut label_at = end;
                if let (Some(l), Some(h)) = (b.low, b.high) {
                    let (l, h) = (x.at(l.min(h)), x.at(h.max(l)));
                    canvas.line((l, middle), (h, middle), &ink, 1.2);
                    for e in [l, h] {
                        canvas.line((e, middle - 3.5), (e, middle + 3.5), &ink, 1.2);
                    }
                    label_at = if value < 0.0 { end.min(l) } else { end.max(h) };
                }
                let (dx, anchor) = if value < 0.0 { (-5.0, "end") } else { (5.0, "start") };
                let set = Type::new(font, &ink).anchor(anchor);
                let set = if b.highlight { set.bold() } else { set };
                let content = common.show(b.datum.value);
                canvas.text(label_at + dx, middle + font * 0.35, &content, set);
            }
            None => {
                let fill = canvas.hatch("missing");
                canvas.rect(zero, bar_top, 26.0, bar_height, &fill, "");
                let words = &common.words.no_data;
                canvas.text(zero + 32.0, middle + font * 0.35, words, Type::new(font, &muted));
            }
        }
        canvas.close();
        y += height;
    }

    canvas.y = bottom;
}
