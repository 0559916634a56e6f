//! Great-circle distances in kilometres.

use serde::{Deserialize, Serialize};

use crate::outcome::InputError;

/// Mean radius R₁ = (2a + b) / 3 of the Earth in kilometres, of the WGS 84 ellipsoid (Moritz 2000,
/// "Geodetic Reference System 1980", Journal of Geodesy 74, 128-133, gives 6,371.0087714 for GRS 80).
pub const EARTH_RADIUS_KM: f64 = 6371.0088;

/// A place on the globe, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// Latitude from -90 (south) to 90 (north), longitude from -180 (west) to 180 (east).
    ///
    /// # Errors
    ///
    /// [`InputError::Setting`] outside these ranges, which also catches swapped coordinates of
    /// most places.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, InputError> {
        for (what, value, most) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
            if !(-most..=most).contains(&value) {
                return Err(InputError::Setting {
                    what: what.to_owned(),
                    expected: format!("-{most} to {most} degrees"),
                    got: value.to_string(),
                    remedy: "give degrees, latitude first".to_owned(),
                });
            }
        }
        Ok(Self { latitude, longitude })
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(&self) -> f64 {
        self.longitude
    }
}

/// Shortest way over the surface of a sphere, in kilometres (haversine formula).
///
/// ```text
/// d = 2 R asin √( sin²((φ₂ - φ₁)/2) + cos φ₁ cos φ₂ sin²((λ₂ - λ₁)/2) )
/// ```
///
/// # Notation
///
/// φ latitude, λ longitude, in degrees in [`Point`]; R = [`EARTH_RADIUS_KM`].
///
/// # Assumptions
///
/// The Earth as a sphere: within some 0.5 % of the ellipsoid. Not a road, not a travel time.
///
/// # Source
///
/// Sinnott 1984, "Virtues of the haversine", Sky and Telescope 68(2), 159.
///
/// # Example
///
/// ```
/// use emporion_model::site::distance::{Point, great_circle_km};
/// let minsk = Point::new(53.9, 27.5667)?;
/// let moscow = Point::new(55.7558, 37.6173)?;
/// assert_eq!(great_circle_km(minsk, moscow).round(), 675.0);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
#[must_use]
pub fn great_circle_km(from: Point, to: Point) -> f64 {
    let half_sine = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let cosines = from.latitude.to_radians().cos() * to.latitude.to_radians().cos();
    let haversine =
        half_sine(from.latitude, to.latitude) + cosines * half_sine(from.longitude, to.longitude);
    // Rounding can lift the haversine of opposite points above 1.
    2.0 * EARTH_RADIUS_KM * haversine.min(1.0).sqrt().asin()
}

/// Distances from each customer (row) to each site (column), in kilometres, row-major: the costs
/// of an [`Instance`](super::Instance).
#[must_use]
pub fn matrix_km(customers: &[Point], sites: &[Point]) -> Vec<f64> {
    customers.iter().flat_map(|&i| sites.iter().map(move |&j| great_circle_km(i, j))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounding of a handful of operations on numbers up to 20,000.
    const ROUNDING_KM: f64 = 1e-9;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point::new(latitude, longitude).unwrap()
    }

    #[test]
    fn quarter_and_half_of_the_equator_are_known() {
        let quarter = std::f64::consts::FRAC_PI_2 * EARTH_RADIUS_KM;
        let from = point(0.0, 0.0);
        assert!((great_circle_km(from, point(0.0, 90.0)) - quarter).abs() < ROUNDING_KM);
        assert!((great_circle_km(from, point(90.0, 12.0)) - quarter).abs() < ROUNDING_KM);
        assert!((great_circle_km(from, point(0.0, 180.0)) - 2.0 * quarter).abs() < ROUNDING_KM);
        assert_eq!(great_circle_km(from, from), 0.0);
    }

    #[test]
    fn the_date_line_is_no_obstacle_and_the_way_back_is_as_long() {
        let (a, b) = (point(10.0, 179.5), point(10.0, -179.5));
        assert!(great_circle_km(a, b) < 112.0);
        assert_eq!(great_circle_km(a, b), great_circle_km(b, a));
    }

    #[test]
    fn coordinates_outside_the_globe_are_refused() {
        assert!(Point::new(90.1, 0.0).unwrap_err().to_string().contains("latitude"));
        assert!(Point::new(0.0, f64::NAN).unwrap_err().to_string().contains("longitude"));
    }
}
