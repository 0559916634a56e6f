//! `emporion measure complexity`: ECI of places and PCI of products.

use emporion_model::measure::complexity::{ComplexityOptions, complexity};
use emporion_model::measure::presence::presence;
use emporion_model::measure::rca::rca;

use super::{Figures, rca::exports};
use crate::answer::{Answer, Column, Part, Show};
use crate::args;
use crate::failure::Failure;

/// Places by ECI, products by PCI.
pub fn answer(arguments: &args::Complexity, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let exports = exports(figures)?;
    let index = rca(&exports.table)?;
    let found = complexity(&presence(&index, arguments.cut_off)?, &ComplexityOptions::default())?;

    let mut answer = figures.answer("complexity", "Economic complexity");
    answer.option("cut_off", arguments.cut_off);
    figures.describe(&mut answer, [&exports.whole]);
    let top = arguments.common.shape.top;
    let places = ("origin", "eci", "ECI", "diversity", "Products\nwith RCA");
    let products = ("product", "pci", "PCI", "ubiquity", "Places\nwith RCA");
    for (name, title, (key, score, head, count, count_head), ids, scores, counts) in [
        ("rows", "", places, &exports.places, &found.eci, &found.diversity),
        ("products", "Products", products, &exports.products, &found.pci, &found.ubiquity),
    ] {
        let mut columns = figures.key_columns(&[key]);
        columns.extend([
            Column::number(score, head, "standard deviations", Show::Decimals(3)),
            Column::number(count, count_head, "", Show::Whole),
        ]);
        let mut part = Part::new(name, title, columns);
        let mut order: Vec<usize> = (0..ids.len()).collect();
        let of = |at: usize| scores[at].unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|&a, &b| of(b).total_cmp(&of(a)).then(a.cmp(&b)));
        for at in order {
            let mut row = figures.key_cells(&[key], std::slice::from_ref(&ids[at]));
            row.extend([scores[at].into(), counts[at].into()]);
            part.push(row);
        }
        if name != "rows" {
            part.rows.truncate(top.unwrap_or(usize::MAX));
        }
        answer.parts.push(part);
    }
    let show = Show::Decimals(4);
    answer.count("lambda2", "Second eigenvalue", "", show, found.lambda2);
    answer.count("lambda3", "Third eigenvalue", "", show, found.lambda3);
    answer.count("gap", "Gap between them", "", show, found.gap);
    answer.count("residual", "Residual of the eigenvector", "", Show::Power, found.residual);
    let status = serde_json::to_value(found.status).unwrap_or_default();
    answer.say("status", "Status", status.as_str().unwrap_or("not identified"));
    answer.say("convention", "Convention", found.convention.as_str());
    answer.notes.extend(exports.notes.iter().map(Into::into));
    answer.notes.extend(index.notes.iter().chain(&found.notes).map(Into::into));
    Ok(answer)
}
