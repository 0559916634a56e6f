//! From an estimated gravity model to the costs of a p-median: which offices raise trade the most.

use serde::{Deserialize, Serialize};

use crate::outcome::InputError;

/// How the help of an office fades with distance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// s(d) = exp(-d / d0).
    Decay {
        /// d0: distance at which the help is down to 1/e, in the unit of the distances.
        scale: f64,
    },
    /// s(d) = 1 if d ≤ R, else 0.
    Radius {
        /// R, in the unit of the distances.
        radius: f64,
    },
}

impl Reach {
    /// s(d), between 0 and 1.
    #[must_use]
    pub fn at(&self, distance: f64) -> f64 {
        match *self {
            Self::Decay { scale } => (-distance / scale).exp(),
            Self::Radius { radius } => f64::from(u8::from(distance <= radius)),
        }
    }
}

/// Gain in trade with each region from an office at each site.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Gains {
    /// Number of sites: the length of a row.
    pub sites: usize,
    /// gain_kj, regions × sites, row-major, in the unit of trade.
    pub values: Vec<f64>,
    /// max_j gain_kj: what region k gains at most.
    pub best: Vec<f64>,
}

/// What trade with each region gains from the office that helps it most.
///
/// ```text
/// gain_kj = X_k (exp(β s(d_kj)) - 1)
/// maximise Σ_k max_{j ∈ S} gain_kj   ⇔   minimise Σ_k min_{j ∈ S} (max_l gain_kl - gain_kj)
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | X_k | `trade` | regions | money, such as the exporter's trade with region k |
/// | d_kj | `distances` | regions × sites, row-major | km or hours |
/// | β | `beta` | 1 | log points of trade at the office's door; from an estimated gravity model |
/// | s | `reach` | | from the same estimate |
/// | gain_kj | [`Gains::values`] | regions × sites | money |
///
/// # Assumptions
///
/// "Best office only": a second office near a region adds nothing to the first. X_k is trade
/// *without* any office; where X_k was observed with offices open, divide it by exp(β s) first.
/// Partial equilibrium: trade diverted from elsewhere is not deducted. β describes trade that went
/// with offices in the data, which were opened where trade was growing. Regions of no trade gain
/// nothing.
///
/// # Result
///
/// [`Gains::to_costs`] is the cost matrix of an [`Instance`](super::Instance) with weights of 1;
/// [`Gains::total`] and [`Gains::total_of`] lead back to money.
///
/// # Errors
///
/// [`InputError`] for a negative or missing X_k or d_kj, a negative β (no office would raise
/// trade), or a reach that is not positive.
///
/// # Cost
///
/// O(regions × sites).
///
/// # Source
///
/// The objective is the maximisation form of the p-median: Cornuejols, Fisher, Nemhauser 1977,
/// "Location of bank accounts to optimize float", Management Science 23, 789-810. The semi-elastic
/// response of trade is the gravity equation of Santos Silva and Tenreyro 2006, Review of Economics
/// and Statistics 88, 641-658, equation 3.
///
/// # Example
///
/// ```
/// use emporion_model::site::gains::{Reach, best_office};
/// use emporion_model::site::{Instance, p_median};
/// // Trade with two regions, and their distances to three candidate cities.
/// let (trade, km) = ([100.0, 40.0], [0.0, 500.0, 900.0, 500.0, 0.0, 100.0]);
/// let gains = best_office(&trade, &km, 3, 0.2, Reach::Decay { scale: 300.0 })?;
/// let instance = Instance::new(2, 3, gains.to_costs())?;
/// let solution = p_median::solve(&instance, 1, &p_median::Options::default())?;
/// assert_eq!(solution.open, [0]);
/// assert!((gains.total(&[0]) - gains.total_of(solution.objective)).abs() < 1e-9);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn best_office(
    trade: &[f64],
    distances: &[f64],
    sites: usize,
    beta: f64,
    reach: Reach,
) -> Result<Gains, InputError> {
    if trade.is_empty() || sites == 0 {
        let remedy = "give one region and one site at least".to_owned();
        return Err(InputError::Empty { what: "trade or sites".to_owned(), remedy });
    }
    let expected = trade.len().saturating_mul(sites);
    if distances.len() != expected {
        let (what, got) = ("distances (regions × sites)".to_owned(), distances.len());
        return Err(InputError::Length { what, expected, got });
    }
    refuse_negative("trade", trade)?;
    refuse_negative("distances", distances)?;
    let (name, extent) = match reach {
        Reach::Decay { scale } => ("scale", scale),
        Reach::Radius { radius } => ("radius", radius),
    };
    for (what, value, allowed, expected) in [
        ("beta", beta, beta >= 0.0 && beta.is_finite(), "0 or more"),
        (name, extent, extent > 0.0 && extent.is_finite(), "a positive distance"),
    ] {
        if !allowed {
            return Err(InputError::Setting {
                what: what.to_owned(),
                expected: expected.to_owned(),
                got: value.to_string(),
                remedy: "with an effect that is not positive no place for an office raises trade"
                    .to_owned(),
            });
        }
    }
    // exp(x) - 1 without losing digits where x is small.
    let gain = |x: &f64, d: &f64| x * (beta * reach.at(*d)).exp_m1();
    let rows = trade.iter().zip(distances.chunks_exact(sites));
    let values: Vec<f64> = rows.flat_map(|(x, row)| row.iter().map(move |d| gain(x, d))).collect();
    let best = values.chunks_exact(sites).map(|row| row.iter().copied().fold(0.0, f64::max));
    Ok(Gains { sites, best: best.collect(), values })
}

/// Trade as it would be without the offices that were open when it was observed.
///
/// ```text
/// X_k⁰ = X_k exp(-β max_{j ∈ open} s(d_kj))
/// ```
///
/// # Notation
///
/// As in [`best_office`]; `open` are positions of sites. Without one the trade stays as it is.
///
/// # Assumptions
///
/// Those of [`best_office`].
///
/// # Errors
///
/// As [`best_office`], and [`InputError::Setting`] for a position beyond the sites.
///
/// # Example
///
/// ```
/// use emporion_model::site::gains::{Reach, best_office, trade_without};
/// let (observed, km, reach) = ([120.0], [0.0, 9.0], Reach::Radius { radius: 5.0 });
/// let trade = trade_without(&observed, &km, 2, &[0], 1.2_f64.ln(), reach)?;
/// assert!((trade[0] - 100.0).abs() < 1e-12);
/// // The office that is there accounts for what was observed beyond that.
/// let gains = best_office(&trade, &km, 2, 1.2_f64.ln(), reach)?;
/// assert!((gains.total(&[0]) - 20.0).abs() < 1e-12);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn trade_without(
    trade: &[f64],
    distances: &[f64],
    sites: usize,
    open: &[usize],
    beta: f64,
    reach: Reach,
) -> Result<Vec<f64>, InputError> {
    // Refuses what means nothing.
    let _ = best_office(trade, distances, sites, beta, reach)?;
    if let Some(beyond) = open.iter().find(|&&j| j >= sites) {
        return Err(InputError::Setting {
            what: "open site".to_owned(),
            expected: format!("a position below {sites}"),
            got: beyond.to_string(),
            remedy: "positions count from 0".to_owned(),
        });
    }
    let helped = |row: &[f64]| open.iter().map(|&j| reach.at(row[j])).fold(0.0, f64::max);
    let rows = trade.iter().zip(distances.chunks_exact(sites));
    Ok(rows.map(|(x, row)| x * (-beta * helped(row)).exp()).collect())
}

fn refuse_negative(what: &str, values: &[f64]) -> Result<(), InputError> {
    match values.iter().position(|value| !(value.is_finite() && *value >= 0.0)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: what.to_owned(),
            index,
            value: values[index],
            remedy: "give a finite number, 0 or more".to_owned(),
        }),
    }
}

impl Gains {
    /// max_l gain_kl - gain_kj: the costs of the equivalent p-median.
    #[must_use]
    pub fn to_costs(&self) -> Vec<f64> {
        let rows = self.values.chunks_exact(self.sites).zip(&self.best);
        rows.flat_map(|(row, best)| row.iter().map(move |gain| best - gain)).collect()
    }

    /// Σ_k max_{j ∈ open} gain_kj, from the gains; 0 without an office.
    #[must_use]
    pub fn total(&self, open: &[usize]) -> f64 {
        let best = |row: &[f64]| open.iter().map(|&j| row[j]).fold(0.0, f64::max);
        self.values.chunks_exact(self.sites).map(best).sum()
    }

    /// The gain that belongs to an objective or a bound of the p-median. A lower bound on cost is
    /// an upper bound on gain.
    #[must_use]
    pub fn total_of(&self, cost: f64) -> f64 {
        self.best.iter().sum::<f64>() - cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few operations on numbers of size 1 to 100.
    const ROUNDING: f64 = 1e-12;

    #[test]
    fn gains_are_those_computed_by_hand() {
        let beta = 2_f64.ln();
        let gains = best_office(
            &[10.0, 4.0],
            &[0.0, 9.0, 7.0, 5.0],
            2,
            beta,
            Reach::Radius { radius: 5.0 },
        );
        let gains = gains.unwrap();
        // An office in reach doubles trade.
        let expected = [10.0, 0.0, 0.0, 4.0];
        assert!(gains.values.iter().zip(expected).all(|(a, b)| (a - b).abs() < ROUNDING));
        assert!((gains.total(&[0, 1]) - 14.0).abs() < ROUNDING);
        assert_eq!(gains.total(&[]), 0.0);
        let decay = best_office(&[10.0], &[3.0], 1, beta, Reach::Decay { scale: 3.0 }).unwrap();
        let by_hand = 10.0 * (2_f64.powf((-1_f64).exp()) - 1.0);
        assert!((decay.values[0] - by_hand).abs() < ROUNDING);
    }

    #[test]
    fn costs_lead_back_to_gains() {
        let km = [1.0, 7.0, 3.0, 2.0, 9.0, 4.0];
        let gains = best_office(&[5.0, 8.0], &km, 3, 0.7, Reach::Decay { scale: 4.0 }).unwrap();
        let costs = gains.to_costs();
        assert!(costs.iter().all(|cost| *cost >= 0.0));
        for open in [&[0][..], &[1, 2], &[0, 1, 2]] {
            let nearest = |row: &[f64]| open.iter().map(|&j| row[j]).fold(f64::MAX, f64::min);
            let cost: f64 = costs.chunks_exact(3).map(nearest).sum();
            assert!((gains.total_of(cost) - gains.total(open)).abs() < ROUNDING);
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let reach = Reach::Decay { scale: 1.0 };
        let message = |result: Result<Gains, InputError>| result.unwrap_err().to_string();
        assert!(message(best_office(&[], &[], 1, 1.0, reach)).contains("no data"));
        assert!(message(best_office(&[1.0], &[1.0], 2, 1.0, reach)).contains("expected 2"));
        assert!(message(best_office(&[-1.0], &[1.0], 1, 1.0, reach)).contains("trade, entry 0"));
        assert!(message(best_office(&[1.0], &[f64::NAN], 1, 1.0, reach)).contains("distances"));
        assert!(message(best_office(&[1.0], &[1.0], 1, -0.1, reach)).contains("beta"));
        let radius = Reach::Radius { radius: 0.0 };
        assert!(message(best_office(&[1.0], &[1.0], 1, 1.0, radius)).contains("radius"));
    }
}
