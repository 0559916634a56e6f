//! `emporion measure prody`: the income that goes with products and with the baskets of places.

use emporion_model::measure::income::income_content;
use emporion_model::panel::PlaceProduct;

use super::{Domain, brought, few};
use crate::answer::{Advice, Answer, Column, Part, Show};
use crate::args::Prody as Arguments;
use crate::failure::Failure;
use crate::measure::rca::{exports, named};
use crate::measure::{Figures, unit};

/// Products by PRODY, places by EXPY.
pub fn answer(arguments: &Arguments, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let mut exports = exports(figures, &figures.rows, &arguments.filling)?;
    let income = brought(figures, &arguments.income, "income", Domain::NotNegative)?;
    let lacking: Vec<&str> =
        exports.places.iter().filter(|id| !income.contains_key(*id)).map(String::as_str).collect();
    if lacking.len() == exports.places.len() {
        return Err(Failure::new(format!(
            "no place of the table has an income in {}; its ids must be those of the table, such \
             as {}",
            arguments.income,
            few(&lacking)
        )));
    }
    let mut notes = Vec::new();
    if !lacking.is_empty() {
        let message = format!(
            "places without an income are left out, of PRODY's weights too: {}",
            few(&lacking)
        );
        notes.push(Advice::new("without_income", message, lacking.len()));
    }
    let kept: Vec<usize> =
        (0..exports.places.len()).filter(|i| income.contains_key(&exports.places[*i])).collect();
    let m = exports.products.len();
    let values: Vec<f64> =
        kept.iter().flat_map(|i| exports.table.values[i * m..(i + 1) * m].to_vec()).collect();
    exports.table = PlaceProduct::new(kept.len(), m, values)?;
    exports.places = kept.iter().map(|i| exports.places[*i].clone()).collect();
    let incomes: Vec<f64> = exports.places.iter().map(|id| income[id]).collect();
    let found =
        income_content(&exports.table, &incomes).map_err(|error| named(&error, &exports))?;

    let mut answer = figures.answer("prody", "Income content of products and baskets");
    answer.option("income", arguments.income.clone());
    answer.option("absent", exports.absent_word());
    figures.describe(&mut answer, [&exports.whole]);
    let unit = unit([&exports.whole]);
    let sum = |k: usize| exports.table.values.iter().skip(k).step_by(m).sum::<f64>();
    let total = |i: usize| exports.table.values[i * m..(i + 1) * m].iter().sum::<f64>();
    let products = Part::new("rows", "", columns(figures, "product", &unit, &["prody"]));
    let ids = &exports.products;
    answer.parts.push(filled(figures, products, "product", ids, &found.prody, |k| vec![sum(k)]));
    let places =
        Part::new("places", "Places", columns(figures, "origin", &unit, &["expy", "income"]));
    let ids = &exports.places;
    let rest = |i: usize| vec![incomes[i], total(i)];
    answer.parts.push(filled(figures, places, "origin", ids, &found.expy, rest));
    exports.count(&mut answer);
    answer.say(
        "convention",
        "Convention",
        "PRODY: mean income of the exporters, weighted with the product's share in each basket; \
         EXPY: mean PRODY of a basket; Hausmann, Hwang, Rodrik 2007",
    );
    answer.notes.extend(exports.notes.iter().map(Into::into));
    answer.notes.extend(notes);
    Ok(answer)
}

fn columns(figures: &Figures<'_>, key: &str, unit: &str, names: &[&str]) -> Vec<Column> {
    let mut columns = figures.key_columns(&[key]);
    columns.extend(names.iter().map(|name| {
        let title = if *name == "income" { "Income".to_owned() } else { name.to_uppercase() };
        Column::number(*name, title, "as the incomes", Show::Fitting)
    }));
    columns.push(Column::number("value", "Value", unit, Show::Fitting));
    columns
}

/// A row for each id, the highest first and those without last.
fn filled(
    figures: &Figures<'_>,
    mut part: Part,
    key: &str,
    ids: &[String],
    scores: &[Option<f64>],
    rest: impl Fn(usize) -> Vec<f64>,
) -> Part {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    let of = |at: usize| scores[at].unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|&a, &b| of(b).total_cmp(&of(a)).then(a.cmp(&b)));
    for at in order {
        let mut row = figures.key_cells(&[key], std::slice::from_ref(&ids[at]));
        row.push(scores[at].into());
        row.extend(rest(at).into_iter().map(Into::into));
        part.push(row);
    }
    part
}
