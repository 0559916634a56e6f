//! `emporion measure product-space`: products as nodes, the strongest proximities as edges.

use emporion_model::measure::product_space::product_space;

use super::{Basis, advice, decimals, having_options, kind_word, nearness, whole, with_columns};
use crate::answer::{Answer, Column, Part, Show};
use crate::args::{Nearness, ProductSpace as Arguments};
use crate::failure::Failure;
use crate::measure::rca::named;
use crate::measure::{Figures, unit};

/// Edges, and the products with their part of the graph.
pub fn answer(arguments: &Arguments, figures: &Figures<'_>) -> Result<Answer, Failure> {
    if matches!(arguments.kind, Nearness::Asymmetric | Nearness::Correlation) {
        return Err(Failure::new(
            "the product space needs a proximity without direction and sign: --kind \
             min-conditional, square-root or rca-correlation",
        ));
    }
    let basis = Basis::open(&arguments.having, figures)?;
    let exports = &basis.exports;
    let phi = nearness(&basis, arguments.kind, 1)?;
    let space = product_space(&phi, arguments.threshold).map_err(|error| named(&error, exports))?;

    let mut answer = figures.answer("product_space", "Product space");
    answer.option("threshold", arguments.threshold);
    answer.option("kind", kind_word(arguments.kind));
    having_options(&arguments.having, exports, &mut answer);
    figures.describe(&mut answer, [&exports.whole]);
    let mut columns = figures.key_columns(&["product"]);
    columns.extend(with_columns(figures, "product"));
    columns.extend([decimals("proximity", "Proximity"), whole("tree", "In the\ntree")]);
    let mut part = Part::new("rows", "", columns);
    let mut degree = vec![0usize; space.products];
    for edge in &space.edges {
        let mut row = Vec::new();
        for end in [edge.from, edge.to] {
            degree[end] += 1;
            row.extend(
                figures.key_cells(&["product"], std::slice::from_ref(&exports.products[end])),
            );
        }
        row.extend([edge.proximity.into(), usize::from(edge.tree).into()]);
        part.push(row);
    }
    answer.parts.push(part);
    answer.parts.push(nodes(&basis, figures, &space.components, &degree));
    answer.count("edges", "Edges", "", Show::Whole, space.edges.len());
    let tree = space.edges.iter().filter(|edge| edge.tree).count();
    answer.count("tree_edges", "Edges of the tree", "", Show::Whole, tree);
    answer.count("tree_weight", "Proximity on the tree", "", Show::Decimals(3), space.tree_weight);
    answer.count("components", "Parts of the graph", "", Show::Whole, space.components.len());
    exports.count(&mut answer);
    answer.say("convention", "Convention", space.convention.as_str());
    answer.notes.extend(basis.notes());
    answer.notes.extend(advice(&phi.notes, exports));
    Ok(answer)
}

fn nodes(basis: &Basis, figures: &Figures<'_>, parts: &[Vec<usize>], degree: &[usize]) -> Part {
    let exports = &basis.exports;
    let n = exports.products.len();
    let mut component = vec![0usize; n];
    for (number, part) in parts.iter().enumerate() {
        part.iter().for_each(|k| component[*k] = number + 1);
    }
    let ubiquity = basis.m.ubiquity();
    let mut columns = figures.key_columns(&["product"]);
    columns.extend([
        whole("component", "Part"),
        whole("degree", "Edges"),
        whole("ubiquity", "Places\nwith it"),
        Column::number("value", "Value", unit([&exports.whole]), Show::Fitting),
    ]);
    let mut part = Part::new("products", "Products", columns);
    for k in 0..n {
        let value: f64 = exports.table.values.iter().skip(k).step_by(n).sum();
        let mut row = figures.key_cells(&["product"], std::slice::from_ref(&exports.products[k]));
        row.extend([component[k].into(), degree[k].into(), ubiquity[k].into(), value.into()]);
        part.push(row);
    }
    part
}
