//! Lines over years or over any number, with gaps, ranges and reference points.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::labels::spread;
use crate::scale::{Scale, nice_ticks, tick_labels};
use crate::style::{color, series as series_color};
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text;

/// What the horizontal axis counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum XKind {
    /// Years: whole ticks, and a year that is left out breaks the line.
    #[default]
    Year,
    /// Any number, such as the number of centres; only a `None` breaks the line.
    Number,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeriesKind {
    /// A line with markers where there are few points.
    #[default]
    Line,
    /// Filled markers without a line: figures of another source.
    Filled,
    /// Open markers without a line: figures of another source, derived or provisional.
    Open,
}

/// One point of a series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Point {
    /// Place on the horizontal axis.
    pub x: f64,
    /// The value with its key; its label is used in the hover text only.
    pub datum: Datum,
    /// Lower end of an interval.
    pub low: Option<f64>,
    /// Upper end of an interval.
    pub high: Option<f64>,
}

/// A named series of points in rising order of `x`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Series {
    /// Name, written at the end of the line; empty for more figures of the series before.
    pub label: String,
    /// Points in rising order of `x`.
    pub points: Vec<Point>,
    /// Line or markers.
    pub kind: SeriesKind,
    /// Draws the series in the accent colour. Where any series is emphasised, the others are grey.
    pub emphasis: bool,
}

/// Options of [`line()`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LineOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// What the horizontal axis counts.
    pub x_kind: XKind,
    /// Name of the horizontal axis; empty for years, which need none.
    pub x_label: String,
    /// Whether the vertical axis begins at zero. Default true: levels of trade are compared by height.
    pub zero: bool,
    /// Writes the last value behind the name of each line.
    pub label_values: bool,
    /// Marks values of `x` for which no line has a value with a hatched band.
    pub mark_missing: bool,
}

impl Default for LineOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            x_kind: XKind::Year,
            x_label: String::new(),
            zero: true,
            label_values: true,
            mark_missing: true,
        }
    }
}

const CHART: &str = "line chart";

/// Draws series over years or another number.
///
/// Assumptions: a `None` breaks the line, and so does a year that is left out; a point without
/// neighbours is a marker. Points of series of other kinds than [`SeriesKind::Line`] are never
/// joined.
///
/// Result: a figure whose twin has one row for each `x` and one column for each series.
///
/// # Errors
///
/// [`PlotError::Empty`] without any value, [`PlotError::NotFinite`] for infinities,
/// [`PlotError::Option`] where a series is not in rising order of `x`.
///
/// ```
/// use emporion_plot::{Common, Datum, LineOptions, Point, Series, line};
/// let points = [(2020, 29.5), (2021, 40.0), (2022, 45.8)].map(|(year, value)| Point {
///     x: f64::from(year),
///     datum: Datum::new("turnover", value, format!("c{year}")),
///     ..Point::default()
/// });
/// let series = Series { label: "Turnover".into(), points: points.to_vec(), ..Series::default() };
/// let options = LineOptions { common: Common::new("Turnover", "USD bn", 1), ..Default::default() };
/// let figure = line(&options, &[series]).unwrap();
/// assert!(figure.svg.contains("data-cell=\"c2022\""));
/// ```
pub fn line(options: &LineOptions, series: &[Series]) -> Result<Figure, PlotError> {
    options.common.check()?;
    let mut any = false;
    for s in series {
        for (i, p) in s.points.iter().enumerate() {
            finite(CHART, &s.label, p.x)?;
            for v in [p.datum.value, p.low, p.high].into_iter().flatten() {
                finite(CHART, &s.label, v)?;
            }
            any |= p.datum.value.is_some();
            if i > 0 && s.points[i - 1].x >= p.x {
                return Err(PlotError::Option {
                    name: "points",
                    got: format!("`{}` at {} after {}", s.label, p.x, s.points[i - 1].x),
                    remedy: "give each series in rising order of x, once for each x",
                });
            }
        }
    }
    if !any {
        return Err(PlotError::Empty { chart: CHART, expected: "point with a value" });
    }
    let key = key(&("line", options, series));
    Ok(figure(
        &options.common,
        &key,
        alt(options, series),
        twin(options, series),
        Vec::new(),
        |canvas| draw(canvas, options, series),
    ))
}

/// Every `x` of any series, in order.
fn positions(series: &[Series]) -> Vec<f64> {
    let mut xs: Vec<f64> = series.iter().flat_map(|s| s.points.iter().map(|p| p.x)).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

fn show_x(options: &LineOptions, xs: &[f64], x: f64) -> String {
    match options.x_kind {
        XKind::Year => format!("{x:.0}"),
        XKind::Number => text::format_number(x, crate::scale::tick_decimals(xs)),
    }
}

fn twin(options: &LineOptions, series: &[Series]) -> TableTwin {
    let xs = positions(series);
    let mut header = vec![options.x_label.clone()];
    let mut label = String::new();
    header.extend(series.iter().map(|s| {
        if !s.label.is_empty() {
            label.clone_from(&s.label);
        }
        label.clone()
    }));
    let rows = xs
        .iter()
        .map(|x| {
            let mut row = vec![TwinCell::Text(show_x(options, &xs, *x))];
            row.extend(series.iter().map(|s| match s.points.iter().find(|p| p.x == *x) {
                Some(p) => p.datum.cell(&options.common),
                None => TwinCell::Text(options.common.words.no_data.clone()),
            }));
            row
        })
        .collect();
    TableTwin { header, rows }
}

fn alt(options: &LineOptions, series: &[Series]) -> String {
    let xs = positions(series);
    let parts: Vec<String> = series
        .iter()
        .filter_map(|s| {
            let known: Vec<&Point> = s.points.iter().filter(|p| p.datum.value.is_some()).collect();
            let (first, last) = (known.first()?, known.last()?);
            let say = |p: &Point| {
                let x = show_x(options, &xs, p.x);
                format!("{} at {x}", options.common.show_with_unit(p.datum.value))
            };
            let name = if s.label.is_empty() { "also" } else { &s.label };
            Some(if known.len() == 1 {
                format!("{name}: {}", say(first))
            } else {
                format!("{name}: from {} to {}", say(first), say(last))
            })
        })
        .collect();
    format!("{}. Line chart. {}.", options.common.title, parts.join("; "))
}

/// Runs of neighbouring points with values.
fn runs(options: &LineOptions, s: &Series) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut open = false;
    for (i, p) in s.points.iter().enumerate() {
        let jump = options.x_kind == XKind::Year && i > 0 && p.x - s.points[i - 1].x > 1.5;
        if p.datum.value.is_none() {
            open = false;
        } else if open && !jump {
            if let Some(run) = out.last_mut() {
                run.push(i);
            }
        } else {
            out.push(vec![i]);
            open = true;
        }
    }
    out
}

fn draw(canvas: &mut Canvas, options: &LineOptions, series: &[Series]) {
    let common = &options.common;
    let font = canvas.font();
    let small = font - 0.5;
    let (ink, muted, grid) = (color("ink"), color("muted"), color("grid"));
    let any_emphasis = series.iter().any(|s| s.emphasis);
    let paint: Vec<String> = series
        .iter()
        .enumerate()
        .map(|(i, s)| match (s.emphasis, any_emphasis) {
            (true, _) => color("accent"),
            (false, true) => color("series-7"),
            (false, false) => series_color(i),
        })
        .collect();

    // Names: at the line ends where there is room, otherwise and for loose markers above the plot.
    let lines: Vec<usize> =
        (0..series.len()).filter(|i| series[*i].kind == SeriesKind::Line).collect();
    let ends: Vec<(usize, &Point)> = lines
        .iter()
        .filter_map(|i| Some((*i, series[*i].points.iter().rfind(|p| p.datum.value.is_some())?)))
        .collect();
    let room = canvas.width * 0.27;
    let end_text: Vec<Vec<String>> = ends
        .iter()
        .map(|(i, p)| {
            let label = &series[*i].label;
            let full = if options.label_values {
                let value = common.show(p.datum.value);
                if label.is_empty() { value } else { format!("{label} {value}") }
            } else {
                label.clone()
            };
            text::wrap(&full, font, room, 3)
        })
        .collect();
    let direct = !canvas.narrow();
    let legend: Vec<usize> = (0..series.len())
        .filter(|i| !direct && series.len() > 1 || series[*i].kind != SeriesKind::Line)
        .filter(|i| !series[*i].label.is_empty())
        .collect();
    draw_legend(canvas, series, &paint, &legend);

    let values: Vec<f64> = series
        .iter()
        .flat_map(|s| s.points.iter().flat_map(|p| [p.datum.value, p.low, p.high]))
        .flatten()
        .collect();
    let mut low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let mut high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if options.zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let ticks = nice_ticks(low, high, if canvas.narrow() { 4 } else { 5 });
    let labels = tick_labels(&ticks, false);

    let left = labels.iter().map(|t| text::width(t, small)).fold(0.0, f64::max) + 8.0;
    let right = if direct {
        end_text.iter().flatten().map(|t| text::width(t, font)).fold(0.0, f64::max) * 1.04 + 14.0
    } else {
        let last = ends.iter().map(|(_, p)| text::width(&common.show(p.datum.value), font));
        if options.label_values { last.fold(0.0, f64::max) + 10.0 } else { 10.0 }
    };
    let top = canvas.y + 6.0;
    let bottom = top + if canvas.narrow() { 190.0 } else { 270.0 };
    let (x0, x1) = (left + 6.0, canvas.width - right - 4.0);

    let xs = positions(series);
    let (first, last) = (xs[0], xs[xs.len() - 1]);
    let x = Scale::linear(first, last, x0 + 4.0, x1 - 4.0);
    let y = Scale::linear(ticks[0], ticks[ticks.len() - 1], bottom, top);

    if options.mark_missing {
        mark_missing(canvas, options, series, &x, (top, bottom), (x0, x1));
    }
    for (t, label) in ticks.iter().zip(&labels) {
        let at = y.at(*t);
        let stroke = if *t == 0.0 { color("axis") } else { grid.clone() };
        canvas.line((left, at), (x1, at), &stroke, 1.0);
        canvas.text(left - 6.0, at + small * 0.35, label, Type::new(small, &muted).anchor("end"));
    }
    draw_x_axis(canvas, options, &xs, &x, bottom, (x0, x1));

    for (i, s) in series.iter().enumerate() {
        draw_band(canvas, s, &paint[i], &x, &y, &runs(options, s));
    }
    // The emphasised series is drawn last, above the others.
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by_key(|i| (series[*i].emphasis, series[*i].kind != SeriesKind::Line));
    for i in order {
        draw_series(canvas, options, &series[i], &paint[i], &x, &y);
    }

    let wanted: Vec<f64> =
        ends.iter().map(|(_, p)| y.at(p.datum.value.unwrap_or_default())).collect();
    let heights: Vec<f64> = if direct {
        end_text.iter().map(|lines| lines.len() as f64 * font * 1.15 + 2.0).collect()
    } else {
        vec![font * 1.15; ends.len()]
    };
    let placed = spread(&wanted, &heights, top, bottom);
    for (k, (i, p)) in ends.iter().enumerate() {
        let set = Type::new(font, &paint[*i]);
        let set = if series[*i].emphasis { set.bold() } else { set };
        if direct {
            let lx = x1 + 6.0;
            // A line that ends early, or a label moved aside, is tied to its label by a hairline.
            let from = (x.at(p.x) + 5.0, wanted[k]);
            if lx - from.0 > 14.0 || (placed[k] - wanted[k]).abs() > font * 0.8 {
                canvas.line(from, (lx - 2.0, placed[k]), &color("axis"), 0.6);
            }
            let n = end_text[k].len() as f64;
            for (row, content) in end_text[k].iter().enumerate() {
                let at = placed[k] + (row as f64 - (n - 1.0) / 2.0) * font * 1.15 + font * 0.35;
                canvas.text(lx, at, content, set);
            }
        } else if options.label_values {
            let content = common.show(p.datum.value);
            canvas.text(x.at(p.x) + 6.0, placed[k] + font * 0.35, &content, set.halo());
        }
    }
    if !options.x_label.is_empty() {
        canvas.y += font * 1.3;
        let at = canvas.y - 3.0;
        canvas.text((x0 + x1) / 2.0, at, &options.x_label, Type::new(small, &ink).anchor("middle"));
    }
    canvas.y += 6.0;
}

fn draw_legend(canvas: &mut Canvas, series: &[Series], paint: &[String], shown: &[usize]) {
    if shown.is_empty() {
        return;
    }
    let (font, ink) = (canvas.font(), color("ink"));
    let mut x = 0.0;
    canvas.y += font;
    for i in shown {
        let label = text::truncate(&series[*i].label, font, canvas.width - 24.0);
        let needed = 22.0 + text::width(&label, font) + 16.0;
        if x > 0.0 && x + needed - 16.0 > canvas.width {
            x = 0.0;
            canvas.y += font * 1.5;
        }
        let at = canvas.y - font * 0.35;
        match series[*i].kind {
            SeriesKind::Line => canvas.line((x, at), (x + 16.0, at), &paint[*i], 2.2),
            kind => canvas.disc(x + 8.0, at, 4.0, &paint[*i], kind == SeriesKind::Filled),
        }
        let y = canvas.y;
        canvas.text(x + 22.0, y, &label, Type::new(font, &ink));
        x += needed;
    }
    canvas.y += 12.0;
}

fn mark_missing(
    canvas: &mut Canvas,
    options: &LineOptions,
    series: &[Series],
    x: &Scale,
    (top, bottom): (f64, f64),
    (x0, x1): (f64, f64),
) {
    let xs = positions(series);
    let has = |at: f64| {
        series.iter().any(|s| s.points.iter().any(|p| p.x == at && p.datum.value.is_some()))
    };
    let mut missing: Vec<f64> = xs.iter().copied().filter(|at| !has(*at)).collect();
    if options.x_kind == XKind::Year && xs[xs.len() - 1] - xs[0] < 400.0 {
        let years = xs[0] as i64..=xs[xs.len() - 1] as i64;
        missing = years.map(|year| year as f64).filter(|at| !has(*at)).collect();
    }
    let gap = xs.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let half = if options.x_kind == XKind::Year { 0.5 } else { gap / 2.0 };
    let mut i = 0;
    while i < missing.len() {
        let mut j = i;
        while j + 1 < missing.len() && missing[j + 1] - missing[j] <= 2.0 * half + 1e-9 {
            j += 1;
        }
        let from = x.at(missing[i] - half).max(x0);
        let to = x.at(missing[j] + half).min(x1);
        let fill = canvas.hatch("missing");
        canvas.rect(from, top, to - from, bottom - top, &fill, " opacity=\"0.35\"");
        let (font, muted) = (canvas.font() - 1.0, color("muted"));
        let words = &options.common.words.no_data;
        if text::width(words, font) + 6.0 <= to - from {
            let set = Type::new(font, &muted).anchor("middle").halo();
            canvas.text((from + to) / 2.0, top + font * 1.4, words, set);
        } else if bottom - top > text::width(words, font) + 12.0 && to - from > font {
            // Too narrow for a line of text: write upwards.
            let (cx, cy) = ((from + to) / 2.0 + font * 0.35, top + 6.0);
            canvas.raw(&format!("<g transform=\"rotate(-90 {} {})\">", num(cx), num(cy)));
            canvas.text(cx, cy, words, Type::new(font, &muted).anchor("end").halo());
            canvas.close();
        }
        i = j + 1;
    }
}

fn draw_x_axis(
    canvas: &mut Canvas,
    options: &LineOptions,
    xs: &[f64],
    x: &Scale,
    bottom: f64,
    (x0, x1): (f64, f64),
) {
    let small = canvas.font() - 0.5;
    let (axis, muted) = (color("axis"), color("muted"));
    let (first, last) = (xs[0], xs[xs.len() - 1]);
    let widest = [first, last].map(|v| text::width(&show_x(options, xs, v), small));
    let room = ((x1 - x0) / (widest[0].max(widest[1]) + 16.0)).floor().max(2.0);
    let whole = xs.iter().all(|v| v.fract() == 0.0);
    // Each step its tick where there is room, also where the data leave a step out.
    let mut ticks: Vec<f64> = if whole && last - first < room {
        (first as i64..=last as i64).map(|t| t as f64).collect()
    } else {
        let nice = nice_ticks(first, last, room as usize);
        nice.into_iter()
            .filter(|t| *t >= first && *t <= last && (!whole || t.fract() == 0.0))
            .collect()
    };
    if ticks.is_empty() {
        ticks = vec![first, last];
        ticks.dedup();
    }
    let decimals = crate::scale::tick_decimals(&ticks);
    for t in &ticks {
        let at = x.at(*t);
        canvas.line((at, bottom), (at, bottom + 4.0), &axis, 1.0);
        let label = match options.x_kind {
            XKind::Year => format!("{t:.0}"),
            XKind::Number => text::format_number(*t, decimals),
        };
        canvas.text(at, bottom + 6.0 + small, &label, Type::new(small, &muted).anchor("middle"));
    }
    canvas.line((x0, bottom), (x1, bottom), &axis, 1.0);
    canvas.y = bottom + small + 12.0;
}

fn draw_band(
    canvas: &mut Canvas,
    s: &Series,
    paint: &str,
    x: &Scale,
    y: &Scale,
    runs: &[Vec<usize>],
) {
    for run in runs {
        let ends: Vec<(f64, f64, f64)> = run
            .iter()
            .filter_map(|i| {
                let p = &s.points[*i];
                Some((x.at(p.x), y.at(p.low?), y.at(p.high?)))
            })
            .collect();
        if s.kind != SeriesKind::Line || ends.len() < 2 {
            for (at, low, high) in ends {
                canvas.line((at, low), (at, high), paint, 1.2);
            }
            continue;
        }
        let upper = ends.iter().map(|(x, _, h)| format!("{} {}", num(*x), num(*h)));
        let lower = ends.iter().rev().map(|(x, l, _)| format!("{} {}", num(*x), num(*l)));
        let d = format!("M{}Z", upper.chain(lower).collect::<Vec<_>>().join("L"));
        canvas.path(&d, &format!(" fill=\"{paint}\" fill-opacity=\"0.14\""));
    }
}

fn draw_series(
    canvas: &mut Canvas,
    options: &LineOptions,
    s: &Series,
    paint: &str,
    x: &Scale,
    y: &Scale,
) {
    let place = |p: &Point| (x.at(p.x), y.at(p.datum.value.unwrap_or_default()));
    let runs = runs(options, s);
    if s.kind == SeriesKind::Line {
        let width = if s.emphasis { 2.6 } else { 2.0 };
        for run in runs.iter().filter(|run| run.len() > 1) {
            let points = run.iter().map(|i| place(&s.points[*i]));
            let d: Vec<String> = points.map(|(x, y)| format!("{} {}", num(x), num(y))).collect();
            canvas.path(
                &format!("M{}", d.join("L")),
                &format!(
                    " fill=\"none\" stroke=\"{paint}\" stroke-width=\"{}\" stroke-linejoin=\"round\" \
                     stroke-linecap=\"round\"",
                    num(width)
                ),
            );
        }
    }
    let few = s.points.len() <= 16;
    for run in &runs {
        for i in run {
            let p = &s.points[*i];
            let (px, py) = place(p);
            let value = options.common.show_with_unit(p.datum.value);
            let note = if p.datum.note.is_empty() {
                String::new()
            } else {
                format!(" ({})", p.datum.note)
            };
            let at = show_x(options, &[p.x], p.x);
            canvas.open_mark(&p.datum.id, &format!("{}, {at}: {value}{note}", s.label));
            let r = if canvas.narrow() { 2.8 } else { 3.2 };
            match s.kind {
                SeriesKind::Line if few || run.len() == 1 => canvas.disc(px, py, r, paint, true),
                // An unseen disc keeps the hover text reachable on a long line.
                SeriesKind::Line => canvas.raw(&format!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"transparent\"/>",
                    num(px),
                    num(py)
                )),
                kind => canvas.disc(px, py, r + 0.8, paint, kind == SeriesKind::Filled),
            }
            canvas.close();
        }
    }
}
