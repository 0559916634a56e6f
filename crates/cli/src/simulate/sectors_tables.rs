//! The tables of solved worlds of many sectors.

use emporion_brief::stages::sectors::SectorWorld;
use emporion_model::simulate::{ManySectorOutcome, Spread};

use super::scenario_tables::{
    furthest, furthest_hats, numbers, of_failed_draws, of_place, of_solution, solution, tell_failed,
};
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
    answer.parts.push(by_sector(world, found, top));
    answer.parts.push(by_partner(world, found, top));
    tell_failed(answer, failed_draws(found));
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

/// An outcome in a column, with its key, its heading and how people see it.
const SHOWN: [(ManySectorOutcome, &str, &str, Show); 10] = [
    (ManySectorOutcome::Welfare, "welfare", "Welfare,\nexact", Show::Decimals(3)),
    (
        ManySectorOutcome::FirstOrderWelfare,
        "welfare_first_order",
        "Welfare,\nfirst order",
        Show::Decimals(3),
    ),
    (ManySectorOutcome::TermsOfTrade, "terms_of_trade", "Terms of\ntrade", Show::Decimals(3)),
    (ManySectorOutcome::VolumeOfTrade, "volume_of_trade", "Volume of\ntrade", Show::Decimals(3)),
    (ManySectorOutcome::Technical, "technical", "Technical", Show::Decimals(3)),
    (ManySectorOutcome::RealWage, "real_wage", "Real wage", Show::Decimals(3)),
    (ManySectorOutcome::Exports, "exports", "Exports", Show::Decimals(2)),
    (ManySectorOutcome::Imports, "imports", "Imports", Show::Decimals(2)),
    (ManySectorOutcome::Wage, "wage", "Wage", Show::Hidden),
    (ManySectorOutcome::PriceIndex, "price_index", "Price index", Show::Hidden),
];

/// Every place, the largest gain first.
fn rows(data: &Data, world: &SectorWorld, found: &[Found], top: usize) -> Part {
    let money = |key, title| Column::number(key, title, world.unit.as_str(), Show::Hidden);
    let drawn = found.iter().any(|one| one.draws.is_some());
    let linear = found.iter().any(|one| one.delta.is_some());
    let mut columns = of_solution();
    columns.extend(of_place("Place"));
    for (outcome, key, title, shown) in SHOWN {
        columns.push(Column::number(key, title, "percent", shown));
        if drawn {
            // A terminal has room for one interval.
            let show = if outcome == ManySectorOutcome::Welfare { shown } else { Show::Hidden };
            columns.push(Column::number(format!("{key}_low"), "from", "percent", show));
            columns.push(Column::number(format!("{key}_high"), "to", "percent", show));
        }
        if linear {
            let show = if outcome == ManySectorOutcome::Welfare { shown } else { Show::Hidden };
            columns.push(Column::number(format!("{key}_se"), "Std. error", "percent", show));
        }
    }
    columns.extend([
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
        let outcomes = SHOWN.map(|(outcome, ..)| outcome.of(s));
        for i in furthest_hats(&s.welfare_exact_hat, top) {
            let mut row = solution(k, &one.name, one.year);
            row.extend(place(data, world, i));
            for ((outcome, ..), central) in SHOWN.iter().zip(&outcomes) {
                row.push(share(central[i]));
                if drawn {
                    let spread = one.draws.as_ref().and_then(|draws| draws.outcome(*outcome));
                    row.push(spread.map_or(Cell::Missing, |s| share(s.low[i])));
                    row.push(spread.map_or(Cell::Missing, |s| share(s.high[i])));
                }
                if linear {
                    let linear = one.delta.as_ref().and_then(|delta| delta.outcome(*outcome));
                    row.push(linear.map_or(Cell::Missing, |l| share(l.standard_error[i])));
                }
            }
            row.extend([
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

/// Draws without a solution.
fn failed_draws(found: &[Found]) -> Part {
    let mut part = of_failed_draws(Column::text("theta", "theta"));
    for (k, one) in found.iter().enumerate() {
        for draw in one.draws.iter().flat_map(|draws| &draws.failed) {
            let mut row = solution(k, &one.name, one.year);
            row.extend([
                draw.number.into(),
                numbers(&draw.elasticities),
                numbers(&draw.coefficients),
                format!("{:?}", draw.status).into(),
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
        Column::number("draws", "Draws\nsolved", "", Show::Whole).unless_all(Cell::Missing),
        Column::number("failed", "Draws\nfailed", "", Show::Whole).unless_all(Cell::Missing),
        power("worst_residual", "Worst of\nthe draws").unless_all(Cell::Missing),
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
            one.draws.as_ref().map(|d| d.solved).into(),
            one.draws.as_ref().map(|d| d.failed.len()).into(),
            one.draws.as_ref().map(|d| d.worst_residual).into(),
        ]);
        part.push(row);
    }
    part
}

/// Columns of an account that people see without their interval, and where the draws have them.
const ENDS: [(&str, usize); 6] = [
    ("quantity_home", 1),
    ("quantity_destroyed", 2),
    ("value_abroad", 3),
    ("value_home", 4),
    ("value_destroyed", 5),
    ("lost", 6),
];

/// The accounts of closed markets, all sectors and each.
fn accounts(world: &SectorWorld, found: &[Found]) -> Part {
    let part_of = |key, title| Column::number(key, title, "percent", Show::Decimals(1));
    let mut columns = of_solution();
    columns.extend([
        Column::text("exporter", "Exporter"),
        Column::text("closed", "Closed markets"),
        Column::text("sector", "Sector"),
        Column::number("lost", "Lost there", world.unit.as_str(), Show::Fitting),
        part_of("quantity_abroad", "Quantity:\nredirected"),
        part_of("quantity_abroad_low", "from").unless_all(Cell::Missing),
        part_of("quantity_abroad_high", "to").unless_all(Cell::Missing),
        part_of("quantity_home", "turned\nhome"),
        part_of("quantity_destroyed", "destroyed"),
        part_of("value_abroad", "Value:\nredirected"),
        part_of("value_home", "turned\nhome"),
        part_of("value_destroyed", "destroyed"),
    ]);
    // A terminal has room for one interval.
    let with_ends = found.iter().any(|one| one.draws.is_some());
    for (key, _) in ENDS.iter().filter(|_| with_ends) {
        let unit = if *key == "lost" { world.unit.as_str() } else { "percent" };
        for (end, title) in [("low", "from"), ("high", "to")] {
            columns.push(Column::number(format!("{key}_{end}"), title, unit, Show::Hidden));
        }
    }
    let mut part = Part::new("accounts", "Where the lost sales go", columns);
    for (k, one) in found.iter().enumerate() {
        for (a, account) in one.accounts.iter().enumerate() {
            let closed: Vec<&str> =
                account.closed.iter().map(|&m| world.places[m].as_str()).collect();
            let spread = one.draws.as_ref().map(|draws| &draws.accounts[a].lines);
            let lines = std::iter::once(&account.total).chain(&account.sectors).enumerate();
            for (at, line) in lines.filter(|(_, line)| line.sector.is_none() || line.lost != 0.0) {
                let mut row = solution(k, &one.name, one.year);
                let drawn = spread.map(|lines| &lines[at]);
                row.extend([
                    world.places[account.exporter].as_str().into(),
                    closed.join(" ").into(),
                    line.sector.map_or("all", |j| world.sectors[j].as_str()).into(),
                    line.lost.into(),
                    share(line.quantity_share_abroad),
                    drawn.map_or(Cell::Missing, |s| share(s.low[0])),
                    drawn.map_or(Cell::Missing, |s| share(s.high[0])),
                    share(line.quantity_share_home),
                    share(line.quantity_share_destroyed),
                    share(line.value_share_abroad),
                    share(line.value_share_home),
                    share(line.value_share_destroyed),
                ]);
                for (key, at) in ENDS.iter().filter(|_| with_ends) {
                    let scale = if *key == "lost" { 1.0 } else { 100.0 };
                    let end = |values: fn(&Spread) -> &Vec<f64>| {
                        drawn.map_or(Cell::Missing, |s| (scale * values(s)[*at]).into())
                    };
                    row.extend([end(|s| &s.low), end(|s| &s.high)]);
                }
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
        Column::number("quantity_share_low", "from", "percent", Show::Decimals(2))
            .unless_all(Cell::Missing),
        Column::number("quantity_share_high", "to", "percent", Show::Decimals(2))
            .unless_all(Cell::Missing),
        Column::number("value", "Change of\nsales", world.unit.as_str(), Show::Fitting),
    ]);
    let mut part = Part::new("diversion", "Market by market", columns);
    for (k, one) in found.iter().enumerate() {
        for (a, account) in one.accounts.iter().enumerate() {
            let drawn = one.draws.as_ref().map(|draws| &draws.accounts[a].quantity_shares);
            let total = &account.total;
            let shares = &total.quantity_shares;
            let open = (0..shares.len()).filter(|j| !account.closed.contains(j));
            for j in furthest(shares, open, top) {
                let home = j == account.exporter;
                let mut row = solution(k, &one.name, one.year);
                row.push(world.places[account.exporter].as_str().into());
                row.extend(place(data, world, j));
                row.extend([
                    if home { "home" } else { "abroad" }.into(),
                    share(shares[j]),
                    drawn.map_or(Cell::Missing, |s| share(s.low[j])),
                    drawn.map_or(Cell::Missing, |s| share(s.high[j])),
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
    let part_of = |key, title| Column::number(key, title, "percent", Show::Decimals(2));
    columns.push(part_of("share", "Of the loss\nreplaced"));
    columns.push(part_of("share_low", "from").unless_all(Cell::Missing));
    columns.push(part_of("share_high", "to").unless_all(Cell::Missing));
    let mut part = Part::new("fill", "Who replaces them", columns);
    for (k, one) in found.iter().enumerate() {
        for (a, account) in one.accounts.iter().enumerate() {
            for (f, market) in account.fill.iter().enumerate() {
                let drawn = one.draws.as_ref().and_then(|draws| draws.accounts[a].fill.get(f));
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
                    row.push(drawn.map_or(Cell::Missing, |s| share(s.low[m])));
                    row.push(drawn.map_or(Cell::Missing, |s| share(s.high[m])));
                    part.push(row);
                }
            }
        }
    }
    part
}

/// Output and the split of welfare by place and sector, the places in the order of the first table.
fn by_sector(world: &SectorWorld, found: &[Found], top: usize) -> Part {
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
        for p in furthest_hats(&s.welfare_exact_hat, top) {
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

/// The first-order split by partner, summed over sectors, the partners that matter most first; the
/// technical part at home stands beside the place itself.
fn by_partner(world: &SectorWorld, found: &[Found], top: usize) -> Part {
    let part_of = |key, title| Column::number(key, title, "percent", Show::Decimals(4));
    let mut columns = of_solution();
    columns.extend([
        Column::text("place", "Place"),
        Column::text("partner", "Partner"),
        part_of("terms_of_trade", "Terms of\ntrade"),
        part_of("volume_of_trade", "Volume of\ntrade"),
        part_of("technical", "Technical"),
    ]);
    let mut part = Part::new("by_partner", "Partner by partner", columns);
    let (n, j) = (world.places.len(), world.sectors.len());
    for (k, one) in found.iter().enumerate() {
        let split = &one.solved.first_order;
        let flows = [
            &split.terms_of_trade_by_flow,
            &split.volume_of_trade_by_flow,
            &split.technical_by_flow,
        ];
        for p in furthest_hats(&one.solved.welfare_exact_hat, top) {
            let of = |i: usize| {
                flows.map(|flows| (0..j).map(|sector| flows[(sector * n + p) * n + i]).sum::<f64>())
            };
            let mut partners: Vec<(usize, [f64; 3])> = (0..n).map(|i| (i, of(i))).collect();
            let size = |parts: &[f64; 3]| parts.iter().sum::<f64>().abs();
            partners.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)).then(a.0.cmp(&b.0)));
            for (i, parts) in partners {
                let mut row = solution(k, &one.name, one.year);
                row.extend([world.places[p].as_str().into(), world.places[i].as_str().into()]);
                row.extend(parts.map(share));
                part.push(row);
            }
        }
    }
    part
}
