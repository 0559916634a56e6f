//! `emporion measure complementarity` and `similarity`: two baskets of products.

use emporion_model::measure::similarity::{Overlap, complementarity as michaely, finger_kreinin};
use emporion_model::outcome::InputError;
use emporion_model::panel::PlaceProduct;

use super::{Figures, Flows, Side, note_undefined, refused};
use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args::Baskets;
use crate::data::require;
use crate::failure::Failure;

/// Whether a place sells what others buy.
pub fn complementarity(arguments: &Baskets, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let question = Question {
        indicator: "complementarity",
        title: "Complementarity (Michaely)",
        partner: "destination",
        convention: "exports to and imports from all places, each other included; 0 to 100; falls \
                     as the classification gets finer",
        index: michaely,
        imports: true,
    };
    question.answer(arguments, figures)
}

/// Whether places sell the same.
pub fn similarity(arguments: &Baskets, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let question = Question {
        indicator: "similarity",
        title: "Export similarity (Finger-Kreinin)",
        partner: "with",
        convention: "exports to all places selected; 0 to 100; Krugman's distance is the sum of \
                     absolute differences of shares, 0 to 2",
        index: finger_kreinin,
        imports: false,
    };
    question.answer(arguments, figures)
}

struct Question {
    indicator: &'static str,
    title: &'static str,
    /// The column that names the other side.
    partner: &'static str,
    convention: &'static str,
    index: fn(&[f64], &[f64]) -> Result<Overlap, InputError>,
    /// Whether the other side's basket is its imports.
    imports: bool,
}

impl Question {
    fn answer(&self, arguments: &Baskets, figures: &Figures<'_>) -> Result<Answer, Failure> {
        require(figures.table(), &["product"])?;
        let flows = Flows::open(figures)?;
        let origins = flows.sides(figures, &arguments.origin)?;
        let others = flows.sides(figures, &arguments.with)?;
        let exports = flows.table.exports()?;
        let baskets = if self.imports { flows.table.imports()? } else { exports.clone() };
        let mut answer = figures.answer(self.indicator, self.title);
        answer.option("origin", arguments.origin.clone());
        answer.option("with", arguments.with.clone());
        flows.describe(figures, &mut answer);
        let mut columns = figures.key_columns(&["origin"]);
        let named = figures.data.about("origin").is_some();
        columns.push(Column::text(self.partner, super::super::capital(self.partner)));
        if named {
            let key = format!("{}_name", self.partner);
            columns.push(Column::text(key, "").unless_all(Cell::Missing));
        }
        columns.extend([
            Column::number(self.indicator, "Index", "", Show::Decimals(2)),
            Column::number("distance", "Distance", "", Show::Decimals(4)),
            Column::number("common", "Common products", "", Show::Whole),
        ]);
        let mut part = Part::new("rows", "", columns);
        let mut left_out = Vec::new();
        for origin in &origins {
            let own = basket(&exports, origin);
            let mut found = Vec::new();
            for other in others.iter().filter(|other| other.members != origin.members) {
                match (self.index)(&own, &basket(&baskets, other)) {
                    Ok(overlap) => found.push((overlap, other)),
                    Err(error) if arguments.with.is_empty() => left_out.push(error.to_string()),
                    Err(error) => {
                        let who = format!("{} and {}", origin.name, other.name);
                        return Err(refused(&who)(error));
                    }
                }
            }
            found.sort_by(|a, b| {
                b.0.index.total_cmp(&a.0.index).then_with(|| a.1.name.cmp(&b.1.name))
            });
            for (overlap, other) in found {
                let mut row = figures.key_cells(&["origin"], std::slice::from_ref(&origin.name));
                row.push(other.name.as_str().into());
                if named {
                    row.push(figures.data.name_of("origin", &other.name).into());
                }
                row.extend([overlap.index.into(), overlap.distance.into(), overlap.common.into()]);
                part.push(row);
            }
        }
        note_undefined(&left_out, &part, &mut answer)?;
        answer.parts.push(part);
        answer.count("products", "Products", "", Show::Whole, flows.labels.products.len());
        answer.say("convention", "Convention", self.convention);
        Ok(answer)
    }
}

/// The basket of a side: its members' added up.
fn basket(table: &PlaceProduct, side: &Side) -> Vec<f64> {
    let m = table.products;
    let mut sum = vec![0.0; m];
    for &place in &side.members {
        let row = &table.values[place * m..(place + 1) * m];
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sum
}
