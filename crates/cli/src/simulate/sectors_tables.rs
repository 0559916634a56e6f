//! The tables of solved worlds of many sectors.

use emporion_brief::stages::sectors::SectorWorld;

use super::scenario_tables::{of_place, of_solution, solution};
use super::sectors::Found;
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args;
use crate::data::Data;

/// Fills the answer.
pub fn fill(
    answer: &mut Answer,
    data: &Data,
    world: &SectorWorld,
    arguments: &args::Simulate,
    found: &[Found],
) {
    let top = arguments.shape.top.unwrap_or(usize::MAX);
    answer.parts.push(rows(data, world, found, top));
    answer.parts.push(solutions(found));
    if found.iter().any(|one| !one.accounts.is_empty()) {
        answer.parts.extend([accounts(world, found), markets(data, world, found, top)]);
        answer.parts.push(fills(data, world, found, top));
    }
    answer.parts.push(by_sector(world, found));
    for one in found {
        for note in &one.solved.notes {
            let mut advice = Advice::from(note);
            advice.message = world.named(&advice.message);
            if answer.notes.iter().all(|known| known.message != advice.message) {
                answer.note(advice);
            }
        }
    }
}

fn place(data: &Data, world: &SectorWorld, at: usize) -> [Cell; 2] {
    [world.places[at].as_str().into(), data.name_of("place", &world.places[at]).into()]
}

fn percent(hat: f64) -> Cell {
    Cell::from(100.0 * (hat - 1.0))
}

fn share(value: f64) -> Cell {
    Cell::from(100.0 * value)
}

/// Every place, the largest gain first.
fn rows(data: &Data, world: &SectorWorld, found: &[Found], top: usize) -> Part {
    let number = |key, title, show| Column::number(key, title, "percent", show);
    let money = |key, title| Column::number(key, title, world.unit.as_str(), Show::Hidden);
    let seen = Show::Decimals(3);
    let mut columns = of_solution();
    columns.extend(of_place("Place"));
    columns.extend([
        number("welfare", "Welfare,\nexact", seen),
        number("welfare_first_order", "Welfare,\nfirst order", seen),
        number("terms_of_trade", "Terms of\ntrade", seen),
        number("volume_of_trade", "Volume of\ntrade", seen),
        number("technical", "Technical", seen),
        number("real_wage", "Real wage", seen),
        number("exports", "Exports", Show::Decimals(2)),
        number("imports", "Imports", Show::Decimals(2)),
        number("wage", "Wage", Show::Hidden),
        number("price_index", "Price index", Show::Hidden),
        money("income_before", "Income before"),
        money("income", "Income"),
        money("tariff_revenue_before", "Tariff revenue before"),
        money("tariff_revenue", "Tariff revenue"),
        money("deficit_before", "Deficit before"),
        money("deficit", "Deficit"),
    ]);
    let mut part = Part::new("rows", "", columns);
    for (k, one) in found.iter().enumerate() {
        let s = &one.solved;
        let first = &s.first_order;
        let gain = &s.welfare_exact_hat;
        let mut order: Vec<usize> = (0..s.places).collect();
        order.sort_by(|&a, &b| gain[b].total_cmp(&gain[a]).then(a.cmp(&b)));
        for &i in order.iter().take(top) {
            let mut row = solution(k, &one.name, one.year);
            row.extend(place(data, world, i));
            row.extend([
                percent(gain[i]),
                share(first.welfare[i]),
                share(first.terms_of_trade[i]),
                share(first.volume_of_trade[i]),
                share(first.technical[i]),
                percent(s.real_wage_hat[i]),
                percent(s.exports_hat[i]),
                percent(s.imports_hat[i]),
                percent(s.wage_hat[i]),
                percent(s.price_index_hat[i]),
                s.baseline.income[i].into(),
                s.counterfactual.income[i].into(),
                s.baseline.tariff_revenue[i].into(),
                s.counterfactual.tariff_revenue[i].into(),
                s.baseline.deficit[i].into(),
                s.counterfactual.deficit[i].into(),
            ]);
            part.push(row);
        }
    }
    part
}

fn solutions(found: &[Found]) -> Part {
    let power = |key, title| Column::number(key, title, "", Show::Power);
    let mut columns = of_solution();
    columns[1].show = Show::Text;
    columns.extend([
        Column::text("status", "Status"),
        power("residual", "Market\nclearing"),
        power("baseline_residual", "of the\nbaseline"),
        power("data_residual", "of the\ndata"),
        Column::number("iterations", "Newton\nsteps", "", Show::Whole),
    ]);
    let mut part = Part::new("solutions", "Solutions", columns);
    for (k, one) in found.iter().enumerate() {
        let s = &one.solved;
        let mut row = solution(k, &one.name, one.year);
        row.extend([
            "converged".into(),
            s.residual.into(),
            s.baseline_residual.into(),
            s.data_residual.into(),
            s.iterations.into(),
        ]);
        part.push(row);
    }
    part
}

/// The accounts of closed markets, all sectors and each.
fn accounts(world: &SectorWorld, found: &[Found]) -> Part {
    let part_of = |key, title| Column::number(key, title, "percent", Show::Decimals(1));
    let mut columns = of_solution();
    columns.extend([
        Column::text("exporter", "Exporter"),
        Column::text("sector", "Sector"),
        Column::number("lost", "Lost there", world.unit.as_str(), Show::Fitting),
        part_of("quantity_abroad", "Quantity:\nredirected"),
        part_of("quantity_home", "turned\nhome"),
        part_of("quantity_destroyed", "destroyed"),
        part_of("value_abroad", "Value:\nredirected"),
        part_of("value_home", "turned\nhome"),
        part_of("value_destroyed", "destroyed"),
    ]);
    let mut part = Part::new("accounts", "Where the lost sales go", columns);
    for (k, one) in found.iter().enumerate() {
        for account in &one.accounts {
            let lost = |line: &&emporion_model::simulate::many_sectors::SectorDiversion| {
                line.sector.is_none() || line.lost != 0.0
            };
            for line in std::iter::once(&account.total).chain(&account.sectors).filter(lost) {
                let mut row = solution(k, &one.name, one.year);
                row.extend([
                    world.places[account.exporter].as_str().into(),
                    line.sector.map_or("all", |j| world.sectors[j].as_str()).into(),
                    line.lost.into(),
                    share(line.quantity_share_abroad),
                    share(line.quantity_share_home),
                    share(line.quantity_share_destroyed),
                    share(line.value_share_abroad),
                    share(line.value_share_home),
                    share(line.value_share_destroyed),
                ]);
                part.push(row);
            }
        }
    }
    part
}

/// Each third market and home, all sectors together.
fn markets(data: &Data, world: &SectorWorld, found: &[Found], top: usize) -> Part {
    let mut columns = of_solution();
    columns.push(Column::text("exporter", "Exporter"));
    columns.extend(of_place("Market"));
    columns.extend([
        Column::text("where", ""),
        Column::number("quantity_share", "Of the lost\nquantity", "percent", Show::Decimals(2)),
        Column::number("value", "Change of\nsales", world.unit.as_str(), Show::Fitting),
    ]);
    let mut part = Part::new("diversion", "Market by market", columns);
    for (k, one) in found.iter().enumerate() {
        for account in &one.accounts {
            let total = &account.total;
            let shares = &total.quantity_shares;
            let open = |j: &usize| !account.closed.contains(j);
            let mut order: Vec<usize> = (0..shares.len()).filter(open).collect();
            order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
            for &j in order.iter().take(top) {
                let home = j == account.exporter;
                let mut row = solution(k, &one.name, one.year);
                row.push(world.places[account.exporter].as_str().into());
                row.extend(place(data, world, j));
                row.extend([
                    if home { "home" } else { "abroad" }.into(),
                    share(shares[j]),
                    if home { total.turned_home } else { total.redirected[j] }.into(),
                ]);
                part.push(row);
            }
        }
    }
    part
}

/// Who replaces the exporter in each closed market and sector.
fn fills(data: &Data, world: &SectorWorld, found: &[Found], top: usize) -> Part {
    let mut columns = of_solution();
    columns.extend([
        Column::text("exporter", "Exporter"),
        Column::text("market", "Closed market"),
        Column::text("sector", "Sector"),
    ]);
    columns.extend(of_place("Seller"));
    columns.push(Column::number("share", "Of the loss\nreplaced", "percent", Show::Decimals(2)));
    let mut part = Part::new("fill", "Who replaces them", columns);
    for (k, one) in found.iter().enumerate() {
        for account in &one.accounts {
            for market in &account.fill {
                let shares = &market.shares;
                let other = |m: &usize| *m != account.exporter;
                let mut order: Vec<usize> = (0..shares.len()).filter(other).collect();
                order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
                for &m in order.iter().take(top) {
                    let mut row = solution(k, &one.name, one.year);
                    row.extend([
                        world.places[account.exporter].as_str().into(),
                        world.places[market.market].as_str().into(),
                        world.sectors[market.sector].as_str().into(),
                    ]);
                    row.extend(place(data, world, m));
                    row.push(share(shares[m]));
                    part.push(row);
                }
            }
        }
    }
    part
}

/// Output and the split of welfare by place and sector.
fn by_sector(world: &SectorWorld, found: &[Found]) -> Part {
    let money = |key, title| Column::number(key, title, world.unit.as_str(), Show::Fitting);
    let part_of = |key, title| Column::number(key, title, "percent", Show::Decimals(4));
    let mut columns = of_solution();
    columns.extend([
        Column::text("place", "Place"),
        Column::text("sector", "Sector"),
        money("output_before", "Output\nbefore"),
        money("output", "Output"),
        part_of("price", "Price"),
        part_of("terms_of_trade", "Terms of\ntrade"),
        part_of("volume_of_trade", "Volume of\ntrade"),
        part_of("technical", "Technical"),
    ]);
    let mut part = Part::new("by_sector", "Sector by sector", columns);
    let (n, j) = (world.places.len(), world.sectors.len());
    for (k, one) in found.iter().enumerate() {
        let s = &one.solved;
        for p in 0..n {
            for sector in 0..j {
                let sum = |flows: &[f64]| share(flows[(sector * n + p) * n..][..n].iter().sum());
                let mut row = solution(k, &one.name, one.year);
                row.extend([
                    world.places[p].as_str().into(),
                    world.sectors[sector].as_str().into(),
                    s.baseline.output[p * j + sector].into(),
                    s.counterfactual.output[p * j + sector].into(),
                    percent(s.sector_price_hat[p * j + sector]),
                    sum(&s.first_order.terms_of_trade_by_flow),
                    sum(&s.first_order.volume_of_trade_by_flow),
                    sum(&s.first_order.technical_by_flow),
                ]);
                part.push(row);
            }
        }
    }
    part
}
