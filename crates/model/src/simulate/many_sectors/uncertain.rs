//! A scenario of many sectors that is not known exactly.
//!
//! ```text
//! ln d_hat_ni^j = fixed_ni^j - sum_k c_k z_k,ni^j / theta^j      a change of trade, as estimated
//! ln d_hat_ni^j = fixed_ni^j + sum_k c_k z_k,ni^j                a change of costs
//! c       ~ N(m, V) for estimated coefficients, jointly; its own range for each given one
//! theta^j one draw for all sectors, or each sector its own
//! ```

use serde::Serialize;

use super::super::uncertain::{Coefficient, Elasticity, JointNormal, check_coefficient};
use super::shock::ManySectorShock;
use super::world::ManySectors;
use crate::outcome::InputError;

/// A scenario whose effects and elasticities have distributions.
#[derive(Debug, Clone, PartialEq)]
pub struct ManySectorScenario {
    /// What is known: costs, tariffs, closed markets, productivity.
    pub fixed: ManySectorShock,
    /// Effects whose size is a coefficient.
    pub effects: Vec<SectorEffect>,
    /// The estimated coefficients that effects refer to; empty when there are none.
    pub estimated: JointNormal,
    /// theta^j.
    pub elasticities: SectorElasticities,
}

/// One coefficient and the flows on which it acts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectorEffect {
    /// Name for the reader.
    pub name: String,
    /// Where the number comes from.
    pub coefficient: Coefficient,
    /// What the coefficient multiplies.
    pub loadings: Vec<SectorLoading>,
    /// False: coefficient × loading is a change of ln trade at given prices, as estimated in a
    /// gravity equation. True: it is a change of ln trade cost, which acts with theta^j.
    pub per_theta: bool,
}

/// A directed flow of a sector and the number that multiplies the coefficient there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SectorLoading {
    /// j: position from 0.
    pub sector: usize,
    /// i, who sells: position from 0.
    pub origin: usize,
    /// n, who buys: position from 0.
    pub destination: usize,
    /// z_ni^j.
    pub loading: f64,
}

/// What is believed about the trade elasticities.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SectorElasticities {
    /// One theta for every sector: a draw moves all of them together.
    Common(Elasticity),
    /// One for each sector, drawn independently.
    BySector(Vec<Elasticity>),
}

impl SectorElasticities {
    /// theta^j in the central solution.
    #[must_use]
    pub fn central(&self, sectors: usize) -> Vec<f64> {
        match self {
            Self::Common(theta) => vec![theta.central(); sectors],
            Self::BySector(thetas) => thetas.iter().map(Elasticity::central).collect(),
        }
    }

    /// Whether all of them are numbers.
    #[must_use]
    pub fn known(&self) -> bool {
        self.each().iter().all(|theta| matches!(theta, Elasticity::Fixed(_)))
    }

    pub(super) fn each(&self) -> &[Elasticity] {
        match self {
            Self::Common(theta) => std::slice::from_ref(theta),
            Self::BySector(thetas) => thetas,
        }
    }
}

impl ManySectorScenario {
    /// The coefficient of each effect in the central solution.
    #[must_use]
    pub fn central(&self) -> Vec<f64> {
        let central = |effect: &SectorEffect| effect.coefficient.central(&self.estimated);
        self.effects.iter().map(central).collect()
    }

    /// The shock at these coefficients (one for each effect) and elasticities (one for each sector).
    ///
    /// # Errors
    ///
    /// [`InputError`] naming sector and places: an effect on own trade, or a sum of effects that is
    /// not a number.
    pub fn shock(
        &self,
        coefficients: &[f64],
        theta: &[f64],
    ) -> Result<ManySectorShock, InputError> {
        let mut shock = self.fixed.clone();
        for (effect, &coefficient) in self.effects.iter().zip(coefficients) {
            for at in &effect.loadings {
                let size = coefficient * at.loading;
                let ln = if effect.per_theta { size } else { -size / theta[at.sector] };
                shock.add_cost(at.sector, at.origin, at.destination, ln)?;
            }
        }
        Ok(shock)
    }

    /// Everything that can be refused before anything is drawn.
    ///
    /// # Errors
    ///
    /// [`InputError`] naming the effect: a range out of order, a coefficient that was not estimated,
    /// places or sectors that do not exist, own trade; elasticities that are not positive or not one
    /// for each sector; the covariance matrix: its size, its symmetry, a negative eigenvalue.
    pub fn check(&self, world: &ManySectors) -> Result<(), InputError> {
        for effect in &self.effects {
            check_coefficient(&effect.name, effect.coefficient, &self.estimated)?;
        }
        if let SectorElasticities::BySector(thetas) = &self.elasticities
            && thetas.len() != world.sectors
        {
            return Err(InputError::Length {
                what: "elasticities of the scenario".into(),
                expected: world.sectors,
                got: thetas.len(),
            });
        }
        self.elasticities.each().iter().try_for_each(Elasticity::check)?;
        self.estimated.root()?;
        self.shock(&self.central(), &self.elasticities.central(world.sectors)).map(|_| ())
    }
}
