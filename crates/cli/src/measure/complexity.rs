//! `emporion measure complexity`: ECI of places, PCI of products, and what goes with them.

use emporion_model::measure::complexity::{
    Complexity, ComplexityOptions, Disconnected, complexity, weighted_complexity,
};
use emporion_model::measure::complexity_ranges::{
    BootstrapOptions, ComplexityRanges, complexity_ranges, rank,
};
use emporion_model::measure::fitness::{Fitness, FitnessOptions, fitness, weighted_fitness};
use emporion_model::measure::opportunity::{Opportunity, PciScale, opportunity};
use emporion_model::measure::presence::components;
use emporion_model::measure::proximity::{Density, density, proximity};
use emporion_model::measure::reflections::{Reflections, reflections};
use emporion_model::outcome::{InputError, Status};

use super::Figures;
use super::outside_pci::{by_outside, outside_alone, read_pci};
use super::rca::{Exports, named};
use super::space::{
    Basis, Domain, advice as named_notes, decimals, diagonal_of, having_options, per_place, whole,
};
use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args::{self, Outlook};
use crate::failure::Failure;

/// All that was found of a table.
struct Found {
    basis: Basis,
    complexity: Complexity,
    fitness: Fitness,
    reflections: Option<Reflections>,
    ranges: Option<ComplexityRanges>,
    outlook: Option<(Density, Opportunity)>,
    outside: Option<Vec<Option<f64>>>,
}

/// Places by ECI, products by PCI; or cells.
pub fn answer(arguments: &args::Complexity, figures: &Figures<'_>) -> Result<Answer, Failure> {
    if arguments.diagonal.is_some() && !arguments.cells && arguments.outlook.is_none() {
        return Err(Failure::new(
            "--diagonal is there for density: add --cells or --outlook, or leave it out",
        ));
    }
    let outside = arguments.outside_pci.as_deref().map(read_pci).transpose()?;
    let mut advice = Vec::new();
    let basis = Basis::weighted_too(&arguments.having, figures)?;
    if basis.weights.is_some() {
        refuse_weights(arguments)?;
    }
    let (how, index) = own(arguments, figures, &basis)?;
    let index = match (index, &outside) {
        (Ok(index), _) => index,
        // A mean of given numbers needs no answer of the table's own.
        (Err(InputError::Undefined { reason, .. }), Some(pci)) if !asks_more(arguments) => {
            return outside_alone(arguments, figures, &basis, pci, &reason);
        }
        (Err(error), _) => return Err(with_option(named(&error, &basis.exports))),
    };
    let outside = match &outside {
        None => None,
        Some(pci) => Some(by_outside(&basis, pci, &mut advice)?),
    };
    let found = find(arguments, basis, &how, index, outside)?;
    let mut answer = figures.answer("complexity", "Economic complexity");
    options(arguments, &found.basis.exports, &mut answer);
    figures.describe(&mut answer, [&found.basis.exports.whole]);

    let top = arguments.common.shape.top.unwrap_or(usize::MAX);
    let mut products = products(&found, figures);
    products.rows.truncate(top);
    if arguments.cells {
        answer.parts.push(cells(&found, figures));
        let mut places = places(&found, figures, "places");
        places.rows.truncate(top);
        answer.parts.push(places);
    } else {
        answer.parts.push(places(&found, figures, "rows"));
    }
    answer.parts.push(products);
    summarise(&found, &mut answer);
    answer.notes.extend(advice);
    answer.notes.extend(found.basis.notes());
    let ranges = found.ranges.iter().flat_map(|r| &r.notes);
    // What fitness says of dropped places and products, ECI has said.
    let heading = found.fitness.notes.iter().filter(|n| n.code == "heading_to_zero");
    let outlook = found.outlook.iter().flat_map(|(density, _)| &density.notes);
    // Those of M came with the table.
    let own = found.complexity.notes.iter().filter(|n| !found.basis.m.notes.contains(n));
    let notes = own.chain(ranges).chain(heading).chain(outlook);
    answer.notes.extend(named_notes(notes, &found.basis.exports));
    Ok(answer)
}

/// ECI and PCI of the table itself, and how they were asked for.
fn own(
    arguments: &args::Complexity,
    figures: &Figures<'_>,
    basis: &Basis,
) -> Result<(ComplexityOptions, Result<Complexity, InputError>), Failure> {
    let disconnected =
        if arguments.largest_part { Disconnected::Largest } else { Disconnected::Refuse };
    let of = |source| per_place(figures, &basis.exports, source, "reference", Domain::Any);
    let sign_reference = arguments.sign.as_deref().map(of).transpose()?;
    let how = ComplexityOptions { disconnected, ddof: arguments.ddof.into(), sign_reference };
    let found = match &basis.weights {
        None => complexity(&basis.m, &how),
        Some(weights) => weighted_complexity(weights, &how),
    };
    Ok((how, found))
}

/// Whether more is asked for than complexity by an outside PCI.
fn asks_more(arguments: &args::Complexity) -> bool {
    arguments.cells
        || arguments.outlook.is_some()
        || arguments.bootstrap.is_some()
        || arguments.reflections.is_some()
        || arguments.fitness_steps.is_some()
        || arguments.sign.is_some()
        || arguments.largest_part
}

fn find(
    arguments: &args::Complexity,
    basis: Basis,
    how: &ComplexityOptions,
    found: Complexity,
    outside: Option<Vec<Option<f64>>>,
) -> Result<Found, Failure> {
    let (exports, m) = (&basis.exports, &basis.m);
    let told = |error| with_option(named(&error, exports));
    let steps = match arguments.fitness_steps {
        None => FitnessOptions::default(),
        Some(max_steps) => FitnessOptions { tolerance: 0.0, max_steps },
    };
    // Where one part is taken, all scores are of this part.
    let part =
        arguments.largest_part.then(|| components(m)).and_then(|parts| parts.into_iter().next());
    let within = part.as_ref().map(|part| m.within(part));
    let inner = within.as_ref().unwrap_or(m);
    let fitness = match (&basis.weights, &part) {
        (None, _) => fitness(inner, &steps),
        (Some(weights), None) => weighted_fitness(weights, &steps),
        (Some(weights), Some(part)) => weighted_fitness(&weights.within(part), &steps),
    }
    .map_err(told)?;
    let reflections = arguments
        .reflections
        .map(|steps| reflections(inner, steps, arguments.ddof.into()))
        .transpose()
        .map_err(told)?;
    let ranges = match arguments.bootstrap {
        None => None,
        Some(draws) => {
            let bootstrap = BootstrapOptions { draws, seed: arguments.seed };
            Some(complexity_ranges(m, &found, how, &bootstrap).map_err(told)?)
        }
    };
    let mut outlook = None;
    if arguments.cells || arguments.outlook.is_some() {
        let near = proximity(m, diagonal_of(arguments.diagonal.unwrap_or(1))).map_err(told)?;
        let around = density(m, &near).map_err(told)?;
        let scale = match arguments.outlook.unwrap_or_default() {
            Outlook::GrowthLab => PciScale::Eigenvector,
            Outlook::R => PciScale::Standardised,
        };
        let gain = opportunity(m, &found, &near, &around, scale).map_err(told)?;
        outlook = Some((around, gain));
    }
    Ok(Found { complexity: found, fitness, reflections, ranges, outlook, outside, basis })
}

/// The remedy for a table in parts, by its option.
fn with_option(failure: Failure) -> Failure {
    const REMEDY: &str = "the largest part, ";
    match failure {
        Failure::Stopped(text) => {
            Failure::Stopped(text.replace(REMEDY, "the largest part (--largest-part), "))
        }
        other => other,
    }
}

/// What needs an M of 0 and 1.
fn refuse_weights(arguments: &args::Complexity) -> Result<(), Failure> {
    for (asked, option) in [
        (arguments.cells, "--cells"),
        (arguments.outlook.is_some(), "--outlook"),
        (arguments.bootstrap.is_some(), "--bootstrap"),
        (arguments.reflections.is_some(), "--reflections"),
        (arguments.outside_pci.is_some(), "--outside-pci"),
    ] {
        if asked {
            return Err(Failure::new(format!(
                "{option} needs an M of 0 and 1: leave it out, or take another --presence than \
                 weights and smooth"
            )));
        }
    }
    Ok(())
}

pub(super) fn options(arguments: &args::Complexity, exports: &Exports, answer: &mut Answer) {
    having_options(&arguments.having, exports, answer);
    answer.option("largest_part", arguments.largest_part);
    answer.option("ddof", arguments.ddof);
    answer.option("cells", arguments.cells);
    let around = arguments.cells || arguments.outlook.is_some();
    answer.option("diagonal", around.then(|| arguments.diagonal.unwrap_or(1)));
    let outlook = match arguments.outlook {
        None if !arguments.cells => None,
        asked => Some(match asked.unwrap_or_default() {
            Outlook::GrowthLab => "growth_lab",
            Outlook::R => "r",
        }),
    };
    answer.option("outlook", outlook);
    answer.option("bootstrap", arguments.bootstrap);
    answer.option("seed", arguments.bootstrap.map(|_| arguments.seed));
    let file = arguments.outside_pci.as_ref().map(|path| path.display().to_string());
    answer.option("outside_pci", file);
    answer.option("reflections", arguments.reflections);
    answer.option("fitness_steps", arguments.fitness_steps);
    answer.option("sign", arguments.sign.clone());
}

/// Positions by score, the highest first and those without last.
fn ranked(scores: &[Option<f64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let of = |at: usize| scores[at].unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|&a, &b| of(b).total_cmp(&of(a)).then(a.cmp(&b)));
    order
}

fn deviations(key: &str, title: &str) -> Column {
    Column::number(key, title, "standard deviations", Show::Decimals(3))
}

fn places(found: &Found, figures: &Figures<'_>, name: &'static str) -> Part {
    let mut columns = figures.key_columns(&["origin"]);
    let some = |column: Column| column.unless_all(Cell::Missing);
    columns.extend([
        deviations("eci", "ECI"),
        some(deviations("eci_low", "ECI\n2.5 %")),
        some(deviations("eci_high", "ECI\n97.5 %")),
        some(whole("rank", "Rank")),
        some(whole("rank_best", "Best\nrank")),
        some(whole("rank_worst", "Worst\nrank")),
        some(whole("eci_draws", "Draws")),
        some(decimals("eci_outside", "ECI by\noutside PCI")),
        decimals("fitness", "Fitness"),
        some(deviations("reflections", "Reflections")),
        some(decimals("coi", "COI")),
        whole("diversity", "Products\nwith RCA"),
    ]);
    let mut part = Part::new(name, if name == "rows" { "" } else { "Places" }, columns);
    let ids = &found.basis.exports.places;
    let ranks = rank(&found.complexity.eci);
    for at in ranked(&found.complexity.eci) {
        let range = found.ranges.as_ref().map(|r| r.places[at]).unwrap_or_default();
        let draws = found.ranges.as_ref().map(|_| range.draws);
        let mut row = figures.key_cells(&["origin"], std::slice::from_ref(&ids[at]));
        row.extend([
            found.complexity.eci[at].into(),
            range.low.into(),
            range.high.into(),
            ranks[at].into(),
            range.rank_best.into(),
            range.rank_worst.into(),
            draws.into(),
            found.outside.as_ref().and_then(|outside| outside[at]).into(),
            found.fitness.fitness[at].into(),
            found.reflections.as_ref().and_then(|r| r.places[at]).into(),
            found.outlook.as_ref().and_then(|(_, gain)| gain.coi[at]).into(),
            found.complexity.diversity[at].into(),
        ]);
        part.push(row);
    }
    part
}

fn products(found: &Found, figures: &Figures<'_>) -> Part {
    let mut columns = figures.key_columns(&["product"]);
    columns.extend([
        deviations("pci", "PCI"),
        deviations("pci_z", "PCI\nz-score"),
        decimals("complexity", "Complexity\n(fitness)"),
        deviations("reflections", "Reflections").unless_all(Cell::Missing),
        whole("ubiquity", "Places\nwith RCA"),
    ]);
    let mut part = Part::new("products", "Products", columns);
    let ids = &found.basis.exports.products;
    for at in ranked(&found.complexity.pci) {
        let mut row = figures.key_cells(&["product"], std::slice::from_ref(&ids[at]));
        row.extend([
            found.complexity.pci[at].into(),
            found.complexity.pci_z[at].into(),
            found.fitness.complexity[at].into(),
            found.reflections.as_ref().and_then(|r| r.products[at]).into(),
            found.complexity.ubiquity[at].into(),
        ]);
        part.push(row);
    }
    part
}

/// One row for each place and product, in the order of their ids.
fn cells(found: &Found, figures: &Figures<'_>) -> Part {
    let keys = ["origin", "product"];
    let mut columns = figures.key_columns(&keys);
    let unit = found.basis.exports.whole.unit.clone().unwrap_or_default();
    columns.extend([
        Column::number("value", "Value", unit, Show::Fitting),
        decimals("rca", "RCA"),
        whole("m", "M"),
        decimals("density", "Density"),
        decimals("distance", "Distance"),
        decimals("cog", "COG"),
        deviations("eci", "ECI"),
        deviations("pci", "PCI"),
        deviations("pci_z", "PCI\nz-score"),
        decimals("fitness", "Fitness"),
        decimals("complexity", "Complexity\n(fitness)"),
        decimals("coi", "COI"),
        whole("diversity", "Products\nwith RCA"),
        whole("ubiquity", "Places\nwith RCA"),
    ]);
    let mut part = Part::new("rows", "", columns);
    let (density, gain) = found.outlook.as_ref().expect("cells are asked with an outlook");
    let (places, products) = (&found.basis.exports.places, &found.basis.exports.products);
    for (i, place) in places.iter().enumerate() {
        for (k, product) in products.iter().enumerate() {
            let at = i * products.len() + k;
            let known = density.undefined_products.binary_search(&k).is_err();
            // What lies outside the part taken has no scores.
            let scored = found.complexity.eci[i].is_some() && found.complexity.pci[k].is_some();
            let near = known.then(|| density.values[at]);
            let mut row = figures.key_cells(&keys, &[place.clone(), product.clone()]);
            row.extend([
                found.basis.exports.table.values[at].into(),
                found.basis.rca_of(i, k).into(),
                usize::from(found.basis.m.values[at]).into(),
                near.into(),
                near.map(|near| 1.0 - near).into(),
                (known && scored).then(|| gain.cog[at]).into(),
                found.complexity.eci[i].into(),
                found.complexity.pci[k].into(),
                found.complexity.pci_z[k].into(),
                found.fitness.fitness[i].into(),
                found.fitness.complexity[k].into(),
                gain.coi[i].into(),
                found.complexity.diversity[i].into(),
                found.complexity.ubiquity[k].into(),
            ]);
            part.push(row);
        }
    }
    part
}

fn summarise(found: &Found, answer: &mut Answer) {
    let show = Show::Decimals(4);
    let (index, fitness) = (&found.complexity, &found.fitness);
    answer.count("lambda2", "Second eigenvalue", "", show, index.lambda2);
    answer.count("lambda3", "Third eigenvalue", "", show, index.lambda3);
    answer.count("gap", "Gap between them", "", show, index.gap);
    if let Some([low, high]) = found.ranges.as_ref().and_then(|r| r.gap) {
        answer.count("gap_low", "Gap, 2.5 %", "", show, low);
        answer.count("gap_high", "Gap, 97.5 %", "", show, high);
    }
    answer.count("residual", "Residual of the eigenvector", "", Show::Power, index.residual);
    let label = "Correlation of ECI and diversity";
    answer.count("sign_correlation", label, "", show, index.sign_correlation);
    answer.say("status", "Status", words(index.status));
    found.basis.exports.count_absent(answer);
    answer.count("fitness_steps", "Steps of fitness", "", Show::Whole, fitness.steps);
    answer.say("fitness_status", "Status of fitness", words(fitness.status));
    if let Some(ranges) = &found.ranges {
        answer.count("draws", "Draws of products", "", Show::Whole, ranges.draws);
        answer.count("failed_draws", "Draws without ECI", "", Show::Whole, ranges.failed);
        answer.count("sign_flips", "Draws of the other sign", "", Show::Whole, ranges.sign_flips);
    }
    let convention = match &found.ranges {
        Some(ranges) => ranges.convention.as_str(),
        None => index.convention.as_str(),
    };
    answer.say("convention", "Convention", convention);
    answer.say("fitness_convention", "Convention of fitness", fitness.convention.as_str());
    if let Some(reflections) = &found.reflections {
        let label = "Convention of reflections";
        answer.say("reflections_convention", label, reflections.convention.as_str());
    }
    if let Some((_, gain)) = &found.outlook {
        answer.say("outlook_convention", "Convention of the outlook", gain.convention.as_str());
    }
}

fn words(status: Status) -> Cell {
    let word = serde_json::to_value(status).unwrap_or_default();
    word.as_str().unwrap_or("not identified").into()
}
