//! Series at the prices of one year, and in another currency.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::in_time::{Priced, PricedYear, constant_prices, gaps};
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::in_time::{alike, by_year, ids, model};
use super::indicators::list;
use crate::book::{Book, refuse};
use crate::cell::Cell;
use crate::value::Number;

/// Registers `constant_prices`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("constant_prices", move |items: Vec<Value>, k: Kwargs| real(&b, &items, &k));
}

/// One number for each year that the author brings.
struct ByYear {
    what: &'static str,
    column: &'static str,
    cells: BTreeMap<i32, Arc<Cell>>,
}

impl ByYear {
    fn read(
        kwargs: &Kwargs,
        what: &'static str,
        column: &'static str,
    ) -> Result<Option<Self>, Error> {
        let Some(items) = kwargs.get::<Option<Vec<Value>>>(what)? else { return Ok(None) };
        let mut cells = BTreeMap::new();
        for (year, cell) in by_year(what, &items, column)? {
            if cells.insert(year, cell).is_some() {
                return Err(refuse(format!("{what} has two numbers for {year}: keep one")));
            }
        }
        Ok(Some(Self { what, column, cells }))
    }

    fn at(&self, year: i32) -> Result<(&Arc<Cell>, f64), Error> {
        let cell = self.cells.get(&year).and_then(|cell| cell.value.map(|value| (cell, value)));
        cell.ok_or_else(|| {
            let years: Vec<i32> = self.cells.keys().copied().collect();
            refuse(format!(
                "{} has no {} for {year}; it has {}; a missing year is not filled in",
                self.what,
                self.column,
                list(&years)
            ))
        })
    }
}

/// What the figures are brought to.
struct Terms {
    base: i32,
    prices: Option<ByYear>,
    rates: Option<ByYear>,
    /// Rates are units of the table for one new unit.
    old_per_new: bool,
    /// The rate of the base year holds for all.
    constant_rate: bool,
    unit: Option<String>,
}

impl Terms {
    fn read(kwargs: &Kwargs) -> Result<Self, Error> {
        let quote: Option<String> = kwargs.get("quote")?;
        let constant_rate: Option<bool> = kwargs.get("constant_rate")?;
        let terms = Self {
            base: kwargs.get("base")?,
            prices: ByYear::read(kwargs, "prices", "index")?,
            rates: ByYear::read(kwargs, "rates", "rate")?,
            old_per_new: match quote.as_deref() {
                None | Some("new_per_old") => false,
                Some("old_per_new") => true,
                Some(other) => {
                    return Err(refuse(format!(
                        "quote is \"new_per_old\" or \"old_per_new\", got {other:?}"
                    )));
                }
            },
            constant_rate: constant_rate.unwrap_or(false),
            unit: kwargs.get("unit")?,
        };
        kwargs.assert_all_used()?;
        let problem = if terms.prices.is_none() && terms.rates.is_none() {
            "needs prices, rates, or both"
        } else if terms.rates.is_some() && (quote.is_none() || terms.unit.is_none()) {
            "needs quote, \"new_per_old\" or \"old_per_new\", and unit, such as \"EUR mn\", with \
             rates"
        } else if terms.rates.is_none()
            && (quote.is_some() || terms.unit.is_some() || constant_rate.is_some())
        {
            "takes quote, unit and constant_rate with rates alone"
        } else {
            return Ok(terms);
        };
        Err(refuse(format!("constant_prices() {problem}")))
    }

    /// A figure with its rate and its index, and the numbers that these are.
    fn priced(&self, year: i32, value: f64) -> Result<(Priced, Options), Error> {
        let mut options = Options::default();
        let (mut price, mut price_base, mut rate) = (1.0, 1.0, 1.0);
        if let Some(prices) = &self.prices {
            price = options.keep("price", prices.at(year)?);
            price_base = options.keep("price_base", prices.at(self.base)?);
        }
        if let Some(rates) = &self.rates {
            let of = if self.constant_rate { self.base } else { year };
            rate = options.keep("rate", rates.at(of)?);
            let quote = if self.old_per_new { "old_per_new" } else { "new_per_old" };
            options.texts.insert("quote".into(), quote.into());
            options.texts.insert("constant_rate".into(), self.constant_rate.to_string());
            options.texts.insert("unit".into(), self.unit.clone().unwrap_or_default());
            if self.old_per_new {
                rate = 1.0 / rate;
            }
        }
        options.texts.insert("base".into(), self.base.to_string());
        Ok((Priced { year, value, rate, price, price_base }, options))
    }

    fn current(&self, unit: &str) -> String {
        self.unit.clone().unwrap_or_else(|| unit.to_owned())
    }

    fn constant(&self, unit: &str) -> String {
        let current = self.current(unit);
        match (&self.prices, self.constant_rate) {
            (Some(_), _) => format!("{current} at prices of {}", self.base),
            (None, true) => format!("{current} at the rates of {}", self.base),
            (None, false) => current,
        }
    }

    fn words(&self, year: i32) -> String {
        let base = self.base;
        let mut text = format!("value of {year}");
        if self.rates.is_some() {
            let of = if self.constant_rate { base } else { year };
            let sign = if self.old_per_new { '/' } else { '\u{d7}' };
            text += &format!(" {sign} rate of {of}");
        }
        if self.prices.is_some() {
            text += &format!(" \u{d7} index of {base} / index of {year}");
        }
        text
    }
}

/// The numbers that a figure at constant prices rests on.
#[derive(Default)]
struct Options {
    texts: BTreeMap<String, String>,
    cells: BTreeMap<String, Arc<Cell>>,
}

impl Options {
    fn keep(&mut self, name: &str, (cell, value): (&Arc<Cell>, f64)) -> f64 {
        self.texts.insert(name.into(), cell.id.clone());
        self.cells.insert(cell.id.clone(), Arc::clone(cell));
        value
    }
}

/// `constant_prices(items, prices, rates, quote, unit, constant_rate = false, base = 2015)`: the
/// items at the prices of one year, in another currency, or both.
fn real(book: &Book, items: &[Value], kwargs: &Kwargs) -> Result<Value, Error> {
    let terms = Terms::read(kwargs)?;
    let figures = by_year("constant_prices()", items, "value")?;
    alike("constant_prices()", figures.iter().map(|(_, cell)| cell))?;
    let years: Vec<i32> = figures.iter().map(|(year, _)| *year).collect();
    let lack = gaps(&years);
    let (mut lines, mut series) = (Vec::new(), Vec::new());
    for (year, figure) in &figures {
        let Some(value) = figure.value else { continue };
        let (priced, mut options) = terms.priced(*year, value)?;
        options.keep("value", (figure, value));
        series.push(priced);
        lines.push((*year, figure, priced, options));
    }
    let mut seen = Vec::new();
    let once = lines.iter().all(|line| {
        let new = !seen.contains(&line.0);
        seen.push(line.0);
        new
    });
    // One figure for each year is a series; several are parts, each by itself.
    let indices = match once && !series.is_empty() {
        true => constant_prices(&series, terms.base).map_err(model)?,
        false => Vec::new(),
    };
    let mut found = Vec::new();
    for (year, figure, priced, options) in &lines {
        let own = &constant_prices(&[*priced], terms.base).map_err(model)?[0];
        let number = |verb: &str, label: String, value: f64, unit: String, text: String| {
            let inputs = options.cells.values().map(AsRef::as_ref);
            let mut cell =
                Cell::new(verb, options.texts.clone(), label, Some(value)).with_inputs(inputs);
            cell.unit = unit;
            cell.bound.clone_from(&figure.bound);
            cell.period.clone_from(&figure.period);
            cell.side.clone_from(&figure.side);
            cell.scope.clone_from(&figure.scope);
            cell.computation.text = text;
            if !lack.is_empty() {
                cell.notes.push(format!("the series has no figure for {}", list(&lack)));
            }
            Number::value(book.enter(cell))
        };
        let label = match terms.prices {
            Some(_) => format!("{}, at prices of {}", figure.label, terms.base),
            None => format!("{}, in {}", figure.label, terms.constant(&figure.unit)),
        };
        let unit = terms.constant(&figure.unit);
        let value = number("constant-prices", label, own.constant, unit, terms.words(*year));
        let mut pairs = vec![("year", Value::from(*year)), ("value", value)];
        if terms.rates.is_some() && terms.prices.is_some() {
            let unit = terms.current(&figure.unit);
            let label = format!("{}, in {unit}", figure.label);
            let words = "value \u{d7} rate, at current prices".into();
            let current = number("current-prices", label, own.current, unit, words);
            pairs.push(("current", current));
        }
        if let Some(of_year) = indices.iter().find(|of| of.year == *year) {
            pairs.extend(index_numbers(book, &terms, of_year, (figure, &lines)));
        }
        found.push(Value::from_pairs(pairs));
    }
    Ok(found.into_iter().collect())
}

type Line<'a> = (i32, &'a Arc<Cell>, Priced, Options);

/// Price, value and volume index of a year and the growth of the volume; those of prices and
/// volumes with prices alone.
fn index_numbers(
    book: &Book,
    terms: &Terms,
    of: &PricedYear,
    (figure, lines): (&Cell, &[Line<'_>]),
) -> Vec<(&'static str, Value)> {
    let base = terms.base;
    let mut inputs: BTreeMap<&str, &Arc<Cell>> = BTreeMap::new();
    for (_, _, _, options) in lines {
        inputs.extend(options.cells.values().map(|cell| (cell.id.as_str(), cell)));
    }
    let series = ids(inputs.values().copied());
    let number = |key: &'static str, what: &str, value: Option<f64>, unit: String, text: &str| {
        let mut options = BTreeMap::from([
            ("figure".to_owned(), key.to_owned()),
            ("year".to_owned(), of.year.to_string()),
            ("series".to_owned(), series.clone()),
            ("base".to_owned(), base.to_string()),
        ]);
        if terms.rates.is_some() {
            let quote = if terms.old_per_new { "old_per_new" } else { "new_per_old" };
            options.insert("quote".into(), quote.into());
            options.insert("constant_rate".into(), terms.constant_rate.to_string());
        }
        let label = format!("{what}: {}", figure.label);
        let mut cell = Cell::new("constant-prices", options, label, value)
            .with_inputs(inputs.values().map(|cell| cell.as_ref()));
        cell.unit = unit;
        cell.period.clone_from(&figure.period);
        cell.side.clone_from(&figure.side);
        cell.scope.clone_from(&figure.scope);
        cell.computation.text = text.to_owned();
        (key, Number::value(book.enter(cell)))
    };
    let index = || format!("{base} = 100");
    let words = "100 \u{d7} value of the year / value of the base year, at current prices";
    let mut pairs = vec![number("value_index", "value index", of.value_index, index(), words)];
    if terms.prices.is_some() {
        let words = "100 \u{d7} value at current prices / value at constant prices (Paasche)";
        pairs.push(number("price_index", "price index", of.price_index, index(), words));
        let words = "100 \u{d7} value of the year / value of the base year, both at constant \
                     prices (Laspeyres)";
        pairs.push(number("volume_index", "volume index", of.volume_index, index(), words));
        let (what, words) = ("growth of the volume", "since the year before, at constant prices");
        pairs.push(number("volume_growth", what, of.volume_growth, "percent".into(), words));
    }
    pairs
}
