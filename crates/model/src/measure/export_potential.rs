//! Export potential: what an exporter could sell of each product in each market, factor by factor.

use serde::Serialize;

use super::bilateral::Bilateral;
use super::{check_length, check_values};
use crate::outcome::{InputError, Note};

/// Factors of the years to come that the caller brings; each is 1 where nothing is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dynamics<'a> {
    /// Expected growth of the exporter's supply of each product relative to the world: products.
    pub supply_growth: Option<&'a [f64]>,
    /// Expected growth of each market's demand for each product: places × products.
    pub demand_growth: Option<&'a [f64]>,
    /// Tariff advantage in each market, (1 + t_avg - t_i)^σ: places × products.
    pub tariff_advantage: Option<&'a [f64]>,
    /// Advantage of distance over the average supplier: places × products.
    pub distance_advantage: Option<&'a [f64]>,
}

/// The potential of one product in one market, with every factor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PotentialCell {
    /// Market, id from 0.
    pub market: usize,
    /// Product, id from 0.
    pub product: usize,
    /// α_ik: the exporter's share of world exports of the product.
    pub supply: f64,
    /// β_ij: actual trade with the market over what world shares would give.
    pub ease: f64,
    /// γ_jk: the market's imports of the product, in the unit given.
    pub demand: f64,
    /// Factor of supply.
    pub supply_growth: f64,
    /// Factor of demand.
    pub demand_growth: f64,
    /// Factor of tariffs.
    pub tariff_advantage: f64,
    /// Factor of distance.
    pub distance_advantage: f64,
    /// α β γ: the static core.
    pub core: f64,
    /// The core times the four factors.
    pub potential: f64,
    /// What is traded, x_ijk.
    pub actual: f64,
    /// min(potential, actual).
    pub realised: f64,
    /// max(0, potential - actual).
    pub unrealised: f64,
}

/// The export potential of one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Potential {
    /// The exporter.
    pub exporter: usize,
    /// Cells with supply and demand, by market, then product. Those of a market without any trade
    /// have ease 0 and no potential.
    pub cells: Vec<PotentialCell>,
    /// β_ij of each market; none for the exporter itself, and where the market imports none of its
    /// products.
    pub ease: Vec<Option<f64>>,
    /// Sum of the cells.
    pub potential: f64,
    /// Sum of the cells.
    pub realised: f64,
    /// Sum of the cells: never potential less actual.
    pub unrealised: f64,
    /// Actual exports.
    pub actual: f64,
    /// Largest |Σ_k core - x_ij| / x_ij over markets: the check of adding up, rounding only.
    pub adding_up: f64,
    /// `markets_without_trade`: markets whose ease, and potential, is zero.
    pub notes: Vec<Note>,
    /// What the numbers stand on.
    pub convention: &'static str,
}

/// Sums that every exporter's potential needs, made once.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    places: usize,
    products: usize,
    exports: Vec<f64>,
    imports: Vec<f64>,
    supply: Vec<f64>,
}

impl World {
    /// Sums the table by place and product.
    ///
    /// # Errors
    ///
    /// As [`Bilateral::exports`].
    pub fn of(table: &Bilateral) -> Result<Self, InputError> {
        let exports = table.exports()?.values;
        let imports = table.imports()?.values;
        let mut supply = vec![0.0; table.products];
        for row in exports.chunks(table.products.max(1)) {
            supply.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        Ok(Self { places: table.places, products: table.products, exports, imports, supply })
    }

    /// Imports of each market by product: places × products.
    #[must_use]
    pub fn imports(&self) -> &[f64] {
        &self.imports
    }
}

/// Export potential of one place in every product and market.
///
/// ```text
/// V_ijk = α_ik β_ij γ_jk      α_ik = x_i.k / x_..k      γ_jk = x_.jk
/// β_ij = x_ij. / Σ_k α_ik γ_jk                           Σ_k V_ijk = x_ij.
/// EPI_ijk = V_ijk × supply growth × demand growth × tariff advantage × distance advantage
/// realised = min(EPI, x)      unrealised = max(0, EPI - x)      cell by cell
/// ```
///
/// # Notation
///
/// | symbol | argument or field | shape | unit |
/// | --- | --- | --- | --- |
/// | x_ijk | `table` | sparse | the caller's |
/// | α, β, γ | `supply`, `ease`, `demand` | per cell | ratio, ratio, the caller's |
///
/// # Assumptions
///
/// Without dynamics the core redistributes actual bilateral trade over products: `adding_up`
/// tests it. The ease is taken from actual flows, before any factor. A market without any trade
/// with the exporter has ease 0, hence no potential: that is a limit of the method, and is noted.
/// The exporter's own market is left out. Totals are sums over cells.
///
/// # Errors
///
/// [`InputError::Setting`] for a place out of range, [`InputError::Length`] and
/// [`InputError::Value`] for factors of a wrong shape or sign, [`InputError::Undefined`] for a
/// place that exports nothing.
///
/// # Cost
///
/// Linear in places × products, for each exporter.
///
/// # Source
///
/// Decreux, Spies 2016, Export Potential Assessments, International Trade Centre.
pub fn export_potential(
    table: &Bilateral,
    world: &World,
    exporter: usize,
    dynamics: &Dynamics<'_>,
) -> Result<Potential, InputError> {
    check(world, exporter, dynamics)?;
    let (n, m) = (world.places, world.products);
    let own = &world.exports[exporter * m..(exporter + 1) * m];
    let alpha: Vec<f64> = own
        .iter()
        .zip(&world.supply)
        .map(|(x, all)| if *x > 0.0 { x / all } else { 0.0 })
        .collect();
    let mut found = Potential {
        exporter,
        cells: Vec::new(),
        ease: vec![None; n],
        potential: 0.0,
        realised: 0.0,
        unrealised: 0.0,
        actual: 0.0,
        adding_up: 0.0,
        notes: Vec::new(),
        convention: "static core; ease from actual flows before any factor; own market left out; \
                     realised and unrealised by cell, totals are sums over cells",
    };
    let mut without = Vec::new();
    for j in (0..n).filter(|j| *j != exporter) {
        let gamma = &world.imports[j * m..(j + 1) * m];
        let hypothetical: f64 = alpha.iter().zip(gamma).map(|(a, g)| a * g).sum();
        if hypothetical <= 0.0 {
            continue;
        }
        let pair = table.of_pair(exporter, j);
        let traded: f64 = pair.iter().map(|flow| flow.value).sum();
        let beta = traded / hypothetical;
        found.ease[j] = Some(beta);
        if traded <= 0.0 {
            without.push(j);
        }
        let (mut sum, mut at) = (0.0, 0);
        for k in (0..m).filter(|k| alpha[*k] > 0.0 && gamma[*k] > 0.0) {
            while at < pair.len() && pair[at].product < k {
                at += 1;
            }
            let actual = pair.get(at).filter(|f| f.product == k).map_or(0.0, |f| f.value);
            let cell = cell(j, k, [alpha[k], beta, gamma[k]], actual, dynamics, m);
            sum += cell.core;
            found.potential += cell.potential;
            found.realised += cell.realised;
            found.unrealised += cell.unrealised;
            found.actual += actual;
            found.cells.push(cell);
        }
        if traded > 0.0 {
            found.adding_up = found.adding_up.max((sum - traded).abs() / traded);
        }
    }
    if !without.is_empty() {
        found.notes.push(Note {
            code: "markets_without_trade",
            message: "markets without any trade with the exporter: their ease is zero, so the \
                      method finds no potential there"
                .into(),
            count: without.len(),
            rows: without,
        });
    }
    Ok(found)
}

fn cell(
    j: usize,
    k: usize,
    [supply, ease, demand]: [f64; 3],
    actual: f64,
    dynamics: &Dynamics<'_>,
    products: usize,
) -> PotentialCell {
    let at = |factor: Option<&[f64]>| factor.map_or(1.0, |f| f[j * products + k]);
    let supply_growth = dynamics.supply_growth.map_or(1.0, |f| f[k]);
    let demand_growth = at(dynamics.demand_growth);
    let tariff_advantage = at(dynamics.tariff_advantage);
    let distance_advantage = at(dynamics.distance_advantage);
    let core = supply * ease * demand;
    let potential = core * supply_growth * demand_growth * tariff_advantage * distance_advantage;
    PotentialCell {
        market: j,
        product: k,
        supply,
        ease,
        demand,
        supply_growth,
        demand_growth,
        tariff_advantage,
        distance_advantage,
        core,
        potential,
        actual,
        realised: potential.min(actual),
        unrealised: (potential - actual).max(0.0),
    }
}

fn check(world: &World, exporter: usize, dynamics: &Dynamics<'_>) -> Result<(), InputError> {
    let (n, m) = (world.places, world.products);
    if exporter >= n {
        return Err(InputError::Setting {
            what: "exporter".into(),
            expected: format!("a place below {n}"),
            got: exporter.to_string(),
            remedy: "list every place first".into(),
        });
    }
    for (what, factor, length) in [
        ("supply growth", dynamics.supply_growth, m),
        ("demand growth", dynamics.demand_growth, n * m),
        ("tariff advantage", dynamics.tariff_advantage, n * m),
        ("distance advantage", dynamics.distance_advantage, n * m),
    ] {
        if let Some(factor) = factor {
            check_length(what, length, factor.len())?;
            check_values(what, factor, "a factor is finite and not negative; 1 changes nothing")?;
        }
    }
    if world.exports[exporter * m..(exporter + 1) * m].iter().all(|x| *x <= 0.0) {
        return Err(InputError::Undefined {
            what: "export potential".into(),
            reason: "the place exports nothing".into(),
            remedy: "choose a place that exports".into(),
        });
    }
    Ok(())
}
