//! What changes in a world of many sectors.

use super::world::SectorWorld;
use crate::outcome::InputError;
use crate::simulate::shock::LARGEST_BETA;

/// Changes of costs, tariffs and productivity; nothing changes at first.
///
/// # Notation
///
/// | symbol | field | shape | unit |
/// | --- | --- | --- | --- |
/// | ln d_hat_in^j | `cost[(j * n + i) * n + m]`, +infinity for a closed market | J × N × N | log points |
/// | t'_in^j | `tariff`, the new level | J × N × N | 1 |
/// | ln A_hat_i^j | `productivity[j * n + i]` | J × N | log points |
///
/// A gravity coefficient beta enters as ln d_hat = -beta / theta^j
/// ([`SectorShocks::trade_effect`]).
#[derive(Debug, Clone, PartialEq)]
pub struct SectorShocks {
    n: usize,
    pub(super) cost: Vec<f64>,
    pub(super) tariff: Vec<f64>,
    pub(super) productivity: Vec<f64>,
}

impl SectorShocks {
    /// No change: the tariffs of the world, all costs as they are.
    #[must_use]
    pub fn none(world: &SectorWorld) -> Self {
        Self {
            n: world.n,
            cost: vec![0.0; world.sales.len()],
            tariff: world.tariff.clone(),
            productivity: vec![0.0; world.sectors * world.n],
        }
    }

    /// Adds `change` to ln d_hat of one flow. +infinity closes it.
    ///
    /// # Errors
    ///
    /// [`InputError`] for a place or sector that does not exist, own trade, or a change that is not
    /// a number or beyond [`LARGEST_BETA`].
    pub fn cost(
        &mut self,
        sector: usize,
        origin: usize,
        destination: usize,
        change: f64,
    ) -> Result<(), InputError> {
        let at = self.at(sector, origin, destination)?;
        if change.is_nan() || (change.abs() > LARGEST_BETA && change != f64::INFINITY) {
            return Err(InputError::Value {
                what: format!("cost of sector {sector}, from place {origin} to place {destination}"),
                index: at,
                value: change,
                remedy: format!("ln of the cost factor, within ±{LARGEST_BETA}; +infinity closes"),
            });
        }
        self.cost[at] += change;
        Ok(())
    }

    /// Adds a gravity effect: ln d_hat = -beta / theta. Minus infinity closes the market.
    ///
    /// # Errors
    ///
    /// As [`SectorShocks::cost`].
    pub fn trade_effect(
        &mut self,
        world: &SectorWorld,
        sector: usize,
        origin: usize,
        destination: usize,
        beta: f64,
    ) -> Result<(), InputError> {
        self.at(sector, origin, destination)?;
        self.cost(sector, origin, destination, -beta / world.elasticity[sector])
    }

    /// Sets the new level of a tariff, 0.05 for 5 percent.
    ///
    /// # Errors
    ///
    /// [`InputError`] for a place or sector that does not exist, own trade, or a negative tariff.
    pub fn set_tariff(
        &mut self,
        sector: usize,
        origin: usize,
        destination: usize,
        level: f64,
    ) -> Result<(), InputError> {
        let at = self.at(sector, origin, destination)?;
        if !level.is_finite() || level < 0.0 {
            return Err(InputError::Value {
                what: format!(
                    "tariff of place {destination} on sector {sector} from place {origin}"
                ),
                index: at,
                value: level,
                remedy: "a tariff is zero or positive, 0.05 for 5 percent; a subsidy is a cost \
                         change"
                    .into(),
            });
        }
        self.tariff[at] = level;
        Ok(())
    }

    /// Adds `change` to ln A_hat of a sector in a place.
    ///
    /// # Errors
    ///
    /// [`InputError`] for a place or sector that does not exist or a change that is not finite.
    pub fn productivity(
        &mut self,
        sector: usize,
        place: usize,
        change: f64,
    ) -> Result<(), InputError> {
        let sectors = self.productivity.len() / self.n;
        if sector >= sectors || place >= self.n {
            return Err(self.unknown(sector, place, place));
        }
        if !change.is_finite() || change.abs() > LARGEST_BETA {
            return Err(InputError::Value {
                what: format!("productivity of sector {sector} in place {place}"),
                index: sector * self.n + place,
                value: change,
                remedy: format!("ln of the factor, within ±{LARGEST_BETA}"),
            });
        }
        self.productivity[sector * self.n + place] += change;
        Ok(())
    }

    /// Whether any market is closed altogether.
    pub(super) fn closes(&self) -> bool {
        self.cost.contains(&f64::INFINITY)
    }

    fn at(&self, sector: usize, origin: usize, destination: usize) -> Result<usize, InputError> {
        let n = self.n;
        if sector >= self.cost.len() / (n * n) || origin >= n || destination >= n {
            return Err(self.unknown(sector, origin, destination));
        }
        if origin == destination {
            return Err(InputError::Setting {
                what: format!("shock in sector {sector} on place {origin} itself"),
                expected: "no shock on a place's trade with itself".into(),
                got: "origin and destination are one place".into(),
                remedy: "costs are relative to own trade: put the change on the foreign pairs, or \
                         change productivity"
                    .into(),
            });
        }
        Ok((sector * n + origin) * n + destination)
    }

    fn unknown(&self, sector: usize, origin: usize, destination: usize) -> InputError {
        InputError::Setting {
            what: format!("shock in sector {sector}, from place {origin} to place {destination}"),
            expected: format!(
                "sectors 0 to {}, places 0 to {}",
                self.productivity.len() / self.n - 1,
                self.n - 1
            ),
            got: "one that does not exist".into(),
            remedy: "name places and sectors of the world".into(),
        }
    }
}
