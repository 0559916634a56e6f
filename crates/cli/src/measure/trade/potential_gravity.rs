//! Fitted gravity beside the export potential.

use std::collections::HashMap;

use emporion_model::measure::export_potential::Potential;
use emporion_model::measure::gravity_potential::{GravityPotential, Level, gravity_potential};
use emporion_model::outcome::Status;
use emporion_tables::bilateral::covariates;

use super::{Figures, Flows, refused};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{GravityBy, Potential as Arguments};
use crate::failure::Failure;

/// Fitted trade by product, or for all products.
pub type Fitted = HashMap<Option<usize>, GravityPotential>;

/// What the fitted values stand on.
pub const GRAVITY: &str = "Poisson, exporter and importer effects in each equation, pairs without a \
                       row as zeros, robust standard errors; fitted trade adds up to actual exports \
                       and imports over the pairs in use, those without trade among them";

/// Fits gravity on the covariates of the case's pairs, or of the file itself.
pub fn gravity(
    arguments: &Arguments,
    figures: &Figures<'_>,
    flows: &Flows,
    products: &[usize],
    answer: &mut Answer,
) -> Result<Fitted, Failure> {
    let pairs = figures.data.case().and_then(|case| case.pairs()).unwrap_or(figures.table());
    let x = covariates(pairs, &flows.labels, &arguments.gravity)?;
    let level = match arguments.gravity_by {
        GravityBy::Product => Level::Product,
        GravityBy::Total => Level::Total,
    };
    let (fits, notes) = gravity_potential(&flows.table, &x, level, products)
        .map_err(refused("the gravity equation"))?;
    answer.notes.extend(notes.iter().map(Into::into));
    let failed = fits.iter().filter(|fit| fit.status != Status::Converged).count();
    if failed > 0 {
        let message = format!("{failed} gravity equations did not converge: no fitted trade");
        answer.note(Advice::new("gravity_not_converged", message, failed));
    }
    let left_out: usize = fits.iter().map(|fit| fit.left_out).sum();
    if left_out > 0 {
        let message = format!(
            "{left_out} pairs of the gravity equations are left out as separated or alone in a level"
        );
        answer.note(Advice::new("gravity_left_out", message, left_out));
    }
    Ok(fits.into_iter().map(|fit| (fit.product, fit)).collect())
}

/// Fitted trade of all products beside the actual, by pair.
pub fn pairs(
    figures: &Figures<'_>,
    flows: &Flows,
    total: &GravityPotential,
    found: &[Potential],
    markets: &[usize],
) -> Part {
    let keys = ["origin", "destination"];
    let unit = flows.unit();
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("actual", "Actual", unit.as_str(), Show::Fitting),
        Column::number("gravity", "Fitted gravity", unit.as_str(), Show::Fitting),
        Column::number("actual_per_fitted", "Actual per fitted", "", Show::Decimals(3)),
    ]);
    let mut part = Part::new("pairs", "All products together", columns);
    let n = flows.labels.places.len();
    for potential in found {
        let origin = potential.exporter;
        let mut rows: Vec<(f64, f64, usize)> = (0..n)
            .filter(|j| markets.is_empty() || markets.contains(j))
            .filter_map(|j| total.fitted[origin * n + j].map(|mu| (mu, j)))
            .map(|(mu, j)| {
                (flows.table.of_pair(origin, j).iter().map(|flow| flow.value).sum(), mu, j)
            })
            .collect();
        rows.sort_by(|a, b| (b.1 - b.0).total_cmp(&(a.1 - a.0)).then(a.2.cmp(&b.2)));
        for (actual, mu, j) in rows {
            let key = [flows.labels.places[origin].clone(), flows.labels.places[j].clone()];
            let mut row = figures.key_cells(&keys, &key);
            row.extend([actual.into(), mu.into(), (actual / mu).into()]);
            part.push(row);
        }
    }
    part
}

/// The coefficients of each equation.
pub fn equations(figures: &Figures<'_>, flows: &Flows, fitted: &Fitted) -> Part {
    let mut columns = figures.key_columns(&["product"]);
    columns.iter_mut().for_each(|column| column.dull = Some(Cell::Missing));
    columns.extend([
        Column::text("covariate", "Covariate"),
        Column::number("coefficient", "Coefficient", "", Show::SixDigits),
        Column::number("standard_error", "Standard\nerror", "", Show::SixDigits),
        Column::number("pairs", "Pairs", "", Show::Whole),
        Column::number("left_out", "Left out", "", Show::Whole),
    ]);
    let mut part = Part::new("equations", "Gravity equations", columns);
    let mut order: Vec<&GravityPotential> = fitted.values().collect();
    order.sort_by_key(|fit| fit.product);
    for fit in order {
        let id = fit.product.map(|k| flows.labels.products[k].clone());
        let key = match &id {
            Some(id) => figures.key_cells(&["product"], std::slice::from_ref(id)),
            None => figures.key_columns(&["product"]).iter().map(|_| Cell::Missing).collect(),
        };
        let converged = fit.status == Status::Converged;
        let kept = fit.coefficients.iter().map(|(name, b, se)| (name, Some((*b, *se))));
        let dropped = fit.collinear.iter().map(|name| (name, None));
        for (name, estimate) in kept.chain(dropped) {
            let estimate = estimate.filter(|_| converged);
            let mut row = key.clone();
            row.extend([
                name.as_str().into(),
                estimate.map(|(b, _)| b).into(),
                estimate.map(|(_, se)| se).into(),
                fit.n.into(),
                fit.left_out.into(),
            ]);
            part.push(row);
        }
    }
    part
}
