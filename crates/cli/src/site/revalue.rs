//! `--revalue`: near-best plans in general equilibrium.

use emporion_brief::stages::world::{World, named, not_solved};
use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{Equilibrium, OneSectorOptions, Shock, Shocks, one_sector};
use emporion_model::site::SiteState;

use super::Question;
use super::gravity::Gravity;
use super::ruled::{Ranked, beside_kept};
use super::sales::Sales;
use crate::answer::{Advice, Answer, Column, Part, Show};
use crate::args;
use crate::data::Data;
use crate::failure::Failure;
use crate::progress::Progress;

/// A plan in the new equilibrium.
struct Valued {
    /// Change of all exports of the exporter, in the unit of the flows and in percent.
    exports: f64,
    exports_percent: f64,
    /// Change of its welfare, percent.
    welfare: f64,
}

/// Solves the world once for each plan and puts the gains side by side.
pub fn add(
    answer: &mut Answer,
    arguments: &args::Site,
    data: &Data,
    question: &Question,
    ranked: &Ranked,
    progress: &Progress,
) -> Result<(), Failure> {
    if !arguments.gravity.revalue {
        return Ok(());
    }
    let (Some(gravity), Some(exporter)) = (&question.gravity, &arguments.gravity.exporter) else {
        return Err(Failure::new("--revalue needs --exporter and a coefficient"));
    };
    let sales = Sales::read(arguments, data)?;
    let hierarchy = sales.data.hierarchy();
    let world = World::new(sales.table()?, &sales.rows, &hierarchy, sales.absent)?;
    let from = world.position(exporter)?;
    let options = OneSectorOptions {
        elasticity: arguments.gravity.theta.unwrap_or(THETA),
        ..OneSectorOptions::default()
    };
    let mut values = Vec::new();
    for (at, plan) in ranked.plans.iter().enumerate() {
        progress.step(format!("equilibrium of plan {}", at + 1));
        let shocks = shocks(question, gravity, &world, from, &plan.open)?;
        values.push(value(&world, from, &shocks, &options)?);
    }
    let gains: Vec<f64> = ranked.plans.iter().map(|p| question.worth(p.objective)).collect();
    let by_exports = ranks(&values.iter().map(|v| v.exports).collect::<Vec<_>>());
    let by_welfare = ranks(&values.iter().map(|v| v.welfare).collect::<Vec<_>>());
    // Plans that tie up to rounding stand in the order of the ranking.
    let in_order = gains.iter().scan(f64::INFINITY, |least, gain| {
        *least = gain.min(*least);
        Some(*least)
    });
    let by_gain = ranks(&in_order.collect::<Vec<_>>());
    let money = |key, title| Column::number(key, title, world.unit.as_str(), Show::Fitting);
    let rank = |key, title| Column::number(key, title, "", Show::Whole);
    let columns = vec![
        rank("rank", "Plan"),
        money("gain", "Partial gain"),
        money("exports", "Exports rise by"),
        Column::number("exports_percent", "", "percent", Show::Decimals(4)),
        Column::number("welfare", "Welfare", "percent", Show::Decimals(5)),
        rank("exports_rank", "By exports"),
        rank("welfare_rank", "By welfare"),
        Column::text("added", "Offices beside those kept"),
    ];
    let title = format!("The plans in general equilibrium, {exporter}");
    let mut part = Part::new("revalued", title, columns);
    part.whole = true;
    for (at, valued) in values.iter().enumerate() {
        part.push(vec![
            by_gain[at].into(),
            gains[at].into(),
            valued.exports.into(),
            valued.exports_percent.into(),
            valued.welfare.into(),
            by_exports[at].into(),
            by_welfare[at].into(),
            beside_kept(question, &ranked.plans[at].open).into(),
        ]);
    }
    answer.parts.push(part);
    let differs: Vec<&str> = [(&by_exports, "exports"), (&by_welfare, "welfare")]
        .into_iter()
        .filter(|(ranks, _)| **ranks != by_gain)
        .map(|(_, what)| what)
        .collect();
    let order = match differs.as_slice() {
        [] => "the same by partial gain, exports and welfare".to_owned(),
        some => format!("another by {} than by partial gain", some.join(" and by ")),
    };
    answer.say("order", "Order in equilibrium", order);
    answer.context(
        "equilibrium",
        vec![format!("one sector, exact hat algebra, theta {}", options.elasticity)],
    );
    answer.notes.extend(world.notes.iter().map(Advice::from));
    Ok(())
}

/// Elasticity of trade to trade costs where nobody says another, as in emporion simulate.
const THETA: f64 = 4.0;

/// ln phi rises by β s(d) of the best office, less what the kept ones did when trade was observed.
fn shocks(
    question: &Question,
    gravity: &Gravity,
    world: &World,
    from: usize,
    open: &[usize],
) -> Result<Shocks, Failure> {
    let kept: Vec<usize> = question.siting.instance.sites_in(SiteState::Kept).collect();
    let before: &[usize] = if gravity.observed_with_kept { &kept } else { &[] };
    let mut list = Vec::new();
    for (k, id) in question.siting.customers.iter().enumerate() {
        let beta = gravity.log_effect(k, open) - gravity.log_effect(k, before);
        if beta != 0.0 {
            list.push(Shock { origin: from, destination: world.position(id)?, beta });
        }
    }
    Ok(Shocks::from_list(world.flows.n, &list)?)
}

/// The new equilibrium, as the exporter sees it.
fn value(
    world: &World,
    from: usize,
    shocks: &Shocks,
    options: &OneSectorOptions,
) -> Result<Valued, Failure> {
    let flows: &SquareFlows = &world.flows;
    let refused = |error: emporion_model::outcome::InputError| {
        Failure::new(named(&world.places, &error.to_string()))
    };
    let solved = one_sector(flows, shocks, options).map_err(refused)?;
    if solved.status != Status::Converged {
        let text = |text: &str| named(&world.places, text);
        let ended = (solved.status, solved.residual, solved.iterations);
        return Err(not_solved("plan", text, "", ended, &solved.notes).into());
    }
    let exports =
        exports(&solved, &solved.trade, from) - exports(&solved, &solved.baseline_trade, from);
    Ok(Valued {
        exports,
        exports_percent: 100.0 * (solved.exports_hat[from] - 1.0),
        welfare: 100.0 * (solved.welfare_hat[from] - 1.0),
    })
}

fn exports(solved: &Equilibrium, trade: &[f64], from: usize) -> f64 {
    let row = &trade[from * solved.n..(from + 1) * solved.n];
    row.iter().enumerate().filter(|(to, _)| *to != from).map(|(_, value)| value).sum()
}

/// Position in descending order from 1; equal values share one.
fn ranks(values: &[f64]) -> Vec<usize> {
    values.iter().map(|v| 1 + values.iter().filter(|other| *other > v).count()).collect()
}
