//! Constant market share: how much of a change of exports is the world's, the mix's, and one's own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::outcome::{InputError, Note};
use crate::panel::amount;

/// One product in one market, of the exporter and of the world, in two years.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShareCell {
    /// Product, id from 0.
    pub product: usize,
    /// Market, id from 0.
    pub market: usize,
    /// Exports before and after.
    pub own: [f64; 2],
    /// The world's exports before and after.
    pub world: [f64; 2],
}

/// Which mix is taken out first; the other gets what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Product mix first, then the market mix inside products (Leamer and Stern; the default).
    #[default]
    ProductFirst,
    /// Market mix first, then the product mix inside markets.
    MarketFirst,
}

/// The four effects of one cell, or of a total.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Effects {
    /// What exports would have gained at the growth of the world's trade.
    pub world_growth: f64,
    /// Because the products sold grew faster than the world's trade.
    pub product_mix: f64,
    /// Because the markets sold to grew faster.
    pub market_mix: f64,
    /// The rest: shares won or lost inside products and markets.
    pub competitiveness: f64,
}

impl Effects {
    /// The change that the four add up to.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.world_growth + self.product_mix + self.market_mix + self.competitiveness
    }

    /// Adds the effects of another cell.
    pub fn add(&mut self, other: &Self) {
        self.world_growth += other.world_growth;
        self.product_mix += other.product_mix;
        self.market_mix += other.market_mix;
        self.competitiveness += other.competitiveness;
    }
}

/// The decomposition of a change of exports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct MarketShare {
    /// Exports before.
    pub before: f64,
    /// Exports after.
    pub after: f64,
    /// The effects; they add up to `after` - `before`.
    pub total: Effects,
    /// The effects of each cell, in the order given: sum them by product or by market.
    pub cells: Vec<Effects>,
    /// r: growth of the world's exports, a ratio.
    pub world_rate: f64,
    /// Which mix came first.
    pub order: Order,
    /// `without_reference`: cells sold before in which the world sold nothing before.
    pub notes: Vec<Note>,
}

/// Constant-market-share analysis of an exporter between two years.
///
/// ```text
/// x₁ - x₀ = r x₀ + Σ_k (r_k - r) x₀_k + Σ_k Σ_j (r_kj - r_k) x₀_kj + Σ_k Σ_j (x₁_kj - x₀_kj - r_kj x₀_kj)
/// ```
///
/// # Notation
///
/// | symbol | field | unit |
/// | --- | --- | --- |
/// | x₀, x₁ | `own` | the caller's |
/// | r, r_k, r_kj | growth of `world`: all, product k, product k in market j | ratio |
///
/// # Assumptions
///
/// The caller decides whether the world includes the exporter. With [`Order::MarketFirst`] the
/// market mix is Σ_j (r_j - r) x₀_j and the product mix what is left inside markets: the two mixes
/// depend on the order, the other two do not. Where the world sold nothing before in a cell that
/// the exporter sold in (possible only when it is left out of the world), the next wider rate
/// stands in, and is noted.
///
/// # Errors
///
/// [`InputError::Value`] for a negative or infinite value, [`InputError::Undefined`] when the
/// world or the exporter sold nothing before.
///
/// # Cost
///
/// n log n in the cells.
///
/// # Source
///
/// Leamer, Stern 1970, Quantitative International Economics, chapter 7.
pub fn constant_market_share(cells: &[ShareCell], order: Order) -> Result<MarketShare, InputError> {
    for (index, cell) in cells.iter().enumerate() {
        for value in cell.own.into_iter().chain(cell.world) {
            amount("cells", index, value, "a flow is finite and not negative; settle gaps first")?;
        }
    }
    let sum = |get: fn(&ShareCell) -> f64| cells.iter().map(get).sum::<f64>();
    let (before, after) = (sum(|c| c.own[0]), sum(|c| c.own[1]));
    let world = [sum(|c| c.world[0]), sum(|c| c.world[1])];
    for (zero, who) in [(before, "exporter"), (world[0], "world")] {
        if zero <= 0.0 {
            return Err(InputError::Undefined {
                what: "constant market share".into(),
                reason: format!("the {who} sold nothing in the first year"),
                remedy: "choose an earlier year with trade".into(),
            });
        }
    }
    let first = |cell: &ShareCell| match order {
        Order::ProductFirst => cell.product,
        Order::MarketFirst => cell.market,
    };
    let mut groups: BTreeMap<usize, [f64; 2]> = BTreeMap::new();
    for cell in cells {
        let group = groups.entry(first(cell)).or_default();
        group[0] += cell.world[0];
        group[1] += cell.world[1];
    }
    let rate = |[before, after]: [f64; 2]| (before > 0.0).then(|| after / before - 1.0);
    let r = rate(world).unwrap_or_default();
    let (mut total, mut alone) = (Effects::default(), Vec::new());
    let effects: Vec<Effects> = cells
        .iter()
        .enumerate()
        .map(|(index, cell)| {
            let x = cell.own[0];
            let r_group = rate(groups[&first(cell)]).unwrap_or(r);
            let r_cell = rate(cell.world).unwrap_or_else(|| {
                if x > 0.0 {
                    alone.push(index);
                }
                r_group
            });
            let (one, two) = ((r_group - r) * x, (r_cell - r_group) * x);
            let (product_mix, market_mix) = match order {
                Order::ProductFirst => (one, two),
                Order::MarketFirst => (two, one),
            };
            let effects = Effects {
                world_growth: r * x,
                product_mix,
                market_mix,
                competitiveness: cell.own[1] - x - r_cell * x,
            };
            total.add(&effects);
            effects
        })
        .collect();
    let notes = (!alone.is_empty()).then(|| Note {
        code: "without_reference",
        message: "cells in which the world sold nothing before: the next wider rate stands in"
            .into(),
        count: alone.len(),
        rows: alone,
    });
    Ok(MarketShare {
        before,
        after,
        total,
        cells: effects,
        world_rate: r,
        order,
        notes: notes.into_iter().collect(),
    })
}
