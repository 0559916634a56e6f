//! Lags, leads and differences: the row of the same unit so many units of time away.

use std::collections::BTreeMap;

use crate::levels;
use crate::problem::{Problem, Report};
use crate::rows::Rows;
use crate::table::{Column, Table, Values};

/// What a row is in a panel: a unit at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// The columns that name the unit, such as origin and destination.
    pub unit: Vec<String>,
    /// The column of numbers that orders a unit's rows.
    pub time: String,
}

/// No such row.
const NONE: u32 = u32::MAX;

impl Panel {
    /// The panel that the names of the columns suggest: origin and destination (or exporter and
    /// importer), with product and sector where there are such columns, over years.
    ///
    /// # Errors
    ///
    /// When there are no columns of these names.
    pub fn of(table: &Table) -> Result<Self, Report> {
        let has = |name: &&str| table.column(name).is_some();
        let Some(ends) = ends(table).filter(|_| has(&"year")) else {
            return Err(Problem::new(
                "no-panel",
                table.path(),
                "a panel for l(), f() and d()",
                "name the columns of the unit and of the time; without names it is origin, \
                 destination (product, sector) and year",
            )
            .into());
        };
        let more = ["product", "sector"].into_iter().filter(has);
        let unit = ends.into_iter().chain(more).map(str::to_owned).collect();
        Ok(Self { unit, time: "year".to_owned() })
    }
}

/// The names of the two ends of a flow, as far as the table has such columns.
pub(crate) fn ends(table: &Table) -> Option<[&'static str; 2]> {
    let known = [["origin", "destination"], ["exporter", "importer"]];
    known.into_iter().find(|ends| ends.iter().all(|name| table.column(name).is_some()))
}

/// For each lag the row it points to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lags(BTreeMap<i32, Vec<u32>>);

impl Lags {
    /// Whether no lag was asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The row so many units of time earlier in the same unit of the panel.
    pub fn row(&self, row: usize, by: i32) -> Option<usize> {
        if by == 0 {
            return Some(row);
        }
        let earlier = *self.0.get(&by)?.get(row)?;
        (earlier != NONE).then_some(earlier as usize)
    }

    /// The lags named by `shifts`, over all rows of a table.
    ///
    /// # Errors
    ///
    /// Unknown columns, a time that is no number, a unit with two rows at one time.
    ///
    /// # Cost
    ///
    /// n log(times), one list of rows for each lag.
    pub fn new(table: &Table, panel: &Panel, shifts: &[i32]) -> Result<Self, Report> {
        let shifts: Vec<i32> = shifts.iter().copied().filter(|&by| by != 0).collect();
        if shifts.is_empty() {
            return Ok(Self::default());
        }
        let unit: Vec<&Column> =
            panel.unit.iter().map(|name| table.wanted(name)).collect::<Result<_, _>>()?;
        table.wanted(&panel.time)?;
        let time = crate::sum::numbers(table, &panel.time)?;
        let dated = |row: usize| {
            !time[row].is_nan() && unit.iter().all(|column| !column.values.is_missing(row))
        };
        let keep: Vec<bool> = (0..table.rows()).map(dated).collect();
        let rows = Rows::All(table.rows()).filter(&keep);
        let (ids, first) = levels::combined(&unit, &rows);

        // Rows by unit, and by time within each.
        let mut starts = vec![0usize; first.len() + 1];
        for &id in &ids {
            starts[id as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut free = starts.clone();
        let mut order = vec![0u32; rows.len()];
        for (i, &id) in ids.iter().enumerate() {
            order[free[id as usize]] = rows.get(i) as u32;
            free[id as usize] += 1;
        }
        let at = |row: &u32| time[*row as usize];
        for span in starts.windows(2) {
            let unit = &mut order[span[0]..span[1]];
            unit.sort_by(|a, b| at(a).total_cmp(&at(b)));
            if let Some(pair) = unit.windows(2).find(|pair| at(&pair[0]) == at(&pair[1])) {
                return Err(twice(table, panel, pair[0] as usize, pair[1] as usize).into());
            }
        }
        let mut lags = BTreeMap::new();
        for by in shifts {
            lags.entry(by).or_insert_with(|| {
                let mut earlier = vec![NONE; table.rows()];
                for span in starts.windows(2) {
                    let unit = &order[span[0]..span[1]];
                    for row in unit {
                        let wanted = at(row) - f64::from(by);
                        if let Ok(found) = unit.binary_search_by(|r| at(r).total_cmp(&wanted)) {
                            earlier[*row as usize] = unit[found];
                        }
                    }
                }
                earlier
            });
        }
        Ok(Self(lags))
    }
}

fn twice(table: &Table, panel: &Panel, first: usize, second: usize) -> Problem {
    let columns: Vec<&str> = panel.unit.iter().chain([&panel.time]).map(String::as_str).collect();
    table
        .problem(
            "panel-not-unique",
            second,
            &panel.time,
            format!("each {} once", columns.join(", ")),
            format!(
                "line {} is of the same unit and time: add the column that tells them apart to the \
                 panel's unit, or sum the rows first",
                table.line(first)
            ),
        )
        .value(crate::guard::labels(table, &columns, second))
}

/// Whether a cell, or the cell so many units of time earlier, is missing.
pub(crate) fn missing(values: &Values, lags: &Lags, row: usize, by: i32) -> bool {
    lags.row(row, by).is_none_or(|row| values.is_missing(row))
}
