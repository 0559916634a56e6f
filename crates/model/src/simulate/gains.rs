//! What trade is worth: the welfare lost if a place had to live on its own.

use serde::Serialize;

use super::baseline::Baseline;
use super::shock::check_elasticity;
use crate::outcome::{InputError, Note};
use crate::panel::SquareFlows;

/// Gains from trade of each place.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gains {
    /// pi_jj, the share of spending on own goods.
    pub own_share: Vec<f64>,
    /// 1 - pi_jj^(1/theta): share of real income lost in autarky. 1 where own trade is zero.
    pub gains: Vec<f64>,
    /// Advice, such as places without own trade, for which the formula says nothing.
    pub notes: Vec<Note>,
}

/// Gains from trade by the formula that needs only the own share and one elasticity.
///
/// ```text
/// G_j = 1 - pi_jj^(1/theta),   pi_jj = X_jj / sum_i X_ij
/// ```
///
/// # Assumptions
///
/// Balanced trade in autarky; one sector, fixed endowment. Where own trade is zero the formula
/// gives a loss of everything: read the note.
///
/// # Errors
///
/// [`InputError`] when a place sells or buys nothing or `theta` is not positive.
///
/// # Source
///
/// Arkolakis, Costinot and Rodriguez-Clare (2012), "New Trade Models, Same Old Gains?", American
/// Economic Review 102(1).
///
/// # Example
///
/// ```
/// use emporion_model::panel::SquareFlows;
/// use emporion_model::simulate::gains_from_trade;
/// let flows = SquareFlows::new(2, vec![81.0, 19.0, 19.0, 81.0]).unwrap();
/// let gains = gains_from_trade(&flows, 2.0).unwrap();
/// assert!((gains.gains[0] - 0.1).abs() < 1e-15);
/// ```
pub fn gains_from_trade(flows: &SquareFlows, theta: f64) -> Result<Gains, InputError> {
    check_elasticity(theta)?;
    let base = Baseline::new(flows)?;
    let own_share: Vec<f64> = (0..base.n).map(|j| base.own[j] / base.expenditure[j]).collect();
    let gains = own_share.iter().map(|share| 1.0 - share.powf(1.0 / theta)).collect();
    Ok(Gains { own_share, gains, notes: base.notes })
}
