//! The counterfactuals of docs/replications give the published figures, and the tables are theirs.
//!
//! As in `replications.rs`: the test runs the commands of a page, with the scenario file that
//! stands on it, compares, and holds the tables on the page to what came out; with
//! `EMPORION_REWRITE=1` it writes the tables instead. Data beside the checkout.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use common::Desk;
use common::pages::{agreed, block, commands, hold, minus, page_text, reference, section};
use emporion_brief::stages::world::World;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::{
    Imbalances, OneSectorOptions, Shocks, gains_from_trade, one_sector,
};
use emporion_tables::Table;
use emporion_tables::case::Case;
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::sum::Missing;
use serde_json::Value;

/// Percent against the independent solution, on a scale of at least one hundred: its coefficients
/// and numbers carry 14 digits.
const EXACT_PERCENT: f64 = 1e-9;
/// Percent against the independent solution of NAFTA: the paper's shares of value added and inputs
/// miss one by up to 4e-7, and in long tables value added is what inputs leave of output.
const SHARES: f64 = 1e-7;
/// Percentage points against the guide, whose loop stops at 0.01: (median, largest).
const STOPPED: (f64, f64) = (0.1, 0.9);
/// With incomes held there is no loop over prices to stop early.
const CONDITIONAL: (f64, f64) = (0.001, 0.01);
/// The same for exports; the largest is Hong Kong's, whose own sales are close to nothing.
const STOPPED_EXPORTS: (f64, f64) = (0.5, 35.5);
/// The formula beside the solver: rounding, in percent.
const IDENTITY: f64 = 1e-10;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|v| v.as_str().expect("a name").into()).collect()
}

/// Runs the only command above a table.
fn run(desk: &Desk, page: &str, table: &str) -> Value {
    let commands = commands(&section(&page_text(page), page, table));
    let [command] = &commands[..] else { panic!("{page}, {table}: one command") };
    desk.line(&format!("{command} --format json")).json()
}

/// A column of the rows, by place.
fn column(found: &Value, key: &str) -> BTreeMap<String, f64> {
    let rows = found["rows"].as_array().expect("rows");
    let cell = |row: &Value| {
        let place = row["place"].as_str().expect("a place").to_owned();
        (place, row[key].as_f64().unwrap_or_else(|| panic!("{key}: {row}")))
    };
    rows.iter().map(cell).collect()
}

/// Median and largest distance.
fn apart(a: &[f64], b: &[f64]) -> (f64, f64) {
    assert_eq!(a.len(), b.len());
    let mut gaps: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect();
    gaps.sort_by(f64::total_cmp);
    (gaps[gaps.len() / 2], gaps[gaps.len() - 1])
}

#[test]
fn trade_without_borders() {
    const PAGE: &str = "trade-without-borders.md";
    let Some(folder) = reference("simulate/advanced_guide") else { return };
    let want = json(&folder.join("trade_without_borders.json"));
    let places = names(&want["countries"]);
    let desk = Desk::new();
    let raw = std::fs::read_to_string(folder.join("trade_2006.csv")).expect("trade_2006.csv");
    let mut text = String::new();
    for (at, line) in raw.lines().enumerate() {
        let line = line.trim_end();
        let mut ids = line.split(',');
        let abroad = if ids.next() == ids.next() { "0" } else { "1" };
        let last = if at == 0 { "BRDR" } else { abroad };
        let line = if at == 0 {
            line.replace("exporter", "origin").replace("importer", "destination")
        } else {
            line.to_owned()
        };
        writeln!(text, "{line},{last}").expect("text");
    }
    desk.write("trade.csv", &text);
    desk.write("borders.toml", &block(&page_text(PAGE), "toml"));

    let fit = run(&desk, PAGE, "estimate");
    let mut table = "| term | printed | emporion |\n| --- | --- | --- |\n".to_owned();
    for (term, printed) in
        [("log(DIST)", "-0.7912879"), ("CNTG", "0.6736456"), ("BRDR", "-2.47445")]
    {
        let rows = fit["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["term"] == term).expect(term);
        let (printed, ours) =
            agreed(PAGE, term, printed, row["coefficient"].as_f64().expect("a number"));
        writeln!(table, "| {term} | {printed} | {ours} |").expect("text");
    }
    hold(PAGE, "estimate", &table);

    let found = run(&desk, PAGE, "countries");
    assert_eq!(found["solutions"][0]["status"], "converged");
    let price_index = column(&found, "price_index");
    let germany = 1.0 + price_index["DEU"] / 100.0;
    let list = |key: &str, by: f64| -> Vec<f64> {
        let values = column(&found, key);
        places.iter().map(|p| 100.0 * ((1.0 + values[p] / 100.0) / by - 1.0)).collect()
    };
    let outcomes = [
        ("Exports, incomes held", "change_Xi_CDL", list("exports_conditional", 1.0), CONDITIONAL),
        ("Exports", "change_Xi_FULL", list("exports", germany), STOPPED_EXPORTS),
        ("Real GDP", "change_rGDP_FULL", list("real_wage", 1.0), STOPPED),
        ("Consumer price index", "change_IMR_FULL", list("price_index", germany), STOPPED),
        ("Factory gate price", "change_price_FULL", list("wage", germany), STOPPED),
    ];
    let mut shown =
        "| country | outcome | printed | emporion |\n| --- | --- | --- | --- |\n".to_owned();
    for place in ["BOL", "DEU", "HKG", "USA"] {
        let at = places.iter().position(|p| p == place).expect(place);
        for (title, field, ours, _) in &outcomes {
            let printed = numbers(&want["published"][field])[at];
            let line = format!("| {place} | {title} | {printed:.2} | {:.2} |\n", ours[at]);
            shown.push_str(&minus(line));
        }
    }
    hold(PAGE, "countries", &shown);
    let mut table =
        "| outcome | to the guide: median | largest | to the independent solution: largest |\n\
                     | --- | --- | --- | --- |\n"
            .to_owned();
    for (title, field, ours, (median_bar, largest_bar)) in &outcomes {
        let (median, largest) = apart(ours, &numbers(&want["published"][field]));
        assert!(median < *median_bar, "{field}: median {median}");
        assert!(largest < *largest_bar, "{field}: largest {largest}");
        let exact = match want["exact"].get(field) {
            None => String::new(),
            Some(exact) => {
                let exact = numbers(exact);
                let scale = exact.iter().fold(100.0, |m: f64, v| m.max(v.abs()));
                let (_, largest) = apart(ours, &exact);
                assert!(largest <= EXACT_PERCENT * scale, "{field}: {largest:e}");
                "below 1e-9 of the scale".into()
            }
        };
        writeln!(table, "| {title} | {median:.3} | {largest:.2} | {exact} |").expect("text");
    }
    hold(PAGE, "distances", &table);
}

const PLACES: usize = 31;
const SECTORS: usize = 40;
const TRADED: usize = 20;

/// The paper's matrices as long tables.
fn write_nafta(desk: &Desk, folder: &Path, places: &[String]) {
    let matrix = |name: &str| -> Vec<f64> {
        let text = std::fs::read_to_string(folder.join(name)).expect(name);
        text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
    };
    let sector = |j: usize| format!("s{:02}", j + 1);
    let (trade, old, new) =
        (matrix("xbilat1993.txt"), matrix("tariffs1993.txt"), matrix("tariffs2005.txt"));
    let (output, value_added, inputs, theta) =
        (matrix("GO.txt"), matrix("B.txt"), matrix("IO.txt"), matrix("T.txt"));
    let nafta = ["Canada", "Mexico", "USA"];
    let mut flows = "origin,destination,product,value,unit\n".to_owned();
    let mut tariffs = "origin,destination,product,tariff\n".to_owned();
    let (mut schedule, mut bought) =
        (tariffs.clone(), "place,using_product,supplying_product,value\n".to_owned());
    let mut elasticities = "product,theta\n".to_owned();
    for j in 0..SECTORS {
        let name = sector(j);
        let value = if j < TRADED { theta[j] } else { 8.22 };
        writeln!(elasticities, "{name},{value}").expect("text");
        for i in 0..PLACES {
            let mut exports = 0.0;
            for d in (0..PLACES).filter(|&d| d != i && j < TRADED) {
                let cell = (j * PLACES + d) * PLACES + i;
                let ids = format!("{},{},{name}", places[i], places[d]);
                let sold = 1000.0 * trade[cell];
                exports += sold;
                if sold > 0.0 {
                    writeln!(flows, "{ids},{sold},USD").expect("text");
                }
                writeln!(tariffs, "{ids},{}", old[cell]).expect("text");
                if nafta.contains(&&*places[i]) && nafta.contains(&&*places[d]) {
                    writeln!(schedule, "{ids},{}", new[cell]).expect("text");
                }
            }
            // Exports beyond the recorded output raise output.
            let own = (output[j * PLACES + i] - exports).max(0.0);
            writeln!(flows, "{0},{0},{name},{own},USD", places[i]).expect("text");
            let share = 1.0 - value_added[j * PLACES + i];
            for k in 0..SECTORS {
                let cost = inputs[(i * SECTORS + k) * SECTORS + j] * share * (own + exports);
                writeln!(bought, "{},{name},{},{cost}", places[i], sector(k)).expect("text");
            }
        }
    }
    for (file, text) in [
        ("flows.csv", flows),
        ("inputs.csv", bought),
        ("tariffs.csv", tariffs),
        ("elasticities.csv", elasticities),
        ("nafta.csv", schedule),
    ] {
        desk.write(file, &text);
    }
}

#[test]
fn nafta() {
    const PAGE: &str = "nafta.md";
    let Some(folder) = reference("simulate/caliendo_parro") else { return };
    let want = json(&folder.join("nafta_zero_deficits.json"));
    let places = names(&want["regions"]);
    let desk = Desk::new();
    write_nafta(&desk, &folder, &places);
    desk.write("nafta.toml", &block(&page_text(PAGE), "toml"));
    let found = run(&desk, PAGE, "2");
    let keys = ["terms_of_trade", "volume_of_trade", "welfare_first_order", "real_wage", "welfare"];
    for (key, field) in keys.into_iter().zip([
        "terms_of_trade_pct",
        "volume_of_trade_pct",
        "welfare_first_order_pct",
        "real_wage_pct",
        "welfare_exact_pct",
    ]) {
        let ours = column(&found, key);
        let ours: Vec<f64> = places.iter().map(|p| ours[p]).collect();
        let (_, largest) = apart(&ours, &numbers(&want["exact"][field]));
        println!("{field}: {largest:.1e}");
        assert!(largest <= SHARES, "{field}: {largest:e}");
    }
    let mut table =
        "| country | effect | printed | emporion |\n| --- | --- | --- | --- |\n".to_owned();
    let columns = keys.map(|key| column(&found, key));
    for place in ["Canada", "Mexico", "USA"] {
        for ((title, field), values) in [
            ("Terms of trade", "tot"),
            ("Volume of trade", "vot"),
            ("Welfare, first order", "welfare"),
            ("Real wage", "realwage"),
        ]
        .into_iter()
        .zip(&columns)
        {
            let printed = want["published"][place][field].as_f64().expect("printed");
            let (printed, ours) = agreed(PAGE, field, &format!("{printed:.2}"), values[place]);
            writeln!(table, "| {place} | {title} | {printed} | {ours} |").expect("text");
        }
        let exact = minus(format!("{:.4}", columns[4][place]));
        writeln!(table, "| {place} | Welfare, exact | | {exact} |").expect("text");
    }
    hold(PAGE, "2", &table);
}

/// Changes of welfare in autarky, percent, by the formula, after the deficits are removed.
fn by_formula(flows: &SquareFlows) -> Vec<f64> {
    let options =
        OneSectorOptions { imbalances: Imbalances::RemovedFirst, ..OneSectorOptions::default() };
    let solved = one_sector(flows, &Shocks::none(flows.n), &options).expect("a world");
    let balanced = SquareFlows::new(flows.n, solved.baseline_trade).expect("flows");
    let gains = gains_from_trade(&balanced, 4.0).expect("gains");
    gains.gains.iter().map(|gain| -100.0 * gain).collect()
}

/// Holds the table of some places to solver and formula, which must agree everywhere.
fn gains(name: &str, found: &Value, places: &[String], formula: &[f64], stored: Option<&[f64]>) {
    const PAGE: &str = "gains-from-trade.md";
    let solver = column(found, "welfare");
    assert_eq!(solver.len(), places.len());
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| formula[a].total_cmp(&formula[b]).then(a.cmp(&b)));
    let mut table = "| place | solver | formula |\n| --- | --- | --- |\n".to_owned();
    for (rank, &at) in order.iter().enumerate() {
        let ours = solver[&places[at]];
        let gap = (ours - formula[at]).abs();
        assert!(gap <= IDENTITY, "{}: {ours} and {}", places[at], formula[at]);
        if let Some(stored) = stored {
            assert!((ours - stored[at]).abs() <= EXACT_PERCENT, "{}: {ours}", places[at]);
        }
        if rank < 5 || rank + 5 >= order.len() {
            let line = format!("| {} | {ours:.6} | {:.6} |", places[at], formula[at]);
            writeln!(table, "{}", minus(line)).expect("text");
        }
    }
    hold(PAGE, name, &table);
}

#[test]
fn gains_from_trade_by_formula_and_solver() {
    const PAGE: &str = "gains-from-trade.md";
    let desk = Desk::new();
    let scenario = block(&page_text(PAGE), "toml");
    desk.write("autarky.toml", &scenario);
    let found = run(&desk, PAGE, "gains");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/world-2022");
    let case = Case::open(&folder).expect("the case");
    let table = case.flows().expect("flows");
    let rows: Vec<usize> = (0..table.rows()).collect();
    let world = World::new(table, &rows, &case.hierarchy(), Missing::Zero).expect("a world");
    gains("gains", &found, &world.places, &by_formula(&world.flows), None);

    let Some(folder) = reference("simulate/wiod44") else { return };
    let want = json(&folder.join("acr_gains_balanced.json"));
    let places = names(&want["countries"]);
    let flows = std::fs::read_to_string(folder.join("flows_balanced.csv")).expect("flows");
    let flows = flows.replace("exporter", "origin").replace("importer", "destination");
    desk.write("wiod.csv", &flows);
    let (before, rest) = scenario.split_once("WORLD = [").expect("the group");
    let (_, after) = rest.split_once(']').expect("its end");
    desk.write("autarky.toml", &format!("{before}WORLD = {places:?}{after}"));
    let line = format!("{} --format json", commands(&section(&page_text(PAGE), PAGE, "wiod"))[0]);
    let found = desk.line(&line).json();
    desk.write("wiod.csv", &flows.replace("trade", "value"));
    let table = Table::read(&desk.file("wiod.csv")).expect("flows");
    let rows: Vec<usize> = (0..table.rows()).collect();
    let world = World::new(&table, &rows, &Hierarchy::default(), Missing::Refuse).expect("a world");
    assert_eq!(world.places, places);
    let stored: Vec<f64> = numbers(&want["welfare_autarky_hat"]["4.0"])
        .iter()
        .map(|hat| 100.0 * (hat - 1.0))
        .collect();
    gains("wiod", &found, &places, &by_formula(&world.flows), Some(&stored));
}
