//! Trade indices and export potential on the rows of the case.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::measure::bilateral::Bilateral;
use emporion_model::measure::concentration::{ConcentrationOptions, concentration};
use emporion_model::measure::intensity::{World, trade_intensity};
use emporion_model::measure::penetration::market_penetration;
use emporion_model::measure::similarity::{Overlap, complementarity, finger_kreinin};
use emporion_model::measure::specialisation::specialisation;
use emporion_model::outcome::InputError;
use emporion_model::panel::PlaceProduct;
use emporion_tables::Table;
use emporion_tables::bilateral::{Labels, Reading, bilateral};
use emporion_tables::hierarchy::Hierarchy;
use emporion_tables::named::with_ids;
use emporion_tables::sum::Missing;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error};

use super::rows::{Selection, name_of};
use crate::book::{Book, refuse};
use crate::cell::{Cell, Ground};
use crate::value::Number;

/// Registers the functions of this file.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("intensity", move |kwargs: Kwargs| intensity(&b, &kwargs));
    let b = Arc::clone(book);
    env.add_function("complementarity", move |kwargs: Kwargs| {
        baskets(&b, &kwargs, "complementarity", complementarity)
    });
    let b = Arc::clone(book);
    env.add_function("similarity", move |kwargs: Kwargs| {
        baskets(&b, &kwargs, "similarity", finger_kreinin)
    });
    let b = Arc::clone(book);
    env.add_function("export_profile", move |kwargs: Kwargs| profile(&b, &kwargs));
}

/// The bilateral tables of a question, one for each year asked, and what a number needs.
pub struct Asked<'a> {
    book: &'a Book,
    /// Name of the function.
    verb: &'static str,
    options: BTreeMap<String, String>,
    /// Ids of places and products.
    pub labels: Labels,
    /// One table, or one for each year of the two periods.
    pub tables: Vec<Bilateral>,
    /// How many of them are of the first period.
    pub before: usize,
    /// Unit of the flows.
    pub unit: String,
    period: String,
    scope: String,
    side: String,
    ground: Ground,
}

impl<'a> Asked<'a> {
    /// Reads the rows that fit all options but the function's own.
    ///
    /// # Errors
    ///
    /// As the guarded sum of the rows; an option that is missing or that nobody knows.
    pub fn new(
        book: &'a Book,
        kwargs: &Kwargs,
        verb: &'static str,
        own: &[&str],
    ) -> Result<Self, Error> {
        let mut options = BTreeMap::new();
        for name in own {
            if let Some(value) = kwargs.get::<Option<Value>>(name)? {
                options.insert((*name).to_owned(), told(&value)?);
            }
        }
        let quantity = options.get("quantity").cloned();
        let selection = Selection::excluding(book, kwargs, own)?;
        kwargs.assert_all_used()?;
        options.extend(selection.options());
        let table = selection.table(book)?;
        let rows = selection.rows(table)?;
        let (groups, before, period) = match (options.get("from"), options.get("to")) {
            (Some(from), Some(to)) => {
                let (before, after) = (years(from)?, years(to)?);
                if before.iter().any(|year| after.contains(year)) {
                    return Err(refuse(format!("{verb}(): from and to share a year")));
                }
                let all = before.iter().chain(&after);
                let groups = all.map(|year| of_year(table, &rows, year));
                let groups: Vec<Vec<usize>> = groups.collect::<Result<_, _>>()?;
                (groups, before.len(), format!("{from}\u{2013}{to}"))
            }
            (Some(_), None) | (None, Some(_)) => {
                return Err(refuse(format!("{verb}() needs from and to: two years, or neither")));
            }
            _ => {
                let first = rows.first().copied();
                let year = first.and_then(|row| table.label("year", row)).unwrap_or_default();
                (vec![rows], 1, year)
            }
        };
        let all = groups.concat();
        let hierarchy: Hierarchy = book.case.hierarchy();
        let labels = Labels::of(table, &all).map_err(|report| refuse(report.to_string()))?;
        let reading = Reading {
            value: "value",
            quantity: quantity.as_deref(),
            missing: Missing::Refuse,
            hierarchy: &hierarchy,
        };
        let mut tables = Vec::new();
        let (mut unit, mut scope, mut side) = Default::default();
        for rows in &groups {
            let (made, whole) = bilateral(table, rows, &labels, reading)
                .map_err(|report| refuse(report.to_string()))?;
            unit = whole.unit.unwrap_or_default();
            scope = whole.scope.unwrap_or_default();
            side = whole.side.unwrap_or_default();
            tables.push(made);
        }
        let ground = Ground::default().and(&book.case, table, &all);
        Ok(Self { book, verb, options, labels, tables, before, unit, period, scope, side, ground })
    }

    /// Positions of a place, of the members of a group, or of a list of these.
    ///
    /// # Errors
    ///
    /// An id without a row.
    pub fn members(&self, option: &str) -> Result<Vec<usize>, Error> {
        let text = self.options.get(option).ok_or_else(|| {
            refuse(format!("{}() needs {option}: the id of a place or a group", self.verb))
        })?;
        let mut found = Vec::new();
        for part in text.split('/') {
            let ids = self.book.case.members(part).unwrap_or_else(|| vec![part.to_owned()]);
            let known: Vec<usize> = ids.iter().filter_map(|id| self.labels.place(id)).collect();
            if known.is_empty() {
                return Err(refuse(format!(
                    "{}(): no row selected has the place {part:?}; check the id",
                    self.verb
                )));
            }
            found.extend(known);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The one place of an option.
    ///
    /// # Errors
    ///
    /// As [`Asked::members`], and a group.
    pub fn one(&self, option: &str) -> Result<usize, Error> {
        match self.members(option)?[..] {
            [place] => Ok(place),
            _ => Err(refuse(format!("{}() takes one place as {option}, not a group", self.verb))),
        }
    }

    /// An option in words.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// The year of the rows, where it is one.
    #[must_use]
    pub fn year(&self) -> Option<&str> {
        Some(self.period.as_str()).filter(|_| self.tables.len() == 1)
    }

    /// Names of the places of an option.
    #[must_use]
    pub fn names(&self, option: &str) -> String {
        let text = self.options.get(option).map_or("all places", String::as_str);
        let names: Vec<String> = text.split('/').map(|id| name_of(self.book, id)).collect();
        names.join(" and ")
    }

    /// A number of the answer with its trace.
    pub fn number(
        &self,
        figure: &str,
        label: String,
        value: Option<f64>,
        unit: &str,
        text: &str,
    ) -> Value {
        let mut options = self.options.clone();
        options.insert("figure".into(), figure.to_owned());
        let mut cell = Cell::new(self.verb, options, label, value);
        cell.unit = unit.to_owned();
        cell.period.clone_from(&self.period);
        cell.scope.clone_from(&self.scope);
        cell.side.clone_from(&self.side);
        cell.computation.text = format!("{text}; sales of a place to itself left out");
        Number::value(self.book.enter(cell.with_ground(&self.ground)))
    }

    /// A kernel's refusal under the function's name, with ids in place of positions.
    pub fn refused(&self, error: &InputError) -> Error {
        let text = with_ids(&error.to_string(), &self.labels.places, &self.labels.products);
        refuse(format!("{}(): {text}", self.verb))
    }

    /// Which exporters make up the world.
    ///
    /// # Errors
    ///
    /// A word that is neither of the two.
    pub fn world(&self) -> Result<World, Error> {
        match self.option("world").unwrap_or("with_source") {
            "with_source" => Ok(World::WithSource),
            "without_source" => Ok(World::WithoutSource),
            other => Err(refuse(format!(
                "world is \"with_source\" or \"without_source\", got {other:?}"
            ))),
        }
    }
}

/// An option as text; the items of a list joined by `/`.
pub(super) fn told(value: &Value) -> Result<String, Error> {
    Ok(match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| item.to_string()).collect::<Vec<_>>().join("/")
        }
        _ => value.to_string(),
    })
}

/// `2015`, or each year of `2013..2015`.
fn years(text: &str) -> Result<Vec<String>, Error> {
    let Some((first, last)) = text.split_once("..") else { return Ok(vec![text.to_owned()]) };
    let span = first.trim().parse::<i32>().ok().zip(last.trim().parse::<i32>().ok());
    match span {
        Some((first, last)) if first <= last && last - first <= 200 => {
            Ok((first..=last).map(|year| year.to_string()).collect())
        }
        _ => Err(refuse(format!("{text:?} is no range of years; write \"2013..2015\""))),
    }
}

fn of_year(table: &Table, rows: &[usize], wanted: &str) -> Result<Vec<usize>, Error> {
    let is = |row: &usize| table.label("year", *row).as_deref() == Some(wanted);
    let found: Vec<usize> = rows.iter().copied().filter(is).collect();
    if found.is_empty() {
        return Err(refuse(format!("no row selected is of the year {wanted}")));
    }
    Ok(found)
}

/// `intensity(exporter, market, world)`: trade intensity.
fn intensity(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let asked = Asked::new(book, kwargs, "intensity", &["exporter", "market", "world"])?;
    let (sources, destinations) = (asked.members("exporter")?, asked.members("market")?);
    let world = asked.world()?;
    let pairs = asked.tables[0].pairs().map_err(|error| asked.refused(&error))?;
    let found = trade_intensity(&pairs, &sources, &destinations, world)
        .map_err(|error| asked.refused(&error))?;
    let label =
        format!("trade intensity of {} with {}", asked.names("exporter"), asked.names("market"));
    let text = format!(
        "share of the market in the exporter's sales over its share in the world's; {}",
        world.words()
    );
    Ok(asked.number("intensity", label, Some(found.intensity), "", &text))
}

/// `complementarity(exporter, market)` and `similarity(exporter, other)`.
fn baskets(
    book: &Book,
    kwargs: &Kwargs,
    verb: &'static str,
    index: fn(&[f64], &[f64]) -> Result<Overlap, InputError>,
) -> Result<Value, Error> {
    let imports = verb == "complementarity";
    let other = if imports { "market" } else { "other" };
    let asked = Asked::new(book, kwargs, verb, &["exporter", other])?;
    let table = &asked.tables[0];
    let exports = table.exports().map_err(|error| asked.refused(&error))?;
    let others = if imports { table.imports() } else { table.exports() };
    let others = others.map_err(|error| asked.refused(&error))?;
    let own = basket(&exports, &asked.members("exporter")?);
    let found = index(&own, &basket(&others, &asked.members(other)?))
        .map_err(|error| asked.refused(&error))?;
    let (what, text) = match imports {
        true => ("complementarity", "100 less half the differences of export and import shares"),
        false => ("export similarity", "100 times the sum of the smaller shares (Finger-Kreinin)"),
    };
    let label = format!("{what} of {} with {}", asked.names("exporter"), asked.names(other));
    Ok(asked.number(verb, label, Some(found.index), "index, 0 to 100", text))
}

fn basket(table: &PlaceProduct, places: &[usize]) -> Vec<f64> {
    let m = table.products;
    let mut sum = vec![0.0; m];
    for place in places {
        let row = &table.values[place * m..(place + 1) * m];
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// `export_profile(exporter)`: concentration, specialisation and penetration of one place.
fn profile(book: &Book, kwargs: &Kwargs) -> Result<Value, Error> {
    let asked = Asked::new(book, kwargs, "export_profile", &["exporter"])?;
    let place = asked.one("exporter")?;
    let table = &asked.tables[0];
    let (n, m) = (asked.labels.places.len(), asked.labels.products.len());
    let (mut products, mut markets) = (vec![0.0; m], vec![0.0; n]);
    for flow in table.of_origin(place) {
        products[flow.product] += flow.value;
        markets[flow.destination] += flow.value;
    }
    let refused = |error: InputError| asked.refused(&error);
    let spread = |values: &[f64], lines| {
        let used: Vec<f64> = values.iter().copied().filter(|v| *v > 0.0).collect();
        concentration(&used, &ConcentrationOptions { lines: Some(lines) }).map_err(refused)
    };
    // A place is no market of its own.
    let (by_product, by_market) = (spread(&products, m)?, spread(&markets, n - 1)?);
    let reach = market_penetration(table, place).map_err(refused)?;
    let special = specialisation(&table.exports().map_err(refused)?).map_err(refused)?[place];
    let name = asked.names("exporter");
    let figure = |key: &'static str, what: &str, value, unit: &str, text: &str| {
        (key, asked.number(key, format!("{what}: {name}"), value, unit, text))
    };
    let index = "index, 1/n to 1";
    let lines = format!("over {m} products, zeros included, natural logarithm");
    Ok(Value::from_pairs([
        figure(
            "hhi_products",
            "concentration on products",
            Some(by_product.hhi),
            index,
            "sum of squared shares of products",
        ),
        figure(
            "hhi_markets",
            "concentration on markets",
            Some(by_market.hhi),
            index,
            "sum of squared shares of markets",
        ),
        figure(
            "hirschman",
            "Hirschmann index over products",
            Some(by_product.hirschman),
            "index",
            "root of the sum of squared shares of products",
        ),
        figure(
            "entropy",
            "trade entropy over markets",
            Some(by_market.entropy_bits * std::f64::consts::LN_2),
            "nats",
            "sum of s ln(1/s) over markets",
        ),
        figure("theil", "Theil index over products", Some(by_product.theil), "", &lines),
        figure(
            "theil_extensive",
            "extensive part of Theil",
            Some(by_product.theil_extensive),
            "",
            "ln(products / products exported)",
        ),
        figure(
            "theil_intensive",
            "intensive part of Theil",
            Some(by_product.theil_positive),
            "",
            "Theil index over the products exported",
        ),
        figure(
            "penetration",
            "export market penetration",
            Some(100.0 * reach.penetration),
            "percent",
            "pairs of product and market supplied, over those that import an exported product",
        ),
        figure(
            "krugman",
            "Krugman specialisation",
            special.map(|s| s.krugman),
            "index, 0 to 2",
            "sum of absolute differences from the shares in all exports",
        ),
        figure(
            "hachman",
            "Hachman index",
            special.map(|s| s.hachman),
            "index, 0 to 1",
            "1 over the mean location quotient, weighted by own shares",
        ),
    ]))
}
