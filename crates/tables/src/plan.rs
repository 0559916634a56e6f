//! Many estimations on one table, each made when it is asked for.

use crate::design::{DesignOptions, Prepared, Wanted, lags};
use crate::formula::Formula;
use crate::lag::Lags;
use crate::levels;
use crate::problem::Report;
use crate::rows::Rows;
use crate::specification::{Estimation, Specification, Variation};
use crate::table::{Table, Values, shown};

/// The rows of a table by the levels of a column.
#[derive(Debug, Clone)]
pub struct Samples {
    column: String,
    full: Option<usize>,
    labels: Vec<String>,
    /// Rows by level, those of level `s` from `starts[s]` to `starts[s + 1]`.
    rows: Vec<u32>,
    starts: Vec<usize>,
}

impl Samples {
    /// One sample for each level of a column, in the order of the labels, numbers by size; with
    /// `full`, before them all rows.
    ///
    /// Rows without a label are in the full sample alone.
    ///
    /// # Errors
    ///
    /// An unknown column.
    pub fn by(table: &Table, column: &str, full: bool) -> Result<Self, Report> {
        let found = table.wanted(column)?;
        let values = &found.values;
        let keep: Vec<bool> = (0..table.rows()).map(|row| !values.is_missing(row)).collect();
        let rows = Rows::All(table.rows()).filter(&keep);
        let (ids, first) = levels::combined(&[found], &rows);
        let row = |level: usize| rows.get(first[level] as usize);
        let mut order: Vec<usize> = (0..first.len()).collect();
        match values {
            Values::Number(all) => order.sort_by(|&a, &b| all[row(a)].total_cmp(&all[row(b)])),
            Values::Text { .. } => order.sort_by_key(|&level| shown(values, row(level))),
        }
        let mut rank = vec![0; order.len()];
        order.iter().enumerate().for_each(|(position, &level)| rank[level] = position);
        let mut starts = vec![0; order.len() + 1];
        ids.iter().for_each(|&id| starts[rank[id as usize] + 1] += 1);
        (1..starts.len()).for_each(|s| starts[s] += starts[s - 1]);
        let mut free = starts.clone();
        let mut sorted = vec![0u32; rows.len()];
        for (row, &id) in rows.iter().zip(&ids) {
            let place = &mut free[rank[id as usize]];
            sorted[*place] = row as u32;
            *place += 1;
        }
        Ok(Self {
            column: column.to_owned(),
            full: full.then_some(table.rows()),
            labels: order.iter().map(|&level| shown(values, row(level))).collect(),
            rows: sorted,
            starts,
        })
    }

    /// Number of samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len() + usize::from(self.full.is_some())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The level a sample is of; None for the full one.
    #[must_use]
    pub fn label(&self, sample: usize) -> Option<&str> {
        let level = sample.checked_sub(usize::from(self.full.is_some()))?;
        self.labels.get(level).map(String::as_str)
    }

    /// The rows of a sample.
    #[must_use]
    pub fn rows(&self, sample: usize) -> Rows {
        match (self.full, sample) {
            (Some(all), 0) => Rows::All(all),
            (full, sample) => {
                let level = sample - usize::from(full.is_some());
                Rows::These(self.rows[self.starts[level]..self.starts[level + 1]].to_vec())
            }
        }
    }
}

/// The estimations that a specification and a split of the table stand for.
///
/// Nothing is built before [`prepare`](Self::prepare) is called; it can be called from several
/// threads, and only what they hold at the time is in memory.
///
/// ```
/// use emporion_tables::plan::{Plan, Samples};
/// use emporion_tables::design::DesignOptions;
/// use emporion_tables::{Specification, Table};
///
/// let text = "sector,y,x\nA,1,2\nA,2,1\nB,3,2\nB,4,5\n";
/// let table = Table::from_bytes("t", "t.csv", text.as_bytes(), None).unwrap();
/// let specification = Specification::parse("y ~ sw(x, log(x))").unwrap();
/// let samples = Samples::by(&table, "sector", true).unwrap();
/// let plan = Plan::new(&specification, &table, Some(samples), DesignOptions::default()).unwrap();
/// assert_eq!(plan.len(), 6);
/// assert_eq!(plan.prepare(2).unwrap().design.y, [1.0, 2.0]);
/// ```
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    table: &'a Table,
    estimations: Vec<Estimation>,
    samples: Option<Samples>,
    options: DesignOptions,
    lags: Lags,
}

impl<'a> Plan<'a> {
    /// Plans the estimations; the lags that any of them needs are found once, over the whole table.
    ///
    /// # Errors
    ///
    /// Unknown columns and texts in the place of numbers, in any of the formulas; a panel that is
    /// none.
    pub fn new(
        specification: &Specification,
        table: &'a Table,
        samples: Option<Samples>,
        options: DesignOptions,
    ) -> Result<Self, Report> {
        let estimations = specification.expand();
        let mut found = Vec::new();
        let wanted: Vec<Wanted<'_>> = estimations
            .iter()
            .map(|one| Wanted::new(&one.formula, &options))
            .collect::<Result<_, _>>()?;
        for one in &wanted {
            for used in one.uses(table) {
                if !found.contains(&used) {
                    found.push(used);
                }
            }
        }
        crate::design::check_columns(table, &found)?;
        let lags = lags(table, &found, options.panel.as_ref())?;
        Ok(Self { table, estimations, samples, options, lags })
    }

    /// Number of estimations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.estimations.len() * self.samples.as_ref().map_or(1, Samples::len)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The formula of an estimation; samples vary slowest, then outcomes, terms, effects.
    #[must_use]
    pub fn formula(&self, index: usize) -> &Formula {
        &self.estimations[index % self.estimations.len()].formula
    }

    /// What an estimation has to itself: its sample, outcome, terms, effects, as far as they vary.
    #[must_use]
    pub fn label(&self, index: usize) -> Vec<Variation> {
        let sample = self.samples.as_ref().map(|samples| {
            let label = samples.label(index / self.estimations.len());
            let value = label.map_or("full".to_owned(), |l| format!("{}={l}", samples.column));
            Variation { what: "sample", value }
        });
        let own = &self.estimations[index % self.estimations.len()].label;
        sample.into_iter().chain(own.iter().cloned()).collect()
    }

    /// Builds the arrays of one estimation.
    ///
    /// # Errors
    ///
    /// As [`design_of`](crate::design::design_of()).
    pub fn prepare(&self, index: usize) -> Result<Prepared, Report> {
        let rows = match &self.samples {
            None => Rows::All(self.table.rows()),
            Some(samples) => samples.rows(index / self.estimations.len()),
        };
        let wanted = Wanted::new(self.formula(index), &self.options)?;
        wanted.prepare(self.table, &rows, &self.lags)
    }
}
