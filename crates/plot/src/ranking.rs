//! A ranking whose figures and ranks have ranges.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Figure, PlotError, Ranged, TableTwin, TwinCell, finite};
use crate::scale::{Scale, nice_ticks, tick_labels};
use crate::style::color;
use crate::svg::{Canvas, Type, figure, key};
use crate::text::{self, format_number};

/// One row of a ranking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RankingRow {
    /// Label, figure and its range.
    pub value: Ranged,
    /// Rank among all, from 1, with the best and the worst rank of its range; its label is not read.
    pub rank: Ranged,
    /// Draws the row in the accent colour.
    pub highlight: bool,
}

/// Options of [`ranking`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RankingOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Name of the rows, heads the first column of the twin.
    pub label_header: String,
    /// Names of the columns of a range in the twin.
    pub interval_header: (String, String),
    /// Names of the rank and of the ends of its range.
    pub rank_header: (String, String, String),
}

impl Default for RankingOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            label_header: String::new(),
            interval_header: ("low".into(), "high".into()),
            rank_header: ("rank".into(), "best rank".into(), "worst rank".into()),
        }
    }
}

const CHART: &str = "ranking";

/// Draws each figure as a dot on its range, largest first, with its rank and the range of the rank.
///
/// Assumptions: the axis need not hold zero, since a dot has no length; zero is drawn where it is
/// on the axis. A row without a figure stands last and says so. Equal figures keep the given order.
///
/// # Errors
///
/// [`PlotError::Empty`] where no row has a figure, [`PlotError::NotFinite`], and
/// [`PlotError::Option`] for a range whose ends are not in order.
pub fn ranking(options: &RankingOptions, rows: &[RankingRow]) -> Result<Figure, PlotError> {
    options.common.check()?;
    for row in rows {
        let label = &row.value.datum.label;
        for value in row.value.numbers().chain(row.rank.numbers()) {
            finite(CHART, label, value)?;
        }
        for (name, part) in [("value", &row.value), ("rank", &row.rank)] {
            if let (Some(low), Some(high)) = (part.low, part.high)
                && low > high
            {
                return Err(PlotError::Option {
                    name,
                    got: format!("from {low} to {high} in `{label}`"),
                    remedy: "give the lower end of the range first",
                });
            }
        }
    }
    if rows.iter().all(|row| row.value.datum.value.is_none()) {
        return Err(PlotError::Empty { chart: CHART, expected: "row with a figure" });
    }
    let mut order: Vec<&RankingRow> = rows.iter().collect();
    let of = |row: &RankingRow| row.value.datum.value.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| of(b).total_cmp(&of(a)));
    let key = key(&("ranking", options, rows));
    let (alt, table) = (alt(options, &order), twin(options, &order));
    Ok(figure(&options.common, &key, alt, table, Vec::new(), |canvas| {
        draw(canvas, options, &order);
    }))
}

fn whole(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| format_number(v, 0))
}

/// `3`, or `3 (1–7)` with a range.
fn rank_text(rank: &Ranged) -> String {
    match (rank.low, rank.high) {
        (Some(low), Some(high)) => {
            format!("{} ({}–{})", whole(rank.datum.value), whole(Some(low)), whole(Some(high)))
        }
        _ => whole(rank.datum.value),
    }
}

fn has_ranks(order: &[&RankingRow]) -> bool {
    order.iter().any(|row| row.rank.datum.value.is_some())
}

fn hover(options: &RankingOptions, row: &RankingRow) -> String {
    let common = &options.common;
    let value = row.value.show(common);
    let unit = if common.unit.is_empty() { String::new() } else { format!(" {}", common.unit) };
    let unit = if row.value.datum.value.is_none() { String::new() } else { unit };
    let rank = if row.rank.datum.value.is_none() {
        String::new()
    } else {
        format!(", {} {}", options.rank_header.0, rank_text(&row.rank))
    };
    let note = &row.value.datum.note;
    let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
    format!("{}: {value}{unit}{rank}{note}", row.value.datum.label)
}

fn alt(options: &RankingOptions, order: &[&RankingRow]) -> String {
    let said: Vec<String> = order.iter().take(12).map(|row| hover(options, row)).collect();
    let more =
        if order.len() > 12 { format!("; and {} more", order.len() - 12) } else { String::new() };
    format!("{}. Ranking with ranges. {}{more}.", options.common.title, said.join("; "))
}

fn twin(options: &RankingOptions, order: &[&RankingRow]) -> TableTwin {
    let common = &options.common;
    let ranks = has_ranks(order);
    let (low, high) = options.interval_header.clone();
    let mut header = vec![options.label_header.clone(), common.unit.clone(), low, high];
    if ranks {
        let (rank, best, worst) = options.rank_header.clone();
        header.extend([rank, best, worst]);
    }
    let rows = order
        .iter()
        .map(|row| {
            let mut cells = vec![TwinCell::Text(row.value.datum.label.clone())];
            cells.extend(row.value.cells(common));
            if ranks {
                let rank = &row.rank;
                let (id, value) = (rank.datum.id.clone(), rank.datum.value);
                cells.push(TwinCell::Datum { id, value, text: whole(value) });
                cells.extend([rank.low, rank.high].map(|end| TwinCell::Text(whole(end))));
            }
            cells
        })
        .collect();
    TableTwin { header, rows }
}

/// Where the parts of a drawing stand.
struct Layout {
    x: Scale,
    /// Right end of the labels, wide drawing.
    column: f64,
    font: f64,
    narrow: bool,
}

fn draw(canvas: &mut Canvas, options: &RankingOptions, order: &[&RankingRow]) {
    let font = canvas.font();
    let small = font - 0.5;
    let narrow = canvas.narrow();
    let muted = color("muted");
    let ranks = has_ranks(order);
    let column = if narrow {
        0.0
    } else {
        let label = |row: &&RankingRow| text::width(&row.value.datum.label, font);
        let longest = order.iter().map(label).fold(0.0, f64::max);
        (longest * 1.06 + 2.0).min(canvas.width * 0.34)
    };
    let head = &options.rank_header.0;
    let texts = order.iter().map(|row| text::width(&rank_text(&row.rank), font) * 1.06);
    let right =
        if !ranks || narrow { 8.0 } else { texts.fold(text::width(head, small), f64::max) + 18.0 };
    let numbers = order.iter().flat_map(|row| row.value.numbers());
    let (low, high) =
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let ticks = nice_ticks(low, high, if narrow { 4 } else { 6 });
    let x = Scale::linear(
        ticks[0],
        ticks[ticks.len() - 1],
        if narrow { 8.0 } else { column + 18.0 },
        canvas.width - right,
    );
    let limit = if narrow { canvas.width * 0.72 } else { column };
    let lines = |row: &RankingRow| {
        text::wrap(&row.value.datum.label, font, limit, if narrow { 1 } else { 2 })
    };
    let height = |row: &RankingRow| {
        let n = lines(row).len() as f64;
        if narrow { font * 1.15 + 19.0 } else { (n * font * 1.15).max(16.0) + 6.0 }
    };
    canvas.y += small + 8.0;
    let top = canvas.y;
    let bottom = top + order.iter().map(|row| height(row)).sum::<f64>();
    for (t, label) in ticks.iter().zip(tick_labels(&ticks, false)) {
        let at = x.at(*t);
        let stroke = color(if *t == 0.0 { "axis" } else { "grid" });
        canvas.line((at, top), (at, bottom), &stroke, 1.0);
        canvas.text(at, top - 6.0, &label, Type::new(small, &muted).anchor("middle"));
    }
    if ranks && !narrow {
        let set = Type::new(small, &muted).anchor("end");
        canvas.text(canvas.width, top - 6.0, head, set);
    }
    let layout = Layout { x, column, font, narrow };
    let mut y = top;
    for row in order {
        let h = height(row);
        canvas.open_mark(&row.value.datum.id, &hover(options, row));
        one(canvas, options, row, &lines(row), &layout, (y, h));
        canvas.close();
        y += h;
    }
    canvas.y = bottom + 2.0;
}

/// One row between `y` and `y + h`.
fn one(
    canvas: &mut Canvas,
    options: &RankingOptions,
    row: &RankingRow,
    lines: &[String],
    layout: &Layout,
    (y, h): (f64, f64),
) {
    let Layout { x, column, font, narrow } = layout;
    let (ink, muted) = (color("ink"), color("muted"));
    let middle = if *narrow { y + h - 10.0 } else { y + h / 2.0 };
    let weight = |set| if row.highlight { Type::bold(set) } else { set };
    for (i, line) in lines.iter().enumerate() {
        if *narrow {
            canvas.text(0.0, y + font * 1.05, line, weight(Type::new(*font, &ink).halo()));
        } else {
            let shift = i as f64 - (lines.len() as f64 - 1.0) / 2.0;
            let at = middle + shift * font * 1.15 + font * 0.35;
            canvas.text(*column, at, line, weight(Type::new(*font, &ink).anchor("end")));
        }
    }
    let rank = rank_text(&row.rank);
    if !rank.is_empty() {
        let (at, fill) =
            if *narrow { (y + font * 1.05, &muted) } else { (middle + font * 0.35, &ink) };
        let content = if *narrow { format!("{} {rank}", options.rank_header.0) } else { rank };
        let set = Type::new(*font, fill).anchor("end").halo();
        canvas.text(canvas.width, at, &content, weight(set));
    }
    let fill = color(if row.highlight { "accent" } else { "series-1" });
    match row.value.datum.value {
        Some(value) => {
            if let (Some(low), Some(high)) = (row.value.low, row.value.high) {
                let (low, high) = (x.at(low), x.at(high));
                canvas.line((low, middle), (high, middle), &fill, 2.0);
                for end in [low, high] {
                    canvas.line((end, middle - 3.5), (end, middle + 3.5), &fill, 1.4);
                }
            }
            canvas.disc(x.at(value), middle, 4.4, &fill, true);
        }
        None => {
            let hatch = canvas.hatch("missing");
            let from = if *narrow { 0.0 } else { column + 18.0 };
            canvas.rect(from, middle - 6.0, 26.0, 12.0, &hatch, "");
            let words = &options.common.words.no_data;
            canvas.text(from + 32.0, middle + font * 0.35, words, Type::new(*font, &muted).halo());
        }
    }
}
