//! Errors that are correlated over space (Conley).
//!
//! ```text
//! M = Σ_a Σ_b κ(d_ab) S_a S_b',   S_a = Σ_{i at a} s_i
//! κ(d) = 1 (uniform) or 1 - d/c (Bartlett) for d <= c, 0 beyond
//! ```
//!
//! Rows at the same coordinates have distance 0, so their scores are summed first; this is exact,
//! and the pairs that remain are pairs of places, not of rows.
//!
//! # Notation
//!
//! | symbol | field | shape | unit |
//! | --- | --- | --- | --- |
//! | S_a | scores by distinct location | k columns | |
//! | d_ab | [`Distance`] | | km |
//! | c | [`Conley::cutoff`] | | km |
//! | κ | [`Kernel`] | | |
//!
//! # Assumptions
//!
//! Coordinates are known for every row, latitude in -90 .. 90, longitude in -180 .. 360. Neither
//! kernel gives a positive semi-definite matrix on every map; negative eigenvalues are set to zero
//! and a note says so, as in fixest.
//!
//! # Cost
//!
//! O(n k) for the sums, then O(k) per pair of distinct locations whose latitudes are within reach.
//!
//! Source: Conley (1999), Journal of Econometrics 92, eq. 3.7; kernel, distances and the summing by
//! location as in R fixest 0.12, `vcov_conley`.

use super::vcov::sums;
use rayon::prelude::*;

/// Mean radius of the Earth in km (IUGG, R1). R fixest takes 6376 for its spherical distance: a
/// cutoff times 6371.0088/6376 gives its numbers.
pub const EARTH_RADIUS: f64 = 6371.0088;
/// Kilometres in a degree, as R fixest rounds it for its triangular distance.
pub const KM_PER_DEGREE: f64 = 111.0;

/// How near errors must be to count as correlated, and by how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Weight 1 up to the cutoff: the default, and the only one, of R fixest.
    #[default]
    Uniform,
    /// Weight falling linearly to 0 at the cutoff, as most Stata programs have it.
    Bartlett,
}

/// How distance is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// Great circle by the haversine formula: the default, exact on a sphere.
    #[default]
    GreatCircle,
    /// The default of R fixest: 111 km a degree, longitudes shrunk by the cosine of the mean
    /// latitude, then Pythagoras. Good for short distances only.
    Triangular,
}

/// Settings of spatially correlated errors; one coordinate per row of the design.
#[derive(Debug, Clone, PartialEq)]
pub struct Conley {
    /// Degrees north.
    pub latitude: Vec<f64>,
    /// Degrees east.
    pub longitude: Vec<f64>,
    /// Distance beyond which errors are uncorrelated, km.
    pub cutoff: f64,
    /// Default uniform.
    pub kernel: Kernel,
    /// Default great circle.
    pub distance: Distance,
}

impl Conley {
    /// Uniform kernel and great-circle distance.
    #[must_use]
    pub fn new(latitude: Vec<f64>, longitude: Vec<f64>, cutoff: f64) -> Self {
        let (kernel, distance) = (Kernel::default(), Distance::default());
        Self { latitude, longitude, cutoff, kernel, distance }
    }

    /// As [`Self::new`], from the place of each row and the coordinates of each place.
    ///
    /// # Panics
    ///
    /// When a row's id is beyond `latitude` or `longitude`.
    #[must_use]
    pub fn at_places(ids: &[u32], latitude: &[f64], longitude: &[f64], cutoff: f64) -> Self {
        let pick = |v: &[f64]| ids.iter().map(|id| v[*id as usize]).collect();
        Self::new(pick(latitude), pick(longitude), cutoff)
    }
}

/// Distance in km between two points in degrees.
#[must_use]
pub fn distance(kind: Distance, a: (f64, f64), b: (f64, f64)) -> f64 {
    let ((lat_a, lon_a), (lat_b, lon_b)) = (a, b);
    match kind {
        Distance::GreatCircle => {
            let (p, q) = (lat_a.to_radians(), lat_b.to_radians());
            let north = (0.5 * (p - q)).sin();
            let east = (0.5 * (lon_a - lon_b).to_radians()).sin();
            let h = north * north + p.cos() * q.cos() * east * east;
            2.0 * EARTH_RADIUS * h.sqrt().min(1.0).asin()
        }
        Distance::Triangular => {
            let east = (lon_a - lon_b).abs() % 360.0;
            let east = east.min(360.0 - east) * (0.5 * (lat_a + lat_b)).to_radians().cos();
            KM_PER_DEGREE * (lat_a - lat_b).hypot(east)
        }
    }
}

/// Distinct coordinates and, for each row, which of them it has; ordered by latitude.
pub(super) struct Locations {
    pub points: Vec<(f64, f64)>,
    pub ids: Vec<u32>,
}

impl Locations {
    /// Of the rows given by their position in the design.
    pub fn new(conley: &Conley, rows: &[usize]) -> Self {
        let at = |i: usize| (conley.latitude[rows[i]], conley.longitude[rows[i]]);
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        let key = |i: &u32| at(*i as usize);
        order.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let mut points: Vec<(f64, f64)> = Vec::new();
        let mut ids = vec![0; rows.len()];
        for i in order {
            let p = at(i as usize);
            if points.last() != Some(&p) {
                points.push(p);
            }
            ids[i as usize] = points.len() as u32 - 1;
        }
        Self { points, ids }
    }
}

/// M of the module's text.
pub(super) fn meat(x: &[Vec<f64>], u: &[f64], conley: &Conley, locations: &Locations) -> Vec<f64> {
    let k = x.len();
    let points = &locations.points;
    let scores = sums(x, u, &locations.ids, points.len());
    let by_point: Vec<f64> =
        (0..points.len()).flat_map(|a| scores.iter().map(move |s| s[a])).collect();
    // No distance is shorter than its north-south part; the margin covers rounding.
    let per_degree = match conley.distance {
        Distance::GreatCircle => EARTH_RADIUS.to_radians(),
        Distance::Triangular => KM_PER_DEGREE,
    };
    let reach = conley.cutoff / per_degree * (1.0 + 1e-9);
    let weight = |a: usize, b: usize| {
        let d = distance(conley.distance, points[a], points[b]);
        match conley.kernel {
            _ if d > conley.cutoff => 0.0,
            Kernel::Uniform => 1.0,
            Kernel::Bartlett => 1.0 - d / conley.cutoff,
        }
    };
    // Half of each location's own score and all of its later neighbours'; the transpose adds the
    // other half. Each location's sum is one task, so threads do not change the order of addition.
    let halves: Vec<Vec<f64>> = (0..points.len())
        .into_par_iter()
        .map(|a| {
            let mut near: Vec<f64> = by_point[a * k..(a + 1) * k].iter().map(|s| 0.5 * s).collect();
            for b in a + 1..points.len() {
                if points[b].0 - points[a].0 > reach {
                    break;
                }
                let w = weight(a, b);
                if w > 0.0 {
                    near.iter_mut().zip(&by_point[b * k..]).for_each(|(n, s)| *n += w * s);
                }
            }
            near
        })
        .collect();
    let mut half = vec![0.0; k * k];
    for (a, near) in halves.iter().enumerate() {
        for i in 0..k {
            for j in 0..k {
                half[i * k + j] += by_point[a * k + i] * near[j];
            }
        }
    }
    (0..k * k).map(|c| half[c] + half[c % k * k + c / k]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        // A quarter of a meridian; one degree on the equator; across the date line.
        let quarter = EARTH_RADIUS * std::f64::consts::FRAC_PI_2;
        let d = |kind, a, b| distance(kind, a, b);
        assert!((d(Distance::GreatCircle, (0.0, 10.0), (90.0, 77.0)) - quarter).abs() < 1e-9);
        let degree = EARTH_RADIUS.to_radians();
        assert!((d(Distance::GreatCircle, (0.0, 179.5), (0.0, -179.5)) - degree).abs() < 1e-9);
        assert!((d(Distance::Triangular, (0.0, 179.5), (0.0, -179.5)) - 111.0).abs() < 1e-9);
        let half = d(Distance::Triangular, (60.0, 0.0), (60.0, 1.0));
        assert!((half - 55.5).abs() < 1e-9, "cos 60° is one half: {half}");
        assert!(
            (d(Distance::Triangular, (3.0, 0.0), (-1.0, 359.0)) - 111.0 * 17f64.sqrt()).abs()
                < 0.05
        );
    }

    #[test]
    fn three_places_by_hand() {
        // Scores 1, 2, 4 at 0, 1 and 3 degrees on one meridian; 150 km reaches one degree only.
        let degree = EARTH_RADIUS.to_radians();
        let mut conley = Conley::new(vec![0.0, 1.0, 3.0], vec![5.0; 3], 150.0);
        let x = vec![vec![1.0; 3]];
        let u = [1.0, 2.0, 4.0];
        let rows = [0, 1, 2];
        let m = meat(&x, &u, &conley, &Locations::new(&conley, &rows));
        assert_eq!(m, [1.0 + 4.0 + 16.0 + 2.0 * 2.0]);
        conley.kernel = Kernel::Bartlett;
        let m = meat(&x, &u, &conley, &Locations::new(&conley, &rows));
        assert!((m[0] - (21.0 + 4.0 * (1.0 - degree / 150.0))).abs() < 1e-12);
        conley.kernel = Kernel::Uniform;
        conley.cutoff = 1000.0;
        let m = meat(&x, &u, &conley, &Locations::new(&conley, &rows));
        assert_eq!(m, [49.0]);
    }
}
