//! `emporion measure relatedness`: how near each place is to each product.

use emporion_model::measure::continuous::rca_density;
use emporion_model::measure::proximity::density;
use emporion_model::measure::relatedness::{nearest_density, relative_relatedness, transposed};

use super::{Basis, advice, decimals, having_options, kind_word, known, nearness, wanted, whole};
use crate::answer::{Answer, Column, Part, Show};
use crate::args::{Nearness, Relatedness as Arguments};
use crate::failure::Failure;
use crate::measure::rca::named;
use crate::measure::{Figures, unit};

/// Places by products, the densest first.
pub fn answer(arguments: &Arguments, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let basis = Basis::open(&arguments.having, figures)?;
    let exports = &basis.exports;
    known("origin", &arguments.place, &exports.places)?;
    known("product", &arguments.product, &exports.products)?;
    let told = |error| named(&error, exports);
    if let Some(nearest) = arguments.nearest.filter(|nearest| *nearest > exports.products.len()) {
        return Err(Failure::new(format!(
            "--nearest {nearest}: the table has {} products; leave it out for the density of all",
            exports.products.len()
        )));
    }
    let mut phi = nearness(&basis, arguments.kind, arguments.diagonal)?;
    if arguments.kind == Nearness::Asymmetric {
        // As Stata and ecomplexity weigh: with what is near given the product.
        phi = transposed(&phi);
    }
    let around = match (&basis.rca, arguments.nearest) {
        (Some(index), nearest) if arguments.kind == Nearness::RcaCorrelation => {
            rca_density(index, &phi, nearest)
        }
        (_, None) => density(&basis.m, &phi),
        (_, Some(nearest)) => nearest_density(&basis.m, &phi, nearest),
    }
    .map_err(told)?;
    let (relative, without) = relative_relatedness(&basis.m, &around).map_err(told)?;

    let mut answer = figures.answer("relatedness", "Relatedness of places to products");
    answer.option("kind", kind_word(arguments.kind));
    answer.option("diagonal", arguments.diagonal);
    answer.option("nearest", arguments.nearest);
    answer.option("place", arguments.place.clone());
    answer.option("product", arguments.product.clone());
    answer.option("not_yet", arguments.not_yet);
    having_options(&arguments.having, exports, &mut answer);
    figures.describe(&mut answer, [&exports.whole]);
    let keys = ["origin", "product"];
    let mut columns = figures.key_columns(&keys);
    columns.extend([
        Column::number("value", "Value", unit([&exports.whole]), Show::Fitting),
        decimals("rca", "RCA"),
        whole("m", "M"),
        decimals("density", "Density"),
        decimals("distance", "Distance"),
        Column::number(
            "relative_relatedness",
            "Relative\nrelatedness",
            "standard deviations",
            Show::Decimals(3),
        ),
    ]);
    let mut cells = Vec::new();
    for (i, place) in exports.places.iter().enumerate() {
        for (k, product) in exports.products.iter().enumerate() {
            let shown = wanted(&arguments.place, place)
                && wanted(&arguments.product, product)
                && !(arguments.not_yet && basis.m.has(i, k));
            if shown {
                let defined = around.undefined_products.binary_search(&k).is_err();
                let near = defined.then(|| around.values[i * exports.products.len() + k]);
                cells.push((near, i, k));
            }
        }
    }
    let size = |near: Option<f64>| near.unwrap_or(f64::NEG_INFINITY);
    cells.sort_by(|a, b| size(b.0).total_cmp(&size(a.0)).then((a.1, a.2).cmp(&(b.1, b.2))));
    // A mean of RCA has no distance.
    let bounded = arguments.kind != Nearness::RcaCorrelation;
    let mut part = Part::new("rows", "", columns);
    for (near, i, k) in cells {
        let at = i * exports.products.len() + k;
        let ids = [exports.places[i].clone(), exports.products[k].clone()];
        let mut row = figures.key_cells(&keys, &ids);
        row.extend([
            exports.table.values[at].into(),
            basis.rca_of(i, k).into(),
            usize::from(basis.m.has(i, k)).into(),
            near.into(),
            near.filter(|_| bounded).map(|near| 1.0 - near).into(),
            relative[at].into(),
        ]);
        part.push(row);
    }
    answer.parts.push(part);
    exports.count(&mut answer);
    let convention = format!(
        "{}; relative relatedness: less the mean over the products that the place does not have, \
         in their standard deviations (divisor n - 1)",
        around.convention
    );
    answer.say("convention", "Convention", convention);
    answer.notes.extend(basis.notes());
    answer.notes.extend(advice(around.notes.iter().chain(&without), exports));
    Ok(answer)
}
