//! Maps of flows between points, with sites.

use serde::{Deserialize, Serialize};

use crate::base_map::{Focus, Ground, border};
use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::geometry::{Layer, PointOfView};
use crate::labels::{Rect, Wish, place};
use crate::projection::LatLon;
use crate::scale::nice_ticks;
use crate::style::color;
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text;

/// A flow from one point to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flow {
    /// Where it starts.
    pub from: LatLon,
    /// Where it ends.
    pub to: LatLon,
    /// Label for the twin and the hover text, such as `Belarus → Kaluga`; value and key.
    pub datum: Datum,
    /// Name of the end for the map; written for the largest flows.
    pub end_label: String,
    /// Draws the flow in the accent colour.
    pub highlight: bool,
}

/// What stands at a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MarkerKind {
    /// Chosen by the computation.
    Chosen,
    /// There already.
    #[default]
    Existing,
    /// Where flows start.
    Origin,
    /// Considered, not chosen.
    Candidate,
}

/// A site on the map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marker {
    /// Where it stands.
    pub at: LatLon,
    /// Its name.
    pub label: String,
    /// What it is.
    pub kind: MarkerKind,
    /// Opaque key of the cell behind it.
    pub id: String,
    /// A short remark for the hover text and the twin.
    pub note: String,
}

/// Options of [`flow_map`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowMapOptions {
    /// Title, unit, widths.
    pub common: Common,
    /// The ground.
    pub layer: Layer,
    /// How disputed areas are treated; printed under the map.
    pub view: PointOfView,
    /// A part of the layer to be shown; all of it when `None`.
    pub focus: Option<Focus>,
    /// Straight thin lines in place of arcs, as from customers to their centre.
    pub straight: bool,
    /// Heads at the ends of the arcs.
    pub arrows: bool,
    /// How many of the largest flows are labelled with their ends.
    pub label_largest: usize,
    /// Legend words for chosen, existing, origin, candidate.
    pub marker_words: [String; 4],
    /// Name of the flows, heads the first column of the twin.
    pub label_header: String,
    /// The statement in another language; the English one when `None`.
    pub statement: Option<String>,
}

impl Default for FlowMapOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            layer: Layer::World,
            view: PointOfView::Neutral,
            focus: None,
            straight: false,
            arrows: true,
            label_largest: 8,
            marker_words: ["chosen", "existing", "origin", "candidate"].map(String::from),
            label_header: String::new(),
            statement: None,
        }
    }
}

const CHART: &str = "flow map";

/// Draws flows as arcs whose width is proportional to the value, and sites as markers.
///
/// Assumptions: widths are linear from zero, with a hairline as the least; a missing value is a
/// dashed hairline; a zero is in the twin and not on the map. Arcs bend northwards; where two
/// flows run opposite to each other, each bends to its left. An arc is a drawing aid, not a route.
///
/// Result: a figure with the statement on borders under it; the twin lists flows, then markers.
///
/// # Errors
///
/// [`PlotError::Empty`] without flows and markers, [`PlotError::Coordinate`],
/// [`PlotError::NotFinite`], [`PlotError::Option`] for a negative value.
pub fn flow_map(
    options: &FlowMapOptions,
    flows: &[Flow],
    markers: &[Marker],
) -> Result<Figure, PlotError> {
    options.common.check()?;
    if flows.is_empty() && markers.is_empty() {
        return Err(PlotError::Empty { chart: CHART, expected: "flow or marker" });
    }
    for flow in flows {
        check(&flow.datum.label, flow.from)?;
        check(&flow.datum.label, flow.to)?;
        if let Some(v) = flow.datum.value
            && finite(CHART, &flow.datum.label, v)? < 0.0
        {
            return Err(PlotError::Option {
                name: "value",
                got: format!("{v} for `{}`", flow.datum.label),
                remedy: "turn a negative flow round or draw the changes as bars",
            });
        }
    }
    for marker in markers {
        check(&marker.label, marker.at)?;
    }
    let key = key(&("flow_map", options, flows, markers));
    let mut common = options.common.clone();
    let statement = options.layer.statement(options.view);
    let statement = options.statement.clone().unwrap_or_else(|| statement.to_string());
    common.footnote = [common.footnote, statement].join(" ").trim().to_string();
    // What lies outside the frame is told, not dropped in silence.
    let probe = Canvas::new(&common, crate::Size::Wide, &key);
    let ground = Ground::fit(&probe, options.layer, options.view, options.focus)?;
    ground.outlines()?;
    Layer::World.topology()?;
    let ends = flows.iter().map(|f| (f.to, &f.datum.label));
    let sites = markers.iter().map(|m| (m.at, &m.label));
    let hidden: Vec<&str> = ends
        .chain(sites)
        .filter(|(at, _)| !ground.visible(ground.pixel(*at)))
        .map(|(_, label)| label.as_str())
        .collect();
    let mut notes = Vec::new();
    if !hidden.is_empty() {
        notes.push(format!("{}: {}.", common.words.off_map, hidden.join(", ")));
        common.footnote = format!("{} {}", notes[0], common.footnote);
    }
    let alt = alt(options, flows, markers);
    Ok(figure(&common, &key, alt, twin(options, flows, markers), notes, |canvas| {
        let drawn = draw(canvas, options, flows, markers);
        debug_assert!(drawn.is_ok());
    }))
}

fn check(label: &str, at: LatLon) -> Result<(), PlotError> {
    if at.lat.abs() <= 90.0 && at.lon.abs() <= 180.0 {
        Ok(())
    } else {
        Err(PlotError::Coordinate { label: label.into(), lat: at.lat, lon: at.lon })
    }
}

fn word(options: &FlowMapOptions, kind: MarkerKind) -> &str {
    &options.marker_words[kind as usize]
}

fn twin(options: &FlowMapOptions, flows: &[Flow], markers: &[Marker]) -> TableTwin {
    let header = vec![options.label_header.clone(), options.common.unit.clone(), String::new()];
    let mut rows: Vec<Vec<TwinCell>> = flows
        .iter()
        .map(|f| {
            let note = TwinCell::Text(f.datum.note.clone());
            vec![TwinCell::Text(f.datum.label.clone()), f.datum.cell(&options.common), note]
        })
        .collect();
    rows.extend(markers.iter().map(|m| {
        let kind = TwinCell::Text(word(options, m.kind).to_string());
        vec![TwinCell::Text(m.label.clone()), kind, TwinCell::Text(m.note.clone())]
    }));
    TableTwin { header, rows }
}

fn alt(options: &FlowMapOptions, flows: &[Flow], markers: &[Marker]) -> String {
    let mut parts = vec![format!("{}. Map.", options.common.title)];
    let mut known: Vec<&Datum> =
        flows.iter().map(|f| &f.datum).filter(|d| d.value.is_some()).collect();
    known.sort_by(|a, b| b.value.unwrap_or(0.0).total_cmp(&a.value.unwrap_or(0.0)));
    if !known.is_empty() {
        let top: Vec<String> = known.iter().take(5).map(|d| d.hover(&options.common)).collect();
        parts.push(format!("{} flows, the largest: {}.", flows.len(), top.join("; ")));
    }
    for kind in
        [MarkerKind::Chosen, MarkerKind::Existing, MarkerKind::Origin, MarkerKind::Candidate]
    {
        let names: Vec<&str> =
            markers.iter().filter(|m| m.kind == kind).map(|m| m.label.as_str()).collect();
        if !names.is_empty() {
            parts.push(format!("{}: {}.", word(options, kind), names.join(", ")));
        }
    }
    parts.join(" ")
}

fn draw(
    canvas: &mut Canvas,
    options: &FlowMapOptions,
    flows: &[Flow],
    markers: &[Marker],
) -> Result<(), PlotError> {
    let common = &options.common;
    let ground = Ground::fit(canvas, options.layer, options.view, options.focus)?;
    let (places, disputed) = ground.outlines()?;
    ground.open(canvas);
    let near = ground.neighbours(canvas, &common.words.disputed)?;
    let land: String = places.iter().map(|p| p.d.as_str()).collect();
    let line = border(if canvas.narrow() { 0.4 } else { 0.7 });
    canvas.path(&land, &format!(" fill=\"{}\"{line}", color("land")));
    for area in &disputed {
        ground.hatched(canvas, &area.d, &area.id, &common.words.disputed);
    }
    let most = flows.iter().filter_map(|f| f.datum.value).fold(0.0, f64::max);
    let widest = match (options.straight, canvas.narrow()) {
        (true, _) => 3.0,
        (false, true) => 5.0,
        (false, false) => 8.0,
    };
    let width_of = |value: f64| (value / most * widest).max(0.8);
    // Large flows first, so that small ones stay visible on top of them.
    let mut order: Vec<&Flow> = flows.iter().filter(|f| f.datum.value != Some(0.0)).collect();
    order.sort_by(|a, b| {
        let size = |f: &Flow| f.datum.value.unwrap_or(0.0);
        (a.highlight.cmp(&b.highlight)).then(size(b).total_cmp(&size(a)))
    });
    let mut soft: Vec<Rect> = Vec::new();
    for flow in &order {
        let opposite = flows.iter().any(|f| f.from == flow.to && f.to == flow.from);
        let (a, b) = (ground.pixel(flow.from), ground.pixel(flow.to));
        canvas.open_mark(&flow.datum.id, &flow.datum.hover(common));
        let width = flow.datum.value.map(width_of);
        soft.extend(draw_arc(canvas, options, flow, (a, b), width, opposite));
        canvas.close();
    }
    let sited = |at: (f64, f64)| {
        markers.iter().any(|m| {
            let p = ground.pixel(m.at);
            (p.0 - at.0).hypot(p.1 - at.1) < 2.0
        })
    };
    let mut starts: Vec<(f64, f64)> = Vec::new();
    for flow in &order {
        let start = ground.pixel(flow.from);
        if !starts.contains(&start) && !sited(start) {
            starts.push(start);
            canvas.disc(start.0, start.1, 3.0, &color("ink"), true);
        }
    }
    canvas.close();
    draw_markers(canvas, options, markers, &ground);
    labels(canvas, options, &order, markers, &ground, &soft);
    canvas.y = ground.frame.3;
    let hatched = near || disputed.iter().any(|d| !d.d.is_empty());
    legend(canvas, options, markers, (most, widest), hatched);
    Ok(())
}

/// One arc or line with its head; returns boxes along it, which labels had better leave free.
fn draw_arc(
    canvas: &mut Canvas,
    options: &FlowMapOptions,
    flow: &Flow,
    (a, b): ((f64, f64), (f64, f64)),
    width: Option<f64>,
    opposite: bool,
) -> Vec<Rect> {
    let stroke = color(if flow.highlight { "accent" } else { "series-1" });
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx.hypot(dy);
    if length < 1.0 {
        return Vec::new();
    }
    let bend = if options.straight { 0.0 } else { 0.2 };
    // Left of the direction of travel is (dy, -dx) with y downwards.
    let side = if !opposite && dx < 0.0 { -1.0 } else { 1.0 };
    let c = ((a.0 + b.0) / 2.0 + side * bend * dy, (a.1 + b.1) / 2.0 - side * bend * dx);
    let w = width.unwrap_or(0.8);
    let (tx, ty) = (b.0 - c.0, b.1 - c.1);
    let t = tx.hypot(ty).max(1e-9);
    let (ux, uy) = (tx / t, ty / t);
    let head =
        if options.arrows && !options.straight { (4.0 + 1.1 * w).min(length * 0.4) } else { 0.0 };
    // The line ends inside the head, so that its blunt end does not show beside the tip.
    let end = (b.0 - ux * head * 0.8, b.1 - uy * head * 0.8);
    let d = if options.straight {
        format!("M{} {}L{} {}", num(a.0), num(a.1), num(end.0), num(end.1))
    } else {
        format!(
            "M{} {}Q{} {} {} {}",
            num(a.0),
            num(a.1),
            num(c.0),
            num(c.1),
            num(end.0),
            num(end.1)
        )
    };
    let dash = if width.is_none() { " stroke-dasharray=\"3 3\"" } else { "" };
    canvas.raw("<g opacity=\"0.72\">");
    canvas
        .path(&d, &format!(" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\"{dash}", num(w)));
    if head > 0.0 {
        let (half, back) = (head * 0.5, (b.0 - ux * head, b.1 - uy * head));
        let d = format!(
            "M{} {}L{} {}L{} {}Z",
            num(b.0),
            num(b.1),
            num(back.0 - uy * half),
            num(back.1 + ux * half),
            num(back.0 + uy * half),
            num(back.1 - ux * half)
        );
        canvas.path(&d, &format!(" fill=\"{stroke}\""));
    }
    canvas.close();
    let steps = (length / 8.0).ceil();
    (0..=steps as usize)
        .map(|i| {
            let (t, s) = (i as f64 / steps, 1.0 - i as f64 / steps);
            let at = |a: f64, c: f64, b: f64| s * s * a + 2.0 * s * t * c + t * t * b;
            Rect::around(at(a.0, c.0, b.0), at(a.1, c.1, b.1), w / 2.0 + 1.5)
        })
        .collect()
}

/// A symbol that differs in shape as well as in colour.
fn symbol(canvas: &mut Canvas, kind: MarkerKind, (x, y): (f64, f64)) {
    let paper = color("paper");
    let k = if canvas.narrow() { 0.85 } else { 1.0 };
    match kind {
        MarkerKind::Chosen => {
            let r = 7.0 * k;
            let d = format!(
                "M{} {}L{} {}L{} {}L{} {}Z",
                num(x),
                num(y - r),
                num(x + r),
                num(y),
                num(x),
                num(y + r),
                num(x - r),
                num(y)
            );
            let rest =
                format!(" fill=\"{}\" stroke=\"{paper}\" stroke-width=\"1.2\"", color("accent"));
            canvas.path(&d, &rest);
        }
        MarkerKind::Existing => canvas.disc(x, y, 4.6 * k, &color("ink"), true),
        MarkerKind::Origin => {
            let r = 4.4 * k;
            let rest = format!(" stroke=\"{paper}\" stroke-width=\"1.2\"");
            canvas.rect(x - r, y - r, 2.0 * r, 2.0 * r, &color("series-1"), &rest);
        }
        MarkerKind::Candidate => canvas.disc(x, y, 2.6 * k, &color("muted"), false),
    }
}

fn draw_markers(
    canvas: &mut Canvas,
    options: &FlowMapOptions,
    markers: &[Marker],
    ground: &Ground,
) {
    let mut order: Vec<&Marker> = markers.iter().collect();
    order.sort_by_key(|m| std::cmp::Reverse(m.kind));
    for m in order {
        let at = ground.pixel(m.at);
        if !ground.visible(at) {
            continue;
        }
        let note = if m.note.is_empty() { String::new() } else { format!(" ({})", m.note) };
        canvas.open_mark(&m.id, &format!("{}: {}{note}", m.label, word(options, m.kind)));
        symbol(canvas, m.kind, at);
        canvas.close();
    }
}

fn labels(
    canvas: &mut Canvas,
    options: &FlowMapOptions,
    order: &[&Flow],
    markers: &[Marker],
    ground: &Ground,
    soft: &[Rect],
) {
    let size = canvas.font() - if canvas.narrow() { 1.5 } else { 1.0 };
    let mut wishes: Vec<Wish> = Vec::new();
    let mut obstacles: Vec<Rect> = Vec::new();
    for m in markers {
        let (x, y) = ground.pixel(m.at);
        if !ground.visible((x, y)) {
            continue;
        }
        let (gap, weight) = match m.kind {
            MarkerKind::Chosen => (9.0, 0),
            MarkerKind::Origin => (7.0, 1),
            MarkerKind::Existing => (7.0, 2),
            MarkerKind::Candidate => (6.5, 4),
        };
        obstacles.push(Rect::around(x, y, gap - 2.5));
        // On a telephone only what was chosen and where flows start is named.
        if canvas.narrow() && m.kind == MarkerKind::Candidate {
            continue;
        }
        let must = m.kind == MarkerKind::Chosen;
        wishes.push(Wish { x, y, gap, text: m.label.clone(), size, rank: weight, must });
    }
    let mut largest: Vec<&&Flow> = order.iter().filter(|f| f.datum.value.is_some()).collect();
    largest.sort_by(|a, b| b.datum.value.unwrap_or(0.0).total_cmp(&a.datum.value.unwrap_or(0.0)));
    let count = if canvas.narrow() { options.label_largest.min(4) } else { options.label_largest };
    for (i, flow) in largest.iter().take(count).enumerate() {
        let (x, y) = ground.pixel(flow.to);
        if ground.visible((x, y)) && !wishes.iter().any(|w| (w.x - x).hypot(w.y - y) < 1.0) {
            let text = flow.end_label.clone();
            wishes.push(Wish { x, y, gap: 5.0, text, size, rank: 10 + i, must: false });
        }
    }
    let (x0, y0, x1, y1) = ground.frame;
    let ink = color("ink");
    for p in place(&wishes, &obstacles, soft, &Rect { x0, y0, x1, y1 }) {
        let set = Type::new(size, &ink).anchor(p.anchor).halo();
        let set = if wishes[p.wish].must { set.bold() } else { set };
        canvas.text(p.x, p.y, &wishes[p.wish].text, set);
    }
}

fn legend(
    canvas: &mut Canvas,
    options: &FlowMapOptions,
    markers: &[Marker],
    (most, widest): (f64, f64),
    hatched: bool,
) {
    let (font, ink) = (canvas.font() - 0.5, color("ink"));
    canvas.y += 20.0;
    let mut x = 0.0;
    let mut advance = |canvas: &mut Canvas, needed: f64| {
        if x > 0.0 && x + needed > canvas.width {
            x = 0.0;
            canvas.y += font * 1.7;
        }
        let at = x;
        x += needed + 18.0;
        at
    };
    for kind in
        [MarkerKind::Chosen, MarkerKind::Existing, MarkerKind::Origin, MarkerKind::Candidate]
    {
        if markers.iter().any(|m| m.kind == kind) {
            let words = word(options, kind).to_string();
            let at = advance(canvas, 18.0 + text::width(&words, font));
            let y = canvas.y;
            symbol(canvas, kind, (at + 7.0, y - font * 0.35));
            canvas.text(at + 18.0, y, &words, Type::new(font, &ink));
        }
    }
    if most > 0.0 {
        let ticks = nice_ticks(0.0, most, 5);
        let shown: Vec<f64> = ticks.into_iter().filter(|t| *t > 0.0 && *t <= most).collect();
        // The thinnest and the thickest round width are enough to read those between.
        let shown = if shown.len() > 2 { vec![shown[0], shown[shown.len() - 1]] } else { shown };
        for (i, t) in shown.iter().enumerate() {
            let mut words = options.common.show(Some(*t));
            if i + 1 == shown.len() && !options.common.unit.is_empty() {
                words = format!("{words} {}", options.common.unit);
            }
            let words = text::truncate(&words, font, canvas.width - 40.0);
            let at = advance(canvas, 32.0 + text::width(&words, font));
            let y = canvas.y;
            canvas.raw("<g opacity=\"0.72\">");
            let mid = y - font * 0.35;
            canvas.line(
                (at, mid),
                (at + 26.0, mid),
                &color("series-1"),
                (t / most * widest).max(0.8),
            );
            canvas.close();
            canvas.text(at + 32.0, y, &words, Type::new(font, &ink));
        }
    }
    if hatched {
        let words = &options.common.words.disputed;
        let at = advance(canvas, 26.0 + text::width(words, font));
        let (y, fill) = (canvas.y, canvas.hatch("disputed"));
        let rim = format!(" stroke=\"{}\" stroke-width=\"0.5\"", color("axis"));
        canvas.rect(at + 0.5, y - 9.5, 20.0, 11.0, &fill, &rim);
        canvas.text(at + 26.0, y, words, Type::new(font, &ink));
    }
    canvas.y += 6.0;
}
