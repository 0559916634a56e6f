//! `--problem capture`: demand won from rivals and from staying away.

use emporion_brief::stages::siting::{Siting, as_points, off_the_globe};
use emporion_model::site::SiteState;
use emporion_model::site::capture::{self, Options, Solution};
use emporion_model::site::distance::{Point, matrix_km};
use emporion_model::site::market::{Fade, Market, attraction};
use emporion_model::site::plans::Question as Kernel;
use emporion_model::site::rules::Count;
use emporion_tables::site_rules::Line;
use emporion_tables::{Problem, Report, Table};

use super::several::{self, Curve, Known, Measure};
use super::{Question, centres, columns, describe, names, ruled, seat};
use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::Data;
use crate::failure::Failure;
use crate::progress::Progress;

/// Finds the plan, under rules if there are lines of them, and says what is proven of it.
pub fn answer(
    (arguments, p): (&args::Site, Option<usize>),
    data: &Data,
    question: &Question,
    lines: Option<&[Line]>,
    progress: &Progress,
) -> Result<Answer, Failure> {
    let written = lines.unwrap_or_default();
    let Some(count) = ruled::count(written, question, p) else {
        return Err(Failure::new(
            "this problem needs a number of centres: give --add or --p; only a budget in the rules \
             finds it itself",
        ));
    };
    let market = market(arguments, data, question)?;
    let rules = ruled::rules(written, arguments, data, question, count, None)?;
    let found = match (lines, count) {
        (None, Count::Exactly(p)) => capture::solve(&market, p, &Options::default())
            .map_err(|error| named(&error.to_string(), question))?,
        _ => capture::solve_ruled(&market, &rules, &Options::default())
            .map_err(|error| named(&error.to_string(), question))?,
    };
    let demand: f64 = question.siting.instance.weights().iter().sum();
    let share = 100.0 * found.objective / demand;
    let (won, under) = (format!("{share:.2} percent of demand"), ruled::under(written));
    let win = if found.open.len() == 1 { "wins" } else { "win" };
    let title = format!("{} that {win} {won}{under}", centres(found.open.len()));
    let mut answer = Answer::new("site", title, data.identity());
    describe(&mut answer, arguments, data, question);
    answer.context("rules", written.iter().map(|line| line.rule.to_string()).collect());
    let asked = &arguments.capture;
    answer.option("huff", asked.huff);
    answer.option("logit", asked.logit);
    answer.option("attraction", asked.attraction.clone());
    answer.option("size_exponent", asked.size_exponent.unwrap_or(1.0));
    answer.option("rivals", asked.rivals.as_ref().map(|path| path.display().to_string()));
    answer.option("outside", asked.outside.clone());
    answer.option("least_distance", asked.least_distance);
    answer.parts.extend([sites(data, question, &found, demand), shares(data, question, &found)]);
    summarise(&mut answer, question, &found, share);
    if arguments.curve || arguments.what_if || arguments.plans.is_some() {
        let kernel = Kernel::capture(&market, &rules)
            .map_err(|error| names::said(&error, &question.siting.sites))?;
        let measure = Measure::new(question, arguments.problem, false);
        let (open, cost, bound) = (&found.open[..], -found.objective, -found.bound);
        let (most, curve) = (p.unwrap_or(open.len()), Curve::Searched);
        let known = Known { open, cost, bound, most, curve };
        several::add(&mut answer, arguments, question, (&kernel, &measure), &known, progress)?;
    }
    Ok(answer)
}

/// Customers, attractions and what there is elsewhere.
fn market(arguments: &args::Site, data: &Data, question: &Question) -> Result<Market, Failure> {
    let asked = &arguments.capture;
    let fade = match (asked.huff, asked.logit) {
        (Some(lambda), _) => Fade::Power { lambda },
        (None, Some(beta)) => Fade::Exponential { beta },
        (None, None) => {
            return Err(Failure::new(
                "say how attraction falls with distance: --huff NUMBER for distance to the power of \
                 -NUMBER, or --logit NUMBER for exp(-NUMBER x distance)",
            ));
        }
    };
    let siting = &question.siting;
    let instance = &siting.instance;
    let exponent = asked.size_exponent.unwrap_or(1.0);
    let least = asked.least_distance.unwrap_or(0.0);
    if !(least.is_finite() && least >= 0.0) {
        return Err(Failure::new("--least-distance: give a finite number, 0 or more"));
    }
    let pull = |sizes: &[f64], distances: &[f64]| {
        let far: Vec<f64> = distances.iter().map(|d| d.max(least)).collect();
        attraction(sizes, &far, exponent, fade).map_err(|error| {
            let hint = match error.to_string().contains("infinite") {
                true => "; --least-distance NUMBER sets it for all places",
                false => "",
            };
            Failure::new(format!("{error}{hint}"))
        })
    };
    let sizes = match &asked.attraction {
        Some(name) => columns::of_sites(arguments, data, question, name)?,
        None => vec![1.0; siting.sites.len()],
    };
    let mut market =
        Market::new(siting.customers.len(), siting.sites.len(), pull(&sizes, &siting.costs())?)?
            .weighted(instance.weights().to_vec())?;
    if let Some(name) = &asked.outside {
        market = market.outside(&columns::of_customers(arguments, data, question, name)?)?;
    }
    if let Some(path) = &asked.rivals {
        let rivals = Rivals::read(path, siting, asked.attraction.as_deref(), question)?;
        market = market.rivals(rivals.sizes.len(), &pull(&rivals.sizes, &rivals.distances)?)?;
    }
    let decided = |state| instance.sites_in(state).collect::<Vec<_>>();
    Ok(market.keep(&decided(SiteState::Kept))?.forbid(&decided(SiteState::Forbidden))?)
}

/// Centres of others: where they are and how large.
struct Rivals {
    sizes: Vec<f64>,
    /// Customers × rivals, row-major.
    distances: Vec<f64>,
}

impl Rivals {
    fn read(
        path: &std::path::Path,
        siting: &Siting,
        size: Option<&str>,
        question: &Question,
    ) -> Result<Self, Failure> {
        let table = Table::read(path)?;
        let has = |name: &str| table.column(name).is_some();
        if ["from", "to", "cost"].iter().all(|name| has(name)) {
            return Self::of_matrix(&table, siting, size);
        }
        table.wanted("id").map_err(Report::from)?;
        let coordinates = has("lat") && has("lon");
        if coordinates && (siting.points.is_empty() || question.cost_unit != "km") {
            return Err(Failure::new(format!(
                "{}: rivals with coordinates need places with coordinates and distances in km; give \
                 columns from, to, cost instead",
                table.path()
            )));
        }
        let (mut sizes, mut columns) = (Vec::new(), Vec::new());
        let mut problems = Vec::new();
        let customers = siting.customers.len();
        for row in 0..table.rows() {
            let wrong = |expected: &str, remedy: &str| {
                Problem::new("missing-value", table.path(), expected, remedy).at(table.line(row))
            };
            let Some(of_row) = size_of(&table, size, row) else {
                problems.push(wrong("a size in the column of --attraction", "fill it in"));
                continue;
            };
            let column: Vec<f64> = if coordinates {
                let seat = table.number("lat", row).zip(table.number("lon", row));
                let Some(seat) = seat else {
                    problems.push(wrong("numbers in lat and lon", "fill them in"));
                    continue;
                };
                // Customers and sites of places with coordinates are the same list, or a part of it.
                let Some(at) = customer_points(siting) else {
                    return Err(Failure::new(
                        "rivals with coordinates need customers with coordinates",
                    ));
                };
                match Point::new(seat.0, seat.1) {
                    Ok(seat) => matrix_km(&as_points(&at)?, &[seat]),
                    Err(error) => {
                        let id = table.label("id", row).unwrap_or_default();
                        problems.push(off_the_globe(&table, row, &id, &error));
                        continue;
                    }
                }
            } else {
                let id = table.label("id", row).unwrap_or_default();
                let Some(j) = siting.sites.iter().position(|site| *site == id) else {
                    let remedy = "mend the id, or give columns lat and lon, or from, to, cost";
                    problems
                        .push(wrong("the id of a place that may have a centre", remedy).value(id));
                    continue;
                };
                (0..customers).map(|k| siting.instance.cost(k, j)).collect()
            };
            sizes.push(of_row);
            columns.push(column);
        }
        Report::from(problems).or(())?;
        let distances =
            (0..customers).flat_map(|k| columns.iter().map(move |column| column[k])).collect();
        Ok(Self { sizes, distances })
    }

    /// Columns from (a rival), to (a customer), cost.
    fn of_matrix(table: &Table, siting: &Siting, size: Option<&str>) -> Result<Self, Failure> {
        let mut rivals: Vec<String> = Vec::new();
        let mut sizes = Vec::new();
        let mut cells = std::collections::HashMap::new();
        let mut problems = Vec::new();
        for row in 0..table.rows() {
            let ends = table.label("from", row).zip(table.label("to", row));
            let known = ends.zip(table.number("cost", row)).zip(size_of(table, size, row));
            let Some((((from, to), cost), of_row)) = known else {
                let expected = "from, to, cost, and a size where --attraction names a column";
                problems.push(
                    Problem::new("missing-value", table.path(), expected, "fill in the row")
                        .at(table.line(row)),
                );
                continue;
            };
            if !rivals.contains(&from) {
                rivals.push(from.clone());
                sizes.push(of_row);
            }
            cells.insert((from, to), cost);
        }
        let mut distances = Vec::new();
        for customer in &siting.customers {
            for rival in &rivals {
                match cells.get(&(rival.clone(), customer.clone())) {
                    Some(cost) => distances.push(*cost),
                    None => problems.push(
                        Problem::new(
                            "missing-cell",
                            table.path(),
                            "a cost from every rival to every customer",
                            "add the row",
                        )
                        .value(format!("{rival} to {customer}")),
                    ),
                }
            }
        }
        Report::from(problems).or(())?;
        Ok(Self { sizes, distances })
    }
}

/// Coordinates of the customers, where customers are places.
fn customer_points(siting: &Siting) -> Option<Vec<(f64, f64)>> {
    let find = |id: &String| siting.sites.iter().position(|site| site == id);
    siting.customers.iter().map(|id| siting.points.get(find(id)?).copied()).collect()
}

/// A size: the number that --attraction is, the column that it names, or 1.
fn size_of(table: &Table, size: Option<&str>, row: usize) -> Option<f64> {
    match size {
        None => Some(1.0),
        Some(name) => match name.parse() {
            Ok(same) => Some(same),
            Err(_) => table.number(name, row),
        },
    }
}

/// Kernels count customers; readers know names.
fn named(text: &str, question: &Question) -> Failure {
    let Some((before, after)) = text.split_once("customer ") else {
        return Failure::new(text);
    };
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    let name = digits.parse().ok().and_then(|at: usize| question.siting.customers.get(at));
    Failure::new(match name {
        Some(name) => {
            format!("{before}{name}{}: give --outside or --rivals", &after[digits.len()..])
        }
        None => text.to_owned(),
    })
}

fn named_columns(key: &str, title: &str) -> [Column; 2] {
    [Column::text(key, title), Column::text(format!("{key}_name"), "").unless_all(Cell::Missing)]
}

/// What each open site wins.
fn sites(data: &Data, question: &Question, found: &Solution, demand: f64) -> Part {
    let unit = question.weight_unit.replace('_', " ");
    let mut columns = named_columns("site", "Site").to_vec();
    columns.extend([
        Column::text("seat", "Seat").unless_all(Cell::Missing),
        Column::text("state", "State"),
        Column::number("captured", "Captured", unit, Show::Fitting),
        Column::number("share", "of demand", "percent", Show::Decimals(2)),
    ]);
    let mut part = Part::new("rows", "", columns);
    for (&j, won) in found.open.iter().zip(&found.by_site) {
        let id = question.siting.sites[j].as_str();
        let kept = question.siting.instance.states()[j] == SiteState::Kept;
        part.push(vec![
            id.into(),
            data.name_of("place", id).into(),
            seat(data, id),
            if kept { "kept" } else { "added" }.into(),
            (*won).into(),
            (100.0 * won / demand).into(),
        ]);
    }
    part
}

/// What is won of each customer.
fn shares(data: &Data, question: &Question, found: &Solution) -> Part {
    let unit = question.weight_unit.replace('_', " ");
    let mut columns = named_columns("customer", "Customer").to_vec();
    columns.extend([
        Column::number("weight", "Demand", unit.clone(), Show::Fitting),
        Column::number("share", "Won", "percent", Show::Decimals(2)),
        Column::number("captured", "", unit, Show::Fitting),
    ]);
    let mut part = Part::new("served", "What is won of each customer", columns);
    for (k, id) in question.siting.customers.iter().enumerate() {
        part.push(vec![
            id.as_str().into(),
            data.name_of("place", id).into(),
            question.siting.instance.weights()[k].into(),
            (100.0 * found.shares[k]).into(),
            found.captured[k].into(),
        ]);
    }
    part
}

fn summarise(answer: &mut Answer, question: &Question, found: &Solution, share: f64) {
    let unit = &question.weight_unit.replace('_', " ");
    let fitting = Show::Fitting;
    answer.count("captured", "Captured", unit, fitting, found.objective);
    answer.count("share", "of demand", "percent", Show::Decimals(2), share);
    answer.count("bound", "No plan captures more than", unit, fitting, found.bound);
    answer.count("gap", "Gap", "percent", Show::Decimals(3), 100.0 * found.gap);
    let kept = (found.kept_alone > 0.0).then_some(found.kept_alone);
    answer
        .count_if_known(Column::number("kept_alone", "the kept sites alone", unit, fitting), kept);
    answer.count("greedy", "one after the other", unit, fitting, found.greedy);
    answer.count("root_bound", "bound before the tree", unit, fitting, found.root_bound);
    answer.say("proof", "Proof", if found.gap == 0.0 { "search" } else { "open" });
    let verdict = if found.gap == 0.0 {
        "optimal, proven by search".to_owned()
    } else {
        format!("not proven optimal: within {:.6} percent of the best", 100.0 * found.gap)
    };
    answer.say("verdict", "Verdict", verdict);
    answer.count("resolution", "", unit, Show::Hidden, found.resolution);
    answer.count("iterations", "Steps of the relaxation", "", Show::Whole, found.iterations);
    answer.count("nodes", "Nodes of the tree", "", Show::Whole, found.nodes);
    for note in &found.notes {
        answer.note(note);
    }
}
