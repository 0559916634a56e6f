//! Observed against fitted values on logarithmic axes, as points or, where they are many, as counts
//! in squares.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Figure, PlotError, TableTwin, TwinCell};
use crate::scale::{Scale, log_ticks, tick_labels};
use crate::style::color;
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text::{self, format_number};

/// Options of [`fitted_observed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FittedOptions {
    /// Title, widths; the unit is that of both axes.
    pub common: Common,
    /// Name of the horizontal axis.
    pub fitted_label: String,
    /// Name of the vertical axis.
    pub observed_label: String,
    /// What the line across the picture is.
    pub equal_label: String,
    /// What one point is, in the plural.
    pub rows_label: String,
    /// Up to so many points are drawn one by one; more are counted in squares. Default 500, beyond
    /// which points hide each other.
    pub most_points: usize,
}

impl Default for FittedOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            fitted_label: "fitted".into(),
            observed_label: "observed".into(),
            equal_label: "dashed: both equal".into(),
            rows_label: "rows".into(),
            most_points: 500,
        }
    }
}

const CHART: &str = "fitted against observed";

/// Squares along each axis.
const SQUARES: usize = 48;

/// What is drawn and said of the rows; small, however many they are.
#[derive(Serialize)]
struct Summary {
    /// Ends of both axes.
    low: f64,
    high: f64,
    /// Points, where they are few.
    points: Vec<(f64, f64)>,
    /// Counts by column and row, where they are many.
    counts: Vec<u32>,
    drawn: usize,
    /// Rows with an observed zero and a fitted value above zero.
    observed_zero: usize,
    /// Rows with a fitted zero.
    fitted_zero: usize,
    /// Rows without a fitted or an observed value.
    missing: usize,
    /// Rows whose observed value is within a factor of two of the fitted.
    near: usize,
    /// By power of ten of the fitted value: rows, sum of fitted, sum of observed, observed zeros.
    decades: Vec<(i32, usize, f64, f64, usize)>,
}

/// Draws observed against fitted values, both on one logarithmic scale, with the line where they
/// are equal.
///
/// Assumptions: zeros have no place on a logarithmic axis; they are counted, said below the
/// picture and stand in the twin, which groups all rows by power of ten of the fitted value. Rows
/// without a fitted or observed value (not a number) are counted too.
///
/// Result: a figure of some tens of kilobytes for any number of rows.
///
/// # Errors
///
/// [`PlotError::Empty`] without a row where both are above zero, [`PlotError::NotPositive`] for a
/// negative value, [`PlotError::Option`] for arrays of different length.
///
/// Cost: two passes over the rows.
pub fn fitted_observed(
    options: &FittedOptions,
    fitted: &[f64],
    observed: &[f64],
) -> Result<Figure, PlotError> {
    options.common.check()?;
    if fitted.len() != observed.len() {
        return Err(PlotError::Option {
            name: "observed",
            got: format!("{} values for {} fitted ones", observed.len(), fitted.len()),
            remedy: "give one observed value for each fitted value",
        });
    }
    let summary = summarise(options, fitted, observed)?;
    let notes: Vec<String> = left_out(options, &summary).into_iter().collect();
    let mut common = options.common.clone();
    for note in &notes {
        common.footnote = format!("{note} {}", common.footnote).trim().to_owned();
    }
    let key = key(&("fitted", options, &summary));
    let (alt, twin) = (alt(options, &summary), twin(options, &summary));
    Ok(figure(&common, &key, alt, twin, notes, |canvas| draw(canvas, options, &summary)))
}

fn summarise(
    options: &FittedOptions,
    fitted: &[f64],
    observed: &[f64],
) -> Result<Summary, PlotError> {
    let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
    let mut s = Summary {
        low,
        high,
        points: Vec::new(),
        counts: Vec::new(),
        drawn: 0,
        observed_zero: 0,
        fitted_zero: 0,
        missing: 0,
        near: 0,
        decades: Vec::new(),
    };
    for (mu, y) in fitted.iter().copied().zip(observed.iter().copied()) {
        if !mu.is_finite() || !y.is_finite() {
            s.missing += 1;
            continue;
        }
        for (label, value) in [(&options.fitted_label, mu), (&options.observed_label, y)] {
            if value < 0.0 {
                return Err(PlotError::NotPositive { chart: CHART, label: label.clone(), value });
            }
        }
        if mu == 0.0 {
            s.fitted_zero += 1;
            continue;
        }
        let decade = mu.log10().floor() as i32;
        let at = s.decades.binary_search_by_key(&decade, |d| d.0).unwrap_or_else(|at| {
            s.decades.insert(at, (decade, 0, 0.0, 0.0, 0));
            at
        });
        let group = &mut s.decades[at];
        group.1 += 1;
        group.2 += mu;
        group.3 += y;
        if y == 0.0 {
            group.4 += 1;
            s.observed_zero += 1;
            continue;
        }
        s.drawn += 1;
        s.near += usize::from(y <= 2.0 * mu && mu <= 2.0 * y);
        low = low.min(mu).min(y);
        high = high.max(mu).max(y);
    }
    if s.drawn == 0 {
        return Err(PlotError::Empty {
            chart: CHART,
            expected: "row with a fitted and an observed value above zero",
        });
    }
    let air = ((high / low).ln() * 0.02).max(0.05).exp();
    (s.low, s.high) = (low / air, high * air);
    let both = fitted.iter().copied().zip(observed.iter().copied());
    let both = both.filter(|(mu, y)| mu.is_finite() && y.is_finite() && *mu > 0.0 && *y > 0.0);
    if s.drawn <= options.most_points {
        s.points = both.collect();
    } else {
        let scale = Scale::log(s.low, s.high, 0.0, SQUARES as f64);
        let bin = |v: f64| (scale.at(v) as usize).min(SQUARES - 1);
        s.counts = vec![0; SQUARES * SQUARES];
        for (mu, y) in both {
            s.counts[bin(mu) * SQUARES + bin(y)] += 1;
        }
    }
    Ok(s)
}

fn count(n: usize) -> String {
    format_number(n as f64, 0)
}

/// The rows without a place on the axes.
fn left_out(options: &FittedOptions, s: &Summary) -> Option<String> {
    let reasons = [
        (s.observed_zero, format!("{} zero", options.observed_label)),
        (s.fitted_zero, format!("{} zero", options.fitted_label)),
        (s.missing, options.common.words.no_data.clone()),
    ];
    let told: Vec<String> = reasons
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, reason)| format!("{} ({reason})", count(*n)))
        .collect();
    let all = s.drawn + s.observed_zero + s.fitted_zero + s.missing;
    (!told.is_empty()).then(|| {
        format!(
            "Not drawable on logarithmic axes, of {} {}: {}.",
            count(all),
            options.rows_label,
            told.join(", ")
        )
    })
}

/// A power of ten as a reader writes it.
fn power(exponent: i32) -> String {
    if (-6..=9).contains(&exponent) {
        format_number(10_f64.powi(exponent), (-exponent).max(0) as usize)
    } else {
        format!("1e{exponent}").replace('-', "−")
    }
}

fn mean(sum: f64, n: usize, decimals: usize) -> String {
    let mean = sum / n as f64;
    if mean != 0.0 && mean.abs() < 0.5 * 10_f64.powi(-(decimals as i32)) {
        format!("{mean:.1e}").replace('-', "−")
    } else {
        format_number(mean, decimals)
    }
}

fn twin(options: &FittedOptions, s: &Summary) -> TableTwin {
    let (fitted, observed) = (&options.fitted_label, &options.observed_label);
    let header = vec![
        fitted.clone(),
        options.rows_label.clone(),
        format!("mean {fitted}"),
        format!("mean {observed}"),
        format!("{observed} zero"),
    ];
    let decimals = options.common.decimals;
    let row = |(decade, n, mu, y, zeros): &(i32, usize, f64, f64, usize)| {
        [
            format!("{} to {}", power(*decade), power(decade + 1)),
            count(*n),
            mean(*mu, *n, decimals),
            mean(*y, *n, decimals),
            count(*zeros),
        ]
        .map(TwinCell::Text)
        .to_vec()
    };
    let mut rows: Vec<Vec<TwinCell>> = s.decades.iter().map(row).collect();
    for (n, name) in [(s.fitted_zero, "0"), (s.missing, options.common.words.no_data.as_str())] {
        if n > 0 {
            let texts = [name.to_owned(), count(n), String::new(), String::new(), String::new()];
            rows.push(texts.map(TwinCell::Text).to_vec());
        }
    }
    TableTwin { header, rows }
}

fn alt(options: &FittedOptions, s: &Summary) -> String {
    let note = left_out(options, s).map_or(String::new(), |note| format!(" {note}"));
    format!(
        "{}. {} against {}, {} {} on logarithmic axes from {} to {}; {} percent of them within a \
         factor of two.{note}",
        options.common.title,
        options.observed_label,
        options.fitted_label,
        count(s.drawn),
        options.rows_label,
        mean(s.low, 1, options.common.decimals),
        mean(s.high, 1, options.common.decimals),
        format_number(100.0 * s.near as f64 / s.drawn as f64, 0),
    )
}

/// First counts of at most six classes, in equal steps of the logarithm.
fn classes(most: u32) -> Vec<u32> {
    let mut starts = vec![1];
    for k in 1..6 {
        // The last digit of a power must not move a class.
        let start = (f64::from(most).powf(f64::from(k) / 6.0) * (1.0 + 1e-9)).floor() as u32 + 1;
        if start > starts[starts.len() - 1] && start <= most {
            starts.push(start);
        }
    }
    starts
}

fn draw(canvas: &mut Canvas, options: &FittedOptions, s: &Summary) {
    let font = canvas.font();
    let small = font - 0.5;
    let (muted, grid) = (color("muted"), color("grid"));
    let ticks = log_ticks(s.low, s.high, if canvas.narrow() { 5 } else { 8 });
    let labels: Vec<String> = if ticks.iter().any(|t| *t < 1e-6 || *t >= 1e10) {
        ticks.iter().map(|t| format!("{t:e}").replace('-', "−")).collect()
    } else {
        tick_labels(&ticks, true)
    };
    let starts = classes(s.counts.iter().copied().max().unwrap_or(0));
    if !s.counts.is_empty() {
        legend(canvas, options, &starts);
    }
    for line in text::wrap(&format!("↑ {}", options.observed_label), small, canvas.width, 2) {
        canvas.y += small * 1.3;
        let y = canvas.y;
        canvas.text(0.0, y - 3.0, &line, Type::new(small, &muted));
    }
    canvas.y += 8.0;
    let left = labels.iter().map(|t| text::width(t, small)).fold(0.0, f64::max) + 8.0;
    // A square, so that equal values lie on its diagonal.
    let side = (canvas.width - left - 12.0).min(460.0);
    let (x0, x1) = (left + 2.0, left + 2.0 + side);
    let (top, bottom) = (canvas.y, canvas.y + side);
    let x = Scale::log(s.low, s.high, x0, x1);
    let y = Scale::log(s.low, s.high, bottom, top);
    let mut free = f64::NEG_INFINITY;
    for (t, label) in ticks.iter().zip(&labels) {
        let (across, up) = (x.at(*t), y.at(*t));
        canvas.line((x0, up), (x1, up), &grid, 1.0);
        canvas.line((across, top), (across, bottom), &grid, 1.0);
        canvas.text(left - 4.0, up + small * 0.35, label, Type::new(small, &muted).anchor("end"));
        let half = text::width(label, small) / 2.0;
        let centre = across.min(canvas.width - half);
        if centre - half > free {
            let set = Type::new(small, &muted).anchor("middle");
            canvas.text(centre, bottom + small + 6.0, label, set);
            free = centre + half + 6.0;
        }
    }
    if s.counts.is_empty() {
        let fill = color("series-1");
        canvas.raw("<g opacity=\"0.6\">");
        for (mu, observed) in &s.points {
            canvas.disc(x.at(*mu), y.at(*observed), 2.6, &fill, true);
        }
        canvas.close();
    } else {
        squares(canvas, s, &starts, (x0, bottom, side / SQUARES as f64));
    }
    // On a rim of paper, so that it is seen on the strongest squares too.
    let diagonal = format!("M{} {}L{} {}", num(x0), num(bottom), num(x1), num(top));
    let (ink, paper) = (color("ink"), color("paper"));
    canvas.path(&diagonal, &format!(" fill=\"none\" stroke=\"{paper}\" stroke-width=\"2.8\""));
    canvas.path(
        &diagonal,
        &format!(" fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.2\" stroke-dasharray=\"5 4\""),
    );
    canvas.y = bottom + small + 10.0;
    canvas.y += small * 1.4;
    let at = canvas.y - 3.0;
    let equal = text::truncate(&options.equal_label, small, side / 2.0);
    canvas.text(x0, at, &equal, Type::new(small, &muted));
    let room = side - text::width(&equal, small) - 12.0;
    let label = text::truncate(&format!("{} →", options.fitted_label), small, room);
    canvas.text(x1, at, &label, Type::new(small, &muted).anchor("end"));
    canvas.y += 4.0;
}

/// One path for each class, whatever the number of rows.
fn squares(canvas: &mut Canvas, s: &Summary, starts: &[u32], (x0, bottom, step): (f64, f64, f64)) {
    for (class, from) in starts.iter().enumerate() {
        let until = starts.get(class + 1).copied().unwrap_or(u32::MAX);
        let mut d = String::new();
        for column in 0..SQUARES {
            // Neighbours above each other are one bar.
            let inside = |row: usize| {
                let n = s.counts[column * SQUARES + row];
                n >= *from && n < until
            };
            let mut row = 0;
            while row < SQUARES {
                if !inside(row) {
                    row += 1;
                    continue;
                }
                let first = row;
                while row < SQUARES && inside(row) {
                    row += 1;
                }
                let (x, y) = (x0 + column as f64 * step, bottom - row as f64 * step);
                let (w, h) = (num(step), num((row - first) as f64 * step));
                d.push_str(&format!("M{} {}h{w}v{h}h-{w}z", num(x), num(y)));
            }
        }
        if !d.is_empty() {
            let fill = color(&format!("class-{}", class_colour(class, starts.len())));
            canvas.path(&d, &format!(" fill=\"{fill}\""));
        }
    }
}

/// Few classes still reach the strongest colour.
fn class_colour(class: usize, classes: usize) -> usize {
    if classes == 1 { 4 } else { 1 + class * 5 / (classes - 1) }
}

fn legend(canvas: &mut Canvas, options: &FittedOptions, starts: &[u32]) {
    let small = canvas.font() - 0.5;
    let (ink, muted) = (color("ink"), color("muted"));
    let title = format!("{} in a square", options.rows_label);
    canvas.y += small;
    let mut at = 0.0;
    let y = canvas.y;
    canvas.text(at, y, &title, Type::new(small, &muted));
    at += text::width(&title, small) + 14.0;
    for (class, from) in starts.iter().enumerate() {
        let from_text = count(*from as usize);
        let label = match starts.get(class + 1) {
            Some(next) if *next == from + 1 => from_text,
            Some(next) => format!("{from_text}–{}", count(*next as usize - 1)),
            None => format!("{from_text}+"),
        };
        let needed = 16.0 + text::width(&label, small);
        if at > 0.0 && at + needed > canvas.width {
            at = 0.0;
            canvas.y += small * 1.5;
        }
        let fill = color(&format!("class-{}", class_colour(class, starts.len())));
        let y = canvas.y;
        canvas.rect(at, y - small * 0.8, 11.0, 11.0, &fill, "");
        canvas.text(at + 15.0, y, &label, Type::new(small, &ink));
        at += needed + 12.0;
    }
    canvas.y += 10.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_by_hand() {
        assert_eq!(classes(1), [1]);
        assert_eq!(classes(3), [1, 2, 3]);
        // 10^6 to the sixths: 10, 100, ...
        assert_eq!(classes(1_000_000), [1, 11, 101, 1001, 10_001, 100_001]);
    }

    #[test]
    fn rows_are_counted_once() {
        let fitted = [1.0, 2.0, 0.0, f64::NAN, 30.0];
        let observed = [1.5, 0.0, 0.0, 4.0, 90.0];
        let s = summarise(&FittedOptions::default(), &fitted, &observed).unwrap();
        assert_eq!((s.drawn, s.observed_zero, s.fitted_zero, s.missing, s.near), (2, 1, 1, 1, 1));
        assert_eq!(s.decades, [(0, 2, 3.0, 1.5, 1), (1, 1, 30.0, 90.0, 0)]);
        assert_eq!(s.points, [(1.0, 1.5), (30.0, 90.0)]);
    }
}
