//! The ground of a map: projection and frame, land, borders, disputed areas.

use serde::{Deserialize, Serialize};

use crate::figure::PlotError;
use crate::geometry::{Layer, PointOfView, Shape, Topology};
use crate::projection::{LatLon, Projection};
use crate::style::color;
use crate::svg::{Canvas, num, tenths_to_string};

/// A part of a layer to be shown, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Focus {
    /// Southern edge.
    pub south: f64,
    /// Western edge.
    pub west: f64,
    /// Northern edge.
    pub north: f64,
    /// Eastern edge; beyond 180 where the part crosses the 180° meridian.
    pub east: f64,
}

impl Focus {
    /// The part that holds all points, with a margin of an eighth of its size and at least 2°.
    #[must_use]
    pub fn around(points: &[LatLon]) -> Option<Self> {
        let first = points.first()?;
        let start = Self { south: first.lat, north: first.lat, west: first.lon, east: first.lon };
        let tight = points.iter().fold(start, |f, p| Self {
            south: f.south.min(p.lat),
            north: f.north.max(p.lat),
            west: f.west.min(p.lon),
            east: f.east.max(p.lon),
        });
        let (dy, dx) = ((tight.north - tight.south) / 8.0, (tight.east - tight.west) / 8.0);
        let (dy, dx) = (dy.max(2.0), dx.max(2.0));
        Some(Self {
            south: (tight.south - dy).max(-85.0),
            north: (tight.north + dy).min(85.0),
            west: tight.west - dx,
            east: tight.east + dx,
        })
    }
}

/// A projected layer, scaled to a drawing.
pub(crate) struct Ground {
    layer: Layer,
    view: PointOfView,
    projection: Projection,
    scale: f64,
    shift: (f64, f64),
    /// Left, top, right, bottom of the map on the drawing.
    pub frame: (f64, f64, f64, f64),
    clip: bool,
    /// Detail in pixels that is left out; what is lost to the eye need not be sent.
    detail: f64,
}

impl Ground {
    /// Fits a layer, or a part of it, into the width of the drawing, below what is drawn so far.
    pub fn fit(
        canvas: &Canvas,
        layer: Layer,
        view: PointOfView,
        focus: Option<Focus>,
    ) -> Result<Self, PlotError> {
        let projection = projection(layer, focus);
        let (Projection::EqualEarth { meridian } | Projection::Albers { meridian, .. }) =
            projection;
        let (mut x0, mut y0, mut x1, mut y1) =
            (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        let mut include = |lon: f64, lat: f64| {
            let (x, y) = projection.project_from_meridian(lon - meridian, lat);
            (x0, x1, y0, y1) = (x0.min(x), x1.max(x), y0.min(y), y1.max(y));
        };
        if let Some(f) = focus {
            for i in 0..=24 {
                let t = f64::from(i) / 24.0;
                let (lon, lat) =
                    (f.west + t * (f.east - f.west), f.south + t * (f.north - f.south));
                for (lon, lat) in [(lon, f.south), (lon, f.north), (f.west, lat), (f.east, lat)] {
                    include(lon, lat);
                }
            }
        } else {
            let topology = layer.topology()?;
            for arc in &topology.arcs {
                arc.iter().for_each(|(lon, lat)| include(*lon, *lat));
            }
            if layer == Layer::EastEurope {
                // Crimea is to be seen whole, and the western regions not at the very edge.
                for (lon, lat) in [(18.0, 54.0), (31.5, 44.0), (36.0, 43.0)] {
                    include(lon, lat);
                }
            }
        }
        let pad = 2.0;
        let scale = (canvas.width - 2.0 * pad) / (x1 - x0);
        // A part that is taller than wide would fill a page: its height is held to the width.
        let scale = scale.min((canvas.width * 1.05) / (y1 - y0));
        let spare = (canvas.width - 2.0 * pad - scale * (x1 - x0)) / 2.0;
        let top = canvas.y + pad;
        let height = scale * (y1 - y0);
        Ok(Self {
            layer,
            view,
            projection,
            scale,
            shift: (pad + spare - scale * x0, top + scale * y1),
            frame: (0.0, canvas.y, canvas.width, top + height + pad),
            clip: focus.is_some() || layer == Layer::EastEurope,
            detail: if canvas.narrow() { 0.55 } else { 0.4 },
        })
    }

    /// Where a point of the data lies on the drawing.
    pub fn pixel(&self, at: LatLon) -> (f64, f64) {
        self.on_paper(self.projection.project(at.lon, at.lat))
    }

    fn on_paper(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.shift.0 + self.scale * x, self.shift.1 - self.scale * y)
    }

    /// Where a point of an outline lies, whose longitudes run on without a break.
    fn outline_pixel(&self, (lon, lat): (f64, f64)) -> (f64, f64) {
        self.on_paper(self.projection.project_from_meridian(lon - self.meridian(), lat))
    }

    fn meridian(&self) -> f64 {
        let (Projection::EqualEarth { meridian } | Projection::Albers { meridian, .. }) =
            self.projection;
        meridian
    }

    pub fn visible(&self, (x, y): (f64, f64)) -> bool {
        x >= self.frame.0 && x <= self.frame.2 && y >= self.frame.1 && y <= self.frame.3
    }

    /// Opens the group of the map; what leaves the frame is cut off.
    pub fn open(&self, canvas: &mut Canvas) {
        let (x0, y0, x1, y1) = self.frame;
        let id = format!("{}-clip", canvas.id);
        canvas.raw(&format!(
            "<clipPath id=\"{id}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\
             <g clip-path=\"url(#{id})\" stroke-linejoin=\"round\">",
            num(x0),
            num(y0),
            num(x1 - x0),
            num(y1 - y0)
        ));
    }

    /// Land of the neighbours on the regional layer; tells whether a disputed area is among it.
    pub fn neighbours(&self, canvas: &mut Canvas, disputed: &str) -> Result<bool, PlotError> {
        if self.layer != Layer::EastEurope {
            return Ok(false);
        }
        let world = Layer::World.topology()?;
        let outlines = Outlines::new(self, world);
        let own = |s: &&Shape| ["RUS", "BLR"].contains(&s.id.as_str());
        let mut d = String::new();
        for shape in world.places.iter().filter(|s| !own(s)) {
            d.push_str(&outlines.path(shape).d);
        }
        let hatched = |s: &&Shape| self.view == PointOfView::Neutral && s.id == "crimea";
        for shape in world.disputed.iter().filter(|s| !hatched(s)) {
            d.push_str(&outlines.path(shape).d);
        }
        canvas
            .path(&d, &format!(" fill=\"{}\" fill-opacity=\"0.55\"{}", color("land"), border(0.7)));
        let mut any = false;
        for shape in world.disputed.iter().filter(hatched) {
            let d = outlines.path(shape).d;
            any |= !d.is_empty();
            self.hatched(canvas, &d, "Crimea and Sevastopol", disputed);
        }
        Ok(any)
    }

    /// Hatches an area as disputed.
    pub fn hatched(&self, canvas: &mut Canvas, d: &str, name: &str, word: &str) {
        if d.is_empty() {
            return;
        }
        let fill = canvas.hatch("disputed");
        canvas.open_mark("", &format!("{}: {word}", name.replace('-', " ")));
        canvas.path(
            d,
            &format!(" fill=\"{fill}\" stroke=\"{}\" stroke-width=\"0.5\"", color("muted")),
        );
        canvas.close();
    }

    /// Outlines of all places, and of disputed areas that are places of nobody, in drawing order:
    /// large places first, so that enclaves lie on top.
    pub fn outlines(&self) -> Result<(Vec<Outline>, Vec<Outline>), PlotError> {
        let topology = self.layer.topology()?;
        let outlines = Outlines::new(self, topology);
        let mut places: Vec<Outline> = topology.places.iter().map(|s| outlines.path(s)).collect();
        let mut loose = Vec::new();
        for shape in &topology.disputed {
            let owner = match (self.view, shape.id.as_str()) {
                (PointOfView::Source, "crimea") => Some("RUS"),
                (PointOfView::Source, "kosovo") => Some("XKX"),
                (PointOfView::Source, other) => Some(other),
                (PointOfView::Iso3166, "crimea") => Some("UKR"),
                (PointOfView::Iso3166, "kosovo") => Some("SRB"),
                (PointOfView::Iso3166, "northern-cyprus") => Some("CYP"),
                (PointOfView::Iso3166, "somaliland") => Some("SOM"),
                _ => None,
            };
            let mut outline = outlines.path(shape);
            match (owner, places.iter_mut().find(|p| Some(p.id.as_str()) == owner)) {
                (Some(_), Some(place)) => place.d.push_str(&outline.d),
                (Some(id), None) => {
                    outline.id = id.to_string();
                    places.push(outline);
                }
                (None, _) => loose.push(outline),
            }
        }
        places.sort_by(|a, b| b.area.total_cmp(&a.area).then_with(|| a.id.cmp(&b.id)));
        Ok((places, loose))
    }
}

/// Attributes of a border line.
pub(crate) fn border(width: f64) -> String {
    format!(" stroke=\"{}\" stroke-width=\"{}\"", color("border"), num(width))
}

fn projection(layer: Layer, focus: Option<Focus>) -> Projection {
    match (layer, focus) {
        (_, Some(f)) if f.south > 0.0 && f.east - f.west < 190.0 => {
            // Standard parallels a sixth of the way in: the usual choice (Snyder 1987, p. 99).
            let sixth = (f.north - f.south) / 6.0;
            Projection::Albers {
                meridian: (f.west + f.east) / 2.0,
                parallels: (f.south + sixth, f.north - sixth),
            }
        }
        // 11° E puts the edge of the map into the Bering Strait.
        (Layer::World, _) => Projection::EqualEarth { meridian: 11.0 },
        (Layer::EastEurope, _) => Projection::Albers { meridian: 98.0, parallels: (50.0, 68.0) },
    }
}

/// A place as a path.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub id: String,
    pub d: String,
    /// Area in square pixels, before cutting at the frame.
    pub area: f64,
    pub point: (f64, f64),
}

/// Projected arcs, thinned once for both neighbours so that no gap opens between them.
struct Outlines<'a> {
    ground: &'a Ground,
    topology: &'a Topology,
    arcs: Vec<Vec<(f64, f64)>>,
}

impl<'a> Outlines<'a> {
    fn new(ground: &'a Ground, topology: &'a Topology) -> Self {
        let project = |arc: &Vec<(f64, f64)>| {
            let points: Vec<(f64, f64)> = arc.iter().map(|p| ground.outline_pixel(*p)).collect();
            thin(&points, ground.detail)
        };
        let arcs = topology.arcs.iter().map(project).collect();
        Self { ground, topology, arcs }
    }

    /// A ring in degrees, cut to the part of the globe that a conic map can show: beyond it the
    /// ring would be torn. `None` where the ring lies inside and needs no cut.
    fn cut(&self, ring: &[i64]) -> Option<Vec<(f64, f64)>> {
        let Projection::Albers { meridian, .. } = self.ground.projection else { return None };
        let (west, east, south) = (meridian - 110.0, meridian + 110.0, -25.0);
        let near = |p: &(f64, f64)| p.0 >= west && p.0 <= east && p.1 >= south;
        if ring.iter().all(|i| self.topology.arcs[index(*i)].iter().all(near)) {
            return None;
        }
        Some(clip(&join(&self.topology.arcs, ring), (west, south, east, 90.0)))
    }

    fn path(&self, shape: &Shape) -> Outline {
        let (mut d, mut area) = (String::new(), 0.0);
        for polygon in &shape.polygons {
            for (k, ring) in polygon.iter().enumerate() {
                let mut points = match self.cut(ring) {
                    None => join(&self.arcs, ring),
                    Some(part) => {
                        let points: Vec<(f64, f64)> =
                            part.iter().map(|p| self.ground.outline_pixel(*p)).collect();
                        thin(&points, self.ground.detail)
                    }
                };
                let ring_area = shoelace(&points).abs();
                area += if k == 0 { ring_area } else { -ring_area };
                if ring_area < 0.5 {
                    continue;
                }
                if self.ground.clip {
                    let (x0, y0, x1, y1) = self.ground.frame;
                    // A little larger than the frame, so that edges along the cut are not seen.
                    points = clip(&points, (x0 - 6.0, y0 - 6.0, x1 + 6.0, y1 + 6.0));
                }
                write_ring(&points, &mut d);
            }
        }
        let at = LatLon { lat: shape.point.1, lon: shape.point.0 };
        Outline { id: shape.id.clone(), d, area, point: self.ground.pixel(at) }
    }
}

/// The points of a ring from its arcs; shared ends once.
fn join(arcs: &[Vec<(f64, f64)>], ring: &[i64]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for i in ring {
        let arc = &arcs[index(*i)];
        let from = usize::from(!points.is_empty());
        if *i < 0 {
            points.extend(arc.iter().rev().skip(from));
        } else {
            points.extend(arc.iter().skip(from));
        }
    }
    points
}

fn index(i: i64) -> usize {
    (if i < 0 { !i } else { i }) as usize
}

fn shoelace(ring: &[(f64, f64)]) -> f64 {
    let n = ring.len();
    (0..n).map(|i| ring[i].0 * ring[(i + 1) % n].1 - ring[(i + 1) % n].0 * ring[i].1).sum::<f64>()
        / 2.0
}

/// Douglas and Peucker (1973) with a stack; the ends stay.
fn thin(points: &[(f64, f64)], detail: f64) -> Vec<(f64, f64)> {
    let n = points.len();
    if n < 3 {
        return points.to_vec();
    }
    let mut keep = vec![false; n];
    (keep[0], keep[n - 1]) = (true, true);
    let mut stack = vec![(0, n - 1)];
    while let Some((a, b)) = stack.pop() {
        let (pa, pb) = (points[a], points[b]);
        let (dx, dy) = (pb.0 - pa.0, pb.1 - pa.1);
        let length = dx.hypot(dy);
        let (mut far, mut at) = (0.0, a);
        for i in a + 1..b {
            let (ex, ey) = (points[i].0 - pa.0, points[i].1 - pa.1);
            // A closed arc has no chord: its points are measured from the end.
            let off = if length < 1e-9 { ex.hypot(ey) } else { (dx * ey - dy * ex).abs() / length };
            if off > far {
                (far, at) = (off, i);
            }
        }
        if far > detail {
            keep[at] = true;
            stack.push((a, at));
            stack.push((at, b));
        }
    }
    points.iter().zip(keep).filter_map(|(p, k)| k.then_some(*p)).collect()
}

/// Cuts a ring at a box of left, top, right, bottom (Sutherland and Hodgman 1974).
fn clip(ring: &[(f64, f64)], (x0, y0, x1, y1): (f64, f64, f64, f64)) -> Vec<(f64, f64)> {
    let mut out = ring.to_vec();
    // Each side: distance inside, in the direction of the sign.
    let sides: [(bool, f64, f64); 4] =
        [(true, x0, 1.0), (true, x1, -1.0), (false, y0, 1.0), (false, y1, -1.0)];
    for (vertical, edge, sign) in sides {
        let inside = |p: (f64, f64)| sign * (if vertical { p.0 } else { p.1 } - edge);
        if out.iter().all(|p| inside(*p) >= 0.0) {
            continue;
        }
        let mut next = Vec::with_capacity(out.len());
        for i in 0..out.len() {
            let (a, b) = (out[(i + out.len() - 1) % out.len()], out[i]);
            let (da, db) = (inside(a), inside(b));
            if (da >= 0.0) != (db >= 0.0) {
                let t = da / (da - db);
                next.push((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)));
            }
            if db >= 0.0 {
                next.push(b);
            }
        }
        out = next;
    }
    out
}

/// A ring as a path in relative tenths of a pixel.
fn write_ring(ring: &[(f64, f64)], d: &mut String) {
    let mut grid: Vec<(i64, i64)> =
        ring.iter().map(|(x, y)| ((x * 10.0).round() as i64, (y * 10.0).round() as i64)).collect();
    grid.dedup();
    while grid.len() > 1 && grid[0] == grid[grid.len() - 1] {
        grid.pop();
    }
    if grid.len() < 3 {
        return;
    }
    let mut previous = (0, 0);
    for (i, (x, y)) in grid.into_iter().enumerate() {
        match i {
            0 => d.push('M'),
            1 => d.push('l'),
            _ => {}
        }
        // A minus sign parts two numbers as well as a space does.
        let (dx, dy) = (tenths_to_string(x - previous.0), tenths_to_string(y - previous.1));
        if i > 1 && !dx.starts_with('-') {
            d.push(' ');
        }
        d.push_str(&dx);
        if !dy.starts_with('-') {
            d.push(' ');
        }
        d.push_str(&dy);
        previous = (x, y);
    }
    d.push('z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_written_in_relative_tenths() {
        let mut d = String::new();
        write_ring(&[(1.0, 1.0), (3.04, 1.0), (3.0, 2.5), (1.0, 1.0)], &mut d);
        assert_eq!(d, "M1 1l2 0 0 1.5z");
    }

    #[test]
    fn clipping_a_square_by_hand() {
        let square = [(-10.0, 10.0), (50.0, 10.0), (50.0, 60.0), (-10.0, 60.0)];
        let cut = clip(&square, (0.0, 0.0, 100.0, 100.0));
        assert_eq!(shoelace(&cut).abs(), 50.0 * 50.0);
        assert!(clip(&square, (200.0, 0.0, 300.0, 10.0)).is_empty());
    }

    #[test]
    fn thinning_keeps_ends_and_corners() {
        let line = [(0.0, 0.0), (5.0, 0.1), (10.0, 0.0), (10.0, 8.0)];
        assert_eq!(thin(&line, 0.33), [(0.0, 0.0), (10.0, 0.0), (10.0, 8.0)]);
    }

    #[test]
    fn focus_around_points() {
        let f = Focus::around(&[(53.9, 27.6).into(), (55.7, 37.6).into()]).unwrap();
        assert!((f.south - 51.9).abs() < 1e-9 && (f.east - 39.6).abs() < 1e-9);
        assert!(Focus::around(&[]).is_none());
    }
}
