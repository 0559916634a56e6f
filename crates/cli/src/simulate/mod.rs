//! `emporion simulate`: general-equilibrium counterfactuals on a table of flows.

use std::borrow::Cow;

use emporion_brief::stages::world::{self, Counterfactual, Scenario, World};
use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    Diversion, Imbalances, Modular, OneSectorOptions, modular, partial_trade,
};
use emporion_tables::Table;
use emporion_tables::sum::Missing;

use crate::answer::{Answer, Cell, Column, Part, Show};
use crate::args::{self, Closure, Shape};
use crate::data::{Data, require};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;
use crate::select::select;

mod scenario;
mod scenario_tables;
mod sectors;
mod sectors_tables;

/// Solves the scenario and prints the change of every place.
pub fn run(arguments: &args::Simulate, progress: &Progress) -> Result<Output, Failure> {
    progress.step(format!("reading {}", arguments.rows.data));
    let data = Data::open(&arguments.rows.data)?;
    let flows = &of_column(data.flows()?, &arguments.value)?;
    let selected = select(&data, flows, &arguments.rows.conditions)?;
    let absent = data.absent(arguments.absent);
    if let Some(path) = &arguments.scenario {
        let sheet = scenario::Sheet::read(path)?;
        let mut answer = if sheet.many_sectors()? {
            sectors::answer(arguments, &sheet, &data, flows, &selected.rows, progress)?
        } else {
            let world = World::new(flows, &selected.rows, &data.hierarchy(), absent)?;
            let mut answer = scenario::answer(arguments, &sheet, &data, &world, progress)?;
            answer.notes.extend(world.notes.iter().map(Into::into));
            answer
        };
        answer.context.splice(0..0, data.context(flows, &selected.rows));
        answer.notes.extend(selected.advice);
        // --top has been applied within each scenario.
        let part = arguments.shape.part.clone();
        return render_shaped(answer, &Shape { top: None, part, format: arguments.shape.format });
    }
    for (option, given) in [
        ("--draws", arguments.draws.is_some()),
        ("--delta", arguments.delta),
        ("--only", !arguments.only.is_empty()),
    ] {
        if given {
            return Err(Failure::new(format!(
                "{option} needs --scenario FILE: write the agreement or the closed market there, \
                 with what is known of its size"
            )));
        }
    }
    let world = World::new(flows, &selected.rows, &data.hierarchy(), absent)?;
    progress.step("solving the new equilibrium");
    let scenario = scenario(arguments, &data)?;
    let options = OneSectorOptions {
        elasticity: arguments.theta.unwrap_or(THETA),
        imbalances: imbalances(arguments.imbalances.unwrap_or(Closure::Additive)),
        ..OneSectorOptions::default()
    };
    let found = world::run(&world, &scenario, &options)?;
    let mut answer = Answer::new("simulate", title(arguments), data.identity());
    describe(&mut answer, arguments, &world, absent);
    answer.context = data.context(flows, &selected.rows);
    answer.context("model", vec!["one sector, exact hat algebra".into()]);
    answer.notes.extend(selected.advice);
    let top = arguments.shape.top.unwrap_or(usize::MAX);
    let base = SquareFlows::new(world.places.len(), found.equilibrium.baseline_trade.clone())?;
    let shocks = scenario.shocks(&world)?;
    let partial = partial_trade(&base, &shocks)?;
    let conditional = modular(&base, &shocks, &options)?;
    let conditional = (conditional.status == Status::Converged).then_some(conditional);
    answer.parts.push(changes(&data, &world, &found, &partial, conditional.as_ref(), top));
    if let Some(diversion) = &found.diversion {
        account(&mut answer, &data, &world, diversion, arguments.shape.top);
    }
    certify(&mut answer, &world, &found);
    render_shaped(answer, &arguments.shape)
}

/// The flows with the values of another column in place of their own.
fn of_column<'a>(flows: &'a Table, name: &str) -> Result<Cow<'a, Table>, Failure> {
    if name == "value" {
        return Ok(Cow::Borrowed(flows));
    }
    require(flows, &[name])?;
    let column = flows.column(name).into_iter().map(|column| column.values.clone());
    let renamed = column.map(|values| emporion_tables::Column { name: "value".into(), values });
    Ok(Cow::Owned(renamed.fold(flows.clone(), Table::with_column)))
}

/// Elasticity of trade to trade costs where nobody says another, near the estimate of Simonovska and
/// Waugh (2014).
const THETA: f64 = 4.0;

fn imbalances(closure: Closure) -> Imbalances {
    match closure {
        Closure::Additive => Imbalances::Additive,
        Closure::Multiplicative => Imbalances::Multiplicative,
        Closure::Removed => Imbalances::RemovedFirst,
    }
}

/// What happens, from the options.
fn scenario(arguments: &args::Simulate, data: &Data) -> Result<Scenario, Failure> {
    if let (Some(sides), Some(beta)) = (&arguments.agreement, arguments.beta) {
        let sides: Vec<&str> = sides.split(',').filter(|side| !side.is_empty()).collect();
        let [a, b] = sides[..] else {
            return Err(Failure::new(format!(
                "--agreement takes two sides, such as EU27,MERCOSUR or BLR/RUS/KAZ,CHN; got {}",
                sides.len()
            )));
        };
        let side = |text: &str| -> Vec<String> {
            text.split('/').flat_map(|id| data.members(id)).collect()
        };
        let (a, b) = (side(a), side(b));
        // One group given twice agrees within; else nobody agrees with itself.
        let same = a.len() > 1 && a.iter().all(|id| b.contains(id)) && a.len() == b.len();
        if let Some(place) = a.iter().find(|id| b.contains(id)).filter(|_| !same) {
            return Err(Failure::new(format!(
                "--agreement: {place} is on both sides; leave it out of one, or give one group twice \
                 for an agreement among its members"
            )));
        }
        return Ok(Scenario::Agreement { a, b, beta });
    }
    let text = arguments.close.as_deref().unwrap_or_default();
    let unread = || {
        Failure::new(format!(
            "--close {text:?}: write the exporter, a colon and the markets, such as BRA:CHN,USA"
        ))
    };
    let (exporter, markets) = text.split_once(':').ok_or_else(unread)?;
    let markets: Vec<String> =
        markets.split(',').filter(|id| !id.is_empty()).flat_map(|id| data.members(id)).collect();
    if exporter.is_empty() || markets.is_empty() {
        return Err(unread());
    }
    Ok(Scenario::Close { exporter: exporter.to_owned(), markets })
}

fn title(arguments: &args::Simulate) -> String {
    match (&arguments.agreement, arguments.beta, &arguments.close) {
        (Some(sides), Some(beta), _) => {
            format!("Agreement between {} worth {beta}", sides.replacen(',', " and ", 1))
        }
        (_, _, Some(close)) => {
            let (exporter, markets) = close.split_once(':').unwrap_or((close, ""));
            format!("{} closed to {exporter}", markets.replace(',', ", "))
        }
        _ => String::new(),
    }
}

fn describe(answer: &mut Answer, arguments: &args::Simulate, world: &World, absent: Missing) {
    answer.option("agreement", arguments.agreement.clone());
    answer.option("beta", arguments.beta);
    answer.option("close", arguments.close.clone());
    answer.option("theta", arguments.theta.unwrap_or(THETA));
    answer.option(
        "imbalances",
        match arguments.imbalances.unwrap_or(Closure::Additive) {
            Closure::Additive => "additive",
            Closure::Multiplicative => "multiplicative",
            Closure::Removed => "removed",
        },
    );
    answer.option("absent", if absent == Missing::Zero { "zero" } else { "refuse" });
    answer.option("value", arguments.value.clone());
    answer.option("where", arguments.rows.conditions.clone());
    answer.option("top", arguments.shape.top);
    answer.notes.extend(world.notes.iter().map(Into::into));
}

/// Change of every place in percent, the largest gain in welfare first.
fn changes(
    data: &Data,
    world: &World,
    found: &Counterfactual,
    partial: &[f64],
    conditional: Option<&Modular>,
    top: usize,
) -> Part {
    let percent =
        |key, title, decimals| Column::number(key, title, "percent", Show::Decimals(decimals));
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("place", "Place"),
            Column::text("place_name", "").unless_all(Cell::Missing),
            percent("welfare", "Welfare", 3),
            percent("real_wage", "Real wage", 3),
            percent("exports", "Exports", 2),
            percent("imports", "Imports", 2),
            percent("domestic_sales", "Domestic\nsales", 2),
        ],
    );
    part.columns.extend(scenario_tables::of_narrower());
    for (key, title) in [
        ("price_index", "Price index"),
        ("wage", "Wage"),
        ("outward_resistance", "Outward resistance"),
        ("output", "Output"),
        ("expenditure", "Spending"),
    ] {
        part.columns.push(Column::number(key, title, "percent", Show::Hidden));
    }
    let world_now = &found.equilibrium;
    let welfare = &world_now.welfare_hat;
    for i in scenario_tables::furthest_hats(welfare, top) {
        let change = |hat: &[f64]| Cell::from(100.0 * (hat[i] - 1.0));
        let mut row: Vec<Cell> = vec![
            world.places[i].as_str().into(),
            data.name_of("place", &world.places[i]).into(),
            change(welfare),
            change(&world_now.real_wage_hat),
            change(&world_now.exports_hat),
            change(&world_now.imports_hat),
            change(&world_now.domestic_sales_hat),
        ];
        row.extend(scenario_tables::narrower(world_now, partial, conditional, i));
        row.extend([
            change(&world_now.price_index_hat),
            change(&world_now.wage_hat),
            change(&world_now.outward_resistance_hat),
            change(&world_now.output_hat),
            change(&world_now.expenditure_hat),
        ]);
        part.push(row);
    }
    part
}

/// Where the sales lost in closed markets go, and who replaces them.
fn account(
    answer: &mut Answer,
    data: &Data,
    world: &World,
    account: &Diversion,
    top: Option<usize>,
) {
    let place = |j: usize| {
        [Cell::from(world.places[j].as_str()), data.name_of("place", &world.places[j]).into()]
    };
    let share = |key, title| Column::number(key, title, "percent", Show::Decimals(2));
    let money = |key, title| Column::number(key, title, world.unit.as_str(), Show::Fitting);
    let ids = || {
        vec![
            Column::text("place", "Market"),
            Column::text("place_name", "").unless_all(Cell::Missing),
        ]
    };
    let mut columns = ids();
    columns.extend([
        Column::text("where", ""),
        share("quantity_share", "Of the lost\nquantity"),
        money("value", "Change of\nsales"),
    ]);
    let mut diversion = Part::new("diversion", "Where the lost sales go", columns);
    let open = (0..world.places.len()).filter(|j| !account.closed.contains(j));
    let shares = &account.quantity_shares;
    for j in scenario_tables::furthest(shares, open, top.unwrap_or(usize::MAX)) {
        let value = if j == account.exporter { account.turned_home } else { account.redirected[j] };
        let mut row = place(j).to_vec();
        let home = if j == account.exporter { "home" } else { "abroad" };
        row.extend([home.into(), (100.0 * shares[j]).into(), value.into()]);
        diversion.push(row);
    }
    let mut columns = vec![Column::text("market", "Closed market")];
    columns.extend(ids());
    columns[1].title = "Seller".into();
    columns.extend([share("share", "Of the loss\nreplaced")]);
    let mut fill = Part::new("fill", "Who replaces them", columns);
    for market in &account.fill {
        let mut order: Vec<usize> =
            (0..world.places.len()).filter(|&m| m != account.exporter).collect();
        order.sort_by(|&a, &b| market.shares[b].total_cmp(&market.shares[a]).then(a.cmp(&b)));
        order.truncate(top.unwrap_or(usize::MAX));
        for m in order {
            let mut row = vec![Cell::from(world.places[market.market].as_str())];
            row.extend(place(m));
            row.push((100.0 * market.shares[m]).into());
            fill.push(row);
        }
    }
    answer.parts.extend([diversion, fill]);
    let unit = world.unit.as_str();
    answer.count("lost", "Sales lost there", unit, Show::Fitting, account.lost);
    let percent = |value: f64| Cell::from(100.0 * value);
    let show = Show::Decimals(2);
    answer.count(
        "quantity_abroad",
        "of the quantity: to other markets",
        "percent",
        show,
        percent(account.quantity_share_abroad),
    );
    answer.count(
        "quantity_home",
        "of the quantity: turned home",
        "percent",
        show,
        percent(account.quantity_share_home),
    );
    answer.count(
        "value_abroad",
        "of the value: to other markets",
        "percent",
        show,
        percent(account.value_share_abroad),
    );
    answer.count(
        "value_home",
        "of the value: turned home",
        "percent",
        show,
        percent(account.value_share_home),
    );
    answer.count(
        "income_change",
        "Change of the exporter's income",
        unit,
        Show::Fitting,
        account.income_change,
    );
    answer.count(
        "price_loss",
        "Its goods lose in buying power",
        "percent",
        show,
        percent(account.price_loss),
    );
}

/// Residual, identity and steps: what says that the world is solved.
fn certify(answer: &mut Answer, world: &World, found: &Counterfactual) {
    let solved = &found.equilibrium;
    answer.say("status", "Status", "converged");
    answer.count("residual", "Market-clearing residual", "", Show::Power, solved.residual);
    answer.count("acr_gap", "Gap to the gains formula (ACR)", "", Show::Power, solved.acr_gap);
    answer.count("iterations", "Newton steps", "", Show::Whole, solved.iterations);
    answer.count("places", "Places", "", Show::Whole, world.places.len());
    for note in &solved.notes {
        let mut advice = crate::answer::Advice::from(note);
        advice.message = world::named(&world.places, &advice.message);
        answer.note(advice);
    }
}
