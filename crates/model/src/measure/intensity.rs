//! Trade intensity: whether two sides trade more than their sizes say.

use serde::{Deserialize, Serialize};

use super::check_values;
use crate::outcome::InputError;
use crate::panel::SquareFlows;

/// Which exporters make up the world that a source is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// All exporters, the source among them, as in the handbooks of ESCAP and WITS (the default).
    #[default]
    WithSource,
    /// All exporters but the source.
    WithoutSource,
}

impl World {
    /// The convention in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::WithSource => "the world includes the exporter",
            Self::WithoutSource => "the world leaves the exporter out",
        }
    }
}

/// The intensity of one side's exports to another, with what it was made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[must_use]
pub struct Intensity {
    /// The index: 1 where the source sends the share that the world sends.
    pub intensity: f64,
    /// x_sd / x_sw: share of the destination in the exports of the source.
    pub share_of_source: f64,
    /// x_wd / x_ww: share of the destination in the exports of the world.
    pub share_of_world: f64,
    /// x_sd, in the unit given.
    pub flow: f64,
    /// The world meant.
    pub world: World,
}

/// Trade intensity of a source, a place or a group, with a destination.
///
/// ```text
/// TI_sd = (x_sd / x_sw) / (x_wd / x_ww)
/// ```
///
/// # Notation
///
/// | symbol | meaning | unit |
/// | --- | --- | --- |
/// | x_sd | exports of the members of `sources` to the members of `destinations` | the caller's |
/// | x_sw | exports of the sources to all places | the same |
/// | x_wd, x_ww | exports of the world, `world`, to the destinations and to all places | the same |
///
/// # Assumptions
///
/// Groups are summed first, then divided. A place named twice counts once. A zero is no trade.
/// The diagonal counts as it stands: give a table without domestic sales.
///
/// # Errors
///
/// [`InputError::Empty`] for a side without members, [`InputError::Setting`] for a place out of
/// range, [`InputError::Undefined`] naming the denominator that is zero.
///
/// # Cost
///
/// N² for N places.
///
/// # Source
///
/// Mikic, Gilbert, Trade Statistics in Policymaking, ESCAP 2009, ST/ESCAP/2559; World Bank, WITS
/// Online Trade Outcomes Indicators, 2013.
///
/// # Example
///
/// ```
/// use emporion_model::measure::intensity::{World, trade_intensity};
/// use emporion_model::panel::SquareFlows;
/// let x = SquareFlows::new(3, vec![0., 6., 2., 4., 0., 4., 4., 8., 0.])?;
/// let found = trade_intensity(&x, &[0], &[1], World::WithSource)?;
/// // 6 of 8 against 14 of 28.
/// assert!((found.intensity - 1.5).abs() < 1e-15);
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn trade_intensity(
    flows: &SquareFlows,
    sources: &[usize],
    destinations: &[usize],
    world: World,
) -> Result<Intensity, InputError> {
    check_values("flows", &flows.values, "a flow is finite and not negative")?;
    let source = members(flows.n, sources, "source")?;
    let destination = members(flows.n, destinations, "destination")?;
    let (mut sd, mut sw, mut wd, mut ww) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..flows.n {
        let counts = world == World::WithSource || !source[i];
        for j in 0..flows.n {
            let x = flows.get(i, j);
            if source[i] {
                sw += x;
                sd += if destination[j] { x } else { 0.0 };
            }
            if counts {
                ww += x;
                wd += if destination[j] { x } else { 0.0 };
            }
        }
    }
    for (zero, reason) in [
        (sw, "the source exports nothing"),
        (ww, "the world exports nothing"),
        (wd, "the world exports nothing to the destination"),
    ] {
        if zero <= 0.0 {
            return Err(InputError::Undefined {
                what: "trade intensity".into(),
                reason: reason.into(),
                remedy: "choose sides that trade, or another year".into(),
            });
        }
    }
    let (share_of_source, share_of_world) = (sd / sw, wd / ww);
    let intensity = share_of_source / share_of_world;
    Ok(Intensity { intensity, share_of_source, share_of_world, flow: sd, world })
}

fn members(n: usize, ids: &[usize], what: &str) -> Result<Vec<bool>, InputError> {
    if ids.is_empty() {
        return Err(InputError::Empty {
            what: format!("members of the {what}"),
            remedy: "name at least one place".into(),
        });
    }
    let mut inside = vec![false; n];
    for id in ids {
        match inside.get_mut(*id) {
            Some(flag) => *flag = true,
            None => {
                return Err(InputError::Setting {
                    what: what.into(),
                    expected: format!("a place below {n}"),
                    got: id.to_string(),
                    remedy: "list every place first".into(),
                });
            }
        }
    }
    Ok(inside)
}
