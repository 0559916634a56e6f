//! `emporion measure concentration`, `specialisation` and `penetration`: indices of places.

use emporion_model::measure::bilateral::Flow;
use emporion_model::measure::concentration::{ConcentrationOptions, concentration as spread};
use emporion_model::measure::penetration::market_penetration;
use emporion_model::measure::specialisation::specialisation as distance;

use super::{Figures, Flows, refused};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::require;
use crate::failure::Failure;

/// Hirschmann, HHI, entropy and Theil of each place's exports.
pub fn concentration(
    arguments: &args::Concentration,
    figures: &Figures<'_>,
) -> Result<Answer, Failure> {
    let over = arguments.over;
    if over != args::Over::Destination {
        require(figures.table(), &["product"])?;
    }
    let flows = Flows::open(figures)?;
    let places = flows.places(figures, &arguments.places.origin)?;
    let mut answer = figures.answer("concentration", "Concentration of exports");
    answer.option("origin", arguments.places.origin.clone());
    answer.option("lines", arguments.lines);
    let (n, m) = (flows.labels.places.len(), flows.labels.products.len());
    // A place is no market of its own.
    let (word, occurring) = match over {
        args::Over::Product => ("product", m),
        args::Over::Destination => ("destination", n - 1),
        args::Over::Cell => ("cell", (n - 1) * m),
    };
    answer.option("over", word);
    flows.describe(figures, &mut answer);
    let declared = declared(figures, over);
    let (lines, from) = match (arguments.lines, declared) {
        (Some(lines), _) => (lines, "as given"),
        (None, Some(lines)) => (lines, "those of the table of products"),
        (None, None) => (occurring, "those that occur in the rows selected"),
    };
    let show = Show::Decimals(4);
    let columns = [
        Column::number("hhi", "HHI", "", show),
        Column::number("hirschman", "Hirschmann", "", show),
        Column::number("hirschman_normalised", "normalised", "", show),
        Column::number("entropy", "Entropy", "nats", show),
        Column::number("theil", "Theil", "", show),
        Column::number("theil_extensive", "extensive", "", show),
        Column::number("theil_intensive", "intensive", "", show),
        Column::number("n_positive", "Lines used", "", Show::Whole),
    ];
    let line = |flow: &Flow| match over {
        args::Over::Product => flow.product,
        args::Over::Destination => flow.destination,
        args::Over::Cell => flow.destination * m + flow.product,
    };
    let width = if over == args::Over::Destination { n } else { occurring + m };
    each(&flows, figures, &mut answer, &places, columns.into(), |place| {
        let mut values = vec![0.0; width];
        for flow in flows.table.of_origin(place) {
            values[line(flow)] += flow.value;
        }
        values.retain(|value| *value > 0.0);
        if values.is_empty() {
            return Ok(None);
        }
        let told = refused(&flows.labels.places[place]);
        let found = spread(&values, &ConcentrationOptions { lines: Some(lines) }).map_err(told)?;
        Ok(Some(vec![
            found.hhi.into(),
            found.hirschman.into(),
            found.hirschman_normalised.into(),
            (found.entropy_bits * std::f64::consts::LN_2).into(),
            found.theil.into(),
            found.theil_extensive.into(),
            found.theil_positive.into(),
            found.n_positive.into(),
        ]))
    })?;
    answer.count("n", "Lines of the classification", "", Show::Whole, lines);
    let words = "HHI: sum of squared shares; Hirschmann: its root, normalised as by UNCTAD; entropy: sum of \
         s ln(1/s); Theil over all lines, zeros included: extensive ln(n / lines used) between \
         used and not used, intensive within the used";
    answer.say("convention", "Convention", format!("{words}; lines: {from}"));
    Ok(answer)
}

/// Lines of the classification that the case declares, where all of it is selected.
fn declared(figures: &Figures<'_>, over: args::Over) -> Option<usize> {
    let narrowed = |text: &String| text.trim_start().starts_with("product");
    if over != args::Over::Product || figures.common.rows.conditions.iter().any(narrowed) {
        return None;
    }
    figures.data.about("product").map(emporion_tables::Table::rows)
}

/// Krugman's and Hachman's distance of each place's exports from all exports.
pub fn specialisation(arguments: &args::Places, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["product"])?;
    let flows = Flows::open(figures)?;
    let places = flows.places(figures, &arguments.origin)?;
    let found = distance(&flows.table.exports()?)?;
    let mut answer = figures.answer("specialisation", "Specialisation of exports");
    answer.option("origin", arguments.origin.clone());
    flows.describe(figures, &mut answer);
    let show = Show::Decimals(4);
    let columns = vec![
        Column::number("krugman", "Krugman", "", show),
        Column::number("specialisation_coefficient", "half of it", "", show),
        Column::number("hachman", "Hachman", "", show),
    ];
    each(&flows, figures, &mut answer, &places, columns, |place| {
        Ok(found[place].map(|index| {
            vec![
                index.krugman.into(),
                index.specialisation_coefficient.into(),
                index.hachman.into(),
            ]
        }))
    })?;
    let words = "against the exports of all places, the place itself among them; Krugman 0 to 2, \
                 Hachman 0 to 1 (1: the basket of all)";
    answer.say("convention", "Convention", words);
    Ok(answer)
}

/// Markets reached of the markets that import what a place exports.
pub fn penetration(arguments: &args::Places, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let flows = Flows::open(figures)?;
    let places = flows.places(figures, &arguments.origin)?;
    let mut answer = figures.answer("penetration", "Export market penetration");
    answer.option("origin", arguments.origin.clone());
    flows.describe(figures, &mut answer);
    let columns = vec![
        Column::number("penetration", "Penetration", "percent", Show::Decimals(2)),
        Column::number("reached", "Reached", "", Show::Whole),
        Column::number("possible", "Possible", "", Show::Whole),
        Column::number("products", "Products", "", Show::Whole),
    ];
    each(&flows, figures, &mut answer, &places, columns, |place| {
        if flows.table.of_origin(place).is_empty() {
            return Ok(None);
        }
        let told = refused(&flows.labels.places[place]);
        let found = market_penetration(&flows.table, place).map_err(told)?;
        Ok(Some(vec![
            (100.0 * found.penetration).into(),
            found.reached.into(),
            found.possible.into(),
            found.products.into(),
        ]))
    })?;
    let words = "pairs of product and market supplied, over pairs of an exported product and a \
                 market that imports it from anyone; the own market is none";
    answer.say("convention", "Convention", words);
    Ok(answer)
}

/// A row for each place, largest first figure first; places without exports are left out, named.
fn each(
    flows: &Flows,
    figures: &Figures<'_>,
    answer: &mut Answer,
    places: &[usize],
    columns: Vec<Column>,
    index: impl Fn(usize) -> Result<Option<Vec<Cell>>, Failure>,
) -> Result<(), Failure> {
    let keys = ["origin"];
    let mut all = figures.key_columns(&keys);
    all.extend(columns);
    let mut part = Part::new("rows", "", all);
    let (mut lines, mut without) = (Vec::new(), Vec::new());
    for &place in places {
        let id = &flows.labels.places[place];
        match index(place)? {
            Some(cells) => {
                let first = match cells.first() {
                    Some(Cell::Number(value)) => *value,
                    _ => f64::NEG_INFINITY,
                };
                lines.push((first, id, cells));
            }
            None => without.push(id.as_str()),
        }
    }
    if lines.is_empty() {
        return Err(Failure::new(format!(
            "{} export nothing in the rows selected; choose places that export, or another year",
            without.join(", ")
        )));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    for (_, id, cells) in lines {
        let mut row = figures.key_cells(&keys, std::slice::from_ref(id));
        row.extend(cells);
        part.push(row);
    }
    answer.parts.push(part);
    if !without.is_empty() {
        let message = format!("places without exports are left out: {}", without.join(", "));
        answer.note(Advice::new("places_without_exports", message, without.len()));
    }
    Ok(())
}
