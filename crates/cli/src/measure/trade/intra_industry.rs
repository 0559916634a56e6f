//! `emporion measure intra-industry`: Grubel-Lloyd, and Brülhart's marginal index.

use emporion_model::measure::intra_industry::{grubel_lloyd, marginal_intra_industry};

use super::{Figures, Flows, Side, refused};
use crate::answer::{Answer, Column, Part, Show};
use crate::args::IntraIndustry;
use crate::data::require;
use crate::failure::Failure;

/// Intra-industry trade by product, of one year or of the change between two.
pub fn answer(arguments: &IntraIndustry, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["product"])?;
    let years = match (arguments.from, arguments.to) {
        (Some(from), Some(to)) => Flows::of_years(figures, &[from, to])?,
        _ => vec![Flows::open(figures)?],
    };
    let flows = &years[0];
    let origin = flows.side(figures, &arguments.origin)?;
    let partner = match &arguments.partner {
        Some(name) => flows.side(figures, name)?,
        None => {
            Side { name: "all places".into(), members: (0..flows.labels.places.len()).collect() }
        }
    };
    let title = format!("Intra-industry trade of {} with {}", origin.name, partner.name);
    let mut answer = figures.answer("intra_industry", title);
    answer.option("origin", arguments.origin.clone());
    answer.option("partner", arguments.partner.clone());
    answer.option("from", arguments.from);
    answer.option("to", arguments.to);
    figures.describe(&mut answer, years.iter().map(|flows| &flows.whole));
    flows.note(figures, &mut answer);
    let sides: Vec<[Vec<f64>; 2]> =
        years.iter().map(|flows| both_ways(flows, &origin, &partner)).collect();
    let told = refused(&format!("{} with {}", origin.name, partner.name));
    let unit = flows.unit();
    let money = |key, title| Column::number(key, title, unit.as_str(), Show::Fitting);
    let mut columns = figures.key_columns(&["product"]);
    let mut lines: Vec<(f64, usize, [f64; 2], Option<f64>)> = Vec::new();
    let show = Show::Decimals(4);
    if let [before, after] = &sides[..] {
        let (x, m) = ([&before[0][..], &after[0]], [&before[1][..], &after[1]]);
        let found = marginal_intra_industry(x, m).map_err(told)?;
        columns.extend([
            money("exports_change", "Change of exports"),
            money("imports_change", "Change of imports"),
            Column::number("marginal", "Marginal (A)", "", show),
        ]);
        for (k, index) in found.by_product.iter().enumerate() {
            let change = [x[1][k] - x[0][k], m[1][k] - m[0][k]];
            lines.push((change[0].abs() + change[1].abs(), k, change, *index));
        }
        answer.count("aggregate", "Together, 0 to 1", "", show, found.aggregate);
        answer.count("products", "Products whose trade changed", "", Show::Whole, found.products);
        let words = "Brülhart's A, weighted by the sizes of the changes; at the classification's \
                     level";
        answer.say("convention", "Convention", words);
    } else {
        let [exports, imports] = &sides[0];
        let found = grubel_lloyd(exports, imports).map_err(told)?;
        columns.extend([
            money("exports", "Exports"),
            money("imports", "Imports"),
            Column::number("grubel_lloyd", "Grubel-Lloyd", "", show),
        ]);
        for (k, index) in found.by_product.iter().enumerate() {
            lines.push((exports[k] + imports[k], k, [exports[k], imports[k]], *index));
        }
        answer.count("aggregate", "Together, 0 to 1", "", show, found.aggregate);
        answer.count("adjusted", "adjusted for imbalance", "", show, found.adjusted);
        answer.count("products", "Products traded", "", Show::Whole, found.products);
        let words = "0 to 1, weighted by trade; falls as the classification gets finer";
        answer.say("convention", "Convention", words);
    }
    lines.retain(|line| line.0 > 0.0);
    lines.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut part = Part::new("rows", "", columns);
    for (_, k, pair, index) in lines {
        let id = std::slice::from_ref(&flows.labels.products[k]);
        let mut row = figures.key_cells(&["product"], id);
        row.extend([pair[0].into(), pair[1].into(), index.into()]);
        part.push(row);
    }
    answer.parts.push(part);
    Ok(answer)
}

/// Exports and imports of a side with a partner, by product; trade inside the side is not counted.
fn both_ways(flows: &Flows, origin: &Side, partner: &Side) -> [Vec<f64>; 2] {
    let n = flows.labels.places.len();
    let flag = |side: &Side| {
        let mut flags = vec![false; n];
        side.members.iter().for_each(|at| flags[*at] = true);
        flags
    };
    let (own, other) = (flag(origin), flag(partner));
    let mut sums = [vec![0.0; flows.labels.products.len()], vec![0.0; flows.labels.products.len()]];
    for flow in flows.table.flows() {
        let (o, d) = (flow.origin, flow.destination);
        if own[o] && other[d] && !own[d] {
            sums[0][flow.product] += flow.value;
        }
        if own[d] && other[o] && !own[o] {
            sums[1][flow.product] += flow.value;
        }
    }
    sums
}
