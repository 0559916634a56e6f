//! Charts and maps of a brief: the marks are numbers of the brief, so that a mark, its row in the
//! table twin and the same number in the text have one trace.

use std::sync::Arc;

use emporion_plot::{
    Axis, Bar, BarOptions, Common, Datum, DumbbellOptions, DumbbellRow, Figure, LineOptions,
    PlotError, Point, Ranged, ScatterOptions, ScatterPoint, Series, SeriesKind,
};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use crate::book::{Block, Book, Shown, refuse};
use crate::cell::{Cell, Interval};
use crate::number::scale;
use crate::value::{BLOCK, Number};

/// Words for the scale of a unit.
const SIZES: [&str; 4] = ["th", "mn", "bn", "tn"];

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("bar", move |items: Vec<Value>, kwargs: Kwargs| bar(&b, &items, &kwargs));
    let b = Arc::clone(book);
    env.add_function("dumbbell", move |items: Vec<Value>, kwargs: Kwargs| {
        dumbbell(&b, &items, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("scatter", move |items: Vec<Value>, kwargs: Kwargs| {
        scatter(&b, &items, &kwargs)
    });
    let b = Arc::clone(book);
    env.add_function("line", move |series: Vec<Value>, kwargs: Kwargs| line(&b, &series, &kwargs));
}

/// What every chart function takes.
pub struct Frame {
    /// Title, unit and size for the drawing.
    pub common: Common,
    title: String,
    caption: String,
    footnote: String,
    label: String,
    value: String,
}

impl Frame {
    /// Reads the options that all charts share.
    ///
    /// # Errors
    ///
    /// Without a title or a caption.
    pub fn new(kwargs: &Kwargs) -> Result<Self, Error> {
        let text = |name: &str, default: &str| -> Result<String, Error> {
            Ok(kwargs.get::<Option<Value>>(name)?.map_or(default.to_owned(), |v| v.to_string()))
        };
        let title = text("title", "")?;
        let caption = text("caption", "")?;
        if title.is_empty() || caption.is_empty() {
            return Err(refuse(
                "a chart needs title = \"...\" and caption = \"...\": the caption states the finding",
            ));
        }
        let decimals = kwargs.get::<Option<usize>>("decimals")?.unwrap_or(1);
        let mut common = Common::new(title.clone(), text("unit", "")?, decimals);
        common.show_title = false;
        common.alt = None;
        Ok(Self {
            common,
            title,
            caption,
            footnote: text("footnote", "")?,
            label: text("label", "name")?,
            value: text("value", "value")?,
        })
    }

    /// A mark for an item: its label and its number in the unit of the chart.
    ///
    /// # Errors
    ///
    /// When the item has no such number.
    pub fn datum(&self, item: &Value) -> Result<(Datum, Arc<Cell>, f64), Error> {
        let cell = Number::from_value(&item.get_attr(&self.value)?)?;
        let factor =
            if self.common.unit.is_empty() { 1.0 } else { factor(&cell.unit, &self.common.unit)? };
        let label = item.get_attr(&self.label)?.to_string();
        let datum = match cell.value {
            Some(value) => Datum::new(label, value * factor, cell.id.clone()),
            None => Datum::missing(label, cell.id.clone()),
        };
        Ok((datum, cell, factor))
    }

    /// Name of the attribute with the number.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Name of the attribute with the label.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The number that an item has under a name, with the ends of its interval.
    ///
    /// # Errors
    ///
    /// When the item has no such number.
    pub fn ranged(&mut self, item: &Value, name: &str) -> Result<Ranged, Error> {
        let before = std::mem::replace(&mut self.value, name.to_owned());
        let found = self.datum(item);
        self.value = before;
        let (datum, cell, factor) = found?;
        let end = |of: fn(&Interval) -> f64| cell.interval.as_ref().map(|i| of(i) * factor);
        Ok(Ranged { datum, low: end(|i| i.low), high: end(|i| i.high) })
    }

    /// A number of an item in its own unit, without a label.
    ///
    /// # Errors
    ///
    /// When the item has no such number.
    pub fn plain(&self, item: &Value, name: &str) -> Result<Datum, Error> {
        let cell = Number::from_value(&item.get_attr(name)?)?;
        Ok(Datum { value: cell.value, id: cell.id.clone(), ..Datum::default() })
    }

    /// Adds a line to the small print.
    pub fn say(&mut self, note: Option<String>) {
        let Some(note) = note else { return };
        let end = self.footnote.trim_end().chars().last();
        self.footnote.push_str(match end {
            None => "",
            Some('.' | '!' | '?') => " ",
            Some(_) => ". ",
        });
        self.footnote.push_str(&note);
    }

    /// Enters the drawn block and returns the marker that stands for it.
    ///
    /// # Errors
    ///
    /// What the drawing refused.
    pub fn finish(
        mut self,
        book: &Book,
        figure: Result<Figure, PlotError>,
    ) -> Result<String, Error> {
        let figure = figure.map_err(|error| refuse(error.to_string()))?;
        for note in &figure.notes {
            self.say(Some(note.clone()));
        }
        let Self { title, caption, footnote, .. } = self;
        Ok(enter(book, Block { shown: Shown::Figure(Box::new(figure)), title, caption, footnote }))
    }
}

/// From a number's unit to the chart's; words of their own, such as `percent of trade`, are let be.
fn factor(from: &str, to: &str) -> Result<f64, Error> {
    let scaled = |unit: &str| unit.rsplit(' ').next().is_some_and(|size| SIZES.contains(&size));
    match scale(from, to) {
        Some(factor) => Ok(factor),
        None if scaled(from) || scaled(to) => Err(refuse(format!(
            "a number in {from:?} cannot be drawn in {to:?}; units that differ only in scale (th, \
             mn, bn, tn) convert"
        ))),
        None => Ok(1.0),
    }
}

/// Enters a block and gives the marker that stands for it.
pub fn enter(book: &Book, block: Block) -> String {
    let index = book.block(block);
    format!("\n\n{BLOCK}{index}{BLOCK}\n\n")
}

/// `bar(items, label = "name", value = "value", title = ..., caption = ...)`: ranked bars.
fn bar(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let frame = Frame::new(kwargs)?;
    let highlight: Vec<String> =
        kwargs.get::<Option<Vec<String>>>("highlight")?.unwrap_or_default();
    let sort = kwargs.get::<Option<bool>>("sort")?.unwrap_or(true);
    let header: Option<String> = kwargs.get("header")?;
    let top: Option<usize> = kwargs.get("top")?;
    kwargs.assert_all_used()?;
    let mut bars = Vec::with_capacity(items.len());
    for item in items.iter().take(top.unwrap_or(usize::MAX)) {
        let (datum, cell, factor) = frame.datum(item)?;
        let id = item.get_attr("id").ok().map(|id| id.to_string()).unwrap_or_default();
        bars.push(Bar {
            highlight: highlight.contains(&id) || highlight.contains(&datum.label),
            low: cell.interval.as_ref().map(|i| i.low * factor),
            high: cell.interval.as_ref().map(|i| i.high * factor),
            datum,
        });
    }
    let options = BarOptions {
        common: frame.common.clone(),
        sort,
        label_header: header.unwrap_or_default(),
        ..BarOptions::default()
    };
    frame.finish(book, emporion_plot::bar(&options, &bars))
}

/// `dumbbell(items, points = ["before", "after"], names = ["2021", "2022"], ...)`: several numbers of
/// each item on one line.
fn dumbbell(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let mut frame = Frame::new(kwargs)?;
    let points: Vec<String> = kwargs.get("points")?;
    let names: Option<Vec<String>> = kwargs.get("names")?;
    let header: Option<String> = kwargs.get("header")?;
    let top: Option<usize> = kwargs.get("top")?;
    let zero = kwargs.get::<Option<bool>>("zero")?.unwrap_or(true);
    kwargs.assert_all_used()?;
    let names = names.unwrap_or_else(|| points.clone());
    if names.len() != points.len() || points.is_empty() {
        return Err(refuse("dumbbell(): points = [\"before\", \"after\"] and a name for each"));
    }
    let mut rows = Vec::new();
    for item in items.iter().take(top.unwrap_or(usize::MAX)) {
        let mut row = DumbbellRow::default();
        for point in &points {
            frame.value.clone_from(point);
            let (datum, ..) = frame.datum(item)?;
            row.label.clone_from(&datum.label);
            row.points.push(datum);
        }
        rows.push(row);
    }
    let options = DumbbellOptions {
        common: frame.common.clone(),
        points: names,
        zero,
        label_header: header.unwrap_or_default(),
    };
    frame.finish(book, emporion_plot::dumbbell(&options, &rows))
}

/// `line([{label, points, kind}], x = "year", ...)`: series over years or another number.
fn line(book: &Book, series: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let frame = Frame::new(kwargs)?;
    let x: String = kwargs.get::<Option<String>>("x")?.unwrap_or_else(|| "year".into());
    let x_label: Option<String> = kwargs.get("x_label")?;
    let zero = kwargs.get::<Option<bool>>("zero")?.unwrap_or(true);
    kwargs.assert_all_used()?;
    let mut drawn = Vec::new();
    for (position, item) in series.iter().enumerate() {
        let mut points = Vec::new();
        for point in item.get_attr("points")?.try_iter()? {
            let (datum, cell, factor) = frame.datum(&point)?;
            let at = point.get_attr(&x)?;
            let at = f64::try_from(at.clone())
                .or_else(|_| Number::from_value(&at).map(|cell| cell.value.unwrap_or(f64::NAN)))?;
            points.push(Point {
                x: at,
                datum,
                low: cell.interval.as_ref().map(|i| i.low * factor),
                high: cell.interval.as_ref().map(|i| i.high * factor),
            });
        }
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let kind = match item.get_attr("kind")?.as_str() {
            Some("points") => SeriesKind::Filled,
            Some("open") => SeriesKind::Open,
            _ => SeriesKind::Line,
        };
        // Several figures at one place stand above each other: each round takes one of each.
        let mut label = item.get_attr("label")?.to_string();
        while !points.is_empty() {
            let mut later = Vec::new();
            let mut round: Vec<Point> = Vec::new();
            for point in points {
                match round.last() {
                    Some(last) if last.x == point.x => later.push(point),
                    _ => round.push(point),
                }
            }
            drawn.push(Series { label, points: round, kind, emphasis: position == 0 });
            label = String::new();
            points = later;
        }
    }
    let mut options = LineOptions { common: frame.common.clone(), zero, ..LineOptions::default() };
    if let Some(label) = x_label {
        options.x_label = label;
        options.x_kind = emporion_plot::XKind::Number;
        options.mark_missing = false;
    }
    frame.finish(book, emporion_plot::line(&options, &drawn))
}

/// `scatter(items, x = "exports", y = "eci", x_label = ..., y_label = ..., ...)`: two numbers of each
/// item; `log_x` and `log_y` for logarithmic axes; `fit = true` for the line of least squares with its
/// equation.
fn scatter(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<String, Error> {
    let mut frame = Frame::new(kwargs)?;
    let (x, y): (String, String) = (kwargs.get("x")?, kwargs.get("y")?);
    let axis = |name: &str, log: &str| -> Result<Axis, Error> {
        Ok(Axis {
            label: kwargs.get(name)?,
            log: kwargs.get::<Option<bool>>(log)?.unwrap_or(false),
            decimals: frame.common.decimals,
        })
    };
    let (x_axis, y_axis) = (axis("x_label", "log_x")?, axis("y_label", "log_y")?);
    let highlight: Vec<String> =
        kwargs.get::<Option<Vec<String>>>("highlight")?.unwrap_or_default();
    let header: Option<String> = kwargs.get("header")?;
    let fitted = kwargs.get::<Option<bool>>("fit")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let mut points = Vec::with_capacity(items.len());
    for item in items {
        frame.value.clone_from(&x);
        let (across, ..) = frame.datum(item)?;
        frame.value.clone_from(&y);
        let (up, ..) = frame.datum(item)?;
        let id = item.get_attr("id")?.to_string();
        points.push(ScatterPoint { x: across, y: up, highlight: highlight.contains(&id) });
    }
    let (fit, fit_label) =
        if fitted { least_squares(&points, &x_axis, &y_axis)? } else { Default::default() };
    let options = ScatterOptions {
        common: frame.common.clone(),
        x: x_axis,
        y: y_axis,
        fit,
        fit_label,
        label_header: header.unwrap_or_default(),
    };
    frame.finish(book, emporion_plot::scatter(&options, &points))
}

/// Ends and equation of the line of least squares through the points that have both values, in the
/// logarithm (base 10) of a logarithmic axis.
fn least_squares(
    points: &[ScatterPoint],
    x: &Axis,
    y: &Axis,
) -> Result<(Vec<(f64, f64)>, String), Error> {
    let along = |axis: &Axis, value: f64| if axis.log { value.log10() } else { value };
    let known: Vec<(f64, f64)> =
        points.iter().filter_map(|p| Some((along(x, p.x.value?), along(y, p.y.value?)))).collect();
    if known.iter().any(|(a, b)| !a.is_finite() || !b.is_finite()) {
        return Err(refuse(
            "scatter(fit = true): a logarithmic axis needs values above zero; leave such items out",
        ));
    }
    let n = known.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| known.iter().map(of).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|k| k.0), mean(|k| k.1));
    let squares: f64 = known.iter().map(|(a, _)| (a - mean_x).powi(2)).sum();
    let low = known.iter().map(|k| k.0).fold(f64::INFINITY, f64::min);
    let high = known.iter().map(|k| k.0).fold(f64::NEG_INFINITY, f64::max);
    if known.len() < 3 || high <= low {
        return Err(refuse(
            "scatter(fit = true): a line needs three items with both numbers that differ across; \
             leave fit out",
        ));
    }
    let slope = known.iter().map(|(a, b)| (a - mean_x) * (b - mean_y)).sum::<f64>() / squares;
    let at = |a: f64| mean_y + slope * (a - mean_x);
    let back = |axis: &Axis, value: f64| if axis.log { 10_f64.powf(value) } else { value };
    let name = |axis: &Axis, letter: &str| {
        if axis.log { format!("log {letter}") } else { letter.to_owned() }
    };
    let equation = format!(
        "{} = {} {} {} {}",
        name(y, "y"),
        digits(at(0.0)),
        if slope < 0.0 { "\u{2212}" } else { "+" },
        digits(slope.abs()),
        name(x, "x")
    );
    Ok((vec![(back(x, low), back(y, at(low))), (back(x, high), back(y, at(high)))], equation))
}

/// Three significant digits.
fn digits(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..6).contains(&magnitude) {
        return format!("{value:.2e}").replace('-', "\u{2212}");
    }
    emporion_plot::format_number(value, (2 - magnitude).max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(of: &[(f64, f64)]) -> Vec<ScatterPoint> {
        let datum = |v: f64| Datum::new("p", v, "");
        of.iter()
            .map(|(x, y)| ScatterPoint { x: datum(*x), y: datum(*y), highlight: false })
            .collect()
    }

    #[test]
    fn a_line_by_hand() {
        // Means 2 and 4, slope (2 + 0 + 1) / 2.
        let (linear, log) = (Axis::default(), Axis { log: true, ..Axis::default() });
        let of = points(&[(1.0, 2.0), (2.0, 5.0), (3.0, 5.0)]);
        let (ends, equation) = least_squares(&of, &linear, &linear).expect("a line");
        assert_eq!(equation, "y = 1.00 + 1.50 x");
        assert_eq!(ends, [(1.0, 2.5), (3.0, 5.5)]);
        let of = points(&[(1.0, 100.0), (10.0, 10.0), (100.0, 1.0)]);
        let (ends, equation) = least_squares(&of, &log, &log).expect("a line");
        assert_eq!(equation, "log y = 2.00 \u{2212} 1.00 log x");
        assert!((ends[1].0 - 100.0).abs() < 1e-9 && (ends[1].1 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_line_through_too_little() {
        let (linear, log) = (Axis::default(), Axis { log: true, ..Axis::default() });
        for of in [&[(1.0, 2.0), (2.0, 3.0)][..], &[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]] {
            assert!(least_squares(&points(of), &linear, &linear).is_err());
        }
        let of = points(&[(0.0, 2.0), (2.0, 5.0), (3.0, 5.0)]);
        assert!(least_squares(&of, &log, &linear).is_err());
    }
}
