//! A small SVG writer with fixed decimals, and the parts that all figures share.

use std::fmt::Write as _;

use crate::figure::{Common, Figure, Size, TableTwin};
use crate::style::{color, series};
use crate::text::{self, escape};

/// A coordinate with one decimal, as short as possible and the same on every machine.
pub(crate) fn num(value: f64) -> String {
    debug_assert!(value.is_finite(), "a coordinate is not finite");
    let tenths = if value.is_finite() { (value * 10.0).round() as i64 } else { 0 };
    tenths_to_string(tenths)
}

pub(crate) fn tenths_to_string(tenths: i64) -> String {
    let (sign, t) = (if tenths < 0 { "-" } else { "" }, tenths.unsigned_abs());
    if t % 10 == 0 { format!("{sign}{}", t / 10) } else { format!("{sign}{}.{}", t / 10, t % 10) }
}

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type<'a> {
    pub size: f64,
    pub fill: &'a str,
    pub anchor: &'static str,
    pub bold: bool,
    /// A rim of paper colour, for text over a drawing.
    pub halo: bool,
}

impl<'a> Type<'a> {
    pub fn new(size: f64, fill: &'a str) -> Self {
        Self { size, fill, anchor: "start", bold: false, halo: false }
    }

    pub fn anchor(self, anchor: &'static str) -> Self {
        Self { anchor, ..self }
    }

    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub fn halo(self) -> Self {
        Self { halo: true, ..self }
    }
}

/// A drawing that grows downwards: `y` is where the next part begins.
#[derive(Debug)]
pub(crate) struct Canvas {
    pub size: Size,
    pub width: f64,
    pub y: f64,
    pub id: String,
    body: String,
    hatches: Vec<(&'static str, String)>,
}

/// How far a drawing had come.
pub(crate) struct Mark {
    y: f64,
    body: usize,
    hatches: usize,
}

impl Canvas {
    pub fn new(common: &Common, size: Size, id: &str) -> Self {
        let (width, suffix) = match size {
            Size::Wide => (common.width, "w"),
            Size::Narrow => (common.narrow_width, "n"),
        };
        let id = format!("{id}{suffix}");
        let mut canvas = Self { size, width, y: 0.0, id, body: String::new(), hatches: Vec::new() };
        canvas.head(common);
        canvas
    }

    /// Forgets what was drawn below the head, which ends at `y`.
    pub fn restart(&mut self, mark: &Mark) {
        self.body.truncate(mark.body);
        self.hatches.truncate(mark.hatches);
        self.y = mark.y;
    }

    /// The state to [`restart`](Self::restart) from.
    pub fn mark(&self) -> Mark {
        Mark { y: self.y, body: self.body.len(), hatches: self.hatches.len() }
    }

    pub fn narrow(&self) -> bool {
        self.size == Size::Narrow
    }

    /// Size of labels; the narrow drawing is shown smaller, so its letters are no smaller here.
    pub fn font(&self) -> f64 {
        if self.narrow() { 12.0 } else { 12.5 }
    }

    fn head(&mut self, common: &Common) {
        let title = if common.show_title { common.title.as_str() } else { "" };
        if title.is_empty() && common.unit.is_empty() {
            self.y = 8.0;
            return;
        }
        let size = if self.narrow() { 13.5 } else { 15.0 };
        let (ink, muted) = (color("ink"), color("muted"));
        if !title.is_empty() {
            // Bold letters run some 6 % wider than the table of widths.
            for line in text::wrap(title, size * 1.06, self.width, 3) {
                self.y += size * 1.25;
                self.text(0.0, self.y - size * 0.2, &line, Type::new(size, &ink).bold());
            }
        }
        if !common.unit.is_empty() {
            let small = self.font();
            for line in text::wrap(&common.unit, small, self.width, 2) {
                self.y += small * 1.4;
                self.text(0.0, self.y - small * 0.25, &line, Type::new(small, &muted));
            }
        }
        self.y += 10.0;
    }

    /// Lines of small text under the picture.
    pub fn foot(&mut self, note: &str) {
        if note.is_empty() {
            return;
        }
        let (size, muted) = (if self.narrow() { 10.5 } else { 11.0 }, color("muted"));
        self.y += 6.0;
        for line in text::wrap(note, size, self.width, 12) {
            self.y += size * 1.35;
            self.text(0.0, self.y - size * 0.3, &line, Type::new(size, &muted));
        }
        self.y += 2.0;
    }

    pub fn raw(&mut self, markup: &str) {
        self.body.push_str(markup);
    }

    pub fn text(&mut self, x: f64, y: f64, content: &str, set: Type<'_>) {
        let anchor = match set.anchor {
            "start" => String::new(),
            other => format!(" text-anchor=\"{other}\""),
        };
        let bold = if set.bold { " font-weight=\"600\"" } else { "" };
        let halo = if set.halo {
            format!(
                " stroke=\"{}\" stroke-width=\"2.6\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
                color("paper")
            )
        } else {
            String::new()
        };
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{anchor}{bold}{halo}>{}</text>",
            num(x),
            num(y),
            num(set.size),
            set.fill,
            escape(content)
        );
    }

    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
        let _ = write!(
            self.body,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{stroke}\" stroke-width=\"{}\"/>",
            num(from.0),
            num(from.1),
            num(to.0),
            num(to.1),
            num(width)
        );
    }

    /// A box; `rest` holds further attributes.
    pub fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, fill: &str, rest: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"{rest}/>",
            num(x),
            num(y),
            num(w.max(0.0)),
            num(h.max(0.0))
        );
    }

    pub fn path(&mut self, d: &str, rest: &str) {
        let _ = write!(self.body, "<path d=\"{d}\"{rest}/>");
    }

    /// A disc with a rim: filled, or open with the paper inside.
    pub fn disc(&mut self, x: f64, y: f64, r: f64, stroke: &str, filled: bool) {
        let paper = color("paper");
        let (fill, rim, w) =
            if filled { (stroke, paper.as_str(), 1.0) } else { (paper.as_str(), stroke, 1.6) };
        let _ = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" stroke=\"{rim}\" stroke-width=\"{}\"/>",
            num(x),
            num(y),
            num(r),
            num(w)
        );
    }

    /// Opens a group that carries the key of a cell and a hover text.
    pub fn open_mark(&mut self, cell: &str, hover: &str) {
        let cell = if cell.is_empty() {
            String::new()
        } else {
            format!(" data-cell=\"{}\"", escape(cell))
        };
        let _ = write!(self.body, "<g{cell}><title>{}</title>", escape(hover));
    }

    pub fn close(&mut self) {
        self.body.push_str("</g>");
    }

    /// Markers with their names, in lines as wide as the drawing.
    pub fn legend(&mut self, entries: &[(&str, (String, bool))]) {
        let font = self.font();
        let ink = color("ink");
        let mut x = 0.0;
        self.y += font;
        for (name, (fill, filled)) in entries {
            let name = text::truncate(name, font, self.width - 20.0);
            let needed = 16.0 + text::width(&name, font);
            if x > 0.0 && x + needed > self.width {
                x = 0.0;
                self.y += font * 1.5;
            }
            let y = self.y;
            self.disc(x + 5.0, y - font * 0.35, 4.2, fill, *filled);
            self.text(x + 16.0, y, &name, Type::new(font, &ink));
            x += needed + 18.0;
        }
    }

    /// A fill of thin slanted lines; `kind` names its colour and direction.
    pub fn hatch(&mut self, kind: &'static str) -> String {
        let id = format!("{}-{kind}", self.id);
        if !self.hatches.iter().any(|(k, _)| *k == kind) {
            // Missing values and disputed areas lean to different sides and differ in weight; parts
            // of a whole are heavier and have a colour.
            let (angle, step, stroke, weight) = match kind {
                "disputed" => (-45, 4, color("muted"), "1.4"),
                "part-2" => (-45, 6, series(1), "3"),
                "part-4" => (-45, 6, series(3), "3"),
                _ => (45, 5, color("axis"), "1.4"),
            };
            let markup = format!(
                "<pattern id=\"{id}\" width=\"{step}\" height=\"{step}\" patternUnits=\"userSpaceOnUse\" \
                 patternTransform=\"rotate({angle})\"><rect width=\"{step}\" height=\"{step}\" fill=\"{}\"/>\
                 <line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"{step}\" stroke=\"{stroke}\" stroke-width=\"{weight}\"/></pattern>",
                color("paper")
            );
            self.hatches.push((kind, markup));
        }
        format!("url(#{id})")
    }

    /// The finished `svg` element.
    pub fn finish(self, title: &str, alt: &str) -> String {
        let class = match self.size {
            Size::Wide => "plot-wide",
            Size::Narrow => "plot-narrow",
        };
        let (w, h, id) = (num(self.width), num(self.y.ceil()), &self.id);
        let patterns: String = self.hatches.iter().map(|(_, markup)| markup.as_str()).collect();
        let defs = if patterns.is_empty() { patterns } else { format!("<defs>{patterns}</defs>") };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{class}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\" viewBox=\"0 0 {w} {h}\" width=\"100%\" \
             font-family=\"'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif\" \
             style=\"font-variant-numeric:tabular-nums;max-width:{w}px\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>{defs}{}</svg>",
            escape(title),
            escape(alt),
            self.body
        )
    }
}

/// A short key for the ids inside a figure: 32 bits of FNV-1a over everything that it was made of.
pub(crate) fn key(parts: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(parts).unwrap_or_default();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    format!("p{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

/// Draws both sizes and puts the figure together.
pub(crate) fn figure(
    common: &Common,
    key: &str,
    alt: String,
    table: TableTwin,
    notes: Vec<String>,
    draw: impl Fn(&mut Canvas),
) -> Figure {
    let alt = common.alt.clone().unwrap_or(alt);
    let one = |size| {
        let mut canvas = Canvas::new(common, size, key);
        draw(&mut canvas);
        canvas.foot(&common.footnote);
        canvas.finish(&common.title, &alt)
    };
    Figure { svg: one(Size::Wide), narrow: one(Size::Narrow), table, alt, notes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_fixed() {
        assert_eq!(num(12.0), "12");
        assert_eq!(num(-0.04), "0");
        assert_eq!(num(-0.06), "-0.1");
        assert_eq!(num(3.25), "3.3");
    }
}
