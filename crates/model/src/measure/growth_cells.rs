//! Growth of exports by old and new cells of product and market.

use serde::Serialize;

use crate::outcome::InputError;
use crate::panel::amount;

/// One product in one market, in two periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowthCell {
    /// Product, id from 0.
    pub product: usize,
    /// Market, id from 0.
    pub market: usize,
    /// Value of the first period: of its year, or the mean over its years.
    pub before: f64,
    /// Value of the second period.
    pub after: f64,
    /// Years of the first period with a positive value.
    pub years_before: usize,
    /// Years of the second period with a positive value.
    pub years_after: usize,
}

/// In how many years of a period a cell must be traded to count as active in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Survival {
    /// Years of the first period; 1 by default: traded at all.
    pub before: usize,
    /// Years of the second period; 1 by default. 2 asks that a new cell lives on.
    pub after: usize,
}

impl Default for Survival {
    fn default() -> Self {
        Self { before: 1, after: 1 }
    }
}

/// One part of the change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GrowthPart {
    /// `growing`, `shrinking`, `extinct`, `new_pairs`, `old_new`, `new_old`, `new_new`,
    /// `transient`.
    pub name: &'static str,
    /// What it holds, in words.
    pub what: &'static str,
    /// Cells.
    pub cells: usize,
    /// Change of value.
    pub change: f64,
    /// Percentage points of the growth of the total; none when the first period is zero.
    pub points: Option<f64>,
}

/// The change of a total by old and new cells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct GrowthByCells {
    /// Sum of the first period.
    pub before: f64,
    /// Sum of the second period.
    pub after: f64,
    /// The parts; their changes add up to `after` - `before`.
    pub parts: Vec<GrowthPart>,
    /// Old product, old market: `growing` + `shrinking` + `extinct` + `new_pairs`.
    pub old_old: f64,
    /// Old product, new market.
    pub old_new: f64,
    /// New product, old market.
    pub new_old: f64,
    /// New product, new market.
    pub new_new: f64,
    /// Cells that are active in neither period by the rule.
    pub transient: f64,
    /// The rule used.
    pub survival: Survival,
}

const PARTS: [(&str, &str); 8] = [
    ("growing", "old cells that grew"),
    ("shrinking", "old cells that shrank"),
    ("extinct", "old cells that ended"),
    ("new_pairs", "old product and old market, joined anew"),
    ("old_new", "old product in a new market"),
    ("new_old", "new product in an old market"),
    ("new_new", "new product in a new market"),
    ("transient", "cells active in neither period by the rule"),
];

/// Growth of one exporter's sales, by whether product and market are old or new.
///
/// ```text
/// X₁ - X₀ = Σ_parts Σ_{cells of the part} (x₁ - x₀)
/// ```
///
/// # Notation
///
/// | symbol | field | unit |
/// | --- | --- | --- |
/// | x₀, x₁ | `before`, `after` of a cell | the caller's |
///
/// # Assumptions
///
/// A cell is active in a period when it is traded in at least so many of its years,
/// [`Survival`]. A product is old when it is active somewhere before; a market is old when it
/// takes something actively before. A cell active before is old, and extinct when it is not
/// active after; a cell active only after is new; its whole change goes to one part. Each cell
/// is given once.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite value, [`InputError::Setting`] for a rule of
/// no years or a cell given twice, [`InputError::Empty`] without cells.
///
/// # Cost
///
/// n log n in the cells.
///
/// # Source
///
/// Amurgo-Pacheco, Pierola 2008, Patterns of Export Diversification in Developing Countries,
/// World Bank Policy Research Working Paper 4473; Brenton, Newfarmer 2007.
pub fn growth_by_cells(
    cells: &[GrowthCell],
    survival: Survival,
) -> Result<GrowthByCells, InputError> {
    check(cells, survival)?;
    let active = |cell: &GrowthCell| {
        (cell.years_before >= survival.before, cell.years_after >= survival.after)
    };
    let (mut old_product, mut old_market) = (Vec::new(), Vec::new());
    for cell in cells.iter().filter(|cell| active(cell).0) {
        mark(&mut old_product, cell.product);
        mark(&mut old_market, cell.market);
    }
    let is = |flags: &[bool], id: usize| flags.get(id).copied().unwrap_or(false);
    let mut sums = [(0_usize, 0.0_f64); PARTS.len()];
    let (mut before, mut after) = (0.0, 0.0);
    for cell in cells {
        before += cell.before;
        after += cell.after;
        let part = match active(cell) {
            (true, true) if cell.after >= cell.before => 0,
            (true, true) => 1,
            (true, false) => 2,
            (false, true) => match (is(&old_product, cell.product), is(&old_market, cell.market)) {
                (true, true) => 3,
                (true, false) => 4,
                (false, true) => 5,
                (false, false) => 6,
            },
            (false, false) => 7,
        };
        sums[part].0 += 1;
        sums[part].1 += cell.after - cell.before;
    }
    let points = |change: f64| (before > 0.0).then(|| 100.0 * change / before);
    let parts = PARTS
        .iter()
        .zip(sums)
        .map(|(&(name, what), (cells, change))| GrowthPart {
            name,
            what,
            cells,
            change,
            points: points(change),
        })
        .collect();
    Ok(GrowthByCells {
        before,
        after,
        parts,
        old_old: sums[..4].iter().map(|s| s.1).sum(),
        old_new: sums[4].1,
        new_old: sums[5].1,
        new_new: sums[6].1,
        transient: sums[7].1,
        survival,
    })
}

fn mark(flags: &mut Vec<bool>, id: usize) {
    if flags.len() <= id {
        flags.resize(id + 1, false);
    }
    flags[id] = true;
}

fn check(cells: &[GrowthCell], survival: Survival) -> Result<(), InputError> {
    if cells.is_empty() {
        return Err(InputError::Empty {
            what: "cells".into(),
            remedy: "choose an exporter with trade in one of the periods".into(),
        });
    }
    if survival.before == 0 || survival.after == 0 {
        return Err(InputError::Setting {
            what: "survival".into(),
            expected: "at least 1 year in each period".into(),
            got: format!("{} and {}", survival.before, survival.after),
            remedy: "1 counts a cell that is traded at all".into(),
        });
    }
    for (index, cell) in cells.iter().enumerate() {
        for value in [cell.before, cell.after] {
            amount("cells", index, value, "a flow is finite and not negative; settle gaps first")?;
        }
    }
    let mut keys: Vec<(usize, usize)> = cells.iter().map(|c| (c.product, c.market)).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(InputError::Setting {
            what: "cells".into(),
            expected: "each product and market once".into(),
            got: format!("product {} in market {} twice", pair[0].0, pair[0].1),
            remedy: "add them up first".into(),
        }),
    }
}
