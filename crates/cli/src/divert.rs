//! `emporion divert`: where the exports lost in closed markets went, from the rows of two years, and
//! on demand beside what a model says.

use emporion_brief::stages::ex_post::TwoYears;
use emporion_brief::stages::world::{self, Scenario, World};
use emporion_model::outcome::Status;
use emporion_model::simulate::{
    Account, Approach, ExPost, ExPostOptions, OneSectorOptions, Split, Yardstick,
};
use emporion_tables::Table;
use emporion_tables::sum::Missing;

use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, Method, Yard};
use crate::data::Data;
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render_shaped;
use crate::select::select;

/// Every method, with the key of its columns and its heading.
const METHODS: [(Approach, &str, &str); 4] = [
    (Approach::Naive, "naive", "Naive"),
    (Approach::MarketShare, "market_share", "Market\nshare"),
    (Approach::Ppml, "ppml", "Ppml"),
    (Approach::Model, "model", "Model"),
];

/// Places that a remark names before it breaks off.
const MOST_NAMED: usize = 12;

/// Accounts for the sales by each method and prints them side by side.
pub fn run(arguments: &args::Divert, progress: &Progress) -> Result<Output, Failure> {
    progress.step(format!("reading {}", arguments.rows.data));
    let data = Data::open(&arguments.rows.data)?;
    let flows = data.flows()?;
    let selected = select(&data, flows, &arguments.rows.conditions)?;
    let absent = data.absent(arguments.absent);
    let years = [arguments.before, arguments.after];
    let sales = TwoYears::new(flows, &selected.rows, &data.hierarchy(), absent, years)?;
    let closed = closed(arguments, &data, &sales);
    progress.step("accounting for the sales");
    let mut answer = Answer::new("divert", title(arguments), data.identity());
    let mut found = observed(arguments, &sales, &closed, &mut answer)?;
    let accounts = |found: &[ExPost]| found.iter().map(|f| f.account.clone()).collect::<Vec<_>>();
    let mut all = accounts(&found);
    if let Some(theta) = arguments.theta {
        progress.step("solving the model on the year before");
        all.push(model(arguments, &data, flows, &sales, &closed, absent, theta)?);
    }
    describe(&mut answer, arguments, absent);
    answer.context = data.context(flows, &sales.rows);
    answer.notes.extend(selected.advice);
    let unit = sales.unit.as_str();
    answer.parts.push(summary(&all, &found, unit));
    let exporter = sales.position(&arguments.exporter)?;
    let top = arguments.shape.top;
    answer.parts.push(markets(&data, &sales, exporter, &all, top));
    answer.parts.push(fill(&data, &sales, &all, top));
    if found.iter().any(|f| f.prices.is_some()) {
        found.retain(|f| f.prices.is_some());
        answer.parts.push(prices(&data, &sales, &found));
    }
    render_shaped(answer, &arguments.shape)
}

/// The closed markets: a group that rows name as one partner stays one.
fn closed(arguments: &args::Divert, data: &Data, sales: &TwoYears) -> Vec<String> {
    let own = |id: &String| sales.places.iter().any(|place| place == id);
    let expand = |id: &String| if own(id) { vec![id.clone()] } else { data.members(id) };
    arguments.closed.iter().filter(|id| !id.is_empty()).flat_map(expand).collect()
}

fn title(arguments: &args::Divert) -> String {
    format!(
        "{} closed to {}, {} to {}",
        arguments.closed.join(", "),
        arguments.exporter,
        arguments.before,
        arguments.after
    )
}

/// The methods on the rows. Of all of them, those that the rows cannot carry are named in notes.
fn observed(
    arguments: &args::Divert,
    sales: &TwoYears,
    closed: &[String],
    answer: &mut Answer,
) -> Result<Vec<ExPost>, Failure> {
    let yardstick = arguments.yardstick.map(|yard| match yard {
        Yard::OtherProducts => Yardstick::OtherProducts,
        Yard::OwnSales => Yardstick::OwnSales,
        Yard::ThirdMarkets => Yardstick::ThirdMarkets,
    });
    let one = |method| {
        let options = ExPostOptions { method, yardstick, ..ExPostOptions::default() };
        sales.account(&arguments.exporter, closed, &options)
    };
    let wanted = match arguments.method {
        Method::Naive => vec![Approach::Naive],
        Method::MarketShare => vec![Approach::MarketShare],
        Method::Ppml => vec![Approach::Ppml],
        Method::All => vec![Approach::Naive, Approach::MarketShare, Approach::Ppml],
    };
    let mut found = Vec::new();
    for method in wanted {
        match one(method) {
            Ok(account) => found.push(account),
            // What naive refuses, no other method can tell.
            Err(report) if arguments.method == Method::All && method != Approach::Naive => {
                let message = format!("{} cannot be had: {report}", key(method));
                answer.note(Advice::new("method_refused", message.replace('\n', " "), 1));
            }
            Err(report) => return Err(report.into()),
        }
    }
    for account in &found {
        if let Some(yardstick) = account.yardstick {
            let taken = match yardstick {
                Yardstick::OtherProducts => "its products not sold in the closed markets",
                Yardstick::OwnSales => "its sales at home",
                Yardstick::ThirdMarkets => "its sales in other markets",
            };
            let message = format!("ppml: the exporter's own development is that of {taken}");
            answer.note(Advice::new("yardstick", message, 1));
        }
    }
    remarks(&found, sales, answer);
    Ok(found)
}

/// What the methods remark, each remark once with the methods it is about.
fn remarks(found: &[ExPost], sales: &TwoYears, answer: &mut Answer) {
    let mut all: Vec<(Advice, Vec<&str>)> = Vec::new();
    for account in found {
        for note in &account.notes {
            let mut advice = Advice::from(note);
            if note.code == "markets_not_compared" {
                let ids = note.rows.iter().map(|&j| sales.places[j].as_str());
                let shown: Vec<&str> = ids.take(MOST_NAMED).collect();
                let more = if note.rows.len() > MOST_NAMED { " \u{2026}" } else { "" };
                advice.message = format!("{} ({}{more})", advice.message, shown.join(" "));
            }
            let method = key(account.account.approach);
            match all.iter_mut().find(|(known, _)| *known == advice) {
                Some((_, methods)) => methods.push(method),
                None => all.push((advice, vec![method])),
            }
        }
    }
    for (mut advice, methods) in all {
        advice.message = format!("{}: {}", methods.join(", "), advice.message);
        answer.note(advice);
    }
}

/// The one-sector model on the rows of the year before.
fn model(
    arguments: &args::Divert,
    data: &Data,
    flows: &Table,
    sales: &TwoYears,
    closed: &[String],
    absent: Missing,
    theta: f64,
) -> Result<Account, Failure> {
    let before = f64::from(arguments.before);
    let rows: Vec<usize> = sales
        .rows
        .iter()
        .copied()
        .filter(|&row| flows.number("year", row) == Some(before))
        .collect();
    let world = World::new(flows, &rows, &data.hierarchy(), absent)?;
    let scenario =
        Scenario::Close { exporter: arguments.exporter.clone(), markets: closed.to_vec() };
    let options = OneSectorOptions { elasticity: theta, ..OneSectorOptions::default() };
    let solved = world::run(&world, &scenario, &options)?;
    let account = solved.diversion.as_ref().map(Account::from);
    let account = account.ok_or_else(|| Failure::new("the model gave no account"))?;
    // The places of one year can be fewer than those of two.
    let at: Vec<usize> =
        world.places.iter().map(|id| sales.position(id)).collect::<Result<_, _>>()?;
    Ok(moved(&account, &at, sales.places.len()))
}

/// An account with its places at other positions; places that it does not know are NaN.
fn moved(account: &Account, at: &[usize], places: usize) -> Account {
    let list = |values: &[f64]| {
        let mut out = vec![f64::NAN; places];
        values.iter().zip(at).for_each(|(value, &to)| out[to] = *value);
        out
    };
    let split = |split: &Split| Split {
        redirected: list(&split.redirected),
        shares: list(&split.shares),
        ..split.clone()
    };
    let mut moved = account.clone();
    moved.exporter = at[account.exporter];
    moved.closed = account.closed.iter().map(|&j| at[j]).collect();
    moved.closed.sort_unstable();
    moved.value = split(&account.value);
    moved.quantity = account.quantity.as_ref().map(split);
    for fill in &mut moved.fill {
        fill.market = at[fill.market];
        fill.shares = list(&fill.shares);
    }
    moved
}

fn key(method: Approach) -> &'static str {
    METHODS.iter().find(|(m, ..)| *m == method).map_or("", |(_, key, _)| *key)
}

fn describe(answer: &mut Answer, arguments: &args::Divert, absent: Missing) {
    answer.option("exporter", arguments.exporter.clone());
    answer.option("closed", arguments.closed.clone());
    answer.option("before", arguments.before);
    answer.option("after", arguments.after);
    let method = match arguments.method {
        Method::Naive => "naive",
        Method::MarketShare => "market_share",
        Method::Ppml => "ppml",
        Method::All => "all",
    };
    answer.option("method", method);
    let yardstick = arguments.yardstick.map(|yard| match yard {
        Yard::OtherProducts => "other_products",
        Yard::OwnSales => "own_sales",
        Yard::ThirdMarkets => "third_markets",
    });
    answer.option("yardstick", yardstick);
    answer.option("theta", arguments.theta);
    answer.option("absent", if absent == Missing::Zero { "zero" } else { "refuse" });
    answer.option("where", arguments.rows.conditions.clone());
    answer.option("top", arguments.shape.top);
}

/// One row for each method: quantities first where there are any, values beside them.
fn summary(accounts: &[Account], found: &[ExPost], unit: &str) -> Part {
    let money = |key, title| Column::number(key, title, unit, Show::Fitting);
    // For programs: what people read stands in the table of markets.
    let hidden = |column: Column| Column { show: Show::Hidden, ..column };
    let share = |key, title| {
        Column::number(key, title, "percent", Show::Decimals(1)).unless_all(Cell::Missing)
    };
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("method", "Method"),
            share("quantity_abroad", "Quantity\nabroad"),
            share("quantity_home", "home"),
            share("quantity_destroyed", "destroyed"),
            share("value_abroad", "Value\nabroad"),
            share("value_home", "home"),
            share("value_destroyed", "destroyed"),
            money("lost", "Lost"),
            hidden(money("redirected_abroad", "")),
            hidden(money("turned_home", "")),
            hidden(money("destroyed", "")),
            Column::text("status", "").unless_all("ok"),
            hidden(Column::text("yardstick", "")),
            hidden(Column::number("identity_gap", "", "", Show::Power)),
        ],
    );
    for account in accounts {
        let observed = found.iter().find(|f| f.account.approach == account.approach);
        let status = match observed.map_or(Status::Converged, |f| f.status) {
            Status::Converged => "ok",
            Status::NotIdentified => "sum not identified",
            _ => "not converged",
        };
        let yardstick = observed.and_then(|f| f.yardstick).map(|yardstick| match yardstick {
            Yardstick::OtherProducts => "other products",
            Yardstick::OwnSales => "own sales",
            Yardstick::ThirdMarkets => "third markets",
        });
        let percent = |share: Option<f64>| Cell::from(share.map(|s| 100.0 * s));
        let shares = |split: Option<&Split>| {
            [
                percent(split.map(|s| s.share_abroad)),
                percent(split.and_then(|s| s.share_home)),
                percent(split.map(|s| s.share_destroyed)),
            ]
        };
        let value = &account.value;
        let mut row = vec![Cell::from(key(account.approach))];
        row.extend(shares(account.quantity.as_ref()));
        row.extend(shares(Some(value)));
        row.extend([
            value.lost.into(),
            value.redirected_abroad.into(),
            value.turned_home.into(),
            value.destroyed.into(),
            status.into(),
            yardstick.into(),
            observed.map(|f| f.identity_gap).into(),
        ]);
        part.push(row);
    }
    part
}

/// Places by the largest change that any method finds first; ties in order of their ids.
fn ranked(places: usize, size: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places).collect();
    order.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
    order
}

/// One column for each method used.
fn methods(accounts: &[Account], unit: &str, show: Show) -> Vec<Column> {
    let used = |(method, ..): &&(Approach, &str, &str)| {
        accounts.iter().any(|account| account.approach == *method)
    };
    let column =
        |(_, key, title): &(Approach, &str, &str)| Column::number(*key, *title, unit, show);
    METHODS.iter().filter(used).map(column).collect()
}

/// What each market took before and after, and how much of it each method lays to the closure.
fn markets(
    data: &Data,
    sales: &TwoYears,
    exporter: usize,
    accounts: &[Account],
    top: Option<usize>,
) -> Part {
    let unit = sales.unit.as_str();
    let money = |key, title| Column::number(key, title, unit, Show::Fitting);
    let mut columns = vec![
        Column::text("place", "Market"),
        Column::text("place_name", "").unless_all(Cell::Missing),
        Column::text("where", ""),
        money("before", "Before"),
        money("after", "After"),
    ];
    columns.extend(methods(accounts, unit, Show::Fitting));
    let mut part = Part::new("markets", "Change laid to the closure, by market", columns);
    let closed = &accounts[0].closed;
    let change = |account: &Account, j: usize| {
        if j == exporter {
            account.value.turned_home.unwrap_or(f64::NAN)
        } else if closed.contains(&j) {
            account.fill.iter().find(|fill| fill.market == j).map_or(f64::NAN, |fill| -fill.lost)
        } else {
            account.value.redirected[j]
        }
    };
    let size = |j: usize| match change(&accounts[0], j).abs() {
        size if size.is_nan() => -1.0,
        size => size,
    };
    let mut order = ranked(sales.places.len(), size);
    order.sort_by_key(|j| !closed.contains(j));
    for j in order {
        let before_after = sales.sales(exporter, j);
        if before_after == [None, None] {
            continue;
        }
        let place = if j == exporter {
            "home"
        } else if closed.contains(&j) {
            "closed"
        } else {
            "abroad"
        };
        let id = sales.places[j].as_str();
        let mut row = vec![id.into(), data.name_of("place", id).into(), place.into()];
        row.extend(before_after.map(Cell::from));
        row.extend(accounts.iter().map(|account| Cell::from(change(account, j))));
        part.push(row);
    }
    part.rows.truncate(top.map_or(usize::MAX, |top| top + closed.len()));
    part
}

/// Who replaced the exporter in each closed market, in percent of what it lost there.
fn fill(data: &Data, sales: &TwoYears, accounts: &[Account], top: Option<usize>) -> Part {
    let mut columns = vec![
        Column::text("market", "Closed market"),
        Column::text("place", "Seller"),
        Column::text("place_name", "").unless_all(Cell::Missing),
    ];
    columns.extend(methods(accounts, "percent", Show::Decimals(1)));
    let mut part = Part::new("fill", "Who replaces the exporter, of what it lost there", columns);
    for (at, first) in accounts[0].fill.iter().enumerate() {
        let share = |account: &Account, m: usize| {
            let fill = account.fill.iter().find(|fill| fill.market == first.market);
            fill.map_or(f64::NAN, |fill| fill.shares[m])
        };
        let known = |m: usize| accounts.iter().any(|account| share(account, m).is_finite());
        let size = |m: usize| match share(&accounts[0], m) {
            size if size.is_nan() => f64::NEG_INFINITY,
            size => size,
        };
        debug_assert_eq!(accounts[0].fill[at].market, first.market);
        let sellers = ranked(sales.places.len(), size);
        let sellers = sellers.into_iter().filter(|&m| m != accounts[0].exporter && known(m));
        for m in sellers.take(top.unwrap_or(usize::MAX)) {
            let id = sales.places[m].as_str();
            let market = sales.places[first.market].as_str();
            let mut row = vec![market.into(), id.into(), data.name_of("place", id).into()];
            row.extend(accounts.iter().map(|account| Cell::from(100.0 * share(account, m))));
            part.push(row);
        }
    }
    part
}

/// At what discount on the price in the closed markets other buyers were found.
fn prices(data: &Data, sales: &TwoYears, found: &[ExPost]) -> Part {
    let mut part = Part::new(
        "prices",
        "Discount on the unit value in the closed markets before",
        vec![
            Column::text("place", "Market"),
            Column::text("place_name", "").unless_all(Cell::Missing),
            Column::number("discount", "Discount", "percent", Show::Decimals(1)),
        ],
    );
    // Unit values are those of the rows, whatever the method.
    let Some(prices) = found.first().and_then(|f| f.prices.as_ref()) else { return part };
    for (j, discount) in prices.discount.iter().enumerate().filter(|(_, d)| d.is_finite()) {
        let id = sales.places[j].as_str();
        part.push(vec![id.into(), data.name_of("place", id).into(), (100.0 * discount).into()]);
    }
    part
}
