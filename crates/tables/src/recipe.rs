//! The same regressors and levels for other rows: what a prediction needs.

use emporion_model::estimate::design::{Factor, Regressor, Slope};
use emporion_model::outcome::Note;

use crate::design::{
    Levels, Panel, Prepared, check_columns, complete, holds_text, lags, predictor_uses,
};
use crate::evaluate::Source;
use crate::formula::{Expr, Formula};
use crate::levels::{Known, Map};
use crate::problem::{Problem, Report};
use crate::rows::Rows;
use crate::table::{Table, Values};
use crate::terms::{Labelled, regressors};

/// How the right side of a design was made, without the rows it was made of.
#[derive(Debug, Clone)]
pub struct Recipe {
    formula: Formula,
    offset: Option<Expr>,
    panel: Option<Panel>,
    labelled: Vec<Labelled>,
    /// Names of the regressors, in order.
    names: Vec<String>,
    effects: Vec<KnownLevels>,
    slopes: Vec<KnownLevels>,
}

/// The right side of a design for other rows.
#[derive(Debug, Clone)]
#[must_use]
pub struct NewRows {
    /// The rows of the new table that the entries stand for.
    pub rows: Rows,
    /// What was left out, counted and listed.
    pub notes: Vec<Note>,
    /// The regressors of the design, in its order.
    pub x: Vec<Regressor>,
    /// The effects of the design with its ids; `u32::MAX` for a level it did not have.
    pub effects: Vec<Factor>,
    /// The slopes of the design with its ids; `u32::MAX` for a level it did not have.
    pub slopes: Vec<Slope>,
    /// The offset, if the design has one.
    pub offset: Option<Vec<f64>>,
}

/// Finds the ids of an effect's levels by their labels.
#[derive(Debug, Clone)]
struct KnownLevels {
    name: String,
    levels: usize,
    /// One column after the other: its values, and the id of a shorter combination with each.
    stages: Vec<(String, Known, Map)>,
}

impl KnownLevels {
    fn new(levels: &Levels, table: &Table) -> Self {
        let mut ids = vec![0u32; levels.first.len()];
        let mut stages = Vec::new();
        for (position, name) in levels.columns.iter().enumerate() {
            let Some(column) = table.column(name) else { continue };
            let rows = levels.first.iter().map(|&row| row as usize);
            let (known, codes) = Known::of(&column.values, rows);
            let last = position + 1 == levels.columns.len();
            let mut map = Map::default();
            for (level, (id, code)) in ids.iter_mut().zip(codes).enumerate() {
                // The last column completes the combination, whose id is that of the level.
                let next = if last { level } else { map.len() } as u32;
                *id = *map.entry(key(*id, code)).or_insert(next);
            }
            stages.push((name.clone(), known, map));
        }
        Self { name: levels.name.clone(), levels: levels.first.len(), stages }
    }

    fn factor(&self, table: &Table, rows: &Rows) -> Result<Factor, Box<Problem>> {
        let mut ids = vec![0u32; rows.len()];
        for (name, known, map) in &self.stages {
            let codes = known.find(&table.wanted(name)?.values, rows);
            for (id, code) in ids.iter_mut().zip(codes) {
                let found = (*id != u32::MAX && code != u32::MAX).then(|| key(*id, code));
                *id = found.and_then(|key| map.get(&key)).copied().unwrap_or(u32::MAX);
            }
        }
        Ok(Factor { name: self.name.clone(), ids, levels: self.levels })
    }
}

fn key(id: u32, code: u32) -> u64 {
    u64::from(id) << 32 | u64::from(code)
}

impl Prepared {
    /// How the right side was made; `table` is the one it was made of.
    #[must_use]
    pub fn recipe(&self, table: &Table) -> Recipe {
        let known = |levels: &[Levels]| levels.iter().map(|l| KnownLevels::new(l, table)).collect();
        Recipe {
            formula: self.formula.clone(),
            offset: self.offset.clone(),
            panel: self.panel.clone(),
            labelled: self.labelled.clone(),
            names: self.design.x.iter().map(|x| x.name.clone()).collect(),
            effects: known(&self.levels),
            slopes: known(&self.slope_levels),
        }
    }
}

/// Builds the regressors, effects, slopes and offset of a design for another table.
///
/// # Assumptions
///
/// The outcome, the weights and the clusters need not be there. Rows with a missing value are left
/// out and counted, as are rows with a level of `i()` that the design did not have: it has no
/// coefficient for them.
///
/// # Errors
///
/// As [`design()`](crate::design::design()) for what stands right of `~`.
///
/// # Cost
///
/// Linear in rows × (terms + effects).
pub fn prepare_for(recipe: &Recipe, table: &Table) -> Result<NewRows, Report> {
    let formula = &recipe.formula;
    let mut found = Vec::new();
    predictor_uses(formula, recipe.offset.as_ref(), &holds_text(table), &mut found);
    check_columns(table, &found)?;
    let lags = lags(table, &found, recipe.panel.as_ref())?;
    let (rows, mut notes) = complete(table, &Rows::All(table.rows()), &found, &lags)?;
    let (rows, unknown) = recipe.with_known_levels(table, rows)?;
    notes.extend(unknown);
    let source = Source { table, rows: &rows, lags: &lags };

    let mut problems = Vec::new();
    let mut x = Vec::new();
    let mut levels = Some(recipe.labelled.clone().into_iter());
    for term in &formula.terms {
        x.extend(regressors(term, source, &mut levels, &mut problems).0);
    }
    x.retain(|column| recipe.names.contains(&column.name));
    let offset = recipe.offset.as_ref().map(|expr| source.numbers(expr, &mut problems));
    let mut slopes = Vec::new();
    let exprs = formula.effects.iter().flat_map(|effect| &effect.slopes);
    for (known, expr) in recipe.slopes.iter().zip(exprs) {
        let values = source.numbers(expr, &mut problems);
        let variable = Regressor { name: expr.to_string(), values };
        slopes.push(Slope { factor: known.factor(table, &rows)?, variable });
    }
    let effects: Result<Vec<Factor>, _> =
        recipe.effects.iter().map(|known| known.factor(table, &rows)).collect();
    let effects = effects?;
    Report::from(problems).or(NewRows { rows, notes, x, effects, slopes, offset })
}

impl Recipe {
    /// The rows whose levels under `i()` all have a column, and a note on the others.
    fn with_known_levels(
        &self,
        table: &Table,
        rows: Rows,
    ) -> Result<(Rows, Option<Note>), Box<Problem>> {
        let mut keep = vec![true; rows.len()];
        let mut counts = Vec::new();
        for levels in &self.labelled {
            let values: &Values = &table.wanted(levels.column())?.values;
            let ranks = levels.ranks(values, &rows);
            let unknown = ranks.iter().filter(|&&rank| rank == u32::MAX).count();
            if unknown > 0 {
                counts.push(format!("{} in {unknown}", levels.column()));
            }
            keep.iter_mut().zip(ranks).for_each(|(keep, rank)| *keep &= rank != u32::MAX);
        }
        if counts.is_empty() {
            return Ok((rows, None));
        }
        let dropped: Vec<usize> =
            (0..rows.len()).filter(|&i| !keep[i]).map(|i| rows.get(i)).collect();
        let message = format!(
            "{} of {} rows dropped because a level has no coefficient: {}",
            dropped.len(),
            rows.len(),
            counts.join(", ")
        );
        let note = Note { code: "unknown-level", message, count: dropped.len(), rows: dropped };
        Ok((rows.filter(&keep), Some(note)))
    }
}
