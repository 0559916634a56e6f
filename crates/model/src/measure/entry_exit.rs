//! Products that a place gained and lost between two periods.

use serde::Serialize;

use super::check_length;
use super::presence::Presence;
use crate::outcome::InputError;

/// Entries and exits of one place, or of one product over places.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Turnover {
    /// Present before and after.
    pub stayed: usize,
    /// Absent before, present after.
    pub entered: usize,
    /// Present before, absent after.
    pub left: usize,
    /// Absent before and after.
    pub absent: usize,
}

impl Turnover {
    /// `entered` over all that could enter; none when nothing could.
    #[must_use]
    pub fn entry_rate(&self) -> Option<f64> {
        rate(self.entered, self.absent)
    }

    /// `left` over all that could leave; none when nothing could.
    #[must_use]
    pub fn exit_rate(&self) -> Option<f64> {
        rate(self.left, self.stayed)
    }

    fn count(&mut self, before: bool, after: bool) {
        *match (before, after) {
            (true, true) => &mut self.stayed,
            (false, true) => &mut self.entered,
            (true, false) => &mut self.left,
            (false, false) => &mut self.absent,
        } += 1;
    }
}

fn rate(moved: usize, stayed: usize) -> Option<f64> {
    (moved + stayed > 0).then(|| moved as f64 / (moved + stayed) as f64)
}

/// Entries and exits by place and by product.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct EntryExit {
    /// Per place, over products.
    pub places: Vec<Turnover>,
    /// Per product, over places.
    pub products: Vec<Turnover>,
    /// Cells entered, row-major positions, ascending.
    pub entries: Vec<usize>,
    /// Cells left, row-major positions, ascending.
    pub exits: Vec<usize>,
}

/// Entry and exit between two periods.
///
/// ```text
/// entry_ik: M_ik = 0 before, 1 after          rate_i = entries_i / products absent before
/// exit_ik:  M_ik = 1 before, 0 after          rate_i = exits_i / products present before
/// ```
///
/// # Notation
///
/// | symbol | argument | shape |
/// | --- | --- | --- |
/// | M_ik | `before`, `after` | places × products |
///
/// # Assumptions
///
/// Both list the same places and products in the same order. An RCA that wavers around the cut-off
/// enters and leaves without any change of substance: compare averages of some years, or ask for a
/// higher cut-off after than before.
///
/// # Errors
///
/// [`InputError::Length`] for tables of different size.
///
/// # Source
///
/// Neffke, Henning, Boschma 2011, Economic Geography 87.
///
/// # Example
///
/// ```
/// use emporion_model::measure::{entry_exit::entry_exit, presence::Presence};
/// let before = Presence::new(1, 4, vec![true, true, false, false])?;
/// let after = Presence::new(1, 4, vec![true, false, true, false])?;
/// let place = entry_exit(&before, &after)?.places[0];
/// assert_eq!((place.entry_rate(), place.exit_rate()), (Some(0.5), Some(0.5)));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn entry_exit(before: &Presence, after: &Presence) -> Result<EntryExit, InputError> {
    check_length("presence before", before.places * before.products, before.values.len())?;
    check_length("places after", before.places, after.places)?;
    check_length("products after", before.products, after.products)?;
    check_length("presence after", before.values.len(), after.values.len())?;
    let mut out = EntryExit {
        places: vec![Turnover::default(); before.places],
        products: vec![Turnover::default(); before.products],
        entries: Vec::new(),
        exits: Vec::new(),
    };
    for (cell, (was, is)) in before.values.iter().zip(&after.values).enumerate() {
        out.places[cell / before.products].count(*was, *is);
        out.products[cell % before.products].count(*was, *is);
        match (was, is) {
            (false, true) => out.entries.push(cell),
            (true, false) => out.exits.push(cell),
            _ => {}
        }
    }
    Ok(out)
}
