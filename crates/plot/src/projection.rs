//! From the globe to the plane: Equal Earth for the world, Albers for Russia and Belarus.
//!
//! Both keep areas true, so that a coloured region weighs on the eye what it weighs on the ground.
//! The result is in units of the Earth's radius, with `y` upwards.

use serde::{Deserialize, Serialize};

/// A place on the globe in degrees, north and east positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatLon {
    /// Latitude, -90 to 90.
    pub lat: f64,
    /// Longitude, -180 to 180.
    pub lon: f64,
}

impl From<(f64, f64)> for LatLon {
    /// Latitude first, as in the tables of places.
    fn from((lat, lon): (f64, f64)) -> Self {
        Self { lat, lon }
    }
}

/// A projection with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// Equal Earth around a central meridian.
    EqualEarth {
        /// Central meridian in degrees.
        meridian: f64,
    },
    /// Albers equal-area conic.
    Albers {
        /// Central meridian in degrees.
        meridian: f64,
        /// Southern and northern standard parallel in degrees.
        parallels: (f64, f64),
    },
}

/// Difference of longitude in -180..180 degrees, except that a full -180 or 180 stays as it is.
fn turn(degrees: f64) -> f64 {
    if (-180.0..=180.0).contains(&degrees) {
        degrees
    } else {
        (degrees + 180.0).rem_euclid(360.0) - 180.0
    }
}

impl Projection {
    /// The point of the plane for a longitude and a latitude in degrees.
    ///
    /// Equal Earth, with `sin θ = (√3/2) sin φ` and `A = (1.340264, -0.081106, 0.000893, 0.003796)`:
    ///
    /// ```text
    /// x = 2√3 (λ - λ0) cos θ / (3 (9 A4 θ⁸ + 7 A3 θ⁶ + 3 A2 θ² + A1))
    /// y = A4 θ⁹ + A3 θ⁷ + A2 θ³ + A1 θ
    /// ```
    ///
    /// Albers on the unit sphere with standard parallels φ1, φ2 and origin at the equator:
    ///
    /// ```text
    /// n = (sin φ1 + sin φ2) / 2        C = cos² φ1 + 2 n sin φ1
    /// ρ = √(C - 2 n sin φ) / n         x = ρ sin n(λ - λ0)      y = √C / n - ρ cos n(λ - λ0)
    /// ```
    ///
    /// Assumptions: a sphere; longitudes are taken around the central meridian, so 190° and -170°
    /// are one place.
    ///
    /// Source: Šavrič, Patterson and Jenny (2019), The Equal Earth map projection, Int. J. of
    /// Geographical Information Science 33(3), 454–465, equations 7–10. Snyder (1987), Map
    /// Projections: A Working Manual, USGS Professional Paper 1395, equations 14-1 to 14-6.
    ///
    /// ```
    /// use emporion_plot::Projection;
    /// let (x, y) = Projection::EqualEarth { meridian: 0.0 }.project(0.0, 90.0);
    /// assert!(x.abs() < 1e-12 && (y - 1.317_362_759).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn project(&self, lon: f64, lat: f64) -> (f64, f64) {
        let (Self::EqualEarth { meridian } | Self::Albers { meridian, .. }) = *self;
        self.project_from_meridian(turn(lon - meridian), lat)
    }

    /// The same for a longitude counted from the central meridian and taken as it stands, for
    /// outlines that run over the edge of the map by a little.
    pub(crate) fn project_from_meridian(&self, degrees: f64, lat: f64) -> (f64, f64) {
        let phi = lat.to_radians();
        let lambda = degrees.to_radians();
        match *self {
            Self::EqualEarth { .. } => {
                const A: [f64; 4] = [1.340_264, -0.081_106, 0.000_893, 0.003_796];
                let theta = (3.0_f64.sqrt() / 2.0 * phi.sin()).asin();
                let t2 = theta * theta;
                let t6 = t2 * t2 * t2;
                let slope = 9.0 * A[3] * t6 * t2 + 7.0 * A[2] * t6 + 3.0 * A[1] * t2 + A[0];
                let x = 2.0 * 3.0_f64.sqrt() * lambda * theta.cos() / (3.0 * slope);
                let y = theta * (A[3] * t6 * t2 + A[2] * t6 + A[1] * t2 + A[0]);
                (x, y)
            }
            Self::Albers { parallels, .. } => {
                let (p1, p2) = (parallels.0.to_radians(), parallels.1.to_radians());
                let n = (p1.sin() + p2.sin()) / 2.0;
                let c = p1.cos().powi(2) + 2.0 * n * p1.sin();
                let rho = (c - 2.0 * n * phi.sin()).max(0.0).sqrt() / n;
                let angle = n * lambda;
                (rho * angle.sin(), c.sqrt() / n - rho * angle.cos())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounding of the printed values.
    const PRINTED: f64 = 5e-8;

    #[test]
    fn equal_earth_at_known_points() {
        let p = Projection::EqualEarth { meridian: 0.0 };
        assert_eq!(p.project(0.0, 0.0), (0.0, 0.0));
        // x at (180°, 0°) is 2√3 π / (3 · 1.340264); y at the pole is the polynomial at θ = π/3.
        let (x, y) = p.project(180.0, 0.0);
        assert!((x - 2.706_629_98).abs() < PRINTED && y == 0.0);
        assert!((p.project(0.0, 90.0).1 - 1.317_362_759).abs() < PRINTED);
        // The paper: the pole line is 0.59 times as long as the equator (at three decimals 0.592).
        assert!((p.project(180.0, 90.0).0 / x - 0.592).abs() < 1e-3);
    }

    #[test]
    fn albers_by_snyder() {
        // Snyder, appendix A, Albers on the unit sphere: φ1 = 29.5°, φ2 = 45.5°, λ0 = -96°, origin
        // 23°; the point 35° N, 75° W has x = 0.2952720 and y = 0.2416774.
        let p = Projection::Albers { meridian: -96.0, parallels: (29.5, 45.5) };
        let (x, y) = p.project(-75.0, 35.0);
        let (_, origin) = p.project(-96.0, 23.0);
        assert!((x - 0.295_272_0).abs() < PRINTED, "{x}");
        assert!((y - origin - 0.241_677_4).abs() < PRINTED, "{}", y - origin);
    }

    #[test]
    fn both_keep_areas() {
        // A cell of half a degree has the same area in the plane as on the sphere.
        let cell = |p: Projection, lon: f64, lat: f64| {
            let h = 0.25;
            let corner =
                [(-h, -h), (h, -h), (h, h), (-h, h)].map(|(a, b)| p.project(lon + a, lat + b));
            let mut area = 0.0;
            for i in 0..4 {
                let (a, b) = (corner[i], corner[(i + 1) % 4]);
                area += a.0 * b.1 - b.0 * a.1;
            }
            let band = (lat + h).to_radians().sin() - (lat - h).to_radians().sin();
            area / 2.0 / (band * (2.0 * h).to_radians())
        };
        for p in [
            Projection::EqualEarth { meridian: 11.0 },
            Projection::Albers { meridian: 100.0, parallels: (52.0, 64.0) },
        ] {
            for (lon, lat) in [(30.0, 55.0), (150.0, 70.0), (100.0, 10.0), (27.0, -5.0)] {
                // The chord polygon of the cell differs from the curved one in the fifth digit.
                assert!((cell(p, lon, lat) - 1.0).abs() < 1e-4, "{p:?} {lon} {lat}");
            }
        }
    }

    #[test]
    fn the_180th_meridian_is_no_edge_for_russia() {
        let p = Projection::Albers { meridian: 100.0, parallels: (52.0, 64.0) };
        let (east, west) = (p.project(179.9, 66.0), p.project(-179.9, 66.0));
        assert!((east.0 - west.0).hypot(east.1 - west.1) < 2e-3);
        assert_eq!(p.project(190.0, 66.0), p.project(-170.0, 66.0));
    }
}
