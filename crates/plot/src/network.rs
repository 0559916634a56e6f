//! Nodes and links, such as the product space.

use serde::{Deserialize, Serialize};

use crate::figure::{Common, Datum, Figure, PlotError, TableTwin, TwinCell, finite};
use crate::labels::{Rect, Wish, place};
use crate::layout::{part, stress, turn};
use crate::marks::{along, leader, reach, shape};
use crate::style::{color, series};
use crate::svg::{Canvas, Type, figure, key, num};
use crate::text::{self, format_number};

/// One node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Label, size and key.
    pub datum: Datum,
    /// What it belongs to; empty for none. Groups differ in colour and shape.
    pub group: String,
    /// Filled or open; none where the network does not tell.
    pub marked: Option<bool>,
    /// A second number for the twin and the hover text, such as the RCA that decides the mark.
    pub index: Option<Datum>,
    /// Always named, in bold.
    pub highlight: bool,
}

/// One link; nodes by their position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// A node.
    pub from: usize,
    /// The other node.
    pub to: usize,
    /// Strength and key; its label is not read.
    pub datum: Datum,
    /// Of the backbone, drawn stronger than the others.
    pub tree: bool,
}

/// Options of [`network`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkOptions {
    /// Title, unit of the sizes, widths.
    pub common: Common,
    /// Most names in the wide drawing, largest nodes first; the narrow one has two fifths.
    pub names: usize,
    /// Name of the nodes, heads the first column of the twin.
    pub label_header: String,
    /// Heads the column of groups.
    pub group_header: String,
    /// What a filled and what an open node means.
    pub marks: (String, String),
    /// Heads the column of the second number.
    pub index_header: String,
    /// Heads the columns of the strongest link: the other node, and the strength.
    pub link_header: (String, String),
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            common: Common::default(),
            names: 24,
            label_header: String::new(),
            group_header: "group".into(),
            marks: ("filled".into(), "open".into()),
            index_header: "index".into(),
            link_header: ("nearest".into(), "proximity".into()),
        }
    }
}

const CHART: &str = "network";

/// More nodes are no picture, and the layout takes n² steps.
const MOST: usize = 2000;

/// From so many nodes on there is no free side for most names.
const CROWDED: usize = 120;

/// Groups with a colour and a shape of their own; smaller ones share the last.
const GROUPS: usize = 8;

/// Draws nodes by size, group and mark, and the links between them.
///
/// Assumptions: places come from the links alone (see `layout.rs`) and mean nothing by themselves;
/// the same links give the same places. Areas are in proportion to the sizes, down to a smallest
/// disc. A missing size is a hatched node of the smallest size, and says so. Names are those of the
/// largest nodes that have room; the twin has all, each with its strongest link.
///
/// # Errors
///
/// [`PlotError::Empty`] without nodes, [`PlotError::NotFinite`], [`PlotError::Option`] for more than
/// 2,000 nodes, a negative size, and a link to a node that is not there or to itself.
pub fn network(
    options: &NetworkOptions,
    nodes: &[Node],
    links: &[Link],
) -> Result<Figure, PlotError> {
    options.common.check()?;
    check(nodes, links)?;
    let ends: Vec<(usize, usize)> = links.iter().map(|link| (link.from, link.to)).collect();
    let graph = Graph {
        options,
        nodes,
        links,
        at: stress(nodes.len(), &ends),
        groups: groups(nodes),
        order: by_size(nodes),
    };
    let key = key(&("network", options, nodes, links));
    let (alt, twin) = (graph.alt(), graph.twin());
    Ok(figure(&options.common, &key, alt, twin, Vec::new(), |canvas| graph.draw(canvas)))
}

fn check(nodes: &[Node], links: &[Link]) -> Result<(), PlotError> {
    let refuse = |name, got, remedy| Err(PlotError::Option { name, got, remedy });
    if nodes.is_empty() {
        return Err(PlotError::Empty { chart: CHART, expected: "node" });
    }
    if nodes.len() > MOST {
        let remedy = "draw at most 2,000: a coarser classification, or a part of it";
        return refuse("nodes", nodes.len().to_string(), remedy);
    }
    for node in nodes {
        let label = &node.datum.label;
        if let Some(value) = node.datum.value
            && finite(CHART, label, value)? < 0.0
        {
            let remedy = "a size is not negative; take another number for it";
            return refuse("nodes", format!("{value} for `{label}`"), remedy);
        }
        if let Some(value) = node.index.as_ref().and_then(|index| index.value) {
            finite(CHART, label, value)?;
        }
    }
    for link in links {
        if link.from.max(link.to) >= nodes.len() || link.from == link.to {
            let got = format!("{} to {} of {} nodes", link.from, link.to, nodes.len());
            return refuse("links", got, "link two different nodes by their positions");
        }
        if let Some(value) = link.datum.value {
            finite(CHART, &nodes[link.from].datum.label, value)?;
        }
    }
    Ok(())
}

/// Positions, the largest first and those without a size last.
fn by_size(nodes: &[Node]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    let of = |at: usize| nodes[at].datum.value.unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|a, b| of(*b).total_cmp(&of(*a)).then(a.cmp(b)));
    order
}

/// Groups by the sum of their sizes.
fn groups(nodes: &[Node]) -> Vec<&str> {
    let mut found: Vec<(&str, f64)> = Vec::new();
    for node in nodes.iter().filter(|node| !node.group.is_empty()) {
        let value = node.datum.value.unwrap_or(0.0);
        match found.iter_mut().find(|(name, _)| *name == node.group) {
            Some((_, sum)) => *sum += value,
            None => found.push((&node.group, value)),
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found.into_iter().map(|(name, _)| name).collect()
}

struct Graph<'a> {
    options: &'a NetworkOptions,
    nodes: &'a [Node],
    links: &'a [Link],
    at: Vec<(f64, f64)>,
    groups: Vec<&'a str>,
    order: Vec<usize>,
}

impl Graph<'_> {
    /// Position of a node's colour and shape.
    fn group(&self, node: &Node) -> usize {
        let at = self.groups.iter().position(|name| *name == node.group).unwrap_or(0);
        at.min(GROUPS - 1)
    }

    fn marked(&self) -> bool {
        self.nodes.iter().any(|node| node.marked.is_some())
    }

    fn mark(&self, node: &Node) -> String {
        let (filled, open) = &self.options.marks;
        node.marked.map_or_else(String::new, |m| if m { filled.clone() } else { open.clone() })
    }

    /// The strongest link of a node, and the node at its other end.
    fn strongest(&self, at: usize) -> Option<(&Link, usize)> {
        let mut best: Option<(&Link, usize)> = None;
        let strength = |link: &Link| link.datum.value.unwrap_or(f64::NEG_INFINITY);
        for link in self.links.iter().filter(|link| link.from == at || link.to == at) {
            if best.is_none_or(|(old, _)| strength(link) > strength(old)) {
                best = Some((link, link.from + link.to - at));
            }
        }
        best
    }

    fn hover(&self, node: &Node) -> String {
        let mut said = node.datum.hover(&self.options.common);
        if !node.group.is_empty() {
            said = format!("{said}; {}", node.group);
        }
        if let Some(index) = &node.index {
            said = format!("{said}; {} {}", self.options.index_header, self.index(index));
        }
        let mark = self.mark(node);
        if mark.is_empty() { said } else { format!("{said}; {mark}") }
    }

    fn index(&self, datum: &Datum) -> String {
        let none = || self.options.common.words.no_data.clone();
        datum.value.map_or_else(none, |value| format_number(value, 2))
    }

    fn alt(&self) -> String {
        let largest = self.order.iter().take(8).map(|at| self.hover(&self.nodes[*at]));
        let filled = self.nodes.iter().filter(|node| node.marked == Some(true)).count();
        let filled = if self.marked() {
            format!(" {filled} of them: {}.", self.options.marks.0)
        } else {
            String::new()
        };
        format!(
            "{}. Network of {} nodes and {} links.{filled} The largest: {}.",
            self.options.common.title,
            self.nodes.len(),
            self.links.len(),
            largest.collect::<Vec<_>>().join("; ")
        )
    }

    fn twin(&self) -> TableTwin {
        let options = self.options;
        let common = &options.common;
        let indexed = self.nodes.iter().any(|node| node.index.is_some());
        let mut header = vec![options.label_header.clone()];
        if !self.groups.is_empty() {
            header.push(options.group_header.clone());
        }
        header.push(common.unit.clone());
        if indexed {
            header.push(options.index_header.clone());
        }
        if self.marked() {
            header.push(String::new());
        }
        header.extend([options.link_header.0.clone(), options.link_header.1.clone()]);
        let none = || TwinCell::Text(String::new());
        let row = |at: &usize| {
            let node = &self.nodes[*at];
            let mut cells = vec![TwinCell::Text(node.datum.label.clone())];
            if !self.groups.is_empty() {
                cells.push(TwinCell::Text(node.group.clone()));
            }
            cells.push(node.datum.cell(common));
            if indexed {
                let number = |index: &Datum| TwinCell::Datum {
                    id: index.id.clone(),
                    value: index.value,
                    text: self.index(index),
                };
                cells.push(node.index.as_ref().map_or_else(none, number));
            }
            if self.marked() {
                cells.push(TwinCell::Text(self.mark(node)));
            }
            match self.strongest(*at) {
                None => cells.extend([none(), none()]),
                Some((link, other)) => cells.extend([
                    TwinCell::Text(self.nodes[other].datum.label.clone()),
                    TwinCell::Datum {
                        id: link.datum.id.clone(),
                        value: link.datum.value,
                        text: self.index(&link.datum),
                    },
                ]),
            }
            cells
        };
        TableTwin { header, rows: self.order.iter().map(row).collect() }
    }

    fn draw(&self, canvas: &mut Canvas) {
        self.legend(canvas);
        let narrow = canvas.narrow();
        let mut at = self.at.clone();
        turn(&mut at, narrow);
        let span = |of: fn(&(f64, f64)) -> f64| {
            let low = at.iter().map(of).fold(f64::INFINITY, f64::min);
            let high = at.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
            (low, (high - low).max(1e-9))
        };
        let ((left, dx), (low, dy)) = (span(|p| p.0), span(|p| p.1));
        let width = canvas.width;
        let (least, most) = if narrow { (1.0, 1.6) } else { (0.5, 0.8) };
        let height = (width * (dy / dx).clamp(least, most)).round();
        let n = self.nodes.len() as f64;
        let largest =
            ((width * height / n).sqrt() * 0.3).clamp(4.0, if narrow { 12.0 } else { 20.0 });
        let radii = self.radii(largest);
        let margin = largest + 4.0;
        // A picture may be stretched a little to fill its frame; places have no scale.
        let scale = ((width - 2.0 * margin) / dx).min((height - 2.0 * margin) / dy);
        let sx = ((width - 2.0 * margin) / dx).min(scale * 1.6);
        let sy = ((height - 2.0 * margin) / dy).min(scale * 1.6);
        let (ox, oy) = ((width - sx * dx) / 2.0, (height - sy * dy) / 2.0);
        for p in &mut at {
            *p = (ox + (p.0 - left) * sx, oy + (p.1 - low) * sy);
        }
        part(&mut at, &radii, 1.5, (width, height));
        let top = canvas.y;
        at.iter_mut().for_each(|p| p.1 += top);
        self.draw_links(canvas, &at);
        for index in &self.order {
            self.draw_node(canvas, &self.nodes[*index], at[*index], radii[*index]);
        }
        self.draw_names(canvas, &at, &radii, top, height);
        canvas.y = top + height + 4.0;
    }

    /// Areas in proportion to the sizes, none smaller than can be seen.
    fn radii(&self, largest: f64) -> Vec<f64> {
        let most = self.nodes.iter().filter_map(|n| n.datum.value).fold(0.0, f64::max);
        let least = (largest * 0.2).max(2.2);
        let radius = |node: &Node| match node.datum.value {
            Some(value) if most > 0.0 => (largest * (value / most).sqrt()).max(least),
            _ => least,
        };
        self.nodes.iter().map(radius).collect()
    }

    /// All links in two paths, the backbone above.
    fn draw_links(&self, canvas: &mut Canvas, at: &[(f64, f64)]) {
        for (tree, stroke, width) in [(false, color("axis"), "0.6"), (true, color("axis"), "1.5")] {
            let mut d = String::new();
            for link in self.links.iter().filter(|link| link.tree == tree) {
                let ((x0, y0), (x1, y1)) = (at[link.from], at[link.to]);
                d.push_str(&format!("M{} {}L{} {}", num(x0), num(y0), num(x1), num(y1)));
            }
            if !d.is_empty() {
                let rest = format!(" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\"");
                canvas.path(&d, &rest);
            }
        }
    }

    fn draw_node(&self, canvas: &mut Canvas, node: &Node, at: (f64, f64), r: f64) {
        let group = self.group(node);
        let stroke = series(group);
        let fill = match (node.datum.value, node.marked) {
            (None, _) => canvas.hatch("missing"),
            (_, Some(false)) => color("paper"),
            _ => stroke.clone(),
        };
        canvas.open_mark(&node.datum.id, &self.hover(node));
        shape(canvas, group, at, r, &fill, &stroke);
        canvas.close();
    }

    fn draw_names(
        &self,
        canvas: &mut Canvas,
        at: &[(f64, f64)],
        radii: &[f64],
        top: f64,
        height: f64,
    ) {
        let narrow = canvas.narrow();
        let size = canvas.font() - 1.0;
        let most = if narrow { self.options.names * 2 / 5 } else { self.options.names };
        let limit = if narrow { 120.0 } else { 170.0 };
        let named: Vec<usize> = self.order.iter().copied().take(most).collect();
        let forced = self.order.iter().copied().filter(|i| self.nodes[*i].highlight);
        let forced: Vec<usize> = forced.filter(|i| !named.contains(i)).collect();
        let named: Vec<usize> = forced.into_iter().chain(named).collect();
        // Among many nodes a name may cross the small ones, with a rim around its letters.
        let crowded = self.nodes.len() > CROWDED;
        let boxes = at.iter().zip(radii).map(|(p, r)| Rect::around(p.0, p.1, r * 0.95));
        let (mut obstacles, mut soft) = (Vec::new(), Vec::new());
        for (index, rect) in boxes.enumerate() {
            let hard = !crowded || named.contains(&index);
            if hard { &mut obstacles } else { &mut soft }.push(rect);
        }
        soft.extend(self.links.iter().flat_map(|l| along(at[l.from], at[l.to])));
        let wishes: Vec<Wish> = named
            .iter()
            .enumerate()
            .map(|(rank, i)| Wish {
                x: at[*i].0,
                y: at[*i].1,
                gap: radii[*i] * reach(self.group(&self.nodes[*i])) + 3.0,
                text: text::truncate(&self.nodes[*i].datum.label, size, limit),
                size,
                rank,
                must: self.nodes[*i].highlight,
            })
            .collect();
        let frame = Rect { x0: 0.0, y0: top, x1: canvas.width, y1: top + height };
        let ink = color("ink");
        for p in place(&wishes, &obstacles, &soft, &frame) {
            let wish = &wishes[p.wish];
            if let Some((from, to)) = leader(wish, &p) {
                canvas.line(from, to, &color("muted"), 0.8);
            }
            let set = Type::new(size, &ink).anchor(p.anchor).halo();
            let set = if wishes[p.wish].must { set.bold() } else { set };
            canvas.text(p.x, p.y, &wishes[p.wish].text, set);
        }
    }

    fn legend(&self, canvas: &mut Canvas) {
        let font = canvas.font();
        let ink = color("ink");
        let mut entries: Vec<(String, usize, bool)> = Vec::new();
        for (index, name) in self.groups.iter().enumerate() {
            if index + 1 == GROUPS && self.groups.len() > GROUPS {
                entries.push((self.groups[index..].join(", "), index, true));
                break;
            }
            entries.push(((*name).to_owned(), index, true));
        }
        if self.marked() {
            entries.push((self.options.marks.0.clone(), 0, true));
            entries.push((self.options.marks.1.clone(), 0, false));
        }
        if entries.is_empty() {
            return;
        }
        let marks = entries.len() - if self.marked() { 2 } else { 0 };
        let mut x = 0.0;
        canvas.y += font;
        for (position, (name, group, filled)) in entries.into_iter().enumerate() {
            let name = text::truncate(&name, font, canvas.width - 20.0);
            let needed = 18.0 + text::width(&name, font);
            // The marks stand on a line of their own.
            if x > 0.0 && (x + needed > canvas.width || position == marks) {
                x = 0.0;
                canvas.y += font * 1.5;
            }
            let y = canvas.y;
            let stroke = if position < marks { series(group) } else { color("muted") };
            let fill = if filled { stroke.clone() } else { color("paper") };
            shape(canvas, group, (x + 7.0, y - font * 0.35), 4.8, &fill, &stroke);
            canvas.text(x + 18.0, y, &name, Type::new(font, &ink));
            x += needed + 16.0;
        }
        canvas.y += 12.0;
    }
}
