//! The tables of solved scenarios.

use std::collections::BTreeSet;

use emporion_brief::stages::world::World;
use emporion_model::simulate::{AccountSpread, Diversion, Equilibrium, Modular, Outcome, Spread};

use super::scenario::Found;
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::Data;

/// An outcome in a column, with its key, its heading and how people see it. JSON, CSV and Parquet have
/// everything; a terminal has room for less.
const SHOWN: [(Outcome, &str, &str, Show); 10] = [
    (Outcome::Welfare, "welfare", "Welfare", Show::Decimals(3)),
    (Outcome::RealWage, "real_wage", "Real wage", Show::Decimals(3)),
    (Outcome::PriceIndex, "price_index", "Price index", Show::Hidden),
    (Outcome::Exports, "exports", "Exports", Show::Decimals(2)),
    (Outcome::Imports, "imports", "Imports", Show::Hidden),
    (Outcome::DomesticSales, "domestic_sales", "Domestic\nsales", Show::Decimals(2)),
    (Outcome::Wage, "wage", "Wage", Show::Hidden),
    (Outcome::OutwardResistance, "outward_resistance", "Outward resistance", Show::Hidden),
    (Outcome::Output, "output", "Output", Show::Hidden),
    (Outcome::Expenditure, "expenditure", "Spending", Show::Hidden),
];
/// Those whose interval people see.
const WITH_INTERVAL: [Outcome; 1] = [Outcome::Welfare];

/// Fills the answer.
pub fn fill(
    answer: &mut Answer,
    data: &Data,
    world: &World,
    arguments: &args::Simulate,
    found: &[Found],
) {
    let top = arguments.shape.top.unwrap_or(usize::MAX);
    answer.parts.push(rows(data, world, found, top));
    if found.len() > 1 {
        answer.parts.push(side_by_side(data, world, found, top));
    }
    answer.parts.push(solutions(found));
    if found.iter().any(|one| !one.accounts.is_empty()) {
        answer.parts.extend([accounts(world, found), markets(data, world, found, top)]);
        answer.parts.push(fills(data, world, found, top));
    }
    tell_failed(answer, failed_draws(found));
    for one in found {
        for note in &one.central.notes {
            let mut advice = Advice::from(note);
            advice.message = emporion_brief::stages::world::named(&world.places, &advice.message);
            if found.len() > 1 {
                advice.message = format!("{}: {}", label(one), advice.message);
            }
            if !answer.notes.contains(&advice) {
                answer.note(advice);
            }
        }
    }
}

/// Draws without a solution are counted in a note and listed.
pub fn tell_failed(answer: &mut Answer, failed: Part) {
    if failed.rows.is_empty() {
        return;
    }
    answer.note(Advice::new(
        "failed_draws",
        format!(
            "{} draws could not be solved; they are listed under failed_draws, are not in the \
             intervals, and were not drawn again",
            failed.rows.len()
        ),
        failed.rows.len(),
    ));
    answer.parts.push(failed);
}

pub fn of_failed_draws(theta: Column) -> Part {
    let mut columns = of_solution();
    columns.extend([
        Column::number("draw", "Draw", "", Show::Whole),
        theta,
        Column::text("coefficients", "Coefficients"),
        Column::text("status", "Status"),
    ]);
    Part::new("failed_draws", "Draws without a solution", columns)
}

/// Numbers in one cell.
pub fn numbers(values: &[f64]) -> Cell {
    values.iter().map(|c| format!("{c:.6}")).collect::<Vec<_>>().join(" ").into()
}

fn label(one: &Found) -> String {
    one.year.map_or_else(|| one.name.clone(), |year| format!("{}, {year}", one.name))
}

/// Columns that say which solution a row belongs to. People see the number, under which the table of
/// solutions has the name.
pub fn of_solution() -> Vec<Column> {
    vec![
        Column::number("solution", "#", "", Show::Whole),
        Column { show: Show::Hidden, ..Column::text("scenario", "Scenario") },
        Column::number("year", "Year", "", Show::Year).unless_all(Cell::Missing),
    ]
}

pub fn solution(k: usize, name: &str, year: Option<i32>) -> Vec<Cell> {
    let year = year.map_or(Cell::Missing, |year| Cell::Number(f64::from(year)));
    vec![(k + 1).into(), name.into(), year]
}

pub fn of_place(title: &str) -> [Column; 2] {
    [Column::text("place", title), Column::text("place_name", "").unless_all(Cell::Missing)]
}

fn place(data: &Data, world: &World, at: usize) -> [Cell; 2] {
    [world.places[at].as_str().into(), data.name_of("place", &world.places[at]).into()]
}

fn percent(hat: f64) -> Cell {
    Cell::from(100.0 * (hat - 1.0))
}

/// Of the places `among`, the `top` where `change` is furthest from zero, the largest first and the
/// smallest last: winners and losers.
pub fn furthest(change: &[f64], among: impl Iterator<Item = usize>, top: usize) -> Vec<usize> {
    let mut order: Vec<usize> = among.collect();
    // What is not a number is of least interest.
    let size = |at: usize| if change[at].is_nan() { -1.0 } else { change[at].abs() };
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    order.truncate(top);
    order.sort_by(|&a, &b| change[b].total_cmp(&change[a]).then(a.cmp(&b)));
    order
}

/// The same of hats.
pub fn furthest_hats(hats: &[f64], top: usize) -> Vec<usize> {
    let change: Vec<f64> = hats.iter().map(|hat| hat - 1.0).collect();
    furthest(&change, 0..change.len(), top)
}

/// Every place of every solution, the largest gain in welfare first.
fn rows(data: &Data, world: &World, found: &[Found], top: usize) -> Part {
    let number =
        |key: String, title: String, show: Show| Column::number(key, title, "percent", show);
    let mut columns = of_solution();
    columns.extend(of_place("Place"));
    let drawn = found.iter().any(|one| one.draws.is_some());
    let linear = found.iter().any(|one| one.delta.is_some());
    for (outcome, key, title, shown) in SHOWN {
        let show = if WITH_INTERVAL.contains(&outcome) { shown } else { Show::Hidden };
        columns.push(number(key.into(), title.into(), shown));
        if drawn {
            columns.push(number(format!("{key}_low"), "from".into(), show));
            columns.push(number(format!("{key}_high"), "to".into(), show));
        }
        if linear {
            columns.push(number(format!("{key}_se"), "Std. error".into(), show));
        }
    }
    columns.extend(of_narrower());
    let mut part = Part::new("rows", "", columns);
    for (k, one) in found.iter().enumerate() {
        let world_now = &one.central;
        let welfare = &world_now.welfare_hat;
        for i in furthest_hats(welfare, top) {
            let mut row = solution(k, &one.name, one.year);
            row.extend(place(data, world, i));
            for (outcome, ..) in SHOWN {
                row.push(percent(outcome.of(world_now)[i]));
                if drawn {
                    let spread = one.draws.as_ref().map(|draws| draws.outcome(outcome));
                    row.push(spread.map_or(Cell::Missing, |s| percent(s.low[i])));
                    row.push(spread.map_or(Cell::Missing, |s| percent(s.high[i])));
                }
                if linear {
                    let linear = one.delta.as_ref().map(|delta| delta.outcome(outcome));
                    row.push(
                        linear.map_or(Cell::Missing, |l| (100.0 * l.standard_error[i]).into()),
                    );
                }
            }
            row.extend(narrower(world_now, &one.partial, one.modular.as_ref(), i));
            part.push(row);
        }
    }
    part
}

/// Columns of the partial and the conditional effect, beside the general one.
pub fn of_narrower() -> Vec<Column> {
    [
        ("exports_partial", "Exports,\npartial", Show::Decimals(2)),
        ("exports_conditional", "Exports,\nconditional", Show::Decimals(2)),
        ("imports_partial", "Imports, partial", Show::Hidden),
        ("imports_conditional", "Imports, conditional", Show::Hidden),
        ("inward_resistance", "Inward resistance", Show::Hidden),
        ("inward_resistance_conditional", "Inward resistance, conditional", Show::Hidden),
        ("outward_resistance_conditional", "Outward resistance, conditional", Show::Hidden),
    ]
    .map(|(key, title, show)| Column::number(key, title, "percent", show))
    .into()
}

/// Their cells for one place.
pub fn narrower(
    world: &Equilibrium,
    partial: &[f64],
    modular: Option<&Modular>,
    i: usize,
) -> Vec<Cell> {
    let n = world.n;
    let foreign = |trade: &[f64], cell: &dyn Fn(usize) -> usize| -> f64 {
        (0..n).filter(|&j| j != i).map(|j| trade[cell(j)]).sum()
    };
    let change = |trade: &[f64], cell: &dyn Fn(usize) -> usize| {
        percent(foreign(trade, cell) / foreign(&world.baseline_trade, cell))
    };
    let (sold, bought) = (|j: usize| i * n + j, |j: usize| j * n + i);
    let conditional = |cell: &dyn Fn(usize) -> usize| {
        modular.map_or(Cell::Missing, |found| change(&found.trade, cell))
    };
    let resistance = |get: fn(&Modular) -> &Vec<f64>| {
        modular.map_or(Cell::Missing, |found| percent(get(found)[i]))
    };
    vec![
        change(partial, &sold),
        conditional(&sold),
        change(partial, &bought),
        conditional(&bought),
        percent(world.inward_resistance_hat()[i]),
        resistance(|found| &found.inward_resistance_hat),
        resistance(|found| &found.outward_resistance_hat),
    ]
}

/// Welfare of the places, one column for each solution.
fn side_by_side(data: &Data, world: &World, found: &[Found], top: usize) -> Part {
    let mut columns = of_place("Place").to_vec();
    for (k, one) in found.iter().enumerate() {
        let key = format!("welfare_{}", k + 1);
        let title = format!("{}: {}", k + 1, label(one));
        columns.push(Column::number(key, title, "percent", Show::Decimals(3)));
    }
    let mut part = Part::new("side_by_side", "Welfare, scenario beside scenario", columns);
    let chosen: BTreeSet<usize> =
        found.iter().flat_map(|one| furthest_hats(&one.central.welfare_hat, top)).collect();
    for i in chosen {
        let mut row = place(data, world, i).to_vec();
        row.extend(found.iter().map(|one| percent(one.central.welfare_hat[i])));
        part.push(row);
    }
    part
}

/// What says that each world is solved.
fn solutions(found: &[Found]) -> Part {
    let mut columns = of_solution();
    columns[1].show = Show::Text;
    columns.extend([
        Column::text("status", "Status"),
        Column::number("residual", "Market\nclearing", "", Show::Power),
        Column::number("acr_gap", "Gap to the\ngains formula", "", Show::Power),
        Column::number("iterations", "Newton\nsteps", "", Show::Whole),
        Column::number("draws", "Draws\nsolved", "", Show::Whole).unless_all(Cell::Missing),
        Column::number("failed", "Draws\nfailed", "", Show::Whole).unless_all(Cell::Missing),
        Column::number("worst_residual", "Worst of\nthe draws", "", Show::Power)
            .unless_all(Cell::Missing),
    ]);
    let mut part = Part::new("solutions", "Solutions", columns);
    for (k, one) in found.iter().enumerate() {
        let draws = one.draws.as_ref();
        let mut row = solution(k, &one.name, one.year);
        row.extend([
            "converged".into(),
            one.central.residual.into(),
            one.central.acr_gap.into(),
            one.central.iterations.into(),
            draws.map(|d| d.solved).into(),
            draws.map(|d| d.failed.len()).into(),
            draws.map(|d| d.worst_residual).into(),
        ]);
        part.push(row);
    }
    part
}

/// One line for each exporter that lost markets.
fn accounts(world: &World, found: &[Found]) -> Part {
    let share = |key, title| Column::number(key, title, "percent", Show::Decimals(2));
    let money = |key, title| Column::number(key, title, world.unit.as_str(), Show::Fitting);
    let mut columns = of_solution();
    columns.extend([
        Column::text("exporter", "Exporter"),
        Column::text("closed", "Closed markets"),
        money("lost", "Lost there"),
        share("quantity_abroad", "Quantity:\nredirected"),
        share("quantity_abroad_low", "from").unless_all(Cell::Missing),
        share("quantity_abroad_high", "to").unless_all(Cell::Missing),
        share("quantity_home", "turned\nhome"),
        share("value_abroad", "Value:\nredirected"),
        share("value_home", "turned\nhome"),
        share("value_destroyed", "destroyed"),
        share("price_loss", "Buying power\nlost"),
    ]);
    // A terminal has room for one interval.
    let drawn = found.iter().any(|one| one.draws.is_some());
    let ends =
        ["quantity_home", "value_abroad", "value_home", "value_destroyed", "lost", "price_loss"];
    for key in ends.iter().filter(|_| drawn) {
        let unit = if *key == "lost" { world.unit.as_str() } else { "percent" };
        for (end, title) in [("low", "from"), ("high", "to")] {
            columns.push(Column::number(format!("{key}_{end}"), title, unit, Show::Hidden));
        }
    }
    let mut part = Part::new("accounts", "Where the lost sales go", columns);
    for (k, one) in found.iter().enumerate() {
        for (a, account) in one.accounts.iter().enumerate() {
            let ids = |list: &[usize]| -> String {
                list.iter().map(|&j| world.places[j].as_str()).collect::<Vec<_>>().join(" ")
            };
            let spread = one.draws.as_ref().map(|d| &d.accounts[a]);
            let end = |get: fn(&Spread) -> &Vec<f64>| {
                let abroad = spread.map(|s| &s.quantity_share_abroad);
                abroad.map_or(Cell::Missing, |s| (100.0 * get(s)[0]).into())
            };
            let mut row = solution(k, &one.name, one.year);
            row.extend([
                world.places[account.exporter].as_str().into(),
                ids(&account.closed).into(),
                account.lost.into(),
                (100.0 * account.quantity_share_abroad).into(),
                end(|s| &s.low),
                end(|s| &s.high),
                (100.0 * account.quantity_share_home).into(),
                (100.0 * account.value_share_abroad).into(),
                (100.0 * account.value_share_home).into(),
                (-100.0 * account.income_change / account.lost).into(),
                (100.0 * account.price_loss).into(),
            ]);
            if drawn {
                row.extend(account_ends(spread));
            }
            part.push(row);
        }
    }
    part
}

/// Both ends of what is drawn of an account, in the order of the columns.
fn account_ends(spread: Option<&AccountSpread>) -> Vec<Cell> {
    let Some(spread) = spread else { return vec![Cell::Missing; 12] };
    let ends = |s: &Spread, at: usize, scale: f64| {
        [Cell::from(scale * s.low[at]), Cell::from(scale * s.high[at])]
    };
    let v = &spread.values;
    let mut cells = ends(&spread.quantity_shares, spread.account.exporter, 100.0).to_vec();
    for (at, scale) in [(0, 100.0), (1, 100.0), (2, 100.0), (3, 1.0), (4, 100.0)] {
        cells.extend(ends(v, at, scale));
    }
    cells
}

/// Each third market and home, the largest quantity first.
fn markets(data: &Data, world: &World, found: &[Found], top: usize) -> Part {
    let share = |key, title| Column::number(key, title, "percent", Show::Decimals(2));
    let mut columns = of_solution();
    columns.push(Column::text("exporter", "Exporter"));
    columns.extend(of_place("Market"));
    columns.extend([
        Column::text("where", ""),
        share("quantity_share", "Of the lost\nquantity"),
        share("quantity_share_low", "from").unless_all(Cell::Missing),
        share("quantity_share_high", "to").unless_all(Cell::Missing),
        Column::number("value", "Change of\nsales", world.unit.as_str(), Show::Fitting),
    ]);
    let mut part = Part::new("diversion", "Market by market", columns);
    for (k, one) in found.iter().enumerate() {
        for (a, account) in one.accounts.iter().enumerate() {
            let shares = &account.quantity_shares;
            let open = (0..shares.len()).filter(|j| !account.closed.contains(j));
            let spread = one.draws.as_ref().map(|d| &d.accounts[a].quantity_shares);
            for j in furthest(shares, open, top) {
                let home = j == account.exporter;
                let value = if home { account.turned_home } else { account.redirected[j] };
                let mut row = solution(k, &one.name, one.year);
                row.push(world.places[account.exporter].as_str().into());
                row.extend(place(data, world, j));
                row.extend([
                    if home { "home" } else { "abroad" }.into(),
                    (100.0 * shares[j]).into(),
                    spread.map_or(Cell::Missing, |s| (100.0 * s.low[j]).into()),
                    spread.map_or(Cell::Missing, |s| (100.0 * s.high[j]).into()),
                    value.into(),
                ]);
                part.push(row);
            }
        }
    }
    part
}

/// Who replaces the exporter in each closed market.
fn fills(data: &Data, world: &World, found: &[Found], top: usize) -> Part {
    let mut columns = of_solution();
    columns.extend([Column::text("exporter", "Exporter"), Column::text("market", "Closed market")]);
    columns.extend(of_place("Seller"));
    let share = |key, title| Column::number(key, title, "percent", Show::Decimals(2));
    columns.push(share("share", "Of the loss\nreplaced"));
    columns.push(share("share_low", "from").unless_all(Cell::Missing));
    columns.push(share("share_high", "to").unless_all(Cell::Missing));
    let mut part = Part::new("fill", "Who replaces them", columns);
    let each = |k: usize, one: &Found, a: usize, account: &Diversion, part: &mut Part| {
        let drawn = one.draws.as_ref().map(|draws| &draws.accounts[a]);
        for market in &account.fill {
            let spread = drawn.and_then(|d| {
                let at = d.account.markets.iter().position(|&j| j == market.market)?;
                d.fill.get(at)
            });
            let mut order: Vec<usize> =
                (0..world.places.len()).filter(|&m| m != account.exporter).collect();
            order.sort_by(|&a, &b| market.shares[b].total_cmp(&market.shares[a]).then(a.cmp(&b)));
            for &m in order.iter().take(top) {
                let mut row = solution(k, &one.name, one.year);
                row.push(world.places[account.exporter].as_str().into());
                row.push(world.places[market.market].as_str().into());
                row.extend(place(data, world, m));
                row.push((100.0 * market.shares[m]).into());
                row.push(spread.map_or(Cell::Missing, |s| (100.0 * s.low[m]).into()));
                row.push(spread.map_or(Cell::Missing, |s| (100.0 * s.high[m]).into()));
                part.push(row);
            }
        }
    };
    for (k, one) in found.iter().enumerate() {
        for (a, account) in one.accounts.iter().enumerate() {
            each(k, one, a, account, &mut part);
        }
    }
    part
}

/// Draws without a solution, with what was drawn.
fn failed_draws(found: &[Found]) -> Part {
    let mut part = of_failed_draws(Column::number("theta", "theta", "", Show::SixDigits));
    for (k, one) in found.iter().enumerate() {
        for draw in one.draws.iter().flat_map(|draws| &draws.failed) {
            let mut row = solution(k, &one.name, one.year);
            row.extend([
                draw.number.into(),
                draw.elasticity.into(),
                numbers(&draw.coefficients),
                format!("{:?}", draw.status).into(),
            ]);
            part.push(row);
        }
    }
    part
}
