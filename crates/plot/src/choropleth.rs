//! Maps with places coloured by class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base_map::{Focus, Ground, border};
use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::geometry::{Layer, PointOfView};
use crate::labels::{Rect, Wish, place};
use crate::scale::{nice_ticks, tick_decimals};
use crate::style::color;
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text;

/// A place with its value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlaceDatum {
    /// ISO 3166-1 alpha-3 or ISO 3166-2 code, as the layer asks.
    pub place: String,
    /// Name, value and key.
    pub datum: Datum,
}

/// Options of [`choropleth`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChoroplethOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// Which places there are.
    pub layer: Layer,
    /// How disputed areas are treated; printed under the map.
    pub view: PointOfView,
    /// A part of the layer to be shown; all of it when `None`.
    pub focus: Option<Focus>,
    /// Rising borders of the classes; a value on a border belongs to the class above it.
    ///
    /// When empty they are chosen from the data as round numbers: of equal counts where the values
    /// span more than a factor of 20, otherwise of equal width.
    pub breaks: Vec<f64>,
    /// A value at which the colours turn, such as 0 for gains and losses or 1 for an index.
    pub pivot: Option<f64>,
    /// How many of the largest places are labelled with their names, as far as there is room.
    pub label_largest: usize,
    /// Name of the places, heads the first column of the twin.
    pub label_header: String,
    /// The statement in another language; the English one when `None`.
    pub statement: Option<String>,
}

impl Default for ChoroplethOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            layer: Layer::World,
            view: PointOfView::Neutral,
            focus: None,
            breaks: Vec::new(),
            pivot: None,
            label_largest: 0,
            label_header: String::new(),
            statement: None,
        }
    }
}

const CHART: &str = "choropleth";

/// Smallest area in square pixels that is left to speak for itself; below it a place gets a dot.
const DOT_BELOW: f64 = 14.0;

/// Draws a map with places coloured by the class of their value.
///
/// Assumptions: a place with a missing value is hatched and one without a row is plain land; both
/// are told apart in the legend. Places too small to be seen are dots of the same colour. Values
/// should be shares, rates or indices; levels are better shown by [`crate::flow_map`] or
/// [`crate::bar`].
///
/// Result: a figure with the statement on borders under it, and notes naming the places that the
/// layer does not hold. The twin lists all data in the given order, also those off the map.
///
/// # Errors
///
/// [`PlotError::Empty`], [`PlotError::NotFinite`], [`PlotError::PlaceTwice`],
/// [`PlotError::UnknownPlaces`] where no place is on the layer, [`PlotError::Option`] for breaks
/// that do not rise or are too many.
///
/// Source: for the choice of classes, Slocum et al. (2009), Thematic Cartography and
/// Geovisualization, chapter 4 (equal intervals, quantiles).
///
/// ```
/// use emporion_plot::{ChoroplethOptions, Common, Datum, PlaceDatum, choropleth};
/// let data = [("BLR", 41.0), ("KAZ", 18.5), ("DEU", 2.1)].map(|(id, share)| PlaceDatum {
///     place: id.into(),
///     datum: Datum::new(id, share, format!("share-{id}")),
/// });
/// let options = ChoroplethOptions {
///     common: Common::new("Share of Russia in exports", "%", 1),
///     breaks: vec![5.0, 20.0],
///     ..Default::default()
/// };
/// let figure = choropleth(&options, &data).unwrap();
/// assert!(figure.svg.contains("No view on legal status"));
/// ```
pub fn choropleth(options: &ChoroplethOptions, data: &[PlaceDatum]) -> Result<Figure, PlotError> {
    options.common.check()?;
    if data.is_empty() {
        return Err(PlotError::Empty { chart: CHART, expected: "place" });
    }
    let mut by_place: BTreeMap<&str, &Datum> = BTreeMap::new();
    for d in data {
        if let Some(v) = d.datum.value {
            finite(CHART, &d.datum.label, v)?;
        }
        if by_place.insert(&d.place, &d.datum).is_some() {
            return Err(PlotError::PlaceTwice { place: d.place.clone() });
        }
    }
    let mut known = options.layer.places()?;
    if options.layer == Layer::World && options.view == PointOfView::Source {
        known.push("XKX".into());
    }
    let off: Vec<&PlaceDatum> = data.iter().filter(|d| !known.contains(&d.place)).collect();
    if off.len() == data.len() {
        return Err(PlotError::UnknownPlaces {
            layer: options.layer.name(),
            count: data.len(),
            example: data[0].place.clone(),
            remedy: options.layer.ids(),
        });
    }
    let breaks = breaks(options, data)?;
    let key = key(&("choropleth", options, data));
    let mut notes = Vec::new();
    let mut common = options.common.clone();
    let statement = options.layer.statement(options.view);
    let statement = options.statement.clone().unwrap_or_else(|| statement.to_string());
    common.footnote = [common.footnote, statement].join(" ").trim().to_string();
    if !off.is_empty() {
        let list: Vec<&str> = off.iter().map(|d| d.datum.label.as_str()).collect();
        notes.push(format!("{}: {}.", common.words.off_map, list.join(", ")));
        common.footnote = format!("{} {}", notes[0], common.footnote);
    }
    let scheme = Scheme::new(options, breaks);
    // Fitting fails only if the geometry does not read, and it has been read above.
    Ground::fit(
        &Canvas::new(&common, crate::Size::Wide, &key),
        options.layer,
        options.view,
        options.focus,
    )?
    .outlines()?;
    Ok(figure(&common, &key, alt(options, data), twin(options, data), notes, |canvas| {
        let drawn = draw(canvas, options, &by_place, &scheme);
        debug_assert!(drawn.is_ok());
    }))
}

fn twin(options: &ChoroplethOptions, data: &[PlaceDatum]) -> TableTwin {
    let header = vec![options.label_header.clone(), options.common.unit.clone()];
    let row =
        |d: &PlaceDatum| vec![TwinCell::Text(d.datum.label.clone()), d.datum.cell(&options.common)];
    TableTwin { header, rows: data.iter().map(row).collect() }
}

fn alt(options: &ChoroplethOptions, data: &[PlaceDatum]) -> String {
    let mut known: Vec<&Datum> =
        data.iter().map(|d| &d.datum).filter(|d| d.value.is_some()).collect();
    known.sort_by(|a, b| b.value.unwrap_or(0.0).total_cmp(&a.value.unwrap_or(0.0)));
    let say = |d: &&Datum| d.hover(&options.common);
    let (n, missing) = (known.len(), data.len() - known.len());
    let top: Vec<String> = known.iter().take(5).map(say).collect();
    let low =
        known.last().filter(|_| n > 5).map_or(String::new(), |d| format!("; lowest, {}", say(d)));
    let gaps = if missing > 0 {
        format!(" {}: {missing}.", options.common.words.no_data)
    } else {
        String::new()
    };
    format!("{}. Map of {n} places. Highest: {}{low}.{gaps}", options.common.title, top.join("; "))
}

/// The nearest of 1, 2, 5 times a power of ten, by ratio.
fn round(value: f64) -> f64 {
    let sign = value.signum();
    let exponent = value.abs().log10().floor() as i32;
    let unit = |m: f64, e: i32| if e < 0 { m / 10_f64.powi(-e) } else { m * 10_f64.powi(e) };
    let candidates =
        [unit(1.0, exponent), unit(2.0, exponent), unit(5.0, exponent), unit(1.0, exponent + 1)];
    let off = |c: &f64| (value.abs() / c).ln().abs();
    sign * candidates.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(1.0)
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn breaks(options: &ChoroplethOptions, data: &[PlaceDatum]) -> Result<Vec<f64>, PlotError> {
    let given = &options.breaks;
    let most = if options.pivot.is_some() { 7 } else { 5 };
    if given.windows(2).any(|w| w[0] >= w[1])
        || given.iter().any(|b| !b.is_finite())
        || given.len() > most
    {
        return Err(PlotError::Option {
            name: "breaks",
            got: format!("{given:?}"),
            remedy: "give at most 5 rising numbers, or 7 with a pivot",
        });
    }
    if !given.is_empty() {
        return Ok(given.clone());
    }
    let mut values: Vec<f64> = data.iter().filter_map(|d| d.datum.value).collect();
    values.sort_by(f64::total_cmp);
    let Some((low, high)) = values.first().copied().zip(values.last().copied()) else {
        return Ok(Vec::new());
    };
    let mut out: Vec<f64> = if let Some(pivot) = options.pivot {
        let mut off: Vec<f64> =
            values.iter().map(|v| (v - pivot).abs()).filter(|v| *v > 0.0).collect();
        off.sort_by(f64::total_cmp);
        let mut steps: Vec<f64> = if off.is_empty() {
            Vec::new()
        } else {
            [0.4, 0.8].iter().map(|q| round(quantile(&off, *q))).collect()
        };
        steps.dedup();
        steps
            .iter()
            .rev()
            .map(|s| pivot - s)
            .chain([pivot])
            .chain(steps.iter().map(|s| pivot + s))
            .collect()
    } else if low > 0.0 && high / low > 20.0 {
        (1..5).map(|i| round(quantile(&values, f64::from(i) / 5.0))).collect()
    } else {
        nice_ticks(low, high, 5)
    };
    out.dedup();
    // A border below or above all values would make an empty class.
    out.retain(|b| *b > low && *b <= high || options.pivot == Some(*b));
    out.truncate(most);
    Ok(out)
}

/// Classes: borders and a colour for each.
struct Scheme {
    breaks: Vec<f64>,
    colors: Vec<String>,
    decimals: usize,
}

impl Scheme {
    fn new(options: &ChoroplethOptions, breaks: Vec<f64>) -> Self {
        let classes = breaks.len() + 1;
        let colors = match options.pivot {
            Some(pivot) => {
                let below = breaks.iter().filter(|b| **b <= pivot).count();
                (0..classes)
                    .map(|i| {
                        if i < below {
                            color(["loss-1", "loss-2", "loss-3"][(below - 1 - i).min(2)])
                        } else {
                            color(["class-2", "class-4", "class-6"][(i - below).min(2)])
                        }
                    })
                    .collect()
            }
            None => {
                let steps: &[usize] = match classes {
                    1 => &[4],
                    2 => &[3, 5],
                    3 => &[2, 4, 6],
                    4 => &[2, 3, 5, 6],
                    5 => &[2, 3, 4, 5, 6],
                    _ => &[1, 2, 3, 4, 5, 6],
                };
                steps.iter().map(|s| color(&format!("class-{s}"))).collect()
            }
        };
        let decimals = tick_decimals(&breaks);
        Self { breaks, colors, decimals }
    }

    fn class(&self, value: f64) -> usize {
        self.breaks.iter().filter(|b| value >= **b).count()
    }

    fn fill(&self, value: f64) -> &str {
        &self.colors[self.class(value).min(self.colors.len() - 1)]
    }

    /// Whether the colour of a value stands out more from the paper than from the ink.
    fn strong(&self, value: f64) -> bool {
        let fill = self.fill(value);
        ["class-4", "class-5", "class-6", "loss-3"].iter().any(|c| fill == color(c))
    }

    fn words(&self, class: usize) -> String {
        let show = |v: f64| text::format_number(v, self.decimals);
        match (class.checked_sub(1).map(|i| self.breaks[i]), self.breaks.get(class)) {
            (None, Some(high)) => format!("< {}", show(*high)),
            (Some(low), Some(high)) => {
                // A dash between negative numbers would read as another minus.
                let dash = if low < 0.0 || *high < 0.0 { " to " } else { "–" };
                format!("{}{dash}{}", show(low), show(*high))
            }
            (Some(low), None) => format!("≥ {}", show(low)),
            (None, None) => String::new(),
        }
    }
}

fn draw(
    canvas: &mut Canvas,
    options: &ChoroplethOptions,
    data: &BTreeMap<&str, &Datum>,
    scheme: &Scheme,
) -> Result<(), PlotError> {
    let common = &options.common;
    let any_missing = data.values().any(|d| d.value.is_none());
    let ground = Ground::fit(canvas, options.layer, options.view, options.focus)?;
    let (places, disputed) = ground.outlines()?;
    let unlisted: Vec<_> = places.iter().filter(|p| !data.contains_key(p.id.as_str())).collect();
    ground.open(canvas);
    let near = ground.neighbours(canvas, &common.words.disputed)?;
    let plain: String = unlisted.iter().map(|p| p.d.as_str()).collect();
    let line = border(if canvas.narrow() { 0.3 } else { 0.5 });
    if !plain.is_empty() {
        canvas.path(&plain, &format!(" fill=\"{}\"{line}", color("land")));
    }
    let missing = if any_missing { canvas.hatch("missing") } else { String::new() };
    let mut dots = Vec::new();
    for p in &places {
        let Some(datum) = data.get(p.id.as_str()) else { continue };
        let fill = datum.value.map_or(missing.as_str(), |v| scheme.fill(v));
        if p.area < DOT_BELOW {
            dots.push((p, *datum, fill));
        }
        if p.d.is_empty() {
            continue;
        }
        canvas.open_mark(&datum.id, &datum.hover(common));
        canvas.path(&p.d, &format!(" fill=\"{fill}\"{line}"));
        canvas.close();
    }
    for area in &disputed {
        ground.hatched(canvas, &area.d, &area.id, &common.words.disputed);
    }
    for (p, datum, fill) in &dots {
        if !ground.visible(p.point) {
            continue;
        }
        canvas.open_mark(&datum.id, &datum.hover(common));
        let r = if canvas.narrow() { 2.4 } else { 3.2 };
        canvas.raw(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" stroke=\"{}\" stroke-width=\"0.8\"/>",
            num(p.point.0),
            num(p.point.1),
            num(r),
            color("muted")
        ));
        canvas.close();
    }
    canvas.close();
    if options.label_largest > 0 {
        label(canvas, options, data, &ground, &places, scheme);
    }
    canvas.y = ground.frame.3;
    let mut items: Vec<(String, String)> = Vec::new();
    if data.values().any(|d| d.value.is_some()) && !scheme.breaks.is_empty() {
        for (class, fill) in scheme.colors.iter().enumerate() {
            items.push((fill.clone(), scheme.words(class)));
        }
    }
    if any_missing {
        items.push((missing.clone(), common.words.no_data.clone()));
    }
    let hatched = near || disputed.iter().any(|d| !d.d.is_empty());
    if hatched {
        items.push((canvas.hatch("disputed"), common.words.disputed.clone()));
    }
    if unlisted.iter().any(|p| p.area > DOT_BELOW && !p.d.is_empty()) {
        items.push((color("land"), common.words.not_listed.clone()));
    }
    legend(canvas, &items);
    Ok(())
}

fn label(
    canvas: &mut Canvas,
    options: &ChoroplethOptions,
    data: &BTreeMap<&str, &Datum>,
    ground: &Ground,
    places: &[crate::base_map::Outline],
    scheme: &Scheme,
) {
    let count = if canvas.narrow() { options.label_largest.min(3) } else { options.label_largest };
    let mut ranked: Vec<_> = places
        .iter()
        .filter_map(|p| {
            let datum = data.get(p.id.as_str())?;
            Some((datum.value?, p, *datum))
        })
        .filter(|(_, p, _)| ground.visible(p.point))
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
    let size = canvas.font() - 1.0;
    let wishes: Vec<Wish> = ranked
        .iter()
        .take(count)
        .enumerate()
        .map(|(rank, (_, p, datum))| Wish {
            x: p.point.0,
            y: p.point.1,
            gap: if p.area < DOT_BELOW { 5.0 } else { 0.0 },
            text: datum.label.clone(),
            size,
            rank,
            must: false,
        })
        .collect();
    let (x0, y0, x1, y1) = ground.frame;
    let (ink, paper) = (color("ink"), color("paper"));
    for p in place(&wishes, &[], &[], &Rect { x0, y0, x1, y1 }) {
        let (value, outline, datum) = &ranked[p.wish];
        // On a strong colour that holds the whole text, paper reads better than ink with a rim.
        let inside = p.x == outline.point.0
            && p.anchor == "middle"
            && outline.area.sqrt() > text::width(&datum.label, size) * 1.1;
        let set = if inside && scheme.strong(*value) {
            Type::new(size, &paper)
        } else {
            Type::new(size, &ink).halo()
        };
        canvas.text(p.x, p.y, &datum.label, set.anchor(p.anchor));
    }
}

/// Swatches with words, in as many lines as needed.
pub(crate) fn legend(canvas: &mut Canvas, items: &[(String, String)]) {
    let (font, ink) = (canvas.font() - 0.5, color("ink"));
    let (w, h, gap) = (20.0, 11.0, 16.0);
    let mut x = 0.0;
    canvas.y += 10.0 + h;
    for (fill, words) in items {
        let needed = w + 6.0 + text::width(words, font);
        if x > 0.0 && x + needed > canvas.width {
            x = 0.0;
            canvas.y += font * 1.6;
        }
        let y = canvas.y;
        let rim = format!(" stroke=\"{}\" stroke-width=\"0.5\"", color("axis"));
        canvas.rect(x + 0.5, y - h, w, h, fill, &rim);
        canvas.text(x + w + 6.0, y - 1.5, words, Type::new(font, &ink));
        x += needed + gap;
    }
    canvas.y += 4.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(values: &[f64]) -> Vec<PlaceDatum> {
        let datum = |v: &f64| PlaceDatum { place: "BLR".into(), datum: Datum::new("x", *v, "") };
        values.iter().map(datum).collect()
    }

    #[test]
    fn round_numbers_by_ratio() {
        assert_eq!([0.13, 3.0, 3.3, 7.2, -48.0].map(round), [0.1, 2.0, 5.0, 10.0, -50.0]);
    }

    #[test]
    fn breaks_by_hand() {
        let mut options = ChoroplethOptions::default();
        let even = breaks(&options, &data(&[1.0, 2.0, 3.0, 4.0, 9.0])).unwrap();
        assert_eq!(even, [2.0, 4.0, 6.0, 8.0]);
        let skewed = breaks(&options, &data(&[0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0])).unwrap();
        assert_eq!(skewed, [1.0, 10.0, 100.0, 1000.0]);
        options.pivot = Some(0.0);
        let both = breaks(&options, &data(&[-2.0, -1.0, -0.1, 0.1, 1.0, 2.0])).unwrap();
        assert_eq!(both, [-2.0, -1.0, 0.0, 1.0, 2.0][1..]);
    }

    #[test]
    fn a_value_on_a_border_is_in_the_class_above() {
        let scheme = Scheme::new(&ChoroplethOptions::default(), vec![5.0, 20.0]);
        assert_eq!([4.9, 5.0, 19.9, 20.0].map(|v| scheme.class(v)), [0, 1, 1, 2]);
        assert_eq!((0..3).map(|i| scheme.words(i)).collect::<Vec<_>>(), ["< 5", "5–20", "≥ 20"]);
    }
}
