//! Where lost exports went, from the rows of two years, inside a brief.

use std::collections::BTreeMap;
use std::sync::Arc;

use emporion_model::outcome::Status as Outcome;
use emporion_model::simulate::{Approach, ExPost, ExPostOptions, Split, Yardstick};
use emporion_tables::Table;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error};

use super::flows::flows;
use crate::book::{Book, refuse, shown};
use crate::cell::{Cell, Ground};
use crate::stages::ex_post::{NOT_KNOWN, TwoYears};
use crate::value::Number;

/// Registers `ex_post`.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    let b = Arc::clone(book);
    env.add_function("ex_post", move |kwargs: Kwargs| observed(&b, &kwargs));
}

/// One account and what it was computed from.
struct Told<'a> {
    book: &'a Book,
    table: &'a Table,
    sales: TwoYears,
    exporter: usize,
    question: BTreeMap<String, String>,
    found: Option<ExPost>,
    reason: String,
}

/// `ex_post(exporter = "BLR", closed = ["EU27", "UKR"], before = 2021, after = 2022, ...)`.
fn observed(book: &Arc<Book>, kwargs: &Kwargs) -> Result<Value, Error> {
    let own = ["exporter", "closed", "before", "after", "method", "yardstick"];
    let exporter: String = kwargs.get("exporter")?;
    let wish: Value = kwargs.get("closed")?;
    let years: [i32; 2] = [kwargs.get("before")?, kwargs.get("after")?];
    let method: Option<String> = kwargs.get("method")?;
    let yardstick: Option<String> = kwargs.get("yardstick")?;
    let (table, rows, selection, absent) = flows(book, kwargs, &own)?;
    kwargs.assert_all_used()?;
    let wish: Vec<String> = match wish.kind() {
        ValueKind::Seq => wish.try_iter()?.map(|id| id.to_string()).collect(),
        _ => vec![wish.to_string()],
    };
    let method = method.unwrap_or_else(|| "naive".into());
    let options = ExPostOptions {
        method: match method.as_str() {
            "naive" => Approach::Naive,
            "market-share" => Approach::MarketShare,
            "ppml" => Approach::Ppml,
            other => {
                return Err(refuse(format!(
                    "ex_post() has no method {other:?}; it has naive, market-share and ppml"
                )));
            }
        },
        yardstick: match yardstick.as_deref() {
            None => None,
            Some("other-products") => Some(Yardstick::OtherProducts),
            Some("own-sales") => Some(Yardstick::OwnSales),
            Some("third-markets") => Some(Yardstick::ThirdMarkets),
            Some(other) => {
                return Err(refuse(format!(
                    "ex_post() has no yardstick {other:?}; it has other-products, own-sales and \
                     third-markets"
                )));
            }
        },
        ..ExPostOptions::default()
    };
    let sales = TwoYears::new(table, &rows, &book.case.hierarchy(), absent, years)
        .map_err(|report| shown(&report))?;
    // A group that rows name as one partner stays one.
    let own = |id: &String| sales.places.iter().any(|place| place == id);
    let expand = |id: &String| match book.case.members(id) {
        Some(members) if !own(id) => members,
        _ => vec![id.clone()],
    };
    let closed: Vec<String> = wish.iter().flat_map(expand).collect();
    let (found, reason) = match sales.account(&exporter, &closed, &options) {
        Ok(found)
            if found.status == Outcome::Converged || found.status == Outcome::NotIdentified =>
        {
            (Some(found), String::new())
        }
        Ok(found) => return Err(refuse(format!("ex_post(): the fit ended {:?}", found.status))),
        // What the rows do not hold is not known; the brief can say so.
        Err(report) if report.problems.iter().all(|problem| problem.code == NOT_KNOWN) => {
            let reasons = report.problems.iter().map(|problem| problem.remedy.clone());
            (None, reasons.collect::<Vec<_>>().join("; "))
        }
        Err(report) => return Err(shown(&report)),
    };
    let mut question = selection.options();
    question.extend([
        ("exporter".to_owned(), exporter.clone()),
        ("closed".to_owned(), wish.join("|")),
        ("before".to_owned(), years[0].to_string()),
        ("after".to_owned(), years[1].to_string()),
        ("method".to_owned(), method),
        ("yardstick".to_owned(), yardstick.unwrap_or_default()),
    ]);
    let position = sales.position(&exporter).map_err(|report| shown(&report))?;
    let told = Told { book, table, exporter: position, sales, question, found, reason };
    Ok(told.value(&closed))
}

impl Told<'_> {
    /// One number of the account; `market` narrows the rows of its trace.
    fn number(
        &self,
        what: &str,
        market: Option<usize>,
        years: &[i32],
        unit: &str,
        text: &str,
        value: Option<f64>,
    ) -> Value {
        let mut options = self.question.clone();
        options.insert("number".into(), what.to_owned());
        let of = market.map(|j| self.sales.places[j].as_str()).unwrap_or_default();
        options.insert("of".into(), of.to_owned());
        let exporter = &self.sales.places[self.exporter];
        let label = match market {
            None => format!("{what}, exports of {}", self.book.place(exporter)),
            Some(_) => format!(
                "{what}, exports of {} to {}",
                self.book.place(exporter),
                self.book.place(of)
            ),
        };
        let method = &self.question["method"];
        // The market-share and fitted methods stand on rivals' rows as well.
        let narrow = method == "naive";
        let fits = |row: usize, years: &[i32]| {
            let text = |column| self.table.text(column, row);
            let year = self.table.number("year", row).unwrap_or(f64::NAN);
            !narrow
                || text("origin") == Some(exporter)
                    && (of.is_empty() || text("destination") == Some(of))
                    && years.iter().any(|y| f64::from(*y) == year)
        };
        let select = |years: &[i32]| -> Vec<usize> {
            self.sales.rows.iter().copied().filter(|&row| fits(row, years)).collect()
        };
        let mut rows = select(years);
        // A figure that no row holds still has a trace: the rows of the other year.
        let absent = rows.is_empty();
        if absent {
            rows = select(&self.sales.years);
        }
        let ground = Ground::default().and(&self.book.case, self.table, &rows);
        let mut cell = Cell::new("ex_post", options, label, value).with_ground(&ground);
        cell.unit = unit.to_owned();
        cell.period = years.iter().map(i32::to_string).collect::<Vec<_>>().join(" to ");
        let first = |column| self.table.text(column, self.sales.rows[0]).unwrap_or_default();
        cell.scope = first("scope").to_owned();
        cell.side = first("side").to_owned();
        let inexact = |&row: &usize| self.table.text("bound", row).is_some_and(|b| b != "=");
        if rows.iter().any(inexact) {
            cell.bound = "~".into();
        }
        cell.computation.text = format!("{text}; method {method}");
        if absent {
            cell.notes.push(format!("no row selected is of {}", cell.period));
        } else if value.is_none() && !self.reason.is_empty() {
            cell.notes.push(self.reason.clone());
        }
        Number::value(self.book.enter(cell))
    }

    fn value(&self, closed: &[String]) -> Value {
        let account = self.found.as_ref().map(|found| &found.account);
        let both = self.sales.years;
        let unit = self.sales.unit.as_str();
        let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
        let money = |what: &str, text: &str, value: Option<f64>| {
            self.number(what, None, &both, unit, text, finite(value))
        };
        let share = |what: &str, text: &str, value: Option<f64>| {
            self.number(what, None, &both, "percent", text, finite(value).map(|v| 100.0 * v))
        };
        let value = account.map(|a| &a.value);
        let head = account.map(|a| a.headline());
        let kind = if account.is_some_and(|a| a.quantity.is_some()) { "quantity" } else { "value" };
        let of = |part: &str, kind: &str| format!("share of the lost {kind} {part}");
        let shares = |kind: &str, split: Option<&Split>| {
            [
                share(
                    &of("redirected abroad", kind),
                    "\u{3a3} R_j / L",
                    split.map(|s| s.share_abroad),
                ),
                share(&of("turned home", kind), "R_i / L", split.and_then(|s| s.share_home)),
                share(
                    &of("destroyed", kind),
                    "1 \u{2212} \u{3a3} R / L",
                    split.map(|s| s.share_destroyed),
                ),
            ]
        };
        let [abroad, home, destroyed] = shares(kind, head);
        let [value_abroad, value_home, value_destroyed] = shares("value", value);
        let closed: Vec<usize> =
            closed.iter().filter_map(|id| self.sales.position(id).ok()).collect();
        let mut order: Vec<usize> = (0..self.sales.places.len())
            .filter(|&j| self.sales.sales(self.exporter, j) != [None, None])
            .collect();
        let size = |j: usize| self.sales.sales(self.exporter, j)[0].unwrap_or(-1.0);
        order.sort_by(|&a, &b| size(b).total_cmp(&size(a)).then(a.cmp(&b)));
        order.sort_by_key(|j| !closed.contains(j));
        let markets: Value = order.into_iter().map(|j| self.market(j, &closed)).collect();
        Value::from_pairs([
            ("known", Value::from(account.is_some())),
            ("reason", Value::from(self.reason.clone())),
            (
                "lost",
                money(
                    "sales lost in the closed markets",
                    "\u{3a3} (X\u{303} \u{2212} X)",
                    value.map(|v| v.lost),
                ),
            ),
            ("abroad", abroad),
            ("home", home),
            ("destroyed", destroyed),
            ("value_abroad", value_abroad),
            ("value_home", value_home),
            ("value_destroyed", value_destroyed),
            ("markets", markets),
        ])
    }

    fn market(&self, j: usize, closed: &[usize]) -> Value {
        let account = self.found.as_ref().map(|found| &found.account);
        let unit = self.sales.unit.as_str();
        let [before, after] = self.sales.years;
        let [was, is] = self.sales.sales(self.exporter, j);
        let place = match j {
            j if j == self.exporter => "home",
            j if closed.contains(&j) => "closed",
            _ => "abroad",
        };
        let change = account.and_then(|a| match place {
            "home" => a.value.turned_home,
            "closed" => a.fill.iter().find(|fill| fill.market == j).map(|fill| -fill.lost),
            _ => Some(a.value.redirected[j]),
        });
        // What changed in one market is known where its two figures are, whatever is missing
        // elsewhere.
        let naive = self.question["method"] == "naive";
        let change = change.or_else(|| if naive { Some(is? - was?) } else { None });
        let share = account
            .filter(|_| place != "closed")
            .map(|a| 100.0 * a.headline().shares[j])
            .filter(|_| place != "home" || account.is_some_and(|a| a.value.turned_home.is_some()));
        let both = [before, after];
        let text = "X\u{2081} \u{2212} X\u{303}\u{2081}";
        let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
        Value::from_pairs([
            ("id", Value::from(self.sales.places[j].clone())),
            ("name", Value::from(self.book.place(&self.sales.places[j]))),
            ("where", Value::from(place)),
            ("before", self.number("before", Some(j), &[before], unit, "sum of the rows", was)),
            ("after", self.number("after", Some(j), &[after], unit, "sum of the rows", is)),
            ("change", self.number("change", Some(j), &both, unit, text, finite(change))),
            (
                "value",
                self.number(
                    "share of what was lost",
                    Some(j),
                    &both,
                    "percent",
                    "R_j / L",
                    finite(share),
                ),
            ),
        ])
    }
}
