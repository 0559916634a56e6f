//! What goes in and what comes out: data, common options, figure, table twin, errors.

use serde::{Deserialize, Serialize};

use crate::text::format_number;

/// One labelled number, or a labelled gap.
///
/// A missing value is not zero: it is drawn as a gap or a hatch and written as "no data".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Datum {
    /// What the reader is told the number belongs to.
    pub label: String,
    /// The number in the unit of the chart; `None` where it is missing.
    pub value: Option<f64>,
    /// Opaque key of the cell behind the number, carried into `data-cell` and the table twin.
    pub id: String,
    /// A short remark for the hover text and the table twin, empty for none.
    pub note: String,
}

impl Datum {
    /// A datum with a value.
    #[must_use]
    pub fn new(label: impl Into<String>, value: f64, id: impl Into<String>) -> Self {
        Self { label: label.into(), value: Some(value), id: id.into(), note: String::new() }
    }

    /// A datum whose value is missing.
    #[must_use]
    pub fn missing(label: impl Into<String>, id: impl Into<String>) -> Self {
        Self { label: label.into(), value: None, id: id.into(), note: String::new() }
    }

    pub(crate) fn cell(&self, common: &Common) -> TwinCell {
        TwinCell::Datum { id: self.id.clone(), value: self.value, text: common.show(self.value) }
    }

    /// Label, value and note in one line, for the hover text.
    pub(crate) fn hover(&self, common: &Common) -> String {
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{}: {}{note}", self.label, common.show_with_unit(self.value))
    }
}

/// A number with its interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ranged {
    /// Value and key.
    pub datum: Datum,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Ranged {
    /// Value and ends that are there.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = f64> + use<> {
        [self.datum.value, self.low, self.high].into_iter().flatten()
    }

    /// `0.50 (0.10 to 0.90)`.
    pub(crate) fn show(&self, common: &Common) -> String {
        let value = common.show(self.datum.value);
        match (self.low, self.high) {
            (Some(low), Some(high)) => {
                format!("{value} ({} to {})", common.show(Some(low)), common.show(Some(high)))
            }
            _ => value,
        }
    }

    /// Value, low and high as cells of a twin.
    pub(crate) fn cells(&self, common: &Common) -> [TwinCell; 3] {
        let end = |end: Option<f64>| {
            TwinCell::Text(end.map_or_else(String::new, |end| common.show(Some(end))))
        };
        [self.datum.cell(common), end(self.low), end(self.high)]
    }
}

/// The words that a figure writes by itself; give others for another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// For a missing value.
    pub no_data: String,
    /// For areas of disputed status.
    pub disputed: String,
    /// For places of a map without a row in the data.
    pub not_listed: String,
    /// For places that a map layer does not hold, before their list.
    pub off_map: String,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            no_data: "no data".into(),
            disputed: "disputed".into(),
            not_listed: "not in the table".into(),
            off_map: "Not on the map".into(),
        }
    }
}

/// Options that every chart and map shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// What is shown; also the accessible name of the picture.
    pub title: String,
    /// Unit of all values, such as `USD bn`; written under the title.
    pub unit: String,
    /// A line under the picture, such as the statement of a map; empty for none.
    pub footnote: String,
    /// Digits after the decimal point in labels and in the twin.
    pub decimals: usize,
    /// Width of the wide drawing in pixels. 720 is a comfortable column of text.
    pub width: f64,
    /// Width of the narrow drawing in pixels, shown where the column is under 520 pixels.
    pub narrow_width: f64,
    /// Whether title and unit are written into the picture.
    pub show_title: bool,
    /// Text for readers who do not see the picture; composed from the data when `None`.
    pub alt: Option<String>,
    /// Words in the language of the page.
    pub words: Words,
}

impl Default for Common {
    fn default() -> Self {
        Self {
            title: String::new(),
            unit: String::new(),
            footnote: String::new(),
            decimals: 1,
            width: 720.0,
            narrow_width: 340.0,
            show_title: true,
            alt: None,
            words: Words::default(),
        }
    }
}

impl Common {
    /// A title and a unit, the rest as by default.
    #[must_use]
    pub fn new(title: impl Into<String>, unit: impl Into<String>, decimals: usize) -> Self {
        Self { title: title.into(), unit: unit.into(), decimals, ..Self::default() }
    }

    pub(crate) fn show(&self, value: Option<f64>) -> String {
        value.map_or_else(|| self.words.no_data.clone(), |v| format_number(v, self.decimals))
    }

    pub(crate) fn show_with_unit(&self, value: Option<f64>) -> String {
        match value {
            Some(_) if !self.unit.is_empty() => format!("{} {}", self.show(value), self.unit),
            _ => self.show(value),
        }
    }

    pub(crate) fn check(&self) -> Result<(), PlotError> {
        for (name, width) in [("width", self.width), ("narrow_width", self.narrow_width)] {
            if !(200.0..=4000.0).contains(&width) {
                return Err(PlotError::Option {
                    name,
                    got: width.to_string(),
                    remedy: "give a width between 200 and 4000 pixels",
                });
            }
        }
        if self.decimals > 12 {
            return Err(PlotError::Option {
                name: "decimals",
                got: self.decimals.to_string(),
                remedy: "give at most 12 decimals",
            });
        }
        Ok(())
    }
}

/// Which of the two drawings of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// For a column of text, a slide or a printed page.
    Wide,
    /// For a telephone, from 320 pixels.
    Narrow,
}

/// One cell of a table twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TwinCell {
    /// Words.
    Text(String),
    /// A number that has a trace of its own.
    Datum {
        /// The key that the datum came with.
        id: String,
        /// Its value, `None` where missing.
        value: Option<f64>,
        /// The value as written in the picture.
        text: String,
    },
}

/// The same content as the picture, as a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableTwin {
    /// Column heads; the first names the rows and may be empty.
    pub header: Vec<String>,
    /// Rows, each as long as the header.
    pub rows: Vec<Vec<TwinCell>>,
}

/// A drawn figure.
#[must_use]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The wide drawing: an `svg` element for use inside HTML.
    pub svg: String,
    /// The narrow drawing of the same content.
    pub narrow: String,
    /// The content as a table.
    pub table: TableTwin,
    /// The content in words.
    pub alt: String,
    /// What a reader should know about the drawing, such as places that it could not show.
    pub notes: Vec<String>,
}

impl Figure {
    /// Both drawings in one block; [`crate::STYLE`] shows the one that fits the column.
    #[must_use]
    pub fn html(&self) -> String {
        format!("<div class=\"plot\">{}{}</div>", self.svg, self.narrow)
    }

    /// The wide drawing as a file of its own: light colours written out, no CSS variables.
    #[must_use]
    pub fn standalone(&self) -> String {
        let mut out = String::with_capacity(self.svg.len());
        let mut rest = self.svg.as_str();
        while let Some(start) = rest.find("var(--plot-") {
            out.push_str(&rest[..start]);
            let inner = &rest[start..];
            let (Some(comma), Some(end)) = (inner.find(", "), inner.find(')')) else { break };
            out.push_str(&inner[comma + 2..end]);
            rest = &inner[end + 1..];
        }
        out.push_str(rest);
        out
    }
}

/// Input that cannot be drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlotError {
    /// Nothing to draw.
    #[error("{chart}: there is nothing to draw; give at least one {expected}")]
    Empty {
        /// Kind of chart.
        chart: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A value is infinite or not a number.
    #[error(
        "{chart}: `{label}` has the value {value}; a missing value is `None`, all others finite"
    )]
    NotFinite {
        /// Kind of chart.
        chart: &'static str,
        /// Label of the datum.
        label: String,
        /// The value as given.
        value: f64,
    },
    /// A logarithmic axis got zero or a negative value.
    #[error(
        "{chart}: `{label}` is {value} on a logarithmic axis; leave it out or use a linear axis"
    )]
    NotPositive {
        /// Kind of chart.
        chart: &'static str,
        /// Label of the datum.
        label: String,
        /// The value as given.
        value: f64,
    },
    /// No datum of a map is a place of its layer.
    #[error("{layer}: none of the {count} places is on this map, such as `{example}`; {remedy}")]
    UnknownPlaces {
        /// Name of the layer.
        layer: &'static str,
        /// How many places were given.
        count: usize,
        /// One of them.
        example: String,
        /// Which ids the layer has.
        remedy: &'static str,
    },
    /// A place is given twice on one map.
    #[error("`{place}` has two values on one map; show conflicting values side by side elsewhere")]
    PlaceTwice {
        /// The place id.
        place: String,
    },
    /// A coordinate is outside the globe.
    #[error("`{label}`: {lat}, {lon} is not a latitude within ±90 and a longitude within ±180")]
    Coordinate {
        /// Label of the flow or marker.
        label: String,
        /// Latitude in degrees as given.
        lat: f64,
        /// Longitude in degrees as given.
        lon: f64,
    },
    /// An option has a value that makes no picture.
    #[error("option `{name}` is {got}: {remedy}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// Its value.
        got: String,
        /// What to give instead.
        remedy: &'static str,
    },
    /// The embedded geometry does not read; a fault of the build, not of the caller.
    #[error(
        "embedded map layer `{layer}` does not read: {reason}; run scripts/geometry/prepare.mjs"
    )]
    Geometry {
        /// Name of the layer.
        layer: &'static str,
        /// What went wrong.
        reason: String,
    },
}

/// Refuses infinities and not-a-number.
pub(crate) fn finite(chart: &'static str, label: &str, value: f64) -> Result<f64, PlotError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(PlotError::NotFinite { chart, label: label.into(), value })
    }
}

/// Refuses zero and below where `log` is set.
pub(crate) fn on_axis(
    chart: &'static str,
    label: &str,
    value: f64,
    log: bool,
) -> Result<f64, PlotError> {
    let value = finite(chart, label, value)?;
    if log && value <= 0.0 {
        return Err(PlotError::NotPositive { chart, label: label.into(), value });
    }
    Ok(value)
}
