//! Distances between regions whose people live in several places.

use serde::{Deserialize, Serialize};

use super::distance::{Point, great_circle_km};
use crate::outcome::InputError;

/// How distances between the places of two regions are averaged, named as CEPII names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegionMean {
    /// θ = 1, the arithmetic mean (`distw` in the older GeoDist data).
    #[serde(rename = "distw_arithmetic")]
    Arithmetic,
    /// θ = -1, the harmonic mean (`distwces` there): fits a distance elasticity of trade near -1,
    /// and is the one to use where trade inside regions is in the data.
    #[serde(rename = "distw_harmonic")]
    Harmonic,
}

/// A region as the places where its people live.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    places: Vec<(Point, f64)>,
    /// Distance of a place to itself.
    internal_km: f64,
}

impl Region {
    /// Places with their populations, and the area of the region in square kilometres.
    ///
    /// # Errors
    ///
    /// [`InputError::Empty`] without a place or without people; [`InputError::Value`] for a
    /// population that is negative or not a number, or an area that is not positive.
    pub fn new(places: Vec<(Point, f64)>, area_km2: f64) -> Result<Self, InputError> {
        let people = |(_, population): &(Point, f64)| !(0.0..f64::INFINITY).contains(population);
        if let Some(index) = places.iter().position(people) {
            return Err(InputError::Value {
                what: "population".to_owned(),
                index,
                value: places[index].1,
                remedy: "populations are finite and not negative".to_owned(),
            });
        }
        if places.iter().all(|(_, population)| *population == 0.0) {
            return Err(InputError::Empty {
                what: "places with people".to_owned(),
                remedy: "give one place with a positive population at least".to_owned(),
            });
        }
        let internal_km = internal_distance_km(area_km2)?;
        Ok(Self { places, internal_km })
    }

    fn shares(&self) -> impl Iterator<Item = (Point, f64)> + '_ {
        let all: f64 = self.places.iter().map(|(_, population)| population).sum();
        let peopled = self.places.iter().filter(|(_, population)| *population > 0.0);
        peopled.map(move |(point, population)| (*point, population / all))
    }
}

/// Mean distance inside a region that is a disc: producers in the centre, consumers all over.
///
/// ```text
/// d_ii = 0.67 √(area / π)
/// ```
///
/// # Errors
///
/// [`InputError::Value`] if the area is not positive and finite.
///
/// # Source
///
/// Mayer and Zignago 2011, "Notes on CEPII's distances measures", CEPII working paper 2011-25,
/// section 2; Head and Mayer 2002.
///
/// # Example
///
/// ```
/// let km = emporion_model::site::regions::internal_distance_km(std::f64::consts::PI * 1e4)?;
/// assert_eq!(km, 67.0);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn internal_distance_km(area_km2: f64) -> Result<f64, InputError> {
    if area_km2 > 0.0 && area_km2.is_finite() {
        return Ok(0.67 * (area_km2 / std::f64::consts::PI).sqrt());
    }
    Err(InputError::Value {
        what: "area in square kilometres".to_owned(),
        index: 0,
        value: area_km2,
        remedy: "areas are positive and finite".to_owned(),
    })
}

/// Population-weighted distance between two regions, in kilometres.
///
/// ```text
/// d_ij = ( Σ_{k∈i} Σ_{l∈j} (pop_k / pop_i) (pop_l / pop_j) d_kl^θ )^(1/θ),   θ = 1 or -1
/// ```
///
/// # Notation
///
/// | symbol | where | shape | unit |
/// | --- | --- | --- | --- |
/// | pop_k | [`Region::new`] | places | people |
/// | d_kl | great circle, [`great_circle_km`] | | km |
/// | θ | [`RegionMean`] | 1 | |
///
/// # Assumptions
///
/// Where both places are the same point, as within one region, the distance of a place to itself is
/// [`internal_distance_km`] of the area **per place** of the region it is in (the larger of the two
/// if they differ), so that a region of a single place gets 0.67 √(area / π), CEPII's internal
/// distance, and none gets zero, which the harmonic mean could not bear. CEPII's own tables use
/// the 25 largest agglomerations of a country and their own internal distances; expect small
/// differences from those.
///
/// # Result
///
/// Kilometres; the harmonic mean is never above the arithmetic one.
///
/// # Cost
///
/// O(places of i × places of j).
///
/// # Source
///
/// Head and Mayer 2002, "Illusory border effects", CEPII working paper 2002-01, equation 13; the
/// names are those of CEPII's Gravity database (Conte, Cotterlaz, Mayer 2022, CEPII working paper
/// 2022-05).
///
/// # Example
///
/// ```
/// use emporion_model::site::distance::Point;
/// use emporion_model::site::regions::{Region, RegionMean, region_distance_km};
/// let at = |longitude| Point::new(0.0, longitude).unwrap();
/// let west = Region::new(vec![(at(0.0), 1.0)], 1000.0)?;
/// // One third of the people at 1 degree, two thirds at 2 degrees: 111.195 and 222.390 km.
/// let east = Region::new(vec![(at(1.0), 1.0), (at(2.0), 2.0)], 1000.0)?;
/// let km = |mean| region_distance_km(&west, &east, mean);
/// assert!((km(RegionMean::Arithmetic) - 111.195 * 5.0 / 3.0).abs() < 0.01);
/// assert!((km(RegionMean::Harmonic) - 111.195 * 3.0 / 2.0).abs() < 0.01);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
#[must_use]
pub fn region_distance_km(from: &Region, to: &Region, mean: RegionMean) -> f64 {
    let alone = |region: &Region| region.internal_km / (region.places.len() as f64).sqrt();
    let same = alone(from).max(alone(to));
    let mut sum = 0.0;
    for (a, share) in from.shares() {
        for (b, other) in to.shares() {
            let km = if a == b { same } else { great_circle_km(a, b) };
            sum += share * other * if mean == RegionMean::Harmonic { 1.0 / km } else { km };
        }
    }
    if mean == RegionMean::Harmonic { 1.0 / sum } else { sum }
}

/// [`region_distance_km`] from each customer region (row) to each site region (column), row-major.
#[must_use]
pub fn region_matrix_km(customers: &[Region], sites: &[Region], mean: RegionMean) -> Vec<f64> {
    let row = |i| sites.iter().map(move |j| region_distance_km(i, j, mean));
    customers.iter().flat_map(row).collect()
}
