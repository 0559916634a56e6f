//! Parts of a whole as areas, or as ranked bars where areas cannot be read.

use serde::{Deserialize, Serialize};

use crate::bar::{Bar, BarOptions, draw as draw_bars};
use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::labels::Rect;
use crate::squarify::squarify;
use crate::style::{color, series};
use crate::svg::{Canvas, Type, figure, key};
use crate::text;

/// One part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parcel {
    /// Label, value and key.
    pub datum: Datum,
    /// What it belongs to, such as a section; empty for none. Groups lie together.
    pub group: String,
}

/// Small parts drawn as one parcel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rest {
    /// Label, such as `Other, 23 products`, and the sum.
    pub datum: Datum,
    /// The parts, which stand in the twin.
    pub members: Vec<Parcel>,
}

/// Options of [`treemap`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TreemapOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Name of the parts, heads the first column of the twin.
    pub label_header: String,
    /// Heads the column of groups.
    pub group_header: String,
    /// Stands before the list of parts too small to carry a name.
    pub small: String,
    /// Stands before the number of bars left out, which the twin has.
    pub more: String,
}

impl Default for TreemapOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            label_header: String::new(),
            group_header: "group".into(),
            small: "Too small for a name".into(),
            more: "Smaller ones, in the table alone".into(),
        }
    }
}

const CHART: &str = "treemap";

/// Groups that have a colour of their own; smaller ones share the last.
const COLOURS: usize = 7;

/// The share of the single parts' area that must carry names: with less, bars are easier to read.
const NAMED: f64 = 2.0 / 3.0;

/// Most bars of single parts; of more, those that follow are counted.
const BARS: usize = 40;

/// Nameless parcels listed under the picture; the twin has all.
const LISTED: usize = 10;

/// A sum of members and the rest's value may differ by rounding.
const ROUNDING: f64 = 1e-9;

/// Draws parts of a whole as squarified parcels, the largest first, group by group.
///
/// Assumptions: values are not negative. A missing value has no parcel and is named under the
/// picture, a zero has none either and stands in the twin. Where the parcels that can carry a name
/// make less than two thirds of all but the rest, as on a telephone, ranked bars of the same parts are
/// drawn instead. Parcels without room for a name are listed under the picture: nothing is dropped.
///
/// Result: a figure whose twin has all parts, those of the rest below it.
///
/// # Errors
///
/// [`PlotError::Empty`] without a value above zero, [`PlotError::NotFinite`], [`PlotError::Option`]
/// for a negative value and for a rest that is not the sum of its members.
pub fn treemap(
    options: &TreemapOptions,
    parcels: &[Parcel],
    rest: Option<&Rest>,
) -> Result<Figure, PlotError> {
    options.common.check()?;
    let members = rest.map_or(&[][..], |rest| &rest.members);
    for parcel in parcels.iter().chain(members) {
        if let Some(value) = parcel.datum.value {
            not_negative(&parcel.datum.label, finite(CHART, &parcel.datum.label, value)?)?;
        }
    }
    if let Some(rest) = rest {
        let sum: f64 = members.iter().filter_map(|p| p.datum.value).sum();
        let value = rest.datum.value.unwrap_or(f64::NAN);
        if (value - sum).abs() > ROUNDING * sum || value.is_nan() {
            return Err(PlotError::Option {
                name: "rest",
                got: format!("{value} for parts that add up to {sum}"),
                remedy: "give the sum of the parts that the rest stands for",
            });
        }
    }
    let all = parcels.iter().chain(members);
    if !all.clone().any(|p| p.datum.value.is_some_and(|v| v > 0.0)) {
        return Err(PlotError::Empty { chart: CHART, expected: "part above zero" });
    }
    let gaps: Vec<&str> =
        all.filter(|p| p.datum.value.is_none()).map(|p| p.datum.label.as_str()).collect();
    let mut notes = Vec::new();
    if !gaps.is_empty() {
        notes.push(format!("{}: {}.", options.common.words.no_data, gaps.join(", ")));
    }
    let order = ordered(parcels);
    let map = Map { options, groups: groups(&order), order, rest };
    let key = key(&("treemap", options, parcels, rest));
    Ok(figure(&options.common, &key, map.alt(), map.twin(), notes, |canvas| map.draw(canvas)))
}

fn not_negative(label: &str, value: f64) -> Result<(), PlotError> {
    if value >= 0.0 {
        return Ok(());
    }
    Err(PlotError::Option {
        name: "value",
        got: format!("{value} for `{label}`"),
        remedy: "a part of a whole is not negative; draw bars",
    })
}

/// Largest first, gaps last, ties in the given order.
fn ordered(parcels: &[Parcel]) -> Vec<&Parcel> {
    let mut order: Vec<&Parcel> = parcels.iter().collect();
    let of = |p: &Parcel| p.datum.value.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| of(b).total_cmp(&of(a)));
    order
}

/// Groups of the parcels that are drawn with their sums, the largest first.
fn groups<'a>(order: &[&'a Parcel]) -> Vec<(&'a str, f64)> {
    let mut found: Vec<(&str, f64)> = Vec::new();
    for parcel in order {
        let Some(value) = parcel.datum.value.filter(|v| *v > 0.0) else { continue };
        match found.iter_mut().find(|(name, _)| *name == parcel.group) {
            Some((_, sum)) => *sum += value,
            None => found.push((&parcel.group, value)),
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

/// A parcel with its place and what is written on it.
struct Placed<'a> {
    datum: &'a Datum,
    group: Option<usize>,
    at: Rect,
    /// The group's name, if this parcel carries it.
    heading: Option<String>,
    lines: Vec<String>,
    size: f64,
}

struct Map<'a> {
    options: &'a TreemapOptions,
    order: Vec<&'a Parcel>,
    groups: Vec<(&'a str, f64)>,
    rest: Option<&'a Rest>,
}

impl<'a> Map<'a> {
    fn grouped(&self) -> bool {
        self.groups.iter().any(|(name, _)| !name.is_empty())
    }

    fn hover(&self, parcel: &Parcel) -> String {
        let said = parcel.datum.hover(&self.options.common);
        if parcel.group.is_empty() { said } else { format!("{said}; {}", parcel.group) }
    }

    fn alt(&self) -> String {
        let shown: Vec<String> = self.order.iter().take(12).map(|p| self.hover(p)).collect();
        let more = self.order.len().saturating_sub(12);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let common = &self.options.common;
        let rest = self.rest.map_or_else(String::new, |r| format!("; {}", r.datum.hover(common)));
        format!("{}. Treemap. {}{more}{rest}.", common.title, shown.join("; "))
    }

    fn twin(&self) -> TableTwin {
        let common = &self.options.common;
        let grouped = self.grouped();
        let mut header = vec![self.options.label_header.clone()];
        if grouped {
            header.push(self.options.group_header.clone());
        }
        header.push(common.unit.clone());
        let row = |label: String, group: &str, datum: &Datum| {
            let mut cells = vec![TwinCell::Text(label)];
            if grouped {
                cells.push(TwinCell::Text(group.to_owned()));
            }
            cells.push(datum.cell(common));
            cells
        };
        let mut rows: Vec<Vec<TwinCell>> =
            self.order.iter().map(|p| row(p.datum.label.clone(), &p.group, &p.datum)).collect();
        if let Some(rest) = self.rest {
            rows.push(row(rest.datum.label.clone(), "", &rest.datum));
            let members = ordered(&rest.members);
            let member = |p: &&Parcel| row(format!("– {}", p.datum.label), &p.group, &p.datum);
            rows.extend(members.iter().map(member));
        }
        TableTwin { header, rows }
    }

    fn draw(&self, canvas: &mut Canvas) {
        let head = canvas.mark();
        let height = (canvas.width * if canvas.narrow() { 1.15 } else { 0.6 }).round();
        if self.grouped() {
            self.legend(canvas);
        }
        let frame = Rect { x0: 0.0, y0: canvas.y, x1: canvas.width, y1: canvas.y + height };
        let placed = self.place(frame);
        let area = |p: &Placed<'_>| (p.at.x1 - p.at.x0) * (p.at.y1 - p.at.y0);
        let single = || placed.iter().filter(|p| p.group.is_some());
        let named: f64 = single().filter(|p| !p.lines.is_empty()).map(area).sum();
        if named < NAMED * single().map(area).sum::<f64>() {
            canvas.restart(&head);
            self.bars(canvas);
            return;
        }
        for parcel in &placed {
            self.parcel(canvas, parcel);
        }
        if self.grouped() {
            self.borders(canvas, &placed);
        }
        canvas.y = frame.y1 + 2.0;
        let common = &self.options.common;
        let nameless = placed.iter().filter(|p| p.lines.is_empty());
        let nameless: Vec<String> =
            nameless.map(|p| format!("{} {}", p.datum.label, common.show(p.datum.value))).collect();
        if !nameless.is_empty() {
            let more = nameless.len().saturating_sub(LISTED);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let shown = nameless[..nameless.len().min(LISTED)].join("; ");
            canvas.foot(&format!("{}: {shown}{more}.", self.options.small));
        }
    }

    /// The same parts as bars.
    fn bars(&self, canvas: &mut Canvas) {
        let bar = |datum: &Datum, group: &str| {
            let mut bar = Bar::from(datum.clone());
            bar.datum.note = group.to_owned();
            bar
        };
        let drawn = self.order.iter().filter(|p| p.datum.value.is_some_and(|v| v > 0.0));
        let mut bars: Vec<Bar> = drawn.map(|p| bar(&p.datum, &p.group)).collect();
        let more = bars.len().saturating_sub(BARS);
        bars.truncate(BARS);
        bars.extend(self.rest.map(|rest| bar(&rest.datum, "")));
        let order: Vec<&Bar> = bars.iter().collect();
        let common = self.options.common.clone();
        draw_bars(canvas, &BarOptions { common, sort: false, ..BarOptions::default() }, &order);
        if more > 0 {
            canvas.foot(&format!("{}: {more}.", self.options.more));
        }
    }

    fn place(&self, frame: Rect) -> Vec<Placed<'a>> {
        if !self.grouped() {
            return self.place_alone(frame);
        }
        // Each group, and the rest, by size.
        let rest = self.rest.and_then(|rest| Some((None, rest.datum.value.filter(|v| *v > 0.0)?)));
        let groups = self.groups.iter().enumerate();
        let mut blocks: Vec<(Option<usize>, f64)> =
            groups.map(|(index, (_, sum))| (Some(index), *sum)).chain(rest).collect();
        blocks.sort_by(|a, b| b.1.total_cmp(&a.1));
        let weights: Vec<f64> = blocks.iter().map(|(_, weight)| *weight).collect();
        let mut out = Vec::new();
        for ((block, _), at) in blocks.iter().zip(squarify(&weights, frame)) {
            let Some(index) = *block else {
                out.extend(self.rest.map(|rest| self.written(&rest.datum, None, at, None)));
                continue;
            };
            let name = &self.groups[index].0;
            let inside = self.order.iter().filter(|p| p.group == *name);
            let inside: Vec<(&Datum, f64)> = inside
                .filter_map(|p| Some((&p.datum, p.datum.value.filter(|v| *v > 0.0)?)))
                .collect();
            let values: Vec<f64> = inside.iter().map(|(_, value)| *value).collect();
            let places = squarify(&values, at);
            for (position, ((datum, _), at)) in inside.iter().zip(places).enumerate() {
                let heading = (position == 0 && !name.is_empty()).then_some(*name);
                out.push(self.written(datum, Some(index), at, heading));
            }
        }
        out
    }

    /// Parcels without groups, the rest among them by size.
    fn place_alone(&self, frame: Rect) -> Vec<Placed<'a>> {
        let own = self.order.iter().map(|p| (&p.datum, Some(0)));
        let rest = self.rest.map(|rest| (&rest.datum, None));
        let mut drawn: Vec<(&Datum, Option<usize>, f64)> = own
            .chain(rest)
            .filter_map(|(datum, group)| Some((datum, group, datum.value.filter(|v| *v > 0.0)?)))
            .collect();
        drawn.sort_by(|a, b| b.2.total_cmp(&a.2));
        let weights: Vec<f64> = drawn.iter().map(|d| d.2).collect();
        let places = squarify(&weights, frame);
        let parcel = |((datum, group, _), at): (&(&'a Datum, Option<usize>, f64), Rect)| {
            self.written(datum, *group, at, None)
        };
        drawn.iter().zip(places).map(parcel).collect()
    }

    /// A parcel with as much of its name and value as it can carry.
    fn written(
        &self,
        datum: &'a Datum,
        group: Option<usize>,
        at: Rect,
        heading: Option<&str>,
    ) -> Placed<'a> {
        let value = self.options.common.show(datum.value);
        let (width, height) = (at.x1 - at.x0 - 10.0, at.y1 - at.y0 - 8.0);
        let mut placed = Placed { datum, group, at, heading: None, lines: Vec::new(), size: 0.0 };
        for with in [heading, None] {
            for size in [13.0, 12.0, 11.0, 10.0] {
                let lines = (height / (size * 1.2)).floor() as usize;
                let extra = 1 + usize::from(with.is_some());
                let short = |text: &str| text::width(text, size * 1.06) <= width;
                if lines <= extra || !short(&value) || !with.is_none_or(short) {
                    continue;
                }
                let found = text::wrap(&datum.label, size, width, lines - extra);
                let cut = found.iter().any(|line| line.ends_with('…'));
                // Of a name that must be cut, enough to know it by; a whole name needs no more.
                let enough = found[0].chars().count() >= 7 && size == 10.0 && with.is_none();
                if !cut || enough {
                    placed.lines = found;
                    placed.lines.push(value);
                    placed.heading = with.map(str::to_owned);
                    placed.size = size;
                    return placed;
                }
            }
        }
        placed
    }

    fn fill(&self, group: Option<usize>) -> (String, String) {
        match group {
            None => (color("grid"), color("ink")),
            Some(group) if self.groups.len() > COLOURS && group + 1 >= COLOURS => {
                (series(6), color("paper"))
            }
            Some(group) => (series(group), color("paper")),
        }
    }

    fn parcel(&self, canvas: &mut Canvas, parcel: &Placed<'_>) {
        let at = parcel.at;
        let (fill, ink) = self.fill(parcel.group);
        let said = parcel.datum.hover(&self.options.common);
        let name = parcel.group.map_or("", |group| self.groups[group].0);
        let said = if name.is_empty() { said } else { format!("{said}; {name}") };
        canvas.open_mark(&parcel.datum.id, &said);
        let rim = format!(" stroke=\"{}\" stroke-width=\"1\"", color("paper"));
        canvas.rect(at.x0, at.y0, at.x1 - at.x0, at.y1 - at.y0, &fill, &rim);
        let mut y = at.y0 + 4.0 - parcel.size * 0.2;
        if let Some(heading) = &parcel.heading {
            y += parcel.size * 1.2;
            canvas.text(at.x0 + 5.0, y, heading, Type::new(parcel.size, &ink).bold());
        }
        for line in &parcel.lines {
            y += parcel.size * 1.2;
            canvas.text(at.x0 + 5.0, y, line, Type::new(parcel.size, &ink));
        }
        canvas.close();
    }

    /// Wide gaps between the groups, so that they are told apart without colour.
    fn borders(&self, canvas: &mut Canvas, placed: &[Placed<'_>]) {
        for group in 0..self.groups.len() {
            let inside = || placed.iter().filter(|p| p.group == Some(group)).map(|p| p.at);
            let least =
                |of: fn(&Rect) -> f64| inside().map(|r| of(&r)).fold(f64::INFINITY, f64::min);
            let most = |of: fn(&Rect) -> f64| inside().map(|r| of(&r)).fold(0.0, f64::max);
            let (x0, y0, x1, y1) =
                (least(|r| r.x0), least(|r| r.y0), most(|r| r.x1), most(|r| r.y1));
            let rim = format!(" stroke=\"{}\" stroke-width=\"4\"", color("paper"));
            canvas.rect(x0, y0, x1 - x0, y1 - y0, "none", &rim);
        }
    }

    fn legend(&self, canvas: &mut Canvas) {
        let font = canvas.font();
        let ink = color("ink");
        let mut entries: Vec<(String, String)> = Vec::new();
        let shared = self.groups.len() > COLOURS;
        for (index, (name, _)) in self.groups.iter().enumerate() {
            if shared && index + 1 >= COLOURS {
                let others: Vec<&str> =
                    self.groups[index..].iter().map(|(name, _)| *name).collect();
                entries.push((others.join(", "), self.fill(Some(index)).0));
                break;
            }
            entries.push(((*name).to_owned(), self.fill(Some(index)).0));
        }
        let mut x = 0.0;
        canvas.y += font;
        for (name, fill) in entries {
            let name = text::truncate(&name, font, canvas.width - 20.0);
            let needed = 18.0 + text::width(&name, font);
            if x > 0.0 && x + needed > canvas.width {
                x = 0.0;
                canvas.y += font * 1.5;
            }
            let y = canvas.y;
            canvas.rect(x, y - font * 0.85, 12.0, font * 0.95, &fill, "");
            canvas.text(x + 18.0, y, &name, Type::new(font, &ink));
            x += needed + 16.0;
        }
        canvas.y += 10.0;
    }
}
