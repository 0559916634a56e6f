//! Leads and lags around an event, with intervals.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Figure, PlotError, Ranged, TableTwin, TwinCell, finite};
use crate::scale::{Scale, nice_ticks, tick_decimals, tick_labels};
use crate::style::{color, paint};
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text::{self, format_number};

/// An estimate at a time from the event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventPoint {
    /// Time from the event: negative before it.
    pub time: f64,
    /// Estimate with its interval.
    pub estimate: Ranged,
}

/// The leads and lags of one model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventSeries {
    /// Name of the model.
    pub label: String,
    /// Points in rising order of time, without the reference.
    pub points: Vec<EventPoint>,
}

/// Options of [`event_study`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventStudyOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// What the horizontal axis counts, such as `years since entry into force`.
    pub x_label: String,
    /// The time left out of the model, where the effect is zero by construction; drawn as an open
    /// mark without an interval.
    pub reference: Option<f64>,
    /// Word beside the reference.
    pub reference_label: String,
    /// Draws intervals as a band around a line; as bars by default.
    pub band: bool,
    /// Names of the two columns of an interval in the twin.
    pub interval_header: (String, String),
}

impl Default for EventStudyOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            x_label: String::new(),
            reference: None,
            reference_label: "reference".into(),
            band: false,
            interval_header: ("low".into(), "high".into()),
        }
    }
}

const CHART: &str = "event study";

/// Draws the effects before and after an event.
///
/// Assumptions: the event is at time 0, where a dashed line stands, and an effect of 0 is a line
/// across. The reference is no estimate: it has no interval and, in the twin, no bounds.
///
/// # Errors
///
/// [`PlotError::Empty`] without any value, [`PlotError::NotFinite`], [`PlotError::Option`] where
/// times do not rise, the reference is among the estimates, or there are more than eight series.
pub fn event_study(
    options: &EventStudyOptions,
    series: &[EventSeries],
) -> Result<Figure, PlotError> {
    options.common.check()?;
    if let Some(reference) = options.reference {
        finite(CHART, &options.reference_label, reference)?;
    }
    let refuse = |name, got: String, remedy| Err(PlotError::Option { name, got, remedy });
    if series.len() > 8 {
        return refuse("series", series.len().to_string(), "give at most eight series");
    }
    for s in series {
        for (i, p) in s.points.iter().enumerate() {
            finite(CHART, &s.label, p.time)?;
            for v in p.estimate.numbers() {
                finite(CHART, &s.label, v)?;
            }
            if i > 0 && s.points[i - 1].time >= p.time {
                let got = format!("`{}` at {} after {}", s.label, p.time, s.points[i - 1].time);
                return refuse("points", got, "give each series in rising order of time");
            }
            if options.reference == Some(p.time) && p.estimate.datum.value.is_some() {
                let remedy = "the reference is left out of the model: it has no estimate";
                return refuse("reference", p.time.to_string(), remedy);
            }
        }
    }
    let known = |s: &EventSeries| s.points.iter().any(|p| p.estimate.datum.value.is_some());
    if !series.iter().any(known) {
        return Err(PlotError::Empty { chart: CHART, expected: "estimate" });
    }
    let key = key(&("event_study", options, series));
    let (alt, twin) = (alt(options, series), twin(options, series));
    Ok(figure(&options.common, &key, alt, twin, Vec::new(), |canvas| {
        draw(canvas, options, series);
    }))
}

/// Every time, with the reference, in order.
fn times(options: &EventStudyOptions, series: &[EventSeries]) -> Vec<f64> {
    let mut times: Vec<f64> = series.iter().flat_map(|s| s.points.iter().map(|p| p.time)).collect();
    times.extend(options.reference);
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

fn twin(options: &EventStudyOptions, series: &[EventSeries]) -> TableTwin {
    let common = &options.common;
    let times = times(options, series);
    let mut header = vec![options.x_label.clone()];
    let (low, high) = &options.interval_header;
    for s in series {
        let name = if s.label.is_empty() { &common.unit } else { &s.label };
        header.extend([name.clone(), low.clone(), high.clone()]);
    }
    let decimals = tick_decimals(&times);
    let rows = times
        .iter()
        .map(|time| {
            let mut row = vec![TwinCell::Text(format_number(*time, decimals))];
            for s in series {
                let found = s.points.iter().find(|p| p.time == *time);
                row.extend(match found {
                    Some(p) => p.estimate.cells(common),
                    None => {
                        let reference = options.reference == Some(*time);
                        let text = if reference {
                            options.reference_label.clone()
                        } else {
                            common.words.no_data.clone()
                        };
                        [text, String::new(), String::new()].map(TwinCell::Text)
                    }
                });
            }
            row
        })
        .collect();
    TableTwin { header, rows }
}

fn alt(options: &EventStudyOptions, series: &[EventSeries]) -> String {
    let decimals = tick_decimals(&times(options, series));
    let said: Vec<String> = series
        .iter()
        .map(|s| {
            let each: Vec<String> = s
                .points
                .iter()
                .filter(|p| p.estimate.datum.value.is_some())
                .take(24)
                .map(|p| {
                    let time = format_number(p.time, decimals);
                    format!("at {time} {}", p.estimate.show(&options.common))
                })
                .collect();
            let name = if s.label.is_empty() { String::new() } else { format!("{}: ", s.label) };
            format!("{name}{}", each.join(", "))
        })
        .collect();
    let reference = options.reference.map_or(String::new(), |time| {
        format!(" {}: {}.", options.reference_label, format_number(time, decimals))
    });
    format!("{}. Event study.{reference} {}.", options.common.title, said.join("; "))
}

fn draw(canvas: &mut Canvas, options: &EventStudyOptions, series: &[EventSeries]) {
    let (font, narrow) = (canvas.font(), canvas.narrow());
    let small = font - 0.5;
    let (muted, grid) = (color("muted"), color("grid"));
    if series.len() > 1 {
        let entries: Vec<(&str, (String, bool))> =
            series.iter().enumerate().map(|(i, s)| (s.label.as_str(), paint(i))).collect();
        canvas.legend(&entries);
        canvas.y += 8.0;
    }
    let points = || series.iter().flat_map(|s| &s.points);
    let (low, high) = points()
        .flat_map(|p| p.estimate.numbers())
        .fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
    let y_ticks = nice_ticks(low, high, if narrow { 4 } else { 6 });
    let y_labels = tick_labels(&y_ticks, false);
    let left = y_labels.iter().map(|t| text::width(t, small)).fold(0.0, f64::max) + 8.0;
    let (x0, x1) = (left + 4.0, canvas.width - 6.0);
    let top = canvas.y + 6.0;
    let bottom = top + if narrow { 210.0 } else { 290.0 };
    let times = times(options, series);
    let (first, last) = (times[0].min(0.0), times[times.len() - 1].max(0.0));
    let air = if first == last { 1.0 } else { (last - first) * 0.04 };
    let x = Scale::linear(first - air, last + air, x0 + 2.0, x1 - 2.0);
    let y = Scale::linear(y_ticks[0], y_ticks[y_ticks.len() - 1], bottom, top);
    for (t, label) in y_ticks.iter().zip(&y_labels) {
        let at = y.at(*t);
        let (stroke, width) = if *t == 0.0 { ("axis", 1.4) } else { ("grid", 1.0) };
        canvas.line((x0, at), (x1, at), &color(stroke), width);
        canvas.text(left - 4.0, at + small * 0.35, label, Type::new(small, &muted).anchor("end"));
    }
    let (event, axis) = (x.at(0.0), color("axis"));
    canvas.path(
        &format!("M{} {}V{}", num(event), num(top), num(bottom)),
        &format!(" fill=\"none\" stroke=\"{axis}\" stroke-width=\"1.2\" stroke-dasharray=\"4 4\""),
    );
    // Whole times have ticks of their own where there is room, else round ones.
    let whole = times.iter().all(|t| t.fract() == 0.0) && last - first <= 40.0;
    let most = if narrow { 9.0 } else { 21.0 };
    let x_ticks: Vec<f64> = if whole && last - first < most {
        (first as i64..=last as i64).map(|t| t as f64).collect()
    } else {
        let mut ticks = nice_ticks(first, last, if narrow { 5 } else { 9 });
        ticks.retain(|t| *t >= first - air && *t <= last + air);
        ticks
    };
    for (t, label) in x_ticks.iter().zip(tick_labels(&x_ticks, false)) {
        let at = x.at(*t);
        canvas.line((at, bottom), (at, bottom + 4.0), &grid, 1.0);
        let set = Type::new(small, &muted).anchor("middle");
        canvas.text(at, bottom + small + 7.0, &label, set);
    }
    // Series stand side by side at each time.
    let gap = if series.len() > 1 { 7.0_f64.min(18.0 / series.len() as f64) } else { 0.0 };
    let shift = |i: usize| (i as f64 - (series.len() as f64 - 1.0) / 2.0) * gap;
    for (i, s) in series.iter().enumerate() {
        draw_series(canvas, options, s, i, if options.band { 0.0 } else { shift(i) }, (&x, &y));
    }
    if let Some(reference) = options.reference {
        // The word stands at the edge that the neighbours leave more room at.
        let near = points().filter(|p| (p.time - reference).abs() <= 2.0);
        let (least, most) = near
            .flat_map(|p| p.estimate.numbers())
            .fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        let at = (x.at(reference), y.at(0.0));
        let above = y.at(most) - top > bottom - y.at(least);
        let (edge, baseline) = if above {
            (top + small + 3.0, top + small - 1.0)
        } else {
            (bottom - small - 3.0, bottom - 5.0)
        };
        canvas.line(at, (at.0, edge), &grid, 1.0);
        canvas.disc(at.0, at.1, 4.2, &muted, false);
        let half = text::width(&options.reference_label, small) / 2.0;
        let centre = at.0.clamp(x0 + half, x1 - half);
        let set = Type::new(small, &muted).anchor("middle").halo();
        canvas.text(centre, baseline, &options.reference_label, set);
    }
    canvas.y = bottom + small + 12.0;
    if !options.x_label.is_empty() {
        canvas.y += small * 1.4;
        let label = text::truncate(&format!("{} →", options.x_label), small, canvas.width);
        let at = canvas.y - 3.0;
        canvas.text(x1, at, &label, Type::new(small, &muted).anchor("end"));
    }
    canvas.y += 4.0;
}

fn draw_series(
    canvas: &mut Canvas,
    options: &EventStudyOptions,
    s: &EventSeries,
    position: usize,
    shift: f64,
    (x, y): (&Scale, &Scale),
) {
    let common = &options.common;
    let (stroke, filled) = paint(position);
    if options.band {
        // The band closes at the reference, which is zero without error.
        let mut ends: Vec<(f64, f64, f64, f64)> = s
            .points
            .iter()
            .filter_map(|p| {
                let e = &p.estimate;
                let value = e.datum.value?;
                Some((p.time, value, e.low.unwrap_or(value), e.high.unwrap_or(value)))
            })
            .chain(options.reference.map(|time| (time, 0.0, 0.0, 0.0)))
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let join = |points: Vec<(f64, f64)>| {
            let at = |(time, v): &(f64, f64)| format!("{} {}", num(x.at(*time)), num(y.at(*v)));
            points.iter().map(at).collect::<Vec<_>>().join("L")
        };
        let lower = ends.iter().map(|e| (e.0, e.2));
        let upper = ends.iter().rev().map(|e| (e.0, e.3));
        canvas.path(
            &format!("M{}z", join(lower.chain(upper).collect())),
            &format!(" fill=\"{stroke}\" fill-opacity=\"0.16\""),
        );
        canvas.path(
            &format!("M{}", join(ends.iter().map(|e| (e.0, e.1)).collect())),
            &format!(" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.6\""),
        );
    }
    let decimals = tick_decimals(&s.points.iter().map(|p| p.time).collect::<Vec<_>>());
    for p in &s.points {
        let Some(value) = p.estimate.datum.value else { continue };
        let at = x.at(p.time) + shift;
        let time = format_number(p.time, decimals);
        let name = format!("{} {time}", s.label);
        canvas.open_mark(
            &p.estimate.datum.id,
            &format!("{}: {}", name.trim_start(), p.estimate.show(common)),
        );
        if let (false, Some(low), Some(high)) = (options.band, p.estimate.low, p.estimate.high) {
            let (low, high) = (y.at(low), y.at(high));
            canvas.line((at, low), (at, high), &stroke, 1.6);
            for end in [low, high] {
                canvas.line((at - 3.0, end), (at + 3.0, end), &stroke, 1.6);
            }
        }
        canvas.disc(at, y.at(value), if options.band { 3.2 } else { 4.2 }, &stroke, filled);
        canvas.close();
    }
}
