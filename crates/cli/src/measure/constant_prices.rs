//! `emporion measure constant-prices`: values at the prices of one year and volume indices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use emporion_model::measure::in_time::{Priced, PricedYear, constant_prices, gaps};
use emporion_tables::Table;
use emporion_tables::by_year::ByYear;

use super::record::words_or_none;
use super::{Figures, names, unit, year_of};
use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, Quote};
use crate::data::require;
use crate::failure::Failure;

/// The figures of each series, by its key.
type Series = BTreeMap<Vec<String>, Vec<Priced>>;

/// The series at current and at constant prices.
pub fn answer(arguments: &args::ConstantPrices, figures: &Figures<'_>) -> Result<Answer, Failure> {
    let keys: Vec<&str> = names(&arguments.by).into_iter().filter(|k| *k != "year").collect();
    require(figures.table(), &["year"])?;
    figures.comparable(&figures.rows)?;
    let deflator = read(arguments.deflator.as_ref(), "index")?;
    let rates = read(arguments.rates.as_ref(), "rate")?;
    // Refuses what would be counted twice among the parts of a series.
    let by_series: Vec<&str> = keys.iter().copied().chain(["year"]).collect();
    let totals = figures.sums(&figures.rows, &by_series)?;
    let series = priced(arguments, figures, &keys, deflator.as_ref(), rates.as_ref())?;

    let base = arguments.base;
    let title = match &deflator {
        Some(_) => format!("At constant prices of {base}"),
        None if arguments.constant_rate => {
            format!("At current prices, in another currency at the rates of {base}")
        }
        None => "At current prices, in another currency".to_owned(),
    };
    let mut answer = figures.answer("constant-prices", title);
    let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
    answer.option("deflator", path(&arguments.deflator));
    answer.option("rates", path(&arguments.rates));
    let quote = arguments.quote.map(|quote| match quote {
        Quote::NewPerOld => "new-per-old",
        Quote::OldPerNew => "old-per-new",
    });
    answer.option("quote", quote);
    answer.option("constant_rate", arguments.constant_rate);
    answer.option("base", base);
    answer.option("by", arguments.by.clone());
    answer.option("place_column", arguments.place_column.clone());
    figures.describe(&mut answer, totals.iter().map(|(_, sum)| sum));
    let current = arguments.unit.clone().unwrap_or_else(|| unit(totals.iter().map(|(_, s)| s)));
    let constant = match (&deflator, arguments.constant_rate) {
        (Some(_), _) => format!("{current} at prices of {base}"),
        (None, true) => format!("{current} at the rates of {base}"),
        (None, false) => current.clone(),
    };
    let constant = constant.trim_start().to_owned();
    let mut columns = columns(figures, &keys, &current, base);
    for column in columns.iter_mut().filter(|column| column.key == "constant") {
        column.unit.clone_from(&constant);
        if deflator.is_none() {
            // Without prices it repeats the column before it.
            column.show = Show::Hidden;
        }
    }
    let mut part = Part::new("rows", "", columns);
    let mut all_gaps = Vec::new();
    for (key, priced) in &series {
        let found = constant_prices(priced, base)?;
        let name = if key.is_empty() { "the series".to_owned() } else { key.join(" ") };
        let years: Vec<i32> = found.iter().map(|year| year.year).collect();
        if found.iter().all(|year| year.volume_index.is_none()) {
            let message = format!("{name} has no trade in {base}: no index to that year");
            answer.note(Advice::new("no_base_year", message, 1));
        }
        let lack = gaps(&years);
        if !lack.is_empty() {
            all_gaps.push(format!("{name}: {}", words_or_none(&lack)));
        }
        for year in &found {
            let mut row = figures.key_cells(&keys, key);
            row.extend(cells(year, deflator.is_some()));
            part.push(row);
        }
    }
    answer.parts.push(part);
    answer.count("base", "Base year", "", Show::Year, f64::from(base));
    if deflator.is_none() {
        let message =
            "no deflator: values are at current prices, and nothing tells prices from volumes";
        answer.note(Advice::new("no_deflator", message, 1));
    }
    let label = if deflator.is_some() { "Unit of constant prices" } else { "Unit" };
    answer.say("unit", label, constant);
    let gaps = if all_gaps.is_empty() { "none".to_owned() } else { all_gaps.join("; ") };
    answer.say("gaps", "Years without a figure", gaps);
    let convention = match (&deflator, arguments.constant_rate) {
        (Some(_), false) => "fixed base, parts deflated one by one and added",
        (Some(_), true) => {
            "fixed base, parts converted at the rate of the base year, deflated one by one and added"
        }
        (None, false) => "parts converted at the rate of their year and added",
        (None, true) => "parts converted at the rate of the base year and added",
    };
    answer.say("convention", "Convention", convention);
    Ok(answer)
}

/// The file of a deflator or of rates.
fn read(path: Option<&PathBuf>, column: &str) -> Result<Option<ByYear>, Failure> {
    let Some(path) = path else { return Ok(None) };
    Ok(Some(ByYear::new(&Table::read(path)?, column)?))
}

/// Every figure with its rate and its index; a missing one is refused by name.
fn priced(
    arguments: &args::ConstantPrices,
    figures: &Figures<'_>,
    keys: &[&str],
    deflator: Option<&ByYear>,
    rates: Option<&ByYear>,
) -> Result<Series, Failure> {
    let tables = || [deflator, rates].into_iter().flatten();
    let place = arguments.place_column.as_str();
    let mut columns: Vec<&str> = keys.to_vec();
    columns.push("year");
    let mut place_at = None;
    let mut product_at = None;
    for (needed, column, at) in [
        (tables().any(ByYear::by_place), place, &mut place_at),
        (tables().any(ByYear::by_product), "product", &mut product_at),
    ] {
        if needed {
            require(figures.table(), &[column])?;
            *at = Some(columns.len());
            columns.push(column);
        }
    }
    let mut series = Series::new();
    for (key, sum) in figures.sums(&figures.rows, &columns)? {
        let year = year_of(&key[keys.len()])?;
        let text = |at: Option<usize>| at.map_or("", |at| key[at].as_str());
        let look = |table: Option<&ByYear>, year: i32| match table {
            None => Ok(1.0),
            Some(table) => table.at(year, text(place_at), text(product_at)).map_err(Failure::new),
        };
        let rate = look(rates, if arguments.constant_rate { arguments.base } else { year })?;
        let rate = if arguments.quote == Some(Quote::OldPerNew) { 1.0 / rate } else { rate };
        series.entry(key[..keys.len()].to_vec()).or_default().push(Priced {
            year,
            value: sum.value,
            rate,
            price: look(deflator, year)?,
            price_base: look(deflator, arguments.base)?,
        });
    }
    Ok(series)
}

fn columns(figures: &Figures<'_>, keys: &[&str], unit: &str, base: i32) -> Vec<Column> {
    let mut columns = figures.key_columns(keys);
    let index = |key, title| Column::number(key, title, format!("{base} = 100"), Show::Decimals(2));
    columns.extend([
        Column::number("year", "Year", "", Show::Year),
        Column::number("current", "Current\nprices", unit, Show::Fitting),
        Column::number(
            "constant",
            format!("Prices\nof {base}"),
            format!("{unit} at prices of {base}"),
            Show::Fitting,
        ),
        index("price_index", "Prices").unless_all(Cell::Missing),
        index("value_index", "Value"),
        index("volume_index", "Volume").unless_all(Cell::Missing),
        Column::number("volume_growth", "Volume\ngrowth", "percent", Show::Decimals(2))
            .unless_all(Cell::Missing),
    ]);
    columns
}

/// Prices and volumes are known with a deflator alone.
fn cells(year: &PricedYear, deflated: bool) -> [Cell; 7] {
    let known = |value: Option<f64>| Cell::from(value.filter(|_| deflated));
    [
        Cell::Number(f64::from(year.year)),
        year.current.into(),
        year.constant.into(),
        known(year.price_index),
        year.value_index.into(),
        known(year.volume_index),
        known(year.volume_growth),
    ]
}
