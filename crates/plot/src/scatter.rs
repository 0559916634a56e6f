//! Points by two figures, with names.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite, on_axis};
use crate::labels::{Rect, Wish, place};
use crate::scale::{Scale, log_ticks, nice_ticks, tick_labels};
use crate::style::color;
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text;

/// One point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScatterPoint {
    /// Horizontal figure; its label names the point.
    pub x: Datum,
    /// Vertical figure.
    pub y: Datum,
    /// Draws the point in the accent colour and always names it.
    pub highlight: bool,
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Axis {
    /// What is measured, with its unit.
    pub label: String,
    /// Logarithmic; refuses zero and negative values.
    pub log: bool,
    /// Digits after the decimal point in the twin and the hover text.
    pub decimals: usize,
}

impl Default for Axis {
    fn default() -> Self {
        Self { label: String::new(), log: false, decimals: 1 }
    }
}

/// Options of [`scatter`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScatterOptions {
    /// Title, widths; the units are those of the axes.
    pub common: Common,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// A fitted line or curve through these points, in the units of the axes.
    pub fit: Vec<(f64, f64)>,
    /// Name of the fitted line, such as the estimated slope.
    pub fit_label: String,
    /// Name of the points, heads the first column of the twin.
    pub label_header: String,
}

const CHART: &str = "scatter plot";

/// Draws points by two figures and names as many as there is room for, those given first first.
///
/// Assumptions: a point without both values is not drawn, is listed under the picture, and stays
/// in the twin. The fitted line is the caller's; nothing is estimated here.
///
/// # Errors
///
/// [`PlotError::Empty`] where no point has both values, [`PlotError::NotFinite`],
/// [`PlotError::NotPositive`] on a logarithmic axis.
pub fn scatter(options: &ScatterOptions, points: &[ScatterPoint]) -> Result<Figure, PlotError> {
    options.common.check()?;
    for p in points {
        for (datum, axis) in [(&p.x, &options.x), (&p.y, &options.y)] {
            if let Some(v) = datum.value {
                on_axis(CHART, &p.x.label, v, axis.log)?;
            }
        }
    }
    for (x, y) in &options.fit {
        let label = &options.fit_label;
        on_axis(CHART, label, finite(CHART, label, *x)?, options.x.log)?;
        on_axis(CHART, label, finite(CHART, label, *y)?, options.y.log)?;
    }
    let both = |p: &&ScatterPoint| p.x.value.is_some() && p.y.value.is_some();
    if !points.iter().any(|p| both(&p)) {
        return Err(PlotError::Empty { chart: CHART, expected: "point with both values" });
    }
    let mut common = options.common.clone();
    let gaps: Vec<&str> = points.iter().filter(|p| !both(p)).map(|p| p.x.label.as_str()).collect();
    let mut notes = Vec::new();
    if !gaps.is_empty() {
        notes.push(format!("{}: {}.", common.words.no_data, gaps.join(", ")));
        // Where the page writes the title it writes the notes too.
        if common.show_title {
            common.footnote = format!("{} {}", notes[0], common.footnote).trim().to_string();
        }
    }
    let key = key(&("scatter", options, points));
    Ok(figure(&common, &key, alt(options, points), twin(options, points), notes, |canvas| {
        draw(canvas, options, points);
    }))
}

fn show(options: &ScatterOptions, axis: &Axis, value: Option<f64>) -> String {
    let words = &options.common.words;
    value.map_or_else(|| words.no_data.clone(), |v| text::format_number(v, axis.decimals))
}

fn twin(options: &ScatterOptions, points: &[ScatterPoint]) -> TableTwin {
    let header =
        vec![options.label_header.clone(), options.x.label.clone(), options.y.label.clone()];
    let cell = |d: &Datum, axis: &Axis| TwinCell::Datum {
        id: d.id.clone(),
        value: d.value,
        text: show(options, axis, d.value),
    };
    let row = |p: &ScatterPoint| {
        vec![TwinCell::Text(p.x.label.clone()), cell(&p.x, &options.x), cell(&p.y, &options.y)]
    };
    TableTwin { header, rows: points.iter().map(row).collect() }
}

fn hover(options: &ScatterOptions, p: &ScatterPoint) -> String {
    format!(
        "{}: {} {}; {} {}",
        p.x.label,
        options.x.label,
        show(options, &options.x, p.x.value),
        options.y.label,
        show(options, &options.y, p.y.value)
    )
}

fn alt(options: &ScatterOptions, points: &[ScatterPoint]) -> String {
    let named: Vec<String> = {
        let highlighted: Vec<&ScatterPoint> = points.iter().filter(|p| p.highlight).collect();
        let chosen =
            if highlighted.is_empty() { points.iter().take(5).collect() } else { highlighted };
        chosen.into_iter().map(|p| hover(options, p)).collect()
    };
    let fit = if options.fit_label.is_empty() {
        String::new()
    } else {
        format!(" Line: {}.", options.fit_label)
    };
    format!(
        "{}. Scatter plot of {} points: {} across, {} upwards.{fit} Among them {}.",
        options.common.title,
        points.len(),
        options.x.label,
        options.y.label,
        named.join("; ")
    )
}

/// Ticks and the ends of an axis: round ends where linear, a little air where logarithmic.
fn range(axis: &Axis, values: &[f64], most: usize) -> (Vec<f64>, f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if axis.log {
        let air = ((high / low).ln() * 0.04).max(0.05).exp();
        let (low, high) = (low / air, high * air);
        (log_ticks(low, high, most), low, high)
    } else {
        let ticks = nice_ticks(low, high, most);
        let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
        (ticks, first, last)
    }
}

fn draw(canvas: &mut Canvas, options: &ScatterOptions, points: &[ScatterPoint]) {
    let font = canvas.font();
    let small = font - 0.5;
    let (ink, muted, grid) = (color("ink"), color("muted"), color("grid"));
    let known: Vec<(&ScatterPoint, f64, f64)> =
        points.iter().filter_map(|p| Some((p, p.x.value?, p.y.value?))).collect();
    let xs: Vec<f64> = known.iter().map(|k| k.1).chain(options.fit.iter().map(|f| f.0)).collect();
    let ys: Vec<f64> = known.iter().map(|k| k.2).chain(options.fit.iter().map(|f| f.1)).collect();
    let (x_ticks, x_low, x_high) = range(&options.x, &xs, if canvas.narrow() { 4 } else { 7 });
    let (y_ticks, y_low, y_high) = range(&options.y, &ys, 6);
    let y_labels = tick_labels(&y_ticks, options.y.log);

    // The name of the vertical axis stands above it, level, where it reads without a tilt of the head.
    if !options.y.label.is_empty() {
        for line in text::wrap(&format!("↑ {}", options.y.label), small, canvas.width, 2) {
            canvas.y += small * 1.3;
            let y = canvas.y;
            canvas.text(0.0, y - 3.0, &line, Type::new(small, &muted));
        }
        canvas.y += 4.0;
    }
    if options.fit.len() > 1 && !options.fit_label.is_empty() {
        // Above the points, where no point covers it.
        canvas.y += small * 1.3;
        let at = canvas.y - 3.0;
        let label = text::truncate(&options.fit_label, small, canvas.width - 34.0);
        let dash = canvas.width - text::width(&label, small) - 8.0;
        canvas.path(
            &format!("M{} {}h-24", num(dash), num(at - small * 0.3)),
            &format!(
                " fill=\"none\" stroke=\"{muted}\" stroke-width=\"1.4\" stroke-dasharray=\"5 4\""
            ),
        );
        canvas.text(canvas.width, at, &label, Type::new(small, &muted).anchor("end"));
        canvas.y += 4.0;
    }
    let left = y_labels.iter().map(|t| text::width(t, small)).fold(0.0, f64::max) + 8.0;
    let (x0, x1) = (left + 2.0, canvas.width - 10.0);
    let top = canvas.y + 6.0;
    let bottom = top + if canvas.narrow() { 270.0 } else { 380.0 };
    let scale = |log, low, high, from, to| {
        if log { Scale::log(low, high, from, to) } else { Scale::linear(low, high, from, to) }
    };
    let x = scale(options.x.log, x_low, x_high, x0 + 4.0, x1 - 4.0);
    let y = scale(options.y.log, y_low, y_high, bottom - 2.0, top);
    for (t, label) in y_ticks.iter().zip(&y_labels) {
        let at = y.at(*t);
        let stroke = if *t == 0.0 { color("axis") } else { grid.clone() };
        canvas.line((x0, at), (x1, at), &stroke, 1.0);
        canvas.text(left - 4.0, at + small * 0.35, label, Type::new(small, &muted).anchor("end"));
    }
    for (t, label) in x_ticks.iter().zip(tick_labels(&x_ticks, options.x.log)) {
        let at = x.at(*t);
        let stroke = if *t == 0.0 { color("axis") } else { grid.clone() };
        canvas.line((at, top), (at, bottom), &stroke, 1.0);
        let half = text::width(&label, small) / 2.0;
        let centre = at.min(canvas.width - half);
        canvas.text(
            centre,
            bottom + small + 6.0,
            &label,
            Type::new(small, &muted).anchor("middle"),
        );
    }
    let (mut obstacles, mut soft): (Vec<Rect>, Vec<Rect>) = (Vec::new(), Vec::new());
    let r = if canvas.narrow() { 3.0 } else { 3.6 };
    if options.fit.len() > 1 {
        let ends: Vec<(f64, f64)> = options.fit.iter().map(|(a, b)| (x.at(*a), y.at(*b))).collect();
        for w in ends.windows(2) {
            let steps = ((w[1].0 - w[0].0).hypot(w[1].1 - w[0].1) / 6.0).ceil().max(1.0);
            soft.extend((0..=steps as usize).map(|i| {
                let t = i as f64 / steps;
                let (x, y) = (w[0].0 + t * (w[1].0 - w[0].0), w[0].1 + t * (w[1].1 - w[0].1));
                Rect::around(x, y, 2.0)
            }));
        }
        let d: Vec<String> = ends.iter().map(|(a, b)| format!("{} {}", num(*a), num(*b))).collect();
        canvas.path(
            &format!("M{}", d.join("L")),
            &format!(
                " fill=\"none\" stroke=\"{muted}\" stroke-width=\"1.4\" stroke-dasharray=\"5 4\""
            ),
        );
    }
    let mut order: Vec<&(&ScatterPoint, f64, f64)> = known.iter().collect();
    order.sort_by_key(|k| k.0.highlight);
    for (p, px, py) in order {
        let (cx, cy) = (x.at(*px), y.at(*py));
        canvas.open_mark(&p.y.id, &hover(options, p));
        let fill = color(if p.highlight { "accent" } else { "series-1" });
        let opacity = if p.highlight { "1" } else { "0.72" };
        canvas.raw(&format!("<g opacity=\"{opacity}\">"));
        canvas.disc(cx, cy, if p.highlight { r + 1.0 } else { r }, &fill, true);
        canvas.close();
        canvas.close();
        obstacles.push(Rect::around(cx, cy, r));
    }
    let size = font - 1.0;
    let wishes: Vec<Wish> = known
        .iter()
        .enumerate()
        .map(|(i, (p, px, py))| Wish {
            x: x.at(*px),
            y: y.at(*py),
            gap: r + 3.0,
            text: p.x.label.clone(),
            size,
            rank: if p.highlight { i } else { known.len() + i },
            must: p.highlight,
        })
        .collect();
    let frame = Rect { x0, y0: top - 8.0, x1: canvas.width, y1: bottom };
    for p in place(&wishes, &obstacles, &soft, &frame) {
        let accent = color("accent");
        let wish = &wishes[p.wish];
        let (fill, bold) = match known[p.wish].0.highlight {
            true => (&accent, true),
            false => (&ink, false),
        };
        let set = Type::new(size, fill).anchor(p.anchor).halo();
        canvas.text(p.x, p.y, &wish.text, if bold { set.bold() } else { set });
    }
    canvas.y = bottom + small + 10.0;
    if !options.x.label.is_empty() {
        canvas.y += small * 1.4;
        let label = text::truncate(&format!("{} →", options.x.label), small, canvas.width);
        let at = canvas.y - 3.0;
        canvas.text(x1, at, &label, Type::new(small, &muted).anchor("end"));
    }
    canvas.y += 4.0;
}
