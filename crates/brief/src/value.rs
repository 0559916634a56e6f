//! Numbers and rows as a template sees them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use emporion_tables::table::{Table, Values};
use minijinja::value::{DynObject, Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, State};

use crate::book::{Book, refuse};
use crate::cell::{Cell, Status};
use crate::number::{self, Style};

/// Opens a number marker in the rendered Markdown.
pub const OPEN: char = '\u{E000}';
/// Closes it.
pub const CLOSE: char = '\u{E001}';
/// Opens and closes a block marker.
pub const BLOCK: char = '\u{E002}';

/// A number in a template: prints as a marker that the renderer turns into text and trace.
#[derive(Debug, Clone)]
pub struct Number {
    /// The number.
    pub cell: Arc<Cell>,
    /// How it is to be shown.
    pub style: Style,
}

impl Number {
    /// The number in its default style.
    #[must_use]
    pub fn value(cell: Arc<Cell>) -> Value {
        Value::from_object(Self { cell, style: Style::default() })
    }

    /// Reads a number from a template value.
    ///
    /// # Errors
    ///
    /// When the value is something else.
    pub fn from_value(value: &Value) -> Result<Arc<Cell>, Error> {
        if let Some(number) = value.downcast_object_ref::<Self>() {
            return Ok(Arc::clone(&number.cell));
        }
        Err(refuse(if value.downcast_object_ref::<End>().is_some() {
            "an end of an interval is shown, not computed with: compute with the estimate".into()
        } else if value.downcast_object_ref::<Row>().is_some() {
            format!("expected a number, got {value}: name its column, such as .value")
        } else {
            format!("expected a number of this brief, got {} {value}", value.kind())
        }))
    }
}

/// The marker that stands for a number until the page is rendered.
#[must_use]
pub fn marker(id: &str, style: &Style) -> String {
    let decimals = style.decimals.map_or(String::new(), |d| d.to_string());
    let unit = style.unit.as_deref().unwrap_or("");
    let sign = if style.sign { "+" } else { "" };
    format!("{OPEN}{id};{decimals};{unit};{sign}{CLOSE}")
}

/// Reads the inside of a marker.
#[must_use]
pub fn parse_marker(inside: &str) -> Option<(&str, Style)> {
    let mut parts = inside.split(';');
    let id = parts.next()?;
    let decimals = parts.next()?.parse().ok();
    let unit = parts.next().filter(|u| !u.is_empty()).map(str::to_owned);
    let sign = parts.next()? == "+";
    Some((id, Style { decimals, unit, sign }))
}

impl Object for Number {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let cell = &self.cell;
        Some(match key.as_str()? {
            "value" => cell.value.map_or(Value::from(()), Value::from),
            "known" => Value::from(cell.value.is_some()),
            "id" => Value::from(cell.id.clone()),
            "label" => Value::from(cell.label.clone()),
            "unit" => Value::from(cell.unit.clone()),
            "period" => Value::from(cell.period.clone()),
            "side" => Value::from(cell.side.clone()),
            "scope" => Value::from(cell.scope.clone()),
            "source" => Value::from(cell.sources.first().cloned().unwrap_or_default()),
            "low" => self.end(cell.interval.as_ref()?.low, "low"),
            "high" => self.end(cell.interval.as_ref()?.high, "high"),
            "status" => Value::from(cell.status.word()),
            _ => return None,
        })
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.cell.value.is_some()
    }

    /// Numbers sort by size in one scale, the unknown first; numbers of different units do not
    /// compare and sort by unit.
    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        let other = &other.downcast_ref::<Self>()?.cell;
        let size = |cell: &Cell, factor: f64| cell.value.map_or(f64::NEG_INFINITY, |v| v * factor);
        Some(match number::scale(&other.unit, &self.cell.unit) {
            Some(factor) => size(&self.cell, 1.0).total_cmp(&size(other, factor)),
            None => self.cell.unit.cmp(&other.unit),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&marker(&self.cell.id, &self.style))
    }
}

impl Number {
    /// An end of the interval prints as the same number's end: the trace shows both.
    fn end(&self, value: f64, which: &str) -> Value {
        Value::from_object(End {
            cell: Arc::clone(&self.cell),
            value,
            which: which.to_owned(),
            style: self.style.clone(),
        })
    }
}

/// One end of an interval; its marker carries the id of the estimate.
#[derive(Debug)]
struct End {
    cell: Arc<Cell>,
    value: f64,
    which: String,
    style: Style,
}

impl Object for End {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        (key.as_str()? == "value").then(|| Value::from(self.value))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&marker(&format!("{}.{}", self.cell.id, self.which), &self.style))
    }
}

/// `number | fmt(decimals, unit)`: the same number, shown otherwise.
///
/// # Errors
///
/// When the value is not a number of the brief, or its unit does not convert to the one asked for.
pub fn restyle(value: &Value, change: impl Fn(&mut Style)) -> Result<Value, Error> {
    let styled = |cell: &Cell, style: &Style| -> Result<Style, Error> {
        let mut style = style.clone();
        change(&mut style);
        number::text(cell, &style).map_err(refuse)?;
        Ok(style)
    };
    if let Some(end) = value.downcast_object_ref::<End>() {
        let style = styled(&end.cell, &end.style)?;
        let (cell, which) = (Arc::clone(&end.cell), end.which.clone());
        return Ok(Value::from_object(End { cell, value: end.value, which, style }));
    }
    let cell = Number::from_value(value)?;
    let style = value.downcast_object_ref::<Number>().map(|n| n.style.clone()).unwrap_or_default();
    let style = styled(&cell, &style)?;
    Ok(Value::from_object(Number { cell, style }))
}

/// One row of a table: text columns as text, number columns as traced numbers.
#[derive(Debug, Clone)]
pub struct Row {
    /// Where numbers are entered.
    pub book: Arc<Book>,
    /// Name of the table in the case.
    pub table: String,
    /// Position from 0.
    pub row: usize,
}

impl Row {
    fn table(&self) -> &Table {
        self.book.case.table(&self.table).expect("a row is made from a table of its case")
    }

    /// The number in a column, with this row as its whole trace.
    #[must_use]
    pub fn number(&self, column: &str) -> Arc<Cell> {
        let (table, case) = (self.table(), &self.book.case);
        let text = |name: &str| table.text(name, self.row).unwrap_or_default().to_owned();
        // The question is the row's key, not the figure itself: its id where it has one, else
        // every other text of the row.
        let key = ["flow_id", "id"].iter().find(|name| table.text(name, self.row).is_some());
        let mut options: BTreeMap<String, String> = table
            .row_text(self.row)
            .into_iter()
            .filter(|(name, _)| key.map_or(name != column, |key| name == key))
            .collect();
        options.insert("table".into(), self.table.clone());
        options.insert("column".into(), column.to_owned());
        let label = match self.table.as_str() {
            "flows" => format!(
                "{}: {} \u{2192} {}",
                text("measure").replace('_', " "),
                self.book.place(&text("origin")),
                self.book.place(&text("destination"))
            ),
            other => format!("{column} of {other} row {}", table.line(self.row)),
        };
        let mut cell = Cell::new("row", options, label, table.number(column, self.row));
        cell.unit = match (self.table.as_str(), column) {
            ("ties", "count") => text("kind").replace('_', " "),
            _ => text("unit"),
        };
        if column == "value" || column == "count" {
            let bound = text("bound");
            if !bound.is_empty() {
                cell.bound = bound;
            }
        }
        cell.period = period(&text("year"), &text("period"));
        cell.side = text("side");
        cell.scope = text("scope");
        cell.status = match text("status").as_str() {
            "derived" => Status::Derived,
            "estimated" => Status::Estimated,
            _ => Status::Reported,
        };
        cell.computation.text =
            format!("{column} in line {} of {}", table.line(self.row), table.path());
        let note = text("note");
        if !note.is_empty() {
            cell.notes.push(note);
        }
        self.book.enter(cell.with_rows(case, table, &[self.row]))
    }
}

/// `2022`, `2022 Jan-Sep`.
#[must_use]
pub fn period(year: &str, period: &str) -> String {
    match (year, period) {
        (year, "" | "Y") => year.to_owned(),
        (year, "Y?") => format!("{year} (period not certain)"),
        (year, period) => format!("{year} {period}"),
    }
}

impl Object for Row {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let table = self.table();
        let named = key.strip_suffix("_name").and_then(|name| table.text(name, self.row));
        if let Some(id) = named {
            return Some(Value::from(self.book.place(id)));
        }
        if key == "when" {
            let text = |name: &str| table.text(name, self.row).unwrap_or_default().to_owned();
            return Some(Value::from(period(&text("year"), &text("period"))));
        }
        if key == "line" {
            return Some(Value::from(table.line(self.row)));
        }
        let column = table.column(key)?;
        Some(match &column.values {
            // Years and ids are names, not quantities.
            Values::Number(_) if key == "year" => {
                Value::from(table.number(key, self.row).map(|year| year as i64))
            }
            Values::Number(_) => Number::value(self.number(key)),
            Values::Text { .. } => Value::from(table.text(key, self.row).unwrap_or_default()),
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names: Vec<Value> =
            self.table().columns().iter().map(|c| Value::from(c.name.clone())).collect();
        Enumerator::Values(names)
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} of {}", self.table().line(self.row), self.table)
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        _args: &[Value],
    ) -> Result<Value, Error> {
        Err(refuse(format!("a row has columns, no method {method}()")))
    }
}
