//! What changes in a world of many sectors: costs, tariffs, productivity, closed markets.

use super::world::ManySectors;
use crate::outcome::InputError;

/// The change between baseline and counterfactual, starting from none.
///
/// # Notation
///
/// | symbol | method | unit |
/// | --- | --- | --- |
/// | d_hat_ni^j | [`cost`](Self::cost), [`close`](Self::close) | factor |
/// | t'_ni^j | [`tariff`](Self::tariff) | fraction |
/// | A_hat_n^j | [`productivity`](Self::productivity) | factor |
///
/// # Assumptions
///
/// d_hat is a real (iceberg) cost; a tariff gives its revenue to the buying place. Own trade has
/// neither. d_hat = infinity closes a market exactly. Stating a cell twice is refused, since it is
/// seldom meant; [`close`](Self::close) may overlap with a cost.
///
/// # Example
///
/// ```
/// use emporion_model::simulate::{ManySectorShock, ManySectors, ManySectorsData};
/// let world = ManySectors::new(&ManySectorsData {
///     places: 2,
///     sectors: 1,
///     trade: vec![80.0, 20.0, 20.0, 80.0],
///     tariffs: vec![0.0, 0.05, 0.05, 0.0],
///     value_added_shares: vec![0.5; 2],
///     input_shares: vec![0.5; 2],
///     elasticities: vec![4.0],
///     final_shares: None,
/// }).unwrap();
/// let mut shock = ManySectorShock::none(&world);
/// shock.tariff(0, 0, 1, 0.0).unwrap(); // sector 0, from place 0 to place 1: duty-free
/// assert_eq!(shock.new_tariff(0, 0, 1), 0.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ManySectorShock {
    pub(super) n: usize,
    pub(super) sectors: usize,
    /// ln d_hat_ni^j, `(sector × N + destination) × N + origin`.
    pub(super) ln_cost: Vec<f64>,
    /// t'_ni^j in the same order.
    pub(super) tariff: Vec<f64>,
    /// ln A_hat_n^j, `sector × N + place`.
    pub(super) ln_productivity: Vec<f64>,
    stated_cost: Vec<bool>,
    stated_tariff: Vec<bool>,
    stated_productivity: Vec<bool>,
}

impl ManySectorShock {
    /// No change: d_hat = 1, t' = t, A_hat = 1.
    #[must_use]
    pub fn none(world: &ManySectors) -> Self {
        let (n, sectors) = (world.n, world.sectors);
        let cells = sectors * n * n;
        Self {
            n,
            sectors,
            ln_cost: vec![0.0; cells],
            tariff: world.tariff.clone(),
            ln_productivity: vec![0.0; sectors * n],
            stated_cost: vec![false; cells],
            stated_tariff: vec![false; cells],
            stated_productivity: vec![false; sectors * n],
        }
    }

    /// Sets d_hat of what `origin` sells to `destination`: 1.1 makes delivery ten percent dearer.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming sector and places: one that does not exist, own trade, a cell stated
    /// twice, a factor that is not positive.
    pub fn cost(
        &mut self,
        sector: usize,
        origin: usize,
        destination: usize,
        hat: f64,
    ) -> Result<(), InputError> {
        let (cell, what) = self.pair("cost", sector, origin, destination)?;
        if hat.is_nan() || hat <= 0.0 {
            return Err(InputError::Value {
                what,
                index: cell,
                value: hat,
                remedy: "a cost changes by a positive factor; infinity closes the market".into(),
            });
        }
        once(&mut self.stated_cost[cell], &what)?;
        if self.ln_cost[cell] != f64::INFINITY {
            self.ln_cost[cell] = hat.ln();
        }
        Ok(())
    }

    /// Closes `destination` to what `origin` sells of the sector: the flow becomes exactly zero.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming sector and places that do not exist, or own trade.
    pub fn close(
        &mut self,
        sector: usize,
        origin: usize,
        destination: usize,
    ) -> Result<(), InputError> {
        let (cell, _) = self.pair("closed market", sector, origin, destination)?;
        self.ln_cost[cell] = f64::INFINITY;
        Ok(())
    }

    /// Closes `destination` to `origin` in every sector.
    ///
    /// # Errors
    ///
    /// As [`ManySectorShock::close`].
    pub fn close_all(&mut self, origin: usize, destination: usize) -> Result<(), InputError> {
        (0..self.sectors).try_for_each(|sector| self.close(sector, origin, destination))
    }

    /// Sets t', the new tariff of `destination` on goods from `origin`, as a fraction.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming sector and places: one that does not exist, own trade, a cell stated
    /// twice, a rate that is not above -1.
    pub fn tariff(
        &mut self,
        sector: usize,
        origin: usize,
        destination: usize,
        rate: f64,
    ) -> Result<(), InputError> {
        let (cell, what) = self.pair("tariff", sector, origin, destination)?;
        if !rate.is_finite() || rate <= -1.0 {
            return Err(InputError::Value {
                what,
                index: cell,
                value: rate,
                remedy: "a tariff is a fraction above -1 (0.05 is five percent); to stop trade \
                         close the market"
                    .into(),
            });
        }
        once(&mut self.stated_tariff[cell], &what)?;
        self.tariff[cell] = rate;
        Ok(())
    }

    /// Sets A_hat, the change of productivity of a place in a sector: 1.02 is two percent more.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming a place or sector that does not exist, is stated twice, or a factor
    /// that is not positive and finite.
    pub fn productivity(
        &mut self,
        place: usize,
        sector: usize,
        hat: f64,
    ) -> Result<(), InputError> {
        let what = format!("productivity of place {place} in sector {sector}");
        self.check_range(&what, sector, &[place])?;
        if !hat.is_finite() || hat <= 0.0 {
            return Err(InputError::Value {
                what,
                index: place * self.sectors + sector,
                value: hat,
                remedy: "productivity changes by a positive factor: 1.02 is two percent more"
                    .into(),
            });
        }
        let cell = sector * self.n + place;
        once(&mut self.stated_productivity[cell], &what)?;
        self.ln_productivity[cell] = hat.ln();
        Ok(())
    }

    /// Adds to ln d_hat, on top of what was stated; a closed market stays closed.
    pub(super) fn add_cost(
        &mut self,
        sector: usize,
        origin: usize,
        destination: usize,
        ln: f64,
    ) -> Result<(), InputError> {
        let (cell, what) = self.pair("cost", sector, origin, destination)?;
        if !ln.is_finite() {
            return Err(InputError::Value {
                what,
                index: cell,
                value: ln,
                remedy: "an effect is finite; to stop trade close the market".into(),
            });
        }
        self.ln_cost[cell] += ln;
        Ok(())
    }

    /// d_hat of a pair, infinite when closed.
    #[must_use]
    pub fn cost_hat(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.ln_cost[(sector * self.n + destination) * self.n + origin].exp()
    }

    /// t' of a pair.
    #[must_use]
    pub fn new_tariff(&self, sector: usize, origin: usize, destination: usize) -> f64 {
        self.tariff[(sector * self.n + destination) * self.n + origin]
    }

    /// A_hat of a place in a sector.
    #[must_use]
    pub fn productivity_hat(&self, place: usize, sector: usize) -> f64 {
        self.ln_productivity[sector * self.n + place].exp()
    }

    fn pair(
        &self,
        what: &str,
        sector: usize,
        origin: usize,
        destination: usize,
    ) -> Result<(usize, String), InputError> {
        let what = format!("{what} in sector {sector}, from place {origin} to place {destination}");
        self.check_range(&what, sector, &[origin, destination])?;
        if origin == destination {
            return Err(InputError::Setting {
                what,
                expected: "two different places".into(),
                got: format!("place {origin} itself"),
                remedy: "costs are relative to own trade: put the change on the foreign pairs, or \
                         change productivity"
                    .into(),
            });
        }
        Ok(((sector * self.n + destination) * self.n + origin, what))
    }

    fn check_range(&self, what: &str, sector: usize, places: &[usize]) -> Result<(), InputError> {
        let refuse = |expected: String, got: usize| {
            Err(InputError::Setting {
                what: what.into(),
                expected,
                got: got.to_string(),
                remedy: "places and sectors count from 0, in the order of the data".into(),
            })
        };
        if sector >= self.sectors {
            return refuse(format!("sectors 0 to {}", self.sectors - 1), sector);
        }
        match places.iter().find(|&&p| p >= self.n) {
            Some(&p) => refuse(format!("places 0 to {}", self.n - 1), p),
            None => Ok(()),
        }
    }
}

fn once(stated: &mut bool, what: &str) -> Result<(), InputError> {
    if std::mem::replace(stated, true) {
        return Err(InputError::Setting {
            what: what.into(),
            expected: "each change once".into(),
            got: "the same one again".into(),
            remedy: "work out the combined change and state it once".into(),
        });
    }
    Ok(())
}
