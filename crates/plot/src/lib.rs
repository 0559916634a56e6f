//! Charts and maps as SVG, each with a table twin.
//!
//! Labels and numbers go in, a [`Figure`] comes out: two drawings of the same content (for a wide
//! and a narrow column), the content as a table whose cells keep the keys of the data, and the
//! content in words. The crate knows nothing of cases or models, reads no files, and gives the same
//! bytes for the same input.
//!
//! | question | function |
//! | --- | --- |
//! | how did it develop? | [`line()`] |
//! | who is largest? | [`bar`] |
//! | how firm is a ranking? | [`ranking`] |
//! | what is it made of? | [`stacked`], [`treemap`] |
//! | what is near to what? | [`network`] |
//! | how do two figures go together? | [`scatter`] |
//! | how far apart are the sources? | [`dumbbell`] |
//! | what does the model say? | [`coefficients`] |
//! | what came before and after? | [`event_study`] |
//! | how near is the model? | [`fitted_observed`] |
//! | where is it? | [`choropleth`] |
//! | from where to where? | [`flow_map`] |
//!
//! Colours are CSS properties with fallbacks; put [`STYLE`] once into a page for light, dark and
//! print. Maps print under them whose view of borders they follow: [`PointOfView`].
//!
//! Where to start: `bar.rs` is the plainest chart, `figure.rs` holds what goes in and out,
//! `svg.rs` and `labels.rs` what all share; `choropleth.rs` stands on `base_map.rs`,
//! `projection.rs` and `geometry.rs`.

mod bar;
mod base_map;
mod choropleth;
mod coefficients;
mod dumbbell;
mod event_study;
mod figure;
mod fitted_observed;
mod flow_map;
mod geometry;
mod labels;
mod layout;
mod line;
mod marks;
mod network;
mod projection;
mod ranking;
mod scale;
mod scatter;
mod squarify;
mod stacked;
mod style;
mod svg;
mod text;
mod treemap;

pub use bar::{Bar, BarOptions, bar};
pub use base_map::Focus;
pub use choropleth::{ChoroplethOptions, PlaceDatum, choropleth};
pub use coefficients::{CoefficientOptions, CoefficientRow, coefficients};
pub use dumbbell::{DumbbellOptions, DumbbellRow, dumbbell};
pub use event_study::{EventPoint, EventSeries, EventStudyOptions, event_study};
pub use figure::{Common, Datum, Figure, PlotError, Ranged, Size, TableTwin, TwinCell, Words};
pub use fitted_observed::{FittedOptions, fitted_observed};
pub use flow_map::{Flow, FlowMapOptions, Marker, MarkerKind, flow_map};
pub use geometry::{Layer, PointOfView};
pub use line::{LineOptions, Point, Series, SeriesKind, XKind, line};
pub use network::{Link, NetworkOptions, Node, network};
pub use projection::{LatLon, Projection};
pub use ranking::{RankingOptions, RankingRow, ranking};
pub use scale::nice_ticks;
pub use scatter::{Axis, ScatterOptions, ScatterPoint, scatter};
pub use stacked::{StackedOptions, StackedRow, stacked};
pub use style::{DARK, LIGHT, STYLE};
pub use text::{escape, format_number};
pub use treemap::{Parcel, Rest, TreemapOptions, treemap};
